//! Whole crawl files in one gzip member or zstd frame, larger than what may be kept of a member, and bombs.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::io::{Cursor, Write};

use kilim_connectors::warc::{
    DamageReason, Item, ReadLimits, RecordBuilder, SplitReader, WARC_BLANK_DATE, WarcFormat,
};

const RECORDS: usize = 300;

/// A page of about 1 MiB, which packs well.
fn page(number: usize) -> RecordBuilder {
    let text =
        format!("<p>{number} Habari za asubuhi. नमस्ते दुनिया। ሰላም ለዓለም። Γειά σου κόσμε.</p>\n").repeat(9_000);
    let http = format!("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n{text}");
    RecordBuilder::response(&format!("https://mfano{number}.co.ke/"), WARC_BLANK_DATE, http.as_bytes())
}

/// A video of 400 MiB, more than is kept of a record, among pages.
fn write_all(writer: &mut impl Write) -> u64 {
    let mut bytes = 0;
    for number in 0..RECORDS {
        let record = page(number).to_plain();
        writer.write_all(&record).unwrap();
        bytes += record.len() as u64;
        if number == RECORDS / 2 {
            let video = 400 << 20;
            let head = format!(
                "WARC/1.0\r\nWARC-Type: resource\r\nWARC-Target-URI: https://mfano.th/video\r\nContent-Length: {video}\r\n\r\n"
            );
            writer.write_all(head.as_bytes()).unwrap();
            let piece = vec![7; 1 << 20];
            (0..400).for_each(|_| writer.write_all(&piece).unwrap());
            writer.write_all(b"\r\n\r\n").unwrap();
            bytes += head.len() as u64 + video + 4;
        }
    }
    bytes
}

/// Reads a split; gives addresses, bytes accounted for and reasons of damage.
fn read(
    file: &[u8],
    format: WarcFormat,
    split: std::ops::Range<u64>,
) -> (Vec<String>, u64, Vec<DamageReason>) {
    let mut reader = SplitReader::new(Cursor::new(file), format, split, ReadLimits::default()).unwrap();
    let (mut addresses, mut accounted, mut damage) = (Vec::new(), 0, Vec::new());
    while let Some(item) = reader.next_item().unwrap() {
        accounted += item.length();
        match item {
            Item::Record(record) => {
                addresses.push(record.header.target_uri().unwrap().to_owned());
                assert_eq!(record.truncated_by_cap(), record.block_len > 64 << 20);
                assert!(record.problems.is_empty(), "{:?}", record.problems);
            }
            Item::Damage(found) => damage.push(found.reason),
            Item::Padding { .. } => {}
        }
    }
    (addresses, accounted, damage)
}

fn assert_all_come_out(file: &[u8], format: WarcFormat) {
    let (addresses, accounted, damage) = read(file, format, 0..u64::MAX);
    assert_eq!(addresses.len(), RECORDS + 1);
    assert_eq!(addresses[RECORDS / 2 + 1], "https://mfano.th/video");
    assert_eq!(addresses[RECORDS], format!("https://mfano{}.co.ke/", RECORDS - 1));
    assert_eq!(accounted, file.len() as u64);
    assert_eq!(damage, [DamageReason::BlockPastCap], "the part of the video that is not kept");

    let middle = file.len() as u64 / 2;
    assert_eq!(read(file, format, 0..middle), (addresses, accounted, damage));
    assert_eq!(read(file, format, middle..u64::MAX), (Vec::new(), 0, Vec::new()));
}

#[test]
fn a_crawl_file_of_700_mib_in_one_gzip_member_gives_all_its_records() {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(1));
    assert!(write_all(&mut writer) > 700 << 20);
    assert_all_come_out(&writer.finish().unwrap(), WarcFormat::Gzip);
}

#[test]
fn a_crawl_file_of_700_mib_in_one_zstd_frame_gives_all_its_records() {
    let mut writer = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
    writer.include_checksum(true).unwrap();
    write_all(&mut writer);
    assert_all_come_out(&writer.finish().unwrap(), WarcFormat::Zstd);
}

#[test]
fn a_record_of_two_gib_of_nothing_is_a_bomb_and_costs_its_member_only() {
    let mut writer = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
    let length = 2_u64 << 30;
    write!(writer, "WARC/1.0\r\nWARC-Type: resource\r\nWARC-Target-URI: https://mfano.gr/\r\nContent-Length: {length}\r\n\r\n").unwrap();
    let piece = vec![0; 1 << 20];
    (0..length >> 20).for_each(|_| writer.write_all(&piece).unwrap());
    let mut file = writer.finish().unwrap();
    assert!(file.len() < 1 << 20);
    let bomb = file.len() as u64;
    file.extend(page(1).to_zstd());
    let (addresses, accounted, damage) = read(&file, WarcFormat::Zstd, 0..u64::MAX);
    assert_eq!(addresses, ["https://mfano.gr/", "https://mfano1.co.ke/"]);
    assert_eq!(accounted, file.len() as u64);
    assert_eq!(damage, [DamageReason::InflatesPastCap]);
    assert_eq!(read(&file, WarcFormat::Zstd, 1..bomb + 1).0, ["https://mfano1.co.ke/"]);
}
