//! Reading WARC files: members inflated, headers parsed, HTTP taken apart. In memory, one thread.
//!
//! ```text
//! KILIM_BENCH_WARC=crawl.warc.gz cargo bench -p kilim-benches --bench warc_read
//! ```
//! Bytes are those of the packed files.

use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use kilim_benches::pages::{CrawlFile, crawl_files};
use kilim_connectors::http::{HttpLimits, Response};
use kilim_connectors::warc::RecordType;

fn main() {
    divan::main();
}

fn files() -> Vec<CrawlFile> {
    crawl_files().expect("the sample crawl is part of the project; another file was named by hand")
}

fn counted<'a, 'b>(bencher: Bencher<'a, 'b>, files: &[CrawlFile]) -> Bencher<'a, 'b> {
    let bytes: usize = files.iter().map(|file| file.bytes.len()).sum();
    let records: u64 = files.iter().map(|file| read(file, |_| {})).sum();
    bencher.counter(BytesCount::new(bytes)).counter(ItemsCount::new(records))
}

fn read(file: &CrawlFile, see: impl FnMut(&kilim_connectors::warc::Record<'_>)) -> u64 {
    file.for_each_record(see).expect("bytes in memory can be read")
}

/// Records only.
#[divan::bench(sample_count = 20, sample_size = 1)]
fn records(bencher: Bencher) {
    let files = files();
    counted(bencher, &files).bench_local(|| {
        let mut block_bytes = 0;
        for file in &files {
            read(file, |record| block_bytes += record.block.len());
        }
        block_bytes
    });
}

/// Records, and the answers in them with their bodies decoded.
#[divan::bench(sample_count = 20, sample_size = 1)]
fn records_and_http(bencher: Bencher) {
    let files = files();
    counted(bencher, &files).bench_local(|| {
        let mut body_bytes = 0;
        for file in &files {
            read(file, |record| {
                if record.header.record_type() == RecordType::Response
                    && let Ok(response) = Response::parse(record.block, HttpLimits::default())
                {
                    body_bytes += response.body.len();
                }
            });
        }
        body_bytes
    });
}
