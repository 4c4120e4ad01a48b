//! Where the parts of a page end that are no elements: names, comments, raw text, the doctype.

use memchr::{memchr, memmem};

/// Whether a page has no doctype, or one that browsers take for a sign of old age.
pub(super) fn is_quirky(html: &str) -> bool {
    let mut bytes = html.as_bytes().trim_ascii_start();
    loop {
        if let Some(comment) = bytes.strip_prefix(b"<!--") {
            bytes = comment[comment_end(comment, 0)..].trim_ascii_start();
        } else if bytes.starts_with(b"<?") {
            let Some(end) = memchr(b'>', bytes) else { return true };
            bytes = bytes[end + 1..].trim_ascii_start();
        } else {
            break;
        }
    }
    if !bytes.get(..9).is_some_and(|start| start.eq_ignore_ascii_case(b"<!doctype")) {
        return true;
    }
    let end = memchr(b'>', bytes).unwrap_or(bytes.len()).min(1_000);
    let doctype = bytes[..end].to_ascii_lowercase();
    let has = |part: &[u8]| memmem::find(&doctype, part).is_some();
    let is_loose = has(b"dtd html 4.01 transitional") || has(b"dtd html 4.01 frameset");
    has(b"dtd html 2") || has(b"dtd html 3") || has(b"dtd html 4.0 ") || is_loose && !has(b"http:")
}

/// Where the tag name that starts at `at` ends.
pub(super) fn name_end(bytes: &[u8], at: usize) -> usize {
    let rest = &bytes[at..];
    let end = rest.iter().position(|b| matches!(b, b'\t' | b'\n' | b'\x0c' | b'\r' | b' ' | b'/' | b'>'));
    at + end.unwrap_or(rest.len())
}

/// One past the end tag of a raw text element, and where it starts; the end of the page if it is never closed.
pub(super) fn raw_end(bytes: &[u8], mut at: usize, name: &[u8]) -> usize {
    while let Some(found) = memmem::find(&bytes[at..], b"</") {
        let end_name = at + found + 2;
        let candidate = bytes.get(end_name..end_name + name.len());
        let after = bytes.get(end_name + name.len());
        if candidate.is_some_and(|c| c.eq_ignore_ascii_case(name))
            && after.is_none_or(|b| b.is_ascii_whitespace() || matches!(b, b'/' | b'>'))
        {
            return at + found;
        }
        at = end_name;
    }
    bytes.len()
}

/// Where the comment ends whose text starts at `body`.
pub(super) fn comment_end(bytes: &[u8], body: usize) -> usize {
    // `<!-->` and `<!--->` are whole comments.
    for whole in [&b">"[..], b"->"] {
        if bytes[body..].starts_with(whole) {
            return body + whole.len();
        }
    }
    let mut at = body;
    while let Some(found) = memmem::find(&bytes[at..], b"--") {
        at += found + 2;
        match &bytes[at..] {
            [b'>', ..] => return at + 1,
            [b'!', b'>', ..] => return at + 2,
            _ => at -= 1,
        }
    }
    bytes.len()
}
