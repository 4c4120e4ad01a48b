//! Which of two views is the text of a page: the article that Readability finds, or the page less its furniture.
//!
//! On a page of news the article is right, and the rest are teasers of other articles. On a page of products, answers
//! or services the article is one item or one section of many, and what is left of the whole page is right. What
//! decides is how much the article leaves out that is neither a menu nor a teaser, whether it has siblings of its kind,
//! and whether the page itself says where its main part is. Numbers were tuned on the four gold sets named in
//! benches/RESULTS.md, all languages together.

use std::ops::RangeInclusive;

use super::article::{Article, SURE_CHARS};
use super::html::{BODY, Descend, Event, Id, Name, Page, Tag};
use super::outline::Outline;
use super::prune::Pruned;

/// An article with fewer characters than this is no more than a line.
const LINE_CHARS: u32 = 140;
/// An article with fewer characters than this on a long page is an introduction.
const INTRODUCTION_CHARS: u32 = 300;
/// Its share of the page, below which it is one.
const INTRODUCTION_SHARE: f32 = 0.1;
/// Share of the page's own main part, teasers left out, below which the article is a section of it.
const SECTION_SHARE: f32 = 0.6;
/// The same where the page does not say what its main part is.
const PIECE_SHARE: f32 = 0.2;
/// Text in the article's siblings of its kind, measured in articles, from which on it is one of many.
const REPETITION: f32 = 0.5;
/// Share of the page, below which one of many is not enough.
const ITEM_SHARE: f32 = 0.5;
/// Share of links from which on an article is a menu.
const MENU_DENSITY: f32 = 0.5;
/// Share of a menu that must be left of the page to be better than it.
const MENU_SHARE: f32 = 0.3;

/// What is left of the page, measured in articles, where both views are of one text.
const AGREEMENT: RangeInclusive<f32> = 0.4..=2.0;
/// Share of links from which on a short article has a menu in it.
const SHORT_MENU_DENSITY: f32 = 0.2;
/// Share of a short article that must be left of the page to be better than it.
const SHORT_MENU_SHARE: f32 = 0.2;

/// Whether what is left of the page is a better text than the article.
pub(super) fn prefers_page(
    page: &Page<'_>,
    whole: &Outline,
    pruned: &Pruned,
    article: &Article,
    density: f32,
) -> bool {
    let (own, left) = (article.chars as f32, pruned.chars() as f32);
    if left == 0.0 {
        // A line of a menu is no text.
        return article.chars < LINE_CHARS;
    }
    if article.chars < LINE_CHARS
        || article.chars < INTRODUCTION_CHARS && own < INTRODUCTION_SHARE * left
        || density > MENU_DENSITY && left > MENU_SHARE * own
    {
        return true;
    }
    // Readability is not sure of a short article, and may have let menus in. What is left of the page has the lines
    // around it, and no menu.
    if article.chars < SURE_CHARS {
        let agrees = AGREEMENT.contains(&(left / own));
        if agrees || density > SHORT_MENU_DENSITY && left > SHORT_MENU_SHARE * own {
            return true;
        }
    }
    // The rest needs a look at the page, which is only worth it where much was left out.
    if own >= SECTION_SHARE * left {
        return false;
    }
    if own < ITEM_SHARE * left && repetition(page, whole, pruned, article.top) > REPETITION {
        return true;
    }
    let share = if pruned.root == BODY { PIECE_SHARE } else { SECTION_SHARE };
    own < share * (left - teaser_chars(whole, pruned) as f32)
}

fn class<'p>(page: &'p Page<'_>, whole: &Outline, id: Id) -> &'p str {
    page.attribute(whole.tree.node(id), Name::Class).unwrap_or_default()
}

/// Characters that stand in teasers: three or more siblings, each a few lines with a headline that is a link.
fn teaser_chars(whole: &Outline, pruned: &Pruned) -> u32 {
    let tree = &whole.tree;
    let is_teaser = |id: Id| {
        let sums = whole.sums(id);
        (20..800).contains(&sums.chars)
            && sums.anchors > 0
            && sums.links >= 150
            && sums.links * 2 >= sums.chars
            && tree.tag(id) != Tag::P
            && !pruned.is_out(id)
    };
    let mut chars = 0;
    tree.walk(pruned.root, |event| {
        let Event::Enter(id) = event else { return Descend::Into };
        if tree.tag(id) == Tag::Text || pruned.is_out(id) {
            return Descend::Over;
        }
        let teasers = tree.element_children(id).filter(|child| is_teaser(*child));
        let (count, sum) =
            teasers.fold((0, 0), |(count, sum), child| (count + 1, sum + pruned.chars_in(child)));
        if count < 3 {
            return Descend::Into;
        }
        chars += sum;
        Descend::Over
    });
    chars
}

/// How much plain text stands in the siblings that look like an element, or like one around it, measured in its own.
fn repetition(page: &Page<'_>, whole: &Outline, pruned: &Pruned, id: Id) -> f32 {
    let tree = &whole.tree;
    if id as usize >= tree.len() {
        // Made around the whole body.
        return 0.0;
    }
    let plain = |id: Id| {
        let sums = whole.sums(id);
        let plain = sums.chars as f32 - sums.links as f32 / 10.0;
        if plain * 2.0 < sums.chars as f32 { 0.0 } else { plain }
    };
    let least = plain(id).max(1.0);
    let mut most: f32 = 0.0;
    for around in std::iter::once(id).chain(tree.ancestors(id)).take_while(|id| *id > BODY) {
        let own = (tree.tag(around), class(page, whole, around));
        let Some(parent) = tree.parent(around) else { break };
        if own.1.is_empty() && !matches!(own.0, Tag::Article | Tag::Li) {
            continue;
        }
        let others: f32 = tree
            .element_children(parent)
            .filter(|sibling| *sibling != around && !pruned.is_out(*sibling))
            .filter(|sibling| (tree.tag(*sibling), class(page, whole, *sibling)) == own)
            .map(plain)
            .sum();
        most = most.max(others / plain(around).max(least));
    }
    most
}
