//! Writing a shard, hashing it on the way.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Schema, SchemaRef};
use arrow::json::WriterBuilder;
use arrow::json::writer::LineDelimited;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;
use sha2::{Digest, Sha256};

use super::recut::{Piece, Recutter, check_schema};
use super::{ColumnHasher, ShardError, ShardFile, ShardFormat, ShardLimits};
use crate::store::AtomicFile;

/// zstd's own default: level 9 saves 4-6 % on text and costs four times the time.
const ZSTD_LEVEL: i32 = 3;

/// Columns whose values hardly repeat: a dictionary would be built only to be thrown away.
const UNIQUE_COLUMNS: [&str; 5] = ["id", "doc_id", "text", "url", "title"];

/// Writes one shard. Dropped before [`ShardWriter::finish`], it leaves no file.
pub struct ShardWriter {
    path: PathBuf,
    schema: SchemaRef,
    recutter: Recutter,
    digests: Vec<(usize, ColumnHasher)>,
    rows: u64,
    sink: Sink,
}

enum Sink {
    Parquet(Box<ArrowWriter<HashingFile>>),
    Jsonl { zstd: Box<zstd::Encoder<'static, HashingFile>>, lines: Vec<u8> },
}

impl ShardWriter {
    /// Starts the shard at a local path, under a temporary name; makes the folders above it.
    ///
    /// # Errors
    /// A column type other than text, integers, floats, booleans, dates, timestamps, and lists and structs of
    /// those; a disk that refuses.
    pub fn create(path: &Path, schema: SchemaRef, format: ShardFormat) -> Result<Self, ShardError> {
        Self::create_with(path, schema, format, ShardLimits::default())
    }

    /// Like [`ShardWriter::create`], with other borders of batches and row groups.
    pub fn create_with(
        path: &Path,
        schema: SchemaRef,
        format: ShardFormat,
        limits: ShardLimits,
    ) -> Result<Self, ShardError> {
        check_schema(&schema)?;
        let io = |source| ShardError::Io { action: "write", path: path.to_path_buf(), source };
        let file = HashingFile::create(path).map_err(io)?;
        let sink = match format {
            ShardFormat::Parquet => {
                let writer =
                    ArrowWriter::try_new(file, Arc::clone(&schema), Some(properties(&schema))).map_err(
                        |source| ShardError::Parquet { action: "write", path: path.to_path_buf(), source },
                    )?;
                Sink::Parquet(Box::new(writer))
            }
            ShardFormat::JsonlZst => {
                let mut zstd = zstd::Encoder::new(file, ZSTD_LEVEL).map_err(io)?;
                zstd.include_checksum(true).map_err(io)?;
                Sink::Jsonl { zstd: Box::new(zstd), lines: Vec::new() }
            }
        };
        let digests = schema.fields().iter().enumerate().filter_map(|(at, field)| {
            let wanted = ColumnHasher::COLUMNS.contains(&field.name().as_str());
            (wanted && ColumnHasher::accepts(field.data_type()))
                .then(|| (at, ColumnHasher::new(field.name())))
        });
        let digests = digests.collect();
        let recutter = Recutter::new(Arc::clone(&schema), limits);
        Ok(Self { path: path.to_path_buf(), schema, recutter, digests, rows: 0, sink })
    }

    /// Adds rows. How they are cut into batches leaves no trace in the file.
    ///
    /// # Errors
    /// A batch with other columns, or nulls where the shard's schema allows none; a disk that refuses.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<(), ShardError> {
        let batch = self.with_own_schema(batch)?;
        for (at, hasher) in &mut self.digests {
            hasher.update(batch.column(*at));
        }
        self.rows += batch.num_rows() as u64;
        let pieces = self.recutter.push(&batch).map_err(|source| rows_error(&self.path, source))?;
        self.sink.encode(pieces, &self.path)
    }

    /// Completes the file, makes it durable and gives it its name.
    pub fn finish(mut self) -> Result<ShardFile, ShardError> {
        let io = |source| ShardError::Io { action: "write", path: self.path.clone(), source };
        let pieces = self.recutter.finish().map_err(|source| rows_error(&self.path, source))?;
        self.sink.encode(pieces, &self.path)?;
        let file = match self.sink {
            Sink::Parquet(writer) => writer.into_inner().map_err(|source| ShardError::Parquet {
                action: "write",
                path: self.path.clone(),
                source,
            })?,
            Sink::Jsonl { zstd, .. } => zstd.finish().map_err(io)?,
        };
        let (bytes, sha256) = file.commit().map_err(io)?;
        let columns = self.digests.into_iter().map(|(_, hasher)| hasher.finish()).collect();
        Ok(ShardFile { bytes, rows: self.rows, sha256, columns })
    }

    /// The batch under the shard's schema: metadata and nullability may differ, names and types may not.
    fn with_own_schema(&self, batch: &RecordBatch) -> Result<RecordBatch, ShardError> {
        if let Some(problem) = first_difference(&self.schema, &batch.schema()) {
            return Err(ShardError::OtherColumns { path: self.path.clone(), problem });
        }
        RecordBatch::try_new(Arc::clone(&self.schema), batch.columns().to_vec())
            .map_err(|source| rows_error(&self.path, source))
    }
}

impl Sink {
    fn encode(&mut self, pieces: Vec<Piece>, path: &Path) -> Result<(), ShardError> {
        for piece in pieces {
            match (&mut *self, piece) {
                (Self::Parquet(writer), piece) => match piece {
                    Piece::Rows(rows) => writer.write(&rows),
                    Piece::EndOfGroup => writer.flush(),
                }
                .map_err(|source| ShardError::Parquet {
                    action: "write",
                    path: path.to_path_buf(),
                    source,
                })?,
                (Self::Jsonl { zstd, lines }, Piece::Rows(rows)) => {
                    lines.clear();
                    let builder = WriterBuilder::new().with_explicit_nulls(true);
                    let mut writer = builder.build::<_, LineDelimited>(&mut *lines);
                    writer
                        .write(&rows)
                        .and_then(|()| writer.finish())
                        .map_err(|source| rows_error(path, source))?;
                    zstd.write_all(lines).map_err(|source| ShardError::Io {
                        action: "write",
                        path: path.to_path_buf(),
                        source,
                    })?;
                }
                (Self::Jsonl { .. }, Piece::EndOfGroup) => {}
            }
        }
        Ok(())
    }
}

/// What makes two schemas different for a shard, in words; `None` if names and types agree.
pub(super) fn first_difference(wanted: &Schema, found: &Schema) -> Option<String> {
    for (at, field) in wanted.fields().iter().enumerate() {
        match found.fields().get(at) {
            None => return Some(format!("{} is missing", field.name())),
            Some(other) if other.name() != field.name() => {
                return Some(format!("{} stands where {} is expected", other.name(), field.name()));
            }
            Some(other) if !same_type(field.data_type(), other.data_type()) => {
                let (wanted, found) = (field.data_type(), other.data_type());
                return Some(format!("{} is of type {found}, expected is {wanted}", field.name()));
            }
            Some(_) => {}
        }
    }
    found.fields().get(wanted.fields().len()).map(|extra| format!("{} is not expected", extra.name()))
}

/// Equal but for nullability and metadata of nested fields.
fn same_type(a: &DataType, b: &DataType) -> bool {
    a.equals_datatype(b)
}

fn rows_error(path: &Path, source: arrow::error::ArrowError) -> ShardError {
    ShardError::Rows { action: "write", path: path.to_path_buf(), source }
}

/// How Parquet shards are encoded. Nothing here depends on the data, the clock or the machine.
fn properties(schema: &Schema) -> WriterProperties {
    let zstd = ZstdLevel::try_new(ZSTD_LEVEL).expect("3 is a zstd level");
    let mut builder = WriterProperties::builder()
        .set_compression(Compression::ZSTD(zstd))
        // The recutter ends the groups.
        .set_max_row_group_row_count(None)
        .set_max_row_group_bytes(None)
        // Page limits are looked at once per this many values; documents are large.
        .set_write_batch_size(64)
        .set_statistics_enabled(EnabledStatistics::Page);
    for field in schema.fields() {
        if UNIQUE_COLUMNS.contains(&field.name().as_str()) {
            builder = builder.set_column_dictionary_enabled(ColumnPath::from(field.name().as_str()), false);
        }
    }
    // Nobody searches a text by its smallest and largest value.
    builder = builder.set_column_statistics_enabled(ColumnPath::from("text"), EnabledStatistics::Chunk);
    builder.build()
}

/// A file that knows its sha256 when it is finished.
struct HashingFile {
    file: BufWriter<AtomicFile>,
    hasher: Sha256,
    bytes: u64,
}

impl HashingFile {
    fn create(path: &Path) -> io::Result<Self> {
        let file = BufWriter::with_capacity(256 * 1024, AtomicFile::create(path)?);
        Ok(Self { file, hasher: Sha256::new(), bytes: 0 })
    }

    fn commit(self) -> io::Result<(u64, String)> {
        self.file.into_inner().map_err(io::IntoInnerError::into_error)?.commit()?;
        Ok((self.bytes, hex::encode(self.hasher.finalize())))
    }
}

impl Write for HashingFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
