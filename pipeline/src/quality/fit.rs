//! Fits thresholds to a language, by matching quantiles of trusted text with those of English.
//!
//! # What it does
//! A rule with a value for English cuts off some share of trusted English text. For a language, the value is sought that
//! cuts off the same share of its own trusted text, source by source, and the loosest of the sources counts: a kind of text
//! that one source lacks is not the fault of a document. A source with few documents shows where its middle is, and not how
//! far others lie from it; that is taken from the sources with enough.
//!
//! Where the share is 0, as it is for most rules, any value beyond the most extreme document would do; so there are two more
//! bounds:
//!
//! - On the length of words the value is never stricter than English's times the ratio of the medians, and may be stricter
//!   than English's. A Chinese text with words of eight characters is as odd as an English one of thirty.
//! - On all else (letters, copies, signs, lines, stop words) the value is never stricter than that of English, nor than the
//!   one for any language. Where that is loose enough, the language gets no row. On letters it is not stricter than by the
//!   ratio of the medians either: some ways of writing have more signs.
//!
//! Rules on the length of documents are not fitted: how long documents are is a matter of where they were cut. Rules on lines
//! are fitted on documents of more than one.
//!
//! Never more than `max_cut` of a source is cut off by a rule, whatever English loses, and never more than `max_lost` of all
//! documents by all of the rules together: the first is lowered until the second holds.
//!
//! # Precedent
//! FineWeb-2 (Penedo et al. 2025, arXiv 2506.20920) derives thresholds of each language from statistics of reference text,
//! quantiles of English and ratios of medians among the methods that it compares. There a language may also become stricter
//! in what is not peculiar to languages; here not, because reference text is cleaner than anything else.

use std::collections::{BTreeMap, BTreeSet};

use thiserror::Error;

use super::rules::{Op, Row, RuleSet, of_script};
use super::signals::{Signal, Signals, Unit};

/// The language for which the shipped values were found.
pub const MODEL: &str = "eng_Latn";

/// How thresholds are fitted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FitOptions {
    /// Documents to fit on that a language must have, and that a rule must find its signal in. With 20 the extreme of the
    /// documents is passed by one of 21 others.
    pub min_documents: usize,
    /// The most that one rule may cut off of a source, a share. English loses a thirteenth of trusted text to its share of
    /// letters; that is no aim for others.
    pub max_cut: f64,
    /// The most that all fitted rules together may cut off of the documents, a share.
    pub max_lost: f64,
}

impl Default for FitOptions {
    fn default() -> Self {
        Self { min_documents: 20, max_cut: 0.005, max_lost: 0.02 }
    }
}

/// A measured document.
#[derive(Debug, Clone)]
pub struct Sample {
    /// As tables of quality name it.
    pub language: String,
    /// Index of its source.
    pub source: usize,
    /// What was measured.
    pub signals: Signals,
}

/// What became of one language.
#[derive(Debug, Clone)]
pub struct FittedLanguage {
    /// As tables of quality name it.
    pub language: String,
    /// Its rows; none if there is a reason.
    pub rows: Vec<Row>,
    /// Documents that it was fitted on.
    pub documents: usize,
    /// The share of those that the fitted rules cut off.
    pub lost: f64,
    /// Why it has no rows.
    pub reason: Option<String>,
}

/// Nothing can be matched.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum FitError {
    /// Too little English.
    #[error(
        "{found} documents of {MODEL} to fit on, of at least {wanted}\nhint: values are matched with English: add trusted English text of the same kinds"
    )]
    NoModel {
        /// Documents.
        found: usize,
        /// Documents that there must be.
        wanted: usize,
    },
}

/// What a signal speaks of, which says how a value of it may be fitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum About {
    /// How long a document is: not fitted.
    Length,
    /// How long words are.
    WordLength,
    /// How many of the words have letters.
    Letters,
    /// What lines are like: nothing that a document of one line could tell.
    Lines,
    /// Anything else.
    Text,
}

fn about(signal: &Signal) -> About {
    match signal.name {
        "chars"
        | "tokens"
        | "words"
        | "spaced_words"
        | "lines"
        | "text_lines"
        | "paragraphs"
        | "sentences"
        | "c4_lines"
        | "c4_sentences"
        | "third_longest_line_chars" => About::Length,
        "mean_word_chars" | "mean_spaced_word_chars" => About::WordLength,
        "alphabetic_token_share" | "alphabetic_spaced_word_share" => About::Letters,
        "newlines_per_token" | "edited_out_word_share" | "c4_char_share" => About::Lines,
        name if name.contains("line") || name.contains("paragraph") => About::Lines,
        _ => About::Text,
    }
}

fn has_lines(sample: &Sample) -> bool {
    sample.signals.text_lines > 1
}

/// A rule that can be fitted, with what English says of it.
struct Model<'a> {
    rule: &'a str,
    signal: &'static Signal,
    op: Op,
    about: About,
    /// English's value, or that of any language.
    value: f64,
    /// The share of English documents that it cuts off, the mean of the sources.
    cut: f64,
    /// The median of English.
    median: f64,
}

impl Model<'_> {
    /// What documents say of the rule, by source, sorted.
    fn values(&self, samples: &[&Sample]) -> BTreeMap<usize, Vec<f64>> {
        let mut values: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
        for sample in samples {
            let value = (self.signal.get)(&sample.signals);
            if value.is_nan() || (self.about == About::Lines && !has_lines(sample)) {
                continue;
            }
            values.entry(sample.source).or_default().push(value);
        }
        for values in values.values_mut() {
            values.sort_by(f64::total_cmp);
        }
        values
    }

    fn looser(&self, a: f64, b: f64) -> f64 {
        match self.op {
            Op::Below | Op::AtMost => a.min(b),
            Op::Above | Op::AtLeast => a.max(b),
        }
    }

    /// The value for documents of a language, and in words where it is from.
    fn fit(&self, values: &BTreeMap<usize, Vec<f64>>, options: &FitOptions) -> (f64, String) {
        let cut = self.cut.min(options.max_cut);
        let loosest = |values: &mut dyn Iterator<Item = f64>| values.reduce(|a, b| self.looser(a, b));
        let spread = self.spread(values, cut, options.min_documents);
        let limit = |values: &Vec<f64>| {
            let own = quantile(values, self.op, cut);
            if values.len() >= options.min_documents {
                return outward(own, self);
            }
            // A middle of few documents may itself be off by the spread over the root of their number.
            let off = 1.0 + 1.0 / (values.len() as f64).sqrt();
            outward(self.looser(own, middle(values) + spread * off), self)
        };
        let matched = loosest(&mut values.values().map(limit)).unwrap_or(self.value);
        let scaled = |values: &Vec<f64>| outward(self.value * middle(values) / self.median, self);
        let scaled = || loosest(&mut values.values().map(scaled)).unwrap_or(self.value);
        let bound = match self.about {
            About::WordLength => scaled(),
            About::Letters => self.looser(self.value, scaled()),
            _ => self.value,
        };
        let value = self.looser(matched, bound);
        let source = if value.total_cmp(&matched).is_eq() {
            format!("cuts off {:.1} % as of English", 100.0 * cut)
        } else if value.total_cmp(&self.value).is_eq() {
            "as of English".to_owned()
        } else {
            format!("{} of English by medians", self.value)
        };
        (value, source)
    }
}

impl Model<'_> {
    /// From the middle of a source to its limit: the widest of the sources with enough documents, or of all together.
    fn spread(&self, values: &BTreeMap<usize, Vec<f64>>, cut: f64, min_documents: usize) -> f64 {
        let of = |values: &Vec<f64>| quantile(values, self.op, cut) - middle(values);
        let large = values.values().filter(|values| values.len() >= min_documents).map(of);
        large.reduce(|a, b| self.looser(a, b)).unwrap_or_else(|| {
            let mut all = values.values().flatten().copied().collect::<Vec<f64>>();
            all.sort_by(f64::total_cmp);
            if all.is_empty() { 0.0 } else { of(&all) }
        })
    }
}

/// The strictest value that cuts off at most this share of sorted values.
fn quantile(sorted: &[f64], op: Op, cut: f64) -> f64 {
    // Below the number of values, whatever the share.
    let most = ((cut.clamp(0.0, 1.0) * sorted.len() as f64) as usize).min(sorted.len() - 1);
    let (low, high) = (sorted[most], sorted[sorted.len() - 1 - most]);
    match op {
        Op::Below => low,
        Op::Above => high,
        // The value itself would fail: signals are of single precision, so the next one is the nearest that does not.
        Op::AtMost => f64::from((low as f32).next_down()),
        Op::AtLeast => f64::from((high as f32).next_up()),
    }
}

/// The lower middle of sorted values.
fn middle(sorted: &[f64]) -> f64 {
    sorted.get(sorted.len().saturating_sub(1) / 2).copied().unwrap_or_default()
}

/// Four digits of a value, rounded so that it becomes looser. Beyond what the signal can have, it takes nothing.
fn outward(value: f64, model: &Model<'_>) -> f64 {
    let places = match model.signal.unit {
        Unit::Count => 0,
        _ if value > 0.0 => (3 - value.log10().floor() as i32).clamp(0, 9),
        _ => 0,
    };
    let scale = 10_f64.powi(places);
    match model.op {
        Op::Below | Op::AtMost => (value * scale).floor() / scale,
        Op::Above | Op::AtLeast => (value * scale).ceil() / scale,
    }
}

/// Fits the rules of a set to every language but English. Samples are of the half that is fitted on; `sources` names their
/// sources.
pub fn fit(
    rules: &RuleSet,
    samples: &[Sample],
    sources: &[String],
    options: &FitOptions,
) -> Result<Vec<FittedLanguage>, FitError> {
    let mut languages: BTreeMap<&str, Vec<&Sample>> = BTreeMap::new();
    for sample in samples {
        languages.entry(&sample.language).or_default().push(sample);
    }
    let english = languages.remove(MODEL).unwrap_or_default();
    if english.len() < options.min_documents {
        return Err(FitError::NoModel { found: english.len(), wanted: options.min_documents });
    }
    let models = models(rules, &english, options);
    let fitter = Fitter { rules, models: &models, sources, options };
    Ok(languages.into_iter().map(|(language, samples)| fitter.language(language, &samples)).collect())
}

/// The rules that can be fitted, in the order of the set.
fn models<'a>(rules: &'a RuleSet, english: &[&Sample], options: &FitOptions) -> Vec<Model<'a>> {
    let mut seen = BTreeSet::new();
    let names = rules.rows().iter().map(|row| row.rule.as_str()).filter(|rule| seen.insert(*rule));
    let mut models = Vec::new();
    for rule in names {
        let Some(row) = rules.row(rule, MODEL) else { continue };
        let Some(value) = row.value else { continue };
        let about = about(row.signal);
        let mut model = Model { rule, signal: row.signal, op: row.op, about, value, cut: 0.0, median: 0.0 };
        let values = model.values(english);
        if about == About::Length || values.values().map(Vec::len).sum::<usize>() < options.min_documents {
            continue;
        }
        // As single precision, as the rule compares.
        let limit = f64::from(value as f32);
        let cut_off = |values: &Vec<f64>| {
            values.iter().filter(|signal| row.op.holds(**signal, limit)).count() as f64 / values.len() as f64
        };
        model.cut = values.values().map(cut_off).sum::<f64>() / values.len() as f64;
        let mut medians: Vec<f64> = values.values().map(|values| middle(values)).collect();
        medians.sort_by(f64::total_cmp);
        model.median = middle(&medians);
        if model.median > 0.0 || !matches!(about, About::WordLength | About::Letters) {
            models.push(model);
        }
    }
    models
}

struct Fitter<'a> {
    rules: &'a RuleSet,
    models: &'a [Model<'a>],
    sources: &'a [String],
    options: &'a FitOptions,
}

impl Fitter<'_> {
    fn language(&self, language: &str, samples: &[&Sample]) -> FittedLanguage {
        let mut fitted = FittedLanguage {
            language: language.to_owned(),
            rows: Vec::new(),
            documents: samples.len(),
            lost: 0.0,
            reason: None,
        };
        if samples.len() < self.options.min_documents {
            let wanted = self.options.min_documents;
            let documents = if samples.len() == 1 { "document" } else { "documents" };
            fitted.reason = Some(format!("{} {documents} to fit on, of at least {wanted}", samples.len()));
            return fitted;
        }
        let mut options = *self.options;
        loop {
            let rows = self.rows(language, samples, &options);
            let lost = self.lost(language, samples, &rows);
            if lost <= options.max_lost || options.max_cut <= 0.0 {
                (fitted.rows, fitted.lost) = (rows, lost);
                break;
            }
            options.max_cut /= 2.0;
            if options.max_cut * (samples.len() as f64) < 1.0 {
                options.max_cut = 0.0;
            }
        }
        if fitted.rows.is_empty() {
            fitted.reason = Some("the rules for any language are loose enough".to_owned());
        }
        fitted
    }

    fn rows(&self, language: &str, samples: &[&Sample], options: &FitOptions) -> Vec<Row> {
        let mut rows = Vec::new();
        for (model, values) in self.fitted(language, samples) {
            let (value, how) = model.fit(&values, options);
            let neutral = self.rules.row(model.rule, &of_script(language));
            let value = match neutral.map(|row| row.value) {
                Some(None) => continue,
                Some(Some(neutral)) if model.looser(neutral, value).total_cmp(&neutral).is_eq() => continue,
                _ => value,
            };
            // Nothing is below 0, and no share above 1.
            let idle = match model.op {
                Op::Below => value <= 0.0,
                Op::AtMost => value < 0.0,
                Op::Above => model.signal.unit == Unit::Share && value >= 1.0,
                Op::AtLeast => model.signal.unit == Unit::Share && value > 1.0,
            };
            let documents: usize = values.values().map(Vec::len).sum();
            let names: Vec<&str> =
                values.keys().filter_map(|at| self.sources.get(*at)).map(String::as_str).collect();
            rows.push(Row {
                language: language.to_owned(),
                rule: model.rule.to_owned(),
                signal: model.signal,
                op: model.op,
                value: (!idle).then_some(value),
                source: format!("{how}; {documents} documents of {}", names.join(" ")),
            });
        }
        rows
    }

    /// The rules that this language's documents say enough of.
    fn fitted(&self, language: &str, samples: &[&Sample]) -> Vec<(&Model<'_>, BTreeMap<usize, Vec<f64>>)> {
        let own = |rule: &str| self.rules.row(rule, language).is_some_and(|row| row.language == language);
        let with_values = self.models.iter().map(|model| (model, model.values(samples)));
        with_values
            .filter(|(model, values)| {
                values.values().map(Vec::len).sum::<usize>() >= self.options.min_documents && !own(model.rule)
            })
            .collect()
    }

    /// The share of the documents that the fitted rules cut off.
    fn lost(&self, language: &str, samples: &[&Sample], rows: &[Row]) -> f64 {
        let rules = self.rules.with(rows.to_vec());
        let fitted: BTreeSet<&str> =
            self.fitted(language, samples).into_iter().map(|(model, _)| model.rule).collect();
        let is_lost = |sample: &&&Sample| {
            let verdict = rules.failed(&sample.signals, language);
            verdict.rows.iter().any(|row| fitted.contains(row.rule.as_str()) && is_asked(row, sample))
        };
        samples.iter().filter(is_lost).count() as f64 / samples.len() as f64
    }
}

/// Whether a rule says anything of a sample: passages that were joined of lines have none of their own.
fn is_asked(row: &Row, sample: &Sample) -> bool {
    about(row.signal) != About::Lines || has_lines(sample)
}

/// Shares of documents that are lost.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Lost {
    /// Documents.
    pub documents: usize,
    /// By the fitted rules.
    pub fitted: f64,
    /// By the rules for any language.
    pub neutral: f64,
    /// By English's values.
    pub english: f64,
}

/// What is lost of samples of one language: by `fitted` rules, and by `rules` as they were. Rules on lines are asked only of
/// documents with more than one.
pub fn lost<'a>(
    rules: &RuleSet,
    fitted: &RuleSet,
    language: &str,
    samples: impl IntoIterator<Item = &'a Sample>,
) -> Lost {
    let fails = |rules: &RuleSet, language: &str, sample: &Sample| {
        let verdict = rules.failed(&sample.signals, language);
        f64::from(u8::from(verdict.rows.iter().any(|row| is_asked(row, sample))))
    };
    let mut lost = Lost::default();
    for sample in samples {
        lost.documents += 1;
        lost.fitted += fails(fitted, language, sample);
        lost.neutral += fails(rules, &of_script(language), sample);
        lost.english += fails(rules, MODEL, sample);
    }
    let all = lost.documents.max(1) as f64;
    (lost.fitted, lost.neutral, lost.english) = (lost.fitted / all, lost.neutral / all, lost.english / all);
    lost
}

/// The rules that take samples of a language, and how many each: the most first.
pub fn losing_rules<'a>(
    fitted: &'a RuleSet,
    language: &str,
    samples: impl IntoIterator<Item = &'a Sample>,
) -> Vec<(&'a str, usize)> {
    let mut rules: BTreeMap<&str, usize> = BTreeMap::new();
    for sample in samples {
        let verdict = fitted.failed(&sample.signals, language);
        for row in verdict.rows.into_iter().filter(|row| is_asked(row, sample)) {
            *rules.entry(&row.rule).or_default() += 1;
        }
    }
    let mut rules: Vec<_> = rules.into_iter().collect();
    rules.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
    rules
}

#[cfg(test)]
#[path = "fit_tests.rs"]
mod tests;
