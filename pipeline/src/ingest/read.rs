//! `WarcRead`: splits in, one row per record out.
//!
//! The input is a table of splits, one partition each; the node is not a leaf, so any scheduler may slice it. Bytes
//! come in windows from the store, the sans-IO parser takes records off their front, and rows go out in batches
//! bounded by bytes. The last row of a split carries `split_end`: the digest of its bytes and where its records
//! began and ended, so that the books can be checked against the file.
//!
//! Memory per split at work: one window (at least 8 MiB, at most the largest member) and one batch (8 MiB of pages
//! and the last one).

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch, StringArray, StructArray, UInt64Array, new_null_array};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, UInt64Type};
use datafusion::common::{DataFusionError, Result, internal_datafusion_err};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::{StreamExt, stream};
use kilim_connectors::http::HttpLimits;
use kilim_connectors::store::{Location, Stores};
use kilim_connectors::warc::{FormatError, Item, ReadLimits, SplitParser, Step, WarcFormat};

use super::digest::PieceHasher;
use super::progress::Progress;
use super::rows::{RowBuilder, SplitFacts};
use crate::document::{column, record_schema, split_end_fields};
use crate::engine::{InputNeeds, Operator};

/// Bytes asked of the store at once.
pub(super) const WINDOW_BYTES: u64 = 8 << 20;

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

pub(super) fn splits_of(batch: &RecordBatch) -> Result<Vec<Split>> {
    let text = |index: usize, row: usize| {
        let column = batch.column(index).as_string::<i32>();
        arrow::array::Array::is_valid(column, row).then(|| column.value(row).to_owned())
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

/// The operator.
#[derive(Debug)]
pub struct WarcRead {
    /// Where bytes come from.
    pub stores: Arc<Stores>,
    /// The folder that relative URLs of splits start from.
    pub base_dir: PathBuf,
    /// Caps on records.
    pub limits: ReadLimits,
    /// Caps on HTTP bodies.
    pub response_limits: HttpLimits,
    /// What the progress bars show.
    pub progress: Arc<Progress>,
}

impl Operator for WarcRead {
    fn name(&self) -> &'static str {
        "WarcRead"
    }

    fn describe(&self) -> String {
        format!("max_block={} max_body={}", self.limits.max_block_bytes, self.response_limits.max_body_bytes)
    }

    fn schema(&self) -> SchemaRef {
        record_schema()
    }

    fn needs(&self) -> InputNeeds {
        InputNeeds::default()
    }

    fn run(
        &self,
        _partition: usize,
        input: SendableRecordBatchStream,
        _context: &Arc<TaskContext>,
        _metrics: &ExecutionPlanMetricsSet,
    ) -> Result<SendableRecordBatchStream> {
        let state = Reader {
            stores: Arc::clone(&self.stores),
            base_dir: self.base_dir.clone(),
            limits: self.limits,
            response_limits: self.response_limits,
            progress: Arc::clone(&self.progress),
            input,
            waiting: Vec::new(),
            current: None,
        };
        let batches = stream::try_unfold(state, |mut state| async move {
            Ok(state.next_batch().await?.map(|batch| (batch, state)))
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(record_schema(), batches)))
    }
}

struct Reader {
    stores: Arc<Stores>,
    base_dir: PathBuf,
    limits: ReadLimits,
    response_limits: HttpLimits,
    progress: Arc<Progress>,
    input: SendableRecordBatchStream,
    waiting: Vec<Split>,
    current: Option<SplitReader>,
}

impl Reader {
    async fn next_batch(&mut self) -> Result<Option<RecordBatch>> {
        loop {
            if let Some(reader) = &mut self.current {
                if let Some(batch) = reader.next_batch().await? {
                    return Ok(Some(batch));
                }
                self.current = None;
            }
            if let Some(split) = self.waiting.pop() {
                self.current = Some(self.open(&split).await?);
                continue;
            }
            let Some(batch) = self.input.next().await else { return Ok(None) };
            self.waiting = splits_of(&batch?)?;
            self.waiting.reverse();
        }
    }

    async fn open(&mut self, split: &Split) -> Result<SplitReader> {
        let place = Location::parse(&split.url, &self.base_dir).map_err(external)?;
        let range = split.offset..split.offset + split.length;
        let mut window = Window::new(Arc::clone(&self.stores), place, range.start, split.file_bytes);
        let source = match window.format().await? {
            Ok(format) => {
                let parser = SplitParser::new(format, range.clone(), self.limits);
                window.start = parser.position();
                Source::Parser(parser)
            }
            Err(error) => Source::Unreadable(error),
        };
        let facts = SplitFacts::of(split);
        Ok(SplitReader {
            source,
            hasher: Some(PieceHasher::new(range.start, range.end, split.file_bytes)),
            range,
            window,
            rows: RowBuilder::new(facts, self.response_limits),
            items: None,
            padding: 0,
            progress: Arc::clone(&self.progress),
        })
    }
}

/// The part of the file that is in memory.
pub(super) struct Window {
    stores: Arc<Stores>,
    pub(super) place: Location,
    pub(super) start: u64,
    pub(super) bytes: Vec<u8>,
    pub(super) file_bytes: u64,
}

impl Window {
    /// Nothing yet, from `start` on.
    pub(super) fn new(stores: Arc<Stores>, place: Location, start: u64, file_bytes: u64) -> Self {
        Self { stores, place, start, bytes: Vec::new(), file_bytes }
    }

    pub(super) fn end(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }

    pub(super) fn at_eof(&self) -> bool {
        self.end() >= self.file_bytes
    }

    /// The bytes from `position` on that are in memory.
    pub(super) fn from(&self, position: u64) -> &[u8] {
        let done = usize::try_from(position.saturating_sub(self.start)).unwrap_or(usize::MAX);
        &self.bytes[done.min(self.bytes.len())..]
    }

    /// Drops what lies before `position` and makes at least `at_least` bytes from there available, or all there is;
    /// of the store, at least `least` bytes are asked.
    pub(super) async fn grow(&mut self, position: u64, at_least: u64, least: u64) -> Result<Range<usize>> {
        let done = usize::try_from(position - self.start).unwrap_or(usize::MAX).min(self.bytes.len());
        self.bytes.drain(..done);
        self.start = position;
        let from = self.end();
        let missing = at_least.saturating_sub(self.bytes.len() as u64).max(least);
        let to = self.file_bytes.min(from.saturating_add(missing));
        if from >= to {
            return Ok(self.bytes.len()..self.bytes.len());
        }
        let more = self.stores.get_range(&self.place, from..to).await.map_err(external)?;
        let before = self.bytes.len();
        self.bytes.extend_from_slice(&more);
        Ok(before..self.bytes.len())
    }

    async fn format(&self) -> Result<std::result::Result<WarcFormat, FormatError>> {
        let to = self.file_bytes.min(WarcFormat::SNIFF_BYTES as u64);
        let head = match to {
            0 => return Ok(Ok(WarcFormat::Plain)),
            to => self.stores.get_range(&self.place, 0..to).await.map_err(external)?,
        };
        Ok(WarcFormat::sniff(&head, self.place.name()))
    }
}

/// Where the items of a split come from.
enum Source {
    Parser(SplitParser),
    /// No crawl file of a kind that can be read: the whole file is one damaged range.
    Unreadable(FormatError),
}

struct SplitReader {
    source: Source,
    /// Gone once the split has ended.
    hasher: Option<PieceHasher>,
    range: Range<u64>,
    window: Window,
    rows: RowBuilder,
    /// Where the first item began and the last one ended.
    items: Option<Range<u64>>,
    /// Bytes of items that are neither records nor damage.
    padding: u64,
    progress: Arc<Progress>,
}

impl SplitReader {
    async fn next_batch(&mut self) -> Result<Option<RecordBatch>> {
        if self.hasher.is_none() {
            return Ok(None);
        }
        let parser = match &mut self.source {
            Source::Parser(parser) => parser,
            Source::Unreadable(error) => {
                // One row whatever the split size: the first split answers for the whole file.
                if self.range.start == 0 && self.window.file_bytes > 0 {
                    let file = 0..self.window.file_bytes;
                    self.rows.push_unreadable(file.clone(), *error);
                    self.items = Some(file);
                }
                return self.end().await.map(Some);
            }
        };
        loop {
            let unread = &self.window.bytes[(parser.position() - self.window.start) as usize..];
            match parser.step(unread, self.window.at_eof()) {
                Step::Ready => {}
                Step::NeedMore { at_least } => {
                    let position = parser.position();
                    // On the way to its split, the parser of a zstd file looks at the head alone.
                    let least = if position < self.range.start { 0 } else { WINDOW_BYTES };
                    let fresh = self.window.grow(position, at_least as u64, least).await?;
                    feed(&mut self.hasher, &self.window, fresh);
                    continue;
                }
                Step::Done => break,
            }
            let Some(item) = parser.item(unread) else { continue };
            let (offset, length) = (item.offset(), item.length());
            let items = self.items.get_or_insert(offset..offset);
            items.end = items.end.max(offset + length);
            match &item {
                Item::Record(record) => self.rows.push_record(record),
                Item::Damage(damage) => self.rows.push_damage(damage),
                Item::Padding { length, .. } => self.padding += length,
            }
            self.progress.add_record(length);
            if self.rows.is_full() {
                return Ok(Some(self.rows.finish()?));
            }
        }
        self.end().await.map(Some)
    }

    /// The last rows, and the row that ends the split. The digest covers the whole range, even where the parser needed
    /// less of it.
    async fn end(&mut self) -> Result<RecordBatch> {
        while self.window.end() < self.range.end {
            let fresh = self.window.grow(self.window.end(), WINDOW_BYTES, WINDOW_BYTES).await?;
            feed(&mut self.hasher, &self.window, fresh);
        }
        let pieces = self.hasher.take().map(PieceHasher::finish).unwrap_or_default();
        let items = self.items.clone().unwrap_or(self.range.start..self.range.start);
        self.rows.push_split_end();
        let batch = self.rows.finish()?;
        with_ending(&batch, &Ending { range: self.range.clone(), items, padding: self.padding, pieces })
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

/// Hashes the bytes that have just come in.
pub(super) fn feed(hasher: &mut Option<PieceHasher>, window: &Window, fresh: Range<usize>) {
    let Some(hasher) = hasher else { return };
    let first = window.start + fresh.start as u64;
    // A window may begin before the split: those bytes are the split's before.
    let skip = usize::try_from(hasher.position().saturating_sub(first)).unwrap_or(usize::MAX);
    let bytes = &window.bytes[fresh];
    hasher.update(&bytes[skip.min(bytes.len())..]);
}

pub(super) fn external(error: impl std::error::Error + Send + Sync + 'static) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}
