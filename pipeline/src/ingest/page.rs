//! Which records are pages.
//!
//! A page is a `response` with a 2xx status, or a `resource`, whose body is HTML or plain text. Everything else is
//! `skipped` with the reason: its record type, its status, its media type. A body without a media type, or with one
//! that says nothing, is looked at: servers forget it more often in some countries than in others.

use std::borrow::Cow;

use kilim_connectors::http::{HttpLimits, Response};
use kilim_connectors::warc::{Record, RecordType};

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
    if !(200..300).contains(&status) {
        return skipped("http_status", Some(status.to_string()), Some(response));
    }
    if response.body.is_empty() {
        return skipped("empty_body", None, Some(response));
    }
    if record.header.target_uri().is_some_and(|url| url.ends_with("/robots.txt")) {
        return skipped("robots", None, Some(response));
    }
    let declared = response.get("content-type").unwrap_or_default().to_owned();
    match media_type(&declared, &response.body) {
        Some(media_type) => Reading::Page { response: Some(response), media_type },
        None => skipped("media_type", Some(essence(&declared)), Some(response)),
    }
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
    use super::*;

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
