//! Where the rows of a version may be: countries, asked of the policies that let the rows in.
//!
//! A node's word is its mode and what it accepts. For each country that this word, a row or a policy names, the policies
//! are asked about a node that gives the same word there, and about a place of work there, tuple by tuple, until one says
//! no. Other nodes of the config are not asked about: a version does not depend on which exist.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::policy::{DecideError, Decider, NodeFacts, Policies, Tuple};
use crate::seal::ManifestResidency;

/// Questions at most, at about 35 µs each; a version of more tuples says only what was decided anyway.
const MAX_QUESTIONS: usize = 50_000;

/// The mode of nodes whose documents never leave.
const LOCAL_ONLY: &str = "local-only";

/// Where rows of these `tuples` may be that are at `node` and were worked on at `runs_at`.
///
/// # Errors
/// As [`Decider::new`].
pub fn residency(
    policies: &Arc<Policies>,
    node: &NodeFacts,
    runs_at: &str,
    tuples: &[&Tuple],
) -> Result<ManifestResidency, DecideError> {
    let mut found = ManifestResidency::default();
    found.storage_allowed.insert(node.jurisdiction.clone());
    found.processing_included.insert(runs_at.to_owned());
    let mut countries = policies.countries_named();
    countries.extend(node.accepts.iter().cloned());
    countries.insert(node.jurisdiction.clone());
    for tuple in tuples {
        countries.extend(tuple.jurisdictions.iter().cloned());
    }
    if countries.len() * tuples.len() > MAX_QUESTIONS {
        return Ok(found);
    }
    for country in countries {
        let there = NodeFacts { jurisdiction: country.clone(), ..node.clone() };
        let decider = Decider::new(Arc::clone(policies), vec![there], &[&country])?;
        let (mut stored, mut processed) = (true, true);
        for tuple in tuples {
            let answers = decider.decide_afresh(tuple);
            stored &= answers.emit.iter().all(|answer| answer.allowed);
            processed &= answers.process.iter().all(|answer| answer.allowed);
            if !stored && !processed {
                break;
            }
        }
        let home = country == node.jurisdiction;
        let named = home || node.accepts.contains(&country) && node.mode != LOCAL_ONLY;
        put(&country, stored, named, &mut found.storage_allowed, &mut found.storage_forbidden);
        put(&country, processed, named, &mut found.processing_included, &mut found.processing_excluded);
    }
    Ok(found)
}

fn put(country: &str, all: bool, named: bool, yes: &mut BTreeSet<String>, no: &mut BTreeSet<String>) {
    if !all {
        no.insert(country.to_owned());
    } else if named {
        yes.insert(country.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{LICENCES, RESIDENCY};

    fn set(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn node(mode: &str) -> NodeFacts {
        let accepts = set(&["KE", "TZ", "UG"]);
        NodeFacts { name: "ke".to_owned(), jurisdiction: "KE".to_owned(), mode: mode.to_owned(), accepts }
    }

    fn ask(mode: &str, rules: &str, tuples: &[Tuple]) -> ManifestResidency {
        let files = [("residency.cedar", RESIDENCY), ("licences.cedar", LICENCES), ("own.cedar", rules)];
        let policies = Arc::new(Policies::load(&files).unwrap());
        residency(&policies, &node(mode), "KE", &tuples.iter().collect::<Vec<_>>()).unwrap()
    }

    fn bound_by(countries: &[&str]) -> Tuple {
        let mode = "open".to_owned();
        Tuple {
            jurisdictions: set(countries),
            cluster_jurisdictions: set(countries),
            mode,
            ..Tuple::default()
        }
    }

    const UGANDA_KEEPS: &str = r#"@id("uganda-keeps") @because("Uganda keeps what only it binds")
forbid (principal, action == Action::"emit", resource)
when { resource.jurisdictions == ["UG"] && !(["KE", "UG"].contains(principal.jurisdiction)) };"#;

    #[test]
    fn a_local_only_node_allows_its_own_country_alone() {
        let found = ask("local-only", "", &[bound_by(&["KE"])]);
        assert_eq!(found.storage_allowed, set(&["KE"]));
        assert_eq!(found.processing_included, set(&["KE"]));
    }

    #[test]
    fn one_row_that_may_not_be_there_closes_a_country() {
        let rows = [bound_by(&["KE"]), bound_by(&["UG"])];
        let found = ask("restricted", UGANDA_KEEPS, &rows);
        assert_eq!(found.storage_allowed, set(&["KE", "UG"]));
        assert!(found.storage_forbidden.contains("TZ"), "{found:?}");
        let found = ask("restricted", UGANDA_KEEPS, &rows[..1]);
        assert_eq!(found.storage_allowed, set(&["KE", "TZ", "UG"]), "no row is Uganda's");
        for found in [ask("restricted", UGANDA_KEEPS, &rows), found] {
            assert!(found.storage_allowed.is_disjoint(&found.storage_forbidden), "{found:?}");
        }
    }
}
