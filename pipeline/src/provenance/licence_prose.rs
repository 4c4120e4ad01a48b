//! Reads licences out of running text: `CC BY-NC 4.0`, `Creative Commons Namensnennung 3.0`, `知识共享署名-相同方式共享 4.0`.
//!
//! A line is a paragraph, or the stretch of one around the words. What it names becomes an id only if the whole name is
//! understood: behind `Attribution-`, a word that is no known condition may be one that forbids something, so that such a
//! name is nothing. Text is the weakest of the statements about a licence, and `tag_license` trusts it least.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind};

use super::licences::Licence;
use super::{licence_names as names, licence_subjects as subjects, licence_words as words};

/// What a line speaks of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct About {
    /// This work, this text, this site.
    pub this: bool,
    /// Some text, some article, some site.
    pub text: bool,
    /// Pictures, sound, films, maps.
    pub media: bool,
    /// Themes, programs, fonts.
    pub software: bool,
    /// Records about works, collections of data.
    pub data: bool,
}

impl About {
    /// Of something beside the text, and not of the text.
    pub fn only(self, beside: bool) -> bool {
        beside && !self.text && !self.this
    }
}

/// An automaton over lists of words, and to which list each word belongs.
struct Lexicon {
    automaton: AhoCorasick,
    /// By pattern: its list, and whether it ends with a word.
    kinds: Vec<(usize, bool)>,
}

impl Lexicon {
    fn new(lists: &[&[&str]]) -> Self {
        let mut kinds = Vec::new();
        let mut patterns = Vec::new();
        for (list, entries) in lists.iter().enumerate() {
            for entry in *entries {
                kinds.push((list, entry.ends_with(' ')));
                patterns.push(entry.trim_end());
            }
        }
        let automaton = AhoCorasick::builder()
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(patterns)
            .expect("fixed lists of short words");
        Self { automaton, kinds }
    }

    /// Lists with a word in `text`, which is lower case, as bits.
    fn lists(&self, text: &str) -> u8 {
        let mut found = 0;
        for hit in self.automaton.find_overlapping_iter(text) {
            let (list, whole) = self.kinds[hit.pattern().as_usize()];
            let starts = !text[..hit.start()].chars().next_back().is_some_and(joins_words);
            let ends = !whole || !text[hit.end()..].chars().next().is_some_and(char::is_alphanumeric);
            if starts && ends {
                found |= 1 << list;
            }
        }
        found
    }
}

/// Letters of scripts that write words apart: in front of one, `bild` may be the end of another word.
fn joins_words(c: char) -> bool {
    c.is_alphanumeric() && matches!(u32::from(c), 0..=0x052f | 0x1e00..=0x1fff)
}

static SUBJECTS: LazyLock<Lexicon> = LazyLock::new(|| {
    Lexicon::new(&[subjects::TEXT, subjects::MEDIA, subjects::SOFTWARE, subjects::DATA, subjects::THIS])
});

static PHRASES: LazyLock<Lexicon> =
    LazyLock::new(|| Lexicon::new(&[words::RESERVED, words::EXCEPTED, subjects::WIKIPEDIA]));

/// Lower case, each run of white space one space.
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !folded.is_empty() {
            folded.push(' ');
        }
        if word.is_ascii() {
            let start = folded.len();
            folded.push_str(word);
            folded[start..].make_ascii_lowercase();
        } else {
            folded.extend(word.chars().flat_map(char::to_lowercase));
        }
    }
    folded
}

/// What a line says, licences apart.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Said {
    /// It keeps all rights.
    pub reserved: bool,
    /// It excepts something.
    pub excepted: bool,
    /// It names Wikipedia.
    pub wikipedia: bool,
    /// What it speaks of.
    pub about: About,
}

/// Reads a line.
pub fn said(line: &str) -> Said {
    let line = fold(line);
    let phrases = PHRASES.lists(&line);
    let subjects = SUBJECTS.lists(&line);
    let has = |bits: u8, list: u8| bits & 1 << list != 0;
    Said {
        reserved: has(phrases, 0),
        excepted: has(phrases, 1),
        wikipedia: has(phrases, 2),
        about: About {
            this: has(subjects, 4),
            text: has(subjects, 0),
            media: has(subjects, 1),
            software: has(subjects, 2),
            data: has(subjects, 3),
        },
    }
}

/// The parts of a line that speak of different things: sentences, and what stands between bars, dots and semicolons.
pub fn segments(line: &str) -> impl Iterator<Item = &str> {
    let bars = line.split(['|', '♦', '•', '·', '●', '▪', '※', ';', '。', '│']);
    bars.flat_map(|part| part.split(". ")).map(str::trim).filter(|part| !part.is_empty())
}

/// The segment of a line that names a licence of this family; the whole line if none does.
pub fn segment_naming<'a>(line: &'a str, family: &str) -> &'a str {
    let names = |part: &&str| licences_in(part).iter().any(|licence| licence.parts().family == family);
    segments(line).find(names).unwrap_or(line)
}

/// Whether a page of this title speaks of licences: Creative Commons, or one by its name.
pub fn is_about_licences(title: &str) -> bool {
    let folded = fold(title);
    names::CREATIVE_COMMONS.iter().any(|name| folded.contains(name)) || !licences_in(title).is_empty()
}

/// Whether a text keeps all rights.
pub fn reserves_all_rights(text: &str) -> bool {
    PHRASES.lists(&fold(text)) & 1 != 0
}

/// Whether a text makes exceptions from a licence.
pub fn makes_exceptions(text: &str) -> bool {
    PHRASES.lists(&fold(text)) & 2 != 0
}

/// Whether a line names a licence or keeps all rights.
pub fn is_statement(line: &str) -> bool {
    let folded = fold(line);
    PHRASES.lists(&folded) & 1 != 0 || !licences_of(line, &folded).is_empty()
}

/// Words without which no line does either, for a first look at text: the longest word of each phrase, since a page may
/// break its lines anywhere. [`CC`] is one more, where it stands alone: it is in `access` and `success`.
pub fn triggers() -> Vec<String> {
    let longest = |phrase: &&'static str| {
        let words = phrase.split([' ', '-']);
        words.max_by_key(|word| word.chars().count()).unwrap_or_default()
    };
    let reserved = words::RESERVED.iter().map(longest);
    // "creative" is in every other text.
    let is_common = |word: &&str| matches!(*word, "creative" | CC);
    let commons = names::CREATIVE_COMMONS.iter().map(longest).filter(|word| !is_common(word));
    let names = names::NAMES.iter().map(|(name, _)| *name);
    let mut triggers: Vec<String> = Vec::new();
    for word in reserved.chain(commons).chain(["commons"]).chain(names) {
        triggers.push(word.to_owned());
        // Case is only folded for ASCII where these are sought.
        if !word.is_ascii() {
            let mut chars = word.chars();
            let first: String = chars.next().into_iter().flat_map(char::to_uppercase).collect();
            triggers.push(first + chars.as_str());
            triggers.push(word.to_uppercase());
        }
    }
    triggers.sort_unstable();
    triggers.dedup();
    triggers
}

/// By what the codes of Creative Commons begin.
pub const CC: &str = "cc";

/// Whether the [`CC`] that begins at `at` is a word, or one with a zero behind it.
pub fn stands_alone(text: &str, at: usize) -> bool {
    let before = text[..at].chars().next_back();
    let after = text[at + CC.len()..].chars().next();
    !before.is_some_and(char::is_alphanumeric) && after.is_none_or(|c| c == '0' || !c.is_alphanumeric())
}

/// Whether a line has names of Creative Commons or their codes, and where it has those of [`names::NAMES`].
#[derive(Default)]
struct Named {
    codes: bool,
    commons: bool,
    /// Places in the list, each with the first place in the line, in the order of the list.
    others: Vec<(usize, usize)>,
}

/// The names of licences, then those of Creative Commons, then what codes are told by.
static NAMED: LazyLock<AhoCorasick> = LazyLock::new(|| {
    let others = names::NAMES.iter().map(|(name, _)| *name);
    AhoCorasick::builder()
        .kind(Some(AhoCorasickKind::DFA))
        .build(others.chain(names::CREATIVE_COMMONS.iter().copied()).chain([CC, "commons"]))
        .expect("fixed lists of short words")
});

impl Named {
    /// One look at a line that was folded, for all names.
    fn of(folded: &str) -> Self {
        let mut named = Self::default();
        let commons = names::NAMES.len();
        let codes = commons + names::CREATIVE_COMMONS.len();
        for hit in NAMED.find_overlapping_iter(folded) {
            let pattern = hit.pattern().as_usize();
            if pattern == codes {
                named.codes |= stands_alone(folded, hit.start());
            } else if pattern > codes {
                named.codes = true;
            } else if pattern >= commons {
                named.commons = true;
            } else if named.others.iter().all(|(known, _)| *known != pattern) {
                named.others.push((pattern, hit.start()));
            }
        }
        named.others.sort_unstable();
        named
    }
}

/// The licences that a line names, each once, in the order of the line.
pub fn licences_in(line: &str) -> Vec<Licence> {
    licences_of(line, &fold(line))
}

fn licences_of(line: &str, folded: &str) -> Vec<Licence> {
    let named_there = Named::of(folded);
    let mut found: Vec<(usize, Licence)> = Vec::new();
    if named_there.codes {
        codes(line, &mut found);
    }
    if named_there.commons {
        commons(folded, &mut found);
    }
    for (place, at) in named_there.others {
        let (name, family) = names::NAMES[place];
        let rest = &folded[at + name.len()..];
        let version = version_near(rest).or_else(|| version_near(name));
        found.push((at, named(family, version)));
    }
    found.sort_by_key(|(at, _)| *at);
    let mut licences: Vec<Licence> = Vec::new();
    for (_, licence) in found {
        // A name and its code say the same twice, one of them often without a version.
        let same = licences.iter_mut().find(|known| known.parts().family == licence.parts().family);
        match same {
            Some(known) if known.parts().version.is_none() => *known = licence,
            Some(_) => {}
            None => licences.push(licence),
        }
    }
    // `Open Government Licence – Canada` holds the name of the British one.
    if licences.iter().any(|licence| licence.parts().family == "OGL-Canada") {
        licences.retain(|licence| licence.parts().family != "OGL-UK");
    }
    licences
}

fn named(family: &str, version: Option<&str>) -> Licence {
    match version {
        Some(version) => Licence::new(&format!("{family}-{version}")),
        None => Licence::new(family),
    }
}

/// `4.0` within the first 24 characters.
fn version_near(text: &str) -> Option<&str> {
    let end = text.char_indices().nth(24).map_or(text.len(), |(at, _)| at);
    let bytes = &text.as_bytes()[..end];
    (0..bytes.len().saturating_sub(2)).find_map(|at| {
        let number = bytes[at].is_ascii_digit() && bytes[at + 1] == b'.' && bytes[at + 2].is_ascii_digit();
        let starts = at == 0 || !(bytes[at - 1].is_ascii_digit() || bytes[at - 1] == b'.');
        let ends = bytes.get(at + 3).is_none_or(|byte| !byte.is_ascii_digit());
        (number && starts && ends).then(|| &text[at..at + 3])
    })
}

/// A word of a line: its place, itself, and whether a hyphen stands before it.
struct Word<'a> {
    at: usize,
    text: &'a str,
    hyphen: bool,
}

/// Words are runs of letters and digits, with the point inside a number.
fn words_of(line: &str) -> Vec<Word<'_>> {
    let mut found = Vec::new();
    let mut start = None;
    let mut hyphen = false;
    let mut before = ' ';
    let mut chars = line.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let next_is_digit = chars.peek().is_some_and(|(_, next)| next.is_ascii_digit());
        let inside = c.is_alphanumeric() || (c == '.' && before.is_ascii_digit() && next_is_digit);
        match (inside, start) {
            (true, None) => start = Some(at),
            (false, Some(from)) => {
                found.push(Word { at: from, text: &line[from..at], hyphen });
                start = None;
                hyphen = is_hyphen(c);
            }
            (false, None) => hyphen |= is_hyphen(c),
            _ => {}
        }
        before = c;
    }
    if let Some(from) = start {
        found.push(Word { at: from, text: &line[from..], hyphen });
    }
    found
}

fn is_hyphen(c: char) -> bool {
    matches!(c, '-' | '_' | '/' | '\u{2010}'..='\u{2015}' | '\u{2212}')
}

fn is_version(text: &str) -> bool {
    matches!(text.as_bytes(), [major, b'.', minor] if major.is_ascii_digit() && minor.is_ascii_digit())
}

/// Codes: `CC BY-NC 4.0`, `cc-by-sa`, `CC0`, `Creative Commons BY 3.0 DE`.
fn codes(line: &str, found: &mut Vec<(usize, Licence)>) {
    let all = words_of(line);
    for (index, word) in all.iter().enumerate() {
        if word.text.eq_ignore_ascii_case("cc0") {
            let version = all.get(index + 1).map(|next| next.text).filter(|next| is_version(next));
            found.push((word.at, named("CC0", version)));
            continue;
        }
        let follows_commons = index > 0 && all[index - 1].text.eq_ignore_ascii_case("creative");
        if !(word.text.eq_ignore_ascii_case("cc")
            || word.text.eq_ignore_ascii_case("commons") && follows_commons)
        {
            continue;
        }
        let rest = &all[index + 1..];
        let Some(first) = rest.first() else { continue };
        if matches!(first.text, "0" | "Zero" | "zero" | "ZERO") {
            let version = rest.get(1).map(|next| next.text).filter(|next| is_version(next));
            found.push((word.at, named("CC0", version)));
            continue;
        }
        let bits: Vec<u8> = rest.iter().map_while(|word| code(word.text)).take(3).collect();
        let after = rest.get(bits.len());
        let version = after.map(|next| next.text).filter(|next| is_version(next));
        // "cc by" in small letters may be "cc by Amina".
        let sure = bits.len() > 1 || version.is_some() || first.hyphen || first.text == "BY";
        // What hangs on by a hyphen and is not known may forbid something.
        let unknown = version.is_none() && after.is_some_and(|next| next.hyphen && next.text.len() <= 3);
        if bits.first() != Some(&names::BY) || !sure || unknown {
            continue;
        }
        let port = version.and_then(|version| port(version, rest.get(bits.len() + 1)));
        let family = family(bits.iter().fold(0, |sum, bit| sum | bit));
        let Some(family) = family else { continue };
        found.push((
            word.at,
            match (version, port) {
                (Some(version), Some(port)) => Licence::new(&format!("{family}-{version}-{port}")),
                (version, _) => named(family, version),
            },
        ));
    }
}

fn code(word: &str) -> Option<u8> {
    [("by", names::BY), ("nc", names::NC), ("nd", names::ND), ("sa", names::SA)]
        .iter()
        .find(|(code, _)| word.eq_ignore_ascii_case(code))
        .map(|(_, bit)| *bit)
}

/// `DE` behind `3.0`. Version 4.0 has no ports.
fn port<'a>(version: &str, next: Option<&Word<'a>>) -> Option<&'a str> {
    let text = next?.text;
    let upper = text.bytes().all(|byte| byte.is_ascii_uppercase());
    (version != "4.0" && upper && (text.len() == 2 || text == "IGO")).then_some(text)
}

fn family(bits: u8) -> Option<&'static str> {
    use names::{BY, NC, ND, SA};
    const FAMILIES: [(u8, &str); 6] = [
        (BY, "CC-BY"),
        (BY | SA, "CC-BY-SA"),
        (BY | ND, "CC-BY-ND"),
        (BY | NC, "CC-BY-NC"),
        (BY | NC | SA, "CC-BY-NC-SA"),
        (BY | NC | ND, "CC-BY-NC-ND"),
    ];
    FAMILIES.iter().find(|(known, _)| *known == bits).map(|(_, family)| *family)
}

/// Full names behind the name of Creative Commons, in the languages of `licence_names`.
fn commons(folded: &str, found: &mut Vec<(usize, Licence)>) {
    for name in names::CREATIVE_COMMONS {
        for (at, _) in folded.match_indices(name) {
            if let Some(licence) = full_name(&folded[at + name.len()..]) {
                found.push((at, licence));
            }
        }
    }
}

/// Characters of a name that are read.
const MAX_NAME: usize = 160;

fn full_name(rest: &str) -> Option<Licence> {
    // Letters and digits, each with whether a hyphen stands before it; marks that belong to letters stay.
    let mut squashed = String::new();
    let mut hyphens: Vec<usize> = Vec::new();
    let mut chars = rest.chars().take(MAX_NAME).peekable();
    let mut before = ' ';
    while let Some(c) = chars.next() {
        let next_is_digit = chars.peek().is_some_and(char::is_ascii_digit);
        if matches!(c, '.' | '。' | '|') && !(c == '.' && before.is_ascii_digit() && next_is_digit) {
            break; // the sentence ends
        }
        if is_hyphen(c) {
            hyphens.push(squashed.len());
        } else if !(c.is_whitespace()
            || c.is_ascii_punctuation() && c != '.'
            || "’‘“”„«»・·،、（）「」".contains(c))
        {
            squashed.push(c);
        }
        before = c;
    }
    let mut rest = squashed.as_str();
    let mut bits = 0;
    let version = loop {
        if rest.len() >= 3 && rest.is_char_boundary(3) && is_version(&rest[..3]) {
            break Some(&rest[..3]);
        }
        let element = longest(
            rest,
            names::ELEMENTS.iter().flat_map(|(bit, names)| names.iter().map(move |name| (*name, *bit))),
        );
        if let Some((len, bit)) = element {
            bits |= bit;
            rest = &rest[len..];
            continue;
        }
        if let Some(number) =
            rest.strip_prefix('v').filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
        {
            rest = number;
            continue;
        }
        // Fillers are passed over; what else follows by a hyphen may be a condition that is not known here.
        if let Some((len, _)) = longest(rest, names::FILLERS.iter().map(|name| (*name, 0))) {
            rest = &rest[len..];
            continue;
        }
        let at = squashed.len() - rest.len();
        if bits != 0 && !rest.is_empty() && hyphens.contains(&at) {
            return None;
        }
        break None;
    };
    Some(named(family(bits)?, version))
}

fn longest<'a>(text: &str, names: impl Iterator<Item = (&'a str, u8)>) -> Option<(usize, u8)> {
    names.filter(|(name, _)| text.starts_with(name)).map(|(name, bit)| (name.len(), bit)).max()
}

#[cfg(test)]
mod tests;
