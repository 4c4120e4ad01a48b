//! Sums of words that this thread has met: on web text four words in five are found here.
//!
//! An entry is found by the word's own bytes, not by a hash of them, so what it holds never depends on which texts a
//! thread has seen. Long words are not kept.

use std::any::Any;
use std::cell::RefCell;

use super::model::Model;
use super::text::Word;

/// Longest word that is kept, in bytes. 99% of the words of web text.
pub(crate) const MAX_KEPT: usize = 24;

/// Entries; 4 MB with 32 dimensions.
const ENTRIES: usize = 1 << 15;

/// A word in three numbers, padded with zeros; no word has a NUL.
type Key = [u64; 3];

/// A word's rows, summed and counted; all of it in two neighbouring lines of the processor's cache.
#[derive(Clone)]
#[repr(align(64))]
struct Entry<const D: usize> {
    key: Key,
    count: u16,
    sums: [i16; D],
}

/// Sums of rows by word, of one model.
pub(crate) struct Cache<const D: usize> {
    /// The number of the model in this process.
    model: u64,
    entries: Vec<Entry<D>>,
    /// Rows of the word at hand.
    rows: Vec<u32>,
    /// Keeps the first reads of rows from being thought useless.
    touched: i8,
}

thread_local! {
    static CACHE: RefCell<Box<dyn Any>> = RefCell::new(Box::new(()));
}

/// Runs `work` with this thread's cache, emptied if another model used it last.
pub(crate) fn with<const D: usize, R>(model: u64, work: impl FnOnce(&mut Cache<D>) -> R) -> R {
    CACHE.with(|cache| {
        // Only a callback that identifies text while text is read could find it borrowed.
        let Ok(mut cache) = cache.try_borrow_mut() else { return work(&mut Cache::new(model)) };
        match cache.downcast_mut::<Cache<D>>() {
            Some(cache) if cache.model == model => work(cache),
            _ => {
                let mut fresh = Box::new(Cache::new(model));
                let answer = work(&mut fresh);
                *cache = fresh;
                answer
            }
        }
    })
}

impl<const D: usize> Cache<D> {
    fn new(model: u64) -> Cache<D> {
        let empty = Entry { key: [0; 3], count: 0, sums: [0; D] };
        Cache { model, entries: vec![empty; ENTRIES], rows: Vec::with_capacity(512), touched: 0 }
    }

    /// Adds the rows of `word` to `sum`; returns how many there are.
    #[inline]
    pub(crate) fn add(&mut self, model: &Model, word: Word<'_>, sum: &mut [i32; D]) -> u32 {
        if word.bytes.len() > MAX_KEPT {
            return self.add_long(model, word, sum);
        }
        let key = key(word.bytes);
        let slot = slot(&key);
        if self.entries[slot].key != key {
            self.keep(model, word, key, slot);
        }
        let entry = &self.entries[slot];
        for (sum, value) in sum.iter_mut().zip(&entry.sums) {
            *sum += i32::from(*value);
        }
        u32::from(entry.count)
    }

    /// Finds the rows of a word, and asks memory for all of them before the first is needed: most of the time of a word
    /// that was not met before is waiting for them.
    fn find_rows(&mut self, model: &Model, word: Word<'_>) {
        self.rows.clear();
        let rows = &mut self.rows;
        model.features.rows_of(word, |row| rows.push(row));
        let mut touched = 0;
        for row in rows.iter() {
            touched ^= model.rows[*row as usize * D];
        }
        self.touched = touched;
    }

    #[inline(never)]
    fn keep(&mut self, model: &Model, word: Word<'_>, key: Key, slot: usize) {
        self.find_rows(model, word);
        // At most 26 characters and 8 orders: 209 rows of at most 127, below the largest i16.
        let mut sums = [0i16; D];
        for row in &self.rows {
            for (sum, value) in sums.iter_mut().zip(row_of::<D>(model, *row)) {
                *sum += i16::from(*value);
            }
        }
        self.entries[slot] = Entry { key, count: self.rows.len() as u16, sums };
    }

    #[inline(never)]
    fn add_long(&mut self, model: &Model, word: Word<'_>, sum: &mut [i32; D]) -> u32 {
        self.find_rows(model, word);
        let mut sums = *sum;
        for row in &self.rows {
            for (sum, value) in sums.iter_mut().zip(row_of::<D>(model, *row)) {
                *sum += i32::from(*value);
            }
        }
        *sum = sums;
        self.rows.len() as u32
    }
}

#[inline]
fn row_of<const D: usize>(model: &Model, row: u32) -> &[i8; D] {
    let at = row as usize * D;
    model.rows[at..at + D].try_into().expect("a row has D numbers")
}

#[inline]
fn key(word: &[u8]) -> Key {
    let mut padded = [0u8; MAX_KEPT];
    padded[..word.len()].copy_from_slice(word);
    let part = |at: usize| u64::from_le_bytes(padded[at..at + 8].try_into().expect("eight bytes"));
    [part(0), part(8), part(16)]
}

#[inline]
fn slot(key: &Key) -> usize {
    let mixed =
        (key[0] ^ key[1].rotate_left(23) ^ key[2].rotate_left(47)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ mixed >> 32).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (mixed >> 40) as usize & (ENTRIES - 1)
}
