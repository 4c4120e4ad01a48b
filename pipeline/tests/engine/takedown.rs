//! Takedowns: what is asked for goes from shards and work directory, and nothing else does; no run brings it back.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use kilim::config;
use kilim::proof::PublicKey;
use kilim::proof::keys::generate;
use kilim::removals::{Kind, Request, Why};
use kilim::run::{RunError, Takedown, TakenDown, takedown};
use kilim::seal::{MANIFEST_FILE, Manifest};
use kilim::verify::{Signed, Verified, verify_signed};
use kilim_connectors::store::{Location, Stores};

use crate::corpus::{Corpus, Said, assert_same, files};
use crate::kill::{kill_at, kill_command_at};
use crate::pages::{many, page, text, warc};

/// A word that stands in nothing but the pages that are to go.
const MARKER: &str = "ሚስጥራዊቃል";

/// Languages of these pages; the others have shards of which no byte may change.
const TOUCHED: [&str; 2] = ["amh_Ethi", "ell_Grek"];

fn secret_url(number: usize) -> String {
    let host = if number < 6 { "habari.co.ke" } else { "nachrichten.de" };
    format!("https://siri{number}.{host}/ukurasa")
}

/// Sixty pages in five scripts for two nodes; ten of them carry [`MARKER`], and lie in both crawl files.
fn corpus() -> Corpus {
    let mut corpus = Corpus::new();
    let secrets = |numbers: std::ops::Range<usize>| {
        let record = |number: usize| {
            let lang = if number.is_multiple_of(2) { "amh" } else { "ell" };
            page(&secret_url(number), &format!("{} {MARKER} {number}", text(lang, 500 + number)))
        };
        warc(&numbers.map(record).collect::<Vec<_>>())
    };
    corpus.warc("a.warc.gz", &[many("wazi", 25, 0), secrets(0..4)].concat());
    corpus.warc("b.warc.gz", &[secrets(4..10), many("jirani", 25, 0)].concat());
    corpus
}

/// Ids of the documents that carry the marker, one a line, in a file.
fn secret_ids(corpus: &Corpus) -> Vec<String> {
    let rows = corpus.sql("SELECT doc_id FROM documents WHERE url LIKE 'https://siri%' ORDER BY doc_id");
    rows.into_iter().flatten().collect()
}

fn command(corpus: &Corpus, args: &[&str]) -> Said {
    let mut command = corpus.command("takedown");
    command.args(args).current_dir(corpus.path("."));
    Said::new(&command.output().expect("the command starts"))
}

fn version(corpus: &Corpus, node: &str, number: u32) -> PathBuf {
    corpus.path(&format!("out/{node}/v{number:04}"))
}

fn manifest(folder: &Path) -> Manifest {
    let bytes = fs::read(folder.join(MANIFEST_FILE));
    Manifest::from_bytes(&bytes.unwrap_or_else(|error| panic!("{}: {error}", folder.display())))
        .expect("a manifest")
}

fn wait<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime").block_on(work)
}

fn verified(folder: &Path, key: Option<&PublicKey>) -> Verified {
    let place = Location::parse(&folder.display().to_string(), Path::new("/")).expect("a folder");
    wait(verify_signed(&Stores::new(), &place, &std::env::temp_dir(), key)).expect("the folder is there")
}

fn is_sound(folder: &Path) {
    assert_eq!(verified(folder, None).findings, vec![], "{}", folder.display());
}

/// Bytes of the shards of a version, by path.
fn shards(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let data = folder.join("data");
    let read = |path: PathBuf| {
        let name = path.strip_prefix(&data).expect("below").to_string_lossy().into_owned();
        (name, fs::read(&path).expect("a shard"))
    };
    files(&data).into_iter().map(read).collect()
}

/// A copy of the whole corpus with all that a run has left.
fn copied(from: &Corpus, to: &Corpus) {
    for folder in ["work", "out", "removals.jsonl"] {
        let path = to.path(folder);
        let _ = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
    }
    for path in files(&from.path(".")) {
        let below = path.strip_prefix(from.path(".")).expect("below").to_owned();
        let new = to.path(&below.to_string_lossy());
        fs::create_dir_all(new.parent().expect("a folder")).expect("a scratch folder");
        fs::copy(&path, &new).expect("a copy");
    }
}

#[test]
fn ten_documents_go_with_their_shards_alone_and_no_run_brings_them_back() {
    let corpus = corpus();
    corpus.run();
    let ids = secret_ids(&corpus);
    assert_eq!(ids.len(), 10);
    assert!(corpus.stands_in("work", MARKER) && corpus.stands_in("out", MARKER), "the search finds it");
    corpus.file("ids.txt", format!("# Ombi\n\n{}\n", ids.join("\n")).as_bytes());

    let dry = command(&corpus, &["--doc", "ids.txt", "--reason", "erasure", "--dry-run"]);
    dry.done();
    assert!(dry.stdout.contains("a dry run") && dry.stdout.contains("v0002"), "{dry:?}");
    assert!(!corpus.path("removals.jsonl").exists() && !version(&corpus, "ke", 2).exists());
    assert!(corpus.stands_in("work", MARKER));

    let said = command(&corpus, &["--doc", "ids.txt", "--reason", "erasure", "--note", "barua 7"]);
    said.done();
    assert_eq!(
        said.stdout.lines().take(3).collect::<Vec<_>>(),
        dry.stdout.lines().take(3).collect::<Vec<_>>()
    );
    assert!(said.stderr.contains("v0001 still holds"), "{said:?}");
    for node in ["ke", "eu"] {
        let (old, new) = (version(&corpus, node, 1), version(&corpus, node, 2));
        is_sound(&new);
        let (before, after) = (manifest(&old), manifest(&new));
        let (a, b) = (shards(&old), shards(&new));
        for (path, bytes) in &a {
            let touched = TOUCHED.iter().any(|lang| path.starts_with(lang));
            assert_eq!(b.get(path) != Some(bytes), touched, "{node} {path}");
        }
        let gone = before.rows - after.rows;
        assert_eq!(gone, if node == "ke" { 6 } else { 4 });
        assert_eq!(after.books["withheld"] - before.books.get("withheld").unwrap_or(&0), gone);
        let removed = after.removed.clone().expect("it says what went");
        assert_eq!((removed.documents, removed.replaces.as_str()), (gone, "v0001"));
        let lines = fs::read_to_string(new.join(&removed.path)).expect("the lines");
        assert!(
            ids.iter().all(|id| !lines.contains(id)) && lines.contains("\"reason\":\"erasure\""),
            "{lines}"
        );
        assert!(!lines.contains("siri") && !lines.contains("barua"), "{lines}");
        assert!(!corpus.stands_in(&format!("out/{node}/v0002"), MARKER), "{node}");
    }
    assert!(!corpus.stands_in("work", MARKER), "no file of the work directory has a word of them");

    // The next run reads nothing again, and finds the versions that it would write.
    let documents = corpus.stamps("work/documents");
    let (newest, published) = (["ke", "eu"].map(|node| corpus.urls_at_newest(node)), corpus.published());
    let finished = corpus.run();
    assert_eq!(corpus.stamps("work/documents"), documents);
    for node in &finished.nodes {
        assert!(!node.written && node.place.name().ends_with("v0002"), "{:?}", node.place);
    }
    assert_same(&published, &corpus.published(), "a run after a takedown");
    for number in [0, 9] {
        assert_eq!(corpus.fate(&secret_url(number)), "withheld removed");
    }
    let mut inspect = corpus.command("inspect");
    let told = Said::new(&inspect.args(["doc", &ids[0]]).output().expect("the command starts"));
    told.done();
    for words in ["removals", "removed erasure, asked for on 2026-11-23 by doc", "taken down"] {
        assert!(told.stdout.contains(words), "{words}: {}", told.stdout);
    }
    corpus.kilim("verify").done();

    // Nor does a run that knows nothing but the list.
    fs::remove_dir_all(corpus.path("work")).expect("a run made it");
    let finished = corpus.run();
    assert!(finished.nodes.iter().all(|node| !node.written && node.place.name().ends_with("v0002")));
    assert!(!corpus.stands_in("work", MARKER));
    assert_eq!(["ke", "eu"].map(|node| corpus.urls_at_newest(node)), newest);

    // What stood there before goes when it is asked for, and `verify` says why.
    let said = command(&corpus, &["--old-versions", "delete"]);
    said.done();
    assert!(!corpus.stands_in("out", MARKER));
    for node in ["ke", "eu"] {
        is_sound(&version(&corpus, node, 2));
        let found = verified(&version(&corpus, node, 1), None);
        let gone = found
            .findings
            .iter()
            .filter(|finding| finding.problem.contains("v0002 says what was taken down"));
        assert_eq!(gone.count(), 2, "{:#?}", found.findings);
    }
    assert!(!version(&corpus, "ke", 3).exists());
}

#[test]
fn a_takedown_gives_the_same_bytes_at_any_time_and_thread_count() {
    let mut all = Vec::new();
    for threads in [1, 3] {
        let mut corpus = corpus();
        corpus.threads = threads;
        corpus.run();
        command(&corpus, &["--url", &secret_url(2), "--url", &secret_url(7), "--reason", "legal"]).done();
        all.push(corpus.published());
    }
    assert_same(&all[0], &all[1], "taken down twice");
}

#[test]
#[cfg_attr(not(debug_assertions), ignore = "release builds have no points to stop at")]
fn a_takedown_killed_anywhere_is_finished_by_the_same_takedown_and_never_undone_by_a_run() {
    let finished = corpus();
    finished.run();
    let ids = secret_ids(&finished).join("\n");
    finished.file("ids.txt", ids.as_bytes());
    let whole = corpus();
    copied(&finished, &whole);
    let args = ["--doc", "ids.txt", "--reason", "takedown"];
    command(&whole, &args).done();
    let published = whole.published();
    for (number, point) in [
        "takedown.listed",
        "shard.writing:2",
        "shard.written:1",
        "node.remembered:1",
        "node.committed:1",
        "node.card:1",
        "purge.begun",
        "strip.written:2",
        "strip.withdrawn:1",
        "strip.rows:1",
        "strip.committed:1",
        "purge.stripped",
        "takedown.purged",
    ]
    .into_iter()
    .enumerate()
    {
        let corpus = corpus();
        copied(&finished, &corpus);
        let mut stopped = corpus.command("takedown");
        stopped.args(args).current_dir(corpus.path("."));
        kill_command_at(&corpus, stopped, point);
        if number % 2 == 0 {
            command(&corpus, &args).done();
            assert_same(&published, &corpus.published(), point);
            for node in ["ke", "eu"] {
                is_sound(&version(&corpus, node, 2));
            }
        }
        // A run alone brings nothing back either, whatever was left undone.
        corpus.kilim("resume").done();
        assert!(!corpus.stands_in("work", MARKER), "{point}");
        for node in ["ke", "eu"] {
            let urls = corpus.urls_at_newest(node);
            assert!(!urls.is_empty() && urls.iter().all(|url| !url.contains("siri")), "{point}: {urls:?}");
        }
        corpus.kilim("verify").done();
    }
}

#[test]
fn what_names_nothing_is_told_and_what_is_no_name_stops_all() {
    let corpus = corpus();
    corpus.run();
    let published = corpus.published();
    corpus.file("wrong.txt", "# vibaya\nhakuna\n\n00112233445566778899aabbccddeeff\nzz\n".as_bytes());
    let said = command(&corpus, &["--doc", "wrong.txt", "--host", "co.ke", "--reason", "legal"]);
    said.refused(
        2,
        &["wrong.txt:2: `hakuna`", "wrong.txt:5: `zz`", "`co.ke` is a suffix", "nothing was done"],
    );
    assert!(!corpus.path("removals.jsonl").exists());
    assert_same(&published, &corpus.published(), "nothing was done");

    let known = secret_ids(&corpus)[0].clone();
    let csv = format!("node,doc_id,url\nke,{known},x\nke,00112233445566778899aabbccddeeff,\"y,z\"\n");
    corpus.file("delta.csv", csv.as_bytes());
    let said = command(&corpus, &["--doc", "delta.csv", "--reason", "optout", "--copies", "keep"]);
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.stdout.contains("nothing has the doc 00112233445566778899aabbccddeeff"), "{said:?}");
    let list = fs::read_to_string(corpus.path("removals.jsonl")).expect("it was made");
    assert_eq!(list.lines().count(), 2, "{list}");
    assert!(list.contains(&known) && list.contains("\"copies\":false"), "{list}");

    // Twice adds nothing, and makes no version.
    let published = corpus.published();
    command(&corpus, &["--doc", "delta.csv", "--reason", "legal", "--copies", "keep"]).done();
    assert_eq!(fs::read_to_string(corpus.path("removals.jsonl")).expect("it is there"), list);
    assert_same(&published, &corpus.published(), "asked twice");
    let missing = command(&corpus, &["--doc", &known]);
    assert_eq!(missing.code, Some(2), "a reason is asked for: {missing:?}");
}

/// Two Kenyan hosts with one text, and a third page.
fn copies() -> (Corpus, [&'static str; 3]) {
    let urls = ["https://asili.co.ke/a", "https://nakala.co.ke/b", "https://nyingine.co.ke/c"];
    let mut corpus = Corpus::new();
    let shared = format!("{} {MARKER}", text("tam", 1));
    corpus.warc("a.warc.gz", &warc(&[page(urls[0], &shared), page(urls[2], &text("tam", 2))]));
    corpus.warc("b.warc.gz", &warc(&[page(urls[1], &shared)]));
    (corpus, urls)
}

#[test]
fn an_exact_copy_does_not_come_in_the_place_of_what_was_taken_down() {
    let (corpus, [first, copy, other]) = copies();
    corpus.run();
    assert_eq!(corpus.urls_at("ke"), [first, other]);
    command(&corpus, &["--url", first, "--reason", "takedown"]).done();
    assert!(!corpus.stands_in("work", MARKER), "the copy, which was in no shard, has lost its text too");
    for work_dir in ["kept", "lost"] {
        corpus.run();
        assert_eq!(corpus.urls_at_newest("ke"), [other], "{work_dir}");
        assert_eq!(
            (corpus.fate(first), corpus.fate(copy)),
            ("withheld removed".into(), "withheld removed".into())
        );
        assert!(!corpus.stands_in("work", MARKER) && !version(&corpus, "ke", 3).exists(), "{work_dir}");
        if work_dir == "kept" {
            fs::remove_dir_all(corpus.path("work")).expect("a run made it");
        }
    }
    // The text stays away when the page that was asked for is in no crawl any more.
    let mut corpus = corpus;
    corpus.paths.remove(0);
    corpus.run();
    assert!(corpus.urls_at_newest("ke").is_empty() && !corpus.stands_in("work", MARKER));
}

#[test]
fn a_copy_found_later_goes_by_a_list_that_names_only_the_other() {
    let (corpus, [first, copy, other]) = copies();
    let line = format!(
        "{{\"kind\":\"url\",\"value\":\"{first}\",\"copies\":true,\"reason\":\"legal\",\"date\":\"2026-01-05\"}}\n"
    );
    corpus.file("removals.jsonl", line.as_bytes());
    corpus.run();
    assert_eq!(
        (corpus.fate(copy), corpus.urls_at("ke")),
        ("withheld removed".into(), vec![other.to_owned()])
    );
    assert!(!corpus.stands_in("work", MARKER));
}

#[test]
fn a_mirror_that_goes_leaves_its_original_alone() {
    let (corpus, [first, copy, other]) = copies();
    corpus.run();
    command(&corpus, &["--host", "asili.co.ke", "--reason", "optout"]).done();
    assert_eq!(corpus.urls_at_newest("ke"), [other]);
    corpus.run();
    assert!(!version(&corpus, "eu", 2).exists(), "a node that held nothing of it gets no version");
    assert_eq!(corpus.urls_at_newest("ke"), [copy, other], "the copy of another host comes in its place");
    assert_eq!(corpus.fate(first), "withheld removed");
    corpus.kilim("verify").done();
}

#[test]
fn a_request_that_is_taken_back_lets_the_document_in_again() {
    let (corpus, [first, _, other]) = copies();
    corpus.run();
    command(&corpus, &["--url", first, "--reason", "legal"]).done();
    corpus.run();
    fs::remove_file(corpus.path("removals.jsonl")).expect("it was made");
    let Err(RunError::Refused { problem, .. }) = corpus.try_run() else { panic!("the list is gone") };
    assert!(problem.contains("would come back"), "{problem}");
    corpus.file("removals.jsonl", b"# nothing any more\n");
    corpus.run();
    assert_eq!(corpus.urls_at_newest("ke"), [first, other]);
    assert!(corpus.stands_in("work", MARKER));
}

#[test]
fn masks_json_lines_and_open_nodes_are_taken_down_as_a_run_would_leave_them_out() {
    let mut corpus = corpus();
    corpus.filters = "  - detect_pii: {}\n";
    let fields = |jurisdiction: &str, mode: &str, name: &str| {
        format!(
            "jurisdiction: {jurisdiction}, accepts: [{jurisdiction}], languages: [hin, ell, tam, amh, tha], mode: {mode}, \
             pii: mask, shards: {{ url: ./out/{name}, max_bytes: 64KiB, format: jsonl.zst }}"
        )
    };
    corpus.nodes.insert("ke", fields("KE", "open", "ke"));
    corpus.nodes.insert("eu", fields("EU", "restricted", "eu"));
    let with = |number: usize| {
        let text = format!("{} wanjiku.kamau@posta-ya-habari.co.ke {number}", text("amh", 900 + number));
        page(&format!("https://barua{number}.habari.co.ke/"), &text)
    };
    corpus.warc("c.warc.gz", &warc(&[with(0), with(1), with(2)]));
    corpus.run();
    let said =
        command(&corpus, &["--host", "barua1.habari.co.ke", "--url", &secret_url(8), "--reason", "erasure"]);
    said.done();
    let (old, new) = (version(&corpus, "ke", 1), version(&corpus, "ke", 2));
    is_sound(&new);
    is_sound(&version(&corpus, "eu", 2));
    let masks = |folder: &Path| manifest(folder).node.pii.expect("it masks").masked["email"];
    assert_eq!((masks(&old), masks(&new)), (3, 2));
    let lines = fs::read_to_string(new.join("removed.jsonl")).expect("the lines");
    assert!(lines.starts_with("{\"id\":\""), "an open node names what went: {lines}");
    fs::remove_dir_all(corpus.path("work")).expect("a run made it");
    assert!(
        corpus.run().nodes.iter().all(|node| !node.written),
        "a run that reads all anew leaves out the same"
    );

    // A document in a shard that its own version says was taken down is found.
    let mut manifest = manifest(&new);
    let removed = manifest.removed.as_mut().expect("it says what went");
    let kept = corpus.sql("SELECT doc_id FROM placements WHERE node = 'ke' LIMIT 1")[0][0].clone();
    let gone = lines.split('"').nth(3).expect("an id").to_owned();
    let forged = lines.replacen(&gone, &kept, 1);
    fs::write(new.join("removed.jsonl"), &forged).expect("it is ours");
    removed.sha256 = hex::encode(<sha2::Sha256 as sha2::Digest>::digest(forged.as_bytes()));
    fs::write(new.join(MANIFEST_FILE), manifest.to_bytes().expect("JSON")).expect("it is ours");
    let found = verified(&new, None);
    assert!(
        found.findings.iter().any(|finding| finding.problem.contains("was taken down, and is here")),
        "{found:#?}"
    );
}

#[test]
fn a_signed_corpus_stays_signed_and_a_changed_version_is_not_vouched_for() {
    let mut corpus = corpus();
    corpus.keys = "signing: ufunguo.pem";
    let (key, _) = generate(&corpus.path("ufunguo.pem")).expect("a new key");
    corpus.run();
    let shard = files(&version(&corpus, "eu", 1).join("data/hin_Deva"))[0].clone();
    let bytes = fs::read(&shard).expect("a shard");
    let mut flipped = bytes.clone();
    flipped[bytes.len() / 2] ^= 1;
    fs::write(&shard, &flipped).expect("it is ours");
    let said = command(&corpus, &["--url", &secret_url(0), "--url", &secret_url(9), "--reason", "legal"]);
    said.refused(2, &["node eu", "is not what its manifest says", "kilim verify"]);
    assert!(!corpus.path("removals.jsonl").exists() && !version(&corpus, "ke", 2).exists());
    fs::write(&shard, &bytes).expect("it is ours");

    command(&corpus, &["--url", &secret_url(0), "--url", &secret_url(9), "--reason", "legal"]).done();
    for node in ["ke", "eu"] {
        let found = verified(&version(&corpus, node, 2), Some(&key));
        assert_eq!((found.findings, found.signed), (vec![], Signed::ByKey { key: key.id() }));
    }
    // The signature covers what was removed.
    let path = version(&corpus, "ke", 2).join("removed.jsonl");
    fs::write(&path, b"").expect("it is ours");
    let found = verified(&version(&corpus, "ke", 2), Some(&key));
    assert!(found.findings.iter().any(|finding| finding.file == "removed.jsonl"), "{found:#?}");
    assert!(corpus.run().nodes.iter().all(|node| !node.written));
}

#[test]
fn versions_in_object_stores_are_replaced_without_a_work_directory() {
    let mut corpus = corpus();
    corpus.run();
    let ids: BTreeSet<String> = secret_ids(&corpus).into_iter().collect();
    fs::remove_dir_all(corpus.path("work")).expect("a run made it");
    let mut stores = Stores::new();
    for node in ["ke", "eu"] {
        let bucket = std::sync::Arc::new(object_store::memory::InMemory::new());
        stores = stores.with_store(&format!("s3://{node}-node"), bucket).expect("a bucket");
        let fields =
            corpus.nodes[node].replace(&format!("./out/{node}"), &format!("s3://{node}-node/corpus"));
        corpus.nodes.insert(if node == "ke" { "ke" } else { "eu" }, fields);
    }
    let place = |path: &str| Location::parse(path, Path::new("/")).expect("a URL");
    wait(async {
        for (path, bytes) in corpus.published() {
            let (node, rest) = path.split_once('/').expect("a node");
            stores
                .put(&place(&format!("s3://{node}-node/corpus/{rest}")), bytes.into())
                .await
                .expect("it is taken");
        }
    });
    let requests = ids.iter().map(|id| Request {
        kind: Kind::Doc,
        value: id.clone(),
        copies: true,
        reason: Why::Community,
        note: None,
        date: "2026-11-20".parse().expect("a day"),
    });
    let asked = Takedown { requests: requests.collect(), dry_run: false, delete_old: true };
    let report = config::validate_file(&corpus.write(), None);
    let loaded = report.loaded.expect("a sound config");
    let done: TakenDown = wait(takedown(&loaded, &stores, &asked)).expect("it is done");
    assert_eq!((done.work_rows, done.unmatched.len()), (None, 0));
    assert_eq!(done.nodes.iter().map(|node| node.rows).sum::<u64>(), 10);
    for node in ["ke", "eu"] {
        let version = place(&format!("s3://{node}-node/corpus/v0002"));
        let found = wait(verify_signed(&stores, &version, &std::env::temp_dir(), None)).expect("it is there");
        assert_eq!(found.findings, vec![], "{node}");
        let old = place(&format!("s3://{node}-node/corpus/v0001"));
        let found = wait(verify_signed(&stores, &old, &std::env::temp_dir(), None)).expect("it is there");
        assert!(found.findings.iter().any(|finding| finding.problem.contains("v0002 says")), "{found:#?}");
    }
    assert!(!corpus.path("work").exists(), "no work directory is made");
}

#[test]
#[cfg_attr(not(debug_assertions), ignore = "release builds have no points to stop at")]
fn a_run_killed_while_it_honours_the_list_goes_on_with_that() {
    let corpus = corpus();
    corpus.run();
    let line = "{\"kind\":\"host\",\"value\":\"habari.co.ke\",\"copies\":false,\"reason\":\"legal\",\"date\":\"2026-01-05\"}\n";
    corpus.file("removals.jsonl", line.as_bytes());
    for point in ["purge.begun", "strip.withdrawn:1", "strip.rows:1", "purge.stripped", "node.committed:1"] {
        kill_at(&corpus, point);
    }
    corpus.kilim("resume").done();
    assert!(corpus.urls_at_newest("ke").is_empty());
    assert_eq!(corpus.fate(&secret_url(0)), "withheld removed");
    assert_eq!(corpus.fate(&secret_url(9)), "sharded eu");
    corpus.kilim("verify").done();
}

/// A piece of each text that stands in no other text, by id: up to forty characters of a line.
fn unique_pieces(corpus: &Corpus) -> BTreeMap<String, String> {
    let rows =
        corpus.sql("SELECT doc_id, coalesce(text, ''), coalesce(title, '') FROM documents ORDER BY doc_id");
    let alone = |piece: &str, text: &str| {
        let holds = |row: &Vec<String>| row[1].contains(piece) || row[2].contains(piece);
        rows.iter().all(|row| row[1] == text || !holds(row))
    };
    let piece = |text: &str| {
        let pieces = text.lines().map(|line| line.trim().chars().take(40).collect::<String>());
        pieces.filter(|piece| piece.chars().count() >= 20).find(|piece| alone(piece, text))
    };
    rows.iter().filter_map(|row| Some((row[0].clone(), piece(&row[1])?))).collect()
}

#[test]
fn ten_documents_of_the_three_sovereign_nodes_leave_their_shards_and_every_file_of_the_work_directory() {
    let (corpus, key) = Corpus::shipped("sovereign-three");
    corpus.run();
    let pieces = unique_pieces(&corpus);
    // One of each node at least, and ten in all.
    let mut of_nodes: Vec<Vec<String>> = Vec::new();
    for node in ["ke", "in", "eu"] {
        let sql = format!("SELECT doc_id FROM placements WHERE node = '{node}' ORDER BY doc_id");
        let ids = corpus.sql(&sql).into_iter().flatten();
        of_nodes.push(ids.filter(|id| pieces.contains_key(id)).collect());
    }
    let first = of_nodes.iter().filter_map(|ids| ids.first());
    let all: Vec<String> = first.chain(of_nodes.iter().flatten()).cloned().collect();
    let mut ids = BTreeSet::new();
    for id in all {
        if ids.len() < 10 {
            ids.insert(id);
        }
    }
    let ids: Vec<String> = ids.into_iter().collect();
    assert_eq!(ids.len(), 10, "{of_nodes:?}");
    assert!(ids.iter().all(|id| corpus.stands_in("work", &pieces[id])), "the search finds the pieces");
    corpus.file("ids.txt", ids.join("\n").as_bytes());
    let said = command(&corpus, &["--doc", "ids.txt", "--reason", "community", "--old-versions", "delete"]);
    said.done();
    println!("{}{}", said.stdout, said.stderr);
    for id in &ids {
        assert!(!corpus.stands_in("work", &pieces[id]) && !corpus.stands_in("out", &pieces[id]), "{id}");
    }
    let (mut rewritten, mut gone) = (0, 0);
    for node in ["ke", "in", "eu"] {
        let (old, new) = (version(&corpus, node, 1), version(&corpus, node, 2));
        let found = verified(&new, Some(&key));
        assert_eq!((found.findings, found.signed), (vec![], Signed::ByKey { key: key.id() }), "{node}");
        let (before, after) = (manifest(&old), manifest(&new));
        gone += before.rows - after.rows;
        for shard in &before.shards {
            let same = after.shards.iter().any(|other| other == shard);
            rewritten += u64::from(!same);
            assert_eq!(
                old.join(&shard.path).exists(),
                same,
                "{node}: only shards with such rows are removed"
            );
        }
    }
    assert!(gone >= 10 && rewritten > 0);
    let mut audit = corpus.command("run");
    Said::new(&audit.output().expect("the command starts")).done();
    for id in &ids {
        assert!(!corpus.stands_in("work", &pieces[id]), "{id}");
    }
    let mut audit = corpus.command("audit");
    Said::new(&audit.arg("replay").output().expect("the command starts")).done();
}
