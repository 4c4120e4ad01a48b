//! Writes WARC 1.1 files: one gzip member per record, everything fixed by file name and position.
//!
//! A few lines instead of the `warc` crate, because the broken file needs members that no honest writer makes.
//! libdeflate compresses: its bytes do not depend on the processor, those of zlib's descendants do.

use anyhow::{Result, anyhow};
use libdeflater::{CompressionLvl, Compressor};
use sha2::{Digest, Sha256};

const EOL: &str = "\r\n";

/// One record before it has a place.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    /// `response`, `revisit`, …
    pub(crate) kind: &'static str,
    pub(crate) url: Option<String>,
    pub(crate) content_type: &'static str,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) block: Vec<u8>,
}

impl Record {
    pub(crate) fn new(kind: &'static str, url: &str, content_type: &'static str, block: Vec<u8>) -> Self {
        Self { kind, url: Some(url.to_owned()), content_type, headers: Vec::new(), block }
    }

    /// An HTTP response; `head` is the status line and the headers without the empty line.
    pub(crate) fn response(url: &str, head: &str, body: &[u8]) -> Self {
        let mut block = head.replace('\n', EOL).into_bytes();
        block.extend_from_slice(b"\r\n\r\n");
        block.extend_from_slice(body);
        let mut record = Self::new("response", url, "application/http; msgtype=response", block);
        record.headers.push(("WARC-Payload-Digest", digest(body)));
        record
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// `sha256:` and hexadecimal digits.
pub(crate) fn digest(data: &[u8]) -> String {
    format!("sha256:{}", hex(&Sha256::digest(data)))
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|digit| char::from(DIGITS[usize::from(digit)]))
        .collect()
}

/// One gzip member without name and time.
pub(crate) fn gzip(data: &[u8]) -> Result<Vec<u8>> {
    compress(data, Compressor::gzip_compress_bound, Compressor::gzip_compress)
}

/// A zlib stream, which HTTP calls `deflate`.
pub(crate) fn zlib(data: &[u8]) -> Result<Vec<u8>> {
    compress(data, Compressor::zlib_compress_bound, Compressor::zlib_compress)
}

fn compress(
    data: &[u8],
    bound: impl Fn(&mut Compressor, usize) -> usize,
    run: impl Fn(&mut Compressor, &[u8], &mut [u8]) -> Result<usize, libdeflater::CompressionError>,
) -> Result<Vec<u8>> {
    let level = CompressionLvl::new(9).map_err(|_| anyhow!("libdeflate has no level 9"))?;
    let mut compressor = Compressor::new(level);
    let mut out = vec![0; bound(&mut compressor, data.len())];
    let length = run(&mut compressor, data, &mut out)?;
    out.truncate(length);
    Ok(out)
}

/// Where a record came to stand.
#[derive(Debug, Clone)]
pub(crate) struct Placed {
    pub(crate) offset: usize,
    pub(crate) length: usize,
    /// `<urn:uuid:…>`.
    pub(crate) id: String,
    /// RFC 3339, UTC.
    pub(crate) date: String,
}

/// A WARC file that grows record by record.
#[derive(Debug)]
pub(crate) struct WarcFile {
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
    count: u32,
}

impl WarcFile {
    /// Starts a file with its warcinfo record.
    pub(crate) fn new(name: &str) -> Result<(Self, Placed)> {
        let mut file = Self { name: name.to_owned(), bytes: Vec::new(), count: 0 };
        let info = "software: kilim make-samples\r\nformat: WARC File Format 1.1\r\nisPartOf: KILIM-SAMPLES-2026-03\r\n";
        let record = Record {
            kind: "warcinfo",
            url: None,
            content_type: "application/warc-fields",
            headers: vec![("WARC-Filename", name.to_owned())],
            block: info.as_bytes().to_vec(),
        };
        let placed = file.add(&record)?;
        Ok((file, placed))
    }

    /// Appends a record as one member.
    pub(crate) fn add(&mut self, record: &Record) -> Result<Placed> {
        let (id, date) = self.next_name();
        let member = gzip(&plain(record, &id, &date, record.block.len()))?;
        Ok(self.push(&member, id, date))
    }

    /// Appends a record whose member `damage` has changed.
    pub(crate) fn add_damaged(
        &mut self,
        record: &Record,
        damage: impl Fn(Vec<u8>) -> Vec<u8>,
    ) -> Result<Placed> {
        let (id, date) = self.next_name();
        let member = damage(gzip(&plain(record, &id, &date, record.block.len()))?);
        Ok(self.push(&member, id, date))
    }

    /// Appends a record that claims another length than its block has.
    pub(crate) fn add_with_length(&mut self, record: &Record, length: usize) -> Result<Placed> {
        let (id, date) = self.next_name();
        let member = gzip(&plain(record, &id, &date, length))?;
        Ok(self.push(&member, id, date))
    }

    /// Appends a record once more: same id, same date, same bytes.
    pub(crate) fn repeat(&mut self, placed: &Placed) -> Placed {
        let member = self.bytes[placed.offset..placed.offset + placed.length].to_vec();
        self.push(&member, placed.id.clone(), placed.date.clone())
    }

    /// Appends bytes that are no member.
    pub(crate) fn add_garbage(&mut self, garbage: &[u8]) -> Placed {
        self.push(garbage, String::new(), String::new())
    }

    fn push(&mut self, member: &[u8], id: String, date: String) -> Placed {
        let offset = self.bytes.len();
        self.bytes.extend_from_slice(member);
        Placed { offset, length: member.len(), id, date }
    }

    /// Id and date of the next record: 41 seconds after the last, from 2 March 2026 on.
    fn next_name(&mut self) -> (String, String) {
        let name = format!("{}#{}", self.name, self.count);
        let digest = hex(&Sha256::digest(name.as_bytes())[..16]);
        let id = format!(
            "<urn:uuid:{}-{}-5{}-8{}-{}>",
            &digest[..8],
            &digest[8..12],
            &digest[13..16],
            &digest[17..20],
            &digest[20..]
        );
        let seconds = self.count * 41 + 6 * 3600;
        let (day, hour, minute) = (2 + seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
        let date = format!("2026-03-{day:02}T{hour:02}:{minute:02}:{:02}Z", seconds % 60);
        self.count += 1;
        (id, date)
    }
}

/// The record as it stands in an uncompressed file.
pub(crate) fn plain(record: &Record, id: &str, date: &str, length: usize) -> Vec<u8> {
    let mut lines = vec![
        "WARC/1.1".to_owned(),
        format!("WARC-Type: {}", record.kind),
        format!("WARC-Record-ID: {id}"),
        format!("WARC-Date: {date}"),
    ];
    if let Some(url) = &record.url {
        lines.push(format!("WARC-Target-URI: {url}"));
    }
    lines.extend(record.headers.iter().map(|(name, value)| format!("{name}: {value}")));
    lines.push(format!("Content-Type: {}", record.content_type));
    lines.push(format!("Content-Length: {length}"));
    let mut out = lines.join(EOL).into_bytes();
    out.extend_from_slice(b"\r\n\r\n");
    out.extend_from_slice(&record.block);
    out.extend_from_slice(b"\r\n\r\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_files_of_the_same_records_are_equal_byte_for_byte() {
        let make = || {
            let (mut file, _) = WarcFile::new("mfano.warc.gz").unwrap();
            let record = Record::response(
                "https://habari.example/",
                "HTTP/1.1 200 OK",
                "Habari ya asubuhi".as_bytes(),
            );
            let placed = file.add(&record).unwrap();
            (file.bytes, placed.id, placed.date)
        };
        assert_eq!(make(), make());
        assert_eq!(make().2, "2026-03-02T06:00:41Z");
        assert_eq!(make().1.len(), "<urn:uuid:00000000-0000-5000-8000-000000000000>".len());
    }

    #[test]
    fn a_member_inflates_to_the_record() {
        let (mut file, _) = WarcFile::new("mfano.warc.gz").unwrap();
        let placed =
            file.add(&Record::new("resource", "https://a.example/", "text/plain", "வணக்கம்".into())).unwrap();
        let mut out = vec![0; 4096];
        let length =
            libdeflater::Decompressor::new().gzip_decompress(&file.bytes[placed.offset..], &mut out).unwrap();
        let text = String::from_utf8(out[..length].to_vec()).unwrap();
        assert!(text.starts_with("WARC/1.1\r\nWARC-Type: resource\r\n"), "{text}");
        assert!(text.ends_with("Content-Length: 21\r\n\r\nவணக்கம்\r\n\r\n"), "{text}");
    }
}
