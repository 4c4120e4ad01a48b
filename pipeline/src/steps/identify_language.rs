//! Names the language of the text.
//!
//! # What it does
//! Asks an engine for the language of `text` and sets `lang` (ISO 639-3 and script), its confidence, the margin to
//! the second best, and up to three languages with their share of the text. Below `min_confidence` the language
//! becomes `und`; the other columns keep what the engine said.
//!
//! # Why
//! Nodes ask for languages, and thresholds of later steps depend on them.
//!
//! # Precedent
//! Every peer runs fastText, most with lid.176 or GlotLID. The engine `fasttext` reads those models and
//! answers what C++ fastText answers, for every kind of them.
//!
//! # Across languages
//! A confidence is comparable within one engine only, and a rare language gets a lower one than its big neighbour: one
//! `min_confidence` for all costs the small languages most. `whatlang` knows 70 languages; what it does not know it
//! calls by a neighbour's name, so a corpus of small languages wants `fasttext` and a model that has them.
//!
//! # Example
//! ```yaml
//! identify_language: { engine: fasttext, model: models/glotlid.bin, min_confidence: 0.3 }
//! ```

use std::path::PathBuf;
use std::sync::Arc;

use garde::Validate;
use kilim_langid::fasttext::FastText;
use kilim_langid::whatlang::Whatlang;
use kilim_langid::{Identifier, LangTag};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::document::{Language, Page};
use crate::step::{DocumentStep, DocumentStepConfig, Resources, StepError};

/// Engines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LanguageEngine {
    /// Trigrams of 70 languages, built in.
    #[default]
    Whatlang,
    /// A fastText classifier, given by `model`.
    Fasttext,
}

/// Names the language of the text.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct IdentifyLanguage {
    /// Which engine.
    #[garde(skip)]
    pub engine: LanguageEngine,
    /// The fastText model, `.bin` or `.ftz`, relative to the config. Only with `engine: fasttext`.
    #[garde(skip)]
    pub model: Option<PathBuf>,
    /// Below this confidence the language is `und`. None by default: no bound is right for all languages.
    #[garde(inner(range(min = 0.0, max = 1.0)))]
    pub min_confidence: Option<f32>,
}

impl IdentifyLanguage {
    /// The engine with its model, for those who ask which languages it knows.
    pub fn identifier(&self, resources: &Resources) -> Result<Arc<dyn Identifier>, StepError> {
        match (self.engine, &self.model) {
            (LanguageEngine::Whatlang, None) => {
                resources.identifier("whatlang", || Ok(Arc::new(Whatlang::default())))
            }
            (LanguageEngine::Whatlang, Some(_)) => Err(StepError::Config {
                problem: "engine `whatlang` takes no `model`".to_owned(),
                hint: Some("remove `model`, or write `engine: fasttext`".to_owned()),
            }),
            (LanguageEngine::Fasttext, None) => Err(StepError::Config {
                problem: "engine `fasttext` needs a `model`".to_owned(),
                hint: Some("add `model: PATH` to a .bin or .ftz file".to_owned()),
            }),
            (LanguageEngine::Fasttext, Some(model)) => {
                let path = resources.path(model);
                resources.identifier(&format!("fasttext {}", path.display()), || {
                    let loaded = FastText::load(&path).map_err(|error| StepError::File {
                        path: path.clone(),
                        problem: format!("{error} (hint: {})", error.hint()),
                    })?;
                    Ok(Arc::new(loaded))
                })
            }
        }
    }
}

impl DocumentStepConfig for IdentifyLanguage {
    const VERSION: u32 = kilim_langid::REVISION;

    fn build(&self, resources: &Resources) -> Result<Box<dyn DocumentStep>, StepError> {
        let identifier = self.identifier(resources)?;
        let engine = Arc::from(identifier.name());
        Ok(Box::new(IdentifyStep { identifier, engine, min_confidence: self.min_confidence.unwrap_or(0.0) }))
    }

    fn digests(&self, resources: &Resources) -> Result<Vec<(String, String)>, StepError> {
        let identifier = self.identifier(resources)?;
        Ok(vec![(format!("identify_language {}", identifier.name()), identifier.digest())])
    }
}

struct IdentifyStep {
    identifier: Arc<dyn Identifier>,
    engine: Arc<str>,
    min_confidence: f32,
}

impl DocumentStep for IdentifyStep {
    fn apply(&mut self, page: &mut Page<'_>) {
        let found = self.identifier.identify(&page.text);
        let lang = if found.confidence < self.min_confidence { LangTag::UND } else { found.lang };
        page.language = Some(Language {
            lang,
            confidence: found.confidence,
            margin: found.margin,
            top: found.top,
            engine: Arc::clone(&self.engine),
        });
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn lang(config: &IdentifyLanguage, text: &str) -> String {
        let mut page = Page { text: text.to_owned(), ..Page::default() };
        config.build(&Resources::new(Path::new("."))).unwrap().apply(&mut page);
        page.language.unwrap().lang.to_string()
    }

    #[test]
    fn languages_are_named_with_their_script() {
        let config = IdentifyLanguage::default();
        for (text, expected) in [
            ("குழந்தைகள் காலையில் பள்ளிக்குச் செல்கிறார்கள்.", "tam_Taml"),
            ("Τα παιδιά πηγαίνουν στο σχολείο κάθε πρωί.", "ell_Grek"),
            ("เด็ก ๆ ไปโรงเรียนทุกเช้า", "tha_Thai"),
            ("", "und"),
            ("+254 700", "zxx"),
        ] {
            assert_eq!(lang(&config, text), expected, "{text}");
        }
    }

    #[test]
    fn below_the_bound_the_language_is_undetermined() {
        let strict = IdentifyLanguage { min_confidence: Some(1.0), ..IdentifyLanguage::default() };
        assert_eq!(lang(&strict, "ok la di"), "und");
    }

    #[test]
    fn an_engine_and_its_model_belong_together() {
        let resources = Resources::new(Path::new("."));
        let engine = |engine, model: Option<&str>| {
            let config = IdentifyLanguage { engine, model: model.map(PathBuf::from), min_confidence: None };
            config.build(&resources).err().map(|error| error.to_string())
        };
        assert_eq!(engine(LanguageEngine::Whatlang, None), None);
        assert!(engine(LanguageEngine::Whatlang, Some("a.bin")).unwrap().contains("takes no"));
        assert!(engine(LanguageEngine::Fasttext, None).unwrap().contains("needs a"));
        assert!(engine(LanguageEngine::Fasttext, Some("no/such.bin")).unwrap().contains("no/such.bin"));
        let digests = IdentifyLanguage::default().digests(&resources).unwrap();
        assert_eq!((digests[0].0.as_str(), digests[0].1.len()), ("identify_language whatlang", 64));
    }
}
