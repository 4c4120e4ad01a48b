//! Opt-out snapshots: what hosts said on a day, as a dated file that never changes.
//!
//! A Parquet file with one row per rule, sorted by origin, file, reading, agent and place in the file. Same answers in any
//! order, same bytes. Of each file of a host the newest answer up to the date counts; the rules of agents that are neither
//! listed nor `*` are left out, and so is everything else that says nothing about use. Columns:
//!
//! | column | what |
//! |---|---|
//! | `origin`, `host` | scheme, host and port; the host alone |
//! | `file`, `source_url`, `observed_at`, `sha256` | `robots` or `tdmrep`, its address, when it was seen, digest of its body |
//! | `reading` | `rfc9309` or `aipref`: how lines were grouped; rows of `aipref` only where it differs |
//! | `agent` | a token in lower case, `*`, or empty for what stands before any group |
//! | `rule` | `allow`, `disallow`, `content-usage`, `content-signal`, `license`, `tdm-reservation`; `none` and `unreachable` for files without any |
//! | `path` | the pattern; empty for all |
//! | `value` | what it comes to: `allow`, `disallow`, `unknown` |
//! | `raw` | the statement, the policy's or licence's address, or why there are no rules |
//!
//! The schema's metadata hold `kilim_optout_snapshot` (the version), `date`, `spec`, `agents_list`, `files` and
//! `rows_blake3`, a digest of the rows.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch, StringArray, TimestampMillisecondArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit, TimestampMillisecondType};
use kilim_connectors::robots::{
    AgentList, Availability, EVERYBODY, Group, Pattern, Reading, Robots, Rule, Statement,
};
use kilim_connectors::shards::{ShardError, ShardFile, ShardFormat, ShardWriter, read_shard};
use kilim_connectors::signals::host::{
    Answer, FileKind, HostFile, HostFiles, ROBOTS_SPEC, Seen, WEB_PAGE, no_rules, origin,
};
use kilim_connectors::signals::tdm::{self, TdmFile, TdmRule};
use kilim_connectors::signals::{Category, Value, usage};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

/// Version of the format.
pub const SNAPSHOT_VERSION: u32 = 1;

/// Key of the version in the metadata.
const VERSION_KEY: &str = "kilim_optout_snapshot";

/// Rows of a batch that is written.
const BATCH_ROWS: usize = 4096;

/// What is wrong with a snapshot.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The file cannot be read or written.
    #[error(transparent)]
    Shard(#[from] ShardError),
    /// It is something else.
    #[error("{path} is no opt-out snapshot: {problem}")]
    Other {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// A snapshot never changes.
    #[error("{path} is there already")]
    Exists {
        /// The file.
        path: PathBuf,
    },
}

/// What a snapshot says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The day up to which answers count, as `2026-11-30`.
    pub date: String,
    /// Version of the list of agents.
    pub agents_list: String,
    /// Files of hosts in it.
    pub files: u64,
}

fn columns() -> Vec<Field> {
    let text = |name| Field::new(name, DataType::Utf8, false);
    vec![
        text("origin"),
        text("host"),
        text("file"),
        text("source_url"),
        Field::new("observed_at", DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into())), true),
        text("sha256"),
        text("reading"),
        text("agent"),
        text("rule"),
        text("path"),
        text("value"),
        text("raw"),
    ]
}

/// The columns, without metadata.
pub fn schema() -> SchemaRef {
    Arc::new(Schema::new(columns()))
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Row {
    reading: &'static str,
    agent: String,
    rule: &'static str,
    path: String,
    value: Value,
    raw: String,
}

/// The newest answer of one file.
#[derive(Debug)]
struct Newest {
    /// An answer beats none, then a later one an earlier.
    rank: (bool, Option<i64>, String),
    source_url: String,
    rows: Vec<Row>,
}

/// Puts a snapshot together.
#[derive(Debug)]
pub struct Builder {
    tokens: Vec<String>,
    list_version: String,
    /// Later answers do not count, in milliseconds since 1970.
    until: Option<i64>,
    files: BTreeMap<(String, FileKind), Newest>,
}

impl Builder {
    /// A snapshot of the rules for the agents of a list, whatever their purpose, and for `extra` tokens.
    pub fn new(list: &AgentList, extra: &[String], until: Option<i64>) -> Self {
        let words: Vec<String> =
            list.agents.iter().map(|agent| agent.token.clone()).chain(extra.iter().cloned()).collect();
        Self {
            tokens: list.tokens(&words),
            list_version: list.version.clone(),
            until,
            files: BTreeMap::new(),
        }
    }

    /// Adds an answer. Moved files, licences, and what came later than the date are left out.
    pub fn add(&mut self, answer: &Answer<'_>) {
        if self.until.is_some_and(|until| answer.observed_at.is_none_or(|seen| seen > until)) {
            return;
        }
        let Some(origin) = origin(answer.url) else { return };
        let availability = Availability::of(answer.status);
        let rows = match (answer.kind, availability) {
            (FileKind::Robots, Availability::Rules) => self.robots_rows(&Robots::parse(answer.body)),
            (FileKind::Robots, Availability::NoRules) => vec![note("none", no_rules(answer.status))],
            (FileKind::Robots, Availability::Unreachable) => vec![Row {
                value: Value::Unknown,
                ..note("unreachable", answer.status.to_string())
            }],
            (FileKind::Tdm, Availability::Rules) => match TdmFile::parse(answer.body) {
                Some(file) => file.rules().iter().map(tdm_row).collect(),
                None => return,
            },
            _ => return,
        };
        let rank =
            (availability != Availability::Unreachable, answer.observed_at, answer.sha256.to_owned());
        let newest = Newest { rank, source_url: answer.url.to_owned(), rows };
        let key = (origin, answer.kind);
        if self.files.get(&key).is_none_or(|known| {
            (&newest.rank, &newest.source_url) > (&known.rank, &known.source_url)
        }) {
            self.files.insert(key, newest);
        }
    }

    fn robots_rows(&self, robots: &Robots) -> Vec<Row> {
        if robots.is_html {
            return vec![note("none", WEB_PAGE.to_owned())];
        }
        let mut rows = Vec::new();
        rows.extend(robots.statements().iter().map(|said| statement_row("", "", said)));
        for reading in robots.readings() {
            let word = reading.as_str();
            for (agent, groups) in self.agents(robots.groups(*reading)) {
                let before = rows.len();
                let statements = groups.iter().flat_map(|group| &group.statements);
                rows.extend(statements.map(|said| statement_row(word, agent, said)));
                rows.extend(groups.iter().flat_map(|group| &group.rules).map(|rule| Row {
                    reading: word,
                    agent: agent.to_owned(),
                    rule: if rule.allow { "allow" } else { "disallow" },
                    path: rule.pattern.as_str().to_owned(),
                    value: if rule.allow { Value::Allow } else { Value::Disallow },
                    raw: String::new(),
                }));
                if rows.len() == before {
                    // It has a group of its own, so that for everybody is not its.
                    rows.push(Row { reading: word, agent: agent.to_owned(), ..note("none", String::new()) });
                }
            }
        }
        rows.extend(
            robots.licenses().iter().map(|url| Row { value: Value::Disallow, ..note("license", url.clone()) }),
        );
        if rows.is_empty() {
            rows.push(note("none", String::new()));
        }
        rows
    }

    /// The agents that are named, of those that are asked for, with their groups.
    fn agents<'a>(&self, groups: &'a [Group]) -> BTreeMap<&'a str, Vec<&'a Group>> {
        let mut found: BTreeMap<&str, Vec<&Group>> = BTreeMap::new();
        for group in groups {
            let named: BTreeSet<&str> = group.agents.iter().map(String::as_str).collect();
            for agent in named {
                if agent == EVERYBODY || self.tokens.iter().any(|token| token == agent) {
                    found.entry(agent).or_default().push(group);
                }
            }
        }
        found
    }

    /// The day of the newest answer.
    fn newest_day(&self) -> Option<String> {
        let newest = self.files.values().filter_map(|file| file.rank.1).max()?;
        let time = jiff::Timestamp::from_millisecond(newest).ok()?.to_string();
        Some(time.split_once('T')?.0.to_owned())
    }

    /// Writes the snapshot; `date` is its day, that of the newest answer if none is given. A file that stands there is not
    /// replaced.
    pub fn write(&self, path: &Path, date: Option<&str>) -> Result<(Header, ShardFile), SnapshotError> {
        if path.exists() {
            return Err(SnapshotError::Exists { path: path.to_owned() });
        }
        let date = date.map(str::to_owned).or_else(|| self.newest_day()).unwrap_or_else(|| "undated".to_owned());
        let rows: Vec<(&(String, FileKind), &Newest, &Row)> = self
            .files
            .iter()
            .flat_map(|(key, file)| file.rows.iter().map(move |row| (key, file, row)))
            .collect();
        let mut digest = blake3::Hasher::new();
        for ((origin, kind), file, row) in &rows {
            let time = file.rank.1.map_or_else(String::new, |time| time.to_string());
            let fields = [
                origin, kind.as_str(), &file.source_url, &time, &file.rank.2, row.reading, &row.agent, row.rule,
                &row.path, row.value.as_str(), &row.raw,
            ];
            for field in fields {
                digest.update(&(field.len() as u64).to_le_bytes());
                digest.update(field.as_bytes());
            }
        }
        let header =
            Header { date, agents_list: self.list_version.clone(), files: self.files.len() as u64 };
        let metadata = [
            (VERSION_KEY, SNAPSHOT_VERSION.to_string()),
            ("date", header.date.clone()),
            ("spec", format!("{ROBOTS_SPEC}; {}; {}; {}", tdm::SPEC, usage::USAGE_SPEC, usage::SIGNAL_SPEC)),
            ("agents_list", header.agents_list.clone()),
            ("files", header.files.to_string()),
            ("rows_blake3", digest.finalize().to_hex().to_string()),
        ];
        let metadata = metadata.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        let schema = Arc::new(Schema::new_with_metadata(columns(), metadata));
        let mut writer = ShardWriter::create(path, Arc::clone(&schema), ShardFormat::Parquet)?;
        for chunk in rows.chunks(BATCH_ROWS) {
            let batch = batch_of(&schema, chunk).map_err(|error| SnapshotError::Other {
                path: path.to_owned(),
                problem: error.to_string(),
            })?;
            writer.write(&batch)?;
        }
        Ok((header, writer.finish()?))
    }
}

fn batch_of(
    schema: &SchemaRef,
    rows: &[(&(String, FileKind), &Newest, &Row)],
) -> Result<RecordBatch, arrow::error::ArrowError> {
    type Entry<'a> = (&'a (String, FileKind), &'a Newest, &'a Row);
    let text = |of: &dyn for<'a> Fn(&'a Entry<'a>) -> &'a str| -> Arc<dyn Array> {
        Arc::new(StringArray::from_iter_values(rows.iter().map(|row| of(row).to_owned())))
    };
    let times: TimestampMillisecondArray = rows.iter().map(|(_, file, _)| file.rank.1).collect();
    RecordBatch::try_new(
        Arc::clone(schema),
        vec![
            text(&|row| &row.0.0),
            text(&|row| host_of(&row.0.0)),
            text(&|row| row.0.1.as_str()),
            text(&|row| &row.1.source_url),
            Arc::new(times.with_timezone("UTC")),
            text(&|row| &row.1.rank.2),
            text(&|row| row.2.reading),
            text(&|row| &row.2.agent),
            text(&|row| row.2.rule),
            text(&|row| &row.2.path),
            text(&|row| row.2.value.as_str()),
            text(&|row| &row.2.raw),
        ],
    )
}

/// The host of an origin.
fn host_of(origin: &str) -> &str {
    let host = origin.split_once("://").map_or(origin, |(_, host)| host);
    // The port stands behind the last colon, unless that is inside of an IPv6 address.
    match host.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => host,
    }
}

fn note(rule: &'static str, raw: String) -> Row {
    Row { reading: "", agent: String::new(), rule, path: String::new(), value: Value::Allow, raw }
}

fn statement_row(reading: &'static str, agent: &str, said: &Statement) -> Row {
    let read = if said.is_usage { usage::content_usage } else { usage::content_signal };
    let about_training = |(category, _): &(Category, Value)| *category == Category::TrainAi;
    Row {
        reading,
        agent: agent.to_owned(),
        rule: if said.is_usage { USAGE } else { SIGNAL },
        path: said.pattern.as_str().to_owned(),
        value: read(&said.value).into_iter().find(about_training).map_or(Value::Unknown, |(_, value)| value),
        raw: said.value.clone(),
    }
}

const USAGE: &str = "content-usage";
const SIGNAL: &str = "content-signal";

fn tdm_row(rule: &TdmRule) -> Row {
    Row {
        path: rule.location.as_str().to_owned(),
        value: if rule.reserved { Value::Disallow } else { Value::Allow },
        ..note("tdm-reservation", rule.policy.clone())
    }
}

fn reader(path: &Path) -> Result<ParquetRecordBatchReaderBuilder<std::fs::File>, SnapshotError> {
    let other = |problem: String| SnapshotError::Other { path: path.to_owned(), problem };
    let file = std::fs::File::open(path).map_err(|error| other(error.to_string()))?;
    ParquetRecordBatchReaderBuilder::try_new(file).map_err(|error| other(error.to_string()))
}

/// What the snapshot says about itself.
pub fn read_header(path: &Path) -> Result<Header, SnapshotError> {
    let builder = reader(path)?;
    let metadata = builder.schema().metadata();
    let other = |problem: String| SnapshotError::Other { path: path.to_owned(), problem };
    let version = metadata.get(VERSION_KEY).ok_or_else(|| other("it does not say that it is one".to_owned()))?;
    if *version != SNAPSHOT_VERSION.to_string() {
        return Err(other(format!("it has version {version}, this kilim reads {SNAPSHOT_VERSION}")));
    }
    let text = |key: &str| metadata.get(key).cloned().unwrap_or_default();
    Ok(Header {
        date: text("date"),
        agents_list: text("agents_list"),
        files: text("files").parse().unwrap_or(0),
    })
}

/// Bytes of its rows, unpacked.
pub fn size(path: &Path) -> Result<u64, SnapshotError> {
    let groups = reader(path)?;
    let groups = groups.metadata().row_groups();
    Ok(groups.iter().map(|group| group.total_byte_size().unsigned_abs()).sum())
}

/// The files of hosts in a snapshot, by origin, for the agents of these tokens; of those origins that are asked for.
pub fn read(
    path: &Path,
    tokens: &[String],
    is_asked: impl Fn(&str) -> bool,
) -> Result<BTreeMap<String, HostFiles>, SnapshotError> {
    read_header(path)?;
    let mut hosts: BTreeMap<String, HostFiles> = BTreeMap::new();
    let mut open: Option<Open> = None;
    let mut close = |open: Open| {
        let origin = open.origin.clone();
        let file = open.file(tokens);
        hosts.entry(origin).or_default().add(file);
    };
    for batch in read_shard(path, ShardFormat::Parquet, Some(schema()))? {
        let batch = batch?;
        let text = |index: usize| batch.column(index).as_string::<i32>();
        let times = batch.column(4).as_primitive::<TimestampMillisecondType>();
        for row in 0..batch.num_rows() {
            let (origin, kind) = (text(0).value(row), text(2).value(row));
            if !is_asked(origin) {
                continue;
            }
            if open.as_ref().is_some_and(|open| (open.origin.as_str(), open.kind.as_str()) != (origin, kind)) {
                open.take().into_iter().for_each(&mut close);
            }
            let open = open.get_or_insert_with(|| Open {
                origin: origin.to_owned(),
                kind: kind.to_owned(),
                url: text(3).value(row).to_owned(),
                observed_at: times.is_valid(row).then(|| times.value(row)),
                sha256: text(5).value(row).to_owned(),
                ..Open::default()
            });
            open.add([6, 7, 8, 9, 10, 11].map(|index| text(index).value(row)));
        }
    }
    open.take().into_iter().for_each(close);
    hosts.values_mut().for_each(HostFiles::sort);
    Ok(hosts)
}

/// A file whose rows are being read.
#[derive(Debug, Default)]
struct Open {
    origin: String,
    kind: String,
    url: String,
    observed_at: Option<i64>,
    sha256: String,
    /// By reading and agent.
    groups: BTreeMap<(Reading, String), Group>,
    statements: Vec<Statement>,
    licenses: Vec<String>,
    tdm: Vec<TdmRule>,
    note: String,
    unreachable: Option<u16>,
}

impl Open {
    fn add(&mut self, [reading, agent, rule, path, value, raw]: [&str; 6]) {
        let reading = if reading == Reading::Aipref.as_str() { Reading::Aipref } else { Reading::Rfc9309 };
        let pattern = Pattern::new(path.as_bytes());
        let statement = |is_usage: bool, pattern: Pattern| Statement { is_usage, pattern, value: raw.to_owned() };
        match rule {
            "allow" | "disallow" => self.group(reading, agent).rules.push(Rule { allow: rule == "allow", pattern }),
            USAGE | SIGNAL if agent.is_empty() => self.statements.push(statement(rule == USAGE, pattern)),
            USAGE | SIGNAL => self.group(reading, agent).statements.push(statement(rule == USAGE, pattern)),
            "license" => self.licenses.push(raw.to_owned()),
            "tdm-reservation" => self.tdm.push(TdmRule {
                location: pattern,
                reserved: value == Value::Disallow.as_str(),
                policy: raw.to_owned(),
            }),
            "unreachable" => self.unreachable = Some(raw.parse().unwrap_or(0)),
            "none" if agent.is_empty() => raw.clone_into(&mut self.note),
            "none" => {
                self.group(reading, agent);
            }
            _ => {}
        }
    }

    fn group(&mut self, reading: Reading, agent: &str) -> &mut Group {
        let group = self.groups.entry((reading, agent.to_owned())).or_default();
        group.agents = vec![agent.to_owned()];
        group
    }

    fn file(self, tokens: &[String]) -> HostFile {
        let seen = Seen { url: &self.url, observed_at: self.observed_at, sha256: &self.sha256 };
        if let Some(status) = self.unreachable {
            return HostFile::of_unreachable(status, &seen);
        }
        if self.kind == FileKind::Tdm.as_str() {
            return HostFile::of_tdm(self.tdm, &seen);
        }
        let differs = self.groups.keys().any(|(reading, _)| *reading == Reading::Aipref);
        let of = |wanted: Reading| {
            // Agents with the same rules follow one group, as they did in the file.
            let mut merged: Vec<Group> = Vec::new();
            for ((reading, agent), group) in &self.groups {
                if *reading != wanted {
                    continue;
                }
                let same = |known: &&mut Group| {
                    known.rules == group.rules && known.statements == group.statements
                };
                match merged.iter_mut().find(same) {
                    Some(known) => known.agents.push(agent.clone()),
                    None => merged.push(group.clone()),
                }
            }
            merged
        };
        let aipref = differs.then(|| of(Reading::Aipref));
        let robots = Robots::of_parts(of(Reading::Rfc9309), aipref, self.statements, self.licenses);
        HostFile::of_robots(&robots, &self.note, &seen, tokens)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use kilim_connectors::signals::{fold, sha256};

    fn answer<'a>(url: &'a str, status: u16, body: &'a str, at: i64, hash: &'a str) -> Answer<'a> {
        let kind = FileKind::of_url(url).unwrap();
        Answer { kind, url, status, body: body.as_bytes(), observed_at: Some(at), sha256: hash }
    }

    fn written(answers: &[(&str, u16, &str, i64)], until: Option<i64>) -> (tempfile::TempDir, PathBuf, ShardFile) {
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
        let again = Builder::new(&AgentList::shipped(), &[], None).write(&folder.path().join("optout.parquet"), None);
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
            let sorted = |files: &HostFiles| {
                let mut rows: Vec<_> = files
                    .evidence(&url, None)
                    .into_iter()
                    .map(|row| (row.signal_word(), row.agent, row.category, row.value, row.raw, row.sha256))
                    .collect();
                rows.sort();
                rows
            };
            prop_assert_eq!(sorted(&hosts["https://habari.co.ke"]), sorted(&plain));
        }
    }
}
