//! Digests of columns and files.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use arrow::array::{Array, AsArray};
use arrow::datatypes::DataType;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The sha256 of one text column in row order: for every row the number of UTF-8 bytes as an unsigned 64-bit
/// little-endian integer, then the bytes; for a null the length 2^64-1 and nothing. In Python:
///
/// ```python
/// h = hashlib.sha256()
/// for value in pyarrow.parquet.read_table(path)["text"].to_pylist():
///     data = None if value is None else value.encode()
///     h.update((2**64 - 1 if data is None else len(data)).to_bytes(8, "little") + (data or b""))
/// print(h.hexdigest())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnDigest {
    /// The column's name.
    pub column: String,
    /// In hex.
    pub sha256: String,
}

/// Computes a [`ColumnDigest`] batch by batch.
#[derive(Debug, Clone)]
pub struct ColumnHasher {
    column: String,
    hasher: Sha256,
}

impl ColumnHasher {
    /// The columns digested wherever a schema has them.
    pub const COLUMNS: [&'static str; 3] = ["id", "text", "lang"];

    /// No row yet.
    pub fn new(column: &str) -> Self {
        Self { column: column.to_string(), hasher: Sha256::new() }
    }

    /// Whether a column of this type can be digested.
    pub fn accepts(data_type: &DataType) -> bool {
        matches!(data_type, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
    }

    /// The column this is about.
    pub fn column(&self) -> &str {
        &self.column
    }

    /// Adds the rows of a text array; arrays of other types ([`ColumnHasher::accepts`]) add nothing.
    pub fn update(&mut self, array: &dyn Array) {
        match array.data_type() {
            DataType::Utf8 => array.as_string::<i32>().iter().for_each(|value| self.push(value)),
            DataType::LargeUtf8 => array.as_string::<i64>().iter().for_each(|value| self.push(value)),
            DataType::Utf8View => array.as_string_view().iter().for_each(|value| self.push(value)),
            _ => {}
        }
    }

    /// Adds one row.
    pub fn push(&mut self, value: Option<&str>) {
        let length = value.map_or(u64::MAX, |text| text.len() as u64);
        self.hasher.update(length.to_le_bytes());
        self.hasher.update(value.unwrap_or("").as_bytes());
    }

    /// The digest of all rows so far.
    pub fn finish(self) -> ColumnDigest {
        ColumnDigest { column: self.column, sha256: hex::encode(self.hasher.finalize()) }
    }
}

/// Size and sha256 (hex) of a file.
pub fn sha256_file(path: &Path) -> io::Result<(u64, String)> {
    let mut file = File::open(path)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 256 * 1024];
    let mut bytes = 0;
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok((bytes, hex::encode(hasher.finalize())));
        }
        bytes += read as u64;
        hasher.update(&buffer[..read]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{StringArray, StringViewArray};

    #[test]
    fn the_digest_is_the_one_python_computes() {
        let mut hasher = ColumnHasher::new("text");
        hasher.update(&StringArray::from(vec![Some("Habari ya leo"), None, Some(""), Some("வணக்கம்")]));
        // The script of the documentation, over the same four values.
        let expected = "ce8a6308fc7801cd53d50c9582bf686a0639a6e7f5e79d9e6aaa9b1e52a676f4";
        assert_eq!(hasher.finish(), ColumnDigest { column: "text".into(), sha256: expected.into() });
    }

    #[test]
    fn a_null_is_not_an_empty_text_and_borders_matter() {
        let digest = |values: &[Option<&str>]| {
            let mut hasher = ColumnHasher::new("text");
            hasher.update(&StringViewArray::from(values.to_vec()));
            hasher.finish().sha256
        };
        assert_ne!(digest(&[None]), digest(&[Some("")]));
        assert_ne!(digest(&[Some("สวัสดี"), Some("ครับ")]), digest(&[Some("สวัสดีครับ"), Some("")]));
    }
}
