//! Reads a fastText model file.
//!
//! Counts in a damaged file would make a trusting reader allocate gigabytes or index out of range. So every count is held
//! against the file's length and against the other counts before anything is allocated for it. The layout is the one of
//! `FastText::saveModel` in C++ fastText 0.9, version 12:
//!
//! ```text
//! magic i32, version i32 | dim ws epoch minCount neg wordNgrams loss model bucket minn maxn lrUpdateRate i32, t f64
//! size nwords nlabels i32, ntokens pruneidx_size i64 | size x (bytes, 0, count i64, type i8) | pruneidx x (i32, i32)
//! quantised u8 | input matrix | quantised output u8 | output matrix            (all numbers little-endian)
//! ```

use std::io::{self, BufRead, Read};

use super::matrix::{Matrix, Parts, Quantised};
use super::output::{Loss, Output};
use super::vocabulary::{Kind, NgramSettings, Vocabulary};

/// First four bytes of every model, as a number.
const MAGIC: i32 = 793_712_314;
/// The newest version of the format there is.
const MAX_VERSION: i32 = 12;
/// Classifiers of this version have no character n-grams, whatever they say.
const VERSION_WITHOUT_NGRAMS: i32 = 11;
/// `model` of a supervised classifier; others hold word vectors.
const SUPERVISED: i32 = 3;
/// No label has more examples than this, so that the tree builder's sentinel of 10^15 is larger than any count.
const MAX_COUNT: i64 = 1_000_000_000_000;
/// Longer n-grams, of characters or words, are a damaged file's: they would take quadratic time.
const MAX_NGRAM: i32 = 100;
/// The output layer is unpacked. C++ fastText quantises it to half a byte a number, so 8 times is what a sound one gives.
const MAX_UNPACKED: u64 = 16;

/// Why a file was refused.
#[derive(Debug)]
pub(super) enum Refusal {
    Io(io::Error),
    NotAModel,
    TooNew { version: i32 },
    NotAClassifier,
    Corrupt { offset: u64, what: &'static str },
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Refusal {
        Refusal::Io(error)
    }
}

/// A model, as far as predictions need it.
#[derive(Debug)]
pub(super) struct Model {
    pub(super) dim: usize,
    pub(super) loss: Loss,
    pub(super) vocabulary: Vocabulary,
    pub(super) input: Matrix,
    pub(super) output: Output,
}

struct Walk<R> {
    reader: R,
    offset: u64,
    length: u64,
}

/// Reads a model of `length` bytes from the start of `reader`.
pub(super) fn read<R: BufRead>(reader: R, length: u64) -> Result<Model, Refusal> {
    let mut walk = Walk { reader, offset: 0, length };
    if length < 8 || walk.i32()? != MAGIC {
        return Err(Refusal::NotAModel);
    }
    let version = walk.i32()?;
    if version > MAX_VERSION {
        return Err(Refusal::TooNew { version });
    }
    let [dim, _, _, _, _, word_ngrams, loss, model, bucket, minn, maxn, _] = walk.numbers::<12>()?;
    walk.bytes::<8>()?;
    if model != SUPERVISED {
        return Err(Refusal::NotAClassifier);
    }
    let maxn = if version == VERSION_WITHOUT_NGRAMS { 0 } else { maxn };
    walk.demand(dim > 0 && bucket >= 0, "vector length or bucket count out of range")?;
    let sound = [word_ngrams, minn, maxn].iter().all(|length| (0..=MAX_NGRAM).contains(length));
    walk.demand(sound, "n-gram length out of range")?;
    walk.demand(bucket > 0 || (word_ngrams <= 1 && maxn == 0), "n-grams without buckets")?;
    let loss = match loss {
        1 => Loss::HierarchicalSoftmax,
        2 => Loss::NegativeSampling,
        3 => Loss::Softmax,
        4 => Loss::OneAgainstAll,
        _ => return Err(walk.corrupt("no such loss")),
    };
    let settings = NgramSettings {
        min_chars: minn.unsigned_abs(),
        max_chars: maxn.unsigned_abs(),
        max_words: word_ngrams.unsigned_abs(),
        buckets: bucket.unsigned_abs(),
    };
    let Words { vocabulary, counts, words, ngram_rows, is_pruned } = walk.words(settings)?;

    let dim = i64::from(dim);
    let quantised = walk.flag()?;
    walk.demand(quantised || !is_pruned, "pruned but not quantised")?;
    let (input, rows) = walk.matrix(quantised, dim)?;
    walk.demand(rows >= words + ngram_rows, "fewer input rows than words and n-grams")?;
    let quantised_output = walk.flag()? && quantised;
    let (output, rows) = walk.matrix(quantised_output, dim)?;
    walk.demand(usize::try_from(rows) == Ok(counts.len()), "output rows and labels disagree")?;
    let unpacked = rows.unsigned_abs().saturating_mul(dim.unsigned_abs()).saturating_mul(4);
    walk.demand(
        unpacked <= length.saturating_mul(MAX_UNPACKED),
        "an output layer much larger than the file",
    )?;

    let dim = dim as usize;
    let output = Output::new(loss, &output, dim, &counts);
    Ok(Model { dim, loss, vocabulary, input, output })
}

/// The dictionary of a model.
struct Words {
    vocabulary: Vocabulary,
    /// Of the labels.
    counts: Vec<i64>,
    words: i64,
    /// Rows that n-grams may point to, behind those of the words.
    ngram_rows: i64,
    is_pruned: bool,
}

impl<R: BufRead> Walk<R> {
    fn demand(&self, holds: bool, what: &'static str) -> Result<(), Refusal> {
        if holds { Ok(()) } else { Err(self.corrupt(what)) }
    }

    fn corrupt(&self, what: &'static str) -> Refusal {
        Refusal::Corrupt { offset: self.offset, what }
    }

    fn bytes<const N: usize>(&mut self) -> Result<[u8; N], Refusal> {
        self.demand(self.length - self.offset >= N as u64, "the file ends early")?;
        let mut bytes = [0; N];
        self.reader.read_exact(&mut bytes)?;
        self.offset += N as u64;
        Ok(bytes)
    }

    fn i32(&mut self) -> Result<i32, Refusal> {
        Ok(i32::from_le_bytes(self.bytes()?))
    }

    fn i64(&mut self) -> Result<i64, Refusal> {
        Ok(i64::from_le_bytes(self.bytes()?))
    }

    fn numbers<const N: usize>(&mut self) -> Result<[i32; N], Refusal> {
        let mut numbers = [0; N];
        for number in &mut numbers {
            *number = self.i32()?;
        }
        Ok(numbers)
    }

    fn flag(&mut self) -> Result<bool, Refusal> {
        let [byte] = self.bytes::<1>()?;
        self.demand(byte <= 1, "a flag is neither 0 nor 1")?;
        Ok(byte == 1)
    }

    /// A word up to and without its closing zero.
    fn word(&mut self, word: &mut Vec<u8>) -> Result<(), Refusal> {
        word.clear();
        let read = self.reader.by_ref().take(self.length - self.offset).read_until(0, word)?;
        self.offset += read as u64;
        self.demand(word.pop() == Some(0), "a word without an end")
    }

    fn words(&mut self, settings: NgramSettings) -> Result<Words, Refusal> {
        let [size, words, labels] = self.numbers()?;
        self.i64()?;
        let pruned = self.i64()?;
        let sound = words >= 0 && labels > 0 && words.checked_add(labels) == Some(size);
        self.demand(sound, "dictionary counts disagree")?;
        // Ten bytes are the least that an entry has, eight a pruned n-gram.
        self.area(&[i64::from(size), 10], "more dictionary entries than bytes")?;
        let mut vocabulary = Vocabulary::new(settings);
        let mut counts = Vec::with_capacity(labels as usize);
        let mut word = Vec::new();
        for entry in 0..size {
            self.word(&mut word)?;
            let count = self.i64()?;
            let [kind] = self.bytes::<1>()?;
            self.demand((0..=MAX_COUNT).contains(&count), "word count out of range")?;
            let is_label = entry >= words;
            self.demand(kind == u8::from(is_label), "words and labels out of order")?;
            vocabulary.push(&word, if is_label { Kind::Label } else { Kind::Word });
            if is_label {
                counts.push(count);
            }
        }

        let is_pruned = pruned >= 0;
        let mut left =
            Vec::with_capacity(self.area(&[pruned.max(0), 8], "more pruned n-grams than bytes")? / 8);
        let mut ngram_rows = if is_pruned { 0 } else { i64::from(settings.buckets) };
        for _ in 0..pruned.max(0) {
            let [bucket, row] = self.numbers()?;
            self.demand(row >= 0, "negative row of a pruned n-gram")?;
            ngram_rows = ngram_rows.max(i64::from(row) + 1);
            // Others are buckets that no n-gram falls into.
            if bucket >= 0 {
                left.push((bucket.unsigned_abs(), row.unsigned_abs()));
            }
        }
        vocabulary.finish(is_pruned.then_some(&left[..]));
        let words = i64::from(words);
        self.demand(words + ngram_rows < i64::from(u32::MAX), "more rows than numbers for them")?;
        Ok(Words { vocabulary, counts, words, ngram_rows, is_pruned })
    }

    /// `factors` multiplied, if that many bytes are left.
    fn area(&self, factors: &[i64], what: &'static str) -> Result<usize, Refusal> {
        let area = factors.iter().try_fold(1_i64, |area, factor| area.checked_mul(*factor));
        let area = area.and_then(|area| u64::try_from(area).ok());
        let area = area.filter(|area| *area <= self.length - self.offset);
        area.and_then(|area| usize::try_from(area).ok()).ok_or_else(|| self.corrupt(what))
    }

    fn codes(&mut self, count: i64) -> Result<Vec<u8>, Refusal> {
        let mut codes = vec![0; self.area(&[count], "more codes than bytes")?];
        self.reader.read_exact(&mut codes)?;
        self.offset += codes.len() as u64;
        Ok(codes)
    }

    fn floats(&mut self, factors: [i64; 2]) -> Result<Vec<f32>, Refusal> {
        let bytes = self.area(&[factors[0], factors[1], 4], "a matrix larger than the file")?;
        let mut floats = Vec::with_capacity(bytes / 4);
        let mut buffer = [0; 1 << 14];
        let mut left = bytes;
        while left > 0 {
            let part = &mut buffer[..left.min(1 << 14)];
            self.reader.read_exact(part)?;
            floats.extend(part.as_chunks::<4>().0.iter().map(|number| f32::from_le_bytes(*number)));
            left -= part.len();
        }
        self.offset += bytes as u64;
        Ok(floats)
    }

    /// A matrix with rows of `dim` numbers, and how many rows.
    fn matrix(&mut self, quantised: bool, dim: i64) -> Result<(Matrix, i64), Refusal> {
        let has_norms = quantised && self.flag()?;
        let (rows, columns) = (self.i64()?, self.i64()?);
        self.demand(rows >= 0 && columns == dim, "matrix size out of range")?;
        if !quantised {
            return Ok((Matrix::Float { values: self.floats([rows, columns])? }, rows));
        }
        let count = i64::from(self.i32()?);
        let codes = self.codes(count)?;
        let parts = self.parts(dim)?;
        let wanted = usize::try_from(rows).ok().and_then(|rows| rows.checked_mul(parts.count));
        self.demand(wanted == Some(codes.len()), "codes and rows disagree")?;
        let norms = if has_norms {
            let codes = self.codes(rows)?;
            Some((codes, self.parts(1)?.centroids))
        } else {
            None
        };
        Ok((Matrix::Quantised(Quantised { codes, parts, norms }), rows))
    }

    /// A product quantiser for vectors of `dim` numbers.
    fn parts(&mut self, dim: i64) -> Result<Parts, Refusal> {
        let [length, parts, part, last_part] = self.numbers()?.map(i64::from);
        let fits = length == dim && part > 0 && (1..=dim).contains(&parts) && (1..=part).contains(&last_part);
        self.demand(fits && (parts - 1) * part + last_part == dim, "quantiser sizes disagree")?;
        let centroids = self.floats([dim, 256])?;
        Ok(Parts { count: parts as usize, length: part as usize, last_length: last_part as usize, centroids })
    }
}
