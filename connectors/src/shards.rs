//! Shards: the files trainers read, in bytes that depend only on the rows.
//!
//! [`ShardWriter`] takes batches cut in any way, cuts them anew by a rule that looks only at the row sequence, and
//! hashes the file while writing it. [`read_shard`] reads one back for checks. Both formats hold the same rows:
//!
//! - [`ShardFormat::Parquet`]: zstd 3, page index, row groups of at most 100,000 rows or 128 MiB of values.
//! - [`ShardFormat::JsonlZst`]: one object a line, columns in schema order, nulls written, lists as arrays,
//!   timestamps as RFC 3339; one zstd frame.
//!
//! Besides the file's sha256 there is one [`ColumnDigest`] for each of the columns `id`, `text` and `lang`, equal in
//! both formats, which anyone repeats with a few lines of Python (see its documentation). [`row_digest`] is the same for
//! one row.

mod digest;
mod read;
mod recut;
mod row_digest;
mod write;

use std::path::{Path, PathBuf};

use arrow::datatypes::DataType;
use serde::{Deserialize, Serialize};

pub use digest::{ColumnDigest, ColumnHasher, sha256_file};
pub use read::{ShardReader, read_shard};
pub use recut::ShardLimits;
pub use row_digest::row_digest;
pub use write::ShardWriter;

use crate::error::ErrorKind;

/// How rows are laid out in a shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShardFormat {
    /// Apache Parquet, as Hugging Face datasets, polars, duckdb and datatrove read it.
    Parquet,
    /// JSON lines in one zstd frame, as dolma and datatrove read it.
    JsonlZst,
}

impl ShardFormat {
    /// What follows the first dot of a shard's name.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Parquet => "parquet",
            Self::JsonlZst => "jsonl.zst",
        }
    }

    /// The format a file's name promises.
    pub fn of_path(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?;
        [Self::Parquet, Self::JsonlZst]
            .into_iter()
            .find(|format| name.ends_with(&format!(".{}", format.extension())))
    }
}

/// A finished shard, as a manifest lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShardFile {
    /// Size of the file.
    pub bytes: u64,
    /// Number of rows.
    pub rows: u64,
    /// Of the whole file, in hex, as `sha256sum` prints it.
    pub sha256: String,
    /// Of the columns `id`, `text` and `lang`, as far as the schema has them, in schema order.
    pub columns: Vec<ColumnDigest>,
}

/// An error about one shard.
#[derive(Debug, thiserror::Error)]
pub enum ShardError {
    /// A column type that has no one rendering in every format.
    #[error("column {column} of type {data_type} cannot be written to a shard")]
    Unsupported {
        /// The column; nested ones with dots.
        column: String,
        /// Its type.
        data_type: DataType,
    },
    /// A batch or file with other columns than the shard's.
    #[error("{} does not have the expected columns: {problem}", path.display())]
    OtherColumns {
        /// The shard.
        path: PathBuf,
        /// The first difference.
        problem: String,
    },
    /// The disk failed, or a compressed stream is damaged.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// `read` or `write`.
        action: &'static str,
        /// The shard.
        path: PathBuf,
        /// What the operating system or the decompressor said.
        source: std::io::Error,
    },
    /// The Parquet library refused.
    #[error("cannot {action} {} as Parquet", path.display())]
    Parquet {
        /// `read` or `write`.
        action: &'static str,
        /// The shard.
        path: PathBuf,
        /// What it said.
        source: parquet::errors::ParquetError,
    },
    /// The Arrow library refused.
    #[error("cannot {action} the rows of {}", path.display())]
    Rows {
        /// `read` or `write`.
        action: &'static str,
        /// The shard.
        path: PathBuf,
        /// What it said.
        source: arrow::error::ArrowError,
    },
}

impl ShardError {
    /// Who has to act.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Unsupported { .. } => ErrorKind::Internal,
            Self::OtherColumns { .. } => ErrorKind::Input,
            Self::Io { source, .. }
                if matches!(
                    source.kind(),
                    std::io::ErrorKind::UnexpectedEof | std::io::ErrorKind::InvalidData
                ) =>
            {
                ErrorKind::Input
            }
            Self::Io { .. } => ErrorKind::External,
            Self::Parquet { action, .. } | Self::Rows { action, .. } => match *action {
                "read" => ErrorKind::Input,
                _ => ErrorKind::Internal,
            },
        }
    }

    /// The next move, one line.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Unsupported { .. } => {
                "cast it to text, a number, a timestamp, or a list or struct of those"
            }
            Self::OtherColumns { .. } => {
                "the manifest beside the shard names its columns; compare the versions"
            }
            Self::Io { .. } => "check the disk and the free space; a damaged shard must be fetched again",
            Self::Parquet { .. } | Self::Rows { .. } => "compare the file's sha256 with the manifest's",
        }
    }
}

#[cfg(test)]
mod tests;
