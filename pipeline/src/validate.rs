//! Everything that can be known to be wrong with a config before a byte is read. Never touches the network.
//!
//! The config's own reader knows shapes and references. Here it is told what stands outside the file: the table of
//! blocs on the config's day, the labels of its language identifier. And what the config names is tried: its policies,
//! its seed lists and models, the SQL of its checks against tables without rows.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use jiff::civil::Date;
use kilim_langid::{Identifier, supports};
use serde::Deserialize;

use crate::config::{Known, Loaded, Report, validate_file_with};
use crate::ledger::Ledger;
use crate::policy::{Blocs, Policies, SHIPPED_BLOCS};
use crate::run::in_memory::hold_stages;
use crate::run::{Prepared, RunError, prepare_rules};
use crate::step::Resources;
use crate::steps::identify_language::IdentifyLanguage;

/// The part of a config that says what it may refer to; read leniently, before the config itself is.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Peek {
    as_of: serde_json::Value,
    blocs: serde_json::Value,
    steps: serde_json::Value,
}

/// What stands outside a config.
struct Outside {
    blocs: Blocs,
    as_of: Date,
    identifier: Option<Arc<dyn Identifier>>,
}

impl Outside {
    /// What the config at `path` refers to. Where that cannot be read, the built-in tables: the reader says why.
    fn of(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let peek: Peek = serde_saphyr::from_str(&text).unwrap_or_default();
        let base_dir = path.parent().unwrap_or(Path::new(""));
        let own = peek.blocs.as_str().and_then(|file| std::fs::read_to_string(base_dir.join(file)).ok());
        let blocs = own.and_then(|text| Blocs::parse(&text).ok());
        let steps = peek.steps.as_array().into_iter().flatten();
        let mut identifiers = steps.filter_map(|step| step.get("identify_language"));
        let identifier = identifiers.next().and_then(|step| {
            let step: IdentifyLanguage = serde_json::from_value(step.clone()).ok()?;
            step.identifier(&Resources::new(base_dir)).ok()
        });
        Self {
            blocs: blocs
                .unwrap_or_else(|| Blocs::parse(SHIPPED_BLOCS).expect("a test reads the shipped table")),
            as_of: peek.as_of.as_str().and_then(|day| day.parse().ok()).unwrap_or(Date::MAX),
            identifier,
        }
    }
}

/// Reads the config at `path` for a run, with what it refers to outside itself: as
/// [`validate_file`](crate::config::validate_file), and languages and blocs are those of its engine and its table.
pub fn read_config(path: &Path, node: Option<&str>) -> Report {
    let outside = Outside::of(path);
    let members =
        |bloc: &str| -> BTreeSet<String> { outside.blocs.expand(&[bloc.to_owned()], outside.as_of) };
    let known = Known {
        is_language: &|code| {
            outside.identifier.as_ref().is_none_or(|identifier| supports(identifier.as_ref(), code))
        },
        is_bloc: &|name| outside.blocs.contains(name),
        is_member: &|bloc, country| outside.blocs.contains(bloc) && members(bloc).contains(country),
    };
    validate_file_with(path, node, &known)
}

/// What is wrong with what a config names.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Problem {
    /// `policy`, `input`, `step` or `check`.
    pub about: &'static str,
    /// Whether it lets the config run.
    pub warning: bool,
    /// What is wrong and where, in words for people.
    pub text: String,
}

/// What a valid config names, tried out.
pub struct Tried {
    /// Everything found, in the order in which it was tried.
    pub problems: Vec<Problem>,
    /// Ready for the tests of the config, if nothing was wrong.
    pub prepared: Option<Prepared>,
}

/// Tries what `loaded` names: policies, seeds, blocs, models, and the SQL of its checks.
pub async fn try_out(loaded: &Loaded, node: Option<&str>) -> Result<Tried, RunError> {
    let mut problems = policies(loaded);
    if problems.iter().any(|problem| !problem.warning) {
        return Ok(Tried { problems, prepared: None });
    }
    let prepared = match prepare_rules(loaded, node) {
        Ok(prepared) => prepared,
        Err(error) => {
            let hint = error.hint().map(|hint| format!("\nhint: {hint}")).unwrap_or_default();
            problems.push(Problem { about: "input", warning: false, text: format!("{error}{hint}") });
            return Ok(Tried { problems, prepared: None });
        }
    };
    problems.extend(steps(&prepared));
    problems.extend(checks(&prepared).await?);
    Ok(Tried { problems, prepared: Some(prepared) })
}

/// The policies, with their files as a steward knows them.
fn policies(loaded: &Loaded) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut files = Vec::new();
    for path in &loaded.config.policies {
        let full = loaded.base_dir.join(path);
        match std::fs::read_to_string(&full) {
            Ok(text) => files.push((full.display().to_string(), text)),
            Err(error) => {
                let text = format!("{}: cannot be read: {error}", full.display());
                problems.push(Problem { about: "policy", warning: false, text });
            }
        }
    }
    if !problems.is_empty() {
        return problems;
    }
    let found = |warning| move |text: String| Problem { about: "policy", warning, text };
    match Policies::load(&files) {
        Ok(policies) => policies.warnings().iter().cloned().map(found(true)).collect(),
        Err(errors) => errors.iter().map(ToString::to_string).map(found(false)).collect(),
    }
}

/// Whether every step can be made ready.
fn steps(prepared: &Prepared) -> Vec<Problem> {
    let resources = Resources::new(&prepared.base_dir);
    let broken = prepared.steps.iter().filter_map(|step| {
        let error = step.kind.build(&resources).err()?;
        Some(Problem { about: "step", warning: false, text: format!("step `{}`: {error}", step.id) })
    });
    broken.collect()
}

/// Plans the SQL of the checks against tables without rows: an unknown column is found, nothing is run.
async fn checks(prepared: &Prepared) -> Result<Vec<Problem>, RunError> {
    if prepared.config.checks.is_empty() {
        return Ok(Vec::new());
    }
    let engine = crate::config_tests::small_engine()?;
    let context = engine.context();
    hold_stages(context, prepared, Vec::new()).await?;
    Ledger::register_empty(context).await.map_err(RunError::stage("ledger"))?;
    let mut problems = Vec::new();
    for check in &prepared.config.checks {
        let planned = match context.sql(&check.sql).await {
            Ok(frame) => frame.create_physical_plan().await.map(|_| ()),
            Err(error) => Err(error),
        };
        if let Err(error) = planned {
            let text = format!("check \"{}\": {}", check.name, error.strip_backtrace());
            problems.push(Problem { about: "check", warning: false, text });
        }
    }
    Ok(problems)
}
