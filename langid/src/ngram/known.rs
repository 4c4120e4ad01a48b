//! The n-grams that count, and a row of the table for each.
//!
//! An n-gram that few lines of its language have is learned by heart rather than learned from, so only those that stand
//! often enough in the training text of some label count. They are kept as bits by hash: few n-grams that do not belong
//! seem to. As they are known beforehand, they need not share rows by chance either. Hashes fall into buckets, and each
//! bucket has a shift, searched for by the trainer, that takes its n-grams to rows that no other has (Belazzougui,
//! Botelho and Dietzfelbinger, "Hash, displace, and compress", 2009), or, in a table with too few rows, to rows that few
//! others have.

/// Buckets of hashes; three or four of 200,000 n-grams in each.
pub(crate) const BUCKETS: usize = 1 << 16;

/// A set of n-grams, and where their rows are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Known {
    /// A power of two of bits.
    bits: Box<[u64]>,
    /// By bucket.
    shifts: Box<[u8]>,
}

impl Known {
    /// From the parts that a file has: a power of two of words, and a shift for each bucket.
    pub(crate) fn from_parts(bits: Box<[u64]>, shifts: Box<[u8]>) -> Known {
        Known { bits, shifts }
    }

    pub(crate) fn bits(&self) -> &[u64] {
        &self.bits
    }

    pub(crate) fn shifts(&self) -> &[u8] {
        &self.shifts
    }

    #[inline]
    fn at(&self, hash: u32) -> (usize, u32) {
        let mixed = (hash ^ hash >> 14).wrapping_mul(0x2c1b_3c6d);
        let mixed = mixed ^ mixed >> 15;
        ((mixed >> 6) as usize & (self.bits.len() - 1), mixed & 63)
    }

    #[inline]
    pub(crate) fn has(&self, hash: u32) -> bool {
        let (at, bit) = self.at(hash);
        self.bits[at] >> bit & 1 == 1
    }

    /// The row of an n-gram in a table of `rows`.
    #[inline]
    pub(crate) fn row(&self, hash: u32, rows: u32) -> u32 {
        row(hash, self.shifts[bucket(hash)], rows)
    }
}

#[inline]
fn bucket(hash: u32) -> usize {
    ((hash ^ hash >> 16).wrapping_mul(0x7feb_352d) >> 16) as usize
}

/// Spreads a hash over the rows. FNV-1a's low bits are its better ones, and the product takes the high ones.
#[inline]
pub(crate) fn row(hash: u32, shift: u8, rows: u32) -> u32 {
    let mixed = (hash ^ hash >> 15).wrapping_add(u32::from(shift).wrapping_mul(0x632b_e5ab));
    let mixed = mixed.wrapping_mul(0x9e37_79b1);
    let mixed = mixed ^ mixed >> 13;
    ((u64::from(mixed.wrapping_mul(0x85eb_ca6b)) * u64::from(rows)) >> 32) as u32
}

#[cfg(any(test, feature = "train"))]
impl Known {
    /// The set of these n-grams in 2 to the `log2` bits, at least 64, with shifts for a table of `rows`.
    pub(crate) fn new(hashes: &[u32], log2: u8, rows: u32) -> Known {
        let bits = vec![0; 1 << (log2.max(6) - 6)].into();
        let mut known = Known { bits, shifts: vec![0; BUCKETS].into() };
        let mut buckets: Vec<Vec<u32>> = vec![Vec::new(); BUCKETS];
        for hash in hashes {
            let (at, bit) = known.at(*hash);
            known.bits[at] |= 1 << bit;
            buckets[bucket(*hash)].push(*hash);
        }
        // The fullest are the hardest to place, and come first.
        let mut order: Vec<usize> = (0..BUCKETS).collect();
        order.sort_by_key(|bucket| std::cmp::Reverse(buckets[*bucket].len()));
        let mut taken = vec![0u32; rows as usize];
        for at in order {
            let own = &buckets[at];
            let mut best = (u32::MAX, 0);
            for shift in 0..=u8::MAX {
                let cost = place(own, shift, rows, &mut taken);
                for hash in own {
                    taken[row(*hash, shift, rows) as usize] -= 1;
                }
                if cost < best.0 {
                    best = (cost, shift);
                }
                if cost == 0 {
                    break;
                }
            }
            place(own, best.1, rows, &mut taken);
            known.shifts[at] = best.1;
        }
        known
    }
}

/// Takes a row for each n-gram; returns how many had it before.
#[cfg(any(test, feature = "train"))]
fn place(hashes: &[u32], shift: u8, rows: u32, taken: &mut [u32]) -> u32 {
    let mut cost = 0;
    for hash in hashes {
        let row = &mut taken[row(*hash, shift, rows) as usize];
        cost += *row;
        *row += 1;
    }
    cost
}

#[cfg(all(test, feature = "train"))]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::train::random::hash;

    #[test]
    fn known_n_grams_have_rows_of_their_own() {
        let hashes: Vec<u32> = (0..80_000u32).map(|n| hash(&n.to_le_bytes()) as u32).collect();
        let known = Known::new(&hashes, 20, 100_000);
        assert!(hashes.iter().all(|hash| known.has(*hash)));
        let rows: BTreeSet<u32> = hashes.iter().map(|hash| known.row(*hash, 100_000)).collect();
        assert!(rows.len() > 79_900 && rows.iter().all(|row| *row < 100_000), "{}", rows.len());
        let others = (80_000..180_000u32).filter(|n| known.has(hash(&n.to_le_bytes()) as u32)).count();
        assert!(others < 10_000, "{others}");
    }

    #[test]
    fn too_many_n_grams_share_rows_evenly() {
        let hashes: Vec<u32> = (0..30_000u32).map(|n| hash(&n.to_le_bytes()) as u32).collect();
        let known = Known::new(&hashes, 20, 10_000);
        let mut taken = vec![0; 10_000];
        for hash in &hashes {
            taken[known.row(*hash, 10_000) as usize] += 1;
        }
        assert!(taken.iter().all(|count| (1..=6).contains(count)));
    }
}
