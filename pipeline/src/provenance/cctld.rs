//! The country behind a host name.
//!
//! A country-code domain says under whose registry a host is, and so under whose law, unless the country sells its
//! domain to the world: `.tv` says nothing about Tuvalu. Those are in `configs/cctld.csv` with `open_sold`, and count
//! only below their official suffixes (`gov.tv`). Countries of the first table are those of country-codes (PDDL), of
//! the internationalised domains those of IANA's root zone database.

use std::collections::BTreeMap;
use std::sync::LazyLock;

const TABLE: &str = include_str!("../../../configs/cctld.csv");

/// Second-level labels that registries keep for the state.
const OFFICIAL: [&str; 12] = [
    "gov",
    "go",
    "gob",
    "gouv",
    "gub",
    "govt",
    "gv",
    "mil",
    "police",
    "judiciary",
    "parliament",
    "gouvernement",
];

struct Entry {
    country: &'static str,
    open_sold: bool,
}

static ENTRIES: LazyLock<BTreeMap<&str, Entry>> = LazyLock::new(|| {
    TABLE
        .lines()
        .skip(1)
        .filter_map(|line| {
            let mut fields = line.split(',');
            let (tld, country, open_sold) = (fields.next()?, fields.next()?, fields.next()?);
            Some((tld, Entry { country, open_sold: open_sold == "yes" }))
        })
        .collect()
});

/// What a registry says about a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registry {
    /// ISO 3166-1 alpha-2, or `EU`.
    pub country: &'static str,
    /// The suffix it rests on, such as `go.ke` or `ke`.
    pub suffix: String,
    /// Below a suffix kept for the state.
    pub official: bool,
}

/// The country whose registry gave out `host`; none for generic and openly sold domains, and for addresses.
pub fn registry(host: &str) -> Option<Registry> {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let tld = host.rsplit('.').next()?;
    let entry = ENTRIES.get(tld)?;
    let suffix = psl::suffix(host.as_bytes())
        .filter(|suffix| suffix.typ() == Some(psl::Type::Icann))
        .and_then(|suffix| std::str::from_utf8(suffix.as_bytes()).ok())
        .unwrap_or(tld);
    let official = suffix.split_once('.').is_some_and(|(label, rest)| OFFICIAL.contains(&label) && rest == tld)
        // `gov.xx` is often a registered name rather than a suffix of the list.
        || host.rsplit('.').nth(1).is_some_and(|label| label == "gov" || label == "gouv" || label == "gob")
        // The Union's own bodies; anybody who lives in it may have another name below `eu`.
        || host == "europa.eu"
        || host.ends_with(".europa.eu");
    if entry.open_sold && !official {
        return None;
    }
    let suffix = if official {
        host.rsplitn(3, '.').take(2).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join(".")
    } else {
        suffix.to_owned()
    };
    Some(Registry { country: entry.country, suffix, official })
}

/// Whether `label`, in lower case, is the top-level domain of a country, openly sold or not.
pub fn is_cctld(label: &str) -> bool {
    ENTRIES.contains_key(label)
}

/// Whether `code` is a country (or `EU`) of the table.
pub fn is_country(code: &str) -> bool {
    ENTRIES.values().any(|entry| entry.country == code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_lead_to_the_country_of_their_registry() {
        for (host, country, suffix) in [
            ("www.taifa.co.ke", "KE", "co.ke"),
            ("kilimo.go.ke", "KE", "go.ke"),
            ("WWW.Kathimerini.GR.", "GR", "gr"),
            ("www.gov.uk", "GB", "gov.uk"),
            ("bbc.co.uk", "GB", "co.uk"),
            ("europa.eu", "EU", "europa.eu"),
            ("eur-lex.europa.eu", "EU", "europa.eu"),
            ("neweuropa.eu", "EU", "eu"),
            ("xn--e1afmkfd.xn--90ais", "BY", "xn--90ais"),
            ("example.xn--h2brj9c", "IN", "xn--h2brj9c"),
            ("www.gov.me", "ME", "gov.me"),
            ("moh.gov.ws", "WS", "gov.ws"),
            ("www.nrk.no", "NO", "no"),
        ] {
            let found = registry(host).unwrap_or_else(|| panic!("{host} has a country"));
            assert_eq!((found.country, found.suffix.as_str()), (country, suffix), "{host}");
        }
    }

    #[test]
    fn suffixes_of_the_state_are_told_from_others() {
        for (host, official) in [
            ("www.parliament.go.ke", true),
            ("www.gob.mx", true),
            ("salud.gob.mx", true),
            ("pib.gov.in", true),
            ("moh.gov.et", true),
            ("www.go.th", true),
            ("europa.eu", true),
            ("taifa.co.ke", false),
            ("gov.habari.ke", false),
            ("neweuropa.eu", false),
        ] {
            let found = registry(host).unwrap_or_else(|| panic!("{host} has a country"));
            assert_eq!(found.official, official, "{host}");
        }
    }

    #[test]
    fn openly_sold_and_generic_domains_say_nothing() {
        for host in [
            "twitch.tv",
            "github.io",
            "openai.ai",
            "t.co",
            "bit.ly",
            "example.com",
            "xn--fiq228c.com",
            "192.0.2.1",
            "localhost",
            "",
        ] {
            assert_eq!(registry(host), None, "{host}");
        }
        for tld in "io ai tv me co cc fm ly to gg sh ws la am gl nu tk ml ga cf gq vc st is im".split(' ') {
            assert_eq!(registry(&format!("mfano.{tld}")), None, "{tld}");
        }
    }

    #[test]
    fn the_table_is_sorted_and_well_formed() {
        let lines: Vec<_> = TABLE.lines().skip(1).collect();
        assert!(lines.is_sorted() && ENTRIES.len() == lines.len());
        for (tld, entry) in &*ENTRIES {
            assert!(
                entry.country.len() == 2 && entry.country.bytes().all(|b| b.is_ascii_uppercase()),
                "{tld}"
            );
        }
        assert!(is_country("NO") && is_country("EU") && !is_country("XX"));
    }
}
