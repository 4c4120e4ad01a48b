//! What is refused, and what digests notice.

use super::super::{LICENCES, OPEN_WEB, RESIDENCY};
use super::*;

const PERMIT: &str = "@because(\"mtihani\")\npermit (principal, action == Action::\"emit\", resource)\n\
                      when { !resource.jurisdictions.isEmpty() };\n";

/// The report on a file that holds a good permit and then `policy`.
fn refusal(policy: &str) -> String {
    let text = format!("{PERMIT}\n{policy}");
    Policies::load(&[("sera.cedar", text)]).expect_err(policy).to_string()
}

fn forbid(condition: &str) -> String {
    format!(
        "@because(\"काम\")\nforbid (principal, action == Action::\"emit\", resource)\nwhen {{ {condition} }};\n"
    )
}

fn shipped() -> Policies {
    Policies::load(&[("residency.cedar", RESIDENCY), ("licences.cedar", LICENCES)]).unwrap()
}

#[test]
fn the_shipped_policies_load_without_a_warning() {
    let all = [("residency.cedar", RESIDENCY), ("licences.cedar", LICENCES), ("open-web.cedar", OPEN_WEB)];
    let policies = Policies::load(&all).unwrap();
    assert_eq!(policies.warnings(), Vec::<String>::new());
    let ids: Vec<&str> = policies.rules().map(|rule| &*rule.id).collect();
    let expected = [
        "accepted-everywhere",
        "licence-restricted",
        "may-stand-here",
        "russia-keeps",
        "stays-home",
        "training-reserved",
        "unclaimed-open",
    ];
    assert_eq!(ids, expected);
    assert!(policies.rules().all(|rule| !rule.because.is_empty()));
}

#[test]
fn a_forbid_that_would_fail_for_want_of_an_attribute_is_refused_with_its_place() {
    let report = refusal(&forbid("resource.licence_tier == 1"));
    assert!(report.starts_with("sera.cedar:7:8: "), "{report}");
    assert!(report.contains("\n 7 | when { resource.licence_tier == 1 };\n   |        ^"), "{report}");
    assert!(report.contains("hint: did you mean `license_tier`?"), "{report}");
    assert_eq!(report.matches("hint:").count(), 1, "{report}");
}

#[test]
fn a_forbid_on_any_action_may_not_use_what_only_nodes_have() {
    let report = refusal(
        "@because(\"ንባብ\") forbid (principal, action, resource) when { principal.mode == \"open\" };",
    );
    assert!(report.contains("sera.cedar:5:") && report.contains("`mode`"), "{report}");
}

#[test]
fn a_forbid_that_can_never_apply_is_refused() {
    let report = refusal(&forbid("resource.personal && !resource.personal && false"));
    assert!(report.contains("sera.cedar:5:1") && report.contains("can never apply"), "{report}");
    let place_emits = "@because(\"θέση\") forbid (principal is Place, action == Action::\"emit\", resource);";
    assert!(refusal(place_emits).contains("sera.cedar:5:"), "{}", refusal(place_emits));
}

#[test]
fn a_comparison_of_unlike_types_is_refused() {
    assert!(refusal(&forbid("resource.license_tier == \"1\"")).contains("sera.cedar:7:"));
    assert!(refusal(&forbid("resource.personal == \"yes\"")).contains("sera.cedar:7:"));
}

#[test]
fn a_misspelt_word_is_refused_though_it_is_valid_cedar() {
    let report = refusal(&forbid("resource.optout_train == \"disalow\""));
    assert!(report.starts_with("sera.cedar:7:33: "), "{report}");
    assert!(report.contains("never `disalow`") && report.contains("did you mean `disallow`?"), "{report}");
}

#[test]
fn attributes_of_an_entity_that_the_rule_names_itself_are_refused() {
    let report = refusal(&forbid("Node::\"eu\".accepts.contains(\"DE\")"));
    assert!(report.contains("sera.cedar:7:"), "{report}");
    // To compare with it needs no attribute.
    let named = format!("{PERMIT}{}", forbid("principal == Node::\"in\""));
    assert!(Policies::load(&[("sera.cedar", named)]).is_ok());
}

#[test]
fn a_syntax_error_shows_the_line_and_a_hint() {
    let report = refusal("@because(\"κείμενο\")\nforbid (principal, acton, resource);");
    assert!(report.contains("sera.cedar:6:20: "), "{report}");
    assert!(report.contains("forbid (principal, acton, resource);") && report.contains("hint:"), "{report}");
    assert!(refusal("forbid (principal, action, resource)").contains("sera.cedar:5:"));
}

#[test]
fn every_policy_must_say_why_and_the_place_skips_comments() {
    let report = refusal(
        "// permit (principal, action, resource);\n\n  forbid (principal, action == Action::\"emit\", resource);",
    );
    assert!(report.starts_with("sera.cedar:7:3: policy `sera.cedar#2` does not say why"), "{report}");
    assert!(refusal("@because(\" \") forbid (principal, action, resource);").contains("does not say why"));
}

#[test]
fn an_id_may_be_used_once_over_all_files() {
    let text = "@id(\"a\") @because(\"உரை\") permit (principal, action == Action::\"emit\", resource);";
    let report = Policies::load(&[("kwanza.cedar", text), ("pili.cedar", text)]).unwrap_err().to_string();
    assert!(
        report.starts_with("pili.cedar:1:1: the id `a` is taken by a policy in kwanza.cedar"),
        "{report}"
    );
    assert!(
        refusal("@id(\"\") @because(\"உரை\") permit (principal, action, resource);").contains("@id is empty")
    );
}

#[test]
fn templates_are_refused() {
    let report = refusal("@because(\"นโยบาย\") permit (principal == ?principal, action, resource);");
    assert!(report.contains("sera.cedar:5:1: a template"), "{report}");
}

#[test]
fn a_set_without_a_permit_for_emit_is_refused() {
    let report = Policies::load(&[("licences.cedar", LICENCES)]).unwrap_err().to_string();
    assert!(report.starts_with("licences.cedar: no policy permits `emit`"), "{report}");
    assert!(Policies::load(&[] as &[(&str, &str)]).is_err());
}

#[test]
fn a_set_without_a_permit_for_process_is_warned_about() {
    let policies = Policies::load(&[("sera.cedar", PERMIT)]).unwrap();
    assert_eq!(policies.warnings().len(), 1);
    assert!(policies.warnings()[0].contains("process"));
}

#[test]
fn letters_that_look_like_others_are_warned_about() {
    // The first letter of the steward is Cyrillic.
    let text = format!("{RESIDENCY}{}", forbid("resource.steward == \"сouncil\""));
    let policies = Policies::load(&[("sera.cedar", text)]).unwrap();
    assert_eq!(policies.warnings().len(), 1, "{:?}", policies.warnings());
}

#[test]
fn digests_do_not_see_order_files_comments_or_white_space() {
    let mut reversed: Vec<&str> = RESIDENCY.split("\n\n").collect();
    reversed.reverse();
    let moved = format!("{LICENCES}\n// 政策\n{}", reversed.join("\n  \n").replace("{ ", "{\n\t"));
    let other = Policies::load(&[("kila-kitu.cedar", moved)]).unwrap();
    assert_eq!(other.digest(), shipped().digest());
    assert_eq!(other.digest_for(Action::Process), shipped().digest_for(Action::Process));
    assert_eq!(shipped().digest().len(), 64);
}

#[test]
fn a_change_of_an_emit_rule_leaves_the_digest_for_process_alone() {
    let changed = RESIDENCY.replace("\"RU\"", "\"BY\"");
    let other =
        Policies::load(&[("residency.cedar", changed.as_str()), ("licences.cedar", LICENCES)]).unwrap();
    assert_ne!(other.digest(), shipped().digest());
    assert_ne!(other.digest_for(Action::Emit), shipped().digest_for(Action::Emit));
    assert_eq!(other.digest_for(Action::Process), shipped().digest_for(Action::Process));
}

#[test]
fn a_rule_for_any_action_is_in_both_digests() {
    let more = "@id(\"nobody\") @because(\"لا أحد\") forbid (principal, action, resource) when { resource.steward == \"x\" };";
    let all = [("residency.cedar", RESIDENCY), ("licences.cedar", LICENCES), ("more.cedar", more)];
    let other = Policies::load(&all).unwrap();
    for action in Action::ALL {
        assert_ne!(other.digest_for(action), shipped().digest_for(action));
    }
}
