//! Our tree of a page says what html5ever's does.
//!
//! Compared are the runs of text with the blocks and links around them, over whole crawls: what main text rests on.
//! Formatting elements are left out, for ours are not opened again after a block, and so is what nobody sees.

use std::collections::HashMap;
use std::path::Path;

use kilim::extract::Caps;
use kilim::extract::html::{Flags, Page, Tag, Tree, parse};
use kilim_benches::browser;
use kilim_benches::pages::{CrawlFile, html_pages, read_file};
use kilim_connectors::charset::decode;

const CAPS: Caps = Caps { max_depth: 512, max_nodes: 2_000_000, max_work: 1 << 30 };

/// Elements whose places are compared.
const COMPARED: [&str; 29] = [
    "a",
    "article",
    "aside",
    "blockquote",
    "body",
    "dd",
    "div",
    "dl",
    "dt",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "header",
    "li",
    "main",
    "nav",
    "ol",
    "p",
    "pre",
    "section",
    "table",
    "td",
    "th",
    "tr",
    "ul",
    "figure",
];

/// A run of text, and the elements around it.
type Run = (String, String);

fn squeeze(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn ours(html: &str) -> Vec<Run> {
    let (tree, page) =
        parse(html, &CAPS, false, Tree::default(), Page::default()).expect("a page within the caps");
    let name = |id| format!("{:?}", tree.tag(id)).to_lowercase();
    tree.ids()
        .filter(|id| {
            tree.tag(*id) == Tag::Text && !tree.ancestors(*id).any(|a| tree.tag(a).is(Flags::HIDDEN))
        })
        .map(|id| {
            let around: Vec<String> =
                tree.ancestors(id).map(name).filter(|n| COMPARED.contains(&&**n)).collect();
            (squeeze(page.text(tree.node(id))), around.join("<"))
        })
        .filter(|(text, _)| !text.is_empty())
        .collect()
}

fn theirs(html: &str) -> Vec<Run> {
    let mut runs = Vec::new();
    browser::for_each_text(&browser::parse(html), |text, around| {
        let is_hidden = |name: &&str| *name == "noscript" || Tag::of(name.as_bytes()).is(Flags::HIDDEN);
        let text = squeeze(text);
        if !text.is_empty() && !around.iter().any(is_hidden) {
            let compared: Vec<&str> = around.iter().copied().filter(|n| COMPARED.contains(n)).collect();
            runs.push((text, compared.join("<")));
        }
    });
    runs
}

/// Bytes of text that stand at one place for both, and all bytes.
fn compare(file: &CrawlFile) -> (usize, usize) {
    let (mut same, mut all) = (0, 0);
    for page in html_pages(std::slice::from_ref(file)).expect("bytes in memory can be read") {
        let html = decode(&page.body, page.http_charset.as_deref(), page.tld()).text.into_owned();
        let mut counts: HashMap<Run, usize> = HashMap::new();
        for run in theirs(&html) {
            *counts.entry(run).or_default() += 1;
        }
        for run in ours(&html) {
            all += run.0.len();
            if let Some(count) = counts.get_mut(&run).filter(|count| **count > 0) {
                *count -= 1;
                same += run.0.len();
            }
        }
    }
    (same, all)
}

#[test]
fn text_stands_where_html5ever_has_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for (name, least) in
        [("data-samples/crawl/part-00000.warc.gz", 1.0), ("../shared/bench/web-40mb.warc.gz", 0.995)]
    {
        let path = root.join(name);
        if !path.exists() {
            eprintln!("skipped: {name} is not here");
            continue;
        }
        let (same, all) = compare(&read_file(path).unwrap());
        let share = same as f64 / all as f64;
        eprintln!("{name}: {same} of {all} bytes of text at the same place ({share:.5})");
        assert!(all > 10_000 && share >= least, "{name}: {share}");
    }
}
