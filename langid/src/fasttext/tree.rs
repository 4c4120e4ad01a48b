//! Hierarchical softmax: the Huffman tree of the labels, and the search for the best of them.
//!
//! Tree and search follow `HierarchicalSoftmaxLoss` in C++ fastText's `loss.cc`, down to the small addend in its
//! logarithm. The tree is not stored in models: it is built from the label counts, as it was for training.

use super::best::{Best, log};
use super::matrix::Matrix;

/// Count of a tree node that is not built yet: larger than any label's.
const UNBUILT: i64 = 1_000_000_000_000_000;
/// Sums that a product is kept in, so that additions need not wait for each other.
const LANES: usize = 8;

/// The output layer of a hierarchical softmax model.
#[derive(Debug)]
pub(super) struct Tree {
    /// Children of the inner nodes; node ids below `labels` are leaves, `labels + i` is inner node `i`.
    children: Vec<[usize; 2]>,
    labels: usize,
    /// Output rows of the inner nodes, `dim` numbers each.
    rows: Vec<f32>,
    /// What products with the rows are multiplied by.
    scales: Vec<f32>,
    dim: usize,
}

impl Tree {
    /// The tree over labels with these counts, in the model's order: the most frequent first.
    pub(super) fn new(matrix: &Matrix, dim: usize, counts: &[i64]) -> Tree {
        let children = huffman(counts);
        let mut rows = Vec::with_capacity(children.len() * dim);
        let mut scales = Vec::with_capacity(children.len());
        for inner in 0..children.len() {
            let (values, scale) = matrix.row(inner, dim);
            rows.extend(values);
            scales.push(scale);
        }
        Tree { children, labels: counts.len(), rows, scales, dim }
    }

    /// The `k` best labels for an averaged input vector, with the logarithms of their probabilities.
    ///
    /// Depth first, the left child first, leaving branches that cannot reach the worst label kept, as fastText does.
    /// `in_order` adds up products one number after the other.
    pub(super) fn best(&self, hidden: &[f32], k: usize, in_order: bool) -> Vec<(f32, u32)> {
        let mut best = Best::new(k);
        let floor = log(0.0);
        // The last node built; with one label, its leaf.
        let root = self.labels + self.children.len() - 1;
        let mut open = Vec::with_capacity(32);
        open.push((root, 0.0_f32));
        while let Some((node, score)) = open.pop() {
            if score < floor || best.to_beat().is_some_and(|worst| score < worst) {
                continue;
            }
            let Some(inner) = node.checked_sub(self.labels) else {
                best.push(score, node as u32);
                continue;
            };
            let row = &self.rows[inner * self.dim..(inner + 1) * self.dim];
            let product =
                if in_order { dot_in_order(row, hidden) } else { dot(row, hidden) } * self.scales[inner];
            let right = (1.0 / f64::from(1.0 + (-product).exp())) as f32;
            let [left_child, right_child] = self.children[inner];
            open.push((right_child, score + log(right)));
            open.push((left_child, score + log(1.0 - right)));
        }
        best.into_sorted()
    }
}

fn dot_in_order(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).fold(0.0, |sum, (a, b)| sum + a * b)
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0_f32; LANES];
    let (a, a_rest) = a.as_chunks::<LANES>();
    let (b, b_rest) = b.as_chunks::<LANES>();
    for (a, b) in a.iter().zip(b) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f32>() + rest
}

/// The inner nodes of fastText's Huffman tree: two queues, leaves from the last and inner nodes from the first.
fn huffman(counts: &[i64]) -> Vec<[usize; 2]> {
    let labels = counts.len();
    let mut weights = counts.to_vec();
    weights.resize(labels * 2, UNBUILT);
    let (mut leaves_left, mut next_inner) = (labels, labels);
    let mut children = Vec::with_capacity(labels);
    for parent in labels..(2 * labels).saturating_sub(1) {
        let pair = [(); 2].map(|()| {
            if leaves_left > 0 && weights[leaves_left - 1] < weights[next_inner] {
                leaves_left -= 1;
                leaves_left
            } else {
                next_inner += 1;
                next_inner - 1
            }
        });
        weights[parent] = weights[pair[0]].saturating_add(weights[pair[1]]);
        children.push(pair);
    }
    children
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(counts: &[i64], values: Vec<f32>, dim: usize) -> Tree {
        Tree::new(&Matrix::Float { values }, dim, counts)
    }

    #[test]
    fn rare_labels_lie_deeper_than_frequent_ones() {
        let children = huffman(&[100, 40, 30, 10, 5]);
        // 5+10, then 15+30, then 40+45, then 85+100: ties and order as in fastText.
        assert_eq!(children, [[4, 3], [5, 2], [1, 6], [7, 0]]);
    }

    #[test]
    fn one_label_is_always_the_answer() {
        assert_eq!(tree(&[7], vec![0.0; 4], 4).best(&[1.0; 4], 2, false), [(0.0, 0)]);
    }

    #[test]
    fn probabilities_of_two_labels_sum_to_one() {
        let best = tree(&[3, 2], vec![2.0, -1.0, 0.0, 0.0], 2).best(&[0.5, 0.25], 2, true);
        assert!((best[0].0.exp() + best[1].0.exp() - 1.0).abs() < 1e-4, "{best:?}");
        assert!(best[0].0 > best[1].0);
    }

    #[test]
    fn a_product_is_the_sum_over_all_numbers() {
        let numbers: Vec<f32> = (0..21_u8).map(f32::from).collect();
        let products = vec![dot(&numbers, &numbers), dot_in_order(&numbers, &numbers)];
        assert_eq!(products, [2870.0; 2]);
    }
}
