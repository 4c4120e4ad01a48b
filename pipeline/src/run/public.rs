//! Papers for everyone, where everyone finds them: the one writer to a node's `public.url`.
//!
//! What it puts there are files that the manifest lists below `papers/public`, each compared with its digest on the way, and
//! a signature over them. There is no other way there: it takes no path from a caller. The public manifest is put last. A
//! run that was killed before leaves that to the next one.

use kilim_connectors::store::{Location, PutOutcome, StoreError, Stores};
use sha2::{Digest, Sha256};

use super::error::RunError;
use super::prepare::Prepared;
use super::seal::NodeDone;
use crate::papers::{PUBLIC_FOLDER, is_public};
use crate::points::point;
use crate::proof::{PUBLIC_ENVELOPE_FILE, PublicStatement, Signer};

/// The public manifest, by which a reader knows that all is there.
const LAST: &str = "manifest.public.json";

/// Refuses a place for everyone that holds, or lies in, a place for shards or the work directory, or that two nodes share.
pub(super) fn check(prepared: &Prepared) -> Result<(), RunError> {
    let place = |url: &str| Location::parse(url, &prepared.base_dir);
    let folder = |place: &Location| place.url().path().trim_end_matches('/').to_owned() + "/";
    let same_store =
        |a: &Location, b: &Location| a.url().scheme() == b.url().scheme() && a.url().host() == b.url().host();
    let mut closed = vec![(
        "the work directory".to_owned(),
        Location::from_path(&prepared.config.work_dir, &prepared.base_dir)?,
    )];
    for (name, node) in &prepared.config.nodes {
        closed.push((format!("the shards of node {name}"), place(&node.shards.url)?));
    }
    for (name, node) in &prepared.config.nodes {
        let Some(url) = &node.public.url else { continue };
        let public = place(url)?;
        let here = folder(&public);
        let shared = closed.iter().find(|(_, other)| {
            let there = folder(other);
            same_store(&public, other) && (here.starts_with(&there) || there.starts_with(&here))
        });
        if let Some((what, _)) = shared {
            return Err(RunError::refused(
                format!(
                    "the papers for everyone of node {name} would go to where {what} are or below, or above it"
                ),
                "give `public.url` a place of its own: everyone may read it",
            ));
        }
        closed.push((format!("the papers for everyone of node {name}"), public));
    }
    Ok(())
}

/// Puts the papers for everyone of a finished version where the node wants them, if it does.
pub(super) async fn publish(
    prepared: &Prepared,
    done: &NodeDone,
    signer: Option<&Signer>,
) -> Result<(), RunError> {
    let Some(url) = &prepared.config.nodes[done.node.as_str()].public.url else { return Ok(()) };
    let stores = &prepared.stores;
    let version = done.place.url().path().trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let place = Location::parse(url, &prepared.base_dir)?.join(version)?;
    let mut files: Vec<(&str, &str)> = done
        .manifest
        .papers
        .iter()
        .filter(|file| is_public(&file.path))
        .map(|file| (file.path.as_str(), file.sha256.as_str()))
        .collect();
    if files.is_empty() {
        return Ok(());
    }
    files.sort_by_key(|(path, _)| (path.ends_with(LAST), *path));
    let mut signed = Vec::new();
    for (path, sha256) in files {
        let name = &path[PUBLIC_FOLDER.len() + 1..];
        let bytes = stores.get(&done.place.join(path)?).await?;
        if hex::encode(Sha256::digest(&bytes)) != sha256 {
            return Err(RunError::refused(
                format!(
                    "{path} of {} is not what its manifest says, and was not published",
                    done.place.name()
                ),
                "`kilim verify` looks at what is there",
            ));
        }
        put(stores, &place.join(name)?, bytes).await?;
        signed.push((name.to_owned(), sha256.to_owned()));
        point("public.paper");
    }
    if let Some(signer) = signer {
        let envelope = place.join(PUBLIC_ENVELOPE_FILE)?;
        if !stores.exists(&envelope).await? {
            let statement = PublicStatement::of(&done.manifest, signed);
            stores.put(&envelope, statement.sign(signer).to_bytes().into()).await?;
        }
    }
    Ok(())
}

async fn put(stores: &Stores, place: &Location, bytes: bytes::Bytes) -> Result<(), RunError> {
    match stores.put_if_absent(place, bytes).await {
        Ok(PutOutcome::Written | PutOutcome::AlreadyThere) => Ok(()),
        Err(StoreError::Conflict { .. }) => Err(RunError::refused(
            format!("{} is there already and says something else", place.name()),
            "it was published for another version of this name: look at it, and move it away",
        )),
        Err(error) => Err(error.into()),
    }
}
