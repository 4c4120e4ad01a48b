//! The parser of one split, without any reading of its own: bytes in, items out.

use std::ops::Range;

use super::members::PackedSplit;
use super::plain::PlainSplit;
use super::records::{Dialect, Grammar};
use super::zstd::ZstdSplit;
use super::{Damage, DamageReason, Item, ReadLimits, Record, RecordHeader, RecordProblem, WarcFormat};
use crate::inflate::GzipCodec;

/// Reads one split of a WARC file; see the [module](super) for what a split owns.
///
/// The caller holds a buffer with the file's bytes from [`position`](Self::position) on, and calls [`next`](Self::next)
/// again and again. The position only moves forward; bytes before it are never asked for again. It may begin a few
/// bytes before the split, and end past it. In a zstd file it begins at the file's first byte, where the dictionary would
/// be, and then leaps to the split, past all bytes shown if need be.
pub struct SplitParser {
    machine: Machine,
    ready: Option<Ready>,
}

enum Machine {
    Gzip(Box<PackedSplit<GzipCodec>>),
    Zstd(Box<ZstdSplit>),
    Plain(PlainSplit),
}

/// What [`SplitParser::next`] has to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress<'a> {
    /// An item; [`SplitParser::position`] has moved.
    Item(Item<'a>),
    /// Nothing yet: call again with at least so many bytes from [`SplitParser::position`] on (it may have moved), or with
    /// all bytes there are and `eof`.
    NeedMore {
        /// Bytes wanted in all, not on top.
        at_least: usize,
    },
    /// The split is read; further calls say the same.
    Done,
}

/// What [`SplitParser::step`] has to say: [`Progress`] without the item itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// [`SplitParser::item`] has an item.
    Ready,
    /// As in [`Progress::NeedMore`].
    NeedMore {
        /// Bytes wanted in all, not on top.
        at_least: usize,
    },
    /// As in [`Progress::Done`].
    Done,
}

/// An item whose bytes are named, not borrowed.
pub(super) struct Ready {
    pub(super) offset: u64,
    pub(super) length: u64,
    pub(super) inner_offset: u64,
    pub(super) what: What,
}

pub(super) enum What {
    /// `block` is a range of the inflated bytes, or of the caller's buffer in an uncompressed file.
    Record {
        header: RecordHeader,
        block: Range<usize>,
        block_len: u64,
        problems: Vec<RecordProblem>,
    },
    Damage(DamageReason),
    Padding,
}

/// What a machine did with the bytes it was shown.
pub(super) enum Advance {
    Ready(Ready),
    NeedMore { at_least: usize },
    Done,
}

impl SplitParser {
    /// A parser of the bytes `split` of a file. An end past the file's is fine: `0..u64::MAX` is the whole file.
    pub fn new(format: WarcFormat, split: Range<u64>, limits: ReadLimits) -> Self {
        let dialect = match format {
            WarcFormat::Plain | WarcFormat::Gzip | WarcFormat::Zstd => Dialect::Warc,
            WarcFormat::Arc | WarcFormat::ArcGzip => Dialect::Arc,
        };
        let grammar = Grammar { dialect, limits };
        let machine = match format {
            WarcFormat::Plain | WarcFormat::Arc => Machine::Plain(PlainSplit::new(split, grammar)),
            WarcFormat::Gzip | WarcFormat::ArcGzip => {
                let codec = GzipCodec::new();
                Machine::Gzip(Box::new(PackedSplit::new(split, grammar, codec, DamageReason::NotGzip)))
            }
            WarcFormat::Zstd => Machine::Zstd(Box::new(ZstdSplit::new(split, grammar))),
        };
        Self { machine, ready: None }
    }

    /// Where in the file the bytes of the next call must begin.
    pub fn position(&self) -> u64 {
        match &self.machine {
            Machine::Gzip(split) => split.position(),
            Machine::Zstd(split) => split.position(),
            Machine::Plain(split) => split.position(),
        }
    }

    /// Looks at `buf`, the file's bytes from [`position`](Self::position) on; `eof` says that nothing follows them.
    pub fn next<'b>(&'b mut self, buf: &'b [u8], eof: bool) -> Progress<'b> {
        match self.step(buf, eof) {
            Step::Ready => self.item(buf).map_or(Progress::Done, Progress::Item),
            Step::NeedMore { at_least } => Progress::NeedMore { at_least },
            Step::Done => Progress::Done,
        }
    }

    /// As [`next`](Self::next), in two halves for callers whose loop both grows the buffer and returns the item.
    pub fn step(&mut self, buf: &[u8], eof: bool) -> Step {
        let advance = match &mut self.machine {
            Machine::Gzip(split) => split.advance(buf, eof),
            Machine::Zstd(split) => split.advance(buf, eof),
            Machine::Plain(split) => split.advance(buf, eof),
        };
        match advance {
            Advance::Ready(ready) => {
                self.ready = Some(ready);
                Step::Ready
            }
            Advance::NeedMore { at_least } => Step::NeedMore { at_least },
            Advance::Done => Step::Done,
        }
    }

    /// The item that [`step`](Self::step) found; `buf` is the same bytes as there. `None` when there is none, or it was taken.
    pub fn item<'b>(&'b mut self, buf: &'b [u8]) -> Option<Item<'b>> {
        let Ready { offset, length, inner_offset, what } = self.ready.take()?;
        let bytes = match &self.machine {
            Machine::Gzip(split) => split.inflated(),
            Machine::Zstd(split) => split.inflated(),
            Machine::Plain(_) => buf,
        };
        Some(match what {
            What::Record { header, block, block_len, problems } => {
                let block = &bytes[block];
                Item::Record(Record { offset, length, inner_offset, header, block, block_len, problems })
            }
            What::Damage(reason) => Item::Damage(Damage { offset, length, inner_offset, reason }),
            What::Padding => Item::Padding { offset, length },
        })
    }
}
