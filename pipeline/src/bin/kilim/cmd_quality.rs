//! `kilim quality`: tables for measuring and judging texts, made from text that one trusts.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Result;
use kilim::quality::{Imported, import_fineweb2, join_fineweb2, stop_words, write_rows};
use kilim::run::RunError;
use kilim_langid::LangTag;
use kilim_langid::train::{CorpusError, files_in, read_lines, source_name};

use crate::Exit;
use crate::args::{ImportFineweb2Args, QualityCommand, StopWordsArgs};
use crate::cmd_fit;
use crate::cmd_langid::{unusable, write_file};

pub(crate) fn run(config: &Path, command: &QualityCommand) -> Result<Exit> {
    match command {
        QualityCommand::StopWords(args) => derive_stop_words(args),
        QualityCommand::FitThresholds(args) => cmd_fit::thresholds(config, args),
        QualityCommand::Medians(args) => cmd_fit::medians_of(config, args),
        QualityCommand::ImportFineweb2(args) => import(args),
    }
}

fn derive_stop_words(args: &StopWordsArgs) -> Result<Exit> {
    let read = || -> Result<_, CorpusError> {
        let (mut sources, mut lines) = (Vec::new(), Vec::new());
        for input in &args.inputs {
            for file in files_in(input)? {
                lines.extend(read_lines(&file, sources.len())?);
                sources.push(source_name(&file));
            }
        }
        Ok((sources, lines))
    };
    let (sources, lines) = read().map_err(|error| unusable(&error))?;
    let mut out = csv::Writer::from_writer(std::io::stdout().lock());
    out.write_record(["language", "word", "source"])?;
    for (language, words) in stop_words(&lines) {
        for word in words {
            let from: Vec<&str> = word.sources.iter().map(|source| sources[*source].as_str()).collect();
            let source = format!("{:.2} % of {}", 100.0 * word.share, from.join(" "));
            out.write_record([&language.to_string(), &word.word, &source])?;
        }
    }
    out.flush()?;
    std::io::stdout().flush()?;
    Ok(Exit::Done)
}

/// How many unusable files are named.
const NAMED_FILES: usize = 10;

fn import(args: &ImportFineweb2Args) -> Result<Exit> {
    let mut files = Vec::new();
    for input in &args.inputs {
        files.extend(fineweb2_files(input)?);
    }
    let (mut read, mut problems) = (Vec::new(), Vec::new());
    for file in &files {
        match read_fineweb2(file) {
            Ok(imported) => read.push(imported),
            Err(problem) => problems.push(problem),
        }
    }
    if files.is_empty() || !problems.is_empty() {
        let count = problems.len();
        if count > NAMED_FILES {
            problems.truncate(NAMED_FILES);
            problems.push(format!("and {} more", count - NAMED_FILES));
        }
        let problem =
            if files.is_empty() { "no files that end in .yml".to_owned() } else { problems.join("\n") };
        let hint =
            "give files such as swa_Latn.yml, or the folder `configs` of FineWeb-2; nothing was written";
        return Err(RunError::refused(problem, hint).into());
    }
    let joined = join_fineweb2(read);
    if let Some(path) = &args.stop_words {
        let mut out = csv::Writer::from_writer(Vec::new());
        out.write_record(["language", "word", "source"])?;
        for (language, words) in &joined.stop_words {
            for (word, source) in words {
                out.write_record([language, word, source])?;
            }
        }
        write_file(path.clone(), &out.into_inner()?)?;
    }
    std::io::stdout().lock().write_all(write_rows(&joined.rows).as_bytes())?;
    Ok(Exit::Done)
}

/// The file itself, or the files of a folder that end in `.yml`, by name.
fn fineweb2_files(input: &Path) -> Result<Vec<PathBuf>> {
    if !input.is_dir() {
        return Ok(vec![input.to_owned()]);
    }
    let unreadable = |error: std::io::Error| {
        RunError::refused(format!("cannot read {}: {error}", input.display()), "is it a folder of files?")
    };
    let mut files = Vec::new();
    for entry in input.read_dir().map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|extension| extension == "yml") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// A file and the language that it is named after, or what is wrong with it.
fn read_fineweb2(file: &Path) -> Result<(String, Imported), String> {
    let label = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    label.parse::<LangTag>().map_err(|error| format!("{}: {error}", file.display()))?;
    let text = std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let imported = import_fineweb2(&label, &text).map_err(|error| format!("{}: {error}", file.display()))?;
    Ok((label, imported))
}
