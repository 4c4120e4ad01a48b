//! What is known of each language: stop words from a table `language,word,source`, and medians from another,
//! `language,numbers,punctuation,symbols,source`.

use std::collections::BTreeMap;

use thiserror::Error;

use super::measure::{LanguageProfile, StopWords};
use super::rules::csv_lines;
use super::table_language;
use super::web_docs::Medians;

const COLUMNS: [&str; 3] = ["language", "word", "source"];
const MEDIAN_COLUMNS: [&str; 5] = ["language", "numbers", "punctuation", "symbols", "source"];

/// A table of stop words or medians that cannot be used, and where.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("{table}:{line}: {reason}")]
pub struct ProfileError {
    /// The table.
    pub table: String,
    /// Its line, from 1.
    pub line: u64,
    /// What is wrong.
    pub reason: String,
}

/// Profiles by language, as in `swa_Latn`. A language that is not among them has the default one.
#[derive(Debug, Clone, Default)]
pub struct Profiles {
    languages: BTreeMap<String, LanguageProfile>,
    unknown: LanguageProfile,
}

impl Profiles {
    /// Reads a table of stop words; `table` names it in errors. Lines that begin with `#` are comments.
    pub fn read_stop_words(table: &str, text: &str) -> Result<Self, ProfileError> {
        let error =
            |line, reason: &str| ProfileError { table: table.to_owned(), line, reason: reason.to_owned() };
        let mut words: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (index, (line, record)) in csv_lines(text).enumerate() {
            let record = record.map_err(|source| error(line, &source.to_string()))?;
            if index == 0 {
                if record != COLUMNS[..] {
                    return Err(error(line, &format!("the columns are not {}", COLUMNS.join(","))));
                }
                continue;
            }
            if record.len() != COLUMNS.len() || record.iter().any(str::is_empty) {
                return Err(error(line, "an empty field, or not three"));
            }
            let of_language = words.entry(table_language(&record[0])).or_default();
            if of_language.iter().any(|word| *word == record[1]) {
                return Err(error(
                    line,
                    &format!("`{}` is already a stop word of {}", &record[1], &record[0]),
                ));
            }
            of_language.push(record[1].to_owned());
        }
        let mut profiles = Self::default();
        for (language, words) in words {
            profiles.set_stop_words(&language, StopWords::new(words.iter().map(String::as_str)));
        }
        Ok(profiles)
    }

    /// Adds medians by language from a table; `table` names it in errors. Lines that begin with `#` are comments.
    pub fn read_medians(&mut self, table: &str, text: &str) -> Result<(), ProfileError> {
        let mut first_lines: BTreeMap<String, u64> = BTreeMap::new();
        for (index, (line, record)) in csv_lines(text).enumerate() {
            let error = |reason: String| ProfileError { table: table.to_owned(), line, reason };
            let record = record.map_err(|source| error(source.to_string()))?;
            if index == 0 {
                if record != MEDIAN_COLUMNS[..] {
                    return Err(error(format!("the columns are not {}", MEDIAN_COLUMNS.join(","))));
                }
                continue;
            }
            if record.len() != MEDIAN_COLUMNS.len() || record.iter().any(str::is_empty) {
                return Err(error("an empty field, or not five".to_owned()));
            }
            let number = |column: usize| record[column].parse().unwrap_or(f64::NAN);
            let Some(medians) = Medians::new(number(1), number(2), number(3)) else {
                return Err(error("medians are numbers above 0".to_owned()));
            };
            let language = table_language(&record[0]);
            if let Some(first) = first_lines.insert(language.clone(), line) {
                return Err(error(format!("medians of {language} are already on line {first}")));
            }
            self.set_medians(&language, medians);
        }
        Ok(())
    }

    /// Gives a language stop words, or other ones.
    pub fn set_stop_words(&mut self, language: &str, words: StopWords) {
        self.languages.entry(language.to_owned()).or_default().stop_words = Some(words);
    }

    /// Gives a language its medians.
    pub fn set_medians(&mut self, language: &str, medians: Medians) {
        self.languages.entry(language.to_owned()).or_default().medians = medians;
    }

    /// What is known of a language.
    pub fn get(&self, language: &str) -> &LanguageProfile {
        self.languages.get(language).unwrap_or(&self.unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_languages_with_a_list_have_stop_words() {
        let table = "language,word,source\nswa_Latn,na,own\nswa_Latn,ya,own\n";
        let profiles = Profiles::read_stop_words("stop_words.csv", table).unwrap();
        assert_eq!(profiles.get("swa_Latn").stop_words, Some(StopWords::new(["ya", "na"])));
        assert_eq!(profiles.get("tha_Thai"), &LanguageProfile::default());
    }

    #[test]
    fn a_member_of_a_macrolanguage_has_its_words_under_the_code_of_documents() {
        let table = "language,word,source\nswh_Latn,na,own\n";
        let profiles = Profiles::read_stop_words("stop_words.csv", table).unwrap();
        assert_eq!(profiles.get("swa_Latn").stop_words, Some(StopWords::new(["na"])));
    }

    #[test]
    fn medians_are_added_to_stop_words_and_the_rest_has_the_reference() {
        let mut profiles =
            Profiles::read_stop_words("s.csv", "language,word,source\nswa_Latn,na,own\n").unwrap();
        let table = "# own\nlanguage,numbers,punctuation,symbols,source\nzho_Hans,3.9,9.5,0.9,own\nswh_Latn,1.1,2.6,0.2,own\n";
        profiles.read_medians("m.csv", table).unwrap();
        assert_eq!(
            profiles.get("zho_Hans").medians.values().map(|value| value.to_string()),
            ["3.9", "9.5", "0.9"]
        );
        assert_eq!(
            profiles.get("swa_Latn").medians.values().map(|value| value.to_string()),
            ["1.1", "2.6", "0.2"]
        );
        assert!(profiles.get("swa_Latn").stop_words.is_some());
        assert_eq!(profiles.get("tha_Thai").medians, Medians::default());
    }

    #[test]
    fn wrong_medians_say_where() {
        let header = "language,numbers,punctuation,symbols,source\n";
        for (rows, message) in [
            ("zho_Hans,NaN,9.5,0.9,own\n", "m.csv:2: medians are numbers above 0"),
            ("zho_Hans,3.9,0,0.9,own\n", "m.csv:2: medians are numbers above 0"),
            ("zho_Hans,3.9,9.5,own\n", "m.csv:2: an empty field, or not five"),
            (
                "swa_Latn,1,2,3,own\nswh_Latn,1,2,3,own\n",
                "m.csv:3: medians of swa_Latn are already on line 2",
            ),
        ] {
            let table = header.to_owned() + rows;
            let error = Profiles::default().read_medians("m.csv", &table).unwrap_err();
            assert_eq!(error.to_string(), message);
        }
    }

    #[test]
    fn wrong_tables_say_where() {
        for (table, message) in [
            ("language,word\n", "t.csv:1: the columns are not language,word,source"),
            ("language,word,source\nswa_Latn,,own\n", "t.csv:2: an empty field, or not three"),
            (
                "language,word,source\nswa_Latn,na,own\nswa_Latn,na,own\n",
                "t.csv:3: `na` is already a stop word of swa_Latn",
            ),
        ] {
            assert_eq!(Profiles::read_stop_words("t.csv", table).unwrap_err().to_string(), message);
        }
    }
}
