//! Kills at named points and at random ones: each time `resume` gives the bytes of a run that was left alone, does no
//! finished split again and leaves nothing lying about.

use std::collections::BTreeSet;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::corpus::{Corpus, PATIENCE, assert_same, files, many_splits};

/// Splits of the corpora.
const SPLITS: usize = 10;

/// A process that does not outlive its test.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs `corpus` until it comes to `point` (see `src/points.rs`), and kills it there.
pub(crate) fn kill_at(corpus: &Corpus, point: &str) {
    corpus.write();
    kill_command_at(corpus, corpus.command("run"), point);
}

/// Starts a command on `corpus` and kills it when it comes to `point`.
pub(crate) fn kill_command_at(corpus: &Corpus, mut command: Command, point: &str) {
    let said = corpus.path("stopped");
    let _ = std::fs::remove_file(&said);
    command.env("KILIM_STOP_AT", point).env("KILIM_STOPPED", &said);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = Killed(command.spawn().expect("the command starts"));
    let until = Instant::now() + PATIENCE;
    let name = point.split(':').next().unwrap_or(point);
    while std::fs::read_to_string(&said).unwrap_or_default() != format!("reached {name}\n") {
        let ended = child.0.try_wait().expect("it is ours");
        assert!(ended.is_none(), "the run ended ({ended:?}) and never came to {point}");
        assert!(Instant::now() < until, "the run never came to {point}");
        std::thread::sleep(Duration::from_millis(1));
    }
    child.0.kill().expect("it is ours");
    child.0.wait().expect("it is ours");
}

/// A number below `limit` that differs from run to run: kills should not fall on the same instant for ever.
fn dice(limit: u64) -> u64 {
    let state = std::hash::RandomState::new();
    std::hash::BuildHasher::hash_one(&state, 0) % limit.max(1)
}

/// Names of all files in the work directory.
fn names(corpus: &Corpus) -> BTreeSet<String> {
    let work = corpus.path("work");
    let below =
        |path: std::path::PathBuf| path.strip_prefix(&work).expect("below").to_string_lossy().into_owned();
    files(&work).into_iter().map(below).collect()
}

/// Names of the splits' commits.
fn commits(corpus: &Corpus) -> BTreeSet<String> {
    names(corpus)
        .into_iter()
        .filter(|name| name.starts_with("documents/") && name.strip_suffix(".json").is_some())
        .collect()
}

fn manifests(corpus: &Corpus) -> usize {
    files(&corpus.path("out")).iter().filter(|path| path.ends_with("manifest.json")).count()
}

fn forget(corpus: &Corpus, what: &[&str]) {
    for path in what {
        let path = corpus.path(path);
        let gone = if path.is_dir() { std::fs::remove_dir_all(&path) } else { std::fs::remove_file(&path) };
        gone.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }
}

#[test]
#[cfg_attr(not(debug_assertions), ignore = "release builds have no points to stop at")]
fn a_run_killed_while_it_reads_goes_on_with_the_splits_that_are_left() {
    let corpus = many_splits(SPLITS);
    corpus.kilim("run").done();
    let (published, whole) = (corpus.published(), names(&corpus));
    for (point, done) in
        [("split.reading:3", 0), ("split.rows:3", 1), ("split.committed:1", 1), ("split.committed:5", 5)]
    {
        forget(&corpus, &["work", "out"]);
        kill_at(&corpus, point);
        let before = corpus.stamps("work/documents");
        let kept = commits(&corpus);
        assert!((done..SPLITS).contains(&kept.len()), "{point}: {} splits are done", kept.len());
        corpus.kilim("resume").done();
        let after = corpus.stamps("work/documents");
        for name in kept.iter().filter_map(|name| name.strip_prefix("documents/")) {
            assert_eq!(before[name], after[name], "{point}: a finished split was touched");
        }
        assert_eq!(names(&corpus), whole, "{point}: nothing more and nothing less in work_dir");
        assert_same(&published, &corpus.published(), point);
    }
}

#[test]
#[cfg_attr(not(debug_assertions), ignore = "release builds have no points to stop at")]
fn a_run_killed_after_it_has_read_reads_nothing_again() {
    let corpus = many_splits(SPLITS);
    corpus.kilim("run").done();
    let (published, whole) = (corpus.published(), names(&corpus));
    let documents = corpus.stamps("work/documents");
    // The point, and how many of the two nodes are committed there.
    for (point, nodes) in [
        ("table.clusters", 0),
        ("table.repeats", 0),
        ("table.facts", 0),
        ("table.placements", 0),
        ("table.routes", 0),
        ("shard.writing:2", 0),
        ("shard.written:2", 0),
        ("papers.writing:3", 0),
        ("node.remembered:1", 0),
        ("node.committed:1", 1),
        ("node.remembered:2", 1),
        ("node.committed:2", 2),
        ("node.card:2", 2),
        ("ledger.written", 2),
    ] {
        forget(&corpus, &["work/stages", "work/commits", "work/ledger.json", "work/run.json", "out"]);
        kill_at(&corpus, point);
        assert_eq!(manifests(&corpus), nodes, "{point}");
        corpus.kilim("resume").done();
        assert_eq!(corpus.stamps("work/documents"), documents, "{point}");
        assert_eq!(names(&corpus), whole, "{point}: nothing more and nothing less in work_dir");
        assert_same(&published, &corpus.published(), point);
    }
}

#[test]
fn ten_kills_at_random_change_no_byte() {
    let corpus = many_splits(SPLITS);
    let started = Instant::now();
    corpus.kilim("run").done();
    let millis = u64::try_from(started.elapsed().as_millis()).expect("a short run");
    let (published, whole) = (corpus.published(), names(&corpus));
    for round in 1..=10 {
        forget(&corpus, &["work", "out"]);
        let mut child = Killed(corpus.start("run"));
        let after = dice(millis);
        std::thread::sleep(Duration::from_millis(after));
        let ended = child.0.try_wait().expect("it is ours").is_some();
        drop(child);
        let (splits, nodes) = (commits(&corpus).len(), manifests(&corpus));
        println!(
            "round {round}: killed after {after} of {millis} ms, {splits} splits, {nodes} nodes, ended: {ended}"
        );
        corpus.kilim("resume").done();
        assert_eq!(names(&corpus), whole, "round {round}");
        assert_same(&published, &corpus.published(), "killed at random");
    }
}
