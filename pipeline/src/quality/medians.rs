//! Medians of languages for the score of whole documents, from trusted text.
//!
//! # What it does
//! `web_docs.rs` holds a page's digits, punctuation and symbols against what is usual, in percent of the letters and marks
//! that words are made of. Its bounds were set on Spanish web pages. Trusted text is cleaner than those, so its own medians
//! would be too strict; what is taken from it is how a language differs from Spanish in text of the same kind:
//!
//! - **Punctuation**: Spanish's median times the ratio of the two languages' medians, source by source; the median of the
//!   sources counts. A source without Spanish is held against its English, and that against Spanish in the sources that have
//!   both.
//! - **Digits and symbols**: next to none are in trusted text. One of them stands for a word as it does in Spanish, so their
//!   share of the letters is the larger the fewer letters a word has: Spanish's medians times the ratio of the lengths of
//!   words, the other way round.
//!
//! A language without a source in common with either has none, and is judged by Spanish's.
//!
//! # Precedent
//! web-docs-scorer (HPLT) scales its bounds by medians of each language's web pages.

use std::collections::BTreeMap;

use super::fit::{MODEL, Sample};
use super::signals::Signals;
use super::web_docs::{Medians, REFERENCE};

/// The language on which the bounds were set.
const REFERENCE_LANGUAGE: &str = "spa_Latn";

/// Documents that a source must have of both languages: in 98 samples of ten out of a hundred, the true median lies between the
/// second value and the ninth.
const MIN_DOCUMENTS: usize = 10;

/// Medians of one language.
#[derive(Debug, Clone, PartialEq)]
pub struct LanguageMedians {
    /// As tables of quality name it.
    pub language: String,
    /// The medians.
    pub medians: Medians,
    /// Documents that they were derived from.
    pub documents: usize,
    /// Indexes of the sources.
    pub sources: Vec<usize>,
}

/// What is asked of a document: its punctuation, as a percentage of word characters, and the characters of its words.
#[derive(Default)]
struct Tally {
    punctuation: Vec<f64>,
    word_chars: Vec<f64>,
}

impl Tally {
    fn add(&mut self, signals: &Signals) {
        if signals.letter_share > 0.0 && signals.mean_word_chars > 0.0 {
            let [signs, letters] = [signals.punctuation_share, signals.letter_share].map(f64::from);
            self.punctuation.push(100.0 * signs / letters);
            self.word_chars.push(f64::from(signals.mean_word_chars));
        }
    }

    fn usual(&self) -> Option<Usual> {
        (self.punctuation.len() >= MIN_DOCUMENTS)
            .then(|| Usual { punctuation: median(&self.punctuation), word_chars: median(&self.word_chars) })
    }
}

/// What is usual in a language in one source, or the ratio of two.
#[derive(Clone, Copy)]
struct Usual {
    punctuation: f64,
    word_chars: f64,
}

impl Usual {
    fn over(self, other: Self) -> Self {
        Self {
            punctuation: self.punctuation / other.punctuation,
            word_chars: self.word_chars / other.word_chars,
        }
    }

    /// The median of each.
    fn middle(all: &[Self]) -> Self {
        let of = |get: fn(&Self) -> f64| median(&all.iter().map(get).collect::<Vec<_>>());
        Self { punctuation: of(|one| one.punctuation), word_chars: of(|one| one.word_chars) }
    }
}

/// The medians of each language that has enough documents in a source that has enough of Spanish, or of English.
pub fn medians(samples: &[Sample]) -> Vec<LanguageMedians> {
    let mut tallies: BTreeMap<&str, BTreeMap<usize, Tally>> = BTreeMap::new();
    for sample in samples {
        tallies.entry(&sample.language).or_default().entry(sample.source).or_default().add(&sample.signals);
    }
    let reference = reference(&tallies);
    let of_language = |(language, sources): (&str, BTreeMap<usize, Tally>)| {
        let usual = sources.iter().filter_map(|(source, tally)| {
            Some((*source, tally.punctuation.len(), tally.usual()?.over(*reference.get(source)?)))
        });
        let usual: Vec<(usize, usize, Usual)> = usual.collect();
        if usual.is_empty() {
            return None;
        }
        let ratio = Usual::middle(&usual.iter().map(|(_, _, ratio)| *ratio).collect::<Vec<_>>());
        Some(LanguageMedians {
            language: language.to_owned(),
            medians: REFERENCE.scaled(ratio.punctuation, 1.0 / ratio.word_chars)?,
            documents: usual.iter().map(|(_, documents, _)| documents).sum(),
            sources: usual.iter().map(|(source, ..)| *source).collect(),
        })
    };
    tallies
        .into_iter()
        .filter(|(language, _)| *language != REFERENCE_LANGUAGE)
        .filter_map(of_language)
        .collect()
}

/// What is usual in Spanish by source; where a source has none of it, in English, over the ratio of English to Spanish.
fn reference(tallies: &BTreeMap<&str, BTreeMap<usize, Tally>>) -> BTreeMap<usize, Usual> {
    let usual = |language: &str| -> BTreeMap<usize, Usual> {
        let sources = tallies.get(language).into_iter().flatten();
        sources.filter_map(|(source, tally)| Some((*source, tally.usual()?))).collect()
    };
    let (mut reference, english) = (usual(REFERENCE_LANGUAGE), usual(MODEL));
    let both = english.iter().filter_map(|(source, english)| Some(english.over(*reference.get(source)?)));
    let both: Vec<Usual> = both.collect();
    if !both.is_empty() {
        let ratio = Usual::middle(&both);
        for (source, english) in english {
            reference.entry(source).or_insert_with(|| english.over(ratio));
        }
    }
    reference
}

/// The middle, or the mean of the two in the middle.
fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (low, high) = (sorted[(sorted.len() - 1) / 2], sorted[sorted.len() / 2]);
    f64::midpoint(low, high)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(language: &str, source: usize, punctuation: f32, word: f32, count: usize) -> Vec<Sample> {
        let signals = |at: usize| Signals {
            letter_share: 0.8,
            punctuation_share: punctuation * 0.8 * (1.0 + at as f32 / 1000.0),
            mean_word_chars: word,
            ..Signals::default()
        };
        (0..count).map(|at| Sample { language: language.to_owned(), source, signals: signals(at) }).collect()
    }

    #[test]
    fn a_language_is_held_against_spanish_in_text_of_the_same_kind() {
        let mut all = samples("spa_Latn", 0, 0.03, 4.8, 20);
        all.extend(samples("spa_Latn", 1, 0.06, 4.8, 20));
        all.extend(samples("zho_Hans", 0, 0.12, 1.6, 20));
        all.extend(samples("tha_Thai", 1, 0.003, 3.2, 20));
        all.extend(samples("kik_Latn", 2, 0.05, 4.0, 20));
        all.extend(samples("amh_Ethi", 0, 0.05, 4.0, 9));
        let found = medians(&all);
        let of = |language: &str| found.iter().find(|one| one.language == language);
        assert_eq!(found.len(), 2);
        let near = |found: Medians, [numbers, punctuation, symbols]: [f64; 3]| {
            let other = Medians::new(numbers, punctuation, symbols).unwrap();
            found.values().iter().zip(other.values()).all(|(a, b)| (a / b - 1.0).abs() < 0.02)
        };
        let chinese = of("zho_Hans").unwrap();
        assert!(near(chinese.medians, [3.9, 9.6, 0.9]), "{chinese:?}");
        assert_eq!((chinese.documents, chinese.sources.as_slice()), (20, [0].as_slice()));
        let thai = of("tha_Thai").unwrap();
        assert!(near(thai.medians, [1.95, 0.12, 0.45]), "{thai:?}");
    }

    #[test]
    fn a_source_without_spanish_is_held_against_its_english() {
        let mut all = samples("spa_Latn", 0, 0.03, 4.8, 20);
        all.extend(samples("eng_Latn", 0, 0.036, 4.4, 20));
        all.extend(samples("eng_Latn", 1, 0.05, 4.0, 20));
        all.extend(samples("luo_Latn", 1, 0.05, 4.0, 20));
        let found = medians(&all);
        let luo = found.iter().find(|one| one.language == "luo_Latn").unwrap();
        let english = found.iter().find(|one| one.language == "eng_Latn").unwrap();
        assert_eq!((luo.medians, luo.sources.as_slice()), (english.medians, [1].as_slice()));
        assert!((luo.medians.values()[1] - 2.88).abs() < 0.01, "{luo:?}");
    }

    #[test]
    fn a_language_without_punctuation_or_without_spanish_beside_it_has_none() {
        let mut all = samples("spa_Latn", 0, 0.03, 4.8, 20);
        all.extend(samples("bod_Tibt", 0, 0.0, 2.0, 20));
        assert!(medians(&all).is_empty());
        assert!(medians(&samples("swa_Latn", 0, 0.03, 5.0, 20)).is_empty());
    }
}
