//! Leaves: what a Merkle tree holds of a row, and the salts that keep it from being guessed.
//!
//! A root alone says nothing, but a path shows the hashes of leaves beside the proven one, and the root of a shard with
//! one row is the hash of its leaf. Without a salt, whoever suspects that a text is in a closed corpus could find out. So
//! each leaf has a salt of its own: HMAC-SHA-256 of the document's id under the node's *salt key*, which is derived from
//! a secret of whoever runs the corpus (`keys.salts` in the config):
//!
//! ```text
//! salt key  = HMAC-SHA-256(secret, "kilim salts 1" 00 corpus 00 node)
//! salt      = HMAC-SHA-256(salt key, doc_id)
//! leaf data = {"decision":"…","id":"…","row":"…","salt":"…"}      as JSON, in this order, without white space
//! leaf      = SHA-256(00 leaf data)                                RFC 6962
//! ```
//!
//! The salt key lies in the version folder, beside the texts that it protects: whoever may read them may prove them. A
//! proof carries one salt and no key. The secret is not the signing key, since a corpus has the same bytes signed or not;
//! and it is not drawn afresh, since two runs have the same bytes. Without a secret, the key is derived from
//! `random_seed`, which manifests show: then anyone can compute the salts, and the manifest says so.

use arrow::array::{Array, AsArray, RecordBatch};
use kilim_connectors::shards::row_digest;
use ring::hmac;
use serde::{Deserialize, Serialize};

use super::merkle::{Hash, Root, leaf_hash};

/// The salt key beside a manifest: 64 hex digits and a newline.
pub const SALTS_FILE: &str = "salts.key";

/// What a run derives its nodes' salt keys from.
#[derive(Clone)]
pub struct SaltSecret {
    bytes: Vec<u8>,
    secret: bool,
}

impl std::fmt::Debug for SaltSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SaltSecret").field("secret", &self.secret).finish_non_exhaustive()
    }
}

impl SaltSecret {
    /// A secret of whoever runs the corpus.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self { bytes, secret: true }
    }

    /// No secret: what anyone can derive who has seen a manifest.
    pub fn open(random_seed: u64) -> Self {
        Self { bytes: random_seed.to_le_bytes().into(), secret: false }
    }

    /// Whether it is one that only its owner knows.
    pub fn is_secret(&self) -> bool {
        self.secret
    }

    /// The salts of a node.
    pub fn of_node(&self, corpus: &str, node: &str) -> Salts {
        let label = [b"kilim salts 1\0", corpus.as_bytes(), b"\0", node.as_bytes()].concat();
        Salts::new(sign(&keyed(&self.bytes), &label))
    }
}

fn keyed(key: &[u8]) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, key)
}

fn sign(key: &hmac::Key, message: &[u8]) -> [u8; 32] {
    let mut code = [0; 32];
    code.copy_from_slice(hmac::sign(key, message).as_ref());
    code
}

/// The salts of a node's leaves.
#[derive(Clone)]
pub struct Salts {
    key: [u8; 32],
    keyed: hmac::Key,
}

impl std::fmt::Debug for Salts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Salts")
    }
}

impl Salts {
    /// Salts under a key.
    pub fn new(key: [u8; 32]) -> Self {
        Self { key, keyed: keyed(&key) }
    }

    /// The bytes of [`SALTS_FILE`].
    pub fn to_bytes(&self) -> Vec<u8> {
        format!("{}\n", hex::encode(self.key)).into_bytes()
    }

    /// Reads [`SALTS_FILE`]; `None` if it is no such file, to the byte.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let key = hex::decode(bytes.strip_suffix(b"\n")?).ok()?;
        let salts = Self::new(key.try_into().ok()?);
        (salts.to_bytes() == bytes).then_some(salts)
    }

    /// The salt of a document's leaf.
    pub fn salt(&self, doc_id: &str) -> [u8; 32] {
        sign(&self.keyed, doc_id.as_bytes())
    }
}

/// What a leaf holds. Digests and salts are hex.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Leaf {
    // In alphabetical order: serde then writes the data of the leaf.
    /// The decision that the row rests on.
    pub decision: String,
    /// The document.
    pub id: String,
    /// The digest of the row; see [`row_digest`].
    pub row: String,
    /// The salt.
    pub salt: String,
}

impl Leaf {
    /// The leaf of a row of a shard; `None` if the batch has no `id` or `decision` in that row.
    pub fn of_row(batch: &RecordBatch, row: usize, salts: &Salts) -> Option<Self> {
        let text = |name: &str| {
            let column = batch.column_by_name(name)?.as_string_opt::<i32>()?;
            column.is_valid(row).then(|| column.value(row))
        };
        let id = text("id")?;
        Some(Self {
            decision: text("decision")?.to_owned(),
            id: id.to_owned(),
            row: hex::encode(row_digest(batch, row)),
            salt: hex::encode(salts.salt(id)),
        })
    }

    /// The data of the leaf.
    pub fn data(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("text always becomes JSON")
    }

    /// The hash in the tree.
    pub fn hash(&self) -> Hash {
        leaf_hash(&self.data())
    }
}

/// The tree of a shard, row by row.
#[derive(Debug, Clone)]
pub struct Leaves {
    salts: Salts,
    root: Root,
}

impl Leaves {
    /// No row yet.
    pub fn new(salts: Salts) -> Self {
        Self { salts, root: Root::default() }
    }

    /// Adds the rows of a batch of the shard; `false` if one has no id or no decision.
    #[must_use]
    pub fn push(&mut self, batch: &RecordBatch) -> bool {
        (0..batch.num_rows()).all(|row| {
            let leaf = Leaf::of_row(batch, row, &self.salts);
            leaf.map(|leaf| self.root.push(leaf.hash())).is_some()
        })
    }

    /// The root, hex.
    pub fn finish(self) -> String {
        hex::encode(self.root.finish())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, StringArray};

    use super::*;
    use crate::proof::merkle::root_of;

    fn batch() -> RecordBatch {
        let text = |values: [&str; 3]| -> ArrayRef { Arc::new(StringArray::from(values.to_vec())) };
        RecordBatch::try_from_iter([
            ("id", text(["0a", "0b", "0c"])),
            ("text", text(["Habari", "வணக்கம்", "ሰላም"])),
            ("decision", text(["d1", "d1", "d2"])),
        ])
        .unwrap()
    }

    #[test]
    fn hmac_is_that_of_rfc_4231() {
        for (key, message, expected) in [
            (
                vec![0x0b; 20],
                b"Hi There".to_vec(),
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
            ),
            (
                b"Jefe".to_vec(),
                b"what do ya want for nothing?".to_vec(),
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            ),
        ] {
            assert_eq!(hex::encode(sign(&keyed(&key), &message)), expected);
        }
    }

    #[test]
    fn the_leaf_is_the_one_python_computes() {
        // hmac.digest and json.dumps(…, separators=(",", ":")) over the same row and key.
        let salts = SaltSecret::new(b"siri ya baraza".to_vec()).of_node("jaribio", "ke");
        let leaf = Leaf::of_row(&batch(), 1, &salts).unwrap();
        assert_eq!(leaf.salt, "ef3b1caca73400cea3cf56cb4c3a8929c2ac84ece981729a6cf5d332e245e10b");
        assert_eq!(
            hex::encode(leaf.hash()),
            "26aed369156418b7e180f0b79c83427c629ac8d2494eb1faab9eb3bfc934a2d5"
        );
    }

    #[test]
    fn how_rows_are_batched_changes_no_root_and_any_change_of_a_row_does() {
        let salts = SaltSecret::open(7).of_node("jaribio", "ke");
        let root = |batches: &[RecordBatch]| {
            let mut leaves = Leaves::new(salts.clone());
            assert!(batches.iter().all(|batch| leaves.push(batch)));
            leaves.finish()
        };
        let whole = batch();
        let hashes: Vec<_> = (0..3).map(|row| Leaf::of_row(&whole, row, &salts).unwrap().hash()).collect();
        assert_eq!(root(std::slice::from_ref(&whole)), hex::encode(root_of(&hashes)));
        assert_eq!(root(&[whole.slice(0, 1), whole.slice(1, 2)]), root(std::slice::from_ref(&whole)));
        assert_ne!(root(&[whole.slice(1, 2), whole.slice(0, 1)]), root(std::slice::from_ref(&whole)));
        let other: ArrayRef = Arc::new(StringArray::from(vec!["Habari", "வணக்கம்", "ሰላም!"]));
        let columns = vec![whole.column(0).clone(), other, whole.column(2).clone()];
        assert_ne!(root(&[RecordBatch::try_new(whole.schema(), columns).unwrap()]), root(&[whole]));
    }

    #[test]
    fn a_row_without_an_id_has_no_leaf() {
        let mut leaves = Leaves::new(Salts::new([7; 32]));
        assert!(!leaves.push(&batch().project(&[1, 2]).unwrap()));
    }

    #[test]
    fn every_node_corpus_and_secret_has_its_own_salts() {
        let of =
            |secret: &[u8], corpus, node| SaltSecret::new(secret.to_vec()).of_node(corpus, node).salt("0a");
        let all = [
            of(b"siri", "jaribio", "ke"),
            of(b"siri", "jaribio", "eu"),
            of(b"siri", "jaribio2", "ke"),
            of(b"neno", "jaribio", "ke"),
            SaltSecret::open(7).of_node("jaribio", "ke").salt("0a"),
        ];
        assert_eq!(all.iter().collect::<std::collections::BTreeSet<_>>().len(), all.len());
    }

    #[test]
    fn the_salt_key_survives_its_file_and_no_other_bytes_pass_for_one() {
        let salts = Salts::new([0xab; 32]);
        let bytes = salts.to_bytes();
        assert_eq!(Salts::from_bytes(&bytes).unwrap().salt("x"), salts.salt("x"));
        let upper = bytes.to_ascii_uppercase();
        for other in [&b""[..], b"\n", &bytes[..64], &bytes[1..], &upper] {
            assert!(Salts::from_bytes(other).is_none());
        }
        assert!(
            !format!("{salts:?}").contains("ab")
                && !format!("{:?}", SaltSecret::new(b"siri".into())).contains("siri")
        );
    }
}
