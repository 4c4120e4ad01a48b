//! What the files of a host say about its pages.
//!
//! A file counts for the pages of its origin: scheme, host and port, as RFC 9309 has it. A crawl may have met a file more
//! than once; for a page the newest that was seen at or before the page counts, or the earliest seen after it. An answer
//! of 5xx counts only where no other is known, and then it is evidence that nobody knows.

use url::Url;

use super::rsl::RslFile;
use super::tdm::{TdmFile, TdmRule};
use super::{Category, Evidence, Signal, Value, rsl, tdm, usage};
use crate::robots::{Asked, Availability, Path, Reading, Robots};

/// What we read robots.txt by.
pub const ROBOTS_SPEC: &str = "RFC 9309";

/// Which file of a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FileKind {
    /// `/robots.txt`.
    Robots,
    /// `/.well-known/tdmrep.json`.
    Tdm,
    /// A licence of RSL, wherever it is.
    Rsl,
}

impl FileKind {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::Robots, Self::Tdm, Self::Rsl];

    /// The word in columns.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Robots => "robots",
            Self::Tdm => "tdmrep",
            Self::Rsl => "rsl",
        }
    }

    /// What a word stands for.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// The kind of file that stands at an address, by its path.
    pub fn of_url(url: &str) -> Option<Self> {
        let rest = &url[url.find("://")? + 3..];
        match &rest[rest.find('/')?..] {
            "/robots.txt" => Some(Self::Robots),
            "/.well-known/tdmrep.json" => Some(Self::Tdm),
            _ => None,
        }
    }

    /// Bytes of a body that are worth keeping: the rest is not read.
    pub fn max_bytes(self) -> usize {
        match self {
            Self::Robots => crate::robots::MAX_BYTES,
            Self::Tdm => tdm::MAX_BYTES,
            Self::Rsl => rsl::MAX_BYTES,
        }
    }
}

/// What is noted of a web page in place of rules.
pub const WEB_PAGE: &str = "no rules: a web page in their place";

/// What is noted of an answer that says there are none.
pub fn no_rules(status: u16) -> String {
    format!("no rules: HTTP {status}")
}

/// Scheme, host and port of an address: `https://mfano.co.ke`; none of what is no web address.
pub fn origin(url: &str) -> Option<String> {
    let url = Url::parse(url).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    Some(url.origin().ascii_serialization())
}

/// What a file says, as far as a list of agents is concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Rules {
    Robots { asked: Asked, licenses: Vec<String>, note: String },
    Tdm(TdmFile),
    Rsl(RslFile),
    Unreachable(u16),
}

/// A file as it was seen once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostFile {
    rules: Rules,
    source_url: String,
    observed_at: Option<i64>,
    sha256: String,
}

/// Where and when a file was seen.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    /// Its address.
    pub url: &'a str,
    /// When, in milliseconds since 1970.
    pub observed_at: Option<i64>,
    /// Hex SHA-256 of the body; empty without one.
    pub sha256: &'a str,
}

/// What is known of an answer.
#[derive(Debug, Clone, Copy)]
pub struct Answer<'a> {
    /// Which file.
    pub kind: FileKind,
    /// Its address.
    pub url: &'a str,
    /// Status of the answer.
    pub status: u16,
    /// The body, whole or up to [`FileKind::max_bytes`].
    pub body: &'a [u8],
    /// When, in milliseconds since 1970.
    pub observed_at: Option<i64>,
    /// Hex SHA-256 of the whole body; empty without one.
    pub sha256: &'a str,
}

impl HostFile {
    /// Reads an answer for the agents of these tokens, in lower case and sorted; `None` where it says nothing at all.
    pub fn read(answer: Answer<'_>, tokens: &[String]) -> Option<Self> {
        let rules = match (answer.kind, Availability::of(answer.status)) {
            (FileKind::Robots, Availability::Unreachable) => Rules::Unreachable(answer.status),
            (FileKind::Robots, Availability::NoRules) => {
                Rules::Robots { asked: Asked::default(), licenses: Vec::new(), note: no_rules(answer.status) }
            }
            (FileKind::Robots, Availability::Rules) => {
                let robots = Robots::parse(answer.body);
                Rules::Robots {
                    asked: Asked::new(&robots, tokens),
                    licenses: robots.licenses().to_vec(),
                    note: if robots.is_html { WEB_PAGE.to_owned() } else { String::new() },
                }
            }
            (FileKind::Tdm, Availability::Rules) => Rules::Tdm(TdmFile::parse(answer.body)?),
            (FileKind::Rsl, Availability::Rules) => Rules::Rsl(RslFile::parse(answer.body)?),
            _ => return None,
        };
        let seen = Seen { url: answer.url, observed_at: answer.observed_at, sha256: answer.sha256 };
        Some(Self::of_rules(rules, &seen))
    }

    /// A robots.txt that was read elsewhere. `note` says why it has no rules, where it has none.
    pub fn of_robots(robots: &Robots, note: &str, seen: &Seen<'_>, tokens: &[String]) -> Self {
        let asked = Asked::new(robots, tokens);
        let (licenses, note) = (robots.licenses().to_vec(), note.to_owned());
        Self::of_rules(Rules::Robots { asked, licenses, note }, seen)
    }

    /// Rules of a tdmrep.json that was read elsewhere.
    pub fn of_tdm(rules: Vec<TdmRule>, seen: &Seen<'_>) -> Self {
        Self::of_rules(Rules::Tdm(TdmFile::of_rules(rules)), seen)
    }

    /// A robots.txt that nobody could reach.
    pub fn of_unreachable(status: u16, seen: &Seen<'_>) -> Self {
        Self::of_rules(Rules::Unreachable(status), seen)
    }

    fn of_rules(rules: Rules, seen: &Seen<'_>) -> Self {
        Self {
            rules,
            source_url: seen.url.to_owned(),
            observed_at: seen.observed_at,
            sha256: seen.sha256.to_owned(),
        }
    }

    /// Whether nobody knows what the file would say.
    pub fn is_unreachable(&self) -> bool {
        matches!(self.rules, Rules::Unreachable(_))
    }

    /// When it was seen.
    pub fn observed_at(&self) -> Option<i64> {
        self.observed_at
    }

    /// Bytes it takes, about.
    pub fn size(&self) -> usize {
        match &self.rules {
            Rules::Robots { asked, licenses, .. } => {
                asked.size() + licenses.iter().map(String::len).sum::<usize>() + 256
            }
            Rules::Tdm(file) => file.rules().iter().map(|rule| rule.location.len() + 96).sum::<usize>() + 256,
            Rules::Rsl(file) => {
                file.contents.iter().map(|content| content.location.len() + 80).sum::<usize>() + 256
            }
            Rules::Unreachable(_) => 256,
        }
    }

    fn evidence(
        &self,
        signal: Signal,
        spec_version: &'static str,
        raw: &str,
        said: (Category, Value),
    ) -> Evidence {
        Evidence {
            source_url: self.source_url.clone(),
            observed_at: self.observed_at,
            sha256: self.sha256.clone(),
            ..Evidence::of_page(signal, spec_version, raw, said.0, said.1)
        }
    }

    /// What it says about a path.
    fn said(&self, path: &Path<'_>, rows: &mut Vec<Evidence>) {
        match &self.rules {
            Rules::Unreachable(status) => rows.push(self.evidence(
                Signal::Robots,
                ROBOTS_SPEC,
                &format!("not reachable: HTTP {status}"),
                (Category::Crawl, Value::Unknown),
            )),
            Rules::Tdm(file) => {
                if let Some(rule) = file.rule(path) {
                    let value = if rule.reserved { Value::Disallow } else { Value::Allow };
                    rows.push(self.evidence(Signal::TdmFile, tdm::SPEC, &rule.raw(), (Category::Tdm, value)));
                }
            }
            Rules::Rsl(_) => {}
            Rules::Robots { asked, licenses, note } => {
                let before = rows.len();
                for (who, rule) in asked.refusals(path) {
                    let reading = if who.reading == Reading::Aipref { " (read by AIPREF)" } else { "" };
                    let raw = format!("Disallow: {}{reading}", rule.pattern.as_str());
                    let row =
                        self.evidence(Signal::Robots, ROBOTS_SPEC, &raw, (Category::Crawl, Value::Disallow));
                    rows.push(Evidence { agent: who.agents.clone(), ..row });
                }
                if rows.len() == before {
                    rows.push(self.evidence(
                        Signal::Robots,
                        ROBOTS_SPEC,
                        note,
                        (Category::Crawl, Value::Allow),
                    ));
                }
                for (who, statement) in asked.statements(path) {
                    let (signal, spec, said) = if statement.is_usage {
                        (Signal::RobotsUsage, usage::USAGE_SPEC, usage::content_usage(&statement.value))
                    } else {
                        (Signal::RobotsSignal, usage::SIGNAL_SPEC, usage::content_signal(&statement.value))
                    };
                    let raw = match statement.pattern.as_str() {
                        "" => statement.value.clone(),
                        path => format!("{path} {}", statement.value),
                    };
                    rows.extend(said.into_iter().map(|said| Evidence {
                        agent: who.agents.clone(),
                        ..self.evidence(signal, spec, &raw, said)
                    }));
                }
                rows.extend(licenses.iter().map(|url| {
                    let pointer = rsl::pointer(Signal::RobotsLicense, url);
                    self.evidence(
                        Signal::RobotsLicense,
                        rsl::SPEC,
                        &pointer.raw,
                        (pointer.category, pointer.value),
                    )
                }));
            }
        }
    }
}

/// The files of one origin, as often as they were seen.
#[derive(Debug, Clone, Default)]
pub struct HostFiles {
    robots: Vec<HostFile>,
    tdm: Vec<HostFile>,
}

impl HostFiles {
    /// Adds a file. RSL licences are not of a host; see [`Licences`].
    pub fn add(&mut self, file: HostFile) {
        match file.rules {
            Rules::Tdm(_) => self.tdm.push(file),
            Rules::Robots { .. } | Rules::Unreachable(_) => self.robots.push(file),
            Rules::Rsl(_) => {}
        }
    }

    /// Puts the files in order. Call after the last [`HostFiles::add`].
    pub fn sort(&mut self) {
        for files in [&mut self.robots, &mut self.tdm] {
            if files.iter().any(|file| !file.is_unreachable()) {
                files.retain(|file| !file.is_unreachable());
            }
            files.sort_by(|a, b| {
                (a.observed_at, &a.sha256, &a.source_url).cmp(&(b.observed_at, &b.sha256, &b.source_url))
            });
        }
    }

    /// What the files say about a page of theirs that was fetched at that time.
    pub fn evidence(&self, url: &str, fetched_at: Option<i64>) -> Vec<Evidence> {
        let path = Path::of(url);
        let mut rows = Vec::new();
        for files in [&self.robots, &self.tdm] {
            if let Some(file) = at_time(files, fetched_at) {
                file.said(&path, &mut rows);
            }
        }
        rows
    }
}

/// The newest file seen at or before a time, or else the earliest after it; without a time the newest.
fn at_time(files: &[HostFile], time: Option<i64>) -> Option<&HostFile> {
    let Some(time) = time else { return files.last() };
    let before = files.partition_point(|file| file.observed_at.is_none_or(|seen| seen <= time));
    files[..before].last().or(files.first())
}

/// The licences of RSL that were met, by address.
#[derive(Debug, Clone, Default)]
pub struct Licences(std::collections::BTreeMap<String, Vec<HostFile>>);

impl Licences {
    /// Adds a licence.
    pub fn add(&mut self, file: HostFile) {
        if let Rules::Rsl(_) = file.rules {
            let files = self.0.entry(file.source_url.clone()).or_default();
            files.push(file);
            files.sort_by(|a, b| (a.observed_at, &a.sha256).cmp(&(b.observed_at, &b.sha256)));
        }
    }

    /// Puts what a licence says about a page into the rows that only give its address.
    pub fn apply(&self, url: &str, fetched_at: Option<i64>, rows: &mut [Evidence]) {
        for row in rows {
            if !matches!(row.signal, Signal::RobotsLicense | Signal::RslHeader | Signal::RslLink) {
                continue;
            }
            let Some(file) = self.0.get(&row.raw).and_then(|files| at_time(files, fetched_at)) else {
                continue;
            };
            let Rules::Rsl(licence) = &file.rules else { continue };
            row.value = licence.train(&Path::of(url));
            row.source_url.clone_from(&file.source_url);
            row.observed_at = file.observed_at;
            row.sha256.clone_from(&file.sha256);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signals::{fold, sha256};

    fn tokens() -> Vec<String> {
        vec!["ccbot".to_owned(), "gptbot".to_owned()]
    }

    fn file(kind: FileKind, status: u16, body: &str, observed_at: i64) -> Option<HostFile> {
        let url = match kind {
            FileKind::Robots => "https://habari.co.tz/robots.txt",
            FileKind::Tdm => "https://habari.co.tz/.well-known/tdmrep.json",
            FileKind::Rsl => "https://habari.co.tz/rsl.xml",
        };
        let hash = sha256(body.as_bytes());
        let observed_at = Some(observed_at);
        HostFile::read(
            Answer { kind, url, status, body: body.as_bytes(), observed_at, sha256: &hash },
            &tokens(),
        )
    }

    fn host(files: &[(FileKind, u16, &str, i64)]) -> HostFiles {
        let mut host = HostFiles::default();
        for (kind, status, body, at) in files {
            host.add(file(*kind, *status, body, *at).unwrap());
        }
        host.sort();
        host
    }

    fn told(host: &HostFiles, path: &str, at: Option<i64>) -> Vec<String> {
        let rows = host.evidence(&format!("https://habari.co.tz{path}"), at);
        rows.iter()
            .map(|row| {
                let (category, value) = (row.category.as_str(), row.value.as_str());
                format!("{} {} {category}={value} {}", row.signal.as_str(), row.agent, row.raw)
            })
            .collect()
    }

    #[test]
    fn the_file_seen_last_before_the_page_counts() {
        use FileKind::Robots;
        let host = host(&[
            (Robots, 200, "User-agent: *\nDisallow: /b", 20),
            (Robots, 200, "User-agent: CCBot\nDisallow: /a", 10),
            (Robots, 503, "", 30),
            (Robots, 404, "", 40),
        ]);
        let refused =
            |agent: &str, path: &str| vec![format!("robots {agent} crawl=disallow Disallow: {path}")];
        assert_eq!(told(&host, "/a", Some(10)), refused("ccbot", "/a"));
        assert_eq!(told(&host, "/a", Some(5)), refused("ccbot", "/a"));
        assert_eq!(told(&host, "/b", Some(39)), refused("*", "/b"));
        assert_eq!(told(&host, "/b", None), ["robots  crawl=allow no rules: HTTP 404"]);
    }

    #[test]
    fn what_nobody_could_reach_is_unknown_and_a_page_has_no_rules() {
        use FileKind::Robots;
        let down = host(&[(Robots, 503, "", 1)]);
        assert_eq!(told(&down, "/", Some(1)), ["robots  crawl=unknown not reachable: HTTP 503"]);
        let page = host(&[(Robots, 200, "<html>ገጽ", 1)]);
        assert_eq!(told(&page, "/", Some(1)), ["robots  crawl=allow no rules: a web page in their place"]);
        assert_eq!(file(Robots, 301, "", 1), None);
        assert_eq!(file(FileKind::Tdm, 200, "<html>404", 1), None);
        assert_eq!(file(FileKind::Tdm, 404, "", 1), None);
    }

    #[test]
    fn all_that_a_host_says_is_said_with_its_source() {
        let host = host(&[
            (
                FileKind::Robots,
                200,
                "User-agent: *\nContent-Signal: ai-train=no, search=yes\nContent-Usage: /x train-ai=y\nAllow: /\n\
                 License: https://habari.co.tz/rsl.xml",
                1,
            ),
            (FileKind::Tdm, 200, "[{\"location\":\"/x\",\"tdm-reservation\":1}]", 1),
        ]);
        assert_eq!(
            told(&host, "/x", Some(1)),
            [
                "robots  crawl=allow ",
                "robots_content_signal * train_ai=disallow ai-train=no, search=yes",
                "robots_content_signal * search=allow ai-train=no, search=yes",
                "robots_content_usage * train_ai=allow /x train-ai=y",
                "robots_license  train_ai=disallow https://habari.co.tz/rsl.xml",
                "tdm_file  tdm=disallow /x tdm-reservation: 1",
            ]
        );
        let rows = host.evidence("https://habari.co.tz/x", None);
        assert_eq!(fold(&rows).0, Value::Disallow);
        assert!(rows.iter().all(|row| row.observed_at == Some(1) && row.sha256.len() == 64));
    }

    #[test]
    fn a_licence_that_was_met_says_itself_what_it_allows() {
        let host = host(&[(FileKind::Robots, 200, "License: https://habari.co.tz/rsl.xml", 1)]);
        let free = "<rsl><content url=\"/wazi/\"><license><permits type=\"usage\">all</permits></license></content></rsl>";
        let mut licences = Licences::default();
        licences.add(file(FileKind::Rsl, 200, free, 2).unwrap());
        for (path, expected) in [("/wazi/1", Value::Allow), ("/siri", Value::Unknown)] {
            let url = format!("https://habari.co.tz{path}");
            let mut rows = host.evidence(&url, Some(1));
            licences.apply(&url, Some(1), &mut rows);
            assert_eq!(fold(&rows).0, expected, "{path}");
        }
    }

    #[test]
    fn a_file_is_of_an_origin_and_known_by_its_path() {
        assert_eq!(origin("HTTPS://Habari.CO.TZ:443/x?y").as_deref(), Some("https://habari.co.tz"));
        assert_eq!(origin("http://habari.co.tz:8080/x").as_deref(), Some("http://habari.co.tz:8080"));
        assert_eq!(origin("dns:habari.co.tz"), None);
        assert_eq!(FileKind::of_url("https://habari.co.tz/robots.txt"), Some(FileKind::Robots));
        assert_eq!(FileKind::of_url("https://habari.co.tz/a/robots.txt"), None);
        assert_eq!(FileKind::of_url("https://habari.co.tz/.well-known/tdmrep.json"), Some(FileKind::Tdm));
        assert_eq!(FileKind::of_url("https://habari.co.tz"), None);
    }
}
