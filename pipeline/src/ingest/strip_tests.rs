use arrow::json::{LineDelimitedWriter, ReaderBuilder};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

/// Words that no other column holds.
const WORDS: [&str; 6] = ["bahari", "समुद्र", "கடல்", "ባሕር", "θάλασσα", "بحر"];

/// A row as the steps may leave it: `secret` stands in everything that is text of the document.
fn row(number: usize, secret: &str, evidence: usize, outcome: Option<&str>, read: bool) -> Value {
    let place = json!({
        "input": "crawl/a.warc.gz", "warc_offset": number * 100, "inner_offset": 0, "warc_length": 100,
        "doc_id": format!("{number:032x}"), "url": format!("https://mfano{number}.co.ke/"), "source": "crawl",
        "fetched_at": "2026-11-01T06:00:00Z", "outcome": outcome,
        "site_file": if read { json!(null) } else { json!({ "kind": "robots", "body": "7573", "bytes": 2 }) },
        "reasons": if outcome.is_some() { json!([{ "step": "read", "code": "kwanza" }]) } else { json!([]) },
    });
    let page = json!({
        "title": secret, "text": format!("{secret} {secret}"), "text_chars": 2 * secret.chars().count() + 1,
        "attribution": secret, "author": secret, "lang": "swa_Latn", "text_digest": format!("{number:032x}"),
        "blocks": [{ "start": 0, "end": 3, "kind": "paragraph", "score": 1.0 }], "bands": [number, 7],
        "license_evidence": (0..evidence).map(|item| json!({
            "signal": "prose", "raw": format!("{secret} {item}"), "spdx": "CC-BY-4.0", "scope": "page",
            "subject": if item % 2 == 0 { json!(secret) } else { json!(null) }, "context": secret,
        })).collect::<Vec<_>>(),
        "optout_evidence": if evidence == 2 { json!(null) } else { json!([{ "signal": "rsl", "raw": secret }]) },
        "pii": [{ "start": 0, "end": 2, "kind": "email", "rule": "address", "confidence": 1.0 }],
    });
    let mut all = place;
    if read && let (Value::Object(all), Value::Object(page)) = (&mut all, page) {
        all.extend(page);
    }
    all
}

fn batch(rows: &[Value]) -> RecordBatch {
    let mut decoder =
        ReaderBuilder::new(document_schema()).with_batch_size(rows.len().max(1)).build_decoder().unwrap();
    decoder.serialize(rows).unwrap();
    decoder.flush().unwrap().unwrap()
}

fn withheld() -> Loss {
    Loss::Withheld { step: Arc::from("removals"), code: "removed", detail: Some("erasure".to_owned()) }
}

fn lines(batch: &RecordBatch) -> Vec<String> {
    let mut writer = LineDelimitedWriter::new(Vec::new());
    writer.write(batch).unwrap();
    writer.finish().unwrap();
    String::from_utf8(writer.into_inner()).unwrap().lines().map(str::to_owned).collect()
}

/// A split of these rows, written as stage 1 writes one.
fn split(folder: &Path, rows: &RecordBatch) -> SplitDone {
    let mut file = SplitFile::create(folder).unwrap();
    file.write(rows).unwrap();
    let done = SplitDone {
        version: 1,
        key: "ufunguo".to_owned(),
        input: "crawl/a.warc.gz".to_owned(),
        source: "crawl".to_owned(),
        offset: 0,
        length: file.items_bytes + 5,
        items_start: 0,
        items_end: file.items_bytes + 5,
        // Five bytes of padding, which have no row.
        items_bytes: file.items_bytes + 5,
        pieces: String::new(),
        rows: file.rows,
        outcomes: file.outcomes.clone(),
        bytes: 0,
        removed: std::collections::BTreeSet::new(),
        thinned: None,
    };
    file.replace(folder, done).unwrap()
}

fn read(folder: &Path, done: &SplitDone) -> RecordBatch {
    let batches = open(&SplitDone::rows_path(folder, &done.key), None).unwrap();
    let batches: Vec<_> = batches.map(Result::unwrap).collect();
    arrow::compute::concat_batches(&document_schema(), &batches).unwrap()
}

#[test]
fn a_row_that_is_withheld_says_so_and_keeps_what_was_found_out_about_it() {
    let rows = batch(&[row(0, "समुद्र", 1, None, true), row(1, "bahari", 1, Some("rejected"), true)]);
    let stripped = strip_batch(&rows, &[withheld(), withheld()]).unwrap();
    let values: Vec<Value> =
        lines(&stripped).iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let reason = json!({ "step": "removals", "code": "removed", "detail": "erasure" });
    assert_eq!(values[0]["outcome"], "withheld");
    assert_eq!(values[0]["reasons"], json!([reason]));
    assert_eq!(values[1]["outcome"], "rejected", "the first outcome stays");
    assert_eq!(values[1]["reasons"], json!([{ "step": "read", "code": "kwanza" }, reason]));
    for value in &values {
        for gone in ["text", "title", "attribution", "author", "bands"] {
            assert!(value.get(gone).is_none(), "{gone}: {value}");
        }
        assert_eq!((&value["text_chars"], &value["blocks"]), (&json!(0), &json!([])));
        assert_eq!(value["license_evidence"][0]["spdx"], "CC-BY-4.0");
        assert_eq!((&value["lang"], &value["pii"][0]["kind"]), (&json!("swa_Latn"), &json!("email")));
        assert!(value["text_digest"].is_string() && value["url"].is_string());
    }
}

#[test]
fn a_row_that_only_loses_its_text_keeps_its_outcome_its_length_and_its_sketch() {
    let rows = batch(&[row(0, "கடல்", 2, None, true)]);
    let stripped = lines(&strip_batch(&rows, &[Loss::Text]).unwrap());
    let (before, after): (Value, Value) =
        (serde_json::from_str(&lines(&rows)[0]).unwrap(), serde_json::from_str(&stripped[0]).unwrap());
    assert!(!stripped[0].contains("கடல்"));
    for same in ["outcome", "reasons", "text_chars", "bands", "text_digest", "optout_evidence"] {
        assert_eq!(before.get(same), after.get(same), "{same}");
    }
}

#[test]
fn what_a_page_reserves_stays_word_for_word_where_only_its_text_goes() {
    let licence = "https://mfano.co.ke/leseni.xml";
    let rows = batch(&[json!({
        "input": "crawl/a.warc.gz", "warc_offset": 0, "inner_offset": 0, "outcome": null, "text": "bahari",
        "optout_evidence": [{ "signal": "rsl_link", "raw": licence }],
    })]);
    let after = &lines(&strip_batch(&rows, &[Loss::Text]).unwrap())[0];
    assert!(after.contains(licence) && !after.contains("bahari"), "{after}");
    assert!(!lines(&strip_batch(&rows, &[withheld()]).unwrap())[0].contains(licence));
}

#[test]
fn a_rewritten_split_is_as_old_as_it_was_and_its_size_can_be_told_before() {
    let folder = tempfile::tempdir().unwrap();
    let done = split(folder.path(), &batch(&[row(0, "ባሕር", 2, None, true), row(1, "بحر", 1, None, true)]));
    let path = SplitDone::rows_path(folder.path(), &done.key);
    let old = std::time::SystemTime::now() - std::time::Duration::from_hours(24 * 40);
    File::options().write(true).open(&path).unwrap().set_modified(old).unwrap();
    let rule = &mut |batch: &RecordBatch| Ok(vec![Loss::Text; batch.num_rows()]);
    let before = std::fs::read(&path).unwrap();
    let told = stripped_bytes(folder.path(), &done, &[c::DOC_ID], rule).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), before, "nothing is written");
    let now = strip_split(folder.path(), &done, &[c::DOC_ID], rule, |_| {}).unwrap().unwrap();
    let meta = std::fs::metadata(&path).unwrap();
    assert_eq!(told, Some(meta.len()));
    assert!(now.bytes == meta.len() && now.bytes < done.bytes);
    assert_eq!(meta.modified().unwrap(), old);
}

#[test]
fn a_rule_that_picks_nothing_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let done = split(folder.path(), &batch(&[row(0, "ባሕር", 1, None, true)]));
    let bytes = std::fs::read(SplitDone::rows_path(folder.path(), &done.key)).unwrap();
    let mut seen = 0;
    let rule = &mut |batch: &RecordBatch| {
        assert_eq!(batch.num_columns(), 2, "a rule sees the columns that it asked for");
        seen += batch.num_rows();
        Ok(vec![Loss::Nothing; batch.num_rows()])
    };
    let stripped = strip_split(folder.path(), &done, &[c::DOC_ID, c::URL], rule, |_| {}).unwrap();
    assert_eq!((stripped, seen), (None, 1));
    assert_eq!(std::fs::read(SplitDone::rows_path(folder.path(), &done.key)).unwrap(), bytes);
    assert_eq!(SplitDone::find(folder.path(), &done.key), Some(done));
}

#[test]
fn a_rule_that_fails_leaves_the_split_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let done = split(folder.path(), &batch(&[row(0, "θάλασσα", 1, None, true)]));
    for short in [true, false] {
        let rule = &mut |_: &RecordBatch| if short { Ok(Vec::new()) } else { internal_err!("hapana") };
        assert!(strip_split(folder.path(), &done, &[c::DOC_ID], rule, |_| {}).is_err());
        assert_eq!(SplitDone::find(folder.path(), &done.key), Some(done.clone()));
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "rows and commit, and nothing else");
}

fn any_row() -> impl Strategy<Value = (usize, usize, u8, u8)> {
    (0..WORDS.len(), 0..4usize, 0..4u8, 0..3u8)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn what_is_picked_is_gone_from_the_file_and_all_else_stands(
        rows in proptest::collection::vec(any_row(), 1..700),
        cut in any::<prop::sample::Index>(),
    ) {
        let secret = |number: usize, word: usize| format!("{}·{number}·", WORDS[word]);
        let outcomes = [None, Some("withheld"), Some("rejected"), Some("skipped")];
        let values: Vec<Value> = rows.iter().enumerate().map(|(number, (word, evidence, outcome, _))| {
            row(number, &secret(number, *word), *evidence, outcomes[usize::from(*outcome)], *outcome != 3)
        }).collect();
        let losses: Vec<Loss> = rows.iter().map(|(.., outcome, loss)| match (outcome, loss) {
            (3, _) | (_, 0) => Loss::Nothing,
            (_, 1) => Loss::Text,
            _ => withheld(),
        }).collect();
        let before = batch(&values);
        let folder = tempfile::tempdir().unwrap();
        let done = split(folder.path(), &before);
        prop_assert_eq!(&lines(&read(folder.path(), &done)), &lines(&before));

        let mut at = 0;
        let rule = &mut |batch: &RecordBatch| {
            at += batch.num_rows();
            Ok(losses[at - batch.num_rows()..at].to_vec())
        };
        let stripped = strip_split(folder.path(), &done, &[c::WARC_OFFSET], rule, |done| done.pieces.push('x'));
        let stripped = stripped.unwrap();
        prop_assert_eq!(stripped.is_some(), losses.iter().any(|loss| *loss != Loss::Nothing));
        let now = stripped.unwrap_or_else(|| done.clone());
        prop_assert_eq!(SplitDone::find(folder.path(), &done.key), Some(now.clone()));
        prop_assert_eq!((now.rows, now.items_bytes), (done.rows, done.items_bytes));
        prop_assert_eq!(now.outcomes.values().sum::<u64>(), now.rows);

        let (old, new) = (lines(&before), lines(&read(folder.path(), &now)));
        for (number, loss) in losses.iter().enumerate() {
            if *loss == Loss::Nothing {
                prop_assert_eq!(&old[number], &new[number]);
            } else if *loss == Loss::Text {
                let (mut value, mut was): (Value, Value) =
                    (serde_json::from_str(&new[number]).unwrap(), serde_json::from_str(&old[number]).unwrap());
                prop_assert_eq!(value.get("optout_evidence"), was.get("optout_evidence"));
                for value in [&mut value, &mut was] {
                    value.as_object_mut().unwrap().remove("optout_evidence");
                }
                prop_assert!(!value.to_string().contains(&secret(number, rows[number].0)), "{}", value);
            } else {
                prop_assert!(!new[number].contains(&secret(number, rows[number].0)), "{}", new[number]);
            }
        }

        // How rows are cut into batches does not matter, and text that is gone cannot go again.
        let cut = cut.index(before.num_rows() + 1);
        let whole = strip_batch(&before, &losses).unwrap();
        let still = has_text(&whole).unwrap();
        let had = has_text(&before).unwrap();
        for (number, loss) in losses.iter().enumerate() {
            prop_assert_eq!(still[number], *loss == Loss::Nothing && had[number], "{}", number);
        }
        let parts = [
            strip_batch(&before.slice(0, cut), &losses[..cut]).unwrap(),
            strip_batch(&before.slice(cut, before.num_rows() - cut), &losses[cut..]).unwrap(),
        ];
        let parts: Vec<String> = parts.iter().flat_map(lines).collect();
        prop_assert_eq!(&lines(&whole), &parts);
        let text: Vec<Loss> =
            losses.iter().map(|loss| if *loss == Loss::Nothing { Loss::Nothing } else { Loss::Text }).collect();
        prop_assert_eq!(lines(&strip_batch(&whole, &text).unwrap()), lines(&whole));
    }
}
