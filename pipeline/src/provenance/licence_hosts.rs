//! Licences of whole sites, reviewed by a steward: a table with one row for a host and what is below a path there.
//!
//! A site often names its licence on a page of terms, and nowhere else. Somebody has to read that page, and say when, and
//! where it stands; a row without either is refused. What a row says is held against every page like any other statement.
//!
//! # Example
//! ```
//! use kilim::provenance::licence_hosts::Hosts;
//!
//! let table = "host,path,license,reviewed_on,evidence\n\
//!     habari.example,/makala/,CC-BY-4.0,2026-11-02,https://habari.example/masharti\n";
//! let hosts = Hosts::read("hosts.csv", table)?;
//! let row = hosts.find("www.habari.example", "https://www.habari.example/makala/1").unwrap();
//! assert_eq!(row.license, "CC-BY-4.0");
//! assert!(hosts.find("habari.example", "https://habari.example/picha/1").is_none());
//! # Ok::<(), kilim::provenance::licence_hosts::HostsError>(())
//! ```

use std::collections::BTreeMap;

use serde::Deserialize;
use url::Url;

use super::licences;

/// A table cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{table}, line {line}: {problem}\nhint: {hint}")]
pub struct HostsError {
    table: String,
    line: u64,
    problem: String,
    hint: &'static str,
}

/// A row of the table.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HostLicence {
    /// A host; hosts below it count too.
    pub host: String,
    /// Where paths begin that it is about; `/` for all.
    pub path: String,
    /// SPDX id, or `LicenseRef-…`.
    pub license: String,
    /// The day on which a person read the terms, `YYYY-MM-DD`.
    pub reviewed_on: String,
    /// Where the terms stand.
    pub evidence: String,
}

/// The table.
#[derive(Debug, Clone, Default)]
pub struct Hosts {
    by_host: BTreeMap<String, Vec<HostLicence>>,
}

impl Hosts {
    /// Reads a table; `name` is for messages.
    pub fn read(name: &str, text: &str) -> Result<Self, HostsError> {
        let mut by_host: BTreeMap<String, Vec<HostLicence>> = BTreeMap::new();
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
        for (index, row) in reader.deserialize::<HostLicence>().enumerate() {
            let line = index as u64 + 2;
            let refuse = |problem: String, hint| HostsError { table: name.to_owned(), line, problem, hint };
            let mut row = row.map_err(|error| {
                refuse(error.to_string(), "columns are host,path,license,reviewed_on,evidence")
            })?;
            row.host = row.host.to_ascii_lowercase();
            if row.host.is_empty() || row.host.contains(['/', ':']) || !row.path.starts_with('/') {
                let problem = format!("{:?} and {:?} are no host and path", row.host, row.path);
                return Err(refuse(problem, "write habari.example and /makala/, or / for the whole host"));
            }
            let known = licences::from_id(&row.license);
            if known.is_none() && !row.license.starts_with("LicenseRef-") {
                let problem = format!("{:?} is no licence", row.license);
                return Err(refuse(
                    problem,
                    "write an SPDX id such as CC-BY-4.0, or LicenseRef- and a name of your own",
                ));
            }
            row.license = known.map_or(row.license, |known| known.spdx);
            let is_day = row.reviewed_on.len() == 10
                && row.reviewed_on.bytes().enumerate().all(|(at, byte)| match at {
                    4 | 7 => byte == b'-',
                    _ => byte.is_ascii_digit(),
                });
            if !is_day || Url::parse(&row.evidence).is_err() {
                let problem = format!("reviewed on {:?}, by {:?}", row.reviewed_on, row.evidence);
                return Err(refuse(problem, "give the day as 2026-11-02, and the URL of the terms"));
            }
            by_host.entry(row.host.clone()).or_default().push(row);
        }
        // The longest path speaks.
        for rows in by_host.values_mut() {
            rows.sort_by_key(|row| std::cmp::Reverse(row.path.len()));
        }
        Ok(Self { by_host })
    }

    /// The row for a page: of its host or the nearest above it, with the longest path.
    pub fn find(&self, host: &str, url: &str) -> Option<&HostLicence> {
        if self.by_host.is_empty() {
            return None;
        }
        let path = Url::parse(url).map_or_else(|_| "/".to_owned(), |url| url.path().to_owned());
        let mut host = host;
        loop {
            let rows = self.by_host.get(host).into_iter().flatten();
            if let Some(row) = rows.into_iter().find(|row| path.starts_with(&row.path)) {
                return Some(row);
            }
            host = host.split_once('.')?.1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "host,path,license,reviewed_on,evidence\n";

    #[test]
    fn the_nearest_host_and_the_longest_path_speak() {
        let table = format!(
            "{HEADER}habari.example,/,CC-BY-4.0,2026-11-02,https://habari.example/t\n\
             habari.example,/picha/,CC-BY-NC-4.0,2026-11-02,https://habari.example/t\n\
             zamani.habari.example,/,LicenseRef-zamani,2026-11-02,https://habari.example/t\n"
        );
        let hosts = Hosts::read("hosts.csv", &table).unwrap();
        let find = |host: &str, path: &str| {
            hosts.find(host, &format!("https://{host}{path}")).map(|row| row.license.as_str())
        };
        assert_eq!(find("habari.example", "/a"), Some("CC-BY-4.0"));
        assert_eq!(find("www.habari.example", "/picha/1"), Some("CC-BY-NC-4.0"));
        assert_eq!(find("zamani.habari.example", "/picha/1"), Some("LicenseRef-zamani"));
        assert_eq!(find("nyhabari.example", "/"), None);
        assert_eq!(find("", ""), None);
    }

    #[test]
    fn a_row_that_nobody_reviewed_is_refused() {
        for row in [
            "habari.example,/,CC-BY-4.0,,https://habari.example/t",
            "habari.example,/,CC-BY-4.0,2026-11-02,",
            "habari.example,/,free,2026-11-02,https://habari.example/t",
            "habari.example,makala,CC-BY-4.0,2026-11-02,https://habari.example/t",
            "https://habari.example,/,CC-BY-4.0,2026-11-02,https://habari.example/t",
            "habari.example,/,CC-BY-4.0",
        ] {
            let error = Hosts::read("hosts.csv", &format!("{HEADER}{row}\n")).unwrap_err().to_string();
            assert!(error.starts_with("hosts.csv, line 2: ") && error.contains("hint: "), "{error}");
        }
    }
}
