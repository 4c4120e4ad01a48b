//! What became of the records of a finished run, in numbers: the funnel by source and language, licences,
//! jurisdictions and nodes. Read from the tables of the ledger; everything is sorted, so equal runs give equal reports.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::Int64Type;
use datafusion::common::Result;
use datafusion::prelude::SessionContext;
use kilim_langid::LangTag;
use serde::Serialize;

use crate::config::StepConfig;
use crate::ingest::SplitDone;
use crate::ledger::Ledger;
use crate::policy::Tuple;
use crate::quality::table_language;
use crate::step::{Resources, StepError};
use crate::steps::StepKind;
use crate::work_dir::WorkDir;

/// Name of records of no language, licence or jurisdiction.
pub const NONE: &str = "-";

/// The report of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Name of the corpus.
    pub corpus: String,
    /// The run.
    pub run_id: String,
    /// Everything together.
    pub all: Funnel,
    /// By source.
    pub sources: BTreeMap<String, Funnel>,
    /// By language of the text; `-` for records that no step named a language for.
    pub languages: BTreeMap<String, Funnel>,
    /// By licence; `-` for none.
    pub licences: BTreeMap<String, Funnel>,
    /// By the countries that bind a document, joined by commas; `-` for none. Only documents that reached the policies.
    pub jurisdictions: BTreeMap<String, Reached>,
    /// Personal data by kind: counts, never values.
    pub personal_data: BTreeMap<String, PersonalData>,
    /// What each node got.
    pub nodes: BTreeMap<String, NodeShare>,
    /// Texts that retention has dropped, by the outcome of their records then: see [`texts_dropped`].
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub texts_dropped: BTreeMap<String, u64>,
    /// By whose thresholds languages are judged, if the config judges quality: see [`quality_rows`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quality_rows: Option<QualityRows>,
}

/// By whose rows of quality languages are judged.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct QualityRows {
    /// Languages that have rows of their own.
    pub own: Vec<String>,
    /// Languages that the rows for any language, or for any in their script, judge alone.
    pub neutral: Vec<String>,
}

/// How often a kind of personal data was found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct PersonalData {
    /// Documents whose text has it.
    pub documents: u64,
    /// Places in all texts.
    pub places: u64,
}

/// Records in, and what became of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Funnel {
    /// Records.
    pub records: u64,
    /// Records by outcome.
    pub outcomes: BTreeMap<String, u64>,
    /// Records by reason, as `step:code`; a record may have several, and `route` is stage 3.
    pub reasons: BTreeMap<String, u64>,
    /// Characters of text in the records that are in a shard, each counted once.
    pub text_chars: u64,
}

/// Where documents of one set of jurisdictions went.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Reached {
    /// Documents that reached the policies.
    pub documents: u64,
    /// Those of them that no node may have or asks for.
    pub withheld: u64,
    /// Documents by node.
    pub nodes: BTreeMap<String, u64>,
}

/// What a node got.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct NodeShare {
    /// Documents.
    pub documents: u64,
    /// Characters of text.
    pub text_chars: u64,
    /// Shards.
    pub shards: u64,
    /// Bytes of the shards.
    pub bytes: u64,
    /// Characters by language.
    pub languages: BTreeMap<String, u64>,
}

const OUTCOMES: &str = "
SELECT source, coalesce(lang, '-') AS lang, coalesce(license, '-') AS license, outcome,
    coalesce(route_reason, '') AS route_reason, count(*) AS records,
    CAST(coalesce(sum(CASE WHEN outcome = 'sharded' THEN text_chars ELSE 0 END), 0) AS BIGINT) AS text_chars
FROM documents GROUP BY source, lang, license, outcome, route_reason";

/// A step that says the same twice about one record counts once.
const REASONS: &str = "
SELECT source, coalesce(d.lang, '-') AS lang, coalesce(d.license, '-') AS license, step || ':' || code AS reason,
    count(*) AS records
FROM (
    SELECT DISTINCT input, warc_offset, inner_offset, source, lang, license,
        reason['step'] AS step, reason['code'] AS code
    FROM (SELECT *, unnest(reasons) AS reason FROM rows)
) d GROUP BY source, lang, license, reason";

const JURISDICTIONS: &str = "
SELECT tuple, outcome, count(*) AS documents FROM documents
WHERE outcome IN ('withheld', 'duplicate', 'sharded') AND tuple IS NOT NULL GROUP BY tuple, outcome";

const PERSONAL_DATA: &str = "
SELECT place['kind'] AS kind, count(DISTINCT input || ' ' || CAST(warc_offset AS VARCHAR) || ' ' || CAST(inner_offset AS VARCHAR))
    AS documents, count(*) AS places
FROM (SELECT input, warc_offset, inner_offset, unnest(pii) AS place FROM rows) GROUP BY kind";

const PLACED: &str = "
SELECT coalesce(jurisdictions, '') AS jurisdictions, node, count(*) AS documents
FROM placements GROUP BY jurisdictions, node";

impl Funnel {
    fn add(&mut self, outcome: &str, route_reason: &str, records: u64, text_chars: u64) {
        self.records += records;
        self.text_chars += text_chars;
        *self.outcomes.entry(outcome.to_owned()).or_default() += records;
        if !route_reason.is_empty() {
            self.add_reason(&format!("route:{route_reason}"), records);
        }
    }

    fn add_reason(&mut self, reason: &str, records: u64) {
        *self.reasons.entry(reason.to_owned()).or_default() += records;
    }
}

/// Reads the report from the tables of `ledger`, which are registered in `context`.
pub async fn report(context: &SessionContext, ledger: &Ledger) -> Result<Report> {
    let mut report = Report {
        corpus: ledger.corpus.clone(),
        run_id: ledger.run_id.clone(),
        all: Funnel::default(),
        sources: BTreeMap::new(),
        languages: BTreeMap::new(),
        licences: BTreeMap::new(),
        jurisdictions: BTreeMap::new(),
        personal_data: BTreeMap::new(),
        nodes: nodes(ledger),
        texts_dropped: BTreeMap::new(),
        quality_rows: None,
    };
    for batch in context.sql(OUTCOMES).await?.collect().await? {
        for row in 0..batch.num_rows() {
            let [source, lang, license, outcome, route] =
                [0, 1, 2, 3, 4].map(|column| text(&batch, column, row));
            let (records, chars) = (number(&batch, 5, row), number(&batch, 6, row));
            report.each(source, lang, license, |funnel| funnel.add(outcome, route, records, chars));
        }
    }
    for batch in context.sql(REASONS).await?.collect().await? {
        for row in 0..batch.num_rows() {
            let [source, lang, license, reason] = [0, 1, 2, 3].map(|column| text(&batch, column, row));
            let records = number(&batch, 4, row);
            report.each(source, lang, license, |funnel| funnel.add_reason(reason, records));
        }
    }
    for batch in context.sql(JURISDICTIONS).await?.collect().await? {
        for row in 0..batch.num_rows() {
            let tuple: Tuple = serde_json::from_str(text(&batch, 0, row))
                .map_err(|error| datafusion::common::internal_datafusion_err!("tuple: {error}"))?;
            let reached = report.jurisdictions.entry(countries(&tuple.jurisdictions)).or_default();
            let documents = number(&batch, 2, row);
            reached.documents += documents;
            if text(&batch, 1, row) == "withheld" {
                reached.withheld += documents;
            }
        }
    }
    for batch in context.sql(PLACED).await?.collect().await? {
        for row in 0..batch.num_rows() {
            let countries = countries(&crate::functions::split_labels(text(&batch, 0, row)));
            let reached = report.jurisdictions.entry(countries).or_default();
            *reached.nodes.entry(text(&batch, 1, row).to_owned()).or_default() += number(&batch, 2, row);
        }
    }
    for batch in context.sql(PERSONAL_DATA).await?.collect().await? {
        for row in 0..batch.num_rows() {
            let found = PersonalData { documents: number(&batch, 1, row), places: number(&batch, 2, row) };
            report.personal_data.insert(text(&batch, 0, row).to_owned(), found);
        }
    }
    Ok(report)
}

/// The texts that `kilim gc` has dropped from the splits of `ledger`, as their commits say now.
pub fn texts_dropped(work_dir: &WorkDir, ledger: &Ledger) -> BTreeMap<String, u64> {
    let folder = work_dir.documents();
    let mut dropped = BTreeMap::new();
    let commits = ledger.splits.iter().filter_map(|split| SplitDone::find(&folder, &split.key));
    for (outcome, texts) in commits.filter_map(|done| done.thinned).flat_map(|thinned| thinned.texts) {
        *dropped.entry(outcome).or_default() += texts;
    }
    dropped
}

/// Which of these languages have rows of their own in the tables of `steps` as they are now; nothing if no step judges
/// quality. What is no language is left out.
pub fn quality_rows<'a>(
    steps: &[StepConfig],
    resources: &Resources,
    languages: impl IntoIterator<Item = &'a String>,
) -> std::result::Result<Option<QualityRows>, StepError> {
    let mut tables = Vec::new();
    for step in steps {
        if let StepKind::FilterQuality(filter) = &step.kind {
            tables.push(filter.rule_set(resources)?);
        }
    }
    if tables.is_empty() {
        return Ok(None);
    }
    let mut rows = QualityRows::default();
    for language in languages {
        if !language.parse().is_ok_and(|tag: LangTag| tag.is_language()) {
            continue;
        }
        let has_own = tables.iter().any(|table| table.has_rows_of(&table_language(language)));
        if has_own { &mut rows.own } else { &mut rows.neutral }.push(language.clone());
    }
    Ok(Some(rows))
}

impl Report {
    /// Adds to everything that a record of this source, language and licence counts in.
    fn each(&mut self, source: &str, lang: &str, license: &str, add: impl Fn(&mut Funnel)) {
        add(&mut self.all);
        add(self.sources.entry(source.to_owned()).or_default());
        add(self.languages.entry(lang.to_owned()).or_default());
        add(self.licences.entry(license.to_owned()).or_default());
    }
}

fn countries(labels: &BTreeSet<String>) -> String {
    if labels.is_empty() { NONE.to_owned() } else { crate::ingest::joined(labels) }
}

fn nodes(ledger: &Ledger) -> BTreeMap<String, NodeShare> {
    let mut nodes = BTreeMap::new();
    for node in &ledger.nodes {
        let share: &mut NodeShare = nodes.entry(node.node.clone()).or_default();
        for shard in &node.shards {
            share.documents += shard.rows;
            share.text_chars += shard.text_chars;
            share.bytes += shard.bytes;
            share.shards += 1;
            *share.languages.entry(shard.lang.clone()).or_default() += shard.text_chars;
        }
    }
    nodes
}

fn text(batch: &RecordBatch, column: usize, row: usize) -> &str {
    let column = batch.column(column).as_string::<i32>();
    if column.is_valid(row) { column.value(row) } else { NONE }
}

fn number(batch: &RecordBatch, column: usize, row: usize) -> u64 {
    batch.column(column).as_primitive::<Int64Type>().value(row).unsigned_abs()
}
