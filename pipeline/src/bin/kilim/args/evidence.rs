//! Arguments of what shows that rules were kept: policies, reservations, replays, proofs, keys.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};

use super::SqlFormat;

#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// Say what is wrong with rules: types, rules that fail, that never apply, that say nothing new.
    Check(PolicyCheckArgs),
    /// Say which rules decided about one document, and what each attribute they saw rests on.
    Explain(PolicyExplainArgs),
    /// Say which documents of the last run would change node under other policies.
    Diff(PolicyDiffArgs),
    /// Show which countries' documents may go to which node.
    Matrix(PolicyMatrixArgs),
    /// Prove that no document a country binds can reach a node, or find one that can.
    Prove(PolicyProveArgs),
}

#[derive(Debug, clap::Args)]
pub(crate) struct PolicyCheckArgs {
    /// Policy files, or folders of them [default: those of the config, with its nodes].
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// As JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct PolicyExplainArgs {
    /// Id of the document, or the start of it.
    #[arg(value_name = "DOC")]
    pub(crate) id: String,
    /// Only this node.
    #[arg(long, value_name = "NODE")]
    pub(crate) node: Option<String>,
    /// As JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct PolicyDiffArgs {
    /// Policies to compare: files or folders, joined by commas; `current` is those of the config.
    pub(crate) old: String,
    /// What to compare them with, likewise.
    pub(crate) new: String,
    /// List the documents.
    #[arg(long)]
    pub(crate) docs: bool,
    /// As JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct PolicyMatrixArgs {
    /// As JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct PolicyProveArgs {
    /// Country that binds the document.
    #[arg(long, value_name = "CC", required = true, num_args = 1.., value_delimiter = ',')]
    pub(crate) jurisdiction: Vec<kilim::config::Country>,
    /// The node [default: each of the config].
    #[arg(long, value_name = "NODE")]
    pub(crate) node: Option<String>,
    /// Write the formulas to this folder, one SMT-LIB file a question: any cvc5 can answer them again.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) smt: Option<PathBuf>,
    /// As JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum OptoutCommand {
    /// Keep what hosts say in robots.txt and tdmrep.json, from crawl files, as a dated file that never changes.
    Snapshot(OptoutSnapshotArgs),
    /// List the documents of a finished run that a newer snapshot takes away, by node and shard.
    Delta(OptoutDeltaArgs),
}

#[derive(Debug, clap::Args)]
pub(crate) struct OptoutSnapshotArgs {
    /// Crawl files: paths, URLs, patterns, or lists of them.
    #[arg(required = true, value_name = "WARC")]
    pub(crate) inputs: Vec<String>,
    /// The Parquet file to write; one that is there is not replaced.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// The day up to which answers count [default: the day of the newest].
    #[arg(long, value_name = "DATE")]
    pub(crate) date: Option<jiff::civil::Date>,
    /// A list of agents of your own: CSV with token,operator,purpose.
    #[arg(long, value_name = "FILE")]
    pub(crate) list: Option<PathBuf>,
    /// Product tokens to keep the rules of, besides those of the list.
    #[arg(long, value_name = "TOKENS", value_delimiter = ',')]
    pub(crate) agents: Vec<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct OptoutDeltaArgs {
    /// The snapshot before.
    #[arg(value_name = "OLD")]
    pub(crate) old: PathBuf,
    /// The newer one.
    #[arg(value_name = "NEW")]
    pub(crate) new: PathBuf,
    /// How the list is written.
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    pub(crate) format: SqlFormat,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// Take every decision of a log again with the policies beside it: of the last run over all its nodes, or of
    /// version folders.
    Replay(ReplayArgs),
    /// Prove that a document is in a shard: a file that its holder checks with the manifest alone.
    Prove(ProveArgs),
    /// Check such a proof.
    Check(CheckArgs),
}

#[derive(Debug, clap::Args)]
pub(crate) struct ReplayArgs {
    /// Version folders, or URLs of them; without any, the log of the last run of the config.
    #[arg(value_name = "DIR")]
    pub(crate) places: Vec<String>,
    /// Findings as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ProveArgs {
    /// Id of the document, or the start of it.
    #[arg(value_name = "DOC")]
    pub(crate) doc: String,
    /// A version folder, or its URL; without one, the newest of each node of the config.
    #[arg(value_name = "DIR")]
    pub(crate) place: Option<String>,
    /// The file to write, instead of stdout.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct CheckArgs {
    /// The proof.
    #[arg(value_name = "PROOF")]
    pub(crate) proof: PathBuf,
    /// The manifest that it is about; with --key, its signature lies beside it.
    #[arg(value_name = "MANIFEST")]
    pub(crate) manifest: PathBuf,
    /// The public key by which the manifest must be signed.
    #[arg(long, value_name = "FILE")]
    pub(crate) key: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct KeygenArgs {
    /// The file to write, for its owner only; the public key becomes FILE.pub. Nothing is overwritten.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// A secret for the salts of proofs, instead of a key that signs.
    #[arg(long)]
    pub(crate) salts: bool,
}

#[derive(Debug, clap::Args)]
#[command(
    after_help = "What is asked for is added to the removals list of the config, and stays away from then on. Without \
    --doc, --url and --host, what the list asks for already is taken down. FILE has a value a line; empty lines and # are \
    passed over. For --doc it may also be a CSV file with a column doc_id, as `kilim optout delta --format csv` writes it."
)]
pub(crate) struct TakedownArgs {
    /// A document by its id, or a file of ids.
    #[arg(long, value_name = "ID|FILE", requires = "reason")]
    pub(crate) doc: Vec<String>,
    /// Whatever was read at an address, now or later, or a file of addresses.
    #[arg(long, value_name = "URL|FILE", requires = "reason")]
    pub(crate) url: Vec<String>,
    /// Whatever was read from a host and those below it, now or later, or a file of hosts.
    #[arg(long, value_name = "HOST|FILE", requires = "reason")]
    pub(crate) host: Vec<String>,
    /// Why it is asked for.
    #[arg(long, value_name = "REASON")]
    pub(crate) reason: Option<ReasonName>,
    /// More words about it. They stay in the list.
    #[arg(long, value_name = "TEXT")]
    pub(crate) note: Option<String>,
    /// The day of the request [default: as_of of the config].
    #[arg(long, value_name = "DATE")]
    pub(crate) date: Option<jiff::civil::Date>,
    /// Exact copies of the texts that were read elsewhere [default: remove for --doc and --url, keep for --host].
    #[arg(long, value_name = "WHAT")]
    pub(crate) copies: Option<Copies>,
    /// Shards of older versions that hold what is taken down.
    #[arg(long, value_name = "WHAT", default_value = "keep")]
    pub(crate) old_versions: OldVersions,
    /// Say what would be done, and do nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// The private key that signs the new versions, instead of the config's.
    #[arg(long, value_name = "FILE", env = "KILIM_SIGNING_KEY", hide_env_values = true)]
    pub(crate) signing_key: Option<PathBuf>,
}

/// Why something is taken down.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum ReasonName {
    /// Whoever holds the rights asks for it.
    Takedown,
    /// A person asks for their data to be erased.
    Erasure,
    /// A court or an authority orders it.
    Legal,
    /// A community takes its knowledge back.
    Community,
    /// The licence was not what it seemed.
    License,
    /// The publisher has reserved the use.
    Optout,
    /// Something else.
    Other,
}

/// What becomes of copies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Copies {
    /// They go too.
    Remove,
    /// They stay, and the next run may place one.
    Keep,
}

/// What becomes of older versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OldVersions {
    /// They stay as they are.
    Keep,
    /// Their shards with such rows are removed; the manifests stay.
    Delete,
}
