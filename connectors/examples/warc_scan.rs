//! Reads crawl files and says what is in them: `cargo run --example warc_scan -- [--quiet] [--pages] FILE...`
//!
//! `--quiet` leaves out damaged ranges, `--pages` lists the pages with their bodies' digests.
#![expect(clippy::print_stdout, reason = "its output is what it is for")]

use std::collections::BTreeMap;
use std::error::Error;
use std::fs::{self, File};
use std::io::Read;
use std::time::Instant;

use kilim_connectors::http::{HttpLimits, Response};
use kilim_connectors::warc::{Item, ReadLimits, Record, RecordType, SplitReader, WarcFormat};
use sha2::{Digest, Sha256};

fn main() -> Result<(), Box<dyn Error>> {
    let (flags, names): (Vec<String>, Vec<String>) =
        std::env::args().skip(1).partition(|word| word.starts_with("--"));
    let has = |flag: &str| flags.iter().any(|known| known == flag);
    for name in &names {
        scan(name, has("--quiet"), has("--pages"))?;
    }
    Ok(())
}

fn scan(name: &str, is_quiet: bool, lists_pages: bool) -> Result<(), Box<dyn Error>> {
    let mut first = Vec::new();
    File::open(name)?.take(WarcFormat::SNIFF_BYTES as u64).read_to_end(&mut first)?;
    let format = match WarcFormat::sniff(&first, name) {
        Ok(format) => format,
        Err(error) => {
            println!("{name}: {error}");
            return Ok(());
        }
    };
    let started = Instant::now();
    let mut reader = SplitReader::new(File::open(name)?, format, 0..u64::MAX, ReadLimits::default())?;
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    let (mut block_bytes, mut body_bytes, mut accounted) = (0, 0, 0);
    while let Some(item) = reader.next_item()? {
        accounted += item.length();
        let kind = match &item {
            Item::Record(record) => {
                block_bytes += record.block_len;
                for problem in &record.problems {
                    *counts.entry(problem.as_str()).or_default() += 1;
                }
                let kind = record.header.record_type();
                if let Some(body) = body(record, kind, &mut counts) {
                    body_bytes += body.len();
                    if lists_pages {
                        let digest = hex::encode(Sha256::digest(&body));
                        println!("  {} {}", &digest[..16], record.header.target_uri().unwrap_or("-"));
                    }
                }
                kind.as_str()
            }
            Item::Damage(damage) => {
                if !is_quiet {
                    println!("  {} bytes at {}: {}", damage.length, damage.offset, damage.reason.as_str());
                }
                "damage"
            }
            Item::Padding { .. } => "padding",
        };
        *counts.entry(kind).or_default() += 1;
    }
    let (size, seconds) = (fs::metadata(name)?.len(), started.elapsed().as_secs_f64());
    println!(
        "{name}: {format:?}, {size} bytes, {accounted} accounted for, {block_bytes} in blocks, {body_bytes} in \
         bodies, {seconds:.3} s: {counts:?}"
    );
    Ok(())
}

/// The body of a record that may be a page.
fn body<'a>(
    record: &Record<'a>,
    kind: RecordType,
    counts: &mut BTreeMap<&str, u64>,
) -> Option<std::borrow::Cow<'a, [u8]>> {
    match kind {
        RecordType::Response => {
            let response = Response::parse(record.block, HttpLimits::default()).ok()?;
            for problem in &response.problems {
                *counts.entry(problem.as_str()).or_default() += 1;
            }
            Some(response.into_body())
        }
        RecordType::Resource | RecordType::Conversion => Some(record.block.into()),
        _ => None,
    }
}
