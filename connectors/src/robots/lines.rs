//! The lines of a robots.txt, each by what it says.
//!
//! Read as forgivingly as Google's parser reads, since publishers test with it: keys in any case and in the misspellings
//! that it knows, a missing colon between two words, comments anywhere. Lines end in LF, CR or CRLF.

/// What one line says. Values are as they stand, without the white space around them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line<'a> {
    /// Whom the group is for.
    UserAgent(&'a [u8]),
    /// Paths that may be crawled.
    Allow(&'a [u8]),
    /// Paths that may not.
    Disallow(&'a [u8]),
    /// `Content-Usage` of the IETF drafts on AI preferences.
    ContentUsage(&'a [u8]),
    /// Cloudflare's `Content-Signal`.
    ContentSignal(&'a [u8]),
    /// Where the terms of Really Simple Licensing are.
    License(&'a [u8]),
    /// Where a sitemap is.
    Sitemap(&'a [u8]),
    /// Seconds between requests.
    CrawlDelay(&'a [u8]),
    /// A key that nobody here knows.
    Other {
        /// The key.
        key: &'a [u8],
        /// Its value.
        value: &'a [u8],
    },
}

/// Misspellings that Google's parser takes for what was meant.
const DISALLOW: [&[u8]; 6] = [b"disallow", b"dissallow", b"dissalow", b"disalow", b"diasllow", b"disallaw"];
const USER_AGENT: [&[u8]; 3] = [b"user-agent", b"useragent", b"user agent"];
const SITEMAP: [&[u8]; 2] = [b"sitemap", b"site-map"];

/// The lines of a body that say something, in order. A byte order mark before the first is left out.
pub fn lines(body: &[u8]) -> impl Iterator<Item = Line<'_>> {
    let mark: &[u8] = b"\xef\xbb\xbf";
    // Google leaves out a mark that was cut, too.
    let marked = body.iter().zip(mark).take_while(|(byte, mark)| byte == mark).count();
    let mut rest = &body[marked..];
    std::iter::from_fn(move || {
        while !rest.is_empty() {
            let end = memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
            let line = &rest[..end];
            rest = &rest[rest.len().min(end + 1)..];
            if let Some(line) = read(line) {
                return Some(line);
            }
        }
        None
    })
}

fn read(line: &[u8]) -> Option<Line<'_>> {
    let line = match memchr::memchr(b'#', line) {
        Some(comment) => &line[..comment],
        None => line,
    };
    let line = line.trim_ascii();
    let (key, value) = if let Some(colon) = memchr::memchr(b':', line) {
        (&line[..colon], &line[colon + 1..])
    } else {
        // A forgotten colon: two words, and no more.
        let space = line.iter().position(u8::is_ascii_whitespace)?;
        let value = line[space..].trim_ascii_start();
        if value.iter().any(u8::is_ascii_whitespace) {
            return None;
        }
        (&line[..space], value)
    };
    let (key, value) = (key.trim_ascii_end(), value.trim_ascii());
    if key.is_empty() {
        return None;
    }
    let begins = |known: &[&[u8]]| known.iter().any(|known| begins_with(key, known));
    let is = |known: &[u8]| key.eq_ignore_ascii_case(known);
    Some(if begins(&USER_AGENT) {
        Line::UserAgent(value)
    } else if begins(&DISALLOW) {
        Line::Disallow(value)
    } else if begins_with(key, b"allow") {
        Line::Allow(value)
    } else if begins(&SITEMAP) {
        Line::Sitemap(value)
    } else if is(b"crawl-delay") {
        Line::CrawlDelay(value)
    } else if is(b"content-usage") {
        Line::ContentUsage(value)
    } else if is(b"content-signal") || is(b"content-signals") {
        Line::ContentSignal(value)
    } else if is(b"license") {
        Line::License(value)
    } else {
        Line::Other { key, value }
    })
}

fn begins_with(text: &[u8], start: &[u8]) -> bool {
    text.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_all(body: &[u8]) -> Vec<Line<'_>> {
        lines(body).collect()
    }

    #[test]
    fn lines_end_in_any_way_and_begin_behind_a_mark() {
        let lines = [Line::UserAgent(b"*"), Line::Disallow(b"/"), Line::Allow("/தமிழ்".as_bytes())];
        for body in [
            "user-agent: *\ndisallow: /\nallow: /தமிழ்",
            "\u{feff}User-Agent:*\r\nDisallow:/\r\n\r\nAllow: /தமிழ்\r\n",
            "USER-AGENT : *\rDISALLOW: /\rALLOW: /தமிழ் # ቁጥር\r",
            "useragent *\ndissallow /\n\tallow\t/தமிழ்  ",
        ] {
            assert_eq!(read_all(body.as_bytes()), lines, "{body:?}");
        }
        assert_eq!(read_all(b"\xef\xbbuser-agent: a"), [Line::UserAgent(b"a")]);
    }

    #[test]
    fn keys_that_are_not_of_the_standard_have_their_own_kind() {
        let body = b"Sitemap: https://a.ke/s.xml\nCrawl-Delay: 10\nContent-Usage: train-ai=n\nContent-Signal: search=yes\n\
            License: https://a.ke/l.xml\nHost: a.ke\nnothing\nthree words here\n: /x\n#User-agent: b";
        assert_eq!(
            read_all(body),
            [
                Line::Sitemap(b"https://a.ke/s.xml"),
                Line::CrawlDelay(b"10"),
                Line::ContentUsage(b"train-ai=n"),
                Line::ContentSignal(b"search=yes"),
                Line::License(b"https://a.ke/l.xml"),
                Line::Other { key: b"Host", value: b"a.ke" },
            ]
        );
    }
}
