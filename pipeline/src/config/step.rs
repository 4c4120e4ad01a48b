//! One entry of `steps:`: a map with one key, the step's name, and perhaps an `id`.

use std::borrow::Cow;
use std::fmt;

use garde::Validate;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::values::StepId;
use crate::steps::{STEPS, StepKind};

/// One entry of `steps:`.
#[derive(Debug, Clone, PartialEq)]
pub struct StepConfig {
    /// What reasons and tests call it: the step's name, unless the config gives another.
    pub id: StepId,
    /// The step and its fields.
    pub kind: StepKind,
}

impl Serialize for StepConfig {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("id", &self.id)?;
        self.kind.serialize_entry(&mut map)?;
        map.end()
    }
}

impl<'de> Deserialize<'de> for StepConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Key by key and without a buffer between, so that errors inside a step keep their place.
        struct Entry;

        impl<'de> Visitor<'de> for Entry {
            type Value = StepConfig;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map with one step, such as `extract_html: {}`")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<StepConfig, A::Error> {
                let mut id = None;
                let mut kind: Option<StepKind> = None;
                while let Some(key) = map.next_key::<String>()? {
                    if key == "id" {
                        id = Some(map.next_value::<StepId>()?);
                        continue;
                    }
                    let Some(step) = StepKind::next_value(&key, &mut map)? else {
                        return Err(de::Error::custom(format!("unknown step `{key}`")));
                    };
                    if let Some(first) = kind.replace(step) {
                        return Err(de::Error::custom(format!(
                            "two steps in one entry, `{}` and `{key}`",
                            first.name()
                        )));
                    }
                }
                let kind = kind.ok_or_else(|| de::Error::custom("an entry of `steps` names a step"))?;
                let id = match id {
                    Some(id) => id,
                    None => kind.name().parse().map_err(de::Error::custom)?,
                };
                Ok(StepConfig { id, kind })
            }
        }

        deserializer.deserialize_map(Entry)
    }
}

impl JsonSchema for StepConfig {
    fn schema_name() -> Cow<'static, str> {
        "StepConfig".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let variants: Vec<Schema> = STEPS
            .iter()
            .map(|step| {
                let fields = (step.schema)(generator);
                let mut id = generator.subschema_for::<StepId>();
                id.insert(
                    "description".to_owned(),
                    "What reasons and tests call this step, if not by its name.".into(),
                );
                json_schema!({
                    "type": "object",
                    "description": step.summary(),
                    "properties": { (step.name): fields, "id": id },
                    "required": [step.name],
                    "additionalProperties": false,
                })
            })
            .collect();
        json_schema!({ "oneOf": variants })
    }
}

impl Validate for StepConfig {
    type Context = ();

    fn validate_into(
        &self,
        context: &(),
        parent: &mut dyn FnMut() -> garde::Path,
        report: &mut garde::Report,
    ) {
        let name = self.kind.name();
        self.kind.validate_into(context, &mut || parent().join(name), report);
    }
}
