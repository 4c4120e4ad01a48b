//! Character references that were escaped twice and so are left in the text: `caf&eacute;`, `Q &amp; A`.

use std::ops::Range;

use memchr::{memchr, memchr_iter, memchr2_iter};
use web_atoms::NAMED_ENTITIES;

use super::edits::Edits;

/// Longest name of a reference in the HTML standard, in bytes, its semicolon included.
const LONGEST_NAME: usize = 33;

/// Longest number, `&#x0010FFFF;` without its `&#`, with some zeros to spare.
const LONGEST_NUMBER: usize = 12;

/// Replaces references outside `kept` (code), ascending byte ranges.
///
/// A reference is one by a name that the HTML standard knows, or by the number of a character, and always with its
/// semicolon. `&amp;amp;eacute;` is one too: it is `é`. A text that speaks of HTML, with a tag or its name, is left
/// alone: there, `&lt;` is what it means to say.
pub(super) fn decode(text: &str, kept: &[Range<usize>], edits: &mut Edits) {
    if memchr(b'&', text.as_bytes()).is_none() {
        return;
    }
    let mut speaks_of_markup = None;
    let mut decoded = String::new();
    let mut next_kept = 0;
    let mut end = 0;
    for at in memchr_iter(b'&', text.as_bytes()) {
        while kept.get(next_kept).is_some_and(|range| range.end <= at) {
            next_kept += 1;
        }
        if at < end || kept.get(next_kept).is_some_and(|range| range.start <= at) {
            continue;
        }
        decoded.clear();
        let length = reference(&text[at..], &mut decoded);
        if length == 0 {
            continue;
        }
        if *speaks_of_markup.get_or_insert_with(|| mentions_markup(text)) {
            return;
        }
        end = at + length;
        edits.replace(at..end, &decoded);
    }
}

/// The length of the reference at the start of `rest`, 0 if there is none; what it stands for goes to `decoded`.
fn reference(rest: &str, decoded: &mut String) -> usize {
    let mut length = 1;
    // An ampersand may be escaped any number of times.
    while rest[length..].starts_with("amp;") {
        length += 4;
    }
    let bytes = &rest.as_bytes()[length..];
    let inner = if bytes.first() == Some(&b'#') { number(bytes, decoded) } else { named(bytes, decoded) };
    match (inner, length) {
        (0, 1) => 0,
        (0, _) => {
            decoded.push('&');
            length
        }
        _ => length + inner,
    }
}

/// The length of `#233;` or `#xe9;` at the start of `bytes`, 0 if there is none or it is no character that can be
/// written.
fn number(bytes: &[u8], decoded: &mut String) -> usize {
    let (start, radix) = if matches!(bytes.get(1), Some(b'x' | b'X')) { (2, 16) } else { (1, 10) };
    let digits = &bytes[start.min(bytes.len())..];
    let Some(count) = digits.iter().take(LONGEST_NUMBER).position(|byte| *byte == b';') else { return 0 };
    let digits = std::str::from_utf8(&digits[..count]).unwrap_or_default();
    if !digits.bytes().all(|byte| char::from(byte).is_digit(radix)) {
        return 0;
    }
    let Ok(code) = u32::from_str_radix(digits, radix) else { return 0 };
    let c = match u8::try_from(code) {
        // The HTML standard reads these as windows-1252.
        Ok(byte @ 0x80..=0x9f) => {
            encoding_rs::WINDOWS_1252.decode_without_bom_handling(&[byte]).0.chars().next()
        }
        _ => char::from_u32(code),
    };
    let Some(c) = c.filter(|c| !c.is_control() || matches!(c, '\t' | '\n' | '\r')) else { return 0 };
    decoded.push(c);
    start + count + 1
}

/// The length of `eacute;` at the start of `bytes`, 0 if there is none.
fn named(bytes: &[u8], decoded: &mut String) -> usize {
    let letters = bytes.iter().take(LONGEST_NAME).take_while(|byte| byte.is_ascii_alphanumeric()).count();
    if letters == 0 || bytes.get(letters) != Some(&b';') {
        return 0;
    }
    let name = std::str::from_utf8(&bytes[..=letters]).unwrap_or_default();
    let Some((first, second)) = NAMED_ENTITIES.get(name).filter(|(first, _)| *first != 0) else { return 0 };
    decoded.extend(char::from_u32(*first));
    if *second != 0 {
        decoded.extend(char::from_u32(*second));
    }
    letters + 1
}

/// Whether the text speaks of HTML: it has a tag in it (`<b`, `</b`, `<!`), or the word itself, or XML.
fn mentions_markup(text: &str) -> bool {
    let bytes = text.as_bytes();
    let opens_tag =
        |at: usize| bytes.get(at + 1).is_some_and(|b| b.is_ascii_alphabetic() || matches!(b, b'/' | b'!'));
    let ends_name = |at: usize| {
        let name = [&b"HTML"[..], b"Html", b"html", b"XML", b"Xml", b"xml"];
        let before = name.iter().find_map(|name| bytes[..=at].strip_suffix(*name));
        // Not the ending of an address: `habari.html`, `.xhtml`.
        before.is_some_and(|before| !before.ends_with(b".") && !before.ends_with(b".x"))
    };
    memchr_iter(b'<', bytes).any(opens_tag) || memchr2_iter(b'L', b'l', bytes).any(ends_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(text: &str) -> String {
        let mut edits = Edits::default();
        decode(text, &[], &mut edits);
        edits.apply(text, &mut [])
    }

    #[test]
    fn what_was_escaped_twice_is_read_once_more() {
        for (text, plain) in [
            ("Q &amp; A", "Q & A"),
            ("caf&eacute; l&#39;eau &#8217; &#x2019; &#146;", "café l'eau ’ ’ ’"),
            ("&#1055;&#1088;&#1080;&#1074;&#1077;&#1090;", "Привет"),
            ("&#x1230;&#x120B;&#x121D;", "ሰላም"),
            ("ก&nbsp;ข", "ก\u{a0}ข"),
            ("&amp;amp;eacute; &amp;amp;", "é &"),
            ("&NotEqualTilde;", "≂̸"),
        ] {
            assert_eq!(decoded(text), plain, "{text}");
        }
    }

    #[test]
    fn what_is_no_reference_stays() {
        for text in [
            "&nosuch; &; & &&amp &#; &#x; &#12 &eacute",
            "?a=1&copy=2&lang=sw",
            "&#0; &#xD800; &#99999999999; &#7;",
            "R&D; ሰላም",
        ] {
            assert_eq!(decoded(text), text);
        }
    }

    #[test]
    fn a_text_about_markup_keeps_what_it_says() {
        for text in [
            "Andika &lt;b&gt; katika HTML",
            "HTML में &amp; को &amp;amp; लिखें",
            "در xhtml بنویسید &nbsp;",
            "<b>&eacute;</b>",
            "<br/> &eacute;",
            "XML: &lt;a/&gt;",
        ] {
            assert_eq!(decoded(text), text);
        }
        assert_eq!(decoded("a &lt; b na c &gt; d"), "a < b na c > d");
        assert_eq!(
            decoded("habari.html &eacute; kilim.example/feed.xml"),
            "habari.html é kilim.example/feed.xml"
        );
    }

    #[test]
    fn code_is_left_alone() {
        let text = "&eacute; &lt;p&gt; &eacute;";
        let mut edits = Edits::default();
        let code = text.find("&lt;").unwrap();
        decode(text, std::slice::from_ref(&(code..code + 9)), &mut edits);
        assert_eq!(edits.apply(text, &mut []), "é &lt;p&gt; é");
    }
}
