//! Stage 4: the shards of each node, and its manifest.

mod card;
pub(crate) mod card_text;
pub(crate) mod identity;
mod manifest;
mod mask;
mod removed;
mod rewrite;
mod write;

pub(crate) use card::bcp47;
pub use card::card;
pub use manifest::{
    CARD_FILE, ENGINE, FileDigest, InputDigest, MANIFEST_FILE, MANIFEST_VERSION, Manifest, ManifestError,
    ManifestNode, ManifestPii, ManifestRemoved, ManifestResidency, ManifestSalts, ManifestShard,
    ManifestSource, NamedDigest,
};
pub(crate) use mask::count_masks;
pub(crate) use removed::problems as removed_problems;
pub use removed::{REMOVED_FILE, Removed, RemovedLine, read_removed, removed_bytes};
pub(crate) use rewrite::{Rewrite, Rewritten, rewrite_shard};
pub use write::{ForeignRow, SEAL, SealNode, SealedShard, ShardWrite, shard_path, shard_schema};
