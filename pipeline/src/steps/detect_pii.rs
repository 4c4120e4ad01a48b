//! Finds personal data: where it stands and of which kind.
//!
//! # What it does
//! Writes the places of e-mail addresses, public IP addresses, phone numbers, bank accounts (IBAN), payment cards and
//! national identity numbers into `pii`, and their kinds into `pii_kinds`. The text stays as it is: each node says under
//! `pii:` whether it masks what was found, does not take such documents, or keeps it, and the writer of its shards does so
//! in text, title, URL and attribution. Places and values never reach a shard.
//!
//! # Why
//! Laws differ: one node must mask what another may keep. So what is found is a fact, and what follows from it is decided
//! late.
//!
//! # Precedent
//! FineWeb masks e-mail addresses and public IPv4 addresses; Dolma adds phone numbers of the United States.
//!
//! # Across languages
//! Digits count in any script that has its own. Phone numbers without a country code, and identity numbers, are looked for
//! in the forms of the countries that the host's domain and the language point to; English on a host of no country points to
//! the United States. Numbers count only where a checksum or a numbering plan says so: Kenya's and Nigeria's identity
//! numbers have no public checksum and are not found. Names and postal addresses are not found in any language.
//!
//! # Example
//! ```yaml
//! detect_pii: { min_confidence: 0.5 }
//! ```

use garde::Validate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::document::Page;
use crate::pii::{Detector, Hints, countries};
use crate::step::{DocumentStep, DocumentStepConfig, Resources, StepError};

/// Finds personal data: where it stands and of which kind.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct DetectPii {
    /// Least confidence of a find; 0 takes all.
    #[garde(inner(range(min = 0.0, max = 1.0)))]
    pub min_confidence: Option<f32>,
}

impl DocumentStepConfig for DetectPii {
    const VERSION: u32 = 2;

    fn build(&self, _resources: &Resources) -> Result<Box<dyn DocumentStep>, StepError> {
        Ok(Box::new(DetectStep {
            detector: Detector::new(),
            min_confidence: self.min_confidence.unwrap_or(0.0),
        }))
    }
}

struct DetectStep {
    detector: Detector,
    min_confidence: f32,
}

impl DocumentStep for DetectStep {
    fn apply(&mut self, page: &mut Page<'_>) {
        let lang = page.language.as_ref().map(|found| found.lang.code()).unwrap_or_default();
        let countries = countries(page.record.host, lang);
        let mut spans = Vec::new();
        self.detector.detect(&page.text, &Hints { countries: &countries }, &mut spans);
        spans.retain(|span| span.confidence >= self.min_confidence);
        page.pii = Some(spans);
    }
}
