//! The table, its rows, and their replay.

use super::super::{LICENCES, OptOut, RESIDENCY};
use super::*;

fn words(list: &[&str]) -> BTreeSet<String> {
    list.iter().map(|&word| word.to_owned()).collect()
}

fn node(name: &str, jurisdiction: &str, accepts: &[&str]) -> NodeFacts {
    NodeFacts {
        name: name.to_owned(),
        jurisdiction: jurisdiction.to_owned(),
        mode: "restricted".to_owned(),
        accepts: words(accepts),
    }
}

fn page(jurisdictions: &[&str], steward: &str) -> Tuple {
    let mode = "open".to_owned();
    Tuple { jurisdictions: words(jurisdictions), mode, steward: steward.to_owned(), ..Tuple::default() }
}

fn policies() -> Policies {
    Policies::load(&[("residency.cedar", RESIDENCY), ("licences.cedar", LICENCES)]).unwrap()
}

fn ke() -> NodeFacts {
    node("ke", "KE", &["KE", "TZ"])
}

fn decider() -> Decider {
    Decider::new(policies(), vec![ke(), node("in", "IN", &["IN"])], &[]).unwrap()
}

fn crawl() -> Vec<(Tuple, u64)> {
    vec![
        (page(&["KE"], "taita-language-council"), 3),
        (page(&["IN"], "தமிழ் வாரியம்"), 5),
        (page(&[], ""), 70),
        (page(&["KE"], "taita-language-council"), 4),
        (Tuple { optout_train: OptOut::Disallow, ..page(&["KE", "TZ"], "") }, 1),
    ]
}

fn table() -> DecisionTable {
    DecisionTable::build(&decider(), crawl(), MAX_TUPLES).unwrap()
}

#[test]
fn each_distinct_tuple_has_one_row_found_by_itself_and_by_its_id() {
    let table = table();
    assert_eq!(table.rows().len(), 4);
    assert_eq!(table.rows().iter().map(|row| row.count).sum::<u64>(), 83);
    for (tuple, _) in crawl() {
        let index = table.index_of(&tuple).unwrap();
        let row = &table.rows()[index as usize];
        assert_eq!(row.tuple, tuple);
        assert_eq!(table.get(tuple.id()), Some(row));
        for (place, node) in table.nodes().iter().enumerate() {
            let fresh = decider().decide_emit(node, &tuple);
            assert_eq!(row.decisions[place], fresh);
            assert_eq!(table.allowed(index, place), fresh.allowed);
        }
    }
    assert_eq!(table.index_of(&page(&["GR"], "")), None);
    assert!(!table.allowed(99, 0) && !table.allowed(0, 99));
}

#[test]
fn order_of_arrival_changes_nothing() {
    let mut reversed = crawl();
    reversed.reverse();
    assert_eq!(DecisionTable::build(&decider(), reversed, MAX_TUPLES).unwrap().rows(), table().rows());
}

#[test]
fn too_many_tuples_are_an_error_that_names_the_widest_attribute() {
    assert!(DecisionTable::build(&decider(), crawl(), 4).is_ok());
    let error = DecisionTable::build(&decider(), crawl(), 3).unwrap_err().to_string();
    assert!(error.starts_with("more than 3 distinct"), "{error}");
    let stewards = (0..50).map(|number| (page(&["KE"], &format!("mzee-{number}")), 1));
    let error = DecisionTable::build(&decider(), stewards, 10).unwrap_err().to_string();
    assert!(error.contains("`steward` alone has 11 values"), "{error}");
}

#[test]
fn a_nodes_rows_are_its_own_and_do_not_depend_on_other_nodes() {
    let alone = Decider::new(policies(), vec![ke()], &[]).unwrap();
    let alone = DecisionTable::build(&alone, crawl(), MAX_TUPLES).unwrap();
    assert_eq!(alone.rows_for("ke"), table().rows_for("ke"));
    assert_eq!(table().rows_for("eu"), None);
    assert_eq!(table().rows_to_publish("eu"), None);
}

#[test]
fn a_node_is_not_told_what_it_was_denied() {
    let rows = table().rows_to_publish("ke").unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!((rows[0].count, &*rows[0].attributes.steward), (7, "taita-language-council"));
    let mut written = Vec::new();
    write_rows(&rows, &mut written).unwrap();
    assert!(!String::from_utf8(written).unwrap().contains("IN"));
}

#[test]
fn rows_are_sorted_by_id_and_survive_being_written_and_read() {
    let rows = table().rows_for("ke").unwrap();
    assert!(rows.windows(2).all(|pair| pair[0].id < pair[1].id));
    let (mut forth, mut back) = (Vec::new(), Vec::new());
    write_rows(&rows, &mut forth).unwrap();
    assert_eq!(read_rows(forth.as_slice()).unwrap(), rows);
    write_rows(&rows.iter().rev().cloned().collect::<Vec<_>>(), &mut back).unwrap();
    assert_eq!(forth, back);
    let error = read_rows(&b"{\"id\":\"0\"}\n"[..]).unwrap_err().to_string();
    assert!(error.starts_with("decisions, line 1: "), "{error}");
}

#[test]
fn a_row_is_json_that_names_policies_and_reasons() {
    let rows = table().rows_to_publish("ke").unwrap();
    let row = serde_json::to_value(&rows[0]).unwrap();
    assert_eq!(row["determining"][0]["id"], "accepted-everywhere");
    assert!(row["determining"][0]["because"].as_str().unwrap().starts_with("a document goes only where"));
    assert_eq!(row["attributes"]["jurisdictions"], serde_json::json!(["KE"]));
    assert_eq!((&row["allowed"], &row["count"]), (&serde_json::json!(true), &serde_json::json!(7)));
}

#[test]
fn replay_repeats_every_decision() {
    let rows = table().rows_for("ke").unwrap();
    assert_eq!(replay(&rows, policies(), &ke()).unwrap(), []);
}

#[test]
fn replay_finds_a_changed_answer_a_changed_attribute_and_a_repeated_row() {
    let rows = table().rows_for("ke").unwrap();
    let of_india = rows.iter().position(|row| row.attributes.jurisdictions.contains("IN")).unwrap();

    let mut forged = rows.clone();
    forged[of_india].allowed = true;
    let found = replay(&forged, policies(), &ke()).unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].id, rows[of_india].id);
    assert!(
        matches!(&found[0].difference, Difference::Decision { recorded, replayed } if recorded.allowed && !replayed.allowed)
    );

    let mut moved = rows.clone();
    moved[of_india].attributes.jurisdictions = words(&["KE"]);
    let found = replay(&moved, policies(), &ke()).unwrap();
    assert!(matches!(found[0].difference, Difference::Id { .. }));
    assert!(matches!(found[1].difference, Difference::Decision { .. }));

    let mut twice = rows.clone();
    twice.push(rows[0].clone());
    let found = replay(&twice, policies(), &ke()).unwrap();
    assert_eq!(found, [Mismatch { id: rows[0].id, difference: Difference::Repeated }]);
}

#[test]
fn replay_finds_that_the_policies_or_the_node_are_others() {
    let rows = table().rows_for("ke").unwrap();
    let narrower = node("ke", "KE", &["TZ"]);
    assert_eq!(replay(&rows, policies(), &narrower).unwrap().len(), 1);
    let other = RESIDENCY.replace("@because(\"a document goes", "@because(\"a page goes");
    let other = Policies::load(&[("residency.cedar", other.as_str()), ("licences.cedar", LICENCES)]).unwrap();
    assert_eq!(replay(&rows, other, &ke()).unwrap().len(), 1);
}
