//! Makes a snapshot of answers.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array, RecordBatch, StringArray, TimestampMillisecondArray};
use arrow::datatypes::{Schema, SchemaRef};
use kilim_connectors::robots::{AgentList, Availability, EVERYBODY, Group, Robots, Statement};
use kilim_connectors::shards::{ShardFile, ShardFormat, ShardWriter};
use kilim_connectors::signals::host::{Answer, FileKind, ROBOTS_SPEC, WEB_PAGE, no_rules, origin};
use kilim_connectors::signals::tdm::{self, TdmFile, TdmRule};
use kilim_connectors::signals::{Category, Value, usage};

use super::{Header, SIGNAL, SNAPSHOT_VERSION, SnapshotError, USAGE, VERSION_KEY, columns};

/// Rows of a batch that is written.
const BATCH_ROWS: usize = 4096;

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
            (FileKind::Robots, Availability::Unreachable) => {
                vec![Row { value: Value::Unknown, ..note("unreachable", answer.status.to_string()) }]
            }
            (FileKind::Tdm, Availability::Rules) => match TdmFile::parse(answer.body) {
                Some(file) => file.rules().iter().map(tdm_row).collect(),
                None => return,
            },
            _ => return,
        };
        let rank = (availability != Availability::Unreachable, answer.observed_at, answer.sha256.to_owned());
        let newest = Newest { rank, source_url: answer.url.to_owned(), rows };
        let key = (origin, answer.kind);
        if self
            .files
            .get(&key)
            .is_none_or(|known| (&newest.rank, &newest.source_url) > (&known.rank, &known.source_url))
        {
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
            robots
                .licenses()
                .iter()
                .map(|url| Row { value: Value::Disallow, ..note("license", url.clone()) }),
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
        let date =
            date.map(str::to_owned).or_else(|| self.newest_day()).unwrap_or_else(|| "undated".to_owned());
        let rows: Vec<(&(String, FileKind), &Newest, &Row)> = self
            .files
            .iter()
            .flat_map(|(key, file)| file.rows.iter().map(move |row| (key, file, row)))
            .collect();
        let mut digest = blake3::Hasher::new();
        for ((origin, kind), file, row) in &rows {
            let time = file.rank.1.map_or_else(String::new, |time| time.to_string());
            let fields = [
                origin,
                kind.as_str(),
                &file.source_url,
                &time,
                &file.rank.2,
                row.reading,
                &row.agent,
                row.rule,
                &row.path,
                row.value.as_str(),
                &row.raw,
            ];
            for field in fields {
                digest.update(&(field.len() as u64).to_le_bytes());
                digest.update(field.as_bytes());
            }
        }
        let header = Header { date, agents_list: self.list_version.clone(), files: self.files.len() as u64 };
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
pub(super) fn host_of(origin: &str) -> &str {
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

fn tdm_row(rule: &TdmRule) -> Row {
    Row {
        path: rule.location.as_str().to_owned(),
        value: if rule.reserved { Value::Disallow } else { Value::Allow },
        ..note("tdm-reservation", rule.policy.clone())
    }
}
