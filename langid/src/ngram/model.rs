//! The model: its parts in memory, and its file.
//!
//! A file is little-endian and starts with [`MAGIC`] and a format version; the last 32 bytes are BLAKE3 of all before.
//! Nothing of a file is believed before the checksum holds, and everything is checked after it: any bytes give a model
//! that works or a [`ModelError`], and no length in a file asks for more memory than the file is long.
//!
//! | bytes | what |
//! |---|---|
//! | 8, 4 | magic, version |
//! | 2 + n, 4 + n | name, attribution (text: licence and sources) |
//! | 1, 1, 1, 1, 4, 4 | dimensions, n-gram orders as bits, whether words have rows, logarithm of the known set's bits, rows, their scale |
//! | n + 65,536 | known n-grams, as bits by hash, and shifts of their rows; none if all count |
//! | 1 + 4n | log-probability scale by length |
//! | 2 + 10n | labels: code, script, threshold in 1/10,000, flags |
//! | 2 + n | heads: script, first label, labels, scales, weights and biases as 16-bit integers |
//! | rows × dimensions | rows as 8-bit integers |
//! | 32 | BLAKE3 |

use std::path::Path;

use super::features::{Features, Orders};
use super::known::{self, Known};
use super::text::{Group, group_of, groups};
use crate::LangTag;
use crate::script::Script;

/// How every model file starts.
pub(crate) const MAGIC: [u8; 8] = *b"KilimLID";

/// The format that is written, and the only one that is read.
pub(crate) const VERSION: u32 = 2;

/// Scales of log-probabilities are kept for texts of up to 2, 4, 8, ... n-grams, and one for longer texts.
pub(crate) const BUCKETS: usize = 12;

/// Labels of a head are padded to a multiple of this, for vector instructions.
pub(crate) const LANES: usize = 8;

/// A label with what the model knows about it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Label {
    pub(crate) tag: LangTag,
    /// Below this probability an answer is `und`.
    pub(crate) threshold: f32,
    /// Trained on one short text only.
    pub(crate) experimental: bool,
}

/// The output layer of one script.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Head {
    pub(crate) group: Group,
    /// The first of its labels, and how many follow each other.
    pub(crate) first: usize,
    pub(crate) labels: usize,
    /// Dimension by dimension, labels padded to `LANES`.
    pub(crate) weights: Vec<f32>,
    pub(crate) biases: Vec<f32>,
}

impl Head {
    pub(crate) fn padded(labels: usize) -> usize {
        labels.next_multiple_of(LANES)
    }
}

/// A trained model.
#[derive(Clone, PartialEq)]
pub struct Model {
    pub(crate) name: String,
    pub(crate) attribution: String,
    pub(crate) dim: usize,
    pub(crate) features: Features,
    pub(crate) row_scale: f32,
    pub(crate) rows: Vec<i8>,
    pub(crate) sharpness: [f32; BUCKETS],
    pub(crate) labels: Vec<Label>,
    pub(crate) heads: Vec<Head>,
    pub(crate) digest: String,
}

/// A model file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// The file cannot be read.
    #[error("cannot read the language model {model}")]
    Read {
        /// The model's path.
        model: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// It does not start with the magic bytes.
    #[error("{model} is not a language model of kilim")]
    NotAModel {
        /// The model's path.
        model: String,
    },
    /// The format is newer than this version of the crate.
    #[error("language model {model} has format version {version}, newer than {VERSION}")]
    TooNew {
        /// The model's path.
        model: String,
        /// The version in the file.
        version: u32,
    },
    /// The format is one that is no longer read.
    #[error("language model {model} has format version {version}, older than {VERSION}")]
    TooOld {
        /// The model's path.
        model: String,
        /// The version in the file.
        version: u32,
    },
    /// The file is damaged or cut off.
    #[error("language model {model} is damaged at byte {offset}: {what}")]
    Corrupt {
        /// The model's path.
        model: String,
        /// Where, in bytes from the start.
        offset: usize,
        /// What does not hold there.
        what: &'static str,
    },
}

impl ModelError {
    /// What to do about it, for a `hint:` line.
    pub fn hint(&self) -> &'static str {
        match self {
            ModelError::Read { .. } => "check the path, and that the file is readable",
            ModelError::NotAModel { .. } => {
                "give the path of a file that `kilim langid train` wrote; fastText models have the engine `fasttext`"
            }
            ModelError::TooNew { .. } => "update kilim, or train the model again with this version",
            ModelError::TooOld { .. } => "train the model again with this version of kilim",
            ModelError::Corrupt { .. } => {
                "copy or download the file again and compare its BLAKE3 with the publisher's"
            }
        }
    }
}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Model({}, {} labels, {})", self.name, self.labels.len(), self.digest)
    }
}

impl Model {
    /// Reads a model file.
    pub fn load(path: impl AsRef<Path>) -> Result<Model, ModelError> {
        let model = path.as_ref().display().to_string();
        let bytes = std::fs::read(path.as_ref())
            .map_err(|source| ModelError::Read { model: model.clone(), source })?;
        Model::parse(&bytes, &model)
    }

    /// Reads a model from the bytes of its file.
    pub fn from_bytes(bytes: &[u8]) -> Result<Model, ModelError> {
        Model::parse(bytes, "in memory")
    }

    pub(crate) fn parse(bytes: &[u8], model: &str) -> Result<Model, ModelError> {
        let model = || model.to_owned();
        if !bytes.starts_with(&MAGIC) {
            return Err(ModelError::NotAModel { model: model() });
        }
        let corrupt = |(offset, what)| ModelError::Corrupt { model: model(), offset, what };
        let mut reader = Reader { bytes, at: MAGIC.len() };
        let version = reader.u32().map_err(corrupt)?;
        if version > VERSION {
            return Err(ModelError::TooNew { model: model(), version });
        }
        if version < VERSION {
            return Err(ModelError::TooOld { model: model(), version });
        }
        let Some((content, checksum)) = bytes.split_last_chunk::<32>() else {
            return Err(corrupt((bytes.len(), "the file is cut off")));
        };
        if blake3::hash(content).as_bytes() != checksum {
            return Err(corrupt((content.len(), "the checksum does not match")));
        }
        reader.bytes = content;
        let mut parsed = reader.model().map_err(corrupt)?;
        parsed.digest = blake3::hash(bytes).to_hex().to_string();
        Ok(parsed)
    }

    /// The bytes of the model's file: the same for the same model.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.rows.len() + (1 << 20));
        out.extend(MAGIC);
        out.extend(VERSION.to_le_bytes());
        out.extend((self.name.len() as u16).to_le_bytes());
        out.extend(self.name.as_bytes());
        out.extend((self.attribution.len() as u32).to_le_bytes());
        out.extend(self.attribution.as_bytes());
        let Features { rows, orders, words, known, .. } = &self.features;
        let known_log2 = known.as_ref().map_or(0, |known| known.bits().len().ilog2() as u8 + 6);
        out.extend([self.dim as u8, orders.bits(), u8::from(*words), known_log2]);
        out.extend(rows.to_le_bytes());
        out.extend(self.row_scale.to_le_bytes());
        if let Some(known) = known {
            out.extend(known.bits().iter().flat_map(|bits| bits.to_le_bytes()));
            out.extend(known.shifts());
        }
        out.push(BUCKETS as u8);
        out.extend(self.sharpness.iter().flat_map(|value| value.to_le_bytes()));
        out.extend((self.labels.len() as u16).to_le_bytes());
        for label in &self.labels {
            out.extend(label.tag.code().as_bytes());
            out.extend(label.tag.script().map_or(*b"Zyyy", |script| four(script.as_str())));
            out.extend(((label.threshold * 10_000.0 + 0.5) as u16).to_le_bytes());
            out.push(u8::from(label.experimental));
        }
        out.extend((self.heads.len() as u16).to_le_bytes());
        for head in &self.heads {
            head.write(self.dim, &mut out);
        }
        out.extend(self.rows.iter().map(|value| *value as u8));
        let checksum = blake3::hash(&out);
        out.extend(checksum.as_bytes());
        out
    }

    /// What the file says about itself: licence, and the sources of its training text.
    pub fn attribution(&self) -> &str {
        &self.attribution
    }

    /// The name that the trainer was given.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// BLAKE3 of the file, as 64 hex digits.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// Lowers the scores of experimental labels: text of a language that is rarely met is more often text of another.
    #[must_use]
    pub fn with_tail_penalty(mut self, penalty: f32) -> Model {
        for head in &mut self.heads {
            for (bias, label) in
                head.biases.iter_mut().zip(&self.labels[head.first..head.first + head.labels])
            {
                *bias -= if label.experimental { penalty } else { 0.0 };
            }
        }
        self
    }

    /// The head of a script group, if any label is written in it.
    #[inline]
    pub(crate) fn head(&self, group: Group) -> Option<&Head> {
        self.heads.iter().find(|head| head.group == group)
    }
}

fn four(text: &str) -> [u8; 4] {
    text.as_bytes().try_into().unwrap_or(*b"Zyyy")
}

impl Head {
    fn write(&self, dim: usize, out: &mut Vec<u8>) {
        let padded = Head::padded(self.labels);
        out.extend(four(groups()[self.group as usize].as_str()));
        out.extend((self.first as u16).to_le_bytes());
        out.extend((self.labels as u16).to_le_bytes());
        let by_label: Vec<f32> = (0..self.labels)
            .flat_map(|label| (0..dim).map(move |d| self.weights[d * padded + label]))
            .collect();
        for values in [&by_label[..], &self.biases[..self.labels]] {
            let scale = scale_16(values);
            out.extend(scale.to_le_bytes());
            out.extend(values.iter().flat_map(|value| quantise_16(*value, scale).to_le_bytes()));
        }
    }
}

/// The step between 16-bit integers that reaches the largest value.
fn scale_16(values: &[f32]) -> f32 {
    let largest = values.iter().fold(0.0f32, |largest, value| largest.max(value.abs()));
    if largest > 0.0 { largest / 32_767.0 } else { 1.0 }
}

fn quantise_16(value: f32, scale: f32) -> i16 {
    (value / scale).round() as i16
}

type Refusal = (usize, &'static str);

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], Refusal> {
        let end = self.at.checked_add(length).filter(|end| *end <= self.bytes.len());
        let Some(end) = end else { return Err((self.at, "the file is cut off")) };
        let taken = &self.bytes[self.at..end];
        self.at = end;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Refusal> {
        let at = self.at;
        self.take(N)?.try_into().map_err(|_| (at, "the file is cut off"))
    }

    fn u8(&mut self) -> Result<u8, Refusal> {
        Ok(self.array::<1>()?[0])
    }

    fn u16(&mut self) -> Result<usize, Refusal> {
        Ok(u16::from_le_bytes(self.array()?) as usize)
    }

    fn u32(&mut self) -> Result<u32, Refusal> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    /// A finite number within bounds that keep later arithmetic finite.
    fn f32(&mut self) -> Result<f32, Refusal> {
        let at = self.at;
        let value = f32::from_le_bytes(self.array()?);
        if value.abs() < 1e6 { Ok(value) } else { Err((at, "a number is out of range")) }
    }

    fn words(&mut self, count: usize) -> Result<Box<[u64]>, Refusal> {
        let bytes = self.take(count * 8)?.as_chunks::<8>().0;
        Ok(bytes.iter().map(|word| u64::from_le_bytes(*word)).collect())
    }

    fn text(&mut self, length: usize) -> Result<String, Refusal> {
        let at = self.at;
        let text = std::str::from_utf8(self.take(length)?).map_err(|_| (at, "a text is not UTF-8"))?;
        Ok(text.to_owned())
    }

    fn script(&mut self) -> Result<Script, Refusal> {
        let at = self.at;
        let code: [u8; 4] = self.array()?;
        std::str::from_utf8(&code).ok().and_then(Script::parse).ok_or((at, "a script code is malformed"))
    }

    fn integers(&mut self, count: usize) -> Result<Vec<f32>, Refusal> {
        let scale = self.f32()?;
        let bytes = self.take(count * 2)?;
        Ok(bytes
            .chunks_exact(2)
            .map(|pair| f32::from(i16::from_le_bytes([pair[0], pair[1]])) * scale)
            .collect())
    }

    fn label(&mut self) -> Result<Label, Refusal> {
        let at = self.at;
        let code: [u8; 3] = self.array()?;
        let tag = std::str::from_utf8(&code).ok().and_then(LangTag::from_code);
        let tag = tag.ok_or((at, "a language code is malformed"))?;
        let tag = tag.with_script(Some(self.script()?));
        let threshold = self.u16()? as f32 / 10_000.0;
        let flags = self.u8()?;
        if threshold > 1.0 || flags > 1 {
            return Err((at, "a label has values out of range"));
        }
        Ok(Label { tag, threshold, experimental: flags == 1 })
    }

    fn head(&mut self, dim: usize, first: usize) -> Result<Head, Refusal> {
        let at = self.at;
        let script = self.script()?;
        let group = group_of(script).ok_or((at, "a script is not known"))?;
        if self.u16()? != first {
            return Err((at, "labels of scripts do not follow each other"));
        }
        let labels = self.u16()?;
        if labels == 0 {
            return Err((at, "a script has no labels"));
        }
        let by_label = self.integers(labels * dim)?;
        let padded = Head::padded(labels);
        let mut weights = vec![0.0; padded * dim];
        for (at, weight) in by_label.into_iter().enumerate() {
            weights[(at % dim) * padded + at / dim] = weight;
        }
        let mut biases = self.integers(labels)?;
        biases.resize(padded, 0.0);
        Ok(Head { group, first, labels, weights, biases })
    }

    fn model(&mut self) -> Result<Model, Refusal> {
        let length = self.u16()?;
        let name = self.text(length)?;
        let length = self.u32()? as usize;
        let attribution = self.text(length)?;
        let at = self.at;
        let [dim, orders, words, known_log2]: [u8; 4] = self.array()?;
        let dim = dim as usize;
        let rows = self.u32()?;
        let fits = matches!(dim, 16 | 32 | 64) && words <= 1 && rows > 0 && matches!(known_log2, 0 | 6..=32);
        let Some(orders) = Orders::from_bits(orders).filter(|_| fits) else {
            return Err((at, "dimensions or n-gram orders are out of range"));
        };
        let han = group_of(Script::HANI).ok_or((at, "Han is not a script"))?;
        let row_scale = self.f32()?;
        let known = match known_log2 {
            0 => None,
            log2 => {
                let bits = self.words(1 << (log2 - 6))?;
                Some(Known::from_parts(bits, self.take(known::BUCKETS)?.into()))
            }
        };
        let features = Features { rows, orders, words: words == 1, known, han };
        let at = self.at;
        if self.u8()? as usize != BUCKETS {
            return Err((at, "scales by length are not as many as expected"));
        }
        let mut sharpness = [0.0; BUCKETS];
        for value in &mut sharpness {
            *value = self.f32()?;
        }
        let at = self.at;
        let mut labels = Vec::new();
        for _ in 0..self.u16()? {
            labels.push(self.label()?);
        }
        let mut heads: Vec<Head> = Vec::new();
        for _ in 0..self.u16()? {
            let at = self.at;
            let head = self.head(dim, heads.last().map_or(0, |head| head.first + head.labels))?;
            if heads.iter().any(|known| known.group == head.group) {
                return Err((at, "a script comes twice"));
            }
            heads.push(head);
        }
        if heads.last().map_or(0, |head| head.first + head.labels) != labels.len() {
            return Err((at, "labels and scripts do not agree"));
        }
        for head in &heads {
            let own = &labels[head.first..head.first + head.labels];
            if !own.iter().all(|label| {
                label.tag.code() == "zxx" || label.tag.script().and_then(group_of) == Some(head.group)
            }) {
                return Err((at, "a label is filed under another script"));
            }
        }
        let at = self.at;
        let size = (rows as usize).checked_mul(dim).ok_or((at, "too many rows"))?;
        let rows = self.take(size)?.iter().map(|byte| byte.cast_signed()).collect();
        if self.at != self.bytes.len() {
            return Err((self.at, "bytes are left over"));
        }
        let digest = String::new();
        Ok(Model { name, attribution, dim, features, row_scale, rows, sharpness, labels, heads, digest })
    }
}
