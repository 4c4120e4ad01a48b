//! The parts of the EU's summary that are computed: tables, lists of domain names, section 3.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use kilim_connectors::robots::AgentList;
use serde::{Serialize, Serializer};

use super::Facts;
use super::eu_art53::yes_or_no;
use super::portrait::{Period, Share, TopDomains};
use super::tier::{Counts, Item, Rule};
use crate::config::Provider;
use crate::steps::StepKind;

/// A sentence of the summary.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Said {
    /// It is known.
    Text(String),
    /// Only the provider knows, and has not said so in the config.
    #[default]
    ByProvider,
    /// It is known, and the mode of the node keeps it from the public.
    Unpublished,
}

impl Said {
    /// In words.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::ByProvider => "to be stated by the provider",
            Self::Unpublished => "not published: the node keeps it",
        }
    }
}

impl From<Option<String>> for Said {
    fn from(text: Option<String>) -> Self {
        text.map_or(Self::ByProvider, Self::Text)
    }
}

impl Serialize for Said {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// What there is by name. In public papers of nodes that are not open: rows alone, small ones together.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Table {
    /// Whether the node keeps it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub unpublished: bool,
    /// By name.
    pub lines: BTreeMap<String, Line>,
    /// Documents of names that are too small to be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub others: Option<u64>,
}

/// A line of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Line {
    /// Documents.
    pub documents: u64,
    /// Characters of text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub characters: Option<u64>,
    /// Bytes of text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
}

/// The table of `shares`, as far as `item` may be told.
pub(super) fn table(facts: &Facts<'_>, item: Item, shares: &BTreeMap<String, Share>) -> Table {
    let rows = shares.iter().map(|(name, share)| (name.clone(), share.rows)).collect();
    let Counts { named, others } = facts.counts(item, &rows);
    let whole = facts.rule(item) == Rule::Whole;
    let line = |name: &str, documents: u64| {
        let share = shares.get(name).filter(|_| whole);
        Line { documents, characters: share.map(|share| share.chars), bytes: share.map(|share| share.bytes) }
    };
    let lines = named.iter().map(|(name, rows)| (name.clone(), line(name, *rows))).collect();
    Table { unpublished: !facts.may(item), lines, others }
}

/// From month to month, of so many documents.
pub(super) fn period(facts: &Facts<'_>, rows: u64, fetched: Option<Period>) -> Said {
    match fetched {
        _ if facts.number(Item::Dates, rows).is_none() => Said::Unpublished,
        Some(Period { from, to }) => {
            Said::Text(format!("{} to {}", from.strftime("%m/%Y"), to.strftime("%m/%Y")))
        }
        None => Said::Text("the records do not say".to_owned()),
    }
}

/// The most relevant domain names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DomainList {
    /// Which are listed.
    pub rule: String,
    /// Over all.
    pub all: Domains,
    /// By language.
    pub languages: BTreeMap<String, Domains>,
    /// By country.
    pub countries: BTreeMap<String, Domains>,
    /// Documents without an address, of which no domain is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub without_address: Option<u64>,
    /// Whether the node keeps them.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub unpublished: bool,
}

/// A list of domain names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Domains {
    /// How many there are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub distinct: Option<u64>,
    /// The largest.
    pub listed: Vec<Domain>,
}

/// A domain name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Domain {
    /// In ASCII, as servers are asked for it.
    pub domain: String,
    /// As people write it, where that differs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unicode: Option<String>,
    /// Documents.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub documents: Option<u64>,
    /// Bytes of text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
}

/// The lists of domain names. In public papers of nodes that are not open: names alone, in order of the alphabet, and only of
/// domains that give many documents; numbers of one list could be taken from those of another.
pub(super) fn domain_lists(facts: &Facts<'_>) -> DomainList {
    let (domains, whole) = (&facts.portrait.domains, facts.rule(Item::Domains) == Rule::Whole);
    let may = facts.may(Item::Domains);
    let list = |top: &TopDomains| {
        let listed = top.top.iter().filter(|domain| facts.number(Item::Domains, domain.share.rows).is_some());
        let mut listed: Vec<Domain> = listed
            .map(|domain| Domain {
                domain: domain.name.clone(),
                unicode: unicode(&domain.name),
                documents: whole.then_some(domain.share.rows),
                bytes: whole.then_some(domain.share.bytes),
            })
            .collect();
        if !whole {
            listed.sort_by(|a, b| a.domain.cmp(&b.domain));
        }
        Domains { distinct: whole.then_some(top.domains), listed }
    };
    // A language or country that a table keeps back has no list either: it would tell of what is merged there.
    let lists = |tops: &BTreeMap<String, TopDomains>, named: &BTreeMap<String, u64>| {
        let lists = tops.iter().filter(|(name, _)| whole || named.contains_key(*name));
        let lists = lists.map(|(name, top)| (name.clone(), list(top)));
        lists.filter(|(_, domains)| whole || !domains.listed.is_empty()).collect()
    };
    let languages = facts.rows(Item::Languages, &facts.portrait.languages).named;
    let countries = facts.rows(Item::Jurisdictions, &facts.portrait.countries).named;
    let mut rule = format!(
        "registered domains by the bytes of text that they give, of all documents, in whatever section their source stands: the \
         top {} % over all, in each language and in each country, \
         at least one of each",
        domains.listing.per_cent
    );
    if let Some(most) = domains.listing.at_most {
        let _ = write!(rule, "; at most {most} a list, as for small and medium enterprises");
    }
    if !whole && may {
        let least = facts.node().public.min_count;
        let _ = write!(rule, "; of these, domains with {least} documents or more");
    }
    DomainList {
        rule,
        all: if may { list(&domains.all) } else { Domains::default() },
        languages: if may { lists(&domains.languages, &languages) } else { BTreeMap::new() },
        countries: if may { lists(&domains.countries, &countries) } else { BTreeMap::new() },
        without_address: whole.then_some(domains.without.rows),
        unpublished: !may,
    }
}

/// A domain name in the letters of its language; none for one that is written in ASCII, or that is no valid name.
pub(super) fn unicode(domain: &str) -> Option<String> {
    if !domain.split('.').any(|label| label.starts_with("xn--")) {
        return None;
    }
    let (name, valid) = idna::domain_to_unicode(domain);
    (valid.is_ok() && name != domain).then_some(name)
}

/// Section 3.1.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Reservations {
    /// Whether the provider signed the code of practice.
    pub code_of_practice: Said,
    /// What the provider does besides.
    pub measures_of_the_provider: Said,
    /// What was read.
    pub protocols: Vec<&'static str>,
    /// For which crawlers, and by which list.
    pub agents: Said,
    /// The dated snapshots that were honoured.
    pub snapshots: Vec<String>,
    /// What follows from a reservation.
    pub measures: Vec<&'static str>,
    /// Documents that were withheld for a reservation alone.
    pub withheld: Said,
    /// The same by the signal that decided.
    pub withheld_by_signal: BTreeMap<String, u64>,
    /// Documents in the corpus by what their publishers said about training.
    pub in_the_corpus: Table,
}

/// What `tag_optout` and stage 3 read.
const PROTOCOLS: [&str; 6] = [
    "robots.txt (RFC 9309): rules for crawlers that gather training data, path by path",
    "robots meta tags and the header X-Robots-Tag: noai, noindex and their like, also for single crawlers",
    "TDM Reservation Protocol (W3C community group): file, header and meta tag",
    "Content-Usage of the IETF drafts on AI preferences: header and robots.txt",
    "Content-Signal (Cloudflare): header and robots.txt",
    "Really Simple Licensing 1.0: robots.txt, header, link and licence file",
];

/// How they are weighed.
const MEASURES: [&str; 3] = [
    "all signals are read, and the most restrictive counts; what can be read in two ways is read in the stricter",
    "only the word of an owner, or of a steward with the owner's permission, with evidence, counts before a reservation",
    "each document carries what its publisher said, and the rules of the node decide on it before anything is written",
];

/// Section 3.1, from the steps.
pub(super) fn reservations(facts: &Facts<'_>, said: &Provider) -> Reservations {
    let portrait = facts.portrait;
    let step = facts.config.steps.iter().find_map(|step| match &step.kind {
        StepKind::TagOptout(step) => Some(step),
        _ => None,
    });
    let mut part = Reservations {
        code_of_practice: said.code_of_practice.map(yes_or_no).into(),
        measures_of_the_provider: said.reservations.clone().into(),
        ..Reservations::default()
    };
    let Some(step) = step else {
        part.agents = Said::Text("this run read no reservations".to_owned());
        part.withheld = Said::Text("none: this run read no reservations".to_owned());
        return part;
    };
    let list = match &step.list {
        None => format!("the list of AI crawlers of {}", AgentList::shipped().version),
        Some(_) => "a list of the steward's own".to_owned(),
    };
    part.agents = Said::Text(format!("{}, by {list}", step.agents.join(", ")));
    part.protocols = PROTOCOLS.to_vec();
    part.measures = MEASURES.to_vec();
    let snapshots = facts.manifest.models.iter().filter(|model| model.name.starts_with("opt-out snapshot "));
    part.snapshots = snapshots.map(|model| format!("{} (BLAKE3 {})", model.name, model.blake3)).collect();
    let withheld = &portrait.withheld;
    part.withheld = match facts.number(Item::Outcomes, withheld.reserved) {
        Some(documents) => Said::Text(format!("{}, copies counted", counted(documents))),
        None => Said::Unpublished,
    };
    part.withheld_by_signal = facts.counts(Item::Outcomes, &withheld.reserved_by).named;
    part.in_the_corpus = table(facts, Item::Reservations, &portrait.optout_train);
    part
}

/// Section 3.2.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct IllegalContent {
    /// What the provider does.
    pub measures_of_the_provider: Said,
    /// Lists of words and hosts that documents were held against.
    pub lists: Vec<String>,
    /// Whom to ask for a removal.
    pub contact: Said,
}

/// Section 3.2, from the steps.
pub(super) fn illegal_content(facts: &Facts<'_>, said: &Provider) -> IllegalContent {
    let mut lists = Vec::new();
    for step in facts.config.steps.iter().filter(|_| facts.may(Item::Parameters)) {
        let StepKind::MatchLists(step) = &step.kind else { continue };
        for list in &step.lists {
            let does = if list.min_hits.is_some() || list.min_share.is_some() { "rejects" } else { "counts" };
            lists.push(format!("{} ({does})", list.kind));
        }
    }
    lists.sort();
    IllegalContent {
        measures_of_the_provider: said.illegal_content.clone().into(),
        lists,
        contact: facts.about().takedown_contact.clone().into(),
    }
}

/// Section 3.3.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct OtherInformation {
    /// In the provider's words.
    pub words_of_the_provider: Option<String>,
    /// By licence.
    pub licences: Table,
    /// Documents that were withheld for their licence alone.
    pub withheld_for_licence: Said,
    /// What was done with personal data, by kind.
    pub personal_data: BTreeMap<String, String>,
    /// Masks by kind.
    pub masks: BTreeMap<String, u64>,
    /// Copies of texts that were set aside.
    pub copies_set_aside: Said,
}

/// So many documents, in words.
pub(super) fn counted(documents: u64) -> String {
    format!("{documents} document{}", if documents == 1 { "" } else { "s" })
}

/// Section 3.3.
pub(super) fn other_information(facts: &Facts<'_>, said: &Provider) -> OtherInformation {
    let portrait = facts.portrait;
    let pii = facts.manifest.node.pii.as_ref();
    let copies = facts.manifest.books.get("duplicate").copied().unwrap_or(0);
    let told = |number: Option<u64>, tail: &str| match number {
        Some(number) => Said::Text(format!("{}{tail}", counted(number))),
        None => Said::Unpublished,
    };
    OtherInformation {
        words_of_the_provider: said.other.clone(),
        licences: table(facts, Item::Licences, &portrait.licenses),
        withheld_for_licence: told(
            facts.number(Item::Outcomes, portrait.withheld.unlicensed),
            ", copies counted",
        ),
        personal_data: pii.map(|pii| pii.treatment.clone()).unwrap_or_default(),
        masks: pii.map(|pii| facts.counts(Item::PersonalData, &pii.masked).named).unwrap_or_default(),
        copies_set_aside: told(facts.number(Item::Outcomes, copies), ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domain_names_are_shown_as_people_write_them() {
        for written in ["हिन्दी.भारत", "παράδειγμα.ελ", "مثال.إيران", "例え.テスト", "müller.de", "пример.рф"]
        {
            let ascii = idna::domain_to_ascii(written).expect("it is a name");
            assert_eq!(unicode(&ascii).as_deref(), Some(written), "{ascii}");
        }
        for none in ["habari.co.ke", "192.0.2.1", "xn--.example", "xn--a\u{202e}b.example", "-"] {
            assert_eq!(unicode(none), None, "{none}");
        }
    }
}
