//! What a steward writes: the types of `corpus.yaml`. Those of its sources are in `sources.rs`.
//!
//! The doc comments of the fields are the manual: they are in the JSON Schema, which editors show while one writes.
//! Things with identity are maps, ordered things are lists; a source or a step is a map with one key, its kind.
//! Lists whose order means nothing are sets, so that their order changes no digest.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use garde::Validate;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::about::About;
use super::retention::RetentionConfig;
use super::sources::SourceConfig;
use super::step::StepConfig;
use super::values::{
    Area, ByteSize, CorpusName, Country, ExistingPath, Fraction, LanguageCode, LanguageLabel, NodeName,
    SourceName, StepId,
};
use crate::document::Outcome;
use crate::pii::Profile;

/// The version of the config format that this program reads.
pub const VERSION: u32 = 1;

/// A corpus: where documents come from, what happens to them, and which nodes may receive them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct CorpusConfig {
    /// Version of this format: 1.
    #[garde(range(min = VERSION, max = VERSION))]
    #[schemars(range(min = 1, max = 1))]
    pub version: u32,
    /// Name of the corpus: small letters, digits, `-` and `_`.
    #[garde(skip)]
    pub corpus: CorpusName,
    /// The day on which laws, blocs and reservations are read, such as 2026-11-23. Runs never ask the clock.
    #[garde(skip)]
    #[schemars(with = "String", extend("format" = "date"))]
    pub as_of: Date,
    /// Where every random choice starts.
    #[garde(skip)]
    pub random_seed: u64,
    /// The country where this process and its `work_dir` stand: reading a document there is the first border crossing.
    #[garde(skip)]
    pub runs_at: Country,
    /// Folder for the ledger, the documents and the rejects, relative to this file.
    #[garde(skip)]
    pub work_dir: PathBuf,
    /// The largest share of broken records before a finished run is reported as failed.
    #[garde(skip)]
    #[serde(default = "default_max_broken")]
    pub max_broken: Fraction,
    /// Size of the pieces in which files are read, a multiple of 1MiB. Outputs do not depend on it.
    #[garde(custom(is_split_size))]
    #[serde(default = "default_split_bytes")]
    pub split_bytes: ByteSize,
    /// Where documents come from, by name.
    #[garde(dive, length(min = 1))]
    pub sources: BTreeMap<SourceName, SourceConfig>,
    /// What happens to each document, top to bottom. Steps that look at one document come before steps that look at
    /// all of them.
    #[garde(dive, length(min = 1))]
    pub steps: Vec<StepConfig>,
    /// Who may receive shards, by name.
    #[garde(dive, length(min = 1))]
    pub nodes: BTreeMap<NodeName, NodeConfig>,
    /// Cedar policy files, relative to this file. What no policy permits is withheld.
    #[garde(length(min = 1))]
    #[schemars(with = "Vec<ExistingPath>", length(min = 1))]
    pub policies: Vec<PathBuf>,
    /// A table of blocs (bloc, member, from, to), relative to this file, instead of the built-in one.
    #[garde(skip)]
    #[schemars(with = "Option<ExistingPath>")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blocs: Option<PathBuf>,
    /// The removals list, relative to this file: what was asked to be taken down, and stays away. `kilim takedown` adds to
    /// it. Without this, `removals.jsonl` beside this file, if there is one.
    #[garde(skip)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removals: Option<PathBuf>,
    /// Files with keys, relative to this file. What is in them is in no config, log or manifest.
    #[garde(skip)]
    #[serde(default, skip_serializing_if = "KeysConfig::is_empty")]
    pub keys: KeysConfig,
    /// How long texts, old splits and old versions are kept; `kilim gc` removes what is over. Without it, everything is.
    #[garde(skip)]
    #[serde(default, skip_serializing_if = "RetentionConfig::keeps_all")]
    pub retention: RetentionConfig,
    /// Queries over the finished corpus; any row they return is a finding.
    #[garde(dive)]
    #[serde(default)]
    pub checks: Vec<CheckConfig>,
    /// Small pages and what must become of them, for `kilim validate --tests`.
    #[garde(dive)]
    #[serde(default)]
    pub tests: Vec<TestConfig>,
    /// What the papers beside each manifest say about the corpus in its steward's words: title, publisher, licence of the
    /// collection, purpose, limits.
    #[garde(dive)]
    #[serde(default, skip_serializing_if = "About::is_empty")]
    pub about: About,
}

/// Files with keys.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeysConfig {
    /// The private key that signs each node's version: Ed25519 in PEM, as `kilim keygen` writes it. Without one, versions
    /// are unsigned. `kilim run --signing-key` or KILIM_SIGNING_KEY names another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signing: Option<PathBuf>,
    /// The secret behind the salts of Merkle leaves, as `kilim keygen --salts` writes it. Without one, whoever knows a
    /// manifest can compute the salts. Another secret gives other manifests. `kilim run --salts` or KILIM_SALTS names
    /// another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub salts: Option<PathBuf>,
}

impl KeysConfig {
    /// Whether no file is named.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

fn default_max_broken() -> Fraction {
    Fraction::new(0.01).expect("0.01 lies between 0 and 1")
}

fn default_split_bytes() -> ByteSize {
    ByteSize::mib(32)
}

/// Whether `size` can be a split: pieces of a split are hashed in whole mebibytes.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "garde passes references")]
pub(crate) fn is_split_size<C>(size: &ByteSize, _context: &C) -> garde::Result {
    if size.bytes() > 0 && size.bytes().is_multiple_of(ByteSize::MIB.bytes()) {
        return Ok(());
    }
    Err(garde::Error::new(format!("must be a multiple of 1MiB, got {size}")))
}

/// How restricted something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Anyone may have it.
    Open,
    /// Only who the policy names.
    Restricted,
    /// Never leaves the jurisdiction, not even to be processed.
    LocalOnly,
    /// Only for the participants who gave it.
    ParticipantPrivate,
}

impl Mode {
    /// The word in a config and in policies.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Restricted => "restricted",
            Self::LocalOnly => "local-only",
            Self::ParticipantPrivate => "participant-private",
        }
    }
}

/// A sovereign place that receives shards.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct NodeConfig {
    /// The country whose law the node stands under, or EU.
    #[garde(skip)]
    pub jurisdiction: Country,
    /// Countries and blocs whose documents the node may hold.
    #[garde(length(min = 1))]
    pub accepts: BTreeSet<Area>,
    /// The languages it asks for, ISO 639-3, in any script.
    #[garde(length(min = 1))]
    pub languages: BTreeSet<LanguageCode>,
    /// How restricted the node is. A local-only node is served only by runs that stand in its jurisdiction.
    #[garde(skip)]
    pub mode: Mode,
    /// What it does with personal data that `detect_pii` finds: `mask`, `drop` (the document is not for this node) or
    /// `keep`. One word for all kinds, or a map of kinds; `default` is for kinds that are not named.
    #[garde(skip)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pii: Option<Profile>,
    /// Where its shards go, and their form.
    #[garde(dive)]
    pub shards: ShardsConfig,
    /// What is said about it in public: how small a number may be, and where the papers for everyone go.
    #[garde(dive)]
    #[serde(default, skip_serializing_if = "PublicConfig::is_default")]
    pub public: PublicConfig,
}

/// What is said about a node in public. What its mode lets anyone know is in `papers/public` of each version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct PublicConfig {
    /// A folder relative to this file, or a URL, to which a copy of the papers for everyone is written, and nothing else
    /// ever.
    #[garde(inner(length(min = 1)))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The least number that is named unless the node is open: smaller groups are merged, smaller totals left out.
    #[garde(range(min = 2, max = 1_000_000))]
    pub min_count: u64,
}

impl Default for PublicConfig {
    fn default() -> Self {
        Self { url: None, min_count: 10 }
    }
}

impl PublicConfig {
    /// Whether nothing but the default is said.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// Where shards go, and their form.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct ShardsConfig {
    /// A folder relative to this file, or a URL such as file:///srv/ke/corpus or s3://bucket/corpus.
    #[garde(length(min = 1))]
    pub url: String,
    /// The most text in one shard.
    #[garde(custom(is_shard_size))]
    #[serde(default = "default_max_bytes")]
    pub max_bytes: ByteSize,
    /// The file format.
    #[garde(skip)]
    #[serde(default)]
    pub format: ShardFormat,
}

fn default_max_bytes() -> ByteSize {
    ByteSize::mib(512)
}

/// Whether `size` can be a shard: below 1KiB there would be more shards than documents.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "garde passes references")]
pub(crate) fn is_shard_size<C>(size: &ByteSize, _context: &C) -> garde::Result {
    if (ByteSize::KIB..=ByteSize::TIB).contains(size) {
        return Ok(());
    }
    Err(garde::Error::new(format!("must be between 1KiB and 1TiB, got {size}")))
}

/// The file format of shards.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ShardFormat {
    /// Parquet files, columns compressed with zstd.
    #[default]
    #[serde(rename = "parquet")]
    Parquet,
    /// JSON Lines, compressed with zstd.
    #[serde(rename = "jsonl.zst")]
    JsonlZst,
}

/// A query over the finished corpus.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct CheckConfig {
    /// What must hold, as a sentence.
    #[garde(length(min = 1))]
    pub name: String,
    /// One SELECT over `documents` and the other tables of the ledger; any row is a finding.
    #[garde(length(min = 1))]
    pub sql: String,
    /// Whether a finding fails the run.
    #[garde(skip)]
    #[serde(default)]
    pub severity: CheckSeverity,
}

/// Whether a finding of a check fails the run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum CheckSeverity {
    /// It fails the run.
    #[default]
    Error,
    /// It is reported.
    Warning,
}

/// Small pages and what must become of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct TestConfig {
    /// What must hold, as a sentence.
    #[garde(length(min = 1))]
    pub name: String,
    /// The pages.
    #[garde(dive, length(min = 1))]
    pub given: Vec<GivenPage>,
    /// What must become of them: one entry per page, in the same order.
    #[garde(dive, length(min = 1))]
    pub expect: Vec<Expectation>,
}

/// A page of a test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct GivenPage {
    /// Its URL; never fetched.
    #[garde(length(min = 1))]
    pub url: String,
    /// The page as HTML. Give this or `text`.
    #[garde(skip)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub html: Option<String>,
    /// The page as plain text. Give this or `html`.
    #[garde(skip)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Its media type, if it is not the one that `html` or `text` implies.
    #[garde(skip)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// The source it is taken to come from.
    #[garde(skip)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<SourceName>,
    /// The steward who answers for it.
    #[garde(skip)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steward: Option<String>,
    /// The countries that the steward names for it.
    #[garde(skip)]
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub countries: BTreeSet<Country>,
    /// How restricted it is.
    #[garde(skip)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
}

/// What must become of a page of a test. Only what is written is compared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct Expectation {
    /// Its outcome.
    #[garde(skip)]
    pub outcome: Outcome,
    /// Id of the step that must have said no.
    #[garde(skip)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<StepId>,
    /// Its language, ISO 639-3, with or without a script: `swa`, `swa_Latn`.
    #[garde(skip)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lang: Option<LanguageLabel>,
    /// All the nodes that must receive it.
    #[garde(skip)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nodes: Option<BTreeSet<NodeName>>,
    /// SPDX id of the licence that must be found.
    #[garde(skip)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub license: Option<String>,
}
