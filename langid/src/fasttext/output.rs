//! The output layer: from the averaged vector of a text to the best labels, for each of fastText's four losses.

use super::best::{Best, log};
use super::matrix::Matrix;
use super::tree::Tree;

/// Rows that are multiplied at once, one in each lane: sums over a row keep C++'s order, and the loop vectorises.
const LANES: usize = 32;
/// fastText's table of the logistic function: steps from -8 to 8.
const SIGMOID_STEPS: usize = 512;
const MAX_SIGMOID: f32 = 8.0;

/// Which of fastText's losses a model was trained with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Loss {
    HierarchicalSoftmax,
    NegativeSampling,
    Softmax,
    OneAgainstAll,
}

impl Loss {
    /// Whether probabilities are looked up in a table of steps, so that a last bit may decide between two of them.
    pub(super) fn is_stepped(self) -> bool {
        matches!(self, Loss::NegativeSampling | Loss::OneAgainstAll)
    }
}

/// The output layer of a model.
#[derive(Debug)]
pub(super) enum Output {
    Tree(Tree),
    Softmax(Rows),
    /// A probability of its own for each label, from the table of the logistic function.
    Logistic {
        rows: Rows,
        sigmoid: Vec<f32>,
    },
}

impl Output {
    /// For as many rows of `dim` numbers as there are label counts.
    pub(super) fn new(loss: Loss, matrix: &Matrix, dim: usize, counts: &[i64]) -> Output {
        match loss {
            Loss::HierarchicalSoftmax => Output::Tree(Tree::new(matrix, dim, counts)),
            Loss::Softmax => Output::Softmax(Rows::new(matrix, dim, counts.len())),
            Loss::NegativeSampling | Loss::OneAgainstAll => {
                let step = |i| (i * 16) as f32 / SIGMOID_STEPS as f32 - MAX_SIGMOID;
                let value = |x: f32| (1.0 / (1.0 + f64::from((-x).exp()))) as f32;
                let sigmoid = (0..=SIGMOID_STEPS).map(|i| value(step(i))).collect();
                Output::Logistic { rows: Rows::new(matrix, dim, counts.len()), sigmoid }
            }
        }
    }

    /// The `k` best labels, the best first, with the logarithms of their probabilities. `products` is scratch space;
    /// `in_order` adds numbers in C++'s order.
    pub(super) fn best(
        &self,
        hidden: &[f32],
        k: usize,
        products: &mut Vec<f32>,
        in_order: bool,
    ) -> Vec<(f32, u32)> {
        match self {
            Output::Tree(tree) => return tree.best(hidden, k, in_order),
            Output::Softmax(rows) => {
                rows.multiply(hidden, products);
                softmax(products);
            }
            Output::Logistic { rows, sigmoid } => {
                rows.multiply(hidden, products);
                for product in products.iter_mut() {
                    *product = logistic(*product, sigmoid);
                }
            }
        }
        largest(products, k)
    }
}

fn softmax(products: &mut [f32]) {
    let max = products.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sum = 0.0;
    for product in products.iter_mut() {
        *product = (*product - max).exp();
        sum += *product;
    }
    for product in products.iter_mut() {
        *product /= sum;
    }
}

fn logistic(x: f32, table: &[f32]) -> f32 {
    if x < -MAX_SIGMOID {
        0.0
    } else if x > MAX_SIGMOID {
        1.0
    } else {
        table[((x + MAX_SIGMOID) * SIGMOID_STEPS as f32 / MAX_SIGMOID / 2.0) as usize]
    }
}

fn largest(probabilities: &[f32], k: usize) -> Vec<(f32, u32)> {
    let mut best = Best::new(k);
    // Clearly smaller than the worst one kept: its logarithm, which costs more than all the rest, need not be taken.
    let mut hopeless = f32::NEG_INFINITY;
    for (label, probability) in probabilities.iter().enumerate() {
        if *probability < hopeless {
            continue;
        }
        let score = log(*probability);
        if best.to_beat().is_some_and(|worst| score < worst) {
            continue;
        }
        best.push(score, label as u32);
        if let Some(worst) = best.to_beat() {
            // `log` backwards, less ten times what two roundings of it can make.
            hopeless = (f64::from(worst).exp() * (1.0 - 2e-5) - 1e-5) as f32;
        }
    }
    best.into_sorted()
}

/// Output rows, `LANES` of them side by side: for each number of a row, that of all rows in the block.
#[derive(Debug)]
pub(super) struct Rows {
    count: usize,
    dim: usize,
    blocks: Vec<[f32; LANES]>,
    /// What products with the rows are multiplied by.
    scales: Vec<f32>,
}

impl Rows {
    fn new(matrix: &Matrix, dim: usize, count: usize) -> Rows {
        let mut blocks = vec![[0.0; LANES]; count.div_ceil(LANES) * dim];
        let mut scales = Vec::with_capacity(count);
        for row in 0..count {
            let (values, scale) = matrix.row(row, dim);
            for (block, value) in blocks[row / LANES * dim..].iter_mut().zip(values) {
                block[row % LANES] = value;
            }
            scales.push(scale);
        }
        Rows { count, dim, blocks, scales }
    }

    /// The product of each row with `hidden`.
    fn multiply(&self, hidden: &[f32], products: &mut Vec<f32>) {
        products.clear();
        for block in self.blocks.chunks_exact(self.dim) {
            let mut sums = [0.0_f32; LANES];
            for (values, x) in block.iter().zip(hidden) {
                for (sum, value) in sums.iter_mut().zip(values) {
                    *sum += value * x;
                }
            }
            products.extend_from_slice(&sums);
        }
        products.truncate(self.count);
        for (product, scale) in products.iter_mut().zip(&self.scales) {
            *product *= scale;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn rows_are_multiplied_whatever_their_number() {
        for count in [1, 31, 32, 33, 70] {
            let values: Vec<f32> = (0..count * 3).map(|i| (i % 17) as f32).collect();
            let rows = Rows::new(&Matrix::Float { values: values.clone() }, 3, count);
            let mut products = Vec::new();
            rows.multiply(&[1.0, -2.0, 0.5], &mut products);
            let want: Vec<f32> =
                values.chunks_exact(3).map(|row| row[0] - 2.0 * row[1] + 0.5 * row[2]).collect();
            assert_eq!(products, want);
        }
    }

    proptest! {
        #[test]
        fn leaving_hopeless_labels_out_changes_nothing(
            exponents in proptest::collection::vec(-16_i32..1, 1..40), k in 1_usize..4,
        ) {
            let probabilities: Vec<f32> = exponents.iter().map(|e| 3_f32.powi(*e)).collect();
            let mut plain = Best::new(k);
            for (label, p) in probabilities.iter().enumerate() {
                if plain.to_beat().is_none_or(|worst| log(*p) >= worst) {
                    plain.push(log(*p), label as u32);
                }
            }
            prop_assert_eq!(largest(&probabilities, k), plain.into_sorted());
        }
    }
}
