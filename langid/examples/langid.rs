//! `langid`: train, eval, guess and bench from the command line.
#![allow(clippy::print_stdout, clippy::print_stderr)]
use std::path::PathBuf;
use std::time::Instant;
use kilim_langid::eval::{Options, eval};
use kilim_langid::ngram::{Model, Ngram, Threshold};
use kilim_langid::train::{Recipe, read_lines, train};
type R<T> = Result<T, Box<dyn std::error::Error>>;
fn main() -> R<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let mut recipe = if args.iter().any(|a| a == "small=1") { Recipe::small() } else { Recipe::default() };
    let mut files = vec![];
    for a in &args[1..] {
        if let Some((k, v)) = a.split_once('=') {
            match k {
                "dim" => recipe.dim = v.parse()?,
                "rows" => recipe.rows = v.parse()?,
                "min" => recipe.min_order = v.parse()?,
                "max" => recipe.max_order = v.parse()?,
                "words" => recipe.words = v == "1",
                "epochs" => recipe.epochs = v.parse()?,
                "rate" => recipe.rate = v.parse()?,
                "target" => recipe.target = v.parse()?,
                "lines" => recipe.max_lines = v.parse()?,
                "minlines" => recipe.min_lines = v.parse()?,
                "repeats" => recipe.max_repeats = v.parse()?,
                "bible" => recipe.source_caps = vec![("bible".into(), v.parse()?)],
                "cut" => recipe.cut_share = v.parse()?,
                "cutwords" => recipe.max_cut_words = v.parse()?,
                "plain" => recipe.plain_share = v.parse()?,
                "drop" => recipe.drop_share = v.parse()?,
                "bag" => recipe.bag_share = v.parse()?,
                "address" => recipe.address_share = v.parse()?,
                "balance" => recipe.balance = v.parse()?,
                "small" => {}
                _ => return Err(format!("what is {k}").into()),
            }
        } else { files.push(PathBuf::from(a)); }
    }
    match args[0].as_str() {
        "train" => {
            let start = Instant::now();
            let (model, report) = train(&files[1..], &recipe, &mut |l| eprintln!("{:.0}s {l}", start.elapsed().as_secs_f32()))?;
            std::fs::write(&files[0], model.to_bytes())?;
            eprintln!("{report:?}");
        }
        "eval" => {
            let engine = Ngram::new(Model::load(&files[0])?).full().with_threshold(Threshold::Fixed(0.0));
            for f in &files[1..] {
                let lines = read_lines(f, 0)?;
                let start = Instant::now();
                let bytes: usize = lines.iter().map(|l| l.text.len()).sum();
                let e = eval(&engine, &lines, &Options::default());
                println!("{}\n{}", f.display(), e.summary());
                let s = start.elapsed().as_secs_f64();
                println!("{:.1} MB/s", bytes as f64 / s / 1e6);
                std::fs::write(format!("{}.csv", f.file_stem().unwrap().to_str().unwrap()), e.csv())?;
            }
        }
        "code" => {
            let engine = Ngram::new(Model::load(&files[0])?).full();
            let text = std::fs::read_to_string(&files[1])?;
            let mut by: std::collections::BTreeMap<&str, (usize, usize)> = Default::default();
            let mut half = [(0, 0); 2];
            for (at, line) in text.lines().enumerate() {
                let (format, line) = line.split_once('\t').unwrap();
                let g = engine.guess(line);
                let called = g.lang != kilim_langid::LangTag::ZXX && g.lang != kilim_langid::LangTag::UND;
                let e = by.entry(format).or_default();
                e.0 += 1; half[at % 2].0 += 1;
                if called { e.1 += 1; half[at % 2].1 += 1; println!("{format} {} {:.2} | {line}", g.lang, g.probability); }
            }
            println!("{by:?}\n{half:?}");
        }
        "refused" => {
            let engine = Ngram::new(Model::load(&files[0])?).full();
            for f in &files[1..] {
                let lines = read_lines(f, 0)?;
                let mut n = 0;
                for l in &lines {
                    let g = engine.guess(&l.text);
                    if let Some(why) = g.no_language { n += 1; if n % 20 == 1 { println!("{why:?} {} | {}", l.tag, l.text); } }
                }
                println!("{} refused {n} of {}", f.display(), lines.len());
            }
        }
        "bench" => {
            let engine = Ngram::new(Model::load(&files[0])?);
            let lines = read_lines(&files[1], 0)?;
            for (name, engine) in [("full", engine.clone().full()), ("capped", engine)] {
                for _ in 0..3 {
                    let start = cpu();
                    let mut n = 0;
                    for l in &lines { n += usize::from(engine.guess(&l.text).lang.is_language()); }
                    let s = cpu() - start;
                    let bytes: usize = lines.iter().map(|l| l.text.len()).sum();
                    println!("{name} {:.1} MB/s {:.0} texts/s, {} bytes a text, {n}", bytes as f64 / s / 1e6, lines.len() as f64 / s, bytes / lines.len());
                }
            }
        }
        _ => {}
    }
    Ok(())
}

/// Seconds of processor time of this process.
fn cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    stat.split(' ').next().and_then(|n| n.parse::<f64>().ok()).unwrap_or(0.0) / 1e9
}
