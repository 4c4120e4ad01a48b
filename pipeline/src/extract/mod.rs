//! From a page to its main text.
//!
//! An [`Extractor`] gets a whole decoded page and gives text with paragraph breaks, a title, the page's `lang`, the
//! blocks of the text and the marks about rights. [`MainText`] is ours. The way of a page:
//!
//! | file | what it does |
//! |---|---|
//! | [`html`] | tokenizer and tree, within [`Caps`] |
//! | `outline`, `words` | sums of every element (characters, links, commas, paragraphs), and what its names say |
//! | `marks`, `title` | rights and title |
//! | `article`, `article_clean` | the first view: the element that Readability finds |
//! | `prune` | the second view: the page less its furniture |
//! | `choose` | which of them is the text |
//! | `render`, `chars` | the text and its blocks |
//!
//! Pages come from strangers, so nothing here may take unbounded time, memory or stack. There is no clock: a time limit
//! would give another corpus on a slow machine. [`Caps::max_work`] counts what the parser and the views will have to do
//! instead, and the same page always gets the same answer.

mod article;
mod article_clean;
mod chars;
mod choose;

pub mod html;
mod main_text;
pub(crate) mod marks;
mod outline;
mod prune;
mod render;
mod title;
mod words;

use crate::document::{Block, Mark};

pub use main_text::{ARTICLE, BODY_TEXT, MainText, PAGE};
pub use render::blocks_of_plain_text;

/// `text` with runs of white space as one space and none at the ends.
pub(crate) fn squeeze(text: &str) -> String {
    let mut squeezed = String::with_capacity(text.len());
    for stretch in chars::stretches(text) {
        if !squeezed.is_empty() {
            squeezed.push(' ');
        }
        squeezed.push_str(stretch);
    }
    squeezed
}

/// A page as an extractor sees it.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// The decoded page.
    pub html: &'a str,
    /// Where it was; extractors may resolve links against it.
    pub url: &'a str,
}

/// What an extractor found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Extracted {
    /// Which extractor made `text`; empty if nobody found any.
    pub extractor: &'static str,
    /// Title of the page.
    pub title: String,
    /// Main text, paragraphs separated by newlines.
    pub text: String,
    /// `lang` attribute of the page, as written.
    pub html_lang: Option<String>,
    /// Blocks of `text`, in order, without overlap.
    pub blocks: Vec<Block>,
    /// Marks about rights on the whole page, in document order.
    pub marks: Vec<Mark>,
}

/// How much a page may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caps {
    /// Most elements inside one another.
    pub max_depth: u32,
    /// Most nodes of the tree: elements, runs of text, comments.
    pub max_nodes: u64,
    /// Most work: bytes of the page, each times the depth at which it stands.
    pub max_work: u64,
}

/// Why a page has no extracted text. The numbers are for the reason's detail.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Elements nest deeper than the cap.
    #[error("depth>={depth} max_depth={max_depth}")]
    TooDeep {
        /// How deep, as far as it was followed.
        depth: u32,
        /// The cap.
        max_depth: u32,
    },
    /// More nodes than the cap.
    #[error("{what}>={count} max={max}")]
    TooManyNodes {
        /// `nodes`.
        what: &'static str,
        /// How many, as far as they were counted.
        count: u64,
        /// The cap.
        max: u64,
    },
    /// More work than the cap.
    #[error("work>={work} max_work={max_work}")]
    TooSlow {
        /// How much, as far as it was added up.
        work: u64,
        /// The cap.
        max_work: u64,
    },
    /// The extractor panicked.
    #[error("the extractor panicked")]
    Panicked,
}

impl Failure {
    /// The word in `reasons`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooDeep { .. } => "too_deep",
            Self::TooManyNodes { .. } => "too_many_nodes",
            Self::TooSlow { .. } => "too_slow",
            Self::Panicked => "extractor_failed",
        }
    }
}

/// Finds the main text of a page.
pub trait Extractor: Send {
    /// Looks at one page. A page without text is an [`Extracted`] with an empty text, not a failure.
    fn extract(&mut self, input: Input<'_>, caps: &Caps) -> Result<Extracted, Failure>;
}
