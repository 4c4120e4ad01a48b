//! A finite picture of all documents and all who may ask for them.
//!
//! Rules compare attributes with values that they name, and with those of the principal. So for each attribute it is
//! enough to try the named values and one that nobody names; of countries that every rule and node treats alike, two
//! (one of them may be the principal's own). What is tried is thus small, and stands for documents without number.
//!
//! Where the picture is not the whole: sets have at most as many members as [`Limits::members`] says, and arithmetic on
//! `license_tier` sees tiers 0 to 5 only, which are all there are. `policy prove` has neither limit.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::decide::NodeFacts;
use super::literals::Literals;
use super::schema::MODES;
use super::tuple::{OptOut, Tuple};

/// Most sets of countries, or of communities, that are tried.
const MAX_SETS: usize = 300;
/// Most countries at once: three bind a document rarely, four hardly ever.
const MAX_COUNTRIES: usize = 3;
/// Most labels of communities at once: a rule asks whether one is there.
const MAX_COMMUNITIES: usize = 2;
/// Countries that stand for one that nobody names: those that hardly any corpus names.
const OTHERS: [&str; 4] = ["BV", "HM", "TF", "AQ"];
/// A name that nobody gives.
const OTHER: &str = "another";

/// A group of attributes that are varied together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Axis {
    /// `jurisdictions` and `cluster_jurisdictions`: the second has all of the first.
    Claims,
    /// `community`.
    Community,
    /// `license_tier`.
    LicenseTier,
    /// `mode`.
    Mode,
    /// `optout_train`.
    OptOut,
    /// `personal`.
    Personal,
    /// `source`.
    Source,
    /// `steward`.
    Steward,
}

impl Axis {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Claims,
        Self::Community,
        Self::LicenseTier,
        Self::Mode,
        Self::OptOut,
        Self::Personal,
        Self::Source,
        Self::Steward,
    ];

    /// The attributes.
    pub(super) fn attributes(self) -> &'static [&'static str] {
        match self {
            Self::Claims => &["jurisdictions", "cluster_jurisdictions"],
            Self::Community => &["community"],
            Self::LicenseTier => &["license_tier"],
            Self::Mode => &["mode"],
            Self::OptOut => &["optout_train"],
            Self::Personal => &["personal"],
            Self::Source => &["source"],
            Self::Steward => &["steward"],
        }
    }

    /// The word for people.
    pub fn word(self) -> &'static str {
        match self {
            Self::Claims => "jurisdictions",
            Self::Community => "community",
            Self::LicenseTier => "licence tier",
            Self::Mode => "mode",
            Self::OptOut => "opt-out",
            Self::Personal => "personal data",
            Self::Source => "source",
            Self::Steward => "steward",
        }
    }

    /// The value of a document, for people.
    pub fn told(self, tuple: &Tuple) -> String {
        self.told_with(tuple, |word| word)
    }

    /// As [`Axis::told`], of a document of the picture: what stands for all that nobody names is called so.
    pub(super) fn pictured(self, tuple: &Tuple) -> String {
        self.told_with(tuple, |word| if is_stand_in(word) { "any other" } else { word })
    }

    fn told_with(self, tuple: &Tuple, told: fn(&str) -> &str) -> String {
        let set = |set: &BTreeSet<String>| {
            let members: Vec<&str> = set.iter().map(|member| told(member)).collect();
            if members.is_empty() { "none".to_owned() } else { members.join("+") }
        };
        match self {
            Self::Claims if tuple.cluster_jurisdictions == tuple.jurisdictions => set(&tuple.jurisdictions),
            Self::Claims => {
                format!(
                    "{} (of its cluster {})",
                    set(&tuple.jurisdictions),
                    set(&tuple.cluster_jurisdictions)
                )
            }
            Self::Community => set(&tuple.community),
            Self::LicenseTier => tuple.license_tier.to_string(),
            Self::Mode => tuple.mode.clone(),
            Self::OptOut => tuple.optout_train.as_str().to_owned(),
            Self::Personal => if tuple.personal { "yes" } else { "no" }.to_owned(),
            Self::Source => told(&tuple.source).to_owned(),
            Self::Steward if tuple.steward.is_empty() => "none".to_owned(),
            Self::Steward => told(&tuple.steward).to_owned(),
        }
    }

    /// Gives `to` the value that `from` has.
    pub(super) fn copy(self, from: &Tuple, to: &mut Tuple) {
        match self {
            Self::Claims => {
                to.jurisdictions.clone_from(&from.jurisdictions);
                to.cluster_jurisdictions.clone_from(&from.cluster_jurisdictions);
            }
            Self::Community => to.community.clone_from(&from.community),
            Self::LicenseTier => to.license_tier = from.license_tier,
            Self::Mode => to.mode.clone_from(&from.mode),
            Self::OptOut => to.optout_train = from.optout_train,
            Self::Personal => to.personal = from.personal,
            Self::Source => to.source.clone_from(&from.source),
            Self::Steward => to.steward.clone_from(&from.steward),
        }
    }

    fn is_read(self, literals: &Literals) -> bool {
        self.attributes().iter().any(|attribute| literals.reads(attribute))
    }
}

fn is_stand_in(word: &str) -> bool {
    word == OTHER || word == "ZZ" || OTHERS.contains(&word)
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Principal {
    /// A node, for `emit`.
    Node(NodeFacts),
    /// A place by its jurisdiction, for `process`.
    Place(String),
}

/// How far a picture goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Limits {
    /// Countries and stand-ins that were tried.
    pub countries: Vec<String>,
    /// Most members of a set of countries, and of a set of communities.
    pub members: [usize; 2],
}

/// Values of every attribute, and who asks for documents that have them.
#[derive(Debug, Clone)]
pub struct Space {
    pub(super) principals: Vec<Principal>,
    /// Values by axis: tuples that have them, and are otherwise empty.
    pub(super) values: Vec<Vec<Tuple>>,
    limits: Limits,
}

impl Space {
    /// A picture for rules that read and name `literals`. `nodes` and `places` ask; with `anybody`, so does every kind of
    /// node and place that the rules tell apart.
    pub(super) fn new(literals: &Literals, nodes: &[NodeFacts], places: &[String], anybody: bool) -> Self {
        let countries = countries(literals, nodes, places);
        let (claims, most_countries) = claims(literals, &countries);
        let communities = words(literals, "community");
        let (communities, most_communities) = subsets(&communities, MAX_COMMUNITIES);
        let mut values = vec![claims, Vec::new()];
        values[1] =
            communities.into_iter().map(|community| Tuple { community, ..Tuple::default() }).collect();
        for axis in &Axis::ALL[2..] {
            values.push(axis_values(*axis, literals));
        }
        for (axis, values) in Axis::ALL.iter().zip(&mut values) {
            if !axis.is_read(literals) {
                values.truncate(1);
            }
        }
        let mut principals: Vec<Principal> = nodes.iter().cloned().map(Principal::Node).collect();
        principals.extend(places.iter().cloned().map(Principal::Place));
        if anybody {
            principals.extend(kinds_of_principals(literals, &countries));
        }
        let limits = Limits { countries, members: [most_countries, most_communities] };
        Self { principals, values, limits }
    }

    /// Only documents that these countries bind.
    #[must_use]
    pub(super) fn with_claims(mut self, claims: &[BTreeSet<String>]) -> Self {
        let tuple = |jurisdictions: &BTreeSet<String>| Tuple {
            jurisdictions: jurisdictions.clone(),
            cluster_jurisdictions: jurisdictions.clone(),
            ..Tuple::default()
        };
        self.values[0] = claims.iter().map(tuple).collect();
        self
    }

    /// How far it goes.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The document that has the value of this number on each axis.
    pub(super) fn tuple(&self, at: &[usize; 8]) -> Tuple {
        let mut tuple = Tuple::default();
        for (axis, (values, &value)) in Axis::ALL.iter().zip(self.values.iter().zip(at)) {
            axis.copy(&values[value], &mut tuple);
        }
        tuple
    }
}

/// Countries to try: of those that are treated alike everywhere two, and one that nobody names.
fn countries(literals: &Literals, nodes: &[NodeFacts], places: &[String]) -> Vec<String> {
    let mut signatures: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let classes = literals.of_documents().into_iter().map(|class| ("document", class));
    let classes = classes.chain(literals.of_principals().into_iter().map(|class| ("principal", class)));
    for (number, (side, class)) in classes.enumerate() {
        for country in class {
            signatures.entry(country).or_default().push(format!("{side} {number}"));
        }
    }
    for node in nodes {
        for country in &node.accepts {
            signatures.entry(country.clone()).or_default().push(format!("accepted by {}", node.name));
        }
    }
    for home in nodes.iter().map(|node| &node.jurisdiction).chain(places) {
        signatures.entry(home.clone()).or_default().push(format!("home {home}"));
    }
    let mut taken: BTreeMap<Vec<String>, usize> = BTreeMap::new();
    let mut chosen = Vec::new();
    for (country, mut signature) in signatures.clone() {
        signature.sort();
        signature.dedup();
        let taken = taken.entry(signature).or_default();
        *taken += 1;
        if *taken <= 2 {
            chosen.push(country);
        }
    }
    let other = OTHERS.iter().find(|other| !signatures.contains_key(**other)).unwrap_or(&"ZZ");
    chosen.push((*other).to_owned());
    chosen
}

/// Sets of countries and the sets of their clusters; and the most members a set has.
fn claims(literals: &Literals, countries: &[String]) -> (Vec<Tuple>, usize) {
    let (sets, members) = subsets(countries, MAX_COUNTRIES);
    let mut tuples: Vec<Tuple> = sets
        .iter()
        .map(|set| Tuple {
            jurisdictions: set.clone(),
            cluster_jurisdictions: set.clone(),
            ..Tuple::default()
        })
        .collect();
    if literals.reads("cluster_jurisdictions") {
        // One country more is what a near-duplicate brings.
        for set in sets.iter().filter(|set| set.len() < members) {
            for country in countries.iter().filter(|country| !set.contains(*country)) {
                let mut cluster = set.clone();
                cluster.insert(country.clone());
                let cluster_jurisdictions = cluster;
                tuples.push(Tuple { jurisdictions: set.clone(), cluster_jurisdictions, ..Tuple::default() });
            }
        }
    }
    (tuples, members)
}

/// The empty set first, then all sets of at most `most` members, or of as many as keep within [`MAX_SETS`].
fn subsets(of: &[String], most: usize) -> (Vec<BTreeSet<String>>, usize) {
    let mut all: Vec<BTreeSet<String>> = vec![BTreeSet::new()];
    let mut last: Vec<(usize, BTreeSet<String>)> = vec![(0, BTreeSet::new())];
    for members in 1..=most.min(of.len()) {
        let mut next = Vec::new();
        for (from, set) in &last {
            for (index, member) in of.iter().enumerate().skip(*from) {
                let mut larger = set.clone();
                larger.insert(member.clone());
                next.push((index + 1, larger));
            }
        }
        if members > 1 && all.len() + next.len() > MAX_SETS {
            return (all, members - 1);
        }
        all.extend(next.iter().map(|(_, set)| set.clone()));
        last = next;
    }
    (all, most.min(of.len()))
}

/// Named values of an attribute and one that nobody names.
fn words(literals: &Literals, attribute: &str) -> Vec<String> {
    let mut words: Vec<String> =
        literals.words(attribute).into_iter().filter(|word| !word.is_empty()).collect();
    words.push(OTHER.to_owned());
    words
}

fn axis_values(axis: Axis, literals: &Literals) -> Vec<Tuple> {
    let empty = Tuple::default;
    match axis {
        Axis::Claims | Axis::Community => Vec::new(),
        Axis::LicenseTier => (0..=5).rev().map(|license_tier| Tuple { license_tier, ..empty() }).collect(),
        Axis::Mode => MODES.map(|mode| Tuple { mode: mode.to_owned(), ..empty() }).to_vec(),
        Axis::OptOut => [OptOut::Unknown, OptOut::Allow, OptOut::Disallow]
            .map(|optout_train| Tuple { optout_train, ..empty() })
            .to_vec(),
        Axis::Personal => [false, true].map(|personal| Tuple { personal, ..empty() }).to_vec(),
        Axis::Source => {
            words(literals, "source").into_iter().map(|source| Tuple { source, ..empty() }).collect()
        }
        Axis::Steward => {
            let none = std::iter::once(String::new());
            let stewards = none.chain(words(literals, "steward"));
            stewards.map(|steward| Tuple { steward, ..empty() }).collect()
        }
    }
}

/// Every node and place that the rules tell apart.
fn kinds_of_principals(literals: &Literals, countries: &[String]) -> Vec<Principal> {
    let one_if = |read: bool, mut values: Vec<String>| {
        if !read {
            values.truncate(1);
        }
        values
    };
    let modes = one_if(literals.reads_principal("mode"), MODES.map(str::to_owned).to_vec());
    let mut names = words(literals, "name");
    names.reverse();
    let names = one_if(literals.reads_principal("name"), names);
    let mut all = Vec::new();
    for country in countries {
        all.push(Principal::Place(country.clone()));
        let own: BTreeSet<String> = [country.clone()].into();
        let mut accepts = vec![countries.iter().cloned().collect(), own];
        if !literals.reads_principal("accepts") {
            accepts.truncate(1);
        }
        for accepts in accepts {
            for mode in &modes {
                for name in &names {
                    all.push(Principal::Node(NodeFacts {
                        name: name.clone(),
                        jurisdiction: country.clone(),
                        mode: mode.clone(),
                        accepts: accepts.clone(),
                    }));
                }
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(name: &str, jurisdiction: &str, accepts: &[&str]) -> NodeFacts {
        NodeFacts {
            name: name.to_owned(),
            jurisdiction: jurisdiction.to_owned(),
            mode: "open".to_owned(),
            accepts: accepts.iter().map(|&country| country.to_owned()).collect(),
        }
    }

    fn literals(condition: &str) -> Literals {
        let text = format!("forbid (principal, action, resource) when {{ {condition} }};");
        let mut literals = Literals::default();
        literals.add(&cedar_policy::Policy::parse(None, text).unwrap().to_json().unwrap());
        literals
    }

    #[test]
    fn of_countries_that_nobody_tells_apart_two_are_tried_and_one_is_nobodys() {
        let nodes = [node("ke", "KE", &["KE", "TZ", "UG", "RW"])];
        let named = literals(r#"resource.jurisdictions.contains("RU")"#);
        assert_eq!(countries(&named, &nodes, &[]), ["KE", "RU", "RW", "TZ", "BV"]);
    }

    #[test]
    fn an_attribute_that_no_rule_reads_has_one_value() {
        let space = Space::new(&literals("resource.personal"), &[], &[], true);
        let sizes: Vec<usize> = space.values.iter().map(Vec::len).collect();
        assert_eq!(sizes, [1, 1, 1, 1, 1, 2, 1, 1]);
        assert!(space.values[0][0].jurisdictions.is_empty());
    }

    #[test]
    fn a_cluster_has_all_countries_of_its_document() {
        let named = literals(
            r#"resource.cluster_jurisdictions.contains("KE") && resource.jurisdictions.contains("TZ")"#,
        );
        let space = Space::new(&named, &[], &[], true);
        assert!(space.values[0].iter().all(|it| it.cluster_jurisdictions.is_superset(&it.jurisdictions)));
        assert!(space.values[0].iter().any(|it| it.cluster_jurisdictions.len() > it.jurisdictions.len()));
    }

    #[test]
    fn many_communities_are_tried_in_smaller_sets() {
        let names = |count: usize| (0..count).map(|n| format!("ማኅበር-{n}")).collect::<Vec<_>>();
        assert_eq!(subsets(&names(4), 3).1, 3);
        assert_eq!(subsets(&names(20), 3).1, 2);
        let (sets, members) = subsets(&names(400), 3);
        assert_eq!((sets.len(), members), (401, 1));
        assert_eq!(subsets(&[], 3), (vec![BTreeSet::new()], 0));
    }
}
