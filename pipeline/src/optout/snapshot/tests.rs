use std::collections::BTreeMap;

use kilim_connectors::robots::AgentList;
use kilim_connectors::shards::ShardFile;
use kilim_connectors::signals::host::{Answer, FileKind, HostFile, HostFiles};
use kilim_connectors::signals::{Value, fold, sha256};
use proptest::prelude::*;

use super::build::host_of;
use super::*;

fn answer<'a>(url: &'a str, status: u16, body: &'a str, at: i64, hash: &'a str) -> Answer<'a> {
    let kind = FileKind::of_url(url).unwrap();
    Answer { kind, url, status, body: body.as_bytes(), observed_at: Some(at), sha256: hash }
}

fn written(
    answers: &[(&str, u16, &str, i64)],
    until: Option<i64>,
) -> (tempfile::TempDir, PathBuf, ShardFile) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("optout.parquet");
    let mut builder = Builder::new(&AgentList::shipped(), &[], until);
    for (url, status, body, at) in answers {
        builder.add(&answer(url, *status, body, *at, &sha256(body.as_bytes())));
    }
    let (_, file) = builder.write(&path, None).unwrap();
    (folder, path, file)
}

const DAY: i64 = 86_400_000;
const ROBOTS: &str = "https://habari.co.ke/robots.txt";
const TDM: &str = "https://habari.co.ke/.well-known/tdmrep.json";

#[test]
fn the_newest_answer_up_to_the_date_counts_in_whatever_order_answers_come() {
    let answers = [
        (ROBOTS, 200, "User-agent: CCBot\nDisallow: /", 3 * DAY),
        (ROBOTS, 200, "User-agent: *\nDisallow: /siri", 2 * DAY),
        (ROBOTS, 503, "", 4 * DAY),
        (TDM, 200, "[{\"location\":\"/ዜና\",\"tdm-reservation\":1}]", DAY),
    ];
    let backwards: Vec<_> = answers.iter().rev().copied().collect();
    let (folder, path, file) = written(&answers, None);
    assert_eq!(file.sha256, written(&backwards, None).2.sha256);
    assert_eq!(read_header(&path).unwrap().date, "1970-01-04");
    let tokens = ["ccbot".to_owned()];
    let hosts = read(&path, &tokens, |_| true).unwrap();
    let said = |hosts: &BTreeMap<String, HostFiles>, page: &str| {
        fold(&hosts["https://habari.co.ke"].evidence(&format!("https://habari.co.ke{page}"), None)).0
    };
    assert_eq!(said(&hosts, "/"), Value::Disallow);
    let (_earlier, path, _) = written(&answers, Some(2 * DAY));
    let hosts = read(&path, &tokens, |_| true).unwrap();
    assert_eq!(said(&hosts, "/"), Value::Unknown);
    assert_eq!(said(&hosts, "/siri/1"), Value::Disallow);
    assert_eq!(said(&hosts, "/%E1%8B%9C%E1%8A%93"), Value::Disallow);
    assert!(read(&path, &tokens, |_| false).unwrap().is_empty());
    let again =
        Builder::new(&AgentList::shipped(), &[], None).write(&folder.path().join("optout.parquet"), None);
    assert!(matches!(again, Err(SnapshotError::Exists { .. })));
}

#[test]
fn another_file_is_no_snapshot() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("seeds.parquet");
    kilim_connectors::seeds::write_parquet(&path, &[]).unwrap();
    assert!(read_header(&path).unwrap_err().to_string().contains("no opt-out snapshot"));
    std::fs::write(&path, "habari").unwrap();
    assert!(read(&path, &[], |_| true).is_err());
    assert_eq!(host_of("https://habari.co.ke:8080"), "habari.co.ke");
    assert_eq!(host_of("http://[::1]"), "[::1]");
}

fn bodies() -> impl Strategy<Value = String> {
    let line = prop::sample::select(vec![
        "User-agent: *",
        "User-agent: CCBot",
        "User-agent: GPTBot",
        "User-agent: Googlebot",
        "Disallow: /",
        "Disallow: /a",
        "Disallow: /*b$",
        "Disallow:",
        "Allow: /a/index.html",
        "Allow: /%61",
        "Content-Usage: train-ai=n",
        "Content-Usage: /a train-ai=y",
        "Content-Signal: ai-train=no",
        "License: https://habari.co.ke/rsl.xml",
    ]);
    prop::collection::vec(line, 0..12).prop_map(|lines| lines.join("\n"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_snapshot_says_about_a_path_what_its_file_says(body in bodies(), page in "/[ab]{0,2}(/[ab])?") {
        let (_folder, path, _) = written(&[(ROBOTS, 200, &body, DAY)], None);
        let tokens = ["ccbot".to_owned(), "gptbot".to_owned()];
        let hosts = read(&path, &tokens, |_| true).unwrap();
        let url = format!("https://habari.co.ke{page}");
        let hash = sha256(body.as_bytes());
        let mut plain = HostFiles::default();
        plain.add(HostFile::read(answer(ROBOTS, 200, &body, DAY, &hash), &tokens).unwrap());
        // What is said by which signal. Agents of one rule stand in one row or in one each, by how a file groups them.
        let said = |files: &HostFiles| -> std::collections::BTreeSet<_> {
            let rows = files.evidence(&url, None).into_iter();
            rows.map(|row| (row.signal_word(), row.category, row.value)).collect()
        };
        prop_assert_eq!(said(&hosts["https://habari.co.ke"]), said(&plain));
    }
}
