//! Lines as examples: words by number, labels by script, and what an epoch takes of them.

use std::collections::BTreeMap;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::corpus::split_han;
use super::dictionary::{Dictionary, Span};
use super::random::{Random, hash};
use super::{Line, Recipe, Words};
use crate::LangTag;
use crate::ngram::features::Features;
use crate::ngram::math::{exp, ln};
use crate::ngram::text::{Counts, Group, group_of, read};

/// One line in this many is kept back for calibration, if its label has [`MIN_HELD_OUT`] lines.
const HELD_OUT_EACH: u64 = 40;
const MIN_HELD_OUT: usize = 200;

/// Some labels with many lines give up a whole source with few of them, so that calibration sees text of a kind that the
/// label did not learn: it has this many lines, and the label this many others.
const FOREIGN_LINES: usize = 60;
const MIN_OTHERS: usize = 2000;
/// Most lines of it that are looked at.
const MAX_FOREIGN: usize = 200;

/// Lines that a `zxx` label needs in a script for the script's head to have it.
const MIN_NOISE_LINES: usize = 100;

/// The source that is one text in all its languages.
const ONE_TEXT: &str = "udhr";

/// Labels with fewer lines are experimental whatever their sources.
const MIN_LINES: usize = 30;

/// Labels with fewer lines learn from bags of their words too.
const THIN_LINES: usize = 300;

/// Words of addresses and pages that stand in text of every language.
const ADDRESS_WORDS: [&str; 16] = [
    "https", "http", "www", "com", "org", "net", "html", "php", "index", "wiki", "pdf", "jpg", "gmail",
    "twitter", "facebook", "youtube",
];

#[derive(Debug)]
pub(crate) struct ExampleLabel {
    pub(crate) tag: LangTag,
    /// Known from one text, or from a few lines: such a label may be right, but is rarely met.
    pub(crate) experimental: bool,
}

#[derive(Debug)]
pub(crate) struct ExampleHead {
    pub(crate) group: Group,
    pub(crate) first: usize,
    pub(crate) labels: usize,
}

/// A line kept back, as text.
#[derive(Debug)]
pub(crate) struct HeldOut {
    pub(crate) label: usize,
    pub(crate) text: String,
    /// Whether nothing is learned from the label's lines of this source.
    pub(crate) foreign: bool,
}

/// A draw of an epoch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Drawn {
    label: u32,
    line: u32,
}

pub(crate) struct Examples {
    pub(crate) labels: Vec<ExampleLabel>,
    pub(crate) heads: Vec<ExampleHead>,
    pub(crate) words: Words,
    pub(crate) features: Features,
    /// How many sources there are.
    sources: usize,
    pub(crate) held_out: Vec<HeldOut>,
    head_of: Vec<usize>,
    /// Words of all lines, one after the other.
    text: Vec<u32>,
    /// Lines of each label.
    spans: Vec<Vec<Span>>,
    address_words: Vec<u32>,
}

impl Examples {
    pub(crate) fn new(
        mut lines: Vec<Line>,
        sources: &[String],
        recipe: &Recipe,
        features: Features,
    ) -> Examples {
        split_han(&mut lines);
        // Label and group of each line; noise goes to the script that it is written in.
        let mut by_head: BTreeMap<(Group, LangTag), Vec<usize>> = BTreeMap::new();
        for (at, line) in lines.iter().enumerate() {
            if let Some(group) = group_of_line(line) {
                by_head.entry((group, line.tag)).or_default().push(at);
            }
        }
        by_head.retain(|(_, tag), lines| {
            let enough = tag.code() != "zxx" || lines.len() >= MIN_NOISE_LINES;
            enough && !recipe.left_out.contains(&tag.to_string())
        });
        // A head of noise alone says nothing.
        let spoken: Vec<Group> =
            by_head.keys().filter(|(_, tag)| tag.code() != "zxx").map(|(group, _)| *group).collect();
        by_head.retain(|(group, _), _| spoken.contains(group));

        let mut dictionary = Dictionary::default();
        let mut examples = Examples {
            labels: Vec::new(),
            heads: Vec::new(),
            words: Words::default(),
            features,
            sources: sources.len(),
            held_out: Vec::new(),
            head_of: Vec::new(),
            text: Vec::new(),
            spans: Vec::new(),
            address_words: Vec::new(),
        };
        for ((group, tag), own) in by_head {
            match examples.heads.last_mut() {
                Some(head) if head.group == group => head.labels += 1,
                _ => examples.heads.push(ExampleHead { group, first: examples.labels.len(), labels: 1 }),
            }
            let label = examples.labels.len();
            let one_text = own.iter().all(|at| sources[lines[*at].source] == ONE_TEXT);
            examples.labels.push(ExampleLabel { tag, experimental: one_text || own.len() < MIN_LINES });
            examples.head_of.push(examples.heads.len() - 1);
            let mut own = capped(&own, &lines, sources, recipe);
            if recipe.foreign_share > 0.0
                && let Some(foreign) = foreign_source(tag, &own, &lines, sources, recipe)
            {
                let theirs = own.iter().filter(|at| lines[**at].source == foreign).take(MAX_FOREIGN);
                examples.held_out.extend(theirs.map(|at| HeldOut {
                    label,
                    text: lines[*at].text.clone(),
                    foreign: true,
                }));
                own.retain(|at| lines[*at].source != foreign);
            }
            let keep_back = own.len() >= MIN_HELD_OUT;
            let mut spans = Vec::new();
            for at in own {
                let line = &lines[at];
                if keep_back && hash(line.text.as_bytes()).is_multiple_of(HELD_OUT_EACH) {
                    examples.held_out.push(HeldOut { label, text: line.text.clone(), foreign: false });
                    continue;
                }
                let (start, end) = dictionary.add(&line.text, group, &mut examples.text);
                if start == end {
                    continue;
                }
                let stripped = without_diacritics(&line.text);
                let plain = (recipe.plain_share > 0.0 && stripped != line.text && tag.code() != "zxx")
                    .then(|| dictionary.add(&stripped, group, &mut examples.text));
                spans.push(Span { start, end, source: line.source as u32, plain });
            }
            examples.spans.push(spans);
        }
        for word in ADDRESS_WORDS {
            read(word, &mut Counts::default(), |word| {
                examples.address_words.push(dictionary.number(word));
                true
            });
        }
        if recipe.known_log2 > 0 {
            let known = dictionary.known(&examples.spans, &examples.text, &examples.features, recipe);
            examples.features.known = Some(known);
        }
        examples.words = dictionary.rows(&examples.features);
        examples
    }

    /// Lines that are learned from.
    pub(crate) fn learned(&self) -> usize {
        self.spans.iter().map(Vec::len).sum()
    }

    /// The lines of one epoch, in the order in which they are learned.
    pub(crate) fn epoch(&self, recipe: &Recipe, random: &mut Random) -> Vec<Drawn> {
        let mut order = Vec::new();
        for (label, spans) in self.spans.iter().enumerate() {
            let lines = spans.len();
            if lines == 0 || self.heads[self.head_of[label]].labels == 1 {
                continue;
            }
            let wanted = recipe.min_lines.min(lines * recipe.max_repeats).max(lines).min(recipe.max_lines);
            for (mut own, wanted) in shares(spans, wanted, recipe) {
                if wanted < own.len() {
                    random.shuffle(&mut own);
                    own.truncate(wanted);
                }
                for at in 0..wanted {
                    order.push(Drawn { label: label as u32, line: own[at % own.len()] });
                }
            }
        }
        random.shuffle(&mut order);
        order
    }

    /// By source and head, the logarithm of each label's share of the examples.
    ///
    /// Sources are registers, and most labels have text of a few only. A share of what is added is therefore that of the
    /// source: that a line of an encyclopaedia is of one of the languages that have an encyclopaedia is then no merit of
    /// its n-grams, and they do not learn it.
    pub(crate) fn priors(&self, order: &[Drawn], recipe: &Recipe) -> Vec<Vec<Vec<f32>>> {
        let empty: Vec<Vec<f32>> = self.heads.iter().map(|head| vec![0.0; head.labels]).collect();
        let mut counts = vec![empty.clone(); self.sources];
        let mut all = empty;
        for drawn in order {
            let head = self.head_of[drawn.label as usize];
            let label = drawn.label as usize - self.heads[head].first;
            let source = self.spans[drawn.label as usize][drawn.line as usize].source as usize;
            counts[source][head][label] += 1.0;
            all[head][label] += 1.0;
        }
        for heads in &mut counts {
            for (counts, all) in heads.iter_mut().zip(&all) {
                let own = counts.iter().sum::<f32>().max(1.0);
                let every = all.iter().sum::<f32>().max(1.0);
                for (count, all) in counts.iter_mut().zip(all) {
                    let share = recipe.source_balance * *count / own
                        + (1.0 - recipe.source_balance) * (*all + 0.5) / every;
                    *count = ln(share);
                }
            }
        }
        counts
    }

    /// Head, label within the head, and into `words` the words of a drawn line, noise applied.
    pub(crate) fn words_of(
        &self,
        drawn: Drawn,
        recipe: &Recipe,
        random: &mut Random,
        words: &mut Vec<u32>,
    ) -> (usize, usize, usize) {
        let label = drawn.label as usize;
        let head = self.head_of[label];
        words.clear();
        let span = self.spans[label][drawn.line as usize];
        let (start, end) = match span.plain {
            Some(plain) if random.unit() < recipe.plain_share => plain,
            _ => (span.start, span.end),
        };
        let line = &self.text[start as usize..end as usize];
        if self.spans[label].len() < THIN_LINES && random.unit() < recipe.bag_share {
            let count = 1 + random.below(line.len().max(recipe.max_cut_words));
            for _ in 0..count {
                let spans = &self.spans[label];
                let other = spans[random.below(spans.len())];
                let at = other.start as usize + random.below((other.end - other.start) as usize);
                words.push(self.text[at]);
            }
        } else if random.unit() < recipe.cut_share {
            let count = (1 + random.below(recipe.max_cut_words)).min(line.len());
            let from = random.below(line.len() + 1 - count);
            words.extend_from_slice(&line[from..from + count]);
        } else {
            words.extend_from_slice(line);
        }
        if recipe.drop_share > 0.0 && words.len() > 3 {
            words.retain(|_| random.unit() >= recipe.drop_share);
            if words.is_empty() {
                words.push(line[0]);
            }
        }
        if random.unit() < recipe.address_share && self.is_latin(head) {
            for _ in 0..=random.below(4) {
                words.push(self.address_words[random.below(self.address_words.len())]);
            }
        }
        (head, label - self.heads[head].first, span.source as usize)
    }

    fn is_latin(&self, head: usize) -> bool {
        group_of(crate::script::Script::LATN) == Some(self.heads[head].group)
    }
}

/// The lines of each source of a label, and how many of them an epoch takes, if it takes `wanted` in all.
///
/// A source's part grows with a power of its lines, but no line comes more often than `max_repeats` times.
fn shares(spans: &[Span], wanted: usize, recipe: &Recipe) -> Vec<(Vec<u32>, usize)> {
    let mut sources: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for (at, span) in spans.iter().enumerate() {
        sources.entry(span.source).or_default().push(at as u32);
    }
    let weight = |lines: usize| exp(recipe.source_power * ln(lines as f32));
    let all: f32 = sources.values().map(|own| weight(own.len())).sum();
    sources
        .into_values()
        .map(|own| {
            let part = (wanted as f32 * weight(own.len()) / all).round() as usize;
            let part = part.clamp(1, own.len() * recipe.max_repeats);
            (own, part)
        })
        .collect()
}

/// A source that this label gives up for calibration, if it is one of those that do: by the hash of its name, and the
/// smallest of its sources that is small beside the rest.
fn foreign_source(
    tag: LangTag,
    own: &[usize],
    lines: &[Line],
    sources: &[String],
    recipe: &Recipe,
) -> Option<usize> {
    let mut counts = vec![0; sources.len()];
    for at in own {
        counts[lines[*at].source] += 1;
    }
    let chosen = Random::new(hash(tag.to_string().as_bytes())).unit() < recipe.foreign_share;
    let fits = |count: usize| count >= FOREIGN_LINES && count * 5 <= own.len();
    (0..sources.len())
        .filter(|source| chosen && fits(counts[*source]) && own.len() - counts[*source] >= MIN_OTHERS)
        .min_by_key(|source| counts[*source])
}

/// Lines of a label, at most so many from each source that has a cap, evenly spread over the source.
fn capped(own: &[usize], lines: &[Line], sources: &[String], recipe: &Recipe) -> Vec<usize> {
    let mut kept = Vec::with_capacity(own.len());
    for (source, name) in sources.iter().enumerate() {
        let of_source: Vec<usize> = own.iter().copied().filter(|at| lines[*at].source == source).collect();
        let cap =
            recipe.source_caps.iter().find(|(capped, _)| capped == name).map_or(usize::MAX, |(_, cap)| *cap);
        let count = of_source.len().min(cap);
        kept.extend((0..count).map(|at| of_source[at * of_source.len() / count]));
    }
    kept
}

/// The group of the label's script; for noise, of the script with most bytes.
fn group_of_line(line: &Line) -> Option<Group> {
    if line.tag.code() != "zxx" {
        return line.tag.script().and_then(group_of);
    }
    let mut bytes: BTreeMap<Group, usize> = BTreeMap::new();
    read(&line.text, &mut Counts::default(), |word| {
        *bytes.entry(word.group).or_default() += word.bytes.len();
        true
    });
    bytes.into_iter().max_by_key(|(group, bytes)| (*bytes, std::cmp::Reverse(*group))).map(|(group, _)| group)
}

/// The text as somebody types it without the marks above and below letters: Latin and Greek accents, harakat, niqqud.
///
/// Marks of other scripts are vowels and stay.
pub(crate) fn without_diacritics(text: &str) -> String {
    let removable = |c: char| {
        matches!(c, '\u{300}'..='\u{36f}' | '\u{5b0}'..='\u{5c7}' | '\u{64b}'..='\u{652}')
            && is_combining_mark(c)
    };
    text.nfd()
        .filter(|c| !removable(*c))
        .map(|c| match c {
            'đ' => 'd',
            'ø' => 'o',
            'ł' => 'l',
            'ı' => 'i',
            c => c,
        })
        .nfc()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_source_has_more_than_its_share_but_no_line_too_often() {
        let span = |source| Span { start: 0, end: 1, source, plain: None };
        let spans: Vec<Span> = (0..104).map(|at| span(u32::from(at >= 100))).collect();
        let parts = |wanted, max_repeats| {
            let recipe = Recipe { source_power: 0.5, max_repeats, ..Recipe::default() };
            let parts = shares(&spans, wanted, &recipe);
            parts.iter().map(|(own, wanted)| (own.len(), *wanted)).collect::<Vec<_>>()
        };
        // The roots of 100 and 4 are as 50 to 10.
        assert_eq!(parts(60, 10), [(100, 50), (4, 10)]);
        assert_eq!(parts(60, 2), [(100, 50), (4, 8)]);
    }

    #[test]
    fn priors_lean_to_the_labels_of_the_source() {
        let line =
            |tag: &str, source, text: &str| Line { tag: tag.parse().unwrap(), source, text: text.to_owned() };
        let lines = vec![
            line("swa_Latn", 0, "watoto wanasoma vitabu"),
            line("swa_Latn", 1, "jioni wanacheza uwanjani"),
            line("vie_Latn", 1, "trẻ em đọc sách"),
        ];
        let recipe = Recipe { source_balance: 0.5, known_log2: 0, foreign_share: 0.0, ..Recipe::default() };
        let han = group_of(crate::script::Script::HANI).unwrap();
        let orders = crate::ngram::features::Orders::range(2, 3);
        let features = Features { rows: 100, orders, words: true, known: None, han };
        let examples = Examples::new(lines, &["stories".to_owned(), "news".to_owned()], &recipe, features);
        let order = examples.epoch(&recipe, &mut Random::new(1));
        let [stories, news] = &examples.priors(&order, &recipe)[..] else { panic!("two sources") };
        // Swahili before Vietnamese; only Swahili has stories.
        assert!(stories[0][0] > news[0][0] && stories[0][1] < news[0][1]);
        assert!(stories[0][1] > -5.0);
    }
}
