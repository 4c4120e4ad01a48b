//! Configs read from files: what is accepted, what is refused, and how it is said.

use std::path::{Path, PathBuf};

use kilim::config::{
    Age, Country, Known, Loaded, VersionsKept, check_for_run, digest, digest_for_node, effective, load,
    validate_file,
};

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
    let good = std::fs::read_to_string(configs().join("sovereign_three.yaml"))
        .expect("the good config is committed");
    assert!(good.contains(from), "`{from}` is in the good config");
    written(good.replacen(from, to, 1).as_bytes())
}

fn written(bytes: &[u8]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a scratch folder");
    for kept in ["policies/residency.cedar", "seeds/ke.csv"] {
        let target = folder.path().join(kept);
        std::fs::create_dir_all(target.parent().expect("kept files lie in folders"))
            .expect("a scratch folder");
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
    let place =
        |span: Option<kilim::config::diagnostic::Span>| span.map_or((0, 0), |span| (span.line, span.column));
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
fn what_is_kept_is_said_in_days_and_versions_and_reads_back() {
    let read =
        loaded("max_broken: 1%", "retention: { withheld: 0d, duplicate: keep, stale: 30d, versions: 3 }");
    let kept = &read.config.retention;
    assert_eq!((kept.withheld, kept.duplicate, kept.rejected), (Age::Days(0), Age::Keep, Age::Keep));
    assert_eq!((kept.stale, kept.versions), (Age::Days(30), VersionsKept::Newest(3)));
    let text = effective(&read.config);
    assert!(text.contains("\"versions\": 3") && !text.contains("rejected\": \"keep"), "{text}");
    for versions in ["keep", "'2'"] {
        loaded("max_broken: 1%", &format!("retention: {{ versions: {versions} }}"));
    }
    assert!(loaded("max_broken: 1%", "retention: {}").config.retention.keeps_all());
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
    let read = loaded("languages: [hin,", "languages: [nan, inf, yes, off, hin,");
    assert_eq!(read.config.nodes["in"].languages.len(), 8);
    let read = loaded("corpus: sovereign-three", "corpus: 2026");
    assert_eq!(read.config.corpus.as_str(), "2026");
}

/// One mistake at a time: what is replaced, by what, and the code that is said, with the line and column.
#[test]
fn every_kind_of_mistake_has_its_code_and_its_place() {
    let rows: &[(&str, &str, &str, usize, usize)] = &[
        ("version: 1", "version: 2", "C006", 2, 10),
        ("version: 1\n", "", "C011", 2, 1),
        ("corpus: sovereign-three", "corpus: Σώμα", "C013", 3, 9),
        ("corpus: sovereign-three", "corpus: {}", "C012", 3, 9),
        ("2026-11-23", "23.11.2026", "C013", 4, 8),
        ("random_seed: 20261123", "random_seed: mbegu", "C012", 5, 14),
        ("random_seed: 20261123", "random_seed: -1", "C014", 5, 14),
        ("random_seed: 20261123", "random_sed: 20261123", "C010", 5, 1),
        ("runs_at: KE", "runs_at: Kenya", "C013", 6, 10),
        ("runs_at: KE", "runs_at: KE\nruns_at: IN", "C004", 7, 1),
        ("runs_at: KE", "runs_at: KE\nabout: { provider: { sources: { crawll: {} } } }", "C037", 7, 33),
        ("max_broken: 1%", "max_broken: 150%", "C013", 8, 13),
        ("max_broken: 1%", "split_bytes: 1500KiB", "C014", 8, 14),
        ("max_broken: 1%", "retention: { withheld: 90 }", "C013", 8, 24),
        ("max_broken: 1%", "retention: { duplicate: siku }", "C013", 8, 25),
        ("max_broken: 1%", "retention: { skipped: 0d }", "C010", 8, 14),
        ("max_broken: 1%", "retention: { versions: 0 }", "C013", 8, 24),
        ("max_broken: 1%", "retention: 90d", "C012", 8, 12),
        ("country: KE }", "country: [KE, UK] }", "C013", 11, 75),
        ("seeds: { file: seeds/,", "seeds: { file: mbegu/,", "C040", 11, 20),
        ("    seeds: {", "    seedz: {", "C020", 11, 5),
        ("paths: [s3://crawl/CC-MAIN-2026-38/warc.paths.gz]", "paths: []", "C014", 13, 20),
        ("  communities:", "  Communities:", "C013", 10, 3),
        ("filter_length: { min_chars: 200 }", "filter_length:", "C012", 16, 5),
        (
            "filter_length: { min_chars: 200 }",
            "filter_length: { min_chars: 200 }\n    dedup_exact: {}",
            "C021",
            17,
            5,
        ),
        ("- dedup_exact: {}", "- dedup_exact", "C012", 17, 5),
        ("- dedup_exact: {}", "- id: length\n    dedup_exact: {}", "C022", 17, 9),
        ("- dedup_exact: {}", "- dedup_exact: {}\n  - filter_length: {}", "C023", 18, 5),
        ("- dedup_exact: {}", "- dedup_exact: {}\n  - { id: tena, dedup_exact: {} }", "C025", 18, 17),
        ("accepts: [KE, TZ, UG]", "accepts: [KE, NATO]", "C031", 19, 41),
        ("accepts: [KE, TZ, UG]", "accepts: []", "C014", 19, 36),
        ("accepts: [KE, TZ, UG]", "accepts: [KE, KE]", "C015", 19, 41),
        ("languages: [swa,", "languages: [sw,", "C013", 19, 62),
        ("mode: local-only", "mode: local_only", "C013", 19, 89),
        ("jurisdiction: KE", "jurisdiction: UG", "C030", 19, 89),
        ("s3://eu-node/corpus", "s3://in-node/corpus", "C032", 21, 102),
        ("policies/residency.cedar]", "policies/keep.cedar]", "C040", 22, 12),
        ("policies: [policies/residency.cedar]", "policies: []", "C014", 22, 11),
        ("html: \"<p>Habari!</p>\" }", "source: jamii, html: \"<p>Habari!</p>\" }", "C051", 25, 53),
        ("by: length", "by: lenght", "C051", 26, 39),
        ("outcome: rejected", "outcome: refused", "C013", 26, 25),
        ("sql: SELECT doc_id", "sql: SELEKT doc_id", "C050", 29, 10),
        ("sql: SELECT doc_id FROM documents WHERE", "sql: DELETE FROM documents WHERE", "C050", 29, 10),
        ("policies: [", "policies: [[", "C001", 0, 0),
    ];
    let mut wrong = Vec::new();
    for (from, to, code, line, column) in rows {
        let seen = places(&changed(from, to), None);
        let expected =
            seen.iter().any(|place| *place == (*code, *line, *column) || (*line == 0 && place.0 == *code));
        if !expected || seen.len() > 2 {
            wrong.push(format!("{to:?}: {code} {line}:{column} expected, {seen:?} seen"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn steps_that_need_another_before_them_say_which() {
    let before = "- id: length\n    filter_length: { min_chars: 200 }";
    for (steps, message) in [
        ("- filter_language: {}", "`filter_language` needs `identify_language` before it"),
        (
            "- filter_language: {}\n  - identify_language: {}",
            "`filter_language` needs `identify_language` before it",
        ),
        ("- filter_length: {}\n  - extract_html: {}", "`filter_length` needs `extract_html` before it"),
    ] {
        let folder = changed(before, steps);
        let text = shown(&folder.path().join("corpus.yaml"), None);
        assert!(text.contains(message), "{text}");
    }
}

#[test]
fn a_local_only_node_is_served_only_from_its_own_jurisdiction() {
    let folder = changed("runs_at: KE", "runs_at: IN");
    assert_eq!(places(&folder, None), [("C030", 19, 89)]);
    assert_eq!(places(&folder, Some("ke")), [("C030", 19, 89)]);
    assert_eq!(places(&folder, Some("in")), []);
    assert_eq!(places(&folder, Some("ek")), [("C033", 18, 1)]);
    let elsewhere = load(&folder.path().join("corpus.yaml")).unwrap_or_else(|found| panic!("{found}"));
    assert!(check_for_run(&elsewhere, Some("eu"), &Known::by_shape()).is_ok());
    assert!(check_for_run(&elsewhere, None, &Known::by_shape()).is_err());
    let east_africa =
        Known { is_member: &|bloc, country| (bloc, country) == ("KE", "IN"), ..Known::by_shape() };
    assert!(check_for_run(&elsewhere, None, &east_africa).is_ok());
}

#[test]
fn files_that_are_no_text_are_named_with_the_byte() {
    for (bytes, code, line, column) in [
        (&b""[..], "C003", 1, 1),
        (b"# maoni tu\n", "C003", 1, 1),
        (b"version: 1\ncorpus: \xff\xfe\n", "C002", 2, 9),
        (b"- orodha\n", "C012", 1, 3),
        (b"version: 1\n---\nversion: 1\n", "C005", 2, 1),
        (b"version: &a 1\ncorpus: *a\n", "C005", 2, 9),
    ] {
        let seen = places(&written(bytes), None);
        assert!(seen.contains(&(code, line, column)), "{:?}: {seen:?}", String::from_utf8_lossy(bytes));
    }
    let report = validate_file(Path::new("no/such/corpus.yaml"), None);
    assert!(report.diagnostics.render(false).contains("C000"), "{}", report.diagnostics);
}

#[test]
fn digests_change_with_what_bytes_depend_on_and_with_nothing_else() {
    let good = loaded("version: 1", "version: 1").config;
    let same = [
        ("work_dir: ./work ", "work_dir: /mahali/pengine "),
        ("max_broken: 1%", "max_broken: 0.01"),
        ("accepts: [KE, TZ, UG]", "accepts: [UG, TZ, KE]"),
        ("max_bytes: 512MiB", "max_bytes: 524288KiB"),
        ("work_dir: ./work ", "retention: { withheld: 90d, versions: 3 }\nwork_dir: ./work "),
    ];
    for (from, to) in same {
        assert_eq!(digest(&loaded(from, to).config), digest(&good), "{to}");
    }
    let node_alone = [
        ("work_dir: ./work ", "split_bytes: 1MiB\nwork_dir: ./work "),
        ("file:///srv/ke/corpus", "file:///mnt/ke"),
        ("max_broken: 1%", "max_broken: 5%"),
        ("  in: {", "  bharat: {"),
        ("languages: [deu, ell,", "languages: [ell,"),
        ("every sharded document", "each sharded document"),
    ];
    for (from, to) in node_alone {
        let other = loaded(from, to).config;
        assert_ne!(digest(&other), "", "{to}");
        assert_eq!(digest_for_node(&other, "ke"), digest_for_node(&good, "ke"), "{to}");
    }
    let node_too = [
        ("min_chars: 200", "min_chars: 201"),
        ("as_of: 2026-11-23", "as_of: 2026-11-24"),
        ("languages: [swa,", "languages: ["),
        ("random_seed: 20261123", "random_seed: 1"),
        ("max_bytes: 512MiB", "max_bytes: 64MiB"),
    ];
    for (from, to) in node_too {
        let other = loaded(from, to).config;
        assert_ne!(digest(&other), digest(&good), "{to}");
        assert_ne!(digest_for_node(&other, "ke"), digest_for_node(&good, "ke"), "{to}");
    }
    assert_eq!(digest_for_node(&good, "us"), None);
}

#[test]
fn the_effective_config_reads_back_as_itself() {
    let good = loaded("version: 1", "version: 1").config;
    let text = effective(&good);
    assert!(
        text.contains("\"split_bytes\": \"32MiB\"") && text.contains("\"format\": \"parquet\""),
        "{text}"
    );
    let again =
        load(&written(text.as_bytes()).path().join("corpus.yaml")).unwrap_or_else(|found| panic!("{found}"));
    assert_eq!(again.config, good);
}

#[test]
fn findings_point_at_the_other_place_they_speak_of() {
    let steps = "- dedup_exact: {}\n  - id: length\n    filter_length: { min_chars: 1, min_chars: 2 }";
    let folder = changed("- dedup_exact: {}", steps);
    let path = folder.path().join("corpus.yaml");
    let text = std::fs::read_to_string(&path).expect("a scratch file");
    let text = text.replace("runs_at: KE", "runs_at: TZ").replace("SELECT doc_id", "SELECT doc_id doc_id,,");
    std::fs::write(&path, text).expect("a scratch file");
    insta::assert_snapshot!(shown(&path, None));
}

#[test]
fn colour_is_only_there_when_asked_for() {
    let report = validate_file(&configs().join("eight_mistakes.yaml"), None);
    assert!(!report.diagnostics.render(false).contains('\u{1b}'));
    assert!(report.diagnostics.render(true).contains('\u{1b}'));
    assert!(!report.is_valid());
}
