//! `kilim inspect`: the shards and the rejects; one document is in `cmd_inspect_doc`.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use anyhow::Result;
use kilim::life::json_rows;
use kilim::run::RunError;
use serde_json::Value;

use crate::args::{InspectCommand, InspectRejectsArgs, InspectShardsArgs};
use crate::work::{self, Work, count, table};
use crate::{Exit, cmd_inspect_doc, cmd_run, show};

pub(crate) fn run(path: &Path, command: &InspectCommand) -> Result<Exit> {
    let text = cmd_run::runtime(cmd_run::processors())?.block_on(async {
        let work = work::open(path).await?;
        match command {
            InspectCommand::Doc(args) => cmd_inspect_doc::doc(&work, args).await,
            InspectCommand::Shards(args) => shards(&work, args).await,
            InspectCommand::Rejects(args) => rejects(&work, args).await,
        }
    })?;
    std::io::stdout().lock().write_all(text.as_bytes())?;
    Ok(Exit::Done)
}

/// A value without quotes.
pub(crate) fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

pub(crate) fn field(value: &Value, name: &str) -> String {
    value.get(name).map(plain).unwrap_or_default()
}

pub(crate) fn items<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    value.get(name).and_then(Value::as_array).into_iter().flatten()
}

/// Where a record stands. What shares a packed file, a member or a row group with others is told by a second number.
pub(crate) fn place(row: &Value) -> String {
    let place = format!("{} at byte {}", field(row, "input"), field(row, "warc_offset"));
    match row.get("inner_offset").and_then(Value::as_u64) {
        None | Some(0) => place,
        Some(inner) => format!("{place}, {inner} inside"),
    }
}

/// The file of a shard by its number among those of its node and language.
pub(crate) fn shard_path(work: &Work, node: &str, lang: &str, number: &Value) -> String {
    let found = work.ledger.nodes.iter().find(|known| known.node == node).and_then(|known| {
        let start = format!("data/{lang}/train-{:05}-of-", number.as_u64()?);
        Some((known, known.shards.iter().find(|shard| shard.path.starts_with(&start))?))
    });
    found.map_or_else(
        || format!("shard {number} of {lang}"),
        |(known, shard)| {
            let version = known.url.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
            format!("{version}/{}", shard.path)
        },
    )
}

async fn shards(work: &Work, args: &InspectShardsArgs) -> Result<String> {
    let sql = "SELECT node, lang, path, rows, text_chars, bytes, sha256 FROM shards ORDER BY node, path";
    let found = json_rows(work.context(), sql).await.map_err(RunError::stage("inspect"))?;
    if args.json {
        return Ok(format!("{:#}\n", Value::from(found)));
    }
    let number = |row: &Value, name: &str| row.get(name).and_then(Value::as_u64).unwrap_or(0);
    let rows: Vec<Vec<String>> = found
        .iter()
        .map(|row| {
            vec![
                field(row, "node"),
                field(row, "path"),
                count(number(row, "rows")),
                count(number(row, "text_chars")),
                show::human_bytes(number(row, "bytes")),
                field(row, "sha256").chars().take(12).collect(),
            ]
        })
        .collect();
    let mut out = String::new();
    for node in &work.ledger.nodes {
        let place = url::Url::parse(&node.url).ok().and_then(|url| url.to_file_path().ok());
        let place = place.map_or_else(|| node.url.clone(), |path| path.display().to_string());
        let _ = writeln!(out, "node {} at {place}", node.node);
    }
    out.push('\n');
    out.push_str(&table(&["node", "shard", "rows", "chars", "bytes", "sha256"], &[2, 3, 4], &rows));
    Ok(out)
}

async fn rejects(work: &Work, args: &InspectRejectsArgs) -> Result<String> {
    let failed = RunError::stage("inspect");
    let step = match &args.step {
        Some(step) => format!("AND step = '{}'", step.replace('\'', "''")),
        None => String::new(),
    };
    let all = format!(
        "(SELECT doc_id, input, warc_offset, inner_offset, url, lang, outcome, reason['step'] AS step,
            reason['code'] AS code, reason['detail'] AS detail
         FROM (SELECT doc_id, input, warc_offset, inner_offset, url, lang, outcome, unnest(reasons) AS reason
            FROM documents)
         UNION ALL
         SELECT doc_id, input, warc_offset, inner_offset, url, lang, outcome, 'route', route_reason, NULL
         FROM documents WHERE route_reason IS NOT NULL) r
         WHERE outcome <> 'sharded' {step}"
    );
    let counted = format!("SELECT count(*) AS reasons FROM {all}");
    let total = json_rows(work.context(), &counted).await.map_err(&failed)?;
    let total = total.first().and_then(|row| row.get("reasons")?.as_u64()).unwrap_or(0);
    let listed = format!(
        "SELECT * FROM {all} ORDER BY input, warc_offset, inner_offset, step, code LIMIT {}",
        args.limit
    );
    let found = json_rows(work.context(), &listed).await.map_err(&failed)?;
    if args.json {
        return Ok(format!("{:#}\n", Value::from(found)));
    }
    let rows: Vec<Vec<String>> = found
        .iter()
        .map(|row| {
            let reason = format!("{}:{}", field(row, "step"), field(row, "code"));
            let id: String = field(row, "doc_id").chars().take(8).collect();
            let of = if row.get("url").is_some() { field(row, "url") } else { place(row) };
            vec![id, field(row, "outcome"), reason, of, field(row, "detail")]
        })
        .collect();
    let mut out = table(&["id", "outcome", "reason", "record", "detail"], &[], &rows);
    let _ = writeln!(
        out,
        "\n{} of {} reasons; --limit shows more, --step only those of one step",
        rows.len(),
        count(total)
    );
    Ok(out)
}
