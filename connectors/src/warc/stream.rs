//! Groups of members that are too large to be kept: whole crawl files in one gzip member or zstd frame, or in members
//! cut every so many bytes.
//!
//! What comes out of the codec is read like an uncompressed file, piece by piece, and forgotten. So nothing is known of
//! the group's end when its first records go out: they have length 0, and one item behind them accounts for the packed
//! bytes, as [`What::Padding`] if all went well. Their checksum comes late as well: a wrong one makes that item damage.
//!
//! Packed bytes are forgotten too, so a start inside a member ends it: the split that the start belongs to would see it.

use super::DamageReason;
use super::members::{PackedSplit, Start, State, Turn};
use super::plain::PlainSplit;
use super::records::Grammar;
use super::split::{Advance, Ready, What};
use crate::inflate::{Codec, Inflation, Probe, Streamed};

/// Read ahead between members.
const MORE_BYTES: usize = 64 << 10;
/// So many times [`ReadLimits::max_member_bytes`](super::ReadLimits::max_member_bytes) may pass without a record; then
/// the member is taken for a bomb. That is 1 GiB by default, a whole video.
const MAX_GAP_CAPS: u64 = 4;
/// What the reader of inflated bytes asks for without meaning a record of that size.
const LEAST_WINDOW: usize = 256 << 10;

/// A group that is read by the piece.
pub(super) struct Stream {
    /// Where the group begins in the file.
    offset: u64,
    inner: PlainSplit,
    /// Where the codec's output begins, counted in what the group holds.
    base: u64,
    /// Where the last item ends, counted likewise.
    read: u64,
    /// No start lies between the packed bytes used and this place in the file.
    searched: u64,
    /// Bytes that `inner` wants from its position on.
    wanted: usize,
    place: Place,
}

/// Where the group's next packed bytes belong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Inside a member.
    Member,
    /// Between members.
    Edge,
    /// Behind the last, for this reason if not a good one.
    End(Option<DamageReason>),
}

impl Stream {
    /// A group that began at `offset`, whose records before `read` are known.
    pub(super) fn new(offset: u64, read: u64, inside_member: bool, grammar: Grammar) -> Self {
        let inner = PlainSplit::resume(read, grammar);
        let place = if inside_member { Place::Member } else { Place::Edge };
        Self { offset, inner, base: 0, read, searched: 0, wanted: 0, place }
    }
}

impl<C: Codec> PackedSplit<C> {
    pub(super) fn stream(&mut self, buf: &[u8], eof: bool) -> Turn {
        let State::Stream(mut stream) = std::mem::replace(&mut self.state, State::Done) else {
            return Turn::Done;
        };
        let turn = self.run_stream(&mut stream, buf, eof);
        if matches!(self.state, State::Done) {
            self.state = State::Stream(stream);
        }
        turn
    }

    /// Leaves the state as it is while the group goes on.
    fn run_stream(&mut self, stream: &mut Stream, buf: &[u8], eof: bool) -> Turn {
        let start = self.pos;
        loop {
            let skip = (stream.inner.position() - stream.base) as usize;
            let window = self.codec.output();
            let is_over = matches!(stream.place, Place::End(_));
            if window.len() >= skip + stream.wanted || is_over {
                match stream.inner.advance(&window[skip..], is_over) {
                    Advance::Ready(ready) => {
                        if matches!(ready.what, What::Damage(_)) && self.is_too_much(stream, ready.length) {
                            return self.end_stream(stream, Some(DamageReason::InflatesPastCap));
                        }
                        match item(stream, ready, skip) {
                            Some(ready) => return Turn::Ready(ready),
                            None => continue,
                        }
                    }
                    Advance::NeedMore { at_least } => stream.wanted = at_least,
                    Advance::Done => {
                        let Place::End(reason) = stream.place else { return Turn::Done };
                        return self.end_stream(stream, reason);
                    }
                }
                if !is_over && self.is_too_much(stream, stream.inner.gap()) {
                    return self.end_stream(stream, Some(DamageReason::InflatesPastCap));
                }
                continue;
            }
            self.codec.discard(skip);
            stream.base += skip as u64;
            let rest = &buf[(self.pos - start) as usize..];
            let wanted = match stream.place {
                Place::Member => self.inside_member(stream, rest, eof),
                Place::Edge => self.next_member(stream, rest, eof),
                Place::End(_) => None,
            };
            if let Some(wanted) = wanted {
                return Turn::NeedMore(wanted);
            }
            if matches!(stream.place, Place::End(Some(reason)) if reason != DamageReason::CutShort) {
                stream.inner.lose_the_rest();
            }
        }
    }

    /// No more can be kept, or it is not worth looking further.
    fn is_too_much(&self, stream: &Stream, gap: u64) -> bool {
        let cap = self.grammar.limits.max_member_bytes;
        stream.wanted > cap.max(LEAST_WINDOW) || gap > MAX_GAP_CAPS.saturating_mul(cap as u64)
    }

    /// One item for all packed bytes of the group.
    fn end_stream(&mut self, stream: &Stream, reason: Option<DamageReason>) -> Turn {
        let offset = stream.offset;
        if let Some(reason) = reason {
            self.state = State::Damage { offset, reason, skip: 0, read: stream.read };
            return Turn::Again;
        }
        self.state = State::Between;
        let length = self.pos - offset;
        Turn::Ready(Ready { offset, length, inner_offset: 0, what: What::Padding })
    }

    /// Inflates on, up to the next start. Gives how many bytes are needed, if more are.
    fn inside_member(&mut self, stream: &mut Stream, buf: &[u8], eof: bool) -> Option<usize> {
        let known = usize::try_from(stream.searched.saturating_sub(self.pos)).unwrap_or(usize::MAX);
        let at = known.min(buf.len());
        let (used, streamed) = self.codec.stream(&buf[..at], stream.wanted);
        self.pos += used as u64;
        stream.place = match streamed {
            Streamed::Filled => return None,
            Streamed::Ended { checksum_ok: true } => Place::Edge,
            Streamed::Ended { checksum_ok: false } => Place::End(Some(DamageReason::ChecksumMismatch)),
            Streamed::Corrupt => Place::End(Some(DamageReason::CorruptMember)),
            Streamed::NeedMore { at_least } => {
                let (rest, from) = (&buf[used..], at - used);
                let (is_start, clear_to) = match self.find_start(rest, from, eof) {
                    Start::At(at) => (true, at),
                    Start::Undecided(at) | Start::NotBefore(at) => (false, at),
                };
                stream.searched = self.pos + clear_to as u64;
                match (clear_to > from, is_start) {
                    (true, _) => return None,
                    (false, true) => Place::End(Some(DamageReason::CorruptMember)),
                    (false, false) if eof => Place::End(Some(DamageReason::CutShort)),
                    (false, false) => {
                        return Some((rest.len() + MORE_BYTES).max(at_least + C::MAGIC_BYTES));
                    }
                }
            }
        };
        None
    }

    /// Takes the next member into the group, or ends it.
    fn next_member(&mut self, stream: &mut Stream, buf: &[u8], eof: bool) -> Option<usize> {
        if buf.is_empty() && !eof {
            return Some(MORE_BYTES);
        }
        match self.probe_start(buf, eof) {
            Probe::Yes => {
                stream.place = Place::End(None);
                return None;
            }
            Probe::NeedMore => return Some(buf.len() + MORE_BYTES),
            Probe::No => {}
        }
        if buf.is_empty() {
            stream.place = Place::End(None);
            return None;
        }
        self.codec.next_member();
        // A member past the cap goes on by the piece, so the cap decides nothing here.
        let kept = self.codec.output().len().saturating_add(LEAST_WINDOW);
        match self.codec.inflate(buf, eof, self.grammar.limits.max_member_bytes.max(kept)) {
            Inflation::Complete { consumed, checksum_ok: true } => self.pos += consumed as u64,
            Inflation::NeedMore { at_least } => {
                self.codec.drop_member();
                return Some(at_least);
            }
            Inflation::PastCap { fed } => match self.find_start(buf, 1, eof) {
                Start::At(at) if at < fed => {
                    self.codec.drop_member();
                    stream.place = Place::End(None);
                }
                Start::Undecided(at) | Start::NotBefore(at) if at < fed && !eof => {
                    self.codec.drop_member();
                    return Some(buf.len() + MORE_BYTES);
                }
                _ => {
                    self.pos += fed as u64;
                    (stream.place, stream.searched) = (Place::Member, 0);
                }
            },
            Inflation::Complete { checksum_ok: false, .. }
            | Inflation::NotPacked
            | Inflation::NoDictionary
            | Inflation::Corrupt
            | Inflation::Cut => {
                self.codec.drop_member();
                stream.place = Place::End(None);
            }
        }
        None
    }
}

/// What the reader of inflated bytes found, as an item of the file.
fn item(stream: &mut Stream, ready: Ready, skip: usize) -> Option<Ready> {
    let inner_offset = ready.offset;
    let what = match ready.what {
        What::Record { header, block, block_len, problems } => {
            let block = block.start + skip..block.end + skip;
            What::Record { header, block, block_len, problems }
        }
        // Part of the damage that ends the group.
        What::Damage(_) if matches!(stream.place, Place::End(Some(_))) => return None,
        What::Damage(reason) => What::Damage(reason),
        What::Padding => return None,
    };
    (stream.wanted, stream.read) = (0, ready.offset + ready.length);
    Some(Ready { offset: stream.offset, length: 0, inner_offset, what })
}
