//! A set of host names: large, exact, and small in memory.

/// Host names in one text, sorted: four bytes each and their letters, where a hash set of strings has forty and more.
#[derive(Debug, Default)]
pub(super) struct HostSet {
    names: String,
    /// Where each ends.
    ends: Vec<u32>,
}

impl HostSet {
    /// The set of names that stand in `names` one after the other, each as long as `ends` says.
    pub(super) fn new(names: &str, ends: &[u32]) -> Self {
        let mut ranges: Vec<(u32, u32)> = Vec::with_capacity(ends.len());
        let mut start = 0;
        for end in ends {
            ranges.push((start, *end));
            start = *end;
        }
        let name = |(start, end): (u32, u32)| &names[start as usize..end as usize];
        ranges.sort_unstable_by(|a, b| name(*a).cmp(name(*b)));
        ranges.dedup_by(|a, b| name(*a) == name(*b));
        let mut set =
            Self { names: String::with_capacity(names.len()), ends: Vec::with_capacity(ranges.len()) };
        for range in ranges {
            set.names.push_str(name(range));
            set.ends.push(set.names.len() as u32);
        }
        set
    }

    fn get(&self, index: usize) -> &str {
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.names[start as usize..self.ends[index] as usize]
    }

    fn has(&self, host: &str) -> bool {
        let (mut low, mut high) = (0, self.ends.len());
        while low < high {
            let middle = usize::midpoint(low, high);
            match self.get(middle).cmp(host) {
                std::cmp::Ordering::Equal => return true,
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        false
    }

    /// Whether the host, or a domain that it is part of, is in the set.
    pub(super) fn covers(&self, host: &str) -> bool {
        let mut name = host.trim_end_matches('.');
        loop {
            if self.has(name) {
                return true;
            }
            match name.split_once('.') {
                Some((_, parent)) => name = parent,
                None => return false,
            }
        }
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }
}

/// A line of a list of hosts, as browsers spell the host; an error says what is wrong.
///
/// A plain name, or a line of a `hosts` file (`0.0.0.0 mbaya.example`).
pub(super) fn host(line: &str) -> Result<String, String> {
    let mut words = line.split_whitespace();
    let words = (words.next(), words.next(), words.next());
    let ((Some(name), None, _) | (Some("0.0.0.0" | "127.0.0.1" | "::" | "::1"), Some(name), None)) = words
    else {
        return Err("more than a host on the line".to_owned());
    };
    let name = name.strip_suffix('.').unwrap_or(name);
    let is_plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.' | b'_');
    let has_letter = name.bytes().any(|b| b.is_ascii_lowercase());
    let name = if has_letter && name.bytes().all(is_plain) && !name.contains("xn--") {
        name.to_owned()
    } else {
        match url::Host::parse(name) {
            Ok(url::Host::Ipv6(_)) | Err(_) => {
                return Err("no host name: without scheme, port and path".to_owned());
            }
            Ok(host) => host.to_string(),
        }
    };
    let is_address = name.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let is_suffix = psl::suffix(name.as_bytes()).is_some_and(|suffix| {
        suffix.as_bytes() == name.as_bytes() && suffix.typ() != Some(psl::Type::Private)
    });
    if !is_address && (is_suffix || !name.contains('.')) {
        return Err("a public suffix: it would name all hosts below it".to_owned());
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(hosts: &[&str]) -> HostSet {
        let (mut names, mut ends) = (String::new(), Vec::new());
        for line in hosts {
            names.push_str(&host(line).unwrap());
            ends.push(names.len() as u32);
        }
        HostSet::new(&names, &ends)
    }

    #[test]
    fn a_listed_host_covers_those_below_it() {
        let set = set(&[
            "mbaya.example",
            "0.0.0.0 virusi.co.ke",
            "Βλαβερό.gr",
            "10.0.0.7",
            "mbaya.example",
            "ne.blogspot.com",
        ]);
        assert_eq!(set.len(), 5);
        for (host, covered) in [
            ("mbaya.example", true),
            ("www.mbaya.example", true),
            ("mbaya.example.", true),
            ("simbaya.example", false),
            ("example", false),
            ("virusi.co.ke", true),
            ("co.ke", false),
            ("xn--mxaabb1cl0dc.gr", host("Βλαβερό.gr").unwrap() == "xn--mxaabb1cl0dc.gr"),
            ("10.0.0.7", true),
            ("blogspot.com", false),
            ("", false),
        ] {
            assert_eq!(set.covers(host), covered, "{host}");
        }
        assert!(set.covers(&host("βλαβερό.gr").unwrap()));
    }

    #[test]
    fn what_is_no_host_or_names_half_the_web_is_refused() {
        for line in [
            "https://mbaya.example/x",
            "mbaya.example/x",
            "a b c",
            "co.ke",
            "com",
            "localhost",
            "भारत",
            "a:80",
        ] {
            assert!(host(line).is_err(), "{line}");
        }
    }
}
