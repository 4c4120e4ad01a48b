//! `DocumentRead`: splits of document files in, one row per document out.
//!
//! The sibling of `WarcRead`: the input is the same table of splits, what comes out has the same schema and ends
//! in the same way, so the books and the digest of a file are made alike. Plain JSON lines are read in windows, packed ones
//! from their start by the split at byte 0 (the other splits, if there are any, only hash), Parquet by row groups.
//!
//! Memory per split at work: a window (8 MiB, or the longest line), and a batch (8 MiB of text and the last document). A
//! Parquet split is read once and kept, if it has at most 64 MiB, with the pages that a batch needs besides.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use bytes::Bytes;
use datafusion::common::{Result, internal_datafusion_err};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use kilim_connectors::documents::{
    Damage, DocumentFormat, FieldMap, FormatError, LineItem, LineSplit, LineStep, PackedLines, ParquetSplit,
    Piece, Place, ReadLimits, Rows, read_line,
};
use kilim_connectors::store::{Location, Stores};

use super::columns::SplitFacts;
use super::digest::PieceHasher;
use super::document_rows::DocumentRows;
use super::progress::Progress;
use super::split::{Ending, OpenSplit, Split, SplitBatches, external, read_splits, with_ending};
use super::window::{WINDOW_BYTES, Window, feed};
use crate::document::record_schema;
use crate::engine::Operator;

/// A larger Parquet split is read for its digest and again where its pages are.
const MAX_KEPT_BYTES: u64 = 64 << 20;

/// How the files of a source are read.
#[derive(Debug, Clone)]
pub struct DocumentSource {
    /// Their format, where the config says it; otherwise each file's first bytes do.
    pub format: Option<DocumentFormat>,
    /// Where things stand in a document.
    pub fields: Arc<FieldMap>,
}

/// The operator.
#[derive(Debug, Clone)]
pub struct DocumentRead {
    /// Where bytes come from.
    pub stores: Arc<Stores>,
    /// The folder that relative URLs of splits start from.
    pub base_dir: PathBuf,
    /// How to read, by source.
    pub sources: Arc<BTreeMap<String, DocumentSource>>,
    /// Caps on lines and pages.
    pub limits: ReadLimits,
    /// What the progress bars show.
    pub progress: Arc<Progress>,
}

impl Operator for DocumentRead {
    fn name(&self) -> &'static str {
        "DocumentRead"
    }

    fn describe(&self) -> String {
        format!("max_line={}", self.limits.max_line_bytes)
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

impl OpenSplit for DocumentRead {
    type Reader = SplitReader;

    async fn open(&self, split: &Split) -> Result<SplitReader> {
        let source = self.sources.get(&split.source);
        let source = source.ok_or_else(|| internal_datafusion_err!("no source {}", split.source))?.clone();
        let place = Location::parse(&split.url, &self.base_dir).map_err(external)?;
        let range = split.offset..split.offset + split.length;
        let window = Window::new(Arc::clone(&self.stores), place, range.start, split.file_bytes);
        let mut reader = SplitReader {
            content: Content::Hashed,
            hasher: Some(PieceHasher::new(range.start, range.end, split.file_bytes)),
            range: range.clone(),
            window,
            fields: Arc::clone(&source.fields),
            found: Found {
                rows: DocumentRows::new(SplitFacts::of(split)),
                items: None,
                padding: 0,
                progress: Arc::clone(&self.progress),
            },
        };
        let first = 0..split.file_bytes.min(DocumentFormat::SNIFF_BYTES as u64);
        let first = self.stores.get_range(&reader.window.place, first).await.map_err(external)?;
        let sniffed = DocumentFormat::sniff(&first);
        let format = match (source.format, sniffed) {
            // How lines are packed is for their bytes to say.
            (Some(DocumentFormat::Lines), Ok(packed)) if packed.is_packed() => Ok(packed),
            (Some(said), _) => Ok(said),
            (None, sniffed) => sniffed,
        };
        reader.content = match format {
            Ok(DocumentFormat::Parquet) => reader.open_parquet(&self.stores, self.limits).await?,
            Ok(DocumentFormat::Lines) => {
                let lines = LineSplit::new(range, self.limits.max_line_bytes);
                reader.window.start = lines.position();
                Content::Lines(lines)
            }
            Ok(packed) if split.offset == 0 => {
                match PackedLines::new(packed, split.file_bytes, self.limits) {
                    Some(lines) => Content::Packed(Box::new(lines)),
                    None => return Err(internal_datafusion_err!("zstd cannot be set up")),
                }
            }
            Ok(_) => Content::Hashed,
            Err(error) => Content::Unreadable(error),
        };
        Ok(reader)
    }
}

/// What a split holds.
enum Content {
    Lines(LineSplit),
    Packed(Box<PackedLines>),
    /// And rows of a row group that are not done with, with the next of them.
    Parquet(Box<ParquetSplit>, Option<(Rows, usize)>),
    Unreadable(FormatError),
    /// Another split answers for the documents.
    Hashed,
}

/// What was found in a split so far.
struct Found {
    rows: DocumentRows,
    /// Where the first item began and the last one ended.
    items: Option<Range<u64>>,
    /// Bytes of items that are neither documents nor damage.
    padding: u64,
    progress: Arc<Progress>,
}

impl Found {
    fn account(&mut self, place: Place) {
        let items = self.items.get_or_insert(place.offset..place.offset);
        items.end = items.end.max(place.offset + place.length);
        self.progress.add_record(place.length);
    }

    /// `content` is the line itself, without its end.
    fn push_line(&mut self, item: &LineItem, content: &[u8], fields: &FieldMap) {
        match item {
            LineItem::Line { place, .. } => {
                self.rows.push_reading(*place, &read_line(content, fields), Some(content));
            }
            LineItem::Damage { place, reason } => {
                self.rows.push_damage(&Damage { place: *place, reason: *reason, detail: None });
            }
            LineItem::Padding { place } => self.padding += place.length,
        }
    }
}

/// A split at work.
pub(super) struct SplitReader {
    content: Content,
    /// Gone once the split has ended.
    hasher: Option<PieceHasher>,
    range: Range<u64>,
    window: Window,
    fields: Arc<FieldMap>,
    found: Found,
}

impl SplitReader {
    async fn open_parquet(&mut self, stores: &Arc<Stores>, limits: ReadLimits) -> Result<Content> {
        let mut kept = (self.range.start, Bytes::new());
        if self.range.end - self.range.start <= MAX_KEPT_BYTES {
            let split_bytes = self.range.end - self.range.start;
            self.grow(self.range.start, split_bytes).await?;
            kept.1 = Bytes::from(std::mem::take(&mut self.window.bytes));
            self.window.start += kept.1.len() as u64;
        }
        let (place, file_bytes) = (self.window.place.clone(), self.window.file_bytes);
        let split = self.range.clone();
        let opened =
            ParquetSplit::open(Arc::clone(stores), place, file_bytes, split, kept, &self.fields, limits);
        Ok(match opened.await.map_err(external)? {
            Ok(reader) => Content::Parquet(Box::new(reader), None),
            Err(error) => Content::Unreadable(error),
        })
    }

    /// As [`Window::grow`]; what comes in is hashed.
    async fn grow(&mut self, position: u64, at_least: u64) -> Result<()> {
        let fresh = self.window.grow(position, at_least, WINDOW_BYTES).await?;
        feed(&mut self.hasher, &self.window, fresh);
        Ok(())
    }

    /// Takes the next item, or more bytes; false at the end of the documents.
    async fn advance(&mut self) -> Result<bool> {
        let Self { content, window, fields, found, .. } = self;
        let (position, step) = match content {
            Content::Hashed => return Ok(false),
            Content::Unreadable(error) => {
                // One row whatever the split size: the first split answers for the whole file.
                if self.range.start == 0 && window.file_bytes > 0 {
                    found.rows.push_unreadable(window.file_bytes, error);
                    found.account(Place { offset: 0, length: window.file_bytes, inner_offset: 0 });
                }
                return Ok(false);
            }
            Content::Parquet(reader, rows) => return next_rows(reader, rows, fields, found).await,
            Content::Lines(lines) => {
                let step = lines.step(window.from(lines.position()), window.at_eof());
                if let LineStep::Item(item) = &step {
                    let line = match item {
                        // It may begin behind the position: the first line of a split does.
                        LineItem::Line { place, content_bytes } => {
                            &window.from(place.offset)[..*content_bytes]
                        }
                        _ => &[],
                    };
                    found.account(item.place());
                    found.push_line(item, line, fields);
                }
                (lines.position(), step)
            }
            Content::Packed(lines) => {
                let step = lines.step(window.from(lines.position()), window.at_eof());
                if let LineStep::Item(item) = &step {
                    let line = match item {
                        LineItem::Line { place, content_bytes } => lines.line(*place, *content_bytes),
                        _ => &[],
                    };
                    // The first item has the length of the file, wherever it stands.
                    found.account(Place { offset: 0, ..item.place() });
                    found.push_line(item, line, fields);
                }
                (lines.position(), step)
            }
        };
        match step {
            LineStep::Item(_) => {}
            LineStep::NeedMore { at_least } => self.grow(position, at_least as u64).await?,
            LineStep::Done => return Ok(false),
        }
        Ok(true)
    }

    /// The last rows, and the row that ends the split. The digest covers the whole range, even where documents needed
    /// less of it.
    async fn end(&mut self) -> Result<RecordBatch> {
        while self.window.end() < self.range.end {
            self.grow(self.window.end(), WINDOW_BYTES).await?;
        }
        self.content = Content::Hashed;
        let pieces = self.hasher.take().map(PieceHasher::finish).unwrap_or_default();
        self.found.rows.push_split_end();
        let batch = self.found.rows.finish()?;
        let items = self.found.items.clone().unwrap_or(self.range.start..self.range.start);
        with_ending(&batch, &Ending { range: self.range.clone(), items, padding: self.found.padding, pieces })
    }
}

impl SplitBatches for SplitReader {
    async fn next_batch(&mut self) -> Result<Option<RecordBatch>> {
        if self.hasher.is_none() {
            return Ok(None);
        }
        while !self.found.rows.is_full() {
            if !self.advance().await? {
                return self.end().await.map(Some);
            }
        }
        Ok(Some(self.found.rows.finish()?))
    }
}

/// Takes the next row of a Parquet split, or the next piece of it; false at its end.
async fn next_rows(
    reader: &mut ParquetSplit,
    rows: &mut Option<(Rows, usize)>,
    fields: &FieldMap,
    found: &mut Found,
) -> Result<bool> {
    if let Some((batch, next)) = rows {
        if *next < batch.len() {
            let place = batch.place(*next);
            found.account(place);
            found.rows.push_reading(place, &batch.read(*next, fields), None);
            *next += 1;
            return Ok(true);
        }
        *rows = None;
    }
    let Some(piece) = reader.next(fields).await.map_err(external)? else { return Ok(false) };
    match piece {
        Piece::Rows(batch) => *rows = Some((batch, 0)),
        Piece::Damage(damage) => {
            found.account(damage.place);
            found.rows.push_damage(&damage);
        }
        Piece::Padding(place) => {
            found.account(place);
            found.padding += place.length;
        }
    }
    Ok(true)
}
