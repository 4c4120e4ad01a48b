//! Whose numbers may stand in a text: the countries that its host and its language point to.

use crate::provenance::{cctld, language_countries};

/// Countries whose numbers may stand in a text, likeliest first: that of the host's registry, then those in which its
/// language (ISO 639-3) is official. English, French, Spanish and Arabic point to none: too many. English on a host of no
/// country points to the United States all the same, for its numbers are written as nothing else is: of the eight that this
/// finds on 1,900 English pages all are telephone numbers (benches/RESULTS.md, *Personal data*).
pub fn countries(host: &str, language: &str) -> Vec<&'static str> {
    let registry = cctld::registry(host).map(|found| found.country);
    let official = language_countries::official(language).iter().copied();
    let american = (registry.is_none() && language == "eng").then_some("US");
    let mut countries: Vec<&str> = registry.into_iter().chain(american).collect();
    for country in official {
        if !countries.contains(&country) {
            countries.push(country);
        }
    }
    countries
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_and_language_point_to_countries() {
        assert_eq!(countries("habari.co.ke", "eng"), ["KE"]);
        assert_eq!(countries("zeitung.at", "deu")[..2], ["AT", "DE"]);
        assert_eq!(countries("example.com", "swa")[0], "TZ");
        assert_eq!(countries("example.com", "eng"), ["US"]);
        assert!(countries("example.com", "fra").is_empty());
        assert!(countries("", "").is_empty());
    }
}
