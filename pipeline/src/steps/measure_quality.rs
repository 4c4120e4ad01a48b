//! Measures the text: counts and shares that rules can be written on.
//!
//! # What it does
//! Cuts the text into words, sentences, lines and paragraphs once, and writes some seventy signals into the column
//! `signals`: lengths, shares of letters, digits and symbols, lines that end as sentences do, copies of lines, paragraphs and
//! word sequences, stop words, the mix of scripts, how well the text packs, and a score after HPLT's. Nothing is decided.
//!
//! # Why
//! Thresholds change more often than texts. What was measured once can be judged again in seconds.
//!
//! # Precedent
//! RedPajama-v2 stores 42 signals and Dolma's taggers theirs; both leave the decision to later. The signals behind the
//! filters of Gopher, C4, FineWeb and DCLM are counted as datatrove and DCLM count them.
//!
//! # Across languages
//! Words have their marks in every script. Where words have no spaces (Thai, Lao, Khmer, Burmese, Chinese, Japanese) a
//! dictionary cuts them. Stop words are those of the document's language; a language without a list has no signal of them,
//! and rules on them do not apply.
//!
//! # Example
//! ```yaml
//! measure_quality: {}
//! ```

use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

use garde::Validate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::document::Page;
use crate::quality::{Measurer, Profiles, SIGNAL_SET};
use crate::step::{DocumentStep, DocumentStepConfig, Resources, StepError};

/// Measures the text: counts and shares that rules can be written on.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct MeasureQuality {
    /// Stop words by language, a table with the columns `language,word,source`, relative to the config; the shipped one by
    /// default.
    #[garde(skip)]
    pub stop_words: Option<PathBuf>,
}

/// The table that ships with the engine.
const SHIPPED: &str = include_str!("../../../configs/rules/stop_words.csv");

/// Read once for all partitions of a process.
static SHIPPED_PROFILES: LazyLock<Arc<Profiles>> = LazyLock::new(|| {
    let profiles = Profiles::read_stop_words("stop_words.csv", SHIPPED);
    Arc::new(profiles.expect("a test reads the shipped table"))
});

impl MeasureQuality {
    /// The table of its own, by name, with its text.
    fn own_table(&self, resources: &Resources) -> Result<Option<(String, String)>, StepError> {
        let Some(path) = self.stop_words.as_ref().map(|path| resources.path(path)) else { return Ok(None) };
        let failed =
            |error: std::io::Error| StepError::File { path: path.clone(), problem: error.to_string() };
        let text = std::fs::read_to_string(&path).map_err(failed)?;
        Ok(Some((path.display().to_string(), text)))
    }
}

impl DocumentStepConfig for MeasureQuality {
    const VERSION: u32 = 2;

    fn build(&self, resources: &Resources) -> Result<Box<dyn DocumentStep>, StepError> {
        let profiles = match self.own_table(resources)? {
            None => Arc::clone(&SHIPPED_PROFILES),
            Some((table, text)) => Profiles::read_stop_words(&table, &text)
                .map(Arc::new)
                .map_err(|error| StepError::Config { problem: error.to_string(), hint: None })?,
        };
        Ok(Box::new(MeasureStep { measurer: Measurer::new(), profiles }))
    }

    fn digests(&self, resources: &Resources) -> Result<Vec<(String, String)>, StepError> {
        let own = self.own_table(resources)?;
        let text = own.as_ref().map_or(SHIPPED, |(_, text)| text);
        let digest = blake3::hash(text.as_bytes()).to_hex().to_string();
        Ok(vec![(format!("measure_quality {SIGNAL_SET} stop words"), digest)])
    }
}

struct MeasureStep {
    measurer: Measurer,
    profiles: Arc<Profiles>,
}

impl DocumentStep for MeasureStep {
    fn apply(&mut self, page: &mut Page<'_>) {
        let lang = page.language.as_ref().map(|found| found.lang.collapsed().to_string()).unwrap_or_default();
        page.signals = Some(self.measurer.measure(&page.text, self.profiles.get(&lang)));
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::document::Language;
    use crate::quality::Signals;

    fn measured(lang: &str, text: &str) -> Signals {
        let mut page =
            Page { text: text.to_owned(), language: Some(Language::certain(lang)), ..Page::default() };
        let resources = Resources::new(Path::new("."));
        MeasureQuality::default().build(&resources).unwrap().apply(&mut page);
        page.signals.unwrap()
    }

    #[test]
    fn words_are_counted_in_every_script_and_stop_words_by_language() {
        let swahili = measured("swa_Latn", "Watoto wa shule na walimu wao wanasoma vitabu kwa furaha.");
        assert_eq!(swahili.words, 10);
        assert!(swahili.distinct_stop_words >= 2.0, "{swahili:?}");
        let thai = measured("tha_Thai", "เด็กนักเรียนอ่านหนังสือที่โรงเรียนทุกวัน");
        assert!(thai.words >= 5, "{thai:?}");
        let unlisted = measured("und", "Watoto wa shule na walimu wao.");
        assert!(unlisted.distinct_stop_words.is_nan());
    }

    #[test]
    fn the_shipped_table_has_many_languages() {
        let languages: std::collections::BTreeSet<&str> =
            SHIPPED.lines().skip(1).filter_map(|line| line.split(',').next()).collect();
        assert!(languages.len() >= 150, "{}", languages.len());
        for language in ["swa_Latn", "hin_Deva", "amh_Ethi", "tha_Thai", "zho_Hans", "ara_Arab", "yor_Latn"] {
            assert!(languages.contains(language), "{language}");
        }
    }

    #[test]
    fn a_table_of_another_kind_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("words.csv"), "lang;word\nswa;na\n").unwrap();
        let config = MeasureQuality { stop_words: Some("words.csv".into()) };
        let error = config.build(&Resources::new(folder.path())).err().unwrap().to_string();
        assert!(error.contains("words.csv:1"), "{error}");
    }
}
