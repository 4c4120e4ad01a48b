//! Which rules apply where, over a finite picture of all documents.
//!
//! Each rule is put to Cedar by itself, and only over the attributes that it reads; what is asked about all rules
//! together is then read from these tables. Values that no rule tells apart are one, which leaves some thousand cases
//! of what would be millions.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use cedar_policy::{Authorizer, Context, Effect, Entities, Entity, EntityUid, PolicySet, Request};

use super::decide::{NodeFacts, PolicyRef, document_entity, node_entity, place_entity};
use super::schema::{Action, uid};
use super::set::{Policies, RuleView};
use super::space::{Axis, Principal, Space};
use super::tuple::Tuple;

/// Most rules that are looked at together.
pub(super) const MAX_RULES: usize = 128;
/// Most cases that are looked at one by one.
const MAX_CASES: usize = 30_000_000;

/// Where each rule applies.
pub(super) struct Truths<'a> {
    pub(super) space: &'a Space,
    pub(super) rules: Vec<Rule>,
    /// Cases that Cedar was asked about.
    pub(super) asked: u64,
    /// Rules that failed, each with its first case and in Cedar's words.
    pub(super) failures: Vec<Failure>,
}

/// A rule that fails for some document.
pub(super) struct Failure {
    pub(super) rule: usize,
    pub(super) tuple: Tuple,
    pub(super) error: String,
}

/// Where one rule applies.
pub(super) struct Rule {
    pub(super) id: String,
    pub(super) effect: Effect,
    pub(super) actions: BTreeSet<Action>,
    /// Axes it reads, in order.
    axes: Vec<usize>,
    /// Class of each principal: those it treats alike have one. None where its action is not theirs.
    classes: Vec<Option<usize>>,
    /// By class, then by value on each axis it reads.
    applies: Vec<bool>,
    /// Cases of one class.
    cases: usize,
}

/// Too many cases to look at one by one.
pub(super) struct TooMany;

impl<'a> Truths<'a> {
    /// Asks Cedar about `rules` everywhere in `space`.
    pub(super) fn new(space: &'a Space, rules: &[RuleView<'_>]) -> Result<Self, String> {
        let mut truths = Self { space, rules: Vec::new(), asked: 0, failures: Vec::new() };
        for view in rules {
            truths.ask(view)?;
        }
        Ok(truths)
    }

    fn ask(&mut self, view: &RuleView<'_>) -> Result<(), String> {
        let space = self.space;
        let literals = view.literals();
        let axes: Vec<usize> = (0..Axis::ALL.len())
            .filter(|&axis| Axis::ALL[axis].attributes().iter().any(|attribute| literals.reads(attribute)))
            .collect();
        let sizes: Vec<usize> = axes.iter().map(|&axis| space.values[axis].len()).collect();
        let cases: usize = sizes.iter().product();

        // Cases that differ only in what the rule does not read are one document.
        let mut documents: Vec<Tuple> = Vec::new();
        let mut numbers: BTreeMap<Tuple, usize> = BTreeMap::new();
        let mut document_of = Vec::with_capacity(cases);
        for case in 0..cases {
            let mut tuple = space.tuple(&values_of(case, &axes, &sizes));
            if !literals.reads("jurisdictions") {
                tuple.jurisdictions.clear();
            }
            if !literals.reads("cluster_jurisdictions") {
                tuple.cluster_jurisdictions.clear();
            }
            let number = *numbers.entry(tuple.clone()).or_insert(documents.len());
            if number == documents.len() {
                documents.push(tuple);
            }
            document_of.push(number);
        }
        let entities = documents
            .iter()
            .enumerate()
            .map(|(number, tuple)| document_entity(uid("Document", &number.to_string()), tuple))
            .collect::<Result<Vec<Entity>, String>>()?;
        let entities = Entities::from_entities(entities, None).map_err(|error| error.to_string())?;
        let mut alone = PolicySet::new();
        alone.add(view.policy.clone()).map_err(|error| error.to_string())?;

        let mut rule = Rule {
            id: view.id.to_owned(),
            effect: view.policy.effect(),
            actions: view.actions.clone(),
            axes,
            classes: Vec::with_capacity(space.principals.len()),
            applies: Vec::new(),
            cases,
        };
        let mut known: BTreeMap<Principal, usize> = BTreeMap::new();
        for principal in &space.principals {
            let action = action_of(principal);
            if !rule.actions.contains(&action) {
                rule.classes.push(None);
                continue;
            }
            let seen = as_seen(principal, &|attribute| literals.reads_principal(attribute));
            let next = known.len();
            let class = *known.entry(seen).or_insert(next);
            rule.classes.push(Some(class));
            if class < next {
                continue;
            }
            let (principal, entity) = entity_of(principal)?;
            let entities =
                entities.clone().add_entities([entity], None).map_err(|error| error.to_string())?;
            let mut answers = Vec::with_capacity(documents.len());
            for (number, tuple) in documents.iter().enumerate() {
                let document = uid("Document", &number.to_string());
                self.asked += 1;
                let answer = applies(&alone, &entities, principal.clone(), action, document);
                answers.push(answer.unwrap_or_else(|error| {
                    let rule = self.rules.len();
                    if self.failures.last().is_none_or(|failure| failure.rule != rule) {
                        self.failures.push(Failure { rule, tuple: tuple.clone(), error });
                    }
                    false
                }));
            }
            rule.applies.extend(document_of.iter().map(|&number| answers[number]));
        }
        self.rules.push(rule);
        Ok(())
    }

    /// Every case that the rules tell apart, among the principals that `asks` picks: for each, a document and the
    /// rules that apply, one bit a rule.
    pub(super) fn each(
        &self,
        asks: &dyn Fn(&Principal) -> bool,
        mut look: impl FnMut(&Case),
    ) -> Result<u64, TooMany> {
        let principals = self.distinct_principals(asks);
        let axes: Vec<usize> = (0..Axis::ALL.len()).collect();
        let values: Vec<Vec<Vec<usize>>> = principals
            .iter()
            .map(|&principal| axes.iter().map(|&axis| self.distinct_values(Some(principal), axis)).collect())
            .collect();
        let mut all = 0usize;
        for values in &values {
            let cases = values.iter().try_fold(1usize, |all, values| all.checked_mul(values.len()));
            all = cases
                .and_then(|cases| all.checked_add(cases))
                .filter(|&all| all <= MAX_CASES)
                .ok_or(TooMany)?;
        }
        if self.rules.len() > MAX_RULES {
            return Err(TooMany);
        }
        for (&principal, values) in principals.iter().zip(&values) {
            let sizes: Vec<usize> = values.iter().map(Vec::len).collect();
            for case in 0..sizes.iter().product() {
                let mut at = values_of(case, &axes, &sizes);
                for (value, values) in at.iter_mut().zip(values) {
                    *value = values[*value];
                }
                let mut rules = 0u128;
                for (number, rule) in self.rules.iter().enumerate() {
                    rules |= u128::from(self.applies(rule, principal, &at)) << number;
                }
                look(&Case { at, rules });
            }
        }
        Ok(all as u64)
    }

    /// Bits of all rules with this effect, among those that `which` picks.
    pub(super) fn bits(&self, effect: Effect, which: impl Fn(usize) -> bool) -> u128 {
        let numbered = self.rules.iter().enumerate().take(MAX_RULES);
        let picked = numbered.filter(|(number, rule)| rule.effect == effect && which(*number));
        picked.fold(0, |bits, (number, _)| bits | 1 << number)
    }

    fn applies(&self, rule: &Rule, principal: usize, at: &[usize; 8]) -> bool {
        let Some(class) = rule.classes[principal] else { return false };
        let case = rule.axes.iter().fold(0, |case, &axis| case * self.space.values[axis].len() + at[axis]);
        rule.applies[class * rule.cases + case]
    }

    /// The first of the values of an axis that all rules treat alike, in order: for one principal, or for all.
    pub(super) fn distinct_values(&self, principal: Option<usize>, axis: usize) -> Vec<usize> {
        let mut seen = HashSet::new();
        let values = 0..self.space.values[axis].len();
        values.filter(|&value| seen.insert(self.trace(principal, axis, value))).collect()
    }

    /// All answers that rules give a principal, or all of them, where this axis has this value: two values with one trace
    /// are never told apart.
    pub(super) fn trace(&self, principal: Option<usize>, axis: usize, value: usize) -> Vec<bool> {
        let size = self.space.values[axis].len();
        let mut trace = Vec::new();
        for rule in self.rules.iter().filter(|rule| rule.axes.contains(&axis)) {
            let place = rule.axes.iter().take_while(|&&other| other != axis).count();
            let inner: usize =
                rule.axes[place + 1..].iter().map(|&axis| self.space.values[axis].len()).product();
            let applies = match principal.map(|principal| rule.classes[principal]) {
                None => &rule.applies[..],
                Some(Some(class)) => &rule.applies[class * rule.cases..(class + 1) * rule.cases],
                Some(None) => continue,
            };
            for run in applies.chunks(inner * size) {
                trace.extend_from_slice(&run[value * inner..(value + 1) * inner]);
            }
        }
        trace
    }

    fn distinct_principals(&self, asks: &dyn Fn(&Principal) -> bool) -> Vec<usize> {
        let mut seen = HashSet::new();
        let picked = self.space.principals.iter().enumerate().filter(|(_, principal)| asks(principal));
        picked
            .map(|(number, _)| number)
            .filter(|&number| {
                let traces: Vec<Option<&[bool]>> = self
                    .rules
                    .iter()
                    .map(|rule| {
                        rule.classes[number]
                            .map(|class| &rule.applies[class * rule.cases..(class + 1) * rule.cases])
                    })
                    .collect();
                seen.insert(traces)
            })
            .collect()
    }
}

/// A document, and the rules that apply to it for one of the principals.
pub(super) struct Case {
    /// Value on each axis.
    pub(super) at: [usize; 8],
    /// A bit for each rule.
    pub(super) rules: u128,
}

/// Values on all axes, where those that are not in `axes` have the first.
fn values_of(mut case: usize, axes: &[usize], sizes: &[usize]) -> [usize; 8] {
    let mut at = [0; 8];
    for (&axis, &size) in axes.iter().zip(sizes).rev() {
        at[axis] = case % size;
        case /= size;
    }
    at
}

fn action_of(principal: &Principal) -> Action {
    match principal {
        Principal::Node(_) => Action::Emit,
        Principal::Place(_) => Action::Process,
    }
}

/// A principal with only what a rule reads of it.
fn as_seen(principal: &Principal, reads: &dyn Fn(&str) -> bool) -> Principal {
    match principal {
        Principal::Place(_) => principal.clone(),
        Principal::Node(node) => {
            let mut node = node.clone();
            if !reads("name") {
                node.name.clear();
            }
            if !reads("jurisdiction") {
                node.jurisdiction.clear();
            }
            if !reads("mode") {
                node.mode.clear();
            }
            if !reads("accepts") {
                node.accepts.clear();
            }
            Principal::Node(node)
        }
    }
}

fn entity_of(principal: &Principal) -> Result<(EntityUid, Entity), String> {
    match principal {
        Principal::Node(node) => Ok((uid("Node", &node.name), node_entity(node)?)),
        Principal::Place(place) => Ok((uid("Place", place), place_entity(place)?)),
    }
}

/// Whether the one policy of `alone` applies.
fn applies(
    alone: &PolicySet,
    entities: &Entities,
    principal: EntityUid,
    action: Action,
    document: EntityUid,
) -> Result<bool, String> {
    let request = Request::new(principal, action.uid(), document, Context::empty(), None)
        .map_err(|error| error.to_string())?;
    let response = Authorizer::new().is_authorized(&request, alone, entities);
    match response.diagnostics().errors().next() {
        Some(error) => Err(error.to_string()),
        None => Ok(response.diagnostics().reason().next().is_some()),
    }
}

/// A rule that applies to a document and a node, whether or not it decided.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Applied {
    /// The rule.
    #[serde(flatten)]
    pub rule: PolicyRef,
    /// Whether it forbids.
    pub forbids: bool,
}

/// The rules on `emit` that apply to a document and a node, by id: what a decision does not tell, such as the permits
/// behind a forbid. Rules that fail are left out; the decision names them.
pub fn applying(policies: &Policies, node: &NodeFacts, tuple: &Tuple) -> Vec<Applied> {
    let document = uid("Document", &tuple.id().to_string());
    let entities = entity_of(&Principal::Node(node.clone())).and_then(|(principal, node)| {
        let entities = Entities::from_entities([node, document_entity(document.clone(), tuple)?], None);
        Ok((principal, entities.map_err(|error| error.to_string())?))
    });
    // The decider of the run met the same facts, and would have told.
    let Ok((principal, entities)) = entities else { return Vec::new() };
    let applied =
        policies.views().into_iter().filter(|view| view.actions.contains(&Action::Emit)).filter(|view| {
            let mut alone = PolicySet::new();
            alone.add(view.policy.clone()).is_ok()
                && applies(&alone, &entities, principal.clone(), Action::Emit, document.clone()) == Ok(true)
        });
    applied
        .filter_map(|view| {
            let rule = policies.rule(view.id)?.clone();
            Some(Applied { rule, forbids: view.policy.effect() == Effect::Forbid })
        })
        .collect()
}
