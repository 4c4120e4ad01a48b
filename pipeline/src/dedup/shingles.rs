//! A text as a set of shingles: hashes of every few tokens in a row.
//!
//! A token is a word; in scripts that put no spaces between words (Han, Kana, Thai, Lao, Khmer, Myanmar and their
//! neighbours) it is one character with its marks, so that no dictionary, and no version of one, decides what a copy
//! is. Punctuation and white space only separate. Letters are folded first (`fold.rs`).

use unicode_normalization::char::compose;

use super::fold::{Class, Entry, entry_of, fold, plane};

/// Turns texts into shingles; keeps its buffers between texts.
#[derive(Debug, Default)]
pub struct Shingler {
    tokens: Vec<u64>,
    shingles: Vec<u64>,
}

/// Multiplier of the rolling hash, from the golden ratio. Tokens are mixed before, so that any odd one serves.
const ROLL: u64 = 0x9e37_79b9_7f4a_7c15;

impl Shingler {
    /// The shingles of `text`, each a hash of `ngram` tokens in a row, in their order and with repetitions; none if
    /// there are fewer tokens.
    pub fn shingles(&mut self, text: &str, ngram: usize) -> &[u64] {
        self.tokens.clear();
        read_tokens(text, &mut self.tokens);
        self.shingles.clear();
        let gone = (0..ngram).fold(1u64, |power, _| power.wrapping_mul(ROLL));
        let mut hash = 0u64;
        for (index, token) in self.tokens.iter().enumerate() {
            hash = hash.wrapping_mul(ROLL).wrapping_add(*token);
            if let Some(left) = index.checked_sub(ngram) {
                hash = hash.wrapping_sub(self.tokens[left].wrapping_mul(gone));
            }
            if index + 1 >= ngram {
                self.shingles.push(hash);
            }
        }
        &self.shingles
    }
}

/// A bijection of 64 bits in which every bit that goes in reaches every bit that comes out (Stafford's variant 13, the
/// finaliser of SplitMix64).
pub(super) fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// A token that grows character by character: FNV-1a, one step a character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    None,
    Word(u64),
    /// One character and its marks.
    Alone(u64),
}

const HASH_START: u64 = 0xcbf2_9ce4_8422_2325;

fn step(hash: u64, folded: u32) -> u64 {
    (hash ^ u64::from(folded)).wrapping_mul(0x0100_0000_01b3)
}

impl Token {
    fn letter(self, folded: u32, tokens: &mut Vec<u64>) -> Self {
        match self {
            Self::Word(hash) => Self::Word(step(hash, folded)),
            other => {
                other.end(tokens);
                Self::Word(step(HASH_START, folded))
            }
        }
    }

    fn alone(self, folded: u32, tokens: &mut Vec<u64>) -> Self {
        self.end(tokens);
        Self::Alone(step(HASH_START, folded))
    }

    fn mark(self, folded: u32) -> Self {
        match self {
            Self::None => Self::Word(step(HASH_START, folded)),
            Self::Word(hash) => Self::Word(step(hash, folded)),
            Self::Alone(hash) => Self::Alone(step(hash, folded)),
        }
    }

    fn end(self, tokens: &mut Vec<u64>) {
        if let Self::Word(hash) | Self::Alone(hash) = self {
            tokens.push(mix(hash));
        }
    }

    /// A character that is known to be folded and in its place.
    fn folded(self, c: char, tokens: &mut Vec<u64>) -> Self {
        let entry = look_up(plane(), c);
        match entry.class() {
            Class::Gap => {
                self.end(tokens);
                Self::None
            }
            Class::Alone => self.alone(c as u32, tokens),
            Class::Mark | Class::Ordered | Class::Accent | Class::Joins => self.mark(c as u32),
            Class::Letter | Class::Pair | Class::Ignored | Class::Hard => self.letter(c as u32, tokens),
        }
    }
}

fn look_up(plane: &[Entry], c: char) -> Entry {
    plane.get(c as usize).copied().unwrap_or_else(|| entry_of(c))
}

/// Appends the hashes of the tokens of `text`, in their order.
fn read_tokens(text: &str, tokens: &mut Vec<u64>) {
    let plane = plane();
    let mut token = Token::None;
    let mut before = (' ', Entry::default());
    // Where the characters since the last gap began, and how many tokens there were then: to start over from.
    let (mut run_start, mut run_tokens) = (0, tokens.len());
    let mut chars = text.chars();
    loop {
        let rest = chars.as_str();
        let Some(c) = chars.next() else { break };
        let entry = look_up(plane, c);
        let hard = match entry.class() {
            Class::Gap => {
                token.end(tokens);
                token = Token::None;
                (run_start, run_tokens) = (text.len() - chars.as_str().len(), tokens.len());
                false
            }
            Class::Letter => {
                token = token.letter(entry.folded(), tokens);
                false
            }
            Class::Alone => {
                token = token.alone(entry.folded(), tokens);
                false
            }
            Class::Mark => {
                token = token.mark(entry.folded());
                false
            }
            Class::Ordered => {
                token = token.mark(entry.folded());
                before.1.class() == Class::Ordered
            }
            Class::Accent if before.1.is_bare() => continue,
            Class::Ignored => continue,
            Class::Joins => {
                token = token.mark(entry.folded());
                before.1.class() == Class::Ordered || compose(before.0, c).is_some()
            }
            Class::Pair => {
                for folded in fold(std::iter::once(c)) {
                    token = token.folded(folded, tokens);
                }
                false
            }
            Class::Accent | Class::Hard => true,
        };
        before = (c, entry);
        if hard {
            let end = text.len() - rest.len();
            let more = rest.find(|c| look_up(plane, c).class() == Class::Gap).unwrap_or(rest.len());
            tokens.truncate(run_tokens);
            token = Token::None;
            for folded in fold(text[run_start..end + more].chars()) {
                token = token.folded(folded, tokens);
            }
            chars = text[end + more..].chars();
        }
    }
    token.end(tokens);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tokens(text: &str) -> Vec<u64> {
        let mut tokens = Vec::new();
        read_tokens(text, &mut tokens);
        tokens
    }

    /// All of it the long way.
    fn tokens_slowly(text: &str) -> Vec<u64> {
        let mut tokens = Vec::new();
        let mut token = Token::None;
        for c in fold(text.chars()) {
            token = token.folded(c, &mut tokens);
        }
        token.end(&mut tokens);
        tokens
    }

    #[test]
    fn words_are_counted_where_there_are_spaces_and_characters_where_there_are_none() {
        for (text, count) in [
            ("Habari za asubuhi, rafiki?", 4),
            ("सभी मनुष्यों को", 3),
            ("ሰላም ለዓለም", 2),
            ("안녕하세요 여러분", 2),
            ("山高水长", 4),
            ("カタカナ", 4),
            ("สวัสดี", 4),
            ("ကမ္ဘာ", 3),
            ("iPhone手机", 3),
            ("يوم جميل", 2),
            ("—…! ", 0),
        ] {
            assert_eq!(tokens(text).len(), count, "{text}");
        }
    }

    #[test]
    fn spelling_variants_are_one_token_and_other_words_are_not() {
        for (a, b) in [
            ("ẸKỌ́", "eko"),
            ("Ｋｉｌｉｍ", "kilim"),
            ("e\u{301}te\u{301}", "été"),
            ("\u{1112}\u{1161}\u{11ab}", "한"),
            ("\u{9c7}\u{9be}", "\u{9cb}"),
            ("می\u{200c}شود", "میشود"),
        ] {
            assert_eq!(tokens(a), tokens(b), "{a} / {b}");
        }
        for (a, b) in [("हनद", "हिन्दी"), ("كتب", "كَتَبَ"), ("สวสด", "สวัสดี"), ("か", "が")]
        {
            assert_ne!(tokens(a), tokens(b), "{a} / {b}");
        }
    }

    #[test]
    fn a_shingle_depends_on_its_own_tokens_only() {
        let mut shingler = Shingler::default();
        let whole = shingler.shingles("moja mbili tatu nne tano sita saba", 3).to_vec();
        assert_eq!(whole.len(), 5);
        assert_eq!(shingler.shingles("tatu nne tano", 3), &whole[2..3]);
        assert!(shingler.shingles("moja mbili", 3).is_empty());
    }

    proptest! {
        #[test]
        fn the_table_and_the_long_way_agree(text in "[ a-zA-ZéẸọñΆς\u{301}\u{323}Ёй가-갣\u{1100}-\u{1112}\u{1161}-\u{1170}\u{11a8}-\u{11ac}कखि्ी़\u{9c7}\u{9be}\u{9cb}কাபொ\u{bc6}\u{bbe}ကိ္ာกขำ่ัุ山水カか\u{3099}ﬁＡ１½،؟،ابَّ\u{64b}שָׁ\u{200c}.,]{0,40}") {
            prop_assert_eq!(tokens(&text), tokens_slowly(&text), "{:?}", text);
        }

        #[test]
        fn any_text_gives_no_more_shingles_than_characters(text in any::<String>(), ngram in 1usize..8) {
            let count = text.chars().count();
            prop_assert!(Shingler::default().shingles(&text, ngram).len() <= 3 * count);
        }
    }
}
