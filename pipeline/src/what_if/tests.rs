use std::sync::Arc;

use proptest::prelude::*;

use super::judge::{Document, Judge, Steps, Sums, Tally};
use super::*;
use crate::config;
use crate::document::{Language, Page};
use crate::quality::Signals;
use crate::step::{DocumentStepConfig as _, Resources};
use crate::steps::StepKind;

const HEADER: &str = "language,rule,signal,op,value,source\n";
const LAX: &str = "*,few_words,words,<,10,ours\n";
const STRICT: &str = "*,few_words,words,<,20,ours\n*,few_sentences,sentences,<,3,ours\n\
    swa_Latn,few_words,words,<,5,asked\n*_Thai,few_words,words,<,15,asked\nhin_Deva,few_sentences,sentences,<,off,asked\n";

/// A config with these steps between reading and tags, and tables beside it.
struct Beside {
    folder: tempfile::TempDir,
    loaded: Loaded,
}

impl Beside {
    fn new(steps: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let yaml = format!(
            "version: 1\ncorpus: jaribio\nas_of: 2026-11-23\nrandom_seed: 7\nruns_at: KE\nwork_dir: ./work\nsources:\n  \
             crawl: {{ warc: {{ paths: [a.warc.gz] }} }}\nsteps:\n  - extract_html: {{}}\n  - identify_language: {{}}\n  \
             - filter_length: {{ min_chars: 5 }}\n  - measure_quality: {{}}\n{steps}  - tag_jurisdiction: {{ from: [registry] }}\nnodes:\n  \
             ke: {{ jurisdiction: KE, accepts: [KE], languages: [swa], mode: open, shards: {{ url: ./out, max_bytes: 1MiB }} }}\n\
             policies: [p.cedar]\n"
        );
        std::fs::write(folder.path().join("corpus.yaml"), yaml).unwrap();
        for (name, rows) in [("lax.csv", LAX), ("strict.csv", STRICT)] {
            std::fs::write(folder.path().join(name), format!("{HEADER}{rows}")).unwrap();
        }
        std::fs::write(folder.path().join("p.cedar"), "").unwrap();
        let loaded = config::load(&folder.path().join("corpus.yaml")).unwrap();
        Self { folder, loaded }
    }

    fn table(&self, name: &str) -> Table {
        Table::read(name, &self.loaded, self.folder.path()).unwrap()
    }

    fn judge(&self, a: &str, b: &str, question: Question) -> Arc<Judge> {
        Arc::new(Judge::new(self.table(a), self.table(b), question, Steps::of(&self.loaded)))
    }

    fn error(&self, name: &str) -> String {
        let error = Table::read(name, &self.loaded, self.folder.path()).unwrap_err();
        format!("{error} | {}", error.hint().unwrap_or_default())
    }
}

/// A document by id, language, words and sentences, and the steps that spoke against it.
#[derive(Debug, Clone)]
struct Given(String, Option<String>, Option<(u32, u32)>, Vec<&'static str>);

fn given(id: &str, lang: &str, words: u32, sentences: u32) -> Given {
    Given(id.to_owned(), Some(lang.to_owned()), Some((words, sentences)), Vec::new())
}

fn tallied(judge: &Arc<Judge>, documents: &[Given]) -> Tally {
    let mut tally = Tally::new(Arc::clone(judge));
    for Given(id, lang, measured, steps) in documents {
        let signals = measured.map(|(words, sentences)| Signals { words, sentences, ..Signals::default() });
        let document = Document { doc_id: Some(id), lang: lang.as_deref(), signals };
        tally.add(&document, steps.iter().copied());
    }
    tally
}

fn sums(judge: &Arc<Judge>, documents: &[Given]) -> Sums {
    tallied(judge, documents).finish()
}

#[test]
fn each_language_is_judged_by_its_own_rows_and_members_of_a_macrolanguage_under_its_code() {
    let beside = Beside::new("");
    let judge = beside.judge("lax.csv", "strict.csv", Question::default());
    let documents = [
        given("1", "swh_Latn", 6, 3),
        given("2", "swa_Latn", 12, 1),
        given("3", "tha_Thai", 16, 3),
        given("4", "hin_Deva", 30, 1),
        given("5", "amh_Ethi", 16, 3),
        Given("6".to_owned(), None, Some((16, 3)), Vec::new()),
    ];
    let found = sums(&judge, &documents);
    let said = |lang: &str| {
        let of = &found.languages[lang];
        let asked = [of.rules_a, of.rules_b].map(|asked| (asked.scope, asked.rules));
        (of.counts.kept_a, of.counts.kept_b, asked)
    };
    let neutral = (Scope::Neutral, 1);
    assert_eq!(said("swh_Latn"), (0, 1, [neutral, (Scope::Own, 2)]));
    assert_eq!(said("swa_Latn"), (1, 0, [neutral, (Scope::Own, 2)]));
    assert_eq!(said("tha_Thai"), (1, 1, [neutral, (Scope::Script, 2)]));
    assert_eq!(said("hin_Deva"), (1, 1, [neutral, (Scope::Own, 1)]));
    assert_eq!(said("amh_Ethi"), (1, 0, [neutral, (Scope::Neutral, 2)]));
    assert_eq!(said("-"), (1, 0, [neutral, (Scope::Neutral, 2)]));
    assert_eq!((found.all.judged, found.all.kept_a, found.all.kept_b), (6, 5, 3));
    assert_eq!((found.all.only_a, found.all.only_b), (3, 1));
    // What is off for a language is no rule of it.
    assert!(!found.languages["hin_Deva"].counts.rules.contains_key("few_sentences"));
}

#[test]
fn a_rule_is_charged_with_what_it_drops_and_with_what_no_other_rule_drops() {
    let beside = Beside::new("");
    let judge = beside.judge("lax.csv", "strict.csv", Question::default());
    let documents =
        [given("1", "amh_Ethi", 9, 1), given("2", "amh_Ethi", 15, 5), given("3", "amh_Ethi", 15, 1)];
    let found = sums(&judge, &documents);
    let rules = &found.languages["amh_Ethi"].counts.rules;
    let drops = |dropped, alone| Some(Drops { dropped, alone });
    assert_eq!(rules["few_words"], RuleCounts { a: drops(1, 1), b: drops(3, 1) });
    assert_eq!(rules["few_sentences"], RuleCounts { a: None, b: drops(2, 0) });
}

#[test]
fn what_other_steps_reject_and_what_was_not_measured_is_counted_apart() {
    let beside = Beside::new("  - id: ubora\n    filter_quality: { rules: [strict.csv] }\n");
    let judge = beside.judge("current", "lax.csv", Question::default());
    let with = |steps: &[&'static str]| {
        Given("1".to_owned(), Some("ell_Grek".to_owned()), Some((9, 1)), steps.to_vec())
    };
    let documents = [
        with(&["ubora", "ubora"]),
        with(&["filter_length", "ubora"]),
        with(&["read"]),
        with(&["runs_at"]),
        with(&["filter_title"]),
        Given("2".to_owned(), None, None, vec!["read"]),
    ];
    let found = sums(&judge, &documents);
    assert_eq!((found.all.judged, found.all.rejected_elsewhere, found.without_signals), (3, 2, 1));
    assert_eq!(found.unknown_steps, BTreeSet::from(["filter_title".to_owned()]));
    assert!(!found.languages.contains_key("-"));
}

#[test]
fn only_the_languages_that_are_asked_for_are_judged_in_any_script_unless_one_is_named() {
    let beside = Beside::new("");
    let documents =
        ["swh_Latn", "swa_Latn", "swa_Arab", "hin_Deva", "und"].map(|lang| given(lang, lang, 50, 9));
    for (asked, expected) in [
        ("swa", vec!["swa_Arab", "swa_Latn", "swh_Latn"]),
        ("swa_Arab", vec!["swa_Arab"]),
        ("swh_Latn", vec!["swa_Latn", "swh_Latn"]),
        ("und", vec!["und"]),
        ("tam", vec![]),
    ] {
        let languages = vec![parse_language(asked).unwrap()];
        let judge = beside.judge("lax.csv", "strict.csv", Question { languages, documents: 0 });
        let found = sums(&judge, &documents);
        assert_eq!(found.languages.keys().collect::<Vec<_>>(), expected, "{asked}");
    }
}

#[test]
fn a_language_that_is_none_is_refused_with_a_guess() {
    for (text, hint) in [
        ("sw", "did you mean `swa`?"),
        ("ger", "did you mean `deu`?"),
        ("swaa", "ISO 639-3, with or without a script: `swa`, `swa_Latn`"),
        ("หมา", "ISO 639-3, with or without a script: `swa`, `swa_Latn`"),
        ("", "ISO 639-3, with or without a script: `swa`, `swa_Latn`"),
    ] {
        assert_eq!(parse_language(text).unwrap_err().hint().as_deref(), Some(hint), "{text}");
    }
    assert!(parse_language("amh_Ethi").is_ok());
}

#[test]
fn current_with_a_table_of_ones_own_is_the_config_with_these_thresholds() {
    let now = Beside::new("  - filter_quality: { rules: [strict.csv] }\n");
    std::fs::write(
        now.folder.path().join("own.csv"),
        format!("{HEADER}amh_Ethi,few_words,words,<,3,asked\n"),
    )
    .unwrap();
    let table = now.table("current,own.csv");
    assert_eq!(table.name().current, ["strict.csv"]);
    let signals = Signals { words: 4, sentences: 9, ..Signals::default() };
    assert!(table.failed(&signals, "amh_Ethi").is_empty());
    assert_eq!(table.failed(&signals, "tir_Ethi"), ["few_words"]);
    // Before `current`, a row gives way to those of the config.
    assert_eq!(now.table("own.csv,current").failed(&signals, "tir_Ethi"), ["few_words"]);
    assert!(now.table("own.csv,current").failed(&signals, "amh_Ethi").is_empty());
    let twice = now.table("strict.csv,lax.csv");
    assert!(twice.failed(&Signals { words: 15, ..signals }, "tir_Ethi").is_empty());
}

#[test]
fn two_steps_of_the_config_both_have_their_say() {
    let steps = "  - filter_quality: { rules: [lax.csv] }\n  - id: pili\n    filter_quality: { rules: [strict.csv] }\n";
    let beside = Beside::new(steps);
    let signals = Signals { words: 15, sentences: 9, ..Signals::default() };
    assert_eq!(beside.table("current").failed(&signals, "tam_Taml"), ["few_words"]);
    assert!(beside.table("strict.csv,lax.csv").failed(&signals, "tam_Taml").is_empty());
}

#[test]
fn a_config_without_rules_keeps_all() {
    let beside = Beside::new("");
    let table = beside.table("current");
    assert!(table.failed(&Signals::default(), "swa_Latn").is_empty());
    assert_eq!(table.asked("swa_Latn").1, Asked { scope: Scope::Neutral, rules: 0 });
}

#[test]
fn a_table_that_cannot_be_used_is_named_with_the_next_move() {
    let beside = Beside::new("");
    std::fs::write(beside.folder.path().join("bad.csv"), format!("{HEADER}*,few_words,wrods,<,20,own\n"))
        .unwrap();
    for (name, words) in [
        ("gopher_qality", "there is no table `gopher_qality` | did you mean `gopher_quality`?"),
        ("curent", "did you mean `current`?"),
        ("ubora", "a table is `current`, what the config asks; one of c4, dclm, "),
        ("c4,", "there is no table `` | a table is"),
        ("bad.csv", "bad.csv:2: unknown signal `wrods`\nhint: did you mean `words`?"),
        ("c4,nje.csv", "nje.csv"),
    ] {
        let said = beside.error(name);
        assert!(said.contains(words), "{name}: {said}");
    }
    let elsewhere = tempfile::tempdir().unwrap();
    let error = Table::read("lax.csv", &beside.loaded, elsewhere.path()).unwrap_err();
    let beside = beside.folder.path().join("lax.csv").display().to_string();
    assert!(error.hint().unwrap().contains(&beside), "{error}");
}

#[test]
fn ids_of_changed_documents_are_the_least_and_say_what_fails() {
    let beside = Beside::new("");
    let judge = beside.judge("lax.csv", "strict.csv", Question { documents: 2, ..Question::default() });
    let documents = [
        given("c", "tam_Taml", 15, 9),
        given("a", "tir_Ethi", 15, 1),
        given("b", "ben_Beng", 12, 9),
        given("0", "ben_Beng", 90, 9),
        given("1", "ben_Beng", 1, 1),
    ];
    let found = sums(&judge, &documents);
    let said: Vec<String> = found
        .documents
        .iter()
        .map(|it| format!("{} {} {}", it.lang, it.doc_id, it.fails_b.join("+")))
        .collect();
    assert_eq!(said, ["ben_Beng b few_words", "tir_Ethi a few_sentences+few_words"]);
}

fn a_document() -> impl Strategy<Value = Given> {
    let lang = prop::sample::select(vec!["swa_Latn", "swh_Latn", "tha_Thai", "hin_Deva", "amh_Ethi", "und"]);
    let steps = prop::collection::vec(
        prop::sample::select(vec!["filter_quality", "filter_length", "runs_at", "hapo_zamani"]),
        0..2,
    );
    let lang = prop::option::weighted(0.9, lang.prop_map(str::to_owned));
    let measured = prop::option::weighted(0.9, (0_u32..30, 0_u32..6));
    ("[a-f]{3}", lang, measured, steps)
        .prop_map(|(id, lang, measured, steps)| Given(id, lang, measured, steps))
}

#[test]
fn however_rows_are_cut_and_joined_the_answer_is_the_same() {
    let beside = Beside::new("  - filter_quality: { rules: [strict.csv] }\n");
    let judge = beside.judge("lax.csv", "current", Question { documents: 3, ..Question::default() });
    proptest!(|(documents in prop::collection::vec(a_document(), 0..40), cut in 0_usize..40)| {
        let whole = sums(&judge, &documents);
        let (first, second) = documents.split_at(cut.min(documents.len()));
        for (one, other) in [(first, second), (second, first)] {
            let mut parts = tallied(&judge, one);
            parts.merge(tallied(&judge, other));
            let parts = parts.finish();
            prop_assert_eq!(&parts.all, &whole.all);
            prop_assert_eq!(&parts.languages, &whole.languages);
            prop_assert_eq!(&parts.documents, &whole.documents);
            prop_assert_eq!(parts.without_signals, whole.without_signals);
            prop_assert_eq!(&parts.unknown_steps, &whole.unknown_steps);
        }
        // The sums of what is shown hold.
        for counts in whole.languages.values().map(|of| &of.counts).chain([&whole.all]) {
            prop_assert_eq!(counts.kept_a + counts.only_b, counts.kept_b + counts.only_a);
            let drops: Vec<Drops> = counts.rules.values().filter_map(|rule| rule.b).collect();
            let (alone, dropped): (u64, u64) =
                (drops.iter().map(|it| it.alone).sum(), drops.iter().map(|it| it.dropped).sum());
            let gone = counts.judged - counts.kept_b;
            prop_assert!(alone <= gone && gone <= dropped);
        }
    });
}

#[test]
fn current_says_what_the_step_of_the_config_says() {
    let beside = Beside::new("  - filter_quality: { rules: [strict.csv] }\n");
    let judge = beside.judge("current", "lax.csv", Question::default());
    let step = beside.loaded.config.steps.iter().find_map(|step| match &step.kind {
        StepKind::FilterQuality(filter) => Some(filter.build(&Resources::new(beside.folder.path())).unwrap()),
        _ => None,
    });
    let mut step = step.unwrap();
    for lang in ["swa_Latn", "swh_Latn", "tha_Thai", "hin_Deva", "amh_Ethi", "und"] {
        for (words, sentences) in (0..30).flat_map(|words| (0..6).map(move |sentences| (words, sentences))) {
            let signals = Some(Signals { words, sentences, ..Signals::default() });
            let mut page = Page { language: Some(Language::certain(lang)), signals, ..Page::default() };
            step.apply(&mut page);
            let mut reasons: Vec<&str> = page.reasons.iter().map(|reason| reason.code.as_ref()).collect();
            reasons.sort_unstable();

            let found = sums(&judge, &[given("1", lang, words, sentences)]);
            let rules = found.languages[lang].counts.rules.iter();
            let dropping = rules.filter(|(_, rule)| rule.a.is_some_and(|drops| drops.dropped == 1));
            let dropped: Vec<&str> = dropping.map(|(rule, _)| rule.as_str()).collect();
            assert_eq!(dropped, reasons, "{lang} {words} {sentences}");
        }
    }
}

#[test]
fn no_column_of_text_is_among_those_that_are_read() {
    for with_ids in [false, true] {
        let read = columns(with_ids);
        assert!(["text", "title", "blocks", "url"].iter().all(|name| !read.contains(name)), "{read:?}");
    }
}
