//! Arguments of what shows that rules were kept: policies, reservations, replays, proofs, keys.

use std::path::PathBuf;

use clap::Subcommand;

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
