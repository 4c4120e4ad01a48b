//! Sentences and lists that several papers share.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::Facts;
use super::portrait::NONE;
use super::tier::{Counts, Item};
use crate::config::{Party, SourceConfig, StepConfig};
use crate::provenance::licences;
pub(super) use crate::seal::bcp47;

/// What stands where nobody said anything.
pub(super) const NOT_STATED: &str = "not stated";

/// What the corpus is: the steward's words, or what can be said of any.
pub(super) fn description(facts: &Facts<'_>) -> String {
    facts.about().description.clone().unwrap_or_else(|| {
        format!(
            "Texts of the corpus {} for node {}, by language. Each row says where it is from, by which licence and under \
             whose law it is used, and what its publisher reserves, as far as that was found.",
            facts.manifest.corpus, facts.manifest.node.facts.name
        )
    })
}

/// How documents were gathered, in sentences.
pub(super) fn collection(facts: &Facts<'_>) -> String {
    let mut parts: Vec<String> = facts.about().collection.iter().cloned().collect();
    let (mut crawls, mut documents, mut seeds) = (0, 0, 0);
    for source in facts.config.sources.values() {
        match source {
            SourceConfig::Warc(_) => crawls += 1,
            SourceConfig::Documents(_) => documents += 1,
            SourceConfig::Seeds(_) => seeds += 1,
        }
    }
    for (count, what) in [
        (crawls, "of crawl files (WARC), read as they were fetched by others"),
        (documents, "of documents of existing corpora"),
        (seeds, "of addresses that communities gave, whose stewards answer for the pages below them"),
    ] {
        if count > 0 {
            parts.push(format!("Sources {what}: {count}."));
        }
    }
    parts.join(" ")
}

/// Kinds of the sources, in the words of the Responsible AI vocabulary of Croissant.
pub(super) fn collection_types(facts: &Facts<'_>) -> BTreeSet<&'static str> {
    let kind = |source: &SourceConfig| match source {
        SourceConfig::Warc(_) => "Web Scraping",
        SourceConfig::Documents(_) => "Secondary Data Analysis",
        SourceConfig::Seeds(_) => "Manual Human Curator",
    };
    facts.config.sources.values().map(kind).collect()
}

/// The steps, in their order; with their settings where these may be said.
pub(super) fn steps(facts: &Facts<'_>) -> Vec<String> {
    let with_settings = facts.may(Item::Parameters);
    facts.config.steps.iter().map(|step| step_words(step, with_settings)).collect()
}

fn step_words(step: &StepConfig, with_settings: bool) -> String {
    let name = format!("{} (version {})", step.kind.name(), step.kind.version());
    let settings = serde_json::to_value(step).ok().filter(|_| with_settings);
    let settings = settings.as_ref().and_then(|entry| entry.get(step.kind.name())).and_then(Value::as_object);
    let set = settings.into_iter().flatten().filter(|(_, value)| !value.is_null());
    let set: Map<String, Value> = set.map(|(key, value)| (key.clone(), value.clone())).collect();
    if set.is_empty() {
        return name;
    }
    format!("{name}: {}", crate::config::sorted(Value::Object(set)))
}

/// What was done about personal data, and what is known of it, one sentence each.
pub(super) fn personal_data(facts: &Facts<'_>) -> Vec<String> {
    let mut said: Vec<String> = facts.about().personal_information.iter().cloned().collect();
    let Some(pii) = &facts.manifest.node.pii else {
        said.push("Nobody has looked for personal data.".to_owned());
        return said;
    };
    let by = |wanted: &str| -> String {
        let kinds = pii.treatment.iter().filter(|(_, treatment)| *treatment == wanted);
        kinds.map(|(kind, _)| kind.replace('_', " ")).collect::<Vec<_>>().join(", ")
    };
    for (treatment, words) in [
        ("mask", "Masked in texts, titles, addresses and credits"),
        ("drop", "Documents with it are left out"),
        ("keep", "Looked for and kept"),
    ] {
        let kinds = by(treatment);
        if !kinds.is_empty() {
            said.push(format!("{words}: {kinds}."));
        }
    }
    let masks = facts.counts(Item::PersonalData, &pii.masked);
    if !masks.named.is_empty() {
        said.push(format!("Masks: {}.", list(&masks)));
    }
    said.push("Names and postal addresses are not looked for.".to_owned());
    said
}

/// What limits are known, one sentence each.
pub(super) fn limits(facts: &Facts<'_>) -> Vec<String> {
    let mut said = facts.about().limits.clone();
    said.push(
        "Licences, reservations and jurisdictions are evidence that was found, not legal advice; a row without a licence has \
         none that was found, which is not permission."
            .to_owned(),
    );
    if facts.manifest.run_kind == "shared" {
        said.push("Documents were worked on outside the node's jurisdiction.".to_owned());
    }
    said
}

/// What is missing and why, in sentences.
pub(super) fn missing(facts: &Facts<'_>) -> Option<String> {
    let books = facts.counts(Item::Outcomes, &facts.manifest.books);
    let left_out: Vec<String> = books
        .named
        .iter()
        .filter(|(outcome, _)| outcome.as_str() != "sharded")
        .map(|(outcome, records)| format!("{outcome} {records}"))
        .collect();
    (!left_out.is_empty())
        .then(|| format!("Records that are not among the rows, by outcome: {}.", left_out.join(", ")))
}

/// `a 3, b 2, others 7`.
fn list(counts: &Counts) -> String {
    let named = counts.named.iter().map(|(name, count)| format!("{} {count}", name.replace('_', " ")));
    let others = counts.others.map(|others| format!("others {others}"));
    named.chain(others).collect::<Vec<_>>().join(", ")
}

/// The licence of the collection as an address: of the licence's text, or of SPDX's word for what nobody stated.
pub(super) fn license_url(facts: &Facts<'_>) -> String {
    let about = facts.about();
    let Some(license) = &about.license else { return "http://spdx.org/rdf/terms#noassertion".to_owned() };
    let of_list = || spdx::license_id(license).and_then(|id| licences::url_of(id.name));
    about.license_url.clone().or_else(of_list).unwrap_or_else(|| license.clone())
}

/// Countries by which rows are bound, with rows; those of several countries count in each.
pub(super) fn countries(facts: &Facts<'_>) -> Counts {
    let mut rows: BTreeMap<String, u64> = BTreeMap::new();
    for (countries, share) in &facts.portrait.jurisdictions {
        for country in countries.split(',').filter(|country| *country != NONE && !country.is_empty()) {
            *rows.entry(country.to_owned()).or_default() += share.rows;
        }
    }
    facts.counts(Item::Jurisdictions, &rows)
}

/// An organisation or person of schema.org.
pub(super) fn party(party: &Party) -> Value {
    let mut fields = Map::new();
    fields.insert("@type".to_owned(), json!("sc:Organization"));
    fields.insert("name".to_owned(), json!(party.name));
    if let Some(url) = &party.url {
        fields.insert("url".to_owned(), json!(url));
    }
    if let Some(email) = &party.email {
        fields.insert("email".to_owned(), json!(email));
    }
    if let Some(country) = &party.country {
        let address = json!({ "@type": "sc:PostalAddress", "addressCountry": country });
        fields.insert("address".to_owned(), address);
    }
    Value::Object(fields)
}

/// Puts `value` into `fields` under `name`, unless it is nothing.
pub(super) fn put(fields: &mut Map<String, Value>, name: &str, value: impl Into<Option<Value>>) {
    let Some(value) = value.into() else { return };
    let nothing = match &value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
        Value::String(text) => text.is_empty(),
        _ => false,
    };
    if !nothing {
        fields.insert(name.to_owned(), value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_become_tags_of_bcp_47() {
        for (label, tag) in
            [("swa_Latn", "sw-Latn"), ("luo_Latn", "luo-Latn"), ("zho_Hans", "zh-Hans"), ("amh", "am")]
        {
            assert_eq!(bcp47(label), tag);
        }
    }
}
