//! What policies see of a document.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use kilim_connectors::signals::Value;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The attributes of a document that policies may test, and no others. Documents with equal tuples get equal decisions.
///
/// # Canonical form and id
/// The canonical form is UTF-8 JSON: one object, keys in alphabetical order, no white space, sets as arrays sorted by
/// code point without repetition, `license_tier` a number, `personal` a boolean; `"` and `\` escaped by a backslash,
/// control characters below U+0020 as `\b \f \n \r \t` or `\u00xx`, all else as it is. [`Tuple::id`] is the first 16
/// hex digits of its BLAKE3. In Python, with sets as sorted lists:
/// ```python
/// form = json.dumps(attributes, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
/// blake3.blake3(form.encode("utf-8")).hexdigest()[:16]
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tuple {
    // In alphabetical order: serde then writes the canonical form.
    /// Countries that binding claims name over all near-duplicates.
    pub cluster_jurisdictions: BTreeSet<String>,
    /// Communities that speak for the document.
    pub community: BTreeSet<String>,
    /// Countries (ISO 3166-1 alpha-2, or `EU`) that binding claims name; empty where nobody claims it.
    pub jurisdictions: BTreeSet<String>,
    /// 0 unknown, 1 restricted, 2 non-commercial or no-derivatives, 3 share-alike, 4 attribution, 5 public domain.
    pub license_tier: u8,
    /// One of [`MODES`](super::schema::MODES).
    pub mode: String,
    /// Whether training on it is allowed, reserved, or nobody said.
    pub optout_train: OptOut,
    /// Whether personal data was found.
    pub personal: bool,
    /// Name of the source in the config.
    pub source: String,
    /// Steward of the seed or source; empty without one.
    pub steward: String,
}

/// What a publisher says about training.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OptOut {
    /// Training was allowed in so many words.
    Allow,
    /// Training was reserved.
    Disallow,
    /// Nobody said.
    #[default]
    Unknown,
}

impl OptOut {
    /// The word in the `optout_train` column and in policies.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Disallow => "disallow",
            Self::Unknown => "unknown",
        }
    }
}

impl From<Value> for OptOut {
    fn from(value: Value) -> Self {
        match value {
            Value::Allow => Self::Allow,
            Value::Disallow => Self::Disallow,
            Value::Unknown => Self::Unknown,
        }
    }
}

impl FromStr for OptOut {
    type Err = String;

    /// The word of the column; any other word is an error, never "unknown".
    fn from_str(word: &str) -> Result<Self, String> {
        match word {
            "allow" => Ok(Self::Allow),
            "disallow" => Ok(Self::Disallow),
            "unknown" => Ok(Self::Unknown),
            _ => Err(format!("`{word}` is not allow, disallow or unknown")),
        }
    }
}

impl Tuple {
    /// The canonical form described at [`Tuple`].
    pub fn canonical(&self) -> String {
        serde_json::to_string(self).expect("text, numbers, booleans and lists of text always become JSON")
    }

    /// The first 16 hex digits of the BLAKE3 of [`Tuple::canonical`].
    pub fn id(&self) -> TupleId {
        let hash = blake3::hash(self.canonical().as_bytes());
        let mut first = [0; 8];
        first.copy_from_slice(&hash.as_bytes()[..8]);
        TupleId(u64::from_be_bytes(first))
    }
}

/// Names a [`Tuple`] in decisions; written as 16 lower-case hex digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TupleId(u64);

impl fmt::Display for TupleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl FromStr for TupleId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let lower_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if text.len() != 16 || !text.bytes().all(lower_hex) {
            return Err(format!("`{text}` is not 16 lower-case hex digits"));
        }
        u64::from_str_radix(text, 16).map(Self).map_err(|error| error.to_string())
    }
}

impl Serialize for TupleId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TupleId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taita() -> Tuple {
        Tuple {
            jurisdictions: ["TZ".into(), "KE".into(), "KE".into()].into(),
            cluster_jurisdictions: ["KE".into()].into(),
            community: ["ጉራጌ".into(), "Wadawida \"Taita\"\n\u{1}\u{7f}".into()].into(),
            mode: "local-only".into(),
            source: "communities".into(),
            steward: "taita-language-council".into(),
            license_tier: 4,
            optout_train: OptOut::Allow,
            personal: true,
        }
    }

    #[test]
    fn the_canonical_form_is_what_pythons_json_writes_with_sorted_keys() {
        let expected = concat!(
            r#"{"cluster_jurisdictions":["KE"],"community":["Wadawida \"Taita\"\n\u0001"#,
            "\u{7f}",
            r#"","ጉራጌ"],"jurisdictions":["KE","TZ"],"license_tier":4,"mode":"local-only","#,
            r#""optout_train":"allow","personal":true,"source":"communities","steward":"taita-language-council"}"#,
        );
        assert_eq!(taita().canonical(), expected);
    }

    #[test]
    fn the_id_is_the_start_of_the_blake3_of_the_canonical_form() {
        let whole = blake3::hash(taita().canonical().as_bytes()).to_hex();
        assert_eq!(taita().id().to_string(), whole.as_str()[..16]);
        // Repeated with Python's json and blake3.
        assert_eq!(taita().id().to_string(), "bb9490342bd09a2f");
    }

    #[test]
    fn a_tuple_and_its_id_survive_being_written_and_read() {
        assert_eq!(serde_json::from_str::<Tuple>(&taita().canonical()).unwrap(), taita());
        let id = taita().id();
        assert_eq!(serde_json::from_str::<TupleId>(&serde_json::to_string(&id).unwrap()).unwrap(), id);
    }

    #[test]
    fn an_unknown_attribute_an_unknown_word_and_a_malformed_id_are_refused() {
        let with_more = taita().canonical().replacen('{', r#"{"adequacy":true,"#, 1);
        assert!(serde_json::from_str::<Tuple>(&with_more).unwrap_err().to_string().contains("adequacy"));
        assert!("disalow".parse::<OptOut>().unwrap_err().contains("disalow"));
        for text in ["", "00", "ABCDEF0123456789", "+123456789abcdef", "०१२३४५६७८९abcdef"]
        {
            assert!(text.parse::<TupleId>().is_err(), "{text}");
        }
    }

    #[test]
    fn every_attribute_of_the_schema_is_in_the_tuple_and_the_other_way_round() {
        let schema = super::super::schema::SCHEMA;
        let body = schema.split("entity Document = {").nth(1).unwrap().split("};").next().unwrap();
        let mut of_schema: Vec<&str> = body
            .lines()
            .filter(|line| !line.trim().starts_with("//"))
            .filter_map(|line| Some(line.split_once(':')?.0.trim()))
            .collect();
        of_schema.sort_unstable();
        let of_tuple: serde_json::Value = serde_json::from_str(&taita().canonical()).unwrap();
        let of_tuple: BTreeSet<&str> = of_tuple.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(of_schema, of_tuple.into_iter().collect::<Vec<_>>());
    }
}
