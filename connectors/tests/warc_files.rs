//! Real and deliberately broken WARC files, read in place. Skipped, with a word, where the folder is absent.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "helpers of tests fail and speak as tests do")]

use std::collections::BTreeMap;
use std::fs;
use std::io::Cursor;
use std::ops::Range;
use std::path::{Path, PathBuf};

use kilim_connectors::http::{HttpLimits, Response};
use kilim_connectors::warc::{FormatError, Item, ReadLimits, RecordType, SplitReader, WarcFormat};
use sha2::{Digest, Sha256};

/// The folder `shared/NAME` beside one of the folders above this crate.
fn shared(name: &str) -> Option<PathBuf> {
    let found = Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .map(|dir| dir.join("shared").join(name))
        .find(|dir| dir.exists());
    if found.is_none() {
        println!("skipped: no folder shared/{name}");
    }
    found
}

/// One line per item: place, kind, id, digest of the block, problems.
fn read(bytes: &[u8], format: WarcFormat, split: Range<u64>) -> Vec<(u64, u64, String)> {
    let mut reader = SplitReader::new(Cursor::new(bytes), format, split, ReadLimits::default()).unwrap();
    let mut seen = Vec::new();
    while let Some(item) = reader.next_item().unwrap() {
        let what = match &item {
            Item::Record(record) => {
                let digest = hex::encode(Sha256::digest(record.block));
                let id = record.header.record_id().unwrap_or("-");
                format!("{id} +{} {digest} {:?}", record.inner_offset, record.problems)
            }
            Item::Damage(damage) => format!("damage +{} {}", damage.inner_offset, damage.reason.as_str()),
            Item::Padding { .. } => "padding".to_owned(),
        };
        seen.push((item.offset(), item.length(), what));
    }
    seen
}

fn assert_tiles(name: &Path, items: &[(u64, u64, String)], size: usize) {
    let mut at = 0;
    for (offset, length, what) in items.iter().filter(|(_, length, _)| *length > 0) {
        assert_eq!(*offset, at, "{}: gap or overlap at {what}", name.display());
        at += length;
    }
    assert_eq!(at, size as u64, "{}: the end is missing", name.display());
}

/// What a file holds for a reader of pages.
#[derive(Default)]
struct Found {
    /// Digests (16 hex digits) of the pages' bodies.
    pages: Vec<String>,
    /// All that was not as it should be: damage, problems of records, of HTTP heads, of bodies.
    troubles: Vec<String>,
}

fn pages(bytes: &[u8], format: WarcFormat) -> Found {
    let mut reader =
        SplitReader::new(Cursor::new(bytes), format, 0..u64::MAX, ReadLimits::default()).unwrap();
    let mut found = Found::default();
    while let Some(item) = reader.next_item().unwrap() {
        let record = match item {
            Item::Record(record) => record,
            Item::Damage(damage) => {
                found.troubles.push(damage.reason.as_str().to_owned());
                continue;
            }
            Item::Padding { .. } => continue,
        };
        found.troubles.extend(record.problems.iter().map(|problem| problem.as_str().to_owned()));
        let body = match record.header.record_type() {
            RecordType::Response => match Response::parse(record.block, HttpLimits::default()) {
                Ok(response) => {
                    found
                        .troubles
                        .extend(response.problems.iter().map(|problem| problem.as_str().to_owned()));
                    response.into_body()
                }
                Err(error) => {
                    found.troubles.push(error.to_string());
                    continue;
                }
            },
            RecordType::Resource | RecordType::Conversion => record.block.into(),
            _ => continue,
        };
        found.pages.push(hex::encode(Sha256::digest(&body))[..16].to_owned());
    }
    found
}

#[test]
fn every_page_that_a_robust_reader_must_yield_comes_out() {
    let Some(folder) = shared("fixtures/warc_made") else { return };
    let table = fs::read_to_string(folder.join("EXPECT.tsv")).unwrap();
    let (mut missing, mut seen) = (Vec::new(), 0);
    for line in table.lines().skip(1) {
        let cells: Vec<&str> = line.split('\t').collect();
        let (name, expected, reported) = (cells[0], cells[3], cells[4]);
        let bytes = fs::read(folder.join(name)).unwrap();
        let format = sniff(&bytes, name).unwrap();
        let found = pages(&bytes, format);
        for digest in expected.split(',').filter(|digest| !digest.is_empty()) {
            if !found.pages.iter().any(|page| page == digest) {
                missing.push(format!("{name}: {digest} ({})", cells[1]));
            }
        }
        match reported {
            // A block of no bytes is no HTTP answer, and nothing is wrong with it.
            "no" if name == "empty_response.warc.gz" => {}
            "no" => assert!(found.troubles.is_empty(), "{name} is healthy: {:?}", found.troubles),
            "yes" => assert!(!found.troubles.is_empty(), "{name}: damage must be told"),
            _ => {}
        }
        seen += 1;
    }
    assert!(missing.is_empty(), "{missing:#?}");
    assert!(seen >= 58, "{seen} files");
}

fn sniff(bytes: &[u8], name: &str) -> Result<WarcFormat, FormatError> {
    WarcFormat::sniff(&bytes[..bytes.len().min(WarcFormat::SNIFF_BYTES)], name)
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
    found.sort();
}

fn warc_files() -> Vec<(PathBuf, Vec<u8>, WarcFormat)> {
    let mut paths = Vec::new();
    for name in ["fixtures/warc", "fixtures/warc_made"] {
        if let Some(folder) = shared(name) {
            files(&folder, &mut paths);
        }
    }
    let read = paths.into_iter().filter_map(|path| {
        let bytes = fs::read(&path).unwrap();
        match sniff(&bytes, &path.to_string_lossy()) {
            Ok(format) => Some((path, bytes, format)),
            Err(error) => {
                let name = path.to_string_lossy();
                let is_crawl = [".warc", ".warc.gz", ".warc.zst", ".arc", ".arc.gz", ".wet.gz"];
                assert!(!is_crawl.iter().any(|end| name.ends_with(end)), "{name}: {error}");
                println!("no crawl file: {name}: {error}");
                None
            }
        }
    });
    read.collect()
}

#[test]
fn every_file_is_tiled_and_every_partition_of_it_gives_the_same_items() {
    for (path, bytes, format) in warc_files() {
        let whole = read(&bytes, format, 0..u64::MAX);
        assert_tiles(&path, &whole, bytes.len());
        for parts in [2, 3, 7, 16] {
            let size = (bytes.len() as u64 / parts).max(1);
            let mut seen = Vec::new();
            for part in 0..=parts + 1 {
                seen.extend(read(&bytes, format, part * size..(part + 1) * size));
            }
            assert_eq!(seen, whole, "{} in {parts} parts", path.display());
        }
    }
}

/// All that the members of a WARC file hold.
fn unpacked(bytes: &[u8], format: WarcFormat) -> Option<Vec<u8>> {
    let mut plain = Vec::new();
    match format {
        WarcFormat::Plain => plain.extend_from_slice(bytes),
        WarcFormat::Zstd => {
            // None where it takes a dictionary.
            zstd::stream::Decoder::new(bytes)
                .and_then(|mut decoder| std::io::copy(&mut decoder, &mut plain))
                .ok()?;
        }
        WarcFormat::Arc | WarcFormat::ArcGzip => return None,
        WarcFormat::Gzip => {
            let mut rest = bytes;
            while !rest.is_empty() {
                let mut decoder = flate2::bufread::GzDecoder::new(rest);
                if std::io::copy(&mut decoder, &mut plain).is_err() {
                    break; // padding
                }
                rest = decoder.into_inner();
            }
        }
    }
    Some(plain)
}

#[test]
fn healthy_files_give_the_records_that_the_warc_crate_reads() {
    let mut compared = 0;
    for (path, bytes, format) in warc_files() {
        let items = read(&bytes, format, 0..u64::MAX);
        if !items.iter().all(|(_, _, what)| what == "padding" || what.ends_with("[]")) {
            continue;
        }
        let Some(plain) = unpacked(&bytes, format) else {
            println!("not compared: {}", path.display());
            continue;
        };
        let mut theirs = BTreeMap::new();
        let mut healthy = true;
        for record in warc::WarcReader::new(Cursor::new(&plain)).iter_records().take(items.len() + 1) {
            let Ok(record) = record else {
                healthy = false;
                break;
            };
            let id = record.warc_id().trim_matches(['<', '>']).to_owned();
            *theirs.entry((id, hex::encode(Sha256::digest(record.body())))).or_insert(0) += 1;
        }
        if !healthy || theirs.is_empty() {
            // It wants CRLF between records, and gives nothing where there is LF.
            println!("not compared: the warc crate does not read {}", path.display());
            continue;
        }
        let mut ours = BTreeMap::new();
        for (_, _, what) in items.iter().filter(|(_, _, what)| what != "padding") {
            let words: Vec<&str> = what.split(' ').collect();
            *ours.entry((words[0].to_owned(), words[2].to_owned())).or_insert(0) += 1;
        }
        assert_eq!(ours, theirs, "{}", path.display());
        compared += 1;
    }
    println!("{compared} files compared");
    assert!(compared > 30 || shared("fixtures/warc").is_none(), "only {compared} files compared");
}
