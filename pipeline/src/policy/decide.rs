//! One decision per distinct tuple and principal.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cedar_policy::{Authorizer, Context, Entities, Entity, EntityUid, Request, RestrictedExpression};
use serde::{Deserialize, Serialize};

use super::schema::{Action, uid};
use super::set::Policies;
use super::tuple::Tuple;

/// Most tuples whose decisions are kept at hand. Crawls have 10^3 to 10^5 distinct ones; beyond, the rarest are decided
/// again when they return, which costs time and changes nothing.
const MEMO_TUPLES: usize = 1 << 16;

/// What policies see of a node.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeFacts {
    /// Name in the config.
    pub name: String,
    /// Country whose law the node stands under, or `EU`.
    pub jurisdiction: String,
    /// One of [`MODES`](super::schema::MODES).
    pub mode: String,
    /// Countries whose documents it may hold, with blocs spelled out by [`Blocs::expand`](super::Blocs::expand).
    pub accepts: BTreeSet<String>,
}

/// A policy, by name and reason.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyRef {
    /// `@id`, or `file#n`.
    pub id: Arc<str>,
    /// `@because`.
    pub because: Arc<str>,
}

/// The answer for one tuple and one principal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// Whether it is allowed: some `permit` applies, no `forbid` does, and nothing failed.
    pub allowed: bool,
    /// The policies that decided, by id: permits if allowed, forbids if not; empty where no policy spoke.
    pub determining: Vec<PolicyRef>,
    /// What failed, in order. Never empty and allowed at once.
    pub errors: Vec<String>,
}

/// Why a denied document is withheld.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withheld {
    /// `no_claim` if no binding claim says whose law binds the document, else `denied`.
    pub code: &'static str,
    /// The forbids that denied it with their reasons, or what failed. None where nothing permitted it.
    pub detail: Option<String>,
}

impl Decision {
    /// Why a document of this tuple is withheld; none if it is allowed.
    pub fn withheld(&self, tuple: &Tuple) -> Option<Withheld> {
        if self.allowed {
            return None;
        }
        let code = if tuple.jurisdictions.is_empty() { "no_claim" } else { "denied" };
        let forbids = self.determining.iter().map(|policy| format!("{}: {}", policy.id, policy.because));
        let told: Vec<String> = forbids.chain(self.errors.iter().cloned()).collect();
        Some(Withheld { code, detail: (!told.is_empty()).then(|| told.join("; ")) })
    }

    fn failed(error: String) -> Self {
        Self { errors: vec![error], ..Self::default() }
    }
}

/// All answers for one tuple.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TupleDecisions {
    /// `emit`, in the order of the decider's nodes.
    pub emit: Vec<Arc<Decision>>,
    /// `process`, in the order of the decider's places.
    pub process: Vec<Arc<Decision>>,
}

/// A decider that cannot be made. Kind: Config.
#[derive(Debug, thiserror::Error)]
pub enum DecideError {
    /// Two nodes have one name.
    #[error("two nodes are called `{name}`\nhint: policies, manifests and decisions know a node by its name")]
    SameName {
        /// The name.
        name: String,
    },
    /// Cedar refused the facts about nodes and places.
    #[error("cannot tell the policies about nodes and places: {message}")]
    Facts {
        /// In Cedar's words.
        message: String,
    },
}

/// Asks the policies, for a fixed list of nodes and places. May be shared between threads.
#[derive(Debug)]
pub struct Decider {
    policies: Arc<Policies>,
    nodes: Vec<NodeFacts>,
    places: Vec<String>,
    /// Nodes and places; the document of the moment is added to a copy.
    principals: Entities,
    authorizer: Authorizer,
    memo: Mutex<Memo>,
}

#[derive(Debug, Default)]
struct Memo {
    tuples: HashMap<Tuple, Arc<TupleDecisions>>,
    /// Few distinct decisions are shared by many tuples.
    decisions: BTreeSet<Arc<Decision>>,
}

impl Decider {
    /// A decider for `emit` to these nodes and `process` at these places (the jurisdictions of `runs_at`).
    ///
    /// # Errors
    /// If two nodes have one name. Kind: Config.
    pub fn new(
        policies: impl Into<Arc<Policies>>,
        nodes: Vec<NodeFacts>,
        places: &[&str],
    ) -> Result<Self, DecideError> {
        let mut names = BTreeSet::new();
        if let Some(node) = nodes.iter().find(|node| !names.insert(node.name.as_str())) {
            return Err(DecideError::SameName { name: node.name.clone() });
        }
        let places: BTreeSet<String> = places.iter().map(|&place| place.to_owned()).collect();
        let nodes_and_places =
            nodes.iter().map(node_entity).chain(places.iter().map(|place| place_entity(place)));
        let principals = nodes_and_places
            .collect::<Result<Vec<Entity>, String>>()
            .and_then(|entities| Entities::from_entities(entities, None).map_err(|error| error.to_string()))
            .map_err(|message| DecideError::Facts { message })?;
        Ok(Self {
            policies: policies.into(),
            nodes,
            places: places.into_iter().collect(),
            principals,
            authorizer: Authorizer::new(),
            memo: Mutex::default(),
        })
    }

    /// The policies that are asked.
    pub fn policies(&self) -> &Policies {
        &self.policies
    }

    /// The nodes, in the order of [`TupleDecisions::emit`].
    pub fn nodes(&self) -> &[NodeFacts] {
        &self.nodes
    }

    /// The places in order, without repetition: the order of [`TupleDecisions::process`].
    pub fn places(&self) -> &[String] {
        &self.places
    }

    /// May a document of this tuple go into the shards of `node`? Denied, with an error, if the decider was not made
    /// for exactly this node.
    pub fn decide_emit(&self, node: &NodeFacts, tuple: &Tuple) -> Arc<Decision> {
        let decisions = self.decide(tuple);
        let found =
            self.nodes.iter().position(|known| known == node).and_then(|index| decisions.emit.get(index));
        found.map_or_else(
            || {
                Arc::new(Decision::failed(format!(
                    "node `{}` is not one that this run decides for",
                    node.name
                )))
            },
            Arc::clone,
        )
    }

    /// May the text of a document of this tuple be worked on at `place`, a jurisdiction? Denied, with an error, if the
    /// decider was not made for this place.
    pub fn decide_process(&self, place: &str, tuple: &Tuple) -> Arc<Decision> {
        let decisions = self.decide(tuple);
        let found = self
            .places
            .iter()
            .position(|known| known == place)
            .and_then(|index| decisions.process.get(index));
        found.map_or_else(
            || Arc::new(Decision::failed(format!("place `{place}` is not one that this run decides for"))),
            Arc::clone,
        )
    }

    /// All answers for a tuple, remembered.
    pub fn decide(&self, tuple: &Tuple) -> Arc<TupleDecisions> {
        if let Some(known) = self.memo().tuples.get(tuple) {
            return Arc::clone(known);
        }
        let fresh = Arc::new(self.decide_afresh(tuple));
        let mut memo = self.memo();
        if memo.tuples.len() < MEMO_TUPLES {
            memo.tuples.insert(tuple.clone(), Arc::clone(&fresh));
        }
        fresh
    }

    /// All answers for a tuple, worked out anew: for callers that see each tuple once.
    pub fn decide_afresh(&self, tuple: &Tuple) -> TupleDecisions {
        let document = uid("Document", &tuple.id().to_string());
        let entities = document_entity(document.clone(), tuple).and_then(|entity| {
            self.principals.clone().add_entities([entity], None).map_err(|error| error.to_string())
        });
        let answer = |action: Action, principal: EntityUid| match &entities {
            Ok(entities) => self.ask(principal, action, document.clone(), entities),
            Err(error) => Decision::failed(error.clone()),
        };
        let emit = self.nodes.iter().map(|node| answer(Action::Emit, uid("Node", &node.name)));
        let process = self.places.iter().map(|place| answer(Action::Process, uid("Place", place)));
        let (emit, process): (Vec<Decision>, Vec<Decision>) = (emit.collect(), process.collect());
        let mut memo = self.memo();
        TupleDecisions {
            emit: emit.into_iter().map(|decision| memo.shared(decision)).collect(),
            process: process.into_iter().map(|decision| memo.shared(decision)).collect(),
        }
    }

    fn ask(
        &self,
        principal: EntityUid,
        action: Action,
        document: EntityUid,
        entities: &Entities,
    ) -> Decision {
        let request = match Request::new(principal, action.uid(), document, Context::empty(), None) {
            Ok(request) => request,
            Err(error) => return Decision::failed(error.to_string()),
        };
        let response = self.authorizer.is_authorized(&request, self.policies.cedar(), entities);
        let mut errors: Vec<String> = response.diagnostics().errors().map(ToString::to_string).collect();
        errors.sort();
        let permitted = response.decision() == cedar_policy::Decision::Allow;
        // A policy that failed was skipped; had it been a `forbid`, the answer might be another.
        if permitted && !errors.is_empty() {
            return Decision { errors, ..Decision::default() };
        }
        let mut determining: Vec<PolicyRef> = response
            .diagnostics()
            .reason()
            .filter_map(|id| self.policies.rule(id.as_ref()).cloned())
            .collect();
        determining.sort();
        Decision { allowed: permitted, determining, errors }
    }

    fn memo(&self) -> MutexGuard<'_, Memo> {
        // Whoever panicked held it only for an insertion; what it holds is whole.
        self.memo.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Memo {
    fn shared(&mut self, decision: Decision) -> Arc<Decision> {
        if let Some(known) = self.decisions.get(&decision) {
            return Arc::clone(known);
        }
        let decision = Arc::new(decision);
        self.decisions.insert(Arc::clone(&decision));
        decision
    }
}

fn text(value: &str) -> RestrictedExpression {
    RestrictedExpression::new_string(value.to_owned())
}

fn set(values: &BTreeSet<String>) -> RestrictedExpression {
    RestrictedExpression::new_set(values.iter().map(|value| text(value)))
}

fn entity<const N: usize>(
    uid: EntityUid,
    attributes: [(&str, RestrictedExpression); N],
) -> Result<Entity, String> {
    let attributes = attributes.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    Entity::new(uid, attributes, HashSet::new()).map_err(|error| error.to_string())
}

pub(super) fn node_entity(node: &NodeFacts) -> Result<Entity, String> {
    let attributes = [
        ("name", text(&node.name)),
        ("jurisdiction", text(&node.jurisdiction)),
        ("mode", text(&node.mode)),
        ("accepts", set(&node.accepts)),
    ];
    entity(uid("Node", &node.name), attributes)
}

pub(super) fn place_entity(jurisdiction: &str) -> Result<Entity, String> {
    entity(uid("Place", jurisdiction), [("jurisdiction", text(jurisdiction))])
}

pub(super) fn document_entity(uid: EntityUid, tuple: &Tuple) -> Result<Entity, String> {
    let attributes = [
        ("jurisdictions", set(&tuple.jurisdictions)),
        ("cluster_jurisdictions", set(&tuple.cluster_jurisdictions)),
        ("mode", text(&tuple.mode)),
        ("source", text(&tuple.source)),
        ("steward", text(&tuple.steward)),
        ("license_tier", RestrictedExpression::new_long(tuple.license_tier.into())),
        ("optout_train", text(tuple.optout_train.as_str())),
        ("personal", RestrictedExpression::new_bool(tuple.personal)),
        ("community", set(&tuple.community)),
    ];
    entity(uid, attributes)
}

#[cfg(test)]
#[path = "decide_tests.rs"]
mod tests;
