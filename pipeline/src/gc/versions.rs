//! Superseded versions of nodes, here and in object stores.
//!
//! A version goes with its manifest first, which is its commit: what is left is a folder that no reader takes for a version,
//! and it lies below the newest, so no run writes into it. The next `gc` finds such folders and ends what was begun.

use std::collections::BTreeSet;
use std::path::Path;

use kilim_connectors::store::{InputFile, Location, Stores};

use super::work::io;
use crate::config::{Loaded, VersionsKept};
use crate::ledger::Ledger;
use crate::points::point;
use crate::run::{RunError, node_versions};
use crate::seal::MANIFEST_FILE;
use crate::work_dir::WorkDir;

/// A version that can go.
pub(super) struct Superseded {
    node: String,
    /// Its folder.
    pub(super) place: Location,
    files: Vec<InputFile>,
}

impl Superseded {
    /// Bytes of its files.
    pub(super) fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.size).sum()
    }
}

/// The versions below the newest ones that the config keeps, but for the one that the ledger names: a run that went back to
/// an older config uses an older version again.
pub(super) async fn superseded(
    loaded: &Loaded,
    stores: &Stores,
    ledger: Option<&Ledger>,
) -> Result<Vec<Superseded>, RunError> {
    let VersionsKept::Newest(kept) = loaded.config.retention.versions else { return Ok(Vec::new()) };
    let named: BTreeSet<&str> =
        ledger.iter().flat_map(|ledger| &ledger.nodes).map(|node| node.url.as_str()).collect();
    let mut found = Vec::new();
    for (name, node) in &loaded.config.nodes {
        let root = Location::parse(&node.shards.url, &loaded.base_dir)?;
        let versions = node_versions(stores, &root).await?;
        let committed = || versions.iter().rev().filter(|version| version.committed);
        let (Some(newest), Some(last_kept)) = (committed().next(), committed().take(kept as usize).last())
        else {
            continue;
        };
        for version in versions.iter().filter(|version| version.number < newest.number) {
            let is_named = named.contains(version.place.url().as_str());
            // Without a manifest and below the newest: its removal was begun.
            if !version.committed || version.number < last_kept.number && !is_named {
                let files = stores.list(&version.place).await?;
                found.push(Superseded { node: name.to_string(), place: version.place.clone(), files });
            }
        }
    }
    Ok(found)
}

/// Removes a version and what the work directory remembers of it.
pub(super) async fn remove(
    stores: &Stores,
    work_dir: &WorkDir,
    version: &Superseded,
) -> Result<(), RunError> {
    stores.delete(&version.place.join(MANIFEST_FILE)?).await?;
    if let Some(folder) = version.place.local_path() {
        sync(folder)?;
    }
    point("gc.version");
    for file in &version.files {
        stores.delete(&file.location).await?;
    }
    if let Some(folder) = version.place.local_path() {
        std::fs::remove_dir_all(folder).map_err(|source| io("remove", folder, source))?;
    }
    let remembered = work_dir.remembered(&version.node, version.place.name());
    match std::fs::remove_file(&remembered) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            Err(io("remove", &remembered, source))
        }
        _ => Ok(()),
    }
}

/// That the manifest is gone lasts, before anything else goes.
fn sync(folder: &Path) -> Result<(), RunError> {
    if !cfg!(unix) {
        return Ok(());
    }
    let synced = std::fs::File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(|source| io("sync", folder, source))
}
