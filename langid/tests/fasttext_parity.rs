//! Our answers against those of C++ fastText, which `fasttext_parity.py` asked; tests/fasttext/README.md says how.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use kilim_langid::Identifier;
use kilim_langid::fasttext::{FastText, ModelError};
use proptest::prelude::*;

/// How far a probability may be off. C++ answers are written with seven digits.
const TOLERANCE: f32 = 1e-4;

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fasttext")
}

fn models(folder: &Path) -> Vec<PathBuf> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let is_model = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "bin" || ending == "ftz");
    let mut models: Vec<PathBuf> = paths.filter(is_model).collect();
    models.sort();
    models
}

fn lines(folder: &Path) -> Vec<String> {
    fs::read_to_string(folder.join("lines.txt")).unwrap().split_terminator('\n').map(unescape).collect()
}

fn unescape(line: &str) -> String {
    let mut chars = line.chars();
    let mut text = String::new();
    while let Some(c) = chars.next() {
        text.push(match c {
            '\\' => match chars.next().unwrap() {
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                'v' => '\u{b}',
                'f' => '\u{c}',
                '0' => '\0',
                other => other,
            },
            other => other,
        });
    }
    text
}

/// How a model's answers compare.
#[derive(Default)]
struct Comparison {
    lines: usize,
    first_labels_equal: usize,
    all_labels_equal: usize,
    largest_difference: f32,
    /// The first lines that are not within tolerance, for the message.
    faults: String,
}

fn compare(model: &Path, lines: &[String]) -> Comparison {
    let engine = FastText::load(model).unwrap();
    let answers = fs::read_to_string(model.with_extension("tsv")).unwrap();
    let mut answers = answers.split_terminator('\n');
    let mut comparison = Comparison { lines: lines.len(), ..Comparison::default() };
    for (number, line) in lines.iter().enumerate() {
        let fields: Vec<&str> =
            answers.next().unwrap().split('\t').filter(|field| !field.is_empty()).collect();
        let theirs: Vec<(&str, f32)> =
            fields.as_chunks::<2>().0.iter().map(|[label, p]| (*label, p.parse().unwrap())).collect();
        let ours = engine.predict(line, 3);
        let labels =
            |answer: &[(&str, f32)]| answer.iter().map(|(label, _)| (*label).to_owned()).collect::<Vec<_>>();
        let pairs = ours.iter().zip(&theirs);
        let difference = pairs.map(|(ours, theirs)| (ours.1 - theirs.1).abs()).fold(0.0, f32::max);
        let first_equal = labels(&ours).first() == labels(&theirs).first();
        comparison.first_labels_equal += usize::from(first_equal);
        comparison.all_labels_equal += usize::from(labels(&ours) == labels(&theirs));
        comparison.largest_difference = comparison.largest_difference.max(difference);
        let sound = first_equal && ours.len() == theirs.len() && difference <= TOLERANCE;
        if !sound && comparison.faults.len() < 2000 {
            writeln!(comparison.faults, "line {}: ours {ours:?}, C++ {theirs:?}", number + 1).unwrap();
        }
    }
    assert!(answers.next().is_none());
    comparison
}

#[test]
fn small_models_of_every_kind_answer_as_cpp_fasttext_does() {
    let lines = lines(&golden());
    let models = models(&golden());
    assert_eq!(models.len(), 26);
    for model in models {
        let comparison = compare(&model, &lines);
        assert!(comparison.faults.is_empty(), "{}\n{}", model.display(), comparison.faults);
        assert_eq!(comparison.all_labels_equal, lines.len(), "{}", model.display());
        assert!(
            comparison.largest_difference < 2e-5,
            "{} {}",
            model.display(),
            comparison.largest_difference
        );
    }
}

#[test]
#[ignore = "by hand: KILIM_FASTTEXT_PARITY is the folder that `fasttext_parity.py full` wrote"]
fn large_models_answer_as_cpp_fasttext_does() {
    let folder =
        PathBuf::from(std::env::var_os("KILIM_FASTTEXT_PARITY").expect("KILIM_FASTTEXT_PARITY is set"));
    let lines = lines(&folder);
    println!(
        "| model | bytes | lines | first label equal | all three equal | largest difference |\n|---|---|---|---|---|---|"
    );
    let mut faults = String::new();
    for model in models(&folder).into_iter().filter(|model| model.with_extension("tsv").exists()) {
        let found = compare(&model, &lines);
        println!(
            "| {} | {} | {} | {} | {} | {:.1e} |",
            model.file_name().unwrap().display(),
            fs::metadata(&model).unwrap().len(),
            found.lines,
            found.first_labels_equal,
            found.all_labels_equal,
            found.largest_difference
        );
        faults += &found.faults;
    }
    assert!(faults.is_empty(), "{faults}");
}

/// Loads damaged bytes and asks the model, if it still is one.
fn load(bytes: &[u8]) -> Result<(), ModelError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("damaged.ftz");
    fs::write(&path, bytes).unwrap();
    let engine = FastText::load(&path)?;
    for text in ["Watoto wanasoma vitabu shuleni", "孩子们每天早上在学校读书。", "ή"] {
        let found = engine.identify(text);
        assert!((0.0..=1.0).contains(&found.confidence), "{found:?}");
        engine.predict(text, 3);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_model_cut_short_is_an_error(model in 0_usize..26, part in 0.0..1.0) {
        let bytes = fs::read(&models(&golden())[model]).unwrap();
        let cut = (bytes.len() as f64 * part) as usize;
        let error = load(&bytes[..cut]).unwrap_err();
        let expected = matches!(error, ModelError::Corrupt { .. } | ModelError::NotAModel { .. });
        prop_assert!(expected, "{error:?}");
        prop_assert!(!error.hint().is_empty());
    }

    #[test]
    fn flipped_bytes_never_panic(
        model in 0_usize..26, flips in proptest::collection::vec((0.0..1.0, 1_u8..=255), 1..4), in_header in any::<bool>(),
    ) {
        let mut bytes = fs::read(&models(&golden())[model]).unwrap();
        // Headers are small: by chance alone they would hardly be hit.
        let reach = if in_header { 120 } else { bytes.len() };
        for (place, bits) in flips {
            bytes[(reach as f64 * place) as usize] ^= bits;
        }
        if let Err(error) = load(&bytes) {
            prop_assert!(!matches!(error, ModelError::Read { .. }), "{error:?}");
        }
    }
}
