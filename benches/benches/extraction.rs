//! From a decoded page to its main text. Items are pages, bytes those of the decoded HTML.
//!
//! ```text
//! KILIM_BENCH_WARC=crawl.warc.gz cargo bench -p kilim-benches --bench extraction
//! ```

use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use kilim::extract::{Caps, Extractor, Input, Readability, prescan};
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

/// What every page costs before anything is parsed.
#[divan::bench(sample_count = 20, sample_size = 1)]
fn scan_for_caps(bencher: Bencher) {
    let pages = pages();
    counted(bencher, &pages)
        .bench_local(|| pages.iter().filter(|(_, html)| prescan::scan(html, &CAPS).is_ok()).count());
}

/// Text, title, blocks and marks.
#[divan::bench(sample_count = 5, sample_size = 1)]
fn readability(bencher: Bencher) {
    let pages = pages();
    counted(bencher, &pages).bench_local(|| {
        let mut extractor = Readability;
        let mut chars = 0;
        for (url, html) in &pages {
            if let Ok(found) = extractor.extract(Input { html, url }, &CAPS) {
                chars += found.text.len();
            }
        }
        chars
    });
}
