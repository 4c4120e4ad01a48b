//! ARC, the Internet Archive's format before WARC: one line, then what the server sent.
//!
//! ```text
//! http://mfano.co.ke/ 192.0.2.1 20040102030405 text/html 1591
//! ```
//! Address, IP address, date, media type, length: version 1. Version 2 has five more fields between the last two. The
//! address may have spaces in it, and in some files so has the media type, so a line is read from the date outwards.
//! A file begins with a record about itself, `filedesc://…`. ([Format](https://archive.org/web/researcher/ArcFileFormat.php))
//!
//! A line becomes a [`RecordHeader`] in WARC's words: an HTTP answer is a `response`, `filedesc` is a `warcinfo`, and what
//! was fetched otherwise (`dns:`, `ftp:`) a `resource`. There are no ids.

use std::net::IpAddr;

use super::header::{HeaderParse, RecordHeader};

/// A longer line is not seen as a start from outside; addresses that browsers send have at most 2 KiB.
pub(super) const MAX_START_LINE: usize = 2 << 10;
/// Bytes within which an address has its colon; `filedesc:` needs nine.
const MAX_SCHEME: usize = 24;
/// Words behind the date, in version 2: type, result, checksum, location, offset, file name, length. A media type may have
/// parameters with spaces.
const MAX_WORDS_BEHIND_DATE: usize = 12;
/// Line ends in front of a record that still belong to it: the format puts one there, some writers another behind.
const MAX_BLANK: usize = 4;

/// The fields of a line.
#[derive(Debug, PartialEq, Eq)]
struct Line<'a> {
    address: &'a [u8],
    ip: &'a [u8],
    date: &'a [u8],
    media_type: &'a [u8],
    length: &'a [u8],
}

impl<'a> Line<'a> {
    fn parse(line: &'a [u8]) -> Option<Self> {
        if begins_like_address(line) != Some(true) {
            return None;
        }
        let mut words = Words(line.trim_ascii_end());
        let length = words.next_back()?;
        let mut media_type = words.next_back()?;
        for _ in 1..MAX_WORDS_BEHIND_DATE {
            let word = words.next_back()?;
            if is_date(word) {
                let mut before = Words(words.0);
                let ip = before.next_back()?;
                let address = before.0.trim_ascii_end();
                if is_ip(ip) && !address.is_empty() {
                    return Some(Self { address, ip, date: word, media_type, length });
                }
            }
            media_type = word;
        }
        None
    }

    /// Would the line be one in a file that says nothing else about where records begin?
    fn is_strong(&self) -> bool {
        let two = |at: usize| u32::from(self.date[at] - b'0') * 10 + u32::from(self.date[at + 1] - b'0');
        self.date.len() == 14
            && (1..=12).contains(&two(4))
            && (1..=31).contains(&two(6))
            && is_number(self.length)
    }

    fn header(&self) -> RecordHeader {
        let is = |scheme: &[u8]| {
            self.address.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
        };
        let date = warc_date(self.date);
        let date = date.as_deref().unwrap_or(self.date);
        let (kind, content_type) = if is(b"filedesc:") {
            ("warcinfo", self.media_type)
        } else if is(b"http:") || is(b"https:") {
            ("response", b"application/http; msgtype=response".as_slice())
        } else {
            ("resource", self.media_type)
        };
        RecordHeader::of_fields(
            "ARC",
            &[
                ("WARC-Type", kind.as_bytes()),
                ("WARC-Target-URI", self.address),
                ("WARC-Date", date),
                ("WARC-IP-Address", self.ip),
                ("WARC-Identified-Payload-Type", self.media_type),
                ("Content-Type", content_type),
                ("Content-Length", self.length),
            ],
        )
    }
}

/// Words of a line, taken from its end.
struct Words<'a>(&'a [u8]);

impl<'a> Words<'a> {
    fn next_back(&mut self) -> Option<&'a [u8]> {
        let text = self.0.trim_ascii_end();
        let start = memchr::memrchr(b' ', text).map_or(0, |space| space + 1);
        let word = &text[start..];
        self.0 = &text[..start];
        (!word.is_empty()).then_some(word)
    }
}

fn is_number(word: &[u8]) -> bool {
    !word.is_empty() && word.iter().all(u8::is_ascii_digit)
}

/// 14 digits, as a rule; some writers had fewer or more.
fn is_date(word: &[u8]) -> bool {
    (12..=18).contains(&word.len()) && is_number(word)
}

/// An IP address, or what writers put where they knew none.
fn is_ip(word: &[u8]) -> bool {
    matches!(word, b"0" | b"-") || std::str::from_utf8(word).is_ok_and(|text| text.parse::<IpAddr>().is_ok())
}

/// `20040102030405` as `2004-01-02T03:04:05Z`.
fn warc_date(digits: &[u8]) -> Option<Vec<u8>> {
    let digits: &[u8; 14] = digits.try_into().ok()?;
    let mut date = Vec::with_capacity(20);
    for (index, digit) in digits.iter().enumerate() {
        match index {
            4 | 6 => date.push(b'-'),
            8 => date.push(b'T'),
            10 | 12 => date.push(b':'),
            _ => {}
        }
        date.push(*digit);
    }
    date.push(b'Z');
    Some(date)
}

/// A scheme and its colon. `None`: too few bytes to tell.
fn begins_like_address(bytes: &[u8]) -> Option<bool> {
    let head = &bytes[..bytes.len().min(MAX_SCHEME)];
    let other = |byte: &u8| !byte.is_ascii_alphanumeric() && !matches!(byte, b'+' | b'-' | b'.');
    match head.iter().position(other) {
        Some(colon) => Some(head[colon] == b':' && colon >= 2 && head[0].is_ascii_alphabetic()),
        None if head.first().is_some_and(|first| !first.is_ascii_alphabetic()) => Some(false),
        None if head.len() == MAX_SCHEME => Some(false),
        None => None,
    }
}

/// Does a header line begin here? `None`: too few bytes to tell.
pub(super) fn begins_like_record(bytes: &[u8]) -> Option<bool> {
    start(bytes, false)
}

/// As [`begins_like_record`], for a line that must speak for itself.
pub(super) fn is_strong(bytes: &[u8]) -> Option<bool> {
    start(bytes, true)
}

fn start(bytes: &[u8], must_be_strong: bool) -> Option<bool> {
    if begins_like_address(bytes)? {
        let limited = &bytes[..bytes.len().min(MAX_START_LINE)];
        match memchr::memchr(b'\n', limited) {
            Some(end) => {
                Some(Line::parse(&limited[..end]).is_some_and(|line| !must_be_strong || line.is_strong()))
            }
            None if limited.len() == MAX_START_LINE => Some(false),
            None => None,
        }
    } else {
        Some(false)
    }
}

/// Bytes of line ends at the start of `bytes` that belong to the record behind them.
pub(super) fn blank(bytes: &[u8]) -> usize {
    let head = &bytes[..bytes.len().min(MAX_BLANK)];
    head.iter().position(|byte| !matches!(byte, b'\r' | b'\n')).unwrap_or(head.len())
}

/// Reads the header line at the start of `bytes`, behind a few line ends at most.
pub(super) fn parse(bytes: &[u8], max_bytes: usize) -> HeaderParse {
    let blank = blank(bytes);
    let limited = &bytes[blank..bytes.len().min(max_bytes).max(blank)];
    match begins_like_address(limited) {
        None => return HeaderParse::Partial,
        Some(false) => return HeaderParse::NotWarc,
        Some(true) => {}
    }
    match memchr::memchr(b'\n', limited) {
        Some(end) => match Line::parse(&limited[..end]) {
            Some(line) => HeaderParse::Complete { header: line.header(), len: blank + end + 1 },
            None => HeaderParse::NotWarc,
        },
        None if bytes.len() >= max_bytes => HeaderParse::TooLong,
        None => HeaderParse::Partial,
    }
}

#[cfg(test)]
mod tests {
    use super::super::RecordType;
    use super::*;

    fn header(line: &str) -> RecordHeader {
        match parse(line.as_bytes(), 64 << 10) {
            HeaderParse::Complete { header, len } => {
                assert_eq!(len, line.len());
                header
            }
            other => panic!("{line:?}: {other:?}"),
        }
    }

    #[test]
    fn lines_of_both_versions_are_read_in_words_of_warc() {
        let first = header("http://mfano.co.ke/habari 192.0.2.7 20040102030405 text/html 1591\n");
        assert_eq!(first.record_type(), RecordType::Response);
        assert_eq!(first.target_uri(), Some("http://mfano.co.ke/habari"));
        assert_eq!(first.date(), Some("2004-01-02T03:04:05Z"));
        assert_eq!(first.timestamp().unwrap().to_string(), "2004-01-02T03:04:05Z");
        assert_eq!(first.get("warc-ip-address"), Some("192.0.2.7"));
        assert_eq!(first.get("WARC-Identified-Payload-Type"), Some("text/html"));
        assert_eq!((first.content_length(), first.version(), first.record_id()), (Some(1591), "ARC", None));

        let second = header(
            "http://mfano.et:80/ 2001:db8::1 19961104142103 text/html 200 fac069150613fe55 - 209 IA-001102.arc 202\r\n",
        );
        assert_eq!(second.target_uri(), Some("http://mfano.et:80/"));
        assert_eq!(second.get("WARC-Identified-Payload-Type"), Some("text/html"));
        assert_eq!(second.content_length(), Some(202));
    }

    #[test]
    fn spaces_in_addresses_and_types_and_letters_of_any_script_are_read() {
        let spaced =
            header("\n\nhttp://mfano.in/a?t=आज का मौसम&p=1 0 20040102030405 text/html; charset=utf-8 7\n");
        assert_eq!(spaced.target_uri(), Some("http://mfano.in/a?t=आज का मौसम&p=1"));
        assert_eq!(spaced.get("WARC-Identified-Payload-Type"), Some("text/html;"));
        assert_eq!(spaced.content_length(), Some(7));
        // Digits like a date inside the address are not the date.
        let dated = header("http://mfano.th/ 192.0.2.1 20030101000000 x 192.0.2.2 20040102030405 - 3\n");
        assert_eq!(dated.target_uri(), Some("http://mfano.th/ 192.0.2.1 20030101000000 x"));
    }

    #[test]
    fn what_was_not_fetched_over_http_is_a_resource_and_the_file_describes_itself() {
        assert_eq!(
            header("filedesc://x.arc 0.0.0.0 20040102030405 text/plain 76\n").record_type(),
            RecordType::Warcinfo
        );
        let dns = header("dns:mfano.gr 192.0.2.9 20040102030405 text/dns 56\n");
        assert_eq!((dns.record_type(), dns.get("Content-Type")), (RecordType::Resource, Some("text/dns")));
    }

    #[test]
    fn lines_that_are_none_and_lengths_that_are_none_are_told_apart() {
        for line in [
            "ሰላም ለዓለም\n",
            "http://mfano.et/ habari 20040102030405 text/html 5\n",
            "a:b\n",
            "x\n",
            "\n\n\n\n\n",
        ] {
            assert_eq!(parse(line.as_bytes(), 4096), HeaderParse::NotWarc, "{line:?}");
            assert_ne!(is_strong(line.as_bytes()), Some(true), "{line:?}");
        }
        let odd = "http://mfano.co.tz/ 192.0.2.1 201404010000000000 text/html -1\n";
        assert_eq!(header(odd).content_length(), None);
        assert_eq!(header(odd).timestamp(), None);
        assert_eq!(
            (begins_like_record(odd.as_bytes()), is_strong(odd.as_bytes())),
            (Some(true), Some(false))
        );
        assert_eq!(is_strong(b"http://mfano.co.tz/ 192.0.2.1 20149901000000 text/html 1\n"), Some(false));
        assert_eq!(parse(b"http://mfano.co.tz/ 192.0.2.1", 4096), HeaderParse::Partial);
        assert_eq!(parse(b"htt", 4096), HeaderParse::Partial);
        assert_eq!(parse(format!("http://{}", "a".repeat(5000)).as_bytes(), 4096), HeaderParse::TooLong);
        assert_eq!(begins_like_record(format!("http://{}", "a".repeat(5000)).as_bytes()), Some(false));
    }
}
