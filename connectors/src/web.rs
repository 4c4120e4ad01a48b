//! URLs as crawls and people write them.
//!
//! Everything here works on [`url::Url`] (the WHATWG parser browsers use), after [`parse`] has forgiven what
//! crawlers and seed lists get wrong: angle brackets, spaces, a missing scheme, `https:///host`.
//! [`surt`] turns a URL round so that sorting puts the pages of a host, and the hosts of a domain, together:
//!
//! ```
//! use kilim_connectors::web;
//! let url = web::parse("<https://www.bbc.com/swahili/habari?page=2>").unwrap();
//! assert_eq!(web::surt(&url), "com,bbc)/swahili/habari?page=2");
//! assert_eq!(web::registered_domain("habari.example.co.ke"), Some("example.co.ke"));
//! ```

use std::net::{Ipv4Addr, Ipv6Addr};

pub use url::Url;

/// A web address out of text that was meant to be one; `None` if there is no telling what was meant.
///
/// Forgives surrounding white space, `<…>` and quotes, spaces inside (they become `%20`), a missing scheme, and
/// a wrong number of slashes. Only `http` and `https` with a host come back: `dns:`, `urn:` and `mailto:` do not.
pub fn parse(text: &str) -> Option<Url> {
    let is_wrapping = |c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"' | '\u{feff}');
    let mut text = text.trim_matches(is_wrapping);
    // An address may end in this one of the quotes, but not begin with it.
    while let Some(rest) = text.strip_prefix('\'') {
        text = rest.strip_suffix('\'').unwrap_or(rest).trim_matches(is_wrapping);
    }
    if text.is_empty() {
        return None;
    }
    let lower = text.get(..text.len().min(8)).unwrap_or(text).to_ascii_lowercase();
    let url = if lower.starts_with("http:") || lower.starts_with("https:") {
        Url::parse(text).ok()?
    } else if lower.starts_with("http/") || lower.starts_with("https/") {
        // `https//example.org`: the colon fell off.
        Url::parse(&text.replacen('/', ":/", 1)).ok()?
    } else {
        let rest = text.strip_prefix("//").unwrap_or(text);
        if !looks_like_host(rest) {
            return None;
        }
        Url::parse(&format!("http://{rest}")).ok()?
    };
    let named = url.host_str().is_some_and(|host| !host.trim_matches('.').is_empty());
    (matches!(url.scheme(), "http" | "https") && named).then_some(url)
}

/// Whether text without a scheme starts like `host.tld`, `host.tld:8080` or `host.tld/path`.
fn looks_like_host(text: &str) -> bool {
    let authority = text.split(['/', '?', '#']).next().unwrap_or("");
    let (host, port) = authority.split_once(':').unwrap_or((authority, "0"));
    let labels_ok = host.split('.').all(|label| {
        !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_' || is_mark(c))
    });
    let last_ok = host
        .rsplit('.')
        .next()
        .is_some_and(|tld| tld.chars().any(char::is_alphabetic) && tld.chars().count() > 1);
    host.contains('.') && labels_ok && last_ok && !port.is_empty() && port.chars().all(|c| c.is_ascii_digit())
}

/// Vowel signs and joiners, which Indic, Thai and Persian host names need and `is_alphanumeric` refuses in part.
fn is_mark(c: char) -> bool {
    !c.is_ascii() && !c.is_whitespace() && !c.is_control()
}

/// The canonical form of a seed: IDNA host in its ASCII form, no user, no password, no fragment, no default
/// port, no final dot on the host, path at least `/`. Applying it twice changes nothing.
pub fn canonical(url: &Url) -> Url {
    let mut url = url.clone();
    url.set_fragment(None);
    // Both fail only on URLs that cannot have a user at all, which then have nothing to remove.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    if let Some(host) = url.host_str()
        && host.ends_with('.')
    {
        let bare = host.trim_end_matches('.').to_string();
        let _ = url.set_host(Some(&bare));
    }
    url
}

/// The host, lower case and in its ASCII (Punycode) form, without a final dot. IPv6 keeps its brackets.
pub fn host(url: &Url) -> Option<&str> {
    url.host_str().map(|host| host.trim_end_matches('.')).filter(|host| !host.is_empty())
}

/// The Sort-friendly URI Reordering Transform of a URL: `org,example)/path?query`.
///
/// The host is reversed and loses a leading `www.` (`www2.` and the like too); the port appears if it is not the
/// scheme's default; path and query stay as they are. The scheme, user and fragment do not appear, so `http` and
/// `https` agree. IP addresses are not reversed. Common Crawl's `url_surtkey` goes further (lower-case path,
/// sorted query): comparing with it needs the host part only.
pub fn surt(url: &Url) -> String {
    let host = host(url).unwrap_or("");
    let mut out = String::with_capacity(host.len() + url.path().len() + url.query().map_or(0, str::len) + 8);
    if is_ip(host) {
        out.push_str(host);
    } else {
        for (i, label) in without_www(host).rsplit('.').enumerate() {
            if i > 0 {
                out.push(',');
            }
            out.push_str(label);
        }
    }
    if let Some(port) = url.port() {
        out.push(':');
        out.push_str(&port.to_string());
    }
    out.push(')');
    if !url.path().starts_with('/') {
        out.push('/');
    }
    out.push_str(url.path());
    if let Some(query) = url.query() {
        out.push('?');
        out.push_str(query);
    }
    out
}

/// A host without its leading `www.`, `www2.`…; untouched where nothing with a dot would be left.
pub fn without_www(host: &str) -> &str {
    let Some(rest) = host.strip_prefix("www") else { return host };
    match rest.trim_start_matches(|c: char| c.is_ascii_digit()).strip_prefix('.') {
        Some(bare) if bare.contains('.') => bare,
        _ => host,
    }
}

/// The domain somebody registered, by the Public Suffix List: `habari.example.co.ke` → `example.co.ke`.
/// `None` for IP addresses, single labels and bare public suffixes.
pub fn registered_domain(host: &str) -> Option<&str> {
    let host = host.trim_end_matches('.');
    if is_ip(host) || !host.contains('.') { None } else { psl::domain_str(host) }
}

/// The last label of a host: `ke` of `example.co.ke`, `xn--mgba7c0bbn0a` of an Arabic one. `None` for IP addresses.
pub fn tld(host: &str) -> Option<&str> {
    let host = host.trim_end_matches('.');
    if is_ip(host) {
        None
    } else {
        host.rsplit_once('.').map(|(_, last)| last).filter(|last| !last.is_empty())
    }
}

/// Whether a host (as [`host`] gives it) is an IP address, v4 or bracketed v6.
pub fn is_ip(host: &str) -> bool {
    host.starts_with('[') || host.parse::<Ipv4Addr>().is_ok()
}

/// Why a host can not be a place on the public web: an address instead of a name, this machine, a private network.
/// `None` means nothing speaks against it. No lookup is made.
pub fn not_public(host: &str) -> Option<&'static str> {
    if let Ok(ip) = host.parse::<Ipv4Addr>() {
        let private = ip.is_private() || ip.is_loopback() || ip.is_link_local() || ip.is_unspecified();
        return Some(if private { "a private address" } else { "an IP address" });
    }
    if let Some(inner) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        let private = inner.parse::<Ipv6Addr>().is_ok_and(|ip| {
            ip.is_loopback() || ip.is_unspecified() || ip.is_unique_local() || ip.is_unicast_link_local()
        });
        return Some(if private { "a private address" } else { "an IP address" });
    }
    match tld(host).unwrap_or(host) {
        "localhost" => Some("this machine"),
        // RFC 6761, RFC 6762, RFC 8375 and ICANN's reservation of `.internal`.
        "local" | "internal" | "localdomain" | "lan" | "test" | "invalid" | "onion" => Some("a private name"),
        _ if !host.contains('.') => Some("a private name"),
        _ if host.ends_with(".home.arpa") => Some("a private name"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn canon(text: &str) -> String {
        canonical(&parse(text).unwrap()).to_string()
    }

    #[test]
    fn seeds_get_one_spelling() {
        assert_eq!(canon("https:///example.co.ke"), "https://example.co.ke/");
        assert_eq!(canon("https//example.co.ke/habari"), "https://example.co.ke/habari");
        assert_eq!(canon("HTTPS://mtu:siri@Example.CO.KE:443/habari#juu"), "https://example.co.ke/habari");
        assert_eq!(canon("http://example.co.ke.:8080"), "http://example.co.ke:8080/");
        assert_eq!(canon("  <https://example.org/a b>\n"), "https://example.org/a%20b");
        assert_eq!(canon("'https://example.org/a'"), "https://example.org/a");
        assert_eq!(canon("https://example.org/ng'#juu"), "https://example.org/ng'");
        assert_eq!(canon("www.example.org/ሰላም"), "http://www.example.org/%E1%88%B0%E1%88%8B%E1%88%9D");
        assert_eq!(canon("//example.org:8080/x"), "http://example.org:8080/x");
        assert_eq!(
            canon("https://उदाहरण.भारत/समाचार").split('/').nth(2),
            Some("xn--p1b6ci4b4b3a.xn--h2brj9c")
        );
        assert_eq!(canon("παράδειγμα.ελ/νέα").split('/').nth(2), Some("xn--hxajbheg2az3al.xn--qxam"));
    }

    #[test]
    fn what_is_no_web_address_is_none() {
        for text in [
            "",
            "  ",
            "dns:example.org",
            "urn:uuid:0000",
            "mailto:a@example.org",
            "ftp://example.org/",
            "habari njema",
            "metadata://gnu.org/x",
            "http://",
            "https://?q",
            "file.",
            "filedesc:x.warc",
            "10:30",
            "http://[::1",
            "a..b/c",
        ] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn surt_reverses_the_host_and_keeps_the_rest() {
        let of = |text: &str| surt(&parse(text).unwrap());
        assert_eq!(of("http://www.example.org/Habari/Leo?b=2&a=1#x"), "org,example)/Habari/Leo?b=2&a=1");
        assert_eq!(of("https://www2.example.org:8443/"), "org,example:8443)/");
        assert_eq!(of("https://www.org/"), "org,www)/");
        assert_eq!(of("http://192.0.2.7/x"), "192.0.2.7)/x");
        assert_eq!(of("https://habari.example.co.ke"), "ke,co,example,habari)/");
        assert_eq!(of("http://example.org?q"), "org,example)/?q");
    }

    #[test]
    fn a_host_sorts_before_its_subdomains_and_apart_from_its_neighbours() {
        let mut surts: Vec<String> = [
            "https://example.org/z",
            "https://a.example.org/",
            "https://example-b.org/",
            "https://example.org:81/",
        ]
        .iter()
        .map(|text| surt(&parse(text).unwrap()))
        .collect();
        surts.sort();
        assert_eq!(surts, ["org,example)/z", "org,example,a)/", "org,example-b)/", "org,example:81)/"]);
    }

    #[test]
    fn domains_and_suffixes_follow_the_public_suffix_list() {
        assert_eq!(registered_domain("a.b.example.ac.ke"), Some("example.ac.ke"));
        assert_eq!(registered_domain("co.ke"), None);
        assert_eq!(registered_domain("192.0.2.7"), None);
        assert_eq!(registered_domain("localhost"), None);
        assert_eq!(tld("example.co.ke"), Some("ke"));
        assert_eq!(tld("192.0.2.7"), None);
    }

    #[test]
    fn private_places_are_told_from_public_ones() {
        for host in [
            "localhost",
            "127.0.0.1",
            "10.1.2.3",
            "[::1]",
            "[fd00::1]",
            "printer.local",
            "intranet",
            "8.8.8.8",
        ] {
            assert!(not_public(host).is_some(), "{host}");
        }
        assert_eq!(not_public("example.co.ke"), None);
        assert_eq!(not_public("8.8.8.8"), Some("an IP address"));
        assert_eq!(not_public("192.168.0.1"), Some("a private address"));
    }

    proptest! {
        #[test]
        fn parsing_never_panics_and_canonical_is_canonical(text in "\\PC{0,40}") {
            if let Some(url) = parse(&text) {
                let once = canonical(&url);
                prop_assert_eq!(&canonical(&once), &once);
                prop_assert_eq!(surt(&once), surt(&url));
                prop_assert_eq!(parse(once.as_str()), Some(once));
            }
        }

        #[test]
        fn surt_ignores_scheme_www_user_and_fragment(host in "[a-z]{1,8}\\.(org|co\\.ke|भारत)", path in "(/[a-zA-Zሀ-ሐ0-9]{1,5}){0,3}") {
            let plain = surt(&parse(&format!("http://{host}{path}")).unwrap());
            let other = surt(&parse(&format!("https://mtu@www.{host}{path}#chini")).unwrap());
            prop_assert_eq!(plain, other);
        }
    }
}
