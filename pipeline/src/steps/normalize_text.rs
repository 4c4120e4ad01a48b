//! Gives the same text the same bytes, and mends what went wrong on its way.
//!
//! # What it does
//! Brings text and title to one Unicode form, makes every line end a newline, replaces no-break spaces by spaces,
//! removes control characters, trims the ends of lines, and leaves at most `max_blank_lines` empty lines in a row.
//! Before that it reads character references that were escaped twice (`caf&eacute;`, `Q &amp; A`), except in code and
//! in texts that speak of HTML, and text whose UTF-8 was read in another encoding, once or more often (`cafÃ©`,
//! `РєРѕС‚`): a word at a time, only where all of it is UTF-8 and the result has fewer signs, quotation marks and
//! capitals in impossible places. Words that lost a byte on the way stay as they are. Soft hyphens, byte order marks,
//! and joiners, spaces of no width, variation selectors, direction marks and tags that spell nothing go. Blocks keep
//! pointing at their words. Normalising twice is normalising once.
//!
//! # Why
//! `é` has two spellings, `ক়` has two, and a Korean syllable may be one character or three; digests, n-grams and
//! tokenisers should not see a difference where readers see none. A page that was stored in the wrong encoding is no
//! language at all, and was lost to its own.
//!
//! # Precedent
//! CCNet and its heirs normalise for comparing only; FineWeb runs ftfy, whose cases of misread text are mended here,
//! and those of Arabic, Hebrew, Thai and Russian encodings. NFC is what W3C asks of the web's text.
//!
//! # Across languages
//! ZERO WIDTH JOINER and NON-JOINER stay beside letters that join or conjoin (Persian, Hindi, Malayalam and Sinhala
//! spell with them), and ZERO WIDTH SPACE within Thai, Khmer, Burmese and their neighbours (it marks words). Bidi
//! marks stay in lines that hold right-to-left letters and go elsewhere; embeddings and isolates stay there if they
//! are closed. NFKC is an option, not the default: it makes `²` a `2` and half-width kana full-width.
//!
//! # Example
//! ```yaml
//! normalize_text: { form: nfc, max_blank_lines: 1 }
//! ```

use garde::Validate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::document::Page;
use crate::normalize::{Normalizer, UnicodeForm};
use crate::step::{DocumentStep, DocumentStepConfig, Resources, StepError};

/// Gives the same text the same bytes, and mends what went wrong on its way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct NormalizeText {
    /// The Unicode form.
    #[garde(skip)]
    pub form: UnicodeForm,
    /// Most empty lines in a row.
    #[garde(range(min = 0, max = 100))]
    pub max_blank_lines: u32,
    /// Whether text whose UTF-8 was read in another encoding is read again.
    #[garde(skip)]
    pub repair_encoding: bool,
    /// Whether character references left in the text, such as `&eacute;`, are read.
    #[garde(skip)]
    pub decode_references: bool,
    /// Whether invisible characters go where they spell nothing. Control characters always go.
    #[garde(skip)]
    pub remove_invisible: bool,
}

impl Default for NormalizeText {
    fn default() -> Self {
        Self {
            form: UnicodeForm::Nfc,
            max_blank_lines: 1,
            repair_encoding: true,
            decode_references: true,
            remove_invisible: true,
        }
    }
}

impl DocumentStepConfig for NormalizeText {
    const VERSION: u32 = 2;

    fn build(&self, _resources: &Resources) -> Result<Box<dyn DocumentStep>, StepError> {
        Ok(Box::new(self.clone()))
    }
}

impl DocumentStep for NormalizeText {
    fn apply(&mut self, page: &mut Page<'_>) {
        let mut boundaries: Vec<usize> =
            page.blocks.iter().flat_map(|block| [block.start as usize, block.end as usize]).collect();
        let is_code: Vec<bool> = page.blocks.iter().map(|block| block.kind == "code").collect();
        page.text = self.normalize(&page.text, &mut boundaries, &is_code);
        for (block, ends) in page.blocks.iter_mut().zip(boundaries.chunks_exact(2)) {
            (block.start, block.end) = (ends[0] as u32, ends[1] as u32);
        }
        page.blocks.retain(|block| block.start < block.end);
        page.title = self.normalize(&page.title, &mut [], &[]).replace('\n', " ");
    }
}

impl NormalizeText {
    fn normalize(&self, text: &str, boundaries: &mut [usize], is_code: &[bool]) -> String {
        let normalizer = Normalizer {
            form: self.form,
            max_blank_lines: self.max_blank_lines,
            repair_encoding: self.repair_encoding,
            decode_references: self.decode_references,
            remove_invisible: self.remove_invisible,
        };
        normalizer.normalize(text, boundaries, is_code)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::document::Block;

    fn nfc(text: &str) -> String {
        NormalizeText::default().normalize(text, &mut [], &[])
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
        assert_eq!(nfkc.normalize("x² ｱ ﷺ", &mut [], &[]), "x2 ア صلى الله عليه وسلم");
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

    #[test]
    fn what_was_escaped_and_misread_is_mended_and_blocks_follow() {
        let text = "caf&eacute; prÃªt\n\nif a &lt; b\n\nÃ\u{90}Å¡Ã\u{90}Â¾Ã‘â€š &amp;amp; кот";
        let kinds = ["paragraph", "code", "paragraph"];
        let mut start = 0;
        let blocks = text.split("\n\n").zip(kinds).map(|(part, kind)| {
            let block = Block { start: start as u32, end: (start + part.len()) as u32, kind, score: 1.0 };
            start += part.len() + 2;
            block
        });
        let mut page = Page { text: text.to_owned(), blocks: blocks.collect(), ..Page::default() };
        page.title = "Îˆ &ndash; Î±Ï\u{81}Ï‡Î®".to_owned();
        NormalizeText::default().apply(&mut page);
        let found: Vec<_> =
            page.blocks.iter().map(|b| &page.text[b.start as usize..b.end as usize]).collect();
        assert_eq!(found, ["café prêt", "if a &lt; b", "Кот & кот"]);
        assert_eq!(page.title, "Έ – αρχή");
        let off = NormalizeText {
            repair_encoding: false,
            decode_references: false,
            remove_invisible: false,
            ..NormalizeText::default()
        };
        let kept = "caf&eacute; prÃªt so\u{200b}ma";
        assert_eq!(off.normalize(kept, &mut [], &[]), kept);
    }

    proptest! {
        #[test]
        fn normalising_twice_is_normalising_once(
            text in "([a-zéक-ह\u{93c}\u{94d}가-힣ᄀ-ᇂ\u{300}-\u{310}א-ת\u{200b}-\u{200f}\u{202a}-\u{202e}\u{2066}-\u{2069}\u{fe0e}\u{fe0f}\u{ad}\u{a0}\u{80}-\u{9f}ÃÂâ€™©ÐÑ°\r\n \t\u{2028}\u{2135}ก😀&＆;#3;]|&amp;|&eacute;|&shy;|&#x2[0-9];|amp;|lt;|.){0,40}",
            kompat in any::<bool>(),
        ) {
            let form = if kompat { UnicodeForm::Nfkc } else { UnicodeForm::Nfc };
            let step = NormalizeText { form, ..NormalizeText::default() };
            let once = step.normalize(&text, &mut [], &[]);
            prop_assert_eq!(&step.normalize(&once, &mut [], &[]), &once);
        }

        #[test]
        fn boundaries_stay_boundaries_in_order(text in "\\PC{0,30}[\r\n \u{301}\u{ad}]{0,4}\\PC{0,30}", cuts in prop::collection::vec(0usize..200, 0..6)) {
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| text.floor_char_boundary(cut)).collect();
            cuts.sort_unstable();
            let normal = NormalizeText::default().normalize(&text, &mut cuts, &[]);
            prop_assert!(cuts.iter().all(|cut| normal.is_char_boundary(*cut)));
            prop_assert!(cuts.is_sorted());
        }
    }
}
