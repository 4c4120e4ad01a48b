//! Rows of a Parquet batch as documents.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{
    DataType, Date32Type, Date64Type, Fields, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type,
    Int64Type, TimeUnit, TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
    TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};

use super::fields::{FieldMap, Node, Value};
use super::json::{judge, read_packed};
use super::{LineProblem, Place, Reading};

/// A column in which something wanted may stand.
#[derive(Debug, Clone)]
pub(super) struct Column {
    /// The way to it: a column of the batch, then fields of structs.
    way: Vec<usize>,
    node: Node,
}

/// The columns of a schema in which something of `fields` may stand.
pub(super) fn columns_of(fields: &FieldMap, schema: &Fields) -> Vec<Column> {
    let mut columns = Vec::new();
    find(fields.tree(), schema, &mut Vec::new(), &mut columns);
    columns
}

fn find(node: &Node, schema: &Fields, way: &mut Vec<usize>, columns: &mut Vec<Column>) {
    for (name, below) in &node.below {
        let Some((at, field)) = schema.find(name) else { continue };
        way.push(at);
        columns.push(Column { way: way.clone(), node: below.clone() });
        if let DataType::Struct(inner) = field.data_type() {
            find(below, inner, way, columns);
        }
        way.pop();
    }
}

/// Rows of one row group, one after the other.
#[derive(Debug, Clone)]
pub struct Rows {
    pub(super) batch: RecordBatch,
    pub(super) columns: Arc<Vec<Column>>,
    /// Where the row group begins.
    pub(super) offset: u64,
    /// What the first of these rows accounts for.
    pub(super) length: u64,
    /// Number of the first row in its row group.
    pub(super) first_row: u64,
    pub(super) max_text_bytes: usize,
}

impl Rows {
    /// Rows.
    pub fn len(&self) -> usize {
        self.batch.num_rows()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Where row `row` of these stands.
    pub fn place(&self, row: usize) -> Place {
        let length = if row == 0 { self.length } else { 0 };
        Place { offset: self.offset, length, inner_offset: self.first_row + row as u64 }
    }

    /// Reads row `row` of these.
    pub fn read(&self, row: usize, fields: &FieldMap) -> Reading<'_> {
        let mut values = fields.empty_values();
        for column in self.columns.iter() {
            let value = match self.value(column, row, fields) {
                Ok(Some(value)) => value,
                Ok(None) => continue,
                Err(problem) => return Reading::Broken(problem),
            };
            if let Value::Text(text) = &value {
                read_packed(text, fields, &column.node, &mut values);
            }
            for slot in &column.node.slots {
                values[*slot] = Some(value.clone());
            }
        }
        judge(fields, &mut values)
    }

    fn value(
        &self,
        column: &Column,
        row: usize,
        fields: &FieldMap,
    ) -> Result<Option<Value<'_>>, LineProblem> {
        let Some((first, rest)) = column.way.split_first() else { return Ok(None) };
        let mut array: &dyn Array = self.batch.column(*first).as_ref();
        for below in rest {
            if array.is_null(row) {
                return Ok(None);
            }
            let Some(parent) = array.as_struct_opt() else { return Ok(None) };
            array = parent.column(*below).as_ref();
        }
        if array.is_null(row) {
            return Ok(None);
        }
        let takes_list = column.node.slots.iter().any(|slot| fields.takes_list(*slot));
        let value = value_of(array, row, takes_list)?;
        match &value {
            Value::Text(text) if text.len() > self.max_text_bytes => {
                Err(LineProblem::TextTooLong { bytes: text.len() })
            }
            _ => Ok(Some(value)),
        }
    }
}

/// The value in `row`, which is not null. Texts are borrowed from the array.
fn value_of(array: &dyn Array, row: usize, takes_list: bool) -> Result<Value<'_>, LineProblem> {
    macro_rules! number {
        ($kind:ty) => {
            Value::Number(array.as_primitive::<$kind>().value(row).to_string())
        };
    }
    macro_rules! millis {
        ($kind:ty, $convert:expr) => {{
            let convert: fn(i64) -> i64 = $convert;
            Value::Millis(convert(i64::from(array.as_primitive::<$kind>().value(row))))
        }};
    }
    let text = |text| Value::Text(Cow::Borrowed(text));
    Ok(match array.data_type() {
        DataType::Utf8 => text(array.as_string::<i32>().value(row)),
        DataType::LargeUtf8 => text(array.as_string::<i64>().value(row)),
        DataType::Utf8View => text(array.as_string_view().value(row)),
        DataType::Binary => text(utf8(array.as_binary::<i32>().value(row))?),
        DataType::LargeBinary => text(utf8(array.as_binary::<i64>().value(row))?),
        DataType::BinaryView => text(utf8(array.as_binary_view().value(row))?),
        DataType::Dictionary(_, _) => {
            let Some(dictionary) = array.as_any_dictionary_opt() else { return Ok(Value::Other) };
            // Null was looked for before.
            let key = dictionary.normalized_keys()[row];
            return value_of(dictionary.values().as_ref(), key, takes_list);
        }
        DataType::Int8 => number!(Int8Type),
        DataType::Int16 => number!(Int16Type),
        DataType::Int32 => number!(Int32Type),
        DataType::Int64 => number!(Int64Type),
        DataType::UInt8 => number!(UInt8Type),
        DataType::UInt16 => number!(UInt16Type),
        DataType::UInt32 => number!(UInt32Type),
        DataType::UInt64 => number!(UInt64Type),
        DataType::Float32 => number!(Float32Type),
        DataType::Float64 => number!(Float64Type),
        DataType::Date32 => millis!(Date32Type, |days| days.saturating_mul(86_400_000)),
        DataType::Date64 => millis!(Date64Type, |millis| millis),
        DataType::Timestamp(TimeUnit::Second, _) => {
            millis!(TimestampSecondType, |seconds| seconds.saturating_mul(1000))
        }
        DataType::Timestamp(TimeUnit::Millisecond, _) => millis!(TimestampMillisecondType, |millis| millis),
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            millis!(TimestampMicrosecondType, |micros| micros.div_euclid(1000))
        }
        DataType::Timestamp(TimeUnit::Nanosecond, _) => {
            millis!(TimestampNanosecondType, |nanos| nanos.div_euclid(1_000_000))
        }
        DataType::List(_) if takes_list => texts_of(array.as_list::<i32>().value(row).as_ref()),
        DataType::LargeList(_) if takes_list => texts_of(array.as_list::<i64>().value(row).as_ref()),
        _ => Value::Other,
    })
}

fn utf8(bytes: &[u8]) -> Result<&str, LineProblem> {
    std::str::from_utf8(bytes).map_err(|error| LineProblem::NotUtf8 { at: error.valid_up_to() })
}

/// The texts of a list, which is short: countries, licences.
fn texts_of(list: &dyn Array) -> Value<'static> {
    let valid = (0..list.len().min(1000)).filter(|row| list.is_valid(*row));
    let texts = valid.filter_map(|row| match value_of(list, row, false) {
        Ok(Value::Text(text)) => Some(text.into_owned()),
        _ => None,
    });
    Value::List(texts.collect())
}
