//! Makes the portraits of the nodes' versions from the tables of stages 1 and 3.
//!
//! One join and one aggregate for all nodes, over narrow columns: placements and rows become *groups*, documents that are
//! alike in all that a paper counts. No text is read. The groups lie in one Parquet file below `tmp`; per node they stream by
//! once, and are sorted three times for the lists of domains. Joins, aggregates and sorts spill. In memory are the sums of
//! a portrait (languages, countries, licences, stewards: thousands) and the listed domains, about 100 bytes each.

use std::collections::BTreeMap;
use std::path::Path;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Int64Type, UInt64Type};
use datafusion::common::{DataFusionError, Result, internal_datafusion_err};
use datafusion::logical_expr::ScalarUDF;
use datafusion::prelude::SessionContext;
use futures::StreamExt;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::portrait::{
    Domain, Domains, Listing, NONE, Period, Portrait, Share, SourceShare, TopDomains, Withheld,
};
use crate::functions::{array_function, split_labels};
use crate::policy::{Decider, OptOut, Tuple};
use crate::provenance::cctld::registry;
use crate::route::Routing;
use crate::run::tables::materialise;

/// Name of the table of groups.
const GROUPS_TABLE: &str = "portrait_groups";

/// Documents alike in all that a paper counts. As in stage 4, a row that had an outcome before is never placed.
const GROUPS: &str = "
SELECT node, lang, jurisdictions, paper_country(jurisdictions, domain) AS country, domain, license, mode, community,
    steward, source, crawl, pii_kinds, optout_train, tier, seeded,
    CAST(count(*) AS BIGINT UNSIGNED) AS documents,
    CAST(sum(text_bytes) AS BIGINT UNSIGNED) AS bytes, CAST(sum(text_chars) AS BIGINT UNSIGNED) AS chars,
    CAST(count(*) - count(fetched_at) AS BIGINT UNSIGNED) AS undated,
    min(fetched_at) AS first, max(fetched_at) AS last
FROM (
    SELECT p.node, p.lang, coalesce(p.jurisdictions, '') AS jurisdictions, p.text_bytes, p.text_chars,
        coalesce(nullif(r.registered_domain, ''), nullif(r.host, ''), '-') AS domain,
        coalesce(r.license, '-') AS license, coalesce(nullif(r.mode, ''), '-') AS mode,
        coalesce(array_to_string(r.community, ','), '') AS community, coalesce(r.steward, '') AS steward,
        coalesce(r.source, '-') AS source, coalesce(nullif(r.crawl, ''), '-') AS crawl,
        coalesce(r.pii_kinds, '') AS pii_kinds, coalesce(p.optout_train, 'unknown') AS optout_train,
        CAST(coalesce(r.license_tier, 0) AS BIGINT UNSIGNED) AS tier, r.seed_id IS NOT NULL AS seeded,
        CAST(r.fetched_at AS BIGINT) AS fetched_at
    FROM placements p JOIN rows r
        ON p.input = r.input AND p.warc_offset = r.warc_offset AND p.inner_offset = r.inner_offset AND r.outcome IS NULL
    WHERE p.node IN ($nodes)
)
GROUP BY node, lang, jurisdictions, domain, license, mode, community, steward, source, crawl, pii_kinds, optout_train,
    tier, seeded";

/// Places of columns of the groups.
mod at {
    pub(super) const LANG: usize = 1;
    pub(super) const JURISDICTIONS: usize = 2;
    pub(super) const COUNTRY: usize = 3;
    pub(super) const DOMAIN: usize = 4;
    pub(super) const LICENSE: usize = 5;
    pub(super) const MODE: usize = 6;
    pub(super) const COMMUNITY: usize = 7;
    pub(super) const STEWARD: usize = 8;
    pub(super) const SOURCE: usize = 9;
    pub(super) const CRAWL: usize = 10;
    pub(super) const PII_KINDS: usize = 11;
    pub(super) const OPTOUT_TRAIN: usize = 12;
    pub(super) const TIER: usize = 13;
    pub(super) const SEEDED: usize = 14;
    pub(super) const DOCUMENTS: usize = 15;
    pub(super) const UNDATED: usize = 18;
    pub(super) const FIRST: usize = 19;
    pub(super) const LAST: usize = 20;
}

/// What the lists of domains are by: name, and the columns that give it.
const ALL: &str = "'' AS part";
const LANGUAGES: &str = "lang AS part";
const COUNTRIES: &str = "unnest(labels(country)) AS part";

/// One group may be of several parts.
const PARTS: &str = "SELECT $part, domain, documents, bytes, chars FROM portrait_groups WHERE node = '$node' AND domain <> '-'";
const DOMAIN_COUNTS: &str = "
SELECT part, CAST(count(*) AS BIGINT UNSIGNED) FROM (SELECT DISTINCT part, domain FROM ($parts)) GROUP BY part";
const DOMAINS: &str = "
SELECT part, domain, CAST(sum(documents) AS BIGINT UNSIGNED), CAST(sum(bytes) AS BIGINT UNSIGNED) AS bytes,
    CAST(sum(chars) AS BIGINT UNSIGNED)
FROM ($parts) GROUP BY part, domain ORDER BY part, bytes DESC, domain";

/// Documents on which training is reserved, by the signal that decided.
const RESERVED: &str = "
SELECT f.tuple, coalesce(f.lang, '') AS lang, coalesce(f.pii_kinds, '') AS pii_kinds,
    coalesce(o.optout_basis, r.optout_basis, '-') AS basis, count(*) AS documents
FROM facts f
LEFT JOIN (SELECT row_key, optout_basis FROM optouts WHERE optout_train = 'disallow') o ON f.row_key = o.row_key
LEFT JOIN (SELECT row_key, optout_basis FROM rows_keyed WHERE optout_train = 'disallow') r ON f.row_key = r.row_key
WHERE f.outcome IS NULL AND NOT f.same_record AND f.optout_train = 'disallow'
GROUP BY 1, 2, 3, 4";

const OPEN: &str = "
SELECT tuple, coalesce(lang, '') AS lang, coalesce(pii_kinds, '') AS pii_kinds, '-' AS basis, count(*) AS documents
FROM facts WHERE outcome IS NULL AND NOT same_record GROUP BY 1, 2, 3";

/// The country, or countries joined by commas, that a document counts in: those that bind it, else the one whose registry gave
/// out the domain, else [`NONE`]. A registry is evidence here, not a claim: policies never see it.
pub fn country_of(jurisdictions: &str, domain: &str) -> String {
    if !jurisdictions.is_empty() {
        return jurisdictions.to_owned();
    }
    registry(domain).map_or(NONE, |found| found.country).to_owned()
}

fn country_function() -> ScalarUDF {
    array_function("paper_country", vec![DataType::Utf8; 2], DataType::Utf8, |arrays| {
        let (claimed, domains) = (arrays[0].as_string::<i32>(), arrays[1].as_string::<i32>());
        let countries =
            (0..claimed.len()).map(|row| Some(country_of(value(claimed, row), value(domains, row))));
        Ok(std::sync::Arc::new(countries.collect::<StringArray>()) as ArrayRef)
    })
}

/// The portraits of `nodes`, by name. Reads the tables `rows`, `rows_keyed`, `optouts`, `facts` and `placements`; writes the
/// groups into `folder`, which must exist.
pub async fn portraits(
    context: &SessionContext,
    folder: &Path,
    routing: &Routing,
    decider: &Decider,
    nodes: &[&str],
    listing: Listing,
) -> Result<BTreeMap<String, Portrait>> {
    if nodes.is_empty() {
        return Ok(BTreeMap::new());
    }
    context.register_udf(country_function());
    let names: Vec<String> = nodes.iter().map(|node| format!("'{node}'")).collect();
    let groups = context.sql(&GROUPS.replace("$nodes", &names.join(", "))).await?;
    materialise(context, folder, GROUPS_TABLE, groups).await?;

    let mut found = BTreeMap::new();
    let mut withheld = withheld(context, routing, decider).await?;
    for &node in nodes {
        let mut portrait = sums(context, node).await?;
        portrait.domains = domains(context, node, listing, portrait.domains.without).await?;
        portrait.withheld = withheld.remove(node).unwrap_or_default();
        found.insert(node.to_owned(), portrait);
    }
    context.deregister_table(GROUPS_TABLE)?;
    Ok(found)
}

/// Everything but the lists of domains and what was withheld.
async fn sums(context: &SessionContext, node: &str) -> Result<Portrait> {
    let mut portrait = Portrait::default();
    let sql = format!("SELECT * FROM {GROUPS_TABLE} WHERE node = '{node}'");
    let mut groups = context.sql(&sql).await?.execute_stream().await?;
    while let Some(batch) = groups.next().await {
        let batch = batch?;
        for row in 0..batch.num_rows() {
            Group::read(&batch, row)?.add_to(&mut portrait);
        }
    }
    Ok(portrait)
}

/// A group of documents, borrowed from its batch.
struct Group<'a> {
    texts: [&'a str; 13],
    tier: u8,
    seeded: bool,
    share: Share,
    undated: u64,
    fetched: Option<Period>,
}

impl<'a> Group<'a> {
    fn read(batch: &'a RecordBatch, row: usize) -> Result<Self> {
        let texts = std::array::from_fn(|column| value(batch.column(column).as_string(), row));
        let day = |column: usize| -> Result<Option<Date>> {
            let times = batch.column(column).as_primitive::<Int64Type>();
            if times.is_null(row) {
                return Ok(None);
            }
            let time = Timestamp::from_millisecond(times.value(row));
            let time = time.map_err(|error| DataFusionError::External(error.into()))?;
            Ok(Some(TimeZone::UTC.to_datetime(time).date()))
        };
        let fetched = day(at::FIRST)?.zip(day(at::LAST)?).map(|(from, to)| Period { from, to });
        Ok(Self {
            texts,
            tier: u8::try_from(number(batch, at::TIER, row)).unwrap_or(0),
            seeded: batch.column(at::SEEDED).as_boolean().value(row),
            share: share_at(batch, at::DOCUMENTS, row),
            undated: number(batch, at::UNDATED, row),
            fetched,
        })
    }

    fn add_to(&self, portrait: &mut Portrait) {
        let (share, text) = (self.share, |column: usize| self.texts[column]);
        let or_none = |text: &str| if text.is_empty() { NONE.to_owned() } else { text.to_owned() };
        portrait.all += share;
        portrait.undated += self.undated;
        portrait.fetched = union(portrait.fetched, self.fetched);
        *portrait.languages.entry(text(at::LANG).to_owned()).or_default() += share;
        *portrait.jurisdictions.entry(or_none(text(at::JURISDICTIONS))).or_default() += share;
        *portrait.countries.entry(text(at::COUNTRY).to_owned()).or_default() += share;
        let in_language = portrait.language_countries.entry(text(at::LANG).to_owned()).or_default();
        *in_language.entry(text(at::COUNTRY).to_owned()).or_default() += share;
        *portrait.licenses.entry(text(at::LICENSE).to_owned()).or_default() += share;
        *portrait.tiers.entry(self.tier).or_default() += share;
        *portrait.optout_train.entry(text(at::OPTOUT_TRAIN).to_owned()).or_default() += share;
        *portrait.modes.entry(text(at::MODE).to_owned()).or_default() += share;
        for community in split_labels(text(at::COMMUNITY)) {
            *portrait.communities.entry(community).or_default() += share;
        }
        if !text(at::STEWARD).is_empty() {
            *portrait.stewards.entry(text(at::STEWARD).to_owned()).or_default() += share;
        }
        if self.seeded {
            portrait.seeded += share;
        }
        for kind in split_labels(text(at::PII_KINDS)) {
            *portrait.personal_data.entry(kind).or_default() += share.rows;
        }
        if text(at::DOMAIN) == NONE {
            portrait.domains.without += share;
        }
        let source: &mut SourceShare = portrait.sources.entry(text(at::SOURCE).to_owned()).or_default();
        source.all += share;
        source.undated += self.undated;
        source.fetched = union(source.fetched, self.fetched);
        let crawl = source.crawls.entry(text(at::CRAWL).to_owned()).or_default();
        crawl.all += share;
        crawl.fetched = union(crawl.fetched, self.fetched);
    }
}

fn union(a: Option<Period>, b: Option<Period>) -> Option<Period> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.with(b)),
        (a, b) => a.or(b),
    }
}

async fn domains(context: &SessionContext, node: &str, listing: Listing, without: Share) -> Result<Domains> {
    let mut all = top(context, node, ALL, listing).await?;
    Ok(Domains {
        listing,
        without,
        all: all.remove("").unwrap_or_default(),
        languages: top(context, node, LANGUAGES, listing).await?,
        countries: top(context, node, COUNTRIES, listing).await?,
    })
}

/// The largest domains of each part. They are counted first, so that no more than what is listed is kept.
async fn top(
    context: &SessionContext,
    node: &str,
    part: &str,
    listing: Listing,
) -> Result<BTreeMap<String, TopDomains>> {
    let parts = PARTS.replace("$part", part).replace("$node", node);
    let mut lists: BTreeMap<String, TopDomains> = BTreeMap::new();
    for batch in context.sql(&DOMAIN_COUNTS.replace("$parts", &parts)).await?.collect().await? {
        for row in 0..batch.num_rows() {
            let name = value(batch.column(0).as_string(), row).to_owned();
            lists.insert(name, TopDomains { domains: number(&batch, 1, row), top: Vec::new() });
        }
    }
    let mut sorted = context.sql(&DOMAINS.replace("$parts", &parts)).await?.execute_stream().await?;
    while let Some(batch) = sorted.next().await {
        let batch = batch?;
        for row in 0..batch.num_rows() {
            let name = value(batch.column(0).as_string(), row);
            let list =
                lists.get_mut(name).ok_or_else(|| internal_datafusion_err!("{name} was not counted"))?;
            if (list.top.len() as u64) < listing.of(list.domains) {
                let name = value(batch.column(1).as_string(), row).to_owned();
                list.top.push(Domain { name, share: share_at(&batch, 2, row) });
            }
        }
    }
    Ok(lists)
}

/// What each node did not get for one reason alone: the policies are asked again, with the reason taken away.
async fn withheld(
    context: &SessionContext,
    routing: &Routing,
    decider: &Decider,
) -> Result<BTreeMap<String, Withheld>> {
    let mut found: BTreeMap<String, Withheld> = BTreeMap::new();
    let allowed = |tuple: &mut Tuple| tuple.optout_train = OptOut::Allow;
    but_for(context, RESERVED, routing, decider, allowed, |node, basis, documents| {
        let withheld = found.entry(node.to_owned()).or_default();
        withheld.reserved += documents;
        *withheld.reserved_by.entry(basis.to_owned()).or_default() += documents;
    })
    .await?;
    let public = |tuple: &mut Tuple| tuple.license_tier = PUBLIC_DOMAIN;
    but_for(context, OPEN, routing, decider, public, |node, _, documents| {
        found.entry(node.to_owned()).or_default().unlicensed += documents;
    })
    .await?;
    Ok(found)
}

/// The tier of what anyone may use for anything.
const PUBLIC_DOMAIN: u8 = 5;

/// Counts the documents of `sql` (tuple, lang, pii_kinds, basis, documents) that a node asks for and was denied, and would
/// have been allowed with `change` made. Each distinct tuple that some node was denied is decided once more.
async fn but_for(
    context: &SessionContext,
    sql: &str,
    routing: &Routing,
    decider: &Decider,
    change: impl Fn(&mut Tuple),
    mut add: impl FnMut(&str, &str, u64),
) -> Result<()> {
    let mut changed: BTreeMap<u32, Vec<bool>> = BTreeMap::new();
    let decisions = &routing.decisions;
    let mut rows = context.sql(sql).await?.execute_stream().await?;
    while let Some(batch) = rows.next().await {
        let batch = batch?;
        let text = |column: usize, row: usize| value(batch.column(column).as_string(), row);
        for row in 0..batch.num_rows() {
            let Some(index) = decisions.index_of_form(text(0, row)) else { continue };
            if decisions.allowed_nodes(index).iter().all(|allowed| *allowed) {
                continue;
            }
            let would = changed.entry(index).or_insert_with(|| {
                let mut tuple = decisions.rows()[index as usize].tuple.clone();
                let before = tuple.clone();
                change(&mut tuple);
                if tuple == before {
                    return Vec::new();
                }
                decider.decide_afresh(&tuple).emit.iter().map(|decision| decision.allowed).collect()
            });
            let documents = batch.column(4).as_primitive::<Int64Type>().value(row).unsigned_abs();
            for (place, node) in decisions.nodes().iter().enumerate() {
                let asked = &routing.asked[place];
                if !decisions.allowed(index, place)
                    && would.get(place).copied().unwrap_or(false)
                    && asked.asks(text(1, row))
                    && asked.keeps(text(2, row))
                {
                    add(&node.name, text(3, row), documents);
                }
            }
        }
    }
    Ok(())
}

fn share_at(batch: &RecordBatch, first: usize, row: usize) -> Share {
    let [rows, bytes, chars] = [0, 1, 2].map(|column| number(batch, first + column, row));
    Share { rows, bytes, chars }
}

fn number(batch: &RecordBatch, column: usize, row: usize) -> u64 {
    let column = batch.column(column).as_primitive::<UInt64Type>();
    if column.is_valid(row) { column.value(row) } else { 0 }
}

fn value(column: &StringArray, row: usize) -> &str {
    if column.is_valid(row) { column.value(row) } else { "" }
}
