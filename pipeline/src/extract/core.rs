//! The extractor: one parse, one tree, one answer.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::article::{self, Known, SURE_CHARS};
use super::html::{Flags, HTML, Id, Name, Page, Tree, parse};
use super::outline::Outline;
use super::render::{Rendered, render, render_body};
use super::{Caps, Extracted, Extractor, Failure, Input, marks, title};

/// Names in the column `extractor`.
pub const ARTICLE: &str = "article";
/// The text of the body without its furniture.
pub const BODY_TEXT: &str = "body_text";

/// Score of the blocks of an article. Subtrees are weighed, not blocks, and have no better word for one.
const ARTICLE_SCORE: f32 = 1.0;
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
        let (tree, page) = match parse(input.html, caps, tree, std::mem::take(&mut self.page)) {
            Ok(parsed) => parsed,
            Err(failure) => return (Some(self), Err(failure)),
        };
        self.whole.tree = tree;
        self.whole.measure(&page);
        let extracted = self.read(&page);
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
        let article = article.map(|id| {
            let rendered = render(page, &self.best.tree, id, ARTICLE_SCORE, |_| false);
            (self.best.sums(id).chars, rendered)
        });
        if let Ok(v) = std::env::var("VIEW") {
            let mut pr = super::prune::Pruned::default();
            pr.look(page, whole);
            let b = render(page, &whole.tree, pr.root, 1.0, |id| pr.is_out(id));
            let text = if v == "b" { b.text } else { article.map(|a| a.1.text).unwrap_or_default() };
            return Extracted { text, ..Default::default() };
        }
        let (extractor, rendered) = match article {
            Some((chars, rendered)) if chars >= SURE_CHARS => (ARTICLE, rendered),
            article => {
                let body = body_text(page, whole);
                match article {
                    // A page of links, or of menus that no name gives away.
                    Some((_, rendered)) if body.text.len() > 2 * rendered.text.len() => (ARTICLE, rendered),
                    _ => (BODY_TEXT, body),
                }
            }
        };
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
    use super::html::Tag;
    render_body(page, tree, BODY_SCORE, |id| {
        matches!(tree.tag(id), Tag::Nav | Tag::Button | Tag::Search) || is_hidden(id)
    })
}

#[allow(unused)]
fn unused(_: &Tree) {}
