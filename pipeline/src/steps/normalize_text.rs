//! Gives the same text the same bytes.
//!
//! # What it does
//! Brings text and title to one Unicode form, makes every line end a newline, replaces no-break spaces by spaces,
//! removes control characters, soft hyphens and byte order marks, trims the ends of lines, and leaves at most
//! `max_blank_lines` empty lines in a row. Blocks keep pointing at their words. Normalising twice is normalising once.
//!
//! # Why
//! `é` has two spellings, `ক়` has two, and a Korean syllable may be one character or three; digests, n-grams and
//! tokenisers should not see a difference where readers see none.
//!
//! # Precedent
//! CCNet and its heirs normalise for comparing only; FineWeb runs ftfy. NFC is what W3C asks of the web's text.
//!
//! # Across languages
//! ZERO WIDTH JOINER and NON-JOINER stay (Persian, Hindi, Malayalam and Sinhala spell with them), and so does ZERO
//! WIDTH SPACE (Khmer and Burmese mark words with it). Bidi marks stay in lines that hold right-to-left letters and go
//! elsewhere. NFKC is an option, not the default: it makes `²` a `2` and half-width kana full-width.
//!
//! # Example
//! ```yaml
//! normalize_text: { form: nfc, max_blank_lines: 1 }
//! ```

use garde::Validate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick, is_nfkc_quick};

use crate::document::Page;
use crate::step::{DocumentStep, DocumentStepConfig, Resources, StepError};

/// Unicode normalisation forms.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum UnicodeForm {
    /// Canonical composition: the same characters, spelled one way.
    #[default]
    Nfc,
    /// Compatibility composition: also replaces characters that look or mean nearly the same.
    Nfkc,
}

/// Gives the same text the same bytes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct NormalizeText {
    /// The Unicode form.
    #[garde(skip)]
    pub form: UnicodeForm,
    /// Most empty lines in a row.
    #[garde(range(min = 0, max = 100))]
    pub max_blank_lines: u32,
}

impl Default for NormalizeText {
    fn default() -> Self {
        Self { form: UnicodeForm::Nfc, max_blank_lines: 1 }
    }
}

impl DocumentStepConfig for NormalizeText {
    const VERSION: u32 = 1;

    fn build(&self, _resources: &Resources) -> Result<Box<dyn DocumentStep>, StepError> {
        Ok(Box::new(self.clone()))
    }
}

impl DocumentStep for NormalizeText {
    fn apply(&mut self, page: &mut Page<'_>) {
        let mut boundaries: Vec<usize> =
            page.blocks.iter().flat_map(|block| [block.start as usize, block.end as usize]).collect();
        page.text = self.normalize(&page.text, &mut boundaries);
        for (block, ends) in page.blocks.iter_mut().zip(boundaries.chunks_exact(2)) {
            (block.start, block.end) = (ends[0] as u32, ends[1] as u32);
        }
        page.blocks.retain(|block| block.start < block.end);
        page.title = self.normalize(&page.title, &mut []).replace('\n', " ");
    }
}

impl NormalizeText {
    /// The normalised text; `boundaries`, byte offsets of `text` in ascending order, become offsets of the result.
    fn normalize(&self, text: &str, boundaries: &mut [usize]) -> String {
        let mut normal = String::with_capacity(text.len());
        let mut boundary = boundaries.iter_mut().peekable();
        let mut blank_lines = 0;
        let mut line_start = 0;
        loop {
            let rest = &text[line_start..];
            let length = rest.find(ends_line).unwrap_or(rest.len());
            let line = &rest[..length];
            let cleaned = self.clean(line);
            let trimmed = cleaned.trim_end();
            if trimmed.is_empty() {
                blank_lines += 1;
            } else {
                if !normal.is_empty() {
                    let breaks = blank_lines.min(self.max_blank_lines) + 1;
                    normal.extend(std::iter::repeat_n('\n', breaks as usize));
                }
                blank_lines = 0;
            }
            let at = normal.len();
            normal.push_str(trimmed);
            while let Some(offset) = boundary.next_if(|offset| **offset <= line_start + length) {
                let before = line.get(..offset.saturating_sub(line_start)).unwrap_or(line);
                let before =
                    if before.len() == line.len() { trimmed.len() } else { self.clean(before).len() };
                *offset = at + floor_boundary(trimmed, before);
            }
            let Some(end) = rest[length..].chars().next() else { break };
            line_start += length + if rest[length..].starts_with("\r\n") { 2 } else { end.len_utf8() };
        }
        for offset in boundary {
            *offset = normal.len();
        }
        normal
    }

    /// One line without its end: characters removed and replaced, then the Unicode form.
    fn clean(&self, line: &str) -> String {
        // Right-to-left letters decide for the line, in all their spellings.
        let keeps_bidi = line.chars().any(is_right_to_left);
        let kept = |c: char| !(is_removed(c) || (is_bidi_mark(c) && !keeps_bidi));
        let chars = line.chars().filter(|c| kept(*c)).map(|c| if c == '\u{a0}' { ' ' } else { c });
        if line.is_ascii() {
            return chars.collect();
        }
        let quick = match self.form {
            UnicodeForm::Nfc => is_nfc_quick(chars.clone()),
            UnicodeForm::Nfkc => is_nfkc_quick(chars.clone()),
        };
        match (quick, self.form) {
            (IsNormalized::Yes, _) => chars.collect(),
            (_, UnicodeForm::Nfc) => chars.nfc().collect(),
            (_, UnicodeForm::Nfkc) => chars.nfkc().collect(),
        }
    }
}

/// The largest character boundary of `text` that is not beyond `at`.
fn floor_boundary(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// Whatever a page may end a line with; CRLF is one end.
fn ends_line(c: char) -> bool {
    matches!(c, '\n' | '\u{b}' | '\u{c}' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

fn is_removed(c: char) -> bool {
    (c.is_control() && c != '\t') || matches!(c, '\u{ad}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

fn is_bidi_mark(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Hebrew to Arabic Extended, the presentation forms, and the right-to-left scripts of the second plane; the Hebrew
/// letters among mathematical symbols too, which NFKC makes letters.
fn is_right_to_left(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefe}' | '\u{10800}'..='\u{10fff}'
        | '\u{1e800}'..='\u{1efff}' | '\u{2135}'..='\u{2138}')
        && !is_bidi_mark(c)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::document::Block;

    fn nfc(text: &str) -> String {
        NormalizeText::default().normalize(text, &mut [])
    }

    #[test]
    fn what_readers_see_as_one_becomes_one() {
        for (text, normal) in [
            ("Kafe\u{301}", "Kafé"),
            ("\u{1112}\u{1161}\u{11ab}국어", "한국어"),
            ("क\u{93c}लम", "क\u{93c}लम"),
            ("\u{958}लम", "क\u{93c}लम"),
            ("Habari\u{a0}za\tleo  \r\n\r\n\r\n\r\nNzuri\r\n", "Habari za\tleo\n\nNzuri"),
            ("\u{feff}一\u{2028}二\u{b}\u{c}三", "一\n二\n\n三"),
            ("so\u{ad}ma\u{7}", "soma"),
            ("می\u{200c}خواهم", "می\u{200c}خواهم"),
            ("ക\u{d4d}\u{200d}", "ക\u{d4d}\u{200d}"),
            ("ភាសា\u{200b}ខ្មែរ", "ភាសា\u{200b}ខ្មែរ"),
            ("\u{200f}שלום (abc)\u{200e}\nabc\u{200e}", "\u{200f}שלום (abc)\u{200e}\nabc"),
            ("x²", "x²"),
            ("\n\n ሰላም \n \n", " ሰላም"),
            ("", ""),
        ] {
            assert_eq!(nfc(text), normal, "{text:?}");
        }
        let nfkc = NormalizeText { form: UnicodeForm::Nfkc, ..NormalizeText::default() };
        assert_eq!(nfkc.normalize("x² ｱ ﷺ", &mut []), "x2 ア صلى الله عليه وسلم");
    }

    #[test]
    fn blocks_follow_their_words() {
        let text = "\u{feff}Άρθρο\u{a0}1\r\n\r\n\r\n\u{1112}\u{1161}\u{11ab}국 \r\n\u{7}\r\nสวัสดี";
        let words = ["Άρθρο\u{a0}1", "\u{1112}\u{1161}\u{11ab}국", "\u{7}", "สวัสดี"];
        let blocks = words.iter().map(|word| {
            let start = text.find(word).unwrap();
            Block { start: start as u32, end: (start + word.len()) as u32, kind: "paragraph", score: 1.0 }
        });
        let mut page = Page { text: text.to_owned(), blocks: blocks.collect(), ..Page::default() };
        NormalizeText::default().apply(&mut page);
        let found: Vec<_> =
            page.blocks.iter().map(|b| &page.text[b.start as usize..b.end as usize]).collect();
        assert_eq!(found, ["Άρθρο 1", "한국", "สวัสดี"]);
    }

    proptest! {
        #[test]
        fn normalising_twice_is_normalising_once(
            text in "([a-zéक-ह\u{93c}\u{94d}가-힣ᄀ-ᇂ\u{300}-\u{310}א-ת\u{200c}-\u{200f}\u{ad}\u{a0}\r\n \t\u{2028}\u{2135}]|.){0,40}",
            kompat in any::<bool>(),
        ) {
            let form = if kompat { UnicodeForm::Nfkc } else { UnicodeForm::Nfc };
            let step = NormalizeText { form, ..NormalizeText::default() };
            let once = step.normalize(&text, &mut []);
            prop_assert_eq!(&step.normalize(&once, &mut []), &once);
        }

        #[test]
        fn boundaries_stay_boundaries_in_order(text in "\\PC{0,30}[\r\n \u{301}\u{ad}]{0,4}\\PC{0,30}", cuts in prop::collection::vec(0usize..200, 0..6)) {
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| floor_boundary(&text, cut)).collect();
            cuts.sort_unstable();
            let normal = NormalizeText::default().normalize(&text, &mut cuts);
            prop_assert!(cuts.iter().all(|cut| normal.is_char_boundary(*cut)));
            prop_assert!(cuts.is_sorted());
        }
    }
}
