//! What is no language: code, numbers, broken decoding, text without letters.
//!
//! Punctuation is a separator to the n-grams, so they cannot see code: every system measured calls 93 to 100 % of code
//! lines a language. The gate looks at what the n-grams do not. The counts that reading a text leaves behind settle most
//! texts; only where symbols or digits are many for its letters is it read a second time, token by token.
//!
//! The limits below were chosen with `accuracy/code.tsv` and sentences of training text in view; `accuracy/RESULTS.md` has
//! the shares, and those of development text that is refused.

use super::text::{Class, Counts};

/// Why a text is no language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NoLanguage {
    /// No letter at all.
    NoLetters,
    /// Mostly digits.
    Numbers,
    /// Programs, markup, configuration, logs, addresses.
    Code,
    /// Text that was decoded wrongly.
    Mojibake,
    /// Words, but the model says that they are of no language.
    Noise,
}

impl NoLanguage {
    /// The reason as a word: `no_letters`, `numbers`, `code`, `mojibake`, `noise`.
    pub fn as_str(self) -> &'static str {
        match self {
            NoLanguage::NoLetters => "no_letters",
            NoLanguage::Numbers => "numbers",
            NoLanguage::Code => "code",
            NoLanguage::Mojibake => "mojibake",
            NoLanguage::Noise => "noise",
        }
    }
}

/// One symbol to this many bytes of letters makes a text worth a second reading. Bytes, so scripts of three bytes a letter
/// are judged three times as kindly: Thai and Chinese have no spaces around their few symbols.
const SUSPICIOUS_SYMBOLS: usize = 40;

/// From this share of tokens on (weighed by length, in 1/100) a text is code.
const MOST_CODE: usize = 45;

/// The verdict on a text, from its characters alone; `None` if it may be language.
pub(crate) fn verdict(text: &str, counts: &Counts) -> Option<NoLanguage> {
    let letters = counts.letter_bytes;
    if letters == 0 {
        return Some(NoLanguage::NoLetters);
    }
    let (digits, symbols) = (counts.of(Class::Digit), counts.of(Class::Code));
    let (other, broken) = (counts.of(Class::Other), counts.of(Class::Broken));
    if digits > 3 * letters {
        return Some(NoLanguage::Numbers);
    }
    if broken * 8 > letters || other * 6 > letters && is_mojibake(text, letters) {
        return Some(NoLanguage::Mojibake);
    }
    let suspicious = symbols * SUSPICIOUS_SYMBOLS > letters || digits * 5 > letters || other * 10 > letters;
    if suspicious && is_code(text) { Some(NoLanguage::Code) } else { None }
}

/// UTF-8 that was read as Windows-1252 or Latin-1: a letter that starts a sequence, and a character that continues it.
fn is_mojibake(text: &str, letters: usize) -> bool {
    let mut pairs = 0;
    let mut lead = false;
    for c in text.chars() {
        let tail = matches!(
            c,
            '\u{80}'
                ..='\u{bf}'
                    | '€'
                    | '‚'
                    | 'ƒ'
                    | '„'
                    | '…'
                    | '†'
                    | '‡'
                    | 'ˆ'
                    | '‰'
                    | 'Š'
                    | '‹'
                    | 'Œ'
                    | 'Ž'
                    | '‘'
                    | '’'
                    | '“'
                    | '”'
                    | '•'
                    | '–'
                    | '—'
                    | '˜'
                    | '™'
                    | 'š'
                    | '›'
                    | 'œ'
                    | 'ž'
                    | 'Ÿ'
        );
        pairs += usize::from(lead && tail);
        lead = matches!(
            c,
            'Â' | 'Ã'
                | 'Ä'
                | 'Å'
                | 'Î'
                | 'Ï'
                | 'Ð'
                | 'Ñ'
                | '×'
                | 'Ø'
                | 'Ù'
                | 'Ú'
                | 'à'
                | 'á'
                | 'â'
                | 'ã'
                | 'ï'
        );
    }
    pairs >= 2 && pairs * 10 > letters
}

/// Words that begin lines of programs and hardly a sentence together with a symbol.
const KEYWORDS: [&str; 115] = [
    "#include",
    "@media",
    "add",
    "all",
    "alter",
    "and",
    "arg",
    "assert",
    "async",
    "await",
    "begin",
    "between",
    "break",
    "by",
    "case",
    "catch",
    "class",
    "cmd",
    "commit",
    "const",
    "continue",
    "copy",
    "count",
    "create",
    "debug",
    "def",
    "define",
    "delete",
    "dependencies",
    "desc",
    "do",
    "drop",
    "echo",
    "elif",
    "else",
    "end",
    "endif",
    "entrypoint",
    "enum",
    "env",
    "error",
    "except",
    "exists",
    "explain",
    "export",
    "expose",
    "extern",
    "fi",
    "final",
    "fn",
    "for",
    "from",
    "func",
    "function",
    "grant",
    "group",
    "having",
    "if",
    "ifdef",
    "impl",
    "import",
    "include",
    "index",
    "info",
    "insert",
    "interface",
    "into",
    "is",
    "join",
    "left",
    "let",
    "limit",
    "match",
    "mod",
    "namespace",
    "not",
    "null",
    "on",
    "order",
    "package",
    "pragma",
    "primary",
    "print",
    "private",
    "protected",
    "pub",
    "public",
    "raise",
    "require",
    "return",
    "right",
    "run",
    "select",
    "set",
    "static",
    "struct",
    "sum",
    "switch",
    "table",
    "throw",
    "try",
    "type",
    "union",
    "unsafe",
    "update",
    "use",
    "values",
    "var",
    "void",
    "warn",
    "where",
    "while",
    "with",
    "workdir",
    "yield",
];

/// Whether most of the text's tokens look like code.
fn is_code(text: &str) -> bool {
    let (mut all, mut code) = (0, 0);
    let (mut tokens, mut shouted) = (0, 0);
    let mut first_is_keyword = false;
    for token in text.split_whitespace() {
        // An address in a sentence is one word of it, however long.
        let weight = token.len().min(if token.contains("://") { 10 } else { 24 });
        all += weight;
        let word = token.trim_matches(|c: char| !c.is_alphanumeric() && c != '#' && c != '@');
        let keyword = is_keyword(word);
        if tokens == 0 {
            first_is_keyword = keyword;
        }
        if keyword && word.bytes().all(|byte| byte.is_ascii_uppercase()) {
            shouted += 1;
        }
        let share = code_share(token).max(if keyword && first_is_keyword { 40 } else { 0 });
        code += weight * share / 100;
        tokens += 1;
    }
    let last = text.trim_end().chars().last().unwrap_or(' ');
    let opens_block = last == ':'
        && (first_is_keyword || tokens == 1 && text.bytes().all(|byte| !byte.is_ascii_uppercase()));
    if matches!(last, ';' | '{' | '}' | '\\' | '>' | '=' | '|' | '(' | '[' | ']') || opens_block {
        code += 12;
    }
    if first_is_keyword {
        code += 8;
    }
    // Two words of SQL in upper case, or a statement that begins with one.
    if shouted > 1 || shouted == 1 && tokens < 4 {
        code += 10 * shouted;
    }
    code * 100 > all * MOST_CODE
}

fn is_keyword(word: &str) -> bool {
    let mut lower = [0u8; 12];
    if word.len() > lower.len() {
        return false;
    }
    for (to, from) in lower.iter_mut().zip(word.bytes()) {
        *to = from.to_ascii_lowercase();
    }
    let Ok(lower) = std::str::from_utf8(&lower[..word.len()]) else { return false };
    KEYWORDS.binary_search(&lower).is_ok()
}

/// How much a token looks like code, in 1/100.
fn code_share(token: &str) -> usize {
    // What prose puts around words.
    let inner = token.trim_matches(|c: char| {
        matches!(
            c,
            '.' | ','
                | ':'
                | '!'
                | '?'
                | '"'
                | '\''
                | '('
                | ')'
                | '“'
                | '”'
                | '„'
                | '«'
                | '»'
                | '‘'
                | '’'
                | '…'
                | '-'
                | '–'
                | '—'
                | '*'
        ) || (!c.is_ascii() && !c.is_alphanumeric())
    });
    if inner.is_empty() {
        // Operators: a dash alone is prose, most others are not.
        let prose = matches!(token, "-" | "–" | "—" | "..." | "…" | "." | "," | "!" | "?" | ":" | "&" | "*")
            || !token.is_ascii();
        return if prose { 0 } else { 100 };
    }
    if token.starts_with('"') && (token.ends_with("\":") || token.ends_with("\",")) && token.is_ascii() {
        return 100;
    }
    if inner.contains("://") || token.starts_with("--") || token.contains("()") {
        return 100;
    }
    let mut symbols = 0;
    let (mut digits, mut letters, mut dots, mut humps) = (0, 0, 0, 0);
    let mut before = ' ';
    let mut chars = inner.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '{' | '}' | '<' | '>' | '=' | '_' | '$' | '\\' | '|' | '^' | '~' | '#' | '@' | '`' | '%'
            | '*' | '+' | ';' => symbols += 1,
            // Brackets, slashes and ampersands stand in prose too: either/or, [1], AT&T.
            '[' | ']' | '(' | ')' | '/' | '&' | '"' => dots += 1,
            '.' | ':' | ','
                if chars.peek().is_some_and(|next| {
                    next.is_alphanumeric() || matches!(next, ':' | '/' | '.' | '_' | '-')
                }) =>
            {
                dots += 1;
            }
            c if c.is_numeric() => digits += 1,
            c if c.is_alphabetic() => {
                letters += 1;
                humps += usize::from(before.is_ascii_lowercase() && c.is_ascii_uppercase());
            }
            _ => {}
        }
        before = c;
    }
    let ends_in_code = token.ends_with([';', '{', '}', '(', '=', '>', ']', '['])
        || token.starts_with(['<', '{', '}', '[', '$', '@', '#', '-', '/']);
    let share = match (symbols, digits, letters) {
        (_, _, 0) if symbols + digits > 0 => 60,
        (0, 0, _) => match (dots, humps) {
            (0, 0) => {
                if ends_in_code {
                    60
                } else {
                    0
                }
            }
            (0, _) => {
                if ends_in_code {
                    100
                } else {
                    50
                }
            }
            (1, 0) => {
                if ends_in_code {
                    80
                } else {
                    35
                }
            }
            _ => 80,
        },
        (0, _, _) => 60 + 40 * usize::from(dots + humps > 0 || ends_in_code),
        _ => 100,
    };
    // Code is ASCII. A symbol among other letters is a broken font or a habit: FLORES has `<` for a letter of Tifinagh.
    if inner.is_ascii() { share } else { share.min(40) }
}

#[cfg(test)]
mod tests {
    use super::super::text::read;
    use super::*;

    fn judge(text: &str) -> Option<NoLanguage> {
        let mut counts = Counts::default();
        read(text, &mut counts, |_| true);
        verdict(text, &counts)
    }

    #[test]
    fn keywords_are_sorted() {
        assert!(KEYWORDS.is_sorted());
    }

    #[test]
    fn code_numbers_and_broken_text_are_refused_with_a_reason() {
        for (text, want) in [
            ("for (int i = 0; i < n; i++) {", NoLanguage::Code),
            ("<div class=\"menu\"><a href=\"/habari\">", NoLanguage::Code),
            ("export PATH=$HOME/bin:$PATH", NoLanguage::Code),
            ("https://sw.wikipedia.org/wiki/Mwanzo", NoLanguage::Code),
            ("\"user_id\": 42, \"is_admin\": false,", NoLanguage::Code),
            ("12:30, 15:45 — 100 % 2024-05-17 km", NoLanguage::Numbers),
            ("ÐŸÑ€Ð¸Ð²ÐµÑ‚ Ð¼Ð¸Ñ€", NoLanguage::Mojibake),
            ("h\u{fffd}b\u{fffd}r\u{fffd} z\u{fffd} l\u{fffd}o", NoLanguage::Mojibake),
            ("🙂🙂 100%", NoLanguage::NoLetters),
        ] {
            assert_eq!(judge(text), Some(want), "{text}");
        }
    }

    #[test]
    fn text_with_symbols_numbers_and_addresses_stays_text() {
        for text in [
            "Bei ya mahindi imepanda kwa 12% (KSh 4,500) tangu 2023.",
            "Tazama zaidi: https://example.org/habari — ni ya bure!",
            "Α΄ τάξη και/ή Β΄ τάξη [2]",
            "¿Qué? ¡No! — dijo (muy enfadado)...",
            "2024年5月17日（金）の天気は晴れです。",
            "ราคา 1,500 บาท/คน",
            "AT&T na WhatsApp zimeungana",
            "«Привет!» — сказал он в 12:30.",
            "المادة 12: لكل فرد الحق (أ) و/أو (ب)",
            "ng'ombe wa mama",
        ] {
            assert_eq!(judge(text), None, "{text}");
        }
    }
}
