//! The writer of a node's shards asks again: a row that got past everything else stops the run.

use std::fs::File;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch, StringArray};
use kilim::run::{RunError, Until};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::corpus::{Corpus, files};
use crate::pages::{page, text, warc};

/// Runs up to stage 3, then writes `from` as `to` in a column of what stage 3 decided.
fn tampered(column: &str, from: &str, to: &str) -> Corpus {
    let mut corpus = Corpus::new();
    let pages = [page("https://habari.co.ke/", &text("ell", 1)), page("https://markt.de/", &text("ell", 2))];
    corpus.warc("a.warc.gz", &warc(&pages));
    corpus.try_run_until(Until::Route).expect("an honest run up to here");
    let placements = files(&corpus.path("work/stages"))
        .into_iter()
        .find(|path| path.ends_with("placements.parquet"))
        .expect("stage 3 wrote placements");
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(&placements).expect("it is there"));
    let reader = reader.and_then(ParquetRecordBatchReaderBuilder::build).expect("it is Parquet");
    let batches: Vec<RecordBatch> = reader.collect::<Result<_, _>>().expect("its rows can be read");
    let schema = batches[0].schema();
    let mut writer =
        ArrowWriter::try_new(File::create(&placements).expect("it is ours"), Arc::clone(&schema), None)
            .expect("it can be written");
    let mut changed = 0;
    for batch in batches {
        let index = schema.index_of(column).expect("stage 3 has the column");
        let values =
            arrow::compute::cast(batch.column(index), &arrow::datatypes::DataType::Utf8).expect("it is text");
        let values: StringArray = values
            .as_string::<i32>()
            .iter()
            .map(|value| {
                let value = value.expect("no placement lacks it");
                changed += usize::from(value.contains(from));
                Some(value.replace(from, to))
            })
            .collect();
        let mut columns = batch.columns().to_vec();
        let values: ArrayRef = Arc::new(values);
        columns[index] = arrow::compute::cast(&values, schema.field(index).data_type()).expect("and back");
        writer
            .write(&RecordBatch::try_new(Arc::clone(&schema), columns).expect("the same shape"))
            .expect("a row");
    }
    writer.close().expect("it can be written");
    assert!(changed > 0, "`{from}` stands in {column}");
    corpus
}

/// Holds that the next run fails at the door and commits nothing.
fn stopped(corpus: &Corpus) -> String {
    let error = corpus.try_run().expect_err("a foreign row must stop the run");
    let RunError::Foreign(foreign) = error else { panic!("{error}: {error:?}") };
    let committed: Vec<_> =
        corpus.published().into_keys().filter(|name| name.ends_with("manifest.json")).collect();
    assert!(committed.is_empty(), "{committed:?}");
    assert!(!corpus.path("work/ledger.json").exists());
    foreign.to_string()
}

#[test]
fn a_row_sent_to_another_node_fails_the_run_and_commits_nothing() {
    let said = stopped(&tampered("node", "ke", "eu"));
    assert!(said.contains("reached the shards of node eu"), "{said}");
}

#[test]
fn a_row_whose_label_says_less_than_was_decided_on_fails_the_run() {
    let said = stopped(&tampered("jurisdictions", "KE", "TZ"));
    assert!(said.contains("its jurisdictions are not those that were decided on"), "{said}");
}
