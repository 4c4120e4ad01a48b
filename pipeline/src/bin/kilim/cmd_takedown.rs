//! `kilim takedown`: documents out of shards and work directory, and kept away.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use anyhow::Result;
use kilim::config::Loaded;
use kilim::removals::{Kind, Request, Why};
use kilim::run::{NodeTakedown, RunError, Takedown, TakenDown, takedown};
use kilim_connectors::store::{Location, Stores};

use crate::Exit;
use crate::args::{Copies, OldVersions, ReasonName, TakedownArgs};
use crate::work::{count, table};
use crate::{cmd_run, show, work};

/// Lines of a file that are named where they are wrong.
const SHOWN_PROBLEMS: usize = 20;

pub(crate) fn run(path: &Path, args: &TakedownArgs) -> Result<Exit> {
    let mut loaded = work::read_config(path)?;
    if let Some(key) = &args.signing_key {
        loaded.config.keys.signing = Some(std::env::current_dir()?.join(key));
    }
    let asked = Takedown {
        requests: requests(&loaded, args)?,
        dry_run: args.dry_run,
        delete_old: args.old_versions == OldVersions::Delete,
    };
    let runtime = cmd_run::runtime(cmd_run::processors())?;
    let done = runtime.block_on(takedown(&loaded, &Stores::new(), &asked))?;
    std::io::stdout().lock().write_all(told(&done, &asked).as_bytes())?;
    warn(&done, &asked);
    Ok(if done.unmatched.is_empty() { Exit::Done } else { Exit::Findings })
}

/// What the command line asks for. All that is wrong with any of it is said at once, and then nothing is done.
fn requests(loaded: &Loaded, args: &TakedownArgs) -> Result<Vec<Request>> {
    let (mut requests, mut problems) = (Vec::new(), Vec::new());
    for (kind, values) in [(Kind::Doc, &args.doc), (Kind::Url, &args.url), (Kind::Host, &args.host)] {
        for given in values {
            for (place, value) in values_of(kind, given)? {
                match kind.spelled(&value) {
                    Ok(value) => requests.push(request(loaded, args, kind, value)),
                    Err(problem) => problems.push(format!("{place}{problem}")),
                }
            }
        }
    }
    if problems.is_empty() {
        let mut seen = BTreeSet::new();
        requests.retain(|request| seen.insert(request.id()));
        return Ok(requests);
    }
    let more = problems.len().saturating_sub(SHOWN_PROBLEMS);
    problems.truncate(SHOWN_PROBLEMS);
    if more > 0 {
        problems.push(format!("and {more} more"));
    }
    let hint = "nothing was done; --doc takes ids of 32 hex digits, --url addresses, --host names of hosts, or a file of such";
    Err(RunError::refused(problems.join("\n"), hint).into())
}

fn request(loaded: &Loaded, args: &TakedownArgs, kind: Kind, value: String) -> Request {
    // A mirror that asks to be left alone does not speak for those whom it mirrors.
    let copies = args.copies.map_or(kind != Kind::Host, |copies| copies == Copies::Remove);
    let reason = match args.reason {
        Some(ReasonName::Takedown) => Why::Takedown,
        Some(ReasonName::Erasure) => Why::Erasure,
        Some(ReasonName::Legal) => Why::Legal,
        Some(ReasonName::Community) => Why::Community,
        Some(ReasonName::License) => Why::License,
        Some(ReasonName::Optout) => Why::Optout,
        Some(ReasonName::Other) | None => Why::Other,
    };
    let date = args.date.unwrap_or(loaded.config.as_of);
    Request { kind, value, copies, reason, note: args.note.clone(), date }
}

/// The values in what was given, each with words that say where it stands: a file's, or the given one.
fn values_of(kind: Kind, given: &str) -> Result<Vec<(String, String)>> {
    let path = Path::new(given);
    if !path.is_file() {
        return Ok(vec![(String::new(), given.to_owned())]);
    }
    let io = |source| RunError::Io { action: "read", path: path.to_owned(), source };
    let text = std::fs::read_to_string(path).map_err(io)?;
    let header = text.lines().next().unwrap_or_default();
    if kind == Kind::Doc && header.split(',').any(|name| name.trim() == "doc_id") {
        return csv_values(path, &text);
    }
    let lines = text.lines().enumerate().map(|(number, line)| (number, line.trim()));
    let lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    Ok(lines.map(|(number, line)| (place(path, number as u64 + 1), line.to_owned())).collect())
}

/// The column `doc_id` of a CSV file.
fn csv_values(path: &Path, text: &str) -> Result<Vec<(String, String)>> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let column = reader.headers()?.iter().position(|name| name.trim() == "doc_id").unwrap_or(0);
    let mut values = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| {
            RunError::refused(
                format!("{}: {error}", path.display()),
                "`kilim optout delta --format csv` writes such a file",
            )
        })?;
        let line = record.position().map_or(0, csv::Position::line);
        values.push((place(path, line), record.get(column).unwrap_or_default().to_owned()));
    }
    Ok(values)
}

fn place(path: &Path, line: u64) -> String {
    format!("{}:{line}: ", path.display())
}

/// The last part of a version's place.
fn version(place: &Location) -> String {
    place.name().rsplit('/').next().unwrap_or(place.name()).to_owned()
}

fn told(done: &TakenDown, asked: &Takedown) -> String {
    let rows: Vec<Vec<String>> = done.nodes.iter().map(row).collect();
    let header = ["node", "version", "new version", "shards rewritten", "shards kept", "rows removed"];
    let mut out = table(&header, &[3, 4, 5], &rows);
    out.push('\n');
    let new = done.added.len() as u64;
    let list = done.list.display();
    let _ = writeln!(
        out,
        "requests: {}, {} of them new in {list}",
        count(asked.requests.len() as u64),
        count(new)
    );
    let work = if asked.dry_run { "would lose" } else { "lost" };
    match (done.work_rows, asked.dry_run) {
        (None, _) => out.push_str("there is no work directory\n"),
        (Some(rows), true) => {
            let _ = writeln!(
                out,
                "{} rows of the work directory {work} their text, or have lost it",
                count(rows)
            );
        }
        (Some(_), false) => {
            let _ = writeln!(
                out,
                "{} rows in {} files of the work directory {work} their text",
                count(done.purged.rows),
                count(done.purged.splits)
            );
            if done.purged.rows > 0 {
                out.push_str("`kilim resume` makes its tables anew; it reads nothing again\n");
            }
        }
    }
    for request in &done.unmatched {
        let _ = writeln!(
            out,
            "nothing has the {} {}; it is in the list all the same",
            request.kind, request.value
        );
    }
    if asked.dry_run {
        out.push_str("a dry run: nothing was done\n");
    }
    out
}

fn row(node: &NodeTakedown) -> Vec<String> {
    let signed =
        node.signed_by.as_ref().map_or_else(String::new, |key| format!(" (key {})", show::short_key(key)));
    vec![
        node.node.clone(),
        node.from.as_ref().map_or_else(|| "none".to_owned(), version),
        node.to.as_ref().map_or_else(|| "as it is".to_owned(), |to| format!("{}{signed}", version(to))),
        count(node.rewritten),
        count(node.kept),
        count(node.rows),
    ]
}

/// What a steward must still see to.
#[expect(clippy::print_stderr, reason = "for people")]
fn warn(done: &TakenDown, asked: &Takedown) {
    for node in &done.nodes {
        if node.was_signed && node.to.is_some() && node.signed_by.is_none() && !asked.dry_run {
            eprintln!(
                "warning: node {}: the version before was signed, and the new one is not; `kilim run` with a key signs it",
                node.node
            );
        }
        for old in &node.old {
            let (rows, shards) = (count(old.rows), old.shards.len());
            let place = old.place.name();
            if old.deleted {
                eprintln!(
                    "node {}: {shards} shards of {place} with {rows} such rows were removed",
                    node.node
                );
            } else {
                eprintln!(
                    "warning: node {}: {place} still holds {rows} of these documents, in {shards} shards: {}",
                    node.node,
                    old.shards.join(", ")
                );
            }
        }
    }
    if done.nodes.iter().flat_map(|node| &node.old).any(|old| !old.deleted) {
        eprintln!(
            "hint: --old-versions delete removes these shards; copies that others have taken are theirs to remove"
        );
    }
}
