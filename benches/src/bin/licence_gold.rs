//! Reads pages labelled one by one, and says how precise each licence signal is there.
//!
//! ```text
//! licence-gold LABELS [--shared FOLDER] [--errors]
//! ```
//!
//! `LABELS` is `benches/licences/labels.tsv`; pages are read in place from `../shared`. With `--errors`, one line a page whose
//! licence is not that of its label, and all evidence on it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Parser;
use kilim_benches::fixtures;
use kilim_benches::licences::{Reader, labels, score};

#[derive(Parser)]
struct Args {
    /// The table of labels.
    labels: PathBuf,
    /// Folder of the pages.
    #[arg(long)]
    shared: Option<PathBuf>,
    /// Show pages that were read wrongly.
    #[arg(long)]
    errors: bool,
}

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "what the program is for")]
fn main() -> Result<()> {
    let args = Args::parse();
    let shared = args.shared.or_else(fixtures::shared).context("the pages are not beside the project")?;
    let labels = labels::read(&args.labels)?;
    let wanted: BTreeSet<String> = labels.iter().map(|label| label.path.clone()).collect();
    let mut pages: BTreeMap<String, _> =
        fixtures::pages(&shared, &wanted)?.into_iter().map(|page| (page.path.clone(), page)).collect();
    let mut reader = Reader::new()?;
    let mut rows = Vec::new();
    for label in &labels {
        let Some(page) = pages.remove(&label.path) else {
            eprintln!("no page {}", label.path);
            continue;
        };
        rows.push((label, reader.read(&page)));
    }
    if args.errors {
        for (label, found) in &rows {
            let license =
                found.license.as_deref().unwrap_or(if found.tier == 1 { "reserved" } else { "none" });
            if license == label.license {
                continue;
            }
            println!("{}\t{}\t{}\t{license}\t{}", label.path, label.license, label.scope, found.tier);
            for row in &found.evidence {
                println!(
                    "    {} {} {} negated={} excepted={} {}",
                    row.signal,
                    row.scope,
                    row.spdx.as_deref().unwrap_or("-"),
                    row.negated,
                    row.excepted,
                    row.raw.chars().take(160).collect::<String>()
                );
            }
        }
    }
    print!("{}", score::report(&rows));
    Ok(())
}
