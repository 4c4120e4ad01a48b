//! Names the language of the text.
//!
//! # What it does
//! Asks an engine for the language of `text` and sets `lang` (ISO 639-3 and script), its confidence, the margin to
//! the second best, and up to three languages with their share of the text. `und` is "cannot say", `zxx` is "not a
//! language": code, numbers, broken decoding. A language that is less sure than `min_confidence`, or with `ngram` than the
//! label's own threshold, becomes `und`; the other columns keep what the engine said.
//!
//! # Why
//! Nodes ask for languages, and thresholds of later steps depend on them.
//!
//! # Precedent
//! Every peer runs fastText, most with lid.176 or GlotLID. The engine `fasttext` reads those models and
//! answers what C++ fastText answers, for every kind of them. `ngram` is an engine of our own, with its model built in.
//!
//! # Across languages
//! A confidence is comparable within one engine only, and a rare language gets a lower one than its big neighbour: one
//! `min_confidence` for all costs the small languages most, so `ngram` has a threshold for each label. A corpus whose
//! languages are known says them in `languages`: close relatives that cannot come are then not asked. `whatlang` knows 70
//! languages; what it does not know it calls by a neighbour's name.
//!
//! # Example
//! ```yaml
//! identify_language: { engine: ngram, languages: [swa, luo, kik, som, eng] }
//! ```

use std::path::{Path, PathBuf};
use std::sync::Arc;

use garde::Validate;
use kilim_langid::fasttext::FastText;
use kilim_langid::ngram::{Macrolanguages, Ngram, Threshold};
use kilim_langid::whatlang::Whatlang;
use kilim_langid::{Identifier, LangTag};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::document::{Language, Page};
use crate::step::{DocumentStep, DocumentStepConfig, Resources, StepError};

/// Engines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LanguageEngine {
    /// Character n-grams, our own: several hundred languages, built in, or a model of `kilim langid train`.
    #[default]
    Ngram,
    /// A fastText classifier, given by `model`.
    Fasttext,
    /// Trigrams of 70 languages, built in.
    Whatlang,
}

/// How members of a macrolanguage are named.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum MacrolanguageMode {
    /// Each by its own label: `ind` and `msa`, `prs` and `fas`, `bos`, `hrv` and `srp`.
    #[default]
    Exact,
    /// All by the macrolanguage: `msa`, `fas`, `hbs`.
    Macro,
}

/// Names the language of the text.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct IdentifyLanguage {
    /// Which engine.
    #[garde(skip)]
    pub engine: LanguageEngine,
    /// A model file, relative to the config: `.bin` or `.ftz` with `fasttext`, `.kilim` with `ngram`, which has one built in.
    #[garde(skip)]
    pub model: Option<PathBuf>,
    /// The languages that can come, in ISO 639-3: the engine chooses among these. All by default. Only with `ngram`.
    #[garde(skip)]
    pub languages: Vec<String>,
    /// Whether members of a macrolanguage are told apart. Only with `ngram`.
    #[garde(skip)]
    pub macrolanguages: MacrolanguageMode,
    /// Read long texts whole, instead of windows of about 500 letters in all. Only with `ngram`.
    #[garde(skip)]
    pub full: bool,
    /// Below this confidence the language is `und`. By default `ngram` takes its table of thresholds, and the others take any
    /// answer: no bound is right for all languages.
    #[garde(inner(range(min = 0.0, max = 1.0)))]
    pub min_confidence: Option<f32>,
}

impl IdentifyLanguage {
    /// The engine with its model, for those who ask which languages it knows.
    pub fn identifier(&self, resources: &Resources) -> Result<Arc<dyn Identifier>, StepError> {
        if let (false, Some(field)) = (self.engine == LanguageEngine::Ngram, self.field_of_ngram()) {
            return Err(refused(
                format!("engine `{}` takes no `{field}`", self.engine.name()),
                format!("remove `{field}`, or write `engine: ngram`"),
            ));
        }
        match (self.engine, &self.model) {
            (LanguageEngine::Ngram, _) => self.ngram(resources),
            (LanguageEngine::Whatlang, None) => {
                resources.identifier("whatlang", || Ok(Arc::new(Whatlang::default())))
            }
            (LanguageEngine::Whatlang, Some(_)) => Err(refused(
                "engine `whatlang` takes no `model`".to_owned(),
                "remove `model`, or write `engine: fasttext`".to_owned(),
            )),
            (LanguageEngine::Fasttext, None) => Err(refused(
                "engine `fasttext` needs a `model`".to_owned(),
                "add `model: PATH` to a .bin or .ftz file".to_owned(),
            )),
            (LanguageEngine::Fasttext, Some(model)) => {
                let path = resources.path(model);
                resources.identifier(&format!("fasttext {}", path.display()), || {
                    let loaded = FastText::load(&path)
                        .map_err(|error| unreadable(&path, &error.to_string(), error.hint()))?;
                    Ok(Arc::new(loaded))
                })
            }
        }
    }

    /// A field that says something and means nothing to other engines.
    fn field_of_ngram(&self) -> Option<&'static str> {
        if !self.languages.is_empty() {
            Some("languages")
        } else if self.macrolanguages != MacrolanguageMode::Exact {
            Some("macrolanguages")
        } else if self.full {
            Some("full")
        } else {
            None
        }
    }

    fn ngram(&self, resources: &Resources) -> Result<Arc<dyn Identifier>, StepError> {
        let path = self.model.as_ref().map(|model| resources.path(model));
        let Self { languages, macrolanguages, full, min_confidence, .. } = self;
        let key = format!("ngram {path:?} {languages:?} {macrolanguages:?} {full} {min_confidence:?}");
        resources.identifier(&key, || {
            let mut engine = match &path {
                None => Ngram::embedded(),
                Some(path) => {
                    Ngram::load(path).map_err(|error| unreadable(path, &error.to_string(), error.hint()))?
                }
            };
            if !languages.is_empty() {
                engine = engine.with_languages(languages).map_err(|error| {
                    refused(
                        format!("`languages` of engine `ngram`: {error}"),
                        "`kilim langid labels` lists what the model knows".to_owned(),
                    )
                })?;
            }
            if *macrolanguages == MacrolanguageMode::Macro {
                engine = engine.with_macrolanguages(Macrolanguages::Macro);
            }
            if let Some(least) = min_confidence {
                engine = engine.with_threshold(Threshold::Fixed(*least));
            }
            Ok(Arc::new(if *full { engine.full() } else { engine }))
        })
    }
}

impl LanguageEngine {
    /// As in configs.
    fn name(self) -> &'static str {
        match self {
            LanguageEngine::Ngram => "ngram",
            LanguageEngine::Fasttext => "fasttext",
            LanguageEngine::Whatlang => "whatlang",
        }
    }
}

fn refused(problem: String, hint: String) -> StepError {
    StepError::Config { problem, hint: Some(hint) }
}

fn unreadable(path: &Path, error: &str, hint: &str) -> StepError {
    StepError::File { path: path.to_owned(), problem: format!("{error} (hint: {hint})") }
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
    use super::*;

    fn lang(config: &IdentifyLanguage, text: &str) -> String {
        language(config, text).lang.to_string()
    }

    fn language(config: &IdentifyLanguage, text: &str) -> Language {
        let mut page = Page { text: text.to_owned(), ..Page::default() };
        config.build(&Resources::new(Path::new("."))).unwrap().apply(&mut page);
        page.language.unwrap()
    }

    fn problem(config: &IdentifyLanguage) -> String {
        config.build(&Resources::new(Path::new("."))).err().map(|error| error.to_string()).unwrap_or_default()
    }

    const SWAHILI: &str =
        "Watoto wanasoma vitabu shuleni kila siku asubuhi, na jioni wanacheza uwanjani na rafiki zao.";

    #[test]
    fn languages_are_named_with_their_script() {
        for engine in [LanguageEngine::Ngram, LanguageEngine::Whatlang] {
            let config = IdentifyLanguage { engine, ..IdentifyLanguage::default() };
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
    }

    #[test]
    fn the_default_engine_knows_languages_that_peers_throw_away() {
        let config = IdentifyLanguage::default();
        for (text, expected) in [
            (SWAHILI, "swa_Latn"),
            (
                "Carruurtu subax walba waxay dugsiga ku akhriyaan buugaag, galabtiina waxay la ciyaaraan saaxiibadood.",
                "som_Latn",
            ),
            ("for (int i = 0; i < n; i++) { sum += a[i]; }", "zxx"),
        ] {
            assert_eq!(lang(&config, text), expected, "{text}");
        }
        assert_eq!(&*language(&config, SWAHILI).engine, "ngram");
    }

    #[test]
    fn languages_that_cannot_come_are_not_answers() {
        let only = |languages: &[&str]| IdentifyLanguage {
            languages: languages.iter().map(|code| (*code).to_owned()).collect(),
            ..IdentifyLanguage::default()
        };
        let text = "मुले रोज सकाळी शाळेत जातात";
        assert_eq!(lang(&only(&["mar", "hin"]), text), "mar_Deva");
        assert_eq!(lang(&IdentifyLanguage { min_confidence: Some(0.0), ..only(&["hin"]) }, text), "hin_Deva");
        assert!(problem(&only(&["swa", "tlh"])).contains("\"tlh\""));
    }

    #[test]
    fn members_of_a_macrolanguage_can_be_named_alike() {
        let config =
            IdentifyLanguage { macrolanguages: MacrolanguageMode::Macro, ..IdentifyLanguage::default() };
        let text = "Anak-anak membaca buku di sekolah setiap pagi, lalu mereka bermain di lapangan bersama teman-teman.";
        assert_eq!(lang(&config, text), "msa_Latn");
        assert_eq!(lang(&IdentifyLanguage::default(), text), "ind_Latn");
    }

    #[test]
    fn below_the_bound_the_language_is_undetermined_and_the_confidence_stays() {
        for engine in [LanguageEngine::Ngram, LanguageEngine::Whatlang] {
            let strict =
                IdentifyLanguage { engine, min_confidence: Some(1.0), ..IdentifyLanguage::default() };
            let found = language(&strict, "ok la di");
            assert_eq!(found.lang, LangTag::UND);
            assert!(found.confidence > 0.0);
        }
    }

    #[test]
    fn an_engine_and_its_fields_belong_together() {
        let engine = |engine, model: Option<&str>| IdentifyLanguage {
            engine,
            model: model.map(PathBuf::from),
            ..IdentifyLanguage::default()
        };
        assert_eq!(problem(&engine(LanguageEngine::Whatlang, None)), "");
        assert!(problem(&engine(LanguageEngine::Whatlang, Some("a.bin"))).contains("takes no `model`"));
        assert!(problem(&engine(LanguageEngine::Fasttext, None)).contains("needs a"));
        assert!(problem(&engine(LanguageEngine::Fasttext, Some("no/such.bin"))).contains("no/such.bin"));
        assert!(problem(&engine(LanguageEngine::Ngram, Some("no/such.kilim"))).contains("no/such.kilim"));
        let whole = IdentifyLanguage { full: true, ..engine(LanguageEngine::Whatlang, None) };
        assert!(problem(&whole).contains("`whatlang` takes no `full`"));
        let digests = IdentifyLanguage::default().digests(&Resources::new(Path::new("."))).unwrap();
        assert_eq!((digests[0].0.as_str(), digests[0].1.len()), ("identify_language ngram", 64));
    }
}
