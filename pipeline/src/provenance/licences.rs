//! Licence URLs and statements as SPDX ids, and what an id means for use.
//!
//! Creative Commons URLs are read strictly: host, `licenses` or `publicdomain`, code, version, port. `/choose/`, search
//! and article pages on that host are no licence. The SPDX list knows few of the ported licences; the others become
//! `LicenseRef-` ids that keep version and port (`LicenseRef-CC-BY-ND-3.0-HR`), since ports differ in law.

use url::Url;

/// A licence as read from a URL or an id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Licence {
    /// SPDX id, or `LicenseRef-…`.
    pub spdx: String,
    /// The jurisdiction a licence was ported to, upper case: `HR`.
    pub port: Option<String>,
}

impl Licence {
    fn new(id: String, port: Option<&str>) -> Self {
        let spdx = if spdx::license_id(&id).is_some() { id } else { format!("LicenseRef-{id}") };
        Self { spdx, port: port.map(str::to_owned) }
    }
}

/// Whether a URL is on the host of Creative Commons, licence or not.
pub fn is_creative_commons(url: &str) -> bool {
    parse(url).is_some_and(|url| host(&url) == "creativecommons.org")
}

fn parse(url: &str) -> Option<Url> {
    let url = url.trim();
    let full = if url.starts_with("//") { format!("https:{url}") } else { url.to_owned() };
    Url::parse(&full).or_else(|_| Url::parse(&format!("https://{full}"))).ok()
}

fn host(url: &Url) -> &str {
    let host = url.host_str().unwrap_or_default();
    host.strip_prefix("www.").unwrap_or(host)
}

/// The licence that a URL stands for.
pub fn from_url(url: &str) -> Option<Licence> {
    let url = parse(url)?;
    if !matches!(url.scheme(), "http" | "https") {
        return None;
    }
    let path: Vec<String> =
        url.path_segments()?.filter(|part| !part.is_empty()).map(str::to_ascii_lowercase).collect();
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    let whole = path.join("/");
    match host(&url) {
        "creativecommons.org" => creative_commons(&path),
        "licensebuttons.net" | "i.creativecommons.org" | "mirrors.creativecommons.org" => {
            // Badges: /l/by-sa/3.0/88x31.png, /p/zero/1.0/80x15.png.
            match path.as_slice() {
                ["l", rest @ ..] => creative_commons(&[&["licenses"][..], rest].concat()),
                ["p", rest @ ..] => creative_commons(&[&["publicdomain"][..], rest].concat()),
                _ => None,
            }
        }
        "nationalarchives.gov.uk" if whole.starts_with("doc/open-government-licence/version/") => {
            let version = match *path.get(3)? {
                "1" => "1.0",
                "2" => "2.0",
                "3" => "3.0",
                _ => return None,
            };
            Some(Licence::new(format!("OGL-UK-{version}"), None))
        }
        "etalab.gouv.fr" if whole.starts_with("licence-ouverte") => {
            Some(Licence::new("etalab-2.0".to_owned(), None))
        }
        "govdata.de" if whole.starts_with("dl-de/by-2-0") => {
            Some(Licence::new("DL-DE-BY-2.0".to_owned(), None))
        }
        "govdata.de" if whole.starts_with("dl-de/zero-2-0") => {
            Some(Licence::new("DL-DE-ZERO-2.0".to_owned(), None))
        }
        "data.norge.no" if whole.starts_with("nlod") && whole.ends_with("2.0") => {
            Some(Licence::new("NLOD-2.0".to_owned(), None))
        }
        "spdx.org" => from_id(path.get(1)?.trim_end_matches(".html")),
        _ => None,
    }
}

/// `path` is `licenses/CODE/VERSION[/PORT]…` or `publicdomain/CODE/VERSION…`.
fn creative_commons(path: &[&str]) -> Option<Licence> {
    match path {
        ["publicdomain", "zero", version, ..] if is_version(version) => {
            Some(Licence::new(format!("CC0-{version}"), None))
        }
        ["publicdomain", "mark", version, ..] if is_version(version) => {
            Some(Licence::new(format!("CC-PDM-{version}"), None))
        }
        ["publicdomain", "certification", ..] | ["licenses", "publicdomain", ..] => {
            Some(Licence::new("CC-PDDC".to_owned(), None))
        }
        ["licenses", code, version, rest @ ..] if is_version(version) => {
            // Legacy codes put the words in another order: nd-nc.
            let code = match *code {
                code @ ("by" | "by-sa" | "by-nd" | "by-nc" | "by-nc-sa" | "by-nc-nd" | "sa" | "nd" | "nc"
                | "nc-sa" | "nd-nc" | "sampling" | "sampling+" | "nc-sampling+" | "devnations") => code,
                "by-nd-nc" => "by-nc-nd",
                _ => return None,
            };
            let code = code.to_ascii_uppercase().replace('+', "-PLUS");
            // What follows is a port (hr, igo), a language (deed.sw) or the text itself.
            let port = rest.first().filter(|part| {
                (part.len() == 2 || matches!(**part, "igo" | "scotland"))
                    && part.bytes().all(|b| b.is_ascii_lowercase())
            });
            match port {
                Some(port) => {
                    let port = port.to_ascii_uppercase();
                    Some(Licence::new(format!("CC-{code}-{version}-{port}"), Some(&port)))
                }
                None => Some(Licence::new(format!("CC-{code}-{version}"), None)),
            }
        }
        _ => None,
    }
}

fn is_version(text: &str) -> bool {
    matches!(text.as_bytes(), [major, b'.', minor] if major.is_ascii_digit() && minor.is_ascii_digit())
}

/// The licence that an id or a short text stands for: `CC-BY-4.0`, `CC BY-SA 3.0`.
pub fn from_id(text: &str) -> Option<Licence> {
    let text = text.trim();
    if let Some(id) = spdx::license_id(text) {
        return Some(Licence { spdx: id.name.to_owned(), port: None });
    }
    let id = text.to_ascii_uppercase().split_whitespace().collect::<Vec<_>>().join("-");
    if !id.starts_with("CC") || id.len() > 40 {
        return None;
    }
    spdx::license_id(&id).map(|id| Licence { spdx: id.name.to_owned(), port: None })
}

/// 0 unknown, 1 restricted, 2 non-commercial or no-derivatives, 3 share-alike, 4 attribution, 5 public domain.
pub fn tier(spdx: &str) -> u8 {
    let id = spdx.trim_start_matches("LicenseRef-").to_ascii_uppercase();
    let parts: Vec<&str> = id.split('-').collect();
    let has = |part| parts.contains(&part);
    match parts.first().copied() {
        Some("CC0") => 5,
        Some("CC") if has("PDM") || has("PDDC") => 5,
        Some("CC") if has("NC") || has("ND") || has("SAMPLING") || has("DEVNATIONS") => 2,
        Some("CC") if has("SA") => 3,
        Some("CC") if has("BY") => 4,
        Some("DL") if has("ZERO") => 5,
        Some("DL" | "OGL" | "ETALAB" | "NLOD") => 4,
        Some("ALL") => 1,
        _ => match id.as_str() {
            "UNLICENSE" | "PDDL-1.0" | "0BSD" => 5,
            "MIT" | "APACHE-2.0" | "ODC-BY-1.0" => 4,
            "ODBL-1.0" | "GFDL-1.3" | "GFDL-1.3-ONLY" | "GFDL-1.3-OR-LATER" => 3,
            _ => 0,
        },
    }
}

/// Phrases by which a page keeps all rights, lower case.
const RESERVED: [&str; 27] = [
    "all rights reserved",
    "all right reserved",
    "haki zote zimehifadhiwa",
    "tous droits réservés",
    "tous droits reserves",
    "alle rechte vorbehalten",
    "todos los derechos reservados",
    "todos os direitos reservados",
    "tutti i diritti riservati",
    "alle rechten voorbehouden",
    "wszelkie prawa zastrzeżone",
    "все права защищены",
    "усі права захищені",
    "με την επιφύλαξη παντός δικαιώματος",
    "με επιφύλαξη παντός δικαιώματος",
    "جميع الحقوق محفوظة",
    "تمامی حقوق محفوظ",
    "جملہ حقوق محفوظ",
    "כל הזכויות שמורות",
    "सर्वाधिकार सुरक्षित",
    "सभी अधिकार सुरक्षित",
    "সর্বস্বত্ব সংরক্ষিত",
    "அனைத்து உரிமைகளும் பாதுகாக்கப்பட்டவை",
    "መብቱ በህግ የተጠበቀ",
    "สงวนลิขสิทธิ์",
    "版权所有",
    "版權所有",
];

/// Phrases by which a page excepts something from a licence, lower case.
const EXCEPTED: [&str; 12] = [
    "unless otherwise",
    "except where",
    "except as",
    "except for",
    "some but not all",
    "sauf mention contraire",
    "sofern nicht anders",
    "soweit nicht anders",
    "salvo donde",
    "salvo que se indique",
    "isipokuwa",
    "если не указано иное",
];

/// Whether a text keeps all rights.
pub fn reserves_all_rights(text: &str) -> bool {
    let text = text.to_lowercase();
    RESERVED.iter().any(|phrase| text.contains(phrase))
}

/// Whether a text makes exceptions from a licence.
pub fn makes_exceptions(text: &str) -> bool {
    let text = text.to_lowercase();
    EXCEPTED.iter().any(|phrase| text.contains(phrase))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_become_ids_that_keep_version_and_port() {
        for (url, spdx) in [
            ("https://creativecommons.org/licenses/by/4.0/", Some("CC-BY-4.0")),
            ("http://creativecommons.org/licenses/by-sa/3.0/deed.sw", Some("CC-BY-SA-3.0")),
            ("//www.creativecommons.org/licenses/by-nc-nd/4.0", Some("CC-BY-NC-ND-4.0")),
            (
                "http://creativecommons.org/licenses/by-nd/3.0/hr/legalcode.hr",
                Some("LicenseRef-CC-BY-ND-3.0-HR"),
            ),
            ("http://creativecommons.org/licenses/by/3.0/igo/", Some("CC-BY-3.0-IGO")),
            ("https://creativecommons.org/licenses/by-nc-sa/2.5/ca/", Some("LicenseRef-CC-BY-NC-SA-2.5-CA")),
            ("http://creativecommons.org/licenses/sa/1.0/", Some("CC-SA-1.0")),
            ("http://creativecommons.org/licenses/nd-nc/1.0/", Some("LicenseRef-CC-ND-NC-1.0")),
            ("http://creativecommons.org/licenses/sampling+/1.0/", Some("LicenseRef-CC-SAMPLING-PLUS-1.0")),
            ("https://creativecommons.org/publicdomain/zero/1.0/legalcode.el", Some("CC0-1.0")),
            ("https://creativecommons.org/publicdomain/mark/1.0/", Some("CC-PDM-1.0")),
            ("http://creativecommons.org/licenses/publicdomain/", Some("CC-PDDC")),
            ("https://licensebuttons.net/l/by-sa/4.0/88x31.png", Some("CC-BY-SA-4.0")),
            ("https://i.creativecommons.org/p/zero/1.0/80x15.png", Some("CC0-1.0")),
            (
                "https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/",
                Some("OGL-UK-3.0"),
            ),
            ("https://www.etalab.gouv.fr/licence-ouverte-open-licence/", Some("etalab-2.0")),
            ("https://www.govdata.de/dl-de/by-2-0", Some("DL-DE-BY-2.0")),
            ("https://data.norge.no/nlod/no/2.0", Some("NLOD-2.0")),
            ("https://creativecommons.org/choose/", None),
            ("https://search.creativecommons.org/?q=பூ", None),
            ("https://creativecommons.org/licenses/", None),
            ("https://creativecommons.org/2024/02/blog/", None),
            ("https://example.org/creativecommons.org/licenses/by/4.0/", None),
            ("mailto:by@creativecommons.org", None),
            ("", None),
        ] {
            assert_eq!(from_url(url).map(|licence| licence.spdx).as_deref(), spdx, "{url}");
        }
    }

    #[test]
    fn tiers_follow_the_strictest_word_of_an_id() {
        for (id, expected) in [
            ("CC0-1.0", 5),
            ("CC-PDM-1.0", 5),
            ("CC-BY-4.0", 4),
            ("OGL-UK-3.0", 4),
            ("CC-BY-SA-3.0", 3),
            ("CC-BY-NC-SA-4.0", 2),
            ("LicenseRef-CC-BY-ND-3.0-HR", 2),
            ("LicenseRef-all-rights-reserved", 1),
            ("LicenseRef-mine", 0),
        ] {
            assert_eq!(tier(id), expected, "{id}");
        }
        for id in ["CC-BY-4.0", "etalab-2.0", "DL-DE-BY-2.0", "NLOD-2.0", "OGL-UK-3.0"] {
            assert!(spdx::license_id(id).is_some(), "{id} is in the SPDX list");
        }
    }

    #[test]
    fn reserved_rights_are_understood_in_many_languages() {
        for text in [
            "© 2025 Haki zote zimehifadhiwa.",
            "© ΕΡΤ. Με την επιφύλαξη παντός δικαιώματος",
            "جميع الحقوق محفوظة ٢٠٢٥",
            "สงวนลิขสิทธิ์ 2568",
            "版权所有",
            "सर्वाधिकार सुरक्षित",
            "All Rights Reserved",
        ] {
            assert!(reserves_all_rights(text), "{text}");
        }
        assert!(!reserves_all_rights("Some rights reserved, உரிமைகள்"));
        assert_eq!(from_id("CC BY-SA 4.0").map(|l| l.spdx).as_deref(), Some("CC-BY-SA-4.0"));
        assert_eq!(from_id("Nyumba ya habari"), None);
    }
}
