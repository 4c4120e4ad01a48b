//! Cutting extracted text into blocks.
//!
//! The text has one paragraph a line, with an empty line between most. A line that was a heading, or an item of a
//! list, on the page is known by its words: [`Landmarks`] remembers them from the tree, before the extractor changes
//! it. A page that says the same words in a heading and in a paragraph gets two headings, which is a small price.

use std::collections::HashMap;

use dom_query::NodeRef;

use super::dom::{self, Descend, Event};
use crate::document::Block;

/// Longest text that is remembered, in bytes; headings and items beyond it count as paragraphs.
const MAX_LANDMARK: usize = 1_000;

/// Texts of headings, list items, quotes and code on a page.
#[derive(Debug, Default)]
pub struct Landmarks {
    kinds: HashMap<u64, &'static str>,
}

fn kind_of(name: &str) -> Option<&'static str> {
    match name {
        "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => Some("heading"),
        "li" => Some("list"),
        "tr" => Some("table"),
        "blockquote" => Some("quote"),
        "pre" => Some("code"),
        _ => None,
    }
}

/// A digest of the letters and digits of a line; white space is laid out anew by extractors.
fn digest(text: &str) -> u64 {
    let mut hash = xxhash_rust::xxh3::Xxh3::new();
    for word in text.split_whitespace() {
        hash.update(word.as_bytes());
    }
    hash.digest()
}

impl Landmarks {
    /// Remembers what stands on the page below `root`.
    pub fn collect(root: &NodeRef<'_>) -> Self {
        let mut landmarks = Self::default();
        // The innermost landmark that is open: its kind, the depth at which it ends, and its words so far.
        let mut open: Vec<(&'static str, String)> = Vec::new();
        dom::walk(root, |event| {
            match event {
                Event::Enter(node, _) => {
                    if let Some(kind) = dom::element(node, |e| kind_of(&e.name.local)) {
                        if let Some(kind) = kind {
                            open.push((kind, String::new()));
                        }
                    } else if let Some((_, words)) = open.last_mut()
                        && words.len() <= MAX_LANDMARK
                    {
                        dom::text(node, |text| words.extend(text.split_whitespace()));
                    }
                }
                Event::Leave(node) => {
                    if dom::element(node, |e| kind_of(&e.name.local)).flatten().is_some()
                        && let Some((kind, words)) = open.pop()
                        && !words.is_empty()
                        && words.len() <= MAX_LANDMARK
                    {
                        // The first to say so decides, so that the answer does not hang on a hash map's order.
                        landmarks.kinds.entry(digest(&words)).or_insert(kind);
                    }
                }
            }
            Descend::Into
        });
        landmarks
    }

    /// The blocks of `text`: one for each line that is not empty. Offsets are bytes of `text`.
    pub fn cut(&self, text: &str, score: f32) -> Vec<Block> {
        let mut blocks = Vec::new();
        let mut at = 0;
        for line in text.split_inclusive('\n') {
            let content = line.trim();
            if !content.is_empty() {
                let start = at + (line.len() - line.trim_start().len());
                let known = || self.kinds.get(&digest(content)).copied();
                let may_be_known = !self.kinds.is_empty() && content.len() <= 2 * MAX_LANDMARK;
                let kind = may_be_known.then(known).flatten().unwrap_or("paragraph");
                blocks.push(Block { start: start as u32, end: (start + content.len()) as u32, kind, score });
            }
            at += line.len();
        }
        blocks
    }
}

#[cfg(test)]
mod tests {
    use dom_query::Document;

    use super::*;

    #[test]
    fn headings_and_items_are_known_by_their_words() {
        let page = Document::from(
            "<h1>ሰላም  <b>ለሁሉም</b></h1><p>தமிழ் மொழி</p><ul><li>Αθήνα<ul><li>Πάτρα</li></ul></li></ul><pre>x = 1</pre>",
        );
        let text = "ሰላም ለሁሉም\n\nதமிழ் மொழி\n\nΑθήνα\nΠάτρα\n\nx = 1";
        let landmarks = Landmarks::collect(&page.root());
        let blocks = landmarks.cut(text, 1.0);
        let found: Vec<_> = blocks
            .iter()
            .map(|block| (&text[block.start as usize..block.end as usize], block.kind))
            .collect();
        assert_eq!(
            found,
            [
                ("ሰላም ለሁሉም", "heading"),
                ("தமிழ் மொழி", "paragraph"),
                ("Αθήνα", "list"),
                ("Πάτρα", "list"),
                ("x = 1", "code")
            ]
        );
    }

    #[test]
    fn white_space_belongs_to_no_block() {
        let blocks = Landmarks::default().cut("  你好 \n\n\t\nสวัสดี\u{a0}", 0.5);
        let ends: Vec<_> = blocks.iter().map(|block| (block.start, block.end)).collect();
        assert_eq!(ends, [(2, 8), (13, 31)]);
        assert!(Landmarks::default().cut(" \n ", 1.0).is_empty());
    }
}
