//! Which labels an engine answers with: the languages asked for, and macrolanguages.

use super::math::exp;
use super::model::{Head, Model};
use super::parts::Likely;
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

/// Depth of probabilities for a part of a text: a thousandth of the likeliest.
pub(super) const PART: f32 = 7.0;

/// Depth for a text of one part, whose probabilities are given out: all labels left out have not one percent together.
const WHOLE: f32 = 10.0;

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

    /// Labels of a head that may be given, with their probabilities, into `likely`, the likeliest first. Those left out
    /// have less than `exp(-depth)` of its probability each.
    pub(super) fn likely(
        &self,
        head: &Head,
        scores: &[f32],
        sharpness: f32,
        depth: f32,
        likely: &mut Vec<Likely>,
    ) {
        likely.clear();
        let open = &self.open[head.first..head.first + head.labels];
        let mut top = f32::NEG_INFINITY;
        let mut first = 0;
        for (score, open) in scores.iter().zip(open) {
            top = if *open && *score > top { *score } else { top };
        }
        let least = top - depth / sharpness;
        let mut sum = 0.0;
        for (at, score) in scores.iter().enumerate() {
            if *score >= least && open[at] {
                let probability = exp((*score - top) * sharpness);
                sum += probability;
                let label = head.first + at;
                likely.push(Likely { label, lang: self.answers[label], probability });
                if probability > likely[first].probability {
                    first = likely.len() - 1;
                }
            }
        }
        for one in likely.iter_mut() {
            one.probability /= sum;
        }
        if !likely.is_empty() {
            likely.swap(0, first);
        }
    }

    /// The best of a head's labels by their scores; `None` if no language is allowed.
    pub(super) fn best(
        &self,
        head: &Head,
        scores: &[f32],
        sharpness: f32,
        likely: &mut Vec<Likely>,
    ) -> Option<Best> {
        let own = head.first..head.first + head.labels;
        if !own.clone().any(|label| self.open[label] && self.answers[label].is_language()) {
            return None;
        }
        self.likely(head, scores, sharpness, WHOLE, likely);
        let likeliest = *likely.first()?;
        if self.macrolanguages == Macrolanguages::Macro {
            // Sums go to the first label of each answer, the likeliest for one.
            for at in (1..likely.len()).rev() {
                if let Some(first) = likely[..at].iter().position(|first| first.lang == likely[at].lang) {
                    likely[first].probability += likely.swap_remove(at).probability;
                }
            }
        }
        let best = likely.iter().reduce(|a, b| if b.probability > a.probability { b } else { a })?;
        let others = likely.iter().filter(|other| other.label != best.label);
        let second = others.map(|other| other.probability).fold(0.0, f32::max);
        Some(Best {
            label: if likeliest.lang == best.lang { likeliest.label } else { best.label },
            lang: best.lang,
            probability: best.probability.min(1.0),
            margin: (best.probability - second).clamp(0.0, 1.0),
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
