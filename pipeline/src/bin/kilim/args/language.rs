//! Arguments of tools for languages: identification, and tables of quality.

use std::path::PathBuf;

use clap::Subcommand;
use kilim::steps::identify_language::LanguageEngine;

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
    /// Read the thresholds that FineWeb-2 published by language: a table for `filter_quality`.
    ImportFineweb2(ImportFineweb2Args),
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

#[derive(Debug, clap::Args)]
pub(crate) struct ImportFineweb2Args {
    /// Files such as swa_Latn.yml of the folder `configs` of FineWeb-2, or folders of them.
    #[arg(required = true, value_name = "INPUT")]
    pub(crate) inputs: Vec<PathBuf>,
    /// Write their stop words to this file: a table for `measure_quality`.
    #[arg(long, value_name = "FILE")]
    pub(crate) stop_words: Option<PathBuf>,
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
