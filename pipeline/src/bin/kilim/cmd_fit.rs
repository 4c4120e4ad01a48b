//! `kilim fit-thresholds` and `kilim quality medians`: values for each language from text that one trusts.
//!
//! The table goes to stdout, and a few words on how it does on the half that was held back to stderr.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Result;
use arrow::array::{Array as _, AsArray as _};
use arrow::datatypes::DataType;
use kilim::quality::segment::Segmenter;
use kilim::quality::{
    FitOptions, FittedLanguage, LanguageProfile, Lost, Measurer, REFERENCE, Reference, RuleSet, Sample, fit,
    losing_rules, lost, medians, table_language, write_rows,
};
use kilim::run::RunError;
use kilim::step::{Resources, StepError};
use kilim::steps::filter_quality::FilterQuality;
use kilim::steps::measure_quality::MeasureQuality;
use serde_json::json;

use crate::Exit;
use crate::args::{FitThresholdsArgs, MediansArgs, ReferenceArgs};
use crate::cmd_langid::write_file;
use crate::cmd_run;
use crate::work;

/// The source of documents that a query found.
const QUERY_SOURCE: &str = "query";

/// Languages of which less than so much of the text that was held back is lost are not named to people.
const WORTH_NAMING: f64 = 0.2;

/// Trusted text, measured, in two halves.
struct Measured {
    reference: Reference,
    fitted: Vec<Sample>,
    held_back: Vec<Sample>,
    /// Indexes of the texts of `held_back`.
    held_back_texts: Vec<usize>,
}

fn measured(config: &Path, args: &ReferenceArgs) -> Result<Measured> {
    let step = MeasureQuality { stop_words: args.stop_words.clone(), ..MeasureQuality::default() };
    let profiles = step.profiles(&Resources::new(Path::new(""))).map_err(refused)?;
    let reference = read(config, args)?;
    let (fitted, held_back_texts) = reference.halves();
    let mut measurer = Measurer::new();
    let mut measure = |indexes: &[usize]| -> Vec<Sample> {
        let sample = |index: &usize| {
            let text = &reference.texts[*index];
            let signals = measurer.measure(&text.text, profiles.get(&text.language));
            Sample { language: text.language.clone(), source: text.source, signals }
        };
        indexes.iter().map(sample).collect()
    };
    let (fitted, held_back) = (measure(&fitted), measure(&held_back_texts));
    Ok(Measured { reference, fitted, held_back, held_back_texts })
}

fn read(config: &Path, args: &ReferenceArgs) -> Result<Reference> {
    let passage_words = args.passage_words.map(|words| words as usize);
    let (stdin, files): (Vec<PathBuf>, Vec<PathBuf>) =
        args.inputs.iter().cloned().partition(|input| input.as_os_str() == "-");
    let mut reference = Reference::read(&files, passage_words).map_err(unreadable)?;
    let mut segmenter = Segmenter::new();
    if !stdin.is_empty() {
        let source = reference.source("stdin");
        let lines = std::io::stdin().lock();
        reference
            .read_json(lines, Path::new("stdin"), source, passage_words, &mut segmenter)
            .map_err(unreadable)?;
    }
    if let Some(query) = &args.query {
        let source = reference.source(QUERY_SOURCE);
        for (lang, text) in documents_of_run(config, query)? {
            reference.add(&table_language(&lang), source, &text, passage_words, &mut segmenter);
        }
    }
    if reference.texts.is_empty() {
        let hint = "each document needs a language with its script, and a text";
        return Err(RunError::refused("no documents to fit on", hint).into());
    }
    Ok(reference)
}

/// Languages and texts that a query finds in the ledger of the config's last run; rows without either are passed over.
fn documents_of_run(config: &Path, query: &str) -> Result<Vec<(String, String)>> {
    let batches = cmd_run::runtime(cmd_run::processors())?.block_on(async {
        let work = work::open(config).await?;
        let options = datafusion::execution::context::SQLOptions::new()
            .with_allow_ddl(false)
            .with_allow_dml(false)
            .with_allow_statements(false);
        let found = work.context().sql_with_options(query, options).await;
        let found = found.map_err(|error| work::refused(&error))?;
        found.collect().await.map_err(|error| work::refused(&error))
    })?;
    let mut documents = Vec::new();
    for batch in batches {
        let column = |name: &str| {
            let column = batch.column_by_name(name)?;
            arrow::compute::cast(column, &DataType::Utf8).ok()
        };
        let (Some(langs), Some(texts)) = (column("lang"), column("text")) else {
            let hint = "for example SELECT lang, text FROM documents WHERE steward = 'a-council'";
            return Err(RunError::refused("the query gives no columns `lang` and `text`", hint).into());
        };
        let (langs, texts) = (langs.as_string::<i32>(), texts.as_string::<i32>());
        for row in (0..batch.num_rows()).filter(|row| langs.is_valid(*row) && texts.is_valid(*row)) {
            documents.push((langs.value(row).to_owned(), texts.value(row).to_owned()));
        }
    }
    Ok(documents)
}

/// A line of the report.
struct Line {
    language: String,
    /// Nothing for all sources together.
    source: Option<String>,
    fitted_documents: usize,
    lost: Lost,
    /// The fitted rules that take most of the documents held back, and how many each.
    takes: String,
    rows: usize,
    reason: String,
}

/// Rules that a line of the report names.
const NAMED_RULES: usize = 3;

pub(crate) fn thresholds(config: &Path, args: &FitThresholdsArgs) -> Result<Exit> {
    let rules = FilterQuality { rules: args.rules.clone(), thresholds: None };
    let rules = rules.rule_set(&Resources::new(Path::new(""))).map_err(refused)?;
    let measured = measured(config, &args.reference)?;
    let options = FitOptions {
        min_documents: args.min_documents as usize,
        max_cut: args.max_cut,
        max_lost: args.max_lost,
    };
    let languages = fit(&rules, &measured.fitted, &measured.reference.sources, &options)
        .map_err(|error| with_hint(&error.to_string()))?;
    let rows: Vec<_> = languages.iter().flat_map(|language| language.rows.clone()).collect();
    let lines = report(&rules, &rules.with(rows.clone()), &languages, &measured);
    if let Some(path) = &args.report {
        write_file(path.clone(), report_csv(&lines)?.as_bytes())?;
    }
    if let Some(path) = &args.held_back {
        write_file(path.clone(), held_back_lines(&measured)?.as_bytes())?;
    }
    let table = if args.json {
        let rows: Vec<_> = rows
            .iter()
            .map(|row| {
                let (signal, op) = (row.signal.name, row.op.text());
                json!({"language": row.language, "rule": row.rule, "signal": signal, "op": op, "value": row.value,
                    "source": row.source})
            })
            .collect();
        let lines: Vec<_> = lines.iter().map(Line::json).collect();
        format!("{:#}\n", json!({"thresholds": rows, "held_back": lines}))
    } else {
        write_rows(&rows)
    };
    std::io::stdout().lock().write_all(table.as_bytes())?;
    tell(&lines);
    Ok(Exit::Done)
}

fn report(
    rules: &RuleSet,
    with_rows: &RuleSet,
    languages: &[FittedLanguage],
    measured: &Measured,
) -> Vec<Line> {
    // English is the model: it has no rows, and stands in the report as the others do.
    let mut all: BTreeMap<&str, BTreeMap<usize, (usize, Vec<&Sample>)>> = BTreeMap::new();
    for sample in &measured.fitted {
        all.entry(&sample.language).or_default().entry(sample.source).or_default().0 += 1;
    }
    for sample in &measured.held_back {
        all.entry(&sample.language).or_default().entry(sample.source).or_default().1.push(sample);
    }
    let mut lines = Vec::new();
    for (language, sources) in all {
        let fitted = languages.iter().find(|fitted| fitted.language == language);
        let line = |source: Option<String>, fitted_documents: usize, held_back: &[&Sample]| Line {
            language: language.to_owned(),
            source,
            fitted_documents,
            lost: lost(rules, with_rows, language, held_back.iter().copied()),
            takes: most(&losing_rules(with_rows, language, held_back.iter().copied())),
            rows: fitted.map_or(0, |fitted| fitted.rows.len()),
            reason: fitted.map_or_else(
                || "the values are those of English".to_owned(),
                |fitted| fitted.reason.clone().unwrap_or_default(),
            ),
        };
        let together: Vec<&Sample> =
            sources.values().flat_map(|(_, held_back)| held_back.iter().copied()).collect();
        lines.push(line(None, sources.values().map(|(fitted, _)| fitted).sum(), &together));
        for (source, (fitted, held_back)) in &sources {
            lines.push(line(Some(measured.reference.sources[*source].clone()), *fitted, held_back));
        }
    }
    lines
}

fn most(rules: &[(&str, usize)]) -> String {
    rules
        .iter()
        .take(NAMED_RULES)
        .map(|(rule, count)| format!("{rule} {count}"))
        .collect::<Vec<_>>()
        .join("; ")
}

impl Line {
    fn json(&self) -> serde_json::Value {
        let Self { language, source, fitted_documents, lost, takes, rows, reason } = self;
        json!({
            "language": language, "source": source, "fitted_documents": fitted_documents,
            "held_back_documents": lost.documents, "lost_fitted": lost.fitted, "lost_neutral": lost.neutral,
            "lost_english": lost.english, "taken_by": takes, "rows": rows, "reason": reason,
        })
    }
}

fn report_csv(lines: &[Line]) -> Result<String> {
    let mut out = csv::Writer::from_writer(Vec::new());
    out.write_record([
        "language",
        "source",
        "fitted_documents",
        "held_back_documents",
        "lost_fitted",
        "lost_neutral",
        "lost_english",
        "taken_by",
        "rows",
        "reason",
    ])?;
    for line in lines {
        let [fitted, neutral, english] =
            [line.lost.fitted, line.lost.neutral, line.lost.english].map(|share| format!("{share:.4}"));
        out.write_record([
            &line.language,
            line.source.as_deref().unwrap_or("*"),
            &line.fitted_documents.to_string(),
            &line.lost.documents.to_string(),
            &fitted,
            &neutral,
            &english,
            &line.takes,
            &line.rows.to_string(),
            &line.reason,
        ])?;
    }
    Ok(String::from_utf8(out.into_inner()?)?)
}

fn held_back_lines(measured: &Measured) -> Result<String> {
    let mut lines = String::new();
    for index in &measured.held_back_texts {
        let text = &measured.reference.texts[*index];
        let source = &measured.reference.sources[text.source];
        lines +=
            &serde_json::to_string(&json!({"lang": text.language, "source": source, "text": text.text}))?;
        lines.push('\n');
    }
    Ok(lines)
}

/// How many languages got rows, what is lost of the worst, and which got none.
fn tell(lines: &[Line]) {
    let mut told = std::io::stderr();
    let all: Vec<&Line> = lines.iter().filter(|line| line.source.is_none()).collect();
    let (with, without): (Vec<&Line>, Vec<&Line>) = all.into_iter().partition(|line| line.rows > 0);
    // Words for people that cannot be shown are no reason to stop.
    let _ = writeln!(told, "{} languages with rows of their own, {} without", with.len(), without.len());
    let mut worst: Vec<&&Line> = with.iter().filter(|line| line.lost.documents > 0).collect();
    worst.sort_by(|a, b| b.lost.fitted.total_cmp(&a.lost.fitted).then_with(|| a.language.cmp(&b.language)));
    for (place, line) in worst.into_iter().enumerate() {
        if place > 0 && line.lost.fitted < WORTH_NAMING {
            break;
        }
        let Lost { documents, fitted, neutral, english } = line.lost;
        let [fitted, neutral, english] = [fitted, neutral, english].map(|share| 100.0 * share);
        let _ = writeln!(
            told,
            "{}: {fitted:.1} % of {documents} documents held back are lost, {neutral:.1} % by the rules for any \
             language, {english:.1} % by English's values",
            line.language
        );
    }
    for line in without {
        let _ = writeln!(told, "{}: no rows, {}", line.language, line.reason);
    }
}

pub(crate) fn medians_of(config: &Path, args: &MediansArgs) -> Result<Exit> {
    let measured = measured(config, &args.reference)?;
    let found = medians(&measured.fitted);
    if found.is_empty() {
        let hint = "medians are held against Spanish: a source needs ten documents of spa_Latn, and of the language, in a half";
        return Err(RunError::refused("no language has medians", hint).into());
    }
    let mut out = csv::Writer::from_writer(std::io::stdout().lock());
    out.write_record(["language", "numbers", "punctuation", "symbols", "source"])?;
    for one in &found {
        let names: Vec<&str> =
            one.sources.iter().map(|at| measured.reference.sources[*at].as_str()).collect();
        let [numbers, punctuation, symbols] = one.medians.values().map(|value| value.to_string());
        let source = format!("{} documents of {}", one.documents, names.join(" "));
        out.write_record([&one.language, &numbers, &punctuation, &symbols, &source])?;
    }
    out.flush()?;
    drop(out);
    if let Some(path) = &args.report {
        let mut out = csv::Writer::from_writer(Vec::new());
        out.write_record(["language", "held_back_documents", "score_reference", "score_own"])?;
        for one in &found {
            let mut own = LanguageProfile { medians: one.medians, ..LanguageProfile::default() };
            let (mut documents, mut scores) = (0_u32, [0.0, 0.0]);
            let mut measurer = Measurer::new();
            for index in &measured.held_back_texts {
                let text = &measured.reference.texts[*index];
                if text.language != one.language {
                    continue;
                }
                documents += 1;
                for (score, medians) in scores.iter_mut().zip([REFERENCE, one.medians]) {
                    own.medians = medians;
                    *score += f64::from(measurer.measure(&text.text, &own).web_docs_score);
                }
            }
            let [reference, own] = scores.map(|sum| format!("{:.3}", sum / f64::from(documents.max(1))));
            out.write_record([&one.language, &documents.to_string(), &reference, &own])?;
        }
        write_file(path.clone(), &out.into_inner()?)?;
    }
    Ok(Exit::Done)
}

fn refused(error: StepError) -> anyhow::Error {
    match error {
        StepError::Config { problem, hint } => RunError::Refused { problem, hint },
        StepError::File { .. } => RunError::Refused { problem: error.to_string(), hint: None },
    }
    .into()
}

fn unreadable(error: kilim::quality::ReferenceError) -> anyhow::Error {
    match error {
        kilim::quality::ReferenceError::Lines(error) => crate::cmd_langid::unusable(&error).into(),
        other => with_hint(&other.to_string()),
    }
}

/// An error of the library whose last line is its hint.
fn with_hint(error: &str) -> anyhow::Error {
    let (problem, hint) = error.split_once("\nhint: ").unwrap_or((error, ""));
    let hint = (!hint.is_empty()).then(|| hint.to_owned());
    RunError::Refused { problem: problem.to_owned(), hint }.into()
}
