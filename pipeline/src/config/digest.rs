//! The effective config, and digests of it.
//!
//! A digest is BLAKE3 over the canonical JSON: defaults filled in, keys sorted, no white space. What two configs
//! write differently and mean alike (order of fields, comments, `1%` or `0.01`) gives one digest.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::types::CorpusConfig;

/// The config with its defaults filled in, as JSON (which is YAML too), keys sorted.
pub fn effective(config: &CorpusConfig) -> String {
    format!("{:#}\n", sorted(to_value(config)))
}

/// Digest of the whole config but `work_dir`, `removals`, `keys` and `retention`: where and for how long a run keeps its papers,
/// and who signs, is not part of what it makes.
pub fn digest(config: &CorpusConfig) -> String {
    let mut value = to_value(config);
    if let Value::Object(fields) = &mut value {
        fields.remove("work_dir");
        fields.remove("removals");
        fields.remove("keys");
        fields.remove("retention");
        if let Some(sources) = fields.get_mut("sources") {
            *sources = without_order(sources.take());
        }
    }
    hash(&value)
}

/// Digest of what the bytes of `node` depend on; `None` if there is no such node. Other nodes are left out, so that
/// a node's manifest does not depend on which others exist; so are places (`work_dir`, `removals`, `shards.url`, `public.url`),
/// `keys`, `retention`, the size of splits, the error budget, and what only looks at the result (`tests`, `checks`).
pub fn digest_for_node(config: &CorpusConfig, node: &str) -> Option<String> {
    let node = config.nodes.get_key_value(node)?;
    let CorpusConfig {
        version,
        corpus,
        as_of,
        random_seed,
        runs_at,
        sources,
        steps,
        policies,
        blocs,
        about,
        ..
    } = config;
    let (name, node) = node;
    Some(hash(&json!({
        "version": version,
        "corpus": corpus,
        "as_of": as_of,
        "random_seed": random_seed,
        "runs_at": runs_at,
        "sources": without_order(json!(sources)),
        "steps": steps,
        "policies": policies,
        "blocs": blocs,
        "about": about,
        "node": {
            "name": name,
            "jurisdiction": node.jurisdiction,
            "accepts": node.accepts,
            "languages": node.languages,
            "mode": node.mode,
            "pii": node.pii,
            "shards": { "max_bytes": node.shards.max_bytes, "format": node.shards.format },
            "public": { "min_count": node.public.min_count },
        },
    })))
}

fn to_value(config: &CorpusConfig) -> Value {
    serde_json::to_value(config).expect("a config has text keys and finite numbers")
}

/// Sources with their paths in order, each once: inputs are made unique and read in the order of their URLs.
fn without_order(mut sources: Value) -> Value {
    for source in sources.as_object_mut().into_iter().flat_map(|sources| sources.values_mut()) {
        for kind in ["/warc/paths", "/documents/paths"] {
            if let Some(Value::Array(paths)) = source.pointer_mut(kind) {
                paths.sort_by(|a, b| a.as_str().cmp(&b.as_str()));
                paths.dedup();
            }
        }
    }
    sources
}

/// BLAKE3 of the canonical JSON, in hex.
fn hash(value: &Value) -> String {
    blake3::hash(sorted(value.clone()).to_string().as_bytes()).to_hex().to_string()
}

/// The same value with the keys of every map in order, whatever serde_json was told to keep.
pub(crate) fn sorted(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let ordered: BTreeMap<_, _> =
                fields.into_iter().map(|(key, value)| (key, sorted(value))).collect();
            Value::Object(ordered.into_iter().collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        other => other,
    }
}
