//! Measures texts and judges them by rule sets: what `quality_parity.py` compares with datatrove.
//!
//! ```text
//! quality-signals RULES_DIR                  # lines of JSON in, lines of JSON out
//! quality-signals RULES_DIR --time REPEATS   # the same input, as often; CPU seconds and documents per CPU second
//! quality-signals RULES_DIR --values         # lines of JSON in, all signals out
//! quality-signals RULES_DIR --explain        # the same input with tokens: what differs between them and ours
//! ```
//!
//! A line of input is `{"language": "eng_Latn", "text": "...", "tokens": [[0, 5], ...]}`; tokens are byte ranges, and
//! optional. A line of output holds the failed rules of each set, by our tokens (`own`) and by those (`given`). Explained,
//! it holds our tokens (`tokens`) and the rules that only one of both fails, with the signal by both (`rules`).

use std::collections::BTreeMap;
use std::io::{BufRead, Write};
use std::path::Path;
use std::{env, error, fs, hint, io};

use kilim::quality::segment::Segmenter;
use kilim::quality::{Measurer, Profiles, Row, RuleSet, SIGNALS, Signals};
use serde::{Deserialize, Serialize};

const SETS: [&str; 6] = ["gopher_quality", "gopher_repetition", "c4", "fineweb", "fineweb2", "dclm"];

#[derive(Deserialize)]
struct Input {
    language: String,
    text: String,
    tokens: Option<Vec<(u32, u32)>>,
}

type Failed<'a> = BTreeMap<&'static str, Vec<&'a str>>;

#[derive(Serialize)]
struct Output<'a> {
    own: Failed<'a>,
    given: Option<Failed<'a>>,
}

#[derive(Serialize)]
struct Explained<'a> {
    tokens: Vec<(usize, usize)>,
    rules: Vec<Difference<'a>>,
}

/// A rule that a text fails by one way of cutting it, and not by the other.
#[derive(Serialize)]
struct Difference<'a> {
    set: &'static str,
    rule: &'a str,
    signal: &'static str,
    own: f64,
    given: f64,
}

fn differences<'a>(
    sets: &'a [(&'static str, RuleSet)],
    [own, given]: [&Signals; 2],
    language: &str,
) -> Vec<Difference<'a>> {
    let mut found = Vec::new();
    for (set, rules) in sets {
        let [fails, fails_given] = [own, given].map(|signals| rules.failed(signals, language).rows);
        let lacks = |rows: &[&Row], row: &Row| rows.iter().all(|other| other.rule != row.rule);
        let only_own = fails.iter().filter(|row| lacks(&fails_given, row));
        let only_given = fails_given.iter().filter(|row| lacks(&fails, row));
        found.extend(only_own.chain(only_given).map(|row| Difference {
            set,
            rule: &row.rule,
            signal: row.signal.name,
            own: (row.signal.get)(own),
            given: (row.signal.get)(given),
        }));
    }
    found
}

fn judge<'a>(sets: &'a [(&'static str, RuleSet)], signals: &Signals, language: &str) -> Failed<'a> {
    sets.iter().map(|(name, rules)| (*name, rules.failed(signals, language).failed)).collect()
}

/// Nanoseconds that this process was on a CPU.
fn cpu_nanoseconds() -> io::Result<u64> {
    let text = fs::read_to_string("/proc/self/schedstat")?;
    let first = text.split(' ').next().and_then(|number| number.parse().ok());
    first.ok_or_else(|| io::Error::other("no number in /proc/self/schedstat"))
}

fn main() -> Result<(), Box<dyn error::Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let folder = arguments
        .first()
        .ok_or("usage: quality-signals RULES_DIR [--time REPEATS | --values | --explain]")?;
    let read = |name: &str| fs::read_to_string(Path::new(folder).join(name));
    let mut sets = Vec::new();
    for name in SETS {
        let table = format!("{name}.csv");
        sets.push((name, RuleSet::read(&table, &read(&table)?)?));
    }
    let profiles = Profiles::read_stop_words("stop_words.csv", &read("stop_words.csv")?)?;
    let mut inputs: Vec<Input> = Vec::new();
    for line in io::stdin().lock().lines() {
        inputs.push(serde_json::from_str(&line?)?);
    }
    let mut measurer = Measurer::new();
    let mut out = io::stdout().lock();
    match arguments.get(1).map(String::as_str) {
        Some("--time") => {
            let repeats = arguments.get(2).ok_or("--time REPEATS")?.parse()?;
            for _ in 0..repeats {
                let started = cpu_nanoseconds()?;
                for input in &inputs {
                    let signals = measurer.measure(&input.text, profiles.get(&input.language));
                    hint::black_box(judge(&sets, &signals, &input.language));
                }
                let seconds = (cpu_nanoseconds()? - started) as f64 / 1e9;
                writeln!(
                    out,
                    "{{\"cpu_s\": {seconds:.4}, \"docs_per_s\": {:.0}}}",
                    inputs.len() as f64 / seconds
                )?;
            }
        }
        Some("--values") => {
            for input in &inputs {
                let signals = measurer.measure(&input.text, profiles.get(&input.language));
                let values: BTreeMap<_, _> =
                    SIGNALS.iter().map(|signal| (signal.name, (signal.get)(&signals))).collect();
                writeln!(out, "{}", serde_json::to_string(&values)?)?;
            }
        }
        Some("--explain") => {
            let mut segmenter = Segmenter::new();
            for Input { language, text, tokens } in &inputs {
                let given = tokens.as_ref().ok_or("--explain asks for tokens")?;
                let profile = profiles.get(language);
                let own = measurer.measure(text, profile);
                let given = measurer.measure_given(text, given, profile)?;
                let tokens = segmenter.segment(text).tokens.iter().map(|token| token.range());
                let explained = Explained {
                    tokens: tokens.map(|range| (range.start, range.end)).collect(),
                    rules: differences(&sets, [&own, &given], language),
                };
                writeln!(out, "{}", serde_json::to_string(&explained)?)?;
            }
        }
        _ => {
            for input in &inputs {
                let profile = profiles.get(&input.language);
                let own = judge(&sets, &measurer.measure(&input.text, profile), &input.language);
                let given = match &input.tokens {
                    Some(tokens) => {
                        let signals = measurer.measure_given(&input.text, tokens, profile)?;
                        Some(judge(&sets, &signals, &input.language))
                    }
                    None => None,
                };
                writeln!(out, "{}", serde_json::to_string(&Output { own, given })?)?;
            }
        }
    }
    Ok(())
}
