//! `StarEdges`: from sorted (hash, id) pairs to edges between ids that share a hash.
//!
//! All ids with one hash form a star around the least of them. A group of any size, such as a boilerplate page that a
//! million sites have, costs one pass and no memory: a window function would hold it, and a self-join square it. This
//! is why SQL was not enough.

use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch, UInt64Array};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, UInt64Type};
use datafusion::common::{Result, internal_datafusion_err};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::StreamExt;

use crate::engine::{InputNeeds, Operator};

/// The operator. Its input has the columns `hash` and `id`, both `UInt64`.
#[derive(Debug)]
pub struct StarEdges;

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
        InputNeeds { together: vec!["hash"], ordered_by: vec!["hash", "id"], ..InputNeeds::default() }
    }

    fn run(
        &self,
        _partition: usize,
        input: SendableRecordBatchStream,
        _context: &Arc<TaskContext>,
        _metrics: &ExecutionPlanMetricsSet,
    ) -> Result<SendableRecordBatchStream> {
        let mut star = Star::default();
        let edges = input.map(move |batch| star.edges(&batch?));
        Ok(Box::pin(RecordBatchStreamAdapter::new(edge_schema(), edges)))
    }
}

/// The star at work.
#[derive(Default)]
struct Star {
    hash: u64,
    least: u64,
    last: u64,
    begun: bool,
}

/// The values of a `UInt64` column.
pub(super) fn numbers<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a UInt64Array> {
    let column = batch.column_by_name(name).and_then(|column| column.as_primitive_opt::<UInt64Type>());
    column.ok_or_else(|| internal_datafusion_err!("no column {name} of numbers"))
}

impl Star {
    fn edges(&mut self, batch: &RecordBatch) -> Result<RecordBatch> {
        let (hashes, ids) = (numbers(batch, "hash")?.values(), numbers(batch, "id")?.values());
        let (mut ends, mut least) = (Vec::new(), Vec::new());
        for (&hash, &id) in hashes.iter().zip(ids) {
            if !self.begun || hash != self.hash {
                *self = Self { hash, least: id, last: id, begun: true };
            } else if id != self.last {
                self.last = id;
                ends.push(id);
                least.push(self.least);
            }
        }
        let columns: [UInt64Array; 2] = [ends.into(), least.into()];
        Ok(RecordBatch::try_new(edge_schema(), columns.map(|column| Arc::new(column) as _).to_vec())?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(rows: &[(u64, u64)]) -> RecordBatch {
        let field = |name| Field::new(name, DataType::UInt64, false);
        let schema = Arc::new(Schema::new(vec![field("id"), field("hash")]));
        let ids = UInt64Array::from_iter_values(rows.iter().map(|row| row.1));
        let hashes = UInt64Array::from_iter_values(rows.iter().map(|row| row.0));
        RecordBatch::try_new(schema, vec![Arc::new(ids), Arc::new(hashes)])
            .expect("two columns of one length")
    }

    #[test]
    fn a_star_goes_on_over_the_end_of_a_batch_and_repeated_ids_are_one() {
        let mut star = Star::default();
        let mut edges = Vec::new();
        for batch in [&[(1, 5), (1, 7)][..], &[(1, 7), (1, 9), (2, 9)], &[], &[(3, 1), (3, 1), (3, 2)]] {
            let found = star.edges(&pairs(batch)).expect("both columns are there");
            let (ids, least) = (numbers(&found, "id").unwrap(), numbers(&found, "least").unwrap());
            edges.extend(ids.values().iter().copied().zip(least.values().iter().copied()));
        }
        assert_eq!(edges, [(7, 5), (9, 5), (2, 1)]);
    }
}
