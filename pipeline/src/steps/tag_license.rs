//! Reads what a page says about its licence, and what that is worth.
//!
//! # What it does
//! Turns all that a page says about licences into evidence rows: the HTTP header `Link: …; rel="license"`, `link`, `meta`,
//! JSON-LD, microdata, RDFa, links with and without `rel=license`, badges, and names of licences in running text; and
//! beside them the licence that a document of an existing corpus declares (`declared`), that of a table of reviewed sites
//! (`hosts`) and that of the seed. A row has the
//! signal, what stood there, SPDX id with version and port, scope (`page`, `site`, `media`, `comment` or `unknown`), and
//! whether the words around it take it back or make exceptions. A line is read by its parts, between bars and full stops; a part
//! that does not say of what it is, is of what its line is of. `rel=license` in a box beside the text speaks for the site. `license` is set where all evidence about the text agrees.
//! Where it does not, `license` stays empty, `license_disagreement` says so, and `license_tier` is that of the strictest.
//! Versions that differ are `license_version_disagreement`; the best signal then speaks. `license_declared` is the seed's
//! word held against the page: `agrees`, `contradicts` or `alone`. Tiers: 0 unknown, 1 restricted, 2 non-commercial or
//! no-derivatives, 3 share-alike, 4 attribution, 5 public domain. `license_url`, `attribution` and `author` say what a
//! licence asks to be named.
//!
//! # Why
//! A node may only train on what it has a right to, and an auditor must see on what ground. A licence speaks of the capture
//! in which it stood: `fetched_at` is its date, and another capture of the page is another document.
//!
//! # Precedent
//! C5 (Vanroy 2025) reads Creative Commons links from four places; this adds JSON-LD graphs, microdata, RDFa, text, ports,
//! legacy codes, headers and government licences, and does not count a link that is no licence link. Common Pile audited
//! domains by hand after a regex and kept 537 of 1,000: a link alone is right about half of the time, so a licence in a
//! figure, a comment or the running text is evidence of scope `media`, `comment` or `unknown` and decides nothing.
//! Precision and recall of each signal on labelled pages are in benches/RESULTS.md.
//!
//! # Across languages
//! Ids come from URLs, which no language changes. "All rights reserved" is known in some sixty languages, the names of
//! Creative Commons' conditions in some thirty, and words for pictures, texts and themes in as many: a language that is
//! missing costs a licence that could have been found, and a footer that takes one back there goes unseen.
//!
//! # Example
//! ```yaml
//! tag_license: { exceptions: refuse }
//! ```

use std::path::PathBuf;

use garde::Validate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::document::{LicenseEvidence, Page};
use crate::provenance::licence_evidence::{declared, from_headers, from_marks, row};
use crate::provenance::licence_hosts::Hosts;
use crate::provenance::licence_verdict::decide;
use crate::provenance::{licence_prose, licences};
use crate::step::{DocumentStep, DocumentStepConfig, Resources, StepError};

/// What a licence is worth that excepts something without saying what: "unless otherwise noted".
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Exceptions {
    /// It is no licence: this text may be the exception.
    #[default]
    Refuse,
    /// It counts, since nothing on the page says that this text is the exception.
    Accept,
}

/// Reads what a page says about its licence, and what that is worth.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct TagLicense {
    /// Licences with exceptions that name no other licence: `refuse` or `accept`.
    #[garde(skip)]
    pub exceptions: Exceptions,
    /// A table of licences of whole sites that a person reviewed, `host,path,license,reviewed_on,evidence`, relative to the
    /// config.
    #[garde(skip)]
    pub hosts: Option<PathBuf>,
}

impl TagLicense {
    /// The table's path and text.
    fn table(&self, resources: &Resources) -> Result<Option<(PathBuf, String)>, StepError> {
        let table = |path: &PathBuf| Ok((resources.path(path), resources.read_text(path)?));
        self.hosts.as_ref().map(table).transpose()
    }
}

impl DocumentStepConfig for TagLicense {
    const VERSION: u32 = 3;

    fn build(&self, resources: &Resources) -> Result<Box<dyn DocumentStep>, StepError> {
        let hosts = match self.table(resources)? {
            Some((path, text)) => Hosts::read(&path.display().to_string(), &text)
                .map_err(|error| StepError::Config { problem: error.to_string(), hint: None })?,
            None => Hosts::default(),
        };
        Ok(Box::new(TagStep { accept: self.exceptions == Exceptions::Accept, hosts }))
    }

    fn digests(&self, resources: &Resources) -> Result<Vec<(String, String)>, StepError> {
        let table = self.table(resources)?;
        let digest = |(_, text): (PathBuf, String)| blake3::hash(text.as_bytes()).to_hex().to_string();
        Ok(table.map(|table| ("tag_license hosts".to_owned(), digest(table))).into_iter().collect())
    }
}

struct TagStep {
    accept: bool,
    hosts: Hosts,
}

impl DocumentStep for TagStep {
    fn apply(&mut self, page: &mut Page<'_>) {
        let record = page.record;
        let mut evidence = from_headers(record.http_head, record.url);
        evidence.extend(from_marks(&page.marks, record.url, record.host, &page.title));
        evidence.extend(self.hosts.find(record.host, record.url).map(|found| LicenseEvidence {
            scope: "site",
            context: format!("reviewed on {}", found.reviewed_on),
            ..row("host", &found.evidence, Some(found.license.clone()))
        }));
        evidence.extend(record.given.and_then(|given| declared(given.license)));
        evidence.extend(seed(page));
        let verdict = decide(&evidence, self.accept);
        page.license_tier = verdict.tier;
        page.license_scope = verdict.scope;
        page.license_confidence = verdict.confidence;
        page.license_disagreement = verdict.disagreement;
        page.license_version_disagreement = verdict.version_disagreement;
        page.license_declared = verdict.declared;
        page.license = verdict.license;
        if let Some(license) = &page.license {
            // An address that the page gives for a licence of its own is all there is.
            let given =
                || evidence.iter().find(|row| row.spdx.as_ref() == Some(license) && row.raw.contains("://"));
            page.license_url = licences::url_of(license).or_else(|| given().map(|row| row.raw.clone()));
            if (1..=4).contains(&page.license_tier) {
                page.author = author(page);
                page.attribution = Some(attribution(page));
            }
        }
        page.license_evidence = evidence;
    }
}

/// The seed's word.
fn seed(page: &Page<'_>) -> Option<LicenseEvidence> {
    let license = page.seed?.license.as_deref()?;
    let found = licences::from_id(license).or_else(|| licences::from_url(license));
    let spdx = found.map_or_else(|| license.to_owned(), |found| found.spdx);
    let negated = licence_prose::reserves_all_rights(license);
    Some(LicenseEvidence { scope: "site", negated, ..row("seed", license, Some(spdx)) })
}

/// The author, by the statement about the licence before any other.
fn author(page: &Page<'_>) -> Option<String> {
    let of = |element: &str, key: &str| {
        let found = page.marks.iter().filter(|mark| mark.element == element && mark.key == key);
        let names: Vec<&str> = found.map(|mark| mark.value.trim()).filter(|name| !name.is_empty()).collect();
        (!names.is_empty()).then(|| names.join(", "))
    };
    let first = |keys: &[&str]| keys.iter().find_map(|key| of("meta", key));
    of("rdfa", "cc:attributionname")
        .or_else(|| first(&["cc:attributionname"]))
        .or_else(|| of("json-ld", "author"))
        .or_else(|| first(&["author", "dc.creator", "dcterms.creator"]))
}

/// Author, site and URL, as far as the page names them.
fn attribution(page: &Page<'_>) -> String {
    if let Some(given) = page.record.given.filter(|given| !given.attribution.is_empty()) {
        return given.attribution.to_owned();
    }
    let meta = |keys: &[&str]| {
        keys.iter().find_map(|key| {
            let mark = page.marks.iter().find(|mark| mark.element == "meta" && mark.key == *key)?;
            Some(mark.value.trim()).filter(|value| !value.is_empty())
        })
    };
    let author = page.author.as_deref();
    let site = meta(&["og:site_name"]).or_else(|| Some(page.record.host).filter(|host| !host.is_empty()));
    let title = Some(page.title.as_str()).filter(|title| !title.is_empty());
    let url = Some(page.record.url).filter(|url| !url.is_empty());
    [title, author, site, url].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::document::{Given, Record};

    #[test]
    fn a_reviewed_site_speaks_for_its_pages_and_is_held_against_them() {
        let folder = tempfile::tempdir().unwrap();
        let table = "host,path,license,reviewed_on,evidence\n\
            habari.example,/,CC-BY-4.0,2026-11-02,https://habari.example/masharti\n";
        std::fs::write(folder.path().join("hosts.csv"), table).unwrap();
        let resources = Resources::new(folder.path());
        let config = TagLicense { hosts: Some("hosts.csv".into()), ..TagLicense::default() };
        assert_eq!(config.digests(&resources).unwrap().len(), 1);
        let mut step = config.build(&resources).unwrap();
        let mut license = |host: &str, http_head: &str| {
            let record = Record { host, url: "https://habari.example/ሀ", http_head, ..Record::default() };
            let mut page = Page { record, ..Page::default() };
            step.apply(&mut page);
            (page.license, page.license_tier)
        };
        assert_eq!(license("habari.example", ""), (Some("CC-BY-4.0".to_owned()), 4));
        assert_eq!(license("other.example", ""), (None, 0));
        let contrary = "Link: <https://creativecommons.org/licenses/by-nc/4.0/>; rel=license";
        assert_eq!(license("habari.example", contrary), (None, 2));
        let missing = TagLicense { hosts: Some("none.csv".into()), ..TagLicense::default() };
        assert!(missing.build(&resources).is_err());
    }

    #[test]
    fn a_declared_licence_is_read_as_an_id_a_url_or_words() {
        let mut step = TagLicense::default().build(&Resources::new(Path::new("."))).unwrap();
        for (license, spdx, tier) in [
            ("CC-BY-4.0", Some("CC-BY-4.0"), 4),
            ("cc by-sa 3.0", Some("CC-BY-SA-3.0"), 3),
            ("https://creativecommons.org/publicdomain/zero/1.0/", Some("CC0-1.0"), 5),
            ("LicenseRef-CC-BY-ND-3.0-HR", Some("LicenseRef-CC-BY-ND-3.0-HR"), 2),
            ("haki zote zimehifadhiwa", None, 1),
            ("ፈቃድ", None, 0),
        ] {
            let given = Given { license, attribution: "Abebe, ዜና", ..Given::default() };
            let record = Record { given: Some(given), ..Record::default() };
            let mut page = Page { record, ..Page::default() };
            step.apply(&mut page);
            assert_eq!(page.license_evidence[0].signal, "declared");
            let credited = page.attribution.as_deref() == Some("Abebe, ዜና");
            assert_eq!((page.license.as_deref(), page.license_tier), (spdx, tier), "{license}");
            assert_eq!(credited, spdx.is_some() && tier < 5, "{license}");
        }
    }
}
