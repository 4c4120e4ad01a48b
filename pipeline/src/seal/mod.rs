//! Stage 4: the shards of each node, and its manifest.

mod card;
pub(crate) mod card_text;
pub(crate) mod identity;
mod manifest;
mod mask;
mod write;

pub(crate) use card::bcp47;
pub use card::card;
pub use manifest::{
    CARD_FILE, ENGINE, FileDigest, InputDigest, MANIFEST_FILE, MANIFEST_VERSION, Manifest, ManifestError,
    ManifestNode, ManifestPii, ManifestResidency, ManifestSalts, ManifestShard, ManifestSource, NamedDigest,
};
pub use write::{ForeignRow, SEAL, SealNode, SealedShard, ShardWrite, shard_path, shard_schema};
