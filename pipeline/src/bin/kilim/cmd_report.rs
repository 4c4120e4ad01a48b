//! `kilim report`: what became of the records, in plain tables of at most 100 columns.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use anyhow::Result;
use kilim::document::Outcome;
use kilim::report::{Funnel, QualityRows, Report, quality_rows, report, texts_dropped};
use kilim::run::{RunError, work_dir_of};
use kilim::step::Resources;

use crate::Exit;
use crate::args::ReportArgs;
use crate::work::{self, count, table};
use crate::{cmd_run, cmd_what_if, show};

/// Width of a name in a table; longer ones are cut, and whole in `--json`.
const NAME_CHARS: usize = 24;
/// Width of a reason, which is a step and a code or the id of a rule.
const REASON_CHARS: usize = 40;

pub(crate) fn run(path: &Path, args: &ReportArgs) -> Result<Exit> {
    let runtime = cmd_run::runtime(cmd_run::processors())?;
    if let Some(tables) = &args.compare {
        let text = runtime.block_on(cmd_what_if::compared(path, tables, args))?;
        std::io::stdout().lock().write_all(text.as_bytes())?;
        return Ok(Exit::Done);
    }
    let report = runtime.block_on(async {
        let work = work::open(path).await?;
        let mut found = report(work.context(), &work.ledger).await.map_err(RunError::stage("report"))?;
        found.texts_dropped = texts_dropped(&work_dir_of(&work.loaded), &work.ledger);
        let (steps, resources) = (&work.loaded.config.steps, Resources::new(&work.loaded.base_dir));
        match quality_rows(steps, &resources, found.languages.keys()) {
            Ok(rows) => found.quality_rows = rows,
            // A table that was there for the run and is gone takes nothing else from the report.
            Err(error) => tracing::warn!("whose thresholds judged a language is not said: {error}"),
        }
        Ok::<_, anyhow::Error>(found)
    })?;
    let text = if args.json { format!("{:#}\n", serde_json::to_value(&report)?) } else { told(&report) };
    std::io::stdout().lock().write_all(text.as_bytes())?;
    Ok(Exit::Done)
}

fn told(report: &Report) -> String {
    let mut out = format!("corpus {}, run {}\n", report.corpus, report.run_id);
    let total = [("all".to_owned(), report.all.clone())].into();
    section(&mut out, "Sources", &funnels("source", &report.sources, Some(&total)));
    section(&mut out, "Reasons (a record may have several)", &reasons(report));
    section(&mut out, "Languages", &funnels("language", &report.languages, None));
    if let Some(rows) = &report.quality_rows {
        section(&mut out, "Thresholds of quality", &thresholds(rows));
    }
    section(&mut out, "Licences", &funnels("licence", &report.licences, None));
    section(
        &mut out,
        "Jurisdictions that bind, and the nodes that got the documents",
        &jurisdictions(report),
    );
    if !report.personal_data.is_empty() {
        section(&mut out, "Personal data, by kind", &personal_data(report));
    }
    section(&mut out, "Nodes", &nodes(report));
    if !report.texts_dropped.is_empty() {
        section(&mut out, "Texts dropped by retention, by what their records were", &dropped(report));
    }
    out
}

pub(crate) fn section(out: &mut String, title: &str, table: &str) {
    let _ = write!(out, "\n{title}\n{table}");
}

/// Width of a line of languages.
const LINE_CHARS: usize = 98;

fn thresholds(rows: &QualityRows) -> String {
    let mut out = String::new();
    for (whose, languages) in [
        ("languages with rows of their own", &rows.own),
        ("judged by the rows for any language", &rows.neutral),
    ] {
        let mut line = format!("  {whose}, {}:", languages.len());
        for language in languages {
            if line.len() + 1 + language.len() > LINE_CHARS {
                let _ = writeln!(out, "{line}");
                "   ".clone_into(&mut line);
            }
            line.push(' ');
            line.push_str(language);
        }
        let _ = writeln!(out, "{line}");
    }
    out
}

/// Most records first.
fn by_records(funnels: &BTreeMap<String, Funnel>) -> Vec<(&String, &Funnel)> {
    let mut rows: Vec<_> = funnels.iter().collect();
    rows.sort_by_key(|(_, funnel)| std::cmp::Reverse(funnel.records));
    rows
}

fn funnels(
    what: &str,
    funnels: &BTreeMap<String, Funnel>,
    total: Option<&BTreeMap<String, Funnel>>,
) -> String {
    let mut header = vec![what, "in"];
    header.extend(Outcome::ALL.map(Outcome::as_str));
    header.push("chars out");
    let row = |(name, funnel): (&String, &Funnel)| {
        let mut row = vec![cut(name), count(funnel.records)];
        row.extend(Outcome::ALL.map(|outcome| zero(funnel.outcomes.get(outcome.as_str()))));
        row.push(zero(Some(&funnel.text_chars)));
        row
    };
    let mut rows: Vec<_> = by_records(funnels).into_iter().map(row).collect();
    if funnels.len() > 1 {
        rows.extend(total.into_iter().flatten().map(row));
    }
    table(&header, &(1..header.len()).collect::<Vec<_>>(), &rows)
}

fn reasons(report: &Report) -> String {
    let mut rows = Vec::new();
    for (source, funnel) in &report.sources {
        let mut reasons: Vec<_> = funnel.reasons.iter().collect();
        reasons.sort_by_key(|(_, records)| std::cmp::Reverse(**records));
        for (reason, records) in reasons {
            let most: Vec<String> = most_languages(report, reason);
            rows.push(vec![cut(source), shortened(reason, REASON_CHARS), count(*records), most.join(", ")]);
        }
    }
    table(&["source", "step:code", "records", "languages with most, all sources"], &[2], &rows)
}

/// The three languages with most records of a reason.
fn most_languages(report: &Report, reason: &str) -> Vec<String> {
    let mut found: Vec<(u64, &str)> = report
        .languages
        .iter()
        .filter(|(lang, _)| lang.as_str() != kilim::report::NONE)
        .filter_map(|(lang, funnel)| Some((*funnel.reasons.get(reason)?, lang.as_str())))
        .collect();
    found.sort_by_key(|(records, lang)| (std::cmp::Reverse(*records), *lang));
    found.into_iter().take(3).map(|(records, lang)| format!("{lang} {records}")).collect()
}

fn jurisdictions(report: &Report) -> String {
    let nodes: BTreeSet<&str> = report.nodes.keys().map(String::as_str).collect();
    let mut header = vec!["bound by", "documents", "withheld"];
    header.extend(&nodes);
    let mut reached: Vec<_> = report.jurisdictions.iter().collect();
    reached.sort_by_key(|(_, reached)| std::cmp::Reverse(reached.documents));
    let rows: Vec<Vec<String>> = reached
        .into_iter()
        .map(|(countries, reached)| {
            let mut row = vec![cut(countries), count(reached.documents), zero(Some(&reached.withheld))];
            row.extend(nodes.iter().map(|node| zero(reached.nodes.get(*node))));
            row
        })
        .collect();
    table(&header, &(1..header.len()).collect::<Vec<_>>(), &rows)
}

fn personal_data(report: &Report) -> String {
    let found = report.personal_data.iter();
    let rows: Vec<Vec<String>> =
        found.map(|(kind, found)| vec![kind.clone(), count(found.documents), count(found.places)]).collect();
    table(&["kind", "documents", "places"], &[1, 2], &rows)
}

fn dropped(report: &Report) -> String {
    let rows: Vec<Vec<String>> =
        report.texts_dropped.iter().map(|(outcome, texts)| vec![outcome.clone(), count(*texts)]).collect();
    table(&["outcome", "texts"], &[1], &rows)
}

fn nodes(report: &Report) -> String {
    let rows: Vec<Vec<String>> = report
        .nodes
        .iter()
        .map(|(name, node)| {
            vec![
                cut(name),
                count(node.documents),
                count(node.text_chars),
                node.languages.len().to_string(),
                count(node.shards),
                show::human_bytes(node.bytes),
            ]
        })
        .collect();
    table(&["node", "documents", "chars", "languages", "shards", "bytes"], &[1, 2, 3, 4, 5], &rows)
}

/// A count, or a dot for none: zeros would hide the numbers.
pub(crate) fn zero(number: Option<&u64>) -> String {
    number.filter(|number| **number > 0).map_or_else(|| "·".to_owned(), |number| count(*number))
}

pub(crate) fn cut(name: &str) -> String {
    shortened(name, NAME_CHARS)
}

pub(crate) fn shortened(name: &str, chars: usize) -> String {
    if name.chars().count() <= chars {
        return name.to_owned();
    }
    let mut short: String = name.chars().take(chars - 1).collect();
    short.push('…');
    short
}
