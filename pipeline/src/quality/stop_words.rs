//! Finds the words that running text of a language cannot do without.
//!
//! Counted over labelled lines, in lower case. A word counts with the lower median of its shares in the sources that have
//! enough text, so that the names of one book, or the labels of one program, do not become words of the language. What is
//! left are articles, particles, prepositions and their like. Gopher and FineWeb-2 ask a document for two different ones.

use std::collections::{BTreeMap, BTreeSet};

use kilim_langid::LangTag;
use kilim_langid::train::Line;

use super::segment::Segmenter;

/// Words that a source must have of a language for its shares to count.
const MIN_SOURCE_WORDS: u64 = 1_000;

/// Words that all sources together must have: below it, shares of one in five hundred are guesses.
const MIN_WORDS: u64 = 3_000;

/// A stop word is at least this share of all words.
const MIN_SHARE: f64 = 0.002;

/// Most words of a list, and fewest: a list of three would say more about its sources than about the language.
const MOST: usize = 40;
const FEWEST: usize = 8;

/// Share that the words of a list have together, at least: two in a text of fifty words, which is what rules ask for.
const MIN_TOGETHER: f64 = 0.04;

/// A stop word.
#[derive(Debug, Clone, PartialEq)]
pub struct StopWord {
    /// In lower case.
    pub word: String,
    /// Its share of all words: the lower median of those in the sources.
    pub share: f64,
    /// The sources that have it.
    pub sources: BTreeSet<usize>,
}

/// Words of one language in one source.
#[derive(Default)]
struct Tally {
    words: BTreeMap<String, u64>,
    all: u64,
}

impl Tally {
    fn share(&self, word: &str) -> f64 {
        self.words.get(word).map_or(0.0, |count| *count as f64 / self.all as f64)
    }
}

/// The stop words of each language that has enough text, the most frequent first. `Line::source` tells sources apart.
pub fn stop_words(lines: &[Line]) -> BTreeMap<LangTag, Vec<StopWord>> {
    let mut segmenter = Segmenter::new();
    let mut tallies: BTreeMap<LangTag, BTreeMap<usize, Tally>> = BTreeMap::new();
    for line in lines.iter().filter(|line| line.tag.is_language()) {
        let tally = tallies.entry(line.tag).or_default().entry(line.source).or_default();
        let text = line.text.to_lowercase();
        let segments = segmenter.segment(&text);
        for token in segments.tokens.iter().filter(|token| token.is_word()) {
            tally.all += 1;
            if token.is_alphabetic() {
                *tally.words.entry(segments.token(*token).to_owned()).or_default() += 1;
            }
        }
    }
    let lists = tallies.into_iter().map(|(tag, sources)| (tag, list(&sources)));
    lists.filter(|(_, list)| list.len() >= FEWEST).collect()
}

fn list(sources: &BTreeMap<usize, Tally>) -> Vec<StopWord> {
    if sources.values().map(|tally| tally.all).sum::<u64>() < MIN_WORDS {
        return Vec::new();
    }
    let large: BTreeMap<_, _> = sources.iter().filter(|(_, tally)| tally.all >= MIN_SOURCE_WORDS).collect();
    let words: BTreeSet<&String> = large.values().flat_map(|tally| tally.words.keys()).collect();
    let mut list: Vec<StopWord> = Vec::new();
    for word in words {
        let mut shares: Vec<f64> = large.values().map(|tally| tally.share(word)).collect();
        shares.sort_by(f64::total_cmp);
        let share = shares[(shares.len() - 1) / 2];
        if share >= MIN_SHARE {
            let has =
                |(source, tally): (&&usize, &&Tally)| tally.words.contains_key(word).then_some(**source);
            list.push(StopWord {
                word: word.clone(),
                share,
                sources: large.iter().filter_map(has).collect(),
            });
        }
    }
    list.sort_by(|a, b| b.share.total_cmp(&a.share).then_with(|| a.word.cmp(&b.word)));
    list.truncate(MOST);
    if list.iter().map(|word| word.share).sum::<f64>() < MIN_TOGETHER { Vec::new() } else { list }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(source: usize, tag: &str, sentences: &[&str], times: usize) -> Vec<Line> {
        let line = |text: &&str| Line { tag: tag.parse().unwrap(), source, text: (*text).to_owned() };
        sentences.iter().cycle().take(times * sentences.len()).map(line).collect()
    }

    #[test]
    fn particles_are_found_and_the_names_of_one_source_are_not() {
        let common = [
            "Mtoto wa jirani na kaka yake",
            "na mwalimu wa shule ya kijiji",
            "ya leo na ya kesho kwa wote",
            "kwa hiyo ni vizuri sana na ni kweli",
            "ni nani wa kwanza katika mji",
            "katika siku ya pili kama jana kama leo",
        ];
        let mut all = lines(0, "swa_Latn", &common, 80);
        all.extend(lines(1, "swa_Latn", &common, 60));
        all.extend(lines(1, "swa_Latn", &["Yesu Yesu Yesu"], 400));
        let found = stop_words(&all);
        let words: Vec<&str> =
            found[&"swa_Latn".parse().unwrap()].iter().map(|word| word.word.as_str()).collect();
        assert_eq!(words[0], "na");
        assert!(["ya", "wa", "ni", "kwa", "katika"].iter().all(|word| words.contains(word)), "{words:?}");
        assert!(!words.contains(&"yesu"));
    }

    #[test]
    fn a_language_with_little_text_has_no_list() {
        assert!(stop_words(&lines(0, "kik_Latn", &["mũndũ na mũndũ wa itũũra"], 20)).is_empty());
    }
}
