//! `removed.jsonl`: what a takedown took out of a node's versions, in the version that replaces them.
//!
//! The manifest lists the file, so the signature covers it. Whoever holds an earlier version finds in it which documents must
//! go from there. A node that is open names them. Any other says a keyed digest, under the key that lies beside the shards
//! ([`SALTS_FILE`](crate::proof::SALTS_FILE)): who has the shards can tell which rows are meant, and who has only heard of a
//! document cannot ask the file about it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::manifest::Manifest;
use crate::config::Mode;
use crate::proof::Salts;
use crate::removals::{Request, Why};

/// The file below a version folder.
pub const REMOVED_FILE: &str = "removed.jsonl";

/// A document that was taken out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RemovedLine {
    /// Its id, where the node is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// HMAC-SHA-256 of its id under the salt key of the node, hex, where it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keyed_id: Option<String>,
    /// Why it was asked to be taken down.
    pub reason: Why,
    /// The day of the request.
    pub date: String,
    /// The version that held it last.
    pub version: String,
    /// Its shard there.
    pub shard: String,
}

impl RemovedLine {
    /// The line of a document.
    pub fn new(doc: &str, request: &Request, mode: &str, salts: &Salts, version: &str, shard: &str) -> Self {
        let open = mode == Mode::Open.as_str();
        Self {
            id: open.then(|| doc.to_owned()),
            keyed_id: (!open).then(|| hex::encode(salts.salt(doc))),
            reason: request.reason,
            date: request.date.to_string(),
            version: version.to_owned(),
            shard: shard.to_owned(),
        }
    }
}

/// The documents that a version says were taken out.
#[derive(Debug, Clone, Default)]
pub struct Removed {
    ids: BTreeSet<String>,
    keyed: BTreeSet<String>,
}

impl Removed {
    /// What the lines name.
    pub fn of(lines: &[RemovedLine]) -> Self {
        Self {
            ids: lines.iter().filter_map(|line| line.id.clone()).collect(),
            keyed: lines.iter().filter_map(|line| line.keyed_id.clone()).collect(),
        }
    }

    /// Whether a document is one of them.
    pub fn has(&self, doc: &str, salts: Option<&Salts>) -> bool {
        let keyed = || salts.is_some_and(|salts| self.keyed.contains(&hex::encode(salts.salt(doc))));
        self.ids.contains(doc) || !self.keyed.is_empty() && keyed()
    }
}

/// The bytes of the file.
pub fn removed_bytes(lines: &[RemovedLine]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for line in lines {
        serde_json::to_writer(&mut bytes, line).expect("a line is text");
        bytes.push(b'\n');
    }
    bytes
}

/// Reads [`removed_bytes`], to the byte: another spelling is refused, so that nothing can hide in one.
///
/// # Errors
/// The number of the first line that is none, and what is wrong with it.
pub fn read_removed(bytes: &[u8]) -> Result<Vec<RemovedLine>, String> {
    let lines = bytes.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()).enumerate();
    let read = |(number, line): (usize, &[u8])| {
        let line: RemovedLine =
            serde_json::from_slice(line).map_err(|error| format!("line {}: {error}", number + 1))?;
        if line.id.is_some() == line.keyed_id.is_some() {
            return Err(format!("line {}: it names no document, or names it twice", number + 1));
        }
        Ok(line)
    };
    let lines: Vec<RemovedLine> = lines.map(read).collect::<Result<_, _>>()?;
    if removed_bytes(&lines) == bytes {
        Ok(lines)
    } else {
        Err("is not in the form in which it is written: it was edited".to_owned())
    }
}

/// What the manifest says about the file: problems with its lines, by what they are.
pub(crate) fn problems(manifest: &Manifest, lines: &[RemovedLine]) -> Vec<String> {
    let Some(removed) = &manifest.removed else { return Vec::new() };
    let mut problems = Vec::new();
    if lines.len() as u64 != removed.documents {
        problems.push(format!("has {} lines, the manifest says {}", lines.len(), removed.documents));
    }
    let open = manifest.node.facts.mode == Mode::Open.as_str();
    if !open && lines.iter().any(|line| line.id.is_some()) {
        problems.push("names documents in the open, and the node is not".to_owned());
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::removals::Kind;

    const DOC: &str = "00112233445566778899aabbccddeeff";

    fn line(mode: &str) -> RemovedLine {
        let request = Request {
            kind: Kind::Url,
            value: "https://mfano.co.ke/siri".to_owned(),
            copies: true,
            reason: Why::Erasure,
            note: Some("ሚስጥር".to_owned()),
            date: "2026-11-23".parse().unwrap(),
        };
        RemovedLine::new(
            DOC,
            &request,
            mode,
            &Salts::new([7; 32]),
            "v0001",
            "data/swa_Latn/train-00000-of-00001.parquet",
        )
    }

    #[test]
    fn only_an_open_node_names_what_it_took_out() {
        for (mode, named) in
            [("open", true), ("restricted", false), ("local-only", false), ("participant-private", false)]
        {
            let bytes = removed_bytes(&[line(mode)]);
            let text = String::from_utf8(bytes.clone()).unwrap();
            assert_eq!(text.contains(DOC), named, "{text}");
            assert!(!text.contains("siri") && !text.contains("ሚስጥር"), "{text}");
            let lines = read_removed(&bytes).unwrap();
            let removed = Removed::of(&lines);
            assert_eq!(lines, [line(mode)]);
            assert!(removed.has(DOC, Some(&Salts::new([7; 32]))));
            assert!(!removed.has("ff112233445566778899aabbccddeeff", Some(&Salts::new([7; 32]))));
            assert_eq!(removed.has(DOC, Some(&Salts::new([8; 32]))), named, "another key tells nothing");
            assert_eq!(removed.has(DOC, None), named);
        }
    }

    #[test]
    fn a_line_that_names_nothing_is_told_by_its_number() {
        let good = String::from_utf8(removed_bytes(&[line("open")])).unwrap();
        for bad in [
            good.replace("\"id\"", "\"kitu\""),
            good.replace(&format!("\"id\":\"{DOC}\","), ""),
            "ondoa\n".to_owned(),
        ] {
            let error = read_removed(format!("{good}{bad}").as_bytes()).unwrap_err();
            assert!(error.starts_with("line 2: "), "{error}");
        }
        for edited in [good.replace(':', ": "), format!("\n{good}"), good.trim_end().to_owned()] {
            assert!(read_removed(edited.as_bytes()).unwrap_err().contains("edited"), "{edited}");
        }
    }
}
