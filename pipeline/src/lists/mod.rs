//! Lists that stewards load: of words in texts, of words in addresses, of hosts.
//!
//! Words of all lists are found in one pass, by one automaton over the text in one spelling (`fold.rs`, `words.rs`).
//! Hosts are in sorted sets (`hosts.rs`), as lists of them have millions. None is shipped: which words and hosts are
//! bad is a judgement that a steward makes and answers for.

mod fold;
mod hosts;
mod read;
mod words;

use std::borrow::Cow;
use std::path::PathBuf;

use kilim_langid::LangTag;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use hosts::HostSet;
use words::{ALLOWED, Count, Entries, Matcher, Scratch};

/// What a list is of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ListOf {
    /// Words and phrases in title and text.
    #[default]
    Words,
    /// Words in the address of the page.
    UrlWords,
    /// Host names: a page of the host, or of a host below it.
    Hosts,
}

impl ListOf {
    /// The word in a config.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Words => "words",
            Self::UrlWords => "url_words",
            Self::Hosts => "hosts",
        }
    }
}

/// A file with a list in it.
#[derive(Debug, Clone)]
pub struct ListFile {
    /// As errors name it.
    pub path: PathBuf,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// What it is a list of.
    pub of: ListOf,
    /// The language of entries that name none (ISO 639-3).
    pub language: Option<String>,
}

/// What a page has of one list.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Found {
    /// Places where an entry stands; 1 for a host.
    pub hits: u32,
    /// Different entries.
    pub entries: u32,
    /// Share of the letters, digits and marks that stand in hits, 0 to 1; 1 for a host.
    pub share: f32,
}

/// A list that cannot be used, and where.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum ListError {
    /// A line is wrong.
    #[error("{path}:{line}: {problem}\nhint: {hint}")]
    Line {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// What is wrong with it. Never the entry.
        problem: String,
        /// What to do.
        hint: &'static str,
    },
    /// There is nothing in it.
    #[error("{path}: no entries\nhint: one entry a line, or the columns language,entry")]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// It is too much.
    #[error("{path}: {problem}\nhint: {hint}")]
    TooLarge {
        /// The file; the last of several.
        path: PathBuf,
        /// What is too much.
        problem: String,
        /// What to do.
        hint: &'static str,
    },
}

/// Lists, ready to be asked.
pub struct Lists {
    of: Vec<ListOf>,
    /// Words of all lists; none if all are of hosts.
    words: Option<Matcher>,
    /// By list; empty for those of words.
    hosts: Vec<HostSet>,
}

/// Where a page is looked for.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// Its title.
    pub title: &'a str,
    /// Its text.
    pub text: &'a str,
    /// Its address.
    pub url: &'a str,
    /// The host in it, lower-case.
    pub host: &'a str,
    /// Its language.
    pub language: Option<LangTag>,
}

/// Asks lists about pages; keeps buffers between them.
#[derive(Default)]
pub struct Lookup {
    scratch: Scratch,
    found: Vec<Found>,
}

impl Lists {
    /// Reads lists, and entries that keep others from counting (`allow`).
    pub fn read(files: &[ListFile], allow: Option<&ListFile>) -> Result<Self, ListError> {
        let mut entries = Entries::default();
        let mut hosts = Vec::with_capacity(files.len());
        for (index, file) in (0..).zip(files) {
            if file.of == ListOf::Hosts {
                hosts.push(read::hosts(file)?);
            } else {
                hosts.push(HostSet::default());
                read::words(file, index, &mut entries)?;
            }
        }
        let words = if let Some(last) = files.iter().rfind(|file| file.of != ListOf::Hosts) {
            if let Some(allow) = allow {
                read::words(allow, ALLOWED, &mut entries)?;
            }
            Some(entries.build().map_err(|error| ListError::TooLarge {
                path: last.path.clone(),
                problem: error.to_string(),
                hint: "hosts go in a list of hosts, which may have millions",
            })?)
        } else {
            None
        };
        Ok(Self { of: files.iter().map(|file| file.of).collect(), words, hosts })
    }

    /// What a page has of each list, in their order.
    pub fn look<'l>(&self, page: &Subject<'_>, lookup: &'l mut Lookup) -> &'l [Found] {
        lookup.found.clear();
        lookup.found.resize(self.of.len(), Found::default());
        if self.of.contains(&ListOf::Words) {
            self.count(&[page.title, page.text], ListOf::Words, page.language, lookup);
        }
        if self.of.contains(&ListOf::UrlWords) {
            self.count(&[&readable(page.url)], ListOf::UrlWords, page.language, lookup);
        }
        for (found, hosts) in lookup.found.iter_mut().zip(&self.hosts) {
            if !page.host.is_empty() && hosts.covers(page.host) {
                *found = Found { hits: 1, entries: 1, share: 1.0 };
            }
        }
        &lookup.found
    }

    /// Counts for the lists that are `of` one thing.
    fn count(&self, texts: &[&str], of: ListOf, language: Option<LangTag>, lookup: &mut Lookup) {
        let Some(words) = &self.words else { return };
        let letters = words.count(texts, language, self.of.len(), &mut lookup.scratch);
        for (index, Count { hits, entries, letters: in_hits }) in
            lookup.scratch.counts.iter().copied().enumerate()
        {
            if self.of[index] == of && hits > 0 {
                let share = (f64::from(in_hits) / f64::from(letters.max(1))) as f32;
                lookup.found[index] = Found { hits, entries, share };
            }
        }
    }
}

/// An address with its `%` escapes read, as far as they are UTF-8.
fn readable(url: &str) -> Cow<'_, str> {
    if !url.contains('%') {
        return Cow::Borrowed(url);
    }
    let mut bytes = Vec::with_capacity(url.len());
    let mut rest = url.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let digit = |at: usize| after.get(at).and_then(|b| char::from(*b).to_digit(16));
        if let (b'%', Some(high), Some(low)) = (first, digit(0), digit(1)) {
            bytes.push((high * 16 + low) as u8);
            rest = &after[2..];
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    Cow::Owned(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(of: ListOf, text: &str) -> ListFile {
        ListFile { path: "ndege.csv".into(), bytes: text.as_bytes().to_vec(), of, language: None }
    }

    #[test]
    fn texts_addresses_and_hosts_are_asked_at_once() {
        let lists = Lists::read(
            &[
                file(ListOf::Words, "language,entry\n,bata\nhin,बत्तख\n"),
                file(ListOf::UrlWords, "# maneno\nutka\nутка\n"),
                file(ListOf::Hosts, "bata.example\n0.0.0.0 mbaya.co.ke # ya zamani\n"),
            ],
            None,
        )
        .unwrap();
        let mut lookup = Lookup::default();
        let page = Subject {
            title: "Bata",
            text: "बत्तख पानी में है। bata",
            url: "https://www.bata.example/utka/%D1%83%D1%82%D0%BA%D0%B0?q=utkarsh",
            host: "www.bata.example",
            language: Some("hin_Deva".parse().unwrap()),
        };
        let found = lists.look(&page, &mut lookup);
        let hits: Vec<_> = found.iter().map(|found| (found.hits, found.entries)).collect();
        assert_eq!(hits, [(3, 2), (2, 2), (1, 1)]);
        assert!(found[0].share > 0.4 && found[0].share < 0.7, "{found:?}");
        let other = Subject { title: "", text: "Kuku", url: "", host: "mbaya.co.ke.example", language: None };
        assert_eq!(lists.look(&other, &mut lookup), [Found::default(); 3]);
    }

    #[test]
    fn what_is_wrong_with_a_list_is_said_with_its_line_and_without_its_words() {
        let read = |of, text: &[u8]| {
            let file = ListFile { bytes: text.to_vec(), ..file(of, "") };
            Lists::read(&[file], None).err().unwrap().to_string()
        };
        for (of, text, said) in [
            (ListOf::Words, &b""[..], "ndege.csv: no entries"),
            (ListOf::Words, b"# tupu\n\n", "ndege.csv: no entries"),
            (ListOf::Words, b"language,entry\n", "ndege.csv: no entries"),
            (ListOf::Words, b"bata\nb\n", "ndege.csv:2: an entry of one letter"),
            (ListOf::Words, "bata\n鴨\n".as_bytes(), "ndege.csv:2: an entry of one letter"),
            (ListOf::Words, b"bata\n-?!\n", "ndege.csv:2: an entry without letters"),
            (ListOf::Words, b"bata\n\xffkuku\n", "ndege.csv:2: not UTF-8"),
            (ListOf::Words, b"language,entry\nswa bata\n", "ndege.csv:2: not two columns"),
            (ListOf::Words, b"language,entry\nsw,bata\n", "ndege.csv:2: `sw` is not an ISO 639-3 code"),
            (ListOf::Words, b"entry,language\nbata,swa\n", "ndege.csv:1: the columns are not language,entry"),
            (ListOf::Hosts, b"bata.example\nhttp://x.example/\n", "ndege.csv:2: no host name"),
            (ListOf::Hosts, b"co.ke\n", "ndege.csv:1: a public suffix"),
            (ListOf::Hosts, b"", "ndege.csv: no entries"),
        ] {
            let error = read(of, text);
            assert!(error.starts_with(said) && error.contains("hint: "), "{error} / {said}");
            assert!(!error.contains("kuku"), "{error}");
        }
    }
}
