//! What a signature says: an in-toto Statement, version 1, about every file of a version folder.
//!
//! Its subjects are the manifest, the card and all that the manifest lists, with their SHA-256. Its predicate says in a few
//! words what the files are: a node's version, and under which rules it was made. <https://in-toto.io/Statement/v1>

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::dsse::Envelope;
use super::keys::Signer;
use crate::policy::NodeFacts;
use crate::seal::{CARD_FILE, MANIFEST_FILE, Manifest};

/// The signature beside a manifest.
pub const ENVELOPE_FILE: &str = "manifest.dsse.json";

/// What an envelope around a statement says it holds.
pub const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// The type of a statement.
const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";

/// The type of [`Predicate`].
const PREDICATE_TYPE: &str = "https://github.com/kilim-data/kilim/residency/v2";

/// A statement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    #[serde(rename = "_type")]
    kind: String,
    subject: Vec<Subject>,
    #[serde(rename = "predicateType")]
    predicate_type: String,
    predicate: Predicate,
}

/// A file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Subject {
    /// Path below the version folder.
    name: String,
    digest: SubjectDigest,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SubjectDigest {
    sha256: String,
}

/// What the files are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Predicate {
    engine: String,
    corpus: String,
    node: NodeFacts,
    as_of: String,
    runs_at: String,
    run_kind: String,
    policies_digest: String,
    /// What it was made from.
    materials: Vec<Material>,
    /// What came out besides files.
    byproducts: Byproducts,
}

/// An input, as SLSA's provenance describes resources.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Material {
    name: String,
    digest: BTreeMap<String, String>,
}

/// Counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Byproducts {
    records: u64,
    rows: u64,
    books: BTreeMap<String, u64>,
}

fn materials(manifest: &Manifest) -> Vec<Material> {
    let inputs = manifest.inputs.iter().map(|input| (&input.name, &input.blake3));
    let models = manifest.models.iter().map(|model| (&model.name, &model.blake3));
    let seeds_name = "seeds".to_owned();
    let seeds = manifest.seeds_digest.iter().map(|digest| (&seeds_name, digest));
    let material = |(name, blake3): (&String, &String)| Material {
        name: name.clone(),
        digest: BTreeMap::from([("blake3".to_owned(), blake3.clone())]),
    };
    inputs.chain(models).chain(seeds).map(material).collect()
}

impl Statement {
    /// The statement about the version that `manifest` describes, whose card is `card`.
    pub fn of(manifest: &Manifest, manifest_sha256: &str, card: &[u8]) -> Self {
        let mut files: BTreeMap<String, String> =
            manifest.files().map(|(path, sha256)| (path.to_owned(), sha256.to_owned())).collect();
        files.insert(MANIFEST_FILE.to_owned(), manifest_sha256.to_owned());
        files.insert(CARD_FILE.to_owned(), hex::encode(Sha256::digest(card)));
        let subject =
            files.into_iter().map(|(name, sha256)| Subject { name, digest: SubjectDigest { sha256 } });
        Self {
            kind: STATEMENT_TYPE.to_owned(),
            subject: subject.collect(),
            predicate_type: PREDICATE_TYPE.to_owned(),
            predicate: Predicate {
                engine: manifest.engine.clone(),
                corpus: manifest.corpus.clone(),
                node: manifest.node.facts.clone(),
                as_of: manifest.as_of.clone(),
                runs_at: manifest.runs_at.clone(),
                run_kind: manifest.run_kind.clone(),
                policies_digest: manifest.policies_digest.clone(),
                materials: materials(manifest),
                byproducts: Byproducts {
                    records: manifest.records,
                    rows: manifest.rows,
                    books: manifest.books.clone(),
                },
            },
        }
    }

    /// Signs it.
    pub fn sign(&self, signer: &Signer) -> Envelope {
        let payload = serde_json::to_vec(self).expect("a statement is text, numbers and lists");
        Envelope::sign(PAYLOAD_TYPE, &payload, signer)
    }

    /// The files and their SHA-256, by path.
    pub fn files(&self) -> BTreeMap<&str, &str> {
        self.subject.iter().map(|file| (file.name.as_str(), file.digest.sha256.as_str())).collect()
    }

    /// What this statement, which was signed, says otherwise than `actual`, which describes the folder: file and problem.
    pub fn differences(&self, actual: &Self) -> Vec<(String, String)> {
        let mut found = Vec::new();
        let (signed, mut there) = (self.files(), actual.files());
        if signed.len() != self.subject.len() {
            found.push((ENVELOPE_FILE.to_owned(), "signs a file twice".to_owned()));
        }
        for (path, sha256) in signed {
            match there.remove(path) {
                Some(now) if now == sha256 => {}
                Some(now) => {
                    found.push((path.to_owned(), format!("sha256 is {now}, signed was {sha256}")));
                }
                None => {
                    found.push((path.to_owned(), "was signed, and the manifest does not list it".to_owned()));
                }
            }
        }
        for path in there.into_keys() {
            found.push((path.to_owned(), "is in the manifest, and was not signed".to_owned()));
        }
        if (&self.kind, &self.predicate_type, &self.predicate)
            != (&actual.kind, &actual.predicate_type, &actual.predicate)
        {
            let problem = "signs another node, rule or count than the manifest names";
            found.push((ENVELOPE_FILE.to_owned(), problem.to_owned()));
        }
        found
    }
}

/// The signature beside the papers for everyone.
pub const PUBLIC_ENVELOPE_FILE: &str = "public.dsse.json";

/// The type of [`PublicPredicate`].
const PUBLIC_PREDICATE_TYPE: &str = "https://github.com/kilim-data/kilim/public/v1";

/// What is attested to everyone: these papers are those of this node's version. It names no other file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublicStatement {
    #[serde(rename = "_type")]
    kind: String,
    subject: Vec<Subject>,
    #[serde(rename = "predicateType")]
    predicate_type: String,
    predicate: PublicPredicate,
}

/// What the papers are about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PublicPredicate {
    engine: String,
    corpus: String,
    node: NodeFacts,
    as_of: String,
    runs_at: String,
    run_kind: String,
    policies_digest: String,
}

impl PublicStatement {
    /// The statement about papers, by name with their SHA-256, of the version that `manifest` describes.
    pub fn of(manifest: &Manifest, papers: Vec<(String, String)>) -> Self {
        let subject =
            papers.into_iter().map(|(name, sha256)| Subject { name, digest: SubjectDigest { sha256 } });
        Self {
            kind: STATEMENT_TYPE.to_owned(),
            subject: subject.collect(),
            predicate_type: PUBLIC_PREDICATE_TYPE.to_owned(),
            predicate: PublicPredicate {
                engine: manifest.engine.clone(),
                corpus: manifest.corpus.clone(),
                node: manifest.node.facts.clone(),
                as_of: manifest.as_of.clone(),
                runs_at: manifest.runs_at.clone(),
                run_kind: manifest.run_kind.clone(),
                policies_digest: manifest.policies_digest.clone(),
            },
        }
    }

    /// Signs it.
    pub fn sign(&self, signer: &Signer) -> Envelope {
        let payload = serde_json::to_vec(self).expect("a statement is text and lists");
        Envelope::sign(PAYLOAD_TYPE, &payload, signer)
    }
}
