//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};
use kilim::steps::identify_language::LanguageEngine;

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
    /// Take decisions again, and prove that a document is in a shard.
    #[command(subcommand)]
    Audit(AuditCommand),
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

#[derive(Debug, Subcommand)]
pub(crate) enum LangidCommand {
    /// The language of each line of stdin: label, tab, confidence.
    Guess(GuessArgs),
    /// How good an engine is on labelled lines.
    Eval(EvalArgs),
    /// Train a model of engine ngram; the same text and settings give the same bytes.
    Train(TrainArgs),
    /// How fast an engine is on labelled lines.
    Bench(BenchArgs),
    /// The labels that an engine can give.
    Labels(EngineArgs),
}

/// Which engine, and what is asked of it.
#[derive(Debug, clap::Args)]
pub(crate) struct EngineArgs {
    /// The engine [default: fasttext with a .bin or .ftz model, else ngram].
    #[arg(long)]
    pub(crate) engine: Option<LanguageEngine>,
    /// A model file: .kilim of `langid train`, or a fastText model [default: the built-in model].
    #[arg(long, value_name = "FILE")]
    pub(crate) model: Option<PathBuf>,
    /// The languages that can come, in ISO 639-3 [default: all].
    #[arg(long, value_name = "CODES", value_delimiter = ',')]
    pub(crate) languages: Vec<String>,
    /// Name members of a macrolanguage alike: msa for ind and msa.
    #[arg(long = "macro")]
    pub(crate) macrolanguages: bool,
    /// Read long texts whole, instead of windows of about 500 letters in all.
    #[arg(long)]
    pub(crate) full: bool,
    /// Below this confidence a language is und [default: ngram's thresholds by label].
    #[arg(long, value_name = "SHARE")]
    pub(crate) min_confidence: Option<f32>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct GuessArgs {
    #[command(flatten)]
    pub(crate) engine: EngineArgs,
    /// One JSON object a line, with margin and the languages of parts.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct EvalArgs {
    /// Files of lines with a label, a tab and a text: .tsv or .tsv.zst.
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) engine: EngineArgs,
    /// Spoil the lines first: case, diacritics, emoji, addresses, cut words.
    #[arg(long)]
    pub(crate) noise: bool,
    /// Cut the lines below so many characters first.
    #[arg(long, value_name = "CHARS")]
    pub(crate) cut: Option<usize>,
    /// Compare scripts too, not only codes.
    #[arg(long)]
    pub(crate) scripts: bool,
    /// Write a table by language, named after each file, to this folder.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) csv: Option<PathBuf>,
    /// The figures as JSON, an object a file.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct TrainArgs {
    /// The model file to write.
    #[arg(value_name = "MODEL")]
    pub(crate) model: PathBuf,
    /// Files of lines with a label, a tab and a text, or folders of them: .tsv or .tsv.zst.
    #[arg(required = true, value_name = "INPUT")]
    pub(crate) inputs: Vec<PathBuf>,
    /// A quarter of the size.
    #[arg(long)]
    pub(crate) small: bool,
    /// A setting of the recipe, instead of its default; an unknown one lists them.
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct BenchArgs {
    /// A file of lines with a label, a tab and a text: .tsv or .tsv.zst.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) engine: EngineArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum QualityCommand {
    /// Derive stop words from labelled text: a table for `measure_quality`.
    StopWords(StopWordsArgs),
    /// Fit thresholds to languages, on text that one trusts: a table for `filter_quality`.
    FitThresholds(FitThresholdsArgs),
    /// Derive what is usual in each language, for the score of `measure_quality`, from text that one trusts.
    Medians(MediansArgs),
}

/// Text that one trusts, by language.
#[derive(Debug, clap::Args)]
pub(crate) struct ReferenceArgs {
    /// .tsv or .tsv.zst of label, tab and sentence, which are joined to passages; .jsonl of `lang` and `text`; folders of
    /// these, or of folders such as swa_Latn with .txt; `-` for JSON lines on stdin. A file is a source.
    #[arg(value_name = "INPUT", required_unless_present = "query")]
    pub(crate) inputs: Vec<PathBuf>,
    /// Documents of the config's last run too: a SELECT of `lang` and `text`, such as those of a steward.
    #[arg(long, value_name = "SQL")]
    pub(crate) query: Option<String>,
    /// Cut documents at line ends into passages of at least so many words [default: sentences make passages of 120,
    /// documents stay whole].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(20..=100_000))]
    pub(crate) passage_words: Option<u32>,
    /// Stop words by language [default: the shipped table].
    #[arg(long, value_name = "FILE")]
    pub(crate) stop_words: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct FitThresholdsArgs {
    #[command(flatten)]
    pub(crate) reference: ReferenceArgs,
    /// Rule sets to fit, shipped ones by name or tables that end in .csv.
    #[arg(
        long,
        value_name = "NAMES",
        value_delimiter = ',',
        default_value = "gopher_quality,gopher_repetition,fineweb,fineweb2,dclm"
    )]
    pub(crate) rules: Vec<String>,
    /// Documents that a language must have to fit on, without those that are held back.
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) min_documents: u32,
    /// The most that one rule may cut off of a language's documents, whatever English loses.
    #[arg(long, value_name = "SHARE", default_value_t = 0.005, value_parser = share)]
    pub(crate) max_cut: f64,
    /// The most that all fitted rules together may cut off of them.
    #[arg(long, value_name = "SHARE", default_value_t = 0.02, value_parser = share)]
    pub(crate) max_lost: f64,
    /// Write what is lost of the documents held back, by language and source, to this CSV file.
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
    /// Write the documents held back to this file, as JSON lines.
    #[arg(long, value_name = "FILE")]
    pub(crate) held_back: Option<PathBuf>,
    /// Thresholds and report as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct MediansArgs {
    #[command(flatten)]
    pub(crate) reference: ReferenceArgs,
    /// Write the mean score of the documents held back, with the reference and with a language's own medians, to this CSV
    /// file.
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
}

fn share(text: &str) -> Result<f64, String> {
    let number: Option<f64> = text.parse().ok();
    number
        .filter(|share| (0.0..=1.0).contains(share))
        .ok_or_else(|| "a share is a number from 0 to 1".to_owned())
}

#[derive(Debug, clap::Args)]
pub(crate) struct StopWordsArgs {
    /// Files of lines with a label, a tab and a text, or folders of them: .tsv or .tsv.zst. A file is a source.
    #[arg(required = true, value_name = "INPUT")]
    pub(crate) inputs: Vec<PathBuf>,
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
