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

        let mut documents = Vec::with_capacity(cases);
        for case in 0..cases {
            documents.push(space.tuple(&values_of(case, &axes, &sizes)));
        }
        let entities = documents
            .iter()
            .enumerate()
            .map(|(case, tuple)| document_entity(uid("Document", &case.to_string()), tuple))
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
            for (case, tuple) in documents.iter().enumerate() {
                let document = uid("Document", &case.to_string());
                let answer = applies(&alone, &entities, principal.clone(), action, document);
                self.asked += 1;
                match answer {
                    Ok(applies) => rule.applies.push(applies),
                    Err(error) => {
                        rule.applies.push(false);
                        let rule = self.rules.len();
                        if self.failures.last().is_none_or(|failure| failure.rule != rule) {
                            self.failures.push(Failure { rule, tuple: tuple.clone(), error });
                        }
                    }
                }
            }
        }
        self.rules.push(rule);
        Ok(())
    }

    /// Every case that the rules tell apart, among the principals that `asks` picks: for each, the principal, a document,
    /// and the rules that apply, one bit a rule.
    pub(super) fn each(
        &self,
        asks: &dyn Fn(&Principal) -> bool,
        mut look: impl FnMut(&Case),
    ) -> Result<u64, TooMany> {
        let values: Vec<Vec<usize>> = (0..Axis::ALL.len()).map(|axis| self.distinct_values(axis)).collect();
        let principals = self.distinct_principals(asks);
        let sizes: Vec<usize> = values.iter().map(Vec::len).collect();
        let cases = sizes.iter().try_fold(1usize, |all, &size| all.checked_mul(size));
        let cases = cases.filter(|cases| cases.saturating_mul(principals.len()) <= MAX_CASES);
        let cases = cases.filter(|_| self.rules.len() <= MAX_RULES).ok_or(TooMany)?;
        let axes: Vec<usize> = (0..Axis::ALL.len()).collect();
        for case in 0..cases {
            let chosen = values_of(case, &axes, &sizes);
            let mut at = [0; 8];
            for (axis, &choice) in chosen.iter().enumerate() {
                at[axis] = values[axis][choice];
            }
            for &principal in &principals {
                let mut rules = 0u128;
                for (number, rule) in self.rules.iter().enumerate() {
                    rules |= u128::from(self.applies(rule, principal, &at)) << number;
                }
                look(&Case { principal, at, rules });
            }
        }
        Ok(cases as u64 * principals.len() as u64)
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

    /// The first of the values of an axis that all rules treat alike, in order.
    pub(super) fn distinct_values(&self, axis: usize) -> Vec<usize> {
        let mut seen = BTreeSet::new();
        (0..self.space.values[axis].len()).filter(|&value| seen.insert(self.trace(axis, value))).collect()
    }

    /// All answers that rules give where this axis has this value: two values with one trace are never told apart.
    pub(super) fn trace(&self, axis: usize, value: usize) -> Vec<bool> {
        let mut trace = Vec::new();
        for rule in self.rules.iter().filter(|rule| rule.axes.contains(&axis)) {
            let place = rule.axes.iter().take_while(|&&other| other != axis).count();
            let inner: usize =
                rule.axes[place + 1..].iter().map(|&axis| self.space.values[axis].len()).product();
            let size = self.space.values[axis].len();
            let picked = rule.applies.iter().enumerate();
            trace.extend(picked.filter(|(index, _)| index / inner % size == value).map(|(_, &applies)| applies));
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

/// A principal and a document, and the rules that apply to them.
pub(super) struct Case {
    /// Place among the principals of the space.
    pub(super) principal: usize,
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

pub(super) fn action_of(principal: &Principal) -> Action {
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
    let applied = policies.views().into_iter().filter(|view| view.actions.contains(&Action::Emit)).filter(|view| {
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
