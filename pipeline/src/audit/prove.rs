//! Proofs of single documents.

use std::path::Path;

use arrow::array::AsArray;
use kilim_connectors::shards::{ShardError, ShardFormat, read_shard};
use kilim_connectors::store::{Location, Stores};

use crate::proof::{Leaf, Proof, Salts};
use crate::run::RunError;
use crate::seal::{MANIFEST_FILE, Manifest, ManifestShard, shard_schema};
use crate::verify::{fetched, open_folder};

/// The proof that the document `doc_id` is in the version folder at `place`; `None` if it is not there. `doc_id` may be the
/// start of an id that no other document there has.
///
/// # Errors
/// If the folder cannot be read, if more than one id begins so, or if the shard is not the one of the manifest.
pub async fn prove(
    stores: &Stores,
    place: &Location,
    doc_id: &str,
    scratch: &Path,
) -> Result<Option<Proof>, RunError> {
    let (manifest, found) = open_folder(stores, place).await?;
    let Some(manifest) = manifest else { return Err(damaged(place, MANIFEST_FILE)) };
    let salts = stores.get(&place.join(&manifest.salts.path)?).await?;
    let salts = Salts::from_bytes(&salts).ok_or_else(|| damaged(place, &manifest.salts.path))?;
    let mut proof: Option<Proof> = None;
    for shard in &manifest.shards {
        let Some(format) = ShardFormat::of_path(Path::new(&shard.path)) else { continue };
        let file = fetched(stores, &place.join(&shard.path)?, scratch).await?;
        let rows = rows_of(file.path(), format, doc_id).map_err(|error| unreadable(&error))?;
        let mut wanted = rows.into_iter();
        let Some(row) = wanted.next() else { continue };
        if proof.is_some() || wanted.next().is_some() {
            let problem =
                format!("more than one document at {} has an id that begins with {doc_id}", place.name());
            return Err(RunError::refused(problem, "give more of the id"));
        }
        proof = Some(prove_row(&manifest, &found.manifest_sha256, shard, file.path(), format, row, &salts)?);
    }
    Ok(proof)
}

/// Places of the rows whose id begins with `doc_id`.
fn rows_of(path: &Path, format: ShardFormat, doc_id: &str) -> Result<Vec<usize>, ShardError> {
    let (mut rows, mut before) = (Vec::new(), 0);
    for batch in read_shard(path, format, Some(shard_schema()))? {
        let batch = batch?;
        let ids = batch.column_by_name("id").and_then(|column| column.as_string_opt::<i32>());
        for (row, id) in ids.into_iter().flatten().enumerate() {
            if id.is_some_and(|id| id.starts_with(doc_id)) {
                rows.push(before + row);
            }
        }
        before += batch.num_rows();
    }
    Ok(rows)
}

fn prove_row(
    manifest: &Manifest,
    manifest_sha256: &str,
    shard: &ManifestShard,
    path: &Path,
    format: ShardFormat,
    row: usize,
    salts: &Salts,
) -> Result<Proof, RunError> {
    let (mut hashes, mut wanted) = (Vec::new(), None);
    for batch in read_shard(path, format, Some(shard_schema())).map_err(|error| unreadable(&error))? {
        let batch = batch.map_err(|error| unreadable(&error))?;
        for at in 0..batch.num_rows() {
            let leaf = Leaf::of_row(&batch, at, salts);
            let leaf = leaf.ok_or_else(|| {
                RunError::refused(format!("{} has a row without an id", shard.path), VERIFY)
            })?;
            let hash = leaf.hash();
            if hashes.len() == row {
                wanted = Some(leaf);
            }
            hashes.push(hash);
        }
    }
    let leaf = wanted
        .ok_or_else(|| RunError::refused(format!("{} changed while it was read", shard.path), VERIFY))?;
    Proof::new(manifest, manifest_sha256, shard, &hashes, row, leaf)
        .map_err(|error| RunError::Refused { problem: error.to_string(), hint: None })
}

const VERIFY: &str = "`kilim verify` says what was changed";

fn damaged(place: &Location, file: &str) -> RunError {
    RunError::refused(format!("{} has no {file} that can be read", place.name()), VERIFY)
}

fn unreadable(error: &ShardError) -> RunError {
    RunError::refused(error.to_string(), error.hint())
}
