//! The step reference, made from what the steps say of themselves: the header of their file and the schema of their
//! fields.

use std::fmt::Write;

use serde_json::Value;

use super::diagnostic::nearest;
use super::forms::{range_words, words};
use super::schema::corpus_schema;
use crate::steps::{STEPS, StepInfo};

/// The reference of all steps, as Markdown: the text of `configs/STEPS.md`.
pub fn steps_markdown() -> String {
    let mut page = String::from(
        "# Steps\n\nWhat a config may list under `steps:`. Steps that look at one document come before steps that \
         look at all of them.\n\n\
         <!-- Made by `cargo run -- steps --markdown > configs/STEPS.md`; do not edit. -->\n\n\
         | step | looks at | what it does |\n|---|---|---|\n",
    );
    for step in STEPS {
        let looks_at = if step.corpus { "all documents" } else { "one document" };
        let anchor = step.name;
        let _ = writeln!(page, "| [`{anchor}`](#{anchor}) | {looks_at} | {} |", step.summary());
    }
    for step in STEPS {
        page.push('\n');
        page.push_str(&page_of(step));
    }
    page
}

/// The page of one step, as Markdown; the error says which step was probably meant.
pub fn step_page(name: &str) -> Result<String, String> {
    if let Some(step) = STEPS.iter().find(|step| step.name == name) {
        return Ok(page_of(step));
    }
    let names = STEPS.iter().map(|step| step.name);
    Err(match nearest(name, names.clone()) {
        Some(near) => format!("no step is called `{name}`; did you mean `{near}`?"),
        None => format!("no step is called `{name}`; known are {}", names.collect::<Vec<_>>().join(", ")),
    })
}

fn page_of(step: &StepInfo) -> String {
    let mut page = format!("## {}\n\n", step.name);
    // The headings of a file's header are one level below the step's own.
    let mut in_code = false;
    for line in step.header().lines() {
        in_code ^= line.starts_with("```");
        let heading = !in_code && line.starts_with("# ");
        let _ = writeln!(page, "{}{line}", if heading { "##" } else { "" });
    }
    page.push_str("\n### Fields\n\n");
    let schema = resolve(&schema_of(step));
    let fields = schema.get("properties").and_then(Value::as_object).filter(|fields| !fields.is_empty());
    let Some(fields) = fields else {
        page.push_str("None.\n");
        return page;
    };
    let required: Vec<_> = schema.get("required").and_then(Value::as_array).into_iter().flatten().collect();
    page.push_str("| field | type | default | what it is |\n|---|---|---|---|\n");
    for (name, field) in fields {
        let default = match field.get("default") {
            Some(Value::String(text)) => format!("`{text}`"),
            Some(default) => format!("`{default}`"),
            None if required.iter().any(|required| *required == name) => "required".to_owned(),
            None => "none".to_owned(),
        };
        let says = field.get("description").and_then(Value::as_str).unwrap_or_default();
        let says = says.replace('\n', " ").replace('|', "\\|");
        let _ =
            writeln!(page, "| `{name}` | {} | {default} | {says} |", type_words(field).replace('|', "\\|"));
    }
    page
}

/// The schema of a step's fields as it stands in the schema of a config.
fn schema_of(step: &StepInfo) -> Value {
    let variants = corpus_schema()["$defs"]["StepConfig"]["oneOf"].as_array().into_iter().flatten();
    let mut fields = variants.filter_map(|variant| variant["properties"].get(step.name));
    fields.next().cloned().unwrap_or_default()
}

fn resolve(schema: &Value) -> Value {
    let target = schema.get("$ref").and_then(Value::as_str).and_then(|reference| reference.strip_prefix('#'));
    match target.and_then(|pointer| corpus_schema().pointer(pointer)) {
        Some(target) => resolve(target),
        None => schema.clone(),
    }
}

/// The type of a field in words, with its range.
fn type_words(field: &Value) -> String {
    let field = resolve(field);
    if let Some(branches) = field.get("anyOf").and_then(Value::as_array) {
        let forms: Vec<_> = branches.iter().map(type_words).filter(|form| form != "null").collect();
        return forms.join(" or ");
    }
    let words = words(&field);
    if !words.is_empty() {
        return words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
    }
    let format = field.get("format").and_then(Value::as_str);
    let kinds: Vec<&str> = match field.get("type") {
        Some(Value::String(kind)) => vec![kind.as_str()],
        Some(Value::Array(kinds)) => {
            kinds.iter().filter_map(Value::as_str).filter(|kind| *kind != "null").collect()
        }
        _ => vec!["any"],
    };
    let kind = match (kinds[..].first().copied(), format) {
        (_, Some("fraction")) => return "fraction, such as 1% or 0.01".to_owned(),
        (Some("string"), Some(format)) => return format.replace('-', " "),
        (Some("string"), None) => "text",
        (Some("array"), _) => {
            let items = field.get("items").map(type_words).unwrap_or_default();
            return format!("list of {items}");
        }
        (Some("object"), _) => "map",
        (Some(kind), _) => kind,
        (None, _) => "any",
    };
    let range = range_words(&field);
    if range.is_empty() { kind.to_owned() } else { format!("{kind}, {range}") }
}
