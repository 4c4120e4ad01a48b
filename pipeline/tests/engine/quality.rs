//! Quality: measured once, judged by tables.

use kilim::seal::Manifest;

use crate::corpus::Corpus;
use crate::pages::{page, text, warc};

const GREEK: &str = "https://habari.co.ke/agora";
const HINDI: &str = "https://habari.co.ke/bazar";

const RULES: &str = "language,rule,signal,op,value,source\n\
                     *,few_words,words,<,500,ours\n*,few_sentences,sentences,<,50,ours\n";

/// A Greek and a Hindi page, both of some forty words.
fn corpus(thresholds: &str) -> Corpus {
    let mut corpus = Corpus::new();
    corpus.filters = "  - measure_quality: {}\n  - id: quality\n    filter_quality: { rules: [own.csv], thresholds: thresholds.csv }\n";
    corpus.warc("a.warc.gz", &warc(&[page(GREEK, &text("ell", 1)), page(HINDI, &text("hin", 1))]));
    corpus.file("own.csv", RULES.as_bytes());
    corpus.file("thresholds.csv", format!("language,rule,signal,op,value,source\n{thresholds}").as_bytes());
    corpus
}

#[test]
fn a_language_is_judged_by_its_own_thresholds_and_every_rule_that_fails_is_said() {
    let corpus =
        corpus("hin_Deva,few_words,words,<,10,asked\nhin_Deva,few_sentences,sentences,<,off,asked\n");
    corpus.run();
    assert_eq!(corpus.fate(GREEK), "rejected few_sentences");
    assert_eq!(corpus.fate(HINDI), "sharded ke");
    let reasons = corpus.sql(
        "SELECT step, code, split_part(detail, '=', 1) FROM reasons WHERE step = 'quality' ORDER BY code",
    );
    assert_eq!(reasons, [["quality", "few_sentences", "sentences"], ["quality", "few_words", "words"]]);
    let words = corpus.sql("SELECT signals['words'] > 30, signals['distinct_stop_words'] IS NULL FROM documents WHERE text IS NOT NULL");
    assert_eq!(words, [["true", "false"], ["true", "false"]]);
}

#[test]
fn a_changed_threshold_is_another_run_and_its_table_stands_in_the_manifest() {
    let corpus = corpus("*,few_words,words,<,10,asked\n*,few_sentences,sentences,<,1,asked\n");
    corpus.run();
    assert_eq!(corpus.fate(GREEK), "sharded ke");
    let manifest = std::fs::read(corpus.path("out/ke/v0001/manifest.json")).expect("a manifest");
    let models = Manifest::from_bytes(&manifest).expect("a manifest").models;
    let names: Vec<&str> = models.iter().map(|model| model.name.as_str()).collect();
    assert!(
        names.iter().any(|name| name.starts_with("filter_quality") && name.ends_with("thresholds")),
        "{names:?}"
    );

    let table = "language,rule,signal,op,value,source\nell_Grek,few_words,words,<,1000,asked\n";
    corpus.file("thresholds.csv", table.as_bytes());
    corpus.run();
    assert_eq!(corpus.fate(GREEK), "rejected few_sentences");
}

#[test]
fn a_bad_table_is_refused_before_anything_is_read() {
    let corpus = corpus("hin_Deva,few_words,wrods,<,10,asked\n");
    corpus.kilim("run").refused(2, &["thresholds.csv:2", "did you mean `words`"]);
    assert!(!corpus.path("out").exists());
}
