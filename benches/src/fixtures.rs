//! Pages that are read in place and never committed: sets of others, beside the project in `../shared`.
//!
//! A page is named by its path there: `fixtures/html/…` is a file of `fixtures/html.tar.zst`, `gold/SET/html/ID.html.gz` one
//! of `gold/SET.tar.zst`, and `bench/…` the source of a page in `bench/web-40mb.warc.gz`, by `web-40mb.pages.tsv`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use flate2::bufread::GzDecoder;
use kilim_connectors::http::{HttpLimits, Response};
use kilim_connectors::warc::RecordType;
use serde::Deserialize;

use crate::pages::read_file;

/// Most bytes of one unpacked archive or page.
const MAX_BYTES: u64 = 1 << 30;
const BLOCK: usize = 512;

/// A page with what is known of where it was.
#[derive(Debug, Clone)]
pub struct FixturePage {
    /// Its path in the shared folder.
    pub path: String,
    /// Where it was; empty if nobody knows.
    pub url: String,
    /// The `charset` of its `Content-Type`, or of its file's name.
    pub charset: Option<String>,
    /// Its bytes.
    pub body: Vec<u8>,
}

/// Where sets of others are, if they are.
pub fn shared() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    let folder = std::env::var_os("KILIM_SHARED").map_or(beside, PathBuf::from);
    folder.join("fixtures/html.tar.zst").exists().then_some(folder)
}

/// The pages of the given paths, or all below a path that ends in `/`.
pub fn pages(shared: &Path, wanted: &BTreeSet<String>) -> Result<Vec<FixturePage>> {
    let is_wanted = |path: &str| {
        wanted.contains(path)
            || wanted.iter().any(|folder| folder.ends_with('/') && path.starts_with(folder.as_str()))
    };
    let asks = |prefix: &str| wanted.iter().any(|path| path.starts_with(prefix));
    let mut found = Vec::new();
    if asks("fixtures/html/") {
        for (name, body) in tar(&shared.join("fixtures/html.tar.zst"))? {
            let path = format!("fixtures/{}", name.trim_start_matches("./"));
            if is_wanted(&path) {
                let ending = path
                    .rsplit('.')
                    .next()
                    .filter(|ending| ending.starts_with("euc-") || ending.starts_with("iso"));
                let charset = ending.map(str::to_owned);
                found.push(FixturePage { path, url: String::new(), charset, body });
            }
        }
    }
    let sets: BTreeSet<&str> =
        wanted.iter().filter_map(|path| path.strip_prefix("gold/")?.split('/').next()).collect();
    for set in sets {
        found.extend(gold(shared, set)?.into_iter().filter(|page| is_wanted(&page.path)));
    }
    if asks("bench/") {
        found.extend(crawled(shared)?.into_iter().filter(|page| is_wanted(&page.path)));
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

/// Pages of the crawl file for benches, by their sources.
fn crawled(shared: &Path) -> Result<Vec<FixturePage>> {
    let table = fs::read_to_string(shared.join("bench/web-40mb.pages.tsv"))?;
    let sources: BTreeMap<&str, &str> = table
        .lines()
        .skip(1)
        .filter_map(|line| {
            let mut fields = line.split('\t').skip(3);
            Some((fields.next()?, fields.next()?))
        })
        .collect();
    let mut pages = Vec::new();
    read_file(shared.join("bench/web-40mb.warc.gz"))?.for_each_record(|record| {
        if record.header.record_type() != RecordType::Response {
            return;
        }
        let url = record.header.target_uri().unwrap_or_default().to_owned();
        let Some(source) = sources.get(url.as_str()) else { return };
        let Ok(response) = Response::parse(record.block, HttpLimits::default()) else { return };
        let charset = response.content_type().charset.map(str::to_owned);
        let body = response.into_body().into_owned();
        pages.push(FixturePage { path: format!("bench/{source}"), url, charset, body });
    })?;
    Ok(pages)
}

#[derive(Deserialize)]
struct Gold {
    id: String,
    url: Option<String>,
}

fn gold(shared: &Path, set: &str) -> Result<Vec<FixturePage>> {
    let files: BTreeMap<String, Vec<u8>> =
        tar(&shared.join(format!("gold/{set}.tar.zst")))?.into_iter().collect();
    let list = files.get(&format!("{set}/gold.jsonl")).with_context(|| format!("{set} has no gold.jsonl"))?;
    let mut pages = Vec::new();
    for line in String::from_utf8_lossy(list).lines() {
        let gold: Gold = serde_json::from_str(line)?;
        let name = format!("{set}/html/{}.html.gz", gold.id);
        let Some(packed) = files.get(&name) else { continue };
        let mut body = Vec::new();
        GzDecoder::new(&packed[..]).take(MAX_BYTES).read_to_end(&mut body)?;
        // Some sets have no URL, and a made-up name in its place.
        let url = gold.url.filter(|url| url.contains("://")).unwrap_or_default();
        pages.push(FixturePage { path: format!("gold/{name}"), url, charset: None, body });
    }
    Ok(pages)
}

/// The files of a packed tar archive: plain names, names of GNU tar and of pax.
fn tar(path: &Path) -> Result<Vec<(String, Vec<u8>)>> {
    let packed = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut bytes = Vec::new();
    zstd::stream::read::Decoder::with_buffer(&packed[..])?.take(MAX_BYTES).read_to_end(&mut bytes)?;
    let mut files = Vec::new();
    let mut rest = &bytes[..];
    let mut long_name: Option<String> = None;
    while let Some((header, after)) = rest.split_at_checked(BLOCK) {
        if header[0] == 0 {
            break;
        }
        let text = |from: usize, to: usize| {
            let field = &header[from..to];
            let end = field.iter().position(|byte| *byte == 0).unwrap_or(field.len());
            String::from_utf8_lossy(&field[..end]).into_owned()
        };
        let size = usize::from_str_radix(text(124, 136).trim(), 8)
            .with_context(|| format!("{}: no size in a header", path.display()))?;
        ensure!(size <= after.len(), "{}: cut off", path.display());
        let (body, padded) = after.split_at(size);
        rest = &padded[padded.len().min(size.next_multiple_of(BLOCK) - size)..];
        match header[156] {
            b'L' => long_name = Some(String::from_utf8_lossy(body).trim_end_matches('\0').to_owned()),
            b'x' => {
                let records = String::from_utf8_lossy(body).into_owned();
                let found = records
                    .lines()
                    .find_map(|line| line.split_once(" path=").map(|(_, name)| name.to_owned()));
                long_name = found.or(long_name);
            }
            b'0' | 0 => {
                let prefix = text(345, 500);
                let plain =
                    || if prefix.is_empty() { text(0, 100) } else { format!("{prefix}/{}", text(0, 100)) };
                files.push((long_name.take().unwrap_or_else(plain), body.to_vec()));
            }
            _ => long_name = None,
        }
    }
    Ok(files)
}
