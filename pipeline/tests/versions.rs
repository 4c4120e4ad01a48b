//! When a node gets a new version folder, and when the one that stands there is enough.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use kilim::config;
use kilim::ingest::Progress;
use kilim::run::{NodeDone, RunOptions, Until, Unwatched, run};

/// A corpus of the sample crawl in a folder of its own.
struct Corpus {
    folder: tempfile::TempDir,
    text: String,
}

impl Corpus {
    fn new() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let quickstart = root.join("configs/quickstart/corpus.yaml");
        let text = std::fs::read_to_string(quickstart).expect("the quickstart is committed");
        let samples = root.join("data-samples").display().to_string();
        let policies = root.join("configs/policies").display().to_string();
        let text = text.replace("../../data-samples", &samples).replace("../policies", &policies);
        Self { folder: tempfile::tempdir().expect("a scratch folder"), text }
    }

    fn change(&mut self, from: &str, to: &str) {
        assert!(self.text.contains(from), "{from}");
        self.text = self.text.replace(from, to);
    }

    async fn run(&self) -> Vec<NodeDone> {
        let path: PathBuf = self.folder.path().join("corpus.yaml");
        std::fs::write(&path, &self.text).expect("the scratch folder takes it");
        let loaded = config::load(&path).expect("the config is sound");
        let options = RunOptions { threads: 2, memory: 64 << 20, node: None, until: Until::Seal, done: None };
        let finished = run(&loaded, &options, &Arc::new(Progress::default()), &Unwatched).await;
        finished.expect("the run ends").nodes
    }
}

/// `node version written`, in order.
fn versions(nodes: &[NodeDone]) -> Vec<String> {
    let version = |node: &NodeDone| node.place.name().rsplit('/').next().unwrap_or_default().to_owned();
    nodes.iter().map(|node| format!("{} {} {}", node.node, version(node), node.written)).collect()
}

#[tokio::test]
async fn a_node_gets_a_new_version_when_its_manifest_would_differ_and_only_then() {
    let mut corpus = Corpus::new();
    assert_eq!(versions(&corpus.run().await), ["eu v0001 true", "ke v0001 true"]);
    assert_eq!(versions(&corpus.run().await), ["eu v0001 false", "ke v0001 false"]);

    // Another format at one node says nothing about the other.
    corpus.change(
        "languages: [swa, luo, kik, som, eng, guj], mode: restricted, pii: mask, shards: { ",
        "languages: [swa, luo, kik, som, eng, guj], mode: restricted, pii: mask, shards: { format: jsonl.zst, ",
    );
    let nodes = corpus.run().await;
    assert_eq!(versions(&nodes), ["eu v0001 false", "ke v0002 true"]);
    assert!(nodes[1].manifest.shards.iter().all(|shard| shard.path.ends_with(".jsonl.zst")));

    // Nor does the end of the other node.
    let without_eu: Vec<&str> = corpus.text.lines().filter(|line| !line.starts_with("  eu: ")).collect();
    let without_eu = without_eu.join("\n");
    corpus.text = without_eu;
    assert_eq!(versions(&corpus.run().await), ["ke v0002 false"]);

    // A lost work directory publishes nothing twice.
    std::fs::remove_dir_all(corpus.folder.path().join("work")).expect("the run made it");
    assert_eq!(versions(&corpus.run().await), ["ke v0002 false"]);
    assert!(!corpus.folder.path().join("out/ke/v0003").exists());

    // The manifest names the corpus and the day.
    corpus.change("corpus: quickstart", "corpus: haba-na-haba");
    corpus.change("as_of: 2026-11-23", "as_of: 2026-11-24");
    let nodes = corpus.run().await;
    assert_eq!(versions(&nodes), ["ke v0003 true"]);
    assert_eq!(
        (nodes[0].manifest.corpus.as_str(), nodes[0].manifest.as_of.as_str()),
        ("haba-na-haba", "2026-11-24")
    );
}
