//! What holds for every document step: it is listed, documented, its example parses, and its case file passes.
//!
//! A case file is `data-samples/cases/<step>.yaml`: cases with a name, what is given, and what is expected. A case
//! that gives `html` to a step other than `extract_html` runs that one first, so that marks are there; `filter_quality` has
//! `measure_quality` before it.

#![expect(clippy::unwrap_used, reason = "a failing case should panic, and these are all tests")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use garde::Validate;
use kilim::config::StepConfig;
use kilim::document::{Language, Page, Record};
use kilim::quality::SIGNALS;
use kilim::step::Resources;
use kilim::steps::{STEPS, StepKind};
use kilim_connectors::seeds::Draft;
use kilim_connectors::signals::fold;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CaseFile {
    version: u32,
    step: String,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    #[serde(default = "empty_config")]
    config: serde_json::Value,
    given: Given,
    expect: Expect,
}

fn empty_config() -> serde_json::Value {
    serde_json::json!({})
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Given {
    url: String,
    host: String,
    content_type: String,
    http_head: String,
    html: String,
    text: String,
    lang: Option<String>,
    confidence: f32,
    seed_countries: Vec<String>,
    seed_license: Option<String>,
    /// `training_ok`, then `license_basis`, then, where there is proof, its address.
    seed_training: Vec<String>,
}

/// What is not named is not compared.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Expect {
    reasons: Vec<String>,
    text: Option<String>,
    title: Option<String>,
    extractor: Option<String>,
    html_lang: Option<String>,
    blocks: Option<Vec<String>>,
    lang: Option<String>,
    license: Option<String>,
    no_license: bool,
    license_tier: Option<u8>,
    license_scope: Option<String>,
    license_url: Option<String>,
    license_declared: Option<String>,
    /// `licences` or `versions`, or both: what disagrees.
    license_disagrees: Option<Vec<String>>,
    attribution: Option<String>,
    author: Option<String>,
    /// `signal scope spdx`, `-` for none, `negated` and `excepted` where it is.
    evidence: Option<Vec<String>>,
    /// `basis country`.
    claims: Option<Vec<String>>,
    /// By name; to three places.
    signals: BTreeMap<String, f64>,
    /// `kind: what stands there`.
    pii: Option<Vec<String>>,
    /// `signal category value`, and the agent where one is named.
    optout: Option<Vec<String>>,
    /// What it comes to.
    optout_train: Option<String>,
    /// `kind of hits of different entries`, such as `adult words 3 of 2`.
    list_hits: Option<Vec<String>>,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The names of the files in `steps/`, without `mod.rs`.
fn step_files() -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(root().join("pipeline/src/steps"))
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
        .filter(|name| name != "mod")
        .collect();
    names.sort();
    names
}

fn source(step: &str) -> String {
    fs::read_to_string(root().join(format!("pipeline/src/steps/{step}.rs"))).unwrap()
}

fn header(step: &str) -> String {
    let lines = source(step);
    let lines = lines.lines().take_while(|line| line.starts_with("//!"));
    lines.map(|line| line.trim_start_matches("//!").trim_start_matches(' ').to_owned() + "\n").collect()
}

fn example(step: &str) -> String {
    let header = header(step);
    let (_, rest) = header.split_once("```yaml\n").unwrap_or_else(|| panic!("{step} has an example"));
    rest.split_once("```").unwrap_or_else(|| panic!("{step}'s example ends")).0.to_owned()
}

/// The step as a config would give it, valid.
fn parse(what: &str, entry: Result<StepConfig, impl std::fmt::Display>) -> StepKind {
    let entry = entry.unwrap_or_else(|e| panic!("{what}: {e}"));
    entry.validate().unwrap_or_else(|e| panic!("{what}: {e}"));
    entry.kind
}

fn apply(kind: &StepKind, resources: &Resources, page: &mut Page<'_>) {
    kind.build(resources)
        .unwrap()
        .unwrap_or_else(|| panic!("{} is a document step", kind.name()))
        .apply(page);
}

fn run(step: &str) {
    let kind = parse(step, serde_saphyr::from_str(&example(step)));
    assert_eq!(kind.name(), step, "the example of {step} names it");

    let path = root().join(format!("data-samples/cases/{step}.yaml"));
    let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let file: CaseFile = serde_saphyr::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    assert_eq!((file.version, file.step.as_str()), (1, step));
    assert!(!file.cases.is_empty());
    let resources = Resources::new(&root());
    for case in &file.cases {
        let name = format!("{step}: {}", case.name);
        let kind = parse(&name, serde_json::from_value(serde_json::json!({ step: case.config })));
        let given = &case.given;
        let has_seed = !given.seed_countries.is_empty() || !given.seed_training.is_empty();
        let seed = (has_seed || given.seed_license.is_some()).then(|| {
            let training = |index: usize| given.seed_training.get(index);
            let draft = Draft {
                country_claims: given.seed_countries.clone(),
                license: given.seed_license.clone(),
                training_ok: training(0).map(|word| word.parse().unwrap()),
                license_basis: training(1).map(|word| word.parse().unwrap()),
                evidence_url: training(2).cloned(),
                ..Draft::new("https://jamii.example/")
            };
            draft.finish("cases").unwrap()
        });
        let record = Record {
            url: &given.url,
            host: &given.host,
            content_type: &given.content_type,
            http_head: &given.http_head,
            html: &given.html,
            ..Record::default()
        };
        let language = given.lang.as_ref().map(|lang| Language {
            lang: lang.parse().unwrap(),
            confidence: given.confidence,
            margin: 0.0,
            top: Vec::new(),
            engine: Arc::from("whatlang"),
        });
        let mut page =
            Page { record, seed: seed.as_ref(), text: given.text.clone(), language, ..Page::default() };
        if step != "extract_html" && !given.html.is_empty() {
            let first = parse(&name, serde_json::from_value(serde_json::json!({ "extract_html": {} })));
            apply(&first, &resources, &mut page);
        }
        if step == "filter_quality" {
            let first = parse(&name, serde_json::from_value(serde_json::json!({ "measure_quality": {} })));
            apply(&first, &resources, &mut page);
        }
        apply(&kind, &resources, &mut page);
        compare(&name, &page, &case.expect);
    }
    assert!(scripts(&text) >= 3, "{step}: cases in at least three scripts besides Latin, or two and Latin");
}

fn compare(name: &str, page: &Page<'_>, expect: &Expect) {
    let reasons: Vec<_> = page.reasons.iter().map(|reason| reason.code.as_ref()).collect();
    assert_eq!(reasons, expect.reasons, "{name}: reasons");
    let same = |what: &str, expected: Option<&String>, found: &str| {
        if let Some(expected) = expected {
            assert_eq!(found, expected, "{name}: {what}");
        }
    };
    same("text", expect.text.as_ref(), &page.text);
    same("title", expect.title.as_ref(), &page.title);
    same("extractor", expect.extractor.as_ref(), page.extractor);
    same("html_lang", expect.html_lang.as_ref(), page.html_lang.as_deref().unwrap_or_default());
    let lang = page.language.as_ref().map(|language| language.lang.to_string());
    same("lang", expect.lang.as_ref(), lang.as_deref().unwrap_or_default());
    same("license", expect.license.as_ref(), page.license.as_deref().unwrap_or_default());
    same("attribution", expect.attribution.as_ref(), page.attribution.as_deref().unwrap_or_default());
    same("author", expect.author.as_ref(), page.author.as_deref().unwrap_or_default());
    same("license_scope", expect.license_scope.as_ref(), page.license_scope.unwrap_or_default());
    same("license_url", expect.license_url.as_ref(), page.license_url.as_deref().unwrap_or_default());
    same("license_declared", expect.license_declared.as_ref(), page.license_declared.unwrap_or_default());
    assert!(!(expect.no_license && page.license.is_some()), "{name}: {:?}", page.license);
    if let Some(tier) = expect.license_tier {
        assert_eq!(page.license_tier, tier, "{name}: tier of {:?}", page.license_evidence);
    }
    let list = |what: &str, expected: Option<&Vec<String>>, found: Vec<String>| {
        if let Some(expected) = expected {
            assert_eq!(&found, expected, "{name}: {what}");
        }
    };
    let blocks =
        page.blocks.iter().map(|b| format!("{}: {}", b.kind, &page.text[b.start as usize..b.end as usize]));
    list("blocks", expect.blocks.as_ref(), blocks.collect());
    let evidence = page.license_evidence.iter().map(|row| {
        let negated = if row.negated { " negated" } else { "" };
        let excepted = if row.excepted { " excepted" } else { "" };
        format!("{} {} {}{negated}{excepted}", row.signal, row.scope, row.spdx.as_deref().unwrap_or("-"))
    });
    let disagrees =
        [("licences", page.license_disagreement), ("versions", page.license_version_disagreement)];
    let disagrees = disagrees.iter().filter(|(_, set)| *set).map(|(what, _)| (*what).to_owned());
    list("license_disagrees", expect.license_disagrees.as_ref(), disagrees.collect());
    list("evidence", expect.evidence.as_ref(), evidence.collect());
    let claims = page.claims.iter().map(|claim| format!("{} {}", claim.basis, claim.country));
    list("claims", expect.claims.as_ref(), claims.collect());
    for (signal, expected) in &expect.signals {
        let known = SIGNALS.iter().find(|known| known.name == signal);
        let known = known.unwrap_or_else(|| panic!("{name}: no signal {signal}"));
        let found = (known.get)(&page.signals.unwrap());
        assert!((found - expected).abs() < 0.001, "{name}: {signal} is {found}, expected {expected}");
    }
    let pii = page.pii.iter().flatten().map(|span| format!("{}: {}", span.kind, &page.text[span.range()]));
    list("pii", expect.pii.as_ref(), pii.collect());
    let optout = page.optout_evidence.iter().flatten().map(|row| {
        let said = format!("{} {} {}", row.signal_word(), row.category.as_str(), row.value.as_str());
        if row.agent.is_empty() { said } else { format!("{said} {}", row.agent) }
    });
    list("optout", expect.optout.as_ref(), optout.collect());
    let train = page.optout_evidence.as_deref().map(|rows| fold(rows).0.as_str());
    same("optout_train", expect.optout_train.as_ref(), train.unwrap_or_default());
    let hits = page.list_hits.iter().flatten();
    let hits = hits.map(|met| format!("{} {} {} of {}", met.kind, met.of, met.found.hits, met.found.entries));
    list("list_hits", expect.list_hits.as_ref(), hits.collect());
}

/// How many scripts a text has letters of.
fn scripts(text: &str) -> usize {
    use unicode_script::{Script, UnicodeScript};
    let mut found: Vec<&str> = text
        .chars()
        .map(|c| c.script())
        .filter(|script| !matches!(script, Script::Common | Script::Inherited | Script::Unknown))
        .map(Script::short_name)
        .collect();
    found.sort_unstable();
    found.dedup();
    // Latin is the file's own language.
    found.iter().filter(|name| **name != "Latn").count()
}

#[test]
fn every_file_of_a_step_is_in_the_list_and_has_all_sections() {
    let list = fs::read_to_string(root().join("pipeline/src/steps/mod.rs")).unwrap();
    for step in step_files() {
        assert!(list.contains(&format!("        {step} => ")), "{step} has a line in steps/mod.rs");
        let header = header(&step);
        let mut rest = header.as_str();
        for section in
            ["# What it does\n", "# Why\n", "# Precedent\n", "# Across languages\n", "# Example\n```yaml\n"]
        {
            let Some((_, after)) = rest.split_once(section) else {
                panic!("{step}: {section:?} in this order")
            };
            rest = after;
        }
    }
}

#[test]
fn every_document_step_has_an_example_that_parses_and_cases_that_pass() {
    // Corpus steps have no cases of one page each.
    for step in STEPS.iter().filter(|step| !step.corpus) {
        run(step.name);
    }
}
