//! What-if on finished runs: what it says is what a run with the other table does, and no text is read for it.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::Value;

use crate::corpus::{Corpus, Said, files};
use crate::pages::{LANGUAGES, page, text, warc};

const HEADER: &str = "language,rule,signal,op,value,source\n";
const LAX: &str = "*,few_words,words,<,5,ours\n";
const STRICT: &str = "*,few_words,words,<,500,ours\n*,few_sentences,sentences,<,50,ours\n\
                      hin_Deva,few_words,words,<,10,asked\nhin_Deva,few_sentences,sentences,<,off,asked\n";

/// A page in each language, a second in Hindi, and one that is too short whatever its table.
fn corpus(filters: &'static str) -> Corpus {
    let mut corpus = Corpus::new();
    corpus.filters = filters;
    let mut pages: Vec<_> =
        LANGUAGES.iter().map(|lang| page(&format!("https://habari.co.ke/{lang}"), &text(lang, 1))).collect();
    pages.push(page("https://habari.co.ke/hin/2", &text("hin", 2)));
    pages.push(page("https://habari.co.ke/fupi", "सुबह का बाज़ार खुल गया है।"));
    corpus.warc("a.warc.gz", &warc(&pages));
    corpus.file("lax.csv", format!("{HEADER}{LAX}").as_bytes());
    corpus.file("strict.csv", format!("{HEADER}{STRICT}").as_bytes());
    corpus
}

const MEASURED: &str = "  - filter_length: { min_chars: 100 }\n  - measure_quality: {}\n  - id: ubora\n    filter_quality: { rules: [lax.csv] }\n";

fn ask(corpus: &Corpus, args: &[&str]) -> Said {
    let mut command = corpus.command("report");
    command.arg("--compare").args(args).current_dir(corpus.path(""));
    Said::new(&command.output().expect("the command starts"))
}

fn json(corpus: &Corpus, args: &[&str]) -> Value {
    let said = ask(corpus, &[args, &["--json"]].concat());
    said.done();
    serde_json::from_str(&said.stdout).expect("it is JSON")
}

#[test]
fn what_it_says_beforehand_is_what_the_run_with_the_other_table_does() {
    let corpus = corpus(MEASURED);
    corpus.run();
    let found = json(&corpus, &["current", "strict.csv", "--docs", "9"]);
    assert_eq!((&found["all"]["judged"], &found["all"]["rejected_elsewhere"]), (&6.into(), &1.into()));
    assert_eq!((&found["all"]["kept_a"], &found["all"]["kept_b"]), (&6.into(), &2.into()));
    let greek = &found["languages"]["ell_Grek"];
    assert_eq!(greek["rules"]["few_words"]["b"]["dropped"], 1);
    assert_eq!(greek["rules_b"]["scope"], "neutral");
    assert_eq!(found["languages"]["hin_Deva"]["rules_b"]["scope"], "own");
    let named: Vec<&str> = found["documents"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|it| it["doc_id"].as_str())
        .collect();
    assert_eq!(named.len(), 4);

    // The same table in the config.
    let rules = format!("{HEADER}{STRICT}");
    corpus.file("lax.csv", rules.as_bytes());
    corpus.run();
    let rejected = corpus.sql(
        "SELECT DISTINCT doc_id FROM reasons WHERE step = 'ubora' AND doc_id NOT IN
         (SELECT doc_id FROM reasons WHERE step = 'filter_length') ORDER BY doc_id",
    );
    let rejected: Vec<&str> = rejected.iter().map(|row| row[0].as_str()).collect();
    let mut named = named;
    named.sort_unstable();
    assert_eq!(named, rejected);
}

/// Writes a file of the work directory again without its columns of text, and with another name of its set of signals.
fn without_text(path: &Path, signal_set: &str) {
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(path).expect("rows"))
        .and_then(ParquetRecordBatchReaderBuilder::build)
        .expect("rows can be read");
    let batches: Vec<RecordBatch> = reader.collect::<Result<_, _>>().expect("rows can be read");
    let schema = batches[0].schema();
    let kept: Vec<usize> = (0..schema.fields().len())
        .filter(|at| !["text", "title", "blocks", "url"].contains(&schema.field(*at).name().as_str()))
        .collect();
    let fields: Vec<_> = kept
        .iter()
        .map(|at| {
            let field = schema.field(*at).clone();
            let is_signals = field.name() == "signals";
            let set = [("signal_set".to_owned(), signal_set.to_owned())];
            Arc::new(if is_signals { field.with_metadata(set.into()) } else { field })
        })
        .collect();
    let schema = Arc::new(Schema::new(fields));
    let mut writer = ArrowWriter::try_new(File::create(path).expect("rows"), Arc::clone(&schema), None)
        .expect("rows can be written");
    for batch in batches {
        let columns = kept.iter().map(|at| Arc::clone(batch.column(*at))).collect();
        let batch = RecordBatch::try_new(Arc::clone(&schema), columns).expect("the same rows");
        writer.write(&batch).expect("rows can be written");
    }
    writer.close().expect("rows can be written");
}

#[test]
fn the_answer_is_the_same_when_all_text_is_gone_and_the_crawl_too() {
    let corpus = corpus(MEASURED);
    corpus.run();
    let before = ask(&corpus, &["current", "strict.csv", "--docs", "9"]);
    before.done();
    std::fs::remove_dir_all(corpus.path("crawl")).expect("the crawl was there");
    let rows = files(&corpus.path("work/documents"));
    let rows = rows.iter().filter(|path| path.extension().is_some_and(|ending| ending == "parquet"));
    for path in rows.clone() {
        without_text(path, kilim::quality::SIGNAL_SET);
    }
    let after = ask(&corpus, &["current", "strict.csv", "--docs", "9"]);
    after.done();
    assert_eq!(before.stdout, after.stdout);

    for path in rows {
        without_text(path, "sig-v0");
    }
    ask(&corpus, &["current", "strict.csv"])
        .refused(2, &["signals of the set sig-v0", "`kilim run` measures again"]);
}

#[test]
fn a_run_without_signals_says_which_step_makes_them() {
    let corpus = corpus("");
    corpus.run();
    ask(&corpus, &["current", "strict.csv"]).refused(2, &["has signals", "measure_quality"]);
}

#[test]
fn what_was_asked_wrongly_is_said_with_the_next_move() {
    let corpus = corpus(MEASURED);
    corpus.run();
    corpus.file("bad.csv", format!("{HEADER}*,few_words,wrods,<,20,own\n").as_bytes());
    for (args, words) in [
        (&["gopher_qality", "current"][..], &["gopher_qality", "hint: did you mean `gopher_quality`?"][..]),
        (&["current", "bad.csv"], &["bad.csv:2", "did you mean `words`?"]),
        (&["current", "nje.csv"], &["nje.csv", "relative to the current folder"]),
        (&["current", "strict.csv", "--lang", "sw"], &["`sw` is no language", "did you mean `swa`?"]),
        (&["current", "strict.csv", "--lang", "kik,luo"], &["no document of the run is in kik, luo"]),
        (&["current"], &["2 values required"]),
    ] {
        ask(&corpus, args).refused(2, words);
    }
    let found = json(&corpus, &["current", "strict.csv", "--lang", "hin,tha_Thai"]);
    let languages: Vec<&String> = found["languages"].as_object().expect("a map").keys().collect();
    assert_eq!(languages, ["hin_Deva", "tha_Thai"]);
    assert_eq!(found["all"]["judged"], 3);
}
