//! Runs stage 4: shards, then one commit per node.
//!
//! A node's shards go into the version folder (`v0001`, `v0002`, …) after the newest that has a manifest, unless a version
//! there is already the one that this run would write: then nothing is written. Local shards are written in
//! place; for an object store they are written below the work directory, and `publish` puts them there.

use std::collections::BTreeMap;
use std::sync::Arc;

use kilim_connectors::shards::ShardFormat;
use kilim_connectors::store::{Location, Stores};
use sha2::{Digest, Sha256};

use super::error::RunError;
use super::keys::Keys;
use super::portraits::portraits;
use super::prepare::Prepared;
use super::public;
use super::publish::{DECISIONS_FILE, Target, clear, commit, known_version, write_file};
use super::route::Routed;
use super::versions::{node_versions, version_place};
use crate::config::{self, CorpusConfig, NodeConfig, SourceConfig};
use crate::engine::{Embedded, Engine, Stage, apply};
use crate::ingest::SplitDone;
use crate::optout::Honoured;
use crate::papers::portrait::{Listing, Portrait};
use crate::papers::{self, residency::residency};
use crate::pii::{Kind, Profile};
use crate::points::point;
use crate::policy::{DecisionRow, Tuple, schema as policy_schema, write_rows};
use crate::proof::SALTS_FILE;
use crate::seal::{
    ENGINE, InputDigest, MANIFEST_FILE, MANIFEST_VERSION, Manifest, ManifestNode, ManifestPii, ManifestSalts,
    ManifestShard, ManifestSource, SEAL, SealNode, SealedShard, ShardWrite,
};
use crate::steps::StepKind;
use crate::work_dir::WorkDir;

/// A node's finished version.
#[derive(Debug, Clone)]
pub struct NodeDone {
    /// Name of the node.
    pub node: String,
    /// Version folder.
    pub place: Location,
    /// SHA-256 of the manifest, hex.
    pub manifest_sha256: String,
    /// The manifest.
    pub manifest: Manifest,
    /// Whether this run wrote it; else it was there already.
    pub written: bool,
    /// Id of the key that signed it; none if nobody did.
    pub signed_by: Option<String>,
}

/// What stage 4 is about.
pub(super) struct Seal<'a> {
    pub(super) prepared: &'a Prepared,
    pub(super) routed: &'a Routed,
    pub(super) inputs: &'a [InputDigest],
    pub(super) splits: &'a [SplitDone],
    pub(super) keys: &'a Keys,
}

/// Writes all shards and commits node by node, in the order of their names.
pub(super) async fn seal(
    stage: &Seal<'_>,
    engine: &Embedded,
    work_dir: &WorkDir,
) -> Result<Vec<NodeDone>, RunError> {
    let Seal { prepared, routed, inputs, keys, .. } = *stage;
    let mut targets = BTreeMap::new();
    let mut done = Vec::new();
    for (name, node) in &prepared.config.nodes {
        let key = seal_key(stage, name.as_str());
        match find_version(stage, work_dir, name.as_str(), node, &key).await? {
            Version::Done(found) => done.push(*found),
            Version::Open(target) => {
                targets.insert(name.to_string(), *target);
            }
        }
    }
    if targets.is_empty() {
        for node in &done {
            public::publish(prepared, node, keys.signer.as_ref()).await?;
        }
        return Ok(done);
    }
    let wanted: Vec<&str> = targets.keys().map(String::as_str).collect();
    let small = prepared.config.about.provider.as_ref().is_some_and(|provider| provider.small);
    let listing = if small { Listing::SMALL } else { Listing::MOST };
    let portraits = portraits(prepared, engine, work_dir, routed, &wanted, listing).await?;
    let shards = write_shards(prepared, engine, routed, &targets, keys).await?;
    for (name, target) in &targets {
        let own: Vec<&SealedShard> = shards.iter().filter(|shard| &shard.node == name).collect();
        let key = seal_key(stage, name);
        let mut manifest = manifest(prepared, routed, inputs, name, target, &own, keys)?;
        write_papers(prepared, &mut manifest, &portraits[name.as_str()], target)?;
        let signer = keys.signer.as_ref();
        done.push(commit(&prepared.stores, work_dir, name, target, manifest, &key, signer).await?);
    }
    done.sort_by(|a, b| a.node.cmp(&b.node));
    for node in &done {
        public::publish(prepared, node, keys.signer.as_ref()).await?;
    }
    Ok(done)
}

/// The papers, before the manifest that lists them.
fn write_papers(
    prepared: &Prepared,
    manifest: &mut Manifest,
    portrait: &Portrait,
    target: &Target,
) -> Result<(), RunError> {
    let mut written = Vec::new();
    for paper in papers::papers(manifest, &prepared.config, portrait) {
        written.push(write_file(target, &paper.path, &paper.bytes)?);
        point("papers.writing");
    }
    written.sort_by(|a, b| a.path.cmp(&b.path));
    manifest.papers = written;
    Ok(())
}

/// Equal keys give equal manifests: how a finished version is recognised without writing it again. Everything that a
/// manifest or a shard of this node depends on, and nothing of other nodes.
fn seal_key(stage: &Seal<'_>, name: &str) -> String {
    let Seal { prepared, inputs, keys, .. } = *stage;
    let removed = super::route::removed(stage.splits);
    let config = config::digest_for_node(&prepared.config, name).unwrap_or_default();
    let facts = prepared.nodes.iter().find(|facts| facts.name == name);
    let inputs: Vec<String> = inputs.iter().map(|input| format!("{input:?}")).collect();
    let salts = hex::encode(Sha256::digest(keys.salts_of(&prepared.config, name).to_bytes()));
    let optout = prepared.optout.as_ref().map_or_else(String::new, Honoured::key);
    let (inputs, facts) = (inputs.join("\n"), format!("{facts:?}"));
    let policies = format!("{:?}", prepared.policy_files);
    let versions = [MANIFEST_VERSION, super::route::DEDUP_VERSION, super::route::ROUTE_VERSION];
    let [manifest, dedup, route] = versions.map(|version| version.to_string());
    let mut parts = vec![
        ("engine", env!("CARGO_PKG_VERSION")),
        ("manifest", &manifest),
        ("dedup", &dedup),
        ("route", &route),
        ("ingest", &prepared.ingest_key),
        ("config", &config),
        ("facts", &facts),
        ("policies", &policies),
        ("inputs", &inputs),
        ("optout", &optout),
        ("salts", &salts),
    ];
    parts.extend((!removed.is_empty()).then_some(("removed", removed.as_str())));
    super::prepare::key_of(&parts)
}

enum Version {
    Done(Box<NodeDone>),
    Open(Box<Target>),
}

async fn find_version(
    stage: &Seal<'_>,
    work_dir: &WorkDir,
    name: &str,
    node: &NodeConfig,
    key: &str,
) -> Result<Version, RunError> {
    let Seal { prepared, keys, .. } = *stage;
    let root = Location::parse(&node.shards.url, &prepared.base_dir)?;
    let mut versions = node_versions(&prepared.stores, &root).await?;
    versions.retain(|version| version.committed);
    let newest = versions.last().cloned();
    for version in versions.into_iter().rev() {
        let signer = keys.signer.as_ref();
        let known = known_version(&prepared.stores, work_dir, name, &version.place, key, signer);
        if let Some(done) = known.await? {
            return Ok(Version::Done(Box::new(done)));
        }
        // What a takedown has replaced is nobody's version any more, and may have lost shards.
        if is_takedown(&prepared.stores, &version.place).await? {
            break;
        }
    }
    let number = newest.as_ref().map_or(1, |newest| newest.number + 1);
    let place = version_place(&root, number)?;
    let remote = place.local_path().is_none();
    let folder = match place.local_path() {
        Some(path) => path.to_owned(),
        None => work_dir.tmp().join("seal").join(name).join(format!("v{number:04}")),
    };
    clear(&folder)?;
    let before = newest.map(|newest| newest.place);
    let kept = BTreeMap::new();
    let leaves_out = !super::route::removed(stage.splits).is_empty();
    Ok(Version::Open(Box::new(Target { place, folder, remote, before, kept, leaves_out })))
}

async fn is_takedown(stores: &Stores, version: &Location) -> Result<bool, RunError> {
    let bytes = stores.get(&version.join(MANIFEST_FILE)?).await?;
    Ok(Manifest::from_bytes(&bytes).is_ok_and(|manifest| manifest.removed.is_some()))
}

async fn write_shards(
    prepared: &Prepared,
    engine: &Embedded,
    routed: &Routed,
    targets: &BTreeMap<String, Target>,
    keys: &Keys,
) -> Result<Vec<SealedShard>, RunError> {
    let failed = RunError::stage("seal");
    let mut nodes = BTreeMap::new();
    for facts in &prepared.nodes {
        let (Some(target), Some(node)) =
            (targets.get(&facts.name), prepared.config.nodes.get(facts.name.as_str()))
        else {
            continue;
        };
        nodes.insert(
            facts.name.clone(),
            SealNode {
                facts: facts.clone(),
                folder: target.folder.clone(),
                format: format_of(node),
                pii: node.pii,
                salts: keys.salts_of(&prepared.config, &facts.name),
            },
        );
    }
    let wanted = nodes.keys().map(|name| format!("'{name}'")).collect::<Vec<_>>().join(", ");
    let write = ShardWrite {
        nodes: Arc::new(nodes),
        counts: Arc::new(routed.counts.clone()),
        decider: Arc::clone(&prepared.decider),
    };
    let sql = format!("{SEAL} WHERE p.node IN ({wanted})");
    let rows = engine.context().sql(&sql).await.map_err(&failed)?.into_unoptimized_plan();
    let plan = apply(Arc::new(write), rows).map_err(&failed)?;
    let found = engine.run(Stage { name: "seal", plan, independent: false }).await.map_err(&failed)?;
    let mut shards = Vec::with_capacity(found.len());
    for row in found {
        shards.push(row.read::<SealedShard>().map_err(|error| RunError::Books(error.to_string()))?);
    }
    shards.sort_by(|a, b| (&a.node, &a.path).cmp(&(&b.node, &b.path)));
    Ok(shards)
}

fn format_of(node: &NodeConfig) -> ShardFormat {
    match node.shards.format {
        config::ShardFormat::Parquet => ShardFormat::Parquet,
        config::ShardFormat::JsonlZst => ShardFormat::JsonlZst,
    }
}

fn manifest(
    prepared: &Prepared,
    routed: &Routed,
    inputs: &[InputDigest],
    name: &str,
    target: &Target,
    shards: &[&SealedShard],
    keys: &Keys,
) -> Result<Manifest, RunError> {
    let config = &prepared.config;
    let node = &config.nodes[name];
    let facts = prepared.nodes.iter().find(|facts| facts.name == name).cloned();
    let facts = facts.ok_or_else(|| RunError::Books(format!("node {name} is not known to the policies")))?;
    let rows: u64 = shards.iter().map(|shard| shard.file.rows).sum();
    let records: u64 = inputs.iter().map(|input| input.records).sum();
    let books = books(name, routed, rows, records)?;

    let mut policies = Vec::new();
    for (file, text) in &prepared.policy_files {
        policies.push(write_file(target, &format!("policies/{file}"), text.as_bytes())?);
    }
    policies.push(write_file(target, "policies/kilim.cedarschema", policy_schema::SCHEMA.as_bytes())?);
    policies.sort_by(|a, b| a.path.cmp(&b.path));
    let decisions = decisions(routed, name, shards)?;
    let tuples: Vec<&Tuple> = decisions.iter().map(|row| &row.attributes).collect();
    let residency = residency(&prepared.policies, &facts, config.runs_at.as_str(), &tuples)
        .map_err(|error| RunError::Books(error.to_string()))?;
    let mut lines = Vec::new();
    write_rows(&decisions, &mut lines).map_err(|error| RunError::Books(error.to_string()))?;
    let decisions = write_file(target, DECISIONS_FILE, &lines)?;
    let salts = write_file(target, SALTS_FILE, &keys.salts_of(config, name).to_bytes())?;
    let salts = ManifestSalts { path: salts.path, sha256: salts.sha256, secret: keys.salts.is_secret() };

    let mut languages: BTreeMap<String, u64> = BTreeMap::new();
    for shard in shards {
        *languages.entry(shard.lang.clone()).or_default() += shard.file.rows;
    }
    let at_home = facts.jurisdiction == config.runs_at.as_str();
    Ok(Manifest {
        manifest_version: MANIFEST_VERSION,
        engine: ENGINE.to_owned(),
        corpus: config.corpus.to_string(),
        node: ManifestNode {
            languages: node.languages.iter().map(ToString::to_string).collect(),
            facts,
            pii: node.pii.map(|pii| manifest_pii(pii, min_confidence(config), shards)),
        },
        as_of: config.as_of.to_string(),
        random_seed: config.random_seed,
        runs_at: config.runs_at.to_string(),
        run_kind: if at_home { "local" } else { "shared" }.to_owned(),
        config_digest: config::digest_for_node(config, name).unwrap_or_default(),
        policies,
        policies_digest: prepared.policies.digest(),
        models: prepared.named_digests(),
        seeds_digest: prepared.seeds_digest.clone(),
        sources: config
            .sources
            .iter()
            .map(|(name, source)| (name.to_string(), manifest_source(source)))
            .collect(),
        inputs: inputs.to_vec(),
        books,
        records,
        rows,
        text_chars: shards.iter().map(|shard| shard.text_chars).sum(),
        languages,
        decisions,
        salts,
        residency,
        about: config.about.clone(),
        papers: Vec::new(),
        shards: shards.iter().map(|shard| manifest_shard(shard)).collect(),
        removed: None,
    })
}

fn min_confidence(config: &CorpusConfig) -> f32 {
    let detect = config.steps.iter().find_map(|step| match &step.kind {
        StepKind::DetectPii(detect) => detect.min_confidence,
        _ => None,
    });
    detect.unwrap_or(0.0)
}

fn manifest_pii(profile: Profile, min_confidence: f32, shards: &[&SealedShard]) -> ManifestPii {
    let treatment =
        Kind::ALL.iter().map(|kind| (kind.as_str().to_owned(), profile.of(*kind).as_str().to_owned()));
    let mut masked = BTreeMap::new();
    for (kind, count) in shards.iter().flat_map(|shard| &shard.masked) {
        *masked.entry(kind.clone()).or_default() += count;
    }
    ManifestPii { treatment: treatment.collect(), min_confidence, masked }
}

fn manifest_source(source: &SourceConfig) -> ManifestSource {
    let kind = match source {
        SourceConfig::Warc(_) => "warc",
        SourceConfig::Documents(_) => "documents",
        SourceConfig::Seeds(_) => "seeds",
    };
    let crawl = source.files().and_then(|(_, crawl)| crawl).map(str::to_owned);
    ManifestSource { kind: kind.to_owned(), crawl, steward: source.steward().map(str::to_owned) }
}

pub(super) fn manifest_shard(shard: &SealedShard) -> ManifestShard {
    ManifestShard {
        path: shard.path.clone(),
        lang: shard.lang.clone(),
        bytes: shard.file.bytes,
        sha256: shard.file.sha256.clone(),
        rows: shard.file.rows,
        text_chars: shard.text_chars,
        columns: shard
            .file
            .columns
            .iter()
            .map(|column| (column.column.clone(), column.sha256.clone()))
            .collect(),
        merkle_root: shard.merkle_root.clone(),
    }
}

/// The node's books: rows it may have are those it keeps and the copies it does not. They must sum to the records.
fn books(name: &str, routed: &Routed, rows: u64, records: u64) -> Result<BTreeMap<String, u64>, RunError> {
    let mut books = routed.books.get(name).cloned().unwrap_or_default();
    let may = books.remove("may").unwrap_or(0);
    let copies = may.checked_sub(rows).ok_or_else(|| {
        RunError::Books(format!("node {name} may have {may} documents and its shards hold {rows}"))
    })?;
    books.insert("sharded".to_owned(), rows);
    books.insert("duplicate".to_owned(), copies);
    let total: u64 = books.values().sum();
    if total != records {
        return Err(RunError::Books(format!("node {name}: {records} records went in, {total} came out")));
    }
    books.retain(|_, count| *count > 0);
    Ok(books)
}

/// What was decided about the rows that the node has, with their numbers.
fn decisions(routed: &Routed, name: &str, shards: &[&SealedShard]) -> Result<Vec<DecisionRow>, RunError> {
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for shard in shards {
        for (id, rows) in &shard.decisions {
            *counts.entry(id.clone()).or_default() += rows;
        }
    }
    let mut rows = routed.routing.decisions.rows_to_publish(name).unwrap_or_default();
    rows.retain_mut(|row| match counts.remove(&row.id.to_string()) {
        Some(count) => {
            row.count = count;
            true
        }
        None => false,
    });
    if let Some((id, _)) = counts.pop_first() {
        return Err(RunError::Books(format!("node {name} has rows of decision {id}, which was not taken")));
    }
    Ok(rows)
}
