//! A page's tree as browsers build it, by html5ever.

use html5ever::tendril::TendrilSink;
use html5ever::{ParseOpts, parse_document};
use markup5ever_rcdom::{Handle, NodeData, RcDom};

/// Parses a page.
pub fn parse(html: &str) -> RcDom {
    parse_document(RcDom::default(), ParseOpts::default()).one(html)
}

enum Step {
    Enter(Handle),
    Leave,
}

/// Calls `see` for each run of text, with the names of the elements around it, the innermost first.
pub fn for_each_text(dom: &RcDom, mut see: impl FnMut(&str, &[&str])) {
    let mut around: Vec<Handle> = Vec::new();
    let mut steps = vec![Step::Enter(dom.document.clone())];
    while let Some(step) = steps.pop() {
        let Step::Enter(node) = step else {
            around.pop();
            continue;
        };
        if let NodeData::Text { contents } = &node.data {
            let names: Vec<&str> = around.iter().rev().filter_map(name).collect();
            see(&contents.borrow(), &names);
        }
        steps.push(Step::Leave);
        steps.extend(node.children.borrow().iter().rev().cloned().map(Step::Enter));
        around.push(node);
    }
}

fn name(node: &Handle) -> Option<&str> {
    match &node.data {
        NodeData::Element { name, .. } => Some(&name.local),
        _ => None,
    }
}
