//! Reads what a page says about its licence, and what that is worth.
//!
//! # What it does
//! Turns the marks of the page, the HTTP header `Link: …; rel="license"`, the licence that a document of an existing
//! corpus declares (`declared`) and the seed's licence into evidence rows: signal, what stood there, SPDX id, scope, and whether the words around it take it back. `license` is set where all
//! evidence about the page or its site agrees; where it does not, `license` stays empty and `license_tier` is that of
//! the strictest. Tiers: 0 unknown, 1 restricted, 2 non-commercial or no-derivatives, 3 share-alike, 4 attribution,
//! 5 public domain. `attribution` names whom to credit.
//!
//! # Why
//! A node may only train on what it has a right to, and an auditor must see on what ground.
//!
//! # Precedent
//! C5 (Vanroy 2025) reads Creative Commons links from four places; this adds JSON-LD graphs, ports, legacy codes,
//! headers and government licences, and does not count a link that is no licence link. Common Pile audited domains by
//! hand after a regex and kept 537 of 1,000: a link alone is right about half of the time, so a licence in a figure, a
//! comment or the running text is evidence of scope `media`, `comment` or `unknown` and decides nothing.
//!
//! # Across languages
//! Ids come from URLs, which no language changes. "All rights reserved" is known in some twenty languages; in others a
//! footer that takes a licence back goes unseen.
//!
//! # Example
//! ```yaml
//! tag_license: {}
//! ```

use garde::Validate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::document::{LicenseEvidence, Mark, Page};
use crate::provenance::licences::{self, Licence};
use crate::step::{DocumentStep, DocumentStepConfig, Resources, StepError};

/// Media type of RSL, which reserves and sells rights: never a licence.
const RSL: &str = "application/rsl+xml";

/// Reads what a page says about its licence, and what that is worth.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct TagLicense {}

impl DocumentStepConfig for TagLicense {
    const VERSION: u32 = 1;

    fn build(&self, _resources: &Resources) -> Result<Box<dyn DocumentStep>, StepError> {
        Ok(Box::new(self.clone()))
    }
}

impl DocumentStep for TagLicense {
    fn apply(&mut self, page: &mut Page<'_>) {
        let footer = page.marks.iter().filter(|mark| mark.element == "text" && mark.key == "footer");
        let footer_takes_back = footer.clone().any(|mark| {
            licences::reserves_all_rights(&mark.value) || licences::makes_exceptions(&mark.value)
        });
        let meta_takes_back = page.marks.iter().any(|mark| {
            mark.element == "meta" && is_rights_text(&mark.key) && licences::reserves_all_rights(&mark.value)
        });

        let mut evidence: Vec<LicenseEvidence> = header_evidence(page.record.http_head, page.record.url);
        evidence.extend(page.marks.iter().filter_map(|mark| from_mark(mark, footer_takes_back)));
        if meta_takes_back {
            // The head speaks of the whole page.
            evidence
                .iter_mut()
                .filter(|row| row.scope == "page" || row.scope == "site")
                .for_each(|row| row.negated = true);
        }
        evidence.extend(page.record.given.and_then(|given| declared(given.license)));
        if let Some(seed) = page.seed
            && let Some(licence) = &seed.license
        {
            let spdx = licences::from_id(licence).map_or_else(|| licence.clone(), |found| found.spdx);
            evidence.push(LicenseEvidence { scope: "site", ..row("seed", licence, Some(spdx)) });
        }
        decide(page, &evidence);
        page.license_evidence = evidence;
    }
}

fn row(signal: &'static str, raw: &str, spdx: Option<String>) -> LicenseEvidence {
    LicenseEvidence {
        signal,
        raw: raw.to_owned(),
        spdx,
        scope: "page",
        in_head: false,
        in_footer: false,
        negated: false,
        context: String::new(),
    }
}

/// What a document of an existing corpus says about its licence: an id, a URL, or words.
fn declared(license: &str) -> Option<LicenseEvidence> {
    if license.is_empty() {
        return None;
    }
    let found = licences::from_id(license).or_else(|| licences::from_url(license));
    let reference = || license.starts_with("LicenseRef-").then(|| license.to_owned());
    let spdx = found.map(|licence| licence.spdx).or_else(reference);
    let negated = licences::reserves_all_rights(license);
    Some(LicenseEvidence { negated, ..row("declared", license, spdx) })
}

/// `Link` headers with `rel=license`. One with another `anchor` speaks of another resource.
fn header_evidence(head: &str, url: &str) -> Vec<LicenseEvidence> {
    let mut rows = Vec::new();
    for line in head.lines() {
        let Some((name, value)) = line.split_once(':') else { continue };
        if !name.trim().eq_ignore_ascii_case("link") {
            continue;
        }
        // Targets stand in angle brackets, so a comma inside one does not split.
        for link in value.split('<').skip(1) {
            let Some((target, parameters)) = link.split_once('>') else { continue };
            let parameter = |name: &str| {
                parameters.split([';', ',']).find_map(|part| {
                    let (key, value) = part.split_once('=')?;
                    key.trim().eq_ignore_ascii_case(name).then(|| value.trim().trim_matches('"').to_owned())
                })
            };
            let rel = parameter("rel").unwrap_or_default().to_ascii_lowercase();
            if !rel.split_whitespace().any(|word| word == "license")
                || parameter("type").as_deref() == Some(RSL)
            {
                continue;
            }
            let elsewhere = parameter("anchor").is_some_and(|anchor| !anchor.is_empty() && anchor != url);
            let spdx = licences::from_url(target).map(|licence| licence.spdx);
            rows.push(LicenseEvidence {
                scope: if elsewhere { "unknown" } else { "page" },
                ..row("http_link", target, spdx)
            });
        }
    }
    rows
}

fn is_rights_text(key: &str) -> bool {
    matches!(key, "rights" | "copyright" | "dc.rights" | "dcterms.rights")
}

/// What a mark says about a licence; `None` if it says nothing about any.
fn from_mark(mark: &Mark, footer_takes_back: bool) -> Option<LicenseEvidence> {
    if mark.media_type == RSL {
        return None;
    }
    let by_url = licences::from_url(&mark.value);
    let has_rel =
        mark.key.split_whitespace().any(|word| word.ends_with("license") || word.ends_with("licence"));
    let (signal, licence): (&'static str, Option<Licence>) = match mark.element {
        "link" if has_rel => ("link_rel", by_url),
        // A theme's `rel=license` for its own code says nothing about the words on the page.
        "a" if has_rel => ("a_rel", by_url),
        "a" => ("cc_link", Some(by_url?)),
        "img" => ("badge", Some(by_url?)),
        "json-ld" if mark.key != "publisher_address" => {
            ("json_ld", by_url.or_else(|| licences::from_id(&mark.value)))
        }
        "meta" if has_rel || is_rights_text(&mark.key) => {
            let found = by_url.or_else(|| licences::from_id(&mark.value)).or_else(|| url_within(&mark.value));
            if found.is_none() && !licences::reserves_all_rights(&mark.value) {
                return None;
            }
            ("meta", found)
        }
        _ => return None,
    };
    let media_type = matches!(signal, "json_ld")
        && ["image", "video", "audio", "media", "photo"].iter().any(|kind| mark.key.contains(kind));
    let data_only = signal == "json_ld" && mark.key.contains("dataset");
    let software = signal == "json_ld" && mark.key.contains("software");
    let scope = match (signal, mark.within) {
        _ if media_type => "media",
        _ if data_only || software => "unknown",
        (_, "comment") => "comment",
        (_, "figure") => "media",
        _ if mark.in_head || signal == "json_ld" => "page",
        _ if mark.in_footer => "site",
        // A licence link that says so, in the body: the page, unless it stands beside it.
        ("a_rel", "") => "page",
        _ => "unknown",
    };
    let takes_back = licences::reserves_all_rights(&mark.context)
        || licences::makes_exceptions(&mark.context)
        || (mark.in_footer && footer_takes_back)
        || (signal == "meta" && licences::reserves_all_rights(&mark.value));
    Some(LicenseEvidence {
        signal,
        raw: mark.value.clone(),
        spdx: licence.map(|found| found.spdx),
        scope,
        in_head: mark.in_head,
        in_footer: mark.in_footer,
        negated: takes_back,
        context: mark.context.clone(),
    })
}

/// The licence URL inside a sentence, as in `dc.rights`.
fn url_within(text: &str) -> Option<Licence> {
    text.split(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | '"' | ','))
        .filter(|word| word.contains("://"))
        .find_map(|word| licences::from_url(word.trim_end_matches('.')))
}

/// Sets the licence of the page's text, if the evidence about page and site agrees on one.
fn decide(page: &mut Page<'_>, evidence: &[LicenseEvidence]) {
    let counted: Vec<&LicenseEvidence> =
        evidence.iter().filter(|row| matches!(row.scope, "page" | "site")).collect();
    // Statements that name no known licence count for nothing, unless they reserve rights.
    let named: Vec<(&str, &LicenseEvidence)> =
        counted.iter().filter_map(|row| Some((row.spdx.as_deref()?, *row))).collect();
    let reserved = counted.iter().any(|row| row.negated);
    let Some(((first, row), others)) = named.split_first() else {
        page.license_tier = u8::from(reserved);
        return;
    };
    if reserved {
        page.license_tier = 1;
        return;
    }
    if others.iter().any(|(spdx, _)| spdx != first) {
        page.license_tier = named.iter().map(|(spdx, _)| licences::tier(spdx)).min().unwrap_or(0);
        return;
    }
    page.license = Some((*first).to_owned());
    page.license_tier = licences::tier(first);
    page.license_scope = Some(row.scope);
    if (1..=4).contains(&page.license_tier) {
        page.attribution = Some(attribution(page));
    }
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
    let author = meta(&["cc:attributionname", "author", "dc.creator", "dcterms.creator"]);
    let site = meta(&["og:site_name"]).or_else(|| Some(page.record.host).filter(|host| !host.is_empty()));
    let title = Some(page.title.as_str()).filter(|title| !title.is_empty());
    let url = Some(page.record.url).filter(|url| !url.is_empty());
    [title, author, site, url].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Given, Record};

    #[test]
    fn a_declared_licence_is_read_as_an_id_a_url_or_words() {
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
            TagLicense {}.apply(&mut page);
            assert_eq!(page.license_evidence[0].signal, "declared");
            let credited = page.attribution.as_deref() == Some("Abebe, ዜና");
            assert_eq!((page.license.as_deref(), page.license_tier), (spdx, tier), "{license}");
            assert_eq!(credited, spdx.is_some() && tier < 5, "{license}");
        }
    }
}
