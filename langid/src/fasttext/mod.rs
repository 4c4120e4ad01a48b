//! Engine `fasttext`: any fastText classifier, `.bin` or `.ftz`, by path.
//!
//! Labels may be two-letter codes (`__label__sw`, as lid.176 has them), ISO 639-3 codes (`swa`) or tags (`swa_Latn`, as
//! GlotLID, OpenLID and NLLB have them). A label keeps the model's own distinctions (`arz_Arab` is not collapsed). Where
//! it has no script, answers carry the dominant script of the text. Labels that name no language (`other`) answer `und`.
//!
//! Confidence is the model's probability of the best label, margin its distance to the second; both are for the sampled
//! text as one line, as `predict` of fastText sees it with line breaks as spaces. fastText always answers; `und` comes
//! only from a text of which no word is in the model, nor a part of one.
//!
//! Files are read and predictions made here, as C++ fastText 0.9 makes them, for every kind of model: all four losses,
//! floats or quantised, pruned or not. A file is checked while it is read: a damaged one is a [`ModelError`]. In the order
//! in which a text meets the code: `words.rs` (a line to a vector, and the cache of words), `vocabulary.rs` (words and
//! n-grams to rows), `matrix.rs` (rows), `output.rs` and `tree.rs` (a vector to labels), `best.rs` (the best of them);
//! `file.rs` reads it all. `tests/fasttext/README.md` has the comparison with C++.

mod best;
mod file;
mod matrix;
mod output;
mod tree;
mod vocabulary;
mod words;

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use self::file::{Model, Refusal};
use self::vocabulary::{END_OF_SENTENCE, LABEL_PREFIX};
use self::words::{Found, Scratch};
use crate::sample::DEFAULT_MAX_BYTES;
use crate::script::ScriptCounts;
use crate::vote::{self, Answer};
use crate::{Identification, Identifier, LangTag, from_short_code};

/// Bytes read from a model at a time.
const READ_BYTES: usize = 1 << 16;
/// Labels whose logarithms of probabilities differ by less are tied until numbers are added in C++'s order. The cache's
/// order moves a probability by less than half of it (`tests/fasttext/README.md`).
const TIE: f32 = 2e-5;

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
            ModelError::Corrupt { .. } => {
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
    model: Model,
    /// The model's label texts, and a tag for each: `und` where it names no language.
    texts: Vec<String>,
    tags: Vec<LangTag>,
    labels: Vec<LangTag>,
    digest: String,
    max_bytes: usize,
    /// What threads read lines with, of those that do not read one now. Answers do not depend on what is in it.
    idle: Mutex<Vec<Scratch>>,
}

impl FastText {
    /// Loads a model.
    pub fn load(path: impl AsRef<Path>) -> Result<FastText, ModelError> {
        let path = path.as_ref();
        let read = |source| ModelError::Read { path: path.to_owned(), source };
        let file = File::open(path).map_err(read)?;
        let metadata = file.metadata().map_err(read)?;
        if !metadata.is_file() {
            return Err(ModelError::NotAModel { path: path.to_owned() });
        }
        let mut digested = Digested { file, hasher: blake3::Hasher::new() };
        let model = file::read(BufReader::with_capacity(READ_BYTES, &mut digested), metadata.len())
            .map_err(|refusal| refused(path, refusal))?;
        // What may follow the model belongs to the file.
        io::copy(&mut digested, &mut io::sink()).map_err(read)?;
        let digest = digested.hasher.finalize().to_hex().to_string();
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
        let labels = self.texts.iter().zip(&self.tags);
        let mut unmapped: Vec<&str> =
            labels.filter(|(_, tag)| **tag == LangTag::UND).map(|(text, _)| text.as_str()).collect();
        unmapped.sort_unstable();
        unmapped
    }

    /// What C++ fastText's `predict` answers for `line`: its `k` best labels as the model has them, with probabilities.
    ///
    /// Unlike [`Identifier::identify`] it takes the line as it is: whole, and cut where `</s>` stands in it. A line feed
    /// is white space. C++ answers an empty line too, and now and then a probability of 1.00001.
    pub fn predict(&self, line: &str, k: usize) -> Vec<(&str, f32)> {
        let (best, _) = self.best(line, k);
        best.into_iter().map(|(score, label)| (self.texts[label as usize].as_str(), score.exp())).collect()
    }

    fn new(model: Model, digest: String) -> Result<FastText, String> {
        let texts: Vec<String> =
            model.vocabulary.labels().map(|text| String::from_utf8_lossy(text).into_owned()).collect();
        let read = |prefix| -> Vec<LangTag> {
            texts.iter().map(|text| tag_of(text, prefix).unwrap_or(LangTag::UND)).collect()
        };
        let mut tags = read(LABEL_PREFIX);
        let usual = texts.iter().any(|text| text.starts_with(LABEL_PREFIX));
        if !usual && !tags.iter().any(LangTag::is_language) {
            tags = read(common_prefix(&texts));
        }
        if !tags.iter().any(LangTag::is_language) {
            return Err(texts.into_iter().next().unwrap_or_default());
        }
        let mut labels: Vec<LangTag> = tags.iter().copied().filter(|tag| *tag != LangTag::UND).collect();
        labels.sort_unstable();
        labels.dedup();
        let idle = Mutex::new(Vec::new());
        Ok(FastText { model, texts, tags, labels, digest, max_bytes: DEFAULT_MAX_BYTES, idle })
    }

    /// The `k` best labels of a line with the logarithms of their probabilities, and what of the line the model knows.
    fn best(&self, line: &str, k: usize) -> (Vec<(f32, u32)>, Found) {
        let model = &self.model;
        let idle = || self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = idle().pop();
        let mut scratch = taken.unwrap_or_else(|| Scratch::new(model.dim, !model.loss.is_stepped()));
        let mut read = |k: usize, in_order: bool| {
            let found = scratch.read_line(line, &model.vocabulary, &model.input, in_order);
            if k == 0 || found == Found::Nothing {
                return (Vec::new(), found);
            }
            (model.output.best(&scratch.hidden, k, &mut scratch.products, in_order), found)
        };
        let (mut best, found);
        if model.loss.is_stepped() {
            (best, found) = read(k, true);
        } else {
            // The second best is looked at even if only the best is wanted.
            (best, found) = read(if k == 1 { 2 } else { k }, false);
            if best.windows(2).any(|pair| pair[0].0 - pair[1].0 < TIE) {
                (best, _) = read(k, true);
            }
        }
        best.truncate(k);
        idle().push(scratch);
        (best, found)
    }

    /// The two best labels with their probabilities; none if no word of the text is in the model, nor a part of one.
    fn best_two(&self, text: &str) -> Vec<(LangTag, f32)> {
        let (best, found) = self.best(text, 2);
        if found != Found::Words {
            return Vec::new();
        }
        best.into_iter().map(|(score, label)| (self.tags[label as usize], score.exp())).collect()
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

/// A file of which all that is read goes into a digest.
struct Digested {
    file: File,
    hasher: blake3::Hasher,
}

impl Read for Digested {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.hasher.update(&buffer[..read]);
        Ok(read)
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

/// What all labels begin with, up to its last sign: `lang:` of `lang:sw` and `lang:swa`.
///
/// For models trained with another prefix than the usual one, since they do not tell it.
fn common_prefix(labels: &[String]) -> &str {
    let Some((first, others)) = labels.split_first() else { return "" };
    let common = others.iter().fold(first.len(), |common, label| {
        let bytes = first.bytes().zip(label.bytes());
        bytes.take(common).take_while(|(a, b)| a == b).count()
    });
    let common = &first[..first.floor_char_boundary(common)];
    let last_sign = common.char_indices().rfind(|(_, c)| !c.is_alphanumeric());
    last_sign.map_or("", |(at, sign)| &common[..at + sign.len_utf8()])
}

/// A model's label as a tag: `__label__sw`, `__label__swa`, `__label__swa_Latn`, with `-` for `_` too.
///
/// lid.176 labels come from Wikipedia's subdomains, where two differ from ISO 639: `no` is Bokmål (Nynorsk is `nn`), and
/// `als` is Alemannic (`gsw`), while in tags and as an ISO code it is Tosk Albanian. Bare `als` is taken as Wikipedia's,
/// since models with three-letter codes of their own give scripts.
fn tag_of(label: &str, prefix: &str) -> Option<LangTag> {
    let text = label.strip_prefix(prefix).unwrap_or(label).replace('-', "_");
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
