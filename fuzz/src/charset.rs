//! The law of charsets.
//!
//! The input is a line with the label of the `Content-Type` field, a line with the host, and the page. An empty line is
//! none of either.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8};
use kilim_connectors::charset::{CharsetSource, Decoded, decode};

/// Bytes of UTF-8 that one byte of any charset can become: all single-byte charsets stay within the Basic Multilingual
/// Plane, the longer ones have fewer, and a stray byte becomes U+FFFD, which has three.
const MAX_GROWTH: usize = 3;

/// Panics if the promises of `kilim_connectors::charset` do not hold for this page.
pub fn holds(data: &[u8]) {
    let (label, rest) = line(data);
    let (host, body) = line(rest);
    let decoded = decode(body, label.as_deref(), host.as_deref());
    bounds(body, &decoded);
    words(&decoded, label.as_deref());
    if let Ok(text) = std::str::from_utf8(body)
        && decoded.source == CharsetSource::Utf8
    {
        assert!(matches!(decoded.text, Cow::Borrowed(_)), "UTF-8 was copied");
        assert_eq!((decoded.text.as_ref(), decoded.errors), (text, 0), "UTF-8 was changed");
    }
    // A page that was decoded once is UTF-8, and nothing is made of it a second time. Escapes of ISO-2022-JP are heard
    // where somebody declares them, and a second byte order mark is one again.
    let declares = decoded.text.contains('\u{1b}') || decoded.text.starts_with('\u{feff}');
    if !declares {
        let again = decode(decoded.text.as_bytes(), None, host.as_deref());
        assert_eq!(
            (again.text.as_ref(), again.errors),
            (decoded.text.as_ref(), 0),
            "decoding twice is not decoding once"
        );
    }
}

fn bounds(body: &[u8], decoded: &Decoded<'_>) {
    let (bytes, most) = (decoded.text.len(), MAX_GROWTH * body.len());
    assert!(bytes <= most, "{} bytes became {bytes}", body.len());
    let replaced = decoded.text.matches('\u{fffd}').count();
    assert!(decoded.errors as usize <= replaced, "{} errors, {replaced} characters replaced", decoded.errors);
    assert!(decoded.errors as usize <= body.len(), "{} errors in {} bytes", decoded.errors, body.len());
}

fn words(decoded: &Decoded<'_>, label: Option<&str>) {
    let encoding = Encoding::for_label(decoded.charset.as_bytes());
    assert_eq!(encoding.map(Encoding::name), Some(decoded.charset), "not a name of the WHATWG");
    let named = label.and_then(|label| Encoding::for_label(label.trim().as_bytes()));
    match decoded.source {
        CharsetSource::Utf8 => assert_eq!(decoded.charset, UTF_8.name()),
        CharsetSource::Http => assert_eq!(named.map(Encoding::name), Some(decoded.charset)),
        CharsetSource::Default => assert_eq!(decoded.charset, "windows-1252"),
        CharsetSource::Bom => assert!(matches!(decoded.charset, "UTF-8" | "UTF-16LE" | "UTF-16BE")),
        CharsetSource::Meta | CharsetSource::Detected => {}
    }
}

/// The first line, and what follows it.
fn line(data: &[u8]) -> (Option<String>, &[u8]) {
    let end = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let line = String::from_utf8_lossy(&data[..end]).into_owned();
    (Some(line).filter(|line| !line.is_empty()), data.get(end + 1..).unwrap_or_default())
}
