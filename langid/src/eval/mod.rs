//! The evaluator: how often an engine is right on labelled lines, and how it is wrong.
//!
//! Measures follow the field. F1 is averaged over labels, not lines, so that a language with little text counts as much
//! as English; an answer `und` is a miss for its language and a false alarm for none. The false-positive rate of a label
//! is its wrong answers over all lines of other labels. Calibration error is the mean distance of probability and
//! accuracy in ten bins of equal width, weighted by lines, over answers that name a language.
//!
//! ```no_run
//! use kilim_langid::eval::{Options, eval};
//! use kilim_langid::whatlang::Whatlang;
//!
//! let lines = kilim_langid::train::read_lines("dev.tsv".as_ref(), 0)?;
//! let evaluation = eval(&Whatlang::default(), &lines, &Options::default());
//! println!("{}", evaluation.summary());
//! # Ok::<(), kilim_langid::train::CorpusError>(())
//! ```

pub mod noise;
mod speed;

use std::collections::BTreeMap;
use std::fmt::Write;

pub use self::speed::{Speed, speed};

use crate::ngram::collapsed;
use crate::train::{Line, one_name};
use crate::{Identifier, LangTag};

/// What counts as the same label.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Scripts must be right too; otherwise codes are compared.
    pub scripts: bool,
    /// Members of a macrolanguage count as it.
    pub macrolanguages: bool,
}

/// Upper bounds of the length classes, in characters.
pub const LENGTHS: [usize; 5] = [30, 60, 120, 250, usize::MAX];

/// Figures of one label.
#[derive(Clone, Debug, PartialEq)]
pub struct LabelScore {
    /// The label.
    pub tag: LangTag,
    /// Lines that have it.
    pub gold: usize,
    /// Lines that got it.
    pub answered: usize,
    /// Lines for which both hold.
    pub right: usize,
    /// Whether the engine can answer with it.
    pub supported: bool,
}

impl LabelScore {
    /// Harmonic mean of precision and recall; 0 without a right answer.
    pub fn f1(&self) -> f64 {
        if self.right == 0 { 0.0 } else { 2.0 * self.right as f64 / (self.gold + self.answered) as f64 }
    }
}

/// Lines of one length and how many were right.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LengthScore {
    /// Lines.
    pub lines: usize,
    /// Right ones.
    pub right: usize,
}

/// What came out.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// The engine's name.
    pub engine: String,
    /// Its model's digest.
    pub digest: String,
    /// Lines.
    pub lines: usize,
    /// Lines with the right answer.
    pub right: usize,
    /// Lines answered `und`.
    pub undetermined: usize,
    /// Lines answered `zxx` that are of a language.
    pub refused: usize,
    /// Labels with lines, and labels that were answered, sorted.
    pub labels: Vec<LabelScore>,
    /// By [`LENGTHS`].
    pub by_length: [LengthScore; LENGTHS.len()],
    /// Expected calibration error.
    pub calibration_error: f64,
    /// Gold, answer and number of lines, most first.
    pub confusions: Vec<(LangTag, LangTag, usize)>,
}

/// Asks `engine` for every line.
pub fn eval(engine: &dyn Identifier, lines: &[Line], options: &Options) -> Evaluation {
    let mut tally = Tally::new(options.clone());
    for line in lines {
        let found = engine.identify(&line.text);
        tally.count(line.tag, found.lang, found.confidence, line.text.chars().count());
    }
    tally.finish(engine)
}

/// Counts answers as they come.
#[derive(Debug, Default)]
struct Tally {
    options: Options,
    lines: usize,
    pairs: BTreeMap<(LangTag, LangTag), usize>,
    by_length: [LengthScore; LENGTHS.len()],
    bins: [(usize, usize, f64); 10],
}

impl Tally {
    fn new(options: Options) -> Tally {
        Tally { options, ..Tally::default() }
    }

    fn name(&self, tag: LangTag) -> LangTag {
        let tag = one_name(tag);
        let tag = if self.options.macrolanguages { collapsed(tag) } else { tag };
        if self.options.scripts && tag.is_language() { tag } else { tag.with_script(None) }
    }

    fn count(&mut self, gold: LangTag, answer: LangTag, confidence: f32, chars: usize) {
        let (gold, answer) = (self.name(gold), self.name(answer));
        self.lines += 1;
        *self.pairs.entry((gold, answer)).or_default() += 1;
        let class = LENGTHS.iter().position(|most| chars < *most).unwrap_or(LENGTHS.len() - 1);
        self.by_length[class].lines += 1;
        self.by_length[class].right += usize::from(gold == answer);
        if answer.is_language() {
            let bin = &mut self.bins[((confidence * 10.0) as usize).min(9)];
            bin.0 += 1;
            bin.1 += usize::from(gold == answer);
            bin.2 += f64::from(confidence);
        }
    }

    fn finish(self, engine: &dyn Identifier) -> Evaluation {
        let known: Vec<LangTag> = engine.labels().iter().map(|label| self.name(*label)).collect();
        let mut labels: BTreeMap<LangTag, LabelScore> = BTreeMap::new();
        let mut label = |tag: LangTag, gold: usize, answered: usize, right: usize| {
            let supported = known.contains(&tag) || tag == LangTag::ZXX;
            let score = LabelScore { tag, gold: 0, answered: 0, right: 0, supported };
            let score = labels.entry(tag).or_insert(score);
            score.gold += gold;
            score.answered += answered;
            score.right += right;
        };
        let mut confusions = Vec::new();
        let (mut right, mut undetermined, mut refused) = (0, 0, 0);
        for ((gold, answer), lines) in &self.pairs {
            let same = if gold == answer { *lines } else { 0 };
            label(*gold, *lines, 0, same);
            label(*answer, 0, *lines, 0);
            right += same;
            if *answer == LangTag::UND {
                undetermined += lines;
            }
            if *answer == LangTag::ZXX && *gold != LangTag::ZXX {
                refused += lines;
            }
            if gold != answer {
                confusions.push((*gold, *answer, *lines));
            }
        }
        confusions.sort_by(|a, b| b.2.cmp(&a.2).then((a.0, a.1).cmp(&(b.0, b.1))));
        let answered: usize = self.bins.iter().map(|bin| bin.0).sum();
        let calibration_error = self
            .bins
            .iter()
            .map(|(_, right, confidence)| (*right as f64 - confidence).abs() / answered.max(1) as f64)
            .sum();
        Evaluation {
            engine: engine.name().to_owned(),
            digest: engine.digest(),
            lines: self.lines,
            right,
            undetermined,
            refused,
            labels: labels.into_values().filter(|score| score.tag != LangTag::UND).collect(),
            by_length: self.by_length,
            calibration_error,
            confusions,
        }
    }
}

impl Evaluation {
    /// Share of lines that were right.
    pub fn accuracy(&self) -> f64 {
        self.right as f64 / self.lines.max(1) as f64
    }

    /// Mean F1 of the labels that have lines; and of those that the engine supports.
    pub fn macro_f1(&self, supported_only: bool) -> f64 {
        let scores: Vec<f64> = self.counted(supported_only).map(LabelScore::f1).collect();
        scores.iter().sum::<f64>() / scores.len().max(1) as f64
    }

    /// Labels that have lines.
    pub fn counted(&self, supported_only: bool) -> impl Iterator<Item = &LabelScore> {
        self.labels.iter().filter(move |score| score.gold > 0 && (score.supported || !supported_only))
    }

    /// Mean over the supported labels with lines of wrong answers over lines of other labels.
    pub fn false_positive_rate(&self) -> f64 {
        let rates: Vec<f64> = self
            .counted(true)
            .map(|score| (score.answered - score.right) as f64 / (self.lines - score.gold).max(1) as f64)
            .collect();
        rates.iter().sum::<f64>() / rates.len().max(1) as f64
    }

    /// A few lines for people.
    pub fn summary(&self) -> String {
        let mut text = String::new();
        let labels = self.counted(false).count();
        let supported = self.counted(true).count();
        let _ = writeln!(text, "engine        {} {}", self.engine, &self.digest[..self.digest.len().min(16)]);
        let _ = writeln!(text, "lines         {} of {labels} labels, {supported} supported", self.lines);
        let _ = writeln!(
            text,
            "macro-F1      {:.2} all, {:.2} supported",
            100.0 * self.macro_f1(false),
            100.0 * self.macro_f1(true)
        );
        let _ = writeln!(text, "accuracy      {:.2}", 100.0 * self.accuracy());
        let _ = writeln!(text, "FPR           {:.2}e-4", 1e4 * self.false_positive_rate());
        let _ = writeln!(text, "ECE           {:.4}", self.calibration_error);
        let _ = writeln!(text, "und, zxx      {}, {}", self.undetermined, self.refused);
        let _ = write!(text, "by characters");
        for (most, score) in LENGTHS.iter().zip(&self.by_length) {
            let share = score.right as f64 / score.lines.max(1) as f64;
            let most = if *most == usize::MAX { "more".to_owned() } else { format!("<{most}") };
            let _ = write!(text, "  {most}: {share:.3} of {}", score.lines);
        }
        let _ = write!(text, "\nconfusions   ");
        for (gold, answer, lines) in self.confusions.iter().take(20) {
            let _ = write!(text, " {gold}>{answer}={lines}");
        }
        text.push('\n');
        text
    }

    /// A row a label: `label,lines,answered,right,precision,recall,f1,supported`.
    pub fn csv(&self) -> String {
        let mut text = "label,lines,answered,right,precision,recall,f1,supported\n".to_owned();
        for score in self.counted(false) {
            let LabelScore { tag, gold, answered, right, supported } = score;
            let precision = *right as f64 / (*answered).max(1) as f64;
            let recall = *right as f64 / (*gold).max(1) as f64;
            let _ = writeln!(
                text,
                "{tag},{gold},{answered},{right},{precision:.4},{recall:.4},{:.4},{supported}",
                score.f1()
            );
        }
        text
    }

    /// All figures as one JSON object. Labels and engine names need no escapes.
    pub fn json(&self) -> String {
        let lengths: Vec<String> = LENGTHS
            .iter()
            .zip(&self.by_length)
            .map(|(most, score)| {
                let most = if *most == usize::MAX { "null".to_owned() } else { most.to_string() };
                format!("{{\"below_chars\":{most},\"lines\":{},\"right\":{}}}", score.lines, score.right)
            })
            .collect();
        let confusions: Vec<String> = self
            .confusions
            .iter()
            .take(50)
            .map(|(gold, answer, lines)| {
                format!("{{\"gold\":\"{gold}\",\"answer\":\"{answer}\",\"lines\":{lines}}}")
            })
            .collect();
        let labels: Vec<String> =
            self.counted(false).map(|score| format!("\"{}\":{:.4}", score.tag, score.f1())).collect();
        format!(
            "{{\"engine\":\"{}\",\"digest\":\"{}\",\"lines\":{},\"labels\":{},\"supported\":{},\"macro_f1\":{:.5},\
             \"macro_f1_supported\":{:.5},\"accuracy\":{:.5},\"false_positive_rate\":{:.7},\
             \"calibration_error\":{:.5},\"undetermined\":{},\"refused\":{},\"by_length\":[{}],\"confusions\":[{}],\
             \"f1\":{{{}}}}}\n",
            self.engine,
            self.digest,
            self.lines,
            self.counted(false).count(),
            self.counted(true).count(),
            self.macro_f1(false),
            self.macro_f1(true),
            self.accuracy(),
            self.false_positive_rate(),
            self.calibration_error,
            self.undetermined,
            self.refused,
            lengths.join(","),
            confusions.join(","),
            labels.join(",")
        )
    }
}
