//! Gathers the files of hosts from crawl files, for a snapshot: read as stage 1 reads them, without steps.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array, AsArray, BinaryArray, RecordBatch};
use arrow::datatypes::{TimestampMillisecondType, UInt16Type};
use datafusion::common::{Result, internal_datafusion_err};
use datafusion::execution::TaskContext;
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::{StreamExt, stream};
use kilim_connectors::http::HttpLimits;
use kilim_connectors::signals::host::{Answer, FileKind};
use kilim_connectors::store::{InputFile, Stores};
use kilim_connectors::warc::ReadLimits;

use super::snapshot::Builder;
use crate::document::column;
use crate::engine::Operator;
use crate::ingest::{Progress, Split, WarcRead, split_batch, split_schema};

/// What was read.
#[derive(Debug, Clone, Copy, Default)]
pub struct Gathered {
    /// Records, and damaged ranges.
    pub records: u64,
    /// Answers that are files of hosts.
    pub answers: u64,
    /// Ranges that could not be read.
    pub broken: u64,
}

/// Reads crawl files, one after the other, and adds the files of hosts in them.
pub async fn gather(
    stores: &Arc<Stores>,
    base_dir: &Path,
    inputs: &[InputFile],
    builder: &mut Builder,
) -> Result<Gathered> {
    let read = WarcRead {
        stores: Arc::clone(stores),
        base_dir: base_dir.to_owned(),
        limits: ReadLimits::default(),
        response_limits: HttpLimits::default(),
        progress: Arc::new(Progress::default()),
    };
    let mut gathered = Gathered::default();
    for input in inputs {
        let split = Split {
            key: String::new(),
            input: input.location.name().to_owned(),
            url: input.location.url().to_string(),
            offset: 0,
            length: input.size,
            file_bytes: input.size,
            source: String::new(),
            crawl: None,
        };
        let batch = split_batch(&split)?;
        let splits = RecordBatchStreamAdapter::new(split_schema(), stream::once(async move { Ok(batch) }));
        let context = Arc::new(TaskContext::default());
        let mut rows = read.run(0, Box::pin(splits), &context, &ExecutionPlanMetricsSet::new())?;
        while let Some(batch) = rows.next().await {
            add(&batch?, builder, &mut gathered)?;
        }
    }
    Ok(gathered)
}

fn add(batch: &RecordBatch, builder: &mut Builder, gathered: &mut Gathered) -> Result<()> {
    let of = |name: &str| {
        batch
            .column_by_name(name)
            .ok_or_else(|| internal_datafusion_err!("the reader gives no column {name}"))
    };
    let (urls, outcomes) = (of(column::URL)?.as_string::<i32>(), of(column::OUTCOME)?.as_string::<i32>());
    let statuses = of(column::HTTP_STATUS)?.as_primitive::<UInt16Type>();
    let times = of(column::FETCHED_AT)?.as_primitive::<TimestampMillisecondType>();
    let (site, ends) = (of(column::SITE_FILE)?.as_struct(), of(column::SPLIT_END)?);
    let (kinds, hashes) = (site.column(0).as_string::<i32>(), site.column(3).as_string::<i32>());
    let bodies: &BinaryArray = site.column(1).as_binary();
    for row in 0..batch.num_rows() {
        if ends.is_valid(row) {
            continue;
        }
        gathered.records += 1;
        gathered.broken += u64::from(outcomes.is_valid(row) && outcomes.value(row) == "broken");
        let kind = if site.is_valid(row) { FileKind::from_word(kinds.value(row)) } else { None };
        let (Some(kind), true) = (kind, urls.is_valid(row)) else { continue };
        gathered.answers += 1;
        builder.add(&Answer {
            kind,
            url: urls.value(row),
            status: if statuses.is_valid(row) { statuses.value(row) } else { 200 },
            body: if bodies.is_valid(row) { bodies.value(row) } else { &[] },
            observed_at: times.is_valid(row).then(|| times.value(row)),
            sha256: if hashes.is_valid(row) { hashes.value(row) } else { "" },
        });
    }
    Ok(())
}
