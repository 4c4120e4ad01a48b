//! Stage 2: which documents are copies of which.
//!
//! Only narrow columns are read. A cluster is the set of rows with one `text_digest`, whatever their outcome: a
//! steward's claim on a copy that was rejected still binds the others. Clusters of one are not written.

use datafusion::common::Result;
use datafusion::prelude::{DataFrame, SessionContext};

/// The digest and claims of every text that occurs more than once. Reads the table `rows` (stage 1).
const CLUSTERS: &str = "
SELECT
    text_digest,
    min(doc_id) AS cluster_id,
    count(*) AS cluster_size,
    string_agg(DISTINCT bound_copies, ',') AS bound_copies,
    string_agg(DISTINCT bound_by, ',') AS bound_cluster,
    string_agg(DISTINCT array_to_string(community, ','), ',') FILTER (WHERE steward IS NOT NULL) AS community
FROM rows
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

/// Rows with a key that orders as (input, offset, inner offset) does.
pub const ROWS_KEYED: &str = "
SELECT *,
    input || ' ' || lpad(CAST(warc_offset AS VARCHAR), 20, '0') || ' '
        || lpad(CAST(inner_offset AS VARCHAR), 20, '0') AS row_key
FROM rows";

/// The clusters of copies.
pub async fn clusters(context: &SessionContext) -> Result<DataFrame> {
    context.sql(CLUSTERS).await
}

/// The repeated records.
pub async fn repeats(context: &SessionContext) -> Result<DataFrame> {
    context.sql(REPEATS).await
}
