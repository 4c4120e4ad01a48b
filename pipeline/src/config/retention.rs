//! How long what a run leaves is kept: the section `retention:`, which `kilim gc` carries out.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserialize, Deserializer, Visitor};
use serde::{Serialize, Serializer};

use super::values::ValueError;

/// How long what a run leaves is kept. Runs remove nothing: `kilim gc` does. What is not named here is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RetentionConfig {
    /// Text of documents that no node may have or asks for: `90d` after their split was read it goes, `0d` at the next
    /// `kilim gc`, `keep` never. Later policies still decide about them; one that lets a document through reads its split
    /// again.
    #[serde(skip_serializing_if = "Age::is_keep")]
    pub withheld: Age,
    /// Text of copies that no node keeps.
    #[serde(skip_serializing_if = "Age::is_keep")]
    pub duplicate: Age,
    /// Text of documents that a step rejected.
    #[serde(skip_serializing_if = "Age::is_keep")]
    pub rejected: Age,
    /// Documents of splits that the last finished run did not use: of inputs that are gone, or of other steps, models or
    /// seeds.
    #[serde(skip_serializing_if = "Age::is_keep")]
    pub stale: Age,
    /// How many versions of each node are kept, newest first: at least 1, or `keep` for all.
    #[serde(skip_serializing_if = "VersionsKept::is_all")]
    pub versions: VersionsKept,
}

impl RetentionConfig {
    /// Whether everything is kept.
    pub fn keeps_all(&self) -> bool {
        *self == Self::default()
    }
}

/// The longest that can be asked for: a hundred years.
const MAX_DAYS: u32 = 36_500;

/// How long something is kept: whole days, or for good. Written `90d` or `keep`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Age {
    /// Never removed.
    #[default]
    Keep,
    /// Removed when it is so many days old.
    Days(u32),
}

impl Age {
    /// Name of this kind of text in the JSON Schema.
    pub const FORMAT: &'static str = "age";

    /// Whether nothing is removed.
    pub fn is_keep(&self) -> bool {
        *self == Self::Keep
    }

    /// Whether what is so many days old is to be removed.
    pub fn is_over(self, days: u32) -> bool {
        match self {
            Self::Keep => false,
            Self::Days(most) => days >= most,
        }
    }
}

impl fmt::Display for Age {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Keep => f.write_str("keep"),
            Self::Days(days) => write!(f, "{days}d"),
        }
    }
}

impl FromStr for Age {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        if text == "keep" {
            return Ok(Self::Keep);
        }
        let wrong = |hint: String| ValueError {
            problem: format!("`{text}` is not a time to keep something"),
            hint: Some(hint),
        };
        let split = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (digits, unit) = text.split_at(split);
        let days = digits.parse::<u32>().ok().filter(|days| *days <= MAX_DAYS);
        match (days, unit) {
            (Some(days), "d") => Ok(Self::Days(days)),
            _ if digits.is_empty() => Err(wrong("write days such as 90d, or keep".to_owned())),
            (None, _) => Err(wrong(format!("write at most {MAX_DAYS}d, or keep"))),
            (Some(days), unit) => Err(wrong(match unit.trim_start() {
                "" => format!("give the unit: {days}d"),
                "D" | "day" | "days" => format!("write {days}d"),
                "w" | "week" | "weeks" => format!("ages are days: write {}d", u64::from(days) * 7),
                "y" | "year" | "years" => format!("ages are days: write {}d", u64::from(days) * 365),
                _ => "ages are days: write such as 90d".to_owned(),
            })),
        }
    }
}

impl Serialize for Age {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Age {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for Age {
    fn schema_name() -> Cow<'static, str> {
        "Age".into()
    }

    fn json_schema(_generator: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": Self::FORMAT, "pattern": "^([0-9]{1,5}d|keep)$" })
    }
}

/// How many versions of a node are kept. Written as a number, or `keep` for all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum VersionsKept {
    /// No version is removed.
    #[default]
    All,
    /// So many of the newest, at least one.
    Newest(u32),
}

impl VersionsKept {
    /// Name of this kind of value in the JSON Schema.
    pub const FORMAT: &'static str = "versions";

    /// Whether nothing is removed.
    pub fn is_all(&self) -> bool {
        *self == Self::All
    }

    /// So many; none is too few.
    fn newest(count: u64) -> Result<Self, ValueError> {
        match u32::try_from(count) {
            Ok(0) => Err(ValueError {
                problem: "the newest version of a node is never removed".to_owned(),
                hint: Some("write 1 or more, or keep".to_owned()),
            }),
            Ok(count) => Ok(Self::Newest(count)),
            Err(_) => Err(Self::wrong(&count.to_string())),
        }
    }

    fn wrong(text: &str) -> ValueError {
        ValueError {
            problem: format!("`{text}` is not a number of versions"),
            hint: Some("write a whole number such as 3, or keep".to_owned()),
        }
    }
}

impl fmt::Display for VersionsKept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("keep"),
            Self::Newest(count) => write!(f, "{count}"),
        }
    }
}

impl FromStr for VersionsKept {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        if text == "keep" {
            return Ok(Self::All);
        }
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let count = text.parse::<u64>().ok().filter(|_| digits).ok_or_else(|| Self::wrong(text))?;
        Self::newest(count)
    }
}

impl Serialize for VersionsKept {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::All => serializer.serialize_str("keep"),
            Self::Newest(count) => serializer.serialize_u32(*count),
        }
    }
}

impl<'de> Deserialize<'de> for VersionsKept {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextOrNumber;

        impl Visitor<'_> for TextOrNumber {
            type Value = VersionsKept;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number from 1, or keep")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<VersionsKept, E> {
                text.parse().map_err(E::custom)
            }

            fn visit_u64<E: de::Error>(self, count: u64) -> Result<VersionsKept, E> {
                VersionsKept::newest(count).map_err(E::custom)
            }

            fn visit_i64<E: de::Error>(self, count: i64) -> Result<VersionsKept, E> {
                u64::try_from(count).map_err(E::custom).and_then(|count| self.visit_u64(count))
            }
        }

        deserializer.deserialize_any(TextOrNumber)
    }
}

impl JsonSchema for VersionsKept {
    fn schema_name() -> Cow<'static, str> {
        "VersionsKept".into()
    }

    fn json_schema(_generator: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["integer", "string"], "format": Self::FORMAT, "minimum": 1, "pattern": "^([1-9][0-9]*|keep)$" })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn hint<T: FromStr<Err = ValueError> + fmt::Debug>(text: &str) -> String {
        text.parse::<T>().expect_err(text).hint.unwrap_or_default()
    }

    #[test]
    fn ages_say_what_to_write() {
        for (text, expected) in [
            ("90", "give the unit: 90d"),
            ("90 days", "write 90d"),
            ("2w", "ages are days: write 14d"),
            ("1 year", "ages are days: write 365d"),
            ("3 mwezi", "ages are days: write such as 90d"),
            ("३०d", "write days such as 90d, or keep"),
            ("", "write days such as 90d, or keep"),
            ("-1d", "write days such as 90d, or keep"),
            ("40000d", "write at most 36500d, or keep"),
            ("99999999999d", "write at most 36500d, or keep"),
        ] {
            assert_eq!(hint::<Age>(text), expected, "{text}");
        }
    }

    #[test]
    fn versions_are_one_or_more() {
        assert_eq!("1".parse(), Ok(VersionsKept::Newest(1)));
        assert_eq!("keep".parse(), Ok(VersionsKept::All));
        assert_eq!(hint::<VersionsKept>("0"), "write 1 or more, or keep");
        for text in ["", "-1", "+2", "1.5", "zote", "३", "99999999999"] {
            assert_eq!(hint::<VersionsKept>(text), "write a whole number such as 3, or keep", "{text}");
        }
    }

    #[test]
    fn an_age_of_no_days_is_over_at_once_and_keep_never() {
        assert!(Age::Days(0).is_over(0) && Age::Days(90).is_over(90) && !Age::Days(90).is_over(89));
        assert!(!Age::Keep.is_over(u32::MAX));
    }

    proptest! {
        #[test]
        fn a_printed_age_parses_back(days in 0u32..=MAX_DAYS) {
            let age = Age::Days(days);
            prop_assert_eq!(age.to_string().parse::<Age>(), Ok(age));
        }

        #[test]
        fn no_text_makes_one_panic(text in "\\PC{0,12}") {
            let _ = text.parse::<Age>();
            let _ = text.parse::<VersionsKept>();
        }
    }
}
