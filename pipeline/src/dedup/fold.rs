//! What a character becomes before texts are compared.
//!
//! Letters are folded: NFKC and lower case, and without marks in Latin, Greek and Cyrillic, where copies differ in
//! diacritics. In all other scripts every mark stays: without theirs, Thai and Devanagari words fall together.
//!
//! Nearly every character folds by itself: those are in a table of the Basic Multilingual Plane. What depends on its
//! neighbours (jamo, marks that compose) is [`Class::Hard`], and the word around it takes the long way through
//! [`fold`].

use std::sync::LazyLock;

use unicode_normalization::char::{canonical_combining_class, is_combining_mark};
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfkc_quick};
use unicode_script::{Script, UnicodeScript};

/// What a character is to the tokenizer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub(super) enum Class {
    /// Separates tokens.
    Gap,
    /// Part of a word.
    Letter,
    /// A token of its own, with the marks behind it.
    Alone,
    /// Part of the token before it, whatever that is.
    Mark,
    /// As [`Class::Mark`], with a canonical combining class: two in a row may have to change places.
    Ordered,
    /// A mark of no script: nothing on a Latin, Greek or Cyrillic letter, hard on others.
    Accent,
    /// May compose with the one character before it.
    Joins,
    /// Folds to two characters that stand for themselves, such as Thai sara am.
    Pair,
    /// Leaves no trace: joiners and variation selectors.
    Ignored,
    /// Folds to several characters, or together with its neighbours.
    Hard,
}

impl Class {
    const ALL: [Self; 10] = [
        Self::Gap,
        Self::Letter,
        Self::Alone,
        Self::Mark,
        Self::Ordered,
        Self::Accent,
        Self::Joins,
        Self::Pair,
        Self::Ignored,
        Self::Hard,
    ];
}

/// A character's class, what it folds to, and whether marks on it are left out, in one word. The default is a gap.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Entry(u32);

const CLASS_SHIFT: u32 = 24;
const BARE: u32 = 1 << 31;

impl Entry {
    fn new(class: Class, folded: char) -> Self {
        let bare = if drops_marks(folded.script()) { BARE } else { 0 };
        Self(bare | (class as u32) << CLASS_SHIFT | folded as u32)
    }

    pub(super) fn class(self) -> Class {
        Class::ALL[(self.0 >> CLASS_SHIFT & 0xf) as usize]
    }

    /// The code point it folds to.
    pub(super) fn folded(self) -> u32 {
        self.0 & 0x00ff_ffff
    }

    /// Marks on it are left out.
    pub(super) fn is_bare(self) -> bool {
        self.0 & BARE != 0
    }
}

/// Entries of the Basic Multilingual Plane: 256 KiB, made in a few milliseconds at first use.
static PLANE: LazyLock<Box<[Entry]>> = LazyLock::new(|| {
    (0..=0xffff).map(|code| char::from_u32(code).map_or(Entry::new(Class::Gap, ' '), entry_of)).collect()
});

/// The table, for loops that look up every character of a text.
pub(super) fn plane() -> &'static [Entry] {
    &PLANE
}

/// The entry of a character outside the table.
#[cold]
pub(super) fn entry_of(c: char) -> Entry {
    if is_ignorable(c) {
        return Entry::new(Class::Ignored, c);
    }
    let mut folded = fold(std::iter::once(c));
    let (first, second, more) = (folded.next(), folded.next(), folded.next());
    match (first, second, more) {
        (None, _, _) => Entry::new(Class::Ignored, c),
        (Some(folded), None, _) if is_word(folded) => Entry::new(class_of(c, folded), folded),
        (Some(folded), None, _) if !is_word(c) => Entry::new(Class::Gap, folded),
        (Some(first), Some(second), None) if pairs(first, second) => Entry::new(Class::Pair, c),
        _ => Entry::new(Class::Hard, c),
    }
}

/// The class of a word character that folds to one.
fn class_of(c: char, folded: char) -> Class {
    let script = folded.script();
    let mark = is_combining_mark(folded);
    if is_accent(folded) {
        Class::Accent
    } else if is_nfkc_quick(std::iter::once(folded)) == IsNormalized::Maybe {
        if c == folded { Class::Joins } else { Class::Hard }
    } else if canonical_combining_class(folded) != 0 {
        Class::Ordered
    } else if mark {
        Class::Mark
    } else if stands_alone(script) {
        Class::Alone
    } else {
        Class::Letter
    }
}

/// Both stand for themselves, whatever is around them.
fn pairs(first: char, second: char) -> bool {
    let free = |c| is_word(c) && matches!(class_of(c, c), Class::Letter | Class::Alone | Class::Mark);
    free(first) && free(second)
}

/// Letters, digits and marks.
pub(super) fn is_word(c: char) -> bool {
    c.is_alphanumeric() || is_combining_mark(c)
}

/// A mark of no script.
fn is_accent(c: char) -> bool {
    is_combining_mark(c) && matches!(c.script(), Script::Inherited | Script::Common)
}

fn is_ignorable(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{fe00}'..='\u{fe0f}')
}

/// Scripts whose marks are left out.
fn drops_marks(script: Script) -> bool {
    matches!(script, Script::Latin | Script::Greek | Script::Cyrillic)
}

/// Scripts that put no spaces between words.
fn stands_alone(script: Script) -> bool {
    matches!(
        script,
        Script::Han
            | Script::Hiragana
            | Script::Katakana
            | Script::Bopomofo
            | Script::Yi
            | Script::Thai
            | Script::Lao
            | Script::Khmer
            | Script::Myanmar
            | Script::Tai_Le
            | Script::New_Tai_Lue
            | Script::Tai_Tham
            | Script::Tai_Viet
            | Script::Javanese
            | Script::Balinese
    )
}

/// Characters, folded. The long way, right for all of them.
pub(super) fn fold(chars: impl Iterator<Item = char>) -> impl Iterator<Item = char> {
    let mut on_bare = false;
    chars
        .nfkd()
        .flat_map(char::to_lowercase)
        .filter(move |c| {
            if is_ignorable(*c) {
                return false;
            }
            if is_accent(*c) {
                return !on_bare;
            }
            if !is_combining_mark(*c) {
                on_bare = drops_marks(c.script());
            }
            true
        })
        .nfc()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folded(text: &str) -> String {
        fold(text.chars()).collect()
    }

    #[test]
    fn case_width_and_latin_marks_are_folded_and_marks_of_other_scripts_kept() {
        for (text, expected) in [
            ("Ọjọ́", "ojo"),
            ("Việt Nam", "viet nam"),
            ("Γειά ΣΟΥ", "γεια σου"),
            ("Ёлка", "елка"),
            ("ＡＢＣ１２", "abc12"),
            ("ﬁle", "file"),
            ("हिन्दी", "हिन्दी"),
            ("كَتَبَ", "كَتَبَ"),
            ("\u{e04}\u{e33}", "\u{e04}\u{e4d}\u{e32}"),
            ("\u{304b}\u{3099}", "が"),
            ("\u{1112}\u{1161}\u{11ab}", "한"),
            ("می\u{200c}شود", "میشود"),
        ] {
            assert_eq!(folded(text), expected, "{text}");
        }
    }

    #[test]
    fn classes_are_what_the_scripts_ask_for() {
        for (c, class) in [
            ('a', Class::Letter),
            ('É', Class::Letter),
            ('7', Class::Letter),
            (' ', Class::Gap),
            ('。', Class::Gap),
            ('่', Class::Ordered),
            ('ั', Class::Mark),
            ('ก', Class::Alone),
            ('ำ', Class::Pair),
            ('山', Class::Alone),
            ('カ', Class::Alone),
            ('한', Class::Letter),
            ('ा', Class::Mark),
            ('া', Class::Joins),
            ('\u{301}', Class::Accent),
            ('\u{200d}', Class::Ignored),
            ('㍿', Class::Hard),
        ] {
            assert_eq!(entry_of(c).class(), class, "{c:?} U+{:04X}", c as u32);
        }
        assert!(entry_of('é').is_bare() && !entry_of('ש').is_bare());
    }
}
