//! The rows of one shard against the manifest and the decisions.

use std::collections::BTreeMap;
use std::path::Path;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::TimestampMillisecondType;
use kilim_connectors::shards::{ColumnHasher, ShardFormat, read_shard};
use kilim_langid::{LangTag, matches};

use super::personal::Unwanted;
use super::{Verified, midnight};
use crate::policy::{DecisionRow, OptOut};
use crate::proof::{Leaves, Salts};
use crate::seal::{Manifest, ManifestShard, Removed, shard_schema};

/// Findings of one kind that are listed for a shard; the rest is counted.
const LISTED: u64 = 5;

/// What the columns of a batch hold, in the order of the shard's schema.
struct Columns<'a> {
    batch: &'a RecordBatch,
}

impl<'a> Columns<'a> {
    /// Text, or `None` for null. The schema was compared when the shard was opened.
    fn text(&self, name: &str, row: usize) -> Option<&'a str> {
        let column = self.batch.column_by_name(name)?.as_string_opt::<i32>()?;
        column.is_valid(row).then(|| column.value(row))
    }

    fn labels(&self, name: &str, row: usize) -> Vec<String> {
        let list = self.batch.column_by_name(name).and_then(|column| column.as_list_opt::<i32>());
        let Some(list) = list.filter(|list| list.is_valid(row)) else { return Vec::new() };
        let values = list.value(row);
        let labels = values.as_string_opt::<i32>();
        labels.into_iter().flatten().flatten().map(str::to_owned).collect()
    }
}

/// Wrong rows by what is wrong, with the first of them.
#[derive(Default)]
struct Wrong(BTreeMap<String, (u64, Vec<String>)>);

impl Wrong {
    fn add(&mut self, kind: &str, row: u64, id: &str, detail: &str) {
        let (count, shown) = self.0.entry(kind.to_owned()).or_default();
        *count += 1;
        if *count <= LISTED {
            shown.push(format!("row {row} ({id}) {kind}{detail}"));
        }
    }

    fn tell(self, file: &str, found: &mut Verified) {
        for (kind, (count, shown)) in self.0 {
            for problem in shown {
                found.find(file, problem);
            }
            if count > LISTED {
                found.find(file, format!("{} more rows: each {kind}", count - LISTED));
            }
        }
    }
}

/// What the rows of a shard are held against.
pub(super) struct With<'a> {
    pub(super) manifest: &'a Manifest,
    pub(super) shard: &'a ManifestShard,
    /// By decision id.
    pub(super) decisions: &'a BTreeMap<String, DecisionRow>,
    /// None if they cannot be read.
    pub(super) salts: Option<&'a Salts>,
    /// What was taken down.
    pub(super) removed: &'a Removed,
}

/// Reads the shard at `path` row by row. Rows of each decision are added to `counted`.
pub(super) fn verify_rows(
    path: &Path,
    format: ShardFormat,
    with: &With<'_>,
    counted: &mut BTreeMap<String, u64>,
    found: &mut Verified,
) {
    let With { manifest, shard, salts, .. } = *with;
    let file = shard.path.as_str();
    let batches = match read_shard(path, format, Some(shard_schema())) {
        Ok(batches) => batches,
        Err(error) => return found.find(file, unreadable(&error)),
    };
    let mut hashers = ColumnHasher::COLUMNS.map(ColumnHasher::new);
    let (mut rows, mut text_chars) = (0, 0);
    let mut wrong = Wrong::default();
    let mut leaves = salts.map(|salts| Leaves::new(salts.clone()));
    let mut later = 0;
    let as_of = day_after(&manifest.as_of);
    let unwanted = manifest.node.pii.as_ref().and_then(Unwanted::of);
    for batch in batches {
        let batch = match batch {
            Ok(batch) => batch,
            Err(error) => {
                found.find(file, unreadable(&error));
                break;
            }
        };
        for hasher in &mut hashers {
            if let Some(column) = batch.column_by_name(hasher.column()) {
                hasher.update(column.as_ref());
            }
        }
        // A row without an id or a decision is found below.
        leaves = leaves.and_then(|mut leaves| leaves.push(&batch).then_some(leaves));
        later += fetched_after(&batch, as_of);
        let columns = Columns { batch: &batch };
        for row in 0..batch.num_rows() {
            if let Some(unwanted) = &unwanted {
                check_masks(&columns, row, rows + row as u64, unwanted, &mut wrong);
            }
            text_chars += columns.text("text", row).map_or(0, |text| text.chars().count() as u64);
            let number = rows + row as u64;
            check_row(&columns, row, number, with, counted, &mut wrong);
        }
        rows += batch.num_rows() as u64;
    }
    wrong.tell(file, found);
    found.rows += rows;
    if rows != shard.rows {
        found.find(file, format!("has {rows} rows, the manifest says {}", shard.rows));
    }
    if text_chars != shard.text_chars {
        let problem = format!("has {text_chars} characters of text, the manifest says {}", shard.text_chars);
        found.find(file, problem);
    }
    if later > 0 {
        found.note(file, format!("{later} rows were fetched after as_of, {}", manifest.as_of));
    }
    if let Some(root) = leaves.map(Leaves::finish)
        && root != shard.merkle_root
    {
        found.find(file, format!("has the Merkle root {root}, the manifest says {}", shard.merkle_root));
    }
    for hasher in hashers {
        let digest = hasher.finish();
        if shard.columns.get(&digest.column) != Some(&digest.sha256) {
            let said = shard.columns.get(&digest.column).map_or("none", String::as_str);
            let problem =
                format!("column {} has digest {}, the manifest says {said}", digest.column, digest.sha256);
            found.find(file, problem);
        }
    }
}

/// The first millisecond after a day, since 1970; none for what is no day.
fn day_after(day: &str) -> Option<i64> {
    let day: jiff::civil::Date = day.parse().ok()?;
    Some(midnight(&day.tomorrow().ok()?.to_string())?.as_millisecond())
}

/// Rows fetched when `end` had come: after the day on which laws and reservations were read, or by a clock that is wrong.
fn fetched_after(batch: &RecordBatch, end: Option<i64>) -> u64 {
    let column = batch.column_by_name("fetched_at");
    let times = column.and_then(|column| column.as_primitive_opt::<TimestampMillisecondType>());
    let (Some(times), Some(end)) = (times, end) else { return 0 };
    times.iter().flatten().filter(|&time| time >= end).count() as u64
}

/// What is masked must not stand there.
fn check_masks(columns: &Columns<'_>, row: usize, number: u64, unwanted: &Unwanted, wrong: &mut Wrong) {
    let id = columns.text("id", row).unwrap_or("no id");
    for field in ["text", "url", "title", "attribution", "author"] {
        let Some(value) = columns.text(field, row) else { continue };
        let found = if field == "text" { unwanted.in_text(value) } else { unwanted.in_field(value) };
        for kind in found {
            wrong.add(
                &format!("holds personal data ({kind}) that should be masked"),
                number,
                id,
                &format!(" in {field}"),
            );
        }
    }
}

fn unreadable(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(source) => format!("cannot be read: {source}"),
        None => format!("cannot be read: {error}"),
    }
}

fn check_row(
    columns: &Columns<'_>,
    row: usize,
    number: u64,
    with: &With<'_>,
    counted: &mut BTreeMap<String, u64>,
    wrong: &mut Wrong,
) {
    let With { manifest, shard, decisions, salts, removed } = *with;
    let id = columns.text("id", row).unwrap_or("no id");
    let mut add = |kind: &str, detail: &str| wrong.add(kind, number, id, detail);
    if removed.has(id, salts) {
        add("was taken down, and is here", "");
    }
    let lang = columns.text("lang", row).unwrap_or_default();
    if lang != shard.lang {
        add("is in the shard of another language", &format!(": {lang}"));
    }
    let tag: Option<LangTag> = lang.parse().ok();
    if !tag.is_some_and(|tag| manifest.node.languages.iter().any(|code| matches(code, tag))) {
        add("is in a language that the node does not ask for", &format!(": {lang}"));
    }
    let Some(key) = columns.text("decision", row) else { return add("names no decision", "") };
    let Some(decision) = decisions.get(key) else {
        return add("rests on a decision that this node does not have", &format!(": {key}"));
    };
    *counted.entry(key.to_owned()).or_default() += 1;
    if !decision.allowed {
        add("may not be at this node", &format!(": decision {key} is a denial"));
    }
    let attributes = &decision.attributes;
    let bound = columns.labels("jurisdictions", row);
    if !bound.iter().eq(&attributes.jurisdictions) {
        let decided: Vec<&str> = attributes.jurisdictions.iter().map(String::as_str).collect();
        let detail = format!(": [{}], decided [{}]", bound.join(", "), decided.join(", "));
        add("has other jurisdictions than its decision", &detail);
    }
    let optout = columns.text("optout_train", row).unwrap_or(OptOut::Unknown.as_str());
    if optout != attributes.optout_train.as_str() {
        let detail = format!(": {optout}, decided {}", attributes.optout_train.as_str());
        add("has another opt-out than its decision", &detail);
    }
    let source = columns.text("source", row).unwrap_or_default();
    if source != attributes.source {
        add("has another source than its decision", &format!(": {source}, decided {}", attributes.source));
    }
}
