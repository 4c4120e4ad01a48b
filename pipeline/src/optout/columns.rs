//! Evidence as a column, and back.

use std::borrow::Cow;

use arrow::array::{
    Array, ArrayBuilder, AsArray, ListArray, ListBuilder, StringArray, StringBuilder, StructBuilder,
    TimestampMillisecondBuilder,
};
use arrow::datatypes::{DataType, Field, TimestampMillisecondType};
use kilim_connectors::signals::{Category, Evidence, Value};

use crate::document::optout_fields;

/// Builds `optout_evidence`.
pub struct EvidenceBuilder(ListBuilder<StructBuilder>);

impl Default for EvidenceBuilder {
    fn default() -> Self {
        let fields = optout_fields();
        let item = Field::new("item", DataType::Struct(fields.clone()), true);
        Self(ListBuilder::new(StructBuilder::from_fields(fields, 0)).with_field(item))
    }
}

impl EvidenceBuilder {
    /// One row; null if nobody has looked.
    pub fn push(&mut self, evidence: Option<&[Evidence]>) {
        for row in evidence.unwrap_or_default() {
            let entry = self.0.values();
            let optional = |text: &str| (!text.is_empty()).then(|| text.to_owned());
            for (index, value) in [
                (0, Some(row.signal_word())),
                (1, optional(&row.spec_version)),
                (2, optional(&row.agent)),
                (3, Some(row.category.as_str().to_owned())),
                (4, Some(row.value.as_str().to_owned())),
                (5, Some(row.raw.clone())),
                (6, optional(&row.source_url)),
                (8, optional(&row.sha256)),
            ] {
                entry
                    .field_builder::<StringBuilder>(index)
                    .expect("the field was declared as Utf8")
                    .append_option(value);
            }
            entry
                .field_builder::<TimestampMillisecondBuilder>(7)
                .expect("the field was declared as a time")
                .append_option(row.observed_at);
            entry.append(true);
        }
        self.0.append(evidence.is_some());
    }

    /// The builder, to be finished.
    pub fn builder(&mut self) -> &mut dyn ArrayBuilder {
        &mut self.0
    }

    /// The column so far; the builder is empty afterwards.
    pub fn finish(&mut self) -> ListArray {
        self.0.finish()
    }
}

/// The evidence in a row of the column; none where nobody has looked, and of words that this version does not know.
pub fn evidence_at(column: &ListArray, row: usize) -> Option<Vec<Evidence>> {
    if column.is_null(row) {
        return None;
    }
    let entries = column.value(row);
    let entries = entries.as_struct();
    let text = |index: usize, entry: usize| -> String {
        let texts: &StringArray = entries.column(index).as_string();
        if texts.is_valid(entry) { texts.value(entry).to_owned() } else { String::new() }
    };
    let times = entries.column(7).as_primitive::<TimestampMillisecondType>();
    let read = |entry: usize| {
        let (signal, of_snapshot) = Evidence::parse_signal(&text(0, entry))?;
        Some(Evidence {
            signal,
            of_snapshot,
            spec_version: Cow::Owned(text(1, entry)),
            agent: text(2, entry),
            category: Category::from_word(&text(3, entry))?,
            value: Value::from_word(&text(4, entry))?,
            raw: text(5, entry),
            source_url: text(6, entry),
            observed_at: times.is_valid(entry).then(|| times.value(entry)),
            sha256: text(8, entry),
        })
    };
    Some((0..entries.len()).filter_map(read).collect())
}

#[cfg(test)]
mod tests {
    use kilim_connectors::signals::Signal;

    use super::*;

    #[test]
    fn evidence_comes_back_from_its_column() {
        let of_page = Evidence::of_page(Signal::RobotsTag, "", "noai", Category::TrainAi, Value::Disallow);
        let of_host = Evidence {
            of_snapshot: true,
            agent: "ccbot".to_owned(),
            source_url: "https://habari.co.ke/robots.txt".to_owned(),
            observed_at: Some(1_700_000_000_000),
            ..Evidence::of_page(Signal::Robots, "RFC 9309", "Disallow: /ዜና", Category::Crawl, Value::Disallow)
        };
        let rows = [Some(vec![of_page, of_host]), None, Some(vec![])];
        let mut builder = EvidenceBuilder::default();
        for row in &rows {
            builder.push(row.as_deref());
        }
        let column = builder.finish();
        for (index, row) in rows.iter().enumerate() {
            assert_eq!(&evidence_at(&column, index), row);
        }
    }
}
