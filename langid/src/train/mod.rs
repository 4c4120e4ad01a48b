//! The trainer: labelled lines to a model file, the same bytes every time.
//!
//! Training text differs by orders of magnitude between languages: some have tens of thousands of lines of several kinds,
//! 230 only the Universal Declaration of Human Rights. So each epoch takes at most [`Recipe::max_lines`] lines of a
//! label, other ones each time, and repeats those of thin labels. A part of the lines is cut to a few words (for short
//! texts), or stripped of its diacritics (for those who type without), or mixed with the words of addresses; all lose
//! words at random, so that no word is relied upon. What only tells the registers of the sources apart is kept from being
//! learned ([`Recipe::source_balance`]), and n-grams that a language rarely has do not count.
//!
//! ```no_run
//! use std::path::Path;
//! use kilim_langid::train::{Recipe, train};
//!
//! let (model, report) = train(&[Path::new("train").to_owned()], &Recipe::default(), &mut |_| {})?;
//! std::fs::write("langid.kilim", model.to_bytes())?;
//! eprintln!("{} lines, {} labels", report.lines, report.labels);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod calibrate;
pub(crate) mod corpus;
mod dictionary;
mod examples;
pub(crate) mod random;
mod recipe;
mod sgd;
mod synthetic;

use std::path::PathBuf;

pub use self::corpus::{CorpusError, Line, files_in, one_name, read_lines, source_name};
use self::examples::Examples;
pub(crate) use self::examples::without_diacritics;
use self::random::Random;
pub use self::recipe::{Recipe, SettingError};
use self::sgd::{Example, Learner, Words};
use crate::ngram::features::{Features, Orders};
use crate::ngram::model::{BUCKETS, Head, Label, Model};
use crate::ngram::text::group_of;
use crate::script::Script;

/// Scales of scores by length.
type Sharpness = [f32; BUCKETS];

/// What a training run saw.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// Lines that were learned from.
    pub lines: usize,
    /// Lines that were kept back for calibration.
    pub held_out: usize,
    /// Labels of the model.
    pub labels: usize,
    /// Different words.
    pub words: usize,
    /// Mean loss of the last epoch.
    pub loss: f32,
}

/// Trains a model on label-tab-text files, or folders of them (`.tsv`, `.tsv.zst`).
///
/// `tell` gets a line now and then about how far it is.
pub fn train(
    inputs: &[PathBuf],
    recipe: &Recipe,
    tell: &mut dyn FnMut(&str),
) -> Result<(Model, Report), CorpusError> {
    let mut files = Vec::new();
    for input in inputs {
        files.extend(files_in(input)?);
    }
    let mut lines = Vec::new();
    for (source, file) in files.iter().enumerate() {
        lines.extend(read_lines(file, source)?);
        tell(&format!("{}: {} lines in all", source_name(file), lines.len()));
    }
    let sources: Vec<String> = files.iter().map(|file| source_name(file)).collect();
    train_on(lines, &sources, recipe, tell)
        .ok_or_else(|| CorpusError::Empty { path: inputs.first().cloned().unwrap_or_default() })
}

/// The same from lines in memory; `None` without lines in a known script.
pub fn train_on(
    mut lines: Vec<Line>,
    sources: &[String],
    recipe: &Recipe,
    tell: &mut dyn FnMut(&str),
) -> Option<(Model, Report)> {
    lines.iter_mut().for_each(corpus::mend);
    let made = synthetic::made(&lines);
    lines.extend(made);
    let mut sharpness = None;
    if recipe.foreign_share > 0.0 {
        tell("a first model, to calibrate with the sources that some labels do without");
        let (first, _) = learn_from(lines.clone(), sources, recipe, None, tell)?;
        sharpness = Some(first.sharpness);
    }
    let recipe = Recipe { foreign_share: 0.0, ..recipe.clone() };
    learn_from(lines, sources, &recipe, sharpness, tell)
}

/// One model, with the sharpness of another or its own.
fn learn_from(
    lines: Vec<Line>,
    sources: &[String],
    recipe: &Recipe,
    sharpness: Option<Sharpness>,
    tell: &mut dyn FnMut(&str),
) -> Option<(Model, Report)> {
    let han = group_of(Script::HANI)?;
    let features = Features {
        rows: recipe.rows,
        orders: Orders::parse(&recipe.orders)?,
        words: recipe.words,
        known: None,
        han,
    };
    let examples = Examples::new(lines, sources, recipe, features);
    if examples.labels.is_empty() {
        return None;
    }
    tell(&format!(
        "{} lines of {} labels, {} words, {} kept back",
        examples.learned(),
        examples.labels.len(),
        examples.words.starts.len() - 1,
        examples.held_out.len()
    ));
    if let Some(known) = &examples.features.known {
        tell(&format!("{} known n-grams", known.bits().iter().map(|bits| bits.count_ones()).sum::<u32>()));
    }
    Some(match recipe.dim {
        16 => learn::<16>(&examples, recipe, sharpness, tell),
        64 => learn::<64>(&examples, recipe, sharpness, tell),
        _ => learn::<32>(&examples, recipe, sharpness, tell),
    })
}

fn learn<const D: usize>(
    examples: &Examples,
    recipe: &Recipe,
    sharpness: Option<Sharpness>,
    tell: &mut dyn FnMut(&str),
) -> (Model, Report) {
    let mut random = Random::new(recipe.seed);
    let sizes: Vec<usize> = examples.heads.iter().map(|head| head.labels).collect();
    let mut learner = Learner::<D>::new(recipe.rows as usize, &sizes, &mut random);
    let mut loss = 0.0;
    let mut words = Vec::new();
    for epoch in 0..recipe.epochs {
        let order = examples.epoch(recipe, &mut random);
        let mut priors = examples.priors(&order, recipe);
        for (prior, head) in priors.iter_mut().flat_map(|heads| heads.iter_mut().zip(&learner.outputs)) {
            for prior in prior.iter_mut() {
                *prior *= recipe.balance;
            }
            prior.resize(head.padded, 0.0);
        }
        let mut sum = 0.0f64;
        for (at, drawn) in order.iter().enumerate() {
            let done = (epoch as f32 + at as f32 / order.len() as f32) / recipe.epochs as f32;
            let rate = recipe.rate * (1.0 - done);
            let (head, label, source) = examples.words_of(*drawn, recipe, &mut random, &mut words);
            let example = Example { head, label, priors: &priors[source][head] };
            learner.used.clear();
            for word in &words {
                learner.used.extend_from_slice(examples.words.rows_of(*word));
            }
            sum += f64::from(learner.learn(example, rate, recipe.target));
        }
        loss = (sum / order.len().max(1) as f64) as f32;
        tell(&format!("epoch {}: {} examples, loss {loss:.4}", epoch + 1, order.len()));
    }
    let report = Report {
        lines: examples.learned(),
        held_out: examples.held_out.len(),
        labels: examples.labels.len(),
        words: examples.words.starts.len() - 1,
        loss,
    };
    let mut model = quantised(&learner, examples, recipe).with_tail_penalty(recipe.tail_penalty);
    calibrate::calibrate(&mut model, examples, sharpness);
    let bytes = model.to_bytes();
    model = Model::from_bytes(&bytes).expect("a model that was just written is whole");
    (model, report)
}

/// Share of row values that are kept exact; the few larger ones are clipped. Measured: costs 0.1 points of macro-F1.
const KEPT: f64 = 0.99995;

fn quantised<const D: usize>(learner: &Learner<D>, examples: &Examples, recipe: &Recipe) -> Model {
    let mut sizes: Vec<f32> = learner.rows.iter().flatten().map(|value| value.abs()).collect();
    let at = ((sizes.len() - 1) as f64 * KEPT) as usize;
    let (_, largest, _) = sizes.select_nth_unstable_by(at, f32::total_cmp);
    let row_scale = largest.max(1e-6) / 127.0;
    let rows = learner
        .rows
        .iter()
        .flatten()
        .map(|value| (value / row_scale).round().clamp(-127.0, 127.0) as i8)
        .collect();
    let heads = examples
        .heads
        .iter()
        .zip(&learner.outputs)
        .map(|(head, output)| Head {
            group: head.group,
            first: head.first,
            labels: head.labels,
            weights: output.weights.clone(),
            biases: output.biases.clone(),
        })
        .collect();
    let labels = examples
        .labels
        .iter()
        .map(|label| Label { tag: label.tag, threshold: 0.0, experimental: label.experimental })
        .collect();
    Model {
        name: recipe.name.clone(),
        attribution: recipe.attribution.clone(),
        dim: D,
        features: examples.features.clone(),
        row_scale,
        rows,
        sharpness: [1.0; BUCKETS],
        labels,
        heads,
        digest: String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ngram::{Ngram, Threshold};

    fn lines() -> Vec<Line> {
        let texts = [
            ("swa_Latn", "watoto wanasoma vitabu shuleni kila siku asubuhi"),
            ("swa_Latn", "jioni wanacheza uwanjani pamoja na rafiki zao"),
            ("vie_Latn", "trẻ em đọc sách ở trường mỗi buổi sáng"),
            ("vie_Latn", "buổi chiều chúng chơi ngoài sân với bạn bè"),
            ("rus_Cyrl", "дети каждое утро читают книги в школе"),
            ("ukr_Cyrl", "діти щоранку читають книжки у школі"),
            ("tam_Taml", "குழந்தைகள் காலையில் பள்ளியில் படிக்கிறார்கள்"),
        ];
        let line = |(tag, text): &(&str, &str)| Line {
            tag: tag.parse().unwrap(),
            source: 0,
            text: (*text).to_owned(),
        };
        texts.iter().map(line).collect()
    }

    fn trained() -> Model {
        let recipe = Recipe { dim: 16, rows: 3000, min_lines: 40, max_repeats: 40, ..Recipe::default() };
        train_on(lines(), &["stories".to_owned()], &recipe, &mut |_| {}).unwrap().0
    }

    #[test]
    fn training_twice_gives_the_same_bytes() {
        assert_eq!(trained().to_bytes(), trained().to_bytes());
    }

    #[test]
    fn a_trained_model_knows_its_own_lines() {
        let engine = Ngram::new(trained()).with_threshold(Threshold::Fixed(0.0));
        for line in lines() {
            assert_eq!(engine.guess(&line.text).lang, line.tag, "{}", line.text);
        }
    }

    #[test]
    fn nothing_to_learn_from_is_no_model() {
        assert!(train_on(Vec::new(), &[], &Recipe::default(), &mut |_| {}).is_none());
    }
}
