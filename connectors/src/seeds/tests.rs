//! The web-languages import against a table of the same links made by other means.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::*;

/// Test data that is not part of the project, in a `shared` folder beside or above it.
fn shared(tail: &str) -> Option<PathBuf> {
    let found = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().map(|up| up.join("shared").join(tail));
    let found = found.into_iter().find(|path| path.exists());
    if found.is_none() {
        println!("skipped: no shared/{tail} above the project");
    }
    found
}

#[test]
fn web_languages_gives_the_links_of_the_reference_table() {
    let (Some(folder), Some(table)) =
        (shared("fixtures/seeds/web-languages"), shared("fixtures/seeds/web_languages_seeds.tsv"))
    else {
        return;
    };
    let mut options = ImportOptions::new("web-languages");
    options.exclude_wikipedia = false;
    let all = import::web_languages(&folder, &options).unwrap();
    let passed_over = [
        "Informative links (in English)",
        "Additional Information",
        "Scripts",
        "License",
        "Additional names",
    ];
    let mut wanted: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    let mut reader = csv::ReaderBuilder::new().delimiter(b'\t').quoting(false).from_path(table).unwrap();
    for row in reader.records() {
        let row = row.unwrap();
        let (file, language, section, url) = (&row[1], &row[3], &row[4], &row[6]);
        if folder.join(file).exists() && !passed_over.contains(&section) && !section.starts_with("Thank you")
        {
            wanted.entry((language.to_string(), section.to_string())).or_default().push(url.to_string());
        }
    }
    let mut found: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    for seed in &all.seeds {
        let section = seed.section.as_deref().unwrap_or("").split(" > ").next().unwrap_or("");
        found.entry((seed.languages.join(";"), section.to_string())).or_default().push(seed.url_raw.clone());
    }
    let total: usize = wanted.values().map(Vec::len).sum();
    println!("{total} links in the table, {} seeds, {} issues", all.seeds.len(), all.issues.len());
    for issue in all.issues.iter().take(60) {
        println!("  {}:{} {}", issue.file, issue.line, issue.problem);
    }
    // A note glued to its link (`https://um.dk/(Ministry`) is read differently; nothing else may be.
    let mut differing = 0;
    for key in wanted.keys().chain(found.keys()).collect::<BTreeSet<_>>() {
        let (a, b) =
            (wanted.get(key).cloned().unwrap_or_default(), found.get(key).cloned().unwrap_or_default());
        if a.len() != b.len() {
            println!("  {key:?}: {} in the table, {} here", a.len(), b.len());
        }
        for (a, b) in a.iter().zip(&b).filter(|(a, b)| a != b) {
            println!("  {a} here {b}");
            differing += 1;
        }
        assert_eq!(a.len(), b.len(), "{key:?}");
    }
    assert_eq!(all.seeds.len(), total);
    assert!(differing <= 12, "{differing} links differ");
    options.exclude_wikipedia = true;
    let without = import::web_languages(&folder, &options).unwrap();
    assert_eq!(without.seeds.len() as u64 + without.excluded, total as u64);
    // What the reference measurement found: aggregators and religious sites serve dozens of languages.
    let findings = check(&without.seeds);
    let of = |kind| findings.iter().filter(|finding| finding.kind == kind).count();
    println!(
        "{} duplicates, {} on hosts of several languages, {} unusable",
        of(FindingKind::Duplicate),
        of(FindingKind::HostInSeveralLanguages),
        of(FindingKind::UnusableUrl)
    );
    assert!(of(FindingKind::Duplicate) > 0 && of(FindingKind::HostInSeveralLanguages) > 100);
    assert_eq!(of(FindingKind::UnusableUrl), 0);
    assert_eq!(of(FindingKind::MissingLanguage), 0);
    let index = SeedIndex::new(without.seeds.clone());
    for seed in &without.seeds {
        let found = index.lookup_all(&seed.url);
        assert!(
            found.iter().any(|other| other.url == seed.url
                || other.surt.trim_end_matches('/') == seed.surt.trim_end_matches('/')),
            "{}",
            seed.url
        );
    }
}
