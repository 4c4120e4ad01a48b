//! What happens within a line, and between lines.

use std::borrow::Cow;
use std::sync::LazyLock;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use unicode_normalization::char::canonical_combining_class;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick, is_nfkc_quick};

use super::Normalizer;
use super::invisible::{is_bidi, is_invisible, is_junk, plain_space, remove};

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

/// Normalised lines.
pub(super) struct Lines {
    /// The text.
    pub(super) text: String,
    /// Whether more than white space at ends of lines and blank lines changed.
    pub(super) changed: bool,
}

/// Normalises all lines; `boundaries`, byte offsets of `text` in ascending order, become offsets of the result.
pub(super) fn normalize(how: Normalizer, text: &str, boundaries: &mut [usize]) -> Lines {
    let mut normal = String::with_capacity(text.len());
    let mut changed = false;
    let mut boundary = boundaries.iter_mut().peekable();
    let mut blank_lines = 0;
    let mut line_start = 0;
    loop {
        let rest = &text[line_start..];
        let scan = scan(rest, how.form);
        let line = &rest[..scan.length];
        // Right-to-left letters decide for the line, in all their spellings.
        let right_to_left = scan.special && line.chars().any(is_right_to_left);
        let cleaned = clean(how, line, &scan, right_to_left);
        changed |= matches!(cleaned, Cow::Owned(_));
        let trimmed = cleaned.trim_end();
        if trimmed.is_empty() {
            blank_lines += 1;
        } else {
            if !normal.is_empty() {
                let breaks = blank_lines.min(how.max_blank_lines) + 1;
                normal.extend(std::iter::repeat_n('\n', breaks as usize));
            }
            blank_lines = 0;
        }
        let at = normal.len();
        normal.push_str(trimmed);
        while let Some(offset) = boundary.next_if(|offset| **offset <= line_start + scan.length) {
            let before = line.get(..offset.saturating_sub(line_start)).unwrap_or(line);
            let before = if before.len() == line.len() {
                trimmed.len()
            } else {
                clean(how, before, &scan, right_to_left).len()
            };
            *offset = at + floor_boundary(trimmed, before);
        }
        let Some(end) = rest[scan.length..].chars().next() else { break };
        let is_pair = rest[scan.length..].starts_with("\r\n");
        changed |= end != '\n' && !is_pair;
        line_start += scan.length + if is_pair { 2 } else { end.len_utf8() };
    }
    for offset in boundary {
        *offset = normal.len();
    }
    Lines { text: normal, changed }
}

/// One line, as far as one look at each character tells.
struct Scan {
    /// Bytes before its end.
    length: usize,
    /// Whether it has characters that are removed or replaced, or may be.
    special: bool,
    /// Whether it has characters that other forms of Unicode spell otherwise, or order otherwise.
    forms: bool,
}

/// Looks at the first line of `rest`.
fn scan(rest: &str, form: UnicodeForm) -> Scan {
    let form = if form == UnicodeForm::Nfc { NFC } else { NFKC };
    let table = &*TABLE;
    let mut seen = 0;
    for (at, c) in rest.char_indices() {
        let flags = table.get(c as usize).copied().unwrap_or_else(|| read_flags(c));
        if flags & LINE_END != 0 {
            return Scan { length: at, special: seen & SPECIAL != 0, forms: seen & form != 0 };
        }
        seen |= flags;
    }
    Scan { length: rest.len(), special: seen & SPECIAL != 0, forms: seen & form != 0 }
}

/// One line without its end: characters removed and replaced, then the Unicode form. Borrowed if it is so already.
fn clean<'l>(how: Normalizer, line: &'l str, scan: &Scan, right_to_left: bool) -> Cow<'l, str> {
    let mut cleaned = Cow::Borrowed(line);
    if scan.special {
        let kept = if how.remove_invisible {
            remove(line, right_to_left)
        } else {
            line.chars().filter(|c| !is_junk(*c)).map(plain_space).collect()
        };
        if kept != line {
            cleaned = Cow::Owned(kept);
        }
    }
    if !scan.forms && !scan.special {
        return cleaned;
    }
    let formed: Option<String> = match how.form {
        UnicodeForm::Nfc if is_nfc_quick(cleaned.chars()) == IsNormalized::Yes => None,
        UnicodeForm::Nfkc if is_nfkc_quick(cleaned.chars()) == IsNormalized::Yes => None,
        UnicodeForm::Nfc => Some(cleaned.nfc().collect()),
        UnicodeForm::Nfkc => Some(cleaned.nfkc().collect()),
    };
    match formed {
        Some(formed) if formed != cleaned => Cow::Owned(formed),
        _ => cleaned,
    }
}

/// The largest character boundary of `text` that is not beyond `at`.
pub(super) fn floor_boundary(text: &str, at: usize) -> usize {
    text.floor_char_boundary(at.min(text.len()))
}

const LINE_END: u8 = 1;
const SPECIAL: u8 = 2;
const NFC: u8 = 4;
const NFKC: u8 = 8;

/// The flags of the Basic Multilingual Plane.
static TABLE: LazyLock<Vec<u8>> =
    LazyLock::new(|| (0..=0xffff_u32).map(|code| char::from_u32(code).map_or(0, read_flags)).collect());

fn read_flags(c: char) -> u8 {
    let flag = |holds: bool, flag: u8| if holds { flag } else { 0 };
    let chars = || [c].into_iter();
    let reorders = canonical_combining_class(c) != 0;
    flag(ends_line(c), LINE_END)
        | flag(is_junk(c) || is_invisible(c) || plain_space(c) != c, SPECIAL)
        | flag(reorders || is_nfc_quick(chars()) != IsNormalized::Yes, NFC)
        | flag(reorders || is_nfkc_quick(chars()) != IsNormalized::Yes, NFKC)
}

/// Whatever a page may end a line with; CRLF is one end.
fn ends_line(c: char) -> bool {
    matches!(c, '\n' | '\u{b}' | '\u{c}' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Hebrew to Arabic Extended, the presentation forms, and the right-to-left scripts of the second plane; the Hebrew
/// letters among mathematical symbols too, which NFKC makes letters.
fn is_right_to_left(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefe}' | '\u{10800}'..='\u{10fff}'
        | '\u{1e800}'..='\u{1efff}' | '\u{2135}'..='\u{2138}')
        && !is_bidi(c)
}
