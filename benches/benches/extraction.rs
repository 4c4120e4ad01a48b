//! From a decoded page to its main text. Items are pages, bytes those of the decoded HTML.
//!
//! ```text
//! KILIM_BENCH_WARC=crawl.warc.gz cargo bench -p kilim-benches --bench extraction
//! ```

use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use kilim::extract::html::{self, Tree};
use kilim::extract::{Caps, Extractor, Input, MainText};
use kilim_benches::browser;
use kilim_benches::pages::{crawl_files, html_pages};
use kilim_connectors::charset::decode;

/// The defaults of `extract_html`.
const CAPS: Caps = Caps { max_depth: 512, max_nodes: 2_000_000, max_work: 1 << 30 };

fn main() {
    divan::main();
}

/// URL and HTML.
fn pages() -> Vec<(String, String)> {
    let files =
        crawl_files().expect("the sample crawl is part of the project; another file was named by hand");
    let pages = html_pages(&files).expect("bytes in memory can be read");
    pages
        .into_iter()
        .map(|page| {
            let text = decode(&page.body, page.http_charset.as_deref(), page.tld()).text.into_owned();
            (page.url, text)
        })
        .collect()
}

fn counted<'a, 'b>(bencher: Bencher<'a, 'b>, pages: &[(String, String)]) -> Bencher<'a, 'b> {
    let bytes: usize = pages.iter().map(|(_, html)| html.len()).sum();
    bencher.counter(BytesCount::new(bytes)).counter(ItemsCount::new(pages.len()))
}

/// Our own parser: the tree and nothing else.
#[divan::bench(sample_count = 10, sample_size = 1)]
fn parse(bencher: Bencher) {
    let pages = pages();
    counted(bencher, &pages).bench_local(|| {
        let mut memory = (Tree::default(), html::Page::default());
        let mut nodes = 0;
        for (_, html) in &pages {
            if let Ok((tree, page)) = html::parse(html, &CAPS, false, memory.0, memory.1) {
                nodes += tree.len();
                memory = (tree, page.recycle());
            } else {
                memory = (Tree::default(), html::Page::default());
            }
        }
        nodes
    });
}

/// The same by html5ever, into the tree that its own tests use.
#[divan::bench(sample_count = 3, sample_size = 1)]
fn parse_html5ever(bencher: Bencher) {
    let pages = pages();
    counted(bencher, &pages).bench_local(|| {
        pages.iter().map(|(_, html)| browser::parse(html).document.children.borrow().len()).sum::<usize>()
    });
}

/// What the step does: caps, tree, text, title, blocks and marks.
#[divan::bench(sample_count = 10, sample_size = 1)]
fn main_text(bencher: Bencher) {
    let pages = pages();
    counted(bencher, &pages).bench_local(|| {
        let mut extractor = MainText::default();
        let mut bytes = 0;
        for (url, html) in &pages {
            if let Ok(found) = extractor.extract(Input { html, url }, &CAPS) {
                bytes += found.text.len();
            }
        }
        bytes
    });
}
