//! The command line: corpora and runs here, rules and proof in `evidence.rs`, languages and quality in `language.rs`.

mod evidence;
mod language;

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

pub(crate) use evidence::*;
pub(crate) use language::*;

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
    /// Say everything that is wrong with a config, before a byte is read.
    Validate(ValidateArgs),
    /// Show what a run would do: stages, steps, inputs, nodes and plans.
    Explain(ExplainArgs),
    /// What became of the records: by source and language, licences, jurisdictions and nodes.
    Report(ReportArgs),
    /// Look at one document, the shards, or what was rejected.
    #[command(subcommand)]
    Inspect(InspectCommand),
    /// Ask the ledger in SQL; without a query, list its tables.
    Sql(SqlArgs),
    /// Read the shards again and prove what their manifests say.
    Verify(VerifyArgs),
    /// Look at the rules: what is wrong with them, what they decide and why, what others would change.
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// Snapshots of what publishers reserve.
    #[command(subcommand)]
    Optout(OptoutCommand),
    /// Take documents out of the shards and the work directory, and keep them away.
    Takedown(TakedownArgs),
    /// Take decisions again, and prove that a document is in a shard.
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Remove texts, splits and versions that `retention:` no longer keeps.
    Gc(GcArgs),
    /// Make a key that signs, or a secret for salts.
    Keygen(KeygenArgs),
    /// Community seed lists.
    #[command(subcommand)]
    Seeds(SeedsCommand),
    /// Language identification.
    #[command(subcommand)]
    Langid(LangidCommand),
    /// Tables for measuring and judging the quality of texts.
    #[command(subcommand)]
    Quality(QualityCommand),
    /// Fit thresholds of quality to languages, on text that one trusts: a table for `filter_quality`.
    FitThresholds(FitThresholdsArgs),
    /// The reference of steps.
    Steps(StepsArgs),
    /// The JSON Schema of a config.
    Schema,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ValidateArgs {
    /// Run the tests of the config too: no network, no shards, seconds.
    #[arg(long)]
    pub(crate) tests: bool,
    /// As for a run of only this node.
    #[arg(long, value_name = "NODE")]
    pub(crate) node: Option<String>,
    /// Findings as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ExplainArgs {
    /// Show the physical plans too.
    #[arg(long)]
    pub(crate) physical: bool,
    /// Only this node.
    #[arg(long, value_name = "NODE")]
    pub(crate) node: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ReportArgs {
    /// What two tables of rules would each keep, by language and rule, from the signals of the run: `current` is what the
    /// config asks, else names of shipped sets and .csv files, separated by commas.
    #[arg(long, value_names = ["A", "B"], num_args = 2)]
    pub(crate) compare: Option<Vec<String>>,
    /// Compare on documents in these languages only, ISO 639-3 with or without a script.
    #[arg(long, value_name = "CODES", value_delimiter = ',', requires = "compare")]
    pub(crate) lang: Vec<String>,
    /// Name so many documents at most whose verdict changes.
    #[arg(long, value_name = "N", requires = "compare")]
    pub(crate) docs: Option<usize>,
    /// Everything as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum InspectCommand {
    /// The whole life of one document.
    Doc(InspectDocArgs),
    /// The shards of every node.
    Shards(InspectShardsArgs),
    /// Records that are broken, skipped, rejected, withheld or duplicates, with their reasons.
    Rejects(InspectRejectsArgs),
}

#[derive(Debug, clap::Args)]
pub(crate) struct InspectDocArgs {
    /// Its id, or the start of it.
    pub(crate) id: String,
    /// Show the whole text instead of its beginning.
    #[arg(long)]
    pub(crate) text: bool,
    /// As JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct InspectShardsArgs {
    /// As JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct InspectRejectsArgs {
    /// Most reasons to show.
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub(crate) limit: u64,
    /// Only reasons of this step; `read` is the reader, `route` the policies.
    #[arg(long, value_name = "ID")]
    pub(crate) step: Option<String>,
    /// As JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct SqlArgs {
    /// One SELECT.
    pub(crate) query: Option<String>,
    /// How the answer is written.
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    pub(crate) format: SqlFormat,
}

/// How the answer to a query is written.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum SqlFormat {
    Table,
    Csv,
    Json,
}

#[derive(Debug, clap::Args)]
pub(crate) struct VerifyArgs {
    /// Version folders, or URLs of them, to verify on their own; without any, the newest of each node of the config.
    #[arg(value_name = "DIR")]
    pub(crate) places: Vec<String>,
    /// The public key by which they must be signed.
    #[arg(long, value_name = "FILE")]
    pub(crate) key: Option<PathBuf>,
    /// Findings as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct GcArgs {
    /// Say what would go, and remove nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// The day from which ages are counted back [default: today, in UTC].
    #[arg(long, value_name = "DATE")]
    pub(crate) today: Option<jiff::civil::Date>,
    /// As JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SeedsCommand {
    /// Read web-languages pages, CSV or JSON lines into one Parquet file.
    Import(SeedsImportArgs),
    /// Say what a steward should look at in a list.
    Check(SeedsCheckArgs),
}

#[derive(Debug, clap::Args)]
pub(crate) struct SeedsImportArgs {
    /// A file, or a folder of files.
    pub(crate) path: PathBuf,
    /// The Parquet file to write.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// Name of the list, part of every seed's id [default: the name of the file].
    #[arg(long, value_name = "NAME")]
    pub(crate) source: Option<String>,
    /// Steward of the seeds that name none.
    #[arg(long, value_name = "STEWARD")]
    pub(crate) steward: Option<String>,
    /// Countries that bind the seeds that name none.
    #[arg(long, value_name = "CC", num_args = 1.., value_delimiter = ',')]
    pub(crate) country: Vec<kilim::config::Country>,
    /// Take Wikipedia links of web-languages pages too, though their dumps are better than a crawl.
    #[arg(long)]
    pub(crate) with_wikipedia: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct SeedsCheckArgs {
    /// A file, or a folder of files.
    pub(crate) path: PathBuf,
    /// Findings as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct StepsArgs {
    /// A step, for its page.
    pub(crate) name: Option<String>,
    /// The whole reference in Markdown: `configs/STEPS.md`.
    #[arg(long, conflicts_with = "name")]
    pub(crate) markdown: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct RunArgs {
    /// Only this node.
    #[arg(long, value_name = "NODE")]
    pub(crate) node: Option<String>,
    /// Stop after this stage.
    #[arg(long, value_name = "STAGE")]
    pub(crate) until: Option<StageName>,
    /// Begin with this stage: refuse if an earlier one would have anything to do.
    #[arg(long, value_name = "STAGE")]
    pub(crate) from: Option<StageName>,
    /// Splits at work at once [default: one per processor].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,
    /// Memory that sorts may hold before they spill to work_dir.
    #[arg(long, value_name = "SIZE", default_value = "512MiB")]
    pub(crate) memory: kilim::config::ByteSize,
    /// The private key that signs the nodes' versions, instead of the config's.
    #[arg(long, value_name = "FILE", env = "KILIM_SIGNING_KEY", hide_env_values = true)]
    pub(crate) signing_key: Option<PathBuf>,
    /// The secret behind the salts of proofs, instead of the config's.
    #[arg(long, value_name = "FILE", env = "KILIM_SALTS", hide_env_values = true)]
    pub(crate) salts: Option<PathBuf>,
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
