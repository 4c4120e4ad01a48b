//! From a line of text to its averaged vector, with a cache of words.
//!
//! Most words of a text were seen before. A word's rows, tens of them with n-grams, are summed once and the sum is kept.
//! Keeping it changes no answer: a word's sum is always formed by itself, found in the cache or not. It changes the
//! order of additions against C++, by which probabilities move in the sixth digit. Where that could matter, the line is
//! read in C++'s order, row by row: for losses that look probabilities up in a table of steps, and when labels are tied.

use super::matrix::Matrix;
use super::vocabulary::{self, END_OF_SENTENCE, Kind, Vocabulary};

/// Memory for cached words, in bytes a thread: about 19,000 words with vectors of 16 numbers.
const CACHE_BYTES: usize = 2 << 20;
/// Longer words are not cached.
const MAX_WORD_BYTES: usize = 43;

/// What a thread needs to read lines. It belongs to one model.
#[derive(Debug)]
pub(super) struct Scratch {
    /// Sum, and at the end mean, of the rows of a line.
    pub(super) hidden: Vec<f32>,
    /// For the output layer.
    pub(super) products: Vec<f32>,
    rows: Vec<u32>,
    padded: Vec<u8>,
    hashes: Vec<u32>,
    /// A power of two of cached words; empty if nothing is to be cached.
    cached: Vec<CachedWord>,
    /// Their sums.
    sums: Vec<f32>,
}

#[derive(Clone, Debug)]
struct CachedWord {
    bytes: [u8; MAX_WORD_BYTES],
    /// Of the word in bytes; 0 for none.
    len: u8,
    /// How many rows are in the sum; [`IS_LABEL`] for a label.
    rows: u32,
}

const IS_LABEL: u32 = u32::MAX;

impl Scratch {
    pub(super) fn new(dim: usize, with_cache: bool) -> Scratch {
        let fitting = CACHE_BYTES / (size_of::<CachedWord>() + dim * size_of::<f32>());
        let count = if with_cache { (fitting + 1).next_power_of_two() / 2 } else { 0 };
        Scratch {
            hidden: vec![0.0; dim],
            products: Vec::new(),
            rows: Vec::new(),
            padded: Vec::new(),
            hashes: Vec::new(),
            cached: vec![CachedWord { bytes: [0; MAX_WORD_BYTES], len: 0, rows: 0 }; count],
            sums: vec![0.0; count * dim],
        }
    }

    /// Sets `hidden` to the mean of the rows of `line`: of its words, of [`END_OF_SENTENCE`], and of its word n-grams.
    ///
    /// `in_order` adds them one by one, without the cache.
    pub(super) fn read_line(
        &mut self,
        line: &str,
        words: &Vocabulary,
        input: &Matrix,
        in_order: bool,
    ) -> Found {
        self.hidden.fill(0.0);
        self.hashes.clear();
        let mut in_words = 0;
        let bytes = line.as_bytes();
        let mut start = 0;
        while start < bytes.len() {
            if vocabulary::is_separator(bytes[start]) {
                start += 1;
                continue;
            }
            let length = bytes[start..].iter().position(|byte| vocabulary::is_separator(*byte));
            let end = length.map_or(bytes.len(), |length| start + length);
            let word = &bytes[start..end];
            if word == END_OF_SENTENCE.as_bytes() {
                break;
            }
            in_words += self.add_word(word, words, input, in_order);
            start = end;
        }

        let mut rows = in_words;
        rows += self.add_word(END_OF_SENTENCE.as_bytes(), words, input, in_order);
        if words.max_words() > 1 {
            self.rows.clear();
            words.word_ngram_rows(&self.hashes, &mut self.rows);
            rows += self.add_rows(input);
        }
        // C++ divides in double precision, then multiplies.
        let share = (1.0 / rows as f64) as f32;
        for x in &mut self.hidden {
            *x *= share;
        }
        match (in_words, rows) {
            (_, 0) => Found::Nothing,
            (0, _) => Found::OnlyItsEnd,
            _ => Found::Words,
        }
    }

    /// Adds the rows of a word to `hidden`; how many they are.
    fn add_word(&mut self, word: &[u8], words: &Vocabulary, input: &Matrix, in_order: bool) -> usize {
        let hash = vocabulary::hash(word);
        if in_order || word.len() > MAX_WORD_BYTES || self.cached.is_empty() {
            self.rows.clear();
            if words.word_rows(word, hash, &mut self.rows, &mut self.padded) == Kind::Label {
                return 0;
            }
            self.hashes.push(hash);
            return self.add_rows(input);
        }

        let dim = self.hidden.len();
        let slot = (hash.wrapping_mul(0x9e37_79b1) >> 8) as usize & (self.cached.len() - 1);
        let (cached, sum) = (&mut self.cached[slot], &mut self.sums[slot * dim..(slot + 1) * dim]);
        if usize::from(cached.len) != word.len() || cached.bytes[..word.len()] != *word {
            cached.bytes[..word.len()].copy_from_slice(word);
            cached.len = word.len() as u8;
            self.rows.clear();
            let kind = words.word_rows(word, hash, &mut self.rows, &mut self.padded);
            cached.rows = if kind == Kind::Label { IS_LABEL } else { self.rows.len() as u32 };
            sum.fill(0.0);
            for row in &self.rows {
                input.add_row(*row as usize, sum);
            }
        }
        if cached.rows == IS_LABEL {
            return 0;
        }
        self.hashes.push(hash);
        for (x, value) in self.hidden.iter_mut().zip(sum) {
            *x += *value;
        }
        cached.rows as usize
    }

    fn add_rows(&mut self, input: &Matrix) -> usize {
        for row in &self.rows {
            input.add_row(*row as usize, &mut self.hidden);
        }
        self.rows.len()
    }
}

/// What of a line is in the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    Nothing,
    /// Only the end of the line, which C++ fastText answers too.
    OnlyItsEnd,
    Words,
}
