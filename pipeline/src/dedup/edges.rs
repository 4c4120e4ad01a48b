//! `StarEdges`: from (hash, id) pairs to edges between ids that share a hash.
//!
//! All ids with one hash form a star around the least of them. The pairs are distributed by the bits of their hash,
//! eight at a time, into buckets that lie in memory while they fit and on disk beyond; a bucket that fits is sorted, one
//! that does not is distributed again by the next bits. Hashes are uniform, so that 14 pairs a text fit after two
//! rounds up to 10⁹ texts in 64 MiB. What has one hash in common and no bits left, such as a boilerplate page of a
//! million sites, is read twice and needs no memory at all.
//!
//! SQL was not enough: `SortExec` failed for want of memory on the pairs of 10⁶ texts in 256 MiB, a window function
//! holds a bucket of any size, and `array_agg` too.

use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch, UInt64Array};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, UInt64Type};
use datafusion::common::{Result, internal_datafusion_err};
use datafusion::execution::memory_pool::MemoryConsumer;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use futures::StreamExt;

use super::buckets::{Buckets, PAIR_BYTES, Pair, Stars};
use crate::engine::{InputNeeds, Operator, batches_after};

/// The operator. Its input has the columns `hash` and `id`, both `UInt64`.
#[derive(Debug)]
pub struct StarEdges;

/// Bytes that the pairs in memory take at most, if the engine's pool has so many; less is slower.
const MOST_BYTES: usize = 64 << 20;
/// With less, the operator refuses to run.
const LEAST_BYTES: usize = 1 << 20;

/// Columns `id` and `least`: both texts share a band, and `least` is the least id that does.
pub fn edge_schema() -> SchemaRef {
    let field = |name| Field::new(name, DataType::UInt64, false);
    Arc::new(Schema::new(vec![field("id"), field("least")]))
}

impl Operator for StarEdges {
    fn name(&self) -> &'static str {
        "StarEdges"
    }

    fn describe(&self) -> String {
        "ids of equal hash, to the least of them".to_owned()
    }

    fn schema(&self) -> SchemaRef {
        edge_schema()
    }

    fn needs(&self) -> InputNeeds {
        InputNeeds { all_together: true, ..InputNeeds::default() }
    }

    fn run(
        &self,
        _partition: usize,
        input: SendableRecordBatchStream,
        context: &Arc<TaskContext>,
        _metrics: &ExecutionPlanMetricsSet,
    ) -> Result<SendableRecordBatchStream> {
        let rows = context.session_config().batch_size();
        let work = distribute(input, Arc::clone(context));
        Ok(batches_after(edge_schema(), async move { Ok(batches(work.await?, rows)) }))
    }
}

/// The values of a `UInt64` column.
pub(super) fn numbers<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a UInt64Array> {
    let column = batch.column_by_name(name).and_then(|column| column.as_primitive_opt::<UInt64Type>());
    column.ok_or_else(|| internal_datafusion_err!("no column {name} of numbers"))
}

async fn distribute(mut pairs: SendableRecordBatchStream, context: Arc<TaskContext>) -> Result<Stars> {
    let memory = MemoryConsumer::new("StarEdges").register(context.memory_pool());
    let mut bytes = MOST_BYTES;
    while let Err(error) = memory.try_grow(bytes) {
        bytes /= 2;
        if bytes < LEAST_BYTES {
            return Err(error);
        }
    }
    // A list may have room for twice what it holds.
    let disk = Arc::clone(&context.runtime_env().disk_manager);
    let mut buckets = Buckets::new(bytes / PAIR_BYTES / 2, disk);
    while let Some(batch) = pairs.next().await {
        let batch = batch?;
        let (hashes, ids) = (numbers(&batch, "hash")?.values(), numbers(&batch, "id")?.values());
        for (&hash, &id) in hashes.iter().zip(ids) {
            buckets.push(Pair { hash, id })?;
        }
    }
    Ok(Stars::new(buckets, memory))
}

/// The edges in batches of at most `rows`.
fn batches(mut stars: Stars, rows: usize) -> impl Iterator<Item = Result<RecordBatch>> + Send {
    std::iter::from_fn(move || {
        let (mut ids, mut least) = (Vec::with_capacity(rows), Vec::with_capacity(rows));
        while ids.len() < rows {
            match stars.next_edge() {
                Ok(Some((id, center))) => {
                    ids.push(id);
                    least.push(center);
                }
                Ok(None) if ids.is_empty() => return None,
                Ok(None) => break,
                Err(error) => return Some(Err(error)),
            }
        }
        let columns = [ids, least].map(|column| Arc::new(UInt64Array::from(column)) as _);
        Some(RecordBatch::try_new(edge_schema(), columns.to_vec()).map_err(Into::into))
    })
}
