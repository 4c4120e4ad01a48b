//! Numbering plans: which digits are a telephone number of a country.
//!
//! The data is Google's libphonenumber metadata, as the `phonenumber` crate carries it; the patterns are matched here (see
//! `phone_pattern`). A number is valid if its length is one of its kind's and the kind's pattern matches all of it, which is
//! libphonenumber's `isValidNumber`.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use phonenumber::Metadata;
use phonenumber::metadata::{DATABASE, Descriptor};

use super::phone_pattern::Pattern;

/// Whom a number leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// A mobile number, which is somebody's.
    Mobile,
    /// A line at a place, or one of no known kind.
    Fixed,
    /// Toll-free, premium-rate, shared-cost, company-wide and voicemail numbers: services, nobody's own.
    Service,
}

/// All plans, by calling code.
#[derive(Debug)]
pub(super) struct Plans {
    regions: BTreeMap<u16, Vec<Region>>,
    codes: BTreeMap<String, u16>,
}

#[derive(Debug)]
struct Region {
    id: String,
    general: Kind,
    kinds: Vec<(Line, Kind)>,
    prefix: Vec<u8>,
    prefix_pattern: Option<Pattern>,
    /// Digits that are put in front where the prefix is rewritten.
    rewrite: Option<Vec<u8>>,
}

#[derive(Debug)]
struct Kind {
    lengths: Vec<usize>,
    pattern: Option<Pattern>,
}

impl Kind {
    fn new(descriptor: &Descriptor) -> Kind {
        let lengths = descriptor.possible_length().iter().map(|&length| usize::from(length)).collect();
        Kind { lengths, pattern: Pattern::parse(descriptor.national_number().as_str()) }
    }

    fn matches(&self, digits: &[u8]) -> bool {
        (self.lengths.is_empty() || self.lengths.contains(&digits.len()))
            && self.pattern.as_ref().is_some_and(|pattern| pattern.matches(digits))
    }
}

impl Region {
    fn new(metadata: &Metadata) -> Region {
        let all = metadata.descriptors();
        let kinds = [
            (Line::Service, all.premium_rate()),
            (Line::Service, all.toll_free()),
            (Line::Service, all.shared_cost()),
            (Line::Service, all.uan()),
            (Line::Service, all.voicemail()),
            (Line::Mobile, all.mobile()),
            (Line::Mobile, all.personal_number()),
            (Line::Mobile, all.pager()),
            (Line::Fixed, all.fixed_line()),
            (Line::Fixed, all.voip()),
        ];
        let rewrite = metadata.national_prefix_transform_rule().and_then(|rule| {
            // Rules are digits around one group: `9$1`, `264$1`, `$2`.
            let (front, _) = rule.split_once('$')?;
            front.bytes().map(|byte| byte.checked_sub(b'0').filter(|digit| *digit < 10)).collect()
        });
        Region {
            id: metadata.id().to_owned(),
            general: Kind::new(all.general()),
            kinds: kinds.into_iter().filter_map(|(line, kind)| Some((line, Kind::new(kind?)))).collect(),
            prefix: metadata.national_prefix().map(digits_of).unwrap_or_default(),
            prefix_pattern: metadata.national_prefix_for_parsing().and_then(|p| Pattern::parse(p.as_str())),
            rewrite,
        }
    }

    /// The line of a national significant number.
    fn line(&self, digits: &[u8]) -> Option<Line> {
        if !self.general.matches(digits) {
            return None;
        }
        self.kinds.iter().find(|(_, kind)| kind.matches(digits)).map(|(line, _)| *line)
    }

    /// The line of a number after the calling code; a 0 that is for callers at home is often left there by mistake.
    fn abroad(&self, digits: &[u8]) -> Option<Line> {
        let zero = || digits.strip_prefix(&[0]).filter(|_| self.prefix == [0]);
        self.line(digits).or_else(|| self.line(zero()?))
    }

    /// The line of a number as it is dialled within the country.
    fn national(&self, digits: &[u8]) -> Option<National> {
        if !self.prefix.is_empty()
            && let Some(rest) = digits.strip_prefix(&self.prefix[..])
            && let Some(line) = self.line(rest)
        {
            return Some(National { line, bare: false });
        }
        if let Some(line) = self.line(digits) {
            return Some(National { line, bare: self.prefix == [0] });
        }
        let pattern = self.prefix_pattern.as_ref()?;
        let line = pattern.prefixes(digits).find_map(|end| match &self.rewrite {
            Some(front) if end > 0 => self.rewritten(front, digits, end),
            _ => self.line(&digits[end..]),
        })?;
        Some(National { line, bare: false })
    }

    /// What is left where the prefix, `end` digits long, is rewritten rather than cut.
    ///
    /// Argentina writes its mobile numbers 0 + area + 15 + number at home, and 9 + area + number from abroad: what stands
    /// between a leading 0 and a trailing 15 is kept. In Brazil two digits of a carrier come after the 0, and the pattern
    /// takes in the number itself.
    fn rewritten(&self, front: &[u8], digits: &[u8], end: usize) -> Option<Line> {
        let (prefix, rest) = digits.split_at(end);
        let area = prefix.strip_prefix(&self.prefix[..]).unwrap_or(prefix);
        if front.is_empty() {
            return self.line(area.get(2..).filter(|_| rest.is_empty())?);
        }
        let area = area.strip_suffix(&[1, 5][..]).unwrap_or(area);
        self.line(&[front, area, rest].concat())
    }
}

/// A number as it is dialled at home.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct National {
    pub(super) line: Line,
    /// Whether it lacks the 0 that its country dials first.
    pub(super) bare: bool,
}

fn digits_of(text: &str) -> Vec<u8> {
    text.bytes().filter(u8::is_ascii_digit).map(|byte| byte - b'0').collect()
}

/// The plans, read once in a process.
pub(super) fn plans() -> &'static Plans {
    static PLANS: OnceLock<Plans> = OnceLock::new();
    PLANS.get_or_init(Plans::new)
}

impl Plans {
    fn new() -> Plans {
        let mut all: Vec<&Metadata> = DATABASE.iter().collect();
        // The database is a hash map; the main country of a calling code comes first.
        all.sort_by_key(|metadata| {
            (metadata.country_code(), !metadata.is_main_country_for_code(), metadata.id())
        });
        let (mut regions, mut codes) = (BTreeMap::<u16, Vec<Region>>::new(), BTreeMap::new());
        for metadata in all {
            regions.entry(metadata.country_code()).or_default().push(Region::new(metadata));
            codes.insert(metadata.id().to_owned(), metadata.country_code());
        }
        Plans { regions, codes }
    }

    /// The line of a number after its `+`.
    pub(super) fn international(&self, digits: &[u8]) -> Option<Line> {
        let mut code = 0;
        for (at, digit) in digits.iter().take(3).enumerate() {
            code = code * 10 + u16::from(*digit);
            if let Some(regions) = self.regions.get(&code) {
                return regions.iter().find_map(|region| region.abroad(&digits[at + 1..]));
            }
        }
        None
    }

    /// The line of a number as it is dialled within a country (ISO 3166-1 alpha-2).
    pub(super) fn national(&self, country: &str, digits: &[u8]) -> Option<National> {
        let regions = self.regions.get(self.codes.get(country)?)?;
        regions.iter().find(|region| region.id == country)?.national(digits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_of_the_metadata_is_understood() {
        for metadata in DATABASE.iter() {
            let all = metadata.descriptors();
            let kinds = [
                Some(all.general()),
                all.mobile(),
                all.fixed_line(),
                all.toll_free(),
                all.premium_rate(),
                all.voip(),
            ];
            for kind in kinds.into_iter().flatten() {
                let source = kind.national_number().as_str();
                assert!(Pattern::parse(source).is_some(), "{}: {source}", metadata.id());
            }
            for source in
                [metadata.national_prefix_for_parsing(), metadata.leading_digits()].into_iter().flatten()
            {
                assert!(Pattern::parse(source.as_str()).is_some(), "{}: {}", metadata.id(), source.as_str());
            }
        }
    }

    #[test]
    fn examples_of_the_metadata_are_valid_at_home_and_abroad() {
        let mut count = 0;
        for metadata in DATABASE.iter() {
            let all = metadata.descriptors();
            for (line, kind) in [(Line::Mobile, all.mobile()), (Line::Fixed, all.fixed_line())] {
                let Some(example) = kind.and_then(Descriptor::example) else { continue };
                let abroad = digits_of(&format!("{}{example}", metadata.country_code()));
                assert!(plans().international(&abroad).is_some(), "{} {example}", metadata.id());
                if metadata.id() != "001" {
                    let home =
                        digits_of(&format!("{}{example}", metadata.national_prefix().unwrap_or_default()));
                    let found = plans().national(metadata.id(), &home);
                    assert!(
                        found.is_some_and(|found| found.line == line
                            || found.line == Line::Fixed
                            || all.fixed_line().is_some()),
                        "{} {example}",
                        metadata.id()
                    );
                }
                count += 1;
            }
        }
        assert!(count > 400, "{count}");
    }

    #[test]
    fn no_number_is_valid_that_the_crate_does_not_know() {
        // The crate knows more: its patterns need not match to the end of a number where a kind has no lengths of its own.
        for (code, from, step) in [
            (254, 100_000_000u64, 1_234_567),
            (91, 1_000_000_000, 12_345_678),
            (49, 1_000_000_000, 12_345_671),
            (55, 10_000_000_000, 123_456_789),
            (86, 10_000_000_000, 123_456_787),
        ] {
            for number in (0..600).map(|n| from + n * step) {
                let text = format!("+{code}{number}");
                let theirs = phonenumber::parse(None, &text).is_ok_and(|parsed| {
                    parsed.national().to_string() == number.to_string() && phonenumber::is_valid(&parsed)
                });
                let ours = plans().international(&digits_of(&text)).is_some();
                assert!(theirs || !ours, "{text}");
            }
        }
    }

    #[test]
    fn numbers_as_they_are_dialled_at_home() {
        for (country, number, line) in [
            ("KE", "0712345678", Line::Mobile),
            ("NG", "08031234567", Line::Mobile),
            ("IN", "9876543210", Line::Mobile),
            ("AR", "01115 23456789", Line::Mobile),
            ("BR", "0 31 85 3222 2222", Line::Fixed),
            ("IT", "06 4991 2345", Line::Fixed),
            ("DE", "0800 1234567", Line::Service),
            ("RU", "8 (912) 345-67-89", Line::Mobile),
        ] {
            let found = plans().national(country, &digits_of(number));
            assert_eq!(found.map(|found| found.line), Some(line), "{country} {number}");
        }
        assert_eq!(plans().national("KE", &digits_of("0012345678")), None);
        assert_eq!(plans().national("XX", &digits_of("0712345678")), None);
    }
}
