//! Runs stage 1 over the splits that have no commit yet, and checks that every file is accounted for.

use std::path::Path;
use std::sync::Arc;

use datafusion::catalog::MemTable;
use datafusion::datasource::provider_as_source;
use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder};
use kilim_connectors::documents;
use kilim_connectors::http::HttpLimits;
use kilim_connectors::warc::ReadLimits;

use super::error::RunError;
use super::prepare::Prepared;
use super::purge;
use crate::engine::{Embedded, Engine, Stage, apply};
use crate::ingest::{
    ApplySteps, DocumentRead, DocumentWrite, Progress, Shared, Split, SplitDone, WarcRead, file_digest,
    split_batch, split_schema,
};
use crate::seal::InputDigest;
use crate::step::Resources;
use crate::work_dir::WorkDir;

/// The plan of stage 1 over `splits`.
pub fn ingest_plan(
    prepared: &Prepared,
    work_dir: &WorkDir,
    splits: &[Split],
    progress: &Arc<Progress>,
) -> datafusion::common::Result<LogicalPlan> {
    let decider = Arc::clone(&prepared.decider);
    let place = prepared.config.runs_at.to_string();
    let shared = Shared {
        steps: prepared.steps.clone(),
        resources: Resources::new(&prepared.base_dir),
        seeds: prepared.seed_index(),
        sources: prepared.sources.clone(),
        may_be_here: Arc::new(move |tuple| decider.decide_process(&place, tuple).allowed),
        removals: Arc::clone(&prepared.removals),
        sketch: prepared.sketch,
        progress: Arc::clone(progress),
    };
    let keys = splits.iter().map(|split| ((split.input.clone(), split.offset), split.key.clone())).collect();
    let write = DocumentWrite { folder: work_dir.documents(), keys: Arc::new(keys) };
    let read = read_plan(prepared, splits, progress)?;
    let steps = apply(Arc::new(ApplySteps::new(Arc::new(shared))), read)?;
    apply(Arc::new(write), steps)
}

/// The readers over `splits`: one for crawl files, one for documents, and both where a run has both.
fn read_plan(
    prepared: &Prepared,
    splits: &[Split],
    progress: &Arc<Progress>,
) -> datafusion::common::Result<LogicalPlan> {
    let (given, crawl): (Vec<&Split>, Vec<&Split>) =
        splits.iter().partition(|split| prepared.documents.contains_key(&split.source));
    let documents = (!given.is_empty()).then(|| {
        let read = DocumentRead {
            stores: Arc::clone(&prepared.stores),
            base_dir: prepared.base_dir.clone(),
            sources: Arc::clone(&prepared.documents),
            limits: documents::ReadLimits::default(),
            progress: Arc::clone(progress),
        };
        apply(Arc::new(read), scan(&given)?)
    });
    let documents = documents.transpose()?;
    if let Some(documents) = &documents
        && crawl.is_empty()
    {
        return Ok(documents.clone());
    }
    let read = WarcRead {
        stores: Arc::clone(&prepared.stores),
        base_dir: prepared.base_dir.clone(),
        limits: ReadLimits::default(),
        response_limits: HttpLimits::default(),
        progress: Arc::clone(progress),
    };
    let crawl = apply(Arc::new(read), scan(&crawl)?)?;
    match documents {
        Some(documents) => LogicalPlanBuilder::from(crawl).union(documents)?.build(),
        None => Ok(crawl),
    }
}

/// A table of splits, one partition each.
fn scan(splits: &[&Split]) -> datafusion::common::Result<LogicalPlan> {
    let partitions = splits.iter().map(|split| Ok(vec![split_batch(split)?]));
    let partitions = partitions.collect::<datafusion::common::Result<Vec<_>>>()?;
    let table = Arc::new(MemTable::try_new(split_schema(), partitions)?);
    LogicalPlanBuilder::scan("splits", provider_as_source(table), None)?.build()
}

/// Bytes that the rows of stage 1 and the sorts after it take per byte of crawl: 0.5 was seen on 40 MB of pages in 246
/// languages (benches/RESULTS.md), and sorting spills as much again.
const DISK_PER_CRAWL_BYTE: u64 = 1;

/// The commit of a split, if what it says is still so: a text that was taken out for a request that the list no longer has
/// must be read again.
fn committed(prepared: &Prepared, folder: &Path, key: &str) -> Option<SplitDone> {
    let done = SplitDone::find(folder, key)?;
    done.removed.iter().all(|request| prepared.removals.has(request)).then_some(done)
}

/// Bytes that the work directory will need, about, and bytes that are free there.
pub(super) fn space(prepared: &Prepared, work_dir: &WorkDir) -> Result<(u64, u64), RunError> {
    let folder = work_dir.documents();
    let open = prepared.splits.iter().filter(|split| committed(prepared, &folder, &split.key).is_none());
    let needed = DISK_PER_CRAWL_BYTE * open.map(|split| split.length).sum::<u64>();
    let free = fs4::available_space(work_dir.root()).map_err(|source| RunError::Io {
        action: "measure the free space of",
        path: work_dir.root().to_owned(),
        source,
    })?;
    Ok((needed, free))
}

/// Refuses a run that is to begin after stage 1, if there is a split to read.
pub(super) fn refuse_unread(prepared: &Prepared, work_dir: &WorkDir) -> Result<(), RunError> {
    let folder = work_dir.documents();
    let all = prepared.splits.len();
    let unread =
        prepared.splits.iter().filter(|split| committed(prepared, &folder, &split.key).is_none()).count();
    if unread == 0 {
        return Ok(());
    }
    Err(RunError::refused(
        format!(
            "{unread} of {all} splits have no commit under the current keys: the ingest stage has to run first"
        ),
        "leave out --from; an added or changed file, step, model or seed list gives splits another key",
    ))
}

/// Reads what has not been read, and hands back all splits in order.
pub(super) async fn ingest(
    prepared: &Prepared,
    engine: &Embedded,
    work_dir: &WorkDir,
    progress: &Arc<Progress>,
) -> Result<Vec<SplitDone>, RunError> {
    let folder = work_dir.documents();
    let mut open: Vec<Split> = Vec::new();
    for split in &prepared.splits {
        match committed(prepared, &folder, &split.key) {
            Some(_) => progress.add_done_before(split.length),
            None => open.push(split.clone()),
        }
    }
    if !open.is_empty() {
        let failed = RunError::stage("ingest");
        let plan = ingest_plan(prepared, work_dir, &open, progress).map_err(&failed)?;
        engine.run(Stage { name: "ingest", plan, independent: true }).await.map_err(&failed)?;
    }
    // Copies of what was taken down, which only show now that all is read.
    purge::bring_in_line(work_dir, &prepared.removals)?;
    let mut all = Vec::with_capacity(prepared.splits.len());
    for split in &prepared.splits {
        all.push(committed(prepared, &folder, &split.key).ok_or_else(|| {
            RunError::Books(format!("split {} of {} was not committed", split.offset, split.input))
        })?);
    }
    Ok(all)
}

/// Checks that records and damaged ranges tile every file, and gives the files' digests.
pub(super) fn account(prepared: &Prepared, splits: &[SplitDone]) -> Result<Vec<InputDigest>, RunError> {
    let mut digests = Vec::with_capacity(prepared.inputs.len());
    for input in &prepared.inputs {
        let name = input.file.location.name();
        let parts: Vec<&SplitDone> = splits.iter().filter(|split| split.input == name).collect();
        let mut at = 0;
        let mut counted = 0;
        for part in parts.iter().filter(|part| part.items_end > part.items_start) {
            if part.items_start != at {
                return Err(RunError::Books(format!(
                    "{name}: records end at byte {at} and go on at byte {}",
                    part.items_start
                )));
            }
            at = part.items_end;
            counted += part.items_bytes;
        }
        if at != input.file.size || counted != input.file.size {
            return Err(RunError::Books(format!(
                "{name} has {} bytes; records and damaged ranges cover {counted} and end at {at}",
                input.file.size
            )));
        }
        let blake3 = file_digest(parts.iter().map(|part| part.pieces.as_str()))
            .ok_or_else(|| RunError::Books(format!("{name} has no digest")))?;
        digests.push(InputDigest {
            name: name.to_owned(),
            source: input.source.clone(),
            bytes: input.file.size,
            blake3,
            records: parts.iter().map(|part| part.rows).sum(),
        });
    }
    digests.sort();
    Ok(digests)
}
