//! Counters that a run shares with whoever shows them.

use std::sync::atomic::{AtomicU64, Ordering};

/// What has been done so far. Counts only grow; they are for people, never for the books.
#[derive(Debug, Default)]
pub struct Progress {
    bytes: AtomicU64,
    records: AtomicU64,
    documents: AtomicU64,
    kept: AtomicU64,
}

/// A reading of the counters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Compressed bytes whose records were read.
    pub bytes: u64,
    /// Records, of any type.
    pub records: u64,
    /// Pages that went through the steps.
    pub documents: u64,
    /// Pages that no step rejected.
    pub kept: u64,
}

impl Progress {
    /// A record, or a damaged range, of `bytes`.
    pub fn add_record(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.records.fetch_add(1, Ordering::Relaxed);
    }

    /// Bytes of a split that an earlier run has done.
    pub fn add_done_before(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Pages that went through the steps.
    pub fn add_documents(&self, documents: u64, kept: u64) {
        self.documents.fetch_add(documents, Ordering::Relaxed);
        self.kept.fetch_add(kept, Ordering::Relaxed);
    }

    /// The counters now.
    pub fn counts(&self) -> Counts {
        Counts {
            bytes: self.bytes.load(Ordering::Relaxed),
            records: self.records.load(Ordering::Relaxed),
            documents: self.documents.load(Ordering::Relaxed),
            kept: self.kept.load(Ordering::Relaxed),
        }
    }
}
