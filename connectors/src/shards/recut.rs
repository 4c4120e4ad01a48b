//! Cutting rows into batches and row groups by a rule that does not see how they arrived.
//!
//! Writers below leave traces of their batches in the bytes (page and row-group borders). So every row's size is
//! computed from its values alone, and borders fall where the next row would exceed a limit.

use arrow::array::{Array, ArrayRef, AsArray, OffsetSizeTrait, RecordBatch, UInt64Array};
use arrow::compute::{concat_batches, take_record_batch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;

use super::ShardError;

/// Where batches and row groups end. Part of what the bytes of a shard depend on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShardLimits {
    /// Most rows handed to the encoder at once.
    pub batch_rows: usize,
    /// Most bytes of values handed to the encoder at once (one larger row goes alone).
    pub batch_bytes: usize,
    /// Most rows of a Parquet row group.
    pub group_rows: usize,
    /// Most bytes of values, before encoding, of a Parquet row group.
    pub group_bytes: usize,
}

impl Default for ShardLimits {
    /// Row groups of at most 100,000 rows or 128 MiB: what Hugging Face datasets streams well.
    fn default() -> Self {
        Self { batch_rows: 1024, batch_bytes: 8 << 20, group_rows: 100_000, group_bytes: 128 << 20 }
    }
}

/// What comes out of a [`Recutter`].
#[derive(Debug)]
pub(super) enum Piece {
    /// Rows to encode.
    Rows(RecordBatch),
    /// A row group ends here.
    EndOfGroup,
}

/// Takes batches, gives pieces.
#[derive(Debug)]
pub(super) struct Recutter {
    schema: SchemaRef,
    limits: ShardLimits,
    pending: Vec<RecordBatch>,
    pending_rows: usize,
    pending_bytes: usize,
    group_rows: usize,
    group_bytes: usize,
}

impl Recutter {
    pub(super) fn new(schema: SchemaRef, limits: ShardLimits) -> Self {
        Self {
            schema,
            limits,
            pending: Vec::new(),
            pending_rows: 0,
            pending_bytes: 0,
            group_rows: 0,
            group_bytes: 0,
        }
    }

    /// Adds the rows of a batch, which has this schema's columns, and returns what is complete.
    pub(super) fn push(&mut self, batch: &RecordBatch) -> Result<Vec<Piece>, ArrowError> {
        let mut sizes = vec![0; batch.num_rows()];
        for column in batch.columns() {
            add_row_bytes(column, &mut sizes);
        }
        let mut pieces = Vec::new();
        let mut start = 0;
        for (row, size) in sizes.into_iter().enumerate() {
            let end_group = self.group_rows >= self.limits.group_rows
                || (self.group_rows > 0 && self.group_bytes + size > self.limits.group_bytes);
            let end_batch = end_group
                || self.pending_rows >= self.limits.batch_rows
                || (self.pending_rows > 0 && self.pending_bytes + size > self.limits.batch_bytes);
            if end_batch {
                self.pending.push(batch.slice(start, row - start));
                start = row;
                self.cut(&mut pieces)?;
            }
            if end_group {
                pieces.push(Piece::EndOfGroup);
                self.group_rows = 0;
                self.group_bytes = 0;
            }
            self.pending_rows += 1;
            self.pending_bytes += size;
            self.group_rows += 1;
            self.group_bytes += size;
        }
        if start < batch.num_rows() {
            // A slice would keep the whole of a large batch alive until its few last rows are written.
            let rest = (start as u64..batch.num_rows() as u64).collect::<UInt64Array>();
            self.pending.push(if start == 0 { batch.clone() } else { take_record_batch(batch, &rest)? });
        }
        Ok(pieces)
    }

    /// The rows that are left.
    pub(super) fn finish(mut self) -> Result<Vec<Piece>, ArrowError> {
        let mut pieces = Vec::new();
        self.cut(&mut pieces)?;
        Ok(pieces)
    }

    fn cut(&mut self, pieces: &mut Vec<Piece>) -> Result<(), ArrowError> {
        let rows = concat_batches(&self.schema, &self.pending)?;
        self.pending.clear();
        self.pending_rows = 0;
        self.pending_bytes = 0;
        if rows.num_rows() > 0 {
            pieces.push(Piece::Rows(rows));
        }
        Ok(())
    }
}

/// Refuses a schema with a type whose rows cannot be measured and rendered in every format.
pub(super) fn check_schema(schema: &Schema) -> Result<(), ShardError> {
    fn check(name: &str, field: &Field) -> Result<(), ShardError> {
        match field.data_type() {
            DataType::Utf8
            | DataType::LargeUtf8
            | DataType::Utf8View
            | DataType::Boolean
            | DataType::Timestamp(..)
            | DataType::Date32
            | DataType::Float32
            | DataType::Float64 => Ok(()),
            other if other.is_integer() => Ok(()),
            DataType::List(item) | DataType::LargeList(item) => {
                check(&format!("{name}.{}", item.name()), item)
            }
            DataType::Struct(fields) => {
                fields.iter().try_for_each(|field| check(&format!("{name}.{}", field.name()), field))
            }
            other => Err(ShardError::Unsupported { column: name.to_string(), data_type: other.clone() }),
        }
    }
    schema.fields().iter().try_for_each(|field| check(field.name(), field))
}

/// Adds to every row the bytes of its value in one column: a function of the value, not of the array's layout, so
/// what lies under a null counts nothing.
fn add_row_bytes(array: &ArrayRef, sizes: &mut [usize]) {
    match array.data_type() {
        DataType::Utf8 => add(array, sizes, |row| array.as_string::<i32>().value_length(row) as usize),
        DataType::LargeUtf8 => add(array, sizes, |row| array.as_string::<i64>().value_length(row) as usize),
        DataType::Utf8View => add(array, sizes, |row| array.as_string_view().value(row).len()),
        DataType::List(_) => add_list::<i32>(array, sizes),
        DataType::LargeList(_) => add_list::<i64>(array, sizes),
        DataType::Struct(_) => {
            let mut inner = vec![0; array.len()];
            for column in array.as_struct().columns() {
                add_row_bytes(column, &mut inner);
            }
            add(array, sizes, |row| inner[row]);
        }
        other => {
            let width = other.primitive_width().unwrap_or(1);
            add(array, sizes, |_| width);
        }
    }
}

fn add_list<O: OffsetSizeTrait>(array: &ArrayRef, sizes: &mut [usize]) {
    let list = array.as_list::<O>();
    let mut items = vec![0; list.values().len()];
    add_row_bytes(list.values(), &mut items);
    let offsets = list.value_offsets();
    add(array, sizes, |row| items[offsets[row].as_usize()..offsets[row + 1].as_usize()].iter().sum());
}

/// Four bytes for the value's place and length, and its own bytes if it is not null.
fn add(array: &ArrayRef, sizes: &mut [usize], of: impl Fn(usize) -> usize) {
    for (row, size) in sizes.iter_mut().enumerate() {
        *size += 4 + if array.is_valid(row) { of(row) } else { 0 };
    }
}
