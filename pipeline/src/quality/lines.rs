//! What is measured line by line: how lines begin and end, which are copies, which C4 and DCLM would take out.
//!
//! Gopher, C4 and FineWeb each have lines of their own, and all are kept apart here: Python's `splitlines` with empty
//! lines (Gopher's bullets and ellipses, C4), parts between newlines that are not empty (Gopher's duplicates), and
//! those with anything but white space (FineWeb).

use std::ops::Range;

use super::c4::{C4, Phrases};
use super::chars::{Class, Tally};
use super::repeats::{Copies, char_count};
use super::segment::{Segments, Token};
use super::tally::{Counts, count};
use super::web_docs::{LineSums, Medians};

/// At most this many characters: FineWeb's short line.
const SHORT_LINE_CHARS: u32 = 30;

/// What counters say, in DCLM's list.
const COUNTED: [&str; 12] = [
    "likes",
    "shares",
    "comments",
    "retweets",
    "reposts",
    "quotes",
    "bookmarks",
    "upvotes",
    "downvotes",
    "downloads",
    "views",
    "followers",
];

/// Sums over the lines of a text.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    pub(crate) counts: Counts,
    /// As `splitlines` has them.
    pub(crate) lines: u32,
    pub(crate) bullets: u32,
    pub(crate) ellipses: u32,
    pub(crate) sentences: u32,
    /// Not empty, or empty and at an end of the text, as a split at newlines leaves them.
    pub(crate) parts: u32,
    pub(crate) part_chars: u64,
    pub(crate) copies: u32,
    pub(crate) copy_chars: u64,
    pub(crate) repeated: (u64, u64),
    pub(crate) text_lines: u32,
    pub(crate) text_line_chars: u64,
    pub(crate) text_copy_chars: u64,
    pub(crate) listed: u32,
    pub(crate) terminal: u32,
    pub(crate) short: u32,
    pub(crate) longest_three: [u32; 3],
    pub(crate) edited_out_words: u32,
    pub(crate) c4: C4,
    pub(crate) web_docs: LineSums,
}

/// What lines are measured with.
pub(crate) struct Context<'a> {
    pub(crate) segments: Segments<'a>,
    pub(crate) phrases: &'a Phrases,
    /// What is usual in the language.
    pub(crate) medians: &'a Medians,
}

impl Lines {
    pub(crate) fn read(context: &Context<'_>, copies: &mut Copies, scripts: &mut [u32; 256]) -> Self {
        let segments = &context.segments;
        let mut lines = Self { web_docs: LineSums::new(context.medians), ..Self::default() };
        let (begins, ends) = (segments.text.starts_with('\n'), segments.text.ends_with('\n'));
        lines.lines = segments.newlines + u32::from(!segments.text.is_empty() && !ends);
        copies.start(segments.lines.len());
        for index in 0..segments.lines.len() {
            lines.line(context, index, copies, scripts);
        }
        lines.repeated = copies.repeated();
        lines.parts += segments.lines.len() as u32 + u32::from(begins) + u32::from(ends);
        lines.copies += u32::from(begins && ends);
        lines
    }

    fn line(&mut self, context: &Context<'_>, index: usize, copies: &mut Copies, scripts: &mut [u32; 256]) {
        let segments = &context.segments;
        let range = segments.lines[index].range();
        let text = &segments.text[range.clone()];
        let counts = count(text, scripts);
        let chars = counts.chars();
        self.counts.add(&counts);
        self.part_chars += u64::from(chars);
        let copy = copies.see(text, chars);
        self.copies += u32::from(copy);
        self.copy_chars += if copy { u64::from(chars) } else { 0 };
        self.web_docs.line(&counts, copy);
        if counts.words > 0 {
            self.text_lines += 1;
            self.text_line_chars += u64::from(chars);
            self.text_copy_chars += if copy { u64::from(chars) } else { 0 };
            self.listed += u32::from(trim(text).starts_with(['●', '•', '*', '-']));
            self.terminal += u32::from(text.chars().next_back().is_some_and(|c| Class::of(c).is_terminal()));
            self.short += u32::from(chars <= SHORT_LINE_CHARS);
            self.edited_out_words += if is_edited_out(text, &counts) { counts.words } else { 0 };
        }
        let shortest = &mut self.longest_three[2];
        if chars > *shortest {
            *shortest = chars;
            self.longest_three.sort_unstable_by(|a, b| b.cmp(a));
        }
        if counts.has_other_line_breaks {
            let followed = range.end < segments.text.len();
            let pieces = split_other_breaks(text, followed);
            self.lines = self.lines + pieces.len() as u32 - 1;
            for piece in pieces.into_iter().filter(|piece| !piece.is_empty()) {
                let range = range.start + piece.start..range.start + piece.end;
                let counts = count(&segments.text[range.clone()], &mut [0; 256]);
                self.split_line(context, index, range, &counts);
            }
        } else {
            self.split_line(context, index, range, &counts);
        }
    }

    /// A line as `splitlines` has it, which is not empty.
    fn split_line(&mut self, context: &Context<'_>, index: usize, range: Range<usize>, counts: &Counts) {
        let segments = &context.segments;
        let text = trim(&segments.text[range.clone()]);
        self.bullets += u32::from(text.starts_with(['•', '-']));
        self.ellipses += u32::from(text.ends_with("...") || text.ends_with('…'));
        let sentences = count_sentences(segments, segments.tokens_within(index, &range));
        self.sentences += sentences;
        self.c4.line(text, counts, sentences, context.phrases);
    }
}

/// A text without the white space at its ends.
pub(crate) fn trim(text: &str) -> &str {
    text.trim_matches(|c| Class::of(c).is_white())
}

/// The parts of a line without newlines that `splitlines` would see, as ranges of it. `followed`: by a newline.
fn split_other_breaks(line: &str, followed: bool) -> Vec<Range<usize>> {
    // "\r\n" is one break.
    let text = if followed { line.strip_suffix('\r').unwrap_or(line) } else { line };
    let mut pieces = Vec::new();
    let mut start = 0;
    for (at, c) in text.char_indices().filter(|(_, c)| Class::of(*c).is_other_line_break()) {
        pieces.push(start..at);
        start = at + c.len_utf8();
    }
    if followed || start < text.len() {
        pieces.push(start..text.len());
    }
    pieces
}

/// The sentences of a line, by the rule of spaCy's sentencizer: one ends with a token that is terminal punctuation, and
/// with what punctuation follows it. Initials (U.S., J. S. Bach) end none.
fn count_sentences(segments: &Segments<'_>, tokens: &[Token]) -> u32 {
    let (mut sentences, mut ended) = (u32::from(!tokens.is_empty()), false);
    for (at, token) in tokens.iter().enumerate() {
        if token.is_alphabetic() {
            sentences += u32::from(ended);
            ended = false;
            continue;
        }
        let text = segments.token(*token);
        let terminal =
            text.chars().all(|c| Class::of(c).is_terminal()) && (text == "." || !text.starts_with('.'));
        if terminal {
            let before = at.checked_sub(1).map(|before| tokens[before]);
            let initial = text == "."
                && before.is_some_and(|before| {
                    before.range().end == token.range().start && is_initial(segments.token(before))
                });
            ended |= !initial;
        } else if ended && !text.chars().all(|c| Class::of(c).is_punctuation()) {
            sentences += 1;
            ended = false;
        }
    }
    sentences
}

/// One upper-case letter, as in J. S. Bach. Those with more than one letter, as U.S., are words with their full stops.
fn is_initial(word: &str) -> bool {
    let mut chars = word.chars();
    chars.next().is_some_and(|c| Class::of(c).is_upper()) && chars.next().is_none()
}

/// Whether DCLM's line edits take the line out.
fn is_edited_out(text: &str, counts: &Counts) -> bool {
    counts.words < 2
        || counts.of_kind(Tally::Upper) * 2 > counts.chars()
        || counts.of_kind(Tally::Decimal) == counts.chars()
        || (counts.words < 6 && is_counter(text))
}

/// "3 likes", "1.2K views ·"
fn is_counter(text: &str) -> bool {
    let text = text.trim_matches(|c| !Class::of(c).is_alphanumeric());
    let Some((number, counted)) = text.split_once(char::is_whitespace) else { return false };
    let number = number.strip_suffix(['K', 'k', 'M', 'm', 'B', 'b']).unwrap_or(number);
    number.starts_with(|c: char| c.is_ascii_digit())
        && number.chars().all(|c| c.is_ascii_digit() || matches!(c, ',' | '.'))
        && COUNTED.iter().any(|word| counted.trim_start().eq_ignore_ascii_case(word))
}

/// Paragraphs: how many, how many are copies, and the characters of those.
#[derive(Debug, Default)]
pub(crate) struct Paragraphs {
    pub(crate) count: u32,
    pub(crate) copies: u32,
    pub(crate) copy_chars: u64,
}

impl Paragraphs {
    /// Parts of the text between empty lines; white space at the ends of the text is none of it.
    pub(crate) fn read(segments: &Segments<'_>, copies: &mut Copies) -> Self {
        let mut paragraphs = Self::default();
        copies.start(segments.lines.len());
        let trimmed = trim(segments.text);
        let first = trimmed.as_ptr() as usize - segments.text.as_ptr() as usize;
        let bounds = first..first + trimmed.len();
        let mut lines = segments.lines.iter().map(|line| line.range()).peekable();
        while let Some(mut paragraph) = lines.next() {
            while let Some(next) = lines.next_if(|next| next.start == paragraph.end + 1) {
                paragraph.end = next.end;
            }
            let range = paragraph.start.max(bounds.start)..paragraph.end.min(bounds.end);
            if range.is_empty() {
                continue;
            }
            let text = &segments.text[range];
            let chars = char_count(text);
            paragraphs.count += 1;
            if copies.see(text, chars as u32) {
                paragraphs.copies += 1;
                paragraphs.copy_chars += chars;
            }
        }
        paragraphs
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quality::segment::Segmenter;

    #[test]
    fn lines_end_where_python_ends_them() {
        for (line, followed, pieces) in [
            ("a\rb", false, vec!["a", "b"]),
            ("a\r", true, vec!["a"]),
            ("\r", true, vec![""]),
            ("a\x0b", true, vec!["a", ""]),
            ("a\x0b", false, vec!["a"]),
            ("a\u{2028}\u{85}b", false, vec!["a", "", "b"]),
        ] {
            let found: Vec<_> =
                split_other_breaks(line, followed).into_iter().map(|range| &line[range]).collect();
            assert_eq!(found, pieces, "{line:?}");
        }
    }

    #[test]
    fn sentences_end_in_every_script_and_not_at_initials() {
        for (text, sentences) in [
            ("Habari yako? Nzuri sana! Asante.", 3),
            ("ሰላም ነው። ደህና ነኝ፧ አዎ።", 3),
            ("यह पहला वाक्य है। यह दूसरा है॥", 2),
            ("这是第一句。这是第二句！真的吗？", 3),
            ("ဒါက ဝါကျတစ်ခု။ နောက်တစ်ခု။", 2),
            ("هل هذا جيد؟ نعم.", 2),
            ("He came from the U.S. on 3.5 in. J. S. Bach too...", 2),
            ("\"Kweli?\" (Ndiyo.) Sawa", 3),
            ("ไม่มีจุด", 1),
            ("", 0),
        ] {
            let mut segmenter = Segmenter::new();
            let segments = segmenter.segment(text);
            assert_eq!(count_sentences(&segments, segments.tokens), sentences, "{text}");
        }
    }

    #[test]
    fn counters_are_told_from_sentences() {
        for text in ["3 likes", "1,234 views", "(1.2K followers)", "12  Comments"] {
            assert!(is_counter(text), "{text}");
        }
        for text in ["3 people like this", "likes", "views 12", "watu 3"] {
            assert!(!is_counter(text), "{text}");
        }
    }

    #[test]
    fn paragraphs_are_what_stands_between_empty_lines() {
        let mut segmenter = Segmenter::new();
        let segments = segmenter.segment("  \n moja\nmbili\n\n\ntatu\n\nmoja\nmbili\n");
        let paragraphs = Paragraphs::read(&segments, &mut Copies::default());
        assert_eq!((paragraphs.count, paragraphs.copies, paragraphs.copy_chars), (3, 1, 10));
    }
}
