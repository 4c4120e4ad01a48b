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
/// Up to so many buckets have a bit each in a pruned model; 4 MiB of bits and their ranks.
const MAX_RANKED: u32 = 1 << 24;
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
    pruned: Option<Pruned>,
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
        self.pruned = pruned.map(|pairs| Pruned::new(pairs, self.settings.buckets));
    }

    /// The model's labels, in its order.
    pub(super) fn labels(&self) -> impl Iterator<Item = &[u8]> {
        (self.words as usize..self.ends.len()).map(|number| self.entry(number))
    }

    pub(super) fn max_words(&self) -> u32 {
        self.settings.max_words
    }

    /// Appends the rows of a word of a text, of which `hash` is the hash. `padded` is scratch space.
    pub(super) fn word_rows(
        &self,
        word: &[u8],
        hash: u32,
        rows: &mut Vec<u32>,
        padded: &mut Vec<u8>,
    ) -> Kind {
        let number = self.slots[self.slot(word, hash)];
        if number == FREE && word.starts_with(LABEL_PREFIX.as_bytes())
            || number != FREE && number >= self.words
        {
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
                rows.push((sum % u64::from(self.settings.buckets)) as u32);
            }
        }
        self.buckets_to_rows(rows, 0);
    }

    fn char_ngram_rows(&self, padded: &[u8], rows: &mut Vec<u32>) {
        let first = rows.len();
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
                    rows.push(hash % buckets);
                }
            }
        }
        self.buckets_to_rows(rows, first);
    }

    /// Makes rows of the buckets in `rows[first..]`, without those that have none.
    fn buckets_to_rows(&self, rows: &mut Vec<u32>, first: usize) {
        match &self.pruned {
            None => rows[first..].iter_mut().for_each(|row| *row += self.words),
            Some(Pruned::Ranked(left)) => {
                // Whether a bucket has a row is a coin toss, so there is no branch on it.
                let mut end = first;
                for at in first..rows.len() {
                    let (row, is_left) = left.row(rows[at]);
                    rows[end] = self.words.wrapping_add(row);
                    end += usize::from(is_left);
                }
                rows.truncate(end);
            }
            Some(Pruned::Sparse(left)) => {
                let mut end = first;
                for at in first..rows.len() {
                    if let Ok(place) = left.binary_search_by_key(&rows[at], |(bucket, _)| *bucket) {
                        rows[end] = self.words + left[place].1;
                        end += 1;
                    }
                }
                rows.truncate(end);
            }
        }
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
enum Pruned {
    Ranked(Ranked),
    /// Of so many buckets that a bit for each is not worth it. Sorted.
    Sparse(Vec<(u32, u32)>),
}

impl Pruned {
    fn new(pairs: &[(u32, u32)], buckets: u32) -> Pruned {
        // Of equal buckets the last counts, as in C++.
        let mut left: Vec<(u32, u32)> =
            pairs.iter().rev().copied().filter(|(bucket, _)| *bucket < buckets).collect();
        left.sort_by_key(|(bucket, _)| *bucket);
        left.dedup_by_key(|(bucket, _)| *bucket);
        if buckets > MAX_RANKED { Pruned::Sparse(left) } else { Pruned::Ranked(Ranked::new(&left, buckets)) }
    }
}

/// A bit for each bucket, and the rows of those that have one: the place among them is the number of bits before.
#[derive(Debug)]
struct Ranked {
    /// Bits of 32 buckets, and how many bits are before them.
    bits: Vec<(u32, u32)>,
    /// In the order of the buckets, and one more, so that the number of bits before a bucket always is a place.
    rows: Vec<u32>,
}

impl Ranked {
    fn new(sorted: &[(u32, u32)], buckets: u32) -> Ranked {
        let mut bits = vec![(0_u32, 0_u32); buckets.div_ceil(32) as usize];
        for (bucket, _) in sorted {
            bits[*bucket as usize / 32].0 |= 1 << (bucket % 32);
        }
        let mut before = 0;
        for (bits, rank) in &mut bits {
            *rank = before;
            before += bits.count_ones();
        }
        Ranked { bits, rows: sorted.iter().map(|(_, row)| *row).chain([0]).collect() }
    }

    /// The row of a bucket, and whether it has one.
    fn row(&self, bucket: u32) -> (u32, bool) {
        let (bits, before) = self.bits[bucket as usize / 32];
        let bit = 1 << (bucket % 32);
        let place = before + (bits & (bit - 1)).count_ones();
        (self.rows[place as usize], bits & bit != 0)
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
    fn buckets_are_found_whatever_their_number() {
        let pairs: Vec<(u32, u32)> = (0..400).map(|i| (i * i % 997, 1000 - i)).collect();
        for buckets in [1, 31, 32, 33, 1000, MAX_RANKED + 1] {
            let mut words = vocabulary(3, 3, None);
            words.pruned = Some(Pruned::new(&pairs, buckets));
            for bucket in (0..buckets).take(1000) {
                let mut rows = vec![bucket];
                words.buckets_to_rows(&mut rows, 0);
                let want = pairs.iter().rfind(|pair| pair.0 == bucket).map(|pair| 3 + pair.1);
                assert_eq!(rows, Vec::from_iter(want), "{bucket} of {buckets}");
            }
        }
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
