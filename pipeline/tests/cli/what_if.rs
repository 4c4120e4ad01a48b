//! `kilim report --compare` on the quickstart.

use std::fs;

use super::{QUICKSTART, kilim, shown};

/// Rules of a steward's own: Swahili pages may be shorter, Amharic ones repeat themselves by nature of the news.
const OWN: &str = "language,rule,signal,op,value,source
swa_Latn,gopher_few_words,words,<,30,asked in Taita
amh_Ethi,gopher_few_words,words,<,40,asked in Bahir Dar
hin_Deva,gopher_ellipses,ellipses_per_token,>,off,asked in Pune
";

#[test]
fn two_tables_are_compared_by_language_and_rule() {
    let table = QUICKSTART.folder.path().join("own.csv");
    fs::write(&table, OWN).unwrap();
    let said = QUICKSTART.say(&["report", "--compare", "current", "gopher_quality,own.csv", "--docs", "3"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.out.lines().all(|line| line.chars().count() <= 100), "{}", said.out);
    shown("compare", &said.out);
    let again = QUICKSTART.say(&["report", "--compare", "current", "gopher_quality,own.csv", "--docs", "3"]);
    assert_eq!(said.out, again.out);
    let few = ["report", "--compare", "gopher_quality", "own.csv", "--lang", "swa,amh_Ethi"];
    shown("compare_languages", &QUICKSTART.say(&few).out);
}

#[test]
fn current_drops_what_the_run_dropped() {
    let said = QUICKSTART.say(&["report", "--compare", "current", "current", "--json"]);
    let found: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    let all = &found["all"];
    assert_eq!((&all["only_a"], &all["only_b"]), (&0.into(), &0.into()));
    // Of documents that nothing but the rules rejected.
    let query = "SELECT code, count(*) AS documents FROM reasons WHERE step = 'filter_quality' AND doc_id NOT IN
        (SELECT doc_id FROM reasons WHERE step NOT IN ('filter_quality', 'runs_at')) GROUP BY code ORDER BY code";
    let dropped: Vec<serde_json::Value> =
        serde_json::from_str(&QUICKSTART.say(&["sql", query, "--format", "json"]).out).unwrap();
    assert!(!dropped.is_empty());
    for rule in &dropped {
        let code = rule["code"].as_str().unwrap();
        assert_eq!(all["rules"][code]["a"]["dropped"], rule["documents"], "{code}");
    }
    let rules = all["rules"].as_object().unwrap().values();
    let sum: u64 = rules.map(|rule| rule["a"]["dropped"].as_u64().unwrap()).sum();
    assert_eq!(sum, dropped.iter().map(|rule| rule["documents"].as_u64().unwrap()).sum::<u64>());
}

#[test]
fn a_comparison_before_any_run_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    fs::copy(QUICKSTART.folder.path().join("corpus.yaml"), folder.path().join("corpus.yaml")).unwrap();
    let said = kilim(folder.path(), &["report", "--compare", "current", "c4"]);
    assert_eq!(said.code, 2, "{}", said.out);
    assert!(said.err.contains("has no ledger of a finished run"), "{}", said.err);
}
