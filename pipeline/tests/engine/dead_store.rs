//! Runs over object stores that are flaky, or die while something is read, uploaded or committed. The store is a fake one
//! in this process; `other_store.rs` asks one that is not ours.

use std::collections::BTreeMap;

use crate::corpus::{Corpus, Said, assert_same, files};
use crate::fake_s3::{ACCESS_KEY, FakeS3, SECRET_KEY, Trouble};
use crate::kill::kill_at;
use crate::pages::many;

/// Crawl files, a split each.
const SPLITS: usize = 8;

/// A corpus that is read from one bucket and written to two others.
pub(crate) fn at_stores(variables: Vec<(String, String)>, buckets: [&str; 3]) -> Corpus {
    let mut corpus = Corpus::new();
    let [crawl, ke, eu] = buckets;
    corpus.paths.push(format!("s3://{crawl}/crawl/*.warc.gz"));
    for (node, bucket) in [("ke", ke), ("eu", eu)] {
        let fields = corpus.nodes[node].replace(&format!("./out/{node}"), &format!("s3://{bucket}/corpus"));
        let fields = fields.replace("max_bytes: 64KiB", "max_bytes: 4KiB");
        corpus.nodes.insert(node, fields);
    }
    corpus.variables = variables;
    corpus
}

/// The crawl files by name.
pub(crate) fn crawl_files() -> Vec<(String, Vec<u8>)> {
    (0..SPLITS)
        .map(|number| (format!("{number:02}.warc.gz"), many(&format!("duka-{number}"), 14, 1000)))
        .collect()
}

fn fake() -> (FakeS3, Corpus) {
    let server = FakeS3::start();
    for (name, bytes) in crawl_files() {
        server.put(&format!("crawl/crawl/{name}"), &bytes);
    }
    let corpus = at_stores(server.variables(), ["crawl", "ke-node", "eu-node"]);
    (server, corpus)
}

/// What both nodes have.
fn published(server: &FakeS3) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    for bucket in ["ke-node/", "eu-node/"] {
        all.extend(server.objects(bucket).into_iter().map(|(key, bytes)| (format!("{bucket}{key}"), bytes)));
    }
    all
}

/// Holds that no secret is in what was said or in any file of the corpus' folder.
pub(crate) fn keeps_secrets(corpus: &Corpus, said: &[&Said], secrets: &[&str]) {
    let holds =
        |bytes: &[u8], secret: &str| bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
    for secret in secrets {
        for said in said {
            assert!(!said.stderr.contains(secret) && !said.stdout.contains(secret), "{said:?}");
        }
        for path in files(&corpus.path("")) {
            let bytes = std::fs::read(&path).expect("it can be read");
            assert!(!holds(&bytes, secret), "{} holds a secret", path.display());
        }
    }
}

#[test]
fn a_flaky_store_costs_time_and_no_byte() {
    let (server, corpus) = fake();
    corpus.kilim("run").done();
    let whole = published(&server);
    assert!(whole.keys().filter(|name| name.contains("/data/")).count() > 8, "{:?}", whole.keys());

    let (server, corpus) = fake();
    server.plan(&["GET crawl/crawl/01"], 0, 1, Trouble::Drop);
    server.plan(&["GET crawl/crawl/02"], 1, 2, Trouble::HalfBody);
    server.plan(&["GET crawl/crawl/03"], 0, 1, Trouble::LoseAnswer);
    server.plan(&["PUT ke-node/corpus/v0001/data"], 1, 2, Trouble::Busy);
    server.plan(&["PUT", "decisions.jsonl"], 0, 1, Trouble::LoseAnswer);
    server.plan(&["PUT", "manifest.json"], 0, 1, Trouble::LoseAnswer);
    corpus.write();
    let said = Said::new(&corpus.command("run").arg("-vv").output().expect("the command starts"));
    said.done();
    assert!(said.stderr.contains("backing off"), "-vv tells of retries: {}", said.stderr);
    assert_same(&whole, &published(&server), "in spite of trouble");
    keeps_secrets(&corpus, &[&said], &[SECRET_KEY, ACCESS_KEY]);
    for (name, bytes) in published(&server) {
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains(SECRET_KEY) && !text.contains(ACCESS_KEY), "{name}");
    }

    // And once more: both versions are known, nothing is written.
    let puts = server.count(&["PUT"]);
    let again = corpus.kilim("run");
    again.done();
    assert!(
        again.stdout.matches("(already there)").count() == 2 && server.count(&["PUT"]) == puts,
        "{again:?}"
    );
    corpus.kilim("verify").done();
}

#[test]
fn a_store_that_dies_stops_the_run_with_a_hint_and_resume_goes_on() {
    let (server, corpus) = fake();
    corpus.kilim("run").done();
    let whole = published(&server);
    for (what, words, skip) in [
        ("reading a split", vec!["GET crawl/crawl/05"], 1),
        ("listing the crawl", vec!["GET crawl?", "list-type"], 0),
        ("looking for versions", vec!["GET ke-node?", "delimiter"], 0),
        ("uploading a shard", vec!["PUT ke-node/corpus/v0001/data"], 2),
        ("looking at what was uploaded", vec!["GET ke-node?", "list-type"], 1),
        ("committing", vec!["PUT ke-node/corpus/v0001/manifest.json"], 0),
        ("writing the card", vec!["PUT eu-node/corpus/v0001/README.md"], 0),
    ] {
        std::fs::remove_dir_all(corpus.path("work")).expect("a run made it");
        server.clear("ke-node/");
        server.clear("eu-node/");
        server.plan(&words, skip, 1, Trouble::Die);
        let said = corpus.kilim("run");
        assert!(server.is_dead(), "{what}: {said:?}");
        said.refused(2, &["s3://", "hint:", "resume"]);
        println!("{what}:\n{}", said.stderr);
        let kept = corpus.stamps("work/documents");
        keeps_secrets(&corpus, &[&said], &[SECRET_KEY, ACCESS_KEY]);
        server.revive();
        let resumed = corpus.kilim("resume");
        resumed.done();
        let now = corpus.stamps("work/documents");
        let again =
            kept.iter().filter(|(name, stamp)| !name.starts_with('.') && now.get(*name) != Some(stamp));
        // Rows without a commit may be written again.
        assert!(again.count() <= 1, "{what}: finished splits were read again");
        assert_same(&whole, &published(&server), what);
    }
}

#[test]
#[cfg_attr(not(debug_assertions), ignore = "release builds have no points to stop at")]
fn shards_that_a_killed_run_has_put_are_not_sent_again() {
    let (server, corpus) = fake();
    kill_at(&corpus, "node.uploaded:1");
    let there = server.count(&["PUT", "/data/"]);
    assert!(there > 1, "{:?}", server.log());
    assert!(!published(&server).keys().any(|name| name.ends_with("manifest.json")), "not committed");
    corpus.kilim("resume").done();
    let sent =
        server.log().iter().skip(1).filter(|line| line.starts_with("PUT") && line.contains("/data/")).count();
    let shards = published(&server).keys().filter(|name| name.contains("/data/")).count();
    assert_eq!(sent, shards, "each shard once");
    corpus.kilim("verify").done();
}

#[test]
#[cfg_attr(not(debug_assertions), ignore = "release builds have no points to stop at")]
fn what_a_killed_run_left_in_a_bucket_is_in_no_version_of_another_config() {
    let (server, mut corpus) = fake();
    kill_at(&corpus, "node.uploaded:1");
    let left = published(&server);
    for fields in corpus.nodes.values_mut() {
        *fields = fields.replace("max_bytes: 4KiB", "max_bytes: 64KiB");
    }
    corpus.kilim("run").done();
    let now = published(&server);
    let gone = left.keys().filter(|name| !now.contains_key(*name)).count();
    assert!(gone > 1, "other shards have other names: {:?}", left.keys());
    corpus.kilim("verify").done();

    let (server, fresh) = {
        let (server, mut corpus) = fake();
        for fields in corpus.nodes.values_mut() {
            *fields = fields.replace("max_bytes: 4KiB", "max_bytes: 64KiB");
        }
        (server, corpus)
    };
    fresh.kilim("run").done();
    assert_same(&published(&server), &now, "as if nothing had been there");
}

#[test]
#[cfg_attr(not(debug_assertions), ignore = "release builds have no points to stop at")]
fn a_version_that_another_run_committed_meanwhile_is_not_replaced() {
    let (server, corpus) = fake();
    kill_at(&corpus, "node.remembered:1");
    let (_, other) = fake();
    // Another work directory, another seed: other bytes for the same version folder.
    let mut theirs = other;
    theirs.variables.clone_from(&corpus.variables);
    theirs.seeds.push("https://habari.co.ke/,hin,KE,baraza");
    theirs.kilim("run").done();
    let committed = published(&server);
    corpus.kilim("resume").done();
    let now = published(&server);
    assert!(committed.iter().all(|(name, bytes)| now.get(name) == Some(bytes)), "what was committed stays");
    assert!(now.keys().any(|name| name.starts_with("eu-node/corpus/v0002/manifest")), "{:?}", now.keys());
    corpus.kilim("verify").done();
}

#[test]
fn a_run_that_is_overtaken_while_it_uploads_stops_and_the_next_writes_another_version() {
    // The first listing looks for versions, the second at what was uploaded.
    for (words, skip) in [(["PUT ke-node", "/data/"], 0), (["GET ke-node?", "list-type"], 1)] {
        let (server, corpus) = fake();
        server.plan(&words, skip, 1, Trouble::Overtake);
        let said = corpus.kilim("run");
        said.refused(
            2,
            &["another run committed other shards as s3://ke-node/corpus/v0001", "hint:", "resume"],
        );
        assert_eq!(server.objects("ke-node/corpus/v0001/")["manifest.json"], b"{}", "never replaced");
        corpus.kilim("resume").done();
        assert!(server.objects("ke-node/corpus/v0002/").contains_key("manifest.json"), "{words:?}");
    }
}

#[test]
fn superseded_versions_go_from_buckets_and_a_store_that_does_not_answer_stops_it_first() {
    let (server, mut corpus) = fake();
    corpus.retention = "withheld: 0d, duplicate: 0d, versions: 1";
    corpus.kilim("run").done();
    for fields in corpus.nodes.values_mut() {
        *fields = fields.replace("max_bytes: 4KiB", "max_bytes: 64KiB");
    }
    corpus.kilim("run").done();
    let (whole, work) = (published(&server), corpus.stamps("work"));
    server.plan(&["GET ke-node?", "list-type"], 0, 1, Trouble::Die);
    let said = corpus.kilim("gc");
    said.refused(2, &["s3://", "hint:"]);
    server.revive();
    assert_same(&whole, &published(&server), "nothing goes");
    assert_eq!(corpus.stamps("work"), work, "nothing goes here either");
    let done = corpus.kilim("gc");
    done.done();
    keeps_secrets(&corpus, &[&said, &done], &[SECRET_KEY, ACCESS_KEY]);
    let left = published(&server);
    let kept: BTreeMap<_, _> = whole.into_iter().filter(|(name, _)| name.contains("/v0002/")).collect();
    assert_same(&kept, &left, "the newest stay as they are");
    let again = corpus.kilim("run");
    again.done();
    assert_eq!(again.stdout.matches("(already there)").count(), 2, "{again:?}");
    corpus.kilim("verify").done();
}

#[test]
fn a_url_with_a_password_is_refused_and_not_repeated() {
    let (_server, mut corpus) = fake();
    corpus.paths.push("s3://AKIAYANGU:siri-yangu@crawl/crawl/01.warc.gz".to_owned());
    let fields = corpus.nodes["ke"].replace("s3://ke-node", "s3://mtu:siri-nyingine@ke-node");
    corpus.nodes.insert("ke", fields);
    for command in ["run", "validate"] {
        corpus.write();
        let mut process = std::process::Command::new(env!("CARGO_BIN_EXE_kilim"));
        process.args([command, "-c"]).arg(corpus.path("corpus.yaml")).env("NO_COLOR", "1");
        let said = Said::new(&process.output().expect("the command starts"));
        assert_eq!(said.code, Some(if command == "run" { 2 } else { 1 }), "{said:?}");
        let all = format!("{}{}", said.stdout, said.stderr);
        assert_eq!(all.matches("the URL holds a user or password").count(), 2, "{all}");
        assert!(all.contains("from the environment only"), "{all}");
        for secret in ["AKIAYANGU", "siri-yangu", "siri-nyingine"] {
            assert!(!all.contains(secret), "{all}");
        }
    }
}
