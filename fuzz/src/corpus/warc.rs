//! Crawl files, whole and damaged, and the notation of `kilim_fuzz::warc` for what lies inside gzip members.

use kilim_connectors::warc::{RecordBuilder, WARC_BLANK_DATE};

use super::text::{TEXTS, gzip};
use super::{Sample, sample};

pub(super) fn samples() -> Vec<Sample> {
    let records: Vec<Vec<u8>> = TEXTS.iter().map(|(_, tld, _, text)| record(tld, text)).collect();
    let few = &records[..4];
    let packed: Vec<u8> = few.iter().flat_map(|record| gzip(record, 6)).collect();
    let first = &records[0];
    let text = String::from_utf8_lossy(first).into_owned();
    let length = |claim: &str| text.replacen("Content-Length: ", claim, 1).into_bytes();
    let zeros = vec![0; 100];
    let archive = arc();
    vec![
        sample("version-1.arc", archive.concat()),
        sample("version-1.arc.gz", archive.iter().flat_map(|record| gzip(record, 6)).collect::<Vec<u8>>()),
        sample("frames.warc.zst", few.iter().flat_map(|record| frame(record)).collect::<Vec<u8>>()),
        sample("one-frame.warc.zst", frame(&few.concat())),
        sample("noted-frames", noted(&few.iter().map(Vec::as_slice).collect::<Vec<_>>(), 0xfb)),
        sample(
            "noted-frames-cut",
            [noted(&few.concat().chunks(150).collect::<Vec<_>>(), 0xfb), b"\xfax".to_vec()].concat(),
        ),
        sample("noted-archive", noted(&archive.iter().map(Vec::as_slice).collect::<Vec<_>>(), 0xff)),
        sample("plain.warc", few.concat()),
        sample("plain-lf.warc", text.replace("\r\n", "\n").repeat(2)),
        sample("plain-padded.warc", [first, &zeros[..], &records[1]].concat()),
        sample("plain-nested.warc", record("ke", &String::from_utf8_lossy(&records[..2].concat()))),
        sample("plain-cut.warc", &few.concat()[..first.len() + 60]),
        sample("length-too-long.warc", [&length("Content-Length: 9999")[..], &records[1]].concat()),
        sample("length-missing.warc", [&length("X-Length: ")[..], &records[1]].concat()),
        sample("members.warc.gz", packed.clone()),
        sample("members-stored.warc.gz", few.iter().flat_map(|record| gzip(record, 0)).collect::<Vec<u8>>()),
        sample("one-member.warc.gz", gzip(&few.concat(), 6)),
        sample(
            "cut-anywhere.warc.gz",
            few.concat().chunks(150).flat_map(|part| gzip(part, 1)).collect::<Vec<u8>>(),
        ),
        sample("padded.warc.gz", [gzip(first, 6), zeros, gzip(b"", 6), gzip(&records[2], 6)].concat()),
        sample("garbage.warc.gz", [gzip(first, 6), b"takataka".to_vec(), gzip(&records[2], 6)].concat()),
        sample("truncated.warc.gz", &packed[..packed.len() - 30]),
        sample("bomb.warc.gz", [gzip(&record("th", &"A".repeat(9000)), 9), gzip(first, 6)].concat()),
        sample("noted-one-each", noted(&few.iter().map(Vec::as_slice).collect::<Vec<_>>(), 0xff)),
        sample("noted-stored", noted(&few.iter().map(Vec::as_slice).collect::<Vec<_>>(), 0xfe)),
        sample("noted-cut-anywhere", noted(&few.concat().chunks(150).collect::<Vec<_>>(), 0xff)),
        sample(
            "noted-between",
            [noted(&[first], 0xff), b"\xfdtaka".to_vec(), noted(&[&records[2]], 0xfc)].concat(),
        ),
        sample("noted-length", noted(&[&length("Content-Length: 9999"), &length("X-Length: "), first], 0xff)),
    ]
}

fn record(tld: &str, text: &str) -> Vec<u8> {
    let http = format!("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<p>{text}</p>");
    RecordBuilder::response(&format!("https://mfano.{tld}/"), WARC_BLANK_DATE, http.as_bytes()).to_plain()
}

fn arc() -> Vec<Vec<u8>> {
    let about = "1 0 Kilim\nURL IP-address Archive-date Content-type Archive-length\n";
    let record = |address: &str, kind: &str, block: &str| {
        format!("{address} 192.0.2.1 20040102030405 {kind} {}\n{block}\n", block.len()).into_bytes()
    };
    let mut records = vec![record("filedesc://mfano.arc", "text/plain", about)];
    for (_, tld, _, text) in &TEXTS[..4] {
        let http = format!("HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n<p>{text}</p>");
        records.push(record(&format!("http://mfano.{tld}/"), "text/html", &http));
    }
    records.push(record("dns:mfano.ke", "text/dns", "20040102030405\nmfano.ke. 300 IN A 192.0.2.1\n"));
    records
}

fn frame(bytes: &[u8]) -> Vec<u8> {
    zstd::bulk::compress(bytes, 3).expect("bytes in memory can be packed")
}

/// UTF-8 has none of the bytes 0xfa to 0xff.
fn noted(parts: &[&[u8]], mark: u8) -> Vec<u8> {
    parts.iter().flat_map(|part| [&[mark], *part].concat()).collect()
}
