//! Measures texts and judges them by rule sets: what `quality_parity.py` compares with datatrove.
//!
//! ```text
//! quality-signals RULES_DIR                  # lines of JSON in, lines of JSON out
//! quality-signals RULES_DIR --time REPEATS   # the same input, as often; CPU seconds and documents per CPU second
//! quality-signals RULES_DIR --values         # lines of JSON in, all signals out
//! ```
//!
//! A line of input is `{"language": "eng_Latn", "text": "...", "tokens": [[0, 5], ...]}`; tokens are byte ranges, and
//! optional. A line of output holds the failed rules of each set, by our tokens (`own`) and by those (`given`).

use std::collections::BTreeMap;
use std::io::{BufRead, Write};
use std::path::Path;
use std::{env, error, fs, hint, io};

use kilim::quality::{Measurer, Profiles, RuleSet, SIGNALS, Signals};
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
    let folder = arguments.first().ok_or("usage: quality_signals RULES_DIR [--time REPEATS | --values]")?;
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
