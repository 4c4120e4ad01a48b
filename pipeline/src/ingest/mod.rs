//! Stage 1: from byte ranges to documents.
//!
//! The plan is `splits → WarcRead → Steps → DocumentWrite`, with `DocumentRead` for the files of existing corpora. Each
//! partition is one split, so splits are independent: the engine runs as many at once as it has threads, a killed run
//! loses only those at work, and a split whose key has a commit is never read again.

mod apply;
mod columns;
mod derived;
mod digest;
mod document_rows;
mod documents;
mod page;
mod progress;
mod read;
mod rows;
mod split;
mod strip;
mod text_digest;
mod window;
mod write;

pub use apply::{ApplySteps, NamedStep, PlaceRule, Shared, SourceFacts, applied_schema};
pub use columns::{READER, blake3_128};
pub use derived::joined;
pub use digest::{PIECE_BYTES, PieceHasher, file_digest};
pub use documents::{DocumentRead, DocumentSource};
pub use progress::{Counts, Progress};
pub use read::WarcRead;
pub use split::{Split, split_batch, split_schema};
pub use strip::{Loss, TEXT_COLUMNS, has_text, read_split, strip_batch, strip_split, stripped_bytes};
pub use text_digest::TextDigest;
pub use write::{DocumentWrite, SplitDone, Thinned};
