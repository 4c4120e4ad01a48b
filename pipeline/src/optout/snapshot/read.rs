//! Reads a snapshot as files of hosts.

use std::collections::BTreeMap;
use std::path::Path;

use arrow::array::{Array, AsArray};
use arrow::datatypes::TimestampMillisecondType;
use kilim_connectors::robots::{Group, Pattern, Reading, Robots, Rule, Statement};
use kilim_connectors::shards::{ShardFormat, read_shard};
use kilim_connectors::signals::Value;
use kilim_connectors::signals::host::{FileKind, HostFile, HostFiles, Seen};
use kilim_connectors::signals::tdm::TdmRule;

use super::{SIGNAL, SnapshotError, USAGE, read_header, schema};

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
            if open.as_ref().is_some_and(|open| (open.origin.as_str(), open.kind.as_str()) != (origin, kind))
            {
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
        let statement =
            |is_usage: bool, pattern: Pattern| Statement { is_usage, pattern, value: raw.to_owned() };
        match rule {
            "allow" | "disallow" => {
                self.group(reading, agent).rules.push(Rule { allow: rule == "allow", pattern });
            }
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
                let same =
                    |known: &&mut Group| known.rules == group.rules && known.statements == group.statements;
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
