//! What is wrong with a set of policies that are valid each by itself: rules without a name, rules that fail, rules that
//! can never apply or never count, and rules that say what another has said.

use std::collections::BTreeSet;

use cedar_policy::Effect;
use serde::Serialize;

use super::decide::NodeFacts;
use super::schema::Action;
use super::set::Policies;
use super::space::{Axis, Limits, Principal, Space};
use super::truth::Truths;

/// Everything that was looked at, and what was found.
#[derive(Debug, Clone, Serialize)]
pub struct Checked {
    /// The rules, by id.
    pub rules: Vec<CheckedRule>,
    /// Kinds of documents that some rule or node tells apart, times those who ask for them.
    pub cases: Option<u64>,
    /// Questions put to Cedar, each about one rule.
    pub asked: u64,
    /// Values tried by attribute: how many, and how many of them some rule tells apart.
    pub values: Vec<Tried>,
    /// Nodes and places that asked, made up ones among them.
    pub principals: usize,
    /// How far the picture goes.
    pub limits: Limits,
    /// What was found, worst first, by rule.
    pub findings: Vec<RuleFinding>,
}

/// A rule that was looked at.
#[derive(Debug, Clone, Serialize)]
pub struct CheckedRule {
    /// Its id.
    pub id: String,
    /// `permit` or `forbid`.
    pub effect: &'static str,
    /// Actions it is about.
    pub actions: Vec<Action>,
    /// Whether it ever changes an answer.
    pub counts: bool,
}

/// Values tried of an attribute.
#[derive(Debug, Clone, Serialize)]
pub struct Tried {
    /// The attribute.
    pub axis: Axis,
    /// Values tried.
    pub values: usize,
    /// Values that some rule tells apart.
    pub distinct: usize,
}

/// Something found about a rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct RuleFinding {
    /// What kind of thing.
    pub kind: Kind,
    /// The rule.
    pub rule: String,
    /// In words.
    pub text: String,
}

/// Kinds of findings, worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// It fails for some document; a rule that fails is skipped.
    Fails,
    /// No document and node is ever as it says.
    NeverApplies,
    /// A permit; whatever it permits is forbidden.
    AlwaysForbidden,
    /// Another rule says just the same.
    Repeats,
    /// It has no `@id`.
    NoId,
    /// Wherever it applies another rule of its effect applies too. Not wrong: it gives a reason of its own.
    AddsNothing,
    /// A forbid; nothing that it forbids was permitted. Not wrong: it guards against permits to come.
    Guards,
}

impl Kind {
    /// Whether it is something to correct.
    pub fn is_wrong(self) -> bool {
        !matches!(self, Self::AddsNothing | Self::Guards)
    }
}

impl Checked {
    /// Whether something is to be corrected.
    pub fn is_wrong(&self) -> bool {
        self.findings.iter().any(|finding| finding.kind.is_wrong())
    }
}

/// Looks at all rules together, for these nodes and places and for every other kind of them.
///
/// # Errors
/// If Cedar refuses to be asked.
pub fn check(policies: &Policies, nodes: &[NodeFacts], places: &[String]) -> Result<Checked, String> {
    let views = policies.views();
    let space = Space::new(&policies.literals(), nodes, places, true);
    let truths = Truths::new(&space, &views)?;
    let mut findings = Vec::new();
    for view in views.iter().filter(|view| !view.has_id) {
        let text = format!(
            "has no @id, and is called `{}` after its place: reports and decisions name rules",
            view.id
        );
        findings.push(RuleFinding { kind: Kind::NoId, rule: view.id.to_owned(), text });
    }
    for failure in &truths.failures {
        let text = format!(
            "fails for some documents, and a rule that fails is skipped: {}; such as {}",
            failure.error,
            failure.tuple.canonical()
        );
        findings.push(RuleFinding { kind: Kind::Fails, rule: truths.rules[failure.rule].id.clone(), text });
    }
    let together = Together::look(&truths);
    if let Some(together) = &together {
        together.tell(&truths, &mut findings);
    }
    findings.sort();
    let rules = truths.rules.iter().enumerate().map(|(number, rule)| CheckedRule {
        id: rule.id.clone(),
        effect: word(rule.effect),
        actions: rule.actions.iter().copied().collect(),
        counts: together.as_ref().is_none_or(|together| together.counts >> number & 1 == 1),
    });
    let values = Axis::ALL.iter().enumerate().filter(|(axis, _)| space.values[*axis].len() > 1);
    let values = values.map(|(number, &axis)| Tried {
        axis,
        values: space.values[number].len(),
        distinct: truths.distinct_values(None, number).len(),
    });
    Ok(Checked {
        rules: rules.collect(),
        cases: together.as_ref().map(|together| together.cases),
        asked: truths.asked,
        values: values.collect(),
        principals: space.principals.len(),
        limits: space.limits().clone(),
        findings,
    })
}

fn word(effect: Effect) -> &'static str {
    match effect {
        Effect::Permit => "permit",
        Effect::Forbid => "forbid",
    }
}

/// What can be seen of the rules only together.
struct Together {
    cases: u64,
    /// Rules that apply somewhere.
    applies: u128,
    /// Rules by which an answer is what it is: a permit that nothing forbids, a forbid of what is permitted.
    counts: u128,
    /// For each rule, those of the same effect that apply wherever it does.
    implied: Vec<u128>,
    /// For each permit, the forbids that were met where it applies.
    met: Vec<u128>,
}

impl Together {
    /// None if there are too many cases.
    fn look(truths: &Truths<'_>) -> Option<Self> {
        let permits = truths.bits(Effect::Permit, |_| true);
        let forbids = truths.bits(Effect::Forbid, |_| true);
        let rules = truths.rules.len();
        let mut seen =
            Self { cases: 0, applies: 0, counts: 0, implied: vec![u128::MAX; rules], met: vec![0; rules] };
        let cases = truths.each(&|_| true, |case| {
            seen.applies |= case.rules;
            let (permitted, forbidden) = (case.rules & permits, case.rules & forbids);
            if forbidden == 0 {
                seen.counts |= permitted;
            }
            if permitted != 0 {
                seen.counts |= forbidden;
            }
            for number in ones(case.rules) {
                seen.implied[number] &= case.rules;
                seen.met[number] |= forbidden;
            }
        });
        seen.cases = cases.ok()?;
        for number in 0..rules {
            let same = if permits >> number & 1 == 1 { permits } else { forbids };
            seen.implied[number] &= same & !(1 << number);
        }
        Some(seen)
    }

    fn tell(&self, truths: &Truths<'_>, findings: &mut Vec<RuleFinding>) {
        let is = |bits: u128, number: usize| bits >> number & 1 == 1;
        let name = |number: usize| format!("`{}`", truths.rules[number].id);
        for (number, rule) in truths.rules.iter().enumerate() {
            let mut find = |kind, text| findings.push(RuleFinding { kind, rule: rule.id.clone(), text });
            if !is(self.applies, number) {
                if !truths.failures.iter().any(|failure| failure.rule == number) {
                    find(Kind::NeverApplies, "no document and no node is ever as it says".to_owned());
                }
                continue;
            }
            // A rule for two actions and one for one of them are not the same rule.
            let implied: Vec<usize> = ones(self.implied[number])
                .filter(|&other| truths.rules[other].actions.is_superset(&rule.actions))
                .collect();
            let twins: Vec<usize> =
                implied.iter().copied().filter(|&other| is(self.implied[other], number)).collect();
            if let Some(&twin) = twins.iter().find(|&&twin| truths.rules[twin].actions == rule.actions) {
                if twin < number {
                    find(Kind::Repeats, format!("says just what {} says", name(twin)));
                }
                continue;
            }
            if !is(self.counts, number) {
                if rule.effect == Effect::Permit {
                    let met: Vec<String> = ones(self.met[number]).map(name).collect();
                    let text = format!("whatever it permits is forbidden, by {}", met.join(", "));
                    find(Kind::AlwaysForbidden, text);
                } else {
                    find(Kind::Guards, "nothing that it forbids is permitted by another rule".to_owned());
                }
            } else if let Some(&other) = implied.first() {
                let text = format!("wherever it applies {} applies too", name(other));
                find(Kind::AddsNothing, text);
            }
        }
    }
}

/// Places of the bits that are set.
fn ones(mut bits: u128) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let place = (bits != 0).then_some(bits.trailing_zeros() as usize)?;
        bits &= bits - 1;
        Some(place)
    })
}

/// A document that one set of policies lets go to a node, and the other does not.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Opening {
    /// The node.
    pub node: String,
    /// What the document is like, by the attributes that rules read.
    pub document: Vec<(&'static str, String)>,
    /// Rules of the new policies that permit it.
    pub permitted_by: BTreeSet<String>,
    /// Rules of the old policies that forbade it; none where nothing permitted it.
    pub was_forbidden_by: BTreeSet<String>,
}

/// For each node the plainest document that `new` lets through and `old` does not, whether there is such a document in
/// any run or not. None if there are too many cases to look at.
///
/// # Errors
/// If Cedar refuses to be asked.
pub fn openings(old: &Policies, new: &Policies, nodes: &[NodeFacts]) -> Result<Option<Vec<Opening>>, String> {
    let mut literals = old.literals();
    literals.extend(&new.literals());
    let space = Space::new(&literals, nodes, &[], false);
    let (before, after) = (old.views(), new.views());
    let of_old = before.len();
    let views: Vec<_> = before.into_iter().chain(after).collect();
    let truths = Truths::new(&space, &views)?;
    let is_old = |number: usize| number < of_old;
    let permits = [truths.bits(Effect::Permit, is_old), truths.bits(Effect::Permit, |it| !is_old(it))];
    let forbids = [truths.bits(Effect::Forbid, is_old), truths.bits(Effect::Forbid, |it| !is_old(it))];
    let mut found = Vec::new();
    for (number, node) in nodes.iter().enumerate() {
        let mut plainest: Option<(usize, [usize; 8], u128)> = None;
        let asks = |principal: &Principal| *principal == space.principals[number];
        let looked = truths.each(&asks, |case| {
            let allows = |set: usize| case.rules & permits[set] != 0 && case.rules & forbids[set] == 0;
            if !allows(0) && allows(1) {
                let unusual: usize = case.at.iter().filter(|&&value| value > 0).count();
                let candidate = (unusual, case.at, case.rules);
                if plainest.is_none_or(|plainest| candidate < plainest) {
                    plainest = Some(candidate);
                }
            }
        });
        if looked.is_err() {
            return Ok(None);
        }
        let Some((_, at, rules)) = plainest else { continue };
        let tuple = space.tuple(&at);
        let read = Axis::ALL.iter().enumerate().filter(|(axis, _)| space.values[*axis].len() > 1);
        let named = |bits: u128| ones(bits).map(|number| truths.rules[number].id.clone()).collect();
        found.push(Opening {
            node: node.name.clone(),
            document: read.map(|(_, axis)| (axis.word(), axis.pictured(&tuple))).collect(),
            permitted_by: named(rules & permits[1]),
            was_forbidden_by: named(rules & forbids[0]),
        });
    }
    Ok(Some(found))
}

#[cfg(test)]
#[path = "check_tests.rs"]
mod tests;
