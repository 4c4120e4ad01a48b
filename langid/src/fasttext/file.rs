//! The check of a fastText model file before the crate below reads it.
//!
//! That crate trusts the counts in the file: a damaged one makes it allocate gigabytes or index out of range. So the
//! file is walked once, reading only what the layout depends on, and every count is held against the file's length and
//! against the other counts. The layout is the one of `FastText::saveModel` in C++ fastText 0.9, version 12:
//!
//! ```text
//! magic i32, version i32 | dim ws epoch minCount neg wordNgrams loss model bucket minn maxn lrUpdateRate i32, t f64
//! size nwords nlabels i32, ntokens pruneidx_size i64 | size x (bytes, 0, count i64, type i8) | pruneidx x (i32, i32)
//! quantised u8 | input matrix | quantised output u8 | output matrix            (all numbers little-endian)
//! ```

use std::io::{self, BufRead, Seek};

/// First four bytes of every model, as a number.
const MAGIC: i32 = 793_712_314;
/// The newest version of the format there is.
const MAX_VERSION: i32 = 12;
/// `model` of a supervised classifier; others hold word vectors.
const SUPERVISED: i32 = 3;
/// No label has more examples than this, so sums of counts stay far from the tree builder's sentinel of 10^15.
const MAX_COUNT: i64 = 1_000_000_000_000;

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

struct Walk<R> {
    reader: R,
    offset: u64,
    length: u64,
}

/// Walks a model of `length` bytes from the start of `reader`.
pub(super) fn check<R: BufRead + Seek>(reader: R, length: u64) -> Result<(), Refusal> {
    let mut walk = Walk { reader, offset: 0, length };
    if length < 8 || walk.i32()? != MAGIC {
        return Err(Refusal::NotAModel);
    }
    let version = walk.i32()?;
    if version > MAX_VERSION {
        return Err(Refusal::TooNew { version });
    }
    let mut args = [0; 12];
    for arg in &mut args {
        *arg = walk.i32()?;
    }
    walk.skip(8)?;
    let (dim, model, bucket) = (i64::from(args[0]), args[7], i64::from(args[8]));
    if model != SUPERVISED {
        return Err(Refusal::NotAClassifier);
    }
    walk.demand(dim > 0 && bucket >= 0, "vector length or bucket count out of range")?;

    let (size, nwords, nlabels) = (walk.i32()?, walk.i32()?, walk.i32()?);
    walk.skip(8)?;
    let pruned = walk.i64()?;
    walk.demand(
        nwords >= 0 && nlabels > 0 && nwords.checked_add(nlabels) == Some(size),
        "dictionary counts disagree",
    )?;
    walk.demand(u64::from(size.unsigned_abs()) <= length, "more dictionary entries than bytes")?;
    for entry in 0..size {
        walk.word()?;
        let count = walk.i64()?;
        let kind = walk.u8()?;
        walk.demand((0..=MAX_COUNT).contains(&count), "word count out of range")?;
        walk.demand(kind == u8::from(entry >= nwords), "words and labels out of order")?;
    }
    walk.demand(pruned.max(0).unsigned_abs() <= length / 8, "more pruned n-grams than bytes")?;
    let mut max_mapped = -1;
    for _ in 0..pruned.max(0) {
        walk.skip(4)?;
        let mapped = walk.i32()?;
        walk.demand(mapped >= 0, "negative row of a pruned n-gram")?;
        max_mapped = max_mapped.max(i64::from(mapped));
    }

    let quantised = walk.flag()?;
    walk.demand(quantised || pruned < 0, "pruned but not quantised")?;
    let ngrams = if pruned >= 0 { max_mapped + 1 } else { bucket };
    let rows = walk.matrix(quantised, dim)?;
    walk.demand(rows >= i64::from(nwords) + ngrams, "fewer input rows than words and n-grams")?;
    let quantised_output = walk.flag()? && quantised;
    let rows = walk.matrix(quantised_output, dim)?;
    walk.demand(rows == i64::from(nlabels), "output rows and labels disagree")
}

impl<R: BufRead + Seek> Walk<R> {
    fn demand(&self, holds: bool, what: &'static str) -> Result<(), Refusal> {
        if holds { Ok(()) } else { Err(Refusal::Corrupt { offset: self.offset, what }) }
    }

    fn bytes<const N: usize>(&mut self) -> Result<[u8; N], Refusal> {
        self.demand(self.length - self.offset >= N as u64, "the file ends early")?;
        let mut bytes = [0; N];
        self.reader.read_exact(&mut bytes)?;
        self.offset += N as u64;
        Ok(bytes)
    }

    fn u8(&mut self) -> Result<u8, Refusal> {
        Ok(self.bytes::<1>()?[0])
    }

    fn i32(&mut self) -> Result<i32, Refusal> {
        Ok(i32::from_le_bytes(self.bytes()?))
    }

    fn i64(&mut self) -> Result<i64, Refusal> {
        Ok(i64::from_le_bytes(self.bytes()?))
    }

    fn flag(&mut self) -> Result<bool, Refusal> {
        let byte = self.u8()?;
        self.demand(byte <= 1, "a flag is neither 0 nor 1")?;
        Ok(byte == 1)
    }

    fn skip(&mut self, bytes: u64) -> Result<(), Refusal> {
        self.demand(self.length - self.offset >= bytes, "the file ends early")?;
        self.reader.seek_relative(bytes.cast_signed())?;
        self.offset += bytes;
        Ok(())
    }

    /// A word up to and with its closing zero.
    fn word(&mut self) -> Result<(), Refusal> {
        let skipped = self.reader.skip_until(0)? as u64;
        self.offset += skipped;
        self.demand(skipped > 0 && self.offset < self.length, "a word without an end")
    }

    /// `factors` multiplied, if that many bytes are left.
    fn area(&self, factors: &[i64]) -> Result<u64, Refusal> {
        let area = factors.iter().try_fold(1_i64, |area, factor| area.checked_mul(*factor));
        let area = area.and_then(|area| u64::try_from(area).ok());
        let left = self.length - self.offset;
        area.filter(|area| *area <= left)
            .ok_or(Refusal::Corrupt { offset: self.offset, what: "a matrix larger than the file" })
    }

    /// A matrix with rows of `dim` numbers; its rows.
    fn matrix(&mut self, quantised: bool, dim: i64) -> Result<i64, Refusal> {
        let qnorm = quantised && self.flag()?;
        let (rows, columns) = (self.i64()?, self.i64()?);
        self.demand(rows >= 0 && columns == dim, "matrix size out of range")?;
        if !quantised {
            let bytes = self.area(&[rows, columns, 4])?;
            self.skip(bytes)?;
            return Ok(rows);
        }
        let codes = i64::from(self.i32()?);
        let bytes = self.area(&[codes])?;
        self.skip(bytes)?;
        let parts = self.quantiser(dim)?;
        self.demand(rows.checked_mul(parts) == Some(codes), "codes and rows disagree")?;
        if qnorm {
            let bytes = self.area(&[rows])?;
            self.skip(bytes)?;
            self.quantiser(1)?;
        }
        Ok(rows)
    }

    /// A product quantiser for vectors of `dim` numbers; the number of its parts.
    fn quantiser(&mut self, dim: i64) -> Result<i64, Refusal> {
        let mut fields = [0; 4];
        for field in &mut fields {
            *field = i64::from(self.i32()?);
        }
        let [length, parts, part, last_part] = fields;
        let fits = length == dim && part > 0 && (1..=dim).contains(&parts) && (1..=part).contains(&last_part);
        self.demand(fits && (parts - 1) * part + last_part == dim, "quantiser sizes disagree")?;
        let bytes = self.area(&[dim, 256, 4])?;
        self.skip(bytes)?;
        Ok(parts)
    }
}
