//! What is known of each language: stop words from a table `language,word,source`, and medians where there are any.

use std::collections::BTreeMap;

use thiserror::Error;

use super::measure::{LanguageProfile, StopWords};
use super::rules::csv_lines;
use super::table_language;
use super::web_docs::Medians;

const COLUMNS: [&str; 3] = ["language", "word", "source"];

/// A table of stop words that cannot be used, and where.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("{table}:{line}: {reason}")]
pub struct StopWordError {
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
    pub fn read_stop_words(table: &str, text: &str) -> Result<Self, StopWordError> {
        let error =
            |line, reason: &str| StopWordError { table: table.to_owned(), line, reason: reason.to_owned() };
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
