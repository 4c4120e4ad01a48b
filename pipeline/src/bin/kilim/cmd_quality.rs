//! `kilim quality`: tables for measuring and judging texts, made from text that one trusts.

use std::io::Write as _;
use std::path::Path;

use anyhow::Result;
use kilim::quality::stop_words;
use kilim_langid::train::{CorpusError, files_in, read_lines, source_name};

use crate::Exit;
use crate::args::{QualityCommand, StopWordsArgs};
use crate::cmd_fit;
use crate::cmd_langid::unusable;

pub(crate) fn run(config: &Path, command: &QualityCommand) -> Result<Exit> {
    match command {
        QualityCommand::StopWords(args) => derive_stop_words(args),
        QualityCommand::FitThresholds(args) => cmd_fit::thresholds(config, args),
        QualityCommand::Medians(args) => cmd_fit::medians_of(config, args),
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
