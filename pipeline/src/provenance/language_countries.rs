//! Countries that a language points to: a hint at best, since languages cross borders.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::config::countries::is_country;

/// Countries in which a language is official.
const TABLE: &str = include_str!("../../../configs/language_countries.csv");

static COUNTRIES: LazyLock<BTreeMap<&str, Vec<&str>>> = LazyLock::new(|| {
    let rows = TABLE.lines().filter(|line| !line.starts_with('#')).skip(1);
    rows.filter_map(|row| row.split_once(','))
        .map(|(language, countries)| (language, countries.split(' ').collect()))
        .collect()
});

/// The countries in which a language (ISO 639-3) is official, most speakers first; none where there are more than six.
pub fn official(language: &str) -> &'static [&'static str] {
    COUNTRIES.get(language).map(Vec::as_slice).unwrap_or_default()
}

/// The territory of a BCP 47 tag: `KE` of `sw-KE`, `CN` of `zh-Hans-CN`. Tags with an underscore are read too. A macro
/// region (`es-419`) is no country.
pub fn territory(tag: &str) -> Option<String> {
    let mut parts = tag.trim().split(['-', '_']);
    let is_letters = |part: &str| part.bytes().all(|b| b.is_ascii_alphabetic());
    let language = parts.next()?;
    if !matches!(language.len(), 2 | 3) || !is_letters(language) {
        return None;
    }
    // Behind the language come up to three extended ones and a script; a single letter begins an extension.
    let part = parts.find(|part| !(matches!(part.len(), 3 | 4) && is_letters(part)))?;
    let country = part.to_ascii_uppercase();
    (country.len() == 2 && is_country(&country)).then_some(country)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_tag_says_its_territory() {
        for (tag, country) in [
            ("sw-KE", Some("KE")),
            ("sw_tz", Some("TZ")),
            ("zh-Hans-CN", Some("CN")),
            ("zh-yue-HK", Some("HK")),
            ("am", None),
            ("es-419", None),
            ("en-x-KE", None),
            ("de-u-co-phonebk", None),
            ("ar-ZZ", None),
            ("", None),
            ("ไทย-TH", None),
        ] {
            assert_eq!(territory(tag).as_deref(), country, "{tag}");
        }
    }

    #[test]
    fn the_table_has_languages_and_countries_only() {
        assert!(COUNTRIES.len() > 100);
        for (language, countries) in COUNTRIES.iter() {
            assert!(kilim_langid::known_code(language), "{language}");
            assert!(countries.iter().all(|country| is_country(country)), "{language} {countries:?}");
        }
        assert_eq!(official("swa")[0], "TZ");
        assert!(official("eng").is_empty() && official("").is_empty());
    }

    proptest! {
        #[test]
        fn any_tag_gives_a_country_or_none(tag in any::<String>()) {
            if let Some(country) = territory(&tag) {
                prop_assert!(is_country(&country));
            }
        }
    }
}
