use proptest::prelude::*;

use super::*;

fn request(kind: Kind, value: &str) -> Request {
    let value = kind.spelled(value).unwrap();
    Request {
        kind,
        value,
        copies: true,
        reason: Why::Erasure,
        note: None,
        date: "2026-11-23".parse().unwrap(),
    }
}

fn list(requests: &[Request]) -> Removals {
    let mut removals = Removals::default();
    for request in requests {
        removals.add(request.clone());
    }
    removals
}

const DOC: &str = "00112233445566778899aabbccddeeff";

fn surt(url: &str) -> String {
    web::surt(&web::parse(url).unwrap())
}

#[test]
fn an_address_is_the_same_by_http_and_https_and_with_www() {
    let removals = list(&[request(Kind::Url, "https://www.mfano.co.ke/habari?ukurasa=2#juu")]);
    for (url, gone) in [
        ("http://mfano.co.ke/habari?ukurasa=2", true),
        ("https://www.mfano.co.ke/habari?ukurasa=2", true),
        ("https://www.mfano.co.ke/habari", false),
        ("https://mfano.co.ke/Habari?ukurasa=2", false),
    ] {
        assert_eq!(
            removals.covering(Names { surt: &surt(url), ..Names::default() }).is_some(),
            gone,
            "{url}"
        );
    }
}

#[test]
fn a_host_takes_the_hosts_below_it_and_no_neighbour() {
    let removals = list(&[request(Kind::Host, "Mfano.co.ke"), request(Kind::Host, "उदाहरण.भारत")]);
    for (host, gone) in [
        ("mfano.co.ke", true),
        ("habari.mfano.co.ke", true),
        ("simfano.co.ke", false),
        ("co.ke", false),
        ("mfano.co.ke.example.com", false),
        ("xn--p1b6ci4b4b3a.xn--h2brj9c", true),
        ("", false),
    ] {
        assert_eq!(removals.covering(Names { host, ..Names::default() }).is_some(), gone, "{host}");
    }
}

#[test]
fn what_is_no_name_is_refused_in_words() {
    for (kind, value, word) in [
        (Kind::Doc, "00112233", "32 hex digits"),
        (Kind::Doc, "hakuna", "32 hex digits"),
        (Kind::Text, "ተረት", "digest of a text"),
        (Kind::Url, "sio anwani", "not an address"),
        (Kind::Url, "mailto:a@mfano.co.ke", "not an address"),
        (Kind::Host, "co.ke", "others register"),
        (Kind::Host, "https://mfano.co.ke/", "not a host"),
        (Kind::Host, "mfano.co.ke/habari", "not a host"),
        (Kind::Host, "mfano.co.ke:8080", "not a host"),
        (Kind::Host, "", "not a host"),
    ] {
        let problem = kind.spelled(value).unwrap_err();
        assert!(problem.contains(word), "{kind} {value}: {problem}");
    }
}

#[test]
fn a_list_is_read_as_it_was_written_and_asks_for_nothing_twice() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("removals.jsonl");
    assert!(Removals::read(&path).unwrap().is_none());
    std::fs::write(&path, "# Ombi la baraza\n\n").unwrap();
    let note = Request { note: Some("barua ya tarehe 3".into()), ..request(Kind::Doc, DOC) };
    let (host, weak) =
        (request(Kind::Host, "mfano.co.ke"), Request { copies: false, ..request(Kind::Doc, DOC) });
    Removals::append(&path, &[note.clone(), host.clone()]).unwrap();
    Removals::append(&path, &[Request { reason: Why::Legal, ..note.clone() }, weak]).unwrap();
    let removals = Removals::read(&path).unwrap().unwrap();
    assert_eq!(removals.requests(), [note, host]);
    assert!(std::fs::read_to_string(&path).unwrap().starts_with("# Ombi la baraza\n\n{\"kind\":\"doc\""));
}

#[test]
fn a_request_that_takes_copies_too_is_no_repetition() {
    let alone = Request { copies: false, ..request(Kind::Doc, DOC) };
    let mut removals = list(std::slice::from_ref(&alone));
    let before = removals.digest();
    assert!(removals.add(request(Kind::Doc, DOC)) && !removals.add(alone));
    assert!(removals.covering(Names { doc: DOC, ..Names::default() }).unwrap().copies);
    assert_ne!(removals.digest(), before);
}

#[test]
fn all_bad_lines_are_named_with_their_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("removals.jsonl");
    Removals::append(&path, &[request(Kind::Doc, DOC)]).unwrap();
    let good = std::fs::read_to_string(&path).unwrap();
    let bad = format!("{{}}\n{good}ondoa\n{}", good.replace("doc", "kitu").replace(DOC, "7"));
    std::fs::write(&path, bad).unwrap();
    let error = Removals::read(&path).unwrap_err().to_string();
    for line in ["line 1:", "line 3:", "line 4:"] {
        assert!(error.contains(line), "{error}");
    }
    assert!(!error.contains("line 2:"), "{error}");
}

#[test]
fn the_detail_names_its_request_and_nothing_that_it_is_about() {
    let request = Request { note: Some("siri".into()), ..request(Kind::Url, "https://mfano.co.ke/siri") };
    let detail = request.detail();
    assert_eq!(request_of(&detail), Some(request.id().as_str()));
    assert!(
        detail.starts_with("erasure, asked for on 2026-11-23 by url") && !detail.contains("siri"),
        "{detail}"
    );
}

#[test]
fn words_are_those_of_the_list() {
    for why in Why::ALL {
        assert_eq!(serde_json::to_value(why).unwrap(), why.as_str());
    }
    for kind in [Kind::Doc, Kind::Url, Kind::Host, Kind::Text] {
        assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
    }
}

proptest! {
    #[test]
    fn the_digest_depends_on_what_is_asked_and_not_on_order_or_words(
        docs in proptest::collection::btree_set("[0-9a-f]{32}", 1..20),
        seed in any::<u64>(),
    ) {
        let requests: Vec<Request> = docs.iter().map(|doc| request(Kind::Doc, doc)).collect();
        let mut other: Vec<Request> = requests
            .iter()
            .map(|request| Request { reason: Why::Legal, note: Some("neno".into()), ..request.clone() })
            .collect();
        let by = usize::try_from(seed % other.len() as u64).unwrap();
        other.rotate_left(by);
        prop_assert_eq!(list(&requests).digest(), list(&other).digest());
        prop_assert_ne!(list(&requests).digest(), list(&requests[1..]).digest());
        prop_assert_eq!(list(&[]).digest(), None);
        for request in &requests {
            let found = list(&requests).covering(Names { doc: &request.value, ..Names::default() }).cloned();
            prop_assert_eq!(found.as_ref(), Some(request));
        }
    }
}
