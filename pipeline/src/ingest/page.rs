//! Which records are pages.
//!
//! A page is a `response` with a 2xx status, or a `resource`, whose body is HTML or plain text. Everything else is
//! `skipped` with the reason: its record type, its status, its media type. A body without a media type, or with one
//! that says nothing, is looked at: servers forget it more often in some countries than in others.
//!
//! A `conversion` is what somebody made of another record, such as the text in Common Crawl's WET files. It is taken at
//! its word: plain text is text, and is not looked at for HTML, since text about HTML begins like HTML.
//!
//! Files in which a host says who may do what with its pages (`robots`, `tdmrep`, `rsl`) are skipped under their names, and
//! keep their bodies ([`SiteFile`]) for stage 3.
//!
//! A record that was cut in segments (WARC 1.1, 7) is read as far as its first segment goes, and is marked as
//! [`SEGMENTED`]; the segments behind it, `continuation` records, are skipped. They are not joined: they may be in another
//! file, the last of them says how long the whole is, and rows must not depend on where splits end.

use std::borrow::Cow;

use kilim_connectors::http::{HttpLimits, Response};
use kilim_connectors::signals::host::FileKind;
use kilim_connectors::signals::rsl;
use kilim_connectors::warc::{Record, RecordHeader, RecordType};

/// What the reader makes of one record that it could read.
#[derive(Debug)]
pub(super) enum Reading<'a> {
    /// A page. `media_type` is what it is read as.
    Page {
        /// The HTTP response; `None` for a resource record.
        response: Option<Response<'a>>,
        /// Media type, lower-case.
        media_type: String,
    },
    /// Not a page.
    Skipped {
        /// A stable word.
        code: &'static str,
        /// What was seen.
        detail: Option<String>,
        /// The HTTP response, if there is one.
        response: Option<Response<'a>>,
    },
}

/// What `truncated` says of the first segment of a record that goes on in others.
pub(super) const SEGMENTED: &str = "segmented";

/// Is there more of this record in others?
pub(super) fn is_segmented(header: &RecordHeader) -> bool {
    header.record_type() != RecordType::Continuation && header.get("WARC-Segment-Number").is_some()
}

/// Reads one record.
pub(super) fn read<'a>(record: &Record<'a>, limits: HttpLimits) -> Reading<'a> {
    let header = &record.header;
    match header.record_type() {
        RecordType::Response => read_response(record, limits),
        RecordType::Resource => {
            let declared = header.get("Content-Type").unwrap_or_default();
            match media_type(declared, record.block) {
                _ if record.block.is_empty() => skipped("empty_body", None, None),
                Some(media_type) => Reading::Page { response: None, media_type },
                None => skipped("media_type", Some(essence(declared)), None),
            }
        }
        RecordType::Conversion => {
            let declared = header.get("Content-Type").unwrap_or_default();
            let media_type = match essence(declared) {
                plain if plain == "text/plain" => Some(plain),
                _ => media_type(declared, record.block),
            };
            match media_type {
                _ if record.block.is_empty() => skipped("empty_body", None, None),
                Some(media_type) => Reading::Page { response: None, media_type },
                None => skipped("media_type", Some(essence(declared)), None),
            }
        }
        other => skipped(other.as_str(), None, None),
    }
}

fn read_response<'a>(record: &Record<'a>, limits: HttpLimits) -> Reading<'a> {
    let Ok(response) = Response::parse(record.block, limits) else {
        return match sniff(record.block) {
            Some(media_type) => Reading::Page { response: None, media_type: media_type.to_owned() },
            None => skipped("no_http_head", None, None),
        };
    };
    let status = response.status;
    let site_file = record.header.target_uri().and_then(FileKind::of_url);
    if !(200..300).contains(&status) {
        return skipped("http_status", Some(status.to_string()), Some(response));
    }
    if response.body.is_empty() {
        return skipped("empty_body", None, Some(response));
    }
    // A robots.txt in a folder is none, but it is no page either.
    if record.header.target_uri().is_some_and(|url| url.ends_with("/robots.txt")) {
        return skipped(FileKind::Robots.as_str(), None, Some(response));
    }
    if let Some(kind) = site_file {
        return skipped(kind.as_str(), None, Some(response));
    }
    let declared = response.get("content-type").unwrap_or_default().to_owned();
    match media_type(&declared, &response.body) {
        Some(media_type) => Reading::Page { response: Some(response), media_type },
        None if is_licence(&declared, &response.body) => {
            skipped(FileKind::Rsl.as_str(), None, Some(response))
        }
        None => skipped("media_type", Some(essence(&declared)), Some(response)),
    }
}

/// Whether a body is a licence of RSL, by its media type or its root.
fn is_licence(declared: &str, body: &[u8]) -> bool {
    match essence(declared).as_str() {
        rsl::MEDIA_TYPE => true,
        "application/xml" | "text/xml" => contains_ignoring_case(&body[..body.len().min(1024)], b"<rsl"),
        _ => false,
    }
}

/// A file of a host that says who may do what with its pages.
#[derive(Debug, Clone, Copy)]
pub(super) struct SiteFile<'a> {
    /// Which.
    pub kind: FileKind,
    /// Its body; `None` after an answer that is no file.
    pub body: Option<&'a [u8]>,
}

/// The file of a host that a skipped answer is. For robots.txt a failure says something, too.
pub(super) fn site_file<'a>(url: &str, code: &str, response: &'a Response<'_>) -> Option<SiteFile<'a>> {
    let kind = match FileKind::of_url(url) {
        Some(kind) => kind,
        None if code == FileKind::Rsl.as_str() => FileKind::Rsl,
        None => return None,
    };
    let is_file = (200..300).contains(&response.status);
    let body = is_file.then_some(&*response.body);
    (is_file || kind == FileKind::Robots).then_some(SiteFile { kind, body })
}

fn skipped<'a>(code: &'static str, detail: Option<String>, response: Option<Response<'a>>) -> Reading<'a> {
    Reading::Skipped { code, detail, response }
}

/// The HTTP head of a response block, as it came.
pub(super) fn head(block: &[u8]) -> Cow<'_, str> {
    let ends = [b"\r\n\r\n".as_slice(), b"\n\n"].map(|mark| memchr::memmem::find(block, mark));
    let end = ends.into_iter().flatten().min().unwrap_or(0);
    String::from_utf8_lossy(&block[..end])
}

/// The media type without parameters, lower-case.
pub(super) fn essence(content_type: &str) -> String {
    content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// The media type as which a body is a page, or `None`.
fn media_type(declared: &str, body: &[u8]) -> Option<String> {
    let essence = essence(declared);
    match essence.as_str() {
        "text/html" | "application/xhtml+xml" | "application/vnd.wap.xhtml+xml" => Some(essence),
        "text/plain" => Some(sniff(body).unwrap_or("text/plain").to_owned()),
        "" | "application/octet-stream" | "unknown/unknown" | "application/xml" | "text/xml" | "*/*" => {
            sniff(body).map(str::to_owned)
        }
        _ => None,
    }
}

/// `text/html` if a body opens like a page.
fn sniff(body: &[u8]) -> Option<&'static str> {
    let head = &body[..body.len().min(1024)];
    let start = head.iter().position(|&byte| byte == b'<')?;
    let before_is_blank = head[..start].iter().all(|byte| byte.is_ascii_whitespace() || !byte.is_ascii());
    let opens_like_a_page = [b"<!doctype html".as_slice(), b"<html", b"<head", b"<body", b"<title", b"<meta"]
        .iter()
        .any(|mark| contains_ignoring_case(&head[start..], mark));
    (before_is_blank && opens_like_a_page).then_some("text/html")
}

fn contains_ignoring_case(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window.eq_ignore_ascii_case(needle))
}

#[cfg(test)]
mod tests {
    use kilim_connectors::warc::{Item, Progress, ReadLimits, RecordBuilder, SplitParser, WarcFormat};

    use super::*;

    const DATE: &str = "2026-01-02T03:04:05Z";

    /// What becomes of a record as it stands in a file: its media type, or why it is skipped; and whether it is segmented.
    fn reading(format: WarcFormat, bytes: &[u8]) -> (String, bool) {
        let mut parser = SplitParser::new(format, 0..u64::MAX, ReadLimits::default());
        let Progress::Item(Item::Record(record)) = parser.next(bytes, true) else { panic!("no record") };
        let word = match read(&record, HttpLimits::default()) {
            Reading::Page { media_type, .. } => media_type,
            Reading::Skipped { code, .. } => format!("skipped: {code}"),
        };
        (word, is_segmented(&record.header))
    }

    #[test]
    fn text_that_others_extracted_is_a_page_and_words_about_records_are_not() {
        let url = "https://mfano.co.ke/";
        let word = |record: RecordBuilder| reading(WarcFormat::Plain, &record.to_plain()).0;
        let conversion = |kind: &str, text: &str| RecordBuilder::conversion(url, DATE, kind, text.as_bytes());
        for (record, expected) in [
            (conversion("text/plain", "வணக்கம் உலகம்"), "text/plain"),
            (conversion("text/plain; charset=utf-8", "<html> ni lugha ya kurasa"), "text/plain"),
            (conversion("text/html", "<p>Γειά"), "text/html"),
            (conversion("text/plain", ""), "skipped: empty_body"),
            (conversion("application/json", "{}"), "skipped: media_type"),
            (RecordBuilder::resource(url, DATE, "text/plain", "ሰላም".as_bytes()), "text/plain"),
            (RecordBuilder::metadata(url, DATE, "application/json", b"{}"), "skipped: metadata"),
            (RecordBuilder::request(url, DATE, b"GET / HTTP/1.1\r\n\r\n"), "skipped: request"),
            (RecordBuilder::warcinfo(DATE, b"software: kilim\r\n"), "skipped: warcinfo"),
        ] {
            assert_eq!(word(record.clone()), expected, "{record:?}");
        }
    }

    #[test]
    fn a_segmented_page_is_its_first_segment_and_the_others_are_skipped() {
        let url = "https://mfano.co.tz/";
        let http = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<p>नमस्ते दुनि".as_bytes();
        let first =
            RecordBuilder::response(url, DATE, http).id("urn:uuid:1").field("WARC-Segment-Number", "1");
        assert_eq!(reading(WarcFormat::Gzip, &first.to_gzip()), ("text/html".to_owned(), true));
        let second = RecordBuilder::continuation(url, DATE, "urn:uuid:1", 2, "या</p>".as_bytes())
            .field("WARC-Segment-Total-Length", "99");
        assert_eq!(reading(WarcFormat::Zstd, &second.to_zstd()), ("skipped: continuation".to_owned(), false));
    }

    #[test]
    fn records_of_an_arc_file_are_pages_as_those_of_a_warc_file_are() {
        let arc = |line: &str, block: &str| {
            let bytes = format!("{line} {}\n{block}\n", block.len());
            reading(WarcFormat::Arc, bytes.as_bytes()).0
        };
        let html = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<p>สวัสดี";
        let (web, dns) =
            ("http://mfano.th/ 192.0.2.1 20040102030405", "dns:mfano.th 192.0.2.1 20040102030405");
        assert_eq!(arc(&format!("{web} text/html"), html), "text/html");
        assert_eq!(arc(&format!("{web} text/html"), "<html><title>สวัสดี</title>"), "text/html");
        assert_eq!(arc(&format!("{web} text/html"), "HTTP/1.1 404 No\r\n\r\nx"), "skipped: http_status");
        assert_eq!(arc(&format!("{dns} text/dns"), "20040102030405\nmfano.th."), "skipped: media_type");
        let filedesc = "filedesc://x.arc 0.0.0.0 20040102030405 text/plain";
        assert_eq!(arc(filedesc, "1 0 mfano\nURL IP-address\n"), "skipped: warcinfo");
    }

    #[test]
    fn html_and_plain_text_are_pages_and_images_are_not() {
        for (declared, body, expected) in [
            ("text/html; charset=utf-8", "<p>Habari", Some("text/html")),
            ("Application/XHTML+XML", "<p>नमस्ते", Some("application/xhtml+xml")),
            ("text/plain", "வணக்கம்", Some("text/plain")),
            ("text/plain", "<!DOCTYPE html><p>ሰላም", Some("text/html")),
            ("", "\u{feff} <html lang=th><p>สวัสดี", Some("text/html")),
            ("", "%PDF-1.4", None),
            ("image/png", "<html>", None),
            ("application/octet-stream", "<html><body>Γειά", Some("text/html")),
        ] {
            assert_eq!(media_type(declared, body.as_bytes()).as_deref(), expected, "{declared} {body}");
        }
    }
}
