//! Small values of a config: each knows its own shape, so that a wrong one is refused where it stands.
//!
//! All of them are written as text (a fraction may also be a number), parse with [`FromStr`], and print with
//! [`Display`](fmt::Display) what parses back to the same value.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserialize, Deserializer, Visitor};
use serde::{Serialize, Serializer};

use super::countries;

/// Why a text is not a value of the asked kind, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct ValueError {
    /// What is wrong, lower-case.
    pub problem: String,
    /// What to write instead.
    pub hint: Option<String>,
}

impl ValueError {
    fn new(problem: String, hint: &str) -> Self {
        Self { problem, hint: Some(hint.to_owned()) }
    }
}

/// Declares a value that is a text of a checked shape.
macro_rules! text_value {
    ($(#[$doc:meta])* $name:ident, $format:literal, $pattern:literal, $check:path) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// Name of this kind of text in the JSON Schema.
            pub const FORMAT: &'static str = $format;

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        // Errors in maps that are keyed by this name say which entry they are in.
        impl garde::error::PathComponentKind for $name {
            fn component_kind() -> garde::error::Kind {
                garde::error::Kind::Key
            }
        }

        impl FromStr for $name {
            type Err = ValueError;

            fn from_str(text: &str) -> Result<Self, ValueError> {
                $check(text).map(|()| Self(text.to_owned()))
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(de::Error::custom)
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_generator: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "format": $format, "pattern": $pattern })
            }
        }
    };
}

text_value! {
    /// A country by ISO 3166-1 alpha-2, or `EU`: `KE`, `NO`, `EU`.
    Country, "country", "^[A-Z]{2}$", check_country
}
text_value! {
    /// A country, or the name of a bloc from the table of blocs: `KE`, `EU`, `EAC`.
    Area, "area", "^[A-Z][A-Z0-9-]*$", check_area
}
text_value! {
    /// A language by ISO 639-3: `swa`, `hin`, `ell`.
    LanguageCode, "language", "^[a-z]{3}$", check_language
}
text_value! {
    /// Name of a node; safe as a folder name.
    NodeName, "name", "^[a-z0-9][a-z0-9_-]{0,63}$", check_name
}
text_value! {
    /// Name of a source; safe as a folder name.
    SourceName, "name", "^[a-z0-9][a-z0-9_-]{0,63}$", check_name
}
text_value! {
    /// Name of a corpus; safe as a folder name.
    CorpusName, "name", "^[a-z0-9][a-z0-9_-]{0,63}$", check_name
}
text_value! {
    /// Name of a community.
    CommunityName, "name", "^[a-z0-9][a-z0-9_-]{0,63}$", check_name
}
text_value! {
    /// A language by ISO 639-3, with or without a script by ISO 15924: `swa`, `swa_Latn`.
    LanguageLabel, "language-label", "^[a-z]{3}(_[A-Z][a-z]{3})?$", check_label
}
text_value! {
    /// Id of a step: its name, unless the config gives another.
    StepId, "name", "^[a-z0-9][a-z0-9_-]{0,63}$", check_name
}

text_value! {
    /// Name of a field, with dots between a map and what is in it: `text`, `metadata.url`.
    FieldPath, "field-path", "^[^.]+([.][^.]+)*$", check_field_path
}

fn check_field_path(text: &str) -> Result<(), ValueError> {
    kilim_connectors::documents::FieldMap::check(text).map_err(|error| {
        ValueError::new(
            error.to_string(),
            "write the name of a field, or several with dots between, such as metadata.url",
        )
    })
}

fn check_country(text: &str) -> Result<(), ValueError> {
    if countries::is_country(text) {
        return Ok(());
    }
    let upper = text.to_ascii_uppercase();
    let hint = match text {
        "UK" => "the United Kingdom is GB".to_owned(),
        _ if countries::is_country(&upper) => format!("write `{upper}`"),
        _ => "write two capitals by ISO 3166-1, such as KE, IN or GR; or EU".to_owned(),
    };
    Err(ValueError { problem: format!("`{text}` is not a country"), hint: Some(hint) })
}

fn check_area(text: &str) -> Result<(), ValueError> {
    let shaped = text.len() >= 2
        && text.starts_with(|c: char| c.is_ascii_uppercase())
        && text.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '-');
    if !shaped {
        return check_country(text).map_err(|error| ValueError {
            problem: format!("`{text}` is neither a country nor the name of a bloc"),
            hint: error.hint,
        });
    }
    Ok(())
}

fn check_language(text: &str) -> Result<(), ValueError> {
    if text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return Ok(());
    }
    Err(ValueError::new(
        format!("`{text}` is not a language code"),
        "write three small letters by ISO 639-3, such as swa, hin or ell",
    ))
}

fn check_label(text: &str) -> Result<(), ValueError> {
    let (language, script) = text.split_once('_').unwrap_or((text, "Latn"));
    let script_shaped = script.len() == 4
        && script.starts_with(|c: char| c.is_ascii_uppercase())
        && script.bytes().skip(1).all(|byte| byte.is_ascii_lowercase());
    if check_language(language).is_ok() && script_shaped {
        return Ok(());
    }
    Err(ValueError::new(format!("`{text}` is not a language"), "write swa, or with its script swa_Latn"))
}

fn check_name(text: &str) -> Result<(), ValueError> {
    let starts_well = text.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
    let all_well =
        text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_');
    if starts_well && all_well && text.len() <= 64 {
        return Ok(());
    }
    Err(ValueError::new(
        format!("`{text}` cannot be a name"),
        "names are folder names: up to 64 small letters a-z, digits, `-` and `_`, starting with a letter or digit",
    ))
}

/// A share between 0 and 1, written `1%` or `0.01`.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Fraction(f64);

impl Fraction {
    /// Name of this kind of text in the JSON Schema.
    pub const FORMAT: &'static str = "fraction";

    /// `value` if it lies between 0 and 1.
    pub fn new(value: f64) -> Option<Self> {
        // Adding zero turns -0 into 0, so that both print alike.
        (0.0..=1.0).contains(&value).then_some(Self(value + 0.0))
    }

    /// As a number from 0 to 1.
    pub fn get(self) -> f64 {
        self.0
    }
}

impl fmt::Display for Fraction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl FromStr for Fraction {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let digits = text.strip_suffix('%').map(str::trim_end);
        let plain = digits.unwrap_or(text);
        let decimal = !plain.is_empty() && plain.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        // `7e-2` and not `7 / 100`: the decimal is read once, so 0.7 % is exactly what 0.007 is.
        let value = match digits {
            Some(percent) if decimal => format!("{percent}e-2").parse().ok(),
            _ => plain.parse::<f64>().ok().filter(|_| digits.is_none()),
        };
        value.and_then(Self::new).ok_or_else(|| {
            ValueError::new(
                format!("`{text}` is not a share between 0 and 1"),
                "write a percentage such as 1%, or a number such as 0.01",
            )
        })
    }
}

impl Serialize for Fraction {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.0)
    }
}

impl<'de> Deserialize<'de> for Fraction {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextOrNumber;

        impl Visitor<'_> for TextOrNumber {
            type Value = Fraction;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a percentage such as 1%, or a number from 0 to 1")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Fraction, E> {
                text.parse().map_err(E::custom)
            }

            fn visit_f64<E: de::Error>(self, value: f64) -> Result<Fraction, E> {
                Fraction::new(value).ok_or_else(|| E::custom(format!("{value} is not between 0 and 1")))
            }

            fn visit_u64<E: de::Error>(self, value: u64) -> Result<Fraction, E> {
                self.visit_f64(value as f64)
            }

            fn visit_i64<E: de::Error>(self, value: i64) -> Result<Fraction, E> {
                self.visit_f64(value as f64)
            }
        }

        deserializer.deserialize_any(TextOrNumber)
    }
}

impl JsonSchema for Fraction {
    fn schema_name() -> Cow<'static, str> {
        "Fraction".into()
    }

    fn json_schema(_generator: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["number", "string"], "format": Self::FORMAT, "minimum": 0, "maximum": 1, "pattern": "^[0-9]+(\\.[0-9]+)? ?%?$|^0?\\.[0-9]+$" })
    }
}

/// A number of bytes, written with a unit: `512MiB`, `64KiB`, `1GB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ByteSize(u64);

impl ByteSize {
    /// Name of this kind of text in the JSON Schema.
    pub const FORMAT: &'static str = "byte-size";
    /// One kibibyte.
    pub const KIB: Self = Self(1 << 10);
    /// One mebibyte.
    pub const MIB: Self = Self(1 << 20);
    /// One gibibyte.
    pub const GIB: Self = Self(1 << 30);
    /// One tebibyte.
    pub const TIB: Self = Self(1 << 40);

    /// Units and their bytes, the ones that [`Display`](fmt::Display) uses first, largest first.
    const UNITS: [(&'static str, u64); 9] = [
        ("TiB", 1 << 40),
        ("GiB", 1 << 30),
        ("MiB", 1 << 20),
        ("KiB", 1 << 10),
        ("B", 1),
        ("TB", 1_000_000_000_000),
        ("GB", 1_000_000_000),
        ("MB", 1_000_000),
        ("kB", 1_000),
    ];

    /// `bytes` bytes.
    pub const fn new(bytes: u64) -> Self {
        Self(bytes)
    }

    /// `count` mebibytes.
    pub const fn mib(count: u64) -> Self {
        Self(count << 20)
    }

    /// As a number of bytes.
    pub const fn bytes(self) -> u64 {
        self.0
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, size) = Self::UNITS
            .into_iter()
            .find(|(_, size)| self.0 != 0 && self.0.is_multiple_of(*size))
            .unwrap_or(("B", 1));
        write!(f, "{}{unit}", self.0 / size)
    }
}

impl FromStr for ByteSize {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let wrong =
            |hint: String| ValueError { problem: format!("`{text}` is not a byte size"), hint: Some(hint) };
        let split = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (digits, unit) = text.split_at(split);
        let unit = unit.trim_start();
        if digits.is_empty() {
            return Err(wrong("write a whole number and a unit, such as 512MiB".to_owned()));
        }
        let Some((_, size)) = Self::UNITS.into_iter().find(|(name, _)| *name == unit) else {
            let hint = match unit.bytes().next().map(|b| b.to_ascii_lowercase()) {
                None => format!("give the unit: {digits}B, {digits}KiB or {digits}MiB"),
                Some(b'k') => format!("write {digits}KiB"),
                Some(b'm') => format!("write {digits}MiB"),
                Some(b'g') => format!("write {digits}GiB"),
                Some(b't') => format!("write {digits}TiB"),
                Some(_) => "write a whole number and a unit, such as 512MiB".to_owned(),
            };
            return Err(wrong(hint));
        };
        let bytes = digits.parse::<u64>().ok().and_then(|count| count.checked_mul(size));
        bytes.map(Self).ok_or_else(|| wrong("the largest size is below 16777216TiB".to_owned()))
    }
}

impl Serialize for ByteSize {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ByteSize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for ByteSize {
    fn schema_name() -> Cow<'static, str> {
        "ByteSize".into()
    }

    fn json_schema(_generator: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": Self::FORMAT, "pattern": "^[0-9]+ ?(B|kB|KiB|MB|MiB|GB|GiB|TB|TiB)$" })
    }
}

/// In the schema, a local file or folder that must exist when the config is validated, or a URL. Fields hold a
/// `PathBuf` and say `#[schemars(with = "ExistingPath")]`.
#[derive(Debug)]
pub enum ExistingPath {}

impl JsonSchema for ExistingPath {
    fn schema_name() -> Cow<'static, str> {
        "ExistingPath".into()
    }

    fn json_schema(_generator: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "path" })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_printed_byte_size_parses_back(bytes in any::<u64>()) {
            let size = ByteSize::new(bytes);
            prop_assert_eq!(size.to_string().parse::<ByteSize>(), Ok(size));
        }

        #[test]
        fn a_printed_byte_size_in_whole_units_parses_back(count in 0u64..1 << 20, shift in 0u32..5) {
            let size = ByteSize::new(count << (10 * shift.min(4)));
            prop_assert_eq!(size.to_string().parse::<ByteSize>(), Ok(size));
        }

        #[test]
        fn a_printed_fraction_parses_back(value in 0.0f64..=1.0) {
            let fraction = Fraction::new(value).expect("the range of the strategy");
            prop_assert_eq!(fraction.to_string().parse::<Fraction>(), Ok(fraction));
        }

        #[test]
        fn a_percentage_is_what_its_decimal_is(thousandths in 0u32..=100_000) {
            let percent = format!("{}.{:03}%", thousandths / 1000, thousandths % 1000);
            let decimal = format!("{}.{:05}", thousandths / 100_000, thousandths % 100_000);
            prop_assert_eq!(percent.parse::<Fraction>(), decimal.parse::<Fraction>());
        }

        #[test]
        fn no_text_makes_a_value_panic(text in "\\PC{0,12}") {
            let _ = text.parse::<ByteSize>();
            let _ = text.parse::<Fraction>();
            let name = text.parse::<NodeName>();
            prop_assert!(name.is_err() || !text.contains(['/', '.', '\\']));
        }
    }

    #[test]
    fn byte_sizes_say_what_to_write() {
        assert_eq!("512MiB".parse(), Ok(ByteSize::mib(512)));
        assert_eq!("1 GB".parse(), Ok(ByteSize::new(1_000_000_000)));
        for (text, hint) in [
            ("512mb", "write 512MiB"),
            ("512", "give the unit: 512B, 512KiB or 512MiB"),
            ("MiB", "write a whole number and a unit, such as 512MiB"),
            ("99999999999TiB", "the largest size is below 16777216TiB"),
        ] {
            let error = text.parse::<ByteSize>().expect_err(text);
            assert_eq!(error.hint.as_deref(), Some(hint));
        }
    }

    #[test]
    fn countries_are_capitals_of_the_list() {
        for text in ["KE", "NO", "EU", "GR", "IN"] {
            assert!(text.parse::<Country>().is_ok(), "{text}");
        }
        let hint = |text: &str| text.parse::<Country>().expect_err(text).hint.unwrap_or_default();
        assert_eq!(hint("ke"), "write `KE`");
        assert_eq!(hint("UK"), "the United Kingdom is GB");
        assert!(hint("KEN").contains("two capitals"));
        assert!(hint("Ελλάδα").contains("two capitals"));
    }

    #[test]
    fn names_are_safe_as_folders() {
        for text in ["in", "no", "ke-2", "9_a"] {
            assert!(text.parse::<NodeName>().is_ok(), "{text}");
        }
        for text in ["", "..", "a/b", "KE", "-a", "केन्या", "a b", "con.txt"] {
            assert!(text.parse::<NodeName>().is_err(), "{text}");
        }
    }
}
