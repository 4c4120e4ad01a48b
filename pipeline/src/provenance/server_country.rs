//! The country in which a server stands, by a database that a steward brings.
//!
//! Files in MaxMind's format come from several makers, each under a licence of its own, so none is shipped. Where a server
//! stands is the weakest of hints: much of what is written in Africa is served from Europe. Behind a network that serves
//! copies (a CDN) the address is that of the network's nearest gateway to the crawler, and says nothing at all.

use std::net::IpAddr;

use maxminddb::{PathElement, Reader};

use crate::config::countries::is_country;

/// Where the makers of such files put the code: MaxMind, DB-IP and IP2Location, then IPinfo's two forms.
const PATHS: [&[PathElement<'static>]; 3] = [
    &[PathElement::Key("country"), PathElement::Key("iso_code")],
    &[PathElement::Key("country_code")],
    &[PathElement::Key("country")],
];
/// Networks that are looked at to see whether a file knows countries at all.
const TRIED: usize = 1000;

/// A database of countries by address.
pub struct ServerCountries {
    reader: Reader<Vec<u8>>,
}

impl ServerCountries {
    /// Reads a file. The error says what is wrong with it.
    pub fn read(bytes: Vec<u8>) -> Result<Self, String> {
        let reader = Reader::from_source(bytes).map_err(|error| format!("no MaxMind database: {error}"))?;
        // A database of operators or of proxies has the same format.
        let knows_countries = reader
            .networks(maxminddb::WithinOptions::default())
            .map_err(|error| format!("a broken MaxMind database: {error}"))?
            .take(TRIED)
            .any(|network| network.is_ok_and(|found| country_of(&found).is_some()));
        if !knows_countries {
            return Err(format!("a database without countries ({})", reader.metadata().database_type));
        }
        Ok(Self { reader })
    }

    /// The country of an address. None for what the file does not know, and where it is broken: a hint may be missing.
    pub fn look(&self, ip: IpAddr) -> Option<String> {
        // `::ffff:41.90.64.12` is 41.90.64.12.
        country_of(&self.reader.lookup(ip.to_canonical()).ok()?)
    }
}

fn country_of(found: &maxminddb::LookupResult<'_, Vec<u8>>) -> Option<String> {
    PATHS.iter().find_map(|path| {
        let code: &str = found.decode_path(path).ok()??;
        is_country(code).then(|| code.to_owned())
    })
}

/// Names of headers, lower case, that only networks of copies send; those with a hyphen at the end are beginnings.
const CDN_HEADERS: [&str; 18] = [
    "akamai-",
    "cdn-",
    "cf-cache-status",
    "cf-ray",
    "fastly-",
    "x-akamai-",
    "x-amz-cf-",
    "x-azure-ref",
    "x-cdn",
    "x-cdn-",
    "x-edge-",
    "x-fastly-",
    "x-iinfo",
    "x-served-by",
    "x-sucuri-",
    "x-vercel-",
    "x-nf-request-id",
    "via",
];
/// What such networks call their servers, lower case.
const CDN_SERVERS: [&str; 14] = [
    "akamai",
    "arvancloud",
    "bunnycdn",
    "cachefly",
    "cloudflare",
    "cloudfront",
    "ddos-guard",
    "ecacc",
    "fastly",
    "keycdn",
    "netlify",
    "sucuri",
    "varnish",
    "vercel",
];

/// Whether somebody stands between the crawler and the server. Any `Via` says so, whoever it names.
pub fn is_behind_cdn(http_head: &str) -> bool {
    http_head.lines().skip(1).filter_map(|line| line.split_once(':')).any(|(name, value)| {
        let name = name.trim().to_ascii_lowercase();
        let is_theirs =
            |known: &&str| if known.ends_with('-') { name.starts_with(*known) } else { name == **known };
        if name == "server" {
            let value = value.to_ascii_lowercase();
            return CDN_SERVERS.iter().any(|server| value.contains(server));
        }
        CDN_HEADERS.iter().any(is_theirs)
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A value of the format.
    pub(crate) enum Value<'v> {
        Text(&'v str),
        Map(Vec<(&'v str, Value<'v>)>),
        List(Vec<Value<'v>>),
        U16(u16),
        U32(u32),
        U64(u64),
    }

    /// By MaxMind DB File Format Specification 2.0, "Output Data Section": the type in the upper three bits of a control
    /// byte, the size below; types from 8 on in a second byte.
    fn put(out: &mut Vec<u8>, value: &Value<'_>) {
        let number = |out: &mut Vec<u8>, kind: u8, bytes: &[u8]| {
            let size = bytes.len() as u8;
            if kind < 8 {
                out.push((kind << 5) | size);
            } else {
                out.extend([size, kind - 7]);
            }
            out.extend(bytes);
        };
        match value {
            Value::Text(text) => {
                assert!(text.len() < 29);
                out.push((2 << 5) | text.len() as u8);
                out.extend(text.as_bytes());
            }
            Value::Map(entries) => {
                out.push((7 << 5) | entries.len() as u8);
                for (key, value) in entries {
                    put(out, &Value::Text(key));
                    put(out, value);
                }
            }
            Value::List(items) => {
                out.extend([items.len() as u8, 11 - 7]);
                for item in items {
                    put(out, item);
                }
            }
            Value::U16(n) => number(out, 5, &n.to_be_bytes()),
            Value::U32(n) => number(out, 6, &n.to_be_bytes()),
            Value::U64(n) => number(out, 9, &n.to_be_bytes()),
        }
    }

    /// A database of IPv4 networks, none within another: a search tree with records of 24 bits.
    pub(crate) fn database(networks: &[([u8; 4], u8, Value<'_>)]) -> Vec<u8> {
        let mut data = Vec::new();
        let mut nodes: Vec<[Option<(bool, u32)>; 2]> = vec![[None; 2]];
        for (address, length, value) in networks {
            let address = u32::from_be_bytes(*address);
            let mut at = 0;
            for bit in 0..*length {
                let side = ((address >> (31 - bit)) & 1) as usize;
                if bit + 1 == *length {
                    nodes[at][side] = Some((true, data.len() as u32));
                } else if let Some((false, next)) = nodes[at][side] {
                    at = next as usize;
                } else {
                    nodes.push([None; 2]);
                    nodes[at][side] = Some((false, nodes.len() as u32 - 1));
                    at = nodes.len() - 1;
                }
            }
            put(&mut data, value);
        }
        let count = nodes.len() as u32;
        let mut out = Vec::new();
        for record in nodes.iter().flatten() {
            let value = match record {
                None => count,
                Some((false, node)) => *node,
                Some((true, offset)) => count + 16 + offset,
            };
            out.extend(&value.to_be_bytes()[1..]);
        }
        out.extend([0; 16]);
        out.extend(data);
        out.extend(b"\xab\xcd\xefMaxMind.com");
        put(
            &mut out,
            &Value::Map(vec![
                ("binary_format_major_version", Value::U16(2)),
                ("binary_format_minor_version", Value::U16(0)),
                ("build_epoch", Value::U64(1_760_000_000)),
                ("database_type", Value::Text("Mfano-Country")),
                ("description", Value::Map(vec![("en", Value::Text("made by a test"))])),
                ("ip_version", Value::U16(4)),
                ("languages", Value::List(vec![Value::Text("en")])),
                ("node_count", Value::U32(count)),
                ("record_size", Value::U16(24)),
            ]),
        );
        out
    }

    fn iso(code: &str) -> Value<'_> {
        Value::Map(vec![("country", Value::Map(vec![("iso_code", Value::Text(code))]))])
    }

    /// Kenya has 41.90.0.0/16 and India 49.0.0.0/8.
    pub(crate) fn two_countries() -> Vec<u8> {
        let india = Value::Map(vec![("country_code", Value::Text("IN"))]);
        database(&[([41, 90, 0, 0], 16, iso("KE")), ([49, 0, 0, 0], 8, india)])
    }

    #[test]
    fn addresses_lead_to_countries() {
        let known = ServerCountries::read(two_countries()).unwrap();
        let look = |ip: &str| known.look(ip.parse().unwrap());
        assert_eq!(look("41.90.64.12").as_deref(), Some("KE"));
        assert_eq!(look("::ffff:41.90.64.12").as_deref(), Some("KE"));
        assert_eq!(look("49.1.2.3").as_deref(), Some("IN"));
        for ip in ["41.91.0.1", "8.8.8.8", "10.0.0.1", "2001:db8::1"] {
            assert_eq!(look(ip), None, "{ip}");
        }
    }

    #[test]
    fn files_that_know_no_country_are_refused() {
        let operators = database(&[([41, 90, 0, 0], 16, Value::Map(vec![("asn", Value::U32(33771))]))]);
        let unknown = database(&[([41, 90, 0, 0], 16, iso("XX"))]);
        for bytes in [operators, unknown, Vec::new(), b"\x1f\x8b not a database".to_vec()] {
            assert!(ServerCountries::read(bytes).is_err());
        }
    }

    #[test]
    fn networks_of_copies_are_known_by_their_headers() {
        for header in [
            "CF-RAY: 8a1-NBO",
            "Via: 1.1 varnish",
            "server: cloudflare",
            "Server: AkamaiGHost",
            "X-Amz-Cf-Id: abc",
            "x-served-by: cache-fra-1",
        ] {
            assert!(is_behind_cdn(&format!("HTTP/1.1 200 OK\r\n{header}\r\n")), "{header}");
        }
        for header in ["Server: nginx", "X-Powered-By: PHP/8.3", "Viable: yes", ""] {
            assert!(!is_behind_cdn(&format!("HTTP/1.1 200 OK\r\n{header}\r\n")), "{header}");
        }
    }

    proptest! {
        #[test]
        fn a_damaged_file_gives_an_error_or_countries(
            at in any::<proptest::sample::Index>(),
            byte in any::<u8>(),
            cut in any::<proptest::sample::Index>(),
            ip in any::<[u8; 4]>(),
        ) {
            let mut bytes = two_countries();
            let at = at.index(bytes.len());
            bytes[at] = byte;
            let short = bytes[..cut.index(bytes.len())].to_vec();
            for bytes in [bytes, short] {
                if let Ok(known) = ServerCountries::read(bytes)
                    && let Some(country) = known.look(IpAddr::from(ip))
                {
                    prop_assert!(is_country(&country));
                }
            }
        }
    }
}
