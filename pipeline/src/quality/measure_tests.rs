use super::*;
use crate::quality::{SIGNALS, Unit};
use proptest::prelude::*;

fn measured(text: &str) -> Signals {
    Measurer::new().measure(text, &LanguageProfile::default())
}

#[track_caller]
fn close(value: f32, expected: f64) {
    assert!((f64::from(value) - expected).abs() < 1e-6, "{value}, not {expected}");
}

/// What holds of any text.
fn check(signals: &Signals) -> Result<(), String> {
    for signal in SIGNALS {
        let value = (signal.get)(signals);
        let unmeasured = value.is_nan() && signal.name.contains("stop_word");
        let right = match signal.unit {
            Unit::Share => (0.0..=1.0).contains(&value),
            Unit::Count | Unit::Mean => value >= 0.0 && value.is_finite(),
        };
        if !unmeasured && !right {
            return Err(format!("{}: {value}", signal.name));
        }
    }
    let ordered = [
        ("words", signals.words, signals.tokens),
        ("tokens", signals.tokens, signals.chars),
        ("text_lines", signals.text_lines, signals.lines),
        ("paragraphs", signals.paragraphs, signals.lines),
        ("c4_lines", signals.c4_lines, signals.lines),
        ("c4_sentences", signals.c4_sentences, signals.sentences),
        ("longest word", signals.longest_spaced_word_chars, signals.chars),
    ];
    match ordered.iter().find(|(_, part, whole)| part > whole) {
        Some((name, part, whole)) => Err(format!("{name}: {part} of {whole}")),
        None => Ok(()),
    }
}

#[test]
fn an_empty_text_has_nothing() {
    for signal in SIGNALS {
        let value = (signal.get)(&measured(""));
        assert!(value == 0.0 || value.is_nan(), "{}: {value}", signal.name);
    }
}

#[test]
fn words_sentences_and_letters_are_measured_in_every_script() {
    // Text, words, sentences, characters of all words.
    for (text, words, sentences, word_chars) in [
        ("Watoto wanasoma vitabu. Mwalimu anafundisha.", 5, 2, 38),
        ("ልጆች መጻሕፍት ያነባሉ። መምህሩ ያስተምራል።", 5, 2, 22),
        ("बच्चे किताबें पढ़ते हैं। शिक्षक पढ़ाता है।", 7, 2, 34),
        ("குழந்தைகள் புத்தகங்கள் படிக்கிறார்கள்.", 3, 1, 35),
        ("เด็กอ่านหนังสือ", 3, 1, 15),
        ("កុមារអានសៀវភៅ", 3, 1, 13),
        ("孩子们读书。老师教书。", 5, 2, 9),
        ("子供は本を読む。", 5, 1, 7),
        ("الأطفال يقرؤون الكتب. المعلم يدرّس؟", 5, 2, 29),
        ("הילדים קוראים סְפָרִים. המורה מלמד!", 5, 2, 29),
        ("Àwọn ọmọdé ń ka ìwé. Olùkọ́ ń kọ́ni.", 8, 2, 27),
    ] {
        let signals = measured(text);
        let found = (signals.words, signals.sentences, signals.mean_word_chars * signals.words as f32);
        assert_eq!((found.0, found.1, found.2.round()), (words, sentences, word_chars as f32), "{text}");
        close(signals.main_script_share, 1.0);
        assert_eq!(signals.scripts, 1 + u32::from(text.starts_with('子')), "{text}");
        check(&signals).unwrap();
    }
    let burmese = measured("ကလေးများ စာအုပ်ဖတ်ကြသည်။");
    assert!((4..=8).contains(&burmese.words) && burmese.sentences == 1, "{burmese:?}");
}

#[test]
fn scripts_are_told_apart_and_kana_with_han_are_one() {
    let mixed = measured("Habari नमस्ते");
    close(mixed.main_script_share, 6.0 / 10.0);
    assert_eq!(mixed.scripts, 2);
    let japanese = measured("漢字とカナをまぜてかく。");
    close(japanese.main_script_share, 1.0);
    assert_eq!(japanese.scripts, 3);
}

#[test]
fn lines_are_counted_as_each_rule_has_them() {
    let text =
        "• moja\n- mbili\n\n* tatu.\nnne...\n  \ntano…\nmoja ya sita ni neno refu zaidi ya thelathini.\n";
    let signals = measured(text);
    assert_eq!((signals.lines, signals.text_lines, signals.paragraphs), (8, 6, 2));
    close(signals.bullet_line_share, 2.0 / 8.0);
    close(signals.listed_line_share, 3.0 / 6.0);
    close(signals.ellipsis_line_share, 2.0 / 8.0);
    // "nne..." ends in a full stop, "tano…" in none.
    close(signals.terminal_line_share, 3.0 / 6.0);
    close(signals.short_line_share, 5.0 / 6.0);
    assert_eq!(signals.third_longest_line_chars, 7);
    close(signals.newlines_per_token, 8.0 / f64::from(signals.tokens));
}

#[test]
fn copies_of_lines_and_paragraphs_are_counted() {
    let signals = measured("ab\ncde\n\nab\ncde\n\nfg\nab");
    close(signals.duplicate_line_share, 3.0 / 6.0);
    close(signals.duplicate_line_char_share, 7.0 / 21.0);
    close(signals.duplicate_text_line_char_share, 7.0 / 14.0);
    close(signals.repeated_line_share, 5.0 / 6.0);
    close(signals.repeated_line_char_share, 12.0 / 14.0);
    close(signals.duplicate_paragraph_share, 1.0 / 3.0);
    close(signals.duplicate_paragraph_char_share, 6.0 / 21.0);
}

#[test]
fn stop_words_count_only_where_a_language_has_a_list() {
    let text = "na watoto na walimu wa shule";
    let profile = LanguageProfile {
        stop_words: Some(StopWords::new(["na", "wa", "ya"])),
        ..LanguageProfile::default()
    };
    let signals = Measurer::new().measure(text, &profile);
    assert_eq!((signals.stop_words, signals.distinct_stop_words), (3.0, 2.0));
    close(signals.stop_word_share, 0.5);
    let signals = measured(text);
    assert!(
        signals.stop_words.is_nan()
            && signals.distinct_stop_words.is_nan()
            && signals.stop_word_share.is_nan()
    );
}

#[test]
fn lines_that_dclm_edits_out_are_weighed_by_words() {
    let signals = measured("Maneno manne ya kawaida.\nHERUFI KUBWA TUPU\n12345\n1,234 views\nMoja\n");
    close(signals.edited_out_word_share, 7.0 / 11.0);
}

#[test]
fn given_tokens_take_the_place_of_ours() {
    let mut measurer = Measurer::new();
    let (text, profile) = ("ab-cd. Ef", LanguageProfile::default());
    let given = measurer.measure_given(text, &[(0, 5), (5, 6), (7, 9)], &profile).unwrap();
    assert_eq!((given.tokens, given.words, given.sentences), (3, 2, 2));
    assert_eq!(measurer.measure(text, &profile).tokens, 5);
    assert!(measurer.measure_given(text, &[(0, 50)], &profile).is_err());
}

#[test]
fn texts_of_nothing_but_one_thing_are_measured() {
    for part in [
        "a",
        "!",
        " ",
        "\n",
        "\r\n",
        "\u{2028}",
        "…",
        "-",
        "#",
        "{",
        "中",
        "ก",
        "ក",
        "\u{301}",
        "\u{200d}",
        "👍",
        "\0",
        "７",
        "\u{10ffff}",
    ] {
        for text in
            [part.to_owned(), part.repeat(3), part.repeat(10_000), (part.to_owned() + "\n").repeat(50)]
        {
            check(&measured(&text)).unwrap_or_else(|problem| panic!("{part:?} x {}: {problem}", text.len()));
        }
    }
}

#[test]
fn a_measurer_remembers_nothing() {
    let mut measurer = Measurer::new();
    let profile = LanguageProfile::default();
    let texts = [
        "Habari ya leo. Nzuri sana.\n\nKaribu.",
        "",
        "ภาษาไทย",
        "{ lorem ipsum } javascript.",
        "a b ".repeat(999).leak(),
    ];
    for text in texts.iter().chain(texts.iter().rev()) {
        let (again, fresh) = (measurer.measure(text, &profile), measured(text));
        for signal in SIGNALS {
            let (again, fresh) = ((signal.get)(&again), (signal.get)(&fresh));
            assert!(again.to_bits() == fresh.to_bits(), "{} of {text:?}", signal.name);
        }
    }
}

#[test]
#[ignore = "50 MB each: seconds, and a gigabyte"]
fn fifty_megabytes_in_one_line_are_measured_in_linear_time() {
    let mut measurer = Measurer::new();
    for part in
        ["a", " ", "!", ",.", "\n", "a ", "a\n", "{\r", "中", "ក", "\u{301}", "a.", "[1", "habari ya leo. "]
    {
        let text = part.repeat(50_000_000 / part.len());
        let started = std::time::Instant::now();
        let signals = measurer.measure(&text, &LanguageProfile::default());
        let seconds = started.elapsed().as_secs_f64();
        println!("{part:?}: {} tokens, {} lines, {seconds:.2} s", signals.tokens, signals.lines);
        check(&signals).unwrap();
        assert!(seconds < 60.0, "{part:?}");
    }
}

proptest! {
    #[test]
    fn any_text_works(text in "\\PC{0,300}|[ -~\\n\\r\u{b}\u{2028}中ก\u{301}ሀ़。.،\u{200d}]{0,300}") {
        prop_assert_eq!(check(&measured(&text)), Ok(()));
    }

    #[test]
    fn texts_of_many_lines_work(lines in prop::collection::vec("[a-c .!•-]{0,8}|मा।|中。|\\[1\\]|http://www", 0..60)) {
        prop_assert_eq!(check(&measured(&lines.join("\n"))), Ok(()));
        prop_assert_eq!(check(&measured(&lines.join("\n\n"))), Ok(()));
    }
}
