//! The extractor: one parse, one tree, one answer.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::article::{self, Article, Known};
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

/// Bytes of text for browsers without scripts that are worth a second look, where the page has less text without them:
/// many forums are empty until their scripts ran.
const NOSCRIPT_BYTES: usize = 500;

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
        if page.noscript_bytes > NOSCRIPT_BYTES && extracted.text.len() < NOSCRIPT_BYTES {
            let tree = std::mem::take(&mut self.whole.tree);
            // The caps held without it, and what is in `noscript` may still pass them: then the first look stands.
            let Ok((tree, again)) = parse(input.html, caps, true, tree, page) else {
                return (Some(self), Ok(extracted));
            };
            (self.whole.tree, page) = (tree, again);
            self.whole.measure(&page);
            let second = self.read(&page);
            if second.text.len() > extracted.text.len() {
                extracted = second;
            }
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
        self.pruned.look(whole);
        let is_article = |found: &Article| {
            let density = self.best.link_density(found.root);
            !choose::prefers_page(page, whole, &self.pruned, found, density)
        };
        let (extractor, rendered) = if let Some(found) = article.filter(is_article) {
            let is_out = |id: Id| is_beside_article(&self.best, id, found.chars);
            let mut rendered = render(page, &self.best.tree, found.root, ARTICLE_SCORE, is_out);
            rendered.trim_end();
            (ARTICLE, rendered)
        } else {
            let all = self.pruned.chars();
            let is_out = |id: Id| self.pruned.is_out(id) || is_beside(whole, id, all);
            (PAGE, render(page, &whole.tree, self.pruned.root, PAGE_SCORE, is_out))
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
/// Tenths of a text from which on a part of it is no aside, whatever its name.
const ASIDE_TENTHS: u32 = 3;

/// Captions, and boxes about other things than the text of `chars` characters that they stand in.
fn is_beside(outline: &Outline, id: Id, chars: u32) -> bool {
    outline.tree.tag(id) == Tag::Figcaption
        || outline.words(id).is_aside() && outline.sums(id).chars * 10 < chars * ASIDE_TENTHS
}

/// The same in an article, where lines that only lead to other pages are not text either.
fn is_beside_article(article: &Outline, id: Id, chars: u32) -> bool {
    let tag = article.tree.tag(id);
    let sums = article.sums(id);
    let is_link = sums.chars > 0 && sums.links >= sums.chars * LINK_TENTHS;
    is_beside(article, id, chars)
        || article.words(id).leads_on() && sums.chars * 10 < chars * ASIDE_TENTHS
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
