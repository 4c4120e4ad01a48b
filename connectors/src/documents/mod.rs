//! Existing corpora: documents that somebody else has already taken out of their pages.
//!
//! Two kinds of file are read. In **JSON lines** every line is one document; the file is plain, or packed with gzip or
//! zstd. In **Parquet** every row is one. Which field holds what is said by a [`FieldMap`]: the built-in one knows the
//! names that datatrove, FineWeb, Dolma and our own shards use.
//!
//! Readers make no decision. They say what a document gave ([`Given`]), why a line or row is none ([`Unfit`],
//! [`Damage`]), and where it stands ([`Place`]), so that a caller can account for every byte of a file:
//!
//! - plain JSON lines: a line has its bytes, with the line end. A split owns the lines that start inside it, so what
//!   comes out does not depend on the size of splits;
//! - packed JSON lines: a file is read through from its start. The first item has the length of the whole file, the
//!   others 0, as with WARC records that share a gzip member; `inner_offset` counts unpacked bytes;
//! - Parquet: the first row of a row group has the group's bytes, the others 0; `inner_offset` counts its rows. A split
//!   owns the row groups that start inside it. Magic, footer, indexes and gaps are padding.
//!
//! Memory: one line (64 MiB at most) and a window; for Parquet the pages of a few rows ([`ReadLimits`]).

mod chunks;
mod fields;
mod json;
mod lines;
mod packed;
mod row_groups;
mod rows;
mod thrift;

pub use fields::{BadPath, Date, FieldMap, Given, Role};
pub use json::{LineProblem, read_line};
pub use lines::{LineItem, LineSplit, LineStep};
pub use packed::PackedLines;
pub use row_groups::{ParquetSplit, Piece};
pub use rows::Rows;

use std::borrow::Cow;

use crate::inflate::{GZIP_MAGIC, Packing, begins_like_zstd};

/// Where something stands in its file, and how much of the file it accounts for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Place in the file, in bytes.
    pub offset: u64,
    /// Bytes of the file.
    pub length: u64,
    /// In a packed file the unpacked bytes before it, in a row group the rows before it, else 0.
    pub inner_offset: u64,
}

/// What was made of one line or row.
#[derive(Debug, Clone, PartialEq)]
pub enum Reading<'a> {
    /// A document.
    Document {
        /// Its text, exactly as given; never blank.
        text: Cow<'a, str>,
        /// The rest of what it says.
        given: Given<'a>,
    },
    /// Readable, and no document.
    Unfit {
        /// Why.
        why: Unfit,
        /// What it says all the same.
        given: Given<'a>,
    },
    /// Unreadable.
    Broken(LineProblem),
}

/// Why something that could be read is no document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Unfit {
    /// No field for the text, or null in it.
    NoText,
    /// The text is a number, a list or a map.
    TextNotString,
    /// The text is empty, or white space only.
    EmptyText,
}

impl Unfit {
    /// A word for reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoText => "no_text",
            Self::TextNotString => "text_not_a_string",
            Self::EmptyText => "empty_text",
        }
    }
}

/// Bytes out of which no document could be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// Where.
    pub place: Place,
    /// What is wrong.
    pub reason: DamageReason,
    /// More about it: sizes and names, never text of a document.
    pub detail: Option<String>,
}

/// Why bytes could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DamageReason {
    /// A line longer than [`ReadLimits::max_line_bytes`].
    LineTooLong,
    /// Packed bytes among which no gzip member or zstd frame begins.
    NotPacked,
    /// A gzip member or zstd frame that does not unpack any further.
    CorruptMember,
    /// A gzip member or zstd frame whose checksum does not match; its lines were read.
    ChecksumMismatch,
    /// A packed file ends inside a gzip member or zstd frame.
    CutShort,
    /// A packed file holds far more than any text does: [`ReadLimits::max_ratio`].
    InflatesPastCap,
    /// A zstd frame that wants a window above 128 MiB.
    WindowTooLarge,
    /// The metadata of a row group contradicts itself or the file.
    BadRowGroup,
    /// A row group that is packed in a way that cannot be read yet.
    UnknownCodec,
    /// The rest of a row group does not decode.
    CorruptRowGroup,
    /// A row group has fewer rows than it says.
    RowsMissing,
}

impl DamageReason {
    /// A word for reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LineTooLong => "line_too_long",
            Self::NotPacked => "not_packed",
            Self::CorruptMember => "corrupt_member",
            Self::ChecksumMismatch => "checksum_mismatch",
            Self::CutShort => "cut_short",
            Self::InflatesPastCap => "inflates_past_cap",
            Self::WindowTooLarge => "window_too_large",
            Self::BadRowGroup => "bad_row_group",
            Self::UnknownCodec => "unknown_codec",
            Self::CorruptRowGroup => "corrupt_row_group",
            Self::RowsMissing => "rows_missing",
        }
    }
}

/// How a file of documents is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DocumentFormat {
    /// JSON lines.
    Lines,
    /// JSON lines packed with gzip.
    GzipLines,
    /// JSON lines packed with zstd.
    ZstdLines,
    /// Parquet.
    Parquet,
}

/// A file that cannot be read as documents: it is one damaged range.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// One JSON array of objects.
    #[error("one JSON array; write one object a line, for example with `jq -c '.[]'`")]
    JsonArray,
    /// Packed in a way that cannot be read.
    #[error("packed with {0}; unpack it, or pack it with gzip or zstd")]
    OtherPacking(&'static str),
    /// No Parquet footer that makes sense.
    #[error("no Parquet file: {0}")]
    BadFooter(String),
    /// An encrypted Parquet file.
    #[error("an encrypted Parquet file")]
    Encrypted,
    /// No column holds the text.
    #[error("no column for the text; its columns are {columns}: name one under `fields: {{ text: … }}`")]
    NoTextColumn {
        /// Names of the columns, the first few.
        columns: String,
    },
}

impl FormatError {
    /// A word for reports.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::JsonArray => "json_array",
            Self::OtherPacking(_) => "other_packing",
            Self::BadFooter(_) => "not_parquet",
            Self::Encrypted => "encrypted",
            Self::NoTextColumn { .. } => "no_text_column",
        }
    }
}

impl DocumentFormat {
    /// How many of a file's first bytes [`sniff`](Self::sniff) wants, where the file has so many.
    pub const SNIFF_BYTES: usize = 4 << 10;

    /// Tells the format from a file's first bytes. Names do not matter: `.jsonl` files are packed more often than
    /// their name admits.
    ///
    /// ```
    /// use kilim_connectors::documents::DocumentFormat;
    /// let first = "{\"text\": \"Habari ya asubuhi\"}\n";
    /// assert_eq!(DocumentFormat::sniff(first.as_bytes()), Ok(DocumentFormat::Lines));
    /// assert_eq!(DocumentFormat::sniff(b"PAR1\x15\x04"), Ok(DocumentFormat::Parquet));
    /// ```
    pub fn sniff(first: &[u8]) -> Result<Self, FormatError> {
        match first {
            [b'P', b'A', b'R', b'1', ..] => return Ok(Self::Parquet),
            [b'P', b'A', b'R', b'E', ..] => return Err(FormatError::Encrypted),
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => return Err(FormatError::OtherPacking("xz")),
            [b'B', b'Z', b'h', b'1'..=b'9', ..] => return Err(FormatError::OtherPacking("bzip2")),
            [b'P', b'K', 3, 4, ..] => return Err(FormatError::OtherPacking("zip")),
            _ if first.starts_with(&GZIP_MAGIC) => return Ok(Self::GzipLines),
            _ if begins_like_zstd(first) => return Ok(Self::ZstdLines),
            _ => {}
        }
        // A line may be an array; a file that goes on on the next line is one array.
        let text = first.strip_prefix(b"\xef\xbb\xbf").unwrap_or(first).trim_ascii_start();
        let array = text.strip_prefix(b"[").map(<[u8]>::trim_ascii_start);
        let line_ends = array.and_then(|rest| memchr::memchr(b'\n', text).map(|end| (rest, end)));
        match (array, line_ends) {
            (Some([b'{', ..]), None) => Err(FormatError::JsonArray),
            (Some([b'{', ..]), Some((_, end))) if !text[..end].trim_ascii_end().ends_with(b"]") => {
                Err(FormatError::JsonArray)
            }
            _ => Ok(Self::Lines),
        }
    }

    /// How it is packed, if it is JSON lines that are.
    fn packing(self) -> Option<Packing> {
        match self {
            Self::GzipLines => Some(Packing::Gzip),
            Self::ZstdLines => Some(Packing::Zstd),
            Self::Lines | Self::Parquet => None,
        }
    }

    /// Whether a file must be read from its start.
    pub fn is_packed(self) -> bool {
        self.packing().is_some()
    }
}

/// What a reader keeps in memory at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadLimits {
    /// A longer line is damage. Default 64 MiB: ten times the Bible.
    pub max_line_bytes: usize,
    /// A packed file that holds more than so many bytes for one of its own is damage from there on, the first
    /// [`ratio_grace_bytes`](Self::ratio_grace_bytes) aside. Default 256: text packs 3 to 8 to 1, a log of equal lines
    /// 100 to 1, a bomb 1000 to 1.
    pub max_ratio: u64,
    /// Unpacked bytes to which the ratio does not apply. Default 256 MiB.
    pub ratio_grace_bytes: u64,
    /// Unpacked bytes of Parquet pages for one batch of rows; a larger page is damage. Default 512 MiB.
    pub max_page_bytes: u64,
    /// Rows of a row group; one that says more is damage. Default 2^24: pandas writes 2^20.
    pub max_group_rows: u64,
    /// Bytes of a Parquet footer. Default 256 MiB.
    pub max_footer_bytes: u64,
}

impl Default for ReadLimits {
    fn default() -> Self {
        Self {
            max_line_bytes: 64 << 20,
            max_ratio: 256,
            ratio_grace_bytes: 256 << 20,
            max_page_bytes: 512 << 20,
            max_group_rows: 1 << 24,
            max_footer_bytes: 256 << 20,
        }
    }
}

#[cfg(test)]
mod properties;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_told_by_their_first_bytes() {
        use DocumentFormat::{GzipLines, Lines, Parquet, ZstdLines};

        for (first, expected) in [
            ("{\"text\":\"ሰላም\"}\n".as_bytes(), Ok(Lines)),
            (b"", Ok(Lines)),
            (b"\xef\xbb\xbf{\"text\"", Ok(Lines)),
            (b"\x1f\x8b\x08\0", Ok(GzipLines)),
            (b"\x28\xb5\x2f\xfd\x24", Ok(ZstdLines)),
            (b"\x50\x2a\x4d\x18\0", Ok(ZstdLines)),
            (b"PAR1", Ok(Parquet)),
            (b"PARE", Err(FormatError::Encrypted)),
            (b"BZh91AY", Err(FormatError::OtherPacking("bzip2"))),
            ("[{\"text\": \"नमस्ते\"},\n {\"text\": \"สวัสดี\"}]".as_bytes(), Err(FormatError::JsonArray)),
            ("[\n  {\"text\": \"Γειά\"}".as_bytes(), Err(FormatError::JsonArray)),
            (b"[1, 2]\n[3]\n", Ok(Lines)),
        ] {
            assert_eq!(DocumentFormat::sniff(first), expected, "{:?}", String::from_utf8_lossy(first));
        }
    }
}
