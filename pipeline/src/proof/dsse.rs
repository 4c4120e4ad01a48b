//! DSSE, the Dead Simple Signing Envelope, version 1: a payload, what it is, and signatures over both.
//!
//! Signed is not the payload but its *pre-authentication encoding*, so that no other type can be read into it:
//! `DSSEv1 SP len(type) SP type SP len(payload) SP payload`, lengths in bytes as decimal numbers.
//! <https://github.com/secure-systems-lab/dsse/blob/v1.0.2/protocol.md>

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::keys::{PublicKey, Signer};

/// An envelope, as it stands in a file. Base64 is that with `+`, `/` and padding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Envelope {
    /// The payload in base64.
    payload: String,
    /// What the payload is.
    #[serde(rename = "payloadType")]
    payload_type: String,
    /// Who signed; we sign once.
    signatures: Vec<EnvelopeSignature>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct EnvelopeSignature {
    /// [`PublicKey::id`].
    keyid: String,
    /// In base64.
    sig: String,
}

/// An envelope that proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// It is none of ours.
    #[error("is no envelope: {0}")]
    Form(String),
    /// It is about something else.
    #[error("holds {found}, not {wanted}")]
    Type {
        /// What it says it holds.
        found: String,
        /// What was asked for.
        wanted: String,
    },
    /// Others signed it.
    #[error("is signed by key {found}, not by {wanted}")]
    OtherKey {
        /// The ids of who signed.
        found: String,
        /// The id of the key that was given.
        wanted: String,
    },
    /// The signature is not that key's, or the payload is not what it signed.
    #[error("has a signature that does not fit: it is forged, or what it signs was changed")]
    Forged,
}

/// What is signed.
pub fn pre_authentication_encoding(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let mut bytes = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len()).into_bytes();
    bytes.extend_from_slice(payload);
    bytes
}

impl Envelope {
    /// Signs a payload.
    pub fn sign(payload_type: &str, payload: &[u8], signer: &Signer) -> Self {
        let signature = signer.sign(&pre_authentication_encoding(payload_type, payload));
        let signature = EnvelopeSignature { keyid: signer.public().id(), sig: STANDARD.encode(signature) };
        Self {
            payload: STANDARD.encode(payload),
            payload_type: payload_type.to_owned(),
            signatures: vec![signature],
        }
    }

    /// The bytes of the file: JSON without white space, a newline at the end.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec(self).expect("text always becomes JSON");
        bytes.push(b'\n');
        bytes
    }

    /// Reads an envelope. Any other bytes than those that [`Envelope::to_bytes`] writes are refused: nothing that is not
    /// signed may stand in the file.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, EnvelopeError> {
        let envelope: Self =
            serde_json::from_slice(bytes).map_err(|error| EnvelopeError::Form(error.to_string()))?;
        if envelope.to_bytes() != bytes {
            return Err(EnvelopeError::Form("it is not in the form in which it is written".to_owned()));
        }
        Ok(envelope)
    }

    /// The ids of the keys that signed, as it says itself.
    pub fn key_ids(&self) -> impl Iterator<Item = &str> {
        self.signatures.iter().map(|signature| signature.keyid.as_str())
    }

    /// The payload, if it is of this type and `key` signed it; so must everyone have who signed.
    pub fn open(&self, payload_type: &str, key: &PublicKey) -> Result<Vec<u8>, EnvelopeError> {
        if self.payload_type != payload_type {
            let (found, wanted) = (self.payload_type.clone(), payload_type.to_owned());
            return Err(EnvelopeError::Type { found, wanted });
        }
        let payload = STANDARD.decode(&self.payload);
        let payload = payload.map_err(|_| EnvelopeError::Form("its payload is not base64".to_owned()))?;
        let [signature] = self.signatures.as_slice() else {
            return Err(EnvelopeError::Form(format!("it has {} signatures", self.signatures.len())));
        };
        if signature.keyid != key.id() {
            return Err(EnvelopeError::OtherKey { found: signature.keyid.clone(), wanted: key.id() });
        }
        let message = pre_authentication_encoding(payload_type, &payload);
        match STANDARD.decode(&signature.sig) {
            Ok(signature) if key.verifies(&message, &signature) => Ok(payload),
            _ => Err(EnvelopeError::Forged),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TYPE: &str = "application/vnd.in-toto+json";

    fn signer() -> Signer {
        Signer::from_secret(&[7; 32])
    }

    #[test]
    fn the_encoding_is_that_of_the_specification() {
        let example = pre_authentication_encoding("http://example.com/HelloWorld", b"hello world");
        assert_eq!(example, b"DSSEv1 29 http://example.com/HelloWorld 11 hello world");
        assert_eq!(pre_authentication_encoding("", b""), b"DSSEv1 0  0 ");
        let hello = pre_authentication_encoding("ሰላም", "வணக்கம்".as_bytes());
        assert_eq!(hello, "DSSEv1 9 ሰላም 21 வணக்கம்".as_bytes(), "lengths are bytes");
    }

    #[test]
    fn what_was_signed_comes_out_and_twice_signed_is_the_same() {
        let envelope = Envelope::sign(TYPE, "habari".as_bytes(), &signer());
        assert_eq!(envelope.open(TYPE, &signer().public()).unwrap(), b"habari");
        assert_eq!(envelope, Envelope::sign(TYPE, "habari".as_bytes(), &signer()));
        assert_eq!(Envelope::from_bytes(&envelope.to_bytes()).unwrap(), envelope);
        assert_eq!(envelope.key_ids().collect::<Vec<_>>(), [signer().public().id()]);
    }

    #[test]
    fn another_key_type_payload_or_signature_is_refused() {
        let key = signer().public();
        let good = Envelope::sign(TYPE, b"habari", &signer());
        let forged = |change: fn(&mut Envelope)| {
            let mut envelope = good.clone();
            change(&mut envelope);
            envelope.open(TYPE, &key).unwrap_err()
        };
        let other = Signer::from_secret(&[8; 32]);
        assert!(matches!(good.open(TYPE, &other.public()), Err(EnvelopeError::OtherKey { .. })));
        assert!(matches!(good.open("text/plain", &key), Err(EnvelopeError::Type { .. })));
        assert_eq!(forged(|envelope| envelope.payload = STANDARD.encode("habarj")), EnvelopeError::Forged);
        assert_eq!(forged(|envelope| envelope.signatures[0].sig.clear()), EnvelopeError::Forged);
        assert_eq!(
            forged(|envelope| envelope.signatures[0].sig = STANDARD.encode([0; 64])),
            EnvelopeError::Forged
        );
        // Signed by another key under the name of this one.
        let mut named = Envelope::sign(TYPE, b"habari", &other);
        named.signatures[0].keyid = key.id();
        assert_eq!(named.open(TYPE, &key).unwrap_err(), EnvelopeError::Forged);
        let none = forged(|envelope| envelope.signatures.clear());
        let two = forged(|envelope| envelope.signatures.push(envelope.signatures[0].clone()));
        assert!(matches!((none, two), (EnvelopeError::Form(_), EnvelopeError::Form(_))));
    }

    #[test]
    fn every_flipped_bit_of_an_envelope_is_found() {
        let key = signer().public();
        let bytes = Envelope::sign(TYPE, "{\"ሰላም\":1}".as_bytes(), &signer()).to_bytes();
        for at in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[at / 8] ^= 1 << (at % 8);
            let opened = Envelope::from_bytes(&flipped).and_then(|envelope| envelope.open(TYPE, &key));
            assert!(opened.is_err(), "bit {at}");
        }
    }
}
