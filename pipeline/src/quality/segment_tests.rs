use super::*;
use proptest::prelude::*;

fn tokens(text: &str) -> Vec<&str> {
    let mut segmenter = Segmenter::new();
    let segments = segmenter.segment(text);
    segments.tokens.iter().map(|token| &text[token.range()]).collect()
}

#[test]
fn words_of_spaced_scripts_keep_their_marks() {
    for (text, words) in [
        ("Habari ya asubuhi, ng'ombe!", vec!["Habari", "ya", "asubuhi", ",", "ng'ombe", "!"]),
        ("ሰላም፡ለዓለም። ደህና", vec!["ሰላም", "ለዓለም", "።", "ደህና"]),
        ("नमस्ते दुनिया।", vec!["नमस्ते", "दुनिया", "।"]),
        ("தமிழ் மொழி", vec!["தமிழ்", "மொழி"]),
        ("السَّلامُ عليكم؟", vec!["السَّلامُ", "عليكم", "؟"]),
        ("שָׁלוֹם, צה\"ל \"כן\"", vec!["שָׁלוֹם", ",", "צה\"ל", "\"", "כן", "\""]),
        ("ẹ̀kọ́ Yorùbá", vec!["ẹ̀kọ́", "Yorùbá"]),
        ("می\u{200c}خواهم", vec!["می\u{200c}خواهم"]),
        ("한국어 문장입니다.", vec!["한국어", "문장입니다", "."]),
        ("བོད་ཡིག", vec!["བོད", "ཡིག"]),
        ("ދިވެހި ބަސް", vec!["ދިވެހި", "ބަސް"]),
    ] {
        assert_eq!(tokens(text), words);
    }
}

#[test]
fn scripts_without_spaces_go_to_the_dictionary() {
    for (text, words) in [
        ("ภาษาไทยง่าย", vec!["ภาษา", "ไทย", "ง่าย"]),
        ("ខ្ញុំទៅផ្សារ", vec!["ខ្ញុំ", "ទៅ", "ផ្សារ"]),
        ("中文很难", vec!["中文", "很", "难"]),
        ("東京に行きます。", vec!["東京", "に", "行き", "ます", "。"]),
    ] {
        assert_eq!(tokens(text), words);
    }
    for text in ["မြန်မာဘာသာစကား", "ພາສາລາວ"] {
        let found = tokens(text);
        assert!(found.len() > 1, "{found:?}");
        assert_eq!(found.concat(), text);
    }
}

#[test]
fn other_languages_of_the_myanmar_script_are_cut_into_syllables() {
    assert_eq!(tokens("တိုၼ်းလၢင်းလူင်ႇ"), ["တိုၼ်း", "လၢင်း", "လူင်ႇ"]);
    assert_eq!(tokens("ၶၢဝ်းတၢင်း လႆႈ"), ["ၶၢဝ်း", "တၢင်း", "လႆႈ"]);
}

#[test]
fn scripts_in_one_run_are_cut_where_they_meet() {
    assert_eq!(tokens("T恤iPhone手机3台"), ["T", "恤", "iPhone", "手机", "3", "台"]);
    assert_eq!(tokens("ราคา100บาท"), ["ราคา", "100", "บาท"]);
}

#[test]
fn punctuation_inside_words_stays_and_outside_is_its_own() {
    for (text, words) in [
        ("don't l’eau paral·lel", vec!["don't", "l’eau", "paral·lel"]),
        ("3.14 1,000 10:30 1/2 3.", vec!["3.14", "1,000", "10:30", "1/2", "3", "."]),
        ("kilim.org e.g. end.Start", vec!["kilim.org", "e.g.", "end", ".", "Start"]),
        ("well-known COVID-19 2020-01", vec!["well", "-", "known", "COVID-19", "2020", "-", "01"]),
        ("_a_b_ a@b.org R&D", vec!["_", "a_b", "_", "a@b.org", "R&D"]),
        (
            "-5 --all (/usr/lib/) .git @juma",
            vec!["-5", "--all", "(", "/usr", "/", "lib", "/", ")", ".git", "@juma"],
        ),
        ("docs/ - a --- b", vec!["docs/", "-", "a", "---", "b"]),
        ("x[i] a=\"b\" f(x) if(a){b}", vec!["x[i", "]", "a=\"b", "\"", "f(x", ")", "if(a){b", "}"]),
        ("kitabu[12] na neno.\"Pili", vec!["kitabu", "[12]", "na", "neno", ".", "\"", "Pili"]),
        ("한국(韓國)의 سلام(درود)", vec!["한국", "(", "韓國", ")", "의", "سلام", "(", "درود", ")"]),
        ("(http://a.org/x?y=1). ftp://", vec!["(", "http://a.org/x?y=1", ")", ".", "ftp://"]),
        ("... ===== \"'", vec!["...", "=====", "\"", "'"]),
        ("👍🏽👍 👩‍👧", vec!["👍", "🏽", "👍", "👩‍", "👧"]),
    ] {
        assert_eq!(tokens(text), words);
    }
}

#[test]
fn words_letters_and_symbols_are_told_apart() {
    let mut segmenter = Segmenter::new();
    let segments = segmenter.segment("kitabu 42 , € ।");
    let kinds: Vec<_> =
        segments.tokens.iter().map(|token| (token.is_word(), token.is_alphabetic())).collect();
    assert_eq!(kinds, [(true, true), (true, false), (false, false), (true, false), (false, false)]);
}

#[test]
fn lines_know_their_tokens() {
    let text = "\nmoja mbili\n\n  \ntatu";
    let mut segmenter = Segmenter::new();
    let segments = segmenter.segment(text);
    assert_eq!(segments.newlines, 4);
    let lines: Vec<_> = segments.lines.iter().map(|line| &text[line.range()]).collect();
    assert_eq!(lines, ["moja mbili", "  ", "tatu"]);
    let counts: Vec<_> =
        (0..3).map(|line| segments.tokens_within(line, &segments.lines[line].range()).len()).collect();
    assert_eq!(counts, [2, 0, 1]);
    assert_eq!(segments.tokens_within(0, &(6..11)).len(), 1);
}

#[test]
fn given_tokens_must_fit_the_text() {
    let mut segmenter = Segmenter::new();
    assert_eq!(segmenter.given("ab cd", &[(0, 2), (3, 5)]).unwrap().tokens.len(), 2);
    for (ranges, reason) in [
        (vec![(0, 0)], "empty"),
        (vec![(0, 3), (2, 4)], "starts before the end of the token before it"),
        (vec![(0, 9)], "not a range of characters of the text"),
        (vec![(4, 5)], "not a range of characters of the text"),
    ] {
        assert_eq!(segmenter.given("ab é", &ranges).unwrap_err().reason, reason);
    }
}

#[test]
fn a_segmenter_remembers_nothing() {
    let mut segmenter = Segmenter::new();
    let first = segmenter.segment("moja mbili tatu").tokens.to_vec();
    segmenter.segment("ภาษาไทย\n中文");
    assert_eq!(segmenter.segment("moja mbili tatu").tokens, first);
    assert!(segmenter.segment("").tokens.is_empty());
}

#[test]
#[ignore = "50 MB each: seconds, and half a gigabyte"]
fn fifty_megabytes_in_one_line_are_cut_in_linear_time() {
    let mut segmenter = Segmenter::new();
    for part in [
        "a", " ", "!", ",.", "a[", "[1", "-a", "a://", "ၵ", "\n", "a ", "a\n", "中", "ก", "က", "ក",
        "\u{301}", "\u{200d}", "_", "a.", "1:",
    ] {
        let text = part.repeat(50_000_000 / part.len());
        let started = std::time::Instant::now();
        let segments = segmenter.segment(&text);
        let (tokens, seconds) = (segments.tokens.len(), started.elapsed().as_secs_f64());
        println!("{part:?}: {tokens} tokens, {seconds:.2} s");
        assert!(seconds < 60.0, "{part:?}");
    }
}

proptest! {
    #[test]
    fn tokens_are_ordered_disjoint_and_whole_characters(text in "\\PC{0,200}|[ -~\\n中ก\u{301}\u{e31}ሀ़。.،‍]{0,200}") {
        let mut segmenter = Segmenter::new();
        let segments = segmenter.segment(&text);
        let mut end = 0;
        for token in segments.tokens {
            let range = token.range();
            prop_assert!(range.start >= end && !range.is_empty());
            prop_assert!(text.get(range.clone()).is_some());
            let between = &text[end..range.start];
            prop_assert!(between.chars().all(|c| matches!(Class::of(c).kind(), Kind::Space | Kind::Format)));
            end = range.end;
        }
        prop_assert!(text[end..].chars().all(|c| matches!(Class::of(c).kind(), Kind::Space | Kind::Format)));
        let given: Vec<_> = segments.tokens.iter().map(|t| (t.range().start as u32, t.range().end as u32)).collect();
        prop_assert!(Segmenter::new().given(&text, &given).is_ok());
    }
}
