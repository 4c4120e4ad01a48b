//! Engine `fasttext`: any fastText classifier, `.bin` or `.ftz`, by path.
//!
//! Labels may be two-letter codes (`__label__sw`, as lid.176 has them), ISO 639-3 codes (`swa`) or tags (`swa_Latn`, as
//! GlotLID, OpenLID and NLLB have them). A label keeps the model's own distinctions (`arz_Arab` is not collapsed). Where
//! it has no script, answers carry the dominant script of the text. Labels that name no language (`other`) answer `und`.
//!
//! Confidence is the model's probability of the best label, margin its distance to the second; both are for the sampled
//! text as one line, as `predict` of fastText sees it with line breaks as spaces. fastText always answers; `und` comes
//! only from a text of which no word and no n-gram is in the model.
//!
//! Quantised models with hierarchical softmax (`lid.176.ftz`) are predicted here, since the crate below gets them wrong;
//! the file `tree.rs` beside this one tells how. A file is checked before it is loaded: a damaged one is a [`ModelError`].

mod file;
mod tree;

use std::fs::File;
use std::io::{BufReader, Seek};
use std::path::{Path, PathBuf};

use self::file::Refusal;
use self::tree::Tree;
use crate::sample::DEFAULT_MAX_BYTES;
use crate::script::ScriptCounts;
use crate::vote::{self, Answer};
use crate::{Identification, Identifier, LangTag, from_short_code};

/// fastText's default prefix of labels. The prefix in use is not stored in models.
const LABEL_PREFIX: &str = "__label__";
/// fastText's end-of-sentence word. Spelt out in a text it would end the text there.
const END_OF_SENTENCE: &str = "</s>";

/// A model that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// The file cannot be opened or read.
    #[error("cannot read the fastText model {}", path.display())]
    Read {
        /// The model's path.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file does not start with fastText's magic number.
    #[error("{} is not a fastText model", path.display())]
    NotAModel {
        /// The model's path.
        path: PathBuf,
    },
    /// The format is newer than version 12.
    #[error("fastText model {} has format version {version}, newer than 12", path.display())]
    TooNew {
        /// The model's path.
        path: PathBuf,
        /// The version in the file.
        version: i32,
    },
    /// The file holds word vectors, no labels.
    #[error("fastText model {} holds word vectors, it is no classifier", path.display())]
    NotAClassifier {
        /// The model's path.
        path: PathBuf,
    },
    /// The file is damaged or cut off.
    #[error("fastText model {} is damaged at byte {offset}: {what}", path.display())]
    Corrupt {
        /// The model's path.
        path: PathBuf,
        /// Where, in bytes from the start.
        offset: u64,
        /// What does not hold there.
        what: &'static str,
    },
    /// The crate that reads models refused it.
    #[error("cannot load the fastText model {}", path.display())]
    Load {
        /// The model's path.
        path: PathBuf,
        /// What it said.
        source: ::fasttext::FastTextError,
    },
    /// No label is a language code.
    #[error("no label of the fastText model {} names a language (the first is {first:?})", path.display())]
    NoLanguages {
        /// The model's path.
        path: PathBuf,
        /// The first label, for the message.
        first: String,
    },
}

impl ModelError {
    /// What to do about it, for a `hint:` line.
    pub fn hint(&self) -> &'static str {
        match self {
            ModelError::Read { .. } => "check the path, and that the file is readable",
            ModelError::NotAModel { .. } => {
                "give the path of a .bin or .ftz file that fastText saved (a .vec or compressed file is none)"
            }
            ModelError::TooNew { .. } => "save the model with fastText 0.9, or update kilim",
            ModelError::NotAClassifier { .. } => {
                "train it with `fasttext supervised`, or choose another model"
            }
            ModelError::Corrupt { .. } | ModelError::Load { .. } => {
                "download the file again and compare its size and checksum with the publisher's"
            }
            ModelError::NoLanguages { .. } => {
                "labels have to be ISO 639-1 or 639-3 codes, with a script or without: __label__swa_Latn"
            }
        }
    }
}

/// The engine: a loaded model. Share it between threads.
#[derive(Debug)]
pub struct FastText {
    model: ::fasttext::FastText,
    tree: Option<Tree>,
    /// A tag for each of the model's labels, by index; `und` where it names no language.
    tags: Vec<LangTag>,
    /// The same with the model's label text, which predictions of the crate come with; sorted.
    by_text: Vec<(String, LangTag)>,
    labels: Vec<LangTag>,
    digest: String,
    max_bytes: usize,
}

impl FastText {
    /// Loads a model, reading it three times: to check it, to digest it, to load it.
    pub fn load(path: impl AsRef<Path>) -> Result<FastText, ModelError> {
        let path = path.as_ref();
        let read = |source| ModelError::Read { path: path.to_owned(), source };
        let mut file = File::open(path).map_err(read)?;
        let metadata = file.metadata().map_err(read)?;
        if !metadata.is_file() {
            return Err(ModelError::NotAModel { path: path.to_owned() });
        }
        file::check(BufReader::new(&file), metadata.len()).map_err(|refusal| refused(path, refusal))?;

        file.rewind().map_err(read)?;
        let mut hasher = blake3::Hasher::new();
        hasher.update_reader(&file).map_err(read)?;
        let digest = hasher.finalize().to_hex().to_string();

        file.rewind().map_err(read)?;
        let model = ::fasttext::FastText::load(&mut BufReader::new(&file))
            .map_err(|source| ModelError::Load { path: path.to_owned(), source })?;
        FastText::new(model, digest).map_err(|first| ModelError::NoLanguages { path: path.to_owned(), first })
    }

    /// The same engine reading at most about `max_bytes` of a text, in evenly spaced windows; [`DEFAULT_MAX_BYTES`]
    /// otherwise.
    #[must_use]
    pub fn with_max_bytes(self, max_bytes: usize) -> FastText {
        FastText { max_bytes, ..self }
    }

    /// Labels of the model that name no language and are answered with `und`, sorted.
    pub fn unmapped_labels(&self) -> Vec<&str> {
        self.by_text.iter().filter(|(_, tag)| *tag == LangTag::UND).map(|(text, _)| text.as_str()).collect()
    }

    fn new(model: ::fasttext::FastText, digest: String) -> Result<FastText, String> {
        let (texts, _) = model.get_labels();
        let tags: Vec<LangTag> = texts.iter().map(|text| tag_of(text).unwrap_or(LangTag::UND)).collect();
        if !tags.iter().any(LangTag::is_language) {
            return Err(texts.into_iter().next().unwrap_or_default());
        }
        let mut labels: Vec<LangTag> = tags.iter().copied().filter(|tag| *tag != LangTag::UND).collect();
        labels.sort_unstable();
        labels.dedup();
        let mut by_text: Vec<(String, LangTag)> = texts.into_iter().zip(tags.iter().copied()).collect();
        by_text.sort();
        let tree = Tree::of(&model);
        Ok(FastText { model, tree, tags, by_text, labels, digest, max_bytes: DEFAULT_MAX_BYTES })
    }

    /// The two best labels with their probabilities; none if no part of the text is in the model.
    fn best_two(&self, text: &str) -> Vec<(LangTag, f32)> {
        if let Some(tree) = &self.tree {
            let hidden = self.model.get_sentence_vector(text);
            if hidden.iter().all(|x| *x == 0.0) {
                return Vec::new();
            }
            return tree.best_two(&hidden).into_iter().map(|(label, p)| (self.tags[label], p)).collect();
        }
        let tag = |label: &str| {
            let at = self.by_text.binary_search_by(|(text, _)| text.as_str().cmp(label));
            at.map_or(LangTag::UND, |at| self.by_text[at].1)
        };
        self.model.predict(text, 2, 0.0).into_iter().map(|best| (tag(&best.label), best.prob)).collect()
    }

    fn ask(&self, text: &str, scripts: &ScriptCounts) -> Option<Answer> {
        let best = if text.contains(END_OF_SENTENCE) {
            self.best_two(&text.replace(END_OF_SENTENCE, " "))
        } else {
            self.best_two(text)
        };
        let (lang, probability) = *best.first()?;
        if lang == LangTag::UND || !probability.is_finite() {
            return None;
        }
        let confidence = probability.clamp(0.0, 1.0);
        let second = best.get(1).map_or(0.0, |(_, p)| p.clamp(0.0, 1.0));
        let script = if lang.is_language() { lang.script().or(scripts.dominant()) } else { lang.script() };
        Some(Answer { lang: lang.with_script(script), confidence, margin: (confidence - second).max(0.0) })
    }
}

impl Identifier for FastText {
    fn name(&self) -> &'static str {
        "fasttext"
    }

    fn digest(&self) -> String {
        self.digest.clone()
    }

    fn labels(&self) -> &[LangTag] {
        &self.labels
    }

    fn identify(&self, text: &str) -> Identification {
        vote::identify(text, self.max_bytes, |text, scripts| self.ask(text, scripts))
    }
}

fn refused(path: &Path, refusal: Refusal) -> ModelError {
    let path = path.to_owned();
    match refusal {
        Refusal::Io(source) => ModelError::Read { path, source },
        Refusal::NotAModel => ModelError::NotAModel { path },
        Refusal::TooNew { version } => ModelError::TooNew { path, version },
        Refusal::NotAClassifier => ModelError::NotAClassifier { path },
        Refusal::Corrupt { offset, what } => ModelError::Corrupt { path, offset, what },
    }
}

/// A model's label as a tag: `__label__sw`, `__label__swa`, `__label__swa_Latn`, with `-` for `_` too.
///
/// lid.176 labels come from Wikipedia's subdomains, where two differ from ISO 639: `no` is Bokmål (Nynorsk is `nn`), and
/// `als` is Alemannic (`gsw`), while in tags and as an ISO code it is Tosk Albanian. Bare `als` is taken as Wikipedia's,
/// since models with three-letter codes of their own give scripts.
fn tag_of(label: &str) -> Option<LangTag> {
    let text = label.strip_prefix(LABEL_PREFIX).unwrap_or(label).replace('-', "_");
    match text.as_str() {
        "no" => return LangTag::from_code("nob"),
        "als" => return LangTag::from_code("gsw"),
        _ => {}
    }
    if let Ok(tag) = text.parse::<LangTag>() {
        return Some(tag);
    }
    let (code, script) = text.split_once('_').unwrap_or((&text, ""));
    let tag = from_short_code(code)?;
    match script {
        "" => Some(tag),
        _ => Some(tag.with_script(Some(crate::script::Script::parse(script)?))),
    }
}

#[cfg(test)]
mod tests;
