//! Proof on the finished shards: everything a manifest says is read again from the bytes beside it.
//!
//! A version folder is enough; no config, no work directory and no trust in the run are needed. Its files are compared
//! with their digests, the shards are read row by row, every decision is taken again with the policies beside the
//! manifest, and every row must rest on a decision that lets it be at this node. Findings are collected, not thrown:
//! an auditor wants all of them.

mod personal;
mod rows;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use kilim_connectors::shards::{ShardFormat, sha256_file};
use kilim_connectors::store::{Location, StoreError, Stores};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::policy::{DecisionRow, Difference, Policies, read_rows, replay};
use crate::run::RunError;
use crate::seal::{FileDigest, MANIFEST_FILE, Manifest, ManifestShard};

/// Bytes fetched from an object store at once.
const FETCH_BYTES: u64 = 8 << 20;

/// Files beside the manifest that it does not list.
const UNLISTED: [&str; 2] = [MANIFEST_FILE, "README.md"];

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
    /// What is wrong; empty if the folder is what it says.
    pub findings: Vec<Finding>,
}

impl Verified {
    /// Adds a finding.
    pub fn find(&mut self, file: &str, problem: impl Into<String>) {
        self.findings.push(Finding { file: file.to_owned(), problem: problem.into() });
    }
}

/// Verifies the version folder at `place`. Shards of object stores are fetched one by one into `scratch`.
///
/// # Errors
/// If the folder cannot be reached; whatever is wrong with what is in it is a finding.
pub async fn verify(stores: &Stores, place: &Location, scratch: &Path) -> Result<Verified, RunError> {
    let mut found = Verified {
        place: place.name().to_owned(),
        node: None,
        manifest_sha256: String::new(),
        shards: 0,
        rows: 0,
        bytes: 0,
        decisions: 0,
        findings: Vec::new(),
    };
    let bytes = match stores.get(&place.join(MANIFEST_FILE)?).await {
        Ok(bytes) => bytes,
        Err(StoreError::Missing { .. }) => {
            found.find(MANIFEST_FILE, "is missing: this is no committed version folder");
            return Ok(found);
        }
        Err(error) => return Err(error.into()),
    };
    found.manifest_sha256 = hex::encode(Sha256::digest(&bytes));
    let manifest = match Manifest::from_bytes(&bytes) {
        Ok(manifest) => manifest,
        Err(error) => {
            found.find(MANIFEST_FILE, error.to_string());
            return Ok(found);
        }
    };
    found.node = Some(manifest.node.facts.name.clone());
    if manifest.to_bytes().ok().as_deref() != Some(bytes.as_ref()) {
        found.find(MANIFEST_FILE, "is not in the form in which it is written: it was edited");
    }
    totals(&manifest, &mut found);
    let decisions = decisions(stores, place, &manifest, &mut found).await?;
    let mut counted: BTreeMap<String, u64> = BTreeMap::new();
    for shard in &manifest.shards {
        verify_shard(stores, place, &manifest, shard, &decisions, scratch, &mut counted, &mut found).await?;
    }
    for row in decisions.values() {
        let id = row.id.to_string();
        let rows = counted.get(&id).copied().unwrap_or(0);
        if rows != row.count {
            let problem = format!("decision {id} is for {} rows, the shards hold {rows}", row.count);
            found.find(&manifest.decisions.path, problem);
        }
    }
    strangers(stores, place, &manifest, &mut found).await?;
    found.findings.sort();
    found.findings.dedup();
    Ok(found)
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
async fn listed(
    stores: &Stores,
    place: &Location,
    file: &FileDigest,
    found: &mut Verified,
) -> Result<Option<Vec<u8>>, RunError> {
    let Ok(at) = place.join(&file.path) else {
        found.find(MANIFEST_FILE, format!("names {}, which is outside its folder", file.path));
        return Ok(None);
    };
    let bytes = match stores.get(&at).await {
        Ok(bytes) => bytes,
        Err(StoreError::Missing { .. }) => {
            found.find(&file.path, "is missing");
            return Ok(None);
        }
        Err(error) => return Err(error.into()),
    };
    found.bytes += bytes.len() as u64;
    let sha256 = hex::encode(Sha256::digest(&bytes));
    if sha256 != file.sha256 {
        found.find(&file.path, format!("sha256 is {sha256}, the manifest says {}", file.sha256));
    }
    Ok(Some(bytes.to_vec()))
}

/// The policies and decisions beside the manifest: each decision is taken again. Keyed by decision id.
async fn decisions(
    stores: &Stores,
    place: &Location,
    manifest: &Manifest,
    found: &mut Verified,
) -> Result<BTreeMap<String, DecisionRow>, RunError> {
    let mut files = Vec::new();
    for file in &manifest.policies {
        let Some(bytes) = listed(stores, place, file, found).await? else { continue };
        if file.path.ends_with(".cedarschema") {
            let ours = crate::policy::schema::SCHEMA;
            if bytes != ours.as_bytes() {
                found.find(&file.path, "is not the schema of this engine's policies");
            }
            continue;
        }
        let name = file.path.rsplit('/').next().unwrap_or(&file.path).to_owned();
        files.push((name, String::from_utf8_lossy(&bytes).into_owned()));
    }
    let Some(bytes) = listed(stores, place, &manifest.decisions, found).await? else {
        return Ok(BTreeMap::new());
    };
    let path = &manifest.decisions.path;
    let rows = match read_rows(bytes.as_slice()) {
        Ok(rows) => rows,
        Err(error) => {
            found.find(path, error.to_string());
            return Ok(BTreeMap::new());
        }
    };
    found.decisions = rows.len() as u64;
    match Policies::load(&files) {
        Err(errors) => found.find("policies", format!("are refused: {errors}")),
        Ok(policies) => {
            if policies.digest() != manifest.policies_digest {
                found.find("policies", "do not have the digest that the manifest names");
            }
            match replay(&rows, policies, &manifest.node.facts) {
                Err(error) => found.find(path, error.to_string()),
                Ok(mismatches) => {
                    for mismatch in mismatches {
                        found.find(path, format!("decision {} {}", mismatch.id, said(&mismatch.difference)));
                    }
                }
            }
        }
    }
    for row in rows.iter().filter(|row| !row.allowed) {
        found.find(path, format!("decision {} does not allow its documents to be here", row.id));
    }
    Ok(rows.into_iter().map(|row| (row.id.to_string(), row)).collect())
}

fn said(difference: &Difference) -> String {
    match difference {
        Difference::Id { replayed } => format!("has attributes whose id is {replayed}"),
        Difference::Repeated => "is there twice".to_owned(),
        Difference::Decision { recorded, replayed } => {
            let word = |allowed| if allowed { "allowed" } else { "denied" };
            let ids = |decision: &crate::policy::Decision| {
                decision.determining.iter().map(|policy| policy.id.to_string()).collect::<Vec<_>>().join(", ")
            };
            format!(
                "is recorded as {} by [{}], the policies say {} by [{}]",
                word(recorded.allowed),
                ids(recorded),
                word(replayed.allowed),
                ids(replayed)
            )
        }
    }
}

#[expect(clippy::too_many_arguments, reason = "a shard is checked against everything else")]
async fn verify_shard(
    stores: &Stores,
    place: &Location,
    manifest: &Manifest,
    shard: &ManifestShard,
    decisions: &BTreeMap<String, DecisionRow>,
    scratch: &Path,
    counted: &mut BTreeMap<String, u64>,
    found: &mut Verified,
) -> Result<(), RunError> {
    let Ok(at) = place.join(&shard.path) else {
        found.find(MANIFEST_FILE, format!("names {}, which is outside its folder", shard.path));
        return Ok(());
    };
    let file = match fetched(stores, &at, scratch).await {
        Ok(file) => file,
        Err(RunError::Store(StoreError::Missing { .. })) => {
            found.find(&shard.path, "is missing");
            return Ok(());
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
    let Some(format) = ShardFormat::of_path(Path::new(&shard.path)) else {
        found.find(&shard.path, "is of no known format");
        return Ok(());
    };
    rows::verify_rows(path, format, manifest, shard, decisions, counted, found);
    Ok(())
}

/// A shard on the local disk: where it is, or a copy that goes when it is dropped.
enum Fetched {
    Here(PathBuf),
    Copy(tempfile::TempPath),
}

impl Fetched {
    fn path(&self) -> &Path {
        match self {
            Self::Here(path) => path,
            Self::Copy(path) => path,
        }
    }
}

fn io(action: &'static str, path: &Path, source: std::io::Error) -> RunError {
    RunError::Io { action, path: path.to_owned(), source }
}

async fn fetched(stores: &Stores, at: &Location, scratch: &Path) -> Result<Fetched, RunError> {
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
    let mut known: Vec<String> = UNLISTED.map(str::to_owned).into();
    known.extend(manifest.shards.iter().map(|shard| shard.path.clone()));
    known.extend(manifest.policies.iter().map(|file| file.path.clone()));
    known.push(manifest.decisions.path.clone());
    let root = place.url().path().trim_end_matches('/').to_owned() + "/";
    for file in stores.list(place).await? {
        let path = file.location.url().path();
        let Some(tail) = path.strip_prefix(&root) else { continue };
        if !known.iter().any(|name| name == tail) {
            found.find(tail, "is not in the manifest");
        }
    }
    Ok(())
}
