//! The example policies of `configs/policies`: for every rule, who gets the document and who does not.

use std::collections::BTreeSet;

use jiff::civil::date;

use super::check::{Kind, check};
use super::{Blocs, Decider, LICENCES, NodeFacts, OPEN_WEB, Policies, RESIDENCY, SHIPPED_BLOCS, Tuple};

const KENYA: &str = include_str!("../../../configs/policies/kenya.cedar");
const INDIA: &str = include_str!("../../../configs/policies/india.cedar");
const UNION: &str = include_str!("../../../configs/policies/european-union.cedar");
const LOCAL_ONLY: &str = include_str!("../../../configs/policies/local-only.cedar");
const COMMUNITIES: &str = include_str!("../../../configs/policies/communities.cedar");

fn all() -> Policies {
    let files = [
        ("residency.cedar", RESIDENCY),
        ("licences.cedar", LICENCES),
        ("kenya.cedar", KENYA),
        ("india.cedar", INDIA),
        ("european-union.cedar", UNION),
        ("local-only.cedar", LOCAL_ONLY),
        ("communities.cedar", COMMUNITIES),
    ];
    Policies::load(&files).unwrap_or_else(|errors| panic!("{errors}"))
}

fn words(list: &[&str]) -> BTreeSet<String> {
    list.iter().map(|&word| word.to_owned()).collect()
}

/// A node that accepts the world, so that only a sender's word stands in the way.
fn node(jurisdiction: &str, mode: &str) -> NodeFacts {
    NodeFacts {
        name: jurisdiction.to_ascii_lowercase(),
        jurisdiction: jurisdiction.to_owned(),
        mode: mode.to_owned(),
        accepts: words(&["KE", "TZ", "UG", "IN", "DE", "EU", "GB", "US", "BR", "RU"]),
    }
}

fn page(jurisdictions: &[&str], mode: &str) -> Tuple {
    Tuple {
        jurisdictions: words(jurisdictions),
        cluster_jurisdictions: words(jurisdictions),
        mode: mode.to_owned(),
        source: "crawl".to_owned(),
        ..Tuple::default()
    }
}

/// The forbids that deny a document to a node; none if it may have it.
fn denied_by(node: &NodeFacts, tuple: &Tuple) -> Vec<String> {
    let decider = Decider::new(all(), vec![node.clone()], &[]).unwrap();
    let decision = decider.decide_emit(node, tuple);
    assert!(decision.errors.is_empty(), "{decision:?}");
    let forbids = decision.determining.iter().map(|rule| rule.id.to_string());
    if decision.allowed { Vec::new() } else { forbids.collect() }
}

fn allowed(node: &NodeFacts, tuple: &Tuple) -> bool {
    let decider = Decider::new(all(), vec![node.clone()], &[]).unwrap();
    decider.decide_emit(node, tuple).allowed
}

#[test]
fn personal_data_of_kenya_stays_in_kenya() {
    let personal = Tuple { personal: true, ..page(&["KE"], "open") };
    assert!(allowed(&node("KE", "open"), &personal));
    assert_eq!(denied_by(&node("TZ", "open"), &personal), ["kenya-personal-stays"]);
    assert!(allowed(&node("TZ", "open"), &page(&["KE"], "open")));
    assert!(allowed(&node("IN", "open"), &Tuple { personal: true, ..page(&["TZ"], "open") }));
}

#[test]
fn what_kenya_did_not_open_goes_to_neighbours_only() {
    let restricted = page(&["KE"], "restricted");
    assert!(allowed(&node("UG", "open"), &restricted));
    assert_eq!(denied_by(&node("DE", "open"), &restricted), ["kenya-restricted-neighbours"]);
    assert!(allowed(&node("DE", "open"), &page(&["KE"], "open")));
}

#[test]
fn what_india_did_not_open_stays_under_indian_law() {
    let restricted = page(&["IN"], "restricted");
    assert!(allowed(&node("IN", "restricted"), &restricted));
    assert_eq!(denied_by(&node("GB", "open"), &restricted), ["india-restricted-stays"]);
    assert!(allowed(&node("GB", "open"), &page(&["IN"], "open")));
}

#[test]
fn personal_data_of_india_goes_abroad_to_open_nodes_only() {
    let personal = Tuple { personal: true, ..page(&["IN"], "open") };
    assert!(allowed(&node("GB", "open"), &personal));
    assert_eq!(denied_by(&node("GB", "restricted"), &personal), ["india-personal-open-only"]);
    assert!(allowed(&node("IN", "restricted"), &personal));
    assert!(allowed(&node("GB", "restricted"), &page(&["IN"], "open")));
}

#[test]
fn personal_data_of_the_union_goes_where_protection_is_adequate() {
    for country in ["DE", "EU"] {
        let personal = Tuple { personal: true, ..page(&[country], "open") };
        for home in ["EU", "GR", "NO", "GB", "JP"] {
            assert!(allowed(&node(home, "open"), &personal), "{country} to {home}");
        }
        for home in ["US", "BR", "KE"] {
            assert_eq!(
                denied_by(&node(home, "open"), &personal),
                ["union-personal-adequate"],
                "{country} to {home}"
            );
        }
        assert!(allowed(&node("US", "open"), &page(&[country], "open")));
    }
    assert!(allowed(&node("US", "open"), &Tuple { personal: true, ..page(&["BR"], "open") }));
}

#[test]
fn a_document_that_stays_at_home_goes_to_one_law_and_to_a_node_that_keeps_it() {
    let at_home = page(&["KE"], "local-only");
    assert!(allowed(&node("KE", "local-only"), &at_home));
    assert!(allowed(&node("KE", "participant-private"), &at_home));
    assert_eq!(denied_by(&node("KE", "open"), &at_home), ["local-only-closed-node"]);
    let of_two = page(&["KE", "TZ"], "local-only");
    assert_eq!(denied_by(&node("KE", "local-only"), &of_two), ["local-only-one-law"]);
    let near = Tuple { cluster_jurisdictions: words(&["KE", "TZ"]), ..at_home.clone() };
    assert_eq!(denied_by(&node("KE", "local-only"), &near), ["local-only-one-law"]);
    assert!(allowed(&node("KE", "open"), &Tuple { mode: "open".to_owned(), ..near }));
    assert!(denied_by(&node("TZ", "local-only"), &at_home).contains(&"stays-home".to_owned()));
}

#[test]
fn labels_of_communities_close_a_document() {
    let labelled = |labels: &[&str]| Tuple {
        community: words(labels),
        steward: "taita-language-council".to_owned(),
        ..page(&["KE"], "open")
    };
    let home = node("KE", "local-only");
    assert!(allowed(&home, &labelled(&["taita"])));
    assert_eq!(denied_by(&home, &labelled(&["taita", "tk-secret-sacred"])), ["tk-secret-sacred"]);
    for label in ["tk-men-restricted", "tk-women-restricted"] {
        assert_eq!(denied_by(&home, &labelled(&[label])), ["tk-restricted-circle"], "{label}");
    }
    let own_use = labelled(&["taita", "tk-community-use-only"]);
    assert!(allowed(&home, &own_use));
    for elsewhere in [node("KE", "open"), node("TZ", "local-only")] {
        assert_eq!(denied_by(&elsewhere, &own_use), ["tk-community-use-only"], "{elsewhere:?}");
    }
}

#[test]
fn a_community_needs_somebody_who_answers_for_it() {
    let orphan = Tuple { community: words(&["taita"]), ..page(&["KE"], "open") };
    assert_eq!(denied_by(&node("KE", "open"), &orphan), ["care-authority"]);
    let spoken_for = Tuple { steward: "taita-language-council".to_owned(), ..orphan };
    assert!(allowed(&node("KE", "open"), &spoken_for));
    assert!(allowed(&node("KE", "open"), &page(&["KE"], "open")));
}

/// Lists in Cedar cannot name a bloc; they must not be forgotten when one changes.
#[test]
fn lists_of_countries_are_those_of_the_table_of_blocs() {
    let blocs = Blocs::parse(SHIPPED_BLOCS).unwrap();
    let members = |bloc: &str| blocs.expand(&[bloc.to_owned()], date(2026, 11, 23));
    let named = |text: &str| -> BTreeSet<String> {
        let is_code = |word: &&str| word.len() == 2 && word.bytes().all(|byte| byte.is_ascii_uppercase());
        text.split('"').filter(is_code).map(str::to_owned).collect()
    };
    assert_eq!(named(KENYA), members("EAC"));
    let of_claims = UNION.split(") &&").next().unwrap();
    assert_eq!(named(of_claims), members("EU"));
    assert!(named(UNION).is_superset(&members("EEA")));
}

#[test]
fn nothing_is_wrong_with_the_examples_together_and_every_rule_counts() {
    let checked = check(&all(), &[], &["KE".to_owned()]).unwrap();
    assert_eq!(checked.findings, []);
    assert!(checked.cases.is_some() && checked.rules.iter().all(|rule| rule.counts), "{checked:?}");
}

#[test]
fn the_open_web_beside_communities_lets_no_orphan_through() {
    let files =
        [("residency.cedar", RESIDENCY), ("open-web.cedar", OPEN_WEB), ("communities.cedar", COMMUNITIES)];
    let checked = check(&Policies::load(&files).unwrap(), &[], &[]).unwrap();
    assert!(checked.findings.iter().all(|finding| finding.kind != Kind::AlwaysForbidden), "{checked:?}");
}
