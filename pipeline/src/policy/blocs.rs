//! Blocs of countries, so that `accepts: [EU]` takes a page that German law binds.
//!
//! The table is `configs/blocs.csv`: `bloc,member,from,to`, one row per membership. Dates are ISO; `from` is the first
//! day of membership, `to` the day of leaving, on which a country is no longer a member; empty means still. A bloc is
//! expanded as it stood on the config's `as_of`, never on the day of the run.
//!
//! A bloc that is listed as its own member may itself be claimed: `.eu` and the Union's bodies claim `EU`, while no
//! document is bound by the law of ASEAN as such. Sources of the dates: the accession treaties (EU), decisions of the
//! EEA Joint Committee with the day of provisional application, the dates of deposit kept by the EAC, ECOWAS's
//! communiqué of 2025-01-29, the declarations of ASEAN.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::Deserialize;

/// A table of memberships.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blocs {
    by_name: BTreeMap<String, Vec<Membership>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Membership {
    member: String,
    from: Date,
    to: Option<Date>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    bloc: String,
    member: String,
    from: Date,
    to: Option<Date>,
}

/// A table of blocs that cannot be used. Kind: Config.
#[derive(Debug, thiserror::Error)]
pub enum BlocError {
    /// A row does not parse.
    #[error("blocs, line {line}: {message}\nhint: rows are bloc,member,from,to, such as EU,HR,2013-07-01,")]
    Row {
        /// Line of the table, from 1.
        line: u64,
        /// What is wrong.
        message: String,
    },
}

impl Blocs {
    /// Reads a table with the header `bloc,member,from,to`.
    ///
    /// # Errors
    /// On the first row whose dates do not parse or are in the wrong order, or whose member is no country code.
    pub fn parse(csv_text: &str) -> Result<Self, BlocError> {
        let mut by_name: BTreeMap<String, Vec<Membership>> = BTreeMap::new();
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(csv_text.as_bytes());
        let headers =
            reader.headers().map_err(|error| BlocError::Row { line: 1, message: error.to_string() })?.clone();
        let mut record = csv::StringRecord::new();
        loop {
            let line = reader.position().line();
            let refuse = |message: String| BlocError::Row { line, message };
            if !reader.read_record(&mut record).map_err(|error| refuse(error.to_string()))? {
                return Ok(Self { by_name });
            }
            let Row { bloc, member, from, to } =
                record.deserialize(Some(&headers)).map_err(|error| refuse(error.to_string()))?;
            if bloc.is_empty() {
                return Err(refuse("the bloc has no name".to_owned()));
            }
            if !is_country_shaped(&member) {
                return Err(refuse(format!("`{member}` is not a country code of two capital letters")));
            }
            if to.is_some_and(|to| to <= from) {
                return Err(refuse(format!("{member} leaves {bloc} before it has joined")));
            }
            by_name.entry(bloc).or_default().push(Membership { member, from, to });
        }
    }

    /// The countries in `accepts`, with each bloc replaced by its members on `as_of`, and by itself if it may be
    /// claimed. A name that is neither stays as it is: no document claims it, so it opens nothing.
    pub fn expand(&self, accepts: &[String], as_of: Date) -> BTreeSet<String> {
        let mut countries = BTreeSet::new();
        for name in accepts {
            let Some(memberships) = self.by_name.get(name) else {
                countries.insert(name.clone());
                continue;
            };
            let current = memberships.iter().filter(|m| m.from <= as_of && m.to.is_none_or(|to| as_of < to));
            countries.extend(current.map(|membership| membership.member.clone()));
        }
        countries
    }

    /// Names of all blocs, in order: for `validate` to say what a config may name.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.by_name.keys().map(String::as_str)
    }

    /// Whether `name` is a bloc of this table.
    pub fn contains(&self, name: &str) -> bool {
        self.by_name.contains_key(name)
    }
}

/// Two capital ASCII letters, as ISO 3166-1 alpha-2 has them. Whether the code is assigned is not asked here.
pub(super) fn is_country_shaped(code: &str) -> bool {
    code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::super::SHIPPED_BLOCS;
    use super::*;

    fn expand(name: &str, as_of: Date) -> Vec<String> {
        Blocs::parse(SHIPPED_BLOCS).unwrap().expand(&[name.to_owned()], as_of).into_iter().collect()
    }

    fn has(name: &str, member: &str, as_of: Date) -> bool {
        expand(name, as_of).contains(&member.to_owned())
    }

    #[test]
    fn the_union_of_today_has_27_members_and_may_itself_be_claimed() {
        let today = expand("EU", date(2026, 11, 23));
        assert_eq!(today.len(), 28, "{today:?}");
        assert!(today.contains(&"EU".to_owned()) && today.contains(&"GR".to_owned()));
    }

    #[test]
    fn croatia_counts_from_the_day_of_its_accession() {
        assert!(!has("EU", "HR", date(2013, 6, 30)));
        assert!(has("EU", "HR", date(2013, 7, 1)));
    }

    #[test]
    fn the_united_kingdom_counts_until_the_day_it_left() {
        assert!(has("EU", "GB", date(2020, 1, 30)));
        assert!(!has("EU", "GB", date(2020, 1, 31)));
        assert!(!has("EU", "GB", date(1972, 12, 31)));
    }

    #[test]
    fn other_blocs_follow_their_own_dates_and_cannot_be_claimed() {
        let day = date(2026, 11, 23);
        assert_eq!(expand("EAC", day), ["BI", "CD", "KE", "RW", "SO", "SS", "TZ", "UG"]);
        assert_eq!(expand("EAC", date(2007, 6, 30)), ["KE", "TZ", "UG"]);
        let ecowas = ["BJ", "CI", "CV", "GH", "GM", "GN", "GW", "LR", "NG", "SL", "SN", "TG"];
        assert_eq!(expand("ECOWAS", day), ecowas);
        for leaver in ["BF", "ML", "NE"] {
            assert!(has("ECOWAS", leaver, date(2025, 1, 28)) && !has("ECOWAS", leaver, date(2025, 1, 29)));
        }
        assert_eq!(expand("ASEAN", day).len(), 11);
        assert!(!has("ASEAN", "TL", date(2025, 10, 25)) && has("ASEAN", "TL", date(2025, 10, 26)));
        assert_eq!(expand("EEA", day).len(), 30);
        assert!(has("EEA", "NO", day) && has("EEA", "IS", day) && has("EEA", "LI", day));
    }

    #[test]
    fn norway_is_a_country_and_is_in_no_union() {
        assert_eq!(expand("NO", date(2026, 11, 23)), ["NO"]);
        assert!(!has("EU", "NO", date(2026, 11, 23)));
    }

    #[test]
    fn a_name_that_is_neither_country_nor_bloc_stays_and_opens_nothing() {
        assert_eq!(expand("ECOWSA", date(2026, 11, 23)), ["ECOWSA"]);
        assert!(!Blocs::parse(SHIPPED_BLOCS).unwrap().contains("ECOWSA"));
    }

    #[test]
    fn a_bad_row_is_refused_with_its_line() {
        for (row, says) in [
            ("EU,HR,2013-07-32,", "line 3"),
            ("EU,HR,2013-07-01,2012-01-01", "before it has joined"),
            ("EU,Hrvatska,2013-07-01,", "Hrvatska"),
            (",HR,2013-07-01,", "no name"),
            ("EU,HR", "line 3"),
        ] {
            let table = format!("bloc,member,from,to\nEU,DE,1958-01-01,\n{row}\n");
            let error = Blocs::parse(&table).unwrap_err().to_string();
            assert!(error.contains(says), "{row}: {error}");
        }
        assert!(Blocs::parse("bloc,member,since,to\nEU,DE,1958-01-01,\n").is_err());
    }

    #[test]
    fn the_shipped_table_is_sorted_and_has_no_row_twice() {
        let rows: Vec<&str> = SHIPPED_BLOCS.lines().skip(1).collect();
        assert!(rows.windows(2).all(|pair| pair[0] < pair[1]));
    }
}
