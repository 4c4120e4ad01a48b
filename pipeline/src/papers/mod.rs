//! Paperwork: what each version says about itself in the words of others' standards.
//!
//! Every paper is made from the same three things: the manifest, the config with its `about:`, and the [`Portrait`] of the
//! rows, which are counts. It is made twice: whole, for whoever holds the version folder, and as its mode allows for
//! everyone (`papers/public`). One table says what that is, [`tier`]; papers ask it through [`Facts`] and know no mode
//! themselves. Papers are written before the manifest, which has their digests. So no paper has the manifest's digest;
//! and the same inputs give the same bytes: no clock, no host, no chance.

pub mod gather;
pub mod portrait;
pub mod tier;

use std::collections::BTreeMap;

use serde_json::Value;

use crate::config::{About, CorpusConfig, Mode, NodeConfig};
use crate::seal::Manifest;
use portrait::Portrait;
use tier::{Counts, Item, Rule, Tier};

/// The folder of the papers below a version folder.
pub const PAPERS_FOLDER: &str = "papers";

/// The folder of what may be known to everyone, below a version folder.
pub const PUBLIC_FOLDER: &str = "papers/public";

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

/// The papers of a version, by path.
pub fn papers(manifest: &Manifest, config: &CorpusConfig, portrait: &Portrait) -> Vec<Paper> {
    let mut papers = Vec::new();
    for tier in [Tier::Node, Tier::Public] {
        let facts = Facts { manifest, config, portrait, tier };
        let _ = facts;
    }
    papers.sort_by(|a: &Paper, b| a.path.cmp(&b.path));
    papers
}
