//! What an auditor does: takes the decisions of a log again, and proves single documents.
//!
//! A replay needs a log and the policies beside it, no config and no crawl. It says of every line whether the policies give
//! that answer for that reason, and whether the documents that the lines count are those that are there.

mod prove;
mod replay;

use serde::Serialize;

pub use prove::prove;
pub use replay::{replay_folder, replay_work_dir};

use crate::verify::Finding;

/// A log, taken again.
#[derive(Debug, Clone, Serialize)]
pub struct Replayed {
    /// The folder of the log.
    pub place: String,
    /// Nodes that its lines are about, in order.
    pub nodes: Vec<String>,
    /// Lines taken again.
    pub decisions: u64,
    /// Documents that the lines count, over all nodes.
    pub documents: u64,
    /// What is wrong, with the line; empty if everything agrees.
    pub findings: Vec<Finding>,
    /// What could not be compared.
    pub notes: Vec<Finding>,
}
