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
//! and rules on them do not apply. The score holds digits, punctuation and symbols against what is usual in the language, where
//! its medians are known, else against Spanish, on which HPLT set its bounds.
//!
//! # Example
//! ```yaml
//! measure_quality: {}
//! ```

use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

use garde::Validate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::document::Page;
use crate::quality::{Measurer, ProfileError, Profiles, SHIPPED_MEDIANS, SHIPPED_STOP_WORDS, SIGNAL_SET};
use crate::step::{DocumentStep, DocumentStepConfig, Resources, StepError};

/// Measures the text: counts and shares that rules can be written on.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct MeasureQuality {
    /// Stop words by language, a table with the columns `language,word,source`, relative to the config; the shipped one by
    /// default.
    #[garde(skip)]
    pub stop_words: Option<PathBuf>,
    /// Medians by language for the score, a table with the columns `language,numbers,punctuation,symbols,source`, relative to
    /// the config; the shipped one by default.
    #[garde(skip)]
    pub medians: Option<PathBuf>,
}

/// Read once for all partitions of a process.
static SHIPPED_PROFILES: LazyLock<Arc<Profiles>> = LazyLock::new(|| {
    let shipped = profiles(("stop_words.csv", SHIPPED_STOP_WORDS), ("medians.csv", SHIPPED_MEDIANS));
    Arc::new(shipped.expect("a test reads the shipped tables"))
});

fn profiles(stop_words: (&str, &str), medians: (&str, &str)) -> Result<Profiles, ProfileError> {
    let mut profiles = Profiles::read_stop_words(stop_words.0, stop_words.1)?;
    profiles.read_medians(medians.0, medians.1)?;
    Ok(profiles)
}

impl MeasureQuality {
    /// A table of one's own, else the shipped one: its name and its text.
    fn table(
        own: Option<&PathBuf>,
        shipped: (&str, &'static str),
        resources: &Resources,
    ) -> Result<(String, Cow<'static, str>), StepError> {
        let Some(path) = own else { return Ok((shipped.0.to_owned(), shipped.1.into())) };
        Ok((resources.path(path).display().to_string(), resources.read_text(path)?.into()))
    }

    fn tables(&self, resources: &Resources) -> Result<[(String, Cow<'static, str>); 2], StepError> {
        Ok([
            Self::table(self.stop_words.as_ref(), ("stop_words.csv", SHIPPED_STOP_WORDS), resources)?,
            Self::table(self.medians.as_ref(), ("medians.csv", SHIPPED_MEDIANS), resources)?,
        ])
    }

    /// What is known of each language.
    pub fn profiles(&self, resources: &Resources) -> Result<Arc<Profiles>, StepError> {
        if self.stop_words.is_none() && self.medians.is_none() {
            return Ok(Arc::clone(&SHIPPED_PROFILES));
        }
        let [(words, words_text), (medians, medians_text)] = self.tables(resources)?;
        profiles((&words, &words_text), (&medians, &medians_text))
            .map(Arc::new)
            .map_err(|error| StepError::Config { problem: error.to_string(), hint: None })
    }
}

impl DocumentStepConfig for MeasureQuality {
    const VERSION: u32 = 3;

    fn build(&self, resources: &Resources) -> Result<Box<dyn DocumentStep>, StepError> {
        Ok(Box::new(MeasureStep { measurer: Measurer::new(), profiles: self.profiles(resources)? }))
    }

    fn digests(&self, resources: &Resources) -> Result<Vec<(String, String)>, StepError> {
        let digest = |what: &str, text: &str| {
            let digest = blake3::hash(text.as_bytes()).to_hex().to_string();
            (format!("measure_quality {SIGNAL_SET} {what}"), digest)
        };
        let [(_, words), (_, medians)] = self.tables(resources)?;
        Ok(vec![digest("stop words", &words), digest("medians", &medians)])
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
            SHIPPED_STOP_WORDS.lines().skip(1).filter_map(|line| line.split(',').next()).collect();
        assert!(languages.len() >= 150, "{}", languages.len());
        for language in ["swa_Latn", "hin_Deva", "amh_Ethi", "tha_Thai", "zho_Hans", "ara_Arab", "yor_Latn"] {
            assert!(languages.contains(language), "{language}");
        }
    }

    #[test]
    fn the_score_of_chinese_is_held_against_chinese_and_of_a_language_without_medians_against_the_reference()
    {
        // Fewer signs than in Spanish to the character would be odd in Chinese, and more are not.
        let text =
            "市场已经开门了，村里的人都来买菜、水果和鱼。孩子们在路边玩耍，老人坐在树下聊天；天气很好。\n"
                .to_string()
                + "学校今天开学，学生们带着新书走进教室，老师说：“欢迎大家！”雨季快到了，农民正在修理屋顶和水渠。\n";
        let (chinese, unknown) = (measured("zho_Hans", &text), measured("und", &text));
        assert!(chinese.web_docs_score > unknown.web_docs_score, "{chinese:?} {unknown:?}");
        let folder = tempfile::tempdir().unwrap();
        let bad = "language,numbers,punctuation,symbols,source\nzho_Hans,inf,9,1,own\n";
        std::fs::write(folder.path().join("m.csv"), bad).unwrap();
        let config = MeasureQuality { medians: Some("m.csv".into()), ..MeasureQuality::default() };
        let error = config.build(&Resources::new(folder.path())).err().unwrap().to_string();
        assert!(error.contains("m.csv:2: medians are numbers above 0"), "{error}");
    }

    #[test]
    fn a_table_of_another_kind_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("words.csv"), "lang;word\nswa;na\n").unwrap();
        let config = MeasureQuality { stop_words: Some("words.csv".into()), ..MeasureQuality::default() };
        let error = config.build(&Resources::new(folder.path())).err().unwrap().to_string();
        assert!(error.contains("words.csv:1"), "{error}");
    }
}
