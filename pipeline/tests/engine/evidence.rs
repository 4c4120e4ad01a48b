//! Signatures and proofs: what they hold, and that nothing else passes for one.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use kilim::audit::prove;
use kilim::proof::inclusion::check_signature;
use kilim::proof::keys::{generate, generate_salts};
use kilim::proof::{ENVELOPE_FILE, Envelope, PAYLOAD_TYPE, Proof, PublicKey, Signer};
use kilim::seal::{MANIFEST_FILE, Manifest};
use kilim::verify::{Signed, Verified, verify_signed};
use kilim_connectors::store::{Location, Stores};

use crate::corpus::{Corpus, assert_same};
use crate::kill::kill_at;
use crate::pages::many;

/// A corpus of some forty documents for two nodes.
fn corpus() -> Corpus {
    let mut corpus = Corpus::new();
    corpus.warc("a.warc.gz", &many("ushahidi", 90, 0));
    corpus
}

/// The same, with a key that signs and a secret for salts.
fn signed() -> (Corpus, PublicKey) {
    let mut corpus = corpus();
    corpus.keys = "signing: ufunguo.pem, salts: chumvi";
    let (key, _) = generate(&corpus.path("ufunguo.pem")).expect("a new key");
    generate_salts(&corpus.path("chumvi")).expect("a new secret");
    (corpus, key)
}

/// Gives `to` the keys of `from`.
fn share_keys(from: &Corpus, to: &Corpus) {
    for name in ["ufunguo.pem", "chumvi"] {
        fs::copy(from.path(name), to.path(name)).expect("a key can be copied");
    }
}

/// Runs work that waits for files.
fn wait<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(work)
}

fn place(folder: &Path) -> Location {
    Location::parse(&folder.display().to_string(), Path::new("/")).expect("a local folder")
}

pub(crate) fn verified(folder: &Path, key: Option<&PublicKey>) -> Verified {
    let scratch = std::env::temp_dir();
    wait(verify_signed(&Stores::new(), &place(folder), &scratch, key)).expect("the folder is there")
}

/// Holds that `found` names a problem with `file` in these words.
fn assert_found(found: &Verified, file: &str, words: &str) {
    let named = found.findings.iter().any(|finding| finding.file == file && finding.problem.contains(words));
    assert!(named, "{file} {words:?} is not among {:#?}", found.findings);
}

pub(crate) fn version(corpus: &Corpus, node: &str) -> PathBuf {
    corpus.path("out").join(node).join("v0001")
}

fn manifest(folder: &Path) -> Manifest {
    Manifest::from_bytes(&fs::read(folder.join(MANIFEST_FILE)).expect("a manifest"))
        .expect("a sound manifest")
}

fn write(folder: &Path, manifest: &Manifest) {
    fs::write(folder.join(MANIFEST_FILE), manifest.to_bytes().expect("JSON")).expect("a scratch file");
}

#[test]
fn a_signed_version_is_its_keys_and_no_others() {
    let (corpus, key) = signed();
    let finished = corpus.run();
    assert!(finished.nodes.iter().all(|node| node.signed_by == Some(key.id())));
    let (other, _) = generate(&corpus.path("mwingine.pem")).expect("a new key");
    for node in ["ke", "eu"] {
        let folder = version(&corpus, node);
        let found = verified(&folder, Some(&key));
        assert_eq!((found.findings, found.signed), (vec![], Signed::ByKey { key: key.id() }));
        assert_eq!(verified(&folder, None).signed, Signed::BySomeone { key: key.id() });
        let found = verified(&folder, Some(&other));
        assert_found(&found, ENVELOPE_FILE, "is signed by key");
        assert_eq!(found.signed, Signed::Broken);
    }
    // What is secret is in no output and no paper of the run; the salts of a node are in its own folder only.
    let secret = fs::read_to_string(corpus.path("chumvi")).expect("it was made");
    let private = fs::read_to_string(corpus.path("ufunguo.pem")).expect("it was made");
    for word in [secret.trim(), private.lines().nth(1).expect("a line of base64"), "chumvi", "ufunguo"] {
        assert!(!corpus.stands_in("out", word) && !corpus.stands_in("work", word));
    }
    let salts = |node| fs::read_to_string(version(&corpus, node).join("salts.key")).expect("it is there");
    assert_ne!(salts("ke"), salts("eu"));
    assert!(!corpus.stands_in("out/eu", salts("ke").trim()) && !corpus.stands_in("work", salts("ke").trim()));
}

#[test]
fn signing_changes_no_other_byte_and_two_signed_runs_are_equal() {
    let (one, _) = signed();
    one.run();
    let (mut two, _) = signed();
    share_keys(&one, &two);
    two.threads = 1;
    two.run();
    assert_same(&one.published(), &two.published(), "signed twice");

    let (mut unsigned, _) = signed();
    share_keys(&one, &unsigned);
    unsigned.keys = "salts: chumvi";
    let finished = unsigned.run();
    assert!(finished.nodes.iter().all(|node| node.signed_by.is_none()));
    let rest = |corpus: &Corpus| -> BTreeMap<String, Vec<u8>> {
        let mut files = corpus.published();
        files.retain(|name, _| !name.ends_with(ENVELOPE_FILE) && !name.ends_with("README.md"));
        files
    };
    assert_same(&rest(&one), &rest(&unsigned), "unsigned");
    assert!(unsigned.stands_in("out/ke", "| signature | unsigned |"));
    let found = verified(&version(&unsigned, "ke"), None);
    assert_eq!((found.findings, found.signed), (vec![], Signed::No));

    // Other salts are another manifest; without a secret they are anyone's, and the manifest says so.
    let mut open = corpus();
    open.keys = "";
    open.run();
    assert!(!manifest(&version(&open, "ke")).salts.secret && manifest(&version(&one, "ke")).salts.secret);
    let roots = |corpus: &Corpus| -> Vec<String> {
        manifest(&version(corpus, "ke")).shards.into_iter().map(|shard| shard.merkle_root).collect()
    };
    assert_ne!(roots(&open), roots(&one));
}

#[test]
fn a_version_can_be_signed_later_by_one_key() {
    let mut corpus = corpus();
    corpus.run();
    let shards = corpus.stamps("out/ke/v0001/data");
    let (key, _) = generate(&corpus.path("ufunguo.pem")).expect("a new key");
    corpus.variables.push(("KILIM_SIGNING_KEY".to_owned(), corpus.path("ufunguo.pem").display().to_string()));
    let said = corpus.kilim("run");
    said.done();
    assert!(said.stdout.contains(&format!("signed by key {}", &key.id()[..16])), "{said:?}");
    assert_eq!(corpus.stamps("out/ke/v0001/data"), shards, "no shard was written again");
    assert!(!corpus.path("out/ke/v0002").exists());
    let found = verified(&version(&corpus, "ke"), Some(&key));
    assert_eq!(found.findings, []);

    generate(&corpus.path("mwingine.pem")).expect("a new key");
    corpus.variables[0].1 = corpus.path("mwingine.pem").display().to_string();
    corpus.kilim("run").refused(2, &["manifest.dsse.json is signed by key", "hint: "]);
    corpus.variables[0].1 = corpus.path("hakuna.pem").display().to_string();
    corpus.kilim("run").refused(2, &["hakuna.pem"]);
    assert_eq!(verified(&version(&corpus, "ke"), Some(&key)).findings, []);
}

#[test]
#[cfg_attr(not(debug_assertions), ignore = "release builds have no points to stop at")]
fn a_run_killed_around_its_signature_is_finished_by_the_next() {
    let (corpus, key) = signed();
    corpus.kilim("run").done();
    let published = corpus.published();
    for point in ["node.committed:1", "node.signed:1", "node.signed:2"] {
        for folder in ["work", "out"] {
            fs::remove_dir_all(corpus.path(folder)).expect("it was written");
        }
        kill_at(&corpus, point);
        corpus.kilim("resume").done();
        assert_same(&published, &corpus.published(), point);
    }
    assert_eq!(verified(&version(&corpus, "eu"), Some(&key)).findings, []);
}

#[test]
fn forgeries_are_refused() {
    let (corpus, key) = Corpus::shipped("sovereign-three");
    corpus.run();
    let folder = version(&corpus, "ke");
    let keep: BTreeMap<PathBuf, Vec<u8>> = crate::corpus::files(&folder)
        .into_iter()
        .map(|path| (path.clone(), fs::read(&path).expect("it is there")))
        .collect();
    let restore = || {
        for path in crate::corpus::files(&folder) {
            fs::remove_file(path).expect("it is ours");
        }
        for (path, bytes) in &keep {
            fs::write(path, bytes).expect("it is ours");
        }
    };
    let forged = |change: &dyn Fn(), file: &str, words: &str| {
        change();
        let found = verified(&folder, Some(&key));
        assert_found(&found, file, words);
        assert!(!matches!(found.signed, Signed::ByKey { .. }), "{words}");
        restore();
    };
    let envelope = folder.join(ENVELOPE_FILE);
    let mallory = generate(&corpus.path("mallory.pem")).expect("a new key").0;
    let by_mallory = Signer::read(&corpus.path("mallory.pem")).expect("it was made");
    let payload = || {
        let envelope = Envelope::from_bytes(&fs::read(&envelope).expect("it is there")).expect("an envelope");
        envelope.open(PAYLOAD_TYPE, &key).expect("it is ours")
    };

    forged(&|| fs::remove_file(&envelope).expect("it is there"), ENVELOPE_FILE, "nobody signed this version");
    let signed_by_mallory = || {
        fs::write(&envelope, Envelope::sign(PAYLOAD_TYPE, &payload(), &by_mallory).to_bytes()).expect("ours");
    };
    forged(&signed_by_mallory, ENVELOPE_FILE, "is signed by key");
    let under_our_name = || {
        let text = String::from_utf8(Envelope::sign(PAYLOAD_TYPE, &payload(), &by_mallory).to_bytes());
        let text = text.expect("JSON").replace(&mallory.id(), &key.id());
        fs::write(&envelope, text).expect("ours");
    };
    forged(&under_our_name, ENVELOPE_FILE, "has a signature that does not fit");
    let of_another_version =
        || assert!(fs::copy(version(&corpus, "eu").join(ENVELOPE_FILE), &envelope).expect("it is there") > 0);
    forged(&of_another_version, ENVELOPE_FILE, "signs another node, rule or count");
    forged(&of_another_version, MANIFEST_FILE, "signed was");

    // A shard taken out so that every sum holds: only the signature tells.
    let without_a_shard = || {
        let mut manifest = manifest(&folder);
        let gone = manifest.shards.remove(0);
        let rows = read_decisions(&folder.join(&gone.path));
        fs::remove_file(folder.join(&gone.path)).expect("it is there");
        manifest.rows -= gone.rows;
        manifest.text_chars -= gone.text_chars;
        manifest.records -= gone.rows;
        manifest.inputs[0].records -= gone.rows;
        *manifest.books.get_mut("sharded").expect("it has rows") -= gone.rows;
        let left = manifest.languages[&gone.lang] - gone.rows;
        manifest.languages.insert(gone.lang.clone(), left);
        manifest.languages.retain(|_, rows| *rows > 0);
        let text = fs::read_to_string(folder.join("decisions.jsonl")).expect("it is there");
        let mut lines = String::new();
        for line in text.lines() {
            let mut row: kilim::policy::DecisionRow = serde_json::from_str(line).expect("a decision");
            row.count -= rows.get(&row.id.to_string()).copied().unwrap_or(0);
            lines.push_str(&serde_json::to_string(&row).expect("JSON"));
            lines.push('\n');
        }
        fs::write(folder.join("decisions.jsonl"), &lines).expect("it is ours");
        manifest.decisions.sha256 = sha256(lines.as_bytes());
        fs::write(folder.join("README.md"), kilim::seal::card(&manifest, None)).expect("it is ours");
        write(&folder, &manifest);
    };
    without_a_shard();
    let shard = manifest(&folder).shards.len();
    let gone = verified(&folder, Some(&key));
    assert!(
        gone.findings.iter().any(|finding| finding.problem.contains("was signed, and the manifest does not"))
    );
    assert_found(&gone, MANIFEST_FILE, "signed was");
    fs::remove_file(&envelope).expect("it is there");
    assert_eq!(
        verified(&folder, None).findings,
        [],
        "without a signature and a key nobody can tell: {shard}"
    );
    assert_found(&verified(&folder, Some(&key)), ENVELOPE_FILE, "nobody signed this version");
    restore();

    let extra = || fs::write(folder.join("data/ziada.parquet"), "?").expect("it is ours");
    extra();
    assert_found(&verified(&folder, Some(&key)), "data/ziada.parquet", "is not in the manifest");
    restore();
    let moved = || fs::remove_file(folder.join("README.md")).expect("it is there");
    forged(&moved, "README.md", "is missing");
    let card = || fs::write(folder.join("README.md"), "# Nzuri\n").expect("it is ours");
    forged(&card, "README.md", "signed was");
    assert_eq!(verified(&folder, Some(&key)).findings, []);
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    hex::encode(sha2::Sha256::digest(bytes))
}

/// Rows of a shard by their decision.
fn read_decisions(path: &Path) -> BTreeMap<String, u64> {
    use arrow::array::AsArray as _;
    let format = kilim_connectors::shards::ShardFormat::of_path(path).expect("a shard");
    let mut counts = BTreeMap::new();
    for batch in kilim_connectors::shards::read_shard(path, format, None).expect("it can be read") {
        let batch = batch.expect("its rows can be read");
        let ids = batch.column_by_name("decision").expect("rows name their decision").as_string::<i32>();
        for id in ids.iter().flatten() {
            *counts.entry(id.to_owned()).or_default() += 1;
        }
    }
    counts
}

fn proof(folder: &Path, id: &str) -> Option<Proof> {
    wait(prove(&Stores::new(), &place(folder), id, &std::env::temp_dir())).expect("the folder is sound")
}

#[test]
fn every_document_is_proven_and_no_altered_proof_holds() {
    let (mut corpus, key) = signed();
    let in_json = corpus.nodes["eu"].replace("max_bytes", "format: jsonl.zst, max_bytes");
    corpus.nodes.insert("eu", in_json);
    corpus.run();
    let ids = corpus.sql("SELECT doc_id, node FROM placements ORDER BY 1, 2");
    assert!(ids.len() > 30, "{}", ids.len());
    for row in &ids {
        let (id, folder) = (&row[0], version(&corpus, &row[1]));
        let bytes = fs::read(folder.join(MANIFEST_FILE)).expect("it is there");
        let found = proof(&folder, id).expect("it is in a shard");
        assert_eq!(&found.leaf.id, id);
        assert_eq!(found.check(&bytes), Vec::<String>::new(), "{id}");
        assert_eq!(Proof::from_bytes(&found.to_bytes()).expect("a proof"), found);
    }
    let (id, folder) = (&ids[0][0], version(&corpus, &ids[0][1]));
    let bytes = fs::read(folder.join(MANIFEST_FILE)).expect("it is there");
    let envelope = fs::read(folder.join(ENVELOPE_FILE)).expect("it is there");
    assert_eq!(check_signature(&envelope, &bytes, &key), None);
    let sound = proof(&folder, id).expect("it is in a shard");
    let text = String::from_utf8(sound.to_bytes()).expect("JSON");
    // Every digit of every hash, id and number, and every letter of every name, changed one at a time.
    let mut changed = 0;
    for (at, letter) in text.char_indices().filter(|(_, letter)| letter.is_ascii_alphanumeric()) {
        let other = if letter == '1' { '2' } else { '1' };
        let mut forged = text.clone();
        forged.replace_range(at..=at, &other.to_string());
        if let Ok(forged) = Proof::from_bytes(forged.as_bytes()) {
            assert_ne!(forged.check(&bytes), Vec::<String>::new(), "{at}: {letter}");
            changed += 1;
        }
    }
    assert!(changed > 300, "{changed} forgeries that can be read");
    assert!(proof(&folder, "ffffffffffffffffffffffffffffffff").is_none());
    let mut edited = manifest(&folder);
    edited.records += 1;
    let edited = edited.to_bytes().expect("JSON");
    assert!(sound.check(&edited)[0].contains("the proof is about"));
    assert!(
        check_signature(&envelope, &edited, &key).is_some_and(|said| said.contains("signs a manifest with"))
    );
}

#[test]
fn a_proof_from_a_shard_that_was_changed_is_refused() {
    let (corpus, _) = signed();
    corpus.run();
    let id = corpus.sql("SELECT min(doc_id) FROM placements WHERE node = 'ke'")[0][0].clone();
    let folder = version(&corpus, "ke");
    let mut edited = manifest(&folder);
    for shard in &mut edited.shards {
        shard.merkle_root = "0".repeat(64);
    }
    write(&folder, &edited);
    let error =
        wait(prove(&Stores::new(), &place(&folder), &id, &std::env::temp_dir())).expect_err("another root");
    assert!(error.to_string().contains("the manifest says 0000"), "{error}");
    let found = verified(&folder, None);
    assert!(found.findings.iter().any(|finding| finding.problem.starts_with("has the Merkle root")));
}

#[test]
fn days_to_come_are_told_and_fail_nothing() {
    let mut corpus = corpus();
    corpus.as_of = "2026-02-28";
    let said = corpus.kilim("run");
    said.done();
    assert!(said.stdout.contains("90 records say that they were fetched after as_of"), "{said:?}");
    let found = verified(&version(&corpus, "ke"), None);
    assert_eq!(found.findings, []);
    let told: Vec<&str> = found.notes.iter().map(|note| note.problem.as_str()).collect();
    assert!(
        told.iter().all(|told| told.ends_with("rows were fetched after as_of, 2026-02-28"))
            && !told.is_empty()
    );

    corpus.as_of = "9998-01-01";
    corpus.run();
    let found = verified(&corpus.path("out/ke/v0002"), None);
    assert_eq!(found.notes.len(), 1, "{:?}", found.notes);
    assert!(found.notes[0].problem.contains("9998-01-01, which has not come yet"));
}

#[test]
fn a_key_in_the_config_is_refused_and_not_shown() {
    let mut corpus = corpus();
    corpus.keys = "signing: \"-----BEGIN PRIVATE KEY-----\\nSIRIYANGU\\n-----END PRIVATE KEY-----\"";
    let said = corpus.kilim("validate");
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.stdout.contains("a key stands in the config"), "{said:?}");
    assert!(!said.stdout.contains("SIRI") && !said.stderr.contains("SIRI"), "{said:?}");
}
