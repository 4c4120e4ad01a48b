//! `kilim gc`: what `retention:` no longer keeps goes and nothing else; a later run finds all it needs, or reads it again.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use kilim::config;
use kilim::gc::{Cleared, GcOptions, gc};
use kilim_connectors::store::{Location, Stores};
use kilim_connectors::warc::RecordBuilder;
use serde_json::Value;

use crate::corpus::{Corpus, Said, assert_same, files, shipped_policy};
use crate::kill::{kill_at, kill_command_at};
use crate::pages::{FETCHED, LANGUAGES, html, page, text, warc};

/// Words in texts that no node has, and in texts that one has.
const INDIA: &str = "alama-ya-uhindi";
const SHORT: &str = "neno-fupi";
const KENYA: &str = "alama-ya-kenya";

/// Pages in five scripts of every outcome that has a text: of Kenya (kept, and a copy of each), of Germany (kept), of India
/// (withheld, in the last file only) and short ones of Kenya (rejected). A file is a split.
fn corpus() -> Corpus {
    let mut corpus = Corpus::new();
    corpus.filters = "  - filter_length: { min_chars: 80 }\n";
    for file in 0..3 {
        let mut pages = Vec::new();
        for (number, lang) in LANGUAGES.iter().enumerate() {
            let said =
                |of: usize, mark: &str| format!("{} {mark}", text(lang, file * 1000 + of * 100 + number));
            let url = |host: &str| {
                format!(
                    "https://{host}{file}.example.{}/{number}",
                    if host == "markt" { "de" } else { "co.ke" }
                )
            };
            let kenya = said(0, KENYA);
            pages.push(page(&url("habari"), &kenya));
            pages.push(page(&url("nakala"), &kenya));
            pages.push(page(&url("markt"), &said(1, "")));
            pages.push(page(
                &url("fupi"),
                &format!("{} {SHORT}", text(lang, number).chars().take(30).collect::<String>()),
            ));
            if file == 2 {
                pages.push(page(&format!("https://samachar.in/{number}"), &said(2, INDIA)));
            }
        }
        corpus.warc(&format!("{file}.warc.gz"), &warc(&pages));
    }
    corpus
}

/// The same corpus with other words under `retention`.
fn keeping(mut corpus: Corpus, retention: &'static str) -> Corpus {
    corpus.retention = retention;
    corpus
}

fn collect(corpus: &Corpus, arguments: &[&str]) -> Said {
    corpus.write();
    Said::new(&corpus.command("gc").args(arguments).output().expect("the command starts"))
}

/// What it says in JSON.
fn cleared(corpus: &Corpus, arguments: &[&str]) -> Value {
    let said = collect(corpus, &[arguments, &["--json"]].concat());
    said.done();
    serde_json::from_str(&said.stdout).expect("it is JSON")
}

/// Today, so many days on.
fn in_days(days: i64) -> String {
    let day = jiff::tz::TimeZone::UTC.to_datetime(jiff::Timestamp::now()).date();
    day.checked_add(jiff::Span::new().days(days)).expect("a day of the calendar").to_string()
}

/// Texts that are there, by outcome.
fn texts(corpus: &Corpus) -> BTreeMap<String, String> {
    let rows = corpus.sql("SELECT outcome, count(text) FROM documents GROUP BY outcome");
    rows.into_iter().map(|row| (row[0].clone(), row[1].clone())).collect()
}

/// All that the ledger has, but for what a text is or quotes from it.
fn all_else(corpus: &Corpus) -> Vec<Vec<String>> {
    corpus.sql(
        "SELECT * EXCEPT (title, text, blocks, attribution, author, license_evidence, text_dropped) FROM documents
         ORDER BY input, warc_offset",
    )
}

/// What differs between two snapshots of files.
fn touched<T: PartialEq>(before: &BTreeMap<String, T>, after: &BTreeMap<String, T>) -> Vec<String> {
    let names: std::collections::BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    names.into_iter().filter(|name| before.get(*name) != after.get(*name)).cloned().collect()
}

#[test]
fn texts_go_by_outcome_and_age_and_nothing_else_of_their_rows_does() {
    let corpus = keeping(corpus(), "withheld: 0d, rejected: 90d");
    corpus.run();
    let (published, before, had) = (corpus.published(), all_else(&corpus), texts(&corpus));
    assert_eq!(
        [&had["withheld"], &had["rejected"], &had["duplicate"], &had["sharded"]],
        ["5", "15", "15", "30"]
    );
    assert!(corpus.stands_in("work", INDIA) && corpus.stands_in("work", SHORT));

    let now = cleared(&corpus, &[]);
    assert_eq!(
        (&now["texts"]["items"], &now["texts_by_outcome"]["withheld"]),
        (&5.into(), &5.into()),
        "{now}"
    );
    assert!(now["texts"]["bytes"].as_u64() > Some(0), "{now}");
    assert!(!corpus.stands_in("work", INDIA) && corpus.stands_in("work", SHORT));
    assert_eq!(texts(&corpus)["withheld"], "0");
    let early = cleared(&corpus, &["--today", &in_days(89)]);
    assert_eq!(early["texts"]["items"], 0, "{early}");
    // Though the file was rewritten, its rows are as old as they were.
    cleared(&corpus, &["--today", &in_days(91)]);
    assert!(!corpus.stands_in("work", SHORT) && corpus.stands_in("work", KENYA));
    let left = texts(&corpus);
    assert_eq!([&left["rejected"], &left["duplicate"], &left["sharded"]], ["0", "15", "30"]);
    assert_eq!(all_else(&corpus), before);

    // Who asks is told.
    let dropped = "SELECT DISTINCT outcome FROM documents WHERE text_dropped = 'retention' ORDER BY 1";
    assert_eq!(corpus.sql(dropped), [["rejected"], ["withheld"]]);
    let report = corpus.kilim("report");
    report.done();
    let told: Vec<_> =
        report.stdout.lines().skip_while(|line| !line.starts_with("Texts dropped by retention")).collect();
    assert!(told.iter().any(|line| line.split_whitespace().eq(["rejected", "15"])), "{report:?}");
    let id = corpus.sql("SELECT doc_id FROM documents WHERE host = 'samachar.in' LIMIT 1")[0][0].clone();
    let mut inspect = std::process::Command::new(env!("CARGO_BIN_EXE_kilim"));
    inspect.args(["inspect", "doc", &id, "-c"]).arg(corpus.path("corpus.yaml"));
    let life = Said::new(&inspect.output().expect("the command starts"));
    assert!(life.stdout.contains("dropped by retention"), "{life:?}");

    // The same run again finds nothing to do.
    let stamps = corpus.stamps("work/documents");
    assert!(corpus.run().nodes.iter().all(|node| !node.written));
    assert_eq!(touched(&stamps, &corpus.stamps("work/documents")), [""; 0]);
    assert_same(&published, &corpus.published(), "as if nothing had gone");
}

#[test]
fn a_dry_run_says_what_then_happens_and_does_nothing() {
    let mut corpus = keeping(corpus(), "withheld: 0d, duplicate: 0d, rejected: 0d, stale: 0d, versions: 1");
    corpus.filters = "  - filter_length: { min_chars: 81 }\n";
    corpus.run();
    corpus.filters = "  - filter_length: { min_chars: 80 }\n";
    corpus.run();
    corpus.file("work/tmp/seal/ke/masalio", "ዝናብ".as_bytes());
    corpus.file("work/documents/.tmpAbC123", b"nusu");
    let all = || (corpus.stamps("work"), corpus.stamps("out"));
    let before = all();
    let mut told = cleared(&corpus, &["--dry-run"]);
    assert_eq!(all(), before, "nothing is touched");
    let done = cleared(&corpus, &[]);
    assert_eq!(told["dry_run"].take(), true);
    told["dry_run"] = false.into();
    assert_eq!(told, done);
    for (what, items) in [("leftovers", 2), ("stages", 2), ("stale", 3), ("texts", 35), ("versions", 2)] {
        assert_eq!(done[what]["items"], items, "{what}: {done}");
        assert!(done[what]["bytes"].as_u64() > Some(0), "{what}: {done}");
    }
    let now = all();
    assert!(!now.0.keys().any(|name| name.contains("masalio") || name.contains(".tmp")), "{:?}", now.0);
    assert!(now.1.keys().all(|name| name.contains("v0002")), "{:?}", now.1);
    assert!(!now.0.keys().any(|name| name.starts_with("commits/") && name.contains("v0001")), "{:?}", now.0);
    corpus.kilim("verify").done();

    let again = cleared(&corpus, &[]);
    for what in ["leftovers", "stages", "stale", "texts", "versions"] {
        assert_eq!(again[what]["items"], 0, "{what}: {again}");
    }
    assert_eq!(touched(&now.0, &corpus.stamps("work")), [""; 0]);
    let said = collect(&corpus, &[]);
    assert!(
        said.stdout.contains("superseded versions") && said.stdout.lines().all(|line| line.len() <= 100),
        "{said:?}"
    );
}

#[test]
fn a_policy_that_lets_dropped_texts_through_reads_their_splits_again_and_no_others() {
    let mut thinned = keeping(corpus(), "withheld: 0d, duplicate: 0d");
    let mut whole = corpus();
    thinned.run();
    whole.run();
    assert_eq!(cleared(&thinned, &[])["texts"]["items"], 20);
    let before = thinned.stamps("work/documents");
    for corpus in [&mut thinned, &mut whole] {
        corpus.node("eu", "EU", "[EU, IN]");
    }
    thinned.write();
    let refused = Said::new(&thinned.command("run").args(["--from", "route"]).output().expect("it starts"));
    refused.refused(2, &["retention dropped", "hint: leave out --from"]);
    thinned.run();
    whole.run();
    assert_eq!(
        touched(&before, &thinned.stamps("work/documents")).len(),
        2,
        "rows and commit of the file with India"
    );
    assert_eq!(thinned.fate("https://samachar.in/3"), "sharded eu");
    assert!(thinned.stands_in("out/eu/v0002", INDIA));
    assert_same(&whole.published(), &thinned.published(), "thinned or not");
    thinned.kilim("verify").done();

    // Copies that nobody kept have a place once nothing is taken for a copy.
    cleared(&thinned, &[]);
    for corpus in [&mut thinned, &mut whole] {
        corpus.dedup = "";
        corpus.run();
    }
    assert_same(&whole.published(), &thinned.published(), "without dedup_exact");
    assert_eq!(texts(&thinned), texts(&whole), "every split was read again");
    // And back: nothing is left to be missed.
    for corpus in [&mut thinned, &mut whole] {
        corpus.dedup = "  - dedup_exact: {}\n";
        corpus.node("eu", "EU", "[EU]");
        assert!(corpus.run().nodes.iter().all(|node| !node.written));
    }
}

#[test]
fn an_added_file_is_decided_about_with_thinned_copies_of_its_pages_and_reads_none_of_them() {
    let mut thinned = keeping(corpus(), "withheld: 0d, duplicate: 0d, rejected: 0d");
    let mut whole = corpus();
    thinned.run();
    whole.run();
    cleared(&thinned, &[]);
    let before = thinned.stamps("work/documents");
    for corpus in [&mut thinned, &mut whole] {
        // Another copy of a page that is there, and its copy is thinned.
        let copy = format!("{} {KENYA}", text("ell", 1001));
        corpus.warc(
            "9.warc.gz",
            &warc(&[page("https://zzz.co.ke/", &copy), page("https://mpya.de/", &text("tam", 9))]),
        );
        corpus.run();
    }
    assert_eq!(thinned.fate("https://zzz.co.ke/"), "duplicate same_text");
    let now = thinned.stamps("work/documents");
    assert!(before.iter().all(|(name, stamp)| now.get(name) == Some(stamp)), "no old split is read again");
    assert_same(&whole.published(), &thinned.published(), "thinned or not");
}

#[test]
fn stages_come_out_the_same_from_thinned_rows() {
    let mut corpus = keeping(corpus(), "withheld: 0d, duplicate: 0d, rejected: 0d");
    corpus.filters = "  - filter_length: { min_chars: 80 }\n  - tag_optout: {}\n";
    corpus.dedup = "  - dedup_exact: {}\n  - dedup_minhash: {}\n";
    corpus.policies.insert("licences.cedar", shipped_policy("licences.cedar"));
    // A licence of RSL that is named in a header of the page, and reserves it: what stage 3 finds by the header's words.
    let licence = "https://leseni.co.ke/rsl.xml";
    let answered = |url: &str, head: &str, body: &str| {
        let answer = format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n{body}");
        RecordBuilder::response(url, FETCHED, answer.as_bytes())
    };
    let reserved = "<rsl><content url=\"/\"><license><prohibits type=\"usage\">ai-all</prohibits></license></content></rsl>";
    let link = format!(
        "Content-Type: text/html; charset=utf-8\r\nLink: <{licence}>; rel=\"license\"; type=\"application/rsl+xml\""
    );
    corpus.warc(
        "rsl.warc.gz",
        &warc(&[
            answered("https://hifadhi.co.ke/", &link, &html(&text("amh", 77))),
            answered(licence, "Content-Type: application/rsl+xml", reserved),
        ]),
    );
    corpus.run();
    assert_eq!(corpus.fate("https://hifadhi.co.ke/"), "withheld denied");
    let (published, before) = (corpus.published(), all_else(&corpus));
    cleared(&corpus, &[]);
    assert_eq!(texts(&corpus)["withheld"], "0");
    let stamps = corpus.stamps("work/documents");
    std::fs::remove_dir_all(corpus.path("work/stages")).expect("a run made it");
    assert!(corpus.run().nodes.iter().all(|node| !node.written));
    assert_eq!(touched(&stamps, &corpus.stamps("work/documents")), [""; 0], "nothing is read again");
    assert_eq!(all_else(&corpus), before);
    assert_same(&published, &corpus.published(), "the same");
}

#[test]
fn old_splits_stay_until_they_are_stale_and_what_the_ledger_names_stays_for_good() {
    let mut corpus = keeping(corpus(), "stale: 30d");
    corpus.run();
    corpus.filters = "  - filter_length: { min_chars: 70 }\n";
    corpus.run();
    let all = corpus.stamps("work/documents");
    assert_eq!(all.len(), 12);
    assert_eq!(cleared(&corpus, &["--today", &in_days(29)])["stale"]["items"], 0);
    assert_eq!(corpus.stamps("work/documents"), all);
    let gone = cleared(&corpus, &["--today", &in_days(31)]);
    assert_eq!((&gone["stale"]["items"], &gone["texts"]["items"]), (&3.into(), &0.into()), "{gone}");
    let left = corpus.stamps("work/documents");
    assert!(left.len() == 6 && left.iter().all(|(name, stamp)| all[name] == *stamp));
    assert!(corpus.run().nodes.iter().all(|node| !node.written));
    assert_eq!(corpus.stamps("work/documents"), left);

    // Before a run has finished, nobody knows what is of use.
    std::fs::remove_file(corpus.path("work/ledger.json")).expect("a run wrote it");
    let said = collect(&corpus, &["--today", &in_days(4000)]);
    said.done();
    assert!(said.stdout.contains("no run has finished"), "{said:?}");
    assert_eq!(corpus.stamps("work/documents"), left);
}

#[test]
fn a_clock_that_is_behind_the_files_stops_it() {
    let corpus = keeping(corpus(), "withheld: 0d");
    corpus.run();
    let before = corpus.stamps("work");
    let said = collect(&corpus, &["--today", "2020-01-01"]);
    said.refused(2, &["and today is 2020-01-01", "hint: set the clock, or name the day with --today"]);
    let mut rows = files(&corpus.path("work/documents")).into_iter();
    let rows = rows.find(|path| path.extension().is_some_and(|it| it == "parquet"));
    let rows = std::fs::File::options().write(true).open(rows.expect("rows")).expect("they are ours");
    rows.set_modified(SystemTime::now() + Duration::from_hours(24 * 3)).expect("it is ours");
    for arguments in [&[][..], &["--dry-run"]] {
        collect(&corpus, arguments).refused(2, &["a clock is or was wrong", "hint:"]);
    }
    assert_eq!(touched(&before, &corpus.stamps("work")).len(), 1, "only the time that was set here");
    assert!(corpus.stands_in("work", INDIA));
    // Where nothing has an age, no clock is needed.
    collect(&keeping(corpus, "versions: 3"), &[]).done();
}

#[test]
fn a_run_at_work_is_not_disturbed() {
    let corpus = keeping(corpus(), "withheld: 0d");
    corpus.run();
    let lock = std::fs::File::options().write(true).open(corpus.path("work/lock")).expect("a run made it");
    lock.lock().expect("nobody holds it");
    for arguments in [&[][..], &["--dry-run"]] {
        collect(&corpus, arguments).refused(2, &["another run is at work", "hint: wait for it"]);
    }
    drop(lock);
    collect(&corpus, &[]).done();
}

#[test]
#[cfg_attr(not(debug_assertions), ignore = "release builds have no points to stop at")]
fn killed_anywhere_it_leaves_what_a_run_can_use_and_goes_on() {
    let build = || {
        let mut corpus =
            keeping(corpus(), "withheld: 0d, duplicate: 0d, rejected: 0d, stale: 0d, versions: 1");
        corpus.filters = "  - filter_length: { min_chars: 70 }\n";
        corpus.run();
        corpus.filters = "  - filter_length: { min_chars: 80 }\n";
        corpus.run();
        corpus
    };
    let calm = build();
    cleared(&calm, &[]);
    let (published, left) = (calm.published(), texts(&calm));
    for point in ["gc.stage", "gc.split:2", "strip.withdrawn:2", "strip.rows:3", "gc.version:1"] {
        let corpus = build();
        corpus.write();
        kill_command_at(&corpus, corpus.command("gc"), point);
        assert!(corpus.run().nodes.iter().all(|node| !node.written), "{point}: a run has all it needs");
        corpus.kilim("verify").done();
        cleared(&corpus, &[]);
        assert_same(&published, &corpus.published(), point);
        assert_eq!(texts(&corpus), left, "{point}");
        assert_eq!(corpus.stamps("work/documents").len(), 6, "{point}");
    }
}

#[test]
#[cfg_attr(not(debug_assertions), ignore = "release builds have no points to stop at")]
fn a_run_killed_while_it_reads_dropped_texts_again_goes_on() {
    let mut whole = corpus();
    whole.node("eu", "EU", "[EU, IN]");
    whole.run();
    let mut corpus = keeping(corpus(), "withheld: 0d");
    corpus.run();
    cleared(&corpus, &[]);
    corpus.node("eu", "EU", "[EU, IN]");
    // Before the splits are read again, while they are, and after.
    for point in ["table.placed:1", "split.rows:1", "table.placed:1"] {
        kill_at(&corpus, point);
        assert_eq!(
            corpus.sql("SELECT count(*) FROM documents"),
            [["65"]],
            "{point}: the last run can still be asked"
        );
    }
    corpus.run();
    let newest = |corpus: &Corpus, version: &str| -> BTreeMap<String, Vec<u8>> {
        let named = corpus.published().into_iter();
        named.filter_map(|(name, bytes)| Some((name.strip_prefix(version)?.to_owned(), bytes))).collect()
    };
    assert_same(&newest(&whole, "eu/v0001/"), &newest(&corpus, "eu/v0002/"), "killed thrice");
}

#[test]
fn superseded_versions_go_and_numbers_grow_on() {
    let mut corpus = keeping(corpus(), "versions: 1");
    let run = |corpus: &mut Corpus, accepts: &str| {
        corpus.node("eu", "EU", accepts);
        let finished = corpus.run();
        let eu = finished.nodes.into_iter().find(|node| node.node == "eu").expect("the node");
        eu.place.name().to_owned()
    };
    assert!(run(&mut corpus, "[EU]").ends_with("v0001"));
    assert!(run(&mut corpus, "[EU, IN]").ends_with("v0002"));
    assert!(run(&mut corpus, "[EU, IN, TZ]").ends_with("v0003"));
    // Back to what was: the ledger names an older version, which stays with the newest.
    assert!(run(&mut corpus, "[EU, IN]").ends_with("v0002"));
    let before = corpus.published();
    let gone = cleared(&corpus, &[]);
    assert_eq!(gone["versions"]["items"], 1, "{gone}");
    assert!(gone["version_folders"][0].as_str().is_some_and(|name| name.ends_with("out/eu/v0001")), "{gone}");
    let after = corpus.published();
    assert!(
        touched(&before, &after).iter().all(|name| name.starts_with("eu/v0001/")),
        "{:?}",
        touched(&before, &after)
    );
    assert!(!corpus.path("out/eu/v0001").exists() && corpus.path("out/ke/v0001").exists());
    assert!(run(&mut corpus, "[EU]").ends_with("v0004"), "no number is given twice");
    corpus.kilim("verify").done();
    cleared(&corpus, &[]);
    let versions = std::fs::read_dir(corpus.path("out/eu")).expect("a node").count();
    assert_eq!(versions, 1);

    // A lost work directory takes nothing away, and is told of no other version.
    std::fs::remove_dir_all(corpus.path("work")).expect("a run made it");
    assert_eq!(cleared(&corpus, &[])["versions"]["items"], 0);
    assert!(run(&mut corpus, "[EU]").ends_with("v0004"));
}

#[tokio::test]
async fn versions_in_a_bucket_go_manifest_first_and_what_was_begun_is_ended() {
    let mut corpus = keeping(corpus(), "versions: 2");
    for (node, bucket) in [("ke", "s3://ke-node/corpus"), ("eu", "s3://eu-node/corpus")] {
        let fields = corpus.nodes[node].replace(&format!("./out/{node}"), bucket);
        corpus.nodes.insert(node, fields);
    }
    let loaded = config::load(&corpus.write()).expect("a config");
    let stores = Stores::new();
    let stores = ["s3://ke-node", "s3://eu-node"].into_iter().fold(stores, |stores, root| {
        stores.with_store(root, Arc::new(object_store::memory::InMemory::new())).expect("a bucket")
    });
    let place =
        |name: &str| Location::parse(&format!("s3://{name}"), std::path::Path::new("/")).expect("a URL");
    let put = async |name: &str| stores.put(&place(name), "தரவு".into()).await.expect("it takes it");
    for number in 1..=5 {
        for name in
            ["manifest.json", "data/hin_Deva/train-00000-of-00001.parquet", "README.md", "policies/a.cedar"]
        {
            put(&format!("ke-node/corpus/v{number:04}/{name}")).await;
        }
    }
    // One whose removal was begun, one that is being written, and what is nobody's version.
    stores.delete(&place("ke-node/corpus/v0002/manifest.json")).await.expect("it goes");
    put("ke-node/corpus/v0006/data/tam_Taml/train-00000-of-00001.parquet").await;
    put("ke-node/corpus/maelezo/v0001/manifest.json").await;
    put("eu-node/corpus/v0001/manifest.json").await;
    let names = async || {
        let mut names = Vec::new();
        for bucket in ["ke-node/corpus", "eu-node/corpus"] {
            let files = stores.list(&place(bucket)).await.expect("it is listed");
            names.extend(files.into_iter().map(|file| file.location.name().to_owned()));
        }
        names
    };
    let options = |dry_run| GcOptions { today: "2026-11-28".parse().expect("a day"), dry_run };
    let before = names().await;
    let told: Cleared = gc(&loaded, &stores, &options(true)).await.expect("it looks");
    assert_eq!(names().await, before);
    assert_eq!(
        (told.versions.items, told.versions.bytes),
        (3, (4 + 3 + 4) * "தரவு".len() as u64),
        "{told:?}"
    );
    let done = gc(&loaded, &stores, &options(false)).await.expect("it goes");
    assert_eq!(done.version_folders, told.version_folders);
    let left = names().await;
    let gone: Vec<_> = before.iter().filter(|name| !left.contains(name)).collect();
    assert!(
        gone.len() == 11
            && gone
                .iter()
                .all(|name| name.contains("ke-node/corpus/v000")
                    && name.as_str() < "s3://ke-node/corpus/v0004"),
        "{gone:?}"
    );
    assert!(
        left.iter().any(|name| name.contains("v0006")) && left.iter().any(|name| name.contains("maelezo"))
    );
    assert_eq!(gc(&loaded, &stores, &options(false)).await.expect("again").versions.items, 0);
    assert!(!corpus.path("work").exists(), "no work directory is made");
}
