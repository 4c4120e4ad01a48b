//! The engine as a whole, with a small model made here: three scripts of several languages, and some of one.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::features::{Features, Orders};
use super::model::{BUCKETS, Head, Label};
use super::text::{Counts, group_of, groups, read};
use super::*;

/// A line or two of each language; written for these tests.
const TEXTS: [(&str, &str); 14] = [
    ("swa_Latn", "watoto wanasoma vitabu shuleni kila siku asubuhi na jioni wanacheza uwanjani"),
    ("fin_Latn", "lapset lukevat kirjoja koulussa joka aamu ja leikkivät illalla pihalla"),
    ("vie_Latn", "trẻ em đọc sách ở trường mỗi buổi sáng và chơi ngoài sân vào buổi chiều"),
    ("hin_Deva", "बच्चे हर सुबह विद्यालय में किताबें पढ़ते हैं और शाम को मैदान में खेलते हैं"),
    ("mar_Deva", "मुले रोज सकाळी शाळेत पुस्तके वाचतात आणि संध्याकाळी मैदानात खेळतात"),
    ("rus_Cyrl", "дети каждое утро читают книги в школе и играют вечером во дворе"),
    ("ukr_Cyrl", "діти щоранку читають книжки у школі й грають увечері надворі"),
    ("zho_Hans", "孩子们每天早上在学校里读书晚上在院子里玩"),
    ("jpn_Jpan", "子供たちは毎朝学校で本を読み夕方は庭で遊びます"),
    ("tam_Taml", "குழந்தைகள் காலையில் பள்ளியில் புத்தகம் படிக்கிறார்கள்"),
    ("ell_Grek", "τα παιδιά διαβάζουν βιβλία στο σχολείο κάθε πρωί"),
    ("amh_Ethi", "ልጆች በየቀኑ በትምህርት ቤት መጽሐፍ ያነባሉ"),
    ("tha_Thai", "เด็ก ๆ อ่านหนังสือที่โรงเรียนทุกเช้า"),
    ("div_Thaa", "ކުދިން ކޮންމެ ހެނދުނަކު ސްކޫލުގައި ފޮތް ކިޔައެވެ"),
];

const DIM: usize = 16;

/// A model without training: each n-gram of a language's line points along the language's own dimension.
fn tiny() -> Model {
    let han = group_of(Script::HANI).unwrap();
    let features = Features { rows: 1 << 14, orders: Orders::range(1, 4), words: true, known: None, han };
    let mut texts: Vec<(Group, LangTag, &str)> = TEXTS
        .iter()
        .map(|(tag, text)| {
            let tag: LangTag = tag.parse().unwrap();
            (tag.script().and_then(group_of).unwrap(), tag, *text)
        })
        .collect();
    texts.sort();
    let mut rows = vec![0i8; features.rows as usize * DIM];
    let mut heads: Vec<Head> = Vec::new();
    let mut labels = Vec::new();
    for (at, (group, tag, text)) in texts.iter().enumerate() {
        labels.push(Label { tag: *tag, threshold: 0.3, experimental: false });
        match heads.last_mut() {
            Some(head) if head.group == *group => head.labels += 1,
            _ => heads.push(Head { group: *group, first: at, labels: 1, weights: vec![], biases: vec![] }),
        }
        read(text, &mut Counts::default(), |word| {
            features.rows_of(word, |row| rows[row as usize * DIM + at] = 100);
            true
        });
    }
    for head in &mut heads {
        let padded = Head::padded(head.labels);
        head.weights = vec![0.0; padded * DIM];
        head.biases = vec![0.0; padded];
        for label in 0..head.labels {
            head.weights[(head.first + label) * padded + label] = 1.0;
        }
    }
    let model = Model {
        name: "tiny".to_owned(),
        attribution: "written for tests".to_owned(),
        dim: DIM,
        features,
        row_scale: 0.1,
        rows,
        sharpness: [1.0; BUCKETS],
        labels,
        heads,
        digest: String::new(),
    };
    Model::from_bytes(&model.to_bytes()).unwrap()
}

use super::text::Group;

static ENGINE: LazyLock<Ngram> = LazyLock::new(|| Ngram::new(tiny()));

#[test]
fn each_language_of_the_model_is_told_from_the_others() {
    for (tag, text) in TEXTS {
        let guess = ENGINE.guess(text);
        assert_eq!(guess.lang.to_string(), tag, "{guess:?}");
        assert_eq!(guess.top, [(guess.lang, 1.0)]);
        assert!(guess.probability > 0.5 && guess.probability <= 1.0, "{guess:?}");
        assert_eq!(ENGINE.clone().full().guess(text).lang, guess.lang);
    }
}

#[test]
fn a_script_without_labels_is_undetermined_and_named() {
    let guess = ENGINE.guess("ქართული ენა");
    assert_eq!((guess.lang, guess.script), (LangTag::UND, Script::parse("Geor")));
    assert_eq!(ENGINE.identify("ქართული ენა"), Identification::undetermined());
}

#[test]
fn the_mask_applies_before_probabilities_are_made() {
    let text = "дети каждое утро читают книги";
    let open = ENGINE.guess(text);
    let masked = ENGINE.clone().with_languages(&["ukr", "fin", "tam"]).unwrap();
    assert_eq!(open.lang.to_string(), "rus_Cyrl");
    let guess = masked.guess(text);
    assert_eq!((guess.lang.to_string(), guess.probability), ("ukr_Cyrl".to_owned(), 1.0));
    // No label of the script is allowed.
    assert_eq!(masked.guess("बच्चे हर सुबह").lang, LangTag::UND);
    let labels: Vec<String> = masked.labels().iter().map(LangTag::to_string).collect();
    assert_eq!(labels, ["fin_Latn", "tam_Taml", "ukr_Cyrl"]);
}

#[test]
fn a_language_that_the_model_lacks_is_refused_in_a_mask() {
    let refused = ENGINE.clone().with_languages(&["swa", "kik"]).unwrap_err();
    assert_eq!(refused, LanguageSetError::Unknown { code: "kik".to_owned() });
    assert_eq!(ENGINE.clone().with_languages::<&str>(&[]).unwrap_err(), LanguageSetError::Empty);
    // Members are found through their macrolanguage.
    assert!(ENGINE.clone().with_languages(&["swh", "cmn", "vie_Latn"]).is_ok());
}

#[test]
fn an_answer_below_its_threshold_is_undetermined_but_named() {
    let strict = ENGINE.clone().with_threshold(Threshold::Fixed(1.1));
    let guess = strict.guess("lapset lukevat kirjoja");
    assert_eq!((guess.lang, guess.best.to_string()), (LangTag::UND, "fin_Latn".to_owned()));
    assert!(guess.probability > 0.0);
}

#[test]
fn the_parts_of_a_mixed_page_vote_with_their_bytes() {
    let page =
        format!("{}\n{}", (TEXTS[0].1.to_owned() + " ").repeat(8), (TEXTS[3].1.to_owned() + " ").repeat(2));
    let top = ENGINE.clone().full().guess(&page).top;
    assert_eq!(top.len(), 2, "{top:?}");
    assert_eq!((top[0].0.to_string(), top[1].0.to_string()), ("swa_Latn".into(), "hin_Deva".into()));
    assert!(top[0].1 > top[1].1 && top[0].1 + top[1].1 <= 1.001, "{top:?}");
    let lines: Vec<String> = ENGINE.identify_lines(&page).map(|(_, guess)| guess.lang.to_string()).collect();
    assert_eq!(lines, ["swa_Latn", "hin_Deva"]);
}

#[test]
fn bad_input_gets_an_answer() {
    let repeated = |c: char, times: usize| c.to_string().repeat(times);
    for (text, want) in [
        (String::new(), LangTag::UND),
        (" \n\t\u{a0}".to_owned(), LangTag::UND),
        ("7".to_owned(), LangTag::ZXX),
        (repeated('\0', 500), LangTag::ZXX),
        ("🙂🔥🇰🇪👍🏾".to_owned(), LangTag::ZXX),
        ("\u{301}\u{302}\u{323}".to_owned(), LangTag::ZXX),
        ("\u{200f}\u{200e}\u{202b}\u{2066}".to_owned(), LangTag::ZXX),
        ("12:30 — 15:45".to_owned(), LangTag::ZXX),
    ] {
        assert_eq!(ENGINE.guess(&text).lang, want, "{text:?}");
    }
    // Whatever they are called, they are called something.
    for text in
        [repeated('a', 3_000_000), repeated('ก', 100_000), repeated('\u{915}', 100_000) + "्", "a".to_owned()]
    {
        let guess = ENGINE.clone().full().guess(&text);
        assert!((0.0..=1.0).contains(&guess.probability));
        assert!((0.0..=1.0).contains(&ENGINE.guess(&text).probability));
    }
}

#[test]
#[ignore = "takes seconds: run with --ignored"]
fn a_hundred_megabytes_of_one_letter_are_read_whole() {
    let guess = ENGINE.clone().full().guess(&"a".repeat(100_000_000));
    assert!((0.0..=1.0).contains(&guess.probability));
}

#[test]
fn bytes_that_are_not_utf_8_are_read_as_far_as_they_go() {
    let mut bytes = TEXTS[0].1.as_bytes().to_vec();
    bytes.insert(20, 0xff);
    assert_eq!(ENGINE.guess_bytes(&bytes).lang.to_string(), "swa_Latn");
    assert_eq!(ENGINE.guess_bytes(&[0xff; 40]).lang, LangTag::ZXX);
    assert_eq!(ENGINE.guess_bytes(&[0xc3]).lang, LangTag::ZXX);
    assert_eq!(ENGINE.guess_bytes(b"").lang, LangTag::UND);
}

#[test]
fn decomposed_and_upper_case_text_gets_the_same_answer() {
    use unicode_normalization::UnicodeNormalization;
    for (tag, text) in TEXTS {
        let decomposed: String = text.nfd().collect();
        assert_eq!(ENGINE.guess(&decomposed), ENGINE.guess(text), "{tag}");
        assert_eq!(ENGINE.guess(&text.to_uppercase()).lang, ENGINE.guess(text).lang, "{tag}");
    }
}

#[test]
fn threads_and_what_was_asked_before_change_nothing() {
    let texts: Vec<String> =
        TEXTS.iter().flat_map(|(_, a)| TEXTS.iter().map(move |(_, b)| format!("{a} {b}"))).collect();
    let texts: Vec<String> = texts.into_iter().step_by(9).collect();
    let alone: Vec<Guess> = texts.iter().map(|text| Ngram::new(tiny()).guess(text)).collect();
    std::thread::scope(|scope| {
        for start in 0..3 {
            let (texts, alone) = (&texts, &alone);
            scope.spawn(move || {
                for at in (0..texts.len()).map(|at| (at * 37 + start * 11) % texts.len()) {
                    assert_eq!(ENGINE.guess(&texts[at]), alone[at], "{}", texts[at]);
                }
            });
        }
    });
}

#[test]
fn two_models_in_one_thread_do_not_share_words() {
    let mut other = tiny();
    other.rows.iter_mut().for_each(|value| *value = -*value);
    let (one, other) = (Ngram::new(tiny()), Ngram::new(other));
    for _ in 0..2 {
        assert_eq!(one.guess(TEXTS[6].1).best.to_string(), "ukr_Cyrl");
        assert_ne!(other.guess(TEXTS[6].1).best.to_string(), "ukr_Cyrl");
    }
}

#[test]
fn macrolanguages_add_up() {
    let mut model = tiny();
    let at = model.labels.iter().position(|label| label.tag.code() == "fin").unwrap();
    model.labels[at].tag = "ind_Latn".parse().unwrap();
    model.labels[at + 1].tag = "msa_Latn".parse().unwrap();
    let engine = Ngram::new(model).with_macrolanguages(Macrolanguages::Macro);
    let text = format!("{} {}", TEXTS[0].1, TEXTS[1].1);
    let guess = engine.guess(&text);
    assert_eq!(guess.lang.to_string(), "msa_Latn", "{guess:?}");
    assert!(!engine.labels().iter().any(|label| label.code() == "ind"));
}

#[test]
fn a_model_file_is_the_same_after_it_was_read() {
    let bytes = tiny().to_bytes();
    let model = Model::from_bytes(&bytes).unwrap();
    assert_eq!(model, tiny());
    assert_eq!(model.to_bytes(), bytes);
    assert_eq!(model.digest(), blake3::hash(&bytes).to_hex().as_str());
    assert_eq!((model.name(), model.attribution()), ("tiny", "written for tests"));
}

#[test]
fn foreign_newer_and_damaged_files_are_refused_with_a_hint() {
    let bytes = tiny().to_bytes();
    assert!(matches!(Model::from_bytes(b""), Err(ModelError::NotAModel { .. })));
    assert!(matches!(Model::from_bytes(&0x2f4f_16ba_u32.to_le_bytes()), Err(ModelError::NotAModel { .. })));
    let mut newer = bytes.clone();
    newer[8] = 3;
    assert!(matches!(Model::from_bytes(&newer), Err(ModelError::TooNew { version: 3, .. })));
    let mut older = bytes.clone();
    older[8] = 1;
    let error = Model::from_bytes(&older).unwrap_err();
    assert!(error.to_string().contains("version 1, older than 2"), "{error}");
    for cut in [8, 11, 12, 40, 60, bytes.len() / 2, bytes.len() - 1] {
        assert!(matches!(Model::from_bytes(&bytes[..cut]), Err(ModelError::Corrupt { .. })), "{cut}");
    }
    let mut flipped = bytes.clone();
    flipped[5000] ^= 1;
    let error = Model::from_bytes(&flipped).unwrap_err();
    assert!(error.to_string().contains("checksum") && error.hint().contains("BLAKE3"), "{error}");
    let error = Model::load("/nowhere/langid.kilim").unwrap_err();
    assert!(error.to_string().contains("/nowhere/langid.kilim"));
}

/// The bytes with a checksum that holds, so that what lies behind it is tried.
fn sealed(mut content: Vec<u8>) -> Vec<u8> {
    let checksum = blake3::hash(&content);
    content.extend(checksum.as_bytes());
    content
}

static CONTENT: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let bytes = tiny().to_bytes();
    bytes[..bytes.len() - 32].to_vec()
});

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn a_file_with_any_header_is_a_model_or_an_error(
        at in 12usize..900, by in 1u8..=255, cut in 0usize..900,
    ) {
        let mut content = CONTENT.clone();
        content[at] ^= by;
        if let Ok(model) = Model::from_bytes(&sealed(content)) {
            let guess = Ngram::new(model).guess(TEXTS[1].1);
            prop_assert!((0.0..=1.0).contains(&guess.probability), "{:?}", guess);
        }
        let _ = Model::from_bytes(&sealed(CONTENT[..12 + cut].to_vec()));
    }

    #[test]
    fn any_text_gets_the_same_answer_twice(text in "(\\PC|\n|\0){0,600}", max in 1u32..3000) {
        let engine = ENGINE.clone().with_max_n_grams(max);
        let guess = engine.guess(&text);
        prop_assert_eq!(&guess, &engine.guess(&text));
        prop_assert!((0.0..=1.0).contains(&guess.probability));
        prop_assert!((0.0..=1.0).contains(&guess.margin));
        prop_assert!(guess.top.len() <= 3);
        prop_assert!(guess.top.iter().map(|(_, share)| share).sum::<f32>() <= 1.0001);
        prop_assert_eq!(guess.lang == LangTag::ZXX, guess.no_language.is_some());
    }

    #[test]
    fn any_bytes_get_an_answer(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let guess = ENGINE.guess_bytes(&bytes);
        prop_assert_eq!(guess, ENGINE.guess(&String::from_utf8_lossy(&bytes)));
    }
}

#[test]
fn groups_have_names_that_lead_back_to_them() {
    for (at, script) in groups().iter().enumerate().skip(1) {
        assert_eq!(group_of(*script), Some(at as Group), "{script}");
    }
}

#[cfg(feature = "embedded")]
#[test]
fn the_model_in_the_crate_is_whole_and_knows_the_texts_of_these_tests() {
    let engine = Ngram::embedded();
    assert!(engine.labels().len() > 500);
    assert!(engine.model().attribution().contains("CC-BY-SA-4.0"));
    for (tag, text) in TEXTS {
        assert_eq!(engine.guess(text).best.code(), &tag[..3], "{text}");
    }
}
