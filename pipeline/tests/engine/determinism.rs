//! The same inputs and config give the same bytes, whatever the machine is busy with.

use crate::corpus::{Corpus, assert_same, files, root};
use crate::pages::many;

/// The sample crawl in one file, cut into two splits at 1MiB by made pages after it, and two more files.
fn woven() -> Corpus {
    let mut corpus = Corpus::new();
    let mut large = Vec::new();
    for path in files(&root().join("data-samples/crawl")) {
        large.extend(std::fs::read(path).expect("the samples are committed"));
    }
    large.extend(many("kubwa", 60, 24_000));
    assert!(large.len() > 1_200_000, "two splits of 1MiB, got {} bytes", large.len());
    corpus
        .warc("a.warc.gz", &large)
        .warc("b.warc.gz", &many("ndogo", 40, 0))
        .warc("c.warc.gz", &many("ndogo", 30, 0));
    corpus.max_broken = "5%";
    corpus.node("in", "IN", "[IN]");
    let in_json = corpus.nodes["in"].replace("max_bytes", "format: jsonl.zst, max_bytes");
    corpus.nodes.insert("in", in_json);
    corpus
}

/// Changes what no output may depend on.
type Vary = fn(&mut Corpus);

#[test]
fn threads_split_size_input_order_and_work_dir_change_no_byte() {
    let base = woven();
    let finished = base.run();
    assert!(
        finished.nodes.iter().all(|node| node.manifest.rows > 10 && node.written),
        "{:?}",
        finished.outcomes
    );
    let bytes = base.published();
    for ending in [".parquet", ".jsonl.zst", "manifest.json", "decisions.jsonl", "README.md", ".cedar"] {
        assert!(bytes.keys().any(|name| name.ends_with(ending)), "no {ending} among {:?}", bytes.keys());
    }

    let variants: [(&str, Vary); 5] = [
        ("repeated", |_| {}),
        ("one thread", |corpus| corpus.threads = 1),
        ("splits of 1MiB", |corpus| corpus.split_bytes = "1MiB"),
        ("inputs in another order", |corpus| corpus.paths.reverse()),
        ("another work_dir, one thread, splits of 1MiB", |corpus| {
            corpus.work_dir = "./mahali/pengine";
            corpus.threads = 1;
            corpus.split_bytes = "1MiB";
        }),
    ];
    for (why, vary) in variants {
        let mut other = woven();
        vary(&mut other);
        let again = other.run();
        assert_eq!(finished.outcomes, again.outcomes, "{why}");
        assert_same(&bytes, &other.published(), why);
    }
}

#[test]
fn a_node_less_leaves_the_bytes_of_the_others_alone() {
    let all = woven();
    all.run();
    let mut fewer = woven();
    fewer.nodes.remove("eu");
    fewer.run();
    let mut bytes = all.published();
    bytes.retain(|name, _| !name.starts_with("eu/"));
    assert_same(&bytes, &fewer.published(), "without eu");
}

#[test]
fn a_second_run_of_the_same_config_writes_nothing_again() {
    let mut corpus = Corpus::new();
    corpus.warc("a.warc.gz", &many("mara-mbili", 40, 0));
    assert!(corpus.run().nodes.iter().all(|node| node.written));
    let before = (corpus.stamps("out"), corpus.stamps("work/documents"), corpus.stamps("work/stages"));
    let again = corpus.run();
    assert!(again.nodes.iter().all(|node| !node.written));
    assert_eq!(before, (corpus.stamps("out"), corpus.stamps("work/documents"), corpus.stamps("work/stages")));
}
