//! Near-duplicates: what is one cluster, which member a node keeps, and whose word reaches whom.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use kilim::dedup::Shingler;
use kilim_connectors::warc::RecordBuilder;

use crate::corpus::{Corpus, assert_same};
use crate::fixtures::fixtures;
use crate::kill::kill_at;
use crate::pages::{FETCHED, LANGUAGES, answer, html, page, page_at, text, warc};

const BOTH: &str = "  - dedup_exact: {}\n  - dedup_minhash: {}\n";

/// A text long enough that a changed word leaves it nearly the same, with a passage of its own.
fn long(lang: &str, number: usize) -> String {
    (0..4).map(|part| text(lang, 100 * number + part)).collect::<Vec<_>>().join(" ")
}

/// The same words, or where there are none between spaces the same characters, in a text that is not alike.
fn backwards(text: &str) -> String {
    if text.contains(' ') && text.split(' ').count() > 60 {
        return text.split(' ').rev().collect::<Vec<_>>().join(" ");
    }
    text.chars().rev().collect()
}

/// Copies of stories in five scripts on hosts of three countries, some to the letter, some with a changed number.
fn retold() -> Corpus {
    let mut corpus = Corpus::new();
    corpus.dedup = BOTH;
    let mut records = Vec::new();
    for (number, lang) in LANGUAGES.iter().enumerate() {
        let story = long(lang, number);
        let nearly = story.replace(&format!("({})", 100 * number + 3), "(9999)");
        assert_ne!(story, nearly);
        let day = |day: usize| format!("2026-03-0{day}T06:00:00Z");
        records.push(page_at(&format!("https://habari.co.ke/{lang}"), &day(3), &story));
        records.push(page_at(&format!("https://kioo.co.ke/{lang}"), &day(2), &nearly));
        records.push(page_at(&format!("https://nakala.co.ke/{lang}"), &day(4), &story));
        records.push(page_at(&format!("https://nachrichten.de/{lang}"), &day(1), &nearly));
        records.push(page_at(&format!("https://hadithi.co.ke/{lang}"), &day(1), &backwards(&story)));
    }
    corpus.warc("a.warc.gz", &warc(&records[..13])).warc("b.warc.gz", &warc(&records[13..]));
    corpus
}

#[test]
fn each_node_keeps_the_earliest_member_that_it_may_have() {
    let corpus = retold();
    corpus.run();
    for lang in LANGUAGES {
        assert_eq!(corpus.fate(&format!("https://nachrichten.de/{lang}")), "sharded eu", "{lang}");
        assert_eq!(corpus.fate(&format!("https://kioo.co.ke/{lang}")), "sharded ke", "{lang}");
        assert_eq!(
            corpus.fate(&format!("https://habari.co.ke/{lang}")),
            "duplicate near_duplicate",
            "{lang}"
        );
        assert_eq!(
            corpus.fate(&format!("https://nakala.co.ke/{lang}")),
            "duplicate near_duplicate",
            "{lang}"
        );
        assert_eq!(
            corpus.fate(&format!("https://hadithi.co.ke/{lang}")),
            "sharded ke",
            "{lang}: another story"
        );
    }
    let clusters = corpus.sql(
        "SELECT cluster_size, count(DISTINCT cluster_id), count(*), count(DISTINCT lang) FROM documents \
         WHERE outcome IN ('sharded', 'duplicate') GROUP BY 1 ORDER BY 1",
    );
    assert_eq!(clusters, [["1", "0", "5", "5"], ["4", "5", "20", "5"]]);
    let least = corpus.sql(
        "SELECT count(*) FROM (SELECT cluster_id, min(doc_id) AS least FROM documents WHERE cluster_size = 4 \
         GROUP BY cluster_id) WHERE cluster_id <> least",
    );
    assert_eq!(least, [["0"]], "a cluster is called by its least document");
}

type Change = fn(&mut Corpus);

#[test]
fn clusters_do_not_depend_on_threads_splits_or_the_order_of_inputs() {
    let base = retold();
    let finished = base.run();
    let vary: [(&str, Change); 2] = [
        ("one thread", |corpus| corpus.threads = 1),
        ("inputs in another order", |corpus| {
            corpus.paths.reverse();
            let [a, b] = ["crawl/a.warc.gz", "crawl/b.warc.gz"].map(|name| corpus.path(name));
            let (first, second) = (std::fs::read(&a).unwrap(), std::fs::read(&b).unwrap());
            std::fs::write(a, second).unwrap();
            std::fs::write(b, first).unwrap();
        }),
    ];
    for (why, vary) in vary {
        let mut other = retold();
        vary(&mut other);
        let again = other.run();
        assert_eq!(finished.outcomes, again.outcomes, "{why}");
        let rows = |corpus: &Corpus| {
            corpus.sql("SELECT url, cluster_id, cluster_size, outcome FROM documents ORDER BY url, doc_id")
        };
        assert_eq!(rows(&base), rows(&other), "{why}");
        if why == "one thread" {
            assert_same(&base.published(), &other.published(), why);
        }
    }
}

#[test]
fn a_run_killed_among_the_tables_of_near_duplicates_gives_the_same_bytes() {
    let whole = retold();
    whole.kilim("run").done();
    for point in ["table.revisits", "table.edges", "table.near_ids", "table.near_texts", "table.near"] {
        let broken = retold();
        kill_at(&broken, point);
        broken.kilim("resume").done();
        assert_same(&whole.published(), &broken.published(), point);
    }
}

#[test]
fn without_the_step_nothing_is_near() {
    let mut corpus = retold();
    corpus.dedup = "  - dedup_exact: {}\n";
    corpus.run();
    assert_eq!(corpus.fate("https://kioo.co.ke/tha"), "sharded ke");
    assert_eq!(corpus.fate("https://habari.co.ke/tha"), "sharded ke");
    assert_eq!(corpus.fate("https://nakala.co.ke/tha"), "duplicate same_text");
    assert_eq!(corpus.sql("SELECT count(bands) FROM documents"), [["0"]]);
}

#[test]
fn a_claim_on_a_near_copy_binds_only_where_a_policy_asks_for_the_cluster() {
    let mut corpus = retold();
    corpus.node("ke", "KE", "[KE, DE]");
    corpus.run();
    assert_eq!(corpus.fate("https://kioo.co.ke/amh"), "duplicate same_text", "the German copy is earlier");
    corpus.policy(
        "cluster.cedar",
        "@id(\"whole-cluster\")\n@because(\"every copy's country is accepted\")\nforbid (principal, action == \
         Action::\"emit\", resource)\nunless { principal.accepts.containsAll(resource.cluster_jurisdictions) };\n",
    );
    corpus.node("ke", "KE", "[KE]");
    corpus.run();
    assert_eq!(corpus.fate("https://kioo.co.ke/amh"), "withheld denied");
    assert_eq!(corpus.fate("https://hadithi.co.ke/amh"), "sharded ke");
}

#[test]
fn a_stewards_word_on_a_revisit_binds_the_page_that_was_found_again() {
    let mut corpus = Corpus::new();
    corpus.seeds = vec!["https://jamii.org/,amh,KE,baraza", "https://wazee.org/,tam,KE,baraza"];
    let digest = "sha1:3I42H3S6NNFQ2MSVX7XZKYAYSCX5QBYJ";
    let by_digest = page("https://nachrichten.de/a", &text("amh", 1)).field("WARC-Payload-Digest", digest);
    let by_id =
        page("https://nachrichten.de/b", &text("tam", 2)).id("urn:uuid:11111111-1111-4111-8111-111111111111");
    let free = page("https://nachrichten.de/c", &text("tha", 3));
    let head = answer(&html(""));
    let revisits = [
        RecordBuilder::revisit("https://jamii.org/a", FETCHED, "urn:uuid:0", &head)
            .field("WARC-Payload-Digest", digest),
        RecordBuilder::revisit(
            "https://wazee.org/b",
            FETCHED,
            "urn:uuid:11111111-1111-4111-8111-111111111111",
            &head,
        ),
    ];
    corpus.warc("a.warc.gz", &warc(&[by_digest, by_id, free]));
    corpus.run();
    assert_eq!(corpus.fate("https://nachrichten.de/a"), "sharded eu");
    corpus.warc("b.warc.gz", &warc(&revisits));
    corpus.run();
    assert_eq!(corpus.fate("https://nachrichten.de/a"), "withheld denied", "no node accepts both DE and KE");
    assert_eq!(corpus.fate("https://nachrichten.de/b"), "withheld denied");
    assert_eq!(corpus.fate("https://nachrichten.de/c"), "sharded eu");
    assert_eq!(corpus.fate("https://jamii.org/a"), "skipped revisit");
}

/// Shingles of a text, as a set.
fn shingles(text: &str) -> HashSet<u64> {
    Shingler::default().shingles(text, 5).iter().copied().collect()
}

fn jaccard(a: &HashSet<u64>, b: &HashSet<u64>) -> f64 {
    let shared = a.intersection(b).count();
    shared as f64 / (a.len() + b.len() - shared).max(1) as f64
}

#[test]
fn altered_copies_are_found_as_often_as_the_bands_predict() {
    let Some(fixtures) = fixtures() else {
        eprintln!("skipped: no shared/fixtures beside the project");
        return;
    };
    let mut corpus = Corpus::new();
    corpus.dedup = "  - dedup_exact: {}\n  - dedup_minhash: { within: corpus }\n";
    corpus.max_broken = "100%";
    let crawl = std::fs::read(fixtures.join("bench_mini/mini-00000.warc.gz")).expect("it is there");
    corpus.warc("mini.warc.gz", &crawl);
    corpus.run();
    let rows = corpus.sql(
        "SELECT url, coalesce(text, ''), coalesce(cluster_id, doc_id), coalesce(text_digest, '') FROM documents \
         WHERE text IS NOT NULL",
    );
    let found: BTreeMap<&str, &[String]> = rows.iter().map(|row| (row[0].as_str(), &row[1..])).collect();
    let truth = std::fs::read_to_string(fixtures.join("bench_mini/mini.dups.tsv")).expect("it is there");
    let (mut alike, mut met, mut predicted) = (0u32, 0u32, 0.0);
    let mut kinds: BTreeMap<&str, [u32; 2]> = BTreeMap::new();
    let (mut lost_exact, mut far) = (Vec::new(), BTreeSet::new());
    for line in truth.lines().skip(1) {
        let fields: Vec<&str> = line.split('\t').collect();
        let [_, url, of_url, kind, ..] = fields[..] else { panic!("mini.dups.tsv: {line}") };
        let (Some(copy), Some(original)) = (found.get(url), found.get(of_url)) else { continue };
        let (a, b) = (shingles(&copy[0]), shingles(&original[0]));
        let j = jaccard(&a, &b);
        let together = copy[1] == original[1];
        let count = kinds.entry(kind).or_default();
        count[0] += 1;
        count[1] += u32::from(together);
        if kind == "exact" && copy[2] == original[2] && !together {
            lost_exact.push(url);
        }
        if a.len().min(b.len()) < 10 {
            continue;
        }
        if j >= 0.8 {
            alike += 1;
            met += u32::from(together);
            predicted += 1.0 - (1.0 - j.powi(8)).powi(14);
        } else if j < 0.5 && together {
            far.insert(format!("{j:.3} {kind} {url}"));
        }
    }
    println!("pairs by kind, and how many are in one cluster: {kinds:?}");
    println!("Jaccard at least .8: {alike} pairs, {met} found, {predicted:.1} predicted");
    println!("flagged below .5: {}\n{}", far.len(), far.into_iter().collect::<Vec<_>>().join("\n"));
    assert!(lost_exact.is_empty(), "{lost_exact:?}");
    assert!(alike > 200, "{alike} pairs");
    let recall = f64::from(met) / predicted;
    assert!(recall > 0.95, "{met} of {predicted:.1} predicted");
}
