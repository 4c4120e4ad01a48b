//! The header of a WARC record: a version line and named fields, kept in the order and number they came in.
//!
//! Real files bend the standard (ISO 28500): bare LF, folded lines, lines without a colon, bytes that are not UTF-8,
//! target URIs in angle brackets, version 0.17 and 0.18. All of that is read. What decides where a record ends, the
//! Content-Length, is read strictly, and never believed before the bytes are there.
//!
//! ```
//! use kilim_connectors::warc::{HeaderParse, RecordHeader, RecordType};
//!
//! let bytes = b"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: <https://mfano.co.ke/>\r\nContent-Length: 5\r\n\r\nHabari";
//! let HeaderParse::Complete { header, len } = RecordHeader::parse(bytes, 64 << 10) else { panic!("a whole header") };
//! assert_eq!(header.record_type(), RecordType::Response);
//! assert_eq!(header.target_uri(), Some("https://mfano.co.ke/"));
//! assert_eq!(header.content_length(), Some(5));
//! assert_eq!(&bytes[len..len + 5], b"Habar");
//! ```

use std::ops::Range;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// What a record is, from its `WARC-Type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RecordType {
    /// About the file.
    Warcinfo,
    /// A server's whole answer.
    Response,
    /// A payload without its protocol's envelope.
    Resource,
    /// What the crawler asked.
    Request,
    /// About another record.
    Metadata,
    /// A page that had not changed since an earlier visit.
    Revisit,
    /// Made from another record, such as the text of Common Crawl's WET files.
    Conversion,
    /// The next segment of a record that was cut in pieces.
    Continuation,
    /// Another word, or none.
    Other,
}

impl RecordType {
    fn of(name: &str) -> Self {
        const NAMES: [(&str, RecordType); 8] = [
            ("warcinfo", RecordType::Warcinfo),
            ("response", RecordType::Response),
            ("resource", RecordType::Resource),
            ("request", RecordType::Request),
            ("metadata", RecordType::Metadata),
            ("revisit", RecordType::Revisit),
            ("conversion", RecordType::Conversion),
            ("continuation", RecordType::Continuation),
        ];
        let found = NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map_or(Self::Other, |(_, kind)| *kind)
    }

    /// The word that WARC files write, `other` where there is none.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Warcinfo => "warcinfo",
            Self::Response => "response",
            Self::Resource => "resource",
            Self::Request => "request",
            Self::Metadata => "metadata",
            Self::Revisit => "revisit",
            Self::Conversion => "conversion",
            Self::Continuation => "continuation",
            Self::Other => "other",
        }
    }
}

/// The header of one record. Names are compared without regard to case; bytes that are not UTF-8 became U+FFFD.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordHeader {
    /// Version, names and values one after the other.
    text: String,
    version: Range<u32>,
    fields: Vec<Field>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Field {
    name: Range<u32>,
    value: Range<u32>,
}

/// What came of reading a header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HeaderParse {
    /// A header of `len` bytes, the empty line behind it included.
    Complete {
        /// The header.
        header: RecordHeader,
        /// Bytes from the version line to the first byte of the block.
        len: usize,
    },
    /// It begins like a header, and the bytes end before it does.
    Partial,
    /// The bytes do not begin with a WARC version line.
    NotWarc,
    /// No end within the limit.
    TooLong,
}

/// Does a version line (`WARC/1.0`, in any case, of any two numbers) begin here? `None`: too few bytes to tell.
pub(super) fn begins_like_record(bytes: &[u8]) -> Option<bool> {
    const MARK: &[u8] = b"WARC/";
    let seen = bytes.len().min(MARK.len());
    if !bytes[..seen].eq_ignore_ascii_case(&MARK[..seen]) {
        return Some(false);
    }
    bytes.get(MARK.len()).map(u8::is_ascii_digit)
}

impl RecordHeader {
    /// Reads the header at the start of `bytes`, of at most `max_bytes` bytes.
    pub fn parse(bytes: &[u8], max_bytes: usize) -> HeaderParse {
        match begins_like_record(bytes) {
            Some(true) => {}
            Some(false) => return HeaderParse::NotWarc,
            None => return HeaderParse::Partial,
        }
        let limited = &bytes[..bytes.len().min(max_bytes)];
        let mut header =
            Self { text: String::with_capacity(512), version: 0..0, fields: Vec::with_capacity(12) };
        let mut at = 0;
        while let Some(end) = memchr::memchr(b'\n', &limited[at..]) {
            let line = &limited[at..at + end];
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if at == 0 {
                let version = line[5..].trim_ascii();
                if !is_version(version) {
                    return HeaderParse::NotWarc;
                }
                header.version = header.push(version);
            } else if line.is_empty() {
                return HeaderParse::Complete { header, len: at + end + 1 };
            } else {
                header.push_line(line);
            }
            at += end + 1;
        }
        if bytes.len() >= max_bytes {
            return HeaderParse::TooLong;
        }
        HeaderParse::Partial
    }

    /// A header that stands in no file: what the header line of an ARC record says, in WARC's words.
    pub(super) fn of_fields(version: &str, fields: &[(&str, &[u8])]) -> Self {
        let mut header = Self { text: String::with_capacity(256), version: 0..0, fields: Vec::new() };
        header.version = header.push(version.as_bytes());
        for (name, value) in fields {
            let (name, value) = (header.push(name.as_bytes()), header.push(value.trim_ascii()));
            header.fields.push(Field { name, value });
        }
        header
    }

    fn push(&mut self, bytes: &[u8]) -> Range<u32> {
        let start = self.text.len() as u32;
        self.text.push_str(&String::from_utf8_lossy(bytes));
        start..self.text.len() as u32
    }

    fn push_line(&mut self, line: &[u8]) {
        if line[0] == b' ' || line[0] == b'\t' {
            // Folded: the value of the field before goes on. It ends where the text ends.
            if let Some(mut last) = self.fields.pop() {
                if !last.value.is_empty() {
                    self.text.push(' ');
                }
                last.value.end = self.push(line.trim_ascii()).end;
                self.fields.push(last);
            }
            return;
        }
        let Some(colon) = memchr::memchr(b':', line) else { return };
        let name = self.push(line[..colon].trim_ascii());
        let value = self.push(line[colon + 1..].trim_ascii());
        self.fields.push(Field { name, value });
    }

    fn slice(&self, range: &Range<u32>) -> &str {
        &self.text[range.start as usize..range.end as usize]
    }

    /// The version, such as `1.0`, `1.1` or `0.18`; `ARC` for a record of an ARC file.
    pub fn version(&self) -> &str {
        self.slice(&self.version)
    }

    /// All fields in their order, with repetitions; lines without a colon are left out.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.fields.iter().map(|field| (self.slice(&field.name), self.slice(&field.value)))
    }

    /// The first value of a field.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.fields().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// All values of a field.
    pub fn get_all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.fields().filter(move |(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// What the record is.
    pub fn record_type(&self) -> RecordType {
        RecordType::of(self.get("WARC-Type").unwrap_or_default())
    }

    /// The record's id, without angle brackets; usually `urn:uuid:…`.
    pub fn record_id(&self) -> Option<&str> {
        self.get("WARC-Record-ID").map(without_brackets).filter(|id| !id.is_empty())
    }

    /// The URI the record is about, as written, without the angle brackets of old writers.
    pub fn target_uri(&self) -> Option<&str> {
        self.get("WARC-Target-URI").map(without_brackets).filter(|uri| !uri.is_empty())
    }

    /// `WARC-Date` as written.
    pub fn date(&self) -> Option<&str> {
        self.get("WARC-Date").filter(|date| !date.is_empty())
    }

    /// `WARC-Date` as an instant; a shorter date (WARC/1.1 allows a year, a month or a day) is its first instant in UTC.
    pub fn timestamp(&self) -> Option<Timestamp> {
        let text = self.date()?;
        if let Ok(exact) = text.parse() {
            return Some(exact);
        }
        let mut parts = text.split('-');
        let year = parts.next()?.parse().ok()?;
        let mut next = || parts.next().map_or(Some(1), |part| part.parse().ok());
        let (month, day) = (next()?, next()?);
        let date = Date::new(year, month, day).ok()?;
        TimeZone::UTC.to_timestamp(date.at(0, 0, 0, 0)).ok()
    }

    /// Bytes of the block by the header's own word; `None` where that is missing or no number, `u64::MAX` where it is
    /// too large for one.
    pub fn content_length(&self) -> Option<u64> {
        let text = self.get("Content-Length")?;
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        Some(text.parse().unwrap_or(u64::MAX))
    }
}

fn without_brackets(value: &str) -> &str {
    value.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')).unwrap_or(value).trim()
}

fn is_version(text: &[u8]) -> bool {
    let Some(dot) = text.iter().position(|byte| *byte == b'.') else { return false };
    let number =
        |digits: &[u8]| !digits.is_empty() && digits.len() <= 3 && digits.iter().all(u8::is_ascii_digit);
    number(&text[..dot]) && number(&text[dot + 1..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &[u8]) -> RecordHeader {
        match RecordHeader::parse(text, 64 << 10) {
            HeaderParse::Complete { header, len } => {
                assert_eq!(len, text.len());
                header
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn repeated_fields_are_kept_in_order_and_found_in_any_case() {
        let header = parse(
            b"WARC/1.1\r\nWARC-Concurrent-To: <urn:a>\r\nwarc-type: REVISIT\r\nWARC-Concurrent-To: <urn:b>\r\n\r\n",
        );
        assert_eq!(header.get_all("warc-concurrent-to").collect::<Vec<_>>(), ["<urn:a>", "<urn:b>"]);
        assert_eq!(header.record_type(), RecordType::Revisit);
        assert_eq!(header.version(), "1.1");
    }

    #[test]
    fn bare_line_feeds_folded_lines_and_odd_bytes_are_read() {
        let header = parse(
            b"warc/0.18 \nX-Folded: moja\n\tmbili\n  tatu\nNoColonLine\nX-Bin: \xff\xe1\x88\xb0\nContent-Length: 7\n\n",
        );
        assert_eq!(header.get("x-folded"), Some("moja mbili tatu"));
        assert_eq!(header.get("X-Bin"), Some("\u{fffd}ሰ"));
        assert_eq!(header.content_length(), Some(7));
        assert_eq!(header.fields().count(), 3);
    }

    #[test]
    fn lengths_that_are_no_lengths_are_refused_and_huge_ones_saturate() {
        let length = |value: &str| {
            parse(format!("WARC/1.0\r\nContent-Length: {value}\r\n\r\n").as_bytes()).content_length()
        };
        assert_eq!(length("12"), Some(12));
        assert_eq!(length("18446744073709551616"), Some(u64::MAX));
        for bad in ["-3", "+3", "", "0x10", "1 2", "3.0"] {
            assert_eq!(length(bad), None, "{bad}");
        }
    }

    #[test]
    fn dates_of_every_precision_are_instants_and_impossible_ones_are_not() {
        let stamp = |value: &str| {
            let header = parse(format!("WARC/1.1\r\nWARC-Date: {value}\r\n\r\n").as_bytes());
            header.timestamp().map(|stamp| stamp.to_string())
        };
        assert_eq!(stamp("2026-01-02T03:04:05Z").as_deref(), Some("2026-01-02T03:04:05Z"));
        assert_eq!(stamp("2016-01-11T23:24:25.412030Z").as_deref(), Some("2016-01-11T23:24:25.41203Z"));
        assert_eq!(stamp("2016-03").as_deref(), Some("2016-03-01T00:00:00Z"));
        assert_eq!(stamp("2016").as_deref(), Some("2016-01-01T00:00:00Z"));
        assert_eq!(stamp("2008-10-294T05:21:46-0700"), None); // ClueWeb09
        assert_eq!(stamp("jana"), None);
    }

    #[test]
    fn headers_without_end_are_partial_until_the_limit() {
        let long = [b"WARC/1.0\r\nX: ".as_slice(), &[b'a'; 2000]].concat();
        assert_eq!(RecordHeader::parse(&long, 4000), HeaderParse::Partial);
        assert_eq!(RecordHeader::parse(&long, 2000), HeaderParse::TooLong);
        assert_eq!(RecordHeader::parse(b"WAR", 2000), HeaderParse::Partial);
        assert_eq!(RecordHeader::parse(b"WARC/x\r\n\r\n", 2000), HeaderParse::NotWarc);
        assert_eq!(RecordHeader::parse("ሰላም".as_bytes(), 2000), HeaderParse::NotWarc);
    }
}
