//! Says which countries' law binds a document, and on what grounds.
//!
//! # What it does
//! Adds a claim for each ground named in `from`: `steward` reads the seed that covers the page, `registry` the
//! country-code domain of its host, `publisher` the address that the publisher gives in JSON-LD; `contract` keeps the
//! claims that the source of the page came with. All claims that bind must be satisfied; they add up and never cancel
//! each other. A ground that is not named is not used.
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
//! as their Latin ones do; domains sold to the world (`.tv`, `.io`, `.ml`) only below their `gov`.
//!
//! # Example
//! ```yaml
//! tag_jurisdiction: { from: [steward, publisher, registry] }
//! ```

use garde::Validate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::document::{Claim, Page};
use crate::provenance::cctld;
use crate::step::{DocumentStep, DocumentStepConfig, Resources, StepError};

/// Grounds of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClaimBasis {
    /// The seed that covers the page, with the countries its steward named.
    Steward,
    /// The countries that the config names for the source.
    Contract,
    /// The address that the publisher gives in JSON-LD.
    Publisher,
    /// The country-code domain of the host, unless it is sold to the world.
    Registry,
}

/// Says which countries' law binds a document, and on what grounds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct TagJurisdiction {
    /// Grounds to use, in the order in which claims are listed.
    #[garde(length(min = 1))]
    pub from: Vec<ClaimBasis>,
}

impl DocumentStepConfig for TagJurisdiction {
    const VERSION: u32 = 1;

    fn build(&self, _resources: &Resources) -> Result<Box<dyn DocumentStep>, StepError> {
        Ok(Box::new(self.clone()))
    }
}

impl DocumentStep for TagJurisdiction {
    fn apply(&mut self, page: &mut Page<'_>) {
        let contract: Vec<Claim> = page.claims.drain(..).filter(|claim| claim.basis == "contract").collect();
        for basis in &self.from {
            match basis {
                ClaimBasis::Steward => steward(page),
                ClaimBasis::Contract => page.claims.extend_from_slice(&contract),
                ClaimBasis::Publisher => publisher(page),
                ClaimBasis::Registry => registry(page),
            }
        }
    }
}

fn add(page: &mut Page<'_>, country: &str, basis: &'static str, confidence: f32, evidence: String) {
    let claim = Claim { country: country.to_owned(), basis, binding: true, confidence, evidence };
    if !page.claims.contains(&claim) {
        page.claims.push(claim);
    }
}

fn steward(page: &mut Page<'_>) {
    let Some(seed) = page.seed else { return };
    for country in &seed.country_claims {
        add(page, country, "steward", 1.0, format!("seed {}", seed.seed_id));
    }
}

fn publisher(page: &mut Page<'_>) {
    let countries: Vec<String> = page
        .marks
        .iter()
        .filter(|mark| mark.element == "json-ld" && mark.key == "publisher_address")
        .map(|mark| mark.value.trim().to_ascii_uppercase())
        .filter(|code| cctld::is_country(code))
        .collect();
    for country in countries {
        let evidence = format!("json-ld addressCountry {country}");
        add(page, &country, "publisher", 0.9, evidence);
    }
}

fn registry(page: &mut Page<'_>) {
    let Some(found) = cctld::registry(page.record.host) else { return };
    // A suffix of the state is given to nobody else.
    let confidence = if found.official { 1.0 } else { 0.8 };
    add(page, found.country, "registry", confidence, format!("suffix {}", found.suffix));
}

#[cfg(test)]
mod tests {
    use kilim_connectors::seeds::Draft;

    use super::*;
    use crate::document::{Mark, Record};

    #[test]
    fn only_named_grounds_are_used_and_claims_add_up() {
        use ClaimBasis::{Publisher, Registry, Steward};

        let draft = Draft {
            country_claims: vec!["KE".to_owned(), "TZ".to_owned()],
            ..Draft::new("https://habari.de/")
        };
        let seed = draft.finish("communities").unwrap();
        let mark = Mark {
            element: "json-ld",
            key: "publisher_address".to_owned(),
            value: "ug".to_owned(),
            in_head: true,
            ..Mark::default()
        };
        let claims = |from: &[ClaimBasis], host: &str, seeded: bool| {
            let record = Record { host, ..Record::default() };
            let mut page =
                Page { record, seed: seeded.then_some(&seed), marks: vec![mark.clone()], ..Page::default() };
            TagJurisdiction { from: from.to_vec() }.apply(&mut page);
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
            TagJurisdiction { from }.apply(&mut page);
            assert_eq!(page.claims.iter().map(|claim| claim.basis).collect::<Vec<_>>(), bases);
        }
    }

    #[test]
    fn every_claim_binds_and_names_its_evidence() {
        let record = Record { host: "afya.go.ke", ..Record::default() };
        let mut page = Page { record, ..Page::default() };
        TagJurisdiction { from: vec![ClaimBasis::Registry] }.apply(&mut page);
        let claim = &page.claims[0];
        assert!(claim.binding && (claim.confidence - 1.0).abs() < f32::EPSILON);
        assert_eq!(claim.evidence, "suffix go.ke");
    }
}
