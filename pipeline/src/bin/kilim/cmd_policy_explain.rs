//! `kilim policy explain`: the rules that decided about a document, and the evidence below them.

use std::io::Write as _;
use std::path::Path;

use anyhow::Result;
use kilim::evidence::{Attribute, attributes};
use kilim::life::Life;
use kilim::run::RunError;
use serde_json::json;

use crate::args::PolicyExplainArgs;
use crate::cmd_inspect::field;
use crate::cmd_inspect_doc::{decisions, find, line};
use crate::work::{self, Work, wrapped};
use crate::{Exit, cmd_run};

pub(crate) fn run(path: &Path, args: &PolicyExplainArgs) -> Result<Exit> {
    let text = cmd_run::runtime(cmd_run::processors())?.block_on(explain(path, args))?;
    std::io::stdout().lock().write_all(text.as_bytes())?;
    Ok(Exit::Done)
}

async fn explain(path: &Path, args: &PolicyExplainArgs) -> Result<String> {
    let work = work::open(path).await?;
    let (prepared, lives) = find(&work, &args.id).await?;
    if let Some(node) = &args.node
        && !prepared.nodes.iter().any(|known| known.name == *node)
    {
        let names: Vec<&str> = prepared.nodes.iter().map(|node| node.name.as_str()).collect();
        let hint = format!("its nodes are {}", names.join(", "));
        return Err(RunError::refused(format!("the config has no node `{node}`"), hint).into());
    }
    let mut told = Vec::new();
    let mut values = Vec::new();
    for life in &lives {
        let attributes =
            attributes(work.context(), life, &prepared).await.map_err(RunError::stage("explain"))?;
        if args.json {
            let node = args.node.as_ref();
            let decided: Vec<_> =
                life.decisions.iter().filter(|answer| node.is_none_or(|node| answer.node == *node)).collect();
            values.push(json!({
                "doc_id": field(&life.document, "doc_id"),
                "outcome": field(&life.document, "outcome"),
                "undecided": life.undecided,
                "tuple": life.tuple,
                "attributes": attributes,
                "process": life.process,
                "decisions": decided,
            }));
        } else {
            told.push(in_words(life, &attributes, &work, args));
        }
    }
    Ok(if args.json { format!("{:#}\n", serde_json::Value::from(values)) } else { told.join("\n") })
}

fn in_words(life: &Life, attributes: &[Attribute], work: &Work, args: &PolicyExplainArgs) -> String {
    let row = &life.document;
    let mut out = format!("document {}: {}\n", field(row, "doc_id"), field(row, "outcome"));
    if row.get("url").is_some() {
        line(&mut out, "url", &field(row, "url"));
    }
    for attribute in attributes {
        let first = format!("{} = ", attribute.name);
        wrapped(&mut out, &first, 4, &attribute.value);
        for evidence in &attribute.evidence {
            wrapped(&mut out, "    ", 6, evidence);
        }
    }
    decisions(&mut out, life, work, args.node.as_deref());
    out
}
