//! The layout of zstd files: heads of frames and blocks, skippable frames, and the dictionary that a `.warc.zst` file may
//! begin with, without decompressing anything but that.
//!
//! A frame says in front of each block how long it is, so its end is found by going from block to block (RFC 8878). The
//! dictionary stands in a skippable frame of its own kind at the head of the file, as it is or as a zstd frame
//! ([WARC-zstd](https://iipc.github.io/warc-specifications/specifications/warc-zstd/)).

use super::{Ending, body};

/// First bytes of a frame.
pub(crate) const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// First bytes of a skippable frame, without the low half of the first one, which may have any value.
pub(crate) const SKIPPABLE_MAGIC: [u8; 4] = [0x50, 0x2a, 0x4d, 0x18];
/// First bytes of the skippable frame that holds a dictionary.
const DICTIONARY_MAGIC: [u8; 4] = [0x5d, 0x2a, 0x4d, 0x18];
/// Magic and size in front of what a skippable frame holds.
const SKIPPABLE_HEAD: usize = 8;
/// A longer skippable frame is not believed, and no longer dictionary is used. Those of ArchiveTeam have about 1 MiB.
const MAX_SKIPPABLE: usize = 16 << 20;
/// Largest block (RFC 8878, 3.1.1.2.4).
pub(super) const MAX_BLOCK: usize = 128 << 10;
/// Bytes in front of a block.
const BLOCK_HEAD: usize = 3;
/// What the bytes at hand say about something at their start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seen<T> {
    Whole(T),
    /// So many bytes are needed to tell.
    Partial(usize),
    Invalid,
}

/// The head of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FrameHead {
    pub(super) len: usize,
    pub(super) content_bytes: Option<u64>,
    pub(super) dictionary: u32,
    pub(super) has_checksum: bool,
}

pub(super) fn frame_head(buf: &[u8]) -> Seen<FrameHead> {
    let seen = buf.len().min(ZSTD_MAGIC.len());
    if buf[..seen] != ZSTD_MAGIC[..seen] {
        return Seen::Invalid;
    }
    let Some(descriptor) = buf.get(4) else { return Seen::Partial(18) };
    if descriptor & 0x08 != 0 {
        return Seen::Invalid; // a reserved bit
    }
    let is_single_segment = descriptor & 0x20 != 0;
    let dictionary_at = 5 + usize::from(!is_single_segment);
    let content_at = dictionary_at + [0, 1, 2, 4][usize::from(descriptor & 3)];
    let size_flag = descriptor >> 6;
    let size_bytes = match size_flag {
        0 => usize::from(is_single_segment),
        flag => 1 << flag,
    };
    let len = content_at + size_bytes;
    let Some(head) = buf.get(..len) else { return Seen::Partial(len) };
    let number = |bytes: &[u8]| bytes.iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
    let content_bytes = number(&head[content_at..]) + if size_flag == 1 { 256 } else { 0 };
    Seen::Whole(FrameHead {
        len,
        content_bytes: (size_bytes > 0).then_some(content_bytes),
        dictionary: number(&head[dictionary_at..content_at]) as u32,
        has_checksum: descriptor & 4 != 0,
    })
}

/// One block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Block {
    pub(super) end: usize,
    pub(super) is_last: bool,
}

pub(super) fn block(buf: &[u8], at: usize) -> Seen<Block> {
    let Some(head) = buf.get(at..at + BLOCK_HEAD) else { return Seen::Partial(at + BLOCK_HEAD) };
    let head_bits = u32::from_le_bytes([head[0], head[1], head[2], 0]);
    let size = (head_bits >> 3) as usize;
    let packed = match head_bits >> 1 & 3 {
        0 | 2 if size <= MAX_BLOCK => size,
        1 if size <= MAX_BLOCK => 1, // one byte, repeated
        _ => return Seen::Invalid,
    };
    let end = at + BLOCK_HEAD + packed;
    Seen::Whole(Block { end, is_last: head_bits & 1 == 1 })
}

/// Length of the skippable frame at the start of `buf`.
pub(super) fn skippable(buf: &[u8]) -> Seen<usize> {
    let mut magic = [0; 4];
    let seen = buf.len().min(magic.len());
    magic[..seen].copy_from_slice(&buf[..seen]);
    magic[0] &= 0xf0;
    if magic[..seen] != SKIPPABLE_MAGIC[..seen] {
        return Seen::Invalid;
    }
    let Some(head) = buf.first_chunk::<SKIPPABLE_HEAD>() else { return Seen::Partial(SKIPPABLE_HEAD) };
    let size = u32::from_le_bytes([head[4], head[5], head[6], head[7]]) as usize;
    if size > MAX_SKIPPABLE {
        return Seen::Invalid;
    }
    let len = SKIPPABLE_HEAD + size;
    if buf.len() < len { Seen::Partial(len) } else { Seen::Whole(len) }
}

/// What stands at the head of a file.
pub(crate) enum Head {
    /// At least so many bytes are needed to tell.
    NeedMore(usize),
    /// A frame of `len` bytes with a dictionary; no dictionary when it is damaged.
    Dictionary { len: usize, dictionary: Option<Vec<u8>> },
    /// Something else.
    Other,
}

/// Looks for a dictionary at the head of a file, of which `buf` are the first bytes.
pub(crate) fn head(buf: &[u8], eof: bool) -> Head {
    let seen = buf.len().min(DICTIONARY_MAGIC.len());
    if buf[..seen] != DICTIONARY_MAGIC[..seen] {
        return Head::Other;
    }
    let len = match skippable(buf) {
        Seen::Partial(wanted) if !eof => return Head::NeedMore(wanted),
        Seen::Partial(_) | Seen::Invalid => return Head::Other,
        Seen::Whole(len) => len,
    };
    let held = &buf[SKIPPABLE_HEAD..len];
    if frame_end(held) == Some(held.len()) {
        let (dictionary, ending) = body::zstd(held, MAX_SKIPPABLE);
        return Head::Dictionary { len, dictionary: (ending == Ending::Whole).then_some(dictionary) };
    }
    match is_followed(&buf[len..], eof) {
        None => Head::NeedMore(len + ZSTD_MAGIC.len()),
        Some(false) => Head::Other,
        Some(true) => Head::Dictionary { len, dictionary: Some(held.to_vec()) },
    }
}

/// Length of the frame at the start of `buf`, if all of it is there.
fn frame_end(buf: &[u8]) -> Option<usize> {
    let Seen::Whole(frame) = frame_head(buf) else { return None };
    let mut at = frame.len;
    loop {
        let Seen::Whole(block) = block(buf, at) else { return None };
        at = block.end;
        if block.is_last {
            let end = at + if frame.has_checksum { 4 } else { 0 };
            return (end <= buf.len()).then_some(end);
        }
    }
}

/// Does something follow a skippable frame that may: a frame, zeros, the end? A wrong size would skip records.
pub(super) fn is_followed(rest: &[u8], eof: bool) -> Option<bool> {
    if rest.len() < ZSTD_MAGIC.len() && !eof {
        return None;
    }
    // Of more bytes than these the answer must not depend: how many there are depends on the buffer.
    let rest = &rest[..rest.len().min(ZSTD_MAGIC.len())];
    let follows = |magic: &[u8]| rest.starts_with(&magic[..magic.len().min(rest.len())]);
    Some(follows(&ZSTD_MAGIC) || follows(&[0; 4]) || skippable(rest) != Seen::Invalid)
}
