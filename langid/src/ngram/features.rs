//! A word's features: rows of the table for its character n-grams and for itself.
//!
//! A word is wrapped in `<` and `>`, so that beginnings and ends are told from the middle, and n-grams of characters, of
//! the lengths that the model has, are hashed to rows; a word longer than the longest n-gram has a row of its own too.
//! Han and kana carry a word in one or two characters, and have no spaces: there the n-grams are of 1 to 3 characters,
//! without brackets, and no word counts as a whole.

use super::known::{self, Known};
use super::text::{Group, MAX_WORD, Word};

/// Which n-grams a model knows. Part of the model file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Features {
    /// Rows of the table.
    pub(crate) rows: u32,
    /// Characters of the n-grams, brackets included.
    pub(crate) orders: Orders,
    /// Whether words have rows.
    pub(crate) words: bool,
    /// The n-grams that count, if not all do; the shortest ones always do.
    pub(crate) known: Option<Known>,
    /// The group of Han and kana.
    pub(crate) han: Group,
}

/// Most characters of an n-gram. A word has at most `MAX_WORD` + 2 characters, and n-grams of so many orders start at each.
pub(crate) const MAX_ORDER: u8 = 8;

/// Longest n-gram of Han and kana.
const MAX_HAN_ORDER: u8 = 3;

/// A set of n-gram lengths, at least one; bit `n - 1` stands for `n` characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Orders(u8);

impl Orders {
    /// From the bits of a file.
    pub(crate) fn from_bits(bits: u8) -> Option<Orders> {
        (bits != 0).then_some(Orders(bits))
    }

    pub(crate) fn bits(self) -> u8 {
        self.0
    }

    /// All from `min` to `max`, which are within 1 to [`MAX_ORDER`].
    pub(crate) fn range(min: u8, max: u8) -> Orders {
        Orders((min..=max).fold(0, |bits, order| bits | 1 << (order - 1)))
    }

    /// From digits: `235` are two, three and five characters.
    #[cfg(any(test, feature = "train"))]
    pub(crate) fn parse(digits: &str) -> Option<Orders> {
        let bits = digits.bytes().try_fold(0, |bits, digit| match digit {
            b'1'..=b'8' => Some(bits | 1 << (digit - b'1')),
            _ => None,
        });
        bits.and_then(Orders::from_bits)
    }

    fn has(self, order: u8) -> bool {
        self.0 >> (order - 1) & 1 == 1
    }

    fn max(self) -> u8 {
        MAX_ORDER - self.0.leading_zeros() as u8
    }
}

/// FNV-1a, 32 bits.
const FNV_BASIS: u32 = 0x811c_9dc5;
const FNV_PRIME: u32 = 0x0100_0193;

impl Features {
    /// Hands each row of `word` to `on_row`, n-grams that occur twice twice.
    #[inline]
    pub(crate) fn rows_of(&self, word: Word<'_>, mut on_row: impl FnMut(u32)) {
        let mut text = [0u8; MAX_WORD + 2];
        let (text, orders) = self.text_of(word, &mut text);
        let mut chars = 0;
        starts(text, |start| {
            chars += 1;
            let mut shortest = true;
            n_grams(start, orders, |hash| {
                if shortest || self.is_known(hash) {
                    on_row(self.row(hash));
                }
                shortest = false;
            });
        });
        if self.words && word.group != self.han && chars > orders.max() {
            let hash = word_hash(text);
            if self.is_known(hash) {
                on_row(self.row(hash));
            }
        }
    }

    /// Hands the hashes of all n-grams of `word` and of itself to `on_hash`, known or not, and whether it is the word's.
    #[cfg(feature = "train")]
    pub(crate) fn hashes_of(&self, word: Word<'_>, mut on_hash: impl FnMut(u32, bool)) {
        let mut text = [0u8; MAX_WORD + 2];
        let (text, orders) = self.text_of(word, &mut text);
        let mut chars = 0;
        starts(text, |start| {
            chars += 1;
            n_grams(start, orders, |hash| on_hash(hash, false));
        });
        if self.words && word.group != self.han && chars > orders.max() {
            on_hash(word_hash(text), true);
        }
    }

    #[inline]
    fn is_known(&self, hash: u32) -> bool {
        self.known.as_ref().is_none_or(|known| known.has(hash))
    }

    /// A word in its brackets, and the orders of its script.
    #[inline]
    fn text_of<'a>(&self, word: Word<'a>, text: &'a mut [u8; MAX_WORD + 2]) -> (&'a [u8], Orders) {
        if word.group == self.han {
            return (word.bytes, Orders::range(1, MAX_HAN_ORDER));
        }
        let end = word.bytes.len();
        text[0] = b'<';
        text[1..=end].copy_from_slice(word.bytes);
        text[end + 1] = b'>';
        (&text[..end + 2], self.orders)
    }

    #[inline]
    fn row(&self, hash: u32) -> u32 {
        match &self.known {
            Some(known) => known.row(hash, self.rows),
            None => known::row(hash, 0, self.rows),
        }
    }
}

/// Hands what is left of `text` at each of its characters to `on_start`.
#[inline]
fn starts(text: &[u8], mut on_start: impl FnMut(&[u8])) {
    let mut start = 0;
    while start < text.len() {
        on_start(&text[start..]);
        start += 1;
        while start < text.len() && is_continuation(text[start]) {
            start += 1;
        }
    }
}

/// Hashes of the n-grams that `text` starts with, the shortest first.
#[inline]
fn n_grams(text: &[u8], orders: Orders, mut on_hash: impl FnMut(u32)) {
    let mut hash = FNV_BASIS;
    let mut at = 0;
    for order in 1..=orders.max() {
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
        if orders.has(order) {
            on_hash(hash);
        }
    }
}

fn word_hash(text: &[u8]) -> u32 {
    text.iter().fold(!FNV_BASIS, |hash, byte| step(hash, *byte))
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
        Features { rows: 1 << 20, orders: Orders::range(2, 5), words: true, known: None, han }
    }

    fn rows(text: &str) -> Vec<u32> {
        rows_with(&features(), text)
    }

    fn rows_with(features: &Features, text: &str) -> Vec<u32> {
        let mut rows = Vec::new();
        read(text, &mut Counts::default(), |word| {
            features.rows_of(word, |row| rows.push(row));
            true
        });
        rows
    }

    /// The set of some n-grams.
    fn known(n_grams: &[&str]) -> Known {
        let hashes: Vec<u32> = n_grams.iter().map(|n_gram| n_gram.bytes().fold(FNV_BASIS, step)).collect();
        Known::new(&hashes, 12, 1 << 20)
    }

    #[test]
    fn orders_are_a_set_of_lengths() {
        let orders = Orders::parse("42").unwrap();
        assert_eq!((orders, orders.max()), (Orders::parse("24").unwrap(), 4));
        assert!(!orders.has(1) && orders.has(2) && !orders.has(3) && orders.has(4));
        assert_eq!(Orders::from_bits(orders.bits()), Some(orders));
        assert_eq!(Orders::range(2, 5), Orders::parse("2345").unwrap());
        assert_eq!([Orders::parse(""), Orders::parse("29"), Orders::parse("0")], [None; 3]);
        // <leo>: four n-grams of two characters, two of four, and the word.
        assert_eq!(rows_with(&Features { orders, ..features() }, "leo").len(), 7);
    }

    #[test]
    fn n_grams_that_are_not_known_have_no_rows_unless_they_are_shortest() {
        let orders = Orders::parse("24").unwrap();
        let some = Features { orders, known: Some(known(&["<leo"])), ..features() };
        assert_eq!(rows_with(&some, "leo").len(), 5);
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
