//! Small corpora in the forms in which others hand them over: the same words as in the crawl, without any markup.
//!
//! One file for each form that is met in the wild: datatrove's JSON lines, FineWeb's flat Parquet, Dolma's documents, and
//! lines with names of their own, some of which are no documents.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use arrow::array::{ArrayRef, Float64Array, RecordBatch, StringArray};
use flate2::{Compression, GzBuilder};
use parquet::arrow::ArrowWriter;
use parquet::basic;
use parquet::file::properties::WriterProperties;
use serde_json::{Value, json};

use super::texts::{Texts, read_table, read_texts};

/// Texts of each form, by their name in `texts/`.
const DATATROVE: [&str; 8] = ["eng", "guj", "hin", "swa", "amh", "ara", "heb", "jpn"];
const FINEWEB: [&str; 8] = ["ell", "deu", "fra", "pol", "tha", "kat", "rus", "zho"];
const DOLMA: [&str; 6] = ["tam", "ben", "ita", "spa", "tel", "kor"];
const OWN: [&str; 4] = ["eng", "mar", "por", "mya"];

/// The crawl that the samples claim to come from.
const DUMP: &str = "KILIM-SAMPLES-2026-03";

/// One document, in no form yet.
struct Sample {
    text: String,
    title: String,
    url: String,
    id: String,
    date: String,
    lang: String,
    script: String,
    tag: String,
}

/// All files by name.
pub(super) fn files(samples: &Path) -> Result<Vec<(String, Vec<u8>)>> {
    let texts = read_texts(&samples.join("texts"))?;
    let mut hosts = BTreeMap::new();
    for row in read_table(&samples.join("texts/sites.tsv"))? {
        hosts.entry(row.get("text")?.to_owned()).or_insert(row.get("host")?.to_owned());
    }
    let of = |names: &[&str]| -> Result<Vec<Sample>> {
        let mut found = Vec::new();
        for name in names {
            let texts = texts.get(*name).with_context(|| format!("no text {name}"))?;
            let host = hosts.get(*name).with_context(|| format!("no site in {name}"))?;
            found.extend(documents(texts, host));
        }
        Ok(found)
    };
    Ok(vec![
        ("datatrove.jsonl.gz".to_owned(), gzip(&lines(of(&DATATROVE)?.iter().map(datatrove)))?),
        ("fineweb.parquet".to_owned(), fineweb(&of(&FINEWEB)?)?),
        ("dolma.jsonl.zst".to_owned(), zstd(&lines(of(&DOLMA)?.iter().enumerate().map(dolma)))?),
        ("own.jsonl".to_owned(), own(&of(&OWN)?)),
    ])
}

/// Two documents of two paragraphs each.
fn documents(texts: &Texts, host: &str) -> Vec<Sample> {
    let pairs = texts.paragraphs.chunks_exact(2).take(2).enumerate();
    pairs
        .map(|(number, pair)| {
            let url = format!("https://{host}/maktaba/{number}");
            Sample {
                text: format!("{}\n\n{}", pair[0].text, pair[1].text),
                title: pair[0].title.clone(),
                id: format!("<urn:uuid:{:08x}-0000-4000-8000-{number:012x}>", sum(&url)),
                url,
                date: format!("2026-03-{:02}T06:00:00Z", number + 1),
                lang: texts.lang.clone(),
                script: texts.script.clone(),
                tag: texts.tag.clone(),
            }
        })
        .collect()
}

/// A number that tells addresses apart.
fn sum(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |sum, byte| (sum ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

fn lines(values: impl Iterator<Item = Value>) -> String {
    let mut lines = String::new();
    for value in values {
        lines.push_str(&value.to_string());
        lines.push('\n');
    }
    lines
}

/// As datatrove's `JsonlWriter` writes a document.
fn datatrove(sample: &Sample) -> Value {
    json!({
        "text": sample.text,
        "id": sample.id,
        "metadata": {
            "url": sample.url,
            "date": sample.date,
            "dump": DUMP,
            "file_path": "s3://kilim-samples/crawl/part-00000.warc.gz",
            "language": sample.tag,
            "language_score": 0.97,
        },
    })
}

/// As Dolma lays out a document. Some say under which licence they stand.
fn dolma((number, sample): (usize, &Sample)) -> Value {
    let mut metadata = json!({ "warc_url": sample.url, "warc_date": sample.date, "title": sample.title });
    if number.is_multiple_of(2) {
        metadata["license"] = json!("https://creativecommons.org/licenses/by-sa/4.0/");
    }
    json!({
        "id": sample.id,
        "text": sample.text,
        "source": "kilim-samples",
        "added": "2026-04-01T00:00:00.000Z",
        "created": sample.date,
        "metadata": metadata,
        "attributes": { "random_number_v1__random_number_v1__random": [[0, sample.text.chars().count(), 0.5]] },
    })
}

/// Lines with names of their own. Six of them are no documents: not JSON, cut, no object, no text, no words, not UTF-8.
fn own(samples: &[Sample]) -> Vec<u8> {
    let document = |sample: &Sample| {
        json!({
            "content": sample.text,
            "heading": sample.title,
            "meta": { "source_url": sample.url, "seen": sample.date },
            "license": "CC-BY-4.0",
        })
    };
    let mut bytes = Vec::new();
    for (number, sample) in samples.iter().enumerate() {
        let line = document(sample).to_string();
        bytes.extend(line.as_bytes());
        bytes.push(b'\n');
        let wrong: &[u8] = match number {
            0 => "nakala hii si JSON".as_bytes(),
            1 => line.as_bytes().get(..40).unwrap_or_default(),
            2 => "[\"நேற்று\"]".as_bytes(),
            3 => b"{\"heading\": \"Bila maandishi\", \"content\": null}",
            4 => b"{\"content\": \" \\n\"}",
            5 => b"{\"content\": \"\xe0\xa4\"}",
            _ => continue,
        };
        bytes.extend(wrong);
        bytes.push(b'\n');
    }
    bytes
}

/// As the FineWeb datasets are laid out: every entry of the metadata is a column.
fn fineweb(samples: &[Sample]) -> Result<Vec<u8>> {
    let column = |value: &dyn Fn(&Sample) -> String| -> ArrayRef {
        Arc::new(samples.iter().map(|sample| Some(value(sample))).collect::<StringArray>())
    };
    let batch = RecordBatch::try_from_iter([
        ("text", column(&|sample| sample.text.clone())),
        ("id", column(&|sample| sample.id.clone())),
        ("dump", column(&|_| DUMP.to_owned())),
        ("url", column(&|sample| sample.url.clone())),
        ("date", column(&|sample| sample.date.clone())),
        ("file_path", column(&|_| "s3://kilim-samples/crawl/part-00001.warc.gz".to_owned())),
        ("language", column(&|sample| sample.lang.clone())),
        ("language_score", Arc::new(Float64Array::from(vec![0.98; samples.len()])) as ArrayRef),
        ("language_script", column(&|sample| sample.script.clone())),
    ])?;
    let properties = WriterProperties::builder()
        .set_compression(basic::Compression::SNAPPY)
        .set_max_row_group_row_count(Some(5))
        .set_created_by("kilim make-samples".to_owned())
        .build();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties))?;
    writer.write(&batch)?;
    Ok(writer.into_inner()?)
}

fn gzip(text: &str) -> Result<Vec<u8>> {
    let mut member = GzBuilder::new().mtime(0).write(Vec::new(), Compression::best());
    member.write_all(text.as_bytes())?;
    Ok(member.finish()?)
}

fn zstd(text: &str) -> Result<Vec<u8>> {
    let mut frame = zstd::Encoder::new(Vec::new(), 19)?;
    frame.include_checksum(true)?;
    frame.write_all(text.as_bytes())?;
    Ok(frame.finish()?)
}
