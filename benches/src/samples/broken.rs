//! The small files of `data-samples/broken/`: what goes wrong with a whole input.

use std::collections::BTreeMap;
use std::io::Write as _;

use anyhow::Result;
use flate2::{Compression, GzBuilder};

use super::crawl::Crawl;
use super::odd::{plain_page, response};
use super::warc::{Record, WarcFile, gzip, plain};

const ID: &str = "<urn:uuid:00000000-0000-5000-8000-000000000001>";
const DATE: &str = "2026-03-02T06:00:00Z";

/// All files by name.
pub(crate) fn files(crawl: &Crawl) -> Result<BTreeMap<String, Vec<u8>>> {
    let proverb = "Haba na haba hujaza kibaba.\n";
    let (url, html) = plain_page(crawl, "swa", "faili-mbovu.co.ke", 2)?;
    let page = response(&url, "200 OK", "text/html; charset=utf-8", html.as_bytes());

    let (mut truncated, _) = WarcFile::new("truncated.warc.gz")?;
    truncated.add(&page)?;
    let last = truncated.add(&page)?;
    truncated.bytes.truncate(last.offset + last.length / 2);

    let whole = plain(&page, ID, DATE, page.block.len());
    let text = &crawl.texts["deu"].paragraphs[9].text;
    let depth = 100_000;
    let nested =
        format!("<title>Tief</title>{}<p>{text}</p>{}", "<div>".repeat(depth), "</div>".repeat(depth));
    let nested =
        response("https://tief-verschachtelt.de/", "200 OK", "text/html; charset=utf-8", nested.as_bytes());
    let paragraph = format!("<p>{}</p>\n", crawl.texts["tam"].paragraphs[8].text);

    let files: [(&str, Vec<u8>); 10] = [
        ("empty.warc.gz", Vec::new()),
        ("not-gzip.warc.gz", proverb.into()),
        ("not-a-warc.warc.gz", gzip(proverb.as_bytes())?),
        ("truncated.warc.gz", truncated.bytes),
        ("cut-in-headers.warc", whole[..120].to_vec()),
        ("huge-length.warc", plain(&page, ID, DATE, 1_000_000_000_000_000_000)),
        ("one-member.warc.gz", gzip(&[whole.clone(), whole].concat())?),
        ("nested-100k.warc.gz", gzip(&plain(&nested, ID, DATE, nested.block.len()))?),
        (
            "page-50mb.warc.gz",
            large("https://periya-pakkam.in/", paragraph.as_bytes(), 50_000_000 / paragraph.len())?,
        ),
        ("bomb-200mib.warc.gz", large("https://bomu.co.ke/", &[b' '; 1 << 10], 200 << 10)?),
    ];
    Ok(files.into_iter().map(|(name, bytes)| (name.to_owned(), bytes)).collect())
}

/// A record whose body is `part` many times over, written as a stream so that the maker stays small. Any compressor
/// finds the same matches in such a body, so its bytes do not depend on the processor.
fn large(url: &str, part: &[u8], times: usize) -> Result<Vec<u8>> {
    let length = part.len() * times;
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {length}\r\n\r\n"
    );
    let mut record = Record::new("response", url, "application/http; msgtype=response", Vec::new());
    record.block = head.into_bytes();
    let mut start = plain(&record, ID, DATE, record.block.len() + length);
    start.truncate(start.len() - 4);
    let mut member = GzBuilder::new().mtime(0).write(Vec::new(), Compression::best());
    member.write_all(&start)?;
    for _ in 0..times {
        member.write_all(part)?;
    }
    member.write_all(b"\r\n\r\n")?;
    Ok(member.finish()?)
}
