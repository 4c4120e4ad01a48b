//! The manifest: a node's commit.
//!
//! It says what the shards are, what they were made from and by which rules, and how the books balance from this
//! node's point of view. It holds nothing about other nodes, no host, no clock and no path of the machine: the same
//! inputs and config give the same bytes.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::config::About;
use crate::policy::NodeFacts;

/// Version of the manifest format.
pub const MANIFEST_VERSION: u32 = 3;

/// Engine and version, as manifests name it.
pub const ENGINE: &str = concat!("kilim ", env!("CARGO_PKG_VERSION"));

/// The file name of a manifest in its version folder.
pub const MANIFEST_FILE: &str = "manifest.json";

/// The card of a version folder.
pub const CARD_FILE: &str = "README.md";

/// A node's commit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Version of this format.
    pub manifest_version: u32,
    /// Engine and version.
    pub engine: String,
    /// Name of the corpus.
    pub corpus: String,
    /// The node.
    pub node: ManifestNode,
    /// The day on which laws, blocs and reservations were read.
    pub as_of: String,
    /// Where every random choice started.
    pub random_seed: u64,
    /// The country where the run stood.
    pub runs_at: String,
    /// `local` if every document was processed at the node's own jurisdiction, else `shared`.
    pub run_kind: String,
    /// BLAKE3 of the part of the config that this node's bytes depend on.
    pub config_digest: String,
    /// Policy files beside this manifest.
    pub policies: Vec<FileDigest>,
    /// Digest over all policies.
    pub policies_digest: String,
    /// Models and tables that steps read.
    pub models: Vec<NamedDigest>,
    /// Digest of the seeds, if the config has any.
    pub seeds_digest: Option<String>,
    /// Where documents come from, by name in the config.
    pub sources: BTreeMap<String, ManifestSource>,
    /// The crawl files, by name.
    pub inputs: Vec<InputDigest>,
    /// What became of every record, from this node's point of view. Sums to `records`.
    pub books: BTreeMap<String, u64>,
    /// Records and damaged ranges read.
    pub records: u64,
    /// Rows in all shards.
    pub rows: u64,
    /// Characters of text in all shards.
    pub text_chars: u64,
    /// Rows by language.
    pub languages: BTreeMap<String, u64>,
    /// One line per distinct tuple of policy attributes among the rows.
    pub decisions: FileDigest,
    /// The key under which leaves of the shards' Merkle trees are salted.
    pub salts: ManifestSalts,
    /// Where these rows may be, by the policies beside this manifest.
    pub residency: ManifestResidency,
    /// What the steward says of the corpus.
    #[serde(default, skip_serializing_if = "About::is_empty")]
    pub about: About,
    /// Papers about this version, by path: what it is in the words of others' standards.
    pub papers: Vec<FileDigest>,
    /// The shards, by path.
    pub shards: Vec<ManifestShard>,
    /// What was taken out of earlier versions, if this one was made by a takedown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removed: Option<ManifestRemoved>,
}

/// What a takedown took out of earlier versions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestRemoved {
    /// A line for each document: see [`RemovedLine`](super::RemovedLine). Below the version folder.
    pub path: String,
    /// SHA-256 of that file, hex.
    pub sha256: String,
    /// Its lines.
    pub documents: u64,
    /// Name of the version that this one replaces, such as `v0001`.
    pub replaces: String,
    /// SHA-256 of that version's manifest, hex.
    pub replaces_sha256: String,
}

/// Where documents come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestSource {
    /// `warc`, `documents` or `seeds`.
    pub kind: String,
    /// Name of the crawl.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crawl: Option<String>,
    /// Who answers for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steward: Option<String>,
}

/// Where the rows of a version may be. Countries are asked that the node's word, a row or a policy names; of others
/// nothing is said.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestResidency {
    /// The node's own jurisdiction and, unless it is local-only, those of the countries it accepts in which a node that
    /// gives its word could hold every row.
    pub storage_allowed: BTreeSet<String>,
    /// Countries in which a node that gives the same word could not hold one of the rows at least.
    pub storage_forbidden: BTreeSet<String>,
    /// Of the countries above all in which every row may be worked on; a local-only node's rows only at home.
    pub processing_included: BTreeSet<String>,
    /// Countries in which one of the rows at least may not be worked on.
    pub processing_excluded: BTreeSet<String>,
}

/// The node of a manifest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestNode {
    /// What policies see of it, blocs spelled out.
    pub facts: NodeFacts,
    /// Languages it asks for.
    pub languages: Vec<String>,
    /// What was done with personal data; none if nobody looked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pii: Option<ManifestPii>,
}

/// What was done with personal data: counts, never values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestPii {
    /// `mask`, `drop` or `keep`, by kind.
    pub treatment: BTreeMap<String, String>,
    /// Least confidence of a find in a text.
    pub min_confidence: f32,
    /// Masks in all shards, by kind: in texts, titles, URLs and attributions.
    pub masked: BTreeMap<String, u64>,
}

/// A file beside the manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileDigest {
    /// Path below the version folder.
    pub path: String,
    /// SHA-256, hex.
    pub sha256: String,
}

/// The salt key beside the manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestSalts {
    /// Path below the version folder.
    pub path: String,
    /// SHA-256, hex.
    pub sha256: String,
    /// Whether it comes of a secret. Else anyone can compute it who knows this manifest, and a root of few rows, or a proof,
    /// tells whoever guesses a text whether it is there.
    pub secret: bool,
}

/// Something with a name and a digest.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedDigest {
    /// What it is.
    pub name: String,
    /// BLAKE3, hex.
    pub blake3: String,
}

/// A crawl file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputDigest {
    /// Path relative to the config, or URL.
    pub name: String,
    /// Name of its source in the config.
    pub source: String,
    /// Bytes.
    pub bytes: u64,
    /// BLAKE3 of the whole file, as `b3sum` prints it.
    pub blake3: String,
    /// Records and damaged ranges.
    pub records: u64,
}

/// A shard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestShard {
    /// Path below the version folder.
    pub path: String,
    /// Language of its rows.
    pub lang: String,
    /// Bytes.
    pub bytes: u64,
    /// SHA-256 of the file, hex.
    pub sha256: String,
    /// Rows.
    pub rows: u64,
    /// Characters of text.
    pub text_chars: u64,
    /// SHA-256 over the values of a column, by column; see `ColumnDigest` in kilim-connectors.
    pub columns: BTreeMap<String, String>,
    /// Root of the RFC 6962 tree over its rows, hex; see [`Leaf`](crate::proof::Leaf).
    pub merkle_root: String,
}

impl Manifest {
    /// The bytes of the file: pretty JSON, a newline at the end.
    pub fn to_bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut bytes = serde_json::to_vec_pretty(self)?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// All files that it lists, with their SHA-256: everything in the version folder but itself, its signature and the
    /// card.
    pub fn files(&self) -> impl Iterator<Item = (&str, &str)> {
        let shards = self.shards.iter().map(|shard| (shard.path.as_str(), shard.sha256.as_str()));
        let others = self.policies.iter().chain([&self.decisions]).chain(&self.papers);
        let others = others.map(|file| (file.path.as_str(), file.sha256.as_str()));
        let removed = self.removed.iter().map(|file| (file.path.as_str(), file.sha256.as_str()));
        let others = others.chain(removed);
        shards.chain(others).chain([(self.salts.path.as_str(), self.salts.sha256.as_str())])
    }

    /// Whether `other` holds the same rows, by the same rules, of the same inputs: it differs from this manifest in nothing, or in
    /// what only the order of a takedown and a run tells. A run does not know what was published before. A takedown knows
    /// neither which documents were copies of those that went, so that they are withheld now, nor which masks were laid and
    /// which stood in the text, and writes no papers. And a node that held nothing of what went has books of the time before.
    pub fn has_the_rows_of(&self, other: &Self) -> bool {
        let plain = |manifest: &Self| {
            let mut plain =
                Self { removed: None, books: BTreeMap::new(), papers: Vec::new(), ..manifest.clone() };
            if let Some(pii) = &mut plain.node.pii {
                pii.masked.clear();
            }
            plain
        };
        plain(self) == plain(other)
    }

    /// Reads a manifest and refuses an unknown version.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ManifestError> {
        #[derive(Deserialize)]
        struct Version {
            manifest_version: u32,
        }
        let version: Version = serde_json::from_slice(bytes)?;
        if version.manifest_version != MANIFEST_VERSION {
            return Err(ManifestError::Version { found: version.manifest_version });
        }
        Ok(serde_json::from_slice(bytes)?)
    }
}

/// A manifest cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// It is no manifest.
    #[error("it is no manifest: {0}")]
    Json(#[from] serde_json::Error),
    /// It was written by another version.
    #[error("manifest version {found} is not known; this is Kilim for version {MANIFEST_VERSION}")]
    Version {
        /// The version it has.
        found: u32,
    },
}
