//! Says which countries' law binds a document, and on what grounds.
//!
//! # What it does
//! Adds a claim for each ground named in `from`. `steward` reads the seed that covers the page. `contract` keeps the claims
//! that the source of the page came with, or the document itself. `publisher` reads the address of whoever publishes: JSON-LD
//! (`publisher`, and an organisation that is nobody's property), microdata, RDFa, a vCard in the footer, and imprints.
//! `registry` reads the country-code domain of the host. All claims that bind must be satisfied; they add up and never
//! cancel each other: two addresses in two countries are two claims. A ground that is not named is not used.
//!
//! What is named in `hints` is shown beside the claims, and binds nobody: `language` is the territory of `lang` and
//! `Content-Language` and the countries where the language is official, `server` the country of the server's address by
//! a database in MaxMind's format (`server_country`), `licence_port` the country that a Creative Commons licence was
//! ported to. A server behind a network of copies gives no hint.
//!
//! A country is an ISO 3166-1 code, `EU` for the Union's own bodies, or a name of `configs/country_names.csv`. Anything
//! else is no claim, and broken JSON-LD is none: nothing is guessed.
//!
//! Confidence is an order of trust: 1 for stewards, contracts and suffixes kept for the state, 0.9 to 0.7 for publishers, 0.8
//! for other domains, 0.3 and less for hints.
//!
//! # Why
//! Where a page is stored says little about who may have it; a policy decides on claims with evidence.
//!
//! # Precedent
//! None in the field: peers keep no jurisdiction. Half of the community seeds have a country-code domain (51 % of
//! 8,691 hosts), 14.8 % of Arabic pages do (Alkwai et al. 2015): most claims have to come from stewards.
//!
//! # Across languages
//! A language is never a claim: Swahili is spoken under four laws. Internationalised domains (`.भारत`, `.বাংলা`) count
//! as their Latin ones do; domains sold to the world (`.tv`, `.io`, `.ml`) only below their `gov`. Countries are known by
//! name in ten languages and in their own (`केन्या`, `ኢትዮጵያ`, `Ελλάδα`); imprints only by headings of a dozen European
//! languages, whose countries ask for one.
//!
//! # Example
//! ```yaml
//! tag_jurisdiction: { from: [steward, publisher, registry], hints: [language, licence_port] }
//! ```

use std::path::PathBuf;
use std::sync::Arc;

use garde::Validate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::countries::is_country;
use crate::document::{Claim, Page};
use crate::extract::marks::addresses::ADDRESS;
use crate::provenance::server_country::{ServerCountries, is_behind_cdn};
use crate::provenance::{cctld, country_names, imprint, language_countries, licence_evidence, licences};
use crate::step::{DocumentStep, DocumentStepConfig, Resources, StepError};

/// Grounds of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClaimBasis {
    /// The seed that covers the page, with the countries its steward named.
    Steward,
    /// The countries that the config names for the source, or a document of an existing corpus for itself.
    Contract,
    /// The address that the publisher gives in JSON-LD, microdata, RDFa, a vCard or an imprint.
    Publisher,
    /// The country-code domain of the host, unless it is sold to the world.
    Registry,
}

/// Grounds of a hint, which never binds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HintBasis {
    /// The territory of the declared language, and the countries in which the identified one is official.
    Language,
    /// Where the server stands; needs `server_country`.
    Server,
    /// The country that the page's licence was ported to; needs `tag_license` before it.
    LicencePort,
}

/// Says which countries' law binds a document, and on what grounds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct TagJurisdiction {
    /// Grounds to use, in the order in which claims are listed.
    #[garde(length(min = 1))]
    pub from: Vec<ClaimBasis>,
    /// Grounds of hints, listed behind the claims; they never bind. None by default.
    #[serde(default)]
    #[garde(custom(has_database(self.server_country.as_ref())))]
    pub hints: Vec<HintBasis>,
    /// A database of countries by address in MaxMind's format (`.mmdb`), relative to the config, for the hint `server`.
    /// None is shipped: each has a licence of its own.
    #[serde(default)]
    #[garde(skip)]
    pub server_country: Option<PathBuf>,
}

fn has_database(database: Option<&PathBuf>) -> impl FnOnce(&Vec<HintBasis>, &()) -> garde::Result {
    move |hints, ()| match (hints.contains(&HintBasis::Server), database) {
        (true, None) => Err(garde::Error::new("the hint `server` needs a file under `server_country`")),
        (false, Some(_)) => Err(garde::Error::new(
            "`server_country` is read for the hint `server`: name it, or leave both out",
        )),
        _ => Ok(()),
    }
}

impl DocumentStepConfig for TagJurisdiction {
    const VERSION: u32 = 2;

    fn build(&self, resources: &Resources) -> Result<Box<dyn DocumentStep>, StepError> {
        let servers = match &self.server_country {
            None => None,
            Some(path) => {
                let key = format!("tag_jurisdiction server_country {}", path.display());
                Some(resources.table(&key, || {
                    ServerCountries::read(resources.read(path)?)
                        .map_err(|problem| StepError::File { path: resources.path(path), problem })
                })?)
            }
        };
        Ok(Box::new(Tagger { config: self.clone(), servers }))
    }

    fn digests(&self, resources: &Resources) -> Result<Vec<(String, String)>, StepError> {
        self.server_country
            .iter()
            .map(|path| {
                let digest = blake3::hash(&resources.read(path)?).to_hex().to_string();
                Ok((format!("tag_jurisdiction server_country {}", path.display()), digest))
            })
            .collect()
    }
}

struct Tagger {
    config: TagJurisdiction,
    servers: Option<Arc<ServerCountries>>,
}

impl DocumentStep for Tagger {
    fn apply(&mut self, page: &mut Page<'_>) {
        let contract: Vec<Claim> = page.claims.drain(..).filter(|claim| claim.basis == "contract").collect();
        for basis in &self.config.from {
            match basis {
                ClaimBasis::Steward => steward(page),
                ClaimBasis::Contract => page.claims.extend_from_slice(&contract),
                ClaimBasis::Publisher => publisher(page),
                ClaimBasis::Registry => registry(page),
            }
        }
        for basis in &self.config.hints {
            match basis {
                HintBasis::Language => language(page),
                HintBasis::Server => self.server(page),
                HintBasis::LicencePort => licence_port(page),
            }
        }
    }
}

/// Adds a claim. Of two for one country on one basis the surer stays.
fn add(page: &mut Page<'_>, claim: Claim) {
    let known = page.claims.iter_mut().find(|known| {
        known.country == claim.country && known.basis == claim.basis && known.binding == claim.binding
    });
    match known {
        Some(known) if known.confidence < claim.confidence => *known = claim,
        Some(_) => {}
        None => page.claims.push(claim),
    }
}

fn binding(country: &str, basis: &'static str, confidence: f32, evidence: String) -> Claim {
    Claim { country: country.to_owned(), basis, binding: true, confidence, evidence }
}

fn hint(country: &str, basis: &'static str, confidence: f32, evidence: String) -> Claim {
    Claim { country: country.to_owned(), basis, binding: false, confidence, evidence }
}

fn steward(page: &mut Page<'_>) {
    let Some(seed) = page.seed else { return };
    for country in &seed.country_claims {
        add(page, binding(country, "steward", 1.0, format!("seed {}", seed.seed_id)));
    }
}

fn publisher(page: &mut Page<'_>) {
    let mut claims = Vec::new();
    for mark in page.marks.iter().filter(|mark| mark.element == ADDRESS) {
        let value = mark.value.trim();
        let (confidence, place, is_written) = match mark.key.as_str() {
            "publisher" => (0.9, "json-ld publisher", false),
            "organization" => (0.8, "json-ld organization", false),
            "publisher_text" => (0.8, "json-ld publisher", true),
            "organization_text" => (0.7, "json-ld organization", true),
            "microdata" => (0.8, "microdata", false),
            "rdfa" => (0.8, "rdfa", false),
            _ => (0.7, "vcard", false),
        };
        let claim = if is_written {
            country_names::from_address(value)
                .map(|country| (country, format!("{place} address ends in {country}")))
        } else {
            country_names::from_field(value).map(|country| (country, format!("{place} country {value}")))
        };
        claims.extend(claim.map(|(country, evidence)| binding(country, "publisher", confidence, evidence)));
    }
    for country in imprint::countries(&page.title, &page.text) {
        claims.push(binding(country, "publisher", 0.8, format!("imprint address ends in {country}")));
    }
    for claim in claims {
        add(page, claim);
    }
}

fn registry(page: &mut Page<'_>) {
    let Some(found) = cctld::registry(page.record.host) else { return };
    // A suffix of the state is given to nobody else.
    let confidence = if found.official { 1.0 } else { 0.8 };
    add(page, binding(found.country, "registry", confidence, format!("suffix {}", found.suffix)));
}

/// Bytes of a language tag that is read; longer ones are none (RFC 5646, section 4.4.1).
const MAX_TAG: usize = 35;

fn language(page: &mut Page<'_>) {
    let headers = page.record.http_head.lines().skip(1).filter_map(|line| line.split_once(':'));
    let said = headers.filter(|(name, _)| name.trim().eq_ignore_ascii_case("content-language"));
    let said = said.flat_map(|(_, value)| value.split(',')).map(|tag| ("content-language", tag.trim()));
    let of_page = page.html_lang.as_deref().map(|tag| ("html lang", tag.trim()));
    let mut claims: Vec<Claim> = of_page
        .into_iter()
        .chain(said)
        .filter(|(_, tag)| tag.len() <= MAX_TAG)
        .filter_map(|(place, tag)| {
            let country = language_countries::territory(tag)?;
            Some(hint(&country, "language", 0.3, format!("{place} {tag}")))
        })
        .collect();
    if let Some(found) = &page.language {
        let code = found.lang.code();
        let official = match language_countries::official(code) {
            [] => kilim_langid::macrolanguage(code).map(language_countries::official).unwrap_or_default(),
            official => official,
        };
        // The more countries speak it, the less it says of each.
        let confidence = 0.2 / official.len().max(1) as f32;
        claims.extend(official.iter().map(|country| {
            hint(country, "language", confidence, format!("{code} is official in {}", official.join(" ")))
        }));
    }
    for claim in claims {
        add(page, claim);
    }
}

impl Tagger {
    fn server(&self, page: &mut Page<'_>) {
        let Some(servers) = &self.servers else { return };
        let Ok(ip) = page.record.ip.trim().parse() else { return };
        if is_behind_cdn(page.record.http_head) {
            return;
        }
        let Some(country) = servers.look(ip) else { return };
        // The address is in its own column; evidence goes into shards.
        add(page, hint(&country, "server", 0.2, "server_country".to_owned()));
    }
}

fn licence_port(page: &mut Page<'_>) {
    let rows = page.license_evidence.iter().filter(|row| !row.negated && licence_evidence::covers_text(row));
    let claims: Vec<Claim> = rows
        .filter_map(|row| {
            let id = row.spdx.as_deref()?;
            // Creative Commons ported to parts of the United Kingdom.
            let country = match licences::parts(id).port? {
                "UK" | "SCOTLAND" => "GB",
                port => port,
            };
            is_country(country).then(|| hint(country, "licence_port", 0.3, format!("licence {id}")))
        })
        .collect();
    for claim in claims {
        add(page, claim);
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use kilim_connectors::seeds::Draft;

    use super::*;
    use crate::document::{Language, LicenseEvidence, Mark, Record};
    use crate::provenance::server_country::tests::two_countries;

    fn step(from: &[ClaimBasis], hints: &[HintBasis]) -> Box<dyn DocumentStep> {
        let config = TagJurisdiction { from: from.to_vec(), hints: hints.to_vec(), server_country: None };
        config.build(&Resources::new(Path::new("."))).unwrap()
    }

    #[test]
    fn only_named_grounds_are_used_and_claims_add_up() {
        use ClaimBasis::{Publisher, Registry, Steward};

        let draft = Draft {
            country_claims: vec!["KE".to_owned(), "TZ".to_owned()],
            ..Draft::new("https://habari.de/")
        };
        let seed = draft.finish("communities").unwrap();
        let mark = Mark {
            element: ADDRESS,
            key: "publisher".to_owned(),
            value: "ug".to_owned(),
            in_head: true,
            ..Mark::default()
        };
        let claims = |from: &[ClaimBasis], host: &str, seeded: bool| {
            let record = Record { host, ..Record::default() };
            let mut page =
                Page { record, seed: seeded.then_some(&seed), marks: vec![mark.clone()], ..Page::default() };
            step(from, &[]).apply(&mut page);
            page.claims.iter().map(|c| format!("{} {}", c.basis, c.country)).collect::<Vec<_>>()
        };
        assert_eq!(
            claims(&[Registry, Steward, Publisher], "habari.de", true),
            ["registry DE", "steward KE", "steward TZ", "publisher UG"]
        );
        assert_eq!(claims(&[Steward], "habari.de", false), [""; 0]);
        assert_eq!(claims(&[Registry], "habari.tv", true), [""; 0]);
        assert_eq!(claims(&[Registry, Registry], "xn--h2brj9c.xn--h2brj9c", true), ["registry IN"]);
    }

    #[test]
    fn the_claims_of_a_source_are_kept_only_if_contracts_count() {
        let claim = |basis, country: &str| Claim {
            country: country.to_owned(),
            basis,
            binding: true,
            confidence: 1.0,
            evidence: "source taifa".to_owned(),
        };
        for (from, bases) in [
            (vec![ClaimBasis::Registry, ClaimBasis::Contract], vec!["registry", "contract"]),
            (vec![ClaimBasis::Registry], vec!["registry"]),
        ] {
            let record = Record { host: "habari.tz", ..Record::default() };
            let claims = vec![claim("contract", "KE"), claim("steward", "UG")];
            let mut page = Page { record, claims, ..Page::default() };
            step(&from, &[]).apply(&mut page);
            assert_eq!(page.claims.iter().map(|claim| claim.basis).collect::<Vec<_>>(), bases);
        }
    }

    #[test]
    fn every_claim_binds_and_names_its_evidence() {
        let record = Record { host: "afya.go.ke", ..Record::default() };
        let mut page = Page { record, ..Page::default() };
        step(&[ClaimBasis::Registry], &[]).apply(&mut page);
        let claim = &page.claims[0];
        assert!(claim.binding && (claim.confidence - 1.0).abs() < f32::EPSILON);
        assert_eq!(claim.evidence, "suffix go.ke");
    }

    fn told(page: &Page<'_>) -> Vec<String> {
        let bound = |claim: &Claim| if claim.binding { "binds" } else { "hint" };
        page.claims
            .iter()
            .map(|claim| {
                format!("{} {} {} {:.2}", claim.basis, claim.country, bound(claim), claim.confidence)
            })
            .collect()
    }

    #[test]
    fn languages_and_ports_are_hints_and_bind_nobody() {
        let http_head = "HTTP/1.1 200 OK\r\nContent-Language: en, sw-UG\r\n";
        let licence = |spdx: &str, negated| LicenseEvidence {
            spdx: Some(spdx.to_owned()),
            scope: "page",
            negated,
            ..LicenseEvidence::default()
        };
        let mut page = Page {
            record: Record { http_head, ..Record::default() },
            html_lang: Some("sw-KE".to_owned()),
            language: Some(Language::certain("amh_Ethi")),
            license_evidence: vec![
                licence("CC-BY-3.0-DE", false),
                licence("LicenseRef-CC-BY-2.5-SCOTLAND", false),
                licence("CC-BY-3.0-IGO", false),
                licence("CC-BY-3.0-AT", true),
            ],
            ..Page::default()
        };
        step(&[ClaimBasis::Registry], &[HintBasis::LicencePort, HintBasis::Language]).apply(&mut page);
        assert_eq!(
            told(&page),
            [
                "licence_port DE hint 0.30",
                "licence_port GB hint 0.30",
                "language KE hint 0.30",
                "language UG hint 0.30",
                "language ET hint 0.20",
            ]
        );
        assert_eq!(page.claims[2].evidence, "html lang sw-KE");
        step(&[ClaimBasis::Registry], &[]).apply(&mut page);
        assert!(page.claims.is_empty());
    }

    #[test]
    fn a_server_gives_a_hint_unless_copies_are_served() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("countries.mmdb"), two_countries()).unwrap();
        let resources = Resources::new(folder.path());
        let config: TagJurisdiction = serde_json::from_value(serde_json::json!({
            "from": ["registry"], "hints": ["server"], "server_country": "countries.mmdb"
        }))
        .unwrap();
        config.validate().unwrap();
        assert_eq!(
            config.digests(&resources).unwrap(),
            [(
                "tag_jurisdiction server_country countries.mmdb".to_owned(),
                blake3::hash(&two_countries()).to_hex().to_string()
            )]
        );
        let mut built = config.build(&resources).unwrap();
        let mut claims = |ip, http_head| {
            let mut page = Page { record: Record { http_head, ip, ..Record::default() }, ..Page::default() };
            built.apply(&mut page);
            told(&page)
        };
        let plain = "HTTP/1.1 200 OK\r\nServer: nginx\r\n";
        assert_eq!(claims("41.90.64.12", plain), ["server KE hint 0.20"]);
        assert_eq!(claims("49.1.1.1", ""), ["server IN hint 0.20"]);
        for (ip, head) in [
            ("41.90.64.12", "HTTP/1.1 200 OK\r\nServer: cloudflare\r\n"),
            ("8.8.8.8", plain),
            ("", plain),
            ("ip", plain),
        ] {
            assert_eq!(claims(ip, head), [""; 0], "{ip} {head}");
        }
    }

    #[test]
    fn a_hint_of_servers_and_its_file_come_together() {
        let config = |hints: &[HintBasis], file: Option<&str>| TagJurisdiction {
            from: vec![ClaimBasis::Steward],
            hints: hints.to_vec(),
            server_country: file.map(PathBuf::from),
        };
        assert!(config(&[HintBasis::Server], None).validate().is_err());
        assert!(config(&[], Some("a.mmdb")).validate().is_err());
        assert!(config(&[], None).validate().is_ok());
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.mmdb"), "no database").unwrap();
        for name in ["a.mmdb", "missing.mmdb"] {
            let built = config(&[HintBasis::Server], Some(name)).build(&Resources::new(folder.path()));
            assert!(matches!(built.err(), Some(StepError::File { .. })), "{name}");
        }
    }

    #[test]
    fn the_surer_of_two_grounds_of_one_country_stays() {
        let mark = |key: &str, value: &str| Mark {
            element: ADDRESS,
            key: key.to_owned(),
            value: value.to_owned(),
            ..Mark::default()
        };
        let marks = vec![
            mark("vcard", "Кения"),
            mark("publisher", "केन्या"),
            mark("organization", "KEN"),
            mark("organization_text", "Kampala, Uganda"),
            mark("microdata", "Nairobi"),
        ];
        let mut page = Page { marks, ..Page::default() };
        step(&[ClaimBasis::Publisher], &[]).apply(&mut page);
        assert_eq!(told(&page), ["publisher KE binds 0.90", "publisher UG binds 0.70"]);
        assert_eq!(page.claims[0].evidence, "json-ld publisher country केन्या");
    }
}
