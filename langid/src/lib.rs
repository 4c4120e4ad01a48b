//! Language identification.

/// Stand-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LangTag;

impl LangTag {
    /// Stand-in.
    pub fn script(self) -> &'static str {
        ""
    }
}

/// Stand-in.
pub trait Identifier: Send + Sync {}
