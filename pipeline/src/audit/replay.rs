//! Decisions taken again.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use arrow::array::AsArray;
use kilim_connectors::shards::read_shard;
use kilim_connectors::store::{Location, Stores};
use sha2::{Digest, Sha256};

use super::Replayed;
use crate::engine::{Embedded, Limits};
use crate::policy::{Line, LogProblem, Policies, TupleId, read_log, replay};
use crate::route;
use crate::run::RunError;
use crate::run::decision_log::{HEAD_FILE, LOG_VERSION, LogHead};
use crate::run::tables::{register, table_path};
use crate::seal::{FileDigest, shard_schema};
use crate::verify::decisions::take_decisions_again;
use crate::verify::{Finding, Verified, open_folder, open_shard};
use crate::work_dir::WorkDir;

/// Memory for counting documents by tuple.
const MEMORY: usize = 256 << 20;

/// Takes the decisions of a node's version folder again and counts the rows of its shards that rest on each.
///
/// # Errors
/// If the folder cannot be reached; whatever is wrong with what is in it is a finding.
pub async fn replay_folder(stores: &Stores, place: &Location, scratch: &Path) -> Result<Replayed, RunError> {
    let (manifest, mut found) = open_folder(stores, place).await?;
    let mut documents = 0;
    if let Some(manifest) = &manifest {
        let decisions = take_decisions_again(stores, place, manifest, &mut found).await?;
        let mut counted = BTreeMap::new();
        for shard in &manifest.shards {
            if let Some((file, format)) = open_shard(stores, place, shard, scratch, &mut found).await? {
                count(file.path(), format, &shard.path, &mut counted, &mut found);
            }
        }
        documents = counted.values().sum();
        found.compare_counts(manifest, &decisions, &counted);
        for (id, rows) in counted.iter().filter(|(id, _)| !decisions.contains_key(*id)) {
            let problem = format!("has no decision {id}, on which {rows} rows rest");
            found.find(&manifest.decisions.path, problem);
        }
    }
    found.findings.sort();
    found.findings.dedup();
    Ok(Replayed {
        place: found.place,
        nodes: found.node.into_iter().collect(),
        decisions: found.decisions,
        documents,
        findings: found.findings,
        notes: found.notes,
    })
}

/// Rows of a shard by the decision they name.
fn count(
    path: &Path,
    format: kilim_connectors::shards::ShardFormat,
    name: &str,
    counted: &mut BTreeMap<String, u64>,
    found: &mut Verified,
) {
    let batches = match read_shard(path, format, Some(shard_schema())) {
        Ok(batches) => batches,
        Err(error) => return found.find(name, format!("cannot be read: {error}")),
    };
    for batch in batches {
        let batch = match batch {
            Ok(batch) => batch,
            Err(error) => return found.find(name, format!("cannot be read: {error}")),
        };
        let ids = batch.column_by_name("decision").and_then(|column| column.as_string_opt::<i32>());
        for id in ids.into_iter().flatten().flatten() {
            *counted.entry(id.to_owned()).or_default() += 1;
        }
    }
}

/// Takes the decisions of the last run in a work directory again, those of all its nodes.
///
/// # Errors
/// If there is no log; whatever is wrong with it is a finding.
pub async fn replay_work_dir(work_dir: &WorkDir) -> Result<Replayed, RunError> {
    let folder = work_dir.decisions();
    let Ok(bytes) = std::fs::read(folder.join(HEAD_FILE)) else {
        return Err(RunError::refused(
            format!("{} holds no decision log", folder.display()),
            "`kilim run` with this config writes one",
        ));
    };
    let mut replayed = Replayed {
        place: folder.display().to_string(),
        nodes: Vec::new(),
        decisions: 0,
        documents: 0,
        findings: Vec::new(),
        notes: Vec::new(),
    };
    let head: LogHead = match serde_json::from_slice(&bytes) {
        Ok(head) => head,
        Err(error) => {
            replayed.find(HEAD_FILE, format!("is no head of a decision log: {error}"));
            return Ok(replayed);
        }
    };
    if head.log_version != LOG_VERSION {
        let problem =
            format!("log version {} is not known; this is Kilim for version {LOG_VERSION}", head.log_version);
        replayed.find(HEAD_FILE, problem);
        return Ok(replayed);
    }
    replayed.nodes = head.nodes.iter().map(|node| node.name.clone()).collect();
    let mut policies = Vec::new();
    for file in &head.policies {
        let Some(bytes) = read(&folder, file, &mut replayed) else { continue };
        let name = file.path.rsplit('/').next().unwrap_or(&file.path).to_owned();
        policies.push((name, String::from_utf8_lossy(&bytes).into_owned()));
    }
    let Some(bytes) = read(&folder, &head.decisions, &mut replayed) else { return Ok(replayed) };
    let file = head.decisions.path.as_str();
    let (lines, mut problems) = read_log(&bytes);
    replayed.decisions = lines.len() as u64;
    replayed.documents = lines.iter().fold(0, |sum, line| sum.saturating_add(line.row.count));
    match Policies::load(&policies) {
        Err(errors) => replayed.find("policies", format!("are refused: {errors}")),
        Ok(policies) => match replay(&lines, policies, &head.nodes) {
            Err(error) => replayed.find(file, error.to_string()),
            Ok(differ) => problems.extend(differ),
        },
    }
    match tuples(&work_dir.root().join(&head.route_folder)).await {
        Some(tuples) => problems.extend(miscounted(&lines, &tuples, &head)),
        None => replayed.notes.push(Finding {
            file: file.to_owned(),
            problem: "is compared with the books only: the tables of stage 3 are gone".to_owned(),
        }),
    }
    for problem in problems {
        // Line 0 is none: a line that should be there.
        let text = if problem.line == 0 { problem.problem } else { problem.to_string() };
        replayed.find(file, text);
    }
    for problem in head.balance(lines.iter().map(|line| &line.row)) {
        replayed.find(file, problem);
    }
    replayed.findings.sort();
    replayed.findings.dedup();
    Ok(replayed)
}

impl Replayed {
    fn find(&mut self, file: &str, problem: impl Into<String>) {
        self.findings.push(Finding { file: file.to_owned(), problem: problem.into() });
    }
}

/// A file of the log, compared with its digest.
fn read(folder: &Path, file: &FileDigest, replayed: &mut Replayed) -> Option<Vec<u8>> {
    let bytes = match std::fs::read(folder.join(&file.path)) {
        Ok(bytes) => bytes,
        Err(error) => {
            replayed.find(&file.path, format!("cannot be read: {error}"));
            return None;
        }
    };
    let sha256 = hex::encode(Sha256::digest(&bytes));
    if sha256 != file.sha256 {
        replayed.find(&file.path, format!("sha256 is {sha256}, {HEAD_FILE} says {}", file.sha256));
    }
    Some(bytes)
}

/// Documents by tuple, as stage 3 found them; `None` if its tables are gone.
async fn tuples(route_folder: &Path) -> Option<BTreeMap<TupleId, u64>> {
    let facts = table_path(route_folder, "facts");
    if !facts.exists() {
        return None;
    }
    let limits = Limits { threads: 1, memory: MEMORY, spill_dir: std::env::temp_dir() };
    let engine = Embedded::new(&limits).ok()?;
    register(engine.context(), "facts", &facts).await.ok()?;
    let tuples = route::tuples(engine.context()).await.ok()?;
    Some(tuples.into_iter().map(|(tuple, count)| (tuple.id(), count)).collect())
}

/// Lines whose count is not that of stage 3, and decisions that have no line.
fn miscounted(lines: &[Line], tuples: &BTreeMap<TupleId, u64>, head: &LogHead) -> Vec<LogProblem> {
    let mut problems = Vec::new();
    let mut missing: BTreeSet<(&str, TupleId)> =
        head.nodes.iter().flat_map(|node| tuples.keys().map(|id| (node.name.as_str(), *id))).collect();
    for Line { number, row } in lines {
        missing.remove(&(row.node.as_str(), row.id));
        let documents = tuples.get(&row.id).copied().unwrap_or(0);
        if documents != row.count {
            let problem =
                format!("decision {} is of {} documents, stage 3 has {documents}", row.id, row.count);
            problems.push(LogProblem { line: *number, problem });
        }
    }
    for (node, id) in missing {
        problems.push(LogProblem { line: 0, problem: format!("has no decision {id} for node {node}") });
    }
    problems
}
