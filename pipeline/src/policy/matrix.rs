//! Which countries' documents may go to which nodes.
//!
//! An answer is yes, no, or a condition on the other attributes, all found by putting the rules to a finite picture of
//! documents. A row holds for documents whose near-duplicates are bound by no other country.

use std::collections::{BTreeMap, BTreeSet};

use cedar_policy::Effect;
use serde::Serialize;

use super::decide::NodeFacts;
use super::set::Policies;
use super::space::{Axis, Principal, Space};
use super::truth::Truths;

/// Answers by jurisdiction and node.
#[derive(Debug, Clone, Serialize)]
pub struct Matrix {
    /// Names of the nodes, in the order of the cells.
    pub nodes: Vec<String>,
    /// Rows; those with equal answers are one.
    pub rows: Vec<MatrixRow>,
    /// Conditions that cells name by their place.
    pub conditions: Vec<Condition>,
}

/// Answers for some sets of jurisdictions.
#[derive(Debug, Clone, Serialize)]
pub struct MatrixRow {
    /// Sets of countries that bind a document together; an empty one is a document that no country claims.
    pub jurisdictions: Vec<BTreeSet<String>>,
    /// The answers, by node.
    pub cells: Vec<Cell>,
}

/// An answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cell {
    /// Every such document.
    Yes,
    /// None.
    No,
    /// Those that meet the condition of this number.
    If(usize),
}

/// What a document must be like besides.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Condition {
    /// Attributes, and the values they may have.
    pub values: Vec<(&'static str, String)>,
    /// Attributes that matter in more ways than that: not every mixture of the values passes.
    pub together: Vec<&'static str>,
}

/// The matrix for `nodes`: every country by itself that a rule or node names, one that nobody names, none, and the sets
/// in `seen`. None if there are too many cases to look at.
///
/// # Errors
/// If Cedar refuses to be asked.
pub fn matrix(
    policies: &Policies,
    nodes: &[NodeFacts],
    seen: &BTreeSet<BTreeSet<String>>,
) -> Result<Option<Matrix>, String> {
    let literals = policies.literals();
    let space = Space::new(&literals, nodes, &[], false);
    let named = literals.of_documents().into_iter().flatten();
    let accepted = nodes.iter().flat_map(|node| node.accepts.iter().chain([&node.jurisdiction]).cloned());
    let mut alone: BTreeSet<String> = named.chain(accepted).collect();
    alone.extend(seen.iter().flatten().cloned());
    // The last one stands for all that nobody names.
    alone.extend(space.limits().countries.last().cloned());
    let mut sets: Vec<BTreeSet<String>> = vec![BTreeSet::new()];
    sets.extend(alone.into_iter().map(|country| BTreeSet::from([country])));
    sets.extend(seen.iter().filter(|set| set.len() > 1).cloned());
    let space = space.with_claims(&sets);
    let truths = Truths::new(&space, &policies.views())?;
    let (permits, forbids) = (truths.bits(Effect::Permit, |_| true), truths.bits(Effect::Forbid, |_| true));

    // Of each node: by set of countries, what the other attributes of an allowed and of a denied document are.
    let mut answers: Vec<BTreeMap<usize, Answers>> = Vec::new();
    for (number, principal) in space.principals.iter().enumerate() {
        let mut of_node: BTreeMap<usize, Answers> = BTreeMap::new();
        let looked = truths.each(&|other: &Principal| other == principal, |case| {
            let allowed = case.rules & permits != 0 && case.rules & forbids == 0;
            let answers = of_node.entry(case.at[0]).or_insert_with(|| Answers::of(number));
            if allowed { &mut answers.allowed } else { &mut answers.denied }.push(case.at);
        });
        if looked.is_err() {
            return Ok(None);
        }
        answers.push(of_node);
    }

    let representatives: Vec<Vec<usize>> =
        (0..answers.len()).map(|principal| representatives(&truths, principal)).collect();
    let mut conditions: Vec<Condition> = Vec::new();
    let mut rows: Vec<MatrixRow> = Vec::new();
    for (number, set) in sets.iter().enumerate() {
        let cells: Vec<Cell> = answers
            .iter()
            .zip(&representatives)
            .map(|(of_node, representative)| match of_node.get(&representative[number]) {
                None => Cell::No,
                Some(answers) if answers.denied.is_empty() => Cell::Yes,
                Some(answers) if answers.allowed.is_empty() => Cell::No,
                Some(answers) => {
                    let condition = answers.condition(&truths);
                    let known = conditions.iter().position(|known| *known == condition);
                    Cell::If(known.unwrap_or_else(|| {
                        conditions.push(condition);
                        conditions.len() - 1
                    }))
                }
            })
            .collect();
        match rows.iter_mut().find(|row| row.cells == cells) {
            Some(row) => row.jurisdictions.push(set.clone()),
            None => rows.push(MatrixRow { jurisdictions: vec![set.clone()], cells }),
        }
    }
    let nodes = nodes.iter().map(|node| node.name.clone()).collect();
    Ok(Some(Matrix { nodes, rows, conditions }))
}

/// For each set of countries, the first that rules never tell from it when this principal asks.
fn representatives(truths: &Truths<'_>, principal: usize) -> Vec<usize> {
    let mut first: BTreeMap<Vec<bool>, usize> = BTreeMap::new();
    let sets = 0..truths.space.values[0].len();
    sets.map(|value| *first.entry(truths.trace(Some(principal), 0, value)).or_insert(value)).collect()
}

/// Documents bound alike: what else is so of those that may go to a node, and of those that may not.
#[derive(Debug)]
struct Answers {
    /// Who asks.
    principal: usize,
    allowed: Vec<[usize; 8]>,
    denied: Vec<[usize; 8]>,
}

impl Answers {
    fn of(principal: usize) -> Self {
        Self { principal, allowed: Vec::new(), denied: Vec::new() }
    }

    fn condition(&self, truths: &Truths<'_>) -> Condition {
        let of = |cases: &[[usize; 8]], axis: usize| -> BTreeSet<usize> {
            cases.iter().map(|case| case[axis]).collect()
        };
        let axes: Vec<usize> = (1..Axis::ALL.len()).collect();
        let passing: Vec<BTreeSet<usize>> = axes.iter().map(|&axis| of(&self.allowed, axis)).collect();
        let values = axes.iter().zip(&passing).filter_map(|(&axis, passing)| {
            let all = truths.distinct_values(Some(self.principal), axis);
            (passing.len() < all.len()).then(|| (Axis::ALL[axis].word(), self.told(truths, axis, passing)))
        });
        // Denied, though each value by itself may pass.
        let mixed: Vec<&[usize; 8]> = self
            .denied
            .iter()
            .filter(|case| axes.iter().zip(&passing).all(|(&axis, passing)| passing.contains(&case[axis])))
            .collect();
        let allowed: BTreeSet<&[usize; 8]> = self.allowed.iter().collect();
        let matters = |axis: usize| {
            mixed.iter().any(|case| {
                passing[axis - 1].iter().any(|&value| {
                    let mut other = **case;
                    other[axis] = value;
                    allowed.contains(&other)
                })
            })
        };
        let together =
            axes.iter().filter(|&&axis| matters(axis)).map(|&axis| Axis::ALL[axis].word()).collect();
        Condition { values: values.collect(), together }
    }

    /// Values of an axis in words; each stands for all that no rule tells from it.
    fn told(&self, truths: &Truths<'_>, axis: usize, passing: &BTreeSet<usize>) -> String {
        let values = &truths.space.values[axis];
        let trace = |value: usize| truths.trace(Some(self.principal), axis, value);
        let traces: BTreeSet<Vec<bool>> = passing.iter().map(|&value| trace(value)).collect();
        let passes: Vec<bool> = (0..values.len()).map(|value| traces.contains(&trace(value))).collect();
        if Axis::ALL[axis] == Axis::Community {
            let members: BTreeSet<&String> = values.iter().flat_map(|tuple| &tuple.community).collect();
            let without: Vec<&str> = members
                .into_iter()
                .filter(|member| {
                    values
                        .iter()
                        .zip(&passes)
                        .all(|(tuple, passes)| !passes || !tuple.community.contains(*member))
                })
                .map(String::as_str)
                .collect();
            if !without.is_empty() {
                return format!("without {}", without.join(", "));
            }
            return "not every one".to_owned();
        }
        let said: Vec<String> = values
            .iter()
            .zip(&passes)
            .filter(|(_, passes)| **passes)
            .map(|(tuple, _)| Axis::ALL[axis].pictured(tuple))
            .collect();
        said.join(" or ")
    }
}

/// A set of countries of a matrix in words.
pub fn set_told(set: &BTreeSet<String>) -> String {
    let tuple = super::Tuple {
        jurisdictions: set.clone(),
        cluster_jurisdictions: set.clone(),
        ..super::Tuple::default()
    };
    Axis::Claims.pictured(&tuple)
}

#[cfg(test)]
#[path = "matrix_tests.rs"]
mod tests;
