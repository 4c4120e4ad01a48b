//! The law of robots.txt and of the other statements about use.
//!
//! The input is the body of a file; it is read as every kind of file of a host, and as the value of every header.

use kilim_connectors::robots::{Asked, MAX_BYTES, Path, Reading, Robots, lines};
use kilim_connectors::signals::host::{Answer, FileKind, HostFile, HostFiles, Licences};
use kilim_connectors::signals::{Evidence, MAX_RAW, Signal, Value, fold, robots_tag, usage};

/// Asked about, in order.
const TOKENS: [&str; 3] = ["ai2bot", "ccbot", "gptbot"];

/// Panics if the promises of `kilim_connectors::robots` and `signals` do not hold for this body.
pub fn holds(data: &[u8]) {
    let robots = Robots::parse(data);
    assert_eq!(robots.truncated, data.len() > MAX_BYTES);
    let read = lines(data).count();
    for reading in [Reading::Rfc9309, Reading::Aipref] {
        let groups = robots.groups(reading);
        let rules: usize = groups.iter().map(|group| group.rules.len()).sum();
        assert!(
            groups.len() + rules <= 2 * read,
            "{} groups and {rules} rules of {read} lines",
            groups.len()
        );
        assert!(groups.iter().all(|group| !group.agents.is_empty()), "a group of nobody");
    }
    let tokens = TOKENS.map(str::to_owned);
    let asked = Asked::new(&robots, &tokens);
    let urls = paths(data);
    for url in &urls {
        let path = Path::of(url);
        let any = TOKENS.iter().any(|agent| !robots.allows(agent, &path));
        assert_eq!(asked.refusals(&path).next().is_some(), any, "{url}: the list is not its agents");
        for agent in TOKENS {
            let verdict = robots.verdict(agent, &path);
            assert!(verdict.allowed || verdict.rule.is_some(), "{url}: refused by no rule");
            assert!(verdict.rule.is_none_or(|rule| rule.allow == verdict.allowed));
        }
    }
    // A comment behind a whole file says nothing.
    let commented = Robots::parse(&[data, "\n# ማስታወሻ\n".as_bytes()].concat());
    if !commented.truncated {
        assert_eq!(commented, robots, "a comment changed the rules");
    }
    files(data, &tokens, &urls);
    headers(&String::from_utf8_lossy(data));
}

/// Addresses that the rules of the file may be about.
fn paths(data: &[u8]) -> Vec<String> {
    let mut urls = vec!["https://mfano.co.ke/".to_owned()];
    for line in data.split(|byte| matches!(byte, b'\n' | b'\r')).take(8) {
        let text = String::from_utf8_lossy(line);
        if let Some(at) = text.find('/') {
            urls.push(format!("https://mfano.co.ke{}", text[at..].replace(['*', '$'], "a")));
        }
    }
    urls
}

fn files(data: &[u8], tokens: &[String], urls: &[String]) {
    let mut host = HostFiles::default();
    let mut licences = Licences::default();
    for kind in FileKind::ALL {
        let url = "https://mfano.co.ke/rsl.xml";
        let answer = Answer { kind, url, status: 200, body: data, observed_at: Some(1), sha256: "" };
        if let Some(file) = HostFile::read(answer, tokens) {
            host.add(file.clone());
            licences.add(file);
        }
    }
    host.sort();
    for url in urls {
        let mut rows = host.evidence(url, None);
        let before = fold(&rows).0;
        licences.apply(url, None, &mut rows);
        checked(&rows);
        // A licence can only take back what its address reserved.
        assert!(before == Value::Disallow || fold(&rows).0 == before);
    }
}

fn headers(text: &str) {
    checked(&robots_tag::header(text, |_| true));
    checked(&robots_tag::meta("robots", text));
    let usage = usage::header(Signal::UsageHeader, text.lines());
    checked(&usage);
    assert!(usage.len() <= 2, "two keys have {} values", usage.len());
    checked(&usage::header(Signal::SignalHeader, text.lines()));
}

fn checked(rows: &[Evidence]) {
    for row in rows {
        assert!(row.raw.len() <= MAX_RAW, "{} bytes kept of a statement", row.raw.len());
        assert_eq!(Evidence::parse_signal(&row.signal_word()), Some((row.signal, row.of_snapshot)));
    }
    let (value, index) = fold(rows);
    assert_eq!(index.map_or(Value::Unknown, |index| rows[index].value), value);
}
