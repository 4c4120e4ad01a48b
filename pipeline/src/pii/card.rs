//! Payment cards: ISO/IEC 7812 numbers of known issuers that pass the Luhn check.
//!
//! One number in ten passes Luhn by chance, so more is asked: the range of an issuer with its lengths, and either the
//! grouping printed on cards, a word such as `card` in front, or a run of 15 or 16 digits that is no part of a web address.
//! Runs of other lengths are time stamps, EAN codes and ids more often than cards.

use super::chars::{before, ends_here, has_word, is_open, left};
use super::checks::{is_isbn, luhn};
use super::window::{HYPHEN, SPACE, Window};
use super::{Kind, Span, words};

/// Ranges of issuers: first and last six digits, lengths. ISO/IEC 7812-2 leaves them to the schemes: Visa and Mastercard
/// (rules of both), American Express, Discover, Diners, JCB, UnionPay, Maestro, Mir, RuPay, Verve, Troy, as the schemes publish.
const ISSUERS: &[(u32, u32, &[usize])] = &[
    (220_000, 220_499, &[16, 17, 18, 19]), // Mir
    (222_100, 272_099, &[16]),             // Mastercard
    (300_000, 305_999, &[14, 16]),         // Diners
    (340_000, 349_999, &[15]),             // American Express
    (352_800, 358_999, &[16, 17, 18, 19]), // JCB
    (360_000, 369_999, &[14, 16]),         // Diners
    (370_000, 379_999, &[15]),             // American Express
    (380_000, 399_999, &[14, 16]),         // Diners
    (400_000, 499_999, &[13, 16, 19]),     // Visa
    (500_000, 509_999, &[16, 17, 18, 19]), // Maestro, RuPay, Verve
    (510_000, 559_999, &[16]),             // Mastercard
    (560_000, 589_999, &[16, 17, 18, 19]), // Maestro
    (601_100, 601_199, &[16, 19]),         // Discover
    (607_000, 608_999, &[16]),             // RuPay
    (620_000, 629_999, &[16, 17, 18, 19]), // UnionPay
    (636_000, 639_999, &[16, 17, 18, 19]), // Maestro
    (644_000, 659_999, &[16, 19]),         // Discover, RuPay, Verve
    (670_000, 679_999, &[16, 17, 18, 19]), // Maestro
    (810_000, 817_199, &[16, 19]),         // UnionPay
    (979_200, 979_289, &[16]),             // Troy
];

/// Groupings printed on cards.
const SHAPES: &[&[usize]] =
    &[&[4, 4, 4, 4], &[4, 6, 5], &[4, 6, 4], &[4, 4, 4, 4, 3], &[6, 13], &[4, 4, 4, 1], &[6, 4, 6]];

/// The card number at the start of the window.
pub(super) fn find(text: &str, window: &Window) -> Option<Span> {
    let start = window.start;
    for separator in [SPACE, HYPHEN] {
        for shape in SHAPES {
            let groups = shape.len();
            if window.has_shape(shape, &[separator; 4][..groups - 1]) && is_card(window.digits(groups)) {
                let end = window.end(groups);
                return fits(text, start, end).then(|| Span::new(start, end, Kind::Card, "card", 0.95));
            }
        }
    }
    let run = window.groups()[0].len;
    if !(13..=19).contains(&run) || !is_card(window.digits(1)) {
        return None;
    }
    let end = window.end(1);
    if !fits(text, start, end) || super::chars::in_url(text, start) {
        return None;
    }
    let told = has_word(&left(text, start, 48).to_lowercase(), words::CARD);
    match (told, run) {
        (true, _) => Some(Span::new(start, end, Kind::Card, "card", 0.93)),
        (false, 15 | 16) => Some(Span::new(start, end, Kind::Card, "card", 0.7)),
        _ => None,
    }
}

fn fits(text: &str, start: usize, end: usize) -> bool {
    let left = before(text, start);
    is_open(left) && !matches!(left, Some('.' | '-' | '/' | '=' | '#' | '+')) && ends_here(text, end)
}

fn is_card(digits: &[u8]) -> bool {
    let prefix = digits.iter().take(6).fold(0, |number, &digit| number * 10 + u32::from(digit));
    let known = ISSUERS
        .iter()
        .any(|(first, last, lengths)| (*first..=*last).contains(&prefix) && lengths.contains(&digits.len()));
    known && luhn(digits) && !is_isbn(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Option<&str> {
        let at = text.find(super::super::chars::is_digit)?;
        find(text, &Window::read(text, at)).map(|span| &text[span.start as usize..span.end as usize])
    }

    #[test]
    fn test_numbers_of_the_schemes_are_found() {
        // PayPal and Stripe, "Test card numbers".
        for card in [
            "4242 4242 4242 4242",
            "5555-5555-5555-4444",
            "3782 822463 10005",
            "6011111111111117",
            "3056 930902 5904",
            "3530111333300000",
            "2223 0031 2200 3222",
            "6200000000000005",
            "٤٢٤٢ ٤٢٤٢ ٤٢٤٢ ٤٢٤٢",
            "４２４２４２４２４２４２４２４２",
        ] {
            assert_eq!(found(card), Some(card));
        }
    }

    #[test]
    fn other_long_numbers_are_not() {
        for text in [
            "4242 4242 4242 4243",
            "9999 9999 9999 9995",
            "4000 0000 0000 0000",
            "20231122093015",
            "9783161484100",
            "https://site.org/photo/4242424242424242",
            "id-4242424242424242",
            "4222222222222",
            "4242424242424242.5",
        ] {
            assert_eq!(found(text), None, "{text}");
        }
        assert_eq!(found("card no. 4222222222222"), Some("4222222222222"));
    }
}
