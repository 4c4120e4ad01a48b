//! The TDM Reservation Protocol of a W3C community group: `tdm-reservation` 1 reserves text and data mining, 0 does not,
//! and anything else is as if nothing stood there.
//!
//! The first rule of a file whose `location` matches decides. A missing statement in a higher place never takes back one in
//! a lower; [`fold`](super::fold) knows which place is higher.

use serde_json::Value as Json;

use super::{Category, Evidence, Signal, Value};
use crate::robots::{Path, Pattern, Spelling};

/// What we read it by: the editor's draft of that month.
pub const SPEC: &str = "TDMRep 2025-12";

/// Bytes of a tdmrep.json that are read.
pub const MAX_BYTES: usize = 1 << 20;

/// A statement in a header or meta tag; none where it says neither 0 nor 1.
pub fn statement(signal: Signal, reservation: &str, policy: Option<&str>) -> Option<Evidence> {
    let value = match reservation.trim() {
        "1" => Value::Disallow,
        "0" => Value::Allow,
        _ => return None,
    };
    let raw = match policy.map(str::trim).filter(|policy| !policy.is_empty()) {
        Some(policy) => format!("tdm-reservation: {}; tdm-policy: {policy}", reservation.trim()),
        None => format!("tdm-reservation: {}", reservation.trim()),
    };
    Some(Evidence::of_page(signal, SPEC, &raw, Category::Tdm, value))
}

/// A tdmrep.json, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TdmFile {
    rules: Vec<TdmRule>,
}

/// One rule of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TdmRule {
    /// The paths it is about.
    pub location: Pattern,
    /// Whether mining them is reserved.
    pub reserved: bool,
    /// Where the terms are; empty if nowhere.
    pub policy: String,
}

impl TdmRule {
    /// The rule as it stands in evidence.
    pub fn raw(&self) -> String {
        let reserved = u8::from(self.reserved);
        match self.policy.as_str() {
            "" => format!("{} tdm-reservation: {reserved}", self.location.as_str()),
            policy => format!("{} tdm-reservation: {reserved}; tdm-policy: {policy}", self.location.as_str()),
        }
    }
}

impl TdmFile {
    /// Reads a body; `None` if it is no such file: broken JSON, a page in its place, or longer than [`MAX_BYTES`].
    pub fn parse(body: &[u8]) -> Option<Self> {
        if body.len() > MAX_BYTES {
            return None;
        }
        let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
        let entries = match serde_json::from_slice(body).ok()? {
            Json::Array(entries) => entries,
            // The brackets are forgotten by some who have one rule.
            entry @ Json::Object(_) => vec![entry],
            _ => return None,
        };
        let read = |entry: &Json| {
            let location = entry.get("location")?.as_str()?;
            let reserved = match entry.get("tdm-reservation")? {
                Json::Number(number) if number.as_u64() == Some(1) => true,
                Json::Number(number) if number.as_u64() == Some(0) => false,
                Json::String(text) if text == "1" => true,
                _ => return None,
            };
            let policy = entry.get("tdm-policy").and_then(Json::as_str).unwrap_or_default().to_owned();
            Some(TdmRule { location: Pattern::new(location.as_bytes()), reserved, policy })
        };
        Some(Self { rules: entries.iter().filter_map(read).collect() })
    }

    /// Of rules already read.
    pub fn of_rules(rules: Vec<TdmRule>) -> Self {
        Self { rules }
    }

    /// The rules, in order.
    pub fn rules(&self) -> &[TdmRule] {
        &self.rules
    }

    /// The rule for a path: the first that matches, in either spelling.
    pub fn rule(&self, path: &Path<'_>) -> Option<&TdmRule> {
        self.rules.iter().find(|rule| {
            rule.location.matches(path, Spelling::Normal) || rule.location.matches(path, Spelling::AsWritten)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_nought_and_one_say_anything() {
        for (text, expected) in [
            ("1", Some(Value::Disallow)),
            (" 0 ", Some(Value::Allow)),
            ("true", None),
            ("١", None),
            ("2", None),
            ("", None),
        ] {
            assert_eq!(statement(Signal::TdmHeader, text, None).map(|row| row.value), expected, "{text}");
        }
        let sold = statement(Signal::TdmMeta, "1", Some("https://mfano.ke/sera.json")).unwrap();
        assert_eq!(sold.raw, "tdm-reservation: 1; tdm-policy: https://mfano.ke/sera.json");
    }

    #[test]
    fn the_first_rule_that_matches_decides() {
        let body = r#"[{"location":"/picha/*.jpg$","tdm-reservation":0},
            {"location":"/செய்தி/","tdm-reservation":1,"tdm-policy":"https://mfano.in/p.json"},
            {"location":"/x","tdm-reservation":7},{"location":"/x/y","tdm-reservation":"1"},
            {"location":"/","tdm-reservation":0},{"location":"/siri","tdm-reservation":1}]"#;
        let file = TdmFile::parse(body.as_bytes()).unwrap();
        assert_eq!(file.rules().len(), 5);
        let reserved = |path: &str| file.rule(&Path::new(path.as_bytes())).map(|rule| rule.reserved);
        for (path, expected) in [
            ("/picha/a.jpg", Some(false)),
            ("/%E0%AE%9A%E0%AF%86%E0%AE%AF%E0%AF%8D%E0%AE%A4%E0%AE%BF/1", Some(true)),
            ("/x", Some(false)),
            ("/x/y", Some(true)),
            ("/siri", Some(false)),
        ] {
            assert_eq!(reserved(path), expected, "{path}");
        }
    }

    #[test]
    fn what_is_no_such_file_says_nothing() {
        for body in ["", "<html>404", "[{", "7", "\"1\""] {
            assert_eq!(TdmFile::parse(body.as_bytes()), None, "{body}");
        }
        assert_eq!(TdmFile::parse(b"[]").unwrap().rules(), []);
        assert_eq!(
            TdmFile::parse("{\"location\":\"/\",\"tdm-reservation\":1}".as_bytes()).unwrap().rules().len(),
            1
        );
        assert_eq!(TdmFile::parse(&b"[".repeat(200_000)), None);
        assert_eq!(TdmFile::parse(&b" ".repeat(MAX_BYTES + 1)), None);
    }
}
