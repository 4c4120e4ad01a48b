//! English names for codes of languages, scripts and countries: papers are read by people who know no codes.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::portrait::NONE;

const TABLE: &str = include_str!("../../../configs/english_names.csv");

static NAMES: LazyLock<BTreeMap<(&'static str, &'static str), &'static str>> = LazyLock::new(|| {
    let rows = TABLE.lines().filter(|line| !line.starts_with('#')).skip(1);
    let parts = |row: &'static str| {
        let mut fields = row.splitn(3, ',');
        Some(((fields.next()?, fields.next()?), fields.next()?.trim_matches('"')))
    };
    rows.filter_map(parts).collect()
});

fn name(kind: &'static str, code: &str) -> Option<&'static str> {
    NAMES.get(&(kind, code)).copied()
}

/// `Swahili (Latin), swa_Latn` for `swa_Latn`; the label itself for a language without a name in the table.
pub(super) fn language(label: &str) -> String {
    let (code, script) = label.split_once('_').unwrap_or((label, ""));
    match (name("language", code), name("script", script)) {
        (Some(language), Some(script)) => format!("{language} ({script}), {label}"),
        (Some(language), None) => format!("{language}, {label}"),
        (None, _) => label.to_owned(),
    }
}

/// `Kenya and Tanzania (KE, TZ)` for `KE,TZ`; `none` for [`NONE`].
pub(super) fn countries(codes: &str, none: &str) -> String {
    if codes == NONE {
        return none.to_owned();
    }
    let names: Vec<&str> = codes.split(',').filter_map(|code| name("country", code)).collect();
    let list = codes.replace(',', ", ");
    if names.len() == codes.split(',').count() { format!("{} ({list})", names.join(" and ")) } else { list }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_names_and_what_has_none_stands_as_it_is() {
        for (label, name) in [
            ("swa_Latn", "Swahili (Latin), swa_Latn"),
            ("amh_Ethi", "Amharic (Ethiopic), amh_Ethi"),
            ("ell", "Greek, ell"),
            ("qaa_Latn", "qaa_Latn"),
            ("", ""),
        ] {
            assert_eq!(language(label), name);
        }
        assert_eq!(countries("KE,TZ", "?"), "Kenya and Tanzania (KE, TZ)");
        assert_eq!(countries("EU", "?"), "European Union (EU)");
        assert_eq!(countries("QQ", "?"), "QQ");
        assert_eq!(countries(NONE, "no country is known"), "no country is known");
    }
}
