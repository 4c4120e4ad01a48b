//! Sums of words that this thread has met: on web text four words in five are found here.
//!
//! An entry is found by the word's own bytes, not by a hash of them, so what it holds never depends on which texts a
//! thread has seen. Long words are not kept.

use std::cell::RefCell;

use super::model::Model;
use super::text::Word;

/// Longest word that is kept, in bytes. 99% of the words of web text.
pub(crate) const MAX_KEPT: usize = 24;

/// Entries; 1.5 MB with 32 dimensions, which fits the second-level cache of a core.
const ENTRIES: usize = 1 << 14;

/// A word in three numbers, padded with zeros; no word has a NUL.
type Key = [u64; 3];

/// Sums of rows by word, of one model.
#[derive(Default)]
pub(crate) struct Cache {
    /// The number of the model in this process; 0 is none.
    model: u64,
    keys: Vec<Key>,
    counts: Vec<u16>,
    sums: Vec<i16>,
}

thread_local! {
    static CACHE: RefCell<Cache> = RefCell::new(Cache::default());
}

/// Runs `work` with this thread's cache, emptied if another model used it last.
pub(crate) fn with<R>(model: u64, dim: usize, work: impl FnOnce(&mut Cache) -> R) -> R {
    CACHE.with(|cache| match cache.try_borrow_mut() {
        Ok(mut cache) => {
            if cache.model != model {
                *cache = Cache {
                    model,
                    keys: vec![[0; 3]; ENTRIES],
                    counts: vec![0; ENTRIES],
                    sums: vec![0; ENTRIES * dim],
                };
            }
            work(&mut cache)
        }
        // Only a callback that identifies text while text is read could come here.
        Err(_) => work(&mut Cache {
            model,
            keys: vec![[0; 3]; ENTRIES],
            counts: vec![0; ENTRIES],
            sums: vec![0; ENTRIES * dim],
        }),
    })
}

impl Cache {
    /// Adds the rows of `word` to `sum`; returns how many there are.
    #[inline]
    pub(crate) fn add<const D: usize>(&mut self, model: &Model, word: Word<'_>, sum: &mut [i32; D]) -> u32 {
        if word.bytes.len() > MAX_KEPT {
            let mut count = 0;
            model.features.rows_of(word, |row| {
                count += 1;
                for (sum, value) in sum.iter_mut().zip(row_of::<D>(model, row)) {
                    *sum += i32::from(*value);
                }
            });
            return count;
        }
        let key = key(word.bytes);
        let slot = slot(&key);
        let sums: &mut [i16; D] =
            (&mut self.sums[slot * D..(slot + 1) * D]).try_into().expect("a slot has D numbers");
        if self.keys[slot] != key {
            // At most 26 characters and 8 orders: 209 rows of at most 127, below the largest i16.
            *sums = [0; D];
            let mut count = 0;
            model.features.rows_of(word, |row| {
                count += 1;
                for (sum, value) in sums.iter_mut().zip(row_of::<D>(model, row)) {
                    *sum += i16::from(*value);
                }
            });
            self.keys[slot] = key;
            self.counts[slot] = count;
        }
        for (sum, value) in sum.iter_mut().zip(sums.iter()) {
            *sum += i32::from(*value);
        }
        u32::from(self.counts[slot])
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
    let mixed = (key[0] ^ key[1].rotate_left(23) ^ key[2].rotate_left(47)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ mixed >> 32).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (mixed >> 50) as usize & (ENTRIES - 1)
}
