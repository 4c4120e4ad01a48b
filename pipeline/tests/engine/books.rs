//! Every record has one outcome, and of copies the right one is kept.

use kilim::document::Outcome;
use kilim::run::{RunError, Until};

use crate::corpus::{Corpus, files, root};
use crate::pages::{page, page_at, text, warc};

#[test]
fn outcomes_sum_to_the_records_overall_by_input_and_at_every_node() {
    let mut corpus = Corpus::new();
    for path in files(&root().join("data-samples/crawl")) {
        let name = path.file_name().expect("a file").to_string_lossy().into_owned();
        corpus.warc(&name, &std::fs::read(&path).expect("the samples are committed"));
    }
    corpus.max_broken = "5%";
    corpus.filters = "  - filter_length: { min_chars: 80 }\n";
    let finished = corpus.run();
    assert_eq!(finished.outcomes.values().sum::<u64>(), finished.records);
    for outcome in Outcome::ALL {
        assert!(
            finished.outcomes.get(&outcome).is_some_and(|count| *count > 0),
            "no {outcome}: {finished:?}"
        );
    }
    for node in &finished.nodes {
        let manifest = &node.manifest;
        assert_eq!(manifest.books.values().sum::<u64>(), finished.records, "{:?}", manifest.books);
        assert_eq!(manifest.books.get("sharded").copied().unwrap_or(0), manifest.rows);
        assert_eq!(manifest.rows, corpus.urls_at(&node.node).len() as u64);
    }
    let count = |sql: &str| corpus.sql(sql)[0][0].clone();
    assert_eq!(count("SELECT count(*) FROM documents"), finished.records.to_string());
    assert_eq!(count("SELECT count(*) FROM documents WHERE outcome IS NULL"), "0");
    let silent = "SELECT count(*) FROM documents d WHERE outcome IN ('broken', 'skipped', 'rejected') \
                  AND NOT EXISTS (SELECT 1 FROM reasons r WHERE r.doc_id = d.doc_id)";
    assert_eq!(count(silent), "0", "each says why");
    let silent = "SELECT count(*) FROM documents WHERE outcome IN ('withheld', 'duplicate') \
                  AND route_reason IS NULL AND cardinality(reasons) = 0";
    assert_eq!(count(silent), "0", "each says why");
}

#[test]
fn a_tampered_split_record_is_noticed_before_anything_is_decided() {
    for (field, change) in [("items_end", 1_i64), ("items_bytes", -1), ("items_start", 1)] {
        let mut corpus = Corpus::new();
        corpus.warc("a.warc.gz", &warc(&[page("https://habari.co.ke/", &text("hin", 1))]));
        corpus.try_run_until(Until::Ingest).expect("an honest run up to here");
        let commits = files(&corpus.path("work/documents"));
        let commit =
            commits.iter().find(|path| path.extension().is_some_and(|it| it == "json")).expect("a commit");
        let text = std::fs::read(commit).expect("it is there");
        let mut record: serde_json::Value = serde_json::from_slice(&text).expect("it is JSON");
        let value = record[field].as_i64().expect("a number");
        record[field] = (value + change).into();
        std::fs::write(commit, record.to_string()).expect("it is ours");
        let error = corpus.try_run().expect_err("the books cannot balance");
        assert!(
            matches!(&error, RunError::Books(found) if found.contains("a.warc.gz")),
            "{field}: {error:?}"
        );
        assert!(corpus.published().is_empty());
    }
}

/// The URL that node `ke` keeps of two copies.
fn kept(first: (&str, &str), second: (&str, &str), seeds: &[&'static str]) -> Vec<String> {
    let mut corpus = Corpus::new();
    let told = text("tam", 9);
    let pages = [page_at(first.0, first.1, &told), page_at(second.0, second.1, &told)];
    corpus.warc("a.warc.gz", &warc(&pages));
    corpus.seeds = seeds.to_vec();
    let finished = corpus.run();
    assert_eq!(finished.outcomes.get(&Outcome::Duplicate), Some(&1), "{:?}", finished.outcomes);
    corpus.urls_at("ke")
}

#[test]
fn of_copies_the_seeded_is_kept_then_the_earliest_then_the_first_by_address() {
    let [early, late] = ["2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"];
    let [a, b] = ["https://a.co.ke/", "https://b.co.ke/"];
    let seeds = ["https://b.co.ke/,tam,KE,baraza"];
    assert_eq!(kept((a, early), (b, late), &seeds), [b], "seeded before earlier");
    assert_eq!(kept((a, late), (b, early), &[]), [b], "earlier before address");
    assert_eq!(kept((b, early), (a, early), &[]), [a], "then the address");
    let (whole, fraction) = ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00.500Z");
    assert_eq!(kept((a, fraction), (b, whole), &[]), [b], "half a second counts");
}

#[test]
fn of_copies_at_one_address_and_moment_the_lower_id_is_kept() {
    let mut corpus = Corpus::new();
    let told = text("amh", 4);
    let record = |id: &str| page("https://habari.co.ke/", &told).id(id);
    corpus.warc("a.warc.gz", &warc(&[record("urn:uuid:1"), record("urn:uuid:2")]));
    corpus.run();
    let rows = corpus.sql("SELECT outcome FROM documents ORDER BY doc_id");
    assert_eq!(rows, [["sharded"], ["duplicate"]]);
}

#[test]
fn a_file_named_twice_counts_once() {
    let mut corpus = Corpus::new();
    corpus.warc("a.warc.gz", &warc(&[page("https://habari.co.ke/", &text("hin", 1))]));
    let mut twice = corpus.paths.clone();
    twice.extend(["./crawl/../crawl/a.warc.gz".to_owned(), "crawl/*.warc.gz".to_owned()]);
    corpus.paths = twice;
    let finished = corpus.run();
    assert_eq!(finished.records, 1);
    assert_eq!(corpus.urls_at("ke").len(), 1);
}

#[test]
fn a_damaged_copy_of_a_record_does_not_stand_for_the_whole_one() {
    let record = page("https://habari.co.ke/a", &text("tam", 1));
    let plain = record.to_plain();
    let mut corpus = Corpus::new();
    corpus.max_broken = "100%";
    corpus.warc("a.warc", &plain[..plain.len() - 40]).warc("b.warc", &plain);
    corpus.run();
    let told = corpus.sql("SELECT input, outcome FROM documents WHERE url IS NOT NULL ORDER BY input");
    assert_eq!(told, [["crawl/a.warc", "duplicate"], ["crawl/b.warc", "sharded"]]);
}

#[test]
fn the_same_records_under_two_names_are_told_apart_from_copies() {
    let mut corpus = Corpus::new();
    let bytes =
        warc(&[page("https://habari.co.ke/", &text("hin", 1)), page("https://markt.de/", &text("ell", 2))]);
    corpus.warc("a.warc.gz", &bytes).warc("b.warc.gz", &bytes);
    let finished = corpus.run();
    assert_eq!((finished.records, finished.outcomes[&Outcome::Duplicate]), (4, 2));
    let rows =
        corpus.sql("SELECT input, outcome, coalesce(route_reason, '') FROM documents ORDER BY input, url");
    let told = |input: &str, what: &str| vec![format!("crawl/{input}.warc.gz"), what.to_owned()];
    let rows: Vec<_> =
        rows.into_iter().map(|row| vec![row[0].clone(), format!("{} {}", row[1], row[2])]).collect();
    assert_eq!(
        rows,
        [
            told("a", "sharded "),
            told("a", "sharded "),
            told("b", "duplicate same_record"),
            told("b", "duplicate same_record")
        ]
    );
}

#[test]
fn a_new_crawl_never_replaces_a_published_document() {
    let mut corpus = Corpus::new();
    let told = text("tha", 1);
    corpus.warc("z-old.warc.gz", &warc(&[page_at("https://habari.co.ke/z", "2026-01-01T00:00:00Z", &told)]));
    corpus.run();
    let fresh = [
        page_at("https://habari.co.ke/a", "2026-05-01T00:00:00Z", &told),
        page_at("https://habari.co.ke/b", "2026-05-01T00:00:00Z", &text("tha", 2)),
    ];
    corpus.warc("a-new.warc.gz", &warc(&fresh));
    corpus.run();
    let second = corpus.sql("SELECT url FROM documents WHERE outcome = 'sharded' ORDER BY url");
    assert_eq!(second, [["https://habari.co.ke/b"], ["https://habari.co.ke/z"]]);
    assert_eq!(corpus.fate("https://habari.co.ke/a"), "duplicate same_text");
    let names: Vec<_> =
        corpus.published().into_keys().filter(|name| name.ends_with("manifest.json")).collect();
    assert!(names.contains(&"ke/v0001/manifest.json".to_owned()), "{names:?}");
    assert!(names.contains(&"ke/v0002/manifest.json".to_owned()), "{names:?}");
}
