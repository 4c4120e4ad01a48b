//! Our own HTML: a tokenizer, the tree building rules that matter for text, and a tree in one vector.
//!
//! html5ever builds exactly the browser's tree, at some 140 MB/s on one core; four fifths of what ten times
//! Trafilatura's speed allows. Here text is a span of the page unless it holds a character reference, names are
//! numbers, only attributes that somebody reads are kept, and three things of the standard are left out because text
//! does not need them: formatting elements are not opened again in the next paragraph, misnested ones are closed
//! without being cloned, and drawings are passed over. So a page has no more nodes than it has tags and runs of
//! text, and the work it makes is known while it is made: see [`parse`].

mod attributes;
mod entities;
mod open;
mod parse;
mod scan;
mod tag;
mod tree;

pub use attributes::{Attribute, Name};
pub use parse::parse;
pub use tag::{Flags, TAGS, Tag};
pub use tree::{BODY, Descend, Event, HEAD, HTML, Id, Node, Page, Span, Tree};
