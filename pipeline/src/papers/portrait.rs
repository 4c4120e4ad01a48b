//! What the rows of one node's version are, in numbers: the common ground of all papers.
//!
//! Only rows of the node count, and of what it did not get only two numbers that a summary has to say: how many documents it
//! would have had, but for a reservation or a licence. Everything is sorted, no clock is asked, so equal versions have equal
//! portraits. Rows are documents, bytes are UTF-8 of the text as it was read, chars are Unicode scalar values of the same;
//! masks of personal data come after, so a shard may differ by some characters.
//!
//! Sums over `languages`, `jurisdictions`, `countries`, `licenses`, `tiers`, `optout_train`, `modes` and `sources` are `all`.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Serialize;

/// Name of what has no licence, steward, country or domain.
pub const NONE: &str = "-";

/// What the rows of one node's version are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Portrait {
    /// Everything together.
    pub all: Share,
    /// When the documents were fetched, as far as their records say.
    pub fetched: Option<Period>,
    /// Rows whose records name no time.
    pub undated: u64,
    /// By label, such as `swa_Latn`.
    pub languages: BTreeMap<String, Share>,
    /// By the countries that bind a document, sorted and joined by commas; [`NONE`] where nothing does.
    pub jurisdictions: BTreeMap<String, Share>,
    /// By [`country_of`](super::gather::country_of): the binding countries, else that of the domain's registry, else [`NONE`].
    /// Countries are sorted and joined by commas.
    pub countries: BTreeMap<String, Share>,
    /// By language, then as `countries`.
    pub language_countries: BTreeMap<String, BTreeMap<String, Share>>,
    /// By SPDX id or `LicenseRef-…`; [`NONE`] where no licence was found.
    pub licenses: BTreeMap<String, Share>,
    /// By tier: 0 unknown, 1 restricted, 2 non-commercial or no-derivatives, 3 share-alike, 4 attribution, 5 public domain.
    pub tiers: BTreeMap<u8, Share>,
    /// By `allow`, `disallow` and `unknown`.
    pub optout_train: BTreeMap<String, Share>,
    /// By how restricted the documents are; [`NONE`] where nobody said.
    pub modes: BTreeMap<String, Share>,
    /// By community; a document of two counts in both, one of none in none.
    pub communities: BTreeMap<String, Share>,
    /// By steward; documents without one are in none.
    pub stewards: BTreeMap<String, Share>,
    /// Documents whose address a seed of a community covers.
    pub seeded: Share,
    /// By name of the source in the config.
    pub sources: BTreeMap<String, SourceShare>,
    /// Rows in which a kind of personal data was found, by kind; before masks. Empty if none was found or nobody looked.
    pub personal_data: BTreeMap<String, u64>,
    /// The domains that give most.
    pub domains: Domains,
    /// What the node did not get for a reservation or a licence.
    pub withheld: Withheld,
}

/// A part of the rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Share {
    /// Documents.
    pub rows: u64,
    /// Bytes of text, UTF-8.
    pub bytes: u64,
    /// Unicode scalar values of text.
    pub chars: u64,
}

impl std::ops::AddAssign for Share {
    fn add_assign(&mut self, other: Self) {
        self.rows += other.rows;
        self.bytes += other.bytes;
        self.chars += other.chars;
    }
}

/// First and last day, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Period {
    /// The first.
    pub from: Date,
    /// The last.
    pub to: Date,
}

impl Period {
    /// The shortest period that holds both.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self { from: self.from.min(other.from), to: self.to.max(other.to) }
    }
}

/// What came from one source.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct SourceShare {
    /// All of it.
    pub all: Share,
    /// When it was fetched, as far as the records say.
    pub fetched: Option<Period>,
    /// Rows whose records name no time.
    pub undated: u64,
    /// By name of the crawl; [`NONE`] where neither config nor document names one.
    pub crawls: BTreeMap<String, CrawlShare>,
}

/// What came from one crawl.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct CrawlShare {
    /// All of it.
    pub all: Share,
    /// When it was fetched, as far as the records say.
    pub fetched: Option<Period>,
}

/// How many domains a list holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Listing {
    /// Of a hundred domains, how many are listed; at least one is.
    pub per_cent: u64,
    /// No list is longer.
    pub at_most: Option<u64>,
}

impl Listing {
    /// As the template of the Commission asks of most: the top 10 %.
    pub const MOST: Self = Self { per_cent: 10, at_most: None };
    /// As it asks of small and medium-sized enterprises: the top 5 %, or 1,000 if that is less.
    pub const SMALL: Self = Self { per_cent: 5, at_most: Some(1000) };

    /// How many of so many domains are listed.
    pub fn of(self, domains: u64) -> u64 {
        let share = u128::from(domains) * u128::from(self.per_cent);
        let listed = u64::try_from(share.div_ceil(100)).unwrap_or(u64::MAX);
        listed.min(self.at_most.unwrap_or(u64::MAX))
    }
}

impl Default for Listing {
    fn default() -> Self {
        Self::MOST
    }
}

/// Registered domains by the size of what they give.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Domains {
    /// How long the lists are.
    pub listing: Listing,
    /// Rows without an address; they are in no list.
    pub without: Share,
    /// Over everything.
    pub all: TopDomains,
    /// By label of the language.
    pub languages: BTreeMap<String, TopDomains>,
    /// By country, as in [`Portrait::countries`], but each by itself: a document of two counts in both. [`NONE`] for none.
    pub countries: BTreeMap<String, TopDomains>,
}

/// The domains that give most, and how many there are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct TopDomains {
    /// Distinct domains.
    pub domains: u64,
    /// The largest, by bytes, then by name.
    pub top: Vec<Domain>,
}

/// A domain and what it gives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Domain {
    /// The registered domain by the public suffix list, in ASCII; the host where it has none, as addresses do.
    pub name: String,
    /// What it gives.
    #[serde(flatten)]
    pub share: Share,
}

/// Documents that the node would have had, copies counted, but for one reason alone. A document denied for two reasons is in
/// neither number.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Withheld {
    /// Had nobody reserved training on them.
    pub reserved: u64,
    /// The same by the signal that decided, as in `optout_basis`.
    pub reserved_by: BTreeMap<String, u64>,
    /// Had they been in the public domain.
    pub unlicensed: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenth_of_the_domains_is_listed_and_at_least_one() {
        for (domains, most, small) in [
            (0, 0, 0),
            (1, 1, 1),
            (9, 1, 1),
            (10, 1, 1),
            (11, 2, 1),
            (100, 10, 5),
            (1_000_000, 100_000, 1000),
        ] {
            assert_eq!((Listing::MOST.of(domains), Listing::SMALL.of(domains)), (most, small), "{domains}");
        }
        assert_eq!(Listing::MOST.of(u64::MAX), u64::MAX.div_ceil(10));
    }
}
