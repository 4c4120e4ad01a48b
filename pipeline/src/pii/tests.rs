//! The cases of `data-samples/pii/cases.tsv`, properties of any text, and texts made to be slow.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;

const CASES: &str = include_str!("../../../data-samples/pii/cases.tsv");

struct Case {
    language: &'static str,
    countries: Vec<&'static str>,
    expect: Vec<&'static str>,
    text: String,
}

fn cases() -> Vec<Case> {
    let rows = CASES.lines().skip(1).filter(|line| !line.starts_with('#'));
    rows.map(|line| {
        let [language, countries, expect, text] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("four columns: {line}");
        };
        Case {
            language,
            countries: countries.split(',').filter(|country| !country.is_empty()).collect(),
            expect: expect.split(" | ").filter(|expected| *expected != "-").collect(),
            text: text.replace("\\n", "\n"),
        }
    })
    .collect()
}

fn detect(text: &str, countries: &[&str]) -> Vec<Span> {
    let mut spans = Vec::new();
    Detector::new().detect(text, &Hints { countries }, &mut spans);
    spans
}

fn shown(text: &str, spans: &[Span]) -> Vec<String> {
    spans.iter().map(|span| format!("{}={}", span.rule, &text[span.range()])).collect()
}

#[test]
fn every_case_is_found_as_it_says() {
    let mut wrong = Vec::new();
    for Case { language, countries, expect, text } in cases() {
        let found = shown(&text, &detect(&text, &countries));
        if found != expect {
            wrong.push(format!("{language} {text}\n  expected {expect:?}\n  found    {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_cases_are_of_many_languages() {
    let with: BTreeSet<_> =
        cases().iter().filter(|case| !case.expect.is_empty()).map(|case| case.language).collect();
    let without: BTreeSet<_> =
        cases().iter().filter(|case| case.expect.is_empty()).map(|case| case.language).collect();
    assert!(with.len() >= 25 && without.len() >= 12, "{} {}", with.len(), without.len());
}

#[test]
fn every_case_holds_after_a_mask_what_it_held_less_the_finds() {
    for Case { countries, text, .. } in cases() {
        check(&text, &countries);
    }
}

#[test]
fn a_mask_is_no_word_in_front_of_the_next_number() {
    let text = "+254 722 000 111, 722000222; 41.90.64.12, 4.3.2.1";
    assert_eq!(shown(text, &detect(text, &["KE"])), ["phone_e164=+254 722 000 111", "ipv4=41.90.64.12"]);
    let masked = "<PHONE>, 722000222; <IP>, 4.3.2.1";
    assert_eq!(
        redact_fresh(masked, &Detector::new(), &Hints { countries: &["KE"] }, &Profile::default()).text,
        masked
    );
}

#[test]
fn a_number_that_a_mask_uncovers_is_found_too() {
    let text = "anna@version.co.ke 81.2.69.160";
    assert_eq!(shown(text, &detect(text, &[])), ["email=anna@version.co.ke", "ipv4=81.2.69.160"]);
}

#[test]
fn every_rule_has_a_case() {
    let mut found: BTreeSet<_> =
        cases().iter().flat_map(|case| detect(&case.text, &case.countries)).map(|span| span.rule).collect();
    // Only web addresses have parameters.
    found.insert("phone_parameter");
    assert_eq!(found, RULES.into_iter().collect());
}

#[test]
fn kinds_have_the_names_of_their_serialisation() {
    for kind in Kind::ALL {
        assert_eq!(Kind::from_word(kind.as_str()), Some(kind));
        assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
    }
}

/// What must hold of any text.
fn check(text: &str, countries: &[&str]) {
    let hints = Hints { countries };
    let spans = detect(text, countries);
    let mut from = 0;
    for span in &spans {
        let range = span.range();
        assert!(range.start >= from && range.start < range.end, "{spans:?}");
        assert!(text.is_char_boundary(range.start) && text.is_char_boundary(range.end), "{spans:?}");
        from = range.end;
    }
    let profile = Profile::default();
    let once = redact(text, &spans, &profile);
    for kind in Kind::ALL {
        let found = spans.iter().filter(|span| span.kind == kind).count();
        assert_eq!(once.masked.of(kind), found as u64);
    }
    assert_eq!(detect(&once.text, countries), [], "{:?} from {text:?}", once.text);
    assert_eq!(spans.is_empty(), matches!(once.text, std::borrow::Cow::Borrowed(_)));

    let fresh = redact_fresh(text, &Detector::new(), &hints, &profile);
    let again = redact_fresh(&fresh.text, &Detector::new(), &hints, &profile);
    assert_eq!(again.text, fresh.text);
    assert_eq!(again.masked.total(), 0);
}

/// Texts that look like personal data: pieces of all that the rules know, in any order.
fn near_personal() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        prop::sample::select(vec![
            "anna@posteo.de",
            "+254 722 000 111",
            "0722000111",
            "4111 2222 3333 4448",
            "DE73 1002 0030 0001 2345 67",
            "123.456.780-62",
            "11223344B",
            "900229-1236",
            "BNCLRA90C41H501J",
            "41.90.64.12",
            "2a02:8109::1f3",
            "010180-456T",
            "२३४५ ६७८९ ०१२४",
            "٠١٠٠٠١١٢٢٣٣",
            "1 90 02 75 056 001 14",
            "Y1122334V",
        ])
        .prop_map(str::to_owned),
        prop::sample::select(vec![
            "@",
            "＠",
            ".",
            "-",
            "/",
            " ",
            "+",
            "(",
            ")",
            ":",
            ",",
            "%40",
            "%2540",
            "%",
            "=",
            "?tel=",
            "tel",
            "ip ",
            "version ",
            "आधार ",
            "电话",
            "<",
            ">",
            "<EMAIL>",
            "\n",
            "\0",
            "é",
            "ß",
            "中",
            "ก",
            "\u{94d}",
            "\u{200d}",
            "€",
            "x",
        ])
        .prop_map(str::to_owned),
        "[0-9]{1,8}",
        "[٠-٩]{1,6}",
        "[a-z]{1,4}",
        "\\PC{0,3}",
    ];
    prop::collection::vec(piece, 0..14).prop_map(|pieces| pieces.concat())
}

const COUNTRIES: &[&str] = &["KE", "DE", "IN", "ZA", "BR", "ES", "FR", "NL", "PL", "SE", "FI", "AR", "US"];

proptest! {
    #[test]
    fn any_text_keeps_the_promises(text in "\\PC{0,80}") {
        check(&text, &["KE"]);
    }

    #[test]
    fn texts_near_personal_data_keep_the_promises(text in near_personal(), from in 0..COUNTRIES.len()) {
        check(&text, &COUNTRIES[from..]);
    }

    #[test]
    fn spans_masks_and_counts_agree_under_any_profile(
        text in near_personal(),
        chosen in prop::array::uniform6(prop::sample::select(vec![Treatment::Mask, Treatment::Drop, Treatment::Keep])),
    ) {
        let spans = detect(&text, COUNTRIES);
        let profile = Kind::ALL.into_iter().zip(chosen).fold(Profile::default(), |profile, (kind, treatment)| {
            profile.with(kind, treatment)
        });
        let redacted = redact(&text, &spans, &profile);
        let (mut expected, mut from) = (String::new(), 0);
        for span in spans.iter().filter(|span| profile.of(span.kind) != Treatment::Keep) {
            expected.push_str(&text[from..span.range().start]);
            expected.push_str(redact::mask(span.kind));
            from = span.range().end;
        }
        expected.push_str(&text[from..]);
        prop_assert_eq!(redacted.text, expected);
        for kind in Kind::ALL {
            let found = spans.iter().filter(|span| span.kind == kind).count() as u64;
            let masked = if profile.of(kind) == Treatment::Keep { 0 } else { found };
            prop_assert_eq!(redacted.masked.of(kind), masked);
        }
        prop_assert_eq!(redacted.masked.total(), redacted.masked.iter().map(|(_, count)| count).sum::<u64>());
        prop_assert_eq!(redacted.drop, spans.iter().any(|span| profile.of(span.kind) == Treatment::Drop));
    }

    #[test]
    fn what_is_kept_is_kept(text in near_personal()) {
        let spans = detect(&text, COUNTRIES);
        let redacted = redact(&text, &spans, &Profile::all(Treatment::Keep));
        prop_assert_eq!(redacted.text, text.as_str());
        prop_assert!(!redacted.drop);
    }
}

#[test]
#[ignore = "measures time, which a busy machine has little of: run by hand"]
fn hard_texts_take_time_in_proportion() {
    let many = |piece: &str| piece.repeat((1 << 15) / piece.len());
    for piece in [
        "7",
        "@",
        "\0",
        "a",
        "1 ",
        "1-",
        "1.",
        "1:",
        "a@",
        "@a",
        "a.",
        "a@b.",
        "0722 ",
        "+1 ",
        "(1) ",
        "٣",
        "4111 ",
        "AB12",
        "2000:",
        "%40",
        "%25",
        "%",
        "?tel=1",
        "=1",
        "9999 4105 7058 ",
        "+254722000111 ",
        "anna@posteo.de ",
        "anna@posteo.de,",
        "क",
        "中1",
        "1中",
    ] {
        let (small, large) = (many(piece), many(piece).repeat(10));
        let time = |text: &str| {
            let start = Instant::now();
            let redacted =
                redact_fresh(text, &Detector::new(), &Hints { countries: COUNTRIES }, &Profile::default());
            std::hint::black_box(redacted);
            start.elapsed()
        };
        // Ten times the text; the rest is for a busy machine, which may also be tried again. Quadratic time would be a hundred
        // times, each time.
        let tries: Vec<_> = std::iter::repeat_with(|| (time(&small), time(&large))).take(3).collect();
        let in_proportion =
            |(short, long): &(Duration, Duration)| *long < *short * 40 + Duration::from_millis(100);
        assert!(tries.iter().any(in_proportion), "{piece:?}: {tries:?}");
    }
}
