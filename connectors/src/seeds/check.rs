//! What a steward should look at in a seed list. Nothing here needs the network.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{LicenseBasis, SeedRecord, TrainingOk};
use crate::web;

/// What sort of finding it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    /// Not an `http` or `https` URL with a host.
    UnusableUrl,
    /// An IP address, this machine or a private network.
    NotPublic,
    /// The same canonical URL for the same languages, again.
    Duplicate,
    /// The same canonical URL for other languages.
    UrlInSeveralLanguages,
    /// The host stands in lists of several languages: often an aggregator or a machine-translated mirror.
    HostInSeveralLanguages,
    /// Two stewards speak for the host.
    TwoStewards,
    /// No language.
    MissingLanguage,
    /// No steward.
    MissingSteward,
    /// No country claim.
    MissingCountry,
    /// Not shaped like ISO 639-3.
    BadLanguageCode,
    /// Not shaped like ISO 3166-1 alpha-2.
    BadCountryCode,
    /// Training is allowed, but not by an owner or with permission, or without evidence: it beats no reservation.
    TrainingWithoutProof,
}

/// One finding about one seed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SeedFinding {
    /// The seed.
    pub seed_id: String,
    /// Its canonical URL.
    pub url: String,
    /// What sort of finding.
    pub kind: FindingKind,
    /// In words.
    pub message: String,
}

/// All findings, in the order of the records, then of the kinds. The first of several equal seeds is not a
/// duplicate.
pub fn check(seeds: &[SeedRecord]) -> Vec<SeedFinding> {
    let mut by_url: BTreeMap<&str, Vec<&SeedRecord>> = BTreeMap::new();
    let mut by_host: BTreeMap<&str, HostFacts> = BTreeMap::new();
    let mut findings = Vec::new();
    for seed in seeds {
        let host = by_host.entry(web::without_www(&seed.host)).or_default();
        host.languages.extend(seed.languages.iter().map(String::as_str));
        host.stewards.extend(seed.steward.as_deref());
    }
    for seed in seeds {
        let mut add = |kind, message: String| {
            let (seed_id, url) = (seed.seed_id.clone(), seed.url.clone());
            findings.push(SeedFinding { seed_id, url, kind, message });
        };
        check_url(seed, &mut add);
        let same_url = by_url.entry(seed.url.as_str()).or_default();
        if same_url.iter().any(|other| other.languages == seed.languages) {
            add(FindingKind::Duplicate, "the same URL and language are already in the list".into());
        } else if let Some(other) = same_url.first() {
            let message = format!("the same URL is listed for {} too", spoken(&other.languages));
            add(FindingKind::UrlInSeveralLanguages, message);
        }
        same_url.push(seed);
        if let Some(host) = by_host.get(web::without_www(&seed.host)) {
            let own: BTreeSet<&str> = seed.languages.iter().map(String::as_str).collect();
            let others: Vec<&str> = host.languages.difference(&own).copied().collect();
            if !others.is_empty() {
                let message = format!("the host is listed for {} too", others.join(", "));
                add(FindingKind::HostInSeveralLanguages, message);
            }
            if host.stewards.len() > 1 {
                let stewards: Vec<&str> = host.stewards.iter().copied().collect();
                add(FindingKind::TwoStewards, format!("the host is claimed by {}", stewards.join(" and ")));
            }
        }
        check_fields(seed, &mut add);
    }
    findings
}

#[derive(Default)]
struct HostFacts<'a> {
    languages: BTreeSet<&'a str>,
    stewards: BTreeSet<&'a str>,
}

fn check_url(seed: &SeedRecord, add: &mut impl FnMut(FindingKind, String)) {
    let Some(url) = web::parse(&seed.url) else {
        add(FindingKind::UnusableUrl, "not a web address".into());
        return;
    };
    if let Some(reason) = web::host(&url).and_then(web::not_public) {
        add(FindingKind::NotPublic, format!("the host is {reason}"));
    }
}

fn check_fields(seed: &SeedRecord, add: &mut impl FnMut(FindingKind, String)) {
    if seed.languages.is_empty() {
        add(FindingKind::MissingLanguage, "no language is named".into());
    }
    if seed.steward.is_none() {
        add(FindingKind::MissingSteward, "nobody is named as steward".into());
    }
    if seed.country_claims.is_empty() {
        add(
            FindingKind::MissingCountry,
            "no country is claimed: most policies will withhold the documents".into(),
        );
    }
    for code in &seed.languages {
        if code.len() != 3 || !code.bytes().all(|byte| byte.is_ascii_lowercase()) {
            let message = format!("{code:?} is not an ISO 639-3 code, three letters such as swa");
            add(FindingKind::BadLanguageCode, message);
        }
    }
    for code in &seed.country_claims {
        if code.len() != 2 || !code.bytes().all(|byte| byte.is_ascii_uppercase()) {
            let message = format!("{code:?} is not a country code, two letters such as KE");
            add(FindingKind::BadCountryCode, message);
        }
    }
    let proven = matches!(seed.license_basis, LicenseBasis::Owner | LicenseBasis::Permission);
    if seed.training_ok == TrainingOk::Yes && !(proven && seed.evidence_url.is_some()) {
        let message = "training_ok: y counts against a reservation only with basis owner or permission and an \
                       evidence_url";
        add(FindingKind::TrainingWithoutProof, message.into());
    }
}

fn spoken(languages: &[String]) -> String {
    if languages.is_empty() { "no language".into() } else { languages.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::super::Draft;
    use super::FindingKind::{
        BadCountryCode, BadLanguageCode, Duplicate, HostInSeveralLanguages, MissingCountry, MissingLanguage,
        MissingSteward, NotPublic, TrainingWithoutProof, TwoStewards, UnusableUrl, UrlInSeveralLanguages,
    };
    use super::*;

    fn seed(url: &str, language: &str, steward: &str) -> SeedRecord {
        let mut draft = Draft::new(url);
        draft.languages = vec![language.into()];
        draft.steward = Some(steward.into());
        draft.country_claims = vec!["KE".into()];
        draft.finish("mbegu").unwrap()
    }

    fn kinds(seeds: &[SeedRecord]) -> Vec<(usize, FindingKind)> {
        let mut at = 0;
        check(seeds)
            .into_iter()
            .map(|finding| {
                while seeds[at].seed_id != finding.seed_id || seeds[at].url != finding.url {
                    at += 1;
                }
                (at, finding.kind)
            })
            .collect()
    }

    #[test]
    fn a_good_list_has_no_findings() {
        assert_eq!(
            check(&[
                seed("https://example.co.ke/a", "swa", "baraza"),
                seed("https://example.go.tz", "swa", "tz")
            ]),
            []
        );
    }

    #[test]
    fn what_is_said_twice_or_by_two_is_found() {
        let seeds = [
            seed("https://example.co.ke/a", "swa", "baraza"),
            seed("https://www.example.co.ke/b", "luo", "jumuiya"),
            seed("https://example.co.ke/a", "kik", "baraza"),
        ];
        assert_eq!(
            kinds(&seeds),
            [
                (0, HostInSeveralLanguages),
                (0, TwoStewards),
                (1, HostInSeveralLanguages),
                (1, TwoStewards),
                (2, UrlInSeveralLanguages),
                (2, HostInSeveralLanguages),
                (2, TwoStewards),
            ]
        );
        let one = seed("https://example.gr/νέα", "ell", "κοινότητα");
        let found = check(&[one.clone(), one]);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].kind, Duplicate);
    }

    #[test]
    fn missing_and_misshapen_fields_are_found() {
        let mut draft = Draft::new("http://192.168.0.1/");
        draft.languages = vec!["sw".into(), "amharic".into()];
        draft.country_claims = vec!["KEN".into()];
        draft.training_ok = Some(TrainingOk::Yes);
        let found: Vec<FindingKind> =
            check(&[draft.finish("mbegu").unwrap()]).into_iter().map(|f| f.kind).collect();
        assert_eq!(
            found,
            [
                NotPublic,
                MissingSteward,
                BadLanguageCode,
                BadLanguageCode,
                BadCountryCode,
                TrainingWithoutProof
            ]
        );
        let mut bare = Draft::new("https://example.et").finish("mbegu").unwrap();
        bare.url = "ftp://example.et".into();
        let found: Vec<FindingKind> = check(&[bare]).into_iter().map(|f| f.kind).collect();
        assert_eq!(found, [UnusableUrl, MissingLanguage, MissingSteward, MissingCountry]);
    }
}
