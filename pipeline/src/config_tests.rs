//! The tests of a config: small pages, and what must become of them.
//!
//! Each given page is a record as the WARC reader would hand it on. It goes through the config's own steps, and the
//! pages of one test then through stages 2 and 3 together: copies, claims, policies, languages, nodes. Nothing is
//! fetched and nothing is written.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray, StructArray, UInt64Array, new_null_array};
use arrow::buffer::NullBuffer;
use datafusion::common::{Result as PlanResult, internal_datafusion_err};
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::{StreamExt, stream};
use kilim_connectors::seeds::{Draft, Mode as SeedMode, SeedIndex, SeedRecord};
use kilim_connectors::web;
use serde::{Deserialize, Serialize};

use crate::config::{Expectation, GivenPage, SourceConfig, TestConfig};
use crate::document::{GIVEN_RECORD, column, document_schema, given_fields, record_schema};
use crate::engine::{Embedded, Limits, Operator};
use crate::ingest::{ApplySteps, Progress, Shared};
use crate::run::in_memory::hold_stages;
use crate::run::tables::read_rows;
use crate::run::{Prepared, RunError};
use crate::step::Resources;

/// Memory of the engine for a few pages.
const MEMORY: usize = 64 << 20;

/// What a test of a config found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TestResult {
    /// The sentence that must hold.
    pub name: String,
    /// One line per page and field that differ; empty if the sentence holds.
    pub failures: Vec<String>,
}

/// An engine for rows that fit in memory.
pub(crate) fn small_engine() -> Result<Embedded, RunError> {
    let limits = Limits { threads: 1, memory: MEMORY, spill_dir: std::env::temp_dir() };
    Embedded::new(&limits).map_err(RunError::stage("start"))
}

/// Runs every test of the config.
pub async fn run_tests(prepared: &Prepared) -> Result<Vec<TestResult>, RunError> {
    let mut results = Vec::with_capacity(prepared.config.tests.len());
    for test in &prepared.config.tests {
        let became = run_pages(prepared, test).await?;
        let mut failures = Vec::new();
        if became.len() != test.expect.len() {
            failures.push(format!("{} pages are given, {} are expected", became.len(), test.expect.len()));
        }
        for ((page, became), expected) in test.given.iter().zip(&became).zip(&test.expect) {
            let differences = compare(expected, became);
            failures.extend(differences.into_iter().map(|difference| format!("{}: {difference}", page.url)));
        }
        results.push(TestResult { name: test.name.clone(), failures });
    }
    Ok(results)
}

/// What became of a page.
#[derive(Debug, Default, Deserialize)]
struct Became {
    outcome: String,
    lang: Option<String>,
    license: Option<String>,
    #[serde(default)]
    nodes: Vec<String>,
    #[serde(default)]
    reasons: Vec<Why>,
    route_reason: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Why {
    step: String,
    code: String,
    detail: Option<String>,
}

impl Became {
    /// The outcome with its reasons, in one line.
    fn told(&self) -> String {
        let reasons = self.reasons.iter().map(|why| match &why.detail {
            Some(detail) => format!("{}: {}, {detail}", why.step, why.code),
            None => format!("{}: {}", why.step, why.code),
        });
        let reasons: Vec<String> =
            reasons.chain(self.route_reason.iter().map(|code| format!("route: {code}"))).collect();
        if reasons.is_empty() {
            self.outcome.clone()
        } else {
            format!("{} ({})", self.outcome, reasons.join("; "))
        }
    }
}

fn compare(expected: &Expectation, became: &Became) -> Vec<String> {
    let mut differences = Vec::new();
    let mut differs = |what: &str, wanted: &str, found: &str| {
        differences.push(format!("{what} is {found}, expected {wanted}"));
    };
    if expected.outcome.as_str() != became.outcome {
        differs("outcome", expected.outcome.as_str(), &became.told());
    }
    if let Some(step) = &expected.by
        && !became.reasons.iter().any(|why| why.step == step.as_str())
    {
        let steps: Vec<&str> = became.reasons.iter().map(|why| why.step.as_str()).collect();
        differs("the step that said no", step.as_str(), &or_none(&steps));
    }
    if let Some(label) = &expected.lang {
        let found = became.lang.as_deref().unwrap_or("none");
        let tag = found.parse::<kilim_langid::LangTag>();
        let same = if label.as_str().contains('_') {
            label.as_str() == found
        } else {
            tag.is_ok_and(|tag| kilim_langid::matches(label.as_str(), tag))
        };
        if !same {
            differs("lang", label.as_str(), found);
        }
    }
    if let Some(nodes) = &expected.nodes {
        let wanted: Vec<&str> = nodes.iter().map(AsRef::as_ref).collect();
        let mut found: Vec<&str> = became.nodes.iter().map(String::as_str).collect();
        found.sort_unstable();
        if wanted != found {
            differs("nodes", &or_none(&wanted), &or_none(&found));
        }
    }
    if let Some(license) = &expected.license
        && Some(license) != became.license.as_ref()
    {
        differs("license", license, became.license.as_deref().unwrap_or("none"));
    }
    differences
}

fn or_none(names: &[&str]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

const BECAME: &str = "
SELECT t.outcome, r.lang, r.license, t.nodes, r.reasons, t.route_reason
FROM rows r JOIN routes t
    ON r.input = t.input AND r.warc_offset = t.warc_offset AND r.inner_offset = t.inner_offset
ORDER BY r.warc_offset";

async fn run_pages(prepared: &Prepared, test: &TestConfig) -> Result<Vec<Became>, RunError> {
    let seeds = seeds(prepared, &test.given)?;
    let records = records(prepared, &test.given).map_err(RunError::stage("test"))?;
    let engine = small_engine()?;
    let context = engine.context();
    let rows = apply(prepared, seeds, records, &engine).await.map_err(RunError::stage("test"))?;
    hold_stages(context, prepared, rows).await?;
    let work = async {
        let batches = context.sql(BECAME).await?.collect().await?;
        read_rows(&batches)
    };
    work.await.map_err(RunError::stage("test"))
}

/// The steps of the config over the records, as stage 1 runs them.
async fn apply(
    prepared: &Prepared,
    seeds: SeedIndex,
    records: RecordBatch,
    engine: &Embedded,
) -> PlanResult<Vec<RecordBatch>> {
    let (decider, place) = (Arc::clone(&prepared.decider), prepared.config.runs_at.to_string());
    let steps = ApplySteps::new(Arc::new(Shared {
        steps: prepared.steps.clone(),
        resources: Resources::new(&prepared.base_dir),
        seeds,
        sources: prepared.sources.clone(),
        may_be_here: Arc::new(move |tuple| decider.decide_process(&place, tuple).allowed),
        removals: Arc::default(),
        sketch: prepared.sketch,
        progress: Arc::new(Progress::default()),
    }));
    let input = RecordBatchStreamAdapter::new(record_schema(), stream::once(async move { Ok(records) }));
    let metrics = ExecutionPlanMetricsSet::new();
    let mut applied = steps.run(0, Box::pin(input), &engine.context().task_ctx(), &metrics)?;
    let columns: Vec<usize> = (0..document_schema().fields().len()).collect();
    let mut rows = Vec::new();
    while let Some(batch) = applied.next().await {
        rows.push(batch?.project(&columns)?);
    }
    Ok(rows)
}

/// Name of the input that given pages are taken to come from.
const INPUT: &str = "tests";

/// The given pages as records.
fn records(prepared: &Prepared, given: &[GivenPage]) -> PlanResult<RecordBatch> {
    let schema = record_schema();
    let rows = given.len();
    let urls: Vec<Option<url::Url>> = given.iter().map(|page| web::parse(&page.url)).collect();
    let hosts: Vec<Option<&str>> = urls.iter().map(|url| url.as_ref().and_then(web::host)).collect();
    let text = |value: &dyn Fn(usize) -> Option<String>| -> ArrayRef {
        Arc::new((0..rows).map(value).collect::<StringArray>())
    };
    let mut columns: Vec<ArrayRef> =
        schema.fields().iter().map(|field| new_null_array(field.data_type(), rows)).collect();
    let offsets: ArrayRef = Arc::new((0..rows as u64).collect::<UInt64Array>());
    let zeros: ArrayRef = Arc::new(UInt64Array::from(vec![0; rows]));
    // A text of an existing corpus comes as it is; nothing is said about it.
    let is_given: Vec<bool> = given
        .iter()
        .map(|page| {
            let source = source_of(prepared, page);
            let documents = source.is_some_and(|source| prepared.documents.contains_key(&source));
            documents && page.html.is_none() && page.content_type.is_none()
        })
        .collect();
    let nothing = given_fields().iter().map(|field| new_null_array(field.data_type(), rows)).collect();
    let facts = StructArray::try_new(given_fields(), nothing, Some(NullBuffer::from(is_given.clone())))?;
    let record_type = |row: usize| if is_given[row] { GIVEN_RECORD } else { "response" }.to_owned();
    let filled: [(&str, ArrayRef); 13] = [
        (column::GIVEN, Arc::new(facts)),
        (column::INPUT, text(&|_| Some(INPUT.to_owned()))),
        (column::WARC_OFFSET, offsets),
        (column::INNER_OFFSET, zeros),
        (column::DOC_ID, text(&|row| Some(format!("{row:032x}")))),
        (column::RECORD_TYPE, text(&|row| Some(record_type(row)))),
        (column::URL, text(&|row| Some(given[row].url.clone()))),
        (column::SURT, text(&|row| urls[row].as_ref().map(web::surt))),
        (column::HOST, text(&|row| hosts[row].map(str::to_owned))),
        (
            column::REGISTERED_DOMAIN,
            text(&|row| hosts[row].and_then(web::registered_domain).map(str::to_owned)),
        ),
        (column::SOURCE, text(&|row| source_of(prepared, &given[row]))),
        (column::CONTENT_TYPE, text(&|row| Some(media_type(&given[row])))),
        (column::HTML, text(&|row| given[row].html.clone().or_else(|| given[row].text.clone()))),
    ];
    for (name, values) in filled {
        let (place, _) =
            schema.column_with_name(name).ok_or_else(|| internal_datafusion_err!("no column {name}"))?;
        columns[place] = values;
    }
    Ok(RecordBatch::try_new(schema, columns)?)
}

fn media_type(page: &GivenPage) -> String {
    let implied = if page.html.is_some() { "text/html" } else { "text/plain" };
    page.content_type.clone().unwrap_or_else(|| implied.to_owned())
}

/// The crawl or corpus that a page comes from: the one it names, else the first of the config.
fn source_of(prepared: &Prepared, page: &GivenPage) -> Option<String> {
    let sources = &prepared.config.sources;
    let named = page
        .source
        .as_ref()
        .filter(|name| sources.get(name.as_str()).is_some_and(|source| source.files().is_some()));
    let mut crawls = sources.iter().filter(|(_, source)| source.files().is_some());
    named.or_else(|| crawls.next().map(|(name, _)| name)).map(ToString::to_string)
}

/// The config's seeds, and one for each page that says whose it is.
fn seeds(prepared: &Prepared, given: &[GivenPage]) -> Result<SeedIndex, RunError> {
    let all = prepared.seed_index();
    let mut seeds = prepared.seeds.clone();
    for page in given {
        if let Some(own) = own_seed(prepared, page, all.lookup(&page.url))? {
            seeds.retain(|seed| seed.url != own.url);
            seeds.push(own);
        }
    }
    Ok(SeedIndex::new(seeds))
}

/// The seed of a page that names a steward, countries, a mode or a seed list: what it leaves out is as in the config.
fn own_seed(
    prepared: &Prepared,
    page: &GivenPage,
    covering: Option<&SeedRecord>,
) -> Result<Option<SeedRecord>, RunError> {
    let list = page.source.as_ref().and_then(|name| match prepared.config.sources.get(name.as_str()) {
        Some(SourceConfig::Seeds(list)) => Some(list),
        _ => None,
    });
    if page.steward.is_none() && page.countries.is_empty() && page.mode.is_none() && list.is_none() {
        return Ok(None);
    }
    let countries: Vec<String> = page.countries.iter().map(ToString::to_string).collect();
    let of_list = list.map(|list| list.country.as_set().iter().map(ToString::to_string).collect());
    let draft = Draft {
        url: page.url.clone(),
        scope: Some(kilim_connectors::seeds::Scope::Page),
        languages: covering.map(|seed| seed.languages.clone()).unwrap_or_default(),
        country_claims: if countries.is_empty() {
            covering.map(|seed| seed.country_claims.clone()).or(of_list).unwrap_or_default()
        } else {
            countries
        },
        steward: page
            .steward
            .clone()
            .or_else(|| covering.and_then(|seed| seed.steward.clone()))
            .or_else(|| list.and_then(|list| list.steward.clone())),
        license: covering.and_then(|seed| seed.license.clone()),
        license_basis: covering.map(|seed| seed.license_basis),
        training_ok: covering.map(|seed| seed.training_ok),
        evidence_url: covering.and_then(|seed| seed.evidence_url.clone()),
        mode: page
            .mode
            .or_else(|| list.and_then(|list| list.mode))
            .and_then(|mode| mode.as_str().parse::<SeedMode>().ok())
            .or_else(|| covering.and_then(|seed| seed.mode)),
        personal: covering.and_then(|seed| seed.personal).or_else(|| list.and_then(|list| list.personal)),
        community: covering.map(|seed| seed.community.clone()).unwrap_or_default(),
        ..Draft::default()
    };
    let seed = draft.finish(page.source.as_ref().map_or(INPUT, AsRef::as_ref));
    seed.map(Some).map_err(|problem| RunError::refused(problem, "give the page of the test a web address"))
}
