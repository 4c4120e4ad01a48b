use super::*;
use crate::quality::segment::Segmenter;
use proptest::prelude::*;
use std::collections::{HashMap, HashSet};

fn grams(text: &str) -> Grams {
    let mut segmenter = Segmenter::new();
    GramCounter::default().count(&segmenter.segment(text), None)
}

/// datatrove's definition, word for word in strings.
fn top(words: &[&str], n: usize) -> u64 {
    let mut counts: HashMap<String, (usize, u64)> = HashMap::new();
    for (place, window) in words.windows(n).enumerate() {
        counts.entry(window.join(" ")).or_insert((place, 0)).1 += 1;
    }
    let best = counts.iter().max_by_key(|(_, (place, times))| (*times, std::cmp::Reverse(*place)));
    best.map_or(0, |(gram, (_, times))| gram.chars().count() as u64 * times)
}

fn duplicate(words: &[&str], n: usize) -> u64 {
    let (mut seen, mut place, mut chars) = (HashSet::new(), 0, 0);
    while place + n <= words.len() {
        let gram = words[place..place + n].join("\0");
        if seen.contains(&gram) {
            chars += words[place..place + n].iter().map(|word| word.chars().count() as u64).sum::<u64>();
            place += n;
        } else {
            seen.insert(gram);
            place += 1;
        }
    }
    chars
}

#[test]
fn words_are_counted_and_weighed() {
    let found = grams("moja mbili moja tatu .");
    assert_eq!((found.words, found.distinct_words), (4, 3));
    // Probabilities 1/2, 1/4, 1/4.
    assert!((found.entropy - 1.5 * std::f64::consts::LN_2).abs() < 1e-12);
}

#[test]
fn a_text_without_repetition_still_has_a_first_gram() {
    assert_eq!(grams("አንድ ሁለት ሦስት አራት").top, [7, 11, 15]);
    assert_eq!(grams("አንድ").top, [0, 0, 0]);
}

#[test]
fn one_numbers_are_not_counted_beyond_the_cap() {
    let text = "a b ".repeat(MAX_TOKENS);
    let found = grams(&text);
    assert_eq!(found.chars, 2 * MAX_TOKENS as u64);
    assert!(found.duplicate[0] * 2 > found.chars - 20);
}

proptest! {
    #[test]
    fn grams_are_those_of_the_definition(words in prop::collection::vec("[abc]|मा|ሀለ|[a-z]{1,3}", 0..120)) {
        let text = words.join(" ");
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let found = grams(&text);
        for n in 2..=4 {
            prop_assert_eq!(found.top[n - 2], top(&words, n), "top {}", n);
        }
        for n in 5..=10 {
            prop_assert_eq!(found.duplicate[n - 5], duplicate(&words, n), "duplicate {}", n);
        }
    }

    #[test]
    fn many_copies_are_scanned_as_defined(words in prop::collection::vec("[ab]", 0..200)) {
        let text = words.join(" ");
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let found = grams(&text);
        for n in 5..=10 {
            prop_assert_eq!(found.duplicate[n - 5], duplicate(&words, n), "duplicate {}", n);
        }
    }
}
