//! Entries of many lists found in one pass over a text.

use std::collections::BTreeMap;

use aho_corasick::{AhoCorasick, BuildError, Input, MatchKind};
use kilim_langid::LangTag;

use super::fold::{Casing, fold, pattern};

/// The list of entries that keep others from counting.
pub(super) const ALLOWED: u32 = u32::MAX;

/// Whose an entry is: a list, and a language (an index; 0 is any).
type Owner = (u32, u32);

/// An entry in its folded spelling.
#[derive(Debug)]
struct Pattern {
    /// Letters, digits and marks in it.
    letters: u32,
    /// The bytes of its spelling.
    bytes: u32,
    /// Its part of `Matcher::owners`.
    owners: std::ops::Range<u32>,
    /// The longest other entry that it begins with.
    beginning: Option<u32>,
}

/// Collects entries for a [`Matcher`].
#[derive(Debug, Default)]
pub(super) struct Entries {
    patterns: BTreeMap<String, (u32, Vec<Owner>)>,
    languages: Vec<String>,
}

/// Looks for the entries of all lists at once.
#[derive(Debug)]
pub(super) struct Matcher {
    automaton: AhoCorasick,
    patterns: Vec<Pattern>,
    owners: Vec<Owner>,
    languages: Vec<String>,
}

/// What a text has of one list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Count {
    /// Places where an entry stands.
    pub(super) hits: u32,
    /// Different entries.
    pub(super) entries: u32,
    /// Letters, digits and marks of all hits, in characters.
    pub(super) letters: u32,
}

/// Buffers between texts.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    folded: String,
    /// By list.
    pub(super) counts: Vec<Count>,
    /// The last text in which each owner's entry was seen, by owner.
    seen: Vec<u64>,
    texts: u64,
}

impl Entries {
    /// Adds an entry of a list, for one language (ISO 639-3) or for all; gives its letters, or `None` if it has none.
    pub(super) fn add(&mut self, list: u32, language: Option<&str>, entry: &str) -> Option<u32> {
        let index = language.map_or(0, |language| self.language(language));
        let mut casings = vec![language.map_or(Casing::Common, Casing::of)];
        // A Turkish text is in Turkish small letters; so is what it says in other languages.
        if language.is_none() && entry.contains('I') {
            casings.push(Casing::Turkic);
        }
        let mut letters = None;
        for casing in casings {
            let (spelling, length) = pattern(entry, casing)?;
            let (_, owners) = self.patterns.entry(spelling).or_insert_with(|| (length, Vec::new()));
            owners.push((list, index));
            letters = letters.or(Some(length));
        }
        letters
    }

    fn language(&mut self, code: &str) -> u32 {
        let known = self.languages.iter().position(|known| known == code);
        let index = known.unwrap_or_else(|| {
            self.languages.push(code.to_owned());
            self.languages.len() - 1
        });
        index as u32 + 1
    }

    /// The automaton of all entries.
    pub(super) fn build(self) -> Result<Matcher, BuildError> {
        let automaton =
            AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(self.patterns.keys())?;
        let mut owners = Vec::new();
        let mut patterns = Vec::with_capacity(self.patterns.len());
        // In alphabetical order an entry follows those it begins with.
        let mut begun: Vec<(&str, u32)> = Vec::new();
        for (index, (spelling, (letters, of))) in (0..).zip(&self.patterns) {
            while begun.last().is_some_and(|(beginning, _)| !spelling.starts_with(beginning)) {
                begun.pop();
            }
            let start = owners.len() as u32;
            let mut of = of.clone();
            of.sort_unstable();
            of.dedup();
            owners.extend(of);
            patterns.push(Pattern {
                letters: *letters,
                bytes: spelling.len() as u32,
                owners: start..owners.len() as u32,
                beginning: begun.last().map(|(_, index)| *index),
            });
            begun.push((spelling, index));
        }
        Ok(Matcher { automaton, patterns, owners, languages: self.languages })
    }
}

impl Matcher {
    /// Counts what `texts` have of each of `lists` lists into `scratch.counts`; gives the letters, digits and marks
    /// of the texts.
    ///
    /// Where entries overlap, the first counts, and of those that begin at one place the longest. Only entries of
    /// `language` and of all languages are there.
    pub(super) fn count(
        &self,
        texts: &[&str],
        language: Option<LangTag>,
        lists: usize,
        scratch: &mut Scratch,
    ) -> u32 {
        let applies: Vec<bool> = std::iter::once(true)
            .chain(
                self.languages
                    .iter()
                    .map(|code| language.is_some_and(|tag| kilim_langid::matches(code, tag))),
            )
            .collect();
        scratch.folded.clear();
        scratch.counts.clear();
        scratch.counts.resize(lists, Count::default());
        scratch.seen.resize(self.owners.len(), 0);
        scratch.texts += 1;
        let casing = language.map_or(Casing::Common, |tag| Casing::of(tag.code()));
        let letters = texts.iter().map(|text| fold(text, casing, &mut scratch.folded)).sum();

        let mut at = 0;
        while let Some(found) = self.automaton.find(Input::new(&scratch.folded).range(at..)) {
            let mut pattern = Some(found.pattern().as_u32());
            at = loop {
                let Some(index) = pattern else {
                    // Nothing that counts begins here.
                    let next = scratch.folded[found.start()..].chars().next().map_or(1, char::len_utf8);
                    break found.start() + next;
                };
                let entry = &self.patterns[index as usize];
                if self.take(entry, &applies, scratch) {
                    break found.start() + entry.bytes as usize;
                }
                pattern = entry.beginning;
            };
        }
        letters
    }

    /// Counts a hit for all lists that have the entry; false if none does in this language.
    fn take(&self, entry: &Pattern, applies: &[bool], scratch: &mut Scratch) -> bool {
        let owners = entry.owners.start as usize..entry.owners.end as usize;
        let mut taken = false;
        let mut last = None;
        let allowed = self.owners[owners.clone()]
            .iter()
            .any(|(list, language)| *list == ALLOWED && applies[*language as usize]);
        if allowed {
            return true;
        }
        for owner in owners {
            let (list, language) = self.owners[owner];
            if list == ALLOWED || !applies[language as usize] {
                continue;
            }
            taken = true;
            // An entry may stand in a list for its language and for all.
            if last == Some(list) {
                continue;
            }
            last = Some(list);
            let count = &mut scratch.counts[list as usize];
            count.hits += 1;
            count.letters += entry.letters;
            count.entries += u32::from(scratch.seen[owner] != scratch.texts);
            scratch.seen[owner] = scratch.texts;
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(entries: &[(u32, &str, &str)], lang: &str, text: &str) -> Vec<(u32, u32, u32)> {
        let mut all = Entries::default();
        for (list, language, entry) in entries {
            all.add(*list, Some(*language).filter(|language| !language.is_empty()), entry).unwrap();
        }
        let matcher = all.build().unwrap();
        let mut scratch = Scratch::default();
        let language: LangTag = lang.parse().unwrap();
        // A second time, since buffers are used again.
        for _ in 0..2 {
            matcher.count(&[text], Some(language), 2, &mut scratch);
        }
        scratch.counts.iter().map(|count| (count.hits, count.entries, count.letters)).collect()
    }

    #[test]
    fn whole_words_count_where_words_have_spaces() {
        let entries = [(0, "", "bata"), (0, "", "bata mzinga"), (1, "", "πάπια"), (1, "", "утка")];
        assert_eq!(counts(&entries, "swa_Latn", "Bata, bata; bata mzinga? Kabata batani")[0], (3, 2, 18));
        assert_eq!(counts(&entries, "ell_Grek", "ΠΆΠΙΑ πάπιας πάπια")[1], (2, 1, 10));
        assert_eq!(counts(&entries, "rus_Cyrl", "УТКА утка уткам")[1], (2, 1, 8));
    }

    #[test]
    fn parts_of_text_count_where_words_have_none() {
        let entries = [(0, "", "鴨"), (0, "", "เป็ด"), (0, "", "カモ")];
        assert_eq!(counts(&entries, "jpn_Jpan", "真鴨と鴨、ｶﾓの池")[0], (3, 2, 4));
        assert_eq!(counts(&entries, "tha_Thai", "เลี้ยงเป็ดไข่")[0], (1, 1, 4));
    }

    #[test]
    fn an_allowed_stretch_hides_what_it_holds() {
        let entries = [(0, "", "鴨"), (ALLOWED, "jpn", "鴨居"), (ALLOWED, "zho", "野鴨")];
        assert_eq!(counts(&entries, "jpn_Jpan", "鴨居に鴨、野鴨")[0], (2, 1, 2));
        assert_eq!(counts(&entries, "zho_Hans", "鴨居，野鴨，鴨")[0], (2, 1, 2));
        assert_eq!(counts(&entries, "kor_Hang", "鴨居 野鴨 鴨")[0], (3, 1, 3));
    }

    #[test]
    fn entries_of_other_languages_are_not_there() {
        let entries = [(0, "swa", "bata mzinga"), (0, "", "bata"), (1, "fra", "bata")];
        assert_eq!(counts(&entries, "swa_Latn", "bata mzinga"), [(1, 1, 10), (0, 0, 0)]);
        assert_eq!(counts(&entries, "luo_Latn", "bata mzinga"), [(1, 1, 4), (0, 0, 0)]);
        assert_eq!(counts(&entries, "fra_Latn", "bata mzinga"), [(1, 1, 4), (1, 1, 4)]);
    }

    #[test]
    fn turkish_capitals_are_those_of_turkish_letters() {
        let entries = [(0, "tur", "sıpa"), (0, "tur", "ipek"), (1, "", "INDIGO")];
        assert_eq!(counts(&entries, "tur_Latn", "SIPA sıpa sipa İPEK ipek IPEK")[0], (4, 2, 16));
        assert_eq!(counts(&entries, "tur_Latn", "INDIGO")[1].0, 1);
        assert_eq!(counts(&entries, "eng_Latn", "Indigo indigo")[1].0, 2);
    }
}
