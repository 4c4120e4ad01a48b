//! What-if: what two tables of rules would each keep of the documents of a finished run.
//!
//! # What it does
//! Reads the signals that `measure_quality` left in the work directory, judges every document by both tables, and counts
//! by language what each keeps, and what each of its rules drops. No crawl file and no text is read: the plan scans the
//! columns `lang`, `signals` and `reasons`, with `doc_id` where ids are asked for, and nothing else.
//!
//! # Which documents
//! Those with signals that no other step has rejected: whatever the table, the others are not in a shard. They are counted
//! apart. What policies and `dedup` decide is not asked, since it is decided later and by the documents that are left.
//!
//! # Across languages
//! A document meets the rows of its language as in `filter_quality`, members of a macrolanguage under its code. For each
//! language it is said how many rules judge it, and whether they are its own, those of its script, or the neutral ones alone.

mod error;
mod judge;
mod scan;
mod tables;

use std::collections::{BTreeMap, BTreeSet};

use datafusion::prelude::SessionContext;
use kilim_langid::LangTag;
use serde::Serialize;

pub use error::WhatIfError;
pub use scan::columns;
pub use tables::{CURRENT, Table};

use crate::config::Loaded;
use crate::ledger::Ledger;
use crate::quality::{SIGNAL_SET, Scope};
use crate::work_dir::WorkDir;

/// What is asked.
#[derive(Debug, Clone, Default)]
pub struct Question {
    /// Only documents in these languages, ISO 639-3 with or without a script, as [`parse_language`] reads them; all if
    /// there are none.
    pub languages: Vec<LangTag>,
    /// Most ids of documents whose verdict changes.
    pub documents: usize,
}

/// Two tables on one run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WhatIf {
    /// Name of the corpus.
    pub corpus: String,
    /// The run.
    pub run_id: String,
    /// Which signals, and how they are counted.
    pub signal_set: &'static str,
    /// The first table.
    pub a: TableName,
    /// The second.
    pub b: TableName,
    /// Records without signals: no pages, unreadable ones, and all where nothing was measured.
    pub without_signals: u64,
    /// Steps that gave reasons in the run and that the config does not have any more; what they rejected is judged.
    pub unknown_steps: BTreeSet<String>,
    /// All languages together.
    pub all: Counts,
    /// By language of the text; `-` for documents that no step named a language for.
    pub languages: BTreeMap<String, OfLanguage>,
    /// Documents that one table keeps and the other drops: those with the least ids, which is as good as by lot.
    pub documents: Vec<Changed>,
}

/// A table as it was named.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TableName {
    /// As it was named.
    pub name: String,
    /// The sets and files that `current` stands for in it, in the order in which they count.
    pub current: Vec<String>,
}

/// Documents, and what became of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Documents with signals that another step rejected: they are not judged.
    pub rejected_elsewhere: u64,
    /// Documents that were judged by both tables.
    pub judged: u64,
    /// Those that fail no rule of A.
    pub kept_a: u64,
    /// Those that fail no rule of B.
    pub kept_b: u64,
    /// Those that A keeps and B drops.
    pub only_a: u64,
    /// Those that B keeps and A drops.
    pub only_b: u64,
    /// By rule, for all rules of both tables that judge the language.
    pub rules: BTreeMap<String, RuleCounts>,
}

/// What a rule drops under each table; nothing where the table does not ask for it in this language.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct RuleCounts {
    /// Under the first.
    pub a: Option<Drops>,
    /// Under the second.
    pub b: Option<Drops>,
}

/// What a rule drops.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Drops {
    /// Documents that fail it.
    pub dropped: u64,
    /// Those of them that fail no other rule of the table: so many more would be kept without it.
    pub alone: u64,
}

/// A language, and who judges it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OfLanguage {
    /// What became of its documents.
    #[serde(flatten)]
    pub counts: Counts,
    /// Who judges it under A.
    pub rules_a: Asked,
    /// Who judges it under B.
    pub rules_b: Asked,
}

/// The rules that judge a language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Asked {
    /// The most specific rows among them.
    pub scope: Scope,
    /// How many.
    pub rules: u64,
}

/// A document whose verdict changes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Changed {
    /// Its id.
    pub doc_id: String,
    /// Its language.
    pub lang: String,
    /// The rules of A that it fails.
    pub fails_a: Vec<String>,
    /// Those of B.
    pub fails_b: Vec<String>,
}

/// A language as `--lang` names it: `swa`, `swh`, `swa_Latn`.
pub fn parse_language(text: &str) -> Result<LangTag, WhatIfError> {
    let tag: Option<LangTag> = text.parse().ok();
    if let Some(tag) = tag
        && kilim_langid::known_code(tag.code())
    {
        return Ok(tag);
    }
    // Among codes of three letters every word is near to many; only other standards' codes are sure.
    let near = kilim_langid::from_short_code(text).map(|tag| tag.code().to_owned());
    Err(WhatIfError::Language { found: text.to_owned(), near })
}

/// Judges the documents of the run in `ledger`, whose tables are registered in `context`, by two tables.
pub async fn what_if(
    context: &SessionContext,
    ledger: &Ledger,
    loaded: &Loaded,
    (a, b): (Table, Table),
    question: Question,
) -> Result<WhatIf, WhatIfError> {
    let work_dir: WorkDir = crate::run::work_dir_of(loaded);
    scan::check_signal_set(&work_dir.documents(), &ledger.splits)?;
    let names = (a.name(), b.name());
    let asked: Vec<String> = question.languages.iter().map(LangTag::to_string).collect();
    let judge = judge::Judge::new(a, b, question, judge::Steps::of(loaded));
    let tally = scan::judged(context, judge).await?;
    if tally.measured() == 0 {
        return Err(match tally.without_signals() {
            0 if !asked.is_empty() => WhatIfError::NoDocuments { languages: asked.join(", ") },
            records => WhatIfError::NoSignals { records },
        });
    }
    let sums = tally.finish();
    Ok(WhatIf {
        corpus: ledger.corpus.clone(),
        run_id: ledger.run_id.clone(),
        signal_set: SIGNAL_SET,
        a: names.0,
        b: names.1,
        without_signals: sums.without_signals,
        unknown_steps: sums.unknown_steps,
        all: sums.all,
        languages: sums.languages,
        documents: sums.documents,
    })
}

#[cfg(test)]
mod tests;
