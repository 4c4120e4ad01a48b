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

/// Columns of a terminal that nothing is wider than.
pub(crate) const WIDTH: usize = 100;

/// Appends `text` after `first`, broken between words; what does not fit goes on below, `indent` columns in.
pub(crate) fn wrapped(out: &mut String, first: &str, indent: usize, text: &str) {
    out.push_str(first);
    let mut column = columns(first);
    let mut empty = true;
    for word in text.split_whitespace() {
        let mut word = word;
        loop {
            let space = usize::from(!empty);
            let wide = columns(word);
            if column + space + wide <= WIDTH {
                out.push_str(&" ".repeat(space));
                out.push_str(word);
                column += space + wide;
                empty = false;
                break;
            }
            if !empty {
                out.push('\n');
                out.push_str(&" ".repeat(indent));
                column = indent;
                empty = true;
                continue;
            }
            // A word longer than a line: an address, or a script without spaces.
            let fits = prefix(word, WIDTH.saturating_sub(column).max(2));
            out.push_str(&word[..fits]);
            word = &word[fits..];
            out.push('\n');
            out.push_str(&" ".repeat(indent));
            column = indent;
        }
    }
    out.push('\n');
}

/// Columns that a terminal gives a text: two for wide characters of East Asia and pictures, one for all others.
pub(crate) fn columns(text: &str) -> usize {
    text.chars().map(width).sum()
}

/// Bytes of the longest start of `text` that is at most `most` columns wide; at least one character.
fn prefix(text: &str, most: usize) -> usize {
    let mut column = 0;
    for (index, char) in text.char_indices() {
        column += width(char);
        if column > most && index > 0 {
            return index;
        }
    }
    text.len()
}

/// A text cut to `most` columns, with an ellipsis where something was cut.
pub(crate) fn cut(text: &str, most: usize) -> String {
    if columns(text) <= most {
        return text.to_owned();
    }
    format!("{}…", &text[..prefix(text, most.saturating_sub(1))])
}

/// Ranges of Unicode's East Asian Width W and F, and of pictographs, to the block.
fn width(char: char) -> usize {
    let wide = matches!(u32::from(char),
        0x1100..=0x115F | 0x2E80..=0xA4CF | 0xAC00..=0xD7A3 | 0xF900..=0xFAFF | 0xFE30..=0xFE6F
        | 0xFF00..=0xFF60 | 0xFFE0..=0xFFE6 | 0x1F300..=0x1FAFF | 0x20000..=0x3FFFD);
    if wide { 2 } else { 1 }
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
    fn no_line_is_wider_than_a_terminal_in_any_script() {
        let texts = [
            "neno ".repeat(60),
            "https://mfano.co.ke/".to_owned() + &"njia/".repeat(60),
            "市场已经开门了".repeat(30),
            "ตลาดเปิดแล้ว".repeat(30),
        ];
        for text in texts {
            let mut out = String::new();
            wrapped(&mut out, "  maandishi  ", 13, &text);
            assert!(out.lines().count() > 2 && out.lines().all(|line| columns(line) <= WIDTH), "{out}");
            let joined: String = out.split_whitespace().skip(1).collect();
            assert_eq!(joined, text.split_whitespace().collect::<String>());
            assert!(columns(&cut(&text, 40)) <= 40 && cut(&text, 40).ends_with('…'));
        }
        assert_eq!(cut("山", 2), "山");
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
