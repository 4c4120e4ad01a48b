//! The training loop: averaged rows of a line's n-grams, and a softmax over the labels of its script.
//!
//! fastText's model with two changes. The softmax knows which script it is for, as the model does when it answers; and
//! steps follow AdaGrad, a sum of squares per row and per label, so that n-grams of languages with little text are
//! learned as fast as frequent ones. One thread, one order: the same lines and seed give the same bytes.

use super::random::Random;
use crate::ngram::math::{exp, ln};

/// Words of all lines, and the rows of each.
#[derive(Debug, Default)]
pub(crate) struct Words {
    /// Rows of word `w`: `rows[starts[w]..starts[w + 1]]`.
    pub(crate) rows: Vec<u32>,
    pub(crate) starts: Vec<u32>,
}

impl Words {
    pub(crate) fn rows_of(&self, word: u32) -> &[u32] {
        &self.rows[self.starts[word as usize] as usize..self.starts[word as usize + 1] as usize]
    }
}

/// One example: a label of a head. Its rows are in [`Learner::used`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Example<'a> {
    pub(crate) head: usize,
    /// Within the head.
    pub(crate) label: usize,
    /// Added to the scores while learning: the logarithm of each label's share of the examples.
    pub(crate) priors: &'a [f32],
}

/// Weights of one script's labels, dimension by dimension.
#[derive(Clone, Debug)]
pub(crate) struct Output {
    pub(crate) labels: usize,
    pub(crate) padded: usize,
    pub(crate) weights: Vec<f32>,
    pub(crate) biases: Vec<f32>,
    squares: Vec<f32>,
}

/// Everything that is learned.
pub(crate) struct Learner<const D: usize> {
    pub(crate) rows: Vec<[f32; D]>,
    squares: Vec<f32>,
    pub(crate) outputs: Vec<Output>,
    /// Rows of the example at hand.
    pub(crate) used: Vec<u32>,
    scores: Vec<f32>,
}

/// Gradients smaller than this move nothing: most labels of a script are out of the question for a line.
const MIN_GRADIENT: f32 = 1e-4;

/// Keeps the first steps of AdaGrad finite.
const EPSILON: f32 = 1e-8;

impl<const D: usize> Learner<D> {
    pub(crate) fn new(rows: usize, labels: &[usize], random: &mut Random) -> Learner<D> {
        let bound = 1.0 / D as f32;
        let rows: Vec<[f32; D]> =
            (0..rows).map(|_| std::array::from_fn(|_| (random.unit() * 2.0 - 1.0) * bound)).collect();
        let outputs = labels
            .iter()
            .map(|labels| {
                let padded = labels.next_multiple_of(8);
                Output {
                    labels: *labels,
                    padded,
                    weights: vec![0.0; padded * D],
                    biases: vec![0.0; padded],
                    squares: vec![0.0; padded],
                }
            })
            .collect();
        Learner { squares: vec![0.0; rows.len()], rows, outputs, used: Vec::new(), scores: Vec::new() }
    }

    /// The mean of some rows.
    fn mean(&self) -> [f32; D] {
        let mut mean = [0.0f32; D];
        for row in &self.used {
            let row = &self.rows[*row as usize];
            for d in 0..D {
                mean[d] += row[d];
            }
        }
        let share = 1.0 / self.used.len().max(1) as f32;
        mean.map(|value| value * share)
    }

    /// One step on the rows in `used`; returns the loss before it.
    pub(crate) fn learn(&mut self, example: Example<'_>, rate: f32, target: f32) -> f32 {
        let count = self.used.len();
        if count == 0 {
            return 0.0;
        }
        let mean = self.mean();
        let output = &mut self.outputs[example.head];
        score(output, &mean, &mut self.scores);
        for (score, prior) in self.scores.iter_mut().zip(example.priors) {
            *score += prior;
        }
        softmax(&mut self.scores[..output.labels]);
        let loss = -ln(self.scores[example.label].max(1e-12));

        let off = (1.0 - target) / output.labels as f32;
        let mut back = [0.0f32; D];
        let squared: f32 = mean.iter().map(|value| value * value).sum::<f32>() / D as f32 + 1e-3;
        for label in 0..output.labels {
            let wanted = if label == example.label { target + off } else { off };
            let gradient = self.scores[label] - wanted;
            if gradient.abs() < MIN_GRADIENT {
                continue;
            }
            output.squares[label] += gradient * gradient * squared;
            let step = rate * gradient / (output.squares[label] + EPSILON).sqrt();
            for d in 0..D {
                let weight = &mut output.weights[d * output.padded + label];
                back[d] += gradient * *weight;
                *weight -= step * mean[d];
            }
            output.biases[label] -= step * 0.1;
        }
        let share = 1.0 / count as f32;
        for value in &mut back {
            *value *= share;
        }
        let square = back.iter().map(|value| value * value).sum::<f32>() / D as f32;
        for row in &self.used {
            let row = *row as usize;
            self.squares[row] += square;
            let step = rate / (self.squares[row] + EPSILON * EPSILON).sqrt();
            let values = &mut self.rows[row];
            for d in 0..D {
                values[d] -= step * back[d];
            }
        }
        loss
    }
}

/// Scores of all labels of a head.
pub(crate) fn score<const D: usize>(output: &Output, mean: &[f32; D], scores: &mut Vec<f32>) {
    scores.clear();
    scores.extend_from_slice(&output.biases);
    for (value, weights) in mean.iter().zip(output.weights.chunks_exact(output.padded)) {
        for (score, weight) in scores.iter_mut().zip(weights) {
            *score += value * weight;
        }
    }
}

/// Turns scores into probabilities.
pub(crate) fn softmax(scores: &mut [f32]) {
    let top = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sum = 0.0;
    for score in scores.iter_mut() {
        *score = exp(*score - top);
        sum += *score;
    }
    let share = 1.0 / sum;
    for score in scores.iter_mut() {
        *score *= share;
    }
}
