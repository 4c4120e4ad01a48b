//! `openlineage.jsonl`: a version as events of OpenLineage 2-0-2, for catalogues that draw where data came from.
//!
//! Two events, START and COMPLETE, tell of one run of one job: the corpus for this node. Inputs are the crawl files, the one
//! output is the version. OpenLineage wants to know when; a hashed paper knows no clock, so both events have the day on which
//! laws and reservations were read (`as_of`, midnight UTC), and the job's documentation says so. What happened at which
//! time is in `openlineage.jsonl` of the work directory (`run/lineage.rs`), which is part of no version.
//!
//! Facets are those of the standard, and one of ours: `tapestryResidency` says under whose law a node stands and whose documents
//! it accepts. Its schema is `configs/schema/TapestryResidencyDatasetFacet.json`.
//!
//! Precedent: PyPI's `openlineage-python` 1.54, whose types name the versions of the facets.

use arrow::datatypes::{DataType, Field};
use serde_json::{Map, Value, json};

use super::Facts;
use super::portrait::{NONE, Share};
use super::tier::{Item, Rule};
use crate::seal::{InputDigest, shard_schema};

/// Who makes the events.
pub const PRODUCER: &str = concat!(env!("CARGO_PKG_REPOSITORY"), "/tree/v", env!("CARGO_PKG_VERSION"));
/// The namespace of jobs, and of datasets that have no address of their own.
pub const NAMESPACE: &str = "kilim";
const EVENT_SCHEMA: &str = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent";
/// The schema of our own facet.
const RESIDENCY_SCHEMA: &str = concat!(
    "https://raw.githubusercontent.com/kilim-data/kilim/v",
    env!("CARGO_PKG_VERSION"),
    "/configs/schema/TapestryResidencyDatasetFacet.json#/$defs/TapestryResidencyDatasetFacet"
);

/// A facet of the standard: its name with the version of its schema, and its fields.
pub fn facet(version: &str, name: &str, fields: Value) -> Value {
    with_schema(&format!("https://openlineage.io/spec/facets/{version}/{name}.json#/$defs/{name}"), fields)
}

fn with_schema(schema: &str, mut fields: Value) -> Value {
    if let Value::Object(fields) = &mut fields {
        fields.insert("_producer".to_owned(), PRODUCER.into());
        fields.insert("_schemaURL".to_owned(), schema.into());
    }
    fields
}

/// An event. `kind` is START, COMPLETE or FAIL, `time` is RFC 3339.
pub fn event(kind: &str, time: &str, run: &Value, job: &Value, inputs: &[Value], outputs: &[Value]) -> Value {
    json!({
        "eventType": kind,
        "eventTime": time,
        "producer": PRODUCER,
        "schemaURL": EVENT_SCHEMA,
        "run": run,
        "job": job,
        "inputs": inputs,
        "outputs": outputs,
    })
}

/// Events as JSON lines, keys in order.
pub fn lines(events: &[Value]) -> Vec<u8> {
    let mut out = Vec::new();
    for event in events {
        out.extend_from_slice(crate::config::sorted(event.clone()).to_string().as_bytes());
        out.push(b'\n');
    }
    out
}

/// The facet of runs that says what ran.
pub fn engine_facet() -> Value {
    let version = env!("CARGO_PKG_VERSION");
    let fields = json!({ "name": "kilim", "version": version, "openlineageAdapterVersion": version });
    facet("1-1-1", "ProcessingEngineRunFacet", fields)
}

/// The facet of jobs that says what kind they are.
pub fn job_type_facet(kind: &str) -> Value {
    let fields = json!({ "processingType": "BATCH", "integration": "KILIM", "jobType": kind });
    facet("2-0-4", "JobTypeJobFacet", fields)
}

/// A crawl file as OpenLineage names datasets: a URL by its scheme and host, and the path; a path relative to the config
/// by the corpus.
pub fn input_name(corpus: &str, name: &str) -> (String, String) {
    if let Some((scheme, rest)) = name.split_once("://") {
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        if scheme == "file" {
            return ("file".to_owned(), format!("/{path}"));
        }
        return (
            format!("{scheme}://{host}"),
            if path.is_empty() { "/".to_owned() } else { path.to_owned() },
        );
    }
    (format!("{NAMESPACE}:{corpus}"), name.to_owned())
}

/// The paper.
pub fn openlineage(facts: &Facts<'_>) -> Vec<u8> {
    let manifest = facts.manifest;
    let time = format!("{}T00:00:00Z", manifest.as_of);
    let run = json!({ "runId": facts.uuid(), "facets": { "processing_engine": engine_facet() } });
    let description = format!(
        "Documents of corpus {} for node {}. Times of these events are the day on which laws and reservations were read, \
         not those of a clock: the same inputs give the same bytes.",
        manifest.corpus, manifest.node.facts.name
    );
    let documentation = json!({ "description": description, "contentType": "text/plain" });
    let mut job_facets = json!({
        "jobType": job_type_facet("JOB"),
        "documentation": facet("1-1-0", "DocumentationJobFacet", documentation),
    });
    if let Some(owners) = owners(facts) {
        job_facets["ownership"] = facet("1-0-1", "OwnershipJobFacet", owners);
    }
    let job = json!({ "namespace": NAMESPACE, "name": job_name(facts), "facets": job_facets });
    let inputs: Vec<Value> = if facts.may(Item::Inputs) {
        manifest.inputs.iter().map(|input| input_dataset(&manifest.corpus, input)).collect()
    } else {
        Vec::new()
    };
    let start = event("START", &time, &run, &job, &inputs, &[]);
    let complete = event("COMPLETE", &time, &run, &job, &inputs, &[output_dataset(facts)]);
    lines(&[start, complete])
}

fn job_name(facts: &Facts<'_>) -> String {
    format!("{}.{}", facts.manifest.corpus, facts.manifest.node.facts.name)
}

fn input_dataset(corpus: &str, input: &InputDigest) -> Value {
    let (namespace, name) = input_name(corpus, &input.name);
    let version = json!({ "datasetVersion": format!("blake3:{}", input.blake3) });
    let statistics = json!({ "rowCount": input.records, "size": input.bytes, "fileCount": 1 });
    let mut source = json!({ "name": input.source });
    if input.name.contains("://") {
        source["uri"] = input.name.as_str().into();
    }
    json!({
        "namespace": namespace,
        "name": name,
        "facets": {
            "version": facet("1-0-1", "DatasetVersionDatasetFacet", version),
            "dataSource": facet("1-0-1", "DatasourceDatasetFacet", source),
        },
        "inputFacets": {
            "inputStatistics": facet("1-0-0", "InputStatisticsInputDatasetFacet", statistics),
        },
    })
}

fn output_dataset(facts: &Facts<'_>) -> Value {
    let manifest = facts.manifest;
    let mut facets = Map::new();
    facets.insert("schema".to_owned(), schema_facet());
    let corpus = json!({ "name": manifest.corpus });
    facets.insert("dataSource".to_owned(), facet("1-0-1", "DatasourceDatasetFacet", corpus));
    let version = json!({ "datasetVersion": facts.version() });
    facets.insert("version".to_owned(), facet("1-0-1", "DatasetVersionDatasetFacet", version));
    if let Some(owners) = owners(facts) {
        facets.insert("ownership".to_owned(), facet("1-0-1", "OwnershipDatasetFacet", owners));
    }
    facets.insert("tags".to_owned(), facet("1-0-0", "TagsDatasetFacet", json!({ "tags": tags(facts) })));
    facets.insert("tapestryResidency".to_owned(), with_schema(RESIDENCY_SCHEMA, residency(facts)));
    if let Some(metrics) = metrics(facts) {
        facets.insert(
            "dataQualityMetrics".to_owned(),
            facet("1-0-1", "DataQualityMetricsDatasetFacet", metrics),
        );
    }
    let mut statistics = Map::new();
    if let Some(rows) = facts.number(Item::Totals, manifest.rows) {
        statistics.insert("rowCount".to_owned(), rows.into());
    }
    if facts.may(Item::ShardCounts) {
        let bytes: u64 = manifest.shards.iter().map(|shard| shard.bytes).sum();
        statistics.insert("size".to_owned(), bytes.into());
        statistics.insert("fileCount".to_owned(), manifest.shards.len().into());
    }
    let statistics = facet("1-0-2", "OutputStatisticsOutputDatasetFacet", Value::Object(statistics));
    json!({
        "namespace": NAMESPACE,
        "name": format!("{}/{}", manifest.corpus, manifest.node.facts.name),
        "facets": facets,
        "outputFacets": { "outputStatistics": statistics },
    })
}

fn owners(facts: &Facts<'_>) -> Option<Value> {
    let about = facts.about();
    let publisher = about.publisher.iter().map(|party| json!({ "name": party.name, "type": "PUBLISHER" }));
    let creators = about.creators.iter().map(|party| json!({ "name": party.name, "type": "CREATOR" }));
    let owners: Vec<Value> = publisher.chain(creators).collect();
    (!owners.is_empty()).then(|| json!({ "owners": owners }))
}

/// Languages, licences and modes, so that a catalogue finds them.
fn tags(facts: &Facts<'_>) -> Vec<Value> {
    let tag = |key: &str, value: &str| json!({ "key": key, "value": value, "source": "KILIM" });
    let manifest = facts.manifest;
    let mut tags =
        vec![tag("jurisdiction", &manifest.node.facts.jurisdiction), tag("mode", &manifest.node.facts.mode)];
    let languages = facts.counts(Item::Languages, &manifest.languages);
    tags.extend(languages.named.keys().map(|lang| tag("language", lang)));
    let licences = facts.rows(Item::Licences, &facts.portrait.licenses);
    tags.extend(licences.named.keys().filter(|id| *id != NONE).map(|id| tag("license", id)));
    tags
}

fn residency(facts: &Facts<'_>) -> Value {
    let manifest = facts.manifest;
    let node = &manifest.node.facts;
    json!({
        "node": node.name,
        "jurisdiction": node.jurisdiction,
        "accepts": node.accepts,
        "mode": node.mode,
        "runsAt": manifest.runs_at,
        "runKind": manifest.run_kind,
        "asOf": manifest.as_of,
        "policies": format!("blake3:{}", manifest.policies_digest),
    })
}

/// What is known of columns without reading a shard again. Only whole: nulls per column are small numbers.
fn metrics(facts: &Facts<'_>) -> Option<Value> {
    if facts.rule(Item::Licences) != Rule::Whole {
        return None;
    }
    let (portrait, rows) = (facts.portrait, facts.manifest.rows);
    let none =
        |shares: &std::collections::BTreeMap<String, Share>| shares.get(NONE).map_or(0, |share| share.rows);
    let column = |nulls: u64| json!({ "nullCount": nulls, "count": rows.saturating_sub(nulls) });
    Some(json!({
        "rowCount": rows,
        "bytes": facts.manifest.shards.iter().map(|shard| shard.bytes).sum::<u64>(),
        "fileCount": facts.manifest.shards.len(),
        "columnMetrics": {
            "id": column(0),
            "text": column(0),
            "license": column(none(&portrait.licenses)),
            "fetched_at": column(portrait.undated),
        },
    }))
}

/// The columns of shards.
fn schema_facet() -> Value {
    let schema = shard_schema();
    let fields = schema.fields().iter().zip(1..);
    let fields: Vec<Value> = fields
        .map(|(field, position): (_, u64)| {
            json!({ "name": field.name(), "type": type_name(field), "ordinal_position": position })
        })
        .collect();
    facet("1-2-0", "SchemaDatasetFacet", json!({ "fields": fields }))
}

fn type_name(field: &Field) -> &'static str {
    match field.data_type() {
        DataType::Float32 => "float32",
        DataType::Boolean => "boolean",
        DataType::List(_) => "list<string>",
        DataType::Timestamp(..) => "timestamp[ms, UTC]",
        _ => "string",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_named_as_openlineage_names_datasets() {
        for (name, namespace, path) in [
            ("s3://crawl/CC-MAIN-2026-38/a.warc.gz", "s3://crawl", "CC-MAIN-2026-38/a.warc.gz"),
            ("https://data.example.org/habari/1.warc.gz", "https://data.example.org", "habari/1.warc.gz"),
            ("file:///srv/ke/a.warc.gz", "file", "/srv/ke/a.warc.gz"),
            ("../crawl/ዜና.warc.gz", "kilim:jaribio", "../crawl/ዜና.warc.gz"),
            ("s3://crawl", "s3://crawl", "/"),
        ] {
            assert_eq!(input_name("jaribio", name), (namespace.to_owned(), path.to_owned()), "{name}");
        }
    }
}
