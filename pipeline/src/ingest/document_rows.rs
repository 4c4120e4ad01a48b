//! From what the readers of documents find to rows of the record schema.
//!
//! A document of an existing corpus has no HTTP answer, no charset and no markup. What it says about itself goes into
//! the columns of provenance where there is one, and into `given` where a step has to judge it.

use std::sync::Arc;

use arrow::array::{ArrayBuilder, ArrayRef, ListBuilder, RecordBatch, StringBuilder, StructArray};
use arrow::buffer::NullBuffer;
use arrow::error::ArrowError;
use kilim_connectors::documents::{Damage, FormatError, Given, Place, Reading};

use super::columns::{Named, RecordColumns, SplitFacts};
use crate::config::countries::is_country;
use crate::document::{GIVEN_RECORD, Outcome, column, given_fields};

/// A document that names a country that is none: nobody could accept it, and dropping the name would free it.
const BAD_JURISDICTION: &str = "bad_jurisdiction";
/// Media type of a given text.
const TEXT: &str = "text/plain";

/// Builds record batches row by row.
pub(super) struct DocumentRows {
    columns: RecordColumns,
    title: StringBuilder,
    lang: StringBuilder,
    license: StringBuilder,
    attribution: StringBuilder,
    jurisdictions: ListBuilder<StringBuilder>,
    is_document: Vec<bool>,
}

impl DocumentRows {
    /// An empty builder for one split.
    pub(super) fn new(facts: SplitFacts) -> Self {
        Self {
            columns: RecordColumns::new(facts),
            title: StringBuilder::new(),
            lang: StringBuilder::new(),
            license: StringBuilder::new(),
            attribution: StringBuilder::new(),
            jurisdictions: ListBuilder::new(StringBuilder::new()),
            is_document: Vec::new(),
        }
    }

    /// Whether the batch should be handed on.
    pub(super) fn is_full(&self) -> bool {
        self.columns.is_full()
    }

    /// One line or row. `raw` is what it was read from, where that is at hand.
    pub(super) fn push_reading(&mut self, place: Place, reading: &Reading<'_>, raw: Option<&[u8]>) {
        match reading {
            Reading::Document { text, given } => {
                let bad = given.jurisdictions.iter().find(|label| !is_country(label));
                self.push_given(place, given, raw.unwrap_or(text.as_bytes()));
                if let Some(bad) = bad {
                    // A label of a few letters, no text of the document.
                    let detail: String = bad.chars().take(16).collect();
                    self.push_no_text();
                    self.columns.push_mark(Outcome::Skipped, BAD_JURISDICTION, Some(&detail));
                    return;
                }
                self.push_text(text, given);
            }
            Reading::Unfit { why, given } => {
                self.push_given(place, given, raw.unwrap_or_default());
                self.push_no_text();
                self.columns.push_mark(Outcome::Skipped, why.as_str(), None);
            }
            Reading::Broken(problem) => {
                self.push_unread(place);
                self.columns.push_mark(Outcome::Broken, problem.as_str(), problem.detail().as_deref());
            }
        }
    }

    /// Bytes out of which nothing could be read.
    pub(super) fn push_damage(&mut self, damage: &Damage) {
        self.push_unread(damage.place);
        self.columns.push_mark(Outcome::Broken, damage.reason.as_str(), damage.detail.as_deref());
    }

    /// A whole file that is none of documents.
    pub(super) fn push_unreadable(&mut self, file_bytes: u64, error: &FormatError) {
        self.push_unread(Place { offset: 0, length: file_bytes, inner_offset: 0 });
        self.columns.push_mark(Outcome::Broken, error.as_str(), Some(&error.to_string()));
    }

    /// The row that ends a split.
    pub(super) fn push_split_end(&mut self) {
        self.push_nothing_given();
        self.columns.push_split_end();
    }

    fn push_unread(&mut self, place: Place) {
        self.columns.push_unread(place);
        self.push_no_text();
    }

    fn push_given(&mut self, place: Place, given: &Given<'_>, bytes: &[u8]) {
        let named = Named {
            record_type: GIVEN_RECORD,
            id: given.id.as_deref(),
            url: given.url.as_deref(),
            date: given.date.as_ref().map(|date| &*date.text),
            millis: given.date.as_ref().and_then(|date| date.millis),
            crawl: given.crawl.as_deref(),
            refers_to: given.made_from.as_deref(),
        };
        self.columns.push_record(place, &named, bytes);
        let texts =
            [&given.id, &given.url, &given.title, &given.license, &given.attribution, &given.made_from];
        self.columns.add_bytes(texts.into_iter().flatten().map(|text| text.len()).sum());
    }

    fn push_text(&mut self, text: &str, given: &Given<'_>) {
        self.columns.push_content(Some(TEXT), Some(text));
        self.title.append_option(given.title.as_deref());
        self.lang.append_option(given.lang.as_deref());
        self.license.append_option(given.license.as_deref());
        self.attribution.append_option(given.attribution.as_deref());
        for country in &given.jurisdictions {
            self.jurisdictions.values().append_value(country);
        }
        self.jurisdictions.append(true);
        self.is_document.push(true);
        self.columns.push_open();
    }

    fn push_no_text(&mut self) {
        self.columns.push_content(None, None);
        self.push_nothing_given();
    }

    fn push_nothing_given(&mut self) {
        for builder in [&mut self.title, &mut self.lang, &mut self.license, &mut self.attribution] {
            builder.append_null();
        }
        self.jurisdictions.append(false);
        self.is_document.push(false);
    }

    /// The rows so far as a batch; the builder is empty afterwards.
    pub(super) fn finish(&mut self) -> Result<RecordBatch, ArrowError> {
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
        self.columns.finish([(column::GIVEN, given)])
    }
}
