//! What a character is, to segmentation and to the signals: one word of flags for each, from a table of the Basic
//! Multilingual Plane that is made once from the data of ICU4X and `unicode-script`; other planes are looked up there.
//!
//! White space is Python's, not Unicode's: the separators U+001C to U+001F count, since the rules that are repeated
//! here were written in Python. More than white space separates words: U+200B, with which Khmer and Burmese mark them,
//! the Ethiopic word space, and the Tibetan tsheg (there, syllables).

use std::sync::LazyLock;

use icu_properties::CodePointMapData;
use icu_properties::props::GeneralCategory;
use unicode_script::{Script, UnicodeScript};

/// What a character is to the segmenter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Kind {
    /// Separates words.
    Space,
    /// A letter.
    Letter,
    /// Belongs to the word before it: vowel signs, viramas, tones, harakat, niqqud.
    Mark,
    /// A number: 7, ७, ², Ⅷ.
    Number,
    /// `_` and its like: belongs to a word inside one.
    Connector,
    /// Punctuation, symbols, emoji, controls: a token each.
    Symbol,
    /// Joiners, direction marks, soft hyphens: no trace, except inside a word.
    Format,
}

const KINDS: [Kind; 8] = [
    Kind::Space,
    Kind::Letter,
    Kind::Mark,
    Kind::Number,
    Kind::Connector,
    Kind::Symbol,
    Kind::Format,
    Kind::Format,
];

/// As what a character is counted; at most eight, which share one register.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Tally {
    Space,
    Upper,
    Letter,
    Mark,
    Decimal,
    Number,
    Punctuation,
    Symbol,
}

/// A character's kind (3 bits), tally (3 bits), flags, and script (the upper 8 bits).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Class(u32);

const ALPHABETIC: u32 = 1 << 6;
const PUNCTUATION_LIST: u32 = 1 << 7;
const TERMINAL: u32 = 1 << 8;
const PUNCTUATION: u32 = 1 << 9;
const DICTIONARY: u32 = 1 << 10;
const LINE_BREAK: u32 = 1 << 11;
const LOWER: u32 = 1 << 12;
const WHITE: u32 = 1 << 13;
const BEYOND_ASCII: u32 = 1 << 14;

impl Class {
    /// No character at all: white space, for the edges of a text.
    pub(crate) const NONE: Self = Self(0);

    pub(crate) fn of(c: char) -> Self {
        match TABLE.get(c as usize) {
            Some(class) => *class,
            None => read_class(c),
        }
    }

    pub(crate) fn kind(self) -> Kind {
        KINDS[(self.0 & 7) as usize]
    }

    /// The shift of this character's byte among eight counters.
    pub(crate) fn tally_shift(self) -> u32 {
        ((self.0 >> 3) & 7) * 8
    }

    /// A letter in Python's sense (general category L).
    pub(crate) fn is_alphabetic(self) -> bool {
        self.0 & ALPHABETIC != 0
    }

    pub(crate) fn is_upper(self) -> bool {
        (self.0 >> 3) & 7 == Tally::Upper as u32
    }

    pub(crate) fn is_lower(self) -> bool {
        self.0 & LOWER != 0
    }

    /// A number or a letter: what punctuation inside a word stands between.
    pub(crate) fn is_alphanumeric(self) -> bool {
        matches!(self.kind(), Kind::Letter | Kind::Number | Kind::Mark)
    }

    /// In the list of punctuation by which datatrove tells words from symbols. It is shorter than Unicode's.
    pub(crate) fn is_listed_punctuation(self) -> bool {
        self.0 & PUNCTUATION_LIST != 0
    }

    /// Ends a sentence, in any script.
    pub(crate) fn is_terminal(self) -> bool {
        self.0 & TERMINAL != 0
    }

    /// General category P.
    pub(crate) fn is_punctuation(self) -> bool {
        self.0 & PUNCTUATION != 0
    }

    /// Of a script that writes no spaces and for which the segmenter has a dictionary.
    pub(crate) fn needs_dictionary(self) -> bool {
        self.0 & DICTIONARY != 0
    }

    /// Ends a line in Python's `splitlines`, and is not a newline.
    pub(crate) fn is_other_line_break(self) -> bool {
        self.0 & LINE_BREAK != 0
    }

    pub(crate) fn is_hebrew(self) -> bool {
        self.script() == Script::Hebrew as u8 && self.is_alphabetic()
    }

    /// White space, as Python's `isspace`.
    pub(crate) fn is_white(self) -> bool {
        self.0 & WHITE != 0
    }

    /// Separates words: white space, and what does so in some scripts.
    pub(crate) fn is_space(self) -> bool {
        self.0 & 7 == Kind::Space as u32
    }

    pub(crate) fn is_beyond_ascii(self) -> bool {
        self.0 & BEYOND_ASCII != 0
    }

    pub(crate) fn script(self) -> u8 {
        (self.0 >> 24) as u8
    }

    /// The flags of several characters at once: asks whether any of them has one.
    pub(crate) fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

static TABLE: LazyLock<Vec<Class>> = LazyLock::new(|| {
    (0..=0xffff_u32).map(|code| char::from_u32(code).map_or(Class::NONE, read_class)).collect()
});

/// The classes of ASCII, next to each other for the fast path.
pub(crate) static ASCII: LazyLock<[Class; 128]> =
    LazyLock::new(|| std::array::from_fn(|code| read_class(char::from(code as u8))));

fn read_class(c: char) -> Class {
    use GeneralCategory as G;
    let category = CodePointMapData::<GeneralCategory>::new().get(c);
    let script = c.script();
    let (mut kind, mut tally) = match category {
        G::UppercaseLetter | G::TitlecaseLetter => (Kind::Letter, Tally::Upper),
        G::LowercaseLetter | G::ModifierLetter | G::OtherLetter => (Kind::Letter, Tally::Letter),
        G::NonspacingMark | G::SpacingMark | G::EnclosingMark => (Kind::Mark, Tally::Mark),
        G::DecimalNumber => (Kind::Number, Tally::Decimal),
        G::LetterNumber | G::OtherNumber => (Kind::Number, Tally::Number),
        G::ConnectorPunctuation => (Kind::Connector, Tally::Punctuation),
        G::DashPunctuation
        | G::OpenPunctuation
        | G::ClosePunctuation
        | G::InitialPunctuation
        | G::FinalPunctuation
        | G::OtherPunctuation => (Kind::Symbol, Tally::Punctuation),
        G::MathSymbol | G::CurrencySymbol | G::ModifierSymbol | G::OtherSymbol => {
            (Kind::Symbol, Tally::Symbol)
        }
        G::SpaceSeparator | G::LineSeparator | G::ParagraphSeparator => (Kind::Space, Tally::Space),
        G::Format => (Kind::Format, Tally::Space),
        G::Control | G::Unassigned | G::PrivateUse | G::Surrogate => (Kind::Symbol, Tally::Symbol),
    };
    let mut flags = if c.is_ascii() { 0 } else { BEYOND_ASCII };
    let white = kind == Kind::Space || matches!(c, '\t'..='\r' | '\x1c'..='\x1f' | '\u{85}');
    if white {
        flags |= WHITE;
    }
    if tally == Tally::Punctuation {
        flags |= PUNCTUATION;
    }
    match c {
        '\t'..='\r' | '\x1c'..='\x1f' | '\u{85}' | '\u{200b}' => (kind, tally) = (Kind::Space, Tally::Space),
        // The Ethiopic word space, and the tsheg of Tibetan in its two forms.
        '\u{1361}' | '\u{f0b}' | '\u{f0c}' => kind = Kind::Space,
        // The Mongolian nirugu lengthens letters.
        '\u{180a}' => kind = Kind::Mark,
        // Not what one writes sentences with, though Unicode calls them punctuation.
        '#' | '%' | '&' | '*' | '/' | '@' | '\\' | '{' | '}' | '_' => tally = Tally::Symbol,
        _ => {}
    }
    if matches!(c, '\r' | '\x0b' | '\x0c' | '\x1c'..='\x1e' | '\u{85}' | '\u{2028}' | '\u{2029}') {
        flags |= LINE_BREAK;
    }
    if kind == Kind::Letter {
        flags |= ALPHABETIC;
    }
    if category == G::LowercaseLetter {
        flags |= LOWER;
    }
    if in_ranges(&TERMINAL_PUNCTUATION, c) {
        flags |= TERMINAL | PUNCTUATION_LIST;
    }
    if in_ranges(&LISTED_PUNCTUATION, c) {
        flags |= PUNCTUATION_LIST;
    }
    let unspaced = matches!(
        script,
        Script::Thai
            | Script::Lao
            | Script::Khmer
            | Script::Myanmar
            | Script::Han
            | Script::Hiragana
            | Script::Katakana
    );
    // The long vowel marks of kana are of no one script.
    let long_vowel = matches!(c, '\u{30fc}' | '\u{ff70}');
    if matches!(kind, Kind::Letter | Kind::Mark) && (unspaced || long_vowel) {
        flags |= DICTIONARY;
    }
    Class(kind as u32 | ((tally as u32) << 3) | flags | ((script as u32) << 24))
}

fn in_ranges(ranges: &[(u32, u32)], c: char) -> bool {
    ranges.iter().any(|(first, last)| (*first..=*last).contains(&(c as u32)))
}

/// `TERMINAL_PUNCTUATION` of datatrove 0.10.1 (Apache-2.0), utils/text.py: sentence ends of all scripts. It holds all
/// that spaCy's sentencizer takes for one.
#[rustfmt::skip]
const TERMINAL_PUNCTUATION: [(u32, u32); 82] = [
    (0x21, 0x21), (0x2e, 0x2e), (0x3f, 0x3f), (0x589, 0x589), (0x61d, 0x61f), (0x6d4, 0x6d4), (0x700, 0x702),
    (0x7f9, 0x7f9), (0x837, 0x837), (0x839, 0x839), (0x83d, 0x83e), (0x964, 0x965), (0x104a, 0x104b),
    (0x1362, 0x1362), (0x1367, 0x1368), (0x166e, 0x166e), (0x1735, 0x1736), (0x17d4, 0x17d6),
    (0x17d9, 0x17da), (0x1803, 0x1803), (0x1809, 0x1809), (0x1944, 0x1945), (0x1aa8, 0x1aab),
    (0x1b5a, 0x1b5b), (0x1b5e, 0x1b5f), (0x1b7d, 0x1b7e), (0x1c3b, 0x1c3c), (0x1c7e, 0x1c7f),
    (0x203c, 0x203d), (0x2047, 0x2049), (0x2e2e, 0x2e2e), (0x2e3c, 0x2e3c), (0x2e53, 0x2e54),
    (0x3002, 0x3002), (0xa4ff, 0xa4ff), (0xa60e, 0xa60f), (0xa6f3, 0xa6f3), (0xa6f7, 0xa6f7),
    (0xa876, 0xa877), (0xa8ce, 0xa8cf), (0xa92f, 0xa92f), (0xa9c8, 0xa9c9), (0xaa5d, 0xaa5f),
    (0xaaf0, 0xaaf1), (0xabeb, 0xabeb), (0xfe52, 0xfe52), (0xfe56, 0xfe57), (0xff01, 0xff01),
    (0xff0e, 0xff0e), (0xff1f, 0xff1f), (0xff61, 0xff61), (0x10a56, 0x10a57), (0x10f55, 0x10f59),
    (0x10f86, 0x10f89), (0x11047, 0x11048), (0x110be, 0x110c1), (0x11141, 0x11143), (0x111c5, 0x111c6),
    (0x111cd, 0x111cd), (0x111de, 0x111df), (0x11238, 0x11239), (0x1123b, 0x1123c), (0x112a9, 0x112a9),
    (0x1144b, 0x1144c), (0x115c2, 0x115c3), (0x115c9, 0x115d7), (0x11641, 0x11642), (0x1173c, 0x1173e),
    (0x11944, 0x11944), (0x11946, 0x11946), (0x11a42, 0x11a43), (0x11a9b, 0x11a9c), (0x11c41, 0x11c42),
    (0x11ef7, 0x11ef8), (0x11f43, 0x11f44), (0x16a6e, 0x16a6f), (0x16af5, 0x16af5), (0x16b37, 0x16b38),
    (0x16b44, 0x16b44), (0x16e98, 0x16e98), (0x1bc9f, 0x1bc9f), (0x1da88, 0x1da88),
];

/// `PUNCTUATION` of datatrove 0.10.1 (Apache-2.0), utils/text.py; together with the list above it is its
/// `PUNCTUATION_SET`.
#[rustfmt::skip]
const LISTED_PUNCTUATION: [(u32, u32); 28] = [
    (0x0, 0x8), (0xb, 0x1f), (0x21, 0x2f), (0x3a, 0x40), (0x5b, 0x60), (0x7b, 0x9f), (0xab, 0xab),
    (0xb4, 0xb4), (0xbb, 0xbb), (0x2013, 0x2014), (0x2019, 0x2019), (0x201c, 0x201e), (0x2026, 0x2026),
    (0x2236, 0x2236), (0x2501, 0x2501), (0x25ba, 0x25ba), (0x3001, 0x3002), (0x3008, 0x300d),
    (0x3010, 0x3011), (0xff01, 0xff01), (0xff05, 0xff05), (0xff08, 0xff09), (0xff0c, 0xff0c),
    (0xff0e, 0xff0e), (0xff11, 0xff11), (0xff1a, 0xff1b), (0xff1f, 0xff1f), (0xff5e, 0xff5e),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_belong_to_words_in_every_script() {
        for c in ['\u{93f}', '\u{94d}', '\u{bcd}', '\u{7a6}', '\u{5b8}', '\u{64e}', '\u{e31}', '\u{301}'] {
            assert_eq!(Class::of(c).kind(), Kind::Mark, "{c:?}");
        }
    }

    #[test]
    fn white_space_is_pythons_and_what_separates_words_elsewhere() {
        for c in [' ', '\t', '\n', '\x1f', '\u{85}', '\u{a0}', '\u{3000}', '\u{200b}', '፡', '་'] {
            assert!(Class::of(c).is_space(), "{c:?}");
        }
        assert!(!Class::of('\u{200c}').is_space());
    }

    #[test]
    fn sentences_end_in_the_punctuation_of_their_script() {
        for c in ['.', '?', '!', '。', '।', '॥', '።', '؟', '۔', '។', '၊', '։', '𑂾'] {
            assert!(Class::of(c).is_terminal(), "{c:?}");
        }
        for c in [',', ';', '፣', '、', 'a', 'ก'] {
            assert!(!Class::of(c).is_terminal(), "{c:?}");
        }
    }

    #[test]
    fn only_scripts_without_spaces_need_the_dictionary() {
        for c in ['ก', 'ລ', 'ក', 'က', '漢', 'ひ', 'カ', 'ー', '々', '\u{e48}', '𠀀'] {
            assert!(Class::of(c).needs_dictionary(), "{c:?}");
        }
        for c in ['a', 'अ', '한', 'አ', 'ང', '๑', '。', '၊'] {
            assert!(!Class::of(c).needs_dictionary(), "{c:?}");
        }
    }
}
