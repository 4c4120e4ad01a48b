//! Engine `ngram`: our own, several hundred languages from a file below 10 MB.
//!
//! A text goes through five stations, a file each:
//!
//! 1. `text`: words, in lower case, by script; and counts of everything else.
//! 2. `gate`: code, numbers, broken decoding and text without letters are `zxx`, with a reason ([`NoLanguage`]).
//! 3. `features`, `known`, `cache`: each word's character n-grams, as far as they are known, have rows of 8-bit integers,
//!    which are summed. Sums of words met before come from a cache of the thread.
//! 4. `score`: the sum meets the labels of the text's script. A script with one label needs no n-grams, one without any
//!    is `und`.
//! 5. `labels`: the languages that were asked for ([`Ngram::with_languages`]), macrolanguages, probabilities.
//!
//! Long texts are read in evenly spaced windows up to a number of n-grams. Their parts are judged one by one and pooled
//! (`parts`), so code and menus do not decide what a page is, and a page in two languages says so. An answer less likely
//! than its label's threshold is `und`; [`Guess::best`] has it all the same.
//!
//! Answers are the same on every platform, in any thread, in any order: sums are integers, everything after them is done
//! in a fixed order, and the cache is looked up by whole words.
//!
#![cfg_attr(feature = "embedded", doc = "```")]
#![cfg_attr(not(feature = "embedded"), doc = "```ignore")]
//! use kilim_langid::ngram::{NoLanguage, Ngram};
//!
//! let engine = Ngram::embedded();
//! let guess = engine.guess("Watoto wanasoma vitabu shuleni kila siku asubuhi.");
//! assert_eq!(guess.lang.to_string(), "swa_Latn");
//!
//! // Not a language, and why.
//! let guess = engine.guess("for (int i = 0; i < n; i++) { sum += a[i]; }");
//! assert_eq!(guess.no_language, Some(NoLanguage::Code));
//!
//! // Whoever knows which languages can come says so.
//! let engine = engine.with_languages(&["hin", "mar"])?;
//! assert_eq!(engine.guess("मुले रोज सकाळी शाळेत जातात").lang.to_string(), "mar_Deva");
//! # Ok::<(), kilim_langid::ngram::LanguageSetError>(())
//! ```

pub(crate) mod cache;
pub(crate) mod features;
mod gate;
pub(crate) mod known;
mod labels;
pub(crate) mod math;
pub(crate) mod model;
mod parts;
pub(crate) mod score;
#[cfg(test)]
mod tests;
pub(crate) mod text;

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;
#[cfg(any(feature = "embedded", feature = "embedded-small"))]
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

pub use self::gate::NoLanguage;
#[cfg(feature = "train")]
pub(crate) use self::labels::collapsed;
pub use self::labels::{LanguageSetError, Macrolanguages};
pub use self::model::{Model, ModelError};

use self::labels::{Best, View};
use self::model::Head;
use self::parts::{Likely, Parts};
use self::score::{ScriptSum, Scripts, Sums};
use crate::script::Script;
use crate::{Identification, Identifier, LangTag, sample};

/// How many n-grams of a text are looked at unless told otherwise: about 500 letters, spread over the text.
///
/// A prototype's macro-F1 over documents of 2.7 KB was 92.5 with 2,000 n-grams, four a letter, and 92.8 with all. The
/// models of this crate have two a letter.
pub const DEFAULT_MAX_N_GRAMS: u32 = 1000;

/// Which answers are `und` for want of certainty.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Threshold {
    /// The label's own, from the model's table.
    PerLabel,
    /// The same for all labels; 0 for none.
    Fixed(f32),
}

/// An answer with all that the engine knows.
#[derive(Clone, Debug, PartialEq)]
pub struct Guess {
    /// The language of the text, `und`, or `zxx`.
    pub lang: LangTag,
    /// The best label even where `lang` is `und` because its probability is too low.
    pub best: LangTag,
    /// Calibrated probability of `best`.
    pub probability: f32,
    /// Distance to the second best label.
    pub margin: f32,
    /// Up to three languages of the text's parts with their share of its bytes.
    pub top: Vec<(LangTag, f32)>,
    /// The script with most of the text's letters.
    pub script: Option<Script>,
    /// Why `lang` is `zxx`.
    pub no_language: Option<NoLanguage>,
}

/// The engine: a model and what is asked of it. Cheap to clone; share it between threads.
#[derive(Clone, Debug)]
pub struct Ngram {
    model: Arc<Model>,
    number: u64,
    view: View,
    max_n_grams: u32,
    threshold: Threshold,
}

/// A number that no other model of this process has; caches of words are kept apart by it.
pub(crate) fn next_number() -> u64 {
    static NUMBERS: AtomicU64 = AtomicU64::new(1);
    NUMBERS.fetch_add(1, Ordering::Relaxed)
}

#[cfg(any(feature = "embedded", feature = "embedded-small"))]
fn built_in(file: &[u8]) -> (Arc<Model>, u64) {
    let model = Model::from_bytes(file).expect("the model in the crate is whole: a test reads it");
    (Arc::new(model), next_number())
}

impl Ngram {
    /// An engine with the given model and default settings.
    pub fn new(model: Model) -> Ngram {
        Ngram::shared(Arc::new(model), next_number())
    }

    /// An engine with a model file, such as the trainer wrote.
    pub fn load(path: impl AsRef<Path>) -> Result<Ngram, ModelError> {
        Ok(Ngram::new(Model::load(path)?))
    }

    /// The engine with the model that is part of the crate. The file is read once for all engines of a process.
    #[cfg(feature = "embedded")]
    pub fn embedded() -> Ngram {
        static MODEL: LazyLock<(Arc<Model>, u64)> =
            LazyLock::new(|| built_in(include_bytes!("../../models/langid.kilim")));
        Ngram::shared(MODEL.0.clone(), MODEL.1)
    }

    /// The engine with the small model: a quarter of the memory, faster, and a few languages in a hundred worse.
    #[cfg(feature = "embedded-small")]
    pub fn embedded_small() -> Ngram {
        static MODEL: LazyLock<(Arc<Model>, u64)> =
            LazyLock::new(|| built_in(include_bytes!("../../models/langid-small.kilim")));
        Ngram::shared(MODEL.0.clone(), MODEL.1)
    }

    fn shared(model: Arc<Model>, number: u64) -> Ngram {
        let view = View::new(&model, None, Macrolanguages::Exact);
        Ngram { model, number, view, max_n_grams: DEFAULT_MAX_N_GRAMS, threshold: Threshold::PerLabel }
    }

    /// Looks at `max_n_grams` n-grams of a text.
    #[must_use]
    pub fn with_max_n_grams(self, max_n_grams: u32) -> Ngram {
        Ngram { max_n_grams: max_n_grams.max(1), ..self }
    }

    /// Reads every text whole.
    #[must_use]
    pub fn full(self) -> Ngram {
        Ngram { max_n_grams: u32::MAX, ..self }
    }

    /// Sets which answers are `und`.
    #[must_use]
    pub fn with_threshold(self, threshold: Threshold) -> Ngram {
        Ngram { threshold, ..self }
    }

    /// Answers with labels of these languages only.
    pub fn with_languages<S: AsRef<str>>(self, codes: &[S]) -> Result<Ngram, LanguageSetError> {
        let allowed = labels::allowed(&self.model, codes)?;
        let view = View::new(&self.model, Some(allowed), self.view.macrolanguages);
        Ok(Ngram { view, ..self })
    }

    /// Sets whether members of a macrolanguage are told apart.
    #[must_use]
    pub fn with_macrolanguages(self, mode: Macrolanguages) -> Ngram {
        let view = View::new(&self.model, self.view.allowed.clone(), mode);
        Ngram { view, ..self }
    }

    /// The model.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// The answer for a text.
    pub fn guess(&self, text: &str) -> Guess {
        match self.model.dim {
            16 => self.guess_in::<16>(text),
            64 => self.guess_in::<64>(text),
            _ => self.guess_in::<32>(text),
        }
    }

    /// The answer for bytes; what is not UTF-8 is read as U+FFFD.
    pub fn guess_bytes(&self, bytes: &[u8]) -> Guess {
        self.guess(&String::from_utf8_lossy(bytes))
    }

    /// The answer for each line of a text, blank ones left out: what a page is made of.
    pub fn identify_lines<'a>(&'a self, text: &'a str) -> impl Iterator<Item = (&'a str, Guess)> + 'a {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        lines.map(|line| (line, self.guess(line)))
    }

    fn guess_in<const D: usize>(&self, text: &str) -> Guess {
        let text = text.trim();
        if text.is_empty() {
            return Guess::nothing();
        }
        let full = self.max_n_grams == u32::MAX;
        let sample =
            if full { Cow::Borrowed(text) } else { sample::windows(text, sample::DEFAULT_MAX_BYTES) };
        let sample = match text::composed(&sample) {
            Cow::Owned(composed) => Cow::Owned(composed),
            Cow::Borrowed(_) => sample,
        };
        let segments = sample::segments(&sample);
        cache::with::<D, _>(self.number, |cache| {
            let mut left = self.max_n_grams;
            let (mut scores, mut likely) = (Vec::new(), Vec::new());
            let mut read = |segment: &str, parts: usize| {
                let mut quota = if full { u32::MAX } else { (left / parts as u32).max(1) };
                let before = quota;
                let mut sums = Sums::<D>::default();
                sums.read(&self.model, cache, segment, &mut quota);
                left = left.saturating_sub(before - quota).max(1);
                sums
            };
            if let [segment] = segments[..] {
                return self.judge(segment, &read(segment, 1), &mut scores, &mut likely);
            }
            let mut parts = Parts::default();
            let mut scripts = Scripts::default();
            for (at, segment) in segments.iter().enumerate() {
                let sums = read(segment, segments.len() - at);
                scripts.add(&sums);
                self.part(segment, &sums, &mut parts, &mut scores, &mut likely);
            }
            self.together(&parts, scripts.most())
        })
    }

    /// The answer for a text of one part.
    fn judge<const D: usize>(
        &self,
        text: &str,
        sums: &Sums<D>,
        scores: &mut Vec<f32>,
        likely: &mut Vec<Likely>,
    ) -> Guess {
        if let Some(reason) = gate::verdict(text, &sums.counts) {
            return Guess::no_language(reason);
        }
        let Some(script) = sums.dominant() else { return Guess::nothing() };
        let name = Some(text::groups()[script.group as usize]);
        let Some(head) = self.scored(script, scores) else {
            return Guess { script: name, ..Guess::nothing() };
        };
        let sharpness = self.model.sharpness[score::bucket(script.n_grams)];
        let Some(best) = self.view.best(head, scores, sharpness, likely) else {
            return Guess { script: name, ..Guess::nothing() };
        };
        let guess = self.decided(best, name);
        let top = if guess.lang.is_language() { vec![(guess.lang, 1.0)] } else { Vec::new() };
        Guess { top, ..guess }
    }

    /// What a part of a text says.
    fn part<const D: usize>(
        &self,
        text: &str,
        sums: &Sums<D>,
        parts: &mut Parts,
        scores: &mut Vec<f32>,
        likely: &mut Vec<Likely>,
    ) {
        if let Some(reason) = gate::verdict(text, &sums.counts) {
            return parts.refuse(reason, text.len());
        }
        let script = sums.dominant();
        let Some((script, head)) = script.and_then(|script| Some((script, self.scored(script, scores)?)))
        else {
            return parts.pass(text.len());
        };
        let sharpness = self.model.sharpness[score::bucket(script.n_grams)];
        self.view.likely(head, scores, sharpness, labels::PART, likely);
        if likely.first().is_some_and(|first| !first.lang.is_language()) {
            return parts.refuse(NoLanguage::Noise, text.len());
        }
        parts.speak(likely, text.len());
    }

    /// The answer for a text of several parts.
    fn together(&self, parts: &Parts, script: Option<Script>) -> Guess {
        if let Some(reason) = parts.verdict() {
            return Guess { top: parts.top(), ..Guess::no_language(reason) };
        }
        let guess = match parts.pooled() {
            Some(best) => self.decided(best, script),
            None => Guess { script, ..Guess::nothing() },
        };
        Guess { top: parts.top(), ..guess }
    }

    /// The head of a script with its scores, if the script has labels and there is anything to score.
    fn scored<const D: usize>(&self, script: &ScriptSum<D>, scores: &mut Vec<f32>) -> Option<&Head> {
        let head = self.model.head(script.group)?;
        if head.labels == 1 {
            scores.clear();
            scores.push(0.0);
        } else if script.n_grams == 0 {
            return None;
        } else {
            score::scores(&self.model, head, script, scores);
        }
        Some(head)
    }

    /// An answer measured by its label's threshold.
    fn decided(&self, best: Best, script: Option<Script>) -> Guess {
        let Best { label, lang, probability, margin } = best;
        if !lang.is_language() {
            return Guess { probability, margin, script, ..Guess::no_language(NoLanguage::Noise) };
        }
        let least = match self.threshold {
            Threshold::PerLabel => self.model.labels[label].threshold,
            Threshold::Fixed(least) => least,
        };
        let best = lang;
        let lang = if probability < least { LangTag::UND } else { lang };
        Guess { lang, best, probability, margin, top: Vec::new(), script, no_language: None }
    }
}

impl Guess {
    fn nothing() -> Guess {
        Guess {
            lang: LangTag::UND,
            best: LangTag::UND,
            probability: 0.0,
            margin: 0.0,
            top: Vec::new(),
            script: None,
            no_language: None,
        }
    }

    fn no_language(reason: NoLanguage) -> Guess {
        Guess {
            lang: LangTag::ZXX,
            best: LangTag::ZXX,
            probability: 1.0,
            no_language: Some(reason),
            ..Guess::nothing()
        }
    }
}

impl Identifier for Ngram {
    fn name(&self) -> &'static str {
        "ngram"
    }

    fn digest(&self) -> String {
        self.model.digest.clone()
    }

    fn labels(&self) -> &[LangTag] {
        &self.view.labels
    }

    fn identify(&self, text: &str) -> Identification {
        let Guess { lang, probability, margin, top, .. } = self.guess(text);
        Identification { lang, confidence: probability, margin, top }
    }
}
