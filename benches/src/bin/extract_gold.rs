//! Takes the main text of gold pages, exactly as the step `extract_html` does, for a scorer to read.
//!
//! ```text
//! extract-gold GOLD PRED SET[,SET]
//! ```
//!
//! `GOLD` holds one folder a set, with `html/ID.html.gz` and `gold.jsonl`. For each set, `PRED` gets `SET.kilim.json` =
//! {id: text} and `SET.kilim.time` = CPU seconds, pages, bytes. `benches/peers/extract.py` writes the same for peers.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Parser;
use flate2::bufread::GzDecoder;
use kilim::document::{Page, Record};
use kilim::step::{DocumentStepConfig, Resources};
use kilim::steps::extract_html::ExtractHtml;
use kilim_benches::end_to_end::child::own_cpu_seconds;
use kilim_connectors::charset::decode;
use serde::Deserialize;
use serde_json::json;

/// Most bytes of one unpacked page.
const MAX_PAGE: u64 = 64 << 20;

#[derive(Parser)]
struct Args {
    /// Folder of the unpacked sets.
    gold: PathBuf,
    /// Folder for the texts.
    pred: PathBuf,
    /// Names of sets, separated by commas.
    #[arg(value_delimiter = ',')]
    sets: Vec<String>,
}

#[derive(Deserialize)]
struct Gold {
    id: String,
    url: Option<String>,
}

fn main() -> Result<()> {
    let args = Args::parse();
    fs::create_dir_all(&args.pred)?;
    for set in &args.sets {
        let pages = pages(&args.gold.join(set))?;
        let bytes: usize = pages.iter().map(|(_, body)| body.len()).sum();
        let mut step = ExtractHtml::default().build(&Resources::new(Path::new(".")))?;
        let mut texts = BTreeMap::new();
        let started = own_cpu_seconds()?;
        for (gold, body) in &pages {
            let url = gold.url.as_deref().unwrap_or_default();
            let host = url.split("://").nth(1).and_then(|rest| rest.split(['/', ':', '?']).next());
            let html = decode(body, None, host.and_then(|host| host.rsplit('.').next())).text;
            let record = Record { url, content_type: "text/html", html: &html, ..Record::default() };
            let mut page = Page { record, ..Page::default() };
            step.apply(&mut page);
            texts.insert(&gold.id, page.text);
        }
        let cpu_s = own_cpu_seconds()? - started;
        let file = |ending: &str| args.pred.join(format!("{set}.kilim.{ending}"));
        fs::write(file("json"), serde_json::to_string(&texts)?)?;
        let cost = json!({ "cpu_s": cpu_s, "pages": pages.len(), "bytes": bytes });
        fs::write(file("time"), cost.to_string())?;
        #[expect(clippy::print_stderr, reason = "a word to the one who waits")]
        {
            eprintln!("{set} kilim: {:.0} pages/s", pages.len() as f64 / cpu_s);
        }
    }
    Ok(())
}

/// The pages of a set, unpacked.
fn pages(folder: &Path) -> Result<Vec<(Gold, Vec<u8>)>> {
    let list = folder.join("gold.jsonl");
    let list = fs::read_to_string(&list).with_context(|| format!("cannot read {}", list.display()))?;
    let mut pages = Vec::new();
    for line in list.lines() {
        let gold: Gold = serde_json::from_str(line)?;
        let path = folder.join("html").join(format!("{}.html.gz", gold.id));
        let packed = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let mut body = Vec::new();
        GzDecoder::new(&packed[..]).take(MAX_PAGE).read_to_end(&mut body)?;
        pages.push((gold, body));
    }
    Ok(pages)
}
