//! From a text to the bands of its sketch, shingling included, as `dedup_minhash` does it. Items are texts, bytes those
//! of the texts.
//!
//! ```text
//! KILIM_BENCH_TEXTS=configs/quickstart/out/eu/v0001 cargo bench -p kilim-benches --bench sketch
//! ```
//!
//! The texts are the column `text` of all Parquet files below that folder; without it, those of the sample crawl.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use arrow::array::AsArray;
use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use kilim::dedup::{Shingler, Sketcher};
use kilim::extract::{Caps, Extractor, Input, MainText};
use kilim::steps::dedup_minhash::DedupMinhash;
use kilim_benches::pages::{crawl_files, html_pages};
use kilim_connectors::charset::decode;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

/// The variable that names a folder of Parquet files.
const TEXTS_VARIABLE: &str = "KILIM_BENCH_TEXTS";

fn main() {
    divan::main();
}

fn parquet_files(folder: &Path, found: &mut Vec<PathBuf>) {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            parquet_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "parquet") {
            found.push(path);
        }
    }
}

fn texts_of_file(path: &Path) -> Vec<String> {
    let file = File::open(path).expect("it was just listed");
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).expect("a Parquet file");
    let mask = ProjectionMask::columns(reader.parquet_schema(), ["text"]);
    let batches = reader.with_projection(mask).build().expect("it has a column `text`");
    let mut texts = Vec::new();
    for batch in batches {
        let batch = batch.expect("the file is sound");
        texts.extend(batch.column(0).as_string::<i32>().iter().flatten().map(str::to_owned));
    }
    texts
}

fn texts_of_samples() -> Vec<String> {
    let files = crawl_files().expect("the sample crawl is part of the project");
    let caps = Caps { max_depth: 512, max_nodes: 2_000_000, max_work: 1 << 30 };
    let mut extractor = MainText::default();
    let pages = html_pages(&files).expect("bytes in memory can be read").into_iter();
    let text = |page: kilim_benches::pages::Page| {
        let html = decode(&page.body, page.http_charset.as_deref(), page.tld()).text.into_owned();
        extractor.extract(Input { html: &html, url: &page.url }, &caps).ok().map(|found| found.text)
    };
    pages.filter_map(text).collect()
}

fn texts() -> Vec<String> {
    let Some(folder) = std::env::var_os(TEXTS_VARIABLE) else { return texts_of_samples() };
    let mut files = Vec::new();
    parquet_files(Path::new(&folder), &mut files);
    files.sort();
    files.iter().flat_map(|path| texts_of_file(path)).collect()
}

fn counted<'a, 'b>(bencher: Bencher<'a, 'b>, texts: &[String]) -> Bencher<'a, 'b> {
    let bytes: usize = texts.iter().map(String::len).sum();
    bencher.counter(BytesCount::new(bytes)).counter(ItemsCount::new(texts.len()))
}

/// Tokens and shingles.
#[divan::bench(sample_count = 10, sample_size = 1)]
fn shingles(bencher: Bencher) {
    let texts = texts();
    let mut shingler = Shingler::default();
    counted(bencher, &texts)
        .bench_local(|| texts.iter().map(|text| shingler.shingles(text, 5).len()).sum::<usize>());
}

/// All of it, with the defaults of the step.
#[divan::bench(sample_count = 10, sample_size = 1)]
fn sketch(bencher: Bencher) {
    let texts = texts();
    let mut sketcher = Sketcher::new(DedupMinhash::default().settings());
    counted(bencher, &texts)
        .bench_local(|| texts.iter().filter(|text| sketcher.bands(text, "und").is_some()).count());
}
