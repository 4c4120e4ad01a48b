//! The tree of a page: nodes in one vector, linked by their places in it.

use super::attributes::{Attribute, Name};
use super::tag::{Flags, Tag};

/// The place of a node in its tree.
pub type Id = u32;

/// No node.
const NO: Id = Id::MAX;

/// The root, `html`.
pub const HTML: Id = 0;
/// The head, empty if the page has none.
pub const HEAD: Id = 1;
/// The body, empty if the page has none.
pub const BODY: Id = 2;

/// A stretch of the page, or of the text that character references made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Span {
    pub(super) start: u32,
    pub(super) len: u32,
}

/// Set in [`Span::start`] for a stretch of [`Page::decoded`].
pub(super) const DECODED: u32 = 1 << 31;

/// An element or a run of text.
#[derive(Debug, Clone, Copy)]
pub struct Node {
    /// Its name, or [`Tag::Text`].
    pub tag: Tag,
    parent: Id,
    previous: Id,
    next: Id,
    first: Id,
    last: Id,
    /// Of a run of text: where it stands. Of an element: its attributes in [`Page::attributes`].
    span: Span,
}

/// What the nodes of a page point to.
#[derive(Debug, Default)]
pub struct Page<'h> {
    pub(super) html: &'h str,
    pub(super) decoded: String,
    pub(super) attributes: Vec<Attribute>,
    /// Bytes in the body that are meant for browsers without scripts, and were passed over.
    pub noscript_bytes: usize,
}

/// The nodes of a page. A copy is cheap: it is one block of memory.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    nodes: Vec<Node>,
}

/// What [`Tree::walk`] passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// A node, before its children.
    Enter(Id),
    /// An element, after its children.
    Leave(Id),
}

/// Whether to look at a node's children; the answer to [`Event::Leave`] has no meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Descend {
    /// Look at them.
    Into,
    /// Pass them over; the node is not left either.
    Over,
}

fn some(id: Id) -> Option<Id> {
    (id != NO).then_some(id)
}

impl Page<'_> {
    /// Its memory for another page.
    pub fn recycle(self) -> Page<'static> {
        Page { html: "", decoded: self.decoded, attributes: self.attributes, noscript_bytes: 0 }
    }

    /// The page as it came, markup and all.
    pub fn source(&self) -> &str {
        self.html
    }

    /// The text of a span.
    pub fn str(&self, span: Span) -> &str {
        if span.start & DECODED == 0 {
            &self.html[span.start as usize..(span.start + span.len) as usize]
        } else {
            let start = (span.start & !DECODED) as usize;
            &self.decoded[start..start + span.len as usize]
        }
    }

    /// The text of a node that is a run of text; else nothing.
    pub fn text(&self, node: &Node) -> &str {
        if node.tag == Tag::Text { self.str(node.span) } else { "" }
    }

    /// The kept attributes of an element, in the order of the page.
    pub fn attributes(&self, node: &Node) -> &[Attribute] {
        if node.tag == Tag::Text {
            return &[];
        }
        &self.attributes[node.span.start as usize..(node.span.start + node.span.len) as usize]
    }

    /// An attribute of an element. Of two with one name the first counts.
    pub fn attribute(&self, node: &Node, name: Name) -> Option<&str> {
        let found = self.attributes(node).iter().find(|attribute| attribute.name == name)?;
        Some(self.str(found.value))
    }
}

impl Tree {
    /// A page's three elements that are always there, in `nodes`' memory.
    pub(super) fn start(mut self) -> Self {
        self.nodes.clear();
        for tag in [Tag::Html, Tag::Head, Tag::Body] {
            self.add(tag, Span::default());
        }
        self.append(HTML, HEAD);
        self.append(HTML, BODY);
        self
    }

    /// Copies `other` into this one's memory.
    pub fn copy_from(&mut self, other: &Self) {
        self.nodes.clone_from(&other.nodes);
    }

    /// How many nodes were ever made.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there is nothing, not even a root.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// A node.
    pub fn node(&self, id: Id) -> &Node {
        &self.nodes[id as usize]
    }

    /// A node's name.
    pub fn tag(&self, id: Id) -> Tag {
        self.node(id).tag
    }

    /// Gives an element another name.
    pub fn set_tag(&mut self, id: Id, tag: Tag) {
        self.nodes[id as usize].tag = tag;
    }

    pub(super) fn set_span(&mut self, id: Id, span: Span) {
        self.nodes[id as usize].span = span;
    }

    pub(super) fn span(&self, id: Id) -> Span {
        self.node(id).span
    }

    /// All nodes ever made, in the order in which they were.
    pub fn ids(&self) -> impl Iterator<Item = Id> + use<> {
        0..self.nodes.len() as Id
    }

    /// All text in a node, as it stands on the page, but for scripts and the like.
    pub fn text(&self, page: &Page<'_>, id: Id) -> String {
        let mut text = page.text(self.node(id)).to_owned();
        self.walk(id, |event| {
            if let Event::Enter(id) = event {
                if self.tag(id).is(Flags::HIDDEN) {
                    return Descend::Over;
                }
                text.push_str(page.text(self.node(id)));
            }
            Descend::Into
        });
        text
    }

    /// The element around a node.
    pub fn parent(&self, id: Id) -> Option<Id> {
        some(self.node(id).parent)
    }

    /// The node after it in the same element.
    pub fn next(&self, id: Id) -> Option<Id> {
        some(self.node(id).next)
    }

    /// The node before it in the same element.
    pub fn previous(&self, id: Id) -> Option<Id> {
        some(self.node(id).previous)
    }

    /// The first node in it.
    pub fn first(&self, id: Id) -> Option<Id> {
        some(self.node(id).first)
    }

    /// The last node in it.
    pub fn last(&self, id: Id) -> Option<Id> {
        some(self.node(id).last)
    }

    /// The nodes in it, not those in them.
    pub fn children(&self, id: Id) -> impl Iterator<Item = Id> + '_ {
        std::iter::successors(self.first(id), |child| self.next(*child))
    }

    /// The elements in it, not those in them.
    pub fn element_children(&self, id: Id) -> impl Iterator<Item = Id> + '_ {
        self.children(id).filter(|child| self.tag(*child) != Tag::Text)
    }

    /// The elements around it, the innermost first.
    pub fn ancestors(&self, id: Id) -> impl Iterator<Item = Id> + '_ {
        std::iter::successors(self.parent(id), |parent| self.parent(*parent))
    }

    /// The next element of the page, not below `id` if `over`.
    pub fn next_element(&self, id: Id, over: bool) -> Option<Id> {
        if !over && let Some(child) = self.element_children(id).next() {
            return Some(child);
        }
        let mut node = id;
        loop {
            let mut sibling = self.next(node);
            while let Some(next) = sibling {
                if self.tag(next) != Tag::Text {
                    return Some(next);
                }
                sibling = self.next(next);
            }
            node = self.parent(node)?;
        }
    }

    /// A new node that stands nowhere yet.
    pub fn add(&mut self, tag: Tag, span: Span) -> Id {
        self.nodes.push(Node { tag, parent: NO, previous: NO, next: NO, first: NO, last: NO, span });
        self.nodes.len() as Id - 1
    }

    /// Puts a node that stands nowhere at the end of an element.
    pub fn append(&mut self, parent: Id, id: Id) {
        let last = self.nodes[parent as usize].last;
        let node = &mut self.nodes[id as usize];
        (node.parent, node.previous, node.next) = (parent, last, NO);
        if last == NO {
            self.nodes[parent as usize].first = id;
        } else {
            self.nodes[last as usize].next = id;
        }
        self.nodes[parent as usize].last = id;
    }

    /// Puts a node that stands nowhere before another one, which stands somewhere.
    pub fn insert_before(&mut self, place: Id, id: Id) {
        let (parent, previous) = (self.nodes[place as usize].parent, self.nodes[place as usize].previous);
        let node = &mut self.nodes[id as usize];
        (node.parent, node.previous, node.next) = (parent, previous, place);
        if previous != NO {
            self.nodes[previous as usize].next = id;
        } else if parent != NO {
            self.nodes[parent as usize].first = id;
        }
        self.nodes[place as usize].previous = id;
    }

    /// Takes a node, and what is in it, out of its element.
    pub fn detach(&mut self, id: Id) {
        let Node { parent, previous, next, .. } = self.nodes[id as usize];
        if previous != NO {
            self.nodes[previous as usize].next = next;
        } else if parent != NO {
            self.nodes[parent as usize].first = next;
        }
        if next != NO {
            self.nodes[next as usize].previous = previous;
        } else if parent != NO {
            self.nodes[parent as usize].last = previous;
        }
        let node = &mut self.nodes[id as usize];
        (node.parent, node.previous, node.next) = (NO, NO, NO);
    }

    /// Passes all nodes below `root` in document order, without recursion.
    pub fn walk(&self, root: Id, mut visit: impl FnMut(Event) -> Descend) {
        let Some(mut node) = self.first(root) else { return };
        loop {
            if visit(Event::Enter(node)) == Descend::Into && self.tag(node) != Tag::Text {
                if let Some(child) = self.first(node) {
                    node = child;
                    continue;
                }
                visit(Event::Leave(node));
            }
            loop {
                if let Some(next) = self.next(node) {
                    node = next;
                    break;
                }
                let Some(parent) = self.parent(node).filter(|parent| *parent != root) else { return };
                node = parent;
                visit(Event::Leave(node));
            }
        }
    }
}
