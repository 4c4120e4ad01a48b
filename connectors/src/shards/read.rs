//! Reading a shard back, to check it.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::json::ReaderBuilder;
use arrow::json::reader::{Decoder, infer_json_schema};
use parquet::arrow::arrow_reader::{
    ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};

use super::write::first_difference;
use super::{ShardError, ShardFormat};

/// Rows of a batch that is read back.
const BATCH_ROWS: usize = 1024;

/// Bytes of JSON after which a batch ends early.
const BATCH_BYTES: usize = 16 << 20;

/// The batches of a shard, in row order.
pub struct ShardReader {
    path: PathBuf,
    schema: SchemaRef,
    source: Source,
}

enum Source {
    Parquet(ParquetRecordBatchReader),
    Jsonl { lines: JsonLines, decoder: Decoder, done: bool },
}

type JsonLines = BufReader<zstd::Decoder<'static, BufReader<File>>>;

/// Opens a shard. With `schema`, other columns in the file are an error; without, Parquet brings its own (large and view
/// types as plain ones), and that of JSON lines is inferred in a first pass over the file (timestamps stay text).
pub fn read_shard(
    path: &Path,
    format: ShardFormat,
    schema: Option<SchemaRef>,
) -> Result<ShardReader, ShardError> {
    match format {
        ShardFormat::Parquet => {
            let parquet_error =
                |source| ShardError::Parquet { action: "read", path: path.to_path_buf(), source };
            let file = File::open(path).map_err(|source| io_error(path, source))?;
            // The Arrow schema that a writer puts into the footer is left alone: a damaged one makes `arrow-ipc` panic, and
            // the types of shards are known without it.
            let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
            let builder = undamaged(|| ParquetRecordBatchReaderBuilder::try_new_with_options(file, options))
                .map_err(parquet_error)?;
            let found = Arc::clone(builder.schema());
            if let Some(problem) = schema.as_ref().and_then(|wanted| first_difference(wanted, &found)) {
                return Err(ShardError::OtherColumns { path: path.to_path_buf(), problem });
            }
            let reader = builder.with_batch_size(BATCH_ROWS).build().map_err(parquet_error)?;
            Ok(ShardReader { path: path.to_path_buf(), schema: found, source: Source::Parquet(reader) })
        }
        ShardFormat::JsonlZst => {
            let rows_error = |source| ShardError::Rows { action: "read", path: path.to_path_buf(), source };
            let schema = if let Some(schema) = schema {
                schema
            } else {
                let (schema, _) = infer_json_schema(open_lines(path)?, None).map_err(rows_error)?;
                Arc::new(schema)
            };
            let decoder = ReaderBuilder::new(Arc::clone(&schema))
                .with_batch_size(BATCH_ROWS)
                .with_strict_mode(true)
                .build_decoder()
                .map_err(rows_error)?;
            let source = Source::Jsonl { lines: open_lines(path)?, decoder, done: false };
            Ok(ShardReader { path: path.to_path_buf(), schema, source })
        }
    }
}

impl ShardReader {
    /// The columns.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }
}

impl Iterator for ShardReader {
    type Item = Result<RecordBatch, ShardError>;

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.source {
            Source::Parquet(reader) => {
                let batch = undamaged(|| reader.next().transpose().map_err(Into::into)).transpose()?;
                let path = &self.path;
                Some(batch.map_err(|source| ShardError::Parquet {
                    action: "read",
                    path: path.clone(),
                    source,
                }))
            }
            Source::Jsonl { done: true, .. } => None,
            Source::Jsonl { lines, decoder, done } => {
                let batch = next_jsonl(lines, decoder, &self.path).transpose();
                *done = !matches!(batch, Some(Ok(_)));
                batch
            }
        }
    }
}

/// What `read` gives. Where the Parquet library panics, the file is damaged: who checks a shard wants to be told so.
fn undamaged<T>(
    read: impl FnOnce() -> Result<T, parquet::errors::ParquetError>,
) -> Result<T, parquet::errors::ParquetError> {
    let panicked = |_| Err(parquet::errors::ParquetError::General("it is damaged".to_owned()));
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(panicked)
}

fn next_jsonl(
    lines: &mut JsonLines,
    decoder: &mut Decoder,
    path: &Path,
) -> Result<Option<RecordBatch>, ShardError> {
    let rows_error = |source| ShardError::Rows { action: "read", path: path.to_path_buf(), source };
    let mut taken = 0;
    loop {
        let buffer = lines.fill_buf().map_err(|source| io_error(path, source))?;
        if buffer.is_empty() {
            break;
        }
        let offered = buffer.len();
        let decoded = decoder.decode(buffer).map_err(rows_error)?;
        lines.consume(decoded);
        taken += decoded;
        let long_enough = taken >= BATCH_BYTES && !decoder.is_empty() && !decoder.has_partial_record();
        if decoded < offered || long_enough {
            break;
        }
    }
    decoder.flush().map_err(rows_error)
}

fn open_lines(path: &Path) -> Result<JsonLines, ShardError> {
    let file = File::open(path).map_err(|source| io_error(path, source))?;
    let zstd = zstd::Decoder::new(file).map_err(|source| io_error(path, source))?;
    Ok(BufReader::with_capacity(64 * 1024, zstd))
}

fn io_error(path: &Path, source: io::Error) -> ShardError {
    ShardError::Io { action: "read", path: path.to_path_buf(), source }
}
