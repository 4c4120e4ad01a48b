//! Models are trained here, by the crate itself, on a few sentences of our own in six languages.

use std::fmt::Write as _;

use ::fasttext::args::{Args, LossName};
use proptest::prelude::*;

use super::*;
use crate::supports;

const SENTENCES: &[(&str, &[&str])] = &[
    (
        "sw",
        &[
            "Watoto wanasoma vitabu shuleni kila siku asubuhi.",
            "Mama anapika chakula jikoni na baba analima shamba.",
            "Mvua ilinyesha usiku kucha na mto ukafurika.",
            "Tunakwenda sokoni kununua samaki na mboga.",
        ],
    ),
    (
        "hi",
        &[
            "बच्चे हर सुबह विद्यालय में किताबें पढ़ते हैं।",
            "माँ रसोई में खाना बनाती है और पिता खेत में काम करते हैं।",
            "रात भर बारिश हुई और नदी में बाढ़ आ गई।",
            "हम बाज़ार में मछली और सब्ज़ी खरीदने जाते हैं।",
        ],
    ),
    (
        "ta",
        &[
            "குழந்தைகள் தினமும் காலையில் பள்ளியில் புத்தகம் படிக்கிறார்கள்.",
            "அம்மா சமையலறையில் சமைக்கிறார், அப்பா வயலில் வேலை செய்கிறார்.",
            "இரவு முழுவதும் மழை பெய்து ஆற்றில் வெள்ளம் வந்தது.",
        ],
    ),
    (
        "am",
        &[
            "ልጆች በየቀኑ ጠዋት በትምህርት ቤት መጽሐፍ ያነባሉ።",
            "እናት በማእድ ቤት ምግብ ታበስላለች፤ አባት በእርሻ ይሠራል።",
            "ሌሊቱን ሙሉ ዝናብ ዘነበ ወንዙም ሞላ።",
        ],
    ),
    (
        "el",
        &[
            "Τα παιδιά διαβάζουν βιβλία στο σχολείο κάθε πρωί.",
            "Η μητέρα μαγειρεύει στην κουζίνα και ο πατέρας δουλεύει στο χωράφι.",
        ],
    ),
    ("th", &["เด็ก ๆ อ่านหนังสือ ที่โรงเรียน ทุกเช้า", "แม่ทำอาหาร ในครัว และพ่อทำงาน ในทุ่งนา"]),
];

/// A scratch folder and what is in it.
struct Bench {
    folder: tempfile::TempDir,
}

impl Bench {
    fn new() -> Bench {
        Bench { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Trains on the sentences, labelled by `label`.
    fn train(&self, loss: LossName, label: impl Fn(&str) -> String) -> ::fasttext::FastText {
        let mut text = String::new();
        for (language, sentences) in SENTENCES {
            for sentence in *sentences {
                writeln!(text, "{} {sentence}", label(language)).unwrap();
            }
        }
        let input = self.path("train.txt");
        std::fs::write(&input, text).unwrap();
        let mut args = Args::new();
        args.apply_supervised_defaults();
        args.input = input;
        args.loss = loss;
        args.dim = 8;
        args.epoch = 400;
        args.lr = 0.5;
        args.minn = 2;
        args.maxn = 4;
        args.bucket = 2000;
        args.thread = 1;
        args.seed = 7;
        ::fasttext::FastText::train(args).unwrap()
    }

    fn save(&self, model: &::fasttext::FastText) -> PathBuf {
        let path = self.path("model.bin");
        model.save_model(&path).unwrap();
        path
    }

    fn engine(&self, loss: LossName) -> FastText {
        FastText::load(self.save(&self.train(loss, |language| format!("__label__{language}")))).unwrap()
    }
}

const EXPECTED: &[(&str, &str)] = &[
    ("Baba na mama wanasoma vitabu vya watoto jikoni.", "swa_Latn"),
    ("पिता और बच्चे किताबें पढ़ते हैं।", "hin_Deva"),
    ("குழந்தைகள் சமையலறையில் படிக்கிறார்கள்.", "tam_Taml"),
    ("አባት በትምህርት ቤት መጽሐፍ ያነባል።", "amh_Ethi"),
    ("Ο πατέρας διαβάζει βιβλία στην κουζίνα.", "ell_Grek"),
    ("พ่ออ่านหนังสือ ที่โรงเรียน", "tha_Thai"),
];

fn assert_knows_its_languages(engine: &FastText) {
    for (text, want) in EXPECTED {
        let found = engine.identify(text);
        assert_eq!(found.lang.to_string(), *want, "{text} {found:?}");
        assert!(found.confidence > 0.4 && found.margin > 0.1, "{text} {found:?}");
        assert_eq!(found.top, [(found.lang, 1.0)]);
    }
}

#[test]
fn a_softmax_model_answers_with_the_script_of_the_text() {
    let engine = Bench::new().engine(LossName::Softmax);
    assert_knows_its_languages(&engine);
    let labels: Vec<String> = engine.labels().iter().map(LangTag::to_string).collect();
    assert_eq!(labels, ["amh", "ell", "hin", "swa", "tam", "tha"]);
    assert!(supports(&engine, "swh") && !supports(&engine, "kik"));
    assert_eq!(engine.digest().len(), 64);
}

#[test]
fn a_float_model_with_hierarchical_softmax_works() {
    assert_knows_its_languages(&Bench::new().engine(LossName::HierarchicalSoftmax));
}

#[test]
fn answers_are_the_crates_where_the_crate_is_right() {
    for loss in [LossName::Softmax, LossName::HierarchicalSoftmax, LossName::OneVsAll] {
        let bench = Bench::new();
        let model = bench.train(loss, |language| format!("__label__{language}"));
        let engine = FastText::load(bench.save(&model)).unwrap();
        for (text, _) in EXPECTED {
            let (ours, theirs) = (engine.predict(text, 2), model.predict(text, 2, 0.0));
            assert_eq!(ours.len(), theirs.len());
            for ((label, probability), theirs) in ours.iter().zip(&theirs) {
                assert_eq!(*label, theirs.label, "{loss:?} {text}");
                assert!(
                    (probability - theirs.prob).abs() < 1e-5,
                    "{loss:?} {text}: {probability} {theirs:?}"
                );
            }
        }
    }
}

#[test]
fn quantised_hierarchical_softmax_works_with_and_without_quantised_output() {
    for (qout, qnorm) in [(false, false), (false, true), (true, false), (true, true)] {
        let bench = Bench::new();
        let mut model = bench.train(LossName::HierarchicalSoftmax, |language| format!("__label__{language}"));
        let mut args = Args::new();
        (args.qout, args.qnorm, args.dsub) = (qout, qnorm, 2);
        model.quantize(&args).unwrap();
        let engine = FastText::load(bench.save(&model)).unwrap();
        assert_knows_its_languages(&engine);
    }
}

#[test]
fn a_quantised_softmax_model_works() {
    let bench = Bench::new();
    let mut model = bench.train(LossName::Softmax, |language| format!("__label__{language}"));
    let mut args = Args::new();
    args.dsub = 2;
    model.quantize(&args).unwrap();
    let engine = FastText::load(bench.save(&model)).unwrap();
    assert_knows_its_languages(&engine);
}

#[test]
fn line_breaks_and_control_words_of_fasttext_do_not_cut_the_text() {
    let engine = Bench::new().engine(LossName::Softmax);
    let whole = engine.identify("Watoto wanasoma vitabu shuleni kila siku");
    assert_eq!(engine.identify("Watoto wanasoma\nvitabu\r\nshuleni kila siku"), whole);
    let greek_first = "ή </s> Watoto wanasoma vitabu shuleni, mama anapika chakula jikoni";
    assert_eq!(engine.identify(greek_first).lang.code(), "swa");
}

#[test]
fn the_languages_of_a_mixed_page_are_told_with_their_shares() {
    let engine = Bench::new().engine(LossName::Softmax);
    let page = |index: usize, times: usize| SENTENCES[index].1.join(" ").repeat(times);
    let found = engine.identify(&format!("{}\n{}", page(0, 6), page(3, 3)));
    let langs: Vec<String> = found.top.iter().map(|(lang, _)| lang.to_string()).collect();
    assert_eq!(langs, ["swa_Latn", "amh_Ethi"], "{found:?}");
    assert!((found.top[0].1 + found.top[1].1 - 1.0).abs() < 1e-5);
}

#[test]
fn text_that_the_model_has_no_part_of_is_undetermined() {
    let bench = Bench::new();
    std::fs::write(bench.path("words.txt"), "__label__sw habari\n__label__am ሰላም\n").unwrap();
    let mut args = Args::new();
    args.apply_supervised_defaults();
    (args.input, args.dim, args.thread) = (bench.path("words.txt"), 4, 1);
    let engine = FastText::load(bench.save(&::fasttext::FastText::train(args).unwrap())).unwrap();
    assert_eq!(engine.identify("Καλημέρα").lang, LangTag::UND);
    assert_eq!(engine.identify("12 345").lang, LangTag::ZXX);
    assert_eq!(engine.identify("").lang, LangTag::UND);
}

#[test]
fn all_ways_of_writing_a_label_are_read() {
    for (label, want) in [
        ("__label__sw", "swa"),
        ("__label__swa", "swa"),
        ("__label__swh_Latn", "swh_Latn"),
        ("__label__zh-Hant", "zho_Hant"),
        ("__label__no", "nob"),
        ("__label__als", "gsw"),
        ("__label__als_Latn", "als_Latn"),
        ("__label__sh", "hbs"),
        ("__label__arz", "arz"),
        ("ell_Grek", "ell_Grek"),
    ] {
        assert_eq!(tag_of(label, LABEL_PREFIX).unwrap().to_string(), want);
    }
    for label in ["__label__other", "__label__", "__label__x", "__label__zh-CN", "__label__ሰላም"] {
        assert_eq!(tag_of(label, LABEL_PREFIX), None, "{label}");
    }
}

#[test]
fn another_prefix_of_labels_is_found() {
    let prefix = |labels: &[&str]| {
        let labels: Vec<String> = labels.iter().map(|label| (*label).to_owned()).collect();
        common_prefix(&labels).to_owned()
    };
    assert_eq!(prefix(&["lang:swa", "lang:swh", "lang:ell"]), "lang:");
    assert_eq!(prefix(&["lugha→sw", "lugha→swa"]), "lugha→");
    assert_eq!(prefix(&["swa", "swh"]), "");
    assert_eq!(prefix(&["lang:"]), "lang:");
    assert_eq!(prefix(&[]), "");

    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fasttext/prefix-dsub4.ftz");
    let engine = FastText::load(golden).unwrap();
    assert_eq!(engine.identify("Watoto wanasoma vitabu shuleni").lang.to_string(), "swa_Latn");
}

#[test]
fn a_label_that_is_no_language_is_listed_and_a_model_without_any_is_refused() {
    let bench = Bench::new();
    let mixed = bench.train(LossName::Softmax, |language| match language {
        "th" => "__label__other".to_owned(),
        _ => format!("__label__{language}"),
    });
    let engine = FastText::load(bench.save(&mixed)).unwrap();
    assert_eq!(engine.unmapped_labels(), ["__label__other"]);
    assert_eq!(engine.identify(EXPECTED[5].0), Identification::undetermined());

    let topics = bench.train(LossName::Softmax, |language| format!("__label__topic-{language}"));
    let error = FastText::load(bench.save(&topics)).unwrap_err();
    assert!(matches!(error, ModelError::NoLanguages { .. }), "{error}");
}

#[test]
fn missing_foreign_and_newer_files_are_told_apart() {
    let bench = Bench::new();
    assert!(matches!(FastText::load(bench.path("none.bin")), Err(ModelError::Read { .. })));
    assert!(matches!(FastText::load(bench.folder.path()), Err(ModelError::NotAModel { .. })));
    for content in [&b""[..], b"\0", b"watoto 0.1 0.2\nmama 0.3 0.4\n"] {
        std::fs::write(bench.path("foreign"), content).unwrap();
        assert!(matches!(FastText::load(bench.path("foreign")), Err(ModelError::NotAModel { .. })));
    }
    let path = bench.save(&bench.train(LossName::Softmax, |language| format!("__label__{language}")));
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[4] = 13;
    std::fs::write(&path, &bytes).unwrap();
    let error = FastText::load(&path).unwrap_err();
    assert!(matches!(error, ModelError::TooNew { version: 13, .. }), "{error}");
    assert!(!error.hint().is_empty());
}

#[test]
fn a_model_cut_anywhere_is_refused_and_a_flipped_count_never_panics() {
    let bench = Bench::new();
    for loss in [LossName::Softmax, LossName::HierarchicalSoftmax] {
        let mut model = bench.train(loss, |language| format!("__label__{language}"));
        let mut args = Args::new();
        (args.qout, args.qnorm, args.dsub) = (true, true, 2);
        model.quantize(&args).unwrap();
        let path = bench.save(&model);
        let bytes = std::fs::read(&path).unwrap();
        let header = 8 + 56 + 28 + 64;
        for cut in (0..header).step_by(3).chain((header..bytes.len()).step_by(997)) {
            std::fs::write(&path, &bytes[..cut]).unwrap();
            assert!(FastText::load(&path).is_err(), "cut at {cut} of {}", bytes.len());
        }
        for at in 0..header {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0xff;
            std::fs::write(&path, &damaged).unwrap();
            if let Ok(engine) = FastText::load(&path) {
                engine.identify("Watoto wanasoma vitabu");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn any_text_gets_the_same_answer_twice(texts in proptest::collection::vec("(\\PC|\n|\0){0,400}", 8)) {
        let engine = Bench::new().engine(LossName::Softmax);
        for text in texts {
            let found = engine.identify(&text);
            prop_assert_eq!(&found, &engine.identify(&text));
            prop_assert!((0.0..=1.0).contains(&found.confidence) && (0.0..=1.0).contains(&found.margin));
        }
    }
}
