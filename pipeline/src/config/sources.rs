//! Where documents come from: the types of `sources:`.

use std::collections::BTreeSet;
use std::path::PathBuf;

use garde::Validate;
use kilim_connectors::documents::{FieldMap, Role};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::lists::Countries;
use super::types::Mode;
use super::values::{CommunityName, Country, ExistingPath, FieldPath};

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
