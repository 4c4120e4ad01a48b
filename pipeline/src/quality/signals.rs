//! What is measured of a document: one plain struct, and a table by which rules name its fields.
//!
//! # What it does
//! [`Signals`] holds numbers only; decisions are made later, by rules that are data (`rules.rs`). So a threshold can
//! change without reading a text again.
//!
//! # Precedent
//! RedPajama-v2 and Dolma store signals and decide late. Which paper or program a signal comes from stands with it:
//! Gopher (Rae et al. 2021, arXiv 2112.11446, table A1) as datatrove 0.10.1 counts it, C4 (Raffel et al. 2020) as
//! datatrove, FineWeb (Penedo et al. 2024), DCLM (Li et al. 2024), RedPajama-v2 (Weber et al. 2024), mC4 (Xue et al.
//! 2021), HPLT web-docs-scorer.
//!
//! # Words of this table
//! A *token* is a word or a symbol as `segment.rs` cuts it; a *word* is a token that is not only punctuation; a
//! *spaced word* is what stands between white space, in any script. A share is a part of a whole, 0 to 1. Characters
//! are Unicode scalar values. Of nothing, every share and mean is 0.

/// How a signal counts, which is also what values a rule may compare it with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// A whole number, from 0.
    Count,
    /// A part of a whole, 0 to 1.
    Share,
    /// A mean or a ratio, from 0.
    Mean,
}

/// A signal that rules can name.
#[derive(Debug, Clone, Copy)]
pub struct Signal {
    /// Its name, which is the name of the field.
    pub name: &'static str,
    /// How it counts.
    pub unit: Unit,
    /// Its value in a document; NaN where it was not measured.
    pub get: fn(&Signals) -> f64,
    /// Puts back a value that `get` gave, exactly.
    pub set: fn(&mut Signals, f64),
}

/// Which signals, and how they are counted. Changes with any of either.
pub const SIGNAL_SET: &str = "sig-v1";

macro_rules! signals {
    ($($(#[$doc:meta])* $name:ident: $type:ty, $unit:ident;)*) => {
        /// What was measured of one document.
        #[derive(Debug, Clone, Copy, PartialEq, Default)]
        pub struct Signals {
            $($(#[$doc])* pub $name: $type,)*
        }

        /// All signals, in the order of the fields.
        pub const SIGNALS: &[Signal] = &[
            $(Signal {
                name: stringify!($name),
                unit: Unit::$unit,
                get: |signals| f64::from(signals.$name),
                set: |signals, value| signals.$name = value as $type,
            },)*
        ];
    };
}

signals! {
    /// Characters. RedPajama-v2 `ccnet_length`.
    chars: u32, Count;
    /// Tokens: words and symbols. datatrove's `len(words)`.
    tokens: u32, Count;
    /// Words. Gopher; DCLM `page_length_filter`.
    words: u32, Count;
    /// Spaced words. RedPajama-v2 `rps_doc_word_count`.
    spaced_words: u32, Count;
    /// Lines, with empty ones, as Python's `splitlines` has them. Gopher.
    lines: u32, Count;
    /// Lines with anything but white space. FineWeb.
    text_lines: u32, Count;
    /// Paragraphs: parts between empty lines. Gopher.
    paragraphs: u32, Count;
    /// Sentences: terminal punctuation of any script, or the end of a line, ends one. RedPajama-v2
    /// `rps_doc_num_sentences`, by spaCy's rule.
    sentences: u32, Count;

    /// Mean characters of a word. Gopher.
    mean_word_chars: f32, Mean;
    /// Mean characters of a spaced word. DCLM `word_length_filter`.
    mean_spaced_word_chars: f32, Mean;
    /// Characters of the longest spaced word. C4 drops lines above 1,000.
    longest_spaced_word_chars: u32, Count;
    /// Tokens with a letter / tokens. Gopher.
    alphabetic_token_share: f32, Share;
    /// Spaced words with a letter / spaced words. DCLM; RedPajama-v2 `rps_doc_frac_no_alph_words` is its rest.
    alphabetic_spaced_word_share: f32, Share;
    /// Different words / words. Case counts: folding it is a matter of languages. RedPajama-v2
    /// `rps_doc_frac_unique_words`. Of a very long text, as the n-grams.
    unique_word_share: f32, Share;
    /// Entropy of the distribution of words, in nats. RedPajama-v2 `rps_doc_unigram_entropy`.
    word_entropy: f32, Mean;
    /// Tokens that are stop words of the language; NaN if it has no list. DCLM `stop_word_filter`.
    stop_words: f32, Mean;
    /// Different stop words that occur; NaN if the language has no list. Gopher, as datatrove counts.
    distinct_stop_words: f32, Mean;
    /// Stop words / tokens; NaN if the language has no list. RedPajama-v2 `rps_doc_stop_word_fraction`.
    stop_word_share: f32, Share;

    /// `#` / tokens. Gopher.
    hashes_per_token: f32, Mean;
    /// (`...` + `…`) / tokens. Gopher.
    ellipses_per_token: f32, Mean;
    /// (`#` + `...` + `…`) / spaced words. DCLM `symbol_ratio_filter`; RedPajama-v2 `rps_doc_symbol_to_word_ratio`.
    symbols_per_spaced_word: f32, Mean;

    /// Lines that begin with `•` or `-` / lines. Gopher.
    bullet_line_share: f32, Share;
    /// Lines that begin with `●`, `•`, `*` or `-` / text lines. DCLM `bullet_count_filter`.
    listed_line_share: f32, Share;
    /// Lines that end in `...` or `…` / lines. Gopher.
    ellipsis_line_share: f32, Share;
    /// Text lines that end in terminal punctuation of any script / text lines. FineWeb.
    terminal_line_share: f32, Share;
    /// Text lines of at most 30 characters / text lines. FineWeb.
    short_line_share: f32, Share;
    /// Mean characters of a text line.
    mean_line_chars: f32, Mean;
    /// Characters of the third-longest line; mC4 asks for 200.
    third_longest_line_chars: u32, Count;
    /// Newlines / tokens. FineWeb's list rule.
    newlines_per_token: f32, Mean;
    /// Spaced words on lines that DCLM edits out (mostly upper case, only digits, a counter such as "3 likes", one
    /// word) / spaced words. DCLM `word_removal_ratio_filter`.
    edited_out_word_share: f32, Share;

    /// Lines that are copies of one before them / lines that are not empty. Gopher, as datatrove counts.
    duplicate_line_share: f32, Share;
    /// Characters of such lines / characters. Gopher.
    duplicate_line_char_share: f32, Share;
    /// Paragraphs that are copies of one before them / paragraphs. Gopher.
    duplicate_paragraph_share: f32, Share;
    /// Characters of such paragraphs / characters. Gopher.
    duplicate_paragraph_char_share: f32, Share;
    /// Characters of text lines that are copies / characters that are not newlines. FineWeb.
    duplicate_text_line_char_share: f32, Share;
    /// Lines that occur more than once, all of them / lines that are not empty. DCLM.
    repeated_line_share: f32, Share;
    /// Characters of such lines / characters of lines. DCLM.
    repeated_line_char_share: f32, Share;

    /// Characters of the most frequent 2-gram of tokens, as often as it occurs / characters. Gopher.
    top_2_gram_char_share: f32, Mean;
    /// The same of 3-grams.
    top_3_gram_char_share: f32, Mean;
    /// The same of 4-grams.
    top_4_gram_char_share: f32, Mean;
    /// Characters of 5-grams that are copies, each counted once / characters. Gopher, as datatrove scans: behind a
    /// copy it goes on after its last token.
    duplicate_5_gram_char_share: f32, Share;
    /// The same of 6-grams.
    duplicate_6_gram_char_share: f32, Share;
    /// The same of 7-grams.
    duplicate_7_gram_char_share: f32, Share;
    /// The same of 8-grams.
    duplicate_8_gram_char_share: f32, Share;
    /// The same of 9-grams.
    duplicate_9_gram_char_share: f32, Share;
    /// The same of 10-grams.
    duplicate_10_gram_char_share: f32, Share;

    /// Lines that C4 keeps.
    c4_lines: u32, Count;
    /// Sentences on lines that C4 keeps.
    c4_sentences: u32, Count;
    /// Characters of lines that C4 keeps / characters.
    c4_char_share: f32, Share;
    /// Lines with "lorem ipsum" among those that end and are long enough for C4.
    lorem_ipsum_lines: u32, Count;
    /// Lines with a curly bracket among those, without "javascript".
    curly_bracket_lines: u32, Count;
    /// Lines with "javascript" among those.
    javascript_lines: u32, Count;
    /// Lines with a phrase of cookie or privacy notices among those.
    policy_lines: u32, Count;

    /// Letters and marks / characters that are not white space.
    letter_share: f32, Share;
    /// Upper-case letters / letters. RedPajama-v2 has the share of all-capital words.
    upper_case_share: f32, Share;
    /// Digits of any script / characters that are not white space. RedPajama-v2 `rps_lines_numerical_chars_fraction`.
    digit_share: f32, Share;
    /// Punctuation / characters that are not white space.
    punctuation_share: f32, Share;
    /// Symbols, emoji, controls, and punctuation that sentences do not have / characters that are not white space.
    symbol_share: f32, Share;
    /// White space / characters.
    space_share: f32, Share;
    /// Letters of the most frequent script / letters. Kana and Han are one script beside kana, Hangul and Han beside
    /// Hangul.
    main_script_share: f32, Share;
    /// Scripts with at least a hundredth of the letters, Kana, Hangul and Han each by itself.
    scripts: u32, Count;

    /// Bytes after zstd at level 1 / bytes, of the first mebibyte. Low: repetitive; above 1: nothing to compress.
    compressed_share: f32, Mean;
    /// Web addresses: the more frequent of "http" and "www".
    addresses: u32, Count;
    /// A score after HPLT's web-docs-scorer; see `web_docs.rs`.
    web_docs_score: f32, Share;
}

/// The signal of a name.
pub fn signal(name: &str) -> Option<&'static Signal> {
    SIGNALS.iter().find(|signal| signal.name == name)
}

/// The name most like one that is not there, if any is like it.
pub fn nearest_signal(name: &str) -> Option<&'static str> {
    SIGNALS
        .iter()
        .map(|signal| (signal.name, strsim::jaro_winkler(signal.name, name)))
        .filter(|(_, likeness)| *likeness > 0.8)
        .max_by(|a, b| a.1.total_cmp(&b.1))
        .map(|(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_has_one_name_and_a_getter() {
        let signals = Signals { words: 7, web_docs_score: 0.5, ..Signals::default() };
        let value = |name| (signal(name).unwrap().get)(&signals);
        assert_eq!((value("words"), value("web_docs_score"), value("chars")), (7.0, 0.5, 0.0));
        let mut names: Vec<_> = SIGNALS.iter().map(|signal| signal.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), SIGNALS.len());
        assert_eq!(size_of::<Signals>(), SIGNALS.len() * 4);
    }

    #[test]
    fn a_value_that_was_taken_out_is_put_back_as_it_was() {
        let signals =
            Signals { words: u32::MAX, mean_word_chars: 4.3, stop_words: f32::NAN, ..Signals::default() };
        let mut again = Signals::default();
        for signal in SIGNALS {
            (signal.set)(&mut again, (signal.get)(&signals));
        }
        assert!(again.stop_words.is_nan());
        again.stop_words = 0.0;
        assert_eq!(again, Signals { stop_words: 0.0, ..signals });
    }

    #[test]
    fn a_misspelt_name_finds_its_signal() {
        assert_eq!(nearest_signal("mean_word_char"), Some("mean_word_chars"));
        assert_eq!(nearest_signal("duplicate_5gram_char_share"), Some("duplicate_5_gram_char_share"));
        assert_eq!(nearest_signal("ẹ̀kọ́"), None);
    }
}
