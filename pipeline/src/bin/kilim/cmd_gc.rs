//! `kilim gc`: what is over goes.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use anyhow::Result;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use kilim::gc::{Cleared, Freed, GcOptions, gc};
use kilim_connectors::store::Stores;

use crate::Exit;
use crate::args::GcArgs;
use crate::show::human_bytes;
use crate::work::{self, count, table};
use crate::{cmd_report, cmd_run};

pub(crate) fn run(path: &Path, args: &GcArgs) -> Result<Exit> {
    let loaded = work::read_config(path)?;
    let today = args.today.unwrap_or_else(|| TimeZone::UTC.to_datetime(Timestamp::now()).date());
    let options = GcOptions { today, dry_run: args.dry_run };
    let cleared = cmd_run::runtime(cmd_run::processors())?.block_on(gc(&loaded, &Stores::new(), &options))?;
    let text = if args.json { format!("{:#}\n", serde_json::to_value(&cleared)?) } else { told(&cleared) };
    std::io::stdout().lock().write_all(text.as_bytes())?;
    Ok(Exit::Done)
}

fn told(cleared: &Cleared) -> String {
    let row = |what: &str, freed: Freed| {
        vec![what.to_owned(), cmd_report::zero(Some(&freed.items)), human_bytes(freed.bytes)]
    };
    let texts: Vec<String> = cleared
        .texts_by_outcome
        .iter()
        .map(|(outcome, texts)| format!("{} {outcome}", count(*texts)))
        .collect();
    let texts = if texts.is_empty() { String::new() } else { format!(" ({})", texts.join(", ")) };
    let rows = vec![
        row("leftovers of killed runs", cleared.leftovers),
        row("stages of other runs", cleared.stages),
        row("splits of other runs", cleared.stale),
        row(&format!("texts{texts}"), cleared.texts),
        row("superseded versions", cleared.versions),
        vec!["all".to_owned(), String::new(), human_bytes(cleared.bytes())],
    ];
    let what = if cleared.dry_run { "would go" } else { "gone" };
    let mut out = table(&[what, "count", "bytes"], &[1, 2], &rows);
    for folder in &cleared.version_folders {
        let _ = writeln!(out, "version {folder}");
    }
    for note in &cleared.notes {
        let _ = writeln!(out, "note: {note}");
    }
    let _ = writeln!(out, "ages are counted back from {}", cleared.today);
    out
}
