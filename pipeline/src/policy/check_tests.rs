//! What is found in sets of policies, and that nothing is found in the shipped ones.

use super::super::{LICENCES, OPEN_WEB, RESIDENCY};
use super::*;

fn policies(text: &str) -> Policies {
    Policies::load(&[("residency.cedar", RESIDENCY), ("sera.cedar", text)]).unwrap_or_else(|e| panic!("{e}"))
}

fn forbid(id: &str, condition: &str) -> String {
    format!(
        "@id(\"{id}\") @because(\"काम\")\nforbid (principal, action == Action::\"emit\", resource)\nwhen {{ {condition} }};\n"
    )
}

fn permit(id: &str, condition: &str) -> String {
    forbid(id, condition).replace("forbid", "permit")
}

fn found(text: &str) -> Vec<(Kind, String)> {
    let checked = check(&policies(text), &[], &[]).unwrap();
    checked.findings.into_iter().map(|finding| (finding.kind, finding.rule)).collect()
}

fn one(kind: Kind, rule: &str) -> Vec<(Kind, String)> {
    vec![(kind, rule.to_owned())]
}

#[test]
fn nothing_is_wrong_with_the_shipped_policies() {
    let files = [("residency.cedar", RESIDENCY), ("licences.cedar", LICENCES), ("open-web.cedar", OPEN_WEB)];
    let checked = check(&Policies::load(&files).unwrap(), &[], &[]).unwrap();
    assert_eq!(checked.findings, []);
    assert!(checked.rules.iter().all(|rule| rule.counts));
    assert!(checked.cases.unwrap() > 100, "{checked:?}");
}

#[test]
fn a_condition_that_contradicts_itself_is_found_though_types_allow_it() {
    let text = forbid("aldrig", "resource.license_tier > 3 && resource.license_tier < 2");
    assert_eq!(found(&text), one(Kind::NeverApplies, "aldrig"));
    let text = forbid("kamwe", r#"resource.mode == "open" && resource.mode == "restricted""#);
    assert_eq!(found(&text), one(Kind::NeverApplies, "kamwe"));
    let text =
        forbid("kamwe", r#"resource.jurisdictions.isEmpty() && resource.jurisdictions.contains("KE")"#);
    assert_eq!(found(&text), one(Kind::NeverApplies, "kamwe"));
}

#[test]
fn a_permit_that_forbids_cover_is_found_with_the_forbids() {
    let text = permit("kenya-bure", r#"resource.jurisdictions.contains("KE") && resource.personal"#)
        + &forbid("kenya-siri", r#"resource.jurisdictions.contains("KE")"#);
    let checked = check(&policies(&text), &[], &[]).unwrap();
    let worst = &checked.findings[0];
    assert_eq!((worst.kind, worst.rule.as_str()), (Kind::AlwaysForbidden, "kenya-bure"));
    assert!(worst.text.contains("`kenya-siri`"), "{}", worst.text);
}

#[test]
fn a_rule_that_is_written_twice_in_other_words_is_found() {
    let text = forbid("moja", r#"["disallow"].contains(resource.optout_train)"#)
        + &forbid("pili", r#"!(["allow", "unknown"].contains(resource.optout_train))"#);
    assert_eq!(found(&text), one(Kind::Repeats, "pili"));
}

#[test]
fn a_rule_inside_another_is_told_and_is_not_wrong() {
    let text =
        forbid("pana", "resource.license_tier < 3") + &forbid("nyembamba", "resource.license_tier == 1");
    assert_eq!(found(&text), one(Kind::AddsNothing, "nyembamba"));
    assert!(!check(&policies(&text), &[], &[]).unwrap().is_wrong());
}

#[test]
fn arithmetic_that_overflows_is_found_though_validation_lets_it_pass() {
    let text = forbid("kubwa", "resource.license_tier * 9223372036854775807 > 0");
    let checked = check(&policies(&text), &[], &[]).unwrap();
    assert_eq!(checked.findings[0].kind, Kind::Fails);
    assert!(checked.findings[0].text.contains("overflow"), "{}", checked.findings[0].text);
    assert!(checked.is_wrong());
}

#[test]
fn a_rule_without_an_id_is_found_by_its_place() {
    let text = "@because(\"ንባብ\") forbid (principal, action == Action::\"emit\", resource) when { resource.personal };";
    assert_eq!(found(text), one(Kind::NoId, "sera.cedar#1"));
}

#[test]
fn a_rule_about_one_node_by_name_can_apply() {
    let text = "@id(\"ke\") @because(\"ውል\")\nforbid (principal == Node::\"ke\", action == Action::\"emit\", resource)\nwhen { resource.personal };\n";
    assert_eq!(found(text), []);
}

#[test]
fn a_new_permit_opens_a_node_and_a_new_forbid_does_not() {
    let node = |name: &str, home: &str, accepts: &[&str]| NodeFacts {
        name: name.to_owned(),
        jurisdiction: home.to_owned(),
        mode: "open".to_owned(),
        accepts: accepts.iter().map(|&country| country.to_owned()).collect(),
    };
    let nodes = [node("ke", "KE", &["KE"]), node("eu", "EU", &["DE", "EU"])];
    let old = policies("");
    let tighter = policies(&forbid("siri", "resource.personal"));
    let wider = policies(&permit(
        "kenya-ulaya",
        r#"resource.jurisdictions.contains("KE") && resource.mode == "open""#,
    ));
    assert_eq!(openings(&old, &tighter, &nodes).unwrap().unwrap(), []);
    let found = openings(&old, &wider, &nodes).unwrap().unwrap();
    let eu = found.iter().find(|opening| opening.node == "eu").unwrap();
    assert_eq!(eu.permitted_by, ["kenya-ulaya".to_owned()].into());
    assert!(eu.was_forbidden_by.is_empty());
    assert!(eu.document.contains(&("jurisdictions", "KE".to_owned())), "{eu:?}");
    // What a forbid no longer forbids is an opening too.
    let back = openings(&tighter, &old, &nodes).unwrap().unwrap();
    assert_eq!(back.len(), 2);
    assert_eq!(back[0].was_forbidden_by, ["siri".to_owned()].into());
}
