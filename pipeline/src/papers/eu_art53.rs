//! `eu_art53.json` and `eu_art53.md`: what this corpus adds to the summary of training content that Article 53(1)(d) of
//! Regulation (EU) 2024/1689 (the AI Act) asks of providers of general-purpose models.
//!
//! The sections are those of the Commission's template (July 2025, C(2025) 8311 of December 2025). What a run knows is
//! computed; what only the provider knows comes from `about.provider`, or reads "to be stated by the provider". Nothing is
//! guessed: WARC files count as crawled (2.3), since that is what they are, and whose crawl it was is for the provider to
//! say; of documents of an existing corpus the run does not know whether it is public (2.1) or not (2.2).
//!
//! The top of the domain names is listed three times: over all, in every language and in every country. A list over all
//! alone names the hosts of the largest language.

use std::collections::BTreeMap;

use serde::Serialize;

use super::eu_art53_parts::{
    DomainList, IllegalContent, OtherInformation, Reservations, Said, Table, domain_lists, illegal_content,
    other_information, period, reservations, table,
};
use super::portrait::{Period, Share};
use super::tier::{Item, Rule};
use super::{Facts, Paper};
use crate::config::{Party, Provider, ProviderSource, SourceConfig, SourceKind};
use crate::steps::StepKind;

/// The template, as the paper names it.
const TEMPLATE: &str = "template of the European Commission for the public summary of training content, July 2025, as in \
                        C(2025) 8311 of December 2025";

/// The paper.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// What it is part of.
    pub summary: &'static str,
    /// Whose sections these are.
    pub template: &'static str,
    /// What it speaks of.
    pub covers: String,
    /// The day on which laws and reservations were read.
    pub as_of: String,
    /// What made it.
    pub engine: String,
    /// Section 1.1.
    #[serde(rename = "1.1 provider")]
    pub provider: ProviderPart,
    /// Section 1.2.
    #[serde(rename = "1.2 model")]
    pub model: Model,
    /// Section 1.3.
    #[serde(rename = "1.3 modalities, size and characteristics")]
    pub characteristics: Characteristics,
    /// Section 2.1.
    #[serde(rename = "2.1 publicly available datasets")]
    pub public_datasets: Datasets,
    /// Section 2.2.1.
    #[serde(rename = "2.2.1 datasets licensed by rights holders")]
    pub licensed: Datasets,
    /// Section 2.2.2.
    #[serde(rename = "2.2.2 private datasets of third parties")]
    pub private: Datasets,
    /// Sources of which nobody said whether they are public.
    #[serde(rename = "2.1 or 2.2, to be stated by the provider")]
    pub unplaced: Datasets,
    /// Section 2.3.
    #[serde(rename = "2.3 data crawled and scraped")]
    pub crawled: Crawled,
    /// Section 2.4.
    #[serde(rename = "2.4 user data")]
    pub user_data: Datasets,
    /// Section 2.5.
    #[serde(rename = "2.5 synthetic data")]
    pub synthetic: Datasets,
    /// Section 2.6.
    #[serde(rename = "2.6 other sources")]
    pub other: Datasets,
    /// Section 3.1.
    #[serde(rename = "3.1 reservations of rights")]
    pub reservations: Reservations,
    /// Section 3.2.
    #[serde(rename = "3.2 illegal content")]
    pub illegal_content: IllegalContent,
    /// Section 3.3.
    #[serde(rename = "3.3 other information")]
    pub other_information: OtherInformation,
}

/// Section 1.1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProviderPart {
    /// Name and contact.
    pub provider: Said,
    /// Its representative in the Union.
    pub authorised_representative: Said,
}

/// Section 1.2.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Model {
    /// Names and versions.
    pub models: Said,
    /// What they were made from.
    pub dependencies: Said,
    /// Day of placement on the Union market.
    pub placed_on_market: Said,
}

/// Section 1.3.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Characteristics {
    /// Always text.
    pub modality: &'static str,
    /// The template's range.
    pub size_range: Said,
    /// In tokens of the model, or why they are not known.
    pub tokens: Said,
    /// In units that a run counts.
    pub size: Said,
    /// Kinds of content.
    pub content: String,
    /// Month of the latest document.
    pub latest_acquisition: Said,
    /// Whether training goes on.
    pub continuous_training: Said,
    /// By language.
    pub languages: Table,
    /// By country.
    pub countries: Table,
    /// By language and country, whole papers only.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub language_countries: BTreeMap<String, BTreeMap<String, Share>>,
    /// By steward.
    pub stewards: Table,
}

/// A section that lists datasets.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Datasets {
    /// Whether such data was used.
    pub used: Said,
    /// Which.
    pub datasets: Vec<Dataset>,
}

/// A dataset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Dataset {
    /// The name by which it is known.
    pub name: String,
    /// Where it can be had.
    pub url: Option<String>,
    /// What it holds.
    pub description: Said,
    /// What of it is in the corpus.
    pub share: Option<Share>,
    /// Of the documents.
    pub acquired: Said,
}

/// Section 2.3.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Crawled {
    /// Whether there is such data.
    pub used: Said,
    /// The crawls.
    pub crawls: Vec<Crawl>,
    /// What sources the addresses came from.
    pub sources: Said,
    /// Names of domains.
    pub domains: DomainList,
}

/// A crawl.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Crawl {
    /// The name of its source.
    pub source: String,
    /// Names of the crawls in it, with what they give where that may be told.
    pub crawls: BTreeMap<String, Option<Share>>,
    /// Where it can be had.
    pub url: Option<String>,
    /// What crawled.
    pub crawlers: Said,
    /// What for.
    pub purpose: Said,
    /// How.
    pub behaviour: Said,
    /// From month to month.
    pub period: Said,
    /// What of it is in the corpus.
    pub share: Option<Share>,
    /// What it holds.
    pub content: Said,
}

/// Both papers.
pub fn papers(facts: &Facts<'_>) -> [Paper; 2] {
    let summary = summary(facts);
    // Straight to bytes, in the order of the sections: domain names may be many.
    let mut json = serde_json::to_vec_pretty(&summary).expect("a summary has only texts as keys");
    json.push(b'\n');
    let page = super::eu_art53_markdown::markdown(&summary).into_bytes();
    [facts.paper("eu_art53", "json", json), facts.paper("eu_art53", "md", page)]
}

/// The summary.
pub fn summary(facts: &Facts<'_>) -> Summary {
    let manifest = facts.manifest;
    let nobody = Provider::default();
    let said = facts.about().provider.as_ref().unwrap_or(&nobody);
    let sources = Sources::of(facts, said);
    Summary {
        summary: "Public summary of training content, Article 53(1)(d) of Regulation (EU) 2024/1689",
        template: TEMPLATE,
        covers: format!(
            "corpus {} for node {} alone; a provider who trains on more adds the rest",
            manifest.corpus, manifest.node.facts.name
        ),
        as_of: manifest.as_of.clone(),
        engine: manifest.engine.clone(),
        provider: ProviderPart {
            provider: facts.about().publisher.as_ref().map(party).into(),
            authorised_representative: said.authorised_representative.as_ref().map(party).into(),
        },
        model: Model {
            models: (!said.models.is_empty()).then(|| said.models.join("; ")).into(),
            dependencies: said.model_dependencies.clone().into(),
            placed_on_market: said.placed_on_market.map(|day| day.to_string()).into(),
        },
        characteristics: characteristics(facts, said),
        public_datasets: sources.datasets(Some(SourceKind::PublicDataset), None),
        licensed: sources.datasets(Some(SourceKind::Licensed), None),
        private: sources.datasets(Some(SourceKind::PrivateDataset), None),
        unplaced: sources.datasets(None, None),
        crawled: sources.crawled(),
        user_data: sources.datasets(Some(SourceKind::UserData), said.user_data.as_ref()),
        synthetic: sources.datasets(Some(SourceKind::Synthetic), said.synthetic_data.as_ref()),
        other: sources.datasets(Some(SourceKind::Other), said.other_data.as_ref()),
        reservations: reservations(facts, said),
        illegal_content: illegal_content(facts, said),
        other_information: other_information(facts, said),
    }
}

fn party(party: &Party) -> String {
    let country = party.country.as_ref().map(ToString::to_string);
    let parts = [Some(party.name.clone()), party.email.clone(), party.url.clone(), country];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn characteristics(facts: &Facts<'_>, said: &Provider) -> Characteristics {
    let portrait = facts.portrait;
    let size = facts.number(Item::Totals, facts.manifest.rows).map(|rows| {
        let Share { bytes, chars, .. } = portrait.all;
        format!("{rows} documents, {chars} characters (Unicode scalar values), {bytes} bytes of UTF-8")
    });
    let (size_range, tokens) = size_range(said.tokens, size.is_some().then_some(portrait.all.bytes));
    let is_pages = facts.config.sources.values().any(|source| matches!(source, SourceConfig::Warc(_)));
    let is_corpus = facts.config.sources.values().any(|source| matches!(source, SourceConfig::Documents(_)));
    let content = match (is_pages, is_corpus) {
        (true, true) => "text of web pages, and of the documents of existing corpora",
        (false, true) => "text of the documents of existing corpora",
        _ => "text of web pages",
    };
    let whole = facts.rule(Item::Jurisdictions) == Rule::Whole;
    Characteristics {
        modality: "text",
        size_range,
        tokens,
        size: size.map_or(Said::Unpublished, Said::Text),
        content: content.to_owned(),
        latest_acquisition: match portrait.fetched {
            _ if facts.number(Item::Dates, portrait.all.rows).is_none() => Said::Unpublished,
            Some(Period { to, .. }) => Said::Text(to.strftime("%m/%Y").to_string()),
            None => Said::Text("no document says when it was fetched".to_owned()),
        },
        continuous_training: said.continuous_training.map(yes_or_no).into(),
        languages: table(facts, Item::Languages, &portrait.languages),
        // Other papers count by what binds: two ways of counting, side by side, would tell small numbers by their difference.
        countries: table(
            facts,
            Item::Jurisdictions,
            if whole { &portrait.countries } else { &portrait.jurisdictions },
        ),
        language_countries: if whole { portrait.language_countries.clone() } else { BTreeMap::new() },
        stewards: table(facts, Item::Stewards, &portrait.stewards),
    }
}

/// The yes or no of the template.
pub(super) fn yes_or_no(yes: bool) -> String {
    if yes { "yes" } else { "no" }.to_owned()
}

/// The template's three ranges.
const RANGES: [(u64, &str); 2] =
    [(1_000_000_000, "less than 1 billion tokens"), (10_000_000_000_001, "1 billion to 10 trillion tokens")];
const MOST: &str = "more than 10 trillion tokens";

/// The range by the provider's own count of tokens. Without one, bytes are a bound: tokenizers that take bytes or larger
/// pieces make at most one token of a byte.
fn size_range(tokens: Option<u64>, bytes: Option<u64>) -> (Said, Said) {
    if let Some(tokens) = tokens {
        let range = RANGES.iter().find(|(below, _)| tokens < *below).map_or(MOST, |(_, range)| range);
        return (
            Said::Text(range.to_owned()),
            Said::Text(format!("{tokens} tokens, as the provider counts")),
        );
    }
    let Some(bytes) = bytes else { return (Said::ByProvider, Said::ByProvider) };
    let at_most = Said::Text(format!(
        "not counted: they depend on the tokenizer of the model; at most {bytes}, one a byte of UTF-8"
    ));
    let range = (bytes < RANGES[0].0).then(|| RANGES[0].1.to_owned());
    (range.into(), at_most)
}

/// The sources of the config, by what the provider says they are.
struct Sources<'a> {
    facts: &'a Facts<'a>,
    said: &'a Provider,
    named: bool,
}

impl<'a> Sources<'a> {
    fn of(facts: &'a Facts<'a>, said: &'a Provider) -> Self {
        Self { facts, said, named: facts.may(Item::Sources) }
    }

    /// Names of sources of this kind; `None` for documents of which nobody said what they are. Lists of seeds are no data.
    fn names(&self, kind: Option<SourceKind>) -> Vec<&'a str> {
        let of = |(name, source): (&'a crate::config::SourceName, &SourceConfig)| {
            let stated = self.said.sources.get(name.as_str()).and_then(|said| said.kind);
            let found = match source {
                SourceConfig::Warc(_) => stated.or(Some(SourceKind::Crawled)),
                SourceConfig::Documents(_) => stated,
                SourceConfig::Seeds(_) => return None,
            };
            (found == kind).then_some(name.as_str())
        };
        self.facts.config.sources.iter().filter_map(of).collect()
    }

    fn about(&self, name: &str) -> ProviderSource {
        self.said.sources.get(name).cloned().unwrap_or_default()
    }

    fn share(&self, name: &str) -> Share {
        self.facts.portrait.sources.get(name).map(|source| source.all).unwrap_or_default()
    }

    /// The share of a source, if it may be told.
    fn told_share(&self, name: &str) -> Option<Share> {
        let share = self.share(name);
        match self.facts.rule(Item::Sources) {
            Rule::Whole => Some(share),
            _ => None,
        }
    }

    /// Whether a source may be named: it is, in the public paper of a node that is not open, only if it is large.
    fn may_name(&self, name: &str) -> bool {
        self.named && self.facts.number(Item::Sources, self.share(name).rows).is_some()
    }

    fn acquired(&self, name: &str) -> Said {
        let source = self.facts.portrait.sources.get(name);
        period(self.facts, self.share(name).rows, source.and_then(|source| source.fetched))
    }

    fn datasets(&self, kind: Option<SourceKind>, words: Option<&String>) -> Datasets {
        let names = self.names(kind);
        if !self.named {
            return Datasets {
                used: words.map_or(Said::Unpublished, |words| Said::Text(words.clone())),
                datasets: Vec::new(),
            };
        }
        let used = match (names.is_empty(), words) {
            (_, Some(words)) => Said::Text(words.clone()),
            (false, None) => Said::Text("yes".to_owned()),
            (true, None) => Said::Text("none in this corpus".to_owned()),
        };
        let datasets = names.into_iter().filter(|name| self.may_name(name)).map(|name| {
            let about = self.about(name);
            Dataset {
                name: about.name.unwrap_or_else(|| name.to_owned()),
                url: about.url,
                description: about.description.into(),
                share: self.told_share(name),
                acquired: self.acquired(name),
            }
        });
        Datasets { used, datasets: datasets.collect() }
    }

    fn crawled(&self) -> Crawled {
        let names = self.names(Some(SourceKind::Crawled));
        let used = if self.named { Said::Text(yes_or_no(!names.is_empty())) } else { Said::Unpublished };
        let crawls = names.iter().filter(|name| self.may_name(name)).map(|name| self.crawl(name)).collect();
        let seeds = self
            .facts
            .config
            .sources
            .values()
            .filter(|source| matches!(source, SourceConfig::Seeds(_)))
            .count();
        let seeded = self.facts.portrait.seeded;
        let sources = match (seeds, self.facts.may(Item::Sources)) {
            (_, false) => Said::Unpublished,
            (0, true) => Said::Text("addresses as the crawls found them; no list of seeds".to_owned()),
            (lists, true) => {
                let found = self.facts.number(Item::Sources, seeded.rows);
                let found = found.map_or_else(|| "some".to_owned(), |rows| rows.to_string());
                Said::Text(format!(
                    "{lists} list{} of addresses given by communities and stewards, which cover {found} documents; the \
                     others as the crawls found them",
                    if lists == 1 { "" } else { "s" }
                ))
            }
        };
        Crawled { used, crawls, sources, domains: domain_lists(self.facts) }
    }

    fn crawl(&self, name: &str) -> Crawl {
        let about = self.about(name);
        let source = self.facts.portrait.sources.get(name).cloned().unwrap_or_default();
        let extracts =
            self.facts.config.steps.iter().any(|step| matches!(step.kind, StepKind::ExtractHtml(_)));
        let content = about.description.unwrap_or_else(|| {
            let text = if extracts { "main text of web pages" } else { "text of web pages" };
            format!("{text}; no images, sound or video")
        });
        let crawls = source
            .crawls
            .iter()
            .filter(|(_, crawl)| self.facts.number(Item::Sources, crawl.all.rows).is_some());
        let whole = self.told_share(name).is_some();
        Crawl {
            source: about.name.unwrap_or_else(|| name.to_owned()),
            crawls: crawls.map(|(name, crawl)| (name.clone(), whole.then_some(crawl.all))).collect(),
            url: about.url,
            crawlers: (!about.crawlers.is_empty()).then(|| about.crawlers.join(", ")).into(),
            purpose: about.purpose.into(),
            behaviour: about.behaviour.into(),
            period: self.acquired(name),
            share: self.told_share(name),
            content: Said::Text(content),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_decide_the_range_only_where_no_tokenizer_could_make_another_of_it() {
        let range = |tokens, bytes| size_range(tokens, bytes).0;
        let text = |text: &str| Said::Text(text.to_owned());
        assert_eq!(range(None, Some(999_999_999)), text("less than 1 billion tokens"));
        assert_eq!(range(None, Some(1_000_000_000)), Said::ByProvider);
        assert_eq!(range(None, None), Said::ByProvider);
        assert_eq!(range(Some(1_000_000_000), Some(5)), text("1 billion to 10 trillion tokens"));
        assert_eq!(range(Some(10_000_000_000_000), None), text("1 billion to 10 trillion tokens"));
        assert_eq!(range(Some(10_000_000_000_001), None), text("more than 10 trillion tokens"));
    }
}
