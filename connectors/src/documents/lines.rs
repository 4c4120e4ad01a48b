//! Lines of a file, with their exact places.
//!
//! A line ends with LF; a CR before it belongs to the end. The last line may have no end. [`Cutter`] finds them in
//! whatever bytes are at hand; [`LineSplit`] takes those of one split of a plain file. A line past the cap is passed over
//! without being held, so the next one is as good as any.

use std::ops::Range;

use memchr::memchr;

use super::{DamageReason, Place};

/// Read ahead where a line goes on behind what is at hand.
const READ_AHEAD: usize = 64 << 10;

/// What stands in a stretch of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LineItem {
    /// A line. It begins at its place, which may lie behind the position at which the call began.
    Line {
        /// Where, with the line end.
        place: Place,
        /// Its bytes without the line end.
        content_bytes: usize,
    },
    /// Bytes that are no line.
    Damage {
        /// Where.
        place: Place,
        /// What is wrong.
        reason: DamageReason,
    },
    /// Blank lines: nothing was lost.
    Padding {
        /// Where.
        place: Place,
    },
}

impl LineItem {
    /// Where it stands.
    pub fn place(&self) -> Place {
        match self {
            Self::Line { place, .. } | Self::Damage { place, .. } | Self::Padding { place } => *place,
        }
    }
}

/// What a reader of lines has to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LineStep {
    /// An item; the position has moved.
    Item(LineItem),
    /// Nothing yet: call again with at least so many bytes from the position on (it may have moved), or with all there
    /// are and `eof`.
    NeedMore {
        /// Bytes wanted in all, not on top.
        at_least: usize,
    },
    /// Everything is read; further calls say the same.
    Done,
}

/// Finds line ends. The caller shows the bytes from [`at`](Self::at) on.
pub(super) struct Cutter {
    /// Offset of the first byte that is to be shown.
    pub(super) at: u64,
    /// Bytes of the line at work that were looked at and are shown again.
    searched: usize,
    /// Bytes of a line past the cap that are not shown again.
    passed: u64,
    max_line_bytes: usize,
}

/// What [`Cutter::next`] found.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Cut {
    /// A line of `length` bytes with its end, at `offset`.
    Line {
        offset: u64,
        length: u64,
        content_bytes: usize,
    },
    TooLong {
        offset: u64,
        length: u64,
    },
    /// The line goes on; [`Cutter::at`] may have moved.
    NeedMore,
    End,
}

impl Cutter {
    pub(super) fn new(at: u64, max_line_bytes: usize) -> Self {
        Self { at, searched: 0, passed: 0, max_line_bytes }
    }

    /// Where the line at work begins.
    pub(super) fn line_start(&self) -> u64 {
        self.at - self.passed
    }

    /// Forgets the line at work; the next one begins at `at`.
    pub(super) fn restart(&mut self, at: u64) {
        (self.at, self.searched, self.passed) = (at, 0, 0);
    }

    pub(super) fn next(&mut self, buf: &[u8], eof: bool) -> Cut {
        let offset = self.line_start();
        let end = memchr(b'\n', &buf[self.searched.min(buf.len())..]).map(|found| self.searched + found);
        let (content_end, taken) = match end {
            Some(end) => (end, end + 1),
            None if eof && buf.is_empty() && self.passed == 0 => return Cut::End,
            None if eof => (buf.len(), buf.len()),
            None if self.passed > 0 || buf.len() > self.max_line_bytes => {
                self.at += buf.len() as u64;
                self.passed += buf.len() as u64;
                self.searched = 0;
                return Cut::NeedMore;
            }
            None => {
                self.searched = buf.len();
                return Cut::NeedMore;
            }
        };
        let too_long = self.passed > 0 || content_end > self.max_line_bytes;
        let length = self.passed + taken as u64;
        self.restart(self.at + taken as u64);
        if too_long {
            return Cut::TooLong { offset, length };
        }
        let content_bytes = content_end - usize::from(buf[..content_end].ends_with(b"\r"));
        Cut::Line { offset, length, content_bytes }
    }
}

/// Whether a line holds nothing.
pub(super) fn is_blank(line: &[u8]) -> bool {
    line.iter().all(u8::is_ascii_whitespace)
}

/// The lines of one split of a plain file: those that start inside it. The caller shows the file's bytes from
/// [`position`](Self::position) on.
pub struct LineSplit {
    end: u64,
    /// Whether the first line start of the split is still to be found. The byte before the split tells whether its
    /// first byte is one.
    seeking: bool,
    cutter: Cutter,
}

impl LineSplit {
    /// The split `split` of a file.
    pub fn new(split: Range<u64>, max_line_bytes: usize) -> Self {
        let seeking = split.start > 0;
        Self { end: split.end, seeking, cutter: Cutter::new(split.start.saturating_sub(1), max_line_bytes) }
    }

    /// Where in the file the bytes of the next call must begin. It only moves forward.
    pub fn position(&self) -> u64 {
        self.cutter.at
    }

    /// Looks at `buf`, the file's bytes from [`position`](Self::position) on; `eof` says that nothing follows them.
    pub fn step(&mut self, buf: &[u8], eof: bool) -> LineStep {
        if self.seeking {
            // A line that starts at the end of the split is the next split's.
            let own = usize::try_from(self.end.saturating_sub(1).saturating_sub(self.cutter.at));
            let own = own.unwrap_or(usize::MAX);
            let shown = &buf[..buf.len().min(own)];
            match memchr(b'\n', shown) {
                Some(found) => {
                    self.seeking = false;
                    self.cutter.restart(self.cutter.at + found as u64 + 1);
                    return self.step(&buf[found + 1..], eof);
                }
                None if shown.len() == own || eof => {
                    self.cutter.restart(self.end);
                    self.seeking = false;
                    return LineStep::Done;
                }
                None => {
                    self.cutter.restart(self.cutter.at + buf.len() as u64);
                    return LineStep::NeedMore { at_least: READ_AHEAD };
                }
            }
        }
        if self.cutter.line_start() >= self.end {
            return LineStep::Done;
        }
        let before = self.cutter.at;
        let place = |offset, length| Place { offset, length, inner_offset: 0 };
        match self.cutter.next(buf, eof) {
            Cut::Line { offset, length, content_bytes } if is_blank(&buf[..content_bytes]) => {
                LineStep::Item(LineItem::Padding { place: place(offset, length) })
            }
            Cut::Line { offset, length, content_bytes } => {
                LineStep::Item(LineItem::Line { place: place(offset, length), content_bytes })
            }
            Cut::TooLong { offset, length } => LineStep::Item(LineItem::Damage {
                place: place(offset, length),
                reason: DamageReason::LineTooLong,
            }),
            Cut::NeedMore => {
                let kept = buf.len() - (self.cutter.at - before) as usize;
                LineStep::NeedMore { at_least: kept + READ_AHEAD }
            }
            Cut::End => LineStep::Done,
        }
    }
}
