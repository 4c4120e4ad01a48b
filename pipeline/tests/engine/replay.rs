//! Decisions taken again from the log of a run and from version folders: they agree, and what was changed is told by its line.

use std::fs;
use std::path::Path;

use crate::corpus::{Corpus, Said, shipped_policy};
use crate::pages::many;

const LINES: &str = "work/decisions/decisions.jsonl";
const HEAD: &str = "work/decisions/log.json";

fn corpus() -> Corpus {
    let mut corpus = Corpus::new();
    corpus.policy("licences.cedar", &shipped_policy("licences.cedar"));
    corpus.warc("a.warc.gz", &many("rudia", 70, 0));
    corpus.seeds = vec!["https://rudia.hadithi.org/,swa,TZ,baraza"];
    corpus.run();
    corpus
}

/// `kilim audit replay` of the run, or of a version folder.
fn replay(corpus: &Corpus, folder: Option<&Path>) -> Said {
    let mut command = corpus.command("audit");
    command.arg("replay");
    if let Some(folder) = folder {
        command.arg(folder);
    }
    Said::new(&command.output().expect("the command starts"))
}

/// Holds that a replay finds something, in these words.
fn told(said: &Said, words: &[&str]) {
    assert_eq!(said.code, Some(1), "{said:?}");
    for word in words {
        assert!(said.stdout.contains(word), "{word:?} is not in {}", said.stdout);
    }
}

/// Changes a file for as long as `look` looks.
fn changed(corpus: &Corpus, file: &str, change: impl Fn(&str) -> String, look: impl Fn()) {
    let path = corpus.path(file);
    let text = fs::read_to_string(&path).expect("it is there");
    let other = change(&text);
    assert_ne!(text, other, "{file} is changed");
    fs::write(&path, other).expect("it is ours");
    look();
    fs::write(&path, text).expect("it is ours");
}

/// The text with one of its lines changed, from 1.
fn line(text: &str, number: usize, change: impl Fn(&str) -> String) -> String {
    let lines = (1..).zip(text.lines());
    lines.map(|(at, line)| if at == number { change(line) } else { line.to_owned() } + "\n").collect()
}

#[test]
fn every_decision_of_a_run_is_taken_again_and_agrees() {
    let corpus = corpus();
    let said = replay(&corpus, None);
    said.done();
    assert!(said.stdout.starts_with("nodes eu, ke at ") && said.stdout.contains("; all agree"), "{said:?}");
    let text = fs::read_to_string(corpus.path(LINES)).expect("a log");
    let rows: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).expect("a row")).collect();
    let tuples = corpus.sql(
        "SELECT count(DISTINCT tuple) FROM documents WHERE outcome IN ('withheld', 'duplicate', 'sharded') \
         AND (route_reason IS NULL OR route_reason <> 'same_record')",
    );
    assert_eq!(rows.len().to_string(), format!("{}", 2 * tuples[0][0].parse::<usize>().expect("a count")));
    assert!(rows.iter().any(|row| row["allowed"] == true) && rows.iter().any(|row| row["allowed"] == false));
    for node in ["ke", "eu"] {
        let folder = corpus.path("out").join(node).join("v0001");
        let said = replay(&corpus, Some(&folder));
        said.done();
        assert!(said.stdout.contains("; all agree"), "{said:?}");
        // A node is told what it was allowed, of itself only.
        let own = fs::read_to_string(folder.join("decisions.jsonl")).expect("a log");
        for row in own.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).expect("a row")) {
            assert!(row["node"] == node && row["allowed"] == true, "{row}");
        }
    }
    // Nothing is written twice, and the log does not depend on threads.
    let stamps = corpus.stamps("work/decisions");
    corpus.run();
    assert_eq!(corpus.stamps("work/decisions"), stamps);
}

#[test]
fn a_log_of_a_run_that_was_changed_is_told_by_its_line() {
    let corpus = corpus();
    let look = |words: &'static [&'static str]| move |corpus: &Corpus| told(&replay(corpus, None), words);
    let edit = |number, change: fn(&str) -> String, words: &'static [&'static str]| {
        changed(&corpus, LINES, |text| line(text, number, change), || look(words)(&corpus));
    };
    edit(
        2,
        |_| "{\"id\":".to_owned(),
        &["decisions.jsonl line 2: is no decision", "decisions.jsonl sha256 is", "has no decision"],
    );
    edit(
        3,
        |line| line.replacen("\"mode\":\"", "\"mode\":\"x", 1),
        &["line 3: decision", "has attributes whose id is"],
    );
    let more = |line: &str| line.replacen("\"count\":", "\"count\":1", 1);
    edit(1, more, &["line 1: decision", "stage 3 has", "its books of"]);
    let other = |line: &str| {
        let at = line.find("\"policies\":\"").expect("a digest") + "\"policies\":\"".len();
        format!("{}{}{}", &line[..at], if &line[at..=at] == "0" { "1" } else { "0" }, &line[at + 1..])
    };
    edit(4, other, &["line 4: decision", "rests on policies with digest"]);
    let turned = |line: &str| {
        if line.contains("\"allowed\":true") {
            line.replace("\"allowed\":true", "\"allowed\":false")
        } else {
            line.replace("\"allowed\":false", "\"allowed\":true")
        }
    };
    edit(1, turned, &["line 1: decision", "is recorded as"]);
    let without = |text: &str| text.split_inclusive('\n').skip(1).collect::<String>();
    changed(&corpus, LINES, without, || told(&replay(&corpus, None), &["has no decision", "for node eu"]));
    let moved = |text: &str| {
        let mut lines: Vec<&str> = text.lines().collect();
        lines.swap(0, 1);
        lines.join("\n") + "\n"
    };
    changed(&corpus, LINES, moved, || told(&replay(&corpus, None), &["line 2: decision", "is out of order"]));
    let records = |text: &str| text.replacen("\"records\": ", "\"records\": 1", 1);
    changed(&corpus, HEAD, records, || told(&replay(&corpus, None), &["the run read"]));
    let policy = "work/decisions/policies/residency.cedar";
    let loose = |text: &str| text.replace("@because(\"", "@because(\"perhaps ");
    changed(&corpus, policy, loose, || {
        told(&replay(&corpus, None), &["residency.cedar sha256 is", "rests on policies", "is recorded as"]);
    });
    replay(&corpus, None).done();
    fs::remove_file(corpus.path(HEAD)).expect("it is there");
    replay(&corpus, None).refused(2, &["holds no decision log", "hint: "]);
    fs::remove_dir_all(corpus.path("work/stages")).expect("it is there");
    corpus.run();
    replay(&corpus, None).done();
}

#[test]
fn a_log_without_the_tables_of_its_run_is_held_against_the_books_alone() {
    let corpus = corpus();
    fs::remove_dir_all(corpus.path("work/stages")).expect("it is there");
    let said = replay(&corpus, None);
    said.done();
    assert!(said.stdout.contains("note: ") && said.stdout.contains("the books only"), "{said:?}");
    let more = |text: &str| line(text, 1, |line| line.replacen("\"count\":", "\"count\":1", 1));
    changed(&corpus, LINES, more, || told(&replay(&corpus, None), &["its books of"]));
}

#[test]
fn a_version_folder_whose_log_was_changed_is_told_by_its_line() {
    let corpus = corpus();
    let folder = corpus.path("out/ke/v0001");
    let file = "out/ke/v0001/decisions.jsonl";
    let edit = |change: fn(&str) -> String, words: &[&str]| {
        changed(&corpus, file, |text| line(text, 1, change), || told(&replay(&corpus, Some(&folder)), words));
    };
    edit(|_| "hakuna".to_owned(), &["decisions.jsonl line 1: is no decision", "has no decision"]);
    let more = |line: &str| line.replacen("\"count\":", "\"count\":1", 1);
    edit(more, &["line 1: decision", "the shards hold", "sha256 is"]);
    edit(|line| line.replacen("\"personal\":false", "\"personal\":true", 1), &["has attributes whose id is"]);
    edit(
        |line| line.replacen("\"node\":\"ke\"", "\"node\":\"eu\"", 1),
        &["is for node eu, which is not known here"],
    );
    replay(&corpus, Some(&folder)).done();
}
