//! The decision log of a run, over all its nodes: what each was allowed and what it was denied.
//!
//! ```text
//! work/decisions/
//!   decisions.jsonl    a line for each distinct tuple and node
//!   policies/          the policies that decided
//!   log.json           nodes, books and digests: what the lines must sum to
//! ```
//!
//! It stays where the run stood. A node's own folder has the lines of what it was allowed, and no others.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use kilim_connectors::store::AtomicFile;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::error::RunError;
use super::prepare::Prepared;
use super::route::Routed;
use crate::policy::{DecisionRow, NodeFacts, write_rows};
use crate::seal::FileDigest;
use crate::work_dir::WorkDir;

/// Version of the file.
pub const LOG_VERSION: u32 = 1;

/// The head of a log.
pub const HEAD_FILE: &str = "log.json";

/// The lines of a log.
pub const LINES_FILE: &str = "decisions.jsonl";

/// The folder of the policies.
const POLICIES_FOLDER: &str = "policies";

/// What the lines of a log must agree with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogHead {
    /// Version of this file.
    pub log_version: u32,
    /// Name of the corpus.
    pub corpus: String,
    /// The nodes as the policies saw them.
    pub nodes: Vec<NodeFacts>,
    /// Records and damaged ranges of the run.
    pub records: u64,
    /// By node, what became of them from its point of view. The first four of [`DECIDED`] were decided by policies.
    pub books: BTreeMap<String, BTreeMap<String, u64>>,
    /// The policies, below the folder of the log.
    pub policies: Vec<FileDigest>,
    /// The lines.
    pub decisions: FileDigest,
    /// Folder of stage 3 below the work directory: its facts say how many documents each tuple has.
    pub route_folder: PathBuf,
}

/// Verdicts in a node's books that follow a decision, and whether that was a yes.
pub const DECIDED: [(&str, bool); 4] =
    [("may", true), ("personal_data", true), ("language_not_asked", true), ("not_allowed", false)];

impl LogHead {
    /// What is wrong with the sums of the lines: by node, documents that were allowed, that were denied, and both with those
    /// that never came before a policy. Empty if no document is unaccounted for.
    pub fn balance<'a>(&self, rows: impl Iterator<Item = &'a DecisionRow>) -> Vec<String> {
        let mut sums: BTreeMap<&str, [u64; 2]> = BTreeMap::new();
        for row in rows {
            let sum = &mut sums.entry(row.node.as_str()).or_default()[usize::from(row.allowed)];
            *sum = sum.saturating_add(row.count);
        }
        let mut problems = Vec::new();
        for node in &self.nodes {
            let name = node.name.as_str();
            let Some(books) = self.books.get(name) else {
                problems.push(format!("node {name} has no books"));
                continue;
            };
            let [denied, allowed] = sums.remove(name).unwrap_or_default();
            for (answer, sum) in [(true, allowed), (false, denied)] {
                let verdicts = DECIDED.iter().filter(|(_, yes)| *yes == answer);
                let booked: u64 = verdicts.filter_map(|(verdict, _)| books.get(*verdict)).sum();
                if sum != booked {
                    let word = if answer { "allowed" } else { "denied" };
                    problems.push(format!(
                        "node {name}: its lines are of {sum} documents {word}, its books of {booked}"
                    ));
                }
            }
            let total: u64 = books.values().sum();
            if total != self.records {
                problems.push(format!(
                    "node {name}: its books sum to {total}, the run read {} records",
                    self.records
                ));
            }
        }
        for node in sums.into_keys() {
            problems.push(format!("node {node} has lines and is none of the run's"));
        }
        problems
    }
}

/// Writes the log, if it is not there already. A log whose sums do not balance fails the run.
pub(super) fn write(
    prepared: &Prepared,
    work_dir: &WorkDir,
    routed: &Routed,
    records: u64,
) -> Result<(), RunError> {
    let folder = work_dir.decisions();
    let table = &routed.routing.decisions;
    let rows: Vec<DecisionRow> =
        prepared.nodes.iter().filter_map(|node| table.rows_for(&node.name)).flatten().collect();
    let mut lines = Vec::new();
    write_rows(&rows, &mut lines).map_err(|error| RunError::Books(error.to_string()))?;

    let files = prepared.policy_files.iter();
    let policies: Vec<(String, &[u8])> =
        files.map(|(name, text)| (format!("{POLICIES_FOLDER}/{name}"), text.as_bytes())).collect();
    let head = LogHead {
        log_version: LOG_VERSION,
        corpus: prepared.config.corpus.to_string(),
        nodes: prepared.nodes.clone(),
        records,
        books: routed.books.clone(),
        policies: policies.iter().map(|(path, bytes)| digest(path, bytes)).collect(),
        decisions: digest(LINES_FILE, &lines),
        route_folder: below(work_dir, &routed.route_folder),
    };
    if let Some(problem) = head.balance(rows.iter()).into_iter().next() {
        return Err(RunError::Books(problem));
    }
    remove_others(&folder.join(POLICIES_FOLDER), &policies)?;
    for (path, bytes) in policies {
        put(&folder.join(path), bytes)?;
    }
    put(&folder.join(LINES_FILE), &lines)?;
    let mut bytes = serde_json::to_vec_pretty(&head).map_err(|error| RunError::Books(error.to_string()))?;
    bytes.push(b'\n');
    put(&folder.join(HEAD_FILE), &bytes)
}

fn digest(path: &str, bytes: &[u8]) -> FileDigest {
    FileDigest { path: path.to_owned(), sha256: hex::encode(Sha256::digest(bytes)) }
}

fn below(work_dir: &WorkDir, folder: &Path) -> PathBuf {
    folder.strip_prefix(work_dir.root()).unwrap_or(folder).to_owned()
}

/// Policies of an earlier run.
fn remove_others(folder: &Path, ours: &[(String, &[u8])]) -> Result<(), RunError> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Ok(()) };
    for path in entries.flatten().map(|entry| entry.path()) {
        if !ours.iter().any(|(name, _)| path.ends_with(name)) {
            std::fs::remove_file(&path).map_err(|source| RunError::Io { action: "remove", path, source })?;
        }
    }
    Ok(())
}

/// Writes a file, whole or not at all, unless it is there with these bytes.
fn put(path: &Path, bytes: &[u8]) -> Result<(), RunError> {
    if std::fs::read(path).is_ok_and(|there| there == bytes) {
        return Ok(());
    }
    let write = || {
        let mut file = AtomicFile::create(path)?;
        file.write_all(bytes)?;
        file.commit()
    };
    write().map_err(|source| RunError::Io { action: "write", path: path.to_owned(), source })
}
