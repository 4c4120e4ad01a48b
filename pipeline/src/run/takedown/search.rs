//! What the versions of nodes hold of that which is to go.
//!
//! The newest version of a node is to be replaced by one that is signed anew, so all of it is held against its manifest first:
//! shards by their digests, decisions by the policies beside them, the signature by its files. Of older versions it is only
//! asked whether they hold what is to go; a shard that is the same in two versions is read once.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use arrow::array::{Array, AsArray, RecordBatch};
use datafusion::common::DataFusionError;
use kilim_connectors::shards::{ShardFormat, read_shard};
use kilim_connectors::store::{Location, StoreError, Stores};
use kilim_connectors::web;

use super::OldVersion;
use crate::ingest::TextDigest;
use crate::policy::DecisionRow;
use crate::proof::{Salts, Signer};
use crate::removals::{Kind, Names, Removals, Request};
use crate::run::error::RunError;
use crate::run::publish;
use crate::run::purge::Taken;
use crate::run::{node_versions, version_place};
use crate::seal::{CARD_FILE, MANIFEST_FILE, Manifest, ManifestShard, shard_schema};
use crate::verify::decisions::take_decisions_again;
use crate::verify::{self, Fetched, Signed, Verified};

/// Documents of a shard that are to go, with the request by which each goes.
pub(super) type Hits = BTreeMap<String, Request>;

/// The newest version of a node.
pub(super) struct Newest {
    /// Its folder.
    pub(super) place: Location,
    /// Its name, such as `v0001`.
    pub(super) version: String,
    /// The folder of the version after it.
    pub(super) next: Location,
    pub(super) manifest: Manifest,
    pub(super) manifest_sha256: String,
    /// By decision id.
    pub(super) decisions: BTreeMap<String, DecisionRow>,
    pub(super) salts: Salts,
    /// What is to go, by path of the shard.
    pub(super) hits: BTreeMap<String, Hits>,
    pub(super) was_signed: bool,
    /// The folders of the versions before it, oldest first.
    older: Vec<Location>,
}

impl Newest {
    /// Rows that are to go.
    pub(super) fn rows(&self) -> u64 {
        self.hits.values().map(|hits| hits.len() as u64).sum()
    }
}

/// Where things are looked for, and what was found so far.
pub(super) struct Search<'a> {
    pub(super) stores: &'a Stores,
    /// For copies of what is in object stores.
    pub(super) scratch: &'a Path,
    removals: &'a Removals,
    taken: Taken,
    /// Requests that named a row somewhere.
    matched: BTreeSet<String>,
    /// Whether a text was found to go that the work directory did not know.
    has_new_texts: bool,
    /// What shards hold, by SHA-256.
    seen: BTreeMap<String, Hits>,
    digest: TextDigest,
}

impl<'a> Search<'a> {
    /// A search that begins with what the work directory holds.
    pub(super) fn new(stores: &'a Stores, scratch: &'a Path, removals: &'a Removals, taken: Taken) -> Self {
        let matched = taken.matched.clone();
        let digest = TextDigest::default();
        let seen = BTreeMap::new();
        Self { stores, scratch, removals, taken, matched, has_new_texts: false, seen, digest }
    }

    /// Whether a request named anything.
    pub(super) fn has_found(&self, request: &Request) -> bool {
        self.matched.contains(&request.id())
    }

    /// Requests for the texts that go, so that they stay away when nothing else of the document is there any more.
    pub(super) fn texts(&self) -> Vec<Request> {
        let text = |(digest, request): (&String, &Request)| Request {
            kind: Kind::Text,
            value: digest.clone(),
            copies: true,
            note: Some(format!("the text of what was asked for by {} {}", request.kind, request.value)),
            ..request.clone()
        };
        let texts = self.taken.texts.iter().filter(|(_, request)| request.kind != Kind::Text);
        texts.map(text).collect()
    }

    /// The newest version of a node, and what it holds; none if the node has none.
    pub(super) async fn newest(
        &mut self,
        name: &str,
        root: &Location,
        signer: Option<&Signer>,
        dry_run: bool,
    ) -> Result<Option<Newest>, RunError> {
        let mut versions = node_versions(self.stores, root).await?;
        versions.retain(|version| version.committed);
        let Some(newest) = versions.pop() else { return Ok(None) };
        let (number, place) = (newest.number, newest.place);
        let next = version_place(root, number + 1)?;
        let older = versions.into_iter().map(|version| version.place).collect();
        let (manifest, mut found) = verify::open_folder(self.stores, &place).await?;
        let Some(manifest) = manifest else { return Err(refused(name, &found)) };
        if manifest.node.facts.name != name {
            found.find(MANIFEST_FILE, format!("is of node {}", manifest.node.facts.name));
        }
        // A takedown that was killed right after its commit has left signature and card to the next.
        if manifest.removed.is_some() && !dry_run && !self.stores.exists(&place.join(CARD_FILE)?).await? {
            publish::sign(self.stores, &place, &manifest, &found.manifest_sha256, signer).await?;
        }
        verify::signature::signature(self.stores, &place, &manifest, None, &mut found).await?;
        let decisions = take_decisions_again(self.stores, &place, &manifest, &mut found).await?;
        let salts = verify::salts(self.stores, &place, &manifest, &mut found).await?;
        let mut hits = BTreeMap::new();
        for shard in &manifest.shards {
            let opened = verify::open_shard(self.stores, &place, shard, self.scratch, &mut found).await?;
            let Some((file, format)) = opened.filter(|_| found.findings.is_empty()) else { continue };
            let of_shard = self.hits_in(shard, &file, format)?;
            if !of_shard.is_empty() {
                hits.insert(shard.path.clone(), of_shard);
            }
        }
        let (Some(salts), true) = (salts, found.findings.is_empty()) else {
            return Err(refused(name, &found));
        };
        Ok(Some(Newest {
            version: format!("v{number:04}"),
            place,
            next,
            manifest,
            manifest_sha256: found.manifest_sha256.clone(),
            decisions,
            salts,
            hits,
            was_signed: found.signed != Signed::No,
            older,
        }))
    }

    /// Looks once more for texts that the work directory did not know to go: it is gone, or masks have changed them.
    pub(super) async fn find_copies(
        &mut self,
        nodes: impl Iterator<Item = &mut Newest>,
    ) -> Result<(), RunError> {
        if !self.has_new_texts {
            return Ok(());
        }
        self.seen.clear();
        for newest in nodes {
            let place = newest.place.clone();
            newest.hits = self.hits_of_version(&place, &newest.manifest).await?;
        }
        Ok(())
    }

    /// The versions before `newest` that hold what is to go; and itself, if it is about to be replaced.
    pub(super) async fn old_versions(&mut self, newest: &Newest) -> Result<Vec<OldVersion>, RunError> {
        let mut old = Vec::new();
        for place in &newest.older {
            let bytes = self.stores.get(&place.join(MANIFEST_FILE)?).await?;
            let Ok(manifest) = Manifest::from_bytes(&bytes) else {
                tracing::warn!("{} has a manifest of another format: look at it by hand", place.name());
                continue;
            };
            old.push(old_version(place, &self.hits_of_version(place, &manifest).await?));
        }
        old.push(old_version(&newest.place, &newest.hits));
        old.retain(|version| version.rows > 0);
        Ok(old)
    }

    /// What a version holds. Shards that are not there hold nothing.
    async fn hits_of_version(
        &mut self,
        place: &Location,
        manifest: &Manifest,
    ) -> Result<BTreeMap<String, Hits>, RunError> {
        let mut all = BTreeMap::new();
        for shard in &manifest.shards {
            let hits = if let Some(seen) = self.seen.get(&shard.sha256) {
                if !self.stores.exists(&place.join(&shard.path)?).await? {
                    continue;
                }
                seen.clone()
            } else {
                let format = ShardFormat::of_path(Path::new(&shard.path));
                let file = match verify::fetched(self.stores, &place.join(&shard.path)?, self.scratch).await {
                    Err(RunError::Store(StoreError::Missing { .. })) => continue,
                    file => file?,
                };
                let Some(format) = format else { continue };
                self.hits_in(shard, &file, format)?
            };
            if !hits.is_empty() {
                all.insert(shard.path.clone(), hits);
            }
        }
        Ok(all)
    }

    /// What one shard holds.
    fn hits_in(
        &mut self,
        shard: &ManifestShard,
        file: &Fetched,
        format: ShardFormat,
    ) -> Result<Hits, RunError> {
        let failed = RunError::stage("takedown");
        let mut hits = Hits::new();
        let opened = read_shard(file.path(), format, Some(shard_schema()));
        for batch in opened.map_err(|error| failed(external(error)))? {
            let batch = batch.map_err(|error| failed(external(error)))?;
            for row in 0..batch.num_rows() {
                if let Some((doc, request)) = self.hit(&batch, row) {
                    hits.insert(doc, request);
                }
            }
        }
        self.seen.insert(shard.sha256.clone(), hits.clone());
        Ok(hits)
    }

    /// The document in a row, and the request by which it goes.
    fn hit(&mut self, batch: &RecordBatch, row: usize) -> Option<(String, Request)> {
        let text = |name: &str| {
            let column = batch.column_by_name(name)?.as_string_opt::<i32>()?;
            column.is_valid(row).then(|| column.value(row))
        };
        let doc = text("id")?;
        let url = text("url").and_then(web::parse);
        let surt = url.as_ref().map(web::surt).unwrap_or_default();
        let host = url.as_ref().and_then(web::host).unwrap_or_default();
        let names = Names { doc, surt: &surt, host, text: "" };
        let request = match self.removals.covering(names).or_else(|| self.taken.docs.get(doc)) {
            Some(request) => request.clone(),
            // Digests are dear; without texts from elsewhere, the work directory has named all copies.
            None if self.has_new_texts => self.taken.texts.get(&self.digest.of(text("text")?)?)?.clone(),
            None => return None,
        };
        if request.copies
            && let Some(digest) = text("text").and_then(|text| self.digest.of(text))
        {
            self.has_new_texts |= !self.taken.texts.contains_key(&digest);
            self.taken.texts.entry(digest).or_insert_with(|| request.clone());
        }
        self.matched.extend(self.removals.every(names).map(Request::id));
        Some((doc.to_owned(), request))
    }
}

fn old_version(place: &Location, hits: &BTreeMap<String, Hits>) -> OldVersion {
    OldVersion {
        place: place.clone(),
        shards: hits.keys().cloned().collect(),
        rows: hits.values().map(|hits| hits.len() as u64).sum(),
        deleted: false,
    }
}

/// A version that is not what it says cannot be vouched for anew.
fn refused(node: &str, found: &Verified) -> RunError {
    let first = found
        .findings
        .first()
        .map_or_else(String::new, |finding| format!(": {} {}", finding.file, finding.problem));
    RunError::refused(
        format!("node {node}: the newest version, {}, is not what its manifest says{first}", found.place),
        "nothing was done; `kilim verify` says all that is wrong, and `kilim resume` finishes a version that a killed run left",
    )
}

fn external(error: impl std::error::Error + Send + Sync + 'static) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}
