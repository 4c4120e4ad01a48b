//! `kilim report --compare A B`: what two tables of rules would each keep, in plain tables of at most 100 columns.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Result;
use kilim::quality::Scope;
use kilim::run::RunError;
use kilim::what_if::{
    Asked, CURRENT, Changed, Counts, Drops, Question, Table, TableName, WhatIf, WhatIfError, parse_language,
    what_if,
};

use crate::args::ReportArgs;
use crate::cmd_report::{cut, section, shortened, zero};
use crate::work::{self, Work, count, table};

/// Width of a rule's id in a table.
const RULE_CHARS: usize = 36;
/// Width of the names of a table's parts.
const TABLE_CHARS: usize = 96;
/// Width of the rules that a document fails.
const FAILS_CHARS: usize = 50;

/// The answer as text.
pub(crate) async fn compared(path: &Path, tables: &[String], args: &ReportArgs) -> Result<String> {
    let [a, b] = tables else { unreachable!("clap asks for two") };
    let question = Question {
        languages: args
            .lang
            .iter()
            .map(|lang| parse_language(lang))
            .collect::<Result<_, _>>()
            .map_err(told_why)?,
        documents: args.docs.unwrap_or(0),
    };
    let work = work::open(path).await?;
    let found = ask(&work, a, b, question).await.map_err(told_why)?;
    Ok(if args.json { format!("{:#}\n", serde_json::to_value(&found)?) } else { told(&found) })
}

/// Files are relative to the current folder, as the shell completes them.
async fn ask(work: &Work, a: &str, b: &str, question: Question) -> Result<WhatIf, WhatIfError> {
    let read = |name| Table::read(name, &work.loaded, Path::new(""));
    what_if(work.context(), &work.ledger, &work.loaded, (read(a)?, read(b)?), question).await
}

fn told_why(error: WhatIfError) -> anyhow::Error {
    let hint = error.hint();
    match error {
        WhatIfError::Engine(error) => RunError::stage("report")(error).into(),
        error => RunError::Refused { problem: problem(&error), hint }.into(),
    }
}

/// What is wrong, with what the system said about a file.
fn problem(error: &WhatIfError) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

fn told(found: &WhatIf) -> String {
    let mut out = format!("corpus {}, run {}\n", found.corpus, found.run_id);
    let _ = writeln!(out, "A: {}", named(&found.a));
    let _ = writeln!(out, "B: {}", named(&found.b));
    let judged = [
        (found.all.judged, "documents are judged, from their signals alone"),
        (found.all.rejected_elsewhere, "are not: other steps reject them"),
        (found.without_signals, "records have no signals"),
    ];
    for (number, what) in judged.into_iter().filter(|(number, _)| *number > 0) {
        let _ = writeln!(out, "{:>9} {what}", count(number));
    }
    if !found.unknown_steps.is_empty() {
        let steps: Vec<&str> = found.unknown_steps.iter().map(String::as_str).collect();
        let _ = writeln!(
            out,
            "note: the config has changed since the run; what these steps rejected is judged: {}",
            steps.join(", ")
        );
    }
    section(&mut out, "Languages", &languages(found));
    section(&mut out, "Rules that drop a document, and how many no other rule drops", &rules(found));
    if !found.documents.is_empty() {
        section(&mut out, "Documents whose verdict changes", &documents(&found.documents));
    }
    out
}

/// The name, with what `current` stands for.
fn named(table: &TableName) -> String {
    let rules = if table.current.is_empty() { "no rules".to_owned() } else { table.current.join(", ") };
    let part = |part: &str| if part == CURRENT { format!("{CURRENT} ({rules})") } else { part.to_owned() };
    let parts: Vec<String> = table.name.split(',').map(|name| part(name.trim())).collect();
    shortened(&parts.join(", "), TABLE_CHARS)
}

/// Languages with most documents first, behind all of them together.
fn by_documents(found: &WhatIf) -> Vec<(&str, &Counts, Option<[Asked; 2]>)> {
    let mut rows: Vec<_> = found
        .languages
        .iter()
        .map(|(lang, of)| (lang.as_str(), &of.counts, Some([of.rules_a, of.rules_b])))
        .collect();
    rows.sort_by_key(|(_, counts, _)| std::cmp::Reverse(counts.judged));
    if rows.len() != 1 {
        rows.insert(0, ("all", &found.all, None));
    }
    rows
}

fn languages(found: &WhatIf) -> String {
    let header = ["language", "judged", "A keeps", "B keeps", "only A", "only B", "rules of A", "rules of B"];
    let rows: Vec<Vec<String>> = by_documents(found)
        .into_iter()
        .map(|(lang, counts, asked)| {
            let mut row = vec![cut(lang)];
            let numbers = [counts.judged, counts.kept_a, counts.kept_b, counts.only_a, counts.only_b];
            row.extend(numbers.iter().map(|number| zero(Some(number))));
            row.extend(asked.into_iter().flatten().map(told_asked));
            row
        })
        .collect();
    table(&header, &[1, 2, 3, 4, 5], &rows)
}

/// How many rules judge a language, and whose they are: among `12 own` is at least one row of the language.
fn told_asked(asked: Asked) -> String {
    let whose = match asked.scope {
        Scope::Own => "own",
        Scope::Script => "script",
        Scope::Neutral => "neutral",
    };
    format!("{} {whose}", asked.rules)
}

fn rules(found: &WhatIf) -> String {
    let header = ["language", "rule", "A drops", "alone", "B drops", "alone"];
    let mut rows = Vec::new();
    for (lang, counts, _) in by_documents(found) {
        let dropping = counts
            .rules
            .iter()
            .filter(|(_, rule)| [rule.a, rule.b].into_iter().flatten().any(|drops| drops.dropped > 0));
        for (rule, by) in dropping {
            let mut row = vec![cut(lang), shortened(rule, RULE_CHARS)];
            for drops in [by.a, by.b] {
                row.extend(told_drops(drops));
            }
            rows.push(row);
        }
    }
    if rows.is_empty() {
        return "  none does\n".to_owned();
    }
    table(&header, &[2, 3, 4, 5], &rows)
}

/// A dash where the table has no such rule for the language.
fn told_drops(drops: Option<Drops>) -> [String; 2] {
    let number =
        |number: fn(Drops) -> u64| drops.map_or_else(|| "-".to_owned(), |drops| zero(Some(&number(drops))));
    [number(|drops| drops.dropped), number(|drops| drops.alone)]
}

fn documents(changed: &[Changed]) -> String {
    let row = |document: &Changed| {
        let (keeps, fails) =
            if document.fails_a.is_empty() { ("A", &document.fails_b) } else { ("B", &document.fails_a) };
        let fails = shortened(&fails.join(", "), FAILS_CHARS);
        vec![document.doc_id.clone(), cut(&document.lang), keeps.to_owned(), fails]
    };
    let rows: Vec<Vec<String>> = changed.iter().map(row).collect();
    table(&["document", "language", "kept by", "fails"], &[], &rows)
}
