//! The three nodes of `configs/sovereign-three` as an auditor and a publisher meet them: nothing changes unseen, and what a
//! newer snapshot reserves is what goes.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use crate::corpus::{Corpus, Said, files};
use crate::evidence::{verified, version};
use crate::reservations::{robots_at, snapshot};

const NODES: [&str; 3] = ["ke", "in", "eu"];

/// Places at which a bit is flipped.
const FLIPS: usize = 1000;

/// Places in every file; the others are anywhere, and shards are most of the bytes.
const IN_EACH_FILE: u64 = 10;

/// A number below `limit` that looks like chance and is the same in every run.
fn dice(what: &str, limit: u64) -> u64 {
    let hash = blake3::hash(what.as_bytes());
    u64::from_le_bytes(hash.as_bytes()[..8].try_into().expect("eight bytes")) % limit
}

#[test]
fn bits_flipped_at_a_thousand_places_are_all_found() {
    let (corpus, key) = Corpus::shipped("sovereign-three");
    corpus.run();
    let files: Vec<(&str, PathBuf)> = NODES
        .into_iter()
        .flat_map(|node| files(&version(&corpus, node)).into_iter().map(move |path| (node, path)))
        .collect();
    assert!(files.len() > 3 * 9, "{files:?}");
    let sizes: Vec<u64> = files.iter().map(|(_, path)| path.metadata().expect("it is there").len()).collect();
    let bytes: u64 = sizes.iter().sum();
    let each = (0..files.len()).flat_map(|file| {
        let size = sizes[file];
        (0..IN_EACH_FILE).map(move |round| (file, dice(&format!("{file} {round}"), size)))
    });
    let anywhere = (0..FLIPS).map(|round| {
        let (mut at, mut file) = (dice(&format!("biti {round}"), bytes), 0);
        while at >= sizes[file] {
            at -= sizes[file];
            file += 1;
        }
        (file, at)
    });
    let mut flipped = BTreeMap::<String, usize>::new();
    for (round, (file, at)) in each.chain(anywhere).take(FLIPS).enumerate() {
        let (node, path) = &files[file];
        let sound = fs::read(path).expect("it is there");
        let mut other = sound.clone();
        other[at as usize] ^= 1 << (round % 8);
        fs::write(path, other).expect("it is ours");
        let found = verified(&version(&corpus, node), Some(&key));
        assert!(!found.findings.is_empty(), "bit {} of byte {at} of {}", round % 8, path.display());
        fs::write(path, sound).expect("it is ours");
        *flipped.entry(path.file_name().expect("a file").to_string_lossy().into_owned()).or_default() += 1;
    }
    assert_eq!(flipped.values().sum::<usize>(), FLIPS);
    println!("{FLIPS} flips in {bytes} bytes of {} files: {flipped:?}", files.len());
    for node in NODES {
        assert_eq!(verified(&version(&corpus, node), Some(&key)).findings, [], "sound without them");
    }
}

#[test]
fn a_newer_snapshot_takes_exactly_the_planted_documents_from_all_nodes() {
    let (mut corpus, _) = Corpus::shipped("sovereign-three");
    corpus.write();
    snapshot(&corpus, "a", &[robots_at("hakuna.example", "2026-02-01T06:00:00Z", "User-agent: *\nAllow: /")])
        .done();
    corpus.change("tag_optout: {}", "tag_optout: { snapshot: a.parquet }");
    corpus.run();
    // Ten documents whose publishers change their mind, some at each node; owners who agreed with proof are not asked.
    let mut planted = BTreeMap::<String, String>::new();
    for node in NODES {
        let sql = format!(
            "SELECT d.doc_id, d.url FROM placements p JOIN documents d ON p.doc_id = d.doc_id \
             WHERE p.node = '{node}' AND d.outcome = 'sharded' AND d.steward IS NULL AND d.url LIKE 'https://%' \
             AND d.url NOT LIKE '%?%' ORDER BY d.doc_id LIMIT 5"
        );
        let found = corpus.sql(&sql);
        planted.extend(found.into_iter().map(|row| (row[0].clone(), row[1].clone())));
    }
    let planted: BTreeMap<String, String> = planted.into_iter().take(10).collect();
    assert_eq!(planted.len(), 10, "{planted:?}");
    let mut rules = BTreeMap::<String, String>::new();
    for url in planted.values() {
        let (host, path) = url["https://".len()..].split_once('/').expect("a path");
        let rules = rules.entry(host.to_owned()).or_insert_with(|| "User-agent: GPTBot\n".to_owned());
        writeln!(rules, "Disallow: /{path}$").expect("a string grows");
    }
    let robots: Vec<_> =
        rules.iter().map(|(host, body)| robots_at(host, "2026-11-01T06:00:00Z", body)).collect();
    snapshot(&corpus, "b", &robots).done();
    let mut delta = corpus.command("optout");
    delta.args(["delta", "--format", "json"]).args([corpus.path("a.parquet"), corpus.path("b.parquet")]);
    let said = Said::new(&delta.output().expect("the command starts"));
    said.done();
    let listed: Vec<serde_json::Value> = serde_json::from_str(&said.stdout).expect("JSON");
    let word = |row: &serde_json::Value, name: &str| row[name].as_str().expect("text").to_owned();
    let removed: BTreeMap<String, String> =
        listed.iter().map(|row| (word(row, "doc_id"), word(row, "url"))).collect();
    assert_eq!(removed, planted);
    // What is listed by node and shard is what a run that honours the newer one no longer has, and nothing else is gone.
    let lost: BTreeSet<(String, String)> =
        listed.iter().map(|row| (word(row, "node"), word(row, "url"))).collect();
    let before: BTreeMap<&str, Vec<String>> =
        NODES.into_iter().map(|node| (node, corpus.urls_at_newest(node))).collect();
    corpus.change("a.parquet", "b.parquet");
    corpus.run();
    for (node, urls) in before {
        let kept: Vec<String> =
            urls.into_iter().filter(|url| !lost.contains(&(node.to_owned(), url.clone()))).collect();
        assert_eq!(corpus.urls_at_newest(node), kept, "{node}");
    }
}
