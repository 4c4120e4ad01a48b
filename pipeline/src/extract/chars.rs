//! Words, characters and commas of text, a byte at a time.
//!
//! Every run of text is counted once and written once. Decoding characters to ask whether they are white space is
//! most of what that would cost, so a table of bytes answers for all but a few first bytes.

/// Part of a letter, not its first byte.
const INNER: u8 = 0;
/// A letter, or its first byte.
const LETTER: u8 = 1;
/// White space of one byte, other than a space.
const SPACE: u8 = 2;
/// A space.
const PLAIN_SPACE: u8 = 3;
/// The comma of ASCII.
const COMMA: u8 = 4;
/// First byte of a character that may be white space or a comma.
const LOOK: u8 = 5;

static CLASSES: [u8; 256] = {
    let mut classes = [LETTER; 256];
    let mut byte = 0x80;
    while byte < 0xC0 {
        classes[byte] = INNER;
        byte += 1;
    }
    let spaces = [b'\t', b'\n', 0x0B, 0x0C, b'\r'];
    let mut at = 0;
    while at < spaces.len() {
        classes[spaces[at] as usize] = SPACE;
        at += 1;
    }
    classes[b' ' as usize] = PLAIN_SPACE;
    classes[b',' as usize] = COMMA;
    let looks = [0xC2, 0xD5, 0xD8, 0xE1, 0xE2, 0xE3, 0xEF];
    let mut at = 0;
    while at < looks.len() {
        classes[looks[at]] = LOOK;
        at += 1;
    }
    classes
};

/// Commas, as far as Readability counts them, and those of Armenian, Ethiopic, and of lists in Chinese and Japanese.
fn is_comma(c: char) -> bool {
    matches!(
        c,
        '\u{055D}'
            | '\u{060C}'
            | '\u{1363}'
            | '\u{2E32}'
            | '\u{2E34}'
            | '\u{2E41}'
            | '\u{3001}'
            | '\u{FE10}'
            | '\u{FE11}'
            | '\u{FE50}'
            | '\u{FF0C}'
    )
}

/// The character that starts at `at`.
fn char_at(text: &str, at: usize) -> char {
    text[at..].chars().next().unwrap_or_default()
}

/// Characters of a text, with white space as one between words and none around them; and its commas.
pub(super) fn count(text: &str) -> (u32, u32) {
    if text.is_ascii() {
        return count_ascii(text.as_bytes());
    }
    let (mut chars, mut commas) = (0, 0);
    let mut after_space = true;
    for (at, byte) in text.bytes().enumerate() {
        let is_space = match CLASSES[byte as usize] {
            INNER => continue,
            LETTER => false,
            COMMA => {
                commas += 1;
                false
            }
            LOOK => {
                let c = char_at(text, at);
                commas += u32::from(is_comma(c));
                c.is_whitespace()
            }
            _ => true,
        };
        chars += u32::from(!(is_space && after_space));
        after_space = is_space;
    }
    (chars - u32::from(after_space && chars > 0), commas)
}

/// The same for ASCII, in loops without branches, which the compiler makes wide.
fn count_ascii(bytes: &[u8]) -> (u32, u32) {
    let is_space = |byte: u8| byte == b' ' || byte.wrapping_sub(b'\t') < 5;
    let (Some(first), Some(last)) = (bytes.first(), bytes.last()) else { return (0, 0) };
    let repeated: u32 =
        bytes.iter().zip(&bytes[1..]).map(|(a, b)| u32::from(is_space(*a) & is_space(*b))).sum();
    let commas: u32 = bytes.iter().map(|byte| u32::from(*byte == b',')).sum();
    let chars = bytes.len() as u32 - repeated - u32::from(is_space(*first));
    (chars - u32::from(is_space(*last) && chars > 0), commas)
}

/// Stretches of words with single spaces between them: `text` without its other white space.
///
/// Most text has only single spaces, and is one stretch.
pub(super) fn stretches(text: &str) -> Stretches<'_> {
    Stretches { rest: text }
}

/// See [`stretches`].
#[derive(Debug, Clone)]
pub(super) struct Stretches<'t> {
    rest: &'t str,
}

impl<'t> Iterator for Stretches<'t> {
    type Item = &'t str;

    fn next(&mut self) -> Option<&'t str> {
        let start = self.rest.len() - self.rest.trim_start().len();
        let text = &self.rest[start..];
        if text.is_empty() {
            self.rest = "";
            return None;
        }
        let mut after_space = false;
        let mut end = text.len();
        for (at, byte) in text.bytes().enumerate() {
            let is_end = match CLASSES[byte as usize] {
                SPACE => true,
                PLAIN_SPACE if after_space => true,
                PLAIN_SPACE => {
                    after_space = true;
                    continue;
                }
                LOOK => char_at(text, at).is_whitespace(),
                _ => false,
            };
            if is_end {
                end = at;
                break;
            }
            after_space = false;
        }
        let (stretch, rest) = text.split_at(end);
        self.rest = rest;
        Some(stretch.trim_end_matches(' '))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXTS: [&str; 12] = [
        "",
        " ",
        "\tHabari,\r\n ya  leo ,\u{b}",
        "x",
        " \n\u{a0}\u{3000}",
        "Habari, za  asubuhi\n",
        " ሰላም፣ ለሁሉም\u{2003}።",
        "你好，\u{3000}世界、",
        "مرحبا، بالجميع",
        "สวัสดี\u{200b}ครับ \u{85} x",
        "Բարեւ՝ ձեզ",
        "\u{1c}a\u{b}b \u{202f} c",
    ];

    #[test]
    fn counts_agree_with_the_plain_way() {
        for text in TEXTS {
            let words: Vec<&str> = text.split_whitespace().collect();
            let chars = words.join(" ").chars().count() as u32;
            let commas = text.chars().filter(|c| *c == ',' || is_comma(*c)).count() as u32;
            assert_eq!(count(text), (chars, commas), "{text:?}");
        }
    }

    #[test]
    fn stretches_are_the_words_with_single_spaces() {
        for text in TEXTS {
            let words: Vec<&str> = text.split_whitespace().collect();
            let found: Vec<&str> = stretches(text).collect();
            assert_eq!(found.join(" "), words.join(" "), "{text:?}");
            assert!(found.iter().all(|stretch| !stretch.is_empty()), "{text:?}");
        }
        assert_eq!(stretches("a b\u{a0}c  d").collect::<Vec<_>>(), ["a b", "c", "d"]);
    }
}
