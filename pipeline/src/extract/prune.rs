//! The second view of a page: all of it, less what is furniture by its name, its place or its links.
//!
//! Readability looks for one element full of paragraphs. A page of products, answers or addresses has none, and there
//! its answer is one item, or nothing. Here nothing is looked for: menus, foots, boxes beside the text and blocks of
//! links are passed over, and what is left is the text.

use super::html::{BODY, Descend, Event, Flags, Id, Tag};
use super::outline::Outline;

/// Share of a block's text in links from which on it is a menu.
const MENU_DENSITY: f32 = 0.6;
/// Links in a menu are shorter than this on average, in characters; headlines are longer.
const MENU_LINK: f32 = 40.0;

/// What is left of a page.
#[derive(Debug, Default)]
pub(super) struct Pruned {
    /// Passed over, by node.
    is_out: Vec<bool>,
    /// Characters that are left in each element.
    chars: Vec<u32>,
    /// The element that holds what is left.
    pub(super) root: Id,
}

impl Pruned {
    /// Looks at a whole page. `self` lends its memory.
    pub(super) fn look(&mut self, whole: &Outline) {
        let tree = &whole.tree;
        self.is_out.clear();
        self.is_out.resize(tree.len(), false);
        self.chars.clear();
        self.chars.resize(tree.len(), 0);
        self.root = BODY;
        let body = whole.sums(BODY);
        let all_plain = body.chars.saturating_sub(body.links / 10);
        tree.walk(BODY, |event| {
            if let Event::Enter(id) = event {
                let tag = tree.tag(id);
                if tag == Tag::Text {
                    return Descend::Over;
                }
                if tag.is(Flags::HIDDEN) || is_furniture(whole, id, all_plain) {
                    self.is_out[id as usize] = true;
                    return Descend::Over;
                }
            }
            Descend::Into
        });
        for id in (BODY + 1..tree.len() as Id).rev() {
            if self.is_out[id as usize] {
                continue;
            }
            if tree.tag(id) == Tag::Text {
                self.chars[id as usize] = whole.sums(id).chars;
            }
            if let Some(parent) = tree.parent(id) {
                self.chars[parent as usize] += self.chars[id as usize];
            }
        }
        let all = self.chars[BODY as usize];
        // The page's own word for its main part, if it holds most of what is left.
        let main = tree.ids().filter(|id| {
            let is_main = tree.tag(*id) == Tag::Main || whole.words(*id).is_main();
            is_main && self.chars[*id as usize] * 2 > all
        });
        if let Some(main) = main.last() {
            self.root = main;
        }
    }

    /// Whether an element is passed over.
    pub(super) fn is_out(&self, id: Id) -> bool {
        self.is_out[id as usize]
    }

    /// Characters that are left in an element.
    pub(super) fn chars_in(&self, id: Id) -> u32 {
        self.chars[id as usize]
    }

    /// Characters that are left below the root.
    pub(super) fn chars(&self) -> u32 {
        self.chars[self.root as usize]
    }
}

fn is_furniture(whole: &Outline, id: Id, all_plain: u32) -> bool {
    let tree = &whole.tree;
    let tag = tree.tag(id);
    let sums = whole.sums(id);
    let words = whole.words(id);
    if words.is_hidden() || words.is_dialog() || words.has_unlikely_role() {
        return true;
    }
    match tag {
        Tag::Nav | Tag::Aside | Tag::Button | Tag::Search => return true,
        Tag::Footer | Tag::Header => {
            // In a section they are its own; only headings and prose of theirs count.
            let is_of_page = !tree
                .ancestors(id)
                .any(|around| matches!(tree.tag(around), Tag::Article | Tag::Main | Tag::Section));
            if is_of_page || tag == Tag::Footer {
                return true;
            }
        }
        // Whole pages stand in a form on some servers.
        Tag::Form | Tag::Fieldset => return sums.paragraphs == 0 && sums.chars < 500,
        _ => {}
    }
    // On a page of answers the comments are the page.
    let plain = sums.chars.saturating_sub(sums.links / 10);
    if (tag != Tag::A && words.is_unlikely() || words.is_share()) && plain * 5 < all_plain * 2 {
        return true;
    }
    let is_block = tag.is(Flags::PARAGRAPH) && !tag.is(Flags::HEADING) || tag.is(Flags::LINE);
    if is_block && sums.chars > 0 {
        let density = whole.link_density(id);
        if density > MENU_DENSITY {
            let links = sums.anchors.max(1) as f32;
            return sums.links as f32 / 10.0 / links < MENU_LINK;
        }
    }
    false
}
