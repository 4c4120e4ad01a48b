//! What a version says was taken out of it.

use std::path::Path;

use kilim_connectors::store::{Location, Stores};

use super::{Verified, listed};
use crate::run::{RunError, node_versions};
use crate::seal::{MANIFEST_FILE, Manifest, Removed, read_removed, removed_problems};

/// The documents that must not be in the shards, because the version says that they were taken down.
pub(super) async fn removed(
    stores: &Stores,
    place: &Location,
    manifest: &Manifest,
    found: &mut Verified,
) -> Result<Removed, RunError> {
    let Some(file) = &manifest.removed else { return Ok(Removed::default()) };
    let Some(bytes) = listed(stores, place, &file.path, &file.sha256, found).await? else {
        return Ok(Removed::default());
    };
    match read_removed(&bytes) {
        Ok(lines) => {
            for problem in removed_problems(manifest, &lines) {
                found.find(&file.path, problem);
            }
            Ok(Removed::of(&lines))
        }
        Err(problem) => {
            found.find(&file.path, problem);
            Ok(Removed::default())
        }
    }
}

/// The name of a later version beside `place` that a takedown made, if there is one: shards of earlier versions may have been
/// removed with it.
pub(super) async fn later_takedown(stores: &Stores, place: &Location) -> Option<String> {
    let segments: Vec<&str> = place.url().path_segments()?.filter(|part| !part.is_empty()).collect();
    let own: u32 = segments.last()?.strip_prefix('v')?.parse().ok()?;
    let mut root = place.url().clone();
    root.path_segments_mut().ok()?.pop_if_empty().pop();
    let root = Location::parse(root.as_str(), Path::new("/")).ok()?;
    for version in node_versions(stores, &root).await.ok()? {
        if version.number <= own || !version.committed {
            continue;
        }
        let bytes = stores.get(&version.place.join(MANIFEST_FILE).ok()?).await.ok()?;
        if Manifest::from_bytes(&bytes).is_ok_and(|manifest| manifest.removed.is_some()) {
            return Some(format!("v{:04}", version.number));
        }
    }
    None
}
