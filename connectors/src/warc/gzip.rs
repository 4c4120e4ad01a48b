//! A split of a gzip file: members one after the other, and a way through what is none.
//!
//! The unit is the **group**: a member that begins with `WARC/` and, only where its last record is not whole, the members
//! behind it that do not. Nearly always that is one member with one record.

use std::collections::VecDeque;
use std::ops::Range;

use memchr::memmem;

use super::records::{Bound, Step as RecordStep, Strong, find_strong, read_record};
use super::split::{Advance, Ready, What};
use super::{DamageReason, ReadLimits, RecordProblem};
use crate::inflate::{GZIP_MAGIC, Inflation, MemberInflater, MemberProbe, Probe};

/// What a member must inflate to at its beginning, to be a start.
const MARK: &[u8] = b"WARC/";
/// Read ahead while searching.
const SEARCH_BYTES: usize = 64 << 10;
/// Enough for the probe of most members; asked for again where it is not.
const PROBE_MORE: usize = 4 << 10;

pub(super) struct GzipSplit {
    end: u64,
    limits: ReadLimits,
    pos: u64,
    state: State,
    inflater: MemberInflater,
    probe: MemberProbe,
    finder: memmem::Finder<'static>,
    /// Items of the group read last; their blocks are ranges of the inflater's output.
    pending: VecDeque<Ready>,
}

enum State {
    /// Looking for the split's first start.
    Seek,
    /// Between items.
    Between,
    /// Inside a group that began at `pos`: packed bytes of its whole members, inflated bytes already read as records.
    Group {
        packed: usize,
        read: usize,
        whole_members: u32,
    },
    /// Inside zeros and empty members since `offset`.
    Padding {
        offset: u64,
    },
    /// Inside damage since `offset`; the first `skip` bytes at `pos` are known to be no start.
    Damage {
        offset: u64,
        reason: DamageReason,
        skip: usize,
    },
    Done,
}

/// One turn of the machine.
enum Turn {
    /// The state changed, and `pos` may have moved.
    Again,
    NeedMore(usize),
    Ready(Ready),
    Done,
}

/// Where the next start is.
enum Start {
    At(usize),
    /// Perhaps here: more bytes decide.
    Undecided(usize),
    /// Not before this index.
    NotBefore(usize),
}

impl GzipSplit {
    pub(super) fn new(split: Range<u64>, limits: ReadLimits) -> Self {
        let state = match split.start {
            _ if split.is_empty() => State::Done,
            0 => State::Between,
            _ => State::Seek,
        };
        Self {
            end: split.end,
            limits,
            pos: split.start,
            state,
            inflater: MemberInflater::new(),
            probe: MemberProbe::new(),
            finder: memmem::Finder::new(&GZIP_MAGIC),
            pending: VecDeque::new(),
        }
    }

    pub(super) fn position(&self) -> u64 {
        self.pos
    }

    pub(super) fn inflated(&self) -> &[u8] {
        self.inflater.output()
    }

    pub(super) fn advance(&mut self, buf: &[u8], eof: bool) -> Advance {
        let base = self.pos;
        loop {
            if let Some(ready) = self.pending.pop_front() {
                return Advance::Ready(ready);
            }
            let rest = &buf[(self.pos - base) as usize..];
            let turn = match self.state {
                State::Seek => self.seek(rest, eof),
                State::Between => self.between(rest, eof),
                State::Group { packed, read, whole_members } => {
                    self.group(rest, eof, packed, read, whole_members)
                }
                State::Padding { offset } => self.padding(rest, eof, offset),
                State::Damage { offset, reason, skip } => self.damage(rest, eof, offset, reason, skip),
                State::Done => Turn::Done,
            };
            match turn {
                Turn::Again => {}
                Turn::NeedMore(at_least) => return Advance::NeedMore { at_least },
                Turn::Ready(ready) => return Advance::Ready(ready),
                Turn::Done => {
                    self.state = State::Done;
                    return Advance::Done;
                }
            }
        }
    }

    fn find_start(&mut self, buf: &[u8], from: usize, eof: bool) -> Start {
        let mut at = from;
        while let Some(hit) = buf.get(at..).and_then(|rest| self.finder.find(rest)) {
            at += hit;
            match self.probe.begins_with(&buf[at..], eof, MARK) {
                Probe::Yes => return Start::At(at),
                Probe::NeedMore => return Start::Undecided(at),
                Probe::No => at += 1,
            }
        }
        let tail = if eof { 0 } else { GZIP_MAGIC.len() - 1 };
        Start::NotBefore(buf.len().saturating_sub(tail).max(from).min(buf.len()))
    }

    fn seek(&mut self, buf: &[u8], eof: bool) -> Turn {
        let start = self.find_start(buf, 0, eof);
        let (Start::At(at) | Start::Undecided(at) | Start::NotBefore(at)) = start;
        self.pos += at as u64;
        if self.pos >= self.end {
            return Turn::Done;
        }
        match start {
            Start::At(_) => {
                self.state = State::Between;
                Turn::Again
            }
            Start::Undecided(_) => Turn::NeedMore(buf.len() - at + PROBE_MORE),
            Start::NotBefore(_) if eof => Turn::Done,
            Start::NotBefore(_) => Turn::NeedMore(buf.len() - at + SEARCH_BYTES),
        }
    }

    fn between(&mut self, buf: &[u8], eof: bool) -> Turn {
        let Some(first) = buf.first() else {
            return if eof { Turn::Done } else { Turn::NeedMore(SEARCH_BYTES) };
        };
        if self.pos >= self.end {
            match self.probe.begins_with(buf, eof, MARK) {
                Probe::Yes => return Turn::Done,
                Probe::NeedMore => return Turn::NeedMore(buf.len() + PROBE_MORE),
                Probe::No => {} // still this split's
            }
        }
        if *first == 0 {
            self.state = State::Padding { offset: self.pos };
        } else {
            self.inflater.clear();
            self.state = State::Group { packed: 0, read: 0, whole_members: 0 };
        }
        Turn::Again
    }

    fn group(&mut self, buf: &[u8], eof: bool, packed: usize, read: usize, whole_members: u32) -> Turn {
        let member = &buf[packed..];
        if whole_members > 0 {
            match self.probe.begins_with(member, eof, MARK) {
                Probe::Yes => return self.close_group(packed, read),
                Probe::NeedMore => return Turn::NeedMore(buf.len() + PROBE_MORE),
                Probe::No => {}
            }
        }
        let inflation = self.inflater.inflate(member, eof, self.limits.max_member_bytes);
        let (consumed, checksum_ok) = match inflation {
            Inflation::NeedMore { at_least } => return Turn::NeedMore(packed + at_least),
            Inflation::Complete { consumed, checksum_ok } => (consumed, checksum_ok),
            _ if whole_members > 0 => {
                self.inflater.drop_member();
                return self.close_group(packed, read);
            }
            Inflation::NotGzip => return self.give_up(DamageReason::NotGzip),
            Inflation::Corrupt => return self.salvage(DamageReason::CorruptMember),
            Inflation::PastCap => return self.salvage(DamageReason::InflatesPastCap),
            Inflation::Cut => return self.salvage(DamageReason::CutShort),
        };
        if whole_members == 0 {
            if self.inflater.output().is_empty() {
                self.state = State::Padding { offset: self.pos };
                return Turn::Again;
            }
            if !self.inflater.output().starts_with(MARK) {
                return self.give_up(DamageReason::NotWarc);
            }
            if !checksum_ok {
                return self.close_unproven(buf, eof, consumed);
            }
        } else if !checksum_ok {
            self.inflater.drop_member();
            return self.close_group(packed, read);
        }
        let packed = packed + consumed;
        let (read, all) = self.read_records(read, Bound::Member);
        if all {
            return self.finish_group(packed);
        }
        self.inflater.next_member();
        self.state = State::Group { packed, read, whole_members: whole_members + 1 };
        Turn::Again
    }

    /// Reads records from what is inflated, from `read` on. Tells where it stopped and whether that is the end.
    fn read_records(&mut self, mut read: usize, bound: Bound) -> (usize, bool) {
        let window = self.inflater.output();
        while window[read..].iter().any(|byte| *byte != 0) {
            let what = match read_record(window, read, bound, &self.limits) {
                RecordStep::Short(_) | RecordStep::Bad(DamageReason::CutShort) => return (read, false),
                RecordStep::Record(found) => {
                    let block_len = found.block.len() as u64;
                    let mut block = found.block;
                    block.end = block.end.min(block.start.saturating_add(self.limits.max_block_bytes));
                    let what =
                        What::Record { header: found.header, block, block_len, problems: found.problems };
                    self.pending.push_back(Ready {
                        offset: self.pos,
                        length: 0,
                        inner_offset: read as u64,
                        what,
                    });
                    read = found.next;
                    continue;
                }
                RecordStep::Bad(reason) => What::Damage(reason),
            };
            let next = find_strong(window, read + 1, window.len(), true, &self.limits);
            if bound == Bound::Lost && next == Strong::NotBefore {
                return (read, false);
            }
            self.pending.push_back(Ready { offset: self.pos, length: 0, inner_offset: read as u64, what });
            let Strong::At(start) = next else { break };
            read = start;
        }
        (window.len(), true)
    }

    /// No member continues the group: its last record ends where the group does.
    fn close_group(&mut self, packed: usize, read: usize) -> Turn {
        self.read_records(read, Bound::LastMember);
        self.finish_group(packed)
    }

    /// A first member with a wrong checksum: good for its whole records, if it has nothing else. A stored member that lost
    /// some bytes swallows as many of the next one, so there must be no start inside it.
    fn close_unproven(&mut self, buf: &[u8], eof: bool, packed: usize) -> Turn {
        let swallows = match self.find_start(buf, 1, eof) {
            Start::At(start) => start < packed,
            Start::Undecided(at) | Start::NotBefore(at) if at < packed && !eof => {
                self.inflater.clear(); // the member is inflated again when more is there
                return Turn::NeedMore(buf.len() + PROBE_MORE);
            }
            Start::Undecided(_) | Start::NotBefore(_) => false,
        };
        let (_, all) = self.read_records(0, Bound::Lost);
        self.mark_unproven();
        if all && !swallows {
            self.finish_group(packed)
        } else {
            self.give_up(DamageReason::ChecksumMismatch)
        }
    }

    /// A first member that does not inflate to its end: its whole records come out before the damage.
    fn salvage(&mut self, reason: DamageReason) -> Turn {
        if self.inflater.output().starts_with(MARK) {
            self.read_records(0, Bound::Lost);
            if reason != DamageReason::InflatesPastCap {
                self.mark_unproven();
            }
        }
        self.give_up(reason)
    }

    fn mark_unproven(&mut self) {
        for ready in &mut self.pending {
            if let What::Record { problems, .. } = &mut ready.what {
                problems.push(RecordProblem::ChecksumMismatch);
            }
        }
    }

    fn finish_group(&mut self, packed: usize) -> Turn {
        if let Some(first) = self.pending.front_mut() {
            first.length = packed as u64;
            self.pos += packed as u64;
            self.state = State::Between;
            return Turn::Again;
        }
        self.give_up(DamageReason::NotWarc)
    }

    fn give_up(&mut self, reason: DamageReason) -> Turn {
        self.state = State::Damage { offset: self.pos, reason, skip: 1 };
        Turn::Again
    }

    fn padding(&mut self, buf: &[u8], eof: bool, offset: u64) -> Turn {
        let zeros = buf.iter().position(|byte| *byte != 0).unwrap_or(buf.len());
        self.pos += zeros as u64;
        let buf = &buf[zeros..];
        if buf.is_empty() && !eof {
            return Turn::NeedMore(SEARCH_BYTES);
        }
        if !buf.is_empty() {
            match self.probe.begins_with(buf, eof, MARK) {
                Probe::Yes => {}
                Probe::NeedMore => return Turn::NeedMore(buf.len() + PROBE_MORE),
                Probe::No => return self.padding_or_damage(buf, eof, offset),
            }
        }
        self.state = State::Between;
        Turn::Ready(Ready { offset, length: self.pos - offset, inner_offset: 0, what: What::Padding })
    }

    /// Padding goes on with an empty member, or turns out to be the beginning of damage.
    fn padding_or_damage(&mut self, buf: &[u8], eof: bool, offset: u64) -> Turn {
        match self.probe.empty_member(buf, eof) {
            Ok(length) => self.pos += length as u64,
            Err(Probe::NeedMore) => return Turn::NeedMore(buf.len() + PROBE_MORE),
            Err(Probe::Yes | Probe::No) => {
                let gzip = buf.starts_with(&GZIP_MAGIC);
                let reason = if gzip { DamageReason::NotWarc } else { DamageReason::NotGzip };
                self.state = State::Damage { offset, reason, skip: 1 };
            }
        }
        Turn::Again
    }

    fn damage(&mut self, buf: &[u8], eof: bool, offset: u64, reason: DamageReason, skip: usize) -> Turn {
        let start = self.find_start(buf, skip, eof);
        let (Start::At(at) | Start::Undecided(at) | Start::NotBefore(at)) = start;
        self.pos += at as u64;
        match start {
            Start::At(_) => {}
            Start::NotBefore(_) if eof => {}
            Start::Undecided(_) => {
                self.state = State::Damage { offset, reason, skip: 0 };
                return Turn::NeedMore(buf.len() - at + PROBE_MORE);
            }
            Start::NotBefore(_) => {
                let skip = skip.saturating_sub(at);
                self.state = State::Damage { offset, reason, skip };
                return Turn::NeedMore(buf.len() - at + SEARCH_BYTES);
            }
        }
        self.state = State::Between;
        Turn::Ready(Ready { offset, length: self.pos - offset, inner_offset: 0, what: What::Damage(reason) })
    }
}
