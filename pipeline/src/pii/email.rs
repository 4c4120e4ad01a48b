//! E-mail addresses.
//!
//! Pragmatic rather than RFC 5322: no quoted local parts, comments or address literals, but the non-ASCII local parts and
//! domains of RFC 6531 and IDNA. What is no address, and why:
//!
//! - `user@2x.png`, `getty@tty1.service`: the last label is no top-level domain (by the public suffix list);
//! - `git@github.com:repo`: the account of a service and a path. `git@`, `hg@` and `svn@` are nobody, and a colon followed
//!   by a path (no port) makes any address one of a repository;
//! - `https://user:secret@host/`: a login. It is no address, and mail to it would reach nobody;
//! - `@user@social.site`: a handle, which is public by intent and is no address either;
//! - `anna@example.com`: the domains of RFC 2606 and RFC 6761 belong to nobody, so do `.local` (RFC 6762) and `.internal`.
//!
//! A text without spaces between words may run into an address. Where an address has an ASCII letter nearest to the `@`,
//! it takes Latin letters only: `邮箱zhang@site.cn联系` holds `zhang@site.cn`.

use super::chars::{after, before, is_latin};
use super::{Kind, Span};
use crate::provenance::cctld;

/// RFC 5321, section 4.5.3.1, in octets.
const MAX_LOCAL: usize = 64;
const MAX_DOMAIN: usize = 255;

/// Top-level names of the root zone that hold no mailboxes: RFC 3172, RFC 7686. The names of RFC 2606, RFC 6761 and RFC 6762
/// (`example`, `test`, `local`) are not in the root zone, and unknown like any other word.
const RESERVED_TOP: &[&str] = &["arpa", "onion"];

/// Second-level names for documentation: RFC 2606, section 3.
const RESERVED_SECOND: &[&str] = &["example.com", "example.net", "example.org", "example.edu"];

/// Accounts of services.
const SERVICES: &[&str] = &["git", "hg", "svn"];

/// Names of countries and regions in scripts without spaces, where text may go on after the address. IANA's root zone
/// database, 2025.
const UNSPACED_TOP: &[&str] = &[
    "中国",
    "中國",
    "香港",
    "台灣",
    "台湾",
    "澳門",
    "澳门",
    "新加坡",
    "公司",
    "网络",
    "在线",
    "中文网",
    "みんな",
    "コム",
    "ไทย",
    "ລາວ",
];

/// The address around the `@` at byte `at`, which is `len` bytes long.
pub(super) fn find(text: &str, at: usize, len: usize) -> Option<Span> {
    let start = local_start(text, at)?;
    let end = domain_end(text, at + len)?;
    let (local, domain) = (&text[start..at], &text[at + len..end]);
    if is_reserved(domain) || SERVICES.iter().any(|name| local.eq_ignore_ascii_case(name)) {
        return None;
    }
    let left = before(text, start);
    if matches!(left, Some('@' | '＠')) || is_login(text, start) || is_repository(text, end) {
        return None;
    }
    let confidence = if domain.is_ascii() && local.is_ascii() { 0.98 } else { 0.9 };
    Some(Span::new(start, end, Kind::Email, "email", confidence))
}

fn is_local_mark(c: char) -> bool {
    matches!(c, '.' | '_' | '-' | '+' | '%' | '\'' | '~')
}

/// A letter or digit outside ASCII, or a mark upon one (vowel signs of India and Thailand), or a joiner within a word.
fn is_foreign(c: char) -> bool {
    !c.is_ascii() && (c.is_alphanumeric() || is_mark(c) || matches!(c, '\u{200c}' | '\u{200d}'))
}

/// Marks that are no letters to the standard library: viramas, tone marks and the like of the scripts in use.
fn is_mark(c: char) -> bool {
    matches!(c,
        '\u{300}'..='\u{36f}' | '\u{591}'..='\u{5c7}' | '\u{610}'..='\u{61a}' | '\u{64b}'..='\u{65f}' | '\u{670}'
        | '\u{93c}' | '\u{94d}' | '\u{9bc}' | '\u{9cd}' | '\u{a3c}' | '\u{a4d}' | '\u{abc}' | '\u{acd}' | '\u{b3c}'
        | '\u{b4d}' | '\u{bcd}' | '\u{c4d}' | '\u{cbc}' | '\u{ccd}' | '\u{d4d}' | '\u{dca}' | '\u{e47}'..='\u{e4e}'
        | '\u{ec8}'..='\u{ece}' | '\u{f39}' | '\u{1037}' | '\u{1039}'..='\u{103a}' | '\u{135d}'..='\u{135f}'
        | '\u{17d2}' | '\u{3099}'..='\u{309a}')
}

/// Where the local part starts, if it is one.
fn local_start(text: &str, at: usize) -> Option<usize> {
    let mut start = at;
    let mut foreign = None;
    for (place, c) in text[..at].char_indices().rev() {
        let latin = is_latin(c);
        let fits = is_local_mark(c)
            || c.is_ascii_digit()
            || match foreign {
                // The first letter decides, and digits and marks are of any script.
                None => latin || is_foreign(c),
                Some(false) => latin,
                Some(true) => is_foreign(c) && !latin,
            };
        if !fits {
            break;
        }
        if latin || is_foreign(c) {
            foreign.get_or_insert(!latin);
        }
        if at - place > MAX_LOCAL {
            return None;
        }
        start = place;
    }
    let local = &text[start..at];
    // An escape of a web address is no part of the name: `%3Aanna@...`.
    if let Some(escape) = local.rfind('%')
        && local[escape + 1..].len() > 2
        && local.as_bytes()[escape + 1..escape + 3].iter().all(u8::is_ascii_hexdigit)
    {
        start += escape + 3;
    }
    // `so...anna@posteo.de`; a single dot at the end is an old custom of Japan's carriers.
    if let Some(dots) = text[start..at].rfind("..") {
        start += dots + 2;
    }
    start += text[start..at].len() - text[start..at].trim_start_matches(['.', '\'', '-', '%', '~']).len();
    text[start..at].contains(char::is_alphanumeric).then_some(start)
}

/// Where the domain that starts at byte `from` ends, if it is one.
fn domain_end(text: &str, from: usize) -> Option<usize> {
    let mut end = from;
    let mut last = "";
    let mut labels = 0;
    loop {
        let label = label(&text[end..]);
        if label.is_empty() || label.starts_with('-') || label.ends_with('-') || label.len() > 63 * 4 {
            break;
        }
        last = label;
        labels += 1;
        end += label.len();
        if end - from > MAX_DOMAIN {
            return None;
        }
        if after(text, end) != Some('.') || label_cut(&text[end - label.len()..]) {
            break;
        }
        end += 1;
    }
    if text[..end].ends_with('.') {
        end -= 1;
    }
    // Latin letters with marks are in no top-level name but two; after an ASCII one they are text, or broken decoding.
    let ascii = last.bytes().take_while(u8::is_ascii).count();
    if ascii > 1 && ascii < last.len() {
        end -= last.len() - ascii;
        last = &last[..ascii];
    }
    if let Some(top) = UNSPACED_TOP.iter().find(|top| last.starts_with(**top)) {
        end -= last.len() - top.len();
        last = top;
    }
    // A sentence may go on without a space: `anna@posteo.de.Danke`.
    if labels > 2 && last.starts_with(|c: char| c.is_ascii_uppercase()) && !is_top(last) {
        let shorter = end - last.len() - 1;
        let top = text[from..shorter].rsplit('.').next().unwrap_or_default();
        return is_top(top).then_some(shorter);
    }
    (labels > 1 && is_top(last)).then_some(end)
}

/// The label of a domain that the text starts with: Latin letters, or letters of other scripts, as its first letter is.
fn label(text: &str) -> &str {
    let mut foreign = None;
    let end = text.char_indices().find(|&(at, c)| {
        let latin = is_latin(c);
        let fits = c == '-'
            || c.is_ascii_digit()
            || match foreign {
                None => latin || is_foreign(c),
                Some(false) => latin,
                Some(true) => is_foreign(c) && !latin,
            };
        if fits && (latin || is_foreign(c)) {
            foreign.get_or_insert(!latin);
        }
        !fits || at > MAX_DOMAIN
    });
    end.map_or(text, |(at, _)| &text[..at])
}

/// Whether the label ends where another script begins, so that no further label follows.
fn label_cut(text: &str) -> bool {
    let rest = &text[label(text).len()..];
    rest.chars().next().is_some_and(char::is_alphanumeric)
}

/// Whether the label is a top-level domain. The public suffix list has no row for some countries themselves, but only for
/// what is below them: `co.za` and not `za`, `*.mm` and not `mm`.
fn is_top(label: &str) -> bool {
    let lower = label.to_lowercase();
    let listed = psl::suffix(lower.as_bytes()).is_some_and(|suffix| suffix.typ() == Some(psl::Type::Icann));
    listed || cctld::is_cctld(&lower)
}

fn is_reserved(domain: &str) -> bool {
    let domain = domain.to_ascii_lowercase();
    let top = domain.rsplit('.').next().unwrap_or_default();
    RESERVED_TOP.contains(&top)
        || RESERVED_SECOND
            .iter()
            .any(|name| domain.strip_suffix(name).is_some_and(|sub| sub.is_empty() || sub.ends_with('.')))
}

/// Whether the name is that of a login in a web address: between `://` and the `@` stands no `/`, `?` or `#`.
fn is_login(text: &str, start: usize) -> bool {
    let left = super::chars::left(text, start, 256);
    let Some(at) = left.rfind("://") else { return false };
    !left[at + 3..].contains(|c: char| c.is_whitespace() || matches!(c, '/' | '?' | '#' | '<' | '>' | '"'))
}

/// Whether a path of a repository follows: `anna@host.site:work/repo.git`.
fn is_repository(text: &str, end: usize) -> bool {
    let mut rest = text[end..].chars();
    rest.next() == Some(':') && rest.next().is_some_and(|c| c.is_ascii_alphabetic() || matches!(c, '/' | '~'))
}

#[cfg(test)]
mod tests {
    fn found(text: &str) -> Option<&str> {
        let at = text.find(['@', '＠'])?;
        let len = text[at..].chars().next()?.len_utf8();
        super::find(text, at, len).map(|span| &text[span.start as usize..span.end as usize])
    }

    #[test]
    fn addresses_are_found_whole() {
        for (text, address) in [
            ("andika kwa juma.otieno@shule.ac.ke.", "juma.otieno@shule.ac.ke"),
            ("<o'neil+tag@mail.co.uk>", "o'neil+tag@mail.co.uk"),
            ("'anna@posteo.de'", "anna@posteo.de"),
            ("邮箱zhang@site.cn联系我", "zhang@site.cn"),
            ("メールはtanaka@kaisha.co.jpまで", "tanaka@kaisha.co.jp"),
            ("用户@例子.中国联系", "用户@例子.中国"),
            ("почта: иван.петров@почта.рф", "иван.петров@почта.рф"),
            ("संपर्क@डाटामेल.भारत पर", "संपर्क@डाटामेल.भारत"),
            ("ελένη1@ταχυδρομείο.ελ", "ελένη1@ταχυδρομείο.ελ"),
            ("josé@correo.es", "josé@correo.es"),
            ("ayse@müzik.com.tr", "ayse@müzik.com.tr"),
            ("a@xn--80a1acny.xn--p1ai", "a@xn--80a1acny.xn--p1ai"),
            ("mailto:anna@posteo.de?subject=x", "anna@posteo.de"),
            ("?to=anna@posteo.de&x=1", "anna@posteo.de"),
            ("anna＠posteo.de", "anna＠posteo.de"),
            ("anna@posteo.deâ©", "anna@posteo.de"),
            ("anna@posteo.de.Danke", "anna@posteo.de"),
            ("so...anna@posteo.de", "anna@posteo.de"),
            ("hana.@keitai.ne.jp", "hana.@keitai.ne.jp"),
            ("thandi@isitolo.co.za", "thandi@isitolo.co.za"),
            ("aye@zay.com.mm", "aye@zay.com.mm"),
            ("anna@POSTEO.DE", "anna@POSTEO.DE"),
        ] {
            assert_eq!(found(text), Some(address), "{text}");
        }
    }

    #[test]
    fn what_looks_like_an_address_is_none() {
        for text in [
            "icon@2x.png",
            "getty@tty1.service",
            "x@mozilla.org.sdk.console.logLevel",
            "git@github.com:org/repo",
            "git@codeberg.org",
            "anna@host.site:work/repo.git",
            "https://anna:secret@host.site/",
            "anna@example.com",
            "anna@mail.example.org",
            "anna@server.local",
            "a@b",
            "react@18.2.0",
            "@",
            "x@.com",
            "..@a.de",
            "anna@",
            "x@y.c",
            "a..@c.de",
            "12@34.56",
        ] {
            assert_eq!(found(text), None, "{text}");
        }
        let handle = "na @anna@mastodon.social";
        assert_eq!(super::find(handle, handle.rfind('@').unwrap(), 1), None);
    }
}
