//! All decisions of a run.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::decide::{Decider, Decision, NodeFacts};
use super::gather::Forms;
use super::log::{DecisionRow, Grounds};
use super::tuple::{Tuple, TupleId};

/// Most distinct tuples of a run, unless its caller says otherwise. 10^9 documents have some 10^3 to 10^5.
pub const MAX_TUPLES: usize = 1_000_000;

/// The decisions about every distinct tuple, for every node.
#[derive(Debug, Clone)]
pub struct DecisionTable {
    nodes: Vec<NodeFacts>,
    rows: Vec<TableRow>,
    by_id: BTreeMap<TupleId, u32>,
    /// Rows by canonical form.
    forms: Forms,
    /// By row, then by node.
    allowed: Vec<bool>,
    grounds: Arc<Grounds>,
}

/// The decisions about one tuple.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableRow {
    /// The attributes.
    pub tuple: Tuple,
    /// [`Tuple::id`].
    pub id: TupleId,
    /// Documents with these attributes.
    pub count: u64,
    /// One per node, in the order of [`DecisionTable::nodes`].
    pub decisions: Vec<Arc<Decision>>,
}

/// A table that cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// Kind: Config.
    #[error(
        "more than {max_tuples} distinct sets of policy attributes\n\
         hint: `{attribute}` alone has {values} values; name fewer of them, or raise max_tuples"
    )]
    TooMany {
        /// The limit.
        max_tuples: usize,
        /// The attribute with most values.
        attribute: &'static str,
        /// How many it had when the limit was met.
        values: usize,
    },
    /// Two tuples begin with the same 64 bits of BLAKE3. Kind: Internal.
    #[error("two sets of policy attributes have the id {id}")]
    SameId {
        /// The id.
        id: TupleId,
    },
}

impl DecisionTable {
    /// Decides about every distinct tuple. A tuple may come many times, each with a count of documents.
    ///
    /// # Errors
    /// If there are more than `max_tuples` distinct ones, before any is decided.
    pub fn build(
        decider: &Decider,
        tuples: impl IntoIterator<Item = (Tuple, u64)>,
        max_tuples: usize,
    ) -> Result<Self, TableError> {
        let mut counts: BTreeMap<Tuple, u64> = BTreeMap::new();
        for (tuple, count) in tuples {
            *counts.entry(tuple).or_default() += count;
            if counts.len() > max_tuples.min(u32::MAX as usize) {
                let (values, attribute) = widest(counts.keys());
                return Err(TableError::TooMany { max_tuples, attribute, values });
            }
        }
        let mut by_id = BTreeMap::new();
        let mut rows = Vec::with_capacity(counts.len());
        for (index, (tuple, count)) in (0..).zip(counts) {
            let id = tuple.id();
            if by_id.insert(id, index).is_some() {
                return Err(TableError::SameId { id });
            }
            let decisions = decider.decide_afresh(&tuple).emit;
            rows.push(TableRow { tuple, id, count, decisions });
        }
        let forms = Forms::new(rows.iter().map(|row: &TableRow| row.tuple.canonical()));
        let allowed = rows.iter().flat_map(|row| row.decisions.iter().map(|decision| decision.allowed));
        let allowed = allowed.collect();
        let grounds = Arc::new(Grounds::of(decider.policies()));
        Ok(Self { nodes: decider.nodes().to_vec(), rows, by_id, forms, allowed, grounds })
    }

    /// The same decisions, with the opt-out snapshot that the documents' attributes rest on.
    #[must_use]
    pub fn with_optout_snapshot(mut self, digest: Option<String>) -> Self {
        Arc::make_mut(&mut self.grounds).optout_snapshot = digest;
        self
    }

    /// The nodes, in the order of [`TableRow::decisions`].
    pub fn nodes(&self) -> &[NodeFacts] {
        &self.nodes
    }

    /// All rows, in the order of their tuples.
    pub fn rows(&self) -> &[TableRow] {
        &self.rows
    }

    /// Place of a tuple in [`DecisionTable::rows`]: the dense id by which columns gather their answers.
    pub fn index_of(&self, tuple: &Tuple) -> Option<u32> {
        let index = self.rows.binary_search_by(|row| row.tuple.cmp(tuple)).ok()?;
        u32::try_from(index).ok()
    }

    /// As [`DecisionTable::index_of`], by the canonical form of the tuple: for rows by the million.
    pub fn index_of_form(&self, form: &str) -> Option<u32> {
        self.forms.number(form)
    }

    /// The answers of row `index`, in the order of the nodes; none where there is no such row.
    pub fn allowed_nodes(&self, index: u32) -> &[bool] {
        let nodes = self.nodes.len();
        let first = index as usize * nodes;
        self.allowed.get(first..first + nodes).unwrap_or_default()
    }

    /// The row of a tuple id.
    pub fn get(&self, id: TupleId) -> Option<&TableRow> {
        self.by_id.get(&id).and_then(|&index| self.rows.get(index as usize))
    }

    /// Whether documents of row `index` may go to the node at `node`. No, where there is no such row or node.
    pub fn allowed(&self, index: u32, node: usize) -> bool {
        self.allowed_nodes(index).get(node).copied().unwrap_or(false)
    }

    /// What was decided for one node, sorted by id: for the ledger of the run, not for the node. None if the table knows
    /// no such node.
    pub fn rows_for(&self, node: &str) -> Option<Vec<DecisionRow>> {
        let place = self.nodes.iter().position(|known| known.name == node)?;
        let rows = self.by_id.values().filter_map(|&index| {
            let row = self.rows.get(index as usize)?;
            Some(self.log_row(row, node, row.decisions.get(place)?))
        });
        Some(rows.collect())
    }

    /// The rows of `decisions.jsonl` that the node itself gets: what it was allowed, sorted by id. What it was denied it
    /// is not told, not even that it exists.
    pub fn rows_to_publish(&self, node: &str) -> Option<Vec<DecisionRow>> {
        let mut rows = self.rows_for(node)?;
        rows.retain(|row| row.allowed);
        Some(rows)
    }

    fn log_row(&self, row: &TableRow, node: &str, decision: &Decision) -> DecisionRow {
        DecisionRow {
            id: row.id,
            node: node.to_owned(),
            attributes: row.tuple.clone(),
            allowed: decision.allowed,
            determining: decision.determining.clone(),
            errors: decision.errors.clone(),
            count: row.count,
            grounds: Arc::clone(&self.grounds),
        }
    }
}

/// The attribute with most distinct values.
fn widest<'a>(tuples: impl Iterator<Item = &'a Tuple>) -> (usize, &'static str) {
    let (mut sources, mut stewards) = (BTreeSet::new(), BTreeSet::new());
    let (mut communities, mut jurisdictions, mut clusters) =
        (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for tuple in tuples {
        sources.insert(&tuple.source);
        stewards.insert(&tuple.steward);
        communities.insert(&tuple.community);
        jurisdictions.insert(&tuple.jurisdictions);
        clusters.insert(&tuple.cluster_jurisdictions);
    }
    let widths = [
        (sources.len(), "source"),
        (stewards.len(), "steward"),
        (communities.len(), "community"),
        (jurisdictions.len(), "jurisdictions"),
        (clusters.len(), "cluster_jurisdictions"),
    ];
    widths.into_iter().max().unwrap_or_default()
}

#[cfg(test)]
#[path = "table_tests.rs"]
mod tests;
