//! `kilim audit`: decisions taken again, and proofs of single documents.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use anyhow::{Context, Result};
use kilim::audit::{Replayed, prove, replay_folder, replay_work_dir};
use kilim::proof::inclusion::check_signature;
use kilim::proof::{ENVELOPE_FILE, Proof, PublicKey};
use kilim::run::{RunError, work_dir_of};
use kilim_connectors::store::{Location, Stores};

use crate::Exit;
use crate::args::{AuditCommand, CheckArgs, ProveArgs, ReplayArgs};
use crate::cmd_verify::newest_of_nodes;
use crate::work::count;
use crate::{cmd_run, work};

pub(crate) fn run(path: &Path, command: &AuditCommand) -> Result<Exit> {
    match command {
        AuditCommand::Replay(args) => replay(path, args),
        AuditCommand::Prove(args) => prove_document(path, args),
        AuditCommand::Check(args) => check(args),
    }
}

fn here(place: &str) -> Result<Location> {
    Ok(Location::parse(place, &std::env::current_dir()?).map_err(RunError::from)?)
}

fn replay(path: &Path, args: &ReplayArgs) -> Result<Exit> {
    let all = cmd_run::runtime(cmd_run::processors())?.block_on(async {
        let mut all = Vec::new();
        if args.places.is_empty() {
            let loaded = work::read_config(path)?;
            all.push(replay_work_dir(&work_dir_of(&loaded)).await?);
        }
        let (stores, scratch) = (Stores::new(), tempfile::tempdir()?);
        for place in &args.places {
            all.push(replay_folder(&stores, &here(place)?, scratch.path()).await?);
        }
        Ok::<_, anyhow::Error>(all)
    })?;
    let text = if args.json { format!("{:#}\n", serde_json::to_value(&all)?) } else { told(&all) };
    std::io::stdout().lock().write_all(text.as_bytes())?;
    Ok(if all.iter().all(|found| found.findings.is_empty()) { Exit::Done } else { Exit::Findings })
}

fn told(all: &[Replayed]) -> String {
    let mut out = String::new();
    for found in all {
        for finding in &found.findings {
            let _ = writeln!(out, "{}/{} {}", found.place, finding.file, finding.problem);
        }
        for note in &found.notes {
            let _ = writeln!(out, "note: {}/{} {}", found.place, note.file, note.problem);
        }
        let verdict = match found.findings.len() {
            0 => "all agree".to_owned(),
            1 => "1 finding".to_owned(),
            more => format!("{more} findings"),
        };
        let of = if found.nodes.len() == 1 { "node" } else { "nodes" };
        let _ = writeln!(
            out,
            "{of} {} at {}: {} decisions about {} documents taken again; {verdict}",
            found.nodes.join(", "),
            found.place,
            count(found.decisions),
            count(found.documents),
        );
    }
    out
}

fn prove_document(path: &Path, args: &ProveArgs) -> Result<Exit> {
    let found = cmd_run::runtime(cmd_run::processors())?.block_on(async {
        let (stores, scratch) = (Stores::new(), tempfile::tempdir()?);
        let places = match &args.place {
            Some(place) => vec![here(place)?],
            None => newest_of_nodes(&work::read_config(path)?, &stores)
                .await?
                .into_iter()
                .map(|(_, place)| place)
                .collect(),
        };
        let mut found = Vec::new();
        for place in places {
            if let Some(proof) = prove(&stores, &place, &args.doc, scratch.path()).await? {
                found.push((place, proof));
            }
        }
        Ok::<_, anyhow::Error>(found)
    })?;
    let proof = match found.as_slice() {
        [(_, proof)] => proof,
        [] => {
            let problem = format!("no shard there holds a document {}", args.doc);
            let hint = "`kilim inspect doc ID` says what became of a document";
            return Err(RunError::refused(problem, hint).into());
        }
        several => {
            let places: Vec<&str> = several.iter().map(|(place, _)| place.name()).collect();
            let problem = format!("more than one node holds document {}", args.doc);
            return Err(
                RunError::refused(problem, format!("name one folder: {}", places.join(" or "))).into()
            );
        }
    };
    match &args.out {
        None => std::io::stdout().lock().write_all(&proof.to_bytes())?,
        Some(path) => {
            std::fs::write(path, proof.to_bytes())
                .with_context(|| format!("cannot write {}", path.display()))?;
            let mut out = std::io::stdout().lock();
            writeln!(
                out,
                "{} proves that document {} is row {} of {}",
                path.display(),
                proof.leaf.id,
                proof.row,
                proof.shard
            )?;
        }
    }
    Ok(Exit::Done)
}

fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

fn check(args: &CheckArgs) -> Result<Exit> {
    let key = args.key.as_deref().map(PublicKey::read).transpose().map_err(RunError::from)?;
    let manifest = read(&args.manifest)?;
    let mut out = std::io::stdout().lock();
    let proof = match Proof::from_bytes(&read(&args.proof)?) {
        Ok(proof) => proof,
        Err(error) => {
            writeln!(out, "{}: {error}", args.proof.display())?;
            return Ok(Exit::Findings);
        }
    };
    let mut problems = proof.check(&manifest);
    if let Some(key) = &key {
        let envelope = args.manifest.with_file_name(ENVELOPE_FILE);
        let problem = match std::fs::read(&envelope) {
            Ok(bytes) => check_signature(&bytes, &manifest, key),
            Err(error) => Some(format!("cannot be read: {error}")),
        };
        problems.extend(problem.map(|problem| format!("{} {problem}", envelope.display())));
    }
    for problem in &problems {
        writeln!(out, "{}: {problem}", args.proof.display())?;
    }
    if problems.is_empty() {
        let signed = match &key {
            Some(key) => format!("the manifest is signed by key {}", key.id()),
            None => "whether the manifest is signed was not asked".to_owned(),
        };
        let Proof { leaf, row, shard, node, corpus, .. } = &proof;
        writeln!(
            out,
            "document {} is row {row} of {shard} of node {node}, corpus {corpus}; it rests on decision {}; {signed}",
            leaf.id, leaf.decision
        )?;
    }
    Ok(if problems.is_empty() { Exit::Done } else { Exit::Findings })
}
