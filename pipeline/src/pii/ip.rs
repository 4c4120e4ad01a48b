//! IP addresses that lead to somebody: global ones only.
//!
//! What is global is said by IANA's special-purpose registries (RFC 6890 and later entries); private, shared, link-local,
//! documentation and benchmark addresses are nobody's. Networks (`198.51.100.0/24` and its like) are no persons either.
//! Versions and section numbers look like IPv4: a word such as `version` in front, a `v` glued to it, or four small
//! numbers (all below 32) without a word such as `IP` in front make it no address.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::chars::{after, before, has_word, is_latin, left};
use super::{Kind, Span, words};

/// Four numbers below this are sections or versions as often as addresses.
const SMALL: u8 = 32;

/// The shortest IPv6 prefix that one customer gets: RFC 6177 and RIPE-690 speak of /48 and longer.
const CUSTOMER_PREFIX: u8 = 48;

/// The longest text of an IPv6 address: eight groups of four.
const MAX_V6: usize = 39;

/// The IPv4 address that starts at byte `at`.
pub(super) fn find_v4(text: &str, at: usize) -> Option<Span> {
    let (address, end) = read_v4(text, at)?;
    if !is_global_v4(address) || !starts(text, at) {
        return None;
    }
    let mut rest = text[end..].chars();
    match rest.next() {
        Some(c) if c.is_alphanumeric() && (c.is_ascii() || is_latin(c)) || c == '_' => return None,
        Some('.' | '-') if rest.next().is_some_and(|c| c.is_ascii_alphanumeric()) => return None,
        Some('/') if prefix(&text[end..]).is_some_and(|bits| bits < 32) => return None,
        _ => {}
    }
    let context = left(text, at, 32).to_lowercase();
    if has_word(&context, words::VERSION) {
        return None;
    }
    let told = has_word(&context, words::ADDRESS);
    if !told && address.octets().iter().all(|&octet| octet < SMALL) {
        return None;
    }
    Some(Span::new(at, end, Kind::Ip, "ipv4", if told { 0.97 } else { 0.9 }))
}

/// The IPv6 address that starts at byte `at`: global unicast starts with a digit (2000::/3, 64:ff9b::/96).
pub(super) fn find_v6(text: &str, at: usize) -> Option<Span> {
    let token =
        text[at..].bytes().take(MAX_V6 + 1).take_while(|b| b.is_ascii_hexdigit() || *b == b':').count();
    let mut end = at + token;
    if text[at..end].ends_with(':') && !text[at..end].ends_with("::") {
        end -= 1;
    }
    let address: Ipv6Addr = text[at..end].parse().ok()?;
    let left = before(text, at);
    if !is_global_v6(address)
        || left.is_some_and(|c| is_latin(c) || c.is_numeric() || matches!(c, ':' | '.' | '_' | '-'))
    {
        return None;
    }
    if after(text, end)
        .is_some_and(|c| c.is_alphanumeric() && (c.is_ascii() || is_latin(c)) || matches!(c, ':' | '_'))
    {
        return None;
    }
    if prefix(&text[end..]).is_some_and(|bits| bits < CUSTOMER_PREFIX) {
        return None;
    }
    Some(Span::new(at, end, Kind::Ip, "ipv6", 0.97))
}

fn read_v4(text: &str, at: usize) -> Option<(Ipv4Addr, usize)> {
    let bytes = text.as_bytes();
    let mut octets = [0u8; 4];
    let mut end = at;
    for (index, octet) in octets.iter_mut().enumerate() {
        if index > 0 {
            if bytes.get(end) != Some(&b'.') {
                return None;
            }
            end += 1;
        }
        let digits = bytes[end..].iter().take(4).take_while(|byte| byte.is_ascii_digit()).count();
        // A leading zero is a number of another kind, or an octal trap.
        if digits == 0 || digits > 3 || digits > 1 && bytes[end] == b'0' {
            return None;
        }
        *octet = text[end..end + digits].parse().ok()?;
        end += digits;
    }
    Some((Ipv4Addr::from(octets), end))
}

/// Whether an address may start here: not after a letter, a dot, a hyphen, nor after the single `/` of a product's
/// version (`Apache/2.4.37.40`).
fn starts(text: &str, at: usize) -> bool {
    let mut left = text[..at].chars().rev();
    match left.next() {
        None => true,
        Some('/') => left.next().is_none_or(|c| c == '/' || c.is_whitespace()),
        Some(c) => !(is_latin(c) || c.is_numeric() || matches!(c, '.' | '-' | '_' | '§')),
    }
}

/// The length of a network's prefix, `/24`.
fn prefix(text: &str) -> Option<u8> {
    let digits = text.strip_prefix('/')?;
    let len = digits.bytes().take(4).take_while(u8::is_ascii_digit).count();
    if digits[len..].starts_with(|c: char| c.is_ascii_alphabetic()) {
        return None;
    }
    digits[..len].parse().ok()
}

/// IANA IPv4 Special-Purpose Address Registry, multicast (RFC 5771) and the reserved rest left out.
fn is_global_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !(matches!(a, 0 | 10 | 127 | 224..)
        || a == 100 && (64..128).contains(&b)
        || a == 169 && b == 254
        || a == 172 && (16..32).contains(&b)
        || a == 192 && (b == 168 || b == 0 && matches!(c, 0 | 2) || b == 88 && c == 99)
        || a == 192 && (b == 31 && c == 196 || b == 52 && c == 193 || b == 175 && c == 48)
        || a == 198 && (matches!(b, 18 | 19) || b == 51 && c == 100)
        || a == 203 && b == 0 && c == 113)
}

/// IANA IPv6 Special-Purpose Address Registry: global unicast without Teredo, 6to4, documentation (RFC 3849, RFC 9637) and
/// protocol assignments; with the well-known prefix of RFC 6052 where the embedded IPv4 address is global.
fn is_global_v6(address: Ipv6Addr) -> bool {
    let [first, second, third, ..] = address.segments();
    if let [0x64, 0xff9b, 0, 0, 0, 0, high, low] = address.segments() {
        return is_global_v4(Ipv4Addr::from((u32::from(high) << 16) | u32::from(low)));
    }
    let special = match first {
        0x2001 => second < 0x200 || second == 0xdb8,
        0x2002 => true,
        0x2620 => second == 0x4f && third == 0x8000,
        0x3fff => second < 0x1000,
        _ => false,
    };
    (0x2000..0x4000).contains(&first) && !special
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Option<&str> {
        let at = text.find(|c: char| c.is_ascii_digit())?;
        let span = find_v4(text, at).or_else(|| find_v6(text, at))?;
        Some(&text[span.start as usize..span.end as usize])
    }

    #[test]
    fn global_addresses_are_found() {
        for (text, address) in [
            ("kutoka 196.201.214.77,", "196.201.214.77"),
            ("IP地址：114.114.114.115。", "114.114.114.115"),
            ("http://41.90.64.12:8080/", "41.90.64.12"),
            ("IP: 8.8.8.8", "8.8.8.8"),
            ("(81.2.69.160)", "81.2.69.160"),
            ("2a02:8109:b40:2cf0::1f3", "2a02:8109:b40:2cf0::1f3"),
            ("[2606:4700:10::6816:1a2b]:443", "2606:4700:10::6816:1a2b"),
            ("和2408:8207:1851:10e0::7a2b。", "2408:8207:1851:10e0::7a2b"),
            ("2c0f:fb50:4003::/48", "2c0f:fb50:4003::"),
        ] {
            assert_eq!(found(text), Some(address), "{text}");
        }
    }

    #[test]
    fn private_addresses_versions_sections_and_networks_are_not() {
        for text in [
            "192.168.1.10",
            "10.0.0.1",
            "172.20.1.1",
            "127.0.0.1",
            "192.0.2.55",
            "198.51.100.7",
            "203.0.113.9",
            "100.64.3.4",
            "239.1.2.3",
            "255.255.255.0",
            "v81.2.69.160",
            "version 81.2.69.160",
            "版本 81.2.69.160",
            "Chrome/81.2.69.160",
            "§ 4.3.2.1",
            "4.3.2.1 Begriffe",
            "81.2.69.160.5",
            "81.2.69.0/24",
            "81.2.69.256",
            "081.2.69.160",
            "81.2.69",
            "2001:db8::1",
            "2002:5102:45a0::1",
            "2001:0:1::1",
            "20:30:45",
            "2a02:8100::/32",
            "3fff::1",
            "2024:11",
        ] {
            assert_eq!(found(text), None, "{text}");
        }
    }
}
