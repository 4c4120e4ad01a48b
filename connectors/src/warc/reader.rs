//! Drives a [`SplitParser`] over anything that reads and seeks.

use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;

use super::{Item, ReadLimits, SplitParser, Step, WarcFormat};

/// Least bytes asked of the source at a time.
const READ_BYTES: usize = 256 << 10;
/// A buffer that a large member needed is given back when so few bytes would do.
const KEPT_BYTES: usize = 8 << 20;

/// Reads one split of a file, item by item. For object stores, drive a [`SplitParser`] instead.
pub struct SplitReader<R> {
    source: R,
    parser: SplitParser,
    buf: Vec<u8>,
    /// The part of `buf` that holds bytes of the file not yet read by the parser.
    unread: Range<usize>,
    /// Where in the file `unread` begins.
    offset: u64,
    eof: bool,
}

impl<R: Read + Seek> SplitReader<R> {
    /// A reader of the bytes `split` of `source`.
    pub fn new(mut source: R, format: WarcFormat, split: Range<u64>, limits: ReadLimits) -> io::Result<Self> {
        let parser = SplitParser::new(format, split, limits);
        let offset = source.seek(SeekFrom::Start(parser.position()))?;
        Ok(Self { source, parser, buf: Vec::new(), unread: 0..0, offset, eof: false })
    }

    /// The next item; `None` when the split is read.
    pub fn next_item(&mut self) -> io::Result<Option<Item<'_>>> {
        loop {
            self.follow()?;
            match self.parser.step(&self.buf[self.unread.clone()], self.eof) {
                Step::Ready => return Ok(self.parser.item(&self.buf[self.unread.clone()])),
                Step::Done => return Ok(None),
                Step::NeedMore { at_least } => self.fill(at_least)?,
            }
        }
    }

    /// Goes where the parser is.
    fn follow(&mut self) -> io::Result<()> {
        let moved = usize::try_from(self.parser.position() - self.offset).unwrap_or(usize::MAX);
        self.offset = self.parser.position();
        if moved <= self.unread.len() {
            self.unread.start += moved;
        } else {
            self.source.seek(SeekFrom::Start(self.offset))?;
            self.unread = 0..0;
            self.eof = false;
        }
        Ok(())
    }

    /// Reads on until `at_least` bytes from the parser's position are there, or the file ends.
    fn fill(&mut self, at_least: usize) -> io::Result<()> {
        self.follow()?;
        self.buf.copy_within(self.unread.clone(), 0);
        self.unread = 0..self.unread.len();
        if self.buf.len() > KEPT_BYTES && self.unread.end.max(at_least) < KEPT_BYTES / 2 {
            self.buf.truncate(KEPT_BYTES);
            self.buf.shrink_to_fit();
        }
        // Grow with the bytes that come, never with the number asked for.
        while self.unread.end < at_least && !self.eof {
            if self.buf.len() < self.unread.end + READ_BYTES {
                self.buf.resize((self.unread.end + READ_BYTES).max(self.buf.len()), 0);
            }
            match self.source.read(&mut self.buf[self.unread.end..]) {
                Ok(0) => self.eof = true,
                Ok(count) => self.unread.end += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
