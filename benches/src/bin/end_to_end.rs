//! `end-to-end`: what a whole run costs.
//!
//! ```text
//! cargo run --release -p kilim-benches --bin end-to-end -- CRAWL.warc.gz --cpu 1 --repeat 3
//! cargo run --release -p kilim-benches --bin end-to-end -- --config benches/web40/corpus.yaml --cpu 1 --repeat 3
//! ```
//!
//! Each run has a scratch folder of its own, so that nothing is reused. `kilim` is expected beside this program, where
//! cargo puts it; `cargo build --release -p kilim` first, or name another with `--kilim`.
#![allow(clippy::print_stdout, reason = "figures are the output of this program")]

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Parser;
use kilim_benches::end_to_end::{RunFigures, Setup, Subject, run_once, spread};

/// What a whole run of Kilim costs: pages and megabytes per CPU-second, wall time, peak memory.
#[derive(Debug, Parser)]
struct Args {
    /// A WARC file, run with the steps of the quickstart and three nodes.
    #[arg(required_unless_present = "config", conflicts_with = "config")]
    warc: Option<PathBuf>,
    /// A config instead; its outputs go to a scratch folder.
    #[arg(long)]
    config: Option<PathBuf>,
    /// The binary [default: the one beside this program].
    #[arg(long)]
    kilim: Option<PathBuf>,
    /// Pin it to this processor with `taskset`.
    #[arg(long)]
    cpu: Option<u32>,
    /// Splits at work at once [default: one per processor it may use].
    #[arg(long)]
    threads: Option<u16>,
    /// Number of runs.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=100))]
    repeat: u16,
    /// Print every run as JSON.
    #[arg(long)]
    json: bool,
}

fn main() -> Result<()> {
    let args = Args::parse();
    let kilim = match args.kilim {
        Some(path) => path,
        None => std::env::current_exe()?.with_file_name("kilim"),
    };
    let kilim = kilim.canonicalize().with_context(|| {
        format!("no binary at {}; `cargo build --release -p kilim` makes one", kilim.display())
    })?;
    let subject = match (args.config, args.warc) {
        (Some(config), _) => Subject::Config(config),
        (None, Some(warc)) => Subject::Warc(warc),
        (None, None) => anyhow::bail!("give a WARC file or --config"),
    };
    let setup = Setup { kilim, subject, cpu: args.cpu, threads: args.threads };

    let mut runs = Vec::new();
    let mut last_output = String::new();
    for _ in 0..args.repeat {
        let (figures, output) = run_once(&setup)?;
        runs.push(figures);
        last_output = output;
    }
    if args.json {
        println!("{}", serde_json::to_string_pretty(&runs)?);
        return Ok(());
    }
    print!("{last_output}");
    print_table(&runs);
    Ok(())
}

fn print_table(runs: &[RunFigures]) {
    let Some(last) = runs.last() else { return };
    println!();
    println!(
        "{} pages of {} records, {:.1} MB in, {} rows out; {} runs, min / median / max",
        last.pages,
        last.records,
        last.input_bytes as f64 / 1e6,
        last.rows,
        runs.len()
    );
    line("pages per CPU-second", runs, RunFigures::pages_per_cpu_s);
    line("MB in per CPU-second", runs, RunFigures::mb_per_cpu_s);
    line("CPU seconds", runs, |run| run.cpu_s);
    line("wall seconds", runs, |run| run.wall_s);
    line("peak memory, MiB", runs, |run| run.peak_mib);
}

fn line(name: &str, runs: &[RunFigures], figure: impl Fn(&RunFigures) -> f64) {
    if let Some([least, middle, largest]) = spread(runs.iter().map(figure)) {
        println!("{name:<24} {least:.1} / {middle:.1} / {largest:.1}");
    }
}
