//! Judges documents by two tables, and counts.
//!
//! A [`Tally`] holds counts by language and rule, and at most as many documents as were asked for: its size does not depend
//! on the number of documents. Tallies of partitions add up to the same in any order.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kilim_langid::LangTag;

use super::{Asked, Changed, Counts, Drops, OfLanguage, Question, RuleCounts, Table};
use crate::config::Loaded;
use crate::ingest::READER;
use crate::quality::{SIGNALS, Signal, Signals, table_language};
use crate::report::NONE;
use crate::steps::StepKind;

/// The first border: it withholds, and rejects nothing.
const BORDER: &str = "runs_at";

/// Steps by what their reasons mean here.
#[derive(Debug)]
pub(super) struct Steps {
    /// What they reject stays rejected under any table.
    other: BTreeSet<String>,
    /// Their rules are what is asked about.
    quality: BTreeSet<String>,
}

impl Steps {
    pub(super) fn of(loaded: &Loaded) -> Self {
        let mut steps = Self { other: BTreeSet::from([READER.to_owned()]), quality: BTreeSet::new() };
        for step in &loaded.config.steps {
            let is_quality = matches!(step.kind, StepKind::FilterQuality(_));
            let ids = if is_quality { &mut steps.quality } else { &mut steps.other };
            ids.insert(step.id.to_string());
        }
        steps
    }
}

/// What all partitions share.
#[derive(Debug)]
pub(super) struct Judge {
    a: Table,
    b: Table,
    question: Question,
    steps: Steps,
    /// The signals that the rules of either ask for.
    signals: Vec<&'static Signal>,
}

/// One row as it is read.
#[derive(Debug)]
pub(super) struct Document<'a> {
    pub(super) doc_id: Option<&'a str>,
    pub(super) lang: Option<&'a str>,
    pub(super) signals: Option<Signals>,
}

impl Judge {
    pub(super) fn new(a: Table, b: Table, question: Question, steps: Steps) -> Self {
        let asked: BTreeSet<&str> = a.rows().chain(b.rows()).map(|row| row.signal.name).collect();
        let signals = SIGNALS.iter().filter(|signal| asked.contains(signal.name)).collect();
        Self { a, b, question, steps, signals }
    }

    /// The signals that the rules of either table ask for: no others need be read.
    pub(super) fn signals(&self) -> &[&'static Signal] {
        &self.signals
    }

    /// Whether ids are asked for.
    pub(super) fn names_documents(&self) -> bool {
        self.question.documents > 0
    }

    fn wants(&self, lang: &str) -> bool {
        let wanted = &self.question.languages;
        if wanted.is_empty() {
            return true;
        }
        let Ok(label) = lang.parse::<LangTag>() else { return false };
        let same_script = |wanted: &LangTag| wanted.script().is_none() || wanted.script() == label.script();
        wanted.iter().any(|wanted| kilim_langid::matches(wanted.code(), label) && same_script(wanted))
    }
}

/// A language at work: the language that tables know it by, and the places of its rules.
#[derive(Debug)]
struct Language {
    wanted: bool,
    in_tables: String,
    asked: [Asked; 2],
    counts: Counts,
}

/// What was counted so far.
#[derive(Debug)]
pub(super) struct Tally {
    judge: Arc<Judge>,
    languages: BTreeMap<String, Language>,
    without_signals: u64,
    unknown_steps: BTreeSet<String>,
    changed: Least,
}

/// The documents with the least ids, so many at most.
#[derive(Debug)]
struct Least {
    most: usize,
    documents: BTreeSet<Changed>,
}

impl Least {
    fn extend(&mut self, more: impl IntoIterator<Item = Changed>) {
        for document in more {
            self.documents.insert(document);
            if self.documents.len() > self.most {
                self.documents.pop_last();
            }
        }
    }
}

/// What was counted, in the end.
pub(super) struct Sums {
    pub(super) without_signals: u64,
    pub(super) unknown_steps: BTreeSet<String>,
    pub(super) all: Counts,
    pub(super) languages: BTreeMap<String, OfLanguage>,
    pub(super) documents: Vec<Changed>,
}

impl Tally {
    pub(super) fn new(judge: Arc<Judge>) -> Self {
        let changed = Least { most: judge.question.documents, documents: BTreeSet::new() };
        Self {
            judge,
            languages: BTreeMap::new(),
            without_signals: 0,
            unknown_steps: BTreeSet::new(),
            changed,
        }
    }

    /// Adds a document; `steps` are those that gave a reason against it.
    pub(super) fn add<'s>(&mut self, document: &Document<'_>, steps: impl Iterator<Item = &'s str>) {
        let Self { judge, languages, without_signals, unknown_steps, changed } = self;
        let lang = document.lang.unwrap_or(NONE);
        if !languages.contains_key(lang) {
            languages.insert(lang.to_owned(), Language::new(judge, lang));
        }
        let Some(language) = languages.get_mut(lang).filter(|language| language.wanted) else { return };
        let Some(signals) = &document.signals else {
            *without_signals += 1;
            return;
        };
        let mut elsewhere = false;
        for step in steps {
            let is_other = judge.steps.other.contains(step);
            elsewhere |= is_other;
            let known = is_other || judge.steps.quality.contains(step) || step == BORDER;
            if !known && !unknown_steps.contains(step) {
                unknown_steps.insert(step.to_owned());
            }
        }
        if elsewhere {
            language.counts.rejected_elsewhere += 1;
            return;
        }
        let failed = [&judge.a, &judge.b].map(|table| table.failed(signals, &language.in_tables));
        language.counts.add(&failed);
        if judge.names_documents() && failed[0].is_empty() != failed[1].is_empty() {
            let named = |failed: &[&str]| failed.iter().map(|&rule| rule.to_owned()).collect();
            changed.extend([Changed {
                doc_id: document.doc_id.unwrap_or_default().to_owned(),
                lang: lang.to_owned(),
                fails_a: named(&failed[0]),
                fails_b: named(&failed[1]),
            }]);
        }
    }

    /// Adds what another partition counted.
    pub(super) fn merge(&mut self, other: Self) {
        self.without_signals += other.without_signals;
        self.unknown_steps.extend(other.unknown_steps);
        for (lang, language) in other.languages {
            match self.languages.get_mut(&lang) {
                Some(ours) => ours.counts.merge(&language.counts),
                None => {
                    self.languages.insert(lang, language);
                }
            }
        }
        self.changed.extend(other.changed.documents);
    }

    /// Documents with signals.
    pub(super) fn measured(&self) -> u64 {
        self.languages.values().map(|language| language.counts.measured()).sum()
    }

    /// Records without.
    pub(super) fn without_signals(&self) -> u64 {
        self.without_signals
    }

    pub(super) fn finish(self) -> Sums {
        let mut all = Counts::default();
        let mut languages = BTreeMap::new();
        for (lang, language) in self.languages {
            let counts = language.counts;
            if counts.measured() == 0 {
                continue;
            }
            all.merge(&counts);
            let [rules_a, rules_b] = language.asked;
            languages.insert(lang, OfLanguage { counts, rules_a, rules_b });
        }
        let mut documents: Vec<Changed> = self.changed.documents.into_iter().collect();
        documents.sort_by(|one, other| one.lang.cmp(&other.lang));
        Sums {
            without_signals: self.without_signals,
            unknown_steps: self.unknown_steps,
            all,
            languages,
            documents,
        }
    }
}

impl Language {
    fn new(judge: &Judge, lang: &str) -> Self {
        // As `filter_quality` does: a document without a language has none in tables either.
        let in_tables = if lang == NONE { String::new() } else { table_language(lang) };
        let (rules_a, asked_a) = judge.a.asked(&in_tables);
        let (rules_b, asked_b) = judge.b.asked(&in_tables);
        let mut counts = Counts::default();
        for rule in rules_a {
            counts.rules.entry(rule.to_owned()).or_default().a = Some(Drops::default());
        }
        for rule in rules_b {
            counts.rules.entry(rule.to_owned()).or_default().b = Some(Drops::default());
        }
        Self { wanted: judge.wants(lang), in_tables, asked: [asked_a, asked_b], counts }
    }
}

impl Counts {
    fn measured(&self) -> u64 {
        self.judged + self.rejected_elsewhere
    }

    /// Counts a document that fails these rules of each table.
    fn add(&mut self, failed: &[Vec<&str>; 2]) {
        let [kept_a, kept_b] = [failed[0].is_empty(), failed[1].is_empty()];
        self.judged += 1;
        self.kept_a += u64::from(kept_a);
        self.kept_b += u64::from(kept_b);
        self.only_a += u64::from(kept_a && !kept_b);
        self.only_b += u64::from(kept_b && !kept_a);
        for (of_b, failed) in [false, true].into_iter().zip(failed) {
            for rule in failed {
                // A rule that fails is asked, so it is there.
                let Some(counts) = self.rules.get_mut(*rule) else { continue };
                let drops = if of_b { &mut counts.b } else { &mut counts.a }.get_or_insert_default();
                drops.dropped += 1;
                drops.alone += u64::from(failed.len() == 1);
            }
        }
    }

    fn merge(&mut self, other: &Self) {
        self.rejected_elsewhere += other.rejected_elsewhere;
        self.judged += other.judged;
        self.kept_a += other.kept_a;
        self.kept_b += other.kept_b;
        self.only_a += other.only_a;
        self.only_b += other.only_b;
        for (rule, counts) in &other.rules {
            let ours: &mut RuleCounts = self.rules.entry(rule.clone()).or_default();
            add_drops(&mut ours.a, counts.a);
            add_drops(&mut ours.b, counts.b);
        }
    }
}

fn add_drops(ours: &mut Option<Drops>, other: Option<Drops>) {
    if let Some(other) = other {
        let ours = ours.get_or_insert_default();
        ours.dropped += other.dropped;
        ours.alone += other.alone;
    }
}
