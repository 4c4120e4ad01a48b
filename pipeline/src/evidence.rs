//! What stands behind each attribute that policies see: the claims, marks, seeds and sources of one document.
//!
//! A decision rests on a tuple, and a tuple on evidence; this is the second half of the answer to "why is it there?".

use std::collections::BTreeSet;

use datafusion::common::Result;
use datafusion::prelude::SessionContext;
use serde::Serialize;
use serde_json::Value;

use crate::life::{Life, json_rows};
use crate::run::Prepared;

/// Copies that are named for one attribute.
const COPIES: usize = 5;

/// An attribute of a document, and what it rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Attribute {
    /// As policies name it.
    pub name: &'static str,
    /// Its value, in words.
    pub value: String,
    /// What says so; each row with its basis.
    pub evidence: Vec<String>,
}

/// The attributes of a document that was decided about, in alphabetical order; none of one that was not.
pub async fn attributes(
    context: &SessionContext,
    life: &Life,
    prepared: &Prepared,
) -> Result<Vec<Attribute>> {
    let Some(tuple) = &life.tuple else { return Ok(Vec::new()) };
    let row = &life.document;
    let source = SourceWords { prepared, name: &tuple.source };
    let none_if_empty = |text: &str| if text.is_empty() { "none".to_owned() } else { text.to_owned() };
    let mut all = vec![
        Attribute {
            name: "cluster_jurisdictions",
            value: told(&tuple.cluster_jurisdictions),
            evidence: cluster_evidence(context, row, tuple).await?,
        },
        Attribute {
            name: "community",
            value: told(&tuple.community),
            evidence: community_evidence(context, life, &source).await?,
        },
        Attribute {
            name: "jurisdictions",
            value: told(&tuple.jurisdictions),
            evidence: claim_evidence(context, row, tuple).await?,
        },
        Attribute {
            name: "license_tier",
            value: format!("{} ({})", tuple.license_tier, none_if_empty(&text(row, "license"))),
            evidence: license_evidence(row),
        },
        Attribute { name: "mode", value: tuple.mode.clone(), evidence: mode_evidence(life, &source) },
        Attribute {
            name: "optout_train",
            value: tuple.optout_train.as_str().to_owned(),
            evidence: optout_evidence(row),
        },
        Attribute {
            name: "personal",
            value: if tuple.personal { "yes" } else { "no" }.to_owned(),
            evidence: personal_evidence(life, &source),
        },
        Attribute {
            name: "source",
            value: tuple.source.clone(),
            evidence: vec![format!("input {}", text(row, "input"))],
        },
        Attribute {
            name: "steward",
            value: none_if_empty(&tuple.steward),
            evidence: steward_evidence(life, &source),
        },
    ];
    for attribute in &mut all {
        if attribute.evidence.is_empty() {
            attribute.evidence.push("nothing says anything".to_owned());
        }
    }
    Ok(all)
}

/// What a source of the config says of all its documents.
struct SourceWords<'a> {
    prepared: &'a Prepared,
    name: &'a str,
}

impl SourceWords<'_> {
    fn facts(&self) -> Option<&crate::ingest::SourceFacts> {
        self.prepared.sources.get(self.name)
    }
}

fn text(value: &Value, name: &str) -> String {
    match value.get(name) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

fn rows<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    value.get(name).and_then(Value::as_array).into_iter().flatten()
}

fn told(set: &BTreeSet<String>) -> String {
    if set.is_empty() { "none".to_owned() } else { set.iter().cloned().collect::<Vec<_>>().join(", ") }
}

/// A row of the document's own, as a condition.
fn not_this(row: &Value) -> String {
    format!(
        "NOT (input = '{}' AND warc_offset = {} AND inner_offset = {})",
        text(row, "input").replace('\'', "''"),
        row.get("warc_offset").and_then(Value::as_u64).unwrap_or(0),
        row.get("inner_offset").and_then(Value::as_u64).unwrap_or(0)
    )
}

/// Claims of the page, then those of its copies, then what is left: a revisit's.
async fn claim_evidence(
    context: &SessionContext,
    row: &Value,
    tuple: &crate::policy::Tuple,
) -> Result<Vec<String>> {
    let mut said = Vec::new();
    let mut explained: BTreeSet<String> = BTreeSet::new();
    for claim in rows(row, "jurisdiction_claims") {
        let binds = claim.get("binding") == Some(&Value::Bool(true));
        if binds {
            explained.insert(text(claim, "country"));
        }
        said.push(format!(
            "{} by {}{}: {}",
            text(claim, "country"),
            text(claim, "basis"),
            if binds { "" } else { ", a hint that does not bind" },
            text(claim, "evidence")
        ));
    }
    let digest = text(row, "text_digest");
    if !digest.is_empty() && !tuple.jurisdictions.is_subset(&explained) {
        let sql = format!(
            "SELECT doc_id, url, bound_copies FROM rows
             WHERE text_digest = '{digest}' AND bound_copies <> '' AND {}
             ORDER BY doc_id LIMIT {COPIES}",
            not_this(row)
        );
        for copy in json_rows(context, &sql).await? {
            let bound = text(&copy, "bound_copies");
            explained.extend(bound.split(',').map(str::to_owned));
            said.push(format!(
                "{bound} by the steward or contract of a copy: {} {}",
                text(&copy, "doc_id"),
                text(&copy, "url")
            ));
        }
    }
    let rest: BTreeSet<String> = tuple.jurisdictions.difference(&explained).cloned().collect();
    if !rest.is_empty() {
        said.push(format!("{} by a later visit of the same page (a revisit record)", told(&rest)));
    }
    Ok(said)
}

/// Countries that only near-duplicates bring.
async fn cluster_evidence(
    context: &SessionContext,
    row: &Value,
    tuple: &crate::policy::Tuple,
) -> Result<Vec<String>> {
    let mut said = Vec::new();
    if !tuple.jurisdictions.is_empty() {
        said.push(format!("{} of the document itself", told(&tuple.jurisdictions)));
    }
    let cluster = text(row, "cluster_id");
    if cluster.is_empty() || tuple.cluster_jurisdictions == tuple.jurisdictions {
        return Ok(said);
    }
    let sql = format!(
        "SELECT doc_id, url, bound_by FROM documents
         WHERE cluster_id = '{cluster}' AND bound_by <> '' AND {} ORDER BY doc_id LIMIT {COPIES}",
        not_this(row)
    );
    for copy in json_rows(context, &sql).await? {
        said.push(format!(
            "{} by a claim on a near-duplicate or copy: {} {}",
            text(&copy, "bound_by"),
            text(&copy, "doc_id"),
            text(&copy, "url")
        ));
    }
    Ok(said)
}

fn license_evidence(row: &Value) -> Vec<String> {
    let marks = rows(row, "license_evidence").map(|mark| {
        let id = text(mark, "spdx");
        let back =
            if mark.get("negated") == Some(&Value::Bool(true)) { ", taken back beside it" } else { "" };
        let id = if id.is_empty() { "no licence of the list" } else { &id };
        format!(
            "{id} by {} (about the {}{back}): {}",
            text(mark, "signal"),
            text(mark, "scope"),
            text(mark, "raw")
        )
    });
    marks.collect()
}

/// Rows of `optout_evidence`: of what is said what, by which signal, where and when.
fn optout_evidence(row: &Value) -> Vec<String> {
    let rows = rows(row, "optout_evidence").map(|evidence| {
        let mut said = format!(
            "{} {} by {}",
            text(evidence, "category"),
            text(evidence, "value"),
            text(evidence, "signal")
        );
        let told = [(" for ", "agent"), (": ", "raw"), (", from ", "source_url"), (", seen ", "observed_at")];
        for (word, name) in told {
            let value = text(evidence, name);
            if !value.is_empty() {
                said.push_str(word);
                said.push_str(&value);
            }
        }
        said
    });
    rows.collect()
}

fn seed_words(life: &Life) -> Option<String> {
    let seed = life.seed.as_ref()?;
    Some(format!("seed {} ({} of list {})", text(seed, "seed_id"), text(seed, "url"), text(seed, "source")))
}

fn seed_says(life: &Life, field: &str) -> Option<String> {
    let value = text(life.seed.as_ref()?, field);
    (!value.is_empty()).then_some(value)
}

fn mode_evidence(life: &Life, source: &SourceWords<'_>) -> Vec<String> {
    match (seed_says(life, "mode"), source.facts()) {
        (Some(mode), _) => seed_words(life).map(|seed| format!("{mode} by {seed}")).into_iter().collect(),
        (None, Some(facts)) => vec![format!("{} by source {} of the config", facts.mode, source.name)],
        (None, None) => Vec::new(),
    }
}

fn personal_evidence(life: &Life, source: &SourceWords<'_>) -> Vec<String> {
    let mut said = Vec::new();
    match (seed_says(life, "personal"), source.facts()) {
        (Some(_), _) => said.extend(seed_words(life).map(|seed| format!("said by {seed}"))),
        (None, Some(_)) => said.push(format!("said by source {} of the config", source.name)),
        (None, None) => {}
    }
    let kinds = text(&life.document, "pii_kinds");
    if !kinds.is_empty() {
        said.push(format!("found in the text, for the node's own masks: {kinds}"));
    }
    said
}

fn steward_evidence(life: &Life, source: &SourceWords<'_>) -> Vec<String> {
    if let Some(steward) = seed_says(life, "steward") {
        return seed_words(life).map(|seed| format!("{steward} by {seed}")).into_iter().collect();
    }
    let steward = source.facts().and_then(|facts| facts.steward.as_ref());
    steward.map(|steward| format!("{steward} by source {} of the config", source.name)).into_iter().collect()
}

async fn community_evidence(
    context: &SessionContext,
    life: &Life,
    source: &SourceWords<'_>,
) -> Result<Vec<String>> {
    let Some(tuple) = &life.tuple else { return Ok(Vec::new()) };
    let mut said = Vec::new();
    let mut explained: BTreeSet<String> = BTreeSet::new();
    let of_seed: BTreeSet<String> = life
        .seed
        .iter()
        .flat_map(|seed| rows(seed, "community"))
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect();
    let of_source: BTreeSet<String> =
        source.facts().into_iter().flat_map(|facts| facts.community.iter().cloned()).collect();
    if let Some(seed) = seed_words(life).filter(|_| !of_seed.is_empty()) {
        said.push(format!("{} by {seed}", told(&of_seed)));
    }
    if !of_source.is_empty() {
        said.push(format!("{} by source {} of the config", told(&of_source), source.name));
    }
    explained.extend(of_seed);
    explained.extend(of_source);
    let digest = text(&life.document, "text_digest");
    if !digest.is_empty() && !tuple.community.is_subset(&explained) {
        let sql = format!(
            "SELECT doc_id, url, array_to_string(community, ',') AS community FROM rows
             WHERE text_digest = '{digest}' AND steward IS NOT NULL AND {} ORDER BY doc_id LIMIT {COPIES}",
            not_this(&life.document)
        );
        for copy in json_rows(context, &sql).await? {
            let community = text(&copy, "community");
            if !community.is_empty() {
                said.push(format!(
                    "{community} by the steward of a copy: {} {}",
                    text(&copy, "doc_id"),
                    text(&copy, "url")
                ));
            }
        }
    }
    Ok(said)
}
