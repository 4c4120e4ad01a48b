//! The checks of a config: SQL over the ledger; any row returned is a finding.

use arrow::util::pretty::pretty_format_batches;
use datafusion::prelude::SessionContext;

use super::error::RunError;
use crate::config::{CheckConfig, CheckSeverity};

/// Rows of a failing check that are shown.
const SHOWN_ROWS: usize = 10;

/// What a check found.
#[derive(Debug, Clone)]
pub struct CheckResult {
    /// The sentence that must hold.
    pub name: String,
    /// Rows that say otherwise.
    pub rows: usize,
    /// The first of them as a table; empty if there are none.
    pub sample: String,
    /// Whether a finding fails the run.
    pub fails: bool,
}

/// Runs the checks over the tables of the ledger.
pub async fn run_checks(
    context: &SessionContext,
    checks: &[CheckConfig],
) -> Result<Vec<CheckResult>, RunError> {
    let mut results = Vec::with_capacity(checks.len());
    for check in checks {
        let refused = |error: datafusion::error::DataFusionError| RunError::Refused {
            problem: format!("check `{}`: {}", check.name, error.strip_backtrace()),
            hint: Some("`kilim sql` shows the tables".to_owned()),
        };
        let frame = context.sql(&check.sql).await.map_err(refused)?;
        let batches = frame.collect().await.map_err(refused)?;
        let rows: usize = batches.iter().map(arrow::array::RecordBatch::num_rows).sum();
        let mut left = SHOWN_ROWS;
        let mut shown = Vec::new();
        for batch in &batches {
            let take = left.min(batch.num_rows());
            left -= take;
            shown.push(batch.slice(0, take));
        }
        let sample = if rows == 0 {
            String::new()
        } else {
            pretty_format_batches(&shown).map(|table| table.to_string()).unwrap_or_default()
        };
        let fails = rows > 0 && check.severity == CheckSeverity::Error;
        results.push(CheckResult { name: check.name.clone(), rows, sample, fails });
    }
    Ok(results)
}
