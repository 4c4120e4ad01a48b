//! The document: its columns, and the view of one row that steps work on.
//!
//! A document is the row made of one WARC record. Column names are a contract: they are the same in the work
//! directory, in `kilim sql` and in policies, and they are named here once. Steps never see Arrow; they see a
//! [`Page`], which borrows what the record said and owns what steps add.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use kilim_connectors::signals::Evidence;
use kilim_langid::LangTag;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::lists::Found;
use crate::pii::Span;
use crate::quality::Signals;

mod schema;

pub use schema::{
    SIGNAL_SET_KEY, claim_fields, derived_columns, document_schema, given_fields, optout_fields, pii_fields,
    provenance_columns, reason_fields, record_schema, signal_fields, site_file_fields, split_end_fields,
};

/// Names of columns.
pub mod column {
    #![expect(missing_docs, reason = "each constant is its own name; types are in `document_schema`")]
    pub const INPUT: &str = "input";
    pub const WARC_OFFSET: &str = "warc_offset";
    pub const INNER_OFFSET: &str = "inner_offset";
    pub const DOC_ID: &str = "doc_id";
    pub const RECORD_TYPE: &str = "record_type";
    pub const RECORD_ID: &str = "record_id";
    pub const URL: &str = "url";
    pub const SURT: &str = "surt";
    pub const HOST: &str = "host";
    pub const REGISTERED_DOMAIN: &str = "registered_domain";
    pub const FETCHED_AT: &str = "fetched_at";
    pub const IP: &str = "ip";
    pub const CRAWL: &str = "crawl";
    pub const SOURCE: &str = "source";
    pub const WARC_FILE: &str = "warc_file";
    pub const WARC_LENGTH: &str = "warc_length";
    pub const PAYLOAD_DIGEST: &str = "payload_digest";
    pub const REFERS_TO: &str = "refers_to";
    pub const HTTP_STATUS: &str = "http_status";
    pub const CONTENT_TYPE: &str = "content_type";
    pub const CHARSET: &str = "charset";
    pub const CHARSET_SOURCE: &str = "charset_source";
    pub const DECODE_ERRORS: &str = "decode_errors";
    pub const TRUNCATED: &str = "truncated";
    pub const SEED_ID: &str = "seed_id";
    pub const STEWARD: &str = "steward";
    pub const DECLARED_LANG: &str = "declared_lang";
    /// A file of a host that says who may do what with its pages: which, and its body. Not in the table `documents`.
    pub const SITE_FILE: &str = "site_file";
    pub const TITLE: &str = "title";
    pub const TEXT: &str = "text";
    pub const HTML_LANG: &str = "html_lang";
    pub const EXTRACTOR: &str = "extractor";
    pub const BLOCKS: &str = "blocks";
    pub const LANG: &str = "lang";
    pub const LANG_CONFIDENCE: &str = "lang_confidence";
    pub const LANG_MARGIN: &str = "lang_margin";
    pub const LANG_TOP: &str = "lang_top";
    pub const LANG_ENGINE: &str = "lang_engine";
    /// What was measured of `text`.
    pub const SIGNALS: &str = "signals";
    /// Where personal data stands in `text`, and of which kind; never what it is.
    pub const PII: &str = "pii";
    /// The kinds in `pii`, sorted, joined by commas.
    pub const PII_KINDS: &str = "pii_kinds";
    /// How often entries of a steward's lists were met, by list; never which.
    pub const LIST_HITS: &str = "list_hits";
    pub const LICENSE_EVIDENCE: &str = "license_evidence";
    pub const LICENSE: &str = "license";
    pub const LICENSE_TIER: &str = "license_tier";
    pub const LICENSE_SCOPE: &str = "license_scope";
    /// Confidence of the best evidence for `license`.
    pub const LICENSE_CONFIDENCE: &str = "license_confidence";
    pub const LICENSE_DISAGREEMENT: &str = "license_disagreement";
    pub const LICENSE_VERSION_DISAGREEMENT: &str = "license_version_disagreement";
    /// The seed's word held against the page.
    pub const LICENSE_DECLARED: &str = "license_declared";
    pub const LICENSE_URL: &str = "license_url";
    pub const ATTRIBUTION: &str = "attribution";
    pub const AUTHOR: &str = "author";
    /// What publishers, and stewards, say about use.
    pub const OPTOUT_EVIDENCE: &str = "optout_evidence";
    pub const OPTOUT_TRAIN: &str = "optout_train";
    /// The signal in `optout_evidence` that decides `optout_train`.
    pub const OPTOUT_BASIS: &str = "optout_basis";
    pub const JURISDICTION_CLAIMS: &str = "jurisdiction_claims";
    /// Binding countries of the document's own claims, sorted, joined by commas.
    pub const BOUND_BY: &str = "bound_by";
    /// Those of them that bind every exact copy: a steward's or a contract's word.
    pub const BOUND_COPIES: &str = "bound_copies";
    pub const MODE: &str = "mode";
    pub const PERSONAL: &str = "personal";
    pub const COMMUNITY: &str = "community";
    pub const TEXT_DIGEST: &str = "text_digest";
    /// Hashes of the bands of the text's sketch, as many as `dedup_minhash` asks for.
    pub const BANDS: &str = "bands";
    pub const TEXT_CHARS: &str = "text_chars";
    pub const OUTCOME: &str = "outcome";
    pub const REASONS: &str = "reasons";
    /// Only between reading and stepping: the decoded page.
    pub const HTML: &str = "html";
    /// Only between reading and stepping: the HTTP head as it came, for what headers say.
    pub const HTTP_HEAD: &str = "http_head";
    /// Only between reading and stepping: what a document of an existing corpus says about itself.
    pub const GIVEN: &str = "given";
    /// Only inside stage 1: set on the one row that ends a split.
    pub const SPLIT_END: &str = "split_end";
}

/// `record_type` of a document of an existing corpus.
pub const GIVEN_RECORD: &str = "document";
/// `extractor` of its text, which stands as it was given.
pub const GIVEN_TEXT: &str = "given";

/// What became of a record. The order is the order in which outcomes apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Unreadable bytes.
    Broken,
    /// Readable, and not a page.
    Skipped,
    /// A step said no.
    Rejected,
    /// No node may have it, none asks for it, or it may not be here.
    Withheld,
    /// Every node that may have it kept another copy.
    Duplicate,
    /// In a shard of at least one node.
    Sharded,
}

impl Outcome {
    /// All outcomes, in the order in which they apply.
    pub const ALL: [Self; 6] =
        [Self::Broken, Self::Skipped, Self::Rejected, Self::Withheld, Self::Duplicate, Self::Sharded];

    /// The word in the `outcome` column.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Broken => "broken",
            Self::Skipped => "skipped",
            Self::Rejected => "rejected",
            Self::Withheld => "withheld",
            Self::Duplicate => "duplicate",
            Self::Sharded => "sharded",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a step, or the reader, marked a document.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Reason {
    /// Id of the step in the config; `read` for the reader.
    pub step: Arc<str>,
    /// A stable word, such as `too_short`, or the id of a rule.
    pub code: Cow<'static, str>,
    /// What was measured, such as `chars=16 min_chars=80`. Never text of the document.
    pub detail: Option<String>,
}

/// A stretch of the extracted text and what it was on the page.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Block {
    /// First byte in `text`.
    pub start: u32,
    /// One past the last byte in `text`.
    pub end: u32,
    /// `paragraph`, `heading`, `list`, `table`, `code` or `quote`.
    pub kind: &'static str,
    /// How sure the extractor is that it is main text, 0 to 1.
    pub score: f32,
}

/// The language of a document.
#[derive(Debug, Clone, PartialEq)]
pub struct Language {
    /// Best label.
    pub lang: LangTag,
    /// 0 to 1.
    pub confidence: f32,
    /// Best minus second best.
    pub margin: f32,
    /// Up to three labels with their share of bytes.
    pub top: Vec<(LangTag, f32)>,
    /// Name of the engine.
    pub engine: Arc<str>,
}

#[cfg(test)]
impl Language {
    /// A label that nobody doubts.
    pub(crate) fn certain(lang: &str) -> Self {
        let lang = lang.parse().expect("a test names a label");
        Self { lang, confidence: 1.0, margin: 1.0, top: Vec::new(), engine: Arc::from("ngram") }
    }
}

/// A mark about licences or rights as it stands on the page, before anybody reads meaning into it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mark {
    /// Where it was found: `link`, `a`, `meta`, `img`, `json-ld`, `microdata`, `rdfa`, `text`, or `address` for
    /// the country of the publisher's address.
    pub element: &'static str,
    /// The element's `rel`, `name` or `property`, lower-case; for JSON-LD and microdata the type of its node; for text
    /// `footer`, or `statement` for a line that names a licence or keeps all rights; for addresses `publisher`,
    /// `organization`, either with `_text` where the address is written out, `microdata`, `rdfa` or `vcard`.
    pub key: String,
    /// The URL or text it gives.
    pub value: String,
    /// Its `type` attribute, where it has one.
    pub media_type: String,
    /// Inside `head`.
    pub in_head: bool,
    /// Inside `footer`, or an element whose id or class says so.
    pub in_footer: bool,
    /// Inside a comment section, figure or aside: `comment`, `figure`, `aside` or empty.
    pub within: &'static str,
    /// Up to 150 characters of text around it, for body links.
    pub context: String,
    /// The line it stands in, up to 500 characters, for body links: what it says the licence is of.
    pub line: String,
    /// What it speaks of, where it says so: `about`, or the address of its node. Empty for the page.
    pub subject: String,
}

/// What a document has of a list that a steward loaded.
#[derive(Debug, Clone, PartialEq)]
pub struct ListHits {
    /// Kind of the list, as the config names it.
    pub kind: Arc<str>,
    /// What it is a list of: `words`, `url_words` or `hosts`.
    pub of: &'static str,
    /// What was met.
    pub found: Found,
}

/// A reading of a licence mark.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LicenseEvidence {
    /// Kind of signal, such as `link_rel`, `meta`, `json_ld`, `a_rel`, `cc_link`, `prose`, `http_link`, `seed`.
    pub signal: &'static str,
    /// As it stood on the page.
    pub raw: String,
    /// SPDX id, or `LicenseRef-…`.
    pub spdx: Option<String>,
    /// What it speaks of, where it names another thing than the page: a URL.
    pub subject: Option<String>,
    /// `page`, `media`, `comment`, `site` or `unknown`.
    pub scope: &'static str,
    /// Inside `head`.
    pub in_head: bool,
    /// Inside the footer.
    pub in_footer: bool,
    /// Text around it takes it back, as "all rights reserved" does.
    pub negated: bool,
    /// Text around it excepts something: "unless otherwise noted".
    pub excepted: bool,
    /// What the signal is worth, 0 to 1: an order of trust, not a probability.
    pub confidence: f32,
    /// Text around it.
    pub context: String,
}

/// A statement that a country's law binds a document.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    /// ISO 3166-1 alpha-2, or `EU`.
    pub country: String,
    /// `steward`, `contract`, `publisher`, `registry`, `language`, `server` or `licence_port`.
    pub basis: &'static str,
    /// Whether policies count it; hints never bind.
    pub binding: bool,
    /// 0 to 1.
    pub confidence: f32,
    /// What it rests on, such as a seed id or a suffix.
    pub evidence: String,
}

/// What the reader and the seed list said about one record. Borrowed from the batch.
#[derive(Debug, Clone, Copy, Default)]
pub struct Record<'a> {
    /// Target URL, as crawled.
    pub url: &'a str,
    /// Host name, lower-case; empty if there is none.
    pub host: &'a str,
    /// Registered domain by the public suffix list; empty if there is none.
    pub registered_domain: &'a str,
    /// Media type, lower-case, without parameters.
    pub content_type: &'a str,
    /// The HTTP head as it came, LF or CRLF lines; empty for records without one.
    pub http_head: &'a str,
    /// Name of the source in the config.
    pub source: &'a str,
    /// The decoded page (HTML, or plain text if `content_type` says so).
    pub html: &'a str,
    /// The address of the server, as the crawler wrote it down; empty if it did not.
    pub ip: &'a str,
    /// When it was fetched, in milliseconds since 1970.
    pub fetched_at: Option<i64>,
    /// What a document of an existing corpus says about itself; none for pages.
    pub given: Option<Given<'a>>,
}

/// What a document of an existing corpus says about itself. Empty where it says nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Given<'a> {
    /// Its language, as declared: `sw`, `swh_Latn`.
    pub lang: &'a str,
    /// Its licence: an id or a URL.
    pub license: &'a str,
    /// Whom to credit.
    pub attribution: &'a str,
}

/// One document on its way through the document steps.
#[derive(Debug, Default)]
pub struct Page<'a> {
    /// What was read.
    pub record: Record<'a>,
    /// The seed that covers this URL.
    pub seed: Option<&'a kilim_connectors::seeds::SeedRecord>,
    /// Title of the page.
    pub title: String,
    /// Main text: paragraphs separated by newlines.
    pub text: String,
    /// `lang` attribute of the page.
    pub html_lang: Option<String>,
    /// Which extractor made `text`.
    pub extractor: &'static str,
    /// Blocks of `text`, in order.
    pub blocks: Vec<Block>,
    /// Raw marks about rights, collected while the page was parsed.
    pub marks: Vec<Mark>,
    /// Set by `identify_language`.
    pub language: Option<Language>,
    /// Set by `measure_quality`.
    pub signals: Option<Signals>,
    /// Set by `detect_pii`: where personal data stands in `text`; `None` if nobody has looked.
    pub pii: Option<Vec<Span>>,
    /// Set by `match_lists`: what was met of lists, where anything was; `None` if nobody has looked.
    pub list_hits: Option<Vec<ListHits>>,
    /// Set by `tag_license`.
    pub license_evidence: Vec<LicenseEvidence>,
    /// SPDX id of the licence of the page's text, if the evidence agrees on one.
    pub license: Option<String>,
    /// 0 unknown, 1 restricted, 2 non-commercial or no-derivatives, 3 share-alike, 4 attribution, 5 public domain.
    pub license_tier: u8,
    /// Scope of `license`.
    pub license_scope: Option<&'static str>,
    /// Confidence of the best evidence for `license`; 0 without one.
    pub license_confidence: f32,
    /// Statements about the page or its site contradict each other, or take themselves back.
    pub license_disagreement: bool,
    /// They name versions or ports of one licence that differ.
    pub license_version_disagreement: bool,
    /// The seed's word held against the page: `agrees`, `contradicts`, or `alone` where the page says nothing.
    pub license_declared: Option<&'static str>,
    /// Where the text of `license` stands.
    pub license_url: Option<String>,
    /// Who must be named, if the licence asks for it.
    pub attribution: Option<String>,
    /// Author, as the page names them, if the licence asks for it.
    pub author: Option<String>,
    /// Set by `tag_optout`: what the page itself and its seed say about use; `None` if nobody has looked.
    pub optout_evidence: Option<Vec<Evidence>>,
    /// Set by `tag_jurisdiction`.
    pub claims: Vec<Claim>,
    /// Set when a step says no.
    pub outcome: Option<Outcome>,
    /// Every reason given, in the order of the steps.
    pub reasons: Vec<Reason>,
    /// Id of the step that is at work; reasons carry it.
    pub step: Arc<str>,
}

impl Page<'_> {
    /// Marks the document as rejected by the step at work. Later steps still run, so that all reasons are kept.
    pub fn reject(&mut self, code: impl Into<Cow<'static, str>>, detail: Option<String>) {
        self.outcome.get_or_insert(Outcome::Rejected);
        self.reasons.push(Reason { step: Arc::clone(&self.step), code: code.into(), detail });
    }
}
