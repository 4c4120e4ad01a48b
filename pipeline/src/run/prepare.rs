//! Everything a run needs before it reads the first crawl byte: inputs, splits, seeds, policies, steps.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kilim_connectors::documents;
use kilim_connectors::seeds::{self, ImportOptions, Mode as SeedMode, SeedIndex, SeedRecord};
use kilim_connectors::store::{InputFile, Stores, expand_inputs};

use super::error::RunError;
use crate::config::{self, CorpusConfig, Loaded, Mode, SourceConfig, SourceName};
use crate::dedup::SketchSettings;
use crate::ingest::{DocumentSource, NamedStep, SourceFacts, Split};
use crate::optout::Honoured;
use crate::policy::{Action, Blocs, Decider, NodeFacts, Policies, SHIPPED_BLOCS};
use crate::removals::{self, Removals, RemovalsError};
use crate::seal::NamedDigest;
use crate::step::{Resources, StepError};
use crate::steps::StepKind;
use crate::steps::dedup_minhash::DedupMinhash;
use crate::steps::tag_optout::TagOptout;

/// Raised when stage 1 writes other rows for the same bytes and steps.
const INGEST_VERSION: u32 = 4;

/// Raised when `DocumentRead` gives other rows for the same bytes and fields.
const DOCUMENTS_VERSION: u32 = 1;

/// One crawl file, or file of documents, of the run.
#[derive(Debug, Clone)]
pub struct Input {
    /// The file.
    pub file: InputFile,
    /// Name of its source.
    pub source: String,
    /// Name of the crawl.
    pub crawl: Option<String>,
}

/// What a run works with.
pub struct Prepared {
    /// The config, limited to the nodes of this run.
    pub config: CorpusConfig,
    /// The folder that paths in the config are relative to.
    pub base_dir: PathBuf,
    /// Open stores.
    pub stores: Arc<Stores>,
    /// Crawl files, sorted by URL.
    pub inputs: Vec<Input>,
    /// Their splits, in order.
    pub splits: Vec<Split>,
    /// Seeds of all sources.
    pub seeds: Vec<SeedRecord>,
    /// Digest over the seeds; `None` without any.
    pub seeds_digest: Option<String>,
    /// Facts by source.
    pub sources: BTreeMap<String, SourceFacts>,
    /// How to read the sources that hold documents rather than crawl files.
    pub documents: Arc<BTreeMap<String, DocumentSource>>,
    /// Document steps.
    pub steps: Vec<NamedStep>,
    /// Whether `dedup_exact` is asked for.
    pub dedup: bool,
    /// What sketches are made like, if `dedup_minhash` is asked for.
    pub sketch: Option<SketchSettings>,
    /// Models and tables of the steps.
    pub models: Vec<NamedDigest>,
    /// Whose rules and which snapshot stage 3 honours, if `tag_optout` is asked for.
    pub optout: Option<Honoured>,
    /// The policies.
    pub policies: Arc<Policies>,
    /// Their files, (name, text), in the order of the config.
    pub policy_files: Vec<(String, String)>,
    /// The nodes of this run as policies see them, by name.
    pub nodes: Vec<NodeFacts>,
    /// Answers for these nodes and this place.
    pub decider: Arc<Decider>,
    /// Key of everything in stage 1 but the bytes of a split.
    pub ingest_key: String,
    /// What was asked to be taken down.
    pub removals: Arc<Removals>,
    /// The list of that, if there is one.
    pub removals_file: Option<PathBuf>,
}

/// Reads what the config names. Touches stores, but reads no crawl file.
pub async fn prepare(loaded: &Loaded, node: Option<&str>) -> Result<Prepared, RunError> {
    let config = limited(loaded, node)?;
    let stores = Arc::new(Stores::new());
    let inputs = find_inputs(&config, &loaded.base_dir, &stores).await?;
    prepare_with(config, &loaded.base_dir, stores, inputs)
}

/// As [`prepare`], without looking for crawl files: seeds, policies, nodes and steps. Touches no store.
pub fn prepare_rules(loaded: &Loaded, node: Option<&str>) -> Result<Prepared, RunError> {
    prepare_with(limited(loaded, node)?, &loaded.base_dir, Arc::new(Stores::new()), Vec::new())
}

/// The config with only `node`, if one is named.
fn limited(loaded: &Loaded, node: Option<&str>) -> Result<CorpusConfig, RunError> {
    let mut config = loaded.config.clone();
    if let Some(node) = node {
        config.nodes.retain(|name, _| name.as_str() == node);
        if config.nodes.is_empty() {
            return Err(RunError::refused(
                format!("the config has no node `{node}`"),
                format!("its nodes are {}", names(loaded.config.nodes.keys())),
            ));
        }
    }
    Ok(config)
}

fn prepare_with(
    config: CorpusConfig,
    base_dir: &Path,
    stores: Arc<Stores>,
    inputs: Vec<Input>,
) -> Result<Prepared, RunError> {
    let seeds = read_seeds(&config, base_dir)?;
    let seeds_digest = (!seeds.is_empty()).then(|| digest_seeds(&seeds));
    let policy_files = read_policies(&config, base_dir)?;
    let policies = Policies::load(&policy_files).map_err(|errors| RunError::Refused {
        problem: errors.to_string(),
        hint: Some("`kilim validate` shows where".to_owned()),
    })?;
    for warning in policies.warnings() {
        tracing::warn!("policies: {warning}");
    }
    let policies = Arc::new(policies);
    let nodes = node_facts(&config, base_dir)?;
    let decider = Decider::new(Arc::clone(&policies), nodes.clone(), &[config.runs_at.as_str()])
        .map_err(|error| RunError::Refused { problem: error.to_string(), hint: None })?;

    let resources = Resources::new(base_dir);
    let steps: Vec<NamedStep> = config
        .steps
        .iter()
        .filter(|step| !step.kind.is_corpus())
        .map(|step| NamedStep { id: Arc::from(step.id.as_str()), kind: step.kind.clone() })
        .collect();
    let dedup = config.steps.iter().any(|step| matches!(step.kind, StepKind::DedupExact(_)));
    let minhash = config.steps.iter().find_map(|step| match &step.kind {
        StepKind::DedupMinhash(minhash) => Some(minhash),
        _ => None,
    });
    let sketch = minhash.map(DedupMinhash::settings);
    let models = models(&steps, &resources)?;
    let optout = config.steps.iter().find_map(|step| match &step.kind {
        StepKind::TagOptout(optout) => Some((step, optout)),
        _ => None,
    });
    let optout = optout
        .map(|(step, optout)| {
            Honoured::of(optout, &resources).map_err(|error| not_ready(step.id.as_str(), &error))
        })
        .transpose()?;
    let sources = source_facts(&config);
    let ingest_key =
        ingest_key(&config, &steps, sketch, &models, seeds_digest.as_deref(), &sources, &policies);
    let splits = split(&config, &inputs, &ingest_key);
    let documents = Arc::new(document_sources(&config));
    let removals_path = removals_path(&config, base_dir);
    let removals = Removals::read(&removals_path).map_err(bad_removals)?;
    if removals.is_none() && config.removals.is_some() {
        return Err(RunError::refused(
            format!(
                "the removals list {} is missing: what was taken down would come back",
                removals_path.display()
            ),
            "put it back where the config looks for it; an empty file says that nothing was ever taken down",
        ));
    }
    Ok(Prepared {
        removals_file: removals.is_some().then_some(removals_path),
        removals: Arc::new(removals.unwrap_or_default()),
        base_dir: base_dir.to_owned(),
        stores,
        inputs,
        splits,
        seeds,
        seeds_digest,
        sources,
        documents,
        steps,
        dedup,
        sketch,
        models,
        optout,
        policies,
        policy_files,
        nodes,
        decider: Arc::new(decider),
        ingest_key,
        config,
    })
}

impl Prepared {
    /// The seeds, ready for look-ups.
    pub fn seed_index(&self) -> SeedIndex {
        SeedIndex::new(self.seeds.clone())
    }

    /// Digests of all files that the run reads besides crawls, seeds and policies.
    pub fn named_digests(&self) -> Vec<NamedDigest> {
        let snapshot = self.optout.as_ref().and_then(|optout| optout.snapshot.as_ref());
        let mut all = self.models.clone();
        all.extend(snapshot.map(|(_, digest)| digest.clone()));
        all.sort();
        all
    }

    /// Bytes of all inputs.
    pub fn input_bytes(&self) -> u64 {
        self.inputs.iter().map(|input| input.file.size).sum()
    }
}

fn names<'a, T: AsRef<str> + 'a>(names: impl Iterator<Item = &'a T>) -> String {
    names.map(AsRef::as_ref).collect::<Vec<_>>().join(", ")
}

async fn find_inputs(
    config: &CorpusConfig,
    base_dir: &Path,
    stores: &Stores,
) -> Result<Vec<Input>, RunError> {
    let mut found: BTreeMap<String, Input> = BTreeMap::new();
    for (name, source) in &config.sources {
        let Some((paths, crawl)) = source.files() else { continue };
        for file in expand_inputs(paths, base_dir, stores).await? {
            let url = file.location.url().to_string();
            if let Some(other) = found.get(&url) {
                if other.source != name.as_str() {
                    return Err(RunError::refused(
                        format!("{} is in two sources, {} and {name}", file.location.name(), other.source),
                        "a file has one source, since its claims come from there",
                    ));
                }
                continue;
            }
            found.insert(url, Input { file, source: name.to_string(), crawl: crawl.map(str::to_owned) });
        }
    }
    Ok(found.into_values().collect())
}

fn read_seeds(config: &CorpusConfig, base_dir: &Path) -> Result<Vec<SeedRecord>, RunError> {
    let mut all = Vec::new();
    for (name, source) in &config.sources {
        let SourceConfig::Seeds(source) = source else { continue };
        let options = ImportOptions {
            steward: source.steward.clone(),
            country_claims: source.country.as_set().iter().map(ToString::to_string).collect(),
            ..ImportOptions::new(name.as_str())
        };
        let imported = seeds::import::any(&base_dir.join(&source.file), &options)
            .map_err(|error| RunError::refused(error.to_string(), error.hint()))?;
        for issue in &imported.issues {
            tracing::warn!(file = issue.file, line = issue.line, "seed left out: {}", issue.problem);
        }
        for mut seed in imported.seeds {
            seed.mode = seed.mode.or_else(|| source.mode.map(seed_mode));
            seed.personal = seed.personal.or(source.personal);
            let labels: BTreeSet<String> = seed
                .community
                .iter()
                .cloned()
                .chain(source.community.iter().map(ToString::to_string))
                .collect();
            seed.community = labels.into_iter().collect();
            all.push(seed);
        }
    }
    all.sort();
    Ok(all)
}

fn seed_mode(mode: Mode) -> SeedMode {
    match mode {
        Mode::Open => SeedMode::Open,
        Mode::Restricted => SeedMode::Restricted,
        Mode::LocalOnly => SeedMode::LocalOnly,
        Mode::ParticipantPrivate => SeedMode::ParticipantPrivate,
    }
}

fn digest_seeds(seeds: &[SeedRecord]) -> String {
    let mut hasher = blake3::Hasher::new();
    for seed in seeds {
        let line = serde_json::to_string(seed).expect("a seed is text, lists and flags");
        hasher.update(line.as_bytes());
        hasher.update(b"\n");
    }
    hasher.finalize().to_hex().to_string()
}

/// The policy files of a config, (name, text), in its order.
pub fn read_policies(config: &CorpusConfig, base_dir: &Path) -> Result<Vec<(String, String)>, RunError> {
    let mut files = Vec::new();
    for path in &config.policies {
        let full = base_dir.join(path);
        let text = std::fs::read_to_string(&full).map_err(|source| RunError::Io {
            action: "read the policy",
            path: full.clone(),
            source,
        })?;
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        if files.iter().any(|(other, _)| *other == name) {
            return Err(RunError::refused(
                format!("two policy files are called {name}"),
                "they stand side by side in a manifest's folder: give each a name of its own",
            ));
        }
        files.push((name, text));
    }
    Ok(files)
}

/// Where the removals list of a config is, or would be.
pub fn removals_path(config: &CorpusConfig, base_dir: &Path) -> PathBuf {
    base_dir.join(config.removals.as_deref().unwrap_or(Path::new(removals::DEFAULT_FILE)))
}

/// A list that cannot be used.
pub(super) fn bad_removals(error: RemovalsError) -> RunError {
    match error {
        RemovalsError::Io { action: "write", path, source } => RunError::Io { action: "write", path, source },
        RemovalsError::Io { path, source, .. } => RunError::Io { action: "read", path, source },
        error @ RemovalsError::Lines { .. } => RunError::refused(
            error.to_string(),
            "each line is {\"kind\": …, \"value\": …, \"copies\": true, \"reason\": …, \"date\": …}, as `kilim takedown` \
             writes it; # begins a comment",
        ),
    }
}

/// The blocs of a config.
pub fn blocs(config: &CorpusConfig, base_dir: &Path) -> Result<Blocs, RunError> {
    let text = match &config.blocs {
        None => SHIPPED_BLOCS.to_owned(),
        Some(path) => {
            let full = base_dir.join(path);
            std::fs::read_to_string(&full).map_err(|source| RunError::Io {
                action: "read the blocs",
                path: full,
                source,
            })?
        }
    };
    Blocs::parse(&text).map_err(|error| RunError::Refused { problem: error.to_string(), hint: None })
}

/// The nodes of a config as policies see them.
pub fn node_facts(config: &CorpusConfig, base_dir: &Path) -> Result<Vec<NodeFacts>, RunError> {
    let blocs = blocs(config, base_dir)?;
    let facts = config.nodes.iter().map(|(name, node)| {
        let accepts: Vec<String> = node.accepts.iter().map(ToString::to_string).collect();
        NodeFacts {
            name: name.to_string(),
            jurisdiction: node.jurisdiction.to_string(),
            mode: node.mode.as_str().to_owned(),
            accepts: blocs.expand(&accepts, config.as_of),
        }
    });
    Ok(facts.collect())
}

fn models(steps: &[NamedStep], resources: &Resources) -> Result<Vec<NamedDigest>, RunError> {
    let mut found = BTreeSet::new();
    for step in steps {
        let digests = step.kind.digests(resources).map_err(|error| not_ready(&step.id, &error))?;
        found.extend(digests.into_iter().map(|(name, blake3)| NamedDigest { name, blake3 }));
    }
    Ok(found.into_iter().collect())
}

/// A step that could not be made ready, with its own hint where it has one.
fn not_ready(id: &str, error: &StepError) -> RunError {
    let problem = format!("step `{id}`: {error}");
    let hint = match error {
        StepError::Config { hint: Some(hint), .. } => Some(hint.clone()),
        _ if problem.contains("\nhint: ") => None,
        _ => Some("see `kilim steps` for its fields".to_owned()),
    };
    RunError::Refused { problem, hint }
}

/// The part of a step that stage 1 depends on: which snapshot is honoured is for stage 3.
fn in_ingest(step: &StepKind) -> StepKind {
    match step {
        StepKind::TagOptout(optout) => StepKind::TagOptout(TagOptout { snapshot: None, ..optout.clone() }),
        other => other.clone(),
    }
}

fn source_facts(config: &CorpusConfig) -> BTreeMap<String, SourceFacts> {
    let facts = config.sources.iter().filter(|(_, source)| source.files().is_some());
    facts
        .map(|(name, source)| {
            let facts = SourceFacts {
                mode: source.mode().unwrap_or(Mode::Open).as_str().to_owned(),
                steward: source.steward().map(str::to_owned),
                countries: source.countries().iter().map(ToString::to_string).collect(),
                personal: source.personal().unwrap_or(false),
                community: source.community().iter().map(ToString::to_string).collect(),
            };
            (name.to_string(), facts)
        })
        .collect()
}

/// A digest over labelled parts.
pub(super) fn key_of(parts: &[(&str, &str)]) -> String {
    let mut hasher = blake3::Hasher::new();
    for (label, value) in parts {
        for text in [label, value] {
            hasher.update(&(text.len() as u64).to_le_bytes());
            hasher.update(text.as_bytes());
        }
    }
    hex::encode(&hasher.finalize().as_bytes()[..16])
}

fn ingest_key(
    config: &CorpusConfig,
    steps: &[NamedStep],
    sketch: Option<SketchSettings>,
    models: &[NamedDigest],
    seeds_digest: Option<&str>,
    sources: &BTreeMap<String, SourceFacts>,
    policies: &Policies,
) -> String {
    let json = |value: serde_json::Result<String>| value.expect("configs are plain data");
    let steps: Vec<(String, u32, String)> = steps
        .iter()
        .map(|step| {
            (step.id.to_string(), step.kind.version(), json(serde_json::to_string(&in_ingest(&step.kind))))
        })
        .collect();
    key_of(&[
        ("version", &INGEST_VERSION.to_string()),
        ("steps", &json(serde_json::to_string(&steps))),
        ("sketch", &format!("{} {sketch:?}", DedupMinhash::VERSION)),
        ("models", &json(serde_json::to_string(models))),
        ("seeds", seeds_digest.unwrap_or_default()),
        ("sources", &format!("{sources:?}")),
        ("runs_at", config.runs_at.as_str()),
        ("process policies", &policies.digest_for(Action::Process)),
    ])
}

/// How the sources of documents are read.
fn document_sources(config: &CorpusConfig) -> BTreeMap<String, DocumentSource> {
    let read = |(name, source): (&SourceName, &SourceConfig)| {
        let SourceConfig::Documents(documents) = source else { return None };
        let format = match documents.format {
            config::DocumentFormat::Auto => None,
            config::DocumentFormat::Jsonl => Some(documents::DocumentFormat::Lines),
            config::DocumentFormat::Parquet => Some(documents::DocumentFormat::Parquet),
        };
        Some((name.to_string(), DocumentSource { format, fields: Arc::new(documents.fields.map()) }))
    };
    config.sources.iter().filter_map(read).collect()
}

/// What the rows of a file depend on besides its bytes and the steps; empty for crawl files.
fn reading_key(source: Option<&SourceConfig>) -> String {
    let Some(SourceConfig::Documents(documents)) = source else { return String::new() };
    let said = serde_json::to_string(&(documents.format, &documents.fields)).expect("names of fields");
    format!("{DOCUMENTS_VERSION} {said}")
}

/// Whether a file must be read from its start, so that splits of it would only be hashed. By its name: a file that hides
/// what it is gives the same rows, more slowly.
fn is_packed(source: Option<&SourceConfig>, name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let packed = [".gz", ".gzip", ".zst", ".zstd"].iter().any(|end| name.ends_with(end));
    packed && matches!(source, Some(SourceConfig::Documents(_)))
}

fn split(config: &CorpusConfig, inputs: &[Input], ingest_key: &str) -> Vec<Split> {
    let mut splits = Vec::new();
    for input in inputs {
        let file = &input.file;
        let source = config.sources.get(input.source.as_str());
        let reading = reading_key(source);
        let whole = is_packed(source, file.location.name());
        let split_bytes = if whole { file.size } else { config.split_bytes.bytes() };
        let mut offset = 0;
        loop {
            let length = split_bytes.min(file.size - offset);
            let (start, bytes, size) = (offset.to_string(), length.to_string(), file.size.to_string());
            let mut parts = vec![
                ("ingest", ingest_key),
                ("url", file.location.url().as_str()),
                ("identity", &file.identity),
                ("name", file.location.name()),
                ("source", &input.source),
                ("crawl", input.crawl.as_deref().unwrap_or_default()),
                ("bytes", &size),
                ("offset", &start),
                ("length", &bytes),
            ];
            if !reading.is_empty() {
                parts.push(("reading", &reading));
            }
            splits.push(Split {
                key: key_of(&parts),
                input: file.location.name().to_owned(),
                url: file.location.url().to_string(),
                offset,
                length,
                file_bytes: file.size,
                source: input.source.clone(),
                crawl: input.crawl.clone(),
            });
            offset += length;
            if offset >= file.size {
                break;
            }
        }
    }
    splits
}
