//! Benches of Kilim, and the maker of its sample crawl.

pub mod browser;
pub mod end_to_end;
pub mod fixtures;
pub mod licences;
pub mod pages;
pub mod samples;
