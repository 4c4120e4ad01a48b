//! Path patterns: a beginning of the path, with `*` for anything and `$` for the end.
//!
//! Two readings differ in spelling. Google compares octets: `%62` in a rule is not `b` in an address. RFC 9309 (2.2.2)
//! decodes what needs no encoding first. Both are known here, and [`Pattern::matches`] tells them apart, so that a
//! caller can take the stricter.
//!
//! A segment between two `*` is taken where it first stands: for plain segments no other choice can succeed where that
//! fails, so there is no going back, and a match costs at most one pass over the path.

use memchr::memmem;

/// How octets of rules and addresses are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Spelling {
    /// As written; only what a rule leaves unencoded is encoded.
    AsWritten,
    /// By RFC 9309: unreserved characters are decoded, all others encoded.
    Normal,
}

/// A path, in both spellings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path<'a> {
    written: &'a [u8],
    normal: Option<Box<[u8]>>,
}

impl<'a> Path<'a> {
    /// Path and query of an address: what stands behind its host, up to a fragment; `/` where nothing does.
    pub fn of(url: &'a str) -> Self {
        let bytes = url.as_bytes();
        let start = memmem::find(bytes, b"//").map_or(0, |slashes| slashes + 2);
        let rest = &bytes[start..];
        let path = match rest.iter().position(|byte| matches!(byte, b'/' | b'?' | b';' | b'#')) {
            Some(at) if rest[at] == b'/' => &rest[at..],
            _ => b"/",
        };
        Self::new(&path[..memchr::memchr(b'#', path).unwrap_or(path.len())])
    }

    /// A path with its query.
    pub fn new(written: &'a [u8]) -> Self {
        Self { written, normal: normalise(written, true) }
    }

    fn spelled(&self, spelling: Spelling) -> &[u8] {
        match spelling {
            Spelling::Normal => self.normal.as_deref().unwrap_or(self.written),
            Spelling::AsWritten => self.written,
        }
    }

    /// Whether both spellings are the same.
    pub fn is_plain(&self) -> bool {
        self.normal.is_none()
    }
}

/// A pattern of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    /// What is not ASCII encoded, hexadecimal digits in upper case.
    written: Box<[u8]>,
    /// By RFC 9309, where that differs.
    normal: Option<Box<[u8]>>,
}

impl Pattern {
    /// Reads the value of a rule.
    pub fn new(value: &[u8]) -> Self {
        let written = encode(value);
        let normal = normalise(&written, false);
        Self { written: written.into(), normal }
    }

    /// The pattern as it is compared, all ASCII.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.written).unwrap_or_default()
    }

    /// Length in bytes: the longer of two patterns that match is the more specific.
    pub fn len(&self) -> usize {
        self.written.len()
    }

    /// Whether nothing is written.
    pub fn is_empty(&self) -> bool {
        self.written.is_empty()
    }

    /// Whether both spellings are the same.
    pub fn is_plain(&self) -> bool {
        self.normal.is_none()
    }

    /// Whether the path begins so.
    pub fn matches(&self, path: &Path<'_>, spelling: Spelling) -> bool {
        let pattern = match spelling {
            Spelling::Normal => self.normal.as_deref().unwrap_or(&self.written),
            Spelling::AsWritten => &self.written,
        };
        matches(pattern, path.spelled(spelling))
    }
}

fn matches(pattern: &[u8], path: &[u8]) -> bool {
    let (pattern, to_the_end) = match pattern.strip_suffix(b"$") {
        Some(pattern) => (pattern, true),
        None => (pattern, false),
    };
    let mut segments = pattern.split(|byte| *byte == b'*');
    let first = segments.next().unwrap_or_default();
    let Some(mut rest) = path.strip_prefix(first) else { return false };
    let Some(mut segment) = segments.next() else { return !to_the_end || rest.is_empty() };
    for next in segments {
        match memmem::find(rest, segment) {
            Some(at) => rest = &rest[at + segment.len()..],
            None => return false,
        }
        segment = next;
    }
    if to_the_end { rest.ends_with(segment) } else { memmem::find(rest, segment).is_some() }
}

const HEX: &[u8; 16] = b"0123456789ABCDEF";

/// What is not ASCII is encoded, and escapes are written in upper case.
fn encode(value: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(value.len());
    let mut at = 0;
    while at < value.len() {
        let byte = value[at];
        match escape(&value[at..]) {
            Some(_) => {
                out.extend([b'%', value[at + 1].to_ascii_uppercase(), value[at + 2].to_ascii_uppercase()]);
                at += 3;
            }
            None if byte.is_ascii() => {
                out.push(byte);
                at += 1;
            }
            None => {
                push_escaped(&mut out, byte);
                at += 1;
            }
        }
    }
    out
}

/// The octet that an escape at the beginning of `text` stands for.
fn escape(text: &[u8]) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    match text {
        [b'%', high, low, ..] => Some(digit(*high)? << 4 | digit(*low)?),
        _ => None,
    }
}

fn push_escaped(out: &mut Vec<u8>, byte: u8) {
    out.extend([b'%', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
}

/// RFC 3986, 2.3.
fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// The spelling of RFC 9309: unreserved characters plain, reserved ones as they are, all else encoded. `None` where it is
/// the one given. In a path `*` and `$` are plain characters, which a rule can only name encoded.
fn normalise(text: &[u8], is_path: bool) -> Option<Box<[u8]>> {
    let is_special = |byte: &u8| match byte {
        b'*' | b'$' => is_path,
        byte => !is_unreserved(*byte) && !b":/?#[]@!&'()+,;=".contains(byte),
    };
    text.iter().position(is_special)?;
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        let byte = text[at];
        if let Some(decoded) = escape(&text[at..]) {
            if is_unreserved(decoded) {
                out.push(decoded);
            } else {
                push_escaped(&mut out, decoded);
            }
            at += 3;
            continue;
        }
        // A percent sign on its own is encoded, or decoding what follows could make an escape of it.
        if is_special(&byte) {
            push_escaped(&mut out, byte);
        } else {
            out.push(byte);
        }
        at += 1;
    }
    (out != text).then(|| out.into())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn both(pattern: &str, path: &str) -> (bool, bool) {
        let (pattern, path) = (Pattern::new(pattern.as_bytes()), Path::new(path.as_bytes()));
        (pattern.matches(&path, Spelling::AsWritten), pattern.matches(&path, Spelling::Normal))
    }

    #[test]
    fn stars_stand_for_anything_and_a_dollar_for_the_end() {
        for (pattern, path, expected) in [
            ("", "/", true),
            ("/", "/samaki", true),
            ("/samaki", "/sama", false),
            ("samaki", "/samaki", false),
            ("*samaki", "/a/samaki/b", true),
            ("/*.php", "/a.php?b", true),
            ("/*.php$", "/a.php?b", false),
            ("/*.php$", "/a.php.php", true),
            ("/$", "/", true),
            ("/$", "/a", false),
            ("/a*b*c$", "/abcbc", true),
            ("/a*b*b$", "/ab", false),
            ("/a**b", "/ab", true),
            ("/a$b", "/a$b", true),
            ("/a*$", "/abc", true),
            ("$", "/", false),
            ("*", "", true),
        ] {
            assert_eq!(both(pattern, path).0, expected, "{pattern} {path}");
        }
    }

    #[test]
    fn the_two_spellings_differ_in_what_needs_no_encoding() {
        assert_eq!(both("/%62%61z", "/baz"), (false, true));
        assert_eq!(both("/baz", "/%62az"), (false, true));
        assert_eq!(both("/ሰላም", "/%E1%88%B0%E1%88%8B%E1%88%9D"), (true, true));
        assert_eq!(both("/ሰላም", "/ሰላም"), (false, true));
        assert_eq!(both("/a%2fb", "/a%2Fb"), (true, true));
        assert_eq!(both("/a%2Fb", "/a/b"), (false, false));
        assert_eq!(both("/bei-%24%2a", "/bei-$*"), (false, true));
        assert_eq!(both("/100%", "/100%25"), (true, true));
        assert_eq!(both("/\"sera\"|", "/%22sera%22%7C"), (false, true));
    }

    #[test]
    fn the_path_of_an_address_is_what_stands_behind_its_host() {
        for (url, path) in [
            ("https://a.ke/b/c?d=e#f", "/b/c?d=e"),
            ("https://a.ke", "/"),
            ("https://a.ke?x", "/"),
            ("https://a.ke/x//y", "/x//y"),
            ("", "/"),
            ("http://a.ke#/b", "/"),
        ] {
            assert_eq!(Path::of(url).written, path.as_bytes(), "{url}");
        }
    }

    #[test]
    fn a_hostile_pattern_costs_no_more_than_a_pass() {
        let pattern = Pattern::new("a*".repeat(50_000).as_bytes());
        let path = vec![b'a'; 100_000];
        let started = std::time::Instant::now();
        assert!(!pattern.matches(&Path::new(&path[..49_999]), Spelling::AsWritten));
        assert!(pattern.matches(&Path::new(&path), Spelling::AsWritten));
        let never = Pattern::new([b"*a".repeat(20_000).as_slice(), b"b$"].concat().as_slice());
        assert!(!never.matches(&Path::new(&path), Spelling::AsWritten));
        assert!(started.elapsed().as_secs() < 20, "matching went back");
    }

    /// What a pattern means, tried in every possible way.
    fn plainly(pattern: &[u8], path: &[u8]) -> bool {
        match pattern {
            [] => true,
            [b'$'] => path.is_empty(),
            [b'*', rest @ ..] => (0..=path.len()).any(|at| plainly(rest, &path[at..])),
            [byte, rest @ ..] => path.first() == Some(byte) && plainly(rest, &path[1..]),
        }
    }

    proptest! {
        #[test]
        fn matching_is_what_trying_everything_gives(pattern in "[ab*]{0,8}\\$?", path in "[ab]{0,10}") {
            prop_assert_eq!(matches(pattern.as_bytes(), path.as_bytes()), plainly(pattern.as_bytes(), path.as_bytes()));
        }

        #[test]
        fn normalising_twice_is_normalising_once(text in "(%[0-9a-fA-F]{2}|[a-z/%*$~ሰ]){0,12}") {
            let once = normalise(text.as_bytes(), true).unwrap_or(text.as_bytes().into());
            prop_assert_eq!(normalise(&once, true), None);
            let encoded = encode(text.as_bytes());
            prop_assert_eq!(&encode(&encoded), &encoded);
            prop_assert!(encoded.is_ascii());
        }
    }
}
