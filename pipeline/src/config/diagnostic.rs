//! A finding about a config, and how it looks.
//!
//! Every layer (syntax, shape, meaning) speaks through [`Diagnostic`]; one renderer gives them one look. The codes
//! are stable: they may be searched for, and tests name them.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

/// Codes of findings. `C00x` is the file, `C01x` the shape, `C02x` steps, `C03x` nodes, `C04x` files, `C05x` SQL and
/// tests.
pub mod code {
    #![expect(missing_docs, reason = "each constant is its own name; messages say the rest")]
    pub const UNREADABLE: &str = "C000";
    pub const SYNTAX: &str = "C001";
    pub const NOT_UTF8: &str = "C002";
    pub const EMPTY: &str = "C003";
    pub const DUPLICATE_KEY: &str = "C004";
    pub const UNSUPPORTED: &str = "C005";
    pub const UNKNOWN_VERSION: &str = "C006";
    pub const UNKNOWN_FIELD: &str = "C010";
    pub const MISSING_FIELD: &str = "C011";
    pub const WRONG_TYPE: &str = "C012";
    pub const BAD_VALUE: &str = "C013";
    pub const OUT_OF_RANGE: &str = "C014";
    pub const REPEATED_ITEM: &str = "C015";
    pub const REFUSED: &str = "C019";
    pub const UNKNOWN_KIND: &str = "C020";
    pub const NOT_ONE_KIND: &str = "C021";
    pub const REPEATED_STEP_ID: &str = "C022";
    pub const STEP_AFTER_CORPUS_STEP: &str = "C023";
    pub const STEP_NEEDS_ANOTHER: &str = "C024";
    pub const REPEATED_CORPUS_STEP: &str = "C025";
    pub const NOT_SERVED_FROM_HERE: &str = "C030";
    pub const UNKNOWN_AREA: &str = "C031";
    pub const SHARED_SHARDS_URL: &str = "C032";
    pub const UNKNOWN_NODE: &str = "C033";
    pub const UNKNOWN_LANGUAGE: &str = "C034";
    pub const PII_WITHOUT_DETECTION: &str = "C035";
    pub const PII_NOT_SAID: &str = "C036";
    pub const UNKNOWN_SOURCE: &str = "C037";
    pub const MISSING_FILE: &str = "C040";
    pub const CREDENTIALS_IN_URL: &str = "C041";
    pub const CREDENTIALS_IN_CONFIG: &str = "C042";
    pub const BAD_SQL: &str = "C050";
    pub const BAD_TEST: &str = "C051";
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The config is refused.
    Error,
    /// The config runs; it may not mean what it says.
    Warning,
}

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// Bytes in the file.
    pub range: Range<usize>,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// A stable code from [`code`].
    pub code: &'static str,
    /// What is wrong, lower-case, in one line.
    pub message: String,
    /// The file.
    pub file: PathBuf,
    /// Where; `None` if the file could not be read at all.
    pub span: Option<Span>,
    /// Other places that belong to it, in bytes, and why.
    pub labels: Vec<(Range<usize>, String)>,
    /// The next move.
    pub hint: Option<String>,
}

impl Diagnostic {
    /// An error at `range`. File, line and column are filled in by [`Diagnostics::new`].
    pub(crate) fn error(code: &'static str, message: String, range: Range<usize>) -> Self {
        let span = Some(Span { line: 0, column: 0, range });
        let (file, labels) = (PathBuf::new(), Vec::new());
        Self { severity: Severity::Error, code, message, file, span, labels, hint: None }
    }

    /// The same as a warning.
    pub(crate) fn warning(self) -> Self {
        Self { severity: Severity::Warning, ..self }
    }

    /// Says the next move.
    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// Points at another place.
    pub(crate) fn label(mut self, range: Range<usize>, text: &str) -> Self {
        self.labels.push((range, text.to_owned()));
        self
    }

    fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// Findings about one file, in the order of their places, and the text they point into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostics {
    /// The findings.
    pub list: Vec<Diagnostic>,
    source_text: String,
}

impl Diagnostics {
    /// Puts findings about `file` in order and finds their lines in `source_text`.
    pub(crate) fn new(file: &Path, source_text: &str, mut list: Vec<Diagnostic>) -> Self {
        for finding in &mut list {
            file.clone_into(&mut finding.file);
            if let Some(span) = &mut finding.span {
                (span.line, span.column) = line_and_column(source_text, span.range.start);
            }
            finding.message = masked(&finding.message);
        }
        list.sort_by_key(|finding| (finding.span.as_ref().map(|span| span.range.start), finding.code));
        Self { list, source_text: masked(source_text) }
    }

    /// Whether one of them is an error.
    pub fn has_errors(&self) -> bool {
        self.list.iter().any(Diagnostic::is_error)
    }

    /// How many are errors.
    pub fn error_count(&self) -> usize {
        self.list.iter().filter(|finding| finding.is_error()).count()
    }

    /// All findings as text for people. `colour` is for a terminal that wants it (no NO_COLOR).
    pub fn render(&self, colour: bool) -> String {
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        let shown: Vec<_> = self.list.iter().map(|finding| self.render_one(&renderer, finding)).collect();
        shown.join("\n\n")
    }

    fn render_one(&self, renderer: &Renderer, finding: &Diagnostic) -> String {
        let level = match finding.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let path = finding.file.to_string_lossy();
        let title = level.primary_title(finding.message.as_str()).id(finding.code);
        let mut group = match &finding.span {
            Some(span) => {
                let mut snippet = Snippet::source(self.source_text.as_str()).path(path.as_ref());
                snippet = snippet.annotation(AnnotationKind::Primary.span(span.range.clone()));
                for (range, text) in &finding.labels {
                    snippet =
                        snippet.annotation(AnnotationKind::Context.span(range.clone()).label(text.as_str()));
                }
                title.element(snippet)
            }
            None => title.element(annotate_snippets::Origin::path(path.as_ref())),
        };
        if let Some(hint) = &finding.hint {
            group = group.element(Level::HELP.with_name("hint").message(hint.as_str()));
        }
        renderer.render(&[group])
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for Diagnostics {}

/// The text with users and passwords of URLs and keys in PEM starred out, byte for byte: excerpts end in logs.
fn masked(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("-----BEGIN ") {
        let (before, key) = rest.split_at(at);
        let end = key.find("-----END ").unwrap_or(key.len());
        out.push_str(&without_passwords(before));
        out.extend(key[..end].bytes().map(|byte| if byte == b'\n' { '\n' } else { '*' }));
        rest = &key[end..];
    }
    out.push_str(&without_passwords(rest));
    out
}

fn without_passwords(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + "://".len());
        out.push_str(before);
        let authority =
            after.split(['/', '?', '#', '"', '\'', ' ', '\t', '\n', '\r']).next().unwrap_or_default();
        let secret = authority.rfind('@').unwrap_or(0);
        out.extend(std::iter::repeat_n('*', secret));
        rest = &after[secret..];
    }
    out.push_str(rest);
    out
}

/// Line and column, from 1, of byte `at`; columns are characters.
fn line_and_column(text: &str, at: usize) -> (usize, usize) {
    let before = &text[..text.floor_char_boundary(at)];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

/// The candidate that `word` was probably meant to be: at most 1 + a quarter of its letters away.
pub(crate) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let best = candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate))
        .min()?;
    (best.0 <= 1 + word.chars().count() / 4 && best.0 < word.chars().count()).then_some(best.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_in_every_script() {
        let text = "corpus: a\nname: हिन्दी x\n";
        let at = text.find('x').expect("x is in the text");
        assert_eq!(line_and_column(text, at), (2, 14));
        assert_eq!(line_and_column(text, 0), (1, 1));
    }

    #[test]
    fn users_and_passwords_are_starred_out_and_nothing_moves() {
        let text = "url: \"s3://mtu:siri-சொல்@in-node/a@b\", https://example.co.ke/@habari 'gs://a@b'";
        let hidden = masked(text);
        assert_eq!(hidden.len(), text.len());
        assert!(!hidden.contains("mtu") && !hidden.contains("siri"), "{hidden}");
        assert!(hidden.contains("*@in-node/a@b\", https://example.co.ke/@habari 'gs://*@b'"), "{hidden}");
    }

    #[test]
    fn a_key_that_was_pasted_is_starred_out_and_nothing_moves() {
        let text = "keys:\n  signing: |\n    -----BEGIN PRIVATE KEY-----\n    siri\n    -----END PRIVATE KEY-----\nsteps: []\n";
        let hidden = masked(text);
        assert_eq!((hidden.len(), hidden.lines().count()), (text.len(), text.lines().count()));
        assert!(
            !hidden.contains("siri") && hidden.ends_with("-----END PRIVATE KEY-----\nsteps: []\n"),
            "{hidden}"
        );
        assert!(!masked("x: -----BEGIN PRIVATE KEY----- siri").contains("siri"));
    }

    #[test]
    fn near_words_are_suggested_and_far_ones_are_not() {
        assert_eq!(nearest("min_char", ["max_chars", "min_chars"]), Some("min_chars"));
        assert_eq!(nearest("extract_hmtl", ["extract_html", "dedup_exact"]), Some("extract_html"));
        assert_eq!(nearest("translate", ["extract_html", "dedup_exact"]), None);
        assert_eq!(nearest("x", ["id"]), None);
    }
}
