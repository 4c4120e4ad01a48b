//! The digest of an input, put together from splits that were hashed apart.
//!
//! BLAKE3 is a tree: a file's digest follows from the chaining values of its aligned 1 MiB pieces. Each split hashes
//! the pieces that start in its range while it reads them, so the digest in the manifest is that of the whole file,
//! the one `b3sum` prints, whatever the split size was, and nothing is read twice.

use blake3::Hasher;
use blake3::hazmat::{ChainingValue, HasherExt, Mode, merge_subtrees_non_root, merge_subtrees_root};

/// Bytes of a piece. Split sizes are multiples of it.
pub const PIECE_BYTES: u64 = 1 << 20;

/// Hashes the pieces of one byte range of a file.
#[derive(Debug)]
pub struct PieceHasher {
    at: u64,
    end: u64,
    /// The range is the whole file and one piece: its digest is a root, which no chaining value can give.
    single: bool,
    hasher: Hasher,
    pieces: Vec<ChainingValue>,
}

impl PieceHasher {
    /// For `start..end` of a file of `file_bytes`; `start` is a multiple of [`PIECE_BYTES`].
    pub fn new(start: u64, end: u64, file_bytes: u64) -> Self {
        debug_assert_eq!(start % PIECE_BYTES, 0, "splits start on pieces");
        let mut hasher = Hasher::new();
        hasher.set_input_offset(start);
        Self { at: start, end, single: file_bytes <= PIECE_BYTES, hasher, pieces: Vec::new() }
    }

    /// The next bytes of the file. Bytes past the range belong to the next split and are left to it.
    pub fn update(&mut self, mut bytes: &[u8]) {
        let wanted = usize::try_from(self.end - self.at).unwrap_or(usize::MAX);
        bytes = &bytes[..bytes.len().min(wanted)];
        while !bytes.is_empty() {
            let room = (PIECE_BYTES - self.at % PIECE_BYTES) as usize;
            let (now, later) = bytes.split_at(room.min(bytes.len()));
            self.hasher.update(now);
            self.at += now.len() as u64;
            bytes = later;
            if self.at.is_multiple_of(PIECE_BYTES) || self.at == self.end {
                self.close_piece();
            }
        }
    }

    fn close_piece(&mut self) {
        let value =
            if self.single { *self.hasher.finalize().as_bytes() } else { self.hasher.finalize_non_root() };
        self.pieces.push(value);
        self.hasher = Hasher::new();
        if self.at < self.end {
            self.hasher.set_input_offset(self.at);
        }
    }

    /// Offset of the first byte not yet hashed.
    pub fn position(&self) -> u64 {
        self.at
    }

    /// The pieces in hex, 64 digits each. All bytes of the range must have been given.
    pub fn finish(mut self) -> String {
        debug_assert_eq!(self.at, self.end, "the whole range was read");
        if self.single && self.pieces.is_empty() {
            self.pieces.push(*self.hasher.finalize().as_bytes());
        }
        self.pieces.iter().map(hex::encode).collect()
    }
}

/// The BLAKE3 digest of a file, in hex, from the pieces of all its splits in order. `None` if they are no pieces.
pub fn file_digest<'a>(splits: impl Iterator<Item = &'a str>) -> Option<String> {
    let mut pieces: Vec<ChainingValue> = Vec::new();
    for text in splits {
        for piece in hex::decode(text).ok()?.chunks(32) {
            pieces.push(piece.try_into().ok()?);
        }
    }
    match pieces.as_slice() {
        [] => None,
        [only] => Some(hex::encode(only)),
        many => {
            let (left, right) = many.split_at(left_pieces(many.len()));
            Some(merge_subtrees_root(&subtree(left), &subtree(right), Mode::Hash).to_hex().to_string())
        }
    }
}

fn subtree(pieces: &[ChainingValue]) -> ChainingValue {
    match pieces {
        [only] => *only,
        many => {
            let (left, right) = many.split_at(left_pieces(many.len()));
            merge_subtrees_non_root(&subtree(left), &subtree(right), Mode::Hash)
        }
    }
}

/// The left subtree is the largest power of two that leaves something on the right.
fn left_pieces(count: usize) -> usize {
    count.next_power_of_two() / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by_splits(bytes: &[u8], split: usize, step: usize) -> String {
        let size = bytes.len() as u64;
        let mut texts = Vec::new();
        let mut start = 0;
        loop {
            let end = (start + split).min(bytes.len());
            let mut hasher = PieceHasher::new(start as u64, end as u64, size);
            for chunk in bytes[start..].chunks(step) {
                hasher.update(chunk);
            }
            texts.push(hasher.finish());
            start = end;
            if start >= bytes.len() {
                break;
            }
        }
        file_digest(texts.iter().map(String::as_str)).unwrap()
    }

    #[test]
    fn splits_give_the_digest_of_the_file_whatever_their_size() {
        let piece = PIECE_BYTES as usize;
        for size in [0, 1, piece - 1, piece, piece + 1, 3 * piece, 5 * piece + 77] {
            let bytes: Vec<u8> = (0..size).map(|i| (i * 31 % 251) as u8).collect();
            let expected = blake3::hash(&bytes).to_hex().to_string();
            for split in [piece, 2 * piece, 8 * piece] {
                assert_eq!(by_splits(&bytes, split, 300_001), expected, "size {size}, split {split}");
            }
        }
    }
}
