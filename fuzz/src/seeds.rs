//! The law of seed lists.
//!
//! The input is a list; it is read as each of the four kinds of text there are.

use std::collections::BTreeSet;

use kilim_connectors::seeds::{ImportOptions, Imported, SeedError, SeedIndex, SeedRecord, check, import};
use kilim_connectors::web;

/// Panics if the promises of `kilim_connectors::seeds` do not hold for this list.
pub fn holds(data: &[u8]) {
    for kind in ["md", "csv", "tsv", "jsonl"] {
        match read(kind, data) {
            Ok(list) => {
                lines(kind, data, &list);
                list.seeds.iter().for_each(seed);
                place(&list.seeds);
            }
            Err(error) => {
                let SeedError::BadTable { problem, .. } = &error else { panic!("{kind}: {error}") };
                assert!(matches!(kind, "csv" | "tsv"), "{kind}: {error}");
                assert!(!problem.is_empty() && !error.hint().is_empty());
            }
        }
    }
    lines_stand_alone(data);
}

fn read(kind: &str, data: &[u8]) -> Result<Imported, SeedError> {
    let mut options = ImportOptions::new("mbegu");
    options.steward = Some("baraza".into());
    options.country_claims = vec!["KE".into()];
    import::bytes(&format!("orodha.{kind}"), data, &options)
}

/// Nothing is said twice, and every issue names a line that is there.
fn lines(kind: &str, data: &[u8], list: &Imported) {
    let count = data.split(|byte| *byte == b'\n').count() as u64;
    for issue in &list.issues {
        let least = u64::from(kind == "jsonl");
        assert!((least..=count).contains(&issue.line), "{kind}: {issue:?} in {count} lines");
        assert!(!issue.problem.is_empty());
    }
    let used = list.seeds.len() as u64 + list.excluded;
    // A lone carriage return ends a row of CSV as well.
    let count = data.split(|byte| matches!(byte, b'\n' | b'\r')).count() as u64;
    assert!(used <= count, "{kind}: {used} seeds in {count} lines");
}

/// What a seed says about itself is true.
fn seed(seed: &SeedRecord) {
    let url = web::parse(&seed.url).unwrap_or_else(|| panic!("{:?} is no address", seed.url));
    assert_eq!(
        web::canonical(&url).as_str(),
        seed.url,
        "a canonical address is not its own canonical address"
    );
    assert_eq!(web::surt(&url), seed.surt);
    assert_eq!(web::host(&url), Some(seed.host.as_str()));
    assert_eq!((seed.seed_id.len(), seed.source.as_str()), (32, "mbegu"));
    for list in [&seed.languages, &seed.country_claims, &seed.community] {
        assert!(list.is_sorted_by(|a, b| a < b), "{list:?} is not sorted, or says something twice");
        assert!(list.iter().all(|word| !word.trim().is_empty()), "{list:?}");
    }
    assert!(seed.steward.is_some() && !seed.country_claims.is_empty(), "the options were not heard");

    // Written as JSON it comes back, with the canonical address in the place of the one that somebody wrote.
    let written = serde_json::to_string(seed).expect("a seed is text, lists and words");
    let back = read("jsonl", written.as_bytes()).expect("JSON lines are never refused whole");
    assert_eq!(back.issues, [], "{written}");
    let expected = SeedRecord { url_raw: seed.url.clone(), ..seed.clone() };
    assert_eq!(back.seeds, [expected], "a seed does not come back");
}

/// Every seed is found at its own address, and findings are about seeds of the list.
fn place(seeds: &[SeedRecord]) {
    let index = SeedIndex::new(seeds.to_vec());
    for seed in seeds {
        let found = index.lookup_all(&seed.url);
        assert!(!found.is_empty(), "nothing covers the address of {seed:?}");
        assert_eq!(found, index.lookup_all(&seed.surt), "{} has other seeds than its SURT", seed.url);
    }
    let ids: BTreeSet<&str> = seeds.iter().map(|seed| seed.seed_id.as_str()).collect();
    for finding in check(seeds) {
        assert!(ids.contains(finding.seed_id.as_str()), "{finding:?}");
    }
}

/// JSON lines cut into two lists between any two lines give the seeds and the issues of the whole.
fn lines_stand_alone(data: &[u8]) {
    let ends: Vec<usize> =
        data.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1).collect();
    if ends.is_empty() {
        return;
    }
    let cut = (crate::choices(data)() % ends.len() as u64) as usize;
    let (first, second) = data.split_at(ends[cut]);
    if second.starts_with("\u{feff}".as_bytes()) {
        return; // one at the beginning of a file is no part of its text
    }
    let [whole, first, second] =
        [data, first, second].map(|part| read("jsonl", part).expect("never refused whole"));
    let seeds: Vec<SeedRecord> = first.seeds.into_iter().chain(second.seeds).collect();
    assert_eq!(seeds, whole.seeds, "a line changes what others say");
    let shifted = second.issues.into_iter().map(|mut issue| {
        issue.line += cut as u64 + 1;
        issue
    });
    let issues: Vec<_> = first.issues.into_iter().chain(shifted).collect();
    assert_eq!(issues, whole.issues, "a line changes the issues of others");
}
