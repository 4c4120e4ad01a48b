//! `kilim explain`: what a run would do.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::displayable;
use kilim::config::{Loaded, SourceConfig};
use kilim::engine::Embedded;
use kilim::ingest::Progress;
use kilim::run::in_memory::hold_stages;
use kilim::run::{Prepared, RunError, ingest_plan, prepare, prepare_rules, work_dir_of};

use crate::Exit;
use crate::args::ExplainArgs;
use crate::work::{count, table};
use crate::{cmd_run, show, work};

/// Splits shown in the plan of stage 1; all have the same one.
const SHOWN_SPLITS: usize = 2;

pub(crate) fn run(path: &Path, args: &ExplainArgs) -> Result<Exit> {
    let loaded = cmd_run::load(path, args.node.as_deref())?;
    let text = cmd_run::runtime(cmd_run::processors())?.block_on(explain(&loaded, args))?;
    std::io::stdout().lock().write_all(text.as_bytes())?;
    Ok(Exit::Done)
}

async fn explain(loaded: &Loaded, args: &ExplainArgs) -> Result<String> {
    let node = args.node.as_deref();
    let (prepared, unreachable) = match prepare(loaded, node).await {
        Ok(prepared) => (prepared, None),
        Err(error @ RunError::Store(_)) => (prepare_rules(loaded, node)?, Some(error)),
        Err(error) => return Err(error.into()),
    };
    let config = &prepared.config;
    let mut out = String::new();
    let _ = writeln!(out, "corpus {}, as of {}, runs at {}", config.corpus, config.as_of, config.runs_at);
    let _ = writeln!(out, "work directory {}", work_dir_of(loaded).root().display());
    sources(&mut out, &prepared, unreachable.as_ref());
    steps(&mut out, &prepared)?;
    nodes(&mut out, &prepared);
    let _ = writeln!(out, "\nPolicies");
    for rule in prepared.policies.rules() {
        let _ = writeln!(out, "  {}: {}", rule.id, rule.because);
    }
    plans(&mut out, loaded, &prepared, args.physical).await?;
    Ok(out)
}

fn sources(out: &mut String, prepared: &Prepared, unreachable: Option<&RunError>) {
    let _ = writeln!(out, "\nSources");
    let mut seeds: BTreeMap<&str, u64> = BTreeMap::new();
    for seed in &prepared.seeds {
        *seeds.entry(&seed.source).or_default() += 1;
    }
    let splits: BTreeMap<&str, u64> = prepared.splits.iter().fold(BTreeMap::new(), |mut splits, split| {
        *splits.entry(split.input.as_str()).or_default() += 1;
        splits
    });
    let mut rows = Vec::new();
    for (name, source) in &prepared.config.sources {
        match source {
            SourceConfig::Seeds(list) => {
                let number = seeds.get(name.as_str()).copied().unwrap_or(0);
                let what = list.file.display().to_string();
                rows.push(vec![name.to_string(), what, format!("{} seeds", count(number)), String::new()]);
            }
            SourceConfig::Warc(_) | SourceConfig::Documents(_) => {
                for input in prepared.inputs.iter().filter(|input| input.source == name.as_str()) {
                    let file = input.file.location.name();
                    let number = splits.get(file).copied().unwrap_or(0);
                    let word = if number == 1 { "split" } else { "splits" };
                    let bytes = show::human_bytes(input.file.size);
                    rows.push(vec![
                        name.to_string(),
                        file.to_owned(),
                        bytes,
                        format!("{} {word}", count(number)),
                    ]);
                }
            }
        }
    }
    out.push_str(&table(&["source", "input", "size", "read in"], &[2, 3], &rows));
    if let Some(error) = unreachable {
        let _ = writeln!(out, "  The crawl files cannot be looked up now: {error}");
    }
}

fn steps(out: &mut String, prepared: &Prepared) -> Result<()> {
    let _ = writeln!(out, "\nSteps");
    for step in &prepared.config.steps {
        let values = serde_json::to_value(step)?;
        let fields = values.get(step.kind.name()).cloned().unwrap_or_default();
        let looks_at = if step.kind.is_corpus() { "dedup stage" } else { "ingest stage" };
        let name = if step.id.as_str() == step.kind.name() {
            step.kind.name().to_owned()
        } else {
            format!("{} ({})", step.id, step.kind.name())
        };
        let _ = writeln!(out, "  {name}: {looks_at}, version {}", step.kind.version());
        for (field, value) in fields.as_object().into_iter().flatten() {
            let _ = writeln!(out, "      {field}: {value}");
        }
    }
    for model in &prepared.named_digests() {
        let _ = writeln!(out, "  model of {}: blake3 {}", model.name, model.blake3);
    }
    Ok(())
}

fn nodes(out: &mut String, prepared: &Prepared) {
    let _ = writeln!(out, "\nNodes");
    for (node, facts) in prepared.config.nodes.values().zip(&prepared.nodes) {
        let joined = |words: Vec<String>| wrapped(&words.join(", "));
        let _ = writeln!(out, "  {}: under the law of {}, {}", facts.name, facts.jurisdiction, facts.mode);
        let _ = writeln!(out, "      accepts {}", joined(facts.accepts.iter().cloned().collect()));
        let _ = writeln!(
            out,
            "      asks for {}",
            joined(node.languages.iter().map(ToString::to_string).collect())
        );
        let _ = writeln!(
            out,
            "      shards at {}, up to {} of text each",
            node.shards.url, node.shards.max_bytes
        );
    }
}

/// A list in lines of at most 90 characters, the later ones indented.
fn wrapped(list: &str) -> String {
    let mut out = String::new();
    let mut width = 0;
    for word in list.split(' ') {
        if width + word.len() > 80 {
            out.push_str("\n         ");
            width = 0;
        }
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
        width += word.len() + 1;
    }
    out
}

async fn plans(out: &mut String, loaded: &Loaded, prepared: &Prepared, physical: bool) -> Result<()> {
    let engine = work::query_engine()?;
    let shown = &prepared.splits[..prepared.splits.len().min(SHOWN_SPLITS)];
    let ingest = ingest_plan(prepared, &work_dir_of(loaded), shown, &Arc::new(Progress::default()))
        .map_err(RunError::stage("ingest"))?;
    plan(out, &engine, "Stage ingest", &ingest, physical).await?;
    for made in hold_stages(engine.context(), prepared, Vec::new()).await? {
        plan(out, &engine, &format!("Stage {}: table {}", made.stage, made.name), &made.plan, physical)
            .await?;
    }
    Ok(())
}

async fn plan(
    out: &mut String,
    engine: &Embedded,
    title: &str,
    plan: &LogicalPlan,
    physical: bool,
) -> Result<()> {
    let failed = RunError::stage("explain");
    let optimised = engine.context().state().optimize(plan).map_err(&failed)?;
    let _ = writeln!(out, "\n{title}\n{}", indented(&optimised.display_indent().to_string()));
    if physical {
        let found = engine.physical(plan).await.map_err(&failed)?;
        let shown = displayable(found.as_ref()).indent(false).to_string();
        let _ = writeln!(out, "\n  as it is run\n{}", indented(shown.trim_end()));
    }
    Ok(())
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
}
