//! A run over an S3 that is not ours, where there is one to test with (see tests/stores/README.md).

use std::collections::BTreeMap;
use std::path::Path;

use kilim_connectors::store::{Location, Stores};

use crate::corpus::{Said, assert_same};
use crate::dead_store::{at_stores, crawl_files, keeps_secrets};
use crate::moto::{Moto, SECRET_KEY};

const BUCKETS: [&str; 3] = ["kilim-test-crawl", "kilim-test-ke", "kilim-test-eu"];

fn place(text: &str) -> Location {
    Location::parse(text, Path::new("/")).expect("a URL")
}

/// What both nodes have.
async fn published(stores: &Stores) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    for bucket in &BUCKETS[1..] {
        for file in stores.list(&place(&format!("s3://{bucket}/corpus"))).await.expect("it is listed") {
            let bytes = stores.get(&file.location).await.expect("it is there");
            all.insert(file.location.name().to_owned(), bytes.to_vec());
        }
    }
    all
}

async fn empty(stores: &Stores, buckets: &[&str]) {
    for bucket in buckets {
        for file in stores.list(&place(&format!("s3://{bucket}/"))).await.expect("it is listed") {
            stores.delete(&file.location).await.expect("it goes");
        }
    }
}

#[tokio::test]
async fn a_crawl_in_a_bucket_becomes_shards_in_two_others() {
    let Some(server) = Moto::start(&BUCKETS) else { return };
    let stores = Stores::with_variables(server.variables());
    empty(&stores, &BUCKETS).await;
    let mut list = Vec::new();
    for (name, bytes) in crawl_files() {
        let crawl_file = place(&format!("s3://{}/crawl/{name}", BUCKETS[0]));
        stores.put(&crawl_file, bytes.into()).await.expect("the store takes it");
        list.push(format!("crawl/{name}"));
    }
    let paths = place(&format!("s3://{}/warc.paths", BUCKETS[0]));
    stores.put(&paths, list.join("\n").into()).await.expect("the store takes it");

    let corpus = at_stores(server.variables(), BUCKETS);
    let said = corpus.kilim("run");
    said.done();
    let first = published(&stores).await;
    for ending in ["/v0001/manifest.json", "/v0001/README.md", "/v0001/decisions.jsonl", ".parquet", ".cedar"]
    {
        assert!(first.keys().any(|name| name.ends_with(ending)), "no {ending} among {:?}", first.keys());
    }
    let verified = corpus.kilim("verify");
    verified.done();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_kilim"));
    command.args(["verify", &format!("s3://{}/corpus/v0001", BUCKETS[1])]).envs(corpus.variables.clone());
    let alone = Said::new(&command.output().expect("the command starts"));
    alone.done();
    assert!(alone.stdout.contains("verified"), "{alone:?}");

    let again = corpus.kilim("run");
    again.done();
    assert_eq!(again.stdout.matches("(already there)").count(), 2, "{again:?}");
    keeps_secrets(&corpus, &[&said, &verified, &again], &[SECRET_KEY]);

    // A lost work directory publishes nothing twice.
    std::fs::remove_dir_all(corpus.path("work")).expect("a run made it");
    let lost = corpus.kilim("run");
    lost.done();
    assert_eq!(lost.stdout.matches("(already there)").count(), 2, "{lost:?}");
    assert_same(&first, &published(&stores).await, "once more, and from nothing");

    // The same files from a list are the same inputs: a new config, a new version, the same shards.
    let mut listed = at_stores(server.variables(), BUCKETS);
    listed.paths = vec![format!("s3://{}/warc.paths", BUCKETS[0])];
    empty(&stores, &BUCKETS[1..]).await;
    listed.kilim("run").done();
    let shards = |all: &BTreeMap<String, Vec<u8>>| -> BTreeMap<String, Vec<u8>> {
        all.iter()
            .filter(|(name, _)| name.contains("/data/"))
            .map(|(name, bytes)| (name.clone(), bytes.clone()))
            .collect()
    };
    assert_same(&shards(&first), &shards(&published(&stores).await), "from a list");
    empty(&stores, &BUCKETS).await;
}
