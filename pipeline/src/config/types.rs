//! What a steward writes: the types of `corpus.yaml`.
//!
//! The doc comments of the fields are the manual: they are in the JSON Schema, which editors show while one writes.
//! Things with identity are maps, ordered things are lists; a source or a step is a map with one key, its kind.
//! Lists whose order means nothing are sets, so that their order changes no digest.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use garde::Validate;
use jiff::civil::Date;
use kilim_connectors::documents::{FieldMap, Role};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::lists::Countries;
use super::step::StepConfig;
use super::values::{
    Area, ByteSize, CommunityName, CorpusName, Country, Fraction, LanguageCode, LanguageLabel,
};
use super::values::{ExistingPath, FieldPath, NodeName, SourceName, StepId};
use crate::document::Outcome;

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
    /// Queries over the finished corpus; any row they return is a finding.
    #[garde(dive)]
    #[serde(default)]
    pub checks: Vec<CheckConfig>,
    /// Small pages and what must become of them, for `kilim validate --tests`.
    #[garde(dive)]
    #[serde(default)]
    pub tests: Vec<TestConfig>,
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

/// One source: a map with one key, its kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::large_enum_variant, reason = "a config has a handful of sources, and each is read once")]
pub enum SourceConfig {
    /// WARC files of a crawl.
    Warc(#[garde(dive)] WarcSource),
    /// Documents of an existing corpus, in JSON lines or Parquet.
    Documents(#[garde(dive)] DocumentsSource),
    /// URLs given by a language community.
    Seeds(#[garde(dive)] SeedsSource),
}

impl SourceConfig {
    /// The files to read, and the name of the crawl they come from; none for lists of seeds.
    pub fn files(&self) -> Option<(&[String], Option<&str>)> {
        match self {
            Self::Warc(source) => Some((&source.paths, source.crawl.as_deref())),
            Self::Documents(source) => Some((&source.paths, source.crawl.as_deref())),
            Self::Seeds(_) => None,
        }
    }

    /// How restricted its documents are, where the steward said so.
    pub fn mode(&self) -> Option<Mode> {
        match self {
            Self::Warc(source) => source.mode,
            Self::Documents(source) => source.mode,
            Self::Seeds(source) => source.mode,
        }
    }

    /// Who answers for it.
    pub fn steward(&self) -> Option<&str> {
        match self {
            Self::Warc(source) => source.steward.as_deref(),
            Self::Documents(source) => source.steward.as_deref(),
            Self::Seeds(source) => source.steward.as_deref(),
        }
    }

    /// The countries whose law binds its documents by steward's word or contract.
    pub fn countries(&self) -> &BTreeSet<Country> {
        match self {
            Self::Warc(source) => source.country.as_set(),
            Self::Documents(source) => source.country.as_set(),
            Self::Seeds(source) => source.country.as_set(),
        }
    }

    /// Whether it holds personal data, where the steward said so.
    pub fn personal(&self) -> Option<bool> {
        match self {
            Self::Warc(source) => source.personal,
            Self::Documents(source) => source.personal,
            Self::Seeds(source) => source.personal,
        }
    }

    /// The communities it belongs to.
    pub fn community(&self) -> &BTreeSet<CommunityName> {
        match self {
            Self::Warc(source) => &source.community,
            Self::Documents(source) => &source.community,
            Self::Seeds(source) => &source.community,
        }
    }
}

/// WARC files of a crawl.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct WarcSource {
    /// Files, patterns such as `crawl/*.warc.gz`, URLs, or lists of paths (`warc.paths.gz`); relative to this file.
    #[garde(length(min = 1), inner(length(min = 1)))]
    pub paths: Vec<String>,
    /// Name of the crawl, such as CC-MAIN-2026-38.
    #[garde(skip)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crawl: Option<String>,
    /// How restricted its documents are; policies read it.
    #[garde(skip)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
    /// Who answers for this source.
    #[garde(skip)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steward: Option<String>,
    /// Countries whose law binds every document of this source by contract: one, or a list.
    #[garde(skip)]
    #[serde(default, skip_serializing_if = "Countries::is_empty")]
    pub country: Countries,
    /// Whether the source holds personal data; policies read it.
    #[garde(skip)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub personal: Option<bool>,
    /// Communities that the documents belong to; policies read them.
    #[garde(skip)]
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub community: BTreeSet<CommunityName>,
}

/// Documents of an existing corpus, in JSON lines or Parquet: what datatrove, Dolma or a Hugging Face export wrote, or
/// shards of our own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct DocumentsSource {
    /// Files, patterns such as `corpus/*.jsonl.zst`, URLs, or lists of paths (`corpus.paths`); relative to this file.
    #[garde(length(min = 1), inner(length(min = 1)))]
    pub paths: Vec<String>,
    /// What the files are. How JSON lines are packed (gzip, zstd, not at all) is always told by their first bytes.
    #[garde(skip)]
    #[serde(default)]
    pub format: DocumentFormat,
    /// Where things stand in a document, where that is not where datatrove, FineWeb, Dolma or our own shards have them.
    #[garde(skip)]
    #[serde(default, skip_serializing_if = "DocumentFields::is_empty")]
    pub fields: DocumentFields,
    /// Name of the crawl, for documents that name none.
    #[garde(skip)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crawl: Option<String>,
    /// How restricted its documents are; policies read it.
    #[garde(skip)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
    /// Who answers for this source.
    #[garde(skip)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steward: Option<String>,
    /// Countries whose law binds every document of this source by contract: one, or a list.
    #[garde(skip)]
    #[serde(default, skip_serializing_if = "Countries::is_empty")]
    pub country: Countries,
    /// Whether the source holds personal data; policies read it.
    #[garde(skip)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub personal: Option<bool>,
    /// Communities that the documents belong to; policies read them.
    #[garde(skip)]
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub community: BTreeSet<CommunityName>,
}

/// What the files of a source of documents are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DocumentFormat {
    /// Each file's first bytes tell.
    #[default]
    Auto,
    /// One JSON object a line, plain or packed with gzip or zstd.
    Jsonl,
    /// Parquet, one document a row.
    Parquet,
}

/// Where things stand in a document: the name of a field, with dots between a map and what is in it. A field that is
/// named here for one thing is not looked at for another.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DocumentFields {
    /// The text; else `text`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<FieldPath>,
    /// The id that its corpus gave it; else `id`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<FieldPath>,
    /// Its URL; else `url`, `metadata.url` or `metadata.warc_url`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<FieldPath>,
    /// When it was fetched: RFC 3339, a day, or seconds or milliseconds since 1970; else `fetched_at`, `date`,
    /// `metadata.date`, `metadata.warc_date`, `timestamp` or `added`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date: Option<FieldPath>,
    /// Its title; else `title` or `metadata.title`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<FieldPath>,
    /// Its language as declared, kept in `declared_lang`; else `lang`, `language` or `metadata.language`. It never
    /// stands in for `identify_language`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lang: Option<FieldPath>,
    /// The crawl it comes from; else `dump` or `metadata.dump`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crawl: Option<FieldPath>,
    /// Its licence, an SPDX id or a URL, which `tag_license` judges; else `license` or `metadata.license`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub license: Option<FieldPath>,
    /// Whom to credit; else `attribution` or `metadata.attribution`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attribution: Option<FieldPath>,
    /// The file it was made from, kept in `refers_to`; else `file_path`, `metadata.file_path` or
    /// `metadata.warc_filename`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub made_from: Option<FieldPath>,
    /// Countries whose law binds it, a list or a text with commas, which count as the source's contract does; else
    /// `jurisdictions`, as our own shards have them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jurisdictions: Option<FieldPath>,
}

impl DocumentFields {
    /// Whether nothing is named.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The map that readers follow.
    pub fn map(&self) -> FieldMap {
        let named = [
            (Role::Text, &self.text),
            (Role::Id, &self.id),
            (Role::Url, &self.url),
            (Role::Date, &self.date),
            (Role::Title, &self.title),
            (Role::Lang, &self.lang),
            (Role::Crawl, &self.crawl),
            (Role::License, &self.license),
            (Role::Attribution, &self.attribution),
            (Role::MadeFrom, &self.made_from),
            (Role::Jurisdictions, &self.jurisdictions),
        ];
        let named = named.into_iter().filter_map(|(role, path)| Some((role, path.as_ref()?.to_string())));
        FieldMap::new(&named.collect()).expect("a FieldPath was checked by the same rule")
    }
}

/// URLs given by a language community.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct SeedsSource {
    /// A CSV, JSON Lines or Parquet file, or a folder of web-languages pages; relative to this file.
    #[garde(skip)]
    #[schemars(with = "ExistingPath")]
    pub file: PathBuf,
    /// Who answers for these seeds.
    #[garde(skip)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steward: Option<String>,
    /// Countries whose law binds these documents by the steward's word: one, or a list.
    #[garde(skip)]
    #[serde(default, skip_serializing_if = "Countries::is_empty")]
    pub country: Countries,
    /// How restricted the documents are; policies read it.
    #[garde(skip)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
    /// Whether the documents hold personal data; policies read it.
    #[garde(skip)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub personal: Option<bool>,
    /// Communities that the documents belong to; policies read them.
    #[garde(skip)]
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub community: BTreeSet<CommunityName>,
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
    /// Where its shards go, and their form.
    #[garde(dive)]
    pub shards: ShardsConfig,
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
