//! Makes the sample crawl of `data-samples/`: our own words on invented hosts, in the shapes, licences, charsets and
//! states of damage that real crawls have, with the truth about every record beside it.
//!
//! `texts` reads what people wrote (paragraphs, sites, stewards, copies); `page`, `marks` and `charset` dress it as
//! the web does; `crawl` and `odd` put it into records; `warc` writes them. Everything follows from the tables by
//! seeded choice: making twice gives the same bytes.

mod broken;
mod charset;
mod choose;
mod crawl;
mod documents;
mod marks;
mod odd;
mod page;
mod seeds;
mod texts;
mod truth;
mod warc;

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;

/// All generated files by path below `samples`, which is the folder `data-samples` with its `texts`.
///
/// # Errors
/// If a table or a text file cannot be read, or names something that is not there.
pub fn make(samples: &Path) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut crawl = crawl::Crawl::read(samples)?;
    crawl.add_sites()?;
    crawl.add_copies(samples)?;
    crawl.add_odd()?;
    crawl.add_revisits()?;
    crawl.add_damage()?;

    let mut files = BTreeMap::new();
    for (name, bytes) in broken::files(&crawl)? {
        files.insert(format!("broken/{name}"), bytes);
    }
    for (name, bytes) in documents::files(samples)? {
        files.insert(format!("documents/{name}"), bytes);
    }
    files.insert("seeds.csv".to_owned(), seeds::csv(&crawl, samples)?.into_bytes());
    let mut lines = vec![truth::Truth::HEADER.to_owned()];
    crawl.truth.sort_by(|a, b| (&a.file, a.offset).cmp(&(&b.file, b.offset)));
    lines.extend(crawl.truth.iter().map(truth::Truth::line));
    files.insert("pages.tsv".to_owned(), (lines.join("\n") + "\n").into_bytes());
    for file in crawl.files {
        files.insert(format!("crawl/{}", file.name), file.bytes);
    }
    Ok(files)
}
