//! What the parts of a text say together.
//!
//! A web page is prose and menus, code and quotations. So each part is judged by itself: what is no language says nothing
//! about the language of the rest, and a list of names cannot drown three sentences, as it would in one mean over the page.
//!
//! A part speaks for the text's language with probability 1 - [`STRAY`], and else is a stray: so a label's odds grow by
//! `1 + (1 - STRAY) / STRAY * p / s` for each unit of bytes in which it has probability `p`, where `s` is the share of all
//! strays that have this label. It is naive Bayes with outliers. Many parts that agree are sure, one odd part changes little,
//! and a part that says nothing has no say.
//!
//! Strays are not alike. English stands on pages in every language, in menus, names and code; so a Hindi page with an
//! English menu is Hindi, where a count of bytes would make it one more English page. Scots and the pidgins of West Africa
//! are what a short piece of English is taken for. Other parts in Latin letters are taken for a neighbour's language now and
//! then, those in other scripts hardly.

use super::gate::NoLanguage;
use super::labels::Best;
use super::math::{exp, ln};
use crate::LangTag;
use crate::script::Script;

/// Share of parts that are not in the language of their text: quotations, names, menus. The figures below were chosen with
/// the known languages of 2,011 pages of 17 sites in view; half or twice as much changes the answer on one page in two
/// hundred.
const STRAY: f32 = 0.3;

/// Of strays, the share in English and what it is taken for; in another language in Latin letters; in one of another
/// script.
const STRAYS: [f32; 3] = [0.3, 0.05, 0.003];

/// Bytes that speak once: fewer speak less, more speak more.
const UNIT: f32 = 128.0;

/// A text of which less than this share is language is none.
const LEAST_SPOKEN: f32 = 0.05;

/// A label of a part, its answer, and how likely it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Likely {
    /// Index in the model.
    pub(super) label: usize,
    pub(super) lang: LangTag,
    pub(super) probability: f32,
}

/// Parts, as they are read.
#[derive(Debug, Default)]
pub(super) struct Parts {
    /// Bytes of all parts.
    bytes: usize,
    /// Bytes of parts in some language, known or not.
    spoken: usize,
    /// Bytes of parts that are no language, by reason.
    refused: Vec<(NoLanguage, usize)>,
    /// Bytes by the likeliest language.
    votes: Vec<(LangTag, usize)>,
    /// Logarithm of the odds of each answer, with the label that has spoken for it most.
    evidence: Vec<Evidence>,
}

#[derive(Clone, Copy, Debug)]
struct Evidence {
    lang: LangTag,
    odds: f32,
    label: usize,
    most: f32,
}

/// How much a part speaks for a label of probability 1.
fn gain(lang: LangTag) -> f32 {
    let latin = lang.script() == Some(Script::LATN);
    let stray = match (lang.code(), latin) {
        ("eng" | "sco" | "pcm" | "gpe", _) => STRAYS[0],
        (_, true) => STRAYS[1],
        (_, false) => STRAYS[2],
    };
    (1.0 - STRAY) / STRAY / stray
}

impl Parts {
    /// A part that is no language.
    pub(super) fn refuse(&mut self, reason: NoLanguage, bytes: usize) {
        self.bytes += bytes;
        match self.refused.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, refused)) => *refused += bytes,
            None => self.refused.push((reason, bytes)),
        }
    }

    /// A part whose language cannot be said.
    pub(super) fn pass(&mut self, bytes: usize) {
        self.bytes += bytes;
        self.spoken += bytes;
    }

    /// A part and its likely labels, the likeliest first.
    pub(super) fn speak(&mut self, likely: &[Likely], bytes: usize) {
        self.pass(bytes);
        let Some(first) = likely.first() else { return };
        match self.votes.iter_mut().find(|(known, _)| *known == first.lang) {
            Some((_, voted)) => *voted += bytes,
            None => self.votes.push((first.lang, bytes)),
        }
        let weight = bytes as f32 / UNIT;
        // What may be noise here and there is no language of the page.
        for Likely { label, lang, probability } in likely.iter().filter(|one| one.lang.is_language()) {
            let at = self.evidence.iter().position(|known| known.lang == *lang).unwrap_or_else(|| {
                self.evidence.push(Evidence { lang: *lang, odds: 0.0, label: *label, most: 0.0 });
                self.evidence.len() - 1
            });
            let known = &mut self.evidence[at];
            let said = weight * ln(1.0 + gain(*lang) * probability);
            known.odds += said;
            if said > known.most {
                (known.label, known.most) = (*label, said);
            }
        }
    }

    /// Why the text is no language, if too little of it is.
    pub(super) fn verdict(&self) -> Option<NoLanguage> {
        let spoken = self.spoken as f32 >= LEAST_SPOKEN * self.bytes as f32 && self.spoken > 0;
        let most = self.refused.iter().max_by_key(|(reason, bytes)| (*bytes, std::cmp::Reverse(*reason)));
        most.filter(|_| !spoken).map(|(reason, _)| *reason)
    }

    /// The language that the parts speak for.
    pub(super) fn pooled(&self) -> Option<Best> {
        let best =
            self.evidence.iter().reduce(|best, other| if other.odds > best.odds { other } else { best })?;
        // One more for all languages that no part has spoken for.
        let sum: f32 =
            self.evidence.iter().map(|other| exp(other.odds - best.odds)).sum::<f32>() + exp(-best.odds);
        let others = self.evidence.iter().filter(|other| other.lang != best.lang);
        let second = others.map(|other| exp(other.odds - best.odds)).fold(0.0, f32::max);
        Some(Best {
            label: best.label,
            lang: best.lang,
            probability: 1.0 / sum,
            margin: (1.0 - second) / sum,
        })
    }

    /// Up to three languages with their share of the text's bytes, most first.
    pub(super) fn top(&self) -> Vec<(LangTag, f32)> {
        let mut votes = self.votes.clone();
        votes.sort_unstable_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
        votes.truncate(3);
        votes.iter().map(|(lang, bytes)| (*lang, *bytes as f32 / self.bytes.max(1) as f32)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn likely(labels: &[(&str, f32)]) -> Vec<Likely> {
        let label = |(at, (lang, probability)): (usize, &(&str, f32))| Likely {
            label: at,
            lang: lang.parse().unwrap(),
            probability: *probability,
        };
        labels.iter().enumerate().map(label).collect()
    }

    fn pooled(parts: &[(&[(&str, f32)], usize)]) -> (String, f32) {
        let mut pool = Parts::default();
        for (labels, bytes) in parts {
            pool.speak(&likely(labels), *bytes);
        }
        let best = pool.pooled().unwrap();
        assert!((0.0..=1.0).contains(&best.probability) && best.margin <= best.probability);
        (best.lang.to_string(), best.probability)
    }

    const SWAHILI: &[(&str, f32)] = &[("swa_Latn", 0.9), ("zdj_Latn", 0.1)];
    const ENGLISH: &[(&str, f32)] = &[("eng_Latn", 1.0)];

    #[test]
    fn parts_that_agree_are_surer_than_one() {
        let (lang, one) = pooled(&[(SWAHILI, 300)]);
        let (_, three) = pooled(&[(SWAHILI, 300), (SWAHILI, 300), (SWAHILI, 300)]);
        assert_eq!(lang, "swa_Latn");
        assert!(one < three && three > 0.99, "{one} {three}");
    }

    #[test]
    fn an_odd_part_changes_little() {
        let odd: &[(&str, f32)] = &[("lat_Latn", 0.99)];
        assert_eq!(pooled(&[(SWAHILI, 300), (odd, 300), (SWAHILI, 300)]).0, "swa_Latn");
    }

    #[test]
    fn english_around_it_does_not_make_a_page_english() {
        let hindi: &[(&str, f32)] = &[("hin_Deva", 0.9), ("mai_Deva", 0.1)];
        assert_eq!(pooled(&[(hindi, 400), (ENGLISH, 400), (ENGLISH, 400)]).0, "hin_Deva");
        // But a quotation does not make an English page Hindi.
        let english = [(ENGLISH, 1000); 8];
        assert_eq!(pooled(&[&[(hindi, 300)], &english[..]].concat()).0, "eng_Latn");
    }

    #[test]
    fn what_may_be_noise_in_every_part_is_no_language_of_the_page() {
        let doubtful: &[(&str, f32)] = &[("swa_Latn", 0.8), ("zxx", 0.2)];
        assert_eq!(pooled(&[(doubtful, 300), (doubtful, 300), (doubtful, 300)]).0, "swa_Latn");
    }

    #[test]
    fn a_text_is_no_language_only_if_nearly_all_of_it_is_none() {
        let mut pool = Parts::default();
        pool.refuse(NoLanguage::Code, 700);
        pool.refuse(NoLanguage::Numbers, 100);
        pool.speak(&likely(SWAHILI), 200);
        assert_eq!(pool.verdict(), None);
        assert_eq!(pool.top(), [("swa_Latn".parse().unwrap(), 0.2)]);
        pool.refuse(NoLanguage::Code, 4000);
        assert_eq!(pool.verdict(), Some(NoLanguage::Code));
    }

    #[test]
    fn parts_that_say_nothing_give_no_answer() {
        let mut pool = Parts::default();
        pool.pass(500);
        assert!(pool.pooled().is_none() && pool.verdict().is_none() && pool.top().is_empty());
    }
}
