//! `kilim inspect doc`: the whole life of a document in one screen.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::Result;
use kilim::life::{Fate, Life, NodeDecision, ids, is_id, lives};
use kilim::policy::Axis;
use kilim::run::{Prepared, RunError, prepare_rules};
use serde_json::Value;

use crate::args::InspectDocArgs;
use crate::cmd_inspect::{field, items, place, plain, shard_path};
use crate::work::{Work, count, cut, wrapped};

/// Columns of a text or title that are shown without `--text`.
const EXCERPT: usize = 150;
/// Ids shown where the start of one is not enough.
const SHOWN_IDS: usize = 10;
/// Copies that are shown.
const SHOWN_COPIES: usize = 3;
/// Where values begin.
const INDENT: usize = 20;

/// The lives of the document that `id` begins, and the rules of the config.
pub(crate) async fn find(work: &Work, id: &str) -> Result<(Prepared, Vec<Life>)> {
    let failed = RunError::stage("inspect");
    if !is_id(id) {
        let problem = format!("`{id}` is not an id: ids are 32 hex digits");
        return Err(RunError::refused(problem, "the start of an id is enough; shards hold it as `id`").into());
    }
    let found = ids(work.context(), id, SHOWN_IDS).await.map_err(&failed)?;
    let id = match found.as_slice() {
        [id] => id,
        [] => {
            let hint = "`kilim sql \"SELECT doc_id, url FROM documents\"` lists them";
            return Err(RunError::refused(format!("no document has the id {id}"), hint).into());
        }
        several => {
            let problem = format!("several documents have an id that begins so: {}", several.join(", "));
            return Err(RunError::refused(problem, "give more of the id").into());
        }
    };
    let prepared = prepare_rules(&work.loaded, None)?;
    let lives = lives(work.context(), id, &prepared).await.map_err(&failed)?;
    Ok((prepared, lives))
}

pub(crate) async fn doc(work: &Work, args: &InspectDocArgs) -> Result<String> {
    let (prepared, mut lives) = find(work, &args.id).await?;
    if args.json {
        if !args.text {
            lives.iter_mut().for_each(shorten);
        }
        return Ok(format!("{:#}\n", serde_json::to_value(&lives)?));
    }
    Ok(lives.iter().map(|life| told(life, work, &prepared, args.text)).collect::<Vec<_>>().join("\n"))
}

/// Leaves an excerpt of the text, and no words from around evidence.
fn shorten(life: &mut Life) {
    if let Some(text) = life.document.get("text").and_then(Value::as_str) {
        life.document["text"] = Value::from(cut(text, EXCERPT));
    }
    let evidence = life.document.get_mut("license_evidence").and_then(Value::as_array_mut);
    for row in evidence.into_iter().flatten().filter_map(Value::as_object_mut) {
        row.remove("context");
    }
}

/// A name and its value, which goes on below where it began.
pub(crate) fn line(out: &mut String, name: &str, value: &str) {
    let first = format!("  {name:<width$}", width = INDENT - 2);
    if value.is_empty() {
        return;
    }
    let first = if crate::work::columns(&first) > INDENT { format!("{first} ") } else { first };
    wrapped(out, &first, INDENT, value);
}

/// What is there of these, joined.
fn joined(parts: &[String], between: &str) -> String {
    parts.iter().filter(|part| !part.is_empty()).cloned().collect::<Vec<_>>().join(between)
}

fn told(life: &Life, work: &Work, prepared: &Prepared, whole_text: bool) -> String {
    let row = &life.document;
    let nodes = items(row, "nodes").map(plain).collect::<Vec<_>>().join(", ");
    let nodes = if nodes.is_empty() { String::new() } else { format!(" at {nodes}") };
    let mut out = format!("document {}: {}{nodes}\n", field(row, "doc_id"), field(row, "outcome"));
    record(&mut out, life);
    steps(&mut out, row, prepared);
    if !field(row, "text").is_empty() {
        let text = field(row, "text").replace('\n', " ");
        line(&mut out, "text", &if whole_text { text } else { cut(&text, EXCERPT) });
    }
    if !field(row, "text_dropped").is_empty() {
        line(
            &mut out,
            "text",
            &format!("dropped by {}; a run that needs it reads it again", field(row, "text_dropped")),
        );
    }
    evidence(&mut out, row);
    cluster(&mut out, life);
    policies_see(&mut out, life);
    decisions(&mut out, life, work, None);
    out
}

/// Where it was read, and what was said about it before anybody looked inside.
fn record(out: &mut String, life: &Life) {
    let row = &life.document;
    if row.get("url").is_some() {
        line(out, "url", &field(row, "url"));
    }
    let bytes = row.get("warc_length").and_then(Value::as_u64).map(|bytes| format!("{} bytes", count(bytes)));
    line(out, "record", &joined(&[place(row), bytes.unwrap_or_default(), field(row, "record_id")], ", "));
    let status = field(row, "http_status");
    let status = if status.is_empty() { status } else { format!("HTTP {status}") };
    let charset = joined(&[field(row, "charset"), field(row, "charset_source")], " by ");
    let broken = row.get("decode_errors").and_then(Value::as_u64).filter(|&errors| errors > 0);
    let broken = broken.map(|errors| format!("{errors} characters undecodable")).unwrap_or_default();
    let cut_short = field(row, "truncated");
    let cut_short = if cut_short.is_empty() { cut_short } else { format!("cut short: {cut_short}") };
    let again = field(row, "refers_to");
    let again = if again.is_empty() { again } else { format!("refers to {again}") };
    let fetched = [
        field(row, "fetched_at"),
        field(row, "record_type"),
        status,
        joined(&[field(row, "content_type"), charset], " "),
        broken,
        cut_short,
        again,
    ];
    line(out, "fetched", &joined(&fetched, ", "));
    let crawl = field(row, "crawl");
    let crawl = if crawl.is_empty() { crawl } else { format!("crawl {crawl}") };
    let digest = field(row, "payload_digest");
    let digest = if digest.is_empty() { digest } else { format!("payload {digest}") };
    line(out, "source", &joined(&[field(row, "source"), crawl, digest], ", "));
    if let Some(seed) = &life.seed {
        let names = |name| items(seed, name).map(plain).collect::<Vec<_>>().join(", ");
        let steward = field(seed, "steward");
        let steward = if steward.is_empty() { steward } else { format!("steward {steward}") };
        let community = names("community");
        let community = if community.is_empty() { community } else { format!("community {community}") };
        let said = [
            format!("{} ({})", field(seed, "url"), field(seed, "scope")),
            format!("list {}", field(seed, "source")),
            steward,
            names("country_claims"),
            names("languages"),
            field(seed, "mode"),
            community,
        ];
        line(out, "seed", &joined(&said, ", "));
    }
}

/// What each step of the config wrote, or why it said no.
fn steps(out: &mut String, row: &Value, prepared: &Prepared) {
    let mut reasons: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for reason in items(row, "reasons") {
        let said = joined(&[field(reason, "code"), field(reason, "detail")], " ");
        reasons.entry(field(reason, "step")).or_default().push(said);
    }
    let seen = row.get("extractor").is_some();
    out.push_str("steps\n");
    if let Some(said) = reasons.remove("read") {
        line(out, "read", &format!("NO: {}", said.join("; ")));
    }
    if !seen && reasons.is_empty() {
        line(out, "none", "no step saw it");
        return;
    }
    for step in &prepared.config.steps {
        let id = step.id.as_str();
        let no = reasons.remove(id);
        let wrote = wrote(step.kind.name(), row);
        let said = match (no, wrote.is_empty()) {
            (Some(no), true) => format!("NO: {}", no.join("; ")),
            (Some(no), false) => format!("{wrote}; NO: {}", no.join("; ")),
            (None, true) => "passed".to_owned(),
            (None, false) => wrote,
        };
        line(out, id, &said);
    }
    // Steps of an earlier config, and the border where the run stands.
    for (step, said) in reasons {
        line(out, &step, &format!("NO: {}", said.join("; ")));
    }
}

/// What a step of this kind left in the row.
fn wrote(kind: &str, row: &Value) -> String {
    let share = |value: &Value, name: &str| {
        value.get(name).and_then(Value::as_f64).map(|share| format!("{share:.2}")).unwrap_or_default()
    };
    match kind {
        "extract_html" => {
            let chars = row.get("text_chars").and_then(Value::as_u64).unwrap_or(0);
            let title = field(row, "title");
            let title = if title.is_empty() { title } else { format!("title “{}”", cut(&title, 60)) };
            let chars = format!("{} characters by {}", count(chars), field(row, "extractor"));
            joined(&[chars, title], ", ")
        }
        "identify_language" => {
            let top: Vec<String> = items(row, "lang_top")
                .map(|top| format!("{} {}", field(top, "lang"), share(top, "share")))
                .collect();
            let parts = if top.len() > 1 { format!("parts {}", top.join(", ")) } else { String::new() };
            let lang = format!(
                "{}, confidence {}, margin {}, by {}",
                field(row, "lang"),
                share(row, "lang_confidence"),
                share(row, "lang_margin"),
                field(row, "lang_engine")
            );
            joined(&[lang, parts], ", ")
        }
        "measure_quality" => {
            let measured = row.get("signals").and_then(Value::as_object);
            measured.map(|signals| format!("{} signals", signals.len())).unwrap_or_default()
        }
        "detect_pii" => {
            let mut kinds: BTreeMap<String, u64> = BTreeMap::new();
            items(row, "pii").for_each(|span| *kinds.entry(field(span, "kind")).or_default() += 1);
            let kinds: Vec<String> = kinds.iter().map(|(kind, count)| format!("{kind} {count}")).collect();
            if kinds.is_empty() { "nothing found".to_owned() } else { kinds.join(", ") }
        }
        "tag_license" => {
            let license = field(row, "license");
            let license = if license.is_empty() { "no licence".to_owned() } else { license };
            let scope = field(row, "license_scope");
            let scope = if scope.is_empty() { scope } else { format!("of the {scope}") };
            let credit = field(row, "attribution");
            let credit = if credit.is_empty() { credit } else { format!("credit {credit}") };
            let disputed = match field(row, "license_disagreement").as_str() {
                "true" => "statements disagree".to_owned(),
                _ => String::new(),
            };
            joined(&[license, format!("tier {}", field(row, "license_tier")), scope, disputed, credit], ", ")
        }
        "tag_optout" => {
            let basis = field(row, "optout_basis");
            let basis = if basis.is_empty() { basis } else { format!("by {basis}") };
            joined(&[format!("training {}", field(row, "optout_train")), basis], " ")
        }
        "tag_jurisdiction" => {
            let bound = field(row, "bound_by");
            if bound.is_empty() { "nothing binds it".to_owned() } else { format!("bound by {bound}") }
        }
        "dedup_exact" => {
            let digest = field(row, "text_digest");
            if digest.is_empty() { digest } else { format!("text {digest}") }
        }
        "dedup_minhash" => {
            let size = row.get("cluster_size").and_then(Value::as_u64).unwrap_or(1);
            if size > 1 { format!("cluster of {}", count(size)) } else { "alone".to_owned() }
        }
        _ => String::new(),
    }
}

fn evidence(out: &mut String, row: &Value) {
    let mut lines: Vec<(String, String)> = Vec::new();
    for mark in items(row, "license_evidence") {
        let is = |flag: &str| mark[flag] == Value::Bool(true);
        let negated = if is("negated") { ", taken back" } else { "" };
        let excepted = if is("excepted") { ", with exceptions" } else { "" };
        let id = field(mark, "spdx");
        let id = if id.is_empty() { "?".to_owned() } else { id };
        // A line of the page may be long.
        let raw = cut(&field(mark, "raw"), EXCERPT);
        let (signal, scope) = (field(mark, "signal"), field(mark, "scope"));
        lines.push(("licence".to_owned(), format!("{id} by {signal} ({scope}{negated}{excepted}): {raw}")));
    }
    for said in items(row, "optout_evidence") {
        let mut says =
            format!("{} {} by {}", field(said, "category"), field(said, "value"), field(said, "signal"));
        for (word, name) in
            [(", agent ", "agent"), (": ", "raw"), (", from ", "source_url"), (", seen ", "observed_at")]
        {
            let value = cut(&field(said, name), EXCERPT);
            if !value.is_empty() {
                says.push_str(word);
                says.push_str(&value);
            }
        }
        lines.push(("opt-out".to_owned(), says));
    }
    for claim in items(row, "jurisdiction_claims") {
        let force = if claim["binding"] == Value::Bool(true) { "binds" } else { "hint" };
        let says = format!(
            "{} by {} ({force}): {}",
            field(claim, "country"),
            field(claim, "basis"),
            field(claim, "evidence")
        );
        lines.push(("jurisdiction".to_owned(), says));
    }
    if !lines.is_empty() {
        out.push_str("evidence\n");
    }
    for (name, says) in lines {
        line(out, &name, &says);
    }
}

fn cluster(out: &mut String, life: &Life) {
    let row = &life.document;
    if row.get("cluster_id").is_none() {
        return;
    }
    let size = row.get("cluster_size").and_then(Value::as_u64).unwrap_or(1);
    let _ = writeln!(out, "cluster {} of {} rows", field(row, "cluster_id"), count(size));
    for copy in life.copies.iter().take(SHOWN_COPIES) {
        line(out, &field(copy, "outcome"), &format!("{} {}", field(copy, "doc_id"), field(copy, "url")));
    }
    if life.copies.len() > SHOWN_COPIES {
        line(out, "…", "`kilim sql` lists the others: SELECT doc_id FROM documents WHERE cluster_id = '…'");
    }
}

fn policies_see(out: &mut String, life: &Life) {
    if let Some(tuple) = &life.tuple {
        let _ = writeln!(out, "policies see {}", tuple.id());
        let seen = Axis::ALL.map(|axis| format!("{} {}", axis.word(), axis.told(tuple)));
        line(out, "", &seen.join(" · "));
    }
}

/// What policies said of each node, and where the document is. Nodes of which they said the same are told together.
pub(crate) fn decisions(out: &mut String, life: &Life, work: &Work, node: Option<&str>) {
    if let Some(process) = &life.process {
        let rules: Vec<String> =
            process.determining.iter().map(|rule| format!("`{}`: {}", rule.id, rule.because)).collect();
        let rules = if rules.is_empty() { "no rule permits `process`".to_owned() } else { rules.join("; ") };
        line(out, "here", &format!("denied; {rules}"));
    }
    if let Some(why) = life.undecided {
        wrapped(out, "decisions  ", 11, &format!("none: {why}"));
        return;
    }
    out.push_str("decisions, by the policies as they stand now\n");
    let mut told: Vec<(Vec<&str>, String, String)> = Vec::new();
    for answer in life.decisions.iter().filter(|answer| node.is_none_or(|node| answer.node == node)) {
        let (said, fate) = (said(answer), fate(answer, life, work));
        match told.iter_mut().find(|(_, known, there)| *known == said && *there == fate) {
            Some((nodes, ..)) => nodes.push(&answer.node),
            None => told.push((vec![&answer.node], said, fate)),
        }
    }
    for (nodes, said, fate) in told {
        let nodes = format!("{} {}", if nodes.len() == 1 { "node" } else { "nodes" }, nodes.join(", "));
        line(out, &nodes, &said);
        line(out, "", &fate);
    }
}

/// Where a document is at a node, or why it is not there though it may be.
fn fate(answer: &NodeDecision, life: &Life, work: &Work) -> String {
    match &answer.fate {
        Fate::Kept => {
            let placed = life.placements.iter().find(|row| field(row, "node") == answer.node);
            let said = placed.map(|row| {
                let path = shard_path(work, &answer.node, &field(row, "lang"), &row["shard"]);
                format!("in {path}, row {}", field(row, "shard_row"))
            });
            said.unwrap_or_default()
        }
        Fate::Denied => String::new(),
        Fate::LanguageNotAsked => {
            format!("not there: the node does not ask for {}", field(&life.document, "lang"))
        }
        Fate::PersonalData => {
            format!("not there: the node drops documents with {}", field(&life.document, "pii_kinds"))
        }
        Fate::OtherCopy(id) => format!("not there: the node keeps the copy {id}"),
        Fate::NotYet => "not there: policies or nodes have changed since the last run".to_owned(),
    }
}

/// A decision, its rules and their reasons; behind a forbid the permits that it overrides.
fn said(answer: &NodeDecision) -> String {
    let decision = &answer.decision;
    let rules: Vec<String> =
        decision.determining.iter().map(|rule| format!("`{}`: {}", rule.id, rule.because)).collect();
    let mut said = match (decision.allowed, rules.is_empty()) {
        (true, _) => format!("allowed by {}", rules.join("; ")),
        (false, false) => format!("denied by {}", rules.join("; ")),
        (false, true) => "denied: no rule permits it".to_owned(),
    };
    let overridden: Vec<String> = answer
        .applied
        .iter()
        .filter(|applied| !decision.allowed && !applied.forbids)
        .map(|applied| format!("`{}`", applied.rule.id))
        .collect();
    if !overridden.is_empty() {
        let _ = write!(said, " (stronger than {}, which permits it)", overridden.join(", "));
    }
    for error in &decision.errors {
        let _ = write!(said, "; FAILED: {error}");
    }
    said
}
