//! `kilim policy` and `kilim inspect doc` as a steward and an auditor meet them: the real binary on the three sovereign
//! nodes.
//!
//! Proofs need a solver. Where there is none, or the binary was built without its prover, their test says so and ends;
//! `tests/solver/README.md` says how to have both.

#![expect(clippy::unwrap_used, reason = "a failing step should panic, and these are all tests")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use serde_json::Value;

/// The corpus of three nodes in a folder of its own, run once.
static SOVEREIGN: LazyLock<Corpus> = LazyLock::new(|| Corpus::new(&[]));

/// Permits a good deal more than the shipped policies.
const LOOSE: &str = "@id(\"masomo\")\n@because(\"a study of everything that asks for no more than a name\")\n\
                     permit (principal, action == Action::\"emit\", resource)\nwhen { resource.license_tier >= 4 };\n";

struct Corpus {
    folder: tempfile::TempDir,
}

struct Said {
    code: i32,
    out: String,
    err: String,
}

impl Said {
    fn expect(self, code: i32) -> String {
        assert_eq!(self.code, code, "{}{}", self.out, self.err);
        self.out
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

impl Corpus {
    /// With other policies than those of the config, if any are given: names in `configs/policies`, or (name, text).
    fn new(policies: &[(&str, Option<&str>)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let shipped = root().join("configs/policies").display().to_string();
        let samples = root().join("data-samples").display().to_string();
        let text = fs::read_to_string(root().join("configs/sovereign-three/corpus.yaml")).unwrap();
        let mut text = text.replace("../../data-samples", &samples);
        if !policies.is_empty() {
            let (before, rest) = text.split_once("policies:\n").unwrap();
            let after: String = rest
                .lines()
                .skip_while(|line| line.starts_with("  - "))
                .flat_map(|line| [line, "\n"])
                .collect();
            let list: Vec<String> = policies
                .iter()
                .map(|(name, own)| match own {
                    None => format!("../policies/{name}"),
                    Some(own) => {
                        fs::write(folder.path().join(name), own).unwrap();
                        (*name).to_owned()
                    }
                })
                .collect();
            text = format!("{before}policies: [{}]\n{after}", list.join(", "));
        }
        fs::write(folder.path().join("corpus.yaml"), text.replace("../policies", &shipped)).unwrap();
        fs::write(folder.path().join("loose.cedar"), LOOSE).unwrap();
        let corpus = Self { folder };
        corpus.say(&["run", "--no-progress"]).expect(0);
        corpus
    }

    fn say(&self, args: &[&str]) -> Said {
        self.say_with(args, std::env::var("CVC5").ok().as_deref())
    }

    fn say_with(&self, args: &[&str], solver: Option<&str>) -> Said {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kilim"));
        command.args(args).current_dir(self.folder.path()).env("NO_COLOR", "1").env("COLUMNS", "100");
        command.env_remove("RUST_LOG").env_remove("CVC5").stdin(Stdio::null());
        if let Some(solver) = solver {
            command.env("CVC5", solver);
        }
        let output = command.output().unwrap();
        Said {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    fn json(&self, args: &[&str], code: i32) -> Value {
        serde_json::from_str(&self.say(args).expect(code)).unwrap()
    }

    fn rows(&self, query: &str) -> Vec<Value> {
        let found = self.json(&["sql", query, "--format", "json"], 0);
        found.as_array().unwrap().clone()
    }

    /// The first document of which `condition` holds, by place.
    fn first(&self, condition: &str) -> String {
        let query =
            format!("SELECT doc_id FROM documents WHERE {condition} ORDER BY input, warc_offset LIMIT 1");
        let rows = self.rows(&query);
        rows.first().unwrap_or_else(|| panic!("no document of {condition}"))["doc_id"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// (document, node) of everything in shards.
    fn placed(&self) -> BTreeSet<(String, String)> {
        let rows = self.rows("SELECT doc_id, node FROM placements");
        let text = |row: &Value, name: &str| row[name].as_str().unwrap().to_owned();
        rows.iter().map(|row| (text(row, "doc_id"), text(row, "node"))).collect()
    }
}

fn shown(name: &str, text: &str) {
    assert_narrow(text);
    let temporary = format!("{}/", SOVEREIGN.folder.path().canonicalize().unwrap().display());
    let text = text.replace(&temporary, "HERE/").replace(&format!("{}/", root().display()), "KILIM/");
    let filters = vec![
        (r"(\.\./)+[^ ]*data-samples/", "KILIM/data-samples/"),
        (r"\b[0-9a-f]{32,64}\b", "DIGEST"),
        (r"(?m)^[0-9a-f]{16}  ", "DIGEST  "),
    ];
    insta::with_settings!({ filters => filters }, {
        insta::assert_snapshot!(name, text);
    });
}

/// Nothing is wider than a terminal; East Asian letters take two columns.
fn assert_narrow(text: &str) {
    for line in text.lines() {
        let wide =
            |char: char| matches!(u32::from(char), 0x2E80..=0x9FFF | 0xAC00..=0xD7A3 | 0xFF00..=0xFF60);
        let columns: usize = line.chars().map(|char| if wide(char) { 2 } else { 1 }).sum();
        assert!(columns <= 100, "{columns} columns: {line}");
    }
}

#[test]
fn nothing_is_wrong_with_the_policies_of_three_nodes() {
    let said = SOVEREIGN.say(&["policy", "check"]).expect(0);
    shown("policy_check", &said);
    let found = SOVEREIGN.json(&["policy", "check", "--json"], 0);
    assert_eq!(found["valid"], true);
    assert!(found["checked"]["cases"].as_u64().unwrap() > 1_000);
}

#[test]
fn wrong_rules_are_found_in_files_without_a_config() {
    let folder = SOVEREIGN.folder.path();
    fs::write(folder.join("never.cedar"), LOOSE.replace(">= 4", ">= 4 && resource.license_tier < 2"))
        .unwrap();
    let said = SOVEREIGN.say(&["policy", "check", "never.cedar", "loose.cedar"]);
    // The same id twice is refused before anything else.
    assert!(said.expect(1).contains("the id `masomo` is taken"));
    let shipped = root().join("configs/policies/residency.cedar").display().to_string();
    let said = SOVEREIGN.say(&["policy", "check", "never.cedar", &shipped]).expect(1);
    assert!(said.contains("error `masomo` no document and no node is ever as it says"), "{said}");
    fs::write(folder.join("broken.cedar"), LOOSE.replace("license_tier", "licence_tier")).unwrap();
    let said = SOVEREIGN.say(&["policy", "check", "broken.cedar"]).expect(1);
    assert!(said.contains("broken.cedar:4:8") && said.contains("did you mean `license_tier`?"), "{said}");
    assert_eq!(SOVEREIGN.say(&["policy", "check", "nowhere.cedar"]).code, 2);
}

#[test]
fn the_matrix_shows_who_may_have_what() {
    shown("policy_matrix", &SOVEREIGN.say(&["policy", "matrix"]).expect(0));
    let found = SOVEREIGN.json(&["policy", "matrix", "--json"], 0);
    assert_eq!(found["run_seen"], true);
    let rows = found["matrix"]["rows"].as_array().unwrap();
    let russia = rows.iter().find(|row| {
        row["jurisdictions"].as_array().unwrap().iter().any(|set| *set == serde_json::json!(["RU"]))
    });
    assert!(russia.unwrap()["cells"].as_array().unwrap().iter().all(|cell| cell == "no"));
}

#[test]
fn a_decision_is_explained_down_to_its_evidence() {
    let id = SOVEREIGN.first("outcome = 'sharded' AND mode = 'local-only' AND license IS NOT NULL");
    let said = SOVEREIGN.say(&["policy", "explain", &id[..12]]).expect(0);
    assert_narrow(&said);
    // Where the line of the input breaks depends on where the samples are.
    let (before, after) = said.split_once("    input ").unwrap();
    let (_, after) = after.split_once("steward = ").unwrap();
    shown("policy_explain", &format!("{before}    input …\nsteward = {after}"));
    let one = SOVEREIGN.json(&["policy", "explain", &id, "--node", "ke", "--json"], 0);
    let decisions = one[0]["decisions"].as_array().unwrap();
    assert_eq!((decisions.len(), &decisions[0]["fate"]), (1, &Value::from("kept")));
    let steward = one[0]["attributes"].as_array().unwrap().iter().find(|it| it["name"] == "steward").unwrap();
    assert!(steward["evidence"][0].as_str().unwrap().contains("by seed "), "{steward}");
    let said = SOVEREIGN.say(&["policy", "explain", &id, "--node", "mars"]);
    assert!(said.code == 2 && said.err.contains("its nodes are eu, in, ke"), "{}", said.err);
}

#[test]
fn a_document_that_was_never_decided_says_so() {
    for (condition, says) in [
        ("outcome = 'rejected'", "none: steps had rejected it before"),
        ("outcome = 'skipped'", "none: it is no page with a text"),
        ("outcome = 'broken'", "none: its bytes could not be read"),
        (
            "outcome = 'withheld' AND route_reason IS NULL",
            "none: it may not be worked on where the run stands",
        ),
        (
            "outcome = 'duplicate' AND route_reason = 'same_record'",
            "none: it is the same record as another row",
        ),
    ] {
        // Another row of the same record was decided, and is told beside it.
        let id = SOVEREIGN.first(condition);
        let said = SOVEREIGN.say(&["policy", "explain", &id]).expect(0);
        let flat: String = said.split_whitespace().flat_map(|word| [word, " "]).collect();
        assert!(flat.contains(says), "{condition}: {said}");
    }
}

#[test]
fn every_life_fits_a_screen() {
    for condition in [
        "outcome = 'sharded' AND seed_id IS NOT NULL AND license IS NOT NULL",
        "outcome = 'sharded' AND lang = 'tam_Taml'",
        "outcome = 'rejected'",
        "outcome = 'duplicate' AND route_reason = 'same_text'",
        "outcome = 'withheld' AND lang = 'tha_Thai'",
        "outcome = 'withheld' AND lang = 'zho_Hans'",
        "outcome = 'withheld' AND route_reason IS NULL",
        "outcome = 'withheld' AND route_reason = 'personal_data'",
        "outcome = 'skipped'",
        "outcome = 'broken'",
    ] {
        let said = SOVEREIGN.say(&["inspect", "doc", &SOVEREIGN.first(condition)]).expect(0);
        assert_narrow(&said);
        assert!(said.lines().count() <= 60, "{} lines: {said}", said.lines().count());
        for part in ["record ", "steps\n", "decisions"] {
            assert!(said.contains(part), "{condition} without {part}: {said}");
        }
    }
}

/// The comparison against what a run with the other policies really does.
#[test]
fn a_comparison_foretells_the_run_to_the_document() {
    let said = SOVEREIGN.say(&["policy", "diff", "current", "current,loose.cedar"]).expect(1);
    assert!(said.contains("WIDER at nodes eu, in, ke"), "{said}");
    shown("policy_diff", &said);
    let found = SOVEREIGN.json(&["policy", "diff", "current", "current,loose.cedar", "--docs", "--json"], 1);
    let foretold = |change: &str| -> BTreeSet<(String, String)> {
        let documents = found["documents"].as_array().unwrap().iter();
        let picked = documents.filter(|document| document["change"] == change);
        let text = |document: &Value, name: &str| document[name].as_str().unwrap().to_owned();
        picked.map(|document| (text(document, "doc_id"), text(document, "node"))).collect()
    };
    let shipped: Vec<(&str, Option<&str>)> = [
        "residency.cedar",
        "licences.cedar",
        "kenya.cedar",
        "india.cedar",
        "european-union.cedar",
        "local-only.cedar",
        "communities.cedar",
    ]
    .into_iter()
    .map(|name| (name, None))
    .chain([("masomo.cedar", Some(LOOSE))])
    .collect();
    let (before, after) = (SOVEREIGN.placed(), Corpus::new(&shipped).placed());
    assert_eq!(foretold("gained"), after.difference(&before).cloned().collect());
    assert_eq!(foretold("lost"), before.difference(&after).cloned().collect());
    assert!(foretold("gained").len() > 10);
}

#[test]
fn policies_that_are_the_same_change_nothing() {
    let said = SOVEREIGN.say(&["policy", "diff", "current", "current"]).expect(0);
    assert!(said.contains("0 of ") && said.contains("No node may have a document"), "{said}");
    let said = SOVEREIGN.say(&["policy", "diff", "current", "nowhere.cedar"]);
    assert!(said.code == 2 && said.err.contains("nowhere.cedar"), "{}", said.err);
}

#[test]
fn without_a_solver_a_proof_is_refused_in_words() {
    let said = SOVEREIGN
        .say_with(&["policy", "prove", "--jurisdiction", "RU", "--node", "eu"], Some("/nowhere/cvc5"));
    assert_eq!(said.code, 2, "{}", said.out);
    let says = if cfg!(feature = "prove") { "no solver" } else { "built without its prover" };
    assert!(said.err.contains(says) && said.err.contains("hint:"), "{}", said.err);
}

#[test]
fn no_russian_document_reaches_the_union_and_a_loosened_policy_shows_one() {
    let ask = ["policy", "prove", "--jurisdiction", "RU", "--node", "eu", "--smt", "formulas"];
    let said = SOVEREIGN.say(&ask);
    if said.code == 2 {
        println!("skipped: {}", said.err);
        return;
    }
    let said = said.expect(0);
    assert!(said.starts_with("never    no document that RU binds can reach node eu\n"), "{said}");
    assert!(SOVEREIGN.folder.path().join("formulas/RU-eu.smt2").exists());

    let loosened =
        Corpus::new(&[("residency.cedar", None), ("licences.cedar", None), ("masomo.cedar", Some(LOOSE))]);
    // Russia's own word still holds; without it nothing does.
    assert_eq!(loosened.say(&ask[..6]).code, 0);
    let text = fs::read_to_string(root().join("configs/policies/residency.cedar")).unwrap();
    let (before, rest) = text.split_once("@id(\"russia-keeps\")").unwrap();
    let after = rest.split_once("};").unwrap().1;
    let open = Corpus::new(&[
        ("open.cedar", Some(&format!("{before}{after}"))),
        ("licences.cedar", None),
        ("masomo.cedar", Some(LOOSE)),
    ]);
    let said = open.say(&ask[..6]).expect(1);
    assert!(said.starts_with("CAN      a document that RU binds can reach node eu"), "{said}");
    assert!(said.contains("permitted by `masomo`"), "{said}");
    assert_narrow(&said);
}
