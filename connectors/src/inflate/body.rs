//! Whole bodies in one of HTTP's codings.

use std::io::Read;

use brotli_decompressor::BrotliDecoderParameter;

use super::{Codec, GZIP_MAGIC, GzipCodec, Inflation};

/// How the decompression of a body ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    Whole,
    /// The input stops, or is damaged, before its end; the bytes are what came out until there.
    Cut,
    /// The cap was reached; the bytes are its worth.
    PastCap,
}

/// Reads at most `cap` bytes from a decompressor.
fn read_capped(reader: impl Read, cap: usize) -> (Vec<u8>, Ending) {
    let mut out = Vec::new();
    let result = reader.take((cap as u64).saturating_add(1)).read_to_end(&mut out);
    if out.len() > cap {
        out.truncate(cap);
        return (out, Ending::PastCap);
    }
    (out, if result.is_ok() { Ending::Whole } else { Ending::Cut })
}

/// A gzip body, of one member or several; bytes behind the last member are ignored.
pub(crate) fn gzip(body: &[u8], cap: usize) -> (Vec<u8>, Ending) {
    let mut inflater = GzipCodec::new();
    let mut rest = body;
    let mut ending = Ending::Cut;
    while rest.starts_with(&GZIP_MAGIC) {
        inflater.next_member();
        match inflater.inflate(rest, true, cap) {
            Inflation::Complete { consumed, checksum_ok } => {
                ending = if checksum_ok { Ending::Whole } else { Ending::Cut };
                rest = &rest[consumed..];
            }
            Inflation::PastCap { .. } => {
                ending = Ending::PastCap;
                break;
            }
            Inflation::NotPacked
            | Inflation::NoDictionary
            | Inflation::Corrupt
            | Inflation::Cut
            | Inflation::NeedMore { .. } => {
                ending = Ending::Cut;
                break;
            }
        }
    }
    (inflater.into_output(), ending)
}

/// A `deflate` body: by the standard zlib, by some servers' habit raw. The reading that yields more wins.
pub(crate) fn deflate(body: &[u8], cap: usize) -> (Vec<u8>, Ending) {
    let zlib = read_capped(flate2::read::ZlibDecoder::new(body), cap);
    if zlib.1 != Ending::Cut {
        return zlib;
    }
    let raw = read_capped(flate2::read::DeflateDecoder::new(body), cap);
    if raw.1 != Ending::Cut || raw.0.len() > zlib.0.len() { raw } else { zlib }
}

/// A brotli body. Its window is at most the 16 MiB of RFC 7932; the extension to 1 GiB is no coding of HTTP.
pub(crate) fn brotli(body: &[u8], cap: usize) -> (Vec<u8>, Ending) {
    let mut reader = brotli_decompressor::Decompressor::new(body, 16 << 10);
    reader.set_parameter(BrotliDecoderParameter::BROTLI_DECODER_PARAM_LARGE_WINDOW, 0);
    read_capped(reader, cap)
}

/// A zstd body. Windows above 128 MiB are refused, as web browsers do from 8 MiB on.
pub(crate) fn zstd(body: &[u8], cap: usize) -> (Vec<u8>, Ending) {
    match zstd::stream::read::Decoder::with_buffer(body) {
        Ok(reader) => read_capped(reader, cap),
        Err(_) => (Vec::new(), Ending::Cut),
    }
}
