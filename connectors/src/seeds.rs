//! Seed lists: what language communities say about places on the web.
//!
//! A [`SeedRecord`] is a source of truth about the documents below a URL: their language, who looks after them,
//! where they belong, under which terms. [`import`] reads web-languages Markdown, CSV, JSON lines and our own
//! Parquet; [`check`] says what a steward should look at; [`SeedIndex`] finds the seed of a document.
//!
//! ```
//! use kilim_connectors::seeds::{Draft, SeedIndex};
//! let mut draft = Draft::new("https://www.bbc.com/swahili");
//! draft.languages = vec!["swa".into()];
//! let seed = draft.finish("communities").unwrap();
//! let index = SeedIndex::new(vec![seed]);
//! assert_eq!(index.lookup("http://bbc.com/swahili/habari-1").unwrap().languages, ["swa"]);
//! assert!(index.lookup("https://www.bbc.com/swahilia").is_none());
//! ```

mod check;
mod columns;
pub mod import;
mod index;
mod markdown;
mod record;
mod tables;

pub use check::{FindingKind, SeedFinding, check};
pub use columns::{read_parquet, seed_schema, write_parquet};
pub use import::{ImportIssue, ImportOptions, Imported, SeedError};
pub use index::SeedIndex;
pub use record::{Draft, LicenseBasis, Mode, Scope, SeedRecord, TrainingOk};

#[cfg(test)]
mod tests;
