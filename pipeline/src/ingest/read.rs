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

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::common::Result;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use kilim_connectors::http::HttpLimits;
use kilim_connectors::store::{Location, Stores};
use kilim_connectors::warc::{FormatError, Item, ReadLimits, SplitParser, Step, WarcFormat};

use super::columns::SplitFacts;
use super::digest::PieceHasher;
use super::progress::Progress;
use super::rows::RowBuilder;
use super::split::{Ending, OpenSplit, Split, SplitBatches, external, read_splits, with_ending};
use super::window::{WINDOW_BYTES, Window, feed};
use crate::document::record_schema;
use crate::engine::Operator;

/// The operator.
#[derive(Debug, Clone)]
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

    fn run(
        &self,
        _partition: usize,
        input: SendableRecordBatchStream,
        _context: &Arc<TaskContext>,
        _metrics: &ExecutionPlanMetricsSet,
    ) -> Result<SendableRecordBatchStream> {
        Ok(read_splits(self.clone(), input))
    }
}

impl OpenSplit for WarcRead {
    type Reader = SplitReader;

    async fn open(&self, split: &Split) -> Result<SplitReader> {
        let place = Location::parse(&split.url, &self.base_dir).map_err(external)?;
        let range = split.offset..split.offset + split.length;
        let mut window = Window::new(Arc::clone(&self.stores), place, range.start, split.file_bytes);
        let source = match format_of(&window).await? {
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

/// What kind of crawl file it is.
async fn format_of(window: &Window) -> Result<std::result::Result<WarcFormat, FormatError>> {
    let to = window.file_bytes.min(WarcFormat::SNIFF_BYTES as u64);
    let head = match to {
        0 => return Ok(Ok(WarcFormat::Plain)),
        to => window.stores.get_range(&window.place, 0..to).await.map_err(external)?,
    };
    Ok(WarcFormat::sniff(&head, window.place.name()))
}

/// Where the items of a split come from.
enum Source {
    Parser(SplitParser),
    /// No crawl file of a kind that can be read: the whole file is one damaged range.
    Unreadable(FormatError),
}

/// A split at work.
pub(super) struct SplitReader {
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

impl SplitBatches for SplitReader {
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
}

impl SplitReader {
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
