//! Files that are made from the types are committed, and stay as the types are.

use std::path::Path;

use kilim::config::{schema_json, step_page, steps_markdown};

/// Fails with the command that refreshes the file.
fn assert_fresh(file: &str, expected: &str, command: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../configs").join(file);
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == expected, "configs/{file} is not what the types say; refresh it: {command}");
}

#[test]
fn the_committed_schema_is_that_of_the_types() {
    let command = "cargo run -- schema > configs/schema/corpus.schema.json";
    assert_fresh("schema/corpus.schema.json", &schema_json(), command);
}

#[test]
fn the_committed_step_reference_is_that_of_the_steps() {
    assert_fresh("STEPS.md", &steps_markdown(), "cargo run -- steps --markdown > configs/STEPS.md");
}

#[test]
fn a_step_page_has_its_sections_and_its_fields() {
    let page = step_page("filter_length").expect("filter_length is a step");
    assert!(
        page.contains("### Across languages\n") && page.contains("| `min_chars` | integer, between 0"),
        "{page}"
    );
    let error = step_page("filter_lenght").expect_err("no step is spelt so");
    assert!(error.contains("did you mean `filter_length`?"), "{error}");
}
