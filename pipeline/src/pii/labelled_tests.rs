//! What is found and what is missed of `data-samples/pii/labelled.tsv`, where every sentence says what it holds.
//!
//! The sentences were written before anybody looked at what the rules make of them, so the table counts misses and false
//! finds too. It is committed: a change that finds more or less shows there.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use super::*;

const SENTENCES: &str = include_str!("../../../data-samples/pii/labelled.tsv");

struct Sentence {
    language: &'static str,
    host: &'static str,
    text: String,
    holds: Vec<(Kind, std::ops::Range<usize>)>,
}

/// The sentences without their marks: `⟦phone:0722 000 111⟧` is a telephone number.
fn sentences() -> Vec<Sentence> {
    let rows = SENTENCES.lines().skip(1).filter(|line| !line.starts_with('#'));
    rows.map(|row| {
        let [language, host, marked] = row.split('\t').collect::<Vec<_>>()[..] else {
            panic!("three columns: {row}");
        };
        let (mut text, mut holds) = (String::new(), Vec::new());
        let mut rest = marked;
        while let Some((before, after)) = rest.split_once('⟦') {
            let (mark, behind) = after.split_once('⟧').expect("a mark ends");
            let (kind, value) = mark.split_once(':').expect("a mark names a kind");
            text.push_str(before);
            let start = text.len();
            text.push_str(value);
            holds.push((Kind::from_word(kind).expect("a kind that there is"), start..text.len()));
            rest = behind;
        }
        text.push_str(rest);
        Sentence { language, host, text, holds }
    })
    .collect()
}

/// Labelled and found, found where nothing is labelled so, labelled and not found.
#[derive(Default, Clone, Copy)]
struct Tally {
    right: u64,
    wrong: u64,
    missed: u64,
}

impl Tally {
    fn add(&mut self, other: Tally) {
        self.right += other.right;
        self.wrong += other.wrong;
        self.missed += other.missed;
    }
}

fn tallies() -> BTreeMap<(&'static str, Kind), Tally> {
    let detector = Detector::new();
    let mut tallies: BTreeMap<(&str, Kind), Tally> = BTreeMap::new();
    for Sentence { language, host, text, holds } in sentences() {
        let mut spans = Vec::new();
        let countries = countries(host, language);
        detector.detect(&text, &Hints { countries: &countries }, &mut spans);
        let found: Vec<_> = spans.iter().map(|span| (span.kind, span.range())).collect();
        for kind in Kind::ALL {
            let of_kind = |list: &[(Kind, std::ops::Range<usize>)],
                           other: &[(Kind, std::ops::Range<usize>)]| {
                list.iter().filter(|each| each.0 == kind && !other.contains(each)).count() as u64
            };
            let all = holds.iter().filter(|each| each.0 == kind).count() as u64;
            let missed = of_kind(&holds, &found);
            let tally = Tally { right: all - missed, wrong: of_kind(&found, &holds), missed };
            if tally.right + tally.wrong + tally.missed > 0 {
                tallies.entry((language, kind)).or_default().add(tally);
            }
        }
        if std::env::var_os("KILIM_SHOW_PII").is_some() {
            let shown = |list: &[(Kind, std::ops::Range<usize>)]| {
                list.iter()
                    .map(|(kind, range)| format!("{kind}={}", &text[range.clone()]))
                    .collect::<Vec<_>>()
            };
            if found != holds {
                let (holds, found) = (shown(&holds), shown(&found));
                eprintln!("{language} {host} {text}\n  holds {holds:?}\n  found {found:?}");
            }
        }
    }
    tallies
}

/// A row a language, a column a kind: found / false / missed.
fn table() -> String {
    let tallies = tallies();
    let mut sentence_count: BTreeMap<&str, u64> = BTreeMap::new();
    for sentence in sentences() {
        *sentence_count.entry(sentence.language).or_default() += 1;
    }
    let mut table = String::from(
        "# What is found of the labelled sentences\n\n\
         For each language and kind: found / false / missed. A place counts only with its exact bounds. Made from `labelled.tsv` by\n\
         `KILIM_WRITE_PII_TABLE=1 cargo test --workspace --lib labelled`; a test compares it.\n\n| language | sentences",
    );
    for kind in Kind::ALL {
        write!(table, " | {kind}").expect("a string grows");
    }
    table.push_str(" |\n|---|---");
    table.push_str(&"|---".repeat(Kind::ALL.len()));
    table.push_str("|\n");
    let mut sums = [Tally::default(); Kind::ALL.len()];
    for (language, count) in &sentence_count {
        write!(table, "| {language} | {count}").expect("a string grows");
        for kind in Kind::ALL {
            let tally = tallies.get(&(*language, kind)).copied();
            sums[kind as usize].add(tally.unwrap_or_default());
            table.push_str(&cell(tally));
        }
        table.push_str(" |\n");
    }
    write!(table, "| **all** | {}", sentence_count.values().sum::<u64>()).expect("a string grows");
    for sum in sums {
        table.push_str(&cell(Some(sum)));
    }
    table.push_str(" |\n");
    table
}

fn cell(tally: Option<Tally>) -> String {
    tally.map_or_else(
        || " |".to_owned(),
        |Tally { right, wrong, missed }| format!(" | {right} / {wrong} / {missed}"),
    )
}

#[test]
fn the_table_of_the_labelled_sentences_is_as_committed() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../data-samples/pii/TABLE.md");
    let now = table();
    if std::env::var_os("KILIM_WRITE_PII_TABLE").is_some() {
        std::fs::write(&path, &now).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(committed, now, "KILIM_WRITE_PII_TABLE=1 cargo test --workspace --lib labelled");
}

#[test]
fn the_labelled_sentences_are_of_many_languages_with_and_without() {
    let all = sentences();
    let languages = |with: bool| {
        let kept = all.iter().filter(|sentence| sentence.holds.is_empty() != with);
        kept.map(|sentence| sentence.language).collect::<std::collections::BTreeSet<_>>().len()
    };
    assert!(languages(true) >= 30 && languages(false) >= 30, "{} {}", languages(true), languages(false));
}
