//! Measures a document: segmentation once, then every signal from it.

use zstd::bulk::Compressor;
use zstd::zstd_safe::compress_bound;

use memchr::memmem::Finder;
use unicode_script::Script;
use xxhash_rust::xxh3::xxh3_64;

use super::c4::PhraseFinder;
use super::chars::Tally;
use super::lines::{Context, Lines, Paragraphs};
use super::repeats::{Copies, GramCounter, Grams};
use super::segment::{BadToken, Segmenter, Segments};
use super::signals::Signals;
use super::tally::Counts;
use super::web_docs::{Document, Medians};

/// Of how many bytes the compression is measured: a constant cost for long texts.
const COMPRESSED_BYTES: usize = 1 << 20;

/// Words that running text of a language cannot do without.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StopWords {
    /// Sorted hashes.
    words: Vec<u64>,
}

impl StopWords {
    /// A list. A word is one if it is the same, also in case.
    pub fn new<'a>(words: impl IntoIterator<Item = &'a str>) -> Self {
        let mut words: Vec<_> = words.into_iter().map(|word| xxh3_64(word.as_bytes())).collect();
        words.sort_unstable();
        words.dedup();
        Self { words }
    }

    pub(crate) fn contains(&self, word: &str) -> bool {
        self.words.binary_search(&xxh3_64(word.as_bytes())).is_ok()
    }
}

/// What of a language the signals need to know. The default knows nothing: no signal of stop words is measured then.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LanguageProfile {
    /// Its stop words, if anyone listed them.
    pub stop_words: Option<StopWords>,
    /// What is usual in it, for the score of whole documents.
    pub medians: Medians,
}

/// Measures documents, one after the other; keeps the segmenter and all buffers.
pub struct Measurer {
    segmenter: Segmenter,
    parts: Parts,
}

/// All that is not the segmenter: it lends its text and tokens to the rest.
struct Parts {
    phrases: PhraseFinder,
    finders: [Finder<'static>; 4],
    copies: Copies,
    grams: GramCounter,
    compressor: Compressor<'static>,
    compressed: Vec<u8>,
}

impl std::fmt::Debug for Measurer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Measurer").finish_non_exhaustive()
    }
}

impl Default for Measurer {
    fn default() -> Self {
        Self::new()
    }
}

impl Measurer {
    /// A measurer with empty buffers. It reserves zstd's context, about half a megabyte.
    pub fn new() -> Self {
        Self {
            segmenter: Segmenter::new(),
            parts: Parts {
                phrases: PhraseFinder::new(),
                finders: ["...", "…", "http", "www"].map(Finder::new),
                copies: Copies::default(),
                grams: GramCounter::default(),
                compressor: Compressor::new(1).expect("zstd has a level 1"),
                compressed: Vec::new(),
            },
        }
    }

    /// Measures a text.
    pub fn measure(&mut self, text: &str, language: &LanguageProfile) -> Signals {
        self.parts.measure(self.segmenter.segment(text), language)
    }

    /// Measures a text by the tokens of another tokenizer: byte ranges in their order.
    pub fn measure_given(
        &mut self,
        text: &str,
        tokens: &[(u32, u32)],
        language: &LanguageProfile,
    ) -> Result<Signals, BadToken> {
        Ok(self.parts.measure(self.segmenter.given(text, tokens)?, language))
    }
}

/// A part of a whole as a signal; 0 of nothing.
fn share(part: impl Into<f64>, whole: impl Into<f64>) -> f32 {
    let whole = whole.into();
    if whole > 0.0 { (part.into() / whole) as f32 } else { 0.0 }
}

/// Sums of characters: below 2^53, since a text is below 2^29.
fn float(sum: u64) -> f64 {
    sum as f64
}

impl Parts {
    fn measure(&mut self, segments: Segments<'_>, language: &LanguageProfile) -> Signals {
        let text = segments.text;
        let phrases = self.phrases.find(text);
        let mut scripts = [0; 256];
        let context = Context { segments, phrases: &phrases, medians: &language.medians };
        let lines = Lines::read(&context, &mut self.copies, &mut scripts);
        let paragraphs = Paragraphs::read(&segments, &mut self.copies);
        let grams = self.grams.count(&segments, language.stop_words.as_ref());
        let mut signals = Signals::default();
        set_tokens(&mut signals, &segments);
        set_words(&mut signals, &lines.counts, &grams, language);
        self.set_symbols(&mut signals, text, &segments);
        set_lines(&mut signals, &lines, &segments);
        set_duplicates(&mut signals, &lines, &paragraphs, &segments);
        set_grams(&mut signals, &grams);
        set_chars(&mut signals, &lines.counts, &segments);
        set_scripts(&mut signals, &lines.counts, scripts);
        signals.compressed_share = self.compressed_share(text.as_bytes());
        let document = Document {
            lines: &lines.web_docs,
            counts: &lines.counts,
            medians: &language.medians,
            main_script_share: signals.main_script_share.into(),
            addresses: signals.addresses,
            bytes: text.len().min(COMPRESSED_BYTES),
            bytes_per_char: text.len() as f64 / f64::from(signals.chars.max(1)),
            compressed_share: signals.compressed_share.into(),
        };
        signals.web_docs_score = document.score() as f32;
        signals
    }

    fn set_symbols(&self, signals: &mut Signals, text: &str, segments: &Segments<'_>) {
        let [ellipses, character, http, www] =
            self.finders.each_ref().map(|finder| finder.find_iter(text.as_bytes()).count() as u32);
        let hashes = memchr::memchr_iter(b'#', text.as_bytes()).count() as u32;
        let ellipses = ellipses + character;
        signals.hashes_per_token = share(hashes, signals.tokens);
        signals.ellipses_per_token = share(ellipses, signals.tokens);
        signals.symbols_per_spaced_word = share(hashes + ellipses, signals.spaced_words);
        signals.newlines_per_token = share(segments.newlines, signals.tokens);
        signals.addresses = http.max(www);
    }

    fn compressed_share(&mut self, text: &[u8]) -> f32 {
        let text = &text[..text.len().min(COMPRESSED_BYTES)];
        self.compressed.clear();
        self.compressed.reserve(compress_bound(text.len()));
        let length = self.compressor.compress_to_buffer(text, &mut self.compressed);
        let length = length.expect("the buffer has room for what compresses worst");
        share(length as f64, text.len() as f64)
    }
}

fn set_tokens(signals: &mut Signals, segments: &Segments<'_>) {
    let (mut words, mut word_chars, mut alphabetic) = (0_u32, 0_u64, 0_u32);
    for token in segments.tokens {
        if token.is_word() {
            words += 1;
            word_chars += u64::from(token.chars(segments.text));
        }
        alphabetic += u32::from(token.is_alphabetic());
    }
    signals.tokens = segments.tokens.len() as u32;
    signals.words = words;
    signals.mean_word_chars = share(float(word_chars), words);
    signals.alphabetic_token_share = share(alphabetic, signals.tokens);
}

fn set_words(signals: &mut Signals, counts: &Counts, grams: &Grams, language: &LanguageProfile) {
    signals.spaced_words = counts.words;
    signals.longest_spaced_word_chars = counts.longest_word;
    signals.alphabetic_spaced_word_share = share(counts.alphabetic_words, counts.words);
    signals.unique_word_share = share(grams.distinct_words, grams.words);
    signals.word_entropy = grams.entropy as f32;
    let listed = language.stop_words.is_some();
    let measured = |value: f32| if listed { value } else { f32::NAN };
    signals.stop_words = measured(grams.stop_words as f32);
    signals.distinct_stop_words = measured(grams.distinct_stop_words as f32);
    signals.stop_word_share = measured(share(grams.stop_words, signals.tokens));
}

fn set_lines(signals: &mut Signals, lines: &Lines, segments: &Segments<'_>) {
    signals.lines = lines.lines;
    signals.text_lines = lines.text_lines;
    signals.sentences = lines.sentences;
    signals.bullet_line_share = share(lines.bullets, lines.lines);
    signals.ellipsis_line_share = share(lines.ellipses, lines.lines);
    signals.listed_line_share = share(lines.listed, lines.text_lines);
    signals.terminal_line_share = share(lines.terminal, lines.text_lines);
    signals.short_line_share = share(lines.short, lines.text_lines);
    signals.mean_line_chars = share(float(lines.text_line_chars), lines.text_lines);
    signals.third_longest_line_chars = lines.longest_three[2];
    signals.edited_out_word_share = share(lines.edited_out_words, lines.counts.words);
    signals.c4_lines = lines.c4.lines;
    signals.c4_sentences = lines.c4.sentences;
    signals.c4_char_share = share(float(lines.c4.chars), lines.counts.chars() + segments.newlines);
    signals.lorem_ipsum_lines = lines.c4.lorem_ipsum;
    signals.curly_bracket_lines = lines.c4.curly_bracket;
    signals.javascript_lines = lines.c4.javascript;
    signals.policy_lines = lines.c4.policy;
}

fn set_duplicates(signals: &mut Signals, lines: &Lines, paragraphs: &Paragraphs, segments: &Segments<'_>) {
    let chars = lines.counts.chars() + segments.newlines;
    signals.paragraphs = paragraphs.count;
    signals.duplicate_line_share = share(lines.copies, lines.parts);
    signals.duplicate_line_char_share = share(float(lines.copy_chars), chars);
    signals.duplicate_paragraph_share = share(paragraphs.copies, paragraphs.count);
    signals.duplicate_paragraph_char_share = share(float(paragraphs.copy_chars), chars);
    signals.duplicate_text_line_char_share = share(float(lines.text_copy_chars), float(lines.part_chars));
    signals.repeated_line_share = share(float(lines.repeated.0), segments.lines.len() as u32);
    signals.repeated_line_char_share = share(float(lines.repeated.1), float(lines.part_chars));
}

fn set_grams(signals: &mut Signals, grams: &Grams) {
    let [top2, top3, top4] = grams.top.map(|chars| share(float(chars), float(grams.chars)));
    (signals.top_2_gram_char_share, signals.top_3_gram_char_share) = (top2, top3);
    signals.top_4_gram_char_share = top4;
    let [five, six, seven, eight, nine, ten] =
        grams.duplicate.map(|chars| share(float(chars), float(grams.chars)));
    (signals.duplicate_5_gram_char_share, signals.duplicate_6_gram_char_share) = (five, six);
    (signals.duplicate_7_gram_char_share, signals.duplicate_8_gram_char_share) = (seven, eight);
    (signals.duplicate_9_gram_char_share, signals.duplicate_10_gram_char_share) = (nine, ten);
}

fn set_chars(signals: &mut Signals, counts: &Counts, segments: &Segments<'_>) {
    let chars = counts.chars() + segments.newlines;
    // Format characters are counted with white space: neither is seen.
    let seen = counts.chars() - counts.of_kind(Tally::Space);
    signals.chars = chars;
    signals.mean_spaced_word_chars = share(seen, counts.words);
    signals.letter_share = share(counts.word_chars(), seen);
    signals.upper_case_share = share(counts.of_kind(Tally::Upper), counts.letters());
    signals.digit_share = share(counts.of_kind(Tally::Decimal), seen);
    signals.punctuation_share = share(counts.of_kind(Tally::Punctuation), seen);
    signals.symbol_share = share(counts.of_kind(Tally::Symbol), seen);
    signals.space_share = share(counts.of_kind(Tally::Space) + segments.newlines, chars);
}

/// `scripts`: letters beyond ASCII, by script.
fn set_scripts(signals: &mut Signals, counts: &Counts, mut scripts: [u32; 256]) {
    let beyond_ascii: u32 = scripts.iter().sum();
    scripts[Script::Latin as usize] += counts.letters() - beyond_ascii;
    // Signs that many scripts share, such as the long vowel of kana, tell of none.
    for script in [Script::Common, Script::Inherited, Script::Unknown] {
        scripts[script as usize] = 0;
    }
    let letters: u32 = scripts.iter().sum();
    signals.scripts =
        scripts.iter().filter(|count| u64::from(**count) * 100 >= u64::from(letters.max(1))).count() as u32;
    let of = |script: Script| scripts[script as usize];
    let (han, kana, hangul) =
        (of(Script::Han), of(Script::Hiragana) + of(Script::Katakana), of(Script::Hangul));
    let beside = |letters: u32| if letters > 0 { letters + han } else { 0 };
    let main = scripts.iter().copied().max().unwrap_or(0).max(beside(kana)).max(beside(hangul));
    signals.main_script_share = share(main, letters);
}

#[cfg(test)]
#[path = "measure_tests.rs"]
mod tests;
