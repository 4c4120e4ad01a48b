//! A split of a zstd file: the dictionary at the file's head first, then frames as members.

use std::ops::Range;

use super::DamageReason;
use super::members::PackedSplit;
use super::records::Grammar;
use super::split::{Advance, Ready, What};
use crate::inflate::{Head, ZstdCodec, zstd_head};

/// Read ahead behind the head.
const MORE_BYTES: usize = 64 << 10;

#[allow(clippy::large_enum_variant, reason = "one a split, and what is large is what it soon becomes")]
pub(super) enum ZstdSplit {
    /// At the file's first byte, on the way to `split`.
    Head {
        split: Range<u64>,
        grammar: Grammar,
    },
    Frames(PackedSplit<ZstdCodec>),
}

impl ZstdSplit {
    pub(super) fn new(split: Range<u64>, grammar: Grammar) -> Self {
        if split.is_empty() {
            return Self::frames(split, grammar, None);
        }
        Self::Head { split, grammar }
    }

    fn frames(split: Range<u64>, grammar: Grammar, dictionary: Option<&[u8]>) -> Self {
        let codec = ZstdCodec::new(dictionary);
        Self::Frames(PackedSplit::new(split, grammar, codec, DamageReason::NotZstd))
    }

    /// The first split owns what follows the dictionary, start or not.
    fn into_first(self) -> Self {
        match self {
            Self::Head { .. } => self,
            Self::Frames(split) => Self::Frames(split.into_first()),
        }
    }

    pub(super) fn position(&self) -> u64 {
        match self {
            Self::Head { .. } => 0,
            Self::Frames(split) => split.position(),
        }
    }

    pub(super) fn inflated(&self) -> &[u8] {
        match self {
            Self::Head { .. } => &[],
            Self::Frames(split) => split.inflated(),
        }
    }

    pub(super) fn advance(&mut self, buf: &[u8], eof: bool) -> Advance {
        let (split, grammar) = match self {
            Self::Frames(split) => return split.advance(buf, eof),
            Self::Head { split, grammar } => (split.clone(), *grammar),
        };
        let (head, dictionary) = match zstd_head(buf, eof) {
            Head::NeedMore(at_least) => return Advance::NeedMore { at_least },
            Head::Other => (0, None),
            Head::Dictionary { len, dictionary } => (len as u64, dictionary),
        };
        let is_first = split.start == 0;
        // What looks like a frame inside the dictionary is none.
        let start = split.start.max(head);
        let frames = Self::frames(start..split.end.max(start), grammar, dictionary.as_deref());
        *self = if is_first { frames.into_first() } else { frames };
        if is_first && head > 0 {
            return Advance::Ready(Ready { offset: 0, length: head, inner_offset: 0, what: What::Padding });
        }
        let behind = usize::try_from(start).ok().and_then(|start| buf.get(start..));
        match (self, behind) {
            (Self::Frames(split), Some(rest)) => split.advance(rest, eof),
            (Self::Frames(_), None) if eof => Advance::Done,
            _ => Advance::NeedMore { at_least: MORE_BYTES },
        }
    }
}
