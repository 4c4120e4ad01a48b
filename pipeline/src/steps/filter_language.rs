//! Keeps documents of the languages asked for.
//!
//! # What it does
//! Rejects a document whose `lang` answers none of the codes in `keep` (`not_asked`), has no language at all
//! (`undetermined`: `und`, `zxx`, or no `identify_language` before this step), or has it with less than
//! `min_confidence` (`low_confidence`).
//!
//! # Why
//! Without it a node that asks for a language still gets it, and the rest is `withheld`; with it the rest is rejected
//! early, before dear steps.
//!
//! # Precedent
//! FineWeb keeps English above 0.65; FineWeb2 has a threshold for each of its labels.
//!
//! # Across languages
//! Codes are ISO 639-3, match any script, and go through the macrolanguages both ways: `swh` keeps `swa_Latn`.
//! `min_confidence` is one number for all languages in `keep`: use the step twice, or none, where they differ.
//!
//! # Example
//! ```yaml
//! filter_language: { keep: [swa, luo, kik], min_confidence: 0.3 }
//! ```

use garde::Validate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::document::Page;
use crate::step::{DocumentStep, DocumentStepConfig, Resources, StepError};

/// Keeps documents of the languages asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct FilterLanguage {
    /// ISO 639-3 codes.
    #[garde(length(min = 1))]
    pub keep: Vec<String>,
    /// Least confidence, on the engine's scale.
    #[serde(default)]
    #[garde(inner(range(min = 0.0, max = 1.0)))]
    pub min_confidence: Option<f32>,
}

impl DocumentStepConfig for FilterLanguage {
    const VERSION: u32 = 1;

    fn build(&self, _resources: &Resources) -> Result<Box<dyn DocumentStep>, StepError> {
        if let Some(unknown) = self.keep.iter().find(|code| !kilim_langid::known_code(code)) {
            let hint = kilim_langid::from_short_code(unknown).map(|tag| format!("write `{}`", tag.code()));
            let problem = format!("`{unknown}` is not an ISO 639-3 code");
            return Err(StepError::Config { problem, hint });
        }
        Ok(Box::new(self.clone()))
    }
}

impl DocumentStep for FilterLanguage {
    fn apply(&mut self, page: &mut Page<'_>) {
        let Some((lang, confidence)) = page.language.as_ref().map(|found| (found.lang, found.confidence))
        else {
            page.reject("undetermined", None);
            return;
        };
        let asked = self.keep.iter().any(|code| kilim_langid::matches(code, lang));
        if !asked && !lang.is_language() {
            page.reject("undetermined", Some(format!("lang={lang}")));
        } else if !asked {
            page.reject("not_asked", Some(format!("lang={lang}")));
        } else if let Some(min) = self.min_confidence
            && confidence < min
        {
            page.reject(
                "low_confidence",
                Some(format!("lang={lang} confidence={confidence:.3} min_confidence={min}")),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use super::*;
    use crate::document::Language;

    fn verdict(keep: &[&str], lang: &str, confidence: f32) -> Vec<String> {
        let keep = keep.iter().map(|code| (*code).to_owned()).collect();
        let mut config = FilterLanguage { keep, min_confidence: Some(0.5) };
        let engine = Arc::from("whatlang");
        let lang = lang.parse().unwrap();
        let language = Language { lang, confidence, margin: 0.0, top: Vec::new(), engine };
        let mut page = Page { language: Some(language), ..Page::default() };
        config.apply(&mut page);
        page.reasons.iter().map(|reason| reason.code.to_string()).collect()
    }

    #[test]
    fn codes_match_any_script_and_their_macrolanguage() {
        for (keep, lang, confidence, codes) in [
            (&["swa"][..], "swa_Latn", 0.9, vec![]),
            (&["swh"], "swa_Latn", 0.9, vec![]),
            (&["hin", "tam"], "tam_Taml", 0.5, vec![]),
            (&["hin"], "ell_Grek", 0.9, vec!["not_asked"]),
            (&["ell"], "ell_Grek", 0.4, vec!["low_confidence"]),
            (&["amh"], "und", 0.0, vec!["undetermined"]),
            (&["zho"], "zxx", 1.0, vec!["undetermined"]),
        ] {
            assert_eq!(verdict(keep, lang, confidence), codes, "{keep:?} {lang}");
        }
    }

    #[test]
    fn without_a_language_nothing_is_kept() {
        let mut page = Page::default();
        FilterLanguage { keep: vec!["swa".to_owned()], min_confidence: None }.apply(&mut page);
        assert_eq!(page.reasons[0].code, "undetermined");
    }

    #[test]
    fn two_letter_codes_are_refused_with_the_right_one() {
        let config = FilterLanguage { keep: vec!["sw".to_owned()], min_confidence: None };
        let Err(StepError::Config { hint, .. }) = config.build(&Resources::new(Path::new("."))) else {
            panic!("`sw` is no ISO 639-3 code");
        };
        assert_eq!(hint.as_deref(), Some("write `swa`"));
    }
}
