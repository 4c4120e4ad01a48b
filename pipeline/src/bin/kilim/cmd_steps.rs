//! `kilim steps` and `kilim schema`: the reference that follows from the types.

use std::io::Write as _;

use anyhow::Result;
use kilim::config::{schema_json, step_page, steps_markdown};
use kilim::run::RunError;
use kilim::steps::STEPS;

use crate::Exit;
use crate::args::StepsArgs;
use crate::work::table;

pub(crate) fn run(args: &StepsArgs) -> Result<Exit> {
    let text = match &args.name {
        Some(name) => {
            step_page(name).map_err(|problem| RunError::refused(problem, "`kilim steps` lists them all"))?
        }
        None if args.markdown => steps_markdown(),
        None => list(),
    };
    std::io::stdout().lock().write_all(text.as_bytes())?;
    Ok(Exit::Done)
}

fn list() -> String {
    let rows: Vec<Vec<String>> = STEPS
        .iter()
        .map(|step| {
            let looks_at = if step.corpus { "all documents" } else { "one document" };
            vec![step.name.to_owned(), looks_at.to_owned(), step.summary().to_owned()]
        })
        .collect();
    let list = table(&["step", "looks at", "what it does"], &[], &rows);
    format!("{list}\n`kilim steps NAME` shows a step with its fields.\n")
}

pub(crate) fn schema() -> Result<Exit> {
    std::io::stdout().lock().write_all(schema_json().as_bytes())?;
    Ok(Exit::Done)
}
