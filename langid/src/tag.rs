//! Language labels: an ISO 639-3 code with an optional ISO 15924 script, and the tables around them.
//!
//! Configs name languages by bare codes, engines answer with tags such as `swa_Latn`, and the two meet in [`matches`]:
//! any script will do, and a code stands for its macrolanguage's label and the other way round. A steward who asks for
//! `swh` (Coastal Swahili) gets what an engine calls `swa`; `ind` and `msa` stay apart, as their readers do.
//!
//! ```
//! use kilim_langid::{LangTag, matches};
//!
//! let label: LangTag = "swa_Latn".parse()?;
//! assert!(matches("swa", label) && matches("swh", label));
//! assert!(!matches("kik", label));
//! # Ok::<(), kilim_langid::ParseTagError>(())
//! ```

use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use crate::script::Script;

/// A language label: `swa_Latn`, or `swa` where the script is unknown or does not matter.
///
/// The code is well formed (three lower-case ASCII letters) but not necessarily assigned: models carry retired codes.
/// Ordered by code, then script.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LangTag {
    code: [u8; 3],
    script: Option<Script>,
}

impl LangTag {
    /// `und`: nothing can be said.
    pub const UND: LangTag = LangTag { code: *b"und", script: None };
    /// `zxx`: not language (no letters, noise).
    pub const ZXX: LangTag = LangTag { code: *b"zxx", script: None };

    /// A tag of a three-letter code without a script; `None` if the code is malformed.
    pub fn from_code(code: &str) -> Option<LangTag> {
        let code: [u8; 3] = code.as_bytes().try_into().ok()?;
        code.iter().all(u8::is_ascii_lowercase).then_some(LangTag { code, script: None })
    }

    /// The ISO 639-3 code.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.code).expect("a LangTag holds ASCII letters only")
    }

    /// The script, if the label has one.
    pub fn script(&self) -> Option<Script> {
        self.script
    }

    /// The same language in `script`.
    #[must_use]
    pub fn with_script(self, script: Option<Script>) -> LangTag {
        LangTag { script, ..self }
    }

    /// The tag with its code replaced by the macrolanguage it is labelled as (`cmn_Hani` to `zho_Hani`), if any.
    #[must_use]
    pub fn collapsed(self) -> LangTag {
        macrolanguage(self.code()).and_then(LangTag::from_code).unwrap_or(self).with_script(self.script)
    }

    /// Whether this names a language, that is neither `und` nor `zxx`, in whatever script.
    pub fn is_language(&self) -> bool {
        self.code != LangTag::UND.code && self.code != LangTag::ZXX.code
    }
}

impl fmt::Display for LangTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.script {
            Some(script) => f.pad(&format!("{}_{script}", self.code())),
            None => f.pad(self.code()),
        }
    }
}

impl fmt::Debug for LangTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// A text that is not a language tag.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is not a language tag: expected an ISO 639-3 code with an optional script, as in `swa_Latn`"
)]
pub struct ParseTagError {
    /// What was read.
    pub text: String,
}

impl FromStr for LangTag {
    type Err = ParseTagError;

    fn from_str(text: &str) -> Result<LangTag, ParseTagError> {
        let refused = || ParseTagError { text: text.to_owned() };
        let Some((code, script)) = text.split_once('_') else {
            return LangTag::from_code(text).ok_or_else(refused);
        };
        let tag = LangTag::from_code(code).ok_or_else(refused)?;
        let script = Script::parse(script).ok_or_else(refused)?;
        Ok(tag.with_script(Some(script)))
    }
}

static MACROLANGUAGES: LazyLock<Vec<(&str, &str)>> =
    LazyLock::new(|| pairs(include_str!("../data/macrolanguages.txt")));
static SHORT_CODES: LazyLock<Vec<(&str, &str)>> =
    LazyLock::new(|| pairs(include_str!("../data/iso-639-1.txt")));
static CODES: LazyLock<Vec<&str>> = LazyLock::new(|| {
    let lines = include_str!("../data/iso-639-3.txt").lines().filter(|line| !line.starts_with('#'));
    lines.flat_map(str::split_whitespace).collect()
});

/// The two columns of a sorted data file.
fn pairs(text: &'static str) -> Vec<(&'static str, &'static str)> {
    text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(' ')).collect()
}

fn look_up(table: &[(&'static str, &'static str)], key: &str) -> Option<&'static str> {
    table.binary_search_by_key(&key, |(from, _)| from).ok().map(|at| table[at].1)
}

/// The macrolanguage under whose label a language is found: `swh` to `swa`, `cmn` to `zho`, `zsm` to `msa`.
///
/// `None` for macrolanguages themselves, for languages that belong to none, and for members that keep a label of their
/// own (`ind`, `prs`, `yue`, `nob`; the list is in `data/macrolanguages.txt`).
pub fn macrolanguage(code: &str) -> Option<&'static str> {
    look_up(&MACROLANGUAGES, code)
}

/// Whether a label answers a config's language code.
///
/// The codes are equal, or one is the macrolanguage of the other: config `swh` accepts `swa_Latn`, config `swa` accepts
/// `swh`. Siblings do not match (config `arz` does not accept `ary`). A code with a script, such as `swa_Latn`, is no
/// config code and matches nothing.
pub fn matches(config_code: &str, label: LangTag) -> bool {
    let label = label.code();
    config_code == label
        || macrolanguage(config_code) == Some(label)
        || macrolanguage(label) == Some(config_code)
}

/// The ISO 639-3 code of a two-letter ISO 639-1 or a bibliographic ISO 639-2 code: `sw` to `swa`, `ger` to `deu`.
///
/// The short codes that Wikipedia uses outside the standard are known too: `sh` to `hbs`, `bh` to `bho`.
pub fn from_short_code(code: &str) -> Option<LangTag> {
    look_up(&SHORT_CODES, code).and_then(LangTag::from_code)
}

/// The two-letter ISO 639-1 code of an ISO 639-3 code, where there is one: `swa` to `sw`. BCP 47 asks for it.
pub fn to_short_code(code: &str) -> Option<&'static str> {
    // Codes that are not, or no longer, of the standard.
    let short = |(from, to): &&(&'static str, &'static str)| {
        from.len() == 2 && *to == code && !matches!(*from, "bh" | "sh")
    };
    SHORT_CODES.iter().find(short).map(|(from, _)| *from)
}

/// Whether `code` is an assigned ISO 639-3 code, special ones (`und`, `zxx`, `mis`, `mul`) included.
pub fn known_code(code: &str) -> bool {
    CODES.binary_search(&code).is_ok()
}

/// All assigned ISO 639-3 codes, sorted: what a "did you mean" chooses from.
pub fn known_codes() -> &'static [&'static str] {
    &CODES
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tag(text: &str) -> LangTag {
        text.parse().unwrap()
    }

    #[test]
    fn short_codes_are_those_of_the_standard_and_lead_back() {
        assert_eq!(to_short_code("swa"), Some("sw"));
        assert_eq!(to_short_code("deu"), Some("de"));
        assert_eq!((to_short_code("luo"), to_short_code("bho"), to_short_code("hbs")), (None, None, None));
        for code in known_codes() {
            let back = to_short_code(code).and_then(from_short_code);
            assert!(back.is_none_or(|back| back.code() == *code), "{code}");
        }
    }

    #[test]
    fn config_codes_match_any_script_and_go_through_the_macrolanguages_both_ways() {
        for (config, label) in [
            ("swa", "swa_Latn"),
            ("swh", "swa_Latn"),
            ("swa", "swh_Latn"),
            ("ara", "arb_Arab"),
            ("arb", "ara_Arab"),
            ("arz", "ara_Arab"),
            ("pes", "fas_Arab"),
            ("cmn", "zho_Hant"),
            ("zho", "cmn_Hans"),
            ("zsm", "msa_Latn"),
            ("fil", "tgl_Latn"),
            ("ekk", "est"),
            ("mni", "mni_Beng"),
            ("mni", "mni_Mtei"),
        ] {
            assert!(matches(config, tag(label)), "{config} should accept {label}");
        }
    }

    #[test]
    fn languages_that_are_kept_apart_do_not_match_each_other() {
        for (config, label) in [
            ("ind", "msa_Latn"),
            ("msa", "ind_Latn"),
            ("prs", "fas_Arab"),
            ("fas", "prs_Arab"),
            ("nob", "nno_Latn"),
            ("hrv", "srp_Latn"),
            ("yue", "zho_Hant"),
            ("zho", "wuu_Hans"),
            ("xho", "zul_Latn"),
            ("arz", "ary_Arab"),
            ("swa_Latn", "swa_Latn"),
            ("", "swa"),
        ] {
            assert!(!matches(config, tag(label)), "{config} should not accept {label}");
        }
    }

    #[test]
    fn the_tables_are_sorted_without_repeats_and_hold_only_codes() {
        for table in [&*MACROLANGUAGES, &*SHORT_CODES] {
            assert!(table.is_sorted_by(|a, b| a.0 < b.0));
            assert!(table.iter().all(|(_, to)| known_code(to)));
        }
        assert!(MACROLANGUAGES.iter().all(|(_, to)| macrolanguage(to).is_none()), "one step is enough");
        assert!(known_codes().is_sorted_by(|a, b| a < b));
        assert_eq!(known_codes().len(), 7867);
    }

    #[test]
    fn short_codes_lead_to_iso_639_3() {
        for (short, code) in [
            ("sw", "swa"),
            ("am", "amh"),
            ("el", "ell"),
            ("zh", "zho"),
            ("ger", "deu"),
            ("sh", "hbs"),
            ("bh", "bho"),
        ] {
            assert_eq!(from_short_code(short).unwrap().code(), code);
        }
        assert_eq!(from_short_code("xx"), None);
        assert_eq!(from_short_code("swa"), None);
    }

    #[test]
    fn only_assigned_codes_are_known() {
        for code in ["swa", "luo", "kik", "som", "hin", "tam", "mlt", "gle", "und", "zxx"] {
            assert!(known_code(code), "{code}");
        }
        for code in ["sw", "qqq", "SWA", "", "swa_Latn", "#"] {
            assert!(!known_code(code), "{code}");
        }
    }

    #[test]
    fn malformed_tags_are_refused_with_what_was_read() {
        for text in ["", "sw", "SWA", "swa-Latn", "swa_", "swa_latn", "swa_Latn_KE", "słowa", "ሰላም"] {
            let error = text.parse::<LangTag>().unwrap_err();
            assert_eq!(error.text, text);
        }
    }

    #[test]
    fn collapsing_keeps_the_script_and_leaves_other_codes_alone() {
        assert_eq!(tag("cmn_Hani").collapsed(), tag("zho_Hani"));
        assert_eq!(tag("pes").collapsed(), tag("fas"));
        assert_eq!(tag("amh_Ethi").collapsed(), tag("amh_Ethi"));
    }

    proptest! {
        #[test]
        fn what_is_displayed_parses_to_the_same_tag(text in "[a-z]{3}(_[A-Z][a-z]{3})?") {
            let parsed: LangTag = text.parse().unwrap();
            prop_assert_eq!(parsed.to_string(), text);
            prop_assert_eq!(parsed.to_string().parse::<LangTag>().unwrap(), parsed);
        }

        #[test]
        fn any_text_parses_or_is_refused(text in "\\PC{0,12}") {
            if let Ok(tag) = text.parse::<LangTag>() {
                prop_assert_eq!(tag.to_string(), text);
            }
        }
    }
}
