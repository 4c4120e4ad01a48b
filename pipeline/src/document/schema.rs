//! The Arrow types of the columns.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, Fields, Schema, SchemaRef, TimeUnit};

use super::column;
use crate::quality::{SIGNAL_SET, SIGNALS, Unit};

/// Where the column `signals` says, in its metadata, which set of them it holds.
pub const SIGNAL_SET_KEY: &str = "signal_set";

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

/// A time, in UTC.
fn time(name: &str) -> Field {
    field(name, DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into())))
}

/// Fields of one entry of `optout_evidence`.
pub fn optout_fields() -> Fields {
    let text = |name| field(name, DataType::Utf8);
    Fields::from(vec![
        text("signal"),
        text("spec_version"),
        text("agent"),
        text("category"),
        text("value"),
        text("raw"),
        text("source_url"),
        time("observed_at"),
        text("sha256"),
    ])
}

/// Fields of `site_file`: which file, its body up to where it is read, the bytes it had, and their SHA-256.
pub fn site_file_fields() -> Fields {
    Fields::from(vec![
        field("kind", DataType::Utf8),
        field("body", DataType::Binary),
        field("bytes", DataType::UInt64),
        field("sha256", DataType::Utf8),
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
        time(c::FETCHED_AT),
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
        field(c::SITE_FILE, DataType::Struct(site_file_fields())),
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
            .with_metadata([(SIGNAL_SET_KEY.to_owned(), SIGNAL_SET.to_owned())].into()),
        field(c::PII, list_of_struct(pii_fields().iter().map(|f| f.as_ref().clone()).collect())),
        text(c::PII_KINDS),
        field(
            c::LIST_HITS,
            list_of_struct(vec![
                text("kind"),
                text("of"),
                field("hits", DataType::UInt32),
                field("entries", DataType::UInt32),
                field("share", DataType::Float32),
            ]),
        ),
        field(
            c::LICENSE_EVIDENCE,
            list_of_struct(vec![
                text("signal"),
                text("raw"),
                text("spdx"),
                // Parts of `spdx`: policies and auditors ask for a port without reading ids.
                text("version"),
                text("port"),
                text("subject"),
                text("scope"),
                field("in_head", DataType::Boolean),
                field("in_footer", DataType::Boolean),
                field("negated", DataType::Boolean),
                field("excepted", DataType::Boolean),
                field("confidence", DataType::Float32),
                text("context"),
            ]),
        ),
        text(c::LICENSE),
        field(c::LICENSE_TIER, DataType::UInt8),
        text(c::LICENSE_SCOPE),
        field(c::LICENSE_CONFIDENCE, DataType::Float32),
        field(c::LICENSE_DISAGREEMENT, DataType::Boolean),
        field(c::LICENSE_VERSION_DISAGREEMENT, DataType::Boolean),
        text(c::LICENSE_DECLARED),
        text(c::LICENSE_URL),
        text(c::ATTRIBUTION),
        text(c::AUTHOR),
        field(
            c::OPTOUT_EVIDENCE,
            list_of_struct(optout_fields().iter().map(|f| f.as_ref().clone()).collect()),
        ),
        text(c::OPTOUT_TRAIN),
        text(c::OPTOUT_BASIS),
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
