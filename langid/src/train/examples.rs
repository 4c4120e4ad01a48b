//! Lines as examples: words by number, labels by script, and what an epoch takes of them.

use std::collections::{BTreeMap, HashMap};

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::corpus::split_han;
use super::random::{Random, hash};
use super::{Line, Recipe, Words};
use crate::LangTag;
use crate::ngram::features::Features;
use crate::ngram::math::ln;
use crate::ngram::text::{Counts, Group, Word, composed, group_of, read};

/// One line in this many is kept back for calibration, if its label has [`MIN_HELD_OUT`] lines.
const HELD_OUT_EACH: u64 = 40;
const MIN_HELD_OUT: usize = 200;

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

/// A line as a range of `Examples::text`.
#[derive(Clone, Copy, Debug)]
struct Span {
    start: u32,
    end: u32,
    /// The line without its diacritics, if that makes a difference.
    plain: Option<(u32, u32)>,
}

/// A line kept back, as text.
#[derive(Debug)]
pub(crate) struct HeldOut {
    pub(crate) label: usize,
    pub(crate) text: String,
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
    pub(crate) held_out: Vec<HeldOut>,
    head_of: Vec<usize>,
    /// Words of all lines, one after the other.
    text: Vec<u32>,
    /// Lines of each label.
    spans: Vec<Vec<Span>>,
    address_words: Vec<u32>,
}

/// Words by number, in the order in which they were met.
struct Dictionary {
    numbers: HashMap<Box<[u8]>, u32>,
    words: Words,
    features: Features,
}

impl Dictionary {
    fn number(&mut self, word: Word<'_>) -> u32 {
        if let Some(number) = self.numbers.get(word.bytes) {
            return *number;
        }
        let number = self.numbers.len() as u32;
        self.numbers.insert(word.bytes.into(), number);
        self.features.rows_of(word, |row| self.words.rows.push(row));
        self.words.starts.push(self.words.rows.len() as u32);
        number
    }

    /// Adds the words of one script to `text`; returns their range.
    fn add(&mut self, line: &str, group: Group, text: &mut Vec<u32>) -> (u32, u32) {
        let start = text.len() as u32;
        read(&composed(line), &mut Counts::default(), |word| {
            if word.group == group {
                text.push(self.number(word));
            }
            true
        });
        (start, text.len() as u32)
    }
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

        let mut dictionary = Dictionary {
            numbers: HashMap::new(),
            words: Words { rows: Vec::new(), starts: vec![0] },
            features,
        };
        let mut examples = Examples {
            labels: Vec::new(),
            heads: Vec::new(),
            words: Words::default(),
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
            let own = capped(&own, &lines, sources, recipe);
            let keep_back = own.len() >= MIN_HELD_OUT;
            let mut spans = Vec::new();
            for at in own {
                let line = &lines[at];
                if keep_back && hash(line.text.as_bytes()).is_multiple_of(HELD_OUT_EACH) {
                    examples.held_out.push(HeldOut { label, text: line.text.clone() });
                    continue;
                }
                let (start, end) = dictionary.add(&line.text, group, &mut examples.text);
                if start == end {
                    continue;
                }
                let stripped = without_diacritics(&line.text);
                let plain = (recipe.plain_share > 0.0 && stripped != line.text && tag.code() != "zxx")
                    .then(|| dictionary.add(&stripped, group, &mut examples.text));
                spans.push(Span { start, end, plain });
            }
            examples.spans.push(spans);
        }
        for word in ADDRESS_WORDS {
            read(word, &mut Counts::default(), |word| {
                examples.address_words.push(dictionary.number(word));
                true
            });
        }
        examples.words = dictionary.words;
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
            let mut own: Vec<u32> = (0..lines as u32).collect();
            if wanted < lines {
                random.shuffle(&mut own);
                own.truncate(wanted);
            }
            for at in 0..wanted {
                order.push(Drawn { label: label as u32, line: own[at % own.len()] });
            }
        }
        random.shuffle(&mut order);
        order
    }

    /// The logarithm of each label's share of the examples of its head.
    pub(crate) fn priors(&self, order: &[Drawn]) -> Vec<Vec<f32>> {
        let mut counts: Vec<Vec<f32>> = self.heads.iter().map(|head| vec![0.5; head.labels]).collect();
        for drawn in order {
            let head = self.head_of[drawn.label as usize];
            counts[head][drawn.label as usize - self.heads[head].first] += 1.0;
        }
        for head in &mut counts {
            let all: f32 = head.iter().sum();
            for count in head.iter_mut() {
                *count = ln(*count / all);
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
    ) -> (usize, usize) {
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
        (head, label - self.heads[head].first)
    }

    fn is_latin(&self, head: usize) -> bool {
        group_of(crate::script::Script::LATN) == Some(self.heads[head].group)
    }
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
