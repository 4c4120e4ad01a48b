//! `kilim langid` as somebody uses it who has lines of text and no corpus.

#![expect(clippy::unwrap_used, reason = "a failing step should panic, and these are all tests")]

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

struct Said {
    code: i32,
    out: String,
    err: String,
}

fn langid(folder: &Path, args: &[&str], stdin: &[u8]) -> Said {
    let mut child = Command::new(env!("CARGO_BIN_EXE_kilim"))
        .arg("langid")
        .args(args)
        .current_dir(folder)
        .env("NO_COLOR", "1")
        .env("COLUMNS", "100")
        .env_remove("RUST_LOG")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    // A command that reads nothing may be gone already.
    let _ = input.write_all(stdin);
    drop(input);
    let output = child.wait_with_output().unwrap();
    Said {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Sentences of three languages, a hundred lines each, made of the same words in other orders.
fn labelled() -> String {
    let words = [
        ("swa_Latn", ["watoto", "wanasoma", "vitabu", "shuleni", "kila", "siku", "asubuhi"]),
        ("vie_Latn", ["trẻ", "em", "đọc", "sách", "ở", "trường", "sáng"]),
        ("tam_Taml", ["குழந்தைகள்", "காலையில்", "பள்ளியில்", "படிக்கிறார்கள்", "புத்தகம்", "தினமும்", "மாலையில்"]),
    ];
    let mut text = String::new();
    for (label, words) in words {
        for line in 0..100 {
            let line: Vec<&str> = (0..7).map(|at| words[(at * (1 + line / 7 % 6) + line) % 7]).collect();
            writeln!(text, "{label}\t{}", line.join(" ")).unwrap();
        }
    }
    text
}

#[test]
fn lines_are_named_one_by_one_whatever_their_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let lines = "Watoto wanasoma vitabu shuleni kila siku asubuhi.\nልጆች በየቀኑ ወደ ትምህርት ቤት ይሄዳሉ።\n\nreturn x[i] + y[j];\n";
    let said = langid(folder.path(), &["guess"], &[lines.as_bytes(), b"\xff\xfe\n"].concat());
    assert_eq!(said.code, 0, "{}", said.err);
    let labels: Vec<&str> = said.out.lines().map(|line| line.split('\t').next().unwrap()).collect();
    assert_eq!(labels[..4], ["swa_Latn", "amh_Ethi", "und", "zxx"]);
    assert_eq!(labels.len(), 5);

    let said =
        langid(folder.path(), &["guess", "--json", "--languages", "hin,mar"], "मुले शाळेत जातात".as_bytes());
    let row: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(row["lang"], "mar_Deva");
    assert!(row["confidence"].as_f64().unwrap() > 0.5);
}

#[test]
fn a_model_is_trained_to_the_same_bytes_measured_and_used() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("lines.tsv"), labelled()).unwrap();
    let small = ["--set", "rows=2000", "--set", "dim=16", "--set", "epochs=2"];
    for model in ["a.kilim", "b.kilim"] {
        let said = langid(folder.path(), &[&["train", model, "lines.tsv"][..], &small].concat(), b"");
        assert_eq!(said.code, 0, "{}", said.err);
        assert!(said.out.contains("3 labels from 300 lines"), "{}", said.out);
    }
    let read = |name: &str| fs::read(folder.path().join(name)).unwrap();
    assert_eq!(read("a.kilim"), read("b.kilim"));

    let said =
        langid(folder.path(), &["eval", "lines.tsv", "--model", "a.kilim", "--json", "--csv", "."], b"");
    assert_eq!(said.code, 0, "{}", said.err);
    let figures: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!((&figures["engine"], &figures["lines"]), (&"ngram".into(), &300.into()));
    assert!(figures["macro_f1"].as_f64().unwrap() > 0.9, "{}", said.out);
    assert!(String::from_utf8(read("lines.csv")).unwrap().contains("\nswa,100,"));

    let said = langid(folder.path(), &["labels", "--model", "a.kilim"], b"");
    assert_eq!(said.out, "swa_Latn\ntam_Taml\nvie_Latn\n");
    let said = langid(folder.path(), &["bench", "lines.tsv", "--model", "a.kilim"], b"");
    assert!(said.out.contains("300 texts of"), "{}", said.out);
}

#[test]
fn what_cannot_be_is_refused_with_a_hint() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("lines.tsv"), "no tab here\n").unwrap();
    fs::write(folder.path().join("other.kilim"), "not a model").unwrap();
    for (args, words) in [
        (&["guess", "--model", "other.kilim"][..], &["not a language model", "langid train"][..]),
        (&["guess", "--model", "missing.kilim"], &["missing.kilim", "check the path"]),
        (&["guess", "--languages", "tlh"], &["no label for \"tlh\"", "langid labels"]),
        (&["guess", "--engine", "whatlang", "--full"], &["takes no `full`"]),
        (&["eval", "lines.tsv"], &["line 1: expected a label"]),
        (&["train", "x.kilim", "lines.tsv", "--set", "colour=red"], &["no such setting", "max_lines"]),
        (&["train", "x.kilim", "lines.tsv", "--set", "rows"], &["expected KEY=VALUE"]),
        (&["train", "x.kilim", "missing.tsv"], &["missing.tsv"]),
    ] {
        let said = langid(folder.path(), args, b"");
        assert_eq!(said.code, 2, "{args:?}: {}", said.err);
        for word in words {
            assert!(said.err.contains(word), "{word:?} is not in\n{}", said.err);
        }
    }
}
