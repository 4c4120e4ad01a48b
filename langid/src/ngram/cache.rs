//! Sums of words that this thread has met: on web text four words in five are found here.
//!
//! An entry is found by the word's own bytes, not by a hash of them, so what it holds never depends on which texts a
//! thread has seen. Long words are not kept.

use std::any::Any;
use std::cell::RefCell;

use super::model::Model;
use super::text::{Group, Word};

/// Longest word that is kept, in bytes. 99% of the words of web text.
pub(crate) const MAX_KEPT: usize = 24;

/// Entries; 4 MB with 32 dimensions.
const ENTRIES: usize = 1 << 16;

/// A word in three numbers, padded with zeros; no word has a NUL.
type Key = [u64; 3];

/// A word's rows, summed and counted; all of it in two neighbouring lines of the processor's cache.
#[derive(Clone)]
#[repr(align(32))]
struct Entry<const D: usize> {
    key: Key,
    count: u16,
    sums: [i16; D],
}

/// Words that wait at most; a bit each in `Cache::add_all`.
const WAITING: usize = 16;

/// Words of one script that wait for their sums.
#[derive(Clone, Debug)]
pub(crate) struct Waiting {
    group: Group,
    words: [Kept; WAITING],
    len: usize,
}

/// A word as it is kept.
#[derive(Clone, Copy, Debug, Default)]
struct Kept {
    key: Key,
    slot: u32,
    bytes: u32,
}

impl Waiting {
    pub(crate) fn new(group: Group) -> Waiting {
        Waiting { group, words: [Kept::default(); WAITING], len: 0 }
    }

    /// Nobody waits, and whoever will is of this script.
    pub(crate) fn restart(&mut self, group: Group) {
        (self.group, self.len) = (group, 0);
    }

    /// Lets a word of at most [`MAX_KEPT`] bytes wait. Whether no more can.
    #[inline]
    pub(crate) fn push(&mut self, word: Word<'_>) -> bool {
        let key = key(word.bytes);
        self.words[self.len] = Kept { key, slot: slot(&key) as u32, bytes: word.bytes.len() as u32 };
        self.len += 1;
        self.len == WAITING
    }
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

    /// Adds the rows of a word that is not kept to `sum`; returns how many there are.
    #[inline(never)]
    pub(crate) fn add_long(&mut self, model: &Model, word: Word<'_>, sum: &mut [i32; D]) -> u32 {
        self.rows.clear();
        self.find_rows(model, word);
        self.touch_rows(model);
        let mut sums = *sum;
        for row in &self.rows {
            for (sum, value) in sums.iter_mut().zip(row_of::<D>(model, *row)) {
                *sum += i32::from(*value);
            }
        }
        *sum = sums;
        self.rows.len() as u32
    }

    /// Adds the rows of the words that wait to `sum`; returns how many there are. None waits any more.
    ///
    /// All entries are asked for before one is used, and so are the rows of all new words: waiting for memory is most of
    /// the time, and the processor waits for several reads at once if none decides whether the next is needed.
    #[inline(never)]
    pub(crate) fn add_all(&mut self, model: &Model, words: &mut Waiting, sum: &mut [i32; D]) -> u32 {
        let waiting = &words.words[..words.len];
        let mut new = 0u32;
        for (at, word) in waiting.iter().enumerate() {
            new |= u32::from(self.entries[word.slot as usize].key != word.key) << at;
        }
        let mut sums = *sum;
        let mut count = 0;
        for (at, word) in waiting.iter().enumerate() {
            if new >> at & 1 == 0 {
                let entry = &self.entries[word.slot as usize];
                for (sum, value) in sums.iter_mut().zip(&entry.sums) {
                    *sum += i32::from(*value);
                }
                count += u32::from(entry.count);
            }
        }
        *sum = sums;
        if new != 0 {
            count += self.keep(model, words, new, sum);
        }
        words.len = 0;
        count
    }

    /// The words with a bit in `new`, which have no entry: as `add_all`, and they get one.
    fn keep(&mut self, model: &Model, words: &Waiting, new: u32, sum: &mut [i32; D]) -> u32 {
        self.rows.clear();
        let mut ends = [0; WAITING];
        for (at, word) in words.words[..words.len].iter().enumerate() {
            if new >> at & 1 == 1 {
                let bytes = unpacked(&word.key);
                self.find_rows(model, Word { group: words.group, bytes: &bytes[..word.bytes as usize] });
            }
            ends[at] = self.rows.len();
        }
        self.touch_rows(model);
        let mut start = 0;
        for (word, end) in words.words[..words.len].iter().zip(ends) {
            if end == start {
                continue;
            }
            // At most 26 characters and 8 orders: 209 rows of at most 127, below the largest i16.
            let mut sums = [0i16; D];
            for row in &self.rows[start..end] {
                for (sum, value) in sums.iter_mut().zip(row_of::<D>(model, *row)) {
                    *sum += i16::from(*value);
                }
            }
            for (sum, value) in sum.iter_mut().zip(&sums) {
                *sum += i32::from(*value);
            }
            self.entries[word.slot as usize] = Entry { key: word.key, count: (end - start) as u16, sums };
            start = end;
        }
        self.rows.len() as u32
    }

    /// Finds the rows of a word, after those that are there.
    #[inline]
    fn find_rows(&mut self, model: &Model, word: Word<'_>) {
        let rows = &mut self.rows;
        model.features.rows_of(word, |row| rows.push(row));
    }

    /// Asks memory for all rows before the first is needed.
    #[inline]
    fn touch_rows(&mut self, model: &Model) {
        let mut touched = 0;
        for row in &self.rows {
            touched ^= model.rows[*row as usize * D];
        }
        self.touched = touched;
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

fn unpacked(key: &Key) -> [u8; MAX_KEPT] {
    let mut bytes = [0; MAX_KEPT];
    for (part, to) in key.iter().zip(bytes.chunks_exact_mut(8)) {
        to.copy_from_slice(&part.to_le_bytes());
    }
    bytes
}

#[inline]
fn slot(key: &Key) -> usize {
    let mixed =
        (key[0] ^ key[1].rotate_left(23) ^ key[2].rotate_left(47)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ mixed >> 32).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (mixed >> 40) as usize & (ENTRIES - 1)
}
