//! The commit of a node's version: its files where they belong, the manifest last, its signature and the card after it.
//!
//! Local files are in place already. For an object store they were written below the work directory and are put there
//! now, in the order of their names; each object appears whole or not at all, and carries its digest. A run that died on
//! the way leaves objects without a manifest, which are no version: the next run keeps those that are what it would put,
//! by size and digest, replaces those of the same name that are not, and removes others. Only the manifest is put if
//! absent. Two runs that write one version at once: whoever puts the manifest second fails, and before that each looks
//! whether its objects are still its own. Between this look and the manifest another run can still slip in a file; then
//! `kilim verify` finds it.
//!
//! A version is signed after its commit, and may be signed later: its manifest is the same, signed or not.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use kilim_connectors::store::{AtomicFile, Location, PutOutcome, StoreError, Stores};
use sha2::{Digest, Sha256};

use super::error::RunError;
use super::seal::NodeDone;
use crate::papers::{CROISSANT_FILE, PAPERS_FOLDER};
use crate::points::point;
use crate::proof::{ENVELOPE_FILE, Envelope, PAYLOAD_TYPE, SALTS_FILE, Signer, Statement};
use crate::seal::{CARD_FILE, FileDigest, MANIFEST_FILE, Manifest, REMOVED_FILE, card};
use crate::work_dir::WorkDir;

/// The decisions beside a manifest.
pub(super) const DECISIONS_FILE: &str = "decisions.jsonl";

/// Files of a version besides those in its folders, the manifest and what comes after it.
const OWN_FILES: [&str; 4] = [CROISSANT_FILE, DECISIONS_FILE, REMOVED_FILE, SALTS_FILE];

/// Folders of a version that only a run writes into.
const OWN_FOLDERS: [&str; 3] = ["data", PAPERS_FOLDER, "policies"];

/// Where a node's version is written and where it ends up.
pub(super) struct Target {
    /// The version folder.
    pub(super) place: Location,
    /// Where its files are written.
    pub(super) folder: PathBuf,
    /// Whether they are put into an object store from there.
    pub(super) remote: bool,
    /// The newest version that stands there already.
    pub(super) before: Option<Location>,
    /// Shards that are taken over from there as they are, by path. Locally they are in `folder` already.
    pub(super) kept: BTreeMap<String, Location>,
    /// Whether this run leaves out what was taken down: then a version with the same rows is no other.
    pub(super) leaves_out: bool,
}

/// What the work directory remembers of a commit.
#[derive(serde::Serialize, serde::Deserialize)]
struct Remembered {
    key: String,
    url: String,
    manifest_sha256: String,
}

fn remember(
    work_dir: &WorkDir,
    name: &str,
    place: &Location,
    key: &str,
    manifest_sha256: &str,
) -> Result<(), RunError> {
    let remembered = Remembered {
        key: key.to_owned(),
        url: place.url().to_string(),
        manifest_sha256: manifest_sha256.to_owned(),
    };
    Ok(crate::work_dir::write_json(&work_dir.remembered(name, place.name()), &remembered)?)
}

/// The version at `place`, if this work directory committed it under `key`.
pub(super) async fn known_version(
    stores: &Stores,
    work_dir: &WorkDir,
    name: &str,
    place: &Location,
    key: &str,
    signer: Option<&Signer>,
) -> Result<Option<NodeDone>, RunError> {
    let path = work_dir.remembered(name, place.name());
    let Some(remembered) = crate::work_dir::read_json::<Remembered>(&path) else { return Ok(None) };
    if remembered.key != key || remembered.url != place.url().as_str() {
        return Ok(None);
    }
    let bytes = stores.get(&place.join(MANIFEST_FILE)?).await?;
    let manifest_sha256 = hex::encode(Sha256::digest(&bytes));
    if manifest_sha256 != remembered.manifest_sha256 {
        return Ok(None);
    }
    let Ok(manifest) = Manifest::from_bytes(&bytes) else { return Ok(None) };
    let signed_by = sign(stores, place, &manifest, &manifest_sha256, signer).await?;
    Ok(Some(NodeDone {
        node: name.to_owned(),
        place: place.clone(),
        manifest_sha256,
        manifest,
        written: false,
        signed_by,
    }))
}

/// What comes after the commit: the signature, if there is a key and none is there yet, and the card, which says who
/// signed. The id of the key that signed.
pub(super) async fn sign(
    stores: &Stores,
    place: &Location,
    manifest: &Manifest,
    manifest_sha256: &str,
    signer: Option<&Signer>,
) -> Result<Option<String>, RunError> {
    let (envelope_place, card_place) = (place.join(ENVELOPE_FILE)?, place.join(CARD_FILE)?);
    let there = match stores.get(&envelope_place).await {
        Ok(bytes) => Some(bytes),
        Err(StoreError::Missing { .. }) => None,
        Err(error) => return Err(error.into()),
    };
    if let Some(folder) = place.local_path() {
        remove_parts(folder)?;
    }
    let Some(signer) = signer else {
        let envelope = there.and_then(|bytes| Envelope::from_bytes(&bytes).ok());
        let signed_by = envelope.and_then(|envelope| envelope.key_ids().next().map(str::to_owned));
        if !stores.exists(&card_place).await? {
            stores.put(&card_place, card(manifest, signed_by.as_deref()).into_bytes().into()).await?;
        }
        return Ok(signed_by);
    };
    let key = signer.public();
    let card = card(manifest, Some(&key.id())).into_bytes();
    match there {
        None => {
            let envelope = Statement::of(manifest, manifest_sha256, &card).sign(signer);
            stores.put(&envelope_place, envelope.to_bytes().into()).await?;
            point("node.signed");
        }
        Some(bytes) => {
            let signed = Envelope::from_bytes(&bytes).and_then(|envelope| envelope.open(PAYLOAD_TYPE, &key));
            if let Err(error) = signed {
                return Err(RunError::refused(
                    format!("{} {error}", envelope_place.name()),
                    "`kilim verify` looks at what is there; to sign this version anew, move the file away first",
                ));
            }
        }
    }
    if !stores.exists(&card_place).await? || stores.get(&card_place).await? != card {
        stores.put(&card_place, card.into()).await?;
    }
    Ok(Some(key.id()))
}

/// A version folder without a manifest was never committed: what a killed run left there goes. Only what a run writes.
pub(super) fn clear(folder: &Path) -> Result<(), RunError> {
    for name in OWN_FOLDERS {
        let path = folder.join(name);
        match std::fs::remove_dir_all(&path) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                return Err(RunError::Io { action: "clear", path, source });
            }
            _ => {}
        }
    }
    // The other files are written by whoever comes next; this one only by a takedown.
    remove_if_there(folder.join(REMOVED_FILE))?;
    remove_parts(folder)
}

fn remove_if_there(path: PathBuf) -> Result<(), RunError> {
    match std::fs::remove_file(&path) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            Err(RunError::Io { action: "remove", path, source })
        }
        _ => Ok(()),
    }
}

/// Removes files that were being written when a run was killed.
fn remove_parts(folder: &Path) -> Result<(), RunError> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Ok(()) };
    for entry in entries.flatten() {
        if AtomicFile::is_part(&entry.file_name().to_string_lossy()) {
            let path = entry.path();
            std::fs::remove_file(&path).map_err(|source| RunError::Io { action: "remove", path, source })?;
        }
    }
    Ok(())
}

/// Writes a file of the version folder and gives its digest.
pub(super) fn write_file(target: &Target, path: &str, bytes: &[u8]) -> Result<FileDigest, RunError> {
    let full = target.folder.join(path);
    let write = || {
        let mut file = AtomicFile::create(&full)?;
        file.write_all(bytes)?;
        file.commit()
    };
    write().map_err(|source| RunError::Io { action: "write", path: full.clone(), source })?;
    Ok(FileDigest { path: path.to_owned(), sha256: hex::encode(Sha256::digest(bytes)) })
}

/// Commits the version that `manifest` describes.
pub(super) async fn commit(
    stores: &Stores,
    work_dir: &WorkDir,
    name: &str,
    target: &Target,
    manifest: Manifest,
    key: &str,
    signer: Option<&Signer>,
) -> Result<NodeDone, RunError> {
    let bytes = manifest.to_bytes().map_err(|error| RunError::Books(error.to_string()))?;
    let manifest_sha256 = hex::encode(Sha256::digest(&bytes));
    // A work directory that was lost does not know what it published: the same manifest is no new version. Nor is that of a
    // takedown which left out the same documents, or one that never held them.
    if let Some(before) = &target.before {
        let there = stores.get(&before.join(MANIFEST_FILE)?).await?;
        let same = Manifest::from_bytes(&there).ok();
        let same = same.filter(|same| target.leaves_out && manifest.has_the_rows_of(same));
        if there == bytes || same.is_some() {
            withdraw(target)?;
            let (manifest, manifest_sha256) = (same.unwrap_or(manifest), hex::encode(Sha256::digest(&there)));
            remember(work_dir, name, before, key, &manifest_sha256)?;
            let signed_by = sign(stores, before, &manifest, &manifest_sha256, signer).await?;
            let (node, place) = (name.to_owned(), before.clone());
            return Ok(NodeDone { node, place, manifest_sha256, manifest, written: false, signed_by });
        }
    }
    if target.remote {
        put_files(stores, target, &manifest).await?;
    }
    point("node.uploaded");
    // Remembered first: a run killed right after the commit must know it again.
    remember(work_dir, name, &target.place, key, &manifest_sha256)?;
    point("node.remembered");
    match stores.put_if_absent(&target.place.join(MANIFEST_FILE)?, bytes.into()).await {
        Ok(PutOutcome::Written | PutOutcome::AlreadyThere) => {}
        Err(StoreError::Conflict { .. }) => return Err(overtaken(&target.place)),
        Err(error) => return Err(error.into()),
    }
    point("node.committed");
    let signed_by = sign(stores, &target.place, &manifest, &manifest_sha256, signer).await?;
    point("node.card");
    if target.remote {
        remove_copies(target)?;
    }
    let (node, place) = (name.to_owned(), target.place.clone());
    Ok(NodeDone { node, place, manifest_sha256, manifest, written: true, signed_by })
}

fn overtaken(place: &Location) -> RunError {
    RunError::refused(
        format!("another run committed other shards as {} while this one was at work", place.name()),
        "let one run at a time write a node's shards; `kilim verify` looks at what is there, and `kilim resume` \
         writes the next version",
    )
}

/// Takes back what was written for a version that turned out not to be new.
fn withdraw(target: &Target) -> Result<(), RunError> {
    if target.remote {
        return remove_copies(target);
    }
    let folder = &target.folder;
    clear(folder)?;
    for name in OWN_FILES {
        remove_if_there(folder.join(name))?;
    }
    // Only if nothing else is in it.
    let _ = std::fs::remove_dir(folder);
    Ok(())
}

/// Removes the local copies of what is in the object store.
fn remove_copies(target: &Target) -> Result<(), RunError> {
    let path = target.folder.clone();
    std::fs::remove_dir_all(&path).map_err(|source| RunError::Io { action: "remove", path, source })
}

/// Puts the files of a version into its object store, but for the manifest.
async fn put_files(stores: &Stores, target: &Target, manifest: &Manifest) -> Result<(), RunError> {
    let manifest_place = target.place.join(MANIFEST_FILE)?;
    let files: BTreeMap<_, _> = manifest.files().collect();
    let mut ours = BTreeMap::new();
    for (path, sha256) in files {
        // Nothing of a committed version is ever replaced.
        if stores.exists(&manifest_place).await? {
            return Err(overtaken(&target.place));
        }
        let place = target.place.join(path)?;
        let put = match target.kept.get(path) {
            Some(from) => stores.copy_object(from, &place, sha256).await?,
            None => stores.put_file(&place, &target.folder.join(path), sha256).await?,
        };
        ours.insert(place, put.identity);
    }
    settle(stores, &target.place, ours).await
}

/// Sees that the objects of a version that is about to be committed are those that were put, by the identities that the
/// store gave them, and removes what else a run has left there.
async fn settle(
    stores: &Stores,
    version: &Location,
    mut ours: BTreeMap<Location, Option<String>>,
) -> Result<(), RunError> {
    for file in stores.list(version).await? {
        match ours.get(&file.location) {
            Some(identity) if identity.as_ref().is_none_or(|identity| *identity == file.identity) => {
                ours.remove(&file.location);
            }
            None if is_own(version, &file.location) => stores.delete(&file.location).await?,
            _ => {}
        }
    }
    // Listings may be behind, and some stores tag objects otherwise there.
    for (place, identity) in ours {
        let now = match stores.head(&place).await {
            Ok(head) => Some(head.identity),
            Err(StoreError::Missing { .. }) => None,
            Err(error) => return Err(error.into()),
        };
        if now.is_none() || identity.is_some() && now != identity {
            let problem = format!("{} was changed by another run while this one was at work", place.name());
            return Err(RunError::refused(
                problem,
                "let one run at a time write a node's shards, and run the same command again",
            ));
        }
    }
    Ok(())
}

/// Whether an object below a version folder has a name that a run gives.
fn is_own(version: &Location, file: &Location) -> bool {
    let root = format!("{}/", version.url().path().trim_end_matches('/'));
    let Some(tail) = file.url().path().strip_prefix(&root) else { return false };
    OWN_FILES.contains(&tail) || OWN_FOLDERS.iter().any(|folder| tail.starts_with(&format!("{folder}/")))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;

    use super::*;

    fn bucket() -> (Stores, Location) {
        let memory = Arc::new(object_store::memory::InMemory::new());
        let stores = Stores::new().with_store("s3://in-node", memory).unwrap();
        (stores, Location::parse("s3://in-node/corpus/v0001", Path::new("/")).unwrap())
    }

    #[tokio::test]
    async fn what_another_version_left_goes_and_strangers_stay() {
        let (stores, version) = bucket();
        let mut ours = BTreeMap::new();
        for name in
            ["data/hin_Deva/train-00000-of-00001.parquet", "policies/kanuni #1 50%.cedar", "decisions.jsonl"]
        {
            let place = version.join(name).unwrap();
            stores.put(&place, Bytes::from_static("yetu".as_bytes())).await.unwrap();
            ours.insert(place.clone(), Some(stores.head(&place).await.unwrap().identity));
        }
        let others =
            ["data/hin_Deva/train-00000-of-00002.parquet", "policies/ya zamani.cedar", "maelezo.txt"];
        for name in others {
            stores.put(&version.join(name).unwrap(), Bytes::from_static(b"?")).await.unwrap();
        }
        settle(&stores, &version, ours.clone()).await.unwrap();
        let left: Vec<_> =
            stores.list(&version).await.unwrap().into_iter().map(|file| file.location).collect();
        let stranger = version.join("maelezo.txt").unwrap();
        assert_eq!(left.iter().filter(|place| !ours.contains_key(place)).collect::<Vec<_>>(), [&stranger]);
        assert_eq!(left.len(), ours.len() + 1);
    }

    #[tokio::test]
    async fn an_object_that_another_run_replaced_or_removed_stops_the_commit() {
        let (stores, version) = bucket();
        let place = version.join("data/tam_Taml/train-00000-of-00001.parquet").unwrap();
        stores.put(&place, Bytes::from_static("yetu".as_bytes())).await.unwrap();
        let ours = BTreeMap::from([(place.clone(), Some(stores.head(&place).await.unwrap().identity))]);
        stores.put(&place, Bytes::from_static("yao!".as_bytes())).await.unwrap();
        let error = settle(&stores, &version, ours.clone()).await.unwrap_err();
        assert!(
            error.to_string().contains("train-00000-of-00001.parquet was changed by another run"),
            "{error}"
        );
        stores.delete(&place).await.unwrap();
        assert!(settle(&stores, &version, ours).await.is_err());
    }
}
