//! Existing corpora, in every form they come in, through to the shards.

#![expect(clippy::unwrap_used, reason = "a failing step should panic, and these are all tests")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray, StructArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field};
use kilim::run::RunError;
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;
use serde_json::json;

use crate::corpus::{Corpus, assert_same};
use crate::pages::{LANGUAGES, page, text, warc};

/// Hosts of [`Doc`]s: two nodes may have theirs, nobody the third's.
const HOSTS: [&str; 3] = ["habari.co.ke", "nachrichten.de", "samachar.in"];

struct Doc {
    text: String,
    id: String,
    url: String,
    date: &'static str,
}

/// Documents in five scripts.
fn docs(count: usize) -> Vec<Doc> {
    (0..count)
        .map(|number| Doc {
            text: format!(
                "{}\n\n{}",
                text(LANGUAGES[number % 5], number),
                text(LANGUAGES[number % 5], number + 1)
            ),
            id: format!("<urn:uuid:{number}>"),
            url: format!("https://{}/{number}", HOSTS[number % 3]),
            date: "2026-03-01T06:00:00Z",
        })
        .collect()
}

/// As datatrove writes them; `noise` letters besides.
fn lines(docs: &[Doc], noise: usize) -> String {
    let mut lines = String::new();
    for doc in docs {
        let metadata = json!({
            "url": doc.url, "date": doc.date, "language": "sw", "dump": "CC-MAIN-2026-10", "x": "k".repeat(noise),
        });
        writeln!(lines, "{}", json!({ "text": doc.text, "id": doc.id, "metadata": metadata })).unwrap();
    }
    lines
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn zstd(text: &str) -> Vec<u8> {
    let mut encoder = zstd::Encoder::new(Vec::new(), 3).unwrap();
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

/// Parquet as datatrove writes it: the metadata are a struct. Texts are of `kind`.
fn parquet(docs: &[Doc], kind: &DataType, group: usize) -> Vec<u8> {
    let column = |value: &dyn Fn(&Doc) -> String| -> ArrayRef {
        let texts: ArrayRef = Arc::new(docs.iter().map(|doc| Some(value(doc))).collect::<StringArray>());
        cast(&texts, kind).unwrap()
    };
    let field = |name: &str| Arc::new(Field::new(name, kind.clone(), true));
    let metadata = StructArray::from(vec![
        (field("url"), column(&|doc| doc.url.clone())),
        (field("date"), column(&|doc| doc.date.to_owned())),
        (field("language"), column(&|_| "sw".to_owned())),
        (field("dump"), column(&|_| "CC-MAIN-2026-10".to_owned())),
    ]);
    let batch = RecordBatch::try_from_iter([
        ("text", column(&|doc| doc.text.clone())),
        ("id", column(&|doc| doc.id.clone())),
        ("metadata", Arc::new(metadata) as ArrayRef),
    ]);
    let batch = batch.unwrap();
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(group)).build();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.into_inner().unwrap()
}

/// A corpus of document files.
fn corpus(files: &[(&str, Vec<u8>)]) -> Corpus {
    let mut corpus = Corpus::new();
    for (name, bytes) in files {
        corpus.file(&format!("docs/{name}"), bytes);
    }
    corpus.documents.insert("docs", "paths: [docs/*]".to_owned());
    corpus
}

/// The shards, without the papers beside them, which name the inputs.
fn shards(corpus: &Corpus) -> BTreeMap<String, Vec<u8>> {
    let mut published = corpus.published();
    published.retain(|name, _| name.contains("/data/"));
    published
}

/// (text, url, title, license, attribution, jurisdictions) of all rows of a node's shards.
fn rows(corpus: &Corpus) -> Vec<Vec<String>> {
    corpus.sql(
        "SELECT text, url, title, license, attribution, bound_by, array_to_string(declared_lang, ','), crawl \
         FROM documents WHERE outcome = 'sharded' ORDER BY url",
    )
}

#[test]
fn the_same_documents_in_any_form_give_the_same_shards() {
    let docs = docs(40);
    let plain = corpus(&[("a.jsonl", lines(&docs, 0).into_bytes())]);
    let finished = plain.run();
    assert_eq!(finished.records, 40);
    let bytes = shards(&plain);
    assert!(
        bytes.keys().any(|name| name.starts_with("ke/")) && bytes.keys().any(|name| name.starts_with("eu/"))
    );
    let found = rows(&plain);
    assert_eq!(found.len(), 27, "two of three hosts");
    let given = docs.iter().find(|doc| doc.url == found[0][1]).expect("one of ours");
    assert_eq!(
        (&found[0][0], found[0][6].as_str(), found[0][7].as_str()),
        (&given.text, "sw", "CC-MAIN-2026-10")
    );
    let (first, second) = docs.split_at(17);
    let two_members = [gzip(&lines(first, 0)), gzip(&lines(second, 0))].concat();
    let dictionary = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
    for (name, file) in [
        ("gzip", vec![("a.jsonl.gz", two_members.clone())]),
        ("gzip by another name", vec![("a.jsonl", two_members)]),
        ("zstd", vec![("a.jsonl.zst", zstd(&lines(&docs, 0)))]),
        (
            "two files",
            vec![
                ("a.json", lines(first, 0).into_bytes()),
                ("b.parquet", parquet(second, &DataType::Utf8, 7)),
            ],
        ),
        ("Parquet", vec![("a.parquet", parquet(&docs, &DataType::Utf8, 9))]),
        ("Parquet, large texts", vec![("a.parquet", parquet(&docs, &DataType::LargeUtf8, 100))]),
        ("Parquet, views", vec![("a.parquet", parquet(&docs, &DataType::Utf8View, 11))]),
        ("Parquet, dictionaries", vec![("a.parquet", parquet(&docs, &dictionary, 13))]),
    ] {
        let other = corpus(&file);
        assert_eq!(other.run().outcomes, finished.outcomes, "{name}");
        assert_same(&bytes, &shards(&other), name);
    }
}

#[test]
fn split_size_and_threads_change_no_byte_and_a_second_run_reads_nothing() {
    let docs = docs(60);
    let torn = lines(&docs, 60_000).replace("<urn:uuid:7>\"", "<urn:uuid:7>\" torn");
    let made = || {
        let group = parquet(&docs, &DataType::Utf8, 20);
        let mut corpus = corpus(&[
            ("a.jsonl", torn.clone().into_bytes()),
            ("b.jsonl.gz", gzip(&lines(&docs, 0))),
            ("c.parquet", group),
        ]);
        corpus.max_broken = "5%";
        corpus
    };
    assert!(torn.len() > 3 << 20, "four splits of 1MiB, got {} bytes", torn.len());
    let whole = made();
    let finished = whole.run();
    let mut split = made();
    split.split_bytes = "1MiB";
    split.threads = 1;
    assert_eq!(split.run().outcomes, finished.outcomes);
    assert_same(&whole.published(), &split.published(), "splits of 1MiB");
    assert_eq!(split.sql("SELECT count(*) FROM documents WHERE outcome = 'broken'"), [["1"]]);

    let before = (split.stamps("out"), split.stamps("work/documents"));
    assert!(split.run().nodes.iter().all(|node| !node.written));
    assert_eq!(before, (split.stamps("out"), split.stamps("work/documents")));
    // Other fields are other documents.
    split.documents.insert("docs", "paths: [docs/*], fields: { title: id }".to_owned());
    split.run();
    assert_ne!(before.1.len(), split.stamps("work/documents").len());
}

#[test]
fn a_shard_of_our_own_as_input_gives_back_its_documents_and_what_binds_them() {
    for format in ["parquet", "jsonl.zst"] {
        let mut first = Corpus::new();
        let fields = first.nodes["ke"].replace("max_bytes", &format!("format: {format}, max_bytes"));
        first.nodes.insert("ke", fields);
        // The steward's word binds a page to Kenya that its host would give to Germany.
        let licensed = "<html><head><title>ዜና</title><link rel=license href='https://creativecommons.org/licenses/by/4.0/'>\
                        <meta name=author content='Abebe'></head><body><article><p>";
        let html = format!("{licensed}{}</p></article></body></html>", text("amh", 3));
        let answer = crate::pages::answer(&html);
        let record = kilim_connectors::warc::RecordBuilder::response;
        first.warc(
            "a.warc.gz",
            &warc(&[
                page("https://habari.co.ke/1", &text("hin", 1)),
                record("https://habari.co.ke/2", crate::pages::FETCHED, &answer),
                page("https://jamii.org/3", &text("tam", 2)),
            ]),
        );
        first.seeds.push("https://jamii.org/,tam,KE,baraza");
        first.run();
        assert_eq!(first.urls_at("ke").len(), if format == "parquet" { 3 } else { 0 });

        let mut second = Corpus::new();
        second
            .documents
            .insert("ours", format!("paths: [\"{}\"]", first.path("out/ke/v0001/data/*/*").display()));
        let finished = second.run();
        assert_eq!(finished.records, 3);
        let what = "SELECT text, url, title, license, attribution, bound_by, fetched_at FROM documents \
                    WHERE outcome = 'sharded' ORDER BY url";
        assert_eq!(second.sql(what), first.sql(what), "{format}");
        assert!(second.sql(what).iter().any(|row| row[3] == "CC-BY-4.0" && row[4].contains("Abebe")));
        assert_eq!(second.sql("SELECT DISTINCT array_to_string(nodes, ',') FROM documents"), [["ke"]]);
        let ids = "SELECT doc_id FROM documents ORDER BY url";
        assert_eq!(second.sql("SELECT record_id FROM documents ORDER BY url"), first.sql(ids));
    }
}

#[test]
fn what_is_no_document_is_counted_with_its_reason_and_costs_nothing_else() {
    let good = |number: usize| lines(&docs(number + 1)[number..], 0);
    let mut bytes = Vec::new();
    for (number, bad) in [
        b"habari".as_slice(),
        b"{\"text\": \"\xe1\x88\"}",
        b"{\"text\": 7}",
        b"{\"text\": null}",
        b"{}",
        b"{\"text\": \"  \"}",
        b"[]",
        b"{\"text\": \"x\", \"jurisdictions\": [\"KENYA\"]}",
        b"   ",
        b"{\"text\": \"\xe0\xa4\xa8",
    ]
    .iter()
    .enumerate()
    {
        bytes.extend(good(number).into_bytes());
        bytes.extend(*bad);
        bytes.push(b'\n');
    }
    let mut corpus = corpus(&[
        ("a.jsonl", bytes.clone()),
        ("b.jsonl.gz", [gzip(&good(20)), gzip(&good(21))[..150].to_vec()].concat()),
        ("c.jsonl", b"[\n {\"text\": \"x\"}]".to_vec()),
        ("d.parquet", b"PAR1 and nothing else".to_vec()),
        ("e.jsonl", Vec::new()),
        ("f.jsonl.xz", b"\xfd7zXZ\0...".to_vec()),
        ("g.parquet", {
            let column: ArrayRef = Arc::new(StringArray::from(vec!["ሰላም"]));
            let batch = RecordBatch::try_from_iter([("content", column)]).unwrap();
            let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), None).unwrap();
            writer.write(&batch).unwrap();
            writer.into_inner().unwrap()
        }),
    ]);
    corpus.max_broken = "60%";
    let finished = corpus.run();
    assert_eq!(finished.outcomes.values().sum::<u64>(), finished.records);
    let told = corpus.sql(
        "SELECT d.outcome, r.code, count(*) FROM documents d JOIN reasons r ON d.doc_id = r.doc_id \
         WHERE r.step = 'read' GROUP BY 1, 2 ORDER BY 1, 2",
    );
    let told: Vec<String> = told.iter().map(|row| row.join(" ")).collect();
    assert_eq!(
        told,
        [
            "broken cut_short 1",
            "broken json_array 1",
            "broken json_cut_short 1",
            "broken no_text_column 1",
            "broken not_an_object 1",
            "broken not_json 1",
            "broken not_parquet 1",
            "broken not_utf8 1",
            "broken other_packing 1",
            "skipped bad_jurisdiction 1",
            "skipped empty_text 1",
            "skipped no_text 2",
            "skipped text_not_a_string 1",
        ]
    );
    assert_eq!(corpus.sql("SELECT count(*) FROM documents WHERE text IS NOT NULL"), [["11"]]);
    let place =
        "SELECT warc_offset FROM documents d JOIN reasons r ON d.doc_id = r.doc_id WHERE code = 'not_json'";
    let offset: usize = corpus.sql(place)[0][0].parse().unwrap();
    assert!(bytes[offset..].starts_with(b"habari\n"));
}

#[test]
fn documents_and_crawl_files_go_into_one_run_with_seeds_claims_and_copies() {
    let docs = docs(6);
    let mut corpus = corpus(&[("a.jsonl", lines(&docs, 0).into_bytes())]);
    corpus.warc(
        "a.warc.gz",
        &warc(&[page("https://habari.co.ke/mpya", &docs[0].text.replace("\n\n", "</p><p>"))]),
    );
    corpus
        .documents
        .insert("docs", "paths: [docs/*], country: KE, mode: restricted, steward: taita".to_owned());
    corpus.seeds.push("https://samachar.in/,hin,KE,baraza");
    let finished = corpus.run();
    assert_eq!(finished.records, 7);
    let facts = corpus.sql(
        "SELECT source, mode, steward, bound_by, count(*) FROM documents GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4",
    );
    let facts: Vec<String> = facts.iter().map(|row| row.join(" ")).collect();
    assert_eq!(
        facts,
        [
            "crawl open  KE 1",
            "docs restricted baraza IN,KE 2",
            "docs restricted taita DE,KE 2",
            "docs restricted taita KE 2",
        ]
    );
    let copies = "SELECT count(*) FROM documents WHERE outcome = 'duplicate' AND route_reason = 'same_text'";
    assert_eq!(corpus.sql(copies), [["1"]]);
    assert_eq!(corpus.urls_at("eu"), [""; 0], "German documents that Kenya binds as well");
}

#[test]
fn mistakes_in_a_source_of_documents_are_shown_where_they_stand() {
    for (fields, words) in [
        ("paths: [docs/*], format: json", vec!["unknown value `json`", "did you mean `jsonl`?"]),
        ("paths: [docs/*], fields: { txet: a }", vec!["unknown field `txet`", "did you mean `text`?"]),
        (
            "paths: [docs/*], fields: { text: a..b }",
            vec!["`a..b` is not the name of a field", "metadata.url"],
        ),
        ("path: [docs/*]", vec!["unknown field `path`", "did you mean `paths`?", "`paths` is missing"]),
        ("paths: []", vec!["docs"]),
    ] {
        let mut corpus = corpus(&[("a.jsonl", Vec::new())]);
        corpus.documents.insert("docs", fields.to_owned());
        let Err(RunError::Config(found)) = corpus.try_run() else { panic!("{fields} is refused") };
        let said = format!("{found:?}");
        for word in words {
            assert!(said.contains(word), "{word:?} is not in {said}");
        }
        assert!(found.list.iter().all(|finding| finding.span.is_some()), "{said}");
    }
    let corpus = corpus(&[("a.jsonl", Vec::new())]);
    let yaml = corpus.yaml().replace("documents:", "document:");
    corpus.write();
    corpus.file("corpus.yaml", yaml.as_bytes());
    let said = crate::corpus::Said::new(&corpus.command("run").output().expect("the command starts"));
    said.refused(2, &["unknown kind `document`", "did you mean `documents`?"]);
}
