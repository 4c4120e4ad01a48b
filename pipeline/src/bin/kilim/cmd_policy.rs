//! `kilim policy`: rules looked at before they decide, and after. `check` and `matrix` are here; they need no run.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Result;
use kilim::config::Loaded;
use kilim::life::json_rows;
use kilim::policy::check::{Checked, check};
use kilim::policy::matrix::{Cell, Matrix, matrix, set_told};
use kilim::policy::{NodeFacts, Policies};
use kilim::run::{RunError, node_facts, read_policies};
use serde_json::json;

use crate::args::{PolicyCheckArgs, PolicyCommand, PolicyMatrixArgs};
use crate::work::{self, count, cut, table, wrapped};
use crate::{Exit, cmd_policy_diff, cmd_policy_explain, cmd_policy_prove, cmd_run};

/// Columns of a cell of the matrix, and of its first column.
const SETS: usize = 40;

pub(crate) fn run(path: &Path, command: &PolicyCommand) -> Result<Exit> {
    match command {
        PolicyCommand::Check(args) => run_check(path, args),
        PolicyCommand::Explain(args) => cmd_policy_explain::run(path, args),
        PolicyCommand::Diff(args) => cmd_policy_diff::run(path, args),
        PolicyCommand::Matrix(args) => run_matrix(path, args),
        PolicyCommand::Prove(args) => cmd_policy_prove::run(path, args),
    }
}

/// Policy files as (name, text), from files and folders.
pub(crate) fn files_of(paths: &[PathBuf]) -> Result<Vec<(String, String)>> {
    let mut files = Vec::new();
    for path in paths {
        let unreadable = |error: std::io::Error| {
            RunError::refused(
                format!("{}: {error}", path.display()),
                "name a policy file, or a folder of them",
            )
        };
        let mut found = vec![path.clone()];
        if path.is_dir() {
            let entries = std::fs::read_dir(path).and_then(Iterator::collect::<std::io::Result<Vec<_>>>);
            let entries = entries.map_err(unreadable)?;
            found = entries.into_iter().map(|entry| entry.path()).collect();
            found.retain(|file| file.extension().is_some_and(|extension| extension == "cedar"));
            found.sort();
            if found.is_empty() {
                let problem = format!("{} holds no .cedar file", path.display());
                return Err(RunError::refused(problem, "name a policy file, or a folder of them").into());
            }
        }
        for file in found {
            let text = std::fs::read_to_string(&file).map_err(unreadable)?;
            files.push((file.display().to_string(), text));
        }
    }
    Ok(files)
}

/// A set of policies that a command line names: files or folders, joined by commas; `current` is that of the config.
pub(crate) fn named(loaded: &Loaded, name: &str) -> Result<Arc<Policies>> {
    let mut files = Vec::new();
    for part in name.split(',').filter(|part| !part.is_empty()) {
        if part == "current" {
            files.extend(read_policies(&loaded.config, &loaded.base_dir)?);
        } else {
            files.extend(files_of(&[PathBuf::from(part)])?);
        }
    }
    let policies = Policies::load(&files).map_err(|errors| RunError::Refused {
        problem: errors.to_string(),
        hint: Some("`kilim policy check` says all that is wrong with policies".to_owned()),
    })?;
    Ok(Arc::new(policies))
}

/// The policies to check, and whose questions they answer.
struct Asked {
    files: Vec<(String, String)>,
    nodes: Vec<NodeFacts>,
    places: Vec<String>,
}

fn asked(path: &Path, files: &[PathBuf]) -> Result<Asked> {
    if !files.is_empty() {
        return Ok(Asked { files: files_of(files)?, nodes: Vec::new(), places: Vec::new() });
    }
    let loaded = work::read_config(path)?;
    Ok(Asked {
        files: read_policies(&loaded.config, &loaded.base_dir)?,
        nodes: node_facts(&loaded.config, &loaded.base_dir)?,
        places: vec![loaded.config.runs_at.to_string()],
    })
}

fn run_check(path: &Path, args: &PolicyCheckArgs) -> Result<Exit> {
    let asked = asked(path, &args.files)?;
    let (text, wrong) = match Policies::load(&asked.files) {
        Err(errors) => {
            let list: Vec<String> = errors.iter().map(ToString::to_string).collect();
            let text = if args.json {
                format!("{:#}\n", json!({ "valid": false, "errors": list }))
            } else {
                format!("{errors}\n\nstrict validation  FAILS: {}\n", errors_word(list.len()))
            };
            (text, true)
        }
        Ok(policies) => {
            let checked = check(&policies, &asked.nodes, &asked.places).map_err(anyhow::Error::msg)?;
            let wrong = checked.is_wrong();
            let text = if args.json {
                let (warnings, digest) = (policies.warnings(), policies.digest());
                let found =
                    json!({ "valid": true, "digest": digest, "warnings": warnings, "checked": checked });
                format!("{found:#}\n")
            } else {
                check_told(&policies, &checked, &asked)
            };
            (text, wrong)
        }
    };
    std::io::stdout().lock().write_all(text.as_bytes())?;
    Ok(if wrong { Exit::Findings } else { Exit::Done })
}

fn errors_word(errors: usize) -> String {
    if errors == 1 { "1 error".to_owned() } else { format!("{errors} errors") }
}

fn check_told(policies: &Policies, checked: &Checked, asked: &Asked) -> String {
    let mut out = String::new();
    let files: Vec<&str> = asked.files.iter().map(|(name, _)| name.as_str()).collect();
    let what = format!("{} rules in {}; digest {}", checked.rules.len(), files.join(", "), policies.digest());
    wrapped(&mut out, "", 2, &what);
    out.push('\n');
    wrapped(
        &mut out,
        "types     ",
        10,
        "hold: strict validation against a closed list of attributes, none of them optional",
    );
    let fails = checked.findings.iter().any(|found| found.kind == kilim::policy::check::Kind::Fails);
    let (asks, verdict) =
        (count(checked.asked), if fails { "FAILS: a rule fails" } else { "holds: no rule fails" });
    let totality = format!("{verdict} in {asks} questions to one rule each; so every document has an answer");
    wrapped(&mut out, "totality  ", 10, if fails { verdict } else { &totality });
    let together = match checked.cases {
        Some(cases) => format!("all rules on {} cases that some rule tells apart", count(cases)),
        None => {
            "not looked at: the rules tell too many cases apart; `policy prove` has no such limit".to_owned()
        }
    };
    wrapped(&mut out, "together  ", 10, &together);
    out.push('\n');
    let rows: Vec<Vec<String>> = checked
        .rules
        .iter()
        .map(|rule| {
            let about: Vec<&str> = rule.actions.iter().map(|action| action.as_str()).collect();
            let counts = if rule.counts { "yes" } else { "no" };
            vec![cut(&rule.id, 50), rule.effect.to_owned(), about.join(", "), counts.to_owned()]
        })
        .collect();
    out.push_str(&table(&["rule", "effect", "about", "counts"], &[], &rows));
    out.push('\n');
    for warning in policies.warnings() {
        wrapped(&mut out, "warning ", 8, warning);
    }
    for finding in &checked.findings {
        let level = if finding.kind.is_wrong() { "error " } else { "note  " };
        wrapped(&mut out, level, 6, &format!("`{}` {}", finding.rule, finding.text));
    }
    if checked.findings.is_empty() {
        out.push_str("Nothing was found.\n");
    }
    out.push('\n');
    let tried: Vec<String> = checked
        .values
        .iter()
        .map(|tried| format!("{} {} ({} told apart)", tried.axis.word(), tried.values, tried.distinct))
        .collect();
    wrapped(&mut out, "Tried: ", 7, &tried.join("; "));
    let limits = &checked.limits;
    let countries: Vec<String> =
        limits.countries.iter().map(|country| set_told(&[country.clone()].into())).collect();
    let askers = format!("countries {}, at most {} at once", countries.join(", "), limits.members[0]);
    wrapped(&mut out, "       ", 7, &askers);
    let askers = format!(
        "{} nodes and places: {}every kind of them that a rule tells apart",
        checked.principals,
        if asked.nodes.is_empty() { "" } else { "those of the config, and " }
    );
    wrapped(&mut out, "       ", 7, &askers);
    out
}

fn run_matrix(path: &Path, args: &PolicyMatrixArgs) -> Result<Exit> {
    let loaded = work::read_config(path)?;
    let policies = named(&loaded, "current")?;
    let nodes = node_facts(&loaded.config, &loaded.base_dir)?;
    let seen = cmd_run::runtime(1)?.block_on(seen(path));
    let found = matrix(&policies, &nodes, &seen.clone().unwrap_or_default()).map_err(anyhow::Error::msg)?;
    let Some(found) = found else {
        let hint = "`kilim policy prove` asks about one country and one node";
        return Err(RunError::refused("the rules tell too many kinds of documents apart", hint).into());
    };
    let text = if args.json {
        format!("{:#}\n", json!({ "run_seen": seen.is_some(), "matrix": found }))
    } else {
        matrix_told(&found, seen.is_some())
    };
    std::io::stdout().lock().write_all(text.as_bytes())?;
    Ok(Exit::Done)
}

/// The sets of countries that bind documents of the last run together; none if there was no run.
async fn seen(path: &Path) -> Option<BTreeSet<BTreeSet<String>>> {
    let work = work::open(path).await.ok()?;
    let sql = "SELECT DISTINCT jurisdictions FROM routes WHERE jurisdictions IS NOT NULL";
    let rows = json_rows(work.context(), sql).await.ok()?;
    let sets = rows.iter().filter_map(|row| row.get("jurisdictions")?.as_str());
    Some(
        sets.map(|set| set.split(',').filter(|country| !country.is_empty()).map(str::to_owned).collect())
            .collect(),
    )
}

fn matrix_told(matrix: &Matrix, run_seen: bool) -> String {
    let mut header = vec!["jurisdictions"];
    header.extend(matrix.nodes.iter().map(String::as_str));
    let mut rows = Vec::new();
    let mut lists = Vec::new();
    for row in &matrix.rows {
        let sets: Vec<String> = row.jurisdictions.iter().map(set_told).collect();
        let joined = sets.join(", ");
        let shown = if joined.chars().count() <= SETS {
            joined
        } else {
            lists.push(joined);
            format!("{}, … ({} in all: *{})", sets[..2.min(sets.len())].join(", "), sets.len(), lists.len())
        };
        let mut cells = vec![shown];
        cells.extend(row.cells.iter().map(|cell| match cell {
            Cell::Yes => "yes".to_owned(),
            Cell::No => "no".to_owned(),
            Cell::If(number) => format!("if {}", number + 1),
        }));
        rows.push(cells);
    }
    let mut out = String::from("Which documents may go where, by the countries that bind them\n\n");
    // Nodes that do not fit go into tables of their own.
    let per_table = nodes_per_table(&header, &rows);
    for first in (1..header.len()).step_by(per_table.max(1)) {
        let until = (first + per_table).min(header.len());
        let pick = |cells: &[String]| -> Vec<String> {
            cells[..1].iter().chain(&cells[first..until]).cloned().collect()
        };
        let picked: Vec<&str> = header[..1].iter().chain(&header[first..until]).copied().collect();
        let rows: Vec<Vec<String>> = rows.iter().map(|row| pick(row)).collect();
        out.push_str(&table(&picked, &[], &rows));
        out.push('\n');
    }
    for (number, condition) in matrix.conditions.iter().enumerate() {
        let mut said: Vec<String> =
            condition.values.iter().map(|(word, values)| format!("{word}: {values}")).collect();
        if !condition.together.is_empty() {
            said.push(format!("and it depends on {} together", condition.together.join(" and ")));
        }
        wrapped(&mut out, &format!("if {}: ", number + 1), 6, &said.join("; "));
    }
    for (number, list) in lists.iter().enumerate() {
        wrapped(&mut out, &format!("*{}: ", number + 1), 4, list);
    }
    let pairs = if run_seen {
        "Sets of several countries are those of the last run."
    } else {
        "No run has finished: sets of several countries are not shown."
    };
    let note = "A row holds where near-duplicates are bound by no other country. What a node asks for (languages, \
                personal data) comes after the policies.";
    let _ = writeln!(out);
    wrapped(&mut out, "", 0, &format!("{pairs} {note}"));
    out
}

/// Nodes whose columns fit beside the first one.
fn nodes_per_table(header: &[&str], rows: &[Vec<String>]) -> usize {
    let widest = |column: usize| {
        let cells = rows.iter().map(|row| work::columns(&row[column]));
        cells.chain([work::columns(header[column])]).max().unwrap_or(0) + 2
    };
    let mut left = work::WIDTH.saturating_sub(widest(0) + 2);
    let mut fit = 0;
    for column in 1..header.len() {
        let needs = widest(column);
        if needs > left {
            break;
        }
        left -= needs;
        fit += 1;
    }
    fit
}
