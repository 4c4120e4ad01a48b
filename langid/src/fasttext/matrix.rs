//! Matrices of a model: rows of floats, or rows of codes for a product quantiser.

/// Rows of `dim` numbers.
#[derive(Debug)]
pub(super) enum Matrix {
    Float { values: Vec<f32> },
    Quantised(Quantised),
}

/// A matrix of which each row is a code a part, and each code one of 256 centroids of that part.
#[derive(Debug)]
pub(super) struct Quantised {
    pub(super) codes: Vec<u8>,
    pub(super) parts: Parts,
    /// For each row the number of its norm, and the 256 norms.
    pub(super) norms: Option<(Vec<u8>, Vec<f32>)>,
}

/// A product quantiser: `count` parts of `length` numbers, the last one of `last_length`.
#[derive(Debug)]
pub(super) struct Parts {
    pub(super) count: usize,
    pub(super) length: usize,
    pub(super) last_length: usize,
    /// 256 centroids a part.
    pub(super) centroids: Vec<f32>,
}

impl Parts {
    fn centroid(&self, part: usize, code: u8) -> &[f32] {
        let length = if part + 1 == self.count { self.last_length } else { self.length };
        let start = part * 256 * self.length + usize::from(code) * length;
        &self.centroids[start..start + length]
    }
}

impl Quantised {
    /// The norm of a row; 1 where rows are not normed.
    fn norm(&self, row: usize) -> f32 {
        self.norms.as_ref().map_or(1.0, |(codes, norms)| norms[usize::from(codes[row])])
    }

    fn codes(&self, row: usize) -> &[u8] {
        &self.codes[row * self.parts.count..(row + 1) * self.parts.count]
    }
}

impl Matrix {
    /// Adds a row to `sum`, which has `dim` numbers.
    pub(super) fn add_row(&self, row: usize, sum: &mut [f32]) {
        match self {
            Matrix::Float { values } => {
                let dim = sum.len();
                for (sum, value) in sum.iter_mut().zip(&values[row * dim..(row + 1) * dim]) {
                    *sum += value;
                }
            }
            Matrix::Quantised(matrix) => {
                let norm = matrix.norm(row);
                // What all published models have, and worth a loop without inner loops.
                if matrix.parts.length == 2 && matrix.parts.last_length == 2 {
                    let pairs = sum.as_chunks_mut::<2>().0.iter_mut();
                    let tables = matrix.parts.centroids.as_chunks::<512>().0;
                    for ((pair, code), table) in pairs.zip(matrix.codes(row)).zip(tables) {
                        let at = 2 * usize::from(*code);
                        pair[0] += norm * table[at];
                        pair[1] += norm * table[at + 1];
                    }
                    return;
                }
                for (part, code) in matrix.codes(row).iter().enumerate() {
                    let sum = &mut sum[part * matrix.parts.length..];
                    for (sum, value) in sum.iter_mut().zip(matrix.parts.centroid(part, *code)) {
                        *sum += norm * value;
                    }
                }
            }
        }
    }

    /// A row's numbers, and what its products are to be multiplied with: the order in which C++ does it, since a product
    /// rounded otherwise may fall into the next step of a table.
    pub(super) fn row(&self, row: usize, dim: usize) -> (Vec<f32>, f32) {
        match self {
            Matrix::Float { values } => (values[row * dim..(row + 1) * dim].to_vec(), 1.0),
            Matrix::Quantised(matrix) => {
                let codes = matrix.codes(row).iter().enumerate();
                let values = codes.flat_map(|(part, code)| matrix.parts.centroid(part, *code)).copied();
                (values.collect(), matrix.norm(row))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shorter_last_part_and_norms_are_read() {
        let mut centroids = vec![0.0; 3 * 256];
        centroids[2 * 7..2 * 7 + 2].copy_from_slice(&[1.0, 2.0]);
        centroids[2 * 256 + 9] = 3.0;
        let mut norms = vec![0.0; 256];
        norms[1] = 0.5;
        let parts = Parts { count: 2, length: 2, last_length: 1, centroids };
        let matrix =
            Matrix::Quantised(Quantised { codes: vec![0, 0, 7, 9], parts, norms: Some((vec![0, 1], norms)) });
        let mut sum = [10.0; 3];
        matrix.add_row(1, &mut sum);
        assert_eq!(sum.to_vec(), [10.5, 11.0, 11.5]);
        assert_eq!(matrix.row(1, 3), (vec![1.0, 2.0, 3.0], 0.5));
    }
}
