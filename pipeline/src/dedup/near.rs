//! Near-duplicates: from bands to clusters.
//!
//! 1. Every band of every open text is a pair (hash, id).
//! 2. `StarEdges` makes an edge of every id that shares a hash with a lesser one. What it cannot hold goes to disk.
//! 3. `Components` joins what hangs together. Where its memory does not suffice, rounds of SQL do the same.
//! 4. Components are texts; `near` gives each of their texts its cluster.
//!
//! A text is known by the first 64 bits of its digest, so that exact copies are one from the start and nothing has to
//! number texts densely, which would take a sort of its own and make ids depend on the rest of the corpus. Among 10⁹
//! texts two share an id by chance with probability 0.03; they would be one cluster.
//! State on the way is 16 bytes a band, 224 a text with 14 bands.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array, AsArray, UInt64Array};
use arrow::datatypes::{DataType, Int64Type};
use datafusion::common::{DataFusionError, Result, internal_datafusion_err};
use datafusion::logical_expr::ScalarUDF;
use datafusion::prelude::{DataFrame, SessionContext};

use super::components::Components;
use super::edges::StarEdges;
use crate::engine::{Operator, apply};
use crate::functions::array_function;
use crate::run::tables::{materialise, table_path};

/// A pair for every band. Rows that no node will get have none: they must not bridge two clusters.
const PAIRS: &str = "
SELECT text_key(text_digest) AS id, unnest(bands) AS hash
FROM rows WHERE bands IS NOT NULL AND outcome IS NULL";

/// The texts of each component, whatever became of their rows, as in `clusters`.
const TEXTS: &str = "
SELECT r.text_digest, n.root, min(r.doc_id) AS first_id, count(*) AS rows,
    string_agg(DISTINCT r.bound_by, ',') AS bound_by
FROM rows r JOIN near_ids n ON text_key(r.text_digest) = n.id
GROUP BY r.text_digest, n.root";

/// Each text that has near-duplicates, with its cluster.
const NEAR: &str = "
SELECT t.text_digest, c.cluster_id, c.cluster_size, c.bound_cluster
FROM near_texts t JOIN (
    SELECT root, min(first_id) AS cluster_id, CAST(sum(rows) AS BIGINT) AS cluster_size,
        string_agg(DISTINCT bound_by, ',') AS bound_cluster
    FROM near_texts GROUP BY root
) c ON t.root = c.root";

const NONE: &str = "
SELECT '' AS text_digest, '' AS cluster_id, CAST(0 AS BIGINT) AS cluster_size, '' AS bound_cluster WHERE false";

/// Edges both ways, for rounds of SQL.
const BOTH_WAYS: &str = "
SELECT DISTINCT a, b FROM (SELECT id AS a, least AS b FROM edges UNION ALL SELECT least AS a, id AS b FROM edges)";

const FIRST_LABELS: &str = "SELECT a AS id, least(a, min(b)) AS root FROM both_ways GROUP BY a";

/// The least label of an id, its neighbours, and the id that is its label.
const NEXT_LABELS: &str = "
SELECT id, min(root) AS root FROM (
    SELECT id, root FROM labels
    UNION ALL SELECT e.a AS id, l.root FROM both_ways e JOIN labels l ON e.b = l.id
    UNION ALL SELECT a.id, b.root FROM labels a JOIN labels b ON a.root = b.id
) GROUP BY id";

const CHANGED: &str = "
SELECT count(*) FROM labels a JOIN near_ids b ON a.id = b.id WHERE a.root <> b.root";

/// `text_key(text_digest)`: the first 64 bits of a digest in hex; null for what is none.
pub fn text_key() -> ScalarUDF {
    array_function("text_key", vec![DataType::Utf8], DataType::UInt64, |arrays| {
        let digests = arrays[0].as_string::<i32>();
        let keys = (0..digests.len()).map(|row| {
            let digest = digests.is_valid(row).then(|| digests.value(row))?;
            u64::from_str_radix(digest.get(..16)?, 16).ok()
        });
        Ok(Arc::new(keys.collect::<UInt64Array>()))
    })
}

/// `operator` over the rows of `input`.
fn over(context: &SessionContext, operator: impl Operator + 'static, input: DataFrame) -> Result<DataFrame> {
    let plan = apply(Arc::new(operator), input.into_unoptimized_plan())?;
    Ok(DataFrame::new(context.state(), plan))
}

/// The edges between texts that share a band. Reads `rows`.
pub async fn edges(context: &SessionContext) -> Result<DataFrame> {
    context.register_udf(text_key());
    over(context, StarEdges, context.sql(PAIRS).await?)
}

/// Texts by component, in memory. Reads `edges`.
pub async fn components(context: &SessionContext) -> Result<DataFrame> {
    over(context, Components, context.table("edges").await?)
}

/// The texts of each component. Reads `rows` and `near_ids`.
pub async fn texts(context: &SessionContext) -> Result<DataFrame> {
    context.sql(TEXTS).await
}

/// The clusters of texts. Reads `near_texts`.
pub async fn near(context: &SessionContext) -> Result<DataFrame> {
    context.sql(NEAR).await
}

/// No clusters, where none are asked for.
pub async fn none(context: &SessionContext) -> Result<DataFrame> {
    context.sql(NONE).await
}

/// Makes `edges`, `near_ids`, `near_texts` and `near` in `folder`, and registers them.
pub async fn materialise_near(context: &SessionContext, folder: &Path) -> Result<()> {
    materialise(context, folder, "edges", edges(context).await?).await?;
    match materialise(context, folder, "near_ids", components(context).await?).await {
        Err(error) if is_out_of_memory(&error) => components_by_sql(context, folder).await?,
        done => done?,
    }
    materialise(context, folder, "near_texts", texts(context).await?).await?;
    materialise(context, folder, "near", near(context).await?).await
}

fn is_out_of_memory(error: &DataFusionError) -> bool {
    matches!(error.find_root(), DataFusionError::ResourcesExhausted(_))
}

/// As [`components`], in rounds that spill: each takes over the least label around, until none changes. Stars keep
/// paths short, so that 10⁶ texts took 4 rounds.
async fn components_by_sql(context: &SessionContext, folder: &Path) -> Result<()> {
    materialise(context, folder, "both_ways", context.sql(BOTH_WAYS).await?).await?;
    materialise(context, folder, "near_ids", context.sql(FIRST_LABELS).await?).await?;
    loop {
        std::fs::rename(table_path(folder, "near_ids"), table_path(folder, "labels"))?;
        crate::run::tables::register(context, "labels", &table_path(folder, "labels")).await?;
        materialise(context, folder, "near_ids", context.sql(NEXT_LABELS).await?).await?;
        let changed = context.sql(CHANGED).await?.collect().await?;
        let changed = changed.first().map(|batch| batch.column(0).as_primitive::<Int64Type>().value(0));
        if changed.ok_or_else(|| internal_datafusion_err!("a count has one row"))? == 0 {
            break;
        }
    }
    for name in ["both_ways", "labels"] {
        context.deregister_table(name)?;
        std::fs::remove_file(table_path(folder, name))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use arrow::array::RecordBatch;
    use arrow::datatypes::UInt64Type;
    use datafusion::catalog::MemTable;

    use super::*;
    use crate::dedup::edges::edge_schema;
    use crate::engine::{Embedded, Limits};

    async fn labels(context: &SessionContext) -> BTreeMap<u64, u64> {
        let batches = context.table("near_ids").await.unwrap().collect().await.unwrap();
        let pairs = batches.iter().flat_map(|batch| {
            let column = |index: usize| batch.column(index).as_primitive::<UInt64Type>().values().to_vec();
            column(0).into_iter().zip(column(1))
        });
        pairs.collect()
    }

    #[tokio::test]
    async fn rounds_of_sql_and_the_forest_in_memory_agree() {
        let folder = tempfile::tempdir().unwrap();
        let limits = Limits { threads: 2, memory: 64 << 20, spill_dir: folder.path().join("tmp") };
        std::fs::create_dir_all(&limits.spill_dir).unwrap();
        let engine = Embedded::new(&limits).unwrap();
        let context = engine.context();
        // Long chains, stars and pairs, told by a fixed rule.
        let mut state = 1u64;
        let mut next = |most: u64| {
            state = super::super::shingles::mix(state.wrapping_add(0x9e37_79b9_7f4a_7c15));
            state % most
        };
        let mut edges: Vec<(u64, u64)> = (1..200).map(|id| (10_000 + id, 10_000 + id - 1)).collect();
        edges.extend((0..500).map(|_| (next(700), next(700))).map(|(a, b)| (a.max(b), a.min(b))));
        let column = |pick: fn(&(u64, u64)) -> u64| UInt64Array::from_iter_values(edges.iter().map(pick));
        let batch =
            RecordBatch::try_new(edge_schema(), vec![Arc::new(column(|e| e.0)), Arc::new(column(|e| e.1))]);
        let table = MemTable::try_new(edge_schema(), vec![vec![batch.unwrap()]]).unwrap();
        context.register_table("edges", Arc::new(table)).unwrap();

        let found = components(context).await.unwrap();
        materialise(context, folder.path(), "near_ids", found).await.unwrap();
        let in_memory = labels(context).await;
        components_by_sql(context, folder.path()).await.unwrap();
        assert_eq!(in_memory, labels(context).await);
        assert_eq!(in_memory[&10_199], 10_000, "a chain of 200");
        assert!(!table_path(folder.path(), "labels").exists());
    }

    #[tokio::test]
    async fn a_forest_that_does_not_fit_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let limits = Limits { threads: 1, memory: 200 << 10, spill_dir: folder.path().to_owned() };
        let engine = Embedded::new(&limits).unwrap();
        let ids = UInt64Array::from_iter_values(1..5000);
        let least = UInt64Array::from_iter_values(0..4999);
        let batch = RecordBatch::try_new(edge_schema(), vec![Arc::new(ids), Arc::new(least)]).unwrap();
        let table = MemTable::try_new(edge_schema(), vec![vec![batch]]).unwrap();
        engine.context().register_table("edges", Arc::new(table)).unwrap();
        let error = components(engine.context()).await.unwrap().collect().await.unwrap_err();
        assert!(is_out_of_memory(&error), "{error}");
    }
}
