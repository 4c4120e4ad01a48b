//! What can go wrong with a run, and whose move it is.

use std::error::Error;
use std::io;

use datafusion::error::DataFusionError;
use kilim_connectors::shards::ShardError;
use kilim_connectors::store::{StoreError, is_full};

use crate::config::Diagnostics;
use crate::proof::KeyError;
use crate::seal::ForeignRow;
use crate::work_dir::WorkDirError;

/// A run cannot go on. What was committed before stays.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The config is refused.
    #[error("the config has {} mistakes", .0.error_count())]
    Config(Box<Diagnostics>),
    /// The config asks for something that cannot be.
    #[error("{problem}")]
    Refused {
        /// What is wrong.
        problem: String,
        /// The next move.
        hint: Option<String>,
    },
    /// An input or output cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The work directory cannot be used.
    #[error(transparent)]
    WorkDir(#[from] WorkDirError),
    /// The engine failed: a full disk, no memory, an unreadable file, or a mistake of ours.
    #[error("the {stage} stage failed")]
    Stage {
        /// Name of the stage.
        stage: &'static str,
        /// What failed.
        source: Box<DataFusionError>,
    },
    /// A row stood before the writer of a node that may not have it.
    #[error(transparent)]
    Foreign(Box<ForeignRow>),
    /// A key cannot be used. Its words end in a hint where there is one.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// Records in and records out differ: nothing was committed. A mistake of ours.
    #[error("the books do not balance: {0}")]
    Books(String),
    /// Anything else of the file system.
    #[error("cannot {action} {path}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which file.
        path: std::path::PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

impl RunError {
    /// A failure of `stage`.
    pub fn stage(stage: &'static str) -> impl Fn(DataFusionError) -> Self {
        move |error| match find::<ForeignRow>(&error) {
            Some(foreign) => Self::Foreign(Box::new(foreign)),
            None => Self::Stage { stage, source: Box::new(error) },
        }
    }

    /// A refusal.
    pub fn refused(problem: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Refused { problem: problem.into(), hint: Some(hint.into()) }
    }

    /// The next move, in one line.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Refused { hint, .. } => hint.clone(),
            Self::Store(error) => Some(error.hint()),
            Self::WorkDir(WorkDirError::Busy { .. }) => {
                Some("wait for it, or give this config a work_dir of its own".to_owned())
            }
            Self::WorkDir(WorkDirError::Io { source, .. }) | Self::Io { source, .. } if is_full(source) => {
                Some(FULL.to_owned())
            }
            Self::WorkDir(WorkDirError::Io { .. }) | Self::Io { .. } => {
                Some("check that the folder may be written and that the disk is not full".to_owned())
            }
            Self::Stage { source, .. } => stage_hint(source),
            Self::Books(_) | Self::Foreign(_) => Some(
                "please report it with the output of `kilim --version`; no shard was committed".to_owned(),
            ),
            Self::Config(_) | Self::Key(_) => None,
        }
    }
}

/// The next move where there is no room.
const FULL: &str = "the disk is full, or a quota or a limit on file sizes is reached: free some space and run the same \
                    command again; what is done stays";

/// Numbers of the errors of Linux behind [`is_full`].
const ENOSPC: i32 = 28;
const EFBIG: i32 = 27;
const EDQUOT: i32 = 122;

fn stage_hint(error: &DataFusionError) -> Option<String> {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(store) = error.downcast_ref::<StoreError>() {
            return Some(store.hint());
        }
        if error.downcast_ref::<io::Error>().is_some_and(is_full) {
            return Some(FULL.to_owned());
        }
        if let Some(DataFusionError::ResourcesExhausted(_)) = error.downcast_ref::<DataFusionError>() {
            return Some("raise --memory; what is done stays".to_owned());
        }
        cause = error.source();
    }
    let text = error.to_string();
    // The Parquet writer keeps only the words of an error that it meets when it writes its last bytes.
    if [ENOSPC, EFBIG, EDQUOT]
        .iter()
        .any(|error| text.contains(&io::Error::from_raw_os_error(*error).to_string()))
    {
        return Some(FULL.to_owned());
    }
    let DataFusionError::External(source) = error.find_root() else { return None };
    source.downcast_ref::<ShardError>().map(|shard| format!("{}; what is done stays", shard.hint()))
}

/// The external error of type `T` at the root of `error`.
fn find<T: std::error::Error + Clone + 'static>(error: &DataFusionError) -> Option<T> {
    let DataFusionError::External(source) = error.find_root() else { return None };
    source.downcast_ref::<T>().cloned()
}
