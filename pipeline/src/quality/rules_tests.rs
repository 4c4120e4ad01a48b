use super::*;
use proptest::prelude::*;

const HEADER: &str = "language,rule,signal,op,value,source\n";

fn error(rows: &str) -> String {
    RuleSet::read("r.csv", &format!("{HEADER}{rows}")).unwrap_err().to_string()
}

#[test]
fn the_most_specific_row_of_a_rule_counts() {
    let table = format!(
        "{HEADER}# a comment
*,few_words,words,<,50,x
*,long_words,mean_word_chars,>,10,x
*_Thai,few_words,words,<,40,x
tha_Thai,few_words,words,<=,30,x
hin_Deva,long_words,mean_word_chars,>,off,\"a, b\"
"
    );
    let rules = RuleSet::read("r.csv", &table).unwrap();
    let failed = |words, language| {
        let signals = Signals { words, mean_word_chars: 11.0, ..Signals::default() };
        let verdict = rules.failed(&signals, language);
        (verdict.failed, verdict.language_has_rows)
    };
    assert_eq!(failed(49, "swa_Latn"), (vec!["few_words", "long_words"], false));
    assert_eq!(failed(50, "swa_Latn"), (vec!["long_words"], false));
    assert_eq!(failed(45, "und"), (vec!["few_words", "long_words"], false));
    assert_eq!(failed(45, "nod_Thai"), (vec!["long_words"], false));
    assert_eq!(failed(39, "nod_Thai"), (vec!["long_words", "few_words"], false));
    assert_eq!(failed(31, "tha_Thai"), (vec!["long_words"], true));
    assert_eq!(failed(30, "tha_Thai"), (vec!["long_words", "few_words"], true));
    assert_eq!(failed(49, "hin_Deva"), (vec!["few_words"], true));
    assert!(!failed(49, "*").1);
}

#[test]
fn it_is_said_which_rows_judge_a_language() {
    let table = format!(
        "{HEADER}*,few_words,words,<,50,x\n*,long_words,mean_word_chars,>,10,x\n*_Thai,few_words,words,<,40,x\n\
         swa_Latn,long_words,mean_word_chars,>,off,x\nswa_Latn,few_words,words,<,30,x\n"
    );
    let rules = RuleSet::read("r.csv", &table).unwrap();
    let asked = |language| {
        let (rows, scope) = rules.asked(language);
        let mut asked: Vec<_> = rows.map(|row| (row.rule.as_str(), row.value.unwrap())).collect();
        asked.sort_unstable_by_key(|(rule, _)| *rule);
        (asked, scope)
    };
    assert_eq!(asked("swa_Latn"), (vec![("few_words", 30.0)], Scope::Own));
    assert_eq!(asked("tha_Thai"), (vec![("few_words", 40.0), ("long_words", 10.0)], Scope::Script));
    for neutral in ["amh_Ethi", "und", "*", ""] {
        assert_eq!(asked(neutral), (vec![("few_words", 50.0), ("long_words", 10.0)], Scope::Neutral));
    }
}

#[test]
fn a_share_equals_the_value_that_it_is() {
    let rules = RuleSet::read(
        "r.csv",
        &format!("{HEADER}*,a,short_line_share,>,0.2,x\n*,b,short_line_share,>=,0.2,x\n"),
    );
    let signals = Signals { short_line_share: (1.0_f64 / 5.0) as f32, ..Signals::default() };
    assert_eq!(rules.unwrap().failed(&signals, "und").failed, ["b"]);
}

#[test]
fn what_was_not_measured_fails_nothing() {
    let table = format!("{HEADER}*,a,distinct_stop_words,<,2,x\n*,b,distinct_stop_words,>=,0,x\n");
    let signals = Signals { distinct_stop_words: f32::NAN, ..Signals::default() };
    assert!(RuleSet::read("r.csv", &table).unwrap().failed(&signals, "und").failed.is_empty());
}

#[test]
fn wrong_tables_say_where_and_what() {
    for (rows, message) in [
        ("", "r.csv: no rules\nhint: the columns are language,rule,signal,op,value,source"),
        (
            "*,a,mean_word_char,<,3,x",
            "r.csv:2: unknown signal `mean_word_char`\nhint: did you mean `mean_word_chars`?",
        ),
        ("*,a,zzz,<,3,x", "r.csv:2: unknown signal `zzz`"),
        ("*,a,words,=,3,x", "r.csv:2: unknown comparison `=`\nhint: one of < <= > >="),
        (
            "# c\n*,a,words,<,nan,x",
            "r.csv:3: `nan` is not a finite number\nhint: write `off` to take a rule away for a language",
        ),
        (
            "*,a,words,<,inf,x",
            "r.csv:2: `inf` is not a finite number\nhint: write `off` to take a rule away for a language",
        ),
        (
            "*,a,words,<,,x",
            "r.csv:2: `` is not a finite number\nhint: write `off` to take a rule away for a language",
        ),
        ("*,a,words,<,-1,x", "r.csv:2: -1 is out of the range of words, whole numbers from 0"),
        ("*,a,words,<,0.5,x", "r.csv:2: 0.5 is out of the range of words, whole numbers from 0"),
        ("*,a,digit_share,>,1.5,x", "r.csv:2: 1.5 is out of the range of digit_share, 0 to 1"),
        ("*,a,words,<,3,", "r.csv:2: no source"),
        (
            "*,Few words,words,<,3,x",
            "r.csv:2: `Few words` is no id of a rule\nhint: lower-case letters, digits and `_`",
        ),
        ("*,,words,<,3,x", "r.csv:2: no rule"),
        ("*,a,words,<,3", "r.csv:2: 5 columns instead of 6: *,a,words,<,3"),
        (
            "sw,a,words,<,3,x",
            "r.csv:2: unknown form of language `sw`\nhint: `*`, `*_Latn`, or ISO 639-3 and script as in `swa_Latn`",
        ),
        ("*,a,words,<,3,x\n\n*,a,words,<,4,x", "r.csv:4: rule `a` of `*` is already on line 2"),
    ] {
        assert_eq!(error(rows), message, "{rows}");
    }
    let columns = RuleSet::read("r.csv", "lang,rule\n").unwrap_err().to_string();
    assert_eq!(columns, "r.csv:1: the columns are lang,rule, not language,rule,signal,op,value,source");
    assert!(matches!(RuleSet::read("r.csv", ""), Err(RuleError::Empty { .. })));
}

#[test]
fn rows_that_are_written_read_the_same() {
    let table = format!("{HEADER}*,a,words,<,50,\"x, \"\"y\"\"\"\nhin_Deva,b,digit_share,>=,off,z\n");
    let rules = RuleSet::read("r.csv", &table).unwrap();
    assert_eq!(write_rows(rules.rows()), table);
}

#[test]
fn the_shipped_tables_are_right() {
    let mut ids = std::collections::BTreeSet::new();
    for (table, text) in [
        ("gopher_quality.csv", include_str!("../../../configs/rules/gopher_quality.csv")),
        ("gopher_repetition.csv", include_str!("../../../configs/rules/gopher_repetition.csv")),
        ("c4.csv", include_str!("../../../configs/rules/c4.csv")),
        ("fineweb.csv", include_str!("../../../configs/rules/fineweb.csv")),
        ("fineweb2.csv", include_str!("../../../configs/rules/fineweb2.csv")),
        ("dclm.csv", include_str!("../../../configs/rules/dclm.csv")),
    ] {
        let rules = RuleSet::read(table, text).unwrap();
        let own: std::collections::BTreeSet<_> = rules.rows().iter().map(|row| row.rule.clone()).collect();
        for rule in own {
            assert!(ids.insert(rule.clone()), "{rule} is in two tables");
        }
    }
    let stop_words = include_str!("../../../configs/rules/stop_words.csv");
    let profiles = crate::quality::Profiles::read_stop_words("stop_words.csv", stop_words).unwrap();
    assert!(profiles.get("eng_Latn").stop_words.is_some());
}

proptest! {
    #[test]
    fn any_text_is_a_table_or_an_error(text in "\\PC{0,80}|(language,rule,signal,op,value,source\n)?([*a-z_,<=>0-9.\"\n-]{0,80})") {
        if let Ok(rules) = RuleSet::read("r.csv", &text) {
            let again = RuleSet::read("r.csv", &write_rows(rules.rows())).unwrap();
            prop_assert_eq!(write_rows(again.rows()), write_rows(rules.rows()));
        }
    }

    #[test]
    fn rows_survive_writing_and_reading(
        language in "[*]|[*]_[A-Z][a-z]{3}|[a-z]{3}_[A-Z][a-z]{3}",
        rule in "[a-z_]{1,12}",
        op in "<|<=|>|>=",
        value in 0.0_f64..1.0,
        source in "[a-zA-Z0-9.,\"][a-zA-Z0-9 .,\"]{0,20}[a-z]",
    ) {
        let row = Row::new(&language, &rule, "digit_share", &op, &value.to_string(), &source).unwrap();
        let read = RuleSet::read("r.csv", &write_rows(&[row])).unwrap();
        let row = &read.rows()[0];
        // Some of the codes are members of a macrolanguage: `aao` is kept as `ara`.
        let kept = crate::quality::table_language(&language);
        prop_assert_eq!((&row.language, &row.rule, row.value, &row.source), (&kept, &rule, Some(value), &source));
    }
}
