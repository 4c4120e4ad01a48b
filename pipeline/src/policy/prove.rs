//! Can a document that a country binds ever reach a node? Proved, not tried: for every document there could be.
//!
//! The rules and the question become a formula (Cedar's symbolic compiler, whose translation is itself proved), and
//! [cvc5](https://cvc5.github.io) looks for a document that answers yes. Where there is none, the answer is "never",
//! and no list of values had to be drawn up for it. Where there is one, it is decided again by the same code that
//! decides in a run, and told with the rules that let it pass.
//!
//! What is assumed of a document is what the engine makes sure of: the words of closed vocabularies, tiers 0 to 5, and
//! that a cluster has all countries of its members.

use std::fmt::Write as _;
use std::process::Command;

use cedar_policy::{Entity, EvalResult, Policy, PolicySet, RequestEnv};
use cedar_policy_symcc::err::{Error as SymccError, SolverError};
use cedar_policy_symcc::solver::{LocalSolver, WriterSolver};
use cedar_policy_symcc::{CedarSymCompiler, CompiledPolicy, CompiledPolicySet};
use serde::Serialize;

use super::decide::{Decider, Decision, NodeFacts};
use super::schema::{Action, MODES, OPTOUTS, schema, type_name};
use super::set::Policies;
use super::tuple::Tuple;

/// Milliseconds after which the solver gives up on one question. The hardest of the shipped ones takes a tenth of it.
const TIME_LIMIT_MS: u32 = 60_000;

/// A proof that cannot be attempted, or has no end.
#[derive(Debug, thiserror::Error)]
pub enum ProveError {
    /// Kind: External.
    #[error(
        "no solver: {program} cannot be run\n\
         hint: proofs need cvc5 (https://github.com/cvc5/cvc5/releases): put it on the path, or name it in CVC5"
    )]
    NoSolver {
        /// What was tried.
        program: String,
    },
    /// Kind: External.
    #[error("the solver found no answer within {} s\nhint: ask about one node and one country at a time", TIME_LIMIT_MS / 1000)]
    NoAnswer,
    /// Kind: Internal.
    #[error("the proof failed: {0}")]
    Failed(String),
    /// The solver's document is denied after all. Kind: Internal.
    #[error("the solver says that {tuple} reaches {node}, and the policies deny it")]
    Disagree {
        /// The document.
        tuple: String,
        /// The node.
        node: String,
    },
}

impl From<SymccError> for ProveError {
    fn from(error: SymccError) -> Self {
        match error {
            SymccError::SolverUnknown => Self::NoAnswer,
            SymccError::SolverError(error) => error.into(),
            other => Self::Failed(other.to_string()),
        }
    }
}

impl From<SolverError> for ProveError {
    fn from(error: SolverError) -> Self {
        Self::Failed(error.to_string())
    }
}

/// A question and its answer.
#[derive(Debug, Clone, Serialize)]
pub struct Proof {
    /// The node.
    pub node: String,
    /// The country that binds the document.
    pub jurisdiction: String,
    /// None: no such document can reach the node.
    pub counterexample: Option<Counterexample>,
    /// BLAKE3 of the SMT-LIB script of the question.
    pub query_blake3: String,
    /// The script itself.
    #[serde(skip)]
    pub query: String,
}

/// A document that reaches the node.
#[derive(Debug, Clone, Serialize)]
pub struct Counterexample {
    /// What policies see of it.
    pub document: Tuple,
    /// How it is decided.
    pub decision: Decision,
}

/// A solver that answers.
#[derive(Debug)]
pub struct Prover {
    compiler: CedarSymCompiler<LocalSolver>,
    /// What it calls itself.
    pub solver: String,
}

impl Prover {
    /// Starts the solver that `CVC5` names, or `cvc5` on the path. Call inside a tokio runtime.
    ///
    /// # Errors
    /// If there is none.
    pub fn start() -> Result<Self, ProveError> {
        let program = std::env::var("CVC5").unwrap_or_else(|_| "cvc5".to_owned());
        let missing = || ProveError::NoSolver { program: format!("`{program}`") };
        let said = Command::new(&program).arg("--version").output().map_err(|_| missing())?;
        let said = String::from_utf8_lossy(&said.stdout).into_owned();
        let solver = said.lines().next().unwrap_or_default().trim().to_owned();
        if !solver.contains("cvc5") {
            return Err(missing());
        }
        let local = LocalSolver::cvc5_with_args([format!("--tlimit={TIME_LIMIT_MS}")])?;
        Ok(Self { compiler: CedarSymCompiler::new(local)?, solver })
    }

    /// Ids of the rules that can fail for some document; strict validation leaves arithmetic that overflows.
    ///
    /// # Errors
    /// If the solver fails.
    pub async fn failing(&mut self, policies: &Policies) -> Result<Vec<String>, ProveError> {
        let mut failing = Vec::new();
        for view in policies.views() {
            for &action in view.actions {
                let compiled = CompiledPolicy::compile(view.policy, &environment(action), schema())?;
                if !self.compiler.check_never_errors_opt(&compiled).await? {
                    failing.push(view.id.to_owned());
                    break;
                }
            }
        }
        Ok(failing)
    }

    /// Can a document that `jurisdiction` binds ever reach `node`?
    ///
    /// # Errors
    /// If the solver fails or gives up, or what it found is not so.
    pub async fn prove(
        &mut self,
        policies: &Policies,
        node: &NodeFacts,
        jurisdiction: &str,
    ) -> Result<Proof, ProveError> {
        let environment = environment(Action::Emit);
        let rules = CompiledPolicySet::compile(policies.cedar(), &environment, schema())?;
        let question = Policy::parse(None, question(node, jurisdiction))
            .map_err(|error| ProveError::Failed(error.to_string()))?;
        let question =
            PolicySet::from_policies([question]).map_err(|error| ProveError::Failed(error.to_string()))?;
        let question = CompiledPolicySet::compile(&question, &environment, schema())?;

        // A solver that only takes notes answers "unknown"; its notes are the script.
        let mut notes = CedarSymCompiler::new(WriterSolver { w: Vec::new() })?;
        let _ = notes.check_disjoint_opt(&rules, &question).await;
        let query = String::from_utf8_lossy(&notes.solver().w).into_owned();

        let found = self.compiler.check_disjoint_with_counterexample_opt(&rules, &question).await?;
        let counterexample = match found {
            None => None,
            Some(found) => {
                let document = found
                    .request
                    .resource()
                    .and_then(|document| found.entities.get(document))
                    .and_then(tuple_of)
                    .ok_or_else(|| ProveError::Failed("the solver's document is none of ours".to_owned()))?;
                let decider = Decider::new(policies.clone(), vec![node.clone()], &[])
                    .map_err(|error| ProveError::Failed(error.to_string()))?;
                let decision = Decision::clone(&decider.decide_emit(node, &document));
                if !decision.allowed {
                    let tuple = document.canonical();
                    return Err(ProveError::Disagree { tuple, node: node.name.clone() });
                }
                Some(Counterexample { document, decision })
            }
        };
        Ok(Proof {
            node: node.name.clone(),
            jurisdiction: jurisdiction.to_owned(),
            counterexample,
            query_blake3: blake3::hash(query.as_bytes()).to_hex().to_string(),
            query,
        })
    }
}

fn environment(action: Action) -> RequestEnv {
    let principal = match action {
        Action::Emit => "Node",
        Action::Process => "Place",
    };
    RequestEnv::new(type_name(principal), action.uid(), type_name("Document"))
}

/// A permit for exactly the documents and the node that are asked about.
fn question(node: &NodeFacts, jurisdiction: &str) -> String {
    let text = |word: &str| format!("\"{}\"", word.escape_default());
    let set = |words: &mut dyn Iterator<Item = &str>| {
        format!("[{}]", words.map(text).collect::<Vec<_>>().join(", "))
    };
    let mut policy = String::new();
    let _ = write!(
        policy,
        "permit (principal == Node::{name}, action == Action::\"emit\", resource) when {{
            principal.name == {name} && principal.jurisdiction == {home} && principal.mode == {mode} &&
            principal.accepts == {accepts} &&
            resource.jurisdictions.contains({jurisdiction}) &&
            resource.cluster_jurisdictions.containsAll(resource.jurisdictions) &&
            {modes}.contains(resource.mode) && {optouts}.contains(resource.optout_train) &&
            resource.license_tier >= 0 && resource.license_tier <= 5 }};",
        name = text(&node.name),
        home = text(&node.jurisdiction),
        mode = text(&node.mode),
        accepts = set(&mut node.accepts.iter().map(String::as_str)),
        jurisdiction = text(jurisdiction),
        modes = set(&mut MODES.into_iter()),
        optouts = set(&mut OPTOUTS.into_iter()),
    );
    policy
}

/// The attributes of the solver's document.
fn tuple_of(document: &Entity) -> Option<Tuple> {
    let value = |name: &str| document.attr(name)?.ok();
    let text = |name: &str| match value(name)? {
        EvalResult::String(text) => Some(text),
        _ => None,
    };
    let set = |name: &str| match value(name)? {
        EvalResult::Set(set) => set
            .iter()
            .map(|member| match member {
                EvalResult::String(text) => Some(text.clone()),
                _ => None,
            })
            .collect(),
        _ => None,
    };
    Some(Tuple {
        cluster_jurisdictions: set("cluster_jurisdictions")?,
        community: set("community")?,
        jurisdictions: set("jurisdictions")?,
        license_tier: match value("license_tier")? {
            EvalResult::Long(tier) => u8::try_from(tier).ok()?,
            _ => return None,
        },
        mode: text("mode")?,
        optout_train: text("optout_train")?.parse().ok()?,
        personal: matches!(value("personal")?, EvalResult::Bool(true)),
        source: text("source")?,
        steward: text("steward")?,
    })
}

#[cfg(test)]
mod tests {
    use super::super::{LICENCES, OPEN_WEB, RESIDENCY};
    use super::*;

    fn node(name: &str, home: &str, accepts: &[&str]) -> NodeFacts {
        NodeFacts {
            name: name.to_owned(),
            jurisdiction: home.to_owned(),
            mode: "open".to_owned(),
            accepts: accepts.iter().map(|&country| country.to_owned()).collect(),
        }
    }

    fn policies(more: &str) -> Policies {
        let files =
            [("residency.cedar", RESIDENCY), ("licences.cedar", LICENCES), ("open-web.cedar", OPEN_WEB)];
        Policies::load(&files.into_iter().chain([("sera.cedar", more)]).collect::<Vec<_>>()).unwrap()
    }

    /// Runs a test with a solver, or says that there is none.
    fn with_solver(test: impl AsyncFnOnce(Prover)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            match Prover::start() {
                Ok(prover) => test(prover).await,
                Err(error) => eprintln!("skipped: {error}"),
            }
        });
    }

    #[test]
    fn no_document_that_russia_binds_reaches_a_node_that_even_accepts_it() {
        with_solver(async |mut prover| {
            let eu = node("eu", "EU", &["DE", "EU", "RU"]);
            let proof = prover.prove(&policies(""), &eu, "RU").await.unwrap();
            assert!(proof.counterexample.is_none(), "{proof:?}");
            assert!(proof.query.contains("(check-sat)"));
            assert_eq!(proof.query_blake3.len(), 64);
        });
    }

    #[test]
    fn a_loosened_policy_gives_a_document_and_the_permit_that_lets_it_pass() {
        let loose = "@id(\"ajali\") @because(\"ውል\")\npermit (principal, action == Action::\"emit\", resource)\n\
                     when { resource.license_tier == 5 };\n\
                     @id(\"siri\") @because(\"ውል\")\nforbid (principal, action == Action::\"emit\", resource)\n\
                     when { resource.personal };\n";
        with_solver(async |mut prover| {
            let files = [("licences.cedar", LICENCES), ("sera.cedar", loose)];
            let policies = Policies::load(&files).unwrap();
            let eu = node("eu", "EU", &["DE", "EU"]);
            let proof = prover.prove(&policies, &eu, "RU").await.unwrap();
            let found = proof.counterexample.unwrap();
            assert!(found.document.jurisdictions.contains("RU"), "{found:?}");
            assert_eq!((found.document.license_tier, found.document.personal), (5, false));
            assert_eq!(&*found.decision.determining[0].id, "ajali");
        });
    }

    #[test]
    fn what_a_node_accepts_reaches_it_in_words_of_the_closed_lists() {
        with_solver(async |mut prover| {
            let ke = node("ke", "KE", &["KE", "TZ"]);
            let proof = prover.prove(&policies(""), &ke, "TZ").await.unwrap();
            let document = proof.counterexample.unwrap().document;
            assert!(
                ["open", "restricted"].contains(&document.mode.as_str())
                    || document.jurisdictions.contains("KE")
            );
            assert!(document.cluster_jurisdictions.is_superset(&document.jurisdictions));
        });
    }

    #[test]
    fn a_rule_that_overflows_is_named() {
        let text = "@id(\"kubwa\") @because(\"ውል\")\nforbid (principal, action == Action::\"emit\", resource)\n\
                    when { resource.license_tier * 9223372036854775807 > 0 };\n";
        with_solver(async |mut prover| {
            assert_eq!(prover.failing(&policies("")).await.unwrap(), Vec::<String>::new());
            assert_eq!(prover.failing(&policies(text)).await.unwrap(), ["kubwa"]);
        });
    }
}
