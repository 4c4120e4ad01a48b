//! Undoes the codings of a body, as far as the bytes go along.

use std::borrow::Cow;

use super::{BodyProblem, Fields};
use crate::inflate::{self, Ending, GZIP_MAGIC};

/// Codings on top of each other; two occur in the wild.
const MAX_CODINGS: usize = 4;

/// The body, and what was odd about it.
pub(super) fn decode<'a>(
    fields: &Fields<'a>,
    body: &'a [u8],
    cap: usize,
) -> (Cow<'a, [u8]>, Vec<BodyProblem>) {
    let mut problems = Vec::new();
    let mut codings: Vec<String> = Vec::new();
    for name in ["Content-Encoding", "Transfer-Encoding"] {
        let values = fields.get_all(name).flat_map(|value| value.split(','));
        codings.extend(values.map(|coding| coding.trim().to_ascii_lowercase()));
    }
    codings.retain(|coding| !matches!(coding.as_str(), "" | "identity" | "none" | "binary"));
    if codings.len() > MAX_CODINGS {
        problems.push(BodyProblem::TooManyEncodings);
        codings.clear();
    }
    let mut body = Cow::Borrowed(body);
    // The last coding was put on last.
    for coding in codings.iter().rev() {
        if body.is_empty() {
            break;
        }
        let decoded = if coding == "chunked" { unchunk(&body) } else { decompress(coding, &body, cap) };
        match decoded {
            Ok((decoded, problem)) => {
                body = Cow::Owned(decoded);
                problems.extend(problem);
            }
            Err(problem) => problems.push(problem),
        }
    }
    if body.len() > cap {
        match &mut body {
            Cow::Borrowed(bytes) => *bytes = &bytes[..cap],
            Cow::Owned(bytes) => bytes.truncate(cap),
        }
        problems.push(BodyProblem::PastCap);
    }
    (body, problems)
}

type Decoded = Result<(Vec<u8>, Option<BodyProblem>), BodyProblem>;

/// `Err`: leave the body as it is.
fn decompress(coding: &str, body: &[u8], cap: usize) -> Decoded {
    let (decoded, ending) = match coding {
        "gzip" | "x-gzip" if !body.starts_with(&GZIP_MAGIC) => return Err(BodyProblem::NotEncoded),
        "gzip" | "x-gzip" => inflate::gzip(body, cap),
        "deflate" if body.starts_with(&GZIP_MAGIC) => inflate::gzip(body, cap),
        "deflate" => inflate::deflate(body, cap),
        "br" => inflate::brotli(body, cap),
        "zstd" if !body.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) => return Err(BodyProblem::NotEncoded),
        "zstd" => inflate::zstd(body, cap),
        _ => return Err(BodyProblem::UnknownEncoding),
    };
    match ending {
        Ending::Whole => Ok((decoded, None)),
        Ending::PastCap => Ok((decoded, Some(BodyProblem::PastCap))),
        // brotli and raw deflate have no magic: plain text makes a few bytes of noise before it fails.
        Ending::Cut if decoded.is_empty() || (!is_marked(coding) && looks_plain(body)) => {
            Err(BodyProblem::NotEncoded)
        }
        Ending::Cut => Ok((decoded, Some(BodyProblem::EncodingCut))),
    }
}

fn is_marked(coding: &str) -> bool {
    matches!(coding, "gzip" | "x-gzip" | "zstd")
}

/// Text in some charset, not compressed bytes: nearly no control characters at the beginning.
fn looks_plain(body: &[u8]) -> bool {
    let head = &body[..body.len().min(256)];
    let control =
        head.iter().filter(|byte| **byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r' | 0x0c | 0x1b));
    control.count() * 64 < head.len()
}

/// Joins chunks. `Err` where the body does not begin with one.
fn unchunk(body: &[u8]) -> Decoded {
    let mut out = Vec::with_capacity(body.len());
    let mut rest = body;
    let mut first = true;
    loop {
        let Some((size, after)) = chunk_size(rest) else {
            if first {
                return Err(BodyProblem::NotChunked);
            }
            // What follows the last good chunk is not known to be page text.
            return Ok((out, Some(BodyProblem::ChunksCut)));
        };
        if size == 0 {
            return Ok((out, None)); // trailers may follow: no part of the body
        }
        first = false;
        let Some((chunk, behind)) = after.split_at_checked(size) else {
            out.extend_from_slice(after);
            return Ok((out, Some(BodyProblem::ChunksCut)));
        };
        out.extend_from_slice(chunk);
        rest = behind.strip_prefix(b"\r\n").or_else(|| behind.strip_prefix(b"\n")).unwrap_or(behind);
        if rest.is_empty() {
            return Ok((out, Some(BodyProblem::ChunksCut)));
        }
    }
}

/// Size of the chunk whose line begins here, and what is behind the line. Extensions are skipped.
fn chunk_size(bytes: &[u8]) -> Option<(usize, &[u8])> {
    const MAX_LINE: usize = 4096;
    let end = memchr::memchr(b'\n', &bytes[..bytes.len().min(MAX_LINE)])?;
    let line = bytes[..end].trim_ascii();
    let digits = line.iter().position(|byte| !byte.is_ascii_hexdigit()).unwrap_or(line.len());
    let tail = line[digits..].trim_ascii();
    if digits == 0 || !(tail.is_empty() || tail.starts_with(b";")) {
        return None;
    }
    let digits = std::str::from_utf8(&line[..digits]).ok()?;
    let size = usize::from_str_radix(digits, 16).unwrap_or(usize::MAX);
    Some((size, &bytes[end + 1..]))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::super::{HttpLimits, Response};
    use super::*;

    const PAGE: &str =
        "<p>Habari za asubuhi. नमस्ते दुनिया। ሰላም ለዓለም። Γειά σου κόσμε. สวัสดีชาวโลก 你好，世界。</p>";

    fn gzipped(bytes: &[u8]) -> Vec<u8> {
        let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(6));
        writer.write_all(bytes).unwrap();
        writer.finish().unwrap()
    }

    fn body(fields: &str, body: &[u8]) -> (Vec<u8>, Vec<BodyProblem>) {
        let block = [b"HTTP/1.1 200 OK\r\n", fields.as_bytes(), b"\r\n\r\n", body].concat();
        let response =
            Response::parse(&block, HttpLimits { max_body_bytes: 1 << 20, ..HttpLimits::default() }).unwrap();
        (response.body.into_owned(), response.problems)
    }

    fn page(fields: &str, bytes: &[u8], problems: &[BodyProblem]) {
        let (body, seen) = body(fields, bytes);
        assert_eq!(String::from_utf8_lossy(&body), PAGE, "{fields}");
        assert_eq!(seen, problems, "{fields}");
    }

    #[test]
    fn every_coding_is_undone_alone_and_on_top_of_another() {
        let plain = PAGE.as_bytes();
        let zlib = {
            let mut writer = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::new(6));
            writer.write_all(plain).unwrap();
            writer.finish().unwrap()
        };
        let chunked = |bytes: &[u8]| {
            [format!("{:X};a=b\r\n", bytes.len()).as_bytes(), bytes, b"\r\n0\r\nX: 1\r\n\r\n"].concat()
        };
        page("Content-Encoding: gzip", &gzipped(plain), &[]);
        page("content-encoding: X-GZIP", &gzipped(plain), &[]);
        page("Content-Encoding: gzip, gzip", &gzipped(&gzipped(plain)), &[]);
        page("Content-Encoding: deflate", &zlib, &[]);
        page("Content-Encoding: deflate", &zlib[2..zlib.len() - 4], &[]);
        page("Content-Encoding: zstd", &zstd::bulk::compress(plain, 3).unwrap(), &[]);
        page("Transfer-Encoding: chunked", &chunked(plain), &[]);
        page("Transfer-Encoding: chunked\r\nContent-Encoding: gzip", &chunked(&gzipped(plain)), &[]);
        page("Content-Encoding: identity", plain, &[]);
    }

    #[test]
    fn fields_that_lie_leave_the_body_as_it_is() {
        let plain = PAGE.as_bytes();
        for coding in ["gzip", "deflate", "br", "zstd"] {
            page(&format!("Content-Encoding: {coding}"), plain, &[BodyProblem::NotEncoded]);
        }
        page("Content-Encoding: lzma", plain, &[BodyProblem::UnknownEncoding]);
        page("Transfer-Encoding: chunked", plain, &[BodyProblem::NotChunked]);
        page("Content-Encoding: gzip, gzip", &gzipped(plain), &[BodyProblem::NotEncoded]);
        page("Content-Encoding: gzip,gzip,gzip,gzip,gzip", plain, &[BodyProblem::TooManyEncodings]);
    }

    #[test]
    fn cut_bodies_are_kept_as_far_as_they_go() {
        let plain = PAGE.repeat(200);
        let whole = gzipped(plain.as_bytes());
        let (text, problems) = body("Content-Encoding: gzip", &whole[..whole.len() - 20]);
        assert!(text.len() > plain.len() / 2 && plain.as_bytes().starts_with(&text));
        assert_eq!(problems, [BodyProblem::EncodingCut]);
        page("Transfer-Encoding: chunked", format!("fff\r\n{PAGE}").as_bytes(), &[BodyProblem::ChunksCut]);
        page(
            "Transfer-Encoding: chunked",
            format!("{:x}\r\n{PAGE}\r\nzz\r\nx", PAGE.len()).as_bytes(),
            &[BodyProblem::ChunksCut],
        );
    }

    #[test]
    fn brotli_is_undone_unless_it_asks_for_a_window_that_http_does_not_know() {
        let stored = PAGE.len() as u64 - 1;
        // Heads of one stored block (RFC 7932, 9.1 and 9.2): a window of 2^16; the extension, and a window of 2^30.
        let plain = (stored << 4 | 1 << 20).to_le_bytes();
        let large = (0x11 | 30 << 8 | stored << 17 | 1 << 33_u64).to_le_bytes();
        let stream = |head: &[u8]| [head, PAGE.as_bytes(), &[0x03]].concat();
        page("Content-Encoding: br", &stream(&plain[..3]), &[]);
        let large = stream(&large[..5]);
        let (kept, problems) = body("Content-Encoding: br", &large);
        assert_eq!((kept, problems), (large, vec![BodyProblem::NotEncoded]));
    }

    #[test]
    fn a_bomb_is_cut_at_the_cap() {
        let (text, problems) = body("Content-Encoding: gzip", &gzipped(&vec![b'A'; 8 << 20]));
        assert_eq!(text.len(), 1 << 20);
        assert_eq!(problems, [BodyProblem::PastCap]);
        let (text, problems) = body("X: 1", &vec![b'A'; 2 << 20]);
        assert_eq!(text.len(), 1 << 20);
        assert_eq!(problems, [BodyProblem::PastCap]);
    }
}
