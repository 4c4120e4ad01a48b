//! Reads WARC files and says what is in them: `cargo run --example warc_scan -- FILE...`
#![expect(clippy::print_stdout, reason = "its output is what it is for")]

use std::collections::BTreeMap;
use std::error::Error;
use std::fs::{self, File};
use std::io::Read;
use std::time::Instant;

use kilim_connectors::warc::{Item, ReadLimits, SplitReader, WarcFormat};

fn main() -> Result<(), Box<dyn Error>> {
    for name in std::env::args().skip(1) {
        let mut first = Vec::new();
        File::open(&name)?.take(WarcFormat::SNIFF_BYTES as u64).read_to_end(&mut first)?;
        let format = match WarcFormat::sniff(&first, &name) {
            Ok(format) => format,
            Err(error) => {
                println!("{name}: {error}");
                continue;
            }
        };
        let started = Instant::now();
        let mut reader = SplitReader::new(File::open(&name)?, format, 0..u64::MAX, ReadLimits::default())?;
        let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
        let mut block_bytes = 0;
        while let Some(item) = reader.next_item()? {
            let kind = match &item {
                Item::Record(record) => {
                    block_bytes += record.block_len;
                    for problem in &record.problems {
                        *counts.entry(problem.as_str()).or_default() += 1;
                    }
                    record.header.record_type().as_str()
                }
                Item::Damage(damage) => {
                    println!("  {} bytes at {}: {}", damage.length, damage.offset, damage.reason.as_str());
                    "damage"
                }
                Item::Padding { .. } => "padding",
            };
            *counts.entry(kind).or_default() += 1;
        }
        let (size, seconds) = (fs::metadata(&name)?.len(), started.elapsed().as_secs_f64());
        println!("{name}: {size} bytes, {block_bytes} in blocks, {seconds:.3} s: {counts:?}");
    }
    Ok(())
}
