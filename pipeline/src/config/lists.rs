//! Lists that may be written as one value: `country: KE` is `country: [KE]`.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserialize, Deserializer, SeqAccess, Visitor};
use serde::{Serialize, Serializer};

use super::values::Country;

/// One country, or a list of them; the order means nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Countries(BTreeSet<Country>);

impl Countries {
    /// The countries, sorted.
    pub fn as_set(&self) -> &BTreeSet<Country> {
        &self.0
    }

    /// Whether none is named.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<Country> for Countries {
    fn from_iter<I: IntoIterator<Item = Country>>(countries: I) -> Self {
        Self(countries.into_iter().collect())
    }
}

impl Serialize for Countries {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Countries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMany;

        impl<'de> Visitor<'de> for OneOrMany {
            type Value = Countries;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a country or a list of countries")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Countries, E> {
                text.parse().map(|country| Countries(BTreeSet::from([country]))).map_err(E::custom)
            }

            // YAML 1.1 reads a bare NO as a truth value; in a list of countries it is Norway.
            fn visit_bool<E: de::Error>(self, value: bool) -> Result<Countries, E> {
                if value {
                    return Err(E::custom("`true` is not a country"));
                }
                self.visit_str("NO")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Countries, A::Error> {
                let mut countries = BTreeSet::new();
                while let Some(country) = list.next_element()? {
                    countries.insert(country);
                }
                Ok(Countries(countries))
            }
        }

        deserializer.deserialize_any(OneOrMany)
    }
}

impl JsonSchema for Countries {
    fn schema_name() -> Cow<'static, str> {
        "Countries".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let one = generator.subschema_for::<Country>();
        json_schema!({ "anyOf": [one, { "type": "array", "items": one, "uniqueItems": true }] })
    }
}
