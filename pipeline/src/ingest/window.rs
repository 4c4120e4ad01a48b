//! The part of a file that is in memory while a split of it is read.

use std::ops::Range;
use std::sync::Arc;

use datafusion::common::Result;
use kilim_connectors::store::{Location, Stores};

use super::digest::PieceHasher;
use super::split::external;

/// Bytes asked of the store at once.
pub(super) const WINDOW_BYTES: u64 = 8 << 20;

/// The part of the file that is in memory.
pub(super) struct Window {
    pub(super) stores: Arc<Stores>,
    pub(super) place: Location,
    pub(super) start: u64,
    pub(super) bytes: Vec<u8>,
    pub(super) file_bytes: u64,
}

impl Window {
    /// Nothing yet, from `start` on.
    pub(super) fn new(stores: Arc<Stores>, place: Location, start: u64, file_bytes: u64) -> Self {
        Self { stores, place, start, bytes: Vec::new(), file_bytes }
    }

    pub(super) fn end(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }

    pub(super) fn at_eof(&self) -> bool {
        self.end() >= self.file_bytes
    }

    /// The bytes from `position` on that are in memory.
    pub(super) fn from(&self, position: u64) -> &[u8] {
        let done = usize::try_from(position.saturating_sub(self.start)).unwrap_or(usize::MAX);
        &self.bytes[done.min(self.bytes.len())..]
    }

    /// Drops what lies before `position` and makes at least `at_least` bytes from there available, or all there is;
    /// of the store, at least `least` bytes are asked.
    pub(super) async fn grow(&mut self, position: u64, at_least: u64, least: u64) -> Result<Range<usize>> {
        let done = usize::try_from(position - self.start).unwrap_or(usize::MAX).min(self.bytes.len());
        self.bytes.drain(..done);
        self.start = position;
        let from = self.end();
        let missing = at_least.saturating_sub(self.bytes.len() as u64).max(least);
        let to = self.file_bytes.min(from.saturating_add(missing));
        if from >= to {
            return Ok(self.bytes.len()..self.bytes.len());
        }
        let more = self.stores.get_range(&self.place, from..to).await.map_err(external)?;
        let before = self.bytes.len();
        self.bytes.extend_from_slice(&more);
        Ok(before..self.bytes.len())
    }
}

/// Hashes the bytes that have just come in.
pub(super) fn feed(hasher: &mut Option<PieceHasher>, window: &Window, fresh: Range<usize>) {
    let Some(hasher) = hasher else { return };
    let first = window.start + fresh.start as u64;
    // A window may begin before the split: those bytes are the split's before.
    let skip = usize::try_from(hasher.position().saturating_sub(first)).unwrap_or(usize::MAX);
    let bytes = &window.bytes[fresh];
    hasher.update(&bytes[skip.min(bytes.len())..]);
}
