//! `dps.json`: metadata of provenance by OASIS DPS (prov-meta 1.0), whose schema asks where data may be stored and worked on.
//!
//! What it requires and nobody stated stands there as "not stated". Storage and processing are what the policies answer
//! ([`residency`](super::residency)). In public, unless the node is open, only its own country is named: what is forbidden
//! elsewhere says something about single rows.

use std::collections::BTreeSet;

use jiff::civil::Date;
use serde_json::{Map, Value, json};

use super::Facts;
use super::portrait::NONE;
use super::tier::Item;
use super::words::{self, NOT_STATED, put};
use crate::config::{Party, SourceConfig};
use crate::steps::StepKind;

/// What the standard calls its schema.
const SCHEMA: &str = "https://docs.oasis-open.org/dps/prov-meta/v1.0/schema/data-provenance.json";

/// The record.
pub(super) fn dps(facts: &Facts<'_>) -> Value {
    json!({
        "$schema": SCHEMA,
        "set": set(facts),
        "source": source(facts),
        "provenance": provenance(facts),
        "use": uses(facts),
    })
}

/// Countries in which the rows may be stored, as far as they may be named.
pub(super) fn storage_allowed(facts: &Facts<'_>) -> BTreeSet<String> {
    if facts.may_borders() {
        return facts.manifest.residency.storage_allowed.clone();
    }
    [facts.manifest.node.facts.jurisdiction.clone()].into()
}

/// Midnight in UTC.
fn time(day: Date) -> String {
    format!("{day}T00:00:00Z")
}

fn set(facts: &Facts<'_>) -> Value {
    let about = facts.about();
    let publisher = about.publisher.as_ref().or_else(|| about.makers().next());
    let mut said = Map::new();
    put(&mut said, "name", json!(publisher.map_or(NOT_STATED, |party| party.name.as_str())));
    let own = || format!("urn:uuid:{}", facts.uuid());
    let namespace = publisher.and_then(|party| party.url.clone()).unwrap_or_else(own);
    put(&mut said, "namespace", json!(namespace));
    let contact = about.takedown_contact.clone().or_else(|| publisher.and_then(|party| party.email.clone()));
    put(&mut said, "contact-details", contact.map(|contact| json!(contact)));
    let published = time(facts.published());
    let (engine, version) = facts.manifest.engine.split_once(' ').unwrap_or((&facts.manifest.engine, "0"));
    json!({
        "category": "training data",
        "language": "en",
        "schema-version": "1.0",
        "publisher": said,
        "label": facts.title(),
        "tracking": {
            "current-release-date": published,
            "generator": { "engine": { "name": engine, "version": version } },
            "id": facts.uuid(),
            "initial-release-date": published,
            "revision-history": [{ "date": published, "number": facts.version(), "summary": "This version." }],
            "status": "final",
            "version": facts.version(),
        },
    })
}

fn source(facts: &Facts<'_>) -> Value {
    let about = facts.about();
    let mut id = Map::new();
    put(&mut id, "uuids", json!([facts.uuid()]));
    let hashes: Vec<Value> = facts
        .shards()
        .map(|shard| {
            json!({ "path": shard.path, "tree-hashes": [{ "algorithm": "sha256", "value": shard.sha256 }] })
        })
        .collect();
    put(&mut id, "hashes", Value::Array(hashes));
    let mut narrative = Map::new();
    put(&mut narrative, "content", json!(words::description(facts)));
    put(&mut narrative, "purpose", json!(about.intended_purpose.as_deref().unwrap_or(NOT_STATED)));
    put(&mut narrative, "scope", json!(words::limits(facts).join(" ")));
    let mut issuers: Vec<Value> = Vec::new();
    for party in about.makers() {
        let issuer = organisation(party);
        if !issuers.contains(&issuer) {
            issuers.push(issuer);
        }
    }
    if issuers.is_empty() {
        issuers.push(json!({ "legal-name": NOT_STATED }));
    }
    json!({
        "about": narrative,
        "id": id,
        "issuer": issuers,
        "location": about.url.as_deref().unwrap_or(NOT_STATED),
        "name": facts.title(),
        "data-version": facts.version(),
    })
}

fn organisation(party: &Party) -> Value {
    let mut fields = Map::new();
    put(&mut fields, "legal-name", json!(party.name));
    put(&mut fields, "url", party.url.as_ref().map(|url| json!(url)));
    put(&mut fields, "address", party.country.as_ref().map(|country| json!([country])));
    Value::Object(fields)
}

fn provenance(facts: &Facts<'_>) -> Value {
    let mut said = Map::new();
    let stewards = facts.rows(Item::Stewards, &facts.portrait.stewards);
    let origin: Vec<Value> = stewards
        .named
        .keys()
        .filter(|name| !name.is_empty() && *name != NONE)
        .map(|name| json!({ "legal-name": name }))
        .collect();
    put(&mut said, "origin", Value::Array(origin));
    let mut countries: Vec<Value> =
        words::countries(facts).named.keys().map(|country| json!({ "country": country })).collect();
    if countries.is_empty() {
        countries.push(json!({ "country": NOT_STATED }));
    }
    put(&mut said, "origin-geography", Value::Array(countries));
    put(&mut said, "date", json!(facts.published()));
    if let Some(fetched) = facts.fetched() {
        let period = json!({ "start": time(fetched.from), "end": format!("{}T23:59:59Z", fetched.to) });
        put(&mut said, "generation-period", period);
    }
    let kinds: BTreeSet<&str> = facts.config.sources.values().map(method).collect();
    let mut methods: Vec<Value> = kinds
        .into_iter()
        .map(|kind| json!({ "code": kind, "long-description": words::collection(facts) }))
        .collect();
    methods.push(json!({
        "code": "data-processing",
        "system": facts.manifest.engine,
        "long-description": words::steps(facts).join("; "),
    }));
    put(&mut said, "generation-method", Value::Array(methods));
    put(&mut said, "format", json!(["text"]));
    Value::Object(said)
}

fn method(source: &SourceConfig) -> &'static str {
    match source {
        SourceConfig::Warc(_) => "web-crawl",
        SourceConfig::Documents(_) => "existing-corpus",
        SourceConfig::Seeds(_) => "community-contribution",
    }
}

fn countries(names: &BTreeSet<String>) -> Value {
    names.iter().map(|country| json!({ "country": country })).collect()
}

fn uses(facts: &Facts<'_>) -> Value {
    let about = facts.about();
    let manifest = facts.manifest;
    let mut said = Map::new();
    let looked = manifest.node.pii.is_some();
    let tool = if looked { "kilim detect_pii" } else { "none" };
    put(
        &mut said,
        "classification",
        json!([{
            "regulation": { "code": "personal-data", "long-description": words::personal_data(facts).join(" ") },
            "evaluated": looked,
            "tool": tool,
        }]),
    );
    put(&mut said, "consents", json!(unique(&about.consents)));
    put(&mut said, "data-risk-reducing", risk_reducing(facts));
    put(&mut said, "storage-allowed", countries(&storage_allowed(facts)));
    let border = &manifest.residency;
    if facts.may_borders() {
        put(&mut said, "storage-forbidden", countries(&border.storage_forbidden));
        put(&mut said, "processing-included", countries(&border.processing_included));
        put(&mut said, "processing-excluded", countries(&border.processing_excluded));
    } else {
        put(&mut said, "processing-included", countries(&[manifest.runs_at.clone()].into()));
    }
    let mut license = vec![about.license.clone().unwrap_or_else(|| NOT_STATED.to_owned())];
    license.extend(about.license_url.clone());
    let found = facts.rows(Item::Licences, &facts.portrait.licenses);
    license.extend(
        found
            .named
            .iter()
            .filter(|(id, _)| *id != NONE)
            .map(|(id, rows)| format!("{id}, named by {rows} rows")),
    );
    put(&mut said, "license", json!(license));
    let purpose = about.intended_purpose.as_deref().unwrap_or(NOT_STATED);
    let mut purposes = vec![json!({ "code": "training of language models", "long-description": purpose })];
    for constraint in unique(&about.use_constraints) {
        purposes.push(json!({ "code": "not for", "long-description": constraint }));
    }
    put(&mut said, "intended-purpose", Value::Array(purposes));
    put(
        &mut said,
        "copyright",
        json!([
            "Of the authors and publishers of the documents; each row names its licence and whom to credit."
        ]),
    );
    Value::Object(said)
}

/// Each once, in their order.
fn unique(texts: &[String]) -> Vec<&String> {
    let mut seen = BTreeSet::new();
    texts.iter().filter(|text| seen.insert(*text)).collect()
}

fn risk_reducing(facts: &Facts<'_>) -> Value {
    let Some(pii) = &facts.manifest.node.pii else { return Value::Null };
    let detects = facts.config.steps.iter().any(|step| matches!(step.kind, StepKind::DetectPii(_)));
    if !detects {
        return Value::Null;
    }
    let parameters: Vec<Value> =
        pii.treatment.iter().map(|(kind, treatment)| json!({ "name": kind, "value": treatment })).collect();
    let masks = facts.counts(Item::PersonalData, &pii.masked);
    let results: Vec<Value> =
        masks.named.iter().map(|(kind, count)| json!(format!("{kind}: {count} masks"))).collect();
    let mut tool = Map::new();
    put(&mut tool, "tool-used", json!("kilim detect_pii"));
    put(&mut tool, "technology", json!("data-masking"));
    put(&mut tool, "parameters", Value::Array(parameters));
    put(&mut tool, "results", Value::Array(results));
    json!([tool])
}
