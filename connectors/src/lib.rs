//! The outside world.

pub mod error;
pub mod store;
pub mod web;
