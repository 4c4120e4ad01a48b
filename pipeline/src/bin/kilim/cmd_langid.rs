//! `kilim langid`: language identification by itself.

use std::io::{BufRead as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Result;
use kilim::run::RunError;
use kilim::step::{Resources, StepError};
use kilim::steps::identify_language::{IdentifyLanguage, LanguageEngine, MacrolanguageMode};
use kilim_langid::Identifier;
use kilim_langid::eval::{self, Options, Speed, noise};
use kilim_langid::train::{CorpusError, Line, Recipe, read_lines, source_name, train};

use crate::Exit;
use crate::args::{BenchArgs, EngineArgs, EvalArgs, GuessArgs, LangidCommand, TrainArgs};

pub(crate) fn run(command: &LangidCommand) -> Result<Exit> {
    match command {
        LangidCommand::Guess(args) => guess(args),
        LangidCommand::Eval(args) => evaluate(args),
        LangidCommand::Train(args) => make(args),
        LangidCommand::Bench(args) => bench(args),
        LangidCommand::Labels(args) => labels(args),
    }
}

/// The engine as a config would ask for it, paths from the current folder.
fn engine(args: &EngineArgs) -> Result<Arc<dyn Identifier>> {
    let ending = args.model.as_ref().and_then(|model| model.extension());
    let by_ending = match ending {
        Some(ending) if ending == "bin" || ending == "ftz" => LanguageEngine::Fasttext,
        _ => LanguageEngine::Ngram,
    };
    let step = IdentifyLanguage {
        engine: args.engine.unwrap_or(by_ending),
        model: args.model.clone(),
        languages: args.languages.clone(),
        macrolanguages: if args.macrolanguages { MacrolanguageMode::Macro } else { MacrolanguageMode::Exact },
        full: args.full,
        min_confidence: args.min_confidence,
    };
    let engine = step.identifier(&Resources::new(Path::new(""))).map_err(|error| match error {
        StepError::Config { problem, hint } => RunError::Refused { problem, hint },
        StepError::File { .. } => RunError::Refused { problem: error.to_string(), hint: None },
    })?;
    Ok(engine)
}

/// Bytes that are no UTF-8 become U+FFFD and spoil their own line only.
fn guess(args: &GuessArgs) -> Result<Exit> {
    let engine = engine(&args.engine)?;
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for line in std::io::stdin().lock().split(b'\n') {
        let line = line?;
        let found = engine.identify(&String::from_utf8_lossy(&line));
        if args.json {
            let top: Vec<_> = found.top.iter().map(|(lang, share)| (lang.to_string(), share)).collect();
            let (lang, confidence) = (found.lang.to_string(), found.confidence);
            let row = serde_json::json!({
                "lang": lang, "confidence": confidence, "margin": found.margin, "top": top,
            });
            writeln!(out, "{row}")?;
        } else {
            writeln!(out, "{}\t{:.3}", found.lang, found.confidence)?;
        }
    }
    out.flush()?;
    Ok(Exit::Done)
}

fn evaluate(args: &EvalArgs) -> Result<Exit> {
    let engine = engine(&args.engine)?;
    let options = Options { scripts: args.scripts, macrolanguages: args.engine.macrolanguages };
    let mut out = std::io::stdout().lock();
    for file in &args.files {
        let mut lines = labelled(file)?;
        if args.noise {
            lines = noise::noised(&lines, NOISE_SEED);
        }
        if let Some(chars) = args.cut {
            lines = noise::cut(&lines, chars);
        }
        let evaluation = eval::eval(&*engine, &lines, &options);
        if args.json {
            write!(out, "{}", evaluation.json())?;
        } else {
            writeln!(out, "{}\n{}", file.display(), evaluation.summary())?;
        }
        if let Some(folder) = &args.csv {
            let path = folder.join(format!("{}.csv", source_name(file)));
            write_file(path, evaluation.csv().as_bytes())?;
        }
    }
    Ok(Exit::Done)
}

/// The spoilt copy of a file is the same each time.
const NOISE_SEED: u64 = 42;

fn make(args: &TrainArgs) -> Result<Exit> {
    let mut recipe = if args.small { Recipe::small() } else { Recipe::default() };
    for setting in &args.set {
        let unknown = |problem: String| RunError::refused(problem, settings());
        let (key, value) = setting
            .split_once('=')
            .ok_or_else(|| unknown(format!("expected KEY=VALUE after --set, found {setting:?}")))?;
        recipe.set(key, value).map_err(|error| unknown(error.to_string()))?;
    }
    let started = std::time::Instant::now();
    let mut told = std::io::stderr();
    let mut tell = |line: &str| {
        // Progress that cannot be shown is no reason to stop.
        let _ = writeln!(told, "{:5.0} s  {line}", started.elapsed().as_secs_f32());
    };
    let (model, report) = train(&args.inputs, &recipe, &mut tell).map_err(|error| unusable(&error))?;
    let bytes = model.to_bytes();
    write_file(args.model.clone(), &bytes)?;
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "{}: {} labels from {} lines, {} kept back for calibration, loss {:.3}\n{} bytes, BLAKE3 {}",
        args.model.display(),
        report.labels,
        report.lines,
        report.held_out,
        report.loss,
        bytes.len(),
        model.digest()
    )?;
    Ok(Exit::Done)
}

fn settings() -> String {
    format!(
        "settings: {}, seed, source.NAME (most lines of a label from a source)",
        Recipe::SETTINGS.join(", ")
    )
}

fn bench(args: &BenchArgs) -> Result<Exit> {
    let lines = labelled(&args.file)?;
    let Speed { bytes, texts, answered, megabytes, texts_a_second } =
        eval::speed(&*engine(&args.engine)?, &lines);
    writeln!(
        std::io::stdout().lock(),
        "{megabytes:.1} MB/s, {texts_a_second:.0} texts/s of processor time: {texts} texts of {} bytes, {answered} answered",
        bytes / texts.max(1)
    )?;
    Ok(Exit::Done)
}

fn labels(args: &EngineArgs) -> Result<Exit> {
    let mut out = std::io::stdout().lock();
    for label in engine(args)?.labels() {
        writeln!(out, "{label}")?;
    }
    Ok(Exit::Done)
}

fn labelled(file: &Path) -> Result<Vec<Line>> {
    Ok(read_lines(file, 0).map_err(|error| unusable(&error))?)
}

pub(crate) fn unusable(error: &CorpusError) -> RunError {
    let hint = match error {
        CorpusError::Read { .. } => "check the path, and that the file is readable",
        CorpusError::Line { .. } => {
            "labels are ISO 639-3 with an ISO 15924 script; `kilim langid labels` shows some"
        }
        CorpusError::Empty { .. } => "files end in .tsv or .tsv.zst",
    };
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}")).unwrap_or_default();
    RunError::refused(format!("{error}{cause}"), hint)
}

pub(crate) fn write_file(path: PathBuf, bytes: &[u8]) -> Result<()> {
    Ok(std::fs::write(&path, bytes).map_err(|source| RunError::Io { action: "write", path, source })?)
}
