//! Stage 3: who may have what, and where it goes.
//!
//! Relational, over narrow columns, in four tables:
//! 1. `facts`: every row with the tuple that policies see, its claims united with those that bind its copies, and what
//!    the files of its host say (`optouts`, see [`crate::optout::join`]).
//! 2. decisions: one per distinct tuple and node, by Cedar, outside SQL.
//! 3. `placements`: one row per document and node that keeps it. A node's winner in a cluster is chosen among the
//!    rows which that node may have, so a node's bytes do not depend on which other nodes exist.
//! 4. `routes`: every row with its final outcome.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, ListBuilder, StringArray, StringBuilder, UInt64Array};
use arrow::datatypes::{DataType, Int64Type, UInt64Type};
use datafusion::common::Result;
use datafusion::logical_expr::ScalarUDF;
use datafusion::prelude::{DataFrame, SessionContext};
use kilim_langid::{LangTag, matches};

use crate::config::NodeConfig;
use crate::functions::{array_function, label_list, split_labels};
use crate::pii::{Kind, Profile, Treatment};
use crate::policy::{DecisionTable, Gather, Tuple};

/// `rows_keyed`, `clusters`, `near`, `repeats` and `optouts` joined: what decisions need. In `rank`, times are milliseconds of equal width
/// (and from year 1 on, positive): as text, `12:00:00.5Z` would come before `12:00:00Z`.
const FACTS: &str = "
SELECT
    r.input, r.warc_offset, r.inner_offset, r.row_key, r.doc_id, r.source, r.lang, r.outcome, r.text_digest,
    r.text_chars, r.text_bytes, r.pii_kinds,
    coalesce(n.cluster_id, c.cluster_id) AS cluster_id,
    coalesce(n.cluster_size, c.cluster_size, 1) AS cluster_size, n.cluster_id AS near_id,
    coalesce(p.kept, r.row_key) <> r.row_key AS same_record,
    CASE WHEN r.seed_id IS NULL THEN '1' ELSE '0' END
        || ' ' || coalesce(lpad(CAST(CAST(r.fetched_at AS BIGINT) + 100000000000000 AS VARCHAR), 15, '0'), '~')
        || ' ' || coalesce(r.surt, '~') || ' ' || r.doc_id || ' ' || r.row_key AS rank,
    union_labels(r.bound_by, c.bound_copies) AS jurisdictions,
    coalesce(o.optout_train, r.optout_train, 'unknown') AS optout_train,
    policy_tuple(
        union_labels(r.bound_by, c.bound_copies),
        union_labels(r.bound_by, coalesce(n.bound_cluster, c.bound_cluster)),
        union_labels(array_to_string(r.community, ','), c.community),
        r.mode, r.source, r.steward, r.license_tier, coalesce(o.optout_train, r.optout_train, 'unknown'),
        r.personal
    ) AS tuple
FROM rows_keyed r
LEFT JOIN clusters c ON r.text_digest = c.text_digest
LEFT JOIN near n ON r.text_digest = n.text_digest
LEFT JOIN repeats p ON r.doc_id = p.doc_id
LEFT JOIN optouts o ON r.row_key = o.row_key";

const TUPLES: &str = "
SELECT tuple, count(*) AS documents FROM facts
WHERE outcome IS NULL AND NOT same_record GROUP BY tuple";

/// The cluster in which a row competes: texts near its own, its copies, or itself where nothing was asked to be
/// deduplicated.
const CANDIDATES: &str = "
SELECT f.*, coalesce(near_id, CASE WHEN $dedup THEN text_digest END, row_key) AS cluster,
    takers(tuple, lang, pii_kinds) AS takers
FROM facts f WHERE outcome IS NULL AND NOT same_record";

const WINNERS: &str = "
SELECT cluster, node, min(rank) AS rank
FROM (SELECT cluster, rank, unnest(takers) AS node FROM candidates)
GROUP BY cluster, node";

const PLACED: &str = "
SELECT c.input, c.warc_offset, c.inner_offset, c.row_key, c.doc_id, c.lang, c.text_digest, c.text_bytes,
    c.text_chars, c.jurisdictions, c.optout_train, c.tuple, w.node, place_key(c.doc_id) AS place
FROM candidates c JOIN winners w ON c.rank = w.rank";

const TOTALS: &str = "
SELECT node, lang, CAST(sum(text_bytes) AS BIGINT UNSIGNED) AS bytes FROM placed GROUP BY node, lang";

const PLACEMENTS: &str = "
SELECT p.*, shard_of(node, lang, place) AS shard FROM placed p";

const ROUTES: &str = "
SELECT f.input, f.warc_offset, f.inner_offset, f.doc_id, f.cluster_id, f.cluster_size, f.tuple, f.jurisdictions,
    CASE
        WHEN f.outcome IS NOT NULL THEN f.outcome
        WHEN f.same_record THEN 'duplicate'
        WHEN k.nodes IS NOT NULL THEN 'sharded'
        WHEN refusal(f.tuple, f.lang, f.pii_kinds) IS NULL THEN 'duplicate'
        ELSE 'withheld'
    END AS outcome,
    CASE
        WHEN f.outcome IS NOT NULL OR k.nodes IS NOT NULL THEN NULL
        WHEN f.same_record THEN 'same_record'
        ELSE coalesce(refusal(f.tuple, f.lang, f.pii_kinds),
            CASE WHEN d.text_digest IS NULL THEN 'near_duplicate' ELSE 'same_text' END)
    END AS route_reason,
    labels(k.nodes) AS nodes
FROM facts f
LEFT JOIN (SELECT row_key, string_agg(node, ',') AS nodes FROM placed GROUP BY row_key) k
    ON f.row_key = k.row_key
LEFT JOIN (SELECT DISTINCT text_digest FROM placed) d ON f.text_digest = d.text_digest";

/// What becomes of the rows, from one node's point of view; `may` are those it could keep.
const NODE_BOOKS: &str = "
SELECT CASE
        WHEN outcome IS NOT NULL THEN outcome
        WHEN same_record THEN 'same_record'
        ELSE node_verdict($node, tuple, lang, pii_kinds)
    END AS verdict, count(*) AS documents
FROM facts GROUP BY 1";

/// The rows with what decisions need.
pub async fn facts(context: &SessionContext) -> Result<DataFrame> {
    context.sql(FACTS).await
}

/// Distinct tuples of the rows that are still open, each with its number of rows. Reads the table `facts`.
pub async fn tuples(context: &SessionContext) -> Result<Vec<(Tuple, u64)>> {
    let mut found = Vec::new();
    for batch in context.sql(TUPLES).await?.collect().await? {
        let tuples = batch.column(0).as_string::<i32>();
        let counts = batch.column(1).as_primitive::<Int64Type>();
        for row in 0..batch.num_rows() {
            let tuple = serde_json::from_str(tuples.value(row))
                .map_err(|error| datafusion::common::internal_datafusion_err!("tuple: {error}"))?;
            found.push((tuple, counts.value(row).unsigned_abs()));
        }
    }
    Ok(found)
}

/// What the nodes were decided and what they ask for.
#[derive(Debug)]
pub struct Routing {
    /// Decisions, in the order of `languages`.
    pub decisions: DecisionTable,
    /// What each node asks for, in the order of the decisions' nodes.
    pub asked: Vec<Asked>,
}

/// What a node asks for, of what it may have.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Languages in ISO 639-3.
    pub languages: BTreeSet<String>,
    /// What it does with personal data; a document with a kind that it drops is not for it.
    pub pii: Profile,
}

impl Asked {
    /// What a node's config says.
    pub fn of(node: &NodeConfig) -> Self {
        let languages = node.languages.iter().map(ToString::to_string).collect();
        Self { languages, pii: node.pii.unwrap_or(Profile::all(Treatment::Keep)) }
    }

    /// Whether it asks for the language of this label.
    pub fn asks(&self, lang: &str) -> bool {
        let Ok(tag) = lang.parse::<LangTag>() else { return false };
        self.languages.iter().any(|code| matches(code, tag))
    }

    /// Whether it takes a document with personal data of these kinds, sorted and joined.
    pub fn keeps(&self, pii_kinds: &str) -> bool {
        split_labels(pii_kinds)
            .iter()
            .filter_map(|kind| Kind::from_word(kind))
            .all(|kind| self.pii.of(kind) != Treatment::Drop)
    }
}

impl Routing {
    fn nodes(&self) -> usize {
        self.asked.len()
    }

    fn name(&self, node: usize) -> &str {
        &self.decisions.nodes()[node].name
    }

    /// What the nodes ask of documents in this language with these kinds of personal data, in their order.
    fn wants(&self, lang: &str, pii_kinds: &str) -> Vec<Want> {
        let want = |asked: &Asked| match (asked.asks(lang), asked.keeps(pii_kinds)) {
            (true, true) => Want::Yes,
            (true, false) => Want::NotWithPersonalData,
            (false, _) => Want::NotTheLanguage,
        };
        self.asked.iter().map(want).collect()
    }

    /// Nodes that may have a document, ask for its language, and take its kinds of personal data.
    fn takers<'a>(known: &'a Known<'_>) -> impl Iterator<Item = usize> + 'a {
        let asked = known.allowed.iter().zip(known.wants).enumerate();
        asked.filter(|(_, (allowed, want))| **allowed && **want == Want::Yes).map(|(node, _)| node)
    }

    /// Why no node takes a document; `None` if one does.
    fn refusal(&self, known: &Known<'_>) -> Option<&'static str> {
        if Self::takers(known).next().is_some() {
            return None;
        }
        let may = || known.allowed.iter().zip(known.wants).filter(|(allowed, _)| **allowed);
        if may().any(|(_, want)| *want == Want::NotWithPersonalData) {
            return Some("personal_data");
        }
        if may().next().is_some() {
            return Some("language_not_asked");
        }
        let row = known.index.and_then(|index| self.decisions.rows().get(index as usize));
        let claimed = row.is_some_and(|row| !row.tuple.jurisdictions.is_empty());
        Some(if claimed { "denied" } else { "no_claim" })
    }

    fn verdict(&self, node: &str, known: &Known<'_>) -> &'static str {
        let Some(node) = (0..self.nodes()).find(|&index| self.name(index) == node) else {
            return "unknown_node";
        };
        match (known.allowed.get(node).copied().unwrap_or(false), known.wants[node]) {
            (true, Want::Yes) => "may",
            (true, Want::NotWithPersonalData) => "personal_data",
            (true, Want::NotTheLanguage) => "language_not_asked",
            (false, _) => "not_allowed",
        }
    }
}

/// What a node asks of a document that it may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Want {
    Yes,
    NotTheLanguage,
    NotWithPersonalData,
}

/// What is known of a row when nodes are chosen.
#[derive(Clone, Copy)]
struct Known<'a> {
    /// Place of its tuple among the decisions; none for a row that was not decided about.
    index: Option<u32>,
    /// Whether each node may have it; empty where it was not decided.
    allowed: &'a [bool],
    /// What each node asks of it.
    wants: &'a [Want],
}

/// The columns `tuple`, `lang` and `pii_kinds`, and what the nodes ask by the last two: these are few and rows are many.
struct Rows<'a> {
    routing: &'a Routing,
    columns: [&'a StringArray; 3],
    wants: Gather<'a, 2, Vec<Want>>,
}

impl<'a> Rows<'a> {
    fn new(routing: &'a Routing, arrays: &'a [ArrayRef]) -> Self {
        let columns = std::array::from_fn(|column| arrays[column].as_string());
        Self { routing, columns, wants: Gather::default() }
    }

    fn known(&mut self, row: usize) -> Known<'_> {
        let [tuple, lang, pii_kinds] = self.columns.map(|column| value(column, row));
        let index = self.routing.decisions.index_of_form(tuple);
        let allowed = index.map_or(&[][..], |index| self.routing.decisions.allowed_nodes(index));
        let routing = self.routing;
        let wants = self.wants.answer([lang, pii_kinds], || routing.wants(lang, pii_kinds));
        Known { index, allowed, wants }
    }
}

fn value(column: &StringArray, row: usize) -> &str {
    if column.is_valid(row) { column.value(row) } else { "" }
}

fn takers_function(routing: Arc<Routing>) -> ScalarUDF {
    array_function("takers", vec![DataType::Utf8; 3], label_list(), move |arrays| {
        let mut rows = Rows::new(&routing, arrays);
        let mut lists = ListBuilder::new(StringBuilder::new());
        for row in 0..arrays[0].len() {
            for node in Routing::takers(&rows.known(row)) {
                lists.values().append_value(routing.name(node));
            }
            lists.append(true);
        }
        Ok(Arc::new(lists.finish()))
    })
}

fn refusal_function(routing: Arc<Routing>) -> ScalarUDF {
    array_function("refusal", vec![DataType::Utf8; 3], DataType::Utf8, move |arrays| {
        let mut rows = Rows::new(&routing, arrays);
        let refusals = (0..arrays[0].len()).map(|row| routing.refusal(&rows.known(row)));
        Ok(Arc::new(refusals.collect::<StringArray>()))
    })
}

fn verdict_function(routing: Arc<Routing>) -> ScalarUDF {
    array_function("node_verdict", vec![DataType::Utf8; 4], DataType::Utf8, move |arrays| {
        let nodes = arrays[0].as_string::<i32>();
        let mut rows = Rows::new(&routing, &arrays[1..]);
        let verdicts = (0..nodes.len()).map(|row| Some(routing.verdict(value(nodes, row), &rows.known(row))));
        Ok(Arc::new(verdicts.collect::<StringArray>()))
    })
}

/// How many shards each (node, language) gets.
pub type ShardCounts = BTreeMap<(String, String), u64>;

fn shard_function(counts: Arc<ShardCounts>) -> ScalarUDF {
    let inputs = vec![DataType::Utf8, DataType::Utf8, DataType::UInt64];
    array_function("shard_of", inputs, DataType::UInt64, move |arrays| {
        let (nodes, langs) = (arrays[0].as_string::<i32>(), arrays[1].as_string::<i32>());
        let places = arrays[2].as_primitive::<UInt64Type>();
        let shards = (0..nodes.len()).map(|row| {
            let key = (value(nodes, row).to_owned(), value(langs, row).to_owned());
            counts.get(&key).map(|count| places.value(row) % count)
        });
        Ok(Arc::new(shards.collect::<UInt64Array>()))
    })
}

/// Registers `candidates`, `winners` and `placed` over the table `facts`.
pub async fn register_placed(
    context: &SessionContext,
    routing: &Arc<Routing>,
    dedup: bool,
    random_seed: u64,
) -> Result<()> {
    context.register_udf(takers_function(Arc::clone(routing)));
    context.register_udf(refusal_function(Arc::clone(routing)));
    context.register_udf(verdict_function(Arc::clone(routing)));
    context.register_udf(crate::functions::place_key(random_seed));
    for (name, sql) in [
        ("candidates", CANDIDATES.replace("$dedup", if dedup { "true" } else { "false" })),
        ("winners", WINNERS.to_owned()),
        ("placed", PLACED.to_owned()),
    ] {
        let view = context.sql(&sql).await?.into_view();
        context.deregister_table(name)?;
        context.register_table(name, view)?;
    }
    Ok(())
}

/// The shards each (node, language) needs, so that none holds more than its node's `max_bytes` of text on average.
pub async fn shard_counts(
    context: &SessionContext,
    max_bytes: &BTreeMap<String, u64>,
) -> Result<ShardCounts> {
    let mut counts = ShardCounts::new();
    for batch in context.sql(TOTALS).await?.collect().await? {
        let (nodes, langs) = (batch.column(0).as_string::<i32>(), batch.column(1).as_string::<i32>());
        let bytes = batch.column(2).as_primitive::<UInt64Type>();
        for row in 0..batch.num_rows() {
            let node = value(nodes, row).to_owned();
            let most = max_bytes.get(&node).copied().unwrap_or(u64::MAX).max(1);
            let shards = bytes.value(row).div_ceil(most).max(1);
            counts.insert((node, value(langs, row).to_owned()), shards);
        }
    }
    Ok(counts)
}

/// The placements with their shards. Call after [`register_placed`].
pub async fn placements(context: &SessionContext, counts: &ShardCounts) -> Result<DataFrame> {
    context.register_udf(shard_function(Arc::new(counts.clone())));
    context.sql(PLACEMENTS).await
}

/// Every row with its outcome. Call after [`register_placed`], with `placed` as a table.
pub async fn routes(context: &SessionContext) -> Result<DataFrame> {
    context.sql(ROUTES).await
}

/// One node's books: what became of every row from its point of view.
pub async fn node_books(context: &SessionContext, node: &str) -> Result<BTreeMap<String, u64>> {
    let sql = NODE_BOOKS.replace("$node", &format!("'{node}'"));
    let mut books = BTreeMap::new();
    for batch in context.sql(&sql).await?.collect().await? {
        let verdicts = batch.column(0).as_string::<i32>();
        let counts = batch.column(1).as_primitive::<Int64Type>();
        for row in 0..batch.num_rows() {
            books.insert(value(verdicts, row).to_owned(), counts.value(row).unsigned_abs());
        }
    }
    Ok(books)
}
