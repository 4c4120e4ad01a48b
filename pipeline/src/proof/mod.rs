//! What lets a stranger believe a version folder: who signed it, and that a document is in it.
//!
//! | question | answer | who needs what |
//! |---|---|---|
//! | who stands for these files? | an Ed25519 signature over a [statement] of all their digests, in a [DSSE envelope](dsse) | the public key |
//! | is this document in that shard? | a [path](inclusion) from its leaf to the [Merkle root](merkle) that the manifest names | the manifest, and a proof of a few hundred bytes |
//!
//! A leaf is the digest of a row under a secret [salt](leaf). So whoever holds a proof can check his own document, and
//! learns nothing about those beside it.

pub mod dsse;
pub mod inclusion;
pub mod keys;
pub mod leaf;
pub mod merkle;
pub mod statement;

pub use dsse::{Envelope, EnvelopeError};
pub use inclusion::{PROOF_VERSION, Proof, ProofError};
pub use keys::{KeyError, PublicKey, Signer};
pub use leaf::{Leaf, Leaves, SALTS_FILE, SaltSecret, Salts};
pub use statement::{ENVELOPE_FILE, PAYLOAD_TYPE, PUBLIC_ENVELOPE_FILE, PublicStatement, Statement};
