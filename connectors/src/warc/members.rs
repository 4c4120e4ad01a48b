//! A split of a packed file: members one after the other, and a way through what is none.
//!
//! The unit is the **group**: a member that begins with a record and, only where its last record is not whole, the
//! members behind it that do not. Nearly always that is one member with one record. A group that is too large to be kept
//! is read by the piece: see [`stream`](super::stream).

use std::collections::VecDeque;
use std::ops::Range;

use super::records::{Bound, Dialect, Grammar, Step as RecordStep, Strong, find_strong, read_record};
use super::split::{Advance, Ready, What};
use super::stream::Stream;
use super::{DamageReason, RecordProblem, arc};
use crate::inflate::{Codec, Inflation, Probe, begins_with};

/// Read ahead while searching.
const SEARCH_BYTES: usize = 64 << 10;
/// Enough for the probe of most members; asked for again where it is not.
const PROBE_MORE: usize = 4 << 10;
/// Records of a group that are known at a time, at about 1 KiB each; a group of more is read by the piece.
const MAX_PENDING: usize = 64 << 10;

pub(super) struct PackedSplit<C> {
    end: u64,
    pub(super) grammar: Grammar,
    /// What bytes that are no member are called.
    not_packed: DamageReason,
    pub(super) pos: u64,
    pub(super) state: State,
    pub(super) codec: C,
    /// Items of the group read last; their blocks are ranges of the codec's output.
    pending: VecDeque<Ready>,
}

pub(super) enum State {
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
    /// Inside a group that is read by the piece.
    Stream(Box<Stream>),
    /// Inside zeros and empty members since `offset`.
    Padding {
        offset: u64,
    },
    /// Inside damage since `offset`; the first `skip` bytes at `pos` are known to be no start. Of what could be inflated,
    /// `read` bytes were read as records.
    Damage {
        offset: u64,
        reason: DamageReason,
        skip: usize,
        read: u64,
    },
    Done,
}

/// One turn of the machine.
pub(super) enum Turn {
    /// The state changed, and `pos` may have moved.
    Again,
    NeedMore(usize),
    Ready(Ready),
    Done,
}

/// Where the reading of records from inflated bytes stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reached {
    /// At the end.
    End,
    /// At a record that is not whole, or at something that is none.
    Unfinished(usize),
    /// At a record, since enough are known.
    Many(usize),
}

/// Where the next start is.
pub(super) enum Start {
    At(usize),
    /// Perhaps here: more bytes decide.
    Undecided(usize),
    /// Not before this index.
    NotBefore(usize),
}

impl<C: Codec> PackedSplit<C> {
    pub(super) fn new(split: Range<u64>, grammar: Grammar, codec: C, not_packed: DamageReason) -> Self {
        let state = match split.start {
            _ if split.is_empty() => State::Done,
            0 => State::Between,
            _ => State::Seek,
        };
        let (pos, end) = (split.start, split.end);
        Self { end, grammar, not_packed, pos, state, codec, pending: VecDeque::new() }
    }

    /// A split that owns what is at its start, whether a record begins there or not.
    pub(super) fn into_first(self) -> Self {
        Self { state: State::Between, ..self }
    }

    pub(super) fn position(&self) -> u64 {
        self.pos
    }

    pub(super) fn inflated(&self) -> &[u8] {
        self.codec.output()
    }

    pub(super) fn advance(&mut self, buf: &[u8], eof: bool) -> Advance {
        let base = self.pos;
        loop {
            if let Some(ready) = self.pending.pop_front() {
                return Advance::Ready(ready);
            }
            let rest = &buf[(self.pos - base) as usize..];
            let turn = match self.state {
                State::Stream(_) => self.stream(rest, eof),
                State::Seek => self.seek(rest, eof),
                State::Between => self.between(rest, eof),
                State::Group { packed, read, whole_members } => {
                    self.group(rest, eof, packed, read, whole_members)
                }
                State::Padding { offset } => self.padding(rest, eof, offset),
                State::Damage { offset, reason, skip, read } => {
                    self.damage(rest, eof, offset, reason, skip, read)
                }
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

    /// Does a member with a record begin here?
    pub(super) fn probe_start(&mut self, buf: &[u8], eof: bool) -> Probe {
        if self.grammar.dialect == Dialect::Warc {
            return begins_with(&mut self.codec, buf, eof, b"WARC/");
        }
        let mut line = [0; arc::MAX_START_LINE];
        match self.codec.first_bytes(buf, eof, &mut line) {
            Ok(made) if self.grammar.begins_member(&line[..made]) => Probe::Yes,
            Ok(_) => Probe::No,
            Err(undecided) => undecided,
        }
    }

    pub(super) fn find_start(&mut self, buf: &[u8], from: usize, eof: bool) -> Start {
        let mut at = from;
        while let Some(hit) = buf.get(at..).and_then(|rest| self.codec.find_magic(rest)) {
            at += hit;
            match self.probe_start(&buf[at..], eof) {
                Probe::Yes => return Start::At(at),
                Probe::NeedMore => return Start::Undecided(at),
                Probe::No => at += 1,
            }
        }
        let tail = if eof { 0 } else { C::MAGIC_BYTES - 1 };
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
            match self.probe_start(buf, eof) {
                Probe::Yes => return Turn::Done,
                Probe::NeedMore => return Turn::NeedMore(buf.len() + PROBE_MORE),
                Probe::No => {} // still this split's
            }
        }
        if *first == 0 {
            self.state = State::Padding { offset: self.pos };
        } else {
            self.codec.clear();
            self.state = State::Group { packed: 0, read: 0, whole_members: 0 };
        }
        Turn::Again
    }

    fn group(&mut self, buf: &[u8], eof: bool, packed: usize, read: usize, whole_members: u32) -> Turn {
        let member = &buf[packed..];
        if whole_members > 0 {
            match self.probe_start(member, eof) {
                Probe::Yes => return self.close_group(packed, read),
                Probe::NeedMore => return Turn::NeedMore(buf.len() + PROBE_MORE),
                Probe::No => {}
            }
        }
        let cap = self.grammar.limits.max_member_bytes;
        let (consumed, checksum_ok) = match self.codec.inflate(member, eof, cap) {
            Inflation::NeedMore { at_least } => return Turn::NeedMore(packed + at_least),
            Inflation::Complete { consumed, checksum_ok } => (consumed, checksum_ok),
            Inflation::PastCap { fed } => {
                return self.past_cap(buf, eof, packed, fed, read, whole_members);
            }
            _ if whole_members > 0 => {
                self.codec.drop_member();
                return self.close_group(packed, read);
            }
            Inflation::NotPacked => return self.give_up(self.not_packed),
            Inflation::NoDictionary => return self.give_up(DamageReason::NoDictionary),
            Inflation::Corrupt => return self.salvage(DamageReason::CorruptMember),
            Inflation::Cut => return self.salvage(DamageReason::CutShort),
        };
        if whole_members == 0 {
            if self.codec.output().is_empty() {
                self.state = State::Padding { offset: self.pos };
                return Turn::Again;
            }
            if !self.grammar.begins_member(self.codec.output()) {
                return self.give_up(DamageReason::NotWarc);
            }
            if !checksum_ok {
                return self.close_unproven(buf, eof, consumed);
            }
        } else if !checksum_ok {
            self.codec.drop_member();
            return self.close_group(packed, read);
        }
        let packed = packed + consumed;
        match self.read_records(read, Bound::Member) {
            Reached::End => self.finish_group(packed),
            Reached::Many(read) => self.begin_stream(packed, read, false),
            Reached::Unfinished(read) => {
                if packed > cap.saturating_mul(2) {
                    return self.begin_stream(packed, read, false);
                }
                self.codec.next_member();
                self.state = State::Group { packed, read, whole_members: whole_members + 1 };
                Turn::Again
            }
        }
    }

    /// A member that is not at its end where the cap is. A start inside it says that it never will be; otherwise the
    /// group goes on by the piece.
    fn past_cap(
        &mut self,
        buf: &[u8],
        eof: bool,
        packed: usize,
        fed: usize,
        read: usize,
        whole_members: u32,
    ) -> Turn {
        let fed_to = packed + fed;
        match self.find_start(buf, packed + 1, eof) {
            Start::At(start) if start < fed_to => {
                if whole_members == 0 {
                    return self.salvage(DamageReason::InflatesPastCap);
                }
                self.codec.drop_member();
                return self.close_group(packed, read);
            }
            Start::Undecided(at) | Start::NotBefore(at) if at < fed_to && !eof => {
                return Turn::NeedMore(buf.len() + PROBE_MORE);
            }
            _ => {}
        }
        if whole_members == 0 && !self.grammar.begins_member(self.codec.output()) {
            return self.give_up(DamageReason::NotWarc);
        }
        self.begin_stream(fed_to, read, true)
    }

    /// Reads the group by the piece from here on: what follows `used` packed bytes, records from `read` on.
    fn begin_stream(&mut self, used: usize, read: usize, inside_member: bool) -> Turn {
        self.state = State::Stream(Box::new(Stream::new(self.pos, read as u64, inside_member, self.grammar)));
        self.pos += used as u64;
        Turn::Again
    }

    /// Reads records from what is inflated, from `read` on.
    fn read_records(&mut self, mut read: usize, bound: Bound) -> Reached {
        let window = self.codec.output();
        while window[read..].iter().any(|byte| *byte != 0) {
            if self.pending.len() >= MAX_PENDING {
                return Reached::Many(read);
            }
            let what = match read_record(window, read, bound, &self.grammar) {
                RecordStep::Short(_) | RecordStep::Bad(DamageReason::CutShort) => {
                    return Reached::Unfinished(read);
                }
                RecordStep::Record(found) => {
                    let block_len = found.block.len() as u64;
                    let mut block = found.block;
                    let most = self.grammar.limits.max_block_bytes;
                    block.end = block.end.min(block.start.saturating_add(most));
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
            let next = find_strong(window, read + 1, window.len(), true, &self.grammar);
            if matches!(bound, Bound::Lost | Bound::End) && next == Strong::NotBefore {
                return Reached::Unfinished(read);
            }
            self.pending.push_back(Ready { offset: self.pos, length: 0, inner_offset: read as u64, what });
            let Strong::At(start) = next else { break };
            read = start;
        }
        Reached::End
    }

    /// No member continues the group: its last record ends where the group does.
    fn close_group(&mut self, packed: usize, read: usize) -> Turn {
        match self.read_records(read, Bound::LastMember) {
            Reached::Many(read) => self.begin_stream(packed, read, false),
            Reached::End | Reached::Unfinished(_) => self.finish_group(packed),
        }
    }

    /// A first member with a wrong checksum: good for its whole records, if it has nothing else. A stored member that lost
    /// some bytes swallows as many of the next one, so there must be no start inside it.
    fn close_unproven(&mut self, buf: &[u8], eof: bool, packed: usize) -> Turn {
        let swallows = match self.find_start(buf, 1, eof) {
            Start::At(start) => start < packed,
            Start::Undecided(at) | Start::NotBefore(at) if at < packed && !eof => {
                self.codec.clear(); // the member is inflated again when more is there
                return Turn::NeedMore(buf.len() + PROBE_MORE);
            }
            Start::Undecided(_) | Start::NotBefore(_) => false,
        };
        let reached = self.read_records(0, Bound::Lost);
        self.mark_unproven();
        if reached == Reached::End && !swallows {
            self.finish_group(packed)
        } else {
            self.give_up_behind(reached, DamageReason::ChecksumMismatch)
        }
    }

    /// A first member that does not inflate to its end: its whole records come out before the damage.
    fn salvage(&mut self, reason: DamageReason) -> Turn {
        let mut reached = Reached::Unfinished(0);
        if self.grammar.begins_member(self.codec.output()) {
            // What the end of the file cuts is cut; what damage cuts goes on in bytes that nobody can read.
            let bound = if reason == DamageReason::CutShort { Bound::End } else { Bound::Lost };
            reached = self.read_records(0, bound);
            if reason != DamageReason::InflatesPastCap {
                self.mark_unproven();
            }
        }
        self.give_up_behind(reached, reason)
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
        self.state = State::Damage { offset: self.pos, reason, skip: 1, read: 0 };
        Turn::Again
    }

    /// Damage that begins where records of the same member end.
    fn give_up_behind(&mut self, reached: Reached, reason: DamageReason) -> Turn {
        let read = match reached {
            Reached::End => self.codec.output().len(),
            Reached::Unfinished(read) | Reached::Many(read) => read,
        };
        self.state = State::Damage { offset: self.pos, reason, skip: 1, read: read as u64 };
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
            match self.probe_start(buf, eof) {
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
        match self.codec.empty_member(buf, eof) {
            Ok(length) => self.pos += length as u64,
            Err(Probe::NeedMore) => return Turn::NeedMore(buf.len() + PROBE_MORE),
            Err(Probe::Yes | Probe::No) => {
                let is_member = self.codec.find_magic(&buf[..buf.len().min(C::MAGIC_BYTES)]).is_some();
                let reason = if is_member { DamageReason::NotWarc } else { self.not_packed };
                self.state = State::Damage { offset, reason, skip: 1, read: 0 };
            }
        }
        Turn::Again
    }

    fn damage(
        &mut self,
        buf: &[u8],
        eof: bool,
        offset: u64,
        reason: DamageReason,
        skip: usize,
        read: u64,
    ) -> Turn {
        let start = self.find_start(buf, skip, eof);
        let (Start::At(at) | Start::Undecided(at) | Start::NotBefore(at)) = start;
        self.pos += at as u64;
        match start {
            Start::At(_) => {}
            Start::NotBefore(_) if eof => {}
            Start::Undecided(_) => {
                self.state = State::Damage { offset, reason, skip: 0, read };
                return Turn::NeedMore(buf.len() - at + PROBE_MORE);
            }
            Start::NotBefore(_) => {
                let skip = skip.saturating_sub(at);
                self.state = State::Damage { offset, reason, skip, read };
                return Turn::NeedMore(buf.len() - at + SEARCH_BYTES);
            }
        }
        self.state = State::Between;
        let length = self.pos - offset;
        Turn::Ready(Ready { offset, length, inner_offset: read, what: What::Damage(reason) })
    }
}
