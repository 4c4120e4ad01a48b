//! Damaged, hostile and foreign crawl files: each an outcome with a reason, and no neighbour is lost.

use std::collections::BTreeMap;

use kilim::document::Outcome;

use crate::corpus::{Corpus, files, root};
use crate::pages::{page, text, warc};

/// For each input: how many rows have which outcome and reason.
fn table(corpus: &Corpus) -> BTreeMap<String, Vec<String>> {
    let mut table: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let sql = "SELECT input, outcome || ' ' || \
               coalesce(array_to_string(get_field(d.reasons[1], 'code'), ''), route_reason, '') AS what, count(*) \
               FROM documents d GROUP BY 1, 2 ORDER BY 1, 2";
    let sql = sql
        .replace("array_to_string(get_field(d.reasons[1], 'code'), '')", "get_field(d.reasons[1], 'code')");
    for row in corpus.sql(&sql) {
        let name = row[0].trim_start_matches("crawl/").to_owned();
        table.entry(name).or_default().push(format!("{} {}", row[2], row[1].trim_end()));
    }
    table
}

#[test]
fn bad_files_each_end_in_outcomes_and_the_good_page_beside_them_is_kept() {
    let mut corpus = Corpus::new();
    for path in files(&root().join("data-samples/broken")) {
        let name = path.file_name().expect("a file").to_string_lossy().into_owned();
        corpus.warc(&name, &std::fs::read(&path).expect("the samples are committed"));
    }
    let good = "https://habari.co.ke/";
    corpus.warc("good.warc.gz", &warc(&[page(good, &text("hin", 1))]));
    let zstd = [0x28, 0xb5, 0x2f, 0xfd, 0x24, 0x05, 0x29, 0, 0, b'W', b'A', b'R', b'C', b'/', 0, 0, 0, 0];
    corpus.warc("compressed.warc.zst", &zstd);
    corpus.max_broken = "100%";
    let finished = corpus.run();
    assert_eq!(finished.outcomes.values().sum::<u64>(), finished.records);
    assert_eq!(corpus.fate(good), "sharded ke");
    let table = table(&corpus);
    for (name, told) in &table {
        println!("{name}: {told:?}");
    }
    let expected: [(&str, &[&str]); 10] = [
        ("not-gzip.warc.gz", &["1 broken"]),
        ("not-a-warc.warc.gz", &["1 broken"]),
        ("truncated.warc.gz", &["1 broken"]),
        ("cut-in-headers.warc", &["1 broken"]),
        ("huge-length.warc", &["1 withheld"]), // the file's end is the page's
        ("one-member.warc.gz", &["withheld"]),
        ("nested-100k.warc.gz", &["rejected"]),
        ("page-50mb.warc.gz", &["1 "]),
        ("bomb-200mib.warc.gz", &["1 "]),
        ("compressed.warc.zst", &["1 broken"]),
    ];
    for (name, words) in expected {
        let told = table.get(name).unwrap_or_else(|| panic!("{name} left no row")).join("; ");
        for word in words {
            assert!(told.contains(word), "{name}: {told}");
        }
    }
    assert!(!table.contains_key("empty.warc.gz"), "no bytes, no rows");
    assert!(finished.outcomes[&Outcome::Broken] >= 5);
}

#[test]
fn a_page_of_nested_tags_beside_others_costs_itself_only() {
    let nested = format!("{}{}", "<div>".repeat(100_000), text("tam", 1));
    let mut corpus = Corpus::new();
    let answer = crate::pages::answer(&nested);
    let date = crate::pages::FETCHED;
    let deep = kilim_connectors::warc::RecordBuilder::response("https://habari.co.ke/kina", date, &answer);
    let pages = [
        page("https://habari.co.ke/a", &text("hin", 1)),
        deep,
        page("https://habari.co.ke/b", &text("hin", 2)),
    ];
    corpus.warc("a.warc.gz", &warc(&pages));
    corpus.run();
    assert_eq!(corpus.urls_at("ke"), ["https://habari.co.ke/a", "https://habari.co.ke/b"]);
    let fate = corpus.fate("https://habari.co.ke/kina");
    assert!(fate.starts_with("rejected "), "{fate}");
    let reasons = corpus.sql("SELECT step, code, detail FROM reasons");
    assert!(reasons.iter().any(|row| row[0] == "extract_html"), "{reasons:?}");
}

#[test]
fn files_of_nothing_alone_make_an_empty_corpus_and_not_an_error() {
    let mut corpus = Corpus::new();
    corpus.warc("empty.warc.gz", b"").warc("empty.warc", b"");
    let finished = corpus.run();
    assert_eq!((finished.records, finished.over_budget), (0, None));
    for node in &finished.nodes {
        assert_eq!((node.manifest.rows, node.manifest.shards.len()), (0, 0));
        assert_eq!(node.manifest.inputs.len(), 2);
    }
}
