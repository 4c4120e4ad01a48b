//! Reads the thresholds that FineWeb-2 published for each language.
//!
//! # What it does
//! FineWeb-2 (Penedo et al. 2025; github.com/huggingface/fineweb-2, Apache-2.0) has a file `configs/swa_Latn.yml` for
//! each of 1,929 languages, all with the same ten keys. [`import_fineweb2`] turns one into rows of rules, under the ids
//! of `configs/rules/fineweb2.csv`, so that they count before the neutral ones, and gives its stop words. Its labels are
//! finer than ours: files of one macrolanguage (`arb_Arab`, `ary_Arab`) become one language, and of each rule the loosest
//! value stands, so that none of them is judged by the threshold of another ([`join_fineweb2`]).
//!
//! # Across languages
//! These values were fitted on the tokens of datatrove's tokenizers and on Trafilatura's text; by other tokens they say
//! something else. They are a start, not a truth: fit them again on trusted text of the language where there is some.
//!
//! `max_non_alpha_words_ratio` is, in spite of its name, the least share of tokens with a letter.

use std::collections::BTreeMap;

use serde::Deserialize;
use thiserror::Error;

use super::rules::{Op, Row, RowProblem};
use super::table_language;

/// A file of FineWeb-2.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    dup_line_frac: f64,
    dup_n_grams: Vec<(u32, f64)>,
    language_score: f64,
    line_punct_thr: f64,
    max_avg_word_length: f64,
    max_non_alpha_words_ratio: f64,
    min_avg_word_length: f64,
    new_line_ratio: f64,
    stopwords: Vec<String>,
    top_n_grams: Vec<(u32, f64)>,
}

/// What a file of FineWeb-2 says of its language.
#[derive(Debug, Clone)]
pub struct Imported {
    /// Thresholds.
    pub rows: Vec<Row>,
    /// Words of which at least two different ones should occur.
    pub stop_words: Vec<String>,
    /// The least confidence of GlotLID that FineWeb-2 accepts. It is no signal: language identification comes earlier.
    pub language_score: f64,
}

/// A file that is not one of FineWeb-2.
#[derive(Debug, Error)]
pub enum ImportError {
    /// Not YAML, or other keys.
    #[error("thresholds of {language}: {reason}")]
    File {
        /// The language.
        language: String,
        /// What the parser says.
        reason: String,
    },
    /// A value that no rule can have.
    #[error("thresholds of {language}, {key}: {problem}")]
    Value {
        /// The language.
        language: String,
        /// The key in the file.
        key: String,
        /// What is wrong with it.
        problem: RowProblem,
    },
}

/// Reads a file of FineWeb-2 for a language such as `swa_Latn`.
pub fn import_fineweb2(language: &str, yml: &str) -> Result<Imported, ImportError> {
    let file: File = serde_saphyr::from_str(yml)
        .map_err(|error| ImportError::File { language: language.to_owned(), reason: error.to_string() })?;
    let mut rows = Vec::new();
    let mut add = |key: &str, rule: &str, signal: &str, op: &str, value: f64| {
        // datatrove does not ask a rule whose value is 0, and -1 turns off the punctuation of lines.
        let text = if value <= 0.0 { "off".to_owned() } else { value.to_string() };
        let source = format!("FineWeb-2 {language}.yml {key}");
        let row = Row::new(language, &format!("fineweb2_{rule}"), signal, op, &text, &source);
        rows.push(row.map_err(|problem| ImportError::Value {
            language: language.to_owned(),
            key: key.to_owned(),
            problem,
        })?);
        Ok(())
    };
    add("dup_line_frac", "duplicate_lines", "duplicate_line_share", ">", file.dup_line_frac)?;
    for (n, value) in file.top_n_grams {
        add("top_n_grams", &format!("top_{n}_gram"), &format!("top_{n}_gram_char_share"), ">", value)?;
    }
    for (n, value) in file.dup_n_grams {
        let (rule, signal) = (format!("duplicate_{n}_grams"), format!("duplicate_{n}_gram_char_share"));
        add("dup_n_grams", &rule, &signal, ">", value)?;
    }
    add("line_punct_thr", "few_ended_lines", "terminal_line_share", "<", file.line_punct_thr)?;
    add("new_line_ratio", "many_newlines", "newlines_per_token", ">", file.new_line_ratio)?;
    add("min_avg_word_length", "short_words", "mean_word_chars", "<", file.min_avg_word_length)?;
    add("max_avg_word_length", "long_words", "mean_word_chars", ">", file.max_avg_word_length)?;
    let key = "max_non_alpha_words_ratio";
    add(key, "few_letters", "alphabetic_token_share", "<", file.max_non_alpha_words_ratio)?;
    Ok(Imported { rows, stop_words: file.stopwords, language_score: file.language_score })
}

/// What files of FineWeb-2 say together.
#[derive(Debug, Clone, Default)]
pub struct Joined {
    /// Thresholds, by language and in the order of the files' keys.
    pub rows: Vec<Row>,
    /// Stop words by language; a word of several files is there once, with the first of them.
    pub stop_words: BTreeMap<String, Vec<(String, String)>>,
}

/// Joins the files of several languages, by [`table_language`]; their order does not matter.
pub fn join_fineweb2(files: impl IntoIterator<Item = (String, Imported)>) -> Joined {
    let mut files: Vec<(String, Imported)> = files.into_iter().collect();
    files.sort_by(|a, b| a.0.cmp(&b.0));
    let mut by_language: BTreeMap<String, Vec<Row>> = BTreeMap::new();
    let mut stop_words: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    for (label, imported) in files {
        for language in languages(&label) {
            let rows = by_language.entry(language.clone()).or_default();
            for row in &imported.rows {
                let row = Row { language: language.clone(), ..row.clone() };
                match rows.iter_mut().find(|other| other.rule == row.rule) {
                    Some(other) if looser(&row, other) => *other = row,
                    Some(_) => {}
                    None => rows.push(row),
                }
            }
            let words = stop_words.entry(language).or_default();
            for word in &imported.stop_words {
                if !words.iter().any(|(other, _)| other == word) {
                    words.push((word.clone(), format!("FineWeb-2 {label}.yml stopwords")));
                }
            }
        }
    }
    Joined { rows: by_language.into_values().flatten().collect(), stop_words }
}

/// Our languages for a label of FineWeb-2. It does not tell simplified from traditional characters: `cmn_Hani`
/// is both, and what an engine calls Chinese without telling them apart too.
fn languages(label: &str) -> Vec<String> {
    let language = table_language(label);
    match language.strip_suffix("_Hani") {
        Some(code) => ["Hani", "Hans", "Hant"].map(|script| format!("{code}_{script}")).to_vec(),
        None => vec![language],
    }
}

/// Whether fewer documents fail `row` than `other`, which asks the same of the same signal.
fn looser(row: &Row, other: &Row) -> bool {
    match (row.value, other.value) {
        (_, None) => false,
        (None, Some(_)) => true,
        (Some(value), Some(other)) => match row.op {
            Op::Below | Op::AtMost => value < other,
            Op::Above | Op::AtLeast => value > other,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quality::{RuleSet, Signals};

    /// In the form of FineWeb-2's files; the values are ours.
    const YML: &str = r#"dup_line_frac: 0.31
dup_n_grams:
- - 5
  - 0.17
- - 6
  - 0.16
- - 7
  - 0.15
- - 8
  - 0.14
- - 9
  - 0.13
- - 10
  - 0.12
language_score: 0.7
line_punct_thr: -1
max_avg_word_length: 12
max_non_alpha_words_ratio: 0.75
min_avg_word_length: 0
new_line_ratio: 1.25
stopwords:
- "\u0E43\u0E19"
- 'y'
- na
- '،'
top_n_grams:
- - 2
  - 0.2
- - 3
  - 0.19
- - 4
  - 0.18
"#;

    #[test]
    fn a_file_becomes_rows_and_stop_words() {
        let imported = import_fineweb2("swa_Latn", YML).unwrap();
        assert_eq!(imported.stop_words, ["ใน", "y", "na", "،"]);
        assert!((imported.language_score - 0.7).abs() < 1e-9);
        assert_eq!(imported.rows.len(), 15);
        let value = |rule: &str| imported.rows.iter().find(|row| row.rule == rule).unwrap().value;
        assert_eq!(value("fineweb2_duplicate_7_grams"), Some(0.15));
        assert_eq!(value("fineweb2_many_newlines"), Some(1.25));
        assert_eq!(value("fineweb2_few_ended_lines"), None);
        assert_eq!(value("fineweb2_short_words"), None);
    }

    #[test]
    fn imported_rows_count_before_the_neutral_ones() {
        let table = include_str!("../../../configs/rules/fineweb2.csv");
        let rules = RuleSet::read("fineweb2.csv", table).unwrap();
        let imported = import_fineweb2("swa_Latn", YML).unwrap();
        let without_neutral =
            ["short_words", "long_words", "few_letters", "few_ended_lines", "many_newlines"];
        for row in &imported.rows {
            let neutral = rules.rows().iter().any(|neutral| neutral.rule == row.rule);
            let name = row.rule.strip_prefix("fineweb2_").unwrap();
            assert!(neutral != without_neutral.contains(&name), "{}", row.rule);
        }
        let rules = rules.with(imported.rows);
        let signals = Signals {
            words: 100,
            duplicate_line_share: 0.305,
            alphabetic_token_share: 1.0,
            ..Signals::default()
        };
        let verdict = |language| rules.failed(&signals, language);
        assert!(!verdict("swa_Latn").failed.contains(&"fineweb2_duplicate_lines"));
        assert!(verdict("hau_Latn").failed.contains(&"fineweb2_duplicate_lines"));
        assert!(verdict("swa_Latn").language_has_rows && !verdict("hau_Latn").language_has_rows);
    }

    #[test]
    fn members_of_a_macrolanguage_share_the_loosest_value() {
        let moroccan = YML
            .replace("dup_line_frac: 0.31", "dup_line_frac: 0.4")
            .replace("max_avg_word_length: 12", "max_avg_word_length: 11")
            .replace("new_line_ratio: 1.25", "new_line_ratio: 0")
            .replace("max_non_alpha_words_ratio: 0.75", "max_non_alpha_words_ratio: 0.7")
            .replace("- na\n", "- ديال\n");
        let files = [("arb_Arab", YML), ("ary_Arab", &moroccan), ("hau_Latn", YML)];
        let read = |(label, yml): (&str, &str)| (label.to_owned(), import_fineweb2(label, yml).unwrap());
        let joined = join_fineweb2(files.map(read));
        let backwards = files.into_iter().rev().map(read);
        let there = |joined: &Joined| joined.rows.iter().map(|row| format!("{row:?}")).collect::<Vec<_>>();
        assert_eq!(there(&joined), there(&join_fineweb2(backwards)));
        assert_eq!(joined.rows.len(), 30);
        let row = |rule: &str| {
            joined
                .rows
                .iter()
                .find(|row| row.language == "ara_Arab" && row.rule == format!("fineweb2_{rule}"))
        };
        assert_eq!(row("duplicate_lines").unwrap().value, Some(0.4));
        assert_eq!(row("duplicate_lines").unwrap().source, "FineWeb-2 ary_Arab.yml dup_line_frac");
        assert_eq!(row("long_words").unwrap().value, Some(12.0));
        assert_eq!(row("many_newlines").unwrap().value, None);
        assert_eq!(row("few_letters").unwrap().value, Some(0.7));
        let words: Vec<&str> = joined.stop_words["ara_Arab"].iter().map(|(word, _)| word.as_str()).collect();
        assert_eq!(words, ["ใน", "y", "na", "،", "ديال"]);
        let chinese = join_fineweb2([read(("cmn_Hani", YML))]);
        assert_eq!(chinese.stop_words.keys().collect::<Vec<_>>(), ["zho_Hani", "zho_Hans", "zho_Hant"]);
    }

    #[test]
    fn other_files_are_refused() {
        assert!(import_fineweb2("swa_Latn", "dup_line_frac: 0.3\n").is_err());
        let wrong = YML.replace("dup_line_frac: 0.31", "dup_line_frac: 31");
        let error = import_fineweb2("swa_Latn", &wrong).unwrap_err().to_string();
        assert_eq!(
            error,
            "thresholds of swa_Latn, dup_line_frac: 31 is out of the range of duplicate_line_share, 0 to 1"
        );
    }
}
