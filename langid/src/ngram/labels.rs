//! Which labels an engine answers with: the languages asked for, and macrolanguages.

use super::math::exp;
use super::model::{Head, Model};
use super::parts::Likely;
use super::score::softmax;
use crate::{LangTag, matches};

/// Whether members of a macrolanguage that have labels of their own are told apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Macrolanguages {
    /// The model's labels as they are: `ind` and `msa`, `prs` and `fas`, `nob` and `nno`.
    #[default]
    Exact,
    /// One label for all members, with the sum of their probabilities: `msa`, `fas`, `nor`.
    Macro,
}

/// Members that have labels of their own in `Exact`, and their macrolanguage in ISO 639-3.
const MEMBERS: [(&str, &str); 22] = [
    ("azb", "aze"),
    ("bjn", "msa"),
    ("bos", "hbs"),
    ("cdo", "zho"),
    ("cjy", "zho"),
    ("ckb", "kur"),
    ("cnr", "hbs"),
    ("gan", "zho"),
    ("hak", "zho"),
    ("hrv", "hbs"),
    ("hsn", "zho"),
    ("ind", "msa"),
    ("ltg", "lav"),
    ("min", "msa"),
    ("nan", "zho"),
    ("nno", "nor"),
    ("nob", "nor"),
    ("prs", "fas"),
    ("sdh", "kur"),
    ("srp", "hbs"),
    ("wuu", "zho"),
    ("yue", "zho"),
];

/// A set of languages that the model cannot serve.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LanguageSetError {
    /// The list is empty.
    #[error("no languages to choose from")]
    Empty,
    /// A language that the model has no label for.
    #[error("the model has no label for {code:?}")]
    Unknown {
        /// The code.
        code: String,
    },
}

/// Indices of the labels that the codes accept, sorted.
pub(super) fn allowed<S: AsRef<str>>(model: &Model, codes: &[S]) -> Result<Vec<usize>, LanguageSetError> {
    if codes.is_empty() {
        return Err(LanguageSetError::Empty);
    }
    let mut allowed = Vec::new();
    for code in codes {
        let code = code.as_ref();
        let tag: Option<LangTag> = code.parse().ok();
        let before = allowed.len();
        for (at, label) in model.labels.iter().enumerate() {
            if Some(label.tag) == tag || matches(code, label.tag) {
                allowed.push(at);
            }
        }
        if allowed.len() == before {
            return Err(LanguageSetError::Unknown { code: code.to_owned() });
        }
    }
    allowed.sort_unstable();
    allowed.dedup();
    Ok(allowed)
}

/// How far below the best, in units of sharpened scores, a label is not worth mentioning.
const UNLIKELY: f32 = 7.0;

/// The best answer of a head, or of the parts of a text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Best {
    /// Index of the likeliest of the model's labels that the answer stands for.
    pub(super) label: usize,
    pub(super) lang: LangTag,
    pub(super) probability: f32,
    pub(super) margin: f32,
}

/// Labels as an engine gives them.
#[derive(Clone, Debug)]
pub(super) struct View {
    pub(super) macrolanguages: Macrolanguages,
    /// Labels that may be given, by index; all without a list. Noise may always be given.
    pub(super) allowed: Option<Vec<usize>>,
    open: Vec<bool>,
    /// The answer for each of the model's labels.
    answers: Vec<LangTag>,
    /// The distinct answers of languages, sorted.
    pub(super) labels: Vec<LangTag>,
}

impl View {
    pub(super) fn new(model: &Model, allowed: Option<Vec<usize>>, macrolanguages: Macrolanguages) -> View {
        let open: Vec<bool> = (0..model.labels.len())
            .map(|at| {
                let noise = !model.labels[at].tag.is_language();
                noise || allowed.as_ref().is_none_or(|allowed| allowed.binary_search(&at).is_ok())
            })
            .collect();
        let answers: Vec<LangTag> = model
            .labels
            .iter()
            .map(|label| match macrolanguages {
                Macrolanguages::Exact => label.tag,
                Macrolanguages::Macro => collapsed(label.tag),
            })
            .collect();
        let mut labels: Vec<LangTag> = answers
            .iter()
            .zip(&open)
            .filter(|(answer, open)| **open && answer.is_language())
            .map(|(answer, _)| *answer)
            .collect();
        labels.sort_unstable();
        labels.dedup();
        View { macrolanguages, allowed, open, answers, labels }
    }

    /// Labels of a head that may be given and are likely by their scores, into `likely`, the likeliest first. All that
    /// are left out have less than a part in a thousand each.
    pub(super) fn likely(&self, head: &Head, scores: &[f32], sharpness: f32, likely: &mut Vec<Likely>) {
        likely.clear();
        let open = &self.open[head.first..head.first + head.labels];
        let top = scores.iter().zip(open).filter(|(_, open)| **open);
        let top = top.map(|(score, _)| *score).fold(f32::NEG_INFINITY, f32::max);
        let least = top - UNLIKELY / sharpness;
        let mut sum = 0.0;
        for (at, score) in scores.iter().enumerate() {
            if *score > least && open[at] {
                let probability = exp((*score - top) * sharpness);
                sum += probability;
                let label = head.first + at;
                likely.push(Likely { label, lang: self.answers[label], probability });
            }
        }
        for one in likely.iter_mut() {
            one.probability /= sum;
        }
        if let Some(first) =
            (0..likely.len()).reduce(|a, b| if likely[b].probability > likely[a].probability { b } else { a })
        {
            likely.swap(0, first);
        }
    }

    /// The best of a head's labels by their scores, which become probabilities; `None` if no language is allowed.
    pub(super) fn best(&self, head: &Head, scores: &mut [f32], sharpness: f32) -> Option<Best> {
        let own = head.first..head.first + head.labels;
        let mut any = false;
        for (label, score) in own.clone().zip(scores.iter_mut()) {
            if !self.open[label] {
                *score = f32::NEG_INFINITY;
            } else if self.answers[label].is_language() {
                any = true;
            }
        }
        if !any {
            return None;
        }
        softmax(scores, sharpness);
        let mut likeliest = 0;
        for at in 1..scores.len() {
            if scores[at] > scores[likeliest] {
                likeliest = at;
            }
        }
        if self.macrolanguages == Macrolanguages::Macro {
            // Sums go to the first label of each answer.
            for at in 0..scores.len() {
                let first =
                    (0..at).find(|first| self.answers[head.first + first] == self.answers[head.first + at]);
                if let Some(first) = first {
                    scores[first] += scores[at];
                    scores[at] = 0.0;
                }
            }
        }
        let mut best = 0;
        let mut second = 0.0f32;
        for at in 1..scores.len() {
            if scores[at] > scores[best] {
                second = scores[best];
                best = at;
            } else {
                second = second.max(scores[at]);
            }
        }
        let lang = self.answers[head.first + best];
        let same = self.answers[head.first + likeliest] == lang;
        Some(Best {
            label: head.first + if same { likeliest } else { best },
            lang,
            probability: scores[best].min(1.0),
            margin: (scores[best] - second).clamp(0.0, 1.0),
        })
    }
}

/// A label with its code replaced by its macrolanguage in ISO 639-3.
pub(crate) fn collapsed(tag: LangTag) -> LangTag {
    let tag = tag.collapsed();
    match MEMBERS.binary_search_by_key(&tag.code(), |(member, _)| member) {
        Ok(at) => LangTag::from_code(MEMBERS[at].1).unwrap_or(tag).with_script(tag.script()),
        Err(_) => tag,
    }
}
