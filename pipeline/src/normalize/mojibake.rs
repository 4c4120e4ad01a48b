//! Text whose UTF-8 was read in a single-byte encoding, once or more often: `cafÃ©`, `РєРѕС‚`, `à¤•à¤¥à¤¾`.
//!
//! # How
//! A *run* is as many characters in a row as one code page has in its upper half. A run is *misread* if all its bytes
//! together are UTF-8 and what they say has fewer odd joints (`joints.rs`) than what stands there. Of the code pages,
//! the one that mends most of a line counts. Where a line has misread runs, those that are UTF-8 but show nothing by
//! themselves, such as the `Ð°` of a lone `а`, are read anew as well, unless they are of another script or runs that
//! are no UTF-8 outnumber the misread ones. All this is repeated until nothing changes, so what was misread twice is
//! read twice.
//!
//! # Why so
//! A word of sound text is next to never UTF-8 in any code page: a first byte must be followed by the right number of
//! others, through the whole run. Most accidents are a capital and a punctuation mark (`CAFÉ…`), whose joints are as
//! sound as can be. ftfy finds misread text by a list of suspicious sequences and then reads a whole line anew; here
//! the line may be sound but for one word, and a text in any script is left alone unless it gets better.
//!
//! # What stays
//! Runs that lost a byte (a no-break space that became a space, a control that was removed, U+FFFD) are no UTF-8 and
//! stay as they are; the words around them are mended.

use std::ops::Range;

use icu_properties::CodePointMapData;
use icu_properties::props::GeneralCategory;
use memchr::memchr;
use unicode_script::Script;

use super::code_pages::{CODE_PAGES, CodePage};
use super::edits::Edits;
use super::joints::{Mixing, is_letter, is_lower, is_mark, is_odd, is_upper, oddness, scripts};

/// Misread runs and the mended ones of one line, in one reading.
#[derive(Default)]
struct Reading {
    runs: Vec<Run>,
    /// What the runs say, one after the other.
    decoded: String,
    /// Runs with letters that are no UTF-8.
    sound: usize,
}

/// A run that is UTF-8.
struct Run {
    /// Bytes of the line.
    start: usize,
    end: usize,
    /// Bytes of `Reading::decoded`.
    decoded_end: usize,
    decoded_start: usize,
    /// Fewer odd joints than before.
    gain: i32,
    /// Bytes of UTF-8 beyond the first of each character.
    evidence: usize,
}

impl Run {
    fn is_misread(&self) -> bool {
        self.gain > 0
    }
}

/// Letters from which on a word of another script is taken for one, though nothing was odd.
const LONG_WORD: usize = 4;

/// Replaces what was misread. The result may hold more: repeat until nothing is replaced.
pub(super) fn repair(text: &str, edits: &mut Edits) {
    if text.is_ascii() {
        return;
    }
    let (mut mended, mut lines_left) = (Vec::new(), Vec::new());
    let mut start = 0;
    while start < text.len() {
        let length = memchr(b'\n', &text.as_bytes()[start..]).unwrap_or(text.len() - start);
        let line = &text[start..start + length];
        match best_reading(line) {
            Some((page, reading)) => mended.push((start, page, reading)),
            None if !line.is_ascii() => lines_left.push(start..start + length),
            None => {}
        }
        start += length + 1;
    }
    if mended.is_empty() {
        return;
    }
    // Lines of one word, such as headings, follow the rest of their text.
    if let Some((page, known)) = whole_text_is_misread(&mended) {
        let readings: Vec<_> =
            lines_left.iter().map(|line| (line.start, read(&text[line.clone()], page))).collect();
        if readings.iter().all(|(_, reading)| reading.sound == 0) {
            for (start, mut reading) in readings {
                reading.keep(|run, said| run.gain >= 0 && within(&scripts(said), &known));
                mended.push((start, page, reading));
            }
            mended.sort_by_key(|(start, ..)| *start);
        }
    }
    for (start, _, reading) in &mended {
        for run in &reading.runs {
            edits.replace(start + run.start..start + run.end, reading.said(run));
        }
    }
}

/// The code page of all misread lines and the scripts that they are in, if they are many and all of a kind.
fn whole_text_is_misread(
    mended: &[(usize, &'static CodePage, Reading)],
) -> Option<(&'static CodePage, Vec<u8>)> {
    let (_, page, _) = mended.first()?;
    let of_a_kind =
        mended.iter().all(|(_, other, reading)| std::ptr::eq(*page, *other) && reading.sound == 0);
    let runs = mended.iter().flat_map(|(_, _, reading)| &reading.runs).filter(|run| run.is_misread()).count();
    let known = mended.iter().map(|(_, _, reading)| scripts(&reading.decoded)).collect::<Vec<_>>().concat();
    (of_a_kind && runs >= 3).then_some((*page, known))
}

/// The reading that mends most of a line, with the runs to be replaced; `None` if the line is sound.
fn best_reading(line: &str) -> Option<(&'static CodePage, Reading)> {
    if !is_odd(line) {
        return None;
    }
    let mut best: Option<(&CodePage, Reading, (usize, i32))> = None;
    for page in CODE_PAGES.iter() {
        let mut reading = read(line, page);
        let misread: Vec<&Run> = reading.runs.iter().filter(|run| run.is_misread()).collect();
        // Signs in words are rarer than signs, so one of them is not enough.
        let enough = if page.leads_are_signs { 2 } else { 1 };
        if misread.iter().map(|run| run.evidence).sum::<usize>() < enough {
            continue;
        }
        let known = scripts(&misread.iter().map(|run| reading.said(run)).collect::<String>());
        let others_too = misread.len() >= reading.sound;
        reading.keep(|run, said| {
            run.is_misread() || others_too && run.gain >= 0 && within(&scripts(said), &known)
        });
        let bytes: usize = reading.runs.iter().map(|run| run.end - run.start).sum();
        let gain: i32 = reading.runs.iter().map(|run| run.gain).sum();
        if best.as_ref().is_none_or(|(_, _, most)| (bytes, gain) > *most) {
            best = Some((page, reading, (bytes, gain)));
        }
    }
    best.map(|(page, reading, _)| (page, reading))
}

/// What a run says, read as UTF-8; `None` if it is none, or nothing that can be written.
fn decode(run: &str, page: &CodePage) -> Option<String> {
    let bytes: Option<Vec<u8>> = run.chars().map(|c| page.byte(c)).collect();
    let said = String::from_utf8(bytes?).ok()?;
    said.chars().all(has_meaning).then_some(said)
}

/// Whether it is long and all letters and marks of one script that is not Latin, whose rarer letters come about by
/// chance.
fn is_foreign_word(said: &str) -> bool {
    said.chars().count() >= LONG_WORD
        && said.chars().all(|c| is_letter(c) || is_mark(c))
        && matches!(scripts(said)[..], [script] if script != Script::Latin as u8)
}

/// Whether Unicode says what the character is.
fn has_meaning(c: char) -> bool {
    let category = CodePointMapData::<GeneralCategory>::new().get(c);
    !matches!(category, GeneralCategory::Unassigned | GeneralCategory::PrivateUse)
}

fn within(scripts: &[u8], known: &[u8]) -> bool {
    scripts.iter().all(|script| known.contains(script))
}

impl Reading {
    fn said(&self, run: &Run) -> &str {
        &self.decoded[run.decoded_start..run.decoded_end]
    }

    fn keep(&mut self, worth: impl Fn(&Run, &str) -> bool) {
        let decoded = &self.decoded;
        self.runs.retain(|run| worth(run, &decoded[run.decoded_start..run.decoded_end]));
    }
}

/// All runs of a line that are UTF-8 in the code page.
fn read(line: &str, page: &CodePage) -> Reading {
    let mut reading = Reading::default();
    // The last two characters before the run.
    let mut before = [' '; 2];
    let mut at = 0;
    while at < line.len() {
        let start = at;
        let run = line[start..].chars().take_while(|c| page.byte(*c).is_some());
        at += run.map(char::len_utf8).sum::<usize>();
        if start < at {
            reading.add(line, start..at, page, before);
        }
        let run = line[start..at].chars();
        let next = line[at..].chars().next();
        for c in run.chain(next) {
            before = [before[1], c];
        }
        at += next.map_or(0, char::len_utf8);
    }
    reading
}

impl Reading {
    /// Adds the run at `range` of `line`, behind the characters `before`.
    fn add(&mut self, line: &str, range: Range<usize>, page: &CodePage, before: [char; 2]) {
        let run = &line[range.clone()];
        let Some(said) = decode(run, page) else {
            self.sound += usize::from(run.chars().any(is_letter));
            return;
        };
        let mut behind = line[range.end..].chars();
        let (after, after_next) = (behind.next().unwrap_or(' '), behind.next().unwrap_or(' '));
        let odd = |text: &str, mixing| {
            oddness([before[1]].into_iter().chain(text.chars()).chain([after, after_next]), mixing)
        };
        // `CIĘŻKI` has no small letter in it.
        let among_capitals = is_upper(before[1]) && (is_upper(before[0]) || is_upper(after));
        if among_capitals && said.chars().next().is_some_and(is_lower) {
            self.sound += 1;
            return;
        }
        let mut odd_still = odd(&said, Mixing::Any);
        // What was misread twice is not sound yet.
        let mut deeper = decode(&said, page);
        while let Some(said) = deeper {
            odd_still = odd_still.min(odd(&said, Mixing::Any));
            deeper = decode(&said, page);
        }
        let mut gain = odd(run, Mixing::WithCapitals) - odd_still;
        // `2√π` is mathematics; `caf√©` is not.
        let in_word =
            is_letter(before[0]) && is_letter(before[1]) || is_letter(after) && is_letter(after_next);
        let evidence = run.chars().count() - said.chars().count();
        if page.leads_are_signs && evidence == 1 && !in_word {
            gain = gain.min(0);
        }
        // Four letters of one script are no accident, even where letters stand for all of their bytes, as in Thai.
        if gain == 0 && is_foreign_word(&said) {
            gain = 1;
        }
        let decoded_start = self.decoded.len();
        self.decoded.push_str(&said);
        self.runs.push(Run {
            start: range.start,
            end: range.end,
            decoded_start,
            decoded_end: self.decoded.len(),
            gain,
            evidence,
        });
    }
}

#[cfg(test)]
#[path = "mojibake_tests.rs"]
mod tests;
