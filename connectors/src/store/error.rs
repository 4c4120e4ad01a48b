//! What can go wrong with a place, and what to do about it.

use super::StoreSaid;
use crate::error::ErrorKind;

/// An error about one place. `name` is the place as [`super::Location::name`] shows it, or as the config spells
/// it where it could not be understood; it never holds credentials or a query.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The text is not a path or URL we understand.
    #[error("{name} is not a place this program can reach: {problem}")]
    BadLocation {
        /// The text of the config, without credentials.
        name: String,
        /// What is wrong with it.
        problem: String,
    },
    /// `ftp://…`, `hdfs://…`.
    #[error("{name} has the unknown scheme {scheme}")]
    UnknownScheme {
        /// The text of the config, without credentials.
        name: String,
        /// What stands before `://`.
        scheme: String,
    },
    /// No such file or object.
    #[error("{name} does not exist")]
    Missing {
        /// The place.
        name: String,
        /// The list that named it, if one did.
        listed_in: Option<String>,
    },
    /// A folder where a file is needed.
    #[error("{name} is a folder, not a file")]
    IsFolder {
        /// The place.
        name: String,
    },
    /// A pattern no file fits.
    #[error("no file matches {pattern}")]
    NoMatch {
        /// The pattern as the config spells it.
        pattern: String,
    },
    /// A pattern that cannot be read.
    #[error("{pattern} is not a pattern: {problem}")]
    BadPattern {
        /// The pattern as the config spells it.
        pattern: String,
        /// What is wrong, and where.
        problem: String,
    },
    /// Two different inputs that outputs could not tell apart.
    #[error("two inputs would both be called {name}")]
    SameName {
        /// The name they share.
        name: String,
    },
    /// A `*.paths` list that cannot be read as one.
    #[error("{name} is not a list of paths: {problem}")]
    BadList {
        /// The list.
        name: String,
        /// What is wrong with it.
        problem: String,
    },
    /// Something else is already there.
    #[error("{name} exists with other content")]
    Conflict {
        /// The place.
        name: String,
    },
    /// The operating system or the store says we may not.
    #[error("{name} may not be accessed")]
    Denied {
        /// The place.
        name: String,
        /// What the other side said.
        source: StoreSaid,
    },
    /// A local disk failed.
    #[error("cannot {action} {name}")]
    Io {
        /// `read`, `write`, …
        action: &'static str,
        /// The place.
        name: String,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A store failed, after the retries.
    #[error("cannot {action} {name}")]
    Remote {
        /// `read`, `write`, …
        action: &'static str,
        /// The place.
        name: String,
        /// What the store said.
        source: StoreSaid,
    },
    /// A variable of the environment with a value that cannot be.
    #[error("{variable} cannot be used: {problem}")]
    BadVariable {
        /// Its name.
        variable: &'static str,
        /// What is wrong with its value.
        problem: String,
    },
}

impl StoreError {
    /// Who has to act.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::BadLocation { .. }
            | Self::UnknownScheme { .. }
            | Self::Missing { listed_in: None, .. }
            | Self::IsFolder { .. }
            | Self::NoMatch { .. }
            | Self::BadPattern { .. }
            | Self::SameName { .. }
            | Self::BadVariable { .. }
            | Self::Denied { .. } => ErrorKind::Config,
            Self::Missing { listed_in: Some(_), .. } | Self::BadList { .. } => ErrorKind::Input,
            Self::Conflict { .. } => ErrorKind::Internal,
            Self::Io { .. } | Self::Remote { .. } => ErrorKind::External,
        }
    }

    /// The next move, one line.
    pub fn hint(&self) -> String {
        match self {
            Self::BadLocation { .. } => "write a path relative to the config's folder, or a full URL".into(),
            Self::UnknownScheme { .. } => {
                "known are file://, s3://, gs://, az://, http:// and https://; a path needs none".into()
            }
            Self::Missing { listed_in: Some(list), .. } => format!(
                "it is named in {list}; lines of a local list are relative to the list's folder, those of a remote \
                 one to its bucket or host"
            ),
            Self::Missing { name, .. } if name.contains("://") => {
                "check the bucket's and the object's name, and that the credentials in the environment are meant \
                 for it"
                    .into()
            }
            Self::Missing { .. } => "paths are relative to the config's folder".into(),
            Self::IsFolder { name } => format!("name its files, for example {}/*.warc.gz", name.trim_end_matches('/')),
            Self::NoMatch { .. } => {
                "* stays within a folder, ** goes into subfolders; quote patterns that start with *".into()
            }
            Self::BadPattern { .. } => "to mean the character itself, write [*], [?] or [[]".into(),
            Self::SameName { .. } => "names leave out queries; copy one of them to a place of its own".into(),
            Self::BadList { .. } => "one path or URL a line, plain or gzip; # starts a comment".into(),
            Self::Conflict { .. } => {
                "published files are never replaced: choose another version folder, or find out who wrote it".into()
            }
            Self::Denied { name, .. } if name.contains("://") => {
                "credentials come from the environment only: AWS_*, GOOGLE_*, AZURE_*".into()
            }
            Self::Denied { .. } => "check the owner and mode of the file and of the folders above it".into(),
            Self::Io { source, .. } if is_full(source) => {
                "the disk is full, or a quota or a limit on file sizes is reached: free some space and run the same \
                 command again; what is done stays"
                    .into()
            }
            Self::Io { .. } => "check the disk and the free space".into(),
            Self::Remote { source, .. } if source.to_string().contains("scheme is not allowed") => {
                "AWS_ALLOW_HTTP=true lets a store be reached without TLS".into()
            }
            Self::Remote { source, .. } if source.to_string().contains("169.254.169.254") => {
                "no key was found, so the cloud's own machine was asked for one: set AWS_ACCESS_KEY_ID and \
                 AWS_SECRET_ACCESS_KEY, or AWS_SKIP_SIGNATURE=true for a bucket that is open to all"
                    .into()
            }
            Self::Remote { name, .. } if !name.starts_with("http") => {
                "the store was asked again and again; once it answers, `kilim resume` goes on from here. It is found, and \
                 credentials are, through the environment only: AWS_*, GOOGLE_*, AZURE_*"
                    .into()
            }
            Self::Remote { .. } => {
                "the server was asked again and again; once it answers, `kilim resume` goes on from here".into()
            }
            Self::BadVariable { variable, .. } => format!("unset {variable}, or correct it"),
        }
    }

    /// An operating system's error about a local place, sorted into its case.
    pub(super) fn from_io(action: &'static str, name: &str, source: std::io::Error) -> Self {
        let name = name.to_string();
        match source.kind() {
            std::io::ErrorKind::NotFound => Self::Missing { name, listed_in: None },
            std::io::ErrorKind::PermissionDenied => Self::Denied { name, source: StoreSaid::new(&source) },
            std::io::ErrorKind::IsADirectory => Self::IsFolder { name },
            _ => Self::Io { action, name, source },
        }
    }

    /// A store's error, sorted into its case.
    pub(super) fn from_remote(action: &'static str, name: &str, source: object_store::Error) -> Self {
        let name = name.to_string();
        match source {
            object_store::Error::NotFound { .. } => Self::Missing { name, listed_in: None },
            object_store::Error::PermissionDenied { source, .. }
            | object_store::Error::Unauthenticated { source, .. } => {
                Self::Denied { name, source: StoreSaid::new(source.as_ref()) }
            }
            source => Self::Remote { action, name, source: StoreSaid::new(&source) },
        }
    }
}

/// Whether there is no room: a full disk, a quota, a limit on the size of files.
pub fn is_full(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    matches!(error.kind(), StorageFull | QuotaExceeded | FileTooLarge)
}
