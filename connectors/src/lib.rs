//! The outside world.

pub(crate) mod inflate;
pub mod warc;
