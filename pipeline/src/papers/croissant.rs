//! `croissant.json`: Croissant 1.1 with its Responsible AI vocabulary 1.0, and PROV-O for where the data is from.
//!
//! One `FileObject` per shard with its SHA-256, one `FileSet` over all shards and one per language, and one record set with a
//! field for each column. Paths begin at the file's own folder, so that a loader finds the shards; in the public paper they
//! are names below the node's version folder, which a reader may not have.
//! <https://docs.mlcommons.org/croissant/docs/croissant-spec-1.1.html>

use std::collections::BTreeSet;

use arrow::datatypes::DataType;
use serde_json::{Map, Value, json};

use super::tier::{Item, Tier};
use super::words::{self, NOT_STATED, put};
use super::{CROISSANT_FILE, Facts, Paper, json_bytes};
use crate::config::{Mode, ShardFormat};
use crate::seal::{ManifestShard, shard_schema};

/// Inputs that are named one by one; of more, the manifest has the list.
const MAX_INPUTS: usize = 1000;

/// The paper of this tier.
pub(super) fn croissant(facts: &Facts<'_>) -> Paper {
    let value = dataset(facts);
    match facts.tier {
        Tier::Node => Paper { path: CROISSANT_FILE.to_owned(), bytes: json_bytes(&value) },
        Tier::Public => facts.json("croissant", &value),
    }
}

fn dataset(facts: &Facts<'_>) -> Value {
    let about = facts.about();
    let mut fields = Map::new();
    put(&mut fields, "@context", context());
    put(&mut fields, "@type", json!("sc:Dataset"));
    put(&mut fields, "@id", json!(format!("urn:uuid:{}", facts.uuid())));
    let standards = ["http://mlcommons.org/croissant/1.1", "http://mlcommons.org/croissant/RAI/1.0"];
    put(&mut fields, "conformsTo", json!(standards));
    put(&mut fields, "name", json!(facts.title()));
    put(&mut fields, "description", json!(words::description(facts)));
    put(&mut fields, "license", json!([words::license_url(facts)]));
    let url = about.url.clone().unwrap_or_else(|| format!("urn:uuid:{}", facts.uuid()));
    put(&mut fields, "url", json!(url));
    let mut creators: Vec<Value> = about.makers().map(words::party).collect();
    if creators.is_empty() {
        creators.push(json!({ "@type": "sc:Organization", "name": NOT_STATED }));
    }
    put(&mut fields, "creator", Value::Array(creators));
    put(&mut fields, "publisher", about.publisher.as_ref().map(words::party));
    put(&mut fields, "datePublished", json!(facts.published()));
    put(&mut fields, "version", json!(facts.version()));
    put(&mut fields, "keywords", json!(about.keywords));
    put(&mut fields, "citeAs", about.citation.as_ref().map(|text| json!(text)));
    put(&mut fields, "conditionsOfAccess", json!(facts.mode().as_str()));
    let languages = facts.counts(Item::Languages, &facts.manifest.languages);
    let tags: BTreeSet<String> = languages.named.keys().map(|label| words::bcp47(label)).collect();
    put(&mut fields, "inLanguage", json!(tags));
    let countries: Vec<Value> = words::countries(facts)
        .named
        .keys()
        .map(|country| json!({ "@type": "sc:Country", "identifier": country }))
        .collect();
    put(&mut fields, "spatialCoverage", Value::Array(countries));
    put(&mut fields, "usageInfo", offer(facts));
    put(&mut fields, "distribution", distribution(facts, languages.named.keys()));
    put(&mut fields, "recordSet", record_set(facts));
    responsible_ai(facts, &mut fields);
    provenance(facts, &mut fields);
    Value::Object(fields)
}

/// Terms of the standard's context that are those of Croissant's own vocabulary.
const CROISSANT_TERMS: [&str; 29] = [
    "arrayShape",
    "citeAs",
    "column",
    "containedIn",
    "equivalentProperty",
    "extract",
    "field",
    "fileObject",
    "fileProperty",
    "fileSet",
    "format",
    "includes",
    "isArray",
    "isLiveDataset",
    "jsonPath",
    "key",
    "md5",
    "parentField",
    "path",
    "recordSet",
    "references",
    "regex",
    "repeated",
    "replace",
    "samplingRate",
    "separator",
    "source",
    "subField",
    "transform",
];

/// The context of the standard, with the prefixes that are used besides.
fn context() -> Value {
    let mut context = json!({
        "@language": "en",
        "@vocab": "https://schema.org/",
        "conformsTo": "dct:conformsTo",
        "cr": "http://mlcommons.org/croissant/",
        "data": { "@id": "cr:data", "@type": "@json" },
        "dataType": { "@id": "cr:dataType", "@type": "@vocab" },
        "dct": "http://purl.org/dc/terms/",
        "description": { "@container": "@language" },
        "examples": { "@id": "cr:examples", "@type": "@json" },
        "name": { "@container": "@language" },
        "odrl": "http://www.w3.org/ns/odrl/2/",
        "prov": "http://www.w3.org/ns/prov#",
        "rai": "http://mlcommons.org/croissant/RAI/",
        "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
        "sc": "https://schema.org/",
    });
    for term in CROISSANT_TERMS {
        context[term] = json!(format!("cr:{term}"));
    }
    context
}

/// Where it may be stored, as an offer of ODRL; none for what anyone may have anywhere.
fn offer(facts: &Facts<'_>) -> Option<Value> {
    if facts.mode() == Mode::Open {
        return None;
    }
    let allowed = super::dps::storage_allowed(facts);
    Some(json!({
        "@type": "odrl:Offer",
        "odrl:permission": [{
            "odrl:action": { "@id": "odrl:use" },
            "odrl:constraint": [{
                "odrl:leftOperand": { "@id": "odrl:spatial" },
                "odrl:operator": { "@id": "odrl:isAnyOf" },
                "odrl:rightOperand": allowed,
            }],
        }],
    }))
}

fn encoding(format: ShardFormat) -> (&'static str, &'static str) {
    match format {
        ShardFormat::Parquet => ("application/x-parquet", "parquet"),
        ShardFormat::JsonlZst => ("application/jsonlines", "jsonl.zst"),
    }
}

fn distribution<'l>(facts: &Facts<'_>, languages: impl Iterator<Item = &'l String>) -> Value {
    let (kind, extension) = encoding(facts.node().shards.format);
    let set = |id: &str, folder: &str| {
        json!({
            "@type": "cr:FileSet",
            "@id": id,
            "name": id,
            "encodingFormat": kind,
            "includes": format!("data/{folder}/train-*.{extension}"),
        })
    };
    let mut all = vec![set("shards", "*")];
    all.extend(languages.map(|lang| set(&format!("shards-{lang}"), lang)));
    all.extend(facts.shards().map(|shard| file_object(facts, shard, kind)));
    Value::Array(all)
}

fn file_object(facts: &Facts<'_>, shard: &ManifestShard, kind: &str) -> Value {
    let mut fields = Map::new();
    put(&mut fields, "@type", json!("cr:FileObject"));
    put(&mut fields, "@id", json!(shard.path));
    put(&mut fields, "name", json!(shard.path));
    put(&mut fields, "contentUrl", json!(shard.path));
    put(&mut fields, "encodingFormat", json!(kind));
    put(&mut fields, "sha256", json!(shard.sha256));
    if facts.may(Item::ShardCounts) {
        put(&mut fields, "contentSize", json!(format!("{} B", shard.bytes)));
    }
    Value::Object(fields)
}

fn record_set(facts: &Facts<'_>) -> Value {
    const NAME: &str = "documents";
    let fields: Vec<Value> = shard_schema()
        .fields()
        .iter()
        .map(|field| {
            let id = format!("{NAME}/{}", field.name());
            let source = json!({ "fileSet": { "@id": "shards" }, "extract": { "column": field.name() } });
            let (kind, list) = match field.data_type() {
                DataType::Float32 => ("cr:Float32", false),
                DataType::Boolean => ("sc:Boolean", false),
                DataType::Timestamp(..) => ("sc:DateTime", false),
                DataType::List(_) => ("sc:Text", true),
                _ => ("sc:Text", false),
            };
            let mut value = json!({
                "@type": "cr:Field",
                "@id": id,
                "name": field.name(),
                "description": column_words(field.name()),
                "dataType": kind,
                "source": source,
            });
            if list && let Value::Object(map) = &mut value {
                map.insert("isArray".to_owned(), json!(true));
                map.insert("arrayShape".to_owned(), json!("-1"));
            }
            value
        })
        .collect();
    let mut set = Map::new();
    put(&mut set, "@type", json!("cr:RecordSet"));
    put(&mut set, "@id", json!(NAME));
    put(&mut set, "name", json!(NAME));
    let rows = facts.number(Item::Totals, facts.manifest.rows);
    let words = rows.map_or("One record per document.".to_owned(), |rows| format!("{rows} documents."));
    put(&mut set, "description", json!(words));
    put(&mut set, "key", json!({ "@id": format!("{NAME}/id") }));
    put(&mut set, "field", Value::Array(fields));
    json!([Value::Object(set)])
}

/// What a column of a shard holds.
fn column_words(column: &str) -> &'static str {
    match column {
        "id" => "Id of the document, 128 bits in hex.",
        "text" => "Its main text.",
        "url" => "Where it was fetched from.",
        "title" => "Its title.",
        "lang" => "Its language, ISO 639-3 and ISO 15924.",
        "lang_confidence" => "Confidence in the language, from 0 to 1.",
        "license" => "The licence that was found, an SPDX id or LicenseRef; none if none was found.",
        "attribution" => "Whom to credit.",
        "jurisdictions" => "Countries whose law binds it.",
        "optout_train" => "What its publisher says about training: allow, disallow, unknown.",
        "source" => "Name of its source in the config.",
        "fetched_at" => "When it was fetched.",
        "author" => "Who wrote it.",
        "license_url" => "Where the licence stands.",
        "modified" => {
            "Whether the licence asks to be told that the work was changed: main text was taken out of a page."
        }
        _ => "Id of the decision that let it be here.",
    }
}

fn responsible_ai(facts: &Facts<'_>, fields: &mut Map<String, Value>) {
    let about = facts.about();
    let text = |text: &Option<String>| text.as_ref().map(|text| json!(text));
    put(fields, "rai:dataCollection", json!(words::collection(facts)));
    put(fields, "rai:dataCollectionType", json!(words::collection_types(facts)));
    if let Some(fetched) = facts.fetched() {
        put(fields, "rai:dataCollectionTimeframe", json!([fetched.from, fetched.to]));
    }
    put(fields, "rai:dataCollectionMissingData", text(&words::missing(facts)));
    put(fields, "rai:dataPreprocessingProtocol", json!(words::steps(facts)));
    put(fields, "rai:personalSensitiveInformation", json!(words::personal_data(facts)));
    put(fields, "rai:dataLimitations", json!(words::limits(facts)));
    put(fields, "rai:dataBiases", json!(about.biases));
    put(fields, "rai:dataUseCases", json!(about.intended_purpose.iter().collect::<Vec<_>>()));
    put(fields, "rai:dataSocialImpact", text(&about.social_impact));
    put(fields, "rai:dataReleaseMaintenancePlan", text(&about.maintenance));
}

/// Inputs as entities, the run as the activity that used them under these policies.
fn provenance(facts: &Facts<'_>, fields: &mut Map<String, Value>) {
    let manifest = facts.manifest;
    let mut from = Vec::new();
    if facts.may(Item::Inputs) && manifest.inputs.len() <= MAX_INPUTS {
        from.extend(manifest.inputs.iter().map(|input| {
            json!({
                "@type": "prov:Entity",
                "@id": format!("urn:blake3:{}", input.blake3),
                "rdfs:label": input.name,
                "sc:isPartOf": input.source,
                "sc:contentSize": format!("{} B", input.bytes),
            })
        }));
        from.extend(manifest.seeds_digest.iter().map(
            |digest| json!({ "@type": "prov:Entity", "@id": format!("urn:blake3:{digest}"), "rdfs:label": "seeds" }),
        ));
    } else {
        let sources = facts.counts(Item::Sources, &facts.source_rows());
        from.extend(sources.named.iter().map(|(name, rows)| {
            json!({ "@type": "prov:Entity", "rdfs:label": name, "rdfs:comment": format!("{rows} rows") })
        }));
    }
    put(fields, "prov:wasDerivedFrom", Value::Array(from));
    let mut used: Vec<Value> = manifest
        .policies
        .iter()
        .map(|file| json!({ "@type": "prov:Plan", "@id": format!("urn:sha256:{}", file.sha256), "rdfs:label": file.path }))
        .collect();
    if facts.may(Item::Parameters) {
        used.extend(manifest.models.iter().map(
            |model| json!({ "@type": "prov:Entity", "@id": format!("urn:blake3:{}", model.blake3), "rdfs:label": model.name }),
        ));
    }
    let activity = json!({
        "@type": "prov:Activity",
        "rdfs:label": words::steps(facts),
        "prov:atLocation": manifest.runs_at,
        "prov:used": used,
        "prov:wasAssociatedWith": { "@type": "prov:SoftwareAgent", "rdfs:label": manifest.engine },
    });
    put(fields, "prov:wasGeneratedBy", activity);
}
