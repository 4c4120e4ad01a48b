//! The card beside a manifest: the README that dataset loaders and hubs read.
//!
//! Its YAML names a config per language for loaders, and what hubs and the Open Trusted Data Initiative ask of a dataset. The
//! card follows from the manifest and from who signed, so that `kilim verify` can write it again and compare.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use arrow::datatypes::DataType;

use super::card_text::{line, paragraph, yaml};
use super::manifest::Manifest;
use super::write::shard_schema;
use crate::proof::ENVELOPE_FILE;
use crate::provenance::licences;

/// Licences that hubs know by name; others are `other`, with a name and an address.
const HUB_LICENSES: [&str; 17] = [
    "apache-2.0",
    "cc-by-2.0",
    "cc-by-2.5",
    "cc-by-3.0",
    "cc-by-4.0",
    "cc-by-nc-4.0",
    "cc-by-nc-nd-4.0",
    "cc-by-nc-sa-4.0",
    "cc-by-nd-4.0",
    "cc-by-sa-3.0",
    "cc-by-sa-4.0",
    "cc0-1.0",
    "cdla-permissive-2.0",
    "cdla-sharing-1.0",
    "mit",
    "odbl",
    "pddl",
];

/// What stands where nobody said anything.
const NOT_STATED: &str = "not stated";

/// `README.md` of a version folder: YAML for loaders and hubs, and a page for people. `signed_by` is the id of the key that
/// signs the version.
pub fn card(manifest: &Manifest, signed_by: Option<&str>) -> String {
    let mut out = String::from("---\n");
    push_front_matter(&mut out, manifest);
    out.push_str("---\n\n");
    let (node, about) = (&manifest.node.facts, &manifest.about);
    let _ = writeln!(out, "# {}\n", line(&title(manifest)));
    if let Some(description) = &about.description {
        let _ = writeln!(out, "{}\n", paragraph(description));
    }
    let _ = writeln!(
        out,
        "{} documents, {} characters of text, {} shards. `manifest.json` lists every shard with its digests, the \
         inputs, the policies and the books; `decisions.jsonl` says which rule let each group of rows in; `croissant.json` \
         and `papers/` say the same in the words of others' standards, `papers/public/` what everyone may know.\n",
        manifest.rows,
        manifest.text_chars,
        manifest.shards.len()
    );
    let signature = signed_by
        .map_or_else(|| "unsigned".to_owned(), |key| format!("Ed25519, key `{key}`, in `{ENVELOPE_FILE}`"));
    let accepts = node.accepts.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
    let _ = writeln!(
        out,
        "| | |\n|---|---|\n| jurisdiction | {} |\n| mode | {} |\n| accepts | {accepts} |\n| rules read as of | {} |\n\
         | run stood in | {} ({} run) |\n| signature | {} |\n",
        node.jurisdiction, node.mode, manifest.as_of, manifest.runs_at, manifest.run_kind, signature
    );
    push_people(&mut out, manifest);
    push_sources(&mut out, manifest);
    out.push_str("## Personal and sensitive information\n\n");
    if let Some(words) = &about.personal_information {
        let _ = writeln!(out, "{}\n", paragraph(words));
    }
    push_personal_data(&mut out, manifest);
    out.push_str("## Languages and outcomes\n\n| language | documents |\n|---|---|\n");
    for (lang, rows) in &manifest.languages {
        let _ = writeln!(out, "| {lang} | {rows} |");
    }
    out.push_str("\nWhat became of every record, seen from this node:\n\n| outcome | records |\n|---|---|\n");
    for (outcome, records) in &manifest.books {
        let _ = writeln!(out, "| {outcome} | {records} |");
    }
    push_limits(&mut out, manifest);
    out
}

fn title(manifest: &Manifest) -> String {
    let title = manifest.about.title.as_deref().unwrap_or(&manifest.corpus);
    format!("{title} for node {}", manifest.node.facts.name)
}

fn push_front_matter(out: &mut String, manifest: &Manifest) {
    let (node, about) = (&manifest.node.facts, &manifest.about);
    let languages: BTreeSet<&str> =
        manifest.languages.keys().filter_map(|tag| tag.split('_').next()).collect();
    push_list(out, "language", languages.into_iter().map(str::to_owned));
    push_list(out, "language_bcp47", manifest.languages.keys().map(|label| bcp47(label)));
    push_license(out, manifest);
    let _ = writeln!(out, "pretty_name: {}", yaml(&title(manifest)));
    let _ = writeln!(out, "size_categories:\n- {}", size_category(manifest.rows));
    let derived = |kind: &str| manifest.sources.values().any(|source| source.kind == kind);
    let mut origins = Vec::new();
    if derived("warc") || derived("seeds") {
        origins.push("original".to_owned());
    }
    let extended = manifest.sources.iter().filter(|(_, source)| source.kind == "documents");
    origins.extend(extended.map(|(name, _)| format!("extended|other-{name}")));
    push_list(out, "source_datasets", origins.into_iter().map(|origin| yaml(&origin)));
    push_list(out, "task_categories", ["text-generation".to_owned()].into_iter());
    let own = [
        format!("jurisdiction:{}", node.jurisdiction),
        format!("mode:{}", node.mode),
        "croissant".to_owned(),
    ];
    push_list(out, "tags", own.iter().chain(&about.keywords).map(|tag| yaml(tag)));
    let summary = about.description.as_deref().unwrap_or(
        "Texts by language; each row says where it is from, by which licence and under whose law it is used, and what its \
         publisher reserves.",
    );
    let _ = writeln!(out, "dataset_summary: {}", yaml(summary));
    let makers: Vec<&str> = about.makers().map(|party| party.name.as_str()).collect();
    let makers = if makers.is_empty() { NOT_STATED.to_owned() } else { makers.join(", ") };
    let _ = writeln!(out, "curated_by: {}", yaml(&makers));
    let _ = writeln!(out, "unique_metadata_identifier: {}", yaml(&super::identity::urn(manifest)));
    let looked = if manifest.node.pii.is_some() { "kilim-detect-pii" } else { "not-looked-for" };
    let _ = writeln!(out, "personal_and_sensitive_information: {looked}");
    push_configs(out, manifest);
    push_features(out, manifest);
}

fn push_list(out: &mut String, name: &str, items: impl Iterator<Item = String>) {
    let mut items = items.peekable();
    if items.peek().is_none() {
        return;
    }
    let _ = writeln!(out, "{name}:");
    for item in items {
        let _ = writeln!(out, "- {item}");
    }
}

/// The licence of the collection. Without one: what is true of each row.
fn push_license(out: &mut String, manifest: &Manifest) {
    let about = &manifest.about;
    let Some(license) = &about.license else {
        out.push_str("license: other\nlicense_name: named-in-each-row\n");
        return;
    };
    let lower = match license.to_ascii_lowercase() {
        id if id == "odbl-1.0" => "odbl".to_owned(),
        id if id == "pddl-1.0" => "pddl".to_owned(),
        id => id,
    };
    if HUB_LICENSES.contains(&lower.as_str()) {
        let _ = writeln!(out, "license: {lower}");
    } else {
        let _ = writeln!(out, "license: other\nlicense_name: {}", yaml(license));
    }
    let url = about.license_url.clone();
    let url = url.or_else(|| spdx::license_id(license).and_then(|id| licences::url_of(id.name)));
    if let Some(url) = url {
        let _ = writeln!(out, "license_link: {}", yaml(&url));
    }
}

fn push_configs(out: &mut String, manifest: &Manifest) {
    if manifest.shards.is_empty() {
        return;
    }
    out.push_str("configs:\n");
    let extension = manifest.shards[0].path.split_once('.').map_or("parquet", |(_, tail)| tail);
    let all = "all".to_owned();
    let every = "*".to_owned();
    let named = manifest.languages.keys().map(|lang| (lang, lang));
    for (name, folder) in std::iter::once((&all, &every)).chain(named) {
        let _ = writeln!(out, "- config_name: {name}");
        if name == "all" {
            out.push_str("  default: true\n");
        }
        let _ = writeln!(out, "  data_files:\n  - split: train\n    path: data/{folder}/train-*.{extension}");
    }
}

fn push_people(out: &mut String, manifest: &Manifest) {
    let about = &manifest.about;
    let makers: Vec<String> = about
        .makers()
        .map(|party| match &party.url {
            Some(url) => format!("{} (<{}>)", line(&party.name), line(url)),
            None => line(&party.name),
        })
        .collect();
    let stated = |text: &Option<String>| text.as_deref().map_or(NOT_STATED.to_owned(), line);
    let makers = if makers.is_empty() { NOT_STATED.to_owned() } else { makers.join(", ") };
    let license = about.license.as_deref().map_or("each row names its own".to_owned(), |license| {
        format!("{} for the collection; each row names its own", line(license))
    });
    let _ = writeln!(
        out,
        "## Who and what for\n\n| | |\n|---|---|\n| curated by | {makers} |\n| licence | {license} |\n| purpose | {} |\n\
         | takedowns | {} |\n| cite as | {} |\n",
        stated(&about.intended_purpose),
        stated(&about.takedown_contact),
        stated(&about.citation),
    );
    for constraint in &about.use_constraints {
        let _ = writeln!(out, "- Not for this: {}", line(constraint));
    }
    if !about.use_constraints.is_empty() {
        out.push('\n');
    }
}

fn push_sources(out: &mut String, manifest: &Manifest) {
    out.push_str("## Data collection and processing\n\n");
    if let Some(collection) = &manifest.about.collection {
        let _ = writeln!(out, "{}\n", paragraph(collection));
    }
    out.push_str("| source | kind | crawl | steward | files | records |\n|---|---|---|---|---|---|\n");
    for (name, source) in &manifest.sources {
        let inputs = manifest.inputs.iter().filter(|input| &input.source == name);
        let (files, records) =
            inputs.fold((0, 0), |(files, records), input| (files + 1, records + input.records));
        let or_dash = |text: &Option<String>| text.as_deref().map_or("-".to_owned(), line);
        let (crawl, steward) = (or_dash(&source.crawl), or_dash(&source.steward));
        let _ = writeln!(out, "| {name} | {} | {crawl} | {steward} | {files} | {records} |", source.kind);
    }
    out.push_str(
        "\nRecords become rows, steps mark them, policies decide, and what a node may have and nobody has already is \
         sealed into shards. `papers/tapestry.json` has the steps and their settings.\n\n",
    );
}

fn push_personal_data(out: &mut String, manifest: &Manifest) {
    let Some(pii) = &manifest.node.pii else {
        out.push_str("Nobody has looked for personal data.\n\n");
        return;
    };
    out.push_str("| personal data | treatment | masks |\n|---|---|---|\n");
    for (kind, treatment) in &pii.treatment {
        let masks = pii.masked.get(kind).copied().unwrap_or(0);
        let _ = writeln!(out, "| {kind} | {treatment} | {masks} |");
    }
    out.push_str("\nNames and postal addresses are not looked for.\n\n");
}

fn push_limits(out: &mut String, manifest: &Manifest) {
    out.push_str("\n## Limits\n\n");
    let about = &manifest.about;
    for text in about.limits.iter().chain(&about.biases).chain(&about.social_impact).chain(&about.maintenance)
    {
        let _ = writeln!(out, "- {}", line(text));
    }
    let _ = writeln!(
        out,
        "- Each row names its licence, where one was found, and whom to attribute; a row without one has none that \
         was found, which is not permission.\n\nCheck the shards with `kilim verify`."
    );
}

/// The columns with their types, per config: JSON lines do not say what a column is that is null in the first language.
fn push_features(out: &mut String, manifest: &Manifest) {
    if manifest.shards.is_empty() {
        return;
    }
    out.push_str("dataset_info:\n");
    for config in std::iter::once("all").chain(manifest.languages.keys().map(String::as_str)) {
        let _ = writeln!(out, "- config_name: {config}\n  features:");
        for field in shard_schema().fields() {
            let (name, kind) = (field.name(), field.data_type());
            let _ = match kind {
                DataType::Float32 => writeln!(out, "  - {{name: {name}, dtype: float32}}"),
                DataType::Boolean => writeln!(out, "  - {{name: {name}, dtype: bool}}"),
                DataType::List(_) => writeln!(out, "  - {{name: {name}, list: string}}"),
                DataType::Timestamp(..) => {
                    writeln!(out, "  - {{name: {name}, dtype: 'timestamp[ms, tz=UTC]'}}")
                }
                _ => writeln!(out, "  - {{name: {name}, dtype: string}}"),
            };
        }
    }
}

/// A label of a language in the form of BCP 47: `swa_Latn` is `sw-Latn`.
pub(crate) fn bcp47(label: &str) -> String {
    let (code, script) = label.split_once('_').unwrap_or((label, ""));
    let code = kilim_langid::to_short_code(code).unwrap_or(code);
    if script.is_empty() { code.to_owned() } else { format!("{code}-{script}") }
}

/// The size categories of dataset hubs.
fn size_category(rows: u64) -> &'static str {
    match rows {
        0..1_000 => "n<1K",
        1_000..10_000 => "1K<n<10K",
        10_000..100_000 => "10K<n<100K",
        100_000..1_000_000 => "100K<n<1M",
        1_000_000..10_000_000 => "1M<n<10M",
        10_000_000..100_000_000 => "10M<n<100M",
        100_000_000..1_000_000_000 => "100M<n<1B",
        _ => "n>1B",
    }
}
