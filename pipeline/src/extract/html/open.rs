//! The elements that are open while a page is read, and which of them a tag closes.
//!
//! The HTML standard's stack of open elements, without `html` and `body`, which are always open, and without its list of
//! active formatting elements: text is the same whether it is bold or not. Every search ends at the first barrier that
//! the standard names for it.

use super::tag::{Flags, TAGS, Tag};
use super::tree::Id;

#[derive(Clone, Copy)]
struct Open {
    id: Id,
    tag: Tag,
    /// Of an element without a tag: a digest of its name.
    name: u32,
}

/// A digest of a name, in any case (32-bit FNV-1a).
fn digest(name: &[u8]) -> u32 {
    name.iter().fold(0x811C_9DC5, |digest, byte| {
        (digest ^ u32::from(byte.to_ascii_lowercase())).wrapping_mul(0x0100_0193)
    })
}

fn is_scope(tag: Tag) -> bool {
    tag.is(Flags::SCOPE)
}

pub(super) struct OpenElements {
    /// The outermost first.
    open: Vec<Open>,
    /// How many of each are open.
    counts: [u16; TAGS],
}

impl Default for OpenElements {
    fn default() -> Self {
        Self { open: Vec::new(), counts: [0; TAGS] }
    }
}

impl OpenElements {
    pub(super) fn len(&self) -> usize {
        self.open.len()
    }

    pub(super) fn innermost(&self) -> Option<Id> {
        self.open.last().map(|open| open.id)
    }

    pub(super) fn innermost_table(&self) -> Option<Id> {
        self.open.iter().rfind(|open| open.tag == Tag::Table).map(|open| open.id)
    }

    /// The tag of the innermost element.
    pub(super) fn current(&self) -> Tag {
        self.open.last().map_or(Tag::Body, |open| open.tag)
    }

    /// Whether what comes next stands in a table, but in no cell of it.
    pub(super) fn is_between_cells(&self) -> bool {
        matches!(self.current(), Tag::Table | Tag::Tbody | Tag::Thead | Tag::Tfoot | Tag::Tr)
    }

    pub(super) fn has(&self, tag: Tag) -> bool {
        self.counts[tag as usize] > 0
    }

    pub(super) fn push(&mut self, id: Id, tag: Tag, name: &[u8]) {
        let name = if tag == Tag::Other { digest(name) } else { 0 };
        self.open.push(Open { id, tag, name });
        self.counts[tag as usize] += 1;
    }

    /// Closes the open elements from the place `at` on.
    fn close_from(&mut self, at: usize) {
        for open in self.open.drain(at..) {
            self.counts[open.tag as usize] -= 1;
        }
    }

    pub(super) fn close_innermost(&mut self) {
        self.close_from(self.open.len().saturating_sub(1));
    }

    /// The place of the innermost open element that is `wanted`, unless a `barrier` is met before.
    fn find(&self, wanted: impl Fn(Tag) -> bool, barrier: impl Fn(Tag) -> bool) -> Option<usize> {
        for (at, open) in self.open.iter().enumerate().rev() {
            if wanted(open.tag) {
                return Some(at);
            }
            if barrier(open.tag) {
                return None;
            }
        }
        None
    }

    fn find_p(&self) -> Option<usize> {
        self.find(|open| open == Tag::P, |open| is_scope(open) || open == Tag::Button)
    }

    /// Closes the paragraph that a block ends.
    pub(super) fn close_p(&mut self) {
        if let Some(at) = self.find_p() {
            self.close_from(at);
        }
    }

    /// Closes the sibling before a list item.
    pub(super) fn close_item(&mut self, siblings: &[Tag]) {
        if !siblings.iter().any(|tag| self.has(*tag)) {
            return;
        }
        let barrier = |tag: Tag| tag.is(Flags::SPECIAL) && !matches!(tag, Tag::Address | Tag::Div | Tag::P);
        if let Some(at) = self.find(|tag| siblings.contains(&tag), barrier) {
            self.close_from(at);
        }
    }

    /// Closes cells and rows until a part of a table has its place; false if there is no table.
    pub(super) fn close_cells(&mut self, tag: Tag) -> bool {
        let parents: &[Tag] = match tag {
            Tag::Td | Tag::Th => &[Tag::Tr, Tag::Tbody, Tag::Thead, Tag::Tfoot, Tag::Table],
            Tag::Tr => &[Tag::Tbody, Tag::Thead, Tag::Tfoot, Tag::Table],
            _ => &[Tag::Table],
        };
        let parent = self.find(|open| parents.contains(&open), |open| open == Tag::Table);
        if let Some(at) = parent {
            self.close_from(at + 1);
        }
        parent.is_some()
    }

    /// Closes a formatting element or a form; blocks that were opened in it stay open.
    pub(super) fn close_formatting(&mut self, tag: Tag) {
        if !self.has(tag) {
            return;
        }
        let Some(at) = self.find(|open| open == tag, is_scope) else { return };
        if self.open[at + 1..].iter().any(|open| open.tag.is(Flags::SPECIAL)) {
            let closed = self.open.remove(at);
            self.counts[closed.tag as usize] -= 1;
        } else {
            self.close_from(at);
        }
    }

    /// Closes what an end tag closes.
    pub(super) fn close(&mut self, tag: Tag) {
        let at = match tag {
            Tag::P => self.find_p(),
            Tag::Li => {
                self.find(|open| open == tag, |open| is_scope(open) || matches!(open, Tag::Ul | Tag::Ol))
            }
            Tag::Td
            | Tag::Th
            | Tag::Tr
            | Tag::Tbody
            | Tag::Thead
            | Tag::Tfoot
            | Tag::Table
            | Tag::Caption => self.find(|open| open == tag, |open| open == Tag::Table),
            Tag::Form => return self.close_formatting(tag),
            _ if tag.is(Flags::FORMATTING) => return self.close_formatting(tag),
            _ if tag.is(Flags::HEADING) => self.find(|open| open.is(Flags::HEADING), is_scope),
            _ if tag.is(Flags::SPECIAL) => self.find(|open| open == tag, is_scope),
            _ => self.find(|open| open == tag, |open| open.is(Flags::SPECIAL)),
        };
        if let Some(at) = at {
            self.close_from(at);
        }
    }

    /// Closes the innermost element of a name without a tag, unless a special one is met before. `own` gives the name
    /// of an element without a tag.
    pub(super) fn close_other<'p>(&mut self, name: &[u8], own: impl Fn(Id) -> Option<&'p str>) {
        let wanted = digest(name);
        for (at, open) in self.open.iter().enumerate().rev() {
            if open.tag.is(Flags::SPECIAL) {
                return;
            }
            if open.tag == Tag::Other
                && open.name == wanted
                && own(open.id).is_some_and(|own| own.as_bytes().eq_ignore_ascii_case(name))
            {
                self.close_from(at);
                return;
            }
        }
    }
}
