//! Walking a parsed page without recursion.

use dom_query::{Document, Element, NodeData, NodeRef};

use super::{Caps, Failure};

/// Checks the tree itself against `caps`.
pub fn measure(document: &Document, caps: &Caps) -> Result<(), Failure> {
    let nodes = document.tree.len() as u64;
    if nodes > caps.max_nodes {
        return Err(Failure::TooManyNodes { what: "nodes", count: nodes, max: caps.max_nodes });
    }
    let mut deepest = 0;
    walk(&document.root(), |event| {
        if let Event::Enter(_, depth) = event {
            deepest = deepest.max(depth);
        }
        Descend::Into
    });
    if deepest > caps.max_depth {
        return Err(Failure::TooDeep { depth: deepest, max_depth: caps.max_depth });
    }
    Ok(())
}

/// What [`walk`] passes.
pub enum Event<'a, 'd> {
    /// A node, before its children, and its depth below the root of the walk.
    Enter(&'a NodeRef<'d>, u32),
    /// The same node, after its children.
    Leave(&'a NodeRef<'d>),
}

/// Whether to look at a node's children; the answer to [`Event::Leave`] has no meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Descend {
    /// Look at them.
    Into,
    /// Pass them over.
    Over,
}

/// Passes all nodes below `root` in document order, without recursion and without allocation.
pub fn walk<'d>(root: &NodeRef<'d>, mut visit: impl FnMut(Event<'_, 'd>) -> Descend) {
    let Some(mut node) = root.first_child() else { return };
    let mut depth = 1;
    loop {
        if visit(Event::Enter(&node, depth)) == Descend::Into
            && let Some(child) = node.first_child()
        {
            node = child;
            depth += 1;
            continue;
        }
        loop {
            visit(Event::Leave(&node));
            if let Some(next) = node.next_sibling() {
                node = next;
                break;
            }
            depth -= 1;
            if depth == 0 {
                return;
            }
            let Some(parent) = node.parent() else { return };
            node = parent;
        }
    }
}

/// What `read` makes of the element, if the node is one.
pub fn element<T>(node: &NodeRef<'_>, read: impl FnOnce(&Element) -> T) -> Option<T> {
    node.query(|inner| match &inner.data {
        NodeData::Element(element) => Some(read(element)),
        _ => None,
    })
    .flatten()
}

/// What `read` makes of the text, if the node is a run of text.
pub fn text<T>(node: &NodeRef<'_>, read: impl FnOnce(&str) -> T) -> Option<T> {
    node.query(|inner| match &inner.data {
        NodeData::Text { contents } => Some(read(contents)),
        _ => None,
    })
    .flatten()
}

/// The local name of an element; empty for other nodes.
pub fn name(node: &NodeRef<'_>) -> String {
    element(node, |e| e.name.local.to_string()).unwrap_or_default()
}

/// An attribute of an element.
pub fn attribute<'e>(element: &'e Element, name: &str) -> Option<&'e str> {
    element.attrs.iter().find(|attribute| &*attribute.name.local == name).map(|attribute| &*attribute.value)
}

/// `text` with runs of white space as one space and none at the ends.
pub fn squeeze(text: &str) -> String {
    let mut squeezed = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !squeezed.is_empty() {
            squeezed.push(' ');
        }
        squeezed.push_str(word);
    }
    squeezed
}
