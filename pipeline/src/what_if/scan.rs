//! Rows of the work directory, as what is judged: a scan of three or four narrow columns.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{
    Array, AsArray, Float32Array, ListArray, RecordBatch, StringArray, StructArray, UInt32Array,
};
use arrow::datatypes::{Float32Type, UInt32Type};
use datafusion::common::runtime::SpawnedTask;
use datafusion::common::{Result, internal_datafusion_err};
use datafusion::physical_plan::execute_stream_partitioned;
use datafusion::prelude::SessionContext;
use futures::StreamExt;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};

use super::WhatIfError;
use super::judge::{Document, Judge, Tally};
use crate::document::{SIGNAL_SET_KEY, column};
use crate::ingest::SplitDone;
use crate::quality::{SIGNAL_SET, Signal, Signals, Unit};

/// The columns that are read, with the ids of documents or without. Neither text nor title is among them.
pub fn columns(with_ids: bool) -> &'static [&'static str] {
    const COLUMNS: [&str; 4] = [column::LANG, column::SIGNALS, column::REASONS, column::DOC_ID];
    if with_ids { &COLUMNS } else { &COLUMNS[..3] }
}

/// Refuses signals that were counted otherwise than those of this program: the files of a run say which they are.
pub(super) fn check_signal_set(folder: &Path, splits: &[SplitDone]) -> Result<(), WhatIfError> {
    for split in splits.iter().filter(|split| split.rows > 0) {
        let path = SplitDone::rows_path(folder, &split.key);
        let found = signal_set(&path).map_err(|source| WhatIfError::Rows { path: path.clone(), source })?;
        if found.as_deref() != Some(SIGNAL_SET) {
            return Err(WhatIfError::SignalSet { path, found: found.unwrap_or_else(|| "none".to_owned()) });
        }
    }
    Ok(())
}

fn signal_set(path: &PathBuf) -> parquet::errors::Result<Option<String>> {
    let footer = ArrowReaderMetadata::load(&std::fs::File::open(path)?, ArrowReaderOptions::new())?;
    let field = footer.schema().field_with_name(column::SIGNALS).ok();
    Ok(field.and_then(|field| field.metadata().get(SIGNAL_SET_KEY).cloned()))
}

/// Judges all rows; partitions side by side.
pub(super) async fn judged(context: &SessionContext, judge: Judge) -> Result<Tally> {
    let judge = Arc::new(judge);
    let rows = context.table("rows").await?.select_columns(columns(judge.names_documents()))?;
    let plan = rows.create_physical_plan().await?;
    let mut parts = Vec::new();
    for mut batches in execute_stream_partitioned(plan, context.task_ctx())? {
        let mut tally = Tally::new(Arc::clone(&judge));
        let judge = Arc::clone(&judge);
        parts.push(SpawnedTask::spawn(async move {
            while let Some(batch) = batches.next().await {
                add(&mut tally, &judge, &batch?)?;
            }
            Ok::<_, datafusion::error::DataFusionError>(tally)
        }));
    }
    let mut whole = Tally::new(judge);
    for part in parts {
        let tally = part.join().await.map_err(|error| internal_datafusion_err!("{error}"))?;
        whole.merge(tally?);
    }
    Ok(whole)
}

fn add(tally: &mut Tally, judge: &Judge, batch: &RecordBatch) -> Result<()> {
    let rows = Rows::of(batch, judge)?;
    for row in 0..batch.num_rows() {
        tally.add(&rows.document(row), rows.steps(row));
    }
    Ok(())
}

/// The columns of a batch.
struct Rows<'a> {
    doc_id: Option<&'a StringArray>,
    lang: &'a StringArray,
    signals: &'a StructArray,
    asked: Vec<(&'static Signal, Values<'a>)>,
    reasons: &'a ListArray,
    /// The steps of all reasons, one behind the other.
    steps: &'a StringArray,
}

enum Values<'a> {
    Counts(&'a UInt32Array),
    Shares(&'a Float32Array),
}

impl<'a> Rows<'a> {
    fn of(batch: &'a RecordBatch, judge: &Judge) -> Result<Self> {
        let missing = |name: &str| internal_datafusion_err!("the rows have no column {name} of its type");
        let text = |name: &str| {
            let column = batch.column_by_name(name).and_then(|column| column.as_string_opt::<i32>());
            column.ok_or_else(|| missing(name))
        };
        let signals = batch.column_by_name(column::SIGNALS).and_then(|column| column.as_struct_opt());
        let signals: &StructArray = signals.ok_or_else(|| missing(column::SIGNALS))?;
        let values = |signal: &Signal| {
            let column = signals.column_by_name(signal.name)?;
            match signal.unit {
                Unit::Count => column.as_primitive_opt::<UInt32Type>().map(Values::Counts),
                Unit::Share | Unit::Mean => column.as_primitive_opt::<Float32Type>().map(Values::Shares),
            }
        };
        let asked = judge
            .signals()
            .iter()
            .map(|&signal| values(signal).map(|values| (signal, values)).ok_or_else(|| missing(signal.name)));
        let reasons = batch.column_by_name(column::REASONS).and_then(|column| column.as_list_opt::<i32>());
        let reasons: &ListArray = reasons.ok_or_else(|| missing(column::REASONS))?;
        let steps = reasons.values().as_struct_opt().and_then(|reason| reason.column_by_name("step"));
        Ok(Self {
            doc_id: judge.names_documents().then(|| text(column::DOC_ID)).transpose()?,
            lang: text(column::LANG)?,
            signals,
            asked: asked.collect::<Result<_>>()?,
            reasons,
            steps: steps.and_then(|steps| steps.as_string_opt()).ok_or_else(|| missing(column::REASONS))?,
        })
    }

    fn document(&self, row: usize) -> Document<'a> {
        let value = |column: &'a StringArray| column.is_valid(row).then(|| column.value(row));
        Document {
            doc_id: self.doc_id.and_then(value),
            lang: value(self.lang),
            signals: self.signals.is_valid(row).then(|| self.signals_of(row)),
        }
    }

    /// The signals that are asked for; the others are zero, and no rule looks at them.
    fn signals_of(&self, row: usize) -> Signals {
        let mut signals = Signals::default();
        for (signal, values) in &self.asked {
            let value = match values {
                Values::Counts(values) if values.is_valid(row) => f64::from(values.value(row)),
                Values::Shares(values) if values.is_valid(row) => f64::from(values.value(row)),
                // Not measured.
                _ => f64::NAN,
            };
            (signal.set)(&mut signals, value);
        }
        signals
    }

    /// The steps that gave a reason against a row.
    fn steps(&self, row: usize) -> impl Iterator<Item = &'a str> {
        let offsets = self.reasons.value_offsets();
        let all =
            if self.reasons.is_valid(row) { offsets[row] as usize..offsets[row + 1] as usize } else { 0..0 };
        all.filter(|at| self.steps.is_valid(*at)).map(|at| self.steps.value(at))
    }
}
