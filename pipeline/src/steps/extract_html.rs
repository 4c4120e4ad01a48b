//! Finds the main text of a page.
//!
//! # What it does
//! Parses the page, collects marks about rights (`rel=license`, metas, JSON-LD), and takes the main text with its
//! paragraph breaks, the title, the page's `lang` and the blocks of the text. The column `extractor` says how the text
//! was found: `article` is one element full of paragraphs; `page` is the whole page less menus, foots and boxes, taken
//! where an article would leave most of the text out, as on pages of answers, products or services; `body_text` is all
//! of the body, where both found nothing. Plain text passes as it is (`plain_text`). The text of a document
//! from an existing corpus is left alone (`given`).
//!
//! A page that would cost too much is rejected whole, never cut: `too_large`, `too_deep`, `too_many_nodes`,
//! `too_slow`. The last is not a clock but a count of work, so that a slow machine gives the same corpus as a fast
//! one. `no_text` is a page without words, `extractor_failed` one on which the extractor panicked. A page takes up to
//! 300 bytes of memory a node while it is looked at, 600 MB at the default cap.
//!
//! # Why
//! Menus, notices about cookies and lists of links make up most of a page and repeat on all pages of a site.
//!
//! # Precedent
//! FineWeb and most others take trafilatura. Here it is the rules of Mozilla's Readability, ported to a tree of our own,
//! and compared with trafilatura set by set in benches/RESULTS.md. Browsers cap nesting at 512 as well.
//!
//! # Across languages
//! Readability counts commas and characters. The commas of Arabic, Armenian, Ethiopic and CJK count too, and a page
//! without an article falls back to the body, so that a short notice in any script is kept. Paragraph breaks are kept
//! for rules that need them.
//!
//! # Example
//! ```yaml
//! extract_html: { max_bytes: 8MiB, max_depth: 512, max_nodes: 2000000 }
//! ```

use garde::Validate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::ByteSize;
use crate::document::Page;
use crate::extract::{Caps, Extractor, Input, MainText, blocks_of_plain_text};
use crate::step::{DocumentStep, DocumentStepConfig, Resources, StepError};

/// Name of what happens to plain text in the column `extractor`.
const PLAIN_TEXT: &str = "plain_text";

/// Finds the main text of a page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct ExtractHtml {
    /// Largest page, in bytes of its text in UTF-8.
    #[garde(skip)]
    pub max_bytes: ByteSize,
    /// Most elements inside one another.
    #[garde(range(min = 16, max = 512))]
    pub max_depth: u32,
    /// Most elements, runs of text and comments.
    #[garde(range(min = 1, max = 100_000_000))]
    pub max_nodes: u64,
    /// Most work: bytes of the page, each times the number of elements it stands in. The default is a page of the
    /// largest size at a depth of 128, or of 2 MiB at the greatest depth.
    #[garde(range(min = 1, max = 1_000_000_000_000_u64))]
    pub max_work: u64,
}

impl Default for ExtractHtml {
    fn default() -> Self {
        Self { max_bytes: ByteSize::mib(8), max_depth: 512, max_nodes: 2_000_000, max_work: 1 << 30 }
    }
}

impl DocumentStepConfig for ExtractHtml {
    const VERSION: u32 = 4;

    fn build(&self, _resources: &Resources) -> Result<Box<dyn DocumentStep>, StepError> {
        let extractor = Box::new(MainText::default());
        let caps = Caps { max_depth: self.max_depth, max_nodes: self.max_nodes, max_work: self.max_work };
        Ok(Box::new(ExtractStep { extractor, max_bytes: self.max_bytes.bytes(), caps }))
    }
}

struct ExtractStep {
    extractor: Box<dyn Extractor>,
    max_bytes: u64,
    caps: Caps,
}

impl DocumentStep for ExtractStep {
    fn apply(&mut self, page: &mut Page<'_>) {
        let record = page.record;
        if record.given.is_some() {
            return;
        }
        let bytes = record.html.len() as u64;
        if bytes > self.max_bytes {
            page.reject("too_large", Some(format!("bytes={bytes} max_bytes={}", self.max_bytes)));
            return;
        }
        if record.content_type == "text/plain" {
            page.text = record.html.to_owned();
            page.extractor = PLAIN_TEXT;
            page.blocks = blocks_of_plain_text(&page.text, 1.0);
        } else {
            match self.extractor.extract(Input { html: record.html, url: record.url }, &self.caps) {
                Ok(found) => {
                    page.text = found.text;
                    page.title = found.title;
                    page.html_lang = found.html_lang;
                    page.extractor = found.extractor;
                    page.blocks = found.blocks;
                    page.marks = found.marks;
                }
                Err(failure) => {
                    page.reject(failure.code(), Some(failure.to_string()));
                    return;
                }
            }
        }
        if page.text.trim().is_empty() {
            page.reject("no_text", None);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::document::Record;

    fn run(config: &ExtractHtml, content_type: &str, html: &str) -> (Vec<String>, String, &'static str) {
        let mut page = Page { record: Record { content_type, html, ..Record::default() }, ..Page::default() };
        config.build(&Resources::new(Path::new("."))).unwrap().apply(&mut page);
        (page.reasons.iter().map(|reason| reason.code.to_string()).collect(), page.text, page.extractor)
    }

    #[test]
    fn every_way_to_fail_has_its_own_word() {
        let small = ExtractHtml {
            max_bytes: ByteSize::new(400),
            max_nodes: 20,
            max_work: 2_000,
            ..ExtractHtml::default()
        };
        for (name, html, codes) in [
            ("a page over the size", "ሰላም".repeat(100), vec!["too_large"]),
            ("too many elements", "<b>க</b>".repeat(20), vec!["too_many_nodes"]),
            ("too much work", format!("{}{}", "<div>".repeat(12), "好".repeat(80)), vec!["too_slow"]),
            ("no words", "<p> </p>".to_owned(), vec!["no_text"]),
            ("a good page", "<p>Habari za asubuhi</p>".to_owned(), vec![]),
        ] {
            assert_eq!(run(&small, "text/html", &html).0, codes, "{name}");
        }
        assert_eq!(run(&ExtractHtml::default(), "text/html", &"<div>".repeat(100_000)).0, ["too_deep"]);
    }

    #[test]
    fn plain_text_passes_as_it_is() {
        for text in ["Καλημέρα <κόσμε>\n\nδύο", "सुप्रभात\nदो", "สวัสดี"]
        {
            assert_eq!(
                run(&ExtractHtml::default(), "text/plain", text),
                (vec![], text.to_owned(), PLAIN_TEXT)
            );
        }
        assert_eq!(run(&ExtractHtml::default(), "text/plain", " \n").0, ["no_text"]);
    }
}
