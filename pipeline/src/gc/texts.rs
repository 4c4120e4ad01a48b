//! Texts of rows that no node keeps: they go from the files of their splits, and everything else of the rows stays.
//!
//! Which rows, the routes of the last finished run say. Routes are sorted by file, so that the places of one file are in
//! memory at a time, 24 bytes each. Splits keep the day on which they were read, and their commits say what went.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::UInt64Type;
use datafusion::common::{Result as PlanResult, internal_err};
use futures::StreamExt;

use super::Cleared;
use crate::config::RetentionConfig;
use crate::document::{Outcome, column};
use crate::engine::{Embedded, Limits};
use crate::ingest::{Loss, SplitDone, TEXT_COLUMNS, has_text, strip_split, stripped_bytes};
use crate::ledger::Ledger;
use crate::run::RunError;
use crate::run::tables::{register, table_path};
use crate::work_dir::WorkDir;

/// Memory for sorting routes, before it spills to the system's folder for temporary files: places and outcomes, no texts.
const MEMORY: usize = 256 << 20;

const DUE: &str = "
SELECT input, warc_offset, inner_offset, outcome FROM routes WHERE outcome IN ($outcomes)
ORDER BY input, warc_offset, inner_offset";

/// Where a row is in its file, and its outcome.
type Due = ((u64, u64), Outcome);

/// Drops the texts whose time is over.
pub(super) async fn drop_texts(
    work_dir: &WorkDir,
    ledger: &Ledger,
    ages: &BTreeMap<String, u32>,
    retention: &RetentionConfig,
    dry_run: bool,
    cleared: &mut Cleared,
) -> Result<(), RunError> {
    let routes = table_path(&work_dir.root().join(&ledger.route_folder), "routes");
    let key = ledger.route_folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let folder = work_dir.documents();
    let mut open: BTreeMap<&str, Vec<OpenSplit>> = BTreeMap::new();
    for named in &ledger.splits {
        let Some(age) = ages.get(&named.key) else { continue };
        let over = Outcome::ALL.into_iter().filter(|outcome| is_over(retention, *outcome, *age)).collect();
        // A split without a commit is read again by the next run.
        let Some(done) = SplitDone::find(&folder, &named.key) else { continue };
        let split = OpenSplit { done, over };
        if !split.is_done_by(&key) {
            open.entry(&named.input).or_default().push(split);
        }
    }
    if open.is_empty() {
        return Ok(());
    }
    if !routes.exists() {
        cleared
            .notes
            .push("the routes of the last run are gone: texts are kept until a run has finished".to_owned());
        return Ok(());
    }
    let failed = RunError::stage("gc");
    let wanted: BTreeSet<&str> =
        open.values().flatten().flat_map(|split| &split.over).map(|outcome| outcome.as_str()).collect();
    let wanted = wanted.iter().map(|outcome| format!("'{outcome}'")).collect::<Vec<_>>().join(", ");
    let engine = Embedded::new(&Limits { threads: 1, memory: MEMORY, spill_dir: std::env::temp_dir() });
    let engine = engine.map_err(&failed)?;
    let context = engine.context();
    register(context, "routes", &routes).await.map_err(&failed)?;
    let rows = context.sql(&DUE.replace("$outcomes", &wanted)).await.map_err(&failed)?;
    let mut rows = rows.execute_stream().await.map_err(&failed)?;

    let mut thin = |input: &str, due: &[Due]| -> PlanResult<()> {
        for split in open.get(input).into_iter().flatten() {
            split.thin(&folder, &key, due, dry_run, cleared)?;
        }
        Ok(())
    };
    let (mut input, mut due): (String, Vec<Due>) = (String::new(), Vec::new());
    while let Some(batch) = rows.next().await {
        let batch = batch.map_err(&failed)?;
        let (inputs, outcomes) = (batch.column(0).as_string::<i32>(), batch.column(3).as_string::<i32>());
        let [offsets, inner] = [1, 2].map(|column| batch.column(column).as_primitive::<UInt64Type>());
        for row in 0..batch.num_rows() {
            if inputs.value(row) != input {
                thin(&input, &due).map_err(&failed)?;
                inputs.value(row).clone_into(&mut input);
                due.clear();
            }
            let outcome = outcomes.value(row);
            if let Some(outcome) = Outcome::ALL.into_iter().find(|known| known.as_str() == outcome) {
                due.push(((offsets.value(row), inner.value(row)), outcome));
            }
        }
    }
    thin(&input, &due).map_err(&failed)
}

fn is_over(retention: &RetentionConfig, outcome: Outcome, days: u32) -> bool {
    let age = match outcome {
        Outcome::Withheld => retention.withheld,
        Outcome::Duplicate => retention.duplicate,
        Outcome::Rejected => retention.rejected,
        // Nothing but a shard needs the others' texts, or they have none.
        Outcome::Broken | Outcome::Skipped | Outcome::Sharded => return false,
    };
    age.is_over(days)
}

/// A split, and the outcomes whose texts are over.
struct OpenSplit {
    done: SplitDone,
    over: BTreeSet<Outcome>,
}

impl OpenSplit {
    /// Whether there is nothing to do: nothing is over, or it went by the same routes before.
    fn is_done_by(&self, key: &str) -> bool {
        let went = |outcome: &Outcome| {
            self.done.thinned.as_ref().is_some_and(|thinned| {
                thinned.routes == key && thinned.outcomes.iter().any(|went| went == outcome.as_str())
            })
        };
        self.over.iter().all(went)
    }

    /// Drops the texts of the rows in `due` whose outcome is over.
    fn thin(
        &self,
        folder: &Path,
        key: &str,
        due: &[Due],
        dry_run: bool,
        cleared: &mut Cleared,
    ) -> PlanResult<()> {
        let texts: RefCell<BTreeMap<&'static str, u64>> = RefCell::default();
        let rule = &mut |batch: &RecordBatch| {
            let places = [column::WARC_OFFSET, column::INNER_OFFSET].map(|name| batch.column_by_name(name));
            let ([Some(offsets), Some(inner)], Some(text)) = (places, batch.column_by_name(column::TEXT))
            else {
                return internal_err!("a column is missing");
            };
            let [offsets, inner] = [offsets, inner].map(AsArray::as_primitive::<UInt64Type>);
            let mut losses = Vec::with_capacity(batch.num_rows());
            for (row, has_text) in has_text(batch)?.into_iter().enumerate() {
                let place = (offsets.value(row), inner.value(row));
                let at = due.binary_search_by_key(&place, |due| due.0).ok().filter(|_| has_text);
                let outcome = at.map(|at| due[at].1).filter(|outcome| self.over.contains(outcome));
                if let Some(outcome) = outcome
                    && text.is_valid(row)
                {
                    *texts.borrow_mut().entry(outcome.as_str()).or_default() += 1;
                }
                losses.push(if outcome.is_some() { Loss::Text } else { Loss::Nothing });
            }
            Ok(losses)
        };
        let mut columns = vec![column::WARC_OFFSET, column::INNER_OFFSET];
        columns.extend(TEXT_COLUMNS);
        let bytes = if dry_run {
            stripped_bytes(folder, &self.done, &columns, rule)?
        } else {
            let note = |done: &mut SplitDone| note(done, key, &self.over, &texts.borrow());
            strip_split(folder, &self.done, &columns, rule, note)?.map(|done| done.bytes)
        };
        let Some(bytes) = bytes else { return Ok(()) };
        let texts = texts.into_inner();
        cleared.texts.add(texts.values().sum(), self.done.bytes.saturating_sub(bytes));
        for (outcome, count) in texts {
            *cleared.texts_by_outcome.entry(outcome.to_owned()).or_default() += count;
        }
        Ok(())
    }
}

/// Writes into the commit of a split what went, and by which routes.
fn note(done: &mut SplitDone, key: &str, over: &BTreeSet<Outcome>, texts: &BTreeMap<&'static str, u64>) {
    let thinned = done.thinned.get_or_insert_default();
    if thinned.routes != key {
        key.clone_into(&mut thinned.routes);
        thinned.outcomes.clear();
    }
    thinned.outcomes.extend(over.iter().map(|outcome| outcome.as_str().to_owned()));
    for (outcome, count) in texts {
        *thinned.texts.entry((*outcome).to_owned()).or_default() += count;
    }
}
