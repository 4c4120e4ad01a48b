//! What publishers reserve is kept out of shards, page by page, wherever it stands; and a newer snapshot takes away exactly
//! what it reserves.

use kilim_connectors::warc::RecordBuilder;

use crate::corpus::{Corpus, Said, shipped_policy};
use crate::pages::{html, page_at, text, warc};

const EARLY: &str = "2026-02-01T06:00:00Z";
const FETCHED: &str = "2026-03-01T06:00:00Z";
const LATE: &str = "2026-04-01T06:00:00Z";

fn corpus() -> Corpus {
    let mut corpus = Corpus::new();
    corpus.filters = "  - tag_optout: {}\n";
    corpus.policies.insert("licences.cedar", shipped_policy("licences.cedar"));
    corpus
}

/// An answer with any status, media type and body.
fn file_at(url: &str, date: &str, status: u16, media_type: &str, body: &str) -> RecordBuilder {
    let head = format!("HTTP/1.1 {status} Word\r\nContent-Type: {media_type}\r\n\r\n");
    RecordBuilder::response(url, date, &[head.as_bytes(), body.as_bytes()].concat())
}

pub(crate) fn robots_at(host: &str, date: &str, body: &str) -> RecordBuilder {
    file_at(&format!("https://{host}/robots.txt"), date, 200, "text/plain", body)
}

/// A page with more lines in its HTTP head.
fn page_with(url: &str, fields: &str, text: &str) -> RecordBuilder {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n{fields}\r\n");
    RecordBuilder::response(url, FETCHED, &[head.as_bytes(), html(text).as_bytes()].concat())
}

/// Pages, each with a text of its own, in the order of their addresses.
fn pages(urls: &[&str]) -> Vec<RecordBuilder> {
    let languages = crate::pages::LANGUAGES;
    let page = |(number, url): (usize, &&str)| {
        page_at(url, FETCHED, &text(languages[number % languages.len()], number))
    };
    urls.iter().enumerate().map(page).collect()
}

fn basis(corpus: &Corpus, url: &str) -> String {
    let sql = format!(
        "SELECT optout_train || ' ' || coalesce(optout_basis, '-') FROM documents WHERE url = '{url}'"
    );
    corpus.sql(&sql).into_iter().flatten().collect::<Vec<_>>().join("; ")
}

#[test]
fn every_signal_reserves_its_page_and_no_other() {
    let mut corpus = corpus();
    let urls = [
        "https://habari.co.ke/wazi/1",
        "https://habari.co.ke/siri/1",
        "http://habari.co.ke/siri/1",
        "https://gazeti.co.ke/a",
        "https://gazeti.co.ke/picha/a",
        "https://redio.co.ke/a",
        "https://redio.co.ke/wazi/a",
        "https://hazina.co.ke/a",
        "https://kituo.co.ke/a",
    ];
    let files = vec![
        // After their pages, and in another file.
        robots_at(
            "habari.co.ke",
            LATE,
            "User-agent: CCBot\nDisallow: /siri/\n\nUser-agent: *\nDisallow: /admin/",
        ),
        file_at(
            "https://gazeti.co.ke/.well-known/tdmrep.json",
            FETCHED,
            200,
            "application/json",
            "[{\"location\":\"/picha/\",\"tdm-reservation\":1},{\"location\":\"/\",\"tdm-reservation\":0}]",
        ),
        robots_at(
            "redio.co.ke",
            FETCHED,
            "User-agent: *\nContent-Signal: ai-train=no\nAllow: /\nContent-Usage: /wazi train-ai=y",
        ),
        robots_at("hazina.co.ke", FETCHED, "License: https://leseni.co.ke/rsl.xml"),
        file_at(
            "https://leseni.co.ke/rsl.xml",
            FETCHED,
            200,
            "application/rsl+xml",
            "<rsl><content url=\"/\"><license><permits type=\"usage\">all</permits></license></content></rsl>",
        ),
        file_at("https://kituo.co.ke/robots.txt", FETCHED, 200, "text/html", "<html>Disallow: /"),
    ];
    let noai = page_with("https://soko.co.ke/a", "X-Robots-Tag: noai\r\n", &text("tha", 100));
    let usage = page_with("https://soko.co.ke/b", "Content-Usage: train-ai=n\r\n", &text("amh", 101));
    corpus.warc("a.warc.gz", &warc(&[pages(&urls), vec![noai, usage]].concat()));
    corpus.warc("b.warc.gz", &warc(&files));
    corpus.run();
    for (url, expected) in [
        (urls[0], "unknown -"),
        (urls[1], "disallow robots"),
        // Another scheme is another origin.
        (urls[2], "unknown -"),
        (urls[3], "allow tdm_file"),
        (urls[4], "disallow tdm_file"),
        (urls[5], "disallow robots_content_signal"),
        (urls[6], "disallow robots_content_signal"),
        (urls[7], "allow robots_license"),
        (urls[8], "unknown -"),
        ("https://soko.co.ke/a", "disallow x_robots_tag"),
        ("https://soko.co.ke/b", "disallow content_usage"),
    ] {
        assert_eq!(basis(&corpus, url), expected, "{url}");
        let fate = if expected.starts_with("disallow") { "withheld denied" } else { "sharded ke" };
        assert_eq!(corpus.fate(url), fate, "{url}");
    }
    let kinds = corpus.sql("SELECT kind, count(*) FROM site_files GROUP BY 1 ORDER BY 1");
    assert_eq!(kinds, [["robots", "4"], ["rsl", "1"], ["tdmrep", "1"]]);
    // What was decided is what stands in the shard, and it can be verified.
    corpus.kilim("verify").done();
    let id = &corpus.sql(&format!("SELECT doc_id FROM documents WHERE url = '{}'", urls[1]))[0][0];
    let said = Said::new(&corpus.command("inspect").args(["doc", id]).output().unwrap());
    for word in ["evidence", "Disallow: /siri/", "agent ccbot", "training-reserved"] {
        assert!(said.stdout.contains(word), "{word}: {}", said.stdout);
    }
}

#[test]
fn the_robots_txt_seen_last_before_a_page_is_the_one_it_was_fetched_under() {
    let mut corpus = corpus();
    let url = "https://habari.co.ke/a";
    corpus.warc(
        "a.warc.gz",
        &warc(&[
            robots_at("habari.co.ke", LATE, "User-agent: *\nDisallow: /"),
            robots_at("habari.co.ke", EARLY, "User-agent: *\nAllow: /"),
            page_at(url, FETCHED, &text("hin", 1)),
            page_at(&format!("{url}/b"), LATE, &text("hin", 2)),
        ]),
    );
    corpus.run();
    assert_eq!(basis(&corpus, url), "unknown -");
    assert_eq!(basis(&corpus, &format!("{url}/b")), "disallow robots");
}

#[test]
fn only_a_proven_owners_word_beats_a_reservation() {
    let mut corpus = corpus();
    let urls = ["https://mwatate.co.ke/a", "https://mbale.co.ke/a", "https://voi.co.ke/a"];
    let robots =
        ["mwatate.co.ke", "mbale.co.ke"].map(|host| robots_at(host, EARLY, "User-agent: *\nDisallow: /"));
    corpus.warc("a.warc.gz", &warc(&[pages(&urls), robots.to_vec()].concat()));
    corpus.seed_columns = "url,languages,countries,steward,license_basis,training_ok,evidence_url";
    corpus.seeds = vec![
        "https://mwatate.co.ke/,hin,KE,taita,owner,y,https://mwatate.co.ke/ruhusa",
        "https://mbale.co.ke/,ell,KE,taita,public,y,https://mbale.co.ke/ruhusa",
        "https://voi.co.ke/,tam,KE,taita,owner,n,",
    ];
    corpus.run();
    assert_eq!(basis(&corpus, urls[0]), "allow seed");
    assert_eq!(basis(&corpus, urls[1]), "disallow robots");
    assert_eq!(basis(&corpus, urls[2]), "disallow seed");
    assert_eq!(corpus.urls_at("ke"), [urls[0]]);
    let raw = corpus.sql(&format!(
        "SELECT row['raw'], row['source_url'] FROM (SELECT unnest(optout_evidence) AS row FROM documents \
         WHERE url = '{}') WHERE row['signal'] = 'seed'",
        urls[0]
    ));
    assert!(raw[0][0].contains("basis owner; steward taita"), "{raw:?}");
    assert_eq!(raw[0][1], "https://mwatate.co.ke/ruhusa");
}

/// Makes a snapshot of one crawl file.
pub(crate) fn snapshot(corpus: &Corpus, name: &str, records: &[RecordBuilder]) -> Said {
    let crawl = corpus.file(&format!("robots/{name}.warc.gz"), &warc(records));
    let out = corpus.path(&format!("{name}.parquet"));
    let mut command = corpus.command("optout");
    Said::new(&command.args(["snapshot", "--out"]).arg(out).arg(crawl).output().expect("the command starts"))
}

#[test]
fn a_newer_snapshot_takes_away_exactly_what_it_reserves() {
    let mut corpus = corpus();
    let urls = [
        "https://habari.co.ke/siri/1",
        "https://habari.co.ke/wazi/1",
        "https://gazeti.co.ke/picha/a",
        "https://gazeti.co.ke/a",
        "https://mwatate.co.ke/a",
    ];
    corpus.warc("a.warc.gz", &warc(&pages(&urls)));
    corpus.seed_columns = "url,languages,countries,steward,license_basis,training_ok,evidence_url";
    corpus.seeds = vec!["https://mwatate.co.ke/,tha,KE,taita,owner,y,https://mwatate.co.ke/ruhusa"];
    corpus.write();
    let open = robots_at("habari.co.ke", EARLY, "User-agent: *\nAllow: /");
    snapshot(&corpus, "a", std::slice::from_ref(&open)).done();
    let newer = [
        open,
        robots_at("habari.co.ke", LATE, "User-agent: GPTBot\nUser-agent: CCBot\nDisallow: /siri"),
        file_at(
            "https://gazeti.co.ke/.well-known/tdmrep.json",
            LATE,
            200,
            "application/json",
            "[{\"location\":\"/picha/\",\"tdm-reservation\":1}]",
        ),
        robots_at("mwatate.co.ke", LATE, "User-agent: *\nDisallow: /"),
        file_at("https://tupu.co.ke/robots.txt", LATE, 404, "text/html", "<html>"),
    ];
    let said = snapshot(&corpus, "b", &newer);
    said.done();
    assert!(said.stdout.contains("4 files of hosts, as of 2026-04-01"), "{}", said.stdout);
    snapshot(&corpus, "b", &newer).refused(2, &["is there already", "hint:"]);

    corpus.filters = "  - tag_optout: { snapshot: a.parquet }\n";
    corpus.run();
    let all = corpus.urls_at("ke");
    assert_eq!(all.len(), urls.len());
    let stage1 = corpus.stamps("work/documents");
    let listed = || {
        let mut command = corpus.command("optout");
        command
            .args(["delta", "--format", "json"])
            .args([corpus.path("a.parquet"), corpus.path("b.parquet")]);
        let said = Said::new(&command.output().unwrap());
        said.done();
        serde_json::from_str::<Vec<serde_json::Value>>(&said.stdout).unwrap()
    };
    let removed = listed();
    let mut removed_urls: Vec<&str> = removed.iter().map(|row| row["url"].as_str().unwrap()).collect();
    removed_urls.sort_unstable();
    assert_eq!(removed_urls, [urls[2], urls[0]]);
    for row in &removed {
        assert_eq!(row["node"], "ke");
        assert!(row["shard"].as_str().unwrap().contains("/data/"), "{row}");
        assert!(row["signal"].as_str().unwrap().starts_with("snapshot:"), "{row}");
    }

    // A run that honours the newer one leaves out those, and reads no crawl file for it.
    let corpus = {
        corpus.filters = "  - tag_optout: { snapshot: b.parquet }\n";
        corpus
    };
    corpus.run();
    assert_eq!(corpus.stamps("work/documents"), stage1);
    let kept: Vec<String> = all.iter().filter(|url| !removed_urls.contains(&url.as_str())).cloned().collect();
    assert_eq!(corpus.urls_at_newest("ke"), kept);
    assert_eq!(basis(&corpus, urls[0]), "disallow snapshot:robots");
    assert_eq!(basis(&corpus, urls[4]), "allow seed");
    let manifest = std::fs::read_to_string(corpus.path("out/ke/v0002/manifest.json")).unwrap();
    assert!(manifest.contains("opt-out snapshot 2026-04-01"), "{manifest}");
}

#[test]
fn a_snapshot_that_is_none_is_refused_before_anything_is_read() {
    let mut corpus = corpus();
    corpus.warc("a.warc.gz", &warc(&pages(&["https://habari.co.ke/a"])));
    corpus.filters = "  - tag_optout: { snapshot: a.parquet }\n";
    corpus.file("a.parquet", b"habari");
    corpus.kilim("run").refused(2, &["a.parquet", "no opt-out snapshot"]);
    corpus.filters = "  - tag_optout: { snapshot: hakuna.parquet }\n";
    corpus.kilim("run").refused(2, &["hakuna.parquet"]);
}
