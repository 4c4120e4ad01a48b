//! What lies in the work directory and is of no more use: leftovers, stages, splits.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::Cleared;
use crate::config::RetentionConfig;
use crate::ledger::Ledger;
use crate::points::point;
use crate::run::RunError;
use crate::work_dir::{STAGE_DONE, WorkDir, entries, remove};

/// What can go, and how old the splits are.
pub(super) struct Found {
    /// Files and folders of killed runs, and rows of splits without a commit.
    leftovers: Vec<PathBuf>,
    /// Folders of stages.
    stages: Vec<PathBuf>,
    /// Splits: the commit, then the rows.
    stale: Vec<[PathBuf; 2]>,
    /// Days since the splits were read, by key.
    pub(super) ages: BTreeMap<String, u32>,
}

/// Files of one split.
#[derive(Default)]
struct SplitFiles {
    rows: Option<PathBuf>,
    commit: Option<PathBuf>,
}

impl Found {
    /// Looks around, and touches nothing.
    pub(super) fn look(
        work_dir: &WorkDir,
        ledger: Option<&Ledger>,
        retention: &RetentionConfig,
        today: Date,
    ) -> Result<Self, RunError> {
        let mut found = Self {
            leftovers: work_dir.leftovers()?,
            stages: Vec::new(),
            stale: Vec::new(),
            ages: BTreeMap::new(),
        };
        let mut splits: BTreeMap<String, SplitFiles> = BTreeMap::new();
        for path in entries(&work_dir.documents())? {
            let (Some(key), Some(ending)) = (stem(&path), path.extension()) else { continue };
            if !is_key(key) {
                continue;
            }
            let files = splits.entry(key.to_owned()).or_default();
            match ending.to_string_lossy().as_ref() {
                "parquet" => files.rows = Some(path),
                "json" => files.commit = Some(path),
                _ => {}
            }
        }
        let named: BTreeSet<&str> =
            ledger.iter().flat_map(|ledger| &ledger.splits).map(|split| split.key.as_str()).collect();
        let ages_count = !RetentionConfig { versions: <_>::default(), ..retention.clone() }.keeps_all();
        let mut ahead: Vec<(Date, PathBuf)> = Vec::new();
        for (key, files) in splits {
            let is_named = named.contains(key.as_str());
            match files {
                SplitFiles { rows: Some(rows), commit } => {
                    let day = day_of(&rows)?;
                    let age = days_between(day, today);
                    if age.is_none() && ages_count {
                        ahead.push((day, rows.clone()));
                    }
                    let age = age.unwrap_or(0);
                    found.ages.insert(key, age);
                    match commit {
                        _ if is_named => {}
                        // Rows without a commit are read again by whoever wants them.
                        None => found.leftovers.push(rows),
                        Some(commit) if ledger.is_some() && retention.stale.is_over(age) => {
                            found.stale.push([commit, rows]);
                        }
                        Some(_) => {}
                    }
                }
                SplitFiles { rows: None, commit: Some(commit) } if !is_named => found.leftovers.push(commit),
                SplitFiles { .. } => {}
            }
        }
        refuse_ahead(&ahead, today)?;
        if let Some(ledger) = ledger {
            let named =
                [&ledger.dedup_folder, &ledger.route_folder].map(|folder| work_dir.root().join(folder));
            let stages = work_dir.stage_folders()?.into_iter();
            found.stages =
                stages.filter(|stage| !named.contains(stage) && stage.join(STAGE_DONE).exists()).collect();
        }
        Ok(found)
    }

    /// Removes it, but for a dry run, and counts.
    pub(super) fn remove(&self, dry_run: bool, cleared: &mut Cleared) -> Result<(), RunError> {
        for path in &self.leftovers {
            cleared.leftovers.add(1, bytes_below(path)?);
            if !dry_run {
                remove(path)?;
            }
        }
        for stage in &self.stages {
            cleared.stages.add(1, bytes_below(stage)?);
            if !dry_run {
                // First its commit: what is left then is what a killed run leaves.
                remove(&stage.join(STAGE_DONE))?;
                point("gc.stage");
                remove(stage)?;
            }
        }
        for [commit, rows] in &self.stale {
            cleared.stale.add(1, bytes_below(commit)? + bytes_below(rows)?);
            if !dry_run {
                remove(commit)?;
                point("gc.split");
                remove(rows)?;
            }
        }
        Ok(())
    }
}

fn refuse_ahead(ahead: &[(Date, PathBuf)], today: Date) -> Result<(), RunError> {
    let Some((day, path)) = ahead.iter().max() else { return Ok(()) };
    let more = if ahead.len() > 1 { format!(", as are {} others", ahead.len() - 1) } else { String::new() };
    Err(RunError::refused(
        format!(
            "{} is of {day}{more}, and today is {today}: a clock is or was wrong, and ages cannot be told",
            path.display()
        ),
        "set the clock, or name the day with --today; days are in UTC",
    ))
}

fn stem(path: &Path) -> Option<&str> {
    path.file_stem()?.to_str()
}

/// Whether a name is that of a key, as `run/prepare.rs` makes them.
fn is_key(name: &str) -> bool {
    name.len() == 32 && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The day on which the rows of a split were read, in UTC. Whoever rewrites them leaves the time as it is.
fn day_of(rows: &Path) -> Result<Date, RunError> {
    let modified = std::fs::metadata(rows).and_then(|meta| meta.modified());
    let modified = modified.map_err(|source| io("look up", rows, source))?;
    let time =
        Timestamp::try_from(modified).map_err(|error| io("look up", rows, std::io::Error::other(error)))?;
    Ok(TimeZone::UTC.to_datetime(time).date())
}

/// Whole days from `day` to `today`; `None` if `day` is later.
fn days_between(day: Date, today: Date) -> Option<u32> {
    u32::try_from(today.since(day).ok()?.get_days()).ok()
}

/// Bytes of a file, or of all files in a folder.
pub(super) fn bytes_below(path: &Path) -> Result<u64, RunError> {
    let meta = std::fs::symlink_metadata(path).map_err(|source| io("look up", path, source))?;
    if !meta.is_dir() {
        return Ok(meta.len());
    }
    let mut bytes = 0;
    for entry in entries(path)? {
        bytes += bytes_below(&entry)?;
    }
    Ok(bytes)
}

pub(super) fn io(action: &'static str, path: &Path, source: std::io::Error) -> RunError {
    RunError::Io { action, path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fs::File;
    use std::time::{Duration, SystemTime};

    use proptest::prelude::*;

    use super::super::Freed;
    use super::*;
    use crate::config::Age;
    use crate::ingest::SplitDone;
    use crate::ledger::LEDGER_VERSION;

    /// A split as it may lie in a work directory.
    #[derive(Debug, Clone)]
    struct Lying {
        named: bool,
        has_rows: bool,
        has_commit: bool,
        days: u32,
    }

    fn lying() -> impl Strategy<Value = Lying> {
        (any::<bool>(), any::<bool>(), any::<bool>(), 0u32..60)
            .prop_map(|(named, has_rows, has_commit, days)| Lying { named, has_rows, has_commit, days })
    }

    fn ledger(splits: Vec<SplitDone>) -> Ledger {
        Ledger {
            ledger_version: LEDGER_VERSION,
            run_id: String::new(),
            corpus: "jaribio".to_owned(),
            inputs: Vec::new(),
            splits,
            dedup_folder: "stages/nakala".into(),
            route_folder: "stages/njia".into(),
            nodes: Vec::new(),
        }
    }

    fn split(key: &str) -> SplitDone {
        SplitDone {
            version: 1,
            key: key.to_owned(),
            input: "crawl/ማሳያ.warc.gz".to_owned(),
            source: "crawl".to_owned(),
            offset: 0,
            length: 1,
            items_start: 0,
            items_end: 1,
            items_bytes: 1,
            pieces: String::new(),
            rows: 1,
            outcomes: BTreeMap::new(),
            bytes: 1,
            thinned: None,
            removed: std::collections::BTreeSet::new(),
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

        #[test]
        fn what_the_ledger_names_stays_and_of_the_others_what_is_young(
            splits in prop::collection::vec(lying(), 0..12),
            stale in prop_oneof![Just(Age::Keep), (0u32..60).prop_map(Age::Days)],
            finished in any::<bool>(),
            dry_run in any::<bool>(),
        ) {
            let root = tempfile::tempdir().unwrap();
            let work_dir = WorkDir::new(root.path().to_owned());
            drop(work_dir.open().unwrap());
            let now = SystemTime::now();
            let path = |name: String| work_dir.documents().join(name);
            let mut named = Vec::new();
            for (number, lying) in splits.iter().enumerate() {
                let key = format!("{number:032x}");
                for (there, ending) in [(lying.has_rows, "parquet"), (lying.has_commit, "json")] {
                    if there {
                        let file = File::create(path(format!("{key}.{ending}"))).unwrap();
                        file.set_modified(now - Duration::from_hours(24 * u64::from(lying.days))).unwrap();
                    }
                }
                if lying.named {
                    named.push(split(&key));
                }
            }
            for stage in ["nakala", "njia", "zamani"] {
                std::fs::create_dir_all(work_dir.stage(stage)).unwrap();
                File::create(work_dir.stage(stage).join(STAGE_DONE)).unwrap();
            }
            std::fs::create_dir_all(work_dir.stage("nusu")).unwrap();
            File::create(path("maelezo.json".to_owned())).unwrap();

            let ledger = finished.then(|| ledger(named));
            let retention = RetentionConfig { stale, ..RetentionConfig::default() };
            // A day may begin while this runs.
            let today = TimeZone::UTC.to_datetime(Timestamp::try_from(now).unwrap()).date();
            let found = Found::look(&work_dir, ledger.as_ref(), &retention, today).unwrap();
            let mut cleared = Cleared {
                today,
                dry_run,
                leftovers: Freed::default(),
                stages: Freed::default(),
                stale: Freed::default(),
                texts: Freed::default(),
                texts_by_outcome: BTreeMap::new(),
                versions: Freed::default(),
                version_folders: Vec::new(),
                notes: Vec::new(),
            };
            found.remove(dry_run, &mut cleared).unwrap();

            prop_assert!(path("maelezo.json".to_owned()).exists(), "what is nobody's is left alone");
            prop_assert_eq!(work_dir.stage("nusu").exists(), dry_run);
            for stage in ["nakala", "njia"] {
                prop_assert!(work_dir.stage(stage).join(STAGE_DONE).exists());
            }
            prop_assert_eq!(work_dir.stage("zamani").exists(), dry_run || !finished);
            for (number, lying) in splits.iter().enumerate() {
                let is_named = lying.named && finished;
                let whole = lying.has_rows && lying.has_commit;
                let goes = !is_named && if whole { finished && stale.is_over(lying.days) } else { true };
                for (was, ending) in [(lying.has_rows, "parquet"), (lying.has_commit, "json")] {
                    let there = path(format!("{number:032x}.{ending}")).exists();
                    prop_assert_eq!(there, was && (dry_run || !goes), "{} {:?}", number, lying);
                }
            }
            // What is counted without being removed is what then goes.
            if dry_run {
                let again = Found::look(&work_dir, ledger.as_ref(), &retention, today).unwrap();
                let mut done = Cleared { dry_run: false, ..cleared.clone() };
                for freed in [&mut done.leftovers, &mut done.stages, &mut done.stale] {
                    *freed = Freed::default();
                }
                again.remove(false, &mut done).unwrap();
                prop_assert_eq!(Cleared { dry_run: true, ..done }, cleared);
            }
        }
    }

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    #[test]
    fn days_are_counted_over_the_ends_of_months_and_never_backwards() {
        for (from, to, days) in [
            ("2026-11-28", "2026-11-28", Some(0)),
            ("2026-11-28", "2027-02-26", Some(90)),
            ("2024-02-28", "2024-03-01", Some(2)),
            ("2026-11-29", "2026-11-28", None),
            ("1970-01-01", "2026-11-28", Some(20_785)),
        ] {
            assert_eq!(days_between(day(from), day(to)), days, "{from} {to}");
        }
    }

    #[test]
    fn only_keys_are_splits() {
        assert!(is_key("0123456789abcdef0123456789abcdef"));
        for name in ["", "maelezo", "0123456789abcdef0123456789abcde", "../3456789abcdef0123456789abcdef0"] {
            assert!(!is_key(name), "{name}");
        }
    }
}
