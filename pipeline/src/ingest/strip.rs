//! Takes the text out of rows that stage 1 has written.
//!
//! A file of a split is written anew beside the old one, without the texts of the rows that a rule picks, and takes its name;
//! all other rows, and all columns that are no text, stay as they are. The key stays too: a split says what was read, and
//! that has not changed.
//!
//! The order makes a kill harmless: the commit goes first, then the new rows get their name, then the new commit. Between
//! these, the split counts as unread, and the next run reads it again from its file.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, ListArray, ListBuilder, RecordBatch, StringArray, StringBuilder, StructArray,
    StructBuilder, UInt32Array, new_empty_array, new_null_array,
};
use arrow::buffer::OffsetBuffer;
use arrow::compute::interleave;
use arrow::datatypes::{DataType, Field};
use datafusion::common::{Result, internal_err};
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use parquet::arrow::{ArrowWriter, ProjectionMask};

use super::columns::text_field;
use super::write::{SplitDone, SplitFile, row_properties};
use crate::document::{Outcome, column as c, document_schema, reason_fields};
use crate::points::point;

/// Rows that are read at once: as many as stage 1 hands on.
const BATCH_ROWS: usize = 256;

/// What becomes of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Loss {
    /// It stays as it is.
    Nothing,
    /// Its text goes, and with it what was quoted from it; its length, its sketch and what was found out about it stay. What
    /// it reserves stays word for word: stage 3 finds licences of RSL by it.
    Text,
    /// As [`Loss::Text`], and it is withheld, with a reason: just as if it had met the rule while it was read.
    Withheld {
        /// Who says so, as in `reasons`.
        step: Arc<str>,
        /// A stable word.
        code: &'static str,
        /// More words; never text of the document.
        detail: Option<String>,
    },
}

/// The columns that hold a text, or quote from it: what [`Loss::Text`] takes.
pub const TEXT_COLUMNS: [&str; 5] = [c::TITLE, c::TEXT, c::ATTRIBUTION, c::AUTHOR, c::LICENSE_EVIDENCE];

/// Whether each row still has something that [`Loss::Text`] would take. `batch` has [`TEXT_COLUMNS`].
///
/// # Errors
/// A batch without them.
pub fn has_text(batch: &RecordBatch) -> Result<Vec<bool>> {
    let mut has = vec![false; batch.num_rows()];
    for name in TEXT_COLUMNS {
        let Some(array) = batch.column_by_name(name) else { return internal_err!("no column {name}") };
        let Some(lists) = array.as_list_opt::<i32>() else {
            for (row, has) in has.iter_mut().enumerate() {
                *has |= array.is_valid(row);
            }
            continue;
        };
        let items = lists.values().as_struct();
        for field in ["raw", "context", "subject"] {
            let Some(quotes) = items.column_by_name(field) else { return internal_err!("no field {field}") };
            let quotes = quotes.as_string::<i32>();
            for (row, window) in lists.value_offsets().windows(2).enumerate() {
                has[row] |= (window[0] as usize..window[1] as usize).any(|item| {
                    quotes.is_valid(item) && (field == "subject" || !quotes.value(item).is_empty())
                });
            }
        }
    }
    Ok(has)
}

/// Rewrites the rows of the split behind `done`, if there is one for which `rule` says that it loses something. `rule` gets
/// batches with `columns` and answers for each row of one. `amend` adds to the new commit. Gives the new commit; `None` if
/// no row was picked, and then nothing was written.
///
/// # Errors
/// A file that cannot be read or written, or a rule that fails. The split then stands as it stood, or counts as unread.
pub fn strip_split(
    folder: &Path,
    done: &SplitDone,
    columns: &[&str],
    rule: &mut dyn FnMut(&RecordBatch) -> Result<Vec<Loss>>,
    amend: impl FnOnce(&mut SplitDone),
) -> Result<Option<SplitDone>> {
    let path = SplitDone::rows_path(folder, &done.key);
    let Some(losses) = losses(&path, columns, rule)? else { return Ok(None) };
    let mut file = SplitFile::create(folder)?;
    each_stripped(&path, &losses, |batch| file.write(&batch))?;
    let mut stripped = done.clone();
    amend(&mut stripped);
    file.replace(folder, stripped).map(Some)
}

/// Bytes that the rows of the split behind `done` would take after [`strip_split`]; `None` if no row is picked. Writes
/// nothing.
///
/// # Errors
/// As [`strip_split`].
pub fn stripped_bytes(
    folder: &Path,
    done: &SplitDone,
    columns: &[&str],
    rule: &mut dyn FnMut(&RecordBatch) -> Result<Vec<Loss>>,
) -> Result<Option<u64>> {
    let path = SplitDone::rows_path(folder, &done.key);
    let Some(losses) = losses(&path, columns, rule)? else { return Ok(None) };
    let mut writer = ArrowWriter::try_new(std::io::sink(), document_schema(), Some(row_properties()?))?;
    each_stripped(&path, &losses, |batch| Ok(writer.write(&batch)?))?;
    writer.finish()?;
    Ok(Some(writer.bytes_written() as u64))
}

/// What each row loses; `None` if none loses anything.
fn losses(
    path: &Path,
    columns: &[&str],
    rule: &mut dyn FnMut(&RecordBatch) -> Result<Vec<Loss>>,
) -> Result<Option<Vec<Loss>>> {
    let mut losses = Vec::new();
    for batch in open(path, Some(columns))? {
        let batch = batch?;
        let of_batch = rule(&batch)?;
        if of_batch.len() != batch.num_rows() {
            return internal_err!("a rule answered for {} of {} rows", of_batch.len(), batch.num_rows());
        }
        losses.extend(of_batch);
    }
    Ok(losses.iter().any(|loss| *loss != Loss::Nothing).then_some(losses))
}

/// Hands on the rows of a file, less what they lose.
fn each_stripped(path: &Path, losses: &[Loss], mut put: impl FnMut(RecordBatch) -> Result<()>) -> Result<()> {
    let mut at = 0;
    for batch in open(path, None)? {
        let batch = batch?;
        let Some(of_batch) = losses.get(at..at + batch.num_rows()) else {
            return internal_err!("{} has other rows than it had", path.display());
        };
        at += of_batch.len();
        put(strip_batch(&batch, of_batch)?)?;
    }
    Ok(())
}

/// The rows of the split with `key`, with these of their columns, in the order of the schema.
///
/// # Errors
/// A file that cannot be read.
pub fn read_split(
    folder: &Path,
    key: &str,
    columns: &[&str],
) -> Result<impl Iterator<Item = Result<RecordBatch>>> {
    let batches = open(&SplitDone::rows_path(folder, key), Some(columns))?;
    Ok(batches.map(|batch| Ok(batch?)))
}

/// The rows of a file of stage 1, with all columns or some.
fn open(path: &Path, columns: Option<&[&str]>) -> Result<ParquetRecordBatchReader> {
    let mut builder =
        ParquetRecordBatchReaderBuilder::try_new(File::open(path)?)?.with_batch_size(BATCH_ROWS);
    if let Some(columns) = columns {
        let mask = ProjectionMask::columns(builder.parquet_schema(), columns.iter().copied());
        builder = builder.with_projection(mask);
    }
    Ok(builder.build()?)
}

/// The rows of `batch`, which has the columns of [`document_schema`], each less what it loses.
///
/// # Errors
/// A batch with other columns.
pub fn strip_batch(batch: &RecordBatch, losses: &[Loss]) -> Result<RecordBatch> {
    let picked: Vec<bool> = losses.iter().map(|loss| *loss != Loss::Nothing).collect();
    if !picked.contains(&true) {
        return Ok(batch.clone());
    }
    let withheld: Vec<bool> = losses.iter().map(|loss| matches!(loss, Loss::Withheld { .. })).collect();
    let mut columns = batch.columns().to_vec();
    let schema = document_schema();
    for (field, array) in schema.fields().iter().zip(&mut columns) {
        let name = field.name().as_str();
        let stripped = match name {
            c::TITLE | c::TEXT | c::ATTRIBUTION | c::AUTHOR => put(array, &picked, &nothing(array))?,
            c::BLOCKS => put(array, &only(array, &picked), &empty_list(array)?)?,
            c::LICENSE_EVIDENCE => {
                // A rights statement may be a sentence of the page.
                blank_items(array, &picked, &[("raw", Some("")), ("context", Some("")), ("subject", None)])?
            }
            c::OPTOUT_EVIDENCE => blank_items(array, &withheld, &[("raw", Some(""))])?,
            c::TEXT_CHARS => {
                put(array, &only(array, &withheld), &(Arc::new(UInt32Array::from(vec![0])) as _))?
            }
            c::BANDS => put(array, &withheld, &nothing(array))?,
            c::OUTCOME => {
                let open: Vec<bool> =
                    withheld.iter().enumerate().map(|(row, picked)| *picked && array.is_null(row)).collect();
                put(array, &open, &one_text(Some(Outcome::Withheld.as_str())))?
            }
            c::REASONS => add_reasons(array, losses),
            _ => continue,
        };
        *array = stripped;
    }
    Ok(RecordBatch::try_new(schema, columns)?)
}

/// `array` with the one value of `value` in the rows that are picked.
fn put(array: &ArrayRef, picked: &[bool], value: &ArrayRef) -> Result<ArrayRef> {
    let places = picked.iter().enumerate().map(|(row, picked)| if *picked { (1, 0) } else { (0, row) });
    Ok(interleave(&[array.as_ref(), value.as_ref()], &places.collect::<Vec<_>>())?)
}

/// Of the rows that are picked, those that have a value.
fn only(array: &ArrayRef, picked: &[bool]) -> Vec<bool> {
    picked.iter().enumerate().map(|(row, picked)| *picked && array.is_valid(row)).collect()
}

fn nothing(array: &ArrayRef) -> ArrayRef {
    new_null_array(array.data_type(), 1)
}

fn one_text(value: Option<&str>) -> ArrayRef {
    Arc::new(StringArray::from(vec![value]))
}

/// One list without items.
fn empty_list(array: &ArrayRef) -> Result<ArrayRef> {
    let DataType::List(item) = array.data_type() else { return internal_err!("no list") };
    let items = new_empty_array(item.data_type());
    let offsets = OffsetBuffer::from_lengths([0]);
    Ok(Arc::new(ListArray::try_new(Arc::clone(item), offsets, items, None)?))
}

/// Lists of structs with other values in text fields of the items, for the rows that are picked.
fn blank_items(array: &ArrayRef, picked: &[bool], fields: &[(&str, Option<&str>)]) -> Result<ArrayRef> {
    let Some(lists) = array.as_list_opt::<i32>() else { return internal_err!("no list") };
    let items = lists.values().as_struct();
    let mut picked_items = vec![false; items.len()];
    for (row, window) in lists.value_offsets().windows(2).enumerate() {
        picked_items[window[0] as usize..window[1] as usize].fill(picked[row]);
    }
    let mut columns = items.columns().to_vec();
    for (name, value) in fields {
        let Some((index, _)) = items.fields().find(name) else { return internal_err!("no field {name}") };
        columns[index] = put(&columns[index], &only(&columns[index], &picked_items), &one_text(*value))?;
    }
    let items = StructArray::try_new(items.fields().clone(), columns, items.nulls().cloned())?;
    let DataType::List(item) = array.data_type() else { return internal_err!("no list") };
    let lists = ListArray::try_new(
        Arc::clone(item),
        lists.offsets().clone(),
        Arc::new(items),
        lists.nulls().cloned(),
    )?;
    Ok(Arc::new(lists))
}

/// The reasons of each row, and one more where it is withheld.
fn add_reasons(array: &ArrayRef, losses: &[Loss]) -> ArrayRef {
    let lists = array.as_list::<i32>();
    let fields = lists.values().as_struct();
    let parts: [&StringArray; 3] = std::array::from_fn(|index| fields.column(index).as_string());
    let item = Field::new("item", DataType::Struct(reason_fields()), true);
    let mut builder = ListBuilder::new(StructBuilder::from_fields(reason_fields(), 0)).with_field(item);
    for (row, loss) in losses.iter().enumerate() {
        let (start, end) = (lists.value_offsets()[row] as usize, lists.value_offsets()[row + 1] as usize);
        for at in start..end {
            let value = |part: usize| parts[part].is_valid(at).then(|| parts[part].value(at));
            push_reason(builder.values(), value(0), value(1), value(2));
        }
        if let Loss::Withheld { step, code, detail } = loss {
            push_reason(builder.values(), Some(step), Some(code), detail.as_deref());
        }
        builder.append(lists.is_valid(row) || matches!(loss, Loss::Withheld { .. }));
    }
    Arc::new(builder.finish())
}

fn push_reason(entry: &mut StructBuilder, step: Option<&str>, code: Option<&str>, detail: Option<&str>) {
    for (index, value) in [step, code, detail].into_iter().enumerate() {
        let field: &mut StringBuilder = text_field(entry, index);
        field.append_option(value);
    }
    entry.append(true);
}

impl SplitFile {
    /// Gives the file the name of the rows behind `done`, and commits it in their place.
    fn replace(self, folder: &Path, mut done: SplitDone) -> Result<SplitDone> {
        if self.rows != done.rows || self.items_bytes > done.items_bytes {
            return internal_err!("a stripped split has other rows than it had");
        }
        done.outcomes = self.outcomes;
        done.removed = self.removed;
        let file = self.writer.into_inner()?;
        let path = SplitDone::rows_path(folder, &done.key);
        if let Ok(read_at) = std::fs::metadata(&path).and_then(|meta| meta.modified()) {
            // The day on which the split was read is that of its rows' file, and ages are counted from it.
            file.as_file().set_modified(read_at)?;
        }
        file.as_file().sync_all()?;
        done.bytes = file.as_file().metadata()?.len();
        point("strip.written");
        done.withdraw(folder)?;
        point("strip.withdrawn");
        file.persist(path).map_err(|error| error.error)?;
        point("strip.rows");
        done.commit(folder)?;
        point("strip.committed");
        Ok(done)
    }
}

#[cfg(test)]
#[path = "strip_tests.rs"]
mod tests;
