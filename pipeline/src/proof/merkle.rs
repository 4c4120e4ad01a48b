//! Merkle trees as of RFC 6962, section 2.1: the root of a list of leaves, and the path that proves one of them.
//!
//! A writer sees the leaves of a shard once, in order, and keeps one hash per level. The crate `ct-merkle` keeps every
//! leaf and wants them all again for a root, so it is not used here but in the tests, as another maker's word.

use sha2::{Digest, Sha256};

/// A hash of a tree: SHA-256.
pub type Hash = [u8; 32];

/// The hash of a leaf that holds `data`.
pub fn leaf_hash(data: &[u8]) -> Hash {
    Sha256::new().chain_update([0]).chain_update(data).finalize().into()
}

fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
}

/// The root of leaves that come one after another.
#[derive(Debug, Clone, Default)]
pub struct Root {
    /// Roots of the full trees on the left, one for each bit that is set in `leaves`, largest first.
    trees: Vec<Hash>,
    leaves: u64,
}

impl Root {
    /// Adds the hash of the next leaf.
    pub fn push(&mut self, leaf: Hash) {
        let mut tree = leaf;
        for _ in 0..self.leaves.trailing_ones() {
            let left = self.trees.pop().expect("one tree for each bit that is set");
            tree = node_hash(&left, &tree);
        }
        self.trees.push(tree);
        self.leaves += 1;
    }

    /// Leaves so far.
    pub fn leaves(&self) -> u64 {
        self.leaves
    }

    /// The root over all leaves so far; that of no leaves is the hash of nothing.
    pub fn finish(self) -> Hash {
        let mut trees = self.trees.into_iter().rev();
        let Some(last) = trees.next() else { return Sha256::digest([]).into() };
        trees.fold(last, |right, left| node_hash(&left, &right))
    }
}

/// The path of the leaf at `index`: hashes of the trees beside it, from the leaf to the root. `None` if there is no such
/// leaf.
pub fn path(leaves: &[Hash], index: usize) -> Option<Vec<Hash>> {
    if index >= leaves.len() {
        return None;
    }
    let (mut beside, mut trees, mut index) = (Vec::new(), leaves, index);
    while trees.len() > 1 {
        // The largest power of two below the number of leaves.
        let left = 1 << (trees.len() - 1).ilog2();
        let (here, there) =
            if index < left { (&trees[..left], &trees[left..]) } else { (&trees[left..], &trees[..left]) };
        if index >= left {
            index -= left;
        }
        beside.push(root_of(there));
        trees = here;
    }
    beside.reverse();
    Some(beside)
}

/// The root over `leaves`.
pub fn root_of(leaves: &[Hash]) -> Hash {
    let mut root = Root::default();
    for leaf in leaves {
        root.push(*leaf);
    }
    root.finish()
}

/// The root that `path` leads to from the leaf at `index` of `size`; `None` if a tree of that size has no such path. RFC
/// 9162, section 2.1.3.2.
pub fn climb(leaf: Hash, index: u64, size: u64, path: &[Hash]) -> Option<Hash> {
    if index >= size {
        return None;
    }
    let (mut node, mut last, mut tree) = (index, size - 1, leaf);
    for beside in path {
        if last == 0 {
            return None;
        }
        if node & 1 == 1 || node == last {
            tree = node_hash(beside, &tree);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            tree = node_hash(&tree, beside);
        }
        node >>= 1;
        last >>= 1;
    }
    (last == 0).then_some(tree)
}

#[cfg(test)]
mod tests {
    use ct_merkle::mem_backed_tree::MemoryBackedTree;
    use proptest::prelude::*;

    use super::*;

    /// The leaves with which implementations of RFC 6962 are compared: those of the log that Google ran first.
    fn known() -> Vec<Vec<u8>> {
        ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
            .map(|leaf| hex::decode(leaf).unwrap())
            .into()
    }

    fn hashes(leaves: &[Vec<u8>]) -> Vec<Hash> {
        leaves.iter().map(|leaf| leaf_hash(leaf)).collect()
    }

    #[test]
    fn roots_are_the_known_ones() {
        let expected = [
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ];
        for (size, expected) in expected.iter().enumerate() {
            assert_eq!(&hex::encode(root_of(&hashes(&known()[..size]))), expected, "{size} leaves");
        }
    }

    #[test]
    fn a_known_path_is_found_and_climbed() {
        // Leaf 5 of 8 of the same log.
        let expected = [
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ];
        let leaves = hashes(&known());
        let path = path(&leaves, 5).unwrap();
        assert_eq!(path.iter().map(hex::encode).collect::<Vec<_>>(), expected);
        assert_eq!(climb(leaves[5], 5, 8, &path), Some(root_of(&leaves)));
    }

    #[test]
    fn one_leaf_is_its_own_root_and_none_has_no_path() {
        let leaf = leaf_hash("ሰላም".as_bytes());
        assert_eq!((root_of(&[leaf]), path(&[leaf], 0)), (leaf, Some(vec![])));
        assert_eq!(climb(leaf, 0, 1, &[]), Some(leaf));
        assert_eq!((path(&[], 0), path(&[leaf], 1), climb(leaf, 1, 1, &[])), (None, None, None));
    }

    proptest! {
        #[test]
        fn roots_and_paths_are_those_of_another_maker(
            leaves in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 1..70),
            at in any::<prop::sample::Index>(),
        ) {
            let index = at.index(leaves.len());
            let mut theirs = MemoryBackedTree::<Sha256, Vec<u8>>::new();
            for leaf in &leaves {
                theirs.push(leaf.clone());
            }
            let ours = hashes(&leaves);
            prop_assert_eq!(root_of(&ours).to_vec(), theirs.root().as_bytes().to_vec());
            let path = path(&ours, index).unwrap();
            prop_assert_eq!(path.concat(), theirs.prove_inclusion(index).as_bytes().to_vec());
        }

        #[test]
        fn every_leaf_has_a_path_to_the_root_and_no_other_leaf_place_or_path_has(
            leaves in prop::collection::vec(any::<[u8; 8]>(), 1..70),
            at in any::<prop::sample::Index>(),
            byte in any::<prop::sample::Index>(),
            bit in 0..8_u8,
        ) {
            let hashes: Vec<Hash> = leaves.iter().map(|leaf| leaf_hash(leaf)).collect();
            let (index, size, root) = (at.index(leaves.len()), leaves.len() as u64, root_of(&hashes));
            let found = path(&hashes, index).unwrap();
            let (place, leaf) = (index as u64, hashes[index]);
            prop_assert_eq!(climb(leaf, place, size, &found), Some(root));

            let mut other = leaf;
            other[byte.index(32)] ^= 1_u8 << bit;
            prop_assert_ne!(climb(other, place, size, &found), Some(root));
            let mut longer = found.clone();
            longer.push(leaf);
            prop_assert_ne!(climb(leaf, place, size, &longer), Some(root));
            if !found.is_empty() {
                prop_assert_ne!(climb(leaf, place, size, &found[1..]), Some(root));
                let mut changed = found.clone();
                let step = byte.index(found.len());
                changed[step][byte.index(32)] ^= 1_u8 << bit;
                prop_assert_ne!(climb(leaf, place, size, &changed), Some(root));
            }
            // Equal leaves stand in for one another, so another place must hold another leaf.
            for there in (0..size).filter(|there| hashes[*there as usize] != leaf) {
                prop_assert_ne!(climb(leaf, there, size, &path(&hashes, there as usize).unwrap()), Some(root));
            }
        }
    }
}
