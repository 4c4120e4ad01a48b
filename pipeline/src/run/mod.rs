//! A run: the stages in order, with commits between them.
//!
//! Whatever was committed by an earlier run of the same config is used again: splits by key, stages 2 and 3 by key,
//! shards by the manifest that stands there. So `resume` is `run`, and a changed policy re-runs stage 3 only.

mod checks;
pub mod decision_log;
mod error;
pub mod in_memory;
mod ingest;
mod keys;
mod lineage;
mod portraits;
mod prepare;
mod public;
mod publish;
mod purge;
mod route;
mod seal;
pub mod tables;
mod takedown;
mod thinned;
mod versions;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;

pub use checks::{CheckResult, run_checks};
pub use error::RunError;
pub use ingest::ingest_plan;
pub use prepare::{Input, Prepared, blocs, node_facts, prepare, prepare_rules, read_policies, removals_path};
pub use purge::Purged;
pub use seal::NodeDone;
pub use takedown::{NodeTakedown, OldVersion, Takedown, TakenDown, takedown};
pub use versions::{NodeVersion, newest_version, node_versions, version_place};

use keys::Keys;
use lineage::Lineage;

use crate::config::{CorpusConfig, Loaded};
use crate::document::Outcome;
use crate::engine::{Embedded, Limits};
use crate::ingest::Progress;
use crate::ledger::{LEDGER_VERSION, Ledger, LedgerNode};
use crate::points::point;
use crate::verify::midnight;
use crate::work_dir::{WorkDir, write_json};

/// How far a run goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Until {
    /// Documents only.
    Ingest,
    /// Documents and clusters.
    Dedup,
    /// Everything but shards.
    Route,
    /// To the end.
    Seal,
}

/// Knobs of a run that change no output.
#[derive(Debug, Clone)]
pub struct RunOptions {
    /// Splits at work at once.
    pub threads: usize,
    /// Bytes that sorts may hold before they spill.
    pub memory: usize,
    /// Only this node.
    pub node: Option<String>,
    /// Where to stop.
    pub until: Until,
    /// The last stage that must have been committed before, under the current keys: the run refuses to do any work of it
    /// or of an earlier one.
    pub done: Option<Until>,
}

/// What a run tells whoever watches it.
pub trait Watch: Send + Sync {
    /// A stage begins.
    fn stage(&self, name: &'static str, splits: usize, bytes: u64);

    /// Before anything is written: bytes that the work directory will need, about, and bytes that are free.
    fn space(&self, _needed: u64, _free: u64) {}
}

/// Watches nothing.
#[derive(Debug)]
pub struct Unwatched;

impl Watch for Unwatched {
    fn stage(&self, _name: &'static str, _splits: usize, _bytes: u64) {}
}

/// A finished run.
#[derive(Debug)]
pub struct Finished {
    /// The nodes' commits; empty if the run stopped before stage 4.
    pub nodes: Vec<NodeDone>,
    /// Records by outcome; empty if the run stopped before stage 3.
    pub outcomes: BTreeMap<Outcome, u64>,
    /// Records and damaged ranges.
    pub records: u64,
    /// The checks of the config.
    pub checks: Vec<CheckResult>,
    /// Share of broken records, and whether it is more than the config allows.
    pub over_budget: Option<f64>,
    /// Records fetched after `as_of`: by a clock that is wrong, or the day in the config is too early.
    pub after_as_of: u64,
    /// The work directory.
    pub work_dir: PathBuf,
}

/// The work directory of a config.
pub fn work_dir_of(loaded: &Loaded) -> WorkDir {
    // `./work` and `work` are one folder, and look like one.
    WorkDir::new(loaded.base_dir.join(&loaded.config.work_dir).components().collect())
}

/// Runs a config.
pub async fn run(
    loaded: &Loaded,
    options: &RunOptions,
    progress: &Arc<Progress>,
    watch: &dyn Watch,
) -> Result<Finished, RunError> {
    if options.done.is_some_and(|done| done >= options.until) {
        let hint = "the stages are ingest, dedup, route, seal; leave out one of the two flags";
        return Err(RunError::refused("the run would end before the stage it is to begin with", hint));
    }
    let work_dir = work_dir_of(loaded);
    let keys = Keys::read(loaded)?;
    let _lock = work_dir.open()?;
    let prepared = prepare(loaded, options.node.as_deref()).await?;
    public::check(&prepared)?;
    purge::refuse_lost_list(&work_dir, prepared.removals_file.as_deref())?;
    purge::bring_in_line(&work_dir, &prepared.removals)?;
    if options.done >= Some(Until::Ingest) {
        ingest::refuse_unread(&prepared, &work_dir)?;
    }
    let engine = Embedded::new(&Limits {
        threads: options.threads,
        memory: options.memory,
        spill_dir: work_dir.tmp(),
    })
    .map_err(RunError::stage("start"))?;
    let lineage = Lineage::start(&work_dir, &prepared)?;
    let watch = Watched { watch, lineage: &lineage };
    let work = stages(options, &work_dir, &keys, &prepared, &engine, progress, &watch).await;
    match &work {
        Ok(_) => lineage.done()?,
        Err(error) => lineage.failed(error),
    }
    work
}

/// Who watches a run, and the file that does.
struct Watched<'a> {
    watch: &'a dyn Watch,
    lineage: &'a Lineage,
}

impl Watched<'_> {
    fn stage(&self, name: &'static str, splits: usize, bytes: u64) -> Result<(), RunError> {
        self.watch.stage(name, splits, bytes);
        self.lineage.stage(name)
    }
}

async fn stages(
    options: &RunOptions,
    work_dir: &WorkDir,
    keys: &Keys,
    prepared: &Prepared,
    engine: &Embedded,
    progress: &Arc<Progress>,
    watched: &Watched<'_>,
) -> Result<Finished, RunError> {
    let started = Started::now();
    let (needed, free) = ingest::space(prepared, work_dir)?;
    watched.watch.space(needed, free);
    watched.stage("ingest", prepared.splits.len(), prepared.input_bytes())?;
    let mut splits = ingest::ingest(prepared, engine, work_dir, progress).await?;
    let inputs = ingest::account(prepared, &splits)?;
    watched.lineage.stage_done(&inputs, &[])?;
    let records: u64 = inputs.iter().map(|input| input.records).sum();
    let mut finished = Finished {
        nodes: Vec::new(),
        outcomes: BTreeMap::new(),
        records,
        checks: Vec::new(),
        over_budget: None,
        after_as_of: 0,
        work_dir: work_dir.root().to_owned(),
    };
    if options.until == Until::Ingest {
        return Ok(finished);
    }

    watched.stage("dedup", splits.len(), 0)?;
    let (dedup_folder, dedup_key) =
        route::find_copies(prepared, engine, work_dir, &splits, options.done >= Some(Until::Dedup)).await?;
    if options.until == Until::Dedup {
        return Ok(finished);
    }

    watched.stage("route", splits.len(), 0)?;
    let dedup = (dedup_folder.as_path(), dedup_key.as_str());
    let routed =
        thinned::route_with_texts(prepared, engine, work_dir, &mut splits, dedup, options, progress, watched)
            .await?;
    finished.outcomes = outcomes(engine).await?;
    balance(&finished.outcomes, records)?;
    decision_log::write(prepared, work_dir, &routed, records)?;
    finished.after_as_of = fetched_after_as_of(engine, &prepared.config).await?;
    let broken = finished.outcomes.get(&Outcome::Broken).copied().unwrap_or(0);
    let share = broken as f64 / records.max(1) as f64;
    if share > prepared.config.max_broken.get() {
        finished.over_budget = Some(share);
    }
    if options.until == Until::Route {
        return Ok(finished);
    }

    watched.stage("seal", prepared.nodes.len(), 0)?;
    let stage = seal::Seal { prepared, routed: &routed, inputs: &inputs, splits: &splits, keys };
    finished.nodes = seal::seal(&stage, engine, work_dir).await?;
    balance_nodes(engine, &finished.nodes).await?;
    let rows: Vec<_> = finished.nodes.iter().map(|node| (node.node.clone(), node.manifest.rows)).collect();
    watched.lineage.stage_done(&[], &rows)?;
    let below = |folder: &PathBuf| folder.strip_prefix(work_dir.root()).unwrap_or(folder).to_owned();
    let ledger = Ledger {
        ledger_version: LEDGER_VERSION,
        run_id: run_id(prepared, &finished.nodes),
        corpus: prepared.config.corpus.to_string(),
        inputs,
        splits,
        dedup_folder: below(&routed.dedup_folder),
        route_folder: below(&routed.route_folder),
        nodes: finished
            .nodes
            .iter()
            .map(|node| LedgerNode {
                node: node.node.clone(),
                url: node.place.url().to_string(),
                manifest_sha256: node.manifest_sha256.clone(),
                shards: node.manifest.shards.clone(),
            })
            .collect(),
    };
    write_json(&work_dir.ledger(), &ledger)?;
    point("ledger.written");
    write_json(&work_dir.run_notes(), &started.notes(options, &ledger.run_id))?;
    ledger.register(engine.context(), work_dir).await.map_err(RunError::stage("ledger"))?;
    finished.checks = run_checks(engine.context(), &prepared.config.checks).await?;
    Ok(finished)
}

/// What a run notes for people, outside every output: where and when it ran.
#[derive(Debug, serde::Serialize)]
struct RunNotes<'a> {
    run_id: &'a str,
    host: String,
    started: String,
    seconds: f64,
    threads: usize,
    memory_bytes: usize,
}

struct Started {
    clock: jiff::Timestamp,
    timer: std::time::Instant,
}

impl Started {
    fn now() -> Self {
        Self { clock: jiff::Timestamp::now(), timer: std::time::Instant::now() }
    }

    fn notes<'a>(&self, options: &RunOptions, run_id: &'a str) -> RunNotes<'a> {
        RunNotes {
            run_id,
            host: std::fs::read_to_string("/etc/hostname").unwrap_or_default().trim().to_owned(),
            started: self.clock.to_string(),
            seconds: self.timer.elapsed().as_secs_f64(),
            threads: options.threads,
            memory_bytes: options.memory,
        }
    }
}

/// Digest of what the outputs follow from.
fn run_id(prepared: &Prepared, nodes: &[NodeDone]) -> String {
    let manifests: Vec<&str> = nodes.iter().map(|node| node.manifest_sha256.as_str()).collect();
    prepare::key_of(&[("ingest", &prepared.ingest_key), ("manifests", &manifests.join(" "))])
}

async fn outcomes(engine: &Embedded) -> Result<BTreeMap<Outcome, u64>, RunError> {
    let failed = RunError::stage("route");
    let sql = "SELECT outcome, count(*) FROM routes GROUP BY outcome";
    let frame = engine.context().sql(sql).await.map_err(&failed)?;
    let mut counts = BTreeMap::new();
    for batch in frame.collect().await.map_err(&failed)? {
        let (names, numbers) =
            (batch.column(0).as_string::<i32>(), batch.column(1).as_primitive::<Int64Type>());
        for row in 0..batch.num_rows() {
            let name = names.value(row);
            let outcome = Outcome::ALL.into_iter().find(|outcome| outcome.as_str() == name);
            let outcome = outcome.ok_or_else(|| RunError::Books(format!("`{name}` is no outcome")))?;
            counts.insert(outcome, numbers.value(row).unsigned_abs());
        }
    }
    Ok(counts)
}

/// Records that say they were fetched when the day `as_of` was over.
async fn fetched_after_as_of(engine: &Embedded, config: &CorpusConfig) -> Result<u64, RunError> {
    let failed = RunError::stage("route");
    let next = config.as_of.tomorrow().ok().and_then(|day| midnight(&day.to_string()));
    let Some(next) = next else { return Ok(0) };
    let sql =
        format!("SELECT count(*) FROM rows WHERE CAST(fetched_at AS BIGINT) >= {}", next.as_millisecond());
    let frame = engine.context().sql(&sql).await.map_err(&failed)?;
    let batches = frame.collect().await.map_err(&failed)?;
    let count = batches.first().map_or(0, |batch| batch.column(0).as_primitive::<Int64Type>().value(0));
    Ok(count.unsigned_abs())
}

/// Records in are the sum over outcomes.
fn balance(outcomes: &BTreeMap<Outcome, u64>, records: u64) -> Result<(), RunError> {
    let total: u64 = outcomes.values().sum();
    if total == records {
        return Ok(());
    }
    Err(RunError::Books(format!("{records} records went in, {total} have an outcome")))
}

/// Rows over manifests are the sharded rows' nodes.
async fn balance_nodes(engine: &Embedded, nodes: &[NodeDone]) -> Result<(), RunError> {
    let failed = RunError::stage("seal");
    let frame = engine.context().sql("SELECT count(*) FROM placements").await.map_err(&failed)?;
    let batches = frame.collect().await.map_err(&failed)?;
    let placed = batches.first().map_or(0, |batch| batch.column(0).as_primitive::<Int64Type>().value(0));
    let rows: u64 = nodes.iter().map(|node| node.manifest.rows).sum();
    if placed.unsigned_abs() == rows {
        return Ok(());
    }
    Err(RunError::Books(format!("{placed} placements were decided, the manifests hold {rows} rows")))
}
