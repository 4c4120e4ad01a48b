//! Checksums, each with the publication of its algorithm.

/// The Luhn check: every second digit from the right is doubled, digits of products are added, the sum is a multiple of
/// ten. ISO/IEC 7812-1:2017, annex B; H. P. Luhn, US patent 2,950,048 (1960).
pub(super) fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(at, &digit)| {
            let digit = u32::from(digit);
            match at % 2 {
                1 if digit > 4 => digit * 2 - 9,
                1 => digit * 2,
                _ => digit,
            }
        })
        .sum();
    sum.is_multiple_of(10)
}

/// The Verhoeff check in the dihedral group of order ten. J. Verhoeff, "Error Detecting Decimal Codes", Mathematical
/// Centre Tract 29, Amsterdam 1969.
pub(super) fn verhoeff(digits: &[u8]) -> bool {
    const PERMUTATION: [u8; 10] = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];
    /// The product of two elements: 0 to 4 turn the pentagon, 5 to 9 mirror it too.
    fn product(a: u8, b: u8) -> u8 {
        match (a < 5, b < 5) {
            (true, true) => (a + b) % 5,
            (true, false) => (a + b - 5) % 5 + 5,
            (false, true) => (a - 5 + 5 - b) % 5 + 5,
            (false, false) => (a + 5 - b) % 5,
        }
    }
    let mut check = 0;
    for (at, &digit) in digits.iter().rev().enumerate() {
        let permuted = (0..at % 8).fold(digit, |digit, _| PERMUTATION[usize::from(digit)]);
        check = product(check, permuted);
    }
    check == 0
}

/// The remainder by 97 of a number written in digits and capitals (`A` is 10, `Z` is 35): ISO/IEC 7064:2003, MOD 97-10.
pub(super) fn remainder_97(characters: impl Iterator<Item = u8>) -> u32 {
    characters.fold(0, |rest, character| match character {
        b'0'..=b'9' => (rest * 10 + u32::from(character - b'0')) % 97,
        _ => (rest * 100 + u32::from(character - b'A') + 10) % 97,
    })
}

/// The sum of the digits, each times its weight.
pub(super) fn weighted(digits: &[u8], weights: &[u32]) -> u32 {
    digits.iter().zip(weights).map(|(&digit, weight)| u32::from(digit) * weight).sum()
}

/// Whether all digits are the same: many checks hold for them, and nobody has such a number.
pub(super) fn all_equal(digits: &[u8]) -> bool {
    digits.windows(2).all(|pair| pair[0] == pair[1])
}

/// The number that two digits write.
pub(super) fn two(digits: &[u8], at: usize) -> u8 {
    digits[at] * 10 + digits[at + 1]
}

/// Whether a month has the day; every year is taken for a leap year.
pub(super) fn is_date(month: u8, day: u8) -> bool {
    let last = match month {
        2 => 29,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return false,
    };
    (1..=last).contains(&day)
}

/// Whether the digits are an ISBN-13, or another EAN of the book trade (978, 979): ISO 2108:2017.
pub(super) fn is_isbn(digits: &[u8]) -> bool {
    digits.len() == 13
        && digits.starts_with(&[9, 7])
        && matches!(digits[2], 8 | 9)
        && weighted(digits, &[1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1]).is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digits(text: &str) -> Vec<u8> {
        text.bytes().filter(u8::is_ascii_digit).map(|byte| byte - b'0').collect()
    }

    #[test]
    fn luhn_holds_for_the_published_example() {
        // ISO/IEC 7812-1 and the patent's own example are behind fees or in drawings; 7992 739 871-3 is the one that
        // encyclopedias print.
        assert!(luhn(&digits("7992 739 871 3")));
        for wrong in (0..10).filter(|&last| last != 3) {
            assert!(!luhn(&digits(&format!("7992739871{wrong}"))));
        }
    }

    #[test]
    fn verhoeff_holds_for_the_published_example() {
        // 236 with check digit 3: Wikipedia, "Verhoeff algorithm", worked example.
        assert!(verhoeff(&digits("2363")));
        assert!(!verhoeff(&digits("2364")));
    }

    #[test]
    fn verhoeff_finds_every_wrong_digit_and_every_swap() {
        let good = digits("23412341234");
        let good = (0..10).map(|last| [&good[..], &[last]].concat()).find(|number| verhoeff(number)).unwrap();
        for at in 0..good.len() {
            for wrong in (0..10).filter(|&digit| digit != good[at]) {
                let mut bad = good.clone();
                bad[at] = wrong;
                assert!(!verhoeff(&bad));
            }
            if at > 0 && good[at] != good[at - 1] {
                let mut bad = good.clone();
                bad.swap(at, at - 1);
                assert!(!verhoeff(&bad));
            }
        }
    }

    #[test]
    fn remainder_97_is_that_of_the_standards_example() {
        // ISO/IEC 7064, MOD 97-10: 794 takes the check characters 44.
        assert_eq!(remainder_97("79444".bytes()), 1);
    }

    #[test]
    fn isbn_of_the_users_manual() {
        // International ISBN Agency, ISBN Users' Manual, 7th edition: 978-92-95055-12-4.
        assert!(is_isbn(&digits("978-92-95055-12-4")));
        assert!(!is_isbn(&digits("978-92-95055-12-5")));
    }
}
