//! The line that a mark stands in, and lines that speak of licences without a link.
//!
//! A line is the text between two elements that begin or end one: what a reader takes for a sentence about the link in
//! it. `Photo: Amina, CC BY` and the `CC BY` of the site below it are two lines.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind, Match};

use super::{Collector, MAX_VALUE, MORE, Place, squeeze};
use crate::document::Mark;
use crate::provenance::licence_prose;

/// Bytes after which a line ends in any case.
const MAX_LINE: usize = 1 << 14;
/// Bytes of one run of text that are read.
const MAX_RUN: usize = 1 << 16;
/// Characters by which the windows on a long line move on; they overlap by the rest of [`MAX_VALUE`].
const STEP: usize = 350;

static TRIGGERS: LazyLock<AhoCorasick> = LazyLock::new(|| {
    AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .kind(Some(AhoCorasickKind::DFA))
        .build(licence_prose::triggers().into_iter().chain([licence_prose::CC.to_owned()]))
        .expect("a fixed list of words")
});

/// Whether text has a word that stands in every statement about a licence. Most text has none, and is not read further.
pub(super) fn may_speak(text: &str) -> bool {
    let cc = TRIGGERS.patterns_len() - 1;
    let speaks =
        |hit: Match| hit.pattern().as_usize() != cc || licence_prose::stands_alone(text, hit.start());
    TRIGGERS.find_overlapping_iter(text).any(speaks)
}

#[derive(Debug, Default)]
pub(super) struct Line<'p> {
    pieces: Vec<&'p str>,
    bytes: usize,
    /// Where the first piece with a trigger stands.
    speaks: Option<Place>,
    /// Marks in the line, each with the number of pieces before it.
    marks: Vec<(usize, usize)>,
}

impl Line<'_> {
    /// A mark stands here.
    pub(super) fn mark(&mut self, mark: usize) {
        self.marks.push((mark, self.pieces.len()));
    }
}

impl<'p> Collector<'p> {
    /// Text of the line at hand.
    pub(super) fn read_line(&mut self, text: &'p str, may: bool) {
        self.line.pieces.push(text);
        self.line.bytes += text.len();
        let place = self.place();
        // A title is the name of a page, and no word about it.
        if may && self.line.speaks.is_none() && !place.in_head && may_speak(text) {
            self.line.speaks = Some(place);
        }
        if self.line.bytes > MAX_LINE {
            self.end_line();
        }
    }

    /// Gives the line to its marks, and makes marks of what it says itself.
    pub(super) fn end_line(&mut self) {
        if self.line.speaks.is_some() || !self.line.marks.is_empty() {
            let mut line = std::mem::take(&mut self.line);
            self.read(&line);
            line.marks.clear();
            line.speaks = None;
            self.line = line;
        }
        self.line.pieces.clear();
        self.line.bytes = 0;
    }

    fn read(&mut self, line: &Line<'_>) {
        let mut whole = line.pieces.concat();
        if whole.len() > MAX_RUN {
            let end = (0..=MAX_RUN).rev().find(|at| whole.is_char_boundary(*at)).unwrap_or_default();
            whole.truncate(end);
            let rest = Mark { element: "text", key: MORE.to_owned(), ..Mark::default() };
            self.add(rest, line.speaks.unwrap_or_default(), false);
        }
        let text = squeeze(&whole);
        let is_short = text.len() <= MAX_VALUE;
        for (mark, pieces) in &line.marks {
            let start = if is_short {
                0
            } else {
                let before = squeeze(&line.pieces[..*pieces].concat()).chars().count();
                before.saturating_sub(MAX_VALUE - STEP)
            };
            self.marks[*mark].line = text.chars().skip(start).take(MAX_VALUE).collect();
        }
        let Some(place) = line.speaks else { return };
        for window in windows(&text) {
            if licence_prose::is_statement(window) {
                let (key, value) = ("statement".to_owned(), window.to_owned());
                self.add(Mark { element: "text", key, value, ..Mark::default() }, place, false);
            }
        }
    }
}

/// A line in stretches of at most [`MAX_VALUE`] characters.
fn windows(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let window = rest?;
        let end = window.char_indices().nth(MAX_VALUE).map(|(at, _)| at);
        rest = end.and_then(|_| window.char_indices().nth(STEP)).map(|(at, _)| &window[at..]);
        Some(&window[..end.unwrap_or(window.len())])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_overlap_and_cover_the_line() {
        let text = "ሀለሐመ".repeat(300);
        let found: Vec<_> = windows(&text).collect();
        assert_eq!(found.len(), 3);
        assert!(text.starts_with(found[0]) && text.ends_with(found[2]));
        assert_eq!(windows("ሰላም").collect::<Vec<_>>(), ["ሰላም"]);
        assert_eq!(windows("").collect::<Vec<_>>(), [""]);
    }

    #[test]
    fn most_text_has_no_word_of_licences() {
        for text in [
            "Habari za leo",
            "Ο καιρός σήμερα",
            "今天的新闻",
            "அனைத்து செய்திகள்",
            "All rights of the child",
            "Access to success",
        ] {
            assert!(!may_speak(text), "{text}");
        }
        for text in [
            "CC&nbsp;BY".replace("&nbsp;", "\u{a0}").as_str(),
            "ALL RIGHTS RESERVED",
            "Все права защищены",
            "知识共享署名",
            "採用創用 CC 姓名標示",
            "CC–BY 4.0",
            "cc0",
        ] {
            assert!(may_speak(text), "{text}");
        }
    }
}
