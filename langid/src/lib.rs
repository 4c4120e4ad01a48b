//! Language identification for data pipelines: engines behind one trait, labels in ISO 639-3 and ISO 15924.
//!
//! The tour, in the order in which a text meets the code:
//!
//! - [`script`]: which scripts a text is written in; a text without letters is `zxx` before any engine sees it.
//! - [`Identifier`]: the trait. An engine names its labels and its model's digest, and answers with an
//!   [`Identification`]: label, confidence, margin, and the languages of the text's parts.
//! - [`ngram`], [`whatlang`] and [`fasttext`]: the engines. The first is our own, knows several hundred languages and what
//!   is none, and has its model built in; the second knows 70; the third reads any fastText classifier, and answers what
//!   C++ fastText answers.
//! - `train` and `eval` (feature `train`): how the model of `ngram` is made, and how any engine is measured.
//! - [`LangTag`] and [`matches()`]: labels, and how the codes that people write in configs meet them, macrolanguages
//!   included.
//!
//! ```
//! use kilim_langid::{Identifier, LangTag, matches, supports, whatlang::Whatlang};
//!
//! let engine = Whatlang::default();
//! let found = engine.identify("குழந்தைகள் காலையில் பள்ளிக்குச் செல்கிறார்கள்.");
//! assert_eq!(found.lang.to_string(), "tam_Taml");
//! assert!(matches("tam", found.lang));
//!
//! // A page in two languages: the shares say so.
//! let greek = "Τα παιδιά διαβάζουν βιβλία στο σχολείο κάθε πρωί και μετά παίζουν στην αυλή. ".repeat(4);
//! let thai = "เด็ก ๆ อ่านหนังสือที่โรงเรียนทุกเช้า แล้วออกไปเล่นที่สนาม ".repeat(4);
//! let top = engine.identify(&format!("{greek}\n{thai}")).top;
//! assert_eq!(top.len(), 2);
//!
//! // No letters, no language; nothing at all, nothing to say.
//! assert_eq!(engine.identify("+254 700 000 000").lang, LangTag::ZXX);
//! assert_eq!(engine.identify("  ").lang, LangTag::UND);
//!
//! // What a config may ask of this engine.
//! assert!(supports(&engine, "arb") && !supports(&engine, "kik"));
//! ```
//!
//! Engines are pure: the same text gives the same answer in any thread, in any order, on any number of threads.

#[cfg(feature = "train")]
pub mod eval;
pub mod fasttext;
pub mod ngram;
pub mod sample;
pub mod script;
mod tag;
#[cfg(feature = "train")]
pub mod train;
mod vote;
pub mod whatlang;

pub use tag::{
    LangTag, ParseTagError, from_short_code, known_code, known_codes, macrolanguage, matches, to_short_code,
};

/// Raised when an engine of this crate may answer differently for the same [`Identifier::digest`]: sampling, the gate
/// for texts without letters, label tables. Stage keys hold it beside the digest.
pub const REVISION: u32 = 6;

/// A language identification engine.
///
/// Implementations are pure functions of the text and the model: deterministic, and free of shared mutable state that
/// an answer could depend on.
pub trait Identifier: Send + Sync {
    /// The engine's name as in configs and in the column `lang_engine`: `ngram`, `whatlang`, `fasttext`.
    fn name(&self) -> &str;

    /// BLAKE3 of the model, as 64 hex digits; for engines whose model is code, of its name, version and labels.
    fn digest(&self) -> String;

    /// Every label that the model can give, sorted, without `und` and `zxx` unless the model itself has them.
    ///
    /// A label has no script where the model's has none; answers then carry the script of the text.
    fn labels(&self) -> &[LangTag];

    /// The language of `text`. Any text gets an answer; nothing here fails.
    fn identify(&self, text: &str) -> Identification;
}

/// What an engine says about one text.
#[derive(Clone, Debug, PartialEq)]
pub struct Identification {
    /// The language of the text as a whole. [`LangTag::UND`] when nothing can be said (an empty text, a script that the
    /// engine has no label for), [`LangTag::ZXX`] when there are no letters.
    pub lang: LangTag,
    /// How sure the engine is of `lang`, 0 to 1, on its own scale: ngram's is a calibrated probability, fastText's is the
    /// model's probability, whatlang's a heuristic that is 1 wherever a script has a single label. With `und` it is that
    /// of the label that was not sure enough, 0 if there was none; 1 with a `zxx` for want of letters.
    pub confidence: f32,
    /// Distance to the second best label on the scale of `confidence`; 0 if the engine does not tell (whatlang).
    pub margin: f32,
    /// Up to three languages of the text's parts with their share of its bytes, largest first. Parts without an answer
    /// count for no language, so the shares may sum to less than 1. The first need not be `lang`.
    pub top: Vec<(LangTag, f32)>,
}

impl Identification {
    /// Nothing can be said.
    pub fn undetermined() -> Identification {
        Identification { lang: LangTag::UND, confidence: 0.0, margin: 0.0, top: Vec::new() }
    }

    /// No letters, so no language.
    pub fn no_language() -> Identification {
        Identification { lang: LangTag::ZXX, confidence: 1.0, margin: 0.0, top: Vec::new() }
    }
}

/// Whether an engine has a label that the config's code accepts (see [`matches()`]).
pub fn supports(engine: &dyn Identifier, code: &str) -> bool {
    engine.labels().iter().any(|label| matches(code, *label))
}
