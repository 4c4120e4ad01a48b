//! What the schema cannot say about a config: things that refer to each other.
//!
//! It looks at the tree and not at the types, so that a mistake in one place hides none in another.

use std::collections::BTreeMap;
use std::ops::Range;
use std::str::FromStr;

use datafusion::error::DataFusionError;
use datafusion::sql::parser::{DFParser, Statement};
use datafusion::sql::sqlparser::ast::Statement as SqlStatement;

use super::countries::is_country;
use super::diagnostic::{Diagnostic, code, nearest};
use super::known::Known;
use super::tree::{Key, Node, Value};
use super::types::{is_shard_size, is_split_size};
use super::values::{Area, ByteSize, LanguageCode};
use crate::steps::STEPS;

/// A step, what it needs before it, and what for.
struct Need {
    step: &'static str,
    earlier: &'static str,
    /// Whether a config without `earlier` is refused too; otherwise only the wrong order is.
    always: bool,
    because: &'static str,
}

const fn reads_text(step: &'static str) -> Need {
    Need {
        step,
        earlier: "extract_html",
        always: false,
        because: "it reads the text that `extract_html` writes",
    }
}

/// The order of steps, where one needs what another writes.
const NEEDS: &[Need] = &[
    Need {
        step: "filter_language",
        earlier: "identify_language",
        always: true,
        because: "it reads the language that `identify_language` writes",
    },
    reads_text("normalize_text"),
    reads_text("identify_language"),
    reads_text("filter_length"),
    reads_text("measure_quality"),
    Need {
        step: "filter_quality",
        earlier: "measure_quality",
        always: true,
        because: "it reads the signals that `measure_quality` writes",
    },
    Need {
        step: "measure_quality",
        earlier: "identify_language",
        always: false,
        because: "it counts the stop words of the language that `identify_language` writes",
    },
    reads_text("detect_pii"),
    Need {
        step: "detect_pii",
        earlier: "normalize_text",
        always: false,
        because: "it says where in the text personal data stands, and `normalize_text` moves it",
    },
    reads_text("match_lists"),
    Need {
        step: "match_lists",
        earlier: "normalize_text",
        always: false,
        because: "entries are sought in the text that `normalize_text` mends",
    },
    Need {
        step: "match_lists",
        earlier: "identify_language",
        always: false,
        because: "entries may be of the language that `identify_language` writes",
    },
    Need {
        step: "tag_license",
        earlier: "extract_html",
        always: false,
        because: "it reads the marks that `extract_html` collects",
    },
];

/// Looks at everything that does not depend on where or for whom the config runs.
pub(crate) fn check(root: &Node, known: &Known<'_>, found: &mut Vec<Diagnostic>) {
    sizes(root, found);
    let steps = steps(root);
    step_order(&steps, found);
    nodes(root, known, found);
    public_places(root, found);
    personal_data(root, &steps, found);
    credentials(root, found);
    provider_sources(root, found);
    for check in root.get("checks").map_or(&[][..], Node::items) {
        if let Some(sql) = check.get("sql") {
            query(sql, found);
        }
    }
    for test in root.get("tests").map_or(&[][..], Node::items) {
        test_refers_to_what_exists(root, &steps, test, found);
    }
}

/// What `about.provider` says about a source that there is not would be lost in silence.
fn provider_sources(root: &Node, found: &mut Vec<Diagnostic>) {
    let known: Vec<&Key> =
        root.get("sources").map_or(&[][..], Node::entries).iter().map(|(key, _)| key).collect();
    let said = root.get("about").and_then(|about| about.get("provider")?.get("sources"));
    for (key, _) in said.map_or(&[][..], Node::entries) {
        if known.iter().any(|source| source.text == key.text) {
            continue;
        }
        let names = || known.iter().map(|source| source.text.as_str());
        let hint = nearest(&key.text, names()).map_or_else(
            || format!("known are: {}", names().collect::<Vec<_>>().join(", ")),
            |near| format!("did you mean `{near}`?"),
        );
        let message = format!("no source is called `{}`", key.text);
        found.push(Diagnostic::error(code::UNKNOWN_SOURCE, message, key.range.clone()).hint(hint));
    }
}

/// Refuses URLs with a user or password, and keys where the path of one belongs. Excerpts of the file star them out.
fn credentials(root: &Node, found: &mut Vec<Diagnostic>) {
    for (_, key) in root.get("keys").map_or(&[][..], Node::entries) {
        if key.text().is_some_and(|text| text.contains("-----BEGIN ") || text.contains('\n')) {
            let message = "a key stands in the config, where the path of its file belongs".to_owned();
            found.push(Diagnostic::error(code::CREDENTIALS_IN_CONFIG, message, key.range.clone()).hint(
                "put it into a file that only its owner may read, and make a new one: this one was shown",
            ));
        }
    }
    let entries = |key: &str| root.get(key).map_or(&[][..], Node::entries).iter().map(|(_, node)| node);
    let inputs = entries("sources")
        .filter_map(|source| source.get("warc")?.get("paths"))
        .flat_map(|paths| paths.items().iter());
    let outputs = entries("nodes").filter_map(|node| node.get("shards")?.get("url"));
    let public = entries("nodes").filter_map(|node| node.get("public")?.get("url"));
    for url in inputs.chain(outputs).chain(public) {
        let Some((_, rest)) = url.text().and_then(|text| text.split_once("://")) else { continue };
        if rest.split(['/', '?', '#']).next().is_some_and(|authority| authority.contains('@')) {
            let message = "the URL holds a user or password".to_owned();
            found.push(
                Diagnostic::error(code::CREDENTIALS_IN_URL, message, url.range.clone())
                    .hint("credentials come from the environment only: AWS_*, GOOGLE_*, AZURE_*"),
            );
        }
    }
}

fn sizes(root: &Node, found: &mut Vec<Diagnostic>) {
    let mut size = |node: Option<&Node>, check: fn(&ByteSize, &()) -> garde::Result| {
        let Some(node) = node else { return };
        let Some(Ok(size)) = node.text().map(ByteSize::from_str) else { return };
        if let Err(error) = check(&size, &()) {
            found.push(Diagnostic::error(code::OUT_OF_RANGE, error.to_string(), node.range.clone()));
        }
    };
    size(root.get("split_bytes"), is_split_size);
    for (_, node) in root.get("nodes").map_or(&[][..], Node::entries) {
        size(node.get("shards").and_then(|shards| shards.get("max_bytes")), is_shard_size);
    }
}

/// A step as it stands in the file.
struct Step<'t> {
    name: &'t str,
    id: &'t str,
    name_range: Range<usize>,
    id_range: Range<usize>,
}

fn steps(root: &Node) -> Vec<Step<'_>> {
    let entries = root.get("steps").map_or(&[][..], Node::items);
    entries
        .iter()
        .filter_map(|entry| {
            let (key, _) = entry.entries().iter().find(|(key, _)| key.text != "id")?;
            let id = entry.get("id").and_then(|node| Some((node.text()?, node.range.clone())));
            let (id, id_range) = id.unwrap_or((&key.text, key.range.clone()));
            Some(Step { name: &key.text, id, name_range: key.range.clone(), id_range })
        })
        .collect()
}

fn step_order(steps: &[Step<'_>], found: &mut Vec<Diagnostic>) {
    let is_corpus = |name: &str| STEPS.iter().find(|step| step.name == name).map(|step| step.corpus);
    let mut corpus_step: Option<&Step<'_>> = None;
    for (index, step) in steps.iter().enumerate() {
        let earlier = &steps[..index];
        if let Some(first) = earlier.iter().find(|other| other.id == step.id) {
            let message = format!("two steps are called `{}`", step.id);
            let finding = Diagnostic::error(code::REPEATED_STEP_ID, message, step.id_range.clone());
            let finding = finding.label(first.id_range.clone(), "the first is here");
            found.push(finding.hint("give one of them an `id` of its own"));
        }
        let twin = earlier.iter().find(|other| other.name == step.name && other.id != step.id);
        if let (Some(true), Some(twin)) = (is_corpus(step.name), twin) {
            let message = format!("`{}` stands here twice", step.name);
            let finding = Diagnostic::error(code::REPEATED_CORPUS_STEP, message, step.name_range.clone());
            let finding = finding.label(twin.name_range.clone(), "the first is here");
            found.push(finding.hint("it looks at all documents at once: leave one of them out"));
        }
        match (is_corpus(step.name), corpus_step) {
            (Some(true), None) => corpus_step = Some(step),
            (Some(false), Some(corpus)) => {
                let message = format!("`{}` looks at one document and comes after a corpus step", step.name);
                let finding =
                    Diagnostic::error(code::STEP_AFTER_CORPUS_STEP, message, step.name_range.clone());
                let finding = finding.label(corpus.name_range.clone(), "this looks at all documents");
                found.push(finding.hint(format!("move it above `{}`", corpus.name)));
            }
            _ => {}
        }
        for need in NEEDS.iter().filter(|need| need.step == step.name) {
            let is_it = |other: &&Step<'_>| other.name == need.earlier;
            if earlier.iter().any(|other| is_it(&other)) {
                continue;
            }
            let later = steps[index..].iter().find(is_it);
            if later.is_none() && !need.always {
                continue;
            }
            let message = format!("`{}` needs `{}` before it", need.step, need.earlier);
            let mut finding = Diagnostic::error(code::STEP_NEEDS_ANOTHER, message, step.name_range.clone());
            if let Some(later) = later {
                finding = finding.label(later.name_range.clone(), "this comes later");
            }
            found.push(finding.hint(need.because));
        }
    }
}

/// Papers for everyone go to a place of their own: nothing else is written there, or below or above it.
fn public_places(root: &Node, found: &mut Vec<Diagnostic>) {
    let below = |node: &Node| {
        node.text().map(|text| format!("{}/", text.trim_start_matches("./").trim_end_matches('/')))
    };
    let entries = || root.get("nodes").map_or(&[][..], Node::entries).iter().map(|(_, node)| node);
    let mut closed: Vec<&Node> = root.get("work_dir").into_iter().collect();
    closed.extend(entries().filter_map(|node| node.get("shards")?.get("url")));
    for place in entries().filter_map(|node| node.get("public")?.get("url")) {
        let Some(here) = below(place) else { continue };
        let other = closed.iter().find(|other| {
            below(other).is_some_and(|there| here.starts_with(&there) || there.starts_with(&here))
        });
        if let Some(other) = other {
            let message = "papers for everyone would lie with what is not for everyone".to_owned();
            found.push(
                Diagnostic::error(code::SHARED_SHARDS_URL, message, place.range.clone())
                    .label(other.range.clone(), "the other is here")
                    .hint("give `public` a place of its own: everyone may read it"),
            );
        }
        closed.push(place);
    }
}

fn nodes(root: &Node, known: &Known<'_>, found: &mut Vec<Diagnostic>) {
    let mut urls: BTreeMap<&str, &Node> = BTreeMap::new();
    for (_, node) in root.get("nodes").map_or(&[][..], Node::entries) {
        for area in node.get("accepts").map_or(&[][..], Node::items) {
            let Some(name) = area.text().filter(|name| Area::from_str(name).is_ok()) else { continue };
            if !is_country(name) && !(known.is_bloc)(name) {
                let message = format!("`{name}` is neither a country nor a known bloc");
                let finding = Diagnostic::error(code::UNKNOWN_AREA, message, area.range.clone());
                found.push(finding.hint("blocs are named in the table of blocs; countries are two capitals"));
            }
        }
        for language in node.get("languages").map_or(&[][..], Node::items) {
            let Some(name) = language.text().filter(|name| LanguageCode::from_str(name).is_ok()) else {
                continue;
            };
            if !(known.is_language)(name) {
                let message = format!("the language `{name}` is not known to the identifier");
                found.push(
                    Diagnostic::error(code::UNKNOWN_LANGUAGE, message, language.range.clone())
                        .hint("a node that asks for it would never receive a document"),
                );
            }
        }
        let Some(url) = node.get("shards").and_then(|shards| shards.get("url")) else { continue };
        let Some(text) = url.text() else { continue };
        if let Some(first) = urls.insert(text.trim_end_matches('/'), url) {
            let message = "two nodes would write to one place".to_owned();
            found.push(
                Diagnostic::error(code::SHARED_SHARDS_URL, message, url.range.clone())
                    .label(first.range.clone(), "the other is here")
                    .hint("give each node storage of its own"),
            );
        }
    }
}

/// A node that asks for masks gets none if nobody looks; and if somebody looks, each node says what it wants.
fn personal_data(root: &Node, steps: &[Step<'_>], found: &mut Vec<Diagnostic>) {
    let step = steps.iter().find(|step| step.name == "detect_pii");
    for (key, node) in root.get("nodes").map_or(&[][..], Node::entries) {
        match (step, node.get("pii")) {
            (None, Some(pii)) => {
                let message =
                    format!("node `{}` says what to do with personal data that nothing finds", key.text);
                let finding = Diagnostic::error(code::PII_WITHOUT_DETECTION, message, pii.range.clone());
                found.push(finding.hint("add the step `detect_pii: {}`, or remove `pii`"));
            }
            (Some(step), None) => {
                let message = format!("node `{}` does not say what to do with personal data", key.text);
                let finding = Diagnostic::error(code::PII_NOT_SAID, message, key.range.clone());
                let finding = finding.label(step.name_range.clone(), "this finds it");
                found.push(finding.hint("add `pii: mask`, `pii: drop` or `pii: keep` to it"));
            }
            _ => {}
        }
    }
}

/// Refuses to serve a local-only node from outside its jurisdiction. With `selected`, only that node counts.
pub(crate) fn check_for_run(
    root: &Node,
    selected: Option<&str>,
    known: &Known<'_>,
    found: &mut Vec<Diagnostic>,
) {
    let nodes = root.get("nodes").map_or(&[][..], Node::entries);
    if let Some(name) = selected
        && !nodes.iter().any(|(key, _)| key.text == name)
    {
        let message = format!("no node is called `{name}`");
        let owner = root.entries().iter().find(|(key, _)| key.text == "nodes");
        let range = owner.map_or(root.anchor(), |(key, _)| key.range.clone());
        let names: Vec<_> = nodes.iter().map(|(key, _)| key.text.as_str()).collect();
        let hint = nearest(name, names.iter().copied()).map_or_else(
            || format!("nodes are: {}", names.join(", ")),
            |near| format!("did you mean `{near}`?"),
        );
        found.push(Diagnostic::error(code::UNKNOWN_NODE, message, range).hint(hint));
        return;
    }
    let Some((runs_at, place)) = root.get("runs_at").and_then(|place| Some((place.text()?, place))) else {
        return;
    };
    for (key, node) in nodes.iter().filter(|(key, _)| selected.is_none_or(|name| name == key.text)) {
        let Some(mode) = node.get("mode").filter(|mode| mode.text() == Some("local-only")) else { continue };
        let Some(jurisdiction) = node.get("jurisdiction").and_then(Node::text) else { continue };
        if jurisdiction == runs_at || (known.is_member)(jurisdiction, runs_at) {
            continue;
        }
        let message = format!(
            "the node `{}` is local-only in {jurisdiction}, and this run stands in {runs_at}",
            key.text
        );
        found.push(
            Diagnostic::error(code::NOT_SERVED_FROM_HERE, message, mode.range.clone())
                .label(place.range.clone(), "the run stands here")
                .hint(format!(
                    "run it there with `runs_at: {jurisdiction}`, and serve the other nodes from here with `--node`"
                )),
        );
    }
}

/// Refuses SQL that does not parse, or is more than one query.
fn query(node: &Node, found: &mut Vec<Diagnostic>) {
    let Some(sql) = node.text().filter(|sql| !sql.is_empty()) else { return };
    let mut range = node.range.clone();
    let problem = match DFParser::parse_sql(sql) {
        Ok(statements) => match statements.iter().collect::<Vec<_>>()[..] {
            [Statement::Statement(statement)] if matches!(**statement, SqlStatement::Query(_)) => return,
            [_] => "a check is a SELECT".to_owned(),
            _ => "a check is one SELECT".to_owned(),
        },
        Err(error) => {
            let words = match &error {
                DataFusionError::SQL(error, _) => error.to_string(),
                other => other.strip_backtrace(),
            };
            // The parser ends with a place in the SQL; where the SQL is one unquoted line, that is a place in the file.
            let is_plain =
                matches!(node.value, Value::Scalar { plain: true, .. }) && node.range.len() == sql.len();
            let place = words.rsplit_once(" at Line: 1, Column: ").filter(|_| is_plain);
            let start = place.and_then(|(_, column)| {
                sql.char_indices().nth(column.parse::<usize>().ok()?.checked_sub(1)?)
            });
            range.start += start.map_or(0, |(offset, _)| offset);
            let words = place.filter(|_| start.is_some()).map_or(words.as_str(), |(what, _)| what);
            format!("the SQL does not parse: {}", words.trim_start_matches("sql parser error: "))
        }
    };
    found.push(Diagnostic::error(code::BAD_SQL, problem, range).hint(
        "a check selects the rows that should not be there, such as SELECT doc_id FROM documents WHERE …",
    ));
}

fn test_refers_to_what_exists(root: &Node, steps: &[Step<'_>], test: &Node, found: &mut Vec<Diagnostic>) {
    let keys = |section: &str| -> Vec<&str> {
        let entries: &[(Key, Node)] = root.get(section).map_or(&[], Node::entries);
        entries.iter().map(|(key, _)| key.text.as_str()).collect()
    };
    let mut exists = |what: &str, names: &[&str], node: Option<&Node>| {
        let Some((node, text)) = node.and_then(|node| Some((node, node.text()?))) else { return };
        if !names.contains(&text) {
            let hint = nearest(text, names.iter().copied()).map_or_else(
                || format!("known are: {}", names.join(", ")),
                |near| format!("did you mean `{near}`?"),
            );
            let message = format!("no {what} is called `{text}`");
            found.push(Diagnostic::error(code::BAD_TEST, message, node.range.clone()).hint(hint));
        }
    };
    let given = test.get("given").map_or(&[][..], Node::items);
    let expect = test.get("expect").map_or(&[][..], Node::items);
    let ids: Vec<_> = steps.iter().map(|step| step.id).collect();
    for page in given {
        exists("source", &keys("sources"), page.get("source"));
    }
    for expectation in expect {
        exists("step", &ids, expectation.get("by"));
        for name in expectation.get("nodes").map_or(&[][..], Node::items) {
            exists("node", &keys("nodes"), Some(name));
        }
    }
    for page in given {
        if page.get("html").is_some() == page.get("text").is_some() && !page.entries().is_empty() {
            let message = "a page of a test has either `html` or `text`".to_owned();
            found.push(Diagnostic::error(code::BAD_TEST, message, page.anchor()));
        }
    }
    if !given.is_empty() && !expect.is_empty() && given.len() != expect.len() {
        let message = format!("{} given and {} expected", given.len(), expect.len());
        let place = test.get("expect").map_or(test.anchor(), Node::anchor);
        found.push(
            Diagnostic::error(code::BAD_TEST, message, place)
                .hint("`expect` has one entry per page, in the same order"),
        );
    }
}
