//! The bytes of a Parquet file for the Parquet library, without a whole file or column in memory.
//!
//! The bytes of a split were read once and are kept; what a row group has beyond them comes from the store in windows of
//! 1 MiB, the last few of which are kept, one for each column that is read. Every page header is looked at before the
//! library sees it. The library is synchronous: all this runs on a blocking thread.

use std::collections::VecDeque;
use std::io::Read;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::{Buf, Bytes};
use parquet::errors::{ParquetError, Result};
use parquet::file::reader::{ChunkReader, Length};
use tokio::runtime::Handle;

use super::thrift::page_sizes;
use crate::store::{Location, StoreError, Stores};

/// Bytes asked of the store at once.
const WINDOW_BYTES: u64 = 1 << 20;
/// The longest page header that is looked at: statistics may hold two values.
const MAX_HEADER_BYTES: u64 = 8 << 20;

/// One Parquet file.
#[derive(Clone)]
pub(super) struct Chunks(Arc<Inner>);

struct Inner {
    stores: Arc<Stores>,
    place: Location,
    file_bytes: u64,
    /// What is in memory anyway.
    kept: (u64, Bytes),
    max_page_bytes: u64,
    handle: Handle,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Windows, the one used last in front.
    windows: VecDeque<(u64, Bytes)>,
    max_windows: usize,
    /// Unpacked bytes of the pages that were begun since the last batch.
    page_bytes: u64,
    /// What the store said, for the caller: a store that fails is not a damaged file.
    failure: Option<StoreError>,
}

impl Chunks {
    /// `kept` are bytes of the file from an offset on. Must be made inside a tokio runtime.
    pub(super) fn new(
        stores: Arc<Stores>,
        place: Location,
        file_bytes: u64,
        kept: (u64, Bytes),
        max_page_bytes: u64,
    ) -> Self {
        let state = Mutex::new(State { max_windows: 1, ..State::default() });
        let handle = Handle::current();
        Self(Arc::new(Inner { stores, place, file_bytes, kept, max_page_bytes, handle, state }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Prepares for a row group of which `columns` are read.
    pub(super) fn set_columns(&self, columns: usize) {
        let mut state = self.state();
        state.max_windows = columns + 1;
        state.windows.clear();
    }

    /// Prepares for a batch.
    pub(super) fn begin_batch(&self) {
        self.state().page_bytes = 0;
    }

    /// What the store said, if it failed.
    pub(super) fn take_failure(&self) -> Option<StoreError> {
        self.state().failure.take()
    }

    /// Bytes `range`, all of them.
    pub(super) fn read(&self, range: Range<u64>) -> Result<Bytes> {
        if range.start > range.end || range.end > self.0.file_bytes {
            return Err(ParquetError::EOF("the file ends before".to_owned()));
        }
        if let Some(bytes) = part_of(&self.0.kept, &range) {
            return Ok(bytes);
        }
        let mut state = self.state();
        if let Some(at) = state.windows.iter().position(|window| part_of(window, &range).is_some()) {
            let window = state.windows.remove(at).unwrap_or_default();
            let bytes = part_of(&window, &range).unwrap_or_default();
            state.windows.push_front(window);
            return Ok(bytes);
        }
        let end = range.end.max((range.start + WINDOW_BYTES).min(self.0.file_bytes));
        let inner = &self.0;
        let fetched = inner.handle.block_on(inner.stores.get_range(&inner.place, range.start..end));
        let fetched = match fetched {
            Ok(bytes) => bytes,
            Err(error) => {
                let said = error.to_string();
                state.failure.get_or_insert(error);
                return Err(ParquetError::General(said));
            }
        };
        let window = (range.start, fetched);
        let Some(bytes) = part_of(&window, &range) else {
            return Err(ParquetError::EOF("the file is shorter than it was".to_owned()));
        };
        // A page that is larger than a window is not asked for twice.
        if end - range.start <= WINDOW_BYTES {
            state.windows.push_front(window);
            let most = state.max_windows;
            state.windows.truncate(most);
        }
        Ok(bytes)
    }

    /// Looks at the page header at `start`.
    fn check_header(&self, start: u64) -> std::io::Result<Bytes> {
        let mut wanted = 1 << 10;
        let unsound = || std::io::Error::other("a page header that makes no sense");
        loop {
            let end = (start + wanted).min(self.0.file_bytes);
            let bytes = self.read(start..end).map_err(std::io::Error::other)?;
            match page_sizes(&bytes) {
                Ok(sizes) => {
                    let mut state = self.state();
                    state.page_bytes = state.page_bytes.saturating_add(sizes.unpacked.unsigned_abs());
                    if state.page_bytes > self.0.max_page_bytes {
                        return Err(std::io::Error::other("a page that is too large"));
                    }
                    return Ok(bytes);
                }
                Err(_) if end == self.0.file_bytes || wanted >= MAX_HEADER_BYTES => return Err(unsound()),
                Err(_) => wanted *= 8,
            }
        }
    }
}

fn part_of((start, bytes): &(u64, Bytes), range: &Range<u64>) -> Option<Bytes> {
    let from = usize::try_from(range.start.checked_sub(*start)?).ok()?;
    let to = usize::try_from(range.end.checked_sub(*start)?).ok()?;
    (from <= to && to <= bytes.len()).then(|| bytes.slice(from..to))
}

impl Length for Chunks {
    fn len(&self) -> u64 {
        self.0.file_bytes
    }
}

impl ChunkReader for Chunks {
    type T = HeaderReader;

    /// The library reads page headers in this way, and nothing else. Where it knows the header already it opens a
    /// reader and does not use it, so nothing is looked at before the first byte is asked for.
    fn get_read(&self, start: u64) -> Result<HeaderReader> {
        Ok(HeaderReader { chunks: self.clone(), start, bytes: None })
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        self.read(start..start.saturating_add(length as u64))
    }
}

/// Reads one page header.
pub(super) struct HeaderReader {
    chunks: Chunks,
    start: u64,
    bytes: Option<Bytes>,
}

impl Read for HeaderReader {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        let bytes = match &mut self.bytes {
            Some(bytes) => bytes,
            none => none.insert(self.chunks.check_header(self.start)?),
        };
        let count = buf.len().min(bytes.len());
        bytes.copy_to_slice(&mut buf[..count]);
        Ok(count)
    }
}
