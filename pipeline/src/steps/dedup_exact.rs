//! Keeps one copy of each text.
//!
//! # What it does
//! Documents whose normalised text has the same digest (xxh3-128) form a cluster. Each node keeps one member: among
//! those it may have, a seeded one first, then the earliest fetched, then the lowest SURT, then the lowest document
//! id.
//!
//! # Why
//! Mirrors, print views and repeated crawls; and a steward's claim on one copy must bind all of them.
//!
//! # Precedent
//! Every peer removes exact duplicates; none decides after it knows which node may have which copy.
//!
//! # Across languages
//! The digest is taken over the text in NFKC and lower case, with runs of white space as one space: no letter and no
//! mark is removed, so that Thai vowels, Devanagari matras and Arabic harakat still tell texts apart.
//!
//! # Example
//! ```yaml
//! dedup_exact: {}
//! ```

use garde::Validate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Keeps one copy of each text.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct DedupExact {}

impl DedupExact {
    /// Raised when clusters would come out otherwise.
    pub const VERSION: u32 = 1;
}
