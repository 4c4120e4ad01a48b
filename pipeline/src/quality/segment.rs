//! The words, symbols and lines of a text, found once and shared by everything that is measured.
//!
//! # What it does
//! A token is a word or a symbol. A word is a run of letters, numbers and marks, with what stands inside words in
//! many languages: apostrophes (l'eau, don't), the Hebrew gershayim (צה"ל), the Catalan dot (paral·lel), full stops,
//! commas and colons between numbers (3.14, 10:30), full stops between letters (kilim.org) and those of abbreviations
//! (e.g.), `_`, `@`, `&`, non-joiners. Signs directly before a word are part of it (-5, --all, /usr, @juma). An address
//! with a scheme is one word, and so is what has ASCII signs between ASCII letters, as code has (`x[i`, `a="b`); hyphens,
//! slashes and other signs of prose divide. Every other character that is not white space is a symbol, the same one
//! several times in a row is one symbol, and so is the mark of a note, `[12]`.
//!
//! Marks always belong to the letter before them. Nothing is folded, stripped or lower-cased: a token is a range of
//! bytes of the text as it is.
//!
//! # Why
//! Thai, Lao, Khmer, Burmese, Chinese and Japanese put no spaces between words. Runs of these scripts go to the
//! dictionary segmenter of ICU4X; its LSTM models are a hundred times slower on Thai and find about as many words.
//! Everything else takes a path of our own, which sees each byte once.
//!
//! Where there was a choice, it is that of spaCy's tokenizer, by whose tokens the thresholds of Gopher, C4 and FineWeb
//! are applied in datatrove: on English pages both find as many tokens within 0.4 %, and at least 97 % of the verdicts
//! of each filter are the same (`benches/peers/quality_parity.py`).
//!
//! # Across languages
//! Clitics are not cut off: don't is one word, as l'eau is. Korean is counted by its spaced units. Tibetan is cut into
//! syllables at the tsheg; so are Shan, Mon and Karen by the rules of the Myanmar script, whose dictionary is Burmese.
//! Javanese, Balinese, Tai Tham and other scripts without spaces have no dictionary in ICU: their words are what stands
//! between spaces and punctuation. Languages that borrow the Thai or Lao script are cut by the words of those. Rules on
//! the length or the number of words need values of their own in all of these.
//!
//! # Cost
//! Linear in the text: eight bytes a token, twelve a line that is not empty. A run without a break of more than
//! `MAX_RUN` bytes goes to the dictionary in pieces.

use std::ops::Range;

use icu_segmenter::options::WordBreakInvariantOptions;
use icu_segmenter::{WordSegmenter, WordSegmenterBorrowed};
use memchr::memchr;
use thiserror::Error;

use super::chars::{ASCII, Class, Kind};
use super::repeats::char_count;

/// The most of a text that is looked at, in bytes; the rest is not measured.
pub const MAX_TEXT_BYTES: usize = 1 << 29;

/// The most that is given to the dictionary at once, in bytes: no sentence is as long.
const MAX_RUN: usize = 1 << 14;

/// Reused between texts unless they were larger than this, in tokens or lines.
const KEPT_CAPACITY: usize = 1 << 20;

/// A word or a symbol: where it is in the text, and what it is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    start: u32,
    /// The length in bytes, and three flags below it.
    tail: u32,
}

const WORD: u32 = 1;
const ALPHABETIC: u32 = 2;
const ASCII_ONLY: u32 = 4;
const FLAGS: u32 = 3;

impl Token {
    fn new(range: Range<usize>, classes: Class, word: bool) -> Self {
        let flag = |condition, flag| if condition { flag } else { 0 };
        let flags = flag(word, WORD)
            | flag(classes.is_alphabetic(), ALPHABETIC)
            | flag(!classes.is_beyond_ascii(), ASCII_ONLY);
        Self { start: range.start as u32, tail: (range.len() as u32) << FLAGS | flags }
    }

    /// Its bytes in the text.
    pub fn range(self) -> Range<usize> {
        self.start as usize..self.start as usize + (self.tail >> FLAGS) as usize
    }

    /// Its characters; `text` is the whole text.
    pub(super) fn chars(self, text: &str) -> u32 {
        if self.tail & ASCII_ONLY != 0 { self.tail >> FLAGS } else { char_count(&text[self.range()]) as u32 }
    }

    /// A word, as datatrove has it: not all of its characters are in its list of punctuation. An emoji is one.
    pub fn is_word(self) -> bool {
        self.tail & WORD != 0
    }

    /// Has a letter.
    pub fn is_alphabetic(self) -> bool {
        self.tail & ALPHABETIC != 0
    }
}

/// A line that is not empty, without its newline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    start: u32,
    end: u32,
    /// The first token that starts in this line or later.
    first_token: u32,
}

impl Line {
    /// Its bytes in the text.
    pub fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// Token ranges that do not fit their text.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("token {index} ({start}..{end}): {reason}")]
pub struct BadToken {
    /// The first that does not fit.
    pub index: usize,
    /// Its first byte.
    pub start: u32,
    /// The byte behind it.
    pub end: u32,
    /// What is wrong with it.
    pub reason: &'static str,
}

/// A text and its parts.
#[derive(Debug, Clone, Copy)]
pub struct Segments<'a> {
    /// What was cut, up to [`MAX_TEXT_BYTES`].
    pub text: &'a str,
    /// In their order, disjoint, never empty, on character boundaries.
    pub tokens: &'a [Token],
    /// The lines that are not empty.
    pub lines: &'a [Line],
    /// Newlines (U+000A) in the text.
    pub newlines: u32,
}

impl<'a> Segments<'a> {
    /// The text of a token.
    pub fn token(&self, token: Token) -> &'a str {
        &self.text[token.range()]
    }

    /// The tokens that start within `range`, which is part of `lines[index]`.
    pub fn tokens_within(&self, index: usize, range: &Range<usize>) -> &'a [Token] {
        let first = self.lines[index].first_token as usize;
        let last = self.lines.get(index + 1).map_or(self.tokens.len(), |line| line.first_token as usize);
        let tokens = &self.tokens[first..last];
        if self.lines[index].range() == *range {
            return tokens;
        }
        let start = tokens.partition_point(|token| (token.start as usize) < range.start);
        let end = tokens.partition_point(|token| (token.start as usize) < range.end);
        &tokens[start..end]
    }
}

/// Cuts texts; keeps its buffers and the dictionary between them.
#[derive(Debug)]
pub struct Segmenter {
    dictionary: WordSegmenterBorrowed<'static>,
    tokens: Vec<Token>,
    lines: Vec<Line>,
}

impl Default for Segmenter {
    fn default() -> Self {
        Self::new()
    }
}

impl Segmenter {
    /// A segmenter with empty buffers.
    pub fn new() -> Self {
        Self {
            dictionary: WordSegmenter::new_dictionary(WordBreakInvariantOptions::default()),
            tokens: Vec::new(),
            lines: Vec::new(),
        }
    }

    /// Cuts a text.
    pub fn segment<'a>(&'a mut self, text: &'a str) -> Segments<'a> {
        let text = self.start(text);
        let mut cutter = Cutter { text, dictionary: self.dictionary, tokens: &mut self.tokens };
        let mut at = 0;
        while at < text.len() {
            at = cutter.next(at);
        }
        self.finish(text)
    }

    /// A text with tokens that someone else made: byte ranges in their order.
    pub fn given<'a>(&'a mut self, text: &'a str, ranges: &[(u32, u32)]) -> Result<Segments<'a>, BadToken> {
        let text = self.start(text);
        let mut last = 0;
        for (index, (start, end)) in ranges.iter().copied().enumerate() {
            let bad = |reason| BadToken { index, start, end, reason };
            if start >= end {
                return Err(bad("empty"));
            }
            if start < last {
                return Err(bad("starts before the end of the token before it"));
            }
            let range = start as usize..end as usize;
            let token =
                text.get(range.clone()).ok_or_else(|| bad("not a range of characters of the text"))?;
            let (mut classes, mut word) = (Class::NONE, false);
            for class in token.chars().map(Class::of) {
                classes = classes.or(class);
                word |= !class.is_listed_punctuation();
            }
            self.tokens.push(Token::new(range, classes, word));
            last = end;
        }
        Ok(self.finish(text))
    }

    fn start<'a>(&mut self, text: &'a str) -> &'a str {
        self.tokens.clear();
        self.tokens.shrink_to(KEPT_CAPACITY);
        self.lines.clear();
        self.lines.shrink_to(KEPT_CAPACITY);
        &text[..text.floor_char_boundary(MAX_TEXT_BYTES)]
    }

    fn finish<'a>(&'a mut self, text: &'a str) -> Segments<'a> {
        let (mut start, mut newlines, mut token) = (0, 0, 0);
        while start < text.len() {
            let end = memchr(b'\n', &text.as_bytes()[start..]).map(|length| start + length);
            let stop = end.unwrap_or(text.len());
            if start < stop {
                while self.tokens.get(token).is_some_and(|token| (token.start as usize) < start) {
                    token += 1;
                }
                self.lines.push(Line { start: start as u32, end: stop as u32, first_token: token as u32 });
            }
            newlines += u32::from(end.is_some());
            start = stop + 1;
        }
        Segments { text, tokens: &self.tokens, lines: &self.lines, newlines }
    }
}

struct Cutter<'a> {
    text: &'a str,
    dictionary: WordSegmenterBorrowed<'static>,
    tokens: &'a mut Vec<Token>,
}

impl Cutter<'_> {
    /// The character at a byte, with its class and length; `None` at the end.
    fn peek(&self, at: usize) -> Option<(char, Class, usize)> {
        let byte = *self.text.as_bytes().get(at)?;
        if byte < 0x80 {
            return Some((char::from(byte), ASCII[byte as usize], 1));
        }
        let c = self.text[at..].chars().next()?;
        Some((c, Class::of(c), c.len_utf8()))
    }

    fn class(&self, at: usize) -> Class {
        self.peek(at).map_or(Class::NONE, |(_, class, _)| class)
    }

    /// Cuts what begins at `at`; gives where the next begins.
    fn next(&mut self, at: usize) -> usize {
        let Some((c, class, length)) = self.peek(at) else { return self.text.len() };
        match class.kind() {
            Kind::Space | Kind::Format => at + length,
            Kind::Letter | Kind::Mark | Kind::Number if class.needs_dictionary() => self.dictionary_run(at),
            Kind::Letter | Kind::Mark | Kind::Number => self.word(at, 0),
            Kind::Symbol if matches!(c, '-' | '+' | '/' | '.' | '@' | '\\') && self.begins_word(at, c) => {
                let signs = 1 + usize::from(self.text[at + 1..].starts_with(c));
                self.word(at + signs, signs)
            }
            Kind::Connector | Kind::Symbol => self.symbol(at, c, class, length),
        }
    }

    /// Whether signs at `at`, behind no word, are directly before one: -5, --all, /usr, .git, @juma.
    fn begins_word(&self, at: usize, sign: char) -> bool {
        let signs = self.text[at..].bytes().take(3).take_while(|byte| char::from(*byte) == sign).count();
        let (before, after) = (self.text[..at].chars().next_back(), self.class(at + signs));
        let opens =
            |c| Class::of(c).is_space() || matches!(c, '(' | '[' | '{' | '<' | '"' | '\'' | '“' | '‘');
        signs <= 2 && after.is_alphanumeric() && !after.needs_dictionary() && before.is_none_or(opens)
    }

    /// A word of a script with spaces, from `start`, and `signs` before it.
    fn word(&mut self, start: usize, signs: usize) -> usize {
        let (mut at, mut end) = (start, start);
        // The class of the last character of the word, and of all of them.
        let (mut last, mut classes) = (Class::NONE, Class::NONE);
        while let Some((c, class, length)) = self.peek(at) {
            match class.kind() {
                Kind::Letter | Kind::Number | Kind::Mark if !class.needs_dictionary() => {
                    classes = classes.or(class);
                    last = class;
                    at += length;
                    end = at;
                }
                // Part of the word if it goes on behind it.
                Kind::Format | Kind::Connector => at += length,
                Kind::Symbol if at == end => {
                    if self.text[at..].starts_with("://") {
                        end = self.address_end(at);
                        break;
                    }
                    let within =
                        if self.stands_within(last, c, at + length) { length } else { self.code_within(at) };
                    if within == 0 || self.note(at) > 0 {
                        break;
                    }
                    at += within;
                }
                _ => break,
            }
        }
        let ends = match self.text[end..].chars().next() {
            Some('.') => is_dotted(&self.text[start..end]),
            Some('/') => self.class(end + 1).is_space(),
            _ => false,
        };
        end += usize::from(ends);
        // The one character that is a number and listed as punctuation is a fullwidth 1: by a slip, it seems.
        self.tokens.push(Token::new(start - signs..end, classes, true));
        end
    }

    /// Whether `c`, which is no part of words as such, is part of this one: behind `last`, before what is at `next`.
    fn stands_within(&self, last: Class, c: char, next: usize) -> bool {
        let joins: fn(Class, Class) -> bool = match c {
            '\'' | '’' | '·' | '&' | '״' | '׳' => {
                |a, b| matches!(a.kind(), Kind::Letter | Kind::Mark) && b.kind() == Kind::Letter
            }
            // Hebrew abbreviations are often written with the straight quotation mark.
            '"' => |a, b| a.is_hebrew() && b.is_hebrew(),
            // Not where a space is missing between sentences.
            '.' => |a, b| a.is_alphanumeric() && b.is_alphanumeric() && !(a.is_lower() && b.is_upper()),
            '-' => |a, b| a.kind() == Kind::Letter && b.kind() == Kind::Number,
            '+' => |a, b| a.kind() == Kind::Letter && b.is_alphanumeric(),
            '@' => |a, b| a.is_alphanumeric() && b.is_alphanumeric(),
            ',' | ':' | '/' | '٫' | '٬' => |a, b| a.kind() == Kind::Number && b.kind() == Kind::Number,
            _ => return false,
        };
        let following = self.class(next);
        !following.needs_dictionary() && joins(last, following)
    }

    /// The length of the signs at `at` that stand within code or markup, such as `a="b` or `x[i`: ASCII between ASCII. A
    /// sign that divides words of prose by itself is none of them.
    fn code_within(&self, at: usize) -> usize {
        let bytes = self.text.as_bytes();
        let signs = bytes[at..].iter().take(5).take_while(|byte| byte.is_ascii_punctuation()).count();
        let (before, after) = (bytes[at - 1], bytes.get(at + signs).copied().unwrap_or(b' '));
        let divides = match &bytes[at..at + signs] {
            [sign] => matches!(sign, b'-' | b',' | b':' | b'<' | b'>' | b'=' | b'/' | b'.'),
            [b'.', next, ..] if !matches!(next, b'<' | b'*' | b'_' | b'/') => true,
            several => several.windows(2).any(|two| two == b".."),
        };
        let joined =
            signs <= 4 && before.is_ascii_alphanumeric() && after.is_ascii_alphanumeric() && !divides;
        if joined { signs } else { 0 }
    }

    /// The end of an address whose scheme ends at `at`: before white space, brackets and quotation marks, without
    /// punctuation at its end.
    fn address_end(&self, at: usize) -> usize {
        let rest = &self.text[at..];
        let stop = rest.find(|c: char| {
            Class::of(c).is_space()
                || matches!(c, '<' | '>' | '"' | '\'' | '(' | ')' | '[' | ']' | '{' | '}' | '|')
        });
        let address = &rest[..stop.unwrap_or(rest.len())];
        let ends = |c: char| {
            matches!(c, '.' | ',' | ';' | ':' | '!' | '?') || (c != '.' && Class::of(c).is_terminal())
        };
        at + address.trim_end_matches(ends).len().max("://".len())
    }

    /// The length of a mark of a note, [12], at `at`; 0 if there is none.
    fn note(&self, at: usize) -> usize {
        let inner = self.text[at..].strip_prefix('[').unwrap_or_default();
        let digits = inner.len() - inner.trim_start_matches(|c| Class::of(c).kind() == Kind::Number).len();
        if digits > 0 && inner[digits..].starts_with(']') { digits + 2 } else { 0 }
    }

    /// A symbol, as often as it is repeated, with the marks and joiners behind it (of emoji, for one).
    fn symbol(&mut self, start: usize, c: char, class: Class, length: usize) -> usize {
        let note = self.note(start);
        if note > 0 {
            let range = start..start + note;
            self.tokens.push(Token::new(range.clone(), classes(&self.text[range]), true));
            return start + note;
        }
        let mut end = start + length;
        let (mut word, mut classes) = (!class.is_listed_punctuation(), class);
        while let Some((next, next_class, length)) = self.peek(end) {
            let joined = next_class.kind() == Kind::Mark && !next_class.needs_dictionary();
            if next != c && !joined && next_class.kind() != Kind::Format {
                break;
            }
            word |= joined;
            classes = classes.or(next_class);
            end += length;
        }
        self.tokens.push(Token::new(start..end, classes, word));
        end
    }

    /// A run of scripts without spaces.
    fn dictionary_run(&mut self, start: usize) -> usize {
        let mut end = start;
        while let Some((_, class, length)) = self.peek(end) {
            let marks = matches!(class.kind(), Kind::Mark | Kind::Format);
            if !(class.needs_dictionary() || marks) || end - start + length > MAX_RUN {
                break;
            }
            end += length;
        }
        let run = &self.text[start..end];
        let mut from = start;
        let mut cut = |to: usize| {
            let range = std::mem::replace(&mut from, to)..to;
            self.tokens.push(Token::new(range.clone(), classes(&self.text[range]), true));
        };
        if run.chars().nth(1).is_none() {
            cut(end);
        } else if run.chars().any(is_myanmar_beyond_burmese) {
            syllable_starts(run).for_each(|to| cut(start + to));
            cut(end);
        } else {
            let breaks = self.dictionary.segment_str(run);
            breaks.filter(|to| *to > 0).for_each(|to| cut(start + to));
        }
        end
    }
}

/// Letters and tones of the Myanmar script that Burmese has not: of Shan, Mon, Karen, Pali and others. The dictionary
/// knows no word with one of them.
fn is_myanmar_beyond_burmese(c: char) -> bool {
    matches!(c, '\u{1022}' | '\u{1028}' | '\u{1050}'..='\u{109d}' | '\u{a9e0}'..='\u{a9ef}' | '\u{a9fa}'..='\u{a9fe}')
        || matches!(c, '\u{aa60}'..='\u{aa7f}')
}

/// Where syllables of the Myanmar script start, but for the first: at a letter that no sign takes for the end of the one
/// before (the asat), and that is not stacked below another (the virama).
fn syllable_starts(run: &str) -> impl Iterator<Item = usize> {
    let (asat, virama) = ('\u{103a}', '\u{1039}');
    run.char_indices().skip(1).filter_map(move |(at, c)| {
        let before = run[..at].chars().next_back();
        let after = run[at + c.len_utf8()..].chars().next();
        let starts = Class::of(c).kind() == Kind::Letter
            && before != Some(virama)
            && !after.is_some_and(|sign| sign == asat || sign == virama);
        starts.then_some(at)
    })
}

/// The flags of all characters of a text.
fn classes(text: &str) -> Class {
    text.chars().fold(Class::NONE, |classes, c| classes.or(Class::of(c)))
}

/// Single letters with full stops between, as in e.g. or U.S.: the last full stop belongs to them.
pub(super) fn is_dotted(word: &str) -> bool {
    word.contains('.')
        && word.split('.').all(|part| {
            let mut chars = part.chars();
            chars.next().is_some_and(|c| Class::of(c).is_alphabetic()) && chars.next().is_none()
        })
}

#[cfg(test)]
#[path = "segment_tests.rs"]
mod tests;
