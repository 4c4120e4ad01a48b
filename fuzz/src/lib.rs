//! What holds for any bytes whatever.
//!
//! Everything that strangers send passes one of nine parsers before anybody looks at it. Each has a **law** here, a plain
//! function of bytes that returns if the promises in that parser's documentation hold for them, and panics if not:
//!
//! | law | parser | promises |
//! |---|---|---|
//! | [`warc::holds`] | `kilim_connectors::warc` | it ends; items tile the file; any partition into splits and any buffer sizes give the same items; caps |
//! | [`http::holds`] | `kilim_connectors::http` | the body stays within its cap, and a smaller cap gives a beginning of it; untouched where no coding is named |
//! | [`charset::holds`] | `kilim_connectors::charset` | text of bounded length from any bytes and labels; UTF-8 is left alone; errors are counted |
//! | [`robots::holds`] | `kilim_connectors::robots`, `signals` | any file of a host and any header says something or nothing; a list of agents is refused where one of them is |
//! | [`seeds::holds`] | `kilim_connectors::seeds` | a bad line is an issue with its number and costs itself only; a seed written as JSON comes back |
//! | `html::holds` | the step `extract_html` of `kilim` | a page that would cost too much is refused whole; caps never change a text; blocks lie within it; `tag_license` grants nothing that no statement on the page gives |
//! | `evidence::holds` | envelopes, proofs, decision logs, manifests and keys of `kilim` | what is accepted is written back as the same bytes; nothing but what was signed or proven passes for it |
//! | [`langid::holds`] | `kilim_langid::ngram` | any text has a well-formed answer, the same each time; a mask is kept to |
//! | [`model::holds`] | model files of `kilim_langid::ngram` | a file is a model that answers, or an error with a hint |
//!
//! They are tried twice: in every run of `cargo test` with some hundred valid inputs that were cut, flipped and spliced
//! (`tests/any_bytes.rs`), and at length by cargo-fuzz (`fuzz_targets/`, see README.md). What cargo-fuzz found lies in
//! `findings/` and is tried in every run of `cargo test` too.
//!
//! [`corpus`] makes the valid inputs to start from.

pub mod charset;
pub mod corpus;
#[cfg(feature = "html")]
pub mod evidence;
#[cfg(feature = "html")]
pub mod html;
pub mod http;
pub mod langid;
pub mod model;
pub mod robots;
pub mod seeds;
pub mod warc;

/// A few numbers that depend on all of `data` and look random: choices of a law that its input does not spell out, so
/// that every input is a plain file of its kind and any real file can be tried. FNV-1a, then SplitMix64.
pub(crate) fn choices(data: &[u8]) -> impl FnMut() -> u64 {
    let seed = data.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let mut state = seed;
    move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}
