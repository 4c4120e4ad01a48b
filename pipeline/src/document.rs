//! The document: its columns, and the view of one row that steps work on.
//!
//! A document is the row made of one WARC record. Column names are a contract: they are the same in the work
//! directory, in `kilim sql` and in policies, and they are named here once. Steps never see Arrow; they see a
//! [`Page`], which borrows what the record said and owns what steps add.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, Fields, Schema, SchemaRef, TimeUnit};
use kilim_langid::LangTag;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::pii::Span;
use crate::quality::{SIGNAL_SET, SIGNALS, Signals, Unit};

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
    pub const LICENSE_EVIDENCE: &str = "license_evidence";
    pub const LICENSE: &str = "license";
    pub const LICENSE_TIER: &str = "license_tier";
    pub const LICENSE_SCOPE: &str = "license_scope";
    pub const ATTRIBUTION: &str = "attribution";
    pub const OPTOUT_TRAIN: &str = "optout_train";
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

/// A mark about licences or rights as it stands on the page, before anybody reads meaning into it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// Where it was found: `link`, `a`, `meta`, `img`, `json-ld` or `http`.
    pub element: &'static str,
    /// The element's `rel`, `name` or `property`, lower-case; for JSON-LD the `@type` of its node.
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
}

/// A reading of a licence mark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LicenseEvidence {
    /// Kind of signal, such as `link_rel`, `meta`, `json_ld`, `a_rel`, `cc_link`, `http_link`, `seed`.
    pub signal: &'static str,
    /// As it stood on the page.
    pub raw: String,
    /// SPDX id, or `LicenseRef-…`.
    pub spdx: Option<String>,
    /// `page`, `media`, `comment`, `site` or `unknown`.
    pub scope: &'static str,
    /// Inside `head`.
    pub in_head: bool,
    /// Inside the footer.
    pub in_footer: bool,
    /// Text around it takes it back, as "all rights reserved" does.
    pub negated: bool,
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
    /// Set by `tag_license`.
    pub license_evidence: Vec<LicenseEvidence>,
    /// SPDX id of the licence of the page's text, if the evidence agrees on one.
    pub license: Option<String>,
    /// 0 unknown, 1 restricted, 2 non-commercial or no-derivatives, 3 share-alike, 4 attribution, 5 public domain.
    pub license_tier: u8,
    /// Scope of `license`.
    pub license_scope: Option<&'static str>,
    /// Who must be named, if the licence asks for it.
    pub attribution: Option<String>,
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

fn field(name: &str, data_type: DataType) -> Field {
    Field::new(name, data_type, true)
}

fn list_of_struct(fields: Vec<Field>) -> DataType {
    DataType::List(Arc::new(Field::new("item", DataType::Struct(Fields::from(fields)), true)))
}

fn list_of_text() -> DataType {
    DataType::List(Arc::new(Field::new("item", DataType::Utf8, true)))
}

/// Fields of one entry of `reasons`.
pub fn reason_fields() -> Fields {
    Fields::from(vec![
        field("step", DataType::Utf8),
        field("code", DataType::Utf8),
        field("detail", DataType::Utf8),
    ])
}

/// Fields of `signals`, in the order of [`SIGNALS`]; null where a signal was not measured.
pub fn signal_fields() -> Fields {
    let data_type = |unit| if unit == Unit::Count { DataType::UInt32 } else { DataType::Float32 };
    SIGNALS.iter().map(|signal| field(signal.name, data_type(signal.unit))).collect()
}

/// Fields of one entry of `pii`.
pub fn pii_fields() -> Fields {
    Fields::from(vec![
        field("start", DataType::UInt32),
        field("end", DataType::UInt32),
        field("kind", DataType::Utf8),
        field("rule", DataType::Utf8),
        field("confidence", DataType::Float32),
    ])
}

/// Fields of one entry of `jurisdiction_claims`.
pub fn claim_fields() -> Fields {
    Fields::from(vec![
        field("country", DataType::Utf8),
        field("basis", DataType::Utf8),
        field("binding", DataType::Boolean),
        field("confidence", DataType::Float32),
        field("evidence", DataType::Utf8),
    ])
}

fn provenance_fields() -> Vec<Field> {
    use column as c;
    vec![
        Field::new(c::INPUT, DataType::Utf8, false),
        Field::new(c::WARC_OFFSET, DataType::UInt64, false),
        Field::new(c::INNER_OFFSET, DataType::UInt64, false),
        field(c::DOC_ID, DataType::Utf8),
        field(c::RECORD_TYPE, DataType::Utf8),
        field(c::RECORD_ID, DataType::Utf8),
        field(c::URL, DataType::Utf8),
        field(c::SURT, DataType::Utf8),
        field(c::HOST, DataType::Utf8),
        field(c::REGISTERED_DOMAIN, DataType::Utf8),
        field(c::FETCHED_AT, DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into()))),
        field(c::IP, DataType::Utf8),
        field(c::CRAWL, DataType::Utf8),
        field(c::SOURCE, DataType::Utf8),
        field(c::WARC_FILE, DataType::Utf8),
        field(c::WARC_LENGTH, DataType::UInt64),
        field(c::PAYLOAD_DIGEST, DataType::Utf8),
        field(c::REFERS_TO, DataType::Utf8),
        field(c::HTTP_STATUS, DataType::UInt16),
        field(c::CONTENT_TYPE, DataType::Utf8),
        field(c::CHARSET, DataType::Utf8),
        field(c::CHARSET_SOURCE, DataType::Utf8),
        field(c::DECODE_ERRORS, DataType::UInt32),
        field(c::TRUNCATED, DataType::Utf8),
    ]
}

fn mark_fields() -> Vec<Field> {
    use column as c;
    vec![
        field(c::OUTCOME, DataType::Utf8),
        Field::new(
            c::REASONS,
            list_of_struct(reason_fields().iter().map(|f| f.as_ref().clone()).collect()),
            true,
        ),
    ]
}

fn derived_fields() -> Vec<Field> {
    use column as c;
    let text = |name| field(name, DataType::Utf8);
    vec![
        text(c::SEED_ID),
        text(c::STEWARD),
        field(c::DECLARED_LANG, list_of_text()),
        text(c::TITLE),
        text(c::TEXT),
        field(c::TEXT_CHARS, DataType::UInt32),
        text(c::HTML_LANG),
        text(c::EXTRACTOR),
        field(
            c::BLOCKS,
            list_of_struct(vec![
                field("start", DataType::UInt32),
                field("end", DataType::UInt32),
                text("kind"),
                field("score", DataType::Float32),
            ]),
        ),
        text(c::LANG),
        field(c::LANG_CONFIDENCE, DataType::Float32),
        field(c::LANG_MARGIN, DataType::Float32),
        field(c::LANG_TOP, list_of_struct(vec![text("lang"), field("share", DataType::Float32)])),
        text(c::LANG_ENGINE),
        field(c::SIGNALS, DataType::Struct(signal_fields()))
            .with_metadata([("signal_set".to_owned(), SIGNAL_SET.to_owned())].into()),
        field(c::PII, list_of_struct(pii_fields().iter().map(|f| f.as_ref().clone()).collect())),
        text(c::PII_KINDS),
        field(
            c::LICENSE_EVIDENCE,
            list_of_struct(vec![
                text("signal"),
                text("raw"),
                text("spdx"),
                text("scope"),
                field("in_head", DataType::Boolean),
                field("in_footer", DataType::Boolean),
                field("negated", DataType::Boolean),
                text("context"),
            ]),
        ),
        text(c::LICENSE),
        field(c::LICENSE_TIER, DataType::UInt8),
        text(c::LICENSE_SCOPE),
        text(c::ATTRIBUTION),
        text(c::OPTOUT_TRAIN),
        field(
            c::JURISDICTION_CLAIMS,
            list_of_struct(claim_fields().iter().map(|f| f.as_ref().clone()).collect()),
        ),
        text(c::BOUND_BY),
        text(c::BOUND_COPIES),
        text(c::MODE),
        field(c::PERSONAL, DataType::Boolean),
        field(c::COMMUNITY, list_of_text()),
        text(c::TEXT_DIGEST),
        // A list of no fixed size, since the config says how many; in Parquet both are the same.
        field(c::BANDS, DataType::List(Arc::new(Field::new("item", DataType::UInt64, true)))),
    ]
}

/// Fields of the row that ends a split.
pub fn split_end_fields() -> Fields {
    Fields::from(vec![
        field("offset", DataType::UInt64),
        field("length", DataType::UInt64),
        field("items_start", DataType::UInt64),
        field("items_end", DataType::UInt64),
        field("padding", DataType::UInt64),
        field("pieces", DataType::Utf8),
    ])
}

/// Fields of `given`.
pub fn given_fields() -> Fields {
    let text = |name| field(name, DataType::Utf8);
    Fields::from(vec![
        text("title"),
        text("lang"),
        text("license"),
        text("attribution"),
        field("jurisdictions", list_of_text()),
    ])
}

/// What the reader hands to the steps: provenance, the decoded page, the reader's own verdict, what the document says
/// about itself, the end of a split.
pub fn record_schema() -> SchemaRef {
    use column as c;
    let mut fields = provenance_fields();
    fields.push(field(c::HTML, DataType::Utf8));
    fields.push(field(c::HTTP_HEAD, DataType::Utf8));
    fields.extend(mark_fields());
    fields.push(field(c::GIVEN, DataType::Struct(given_fields())));
    fields.push(field(c::SPLIT_END, DataType::Struct(split_end_fields())));
    Arc::new(Schema::new(fields))
}

/// The rows that stage 1 writes: one per record, in the order of the contract.
pub fn document_schema() -> SchemaRef {
    let mut fields = provenance_fields();
    fields.extend(derived_fields());
    fields.extend(mark_fields());
    Arc::new(Schema::new(fields))
}

/// The columns that steps add, in the order of [`document_schema`].
pub fn derived_columns() -> Vec<FieldRef> {
    derived_fields().into_iter().map(Arc::new).collect()
}

/// The columns that the reader fills, in the order of [`document_schema`].
pub fn provenance_columns() -> Vec<FieldRef> {
    provenance_fields().into_iter().map(Arc::new).collect()
}
