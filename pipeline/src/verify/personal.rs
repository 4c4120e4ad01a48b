//! Personal data that a manifest says is not in its shards.
//!
//! Looked for again by the rules that need no hint: national numbers, which depend on where a document is from, cannot be
//! told from other digits here.

use crate::pii::{Counts, Detector, Hints, Kind, Profile, Treatment, redact, redact_fresh};
use crate::seal::ManifestPii;

/// What must not be found in a shard.
pub(super) struct Unwanted {
    detector: Detector,
    profile: Profile,
    min_confidence: f32,
}

impl Unwanted {
    /// What the manifest says is masked, or dropped with its document; `None` if it says so of nothing.
    pub(super) fn of(pii: &ManifestPii) -> Option<Self> {
        let mut profile = Profile::all(Treatment::Keep);
        for (kind, treatment) in &pii.treatment {
            if treatment != Treatment::Keep.as_str()
                && let Some(kind) = Kind::from_word(kind)
            {
                profile = profile.with(kind, Treatment::Mask);
            }
        }
        let any = profile != Profile::all(Treatment::Keep);
        any.then(|| Self { detector: Detector::new(), profile, min_confidence: pii.min_confidence })
    }

    /// Kinds that a document's text has all the same.
    pub(super) fn in_text(&self, text: &str) -> Vec<&'static str> {
        let mut spans = Vec::new();
        self.detector.detect(text, &Hints::default(), &mut spans);
        spans.retain(|span| span.confidence >= self.min_confidence);
        kinds(&redact(text, &spans, &self.profile).masked)
    }

    /// Kinds that a title, an address or an attribution has all the same.
    pub(super) fn in_field(&self, value: &str) -> Vec<&'static str> {
        kinds(&redact_fresh(value, &self.detector, &Hints::default(), &self.profile).masked)
    }
}

fn kinds(found: &Counts) -> Vec<&'static str> {
    found.iter().filter(|(_, count)| *count > 0).map(|(kind, _)| kind.as_str()).collect()
}
