//! What is done is never done again. Kills are in `kill.rs`.

use std::time::{Duration, Instant};

use crate::corpus::{Corpus, PATIENCE, Stamp, assert_same, many_splits, shipped_policy};
use crate::pages::{many, page, text, warc};

/// Splits of the corpora.
const SPLITS: usize = 16;

/// Splits whose commit stands in the work directory, with the stamps of commit and rows.
fn commits(corpus: &Corpus) -> Vec<(String, [Stamp; 2])> {
    let stamps = corpus.stamps("work/documents");
    let done = stamps.iter().filter_map(|(name, stamp)| Some((name.strip_suffix(".json")?, *stamp)));
    let both = |(key, stamp): (&str, Stamp)| {
        let rows = stamps.get(&format!("{key}.parquet"))?;
        Some((key.to_owned(), [stamp, *rows]))
    };
    done.filter_map(both).collect()
}

#[test]
fn a_card_that_a_killed_run_did_not_write_is_written_by_the_next() {
    let corpus = many_splits(SPLITS);
    corpus.run();
    let published = corpus.published();
    std::fs::remove_file(corpus.path("out/ke/v0001/README.md")).expect("the run wrote it");
    assert!(corpus.run().nodes.iter().all(|node| !node.written));
    assert_same(&published, &corpus.published(), "with its card again");
}

#[test]
fn a_commit_whose_rows_are_cut_is_read_again() {
    let corpus = many_splits(SPLITS);
    let finished = corpus.run();
    let published = corpus.published();
    let stamps = corpus.stamps("work/documents");
    let rows = format!("{}.parquet", commits(&corpus)[0].0);
    let path = corpus.path("work/documents").join(&rows);
    let bytes = std::fs::read(&path).expect("it is there");
    std::fs::write(&path, &bytes[..bytes.len() / 2]).expect("it is ours");
    let again = corpus.run();
    assert_eq!(finished.outcomes, again.outcomes);
    assert_same(&published, &corpus.published(), "after mending");
    let now = corpus.stamps("work/documents");
    let mended: Vec<_> = now.iter().filter(|(name, stamp)| stamps.get(*name) != Some(stamp)).collect();
    assert_eq!(mended.len(), 2, "only {rows} and its commit: {mended:?}");
}

#[test]
fn a_changed_policy_reads_nothing_again_and_publishes_a_new_version() {
    let mut corpus = Corpus::new();
    corpus.warc("a.warc.gz", &many("kanuni", 30, 0));
    corpus.run();
    let (documents, first) = (corpus.stamps("work/documents"), corpus.published());
    let policy = format!(
        "{}\n@because(\"the council closed its border\")\n\
         forbid (principal, action == Action::\"emit\", resource) when {{ resource.jurisdictions.contains(\"KE\") }};\n",
        shipped_policy("residency.cedar")
    );
    corpus.policy("residency.cedar", &policy);
    let stages = corpus.stamps("work/stages");
    let finished = corpus.run();
    assert_eq!(corpus.stamps("work/documents"), documents);
    let old: Vec<_> =
        corpus.stamps("work/stages").into_iter().filter(|(name, _)| stages.contains_key(name)).collect();
    assert_eq!(old, stages.into_iter().collect::<Vec<_>>(), "stage 2 is used as it stands");
    let ke = finished.nodes.iter().find(|node| node.node == "ke").expect("the node");
    assert!(ke.written && ke.manifest.rows == 0 && ke.place.name().ends_with("v0002"), "{:?}", ke.place);
    let second = corpus.published();
    assert!(first.iter().all(|(name, bytes)| second.get(name) == Some(bytes)), "what was published stays");
}

#[test]
fn an_added_file_reads_no_old_one_again() {
    let mut corpus = Corpus::new();
    corpus.warc("b.warc.gz", &many("zamani", 30, 0));
    corpus.run();
    let old = corpus.stamps("work/documents");
    corpus.warc("a.warc.gz", &warc(&[page("https://mpya.co.ke/", &text("amh", 70_001))]));
    corpus.run();
    let now = corpus.stamps("work/documents");
    assert!(old.iter().all(|(name, stamp)| now.get(name) == Some(stamp)));
    assert_eq!(now.len(), old.len() + 2);
    assert_eq!(corpus.fate("https://mpya.co.ke/"), "sharded ke");

    let mut fresh = Corpus::new();
    fresh.warc("a.warc.gz", &warc(&[page("https://mpya.co.ke/", &text("amh", 70_001))]));
    fresh.warc("b.warc.gz", &many("zamani", 30, 0));
    fresh.run();
    let second = corpus.published().into_iter().filter_map(|(name, bytes)| {
        let name = name.strip_prefix("ke/v0002/")?.to_owned();
        Some((name, bytes))
    });
    let once = fresh.published().into_iter().filter_map(|(name, bytes)| {
        let name = name.strip_prefix("ke/v0001/")?.to_owned();
        Some((name, bytes))
    });
    assert_same(&second.collect(), &once.collect(), "in two runs or in one");
}

#[test]
fn a_second_run_in_the_same_work_dir_is_refused_while_the_first_is_at_work() {
    let corpus = many_splits(SPLITS);
    corpus.write();
    let mut first = corpus.start("run");
    let until = Instant::now() + PATIENCE;
    while !corpus.path("work/documents").exists() {
        assert!(Instant::now() < until, "the first run never began");
        std::thread::sleep(Duration::from_millis(5));
    }
    let second = corpus.kilim("run");
    assert!(first.try_wait().expect("it is ours").is_none(), "the first ended too early to tell");
    second.refused(2, &["another run is at work", "hint:", "work_dir of its own"]);
    assert!(first.wait().expect("it is ours").success(), "the first is not disturbed");
}

#[test]
fn an_interrupted_run_says_that_it_can_go_on_and_does() {
    let corpus = many_splits(SPLITS);
    corpus.write();
    let mut command = corpus.command("run");
    command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::piped());
    let child = command.spawn().expect("the command starts");
    let until = Instant::now() + PATIENCE;
    while commits(&corpus).is_empty() {
        assert!(Instant::now() < until, "the run never finished a split");
        std::thread::sleep(Duration::from_millis(5));
    }
    let sent = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(sent.is_ok_and(|status| status.success()));
    let said = crate::corpus::Said::new(&child.wait_with_output().expect("it is ours"));
    said.refused(130, &["interrupted", "kilim resume"]);
    corpus.kilim("resume").done();
    assert!(!corpus.urls_at("ke").is_empty());
}
