//! Papers of real runs: listed, whole and the same twice; and what is for everyone says nothing about single documents.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use kilim::papers::is_public;
use kilim::proof::PUBLIC_ENVELOPE_FILE;
use kilim::proof::keys::{generate, generate_salts};
use kilim::seal::{MANIFEST_FILE, Manifest};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::corpus::{Corpus, assert_same, files};
use crate::kill::kill_at;
use crate::pages::{LANGUAGES, many};

/// A corpus with a steward's words and two nodes, `ke` of this mode; everyone's papers of `ke` go to `wazi/ke`.
fn corpus(mode: &str) -> Corpus {
    let mut corpus = Corpus::new();
    corpus.warc("jalada-siri.warc.gz", &many("karatasi", 90, 0));
    corpus.about =
        "title: Sauti za Taita, publisher: { name: Baraza la Lugha, country: KE }, license: CC-BY-4.0";
    let languages = LANGUAGES.join(", ");
    let fields = format!(
        "jurisdiction: KE, accepts: [KE], languages: [{languages}], mode: {mode}, \
         shards: {{ url: ./out/ke, max_bytes: 64KiB }}, public: {{ url: ./wazi/ke, min_count: 3 }}"
    );
    corpus.nodes.insert("ke", fields);
    corpus
}

fn read(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&read(path)).expect("a paper in JSON")
}

/// Files below `folder` by path.
fn below(corpus: &Corpus, folder: &str) -> BTreeMap<String, Vec<u8>> {
    let root = corpus.path(folder);
    let named = |path: std::path::PathBuf| {
        (path.strip_prefix(&root).expect("below").to_string_lossy().into_owned(), read(&path))
    };
    files(&root).into_iter().map(named).collect()
}

#[test]
fn papers_are_listed_agree_with_the_manifest_and_are_the_same_twice() {
    let one = corpus("restricted");
    one.run();
    let mut two = corpus("restricted");
    two.threads = 1;
    two.split_bytes = "1MiB";
    two.run();
    assert_same(&one.published(), &two.published(), "two runs");
    for node in ["ke", "eu"] {
        let folder = one.path("out").join(node).join("v0001");
        let manifest = Manifest::from_bytes(&read(&folder.join(MANIFEST_FILE))).expect("a manifest");
        assert!(manifest.papers.len() >= 7, "{:?}", manifest.papers);
        for paper in &manifest.papers {
            assert_eq!(
                hex::encode(Sha256::digest(read(&folder.join(&paper.path)))),
                paper.sha256,
                "{}",
                paper.path
            );
        }
        let shards: BTreeMap<&str, &str> =
            manifest.shards.iter().map(|shard| (shard.path.as_str(), shard.sha256.as_str())).collect();
        let croissant = json(&folder.join("croissant.json"));
        let objects = croissant["distribution"].as_array().expect("a list").iter();
        let objects: BTreeMap<&str, &str> = objects
            .filter_map(|item| Some((item["contentUrl"].as_str()?, item["sha256"].as_str()?)))
            .collect();
        assert_eq!(objects, shards);
        let dps = json(&folder.join("papers/dps.json"));
        let hashes = dps["source"]["id"]["hashes"].as_array().expect("a list").iter();
        let hashes: BTreeMap<&str, &str> = hashes
            .filter_map(|item| Some((item["path"].as_str()?, item["tree-hashes"][0]["value"].as_str()?)))
            .collect();
        assert_eq!(hashes, shards);
        let record = json(&folder.join("papers/tapestry.json"));
        assert_eq!(record["quality"]["rows"], manifest.rows);
        assert_eq!(record["owner"]["name"], "Baraza la Lugha");
        assert_eq!(one.kilim("verify").code, Some(0), "a version with papers is sound");
    }
}

#[test]
fn a_paper_that_was_changed_or_removed_is_found() {
    let corpus = corpus("restricted");
    corpus.run();
    for paper in ["papers/tapestry.json", "papers/public/dps.public.json", "croissant.json"] {
        let path = corpus.path("out/ke/v0001").join(paper);
        let before = read(&path);
        fs::write(&path, [&before[..], b" "].concat()).expect("a scratch file");
        let said = corpus.kilim("verify");
        assert_eq!(said.code, Some(1), "{paper}");
        assert!(said.stdout.contains(paper), "{paper}: {}", said.stdout);
        fs::remove_file(&path).expect("a scratch file");
        let said = corpus.kilim("verify");
        assert!(said.code == Some(1) && said.stdout.contains(paper), "{paper}: {}", said.stdout);
        fs::write(&path, before).expect("a scratch file");
    }
    assert_eq!(corpus.kilim("verify").code, Some(0));
}

#[test]
fn papers_for_everyone_of_a_node_that_keeps_its_documents_name_no_host_id_or_input() {
    for mode in ["local-only", "participant-private"] {
        let corpus = corpus(mode);
        corpus.run();
        let mut words: Vec<String> =
            ["habari.co.ke", "nachrichten.de", "hadithi.org", "jalada-siri", "\"crawl\"", "train-00000"]
                .map(str::to_owned)
                .into();
        if mode == "local-only" {
            words.pop();
        }
        let ids = corpus.sql("SELECT doc_id FROM documents UNION SELECT text_digest FROM documents");
        words.extend(ids.into_iter().flatten().filter(|id| id.len() > 8));
        assert!(words.len() > 60, "{}", words.len());
        for folder in ["out/ke/v0001/papers/public", "wazi"] {
            for word in &words {
                assert!(!corpus.stands_in(folder, word), "{mode}: {word} stands in {folder}");
            }
            assert!(corpus.stands_in(folder, "Sauti za Taita"));
        }
        assert!(corpus.stands_in("out/ke/v0001", "jalada-siri"), "the version folder names its inputs");
    }
}

#[test]
fn only_papers_for_everyone_go_where_everyone_reads() {
    let mut corpus = corpus("local-only");
    corpus.keys = "signing: ufunguo.pem, salts: chumvi";
    generate(&corpus.path("ufunguo.pem")).expect("a new key");
    generate_salts(&corpus.path("chumvi")).expect("a new secret");
    corpus.run();
    let manifest =
        Manifest::from_bytes(&read(&corpus.path("out/ke/v0001/manifest.json"))).expect("a manifest");
    let mut expected: BTreeMap<String, Vec<u8>> = manifest
        .papers
        .iter()
        .filter(|paper| is_public(&paper.path))
        .map(|paper| {
            let name = paper.path.rsplit('/').next().expect("a name");
            (format!("ke/v0001/{name}"), read(&corpus.path("out/ke/v0001").join(&paper.path)))
        })
        .collect();
    let mut there = below(&corpus, "wazi");
    let envelope = there.remove(&format!("ke/v0001/{PUBLIC_ENVELOPE_FILE}")).expect("it is signed");
    assert_eq!(there.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
    assert_same(&there, &expected, "a copy");
    // What is signed for everyone names these papers alone.
    let envelope: Value = serde_json::from_slice(&envelope).expect("JSON");
    let payload = envelope["payload"].as_str().expect("base64");
    let payload =
        base64::Engine::decode(&base64::engine::general_purpose::STANDARD, payload).expect("base64");
    let statement: Value = serde_json::from_slice(&payload).expect("a statement");
    let subjects = statement["subject"].as_array().expect("a list").iter();
    let named: Vec<String> =
        subjects.map(|subject| format!("ke/v0001/{}", subject["name"].as_str().expect("a name"))).collect();
    let mut sorted = named.clone();
    sorted.sort();
    assert_eq!(sorted, expected.keys().cloned().collect::<Vec<_>>());

    // A paper that somebody changed is not published, and one that is there is not replaced.
    fs::remove_dir_all(corpus.path("wazi")).expect("a scratch folder");
    let path = corpus.path("out/ke/v0001/papers/public/dps.public.json");
    let before = read(&path);
    fs::write(&path, b"{}").expect("a scratch file");
    corpus.kilim("run").refused(2, &["dps.public.json", "was not published"]);
    fs::write(&path, before).expect("a scratch file");
    corpus.kilim("run").done();
    fs::write(corpus.path("wazi/ke/v0001/dps.public.json"), b"{}").expect("a scratch file");
    corpus.kilim("run").refused(2, &["says something else"]);
    expected.clear();
}

#[test]
fn a_place_for_everyone_is_no_place_for_anything_else() {
    for url in ["./out", "./out/ke", "./out/ke/wazi", "./work/wazi", "out/eu/../eu", "."] {
        let mut corpus = corpus("open");
        let fields = corpus.nodes["ke"].replace("./wazi/ke", url);
        corpus.nodes.insert("ke", fields);
        let said = corpus.kilim("run");
        assert_eq!(said.code, Some(2), "{url}: {said:?}");
        assert!(said.stderr.contains("for everyone"), "{url}: {}", said.stderr);
        assert!(!corpus.path("out").exists(), "{url}: something was written");
    }
}

#[test]
#[cfg_attr(not(debug_assertions), ignore = "release builds have no points to stop at")]
fn a_run_killed_among_papers_leaves_the_same_papers_after_resume() {
    let corpus = corpus("restricted");
    corpus.run();
    let (published, public) = (corpus.published(), below(&corpus, "wazi"));
    for point in
        ["papers.writing:1", "papers.writing:9", "node.committed:1", "public.paper:1", "public.paper:4"]
    {
        for folder in ["out", "wazi", "work"] {
            fs::remove_dir_all(corpus.path(folder)).unwrap_or_default();
        }
        kill_at(&corpus, point);
        corpus.kilim("resume").done();
        assert_same(&published, &corpus.published(), point);
        assert_same(&public, &below(&corpus, "wazi"), point);
    }
}
