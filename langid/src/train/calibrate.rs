//! Probabilities that mean what they say, and thresholds: fitted on lines that were kept back.
//!
//! Scores are means over n-grams, so those of one word are as far apart as those of a page, although a page says more.
//! The sharpness by which they are multiplied is therefore fitted for each length by itself, on whole lines and on cuts of
//! a few words, by the likelihood of the right labels. Labels count equally, whatever their number of lines.
//!
//! Lines like those learned from make a model seem surer than it may be of text of another kind. So the sharpness is
//! that of a first model, for which many labels gave up a whole source; the lines of these sources count half. They are
//! learned by the model that is written.

use super::examples::{Examples, HeldOut};
use crate::ngram::cache;
use crate::ngram::math::{exp, ln};
use crate::ngram::model::{BUCKETS, Model};
use crate::ngram::next_number;
use crate::ngram::score::{Sums, bucket, scores, softmax};
use crate::ngram::text::composed;

/// Words of the cuts that are looked at besides the whole line.
const CUTS: [usize; 4] = [1, 2, 4, 8];

/// Sharpnesses that are tried: 0.2 to 4 in steps of 5 %.
const STEPS: i32 = 62;

/// Texts of one length below which a sharpness is taken from the next length.
const MIN_TEXTS: usize = 200;

/// A label's threshold keeps this share of the lines that it answers rightly.
const KEPT: f32 = 0.98;

/// Bounds of thresholds. The lower one is also that of labels without lines to fit on, if they are more than one text.
const LEAST: f32 = 0.2;
const MOST: f32 = 0.5;

/// A text with the scores of its script's labels.
struct Scored {
    bucket: usize,
    /// Within the head.
    gold: usize,
    weight: f32,
    scores: Vec<f32>,
    /// The label, and whether the text is a whole line.
    label: usize,
    whole: bool,
}

/// Fits the sharpness of each length, unless it is given, and the threshold of each label.
pub(crate) fn calibrate(model: &mut Model, examples: &Examples, given: Option<[f32; BUCKETS]>) {
    let mut lines = vec![[0usize; 2]; model.labels.len()];
    for held_out in &examples.held_out {
        lines[held_out.label][usize::from(held_out.foreign)] += 1;
    }
    // Text of a kind that its label did not learn counts as much as text that is like the lines learned from.
    let kinds = [0, 1].map(|kind| lines.iter().filter(|lines| lines[kind] > 0).count().max(1));
    let number = next_number();
    let mut texts = Vec::new();
    for held_out in &examples.held_out {
        let kind = usize::from(held_out.foreign);
        let weight = 1.0 / (lines[held_out.label][kind] * kinds[kind]) as f32;
        match model.dim {
            16 => score::<16>(model, number, held_out, weight, &mut texts),
            64 => score::<64>(model, number, held_out, weight, &mut texts),
            _ => score::<32>(model, number, held_out, weight, &mut texts),
        }
    }
    for class in (0..BUCKETS).rev() {
        let own: Vec<&Scored> = texts.iter().filter(|text| text.bucket == class).collect();
        model.sharpness[class] = if own.len() >= MIN_TEXTS {
            best_sharpness(&own)
        } else {
            model.sharpness.get(class + 1).copied().unwrap_or(1.0)
        };
    }
    model.sharpness = given.unwrap_or(model.sharpness);
    let mut sure: Vec<Vec<f32>> = vec![Vec::new(); model.labels.len()];
    for text in texts.iter().filter(|text| text.whole) {
        let mut probabilities = text.scores.clone();
        softmax(&mut probabilities, model.sharpness[text.bucket]);
        if probabilities.iter().all(|other| *other <= probabilities[text.gold]) {
            sure[text.label].push(probabilities[text.gold]);
        }
    }
    for (label, mut sure) in model.labels.iter_mut().zip(sure) {
        sure.sort_unstable_by(|a, b| b.total_cmp(a));
        let fitted = sure.get((sure.len() as f32 * KEPT) as usize).copied().unwrap_or(LEAST);
        let least = if label.experimental { MOST } else { LEAST };
        // Rounded as the file has it.
        label.threshold = (fitted.clamp(least, MOST) * 10_000.0).round() / 10_000.0;
    }
}

fn score<const D: usize>(
    model: &Model,
    number: u64,
    held_out: &HeldOut,
    weight: f32,
    texts: &mut Vec<Scored>,
) {
    let Some(head) =
        model.heads.iter().find(|head| (head.first..head.first + head.labels).contains(&held_out.label))
    else {
        return;
    };
    if head.labels == 1 {
        return;
    }
    let text = composed(&held_out.text);
    let words: Vec<&str> = text.split_whitespace().collect();
    let cuts = CUTS.iter().filter(|cut| **cut < words.len()).map(|cut| {
        // Anywhere in the line, but the same place each time.
        let from = (held_out.text.len() * 31 + cut) % (words.len() - cut + 1);
        (words[from..from + cut].join(" "), false)
    });
    for (text, whole) in cuts.chain([(text.to_string(), true)]) {
        let mut sums = Sums::<D>::default();
        cache::with::<D, _>(number, |cache| sums.read(model, cache, &text, &mut u32::MAX.clone()));
        let Some(script) = sums.dominant().filter(|script| script.group == head.group && script.n_grams > 0)
        else {
            continue;
        };
        let mut found = Vec::new();
        scores(model, head, script, &mut found);
        texts.push(Scored {
            bucket: bucket(script.n_grams),
            gold: held_out.label - head.first,
            weight,
            scores: found,
            label: held_out.label,
            whole,
        });
    }
}

fn best_sharpness(texts: &[&Scored]) -> f32 {
    let mut best = (f64::NEG_INFINITY, 1.0);
    let mut sharpness = 0.2f32;
    for _ in 0..STEPS {
        let likelihood: f64 =
            texts.iter().map(|text| f64::from(text.weight * log_probability(text, sharpness))).sum();
        if likelihood > best.0 {
            best = (likelihood, sharpness);
        }
        sharpness *= 1.05;
    }
    best.1
}

fn log_probability(text: &Scored, sharpness: f32) -> f32 {
    let top = text.scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f32 = text.scores.iter().map(|score| exp((score - top) * sharpness)).sum();
    (text.scores[text.gold] - top) * sharpness - ln(sum)
}
