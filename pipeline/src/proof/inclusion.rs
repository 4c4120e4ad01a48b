//! A proof that a document is in a shard, in a file of its own.
//!
//! Who holds the version folder makes it; who holds it checks it with the manifest alone: the leaf's data is hashed, the
//! path leads to a root, and the manifest must name that root for that shard. With a public key the manifest's signature
//! is checked too. Whoever has the row itself can compare its digest with the leaf's; see
//! [`row_digest`](kilim_connectors::shards::row_digest).

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::dsse::{Envelope, EnvelopeError};
use super::keys::PublicKey;
use super::leaf::Leaf;
use super::merkle::{Hash, climb, path, root_of};
use super::statement::{PAYLOAD_TYPE, Statement};
use crate::seal::{MANIFEST_FILE, Manifest, ManifestShard};

/// Version of the proof format.
pub const PROOF_VERSION: u32 = 1;

/// A proof. Hashes are hex.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proof {
    /// Version of this format.
    pub proof_version: u32,
    /// The corpus.
    pub corpus: String,
    /// The node.
    pub node: String,
    /// SHA-256 of the manifest.
    pub manifest_sha256: String,
    /// Path of the shard below the version folder.
    pub shard: String,
    /// Rows of the shard.
    pub rows: u64,
    /// Place of the row in it, from 0.
    pub row: u64,
    /// What the leaf holds.
    pub leaf: Leaf,
    /// Hashes of the trees beside the leaf, from the leaf to the root.
    pub path: Vec<String>,
    /// The root they lead to.
    pub merkle_root: String,
}

/// A proof that cannot be made or proves nothing. Kind: Input.
#[derive(Debug, thiserror::Error)]
pub enum ProofError {
    /// It is no proof.
    #[error("it is no proof: {0}")]
    Json(#[from] serde_json::Error),
    /// It was written by another version.
    #[error("proof version {found} is not known; this is Kilim for version {PROOF_VERSION}")]
    Version {
        /// The version it has.
        found: u32,
    },
    /// The shard is not the one that the manifest names.
    #[error(
        "the rows of {shard} have the Merkle root {found}, the manifest says {said}\nhint: `kilim verify` says what was changed"
    )]
    OtherRoot {
        /// The shard.
        shard: String,
        /// Over its rows.
        found: String,
        /// In the manifest.
        said: String,
    },
}

impl Proof {
    /// Proves the row at `row` of a shard whose leaves are `hashes`, the one at `row` being `leaf`'s.
    ///
    /// # Errors
    /// If the leaves do not lead to the root that the manifest names.
    pub fn new(
        manifest: &Manifest,
        manifest_sha256: &str,
        shard: &ManifestShard,
        hashes: &[Hash],
        row: usize,
        leaf: Leaf,
    ) -> Result<Self, ProofError> {
        let root = hex::encode(root_of(hashes));
        let beside = path(hashes, row).filter(|_| root == shard.merkle_root);
        let Some(beside) = beside else {
            let (shard, said) = (shard.path.clone(), shard.merkle_root.clone());
            return Err(ProofError::OtherRoot { shard, found: root, said });
        };
        Ok(Self {
            proof_version: PROOF_VERSION,
            corpus: manifest.corpus.clone(),
            node: manifest.node.facts.name.clone(),
            manifest_sha256: manifest_sha256.to_owned(),
            shard: shard.path.clone(),
            rows: hashes.len() as u64,
            row: row as u64,
            leaf,
            path: beside.iter().map(hex::encode).collect(),
            merkle_root: root,
        })
    }

    /// The bytes of the file: pretty JSON, a newline at the end.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec_pretty(self).expect("text, numbers and lists always become JSON");
        bytes.push(b'\n');
        bytes
    }

    /// Reads a proof and refuses an unknown version.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ProofError> {
        #[derive(Deserialize)]
        struct Version {
            proof_version: u32,
        }
        let version: Version = serde_json::from_slice(bytes)?;
        if version.proof_version != PROOF_VERSION {
            return Err(ProofError::Version { found: version.proof_version });
        }
        Ok(serde_json::from_slice(bytes)?)
    }

    /// What is wrong with it, by the bytes of the manifest; empty if the document is in that shard.
    pub fn check(&self, manifest_bytes: &[u8]) -> Vec<String> {
        let mut problems = Vec::new();
        let sha256 = hex::encode(Sha256::digest(manifest_bytes));
        if sha256 != self.manifest_sha256 {
            let said = &self.manifest_sha256;
            problems.push(format!("the manifest has sha256 {sha256}, the proof is about {said}"));
        }
        let manifest = match Manifest::from_bytes(manifest_bytes) {
            Ok(manifest) => manifest,
            Err(error) => {
                problems.push(format!("the manifest cannot be read: {error}"));
                return problems;
            }
        };
        if (&self.corpus, &self.node) != (&manifest.corpus, &manifest.node.facts.name) {
            problems.push(format!("it is about node {} of {}", self.node, self.corpus));
        }
        let Some(shard) = manifest.shards.iter().find(|shard| shard.path == self.shard) else {
            problems.push(format!("the manifest has no shard {}", self.shard));
            return problems;
        };
        if shard.rows != self.rows {
            problems.push(format!("{} has {} rows, the proof says {}", shard.path, shard.rows, self.rows));
        }
        if shard.merkle_root != self.merkle_root {
            problems.push(format!(
                "{} has the Merkle root {}, the proof says {}",
                shard.path, shard.merkle_root, self.merkle_root
            ));
        }
        let hashes = self.path.iter().map(|hash| decoded(hash)).collect::<Option<Vec<Hash>>>();
        let root = hashes.and_then(|path| climb(self.leaf.hash(), self.row, self.rows, &path));
        if root.map(hex::encode).as_ref() != Some(&self.merkle_root) {
            problems.push(format!(
                "the path from document {} does not lead to the root: the leaf, its place or the path was changed",
                self.leaf.id
            ));
        }
        problems
    }
}

/// What is wrong with an envelope as a signature by `key` on the manifest with these bytes; none if it is one.
pub fn check_signature(envelope: &[u8], manifest_bytes: &[u8], key: &PublicKey) -> Option<String> {
    let signed = Envelope::from_bytes(envelope).and_then(|envelope| envelope.open(PAYLOAD_TYPE, key));
    let signed = signed.and_then(|payload| {
        serde_json::from_slice::<Statement>(&payload).map_err(|error| EnvelopeError::Form(error.to_string()))
    });
    let sha256 = hex::encode(Sha256::digest(manifest_bytes));
    match signed {
        Err(error) => Some(error.to_string()),
        Ok(statement) => match statement.files().get(MANIFEST_FILE) {
            Some(&signed) if signed == sha256 => None,
            Some(signed) => Some(format!("signs a manifest with sha256 {signed}, this one has {sha256}")),
            None => Some("signs no manifest".to_owned()),
        },
    }
}

/// A hash in lower-case hex: another spelling would be another proof of the same thing.
fn decoded(text: &str) -> Option<Hash> {
    let hash = Hash::try_from(hex::decode(text).ok()?).ok()?;
    (hex::encode(hash) == text).then_some(hash)
}
