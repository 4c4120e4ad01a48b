//! Who may know what: one table of modes and items, and how numbers are made coarse.
//!
//! The modes are those of nodes. *Open*: anyone may have the documents, so anyone may know all about them. *Restricted*: what
//! kinds of documents there are and where they come from may be known, single documents may not. *Local-only*: counts,
//! digests of whole files and attestations may be known; where documents come from may not. *Participant-private*: totals
//! and attestations.
//!
//! A digest is a question that anyone can ask: is this text there? That is why digests of columns, and of shards with few
//! rows, are for open nodes only, and Merkle roots only where their leaves are salted with a secret. A small number says
//! something about single people; and a small number that is left out of a sum can be computed from the rest. So small
//! groups are merged until the merged one is large ([`Counts::merged`]). This is no differential privacy: two versions that
//! differ by a document can differ in a number.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;

use crate::config::Mode;

/// Whom a paper is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tier {
    /// Whoever holds the version folder.
    Node,
    /// Everyone.
    Public,
}

/// What a paper may speak of. What is not here may always be said: the name and engine of the corpus, the node's word
/// (jurisdiction, mode, what it accepts and asks for), the day, `about:` but for its `provider`, names and versions of steps,
/// digests of policies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Item {
    /// Numbers of rows, characters and records in all.
    Totals,
    /// Rows by language.
    Languages,
    /// Records by outcome, and by the reason why they were withheld.
    Outcomes,
    /// Rows by licence.
    Licences,
    /// Rows by the jurisdictions that bind them.
    Jurisdictions,
    /// Rows by what their publishers reserve.
    Reservations,
    /// Masks over personal data, by kind.
    PersonalData,
    /// From when to when documents were fetched.
    Dates,
    /// Names of sources and crawls, with rows.
    Sources,
    /// Who answers for documents, and communities.
    Stewards,
    /// Domain names, with rows and bytes.
    Domains,
    /// Names, addresses and digests of input files.
    Inputs,
    /// Digests of whole shards.
    ShardDigests,
    /// Rows, bytes and characters of each shard.
    ShardCounts,
    /// Digests of columns of shards.
    ColumnDigests,
    /// Merkle roots over rows, and what is computed from them.
    Roots,
    /// Parameters of steps.
    Parameters,
}

impl Item {
    /// All of them.
    pub const ALL: [Self; 17] = [
        Self::Totals,
        Self::Languages,
        Self::Outcomes,
        Self::Licences,
        Self::Jurisdictions,
        Self::Reservations,
        Self::PersonalData,
        Self::Dates,
        Self::Sources,
        Self::Stewards,
        Self::Domains,
        Self::Inputs,
        Self::ShardDigests,
        Self::ShardCounts,
        Self::ColumnDigests,
        Self::Roots,
        Self::Parameters,
    ];

    /// In the words of the table in the guide.
    pub fn words(self) -> &'static str {
        match self {
            Self::Totals => "numbers of rows, characters, records",
            Self::Languages => "rows by language",
            Self::Outcomes => "records by outcome and reason",
            Self::Licences => "rows by licence",
            Self::Jurisdictions => "rows by jurisdiction",
            Self::Reservations => "rows by reservation",
            Self::PersonalData => "masks by kind",
            Self::Dates => "dates of fetching",
            Self::Sources => "names of sources and crawls",
            Self::Stewards => "stewards and communities",
            Self::Domains => "domain names",
            Self::Inputs => "names and digests of inputs",
            Self::ShardDigests => "digests of shards",
            Self::ShardCounts => "rows and bytes of each shard",
            Self::ColumnDigests => "digests of columns",
            Self::Roots => "Merkle roots",
            Self::Parameters => "parameters of steps",
        }
    }
}

/// What may be said about an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// All of it.
    Whole,
    /// What is of at least `public.min_count`; smaller groups are merged.
    LargeOnly,
    /// All of it, if salts come of a secret.
    IfSalted,
    /// Nothing.
    Never,
}

impl Rule {
    /// In the words of the table in the guide.
    pub fn words(self) -> &'static str {
        match self {
            Self::Whole => "yes",
            Self::LargeOnly => "from `min_count`",
            Self::IfSalted => "if salted with a secret",
            Self::Never => "no",
        }
    }
}

/// The modes, the most open first.
pub const MODES: [Mode; 4] = [Mode::Open, Mode::Restricted, Mode::LocalOnly, Mode::ParticipantPrivate];

/// What may be said in public about `item` of a node of `mode`: the table.
pub fn rule(mode: Mode, item: Item) -> Rule {
    use Rule::{IfSalted, LargeOnly, Never};
    let [restricted, local_only, participant_private] = match item {
        Item::Totals => [LargeOnly, LargeOnly, LargeOnly],
        Item::Languages
        | Item::Outcomes
        | Item::Licences
        | Item::Jurisdictions
        | Item::Reservations
        | Item::PersonalData
        | Item::Dates
        | Item::ShardDigests => [LargeOnly, LargeOnly, Never],
        Item::Sources | Item::Stewards | Item::Domains => [LargeOnly, Never, Never],
        Item::Roots => [IfSalted, IfSalted, Never],
        Item::Inputs | Item::ShardCounts | Item::ColumnDigests | Item::Parameters => [Never, Never, Never],
    };
    match mode {
        Mode::Open => Rule::Whole,
        Mode::Restricted => restricted,
        Mode::LocalOnly => local_only,
        Mode::ParticipantPrivate => participant_private,
    }
}

/// The table as Markdown, for the guide.
pub fn table_markdown() -> String {
    let mut out = String::from("| what |");
    for mode in MODES {
        let _ = write!(out, " {} |", mode.as_str());
    }
    out.push_str("\n|---|---|---|---|---|\n");
    for item in Item::ALL {
        let _ = write!(out, "| {} |", item.words());
        for mode in MODES {
            let _ = write!(out, " {} |", rule(mode, item).words());
        }
        out.push('\n');
    }
    out
}

/// Numbers by name, of which some may be merged.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// What is named.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub named: BTreeMap<String, u64>,
    /// What several names have together; none if all are named, or if even that is too small to be said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub others: Option<u64>,
}

impl Counts {
    /// All of them.
    pub fn whole(counts: &BTreeMap<String, u64>) -> Self {
        Self { named: counts.clone(), others: None }
    }

    /// Numbers below `least` are merged with the next larger ones until they have `least` together: else who knows the sum
    /// would know a small number too. Of equal numbers the one whose name comes last goes first.
    pub fn merged(counts: &BTreeMap<String, u64>, least: u64) -> Self {
        let mut named: BTreeMap<String, u64> = counts
            .iter()
            .filter(|(_, count)| **count > 0)
            .map(|(name, count)| (name.clone(), *count))
            .collect();
        let mut others = 0;
        loop {
            let smallest = named.iter().min_by(|a, b| a.1.cmp(b.1).then(b.0.cmp(a.0)));
            let Some((name, count)) = smallest.map(|(name, count)| (name.clone(), *count)) else { break };
            if count >= least && (others == 0 || others >= least) {
                break;
            }
            others += count;
            named.remove(&name);
        }
        Self { named, others: (others >= least).then_some(others) }
    }

    /// The sum of what is said.
    pub fn sum(&self) -> u64 {
        self.named.values().sum::<u64>() + self.others.unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn counts(pairs: &[(&str, u64)]) -> BTreeMap<String, u64> {
        pairs.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
    }

    #[test]
    fn a_more_private_mode_never_says_more() {
        let openness = |rule| match rule {
            Rule::Whole => 3,
            Rule::LargeOnly | Rule::IfSalted => 2,
            Rule::Never => 0,
        };
        for item in Item::ALL {
            let rules = MODES.map(|mode| openness(rule(mode, item)));
            assert!(rules.is_sorted_by(|a, b| a >= b), "{item:?}: {rules:?}");
        }
    }

    #[test]
    fn a_single_small_group_takes_the_next_larger_one_with_it() {
        let all = counts(&[("amh_Ethi", 3), ("hin_Deva", 40), ("swa_Latn", 900)]);
        let merged = Counts::merged(&all, 10);
        assert_eq!(merged, Counts { named: counts(&[("swa_Latn", 900)]), others: Some(43) });
        let merged = Counts::merged(&counts(&[("amh_Ethi", 3), ("tam_Taml", 4)]), 10);
        assert_eq!(merged, Counts::default(), "seven rows in all are too few to be said");
        let merged = Counts::merged(&counts(&[("amh_Ethi", 6), ("tam_Taml", 7), ("ell_Grek", 12)]), 10);
        assert_eq!(merged, Counts { named: counts(&[("ell_Grek", 12)]), others: Some(13) });
    }

    proptest! {
        #[test]
        fn no_merged_number_is_small_and_none_can_be_computed(
            all in proptest::collection::btree_map("[a-z]{3}_[A-Z][a-z]{3}", 0_u64..60, 0..12),
            least in 2_u64..20,
        ) {
            let merged = Counts::merged(&all, least);
            prop_assert!(merged.named.values().all(|count| *count >= least));
            prop_assert!(merged.others.is_none_or(|others| others >= least));
            let total: u64 = all.values().sum();
            // Who knows the total knows what is not said: that is nothing, or all of it, which is below `least` then.
            let unsaid = total - merged.sum();
            prop_assert!(unsaid == 0 || (merged == Counts::default() && unsaid < least), "{merged:?} of {all:?}");
        }
    }
}
