//! What other policies would change about a finished run.
//!
//! Stages 1 and 2 do not depend on what may be emitted, so nothing is read again: the table `facts` of the run has the
//! tuple of every row, and stage 3 is worked out twice, by the old policies and by the new. What a node gains and loses
//! is the difference of the two placements, copies and all. Nothing is written but scratch.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use datafusion::common::Result as PlanResult;
use datafusion::prelude::SessionContext;
use serde::{Deserialize, Deserializer, Serialize};

use crate::policy::check::{Opening, openings};
use crate::policy::{Action, Decider, DecisionTable, MAX_TUPLES, Policies, Tuple};
use crate::route::{self, Asked, Routing};
use crate::run::tables::{materialise, read_rows, register, table_path};
use crate::run::{Prepared, RunError};

/// A placement that only one set of policies makes. `$order` sorts and limits.
const CHANGED: &str = "
SELECT 'lost' AS change, o.node, f.doc_id, f.lang, f.jurisdictions, f.source, f.tuple
FROM placed_old o JOIN facts f ON o.row_key = f.row_key
LEFT JOIN placed_new n ON o.row_key = n.row_key AND o.node = n.node
WHERE n.row_key IS NULL
UNION ALL
SELECT 'gained' AS change, n.node, f.doc_id, f.lang, f.jurisdictions, f.source, f.tuple
FROM placed_new n JOIN facts f ON n.row_key = f.row_key
LEFT JOIN placed_old o ON o.row_key = n.row_key AND o.node = n.node
WHERE o.row_key IS NULL";

const SUMS: &str = "
SELECT node, change, lang, jurisdictions, tuple, count(*) AS documents FROM changed
GROUP BY node, change, lang, jurisdictions, tuple ORDER BY node, change, lang, jurisdictions, tuple";

/// What changes.
#[derive(Debug, Clone, Serialize)]
pub struct Changes {
    /// Digests of the old and the new policies.
    pub digests: [String; 2],
    /// Documents that were decided about, and those that some node gains or loses.
    pub documents: [u64; 2],
    /// By node: documents that it has with the old and the new policies, gained and lost.
    pub nodes: BTreeMap<String, NodeChange>,
    /// By node, language and jurisdictions.
    pub rows: Vec<ChangeRow>,
    /// Rules behind the changes.
    pub reasons: Vec<ChangeReason>,
    /// By node the plainest document that only the new policies let through, whether the run has one or not. None where
    /// there are too many kinds of documents to look at.
    pub openings: Option<Vec<Opening>>,
    /// The policies on `process` differ: what may be worked on here changes with the next run, and no comparison of this
    /// run can say how.
    pub process_differs: bool,
}

/// What a node gains and loses.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct NodeChange {
    /// Documents with the old policies.
    pub before: u64,
    /// Documents with the new ones.
    pub after: u64,
    /// Documents that only the new ones bring.
    pub gained: u64,
    /// Documents that only the old ones bring.
    pub lost: u64,
}

/// Documents that change alike.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct ChangeRow {
    /// The node.
    pub node: String,
    /// Language label.
    pub lang: String,
    /// Countries that bind them.
    pub jurisdictions: BTreeSet<String>,
    /// Gained.
    pub gained: u64,
    /// Lost.
    pub lost: u64,
}

/// Why documents change.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct ChangeReason {
    /// The node.
    pub node: String,
    /// `gained` or `lost`.
    pub change: String,
    /// In words: the rules that decide now, and those that did.
    pub text: String,
    /// How many.
    pub documents: u64,
}

/// A document that a node gains or loses.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ChangedDocument {
    /// The node.
    pub node: String,
    /// `gained` or `lost`.
    pub change: String,
    /// The document.
    pub doc_id: String,
    /// Language label.
    #[serde(default)]
    pub lang: String,
    /// Countries that bind it, joined by commas.
    #[serde(default)]
    pub jurisdictions: String,
    /// Its source.
    pub source: String,
}

#[derive(Deserialize)]
struct Sum {
    node: String,
    change: String,
    #[serde(default)]
    lang: String,
    #[serde(default)]
    jurisdictions: String,
    #[serde(deserialize_with = "canonical")]
    tuple: Tuple,
    documents: u64,
}

#[derive(Deserialize)]
struct Count {
    node: String,
    documents: u64,
}

/// Compares `old` with `new` on the run whose stage 3 is in `route_folder`. Leaves the table `changed` in `context`, for
/// [`documents`]; `scratch` must outlive it.
///
/// # Errors
/// If the tables of the run cannot be read, or there are too many distinct tuples.
pub async fn compare(
    context: &SessionContext,
    prepared: &Prepared,
    route_folder: &Path,
    policies: [&Arc<Policies>; 2],
    scratch: &Path,
) -> Result<Changes, RunError> {
    let failed = RunError::stage("compare");
    register(context, "facts", &table_path(route_folder, "facts")).await.map_err(&failed)?;
    let tuples = route::tuples(context).await.map_err(&failed)?;
    let decided: u64 = tuples.iter().map(|(_, count)| count).sum();
    let mut tables = Vec::new();
    for (name, policies) in ["placed_old", "placed_new"].into_iter().zip(policies) {
        let routing = Arc::new(routing(prepared, policies, &tuples)?);
        place(context, prepared, &routing, name, scratch).await.map_err(&failed)?;
        tables.push(routing);
    }
    let changed = context.sql(CHANGED).await.map_err(&failed)?;
    materialise(context, scratch, "changed", changed).await.map_err(&failed)?;

    let sums: Vec<Sum> = rows(context, SUMS).await.map_err(&failed)?;
    let mut nodes: BTreeMap<String, NodeChange> =
        prepared.nodes.iter().map(|node| (node.name.clone(), NodeChange::default())).collect();
    for (table, is_new) in [("placed_old", false), ("placed_new", true)] {
        let sql = format!("SELECT node, count(*) AS documents FROM {table} GROUP BY node");
        for count in rows::<Count>(context, &sql).await.map_err(&failed)? {
            let node = nodes.entry(count.node).or_default();
            *if is_new { &mut node.after } else { &mut node.before } = count.documents;
        }
    }
    let mut by_kind: BTreeMap<(String, String, BTreeSet<String>), [u64; 2]> = BTreeMap::new();
    let mut reasons: BTreeMap<(String, String, String), u64> = BTreeMap::new();
    for sum in sums {
        let gained = sum.change == "gained";
        let node = nodes.entry(sum.node.clone()).or_default();
        *if gained { &mut node.gained } else { &mut node.lost } += sum.documents;
        let jurisdictions = crate::functions::split_labels(&sum.jurisdictions);
        let kind = by_kind.entry((sum.node.clone(), sum.lang, jurisdictions)).or_default();
        kind[usize::from(!gained)] += sum.documents;
        let text = reason(&tables, &sum.node, &sum.tuple);
        *reasons.entry((sum.node, sum.change, text)).or_default() += sum.documents;
    }
    let sql = "SELECT '' AS node, count(DISTINCT doc_id) AS documents FROM changed";
    let changed = rows::<Count>(context, sql).await.map_err(&failed)?;
    let changed = changed.first().map_or(0, |count| count.documents);
    let refused = |problem| RunError::Refused { problem, hint: None };
    Ok(Changes {
        digests: policies.map(|policies| policies.digest()),
        documents: [decided, changed],
        nodes,
        rows: by_kind
            .into_iter()
            .map(|((node, lang, jurisdictions), [gained, lost])| ChangeRow {
                node,
                lang,
                jurisdictions,
                gained,
                lost,
            })
            .collect(),
        reasons: reasons
            .into_iter()
            .map(|((node, change, text), documents)| ChangeReason { node, change, text, documents })
            .collect(),
        openings: openings(policies[0], policies[1], &prepared.nodes).map_err(refused)?,
        process_differs: policies[0].digest_for(Action::Process) != policies[1].digest_for(Action::Process),
    })
}

/// The documents that change, by node, change and id. After [`compare`].
pub async fn documents(context: &SessionContext) -> Result<Vec<ChangedDocument>, RunError> {
    let sql = "SELECT node, change, doc_id, lang, jurisdictions, source FROM changed
        ORDER BY node, change, doc_id";
    rows(context, sql).await.map_err(RunError::stage("compare"))
}

async fn rows<T: serde::de::DeserializeOwned>(context: &SessionContext, sql: &str) -> PlanResult<Vec<T>> {
    read_rows(&context.sql(sql).await?.collect().await?)
}

/// A tuple from the text that a column has of it.
fn canonical<'de, D: Deserializer<'de>>(column: D) -> Result<Tuple, D::Error> {
    serde_json::from_str(&String::deserialize(column)?).map_err(serde::de::Error::custom)
}

fn routing(
    prepared: &Prepared,
    policies: &Arc<Policies>,
    tuples: &[(Tuple, u64)],
) -> Result<Routing, RunError> {
    let refused = |problem: String| RunError::Refused { problem, hint: None };
    let decider = Decider::new(Arc::clone(policies), prepared.nodes.clone(), &[])
        .map_err(|error| refused(error.to_string()))?;
    let decisions = DecisionTable::build(&decider, tuples.iter().cloned(), MAX_TUPLES)
        .map_err(|error| refused(error.to_string()))?;
    let asked = prepared.config.nodes.values().map(Asked::of).collect();
    Ok(Routing { decisions, asked })
}

async fn place(
    context: &SessionContext,
    prepared: &Prepared,
    routing: &Arc<Routing>,
    name: &str,
    scratch: &Path,
) -> PlanResult<()> {
    route::register_placed(context, routing, prepared.dedup, prepared.config.random_seed).await?;
    let placed = context.sql("SELECT row_key, node FROM placed").await?;
    materialise(context, scratch, name, placed).await
}

/// What the policies said and say about a tuple and a node.
fn reason(tables: &[Arc<Routing>], node: &str, tuple: &Tuple) -> String {
    let say = |routing: &Routing| {
        let decisions = &routing.decisions;
        let place = decisions.nodes().iter().position(|known| known.name == node);
        let row = decisions.index_of(tuple).and_then(|index| decisions.rows().get(index as usize));
        let decision = place.zip(row).and_then(|(place, row)| row.decisions.get(place));
        decision.map(|decision| {
            let rules: Vec<&str> = decision.determining.iter().map(|rule| &*rule.id).collect();
            match (decision.allowed, rules.is_empty()) {
                (true, _) => format!("permitted by {}", rules.join(", ")),
                (false, false) => format!("forbidden by {}", rules.join(", ")),
                (false, true) => "permitted by no rule".to_owned(),
            }
        })
    };
    let [before, after] = [tables.first(), tables.last()].map(|table| table.and_then(|table| say(table)));
    match (before, after) {
        (Some(before), Some(after)) if before != after => format!("was {before}, is {after}"),
        (_, Some(after)) => format!("{after}, as before: another copy of its text changes"),
        _ => "not decided".to_owned(),
    }
}
