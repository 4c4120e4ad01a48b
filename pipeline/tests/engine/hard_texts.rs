//! Texts that nobody would write, and tables that nobody should, through the steps of quality and personal data: each an
//! outcome, or an error that says where.

use std::fmt::Write as _;

use serde_json::json;

use crate::corpus::Corpus;
use crate::pages::{page, text, warc};

const STEPS: &str = "  - measure_quality: {}\n  \
    - filter_quality: { rules: [gopher_quality, gopher_repetition, c4, fineweb, fineweb2, dclm] }\n  - detect_pii: {}\n";

/// Documents given as they are, on a Kenyan host.
fn given(texts: &[(&str, String)]) -> Corpus {
    let mut corpus = Corpus::new();
    corpus.filters = STEPS;
    for fields in corpus.nodes.values_mut() {
        fields.push_str(", pii: mask");
    }
    let mut lines = String::new();
    for (name, text) in texts {
        let line = json!({ "text": text, "id": name, "url": format!("https://habari.co.ke/{name}") });
        writeln!(lines, "{line}").expect("a string grows");
    }
    corpus.file("corpus.jsonl", lines.as_bytes());
    corpus.documents.insert("given", "paths: [corpus.jsonl]".to_owned());
    corpus
}

#[test]
fn every_hard_text_has_an_outcome_and_all_signals_that_can_be_measured() {
    let mixed = "Habari नमस्ते Καλημέρα ሰላም สวัสดี 你好 مرحبا 👩🏽‍🌾 ١٢٣ ৪৫৬ \u{200f}שלום\u{200e} ";
    let texts = [
        ("one-character", "ก".repeat(300_000)),
        ("one-letter", "a".repeat(1_000_000)),
        ("one-mark", "\u{94d}".repeat(200_000)),
        ("one-digit", "7".repeat(500_000)),
        ("at-signs", "@".repeat(500_000)),
        ("punctuation", "?!…—。،।፤".repeat(20_000)),
        ("newlines", format!("{}a", "\n".repeat(300_000))),
        ("mixed-scripts", mixed.repeat(2_000)),
        ("no-language", "xqzt brrk vlkd ".repeat(3_000)),
        ("nul", "\0".repeat(10_000) + "a"),
        ("good", format!("{}\n\n{}", text("hin", 1), text("hin", 2))),
    ];
    let corpus = given(&texts);
    let finished = corpus.run();
    assert_eq!(finished.outcomes.values().sum::<u64>(), finished.records);
    for (name, _) in &texts {
        let fate = corpus.fate(&format!("https://habari.co.ke/{name}"));
        assert!(!fate.is_empty() && !fate.starts_with("broken"), "{name}: {fate}");
    }
    assert_eq!(corpus.sql("SELECT count(*) FROM documents WHERE signals IS NULL AND text <> ''"), [["0"]]);
    assert_eq!(corpus.sql("SELECT count(*) FROM documents WHERE pii_kinds IS NULL AND text <> ''"), [["0"]]);
    // A share is between 0 and 1, or was not measured.
    let wild = corpus.sql(
        "SELECT count(*) FROM documents WHERE signals['digit_share'] NOT BETWEEN 0 AND 1 OR \
         isnan(signals['digit_share'])",
    );
    assert_eq!(wild, [["0"]]);
}

#[test]
fn fifty_megabytes_in_one_line_have_an_outcome() {
    let long = text("hin", 1).replace('\n', " ") + " ";
    let corpus = given(&[("long", long.repeat(50_000_000 / long.len())), ("good", text("hin", 2))]);
    // As a process: with the memory that is the default.
    corpus.kilim("run").done();
    let fate = corpus.fate("https://habari.co.ke/long");
    assert!(fate.starts_with("rejected dclm_"), "{fate}");
    assert_eq!(corpus.sql("SELECT count(*) FROM documents WHERE octet_length(text) > 49000000"), [["1"]]);
}

/// One page, the rules of `own.csv`, and fields of the steps.
fn with(table: &str, thresholds: Option<&str>, filters: &'static str) -> Corpus {
    let mut corpus = Corpus::new();
    corpus.filters = filters;
    for fields in corpus.nodes.values_mut() {
        fields.push_str(", pii: mask");
    }
    corpus.warc("a.warc.gz", &warc(&[page("https://habari.co.ke/", &text("hin", 1))]));
    corpus.file("own.csv", table.as_bytes());
    if let Some(thresholds) = thresholds {
        corpus.file("thresholds.csv", thresholds.as_bytes());
    }
    corpus
}

#[test]
fn bad_tables_are_refused_with_their_place_before_anything_is_read() {
    const RULES: &str =
        "  - measure_quality: {}\n  - filter_quality: { rules: [own.csv] }\n  - detect_pii: {}\n";
    const BOTH: &str = "  - measure_quality: {}\n  - filter_quality: { rules: [own.csv], thresholds: thresholds.csv }\n  - detect_pii: {}\n";
    let header = "language,rule,signal,op,value,source\n";
    let good = format!("{header}*,few_words,words,<,5,ours\n");
    for (row, words) in [
        ("*,few_words,wrods,<,5,ours", ["own.csv:2", "did you mean `words`"]),
        ("*,few_words,words,<,NaN,ours", ["own.csv:2", "not a finite number"]),
        ("*,few_words,words,<,inf,ours", ["own.csv:2", "not a finite number"]),
        ("*,digits,digit_share,>,1.5,ours", ["own.csv:2", "out of the range of digit_share"]),
        ("*,few_words,words,<,-3,ours", ["own.csv:2", "out of the range of words"]),
        ("*,few_words,words,<,5", ["own.csv:2", "5 columns instead of 6"]),
    ] {
        let corpus = with(&format!("{header}{row}\n"), None, RULES);
        corpus.kilim("run").refused(2, &[words[0], words[1]]);
        assert!(!corpus.path("out").exists(), "{row}");
    }
    for empty in ["", header] {
        with(empty, None, RULES).kilim("run").refused(2, &["own.csv", "no rules"]);
        with(&good, Some(empty), BOTH).kilim("run").refused(2, &["thresholds.csv", "no rules"]);
    }
    with(&good, None, BOTH).kilim("run").refused(2, &["thresholds.csv"]);
    let broken = with(&good, None, RULES);
    broken.file("own.csv", b"\xff\xfe\x00language");
    broken.kilim("run").refused(2, &["own.csv"]);
}

#[test]
fn values_out_of_range_in_a_config_are_refused() {
    for filters in [
        "  - detect_pii: { min_confidence: 1.5 }\n",
        "  - detect_pii: { min_confidence: -0.1 }\n",
        "  - detect_pii: { min_confidence: .nan }\n",
        "  - detect_pii: { min_confidence: .inf }\n",
        "  - detect_pii: { min_confidenc: 0.5 }\n",
        "  - measure_quality: {}\n  - filter_quality: { rules: [] }\n  - detect_pii: {}\n",
    ] {
        let said = with("", None, filters).kilim("run");
        assert_eq!(said.code, Some(2), "{filters}: {said:?}");
        assert!(said.stderr.contains("corpus.yaml:"), "{filters}: {}", said.stderr);
    }
    let misspelt =
        "  - measure_quality: {}\n  - filter_quality: { rules: [gopher_qality] }\n  - detect_pii: {}\n";
    with("", None, misspelt)
        .kilim("run")
        .refused(2, &["filter_quality", "hint: did you mean `gopher_quality`?"]);
}
