//! Numbers that states give to persons, where a check digit or letter tells them from any other number.
//!
//! | rule | country | check |
//! |---|---|---|
//! | `za_id` | South Africa | date, Luhn |
//! | `in_aadhaar` | India | Verhoeff |
//! | `br_cpf`, `br_cnpj` | Brazil | two digits by 11 |
//! | `es_dni`, `es_nie` | Spain | letter by 23 |
//! | `fr_nir` | France | key by 97 |
//! | `it_codice_fiscale` | Italy | letter by 26 |
//! | `nl_bsn` | Netherlands | proof by 11 |
//! | `pl_pesel` | Poland | date, weights by 10 |
//! | `se_personnummer` | Sweden | date, Luhn |
//! | `fi_hetu` | Finland | date, character by 31 |
//!
//! Kenya's and Nigeria's national ids have no published check: eight and eleven digits like any others. A rule for them
//! would be a guess about every number of that length, so there is none.
//!
//! A number of digits alone needs a hint of its country and, beyond the check, its usual punctuation or a word in front:
//! every eleventh number of nine digits is a sound BSN. What holds letters in fixed places (Italy, Finland) needs no hint.

use super::chars::{before, ends_here, has_word, is_open, left};
use super::checks::{all_equal, is_date, luhn, remainder_97, two, verhoeff, weighted};
use super::window::{DOT, HYPHEN, SLASH, SPACE, Window};
use super::{Hints, Kind, Span, words};

/// A number of digits alone.
struct Rule {
    name: &'static str,
    country: &'static str,
    /// Groups and separators of its usual writing.
    shapes: &'static [(&'static [usize], &'static [u8])],
    /// Digits where it is written without separators.
    run: usize,
    check: fn(&[u8]) -> bool,
    words: &'static [&'static str],
}

const RULES: &[Rule] = &[
    Rule {
        name: "za_id",
        country: "ZA",
        shapes: &[
            (&[6, 4, 3], &[SPACE, SPACE]),
            (&[6, 4, 2, 1], &[SPACE, SPACE, SPACE]),
            (&[6, 4, 1, 1, 1], &[SPACE; 4]),
        ],
        run: 13,
        check: is_za_id,
        words: words::ZA_ID,
    },
    Rule {
        name: "in_aadhaar",
        country: "IN",
        shapes: &[(&[4, 4, 4], &[SPACE, SPACE]), (&[4, 4, 4], &[HYPHEN, HYPHEN])],
        run: 12,
        check: is_aadhaar,
        words: words::IN_AADHAAR,
    },
    Rule {
        name: "br_cpf",
        country: "BR",
        shapes: &[(&[3, 3, 3, 2], &[DOT, DOT, HYPHEN])],
        run: 11,
        check: is_cpf,
        words: words::BR_CPF,
    },
    Rule {
        name: "br_cnpj",
        country: "BR",
        shapes: &[(&[2, 3, 3, 4, 2], &[DOT, DOT, SLASH, HYPHEN])],
        run: 14,
        check: is_cnpj,
        words: words::BR_CNPJ,
    },
    Rule {
        name: "nl_bsn",
        country: "NL",
        shapes: &[(&[4, 2, 3], &[DOT, DOT])],
        run: 9,
        check: is_bsn,
        words: words::NL_BSN,
    },
    Rule { name: "pl_pesel", country: "PL", shapes: &[], run: 11, check: is_pesel, words: words::PL_PESEL },
    Rule {
        name: "se_personnummer",
        country: "SE",
        shapes: &[(&[6, 4], &[HYPHEN]), (&[8, 4], &[HYPHEN])],
        run: 10,
        check: is_personnummer,
        words: words::SE_ID,
    },
    Rule {
        name: "se_personnummer",
        country: "SE",
        shapes: &[],
        run: 12,
        check: is_personnummer,
        words: words::SE_ID,
    },
];

/// The numbers of digits alone at the start of the window.
pub(super) fn find(text: &str, window: &Window, hints: &Hints<'_>, out: &mut Vec<Span>) {
    let start = window.start;
    if hints.countries.is_empty() || !may_start(text, start) {
        return;
    }
    let mut context = None;
    for rule in RULES.iter().filter(|rule| hints.countries.contains(&rule.country)) {
        let shape = rule.shapes.iter().find(|(lengths, separators)| window.has_shape(lengths, separators));
        let groups = shape.map(|(lengths, _)| lengths.len()).or_else(|| window.groups_of(rule.run));
        let Some(groups) = groups.filter(|&groups| (rule.check)(window.digits(groups))) else { continue };
        let end = window.end(groups);
        if !ends_here(text, end) || super::chars::in_url(text, start) {
            continue;
        }
        let context = context.get_or_insert_with(|| left(text, start, 64).to_lowercase());
        let told = has_word(context, rule.words);
        let confidence = match (told, shape.is_some()) {
            (true, _) => 0.97,
            (false, true) => 0.9,
            (false, false) => continue,
        };
        out.push(Span::new(start, end, Kind::NationalId, rule.name, confidence));
    }
}

fn may_start(text: &str, start: usize) -> bool {
    let left = before(text, start);
    is_open(left) && !matches!(left, Some('.' | '-' | '/' | '=' | '#' | '+'))
}

/// Six digits of birth, sequence, citizenship (0 to 2), a digit once of race, Luhn. Identification Act 68 of 1997 and the
/// Department of Home Affairs; OECD, "Tax identification numbers: South Africa".
fn is_za_id(digits: &[u8]) -> bool {
    digits.len() == 13 && is_date(two(digits, 2), two(digits, 4)) && digits[10] < 3 && luhn(digits)
}

/// Twelve digits, the first neither 0 nor 1, Verhoeff. UIDAI, "A UID Numbering Scheme" (2010).
fn is_aadhaar(digits: &[u8]) -> bool {
    digits.len() == 12 && digits[0] > 1 && verhoeff(digits) && !all_equal(digits)
}

/// Two check digits by 11. Receita Federal do Brasil, Instrução Normativa 2.172/2024.
fn is_cpf(digits: &[u8]) -> bool {
    const WEIGHTS: [u32; 10] = [11, 10, 9, 8, 7, 6, 5, 4, 3, 2];
    digits.len() == 11
        && !all_equal(digits)
        && brazilian(&digits[..9], &WEIGHTS[1..]) == digits[9]
        && brazilian(&digits[..10], &WEIGHTS) == digits[10]
}

/// Two check digits by 11. Receita Federal do Brasil, Instrução Normativa 2.119/2022.
fn is_cnpj(digits: &[u8]) -> bool {
    const WEIGHTS: [u32; 13] = [6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2];
    digits.len() == 14
        && !all_equal(digits)
        && brazilian(&digits[..12], &WEIGHTS[1..]) == digits[12]
        && brazilian(&digits[..13], &WEIGHTS) == digits[13]
}

fn brazilian(digits: &[u8], weights: &[u32]) -> u8 {
    match weighted(digits, weights) % 11 {
        0 | 1 => 0,
        rest => 11 - rest as u8,
    }
}

/// A CNPJ with letters, which new companies get since July 2026: a character counts as its ASCII code less 48. Receita
/// Federal do Brasil, Instrução Normativa 2.229/2024. Read in its usual writing, from the two check digits at byte `at` back.
fn br_cnpj_lettered(text: &str, at: usize, hints: &Hints<'_>) -> Option<Span> {
    let start = at.checked_sub(16)?;
    let code = text.as_bytes().get(start..at + 2)?;
    if !hints.countries.contains(&"BR") || [code[2], code[6], code[10], code[15]] != *b"../-" {
        return None;
    }
    let marks = [2, 6, 10, 15];
    let mut values = [0u8; 14];
    let characters = (0..code.len()).filter(|place| !marks.contains(place)).map(|place| code[place]);
    for (value, character) in values.iter_mut().zip(characters) {
        if !(character.is_ascii_digit() || character.is_ascii_uppercase()) {
            return None;
        }
        *value = character - b'0';
    }
    let lettered = values.iter().any(|value| *value > 9);
    (lettered && is_cnpj(&values) && may_start(text, start) && ends_here(text, at + 2))
        .then(|| Span::new(start, at + 2, Kind::NationalId, "br_cnpj", 0.95))
}

/// The proof by 11, the last digit with weight -1. RvIG, "Logisch Ontwerp BSN", section on the elfproef.
fn is_bsn(digits: &[u8]) -> bool {
    let last = digits.last().copied().map_or(0, u32::from);
    let sum = weighted(digits, &[9, 8, 7, 6, 5, 4, 3, 2]);
    digits.len() == 9 && sum > 0 && sum % 11 == last && !all_equal(digits)
}

/// Birth (the century is added to the month), sequence, weights 1, 3, 7, 9. Ustawa o ewidencji ludności of 24 September 2010,
/// article 15; gov.pl, "Czym jest numer PESEL".
fn is_pesel(digits: &[u8]) -> bool {
    digits.len() == 11
        && is_date(two(digits, 2) % 20, two(digits, 4))
        && weighted(digits, &[1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]).is_multiple_of(10)
}

/// Birth (60 is added to the day of a coordination number), three digits, Luhn over ten. Skatteverket, SKV 704.
fn is_personnummer(digits: &[u8]) -> bool {
    let short = match digits {
        [1, 8 | 9, rest @ ..] | [2, 0, rest @ ..] if digits.len() == 12 => rest,
        _ => digits,
    };
    short.len() == 10 && is_date(two(short, 2), two(short, 4) % 60) && short[4] < 10 && luhn(short)
}

/// Sex, year and month of birth, department (2A and 2B are Corsica), commune, order, key: 97 less the rest by 97. Décret
/// 82-103 of 22 January 1982; INSEE, "Numéro de sécurité sociale".
fn fr_nir(text: &str, start: usize, hints: &Hints<'_>) -> Option<Span> {
    const GROUPS: [usize; 7] = [1, 2, 2, 2, 3, 3, 2];
    if !hints.countries.contains(&"FR") || !matches!(text.as_bytes()[start], b'1'..=b'4' | b'7' | b'8') {
        return None;
    }
    let mut characters = [0u8; 15];
    let (mut count, mut place, mut spaced) = (0, start, None);
    for (index, &length) in GROUPS.iter().enumerate() {
        if index > 0 {
            let rest = &text[place..];
            let space = rest
                .chars()
                .next()
                .filter(|c| matches!(c, ' ' | '\u{a0}' | '\u{202f}'))
                .map_or(0, char::len_utf8);
            if *spaced.get_or_insert(space > 0) != (space > 0) {
                return None;
            }
            place += space;
        }
        for _ in 0..length {
            characters[count] = *text.as_bytes().get(place)?;
            let corsica = count == 6 && matches!(characters[count], b'A' | b'B') && characters[5] == b'2';
            if !(characters[count].is_ascii_digit() || corsica) {
                return None;
            }
            count += 1;
            place += 1;
        }
    }
    // Corsica's letters count as 19 and 18 (2A as 19, 2B as 18).
    let body = characters[..13].iter().enumerate().map(|(at, &character)| match (at, characters[6]) {
        (5, b'A' | b'B') => b'1',
        (6, b'A') => b'9',
        (6, b'B') => b'8',
        _ => character,
    });
    let key = (characters[13] - b'0') * 10 + characters[14] - b'0';
    let month = (characters[3] - b'0') * 10 + characters[4] - b'0';
    let sound = 97 - remainder_97(body) == u32::from(key) && matches!(month, 1..=12 | 20 | 30..=42 | 50..=99);
    if !sound || !may_start(text, start) || !ends_here(text, place) {
        return None;
    }
    let told = has_word(&left(text, start, 64).to_lowercase(), words::FR_NIR);
    (told || spaced == Some(true))
        .then(|| Span::new(start, place, Kind::NationalId, "fr_nir", if told { 0.98 } else { 0.95 }))
}

/// The numbers that hold letters, or may, whose first digit is at byte `at`, in a run of `run` ASCII digits.
pub(super) fn find_lettered(text: &str, at: usize, run: usize, hints: &Hints<'_>, out: &mut Vec<Span>) {
    match run {
        1 | 15 => out.extend(fr_nir(text, at, hints)),
        2 => {
            out.extend(it_codice_fiscale(text, at));
            out.extend(br_cnpj_lettered(text, at, hints));
        }
        6 => {
            out.extend(fi_hetu(text, at, hints));
            out.extend(se_over_hundred(text, at, hints));
            out.extend(fr_nir(text, at, hints));
        }
        7 => out.extend(es_nie(text, at, hints)),
        8 => out.extend(es_dni(text, at, at + 8, hints)),
        _ => {}
    }
    // `12.345.678-Z`
    if run <= 2 && text.as_bytes().get(at + run) == Some(&b'.') {
        let window = Window::read(text, at);
        if window.has_shape(&[run, 3, 3], &[DOT, DOT]) {
            out.extend(es_dni(text, at, window.end(3), hints));
        }
    }
}

/// The letter by the rest by 23. Ministerio del Interior, "Cálculo del dígito de control del NIF/NIE".
const SPANISH_LETTERS: &[u8; 23] = b"TRWAGMYFPDXBNJZSQVHLCKE";

/// Eight digits that end at byte `end`, and their letter.
fn es_dni(text: &str, at: usize, end: usize, hints: &Hints<'_>) -> Option<Span> {
    let number =
        text[at..end].bytes().filter(u8::is_ascii_digit).fold(0, |n, digit| n * 10 + u32::from(digit - b'0'));
    let end = spanish_letter(text, end, number)?;
    spanish(text, at, end, "es_dni", hints)
}

/// X, Y or Z for a leading 0, 1 or 2, seven digits, and the letter.
fn es_nie(text: &str, at: usize, hints: &Hints<'_>) -> Option<Span> {
    let bytes = text.as_bytes();
    let before = at.checked_sub(1)?;
    let letter = if bytes[before] == b'-' { before.checked_sub(1)? } else { before };
    let first = match bytes.get(letter)?.to_ascii_uppercase() {
        first @ b'X'..=b'Z' => u32::from(first - b'X'),
        _ => return None,
    };
    let number = text[at..at + 7].bytes().fold(first, |n, digit| n * 10 + u32::from(digit - b'0'));
    let end = spanish_letter(text, at + 7, number)?;
    spanish(text, letter, end, "es_nie", hints)
}

fn spanish_letter(text: &str, at: usize, number: u32) -> Option<usize> {
    let bytes = text.as_bytes();
    let at = at + usize::from(matches!(bytes.get(at), Some(b'-' | b' ')));
    let letter = SPANISH_LETTERS[(number % 23) as usize];
    let same = bytes.get(at)?.to_ascii_uppercase() == letter;
    (same && number > 0 && ends_here(text, at + 1)).then_some(at + 1)
}

fn spanish(text: &str, start: usize, end: usize, rule: &'static str, hints: &Hints<'_>) -> Option<Span> {
    if !may_start(text, start) || super::chars::in_url(text, start) {
        return None;
    }
    let told = has_word(&left(text, start, 64).to_lowercase(), words::ES_ID);
    let small = text[start..end].bytes().any(|byte| byte.is_ascii_lowercase());
    match (told, hints.countries.contains(&"ES")) {
        (true, _) => Some(Span::new(start, end, Kind::NationalId, rule, 0.97)),
        (false, true) if !small => Some(Span::new(start, end, Kind::NationalId, rule, 0.88)),
        _ => None,
    }
}

/// Surname, name, year, month letter, day (40 is added for women), place, control letter; digits may be letters where two
/// persons share a code. Decreto ministeriale 23 dicembre 1976, n. 13813.
fn it_codice_fiscale(text: &str, at: usize) -> Option<Span> {
    const MONTHS: &[u8; 12] = b"ABCDEHLMPRST";
    const TWINS: &[u8; 10] = b"LMNPQRSTUV";
    /// Values of `0` to `9`, and of `A` to `J`, in odd places; then of `K` to `Z`.
    const ODD: [u32; 26] =
        [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];
    let start = at.checked_sub(6)?;
    let code: [u8; 16] = text.as_bytes().get(start..start + 16)?.try_into().ok()?;
    let code = code.map(|byte| byte.to_ascii_uppercase());
    let digit = |place: usize| match code[place] {
        digit @ b'0'..=b'9' => Some(digit - b'0'),
        letter => TWINS.iter().position(|twin| *twin == letter).map(|at| at as u8),
    };
    let letters = [0, 1, 2, 3, 4, 5, 8, 11, 15].iter().all(|&place| code[place].is_ascii_uppercase());
    let numbers = [6, 7, 12, 13, 14].iter().all(|&place| digit(place).is_some());
    let day = digit(9)? * 10 + digit(10)?;
    let month = MONTHS.iter().position(|month| *month == code[8])? as u8 + 1;
    if !letters || !numbers || !is_date(month, if day > 40 { day - 40 } else { day }) {
        return None;
    }
    let sum: u32 = code[..15]
        .iter()
        .enumerate()
        .map(|(place, &byte)| {
            let index = if byte.is_ascii_digit() { byte - b'0' } else { byte - b'A' };
            if place % 2 == 0 { ODD[usize::from(index)] } else { u32::from(index) }
        })
        .sum();
    let end = start + 16;
    let alone = is_open(before(text, start)) && is_open(text[end..].chars().next());
    (alone && sum % 26 == u32::from(code[15] - b'A'))
        .then(|| Span::new(start, end, Kind::NationalId, "it_codice_fiscale", 0.98))
}

/// Day, month, year, a sign for the century, three digits, a character by the rest by 31. Valtioneuvoston asetus
/// väestötietojärjestelmästä 128/2010, with the signs added in 2023; Digi- ja väestötietovirasto, "Henkilötunnus".
fn fi_hetu(text: &str, at: usize, hints: &Hints<'_>) -> Option<Span> {
    const CHARACTERS: &[u8; 31] = b"0123456789ABCDEFHJKLMNPRSTUVWXY";
    let code: &[u8; 11] = text.as_bytes().get(at..at + 11)?.try_into().ok()?;
    let sign = matches!(code[6], b'+' | b'-' | b'A'..=b'F' | b'U'..=b'Y');
    if !sign || !code[7..10].iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number =
        code[..6].iter().chain(&code[7..10]).fold(0, |n: u32, digit| n * 10 + u32::from(digit - b'0'));
    let date = is_date((number / 100_000 % 100) as u8, (number / 10_000_000) as u8);
    let end = at + 11;
    // With digits alone it could be another country's.
    let sure =
        !matches!(code[6], b'+' | b'-') || code[10].is_ascii_alphabetic() || hints.countries.contains(&"FI");
    (sure
        && date
        && code[10] == CHARACTERS[(number % 31) as usize]
        && may_start(text, at)
        && ends_here(text, end))
    .then(|| Span::new(at, end, Kind::NationalId, "fi_hetu", 0.96))
}

/// A Swedish number with `+`: whoever is older than a hundred.
fn se_over_hundred(text: &str, at: usize, hints: &Hints<'_>) -> Option<Span> {
    let code: &[u8; 11] = text.as_bytes().get(at..at + 11)?.try_into().ok()?;
    if code[6] != b'+' || !hints.countries.contains(&"SE") || !code[7..].iter().all(u8::is_ascii_digit) {
        return None;
    }
    let digits: Vec<u8> = code.iter().filter(|byte| byte.is_ascii_digit()).map(|byte| byte - b'0').collect();
    let end = at + 11;
    (is_personnummer(&digits) && may_start(text, at) && ends_here(text, end))
        .then(|| Span::new(at, end, Kind::NationalId, "se_personnummer", 0.9))
}

#[cfg(test)]
mod tests;
