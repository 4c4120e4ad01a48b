//! `Components`: which ids hang together by edges.
//!
//! Union-find in memory, with the least id of a component as its root, so that the answer does not depend on the order
//! of the edges. Only ids that have an edge are held. The memory is asked of the engine's pool; if that does not give
//! it, the operator fails with `ResourcesExhausted`, and [`super::near`] does the same in SQL, which spills. SQL alone
//! takes several passes over all edges where this takes one.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{RecordBatch, UInt64Array};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::common::Result;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use futures::StreamExt;

use super::edges::numbers;
use crate::engine::{InputNeeds, Operator, batches_after};

/// The operator. Its input has the columns `id` and `least`, both `UInt64`.
#[derive(Debug)]
pub struct Components;

/// Columns `id` and `root`, the least id of its component.
pub fn component_schema() -> SchemaRef {
    let field = |name| Field::new(name, DataType::UInt64, false);
    Arc::new(Schema::new(vec![field("id"), field("root")]))
}

impl Operator for Components {
    fn name(&self) -> &'static str {
        "Components"
    }

    fn describe(&self) -> String {
        "ids that hang together, with the least of them".to_owned()
    }

    fn schema(&self) -> SchemaRef {
        component_schema()
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
        let memory = MemoryConsumer::new("Components").register(context.memory_pool());
        let rows = context.session_config().batch_size();
        Ok(batches_after(component_schema(), async move { Ok(find(input, memory).await?.batches(rows)) }))
    }
}

async fn find(mut edges: SendableRecordBatchStream, memory: MemoryReservation) -> Result<Forest> {
    let mut forest = Forest { memory: Some(memory), ..Forest::default() };
    while let Some(batch) = edges.next().await {
        let batch = batch?;
        let (ids, least) = (numbers(&batch, "id")?.values(), numbers(&batch, "least")?.values());
        for (&a, &b) in ids.iter().zip(least) {
            forest.join(a, b)?;
        }
    }
    Ok(forest)
}

/// Ids by component.
#[derive(Default)]
struct Forest {
    places: HashMap<u64, u32>,
    ids: Vec<u64>,
    /// The place of another id of the same component, with a lesser id; its own for a root.
    parents: Vec<u32>,
    memory: Option<MemoryReservation>,
}

/// Bytes that an id takes at most: 37 in the map, which is between seven sixteenths and seven eighths full, and 24 in
/// the lists, which may have room for twice as many.
const BYTES_PER_ID: usize = 61;
/// Memory is asked for in steps of so many ids.
const IDS_PER_STEP: usize = 4096;

impl Forest {
    fn place(&mut self, id: u64) -> Result<u32> {
        if let Some(place) = self.places.get(&id) {
            return Ok(*place);
        }
        let place = u32::try_from(self.ids.len()).map_err(|_| {
            datafusion::common::resources_datafusion_err!("more than 2^32 texts with near-duplicates")
        })?;
        if self.ids.len().is_multiple_of(IDS_PER_STEP)
            && let Some(memory) = &mut self.memory
        {
            memory.try_grow(BYTES_PER_ID * IDS_PER_STEP)?;
        }
        self.places.insert(id, place);
        self.ids.push(id);
        self.parents.push(place);
        Ok(place)
    }

    fn root(&mut self, mut place: u32) -> u32 {
        while self.parents[place as usize] != place {
            let above = self.parents[self.parents[place as usize] as usize];
            self.parents[place as usize] = above;
            place = above;
        }
        place
    }

    fn join(&mut self, a: u64, b: u64) -> Result<()> {
        let (a, b) = (self.place(a)?, self.place(b)?);
        let (a, b) = (self.root(a), self.root(b));
        let (least, other) = if self.ids[a as usize] <= self.ids[b as usize] { (a, b) } else { (b, a) };
        self.parents[other as usize] = least;
        Ok(())
    }

    /// Rows of [`component_schema`], in batches of `rows`.
    fn batches(mut self, rows: usize) -> impl Iterator<Item = Result<RecordBatch>> + Send {
        let mut from = 0;
        std::iter::from_fn(move || {
            let to = (from + rows.max(1)).min(self.ids.len());
            if from == to {
                return None;
            }
            let roots = (from..to).map(|place| {
                let root = self.root(place as u32);
                self.ids[root as usize]
            });
            let roots = UInt64Array::from_iter_values(roots.collect::<Vec<_>>());
            let ids = UInt64Array::from_iter_values(self.ids[from..to].iter().copied());
            from = to;
            Some(
                RecordBatch::try_new(component_schema(), vec![Arc::new(ids), Arc::new(roots)])
                    .map_err(Into::into),
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn components(edges: &[(u64, u64)]) -> BTreeMap<u64, u64> {
        let mut forest = Forest::default();
        for (a, b) in edges {
            forest.join(*a, *b).expect("no memory is asked for");
        }
        let mut found = BTreeMap::new();
        for batch in forest.batches(3) {
            let batch = batch.expect("the columns are of one length");
            let (ids, roots) = (numbers(&batch, "id").unwrap(), numbers(&batch, "root").unwrap());
            found.extend(ids.values().iter().copied().zip(roots.values().iter().copied()));
        }
        found
    }

    #[test]
    fn the_root_is_the_least_id() {
        let found = components(&[(9, 4), (9, 7), (2, 8), (7, 3), (5, 5)]);
        let expected = [(2, 2), (3, 3), (4, 3), (5, 5), (7, 3), (8, 2), (9, 3)];
        assert_eq!(found, BTreeMap::from(expected));
    }

    proptest! {
        #[test]
        fn components_do_not_depend_on_the_order_of_the_edges(
            edges in prop::collection::vec((0u64..60, 0u64..60), 0..80).prop_shuffle(),
        ) {
            let mut sorted = edges.clone();
            sorted.sort_unstable();
            let found = components(&edges);
            prop_assert_eq!(&found, &components(&sorted));
            for (a, b) in edges {
                prop_assert_eq!(found[&a], found[&b]);
                prop_assert!(found[&a] <= a.min(b));
            }
        }
    }
}
