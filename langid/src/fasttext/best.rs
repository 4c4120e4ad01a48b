//! The best of many labels, kept in the heap that C++ fastText keeps them in.
//!
//! Losses that look their values up in a table give equal probabilities often, and which of two equal labels C++ answers
//! depends on how libstdc++ moves them about. So its `push_heap`, `pop_heap` and `sort_heap` are followed here step by
//! step, with fastText's comparison: the top is the worst label kept.

/// fastText's logarithm, finite at 0; in double precision, as C++ promotes it.
pub(super) fn log(x: f32) -> f32 {
    (f64::from(x) + 1e-5).ln() as f32
}

/// Up to `k` labels with the largest scores.
#[derive(Debug)]
pub(super) struct Best {
    k: usize,
    heap: Vec<(f32, u32)>,
}

impl Best {
    /// Room for `k` labels, 1 at least.
    pub(super) fn new(k: usize) -> Best {
        Best { k: k.max(1), heap: Vec::new() }
    }

    /// The score of the worst label kept, if no more fit.
    pub(super) fn to_beat(&self) -> Option<f32> {
        if self.heap.len() == self.k { self.heap.first().map(|worst| worst.0) } else { None }
    }

    /// Takes a label in. An equal score displaces the worst, as in C++; the caller leaves smaller ones out.
    pub(super) fn push(&mut self, score: f32, label: u32) {
        self.heap.push((score, label));
        let hole = self.heap.len() - 1;
        self.sift_up(hole, (score, label));
        if self.heap.len() > self.k {
            let end = self.heap.len() - 1;
            self.pop_to(end);
            self.heap.truncate(end);
        }
    }

    /// Labels and scores, the best first.
    pub(super) fn into_sorted(mut self) -> Vec<(f32, u32)> {
        for last in (1..self.heap.len()).rev() {
            self.pop_to(last);
        }
        self.heap
    }

    /// Moves the top to `last` and makes a heap of what is before it.
    fn pop_to(&mut self, last: usize) {
        let value = self.heap[last];
        self.heap[last] = self.heap[0];
        let mut hole = 0;
        let mut child = 0;
        while child < (last - 1) / 2 {
            child = 2 * (child + 1);
            if self.heap[child].0 > self.heap[child - 1].0 {
                child -= 1;
            }
            self.heap[hole] = self.heap[child];
            hole = child;
        }
        // A last parent with a single child.
        if last.is_multiple_of(2) && child == (last - 2) / 2 {
            child = 2 * (child + 1);
            self.heap[hole] = self.heap[child - 1];
            hole = child - 1;
        }
        self.sift_up(hole, value);
    }

    fn sift_up(&mut self, mut hole: usize, value: (f32, u32)) {
        while hole > 0 {
            let parent = (hole - 1) / 2;
            if self.heap[parent].0 <= value.0 || self.heap[parent].0.is_nan() || value.0.is_nan() {
                break;
            }
            self.heap[hole] = self.heap[parent];
            hole = parent;
        }
        self.heap[hole] = value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn best(k: usize, scores: &[f32]) -> Vec<(f32, u32)> {
        let mut best = Best::new(k);
        for (label, score) in scores.iter().enumerate() {
            if best.to_beat().is_none_or(|worst| *score >= worst) {
                best.push(*score, label as u32);
            }
        }
        best.into_sorted()
    }

    #[test]
    fn of_equal_labels_the_last_is_the_single_best() {
        assert_eq!(best(1, &[0.5, 0.5, 0.25, 0.5]), [(0.5, 3)]);
    }

    proptest! {
        #[test]
        fn the_scores_kept_are_the_largest_in_order(
            scores in proptest::collection::vec(0_u8..20, 1..60), k in 1_usize..70,
        ) {
            let scores: Vec<f32> = scores.into_iter().map(f32::from).collect();
            let mut want = scores.clone();
            want.sort_by(|a, b| b.total_cmp(a));
            want.truncate(k);
            let found: Vec<f32> = best(k, &scores).into_iter().map(|(score, _)| score).collect();
            prop_assert_eq!(found, want);
        }
    }
}
