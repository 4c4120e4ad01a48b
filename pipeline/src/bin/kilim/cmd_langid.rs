//! `kilim langid guess`: lines in, labels out.

use std::io::{BufRead as _, Write as _};
use std::path::Path;

use anyhow::Result;
use kilim::run::RunError;
use kilim_langid::Identifier;
use kilim_langid::fasttext::FastText;
use kilim_langid::whatlang::Whatlang;

use crate::Exit;
use crate::args::{GuessArgs, LangidCommand};

pub(crate) fn run(command: &LangidCommand) -> Result<Exit> {
    let LangidCommand::Guess(args) = command;
    let engine = engine(args.model.as_deref())?;
    guess(engine.as_ref(), args)
}

fn engine(model: Option<&Path>) -> Result<Box<dyn Identifier>> {
    let Some(path) = model else { return Ok(Box::new(Whatlang::default())) };
    let model = FastText::load(path).map_err(|error| RunError::refused(error.to_string(), error.hint()))?;
    Ok(Box::new(model))
}

/// Bytes that are no UTF-8 become U+FFFD and spoil their own line only.
fn guess(engine: &dyn Identifier, args: &GuessArgs) -> Result<Exit> {
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
