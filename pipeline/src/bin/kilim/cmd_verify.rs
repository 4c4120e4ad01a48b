//! `kilim verify`: shards read again.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use anyhow::Result;
use kilim::config::Loaded;
use kilim::ledger::{Ledger, LedgerNode};
use kilim::proof::PublicKey;
use kilim::run::{RunError, newest_version, work_dir_of};
use kilim::seal::MANIFEST_FILE;
use kilim::verify::{Signed, Verified, verify_signed};
use kilim_connectors::store::{Location, Stores};

use crate::Exit;
use crate::args::VerifyArgs;
use crate::work::count;
use crate::{cmd_run, show, work};

pub(crate) fn run(path: &Path, args: &VerifyArgs) -> Result<Exit> {
    let key = args.key.as_deref().map(PublicKey::read).transpose().map_err(RunError::from)?;
    let all = cmd_run::runtime(cmd_run::processors())?.block_on(async {
        let stores = Stores::new();
        let scratch = tempfile::tempdir()?;
        if args.places.is_empty() {
            return of_config(path, &stores, scratch.path(), key.as_ref()).await;
        }
        let here = std::env::current_dir()?;
        let mut all = Vec::new();
        for place in &args.places {
            let place = Location::parse(place, &here).map_err(RunError::from)?;
            all.push(verify_signed(&stores, &place, scratch.path(), key.as_ref()).await?);
        }
        Ok::<_, anyhow::Error>(all)
    })?;
    let text = if args.json { format!("{:#}\n", serde_json::to_value(&all)?) } else { told(&all) };
    std::io::stdout().lock().write_all(text.as_bytes())?;
    Ok(if all.iter().all(|found| found.findings.is_empty()) { Exit::Done } else { Exit::Findings })
}

/// The newest version of every node of a config, by its name.
pub(crate) async fn newest_of_nodes(loaded: &Loaded, stores: &Stores) -> Result<Vec<(String, Location)>> {
    let mut all = Vec::new();
    for (name, node) in &loaded.config.nodes {
        let root = Location::parse(&node.shards.url, &loaded.base_dir).map_err(RunError::from)?;
        let Some(newest) = newest_version(stores, &root).await? else {
            let problem = format!("node {name} has no version at {}", root.name());
            return Err(RunError::refused(problem, "`kilim run` with this config makes one").into());
        };
        all.push((name.to_string(), newest.place));
    }
    Ok(all)
}

/// The newest version of every node of the config, and what the ledger remembers of it.
async fn of_config(
    path: &Path,
    stores: &Stores,
    scratch: &Path,
    key: Option<&PublicKey>,
) -> Result<Vec<Verified>> {
    let loaded = work::read_config(path)?;
    let ledger = Ledger::read(&work_dir_of(&loaded)).ok();
    let mut all = Vec::new();
    for (name, newest) in newest_of_nodes(&loaded, stores).await? {
        let mut found = verify_signed(stores, &newest, scratch, key).await?;
        if found.node.as_deref().is_some_and(|node| node != name) {
            found.find(MANIFEST_FILE, format!("is of another node than {name}"));
        }
        let known = ledger.iter().flat_map(|ledger| &ledger.nodes).find(|node| node.node == name);
        match known {
            Some(known) => compare(known, &newest, &mut found),
            None => tell_unknown(&name),
        }
        all.push(found);
    }
    Ok(all)
}

fn compare(known: &LedgerNode, newest: &Location, found: &mut Verified) {
    if known.url != newest.url().as_str() {
        found.find(MANIFEST_FILE, "is not the one of the last run in work_dir: the newest folder is another");
    } else if known.manifest_sha256 != found.manifest_sha256 {
        let problem =
            format!("sha256 is {}, the ledger says {}", found.manifest_sha256, known.manifest_sha256);
        found.find(MANIFEST_FILE, problem);
    }
}

#[expect(clippy::print_stderr, reason = "for people")]
fn tell_unknown(node: &str) {
    eprintln!("no ledger of a finished run names node {node}: its manifest is compared with nothing");
}

fn told(all: &[Verified]) -> String {
    let mut out = String::new();
    for found in all {
        let node =
            found.node.as_ref().map_or_else(|| "unknown node".to_owned(), |node| format!("node {node}"));
        for finding in &found.findings {
            let _ = writeln!(out, "{}/{} {}", found.place, finding.file, finding.problem);
        }
        for note in &found.notes {
            let _ = writeln!(out, "note: {}/{} {}", found.place, note.file, note.problem);
        }
        let verdict = match found.findings.len() {
            0 => "verified".to_owned(),
            1 => "1 finding".to_owned(),
            more => format!("{more} findings"),
        };
        let _ = writeln!(
            out,
            "{node} at {}: {verdict}; {} shards, {} rows, {}, {} decisions taken again; {}",
            found.place,
            count(found.shards),
            count(found.rows),
            show::human_bytes(found.bytes),
            count(found.decisions),
            signed(&found.signed),
        );
    }
    out
}

fn signed(signed: &Signed) -> String {
    match signed {
        Signed::No => "unsigned".to_owned(),
        Signed::BySomeone { key } => {
            format!("signed by key {}, compared with none of yours (--key)", show::short_key(key))
        }
        Signed::ByKey { key } => format!("signed by your key {}", show::short_key(key)),
        Signed::Broken => "its signature does not hold".to_owned(),
    }
}
