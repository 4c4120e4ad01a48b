//! What a node does with personal data, and the text that comes of it.

use std::borrow::Cow;
use std::fmt;

use serde::de::{self, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Counts, Kind, Span};

/// What is done with a kind of personal data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Treatment {
    /// A mask stands in its place.
    Mask,
    /// The document is not written.
    Drop,
    /// It stays.
    Keep,
}

impl Treatment {
    const WORDS: &'static [&'static str] = &["mask", "drop", "keep"];

    /// The word in a config.
    pub fn as_str(self) -> &'static str {
        Treatment::WORDS[self as usize]
    }

    fn from_word<E: de::Error>(word: &str) -> Result<Treatment, E> {
        match word {
            "mask" => Ok(Treatment::Mask),
            "drop" => Ok(Treatment::Drop),
            "keep" => Ok(Treatment::Keep),
            _ => Err(E::unknown_variant(word, Treatment::WORDS)),
        }
    }
}

/// A treatment for each kind.
///
/// In a config it is one word, `pii: mask`, or a map with a word for some kinds and for the others:
/// `pii: { email: mask, ip: keep, default: drop }`. A map without `default` masks what it does not name, so that nothing
/// leaves by omission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Profile([Treatment; Kind::ALL.len()]);

impl Default for Profile {
    /// Everything is masked.
    fn default() -> Profile {
        Profile::all(Treatment::Mask)
    }
}

impl Profile {
    /// The same treatment for every kind.
    pub fn all(treatment: Treatment) -> Profile {
        Profile([treatment; Kind::ALL.len()])
    }

    /// The profile with another treatment for one kind.
    #[must_use]
    pub fn with(mut self, kind: Kind, treatment: Treatment) -> Profile {
        self.0[kind as usize] = treatment;
        self
    }

    /// The treatment of a kind.
    pub fn of(&self, kind: Kind) -> Treatment {
        self.0[kind as usize]
    }
}

impl Serialize for Profile {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.iter().all(|treatment| *treatment == self.0[0]) {
            return serializer.serialize_str(self.0[0].as_str());
        }
        let mut map = serializer.serialize_map(Some(Kind::ALL.len()))?;
        for kind in Kind::ALL {
            map.serialize_entry(kind.as_str(), self.of(kind).as_str())?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Profile {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Profile, D::Error> {
        deserializer.deserialize_any(ProfileVisitor)
    }
}

struct ProfileVisitor;

impl<'de> Visitor<'de> for ProfileVisitor {
    type Value = Profile;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`mask`, `drop` or `keep`, or a map of kinds to one of them")
    }

    fn visit_str<E: de::Error>(self, word: &str) -> Result<Profile, E> {
        Treatment::from_word(word).map(Profile::all)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Profile, A::Error> {
        const FIELDS: &[&str] = &["email", "ip", "phone", "iban", "card", "national_id", "default"];
        let mut named = [None; FIELDS.len()];
        while let Some(key) = map.next_key::<String>()? {
            let Some(at) = FIELDS.iter().position(|field| *field == key) else {
                return Err(de::Error::unknown_field(&key, FIELDS));
            };
            if named[at].replace(map.next_value::<Treatment>()?).is_some() {
                return Err(de::Error::duplicate_field(FIELDS[at]));
            }
        }
        let default = named[FIELDS.len() - 1].unwrap_or(Treatment::Mask);
        let mut profile = Profile::all(default);
        for (kind, treatment) in Kind::ALL.into_iter().zip(named) {
            profile = profile.with(kind, treatment.unwrap_or(default));
        }
        Ok(profile)
    }
}

/// What stands in place of a kind.
///
/// One word of ASCII capitals in angle brackets, as in the training data of StarCoder (`<EMAIL>`): tokenisers split it from
/// what it touches in any script, for brackets are no letters; it can be made a token of its own; NFC, NFKC and white space
/// clean-up leave it; it holds no digit and no `@`, so nothing finds personal data in it again, and it is the same for every
/// value, so that two documents cannot be joined by it.
pub(crate) fn mask(kind: Kind) -> &'static str {
    match kind {
        Kind::Email => "<EMAIL>",
        Kind::Ip => "<IP>",
        Kind::Phone => "<PHONE>",
        Kind::Iban => "<IBAN>",
        Kind::Card => "<CARD>",
        Kind::NationalId => "<NATIONAL_ID>",
    }
}

/// A text after its treatment.
#[derive(Clone, Debug, PartialEq)]
pub struct Redacted<'t> {
    /// The text with masks; borrowed if there were none to set. What is to be dropped is masked too: a writer that forgets
    /// [`Redacted::drop`] leaks nothing.
    pub text: Cow<'t, str>,
    /// How many masks of each kind were set.
    pub masked: Counts,
    /// Whether the document must not be written.
    pub drop: bool,
}

/// Treats the spans of a text, and nothing else in it.
///
/// The spans are those of [`Detector::detect`](super::Detector::detect) on this very text: in order, disjoint, on character
/// boundaries. Spans that are not are passed over where they overlap or lie outside, so that stale ones cannot panic.
pub fn redact<'t>(text: &'t str, spans: &[Span], profile: &Profile) -> Redacted<'t> {
    let mut redacted = Redacted { text: Cow::Borrowed(text), masked: Counts::default(), drop: false };
    let mut out = String::new();
    let mut from = 0;
    for span in spans {
        let treatment = profile.of(span.kind);
        let range = span.range();
        let Some(kept) = text.get(from..range.start) else { continue };
        if treatment == Treatment::Keep || range.is_empty() || text.get(range.clone()).is_none() {
            continue;
        }
        redacted.drop |= treatment == Treatment::Drop;
        redacted.masked.add_one(span.kind);
        if out.is_empty() {
            out.reserve(text.len());
        }
        out.push_str(kept);
        out.push_str(mask(span.kind));
        from = range.end;
    }
    if from > 0 {
        out.push_str(&text[from..]);
        redacted.text = Cow::Owned(out);
    }
    redacted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(start: u32, end: u32, kind: Kind) -> Span {
        Span { start, end, kind, rule: "test", confidence: 1.0 }
    }

    #[test]
    fn a_profile_is_a_word_or_a_map() {
        let read = |json: &str| serde_json::from_str::<Profile>(json);
        assert_eq!(read("\"drop\"").unwrap(), Profile::all(Treatment::Drop));
        let profile = read(r#"{"email":"mask","ip":"keep","default":"drop"}"#).unwrap();
        assert_eq!(profile.of(Kind::Email), Treatment::Mask);
        assert_eq!(profile.of(Kind::Ip), Treatment::Keep);
        assert_eq!(profile.of(Kind::NationalId), Treatment::Drop);
        assert_eq!(read(r#"{"ip":"keep"}"#).unwrap().of(Kind::Email), Treatment::Mask);
        for wrong in
            ["\"masks\"", r#"{"mail":"mask"}"#, r#"{"ip":"keep","ip":"mask"}"#, "7", r#"{"ip":"no"}"#]
        {
            assert!(read(wrong).is_err(), "{wrong}");
        }
        assert!(read(r#"{"mail":"mask"}"#).unwrap_err().to_string().contains("expected one of `email`"));
    }

    #[test]
    fn a_profile_written_is_the_profile_read() {
        for profile in [
            Profile::default(),
            Profile::all(Treatment::Keep),
            Profile::default().with(Kind::Ip, Treatment::Drop),
        ] {
            let json = serde_json::to_string(&profile).unwrap();
            assert_eq!(serde_json::from_str::<Profile>(&json).unwrap(), profile, "{json}");
        }
    }

    #[test]
    fn text_without_masks_is_borrowed() {
        let text = "ደህና ነኝ";
        assert!(matches!(redact(text, &[], &Profile::default()).text, Cow::Borrowed(_)));
        let kept = redact(text, &[span(0, 3, Kind::Ip)], &Profile::all(Treatment::Keep));
        assert!(matches!(kept.text, Cow::Borrowed(_)));
        assert_eq!(kept.masked.total(), 0);
    }

    #[test]
    fn each_kind_gets_its_treatment() {
        let text = "αβγδ";
        let spans = [span(0, 2, Kind::Email), span(2, 4, Kind::Ip), span(6, 8, Kind::Card)];
        let profile = Profile::default().with(Kind::Ip, Treatment::Keep).with(Kind::Card, Treatment::Drop);
        let redacted = redact(text, &spans, &profile);
        assert_eq!(redacted.text, "<EMAIL>βγ<CARD>");
        assert!(redacted.drop);
        assert_eq!(
            (redacted.masked.of(Kind::Email), redacted.masked.of(Kind::Ip), redacted.masked.total()),
            (1, 0, 2)
        );
    }

    #[test]
    fn spans_of_another_text_do_not_panic() {
        let spans = [
            span(1, 3, Kind::Ip),
            span(0, 2, Kind::Ip),
            span(1, 90, Kind::Ip),
            span(4, 2, Kind::Ip),
            span(80, 90, Kind::Ip),
        ];
        let redacted = redact("ሰላም", &spans, &Profile::default());
        assert_eq!(redacted.text, "ሰላም");
    }
}
