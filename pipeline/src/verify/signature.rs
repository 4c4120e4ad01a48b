//! Who signed a version, and whether the folder is still what was signed.

use kilim_connectors::store::{Location, StoreError, Stores};
use serde::Serialize;

use super::Verified;
use crate::proof::{ENVELOPE_FILE, Envelope, EnvelopeError, PAYLOAD_TYPE, PublicKey, Statement};
use crate::run::RunError;
use crate::seal::{CARD_FILE, MANIFEST_FILE, Manifest, card};

/// What is known of a version's signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Signed {
    /// Nobody signed.
    No,
    /// The folder is what this key signed; nobody has said whose key it is, so whoever changed the folder may have signed
    /// it anew.
    BySomeone {
        /// Its id.
        key: String,
    },
    /// The folder is what the auditor's key signed.
    ByKey {
        /// Its id.
        key: String,
    },
    /// There is a signature, and it does not hold.
    Broken,
}

/// Checks signature and card. With a `key`, a version that it did not sign is a finding.
pub(crate) async fn signature(
    stores: &Stores,
    place: &Location,
    manifest: &Manifest,
    key: Option<&PublicKey>,
    found: &mut Verified,
) -> Result<(), RunError> {
    let card_there = get(stores, place, CARD_FILE).await?;
    if card_there.is_none() {
        found.find(CARD_FILE, "is missing; `kilim resume` writes it if a run was stopped before it could");
    }
    let envelope = get(stores, place, ENVELOPE_FILE).await?;
    let mut signed_by = None;
    if let Some(bytes) = envelope {
        found.bytes += bytes.len() as u64;
        match opened(&bytes, key) {
            Err(error) => {
                found.signed = Signed::Broken;
                found.find(ENVELOPE_FILE, error.to_string());
            }
            Ok((statement, id)) => {
                let card = card_there.as_deref().unwrap_or_default();
                let differences =
                    statement.differences(&Statement::of(manifest, &found.manifest_sha256, card));
                found.signed = match (differences.is_empty(), key.is_some()) {
                    (false, _) => Signed::Broken,
                    (true, true) => Signed::ByKey { key: id.clone() },
                    (true, false) => Signed::BySomeone { key: id.clone() },
                };
                for (file, problem) in differences {
                    found.find(&file, problem);
                }
                signed_by = Some(id);
            }
        }
    } else if let Some(key) = key {
        let problem = format!("is missing: nobody signed this version, and key {} was asked for", key.id());
        found.find(ENVELOPE_FILE, problem);
    }
    if let Some(there) = card_there {
        found.bytes += there.len() as u64;
        verify_card(&there, manifest, signed_by.as_deref(), found);
    }
    Ok(())
}

/// The card follows from the manifest and from who signed.
fn verify_card(there: &[u8], manifest: &Manifest, signed_by: Option<&str>, found: &mut Verified) {
    if found.signed == Signed::Broken || card(manifest, signed_by).as_bytes() == there {
        return;
    }
    if manifest.engine == crate::seal::ENGINE {
        found.find(CARD_FILE, "is not the card of this manifest: it was edited");
    } else if found.signed == Signed::No {
        found.note(CARD_FILE, format!("is by {}, and unsigned: it cannot be checked", manifest.engine));
    }
}

/// The statement in an envelope and the id of the key that signed it: `key`, or whichever the envelope names.
fn opened(bytes: &[u8], key: Option<&PublicKey>) -> Result<(Statement, String), EnvelopeError> {
    let envelope = Envelope::from_bytes(bytes)?;
    let key = match key {
        Some(key) => *key,
        None => envelope
            .key_ids()
            .next()
            .and_then(PublicKey::of_id)
            .ok_or_else(|| EnvelopeError::Form("it names no key".to_owned()))?,
    };
    let payload = envelope.open(PAYLOAD_TYPE, &key)?;
    let statement =
        serde_json::from_slice(&payload).map_err(|error| EnvelopeError::Form(error.to_string()))?;
    Ok((statement, key.id()))
}

async fn get(stores: &Stores, place: &Location, name: &str) -> Result<Option<Vec<u8>>, RunError> {
    match stores.get(&place.join(name)?).await {
        Ok(bytes) => Ok(Some(bytes.to_vec())),
        Err(StoreError::Missing { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Files of a version folder that its manifest does not list.
pub(super) const UNLISTED: [&str; 3] = [MANIFEST_FILE, CARD_FILE, ENVELOPE_FILE];
