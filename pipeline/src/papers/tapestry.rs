//! `tapestry.json`: the core record that Project Tapestry asks of every artifact in a federation.
//!
//! Its fields are those of the project's data-management requirements: owner, source, provenance, lineage, rights, residency,
//! visibility, quality, use constraints, version; with the participation mode and what may leave the participant's
//! infrastructure.

use serde_json::{Map, Value, json};

use super::tier::Item;
use super::words::{self, NOT_STATED, put};
use super::{Facts, dps};
use crate::config::Mode;

/// The record.
pub(super) fn record(facts: &Facts<'_>) -> Value {
    let (manifest, about) = (facts.manifest, facts.about());
    let mut record = Map::new();
    put(&mut record, "artifact_id", json!(format!("urn:uuid:{}", facts.uuid())));
    put(&mut record, "artifact_type", json!("pre-training"));
    put(&mut record, "title", json!(facts.title()));
    put(
        &mut record,
        "owner",
        about.publisher.as_ref().map_or(json!(NOT_STATED), |publisher| json!(publisher)),
    );
    put(&mut record, "source", source(facts));
    put(&mut record, "provenance", provenance(facts));
    put(&mut record, "lineage", lineage(facts));
    put(&mut record, "rights", rights(facts));
    put(&mut record, "residency", residency(facts));
    put(&mut record, "visibility", json!(visibility(facts.mode())));
    put(&mut record, "participation_mode", json!(facts.mode().as_str()));
    put(&mut record, "may_leave", may_leave(facts.mode()));
    put(&mut record, "quality", quality(facts));
    put(&mut record, "use_constraints", json!(about.use_constraints));
    put(&mut record, "intended_purpose", json!(about.intended_purpose.as_deref().unwrap_or(NOT_STATED)));
    put(&mut record, "takedown_contact", json!(about.takedown_contact.as_deref().unwrap_or(NOT_STATED)));
    put(&mut record, "version", json!(facts.version()));
    put(&mut record, "as_of", json!(manifest.as_of));
    Value::Object(record)
}

/// In the record's words for who may see it.
fn visibility(mode: Mode) -> &'static str {
    match mode {
        Mode::Open => "public",
        Mode::Restricted => "consortium-private",
        Mode::LocalOnly => "local-only",
        Mode::ParticipantPrivate => "participant-private",
    }
}

/// What may leave the participant's infrastructure, as far as the mode says.
fn may_leave(mode: Mode) -> Value {
    let [raw, derived, updates] = match mode {
        Mode::Open => ["yes", "yes", "yes"],
        Mode::Restricted => ["to whom the policies name", "to whom the policies name", NOT_STATED],
        Mode::LocalOnly => ["no", "counts, digests of files and attestations", NOT_STATED],
        Mode::ParticipantPrivate => ["no", "totals and attestations", NOT_STATED],
    };
    json!({ "raw_data": raw, "derived_artifacts": derived, "model_updates": updates })
}

fn source(facts: &Facts<'_>) -> Value {
    let mut source = Map::new();
    put(&mut source, "collection", json!(words::collection(facts)));
    put(&mut source, "kinds", json!(words::collection_types(facts)));
    put(&mut source, "rows_by_source", counts(facts, Item::Sources, &facts.source_rows()));
    let stewards = facts.rows(Item::Stewards, &facts.portrait.stewards);
    put(&mut source, "rows_by_steward", json!(stewards));
    let communities = facts.rows(Item::Stewards, &facts.portrait.communities);
    put(&mut source, "rows_by_community", json!(communities));
    if let Some(fetched) = facts.fetched() {
        put(&mut source, "fetched", json!(fetched));
    }
    Value::Object(source)
}

fn counts(facts: &Facts<'_>, item: Item, counts: &std::collections::BTreeMap<String, u64>) -> Value {
    json!(facts.counts(item, counts))
}

fn provenance(facts: &Facts<'_>) -> Value {
    let manifest = facts.manifest;
    json!({
        "engine": manifest.engine,
        "steps": words::steps(facts),
        "runs_at": manifest.runs_at,
        "run_kind": manifest.run_kind,
        "attestation": "in-toto Statement in DSSE, where the version is signed",
    })
}

fn lineage(facts: &Facts<'_>) -> Value {
    let manifest = facts.manifest;
    let mut lineage = Map::new();
    if facts.may(Item::Inputs) {
        put(&mut lineage, "inputs", json!(manifest.inputs));
        put(&mut lineage, "seeds_digest", json!(manifest.seeds_digest));
    }
    if facts.may(Item::Parameters) {
        put(&mut lineage, "config_digest", json!(manifest.config_digest));
        put(&mut lineage, "models", json!(manifest.models));
    }
    put(&mut lineage, "policies", json!(manifest.policies));
    put(&mut lineage, "policies_digest", json!(manifest.policies_digest));
    Value::Object(lineage)
}

fn rights(facts: &Facts<'_>) -> Value {
    let portrait = facts.portrait;
    let mut rights = Map::new();
    put(&mut rights, "license", json!(facts.about().license.as_deref().unwrap_or(NOT_STATED)));
    put(&mut rights, "rows_by_license", json!(facts.rows(Item::Licences, &portrait.licenses)));
    put(&mut rights, "rows_by_reservation", json!(facts.rows(Item::Reservations, &portrait.optout_train)));
    let withheld = [("reserved", portrait.withheld.reserved), ("unlicensed", portrait.withheld.unlicensed)];
    let withheld = withheld.map(|(why, documents)| (why.to_owned(), documents)).into();
    put(&mut rights, "withheld", counts(facts, Item::Outcomes, &withheld));
    put(&mut rights, "consents", json!(facts.about().consents));
    Value::Object(rights)
}

fn residency(facts: &Facts<'_>) -> Value {
    let node = &facts.manifest.node.facts;
    let mut residency = Map::new();
    put(&mut residency, "jurisdiction", json!(node.jurisdiction));
    put(&mut residency, "accepts", json!(node.accepts));
    put(&mut residency, "storage_allowed", json!(dps::storage_allowed(facts)));
    if facts.may_borders() {
        put(&mut residency, "storage_forbidden", json!(facts.manifest.residency.storage_forbidden));
        put(&mut residency, "processing_included", json!(facts.manifest.residency.processing_included));
        put(&mut residency, "processing_excluded", json!(facts.manifest.residency.processing_excluded));
    }
    put(
        &mut residency,
        "rows_by_jurisdictions",
        json!(facts.rows(Item::Jurisdictions, &facts.portrait.jurisdictions)),
    );
    Value::Object(residency)
}

fn quality(facts: &Facts<'_>) -> Value {
    let manifest = facts.manifest;
    let mut quality = Map::new();
    put(&mut quality, "records", facts.number(Item::Totals, manifest.records).map(|number| json!(number)));
    put(&mut quality, "rows", facts.number(Item::Totals, manifest.rows).map(|number| json!(number)));
    put(&mut quality, "text_chars", facts.total_of_rows(manifest.text_chars).map(|number| json!(number)));
    put(&mut quality, "rows_by_language", counts(facts, Item::Languages, &manifest.languages));
    put(&mut quality, "records_by_outcome", counts(facts, Item::Outcomes, &manifest.books));
    put(&mut quality, "limits", json!(words::limits(facts)));
    put(&mut quality, "personal_data", json!(words::personal_data(facts)));
    Value::Object(quality)
}
