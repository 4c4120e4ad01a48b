//! The outside world.

/// Stand-in.
pub mod seeds {
    /// Stand-in.
    #[derive(Debug)]
    pub struct SeedRecord;
}
