//! The table, its rows, and their replay.

use super::super::{LICENCES, Line, LogProblem, OptOut, Policies, RESIDENCY, read_log, replay, write_rows};
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

/// Rows as they are read back from their lines, which are sound.
fn lines(rows: &[DecisionRow]) -> Vec<Line> {
    let mut written = Vec::new();
    write_rows(rows, &mut written).unwrap();
    let (lines, problems) = read_log(&written);
    assert_eq!(problems, []);
    lines
}

/// The lines on which something is wrong, and what, each in a few words.
fn said(problems: &[LogProblem]) -> Vec<(usize, &'static str)> {
    let kinds = [
        "attributes whose id is",
        "is recorded as",
        "rests on policies",
        "rests on a schema",
        "is for node",
        "is there twice",
        "is out of order",
        "is no decision",
        "it was edited",
    ];
    let kind = |problem: &LogProblem| *kinds.iter().find(|kind| problem.problem.contains(**kind)).unwrap();
    problems.iter().map(|problem| (problem.line, kind(problem))).collect()
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
fn rows_are_sorted_by_node_and_id_and_survive_being_written_and_read() {
    let rows = table().rows_for("ke").unwrap();
    assert!(rows.windows(2).all(|pair| pair[0].id < pair[1].id));
    let all: Vec<DecisionRow> =
        ["in", "ke"].into_iter().flat_map(|node| table().rows_for(node).unwrap()).collect();
    let (mut forth, mut back) = (Vec::new(), Vec::new());
    write_rows(&all, &mut forth).unwrap();
    assert_eq!(lines(&all).into_iter().map(|line| line.row).collect::<Vec<_>>(), all);
    write_rows(&all.iter().rev().cloned().collect::<Vec<_>>(), &mut back).unwrap();
    assert_eq!(forth, back);
}

#[test]
fn a_log_that_was_edited_is_told_by_its_line() {
    let mut written = Vec::new();
    write_rows(&table().rows_for("ke").unwrap(), &mut written).unwrap();
    let text = String::from_utf8(written).unwrap();
    let kept: Vec<&str> = text.lines().collect();
    assert_eq!(kept.len(), 4);
    let read = |changed: &[&str]| {
        let (lines, problems) = read_log(format!("{}\n", changed.join("\n")).as_bytes());
        (lines.len(), said(&problems))
    };
    assert_eq!(read(&kept), (4, vec![]));
    assert_eq!(read(&[kept[0], "{\"id\":", kept[2], kept[3]]), (3, vec![(2, "is no decision")]));
    assert_eq!(read(&[kept[0], "", kept[1], kept[2], kept[3]]), (4, vec![(2, "is no decision")]));
    assert_eq!(read(&[kept[0], kept[0], kept[2], kept[3]]), (4, vec![(2, "is there twice")]));
    assert_eq!(read(&[kept[1], kept[0], kept[2], kept[3]]), (4, vec![(2, "is out of order")]));
    let spaced = kept[3].replacen(':', ": ", 1);
    assert_eq!(read(&[kept[0], kept[1], kept[2], &spaced]), (4, vec![(4, "it was edited")]));
    let more = kept[1].replacen('{', "{\"adequacy\":true,", 1);
    assert_eq!(read(&[kept[0], &more, kept[2], kept[3]]), (3, vec![(2, "is no decision")]));
    let (lines, problems) = read_log(text.trim_end().as_bytes());
    assert_eq!((lines.len(), said(&problems)), (4, vec![(4, "it was edited")]), "the last newline is gone");
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
fn replay_repeats_every_decision_of_every_node() {
    let rows: Vec<DecisionRow> =
        ["in", "ke"].into_iter().flat_map(|node| table().rows_for(node).unwrap()).collect();
    assert_eq!(replay(&lines(&rows), policies(), &[ke(), node("in", "IN", &["IN"])]).unwrap(), []);
    let elsewhere = replay(&lines(&rows), policies(), &[ke()]).unwrap();
    assert_eq!(said(&elsewhere), [1, 2, 3, 4].map(|line| (line, "is for node")));
}

#[test]
fn replay_finds_a_changed_answer_reason_attribute_error_and_digest() {
    let rows = table().rows_for("ke").unwrap();
    let of_india = rows.iter().position(|row| row.attributes.jurisdictions.contains("IN")).unwrap();
    let of_kenya = rows.iter().position(|row| row.allowed).unwrap();
    let forged = |row: usize, change: fn(&mut DecisionRow)| {
        let mut forged = rows.clone();
        change(&mut forged[row]);
        let problems = replay(&lines(&forged), policies(), &[ke()]).unwrap();
        assert!(problems.iter().all(|problem| problem.line == row + 1), "{problems:?}");
        said(&problems).into_iter().map(|(_, kind)| kind).collect::<Vec<_>>()
    };
    assert_eq!(forged(of_india, |row| row.allowed = true), ["is recorded as"]);
    let moved = forged(of_india, |row| row.attributes.jurisdictions = words(&["KE"]));
    assert_eq!(moved, ["attributes whose id is", "is recorded as"]);
    assert_eq!(forged(of_kenya, |row| row.attributes.steward.push('x')), ["attributes whose id is"]);
    assert_eq!(forged(of_kenya, |row| row.determining.clear()), ["is recorded as"]);
    assert_eq!(forged(of_kenya, |row| row.determining[0].because = "kwa sababu".into()), ["is recorded as"]);
    assert_eq!(forged(of_kenya, |row| row.errors.push("kosa".into())), ["is recorded as"]);
    let grounds = |change: fn(&mut Grounds)| {
        let mut forged = rows.clone();
        change(Arc::make_mut(&mut forged[0].grounds));
        said(&replay(&lines(&forged), policies(), &[ke()]).unwrap())
    };
    assert_eq!(grounds(|grounds| grounds.policies = "0".repeat(64)), [(1, "rests on policies")]);
    assert_eq!(grounds(|grounds| grounds.schema = "0".repeat(64)), [(1, "rests on a schema")]);
    assert_eq!(grounds(|grounds| grounds.engine = "kilim 9.0.0".to_owned()), [], "another engine may agree");
}

#[test]
fn replay_finds_that_the_policies_or_the_node_are_others() {
    let rows = lines(&table().rows_for("ke").unwrap());
    let narrower = node("ke", "KE", &["TZ"]);
    assert_eq!(replay(&rows, policies(), &[narrower]).unwrap().len(), 1);
    let other = RESIDENCY.replace("@because(\"a document goes", "@because(\"a page goes");
    let other = Policies::load(&[("residency.cedar", other.as_str()), ("licences.cedar", LICENCES)]).unwrap();
    let problems = replay(&rows, other, &[ke()]).unwrap();
    let kinds = |kind| said(&problems).into_iter().filter(|(_, found)| *found == kind).count();
    assert_eq!((kinds("rests on policies"), kinds("is recorded as")), (4, 1));
}

#[test]
fn a_row_names_what_it_rests_on_and_the_snapshot_if_there_is_one() {
    let row = table().rows_for("ke").unwrap().swap_remove(0);
    assert!(row.grounds.engine.starts_with("kilim ") && row.grounds.engine.contains(", cedar 4."));
    assert_eq!((row.node.as_str(), &row.grounds.policies), ("ke", &policies().digest()));
    assert!(!serde_json::to_string(&row).unwrap().contains("snapshot"));
    let named = table().with_optout_snapshot(Some("ab".repeat(32))).rows_for("ke").unwrap().swap_remove(0);
    assert!(
        serde_json::to_string(&named)
            .unwrap()
            .contains(&format!(r#""optout_snapshot":"{}""#, "ab".repeat(32)))
    );
    assert_eq!(replay(&lines(&[named]), policies(), &[ke()]).unwrap(), []);
}
