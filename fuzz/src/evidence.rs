//! The law of what an auditor is handed: envelopes, proofs, decision logs, manifests and keys.
//!
//! The input is read as each of them. Whatever is accepted is written back as the same bytes, so nothing can hide in it, and
//! nothing but the sample passes for what was signed or proven.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use kilim::config::About;
use kilim::policy::{NodeFacts, read_log, write_rows};
use kilim::proof::merkle::root_of;
use kilim::proof::{Envelope, Leaf, PAYLOAD_TYPE, Proof, PublicKey, SALTS_FILE, Salts, Signer, Statement};
use kilim::seal::{
    ENGINE, FileDigest, MANIFEST_VERSION, Manifest, ManifestNode, ManifestResidency, ManifestSalts,
    ManifestShard, card, read_removed, removed_bytes,
};

/// Rows of the sample's shard.
const ROWS: usize = 5;

/// A line of a log, as the engine writes it.
const LINE: &str = concat!(
    r#"{"id":"bb9490342bd09a2f","node":"ke","attributes":{"cluster_jurisdictions":["KE"],"community":["ጉራጌ"],"#,
    r#""jurisdictions":["KE"],"license_tier":4,"mode":"open","optout_train":"unknown","personal":false,"#,
    r#""source":"crawl","steward":""},"allowed":true,"determining":[{"id":"a","because":"kwa sababu"}],"#,
    r#""errors":[],"count":3,"grounds":{"engine":"kilim","policies":"00","schema":"00"}}"#,
    "\n"
);

struct Sample {
    key: PublicKey,
    envelope: Envelope,
    payload: Vec<u8>,
    manifest: Vec<u8>,
    proof: Proof,
}

static SAMPLE: LazyLock<Sample> = LazyLock::new(|| {
    let leaves: Vec<Leaf> = (0..ROWS).map(leaf).collect();
    let hashes: Vec<_> = leaves.iter().map(Leaf::hash).collect();
    let manifest = manifest(hex(&root_of(&hashes)));
    let bytes = manifest.to_bytes().expect("it is JSON");
    let signer = Signer::from_secret(&[7; 32]);
    let card = card(&manifest, Some(&signer.public().id()));
    let envelope = Statement::of(&manifest, &"0".repeat(64), card.as_bytes()).sign(&signer);
    let payload = envelope.open(PAYLOAD_TYPE, &signer.public()).expect("it was just signed");
    let proof = Proof::new(&manifest, &sha256(&bytes), &manifest.shards[0], &hashes, 2, leaves[2].clone());
    Sample {
        key: signer.public(),
        envelope,
        payload,
        manifest: bytes,
        proof: proof.expect("the root is its own"),
    }
});

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string grows");
        text
    })
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    hex(&sha2::Sha256::digest(bytes))
}

fn leaf(row: usize) -> Leaf {
    let digest = |what: &str| blake3::hash(format!("{what} {row}").as_bytes()).to_hex().to_string();
    Leaf {
        decision: digest("d")[..16].to_owned(),
        id: digest("i")[..32].to_owned(),
        row: digest("r"),
        salt: digest("s"),
    }
}

fn manifest(merkle_root: String) -> Manifest {
    let file = |path: &str| FileDigest { path: path.to_owned(), sha256: "0".repeat(64) };
    let facts = NodeFacts {
        name: "ke".to_owned(),
        jurisdiction: "KE".to_owned(),
        mode: "open".to_owned(),
        accepts: ["KE".to_owned()].into(),
    };
    let rows = ROWS as u64;
    Manifest {
        manifest_version: MANIFEST_VERSION,
        engine: ENGINE.to_owned(),
        corpus: "jaribio".to_owned(),
        node: ManifestNode { facts, languages: vec!["amh".to_owned()], pii: None },
        as_of: "2026-11-23".to_owned(),
        random_seed: 7,
        runs_at: "KE".to_owned(),
        run_kind: "local".to_owned(),
        config_digest: String::new(),
        policies: vec![file("policies/residency.cedar")],
        policies_digest: String::new(),
        models: Vec::new(),
        seeds_digest: None,
        sources: BTreeMap::new(),
        inputs: Vec::new(),
        books: BTreeMap::from([("sharded".to_owned(), rows)]),
        records: rows,
        rows,
        text_chars: 50,
        languages: BTreeMap::from([("amh_Ethi".to_owned(), rows)]),
        decisions: file("decisions.jsonl"),
        salts: ManifestSalts { path: SALTS_FILE.to_owned(), sha256: "0".repeat(64), secret: true },
        residency: ManifestResidency::default(),
        about: About::default(),
        papers: vec![file("croissant.json")],
        shards: vec![ManifestShard {
            path: "data/amh_Ethi/train-00000-of-00001.parquet".to_owned(),
            lang: "amh_Ethi".to_owned(),
            bytes: 1,
            sha256: "0".repeat(64),
            rows,
            text_chars: 50,
            columns: BTreeMap::new(),
            merkle_root,
        }],
        removed: None,
    }
}

/// Panics if the promises of `kilim::proof`, of decision logs and of manifests do not hold for these bytes.
pub fn holds(data: &[u8]) {
    let sample = &*SAMPLE;
    if let Ok(envelope) = Envelope::from_bytes(data) {
        assert_eq!(envelope.to_bytes(), data, "an envelope in another spelling");
        if let Ok(payload) = envelope.open(PAYLOAD_TYPE, &sample.key) {
            assert!(payload == sample.payload, "a forged envelope");
        }
    }
    if let Ok(proof) = Proof::from_bytes(data) {
        let again = Proof::from_bytes(&proof.to_bytes()).expect("it was written by us");
        assert_eq!(again, proof);
        let holds = proof.check(&sample.manifest).is_empty();
        assert_eq!(holds, proof == sample.proof, "a forged proof");
        let _ = proof.check(data);
    }
    assert!(!sample.proof.check(data).is_empty() || data == sample.manifest.as_slice(), "another manifest");
    let (lines, problems) = read_log(data);
    if problems.is_empty() {
        let rows: Vec<_> = lines.into_iter().map(|line| line.row).collect();
        let mut written = Vec::new();
        write_rows(&rows, &mut written).expect("memory can be written");
        assert_eq!(written, data, "a log in another spelling");
    }
    if let Ok(lines) = read_removed(data) {
        assert_eq!(removed_bytes(&lines), data, "lines of what was removed in another spelling");
    }
    if let Some(salts) = Salts::from_bytes(data) {
        assert_eq!(salts.to_bytes(), data, "a salt key in another spelling");
    }
    if let Ok(key) = PublicKey::from_pem(&String::from_utf8_lossy(data)) {
        assert_eq!(PublicKey::from_pem(&key.to_pem()), Ok(key));
    }
}

/// Inputs to start from.
pub(crate) fn samples() -> Vec<(String, Vec<u8>)> {
    let sample = &*SAMPLE;
    let other = LINE.replace("\"ke\"", "\"tz\"");
    vec![
        ("envelope".to_owned(), sample.envelope.to_bytes()),
        ("proof".to_owned(), sample.proof.to_bytes()),
        ("manifest".to_owned(), sample.manifest.clone()),
        ("log".to_owned(), format!("{LINE}{other}").into_bytes()),
        ("salts".to_owned(), Salts::new([7; 32]).to_bytes()),
        ("key".to_owned(), sample.key.to_pem().into_bytes()),
    ]
}
