//! The command line as a steward, a trainer or an auditor meets it: the real binary on the quickstart corpus.
//!
//! Words are snapshots, with paths and digests filtered. What `verify` must find is done to copies of the shards.

#![expect(clippy::unwrap_used, reason = "a failing step should panic, and these are all tests")]

#[path = "cli/guide.rs"]
mod guide;
#[path = "cli/signed.rs"]
mod signed;
#[path = "cli/what_if.rs"]
mod what_if;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use kilim::seal::Manifest;
use sha2::{Digest, Sha256};

/// The quickstart corpus in a folder of its own, run once.
static QUICKSTART: LazyLock<Quickstart> = LazyLock::new(Quickstart::new);

struct Quickstart {
    folder: tempfile::TempDir,
}

/// What a command said.
struct Said {
    code: i32,
    out: String,
    err: String,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

fn kilim(folder: &Path, args: &[&str]) -> Said {
    let output = Command::new(env!("CARGO_BIN_EXE_kilim"))
        .args(args)
        .current_dir(folder)
        .env("NO_COLOR", "1")
        .env("COLUMNS", "100")
        .env_remove("RUST_LOG")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    Said {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A shipped config in `folder`.
fn shipped(name: &str, folder: &Path) {
    let text = fs::read_to_string(root().join("configs").join(name).join("corpus.yaml")).unwrap();
    let samples = root().join("data-samples").display().to_string();
    let policies = root().join("configs/policies").display().to_string();
    let text = text.replace("../../data-samples", &samples).replace("../policies", &policies);
    fs::write(folder.join("corpus.yaml"), text).unwrap();
}

impl Quickstart {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        shipped("quickstart", folder.path());
        let said = kilim(folder.path(), &["run", "--no-progress"]);
        assert_eq!(said.code, 0, "{}{}", said.out, said.err);
        Self { folder }
    }

    fn say(&self, args: &[&str]) -> Said {
        kilim(self.folder.path(), args)
    }

    /// A copy of a node's version folder, to do harm to.
    fn copy_of(&self, node: &str) -> Copy {
        let folder = tempfile::tempdir().unwrap();
        copy(&self.version(node), folder.path());
        Copy { folder }
    }

    fn version(&self, node: &str) -> PathBuf {
        self.folder.path().join("out").join(node).join("v0001")
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// A version folder that an auditor holds: no config, no work directory.
struct Copy {
    folder: tempfile::TempDir,
}

impl Copy {
    fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    fn manifest(&self) -> Manifest {
        Manifest::from_bytes(&fs::read(self.path("manifest.json")).unwrap()).unwrap()
    }

    fn write(&self, manifest: &Manifest) {
        fs::write(self.path("manifest.json"), manifest.to_bytes().unwrap()).unwrap();
    }

    /// Verifies it and expects findings that hold all of these words.
    fn assert_found(&self, words: &[&str]) {
        let said = kilim(&root(), &["verify", &self.folder.path().display().to_string()]);
        assert_eq!(said.code, 1, "{}{}", said.out, said.err);
        for word in words {
            assert!(said.out.contains(word), "{word:?} is not in\n{}", said.out);
        }
    }
}

/// A snapshot with what differs from run to run filtered out.
fn shown(name: &str, text: &str) {
    let temporary = format!("{}/", QUICKSTART.folder.path().canonicalize().unwrap().display());
    let text = text.replace(&temporary, "HERE/").replace(&format!("{}/", root().display()), "KILIM/");
    let filters = vec![
        (r"(\.\./)+[^ ]*data-samples/", "KILIM/data-samples/"),
        (r"\b[0-9a-f]{32,64}\b", "DIGEST"),
        (r"(?m) +[0-9a-f]{12}$", "  DIGEST"),
        (r" +[0-9.]+ [KM]iB", "  BYTES"),
    ];
    insta::with_settings!({ filters => filters }, {
        insta::assert_snapshot!(name, text);
    });
}

#[test]
fn help_names_every_command() {
    let said = kilim(&root(), &["--help"]);
    assert_eq!(said.code, 0);
    shown("help", &said.out);
    shown("help_run", &kilim(&root(), &["run", "--help"]).out);
    shown("help_langid", &kilim(&root(), &["langid", "--help"]).out);
    shown("help_audit", &kilim(&root(), &["audit", "--help"]).out);
    shown("help_takedown", &kilim(&root(), &["takedown", "--help"]).out);
    shown("help_keygen", &kilim(&root(), &["keygen", "--help"]).out);
}

#[test]
fn the_steps_are_listed_and_an_unknown_one_is_guessed() {
    let said = kilim(&root(), &["steps"]);
    shown("steps", &said.out);
    let said = kilim(&root(), &["steps", "filter_lenght"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("did you mean `filter_length`?"), "{}", said.err);
}

#[test]
fn eight_mistakes_are_shown_and_end_with_code_1() {
    let said = kilim(&root().join("pipeline/tests/configs"), &["validate", "-c", "eight_mistakes.yaml"]);
    assert_eq!(said.code, 1, "{}", said.err);
    shown("validate_eight_mistakes", &said.out);
    let said = kilim(&root(), &["validate", "-c", "no/such/corpus.yaml"]);
    assert_eq!(said.code, 2, "{}", said.out);
    assert!(said.err.contains("cannot read the config"), "{}", said.err);
}

#[test]
fn the_tests_of_both_shipped_configs_hold() {
    for config in ["quickstart", "sovereign-three"] {
        let path = format!("configs/{config}/corpus.yaml");
        let said = kilim(&root(), &["validate", "--tests", "-c", &path]);
        assert_eq!(said.code, 0, "{}{}", said.out, said.err);
        assert!(said.out.contains("2 of 2 tests hold"), "{}", said.out);
    }
}

/// The quickstart config with one text in it replaced, validated with its tests.
fn changed(from: &str, to: &str) -> Said {
    let text = fs::read_to_string(QUICKSTART.folder.path().join("corpus.yaml")).unwrap();
    assert!(text.contains(from), "{from}");
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("corpus.yaml"), text.replacen(from, to, 1)).unwrap();
    kilim(folder.path(), &["validate", "--tests"])
}

#[test]
fn what_a_config_names_is_tried() {
    for (from, to, says) in [
        ("(lang IS NULL", "(lnag IS NULL", "lnag"),
        (
            "languages: [swa, luo, kik, som, eng, guj]",
            "languages: [eng, tlh]",
            "the language `tlh` is not known to the identifier",
        ),
        ("accepts: [EU]", "accepts: [ECOWSA]", "`ECOWSA` is neither a country nor a known bloc"),
        ("nodes: [ke] }]", "nodes: [eu] }]", "nodes is ke, expected eu"),
        (
            "outcome: rejected, by: filter_length",
            "outcome: sharded",
            "outcome is rejected (filter_length: too_short",
        ),
    ] {
        let said = changed(from, to);
        assert_eq!(said.code, 1, "{to}: {}{}", said.out, said.err);
        assert!(said.out.contains(says), "{to}: {}", said.out);
    }
}

#[test]
fn a_policy_that_does_not_validate_is_shown_with_its_file_and_line() {
    let folder = tempfile::tempdir().unwrap();
    let text = fs::read_to_string(QUICKSTART.folder.path().join("corpus.yaml")).unwrap();
    let policies = format!("policies: [{}/configs/policies/residency.cedar, ", root().display());
    assert!(text.contains(&policies), "{text}");
    fs::write(folder.path().join("corpus.yaml"), text.replace(&policies, "policies: [sera.cedar, ")).unwrap();
    let policy = "@because(\"Kenya\")\npermit (principal, action == Action::\"emit\", resource)\nwhen { resource.nchi == \"KE\" };\n";
    fs::write(folder.path().join("sera.cedar"), policy).unwrap();
    let said = kilim(folder.path(), &["validate"]);
    assert_eq!(said.code, 1, "{}{}", said.out, said.err);
    assert!(said.out.contains("sera.cedar:3:") && said.out.contains("nchi"), "{}", said.out);
}

#[test]
fn the_report_is_a_funnel_that_sums_up() {
    let said = QUICKSTART.say(&["report"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.out.lines().all(|line| line.chars().count() <= 100), "{}", said.out);
    shown("report", &said.out);
    let said = QUICKSTART.say(&["report", "--json"]);
    let report: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    let outcomes = report["all"]["outcomes"].as_object().unwrap();
    let total: u64 = outcomes.values().map(|count| count.as_u64().unwrap()).sum();
    assert_eq!(report["all"]["records"].as_u64(), Some(total));
    let languages = report["languages"].as_object().unwrap().values();
    let by_language: u64 = languages.map(|funnel| funnel["records"].as_u64().unwrap()).sum();
    assert_eq!(by_language, total);
}

#[test]
fn the_ledger_answers_in_three_formats_and_lets_nothing_be_written() {
    let query = "SELECT outcome, count(*) AS records FROM documents GROUP BY outcome ORDER BY outcome";
    for format in ["table", "csv", "json"] {
        let said = QUICKSTART.say(&["sql", query, "--format", format]);
        assert_eq!(said.code, 0, "{}", said.err);
        shown(&format!("sql_{format}"), &said.out);
    }
    shown("sql_tables", &QUICKSTART.say(&["sql"]).out);
    for refused in ["DROP TABLE splits", "COPY shards TO 'nje.csv'", "SELECT lnag FROM documents"] {
        let said = QUICKSTART.say(&["sql", refused]);
        assert_eq!(said.code, 2, "{refused}: {}", said.out);
        assert!(said.err.contains("hint: "), "{}", said.err);
    }
}

#[test]
fn texts_can_be_identified_in_sql() {
    let other = "SELECT count(*) AS n FROM documents WHERE identify_language(text) <> lang";
    let said = QUICKSTART.say(&["sql", other, "--format", "csv"]);
    assert_eq!(said.out, "n\n0\n", "{}", said.err);
    let said = QUICKSTART.say(&[
        "sql",
        "SELECT identify_language('ልጆች ወደ ትምህርት ቤት ይሄዳሉ') AS lang",
        "--format",
        "csv",
    ]);
    assert_eq!(said.out, "lang\namh_Ethi\n", "{}", said.err);
}

#[test]
fn thresholds_are_fitted_on_documents_that_a_query_finds_in_the_ledger() {
    let query = "SELECT lang, text FROM documents WHERE text IS NOT NULL AND lang <> 'und'";
    let fit = |query: &str| {
        QUICKSTART.say(&[
            "fit-thresholds",
            "--rules",
            "gopher_quality",
            "--min-documents",
            "5",
            "--query",
            query,
        ])
    };
    let said = fit(query);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.out.contains("\ndeu_Latn,gopher_long_words,mean_word_chars,>,"), "{}", said.out);
    assert!(said.out.contains("documents of query\n"), "{}", said.out);
    let said = fit("SELECT doc_id FROM documents");
    assert_eq!(said.code, 2);
    assert!(said.err.contains("no columns `lang` and `text`"), "{}", said.err);
}

#[test]
fn a_document_is_followed_from_its_record_to_its_shard() {
    let query =
        "SELECT doc_id FROM documents WHERE lang = 'ell_Grek' AND outcome = 'sharded' AND seed_id IS NOT NULL
        ORDER BY input, warc_offset LIMIT 1";
    let found: serde_json::Value =
        serde_json::from_str(&QUICKSTART.say(&["sql", query, "--format", "json"]).out).unwrap();
    let id = found[0]["doc_id"].as_str().unwrap();
    let said = QUICKSTART.say(&["inspect", "doc", &id[..12]]);
    assert_eq!(said.code, 0, "{}", said.err);
    // Where lines break depends on where the samples are.
    assert!(said.out.lines().all(|line| line.chars().count() <= 100), "{}", said.out);
    shown("inspect_doc", &said.out.replace("\n                    ", " "));
    let whole = QUICKSTART.say(&["inspect", "doc", id, "--text", "--json"]);
    let whole: serde_json::Value = serde_json::from_str(&whole.out).unwrap();
    let text = whole[0]["document"]["text"].as_str().unwrap();
    assert!(text.chars().count() > 200 && !said.out.contains(&text.replace('\n', " ")));
    for nothing in ["ffffffffffffffffffffffffffffffff", "καλημέρα"] {
        assert_eq!(QUICKSTART.say(&["inspect", "doc", nothing]).code, 2);
    }
}

#[test]
fn shards_and_rejects_are_listed() {
    shown("inspect_shards", &QUICKSTART.say(&["inspect", "shards"]).out);
    let said = QUICKSTART.say(&["inspect", "rejects", "--step", "filter_length", "--limit", "3"]);
    assert!(said.out.contains("3 of ") && said.out.contains("filter_length:too_short"), "{}", said.out);
}

#[test]
fn explain_shows_blocs_spelled_out_and_the_plans() {
    let said = QUICKSTART.say(&["explain", "--physical"]);
    assert_eq!(said.code, 0, "{}", said.err);
    for word in [
        "accepts AT, BE, BG",
        "Stage ingest",
        "Steps",
        "Stage route: table routes",
        "as it is run",
        "DocumentWriteExec",
    ] {
        assert!(said.out.contains(word), "{word}: {}", said.out);
    }
}

#[test]
fn finished_shards_are_verified_with_a_config_and_without() {
    let said = QUICKSTART.say(&["verify"]);
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    shown("verify", &said.out);
    let copy = QUICKSTART.copy_of("ke");
    let said = kilim(&root(), &["verify", &copy.folder.path().display().to_string()]);
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
}

#[test]
fn one_flipped_bit_is_found() {
    let copy = QUICKSTART.copy_of("eu");
    let shard = copy.manifest().shards[0].path.clone();
    let mut bytes = fs::read(copy.path(&shard)).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(copy.path(&shard), bytes).unwrap();
    copy.assert_found(&[&format!("{shard} sha256 is ")]);
}

#[test]
fn a_missing_shard_and_a_stranger_are_found() {
    let copy = QUICKSTART.copy_of("eu");
    let shard = copy.manifest().shards[0].path.clone();
    fs::rename(copy.path(&shard), copy.path("data/ziada.parquet")).unwrap();
    copy.assert_found(&[&format!("{shard} is missing"), "data/ziada.parquet is not in the manifest"]);
}

#[test]
fn a_count_that_was_edited_is_found() {
    let copy = QUICKSTART.copy_of("ke");
    let mut manifest = copy.manifest();
    manifest.rows += 1;
    *manifest.books.get_mut("sharded").unwrap() += 1;
    copy.write(&manifest);
    copy.assert_found(&["manifest.json rows is ", "manifest.json records is "]);
}

#[test]
fn a_decision_that_was_edited_is_found_though_its_digest_was_edited_too() {
    let copy = QUICKSTART.copy_of("ke");
    let mut manifest = copy.manifest();
    let path = copy.path(&manifest.decisions.path);
    let text =
        fs::read_to_string(&path).unwrap().replace(r#""jurisdictions":["KE"]"#, r#""jurisdictions":["TZ"]"#);
    fs::write(&path, &text).unwrap();
    copy.assert_found(&[
        "decisions.jsonl sha256 is ",
        "has attributes whose id is ",
        "jurisdictions than its decision",
    ]);
    manifest.decisions.sha256 = hex::encode(Sha256::digest(&text));
    copy.write(&manifest);
    copy.assert_found(&["has attributes whose id is "]);
}

#[test]
fn a_policy_that_would_have_denied_is_found() {
    let copy = QUICKSTART.copy_of("ke");
    let mut text = fs::read_to_string(copy.path("policies/residency.cedar")).unwrap();
    text.push_str("\n@id(\"hapana\")\n@because(\"nobody\")\nforbid (principal, action == Action::\"emit\", resource);\n");
    fs::write(copy.path("policies/residency.cedar"), &text).unwrap();
    copy.assert_found(&["policies/residency.cedar sha256 is ", "the policies say denied by [hapana]"]);
}

#[test]
fn a_shard_of_another_node_is_found_though_the_manifest_lists_it() {
    let copy = QUICKSTART.copy_of("ke");
    let foreign = QUICKSTART.copy_of("eu").manifest().shards[0].clone();
    let target = copy.path(&foreign.path);
    fs::create_dir_all(target.parent().unwrap()).unwrap();
    fs::copy(QUICKSTART.version("eu").join(&foreign.path), target).unwrap();
    copy.assert_found(&[&format!("{} is not in the manifest", foreign.path)]);
    let mut manifest = copy.manifest();
    manifest.rows += foreign.rows;
    manifest.shards.push(foreign.clone());
    copy.write(&manifest);
    copy.assert_found(&[
        "rests on a decision that this node does not have",
        "that the node does not ask for",
    ]);
}

#[test]
fn a_folder_without_a_manifest_is_no_version() {
    let copy = QUICKSTART.copy_of("ke");
    fs::remove_file(copy.path("manifest.json")).unwrap();
    copy.assert_found(&["manifest.json is missing"]);
}

#[test]
fn seeds_are_imported_and_checked() {
    let folder = tempfile::tempdir().unwrap();
    let list = "url,language,country\nhttps://habari.co.ke/,swa,KE\nhttps://habari.co.ke/,swa,KE\nhttps://செய்தி.in/,tam,India\n";
    fs::write(folder.path().join("mbegu.csv"), list).unwrap();
    let said = kilim(folder.path(), &["seeds", "check", "mbegu.csv"]);
    assert_eq!(said.code, 1, "{}{}", said.out, said.err);
    assert!(said.out.contains("already in the list"), "{}", said.out);
    let args = ["seeds", "import", "mbegu.csv", "-o", "mbegu.parquet", "--steward", "baraza"];
    let said = kilim(folder.path(), &args);
    assert!(said.out.contains("2 seeds in mbegu.parquet"), "{}{}", said.out, said.err);
    let seeds = kilim_connectors::seeds::read_parquet(&folder.path().join("mbegu.parquet")).unwrap();
    assert!(seeds.iter().all(|seed| seed.steward.as_deref() == Some("baraza")));
}
