//! Writes WARC records: for tests, samples and what the polite fetcher saves. The same call gives the same bytes, and
//! reading them gives the same record.

use std::io::Write;

use sha2::{Digest, Sha256};

/// A date for records about no particular moment.
pub const WARC_BLANK_DATE: &str = "2026-01-01T00:00:00Z";

/// Fields that every record has from its writer, once.
const OWN_FIELDS: [&str; 3] = ["WARC-Type", "WARC-Record-ID", "Content-Length"];

/// One record to write.
///
/// Its id is made from its content (a version 8 UUID of its SHA-256), so that writing is repeatable; give another with
/// [`id`](Self::id).
///
/// ```
/// use kilim_connectors::warc::RecordBuilder;
///
/// let record = RecordBuilder::response("https://mfano.go.tz/", "2026-01-02T03:04:05Z", b"HTTP/1.1 200 OK\r\n\r\nKaribu")
///     .field("WARC-Identified-Payload-Type", "text/html");
/// assert!(record.to_plain().starts_with(b"WARC/1.1\r\nWARC-Type: response\r\n"));
/// ```
#[derive(Debug, Clone)]
pub struct RecordBuilder {
    kind: &'static str,
    id: Option<String>,
    fields: Vec<(String, String)>,
    block: Vec<u8>,
}

impl RecordBuilder {
    fn new(kind: &'static str, uri: Option<&str>, date: &str, content_type: &str, block: &[u8]) -> Self {
        let mut builder = Self { kind, id: None, fields: Vec::new(), block: block.to_vec() };
        builder = builder.field("WARC-Date", date);
        if let Some(uri) = uri {
            builder = builder.field("WARC-Target-URI", uri);
        }
        builder.field("Content-Type", content_type)
    }

    /// A server's answer, HTTP head included.
    pub fn response(uri: &str, date: &str, http: &[u8]) -> Self {
        Self::new("response", Some(uri), date, "application/http; msgtype=response", http)
    }

    /// What was asked of a server.
    pub fn request(uri: &str, date: &str, http: &[u8]) -> Self {
        Self::new("request", Some(uri), date, "application/http; msgtype=request", http)
    }

    /// A visit that found what record `refers_to` holds already; `http` is the answer's head.
    pub fn revisit(uri: &str, date: &str, refers_to: &str, http: &[u8]) -> Self {
        Self::new("revisit", Some(uri), date, "application/http; msgtype=response", http)
            .field("WARC-Profile", "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest")
            .field("WARC-Refers-To", &format!("<{refers_to}>"))
    }

    /// A payload without HTTP.
    pub fn resource(uri: &str, date: &str, content_type: &str, payload: &[u8]) -> Self {
        Self::new("resource", Some(uri), date, content_type, payload)
    }

    /// Text made from another record, as in Common Crawl's WET files.
    pub fn conversion(uri: &str, date: &str, content_type: &str, payload: &[u8]) -> Self {
        Self::new("conversion", Some(uri), date, content_type, payload)
    }

    /// About another record: lines `name: value`, as a rule.
    pub fn metadata(uri: &str, date: &str, content_type: &str, block: &[u8]) -> Self {
        Self::new("metadata", Some(uri), date, content_type, block)
    }

    /// The segment `number` (from 2 on) of record `origin`, which was cut in pieces.
    pub fn continuation(uri: &str, date: &str, origin: &str, number: u32, block: &[u8]) -> Self {
        Self::new("continuation", Some(uri), date, "application/octet-stream", block)
            .field("WARC-Segment-Origin-ID", &format!("<{origin}>"))
            .field("WARC-Segment-Number", &number.to_string())
    }

    /// About the file: lines `name: value`.
    pub fn warcinfo(date: &str, fields: &[u8]) -> Self {
        Self::new("warcinfo", None, date, "application/warc-fields", fields)
    }

    /// Sets the record's id, such as `urn:uuid:…`, without angle brackets.
    #[must_use]
    pub fn id(mut self, id: &str) -> Self {
        self.id = Some(one_line(id));
        self
    }

    /// Adds a header field. Line ends in the value become spaces, and what cannot stand in a name (by RFC 9110, 5.1) a
    /// hyphen. Fields that say what the record is and where it ends (`WARC-Type`, `WARC-Record-ID`, `Content-Length`) are the writer's, and are not added.
    #[must_use]
    pub fn field(mut self, name: &str, value: &str) -> Self {
        let token =
            |c: char| if c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c) { c } else { '-' };
        let name: String = name.chars().map(token).collect();
        if !name.is_empty() && !OWN_FIELDS.iter().any(|own| own.eq_ignore_ascii_case(&name)) {
            self.fields.push((name, one_line(value)));
        }
        self
    }

    /// The record as it stands in an uncompressed file.
    pub fn to_plain(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.block.len() + 512);
        let id = self.id.clone().unwrap_or_else(|| self.content_id());
        let mut push = |text: &str| out.extend_from_slice(text.as_bytes());
        push("WARC/1.1\r\nWARC-Type: ");
        push(self.kind);
        push("\r\nWARC-Record-ID: <");
        push(&id);
        push(">\r\n");
        for (name, value) in &self.fields {
            push(name);
            push(": ");
            push(value);
            push("\r\n");
        }
        push(&format!("Content-Length: {}\r\n\r\n", self.block.len()));
        out.extend_from_slice(&self.block);
        out.extend_from_slice(b"\r\n\r\n");
        out
    }

    /// The record as one gzip member.
    pub fn to_gzip(&self) -> Vec<u8> {
        let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(6));
        writer
            .write_all(&self.to_plain())
            .and_then(|()| writer.finish())
            .expect("writing into a Vec never fails")
    }

    /// The record as one zstd frame, with its size and a checksum, for a `.warc.zst` file.
    pub fn to_zstd(&self) -> Vec<u8> {
        let plain = self.to_plain();
        zstd::bulk::Compressor::new(3)
            .and_then(|mut writer| {
                writer.include_checksum(true)?;
                writer.compress(&plain)
            })
            .expect("compressing into a Vec fails on a wrong level only")
    }

    fn content_id(&self) -> String {
        let mut hash = Sha256::new();
        hash.update(self.kind);
        for (name, value) in &self.fields {
            hash.update(format!("{name}: {value}\n"));
        }
        hash.update(&self.block);
        let digest = hash.finalize();
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        bytes[6] = bytes[6] & 0x0f | 0x80; // RFC 9562: version 8
        bytes[8] = bytes[8] & 0x3f | 0x80;
        let hex = hex::encode(bytes);
        format!("urn:uuid:{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
    }
}

fn one_line(value: &str) -> String {
    value.replace(['\r', '\n'], " ").trim_ascii().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::warc::{HeaderParse, RecordHeader, RecordType};

    #[test]
    fn what_is_written_is_read_back() {
        let block = "HTTP/1.1 200 OK\r\n\r\n<p>ሰላም ለዓለም</p>".as_bytes();
        let bytes = RecordBuilder::response("https://mfano.et/ሰላም", WARC_BLANK_DATE, block)
            .field("X-Mbili", "a\nb")
            .to_plain();
        let HeaderParse::Complete { header, len } = RecordHeader::parse(&bytes, 4096) else {
            panic!("no header")
        };
        assert_eq!(header.record_type(), RecordType::Response);
        assert_eq!(header.target_uri(), Some("https://mfano.et/ሰላም"));
        assert_eq!(header.get("x-mbili"), Some("a b"));
        assert_eq!(header.content_length(), Some(block.len() as u64));
        assert_eq!(&bytes[len..], [block, b"\r\n\r\n"].concat());
    }

    #[test]
    fn the_same_record_has_the_same_id_and_another_has_another() {
        let id = |text: &str| {
            RecordBuilder::resource("https://mfano.gr/", WARC_BLANK_DATE, "text/plain", text.as_bytes())
                .to_gzip()
        };
        assert_eq!(id("Γειά"), id("Γειά"));
        assert_ne!(id("Γειά"), id("Γεια"));
    }
}
