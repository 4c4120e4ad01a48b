//! A word's features: rows of the table for its character n-grams and for itself.
//!
//! A word is wrapped in `<` and `>`, so that beginnings and ends are told from the middle, and every n-gram of
//! characters from `min_order` to `max_order` is hashed to a row; a word longer than the longest n-gram has a row of its
//! own too. Han and kana carry a word in one or two characters, and have no spaces: there the n-grams are of 1 to 3
//! characters, without brackets, and no word counts as a whole.

use super::text::{Group, MAX_WORD, Word};

/// Which n-grams a model knows. Part of the model file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Features {
    /// Rows of the table.
    pub(crate) rows: u32,
    /// Characters of the shortest n-gram, brackets included.
    pub(crate) min_order: u8,
    /// Characters of the longest.
    pub(crate) max_order: u8,
    /// Whether words have rows.
    pub(crate) words: bool,
    /// The group of Han and kana.
    pub(crate) han: Group,
}

/// Most rows of one word: it has at most `MAX_WORD` + 2 characters, and n-grams of at most 8 orders start at each.
pub(crate) const MAX_ORDERS: u8 = 8;

/// Longest n-gram of Han and kana.
const MAX_HAN_ORDER: usize = 3;

/// FNV-1a, 32 bits.
const FNV_BASIS: u32 = 0x811c_9dc5;
const FNV_PRIME: u32 = 0x0100_0193;

impl Features {
    /// Hands each row of `word` to `on_row`, n-grams that occur twice twice.
    #[inline]
    pub(crate) fn rows_of(self, word: Word<'_>, mut on_row: impl FnMut(u32)) {
        let mut text = [0u8; MAX_WORD + 2];
        let end = word.bytes.len();
        if word.group == self.han {
            self.n_grams(word.bytes, 1, MAX_HAN_ORDER, &mut on_row);
            return;
        }
        text[0] = b'<';
        text[1..=end].copy_from_slice(word.bytes);
        text[end + 1] = b'>';
        let text = &text[..end + 2];
        let chars = self.n_grams(text, self.min_order as usize, self.max_order as usize, &mut on_row);
        if self.words && chars > self.max_order as usize {
            let hash = text.iter().fold(!FNV_BASIS, |hash, byte| step(hash, *byte));
            on_row(self.row(hash));
        }
    }

    /// Rows of all n-grams of `text`; returns its characters.
    #[inline]
    fn n_grams(self, text: &[u8], min: usize, max: usize, on_row: &mut impl FnMut(u32)) -> usize {
        let mut chars = 0;
        let mut start = 0;
        while start < text.len() {
            chars += 1;
            let mut hash = FNV_BASIS;
            let mut at = start;
            let mut first_end = text.len();
            for order in 1..=max {
                if at == text.len() {
                    break;
                }
                hash = step(hash, text[at]);
                at += 1;
                // A character's other bytes; ASCII has none.
                while at < text.len() && is_continuation(text[at]) {
                    hash = step(hash, text[at]);
                    at += 1;
                }
                if order == 1 {
                    first_end = at;
                }
                if order >= min {
                    on_row(self.row(hash));
                }
            }
            start = first_end;
        }
        chars
    }

    /// Spreads a hash over the rows. FNV-1a's low bits are its better ones, and the product takes the high ones.
    #[inline]
    fn row(self, hash: u32) -> u32 {
        let mixed = (hash ^ hash >> 15).wrapping_mul(0x9e37_79b1);
        let mixed = mixed ^ mixed >> 13;
        ((u64::from(mixed.wrapping_mul(0x85eb_ca6b)) * u64::from(self.rows)) >> 32) as u32
    }
}

#[inline]
fn step(hash: u32, byte: u8) -> u32 {
    (hash ^ u32::from(byte)).wrapping_mul(FNV_PRIME)
}

#[inline]
fn is_continuation(byte: u8) -> bool {
    byte & 0xc0 == 0x80
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::text::{Counts, group_of, read};
    use super::*;
    use crate::script::Script;

    fn features() -> Features {
        let han = group_of(Script::HANI).unwrap();
        Features { rows: 1 << 20, min_order: 2, max_order: 5, words: true, han }
    }

    fn rows(text: &str) -> Vec<u32> {
        let mut rows = Vec::new();
        read(text, &mut Counts::default(), |word| {
            features().rows_of(word, |row| rows.push(row));
            true
        });
        rows
    }

    #[test]
    fn a_word_has_a_row_for_each_n_gram_and_one_for_itself() {
        // <leo> has five characters: four, three, two and one n-gram of orders 2 to 5; the last is the word.
        assert_eq!(rows("leo").len(), 10);
        // <habari>: 7 + 6 + 5 + 4, and the word.
        assert_eq!(rows("habari").len(), 23);
        // Characters count, not bytes.
        assert_eq!(rows("ሰላም").len(), rows("leo").len());
    }

    #[test]
    fn han_has_single_characters_and_no_brackets() {
        assert_eq!(rows("学校").len(), 3);
        assert_eq!(rows("学校へ").len(), 6);
        assert_eq!(rows("学")[0], rows("学校")[0]);
    }

    #[test]
    fn rows_are_the_same_on_every_platform() {
        assert_eq!(rows("na"), [421_931, 28_235, 746_090, 213_384, 783_098, 634_551]);
    }

    #[test]
    fn rows_stay_within_the_table_and_spread_over_it() {
        let different: BTreeSet<u32> = (0..4000).flat_map(|n| rows(&letters(n))).collect();
        let mut used = [0u32; 16];
        for row in different {
            used[(row >> 16) as usize] += 1;
        }
        let (least, most) = (used.iter().min().unwrap(), used.iter().max().unwrap());
        assert!(*least * 2 > *most, "{used:?}");
    }

    fn letters(mut n: u32) -> String {
        let mut text = String::new();
        while n > 0 {
            text.push(char::from(b'a' + (n % 26) as u8));
            n /= 26;
        }
        text
    }
}
