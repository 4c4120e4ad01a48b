//! Benches of Kilim, and the maker of its sample crawl.

pub mod samples;
