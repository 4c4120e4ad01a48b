//! What a change re-runs, seen in the keys of the stages, and held by `--from`.

use std::collections::BTreeSet;

use kilim::config;
use kilim::ledger::Ledger;
use kilim::run::work_dir_of;

use crate::corpus::{Corpus, Said, shipped_policy};
use crate::pages::{many, page, text, warc};

/// The keys of a finished run.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Keys {
    splits: BTreeSet<String>,
    dedup: String,
    route: String,
}

fn keys(corpus: &Corpus) -> Keys {
    let loaded = config::validate_file(&corpus.path("corpus.yaml"), None).loaded.expect("it was run");
    let ledger = Ledger::read(&work_dir_of(&loaded)).expect("a run has finished");
    Keys {
        splits: ledger.splits.iter().map(|split| split.key.clone()).collect(),
        dedup: ledger.dedup_folder.display().to_string(),
        route: ledger.route_folder.display().to_string(),
    }
}

/// The command with more arguments.
fn run(corpus: &Corpus, args: &[&str]) -> Said {
    corpus.write();
    Said::new(&corpus.command("run").args(args).output().expect("the command starts"))
}

/// The shipped rules of residency and one more.
fn residency_and(rule: &str) -> String {
    format!("{}\n@because(\"the council decided so\")\n{rule}\n", shipped_policy("residency.cedar"))
}

fn two_files() -> Corpus {
    let mut corpus = Corpus::new();
    corpus.warc("b.warc.gz", &many("zamani", 20, 0)).warc("c.warc.gz", &many("kale", 20, 0));
    corpus
}

#[test]
fn an_added_file_adds_its_own_split_and_no_other() {
    let mut corpus = two_files();
    run(&corpus, &[]).done();
    let (before, stamps) = (keys(&corpus), corpus.stamps("work/documents"));
    corpus.warc("a.warc.gz", &warc(&[page("https://mpya.co.ke/", &text("amh", 70_001))]));
    for stage in ["dedup", "route", "seal"] {
        let refused = run(&corpus, &["--from", stage]);
        refused.refused(2, &["1 of 3 splits have no commit", "the ingest stage has to run first", "hint:"]);
    }
    run(&corpus, &["--until", "ingest"]).done();
    run(&corpus, &["--from", "route"])
        .refused(2, &["the dedup stage has no commit under the current keys", "hint:"]);
    run(&corpus, &["--from", "dedup"]).done();
    let after = keys(&corpus);
    assert!(before.splits.is_subset(&after.splits) && after.splits.len() == before.splits.len() + 1);
    assert!(before.dedup != after.dedup && before.route != after.route);
    let now = corpus.stamps("work/documents");
    assert!(stamps.iter().all(|(name, stamp)| now.get(name) == Some(stamp)), "an old split was read again");
}

#[test]
fn a_changed_policy_on_emit_runs_stage_3_again_and_nothing_before() {
    let mut corpus = two_files();
    run(&corpus, &[]).done();
    let before = keys(&corpus);
    let stamps = (corpus.stamps("work/documents"), corpus.stamps(&format!("work/{}", before.dedup)));
    let rule = "forbid (principal, action == Action::\"emit\", resource) when { resource.jurisdictions.contains(\"DE\") };";
    corpus.policy("residency.cedar", &residency_and(rule));
    let refused = run(&corpus, &["--from", "seal"]);
    refused.refused(2, &["the route stage has no commit under the current keys", "hint:"]);
    run(&corpus, &["--from", "route"]).done();
    let after = keys(&corpus);
    assert_eq!((&before.splits, &before.dedup), (&after.splits, &after.dedup));
    assert_ne!(before.route, after.route);
    let now = (corpus.stamps("work/documents"), corpus.stamps(&format!("work/{}", after.dedup)));
    assert_eq!(stamps, now, "stages 1 and 2 are used as they stand");
    run(&corpus, &["--from", "seal"]).done();
    assert_eq!(keys(&corpus), after);
}

#[test]
fn a_changed_policy_on_process_reads_again() {
    let mut corpus = two_files();
    run(&corpus, &[]).done();
    let before = keys(&corpus);
    let rule = "forbid (principal, action == Action::\"process\", resource) when { resource.jurisdictions.contains(\"DE\") };";
    corpus.policy("residency.cedar", &residency_and(rule));
    run(&corpus, &["--from", "route"]).refused(2, &["2 of 2 splits have no commit", "hint:"]);
    run(&corpus, &[]).done();
    assert!(before.splits.is_disjoint(&keys(&corpus).splits));
}

#[test]
fn a_run_that_would_end_before_it_begins_is_refused() {
    let corpus = two_files();
    run(&corpus, &["--from", "seal", "--until", "dedup"])
        .refused(2, &["would end before the stage", "hint:"]);
    assert!(!corpus.path("work").exists());
}
