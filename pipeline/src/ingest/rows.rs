//! From what the WARC reader finds to rows of the record schema.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{
    ArrayBuilder, ArrayRef, ListBuilder, RecordBatch, StringBuilder, StructBuilder,
    TimestampMillisecondBuilder, UInt16Builder, UInt32Builder, UInt64Builder, new_null_array,
};
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use kilim_connectors::charset;
use kilim_connectors::http::{ContentType, HttpLimits};
use kilim_connectors::warc::{Damage, FormatError, Record, RecordProblem};
use kilim_connectors::web;

use super::page::{self, Reading};
use super::split::Split;
use crate::document::{Outcome, reason_fields, record_schema};

/// Most rows in a batch.
pub(super) const BATCH_ROWS: usize = 256;
/// A batch is handed on once its pages reach this many bytes; the last page may overshoot.
pub(super) const BATCH_BYTES: usize = 8 << 20;
/// Id of the reader in `reasons`.
pub const READER: &str = "read";
/// The reader's one reason to reject a page that it could read.
pub(super) const CHECKSUM_MISMATCH: &str = "checksum_mismatch";

/// What `truncated` says of a record inside which its file ends.
const CUT_SHORT: &str = "cut_short";

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

/// Builds record batches row by row.
pub(super) struct RowBuilder {
    facts: SplitFacts,
    schema: SchemaRef,
    limits: HttpLimits,
    rows: usize,
    page_bytes: usize,
    input: StringBuilder,
    warc_offset: UInt64Builder,
    inner_offset: UInt64Builder,
    doc_id: StringBuilder,
    record_type: StringBuilder,
    record_id: StringBuilder,
    url: StringBuilder,
    surt: StringBuilder,
    host: StringBuilder,
    registered_domain: StringBuilder,
    fetched_at: TimestampMillisecondBuilder,
    ip: StringBuilder,
    crawl: StringBuilder,
    source: StringBuilder,
    warc_file: StringBuilder,
    warc_length: UInt64Builder,
    payload_digest: StringBuilder,
    refers_to: StringBuilder,
    http_status: UInt16Builder,
    content_type: StringBuilder,
    charset: StringBuilder,
    charset_source: StringBuilder,
    decode_errors: UInt32Builder,
    truncated: StringBuilder,
    html: StringBuilder,
    http_head: StringBuilder,
    outcome: StringBuilder,
    reasons: ListBuilder<StructBuilder>,
}

impl RowBuilder {
    /// An empty builder for one split.
    pub(super) fn new(facts: SplitFacts, limits: HttpLimits) -> Self {
        let reasons = ListBuilder::new(StructBuilder::from_fields(reason_fields(), 0));
        Self {
            facts,
            schema: record_schema(),
            limits,
            rows: 0,
            page_bytes: 0,
            input: StringBuilder::new(),
            warc_offset: UInt64Builder::new(),
            inner_offset: UInt64Builder::new(),
            doc_id: StringBuilder::new(),
            record_type: StringBuilder::new(),
            record_id: StringBuilder::new(),
            url: StringBuilder::new(),
            surt: StringBuilder::new(),
            host: StringBuilder::new(),
            registered_domain: StringBuilder::new(),
            fetched_at: TimestampMillisecondBuilder::new().with_timezone("UTC"),
            ip: StringBuilder::new(),
            crawl: StringBuilder::new(),
            source: StringBuilder::new(),
            warc_file: StringBuilder::new(),
            warc_length: UInt64Builder::new(),
            payload_digest: StringBuilder::new(),
            refers_to: StringBuilder::new(),
            http_status: UInt16Builder::new(),
            content_type: StringBuilder::new(),
            charset: StringBuilder::new(),
            charset_source: StringBuilder::new(),
            decode_errors: UInt32Builder::new(),
            truncated: StringBuilder::new(),
            html: StringBuilder::new(),
            http_head: StringBuilder::new(),
            outcome: StringBuilder::new(),
            reasons,
        }
    }

    /// Whether the batch should be handed on.
    pub(super) fn is_full(&self) -> bool {
        self.rows >= BATCH_ROWS || self.page_bytes >= BATCH_BYTES
    }

    /// A range of bytes that no record could be read from.
    pub(super) fn push_damage(&mut self, damage: &Damage) {
        let id = blake3_128(&[
            self.facts.file_name.as_bytes(),
            &damage.offset.to_le_bytes(),
            &damage.inner_offset.to_le_bytes(),
        ]);
        self.push_place(damage.offset, damage.inner_offset, damage.length, &id);
        self.push_no_record();
        self.push_mark(Some(Outcome::Broken), damage.reason.as_str(), None);
    }

    /// A whole file that is no crawl file of a kind that can be read.
    pub(super) fn push_unreadable(&mut self, range: Range<u64>, error: FormatError) {
        let id = blake3_128(&[self.facts.file_name.as_bytes(), &range.start.to_le_bytes()]);
        self.push_place(range.start, 0, range.end - range.start, &id);
        self.push_no_record();
        self.push_mark(Some(Outcome::Broken), error.as_str(), Some(&error.to_string()));
    }

    /// One record.
    pub(super) fn push_record(&mut self, record: &Record<'_>) {
        let header = &record.header;
        let url = header.target_uri();
        let id = match (header.record_id(), url, header.date()) {
            (Some(id), Some(url), Some(date)) => {
                blake3_128(&[id.as_bytes(), url.as_bytes(), date.as_bytes()])
            }
            _ => blake3_128(&[
                self.facts.file_name.as_bytes(),
                &record.offset.to_le_bytes(),
                &record.inner_offset.to_le_bytes(),
                blake3::hash(record.block).as_bytes(),
            ]),
        };
        self.push_place(record.offset, record.inner_offset, record.length, &id);
        self.record_type.append_value(header.record_type().as_str());
        self.record_id.append_option(header.record_id());
        let parsed = url.and_then(web::parse);
        let host = parsed.as_ref().and_then(web::host);
        self.url.append_option(url);
        self.surt.append_option(parsed.as_ref().map(web::surt));
        self.host.append_option(host);
        self.registered_domain.append_option(host.and_then(web::registered_domain));
        self.fetched_at.append_option(header.timestamp().map(jiff::Timestamp::as_millisecond));
        self.ip.append_option(header.get("WARC-IP-Address"));
        self.payload_digest.append_option(header.get("WARC-Payload-Digest"));
        let refers_to = header.get("WARC-Refers-To").or_else(|| header.get("WARC-Refers-To-Target-URI"));
        self.refers_to.append_option(refers_to.map(without_brackets));
        let cut_short = record.problems.contains(&RecordProblem::CutShort).then_some(CUT_SHORT);
        let too_long = record.problems.contains(&RecordProblem::LengthTooLong);
        let too_long = too_long.then_some(RecordProblem::LengthTooLong.as_str());
        let cut = record.truncated_by_cap().then_some("length").or(cut_short).or(too_long);
        let segmented = page::is_segmented(header).then_some(page::SEGMENTED);
        self.truncated.append_option(header.get("WARC-Truncated").or(segmented).or(cut));

        match page::read(record, self.limits) {
            Reading::Page { response, media_type } => {
                let body = response.as_ref().map_or(record.block, |response| &response.body);
                self.http_status.append_option(response.as_ref().map(|response| response.status));
                self.content_type.append_value(media_type);
                let head = if response.is_some() { page::head(record.block) } else { "".into() };
                let doubtful = record.problems.contains(&RecordProblem::ChecksumMismatch);
                let declared = match &response {
                    Some(response) => response.content_type(),
                    None => ContentType::parse(header.get("Content-Type").unwrap_or_default()),
                };
                self.push_page(declared.charset, &head, body, host, doubtful);
            }
            Reading::Skipped { code, detail, response } => {
                let declared = response.as_ref().and_then(|response| response.get("content-type"));
                self.http_status.append_option(response.as_ref().map(|response| response.status));
                self.content_type.append_option(declared.map(page::essence));
                self.push_no_page();
                self.push_mark(Some(Outcome::Skipped), code, detail.as_deref());
            }
        }
    }

    /// A page. Where the checksum of its member does not match, some byte of it may be wrong: the steps still run, so
    /// that it can be looked at, and it is rejected.
    fn push_page(
        &mut self,
        declared_charset: Option<&str>,
        head: &str,
        body: &[u8],
        host: Option<&str>,
        doubtful: bool,
    ) {
        let decoded = charset::decode(body, declared_charset, host.and_then(web::tld));
        self.charset.append_value(decoded.charset);
        self.charset_source.append_value(decoded.source.as_str());
        self.decode_errors.append_value(decoded.errors);
        self.html.append_value(&decoded.text);
        self.http_head.append_value(head);
        self.page_bytes += decoded.text.len();
        if doubtful {
            self.push_mark(Some(Outcome::Rejected), CHECKSUM_MISMATCH, None);
            return;
        }
        self.outcome.append_null();
        self.reasons.append(true);
        self.rows += 1;
    }

    fn push_place(&mut self, offset: u64, inner_offset: u64, length: u64, id: &str) {
        self.input.append_value(&self.facts.input);
        self.warc_offset.append_value(offset);
        self.inner_offset.append_value(inner_offset);
        self.doc_id.append_value(id);
        self.crawl.append_option(self.facts.crawl.as_deref());
        self.source.append_value(&self.facts.source);
        self.warc_file.append_value(&self.facts.file_name);
        self.warc_length.append_value(length);
    }

    fn push_no_record(&mut self) {
        for builder in [
            &mut self.record_type,
            &mut self.record_id,
            &mut self.url,
            &mut self.surt,
            &mut self.host,
            &mut self.registered_domain,
            &mut self.ip,
            &mut self.payload_digest,
            &mut self.refers_to,
            &mut self.truncated,
            &mut self.content_type,
        ] {
            builder.append_null();
        }
        self.fetched_at.append_null();
        self.http_status.append_null();
        self.push_no_page();
    }

    fn push_no_page(&mut self) {
        self.charset.append_null();
        self.charset_source.append_null();
        self.decode_errors.append_null();
        self.html.append_null();
        self.http_head.append_null();
    }

    fn push_mark(&mut self, outcome: Option<Outcome>, code: &str, detail: Option<&str>) {
        self.outcome.append_option(outcome.map(Outcome::as_str));
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
        self.push_place(0, 0, 0, "");
        self.push_no_record();
        self.outcome.append_null();
        self.reasons.append(true);
        self.rows += 1;
    }

    /// The rows so far as a batch; the builder is empty afterwards.
    pub(super) fn finish(&mut self) -> Result<RecordBatch, ArrowError> {
        let rows = std::mem::take(&mut self.rows);
        self.page_bytes = 0;
        let mut columns: Vec<ArrayRef> = Vec::with_capacity(self.schema.fields().len());
        let builders: [&mut dyn ArrayBuilder; 28] = [
            &mut self.input,
            &mut self.warc_offset,
            &mut self.inner_offset,
            &mut self.doc_id,
            &mut self.record_type,
            &mut self.record_id,
            &mut self.url,
            &mut self.surt,
            &mut self.host,
            &mut self.registered_domain,
            &mut self.fetched_at,
            &mut self.ip,
            &mut self.crawl,
            &mut self.source,
            &mut self.warc_file,
            &mut self.warc_length,
            &mut self.payload_digest,
            &mut self.refers_to,
            &mut self.http_status,
            &mut self.content_type,
            &mut self.charset,
            &mut self.charset_source,
            &mut self.decode_errors,
            &mut self.truncated,
            &mut self.html,
            &mut self.http_head,
            &mut self.outcome,
            &mut self.reasons,
        ];
        columns.extend(builders.into_iter().map(ArrayBuilder::finish));
        let others = &self.schema.fields()[columns.len()..];
        columns.extend(others.iter().map(|field| new_null_array(field.data_type(), rows)));
        RecordBatch::try_new(Arc::clone(&self.schema), columns)
    }
}

/// An id or address as other columns have it.
fn without_brackets(value: &str) -> &str {
    value.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')).unwrap_or(value).trim()
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
