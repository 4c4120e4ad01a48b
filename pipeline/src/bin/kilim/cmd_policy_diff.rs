//! `kilim policy diff`: what other policies would change about the last run.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use anyhow::Result;
use kilim::change::{ChangedDocument, Changes, compare, documents};
use kilim::policy::check::Opening;
use kilim::run::{prepare_rules, work_dir_of};
use serde_json::json;

use crate::args::PolicyDiffArgs;
use crate::work::{self, count, table, wrapped};
use crate::{Exit, cmd_policy, cmd_run};

pub(crate) fn run(path: &Path, args: &PolicyDiffArgs) -> Result<Exit> {
    let (text, changes) = cmd_run::runtime(cmd_run::processors())?.block_on(diff(path, args))?;
    std::io::stdout().lock().write_all(text.as_bytes())?;
    let opens = changes.openings.as_ref().is_none_or(|openings| !openings.is_empty());
    let changed = changes.documents[1] > 0 || opens || changes.process_differs;
    Ok(if changed { Exit::Findings } else { Exit::Done })
}

async fn diff(path: &Path, args: &PolicyDiffArgs) -> Result<(String, Changes)> {
    let work = work::open(path).await?;
    let (old, new) =
        (cmd_policy::named(&work.loaded, &args.old)?, cmd_policy::named(&work.loaded, &args.new)?);
    let prepared = prepare_rules(&work.loaded, None)?;
    let folder = work_dir_of(&work.loaded).root().join(&work.ledger.route_folder);
    let scratch = tempfile::tempdir()?;
    let changes = compare(work.context(), &prepared, &folder, [&old, &new], scratch.path()).await?;
    let listed = if args.docs { documents(work.context()).await? } else { Vec::new() };
    let text = if args.json {
        format!("{:#}\n", json!({ "changes": changes, "documents": args.docs.then_some(&listed) }))
    } else {
        told(args, &changes, &listed)
    };
    Ok((text, changes))
}

fn told(args: &PolicyDiffArgs, changes: &Changes, listed: &[ChangedDocument]) -> String {
    let mut out = String::new();
    for (name, digest) in [&args.old, &args.new].into_iter().zip(&changes.digests) {
        let _ = writeln!(out, "{}  {name}", &digest[..16]);
    }
    out.push('\n');
    let rows: Vec<Vec<String>> = changes
        .nodes
        .iter()
        .map(|(node, change)| {
            let opens = changes.openings.iter().flatten().any(|opening| opening.node == *node);
            let word = if opens { "WIDER" } else { "" };
            let numbers = [change.before, change.after, change.gained, change.lost].map(count);
            [node.clone()].into_iter().chain(numbers).chain([word.to_owned()]).collect()
        })
        .collect();
    out.push_str(&table(&["node", "old", "new", "gains", "loses", ""], &[1, 2, 3, 4], &rows));
    if !changes.rows.is_empty() {
        let rows: Vec<Vec<String>> = changes
            .rows
            .iter()
            .map(|row| {
                let numbers = [row.gained, row.lost].map(count);
                [row.node.clone(), row.lang.clone(), countries(&row.jurisdictions)]
                    .into_iter()
                    .chain(numbers)
                    .collect()
            })
            .collect();
        out.push('\n');
        out.push_str(&table(&["node", "language", "jurisdictions", "gains", "loses"], &[3, 4], &rows));
        out.push('\n');
        for reason in &changes.reasons {
            let what = format!("{} {} {}: ", reason.node, reason.change, count(reason.documents));
            wrapped(&mut out, &what, 6, &reason.text);
        }
    }
    if !listed.is_empty() {
        let rows: Vec<Vec<String>> = listed
            .iter()
            .map(|document| {
                let ChangedDocument { node, change, doc_id, lang, jurisdictions, .. } = document.clone();
                vec![node, change, doc_id, lang, jurisdictions]
            })
            .collect();
        out.push('\n');
        out.push_str(&table(&["node", "change", "document", "language", "jurisdictions"], &[], &rows));
    }
    out.push('\n');
    match &changes.openings {
        None => wrapped(
            &mut out,
            "",
            2,
            "Whether the new policies allow more was not looked at beyond this run: the rules tell too many kinds of documents apart.",
        ),
        Some(openings) => {
            for (nodes, text) in grouped(openings) {
                let at = if nodes.len() == 1 { "node" } else { "nodes" };
                wrapped(&mut out, &format!("WIDER at {at} {}: ", nodes.join(", ")), 2, &text);
            }
            if openings.is_empty() {
                out.push_str("No node may have a document that it might not have before.\n");
            }
        }
    }
    if changes.process_differs {
        wrapped(
            &mut out,
            "",
            2,
            "The rules on `process` differ: what may be worked on here changes with the next run, which this comparison cannot see.",
        );
    }
    let [decided, changed] = changes.documents;
    let _ = writeln!(out, "{} of {} documents change.", count(changed), count(decided));
    out
}

/// What became possible, and at which nodes.
fn grouped(openings: &[Opening]) -> Vec<(Vec<&str>, String)> {
    let join = |rules: &BTreeSet<String>| rules.iter().cloned().collect::<Vec<_>>().join(", ");
    let mut told: Vec<(Vec<&str>, String)> = Vec::new();
    for opening in openings {
        let document: Vec<String> =
            opening.document.iter().map(|(name, value)| format!("{name} {value}")).collect();
        let before = if opening.was_forbidden_by.is_empty() {
            "permitted by no rule".to_owned()
        } else {
            format!("forbidden by {}", join(&opening.was_forbidden_by))
        };
        let text = format!(
            "such a document may go there now ({}). It was {before}; it is permitted by {}.",
            document.join(", "),
            join(&opening.permitted_by)
        );
        match told.iter_mut().find(|(_, known)| *known == text) {
            Some((nodes, _)) => nodes.push(&opening.node),
            None => told.push((vec![&opening.node], text)),
        }
    }
    told
}

fn countries(set: &BTreeSet<String>) -> String {
    if set.is_empty() { "none".to_owned() } else { set.iter().cloned().collect::<Vec<_>>().join("+") }
}
