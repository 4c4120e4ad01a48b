//! Quality of documents: what is measured, and rules on it that are data.
//!
//! [`Measurer`] cuts a text into tokens and lines once (`segment.rs`) and computes all [`Signals`] from them: the counts
//! and shares behind the filters of Gopher, C4, FineWeb, FineWeb-2 and DCLM, those of RedPajama-v2, and a score after
//! HPLT's web-docs-scorer. Nothing is decided there. [`RuleSet`] holds thresholds by language, read from a table, and
//! says which of them a document fails: all of them, never only the first. [`fit`] and [`medians`] derive values for a language
//! from [`Reference`] text, [`stop_words`] its list of words.
//!
//! ```
//! use kilim::quality::{LanguageProfile, Measurer};
//!
//! let mut measurer = Measurer::new();
//! let signals = measurer.measure("Habari ya asubuhi. Karibu sana!", &LanguageProfile::default());
//! assert_eq!((signals.words, signals.tokens, signals.sentences), (5, 7, 2));
//! ```
//!
//! # Across languages
//! Words are words in every script, marks included (`chars.rs`, `segment.rs`). A threshold that was found on English
//! stands under English in the shipped tables, not under `*`: applied to all languages, such defaults keep 0 to 8 % of
//! the pages of others.

mod c4;
pub(crate) mod chars;
mod fineweb2;
mod fit;
mod lines;
mod measure;
mod medians;
mod profiles;
mod reference;
mod repeats;
mod rules;
pub mod segment;
mod shipped;
mod signals;
mod stop_words;
mod tally;
mod web_docs;

pub use fineweb2::{ImportError, Imported, Joined, import_fineweb2, join_fineweb2};
pub use fit::{FitError, FitOptions, FittedLanguage, Lost, MODEL, Sample, fit, losing_rules, lost};
pub use measure::{LanguageProfile, Measurer, StopWords};
pub use medians::{LanguageMedians, medians};
pub use profiles::{ProfileError, Profiles};
pub use reference::{PASSAGE_WORDS, Reference, ReferenceError, ReferenceText, WHOLE_DOCUMENTS};
pub use rules::{Op, Row, RowProblem, RuleError, RuleSet, Scope, Verdict, write_rows};
pub use shipped::{
    SHIPPED_MEDIANS, SHIPPED_STOP_WORDS, shipped_rule_names, shipped_rules, shipped_threshold_names,
    shipped_thresholds,
};
pub use signals::{SIGNAL_SET, SIGNALS, Signal, Signals, Unit, nearest_signal, signal};
pub use stop_words::{StopWord, stop_words};
pub use web_docs::{Medians, REFERENCE};

/// A language as tables of quality name it: with the macrolanguage's code, as the labels of engine `ngram` are, so that a row
/// for `swh_Latn` and a document in `swa_Latn` meet. What is no language with its script stays as it is.
pub fn table_language(language: &str) -> String {
    let tag: Option<kilim_langid::LangTag> = language.parse().ok();
    tag.map_or_else(|| language.to_owned(), |tag| tag.collapsed().to_string())
}
