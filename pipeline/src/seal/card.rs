//! The card beside a manifest: the README that dataset loaders read.

use std::fmt::Write as _;

use arrow::datatypes::DataType;

use super::manifest::Manifest;
use super::write::shard_schema;
use crate::proof::ENVELOPE_FILE;

/// `README.md` of a version folder: YAML that names one config per language for loaders, and a page for people.
/// `signed_by` is the id of the key that signs the version.
pub fn card(manifest: &Manifest, signed_by: Option<&str>) -> String {
    let mut out = String::from("---\n");
    let node = &manifest.node.facts;
    let languages: std::collections::BTreeSet<&str> =
        manifest.languages.keys().filter_map(|tag| tag.split('_').next()).collect();
    if !languages.is_empty() {
        out.push_str("language:\n");
        for language in languages {
            let _ = writeln!(out, "- {language}");
        }
    }
    let _ = writeln!(out, "pretty_name: {} for node {}", manifest.corpus, node.name);
    let _ = writeln!(out, "size_categories:\n- {}", size_category(manifest.rows));
    if !manifest.shards.is_empty() {
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
            let _ =
                writeln!(out, "  data_files:\n  - split: train\n    path: data/{folder}/train-*.{extension}");
        }
    }
    push_features(&mut out, manifest);
    out.push_str("---\n\n");
    let _ = writeln!(out, "# {} for node {}\n", manifest.corpus, node.name);
    let _ = writeln!(
        out,
        "{} documents, {} characters of text, {} shards. `manifest.json` lists every shard with its digests, the \
         inputs, the policies and the books; `decisions.jsonl` says which rule let each group of rows in.\n",
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
    push_personal_data(&mut out, manifest);
    out.push_str("| language | documents |\n|---|---|\n");
    for (lang, rows) in &manifest.languages {
        let _ = writeln!(out, "| {lang} | {rows} |");
    }
    out.push_str("\nWhat became of every record, seen from this node:\n\n| outcome | records |\n|---|---|\n");
    for (outcome, records) in &manifest.books {
        let _ = writeln!(out, "| {outcome} | {records} |");
    }
    let _ = writeln!(
        out,
        "\nEach row names its licence, where one was found, and whom to attribute; a row without one has none that \
         was found, which is not permission. Check the shards with `kilim verify`."
    );
    out
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
                DataType::List(_) => writeln!(out, "  - {{name: {name}, list: string}}"),
                DataType::Timestamp(..) => {
                    writeln!(out, "  - {{name: {name}, dtype: 'timestamp[ms, tz=UTC]'}}")
                }
                _ => writeln!(out, "  - {{name: {name}, dtype: string}}"),
            };
        }
    }
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
