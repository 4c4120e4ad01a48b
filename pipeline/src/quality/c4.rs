//! Which lines C4 would keep, told without changing the text.
//!
//! C4 (Raffel et al. 2020, section 2.2) drops lines that do not end in terminal punctuation, are short, or speak of
//! JavaScript or cookies, and drops the whole document for "lorem ipsum", a curly bracket, or fewer than five
//! sentences in what remains. Here each of these is a count, in the order in which datatrove 0.10.1 asks; a rule then
//! says what is too many or too few.
//!
//! # Across languages
//! All of it is English: `.` `?` `!` and quotation marks end no line in Hindi, Amharic, Chinese or Thai. The shipped
//! rule set therefore applies to English only; FineWeb-2 left C4's rules out for all other languages.

use std::borrow::Cow;

use memchr::memmem::Finder;

use super::repeats::char_count;
use super::tally::Counts;

const MAX_WORD_CHARS: u32 = 1000;
const MIN_WORDS: u32 = 3;
const END: [char; 5] = ['.', '?', '!', '"', '\''];
const POLICY: [&str; 6] =
    ["terms of use", "privacy policy", "cookie policy", "uses cookies", "use of cookies", "use cookies"];

/// What C4 keeps of a text, and why it would drop it.
#[derive(Debug, Default)]
pub(crate) struct C4 {
    pub(crate) lines: u32,
    pub(crate) sentences: u32,
    pub(crate) chars: u64,
    pub(crate) lorem_ipsum: u32,
    pub(crate) curly_bracket: u32,
    pub(crate) javascript: u32,
    pub(crate) policy: u32,
}

impl C4 {
    /// A line without white space at its ends.
    pub(crate) fn line(&mut self, line: &str, counts: &Counts, sentences: u32, phrases: &Phrases) {
        if counts.longest_word > MAX_WORD_CHARS {
            return;
        }
        let line = without_citations(line);
        if !line.ends_with(END) || line.ends_with("...") || counts.words < MIN_WORDS {
            return;
        }
        let lower = if phrases.any { line.to_ascii_lowercase() } else { String::new() };
        if lower.contains("lorem ipsum") {
            self.lorem_ipsum += 1;
        } else if lower.contains("javascript") {
            self.javascript += 1;
        } else if phrases.curly && line.contains('{') {
            self.curly_bracket += 1;
        } else if POLICY.iter().any(|phrase| lower.contains(phrase)) {
            self.policy += 1;
        } else {
            self.lines += 1;
            self.sentences += sentences;
            self.chars += char_count(&line);
        }
    }
}

/// A line without `[12]`, `[edit]` and `[citation needed]`.
fn without_citations(line: &str) -> Cow<'_, str> {
    let mut kept = Cow::Borrowed("");
    let (mut rest, mut at) = (line, 0);
    while let Some(open) = rest[at..].find('[').map(|open| at + open) {
        let inner = &rest[open + 1..];
        let digits = inner.len() - inner.trim_start_matches(|c: char| c.is_numeric()).len();
        let citation = ["edit]", "citation needed]"]
            .iter()
            .find_map(|text| inner.starts_with(text).then_some(text.len()))
            .or_else(|| inner[digits..].starts_with(']').then_some(digits + 1));
        if let Some(length) = citation {
            kept.to_mut().push_str(&rest[..open]);
            rest = &inner[length..];
            at = 0;
        } else {
            at = open + 1;
        }
    }
    if rest.len() == line.len() {
        return Cow::Borrowed(line);
    }
    kept.to_mut().push_str(rest);
    kept
}

/// Which phrases a text has anywhere: nearly all have none, and are not searched line by line.
#[derive(Debug, Default)]
pub(crate) struct Phrases {
    any: bool,
    curly: bool,
}

/// Finds the phrases.
#[derive(Debug)]
pub(crate) struct PhraseFinder {
    finders: Vec<Finder<'static>>,
    lower: Vec<u8>,
}

impl PhraseFinder {
    pub(crate) fn new() -> Self {
        let phrases = ["lorem ipsum", "javascript"].into_iter().chain(POLICY);
        Self { finders: phrases.map(Finder::new).collect(), lower: Vec::new() }
    }

    pub(crate) fn find(&mut self, text: &str) -> Phrases {
        self.lower.clear();
        self.lower.shrink_to(1 << 20);
        self.lower.extend(text.bytes().map(|byte| byte.to_ascii_lowercase()));
        Phrases {
            any: self.finders.iter().any(|finder| finder.find(&self.lower).is_some()),
            curly: memchr::memchr(b'{', text.as_bytes()).is_some(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quality::tally::count;

    fn kept(lines: &[&str]) -> C4 {
        let mut c4 = C4::default();
        for line in lines {
            let phrases = PhraseFinder::new().find(line);
            c4.line(line, &count(line, &mut [0; 256]), 1, &phrases);
        }
        c4
    }

    #[test]
    fn citations_are_left_out() {
        for (line, left) in [
            ("Foo.[1] Bar [edit]baz[citation needed]", "Foo. Bar baz"),
            ("a[]b[[12]c", "ab[c"),
            ("[x] [edit", "[x] [edit"),
            ("", ""),
        ] {
            assert_eq!(without_citations(line), left);
        }
    }

    #[test]
    fn lines_are_kept_or_say_why_not() {
        let c4 = kept(&[
            "This is kept.",
            "\"So is this\"",
            "And this one.[3]",
            "this has no end",
            "this trails off...",
            "Too short.",
            "Please enable JavaScript to go on.",
            "We use cookies for this.",
            "A function { has brackets.",
            "A Lorem Ipsum { javascript line.",
        ]);
        assert_eq!((c4.lines, c4.sentences, c4.javascript, c4.policy), (3, 3, 1, 1));
        assert_eq!((c4.curly_bracket, c4.lorem_ipsum), (1, 1));
        assert_eq!(kept(&[&format!("one two {}.", "a".repeat(1001))]).lines, 0);
    }
}
