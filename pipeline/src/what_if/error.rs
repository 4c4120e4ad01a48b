//! Why two tables cannot be compared, and whose move it is.

use std::path::PathBuf;

use datafusion::error::DataFusionError;

use crate::quality::SIGNAL_SET;

/// Two tables cannot be compared on this run.
#[derive(Debug, thiserror::Error)]
pub enum WhatIfError {
    /// No table has this name. Kind: Config.
    #[error("there is no table `{name}`")]
    UnknownTable {
        /// As it was named.
        name: String,
        /// What to write instead.
        hint: String,
    },
    /// A table cannot be read, or a row of it is wrong. Kind: Config.
    #[error("{problem}")]
    Table {
        /// What is wrong, with file and line.
        problem: String,
        /// What to do.
        hint: Option<String>,
    },
    /// Not a language. Kind: Config.
    #[error("`{found}` is no language")]
    Language {
        /// As it was named.
        found: String,
        /// A code that is one.
        near: Option<String>,
    },
    /// Nothing in the run was measured. Kind: Input.
    #[error("none of the {records} records of the run has signals: there is nothing to judge")]
    NoSignals {
        /// Records of the run.
        records: u64,
    },
    /// The run has no document in the languages that are asked for. Kind: Config.
    #[error("no document of the run is in {languages}")]
    NoDocuments {
        /// As they were asked for.
        languages: String,
    },
    /// The run measured other signals, or measured them otherwise. Kind: Input.
    #[error("{path} has signals of the set {found}, and this kilim judges {SIGNAL_SET}")]
    SignalSet {
        /// A file of the work directory.
        path: PathBuf,
        /// The set, or `none`.
        found: String,
    },
    /// A file of the work directory cannot be read. Kind: Input.
    #[error("cannot read {path}")]
    Rows {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: parquet::errors::ParquetError,
    },
    /// The engine failed.
    #[error(transparent)]
    Engine(#[from] DataFusionError),
}

impl WhatIfError {
    /// The next move.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::UnknownTable { hint, .. } => Some(hint.clone()),
            Self::Table { hint, .. } => hint.clone(),
            Self::Language { near: Some(near), .. } => Some(format!("did you mean `{near}`?")),
            Self::Language { near: None, .. } => {
                Some("ISO 639-3, with or without a script: `swa`, `swa_Latn`".to_owned())
            }
            Self::NoSignals { .. } => Some(
                "add `- measure_quality: {}` to the steps, behind identify_language, and run again"
                    .to_owned(),
            ),
            Self::NoDocuments { .. } => Some("`kilim report` has the languages of the run".to_owned()),
            Self::SignalSet { .. } => Some("`kilim run` measures again".to_owned()),
            Self::Rows { .. } => Some("`kilim run` reads again what is not whole".to_owned()),
            Self::Engine(_) => None,
        }
    }
}
