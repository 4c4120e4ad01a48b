//! The EU's summary and OpenLineage of real runs: they count what the manifest counts, in every script, and say what was
//! withheld and why.

use std::collections::{BTreeMap, BTreeSet};

use kilim::seal::{MANIFEST_FILE, Manifest};
use kilim_connectors::warc::RecordBuilder;
use serde_json::Value;

use crate::corpus::{Corpus, shipped_policy};
use crate::pages::{FETCHED, LANGUAGES, html, page_at, text, warc};

/// A page whose HTTP head says `fields`.
fn page_with(url: &str, fields: &str, text: &str) -> RecordBuilder {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n{fields}\r\n");
    RecordBuilder::response(url, FETCHED, &[head.as_bytes(), html(text).as_bytes()].concat())
}

fn read(corpus: &Corpus, path: &str) -> Vec<u8> {
    let path = corpus.path(path);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn json(corpus: &Corpus, path: &str) -> Value {
    serde_json::from_slice(&read(corpus, path)).expect("a paper in JSON")
}

/// Events of a file.
fn events(corpus: &Corpus, path: &str) -> Vec<Value> {
    let text = String::from_utf8(read(corpus, path)).expect("UTF-8");
    text.lines().map(|line| serde_json::from_str(line).expect("an event")).collect()
}

fn documents(table: &Value) -> BTreeMap<String, u64> {
    let lines = table["lines"].as_object().expect("a table").iter();
    lines.map(|(name, line)| (name.clone(), line["documents"].as_u64().expect("a number"))).collect()
}

/// Pages in five scripts on Kenyan hosts, two of them with names in other letters, on a host without a country that a steward
/// answers for, and on German and Greek ones.
fn corpus() -> Corpus {
    let mut corpus = Corpus::new();
    ", crawl: HADITHI-2026-10".clone_into(&mut corpus.source);
    corpus.filters = "  - tag_optout: {}\n";
    corpus.policies.insert("licences.cedar", shipped_policy("licences.cedar"));
    corpus.seed_columns = "url,languages,countries,steward";
    corpus.seeds = vec!["https://hadithi.org/,tam,KE,baraza|la_taita"];
    let mut records = Vec::new();
    for (number, host) in
        ["habari.co.ke", "habari.co.ke", "hárambee.co.ke", "hadithi.org", "müller.de", "παράδειγμα.gr"]
            .iter()
            .enumerate()
    {
        let url = url_of(host, number);
        records.push(page_at(&url, "2026-03-01T06:00:00Z", &text(LANGUAGES[number % 5], number)));
    }
    // The same text again: a copy.
    records.push(page_at("https://kopi.co.ke/0", "2026-04-30T23:59:59Z", &text(LANGUAGES[0], 0)));
    records.push(page_at("https://habari.co.ke/mpya", "2026-05-01T00:00:00Z", &text("hin", 77)));
    // Reserved, and nothing else against it at `ke`; at `eu` it is foreign, too.
    records.push(page_with("https://siri.co.ke/1", "tdm-reservation: 1\r\n", &text("tha", 88)));
    corpus.warc("jalada.warc.gz", &warc(&records));
    corpus
}

fn url_of(host: &str, number: usize) -> String {
    url::Url::parse(&format!("https://{host}/{number}")).expect("a URL").to_string()
}

#[test]
fn the_summary_counts_what_the_manifest_counts() {
    let corpus = corpus();
    corpus.run();
    for node in ["ke", "eu"] {
        let folder = format!("out/{node}/v0001");
        let manifest =
            Manifest::from_bytes(&read(&corpus, &format!("{folder}/{MANIFEST_FILE}"))).expect("a manifest");
        let summary = json(&corpus, &format!("{folder}/papers/eu_art53.json"));
        let characteristics = &summary["1.3 modalities, size and characteristics"];
        let by_language = documents(&characteristics["languages"]);
        assert_eq!(by_language, manifest.languages, "{node}");
        let rows = |table: &Value| documents(table).values().sum::<u64>();
        assert_eq!(rows(&characteristics["countries"]), manifest.rows, "{node}");
        assert_eq!(rows(&summary["3.3 other information"]["licences"]), manifest.rows, "{node}");
        let size = characteristics["size"].as_str().expect("a size");
        assert!(
            size.starts_with(&format!("{} documents, {} characters", manifest.rows, manifest.text_chars)),
            "{size}"
        );
        let listed = &summary["2.3 data crawled and scraped"]["domains"]["languages"];
        let languages: BTreeSet<&String> = listed.as_object().expect("lists").keys().collect();
        assert_eq!(languages, manifest.languages.keys().collect(), "{node}: every language has a list");
        for list in listed.as_object().expect("lists").values() {
            assert_eq!(list["listed"].as_array().map(Vec::len), Some(1), "{list}: a tenth, and at least one");
        }
    }
}

#[test]
fn the_summary_names_hosts_months_countries_stewards_and_what_was_withheld() {
    let corpus = corpus();
    corpus.run();
    let summary = json(&corpus, "out/ke/v0001/papers/eu_art53.json");
    let crawled = &summary["2.3 data crawled and scraped"];
    let domains = &crawled["domains"];
    assert_eq!(domains["all"]["distinct"], 3, "{domains}");
    assert_eq!(domains["all"]["listed"][0]["domain"], "habari.co.ke");
    let tamil = domains["languages"]["tam_Taml"]["listed"][0].clone();
    assert_eq!(tamil["unicode"], "hárambee.co.ke", "{tamil}");
    assert!(tamil["domain"].as_str().is_some_and(|name| name.starts_with("xn--")), "{tamil}");
    assert_eq!(crawled["crawls"][0]["period"], "03/2026 to 05/2026");
    assert_eq!(crawled["crawls"][0]["crawls"]["HADITHI-2026-10"]["rows"], 5);
    let characteristics = &summary["1.3 modalities, size and characteristics"];
    assert_eq!(characteristics["latest_acquisition"], "05/2026");
    assert_eq!(documents(&characteristics["stewards"]), BTreeMap::from([("baraza|la_taita".to_owned(), 1)]));
    assert_eq!(documents(&characteristics["countries"]), BTreeMap::from([("KE".to_owned(), 5)]));
    let reservations = &summary["3.1 reservations of rights"];
    assert_eq!(reservations["withheld"], "1 document, copies counted");
    assert_eq!(reservations["withheld_by_signal"]["tdm_header"], 1, "{reservations}");
    assert_eq!(summary["3.3 other information"]["copies_set_aside"], "1 document");
    let page = String::from_utf8(read(&corpus, "out/ke/v0001/papers/eu_art53.md")).expect("UTF-8");
    for words in ["baraza\\|la\\_taita", "hárambee.co.ke (xn--", "Kenya (KE)", "Tamil (Tamil), tam\\_Taml"] {
        assert!(page.contains(words), "{words} is not in {page}");
    }
    // What is foreign besides being reserved is not withheld for the reservation alone.
    let other = json(&corpus, "out/eu/v0001/papers/eu_art53.json");
    assert_eq!(other["3.1 reservations of rights"]["withheld"], "0 documents, copies counted");
    let greek = other["2.3 data crawled and scraped"]["domains"]["countries"].clone();
    assert_eq!(greek["GR"]["listed"][0]["unicode"], "παράδειγμα.gr", "{greek}");
}

#[test]
fn events_of_a_version_know_no_clock_and_those_of_the_work_directory_do() {
    let corpus = corpus();
    corpus.run();
    let version = events(&corpus, "out/ke/v0001/papers/openlineage.jsonl");
    assert_eq!(version.len(), 2);
    assert!(version.iter().all(|event| event["eventTime"] == "2026-11-23T00:00:00Z"));
    assert_eq!(version[1]["outputs"][0]["outputFacets"]["outputStatistics"]["rowCount"], 5);
    assert_eq!(version[1]["inputs"][0]["name"], "crawl/jalada.warc.gz");

    let kinds = |run: &[Value]| -> Vec<String> {
        let word =
            |event: &Value| format!("{} {}", event["job"]["name"], event["eventType"]).replace('"', "");
        run.iter().map(word).collect()
    };
    let stage = |name: &str| [format!("jaribio.{name} START"), format!("jaribio.{name} COMPLETE")];
    let mut expected = vec!["jaribio START".to_owned()];
    expected.extend(["ingest", "dedup", "route", "seal"].iter().flat_map(|name| stage(name)));
    expected.push("jaribio COMPLETE".to_owned());
    let run = events(&corpus, "work/openlineage.jsonl");
    assert_eq!(kinds(&run), expected);
    let ids: BTreeSet<String> = run.iter().map(|event| event["run"]["runId"].to_string()).collect();
    assert_eq!(ids.len(), 5, "the run, and four stages");
    let times: Vec<&str> = run.iter().filter_map(|event| event["eventTime"].as_str()).collect();
    assert!(times.is_sorted() && times[0] > "2026-01-01", "{times:?}");
}

#[test]
fn a_run_that_fails_says_so_in_its_events() {
    let mut corpus = corpus();
    corpus.run();
    // A folder where a table should be.
    corpus.policy("more.cedar", "@id(\"zaidi\")\n@because(\"mtihani\")\nforbid (principal, action == Action::\"emit\", resource) when { resource.personal };");
    let blocked = corpus.path("out/ke/v0002");
    std::fs::create_dir_all(blocked.join("papers/eu_art53.json")).expect("a scratch folder");
    std::fs::create_dir_all(blocked.join("decisions.jsonl/x")).expect("a scratch folder");
    let error = corpus.try_run().expect_err("a folder stands where a file should be");
    let run = events(&corpus, "work/openlineage.jsonl");
    let last: Vec<&Value> = run.iter().rev().take(2).collect();
    for (event, name) in last.iter().zip(["jaribio", "jaribio.seal"]) {
        assert_eq!(
            (&event["eventType"], &event["job"]["name"]),
            (&Value::from("FAIL"), &Value::from(name)),
            "{error}"
        );
    }
    assert!(last[0]["run"]["facets"]["errorMessage"]["message"].is_string());
}

#[test]
fn a_corpus_without_a_crawl_says_what_it_is_made_of() {
    let mut corpus = Corpus::new();
    let lines: Vec<String> = (0..6)
        .map(|number| {
            let (text, url) = (text(LANGUAGES[number % 5], number), format!("https://habari.co.ke/{number}"));
            serde_json::json!({ "text": text, "url": url, "dump": "JALADA-7" }).to_string()
        })
        .collect();
    corpus.file("vitabu.jsonl", lines.join("\n").as_bytes());
    corpus.documents.insert("vitabu", "paths: [vitabu.jsonl]".to_owned());
    corpus.run();
    let summary = json(&corpus, "out/ke/v0001/papers/eu_art53.json");
    assert_eq!(summary["2.3 data crawled and scraped"]["used"], "no");
    let unplaced = &summary["2.1 or 2.2, to be stated by the provider"]["datasets"][0];
    assert_eq!((&unplaced["name"], &unplaced["share"]["rows"]), (&Value::from("vitabu"), &Value::from(6)));
    assert_eq!(unplaced["acquired"], "the records do not say");
    assert_eq!(summary["3.1 reservations of rights"]["agents"], "this run read no reservations");
}
