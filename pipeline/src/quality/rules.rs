//! Rules as data: which value of which signal fails a document, by language.
//!
//! # What it does
//! A rule set is a table, `language,rule,signal,op,value,source`. A document fails a rule if `signal op value` holds.
//! For each rule the most specific row counts: that of the language (`swa_Latn`), else that of its script (`*_Latn`),
//! else the neutral one (`*`). A value of `off` takes a rule away. A document gets all rules that it fails, never only
//! the first, so that it can be said what each rule costs.
//!
//! # Why
//! RedPajama-v2 and Dolma compute signals once and decide late; here the decision is a file that a language community
//! can read, and correct line by line with its source.
//!
//! # Across languages
//! A row under `*` must hold for any language. A language without rows of its own is judged by those alone, and
//! [`Verdict::language_has_rows`] says so. A signal that was not measured (NaN: stop words of a language without a
//! list) fails nothing.
//!
//! # Example
//! ```
//! use kilim::quality::{LanguageProfile, Measurer, RuleSet};
//!
//! let rules = RuleSet::read("own.csv", "\
//! language,rule,signal,op,value,source
//! *,few_words,words,<,50,Gopher
//! tha_Thai,few_words,words,<,40,fitted on 1 000 pages
//! ")?;
//! let signals = Measurer::new().measure("สวัสดี", &LanguageProfile::default());
//! let verdict = rules.failed(&signals, "tha_Thai");
//! assert_eq!((verdict.failed, verdict.language_has_rows), (vec!["few_words"], true));
//! # Ok::<(), kilim::quality::RuleError>(())
//! ```

use std::collections::BTreeMap;
use std::fmt::Write as _;

use csv::{ReaderBuilder, StringRecord, Trim};
use thiserror::Error;

use super::signals::{Signal, Signals, Unit, nearest_signal, signal};
use super::table_language;

const COLUMNS: [&str; 6] = ["language", "rule", "signal", "op", "value", "source"];

/// The neutral language.
const ANY: &str = "*";

/// How a signal is compared with a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// `<`
    Below,
    /// `<=`
    AtMost,
    /// `>`
    Above,
    /// `>=`
    AtLeast,
}

impl Op {
    const ALL: [(&'static str, Self); 4] =
        [("<", Self::Below), ("<=", Self::AtMost), (">", Self::Above), (">=", Self::AtLeast)];

    /// As the table has it.
    pub fn text(self) -> &'static str {
        match self {
            Self::Below => "<",
            Self::AtMost => "<=",
            Self::Above => ">",
            Self::AtLeast => ">=",
        }
    }

    /// Whether `signal op value`; never for a signal that was not measured.
    pub fn holds(self, signal: f64, value: f64) -> bool {
        match self {
            Self::Below => signal < value,
            Self::AtMost => signal <= value,
            Self::Above => signal > value,
            Self::AtLeast => signal >= value,
        }
    }
}

/// One row of the table.
#[derive(Debug, Clone)]
pub struct Row {
    /// `*`, `*_Latn` or `swa_Latn`.
    pub language: String,
    /// The rule's id, which a document that fails it gets.
    pub rule: String,
    /// What is compared.
    pub signal: &'static Signal,
    /// How.
    pub op: Op,
    /// With what; nothing takes the rule away.
    pub value: Option<f64>,
    /// Where the value is from.
    pub source: String,
}

/// A table that cannot be used, and where.
#[derive(Debug, Error, PartialEq)]
pub enum RuleError {
    /// There is no row in it.
    #[error("{table}: no rules\nhint: the columns are {}", COLUMNS.join(","))]
    Empty {
        /// The table.
        table: String,
    },
    /// A row is wrong.
    #[error("{table}:{line}: {problem}")]
    Row {
        /// The table.
        table: String,
        /// Its line, from 1.
        line: u64,
        /// What is wrong.
        problem: RowProblem,
    },
}

/// What is wrong with a row.
#[derive(Debug, Error, PartialEq)]
pub enum RowProblem {
    /// Not a row of CSV.
    #[error("{0}")]
    Csv(String),
    /// Other columns.
    #[error("the columns are {found}, not {}", COLUMNS.join(","))]
    Columns {
        /// As they are.
        found: String,
    },
    /// Nothing where something must be.
    #[error("no {column}")]
    Missing {
        /// The column.
        column: &'static str,
    },
    /// Not a language.
    #[error(
        "unknown form of language `{found}`\nhint: `*`, `*_Latn`, or ISO 639-3 and script as in `swa_Latn`"
    )]
    Language {
        /// What is there.
        found: String,
    },
    /// Not an id.
    #[error("`{found}` is no id of a rule\nhint: lower-case letters, digits and `_`")]
    Rule {
        /// What is there.
        found: String,
    },
    /// Not a signal.
    #[error("unknown signal `{found}`{}", did_you_mean(*.nearest))]
    Signal {
        /// What is there.
        found: String,
        /// The name most like it.
        nearest: Option<&'static str>,
    },
    /// Not a comparison.
    #[error("unknown comparison `{found}`\nhint: one of < <= > >=")]
    Op {
        /// What is there.
        found: String,
    },
    /// Not a number, or not a finite one.
    #[error("`{found}` is not a finite number\nhint: write `off` to take a rule away for a language")]
    Value {
        /// What is there.
        found: String,
    },
    /// A number that the signal cannot have.
    #[error("{value} is out of the range of {signal}, {range}")]
    Range {
        /// The number.
        value: f64,
        /// The signal.
        signal: &'static str,
        /// Its range.
        range: &'static str,
    },
    /// The same rule twice for one language.
    #[error("rule `{rule}` of `{language}` is already on line {first_line}")]
    Duplicate {
        /// The rule.
        rule: String,
        /// The language.
        language: String,
        /// Where it was first.
        first_line: u64,
    },
}

fn did_you_mean(nearest: Option<&str>) -> String {
    nearest.map(|name| format!("\nhint: did you mean `{name}`?")).unwrap_or_default()
}

/// A rule as it is asked: with the signal's getter, and the value as the signal would hold it.
#[derive(Debug, Clone, Copy)]
struct Test {
    /// The row, for the rule's id.
    row: usize,
    get: fn(&Signals) -> f64,
    op: Op,
    value: f64,
}

/// What a rule set says of a document.
#[derive(Debug, Clone)]
pub struct Verdict<'a> {
    /// All rules that it fails, in the order of the table.
    pub failed: Vec<&'a str>,
    /// The row of each.
    pub rows: Vec<&'a Row>,
    /// Whether there are rows for its language; if not, it was judged by rows for any.
    pub language_has_rows: bool,
}

/// Whose rows judge a language. The later are the more specific.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Those for any language alone.
    Neutral,
    /// Those of its script too.
    Script,
    /// Its own too.
    Own,
}

/// A table of rules, compiled for each language in it.
#[derive(Debug, Clone)]
pub struct RuleSet {
    rows: Vec<Row>,
    /// By `*`, `*_Latn` and `swa_Latn`.
    compiled: BTreeMap<String, Vec<Test>>,
}

impl RuleSet {
    /// Reads a table; `table` names it in errors. Lines that begin with `#` are comments.
    pub fn read(table: &str, text: &str) -> Result<Self, RuleError> {
        let error = |line, problem| RuleError::Row { table: table.to_owned(), line, problem };
        let (mut rows, mut lines) = (Vec::new(), BTreeMap::new());
        let mut has_header = false;
        for (line, record) in csv_lines(text) {
            let record = record.map_err(|source| error(line, RowProblem::Csv(source.to_string())))?;
            if !has_header {
                if record != COLUMNS[..] {
                    let found = record.iter().collect::<Vec<_>>().join(",");
                    return Err(error(line, RowProblem::Columns { found }));
                }
                has_header = true;
                continue;
            }
            let row = Row::parse(&record).map_err(|problem| error(line, problem))?;
            let key = (row.language.clone(), row.rule.clone());
            if let Some(first_line) = lines.insert(key, line) {
                let Row { rule, language, .. } = row;
                return Err(error(line, RowProblem::Duplicate { rule, language, first_line }));
            }
            rows.push(row);
        }
        if rows.is_empty() {
            return Err(RuleError::Empty { table: table.to_owned() });
        }
        Ok(Self::compile(rows))
    }

    /// A set of these rows. Of two rows of one rule and one language, the later counts.
    pub fn compile(rows: Vec<Row>) -> Self {
        let mut compiled = BTreeMap::from([(ANY.to_owned(), Vec::new())]);
        for row in &rows {
            compiled.entry(row.language.clone()).or_default();
        }
        for (language, tests) in &mut compiled {
            // Most specific last: each rule takes the last row that applies.
            let mut chosen: BTreeMap<&str, usize> = BTreeMap::new();
            for selector in [ANY, &of_script(language), language] {
                let of_selector = rows.iter().enumerate().filter(|(_, row)| row.language == selector);
                chosen.extend(of_selector.map(|(at, row)| (row.rule.as_str(), at)));
            }
            let mut chosen: Vec<usize> = chosen.into_values().collect();
            chosen.sort_unstable();
            tests.extend(chosen.into_iter().filter_map(|at| rows[at].test(at)));
        }
        Self { rows, compiled }
    }

    /// The rows, as the table has them.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The row that counts for a rule in a language, perhaps one that takes it away; `*_Latn` and `*` are asked for like
    /// languages.
    pub fn row(&self, rule: &str, language: &str) -> Option<&Row> {
        let of = |selector: &str| self.rows.iter().rfind(|row| row.rule == rule && row.language == selector);
        of(language).or_else(|| of(&of_script(language))).or_else(|| of(ANY))
    }

    /// Whether there are rows for this language itself.
    pub fn has_rows_of(&self, language: &str) -> bool {
        self.tests(language).1 == Scope::Own
    }

    /// This set with more rows, for a language for one; they count before rows of the same rule and language.
    #[must_use]
    pub fn with(&self, more: Vec<Row>) -> Self {
        Self::compile(self.rows.iter().cloned().chain(more).collect())
    }

    /// Every rule that a document fails. `language` is ISO 639-3 and script, as in `swa_Latn`; any other text, such as
    /// `und`, is a language without rows.
    pub fn failed(&self, signals: &Signals, language: &str) -> Verdict<'_> {
        let (tests, scope) = self.tests(language);
        let failed = tests.iter().filter(|test| test.op.holds((test.get)(signals), test.value));
        let rows: Vec<&Row> = failed.map(|test| &self.rows[test.row]).collect();
        Verdict {
            failed: rows.iter().map(|row| row.rule.as_str()).collect(),
            rows,
            language_has_rows: scope == Scope::Own,
        }
    }

    /// The rows that judge documents in `language`, one a rule, and whose they are.
    pub fn asked(&self, language: &str) -> (impl Iterator<Item = &Row>, Scope) {
        let (tests, scope) = self.tests(language);
        (tests.iter().map(|test| &self.rows[test.row]), scope)
    }

    fn tests(&self, language: &str) -> (&[Test], Scope) {
        if let Some(own) = self.compiled.get(language).filter(|_| language != ANY) {
            return (own, Scope::Own);
        }
        match self.compiled.get(&of_script(language)) {
            Some(of_script) if language.contains('_') => (of_script, Scope::Script),
            _ => (&self.compiled[ANY], Scope::Neutral),
        }
    }
}

/// The rows of a table with their lines, from 1. Empty lines, and those that begin with `#`, are none. A row is one line;
/// so the reader need not say where it is, which it gets wrong behind comments.
pub(super) fn csv_lines(text: &str) -> impl Iterator<Item = (u64, Result<StringRecord, csv::Error>)> {
    let lines = text.trim_start_matches('\u{feff}').lines().zip(1..);
    lines.filter(|(line, _)| !line.trim().is_empty() && !line.starts_with('#')).map(|(line, number)| {
        let mut reader = ReaderBuilder::new().has_headers(false).trim(Trim::All).from_reader(line.as_bytes());
        (number, reader.records().next().unwrap_or_else(|| Ok(StringRecord::new())))
    })
}

/// `*_Latn` of `swa_Latn`.
pub(super) fn of_script(language: &str) -> String {
    language.split_once('_').map_or_else(|| ANY.to_owned(), |(_, script)| format!("*_{script}"))
}

fn is_selector(language: &str) -> bool {
    let is_script = |script: &str| {
        let mut bytes = script.bytes();
        script.len() == 4
            && bytes.next().is_some_and(|byte| byte.is_ascii_uppercase())
            && bytes.all(|byte| byte.is_ascii_lowercase())
    };
    let Some((code, script)) = language.split_once('_') else { return language == ANY };
    let is_code = code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_lowercase());
    (is_code || code == ANY) && is_script(script)
}

impl Row {
    /// A row, if all of it can be.
    pub fn new(
        language: &str,
        rule: &str,
        signal_name: &str,
        op: &str,
        value: &str,
        source: &str,
    ) -> Result<Self, RowProblem> {
        let given = |column, text: &str| {
            if text.is_empty() { Err(RowProblem::Missing { column }) } else { Ok(text.to_owned()) }
        };
        let language = given("language", language)?;
        if !is_selector(&language) {
            return Err(RowProblem::Language { found: language });
        }
        let language = table_language(&language);
        let rule = given("rule", rule)?;
        if !rule.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_') {
            return Err(RowProblem::Rule { found: rule });
        }
        let Some(signal) = signal(signal_name) else {
            let nearest = nearest_signal(signal_name);
            return Err(RowProblem::Signal { found: signal_name.to_owned(), nearest });
        };
        let Some((_, op)) = Op::ALL.iter().find(|(text, _)| *text == op) else {
            return Err(RowProblem::Op { found: op.to_owned() });
        };
        let value = match value {
            "off" => None,
            number => Some(parse_value(number, signal)?),
        };
        Ok(Self { language, rule, signal, op: *op, value, source: given("source", source)? })
    }

    fn parse(record: &StringRecord) -> Result<Self, RowProblem> {
        if record.len() != COLUMNS.len() {
            let found = record.iter().collect::<Vec<_>>().join(",");
            return Err(RowProblem::Csv(format!(
                "{} columns instead of {}: {found}",
                record.len(),
                COLUMNS.len()
            )));
        }
        Self::new(&record[0], &record[1], &record[2], &record[3], &record[4], &record[5])
    }

    fn test(&self, row: usize) -> Option<Test> {
        let value = self.value?;
        // A share of exactly a fifth is 0.2 as f32: the value must be the same number.
        let value = if self.signal.unit == Unit::Count { value } else { f64::from(value as f32) };
        Some(Test { row, get: self.signal.get, op: self.op, value })
    }
}

fn parse_value(text: &str, signal: &Signal) -> Result<f64, RowProblem> {
    let value: f64 = text
        .parse()
        .ok()
        .filter(|value: &f64| value.is_finite())
        .ok_or_else(|| RowProblem::Value { found: text.to_owned() })?;
    let (most, range) = match signal.unit {
        Unit::Share => (1.0, "0 to 1"),
        Unit::Count => (f64::from(u32::MAX), "whole numbers from 0"),
        Unit::Mean => (f64::from(f32::MAX), "numbers from 0"),
    };
    let whole = signal.unit != Unit::Count || value.fract() == 0.0;
    if !(0.0..=most).contains(&value) || !whole {
        return Err(RowProblem::Range { value, signal: signal.name, range });
    }
    Ok(value)
}

/// Rows as a table that [`RuleSet::read`] reads.
pub fn write_rows(rows: &[Row]) -> String {
    let mut table = COLUMNS.join(",") + "\n";
    for row in rows {
        let value = row.value.map_or_else(|| "off".to_owned(), |value| value.to_string());
        let source = row.source.replace('"', "\"\"");
        let quote = if row.source.contains([',', '"', '\n']) { "\"" } else { "" };
        let Row { language, rule, signal, op, .. } = row;
        // Writing to a string cannot fail.
        let _ =
            writeln!(table, "{language},{rule},{},{},{value},{quote}{source}{quote}", signal.name, op.text());
    }
    table
}

#[cfg(test)]
#[path = "rules_tests.rs"]
mod tests;
