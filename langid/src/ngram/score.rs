//! From the words of a text to scores, and from scores to probabilities.
//!
//! Sums over n-grams are integers; what follows is `f32` in a fixed order. So an answer does not depend on the platform,
//! on threads, or on what was asked before.

use super::cache::Cache;
use super::math::exp;
use super::model::{BUCKETS, Head, Model};
use super::text::{Counts, Group, read};

/// What was read of one script.
#[derive(Clone, Debug)]
pub(crate) struct ScriptSum<const D: usize> {
    pub(crate) group: Group,
    /// Bytes of its words.
    pub(crate) bytes: usize,
    /// n-grams that were summed; none for a script with a single label.
    pub(crate) n_grams: u64,
    pub(crate) sum: [i64; D],
}

/// What was read of a text or of a part of it.
#[derive(Clone, Debug)]
pub(crate) struct Sums<const D: usize> {
    pub(crate) counts: Counts,
    pub(crate) scripts: Vec<ScriptSum<D>>,
}

impl<const D: usize> Default for Sums<D> {
    fn default() -> Sums<D> {
        Sums { counts: Counts::default(), scripts: Vec::new() }
    }
}

impl<const D: usize> Sums<D> {
    /// Reads at most `quota` n-grams of `text`, whole words, and lowers the quota by them. The number of bytes read.
    pub(crate) fn read(&mut self, model: &Model, cache: &mut Cache<D>, text: &str, quota: &mut u32) -> usize {
        let mut run = Run::<D>::none();
        let scripts = &mut self.scripts;
        let read_to = read(text, &mut self.counts, |word| {
            if word.group != run.group {
                run.finish(scripts);
                run = Run::start(word.group, model);
            }
            run.bytes += word.bytes.len();
            let cost = if run.asks {
                let count = cache.add(model, word, &mut run.sum);
                run.n_grams += count;
                // Each n-gram adds at most 127, so this is far from the end of i32.
                if run.n_grams > 1 << 20 {
                    let group = run.group;
                    run.finish(scripts);
                    run = Run::start(group, model);
                }
                count
            } else {
                word.bytes.len() as u32
            };
            *quota = quota.saturating_sub(cost);
            *quota > 0
        });
        run.finish(scripts);
        read_to
    }

    pub(crate) fn add(&mut self, other: &Sums<D>) {
        self.counts.add(&other.counts);
        for theirs in &other.scripts {
            let ours = entry(&mut self.scripts, theirs.group);
            ours.bytes += theirs.bytes;
            ours.n_grams += theirs.n_grams;
            for (sum, value) in ours.sum.iter_mut().zip(theirs.sum) {
                *sum += value;
            }
        }
    }

    /// The script with most bytes, the one met first if there are several.
    pub(crate) fn dominant(&self) -> Option<&ScriptSum<D>> {
        self.scripts.iter().reduce(|best, other| if other.bytes > best.bytes { other } else { best })
    }
}

fn entry<const D: usize>(scripts: &mut Vec<ScriptSum<D>>, group: Group) -> &mut ScriptSum<D> {
    let at = scripts.iter().position(|script| script.group == group).unwrap_or_else(|| {
        scripts.push(ScriptSum { group, bytes: 0, n_grams: 0, sum: [0; D] });
        scripts.len() - 1
    });
    &mut scripts[at]
}

/// Words of one script in a row.
struct Run<const D: usize> {
    group: Group,
    /// Whether the script has labels to choose from.
    asks: bool,
    bytes: usize,
    n_grams: u32,
    sum: [i32; D],
}

impl<const D: usize> Run<D> {
    fn none() -> Run<D> {
        Run { group: super::text::NO_GROUP, asks: false, bytes: 0, n_grams: 0, sum: [0; D] }
    }

    fn start(group: Group, model: &Model) -> Run<D> {
        let asks = model.head(group).is_some_and(|head| head.labels > 1);
        Run { group, asks, ..Run::none() }
    }

    fn finish(&self, scripts: &mut Vec<ScriptSum<D>>) {
        if self.bytes == 0 {
            return;
        }
        let script = entry(scripts, self.group);
        script.bytes += self.bytes;
        script.n_grams += u64::from(self.n_grams);
        for (sum, value) in script.sum.iter_mut().zip(self.sum) {
            *sum += i64::from(value);
        }
    }
}

/// The length class of a text: how often its number of n-grams can be halved.
pub(crate) fn bucket(n_grams: u64) -> usize {
    (n_grams.max(1).ilog2() as usize).min(BUCKETS - 1)
}

/// Scores of all labels of a head, padded; higher is better.
#[inline]
pub(crate) fn scores<const D: usize>(
    model: &Model,
    head: &Head,
    script: &ScriptSum<D>,
    scores: &mut Vec<f32>,
) {
    let scale = model.row_scale / script.n_grams.max(1) as f32;
    scores.clear();
    scores.extend_from_slice(&head.biases);
    let padded = scores.len();
    for (sum, weights) in script.sum.iter().zip(head.weights.chunks_exact(padded)) {
        let value = *sum as f32 * scale;
        for (score, weight) in scores.iter_mut().zip(weights) {
            *score += value * weight;
        }
    }
    scores.truncate(head.labels);
}

/// What is less likely than the likeliest by e to this is as good as impossible: all labels of a script together are
/// below one in ten thousand.
const LEAST_POWER: f32 = -16.0;

/// Turns scores into probabilities; labels at negative infinity stay at zero.
pub(crate) fn softmax(scores: &mut [f32], sharpness: f32) {
    let top = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sum = 0.0;
    for score in scores.iter_mut() {
        let power = (*score - top) * sharpness;
        // Nearly all labels of a script are out of the question for a text.
        *score = if power < LEAST_POWER { 0.0 } else { exp(power) };
        sum += *score;
    }
    if sum > 0.0 {
        let share = 1.0 / sum;
        for score in scores.iter_mut() {
            *score *= share;
        }
    }
}
