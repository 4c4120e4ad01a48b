//! The digest of one row: what a proof about a single document binds.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{
    DataType, Date32Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, TimeUnit,
    TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType,
    UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use sha2::{Digest, Sha256};

/// The SHA-256 of a row of a shard: for each column in order its name, then its value. All numbers are little-endian.
/// A length is an unsigned 64-bit integer.
///
/// - a name or a text: its length in UTF-8 bytes, then the bytes
/// - a number, date or timestamp: its width in bytes as a length, then its bytes as stored (a timestamp in the unit of
///   its column, a date in days, both since 1970); a boolean is one byte, 0 or 1
/// - a list: the number of items as a length, then each item as a value
/// - a struct: the number of fields as a length, then each field's value
/// - null: the length 2^64-1 and nothing
///
/// In Python, for the columns that shards have (timestamps in milliseconds):
///
/// ```python
/// def length(n): return n.to_bytes(8, "little")
/// def text(s): return length(len(s.encode())) + s.encode()
/// def value(v):
///     if v is None: return length(2**64 - 1)
///     if isinstance(v, str): return text(v)
///     if isinstance(v, bool): return length(1) + bytes([v])
///     if isinstance(v, float): return length(4) + struct.pack("<f", v)
///     if isinstance(v, datetime): return length(8) + struct.pack("<q", round(v.timestamp() * 1000))
///     if isinstance(v, list): return length(len(v)) + b"".join(map(value, v))
/// row = pyarrow.parquet.read_table(path).slice(n, 1).to_pylist()[0]
/// print(hashlib.sha256(b"".join(text(name) + value(v) for name, v in row.items())).hexdigest())
/// ```
///
/// Rows that are null in a column and rows of shards without that column have different digests. Columns of other types
/// than a shard may have are digested as null.
pub fn row_digest(batch: &RecordBatch, row: usize) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for (field, column) in batch.schema_ref().fields().iter().zip(batch.columns()) {
        push_bytes(&mut hasher, field.name().as_bytes());
        push_value(&mut hasher, column.as_ref(), row);
    }
    hasher.finalize().into()
}

fn push_length(hasher: &mut Sha256, length: u64) {
    hasher.update(length.to_le_bytes());
}

/// The length of `bytes`, then `bytes`: texts, and numbers as they are stored.
fn push_bytes(hasher: &mut Sha256, bytes: &[u8]) {
    push_length(hasher, bytes.len() as u64);
    hasher.update(bytes);
}

fn push_value(hasher: &mut Sha256, array: &dyn Array, row: usize) {
    macro_rules! number {
        ($kind:ty) => {
            push_bytes(hasher, &array.as_primitive::<$kind>().value(row).to_le_bytes())
        };
    }
    if array.is_null(row) {
        return push_length(hasher, u64::MAX);
    }
    match array.data_type() {
        DataType::Utf8 => push_bytes(hasher, array.as_string::<i32>().value(row).as_bytes()),
        DataType::LargeUtf8 => push_bytes(hasher, array.as_string::<i64>().value(row).as_bytes()),
        DataType::Utf8View => push_bytes(hasher, array.as_string_view().value(row).as_bytes()),
        DataType::Boolean => push_bytes(hasher, &[u8::from(array.as_boolean().value(row))]),
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
        DataType::Date32 => number!(Date32Type),
        DataType::Timestamp(TimeUnit::Second, _) => number!(TimestampSecondType),
        DataType::Timestamp(TimeUnit::Millisecond, _) => number!(TimestampMillisecondType),
        DataType::Timestamp(TimeUnit::Microsecond, _) => number!(TimestampMicrosecondType),
        DataType::Timestamp(TimeUnit::Nanosecond, _) => number!(TimestampNanosecondType),
        DataType::List(_) => {
            let list = array.as_list::<i32>();
            let offsets = list.value_offsets();
            let items = offsets[row] as usize..offsets[row + 1] as usize;
            push_items(hasher, list.values().as_ref(), items);
        }
        DataType::LargeList(_) => {
            let list = array.as_list::<i64>();
            let offsets = list.value_offsets();
            let items = offsets[row] as usize..offsets[row + 1] as usize;
            push_items(hasher, list.values().as_ref(), items);
        }
        DataType::Struct(_) => {
            let fields = array.as_struct().columns();
            push_length(hasher, fields.len() as u64);
            for field in fields {
                push_value(hasher, field.as_ref(), row);
            }
        }
        _ => push_length(hasher, u64::MAX),
    }
}

fn push_items(hasher: &mut Sha256, values: &dyn Array, items: std::ops::Range<usize>) {
    push_length(hasher, items.len() as u64);
    for item in items {
        push_value(hasher, values, item);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{
        ArrayRef, Float32Array, ListBuilder, StringArray, StringBuilder, StructArray,
        TimestampMillisecondArray, UInt64Array,
    };
    use arrow::datatypes::Field;

    use super::*;

    fn batch() -> RecordBatch {
        let mut labels = ListBuilder::new(StringBuilder::new());
        labels.append_value([Some("KE"), Some("TZ")]);
        labels.append_null();
        labels.append_value::<[Option<&str>; 0], &str>([]);
        let columns: Vec<(&str, ArrayRef)> = vec![
            ("text", Arc::new(StringArray::from(vec![Some("வணக்கம்"), None, Some("")]))),
            ("lang_confidence", Arc::new(Float32Array::from(vec![Some(0.97), None, Some(0.0)]))),
            ("jurisdictions", Arc::new(labels.finish())),
            (
                "fetched_at",
                Arc::new(
                    TimestampMillisecondArray::from(vec![Some(1_772_344_800_123), None, Some(-1)])
                        .with_timezone("UTC"),
                ),
            ),
        ];
        RecordBatch::try_from_iter_with_nullable(
            columns.into_iter().map(|(name, column)| (name, column, true)),
        )
        .unwrap()
    }

    #[test]
    fn the_digest_is_the_one_python_computes() {
        // The script of the documentation, over the same three rows.
        let expected = [
            "593867e0a0f1b87605a4b555f99100800ace4a3d1badaa98605a020bc6891b76",
            "faf73a044652175bcc7218f10da4be4519bec0654509371782cdb5fc4bc705a1",
            "d8bba5f9448dd21dfbb8ca7d4c04576046aa63fbd22547013d46255daad09c1c",
        ];
        for (row, expected) in expected.into_iter().enumerate() {
            assert_eq!(hex::encode(row_digest(&batch(), row)), expected, "row {row}");
        }
    }

    #[test]
    fn where_a_batch_is_cut_changes_no_digest() {
        let whole = batch();
        for row in 0..3 {
            assert_eq!(row_digest(&whole.slice(row, 1), 0), row_digest(&whole, row));
        }
    }

    #[test]
    fn values_do_not_run_into_each_other() {
        let digest = |columns: Vec<(&str, ArrayRef)>| {
            let columns = columns.into_iter().map(|(name, column)| (name, column, true));
            row_digest(&RecordBatch::try_from_iter_with_nullable(columns).unwrap(), 0)
        };
        let text = |value: Option<&str>| -> ArrayRef { Arc::new(StringArray::from(vec![value])) };
        let all = [
            digest(vec![("a", text(Some("สวัสดี"))), ("b", text(Some("ครับ")))]),
            digest(vec![("a", text(Some("สวัสดีครับ"))), ("b", text(Some("")))]),
            digest(vec![("a", text(Some("สวัสดีครับ"))), ("b", text(None))]),
            digest(vec![("a", text(Some("สวัสดีครับ")))]),
            digest(vec![("c", text(Some("สวัสดีครับ")))]),
        ];
        let distinct: std::collections::BTreeSet<_> = all.iter().collect();
        assert_eq!(distinct.len(), all.len());
    }

    #[test]
    fn a_struct_is_its_fields() {
        let field = |name| Arc::new(Field::new(name, DataType::UInt64, true));
        let numbers = |value| -> ArrayRef { Arc::new(UInt64Array::from(vec![value])) };
        let of = |a, b| {
            let pair = StructArray::from(vec![(field("a"), numbers(a)), (field("b"), numbers(b))]);
            row_digest(&RecordBatch::try_from_iter([("pair", Arc::new(pair) as ArrayRef)]).unwrap(), 0)
        };
        assert_eq!(of(Some(1), None), of(Some(1), None));
        assert_ne!(of(Some(1), None), of(None, Some(1)));
    }
}
