//! The outside world.
pub mod seeds { #[derive(Debug)] pub struct SeedRecord; }
