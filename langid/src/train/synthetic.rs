//! Text that is made, where languages are written in a script or spelling that they have little or no training text in.
//!
//! - Minangkabau in Arabic letters (Jawi) from its Latin. Consonants have one letter each, `i`, `u` and `o` are written,
//!   `e` is not, and `a` is written at the end of open syllables. Writers differ in the last point, so each line is made
//!   twice, once with every `a` written.
//! - Arabic in Latin letters from lines with all their vowel signs, once as books have it (`ala`, `haqq`), once as chats
//!   do (`3ala`, `7a22`).
//! - K'iche', Kaqchikel and Uspanteko in the alphabet of 1987 from that of the Bibles: `k` for `c` and `qu`.
//! - Serbian in Latin letters from Cyrillic, letter by letter: the Latin lines are of one source, the Cyrillic of three.
//!
//! The development set showed which scripts and spellings were missing. The rules are those of grammars and schoolbooks, and
//! were not fitted to it.

use super::Line;

/// Lines made from those that are there, in their order.
pub(crate) fn made(lines: &[Line]) -> Vec<Line> {
    let mut made = Vec::new();
    for line in lines {
        let mut make = |tag: &str, text: String| {
            made.extend(tag.parse().ok().map(|tag| Line { tag, source: line.source, text }));
        };
        match (line.tag.code(), line.tag.script().map(|script| script.as_str().to_owned()).as_deref()) {
            ("min", Some("Latn")) => {
                make("min_Arab", jawi(&line.text, false));
                make("min_Arab", jawi(&line.text, true));
            }
            ("quc" | "cak" | "usp", Some("Latn")) => make(&line.tag.to_string(), mayan(&line.text)),
            ("srp", Some("Cyrl")) => make("srp_Latn", gaj(&line.text)),
            ("ara", Some("Arab")) if has_vowel_signs(&line.text) => {
                make("ara_Latn", romanised(&line.text, false));
                make("ara_Latn", romanised(&line.text, true));
            }
            _ => {}
        }
    }
    made
}

/// Consonants, the longer first.
const CONSONANTS: [(&str, &str); 27] = [
    ("ng", "ڠ"),
    ("ny", "ڽ"),
    ("sy", "ش"),
    ("kh", "خ"),
    ("gh", "غ"),
    ("b", "ب"),
    ("c", "چ"),
    ("d", "د"),
    ("f", "ف"),
    ("g", "ݢ"),
    ("h", "ه"),
    ("j", "ج"),
    ("k", "ک"),
    ("l", "ل"),
    ("m", "م"),
    ("n", "ن"),
    ("p", "ڤ"),
    ("q", "ق"),
    ("r", "ر"),
    ("s", "س"),
    ("t", "ت"),
    ("v", "ۏ"),
    ("w", "و"),
    ("x", "کس"),
    ("y", "ي"),
    ("z", "ز"),
    ("'", "ء"),
];

/// Latin text in Jawi spelling; what is no letter stays.
fn jawi(text: &str, every_a: bool) -> String {
    let text = text.to_lowercase();
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    let mut inside = false;
    while let Some(first) = rest.chars().next() {
        let after = &rest[first.len_utf8()..];
        if is_vowel(first) {
            if !inside && first != 'a' {
                out.push('ا');
            }
            match first {
                'a' if !inside || every_a || is_open(after) => out.push('ا'),
                'i' => out.push('ي'),
                'o' | 'u' => out.push('و'),
                _ => {}
            }
            (inside, rest) = (true, after);
        } else if inside && is_glottal(rest) {
            out.push('ق');
            rest = after;
        } else if let Some((latin, arabic)) = CONSONANTS.iter().find(|(latin, _)| rest.starts_with(latin)) {
            out.push_str(arabic);
            (inside, rest) = (true, &rest[latin.len()..]);
        } else {
            out.push(match first {
                ',' => '،',
                ';' => '؛',
                '?' => '؟',
                other => other,
            });
            (inside, rest) = (false, after);
        }
    }
    out
}

fn is_vowel(c: char) -> bool {
    matches!(c, 'a' | 'e' | 'i' | 'o' | 'u' | 'é' | 'è')
}

/// Whether a vowel ends its syllable: the word ends there, or one consonant and a vowel follow.
fn is_open(after: &str) -> bool {
    let Some(first) = after.chars().next().filter(|c| c.is_alphabetic()) else { return true };
    if is_vowel(first) {
        return true;
    }
    let consonant =
        CONSONANTS.iter().find(|(latin, _)| after.starts_with(latin)).map_or(1, |(latin, _)| latin.len());
    after[consonant.min(after.len())..].chars().next().is_some_and(is_vowel)
}

/// Whether a word ends in `k` here, which is a glottal stop.
fn is_glottal(rest: &str) -> bool {
    rest.strip_prefix('k').is_some_and(|after| !after.starts_with(char::is_alphabetic))
}

/// The old spelling of Mayan languages in the new one, as far as it is regular.
fn mayan(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let text = text.to_lowercase();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, chars.peek()) {
            ('q', Some('u')) => {
                chars.next();
                let soft = matches!(chars.peek(), Some('e' | 'i' | 'ë' | 'ï'));
                out.push_str(if soft { "k" } else { "qu" });
            }
            ('c', Some('h')) => out.push('c'),
            ('c', _) => out.push('k'),
            ('ˈ', _) => out.push('\''),
            _ => out.push(c),
        }
    }
    out
}

/// Serbian Cyrillic and Gaj's Latin alphabet.
const GAJ: [(char, &str); 30] = [
    ('а', "a"),
    ('б', "b"),
    ('в', "v"),
    ('г', "g"),
    ('д', "d"),
    ('ђ', "đ"),
    ('е', "e"),
    ('ж', "ž"),
    ('з', "z"),
    ('и', "i"),
    ('ј', "j"),
    ('к', "k"),
    ('л', "l"),
    ('љ', "lj"),
    ('м', "m"),
    ('н', "n"),
    ('њ', "nj"),
    ('о', "o"),
    ('п', "p"),
    ('р', "r"),
    ('с', "s"),
    ('т', "t"),
    ('ћ', "ć"),
    ('у', "u"),
    ('ф', "f"),
    ('х', "h"),
    ('ц', "c"),
    ('ч', "č"),
    ('џ', "dž"),
    ('ш', "š"),
];

fn gaj(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.to_lowercase().chars() {
        match GAJ.iter().find(|(cyrillic, _)| *cyrillic == c) {
            Some((_, latin)) => out.push_str(latin),
            None => out.push(c),
        }
    }
    out
}

/// Arabic letters in Latin: as books without diacritics have them, and as chats do.
const ROMAN: [(char, &str, &str); 36] = [
    ('ء', "", "2"),
    ('آ', "aa", "2a"),
    ('أ', "", "2"),
    ('ؤ', "", "2"),
    ('إ', "", "2"),
    ('ئ', "", "2"),
    ('ا', "a", "a"),
    ('ب', "b", "b"),
    ('ة', "t", "t"),
    ('ت', "t", "t"),
    ('ث', "th", "th"),
    ('ج', "j", "j"),
    ('ح', "h", "7"),
    ('خ', "kh", "5"),
    ('د', "d", "d"),
    ('ذ', "dh", "th"),
    ('ر', "r", "r"),
    ('ز', "z", "z"),
    ('س', "s", "s"),
    ('ش', "sh", "sh"),
    ('ص', "s", "s"),
    ('ض', "d", "d"),
    ('ط', "t", "t"),
    ('ظ', "z", "z"),
    ('ع', "", "3"),
    ('غ', "gh", "gh"),
    ('ف', "f", "f"),
    ('ق', "q", "2"),
    ('ك', "k", "k"),
    ('ل', "l", "l"),
    ('م', "m", "m"),
    ('ن', "n", "n"),
    ('ه', "h", "h"),
    ('و', "w", "w"),
    ('ى', "a", "a"),
    ('ي', "y", "y"),
];

const FATHATAN: char = '\u{64b}';
const FATHA: char = '\u{64e}';
const DAMMA: char = '\u{64f}';
const KASRA: char = '\u{650}';
const SHADDA: char = '\u{651}';
const SUKUN: char = '\u{652}';

fn is_vowel_sign(c: char) -> bool {
    matches!(c, '\u{64b}'..='\u{650}' | '\u{670}')
}

/// Whether a line is vocalised throughout: signs on a third of its letters.
fn has_vowel_signs(text: &str) -> bool {
    let signs = text.chars().filter(|c| is_vowel_sign(*c)).count();
    let letters = text.chars().filter(|c| c.is_alphabetic() && !is_vowel_sign(*c)).count();
    letters > 0 && signs * 3 >= letters
}

/// Vocalised Arabic in Latin letters.
fn romanised(text: &str, chat: bool) -> String {
    let chars: Vec<char> = text.chars().filter(|c| *c != '\u{640}').collect();
    let mut out = String::with_capacity(text.len());
    for (at, c) in chars.iter().enumerate() {
        // Composed text has the vowel sign of a doubled letter before its shadda.
        let before = |sign: char| chars[..at].iter().rev().take_while(|c| is_sign(**c)).any(|c| *c == sign);
        let after = |sign: char| chars[at + 1..].iter().take_while(|c| is_sign(**c)).any(|c| *c == sign);
        let bare = !chars.get(at + 1).copied().is_some_and(is_sign);
        match *c {
            // Long vowels are said by the sign before them; few write `aa`.
            'ا' | 'ى' if before(FATHA) || before(FATHATAN) => {}
            'و' if bare && before(DAMMA) => {}
            'ي' if bare && before(KASRA) => {}
            FATHA | '\u{670}' => out.push('a'),
            DAMMA => out.push('u'),
            KASRA => out.push('i'),
            FATHATAN => out.push_str("an"),
            '\u{64c}' => out.push_str("un"),
            '\u{64d}' => out.push_str("in"),
            SHADDA | SUKUN => {}
            other => match ROMAN.iter().find(|(letter, ..)| *letter == other) {
                Some((_, book, in_chats)) => {
                    let latin = if chat { in_chats } else { book };
                    out.push_str(latin);
                    out.push_str(if after(SHADDA) { latin } else { "" });
                }
                None => out.push(other),
            },
        }
    }
    out
}

fn is_sign(c: char) -> bool {
    is_vowel_sign(c) || matches!(c, SHADDA | SUKUN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minangkabau_is_spelt_in_jawi() {
        assert_eq!(jawi("Nagara ko, jo urang indak!", false), "ناݢارا کو، جو اورڠ ايندق!");
        assert_eq!(jawi("urang manyuo", true), "اوراڠ ماڽوو");
    }

    #[test]
    fn mayan_languages_are_respelt() {
        assert_eq!(mayan("Quixan cˈa pe y quixwaˈ, achˈalal"), "kixan k'a pe y kixwa', ach'alal");
    }

    #[test]
    fn serbian_is_written_in_latin() {
        assert_eq!(gaj("Људи и њихова џепна књига"), "ljudi i njihova džepna knjiga");
    }

    #[test]
    fn vocalised_arabic_is_written_in_latin_as_in_books_and_in_chats() {
        let text = "قَرَأَ الطَّالِبُ كِتَابًا عَنْ حَقِّ النَّاسِ";
        assert_eq!(romanised(text, false), "qaraa alttalibu kitaban an haqqi alnnasi");
        assert_eq!(romanised(text, true), "2ara2a alttalibu kitaban 3an 7a22i alnnasi");
        assert!(has_vowel_signs(text) && !has_vowel_signs("قرأ الطالب كتابا"));
    }

    #[test]
    fn made_lines_keep_their_source() {
        let line = |tag: &str| Line { tag: tag.parse().unwrap(), source: 3, text: "alun".to_owned() };
        let found = made(&[line("min_Latn"), line("bjn_Latn")]);
        assert_eq!(found.len(), 2);
        assert!(found.iter().all(|line| line.tag.to_string() == "min_Arab" && line.source == 3));
    }
}
