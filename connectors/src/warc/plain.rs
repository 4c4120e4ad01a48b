//! A split of an uncompressed file: records one after the other, and a way through what is none.

use std::ops::Range;

use super::DamageReason;
use super::records::{Bound, Grammar, Step as RecordStep, Strong, find_strong, is_strong, read_record};
use super::split::{Advance, Ready, What};

/// A start is behind a blank line, so up to this many bytes before a place are looked at.
const CONTEXT: u64 = 3;
/// Read ahead while searching.
const SEARCH_BYTES: usize = 64 << 10;

pub(super) struct PlainSplit {
    end: u64,
    grammar: Grammar,
    /// The next byte to look at.
    cursor: u64,
    state: State,
    /// What the end of the bytes means.
    end_bound: Bound,
}

#[derive(Clone, Copy)]
enum State {
    /// Looking for the split's first start.
    Seek,
    /// Between items.
    Between,
    /// In what is no record, since `offset`; `zeros`: nothing else so far.
    Gap {
        offset: u64,
        reason: DamageReason,
        zeros: bool,
    },
    Done,
}

impl PlainSplit {
    pub(super) fn new(split: Range<u64>, grammar: Grammar) -> Self {
        let state = match split.start {
            _ if split.is_empty() => State::Done,
            0 => State::Between,
            _ => State::Seek,
        };
        Self { end: split.end, grammar, cursor: split.start, state, end_bound: Bound::End }
    }

    /// Goes on at `cursor`, where something was read up to, to the end.
    pub(super) fn resume(cursor: u64, grammar: Grammar) -> Self {
        Self { end: u64::MAX, grammar, cursor, state: State::Between, end_bound: Bound::End }
    }

    /// Says that where the bytes end, others are lost.
    pub(super) fn lose_the_rest(&mut self) {
        self.end_bound = Bound::Lost;
    }

    /// How far the bytes at hand were looked through without coming upon a record, if that is what goes on.
    pub(super) fn gap(&self) -> u64 {
        match self.state {
            State::Gap { offset, .. } => self.cursor - offset,
            State::Seek | State::Between | State::Done => 0,
        }
    }

    pub(super) fn position(&self) -> u64 {
        self.cursor.saturating_sub(CONTEXT)
    }

    pub(super) fn advance(&mut self, buf: &[u8], eof: bool) -> Advance {
        let base = self.position();
        loop {
            let at = (self.cursor - base) as usize;
            if at > buf.len() {
                // The context was shown, but not the byte behind it.
                return if eof { self.done() } else { self.need(base, at + SEARCH_BYTES) };
            }
            match self.state {
                State::Done => return Advance::Done,
                State::Seek => {
                    let to = (self.end - base).min(buf.len() as u64) as usize;
                    match find_strong(buf, at, to, eof, &self.grammar) {
                        Strong::At(start) => {
                            self.cursor = base + start as u64;
                            self.state = State::Between;
                        }
                        Strong::Undecided(start) => {
                            self.cursor = base + start as u64;
                            return self.need(base, buf.len() + SEARCH_BYTES);
                        }
                        Strong::NotBefore => {
                            self.cursor = base + to.max(at) as u64;
                            if eof || self.cursor >= self.end {
                                return self.done();
                            }
                            return self.need(base, buf.len() + SEARCH_BYTES);
                        }
                    }
                }
                State::Between => {
                    if let Some(advance) = self.between(buf, eof, base, at) {
                        return advance;
                    }
                }
                State::Gap { offset, reason, zeros } => {
                    let (next, found) = match find_strong(buf, at, buf.len(), eof, &self.grammar) {
                        Strong::At(start) => (start, true),
                        Strong::Undecided(start) => (start, false),
                        Strong::NotBefore => (buf.len(), eof),
                    };
                    let zeros = zeros && buf[at..next].iter().all(|byte| *byte == 0);
                    self.cursor = base + next as u64;
                    if !found {
                        self.state = State::Gap { offset, reason, zeros };
                        return self.need(base, buf.len() + SEARCH_BYTES);
                    }
                    self.state = State::Between;
                    let what = if zeros { What::Padding } else { What::Damage(reason) };
                    return Advance::Ready(Ready {
                        offset,
                        length: self.cursor - offset,
                        inner_offset: 0,
                        what,
                    });
                }
            }
        }
    }

    fn between(&mut self, buf: &[u8], eof: bool, base: u64, at: usize) -> Option<Advance> {
        let offset = self.cursor;
        let Some(first) = buf.get(at) else {
            return Some(if eof { self.done() } else { self.need(base, at + SEARCH_BYTES) });
        };
        if offset >= self.end {
            match is_strong(buf, at, eof, &self.grammar) {
                Some(true) => return Some(self.done()),
                None => return Some(self.need(base, buf.len() + SEARCH_BYTES)),
                Some(false) => {} // still this split's
            }
        }
        let bound = if eof { self.end_bound } else { Bound::Open };
        match read_record(buf, at, bound, &self.grammar) {
            RecordStep::Short(wanted) => Some(self.need(base, wanted)),
            RecordStep::Bad(reason) => {
                self.state = State::Gap { offset, reason, zeros: *first == 0 };
                self.cursor += 1;
                None
            }
            RecordStep::Record(found) => {
                self.cursor = base + found.next as u64;
                let mut block_len = found.block.len() as u64;
                if found.cut {
                    block_len = found.header.content_length().unwrap_or(block_len);
                    let reason = DamageReason::BlockPastCap;
                    self.state = State::Gap { offset: self.cursor, reason, zeros: false };
                }
                let what = What::Record {
                    header: found.header,
                    block: found.block,
                    block_len,
                    problems: found.problems,
                };
                Some(Advance::Ready(Ready { offset, length: self.cursor - offset, inner_offset: 0, what }))
            }
        }
    }

    /// `wanted` counts from `base`; the caller counts from the position, which has perhaps moved.
    fn need(&self, base: u64, wanted: usize) -> Advance {
        Advance::NeedMore { at_least: wanted - (self.position() - base) as usize }
    }

    fn done(&mut self) -> Advance {
        self.state = State::Done;
        Advance::Done
    }
}
