//! The JSON Schema of a config.

use std::sync::LazyLock;

use schemars::generate::SchemaSettings;
use serde_json::Value;

use super::types::CorpusConfig;

static SCHEMA: LazyLock<Value> = LazyLock::new(|| {
    let generator = SchemaSettings::draft2020_12().for_deserialize().into_generator();
    generator.into_root_schema_for::<CorpusConfig>().to_value()
});

/// The JSON Schema (draft 2020-12) of a config, as a value.
pub(crate) fn corpus_schema() -> &'static Value {
    &SCHEMA
}

/// The JSON Schema (draft 2020-12) of a config, as the text of `configs/schema/corpus.schema.json`.
pub fn schema_json() -> String {
    format!("{:#}\n", *SCHEMA)
}
