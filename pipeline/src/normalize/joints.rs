//! Neighbouring characters that nobody writes side by side, by which misread text gives itself away.
//!
//! UTF-8 read in a single-byte encoding is a first byte, mostly a capital letter with an accent, and then one to
//! three bytes that are mostly signs, quotation marks and controls: `prÃ³ba`, `ÐºÐ¾Ñ‚`, `à¤•`. So capitals follow
//! small letters inside of words, signs stand between letters, and quotation marks touch letters on both sides. Text
//! as it was meant has next to none of these joints, in any language.

use std::sync::LazyLock;

use super::code_pages::CODE_PAGES;
use crate::quality::chars::{Class, Kind};

/// What a character is to its neighbours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Role {
    /// Whatever may stand anywhere: spaces, digits, most punctuation, signs that no single-byte encoding has.
    Neutral,
    Lower,
    Upper,
    /// A letter without case.
    Letter,
    Mark,
    /// What touches a word on one side only: a quotation mark that does not serve as an apostrophe, a fraction, an
    /// ordinal.
    Edge,
    /// A currency, mathematical, typographical or drawing sign of a single-byte encoding.
    Sign,
    /// A control that no encoding of Windows has a character for.
    Control,
}

const ROLES: [Role; 8] = [
    Role::Neutral,
    Role::Lower,
    Role::Upper,
    Role::Letter,
    Role::Mark,
    Role::Edge,
    Role::Sign,
    Role::Control,
];

/// The roles of the Basic Multilingual Plane.
static TABLE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut roles: Vec<u8> = (0..=0xffff_u32)
        .map(|code| char::from_u32(code).map_or(Role::Neutral, role_without_signs) as u8)
        .collect();
    for c in CODE_PAGES.iter().flat_map(super::code_pages::CodePage::chars) {
        let role = &mut roles[c as usize];
        if *role == Role::Neutral as u8 && Class::of(c).kind() == Kind::Symbol && !is_at_home_anywhere(c) {
            *role = Role::Sign as u8;
        }
    }
    // Controls stand for the characters of windows-1252 where it has any: quotation marks are often sent so.
    for code in 0x80..=0x9f_u8 {
        let meant = encoding_rs::WINDOWS_1252.decode_without_bom_handling(&[code]).0.chars().next();
        roles[usize::from(code)] = match meant {
            Some(c) if !c.is_control() => roles[c as usize],
            _ => Role::Control as u8,
        };
    }
    roles
});

fn role(c: char) -> Role {
    TABLE.get(c as usize).map_or(Role::Neutral, |role| ROLES[usize::from(*role)])
}

fn role_without_signs(c: char) -> Role {
    let class = Class::of(c);
    match (class.kind(), c) {
        // Ordinals, and the sign for a millionth, are letters to Unicode.
        (
            _,
            'ª' | 'º' | 'µ' | 'ⁿ' | '¹' | '²' | '³' | '¼' | '½' | '¾' | '“' | '”' | '„' | '‚' | '«' | '»'
            | '‹' | '›',
        ) => Role::Edge,
        (_, 'ˆ' | '˜') => Role::Sign,
        (Kind::Letter, _) if class.is_lower() => Role::Lower,
        (Kind::Letter, _) if class.is_upper() => Role::Upper,
        (Kind::Letter, _) => Role::Letter,
        // Variation selectors are marks to Unicode and stand behind anything.
        (Kind::Mark, '\u{fe00}'..='\u{fe0f}' | '\u{20d0}'..='\u{20ff}') => Role::Neutral,
        (Kind::Mark, _) => Role::Mark,
        _ => Role::Neutral,
    }
}

/// Signs that touch letters in sound text: `°C`, `Kilim®`, dashes, dots, apostrophes.
fn is_at_home_anywhere(c: char) -> bool {
    matches!(
        c,
        '°' | '®'
            | '™'
            | '©'
            | '·'
            | '¿'
            | '¡'
            | '–'
            | '—'
            | '―'
            | '…'
            | '‘'
            | '’'
            | '´'
            | '΄'
            | '΅'
            | '\u{a0}'
            | '\u{ad}'
    ) || Class::of(c).is_terminal()
        || ('\u{590}'..='\u{7ff}').contains(&c)
        || ('\u{e00}'..='\u{e7f}').contains(&c)
}

/// Scripts by their number, where letters of two in one word are odd; Han, kana and Hangul are one. `None` is any
/// script.
fn script(c: char) -> Option<u8> {
    use unicode_script::Script;
    let script = Class::of(c).script();
    if script == Script::Common as u8 || script == Script::Inherited as u8 {
        return None;
    }
    let cjk = [Script::Han, Script::Hiragana, Script::Katakana, Script::Hangul, Script::Bopomofo];
    if cjk.iter().any(|one| *one as u8 == script) { Some(Script::Han as u8) } else { Some(script) }
}

/// The scripts of the letters in a text, sorted.
pub(super) fn scripts(text: &str) -> Vec<u8> {
    let mut found: Vec<u8> = Vec::new();
    for script in text.chars().filter(|c| is_letter(*c)).filter_map(script) {
        if !found.contains(&script) {
            found.push(script);
        }
    }
    found.sort_unstable();
    found
}

/// Whether words are made of it.
pub(super) fn is_letter(c: char) -> bool {
    matches!(role(c), Role::Lower | Role::Upper | Role::Letter)
}

pub(super) fn is_mark(c: char) -> bool {
    role(c) == Role::Mark
}

pub(super) fn is_upper(c: char) -> bool {
    role(c) == Role::Upper
}

pub(super) fn is_lower(c: char) -> bool {
    role(c) == Role::Lower
}

/// Which letters of two scripts are odd neighbours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mixing {
    /// Only those that have capitals: `USB` touches Arabic, Thai and Chinese words in sound text.
    WithCapitals,
    /// All: what was read anew has to be better than that.
    Any,
}

/// How odd it is that `y` follows `x`, with `z` behind it.
fn joint(x: char, y: char, z: char, mixing: Mixing) -> i32 {
    if x.is_ascii() && y.is_ascii() {
        return 0;
    }
    let (before, at) = (role(x), role(y));
    let is_letter = |role| matches!(role, Role::Lower | Role::Upper | Role::Letter);
    let odd = match (before, at) {
        (_, Role::Control) => 2,
        (Role::Sign, Role::Sign) => i32::from(x != y),
        (Role::Sign, other) | (other, Role::Sign) if is_letter(other) => 1,
        (letter, Role::Edge) if is_letter(letter) && is_letter(role(z)) => 1,
        (Role::Lower, Role::Upper) | (Role::Neutral | Role::Edge | Role::Sign, Role::Mark) => 1,
        _ if is_letter(before) && is_letter(at) => {
            let cased = |role| role != Role::Letter;
            let two_scripts = script(x).zip(script(y)).is_some_and(|(x, y)| x != y);
            let mixed = two_scripts && (mixing == Mixing::Any || cased(before) && cased(at));
            i32::from(mixed)
        }
        _ => 0,
    };
    odd + i32::from(begins_latin_1(before, y, z))
}

/// Whether `y` is `Ã` or `Â`, the first bytes of the letters of Western Europe, where no word of Portuguese, French or
/// Vietnamese has them.
fn begins_latin_1(before: Role, y: char, z: char) -> bool {
    let follows = !z.is_ascii() && role(z) != Role::Mark;
    match y {
        'Ã' => follows && before != Role::Upper,
        'Â' => follows && before != Role::Upper && !matches!(z, '\u{a0}' | '\u{ad}' | '»' | '·' | '’'),
        _ => false,
    }
}

/// How odd the joints of a text are, taken together.
pub(super) fn oddness(chars: impl Iterator<Item = char>, mixing: Mixing) -> i32 {
    let mut odd = 0;
    let (mut x, mut y) = (' ', ' ');
    for z in chars.chain([' ']) {
        odd += joint(x, y, z, mixing);
        (x, y) = (y, z);
    }
    odd
}

/// Whether any joint of a line is odd: most lines end here.
pub(super) fn is_odd(line: &str) -> bool {
    if line.is_ascii() {
        return false;
    }
    let (mut x, mut y) = (' ', ' ');
    for z in line.chars().chain([' ']) {
        if !(x.is_ascii() && y.is_ascii()) && joint(x, y, z, Mixing::WithCapitals) > 0 {
            return true;
        }
        (x, y) = (y, z);
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_has_no_odd_joints() {
        for text in [
            "« À quoi bon ? » L’ÉTÉ, l’été… 5 °C, 10 µm, m², n° 5, Java™ et Kilim®",
            "„Spaß“ – »Größe« ‚Öl‘ Ö“, 50€ §5 Straße…",
            "”På svenska” JOSÉ’s CAFÉ—and MAÇÃ ÂNGELO IRMÃO",
            "Её дом № 5 «Мір» Ії",
            "Ελλάδα «Άρθρο» 1·",
            "می‌خواهم «سلام» ۱۲٪ (كتاب)، LED",
            "זה צה\"ל ״שלום״ ₪5",
            "เด็กนักเรียน “อ่าน” USBตัว",
            "iPhone手机「你好」、もっと！한국어",
            "नमस्ते, हिन्दी। ሰላም፡ዓለም። Tiếng Việt",
            "ọ́jọ́ ẹ̀kọ́ ɓ Ƙasa 1️⃣ ❤️ 👩‍👩‍👧",
        ] {
            let joints = oddness(text.chars(), Mixing::WithCapitals);
            assert_eq!((joints, is_odd(text)), (0, false), "{text}");
        }
    }

    #[test]
    fn misread_text_has_many() {
        for text in
            ["donâ€™t", "prÃ³ba", "Ãœber", "ÐºÐ¾Ñ‚", "ÐšÐ¾Ñ‚", "à¤•à¤¥à¤¾", "РєРѕС‚", "Ξ³Ξ¬Ο„Ξ±", "ظƒطھط§ط¨"]
        {
            assert!(is_odd(text), "{text}");
        }
    }
}
