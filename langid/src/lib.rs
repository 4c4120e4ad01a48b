//! Language identification.

/// Stand-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LangTag;

/// Stand-in.
pub trait Identifier: Send + Sync {}
