//! The schema of a node's way with personal data.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

use crate::pii::{Kind, Profile};

impl JsonSchema for Profile {
    fn schema_name() -> Cow<'static, str> {
        "PersonalData".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let word = || json!({ "type": "string", "enum": ["mask", "drop", "keep"] });
        let names = Kind::ALL.iter().map(|kind| kind.as_str()).chain(["default"]);
        let properties: Map<String, Value> = names.map(|name| (name.to_owned(), word())).collect();
        let by_kind = json!({ "type": "object", "properties": properties, "additionalProperties": false });
        json_schema!({ "anyOf": [word(), by_kind] })
    }
}
