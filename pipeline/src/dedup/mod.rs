//! Stage 2: which documents are copies of which.
//!
//! Only narrow columns are read. A cluster of exact copies is the set of rows with one `text_digest`, whatever their
//! outcome: a steward's claim on a copy that was rejected still binds the others. Clusters of one are not written.
//!
//! Near-duplicates are found by sketches that stage 1 made of the texts ([`Sketcher`], column `bands`); [`near`] makes
//! clusters of them. A near-duplicate is another text, so no claim goes from one to the other; what binds any of
//! them is `cluster_jurisdictions`, which a policy may ask for.

mod buckets;
pub mod components;
pub mod edges;
mod fold;
pub mod near;
mod shingles;
mod sketch;

pub use shingles::Shingler;
pub use sketch::{MAX_BINS, Sketch, SketchSettings, Sketcher};

use datafusion::common::Result;
use datafusion::prelude::{DataFrame, SessionContext};

/// The digest and claims of every text that occurs more than once.
const CLUSTERS: &str = "
SELECT
    text_digest,
    min(doc_id) AS cluster_id,
    count(*) AS cluster_size,
    string_agg(DISTINCT bound_copies, ',') AS bound_copies,
    string_agg(DISTINCT bound_by, ',') AS bound_cluster,
    string_agg(DISTINCT array_to_string(community, ','), ',') FILTER (WHERE steward IS NOT NULL) AS community
FROM rows_keyed
WHERE text_digest IS NOT NULL
GROUP BY text_digest
HAVING count(*) > 1";

/// Document ids that occur more than once (the same record in two inputs) and the row that keeps each: the first by
/// input and offset.
const REPEATS: &str = "
SELECT doc_id, min(row_key) AS kept
FROM rows_keyed
GROUP BY doc_id
HAVING count(*) > 1";

/// A revisit holds no page, but its address may be a steward's. What it found again is named by the digest of the
/// payload, by the id of the record, or, failing a digest, by the address.
const REVISITS: &str = "
SELECT original, string_agg(DISTINCT bound_copies, ',') AS bound_copies FROM (
    SELECT payload_digest AS original, bound_copies FROM rows WHERE record_type = 'revisit'
    UNION ALL SELECT refers_to, bound_copies FROM rows
        WHERE record_type = 'revisit' AND (payload_digest IS NULL OR starts_with(refers_to, 'urn:'))
) WHERE original IS NOT NULL AND bound_copies <> ''
GROUP BY original";

/// Rows with a key that orders as (input, offset, inner offset) does, and bound by what binds their revisits. Texts are
/// measured here, below all joins, which would else sort them.
const ROWS_KEYED: &str = "
SELECT $columns,
    r.input || ' ' || lpad(CAST(r.warc_offset AS VARCHAR), 20, '0') || ' '
        || lpad(CAST(r.inner_offset AS VARCHAR), 20, '0') AS row_key
FROM (SELECT *, coalesce(CAST(octet_length(text) AS BIGINT UNSIGNED), 0) AS text_bytes FROM rows) r";

const WITH_REVISITS: &str = "r.* EXCEPT (bound_by, bound_copies),
    union_labels(r.bound_by, union_labels(d.bound_copies, union_labels(i.bound_copies, u.bound_copies))) AS bound_by,
    union_labels(r.bound_copies, union_labels(d.bound_copies, union_labels(i.bound_copies, u.bound_copies)))
        AS bound_copies";

const JOIN_REVISITS: &str = "
LEFT JOIN revisits d ON r.payload_digest = d.original
LEFT JOIN revisits i ON r.record_id = i.original
LEFT JOIN revisits u ON r.url = u.original";

/// The claims of revisits, by what they found again. Reads the table `rows` (stage 1).
pub async fn revisits(context: &SessionContext) -> Result<DataFrame> {
    context.sql(REVISITS).await
}

/// Registers `rows_keyed` over `rows` and `revisits`. Most crawls have no revisit with a claim, and no need to join.
pub async fn register_rows_keyed(context: &SessionContext) -> Result<()> {
    let any = context.table("revisits").await?.limit(0, Some(1))?.count().await? > 0;
    let sql = if any {
        ROWS_KEYED.replace("$columns", WITH_REVISITS) + JOIN_REVISITS
    } else {
        ROWS_KEYED.replace("$columns", "r.*")
    };
    let keyed = context.sql(&sql).await?.into_view();
    context.deregister_table("rows_keyed")?;
    context.register_table("rows_keyed", keyed)?;
    Ok(())
}

/// The clusters of copies.
pub async fn clusters(context: &SessionContext) -> Result<DataFrame> {
    context.sql(CLUSTERS).await
}

/// The repeated records.
pub async fn repeats(context: &SessionContext) -> Result<DataFrame> {
    context.sql(REPEATS).await
}
