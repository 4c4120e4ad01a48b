//! `Steps`: consecutive document steps, run fused over each row.
//!
//! One pass over a batch, one [`Page`] at a time. Rows that the reader has already decided pass through. After the
//! last step comes the first border: a document that may not be where this process stands, or that was taken down, loses its
//! text before anything is written.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, RecordBatch, StringArray, StructArray, TimestampMillisecondArray,
};
use arrow::compute::interleave;
use arrow::datatypes::{Schema, SchemaRef};
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::metrics::{ExecutionPlanMetricsSet, MetricBuilder, Time};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::{StreamExt, stream};
use kilim_connectors::seeds::SeedIndex;
use kilim_connectors::signals::fold;

use super::columns::READER;
use super::derived::{DerivedBuilder, Standing, joined};
use super::progress::Progress;
use super::rows::CHECKSUM_MISMATCH;
use super::text_digest::TextDigest;
use crate::dedup::{SketchSettings, Sketcher};
use crate::document::{
    Claim, GIVEN_TEXT, Given, Outcome, Page, Reason, Record, column, derived_columns, document_schema,
    provenance_columns, record_schema,
};
use crate::engine::Operator;
use crate::extract::blocks_of_plain_text;
use crate::policy::{OptOut, Tuple};
use crate::removals::{self, Names, Removals};
use crate::step::{DocumentStep, Resources};
use crate::steps::StepKind;

/// What a source says about all its documents.
#[derive(Debug, Clone, Default)]
pub struct SourceFacts {
    /// `open`, `restricted`, `local-only` or `participant-private`.
    pub mode: String,
    /// Who answers for it.
    pub steward: Option<String>,
    /// Countries that bind every document by contract.
    pub countries: Vec<String>,
    /// Whether it holds personal data.
    pub personal: bool,
    /// Communities it belongs to.
    pub community: Vec<String>,
}

/// A step of the config, with its id.
#[derive(Debug, Clone)]
pub struct NamedStep {
    /// Id in the config; reasons carry it.
    pub id: Arc<str>,
    /// Its config.
    pub kind: StepKind,
}

/// Whether a document with these attributes may be where the process stands.
pub type PlaceRule = Arc<dyn Fn(&Tuple) -> bool + Send + Sync>;

/// What all partitions share.
pub struct Shared {
    /// Document steps in order.
    pub steps: Vec<NamedStep>,
    /// Models and tables.
    pub resources: Resources,
    /// Seeds of all sources.
    pub seeds: SeedIndex,
    /// Facts by source name.
    pub sources: BTreeMap<String, SourceFacts>,
    /// The first border.
    pub may_be_here: PlaceRule,
    /// What was asked to be taken down.
    pub removals: Arc<Removals>,
    /// What sketches are made like, where near-duplicates are asked for.
    pub sketch: Option<SketchSettings>,
    /// What the progress bars show.
    pub progress: Arc<Progress>,
}

/// The operator.
pub struct ApplySteps {
    shared: Arc<Shared>,
}

impl ApplySteps {
    /// The steps in `shared`.
    pub fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }
}

impl fmt::Debug for ApplySteps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApplySteps").field("steps", &self.describe()).finish_non_exhaustive()
    }
}

/// The columns between the steps and the writer: documents, and the end of the split.
pub fn applied_schema() -> SchemaRef {
    let mut fields: Vec<_> = document_schema().fields().iter().cloned().collect();
    let records = record_schema();
    let (_, end) = records.column_with_name(column::SPLIT_END).expect("the record schema has it");
    fields.push(Arc::new(end.clone()));
    Arc::new(Schema::new(fields))
}

impl Operator for ApplySteps {
    fn name(&self) -> &'static str {
        "Steps"
    }

    fn describe(&self) -> String {
        self.shared.steps.iter().map(|step| step.id.as_ref()).collect::<Vec<_>>().join(" → ")
    }

    fn schema(&self) -> SchemaRef {
        applied_schema()
    }

    fn run(
        &self,
        partition: usize,
        input: SendableRecordBatchStream,
        _context: &Arc<TaskContext>,
        metrics: &ExecutionPlanMetricsSet,
    ) -> Result<SendableRecordBatchStream> {
        let mut steps = Vec::with_capacity(self.shared.steps.len());
        for step in &self.shared.steps {
            let built = step.kind.build(&self.shared.resources);
            let Some(behaviour) = built.map_err(|error| DataFusionError::External(Box::new(error)))? else {
                continue;
            };
            let time = MetricBuilder::new(metrics).subset_time(step.id.to_string(), partition);
            let tags_jurisdiction = matches!(step.kind, StepKind::TagJurisdiction(_));
            steps.push(Running { id: Arc::clone(&step.id), behaviour, time, tags_jurisdiction });
        }
        let state = Applier {
            shared: Arc::clone(&self.shared),
            steps,
            digest: TextDigest::default(),
            sketcher: self.shared.sketch.map(Sketcher::new),
            builder: DerivedBuilder::default(),
            input,
        };
        let batches = stream::try_unfold(state, |mut state| async move {
            let Some(batch) = state.input.next().await else { return Ok(None) };
            let applied = state.apply(&batch?)?;
            Ok(Some((applied, state)))
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(applied_schema(), batches)))
    }
}

struct Running {
    id: Arc<str>,
    behaviour: Box<dyn DocumentStep>,
    time: Time,
    /// Whether it also looks at revisits.
    tags_jurisdiction: bool,
}

struct Applier {
    shared: Arc<Shared>,
    steps: Vec<Running>,
    digest: TextDigest,
    sketcher: Option<Sketcher>,
    builder: DerivedBuilder,
    input: SendableRecordBatchStream,
}

impl Applier {
    fn apply(&mut self, batch: &RecordBatch) -> Result<RecordBatch> {
        let shared = Arc::clone(&self.shared);
        let columns = Columns::of(batch)?;
        let mut read = Vec::with_capacity(batch.num_rows());
        let mut kept = 0;
        for row in 0..batch.num_rows() {
            let Some(record) = columns.page(row) else {
                match columns.revisit(row) {
                    Some(record) => self.push_revisit(&shared, record),
                    None => self.builder.push_unread(),
                }
                read.push(false);
                continue;
            };
            let mut page = Page { record, seed: shared.seeds.lookup(record.url), ..Page::default() };
            columns.give(row, &mut page);
            if columns.doubtful(row) {
                page.step = Arc::from(READER);
                page.reject(CHECKSUM_MISMATCH, None);
            }
            page.claims = contract_claims(&shared, record.source);
            page.claims.extend(columns.given_claims(row, record.source));
            self.run_steps(&mut page);
            kept += u64::from(page.outcome.is_none());
            self.push(&shared, page, columns.names(row));
            read.push(true);
        }
        let pages = read.iter().filter(|read| **read).count() as u64;
        shared.progress.add_documents(pages, kept);

        let (derived, outcome, reasons) = self.builder.finish();
        let mut out: Vec<ArrayRef> =
            provenance_columns().iter().map(|field| column_of(batch, field.name())).collect::<Result<_>>()?;
        debug_assert_eq!(derived.len(), derived_columns().len());
        out.extend(derived);
        out.push(pick(&read, column_of(batch, column::OUTCOME)?.as_ref(), outcome.as_ref())?);
        out.push(pick(&read, column_of(batch, column::REASONS)?.as_ref(), reasons.as_ref())?);
        out.push(column_of(batch, column::SPLIT_END)?);
        Ok(RecordBatch::try_new(applied_schema(), out)?)
    }

    fn run_steps(&mut self, page: &mut Page<'_>) {
        for step in &mut self.steps {
            page.step = Arc::clone(&step.id);
            let _timer = step.time.timer();
            step.behaviour.apply(page);
        }
    }

    /// A visit that found a page again has no text, but whose word binds its address binds the page.
    fn push_revisit(&mut self, shared: &Shared, record: Record<'_>) {
        let mut page = Page { record, seed: shared.seeds.lookup(record.url), ..Page::default() };
        page.claims = contract_claims(shared, record.source);
        for step in self.steps.iter_mut().filter(|step| step.tags_jurisdiction) {
            step.behaviour.apply(&mut page);
        }
        let tuple = tuple_of(&page, shared.sources.get(record.source));
        let steward = (!tuple.steward.is_empty()).then_some(tuple.steward.as_str());
        let bound_copies = copies_bound(&page);
        let standing = Standing {
            seed: page.seed,
            steward,
            tuple: Some(&tuple),
            bound_copies: &bound_copies,
            ..Standing::default()
        };
        self.builder.push(&page, &standing);
    }

    fn push(&mut self, shared: &Shared, mut page: Page<'_>, names: Names<'_>) {
        let text_digest = self.digest.of(&page.text);
        let names = Names { text: text_digest.as_deref().unwrap_or_default(), ..names };
        let facts = shared.sources.get(page.record.source);
        let tuple = tuple_of(&page, facts);
        let steward = (!tuple.steward.is_empty()).then_some(tuple.steward.as_str());
        let bound_copies = copies_bound(&page);
        if !(shared.may_be_here)(&tuple) {
            page.outcome.get_or_insert(Outcome::Withheld);
            page.reasons.push(Reason { step: Arc::from("runs_at"), code: "not_here".into(), detail: None });
            forget_text(&mut page);
        }
        if let Some(request) = shared.removals.covering(names) {
            removals::withhold(&mut page, request);
            forget_text(&mut page);
        }
        // Only what may end in a shard competes.
        let sketcher = self.sketcher.as_mut().filter(|_| page.outcome.is_none());
        let bands = sketcher.and_then(|sketcher| {
            let lang = page.language.as_ref().map(|language| language.lang.to_string());
            sketcher.bands(&page.text, &lang.unwrap_or_default())
        });
        self.builder.push(
            &page,
            &Standing {
                seed: page.seed,
                steward,
                tuple: Some(&tuple),
                bound_copies: &bound_copies,
                text_digest: text_digest.as_deref(),
                bands,
            },
        );
    }
}

/// The claims that a source makes by contract, for `tag_jurisdiction` to keep or not.
fn contract_claims(shared: &Shared, source: &str) -> Vec<Claim> {
    let countries = shared.sources.get(source).map_or(&[][..], |facts| &facts.countries);
    let claim = |country: &String| Claim {
        country: country.clone(),
        basis: "contract",
        binding: true,
        confidence: 1.0,
        evidence: format!("source {source}"),
    };
    countries.iter().map(claim).collect()
}

/// What policies see of a page as far as its own row knows.
fn tuple_of(page: &Page<'_>, facts: Option<&SourceFacts>) -> Tuple {
    let seed = page.seed;
    let jurisdictions =
        page.claims.iter().filter(|claim| claim.binding).map(|claim| claim.country.clone()).collect();
    let steward = seed
        .and_then(|seed| seed.steward.clone())
        .or_else(|| facts.and_then(|facts| facts.steward.clone()))
        .unwrap_or_default();
    let mode = seed
        .and_then(|seed| seed.mode.map(|mode| mode.as_str().to_owned()))
        .or_else(|| facts.map(|facts| facts.mode.clone()))
        .unwrap_or_else(|| "open".to_owned());
    let mut community: std::collections::BTreeSet<String> =
        facts.map(|facts| facts.community.iter().cloned().collect()).unwrap_or_default();
    community.extend(seed.into_iter().flat_map(|seed| seed.community.iter().cloned()));
    Tuple {
        cluster_jurisdictions: std::collections::BTreeSet::new(),
        community,
        jurisdictions,
        license_tier: page.license_tier,
        mode,
        optout_train: page.optout_evidence.as_deref().map_or(OptOut::Unknown, |rows| fold(rows).0.into()),
        personal: seed.and_then(|seed| seed.personal).or(facts.map(|facts| facts.personal)).unwrap_or(false),
        source: page.record.source.to_owned(),
        steward,
    }
}

/// The countries whose claim on this copy binds every copy of the text: a steward's, a contract's, a consent's word.
fn copies_bound(page: &Page<'_>) -> String {
    let countries: std::collections::BTreeSet<String> = page
        .claims
        .iter()
        .filter(|claim| claim.binding && matches!(claim.basis, "steward" | "contract" | "consent"))
        .map(|claim| claim.country.clone())
        .collect();
    joined(&countries)
}

/// The document may not be here, or not at all: what it says is forgotten, that it was met is not. `strip_batch` forgets the
/// same of rows that were written before.
fn forget_text(page: &mut Page<'_>) {
    page.title.clear();
    page.text.clear();
    page.blocks.clear();
    page.attribution = None;
    page.author = None;
    for evidence in &mut page.license_evidence {
        evidence.raw.clear(); // a rights statement may be a sentence of the page
        evidence.context.clear();
        evidence.subject = None;
    }
    for evidence in page.optout_evidence.iter_mut().flatten() {
        evidence.raw.clear();
    }
}

/// Row by row, `ours` where a page was read and `reader` elsewhere.
fn pick(read: &[bool], reader: &dyn Array, ours: &dyn Array) -> Result<ArrayRef> {
    let indices: Vec<(usize, usize)> =
        read.iter().enumerate().map(|(row, &read)| (usize::from(read), row)).collect();
    Ok(interleave(&[reader, ours], &indices)?)
}

fn column_of(batch: &RecordBatch, name: &str) -> Result<ArrayRef> {
    batch
        .column_by_name(name)
        .cloned()
        .ok_or_else(|| datafusion::common::internal_datafusion_err!("the reader gives no column {name}"))
}

/// The columns of a record batch that make up a [`Record`].
struct Columns<'a> {
    doc_id: &'a StringArray,
    surt: &'a StringArray,
    fetched_at: &'a TimestampMillisecondArray,
    record_type: &'a StringArray,
    url: &'a StringArray,
    host: &'a StringArray,
    registered_domain: &'a StringArray,
    content_type: &'a StringArray,
    http_head: &'a StringArray,
    source: &'a StringArray,
    html: &'a StringArray,
    ip: &'a StringArray,
    outcome: &'a StringArray,
    given: &'a StructArray,
}

impl<'a> Columns<'a> {
    fn of(batch: &'a RecordBatch) -> Result<Self> {
        let text = |name: &str| -> Result<&'a StringArray> {
            batch.column_by_name(name).and_then(|column| column.as_string_opt::<i32>()).ok_or_else(|| {
                datafusion::common::internal_datafusion_err!("the reader gives no text column {name}")
            })
        };
        Ok(Self {
            doc_id: text(column::DOC_ID)?,
            surt: text(column::SURT)?,
            fetched_at: batch
                .column_by_name(column::FETCHED_AT)
                .and_then(|column| column.as_primitive_opt())
                .ok_or_else(|| datafusion::common::internal_datafusion_err!("the reader gives no times"))?,
            record_type: text(column::RECORD_TYPE)?,
            url: text(column::URL)?,
            host: text(column::HOST)?,
            registered_domain: text(column::REGISTERED_DOMAIN)?,
            content_type: text(column::CONTENT_TYPE)?,
            http_head: text(column::HTTP_HEAD)?,
            source: text(column::SOURCE)?,
            html: text(column::HTML)?,
            ip: text(column::IP)?,
            outcome: text(column::OUTCOME)?,
            given: batch
                .column_by_name(column::GIVEN)
                .and_then(|column| column.as_struct_opt())
                .ok_or_else(|| datafusion::common::internal_datafusion_err!("the reader gives no facts"))?,
        })
    }

    /// Whether the reader rejects the page in `row`, though it could read it.
    fn doubtful(&self, row: usize) -> bool {
        self.outcome.is_valid(row)
    }

    /// The page in `row`, if the reader found one there.
    fn page(&self, row: usize) -> Option<Record<'a>> {
        self.html.is_valid(row).then(|| self.record(row))
    }

    /// The revisit in `row`, if it is one.
    fn revisit(&self, row: usize) -> Option<Record<'a>> {
        let is_one = self.record_type.is_valid(row) && self.record_type.value(row) == "revisit";
        is_one.then(|| self.record(row))
    }

    /// What the page in `row` is called; its text is not known yet.
    fn names(&self, row: usize) -> Names<'a> {
        let value = |array: &'a StringArray| if array.is_valid(row) { array.value(row) } else { "" };
        Names { doc: value(self.doc_id), surt: value(self.surt), host: value(self.host), text: "" }
    }

    fn record(&self, row: usize) -> Record<'a> {
        let value = |array: &'a StringArray| if array.is_valid(row) { array.value(row) } else { "" };
        Record {
            url: value(self.url),
            host: value(self.host),
            registered_domain: value(self.registered_domain),
            content_type: value(self.content_type),
            http_head: value(self.http_head),
            source: value(self.source),
            html: value(self.html),
            ip: value(self.ip),
            fetched_at: self.fetched_at.is_valid(row).then(|| self.fetched_at.value(row)),
            given: self.given(row),
        }
    }

    fn given_text(&self, row: usize, field: usize) -> &'a str {
        let texts = self.given.column(field).as_string::<i32>();
        if texts.is_valid(row) { texts.value(row) } else { "" }
    }

    fn given(&self, row: usize) -> Option<Given<'a>> {
        self.given.is_valid(row).then(|| Given {
            lang: self.given_text(row, 1),
            license: self.given_text(row, 2),
            attribution: self.given_text(row, 3),
        })
    }

    /// The text and title of a document that has them without any extraction.
    fn give(&self, row: usize, page: &mut Page<'_>) {
        if page.record.given.is_none() {
            return;
        }
        self.given_text(row, 0).clone_into(&mut page.title);
        page.record.html.clone_into(&mut page.text);
        page.extractor = GIVEN_TEXT;
        page.blocks = blocks_of_plain_text(&page.text, 1.0);
    }

    /// The countries that bind the document by the word of whoever hands the corpus over: what one run found out is not
    /// lost to the next.
    fn given_claims(&self, row: usize, source: &str) -> Vec<Claim> {
        let lists = self.given.column(4).as_list::<i32>();
        if self.given.is_null(row) || lists.is_null(row) {
            return Vec::new();
        }
        let countries = lists.value(row);
        let claim = |country: &str| Claim {
            country: country.to_owned(),
            basis: "contract",
            binding: true,
            confidence: 1.0,
            evidence: format!("given by source {source}"),
        };
        countries.as_string::<i32>().iter().flatten().map(claim).collect()
    }
}
