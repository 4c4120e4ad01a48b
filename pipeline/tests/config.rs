//! Configs read from files: what is accepted, what is refused, and how it is said.

use std::path::{Path, PathBuf};

use kilim::config::{Country, Known, Loaded, check_for_run, load, validate_file};

fn configs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/configs")
}

/// Findings as text, with paths as seen from the folder of the test configs.
fn shown(path: &Path, node: Option<&str>) -> String {
    let report = validate_file(path, node);
    let folder = path.parent().expect("test configs lie in a folder").to_string_lossy().into_owned();
    report.diagnostics.render(false).replace(&format!("{folder}/"), "")
}

/// The good config with one text in it replaced.
fn changed(from: &str, to: &str) -> tempfile::TempDir {
    let good = std::fs::read_to_string(configs().join("sovereign_three.yaml")).expect("the good config is committed");
    assert!(good.contains(from), "`{from}` is in the good config");
    written(good.replacen(from, to, 1).as_bytes())
}

fn written(bytes: &[u8]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a scratch folder");
    for kept in ["policies/residency.cedar", "seeds/ke.csv"] {
        let target = folder.path().join(kept);
        std::fs::create_dir_all(target.parent().expect("kept files lie in folders")).expect("a scratch folder");
        std::fs::copy(configs().join(kept), target).expect("a scratch file");
    }
    std::fs::write(folder.path().join("corpus.yaml"), bytes).expect("a scratch file");
    folder
}

fn loaded(from: &str, to: &str) -> Loaded {
    let folder = changed(from, to);
    load(&folder.path().join("corpus.yaml")).unwrap_or_else(|found| panic!("{found}"))
}

/// (code, line, column) of every finding.
fn places(folder: &tempfile::TempDir, node: Option<&str>) -> Vec<(&'static str, usize, usize)> {
    let report = validate_file(&folder.path().join("corpus.yaml"), node);
    let place = |span: Option<kilim::config::diagnostic::Span>| span.map_or((0, 0), |span| (span.line, span.column));
    report
        .diagnostics
        .list
        .into_iter()
        .map(|finding| {
            let (line, column) = place(finding.span);
            (finding.code, line, column)
        })
        .collect()
}

#[test]
fn eight_mistakes_are_said_at_once_with_line_and_column() {
    let path = configs().join("eight_mistakes.yaml");
    assert_eq!(validate_file(&path, None).diagnostics.error_count(), 8);
    insta::assert_snapshot!(shown(&path, None));
}

#[test]
fn the_config_of_the_design_is_read() {
    let loaded = load(&configs().join("sovereign_three.yaml")).unwrap_or_else(|found| panic!("{found}"));
    assert!(loaded.warnings.list.is_empty());
    let names: Vec<_> = loaded.config.nodes.keys().map(ToString::to_string).collect();
    assert_eq!(names, ["eu", "in", "ke"]);
    let ids: Vec<_> = loaded.config.steps.iter().map(|step| step.id.to_string()).collect();
    assert_eq!(ids, ["length", "dedup_exact"]);
    assert_eq!(loaded.config.split_bytes.to_string(), "32MiB");
}

#[test]
fn norway_is_a_country_and_no_is_a_node() {
    let norway: Country = "NO".parse().expect("Norway is in the list");
    let read = loaded("accepts: [KE, TZ, UG]", "accepts: [NO, SE]");
    assert!(read.config.nodes["ke"].accepts.iter().any(|area| area.as_str() == "NO"));
    let read = loaded("runs_at: KE", "runs_at: NO # the ke node is served elsewhere");
    assert_eq!(read.config.runs_at, norway);
    let read = loaded("country: KE", "country: NO");
    assert!(read.config.sources["communities"].countries().contains(&norway));
    let read = loaded("country: KE", "country: [NO, KE]");
    assert_eq!(read.config.sources["communities"].countries().len(), 2);
    let read = loaded("  eu: {", "  no: {");
    assert!(read.config.nodes.contains_key("no"));
    // Min Nan is no number, and Yes is no truth.
    let read = loaded("languages: [hin,", "languages: [nan, inf, yes, null, hin,");
    assert_eq!(read.config.nodes["in"].languages.len(), 8);
    let read = loaded("corpus: sovereign-three", "corpus: 2026");
    assert_eq!(read.config.corpus.as_str(), "2026");
}
