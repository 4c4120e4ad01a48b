//! Tables of rules as a steward names them on a command line.
//!
//! A name is a list, separated by commas, of shipped sets, of `fitted`, of `.csv` files, and of `current`, which is what the
//! steps `filter_quality` of the config ask. As in the config, a later row of one rule and language counts before an earlier
//! one: `current,own.csv` is what the config would be with `own.csv` as its `thresholds`.

use std::path::{Path, PathBuf};

use super::{Asked, TableName, WhatIfError};
use crate::config::Loaded;
use crate::quality::{
    Row, RuleSet, Scope, Signals, shipped_rule_names, shipped_rules, shipped_threshold_names,
    shipped_thresholds,
};
use crate::step::{Resources, StepError};
use crate::steps::StepKind;
use crate::steps::filter_quality::{FilterQuality, add_thresholds};

/// What the config asks.
pub const CURRENT: &str = "current";

/// A table of rules: what a document fails is what it fails of any of its sets.
#[derive(Debug)]
pub struct Table {
    name: TableName,
    /// One for each step `filter_quality`, for two steps may have one rule with two values. None where nothing is asked.
    sets: Vec<RuleSet>,
}

impl Table {
    /// Reads the tables of `name`. Files are relative to `folder`, those of the config to the config.
    pub fn read(name: &str, loaded: &Loaded, folder: &Path) -> Result<Self, WhatIfError> {
        let mut current_tables = Vec::new();
        // The rows of each step; `None` until `current` is met.
        let mut steps: Option<Vec<Vec<Row>>> = None;
        let mut alone: Vec<Row> = Vec::new();
        for part in name.split(',').map(str::trim) {
            if part == CURRENT {
                if steps.is_none() {
                    let (current, tables) = current(loaded)?;
                    current_tables = tables;
                    let with_before = |rows| alone.iter().cloned().chain(rows).collect();
                    steps = Some(current.into_iter().map(with_before).collect());
                }
                continue;
            }
            let rows = named(part, loaded, folder)?;
            for before in steps.iter_mut().flatten().chain([&mut alone]) {
                if shipped_rules(part).is_some() || before.is_empty() {
                    before.extend_from_slice(&rows);
                } else {
                    add_thresholds(before, &rows);
                }
            }
        }
        let sets = match steps {
            Some(steps) if !steps.is_empty() => steps,
            _ => vec![alone],
        };
        let sets = sets.into_iter().map(RuleSet::compile).collect();
        Ok(Self { name: TableName { name: name.to_owned(), current: current_tables }, sets })
    }

    /// Its name.
    pub(super) fn name(&self) -> TableName {
        self.name.clone()
    }

    /// The rules that a document fails, sorted, each once.
    pub(super) fn failed(&self, signals: &Signals, language: &str) -> Vec<&str> {
        let mut failed: Vec<&str> =
            self.sets.iter().flat_map(|set| set.failed(signals, language).failed).collect();
        failed.sort_unstable();
        failed.dedup();
        failed
    }

    /// The rules that judge a language, sorted, each once, and whose they are.
    pub(super) fn asked(&self, language: &str) -> (Vec<&str>, Asked) {
        let (mut rules, mut scope) = (Vec::new(), Scope::Neutral);
        for set in &self.sets {
            let (rows, of_set) = set.asked(language);
            rules.extend(rows.map(|row| row.rule.as_str()));
            scope = scope.max(of_set);
        }
        rules.sort_unstable();
        rules.dedup();
        let asked = Asked { scope, rules: rules.len() as u64 };
        (rules, asked)
    }

    /// Its rows.
    pub(super) fn rows(&self) -> impl Iterator<Item = &Row> {
        self.sets.iter().flat_map(RuleSet::rows)
    }
}

/// The rows of each step `filter_quality` of the config, and the names of their tables.
fn current(loaded: &Loaded) -> Result<(Vec<Vec<Row>>, Vec<String>), WhatIfError> {
    let resources = Resources::new(&loaded.base_dir);
    let (mut steps, mut tables) = (Vec::new(), Vec::new());
    for step in &loaded.config.steps {
        let StepKind::FilterQuality(filter) = &step.kind else { continue };
        tables.extend(filter.rules.iter().cloned());
        tables.extend(filter.thresholds.iter().map(|path| path.display().to_string()));
        steps.push(filter.rows(&resources).map_err(|error| unreadable(error, None))?);
    }
    Ok((steps, tables))
}

/// The rows of one shipped set or file.
fn named(part: &str, loaded: &Loaded, folder: &Path) -> Result<Vec<Row>, WhatIfError> {
    let is_file = Path::new(part).extension().is_some_and(|ending| ending == "csv");
    if let Some(text) = shipped_thresholds(part) {
        let read = RuleSet::read(part, text).map(|set| set.rows().to_vec());
        return read.map_err(|error| WhatIfError::Table { problem: error.to_string(), hint: None });
    }
    if shipped_rules(part).is_none() && !is_file {
        return Err(unknown(part));
    }
    let filter = FilterQuality { rules: vec![part.to_owned()], thresholds: None };
    // What a steward has in the config may be meant to be relative to it here too.
    let beside: PathBuf = loaded.base_dir.join(part);
    let beside = (is_file && beside.is_file()).then_some(beside);
    filter.rows(&Resources::new(folder)).map_err(|error| unreadable(error, beside))
}

fn unknown(part: &str) -> WhatIfError {
    let names = shipped_rule_names();
    let near =
        crate::config::nearest(part, names.iter().copied().chain(shipped_threshold_names()).chain([CURRENT]));
    let hint = near.map_or_else(
        || {
            let sets = names.join(", ");
            format!(
                "a table is `{CURRENT}`, what the config asks; one of {sets}; `fitted`; a file that ends in .csv; or \
                 several of these, separated by commas"
            )
        },
        |near| format!("did you mean `{near}`?"),
    );
    WhatIfError::UnknownTable { name: part.to_owned(), hint }
}

fn unreadable(error: StepError, beside: Option<PathBuf>) -> WhatIfError {
    let problem = error.to_string();
    let hint = match error {
        StepError::Config { hint, .. } => hint,
        StepError::File { .. } => Some(match beside {
            Some(path) => {
                format!("did you mean {}? paths are relative to the current folder", path.display())
            }
            None => "paths are relative to the current folder, those in the config to the config".to_owned(),
        }),
    };
    WhatIfError::Table { problem, hint }
}
