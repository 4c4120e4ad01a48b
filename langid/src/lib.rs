//! Language identification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LangTag;
pub trait Identifier: Send + Sync {}
