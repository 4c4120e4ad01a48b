//! `DocumentWrite`: the rows of one split into one Parquet file, and its commit.
//!
//! The file is written under a temporary name and renamed when whole; the small JSON file beside it, renamed last, is
//! the commit. A split whose commit exists is never read again.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{SchemaRef, UInt64Type};
use datafusion::common::{DataFusionError, Result, internal_datafusion_err, internal_err};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::{StreamExt, stream};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

use crate::document::{column, document_schema};
use crate::engine::{ManifestRow, Operator, manifest_batch, manifest_row_schema};
use crate::points::point;
use crate::removals;

/// Rows of a row group in the work directory: bounds what a reader must hold.
const ROW_GROUP_ROWS: usize = 4096;

/// What was read from one split, and where its rows are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SplitDone {
    /// Version of this record.
    pub version: u32,
    /// Key of the split.
    pub key: String,
    /// Name of the input.
    pub input: String,
    /// Name of the source.
    pub source: String,
    /// First byte.
    pub offset: u64,
    /// Bytes.
    pub length: u64,
    /// Where the first record or damaged range of the split began.
    pub items_start: u64,
    /// Where the last one ended.
    pub items_end: u64,
    /// Bytes of all records, damaged ranges and padding of the split.
    pub items_bytes: u64,
    /// BLAKE3 of the split's 1 MiB pieces, in hex.
    pub pieces: String,
    /// Rows.
    pub rows: u64,
    /// Rows by outcome; `open` for those that later stages decide.
    pub outcomes: BTreeMap<String, u64>,
    /// Bytes of the Parquet file.
    pub bytes: u64,
    /// What retention has taken out of the rows; none if they are as they were read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thinned: Option<Thinned>,
    /// Ids of the requests by which rows of it are without their text; see [`crate::removals`].
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub removed: BTreeSet<String>,
}

/// Which texts of a split were dropped. Its rows are all there, and so is everything that stages 2 and 3 ask of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thinned {
    /// Key of the stage 3 by whose outcomes rows were chosen last.
    pub routes: String,
    /// The outcomes that were chosen by it.
    pub outcomes: BTreeSet<String>,
    /// How many texts were dropped in all, by the outcome of their rows then.
    pub texts: BTreeMap<String, u64>,
}

/// Version of [`SplitDone`].
pub(super) const SPLIT_DONE_VERSION: u32 = 1;

impl SplitDone {
    /// The Parquet file of the split with `key`.
    pub fn rows_path(folder: &Path, key: &str) -> PathBuf {
        folder.join(format!("{key}.parquet"))
    }

    /// All commits in `folder` whose rows are whole, by key.
    ///
    /// # Errors
    /// A folder that cannot be read.
    pub fn all(folder: &Path) -> std::io::Result<Vec<Self>> {
        let mut all = Vec::new();
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            let key = path.file_name().and_then(|name| name.to_str()?.strip_suffix(".json"));
            all.extend(key.and_then(|key| Self::find(folder, key)));
        }
        all.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(all)
    }

    fn commit_path(folder: &Path, key: &str) -> PathBuf {
        folder.join(format!("{key}.json"))
    }

    /// The commit of `key`, if there is one and its rows are whole.
    pub fn find(folder: &Path, key: &str) -> Option<Self> {
        let text = std::fs::read(Self::commit_path(folder, key)).ok()?;
        let done: Self = serde_json::from_slice(&text).ok()?;
        let rows = std::fs::metadata(Self::rows_path(folder, key)).ok()?;
        (done.version == SPLIT_DONE_VERSION && done.key == key && rows.len() == done.bytes).then_some(done)
    }

    /// Takes the commit back: the split counts as unread. That there is none is no error.
    pub(crate) fn withdraw(&self, folder: &Path) -> std::io::Result<()> {
        match std::fs::remove_file(Self::commit_path(folder, &self.key)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Writes the commit.
    pub(super) fn commit(&self, folder: &Path) -> std::io::Result<()> {
        let mut file = NamedTempFile::new_in(folder)?;
        serde_json::to_writer_pretty(&mut file, self)?;
        file.as_file().sync_all()?;
        file.persist(Self::commit_path(folder, &self.key))?;
        Ok(())
    }
}

/// The operator. Each partition of its input is one split.
#[derive(Debug)]
pub struct DocumentWrite {
    /// The folder for the files.
    pub folder: PathBuf,
    /// Keys of the splits, by (input, offset).
    pub keys: Arc<BTreeMap<(String, u64), String>>,
}

impl Operator for DocumentWrite {
    fn name(&self) -> &'static str {
        "DocumentWrite"
    }

    fn describe(&self) -> String {
        "one Parquet file per split".to_owned()
    }

    fn schema(&self) -> SchemaRef {
        manifest_row_schema()
    }

    fn run(
        &self,
        _partition: usize,
        input: SendableRecordBatchStream,
        _context: &Arc<TaskContext>,
        _metrics: &ExecutionPlanMetricsSet,
    ) -> Result<SendableRecordBatchStream> {
        let work = write_split(self.folder.clone(), Arc::clone(&self.keys), input);
        Ok(Box::pin(RecordBatchStreamAdapter::new(manifest_row_schema(), stream::once(work))))
    }
}

async fn write_split(
    folder: PathBuf,
    keys: Arc<BTreeMap<(String, u64), String>>,
    mut input: SendableRecordBatchStream,
) -> Result<RecordBatch> {
    let mut rows = Vec::new();
    let mut open: Option<SplitFile> = None;
    while let Some(batch) = input.next().await {
        let batch = batch?;
        let file = match &mut open {
            Some(file) => file,
            none => none.insert(SplitFile::create(&folder)?),
        };
        let (documents, end) = cut_end(&batch)?;
        file.write(&documents)?;
        point("split.reading");
        if let Some(end) = end {
            let file =
                open.take().ok_or_else(|| internal_datafusion_err!("a split ended before it began"))?;
            let done = file.finish(&folder, &keys, &end)?;
            rows.push(ManifestRow::new(&done).map_err(|error| DataFusionError::External(Box::new(error)))?);
        }
    }
    if open.is_some() {
        return internal_err!("a split did not end");
    }
    manifest_batch(&rows)
}

/// The row that ends a split.
struct SplitEnd {
    input: String,
    source: String,
    offset: u64,
    length: u64,
    items_start: u64,
    items_end: u64,
    padding: u64,
    pieces: String,
}

/// The documents of a batch, and the end of the split if its last row is one.
fn cut_end(batch: &RecordBatch) -> Result<(RecordBatch, Option<SplitEnd>)> {
    let schema = document_schema();
    let documents = batch.project(&(0..schema.fields().len()).collect::<Vec<_>>())?;
    let ends = batch.column(schema.fields().len()).as_struct();
    let Some(last) = batch.num_rows().checked_sub(1).filter(|&last| ends.is_valid(last)) else {
        return Ok((documents, None));
    };
    let number = |index: usize| ends.column(index).as_primitive::<UInt64Type>().value(last);
    let text = |name: &str| -> Result<String> {
        let Some(column) = batch.column_by_name(name) else { return internal_err!("no column {name}") };
        Ok(column.as_string::<i32>().value(last).to_owned())
    };
    let end = SplitEnd {
        input: text(column::INPUT)?,
        source: text(column::SOURCE)?,
        offset: number(0),
        length: number(1),
        items_start: number(2),
        items_end: number(3),
        padding: number(4),
        pieces: ends.column(5).as_string::<i32>().value(last).to_owned(),
    };
    Ok((documents.slice(0, last), Some(end)))
}

/// How rows of a split are written.
pub(super) fn row_properties() -> Result<WriterProperties> {
    Ok(WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?))
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .build())
}

/// Ids of the requests that `reasons` name.
fn requests_in(reasons: &ArrayRef) -> BTreeSet<String> {
    let fields = reasons.as_list::<i32>().values().as_struct();
    let [steps, details] = [0, 2].map(|index| fields.column(index).as_string::<i32>());
    let named = steps.iter().zip(details).filter(|(step, _)| *step == Some(removals::STEP));
    named.filter_map(|(_, detail)| removals::request_of(detail?).map(str::to_owned)).collect()
}

/// A file of rows without a name yet.
pub(super) struct SplitFile {
    pub(super) writer: ArrowWriter<NamedTempFile>,
    /// Rows so far.
    pub(super) rows: u64,
    /// Bytes of their records and damaged ranges.
    pub(super) items_bytes: u64,
    /// Rows by outcome.
    pub(super) outcomes: BTreeMap<String, u64>,
    /// Requests by which rows are without their text.
    pub(super) removed: BTreeSet<String>,
}

impl SplitFile {
    /// A new file in `folder`.
    pub(super) fn create(folder: &Path) -> Result<Self> {
        let file = NamedTempFile::new_in(folder)?;
        let writer = ArrowWriter::try_new(file, document_schema(), Some(row_properties()?))?;
        Ok(Self { writer, rows: 0, items_bytes: 0, outcomes: BTreeMap::new(), removed: BTreeSet::new() })
    }

    /// Adds rows.
    pub(super) fn write(&mut self, documents: &RecordBatch) -> Result<()> {
        let outcomes = documents.column_by_name(column::OUTCOME).map(arrow::array::AsArray::as_string::<i32>);
        for outcome in outcomes.into_iter().flatten() {
            *self.outcomes.entry(outcome.unwrap_or("open").to_owned()).or_default() += 1;
        }
        if let Some(lengths) = documents.column_by_name(column::WARC_LENGTH) {
            self.items_bytes += arrow::compute::sum(lengths.as_primitive::<UInt64Type>()).unwrap_or(0);
        }
        let reasons = documents.column_by_name(column::REASONS);
        self.removed.extend(reasons.into_iter().flat_map(requests_in));
        self.rows += documents.num_rows() as u64;
        Ok(self.writer.write(documents)?)
    }

    fn finish(
        self,
        folder: &Path,
        keys: &BTreeMap<(String, u64), String>,
        end: &SplitEnd,
    ) -> Result<SplitDone> {
        let Some(key) = keys.get(&(end.input.clone(), end.offset)) else {
            return internal_err!("split {} of {} was not asked for", end.offset, end.input);
        };
        let file = self.writer.into_inner()?;
        file.as_file().sync_all()?;
        let bytes = file.as_file().metadata()?.len();
        let done = SplitDone {
            version: SPLIT_DONE_VERSION,
            key: key.clone(),
            input: end.input.clone(),
            source: end.source.clone(),
            offset: end.offset,
            length: end.length,
            items_start: end.items_start,
            items_end: end.items_end,
            items_bytes: self.items_bytes + end.padding,
            pieces: end.pieces.clone(),
            rows: self.rows,
            outcomes: self.outcomes,
            bytes,
            thinned: None,
            removed: self.removed,
        };
        file.persist(SplitDone::rows_path(folder, key)).map_err(|error| error.error)?;
        point("split.rows");
        done.commit(folder)?;
        point("split.committed");
        Ok(done)
    }
}
