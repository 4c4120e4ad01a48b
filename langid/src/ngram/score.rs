//! From the words of a text to scores, and from scores to probabilities.
//!
//! Sums over n-grams are integers; what follows is `f32` in a fixed order. So an answer does not depend on the platform,
//! on threads, or on what was asked before.

use super::cache::{Cache, MAX_KEPT, Waiting};
#[cfg(feature = "train")]
use super::math::exp;
use super::model::{BUCKETS, Head, LANES, Model};
use super::text::{Counts, Group, NO_GROUP, groups, read};
use crate::script::Script;

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
    /// Reads about `quota` n-grams of `text`, a few words more at most, and lowers the quota by them. The number of bytes read.
    pub(crate) fn read(&mut self, model: &Model, cache: &mut Cache<D>, text: &str, quota: &mut u32) -> usize {
        let mut run = Run::<D>::none();
        let scripts = &mut self.scripts;
        let read_to = read(text, &mut self.counts, |word| {
            if word.group != run.group {
                *quota = quota.saturating_sub(run.finish(model, cache, scripts));
                run.start(word.group, model);
            }
            run.bytes += word.bytes.len();
            let cost = if !run.asks {
                word.bytes.len() as u32
            } else if word.bytes.len() > MAX_KEPT {
                let n_grams = cache.add_long(model, word, &mut run.sum);
                run.counted(n_grams)
            } else if run.waiting.push(word) {
                run.add_waiting(model, cache)
            } else {
                0
            };
            // Each n-gram adds at most 127, so this is far from the end of i32.
            if run.n_grams > 1 << 20 {
                run.finish(model, cache, scripts);
                run.start(word.group, model);
            }
            *quota = quota.saturating_sub(cost);
            *quota > 0
        });
        *quota = quota.saturating_sub(run.finish(model, cache, scripts));
        read_to
    }

    /// The script with most bytes, the one met first if there are several.
    pub(crate) fn dominant(&self) -> Option<&ScriptSum<D>> {
        self.scripts.iter().reduce(|best, other| if other.bytes > best.bytes { other } else { best })
    }
}

/// Bytes of words by script, over the parts of a text.
#[derive(Debug, Default)]
pub(crate) struct Scripts(Vec<(Group, usize)>);

impl Scripts {
    pub(crate) fn add<const D: usize>(&mut self, sums: &Sums<D>) {
        for script in &sums.scripts {
            match self.0.iter_mut().find(|(group, _)| *group == script.group) {
                Some((_, bytes)) => *bytes += script.bytes,
                None => self.0.push((script.group, script.bytes)),
            }
        }
    }

    /// The script with most bytes, the one met first if there are several.
    pub(crate) fn most(&self) -> Option<Script> {
        let most = self.0.iter().reduce(|best, other| if other.1 > best.1 { other } else { best });
        most.map(|(group, _)| groups()[*group as usize])
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
    waiting: Waiting,
}

impl<const D: usize> Run<D> {
    fn none() -> Run<D> {
        Run {
            group: NO_GROUP,
            asks: false,
            bytes: 0,
            n_grams: 0,
            sum: [0; D],
            waiting: Waiting::new(NO_GROUP),
        }
    }

    fn start(&mut self, group: Group, model: &Model) {
        self.group = group;
        self.asks = model.head(group).is_some_and(|head| head.labels > 1);
        (self.bytes, self.n_grams, self.sum) = (0, 0, [0; D]);
        self.waiting.restart(group);
    }

    /// Takes note of n-grams that were summed, and hands them on.
    fn counted(&mut self, n_grams: u32) -> u32 {
        self.n_grams += n_grams;
        n_grams
    }

    fn add_waiting(&mut self, model: &Model, cache: &mut Cache<D>) -> u32 {
        let n_grams = cache.add_all(model, &mut self.waiting, &mut self.sum);
        self.counted(n_grams)
    }

    /// Puts what was read to its script; returns the n-grams that had been waiting.
    fn finish(&mut self, model: &Model, cache: &mut Cache<D>, scripts: &mut Vec<ScriptSum<D>>) -> u32 {
        if self.bytes == 0 {
            return 0;
        }
        let waited = self.add_waiting(model, cache);
        let script = entry(scripts, self.group);
        script.bytes += self.bytes;
        script.n_grams += u64::from(self.n_grams);
        for (sum, value) in script.sum.iter_mut().zip(self.sum) {
            *sum += i64::from(value);
        }
        waited
    }
}

/// The length class of a text: how often its number of n-grams can be halved.
pub(crate) fn bucket(n_grams: u64) -> usize {
    (n_grams.max(1).ilog2() as usize).min(BUCKETS - 1)
}

/// Scores of all labels of a head; higher is better.
#[inline]
pub(crate) fn scores<const D: usize>(
    model: &Model,
    head: &Head,
    script: &ScriptSum<D>,
    scores: &mut Vec<f32>,
) {
    let scale = model.row_scale / script.n_grams.max(1) as f32;
    let mean: [f32; D] = std::array::from_fn(|d| script.sum[d] as f32 * scale);
    let padded = head.biases.len();
    scores.clear();
    scores.extend_from_slice(&head.biases);
    // A few labels at a time, so that their scores stay in registers.
    for (block, scores) in scores.chunks_exact_mut(LANES).enumerate() {
        let mut sums: [f32; LANES] = std::array::from_fn(|label| scores[label]);
        for (value, weights) in mean.iter().zip(head.weights.chunks_exact(padded)) {
            let weights = &weights[block * LANES..][..LANES];
            for (sum, weight) in sums.iter_mut().zip(weights) {
                *sum += value * weight;
            }
        }
        scores.copy_from_slice(&sums);
    }
    scores.truncate(head.labels);
}

/// What is less likely than the likeliest by e to this is as good as impossible: all labels of a script together are
/// below one in ten thousand.
#[cfg(feature = "train")]
const LEAST_POWER: f32 = -16.0;

/// Turns scores into probabilities; labels at negative infinity stay at zero.
#[cfg(feature = "train")]
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
