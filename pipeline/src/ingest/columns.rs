//! The columns that every reader of stage 1 fills: where a row comes from, what it is called, and what became of it.

use std::sync::Arc;

use arrow::array::{
    ArrayBuilder, ArrayRef, ListBuilder, RecordBatch, StringBuilder, StructBuilder,
    TimestampMillisecondBuilder, UInt64Builder, new_null_array,
};
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use kilim_connectors::documents::Place;
use kilim_connectors::web::{self, Url};

use super::split::Split;
use crate::document::{Outcome, column as c, reason_fields, record_schema};

/// Most rows in a batch.
const BATCH_ROWS: usize = 256;
/// A batch is handed on once its texts reach this many bytes; the last text may overshoot.
const BATCH_BYTES: usize = 8 << 20;
/// Id of the reader in `reasons`.
pub const READER: &str = "read";

/// What all records of a split share.
#[derive(Debug, Clone)]
pub(super) struct SplitFacts {
    /// Name of the input in outputs.
    pub input: String,
    /// Last part of its path.
    pub file_name: String,
    /// Name of the source in the config.
    pub source: String,
    /// Name of the crawl, if the config gives one.
    pub crawl: Option<String>,
}

impl SplitFacts {
    /// Those of `split`.
    pub(super) fn of(split: &Split) -> Self {
        Self {
            input: split.input.clone(),
            file_name: split.input.rsplit('/').next().unwrap_or(&split.input).to_owned(),
            source: split.source.clone(),
            crawl: split.crawl.clone(),
        }
    }
}

/// What a record says of itself.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Named<'r> {
    pub record_type: &'r str,
    pub id: Option<&'r str>,
    pub url: Option<&'r str>,
    /// As it is written.
    pub date: Option<&'r str>,
    /// Its date in milliseconds since 1970, if it is one.
    pub millis: Option<i64>,
    /// Its crawl, if that is not its split's.
    pub crawl: Option<&'r str>,
    /// The record or address that it repeats or was made from.
    pub refers_to: Option<&'r str>,
}

/// Builders of the columns that all readers fill. A row begins with `push_record` or `push_unread`, has
/// one `push_content`, and ends with `push_open` or `push_mark`; what a reader knows besides is in builders of its own.
pub(super) struct RecordColumns {
    pub(super) facts: SplitFacts,
    schema: SchemaRef,
    rows: usize,
    bytes: usize,
    input: StringBuilder,
    offset: UInt64Builder,
    inner_offset: UInt64Builder,
    doc_id: StringBuilder,
    crawl: StringBuilder,
    source: StringBuilder,
    file: StringBuilder,
    length: UInt64Builder,
    record_type: StringBuilder,
    record_id: StringBuilder,
    url: StringBuilder,
    surt: StringBuilder,
    host: StringBuilder,
    registered_domain: StringBuilder,
    fetched_at: TimestampMillisecondBuilder,
    refers_to: StringBuilder,
    content_type: StringBuilder,
    text: StringBuilder,
    outcome: StringBuilder,
    reasons: ListBuilder<StructBuilder>,
}

impl RecordColumns {
    /// Empty builders for one split.
    pub(super) fn new(facts: SplitFacts) -> Self {
        Self {
            facts,
            schema: record_schema(),
            rows: 0,
            bytes: 0,
            input: StringBuilder::new(),
            offset: UInt64Builder::new(),
            inner_offset: UInt64Builder::new(),
            doc_id: StringBuilder::new(),
            crawl: StringBuilder::new(),
            source: StringBuilder::new(),
            file: StringBuilder::new(),
            length: UInt64Builder::new(),
            record_type: StringBuilder::new(),
            record_id: StringBuilder::new(),
            url: StringBuilder::new(),
            surt: StringBuilder::new(),
            host: StringBuilder::new(),
            registered_domain: StringBuilder::new(),
            fetched_at: TimestampMillisecondBuilder::new().with_timezone("UTC"),
            refers_to: StringBuilder::new(),
            content_type: StringBuilder::new(),
            text: StringBuilder::new(),
            outcome: StringBuilder::new(),
            reasons: ListBuilder::new(StructBuilder::from_fields(reason_fields(), 0)),
        }
    }

    /// Whether the batch should be handed on.
    pub(super) fn is_full(&self) -> bool {
        self.rows >= BATCH_ROWS || self.bytes >= BATCH_BYTES
    }

    /// Counts bytes that a column of the reader's own holds.
    pub(super) fn add_bytes(&mut self, bytes: usize) {
        self.bytes += bytes;
    }

    /// The id of what names none: its place, and a digest of its bytes where they could be read.
    fn id_of_place(&self, place: Place, digest: &[u8]) -> String {
        let name = self.facts.file_name.as_bytes();
        blake3_128(&[name, &place.offset.to_le_bytes(), &place.inner_offset.to_le_bytes(), digest])
    }

    /// Begins a row that is a record. `names` are its own id, its address and its date, which tell it from all others if
    /// it has all three; else its place and `bytes`, what it was read from, do. Gives its parsed address.
    pub(super) fn push_record(&mut self, place: Place, record: &Named<'_>, bytes: &[u8]) -> Option<Url> {
        let id = match (record.id, record.url, record.date) {
            (Some(id), Some(url), Some(date)) => {
                blake3_128(&[id.as_bytes(), url.as_bytes(), date.as_bytes()])
            }
            _ => self.id_of_place(place, blake3::hash(bytes).as_bytes()),
        };
        self.push_place(place, &id, record.crawl);
        self.record_type.append_value(record.record_type);
        self.record_id.append_option(record.id);
        let parsed = record.url.and_then(web::parse);
        let host = parsed.as_ref().and_then(web::host);
        self.url.append_option(record.url);
        self.surt.append_option(parsed.as_ref().map(web::surt));
        self.host.append_option(host);
        self.registered_domain.append_option(host.and_then(web::registered_domain));
        self.fetched_at.append_option(record.millis);
        self.refers_to.append_option(record.refers_to);
        parsed
    }

    /// Begins a row of bytes out of which no record could be read.
    pub(super) fn push_unread(&mut self, place: Place) {
        let id = self.id_of_place(place, &[]);
        self.push_place(place, &id, None);
        self.push_no_record();
    }

    /// What the record holds: its media type, and its text if it has one that the steps are to see.
    pub(super) fn push_content(&mut self, media_type: Option<&str>, text: Option<&str>) {
        self.content_type.append_option(media_type);
        self.text.append_option(text);
        self.bytes += text.map_or(0, str::len);
    }

    /// Ends a row that the steps are to see.
    pub(super) fn push_open(&mut self) {
        self.outcome.append_null();
        self.reasons.append(true);
        self.rows += 1;
    }

    /// Ends a row whose outcome is known.
    pub(super) fn push_mark(&mut self, outcome: Outcome, code: &str, detail: Option<&str>) {
        self.outcome.append_value(outcome.as_str());
        let entry = self.reasons.values();
        text_field(entry, 0).append_value(READER);
        text_field(entry, 1).append_value(code);
        text_field(entry, 2).append_option(detail);
        entry.append(true);
        self.reasons.append(true);
        self.rows += 1;
    }

    /// The row that ends a split. It is no record: what it says goes into `split_end`.
    pub(super) fn push_split_end(&mut self) {
        self.push_place(Place { offset: 0, length: 0, inner_offset: 0 }, "", None);
        self.push_no_record();
        self.push_content(None, None);
        self.push_open();
    }

    fn push_place(&mut self, place: Place, id: &str, crawl: Option<&str>) {
        self.input.append_value(&self.facts.input);
        self.offset.append_value(place.offset);
        self.inner_offset.append_value(place.inner_offset);
        self.doc_id.append_value(id);
        self.crawl.append_option(crawl.or(self.facts.crawl.as_deref()));
        self.source.append_value(&self.facts.source);
        self.file.append_value(&self.facts.file_name);
        self.length.append_value(place.length);
    }

    fn push_no_record(&mut self) {
        for builder in [
            &mut self.record_type,
            &mut self.record_id,
            &mut self.url,
            &mut self.surt,
            &mut self.host,
            &mut self.registered_domain,
            &mut self.refers_to,
        ] {
            builder.append_null();
        }
        self.fetched_at.append_null();
    }

    /// The rows so far as a batch; the builders are empty afterwards. `others` are the reader's own columns, by name;
    /// what neither has is null.
    pub(super) fn finish<const N: usize>(
        &mut self,
        others: [(&str, ArrayRef); N],
    ) -> Result<RecordBatch, ArrowError> {
        let rows = std::mem::take(&mut self.rows);
        self.bytes = 0;
        let builders: [(&str, &mut dyn ArrayBuilder); 20] = [
            (c::INPUT, &mut self.input),
            (c::WARC_OFFSET, &mut self.offset),
            (c::INNER_OFFSET, &mut self.inner_offset),
            (c::DOC_ID, &mut self.doc_id),
            (c::RECORD_TYPE, &mut self.record_type),
            (c::RECORD_ID, &mut self.record_id),
            (c::URL, &mut self.url),
            (c::SURT, &mut self.surt),
            (c::HOST, &mut self.host),
            (c::REGISTERED_DOMAIN, &mut self.registered_domain),
            (c::FETCHED_AT, &mut self.fetched_at),
            (c::CRAWL, &mut self.crawl),
            (c::SOURCE, &mut self.source),
            (c::WARC_FILE, &mut self.file),
            (c::WARC_LENGTH, &mut self.length),
            (c::REFERS_TO, &mut self.refers_to),
            (c::CONTENT_TYPE, &mut self.content_type),
            (c::HTML, &mut self.text),
            (c::OUTCOME, &mut self.outcome),
            (c::REASONS, &mut self.reasons),
        ];
        let built = builders.map(|(name, builder)| (name, builder.finish()));
        let mut columns: Vec<ArrayRef> =
            self.schema.fields().iter().map(|field| new_null_array(field.data_type(), rows)).collect();
        for (name, column) in built.into_iter().chain(others) {
            columns[self.schema.index_of(name)?] = column;
        }
        RecordBatch::try_new(Arc::clone(&self.schema), columns)
    }
}

/// Appends to field `index` of a struct of text fields.
pub(super) fn text_field(builder: &mut StructBuilder, index: usize) -> &mut StringBuilder {
    builder.field_builder::<StringBuilder>(index).expect("the field was declared as Utf8")
}

/// The first 128 bits of BLAKE3 over the length-prefixed parts, in hex.
pub fn blake3_128(parts: &[&[u8]]) -> String {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    hex::encode(&hasher.finalize().as_bytes()[..16])
}
