//! Characters: decimal digits of many scripts, what may stand beside a number, and the words in front of one.
//!
//! Digits are read from bytes, because the prefilter of the detector looks at bytes: a text without digits and `@` is
//! left after one table look-up for each byte.

/// A decimal digit of some script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Digit {
    /// 0 to 9.
    pub(super) value: u8,
    /// Length in bytes.
    pub(super) len: usize,
    /// Tells scripts apart, so that a run of digits is of one script.
    pub(super) script: u8,
}

/// What a byte can start.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Trigger {
    /// Nothing of interest.
    None,
    /// An ASCII digit.
    Digit,
    /// `@`.
    At,
    /// Perhaps a digit of another script, or a full-width `@`.
    Lead,
}

/// [`Trigger`] of each byte.
pub(super) static TRIGGERS: [Trigger; 256] = {
    let mut table = [Trigger::None; 256];
    let mut byte = b'0';
    while byte <= b'9' {
        table[byte as usize] = Trigger::Digit;
        byte += 1;
    }
    table[b'@' as usize] = Trigger::At;
    table[0xd9] = Trigger::Lead;
    table[0xdb] = Trigger::Lead;
    table[0xdf] = Trigger::Lead;
    table[0xe0] = Trigger::Lead;
    table[0xe1] = Trigger::Lead;
    table[0xef] = Trigger::Lead;
    table
};

/// The digit that starts at byte `at`: ASCII, Arabic-Indic (both rows), N'Ko, the scripts of India, Thai, Lao, Tibetan,
/// Myanmar, Khmer and full-width (Unicode 16.0, general category Nd, the scripts of everyday writing).
#[inline]
pub(super) fn digit_at(bytes: &[u8], at: usize) -> Option<Digit> {
    let digit = |value: u8, len, script| Some(Digit { value, len, script });
    let byte = |offset: usize| bytes.get(at + offset).copied().unwrap_or(0);
    match byte(0) {
        first @ b'0'..=b'9' => digit(first - b'0', 1, 0),
        first @ (0xd9 | 0xdb | 0xdf) => {
            let zero = match first {
                0xd9 => 0xa0,
                0xdb => 0xb0,
                _ => 0x80,
            };
            match byte(1).checked_sub(zero) {
                Some(value) if value < 10 => digit(value, 2, first),
                _ => None,
            }
        }
        first @ (0xe0 | 0xe1 | 0xef) => {
            let zero = match (first, byte(1)) {
                // Devanagari to Malayalam: ten blocks of one layout, digits in the odd 64s.
                (0xe0, second @ 0xa5..=0xb5) if second & 1 == 1 => 0xa6,
                (0xe0, 0xb9 | 0xbb) | (0xef, 0xbc) => 0x90,
                (0xe0, 0xbc) | (0xe1, 0x9f) => 0xa0,
                (0xe1, 0x81) => 0x80,
                _ => return None,
            };
            match byte(2).checked_sub(zero) {
                Some(value) if value < 10 => digit(value, 3, byte(1)),
                _ => None,
            }
        }
        _ => None,
    }
}

/// Whether the character is a digit that [`digit_at`] reads.
pub(super) fn is_digit(c: char) -> bool {
    let mut buffer = [0; 4];
    digit_at(c.encode_utf8(&mut buffer).as_bytes(), 0).is_some()
}

/// The character before byte `at`.
pub(super) fn before(text: &str, at: usize) -> Option<char> {
    text[..at].chars().next_back()
}

/// The character at byte `at`.
pub(super) fn after(text: &str, at: usize) -> Option<char> {
    text[at..].chars().next()
}

/// A letter of the Latin alphabet, with or without marks: scripts whose words are set apart by spaces, and in which
/// letters glued to a number make it a code. Thai, Chinese, Hindi and others may have a number glued to a word.
pub(super) fn is_latin(c: char) -> bool {
    c.is_ascii_alphabetic() || ('\u{c0}'..='\u{24f}').contains(&c) && c.is_alphabetic()
}

/// Whether a number may start or end beside this character.
pub(super) fn is_open(c: Option<char>) -> bool {
    c.is_none_or(|c| !(is_latin(c) || is_digit(c) || c == '_' || c == '\u{fffd}'))
}

/// Whether what ends at byte `at` ends there: no letter or digit goes on, nor a decimal.
pub(super) fn ends_here(text: &str, at: usize) -> bool {
    let rest = &text[at..];
    let mut chars = rest.chars();
    let next = chars.next();
    if !is_open(next) || next == Some('%') {
        return false;
    }
    let second = chars.next();
    match next {
        Some('.' | ',' | ':') => !second.is_some_and(is_digit),
        Some('-') => !second.is_some_and(|c| is_digit(c) || is_latin(c)),
        _ => true,
    }
}

/// Up to `bytes` of text that end at byte `at`.
pub(super) fn left(text: &str, at: usize, bytes: usize) -> &str {
    let mut from = at.saturating_sub(bytes);
    while !text.is_char_boundary(from) {
        from += 1;
    }
    &text[from..at]
}

/// Up to `chars` characters of text that end at byte `at`.
pub(super) fn left_chars(text: &str, at: usize, chars: usize) -> &str {
    let from = text[..at].char_indices().rev().nth(chars.saturating_sub(1)).map_or(0, |(place, _)| place);
    &text[from..at]
}

/// Up to `bytes` of text that start at byte `at`.
pub(super) fn right(text: &str, at: usize, bytes: usize) -> &str {
    let mut to = (at + bytes).min(text.len());
    while !text.is_char_boundary(to) {
        to -= 1;
    }
    &text[at..to]
}

/// Whether one of the words stands in the text, which is lowercased.
///
/// A word of a script with capitals must start where a word starts, and one of up to three letters must end there too
/// (`tel` is not in `hotel` or `telling`); others may stand inside, as Arabic and Hindi glue particles to their words.
pub(super) fn has_word(lowercase: &str, words: &[&str]) -> bool {
    // Most words share no first or no last byte with the text, and a text of digits none with any.
    let mut present = [false; 256];
    for byte in lowercase.bytes() {
        present[usize::from(byte)] = true;
    }
    let may_stand = |word: &str| {
        let bytes = word.as_bytes();
        present[usize::from(bytes[0])] && present[usize::from(bytes[bytes.len() - 1])]
    };
    words.iter().any(|word| {
        may_stand(word) && lowercase.match_indices(word).any(|(at, _)| stands(lowercase, at, word))
    })
}

/// Whether the word at byte `at` starts, and if short ends, where a word does.
fn stands(lowercase: &str, at: usize, word: &str) -> bool {
    if !word.starts_with(char::is_lowercase) {
        return true;
    }
    let (left, right) = (before(lowercase, at), after(lowercase, at + word.len()));
    // `<PHONE>` is a mask, and says nothing about what comes next.
    if left == Some('<') && right == Some('>') {
        return false;
    }
    let long = word.chars().nth(3).is_some();
    left.is_none_or(|c| !c.is_lowercase()) && (long || right.is_none_or(|c| !c.is_lowercase()))
}

/// Whether byte `at` is inside a web address: numbers there are mostly names of things.
pub(super) fn in_url(text: &str, at: usize) -> bool {
    let from = left(text, at, 256);
    let token =
        from.rsplit(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"')).next().unwrap_or(from);
    token.contains("://") || token.contains("www.") || token.starts_with("//")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_of_many_scripts_are_read() {
        for row in [
            "0123456789",
            "٠١٢٣٤٥٦٧٨٩",
            "۰۱۲۳۴۵۶۷۸۹",
            "߀߁߂߃߄߅߆߇߈߉",
            "०१२३४५६७८९",
            "০১২৩৪৫৬৭৮৯",
            "੦੧੨੩੪੫੬੭੮੯",
            "૦૧૨૩૪૫૬૭૮૯",
            "୦୧୨୩୪୫୬୭୮୯",
            "௦௧௨௩௪௫௬௭௮௯",
            "౦౧౨౩౪౫౬౭౮౯",
            "೦೧೨೩೪೫೬೭೮೯",
            "൦൧൨൩൪൫൬൭൮൯",
            "๐๑๒๓๔๕๖๗๘๙",
            "໐໑໒໓໔໕໖໗໘໙",
            "༠༡༢༣༤༥༦༧༨༩",
            "၀၁၂၃၄၅၆၇၈၉",
            "០១២៣៤៥៦៧៨៩",
            "０１２３４５６７８９",
        ] {
            let values: Vec<_> = row
                .char_indices()
                .map(|(at, c)| {
                    digit_at(row.as_bytes(), at).filter(|d| d.len == c.len_utf8()).map(|d| d.value)
                })
                .collect();
            assert_eq!(values, (0..10).map(Some).collect::<Vec<_>>(), "{row}");
        }
    }

    #[test]
    fn no_other_character_is_a_digit() {
        let count = ('\0'..=char::MAX).filter(|&c| is_digit(c)).count();
        assert_eq!(count, 19 * 10);
    }

    #[test]
    fn short_words_must_stand_alone_and_glued_scripts_need_not() {
        assert!(has_word("tel. ", &["tel"]));
        assert!(!has_word("hotel ", &["tel"]));
        assert!(has_word("телефоны: ", &["телефон"]));
        assert!(has_word("وهاتفه ", &["هاتف"]));
        assert!(has_word("联系电话", &["电话"]));
    }
}
