//! Reads what publishers reserve, and what stewards agree to.
//!
//! # What it does
//! Turns the signals of the page into evidence rows: `X-Robots-Tag` and robots meta tags (`noai`, `noindex`…, also for one agent),
//! the TDM Reservation Protocol in header and meta, `Content-Usage` of the IETF drafts on AI preferences, Cloudflare's
//! `Content-Signal`, links to licences of RSL, and the seed's `training_ok`. robots.txt, tdmrep.json and RSL licences that
//! the crawl met (a source of robots.txt records serves, too) join in stage 3 for all pages of their scheme, host and port,
//! path by path, and so does the snapshot. `optout_train` is `disallow` where any signal reserves training or mining, or
//! refuses the path to a crawler that gathers training data; `allow` where one allows training; else `unknown`, and what
//! that means is for the policy. `optout_basis` names the signal that decides.
//!
//! Only a seed's `training_ok: y` with basis `owner` or `permission` and an `evidence_url` beats a reservation.
//!
//! # Why
//! Article 4 of the EU's CDSM Directive lets rights holders reserve mining by machine-readable means, and no list of these
//! means is final. So all are read, each row says by which text, and the most restrictive counts.
//!
//! # Precedent
//! Apertus (2025) dropped hosts whose robots.txt blocks an AI agent, at 8 % of English and 4 % of other tokens, without
//! measurable loss; it looked at hosts, this looks at paths. TDMRep: a higher place (meta, header, file) counts before a
//! lower one. Spellings and groups that can be read in two ways are read in both, and the stricter counts.
//!
//! # Across languages
//! Signals are words of protocols, the same in every language. Paths in other scripts are compared encoded. Reservations in
//! prose, such as terms of use, are not read.
//!
//! # Example
//! ```yaml
//! tag_optout: { agents: [train, data], snapshot: optout/2026-11.parquet }
//! ```

use std::path::PathBuf;

use garde::Validate;
use kilim_connectors::seeds::{LicenseBasis, SeedRecord, TrainingOk};
use kilim_connectors::signals::{Category, Evidence, Signal, Value, robots_tag, rsl, tdm, usage};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::document::Page;
use crate::optout::{agent_list, tokens};
use crate::step::{DocumentStep, DocumentStepConfig, Resources, StepError};

/// Reads what publishers reserve, and what stewards agree to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct TagOptout {
    /// Whose rules count: purposes of the list (`train`, `data`, `search`, `assistant`, `agent`, `unknown`), and product
    /// tokens such as `CCBot`.
    #[garde(length(min = 1), inner(length(min = 1)))]
    pub agents: Vec<String>,
    /// A list of agents of your own instead of the shipped one: CSV with `token,operator,purpose`.
    #[garde(skip)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub list: Option<PathBuf>,
    /// The opt-out snapshot to honour besides what the crawl met, as `kilim optout snapshot` makes it.
    #[garde(skip)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<PathBuf>,
}

impl Default for TagOptout {
    fn default() -> Self {
        Self { agents: vec!["train".to_owned(), "data".to_owned()], list: None, snapshot: None }
    }
}

impl DocumentStepConfig for TagOptout {
    const VERSION: u32 = 1;

    fn build(&self, resources: &Resources) -> Result<Box<dyn DocumentStep>, StepError> {
        let list = agent_list(self, resources)?;
        Ok(Box::new(Reader { tokens: tokens(self, &list)? }))
    }

    fn digests(&self, resources: &Resources) -> Result<Vec<(String, String)>, StepError> {
        let Some(path) = &self.list else { return Ok(Vec::new()) };
        let digest = blake3::hash(&resources.read(path)?).to_hex().to_string();
        Ok(vec![("list of agents".to_owned(), digest)])
    }
}

struct Reader {
    /// In lower case and in order.
    tokens: Vec<String>,
}

impl Reader {
    fn asks(&self, agent: &str) -> bool {
        self.tokens.binary_search(&agent.to_ascii_lowercase()).is_ok()
    }
}

impl DocumentStep for Reader {
    fn apply(&mut self, page: &mut Page<'_>) {
        let mut rows = page.seed.and_then(consent).into_iter().collect::<Vec<_>>();
        self.headers(page.record.http_head, &mut rows);
        self.marks(page, &mut rows);
        for row in &mut rows {
            row.observed_at = page.record.fetched_at;
        }
        page.optout_evidence = Some(rows);
    }
}

/// What the seed that covers the page says about training; nothing if it says nothing.
fn consent(seed: &SeedRecord) -> Option<Evidence> {
    let proven = matches!(seed.license_basis, LicenseBasis::Owner | LicenseBasis::Permission);
    let value = match (seed.training_ok, seed.evidence_url.as_deref()) {
        (TrainingOk::Unknown, _) => return None,
        (TrainingOk::No, _) => Value::Disallow,
        (TrainingOk::Yes, Some(_)) if proven => Value::Allow,
        (TrainingOk::Yes, _) => Value::Unknown,
    };
    let steward = seed.steward.as_deref().unwrap_or("nobody");
    let raw = format!(
        "training_ok: {}; basis {}; steward {steward}; seed {}",
        seed.training_ok, seed.license_basis, seed.seed_id
    );
    let source_url = seed.evidence_url.clone().unwrap_or_default();
    Some(Evidence { source_url, ..Evidence::of_page(Signal::Seed, "", &raw, Category::TrainAi, value) })
}

impl Reader {
    fn headers(&self, head: &str, rows: &mut Vec<Evidence>) {
        let (mut reservation, mut policy) = (None, None);
        let (mut usages, mut signals) = (Vec::new(), Vec::new());
        for line in head.lines().skip(1) {
            let Some((name, value)) = line.split_once(':') else { continue };
            let (name, value) = (name.trim(), value.trim());
            // Most headers are none of these: their lengths tell.
            match name.len() {
                4 if name.eq_ignore_ascii_case("link") => rows.extend(licence_links(value)),
                10 if name.eq_ignore_ascii_case("tdm-policy") => policy = Some(value),
                12 if name.eq_ignore_ascii_case("x-robots-tag") => {
                    rows.extend(robots_tag::header(value, |agent| self.asks(agent)));
                }
                13 if name.eq_ignore_ascii_case("content-usage") => usages.push(value),
                14 if name.eq_ignore_ascii_case("content-signal") => signals.push(value),
                15 if name.eq_ignore_ascii_case("tdm-reservation") => {
                    // Of two, the one that reserves.
                    reservation = Some(reservation.filter(|known| *known == "1").unwrap_or(value));
                }
                _ => {}
            }
        }
        rows.extend(
            reservation.and_then(|reservation| tdm::statement(Signal::TdmHeader, reservation, policy)),
        );
        if !usages.is_empty() {
            rows.extend(usage::header(Signal::UsageHeader, usages.into_iter()));
        }
        if !signals.is_empty() {
            rows.extend(usage::header(Signal::SignalHeader, signals.into_iter()));
        }
    }

    fn marks(&self, page: &Page<'_>, rows: &mut Vec<Evidence>) {
        let meta = |key: &str| {
            let mut found = page.marks.iter().filter(|mark| mark.element == "meta" && mark.key == key);
            found.next().map(|first| {
                let reserves = found.find(|mark| mark.value.trim() == "1");
                reserves.unwrap_or(first).value.as_str()
            })
        };
        for mark in &page.marks {
            match mark.element {
                "meta" if robots_tag::is_everybody(&mark.key) || self.asks(&mark.key) => {
                    rows.extend(robots_tag::meta(&mark.key, &mark.value));
                }
                "link" | "a" if mark.media_type == rsl::MEDIA_TYPE => {
                    rows.push(rsl::pointer(Signal::RslLink, &mark.value));
                }
                _ => {}
            }
        }
        if let Some(reservation) = meta("tdm-reservation") {
            rows.extend(tdm::statement(Signal::TdmMeta, reservation, meta("tdm-policy")));
        }
    }
}

/// Targets of a `Link` header that are licences of RSL.
fn licence_links(value: &str) -> Vec<Evidence> {
    if !value.contains(rsl::MEDIA_TYPE) {
        return Vec::new();
    }
    value
        .split('<')
        .skip(1)
        .filter_map(|link| link.split_once('>'))
        .filter(|(_, parameters)| {
            let lower = parameters.to_ascii_lowercase();
            lower.contains(rsl::MEDIA_TYPE) && lower.contains("license")
        })
        .map(|(target, _)| rsl::pointer(Signal::RslHeader, target))
        .collect()
}

#[cfg(test)]
mod tests {
    use kilim_connectors::seeds::Draft;

    use super::*;
    use crate::document::{Mark, Record};
    use kilim_connectors::signals::fold;

    fn evidence(page: &mut Page<'_>) -> Vec<String> {
        let resources = Resources::new(std::path::Path::new("."));
        TagOptout::default().build(&resources).unwrap().apply(page);
        let rows = page.optout_evidence.as_ref().unwrap();
        rows.iter()
            .map(|row| format!("{} {}={}", row.signal_word(), row.category.as_str(), row.value.as_str()))
            .collect()
    }

    #[test]
    fn every_signal_of_a_head_is_one_row_or_more() {
        let head = "HTTP/1.1 200 OK\r\nX-Robots-Tag: noindex\r\nx-robots-tag: ccbot: noai\r\nX-Robots-Tag: googlebot: noai\r\n\
            TDM-Reservation: 0\r\ntdm-reservation: 1\r\nContent-Usage: search=y\r\nContent-Usage: train-ai=y\r\n\
            Content-Signal: ai-train=no\r\n\
            Link: <https://habari.ke/rsl.xml>; rel=\"license\"; type=\"application/rsl+xml\", <https://a.ke/>; rel=next";
        let record = Record { http_head: head, fetched_at: Some(7), ..Record::default() };
        let mut page = Page { record, ..Page::default() };
        assert_eq!(
            evidence(&mut page),
            [
                "x_robots_tag search=disallow",
                "x_robots_tag train_ai=disallow",
                "rsl_header train_ai=disallow",
                "tdm_header tdm=disallow",
                "content_usage train_ai=allow",
                "content_usage search=allow",
                "content_signal train_ai=disallow",
            ]
        );
        assert!(page.optout_evidence.unwrap().iter().all(|row| row.observed_at == Some(7)));
    }

    #[test]
    fn meta_tags_speak_to_all_or_to_one_agent() {
        let mark = |key: &str, value: &str, element| Mark {
            element,
            key: key.to_owned(),
            value: value.to_owned(),
            media_type: if element == "link" { rsl::MEDIA_TYPE.to_owned() } else { String::new() },
            in_head: true,
            ..Mark::default()
        };
        let marks = vec![
            mark("robots", "noai, noimageai", "meta"),
            mark("gptbot", "noai", "meta"),
            mark("googlebot", "noai", "meta"),
            mark("tdm-reservation", "0", "meta"),
            mark("license", "https://habari.ke/rsl.xml", "link"),
        ];
        let mut page = Page { marks, ..Page::default() };
        assert_eq!(
            evidence(&mut page),
            [
                "meta_robots train_ai=disallow",
                "meta_robots train_ai=unknown",
                "meta_robots train_ai=disallow",
                "rsl_link train_ai=disallow",
                "tdm_meta tdm=allow",
            ]
        );
    }

    #[test]
    fn only_an_owners_proven_word_beats_a_reservation() {
        let record = Record { http_head: "HTTP/1.1 200 OK\r\nX-Robots-Tag: noai", ..Record::default() };
        for (training_ok, basis, proof, expected) in [
            (TrainingOk::Yes, LicenseBasis::Owner, true, Value::Allow),
            (TrainingOk::Yes, LicenseBasis::Permission, true, Value::Allow),
            (TrainingOk::Yes, LicenseBasis::Public, true, Value::Disallow),
            (TrainingOk::Yes, LicenseBasis::Owner, false, Value::Disallow),
            (TrainingOk::No, LicenseBasis::Owner, true, Value::Disallow),
        ] {
            let mut draft = Draft::new("https://habari.co.ke/");
            (draft.training_ok, draft.license_basis) = (Some(training_ok), Some(basis));
            draft.evidence_url = proof.then(|| "https://habari.co.ke/ruhusa".to_owned());
            let seed = draft.finish("jamii").unwrap();
            let mut page = Page { record, seed: Some(&seed), ..Page::default() };
            evidence(&mut page);
            let rows = page.optout_evidence.unwrap();
            assert_eq!(fold(&rows).0, expected, "{training_ok} {basis} {proof}");
            assert!(rows[0].raw.contains(&seed.seed_id));
        }
    }
}
