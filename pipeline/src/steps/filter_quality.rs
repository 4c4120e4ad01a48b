//! Rejects documents by rules on their signals, with thresholds for each language.
//!
//! # What it does
//! Compares the signals that `measure_quality` wrote with a table of rules and rejects a document that fails any. Every rule
//! it fails is a reason with its signal, its value and the threshold, so that the report can say what each rule costs. `rules`
//! names shipped sets (`gopher_quality`, `gopher_repetition`, `c4`, `fineweb`, `fineweb2`, `dclm`) or tables of one's own;
//! rows of `thresholds` count before rows of the same rule and language, and `off` takes a rule away. `thresholds: fitted` is
//! the shipped table of values for 215 languages; rows of shipped sets that are not in `rules` count for nothing.
//!
//! # Why
//! A threshold is a judgement about a language. As a row of a table it can be read, argued about and changed by those who
//! speak it.
//!
//! # Precedent
//! The filters of Gopher, C4, FineWeb, FineWeb-2 and DCLM, as datatrove and DCLM apply them. FineWeb-2 has a file of
//! thresholds for each of 1,900 languages. `kilim fit-thresholds` makes such rows from text of a language that one trusts.
//!
//! # Across languages
//! For each rule the most specific row counts: that of the language (`swa_Latn`), else that of its script (`*_Latn`), else
//! `*`. Values that were found on English text stand under English: a language without rows is judged by the neutral ones
//! alone, and `kilim report` says which ones were.
//!
//! # Example
//! ```yaml
//! filter_quality: { rules: [gopher_quality, gopher_repetition], thresholds: fitted }
//! ```

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use garde::Validate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::document::Page;
use crate::quality::{
    Row, RuleSet, SIGNAL_SET, Signals, shipped_rule_names, shipped_rules, shipped_threshold_names,
    shipped_thresholds,
};
use crate::step::{DocumentStep, DocumentStepConfig, Resources, StepError};

/// Rejects documents by rules on their signals, with thresholds for each language.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct FilterQuality {
    /// Names of shipped sets, or tables of one's own that end in `.csv`, relative to the config; all of them count.
    #[garde(length(min = 1))]
    pub rules: Vec<String>,
    /// A table of rows that count before those of the sets, relative to the config; `fitted` is the shipped one.
    #[serde(default)]
    #[garde(skip)]
    pub thresholds: Option<PathBuf>,
}

impl FilterQuality {
    /// The tables by name, with their text, in the order in which they count.
    fn tables(&self, resources: &Resources) -> Result<Vec<(String, String)>, StepError> {
        let read = |path: &Path| {
            Ok::<_, StepError>((resources.path(path).display().to_string(), resources.read_text(path)?))
        };
        let mut tables = Vec::new();
        for name in &self.rules {
            let table = match shipped_rules(name) {
                Some(text) => (name.clone(), text.to_owned()),
                None if Path::new(name).extension().is_some_and(|ending| ending == "csv") => {
                    read(Path::new(name))?
                }
                None => return Err(unknown("rule set", name, &shipped_rule_names())),
            };
            tables.push(table);
        }
        if let Some(thresholds) = &self.thresholds {
            let name = thresholds.display().to_string();
            tables.push(match shipped_thresholds(&name) {
                Some(text) => (name, text.to_owned()),
                None if thresholds.extension().is_none() => {
                    return Err(unknown("table of thresholds", &name, &shipped_threshold_names()));
                }
                None => read(thresholds)?,
            });
        }
        Ok(tables)
    }

    /// The rules that the step asks, of all its tables.
    pub fn rule_set(&self, resources: &Resources) -> Result<RuleSet, StepError> {
        Ok(RuleSet::compile(self.rows(resources)?))
    }

    /// The rows of all its tables, in the order in which they count.
    pub(crate) fn rows(&self, resources: &Resources) -> Result<Vec<Row>, StepError> {
        let mut rows: Vec<Row> = Vec::new();
        for (index, (table, text)) in self.tables(resources)?.into_iter().enumerate() {
            let set = RuleSet::read(&table, &text)
                .map_err(|error| StepError::Config { problem: error.to_string(), hint: None })?;
            if index < self.rules.len() {
                rows.extend_from_slice(set.rows());
            } else {
                add_thresholds(&mut rows, set.rows());
            }
        }
        Ok(rows)
    }
}

/// Adds thresholds to rows. One table of them serves all shipped sets: what it has for a set that is not asked must not become
/// a rule.
pub(crate) fn add_thresholds(rows: &mut Vec<Row>, thresholds: &[Row]) {
    let asked: BTreeSet<String> = rows.iter().map(|row| row.rule.clone()).collect();
    let counts = |row: &&Row| asked.contains(&row.rule) || !SHIPPED_RULES.contains(&row.rule);
    rows.extend(thresholds.iter().filter(counts).cloned());
}

/// The rules of all shipped sets.
static SHIPPED_RULES: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let sets =
        shipped_rule_names().into_iter().filter_map(|name| RuleSet::read(name, shipped_rules(name)?).ok());
    sets.flat_map(|set| set.rows().iter().map(|row| row.rule.clone()).collect::<Vec<_>>()).collect()
});

fn unknown(what: &str, name: &str, names: &[&str]) -> StepError {
    let near = crate::config::nearest(name, names.iter().copied());
    let hint = near.map_or_else(
        || format!("there is {}; a table of your own ends in .csv", names.join(", ")),
        |near| format!("did you mean `{near}`?"),
    );
    StepError::Config { problem: format!("there is no {what} `{name}`"), hint: Some(hint) }
}

impl DocumentStepConfig for FilterQuality {
    const VERSION: u32 = 3;

    fn build(&self, resources: &Resources) -> Result<Box<dyn DocumentStep>, StepError> {
        Ok(Box::new(FilterStep { rules: self.rule_set(resources)? }))
    }

    fn digests(&self, resources: &Resources) -> Result<Vec<(String, String)>, StepError> {
        let tables = self.tables(resources)?;
        let names = self.rules.iter().map(String::as_str).chain(["thresholds"]);
        let digests = names.zip(&tables).map(|(name, (_, text))| {
            (
                format!("filter_quality {SIGNAL_SET} {name}"),
                blake3::hash(text.as_bytes()).to_hex().to_string(),
            )
        });
        Ok(digests.collect())
    }
}

struct FilterStep {
    rules: RuleSet,
}

impl DocumentStep for FilterStep {
    fn apply(&mut self, page: &mut Page<'_>) {
        let Some(signals) = page.signals else { return };
        let lang = page.language.as_ref().map(|found| found.lang.collapsed().to_string()).unwrap_or_default();
        let verdict = self.rules.failed(&signals, &lang);
        for row in verdict.rows {
            page.reject(row.rule.clone(), Some(told(row, &signals)));
        }
    }
}

/// What was compared with what, and whose row it was: `words=48 <50 (*)`.
fn told(row: &Row, signals: &Signals) -> String {
    // To four places, without zeros at the end.
    let value = ((row.signal.get)(signals) * 10_000.0).round() / 10_000.0;
    let limit = row.value.unwrap_or_default();
    format!("{}={value} {}{limit} ({})", row.signal.name, row.op.text(), row.language)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Language;
    use crate::steps::measure_quality::MeasureQuality;

    const SHORT: &str = "Habari ya leo asubuhi. Watoto wanacheza.";

    fn reasons(config: &FilterQuality, resources: &Resources, lang: &str, text: &str) -> Vec<String> {
        let mut page =
            Page { text: text.to_owned(), language: Some(Language::certain(lang)), ..Page::default() };
        MeasureQuality::default().build(resources).unwrap().apply(&mut page);
        config.build(resources).unwrap().apply(&mut page);
        page.reasons
            .iter()
            .map(|reason| format!("{}: {}", reason.code, reason.detail.as_ref().unwrap()))
            .collect()
    }

    fn config(rules: &[&str], thresholds: Option<&str>) -> FilterQuality {
        FilterQuality {
            rules: rules.iter().map(|name| (*name).to_owned()).collect(),
            thresholds: thresholds.map(PathBuf::from),
        }
    }

    fn refusal(config: &FilterQuality, resources: &Resources) -> String {
        let error = config.build(resources).err().unwrap();
        format!("{error} {error:?}")
    }

    #[test]
    fn every_rule_that_fails_is_a_reason_with_its_threshold() {
        let folder = tempfile::tempdir().unwrap();
        let rules = "language,rule,signal,op,value,source\n\
            *,few_words,words,<,20,own\n*,few_sentences,sentences,<,5,own\n*,long,words,>,1000,own\n";
        std::fs::write(folder.path().join("own.csv"), rules).unwrap();
        let resources = Resources::new(folder.path());
        let found = reasons(&config(&["own.csv"], None), &resources, "swa_Latn", SHORT);
        assert_eq!(found, ["few_words: words=6 <20 (*)", "few_sentences: sentences=2 <5 (*)"]);
    }

    #[test]
    fn a_language_has_thresholds_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let rules = "language,rule,signal,op,value,source\n*,few_words,words,<,20,own\n";
        std::fs::write(folder.path().join("own.csv"), rules).unwrap();
        let own = "language,rule,signal,op,value,source\nswa_Latn,few_words,words,<,5,fitted\nluo_Latn,few_words,words,<,off,asked\n";
        std::fs::write(folder.path().join("thresholds.csv"), own).unwrap();
        let resources = Resources::new(folder.path());
        let config = config(&["own.csv"], Some("thresholds.csv"));
        assert!(reasons(&config, &resources, "swa_Latn", SHORT).is_empty());
        assert!(reasons(&config, &resources, "luo_Latn", SHORT).is_empty());
        assert_eq!(reasons(&config, &resources, "kam_Latn", SHORT).len(), 1);
        // A model may name the member of a macrolanguage, and so may a table.
        assert!(reasons(&config, &resources, "swh_Latn", SHORT).is_empty());
    }

    #[test]
    fn shipped_sets_are_read_and_a_misspelt_one_is_guessed() {
        let resources = Resources::new(Path::new("."));
        for name in shipped_rule_names() {
            assert!(config(&[name], None).build(&resources).is_ok(), "{name}");
        }
        assert!(
            refusal(&config(&["gopher_qality"], None), &resources).contains("did you mean `gopher_quality`")
        );
    }

    #[test]
    fn the_shipped_thresholds_are_named_and_count_for_the_sets_that_are_asked_only() {
        let resources = Resources::new(Path::new("."));
        let rules = |sets: &[&str]| config(sets, Some("fitted")).rule_set(&resources).unwrap();
        let alone = rules(&["gopher_quality"]);
        assert!(alone.has_rows_of("ita_Latn"), "the shipped table has Italian");
        assert!(alone.rows().iter().all(|row| row.rule.starts_with("gopher_")));
        assert!(rules(&["dclm"]).rows().iter().all(|row| row.rule.starts_with("dclm_")));
        let said = refusal(&config(&["gopher_quality"], Some("fited")), &resources);
        assert!(said.contains("did you mean `fitted`"), "{said}");
    }

    #[test]
    fn a_table_that_names_no_signal_is_refused_with_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let rules = "language,rule,signal,op,value,source\n*,few_words,wrods,<,20,own\n";
        std::fs::write(folder.path().join("own.csv"), rules).unwrap();
        let resources = Resources::new(folder.path());
        let said = refusal(&config(&["own.csv"], None), &resources);
        assert!(said.contains("own.csv:2") && said.contains("did you mean `words`"), "{said}");
        assert!(refusal(&config(&["missing.csv"], None), &resources).contains("missing.csv"));
    }
}
