//! HTTP answers in every coding, whole, cut and untrue.

use std::io::Write;

use super::text::{TEXTS, gzip};
use super::{Sample, sample};

pub(super) fn samples() -> Vec<Sample> {
    let paragraphs: Vec<&str> = TEXTS.iter().map(|(_, _, _, text)| *text).collect();
    let page = format!("<p>{}", paragraphs.join("\n<p>"));
    let short = "<p>Habari ሰላም</p>".as_bytes();
    let zlib = {
        let mut writer = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::new(6));
        writer.write_all(short).and_then(|()| writer.finish()).expect("writing into a Vec never fails")
    };
    let zstd = zstd::bulk::compress(short, 3).expect("a page can be packed");
    let packed = gzip(short, 6);
    let mut samples = vec![
        answer("plain", "Content-Type: text/html; charset=\"UTF-8\"\r\nContent-Length: 3", page.as_bytes()),
        answer("gzip", "Content-Encoding: gzip", &packed),
        answer("gzip-stored", "Content-Encoding: gzip", &gzip(short, 0)),
        answer("gzip-members", "Content-Encoding: x-gzip", &packed.repeat(3)),
        answer("gzip-twice", "Content-Encoding: gzip, gzip", &gzip(&packed, 6)),
        answer("gzip-cut", "Content-Encoding: gzip", &packed[..packed.len() / 2]),
        answer("gzip-bomb", "Content-Encoding: gzip", &gzip(&[0; 64 << 10], 9)),
        answer("gzip-untrue", "Content-Encoding: gzip", short),
        answer("deflate", "Content-Encoding: deflate", &zlib),
        answer("deflate-raw", "Content-Encoding: deflate", &zlib[2..zlib.len() - 4]),
        answer("deflate-gzip", "Content-Encoding: deflate", &packed),
        answer("zstd", "Content-Encoding: zstd", &zstd),
        answer("brotli", "Content-Encoding: br", &brotli(short)),
        answer("brotli-untrue", "Content-Encoding: br", short),
        answer("chunked", "Transfer-Encoding: chunked", &chunked(short, 5)),
        answer("chunked-gzip", "Transfer-Encoding: chunked\r\nContent-Encoding: gzip", &chunked(&packed, 20)),
        answer("chunked-cut", "Transfer-Encoding: chunked", b"7fff\r\nHabari"),
        answer("chunked-untrue", "transfer-encoding: Chunked", short),
        answer("unknown", "Content-Encoding: lzma, none", short),
        answer("too-many", "Content-Encoding: gzip,gzip,gzip\r\nContent-Encoding: br,zstd", short),
        answer("folded", "Set-Cookie: a\r\n b\r\nset-cookie: c\r\nX: \u{e9}\r\nno colon", short),
        sample("head-only", "HTTP/1.0 304 Not Modified\nETag: x"),
        sample("http2", "\r\n\r\nHTTP/2 200\nContent-Type:text/html, text/plain;charset=utf-8\n\nHabari"),
        sample("icy", "ICY 200 OK\r\n\r\nHabari"),
        sample("no-status", "<html>ሰላም</html>"),
    ];
    let long = format!("X: {}", "a".repeat(3000));
    samples.push(answer("long-head", &long, short));
    samples
}

fn answer(name: &str, fields: &str, body: &[u8]) -> Sample {
    sample(name, [b"HTTP/1.1 200 OK\r\n", fields.as_bytes(), b"\r\n\r\n", body].concat())
}

fn chunked(body: &[u8], size: usize) -> Vec<u8> {
    let mut out = Vec::new();
    for chunk in body.chunks(size) {
        out.extend_from_slice(format!("{:x};a=b\r\n", chunk.len()).as_bytes());
        out.extend_from_slice(chunk);
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b"0\r\nX: 1\r\n\r\n");
    out
}

/// A brotli stream that stores its bytes (RFC 7932, 9.2): a window of 2^16, one uncompressed block, one empty last block.
/// `bytes` are 1 to 65,536.
fn brotli(bytes: &[u8]) -> Vec<u8> {
    let head = (bytes.len() as u32 - 1) << 4 | 1 << 20;
    [&head.to_le_bytes()[..3], bytes, &[0x03]].concat()
}
