//! Crawl files, WARC and ARC: reading them in splits, with every byte accounted for, and writing WARC.
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
//! # What is read
//! | file | as |
//! |---|---|
//! | `.warc`, `.warc.wet`, `.warc.wat` | WARC 0.17 to 1.1, CRLF or LF |
//! | `.warc.gz` | gzip: a member per record, several records in a member, the whole file in one, or members cut anywhere |
//! | `.warc.zst` | zstd frames, cut in any of these ways, with or without size and checksum; with the dictionary of [WARC-zstd](https://iipc.github.io/warc-specifications/specifications/warc-zstd/) in a skippable frame at the head, packed or not, up to 16 MiB. Each split reads the head for it |
//! | `.arc`, `.arc.gz` | ARC, versions 1 and 2; a record looks like a WARC `response`, the file's description like a `warcinfo` |
//!
//! [`WarcFormat::sniff`] tells them apart by their first bytes. Other packings have a [`FormatError`] with the way out.
//!
//! # Who owns what
//! A **start** is a place where a record can be seen to begin without knowing what came before: in a packed file, a member
//! (gzip's word; zstd says frame) whose magic, header and first inflated bytes agree, which are `WARC/` or an ARC header
//! line; in an uncompressed WARC file, a line `WARC/0.` or `WARC/1.` at the file's start or behind a blank line, heading a
//! header with a Content-Length; in an uncompressed ARC file, a header line with address, IP address, date of 14 digits,
//! type and length. Each split owns the starts inside it, and everything from a start to the next one: the record, further
//! records that cannot be seen from outside (in the same member, or without a blank line before them), padding, and damage.
//! So the split that reads into damage reads on through it, past its own end if need be, and the next split begins at the
//! first start it finds. The first split also owns whatever precedes the first start. All splits of a file, in any
//! partition, give the same items, and the items' lengths sum to the file's size.
//!
//! **The one exception**: a start that lies inside a healthy record. A split border that falls before it, inside that
//! record, makes the next split read the inner records too. In a packed file that takes a crawl file stored uncompressed
//! inside a member, magic and all; in an uncompressed file, a crawl file as the payload of a record. The lengths of such a
//! file's items then sum to more than its size, so the run's books see it, and one split that covers the file reads it
//! right. An inner start is not believed over a length that fits, since then any web page could hold records of its own.
//!
//! # What is done about damage
//! - A member that does not inflate is one [`Damage`], up to the next start. Records of it that are whole (a file may be
//!   one single member) come first, with length 0. Where the file ends inside the member, so does the one that is cut.
//! - A file that ends inside a record gives what there is of it, with [`RecordProblem::CutShort`], once its header is whole.
//! - A member with a wrong checksum whose records are whole gives them, with [`RecordProblem::ChecksumMismatch`].
//! - A Content-Length that is wrong is overruled by the member's end, or by the next start
//!   ([`RecordProblem::LengthTooLong`] and its neighbours). Nothing is allocated on its word.
//! - Members that are not cut where records are (some tools cut every so many bytes) are read as one group.
//! - A group that inflates past [`ReadLimits::max_member_bytes`], or holds more than 65,536 records, is read by the piece:
//!   its records come out with length 0, and an [`Item::Padding`] behind them accounts for its bytes. Its checksum is
//!   known only then: if it is wrong, or the member broken, that last item is [`Item::Damage`] instead, and the records are
//!   not marked. A start inside such a member ends it. It is given up as [`DamageReason::InflatesPastCap`] where four times
//!   the cap (1 GiB) go by without a record.
//! - Zero bytes, empty members and skippable zstd frames are [`Item::Padding`]: nothing was lost there.
//! - A record that was cut in segments comes out as they do: the first as what it is, the others as
//!   [`RecordType::Continuation`]. Segments may be in other files, and only the last says how many there are, so joining
//!   them would make items depend on where splits end.
//! - Caps: see [`ReadLimits`].

mod arc;
mod format;
mod header;
mod members;
mod plain;
mod reader;
mod records;
mod split;
mod stream;
mod write;
mod zstd;

#[cfg(test)]
mod properties;

pub use format::{FormatError, WarcFormat};
pub use header::{HeaderParse, RecordHeader, RecordType};
pub use reader::SplitReader;
pub use split::{Progress, SplitParser, Step};
pub use write::{RecordBuilder, WARC_BLANK_DATE};

/// What a reader keeps in memory at most.
///
/// A split needs the largest group of members (packed and unpacked) or record it meets, within these caps, and a few MiB;
/// for zstd, a window of up to 128 MiB on top, where a frame asks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadLimits {
    /// A longer WARC header is damage. Default 64 KiB; real ones have under 2 KiB.
    pub max_header_bytes: usize,
    /// Bytes kept of a record's block; the rest is cut off ([`Record::truncated_by_cap`]). Default 64 MiB.
    pub max_block_bytes: usize,
    /// Inflated bytes kept of one member, or of several that hold records together; larger ones are read by the piece.
    /// Default 256 MiB.
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
    /// Bytes that hold no record, and with them nothing was lost: zeros, empty members, skippable frames; or those of a
    /// group that was read by the piece, whose records came before with length 0.
    Padding {
        /// Place in the file, in bytes.
        offset: u64,
        /// Bytes.
        length: u64,
    },
}

impl Item<'_> {
    /// Place in the file, in bytes: of the member, or of the record in an uncompressed file.
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
    /// Where its member (or group of members) begins in the file; in an uncompressed file, where the record begins.
    pub offset: u64,
    /// Packed bytes of its member, or of all members that it shares; 0 for a second record of the same member, and for the
    /// records of a damaged one or of one read by the piece. In an uncompressed file: header, block and the blank lines
    /// behind.
    pub length: u64,
    /// Where it begins in what the member holds; 0 for the first.
    pub inner_offset: u64,
    /// Its header.
    pub header: RecordHeader,
    /// Its block, without the blank lines behind it, cut at [`ReadLimits::max_block_bytes`].
    pub block: &'a [u8],
    /// Length of the block before any cutting: what is there, not what the header claims, except for a block that was cut
    /// in an uncompressed file or in a member read by the piece.
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
    /// The file ends inside the record; the block is what is there.
    CutShort,
    /// The record is not followed by a blank line.
    NoSeparator,
    /// The member's checksum or length does not match: some byte of it may be wrong.
    ChecksumMismatch,
}

impl RecordProblem {
    /// A word for reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LengthMissing => "length_missing",
            Self::LengthTooLong => "length_too_long",
            Self::LengthTooShort => "length_too_short",
            Self::CutShort => "cut_short",
            Self::NoSeparator => "no_separator",
            Self::ChecksumMismatch => "checksum_mismatch",
        }
    }
}

/// Bytes that hold no readable record: one range, one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Damage {
    /// Place in the file, in bytes; for damage inside a healthy member, that member's.
    pub offset: u64,
    /// Bytes of the file; 0 for damage inside a member that another item accounts for.
    pub length: u64,
    /// For damage inside a healthy member: where in what the member holds. For damage of a member itself: where its
    /// readable records end. So no two records or damaged ranges have both places in common.
    pub inner_offset: u64,
    /// What is wrong.
    pub reason: DamageReason,
}

/// Why bytes could not be read as a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DamageReason {
    /// No gzip member begins there, in a gzip file.
    NotGzip,
    /// No zstd frame begins there, in a zstd file.
    NotZstd,
    /// The frame was packed with a dictionary that does not stand at the head of the file.
    NoDictionary,
    /// The member does not inflate.
    CorruptMember,
    /// The member's checksum does not match, and its records are not whole.
    ChecksumMismatch,
    /// The member inflates far past [`ReadLimits::max_member_bytes`] without another record.
    InflatesPastCap,
    /// The file, or what could be inflated of it, ends inside a header, or inside a member.
    CutShort,
    /// Readable bytes that are no record.
    NotWarc,
    /// A header longer than [`ReadLimits::max_header_bytes`].
    HeaderTooLong,
    /// No Content-Length, and nothing else that would end the record.
    NoLength,
    /// The rest of a block past [`ReadLimits::max_block_bytes`], in an uncompressed file or a member read by the piece.
    BlockPastCap,
}

impl DamageReason {
    /// A word for reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotGzip => "not_gzip",
            Self::NotZstd => "not_zstd",
            Self::NoDictionary => "no_dictionary",
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
