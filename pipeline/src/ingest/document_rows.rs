//! From what the readers of documents find to rows of the record schema.
//!
//! A document of an existing corpus has no HTTP answer, no charset and no markup. What it says about itself goes into
//! the columns of provenance where there is one, and into `given` where a step has to judge it.

use std::sync::Arc;

use arrow::array::{
    ArrayBuilder, ArrayRef, ListBuilder, RecordBatch, StringBuilder, StructArray, StructBuilder,
    TimestampMillisecondBuilder, UInt64Builder, new_null_array,
};
use arrow::buffer::NullBuffer;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use kilim_connectors::documents::{Damage, FormatError, Given, Place, Reading};
use kilim_connectors::web;

use super::rows::{BATCH_BYTES, BATCH_ROWS, READER, SplitFacts, blake3_128, text_field};
use crate::config::countries::is_country;
use crate::document::{GIVEN_RECORD, Outcome, column, given_fields, reason_fields, record_schema};

/// A document that names a country that is none: nobody could accept it, and dropping the name would free it.
const BAD_JURISDICTION: &str = "bad_jurisdiction";
/// Media type of a given text.
const TEXT: &str = "text/plain";

/// Builds record batches row by row.
pub(super) struct DocumentRows {
    facts: SplitFacts,
    schema: SchemaRef,
    rows: usize,
    bytes: usize,
    input: StringBuilder,
    offset: UInt64Builder,
    inner_offset: UInt64Builder,
    doc_id: StringBuilder,
    record_type: StringBuilder,
    record_id: StringBuilder,
    url: StringBuilder,
    surt: StringBuilder,
    host: StringBuilder,
    registered_domain: StringBuilder,
    fetched_at: TimestampMillisecondBuilder,
    crawl: StringBuilder,
    source: StringBuilder,
    file: StringBuilder,
    length: UInt64Builder,
    refers_to: StringBuilder,
    content_type: StringBuilder,
    text: StringBuilder,
    title: StringBuilder,
    lang: StringBuilder,
    license: StringBuilder,
    attribution: StringBuilder,
    jurisdictions: ListBuilder<StringBuilder>,
    is_document: Vec<bool>,
    outcome: StringBuilder,
    reasons: ListBuilder<StructBuilder>,
}

impl DocumentRows {
    /// An empty builder for one split.
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
            record_type: StringBuilder::new(),
            record_id: StringBuilder::new(),
            url: StringBuilder::new(),
            surt: StringBuilder::new(),
            host: StringBuilder::new(),
            registered_domain: StringBuilder::new(),
            fetched_at: TimestampMillisecondBuilder::new().with_timezone("UTC"),
            crawl: StringBuilder::new(),
            source: StringBuilder::new(),
            file: StringBuilder::new(),
            length: UInt64Builder::new(),
            refers_to: StringBuilder::new(),
            content_type: StringBuilder::new(),
            text: StringBuilder::new(),
            title: StringBuilder::new(),
            lang: StringBuilder::new(),
            license: StringBuilder::new(),
            attribution: StringBuilder::new(),
            jurisdictions: ListBuilder::new(StringBuilder::new()),
            is_document: Vec::new(),
            outcome: StringBuilder::new(),
            reasons: ListBuilder::new(StructBuilder::from_fields(reason_fields(), 0)),
        }
    }

    /// Whether the batch should be handed on.
    pub(super) fn is_full(&self) -> bool {
        self.rows >= BATCH_ROWS || self.bytes >= BATCH_BYTES
    }

    /// One line or row. `raw` is what it was read from, where that is at hand.
    pub(super) fn push_reading(&mut self, place: Place, reading: &Reading<'_>, raw: Option<&[u8]>) {
        match reading {
            Reading::Document { text, given } => {
                let bad = given.jurisdictions.iter().find(|label| !is_country(label));
                let digest = blake3::hash(raw.unwrap_or(text.as_bytes()));
                self.push_given(place, given, &digest);
                if let Some(bad) = bad {
                    // A label of a few letters, no text of the document.
                    let detail: String = bad.chars().take(16).collect();
                    self.push_no_text();
                    self.push_mark(Outcome::Skipped, BAD_JURISDICTION, Some(&detail));
                    return;
                }
                self.push_text(text, given);
            }
            Reading::Unfit { why, given } => {
                self.push_given(place, given, &blake3::hash(raw.unwrap_or_default()));
                self.push_no_text();
                self.push_mark(Outcome::Skipped, why.as_str(), None);
            }
            Reading::Broken(problem) => {
                self.push_unread(place);
                self.push_mark(Outcome::Broken, problem.as_str(), problem.detail().as_deref());
            }
        }
    }

    /// Bytes out of which nothing could be read.
    pub(super) fn push_damage(&mut self, damage: &Damage) {
        self.push_unread(damage.place);
        self.push_mark(Outcome::Broken, damage.reason.as_str(), damage.detail.as_deref());
    }

    /// A whole file that is none of documents.
    pub(super) fn push_unreadable(&mut self, file_bytes: u64, error: &FormatError) {
        self.push_unread(Place { offset: 0, length: file_bytes, inner_offset: 0 });
        self.push_mark(Outcome::Broken, error.as_str(), Some(&error.to_string()));
    }

    /// The row that ends a split. It is no record: what it says goes into `split_end`.
    pub(super) fn push_split_end(&mut self) {
        let place = Place { offset: 0, length: 0, inner_offset: 0 };
        self.push_place(place, "", None);
        self.push_no_record();
        self.outcome.append_null();
        self.reasons.append(true);
        self.rows += 1;
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

    fn push_unread(&mut self, place: Place) {
        let id = self.id_of_place(place, &[]);
        self.push_place(place, &id, None);
        self.push_no_record();
    }

    fn id_of_place(&self, place: Place, digest: &[u8]) -> String {
        let name = self.facts.file_name.as_bytes();
        blake3_128(&[name, &place.offset.to_le_bytes(), &place.inner_offset.to_le_bytes(), digest])
    }

    fn push_given(&mut self, place: Place, given: &Given<'_>, digest: &blake3::Hash) {
        let id = match (&given.id, &given.url, &given.date) {
            (Some(id), Some(url), Some(date)) => {
                blake3_128(&[id.as_bytes(), url.as_bytes(), date.text.as_bytes()])
            }
            _ => self.id_of_place(place, digest.as_bytes()),
        };
        self.push_place(place, &id, given.crawl.as_deref());
        self.record_type.append_value(GIVEN_RECORD);
        self.record_id.append_option(given.id.as_deref());
        let parsed = given.url.as_deref().and_then(web::parse);
        let host = parsed.as_ref().and_then(web::host);
        self.url.append_option(given.url.as_deref());
        self.surt.append_option(parsed.as_ref().map(web::surt));
        self.host.append_option(host);
        self.registered_domain.append_option(host.and_then(web::registered_domain));
        self.fetched_at.append_option(given.date.as_ref().and_then(|date| date.millis));
        self.refers_to.append_option(given.made_from.as_deref());
        self.bytes +=
            [&given.id, &given.url, &given.title, &given.license, &given.attribution, &given.made_from]
                .into_iter()
                .flatten()
                .map(|text| text.len())
                .sum::<usize>();
    }

    fn push_text(&mut self, text: &str, given: &Given<'_>) {
        self.content_type.append_value(TEXT);
        self.text.append_value(text);
        self.bytes += text.len();
        self.title.append_option(given.title.as_deref());
        self.lang.append_option(given.lang.as_deref());
        self.license.append_option(given.license.as_deref());
        self.attribution.append_option(given.attribution.as_deref());
        for country in &given.jurisdictions {
            self.jurisdictions.values().append_value(country);
        }
        self.jurisdictions.append(true);
        self.is_document.push(true);
        self.outcome.append_null();
        self.reasons.append(true);
        self.rows += 1;
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
        self.push_no_text();
    }

    fn push_no_text(&mut self) {
        for builder in [
            &mut self.content_type,
            &mut self.text,
            &mut self.title,
            &mut self.lang,
            &mut self.license,
            &mut self.attribution,
        ] {
            builder.append_null();
        }
        self.jurisdictions.append(false);
        self.is_document.push(false);
    }

    fn push_mark(&mut self, outcome: Outcome, code: &str, detail: Option<&str>) {
        self.outcome.append_value(outcome.as_str());
        let entry = self.reasons.values();
        text_field(entry, 0).append_value(READER);
        text_field(entry, 1).append_value(code);
        text_field(entry, 2).append_option(detail);
        entry.append(true);
        self.reasons.append(true);
        self.rows += 1;
    }

    /// The rows so far as a batch; the builder is empty afterwards. Columns that no document of a corpus has are null.
    pub(super) fn finish(&mut self) -> Result<RecordBatch, ArrowError> {
        use column as c;

        let rows = std::mem::take(&mut self.rows);
        self.bytes = 0;
        let given: ArrayRef = Arc::new(StructArray::try_new(
            given_fields(),
            vec![
                ArrayBuilder::finish(&mut self.title),
                ArrayBuilder::finish(&mut self.lang),
                ArrayBuilder::finish(&mut self.license),
                ArrayBuilder::finish(&mut self.attribution),
                ArrayBuilder::finish(&mut self.jurisdictions),
            ],
            Some(NullBuffer::from(std::mem::take(&mut self.is_document))),
        )?);
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
        let mut columns: Vec<ArrayRef> =
            self.schema.fields().iter().map(|field| new_null_array(field.data_type(), rows)).collect();
        for (name, builder) in builders {
            columns[self.schema.index_of(name)?] = builder.finish();
        }
        columns[self.schema.index_of(c::GIVEN)?] = given;
        RecordBatch::try_new(Arc::clone(&self.schema), columns)
    }
}
