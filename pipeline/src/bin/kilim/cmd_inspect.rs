//! `kilim inspect`: one document, the shards, the rejects.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use anyhow::Result;
use kilim::life::{Life, ids, is_id, json_rows, lives};
use kilim::run::{RunError, prepare_rules};
use serde_json::Value;

use crate::Exit;
use crate::args::{InspectCommand, InspectDocArgs, InspectRejectsArgs, InspectShardsArgs};
use crate::work::{self, Work, count, table};
use crate::{cmd_run, show};

/// Characters of a text that are shown without `--text`.
const EXCERPT_CHARS: usize = 160;
/// Characters of a value in a line.
const VALUE_CHARS: usize = 80;
/// Ids shown where the start of one is not enough.
const SHOWN_IDS: usize = 10;

pub(crate) fn run(path: &Path, command: &InspectCommand) -> Result<Exit> {
    let text = cmd_run::runtime(cmd_run::processors())?.block_on(async {
        let work = work::open(path).await?;
        match command {
            InspectCommand::Doc(args) => doc(&work, args).await,
            InspectCommand::Shards(args) => shards(&work, args).await,
            InspectCommand::Rejects(args) => rejects(&work, args).await,
        }
    })?;
    std::io::stdout().lock().write_all(text.as_bytes())?;
    Ok(Exit::Done)
}

async fn doc(work: &Work, args: &InspectDocArgs) -> Result<String> {
    let failed = RunError::stage("inspect");
    if !is_id(&args.id) {
        let problem = format!("`{}` is not an id: ids are 32 hex digits", args.id);
        return Err(RunError::refused(problem, "the start of an id is enough; shards hold it as `id`").into());
    }
    let found = ids(work.context(), &args.id, SHOWN_IDS).await.map_err(&failed)?;
    let id = match found.as_slice() {
        [id] => id,
        [] => {
            let hint = "`kilim sql \"SELECT doc_id, url FROM documents\"` lists them";
            return Err(RunError::refused(format!("no document has the id {}", args.id), hint).into());
        }
        several => {
            let problem = format!("several documents have an id that begins so: {}", several.join(", "));
            return Err(RunError::refused(problem, "give more of the id").into());
        }
    };
    let prepared = prepare_rules(&work.loaded, None)?;
    let mut lives = lives(work.context(), id, &prepared.decider, &prepared.seeds).await.map_err(&failed)?;
    if !args.text {
        lives.iter_mut().for_each(shorten);
    }
    if args.json {
        return Ok(format!("{:#}\n", serde_json::to_value(&lives)?));
    }
    Ok(lives.iter().map(|life| told(life, work)).collect::<Vec<_>>().join("\n"))
}

/// Leaves an excerpt of the text, and no words from around evidence.
fn shorten(life: &mut Life) {
    if let Some(text) = life.document.get("text").and_then(Value::as_str) {
        let mut excerpt: String = text.chars().take(EXCERPT_CHARS).collect();
        if text.chars().nth(EXCERPT_CHARS).is_some() {
            excerpt.push('…');
        }
        life.document["text"] = Value::from(excerpt);
    }
    let evidence = life.document.get_mut("license_evidence").and_then(Value::as_array_mut);
    for row in evidence.into_iter().flatten().filter_map(Value::as_object_mut) {
        row.remove("context");
    }
}

/// Columns of the record, in the order in which they are shown.
const RECORD: [&str; 14] = [
    "record_type",
    "record_id",
    "fetched_at",
    "source",
    "crawl",
    "payload_digest",
    "refers_to",
    "http_status",
    "content_type",
    "charset",
    "charset_source",
    "decode_errors",
    "truncated",
    "warc_length",
];
/// What steps found, likewise.
const FOUND: [&str; 16] = [
    "extractor",
    "html_lang",
    "text_chars",
    "lang",
    "lang_confidence",
    "lang_engine",
    "license",
    "license_tier",
    "license_scope",
    "license_disagreement",
    "license_version_disagreement",
    "license_declared",
    "license_url",
    "author",
    "attribution",
    "optout_train",
];

/// A value without quotes.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn field(value: &Value, name: &str) -> String {
    value.get(name).map(plain).unwrap_or_default()
}

fn items<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    value.get(name).and_then(Value::as_array).into_iter().flatten()
}

/// A name and its value; a long value goes on below where it began.
fn line(out: &mut String, name: &str, value: &str) {
    let _ = write!(out, "  {name:<16}");
    let mut width = 0;
    for word in value.split(' ') {
        let length = word.chars().count() + 1;
        if width > 0 && width + length > VALUE_CHARS {
            let _ = write!(out, "\n  {:<16}", "");
            width = 0;
        }
        let _ = write!(out, " {word}");
        width += length;
    }
    out.push('\n');
}

/// Where a record stands. What shares a packed file, a member or a row group with others is told by a second number.
fn place(row: &Value) -> String {
    let place = format!("{} at byte {}", field(row, "input"), field(row, "warc_offset"));
    match row.get("inner_offset").and_then(Value::as_u64) {
        None | Some(0) => place,
        Some(inner) => format!("{place}, {inner} inside"),
    }
}

fn told(life: &Life, work: &Work) -> String {
    let row = &life.document;
    let mut out = format!("document {}: {}\n", field(row, "doc_id"), field(row, "outcome"));
    line(&mut out, "url", &field(row, "url"));
    line(&mut out, "input", &place(row));
    for name in RECORD.iter().filter(|name| row.get(**name).is_some()) {
        line(&mut out, name, &field(row, name));
    }
    if let Some(seed) = &life.seed {
        let names = |name| items(seed, name).map(plain).collect::<Vec<_>>().join(", ");
        out.push_str("seed\n");
        line(&mut out, "id", &field(seed, "seed_id"));
        line(&mut out, "url", &format!("{} ({})", field(seed, "url"), field(seed, "scope")));
        line(&mut out, "list", &field(seed, "source"));
        line(&mut out, "steward", &field(seed, "steward"));
        line(&mut out, "countries", &names("country_claims"));
        line(&mut out, "languages", &names("languages"));
    }
    if row.get("text_chars").is_some() {
        out.push_str("steps\n");
        for name in FOUND.iter().filter(|name| row.get(**name).is_some()) {
            line(&mut out, name, &field(row, name));
        }
        let top: Vec<String> = items(row, "lang_top")
            .map(|top| format!("{} {}", field(top, "lang"), field(top, "share")))
            .collect();
        line(&mut out, "parts in", &top.join(", "));
        if let Some(kinds) = row.get("pii_kinds").and_then(Value::as_str).filter(|kinds| !kinds.is_empty()) {
            line(&mut out, "personal data", kinds);
        }
        line(&mut out, "title", &field(row, "title"));
        line(&mut out, "text", &field(row, "text").replace('\n', " "));
    }
    evidence(&mut out, row);
    reasons(&mut out, row);
    routes(&mut out, life, work);
    out
}

fn evidence(out: &mut String, row: &Value) {
    if items(row, "license_evidence").next().is_some() {
        out.push_str("licence evidence\n");
    }
    for mark in items(row, "license_evidence") {
        let is = |flag: &str| mark[flag] == Value::Bool(true);
        let negated = if is("negated") { ", taken back" } else { "" };
        let excepted = if is("excepted") { ", with exceptions" } else { "" };
        // A line of the page may be long.
        let raw: String = field(mark, "raw").chars().take(EXCERPT_CHARS).collect();
        let says = format!("{} ({}{negated}{excepted}): {raw}", field(mark, "spdx"), field(mark, "scope"));
        line(out, &field(mark, "signal"), &says);
    }
    if items(row, "jurisdiction_claims").next().is_some() {
        out.push_str("claims\n");
    }
    for claim in items(row, "jurisdiction_claims") {
        let force = if claim["binding"] == Value::Bool(true) { "binds" } else { "hint" };
        let says = format!("{} ({force}): {}", field(claim, "country"), field(claim, "evidence"));
        line(out, &field(claim, "basis"), &says);
    }
}

fn reasons(out: &mut String, row: &Value) {
    if items(row, "reasons").next().is_none() && row.get("route_reason").is_none() {
        return;
    }
    out.push_str("reasons\n");
    for reason in items(row, "reasons") {
        line(
            out,
            &field(reason, "step"),
            format!("{} {}", field(reason, "code"), field(reason, "detail")).trim_end(),
        );
    }
    if row.get("route_reason").is_some() {
        line(out, "route", &field(row, "route_reason"));
    }
}

fn routes(out: &mut String, life: &Life, work: &Work) {
    if let Some(tuple) = &life.tuple {
        out.push_str("policies see\n");
        let joined = |labels: &std::collections::BTreeSet<String>| {
            if labels.is_empty() {
                "none".to_owned()
            } else {
                labels.iter().cloned().collect::<Vec<_>>().join(", ")
            }
        };
        line(out, "jurisdictions", &joined(&tuple.jurisdictions));
        line(out, "of its cluster", &joined(&tuple.cluster_jurisdictions));
        line(out, "mode", &tuple.mode);
        line(out, "source", &tuple.source);
        line(out, "steward", if tuple.steward.is_empty() { "none" } else { &tuple.steward });
        line(out, "licence tier", &tuple.license_tier.to_string());
        line(out, "opt-out", tuple.optout_train.as_str());
        line(out, "personal", if tuple.personal { "yes" } else { "no" });
        line(out, "community", &joined(&tuple.community));
        line(out, "decision", &tuple.id().to_string());
    }
    if !life.decisions.is_empty() {
        out.push_str("decisions, by the policies as they stand now\n");
    }
    for answer in &life.decisions {
        let word = if answer.decision.allowed { "allowed" } else { "denied" };
        let by = &answer.decision.determining;
        let because: Vec<String> = by
            .iter()
            .map(|policy| format!("{}: {}", policy.id, policy.because))
            .chain(answer.decision.errors.clone())
            .collect();
        let because = if because.is_empty() { "no policy permits it".to_owned() } else { because.join("; ") };
        line(out, &format!("node {}", answer.node), &format!("{word} — {because}"));
    }
    let row = &life.document;
    if row.get("cluster_id").is_some() {
        let _ = writeln!(out, "cluster {}: {} copies", field(row, "cluster_id"), field(row, "cluster_size"));
        for copy in &life.copies {
            line(out, &field(copy, "outcome"), &format!("{} {}", field(copy, "doc_id"), field(copy, "url")));
        }
    }
    if !life.placements.is_empty() {
        out.push_str("shards\n");
    }
    for placed in &life.placements {
        let (node, lang) = (field(placed, "node"), field(placed, "lang"));
        let place = format!(
            "{}, row {}",
            shard_path(work, &node, &lang, &placed["shard"]),
            field(placed, "shard_row")
        );
        line(out, &format!("node {node}"), &place);
    }
}

/// The file of a shard by its number among those of its node and language.
fn shard_path(work: &Work, node: &str, lang: &str, number: &Value) -> String {
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
