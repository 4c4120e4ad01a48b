//! The extractor: one parse, one tree, one answer.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::article::{self, Known};
use super::html::{Flags, HTML, Id, Name, Page, Tag, parse};
use super::outline::Outline;
use super::render::{Rendered, render, render_body};
use super::prune::Pruned;
use super::{Caps, Extracted, Extractor, Failure, Input, choose, marks, title};

/// Names in the column `extractor`.
pub const ARTICLE: &str = "article";
/// What is left of a page without furniture.
pub const PAGE: &str = "page";
/// The text of the body, headers and foots too.
pub const BODY_TEXT: &str = "body_text";

/// Score of the blocks of an article. Subtrees are weighed, not blocks, and have no better word for one.
const ARTICLE_SCORE: f32 = 1.0;
/// Score of the blocks of a page without furniture.
const PAGE_SCORE: f32 = 0.75;
/// Score of the blocks of a body, which may hold menus.
const BODY_SCORE: f32 = 0.5;

/// Main text of pages. Its memory is used again from page to page.
#[derive(Debug, Default)]
pub struct MainText {
    scratch: Scratch,
}

#[derive(Debug, Default)]
struct Scratch {
    page: Page<'static>,
    whole: Outline,
    best: Outline,
    work: Outline,
    pruned: Pruned,
}

impl Extractor for MainText {
    fn extract(&mut self, input: Input<'_>, caps: &Caps) -> Result<Extracted, Failure> {
        let scratch = std::mem::take(&mut self.scratch);
        // Nothing outlives a panic here: what was at work is dropped.
        let (scratch, extracted) =
            catch_unwind(AssertUnwindSafe(|| scratch.extract(input, caps))).unwrap_or((None, Err(Failure::Panicked)));
        self.scratch = scratch.unwrap_or_default();
        extracted
    }
}

impl Scratch {
    fn extract(mut self, input: Input<'_>, caps: &Caps) -> (Option<Self>, Result<Extracted, Failure>) {
        let tree = std::mem::take(&mut self.whole.tree);
        let (tree, page) = match parse(input.html, caps, false, tree, std::mem::take(&mut self.page)) {
            Ok(parsed) => parsed,
            Err(failure) => return (Some(self), Err(failure)),
        };
        self.whole.tree = tree;
        self.whole.measure(&page);
        let mut extracted = self.read(&page);
        let mut page = page;
        if page.noscript_bytes > 500 && extracted.text.len() < 500 {
            let t = std::mem::take(&mut self.whole.tree);
            if let Ok((t, p)) = parse(input.html, caps, true, t, page) { self.whole.tree = t; page = p; self.whole.measure(&page); let e2 = self.read(&page); if e2.text.len() > extracted.text.len() { extracted = e2; } } else { page = Page::default(); }
        }
        self.page = page.recycle();
        (Some(self), Ok(extracted))
    }

    fn read(&mut self, page: &Page<'_>) -> Extracted {
        let whole = &self.whole;
        let marks = marks::collect(page, whole);
        let head = title::read(page, &whole.tree);
        let lang = page.attribute(whole.tree.node(HTML), Name::Lang);
        let html_lang = lang.map(str::trim).filter(|lang| !lang.is_empty()).map(str::to_owned);
        let known = Known { title: &head.title, has_author: head.has_author };
        let article = article::find(page, whole, known, &mut self.best, &mut self.work);
        self.pruned.look(page, whole);
        let (extractor, rendered) = match article {
            Some(found)
                if !choose::prefers_page(page, whole, &self.pruned, &found, self.best.link_density(found.root)) =>
            {
                let mut rendered =
                    render(page, &self.best.tree, found.root, ARTICLE_SCORE, |id| is_aside(&self.best, id));
                rendered.trim_end();
                (ARTICLE, rendered)
            }
            _ => {
                let is_out =
                    |id: Id| self.pruned.is_out(id) || whole.tree.tag(id) == Tag::Figcaption;
                (PAGE, render(page, &whole.tree, self.pruned.root, PAGE_SCORE, is_out))
            }
        };
        let (extractor, rendered) =
            if rendered.text.is_empty() { (BODY_TEXT, body_text(page, whole)) } else { (extractor, rendered) };
        let extractor = if rendered.text.is_empty() { "" } else { extractor };
        Extracted {
            extractor,
            title: head.title,
            text: rendered.text,
            html_lang,
            blocks: rendered.blocks,
            marks,
        }
    }
}

/// Shortest line of links that may be part of a text.
const LINK_LINE: u32 = 200;
/// Tenths of a line that stand in links, from which on it is one of links.
const LINK_TENTHS: u32 = 8;

/// Parts of an article that are not its text: captions, and lines that only lead to other pages.
fn is_aside(article: &Outline, id: Id) -> bool {
    let tag = article.tree.tag(id);
    let sums = article.sums(id);
    let is_link = sums.chars > 0 && sums.links >= sums.chars * LINK_TENTHS;
    tag == Tag::Figcaption
        || is_link && (matches!(tag, Tag::P | Tag::Li) && sums.chars < LINK_LINE || tag.is(Flags::HEADING))
        || matches!(tag, Tag::Label | Tag::Fieldset)
}

/// The text of the body without menus and controls.
///
/// A page of nothing but furniture is read again with header, footer and aside: on some hosts the notice stands there.
fn body_text(page: &Page<'_>, whole: &Outline) -> Rendered {
    let tree = &whole.tree;
    let is_hidden = |id: Id| page.attribute(tree.node(id), Name::Hidden).is_some();
    let text = render_body(page, tree, BODY_SCORE, |id| tree.tag(id).is(Flags::FURNITURE) || is_hidden(id));
    if !text.text.is_empty() {
        return text;
    }
    render_body(page, tree, BODY_SCORE, |id| {
        matches!(tree.tag(id), Tag::Nav | Tag::Button | Tag::Search) || is_hidden(id)
    })
}
