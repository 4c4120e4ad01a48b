//! What commands over a finished run share: the config, the ledger, a session with its tables, and plain tables.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Result;
use datafusion::error::DataFusionError;
use datafusion::prelude::SessionContext;
use kilim::config::{self, Loaded};
use kilim::engine::{Embedded, Limits};
use kilim::ledger::Ledger;
use kilim::run::{RunError, work_dir_of};

use crate::cmd_run;

/// Memory of commands that read the ledger.
const MEMORY: usize = 512 << 20;

/// A finished run, with the tables of its ledger registered.
pub(crate) struct Work {
    pub(crate) loaded: Loaded,
    pub(crate) ledger: Ledger,
    pub(crate) engine: Embedded,
}

impl Work {
    pub(crate) fn context(&self) -> &SessionContext {
        self.engine.context()
    }
}

/// Reads a config for looking at what a run of it left: where the run stood is not asked again.
pub(crate) fn read_config(path: &Path) -> Result<Loaded> {
    config::load(path).map_err(|found| RunError::Config(Box::new(found)).into())
}

/// An engine for queries; it spills to the system's folder for temporary files, since a run owns the one in work_dir.
pub(crate) fn query_engine() -> Result<Embedded> {
    let limits = Limits { threads: cmd_run::processors(), memory: MEMORY, spill_dir: std::env::temp_dir() };
    Ok(Embedded::new(&limits).map_err(RunError::stage("start"))?)
}

/// The ledger of a config's last finished run.
pub(crate) async fn open(path: &Path) -> Result<Work> {
    let loaded = read_config(path)?;
    let work_dir = work_dir_of(&loaded);
    let ledger = Ledger::read(&work_dir)
        .map_err(|error| RunError::refused(error.to_string(), "`kilim run` with this config makes one"))?;
    let engine = query_engine()?;
    ledger.register(engine.context(), &work_dir).await.map_err(RunError::stage("ledger"))?;
    Ok(Work { loaded, ledger, engine })
}

/// A query that DataFusion refused, in its own words.
pub(crate) fn refused(error: &DataFusionError) -> anyhow::Error {
    RunError::refused(
        error.strip_backtrace(),
        "`kilim sql` without a query lists the tables and their columns",
    )
    .into()
}

/// A table as text: the columns of `numbers` to the right, the others to the left, two spaces between.
pub(crate) fn table(header: &[&str], numbers: &[usize], rows: &[Vec<String>]) -> String {
    let widths: Vec<usize> = (0..header.len())
        .map(|column| {
            let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
            cells.chain([header[column].chars().count()]).max().unwrap_or(0)
        })
        .collect();
    let mut out = String::new();
    let header: Vec<String> = header.iter().map(|&cell| cell.to_owned()).collect();
    for row in std::iter::once(&header).chain(rows) {
        let mut line = String::from(" ");
        for (column, cell) in row.iter().enumerate() {
            let pad = " ".repeat(widths[column].saturating_sub(cell.chars().count()));
            let (before, after) =
                if numbers.contains(&column) { (pad.as_str(), "") } else { ("", pad.as_str()) };
            let _ = write!(line, " {before}{cell}{after} ");
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// 1234567 as 1,234,567.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_kept_apart() {
        assert_eq!([0, 999, 1000, 1_234_567].map(count), ["0", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn numbers_stand_to_the_right() {
        let rows =
            [vec!["swa_Latn".to_owned(), "7".to_owned()], vec!["amh_Ethi".to_owned(), "1,200".to_owned()]];
        let expected = "  language  rows\n  swa_Latn      7\n  amh_Ethi  1,200\n";
        let shown = table(&["language", "rows"], &[1], &rows);
        assert_eq!(shown, expected.replace("  rows", "   rows"));
    }
}
