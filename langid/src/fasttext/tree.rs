//! Hierarchical softmax over a quantised input matrix, which the crate below gets wrong.
//!
//! `fasttext` 0.8.0 sends quantised models through plain softmax whatever their loss (`predict_raw_quantized`), so that
//! `lid.176.ftz`, quantised with hierarchical softmax, agrees with C++ fastText on 0.2 % of lines. The crate's public
//! interface is enough to do it right: it gives the averaged input vector of a text (`get_sentence_vector`), the label
//! counts from which fastText builds its Huffman tree, and the output rows. Tree and search follow
//! `HierarchicalSoftmaxLoss` in C++ fastText's `loss.cc`, down to the small addend in its logarithm.

use fasttext::FastText;
use fasttext::args::LossName;
use fasttext::dictionary::EntryType;

/// Count of a tree node that is not built yet: larger than any sum of label counts.
const UNBUILT: i64 = 1_000_000_000_000_000;

/// The output layer of a hierarchical softmax model.
#[derive(Debug)]
pub(super) struct Tree {
    /// Children of the inner nodes; node ids below `labels` are leaves, `labels + i` is inner node `i`.
    children: Vec<[usize; 2]>,
    labels: usize,
    /// Output rows of the inner nodes, `dim` numbers each.
    rows: Vec<f32>,
    dim: usize,
}

impl Tree {
    /// The tree of `model`, if it is one that the crate mispredicts: quantised, with hierarchical softmax.
    pub(super) fn of(model: &FastText) -> Option<Tree> {
        if !model.is_quant() || model.args().loss != LossName::HierarchicalSoftmax {
            return None;
        }
        Some(Tree::build(model))
    }

    pub(super) fn build(model: &FastText) -> Tree {
        let counts = model.dict().get_counts(EntryType::Label);
        let dim = model.args().dim as usize;
        Tree { children: huffman(&counts), labels: counts.len(), rows: output_rows(model, dim), dim }
    }

    /// The two most probable labels (index, probability) for an averaged input vector.
    ///
    /// Depth first, the left child first, leaving branches that cannot reach the second best, as fastText does.
    pub(super) fn best_two(&self, hidden: &[f32]) -> Vec<(usize, f32)> {
        let mut best: Vec<(f32, usize)> = Vec::with_capacity(3);
        // The last node built; with one label, its leaf.
        let root = self.labels + self.children.len() - 1;
        let mut open = vec![(root, 0.0_f32)];
        while let Some((node, score)) = open.pop() {
            if score < log(0.0) || (best.len() == 2 && score < best[1].0) {
                continue;
            }
            let Some(inner) = node.checked_sub(self.labels) else {
                let at = best.iter().position(|(known, _)| *known < score).unwrap_or(best.len());
                best.insert(at, (score, node));
                best.truncate(2);
                continue;
            };
            let row = &self.rows[inner * self.dim..(inner + 1) * self.dim];
            let dot: f32 = row.iter().zip(hidden).map(|(a, b)| a * b).sum();
            let right = 1.0 / (1.0 + (-dot).exp());
            let [left_child, right_child] = self.children[inner];
            open.push((right_child, score + log(right)));
            open.push((left_child, score + log(1.0 - right)));
        }
        best.into_iter().map(|(score, label)| (label, score.exp().min(1.0))).collect()
    }
}

/// fastText's logarithm, finite at 0.
fn log(x: f32) -> f32 {
    (x + 1e-5).ln()
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
        weights[parent] = weights[pair[0]] + weights[pair[1]];
        children.push(pair);
    }
    children
}

/// All output rows as floats, whether stored so or quantised.
fn output_rows(model: &FastText, dim: usize) -> Vec<f32> {
    let Some(quantised) = model.quant_output() else {
        return model.output_matrix().data().to_vec();
    };
    let (pq, parts) = (&quantised.pq, quantised.pq.nsubq as usize);
    let mut rows = Vec::with_capacity(quantised.m as usize * dim);
    for (i, codes) in quantised.codes.chunks_exact(parts).enumerate() {
        let norm = match (&quantised.npq, &quantised.norm_codes) {
            (Some(npq), Some(norm_codes)) => npq.get_centroids(0, norm_codes[i])[0],
            _ => 1.0,
        };
        for (part, code) in codes.iter().enumerate() {
            rows.extend(pq.get_centroids(part, *code).iter().map(|x| x * norm));
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rare_labels_lie_deeper_than_frequent_ones() {
        let children = huffman(&[100, 40, 30, 10, 5]);
        // 5+10, then 15+30, then 40+45, then 85+100: ties and order as in fastText.
        assert_eq!(children, [[4, 3], [5, 2], [1, 6], [7, 0]]);
    }

    #[test]
    fn one_label_is_always_the_answer() {
        let tree = Tree { children: huffman(&[7]), labels: 1, rows: vec![0.0; 4], dim: 4 };
        assert_eq!(tree.best_two(&[1.0; 4]), [(0, 1.0)]);
    }

    #[test]
    fn probabilities_of_two_labels_sum_to_one() {
        let tree = Tree { children: huffman(&[3, 2]), labels: 2, rows: vec![2.0, -1.0], dim: 2 };
        let best = tree.best_two(&[0.5, 0.25]);
        assert!((best[0].1 + best[1].1 - 1.0).abs() < 1e-4, "{best:?}");
        assert!(best[0].1 > best[1].1);
    }
}
