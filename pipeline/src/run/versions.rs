//! The versions of a node: folders `v0001`, `v0002`, … below its place, each committed by its manifest.
//!
//! Numbers only grow: the next version is one above the highest that was ever committed and is still there. There may be
//! gaps below, since superseded versions can be removed (`kilim gc`), so nobody counts up from one.

use kilim_connectors::store::{Location, Stores};

use super::error::RunError;
use crate::seal::MANIFEST_FILE;

/// A version folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeVersion {
    /// Its number, from 1.
    pub number: u32,
    /// Its folder.
    pub place: Location,
    /// Whether it has a manifest. One without was never finished, or is being removed.
    pub committed: bool,
}

/// The folder of version `number` below `root`.
pub fn version_place(root: &Location, number: u32) -> Result<Location, RunError> {
    Ok(root.join(&format!("v{number:04}"))?)
}

/// The number in the name of a version folder.
fn number_of(name: &str) -> Option<u32> {
    let digits = name.strip_prefix('v').filter(|digits| digits.len() >= 4)?;
    let number = digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())??;
    // `v00001` is nobody's.
    (number > 0 && format!("{number:04}") == digits).then_some(number)
}

/// All version folders below `root`, by number.
pub async fn node_versions(stores: &Stores, root: &Location) -> Result<Vec<NodeVersion>, RunError> {
    let mut numbers: Vec<u32> =
        stores.folders(root).await?.iter().filter_map(|name| number_of(name)).collect();
    numbers.sort_unstable();
    let mut versions = Vec::with_capacity(numbers.len());
    for number in numbers {
        let place = version_place(root, number)?;
        let committed = stores.exists(&place.join(MANIFEST_FILE)?).await?;
        versions.push(NodeVersion { number, place, committed });
    }
    Ok(versions)
}

/// The newest committed version below `root`.
pub async fn newest_version(stores: &Stores, root: &Location) -> Result<Option<NodeVersion>, RunError> {
    let versions = node_versions(stores, root).await?;
    Ok(versions.into_iter().rev().find(|version| version.committed))
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use bytes::Bytes;

    use super::*;

    #[test]
    fn only_numbers_that_a_run_would_write_are_versions() {
        let names =
            ["v0001", "v0042", "v12345", "v1", "v00001", "v0000", "v-001", "v00٠1", "V0001", "vitabu", "v"];
        let numbers: Vec<u32> = names.iter().filter_map(|name| number_of(name)).collect();
        assert_eq!(numbers, [1, 42, 12345]);
    }

    #[tokio::test]
    async fn versions_are_found_across_gaps_here_and_in_a_bucket() {
        let dir = tempfile::tempdir().unwrap();
        let bucket = Arc::new(object_store::memory::InMemory::new());
        let stores = Stores::new().with_store("s3://in-node", bucket).unwrap();
        for root in [
            Location::parse("corpus", dir.path()).unwrap(),
            Location::parse("s3://in-node/corpus", Path::new("/")).unwrap(),
        ] {
            assert_eq!(newest_version(&stores, &root).await.unwrap(), None);
            let files = [
                "v0002/data/hin_Deva/train-00000-of-00001.parquet",
                "v0003/manifest.json",
                "v0010/manifest.json",
                "v0011/data/tam_Taml/train-00000-of-00001.parquet",
                "maelezo/manifest.json",
            ];
            for name in files {
                stores.put(&root.join(name).unwrap(), Bytes::from_static(b"x")).await.unwrap();
            }
            let versions = node_versions(&stores, &root).await.unwrap();
            let found: Vec<_> = versions.iter().map(|version| (version.number, version.committed)).collect();
            assert_eq!(found, [(2, false), (3, true), (10, true), (11, false)], "{root}");
            let newest = newest_version(&stores, &root).await.unwrap().unwrap();
            assert_eq!((newest.number, newest.place), (10, root.join("v0010").unwrap()));
        }
    }
}
