//! Proof on the finished shards: everything a manifest says is read again from the bytes beside it.
//!
//! A version folder is enough; no config, no work directory and no trust in the run are needed. Its files are compared
//! with their digests, the shards are read row by row, every decision is taken again with the policies beside the
//! manifest, and every row must rest on a decision that lets it be at this node. Findings are collected, not thrown:
//! an auditor wants all of them. Who signed the folder is said too, and asked if the auditor gives a key.

pub(crate) mod decisions;
mod personal;
mod removed;
mod rows;
pub(crate) mod signature;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use kilim_connectors::shards::{ShardFormat, sha256_file};
use kilim_connectors::store::{Location, StoreError, Stores};
use serde::Serialize;
use sha2::{Digest, Sha256};

pub use signature::Signed;

use crate::policy::DecisionRow;
use crate::proof::{PublicKey, Salts};
use crate::run::RunError;
use crate::seal::{MANIFEST_FILE, Manifest, ManifestShard};
use decisions::{residency_again, take_decisions_again};

/// Bytes fetched from an object store at once.
const FETCH_BYTES: u64 = 8 << 20;

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    /// The file below the version folder.
    pub file: String,
    /// What is wrong with it.
    pub problem: String,
}

/// What was found in one version folder.
#[derive(Debug, Clone, Serialize)]
pub struct Verified {
    /// The folder.
    pub place: String,
    /// The node, if the manifest could be read.
    pub node: Option<String>,
    /// SHA-256 of the manifest, hex; empty without one.
    pub manifest_sha256: String,
    /// Shards read.
    pub shards: u64,
    /// Rows read.
    pub rows: u64,
    /// Bytes read.
    pub bytes: u64,
    /// Decisions taken again.
    pub decisions: u64,
    /// Who signed it.
    pub signed: Signed,
    /// What is wrong; empty if the folder is what it says.
    pub findings: Vec<Finding>,
    /// What is not wrong and worth a look, such as a date that lies in the future.
    pub notes: Vec<Finding>,
    /// Lines of the decisions, by id.
    #[serde(skip)]
    lines: BTreeMap<String, usize>,
}

impl Verified {
    /// Adds a finding.
    pub fn find(&mut self, file: &str, problem: impl Into<String>) {
        self.findings.push(Finding { file: file.to_owned(), problem: problem.into() });
    }

    /// Compares the counts of decisions with rows counted in the shards.
    pub(crate) fn compare_counts(
        &mut self,
        manifest: &Manifest,
        decisions: &BTreeMap<String, DecisionRow>,
        counted: &BTreeMap<String, u64>,
    ) {
        for (id, row) in decisions {
            let rows = counted.get(id).copied().unwrap_or(0);
            if rows != row.count {
                let line = self.lines.get(id).copied().unwrap_or(0);
                let problem =
                    format!("line {line}: decision {id} is of {} rows, the shards hold {rows}", row.count);
                self.find(&manifest.decisions.path, problem);
            }
        }
    }

    /// Adds a note.
    pub fn note(&mut self, file: &str, problem: impl Into<String>) {
        self.notes.push(Finding { file: file.to_owned(), problem: problem.into() });
    }
}

/// Verifies the version folder at `place`. Shards of object stores are fetched one by one into `scratch`.
///
/// # Errors
/// If the folder cannot be reached; whatever is wrong with what is in it is a finding.
pub async fn verify(stores: &Stores, place: &Location, scratch: &Path) -> Result<Verified, RunError> {
    verify_signed(stores, place, scratch, None).await
}

/// As [`verify`]; with a `key`, the version must be signed by it.
pub async fn verify_signed(
    stores: &Stores,
    place: &Location,
    scratch: &Path,
    key: Option<&PublicKey>,
) -> Result<Verified, RunError> {
    let (manifest, mut found) = open_folder(stores, place).await?;
    let Some(manifest) = manifest else { return Ok(found) };
    signature::signature(stores, place, &manifest, key, &mut found).await?;
    totals(&manifest, &mut found);
    clock(&manifest, &mut found);
    let decisions = take_decisions_again(stores, place, &manifest, &mut found).await?;
    let salts = salts(stores, place, &manifest, &mut found).await?;
    for paper in &manifest.papers {
        listed(stores, place, &paper.path, &paper.sha256, &mut found).await?;
    }
    let removed = removed::removed(stores, place, &manifest, &mut found).await?;
    let mut counted: BTreeMap<String, u64> = BTreeMap::new();
    for shard in &manifest.shards {
        let with = rows::With {
            manifest: &manifest,
            shard,
            decisions: &decisions,
            salts: salts.as_ref(),
            removed: &removed,
        };
        verify_shard(stores, place, &with, scratch, &mut counted, &mut found).await?;
    }
    found.compare_counts(&manifest, &decisions, &counted);
    strangers(stores, place, &manifest, &mut found).await?;
    if found.findings.is_empty() {
        residency_again(stores, place, &manifest, &decisions, &mut found).await?;
    }
    found.findings.sort();
    found.findings.dedup();
    Ok(found)
}

/// The manifest of a version folder, and what is known of the folder by that. No manifest is a finding.
pub(crate) async fn open_folder(
    stores: &Stores,
    place: &Location,
) -> Result<(Option<Manifest>, Verified), RunError> {
    let mut found = Verified {
        place: place.name().to_owned(),
        node: None,
        manifest_sha256: String::new(),
        shards: 0,
        rows: 0,
        bytes: 0,
        decisions: 0,
        signed: Signed::No,
        findings: Vec::new(),
        notes: Vec::new(),
        lines: BTreeMap::new(),
    };
    let bytes = match stores.get(&place.join(MANIFEST_FILE)?).await {
        Ok(bytes) => bytes,
        Err(StoreError::Missing { .. }) => {
            found.find(MANIFEST_FILE, "is missing: this is no committed version folder");
            return Ok((None, found));
        }
        Err(error) => return Err(error.into()),
    };
    found.manifest_sha256 = hex::encode(Sha256::digest(&bytes));
    let manifest = match Manifest::from_bytes(&bytes) {
        Ok(manifest) => manifest,
        Err(error) => {
            found.find(MANIFEST_FILE, error.to_string());
            return Ok((None, found));
        }
    };
    found.node = Some(manifest.node.facts.name.clone());
    if manifest.to_bytes().ok().as_deref() != Some(bytes.as_ref()) {
        found.find(MANIFEST_FILE, "is not in the form in which it is written: it was edited");
    }
    Ok((Some(manifest), found))
}

/// The manifest's own sums.
fn totals(manifest: &Manifest, found: &mut Verified) {
    let mut same = |what: &str, said: u64, sum: u64, of: &str| {
        if said != sum {
            found.find(MANIFEST_FILE, format!("{what} is {said}, {of} sum to {sum}"));
        }
    };
    let sum = |get: fn(&ManifestShard) -> u64| manifest.shards.iter().map(get).sum();
    same("rows", manifest.rows, sum(|shard| shard.rows), "its shards");
    same("text_chars", manifest.text_chars, sum(|shard| shard.text_chars), "its shards");
    same("rows", manifest.rows, manifest.languages.values().sum(), "its languages");
    same("records", manifest.records, manifest.books.values().sum(), "its books");
    same("records", manifest.records, manifest.inputs.iter().map(|input| input.records).sum(), "its inputs");
    let sharded = manifest.books.get("sharded").copied().unwrap_or(0);
    same("books.sharded", sharded, manifest.rows, "its rows");
    let mut languages: BTreeMap<&str, u64> = BTreeMap::new();
    for shard in &manifest.shards {
        *languages.entry(&shard.lang).or_default() += shard.rows;
    }
    for (lang, rows) in &manifest.languages {
        same(&format!("languages.{lang}"), *rows, languages.remove(lang.as_str()).unwrap_or(0), "its shards");
    }
    for (lang, rows) in languages {
        same(&format!("languages.{lang}"), 0, rows, "its shards");
    }
    let local = manifest.runs_at == manifest.node.facts.jurisdiction;
    if local != (manifest.run_kind == "local") {
        let problem = format!("run_kind is {}, and the run stood at {}", manifest.run_kind, manifest.runs_at);
        found.find(MANIFEST_FILE, problem);
    }
}

/// A file beside the manifest, compared with its digest. `None` is a finding.
pub(crate) async fn listed(
    stores: &Stores,
    place: &Location,
    path: &str,
    sha256: &str,
    found: &mut Verified,
) -> Result<Option<Vec<u8>>, RunError> {
    let Ok(at) = place.join(path) else {
        found.find(MANIFEST_FILE, format!("names {path}, which is outside its folder"));
        return Ok(None);
    };
    let bytes = match stores.get(&at).await {
        Ok(bytes) => bytes,
        Err(StoreError::Missing { .. }) => {
            found.find(path, "is missing");
            return Ok(None);
        }
        Err(error) => return Err(error.into()),
    };
    found.bytes += bytes.len() as u64;
    let is = hex::encode(Sha256::digest(&bytes));
    if is != sha256 {
        found.find(path, format!("sha256 is {is}, the manifest says {sha256}"));
    }
    Ok(Some(bytes.to_vec()))
}

/// A day that has not come yet: blocs and laws were read as of a day that nobody knows.
fn clock(manifest: &Manifest, found: &mut Verified) {
    // A day begins fourteen hours earlier where the sun rises first.
    let latest = jiff::Timestamp::now().as_second() + 14 * 3600;
    let future = midnight(&manifest.as_of).is_some_and(|day| day.as_second() > latest);
    if future {
        found.note(MANIFEST_FILE, format!("as_of is {}, which has not come yet", manifest.as_of));
    }
}

/// When a day begins, in UTC; `None` for what is no day.
pub(crate) fn midnight(day: &str) -> Option<jiff::Timestamp> {
    format!("{day}T00:00:00Z").parse().ok()
}

/// The salts of the leaves; `None` is a finding.
pub(crate) async fn salts(
    stores: &Stores,
    place: &Location,
    manifest: &Manifest,
    found: &mut Verified,
) -> Result<Option<Salts>, RunError> {
    let file = &manifest.salts;
    let Some(bytes) = listed(stores, place, &file.path, &file.sha256, found).await? else { return Ok(None) };
    let salts = Salts::from_bytes(&bytes);
    if salts.is_none() {
        found.find(&file.path, "is no salt key: no Merkle root can be checked");
    }
    Ok(salts)
}

async fn verify_shard(
    stores: &Stores,
    place: &Location,
    with: &rows::With<'_>,
    scratch: &Path,
    counted: &mut BTreeMap<String, u64>,
    found: &mut Verified,
) -> Result<(), RunError> {
    if let Some((file, format)) = open_shard(stores, place, with.shard, scratch, found).await? {
        rows::verify_rows(file.path(), format, with, counted, found);
    }
    Ok(())
}

/// A shard, compared with its digest. `None` is a finding.
pub(crate) async fn open_shard(
    stores: &Stores,
    place: &Location,
    shard: &ManifestShard,
    scratch: &Path,
    found: &mut Verified,
) -> Result<Option<(Fetched, ShardFormat)>, RunError> {
    let Ok(at) = place.join(&shard.path) else {
        found.find(MANIFEST_FILE, format!("names {}, which is outside its folder", shard.path));
        return Ok(None);
    };
    let file = match fetched(stores, &at, scratch).await {
        Ok(file) => file,
        Err(RunError::Store(StoreError::Missing { .. })) => {
            let later = removed::later_takedown(stores, place).await;
            let problem = later.map_or_else(
                || "is missing".to_owned(),
                |later| format!("is gone; {later} says what was taken down since, and replaces this version"),
            );
            found.find(&shard.path, problem);
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    let path = file.path();
    let (bytes, sha256) = sha256_file(path).map_err(|source| io("read", path, source))?;
    found.shards += 1;
    found.bytes += bytes;
    if bytes != shard.bytes {
        found.find(&shard.path, format!("has {bytes} bytes, the manifest says {}", shard.bytes));
    }
    if sha256 != shard.sha256 {
        found.find(&shard.path, format!("sha256 is {sha256}, the manifest says {}", shard.sha256));
    }
    let format = ShardFormat::of_path(Path::new(&shard.path));
    if format.is_none() {
        found.find(&shard.path, "is of no known format");
    }
    Ok(format.map(|format| (file, format)))
}

/// A shard on the local disk: where it is, or a copy that goes when it is dropped.
pub(crate) enum Fetched {
    Here(PathBuf),
    Copy(tempfile::TempPath),
}

impl Fetched {
    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::Here(path) => path,
            Self::Copy(path) => path,
        }
    }
}

fn io(action: &'static str, path: &Path, source: std::io::Error) -> RunError {
    RunError::Io { action, path: path.to_owned(), source }
}

pub(crate) async fn fetched(stores: &Stores, at: &Location, scratch: &Path) -> Result<Fetched, RunError> {
    let size = stores.head(at).await?.size;
    if let Some(path) = at.local_path() {
        return Ok(Fetched::Here(path.to_owned()));
    }
    let mut copy =
        tempfile::NamedTempFile::new_in(scratch).map_err(|error| io("write in", scratch, error))?;
    let mut start = 0;
    while start < size {
        let end = size.min(start + FETCH_BYTES);
        let bytes = stores.get_range(at, start..end).await?;
        if bytes.is_empty() {
            break;
        }
        start += bytes.len() as u64;
        std::io::Write::write_all(&mut copy, &bytes).map_err(|error| io("write in", scratch, error))?;
    }
    Ok(Fetched::Copy(copy.into_temp_path()))
}

/// Files below the folder that the manifest does not list: a loader that globs would read them.
async fn strangers(
    stores: &Stores,
    place: &Location,
    manifest: &Manifest,
    found: &mut Verified,
) -> Result<(), RunError> {
    let mut known: BTreeSet<&str> = signature::UNLISTED.into();
    known.extend(manifest.files().map(|(path, _)| path));
    let root = place.url().path().trim_end_matches('/').to_owned() + "/";
    for file in stores.list(place).await? {
        let path = file.location.url().path();
        let Some(tail) = path.strip_prefix(&root) else { continue };
        if !known.contains(tail) {
            found.find(tail, "is not in the manifest");
        }
    }
    Ok(())
}
