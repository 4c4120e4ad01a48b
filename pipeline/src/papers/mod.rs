//! Paperwork: what each version says about itself in the words of others' standards.
//!
//! Every paper is made from the same three things: the manifest, the config with its `about:`, and the [`Portrait`] of the
//! rows, which are counts. It is made twice: whole, for whoever holds the version folder, and as its mode allows for
//! everyone (`papers/public`). One table says what that is, [`tier`]; papers ask it through [`Facts`] and know no mode
//! themselves. Papers are written before the manifest, which has their digests. So no paper has the manifest's digest;
//! and the same inputs give the same bytes: no clock, no host, no chance.

mod card;
mod croissant;
mod dps;
pub mod eu_art53;
mod eu_art53_markdown;
mod eu_art53_parts;
pub mod gather;
mod manifest;
mod names;
pub mod openlineage;
pub mod portrait;
pub mod residency;
mod tapestry;
pub mod tier;
mod words;

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde_json::Value;

use crate::config::{About, CorpusConfig, Mode, NodeConfig};
use crate::seal::{Manifest, ManifestShard, identity};
use portrait::{Period, Portrait, Share};
use tier::{Counts, Item, Rule, Tier};

/// The folder of the papers below a version folder.
pub const PAPERS_FOLDER: &str = "papers";

/// The folder of what may be known to everyone, below a version folder.
pub const PUBLIC_FOLDER: &str = "papers/public";

/// The Croissant file of a version folder. It stands beside the manifest, since its paths begin at its own folder.
pub const CROISSANT_FILE: &str = "croissant.json";

/// A file to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paper {
    /// Path below the version folder.
    pub path: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// What papers are made from, and for whom.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The manifest, its papers not yet listed.
    pub manifest: &'a Manifest,
    /// The config.
    pub config: &'a CorpusConfig,
    /// The rows in numbers.
    pub portrait: &'a Portrait,
    /// Whom the paper is for.
    pub tier: Tier,
}

impl<'a> Facts<'a> {
    /// The node's part of the config.
    pub fn node(&self) -> &'a NodeConfig {
        &self.config.nodes[self.manifest.node.facts.name.as_str()]
    }

    /// How restricted the node is.
    pub fn mode(&self) -> Mode {
        self.node().mode
    }

    /// What the steward says.
    pub fn about(&self) -> &'a About {
        &self.config.about
    }

    /// What may be said about `item` here.
    pub fn rule(&self, item: Item) -> Rule {
        match self.tier {
            Tier::Node => Rule::Whole,
            Tier::Public => tier::rule(self.mode(), item),
        }
    }

    /// Whether `item` may be said at all.
    pub fn may(&self, item: Item) -> bool {
        match self.rule(item) {
            Rule::Whole | Rule::LargeOnly => true,
            Rule::IfSalted => self.manifest.salts.secret,
            Rule::Never => false,
        }
    }

    /// A number, where it may be said.
    pub fn number(&self, item: Item, number: u64) -> Option<u64> {
        match self.rule(item) {
            Rule::LargeOnly => (number >= self.node().public.min_count).then_some(number),
            _ => self.may(item).then_some(number),
        }
    }

    /// Numbers by name, as far as they may be said.
    pub fn counts(&self, item: Item, counts: &BTreeMap<String, u64>) -> Counts {
        match self.rule(item) {
            Rule::LargeOnly => Counts::merged(counts, self.node().public.min_count),
            _ if self.may(item) => Counts::whole(counts),
            _ => Counts::default(),
        }
    }

    /// Rows by name, as far as they may be said.
    pub fn rows(&self, item: Item, shares: &BTreeMap<String, Share>) -> Counts {
        let rows = shares.iter().map(|(name, share)| (name.clone(), share.rows));
        self.counts(item, &rows.collect())
    }

    /// When documents were fetched, where it may be said.
    pub fn fetched(&self) -> Option<Period> {
        self.portrait.fetched.filter(|_| self.number(Item::Dates, self.portrait.all.rows).is_some())
    }

    /// Rows by source.
    pub(crate) fn source_rows(&self) -> BTreeMap<String, u64> {
        self.portrait.sources.iter().map(|(name, source)| (name.clone(), source.all.rows)).collect()
    }

    /// The shards that may be named: large ones, of languages that are named.
    pub fn shards(&self) -> impl Iterator<Item = &'a ManifestShard> {
        let languages = self.counts(Item::Languages, &self.manifest.languages).named;
        let facts = *self;
        self.manifest.shards.iter().filter(move |shard| {
            languages.contains_key(&shard.lang) && facts.number(Item::ShardDigests, shard.rows).is_some()
        })
    }

    /// A sum over all rows, where there are enough of them.
    pub fn total_of_rows(&self, sum: u64) -> Option<u64> {
        self.number(Item::Totals, self.manifest.rows).map(|_| sum)
    }

    /// Whether countries may be named in which a row may not be.
    pub(crate) fn may_borders(&self) -> bool {
        self.rule(Item::Jurisdictions) == Rule::Whole
    }

    /// Its title.
    pub fn title(&self) -> String {
        let node = &self.manifest.node.facts.name;
        let title = self.about().title.as_deref().unwrap_or(&self.manifest.corpus);
        format!("{title}, node {node}")
    }

    /// The day of its publication.
    pub fn published(&self) -> Date {
        self.about().date_published.unwrap_or(self.config.as_of)
    }

    /// The digest of the version; where it may not be said, of the series.
    fn identity(&self) -> [u8; 32] {
        if self.may(Item::Roots) {
            identity::of_version(self.manifest)
        } else {
            identity::of_series(self.manifest)
        }
    }

    /// A UUID made from what the version is; from the names of corpus and node where no more may be said.
    pub fn uuid(&self) -> String {
        identity::uuid(&self.identity())
    }

    /// Its version by the rules of Semantic Versioning: the day `as_of`, and a piece of what it is made of.
    pub fn version(&self) -> String {
        let day = self.config.as_of;
        let version = format!("{}.{}.{}", day.year(), day.month(), day.day());
        if self.may(Item::Roots) {
            return format!("{version}+{}", hex::encode(&self.identity()[..6]));
        }
        version
    }

    /// A paper of this tier: `papers/NAME.EXT`, or `papers/public/NAME.public.EXT`.
    pub fn paper(&self, name: &str, extension: &str, bytes: Vec<u8>) -> Paper {
        let path = match self.tier {
            Tier::Node => format!("{PAPERS_FOLDER}/{name}.{extension}"),
            Tier::Public => format!("{PUBLIC_FOLDER}/{name}.public.{extension}"),
        };
        Paper { path, bytes }
    }

    /// A paper in JSON.
    pub fn json(&self, name: &str, value: &Value) -> Paper {
        self.paper(name, "json", json_bytes(value))
    }
}

/// Pretty JSON with the keys of every map in order, whatever `serde_json` was told to keep, and a newline at the end.
pub fn json_bytes(value: &Value) -> Vec<u8> {
    format!("{:#}\n", crate::config::sorted(value.clone())).into_bytes()
}

/// The papers of a version, by path; those for everyone last, and last of all their manifest, which lists them.
pub fn papers(manifest: &Manifest, config: &CorpusConfig, portrait: &Portrait) -> Vec<Paper> {
    let mut papers = Vec::new();
    for tier in [Tier::Node, Tier::Public] {
        let facts = Facts { manifest, config, portrait, tier };
        papers.push(croissant::croissant(&facts));
        papers.push(facts.json("dps", &dps::dps(&facts)));
        papers.push(facts.json("tapestry", &tapestry::record(&facts)));
        papers.extend(eu_art53::papers(&facts));
        papers.push(facts.paper("openlineage", "jsonl", openlineage::openlineage(&facts)));
        if tier == Tier::Public {
            papers.push(card::card(&facts));
        }
    }
    papers.sort_by(|a, b| a.path.cmp(&b.path));
    let facts = Facts { manifest, config, portrait, tier: Tier::Public };
    let beside: Vec<&Paper> = papers.iter().filter(|paper| is_public(&paper.path)).collect();
    let public = facts.json("manifest", &manifest::public_manifest(&facts, &beside));
    papers.push(public);
    papers
}

/// Whether a file of a version folder is for everyone.
pub fn is_public(path: &str) -> bool {
    path.strip_prefix(PUBLIC_FOLDER).is_some_and(|name| name.starts_with('/') && !name.contains(".."))
}

#[cfg(test)]
mod eu_tests;
#[cfg(test)]
mod tests;
