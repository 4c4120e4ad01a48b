//! Fitting values of quality to languages, with the real binary on the sample texts: what is fitted is what a config can use.

#![expect(clippy::unwrap_used, reason = "a failing step should panic, and these are all tests")]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use kilim::quality::{LanguageProfile, Measurer, Profiles, RuleSet};

const LANGUAGES: [(&str, &str); 8] = [
    ("eng", "eng_Latn"),
    ("spa", "spa_Latn"),
    ("swa", "swa_Latn"),
    ("hin", "hin_Deva"),
    ("amh", "amh_Ethi"),
    ("ell", "ell_Grek"),
    ("ara", "ara_Arab"),
    ("zho", "zho_Hans"),
];

fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../data-samples/texts")
}

/// The paragraphs of a language.
fn paragraphs(code: &str) -> Vec<String> {
    let text = fs::read_to_string(samples().join(format!("{code}.md"))).unwrap();
    let body = text.splitn(3, "---\n").nth(2).unwrap().to_owned();
    body.lines().filter(|line| !line.starts_with('#') && line.len() > 40).map(str::to_owned).collect()
}

/// A file of JSON lines with all paragraphs, in this order of languages.
fn write_documents(folder: &Path, name: &str, languages: &[(&str, &str)]) {
    let mut lines = String::new();
    for (code, lang) in languages {
        for text in paragraphs(code) {
            let _ = writeln!(lines, "{}", serde_json::json!({ "lang": lang, "text": text }));
        }
    }
    fs::write(folder.join(name), lines).unwrap();
}

fn kilim(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_kilim"))
        .args(args)
        .current_dir(folder)
        .env("NO_COLOR", "1")
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn done(output: Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Expects code 2 and all of these words on stderr.
fn refused(folder: &Path, args: &[&str], words: &[&str]) {
    let output = kilim(folder, args);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    for word in words {
        assert!(said.contains(word), "{word:?} is not in\n{said}");
    }
    assert!(output.stdout.is_empty());
}

#[test]
fn a_fitted_table_is_one_that_filter_quality_reads_and_keeps_what_english_values_lose() {
    let folder = tempfile::tempdir().unwrap();
    write_documents(folder.path(), "own.jsonl", &LANGUAGES);
    let args = ["fit-thresholds", "own.jsonl", "--min-documents", "3", "--report", "report.csv"];
    let output = kilim(folder.path(), &args);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    let table = done(output);
    assert!(told.contains("7 languages with rows of their own, 1 without"), "{told}");
    assert!(told.contains("eng_Latn: no rows, the values are those of English"), "{told}");

    let rules = RuleSet::read("fitted.csv", &table).unwrap();
    let short = rules.row("gopher_short_words", "zho_Hans").unwrap().value.unwrap();
    assert!(short < 2.0, "Chinese words are shorter than three characters: {short}");
    let chinese = paragraphs("zho").join("\n");
    let signals = Measurer::new().measure(&chinese, &LanguageProfile::default());
    assert!(!rules.failed(&signals, "zho_Hans").failed.contains(&"gopher_short_words"));
    assert!(!rules.has_rows_of("eng_Latn"));

    let mut report = csv::Reader::from_path(folder.path().join("report.csv")).unwrap();
    let mut languages = 0;
    for line in report.records() {
        let line = line.unwrap();
        let share = |column: usize| line[column].parse::<f64>().unwrap();
        assert!((0.0..=1.0).contains(&share(4)) && share(4) <= share(6) + 1e-9, "{line:?}");
        languages += usize::from(&line[1] == "*");
    }
    assert_eq!(languages, LANGUAGES.len());

    fs::write(folder.path().join("fitted.csv"), &table).unwrap();
    let step = kilim::steps::filter_quality::FilterQuality {
        rules: vec!["gopher_quality".to_owned()],
        thresholds: Some("fitted.csv".into()),
    };
    let resources = kilim::step::Resources::new(folder.path());
    assert!(step.rule_set(&resources).unwrap().has_rows_of("amh_Ethi"));
}

#[test]
fn the_order_of_documents_and_the_name_of_the_command_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut backward = LANGUAGES;
    backward.reverse();
    fs::create_dir_all(folder.path().join("a")).unwrap();
    fs::create_dir_all(folder.path().join("b")).unwrap();
    write_documents(&folder.path().join("a"), "own.jsonl", &LANGUAGES);
    write_documents(&folder.path().join("b"), "own.jsonl", &backward);
    let of = |words: &[&str], input: &str| {
        done(kilim(folder.path(), &[words, &[input, "--min-documents", "3"]].concat()))
    };
    let table = of(&["fit-thresholds"], "a/own.jsonl");
    assert_eq!(of(&["fit-thresholds"], "b/own.jsonl"), table);
    assert_eq!(of(&["quality", "fit-thresholds"], "a/own.jsonl"), table);
    assert_eq!(of(&["fit-thresholds"], "a"), table);
    let json: serde_json::Value =
        serde_json::from_str(&of(&["fit-thresholds", "--json"], "a/own.jsonl")).unwrap();
    assert_eq!(json["thresholds"].as_array().unwrap().len(), table.lines().count() - 1);
}

#[test]
fn a_language_with_little_text_gets_no_rows_and_is_named_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    write_documents(folder.path(), "own.jsonl", &LANGUAGES[..3]);
    let mut lines = fs::read_to_string(folder.path().join("own.jsonl")).unwrap();
    lines += "{\"lang\": \"kat_Geor\", \"text\": \"სოფლის ბაზარი დილით იხსნება.\"}\n";
    fs::write(folder.path().join("own.jsonl"), lines).unwrap();
    let output = kilim(folder.path(), &["fit-thresholds", "own.jsonl", "--min-documents", "3"]);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains("kat_Geor: no rows, 1 document to fit on, of at least 3"), "{told}");
    assert!(!done(output).contains("kat_Geor"));
}

#[test]
fn medians_are_held_against_spanish_and_the_table_is_one_that_measure_quality_reads() {
    let folder = tempfile::tempdir().unwrap();
    // The smallest source that counts has ten documents in a half.
    for (code, lang) in LANGUAGES {
        let texts: Vec<String> = paragraphs(code)
            .iter()
            .flat_map(|text| text.split_inclusive(['.', '。', '।', '።']))
            .filter(|sentence| sentence.chars().count() > 8)
            .map(|text| format!("{}\n", serde_json::json!({ "lang": lang, "text": text })))
            .collect();
        let texts = texts.concat();
        let path = folder.path().join("own.jsonl");
        let before = fs::read_to_string(&path).unwrap_or_default();
        fs::write(path, before + &texts).unwrap();
    }
    let table = done(kilim(folder.path(), &["quality", "medians", "own.jsonl", "--report", "scores.csv"]));
    let mut profiles = Profiles::default();
    profiles.read_medians("medians.csv", &table).unwrap();
    let [_, spanish, _] = kilim::quality::REFERENCE.values();
    let [numbers, punctuation, _] = profiles.get("zho_Hans").medians.values();
    assert!(punctuation > 2.0 * spanish && numbers > 2.0, "{punctuation} {numbers}");
    assert!(fs::read_to_string(folder.path().join("scores.csv")).unwrap().contains("zho_Hans,"));
    write_documents(folder.path(), "one.jsonl", &LANGUAGES[2..]);
    refused(
        folder.path(),
        &["quality", "medians", "one.jsonl"],
        &["no language has medians", "a source needs ten documents of spa_Latn"],
    );
}

#[test]
fn thresholds_of_fineweb2_become_a_table_that_a_config_can_use() {
    let folder = tempfile::tempdir().unwrap();
    let configs = folder.path().join("configs");
    fs::create_dir(&configs).unwrap();
    let file = |word: &str, letters: f64| {
        let grams = |sizes: &[u32]| {
            sizes.iter().fold(String::new(), |text, n| text + &format!("- - {n}\n  - 0.1{n}\n"))
        };
        format!(
            "dup_line_frac: 0.3\ndup_n_grams:\n{}language_score: 0.8\nline_punct_thr: 0.1\nmax_avg_word_length: 13\n\
             max_non_alpha_words_ratio: {letters}\nmin_avg_word_length: 2\nnew_line_ratio: 0.4\nstopwords:\n- {word}\n\
             top_n_grams:\n{}",
            grams(&[5, 6, 7, 8, 9]),
            grams(&[2, 3, 4]),
        )
    };
    for (label, word) in [("swh_Latn", "kwa"), ("amh_Ethi", "ነው"), ("cmn_Hani", "的")] {
        fs::write(configs.join(format!("{label}.yml")), file(word, 0.7)).unwrap();
    }
    fs::write(configs.join("README.md"), "not a table").unwrap();
    let import = &["quality", "import-fineweb2", "configs", "--stop-words", "words.csv"];
    let table = done(kilim(folder.path(), import));
    assert_eq!(table, done(kilim(folder.path(), import)));
    let rules = RuleSet::read("own.csv", &table).unwrap();
    let languages: std::collections::BTreeSet<_> = rules.rows().iter().map(|row| &row.language).collect();
    assert_eq!(
        languages.into_iter().collect::<Vec<_>>(),
        ["amh_Ethi", "swa_Latn", "zho_Hani", "zho_Hans", "zho_Hant"]
    );
    assert!(
        table.contains("swa_Latn,fineweb2_few_letters,alphabetic_token_share,<,0.7,FineWeb-2 swh_Latn.yml")
    );
    let words = fs::read_to_string(folder.path().join("words.csv")).unwrap();
    Profiles::read_stop_words("words.csv", &words).unwrap();
    assert!(words.contains("amh_Ethi,ነው,FineWeb-2 amh_Ethi.yml stopwords"));
    // One wrong file is named, and nothing of the others is written as if it were all.
    fs::write(configs.join("hau_Latn.yml"), file("da", 7.0)).unwrap();
    fs::write(configs.join("kiswahili.yml"), file("na", 0.7)).unwrap();
    refused(
        folder.path(),
        import,
        &["hau_Latn.yml", "max_non_alpha_words_ratio", "kiswahili.yml", "swa_Latn.yml"],
    );
    refused(folder.path(), &["quality", "import-fineweb2", "."], &["no files that end in .yml"]);
}

#[test]
fn bad_input_is_refused_with_its_place_and_the_next_move() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("empty.jsonl", "");
    write("label.jsonl", "{\"lang\": \"kiswahili\", \"text\": \"siri yangu\"}\n");
    write("code.jsonl", "{\"lang\": \"xqz_Latn\", \"text\": \"siri yangu\"}\n");
    write("broken.jsonl", "{\"lang\": \"swa_Latn\", \"text\": NaN}\n");
    write("empty.tsv", "\n");
    write("label.tsv", "siri yangu\n");
    write("notes.pdf", "%PDF");
    for (args, words) in [
        (&["empty.jsonl"][..], &["no documents in empty.jsonl", "swa_Latn with .txt"][..]),
        (&["label.jsonl"], &["label.jsonl:1", "not a language tag"]),
        (&["code.jsonl"], &["code.jsonl:1", "no code of ISO 639-3"]),
        (&["broken.jsonl"], &["broken.jsonl:1", "one object a line"]),
        (&["empty.tsv"], &["no documents in empty.tsv"]),
        (&["label.tsv"], &["label.tsv, line 1"]),
        (&["notes.pdf"], &["no documents in notes.pdf"]),
        (&["missing.tsv"], &["cannot read missing.tsv"]),
        (&["-"], &["no documents to fit on"]),
        (&["empty.jsonl", "--max-cut", "NaN"], &["a share is a number from 0 to 1"]),
        (&["empty.jsonl", "--max-lost", "1.5"], &["a share is a number from 0 to 1"]),
        (&["empty.jsonl", "--rules", "gopher_qality"], &["did you mean `gopher_quality`"]),
        (&[], &["<INPUT>"]),
    ] {
        refused(folder.path(), &[&["fit-thresholds"], args].concat(), words);
    }
    let own = LANGUAGES.iter().filter(|(code, _)| *code != "eng").copied().collect::<Vec<_>>();
    write_documents(folder.path(), "own.jsonl", &own);
    refused(
        folder.path(),
        &["fit-thresholds", "own.jsonl"],
        &["0 documents of eng_Latn", "add trusted English text of the same kinds"],
    );
    let said = String::from_utf8(kilim(folder.path(), &["fit-thresholds", "label.jsonl"]).stderr).unwrap();
    assert!(!said.contains("siri"), "text of a document is shown: {said}");
}
