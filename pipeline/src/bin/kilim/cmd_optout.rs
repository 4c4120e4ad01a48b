//! `kilim optout`: snapshots of what hosts reserve, and what a newer one takes away.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Result;
use kilim::optout::delta::{Removal, origins, removals};
use kilim::optout::gather::gather;
use kilim::optout::join::Hosts;
use kilim::optout::snapshot::{self, Builder, SnapshotError};
use kilim::run::{RunError, prepare_rules};
use kilim_connectors::robots::AgentList;
use kilim_connectors::store::{Stores, expand_inputs};

use crate::Exit;
use crate::args::{OptoutCommand, OptoutDeltaArgs, OptoutSnapshotArgs, SqlFormat};
use crate::work::{self, Work, table};
use crate::{cmd_inspect, cmd_run};

pub(crate) fn run(config: &Path, command: &OptoutCommand) -> Result<Exit> {
    let text = cmd_run::runtime(cmd_run::processors())?.block_on(async {
        match command {
            OptoutCommand::Snapshot(args) => snapshot_of(args).await,
            OptoutCommand::Delta(args) => delta(&work::open(config).await?, args).await,
        }
    })?;
    std::io::stdout().lock().write_all(text.as_bytes())?;
    Ok(Exit::Done)
}

fn refused(error: &SnapshotError) -> RunError {
    let hint = match error {
        SnapshotError::Exists { .. } => "a snapshot never changes: give the new one another name",
        SnapshotError::Other { .. } | SnapshotError::Shard(_) => {
            "`kilim optout snapshot --out FILE WARC...` makes one"
        }
    };
    RunError::refused(error.to_string(), hint)
}

async fn snapshot_of(args: &OptoutSnapshotArgs) -> Result<String> {
    if args.out.exists() {
        return Err(refused(&SnapshotError::Exists { path: args.out.clone() }).into());
    }
    let list = match &args.list {
        None => AgentList::shipped(),
        Some(path) => {
            let text = std::fs::read_to_string(path).map_err(|source| RunError::Io {
                action: "read the list of agents",
                path: path.clone(),
                source,
            })?;
            let list = AgentList::parse(&text);
            let hint = "its lines are token,operator,purpose, below `# list,VERSION`";
            Arc::new(list.map_err(|error| RunError::refused(error.to_string(), hint))?)
        }
    };
    // Its last millisecond, in UTC.
    let end = |date: jiff::civil::Date| format!("{date}T23:59:59.999Z").parse::<jiff::Timestamp>();
    let until = args.date.map(end).transpose()?.map(jiff::Timestamp::as_millisecond);
    let mut builder = Builder::new(&list, &args.agents, until);
    let stores = Arc::new(Stores::new());
    let here = std::env::current_dir()?;
    let inputs = expand_inputs(&args.inputs, &here, &stores).await.map_err(RunError::from)?;
    let read = gather(&stores, &here, &inputs, &mut builder).await.map_err(RunError::stage("snapshot"))?;
    let date = args.date.map(|date| date.to_string());
    let (header, file) = builder.write(&args.out, date.as_deref()).map_err(|error| refused(&error))?;
    let mut out = format!(
        "{}: {} rules of {} files of hosts, as of {}, sha256 {}\n",
        args.out.display(),
        work::count(file.rows),
        work::count(header.files),
        header.date,
        file.sha256
    );
    let _ = writeln!(
        out,
        "read {} records in {} crawl files, {} of them files of hosts, {} broken",
        work::count(read.records),
        inputs.len(),
        work::count(read.answers),
        work::count(read.broken)
    );
    Ok(out)
}

async fn delta(work: &Work, args: &OptoutDeltaArgs) -> Result<String> {
    let failed = RunError::stage("optout delta");
    let prepared = prepare_rules(&work.loaded, None)?;
    let Some(honoured) = &prepared.optout else {
        let hint = "add `- tag_optout: {}` to its steps";
        return Err(RunError::refused("the config does not honour reservations", hint).into());
    };
    if let Some((path, _)) = &honoured.snapshot
        && same_file(path, &args.new)
    {
        tracing::warn!("the config honours the newer snapshot already");
    }
    let asked = origins(work.context()).await.map_err(&failed)?;
    let hosts = |path: &PathBuf| {
        snapshot::read(path, &honoured.tokens, |origin| asked.contains(origin))
            .map(Hosts::of_snapshot)
            .map_err(|error| refused(&error))
    };
    let (old, new) = (hosts(&args.old)?, hosts(&args.new)?);
    let found = removals(work.context(), &prepared.decider, &old, &new).await.map_err(&failed)?;
    let rows: Vec<Listed> = found.into_iter().map(|removal| Listed::of(removal, work)).collect();
    match args.format {
        SqlFormat::Json => Ok(format!("{:#}\n", serde_json::to_value(&rows)?)),
        SqlFormat::Csv => {
            let mut writer = csv::Writer::from_writer(Vec::new());
            writer.write_record(Listed::COLUMNS)?;
            for row in &rows {
                writer.write_record(row.fields())?;
            }
            Ok(String::from_utf8(writer.into_inner()?)?)
        }
        SqlFormat::Table => Ok(told(&rows)),
    }
}

fn same_file(a: &Path, b: &Path) -> bool {
    matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
}

/// A removal, with the file of its shard.
#[derive(serde::Serialize)]
struct Listed {
    node: String,
    shard: String,
    shard_row: i64,
    doc_id: String,
    url: String,
    signal: String,
    agent: String,
    raw: String,
    source_url: String,
    observed_at: Option<String>,
    sha256: String,
}

impl Listed {
    const COLUMNS: [&str; 11] = [
        "node",
        "shard",
        "shard_row",
        "doc_id",
        "url",
        "signal",
        "agent",
        "raw",
        "source_url",
        "observed_at",
        "sha256",
    ];

    fn of(removal: Removal, work: &Work) -> Self {
        let time = removal.observed_at.and_then(|time| jiff::Timestamp::from_millisecond(time).ok());
        let shard = cmd_inspect::shard_path(work, &removal.node, &removal.lang, &removal.shard.into());
        Self {
            shard,
            node: removal.node,
            shard_row: removal.shard_row,
            doc_id: removal.doc_id,
            url: removal.url,
            signal: removal.signal,
            agent: removal.agent,
            raw: removal.raw,
            source_url: removal.source_url,
            observed_at: time.map(|time| time.to_string()),
            sha256: removal.sha256,
        }
    }

    fn fields(&self) -> [String; 11] {
        [
            self.node.clone(),
            self.shard.clone(),
            self.shard_row.to_string(),
            self.doc_id.clone(),
            self.url.clone(),
            self.signal.clone(),
            self.agent.clone(),
            self.raw.clone(),
            self.source_url.clone(),
            self.observed_at.clone().unwrap_or_default(),
            self.sha256.clone(),
        ]
    }
}

fn told(rows: &[Listed]) -> String {
    let lines: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            let by = format!("{} {}", row.signal, row.raw);
            vec![
                row.node.clone(),
                row.shard.clone(),
                row.shard_row.to_string(),
                row.doc_id.chars().take(8).collect(),
                row.url.clone(),
                by.chars().take(60).collect(),
            ]
        })
        .collect();
    let mut out = table(&["node", "shard", "row", "id", "url", "now reserved by"], &[2], &lines);
    let mut shards: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for row in rows {
        *shards.entry((&row.node, &row.shard)).or_default() += 1;
    }
    let documents: std::collections::BTreeSet<&str> = rows.iter().map(|row| row.doc_id.as_str()).collect();
    let _ = writeln!(
        out,
        "\n{} documents in {} shards; --format csv has them in full",
        documents.len(),
        shards.len()
    );
    out
}
