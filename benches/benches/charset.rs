//! From a page's bytes to its text. Items are pages, bytes those of their bodies.
//!
//! ```text
//! KILIM_BENCH_WARC=crawl.warc.gz cargo bench -p kilim-benches --bench charset
//! ```

use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use kilim_benches::pages::{Page, crawl_files, html_pages};
use kilim_connectors::charset::{CharsetSource, decode};

fn main() {
    divan::main();
}

fn pages(wanted: impl Fn(&Page) -> bool) -> Vec<Page> {
    let files =
        crawl_files().expect("the sample crawl is part of the project; another file was named by hand");
    let mut pages = html_pages(&files).expect("bytes in memory can be read");
    pages.retain(wanted);
    pages
}

fn is_utf8(page: &Page) -> bool {
    decode(&page.body, page.http_charset.as_deref(), page.tld()).source == CharsetSource::Utf8
}

fn bench_decode(bencher: Bencher, pages: &[Page]) {
    let bytes: usize = pages.iter().map(|page| page.body.len()).sum();
    bencher.counter(BytesCount::new(bytes)).counter(ItemsCount::new(pages.len())).bench_local(|| {
        pages
            .iter()
            .map(|page| decode(&page.body, page.http_charset.as_deref(), page.tld()).text.len())
            .sum::<usize>()
    });
}

/// All pages as they come.
#[divan::bench(sample_count = 50, sample_size = 1)]
fn all_pages(bencher: Bencher) {
    bench_decode(bencher, &pages(|_| true));
}

/// Pages that are UTF-8: nothing is copied.
#[divan::bench(sample_count = 50, sample_size = 1)]
fn utf8_pages(bencher: Bencher) {
    bench_decode(bencher, &pages(is_utf8));
}

/// The others: by declaration, or guessed from their bytes.
#[divan::bench(sample_count = 50, sample_size = 1)]
fn legacy_pages(bencher: Bencher) {
    bench_decode(bencher, &pages(|page| !is_utf8(page)));
}
