//! The removals list: what was asked to be taken down, and stays away.
//!
//! One JSON object a line, in the file that the config calls `removals`, which `kilim takedown` adds to:
//!
//! ```json
//! {"kind":"url","value":"https://mfano.co.ke/habari","copies":true,"reason":"erasure","note":null,"date":"2026-11-23"}
//! ```
//!
//! A run honours the list twice: where a page has been read, before its text is written anywhere, and in rows that earlier
//! runs have written (`run/purge.rs`). The list is the one memory of a takedown, so it stays as long as the corpus is made.
//! It names documents and addresses, since something has to be acted on: it stays at the node, beside the config, and no part
//! of it is in a manifest.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use kilim_connectors::store::AtomicFile;
use kilim_connectors::web;
use serde::{Deserialize, Serialize};

use crate::document::{Outcome, Page, Reason};
use crate::ingest::blake3_128;

/// The list of a config that names none, beside it.
pub const DEFAULT_FILE: &str = "removals.jsonl";
/// Who says so, in the `reasons` of a removed document.
pub const STEP: &str = "removals";
/// What it says.
pub const CODE: &str = "removed";

/// What a request names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A document by its id.
    Doc,
    /// Whatever was read at an address, now and later; `http` and `https`, with `www.` and without, are one address.
    Url,
    /// Whatever was read from a host and the hosts below it.
    Host,
    /// A text by its digest, wherever it stands.
    Text,
}

impl Kind {
    /// The word in the list.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Doc => "doc",
            Self::Url => "url",
            Self::Host => "host",
            Self::Text => "text",
        }
    }

    /// `value` as the list spells it.
    ///
    /// # Errors
    /// Says what is wrong with a value that cannot be one of this kind.
    pub fn spelled(self, value: &str) -> Result<String, String> {
        let value = value.trim();
        match self {
            Self::Doc | Self::Text => {
                let is_id = value.len() == 32 && value.bytes().all(|byte| byte.is_ascii_hexdigit());
                let what = if self == Self::Doc { "the id of a document" } else { "the digest of a text" };
                if is_id {
                    Ok(value.to_ascii_lowercase())
                } else {
                    Err(format!("`{value}` is not {what}: 32 hex digits"))
                }
            }
            Self::Url => {
                let url =
                    web::parse(value).ok_or_else(|| format!("`{value}` is not an address of the web"))?;
                Ok(web::canonical(&url).to_string())
            }
            Self::Host => {
                let no_host = || format!("`{value}` is not a host");
                let url = web::parse(&format!("http://{value}/")).ok_or_else(no_host)?;
                let host = web::host(&url).filter(|_| url.path() == "/" && url.port().is_none());
                let host = host.filter(|_| !value.contains(['/', '?', '#', '@', ':'])).ok_or_else(no_host)?;
                if host.contains('.')
                    && host.parse::<std::net::Ipv4Addr>().is_err()
                    && web::registered_domain(host).is_none()
                {
                    return Err(format!("`{value}` is a suffix under which others register, not a host"));
                }
                Ok(host.to_owned())
            }
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why something was asked to be taken down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Why {
    /// Whoever holds the rights asks for it.
    Takedown,
    /// A person asks for their data to be erased.
    Erasure,
    /// A court or an authority orders it.
    Legal,
    /// A community takes its knowledge back.
    Community,
    /// The licence was not what it seemed.
    License,
    /// The publisher has reserved the use.
    Optout,
    /// Something else; the note says what.
    Other,
}

impl Why {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Takedown,
        Self::Erasure,
        Self::Legal,
        Self::Community,
        Self::License,
        Self::Optout,
        Self::Other,
    ];

    /// The word in the list.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Takedown => "takedown",
            Self::Erasure => "erasure",
            Self::Legal => "legal",
            Self::Community => "community",
            Self::License => "license",
            Self::Optout => "optout",
            Self::Other => "other",
        }
    }
}

/// One request.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// What it names.
    pub kind: Kind,
    /// By which name, as [`Kind::spelled`] gives it.
    pub value: String,
    /// Whether exact copies of a text that it takes go too, wherever they were read.
    pub copies: bool,
    /// Why.
    pub reason: Why,
    /// More words, for whoever reads the list.
    #[serde(default)]
    pub note: Option<String>,
    /// The day of the request.
    pub date: Date,
}

impl Request {
    /// Tells it from all others that name something else: 16 hex digits.
    pub fn id(&self) -> String {
        let copies: &[u8] = if self.copies { b"copies" } else { b"" };
        blake3_128(&[self.kind.as_str().as_bytes(), self.value.as_bytes(), copies])[..16].to_owned()
    }

    /// What the reasons of a removed document say, and never more: not the value, and not the note.
    pub fn detail(&self) -> String {
        format!(
            "{}, asked for on {} by {}, request {}",
            self.reason.as_str(),
            self.date,
            self.kind,
            self.id()
        )
    }
}

/// The id of the request behind a [`Request::detail`].
pub fn request_of(detail: &str) -> Option<&str> {
    detail.rsplit_once("request ").map(|(_, id)| id)
}

/// What a row is called, for [`Removals::covering`]. Empty where it has no such name.
#[derive(Debug, Clone, Copy, Default)]
pub struct Names<'a> {
    /// `doc_id`.
    pub doc: &'a str,
    /// `surt`.
    pub surt: &'a str,
    /// `host`.
    pub host: &'a str,
    /// `text_digest`.
    pub text: &'a str,
}

/// A list that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RemovalsError {
    /// The file system refused.
    #[error("cannot {action} the removals list {path}")]
    Io {
        /// `read` or `write`.
        action: &'static str,
        /// The list.
        path: PathBuf,
        /// What it said.
        source: std::io::Error,
    },
    /// Lines that are no requests.
    #[error("{path} has lines that are no requests:\n{}", .problems.join("\n"))]
    Lines {
        /// The list.
        path: PathBuf,
        /// One for each line.
        problems: Vec<String>,
    },
}

/// The requests of a list, each once.
#[derive(Debug, Clone, Default)]
pub struct Removals {
    requests: Vec<Request>,
    /// Places in `requests`, by kind in the order of [`Kind`] and then by what rows are called.
    places: [BTreeMap<String, usize>; 4],
    ids: BTreeSet<String>,
}

impl Removals {
    /// The list at `path`; none if there is no file.
    ///
    /// # Errors
    /// A file that cannot be read, or lines that are no requests: all of them are named.
    pub fn read(path: &Path) -> Result<Option<Self>, RemovalsError> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(RemovalsError::Io { action: "read", path: path.to_owned(), source }),
        };
        let mut removals = Self::default();
        let mut problems = Vec::new();
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let request: Result<Request, String> =
                serde_json::from_str(line).map_err(|error| error.to_string());
            let request = request.and_then(|request: Request| {
                let value = request.kind.spelled(&request.value)?;
                Ok(Request { value, ..request })
            });
            match request {
                Ok(request) => _ = removals.add(request),
                Err(problem) => problems.push(format!("line {}: {problem}", number + 1)),
            }
        }
        if problems.is_empty() {
            Ok(Some(removals))
        } else {
            Err(RemovalsError::Lines { path: path.to_owned(), problems })
        }
    }

    /// The requests, in the order of the list.
    pub fn requests(&self) -> &[Request] {
        &self.requests
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.requests.is_empty()
    }

    /// Adds a request; `false` if one that takes as much is there already.
    pub fn add(&mut self, request: Request) -> bool {
        let (places, name) = (&mut self.places[request.kind as usize], called(request.kind, &request.value));
        let stronger = places.get(&name).is_none_or(|&at| request.copies && !self.requests[at].copies);
        if stronger {
            places.insert(name, self.requests.len());
            self.ids.insert(request.id());
            self.requests.push(request);
        }
        stronger
    }

    /// Whether a request of this id is in the list.
    pub fn has(&self, id: &str) -> bool {
        self.ids.contains(id)
    }

    /// The request by which a row of these names goes, if there is one.
    pub fn covering(&self, names: Names<'_>) -> Option<&Request> {
        if self.requests.is_empty() { None } else { self.every(names).next() }
    }

    /// All requests for a row of these names: for the document, its address, its host and those above it, its text.
    pub fn every<'s>(&'s self, names: Names<'_>) -> impl Iterator<Item = &'s Request> {
        let hosts = std::iter::successors(Some(names.host), |host| Some(host.split_once('.')?.1));
        let hosts = hosts.map(|host| (Kind::Host, host));
        let own = [(Kind::Doc, names.doc), (Kind::Url, names.surt)].into_iter();
        let named = own.chain(hosts).chain([(Kind::Text, names.text)]);
        let places = named.filter_map(|(kind, name)| self.places[kind as usize].get(name));
        places.map(|&at| &self.requests[at])
    }

    /// Digest over what is asked for; none of an empty list. Reasons, notes and dates do not count, nor does the order.
    pub fn digest(&self) -> Option<String> {
        let mut hasher = blake3::Hasher::new();
        for id in &self.ids {
            hasher.update(id.as_bytes());
        }
        (!self.is_empty()).then(|| hasher.finalize().to_hex().to_string())
    }

    /// Writes the list with `more` at its end, whole or not at all; what is there stays as it is spelled.
    ///
    /// # Errors
    /// A disk that refuses.
    pub fn append(path: &Path, more: &[Request]) -> Result<(), RemovalsError> {
        let write = || {
            let mut bytes = match std::fs::read(path) {
                Ok(bytes) => bytes,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
                Err(error) => return Err(error),
            };
            if bytes.last().is_some_and(|&last| last != b'\n') {
                bytes.push(b'\n');
            }
            for request in more {
                serde_json::to_writer(&mut bytes, request)?;
                bytes.push(b'\n');
            }
            let mut file = AtomicFile::create(path)?;
            file.write_all(&bytes)?;
            file.commit()
        };
        write().map_err(|source| RemovalsError::Io { action: "write", path: path.to_owned(), source })
    }
}

/// What rows are called that a request of `kind` for `value` takes.
fn called(kind: Kind, value: &str) -> String {
    match kind {
        Kind::Url => web::parse(value).as_ref().map_or_else(|| value.to_owned(), web::surt),
        Kind::Doc | Kind::Host | Kind::Text => value.to_owned(),
    }
}

/// A page that is to go: what it says is forgotten, that it was met is not.
pub(crate) fn withhold(page: &mut Page<'_>, request: &Request) {
    page.outcome.get_or_insert(Outcome::Withheld);
    page.reasons.push(Reason { step: STEP.into(), code: CODE.into(), detail: Some(request.detail()) });
}

#[cfg(test)]
#[path = "removals_tests.rs"]
mod tests;
