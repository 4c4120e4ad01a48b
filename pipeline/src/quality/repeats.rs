//! What a text says more than once: words, n-grams of tokens, lines, paragraphs.
//!
//! # How n-grams are counted
//! Every different token has a number. An n-gram is the pair of the two (n-1)-grams that it is made of, and both must
//! occur more than once if it does. So each length looks only at the places where the one before found copies, and
//! tells n-grams apart by the pair of their numbers: exactly, without a hash of their text, in time that falls with
//! every length. Only the numbers of tokens rest on a hash (xxh3, 64 bits).
//!
//! datatrove's scan of the copies goes through the places in order: an n-gram that was seen counts, and the scan goes on
//! behind it. That depends on no more than the numbers of the n-grams that occur at least twice.
//!
//! # Cost
//! Linear. N-grams are those of the first [`MAX_TOKENS`] tokens, and their shares are of the text up to there.

use std::ops::RangeInclusive;

use xxhash_rust::xxh3::xxh3_64;

use super::measure::StopWords;
use super::segment::Segments;

/// Of how many tokens the n-grams are counted: ten times as many as Gopher lets a document have. It bounds memory.
pub(crate) const MAX_TOKENS: usize = 1_000_000;

/// For how many different keys there is room at first, at most.
const FIRST_KEYS: usize = 1 << 14;

/// Lengths of n-grams of which the most frequent one counts.
const TOP: RangeInclusive<usize> = 2..=4;

/// Lengths of n-grams of which all copies count.
const DUPLICATE: RangeInclusive<usize> = 5..=10;

/// Not a number of anything that occurs more than once.
const NONE: u32 = u32::MAX;

/// Numbers things by keys, in order of appearance, and counts them.
#[derive(Debug, Default)]
pub(crate) struct Numbers {
    /// Open addressing: a key (0 is free) and a number.
    slots: Vec<(u64, u32)>,
    shift: u32,
    counts: Vec<u32>,
    /// Where each was first.
    places: Vec<u32>,
}

impl Numbers {
    /// Forgets all, and makes room for about this many different keys; there is always room for more.
    pub(crate) fn start(&mut self, keys: usize) {
        self.slots.clear();
        self.slots.shrink_to(MAX_TOKENS * 2);
        self.resize((keys.min(FIRST_KEYS) * 2).next_power_of_two().max(16));
        self.counts.clear();
        self.places.clear();
    }

    fn resize(&mut self, slots: usize) {
        self.slots.resize(slots, (0, 0));
        self.shift = 64 - slots.trailing_zeros();
    }

    /// The slot of a key, or the free one where it belongs.
    fn slot(&self, key: u64) -> usize {
        // Fibonacci hashing: the upper bits of the product depend on all bits of the key.
        let mut slot = (key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> self.shift) as usize;
        while self.slots[slot].0 != key && self.slots[slot].0 != 0 {
            slot = (slot + 1) & (self.slots.len() - 1);
        }
        slot
    }

    /// The number of a key, which now occurs once more.
    pub(crate) fn count(&mut self, key: u64, place: u32) -> u32 {
        let key = key.max(1);
        let slot = self.slot(key);
        if self.slots[slot].0 == key {
            let number = self.slots[slot].1;
            self.counts[number as usize] += 1;
            return number;
        }
        let number = self.counts.len() as u32;
        self.slots[slot] = (key, number);
        self.counts.push(1);
        self.places.push(place);
        if self.counts.len() * 2 > self.slots.len() {
            self.grow();
        }
        number
    }

    fn grow(&mut self) {
        let old = std::mem::take(&mut self.slots);
        self.resize(old.len() * 2);
        for (key, number) in old.into_iter().filter(|(key, _)| *key != 0) {
            let slot = self.slot(key);
            self.slots[slot] = (key, number);
        }
    }

    pub(crate) fn times(&self, number: u32) -> u32 {
        self.counts[number as usize]
    }

    /// The first of the most frequent: its place and how often it occurs.
    fn most_frequent(&self) -> Option<(usize, u32)> {
        let (mut number, mut times) = (0, 0);
        for (at, count) in self.counts.iter().enumerate() {
            if *count > times {
                (number, times) = (at, *count);
            }
        }
        (times > 0).then(|| (self.places[number] as usize, times))
    }
}

/// What the n-grams of a text say.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Grams {
    /// Characters of the text that these counts cover.
    pub(crate) chars: u64,
    /// Words among the tokens, and different ones.
    pub(crate) words: u32,
    pub(crate) distinct_words: u32,
    /// In nats.
    pub(crate) entropy: f64,
    pub(crate) stop_words: u32,
    pub(crate) distinct_stop_words: u32,
    /// Characters of the most frequent 2-, 3- and 4-gram, with spaces between, as often as they occur.
    pub(crate) top: [u64; 3],
    /// Characters of copies of 5- to 10-grams, without spaces.
    pub(crate) duplicate: [u64; 6],
}

/// Counts n-grams; keeps its buffers between texts.
#[derive(Debug, Default)]
pub(crate) struct GramCounter {
    numbers: Numbers,
    /// The number of the n-gram at each token, [`NONE`] where it occurs once.
    grams: Vec<u32>,
    /// Characters of all tokens before each.
    chars: Vec<u32>,
    seen: Vec<bool>,
}

impl GramCounter {
    pub(crate) fn count(&mut self, segments: &Segments<'_>, stop_words: Option<&StopWords>) -> Grams {
        let tokens = &segments.tokens[..segments.tokens.len().min(MAX_TOKENS)];
        let covered = if tokens.len() < segments.tokens.len() {
            &segments.text[..segments.tokens[tokens.len()].range().start]
        } else {
            segments.text
        };
        let mut grams = Grams { chars: char_count(covered), ..Grams::default() };
        self.grams.clear();
        self.chars.clear();
        self.numbers.start(tokens.len());
        let mut chars = 0;
        for (place, token) in tokens.iter().enumerate() {
            let text = &segments.text[token.range()];
            self.chars.push(chars);
            chars += token.chars(segments.text);
            grams.words += u32::from(token.is_word());
            self.grams.push(self.numbers.count(xxh3_64(text.as_bytes()), place as u32));
        }
        self.chars.push(chars);
        self.describe_words(segments, stop_words, &mut grams);
        let mut repeated = self.forget_single();
        for n in *TOP.start()..=*DUPLICATE.end() {
            if tokens.len() < n {
                break;
            }
            if repeated > 0 {
                repeated = self.lengthen(repeated, tokens.len() + 1 - n);
            }
            if TOP.contains(&n) {
                let (place, times) = self.numbers.most_frequent().filter(|_| repeated > 0).unwrap_or((0, 1));
                grams.top[n - TOP.start()] = (self.length(place, n) + n as u64 - 1) * u64::from(times);
            } else if repeated > 0 {
                grams.duplicate[n - DUPLICATE.start()] = self.scan_copies(n);
            }
        }
        grams
    }

    /// Characters of `n` tokens.
    fn length(&self, place: usize, n: usize) -> u64 {
        u64::from(self.chars[place + n] - self.chars[place])
    }

    fn describe_words(&self, segments: &Segments<'_>, stop_words: Option<&StopWords>, grams: &mut Grams) {
        let mut weighted = 0.0;
        for (times, place) in self.numbers.counts.iter().zip(&self.numbers.places) {
            let token = segments.tokens[*place as usize];
            if token.is_word() {
                grams.distinct_words += 1;
                if *times > 1 {
                    weighted += f64::from(*times) * f64::from(*times).ln();
                }
            }
            if stop_words.is_some_and(|stop_words| stop_words.contains(segments.token(token))) {
                grams.distinct_stop_words += 1;
                grams.stop_words += times;
            }
        }
        if grams.words > 0 {
            // -sum(p ln p) with p = times / words; words that occur once add nothing to `weighted`.
            let words = f64::from(grams.words);
            grams.entropy = (words.ln() - weighted / words).max(0.0);
        }
    }

    /// Leaves the numbers of those that occur at least twice; says at how many places they are.
    fn forget_single(&mut self) -> usize {
        let mut repeated = 0;
        for gram in &mut self.grams {
            if *gram != NONE && self.numbers.counts[*gram as usize] < 2 {
                *gram = NONE;
            }
            repeated += usize::from(*gram != NONE);
        }
        repeated
    }

    /// From the numbers of (n-1)-grams to those of n-grams, of which there are `places`.
    fn lengthen(&mut self, repeated: usize, places: usize) -> usize {
        self.numbers.start(repeated);
        for place in 0..places {
            let (first, second) = (self.grams[place], self.grams[place + 1]);
            self.grams[place] = if first == NONE || second == NONE {
                NONE
            } else {
                self.numbers.count((u64::from(first) + 1) << 32 | u64::from(second), place as u32)
            };
        }
        self.grams.truncate(places);
        self.forget_single()
    }

    /// Characters of copies, as datatrove scans for them.
    fn scan_copies(&mut self, n: usize) -> u64 {
        self.seen.clear();
        self.seen.resize(self.numbers.counts.len(), false);
        let (mut place, mut chars) = (0, 0);
        while let Some(gram) = self.grams.get(place).copied() {
            if gram == NONE {
                place += 1;
            } else if std::mem::replace(&mut self.seen[gram as usize], true) {
                chars += self.length(place, n);
                place += n;
            } else {
                place += 1;
            }
        }
        chars
    }
}

/// Lines or paragraphs that occur more than once.
#[derive(Debug, Default)]
pub(crate) struct Copies {
    numbers: Numbers,
    /// By number: characters of one of them.
    chars: Vec<u32>,
}

impl Copies {
    pub(crate) fn start(&mut self, most: usize) {
        self.numbers.start(most);
        self.chars.clear();
    }

    /// Whether the same was seen before.
    pub(crate) fn see(&mut self, text: &str, chars: u32) -> bool {
        let number = self.numbers.count(xxh3_64(text.as_bytes()), 0);
        if number as usize == self.chars.len() {
            self.chars.push(chars);
        }
        self.numbers.times(number) > 1
    }

    /// All that occurred at least twice: how many, and their characters.
    pub(crate) fn repeated(&self) -> (u64, u64) {
        let repeated = self.numbers.counts.iter().zip(&self.chars).filter(|(times, _)| **times > 1);
        repeated.fold((0, 0), |(count, all), (times, chars)| {
            (count + u64::from(*times), all + u64::from(*times) * u64::from(*chars))
        })
    }
}

/// Characters of a text, faster than by iterating: bytes that do not continue one.
pub(crate) fn char_count(text: &str) -> u64 {
    text.bytes().map(|byte| u64::from(byte & 0xc0 != 0x80)).sum()
}

#[cfg(test)]
#[path = "repeats_tests.rs"]
mod tests;
