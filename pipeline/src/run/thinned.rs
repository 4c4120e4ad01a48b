//! Stage 3 over rows whose texts retention has dropped.
//!
//! Everything that stages 2 and 3 ask of a row is still there, so a changed policy, a new input or another node is decided
//! about without the text. Only where a document without its text is given a place is the text needed, for its shard and for
//! the bytes that shards are counted by: then the splits of such documents are read again, and stage 3 begins anew.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use arrow::array::AsArray;
use arrow::datatypes::UInt64Type;
use datafusion::prelude::SessionContext;
use futures::StreamExt;

use super::error::RunError;
use super::ingest;
use super::prepare::Prepared;
use super::route::{RouteStage, Routed, find_copies, route};
use super::{RunOptions, Until, Watched};
use crate::engine::Embedded;
use crate::ingest::{Progress, SplitDone};
use crate::work_dir::WorkDir;

/// Placed documents whose text is gone. An empty text is none that is gone.
const TEXTLESS: &str = "
SELECT r.input, r.warc_offset FROM $placed p JOIN rows r
    ON p.input = r.input AND p.warc_offset = r.warc_offset AND p.inner_offset = r.inner_offset AND r.outcome IS NULL
WHERE r.text IS NULL AND r.text_chars > 0";

/// Keys of the splits that have to be read again before the documents of table `placed` can be sealed. `key` is that of
/// the stage 3 which placed them: what was dropped by its own outcomes has no place.
pub(super) async fn textless(
    context: &SessionContext,
    placed: &str,
    splits: &[SplitDone],
    key: &str,
) -> datafusion::common::Result<BTreeSet<String>> {
    let mut thinned: BTreeMap<&str, Vec<&SplitDone>> = BTreeMap::new();
    for split in splits {
        if split.thinned.as_ref().is_some_and(|thinned| thinned.routes != key) {
            thinned.entry(&split.input).or_default().push(split);
        }
    }
    let mut keys = BTreeSet::new();
    if thinned.is_empty() {
        return Ok(keys);
    }
    let mut found = context.sql(&TEXTLESS.replace("$placed", placed)).await?.execute_stream().await?;
    while let Some(batch) = found.next().await {
        let batch = batch?;
        let (inputs, offsets) =
            (batch.column(0).as_string::<i32>(), batch.column(1).as_primitive::<UInt64Type>());
        for row in 0..batch.num_rows() {
            let (input, offset) = (inputs.value(row), offsets.value(row));
            let candidates = thinned.get(input).map_or(&[][..], Vec::as_slice);
            let owner =
                candidates.iter().find(|split| (split.items_start..split.items_end).contains(&offset));
            match owner {
                Some(split) => {
                    keys.insert(split.key.clone());
                }
                None => keys.extend(candidates.iter().map(|split| split.key.clone())),
            }
        }
    }
    Ok(keys)
}

/// Stage 3, with the texts of everything that it places. `splits` are replaced where they were read again.
#[expect(clippy::too_many_arguments, reason = "what a run works with")]
pub(super) async fn route_with_texts(
    prepared: &Prepared,
    engine: &Embedded,
    work_dir: &WorkDir,
    splits: &mut Vec<SplitDone>,
    dedup: (&Path, &str),
    options: &RunOptions,
    progress: &Arc<Progress>,
    watched: &Watched<'_>,
) -> Result<Routed, RunError> {
    let (dedup_folder, dedup_key) = dedup;
    loop {
        let stands = options.done >= Some(Until::Route);
        let stage = route(prepared, engine, work_dir, dedup_folder.to_owned(), dedup_key, splits, stands);
        let keys = match stage.await? {
            RouteStage::Done(routed) => return Ok(*routed),
            RouteStage::Textless(keys) => keys,
        };
        let bytes = splits.iter().filter(|split| keys.contains(&split.key)).map(|split| split.length).sum();
        if keys.is_empty() {
            return Err(RunError::Books("documents without their text are of no split".to_owned()));
        }
        if options.done >= Some(Until::Ingest) {
            return Err(RunError::refused(
                format!(
                    "{} splits have documents whose text retention dropped and which now have a place: they have to \
                     be read again",
                    keys.len()
                ),
                "leave out --from",
            ));
        }
        for split in splits.iter().filter(|split| keys.contains(&split.key)) {
            split.withdraw(&work_dir.documents()).map_err(|source| RunError::Io {
                action: "remove a commit in",
                path: work_dir.documents(),
                source,
            })?;
        }
        watched.stage("ingest again, for texts that retention dropped", keys.len(), bytes)?;
        *splits = ingest::ingest(prepared, engine, work_dir, progress).await?;
        watched.stage("route", splits.len(), 0)?;
        find_copies(prepared, engine, work_dir, splits, false).await?;
    }
}
