//! From what the WARC reader finds to rows of the record schema.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryBuilder, RecordBatch, StringBuilder, StructBuilder, UInt16Builder, UInt32Builder,
    UInt64Builder,
};
use arrow::error::ArrowError;
use kilim_connectors::charset;
use kilim_connectors::documents::Place;
use kilim_connectors::http::{ContentType, HttpLimits};
use kilim_connectors::robots;
use kilim_connectors::signals;
use kilim_connectors::signals::host::FileKind;
use kilim_connectors::warc::{Damage, FormatError, Record, RecordProblem};
use kilim_connectors::web;

use super::columns::{Named, RecordColumns, SplitFacts};
use super::page::{self, Reading, SiteFile};
use crate::document::{Outcome, column as c, site_file_fields};

/// The reader's one reason to reject a page that it could read.
pub(super) const CHECKSUM_MISMATCH: &str = "checksum_mismatch";

/// What `truncated` says of a record inside which its file ends.
const CUT_SHORT: &str = "cut_short";

/// Builds record batches row by row.
pub(super) struct RowBuilder {
    columns: RecordColumns,
    limits: HttpLimits,
    ip: StringBuilder,
    payload_digest: StringBuilder,
    http_status: UInt16Builder,
    charset: StringBuilder,
    charset_source: StringBuilder,
    decode_errors: UInt32Builder,
    truncated: StringBuilder,
    http_head: StringBuilder,
    site_file: StructBuilder,
}

impl RowBuilder {
    /// An empty builder for one split.
    pub(super) fn new(facts: SplitFacts, limits: HttpLimits) -> Self {
        Self {
            columns: RecordColumns::new(facts),
            limits,
            ip: StringBuilder::new(),
            payload_digest: StringBuilder::new(),
            http_status: UInt16Builder::new(),
            charset: StringBuilder::new(),
            charset_source: StringBuilder::new(),
            decode_errors: UInt32Builder::new(),
            truncated: StringBuilder::new(),
            http_head: StringBuilder::new(),
            site_file: StructBuilder::from_fields(site_file_fields(), 0),
        }
    }

    /// Whether the batch should be handed on.
    pub(super) fn is_full(&self) -> bool {
        self.columns.is_full()
    }

    /// A range of bytes that no record could be read from.
    pub(super) fn push_damage(&mut self, damage: &Damage) {
        let Damage { offset, length, inner_offset, .. } = *damage;
        self.push_unread(Place { offset, length, inner_offset });
        self.columns.push_mark(Outcome::Broken, damage.reason.as_str(), None);
    }

    /// A whole file that is no crawl file of a kind that can be read.
    pub(super) fn push_unreadable(&mut self, range: Range<u64>, error: FormatError) {
        self.push_unread(Place { offset: range.start, length: range.end - range.start, inner_offset: 0 });
        self.columns.push_mark(Outcome::Broken, error.as_str(), Some(&error.to_string()));
    }

    /// One record.
    pub(super) fn push_record(&mut self, record: &Record<'_>) {
        let header = &record.header;
        let refers_to = header.get("WARC-Refers-To").or_else(|| header.get("WARC-Refers-To-Target-URI"));
        let named = Named {
            record_type: header.record_type().as_str(),
            id: header.record_id(),
            url: header.target_uri(),
            date: header.date(),
            millis: header.timestamp().map(jiff::Timestamp::as_millisecond),
            crawl: None,
            refers_to: refers_to.map(without_brackets),
        };
        let place = Place { offset: record.offset, length: record.length, inner_offset: record.inner_offset };
        let url = self.columns.push_record(place, &named, record.block);
        self.ip.append_option(header.get("WARC-IP-Address"));
        self.payload_digest.append_option(header.get("WARC-Payload-Digest"));
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
                let head = if response.is_some() { page::head(record.block) } else { "".into() };
                let doubtful = record.problems.contains(&RecordProblem::ChecksumMismatch);
                let declared = match &response {
                    Some(response) => response.content_type(),
                    None => ContentType::parse(header.get("Content-Type").unwrap_or_default()),
                };
                let tld = url.as_ref().and_then(web::host).and_then(web::tld);
                self.push_page(&media_type, declared.charset, &head, body, tld, doubtful);
            }
            Reading::Skipped { code, detail, response } => {
                let declared = response.as_ref().and_then(|response| response.get("content-type"));
                self.http_status.append_option(response.as_ref().map(|response| response.status));
                let site_file = response.as_ref().and_then(|response| {
                    page::site_file(header.target_uri().unwrap_or_default(), code, response)
                });
                self.push_no_page();
                self.push_site_file(site_file);
                self.columns.push_content(declared.map(page::essence).as_deref(), None);
                self.columns.push_mark(Outcome::Skipped, code, detail.as_deref());
            }
        }
    }

    /// A page. Where the checksum of its member does not match, some byte of it may be wrong: the steps still run, so
    /// that it can be looked at, and it is rejected.
    fn push_page(
        &mut self,
        media_type: &str,
        declared_charset: Option<&str>,
        head: &str,
        body: &[u8],
        tld: Option<&str>,
        doubtful: bool,
    ) {
        let decoded = charset::decode(body, declared_charset, tld);
        self.charset.append_value(decoded.charset);
        self.charset_source.append_value(decoded.source.as_str());
        self.decode_errors.append_value(decoded.errors);
        self.http_head.append_value(head);
        self.push_site_file(None);
        self.columns.push_content(Some(media_type), Some(&decoded.text));
        if doubtful {
            self.columns.push_mark(Outcome::Rejected, CHECKSUM_MISMATCH, None);
        } else {
            self.columns.push_open();
        }
    }

    fn push_unread(&mut self, place: Place) {
        self.columns.push_unread(place);
        self.columns.push_content(None, None);
        self.push_no_answer();
    }

    fn push_no_answer(&mut self) {
        self.ip.append_null();
        self.payload_digest.append_null();
        self.truncated.append_null();
        self.http_status.append_null();
        self.push_no_page();
        self.push_site_file(None);
    }

    fn push_no_page(&mut self) {
        self.charset.append_null();
        self.charset_source.append_null();
        self.decode_errors.append_null();
        self.http_head.append_null();
    }

    fn push_site_file(&mut self, file: Option<SiteFile<'_>>) {
        let body = file.and_then(|file| file.body);
        // What is longer than it is read is cut where its reader would, or is of no use.
        let kept = file.zip(body).and_then(|(file, body)| match file.kind {
            FileKind::Robots => Some(robots::within_limit(body).0),
            kind => (body.len() <= kind.max_bytes()).then_some(body),
        });
        let text = |builder: &mut StructBuilder, index: usize, value: Option<&str>| {
            builder
                .field_builder::<StringBuilder>(index)
                .expect("the field was declared as Utf8")
                .append_option(value);
        };
        text(&mut self.site_file, 0, file.map(|file| file.kind.as_str()));
        self.site_file
            .field_builder::<BinaryBuilder>(1)
            .expect("the field was declared as Binary")
            .append_option(kept);
        self.site_file
            .field_builder::<UInt64Builder>(2)
            .expect("the field was declared as UInt64")
            .append_option(file.map(|_| body.map_or(0, |body| body.len() as u64)));
        text(&mut self.site_file, 3, body.map(signals::sha256).as_deref());
        self.site_file.append(file.is_some());
        self.columns.add_bytes(kept.map_or(0, <[u8]>::len));
    }

    /// The row that ends a split.
    pub(super) fn push_split_end(&mut self) {
        self.push_no_answer();
        self.columns.push_split_end();
    }

    /// The rows so far as a batch; the builder is empty afterwards.
    pub(super) fn finish(&mut self) -> Result<RecordBatch, ArrowError> {
        let others: [(&str, ArrayRef); 9] = [
            (c::IP, Arc::new(self.ip.finish())),
            (c::PAYLOAD_DIGEST, Arc::new(self.payload_digest.finish())),
            (c::HTTP_STATUS, Arc::new(self.http_status.finish())),
            (c::CHARSET, Arc::new(self.charset.finish())),
            (c::CHARSET_SOURCE, Arc::new(self.charset_source.finish())),
            (c::DECODE_ERRORS, Arc::new(self.decode_errors.finish())),
            (c::TRUNCATED, Arc::new(self.truncated.finish())),
            (c::HTTP_HEAD, Arc::new(self.http_head.finish())),
            (c::SITE_FILE, Arc::new(self.site_file.finish())),
        ];
        self.columns.finish(others)
    }
}

/// An id or address as other columns have it.
fn without_brackets(value: &str) -> &str {
    value.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')).unwrap_or(value).trim()
}
