//! The outside world.

pub mod error;
pub mod shards;
pub mod store;
pub mod web;
