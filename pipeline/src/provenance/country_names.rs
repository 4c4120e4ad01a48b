//! Countries by the names that addresses give them.
//!
//! A publisher's address says `KE`, `KEN`, `Kenya`, `केन्या` or `كينيا`. Names are those of `configs/country_names.csv`; what
//! is in no table is no country, and nothing is taken to be near enough. In running text only the end of an address counts,
//! and codes do not: `IN` and `DE` are words.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization;

use crate::config::countries::is_country;

const TABLE: &str = include_str!("../../../configs/country_names.csv");
/// Bytes of the longest value that may be a name; the longest of the table has 119.
const MAX_NAME: usize = 200;
/// Countries whose names are also those of states and villages elsewhere; text alone does not tell.
const UNSURE_IN_TEXT: [&str; 2] = ["GE", "MF"];

struct Names {
    by_name: BTreeMap<&'static str, &'static str>,
    by_alpha3: BTreeMap<&'static str, &'static str>,
}

static NAMES: LazyLock<Names> = LazyLock::new(|| {
    let mut names = Names { by_name: BTreeMap::new(), by_alpha3: BTreeMap::new() };
    for row in rows() {
        let mut fields = row.splitn(3, ',');
        let (Some(country), Some(alpha3), Some(list)) = (fields.next(), fields.next(), fields.next()) else {
            continue;
        };
        names.by_name.extend(list.split('|').map(|name| (name, country)));
        if !alpha3.is_empty() {
            names.by_alpha3.insert(alpha3, country);
        }
    }
    names
});

fn rows() -> impl Iterator<Item = &'static str> {
    TABLE.lines().filter(|line| !line.starts_with('#')).skip(1)
}

/// The country that the value of an `addressCountry` names: an ISO 3166-1 code of two or three letters in any case, `UK`,
/// or a name of the table.
pub fn from_field(value: &str) -> Option<&'static str> {
    let value = value.trim().trim_end_matches(['.', ',']);
    if value.len() > MAX_NAME {
        return None;
    }
    let upper = value.to_ascii_uppercase();
    if value.len() == 2 && is_country(&upper) {
        return code(&upper);
    }
    let by_alpha3 = NAMES.by_alpha3.get(upper.as_str()).copied();
    by_alpha3.or_else(|| NAMES.by_name.get(fold(value).as_str()).copied())
}

/// The table's own text of a code.
fn code(upper: &str) -> Option<&'static str> {
    rows().filter_map(|row| row.get(..2)).find(|country| *country == upper)
}

/// The country with whose name a written address ends: the part behind the last comma. None where the part before it is
/// another country (`Hong Kong, China`), and for names that places elsewhere have too.
pub fn from_address(line: &str) -> Option<&'static str> {
    let line = line.trim().trim_end_matches(['.', ';']);
    let mut parts = line.rsplit([',', '،', '、', '，', '·', '|', ';']);
    let name = |part: &str| {
        let part = part.trim();
        if part.len() > MAX_NAME { None } else { NAMES.by_name.get(fold(part).as_str()).copied() }
    };
    let country = name(parts.next()?)?;
    let is_other = parts.next().and_then(name).is_some_and(|before| before != country);
    (!is_other && !UNSURE_IN_TEXT.contains(&country)).then_some(country)
}

/// Compatibility forms made one, lower case, one space where there is white space, no marks of direction.
fn fold(name: &str) -> String {
    let mut folded = String::with_capacity(name.len());
    for c in name.nfkc().flat_map(char::to_lowercase) {
        match c {
            '\u{200e}' | '\u{200f}' | '\u{feff}' => {}
            '’' | 'ʻ' | '‘' => folded.push('\''),
            c if c.is_whitespace() || c == '\u{200c}' => {
                if !folded.is_empty() && !folded.ends_with(' ') {
                    folded.push(' ');
                }
            }
            c => folded.push(c),
        }
    }
    folded.truncate(folded.trim_end().len());
    folded
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn codes_and_names_in_many_scripts_lead_to_countries() {
        for (value, country) in [
            ("KE", "KE"),
            ("ke", "KE"),
            ("KEN", "KE"),
            (" Kenya. ", "KE"),
            ("Jamhuri ya Kenya", "KE"),
            ("UK", "GB"),
            ("U.S.A.", "US"),
            ("Deutschland", "DE"),
            ("Österreich", "AT"),
            ("Osterreich", "AT"),
            ("Côte d’Ivoire", "CI"),
            ("Türkiye", "TR"),
            ("भारत", "IN"),
            ("இந்தியா", "IN"),
            ("ไทย", "TH"),
            ("ኢትዮጵያ", "ET"),
            ("Ελλάδα", "GR"),
            ("مصر", "EG"),
            ("日本", "JP"),
            ("대한민국", "KR"),
            ("Україна", "UA"),
            ("საქართველო", "GE"),
            ("Georgia", "GE"),
            ("European Union", "EU"),
            ("EU", "EU"),
            ("刚果（金）", "CD"),
        ] {
            assert_eq!(from_field(value), Some(country), "{value}");
        }
    }

    #[test]
    fn what_is_in_no_table_is_no_country() {
        for value in [
            "",
            "XX",
            "ZZ",
            "Atlantis",
            "Congo",
            "Kenya (KE)",
            "Nairobi",
            "K",
            "EAC",
            "254",
            "Kenia Kenia",
            "null",
        ] {
            assert_eq!(from_field(value), None, "{value}");
        }
    }

    #[test]
    fn an_address_says_its_country_at_its_end() {
        for (line, country) in [
            ("Moi Avenue 12, 00100 Nairobi, Kenya", Some("KE")),
            ("10115 Berlin, Deutschland.", Some("DE")),
            ("شارع التحرير 5، القاهرة، مصر", Some("EG")),
            ("Kenya", Some("KE")),
            ("Kenya and Uganda", None),
            ("Kenya, Nairobi", None),
            ("1 Queen's Road, Hong Kong, China", None),
            ("12 Peachtree Street, Atlanta, Georgia", None),
            ("Singapore 238801, Singapore, Singapore", Some("SG")),
            ("Indianapolis, IN", None),
        ] {
            assert_eq!(from_address(line), country, "{line}");
        }
    }

    #[test]
    fn the_table_is_folded_and_names_stand_once() {
        let mut count = 0;
        for row in rows() {
            let fields: Vec<_> = row.splitn(3, ',').collect();
            assert!(is_country(fields[0]), "{row}");
            for name in fields[2].split('|') {
                count += 1;
                assert_eq!(fold(name), name);
                assert_eq!(NAMES.by_name.get(name), Some(&fields[0]), "{name} stands twice");
                assert!(name.len() <= MAX_NAME);
            }
        }
        assert!(rows().map(|row| &row[..2]).is_sorted());
        assert_eq!(count, NAMES.by_name.len());
        assert!(NAMES.by_alpha3.len() > 240);
    }

    proptest! {
        #[test]
        fn any_value_is_a_country_of_the_list_or_none(value in any::<String>()) {
            for found in [from_field(&value), from_address(&value)].into_iter().flatten() {
                prop_assert!(is_country(found));
            }
        }

        #[test]
        fn case_and_spaces_change_nothing(row in 0_usize..240, left in "[ \t]{0,3}", right in "[ \t]{0,3}") {
            let row = rows().nth(row).unwrap_or_default();
            for name in row.splitn(3, ',').nth(2).unwrap_or_default().split('|').filter(|name| name.is_ascii()) {
                let written = format!("{left}{}{right}", name.to_ascii_uppercase());
                prop_assert_eq!(from_field(&written), from_field(name));
            }
        }
    }
}
