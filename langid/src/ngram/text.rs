//! Text to words: what the n-grams see of a text, and what the gate counts on the way.
//!
//! Training and inference read every text through [`read`], so they cannot disagree. A word is a run of letters of one
//! script with its combining marks, in lower case; digits, punctuation and symbols are separators. No mark is dropped:
//! a normaliser that lost the vowel signs of Thaana once cost that script all of its accuracy. Special cases:
//!
//! - An apostrophe between letters stays, and its many shapes become one: `ng’ombe`, `k'iche'`, `l'eau`.
//! - The zero-width non-joiner separates words in the Arabic script (it does so for readers of Persian, and much web text
//!   has a space or nothing in its place) and is dropped elsewhere; other invisible characters are dropped.
//! - Han, kana and bopomofo are one group, since Chinese and Japanese mix them; words of other scripts end where the
//!   script changes.
//! - Words end after [`MAX_WORD`] bytes, so that scripts without spaces and runs of one letter cost no more than others.
//!
//! What is a letter, a mark or a digit, and in which script, comes from the Unicode tables of `std`, `unicode-script` and
//! `unicode-normalization`; newer tables change newly assigned characters only.

use std::borrow::Cow;
use std::sync::LazyLock;

use unicode_normalization::char::{canonical_combining_class, is_combining_mark};
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};
use unicode_script::UnicodeScript;

use crate::script::Script;

/// Most bytes of a word; longer runs are cut. 20 letters of a three-byte script, and no common word of others is longer.
pub(crate) const MAX_WORD: usize = 60;

/// A script group, an index into [`groups`].
pub(crate) type Group = u8;

/// No script: what separates words.
pub(crate) const NO_GROUP: Group = 0;

/// The first group: the table is built from U+0000 up.
const LATIN: Group = 1;

/// What a character is to the tokenizer and to the gate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum Class {
    /// A letter, or a mark that belongs to one script.
    Letter,
    /// A mark or letter shared by scripts: continues a word.
    Mark,
    /// White space.
    Space,
    /// A digit or number in any script.
    Digit,
    /// ASCII punctuation that code has more of than language.
    Code,
    /// Other punctuation and symbols.
    Other,
    /// Zero-width non-joiner.
    NonJoiner,
    /// Invisible: joiners, marks of direction, variation selectors.
    Skip,
    /// Any shape of apostrophe.
    Apostrophe,
    /// What broken decoding leaves: U+FFFD, controls, private use.
    Broken,
}

const CLASSES: [Class; 10] = [
    Class::Letter,
    Class::Mark,
    Class::Space,
    Class::Digit,
    Class::Code,
    Class::Other,
    Class::NonJoiner,
    Class::Skip,
    Class::Apostrophe,
    Class::Broken,
];

/// Classes and the bytes that they have in a text; the gate decides by them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Characters of each [`Class`]. Letters and marks are counted in `letter_bytes` only.
    chars: [u32; CLASSES.len()],
    /// Bytes of words, marks included.
    pub(crate) letter_bytes: usize,
}

impl Counts {
    pub(crate) fn of(&self, class: Class) -> usize {
        self.chars[class as usize] as usize
    }
}

/// The lower case, class and group of every character below U+20000.
struct Table {
    /// Lower case in bits 0 to 16, class in 17 to 20, [`MARK`] and [`MAY_COMPOSE`], group in 24 to 31.
    entries: Vec<u32>,
    groups: Vec<Script>,
}

const PLANES: u32 = 0x2_0000;

static TABLE: LazyLock<Table> = LazyLock::new(Table::new);

/// Lower case of ASCII letters, 0 for everything else.
static ASCII: [u8; 128] = {
    let mut table = [0; 128];
    let mut byte = 0u8;
    while byte < 128 {
        if byte.is_ascii_alphabetic() {
            table[byte as usize] = byte.to_ascii_lowercase();
        }
        byte += 1;
    }
    table
};

/// The scripts that groups stand for. The first is a placeholder for [`NO_GROUP`]; Han with kana is `Hani`.
pub(crate) fn groups() -> &'static [Script] {
    &TABLE.groups
}

/// The group in which text of a label's script is: `Hani` for `Hans`, `Hant` and `Jpan`, `Hang` for `Kore`.
pub(crate) fn group_of(script: Script) -> Option<Group> {
    let wanted = match script.as_str() {
        "Hans" | "Hant" | "Hani" | "Jpan" | "Hira" | "Kana" | "Bopo" => "Hani",
        "Kore" => "Hang",
        other => other,
    };
    let at = groups().iter().skip(1).position(|group| group.as_str() == wanted)?;
    Some(at as Group + 1)
}

impl Table {
    fn new() -> Table {
        let mut table =
            Table { entries: Vec::with_capacity(PLANES as usize), groups: vec![Script::LATN, Script::LATN] };
        for code in 0..PLANES {
            let entry = match char::from_u32(code) {
                Some(c) => table.entry(c) | composition(c),
                None => pack(0, Class::Broken, NO_GROUP),
            };
            table.entries.push(entry);
        }
        table
    }

    fn entry(&mut self, c: char) -> u32 {
        let class = class(c);
        if class != Class::Letter {
            return pack(c as u32, class, NO_GROUP);
        }
        let script = match c.script() {
            unicode_script::Script::Hiragana
            | unicode_script::Script::Katakana
            | unicode_script::Script::Bopomofo
            | unicode_script::Script::Han => Script::HANI,
            script => Script::parse(script.short_name()).unwrap_or(Script::LATN),
        };
        let group = self.groups.iter().skip(1).position(|known| *known == script).map_or_else(
            || {
                self.groups.push(script);
                self.groups.len() - 1
            },
            |at| at + 1,
        );
        pack(lower(c) as u32, Class::Letter, group as Group)
    }

    fn look_up(&self, c: char) -> (char, Class, Group) {
        let code = c as u32;
        let Some(entry) = self.entries.get(code as usize) else {
            // Planes 2 and 3 hold Han only.
            return if code < 0x4_0000 {
                (c, Class::Letter, group_of(Script::HANI).unwrap_or(NO_GROUP))
            } else if (0xe_0000..0xf_0000).contains(&code) {
                (c, Class::Skip, NO_GROUP)
            } else {
                (c, Class::Broken, NO_GROUP)
            };
        };
        let lower = char::from_u32(entry & 0x1_ffff).unwrap_or(c);
        (lower, CLASSES[(entry >> 17 & 0xf) as usize], (entry >> 24) as Group)
    }
}

fn pack(lower: u32, class: Class, group: Group) -> u32 {
    lower & 0x1_ffff | (class as u32) << 17 | u32::from(group) << 24
}

fn class(c: char) -> Class {
    use unicode_script::Script as U;
    match c {
        '\'' | '`' | '´' | '‘' | '’' | 'ʹ' | 'ʻ' | 'ʼ' | 'ʽ' | 'ˈ' | '\u{5f3}' | '＇' | 'Ꞌ' | 'ꞌ' => {
            Class::Apostrophe
        }
        '\u{200c}' => Class::NonJoiner,
        '\u{ad}'
        | '\u{34f}'
        | '\u{61c}'
        | '\u{640}'
        | '\u{180b}'..='\u{180f}'
        | '\u{200b}'
        | '\u{200d}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' => Class::Skip,
        '\u{fffd}' | '\u{e000}'..='\u{f8ff}' => Class::Broken,
        c if c.is_whitespace() => Class::Space,
        c if c.is_control() => Class::Broken,
        c if c.is_numeric() && c.script() != U::Han => Class::Digit,
        '{' | '}' | '[' | ']' | '<' | '>' | '=' | ';' | '_' | '$' | '#' | '@' | '\\' | '|' | '&' | '*'
        | '+' | '^' | '~' | '/' | '%' => Class::Code,
        c if c.is_alphabetic() || is_combining_mark(c) => match c.script() {
            U::Common | U::Inherited | U::Unknown => Class::Mark,
            _ => Class::Letter,
        },
        _ => Class::Other,
    }
}

/// One character in lower case: the first where Unicode has several, and one shape of letters that are typed in two ways.
fn lower(c: char) -> char {
    let lower = c.to_lowercase().next().filter(|lower| (*lower as u32) < PLANES).unwrap_or(c);
    match lower {
        'ș' => 'ş',
        'ț' => 'ţ',
        // The schwa of Tamasheq and Kanuri, typed as the turned e.
        'ǝ' => 'ə',
        // Full-width Latin.
        'ａ'..='ｚ' => char::from_u32(lower as u32 - 0xfee0).unwrap_or(lower),
        lower => lower,
    }
}

/// A mark that has a place among other marks of its letter.
const MARK: u32 = 1 << 21;

/// A character that NFC may not leave as it is.
const MAY_COMPOSE: u32 = 1 << 22;

fn composition(c: char) -> u32 {
    let alone = is_nfc_quick(std::iter::once(c)) == IsNormalized::Yes;
    let mark = if canonical_combining_class(c) == 0 { 0 } else { MARK };
    mark | if alone { 0 } else { MAY_COMPOSE }
}

/// The text in NFC, borrowed where it is so already, which is nearly always.
pub(crate) fn composed(text: &str) -> Cow<'_, str> {
    let is_so = text.is_ascii() || has_no_choice(text) || is_nfc_quick(text.chars()) == IsNormalized::Yes;
    if is_so { Cow::Borrowed(text) } else { Cow::Owned(text.nfc().collect()) }
}

/// Whether no character can be composed with the one before it, and no two marks can change places: then a text is in NFC.
fn has_no_choice(text: &str) -> bool {
    let table = &*TABLE;
    let mut before = 0;
    text.chars().all(|c| {
        let entry = table.entries.get(c as usize).copied().unwrap_or(MAY_COMPOSE);
        let free = entry & MAY_COMPOSE == 0 && entry & before & MARK == 0;
        before = entry;
        free
    })
}

/// A word: letters of one script in lower case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Word<'a> {
    pub(crate) group: Group,
    /// At most [`MAX_WORD`] bytes of UTF-8.
    pub(crate) bytes: &'a [u8],
}

/// Hands the words of `text` to `on_word` until it answers `false`, and counts the characters up to there.
///
/// Returns how many bytes of the text were read.
#[inline]
pub(crate) fn read(text: &str, counts: &mut Counts, mut on_word: impl FnMut(Word<'_>) -> bool) -> usize {
    let table = &*TABLE;
    let bytes = text.as_bytes();
    let mut word = [0u8; MAX_WORD + 4];
    let mut len = 0;
    let mut group = NO_GROUP;
    let mut at = 0;

    macro_rules! flush {
        () => {
            if len > 0 {
                counts.letter_bytes += len;
                let go_on = on_word(Word { group, bytes: &word[..len] });
                if !go_on {
                    return at;
                }
                len = 0;
            }
        };
    }

    while at < bytes.len() {
        let byte = bytes[at];
        if byte < 128 {
            let lower = ASCII[byte as usize];
            if lower != 0 && group == LATIN && len < MAX_WORD {
                word[len] = lower;
                len += 1;
                at += 1;
                continue;
            }
        }
        let (c, width) = if byte < 128 {
            (byte as char, 1)
        } else {
            // `at` is always a boundary: whole characters are read.
            let c = text[at..].chars().next().unwrap_or('\u{fffd}');
            (c, c.len_utf8())
        };
        let (lower, class, own) = table.look_up(c);
        match class {
            Class::Letter => {
                if own != group || len + lower.len_utf8() > MAX_WORD {
                    flush!();
                    group = own;
                }
                len += lower.encode_utf8(&mut word[len..]).len();
            }
            Class::Mark => {
                if len > 0 && len + c.len_utf8() <= MAX_WORD {
                    len += c.encode_utf8(&mut word[len..]).len();
                }
            }
            Class::Skip => counts.chars[class as usize] += 1,
            Class::Apostrophe
                if len > 0 && len < MAX_WORD && letter_follows(table, &text[at + width..], group) =>
            {
                word[len] = b'\'';
                len += 1;
            }
            Class::NonJoiner => {
                counts.chars[class as usize] += 1;
                if group != NO_GROUP && table.groups[group as usize].as_str() == "Arab" {
                    flush!();
                }
            }
            _ => {
                counts.chars[class as usize] += 1;
                flush!();
            }
        }
        at += width;
    }
    if len > 0 {
        counts.letter_bytes += len;
        on_word(Word { group, bytes: &word[..len] });
    }
    at
}

fn letter_follows(table: &Table, rest: &str, group: Group) -> bool {
    rest.chars().next().is_some_and(|c| {
        let (_, class, own) = table.look_up(c);
        class == Class::Letter && own == group
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn words(text: &str) -> Vec<(String, String)> {
        let mut words = Vec::new();
        read(text, &mut Counts::default(), |word| {
            let script = groups()[word.group as usize].to_string();
            words.push((script, String::from_utf8(word.bytes.to_vec()).unwrap()));
            true
        });
        words
    }

    fn plain(text: &str) -> Vec<String> {
        words(text).into_iter().map(|(_, word)| word).collect()
    }

    #[test]
    fn words_are_lower_case_letters_with_all_their_marks() {
        for (text, want) in [
            ("Habari za Leo, 2024!", vec!["habari", "za", "leo"]),
            ("हिन्दी में पढ़ते", vec!["हिन्दी", "में", "पढ़ते"]),
            ("ކުދިން ސްކޫލަށް", vec!["ކުދިން", "ސްކޫލަށް"]),
            ("Ọ̀rọ̀ Yorùbá", vec!["ọ̀rọ̀", "yorùbá"]),
            ("ΑΘΗΝΑ", vec!["αθηνα"]),
            ("இந்தியா", vec!["இந்தியா"]),
            ("ሰላም፡እንዴት", vec!["ሰላም", "እንዴት"]),
            ("བོད་ཡིག", vec!["བོད", "ཡིག"]),
        ] {
            assert_eq!(plain(text), want, "{text}");
        }
    }

    #[test]
    fn apostrophes_stay_inside_words_only_and_have_one_shape() {
        assert_eq!(plain("ng’ombe 'leo' k\u{2bc}iche\u{2bc} d'"), ["ng'ombe", "leo", "k'iche", "d"]);
    }

    #[test]
    fn words_end_where_the_script_changes_but_kana_and_han_are_one_group() {
        let found = words("Γειάhello 学校へ行くIT");
        let want = [("Grek", "γειά"), ("Latn", "hello"), ("Hani", "学校へ行く"), ("Latn", "it")];
        assert_eq!(found.len(), want.len());
        for ((script, word), want) in found.iter().zip(want) {
            assert_eq!((script.as_str(), word.as_str()), want);
        }
    }

    #[test]
    fn a_zero_width_non_joiner_separates_persian_words_and_vanishes_in_bengali() {
        assert_eq!(plain("می\u{200c}روند"), ["می", "روند"]);
        assert_eq!(plain("র\u{200c}্য"), ["র্য"]);
    }

    #[test]
    fn runs_without_spaces_are_cut_at_characters() {
        let text = "ก".repeat(50) + &"a".repeat(200);
        let found = plain(&text);
        assert_eq!(found.concat(), text);
        assert!(found.iter().all(|word| word.len() <= MAX_WORD));
    }

    #[test]
    fn decomposed_text_is_composed_before_it_is_read() {
        assert_eq!(composed("Vie\u{302}\u{323}t"), "Việt");
        assert!(matches!(composed("Việt നമ്മൾ"), Cow::Borrowed(_)));
    }

    #[test]
    fn counts_say_what_separates_the_words() {
        let mut counts = Counts::default();
        read("let x_1 = [2, ٣]; \u{fffd}", &mut counts, |_| true);
        assert_eq!(counts.of(Class::Digit), 3);
        assert_eq!(counts.of(Class::Code), 5);
        assert_eq!(counts.of(Class::Broken), 1);
        assert_eq!(counts.letter_bytes, 4);
    }

    proptest! {
        #[test]
        fn text_is_composed_as_unicode_composes_it(text in "([a-zéạ\u{300}-\u{330}가\u{1161}\u{11a8}क\u{93c}\u{94d}ש\u{5b0}-\u{5c7}]|\\PC){0,40}") {
            prop_assert_eq!(composed(&text).into_owned(), text.nfc().collect::<String>());
        }

        #[test]
        fn any_text_is_read_to_its_end_and_words_are_valid(text in "(\\PC|\n|\0){0,300}") {
            let mut counts = Counts::default();
            let read_to = read(&text, &mut counts, |word| {
                assert!(!word.bytes.is_empty() && word.bytes.len() <= MAX_WORD);
                assert!(std::str::from_utf8(word.bytes).is_ok());
                assert_ne!(word.group, NO_GROUP);
                true
            });
            prop_assert_eq!(read_to, text.len());
        }

        #[test]
        fn reading_words_again_gives_the_same_words(text in "\\PC{0,200}") {
            let once = plain(&text);
            prop_assert_eq!(plain(&once.join(" ")), once);
        }
    }
}
