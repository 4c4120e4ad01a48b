//! What a version is, as one digest, and a UUID made of it.

use sha2::{Digest, Sha256};

use super::manifest::Manifest;

/// SHA-256 of what a version is: its node, rules, decisions and shards. The digest of the salt key is in it, so that where
/// salts are secret it is no question about documents.
pub(crate) fn of_version(manifest: &Manifest) -> [u8; 32] {
    let mut said = named(manifest);
    said.extend([&manifest.config_digest, &manifest.policies_digest, &manifest.decisions.sha256]);
    said.push(&manifest.salts.sha256);
    for shard in &manifest.shards {
        said.extend([&shard.path, &shard.sha256]);
    }
    digest(&said)
}

/// SHA-256 of the names of corpus and node: all versions have it.
pub(crate) fn of_series(manifest: &Manifest) -> [u8; 32] {
    digest(&named(manifest))
}

fn named(manifest: &Manifest) -> Vec<&String> {
    vec![&manifest.corpus, &manifest.node.facts.name]
}

fn digest(texts: &[&String]) -> [u8; 32] {
    let mut sha = Sha256::new();
    sha.update("kilim artifact 1\n");
    for text in texts {
        sha.update((text.len() as u64).to_le_bytes());
        sha.update(text);
    }
    sha.finalize().into()
}

/// A UUID of version 8 (RFC 9562) from the first half of a digest.
pub(crate) fn uuid(digest: &[u8; 32]) -> String {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    bytes[6] = bytes[6] & 0x0f | 0x80;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let text = hex::encode(bytes);
    format!("{}-{}-{}-{}-{}", &text[..8], &text[8..12], &text[12..16], &text[16..20], &text[20..])
}

/// The version as a URN.
pub(super) fn urn(manifest: &Manifest) -> String {
    format!("urn:uuid:{}", uuid(&of_version(manifest)))
}
