//! The outside world.

pub mod charset;
pub mod http;
pub(crate) mod inflate;
pub mod warc;
