//! Runs stages 2 and 3: copies, decisions, placements, outcomes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use datafusion::common::Result as PlanResult;

use super::error::RunError;
use super::prepare::{Prepared, key_of};
use super::tables::{materialise, register, register_rows, table_path};
use super::thinned::textless;
use crate::engine::Embedded;
use crate::ingest::SplitDone;
use crate::optout::Honoured;
use crate::policy::{DecisionTable, MAX_TUPLES};
use crate::route::{self, Asked, Routing, ShardCounts};
use crate::work_dir::{STAGE_DONE, WorkDir, read_json, write_json};
use crate::{dedup, functions, optout};

/// Raised when stage 2 gives other clusters for the same rows.
pub(super) const DEDUP_VERSION: u32 = 2;
/// Raised when stage 3 gives other routes for the same rows, clusters and policies.
pub(super) const ROUTE_VERSION: u32 = 5;
/// The last file of a stage's folder: it is whole.
const DONE: &str = STAGE_DONE;

/// Where the tables of stages 2 and 3 are, and what was decided.
pub(super) struct Routed {
    /// Folder of stage 2.
    pub dedup_folder: PathBuf,
    /// Folder of stage 3.
    pub route_folder: PathBuf,
    /// Decisions and languages.
    pub routing: Arc<Routing>,
    /// Shards of each node and language.
    pub counts: ShardCounts,
    /// Each node's books.
    pub books: BTreeMap<String, BTreeMap<String, u64>>,
}

/// How stage 3 ended.
pub(super) enum RouteStage {
    /// Everything that has a place has a text.
    Done(Box<Routed>),
    /// These splits have documents with a place and without their text: nothing was committed.
    Textless(BTreeSet<String>),
}

/// What [`DONE`] holds for stage 3.
#[derive(serde::Serialize, serde::Deserialize)]
struct RouteDone {
    counts: Vec<(String, String, u64)>,
    books: BTreeMap<String, BTreeMap<String, u64>>,
}

/// Stage 2. Registers `rows`, `rows_keyed`, `clusters`, `repeats` and `near`.
pub(super) async fn find_copies(
    prepared: &Prepared,
    engine: &Embedded,
    work_dir: &WorkDir,
    splits: &[SplitDone],
    must_stand: bool,
) -> Result<(PathBuf, String), RunError> {
    let failed = RunError::stage("dedup");
    let keys: Vec<&str> = splits.iter().map(|split| split.key.as_str()).collect();
    let (version, keys, removed) = (DEDUP_VERSION.to_string(), keys.join(" "), removed(splits));
    let mut parts = vec![("dedup", version.as_str()), ("splits", &keys)];
    parts.extend((!removed.is_empty()).then_some(("removed", removed.as_str())));
    let key = key_of(&parts);
    let folder = work_dir.stage(&key);
    refuse_missing("dedup", &folder, must_stand)?;
    let work = async {
        let context = engine.context();
        register_functions(engine);
        register_rows(context, &work_dir.documents(), splits).await?;
        if folder.join(DONE).exists() {
            for name in ["revisits", "clusters", "repeats", "near"] {
                register(context, name, &table_path(&folder, name)).await?;
            }
            return dedup::register_rows_keyed(context).await;
        }
        std::fs::create_dir_all(&folder)?;
        materialise(context, &folder, "revisits", dedup::revisits(context).await?).await?;
        dedup::register_rows_keyed(context).await?;
        materialise(context, &folder, "clusters", dedup::clusters(context).await?).await?;
        materialise(context, &folder, "repeats", dedup::repeats(context).await?).await?;
        match prepared.sketch {
            Some(_) => dedup::near::materialise_near(context, &folder).await,
            None => materialise(context, &folder, "near", dedup::near::none(context).await?).await,
        }
    };
    work.await.map_err(failed)?;
    if !folder.join(DONE).exists() {
        write_json(&folder.join(DONE), &true)?;
    }
    Ok((folder, key))
}

/// The requests that took texts out of the rows of `splits`. Which rows these are follows from them and from the splits, so
/// they stand for them in keys; a request that names nothing of a corpus changes no key.
pub(super) fn removed(splits: &[SplitDone]) -> String {
    let all: BTreeSet<&str> = splits.iter().flat_map(|split| &split.removed).map(String::as_str).collect();
    all.into_iter().collect::<Vec<_>>().join(" ")
}

fn register_functions(engine: &Embedded) {
    for function in functions::of_every_session() {
        engine.context().register_udf(function);
    }
}

/// Stage 3. Registers `facts`, `placed`, `placements` and `routes`.
pub(super) async fn route(
    prepared: &Prepared,
    engine: &Embedded,
    work_dir: &WorkDir,
    dedup_folder: PathBuf,
    dedup_key: &str,
    splits: &[SplitDone],
    must_stand: bool,
) -> Result<RouteStage, RunError> {
    let failed = RunError::stage("route");
    let key = route_key(prepared, dedup_key);
    let folder = work_dir.stage(&key);
    refuse_missing("route", &folder, must_stand)?;
    std::fs::create_dir_all(&folder).map_err(|error| failed(error.into()))?;
    let context = engine.context();
    let done: Option<RouteDone> = read_json(&folder.join(DONE));

    if done.is_some() {
        register(context, "facts", &table_path(&folder, "facts")).await.map_err(&failed)?;
    } else {
        let optouts = optout::join::materialise(context, &folder, prepared.optout.as_ref());
        optouts.await.map_err(&failed)?;
        let facts = route::facts(context).await.map_err(&failed)?;
        materialise(context, &folder, "facts", facts).await.map_err(&failed)?;
    }
    let tuples = route::tuples(context).await.map_err(&failed)?;
    let snapshot = prepared.optout.as_ref().and_then(|optout| optout.snapshot.as_ref());
    let decisions = DecisionTable::build(&prepared.decider, tuples, MAX_TUPLES)
        .map_err(|error| RunError::Refused { problem: error.to_string(), hint: None })?
        .with_optout_snapshot(snapshot.map(|(_, digest)| digest.blake3.clone()));
    let asked = prepared.config.nodes.values().map(Asked::of).collect();
    let routing = Arc::new(Routing { decisions, asked });
    if let Some(done) = done {
        for name in ["placements", "routes"] {
            register(context, name, &table_path(&folder, name)).await.map_err(&failed)?;
        }
        let textless = textless(context, "placements", splits, &key).await.map_err(&failed)?;
        if !textless.is_empty() {
            return Ok(RouteStage::Textless(textless));
        }
        let counts = done.counts.into_iter().map(|(node, lang, count)| ((node, lang), count)).collect();
        let routed = Routed { dedup_folder, route_folder: folder, routing, counts, books: done.books };
        return Ok(RouteStage::Done(Box::new(routed)));
    }

    let work = async {
        route::register_placed(context, &routing, prepared.dedup, prepared.config.random_seed).await?;
        let placed = context.table("placed").await?;
        materialise(context, &folder, "placed", placed).await?;
        let textless = textless(context, "placed", splits, &key).await?;
        if !textless.is_empty() {
            return PlanResult::Ok(Err(textless));
        }
        let max_bytes = prepared
            .config
            .nodes
            .iter()
            .map(|(name, node)| (name.to_string(), node.shards.max_bytes.bytes()))
            .collect();
        let counts = route::shard_counts(context, &max_bytes).await?;
        let placements = route::placements(context, &counts).await?;
        materialise(context, &folder, "placements", placements).await?;
        materialise(context, &folder, "routes", route::routes(context).await?).await?;
        let mut books = BTreeMap::new();
        for name in prepared.config.nodes.keys() {
            books.insert(name.to_string(), route::node_books(context, name.as_str()).await?);
        }
        PlanResult::Ok(Ok((counts, books)))
    };
    let (counts, books) = match work.await.map_err(&failed)? {
        Ok(found) => found,
        Err(textless) => return Ok(RouteStage::Textless(textless)),
    };
    let done = RouteDone {
        counts: counts.iter().map(|((node, lang), count)| (node.clone(), lang.clone(), *count)).collect(),
        books: books.clone(),
    };
    write_json(&folder.join(DONE), &done)?;
    let routed = Routed { dedup_folder, route_folder: folder, routing, counts, books };
    Ok(RouteStage::Done(Box::new(routed)))
}

/// Refuses a run that is to begin after `stage`, if that has no commit in `folder`.
fn refuse_missing(stage: &str, folder: &Path, must_stand: bool) -> Result<(), RunError> {
    if !must_stand || folder.join(DONE).exists() {
        return Ok(());
    }
    Err(RunError::refused(
        format!("the {stage} stage has no commit under the current keys: it has to run first"),
        "leave out --from, or name an earlier stage; other inputs, steps, policies or nodes give other keys",
    ))
}

fn route_key(prepared: &Prepared, dedup_key: &str) -> String {
    let config = &prepared.config;
    let nodes: Vec<String> = config
        .nodes
        .iter()
        .zip(&prepared.nodes)
        .map(|((name, node), facts)| {
            let (languages, pii) = (&node.languages, &node.pii);
            format!("{name} {facts:?} {languages:?} {pii:?} {}", node.shards.max_bytes.bytes())
        })
        .collect();
    key_of(&[
        ("route", &ROUTE_VERSION.to_string()),
        ("dedup", dedup_key),
        ("dedup_exact", if prepared.dedup { "yes" } else { "no" }),
        ("optout", &prepared.optout.as_ref().map_or_else(String::new, Honoured::key)),
        ("policies", &prepared.policies.digest()),
        ("nodes", &nodes.join("\n")),
        ("seed", &config.random_seed.to_string()),
    ])
}
