//! The whole life of one document: what was read, what the steps found, what was decided, where it is.

use std::collections::BTreeSet;

use datafusion::common::Result;
use datafusion::prelude::SessionContext;
use serde::Serialize;
use serde_json::Value;

use crate::policy::{Applied, Decision, Tuple, applying};
use crate::removals::STEP;
use crate::route::Asked;
use crate::run::Prepared;
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
    /// Why policies were never asked which nodes may have it; none if they were.
    pub undecided: Option<&'static str>,
    /// May its text be worked on where the run stands? Asked of every page; told where it was the end.
    pub process: Option<Decision>,
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
    /// All rules that apply, also the permits behind a forbid.
    pub applied: Vec<Applied>,
    /// What came of it at the node.
    pub fate: Fate,
}

/// What came of a document at a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// It is in a shard of the node: a row of `placements`.
    Kept,
    /// The policies deny it.
    Denied,
    /// They allow it; the node does not ask for its language.
    LanguageNotAsked,
    /// They allow it; the node drops documents with such personal data.
    PersonalData,
    /// They allow it, and the node keeps this copy of the text instead.
    OtherCopy(String),
    /// They allow it now, and the last run did not place it: policies or nodes have changed since.
    NotYet,
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
pub async fn lives(context: &SessionContext, id: &str, prepared: &Prepared) -> Result<Vec<Life>> {
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
        let undecided = undecided(&document);
        let seen = undecided.is_none() || undecided == Some(NOT_HERE);
        let tuple: Option<Tuple> =
            text("tuple").filter(|_| seen).and_then(|tuple| serde_json::from_str(&tuple).ok());
        let process = tuple.as_ref().filter(|_| undecided == Some(NOT_HERE)).map(|tuple| {
            // Clusters are not known at that border.
            let tuple = Tuple { cluster_jurisdictions: BTreeSet::new(), ..tuple.clone() };
            (*prepared.decider.decide_process(prepared.config.runs_at.as_str(), &tuple)).clone()
        });
        let mut decisions = Vec::new();
        for (number, node) in prepared.nodes.iter().enumerate() {
            let Some(tuple) = tuple.as_ref().filter(|_| undecided.is_none()) else { break };
            let decision = (*prepared.decider.decide_emit(node, tuple)).clone();
            let is_here =
                placements.iter().any(|row| row.get("node").and_then(Value::as_str) == Some(&node.name));
            let asked = prepared.config.nodes.values().nth(number).map(Asked::of);
            let fate = match asked {
                _ if is_here => Fate::Kept,
                _ if !decision.allowed => Fate::Denied,
                Some(asked) if !asked.asks(&text("lang").unwrap_or_default()) => Fate::LanguageNotAsked,
                Some(asked) if !asked.keeps(&text("pii_kinds").unwrap_or_default()) => Fate::PersonalData,
                _ => other_copy(context, &node.name, text("cluster_id"), id).await?,
            };
            let applied = applying(&prepared.policies, node, tuple);
            decisions.push(NodeDecision { node: node.name.clone(), decision, applied, fate });
        }
        let seed = text("seed_id").and_then(|id| prepared.seeds.iter().find(|seed| seed.seed_id == id));
        let seed = seed.and_then(|seed| serde_json::to_value(seed).ok());
        found.push(Life { document, tuple, undecided, process, decisions, placements, seed, copies });
    }
    Ok(found)
}

const NOT_HERE: &str = "it may not be worked on where the run stands, and lost its text at that border";

const REMOVED: &str = "it was asked to be taken down, and lost its text: see the reasons of `removals`";

/// Whether it was taken down.
fn is_removed(document: &Value) -> bool {
    let reasons = document.get("reasons").and_then(Value::as_array);
    reasons.into_iter().flatten().any(|reason| reason.get("step").and_then(Value::as_str) == Some(STEP))
}

/// Why policies were never asked where a document may go.
fn undecided(document: &Value) -> Option<&'static str> {
    let text = |name: &str| document.get(name).and_then(Value::as_str);
    match text("outcome")? {
        _ if is_removed(document) => Some(REMOVED),
        "broken" => Some("its bytes could not be read"),
        "skipped" => Some("it is no page with a text"),
        "rejected" => Some("steps had rejected it before"),
        "withheld" if text("route_reason").is_none() => Some(NOT_HERE),
        "duplicate" if text("route_reason") == Some("same_record") => {
            Some("it is the same record as another row, which was decided in its place")
        }
        _ => None,
    }
}

/// The copy that a node keeps in place of this one.
async fn other_copy(context: &SessionContext, node: &str, cluster: Option<String>, id: &str) -> Result<Fate> {
    let of_cluster = match cluster {
        Some(cluster) => format!("d.cluster_id = '{cluster}'"),
        None => format!("d.doc_id = '{id}'"),
    };
    let sql = format!(
        "SELECT d.doc_id FROM documents d JOIN placements p
            ON d.input = p.input AND d.warc_offset = p.warc_offset AND d.inner_offset = p.inner_offset
         WHERE p.node = '{node}' AND {of_cluster} LIMIT 1"
    );
    let kept = json_rows(context, &sql).await?;
    let kept = kept.first().and_then(|row| row.get("doc_id")?.as_str());
    Ok(kept.map_or(Fate::NotYet, |kept| Fate::OtherCopy(kept.to_owned())))
}
