//! Bank accounts: the IBAN of ISO 13616-1:2020, checked by MOD 97-10 and by the length of its country.

use super::chars::{before, is_open};
use super::checks::remainder_97;
use super::{Kind, Span};

/// Lengths by country: SWIFT, "IBAN Registry".
const LENGTHS: &[(&[u8; 2], u8)] = &[
    (b"AD", 24),
    (b"AE", 23),
    (b"AL", 28),
    (b"AT", 20),
    (b"AZ", 28),
    (b"BA", 20),
    (b"BE", 16),
    (b"BG", 22),
    (b"BH", 22),
    (b"BI", 27),
    (b"BR", 29),
    (b"BY", 28),
    (b"CH", 21),
    (b"CR", 22),
    (b"CY", 28),
    (b"CZ", 24),
    (b"DE", 22),
    (b"DJ", 27),
    (b"DK", 18),
    (b"DO", 28),
    (b"EE", 20),
    (b"EG", 29),
    (b"ES", 24),
    (b"FI", 18),
    (b"FK", 18),
    (b"FO", 18),
    (b"FR", 27),
    (b"GB", 22),
    (b"GE", 22),
    (b"GI", 23),
    (b"GL", 18),
    (b"GR", 27),
    (b"GT", 28),
    (b"HN", 28),
    (b"HR", 21),
    (b"HU", 28),
    (b"IE", 22),
    (b"IL", 23),
    (b"IQ", 23),
    (b"IS", 26),
    (b"IT", 27),
    (b"JO", 30),
    (b"KW", 30),
    (b"KZ", 20),
    (b"LB", 28),
    (b"LC", 32),
    (b"LI", 21),
    (b"LT", 20),
    (b"LU", 20),
    (b"LV", 21),
    (b"LY", 25),
    (b"MC", 27),
    (b"MD", 24),
    (b"ME", 22),
    (b"MK", 19),
    (b"MN", 20),
    (b"MR", 27),
    (b"MT", 31),
    (b"MU", 30),
    (b"NI", 28),
    (b"NL", 18),
    (b"NO", 15),
    (b"OM", 23),
    (b"PK", 24),
    (b"PL", 28),
    (b"PS", 29),
    (b"PT", 25),
    (b"QA", 29),
    (b"RO", 24),
    (b"RS", 22),
    (b"RU", 33),
    (b"SA", 24),
    (b"SC", 31),
    (b"SD", 18),
    (b"SE", 24),
    (b"SI", 19),
    (b"SK", 24),
    (b"SM", 27),
    (b"SO", 23),
    (b"ST", 25),
    (b"SV", 28),
    (b"TL", 23),
    (b"TN", 24),
    (b"TR", 26),
    (b"UA", 29),
    (b"VA", 22),
    (b"VG", 24),
    (b"XK", 20),
    (b"YE", 30),
];

/// The IBAN whose check digits start at byte `at`, two letters after its own start.
///
/// Written in one piece or in groups of four, with one space, no-break space or hyphen between them; letters are all
/// capitals or, in one piece, all small.
pub(super) fn find(text: &str, at: usize) -> Option<Span> {
    let bytes = text.as_bytes();
    let start = at.checked_sub(2)?;
    let country = [bytes[start].to_ascii_uppercase(), bytes[start + 1].to_ascii_uppercase()];
    let length = usize::from(LENGTHS.iter().find(|(code, _)| **code == country)?.1);
    let small = bytes[start].is_ascii_lowercase();
    if small != bytes[start + 1].is_ascii_lowercase() || !is_open(before(text, start)) {
        return None;
    }
    let mut characters = [0u8; 34];
    let (mut place, mut separator) = (start, None);
    for (index, character) in characters[..length].iter_mut().enumerate() {
        if index > 0 && index % 4 == 0 {
            let len = match &bytes[place..] {
                [b' ' | b'-', ..] => 1,
                [0xc2, 0xa0, ..] => 2,
                _ => 0,
            };
            if *separator.get_or_insert(len) != len || small && len > 0 {
                return None;
            }
            place += len;
        }
        *character = match bytes.get(place)? {
            digit @ b'0'..=b'9' => *digit,
            letter @ b'A'..=b'Z' if !small => *letter,
            letter @ b'a'..=b'z' if small => letter.to_ascii_uppercase(),
            _ => return None,
        };
        place += 1;
    }
    if !is_open(text[place..].chars().next()) || !characters[2..4].iter().all(u8::is_ascii_digit) {
        return None;
    }
    let turned = characters[4..length].iter().chain(&characters[..4]).copied();
    (remainder_97(turned) == 1).then(|| Span::new(start, place, Kind::Iban, "iban", 0.99))
}

#[cfg(test)]
mod tests {
    fn found(text: &str) -> Option<&str> {
        let at = text.find(|c: char| c.is_ascii_digit())?;
        super::find(text, at).map(|span| &text[span.start as usize..span.end as usize])
    }

    #[test]
    fn examples_of_the_registry_hold() {
        // SWIFT, "IBAN Registry": the example of each country.
        for iban in [
            "GB29 NWBK 6016 1331 9268 19",
            "DE89 3704 0044 0532 0130 00",
            "FR14 2004 1010 0505 0001 3M02 606",
            "GR1601101250000000012300695",
            "NL91ABNA0417164300",
            "SA03 8000 0000 6080 1016 7519",
            "MT84MALT011000012345MTLCAST001S",
            "BR1800360305000010009795493C1",
            "ES91-2100-0418-4502-0005-1332",
            "NO93 8601 1117 947",
            "tr330006100519786457841326",
        ] {
            assert_eq!(found(iban), Some(iban));
        }
    }

    #[test]
    fn one_wrong_character_or_a_wrong_length_is_no_iban() {
        for iban in [
            "GB28 NWBK 6016 1331 9268 19",
            "DE89 3704 0044 0532 0130 0",
            "DE89 3704 0044 0532 0130 001",
            "XX89370400440532013000",
            "Gb29NWBK60161331926819",
            "AGB29NWBK60161331926819",
            "GB29 NWBK60161331926819",
            "GB29",
            "é29",
        ] {
            assert_eq!(found(iban), None, "{iban}");
        }
    }
}
