//! Characters and spaced words of a line, counted in one pass.
//!
//! Eight kinds of characters are counted in the eight bytes of one register, which are added up every 255 characters:
//! counters in memory would make each character wait for the one before.

use super::chars::{ASCII, Class, Tally};

/// What was counted.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counts {
    kinds: [u32; 8],
    /// Spaced words.
    pub(crate) words: u32,
    /// Spaced words with a letter.
    pub(crate) alphabetic_words: u32,
    /// Characters of the longest spaced word.
    pub(crate) longest_word: u32,
    /// A character other than newline ends a line here, in Python's `splitlines`.
    pub(crate) has_other_line_breaks: bool,
}

impl Counts {
    pub(crate) fn of_kind(&self, kind: Tally) -> u32 {
        self.kinds[kind as usize]
    }

    pub(crate) fn chars(&self) -> u32 {
        self.kinds.iter().sum()
    }

    pub(crate) fn letters(&self) -> u32 {
        self.of_kind(Tally::Upper) + self.of_kind(Tally::Letter)
    }

    pub(crate) fn numbers(&self) -> u32 {
        self.of_kind(Tally::Decimal) + self.of_kind(Tally::Number)
    }

    /// All that words are made of.
    pub(crate) fn word_chars(&self) -> u32 {
        self.letters() + self.of_kind(Tally::Mark)
    }

    pub(crate) fn add(&mut self, other: &Self) {
        for (sum, more) in self.kinds.iter_mut().zip(other.kinds) {
            *sum += more;
        }
        self.words += other.words;
        self.alphabetic_words += other.alphabetic_words;
        self.longest_word = self.longest_word.max(other.longest_word);
        self.has_other_line_breaks |= other.has_other_line_breaks;
    }
}

/// Counts a line. Letters beyond ASCII are also counted by script, in `scripts`.
pub(crate) fn count(line: &str, scripts: &mut [u32; 256]) -> Counts {
    let ascii = &*ASCII;
    let mut counts = Counts::default();
    let mut all = Class::NONE;
    let (mut packed, mut until_spill) = (0_u64, 255);
    let mut word = Word::default();
    let bytes = line.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let class = if bytes[at] < 0x80 {
            at += 1;
            ascii[bytes[at - 1] as usize]
        } else {
            let Some(c) = line[at..].chars().next() else { break };
            at += c.len_utf8();
            let class = Class::of(c);
            scripts[class.script() as usize] += u32::from(class.is_alphabetic());
            class
        };
        packed += 1 << class.tally_shift();
        until_spill -= 1;
        if until_spill == 0 {
            spill(&mut counts.kinds, packed);
            (packed, until_spill) = (0, 255);
        }
        all = all.or(class);
        if class.is_white() {
            word.end(&mut counts);
        } else {
            word.chars += 1;
            word.classes = word.classes.or(class);
        }
    }
    word.end(&mut counts);
    spill(&mut counts.kinds, packed);
    counts.has_other_line_breaks = all.is_other_line_break();
    counts
}

fn spill(kinds: &mut [u32; 8], packed: u64) {
    for (sum, byte) in kinds.iter_mut().zip(packed.to_le_bytes()) {
        *sum += u32::from(byte);
    }
}

/// The spaced word that is being read.
struct Word {
    chars: u32,
    classes: Class,
}

impl Default for Word {
    fn default() -> Self {
        Self { chars: 0, classes: Class::NONE }
    }
}

impl Word {
    fn end(&mut self, counts: &mut Counts) {
        if self.chars > 0 {
            counts.words += 1;
            counts.alphabetic_words += u32::from(self.classes.is_alphabetic());
            counts.longest_word = counts.longest_word.max(self.chars);
        }
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_of_all_scripts_are_counted_by_kind() {
        let mut scripts = [0; 256];
        let counts = count("Habari 42, नमस्ते ७ #😀\t²", &mut scripts);
        assert_eq!(counts.of_kind(Tally::Upper), 1);
        assert_eq!(counts.letters(), 10);
        assert_eq!(counts.of_kind(Tally::Mark), 2);
        assert_eq!(counts.of_kind(Tally::Decimal), 3);
        assert_eq!(counts.of_kind(Tally::Number), 1);
        assert_eq!(counts.of_kind(Tally::Punctuation), 1);
        assert_eq!(counts.of_kind(Tally::Symbol), 2);
        assert_eq!(counts.of_kind(Tally::Space), 5);
        assert_eq!((counts.words, counts.alphabetic_words, counts.longest_word), (6, 2, 6));
        assert_eq!(scripts[unicode_script::Script::Devanagari as usize], 4);
    }

    #[test]
    fn long_lines_do_not_overflow_the_register() {
        let counts = count(&"አ".repeat(1000), &mut [0; 256]);
        assert_eq!((counts.letters(), counts.chars(), counts.longest_word), (1000, 1000, 1000));
    }
}
