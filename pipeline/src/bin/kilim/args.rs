//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

/// Crawls and community seeds in, per-node training shards out, nothing across a closed border.
#[derive(Debug, Parser)]
#[command(name = "kilim", version, max_term_width = 100)]
pub(crate) struct Args {
    /// The corpus to work on.
    #[arg(short, long, global = true, default_value = "corpus.yaml", value_name = "FILE")]
    pub(crate) config: PathBuf,
    /// Say more on stderr; twice for everything.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Read the crawl, decide, and write each node's shards.
    Run(RunArgs),
    /// Go on with a run that was stopped: the same as `run`, which never does finished work again.
    Resume(RunArgs),
}

#[derive(Debug, clap::Args)]
pub(crate) struct RunArgs {
    /// Only this node.
    #[arg(long, value_name = "NODE")]
    pub(crate) node: Option<String>,
    /// Stop after this stage.
    #[arg(long, value_name = "STAGE")]
    pub(crate) until: Option<StageName>,
    /// Splits at work at once [default: one per processor].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,
    /// Memory that sorts may hold before they spill to work_dir.
    #[arg(long, value_name = "SIZE", default_value = "512MiB")]
    pub(crate) memory: kilim::config::ByteSize,
    /// No progress bars.
    #[arg(long)]
    pub(crate) no_progress: bool,
}

/// A stage by name.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum StageName {
    Ingest,
    Dedup,
    Route,
    Seal,
}
