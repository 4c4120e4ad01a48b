//! A score of a whole document after HPLT's web-docs-scorer: is it running text in long paragraphs?
//!
//! # What it does
//! A base of what is good (one script, long lines, very long lines) is multiplied by penalties for what is not
//! (addresses, numbers, too much or too little punctuation, symbols, repeated lines, menus at the ends, text that
//! compresses too well or not at all). A penalty weighs more the lower it is:
//! `score = base * prod(p_i ^ e_i)`, `e_i = 3 * p_i^-2.9 / sum(p_j^-2.9)`.
//!
//! # Precedent
//! web-docs-scorer (Prompsit and HPLT): its indicators, bounds and weights, which were set on Spanish. It scales them
//! by the medians of a language; so does [`Medians`].
//!
//! # What is not the same
//! - HPLT asks how much of the text is in the language of the document; here that is the share of the main script.
//! - Its classes of characters are lists of ranges; here they are Unicode's categories.
//! - What a text of some length should compress to comes from curves of its own, at zstd's level 3; here it is lines
//!   fitted at level 1 (`expected_compression`).
//!
//! So scores can be compared with each other, not with HPLT's.

use super::chars::Tally;
use super::tally::Counts;

/// What is usual in a language: medians of percentages of word characters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Medians {
    numbers: f64,
    punctuation: f64,
    symbols: f64,
}

/// Spanish, for which web-docs-scorer's bounds were set. It stands for any language whose medians nobody measured.
pub const REFERENCE: Medians = Medians { numbers: 1.3, punctuation: 2.4, symbols: 0.3 };

impl Default for Medians {
    fn default() -> Self {
        REFERENCE
    }
}

/// In the reference, lines up to this length may be of a menu; below them all in word characters.
const MENU_CHARS: f64 = 30.0;
const LONG_LINE_CHARS: f64 = 250.0;
const VERY_LONG_LINE_CHARS: f64 = 1000.0;
/// So many long lines are enough.
const ENOUGH_LONG_LINES: f64 = 10.0;

/// How far lengths of lines follow a language's punctuation. Chinese says in a third of the characters what Spanish says, and
/// has twice the punctuation; but Thai has a quarter of it because it writes next to none, and says no less in a line.
const LINE_SCALES: (f64, f64) = (0.25, 2.0);

impl Medians {
    /// Medians of digits and other numbers, of punctuation, and of symbols, each as a percentage of word characters; none
    /// if one is not above 0.
    pub fn new(numbers: f64, punctuation: f64, symbols: f64) -> Option<Self> {
        let usable = |median: f64| median.is_finite() && median > 0.0;
        [numbers, punctuation, symbols].into_iter().all(usable).then_some(Self {
            numbers,
            punctuation,
            symbols,
        })
    }

    /// Numbers, punctuation and symbols, each as a percentage of word characters.
    pub fn values(&self) -> [f64; 3] {
        [self.numbers, self.punctuation, self.symbols]
    }

    /// These with punctuation times one factor, numbers and symbols times another, to three places.
    pub(crate) fn scaled(&self, punctuation: f64, others: f64) -> Option<Self> {
        let round = |value: f64| (value * 1000.0).round() / 1000.0;
        let [numbers, marks, symbols] = self.values();
        Self::new(round(numbers * others), round(marks * punctuation), round(symbols * others))
    }

    /// By how much lines are longer than in the reference. The more punctuation a language has, the more a character says.
    fn line_scale(&self) -> f64 {
        (REFERENCE.punctuation / self.punctuation).clamp(LINE_SCALES.0, LINE_SCALES.1)
    }
}

/// Sums over the lines of a text.
#[derive(Debug, Default)]
pub(crate) struct LineSums {
    /// The longest line of a menu.
    menu_chars: f64,
    /// Lengths of lines, as multiples of those of the reference.
    scale: f64,
    /// Below this percentage of punctuation a long line is a list of words.
    too_little_punctuation: f64,
    /// Word characters of the lines before the first that is longer than a menu's, and after the last.
    first_menu: u32,
    last_menu: u32,
    has_text: bool,
    /// Lines at least as long as a menu's, and copies among them.
    lines: u32,
    copies: u32,
    long_lines: u32,
    very_long_lines: u32,
    very_long_sum: f64,
    /// The worst line: by how many its numbers or symbols exceed its letters.
    worst_numbers: u32,
    worst_symbols: u32,
    /// Word characters of lines, longer than three of a menu, with next to no punctuation.
    unpunctuated: u32,
}

/// Below this percentage of punctuation a long line is a list of words, in the reference.
const TOO_LITTLE_PUNCTUATION: f64 = 0.5;

impl LineSums {
    pub(crate) fn new(medians: &Medians) -> Self {
        let scale = medians.line_scale();
        let too_little_punctuation = TOO_LITTLE_PUNCTUATION * medians.punctuation / REFERENCE.punctuation;
        Self { menu_chars: MENU_CHARS * scale, scale, too_little_punctuation, ..Self::default() }
    }

    pub(crate) fn line(&mut self, counts: &Counts, copy: bool) {
        let words = counts.word_chars();
        let length = f64::from(words);
        if length > self.menu_chars {
            self.has_text = true;
            self.last_menu = 0;
        } else if self.has_text {
            self.last_menu += words;
        } else {
            self.first_menu += words;
        }
        if f64::from(counts.chars()) >= self.menu_chars {
            self.lines += 1;
            self.copies += u32::from(copy);
        }
        let (long, very_long) = (LONG_LINE_CHARS * self.scale, VERY_LONG_LINE_CHARS * self.scale);
        if length > long {
            self.long_lines += 1;
            let greatness = (length.min(very_long) - long) / (very_long - long);
            if greatness > 0.5 {
                self.very_long_lines += 1;
                self.very_long_sum += greatness;
            }
        }
        self.worst_numbers = self.worst_numbers.max(excess(counts.numbers(), words));
        self.worst_symbols = self.worst_symbols.max(excess(counts.of_kind(Tally::Symbol), words));
        let punctuation = percentage(counts.of_kind(Tally::Punctuation), words);
        if length > self.menu_chars * 3.0 && punctuation < self.too_little_punctuation {
            self.unpunctuated += words;
        }
    }
}

/// By how many characters a line has more of something than of letters, if it has much of it.
fn excess(count: u32, words: u32) -> u32 {
    if count < 10 || f64::from(count) <= 0.1 * f64::from(words) { 0 } else { count.saturating_sub(words) }
}

fn percentage(count: u32, words: u32) -> f64 {
    100.0 * f64::from(count) / f64::from(words.max(1))
}

/// What of a document goes into its score.
#[derive(Debug)]
pub(crate) struct Document<'a> {
    pub(crate) lines: &'a LineSums,
    pub(crate) counts: &'a Counts,
    pub(crate) medians: &'a Medians,
    pub(crate) main_script_share: f64,
    pub(crate) addresses: u32,
    pub(crate) bytes: usize,
    pub(crate) bytes_per_char: f64,
    pub(crate) compressed_share: f64,
}

impl Document<'_> {
    pub(crate) fn score(&self) -> f64 {
        let penalties = self.penalties();
        // Nothing is left of a document with one that is this low; a power of 0 would not be a number.
        if self.counts.word_chars() == 0 || penalties.iter().any(|penalty| *penalty < 0.01) {
            return 0.0;
        }
        let long = (f64::from(self.lines.long_lines) / ENOUGH_LONG_LINES).min(1.0);
        let great = if self.lines.very_long_lines == 0 {
            0.0
        } else {
            (self.lines.very_long_sum / f64::from(self.lines.very_long_lines) + 0.1).min(1.0)
        };
        let base = 0.8 * self.main_script_share + 0.1 * long + 0.1 * great;
        let weights = penalties.map(|penalty| penalty.powf(-2.9));
        let all: f64 = weights.iter().sum();
        let product: f64 =
            penalties.iter().zip(weights).map(|(penalty, weight)| penalty.powf(3.0 * weight / all)).product();
        (base * product).clamp(0.0, 1.0)
    }

    fn penalties(&self) -> [f64; 7] {
        let words = self.counts.word_chars();
        let numbers = percentage(self.counts.numbers(), words) * REFERENCE.numbers / self.medians.numbers;
        let symbols =
            percentage(self.counts.of_kind(Tally::Symbol), words) * REFERENCE.symbols / self.medians.symbols;
        let menus = f64::from(self.lines.first_menu + self.lines.last_menu) / f64::from(words.max(1));
        [
            self.address_penalty(words),
            piecewise(numbers, &[(1.0, 1.0), (30.0, 0.0)])
                * piecewise(f64::from(self.lines.worst_numbers), &[(50.0, 1.0), (1000.0, 0.0)]),
            piecewise(symbols, &[(1.0, 1.0), (2.0, 0.7), (6.0, 0.5), (10.0, 0.0)])
                * piecewise(f64::from(self.lines.worst_symbols), &[(30.0, 1.0), (250.0, 0.0)]),
            self.punctuation_penalty(words),
            1.0 - f64::from(self.lines.copies) / f64::from(self.lines.lines.max(1)),
            1.0 - menus / 2.0,
            self.information_penalty(),
        ]
    }

    fn address_penalty(&self, words: u32) -> f64 {
        if !self.lines.has_text {
            return 1.0;
        }
        let hundred_lines = f64::from(words) / (self.lines.menu_chars * 100.0);
        piecewise(f64::from(self.addresses) / hundred_lines, &[(3.0, 1.0), (10.0, 0.0)])
    }

    fn punctuation_penalty(&self, words: u32) -> f64 {
        let share = percentage(self.counts.of_kind(Tally::Punctuation), words) * REFERENCE.punctuation
            / self.medians.punctuation;
        let bounds = [(0.3, 0.0), (TOO_LITTLE_PUNCTUATION, 0.5), (0.9, 1.0), (2.5, 1.0), (25.0, 0.0)];
        let unpunctuated = f64::from(self.lines.unpunctuated) / f64::from(words.max(1));
        piecewise(share, &bounds).min(piecewise(unpunctuated, &[(0.05, 1.0), (0.2, 0.6), (0.4, 0.0)]))
    }

    fn information_penalty(&self) -> f64 {
        if self.bytes < MIN_INFORMATIVE_BYTES {
            return 1.0;
        }
        let saved = 100.0 * (1.0 - self.compressed_share);
        let from_expected = (saved - expected_compression(self.bytes, self.bytes_per_char)).abs();
        piecewise(from_expected, &[(10.0, 1.0), (15.0, 0.7), (20.0, 0.0)])
    }
}

/// In less, compression says more of the length than of the text.
const MIN_INFORMATIVE_BYTES: usize = 500;

/// What of a text of so many bytes zstd saves at level 1, in percent. Least squares on the 3,489 pages of web40 with at
/// least 500 bytes, by bytes of a character: Latin (2,551 pages), two bytes and Chinese with much ASCII (659), three
/// (279). Nine of ten pages are within 10 of it, which is also where web-docs-scorer begins to penalise.
fn expected_compression(bytes: usize, bytes_per_char: f64) -> f64 {
    let length = (bytes as f64).min(64_000.0).ln();
    if bytes_per_char < 1.25 {
        7.6 + 5.5 * length
    } else if bytes_per_char < 2.3 {
        -19.0 + 8.6 * length
    } else {
        -34.1 + 10.8 * length
    }
}

/// The value at `x` of the line through these points, level beyond the first and the last.
fn piecewise(x: f64, points: &[(f64, f64)]) -> f64 {
    let mut before = points[0];
    for point in points {
        if x <= point.0 {
            if point.0 <= before.0 {
                return point.1;
            }
            return before.1 + (point.1 - before.1) * ((x - before.0) / (point.0 - before.0)).max(0.0);
        }
        before = *point;
    }
    before.1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quality::{LanguageProfile, Measurer};

    fn score(text: &str) -> f32 {
        Measurer::new().measure(text, &LanguageProfile::default()).web_docs_score
    }

    /// Different sentences, in lines of five: no repetition to speak of.
    fn prose(word: impl Fn(usize) -> String, end: &str) -> String {
        let sentence = |n: usize| (0..12).map(|at| word(n * 12 + at)).collect::<Vec<_>>().join(" ") + end;
        (0..12)
            .map(|line| (0..5).map(|n| sentence(line * 5 + n)).collect::<Vec<_>>().join(" ") + "\n")
            .collect()
    }

    fn swahili(n: usize) -> String {
        let syllables = [
            "ba", "ka", "ni", "wa", "mu", "ki", "to", "li", "se", "za", "go", "ha", "pe", "fi", "nyu", "mbo",
        ];
        let mut state = (n as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (0..2 + n % 3)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                syllables[(state >> 60) as usize]
            })
            .collect()
    }

    #[test]
    fn lines_through_points_are_level_outside() {
        let points = [(1.0, 1.0), (2.0, 0.5), (4.0, 0.0)];
        for (x, y) in [(0.0, 1.0), (1.0, 1.0), (1.5, 0.75), (2.0, 0.5), (3.0, 0.25), (9.0, 0.0)] {
            assert!((piecewise(x, &points) - y).abs() < 1e-12, "{x}");
        }
    }

    #[test]
    fn prose_scores_above_what_is_not() {
        let prose = prose(swahili, ".");
        let good = score(&prose);
        assert!(good > 0.7, "{good}");
        let menu = "Nyumbani\n".repeat(60);
        let numbers = prose.replace(' ', " 2026 ");
        let repeated = prose.lines().next().unwrap().to_owned() + "\n";
        let links = prose.replace('.', ". http://www.example.co.ke/a/b");
        for (name, text) in [
            ("menu", menu),
            ("numbers", numbers),
            ("repeated", repeated.repeat(12)),
            ("links", links),
            ("none", String::new()),
        ] {
            assert!(score(&text) < good - 0.2, "{name}: {} and {good}", score(&text));
        }
    }

    #[test]
    fn medians_that_would_divide_by_nothing_are_refused() {
        for median in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(Medians::new(1.3, median, 0.3), None);
        }
        assert_eq!(Medians::new(1.3, 2.4, 0.3), Some(REFERENCE));
    }

    #[test]
    fn medians_move_the_bounds() {
        let text = prose(swahili, ".").replace('a', "a,");
        let profile = |punctuation| LanguageProfile {
            medians: Medians::new(1.3, punctuation, 0.3).unwrap(),
            ..LanguageProfile::default()
        };
        let mut measurer = Measurer::new();
        let usual = measurer.measure(&text, &profile(2.4)).web_docs_score;
        let punctuated = measurer.measure(&text, &profile(15.0)).web_docs_score;
        assert!(punctuated > usual, "{punctuated} and {usual}");
    }
}
