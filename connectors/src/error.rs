//! What sort of trouble an error is.
//!
//! Exit codes and retries follow from the kind, never from the wording of a message.

/// Who has to act on an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The configuration asks for something that cannot be: a path that does not exist, an unknown scheme.
    Config,
    /// Bytes handed to us are not what they claim to be.
    Input,
    /// Something outside this process failed; trying again may help.
    External,
    /// A promise of this program was broken.
    Internal,
}
