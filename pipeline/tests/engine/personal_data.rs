//! Personal data: found once, and treated at each node as the node says.

use kilim::seal::Manifest;
use kilim_connectors::warc::RecordBuilder;

use crate::corpus::Corpus;
use crate::pages::{FETCHED, answer, html, text, warc};

/// Somebody's, all of them invented: an address, a number of a Kenyan operator, the account and the card that banks print
/// as examples.
const VALUES: [&str; 4] = [
    "wanjiku.kamau@posta-ya-habari.co.ke",
    "+254 712 345 678",
    "DE89 3704 0044 0532 0130 00",
    "4111 1111 1111 1111",
];

const WITH: &str = "https://habari.co.ke/watu/wanjiku.kamau@posta-ya-habari.co.ke";
const WITHOUT: &str = "https://habari.co.ke/soko";

/// Two Hindi pages on a Kenyan host, for nodes in Kenya, India and the Union: one names somebody.
fn corpus(ke: &str, india: &str, eu: &str) -> Corpus {
    let mut corpus = Corpus::new();
    corpus.filters = "  - detect_pii: {}\n";
    corpus.node("in", "IN", "[IN, KE]");
    corpus.node("eu", "EU", "[EU, KE]");
    for (name, pii) in [("ke", ke), ("in", india), ("eu", eu)] {
        let fields = format!("{}, pii: {pii}", corpus.nodes[name]);
        corpus.nodes.insert(name, fields);
    }
    let [email, phone, iban, card] = VALUES;
    let body = format!("{} {email}, {phone}. {} IBAN {iban}; {card}.", text("hin", 1), text("hin", 2));
    let body = html(&body).replace("<title>", &format!("<title>{email} "));
    let records = [
        RecordBuilder::response(WITH, FETCHED, &answer(&body)),
        RecordBuilder::response(WITHOUT, FETCHED, &answer(&html(&text("hin", 3)))),
    ];
    corpus.warc("a.warc.gz", &warc(&records));
    corpus
}

fn manifest(corpus: &Corpus, node: &str) -> Manifest {
    let path = corpus.path(&format!("out/{node}/v0001/manifest.json"));
    Manifest::from_bytes(&std::fs::read(path).expect("a manifest")).expect("a manifest")
}

#[test]
fn each_node_treats_it_as_it_says() {
    let corpus = corpus("mask", "drop", "keep");
    corpus.run();
    for value in VALUES {
        assert!(!corpus.stands_in("out/ke", value), "{value} is masked");
        assert!(!corpus.stands_in("out/in", value), "the page with {value} is not here");
        assert!(corpus.stands_in("out/eu", value), "{value} is kept, and the search finds it");
    }
    assert_eq!(corpus.urls_at("in"), [WITHOUT]);
    assert_eq!(corpus.urls_at("eu"), [WITHOUT, WITH]);
    assert_eq!(corpus.urls_at("ke").len(), 2);
    assert_eq!(manifest(&corpus, "in").books["personal_data"], 1);
    let masked = manifest(&corpus, "ke").node.pii.expect("ke says what it does").masked;
    // The address stands in text, title and URL.
    let counts: Vec<(&str, u64)> = masked.iter().map(|(kind, count)| (kind.as_str(), *count)).collect();
    assert_eq!(counts, [("card", 1), ("email", 3), ("iban", 1), ("phone", 1)]);
}

#[test]
fn kinds_can_be_treated_apart() {
    let corpus = corpus("{ default: keep, card: mask }", "{ default: keep, iban: drop }", "mask");
    corpus.run();
    let [email, phone, iban, card] = VALUES;
    for value in [email, phone, iban] {
        assert!(corpus.stands_in("out/ke", value), "{value}");
    }
    assert!(!corpus.stands_in("out/ke", card));
    assert_eq!(corpus.urls_at("in"), [WITHOUT]);
    for value in VALUES {
        assert!(!corpus.stands_in("out/eu", value), "{value}");
    }
}

#[test]
fn the_ledger_counts_kinds_and_nothing_that_is_said_names_a_value() {
    let corpus = corpus("mask", "mask", "mask");
    let run = corpus.kilim("run");
    run.done();
    let kinds = corpus.sql(
        "SELECT kind.kind, count(*) FROM (SELECT unnest(pii) AS kind FROM documents) GROUP BY 1 ORDER BY 1",
    );
    assert_eq!(kinds, [["card", "1"], ["email", "1"], ["iban", "1"], ["phone", "1"]]);
    assert_eq!(
        corpus.sql("SELECT pii_kinds FROM documents WHERE pii_kinds <> ''"),
        [["card,email,iban,phone"]]
    );
    let report = corpus.kilim("report");
    report.done();
    for said in [&run.stdout, &run.stderr, &report.stdout, &report.stderr] {
        for value in VALUES {
            assert!(!said.contains(value), "{said}");
        }
    }
    assert!(report.stdout.contains("email"), "{}", report.stdout);
}

#[test]
fn a_node_that_would_mask_what_nobody_finds_is_refused_and_so_is_one_that_says_nothing() {
    let mut corpus = corpus("mask", "mask", "mask");
    corpus.filters = "";
    corpus.kilim("run").refused(2, &["C035", "detect_pii"]);
    corpus.filters = "  - detect_pii: {}\n";
    let silent = corpus.nodes["ke"].replace(", pii: mask", "");
    corpus.nodes.insert("ke", silent);
    corpus.kilim("run").refused(2, &["C036", "pii: mask"]);
}

#[test]
fn a_shard_that_holds_what_its_manifest_says_is_masked_is_found() {
    let corpus = corpus("keep", "mask", "drop");
    corpus.run();
    corpus.kilim("verify").done();
    let path = corpus.path("out/ke/v0001/manifest.json");
    let mut manifest = manifest(&corpus, "ke");
    let pii = manifest.node.pii.as_mut().expect("ke says what it does");
    pii.treatment.insert("email".to_owned(), "mask".to_owned());
    std::fs::write(&path, manifest.to_bytes().expect("a manifest")).expect("a manifest");
    let said = corpus.kilim("verify");
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(
        said.stdout.contains("holds personal data (email) that should be masked in text"),
        "{}",
        said.stdout
    );
    assert!(!said.stdout.contains(VALUES[0]));
}
