//! `kilim gc`: removes what the config's `retention:` no longer keeps, and what nobody can use.
//!
//! | what | goes when |
//! |---|---|
//! | leftovers of killed runs | always |
//! | tables of stages that the last finished run does not name | always: they are made anew without reading a file |
//! | splits that it does not name | they are older than `stale` |
//! | texts of rows that are withheld, duplicates or rejected | their split is older than the age of that outcome |
//! | superseded versions of nodes | more than `versions` are newer |
//!
//! What the ledger of the last finished run names is never removed; without a ledger, nothing is known to be stale. Ages are
//! whole days in UTC from the day on which a split was read, which is the day of its file. Only here is the clock asked, and a
//! file from a day that has not come stops it all: with a wrong clock, nothing can be said about ages.
//!
//! Everything is removed commit first, so a kill leaves nothing half removed that looks whole, and the same command goes on.

mod texts;
mod versions;
mod work;

use std::collections::BTreeMap;

use jiff::civil::Date;
use kilim_connectors::store::Stores;
use serde::Serialize;

use crate::config::{Loaded, RetentionConfig};
use crate::ledger::Ledger;
use crate::run::{RunError, work_dir_of};
use work::Found;

/// Knobs of [`gc`].
#[derive(Debug, Clone, Copy)]
pub struct GcOptions {
    /// The day from which ages are counted back.
    pub today: Date,
    /// Say what would go, and remove nothing.
    pub dry_run: bool,
}

/// How much went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Freed {
    /// Files or folders; texts; versions.
    pub items: u64,
    /// Bytes on the disk or in the store.
    pub bytes: u64,
}

impl Freed {
    fn add(&mut self, items: u64, bytes: u64) {
        self.items += items;
        self.bytes += bytes;
    }
}

/// What went, or would go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cleared {
    /// The day from which ages were counted back.
    pub today: Date,
    /// Whether nothing was removed.
    pub dry_run: bool,
    /// What killed runs left.
    pub leftovers: Freed,
    /// Folders of stages.
    pub stages: Freed,
    /// Splits.
    pub stale: Freed,
    /// Texts, with the bytes by which their splits' files shrink.
    pub texts: Freed,
    /// Those texts by the outcome of their rows.
    pub texts_by_outcome: BTreeMap<String, u64>,
    /// Versions of nodes.
    pub versions: Freed,
    /// Their folders.
    pub version_folders: Vec<String>,
    /// What was left alone, and why.
    pub notes: Vec<String>,
}

impl Cleared {
    /// All bytes.
    pub fn bytes(&self) -> u64 {
        let all = [self.leftovers, self.stages, self.stale, self.texts, self.versions];
        all.iter().map(|freed| freed.bytes).sum()
    }
}

/// Removes what is over. Takes the lock of the work directory.
///
/// # Errors
/// A run at work, a clock that is behind the files, a place that cannot be reached. What has gone by then stays gone.
pub async fn gc(loaded: &Loaded, stores: &Stores, options: &GcOptions) -> Result<Cleared, RunError> {
    let retention = &loaded.config.retention;
    let work_dir = work_dir_of(loaded);
    // Without a work directory there is no run at work, and nothing to remove but versions.
    let _lock = work_dir.root().is_dir().then(|| work_dir.lock()).transpose()?;
    let ledger = Ledger::read(&work_dir).ok();
    let found = Found::look(&work_dir, ledger.as_ref(), retention, options.today)?;
    // Asked before anything goes: a store that does not answer stops it here.
    let superseded = versions::superseded(loaded, stores, ledger.as_ref()).await?;

    let mut cleared = Cleared {
        today: options.today,
        dry_run: options.dry_run,
        leftovers: Freed::default(),
        stages: Freed::default(),
        stale: Freed::default(),
        texts: Freed::default(),
        texts_by_outcome: BTreeMap::new(),
        versions: Freed::default(),
        version_folders: Vec::new(),
        notes: notes(loaded, ledger.as_ref(), retention),
    };
    found.remove(options.dry_run, &mut cleared)?;
    if let Some(ledger) = &ledger {
        texts::drop_texts(&work_dir, ledger, &found.ages, retention, options.dry_run, &mut cleared).await?;
    }
    for version in &superseded {
        cleared.versions.add(1, version.bytes());
        cleared.version_folders.push(version.place.name().to_owned());
        if !options.dry_run {
            versions::remove(stores, &work_dir, version).await?;
        }
    }
    Ok(cleared)
}

/// What a steward may not expect.
fn notes(loaded: &Loaded, ledger: Option<&Ledger>, retention: &RetentionConfig) -> Vec<String> {
    let mut notes = Vec::new();
    if retention.keeps_all() {
        notes.push("the config has no `retention:`: texts, splits and versions are kept".to_owned());
    }
    let Some(ledger) = ledger else {
        notes.push("no run has finished in this work directory: its splits and stages are kept".to_owned());
        return notes;
    };
    let served = |name: &str| ledger.nodes.iter().any(|node| node.node == name);
    let others: Vec<&str> =
        loaded.config.nodes.keys().map(AsRef::as_ref).filter(|name: &&str| !served(name)).collect();
    if !others.is_empty() {
        notes.push(format!(
            "the last run did not serve {}: what only they would keep counts as withheld or duplicate",
            others.join(", ")
        ));
    }
    notes
}
