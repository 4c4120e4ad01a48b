//! What a newer snapshot takes away from a finished run: the documents, by node and shard.
//!
//! Evidence of the crawl, of pages and of seeds stays as it is; what a snapshot said is replaced by what another says. A
//! document is taken away from a node whose policies allow it with the old snapshot and deny it with the new one, as they
//! stand in the config now. So a node that takes reserved documents loses none.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::{Array, AsArray};
use arrow::datatypes::{Int64Type, TimestampMillisecondType, UInt64Type};
use datafusion::common::Result;
use datafusion::prelude::SessionContext;
use futures::StreamExt;
use kilim_connectors::signals::host::origin;
use kilim_connectors::signals::{Evidence, fold};
use serde::Serialize;

use super::columns::evidence_at;
use super::join::Hosts;
use crate::policy::{Decider, Tuple};

const PLACED: &str = "
SELECT p.node, p.lang, p.shard, p.shard_row, d.doc_id, d.url, d.fetched_at, d.optout_evidence, d.tuple
FROM (SELECT * FROM placements) p JOIN documents d
    ON p.input = d.input AND p.warc_offset = d.warc_offset AND p.inner_offset = d.inner_offset
ORDER BY p.node, p.lang, p.shard, p.shard_row";

const URLS: &str = "SELECT DISTINCT url FROM documents WHERE outcome = 'sharded' AND url IS NOT NULL";

/// A document that a newer snapshot takes away from a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Removal {
    /// The node.
    pub node: String,
    /// Language of its shard.
    pub lang: String,
    /// Number of its shard among those of the language.
    pub shard: u64,
    /// Its row there, from 0.
    pub shard_row: i64,
    /// The document.
    pub doc_id: String,
    /// Its address.
    pub url: String,
    /// The signal that decides now.
    pub signal: String,
    /// The agents that it names.
    pub agent: String,
    /// The statement.
    pub raw: String,
    /// The file in which it stands.
    pub source_url: String,
    /// When that was seen, in milliseconds since 1970.
    pub observed_at: Option<i64>,
    /// SHA-256 of the file.
    pub sha256: String,
}

/// The origins of all documents in shards: the part of a snapshot that a run needs.
pub async fn origins(context: &SessionContext) -> Result<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    let mut batches = context.sql(URLS).await?.execute_stream().await?;
    while let Some(batch) = batches.next().await {
        let batch = batch?;
        found.extend(batch.column(0).as_string::<i32>().iter().flatten().filter_map(origin));
    }
    Ok(found)
}

/// The documents that `new` takes away, where `old` did not; in the order of nodes, languages, shards and rows. Reads the
/// tables of the ledger.
pub async fn removals(
    context: &SessionContext,
    decider: &Decider,
    old: &Hosts,
    new: &Hosts,
) -> Result<Vec<Removal>> {
    let nodes: BTreeMap<&str, _> = decider.nodes().iter().map(|node| (node.name.as_str(), node)).collect();
    let mut found = Vec::new();
    let mut batches = context.sql(PLACED).await?.execute_stream().await?;
    while let Some(batch) = batches.next().await {
        let batch = batch?;
        let text = |index: usize| batch.column(index).as_string::<i32>();
        let value = |index: usize, row: usize| {
            if text(index).is_valid(row) { text(index).value(row) } else { "" }
        };
        let shards = batch.column(2).as_primitive::<UInt64Type>();
        let rows = batch.column(3).as_primitive::<Int64Type>();
        let times = batch.column(6).as_primitive::<TimestampMillisecondType>();
        let evidence = batch.column(7).as_list::<i32>();
        for row in 0..batch.num_rows() {
            let Some(node) = nodes.get(value(0, row)) else { continue };
            let Ok(tuple) = serde_json::from_str::<Tuple>(value(8, row)) else { continue };
            let (url, time) = (value(5, row), times.is_valid(row).then(|| times.value(row)));
            let mut base = evidence_at(evidence, row).unwrap_or_default();
            base.retain(|row| !row.of_snapshot);
            let by = |hosts: &Hosts| hosts.evidence(url, time, &base).unwrap_or_else(|| base.clone());
            let allows = |rows: &[Evidence]| {
                let tuple = Tuple { optout_train: fold(rows).0.into(), ..tuple.clone() };
                decider.decide_emit(node, &tuple).allowed
            };
            let after = by(new);
            if allows(&after) || !allows(&by(old)) {
                continue;
            }
            let decisive = fold(&after).1.map(|index| &after[index]);
            let say = |of: &dyn Fn(&Evidence) -> String| decisive.map(of).unwrap_or_default();
            found.push(Removal {
                node: value(0, row).to_owned(),
                lang: value(1, row).to_owned(),
                shard: shards.value(row),
                shard_row: rows.value(row),
                doc_id: value(4, row).to_owned(),
                url: url.to_owned(),
                signal: say(&Evidence::signal_word),
                agent: say(&|row| row.agent.clone()),
                raw: say(&|row| row.raw.clone()),
                source_url: say(&|row| row.source_url.clone()),
                observed_at: decisive.and_then(|row| row.observed_at),
                sha256: say(&|row| row.sha256.clone()),
            });
        }
    }
    Ok(found)
}
