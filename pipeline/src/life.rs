//! The whole life of one document: what was read, what the steps found, what was decided, where it is.

use datafusion::common::Result;
use datafusion::prelude::SessionContext;
use serde::Serialize;
use serde_json::Value;

use crate::policy::{Decider, Decision, Tuple};
use crate::run::tables::read_rows;

/// Rows of other copies that are named.
const COPIES: usize = 10;

/// What is known about one row of the ledger.
#[derive(Debug, Clone, Serialize)]
pub struct Life {
    /// The row of `documents`, without nulls.
    pub document: Value,
    /// What the policies see of it; none for records that never reached them.
    pub tuple: Option<Tuple>,
    /// What they say, by node. By the policies as they stand in the config now.
    pub decisions: Vec<NodeDecision>,
    /// Where it is: rows of `placements`.
    pub placements: Vec<Value>,
    /// The seed that covers it, if it is in a list of the config.
    pub seed: Option<Value>,
    /// Other rows of its cluster, with the same text or nearly the same: input, offset, id, url, outcome.
    pub copies: Vec<Value>,
}

/// What the policies say about a document and a node.
#[derive(Debug, Clone, Serialize)]
pub struct NodeDecision {
    /// The node.
    pub node: String,
    /// The answer, and the policies behind it.
    #[serde(flatten)]
    pub decision: Decision,
}

/// The rows of a query as JSON objects, nulls left out.
pub async fn json_rows(context: &SessionContext, sql: &str) -> Result<Vec<Value>> {
    let batches = context.sql(sql).await?.collect().await?;
    read_rows(&batches)
}

/// Whether `id` is the id of a document or the start of one.
pub fn is_id(id: &str) -> bool {
    (1..=32).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The ids that begin with `start`, at most `most` of them, in order. `start` must pass [`is_id`].
pub async fn ids(context: &SessionContext, start: &str, most: usize) -> Result<Vec<String>> {
    let start = start.to_ascii_lowercase();
    let sql = format!(
        "SELECT DISTINCT doc_id FROM rows WHERE starts_with(doc_id, '{start}') ORDER BY doc_id LIMIT {most}"
    );
    let rows = json_rows(context, &sql).await?;
    Ok(rows.iter().filter_map(|row| Some(row.get("doc_id")?.as_str()?.to_owned())).collect())
}

/// The lives of all rows with this id: several where the same record stands in several places. `id` must pass
/// [`is_id`].
pub async fn lives(
    context: &SessionContext,
    id: &str,
    decider: &Decider,
    seeds: &[kilim_connectors::seeds::SeedRecord],
) -> Result<Vec<Life>> {
    let order = "ORDER BY input, warc_offset, inner_offset";
    let documents =
        json_rows(context, &format!("SELECT * EXCEPT (bands) FROM documents WHERE doc_id = '{id}' {order}"))
            .await?;
    let mut found = Vec::with_capacity(documents.len());
    for document in documents {
        let text = |name: &str| document.get(name).and_then(Value::as_str).map(str::to_owned);
        let number = |name: &str| document.get(name).and_then(Value::as_u64).unwrap_or(0);
        let input = text("input").unwrap_or_default().replace('\'', "''");
        let this = format!(
            "input = '{input}' AND warc_offset = {} AND inner_offset = {}",
            number("warc_offset"),
            number("inner_offset")
        );
        let placements = json_rows(
            context,
            &format!("SELECT node, lang, shard, shard_row FROM (SELECT * FROM placements) WHERE {this} ORDER BY node"),
        )
        .await?;
        let copies = match text("cluster_id") {
            Some(cluster) => {
                let sql = format!(
                    "SELECT doc_id, url, input, warc_offset, outcome FROM documents
                     WHERE cluster_id = '{cluster}' AND NOT ({this}) {order} LIMIT {COPIES}"
                );
                json_rows(context, &sql).await?
            }
            None => Vec::new(),
        };
        let reached =
            text("outcome").is_some_and(|it| matches!(it.as_str(), "withheld" | "duplicate" | "sharded"));
        let tuple: Option<Tuple> =
            text("tuple").filter(|_| reached).and_then(|tuple| serde_json::from_str(&tuple).ok());
        let decisions = tuple.as_ref().map(|tuple| decided(decider, tuple)).unwrap_or_default();
        let seed = text("seed_id").and_then(|id| seeds.iter().find(|seed| seed.seed_id == id));
        let seed = seed.and_then(|seed| serde_json::to_value(seed).ok());
        found.push(Life { document, tuple, decisions, placements, seed, copies });
    }
    Ok(found)
}

fn decided(decider: &Decider, tuple: &Tuple) -> Vec<NodeDecision> {
    let answers = decider.decide(tuple).emit.clone();
    let nodes = decider.nodes().iter().map(|node| node.name.clone());
    nodes.zip(answers).map(|(node, decision)| NodeDecision { node, decision: (*decision).clone() }).collect()
}
