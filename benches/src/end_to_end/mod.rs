//! The real binary, run and measured: pages and megabytes per CPU-second, wall time, peak memory.

pub mod child;
pub mod scratch;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use kilim::ledger::Ledger;
use kilim::work_dir::WorkDir;
use serde::Serialize;

pub use child::Usage;
pub use scratch::Subject;

/// How to run.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The binary.
    pub kilim: PathBuf,
    /// What to run.
    pub subject: Subject,
    /// Pinned to this processor by `taskset`.
    pub cpu: Option<u32>,
    /// `--threads`.
    pub threads: Option<u16>,
}

/// One run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunFigures {
    /// Pages: records that are neither skipped nor broken.
    pub pages: u64,
    /// Records and damaged ranges.
    pub records: u64,
    /// Bytes of the input files, as they are.
    pub input_bytes: u64,
    /// Rows over all nodes.
    pub rows: u64,
    /// Rows by node.
    pub rows_by_node: BTreeMap<String, u64>,
    /// Records by outcome of the first stage; `open` for those that got a text.
    pub ingest_outcomes: BTreeMap<String, u64>,
    /// User and system time, seconds.
    pub cpu_s: f64,
    /// Seconds.
    pub wall_s: f64,
    /// Largest resident set, MiB.
    pub peak_mib: f64,
}

impl RunFigures {
    /// Pages per CPU-second.
    pub fn pages_per_cpu_s(&self) -> f64 {
        self.pages as f64 / self.cpu_s
    }

    /// Megabytes (10^6) of input per CPU-second.
    pub fn mb_per_cpu_s(&self) -> f64 {
        self.input_bytes as f64 / 1e6 / self.cpu_s
    }
}

/// Runs once, in a scratch folder that is gone afterwards. Also the binary's stdout.
pub fn run_once(setup: &Setup) -> Result<(RunFigures, String)> {
    let folder = tempfile::Builder::new().prefix("kilim-bench-").tempdir()?;
    let config = scratch::write_config(&setup.subject, folder.path())?;
    let (usage, stdout) = child::measure(&mut command(setup, &config))?;
    // 3: over the budget of broken records, which a measured file may well be.
    ensure!(
        matches!(usage.exit_code, 0 | 3),
        "{} ended with {}\n{stdout}",
        setup.kilim.display(),
        usage.exit_code
    );
    let work_dir = WorkDir::new(folder.path().join("work"));
    let ledger = Ledger::read(&work_dir).context("the run left no ledger")?;
    Ok((figures(&ledger, usage), stdout))
}

fn command(setup: &Setup, config: &Path) -> Command {
    let mut command = match setup.cpu {
        Some(cpu) => {
            let mut command = Command::new("taskset");
            command.arg("-c").arg(cpu.to_string()).arg(&setup.kilim);
            command
        }
        None => Command::new(&setup.kilim),
    };
    command.arg("run").arg("--no-progress").arg("-c").arg(config);
    if let Some(threads) = setup.threads {
        command.arg("--threads").arg(threads.to_string());
    }
    command
}

fn figures(ledger: &Ledger, usage: Usage) -> RunFigures {
    let mut ingest_outcomes: BTreeMap<String, u64> = BTreeMap::new();
    for split in &ledger.splits {
        for (outcome, count) in &split.outcomes {
            *ingest_outcomes.entry(outcome.clone()).or_default() += count;
        }
    }
    let records: u64 = ledger.inputs.iter().map(|input| input.records).sum();
    let no_pages: u64 =
        ["skipped", "broken"].iter().filter_map(|outcome| ingest_outcomes.get(*outcome)).sum();
    let rows_by_node: BTreeMap<String, u64> = ledger
        .nodes
        .iter()
        .map(|node| (node.node.clone(), node.shards.iter().map(|shard| shard.rows).sum()))
        .collect();
    RunFigures {
        pages: records - no_pages,
        records,
        input_bytes: ledger.inputs.iter().map(|input| input.bytes).sum(),
        rows: rows_by_node.values().sum(),
        rows_by_node,
        ingest_outcomes,
        cpu_s: usage.cpu_s,
        wall_s: usage.wall_s,
        peak_mib: usage.peak_mib,
    }
}

/// Least, middle and largest of `values`, of which there is one at least. The middle of an even number is the mean of two.
pub fn spread(values: impl IntoIterator<Item = f64>) -> Option<[f64; 3]> {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    let (least, largest) = (*values.first()?, *values.last()?);
    let half = values.len() / 2;
    let middle = if values.len().is_multiple_of(2) {
        f64::midpoint(values[half - 1], values[half])
    } else {
        values[half]
    };
    Some([least, middle, largest])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spread_of_few_values_is_their_least_middle_and_largest() {
        assert_eq!(spread([3.0, 1.0, 2.0]), Some([1.0, 2.0, 3.0]));
        assert_eq!(spread([4.0, 1.0]), Some([1.0, 2.5, 4.0]));
        assert_eq!(spread([7.0]), Some([7.0; 3]));
        assert_eq!(spread([]), None);
    }

    #[test]
    fn a_pinned_command_runs_the_binary_under_taskset() {
        let setup = Setup {
            kilim: "kilim".into(),
            subject: Subject::Warc("a.warc".into()),
            cpu: Some(1),
            threads: Some(2),
        };
        let command = command(&setup, Path::new("c.yaml"));
        let words: Vec<_> = command.get_args().map(|word| word.to_string_lossy().into_owned()).collect();
        assert_eq!(command.get_program(), "taskset");
        assert_eq!(words, ["-c", "1", "kilim", "run", "--no-progress", "-c", "c.yaml", "--threads", "2"]);
    }
}
