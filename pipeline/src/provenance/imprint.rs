//! The country of a publisher's imprint.
//!
//! Laws of several countries ask a site for the address of whoever is answerable for it. Such a page says so in its
//! heading, and the address comes first. Next to it stand other people's addresses: of the company that hosts the site, of
//! who drew it, of a board that settles disputes. So reading ends at the first word for these, and only an address counts:
//! a line with a number that ends in a country, or a country alone below such a line.

use super::country_names::from_address;

/// Headings of imprints, lower case.
const HEADINGS: [&str; 22] = [
    "impressum",
    "imprint",
    "mentions légales",
    "mentions legales",
    "aviso legal",
    "aviso legal y condiciones",
    "note legali",
    "informazioni legali",
    "ficha técnica",
    "expediente",
    "colofon",
    "colophon",
    "impresum",
    "импресум",
    "impressum & datenschutz",
    "legal notice",
    "выходные данные",
    "вихідні дані",
    "tiráž",
    "stopka redakcyjna",
    "künye",
    "ταυτότητα",
];
/// Beginnings of words after which the address is somebody else's, lower case.
const OTHERS: [&str; 30] = [
    "héberg",
    "heberg",
    "host",
    "gehostet",
    "webhost",
    "alojamiento",
    "alojado",
    "hospeda",
    "design",
    "diseño",
    "webdesign",
    "réalis",
    "realis",
    "realiz",
    "conception",
    "umsetzung",
    "gestaltung",
    "agentur",
    "agence",
    "provider",
    "aufsicht",
    "streit",
    "schlichtung",
    "médiat",
    "mediat",
    "druck",
    "imprim",
    "хостинг",
    "φιλοξεν",
    "barındırma",
];
/// Lines below the heading that are read.
const MAX_LINES: usize = 40;
/// Lines in which the heading may stand.
const HEAD_LINES: usize = 5;
/// Bytes of a line that may be an address.
const MAX_LINE: usize = 300;

/// The countries of the addresses in an imprint, in the order of the page; none for pages that are no imprint.
pub fn countries(title: &str, text: &str) -> Vec<&'static str> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    // A title may go on with the name of the site: `Impressum | Die Zeitung`.
    let by_title = title.split(['|', '–', '—', '·', '»', '-']).any(is_heading);
    let from = if by_title { Some(0) } else { lines.clone().take(HEAD_LINES).position(is_heading) };
    let Some(from) = from else { return Vec::new() };
    let mut found = Vec::new();
    let mut before = "";
    for line in lines.skip(from).take(MAX_LINES) {
        if line.len() > MAX_LINE {
            before = "";
            continue;
        }
        if is_of_others(line) {
            break;
        }
        let is_address = has_number(line) || has_number(before) && !line.contains([',', '،', '、', '，']);
        if is_address
            && let Some(country) = from_address(line)
            && !found.contains(&country)
        {
            found.push(country);
        }
        before = line;
    }
    found
}

fn is_heading(line: &str) -> bool {
    // Longer than any heading: not worth a copy.
    if line.len() > 48 {
        return false;
    }
    let line = line.trim().trim_end_matches(':').to_lowercase();
    HEADINGS.contains(&line.as_str())
}

fn is_of_others(line: &str) -> bool {
    let lower = line.to_lowercase();
    let mut words = lower.split(|c: char| !c.is_alphabetic());
    words.any(|word| OTHERS.iter().any(|other| word.starts_with(other)))
}

/// A house or a post code, and no telephone or address of mail.
fn has_number(line: &str) -> bool {
    line.chars().any(char::is_numeric) && !line.contains(['@', '+', '©'])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_imprint_names_the_country_of_its_address() {
        for (title, text, found) in [
            (
                "Impressum | Die Zeitung",
                "Verlag GmbH\nHauptstr. 5\n10115 Berlin\nDeutschland\nTel. +49 30 1",
                &["DE"][..],
            ),
            ("", "Mentions légales\nAssociation Jàngal\nRue 10, Dakar, Sénégal", &["SN"][..]),
            ("Ταυτότητα", "Οδός Ερμού 3, 10563 Αθήνα, Ελλάδα", &["GR"][..]),
            ("Импресум", "Кнез Михаилова 6, 11000 Београд, Србија", &["RS"][..]),
            ("Aviso legal", "Calle Mayor 1, Lima, Perú\nSucursal: Av. 6, Quito, Ecuador", &["PE", "EC"][..]),
        ] {
            assert_eq!(countries(title, text), found, "{title} {text}");
        }
    }

    #[test]
    fn the_host_of_a_site_is_not_its_publisher() {
        let text = "Mentions légales\nAssociation Jàngal, Dakar\nHébergeur : OVH, 2 rue Kellermann, 59100 Roubaix, France";
        assert!(countries("", text).is_empty());
    }

    #[test]
    fn a_country_that_ends_no_address_says_nothing() {
        for (title, text) in [
            ("Habari", "Hauptstr. 5, 10115 Berlin, Deutschland"),
            ("Impressum", "Wir schreiben über Kenia"),
            ("Impressum", "Kenia"),
            ("Impressum", "info2@habari.example\nKenia"),
            ("Impressum", "Moi Avenue 5, Nairobi"),
            ("Das Impressum ist ein Recht", "5 Moi Avenue, Kenya"),
        ] {
            assert!(countries(title, text).is_empty(), "{title} {text}");
        }
    }

    proptest! {
        #[test]
        fn any_page_gives_different_countries_or_none(title in any::<String>(), text in any::<String>()) {
            for title in [title.as_str(), "Impressum"] {
                let found = countries(title, &text);
                let mut once = found.clone();
                once.sort_unstable();
                once.dedup();
                prop_assert_eq!(once.len(), found.len());
            }
        }
    }
}
