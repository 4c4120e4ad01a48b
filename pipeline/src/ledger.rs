//! The ledger: what happened to every record, as SQL tables.
//!
//! | table | one row per |
//! |---|---|
//! | `documents` | record: stage 1's columns, with cluster, final `outcome`, `nodes`, and `text_dropped` where its text is gone |
//! | `reasons` | record and reason: `doc_id, source, lang, step, code, detail` |
//! | `placements` | document and node that keeps it: node, language, shard, row |
//! | `site_files` | robots.txt, tdmrep.json or licence of RSL that the crawl met |
//! | `clusters` | text that occurs more than once |
//! | `splits` | split: input, offset, length, rows |
//! | `shards` | shard: node, path, rows, bytes, sha256 |

use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{RecordBatch, StringArray, UInt64Array};
use arrow::datatypes::{DataType, Field, Schema};
use datafusion::catalog::MemTable;
use datafusion::common::{Result, internal_err};
use datafusion::prelude::SessionContext;
use serde::{Deserialize, Serialize};

use crate::functions;
use crate::ingest::SplitDone;
use crate::optout::join;
use crate::run::tables::{register, register_rows, table_path};
use crate::seal::{InputDigest, ManifestShard};
use crate::work_dir::WorkDir;

/// Version of the file.
pub const LEDGER_VERSION: u32 = 1;

/// The last finished run of a work directory.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ledger {
    /// Version of this file.
    pub ledger_version: u32,
    /// Digest of inputs and config.
    pub run_id: String,
    /// Name of the corpus.
    pub corpus: String,
    /// The crawl files.
    pub inputs: Vec<InputDigest>,
    /// The splits, in order.
    pub splits: Vec<SplitDone>,
    /// Folder of stage 2 below the work directory.
    pub dedup_folder: PathBuf,
    /// Folder of stage 3 below the work directory.
    pub route_folder: PathBuf,
    /// The nodes' manifests.
    pub nodes: Vec<LedgerNode>,
}

/// A node's commit.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LedgerNode {
    /// Name.
    pub node: String,
    /// Where its version folder is.
    pub url: String,
    /// SHA-256 of its manifest.
    pub manifest_sha256: String,
    /// Its shards.
    pub shards: Vec<ManifestShard>,
}

const DOCUMENTS: &str = "
SELECT r.* EXCEPT (outcome, site_file, optout_evidence, optout_train, optout_basis),
    CASE WHEN o.row_key IS NULL THEN r.optout_evidence ELSE o.optout_evidence END AS optout_evidence,
    CASE WHEN o.row_key IS NULL THEN r.optout_train ELSE o.optout_train END AS optout_train,
    CASE WHEN o.row_key IS NULL THEN r.optout_basis ELSE o.optout_basis END AS optout_basis,
    t.outcome, t.route_reason, t.nodes, t.cluster_id, t.cluster_size, t.tuple,
    CASE WHEN r.text IS NULL AND r.text_chars > 0 THEN 'retention' END AS text_dropped
FROM rows r JOIN routes t
    ON r.input = t.input AND r.warc_offset = t.warc_offset AND r.inner_offset = t.inner_offset
LEFT JOIN optouts o
    ON r.input = o.input AND r.warc_offset = o.warc_offset AND r.inner_offset = o.inner_offset";

const SITE_FILES: &str = "
SELECT url, fetched_at, http_status, site_file['kind'] AS kind, site_file['bytes'] AS bytes,
    site_file['sha256'] AS sha256, input, warc_offset
FROM rows WHERE site_file['kind'] IS NOT NULL";

const REASONS: &str = "
SELECT doc_id, source, lang, outcome, reason['step'] AS step, reason['code'] AS code, reason['detail'] AS detail
FROM (SELECT doc_id, source, lang, outcome, unnest(reasons) AS reason FROM rows)";

const PLACEMENTS: &str = "
SELECT node, lang, shard,
    CAST(row_number() OVER (PARTITION BY node, lang, shard ORDER BY place, doc_id) AS BIGINT) - 1 AS shard_row,
    doc_id, input, warc_offset, inner_offset, text_chars, jurisdictions
FROM placed_rows";

/// No run has finished in this work directory, or its ledger is of another version. Kind: Input.
#[derive(Debug, thiserror::Error)]
#[error("{path} has no ledger of a finished run")]
pub struct NoLedger {
    /// The work directory.
    pub path: PathBuf,
}

/// The tables that are views over those of the stages.
async fn register_views(context: &SessionContext) -> Result<()> {
    for (name, sql) in [
        ("documents", DOCUMENTS),
        ("reasons", REASONS),
        ("placements", PLACEMENTS),
        ("site_files", SITE_FILES),
    ] {
        let view = context.sql(sql).await?.into_view();
        context.deregister_table(name)?;
        context.register_table(name, view)?;
    }
    Ok(())
}

impl Ledger {
    /// The ledger of `work_dir`.
    pub fn read(work_dir: &WorkDir) -> Result<Self, NoLedger> {
        let missing = || NoLedger { path: work_dir.root().to_owned() };
        let ledger: Self = crate::work_dir::read_json(&work_dir.ledger()).ok_or_else(missing)?;
        if ledger.ledger_version != LEDGER_VERSION {
            return Err(missing());
        }
        Ok(ledger)
    }

    /// Registers the tables.
    pub async fn register(&self, context: &SessionContext, work_dir: &WorkDir) -> Result<()> {
        for function in functions::of_every_session() {
            context.register_udf(function);
        }
        register_rows(context, &work_dir.documents(), &self.splits).await?;
        let (dedup, route) =
            (work_dir.root().join(&self.dedup_folder), work_dir.root().join(&self.route_folder));
        register(context, "clusters", &table_path(&dedup, "clusters")).await?;
        register(context, "routes", &table_path(&route, "routes")).await?;
        join::register(context, &table_path(&route, join::TABLE)).await?;
        register(context, "placed_rows", &table_path(&route, "placements")).await?;
        register_views(context).await?;
        self.register_lists(context)
    }

    /// Registers the tables of a ledger without rows over a session in which
    /// [`hold_stages`](crate::run::in_memory::hold_stages) has left its tables: queries can be planned against them.
    pub async fn register_empty(context: &SessionContext) -> Result<()> {
        let Some(placed) = context.deregister_table("placements")? else {
            return internal_err!("the stages left no placements");
        };
        context.register_table("placed_rows", placed)?;
        register_views(context).await?;
        let nothing = Self {
            ledger_version: LEDGER_VERSION,
            run_id: String::new(),
            corpus: String::new(),
            inputs: Vec::new(),
            splits: Vec::new(),
            dedup_folder: PathBuf::new(),
            route_folder: PathBuf::new(),
            nodes: Vec::new(),
        };
        nothing.register_lists(context)
    }

    fn register_lists(&self, context: &SessionContext) -> Result<()> {
        let text = |name| Field::new(name, DataType::Utf8, false);
        let number = |name| Field::new(name, DataType::UInt64, false);
        let splits = Schema::new(vec![
            text("input"),
            text("source"),
            number("offset"),
            number("length"),
            number("rows"),
            text("key"),
        ]);
        let texts = |get: &dyn Fn(&SplitDone) -> &str| -> Arc<StringArray> {
            Arc::new(self.splits.iter().map(|split| Some(get(split).to_owned())).collect())
        };
        let numbers = |get: &dyn Fn(&SplitDone) -> u64| -> Arc<UInt64Array> {
            Arc::new(self.splits.iter().map(|split| Some(get(split))).collect())
        };
        let batch = RecordBatch::try_new(
            Arc::new(splits),
            vec![
                texts(&|split| &split.input),
                texts(&|split| &split.source),
                numbers(&|split| split.offset),
                numbers(&|split| split.length),
                numbers(&|split| split.rows),
                texts(&|split| &split.key),
            ],
        )?;
        context.deregister_table("splits")?;
        context.register_table("splits", Arc::new(MemTable::try_new(batch.schema(), vec![vec![batch]])?))?;

        let shards = Schema::new(vec![
            text("node"),
            text("lang"),
            text("path"),
            number("rows"),
            number("bytes"),
            number("text_chars"),
            text("sha256"),
        ]);
        let all: Vec<(&str, &ManifestShard)> = self
            .nodes
            .iter()
            .flat_map(|node| node.shards.iter().map(|shard| (node.node.as_str(), shard)))
            .collect();
        let texts = |get: &dyn Fn(&(&str, &ManifestShard)) -> String| -> Arc<StringArray> {
            Arc::new(all.iter().map(|shard| Some(get(shard))).collect())
        };
        let numbers = |get: &dyn Fn(&ManifestShard) -> u64| -> Arc<UInt64Array> {
            Arc::new(all.iter().map(|(_, shard)| Some(get(shard))).collect())
        };
        let batch = RecordBatch::try_new(
            Arc::new(shards),
            vec![
                texts(&|(node, _)| (*node).to_owned()),
                texts(&|(_, shard)| shard.lang.clone()),
                texts(&|(_, shard)| shard.path.clone()),
                numbers(&|shard| shard.rows),
                numbers(&|shard| shard.bytes),
                numbers(&|shard| shard.text_chars),
                texts(&|(_, shard)| shard.sha256.clone()),
            ],
        )?;
        context.deregister_table("shards")?;
        context.register_table("shards", Arc::new(MemTable::try_new(batch.schema(), vec![vec![batch]])?))?;
        Ok(())
    }
}
