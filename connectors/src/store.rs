//! Inputs and outputs by URL: local files and object stores behind one door.
//!
//! A [`Location`] is where something is; two spellings of one place are equal. [`Stores`] reads and writes there,
//! with credentials only from the environment (`AWS_*`, `GOOGLE_*`, `AZURE_*`), and [`expand_inputs`] turns what
//! a config says (paths, globs, `warc.paths` lists) into a sorted list of files, each once.
//!
//! ```
//! use kilim_connectors::store::Location;
//! let base = std::path::Path::new("/srv/corpus");
//! let one = Location::parse("crawl/../crawl/a.warc.gz", base).unwrap();
//! let two = Location::parse("file:///srv/corpus/crawl/a.warc.gz", base).unwrap();
//! assert_eq!(one, two);
//! assert_eq!(one.name(), "crawl/a.warc.gz");
//! ```

mod access;
mod error;
mod expand;
mod local;
mod location;
mod remote;
mod said;
mod upload;

pub use access::{Head, PutOutcome, Stores};
pub use error::{StoreError, is_full};
pub use expand::{InputFile, expand_inputs};
pub use local::AtomicFile;
pub use location::{Location, Scheme};
pub use remote::{PATIENCE, PATIENCE_VARIABLE, REQUEST_TIMEOUT, RETRIES};
pub use said::StoreSaid;
pub use upload::{PART_BYTES, PARTS_AT_ONCE, PutFile};
