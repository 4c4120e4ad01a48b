//! `langid`: the trainer, the evaluator and the engine from a command line.
//!
//! ```text
//! langid train OUT.kilim FOLDER... [small] [KEY=VALUE ...]     see `Recipe::SETTINGS`
//! langid eval MODEL FILE... [noise | cut=30] [scripts] [macro] [threshold=0] [csv=FOLDER] [json]
//! langid guess MODEL [languages=swa,luo] [threshold=0] [full] < lines
//! langid code MODEL langid/accuracy/code.tsv [show]
//! langid bench MODEL FILE
//! langid labels MODEL
//! ```
//!
//! MODEL is a file, or `embedded`, or `whatlang`. FILEs are label-tab-text, `.tsv` or `.tsv.zst`.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line tool")]

use std::collections::BTreeMap;
use std::error::Error;
use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use kilim_langid::Identifier;
use kilim_langid::eval::{Options, Speed, eval, noise, speed};
use kilim_langid::ngram::{Macrolanguages, Ngram, Threshold};
use kilim_langid::train::{Recipe, read_lines, source_name, train};
use kilim_langid::whatlang::Whatlang;

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// Words of the command line: names of files, flags, and settings.
struct Args {
    names: Vec<String>,
    settings: Vec<(String, String)>,
}

const FLAGS: [&str; 8] = ["small", "noise", "scripts", "macro", "json", "full", "show", "capped"];

impl Args {
    fn read() -> Args {
        let mut args = Args { names: Vec::new(), settings: Vec::new() };
        for word in std::env::args().skip(1) {
            if let Some((key, value)) = word.split_once('=') {
                args.settings.push((key.to_owned(), value.to_owned()));
            } else if FLAGS.contains(&word.as_str()) {
                args.settings.push((word, String::new()));
            } else {
                args.names.push(word);
            }
        }
        args
    }

    fn setting(&self, key: &str) -> Option<&str> {
        self.settings.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
    }

    fn has(&self, flag: &str) -> bool {
        self.setting(flag).is_some()
    }

    fn name(&self, at: usize) -> Outcome<&str> {
        self.names
            .get(at)
            .map(String::as_str)
            .ok_or_else(|| "a file name is missing; see the head of this file".into())
    }
}

fn main() -> Outcome {
    let args = Args::read();
    match args.name(0)? {
        "train" => run_train(&args),
        "eval" => run_eval(&args),
        "guess" => run_guess(&args),
        "code" => run_code(&args),
        "bench" => run_bench(&args),
        "labels" => {
            for label in engine(&args)?.labels() {
                println!("{label}");
            }
            Ok(())
        }
        other => Err(format!("{other} is no command: train, eval, guess, code, bench or labels").into()),
    }
}

fn ngram(args: &Args) -> Outcome<Ngram> {
    let model = args.name(1)?;
    let mut engine = match model {
        #[cfg(feature = "embedded")]
        "embedded" => Ngram::embedded(),
        path => Ngram::load(path)?,
    };
    if let Some(languages) = args.setting("languages") {
        engine = engine.with_languages(&languages.split(',').collect::<Vec<_>>())?;
    }
    if let Some(threshold) = args.setting("threshold") {
        engine = engine.with_threshold(Threshold::Fixed(threshold.parse()?));
    }
    if args.has("macro") {
        engine = engine.with_macrolanguages(Macrolanguages::Macro);
    }
    Ok(if args.has("full") { engine.full() } else { engine })
}

fn engine(args: &Args) -> Outcome<Box<dyn Identifier>> {
    Ok(if args.name(1)? == "whatlang" { Box::new(Whatlang::default()) } else { Box::new(ngram(args)?) })
}

fn run_train(args: &Args) -> Outcome {
    let mut recipe = if args.has("small") { Recipe::small() } else { Recipe::default() };
    for (key, value) in args.settings.iter().filter(|(key, _)| key != "small") {
        recipe.set(key, value)?;
    }
    let folders: Vec<PathBuf> = args.names[2.min(args.names.len())..].iter().map(PathBuf::from).collect();
    let start = Instant::now();
    let (model, report) =
        train(&folders, &recipe, &mut |line| eprintln!("{:5.0} s  {line}", start.elapsed().as_secs_f32()))?;
    let bytes = model.to_bytes();
    std::fs::write(args.name(1)?, &bytes)?;
    eprintln!("{report:?}\n{} bytes, BLAKE3 {}", bytes.len(), model.digest());
    Ok(())
}

fn run_eval(args: &Args) -> Outcome {
    let engine = engine(args)?;
    let options = Options { scripts: args.has("scripts"), macrolanguages: args.has("macro") };
    for file in &args.names[2.min(args.names.len())..] {
        let mut lines = read_lines(Path::new(file), 0)?;
        if args.has("noise") {
            lines = noise::noised(&lines, 42);
        }
        if let Some(chars) = args.setting("cut") {
            lines = noise::cut(&lines, chars.parse()?);
        }
        let evaluation = eval(&*engine, &lines, &options);
        if args.has("json") {
            print!("{}", evaluation.json());
        } else {
            println!("{file}\n{}", evaluation.summary());
        }
        if let Some(folder) = args.setting("csv") {
            let name = format!("{}.csv", source_name(Path::new(file)));
            std::fs::write(Path::new(folder).join(name), evaluation.csv())?;
        }
    }
    Ok(())
}

fn run_guess(args: &Args) -> Outcome {
    let engine = engine(args)?;
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for line in std::io::stdin().lock().lines() {
        let found = engine.identify(&line?);
        writeln!(out, "{}\t{:.4}\t{:.4}", found.lang, found.confidence, found.margin)?;
    }
    Ok(out.flush()?)
}

/// How many lines of code, by format, are called a language; `show` prints them.
fn run_code(args: &Args) -> Outcome {
    let engine = engine(args)?;
    let text = std::fs::read_to_string(args.name(2)?)?;
    let mut formats: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let mut halves = [(0, 0); 2];
    for (at, line) in text.lines().enumerate() {
        let (format, line) = line.split_once('\t').ok_or("expected a format, a tab and a line")?;
        let found = engine.identify(line);
        let called = usize::from(found.lang.is_language());
        for (lines, wrong) in [formats.entry(format).or_default(), &mut halves[at % 2]] {
            *lines += 1;
            *wrong += called;
        }
        if called == 1 && args.has("show") {
            println!("{format}\t{}\t{:.2}\t{line}", found.lang, found.confidence);
        }
    }
    for (format, (lines, wrong)) in formats {
        println!("{format:<14} {wrong:>3} of {lines}");
    }
    for (name, (lines, wrong)) in ["first, third ...", "second, fourth ..."].iter().zip(halves) {
        println!("{name:<20} {wrong} of {lines}: {:.1} %", 100.0 * wrong as f32 / lines as f32);
    }
    Ok(())
}

/// Megabytes and texts a second of processor time, the best of five runs.
fn run_bench(args: &Args) -> Outcome {
    let lines = read_lines(Path::new(args.name(2)?), 0)?;
    let engines: Vec<(&str, Box<dyn Identifier>)> = if args.name(1)? == "whatlang" {
        vec![("whatlang", engine(args)?)]
    } else {
        let ngram = ngram(args)?;
        vec![("full", Box::new(ngram.clone().full())), ("capped", Box::new(ngram))]
    };
    for (name, engine) in engines {
        let Speed { bytes, texts, answered, megabytes, texts_a_second } = speed(&*engine, &lines);
        println!(
            "{name:<9} {megabytes:6.1} MB/s {texts_a_second:9.0} texts/s  ({texts} texts of {} bytes, {answered} answered)",
            bytes / texts.max(1)
        );
    }
    Ok(())
}
