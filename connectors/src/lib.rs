//! The outside world.

/// Stand-in.
pub mod seeds {
    /// Stand-in.
    #[derive(Debug, Clone, Default)]
    pub struct SeedRecord;
}
