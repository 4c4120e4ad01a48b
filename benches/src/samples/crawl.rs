//! From the tables to records: each site's pages, its robots.txt, and the copies that other sites keep.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, Result, bail};

use super::charset::Charset;
use super::choose::{Deck, Seeded, edit};
use super::marks::Marks;
use super::page::{Frame, Page, Shape, path, render};
use super::texts::{Row, Texts, read_table, read_texts};
use super::truth::Truth;
use super::warc::{Placed, Record, WarcFile, gzip, zlib};

/// One row of `sites.tsv`.
#[derive(Debug, Clone)]
pub(crate) struct Site {
    pub(crate) country: Option<String>,
    pub(crate) text: String,
    pages: usize,
    licence: String,
    optout: String,
    charset: Charset,
    /// Ids of stewards with the path prefix that each answers for.
    pub(crate) seeds: Vec<(String, String)>,
    pub(crate) frame: Frame,
}

impl Site {
    fn parse(row: &Row, texts: &BTreeMap<String, Texts>) -> Result<Self> {
        let text = row.get("text")?.to_owned();
        let own = texts.get(&text).with_context(|| format!("no text file {text}.md"))?;
        let lang = match row.get("lang")? {
            "right" => Some(own.tag.clone()),
            "missing" => None,
            other => {
                Some(other.strip_prefix("wrong:").context("lang is right, missing or wrong:xx")?.to_owned())
            }
        };
        let charset = Charset::parse(row.get("charset")?)?;
        let seed = |word: &str| {
            let (id, prefix) = word.split_at(word.find('/').unwrap_or(word.len()));
            (id.to_owned(), prefix.to_owned())
        };
        Ok(Self {
            country: row.option("country")?.map(str::to_owned),
            text,
            pages: row.number("pages")?,
            licence: row.get("licence")?.to_owned(),
            optout: row.get("optout")?.to_owned(),
            seeds: row.option("seed")?.map(|seeds| seeds.split(';').map(seed).collect()).unwrap_or_default(),
            frame: Frame {
                host: row.get("host")?.to_owned(),
                name: row.get("name")?.to_owned(),
                shape: Shape::parse(row.get("shape")?)?,
                marks: Marks::parse(row.option("licence")?, row.option("optout")?)?,
                lang,
                meta_charset: charset.meta(),
            },
            charset,
        })
    }
}

/// A page that has been made, kept for the copies of it.
#[derive(Debug, Clone)]
struct Made {
    site: usize,
    url: String,
    page: Page,
    bytes: Vec<u8>,
    placed: Placed,
    file: usize,
}

/// A page that is about to be added.
struct Draft {
    /// The site it is made of; the host may be another's.
    at: usize,
    page: Page,
    truth: Truth,
    url: String,
    bytes: Vec<u8>,
}

/// The crawl while it grows.
pub(crate) struct Crawl {
    pub(crate) texts: BTreeMap<String, Texts>,
    pub(crate) sites: Vec<Site>,
    pub(crate) files: Vec<WarcFile>,
    pub(crate) truth: Vec<Truth>,
    made: Vec<Made>,
}

impl Crawl {
    /// Reads the tables below `samples/texts` and starts the files.
    pub(crate) fn read(samples: &Path) -> Result<Self> {
        let folder = samples.join("texts");
        let texts = read_texts(&folder)?;
        let mut sites = Vec::new();
        for row in read_table(&folder.join("sites.tsv"))? {
            sites.push(Site::parse(&row, &texts).with_context(|| row.place().to_owned())?);
        }
        let mut crawl = Self { texts, sites, files: Vec::new(), truth: Vec::new(), made: Vec::new() };
        for name in ["part-00000.warc.gz", "part-00001.warc.gz", "part-00002.warc.gz", "broken.warc.gz"] {
            let (file, placed) = WarcFile::new(name)?;
            crawl.files.push(file);
            let truth =
                Truth { kind: "warcinfo", expected: "skipped: not a page".to_owned(), ..Truth::default() };
            crawl.note(crawl.files.len() - 1, &placed, truth);
        }
        Ok(crawl)
    }

    /// Appends a record and its line of the truth.
    pub(crate) fn add(&mut self, file: usize, record: &Record, truth: Truth) -> Result<Placed> {
        let placed = self.files[file].add(record)?;
        let url = record.url.clone().unwrap_or_default();
        self.note(file, &placed, Truth { kind: record.kind, url, ..truth });
        Ok(placed)
    }

    /// Appends a line of the truth for something that stands in a file already.
    pub(crate) fn note(&mut self, file: usize, placed: &Placed, truth: Truth) {
        let file = self.files[file].name.clone();
        self.truth.push(Truth { file, offset: placed.offset, length: placed.length, ..truth });
    }

    /// What the truth says of any page of a site.
    pub(crate) fn truth_of(&self, site: &Site) -> Truth {
        Truth {
            host: site.frame.host.clone(),
            country: site.country.clone().unwrap_or_default(),
            lang: self.texts[&site.text].label(),
            shape: site.frame.shape.as_str(),
            licence: site.licence.clone(),
            optout: site.optout.clone(),
            charset: site.charset.describe(),
            expected: "document".to_owned(),
            ..Truth::default()
        }
    }

    /// All pages of all sites, spread over the first three files.
    pub(crate) fn add_sites(&mut self) -> Result<()> {
        let mut decks: BTreeMap<String, Deck> = self
            .texts
            .iter()
            .map(|(name, texts)| (name.clone(), Deck::new(name, texts.paragraphs.len())))
            .collect();
        for at in 0..self.sites.len() {
            let (site, file) = (self.sites[at].clone(), at % 3);
            // Half of the hosts are asked for robots.txt after their pages.
            if at % 2 == 0 {
                self.add_files(file, &site)?;
            }
            for number in 1..=site.pages {
                let deck = decks.get_mut(&site.text).context("a deck for each text file")?;
                let set = deck.deal().with_context(|| {
                    format!("{}: too few paragraphs in {}.md", site.frame.host, site.text)
                })?;
                let all = &self.texts[&site.text].paragraphs;
                let label = format!("{}/{number}", site.frame.host);
                let mut others: Vec<usize> = (0..all.len()).filter(|at| !set.contains(at)).collect();
                Seeded::new(&format!("{label}/related")).shuffle(&mut others);
                let page = Page {
                    number,
                    paragraphs: set.iter().map(|at| all[*at].clone()).collect(),
                    related: others.iter().take(3).map(|at| all[*at].title.clone()).collect(),
                    label,
                };
                let truth = self.truth_of(&site);
                self.add_page(file, at, &site, page, truth)?;
            }
            if at % 2 == 1 {
                self.add_files(file, &site)?;
            }
        }
        Ok(())
    }

    fn add_files(&mut self, file: usize, site: &Site) -> Result<()> {
        for (path, media_type, body) in site.frame.marks.files(&site.frame.host) {
            let url = format!("https://{}{path}", site.frame.host);
            let head = format!("HTTP/1.1 200 OK\nContent-Type: {media_type}\nContent-Length: {}", body.len());
            let truth = Truth {
                expected: "skipped: not a page".to_owned(),
                shape: "",
                charset: String::new(),
                ..self.truth_of(site)
            };
            self.add(file, &Record::response(&url, &head, body.as_bytes()), truth)?;
        }
        Ok(())
    }

    /// Renders, encodes and appends one page; every fifth comes with its request, every seventh with metadata.
    fn add_page(&mut self, file: usize, at: usize, site: &Site, page: Page, truth: Truth) -> Result<()> {
        let bytes = site.charset.encode(&render(&site.frame, &self.texts[&site.text], &page))?;
        let url = format!("https://{}{}", site.frame.host, path(site.frame.shape, &page));
        self.add_bytes(file, site, Draft { at, page, truth, url, bytes })
    }

    fn add_bytes(&mut self, file: usize, site: &Site, draft: Draft) -> Result<()> {
        let Draft { at, page, mut truth, url, bytes } = draft;
        let count = self.made.len();
        let skipped = || Truth { expected: "skipped: not a page".to_owned(), ..Truth::default() };
        if count.is_multiple_of(5) {
            let (host, path) =
                url.trim_start_matches("https://").split_once('/').context("a URL with a path")?;
            let request =
                format!("GET /{path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: kilim-samples\r\n\r\n");
            let record =
                Record::new("request", &url, "application/http; msgtype=request", request.into_bytes());
            self.add(file, &record, skipped())?;
        }
        let (coding, body) = wire(count, &bytes)?;
        let mut head =
            format!("HTTP/1.1 200 OK\nServer: nginx\nContent-Type: {}", site.charset.content_type());
        for (name, value) in site.frame.marks.http_headers() {
            let _ = write!(head, "\n{name}: {value}");
        }
        for header in coding {
            let _ = write!(head, "\n{header}");
        }
        if !coding.contains(&"Transfer-Encoding: chunked") {
            let _ = write!(head, "\nContent-Length: {}", body.len());
        }
        let mut record = Record::response(&url, &head, &body).with("WARC-IP-Address", address(count));
        if site.charset.is_cut() {
            record = record.with("WARC-Truncated", "length");
            "cut inside a character".clone_into(&mut truth.damage);
        }
        truth.wire =
            coding.iter().filter_map(|header| header.split(": ").nth(1)).collect::<Vec<_>>().join("+");
        let placed = self.add(file, &record, truth)?;
        if count.is_multiple_of(7) {
            let fields = format!("fetchTimeMs: {}\r\ncharset-detected: UTF-8\r\n", 100 + count);
            let record = Record::new("metadata", &url, "application/warc-fields", fields.into_bytes())
                .with("WARC-Concurrent-To", placed.id.clone());
            self.add(file, &record, skipped())?;
        }
        self.made.push(Made { site: at, url, page, bytes, placed, file });
        Ok(())
    }

    /// The copies of `copies.tsv`: exact ones, the same text in another frame, and texts with a few words changed.
    pub(crate) fn add_copies(&mut self, samples: &Path) -> Result<()> {
        for (index, row) in read_table(&samples.join("texts/copies.tsv"))?.iter().enumerate() {
            let (of_host, of_page, host) = (row.get("of_host")?, row.number("of_page")?, row.get("host")?);
            let of = self
                .made
                .iter()
                .find(|made| self.sites[made.site].frame.host == of_host && made.page.number == of_page)
                .with_context(|| format!("{}: {of_host} has no page {of_page}", row.place()))?
                .clone();
            // A host without a row of its own mirrors the frame of the source, without its licence and seeds.
            let own = self.sites.iter().find(|site| site.frame.host == host).cloned();
            let mut site = own.unwrap_or_else(|| self.sites[of.site].clone());
            host.clone_into(&mut site.frame.host);
            site.country = row.option("country")?.map(str::to_owned);
            let file = index % 3;
            let kind = row.get("kind")?;
            let mut truth =
                Truth { copy_of: of.url.clone(), copy_kind: kind.to_owned(), ..self.truth_of(&site) };
            if kind == "exact" {
                let source = &self.sites[of.site];
                truth = Truth {
                    host: host.to_owned(),
                    country: site.country.clone().unwrap_or_default(),
                    copy_of: of.url.clone(),
                    copy_kind: kind.to_owned(),
                    expected: "duplicate or its original".to_owned(),
                    ..self.truth_of(source)
                };
                let mut copy = self.sites[of.site].clone();
                host.clone_into(&mut copy.frame.host);
                let path = of.url.splitn(4, '/').nth(3).context("a URL with a path")?;
                let query = if host == of_host { "?print=1" } else { "" };
                let url = format!("https://{host}/{path}{query}");
                let page = Page { number: 0, ..of.page };
                self.add_bytes(file, &copy, Draft { at: of.site, page, truth, url, bytes: of.bytes })?;
                continue;
            }
            let mut page = Page { number: 20 + index, ..of.page };
            site.frame.shape = self.sites[of.site].frame.shape;
            truth.shape = site.frame.shape.as_str();
            match kind {
                "text" => "duplicate or its original, where the extractor leaves both frames out"
                    .clone_into(&mut truth.expected),
                "near" => {
                    let mut seed = Seeded::new(&format!("{}#{index}", of.url));
                    let percent = row.number("percent")?;
                    for paragraph in &mut page.paragraphs {
                        paragraph.text = edit(&paragraph.text, percent, &mut seed);
                    }
                    truth.copy_kind = format!("near {percent}%");
                }
                _ => bail!("{}: unknown kind of copy {kind}", row.place()),
            }
            self.add_page(file, of.site, &site, page, truth)?;
        }
        Ok(())
    }

    /// Revisits of three pages, and one record that stands twice.
    pub(crate) fn add_revisits(&mut self) -> Result<()> {
        const SAME: &str = "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest";
        const NOT_MODIFIED: &str = "http://netpreserve.org/warc/1.1/revisit/server-not-modified";
        for (number, profile) in [(2, SAME), (31, SAME), (57, NOT_MODIFIED)] {
            let of = self.made[number].clone();
            let head = if profile == SAME { "HTTP/1.1 200 OK" } else { "HTTP/1.1 304 Not Modified" };
            let mut record = Record::response(&of.url, &format!("{head}\nContent-Type: text/html"), b"")
                .with("WARC-Profile", profile)
                .with("WARC-Refers-To", of.placed.id.clone())
                .with("WARC-Refers-To-Target-URI", of.url.clone())
                .with("WARC-Refers-To-Date", of.placed.date.clone());
            record.kind = "revisit";
            let wire_digest = super::warc::digest(&wire(number, &of.bytes)?.1);
            record.headers[0].1 = wire_digest;
            let truth = Truth {
                copy_of: of.url,
                expected: "skipped: revisit".to_owned(),
                ..self.truth_of(&self.sites[of.site])
            };
            self.add(2, &record, truth)?;
        }
        let twice = self.made[11].clone();
        let placed = self.files[twice.file].repeat(&twice.placed);
        let truth = Truth {
            kind: "response",
            url: twice.url.clone(),
            copy_of: twice.url,
            copy_kind: "same record".to_owned(),
            expected: "duplicate: same_record".to_owned(),
            ..self.truth_of(&self.sites[twice.site])
        };
        self.note(twice.file, &placed, truth);
        Ok(())
    }
}

/// The headers of a coding and the body under it: most pages are sent as they are.
fn wire(count: usize, bytes: &[u8]) -> Result<(&'static [&'static str], Vec<u8>)> {
    const GZIP: &str = "Content-Encoding: gzip";
    const CHUNKED: &str = "Transfer-Encoding: chunked";
    Ok(match count % 24 {
        4 | 11 => (&[GZIP], gzip(bytes)?),
        7 | 19 => (&[CHUNKED], chunks(bytes)),
        13 => (&["Content-Encoding: deflate"], zlib(bytes)?),
        22 => (&[GZIP, CHUNKED], chunks(&gzip(bytes)?)),
        _ => (&[], bytes.to_vec()),
    })
}

/// HTTP/1.1 chunks of 700 bytes, which cut characters.
fn chunks(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for chunk in bytes.chunks(700) {
        out.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        out.extend_from_slice(chunk);
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b"0\r\n\r\n");
    out
}

/// An address of the ranges for documentation (RFC 5737 and 3849).
fn address(count: usize) -> String {
    if count.is_multiple_of(6) {
        format!("2001:db8::{count:x}")
    } else {
        format!("192.0.2.{}", 1 + count % 250)
    }
}
