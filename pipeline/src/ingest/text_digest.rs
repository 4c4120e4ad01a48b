//! When two texts are the same.

use unicode_normalization::UnicodeNormalization;
use xxhash_rust::xxh3::Xxh3;

/// The digest of a text for exact deduplication, 32 hex digits: xxh3-128 of the text in NFKC and lower case, with
/// every run of white space as one space and none at the ends. No letter and no mark is left out.
#[derive(Default)]
pub struct TextDigest {
    hasher: Xxh3,
    buffer: String,
}

/// Bytes gathered before they are hashed.
const BUFFER_BYTES: usize = 4096;

impl TextDigest {
    /// The digest of `text`; `None` if it is blank.
    pub fn of(&mut self, text: &str) -> Option<String> {
        self.hasher.reset();
        self.buffer.clear();
        let mut any = false;
        let mut space = false;
        for c in text.nfkc().flat_map(char::to_lowercase) {
            if c.is_whitespace() {
                space = any;
                continue;
            }
            if space {
                self.buffer.push(' ');
                space = false;
            }
            any = true;
            self.buffer.push(c);
            if self.buffer.len() >= BUFFER_BYTES {
                self.hasher.update(self.buffer.as_bytes());
                self.buffer.clear();
            }
        }
        self.hasher.update(self.buffer.as_bytes());
        any.then(|| format!("{:032x}", self.hasher.digest128()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_width_and_spaces_do_not_tell_texts_apart() {
        let mut digest = TextDigest::default();
        for (a, b) in [
            ("Habari  ya\nleo", " habari ya leo "),
            ("ＡＢＣ １２３", "abc 123"),
            ("Γειά σου", "ΓΕΙΆ ΣΟΥ"),
            ("नमस्ते\u{a0}दुनिया", "नमस्ते दुनिया"),
        ] {
            assert_eq!(digest.of(a), digest.of(b), "{a} / {b}");
        }
    }

    #[test]
    fn marks_that_a_script_needs_tell_texts_apart() {
        let mut digest = TextDigest::default();
        for (a, b) in [("สวสด", "สวัสดี"), ("हनद", "हिन्दी"), ("كتب", "كَتَبَ"), ("か", "が")]
        {
            assert_ne!(digest.of(a), digest.of(b), "{a} / {b}");
        }
    }

    #[test]
    fn blank_text_has_no_digest() {
        assert_eq!(TextDigest::default().of(" \n\t\u{3000}"), None);
    }
}
