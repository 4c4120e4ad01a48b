//! What `normalize_text` does to a text: escapes and encodings undone, invisible characters sorted out, one Unicode
//! form, one kind of line end.
//!
//! A text goes through three stages: `references.rs` (what HTML escaped twice), `mojibake.rs` (UTF-8 that was read as
//! something else), and `lines.rs` (everything within a line, and between lines). The first two look for something to
//! mend and most texts have nothing; lines that are as they should be are copied.

mod code_pages;
mod edits;
mod invisible;
mod joints;
mod lines;
mod mojibake;
mod references;

use std::borrow::Cow;
use std::ops::Range;

use edits::Edits;
pub use lines::UnicodeForm;

/// Passes over one text at most. Each pass finds what the one before it uncovered, such as an escape inside an
/// escape; three are rare, and more are made on purpose.
const MAX_PASSES: usize = 16;

/// How texts are normalised.
#[derive(Debug, Clone, Copy)]
pub struct Normalizer {
    /// The Unicode form.
    pub form: UnicodeForm,
    /// Most empty lines in a row.
    pub max_blank_lines: u32,
    /// Whether text that was read in the wrong encoding is mended.
    pub repair_encoding: bool,
    /// Whether character references left in the text are read.
    pub decode_references: bool,
    /// Whether invisible characters go where they spell nothing.
    pub remove_invisible: bool,
}

impl Normalizer {
    /// The normalised text. `boundaries`, pairs of byte offsets of `text` in ascending order, become offsets of the
    /// result; in pairs whose `is_code` is true no character reference is read.
    pub fn normalize(&self, text: &str, boundaries: &mut [usize], is_code: &[bool]) -> String {
        let mended = self.mend(text, boundaries, is_code);
        let mut changed = matches!(mended, Cow::Owned(_));
        let mut lines = lines::normalize(*self, &mended, boundaries);
        for _ in 1..MAX_PASSES {
            // Lines that were only copied uncover nothing.
            if !(changed || lines.changed) {
                break;
            }
            match self.mend(&lines.text, boundaries, is_code) {
                Cow::Borrowed(_) => break,
                Cow::Owned(mended) => lines = lines::normalize(*self, &mended, boundaries),
            }
            changed = true;
        }
        lines.text
    }

    /// The text with references and encodings mended; borrowed if there was nothing to mend.
    fn mend<'t>(self, text: &'t str, boundaries: &mut [usize], is_code: &[bool]) -> Cow<'t, str> {
        let mut mended = Cow::Borrowed(text);
        if self.decode_references {
            let code: Vec<Range<usize>> = boundaries
                .chunks_exact(2)
                .zip(is_code)
                .filter(|(ends, is_code)| **is_code && ends[0] < ends[1])
                .map(|(ends, _)| ends[0]..ends[1])
                .collect();
            let mut edits = Edits::default();
            references::decode(&mended, &code, &mut edits);
            if !edits.is_empty() {
                mended = Cow::Owned(edits.apply(&mended, boundaries));
            }
        }
        if self.repair_encoding {
            for _ in 0..MAX_PASSES {
                let mut edits = Edits::default();
                mojibake::repair(&mended, &mut edits);
                if edits.is_empty() {
                    break;
                }
                mended = Cow::Owned(edits.apply(&mended, boundaries));
            }
        }
        mended
    }
}
