//! What the benches read: crawl files in memory, and the pages in them.
//!
//! By default the sample crawl of the project; another WARC file by the environment variable `KILIM_BENCH_WARC`.

use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use kilim_connectors::http::{HttpLimits, Response};
use kilim_connectors::warc::{Item, ReadLimits, RecordType, SplitReader, WarcFormat};

/// The variable that names another WARC file.
pub const WARC_VARIABLE: &str = "KILIM_BENCH_WARC";

/// Sound files of the sample crawl.
const SAMPLES: [&str; 3] = ["part-00000.warc.gz", "part-00001.warc.gz", "part-00002.warc.gz"];

/// A crawl file in memory.
#[derive(Debug, Clone)]
pub struct CrawlFile {
    /// Its path.
    pub path: PathBuf,
    /// All of it, as it is on disk.
    pub bytes: Vec<u8>,
    /// How it is packed.
    pub format: WarcFormat,
}

/// A page: the body of an answer with HTML, transfer and content codings undone, its charset not yet.
#[derive(Debug, Clone)]
pub struct Page {
    /// Where it was.
    pub url: String,
    /// The `charset` of its `Content-Type` field.
    pub http_charset: Option<String>,
    /// Its bytes.
    pub body: Vec<u8>,
}

impl Page {
    /// The last label of its host.
    pub fn tld(&self) -> Option<&str> {
        let host = self.url.split("://").nth(1)?.split(['/', ':', '?']).next()?;
        host.rsplit('.').next()
    }
}

/// The files to read.
pub fn crawl_files() -> Result<Vec<CrawlFile>> {
    let paths = match std::env::var_os(WARC_VARIABLE) {
        Some(path) => vec![PathBuf::from(path)],
        None => SAMPLES
            .map(|name| Path::new(env!("CARGO_MANIFEST_DIR")).join("../data-samples/crawl").join(name))
            .to_vec(),
    };
    paths.into_iter().map(read_file).collect()
}

/// Reads a crawl file whole.
pub fn read_file(path: PathBuf) -> Result<CrawlFile> {
    let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let first = &bytes[..bytes.len().min(WarcFormat::SNIFF_BYTES)];
    let format = WarcFormat::sniff(first, &path.to_string_lossy())
        .with_context(|| format!("cannot use {}", path.display()))?;
    Ok(CrawlFile { path, bytes, format })
}

impl CrawlFile {
    /// Reads the file in one split and hands over its records; gives the number of records.
    pub fn for_each_record(&self, mut see: impl FnMut(&kilim_connectors::warc::Record<'_>)) -> Result<u64> {
        let whole = 0..self.bytes.len() as u64;
        let mut reader =
            SplitReader::new(Cursor::new(&self.bytes), self.format, whole, ReadLimits::default())?;
        let mut records = 0;
        while let Some(item) = reader.next_item()? {
            if let Item::Record(record) = item {
                records += 1;
                see(&record);
            }
        }
        Ok(records)
    }
}

/// The HTML pages of `files`, in order.
pub fn html_pages(files: &[CrawlFile]) -> Result<Vec<Page>> {
    let mut pages = Vec::new();
    for file in files {
        file.for_each_record(|record| {
            if record.header.record_type() != RecordType::Response {
                return;
            }
            let Ok(response) = Response::parse(record.block, HttpLimits::default()) else { return };
            let content_type = response.content_type();
            if !content_type.essence.contains("html") || response.body.is_empty() {
                return;
            }
            let http_charset = content_type.charset.map(str::to_owned);
            let url = record.header.target_uri().unwrap_or_default().to_owned();
            pages.push(Page { url, http_charset, body: response.into_body().into_owned() });
        })?;
    }
    Ok(pages)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_crawl_has_pages_in_many_scripts() {
        let files: Vec<CrawlFile> = SAMPLES
            .iter()
            .map(|name| Path::new(env!("CARGO_MANIFEST_DIR")).join("../data-samples/crawl").join(name))
            .map(|path| read_file(path).unwrap())
            .collect();
        let pages = html_pages(&files).unwrap();
        assert!(pages.len() >= 300, "{} pages", pages.len());
        for letters in ["አማርኛ", "ளி", "ού", "的"] {
            assert!(
                pages.iter().any(|page| String::from_utf8_lossy(&page.body).contains(letters)),
                "no page has {letters}"
            );
        }
        assert!(pages.iter().any(|page| page.tld() == Some("ke")));
    }
}
