//! The version of a node that replaces another, without some rows.

use std::collections::BTreeMap;
use std::path::Path;

use arrow::array::{AsArray, RecordBatch};
use kilim_connectors::shards::ShardFormat;
use kilim_connectors::store::{AtomicFile, Location, Stores};
use sha2::{Digest, Sha256};

use super::search::{Hits, Newest, Search};
use super::{NodeTakedown, io};
use crate::policy::{DecisionRow, write_rows};
use crate::run::error::RunError;
use crate::run::keys::Keys;
use crate::run::publish::{DECISIONS_FILE, Target, clear, commit, write_file};
use crate::run::seal::manifest_shard;
use crate::seal::{
    ENGINE, FileDigest, Manifest, ManifestRemoved, ManifestShard, REMOVED_FILE, RemovedLine, Rewrite,
    Rewritten, read_removed, removed_bytes, rewrite_shard,
};
use crate::verify;
use crate::verify::decisions::residency_of;
use crate::work_dir::WorkDir;

/// Writes and commits the version after `newest`, which lacks what is to go.
pub(super) async fn replace(
    search: &Search<'_>,
    work_dir: &WorkDir,
    keys: &Keys,
    name: &str,
    newest: &Newest,
    told: &mut NodeTakedown,
) -> Result<(), RunError> {
    let stores = search.stores;
    let (folder, remote) = match newest.next.local_path() {
        Some(path) => (path.to_owned(), false),
        None => (work_dir.tmp().join("seal").join(name), true),
    };
    clear(&folder)?;
    let before = Some(newest.place.clone());
    let (kept, leaves_out) = (BTreeMap::new(), false);
    let mut target = Target { place: newest.next.clone(), folder, remote, before, kept, leaves_out };
    let mut shards = Vec::new();
    let mut gone = Gone::default();
    for shard in &newest.manifest.shards {
        let Some(hits) = newest.hits.get(&shard.path) else {
            keep(&newest.place, shard, &mut target)?;
            shards.push(shard.clone());
            continue;
        };
        let rewritten = rewrite(search, name, newest, shard, hits, &target.folder).await?;
        shards.extend(rewritten.shard.as_ref().map(manifest_shard));
        gone.add(rewritten);
    }
    let manifest = manifest(stores, newest, shards, gone, &target).await?;
    let key = format!("a takedown from {}", newest.manifest_sha256);
    let done = commit(stores, work_dir, name, &target, manifest, &key, keys.signer.as_ref()).await?;
    told.to = Some(done.place);
    told.signed_by = done.signed_by;
    Ok(())
}

/// What went from all shards.
#[derive(Default)]
struct Gone {
    lines: Vec<RemovedLine>,
    decisions: BTreeMap<String, u64>,
    masked: BTreeMap<String, u64>,
}

impl Gone {
    fn add(&mut self, rewritten: Rewritten) {
        self.lines.extend(rewritten.lines);
        for decision in rewritten.decisions {
            *self.decisions.entry(decision).or_default() += 1;
        }
        for (kind, masks) in rewritten.masked {
            *self.masked.entry(kind).or_default() += masks;
        }
    }
}

/// Takes a shard over as it is: locally as another name of the same file, where the disk can do that.
fn keep(from: &Location, shard: &ManifestShard, target: &mut Target) -> Result<(), RunError> {
    let place = from.join(&shard.path)?;
    let Some(old) = place.local_path() else {
        target.kept.insert(shard.path.clone(), place);
        return Ok(());
    };
    let new = target.folder.join(&shard.path);
    let link = || {
        std::fs::create_dir_all(new.parent().unwrap_or(Path::new(".")))?;
        if std::fs::hard_link(old, &new).is_ok() {
            return Ok(());
        }
        let mut file = AtomicFile::create(&new)?;
        std::io::copy(&mut std::fs::File::open(old)?, &mut file)?;
        file.commit()
    };
    link().map_err(|source| io("take over a shard as", &new, source))
}

/// Writes a shard without the rows that are to go.
async fn rewrite(
    search: &Search<'_>,
    name: &str,
    newest: &Newest,
    shard: &ManifestShard,
    hits: &Hits,
    folder: &Path,
) -> Result<Rewritten, RunError> {
    let file = verify::fetched(search.stores, &newest.place.join(&shard.path)?, search.scratch).await?;
    let format = ShardFormat::of_path(Path::new(&shard.path));
    let format = format.ok_or_else(|| RunError::Books(format!("{} is of no known format", shard.path)))?;
    let rewrite = Rewrite { shard, from: file.path(), folder, format, node: name, salts: &newest.salts };
    let mode = &newest.manifest.node.facts.mode;
    let line = |batch: &RecordBatch, row: usize| {
        let ids = batch.column_by_name("id")?.as_string_opt::<i32>()?;
        let (doc, request) = hits.get_key_value(ids.value(row))?;
        Some(RemovedLine::new(doc, request, mode, &newest.salts, &newest.version, &shard.path))
    };
    let rewritten = rewrite_shard(&rewrite, &line).map_err(RunError::stage("takedown"))?;
    let left = rewritten.shard.as_ref().map_or(0, |shard| shard.file.rows);
    if left + rewritten.lines.len() as u64 != shard.rows {
        return Err(RunError::Books(format!(
            "{} had {} rows, {left} are left and {} are gone",
            shard.path,
            shard.rows,
            rewritten.lines.len()
        )));
    }
    Ok(rewritten)
}

/// The manifest of the new version; writes the files that it lists besides shards.
async fn manifest(
    stores: &Stores,
    newest: &Newest,
    shards: Vec<ManifestShard>,
    gone: Gone,
    target: &Target,
) -> Result<Manifest, RunError> {
    let old = &newest.manifest;
    let salts = FileDigest { path: old.salts.path.clone(), sha256: old.salts.sha256.clone() };
    for file in old.policies.iter().chain([&salts]) {
        let bytes = checked(stores, &newest.place, &file.path, &file.sha256).await?;
        write_file(target, &file.path, &bytes)?;
    }
    let rows = decisions(newest, gone.decisions)?;
    let mut lines = Vec::new();
    write_rows(&rows, &mut lines).map_err(|error| RunError::Books(error.to_string()))?;
    let decisions = write_file(target, DECISIONS_FILE, &lines)?;
    // Without the rows that went there may be no rule any more that kept the others from some country.
    let residency = match residency_of(stores, &newest.place, old, rows.iter()).await? {
        Some(residency) => residency.map_err(|error| RunError::Books(error.to_string()))?,
        None => return Err(RunError::Books("the policies of the version before cannot be read".to_owned())),
    };
    let removed = gone.lines.len() as u64;
    let mut lines = match &old.removed {
        None => Vec::new(),
        Some(before) => {
            let bytes = checked(stores, &newest.place, &before.path, &before.sha256).await?;
            read_removed(&bytes).map_err(|problem| RunError::Books(format!("{}: {problem}", before.path)))?
        }
    };
    lines.extend(gone.lines);
    let file = write_file(target, REMOVED_FILE, &removed_bytes(&lines))?;

    let mut books = old.books.clone();
    for (verdict, documents) in [("sharded", -removed.cast_signed()), ("withheld", removed.cast_signed())] {
        let count = books.entry(verdict.to_owned()).or_default();
        *count = count.checked_add_signed(documents).ok_or_else(|| {
            RunError::Books(format!("{removed} documents are gone of {count} that were sharded"))
        })?;
    }
    books.retain(|_, count| *count > 0);
    let mut languages: BTreeMap<String, u64> = BTreeMap::new();
    for shard in &shards {
        *languages.entry(shard.lang.clone()).or_default() += shard.rows;
    }
    let mut node = old.node.clone();
    if let Some(pii) = &mut node.pii {
        for (kind, masks) in gone.masked {
            if let Some(all) = pii.masked.get_mut(&kind) {
                *all = all.saturating_sub(masks);
            }
        }
        pii.masked.retain(|_, masks| *masks > 0);
    }
    Ok(Manifest {
        engine: ENGINE.to_owned(),
        node,
        books,
        rows: shards.iter().map(|shard| shard.rows).sum(),
        text_chars: shards.iter().map(|shard| shard.text_chars).sum(),
        languages,
        decisions,
        residency,
        shards,
        // They count rows, and what is counted needs the work directory: the next version that a run writes has them again.
        papers: Vec::new(),
        removed: Some(ManifestRemoved {
            path: file.path,
            sha256: file.sha256,
            documents: lines.len() as u64,
            replaces: newest.version.clone(),
            replaces_sha256: newest.manifest_sha256.clone(),
        }),
        ..old.clone()
    })
}

/// A file of the version before, which must still be what its manifest says.
async fn checked(stores: &Stores, place: &Location, path: &str, sha256: &str) -> Result<Vec<u8>, RunError> {
    let bytes = stores.get(&place.join(path)?).await?;
    if hex::encode(Sha256::digest(&bytes)) != sha256 {
        let problem = format!("{}/{path} changed while the takedown was at work", place.name());
        return Err(RunError::refused(problem, "`kilim verify` says what is wrong"));
    }
    Ok(bytes.to_vec())
}

/// The decisions on which the rows that stay rest, with their numbers.
fn decisions(newest: &Newest, mut gone: BTreeMap<String, u64>) -> Result<Vec<DecisionRow>, RunError> {
    let mut rows: Vec<_> = newest.decisions.values().cloned().collect();
    for row in &mut rows {
        let less = gone.remove(&row.id.to_string()).unwrap_or(0);
        row.count = row.count.checked_sub(less).ok_or_else(|| {
            RunError::Books(format!("{less} rows of decision {} are gone, there were {}", row.id, row.count))
        })?;
    }
    if let Some((id, _)) = gone.pop_first() {
        return Err(RunError::Books(format!("rows of decision {id} are gone, which was not taken")));
    }
    rows.retain(|row| row.count > 0);
    Ok(rows)
}
