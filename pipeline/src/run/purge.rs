//! Brings a work directory in line with the removals list.
//!
//! What the list names loses its text in the files of stage 1, and so do exact copies of it, wherever they were read. Tables of
//! later stages that were made with these rows go, and the ledger that names them; the next run makes them anew and reads
//! nothing again. `removals.json` remembers which files are in line with which list, so that a run with nothing new in either
//! looks at none. All of it can be stopped anywhere and begun again.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch, StringArray};
use datafusion::common::{Result as PlanResult, internal_datafusion_err};
use serde::{Deserialize, Serialize};

use super::error::RunError;
use crate::document::column as c;
use crate::ingest::{Loss, SplitDone, read_split, strip_split};
use crate::points::point;
use crate::removals::{self, Names, Removals, Request};
use crate::work_dir::{WorkDir, read_json, write_json};

/// What a rule looks at.
const COLUMNS: [&str; 7] =
    [c::DOC_ID, c::SURT, c::HOST, c::TEXT_CHARS, c::TEXT_DIGEST, c::OUTCOME, c::REASONS];

/// Version of [`InLine`].
const VERSION: u32 = 1;

/// What the work directory is in line with.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct InLine {
    version: u32,
    /// [`Removals::digest`].
    list: Option<String>,
    /// Keys of the splits that were looked at.
    splits: BTreeSet<String>,
    /// Whether texts were on their way out when this was written.
    at_work: bool,
}

/// What went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Purged {
    /// Files of splits that were written anew.
    pub splits: u64,
    /// Rows that lost their text.
    pub rows: u64,
}

/// What requests take of a work directory.
#[derive(Debug, Default)]
pub(super) struct Taken {
    /// The documents, each with the request by which it goes.
    pub(super) docs: BTreeMap<String, Request>,
    /// Digests of their texts, where copies go too.
    pub(super) texts: BTreeMap<String, Request>,
    /// Ids of the requests that name something.
    pub(super) matched: BTreeSet<String>,
    /// Rows.
    pub(super) rows: u64,
}

/// Refuses a work directory that knows of a list where there is none any more.
pub(super) fn refuse_lost_list(work_dir: &WorkDir, list: Option<&Path>) -> Result<(), RunError> {
    let known = read_json::<InLine>(&work_dir.in_line()).and_then(|known| known.list);
    if known.is_none() || list.is_some() {
        return Ok(());
    }
    Err(RunError::refused(
        "the removals list that this work directory was made with is gone: what was taken down would come back",
        format!(
            "put {} back beside the config; an empty file says that nothing is taken down any more",
            removals::DEFAULT_FILE
        ),
    ))
}

/// Takes the texts out that `removals` names.
pub(super) fn bring_in_line(work_dir: &WorkDir, removals: &Removals) -> Result<Purged, RunError> {
    let known: Option<InLine> = read_json(&work_dir.in_line());
    let list = removals.digest();
    if known.is_none() && list.is_none() {
        return Ok(Purged::default());
    }
    let folder = work_dir.documents();
    let io = |source| RunError::Io { action: "read", path: folder.clone(), source };
    let commits = SplitDone::all(&folder).map_err(io)?;
    let splits: BTreeSet<String> = commits.iter().map(|done| done.key.clone()).collect();
    let looked_at = |known: &InLine| {
        !known.at_work && known.version == VERSION && known.list == list && known.splits.is_superset(&splits)
    };
    if known.as_ref().is_some_and(looked_at) {
        return Ok(Purged::default());
    }
    let purging = RunError::stage("purge");
    let taken = find(&folder, &commits, removals).map_err(&purging)?;
    let mut purged = Purged::default();
    let mut at_work = known.is_some_and(|known| known.at_work);
    let mark = |at_work| InLine { version: VERSION, list: list.clone(), splits: splits.clone(), at_work };
    if !at_work && !taken.docs.is_empty() {
        write_json(&work_dir.in_line(), &mark(true))?;
        point("purge.begun");
    }
    for done in &commits {
        let mut rows = 0;
        let rule = &mut |batch: &RecordBatch| {
            let losses = losses(batch, removals, &taken)?;
            rows += losses.iter().filter(|loss| **loss != Loss::Nothing).count() as u64;
            Ok(losses)
        };
        if strip_split(&folder, done, &COLUMNS, rule, |_| {}).map_err(&purging)?.is_some() {
            purged.splits += 1;
            purged.rows += rows;
            at_work = true;
        }
    }
    remove_uncommitted(&folder, &splits)?;
    if at_work {
        point("purge.stripped");
        work_dir.forget_stages()?;
    }
    write_json(&work_dir.in_line(), &mark(false))?;
    Ok(purged)
}

/// What `removals` takes of the rows behind `commits`: what it names, and the exact copies of that.
pub(super) fn find(folder: &Path, commits: &[SplitDone], removals: &Removals) -> PlanResult<Taken> {
    let mut taken = Taken::default();
    for copies in [false, true] {
        if copies && taken.texts.is_empty() {
            break;
        }
        for done in commits {
            for batch in read_split(folder, &done.key, &COLUMNS)? {
                let batch = batch?;
                let rows = Rows::of(&batch)?;
                for row in (0..batch.num_rows()).filter(|&row| rows.is_page(row)) {
                    let names = rows.names(row);
                    let request = match (removals.covering(names), copies) {
                        (Some(request), false) => request,
                        (None, true) => match taken.texts.get(names.text) {
                            Some(request) => &request.clone(),
                            None => continue,
                        },
                        _ => continue,
                    };
                    if request.copies && !names.text.is_empty() {
                        taken.texts.entry(names.text.to_owned()).or_insert_with(|| request.clone());
                    }
                    taken.matched.extend(removals.every(names).map(Request::id));
                    taken.rows += 1;
                    taken.docs.entry(names.doc.to_owned()).or_insert_with(|| request.clone());
                }
            }
        }
    }
    Ok(taken)
}

/// What the rows of a batch lose.
fn losses(batch: &RecordBatch, removals: &Removals, taken: &Taken) -> PlanResult<Vec<Loss>> {
    let rows = Rows::of(batch)?;
    let loss = |row: usize| {
        if !rows.is_page(row) || rows.is_removed(row) {
            return Loss::Nothing;
        }
        let names = rows.names(row);
        match removals.covering(names).or_else(|| taken.texts.get(names.text)) {
            None => Loss::Nothing,
            Some(request) => Loss::Withheld {
                step: Arc::from(removals::STEP),
                code: removals::CODE,
                detail: Some(request.detail()),
            },
        }
    };
    Ok((0..batch.num_rows()).map(loss).collect())
}

/// The columns of a batch that a rule looks at.
struct Rows<'a> {
    doc: &'a StringArray,
    surt: &'a StringArray,
    host: &'a StringArray,
    text: &'a StringArray,
    outcome: &'a StringArray,
    pages: &'a dyn Array,
    reasons: &'a arrow::array::ListArray,
}

impl<'a> Rows<'a> {
    fn of(batch: &'a RecordBatch) -> PlanResult<Self> {
        let column = |name: &str| {
            batch.column_by_name(name).ok_or_else(|| internal_datafusion_err!("no column {name}"))
        };
        let text = |name: &str| -> PlanResult<&'a StringArray> { Ok(column(name)?.as_string()) };
        Ok(Self {
            doc: text(c::DOC_ID)?,
            surt: text(c::SURT)?,
            host: text(c::HOST)?,
            text: text(c::TEXT_DIGEST)?,
            outcome: text(c::OUTCOME)?,
            pages: column(c::TEXT_CHARS)?.as_ref(),
            reasons: column(c::REASONS)?.as_list(),
        })
    }

    /// Whether steps have seen it; what the reader skipped has no text.
    fn is_page(&self, row: usize) -> bool {
        let decided = |outcome| matches!(outcome, "broken" | "skipped");
        self.pages.is_valid(row) && !(self.outcome.is_valid(row) && decided(self.outcome.value(row)))
    }

    fn is_removed(&self, row: usize) -> bool {
        let reasons = self.reasons.value(row);
        reasons.as_struct().column(0).as_string::<i32>().iter().any(|step| step == Some(removals::STEP))
    }

    fn names(&self, row: usize) -> Names<'a> {
        let value = |array: &'a StringArray| if array.is_valid(row) { array.value(row) } else { "" };
        Names { doc: value(self.doc), surt: value(self.surt), host: value(self.host), text: value(self.text) }
    }
}

/// Rows whose split counts as unread: a run that was killed left them, and nobody looks into them any more.
fn remove_uncommitted(folder: &Path, committed: &BTreeSet<String>) -> Result<(), RunError> {
    let io = |action, path: &Path| {
        let path: PathBuf = path.to_owned();
        move |source| RunError::Io { action, path, source }
    };
    for entry in std::fs::read_dir(folder).map_err(io("read", folder))? {
        let path = entry.map_err(io("read", folder))?.path();
        let key = path.file_name().and_then(|name| name.to_str()?.strip_suffix(".parquet"));
        if key.is_some_and(|key| !committed.contains(key)) {
            std::fs::remove_file(&path).map_err(io("remove", &path))?;
        }
    }
    Ok(())
}
