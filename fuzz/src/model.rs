//! The law of model files of the engine `ngram`.
//!
//! The input is a model file without its checksum. It is tried as it is, and with a checksum that holds, so that what
//! lies behind the checksum is tried too.

use kilim_langid::ngram::{Model, Ngram};

use crate::corpus::TEXTS;
use crate::langid::{MODEL, well_formed};

/// Bytes of the checksum at the end.
const CHECKSUM: usize = 32;

/// Panics if the promises of `kilim_langid::ngram::Model` do not hold for these bytes.
pub fn holds(data: &[u8]) {
    if let Err(error) = Model::from_bytes(data) {
        assert!(!error.hint().is_empty() && !error.to_string().is_empty());
    }
    let sealed = [data, blake3::hash(data).as_bytes()].concat();
    let Ok(model) = Model::from_bytes(&sealed) else { return };
    assert_eq!(model.digest(), blake3::hash(&sealed).to_hex().as_str());
    let engine = Ngram::new(model);
    for (_, _, _, text) in TEXTS {
        well_formed(&engine.guess(text));
    }
}

/// Inputs to start from.
pub(crate) fn samples() -> Vec<(String, Vec<u8>)> {
    let file = MODEL.to_bytes();
    vec![
        ("whole".to_owned(), file[..file.len() - CHECKSUM].to_vec()),
        ("header".to_owned(), file[..200].to_vec()),
        ("foreign".to_owned(), b"\xba\x16\x4f\x2f\x0c\0\0\0".to_vec()),
    ]
}
