//! The law of the language identification engine `ngram`.
//!
//! The input is a text; what is not UTF-8 in it is read as U+FFFD. The engine has a small model that is trained here, on
//! the sentences of the corpus.

use std::sync::LazyLock;

use kilim_langid::ngram::{Guess, Model, Ngram, Threshold};
use kilim_langid::train::{Line, Recipe, train_on};
use kilim_langid::{Identifier, LangTag};

use crate::corpus::TEXTS;

/// A model of the languages of [`TEXTS`]: a few hundred kilobytes, and the same each time.
pub(crate) static MODEL: LazyLock<Model> = LazyLock::new(|| {
    let lines = TEXTS
        .iter()
        .map(|(code, _, _, text)| Line { tag: label(code), source: 0, text: (*text).to_owned() })
        .collect();
    let recipe = Recipe { dim: 16, rows: 2000, epochs: 2, attribution: String::new(), ..Recipe::default() };
    let trained = train_on(lines, &["texts".to_owned()], &recipe, &mut |_| {});
    trained.expect("the corpus has lines").0
});

static ENGINE: LazyLock<Ngram> =
    LazyLock::new(|| Ngram::new(MODEL.clone()).with_threshold(Threshold::Fixed(0.3)));

fn label(code: &str) -> LangTag {
    let script = match code {
        "swa" => "Latn",
        "hin" => "Deva",
        "tam" => "Taml",
        "amh" => "Ethi",
        "ell" => "Grek",
        "ara" => "Arab",
        "tha" => "Thai",
        "rus" => "Cyrl",
        "jpn" => "Jpan",
        "kor" => "Kore",
        "zho" => "Hans",
        _ => "Hant",
    };
    format!("{}_{script}", &code[..3]).parse().expect("the codes above are well formed")
}

/// Panics if the promises of `kilim_langid::ngram` do not hold for this text.
pub fn holds(data: &[u8]) {
    let engine = &*ENGINE;
    let text = String::from_utf8_lossy(data);
    let guess = engine.guess_bytes(data);
    well_formed(&guess);
    assert_eq!(guess, engine.guess(&text), "bytes and text differ");
    assert_eq!(guess, engine.guess(&text), "asking twice changes the answer");
    let full = engine.clone().full();
    well_formed(&full.guess(&text));
    let mut lines = 0;
    for (line, guess) in engine.identify_lines(&text) {
        well_formed(&guess);
        assert!(!line.trim().is_empty());
        lines += 1;
    }
    assert!(lines <= text.lines().count());
    let masked = engine.clone().with_languages(&["tam", "rus", "zho"]).expect("the model has these");
    let guess = masked.guess(&text);
    well_formed(&guess);
    assert!(
        !guess.lang.is_language() || masked.labels().contains(&guess.lang),
        "{} was not asked for",
        guess.lang
    );
}

/// What holds for every answer.
pub(crate) fn well_formed(guess: &Guess) {
    assert!((0.0..=1.0).contains(&guess.probability), "probability {}", guess.probability);
    assert!((0.0..=1.0).contains(&guess.margin), "margin {}", guess.margin);
    assert_eq!(
        guess.lang == LangTag::ZXX,
        guess.no_language.is_some(),
        "noise has a reason, and nothing else has"
    );
    assert!(guess.top.len() <= 3 && guess.top.is_sorted_by(|a, b| a.1 >= b.1), "{:?}", guess.top);
    assert!(guess.top.iter().map(|(_, share)| share).sum::<f32>() <= 1.0001, "{:?}", guess.top);
}

/// Inputs to start from.
pub(crate) fn samples() -> Vec<(String, Vec<u8>)> {
    let mut samples: Vec<(String, Vec<u8>)> =
        TEXTS.iter().map(|(code, _, _, text)| ((*code).to_owned(), text.as_bytes().to_vec())).collect();
    let page: Vec<&str> = TEXTS.iter().map(|(_, _, _, text)| *text).collect();
    samples.push(("page".to_owned(), page.join("\n").into_bytes()));
    samples.push(("long".to_owned(), page.join(" ").repeat(8).into_bytes()));
    samples.push(("code".to_owned(), b"if (x == null) { return \"\"; } // 12:30 <br/>".to_vec()));
    samples.push(("marks".to_owned(), "e\u{301}\u{323} \u{200d}\u{200c}\u{202e}\0 🇰🇪".as_bytes().to_vec()));
    samples
}
