//! Stores that drop connections, are busy, break off, lose answers or die: what is tried again, and what is said in the
//! end.

#![expect(clippy::unwrap_used, reason = "a failing step should panic, and these are all tests")]

#[path = "support/fake_s3.rs"]
mod fake_s3;

use std::path::Path;
use std::time::{Duration, Instant};

use bytes::Bytes;
use fake_s3::{ACCESS_KEY, FakeS3, SECRET_KEY, Trouble};
use kilim_connectors::store::{Location, PART_BYTES, PutOutcome, StoreError, Stores};

/// Longest that a request to a dead store may take: patience, one more attempt, and a pause.
const DEAD_WITHIN: Duration = Duration::from_secs(10);

fn place(key: &str) -> Location {
    Location::parse(&format!("s3://duka/{key}"), Path::new("/")).unwrap()
}

fn stores(server: &FakeS3) -> Stores {
    Stores::with_variables(server.variables())
}

/// Holds that `error` names the place, hints at the next move and tells no secret.
fn fit_to_be_shown(error: &StoreError, name: &str) {
    let source = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
    let all = format!("{error}\n{source}\n{}\n{error:?}", error.hint());
    assert!(error.to_string().contains(name), "{all}");
    assert!(!all.contains(SECRET_KEY) && !all.contains(ACCESS_KEY), "{all}");
    assert!(error.hint().contains("resume"), "{all}");
}

#[tokio::test]
async fn reads_survive_drops_busy_answers_and_bodies_that_break_off() {
    let server = FakeS3::start();
    let text: Vec<u8> = "ሰላም dunia ".repeat(10_000).into_bytes();
    server.put("duka/a.warc", &text);
    let stores = stores(&server);
    for trouble in [Trouble::Drop, Trouble::Busy, Trouble::HalfBody, Trouble::LoseAnswer] {
        server.plan(&["GET duka/a.warc"], 0, 2, trouble);
        let before = server.count(&["GET"]);
        let bytes = stores.get_range(&place("a.warc"), 100..100_000).await.unwrap();
        assert_eq!(bytes, text[100..100_000], "{trouble:?}");
        assert_eq!(server.count(&["GET"]) - before, 3, "{trouble:?}: twice in vain");
    }
    server.plan(&["HEAD duka/a.warc"], 0, 1, Trouble::Drop);
    assert_eq!(stores.head(&place("a.warc")).await.unwrap().size, text.len() as u64);
    server.plan(&["GET duka?", "list-type"], 0, 1, Trouble::Busy);
    assert_eq!(stores.list(&place("")).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_commit_whose_answer_is_lost_is_one_commit() {
    let server = FakeS3::start();
    let stores = stores(&server);
    let manifest = Bytes::from_static("{\"node\":\"ke\"}".as_bytes());
    for trouble in [Trouble::Drop, Trouble::Busy, Trouble::LoseAnswer] {
        let at = place(&format!("{trouble:?}/manifest.json"));
        server.plan(&["PUT", "manifest.json"], 0, 1, trouble);
        let put = stores.put_if_absent(&at, manifest.clone()).await.unwrap();
        let wanted =
            if trouble == Trouble::LoseAnswer { PutOutcome::AlreadyThere } else { PutOutcome::Written };
        assert_eq!(put, wanted, "{trouble:?}");
        assert_eq!(stores.get(&at).await.unwrap(), manifest);
        let again = stores.put_if_absent(&at, manifest.clone()).await.unwrap();
        assert_eq!(again, PutOutcome::AlreadyThere, "an equal digest is a success");
        let other = stores.put_if_absent(&at, Bytes::from_static(b"{}")).await.unwrap_err();
        assert!(matches!(other, StoreError::Conflict { .. }), "{other}");
        assert_eq!(stores.get(&at).await.unwrap(), manifest, "never replaced");
    }
}

#[tokio::test]
async fn a_large_file_goes_up_in_parts_through_trouble() {
    let server = FakeS3::start();
    let stores = stores(&server);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("data.parquet");
    let content: Vec<u8> = (0..PART_BYTES * 3 + 5).map(|at| (at % 253) as u8).collect();
    std::fs::write(&file, &content).unwrap();
    let at = place("data.parquet");
    server.plan(&["POST", "uploads"], 0, 1, Trouble::Drop);
    server.plan(&["PUT", "partNumber=2"], 0, 1, Trouble::Busy);
    server.plan(&["PUT", "partNumber=3"], 0, 1, Trouble::LoseAnswer);
    server.plan(&["POST", "uploadId"], 0, 1, Trouble::LoseAnswer);
    let put = stores.put_file(&at, &file, "abc").await.unwrap();
    assert_eq!(put.outcome, PutOutcome::Written);
    assert_eq!(server.objects("duka/")["data.parquet"], content);
    let sent = server.count(&["partNumber"]);
    assert_eq!(stores.put_file(&at, &file, "abc").await.unwrap().outcome, PutOutcome::AlreadyThere);
    assert_eq!(server.count(&["partNumber"]), sent, "nothing was sent again");
}

#[tokio::test]
async fn a_dead_store_is_named_in_time_and_nothing_is_there_in_part() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("data.parquet");
    std::fs::write(&file, vec![7; PART_BYTES as usize * 2]).unwrap();
    let server = FakeS3::start();
    server.put("duka/a.warc", b"WARC/1.1");
    let stores = stores(&server);
    for (words, name) in [
        (["GET", "a.warc"], "a.warc"),
        (["PUT", "manifest.json"], "manifest.json"),
        (["PUT", "partNumber=2"], "data.parquet"),
    ] {
        server.plan(&words, 0, 1, Trouble::Die);
        let started = Instant::now();
        let error = match name {
            "a.warc" => stores.get_range(&place(name), 0..4).await.unwrap_err(),
            "manifest.json" => {
                stores.put_if_absent(&place(name), Bytes::from_static(b"{}")).await.unwrap_err()
            }
            _ => stores.put_file(&place(name), &file, "abc").await.unwrap_err(),
        };
        assert!(server.is_dead() && started.elapsed() < DEAD_WITHIN, "{words:?}: {:?}", started.elapsed());
        fit_to_be_shown(&error, name);
        server.revive();
        assert_eq!(server.objects("duka/").keys().collect::<Vec<_>>(), ["a.warc"], "{words:?}");
    }
    assert_eq!(
        stores.put_file(&place("data.parquet"), &file, "abc").await.unwrap().outcome,
        PutOutcome::Written
    );
}

#[tokio::test]
async fn a_store_that_nobody_serves_and_a_key_that_is_not_let_in_are_told_apart() {
    let mut variables = FakeS3::start().variables();
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    variables
        .iter_mut()
        .filter(|(name, _)| name == "AWS_ENDPOINT")
        .for_each(|(_, url)| *url = format!("http://{closed}"));
    let error = Stores::with_variables(variables.clone()).head(&place("a.warc")).await.unwrap_err();
    fit_to_be_shown(&error, "s3://duka/a.warc");

    let server = FakeS3::start();
    server.put("duka/a.warc", b"WARC/1.1");
    let mut variables = server.variables();
    variables
        .iter_mut()
        .filter(|(name, _)| name == "AWS_ACCESS_KEY_ID")
        .for_each(|(_, id)| *id = "AKIAMGENI".into());
    let error = Stores::with_variables(variables).get(&place("a.warc")).await.unwrap_err();
    assert!(matches!(error, StoreError::Denied { .. }), "{error:?}");
    let said = format!("{error:?}");
    assert!(
        said.contains("InvalidAccessKeyId") && !said.contains(ACCESS_KEY) && !said.contains(SECRET_KEY),
        "{said}"
    );

    let mut variables = server.variables();
    variables.retain(|(name, _)| name != "AWS_ALLOW_HTTP");
    let error = Stores::with_variables(variables).head(&place("a.warc")).await.unwrap_err();
    assert!(error.hint().contains("AWS_ALLOW_HTTP"), "{error:?} {}", error.hint());
}
