//! HTTP answers as crawlers stored them: head, fields, and a body freed of its transfer and content codings.
//!
//! Crawlers store what servers sent, or what their HTTP library made of it, and often forget to change the fields. So a
//! coding is undone where the bytes agree with it, and a body that is not what its fields say is used as it is, with a
//! [`BodyProblem`] to tell so. What decodes is kept: half a page is still text.
//!
//! ```
//! use kilim_connectors::http::{HttpLimits, Response};
//!
//! let block = b"HTTP/1.1 200 OK\r\nContent-Type: Text/HTML; charset=\"UTF-8\"\r\nTransfer-Encoding: chunked\r\n\r\n\
//!               6\r\nHabari\r\n4\r\n za?\r\n0\r\n\r\n";
//! let response = Response::parse(block, HttpLimits::default())?;
//! assert_eq!(response.status, 200);
//! assert_eq!(response.content_type().essence, "text/html");
//! assert_eq!(response.content_type().charset, Some("UTF-8"));
//! assert_eq!(&response.body[..], b"Habari za?");
//! assert!(response.problems.is_empty());
//! # Ok::<(), kilim_connectors::http::HttpError>(())
//! ```

mod body;

use std::borrow::Cow;

/// What a reader of HTTP answers keeps at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HttpLimits {
    /// A longer head is an error. Default 256 KiB, the largest that web browsers take.
    pub max_head_bytes: usize,
    /// Bytes kept of a body, decoded ([`BodyProblem::PastCap`]). Default 64 MiB.
    pub max_body_bytes: usize,
}

impl Default for HttpLimits {
    fn default() -> Self {
        Self { max_head_bytes: 256 << 10, max_body_bytes: 64 << 20 }
    }
}

/// Bytes that are no HTTP answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// Nothing at all.
    #[error("the block is empty")]
    Empty,
    /// No status line. The block may be a bare page.
    #[error("the block does not begin with an HTTP status line")]
    NoStatusLine,
    /// No empty line within the limit.
    #[error("the HTTP head has no end within {max_bytes} bytes")]
    HeadTooLong {
        /// The limit.
        max_bytes: usize,
    },
}

/// Something about a body that was not as its fields said, or not whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum BodyProblem {
    /// `Transfer-Encoding: chunked`, and no chunks: used as it is.
    NotChunked,
    /// The chunks end early, or stop making sense; kept until there.
    ChunksCut,
    /// The body is not in the coding that its fields say: used as it is.
    NotEncoded,
    /// The coding ends early, or is damaged; kept until there.
    EncodingCut,
    /// A coding nobody here knows: the body is as it came.
    UnknownEncoding,
    /// More codings on top of each other than anyone needs.
    TooManyEncodings,
    /// Cut at [`HttpLimits::max_body_bytes`].
    PastCap,
}

impl BodyProblem {
    /// A word for reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotChunked => "not_chunked",
            Self::ChunksCut => "chunks_cut",
            Self::NotEncoded => "not_encoded",
            Self::EncodingCut => "encoding_cut",
            Self::UnknownEncoding => "unknown_encoding",
            Self::TooManyEncodings => "too_many_encodings",
            Self::PastCap => "past_cap",
        }
    }
}

/// The fields of a head, in their order, with repetitions. Values are borrowed where they are UTF-8; other bytes are
/// read as Latin-1, which is what HTTP says they are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fields<'a>(Vec<(&'a str, Cow<'a, str>)>);

impl<'a> Fields<'a> {
    /// The first value of a field, whatever the case of its name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// All values of a field.
    pub fn get_all<'b>(&'b self, name: &'b str) -> impl Iterator<Item = &'b str> {
        self.iter().filter(move |(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// All fields.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (*name, value.as_ref()))
    }

    fn push_line(&mut self, line: &'a [u8]) {
        if line.first().is_some_and(|byte| matches!(byte, b' ' | b'\t')) {
            if let Some((_, value)) = self.0.last_mut() {
                let value = value.to_mut();
                value.push(' ');
                value.push_str(&latin1_or_utf8(line.trim_ascii()));
            }
            return;
        }
        let Some(colon) = memchr::memchr(b':', line) else { return };
        let Ok(name) = std::str::from_utf8(line[..colon].trim_ascii()) else { return };
        self.0.push((name, latin1_or_utf8(line[colon + 1..].trim_ascii())));
    }
}

fn latin1_or_utf8(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(bytes.iter().map(|byte| char::from(*byte)).collect()),
    }
}

/// A `Content-Type`, taken apart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ContentType<'a> {
    /// `type/subtype` in lower case; empty where the field is missing.
    pub essence: String,
    /// The `charset` parameter as written, without quotes.
    pub charset: Option<&'a str>,
}

impl<'a> ContentType<'a> {
    /// Takes the value of a `Content-Type` field apart.
    pub fn parse(value: &'a str) -> Self {
        // Some servers join repeated fields with commas: the first one counts.
        let mut parts = value.split([';', ',']);
        let essence = parts.next().unwrap_or_default().trim().to_ascii_lowercase();
        let charset = parts.find_map(|part| {
            let (name, value) = part.split_once('=')?;
            let value = value.trim().trim_matches(['"', '\'']).trim();
            (name.trim().eq_ignore_ascii_case("charset") && !value.is_empty()).then_some(value)
        });
        Self { essence, charset }
    }
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response<'a> {
    /// The status code, such as 200.
    pub status: u16,
    /// The head's fields.
    pub fields: Fields<'a>,
    /// The body, decoded as far as it goes.
    pub body: Cow<'a, [u8]>,
    /// What was odd about the body, in the order it was met; nothing, as a rule.
    pub problems: Vec<BodyProblem>,
}

impl<'a> Response<'a> {
    /// Reads an answer from the block of a `response` record.
    pub fn parse(block: &'a [u8], limits: HttpLimits) -> Result<Self, HttpError> {
        let (status, fields, body) = parse_head(block, limits.max_head_bytes)?;
        let (body, problems) = body::decode(&fields, body, limits.max_body_bytes);
        Ok(Self { status, fields, body, problems })
    }

    /// The first value of a field, whatever the case of its name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.fields.get(name)
    }

    /// The `Content-Type`; empty where there is none.
    pub fn content_type(&self) -> ContentType<'_> {
        self.get("Content-Type").map(ContentType::parse).unwrap_or_default()
    }

    /// The body without its borrow of the block, for callers that move it on.
    pub fn into_body(self) -> Cow<'a, [u8]> {
        self.body
    }
}

/// The status code of an answer's first line: `HTTP/1.1 200 OK`, `HTTP/2 200`, `ICY 200 OK`.
fn status_of(line: &[u8]) -> Option<u16> {
    let line = line.trim_ascii();
    let protocol =
        line.get(..5).is_some_and(|start| start.eq_ignore_ascii_case(b"HTTP/")) || line.starts_with(b"ICY ");
    let mut words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).skip(1);
    let code = words.next()?.get(..3)?;
    let code = std::str::from_utf8(code).ok()?.parse().ok()?;
    (protocol && (100..1000).contains(&code)).then_some(code)
}

fn parse_head(block: &[u8], max_bytes: usize) -> Result<(u16, Fields<'_>, &[u8]), HttpError> {
    if block.is_empty() {
        return Err(HttpError::Empty);
    }
    // Blank lines before the status line are allowed (RFC 9112, 2.2).
    let mut at = block.iter().position(|byte| !matches!(byte, b'\r' | b'\n')).unwrap_or(block.len());
    let mut status = None;
    let mut fields = Fields::default();
    let limited = &block[..block.len().min(max_bytes)];
    while at < limited.len() {
        let line_end = memchr::memchr(b'\n', &limited[at..]).map(|end| at + end);
        let end = line_end.unwrap_or(limited.len());
        let line = limited[at..end].strip_suffix(b"\r").unwrap_or(&limited[at..end]);
        at = (end + 1).min(block.len());
        match status {
            None => status = Some(status_of(line).ok_or(HttpError::NoStatusLine)?),
            // Half a line may look like an empty one.
            Some(_) if line_end.is_none() && limited.len() < block.len() => break,
            Some(code) if line.is_empty() => return Ok((code, fields, &block[at..])),
            Some(_) => fields.push_line(line),
        }
    }
    match status {
        None => Err(HttpError::NoStatusLine),
        // A head and nothing else, as revisits have it, may lack its empty line.
        Some(code) if limited.len() == block.len() => Ok((code, fields, &[])),
        Some(_) => Err(HttpError::HeadTooLong { max_bytes }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(block: &[u8]) -> Response<'_> {
        Response::parse(block, HttpLimits::default()).unwrap()
    }

    #[test]
    fn odd_heads_are_read() {
        let response = parse(b"HTTP/1.1 200\nContent-Type:text/html\nBad Line\nX: \xe9\xff\nSet-Cookie: a\nset-cookie: b\n c\n\nHabari");
        assert_eq!(response.status, 200);
        assert_eq!(response.get("content-type"), Some("text/html"));
        assert_eq!(response.get("x"), Some("éÿ"));
        assert_eq!(response.fields.get_all("SET-COOKIE").collect::<Vec<_>>(), ["a", "b c"]);
        assert_eq!(&response.body[..], b"Habari");
        assert!(matches!(response.body, Cow::Borrowed(_)));
    }

    #[test]
    fn blocks_without_a_status_line_are_refused() {
        let refused = |block: &[u8]| Response::parse(block, HttpLimits::default()).unwrap_err();
        assert_eq!(refused(b""), HttpError::Empty);
        assert_eq!(refused("<p>ሰላም</p>".as_bytes()), HttpError::NoStatusLine);
        assert_eq!(refused(b"HTTP/1.1 OK\r\n\r\n"), HttpError::NoStatusLine);
        assert_eq!(refused(b"\r\n\r\n"), HttpError::NoStatusLine);
        let limits = HttpLimits { max_head_bytes: 30, ..HttpLimits::default() };
        let long = b"HTTP/1.1 200 OK\r\nX: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n\r\n";
        assert_eq!(Response::parse(long, limits).unwrap_err(), HttpError::HeadTooLong { max_bytes: 30 });
        let cut_behind_cr = b"HTTP/1.1 200 OK\r\nX: aaaaaaaa\r\n\raaaa\r\n\r\nHabari";
        assert_eq!(cut_behind_cr[..31].last(), Some(&b'\r'));
        let limits = HttpLimits { max_head_bytes: 31, ..limits };
        assert_eq!(
            Response::parse(cut_behind_cr, limits).unwrap_err(),
            HttpError::HeadTooLong { max_bytes: 31 }
        );
    }

    #[test]
    fn a_content_type_is_taken_apart() {
        let parsed = ContentType::parse("Text/HTML ; x=1; Charset = 'Windows-1256' ");
        assert_eq!((parsed.essence.as_str(), parsed.charset), ("text/html", Some("Windows-1256")));
        assert_eq!(ContentType::parse("text/html, text/plain; charset=utf-8").charset, Some("utf-8"));
        assert_eq!(ContentType::parse("text/html; charset=").charset, None);
        assert_eq!(ContentType::parse("").essence, "");
    }

    proptest! {
        #[test]
        fn any_block_is_read_or_refused_within_the_cap(
            head in prop::sample::select(vec!["", "Transfer-Encoding: chunked\r\n", "Content-Encoding: gzip\r\n",
                "Content-Encoding: br\r\n", "Content-Encoding: zstd, deflate\r\n"]),
            body in prop::collection::vec(any::<u8>(), 0..300),
        ) {
            let block = [b"HTTP/1.1 200 OK\r\n", head.as_bytes(), b"\r\n", &body].concat();
            let limits = HttpLimits { max_body_bytes: 1000, ..HttpLimits::default() };
            let response = Response::parse(&block, limits).unwrap();
            prop_assert!(response.body.len() <= 1000);
            if head.is_empty() {
                prop_assert_eq!(&response.body[..], &body[..]);
            }
            let _ = Response::parse(&body, limits);
        }
    }
}
