//! From a page's bytes to its text.
//!
//! The order, each step taken only if the one before does not hold:
//! 1. a byte order mark;
//! 2. valid UTF-8, all of it, or all but few stray bytes: no legacy text looks like UTF-8 for long, while UTF-8 pages with
//!    a cut last character or a broken widget are common. What is wrong becomes U+FFFD and is counted;
//! 3. the HTTP charset, if the bytes are that (under 0.1 % errors);
//! 4. the page's own `<meta charset>` or XML declaration, on the same condition;
//! 5. a guess by chardetng from the whole page (heads are ASCII and fool it) and the host's top-level domain;
//! 6. windows-1252, where fewer than [`LEAST_EVIDENCE`] bytes could tell.
//!
//! Peers that decode strictly, or trust a declaration, lose 80 to 100 % of the damaged pages in non-Latin scripts.
//!
//! ```
//! use kilim_connectors::charset::{CharsetSource, decode};
//!
//! let page = b"<meta charset=windows-1251>\xcf\xf0\xe8\xe2\xe5\xf2";
//! let decoded = decode(page, None, Some("bg"));
//! assert!(decoded.text.ends_with("Привет"));
//! assert_eq!((decoded.charset, decoded.source, decoded.errors), ("windows-1251", CharsetSource::Meta, 0));
//! ```

use std::borrow::Cow;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, ISO_2022_JP, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252, X_USER_DEFINED};
use memchr::memmem;

/// Non-ASCII bytes below which a guess is worse than windows-1252: on English pages with a few curly quotes, chardetng
/// was right on 78 %.
pub const LEAST_EVIDENCE: usize = 5;
/// Where a declaration must stand. Browsers look at 1 KiB; real pages are wordier.
const DECLARATION_WINDOW: usize = 8 << 10;
/// One stray byte sequence to so many good multi-byte characters is still UTF-8.
const GOOD_PER_ERROR: usize = 10;
/// The same where the page or its server says that it is UTF-8.
const GOOD_PER_ERROR_DECLARED: usize = 2;

/// What decided the charset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CharsetSource {
    /// A byte order mark.
    Bom,
    /// The bytes are UTF-8, or as good as.
    Utf8,
    /// The `Content-Type` field.
    Http,
    /// The page's own declaration.
    Meta,
    /// A guess from the bytes.
    Detected,
    /// Nothing to go by.
    Default,
}

impl CharsetSource {
    /// A word for reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bom => "bom",
            Self::Utf8 => "utf8",
            Self::Http => "http",
            Self::Meta => "meta",
            Self::Detected => "detected",
            Self::Default => "default",
        }
    }
}

/// A page's text, and how it was come by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded<'a> {
    /// The text, without byte order mark; borrowed where the bytes were UTF-8.
    pub text: Cow<'a, str>,
    /// The charset's WHATWG name, such as `UTF-8` or `windows-1256`.
    pub charset: &'static str,
    /// What decided it.
    pub source: CharsetSource,
    /// Byte sequences that the charset does not know; each became U+FFFD.
    pub errors: u32,
}

/// Decodes a page. `http_charset` is the label of the `Content-Type` field, `tld` the host's top-level domain (a whole host
/// name will do; in Punycode where it is not ASCII).
pub fn decode<'a>(body: &'a [u8], http_charset: Option<&str>, tld: Option<&str>) -> Decoded<'a> {
    if let Some((encoding, bom_len)) = Encoding::for_bom(body) {
        return decode_as(encoding, &body[bom_len..], CharsetSource::Bom);
    }
    let http = http_charset.and_then(|label| Encoding::for_label_no_replacement(label.trim().as_bytes()));
    let meta = declared_charset(body);
    if let Ok(text) = std::str::from_utf8(body) {
        // ISO-2022-JP and ASCII in UTF-16 are valid UTF-8 too: one has escapes, the other zeros.
        let declared = [(http, CharsetSource::Http), (meta, CharsetSource::Meta)];
        for (encoding, source) in declared.into_iter().filter_map(|(found, source)| Some((found?, source))) {
            let meant = if encoding == ISO_2022_JP {
                memchr::memchr(0x1b, body).is_some()
            } else {
                (encoding == UTF_16LE || encoding == UTF_16BE) && has_many_zeros(body)
            };
            if meant {
                return decode_as(encoding, body, source);
            }
        }
        let text = Cow::Borrowed(text);
        return Decoded { text, charset: UTF_8.name(), source: CharsetSource::Utf8, errors: 0 };
    }
    let is_declared = http == Some(UTF_8) || meta == Some(UTF_8);
    if is_nearly_utf8(body, is_declared) {
        return decode_as(UTF_8, body, CharsetSource::Utf8);
    }
    for (encoding, source) in [(http, CharsetSource::Http), (meta, CharsetSource::Meta)] {
        let Some(encoding) = encoding.filter(|encoding| *encoding != UTF_8) else { continue };
        let decoded = decode_as(encoding, body, source);
        if is_convincing(&decoded) {
            return decoded;
        }
    }
    let evidence = body.iter().filter(|byte| !byte.is_ascii()).take(LEAST_EVIDENCE).count();
    if evidence < LEAST_EVIDENCE {
        return decode_as(WINDOWS_1252, body, CharsetSource::Default);
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(body, true);
    let tld = tld.and_then(last_label);
    let guess = detector.guess(tld.as_deref().map(str::as_bytes), Utf8Detection::Deny);
    decode_as(guess, body, CharsetSource::Detected)
}

fn decode_as<'a>(encoding: &'static Encoding, body: &'a [u8], source: CharsetSource) -> Decoded<'a> {
    let (text, had_errors) = encoding.decode_without_bom_handling(body);
    let errors = if had_errors { text.matches('\u{fffd}').count() } else { 0 };
    // A page may hold U+FFFD of its own; only UTF-8 and its like can say it.
    let own = if had_errors && encoding == UTF_8 { memmem::find_iter(body, "\u{fffd}").count() } else { 0 };
    let errors = u32::try_from(errors - own.min(errors)).unwrap_or(u32::MAX);
    Decoded { text, charset: encoding.name(), source, errors }
}

/// Under 0.1 % errors; a cut last character is none.
fn is_convincing(decoded: &Decoded<'_>) -> bool {
    let errors =
        u64::from(decoded.errors) - u64::from(decoded.errors > 0 && decoded.text.ends_with('\u{fffd}'));
    errors == 0 || errors * 1000 < decoded.text.chars().count() as u64
}

fn is_nearly_utf8(body: &[u8], is_declared: bool) -> bool {
    let (mut good, mut errors) = (0, 0);
    let mut cut = false;
    for chunk in body.utf8_chunks() {
        good += chunk.valid().bytes().filter(|byte| *byte >= 0xc0).count(); // lead bytes: one a character
        let invalid = chunk.invalid();
        // `error_len` is none for a character cut off by the end.
        cut = std::str::from_utf8(invalid).is_err_and(|error| error.error_len().is_none());
        errors += usize::from(!invalid.is_empty());
    }
    let errors = errors - usize::from(cut);
    let good_per_error = if is_declared { GOOD_PER_ERROR_DECLARED } else { GOOD_PER_ERROR };
    good > 0 && good >= errors * good_per_error
}

fn has_many_zeros(body: &[u8]) -> bool {
    let head = &body[..body.len().min(DECLARATION_WINDOW)];
    memchr::memchr_iter(0, head).count() * 4 > head.len()
}

fn last_label(host: &str) -> Option<String> {
    let label = host.trim_end_matches('.').rsplit('.').next()?.to_ascii_lowercase();
    (label.is_ascii() && !label.is_empty()).then_some(label)
}

/// What the page declares, in a `<meta>` tag outside comments or in an XML declaration. UTF-16 and x-user-defined are
/// not believed there: had they been true, the tag would not have been found.
fn declared_charset(body: &[u8]) -> Option<&'static Encoding> {
    let head = &body[..body.len().min(DECLARATION_WINDOW)];
    let usable = |encoding: &&'static Encoding| ![UTF_16LE, UTF_16BE, X_USER_DEFINED].contains(encoding);
    if let Some(declaration) = head.trim_ascii_start().strip_prefix(b"<?xml") {
        let end = memmem::find(declaration, b"?>").unwrap_or(0);
        if let Some(found) = label_after(&declaration[..end], b"encoding").filter(usable) {
            return Some(found);
        }
    }
    let mut at = 0;
    while let Some(open) = memchr::memchr(b'<', &head[at..]) {
        at += open + 1;
        let tag = &head[at..];
        if tag.starts_with(b"!--") {
            at += memmem::find(tag, b"-->")?;
        } else if tag
            .get(..5)
            .is_some_and(|name| name.eq_ignore_ascii_case(b"meta ") || name.eq_ignore_ascii_case(b"meta\n"))
        {
            let end = memchr::memchr(b'>', tag).unwrap_or(tag.len());
            if let Some(found) = label_after(&tag[..end], b"charset").filter(usable) {
                return Some(found);
            }
        }
    }
    None
}

/// The label behind the first `name =` in a tag.
fn label_after(tag: &[u8], name: &[u8]) -> Option<&'static Encoding> {
    let mut at = 0;
    while at + name.len() <= tag.len() {
        let here = &tag[at..];
        at += 1;
        if !here[..name.len()].eq_ignore_ascii_case(name) {
            continue;
        }
        let Some(value) = here[name.len()..].trim_ascii_start().strip_prefix(b"=") else { continue };
        let value = value.trim_ascii_start();
        let value = value.strip_prefix(b"\"").or_else(|| value.strip_prefix(b"'")).unwrap_or(value);
        let ends =
            |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b';' | b'>' | b'/');
        let label = &value[..value.iter().position(ends).unwrap_or(value.len())];
        return Encoding::for_label_no_replacement(label);
    }
    None
}

#[cfg(test)]
mod tests {
    use encoding_rs::{
        BIG5, EUC_KR, GB18030, KOI8_R, SHIFT_JIS, WINDOWS_874, WINDOWS_1251, WINDOWS_1253, WINDOWS_1256,
    };
    use proptest::prelude::*;

    use super::*;

    const SIX: [(&str, &str); 6] = [
        ("hi", "नमस्ते दुनिया। आज मौसम अच्छा है और बाज़ार खुला है।"),
        ("ta", "வணக்கம் உலகம். இன்று வானிலை நன்றாக உள்ளது."),
        ("am", "ሰላም ለዓለም። ዛሬ አየሩ ጥሩ ነው፤ ገበያውም ክፍት ነው።"),
        ("el", "Γειά σου κόσμε. Σήμερα ο καιρός είναι καλός."),
        ("ar", "مرحبا بالعالم. الطقس اليوم جميل والسوق مفتوح."),
        ("th", "สวัสดีชาวโลก วันนี้อากาศดีและตลาดเปิด"),
    ];

    fn legacy(encoding: &'static Encoding, text: &str) -> Vec<u8> {
        let (bytes, _, failed) = encoding.encode(text);
        assert!(!failed, "{text} is not in {}", encoding.name());
        bytes.into_owned()
    }

    #[test]
    fn valid_utf8_is_borrowed_whatever_is_declared() {
        for (tld, text) in SIX {
            let page = format!("<meta charset=windows-1251><p>{text}</p>");
            let decoded = decode(page.as_bytes(), Some("iso-8859-1"), Some(tld));
            assert!(matches!(decoded.text, Cow::Borrowed(whole) if whole == page));
            assert_eq!((decoded.charset, decoded.source, decoded.errors), ("UTF-8", CharsetSource::Utf8, 0));
        }
    }

    #[test]
    fn a_cut_last_character_or_a_stray_byte_does_not_make_mojibake_in_six_scripts() {
        for (tld, text) in SIX {
            let cut = text.len() - text.chars().last().map_or(0, char::len_utf8);
            let (mut bytes, last) =
                (text.as_bytes()[..cut].to_vec(), text.chars().rfind(|c| c.len_utf8() > 1).unwrap());
            let mut buffer = [0; 4];
            let last = last.encode_utf8(&mut buffer).as_bytes();
            bytes.extend(&last[..last.len() - 1]);
            let decoded = decode(&bytes, Some("windows-1252"), Some(tld));
            assert_eq!(decoded.text, format!("{}\u{fffd}", &text[..cut]), "{tld}");
            assert_eq!((decoded.source, decoded.errors), (CharsetSource::Utf8, 1));

            let stray = [text.as_bytes(), b" caf\xe9 \xff ", text.as_bytes()].concat();
            let decoded = decode(&stray, None, Some(tld));
            assert_eq!(decoded.text, format!("{text} caf\u{fffd} \u{fffd} {text}"), "{tld}");
            assert_eq!((decoded.charset, decoded.errors), ("UTF-8", 2));
        }
    }

    #[test]
    fn legacy_pages_are_decoded_by_their_server_by_their_own_word_or_by_guess() {
        let pages = [
            (
                WINDOWS_1251,
                "ru",
                "Привет, мир. Сегодня хорошая погода, и рынок открыт для всех жителей города.",
            ),
            (KOI8_R, "ru", "Привет, мир. Сегодня хорошая погода, и рынок открыт для всех жителей города."),
            (WINDOWS_1253, "gr", SIX[3].1),
            (WINDOWS_1256, "eg", SIX[4].1),
            (WINDOWS_874, "th", SIX[5].1),
            (SHIFT_JIS, "jp", "こんにちは世界。今日は天気がよく、市場は開いています。"),
            (EUC_KR, "kr", "안녕하세요 세계. 오늘은 날씨가 좋고 시장이 열려 있습니다."),
            (GB18030, "cn", "你好，世界。今天天气很好，市场开放，欢迎大家光临。"),
            (BIG5, "tw", "你好，世界。今天天氣很好，市場開放，歡迎大家光臨。"),
        ];
        for (encoding, tld, text) in pages {
            let name = encoding.name();
            let bytes = legacy(encoding, text);
            let decoded = decode(&bytes, Some(name), None);
            assert_eq!((decoded.text.as_ref(), decoded.source), (text, CharsetSource::Http), "{name}");

            let page = [
                format!("<!-- <meta charset=big5> --><META content='text/html; charset={name}'>").as_bytes(),
                &bytes,
            ]
            .concat();
            let decoded = decode(&page, Some("utf-8"), None);
            assert!(decoded.text.ends_with(text), "{name}: {}", decoded.text);
            assert_eq!(decoded.source, CharsetSource::Meta, "{name}");

            let host = format!("www.mfano.{tld}");
            let decoded = decode(&bytes, None, Some(&host));
            assert_eq!((decoded.text.as_ref(), decoded.source), (text, CharsetSource::Detected), "{name}");
        }
    }

    #[test]
    fn a_declaration_that_does_not_decode_is_not_believed() {
        let text = "こんにちは世界。今日は天気がよく、市場は開いています。";
        let bytes = legacy(SHIFT_JIS, text);
        let decoded = decode(&bytes, Some("euc-jp"), Some("jp"));
        assert_eq!((decoded.text.as_ref(), decoded.charset), (text, "Shift_JIS"));
        assert_eq!(decoded.source, CharsetSource::Detected);
    }

    #[test]
    fn byte_order_marks_escapes_and_zeros_are_heard() {
        let utf16: Vec<u8> = "\u{feff}ሰላም ለዓለም".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let decoded = decode(&utf16, Some("utf-8"), None);
        assert_eq!((decoded.text.as_ref(), decoded.source), ("ሰላም ለዓለም", CharsetSource::Bom));
        let ascii16: Vec<u8> = "Habari za leo".encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(decode(&ascii16, Some("utf-16be"), None).text, "Habari za leo");
        assert_eq!(decode("\u{feff}Γειά".as_bytes(), None, None).text, "Γειά");
        let japanese = legacy(ISO_2022_JP, "こんにちは");
        assert_eq!(decode(&japanese, Some("iso-2022-jp"), None).text, "こんにちは");
    }

    #[test]
    fn a_few_curly_quotes_are_windows_1252() {
        let decoded = decode(b"He said \x93yes\x94 and caf\xe9.", None, Some("gr"));
        assert_eq!(decoded.text, "He said “yes” and café.");
        assert_eq!((decoded.charset, decoded.source), ("windows-1252", CharsetSource::Default));
    }

    proptest! {
        #[test]
        fn any_bytes_and_labels_give_text(
            body in prop::collection::vec(any::<u8>(), 0..400),
            label in "[a-z0-9-]{0,12}",
            tld in ".{0,8}",
        ) {
            let decoded = decode(&body, Some(&label), Some(&tld));
            prop_assert!(decoded.errors as usize <= body.len());
        }
    }
}
