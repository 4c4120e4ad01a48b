//! Splits: the byte ranges of which stage 1 is made, and the loop that reads them.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, RecordBatch, StringArray, StructArray, UInt64Array, new_null_array,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, UInt64Type};
use datafusion::common::{DataFusionError, Result, internal_datafusion_err};
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::{StreamExt, stream};

use crate::document::{column, record_schema, split_end_fields};

/// One range of one input.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Split {
    /// Key of the split's rows in the work directory.
    pub key: String,
    /// Name of the input in outputs.
    pub input: String,
    /// Where its bytes are.
    pub url: String,
    /// First byte.
    pub offset: u64,
    /// Bytes.
    pub length: u64,
    /// Bytes of the whole input.
    pub file_bytes: u64,
    /// Name of the source in the config.
    pub source: String,
    /// Name of the crawl.
    pub crawl: Option<String>,
}

/// The schema of the table of splits.
pub fn split_schema() -> SchemaRef {
    let text = |name| Field::new(name, DataType::Utf8, true);
    let number = |name| Field::new(name, DataType::UInt64, false);
    Arc::new(Schema::new(vec![
        text("key"),
        text("input"),
        text("url"),
        number("offset"),
        number("length"),
        number("file_bytes"),
        text("source"),
        text("crawl"),
    ]))
}

/// A batch with one split.
pub fn split_batch(split: &Split) -> Result<RecordBatch> {
    let text = |value: Option<&str>| -> ArrayRef { Arc::new(StringArray::from(vec![value])) };
    let number = |value: u64| -> ArrayRef { Arc::new(UInt64Array::from(vec![value])) };
    Ok(RecordBatch::try_new(
        split_schema(),
        vec![
            text(Some(&split.key)),
            text(Some(&split.input)),
            text(Some(&split.url)),
            number(split.offset),
            number(split.length),
            number(split.file_bytes),
            text(Some(&split.source)),
            text(split.crawl.as_deref()),
        ],
    )?)
}

fn splits_of(batch: &RecordBatch) -> Result<Vec<Split>> {
    let text = |index: usize, row: usize| {
        let column = batch.column(index).as_string::<i32>();
        column.is_valid(row).then(|| column.value(row).to_owned())
    };
    let number = |index: usize, row: usize| batch.column(index).as_primitive::<UInt64Type>().value(row);
    let needed =
        |value: Option<String>| value.ok_or_else(|| internal_datafusion_err!("a split without a place"));
    (0..batch.num_rows())
        .map(|row| {
            Ok(Split {
                key: needed(text(0, row))?,
                input: needed(text(1, row))?,
                url: needed(text(2, row))?,
                offset: number(3, row),
                length: number(4, row),
                file_bytes: number(5, row),
                source: needed(text(6, row))?,
                crawl: text(7, row),
            })
        })
        .collect()
}

/// What reads the splits of one kind of file.
pub(super) trait OpenSplit: Send + Sync + 'static {
    /// A split at work.
    type Reader: SplitBatches;

    /// Begins a split.
    fn open(&self, split: &Split) -> impl Future<Output = Result<Self::Reader>> + Send;
}

/// A split at work.
pub(super) trait SplitBatches: Send {
    /// Its next rows, of the record schema; the last one carries `split_end`.
    fn next_batch(&mut self) -> impl Future<Output = Result<Option<RecordBatch>>> + Send;
}

/// The rows of all splits that come in, one split after the other.
pub(super) fn read_splits<O: OpenSplit>(
    opener: O,
    input: SendableRecordBatchStream,
) -> SendableRecordBatchStream {
    let state = Reading { opener, input, waiting: Vec::new(), current: None };
    let batches = stream::try_unfold(state, |mut state| async move {
        Ok(state.next_batch().await?.map(|batch| (batch, state)))
    });
    Box::pin(RecordBatchStreamAdapter::new(record_schema(), batches))
}

struct Reading<O: OpenSplit> {
    opener: O,
    input: SendableRecordBatchStream,
    /// The next one last.
    waiting: Vec<Split>,
    current: Option<O::Reader>,
}

impl<O: OpenSplit> Reading<O> {
    async fn next_batch(&mut self) -> Result<Option<RecordBatch>> {
        loop {
            if let Some(reader) = &mut self.current {
                if let Some(batch) = reader.next_batch().await? {
                    return Ok(Some(batch));
                }
                self.current = None;
            }
            if let Some(split) = self.waiting.pop() {
                self.current = Some(self.opener.open(&split).await?);
                continue;
            }
            let Some(batch) = self.input.next().await else { return Ok(None) };
            self.waiting = splits_of(&batch?)?;
            self.waiting.reverse();
        }
    }
}

/// What the row that ends a split says.
pub(super) struct Ending {
    /// The split.
    pub(super) range: Range<u64>,
    /// Where its first item began and the last one ended.
    pub(super) items: Range<u64>,
    /// Bytes of items that have no row.
    pub(super) padding: u64,
    /// Digests of its pieces.
    pub(super) pieces: String,
}

/// The last batch of a split, with `ending` in its last row.
pub(super) fn with_ending(batch: &RecordBatch, ending: &Ending) -> Result<RecordBatch> {
    let before = batch.num_rows() - 1;
    let number = |value: u64| -> ArrayRef { Arc::new(UInt64Array::from(vec![value])) };
    let end: ArrayRef = Arc::new(StructArray::try_new(
        split_end_fields(),
        vec![
            number(ending.range.start),
            number(ending.range.end - ending.range.start),
            number(ending.items.start),
            number(ending.items.end),
            number(ending.padding),
            Arc::new(StringArray::from(vec![ending.pieces.as_str()])),
        ],
        None,
    )?);
    let nulls = new_null_array(end.data_type(), before);
    let schema = batch.schema();
    let mut columns = batch.columns().to_vec();
    let last = schema.index_of(column::SPLIT_END)?;
    columns[last] = arrow::compute::concat(&[nulls.as_ref(), end.as_ref()])?;
    Ok(RecordBatch::try_new(schema, columns)?)
}

pub(super) fn external(error: impl std::error::Error + Send + Sync + 'static) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}
