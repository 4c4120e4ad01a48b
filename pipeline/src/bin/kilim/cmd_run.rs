//! `kilim run` and `kilim resume`.

use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use kilim::config::Loaded;
use kilim::document::Outcome;
use kilim::ingest::Progress;
use kilim::run::{Finished, RunError, RunOptions, Until, run as run_corpus};

use crate::Exit;
use crate::args::{RunArgs, StageName};
use crate::show::{self, Reporter};

/// Reads a config for a run, as `validate` does; all its mistakes are shown at once.
pub(crate) fn load(path: &Path, node: Option<&str>) -> Result<Loaded> {
    let report = kilim::validate::read_config(path, node);
    match report.loaded {
        Some(loaded) => Ok(loaded),
        None => Err(RunError::Config(Box::new(report.diagnostics)).into()),
    }
}

/// The runtime of a command: `threads` workers for documents.
pub(crate) fn runtime(threads: usize) -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .enable_all()
        .build()
        .context("cannot start worker threads")
}

/// Processors of this machine.
pub(crate) fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

pub(crate) fn run(path: &Path, args: &RunArgs) -> Result<Exit> {
    let mut loaded = load(path, args.node.as_deref())?;
    let here = std::env::current_dir()?;
    let keys = &mut loaded.config.keys;
    for (given, configured) in [(&args.signing_key, &mut keys.signing), (&args.salts, &mut keys.salts)] {
        if let Some(file) = given {
            *configured = Some(here.join(file));
        }
    }
    let threads = args.threads.map_or_else(processors, usize::from);
    let options = RunOptions {
        threads,
        memory: usize::try_from(args.memory.bytes()).unwrap_or(usize::MAX),
        node: args.node.clone(),
        until: match args.until {
            Some(StageName::Ingest) => Until::Ingest,
            Some(StageName::Dedup) => Until::Dedup,
            Some(StageName::Route) => Until::Route,
            Some(StageName::Seal) | None => Until::Seal,
        },
        done: match args.from {
            Some(StageName::Ingest) | None => None,
            Some(StageName::Dedup) => Some(Until::Ingest),
            Some(StageName::Route) => Some(Until::Dedup),
            Some(StageName::Seal) => Some(Until::Route),
        },
    };
    let progress = Arc::new(Progress::default());
    let reporter = Reporter::new(Arc::clone(&progress), args.no_progress);
    let finished = runtime(threads)?.block_on(async {
        tokio::select! {
            finished = run_corpus(&loaded, &options, &progress, &reporter) => finished.map(Some),
            _ = tokio::signal::ctrl_c() => Ok(None),
        }
    });
    reporter.finish();
    let Some(finished) = finished? else {
        show_interrupted();
        return Ok(Exit::Interrupted);
    };
    tell(&finished)?;
    Ok(exit_of(&finished))
}

#[expect(clippy::print_stderr, reason = "for people")]
fn show_interrupted() {
    eprintln!("interrupted; `kilim resume` goes on from here");
}

fn exit_of(finished: &Finished) -> Exit {
    if finished.checks.iter().any(|check| check.fails) {
        return Exit::Findings;
    }
    if finished.over_budget.is_some() { Exit::OverBudget } else { Exit::Done }
}

/// Where the shards are, and the funnel.
fn tell(finished: &Finished) -> Result<()> {
    let mut out = std::io::stdout().lock();
    if !finished.outcomes.is_empty() {
        writeln!(out, "{:>9} records", finished.records)?;
        for outcome in Outcome::ALL {
            let count = finished.outcomes.get(&outcome).copied().unwrap_or(0);
            writeln!(out, "{count:>9} {outcome}")?;
        }
    }
    for node in &finished.nodes {
        let manifest = &node.manifest;
        let already = if node.written { "" } else { " (already there)" };
        let signed = node
            .signed_by
            .as_ref()
            .map_or_else(|| "unsigned".to_owned(), |key| format!("signed by key {}", show::short_key(key)));
        writeln!(
            out,
            "node {}: {} documents in {} languages, {} shards at {}{already}, {signed}",
            node.node,
            manifest.rows,
            manifest.languages.len(),
            manifest.shards.len(),
            place(node),
        )?;
    }
    for check in &finished.checks {
        let verdict = match (check.rows, check.fails) {
            (0, _) => "holds".to_owned(),
            (rows, true) => format!("FAILS on {rows} rows"),
            (rows, false) => format!("warns about {rows} rows"),
        };
        writeln!(out, "check \"{}\" {verdict}", check.name)?;
        if !check.sample.is_empty() {
            writeln!(out, "{}", check.sample)?;
        }
    }
    if finished.after_as_of > 0 {
        writeln!(
            out,
            "{} records say that they were fetched after as_of: a clock is wrong, or as_of is too early",
            finished.after_as_of
        )?;
    }
    if let Some(share) = finished.over_budget {
        writeln!(
            out,
            "{:.2} % of the records are broken, more than max_broken allows; `kilim inspect rejects` shows them",
            100.0 * share
        )?;
    }
    writeln!(out, "work directory: {}", finished.work_dir.display())?;
    Ok(())
}

fn place(node: &kilim::run::NodeDone) -> String {
    node.place.local_path().map_or_else(|| node.place.name().to_owned(), |path| path.display().to_string())
}
