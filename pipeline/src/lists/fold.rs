//! Text and entries in one spelling, with the ends of words made visible.
//!
//! Letters are in NFKC and lower case, final sigma is sigma, `ß` is `ss`, marks stay. Two spaces stand wherever a
//! word ends or begins, one for each of two neighbours to take, so that an automaton can look for ` bata ` and find
//! it in `bata bata` twice. Letters of scripts that put no space between words (Thai, Lao, Khmer, Burmese, Chinese,
//! Japanese) have none between them.

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfkc_quick};

use crate::quality::chars::{Class, Kind};

/// Whose small letters are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Casing {
    /// `I` is the capital of `i`.
    Common,
    /// `I` is the capital of `ı`, and `İ` that of `i`: Turkish, Azerbaijani, Crimean Tatar, Gagauz.
    Turkic,
}

impl Casing {
    /// The casing of a language, by its ISO 639-3 code.
    pub(super) fn of(code: &str) -> Self {
        if matches!(code, "tur" | "aze" | "azj" | "crh" | "gag") { Self::Turkic } else { Self::Common }
    }
}

/// What folding knows of the text so far.
struct Folding<'o> {
    out: &'o mut String,
    /// Whether the last thing was an end of a word.
    between: bool,
    /// Whether the last letter needs no space behind its word.
    unspaced: bool,
    letters: u32,
}

/// Appends the folded text to `out`; gives the number of its letters, digits and marks, in characters.
pub(super) fn fold(text: &str, casing: Casing, out: &mut String) -> u32 {
    let mut folding = Folding { out, between: true, unspaced: false, letters: 0 };
    if text.is_ascii() || is_nfkc_quick(text.chars()) == IsNormalized::Yes {
        text.chars().for_each(|c| folding.add(c, casing));
    } else {
        text.nfkc().for_each(|c| folding.add(c, casing));
    }
    let letters = folding.letters;
    if letters > 0 {
        out.push_str("  ");
    }
    letters
}

impl Folding<'_> {
    fn add(&mut self, c: char, casing: Casing) {
        let class = Class::of(c);
        match class.kind() {
            Kind::Letter | Kind::Number | Kind::Mark => {}
            Kind::Format => return,
            Kind::Space | Kind::Connector | Kind::Symbol => {
                self.between = true;
                return;
            }
        }
        // A mark belongs to the letter before it.
        let changes = class.kind() != Kind::Mark && class.needs_dictionary() != self.unspaced;
        if self.between || changes {
            self.out.push_str("  ");
            self.unspaced = class.needs_dictionary();
        }
        // The dot that is left of `İ` in small letters.
        if c == '\u{307}' && !self.between && self.out.ends_with('i') {
            return;
        }
        self.between = false;
        self.letters += 1;
        match (c, casing) {
            ('a'..='z' | '0'..='9', _) => self.out.push(c),
            ('I', Casing::Turkic) => self.out.push('ı'),
            ('İ', _) => self.out.push('i'),
            ('ς', _) => self.out.push('σ'),
            ('ß' | 'ẞ', _) => self.out.push_str("ss"),
            _ => self.out.extend(c.to_lowercase()),
        }
    }
}

/// An entry as it is looked for in a folded text, and the number of its letters; `None` if it has none.
pub(super) fn pattern(entry: &str, casing: Casing) -> Option<(String, u32)> {
    let mut folded = String::new();
    let letters = fold(entry, casing, &mut folded);
    let word = folded.trim_matches(' ');
    let needs_none = |c: Option<char>| c.is_some_and(|c| Class::of(c).needs_dictionary());
    let before = if needs_none(word.chars().next()) { "" } else { " " };
    // Behind a combining mark it is the letter that counts.
    let last = word.chars().rfind(|c| Class::of(*c).kind() != Kind::Mark || Class::of(*c).needs_dictionary());
    let after = if needs_none(last) { "" } else { " " };
    (letters > 0).then(|| (format!("{before}{word}{after}"), letters))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folded(text: &str) -> String {
        let mut out = String::new();
        fold(text, Casing::Common, &mut out);
        out
    }

    #[test]
    fn words_have_spaces_of_their_own_on_both_sides() {
        for (text, out) in [
            ("Bata, bata!", "  bata  bata  "),
            ("ΟΔΌΣ οδός", "  οδόσ  οδόσ  "),
            ("СТРАШНО", "  страшно  "),
            ("Straße STRASSE", "  strasse  strasse  "),
            ("हिन्दी में", "  हिन्दी  में  "),
            ("ሰላም፡ዓለም", "  ሰላም  ዓለም  "),
            ("می\u{200c}خواهم", "  میخواهم  "),
            ("看AV女優。ｶﾞ", "  看  av  女優  ガ  "),
            ("ตลาดเปิด 18", "  ตลาดเปิด  18  "),
            ("so\u{ad}ma", "  soma  "),
            ("…", ""),
        ] {
            assert_eq!(folded(text), out, "{text}");
        }
    }

    #[test]
    fn turkish_has_two_letters_i() {
        for (text, casing, out) in [
            ("IŞIK İzmir", Casing::Turkic, "  ışık  izmir  "),
            ("IŞIK İzmir I\u{307}", Casing::Common, "  işik  izmir  i  "),
        ] {
            let mut found = String::new();
            fold(text, casing, &mut found);
            assert_eq!(found, out);
        }
    }

    #[test]
    fn entries_are_bounded_where_their_script_has_spaces() {
        for (entry, out) in [
            ("Bata", " bata "),
            ("bata mzinga", " bata  mzinga "),
            ("鴨", "鴨"),
            ("AV鴨", " av  鴨"),
            ("เป็ด", "เป็ด"),
            ("बत्तख", " बत्तख "),
            ("ọ̀bọ", " ọ̀bọ "),
        ] {
            assert_eq!(pattern(entry, Casing::Common).unwrap().0, out);
        }
        assert_eq!(pattern("-?", Casing::Common), None);
    }
}
