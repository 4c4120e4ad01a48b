//! The words of a model and its n-grams: which input rows a word of a text has.
//!
//! As `Dictionary` of C++ fastText: a known word has a row of its own, and every word the rows of its character n-grams,
//! hashed into buckets. Hashes are FNV-1a over signed bytes. In pruned models a bucket may have no row.

/// fastText's end-of-sentence word. Each line ends with it; spelt out in a text it ends the line there.
pub(super) const END_OF_SENTENCE: &str = "</s>";
/// How fastText tells labels in a text unless told otherwise; models do not store it.
pub(super) const LABEL_PREFIX: &str = "__label__";
/// No entry in a slot.
const FREE: u32 = u32::MAX;
const FNV_OFFSET: u32 = 2_166_136_261;
const FNV_PRIME: u32 = 16_777_619;
/// Multiplier of fastText's hash of word n-grams.
const WORD_NGRAM_FACTOR: u64 = 116_049_371;

/// What tells one model's n-grams from another's.
#[derive(Clone, Copy, Debug)]
pub(super) struct NgramSettings {
    pub(super) min_chars: u32,
    pub(super) max_chars: u32,
    /// Longest n-gram of words; 1 for none.
    pub(super) max_words: u32,
    pub(super) buckets: u32,
}

/// The words, labels and n-grams of a model.
#[derive(Debug)]
pub(super) struct Vocabulary {
    /// All words and labels end to end, words first.
    text: Vec<u8>,
    ends: Vec<usize>,
    words: u32,
    /// Open addressing: entry numbers by hash.
    slots: Vec<u32>,
    settings: NgramSettings,
    /// Rows of the buckets that pruning left; none if nothing was pruned.
    pruned: Option<Buckets>,
}

/// What a word of a text is to the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Word,
    /// A label, or what looks like one: it is passed over.
    Label,
}

impl Vocabulary {
    pub(super) fn new(settings: NgramSettings) -> Vocabulary {
        let (text, ends, slots) = (Vec::new(), Vec::new(), Vec::new());
        Vocabulary { text, ends, words: 0, slots, settings, pruned: None }
    }

    /// Adds a word or, after all words, a label.
    pub(super) fn push(&mut self, entry: &[u8], kind: Kind) {
        self.text.extend_from_slice(entry);
        self.ends.push(self.text.len());
        self.words += u32::from(kind == Kind::Word);
    }

    /// Makes the words findable, and takes the buckets that are left in a pruned model with their rows.
    pub(super) fn finish(&mut self, pruned: Option<&[(u32, u32)]>) {
        self.slots = vec![FREE; (self.ends.len() * 2).next_power_of_two()];
        for number in 0..self.ends.len() {
            let hash = hash(self.entry(number));
            // Of equal entries the last counts, as in C++.
            let slot = self.slot(self.entry(number), hash);
            self.slots[slot] = number as u32;
        }
        self.pruned = pruned.map(Buckets::new);
    }

    /// The model's labels, in its order.
    pub(super) fn labels(&self) -> impl Iterator<Item = &[u8]> {
        (self.words as usize..self.ends.len()).map(|number| self.entry(number))
    }

    pub(super) fn max_words(&self) -> u32 {
        self.settings.max_words
    }

    /// Appends the rows of a word of a text, of which `hash` is the hash. `padded` is scratch space.
    pub(super) fn word_rows(&self, word: &[u8], hash: u32, rows: &mut Vec<u32>, padded: &mut Vec<u8>) -> Kind {
        let number = self.slots[self.slot(word, hash)];
        if number == FREE && word.starts_with(LABEL_PREFIX.as_bytes()) || number != FREE && number >= self.words {
            return Kind::Label;
        }
        if number != FREE {
            rows.push(number);
        }
        if self.settings.max_chars > 0 && word != END_OF_SENTENCE.as_bytes() {
            padded.clear();
            padded.push(b'<');
            padded.extend_from_slice(word);
            padded.push(b'>');
            self.char_ngram_rows(padded, rows);
        }
        Kind::Word
    }

    /// Appends the rows of the n-grams of words with these hashes, for a line that ends with [`END_OF_SENTENCE`].
    pub(super) fn word_ngram_rows(&self, hashes: &[u32], rows: &mut Vec<u32>) {
        // C++ keeps hashes as signed numbers and widens them so.
        let widened = |hash: u32| i64::from(hash.cast_signed()).cast_unsigned();
        for (first, hash) in hashes.iter().enumerate() {
            let mut sum = widened(*hash);
            for next in hashes[first + 1..].iter().take(self.settings.max_words as usize - 1) {
                sum = sum.wrapping_mul(WORD_NGRAM_FACTOR).wrapping_add(widened(*next));
                self.push_bucket((sum % u64::from(self.settings.buckets)) as u32, rows);
            }
        }
    }

    fn char_ngram_rows(&self, padded: &[u8], rows: &mut Vec<u32>) {
        let NgramSettings { min_chars, max_chars, buckets, .. } = self.settings;
        for start in 0..padded.len() {
            if is_inside_char(padded[start]) {
                continue;
            }
            let mut hash = FNV_OFFSET;
            let mut end = start;
            for chars in 1..=max_chars {
                if end == padded.len() {
                    break;
                }
                hash = hash_step(hash, padded[end]);
                end += 1;
                while end < padded.len() && is_inside_char(padded[end]) {
                    hash = hash_step(hash, padded[end]);
                    end += 1;
                }
                // Neither `<` nor `>` alone.
                if chars >= min_chars && !(chars == 1 && (start == 0 || end == padded.len())) {
                    self.push_bucket(hash % buckets, rows);
                }
            }
        }
    }

    fn push_bucket(&self, bucket: u32, rows: &mut Vec<u32>) {
        let row = match &self.pruned {
            None => Some(bucket),
            Some(left) => left.row(bucket),
        };
        rows.extend(row.map(|row| self.words + row));
    }

    fn entry(&self, number: usize) -> &[u8] {
        let start = number.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.text[start..self.ends[number]]
    }

    /// Where `entry` is, or would be.
    fn slot(&self, entry: &[u8], hash: u32) -> usize {
        let mask = self.slots.len() - 1;
        let mut slot = spread(hash) as usize & mask;
        while self.slots[slot] != FREE && self.entry(self.slots[slot] as usize) != entry {
            slot = (slot + 1) & mask;
        }
        slot
    }
}

/// The buckets that pruning left, with their rows.
#[derive(Debug)]
struct Buckets {
    /// Open addressing: (bucket, row).
    slots: Vec<(u32, u32)>,
}

impl Buckets {
    fn new(pairs: &[(u32, u32)]) -> Buckets {
        let mut buckets = Buckets { slots: vec![(FREE, 0); (pairs.len() * 2 + 1).next_power_of_two()] };
        for (bucket, row) in pairs {
            let slot = buckets.slot(*bucket);
            buckets.slots[slot] = (*bucket, *row);
        }
        buckets
    }

    fn row(&self, bucket: u32) -> Option<u32> {
        let (found, row) = self.slots[self.slot(bucket)];
        (found != FREE).then_some(row)
    }

    fn slot(&self, bucket: u32) -> usize {
        let mask = self.slots.len() - 1;
        let mut slot = spread(bucket) as usize & mask;
        while self.slots[slot].0 != FREE && self.slots[slot].0 != bucket {
            slot = (slot + 1) & mask;
        }
        slot
    }
}

/// Mixes the high bits of a hash into the low ones, which slots are taken by.
fn spread(hash: u32) -> u32 {
    let mixed = hash.wrapping_mul(0x9e37_79b1);
    mixed ^ (mixed >> 15)
}

fn is_inside_char(byte: u8) -> bool {
    byte & 0xc0 == 0x80
}

/// What fastText parts words at. Other white space, such as U+00A0 and U+3000, is part of words to it.
pub(super) fn is_separator(byte: u8) -> bool {
    matches!(byte, 0 | b'\t'..=b'\r' | b' ')
}

/// FNV-1a as fastText has it, with bytes as signed numbers.
pub(super) fn hash(bytes: &[u8]) -> u32 {
    bytes.iter().fold(FNV_OFFSET, |hash, byte| hash_step(hash, *byte))
}

fn hash_step(hash: u32, byte: u8) -> u32 {
    (hash ^ i32::from(byte.cast_signed()).cast_unsigned()).wrapping_mul(FNV_PRIME)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vocabulary(min_chars: u32, max_chars: u32, pruned: Option<&[(u32, u32)]>) -> Vocabulary {
        let mut words = Vocabulary::new(NgramSettings { min_chars, max_chars, max_words: 2, buckets: 1000 });
        for word in ["</s>", "mama", "ሰላም"] {
            words.push(word.as_bytes(), Kind::Word);
        }
        words.push(b"lang:swa", Kind::Label);
        words.finish(pruned);
        words
    }

    fn rows(words: &Vocabulary, word: &str) -> Vec<u32> {
        let mut rows = Vec::new();
        words.word_rows(word.as_bytes(), hash(word.as_bytes()), &mut rows, &mut Vec::new());
        rows
    }

    fn bucket(ngram: &str) -> u32 {
        3 + hash(ngram.as_bytes()) % 1000
    }

    #[test]
    fn a_known_word_has_its_own_row_and_those_of_its_ngrams_in_characters() {
        let words = vocabulary(3, 3, None);
        let want = ["<ሰላ", "ሰላም", "ላም>"].map(bucket);
        assert_eq!(rows(&words, "ሰላም"), [&[2], &want[..]].concat());
        assert_eq!(rows(&words, "baba"), ["<ba", "bab", "aba", "ba>"].map(bucket));
        assert_eq!(rows(&words, "</s>"), [0]);
    }

    #[test]
    fn the_marks_around_a_word_are_no_ngrams_of_one_character() {
        assert_eq!(rows(&vocabulary(1, 1, None), "ab"), ["a", "b"].map(bucket));
        assert_eq!(rows(&vocabulary(0, 0, None), "ab"), []);
        assert_eq!(rows(&vocabulary(0, 0, None), "mama"), [1]);
    }

    #[test]
    fn pruned_buckets_have_no_row() {
        let left = [(hash(b"aba") % 1000, 1), (hash(b"<ba") % 1000, 0)];
        assert_eq!(rows(&vocabulary(3, 3, Some(&left)), "baba"), [3, 4]);
        assert_eq!(rows(&vocabulary(3, 3, Some(&[])), "baba"), []);
    }

    #[test]
    fn labels_are_told_by_the_model_or_by_the_usual_prefix() {
        let words = vocabulary(2, 3, None);
        let kind = |word: &str| {
            words.word_rows(word.as_bytes(), hash(word.as_bytes()), &mut Vec::new(), &mut Vec::new())
        };
        assert_eq!(["lang:swa", "__label__x", "lang:x", "mama"].map(kind), {
            use Kind::{Label, Word};
            [Label, Label, Word, Word]
        });
        assert_eq!(words.labels().collect::<Vec<_>>(), [b"lang:swa"]);
    }
}
