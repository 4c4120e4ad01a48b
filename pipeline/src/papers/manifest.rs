//! `manifest.public.json`: what everyone may know of the manifest, and which papers for everyone stand beside it.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::tier::{Item, Rule};
use super::words::put;
use super::{Facts, Paper};
use crate::config::About;
use crate::seal::ManifestShard;

/// Version of the format.
const PUBLIC_MANIFEST_VERSION: u32 = 1;

/// The public manifest; `beside` are the other papers for everyone.
pub(super) fn public_manifest(facts: &Facts<'_>, beside: &[&Paper]) -> Value {
    let (manifest, portrait) = (facts.manifest, facts.portrait);
    let mut said = Map::new();
    put(&mut said, "public_manifest_version", json!(PUBLIC_MANIFEST_VERSION));
    put(&mut said, "artifact_id", json!(format!("urn:uuid:{}", facts.uuid())));
    put(&mut said, "version", json!(facts.version()));
    put(&mut said, "engine", json!(manifest.engine));
    put(&mut said, "corpus", json!(manifest.corpus));
    put(&mut said, "node", json!({ "facts": manifest.node.facts, "languages": manifest.node.languages }));
    put(&mut said, "as_of", json!(manifest.as_of));
    put(&mut said, "runs_at", json!(manifest.runs_at));
    put(&mut said, "run_kind", json!(manifest.run_kind));
    put(&mut said, "policies", json!(manifest.policies));
    put(&mut said, "policies_digest", json!(manifest.policies_digest));
    // What a provider says names sources.
    let provider = manifest.about.provider.clone().filter(|_| facts.rule(Item::Sources) == Rule::Whole);
    put(&mut said, "about", json!(About { provider, ..manifest.about.clone() }));
    let total = |number| facts.number(Item::Totals, number).map(|number: u64| json!(number));
    put(&mut said, "records", total(manifest.records));
    put(&mut said, "rows", total(manifest.rows));
    put(&mut said, "text_chars", facts.total_of_rows(manifest.text_chars).map(|number| json!(number)));
    let mut counts = |name: &str, item: Item, numbers: &BTreeMap<String, u64>| {
        put(&mut said, name, json!(facts.counts(item, numbers)));
    };
    counts("languages", Item::Languages, &manifest.languages);
    counts("books", Item::Outcomes, &manifest.books);
    counts("sources", Item::Sources, &facts.source_rows());
    if let Some(pii) = &manifest.node.pii {
        counts("masked", Item::PersonalData, &pii.masked);
    }
    put(&mut said, "licenses", json!(facts.rows(Item::Licences, &portrait.licenses)));
    put(&mut said, "jurisdictions", json!(facts.rows(Item::Jurisdictions, &portrait.jurisdictions)));
    put(&mut said, "optout_train", json!(facts.rows(Item::Reservations, &portrait.optout_train)));
    put(&mut said, "stewards", json!(facts.rows(Item::Stewards, &portrait.stewards)));
    put(&mut said, "communities", json!(facts.rows(Item::Stewards, &portrait.communities)));
    put(&mut said, "fetched", facts.fetched().map(|period| json!(period)));
    if facts.may_borders() {
        put(&mut said, "residency", json!(manifest.residency));
    }
    if facts.may(Item::Inputs) {
        put(&mut said, "inputs", json!(manifest.inputs));
        put(&mut said, "seeds_digest", json!(manifest.seeds_digest));
    }
    if facts.may(Item::Parameters) {
        put(&mut said, "config_digest", json!(manifest.config_digest));
        put(&mut said, "random_seed", json!(manifest.random_seed));
        put(&mut said, "models", json!(manifest.models));
    }
    put(&mut said, "shards", facts.shards().map(|shard| shard_words(facts, shard)).collect::<Value>());
    let papers = beside.iter().map(|paper| {
        let name = paper.path.rsplit('/').next().unwrap_or(&paper.path);
        json!({ "path": name, "sha256": hex::encode(Sha256::digest(&paper.bytes)) })
    });
    put(&mut said, "papers", papers.collect::<Value>());
    put(&mut said, "not_public", withheld(facts));
    Value::Object(said)
}

fn shard_words(facts: &Facts<'_>, shard: &ManifestShard) -> Value {
    let mut said = Map::new();
    put(&mut said, "path", json!(shard.path));
    put(&mut said, "lang", json!(shard.lang));
    put(&mut said, "sha256", json!(shard.sha256));
    if facts.may(Item::ShardCounts) {
        put(&mut said, "bytes", json!(shard.bytes));
        put(&mut said, "rows", json!(shard.rows));
        put(&mut said, "text_chars", json!(shard.text_chars));
    }
    if facts.may(Item::ColumnDigests) {
        put(&mut said, "columns", json!(shard.columns));
    }
    if facts.may(Item::Roots) {
        put(&mut said, "merkle_root", json!(shard.merkle_root));
    }
    Value::Object(said)
}

/// What is not said, and why; nothing for an open node.
fn withheld(facts: &Facts<'_>) -> Value {
    let mut said = Map::new();
    let never: Vec<&str> = Item::ALL.into_iter().filter(|item| !facts.may(*item)).map(Item::words).collect();
    put(&mut said, "never", json!(never));
    let large: Vec<&str> =
        Item::ALL.into_iter().filter(|item| facts.rule(*item) == Rule::LargeOnly).map(Item::words).collect();
    if !large.is_empty() {
        put(&mut said, "below_min_count", json!(large));
        put(&mut said, "min_count", json!(facts.node().public.min_count));
    }
    Value::Object(said)
}
