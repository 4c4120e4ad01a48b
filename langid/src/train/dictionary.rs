//! The words of all lines by number, their rows, and the n-grams that are worth a row.

use std::collections::HashMap;

use super::{Recipe, Words};
use crate::ngram::features::Features;
use crate::ngram::known::Known;
use crate::ngram::text::{Counts, Group, Word, composed, read};

/// A line as a range of the text by number.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub(super) start: u32,
    pub(super) end: u32,
    pub(super) source: u32,
    /// The line without its diacritics, if that makes a difference.
    pub(super) plain: Option<(u32, u32)>,
}

/// Words by number, in the order in which they were met.
#[derive(Default)]
pub(super) struct Dictionary {
    numbers: HashMap<Box<[u8]>, u32>,
    words: Vec<(Group, Box<[u8]>)>,
}

impl Dictionary {
    pub(super) fn number(&mut self, word: Word<'_>) -> u32 {
        if let Some(number) = self.numbers.get(word.bytes) {
            return *number;
        }
        let number = self.numbers.len() as u32;
        self.numbers.insert(word.bytes.into(), number);
        self.words.push((word.group, word.bytes.into()));
        number
    }

    /// Adds the words of one script to `text`; returns their range.
    pub(super) fn add(&mut self, line: &str, group: Group, text: &mut Vec<u32>) -> (u32, u32) {
        let start = text.len() as u32;
        read(&composed(line), &mut Counts::default(), |word| {
            if word.group == group {
                text.push(self.number(word));
            }
            true
        });
        (start, text.len() as u32)
    }

    fn word(&self, number: u32) -> Word<'_> {
        let (group, bytes) = &self.words[number as usize];
        Word { group: *group, bytes }
    }

    /// The rows of all words.
    pub(super) fn rows(&self, features: &Features) -> Words {
        let mut words = Words { rows: Vec::new(), starts: vec![0] };
        for number in 0..self.words.len() as u32 {
            features.rows_of(self.word(number), |row| words.rows.push(row));
            words.starts.push(words.rows.len() as u32);
        }
        words
    }

    /// The n-grams that stand often enough in the words of some label.
    pub(super) fn known(
        &self,
        labels: &[Vec<Span>],
        text: &[u32],
        features: &Features,
        recipe: &Recipe,
    ) -> Known {
        let mut known = Vec::new();
        let mut hashes = Vec::new();
        for spans in labels {
            let mut own: Vec<u32> = spans
                .iter()
                .flat_map(|span| &text[span.start as usize..span.end as usize])
                .copied()
                .collect();
            own.sort_unstable();
            hashes.clear();
            for same in own.chunk_by(|one, other| one == other) {
                features.hashes_of(self.word(same[0]), |hash, is_word| {
                    hashes.push((hash, is_word, same.len() as u32));
                });
            }
            hashes.sort_unstable();
            let all: u64 = hashes.iter().map(|(.., times)| u64::from(*times)).sum();
            let least = |share: f32| (all as f32 * share).max(recipe.known_times as f32);
            let least = [least(recipe.known_share), least(recipe.known_word_share)];
            for same in hashes.chunk_by(|one, other| one.0 == other.0) {
                let times: u32 = same.iter().map(|(.., times)| times).sum();
                if times as f32 >= least[usize::from(same[0].1)] {
                    known.push(same[0].0);
                }
            }
        }
        known.sort_unstable();
        known.dedup();
        Known::new(&known, recipe.known_log2, recipe.rows)
    }
}
