//! The decision log: a line for each distinct tuple and node, by which anyone can decide again.
//!
//! A node's version folder holds the lines of what it was allowed, the work directory those of all nodes. A line stands
//! for itself: what the policies saw, what they said and why, of how many documents, and the digests of what the answer
//! rests on. Lines are sorted by node and id.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Write};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::decide::{DecideError, Decider, Decision, NodeFacts, PolicyRef};
use super::schema::SCHEMA;
use super::set::Policies;
use super::tuple::{Tuple, TupleId};

/// A line of a log.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DecisionRow {
    /// [`Tuple::id`] of `attributes`.
    pub id: TupleId,
    /// The node that was decided for.
    pub node: String,
    /// What the policies saw of the documents.
    pub attributes: Tuple,
    /// Whether they may go to the node.
    pub allowed: bool,
    /// The policies that decided, with their reasons, by id.
    pub determining: Vec<PolicyRef>,
    /// What failed in evaluation; then the answer is no.
    pub errors: Vec<String>,
    /// Documents with these attributes.
    pub count: u64,
    /// What the answer rests on.
    pub grounds: Arc<Grounds>,
}

/// What a decision rests on besides the attributes and the node.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grounds {
    /// Who decided: Kilim and Cedar, with their versions.
    pub engine: String,
    /// [`Policies::digest`].
    pub policies: String,
    /// SHA-256 of the schema of the policies.
    pub schema: String,
    /// Digest of the opt-out snapshot that the attributes rest on, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub optout_snapshot: Option<String>,
}

impl Grounds {
    /// What decisions of this engine by these policies rest on; without a snapshot.
    pub fn of(policies: &Policies) -> Self {
        Self {
            engine: format!("kilim {}, cedar {}", env!("CARGO_PKG_VERSION"), cedar_policy::get_sdk_version()),
            policies: policies.digest(),
            schema: hex::encode(Sha256::digest(SCHEMA)),
            optout_snapshot: None,
        }
    }
}

/// Writes rows as JSON lines, sorted by node and id.
///
/// # Errors
/// If `out` cannot be written.
pub fn write_rows(rows: &[DecisionRow], mut out: impl Write) -> io::Result<()> {
    let mut sorted: Vec<&DecisionRow> = rows.iter().collect();
    sorted.sort_by_key(|row| (&row.node, *row));
    for row in sorted {
        serde_json::to_writer(&mut out, row)?;
        out.write_all(b"\n")?;
    }
    Ok(())
}

/// A line that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// From 1.
    pub number: usize,
    /// What it says.
    pub row: DecisionRow,
}

/// What is wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct LogProblem {
    /// From 1.
    pub line: usize,
    /// What is wrong.
    pub problem: String,
}

impl fmt::Display for LogProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.problem)
    }
}

/// Reads what [`write_rows`] wrote: the lines that can be read, and what is wrong with the form of any. A line in another
/// spelling, out of order, or there twice is a problem.
pub fn read_log(bytes: &[u8]) -> (Vec<Line>, Vec<LogProblem>) {
    let (mut lines, mut problems): (Vec<Line>, _) = (Vec::new(), Vec::new());
    for (number, line) in (1..).zip(bytes.split_inclusive(|&byte| byte == b'\n')) {
        let mut wrong = |problem: String| problems.push(LogProblem { line: number, problem });
        let row: DecisionRow = match serde_json::from_slice(line) {
            Ok(row) => row,
            Err(error) => {
                wrong(format!("is no decision: {error}"));
                continue;
            }
        };
        let mut written = serde_json::to_vec(&row).expect("it was JSON");
        written.push(b'\n');
        if written != line {
            wrong("is not in the form in which it is written: it was edited".to_owned());
        }
        if let Some(before) = lines.last().map(|line| &line.row) {
            match (&before.node, before.id).cmp(&(&row.node, row.id)) {
                std::cmp::Ordering::Less => {}
                std::cmp::Ordering::Equal => wrong(format!("decision {} is there twice", row.id)),
                std::cmp::Ordering::Greater => wrong(format!("decision {} is out of order", row.id)),
            }
        }
        lines.push(Line { number, row });
    }
    (lines, problems)
}

/// Decides every line again. Empty if each says what these policies say for these nodes: the answer, the policies that
/// decided and the errors, bit for bit.
///
/// Whose engine decided is not compared: that another version gives the same answers is what a replay is for.
///
/// # Errors
/// If Cedar refuses the facts about the nodes.
pub fn replay(
    lines: &[Line],
    policies: impl Into<Arc<Policies>>,
    nodes: &[NodeFacts],
) -> Result<Vec<LogProblem>, DecideError> {
    let decider = Decider::new(policies, nodes.to_vec(), &[])?;
    let by_name: BTreeMap<&str, &NodeFacts> = nodes.iter().map(|node| (node.name.as_str(), node)).collect();
    let ours = Grounds::of(decider.policies());
    let mut problems = Vec::new();
    for Line { number, row } in lines {
        let mut wrong = |problem: String| problems.push(LogProblem { line: *number, problem });
        let (id, replayed_id) = (row.id, row.attributes.id());
        if replayed_id != id {
            wrong(format!("decision {id} has attributes whose id is {replayed_id}"));
        }
        if row.grounds.policies != ours.policies {
            let (said, is) = (&row.grounds.policies, &ours.policies);
            wrong(format!("decision {id} rests on policies with digest {said}, those beside it have {is}"));
        }
        if row.grounds.schema != ours.schema {
            let said = &row.grounds.schema;
            wrong(format!(
                "decision {id} rests on a schema with digest {said}, this engine's has {}",
                ours.schema
            ));
        }
        let Some(node) = by_name.get(row.node.as_str()) else {
            wrong(format!("decision {id} is for node {}, which is not known here", row.node));
            continue;
        };
        let recorded = Decision {
            allowed: row.allowed,
            determining: row.determining.clone(),
            errors: row.errors.clone(),
        };
        let replayed = decider.decide_emit(node, &row.attributes);
        if *replayed != recorded {
            wrong(format!(
                "decision {id} is recorded as {}, the policies say {}",
                said(&recorded, &replayed),
                said(&replayed, &recorded)
            ));
        }
    }
    Ok(problems)
}

/// A decision in words, with its reasons and errors where another one has the same answer by the same rules.
fn said(decision: &Decision, other: &Decision) -> String {
    let ids = |decision: &Decision| {
        decision.determining.iter().map(|policy| policy.id.to_string()).collect::<Vec<_>>().join(", ")
    };
    let answer = if decision.allowed { "allowed" } else { "denied" };
    let mut words = format!("{answer} by [{}]", ids(decision));
    if decision.allowed == other.allowed && ids(decision) == ids(other) {
        let because: Vec<&str> = decision.determining.iter().map(|policy| &*policy.because).collect();
        words = format!("{words} because {because:?}, errors {:?}", decision.errors);
    }
    words
}
