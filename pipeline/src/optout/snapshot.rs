//! Opt-out snapshots: what hosts said on a day, as a dated file that never changes.
//!
//! A Parquet file with one row per rule, sorted by origin, file, reading, agent and place in the file. Same answers in any
//! order, same bytes. Of each file of a host the newest answer up to the date counts; the rules of agents that are neither
//! listed nor `*` are left out, and so is everything else that says nothing about use. Columns:
//!
//! | column | what |
//! |---|---|
//! | `origin`, `host` | scheme, host and port; the host alone |
//! | `file`, `source_url`, `observed_at`, `sha256` | `robots` or `tdmrep`, its address, when it was seen, digest of its body |
//! | `reading` | `rfc9309` or `aipref`: how lines were grouped; rows of `aipref` only where it differs |
//! | `agent` | a token in lower case, `*`, or empty for what stands before any group |
//! | `rule` | `allow`, `disallow`, `content-usage`, `content-signal`, `license`, `tdm-reservation`; `none` and `unreachable` for files without any |
//! | `path` | the pattern; empty for all |
//! | `value` | what it comes to: `allow`, `disallow`, `unknown` |
//! | `raw` | the statement, the policy's or licence's address, or why there are no rules |
//!
//! The schema's metadata hold `kilim_optout_snapshot` (the version), `date`, `spec`, `agents_list`, `files` and
//! `rows_blake3`, a digest of the rows.

mod build;
mod read;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use kilim_connectors::shards::ShardError;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

pub use build::Builder;
pub use read::read;

/// Words of `rule` for lines about use.
const USAGE: &str = "content-usage";
const SIGNAL: &str = "content-signal";

/// Version of the format.
pub const SNAPSHOT_VERSION: u32 = 1;

/// Key of the version in the metadata.
const VERSION_KEY: &str = "kilim_optout_snapshot";

/// What is wrong with a snapshot.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The file cannot be read or written.
    #[error(transparent)]
    Shard(#[from] ShardError),
    /// It is something else.
    #[error("{path} is no opt-out snapshot: {problem}")]
    Other {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// A snapshot never changes.
    #[error("{path} is there already")]
    Exists {
        /// The file.
        path: PathBuf,
    },
}

/// What a snapshot says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The day up to which answers count, as `2026-11-30`.
    pub date: String,
    /// Version of the list of agents.
    pub agents_list: String,
    /// Files of hosts in it.
    pub files: u64,
}

fn columns() -> Vec<Field> {
    let text = |name| Field::new(name, DataType::Utf8, false);
    vec![
        text("origin"),
        text("host"),
        text("file"),
        text("source_url"),
        Field::new("observed_at", DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into())), true),
        text("sha256"),
        text("reading"),
        text("agent"),
        text("rule"),
        text("path"),
        text("value"),
        text("raw"),
    ]
}

/// The columns, without metadata.
pub fn schema() -> SchemaRef {
    Arc::new(Schema::new(columns()))
}

fn reader(path: &Path) -> Result<ParquetRecordBatchReaderBuilder<std::fs::File>, SnapshotError> {
    let other = |problem: String| SnapshotError::Other { path: path.to_owned(), problem };
    let file = std::fs::File::open(path).map_err(|error| other(error.to_string()))?;
    ParquetRecordBatchReaderBuilder::try_new(file).map_err(|error| other(error.to_string()))
}

/// What the snapshot says about itself.
pub fn read_header(path: &Path) -> Result<Header, SnapshotError> {
    let builder = reader(path)?;
    let metadata = builder.schema().metadata();
    let other = |problem: String| SnapshotError::Other { path: path.to_owned(), problem };
    let version =
        metadata.get(VERSION_KEY).ok_or_else(|| other("it does not say that it is one".to_owned()))?;
    if *version != SNAPSHOT_VERSION.to_string() {
        return Err(other(format!("it has version {version}, this kilim reads {SNAPSHOT_VERSION}")));
    }
    let text = |key: &str| metadata.get(key).cloned().unwrap_or_default();
    Ok(Header {
        date: text("date"),
        agents_list: text("agents_list"),
        files: text("files").parse().unwrap_or(0),
    })
}

/// Bytes of its rows, unpacked.
pub fn size(path: &Path) -> Result<u64, SnapshotError> {
    let groups = reader(path)?;
    let groups = groups.metadata().row_groups();
    Ok(groups.iter().map(|group| group.total_byte_size().unsigned_abs()).sum())
}

#[cfg(test)]
mod tests;
