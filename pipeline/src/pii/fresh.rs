//! Redaction of short texts that no spans were kept for: titles, web addresses, contexts of evidence.
//!
//! A web address hides what it holds: `anna%40posteo.de`, `tel:0712345678`, `?phone=254712345678`. Escapes are read through
//! (twice, for addresses within addresses), and a parameter whose name says "telephone" stands for the word in front that
//! prose has. The mask is the same as in text: `<` and `>` never stand in a web address, so it cannot be taken for one, and
//! a parser escapes it.

use std::borrow::Cow;

use super::chars::{ends_here, is_digit, left};
use super::detect::choose;
use super::phone_plan::Plans;
use super::window::Window;
use super::{Counts, Detector, Hints, Kind, Profile, Redacted, Span, Treatment, redact, words};

/// Escapes of escapes of escapes are nobody's doing.
const MAX_ESCAPES: usize = 3;

/// Detects and treats at once. The result holds nothing that would be detected again, but for kinds that are kept.
pub fn redact_fresh<'t>(
    text: &'t str,
    detector: &Detector,
    hints: &Hints<'_>,
    profile: &Profile,
) -> Redacted<'t> {
    let mut done = Redacted { text: Cow::Borrowed(text), masked: Counts::default(), drop: false };
    loop {
        let mut spans = Vec::new();
        find(&done.text, detector, hints, &mut spans);
        // Each round takes a digit, an `@` or an escape out of the text, so there is a last one.
        spans.retain(|span| profile.of(span.kind) != Treatment::Keep);
        if spans.is_empty() {
            return done;
        }
        let next = redact(&done.text, &spans, profile);
        done.masked.add(&next.masked);
        done.drop |= next.drop;
        done.text = Cow::Owned(next.text.into_owned());
    }
}

fn find(text: &str, detector: &Detector, hints: &Hints<'_>, out: &mut Vec<Span>) {
    detector.detect(text, hints, out);
    parameters(text, detector.plans(), hints, out);
    for token in escaped_tokens(text) {
        let mut decoded = Decoded::new(text, token);
        for _ in 0..MAX_ESCAPES {
            if !decoded.unescape() {
                break;
            }
            let Ok(plain) = std::str::from_utf8(&decoded.bytes) else { break };
            let mut spans = Vec::new();
            detector.detect(plain, hints, &mut spans);
            parameters(plain, detector.plans(), hints, &mut spans);
            out.extend(spans.into_iter().map(|span| decoded.original(span)));
        }
    }
    choose(out);
}

/// Telephone numbers that a parameter names: `?tel=0712345678`, `&phone=254712345678`.
fn parameters(text: &str, plans: &Plans, hints: &Hints<'_>, out: &mut Vec<Span>) {
    for (equals, _) in text.match_indices('=') {
        let at = equals + 1;
        let name =
            left(text, equals, 24).rsplit(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | '-')).next();
        let name = name.unwrap_or_default().to_ascii_lowercase();
        if !words::PHONE_PARAMETERS.contains(&name.as_str()) || !text[at..].starts_with(is_digit) {
            continue;
        }
        let window = Window::read(text, at);
        let groups = window.groups().len();
        if groups == 0 || !ends_here(text, window.end(groups)) {
            continue;
        }
        let digits = window.digits(groups);
        let home = || hints.countries.iter().any(|country| plans.national(country, digits).is_some());
        if digits.len() >= 7 && (plans.international(digits).is_some() || home()) {
            out.push(Span::new(at, window.end(groups), Kind::Phone, "phone_parameter", 0.85));
        }
    }
}

/// Runs without white space and brackets that hold an escape.
fn escaped_tokens(text: &str) -> impl Iterator<Item = std::ops::Range<usize>> + '_ {
    let start_of = move |token: &str| token.as_ptr() as usize - text.as_ptr() as usize;
    text.split(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"'))
        .filter(|token| token.contains('%'))
        .map(move |token| start_of(token)..start_of(token) + token.len())
}

/// A part of a text with its escapes read, and where each byte came from.
struct Decoded {
    bytes: Vec<u8>,
    /// The bytes of the original that each byte stands for: one, three, five or seven.
    starts: Vec<usize>,
    end: usize,
}

impl Decoded {
    fn new(text: &str, token: std::ops::Range<usize>) -> Decoded {
        Decoded {
            bytes: text.as_bytes()[token.clone()].to_vec(),
            starts: token.clone().collect(),
            end: token.end,
        }
    }

    /// Reads one layer of escapes; whether there was one.
    fn unescape(&mut self) -> bool {
        let hex = |byte: u8| char::from(byte).to_digit(16);
        let (mut read, mut write) = (0, 0);
        while read < self.bytes.len() {
            let escaped = match self.bytes[read..] {
                [b'%', high, low, ..] => hex(high).zip(hex(low)).map(|(high, low)| (high * 16 + low) as u8),
                _ => None,
            };
            self.starts[write] = self.starts[read];
            self.bytes[write] = escaped.unwrap_or(self.bytes[read]);
            read += if escaped.is_some() { 3 } else { 1 };
            write += 1;
        }
        self.bytes.truncate(write);
        self.starts.truncate(write);
        write < read
    }

    fn original(&self, span: Span) -> Span {
        let range = span.range();
        let end = self.starts.get(range.end).copied().unwrap_or(self.end);
        Span::new(self.starts[range.start], end, span.kind, span.rule, span.confidence)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fresh(text: &str, countries: &[&str]) -> String {
        redact_fresh(text, &Detector::new(), &Hints { countries }, &Profile::default()).text.into_owned()
    }

    #[test]
    fn web_addresses_are_read_through_their_escapes() {
        for (url, redacted) in [
            ("https://site.ke/?to=anna%40posteo.de&x=1", "https://site.ke/?to=<EMAIL>&x=1"),
            ("https://site.ke/?u=%3Fto%3Danna%2540posteo.de%26x", "https://site.ke/?u=%3Fto%3D<EMAIL>%26x"),
            ("mailto:anna@posteo.de?subject=x", "mailto:<EMAIL>?subject=x"),
            ("tel:+254712345678", "tel:<PHONE>"),
            ("tel:0712345678", "tel:<PHONE>"),
            ("tel:254712345678", "tel:<PHONE>"),
            ("https://wa.me/254712345678", "https://wa.me/<PHONE>"),
            (
                "https://api.site.com/send?phone=254712345678&text=x",
                "https://api.site.com/send?phone=<PHONE>&text=x",
            ),
            ("https://site.ke/?tel=0712345678", "https://site.ke/?tel=<PHONE>"),
            ("https://site.ke/?tel=%2B254712345678", "https://site.ke/?tel=<PHONE>"),
            ("http://41.90.64.12/a", "http://<IP>/a"),
            (
                "https://mail.пример.рф/%D0%B8%D0%B2%D0%B0%D0%BD@%D0%BF%D0%BE%D1%87%D1%82%D0%B0.%D1%80%D1%84",
                "https://mail.пример.рф/<EMAIL>",
            ),
        ] {
            assert_eq!(fresh(url, &["KE"]), redacted);
        }
    }

    #[test]
    fn other_addresses_stay_as_they_are() {
        for url in [
            "https://site.ke/2023/11/22/0712345678-habari",
            "https://site.ke/?id=0712345678",
            "https://site.ke/100%",
            "https://site.ke/%E0%A4%A8%E0%A4%AE%E0%A4%B8%E0%A5%8D%E0%A4%A4%E0%A5%87",
            "https://site.ke/%ff%40%40",
            "https://site.ke/item/4242424242424242",
            "https://site.ke/@anna",
            "%",
            "%4",
            "%%%40",
        ] {
            assert_eq!(fresh(url, &["KE"]), url);
        }
    }

    #[test]
    fn kinds_that_are_kept_stay() {
        let profile = Profile::all(Treatment::Keep).with(Kind::Phone, Treatment::Drop);
        let redacted =
            redact_fresh("anna@posteo.de, +254 712 345 678", &Detector::new(), &Hints::default(), &profile);
        assert_eq!(redacted.text, "anna@posteo.de, <PHONE>");
        assert!(redacted.drop);
    }
}
