//! Who gets what, with the shipped policies and the shipped blocs.

use std::collections::BTreeSet;

use jiff::civil::date;
use proptest::prelude::*;

use super::super::schema::{MODES, SCHEMA};
use super::super::{Blocs, LICENCES, OPEN_WEB, OptOut, RESIDENCY, SHIPPED_BLOCS};
use super::*;

fn words(list: &[&str]) -> BTreeSet<String> {
    list.iter().map(|&word| word.to_owned()).collect()
}

fn node(name: &str, jurisdiction: &str, accepts: &[&str]) -> NodeFacts {
    let accepts: Vec<String> = accepts.iter().map(|&name| name.to_owned()).collect();
    NodeFacts {
        name: name.to_owned(),
        jurisdiction: jurisdiction.to_owned(),
        mode: "open".to_owned(),
        accepts: Blocs::parse(SHIPPED_BLOCS).unwrap().expand(&accepts, date(2026, 11, 23)),
    }
}

fn page(jurisdictions: &[&str]) -> Tuple {
    Tuple {
        jurisdictions: words(jurisdictions),
        mode: "open".to_owned(),
        source: "crawl".to_owned(),
        ..Tuple::default()
    }
}

fn policies() -> Policies {
    Policies::load(&[("residency.cedar", RESIDENCY), ("licences.cedar", LICENCES)]).unwrap()
}

fn emit(node: &NodeFacts, tuple: &Tuple) -> Decision {
    let decider = Decider::new(policies(), vec![node.clone()], &[]).unwrap();
    Decision::clone(&decider.decide_emit(node, tuple))
}

fn process(place: &str, tuple: &Tuple) -> Decision {
    let decider = Decider::new(policies(), Vec::new(), &[place]).unwrap();
    Decision::clone(&decider.decide_process(place, tuple))
}

fn ids(decision: &Decision) -> Vec<&str> {
    decision.determining.iter().map(|policy| &*policy.id).collect()
}

#[test]
fn norway_is_a_country_that_can_be_accepted() {
    let no = node("no", "NO", &["NO"]);
    let decision = emit(&no, &page(&["NO"]));
    assert!(decision.allowed);
    assert_eq!(ids(&decision), ["accepted-everywhere"]);
    assert!(!emit(&no, &page(&["SE"])).allowed);
    assert!(!emit(&node("eu", "EU", &["EU"]), &page(&["NO"])).allowed);
}

#[test]
fn a_german_page_reaches_a_node_that_accepts_the_union() {
    let eu = node("eu", "EU", &["EU"]);
    assert!(emit(&eu, &page(&["DE"])).allowed);
    assert!(emit(&eu, &page(&["DE", "GR"])).allowed);
    assert!(!emit(&eu, &page(&["GB"])).allowed);
}

#[test]
fn a_page_of_the_union_itself_reaches_the_union_and_not_a_member() {
    assert!(emit(&node("eu", "EU", &["EU"]), &page(&["EU"])).allowed);
    assert!(!emit(&node("de", "DE", &["DE"]), &page(&["EU"])).allowed);
    // A country and the Union accepted beside it are one set.
    assert!(emit(&node("no", "NO", &["NO", "EU"]), &page(&["EU", "NO"])).allowed);
}

#[test]
fn every_claim_must_be_accepted() {
    let ke = node("ke", "KE", &["KE", "TZ", "UG"]);
    assert!(emit(&ke, &page(&["KE", "TZ"])).allowed);
    let decision = emit(&ke, &page(&["KE", "IN"]));
    assert!(!decision.allowed && decision.determining.is_empty() && decision.errors.is_empty());
    let withheld = decision.withheld(&page(&["KE", "IN"])).unwrap();
    assert_eq!((withheld.code, withheld.detail), ("denied", None));
}

#[test]
fn the_senders_word_holds_against_a_receiver_that_accepts() {
    let de = node("de", "DE", &["DE", "RU"]);
    let decision = emit(&de, &page(&["RU"]));
    assert!(!decision.allowed);
    assert_eq!(ids(&decision), ["russia-keeps"]);
    let withheld = decision.withheld(&page(&["RU"])).unwrap();
    assert_eq!(withheld.code, "denied");
    assert_eq!(withheld.detail.unwrap(), "russia-keeps: Russian law keeps these records in Russia");
    assert!(emit(&node("ru", "RU", &["RU"]), &page(&["RU"])).allowed);
}

#[test]
fn a_document_nobody_claims_goes_nowhere_unless_the_open_web_is_asked_for() {
    let eu = node("eu", "EU", &["EU"]);
    let decision = emit(&eu, &page(&[]));
    assert!(!decision.allowed);
    assert_eq!(decision.withheld(&page(&[])).unwrap().code, "no_claim");

    let files = [("residency.cedar", RESIDENCY), ("open-web.cedar", OPEN_WEB), ("licences.cedar", LICENCES)];
    let decider = Decider::new(Policies::load(&files).unwrap(), vec![eu.clone()], &[]).unwrap();
    let decision = decider.decide_emit(&eu, &page(&[]));
    assert!(decision.allowed && decision.withheld(&page(&[])).is_none());
    assert_eq!(ids(&decision), ["unclaimed-open"]);
    let restricted = Tuple { mode: "restricted".to_owned(), ..page(&[]) };
    assert!(!decider.decide_emit(&eu, &restricted).allowed);
    let reserved = Tuple { optout_train: OptOut::Disallow, ..page(&[]) };
    assert!(!decider.decide_emit(&eu, &reserved).allowed);
}

#[test]
fn a_reservation_and_a_restricted_licence_are_both_named() {
    let tuple = Tuple { optout_train: OptOut::Disallow, license_tier: 1, ..page(&["KE"]) };
    let decision = emit(&node("ke", "KE", &["KE"]), &tuple);
    assert!(!decision.allowed);
    assert_eq!(ids(&decision), ["licence-restricted", "training-reserved"]);
}

#[test]
fn a_local_only_document_stays_home_though_a_neighbour_accepts_it() {
    // So does one of a mode that nobody knows.
    for mode in ["local-only", "participant-private", "", "siri"] {
        let tuple = Tuple { mode: mode.to_owned(), ..page(&["KE"]) };
        assert!(emit(&node("ke", "KE", &["KE"]), &tuple).allowed, "{mode}");
        assert_eq!(ids(&emit(&node("tz", "TZ", &["KE", "TZ"]), &tuple)), ["stays-home"], "{mode}");
    }
    let restricted = Tuple { mode: "restricted".to_owned(), ..page(&["KE"]) };
    assert!(emit(&node("tz", "TZ", &["KE", "TZ"]), &restricted).allowed);
}

#[test]
fn only_open_documents_may_be_worked_on_abroad() {
    let local = Tuple { mode: "local-only".to_owned(), ..page(&["KE"]) };
    assert!(process("KE", &local).allowed);
    assert!(!process("IN", &local).allowed);
    assert!(process("IN", &page(&["KE"])).allowed);
    let unclaimed = Tuple { mode: "restricted".to_owned(), ..page(&[]) };
    assert!(!process("KE", &unclaimed).allowed);
}

#[test]
fn near_duplicates_claims_do_not_bind_unless_a_policy_says_so() {
    let eu = node("eu", "EU", &["EU"]);
    let mirrored = Tuple { cluster_jurisdictions: words(&["DE", "KE"]), ..page(&["DE"]) };
    assert!(emit(&eu, &mirrored).allowed);
    let stricter = "@id(\"no-mirror\") @because(\"nakala za jirani\")\nforbid (principal, action == Action::\"emit\", \
                    resource) when { !principal.accepts.containsAll(resource.cluster_jurisdictions) };";
    let set = Policies::load(&[("residency.cedar", RESIDENCY), ("stricter.cedar", stricter)]).unwrap();
    let decider = Decider::new(set, vec![eu.clone()], &[]).unwrap();
    assert_eq!(ids(&decider.decide_emit(&eu, &mirrored)), ["no-mirror"]);
    assert!(decider.decide_emit(&eu, &page(&["DE"])).allowed);
}

const FAILING: &str = "@id(\"all\") @because(\"все\") permit (principal, action, resource);
@id(\"broken\") @because(\"слом\") forbid (principal, action, resource) when { resource.nationality == \"RU\" };";

#[test]
fn a_forbid_that_fails_is_refused_at_load() {
    let report = Policies::load(&[("mbovu.cedar", FAILING)]).unwrap_err().to_string();
    assert!(report.contains("mbovu.cedar:2:") && report.contains("nationality"), "{report}");
}

#[test]
fn a_forbid_that_fails_denies_at_run_time_where_cedar_alone_would_allow() {
    let ru = node("ru", "RU", &["RU"]);
    let decider = Decider::new(Policies::unchecked(FAILING), vec![ru.clone()], &["RU"]).unwrap();
    for decision in [decider.decide_emit(&ru, &page(&["RU"])), decider.decide_process("RU", &page(&["RU"]))] {
        assert!(!decision.allowed && decision.determining.is_empty());
        assert!(
            decision.errors[0].contains("broken") && decision.errors[0].contains("nationality"),
            "{decision:?}"
        );
        assert!(decision.withheld(&page(&["RU"])).unwrap().detail.unwrap().contains("nationality"));
    }
    // Cedar's own answer to the same question.
    let document = uid("Document", "x");
    let entities = Entities::from_entities(
        [node_entity(&ru).unwrap(), document_entity(document.clone(), &page(&["RU"])).unwrap()],
        None,
    );
    let request =
        Request::new(uid("Node", "ru"), Action::Emit.uid(), document, Context::empty(), None).unwrap();
    let answer =
        Authorizer::new().is_authorized(&request, Policies::unchecked(FAILING).cedar(), &entities.unwrap());
    assert_eq!(answer.decision(), cedar_policy::Decision::Allow);
}

#[test]
fn an_overflow_that_validation_cannot_see_is_a_deny() {
    let text = format!(
        "{RESIDENCY}\n@id(\"sum\") @because(\"جمع\") forbid (principal, action == Action::\"emit\", resource)\n\
         when {{ resource.license_tier + 9223372036854775807 == 0 }};"
    );
    let ke = node("ke", "KE", &["KE"]);
    let decider =
        Decider::new(Policies::load(&[("sum.cedar", text)]).unwrap(), vec![ke.clone()], &[]).unwrap();
    assert!(decider.decide_emit(&ke, &page(&["KE"])).allowed);
    let tier_4 = Tuple { license_tier: 4, ..page(&["KE"]) };
    let decision = decider.decide_emit(&ke, &tier_4);
    assert!(!decision.allowed && decision.errors.len() == 1, "{decision:?}");
}

#[test]
fn a_principal_the_decider_was_not_made_for_is_denied() {
    let ke = node("ke", "KE", &["KE"]);
    let decider = Decider::new(policies(), vec![ke.clone()], &["KE"]).unwrap();
    let wider = NodeFacts { accepts: words(&["KE", "RU"]), ..ke.clone() };
    for denied in [decider.decide_emit(&wider, &page(&["KE"])), decider.decide_process("IN", &page(&["KE"]))]
    {
        assert!(!denied.allowed && denied.errors.len() == 1);
    }
    assert!(Decider::new(policies(), vec![ke.clone(), ke], &[]).unwrap_err().to_string().contains("`ke`"));
}

#[test]
fn cedar_finds_that_nodes_places_and_documents_keep_to_the_schema() {
    let schema: cedar_policy::Schema = SCHEMA.parse().unwrap();
    let ke = node_entity(&node("ke", "KE", &["EAC"])).unwrap();
    let place = place_entity("KE").unwrap();
    let document = document_entity(uid("Document", "x"), &page(&["KE"])).unwrap();
    assert!(Entities::from_entities([ke, place, document], Some(&schema)).is_ok());
}

#[test]
fn threads_may_share_a_decider() {
    let ke = node("ke", "KE", &["KE"]);
    let decider = Decider::new(policies(), vec![ke.clone()], &["KE"]).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for number in 0..50 {
                    let tuple = Tuple { steward: format!("mzee-{number}"), ..page(&["KE"]) };
                    assert!(decider.decide_emit(&ke, &tuple).allowed);
                }
            });
        }
    });
}

fn countries() -> impl Strategy<Value = BTreeSet<String>> {
    let codes = prop::sample::select(vec!["KE", "TZ", "IN", "DE", "EU", "RU", "NO", "GB"]);
    prop::collection::btree_set(codes.prop_map(str::to_owned), 0..4)
}

fn modes() -> impl Strategy<Value = String> {
    prop_oneof![3 => prop::sample::select(&MODES[..]).prop_map(str::to_owned), 1 => any::<String>()]
}

fn tuples() -> impl Strategy<Value = Tuple> {
    let free = prop_oneof![Just(String::new()), Just("baraza-la-lugha".to_owned()), any::<String>()];
    let optout = prop::sample::select(vec![OptOut::Allow, OptOut::Disallow, OptOut::Unknown]);
    let community = prop::collection::btree_set(any::<String>(), 0..3);
    (countries(), countries(), modes(), free.clone(), free, any::<u8>(), optout, any::<bool>(), community)
        .prop_map(
            |(
                jurisdictions,
                cluster_jurisdictions,
                mode,
                source,
                steward,
                license_tier,
                optout_train,
                personal,
                community,
            )| {
                Tuple {
                    cluster_jurisdictions,
                    community,
                    jurisdictions,
                    license_tier,
                    mode,
                    optout_train,
                    personal,
                    source,
                    steward,
                }
            },
        )
}

fn nodes() -> impl Strategy<Value = NodeFacts> {
    let places = prop::sample::select(vec!["KE", "IN", "EU", "RU", "NO"]);
    (any::<String>(), places, modes(), countries()).prop_map(|(name, jurisdiction, mode, accepts)| {
        NodeFacts { name, jurisdiction: jurisdiction.to_owned(), mode, accepts }
    })
}

/// What the shipped policies say, written a second time without Cedar.
fn by_hand(node: &NodeFacts, tuple: &Tuple) -> bool {
    let claims = &tuple.jurisdictions;
    let home = claims.contains(&node.jurisdiction);
    let stays = !["open", "restricted"].contains(&tuple.mode.as_str());
    let claimed = !claims.is_empty() && claims.is_subset(&node.accepts);
    let unclaimed = claims.is_empty() && tuple.mode == "open";
    (claimed || unclaimed)
        && (!stays || home)
        && (!claims.contains("RU") || node.jurisdiction == "RU")
        && tuple.optout_train != OptOut::Disallow
        && tuple.license_tier != 1
}

proptest! {
    #[test]
    fn the_policy_is_total_and_does_not_depend_on_order_or_memory(
        tuple in tuples(),
        node in nodes(),
        place in prop::sample::select(vec!["KE", "IN", "EU", "RU"]),
    ) {
        let mut files = [("residency.cedar", RESIDENCY), ("licences.cedar", LICENCES), ("open-web.cedar", OPEN_WEB)];
        let forth = Decider::new(Policies::load(&files).unwrap(), vec![node.clone()], &[place]).unwrap();
        files.reverse();
        let other = NodeFacts { name: format!("{}-2", node.name), ..node.clone() };
        let back = Decider::new(Policies::load(&files).unwrap(), vec![other, node.clone()], &["ZA", place]).unwrap();

        let decision = forth.decide_emit(&node, &tuple);
        prop_assert_eq!(&decision.errors, &Vec::<String>::new());
        prop_assert_eq!(decision.allowed, by_hand(&node, &tuple));
        prop_assert_eq!(decision.allowed, decision.withheld(&tuple).is_none());
        prop_assert_eq!(&back.decide_emit(&node, &tuple), &decision);

        let stands = forth.decide_process(place, &tuple);
        prop_assert_eq!(&stands.errors, &Vec::<String>::new());
        prop_assert_eq!(stands.allowed, tuple.mode == "open" || tuple.jurisdictions.contains(place));
        prop_assert_eq!(&back.decide_process(place, &tuple), &stands);

        // The second time from memory, and once more without it.
        prop_assert_eq!(&*forth.decide(&tuple), &forth.decide_afresh(&tuple));
        prop_assert_eq!(&forth.decide_emit(&node, &tuple), &decision);
    }
}
