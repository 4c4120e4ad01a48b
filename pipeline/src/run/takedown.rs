//! A takedown: what is asked for goes from the newest version of every node, and from the work directory.
//!
//! The list comes first: from then on no run brings a document back, whatever becomes of this process. Then each node whose
//! newest version holds rows that are to go gets a new version, in which only the shards with such rows are written anew. Then
//! the work directory is purged. Each of the three can be begun again, and finds what is left to do.
//!
//! A node's versions are enough; where the work directory is gone, a scratch folder takes its place.

mod replace;
mod search;

use std::path::{Path, PathBuf};

use kilim_connectors::store::{Location, Stores};

use super::error::RunError;
use super::keys::Keys;
use super::prepare::{bad_removals, removals_path};
use super::purge::{self, Purged};
use super::work_dir_of;
use crate::config::Loaded;
use crate::ingest::SplitDone;
use crate::points::point;
use crate::removals::{Removals, Request};
use crate::work_dir::WorkDir;
use replace::replace;
use search::{Newest, Search};

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Takedown {
    /// The requests. What is in the list already is asked for too.
    pub requests: Vec<Request>,
    /// Say what would be done, and do nothing.
    pub dry_run: bool,
    /// Remove the shards of older versions that hold what is to go.
    pub delete_old: bool,
}

/// What was done, or would be.
#[derive(Debug)]
pub struct TakenDown {
    /// The nodes, by name.
    pub nodes: Vec<NodeTakedown>,
    /// Requests that the list did not have, and that name nothing that is there.
    pub unmatched: Vec<Request>,
    /// Requests of this takedown that the list did not have.
    pub added: Vec<Request>,
    /// The list.
    pub list: PathBuf,
    /// Rows of the work directory that are named, or are copies; none if there is no work directory.
    pub work_rows: Option<u64>,
    /// What went from there; nothing in a dry run.
    pub purged: Purged,
}

/// What became of a node.
#[derive(Debug)]
pub struct NodeTakedown {
    /// Its name.
    pub node: String,
    /// Its newest version when the takedown began; none if it has none.
    pub from: Option<Location>,
    /// The version that replaces it; none if it held nothing of what was to go.
    pub to: Option<Location>,
    /// Shards that were written anew, or left out since no row was left.
    pub rewritten: u64,
    /// Shards that are in the new version as they were.
    pub kept: u64,
    /// Rows that are not in the new version.
    pub rows: u64,
    /// Who signed the new version.
    pub signed_by: Option<String>,
    /// Whether the version before was signed.
    pub was_signed: bool,
    /// Versions that still hold what was to go, or held it until their shards were removed.
    pub old: Vec<OldVersion>,
}

/// A version that another has replaced.
#[derive(Debug)]
pub struct OldVersion {
    /// Its folder.
    pub place: Location,
    /// The shards with rows that were to go.
    pub shards: Vec<String>,
    /// These rows.
    pub rows: u64,
    /// Whether the shards were removed.
    pub deleted: bool,
}

/// Takes down what is asked for, and what the list asks for already.
///
/// # Errors
/// A list that cannot be read, a newest version that is not what its manifest says, a store or a disk that refuses. What was
/// done until then stays, and the same takedown goes on from there.
pub async fn takedown(loaded: &Loaded, stores: &Stores, asked: &Takedown) -> Result<TakenDown, RunError> {
    let keys = Keys::read(loaded)?;
    let list = removals_path(&loaded.config, &loaded.base_dir);
    let mut removals = Removals::read(&list).map_err(bad_removals)?.unwrap_or_default();
    let new = asked.requests.iter().filter(|request| removals.add((*request).clone()));
    let added: Vec<Request> = new.cloned().collect();

    let scratch = tempfile::tempdir().map_err(|source| io("make", &std::env::temp_dir(), source))?;
    let ours = work_dir_of(loaded);
    let has_work_dir = ours.root().is_dir();
    let work_dir = if has_work_dir { ours } else { WorkDir::new(scratch.path().join("work")) };
    let _lock = work_dir.open()?;
    let documents = work_dir.documents();
    let commits = SplitDone::all(&documents).map_err(|source| io("read", &documents, source))?;
    let taken = purge::find(&documents, &commits, &removals).map_err(RunError::stage("takedown"))?;
    let work_rows = has_work_dir.then_some(taken.rows);

    let mut search = Search::new(stores, scratch.path(), &removals, taken);
    let mut nodes: Vec<(String, Option<Newest>)> = Vec::new();
    for (name, node) in &loaded.config.nodes {
        let root = Location::parse(&node.shards.url, &loaded.base_dir)?;
        let signer = keys.signer.as_ref().filter(|_| !asked.dry_run);
        nodes.push((name.to_string(), search.newest(name.as_str(), &root, signer, asked.dry_run).await?));
    }
    search.find_copies(nodes.iter_mut().filter_map(|(_, newest)| newest.as_mut())).await?;
    let mut done = TakenDown {
        nodes: Vec::new(),
        unmatched: Vec::new(),
        added: added.clone(),
        list: list.clone(),
        work_rows,
        purged: Purged::default(),
    };
    for (name, newest) in &nodes {
        let mut told = told(name, newest.as_ref());
        if let Some(newest) = newest {
            told.old = search.old_versions(newest).await?;
        }
        done.nodes.push(told);
    }
    // What was in the list before may well have gone before.
    done.unmatched = added.iter().filter(|request| !search.has_found(request)).cloned().collect();
    if asked.dry_run {
        return Ok(done);
    }

    let mut more = added;
    more.extend(search.texts().into_iter().filter(|request| !removals.has(&request.id())));
    if !more.is_empty() {
        Removals::append(&list, &more).map_err(bad_removals)?;
        point("takedown.listed");
    }
    for ((name, newest), told) in nodes.iter().zip(&mut done.nodes) {
        if let Some(newest) = newest.as_ref().filter(|newest| newest.rows() > 0) {
            replace(&search, &work_dir, &keys, name, newest, told).await?;
        }
    }
    if has_work_dir {
        let removals = Removals::read(&list).map_err(bad_removals)?.unwrap_or_default();
        done.purged = purge::bring_in_line(&work_dir, &removals)?;
        point("takedown.purged");
    }
    if asked.delete_old {
        delete_old(stores, &mut done.nodes).await?;
    }
    Ok(done)
}

/// What a takedown will do to a node.
fn told(name: &str, newest: Option<&Newest>) -> NodeTakedown {
    let rewritten = newest.map_or(0, |newest| newest.hits.len() as u64);
    let touched = newest.filter(|_| rewritten > 0);
    NodeTakedown {
        node: name.to_owned(),
        from: newest.map(|newest| newest.place.clone()),
        to: touched.map(|newest| newest.next.clone()),
        rewritten,
        kept: touched.map_or(0, |newest| newest.manifest.shards.len() as u64 - rewritten),
        rows: newest.map_or(0, Newest::rows),
        signed_by: None,
        was_signed: newest.is_some_and(|newest| newest.was_signed),
        old: Vec::new(),
    }
}

/// Removes the shards of older versions that hold what was taken down. Their manifests stay, and say what was there.
async fn delete_old(stores: &Stores, nodes: &mut [NodeTakedown]) -> Result<(), RunError> {
    for old in nodes.iter_mut().flat_map(|node| &mut node.old) {
        for shard in &old.shards {
            stores.delete(&old.place.join(shard)?).await?;
            point("takedown.deleted");
        }
        old.deleted = true;
    }
    Ok(())
}

fn io(action: &'static str, path: &Path, source: std::io::Error) -> RunError {
    RunError::Io { action, path: path.to_owned(), source }
}
