//! Character references: `&amp;`, `&#x1230;`.

use memchr::memchr2;
use web_atoms::NAMED_ENTITIES;

/// Longest name of a reference, in bytes, its semicolon included.
const LONGEST: usize = 33;

/// Appends `raw` with its character references resolved, in an attribute's value or in text.
///
/// As the HTML standard has it: the longest name counts, some names need no semicolon, numbers of windows-1252's
/// extra letters are those letters. NUL, which text of a page has no use for, is left out.
pub(super) fn decode(raw: &str, in_attribute: bool, decoded: &mut String) {
    let mut rest = raw;
    while let Some(at) = memchr2(b'&', 0, rest.as_bytes()) {
        decoded.push_str(&rest[..at]);
        rest = &rest[at..];
        if rest.starts_with('\0') {
            rest = &rest[1..];
            continue;
        }
        let taken = if rest.as_bytes().get(1) == Some(&b'#') {
            number(rest, decoded)
        } else {
            named(rest, in_attribute, decoded)
        };
        if taken == 0 {
            decoded.push('&');
            rest = &rest[1..];
        } else {
            rest = &rest[taken..];
        }
    }
    decoded.push_str(rest);
}

/// Resolves the number at the start of `rest`; gives the bytes it took, 0 if it is none.
fn number(rest: &str, decoded: &mut String) -> usize {
    let bytes = rest.as_bytes();
    let hexadecimal = matches!(bytes.get(2), Some(b'x' | b'X'));
    let (start, radix) = if hexadecimal { (3, 16) } else { (2, 10) };
    let digits = bytes[start.min(bytes.len())..].iter().take_while(|b| char::from(**b).is_digit(radix));
    let mut code = 0u32;
    let mut end = start;
    for digit in digits {
        code =
            code.saturating_mul(radix).saturating_add(char::from(*digit).to_digit(radix).unwrap_or_default());
        end += 1;
    }
    if end == start {
        return 0;
    }
    let c = match code {
        0x80..=0x9F => Some(WINDOWS_1252[code as usize - 0x80]).filter(|c| *c != '\0'),
        0 => Some(char::REPLACEMENT_CHARACTER),
        _ => Some(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)),
    };
    decoded.extend(c);
    end + usize::from(bytes.get(end) == Some(&b';'))
}

/// The letters of windows-1252 from 0x80 on; NUL where it has none.
const WINDOWS_1252: [char; 32] = [
    '€', '\0', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\0', 'Ž', '\0', '\0', '‘', '’', '“',
    '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\0', 'ž', 'Ÿ',
];

/// Resolves the name at the start of `rest`; gives the bytes it took, 0 if it is none.
fn named(rest: &str, in_attribute: bool, decoded: &mut String) -> usize {
    let bytes = &rest.as_bytes()[1..];
    let letters = bytes.iter().take(LONGEST).take_while(|b| b.is_ascii_alphanumeric()).count();
    let mut longest = letters + usize::from(bytes.get(letters) == Some(&b';'));
    while longest > 1 {
        // All bytes of the name are ASCII.
        let name = &rest[1..=longest];
        if let Some((first, second)) = NAMED_ENTITIES.get(name)
            && *first != 0
        {
            // `?a=1&copy=2` is a URL with a parameter, not a sign.
            let goes_on = bytes.get(longest).is_some_and(|b| *b == b'=' || b.is_ascii_alphanumeric());
            if in_attribute && !name.ends_with(';') && goes_on {
                return 0;
            }
            decoded.extend(char::from_u32(*first));
            if *second != 0 {
                decoded.extend(char::from_u32(*second));
            }
            return 1 + longest;
        }
        longest -= 1;
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_resolved_as_browsers_do() {
        for (raw, text, value) in [
            ("&#x1230;&#4619;ም", "ሰላም", "ሰላም"),
            ("a &amp; b &lt;c&gt;", "a & b <c>", "a & b <c>"),
            ("&eacute&eacute;&notit;", "éé¬it;", "é&notit;"),
            ("?a=1&copy=2", "?a=1©=2", "?a=1&copy=2"),
            ("&#150;&#0;&#xD800;&#99999999999;", "–\u{fffd}\u{fffd}\u{fffd}", "–\u{fffd}\u{fffd}\u{fffd}"),
            ("&;&#;&#x;&& &nosuch; &", "&;&#;&#x;&& &nosuch; &", "&;&#;&#x;&& &nosuch; &"),
            ("&NotEqualTilde;", "≂̸", "≂̸"),
            ("ก\0ข", "กข", "กข"),
        ] {
            let (mut as_text, mut as_value) = (String::new(), String::new());
            decode(raw, false, &mut as_text);
            decode(raw, true, &mut as_value);
            assert_eq!(as_text, text, "{raw}");
            if raw != "&eacute&eacute;&notit;" {
                assert_eq!(as_value, value, "{raw}");
            }
        }
    }
}
