//! `ShardWrite`: sorted rows in, the shards of each node out, each row checked once more at the door.
//!
//! Rows come sorted by (node, language, shard, place), all rows of a shard in one partition, so one file is open at a
//! time. Its final name is known before the first byte. For every distinct tuple the writer asks the policies again,
//! by itself; a row that its node may not have stops the run.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit, UInt64Type};
use datafusion::common::{DataFusionError, Result, internal_datafusion_err};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::{StreamExt, stream};
use kilim_connectors::shards::{ShardFile, ShardFormat, ShardWriter};
use serde::{Deserialize, Serialize};

use super::mask::{Masked, Masking};
use crate::engine::{InputNeeds, ManifestRow, Operator, manifest_batch, manifest_row_schema};
use crate::functions::label_list;
use crate::pii::Profile;
use crate::points::point;
use crate::policy::{Decider, NodeFacts, Tuple};
use crate::proof::{Leaves, Salts};
use crate::route::ShardCounts;

/// The rows to seal, in the order of [`shard_schema`] after the eight columns that place them and that masking reads. Reads
/// `placements` and `rows`. A row that had an outcome before is never placed: its text, which may be the largest of all, is
/// not sorted for nothing.
pub const SEAL: &str = "
SELECT p.node, p.lang AS shard_lang, p.shard, p.place, p.tuple, p.text_chars, r.pii, r.host,
    r.doc_id AS id, r.text, r.url, r.title, r.lang, r.lang_confidence, r.license, r.attribution,
    labels(p.jurisdictions) AS jurisdictions, p.optout_train, r.source, r.fetched_at,
    r.author, r.license_url,
    CASE WHEN r.license IS NOT NULL AND r.license_tier BETWEEN 2 AND 4 THEN true END AS modified
FROM placements p JOIN rows r
    ON p.input = r.input AND p.warc_offset = r.warc_offset AND p.inner_offset = r.inner_offset AND r.outcome IS NULL";

/// Columns before those of the shard.
const PLACING_COLUMNS: usize = 8;

/// The columns of a shard.
pub fn shard_schema() -> SchemaRef {
    let text = |name| Field::new(name, DataType::Utf8, true);
    Arc::new(Schema::new(vec![
        Field::new("id", DataType::Utf8, false),
        Field::new("text", DataType::Utf8, false),
        text("url"),
        text("title"),
        text("lang"),
        Field::new("lang_confidence", DataType::Float32, true),
        text("license"),
        text("attribution"),
        Field::new("jurisdictions", label_list(), true),
        text("optout_train"),
        text("source"),
        Field::new("fetched_at", DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into())), true),
        text("author"),
        text("license_url"),
        // A licence that asks for credit asks to be told that the work was changed: main text was taken out of a page.
        Field::new("modified", DataType::Boolean, true),
        Field::new("decision", DataType::Utf8, false),
    ]))
}

/// A finished shard.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SealedShard {
    /// The node it belongs to.
    pub node: String,
    /// Language of its rows.
    pub lang: String,
    /// Path below the node's version folder.
    pub path: String,
    /// Bytes, rows and digests.
    pub file: ShardFile,
    /// Characters of text.
    pub text_chars: u64,
    /// Rows by decision id.
    pub decisions: BTreeMap<String, u64>,
    /// Masks over personal data, by kind.
    pub masked: BTreeMap<String, u64>,
    /// Root of the Merkle tree over its rows, hex.
    pub merkle_root: String,
}

/// Where a node's shards are written and what decides about its rows.
#[derive(Debug, Clone)]
pub struct SealNode {
    /// What policies see of the node.
    pub facts: NodeFacts,
    /// Local folder that holds `data/`.
    pub folder: PathBuf,
    /// File format.
    pub format: ShardFormat,
    /// What it does with personal data; none if it says nothing.
    pub pii: Option<Profile>,
    /// Salts of the leaves of its shards' Merkle trees.
    pub salts: Salts,
}

/// The operator.
#[derive(Debug)]
pub struct ShardWrite {
    /// Nodes by name.
    pub nodes: Arc<BTreeMap<String, SealNode>>,
    /// How many shards each (node, language) has.
    pub counts: Arc<ShardCounts>,
    /// Asked again for every distinct tuple and node.
    pub decider: Arc<Decider>,
}

impl Operator for ShardWrite {
    fn name(&self) -> &'static str {
        "ShardWrite"
    }

    fn describe(&self) -> String {
        self.nodes.keys().map(String::as_str).collect::<Vec<_>>().join(", ")
    }

    fn schema(&self) -> SchemaRef {
        manifest_row_schema()
    }

    fn needs(&self) -> InputNeeds {
        InputNeeds {
            together: vec!["node", "shard_lang", "shard"],
            ordered_by: vec!["node", "shard_lang", "shard", "place", "id"],
            ..InputNeeds::default()
        }
    }

    fn run(
        &self,
        _partition: usize,
        mut input: SendableRecordBatchStream,
        _context: &Arc<TaskContext>,
        _metrics: &ExecutionPlanMetricsSet,
    ) -> Result<SendableRecordBatchStream> {
        let mut writer = Writer {
            nodes: Arc::clone(&self.nodes),
            counts: Arc::clone(&self.counts),
            decider: Arc::clone(&self.decider),
            open: None,
            done: Vec::new(),
        };
        let work = async move {
            while let Some(batch) = input.next().await {
                writer.write(&batch?)?;
            }
            writer.close()?;
            manifest_batch(&writer.done)
        };
        Ok(Box::pin(RecordBatchStreamAdapter::new(manifest_row_schema(), stream::once(work))))
    }
}

/// A row reached the writer of a node that may not have it.
#[derive(Debug, Clone, thiserror::Error)]
#[error(
    "document {id} reached the shards of node {node}, which may not have it ({reason}); nothing was committed"
)]
pub struct ForeignRow {
    /// The document.
    pub id: String,
    /// The node.
    pub node: String,
    /// What the policies say.
    pub reason: String,
}

/// A shard being written: every row of a node goes through here, from a run or from an earlier version of the shard.
pub(super) struct OpenShard {
    node: String,
    lang: String,
    path: String,
    writer: ShardWriter,
    text_chars: u64,
    decisions: BTreeMap<String, u64>,
    pub(super) masked: Masked,
    leaves: Leaves,
}

impl OpenShard {
    /// Starts the shard at `path` below `folder`.
    pub(super) fn create(
        folder: &Path,
        path: &str,
        format: ShardFormat,
        node: &str,
        lang: &str,
        salts: &Salts,
    ) -> Result<Self> {
        let writer = ShardWriter::create(&folder.join(path), shard_schema(), format).map_err(external)?;
        Ok(Self {
            node: node.to_owned(),
            lang: lang.to_owned(),
            path: path.to_owned(),
            writer,
            text_chars: 0,
            decisions: BTreeMap::new(),
            masked: Masked::new(),
            leaves: Leaves::new(salts.clone()),
        })
    }

    /// Adds rows, which have the columns of [`shard_schema`] and are masked already; their texts have `text_chars` characters.
    pub(super) fn push(&mut self, rows: &RecordBatch, text_chars: u64) -> Result<()> {
        let decisions = rows.column(rows.num_columns() - 1).as_string::<i32>();
        for id in decisions.iter().flatten() {
            match self.decisions.get_mut(id) {
                Some(count) => *count += 1,
                None => _ = self.decisions.insert(id.to_owned(), 1),
            }
        }
        self.text_chars += text_chars;
        if !self.leaves.push(rows) {
            return Err(internal_datafusion_err!("a row of {} has no id or no decision", self.path));
        }
        self.writer.write(rows).map_err(external)
    }

    /// Completes the file.
    pub(super) fn finish(self) -> Result<SealedShard> {
        Ok(SealedShard {
            node: self.node,
            lang: self.lang,
            path: self.path,
            file: self.writer.finish().map_err(external)?,
            text_chars: self.text_chars,
            decisions: self.decisions,
            masked: self.masked,
            merkle_root: self.leaves.finish(),
        })
    }
}

/// The shard at work.
struct Current {
    shard: u64,
    open: OpenShard,
    masking: Option<Masking>,
}

struct Writer {
    nodes: Arc<BTreeMap<String, SealNode>>,
    counts: Arc<ShardCounts>,
    decider: Arc<Decider>,
    open: Option<Current>,
    done: Vec<ManifestRow>,
}

impl Writer {
    fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        let text = |index: usize| batch.column(index).as_string::<i32>();
        let (nodes, langs) = (text(0), text(1));
        let shards = batch.column(2).as_primitive::<UInt64Type>();
        let mut start = 0;
        while start < batch.num_rows() {
            let (node, lang, shard) = (nodes.value(start), langs.value(start), shards.value(start));
            let same = |row: usize| {
                nodes.value(row) == node && langs.value(row) == lang && shards.value(row) == shard
            };
            let end = (start..batch.num_rows()).find(|&row| !same(row)).unwrap_or(batch.num_rows());
            self.open(node, lang, shard)?;
            self.write_run(&batch.slice(start, end - start))?;
            start = end;
        }
        Ok(())
    }

    fn open(&mut self, node: &str, lang: &str, shard: u64) -> Result<()> {
        if let Some(Current { shard: at, open, .. }) = &self.open
            && (open.node.as_str(), open.lang.as_str(), *at) == (node, lang, shard)
        {
            return Ok(());
        }
        self.close()?;
        let place = self.nodes.get(node).ok_or_else(|| internal_datafusion_err!("no node {node}"))?;
        let count = self
            .counts
            .get(&(node.to_owned(), lang.to_owned()))
            .ok_or_else(|| internal_datafusion_err!("no shards were planned for {node}, {lang}"))?;
        let path = shard_path(lang, shard, *count, place.format);
        self.open = Some(Current {
            shard,
            open: OpenShard::create(&place.folder, &path, place.format, node, lang, &place.salts)?,
            masking: place.pii.map(Masking::new),
        });
        Ok(())
    }

    /// Rows of one shard.
    fn write_run(&mut self, rows: &RecordBatch) -> Result<()> {
        let current = self.open.as_mut().ok_or_else(|| internal_datafusion_err!("no shard is open"))?;
        let Current { open, masking, .. } = current;
        let facts = &self.nodes[&open.node].facts;
        let tuples = rows.column(4).as_string::<i32>();
        let chars = rows.column(5).as_primitive::<arrow::datatypes::UInt32Type>();
        let ids = rows.column(PLACING_COLUMNS).as_string::<i32>();
        let bound = rows.column(PLACING_COLUMNS + 8).as_list::<i32>();
        let mut decisions = Vec::with_capacity(rows.num_rows());
        for row in 0..rows.num_rows() {
            let foreign = |reason: String| {
                external(ForeignRow { id: ids.value(row).to_owned(), node: open.node.clone(), reason })
            };
            let tuple: Tuple =
                serde_json::from_str(tuples.value(row)).map_err(|error| foreign(error.to_string()))?;
            let decision = self.decider.decide_emit(facts, &tuple);
            if !decision.allowed {
                let withheld = decision.withheld(&tuple);
                return Err(foreign(
                    withheld.map_or_else(String::new, |why| why.detail.unwrap_or(why.code.to_owned())),
                ));
            }
            let labels = bound.value(row);
            let labels = labels.as_string::<i32>();
            if !labels.iter().flatten().eq(tuple.jurisdictions.iter().map(String::as_str)) {
                return Err(foreign("its jurisdictions are not those that were decided on".to_owned()));
            }
            decisions.push(tuple.id().to_string());
        }
        let mut columns = rows.columns()[PLACING_COLUMNS..].to_vec();
        let text_chars = match masking {
            Some(masking) => masking.apply(rows, PLACING_COLUMNS, &mut columns, &mut open.masked)?,
            None => chars.values().iter().map(|chars| u64::from(*chars)).sum(),
        };
        columns.push(Arc::new(arrow::array::StringArray::from(decisions)));
        open.push(&RecordBatch::try_new(shard_schema(), columns)?, text_chars)?;
        point("shard.writing");
        Ok(())
    }

    fn close(&mut self) -> Result<()> {
        let Some(current) = self.open.take() else { return Ok(()) };
        let sealed = current.open.finish()?;
        self.done.push(ManifestRow::new(&sealed).map_err(external)?);
        point("shard.written");
        Ok(())
    }
}

/// Path of a shard below its version folder.
pub fn shard_path(lang: &str, shard: u64, count: u64, format: ShardFormat) -> String {
    format!("data/{lang}/train-{shard:05}-of-{count:05}.{}", format.extension())
}

pub(super) fn external(error: impl std::error::Error + Send + Sync + 'static) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}
