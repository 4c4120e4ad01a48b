//! WARC files: reading them in splits, with every byte accounted for, and writing them.
//!
//! A crawl file is read by several workers at once, each with a **split**, a range of the file's bytes. Nobody has an
//! index of the records, some files are damaged, and still every record must come out exactly once, wherever the
//! borders of the splits fall. [`SplitParser`] does this, without doing any reading itself: callers, blocking or async,
//! show it bytes, and it says what they hold or how many more it needs. [`SplitReader`] drives it over a file.
//!
//! ```
//! use std::io::Cursor;
//! use kilim_connectors::warc::{Item, ReadLimits, RecordBuilder, SplitReader, WarcFormat};
//!
//! let page = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<p>Habari za leo?</p>";
//! let mut file = RecordBuilder::response("https://mfano.co.ke/", "2026-01-02T03:04:05Z", page).to_gzip();
//! file.extend(RecordBuilder::response("https://mfano.co.tz/", "2026-01-02T03:04:06Z", page).to_gzip());
//! file.extend([0; 512]); // padding of a tape block
//!
//! let mut seen = Vec::new();
//! let mut bytes_accounted = 0;
//! for split in [0..100, 100..file.len() as u64] {
//!     let mut reader = SplitReader::new(Cursor::new(&file), WarcFormat::Gzip, split, ReadLimits::default())?;
//!     while let Some(item) = reader.next_item()? {
//!         bytes_accounted += item.length();
//!         match item {
//!             Item::Record(record) => seen.push(record.header.target_uri().unwrap_or("?").to_owned()),
//!             Item::Damage(damage) => panic!("{damage:?}"),
//!             Item::Padding { .. } => {}
//!         }
//!     }
//! }
//! assert_eq!(seen, ["https://mfano.co.ke/", "https://mfano.co.tz/"]);
//! assert_eq!(bytes_accounted, file.len() as u64);
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! # Who owns what
//! A **start** is a place where a record can be seen to begin without knowing what came before: in a gzip file, a member
//! whose magic, header and first inflated bytes (`WARC/`) agree; in an uncompressed file, a line `WARC/0.` or `WARC/1.`
//! at the file's start or behind a blank line, heading a header with a Content-Length. Each split owns the starts inside
//! it, and everything from a start to the next one: the record, further records that cannot be seen from outside (in
//! the same gzip member, or without a blank line before them), padding, and damage. So the split that reads into damage
//! reads on through it, past its own end if need be, and the next split begins at the first start it finds. The first
//! split also owns whatever precedes the first start. All splits of a file, in any partition, give the same items, and
//! the items' lengths sum to the file's size.
//!
//! **The one exception**: a start that lies inside a healthy record. A split border that falls before it, inside that
//! record, makes the next split read the inner records too. In a gzip file that takes a WARC file stored uncompressed
//! inside a member, magic and all; in an uncompressed file, a WARC file as the payload of a record. The lengths of such a
//! file's items then sum to more than its size, so the run's books see it, and one split that covers the file reads it right.
//!
//! # What is done about damage
//! - A gzip member that does not inflate is one [`Damage`], up to the next start. Records of it that are whole (a file may be
//!   one single member) come first, with length 0.
//! - A member with a wrong CRC whose records are whole gives them, with [`RecordProblem::ChecksumMismatch`].
//! - A Content-Length that is wrong is overruled by the member's end, or by the next start
//!   ([`RecordProblem::LengthTooLong`] and its neighbours). Nothing is allocated on its word.
//! - Members that are not cut where records are (some tools cut every so many bytes) are read as one.
//! - Zero bytes and empty members are [`Item::Padding`]: nothing was lost there.
//! - Caps: see [`ReadLimits`].

mod gzip;
mod header;
mod plain;
mod reader;
mod records;
mod split;
mod write;

#[cfg(test)]
mod properties;

pub use header::{HeaderParse, RecordHeader, RecordType};
pub use reader::SplitReader;
pub use split::{Progress, SplitParser, Step};
pub use write::{RecordBuilder, WARC_BLANK_DATE};

use memchr::memmem;

use crate::inflate::{GZIP_MAGIC, MemberProbe, Probe};

/// How a WARC file is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WarcFormat {
    /// Records one after the other.
    Plain,
    /// gzip, by custom one member per record.
    Gzip,
}

/// A file that cannot be read as WARC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// `.warc.zst`.
    #[error("a WARC file packed with zstd cannot be read yet (unpack it with `zstd -d`)")]
    Zstd,
    /// ARC, the format before WARC.
    #[error("an ARC file cannot be read yet (convert it with `warcio recompress`)")]
    Arc,
    /// Neither its first bytes nor its name say WARC.
    #[error("not a WARC file: neither its first bytes nor its name say so")]
    Unknown,
}

impl WarcFormat {
    /// How many of a file's first bytes [`sniff`](Self::sniff) wants, where the file has so many.
    pub const SNIFF_BYTES: usize = 8 << 10;

    /// Tells the format from a file's first bytes, and from its name (or URL) where they are damaged or missing.
    pub fn sniff(first: &[u8], name: &str) -> Result<Self, FormatError> {
        if first.starts_with(&[0x28, 0xb5, 0x2f, 0xfd])
            || matches!(first, [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..])
        {
            return Err(FormatError::Zstd);
        }
        if first.starts_with(b"filedesc://") {
            return Err(FormatError::Arc);
        }
        if first.starts_with(&GZIP_MAGIC) {
            let arc = MemberProbe::new().begins_with(first, true, b"filedesc://");
            return if arc == Probe::Yes { Err(FormatError::Arc) } else { Ok(Self::Gzip) };
        }
        if header::begins_like_record(first) == Some(true) {
            return Ok(Self::Plain);
        }
        let name = name.split(['?', '#']).next().unwrap_or_default().to_ascii_lowercase();
        let ends = |ending: &str| name.ends_with(ending);
        match () {
            () if ends(".zst") => Err(FormatError::Zstd),
            () if ends(".arc") || ends(".arc.gz") => Err(FormatError::Arc),
            () if ends(".gz") => Ok(Self::Gzip),
            () if ends(".warc") || ends(".wet") || ends(".wat") => Ok(Self::Plain),
            () if memmem::find(first, b"\nWARC/1.").is_some() => Ok(Self::Plain),
            () => Err(FormatError::Unknown),
        }
    }
}

/// What a reader keeps in memory at most.
///
/// A split needs the largest member (packed and unpacked) or record it meets, within these caps, and a few MiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadLimits {
    /// A longer WARC header is damage. Default 64 KiB; real ones have under 2 KiB.
    pub max_header_bytes: usize,
    /// Bytes kept of a record's block; the rest is cut off ([`Record::truncated_by_cap`]). Default 64 MiB.
    pub max_block_bytes: usize,
    /// Inflated bytes of one gzip member, or of several that hold records together; beyond, the member is damage
    /// ([`DamageReason::InflatesPastCap`]), though its whole records come out. Default 256 MiB.
    pub max_member_bytes: usize,
}

impl Default for ReadLimits {
    fn default() -> Self {
        Self { max_header_bytes: 64 << 10, max_block_bytes: 64 << 20, max_member_bytes: 256 << 20 }
    }
}

/// A piece of a file. The pieces' lengths sum to the file's size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item<'a> {
    /// A record.
    Record(Record<'a>),
    /// Bytes that hold no readable record.
    Damage(Damage),
    /// Zero bytes or empty gzip members: nothing was lost.
    Padding {
        /// Place in the file, in bytes.
        offset: u64,
        /// Bytes.
        length: u64,
    },
}

impl Item<'_> {
    /// Place in the file, in bytes: of the gzip member, or of the record in an uncompressed file.
    pub fn offset(&self) -> u64 {
        match self {
            Self::Record(record) => record.offset,
            Self::Damage(damage) => damage.offset,
            Self::Padding { offset, .. } => *offset,
        }
    }

    /// Bytes of the file that this item accounts for.
    pub fn length(&self) -> u64 {
        match self {
            Self::Record(record) => record.length,
            Self::Damage(damage) => damage.length,
            Self::Padding { length, .. } => *length,
        }
    }
}

/// One record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record<'a> {
    /// Where its gzip member begins in the file; in an uncompressed file, where the record begins.
    pub offset: u64,
    /// Packed bytes of its member, or of all members that it shares; 0 for a second record of the same member, and for the
    /// whole records of a damaged one. In an uncompressed file: header, block and the blank lines behind.
    pub length: u64,
    /// Where it begins in what the member holds; 0 for the first.
    pub inner_offset: u64,
    /// Its header.
    pub header: RecordHeader,
    /// Its block, without the blank lines behind it, cut at [`ReadLimits::max_block_bytes`].
    pub block: &'a [u8],
    /// Length of the block before any cutting: what is there, not what the header claims, except for a block of an
    /// uncompressed file that was cut.
    pub block_len: u64,
    /// What was wrong with it; nothing, as a rule.
    pub problems: Vec<RecordProblem>,
}

impl Record<'_> {
    /// Was the block cut at the cap?
    pub fn truncated_by_cap(&self) -> bool {
        self.block_len > self.block.len() as u64
    }
}

/// Something wrong with a record that could be read all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RecordProblem {
    /// No Content-Length, or one that is no number; the member's end, or the next record's start, ends the block.
    LengthMissing,
    /// The Content-Length is too large; the member's end, or the next record's start, ends the block.
    LengthTooLong,
    /// The Content-Length is too small; the member's end ends the block.
    LengthTooShort,
    /// The record is not followed by a blank line.
    NoSeparator,
    /// The gzip member's CRC or length does not match: some byte of it may be wrong.
    ChecksumMismatch,
}

impl RecordProblem {
    /// A word for reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LengthMissing => "length_missing",
            Self::LengthTooLong => "length_too_long",
            Self::LengthTooShort => "length_too_short",
            Self::NoSeparator => "no_separator",
            Self::ChecksumMismatch => "checksum_mismatch",
        }
    }
}

/// Bytes that hold no readable record: one range, one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Damage {
    /// Place in the file, in bytes; for damage inside a healthy gzip member, that member's.
    pub offset: u64,
    /// Bytes of the file; 0 for damage inside a member that another item accounts for.
    pub length: u64,
    /// For damage inside a healthy gzip member: where in what the member holds. Otherwise 0.
    pub inner_offset: u64,
    /// What is wrong.
    pub reason: DamageReason,
}

/// Why bytes could not be read as a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DamageReason {
    /// No gzip member begins there, in a gzip file.
    NotGzip,
    /// The member does not inflate.
    CorruptMember,
    /// The member's CRC or length does not match, and its records are not whole.
    ChecksumMismatch,
    /// The member inflates to more than [`ReadLimits::max_member_bytes`].
    InflatesPastCap,
    /// The file, or what could be inflated of it, ends inside a record.
    CutShort,
    /// Readable bytes that are no record.
    NotWarc,
    /// A header longer than [`ReadLimits::max_header_bytes`].
    HeaderTooLong,
    /// No Content-Length, and nothing else that would end the record.
    NoLength,
    /// The rest of a block past [`ReadLimits::max_block_bytes`], in an uncompressed file.
    BlockPastCap,
}

impl DamageReason {
    /// A word for reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotGzip => "not_gzip",
            Self::CorruptMember => "corrupt_member",
            Self::ChecksumMismatch => "checksum_mismatch",
            Self::InflatesPastCap => "inflates_past_cap",
            Self::CutShort => "cut_short",
            Self::NotWarc => "not_warc",
            Self::HeaderTooLong => "header_too_long",
            Self::NoLength => "no_length",
            Self::BlockPastCap => "block_past_cap",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_told_by_bytes_first_and_by_name_where_those_are_silent() {
        let gzip = RecordBuilder::warcinfo(WARC_BLANK_DATE, b"software: kilim\r\n").to_gzip();
        assert_eq!(WarcFormat::sniff(&gzip, "x.warc"), Ok(WarcFormat::Gzip));
        assert_eq!(WarcFormat::sniff(b"WARC/1.1\r\n", "x.warc.gz"), Ok(WarcFormat::Plain));
        assert_eq!(WarcFormat::sniff(b"", "https://mfano.co.ke/a.warc.gz?x=1"), Ok(WarcFormat::Gzip));
        assert_eq!(WarcFormat::sniff(b"\0\0", "A.WARC"), Ok(WarcFormat::Plain));
        assert_eq!(WarcFormat::sniff(&[0x28, 0xb5, 0x2f, 0xfd, 0], "a.warc.gz"), Err(FormatError::Zstd));
        assert_eq!(WarcFormat::sniff(&[0x5d, 0x2a, 0x4d, 0x18], "a.warc.gz"), Err(FormatError::Zstd));
        assert_eq!(WarcFormat::sniff(b"filedesc://x.arc 0.0.0.0", "a.warc.gz"), Err(FormatError::Arc));
        assert_eq!(WarcFormat::sniff("ሰላም".as_bytes(), "a.txt"), Err(FormatError::Unknown));
    }
}
