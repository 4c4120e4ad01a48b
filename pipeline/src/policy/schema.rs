//! The closed list of what policies may speak of: `configs/policies/kilim.cedarschema`, and its words in Rust.
//!
//! Nothing on the list is optional: what is unknown has a value that says so. Strict validation can then prove that a
//! rule never fails for want of an attribute.

use std::str::FromStr;
use std::sync::LazyLock;

use cedar_policy::{EntityId, EntityTypeName, EntityUid, Schema, SchemaFragment};
use serde::{Deserialize, Serialize};

/// Text of the schema, as stewards and `cedar` tools read it.
pub const SCHEMA: &str = include_str!("../../../configs/policies/kilim.cedarschema");

/// Values of `mode`, of a node as of a document.
pub const MODES: [&str; 4] = ["open", "restricted", "local-only", "participant-private"];

/// Values of `optout_train`.
pub const OPTOUTS: [&str; 3] = ["allow", "disallow", "unknown"];

/// What a policy is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// A document goes into the shards of a node.
    Emit,
    /// The text of a document is kept and worked on where the run stands.
    Process,
}

impl Action {
    /// Both actions.
    pub const ALL: [Self; 2] = [Self::Emit, Self::Process];

    /// The word in policies.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Emit => "emit",
            Self::Process => "process",
        }
    }

    pub(super) fn uid(self) -> EntityUid {
        uid("Action", self.as_str())
    }
}

/// BLAKE3 of the text of the schema, 64 hex digits.
pub fn digest() -> String {
    blake3::hash(SCHEMA.as_bytes()).to_hex().to_string()
}

/// The parsed schema.
pub(super) fn schema() -> &'static Schema {
    static PARSED: LazyLock<Schema> = LazyLock::new(|| {
        let (fragment, _warnings) = SchemaFragment::from_cedarschema_str(SCHEMA)
            .expect("the committed schema parses: a test loads it");
        fragment.try_into().expect("the committed schema is whole: a test loads it")
    });
    &PARSED
}

/// `kind::"name"`. `kind` is one of the schema's own words.
pub(super) fn uid(kind: &'static str, name: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(type_name(kind), EntityId::new(name))
}

/// An entity type; `kind` is one of the schema's own words.
pub(super) fn type_name(kind: &'static str) -> EntityTypeName {
    EntityTypeName::from_str(kind).expect("entity types of the schema are plain identifiers")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_schema_parses_without_a_warning_and_names_both_actions() {
        let (_, warnings) = SchemaFragment::from_cedarschema_str(SCHEMA).unwrap();
        assert_eq!(warnings.map(|warning| warning.to_string()).collect::<Vec<_>>(), Vec::<String>::new());
        let mut actions: Vec<String> = schema().actions().map(ToString::to_string).collect();
        actions.sort();
        assert_eq!(actions, ["Action::\"emit\"", "Action::\"process\""]);
    }

    #[test]
    fn no_attribute_is_optional() {
        let code: Vec<&str> = SCHEMA.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        assert!(!code.join("\n").contains('?'));
    }
}
