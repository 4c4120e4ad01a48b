//! `kilim policy prove`: never, or a document that can.

use std::path::Path;

use anyhow::Result;

use crate::Exit;
use crate::args::PolicyProveArgs;

#[cfg(not(feature = "prove"))]
pub(crate) fn run(_path: &Path, args: &PolicyProveArgs) -> Result<Exit> {
    let _ = (&args.jurisdiction, &args.node, &args.smt, args.json);
    let hint = "build it with `cargo build --release --bin kilim --features prove`; proofs also need the solver cvc5";
    Err(kilim::run::RunError::refused("this kilim was built without its prover", hint).into())
}

#[cfg(feature = "prove")]
pub(crate) use with_solver::run;

#[cfg(feature = "prove")]
mod with_solver {
    use std::fmt::Write as _;
    use std::io::Write as _;

    use kilim::policy::prove::{Proof, Prover};
    use kilim::policy::{Axis, NodeFacts, Policies};
    use kilim::run::{RunError, node_facts};
    use serde_json::json;

    use super::{Exit, Path, PolicyProveArgs, Result};
    use crate::work::{self, wrapped};
    use crate::{cmd_policy, cmd_run};

    pub(crate) fn run(path: &Path, args: &PolicyProveArgs) -> Result<Exit> {
        let loaded = work::read_config(path)?;
        let policies = cmd_policy::named(&loaded, "current")?;
        let mut nodes = node_facts(&loaded.config, &loaded.base_dir)?;
        let names: Vec<String> = nodes.iter().map(|node| node.name.clone()).collect();
        nodes.retain(|node| args.node.as_ref().is_none_or(|name| *name == node.name));
        if nodes.is_empty() {
            let problem = format!("the config has no node `{}`", args.node.as_deref().unwrap_or_default());
            return Err(RunError::refused(problem, format!("its nodes are {}", names.join(", "))).into());
        }
        let (solver, failing, proofs) = cmd_run::runtime(1)?.block_on(prove(&policies, &nodes, args))?;
        if let Some(folder) = &args.smt {
            std::fs::create_dir_all(folder)?;
            for proof in &proofs {
                std::fs::write(
                    folder.join(format!("{}-{}.smt2", proof.jurisdiction, proof.node)),
                    &proof.query,
                )?;
            }
        }
        let text = if args.json {
            let digest = policies.digest();
            format!(
                "{:#}\n",
                json!({ "solver": solver, "policies": digest, "rules_that_fail": failing, "proofs": proofs })
            )
        } else {
            told(&policies, &solver, &failing, &proofs)
        };
        std::io::stdout().lock().write_all(text.as_bytes())?;
        let all = failing.is_empty() && proofs.iter().all(|proof| proof.counterexample.is_none());
        Ok(if all { Exit::Done } else { Exit::Findings })
    }

    async fn prove(
        policies: &Policies,
        nodes: &[NodeFacts],
        args: &PolicyProveArgs,
    ) -> Result<(String, Vec<String>, Vec<Proof>)> {
        let mut prover = Prover::start()?;
        let failing = prover.failing(policies).await?;
        let mut proofs = Vec::new();
        for country in &args.jurisdiction {
            for node in nodes {
                proofs.push(prover.prove(policies, node, country.as_str()).await?);
            }
        }
        Ok((prover.solver, failing, proofs))
    }

    fn told(policies: &Policies, solver: &str, failing: &[String], proofs: &[Proof]) -> String {
        let mut out = String::new();
        for proof in proofs {
            let Proof { jurisdiction, node, .. } = proof;
            let Some(found) = &proof.counterexample else {
                wrapped(
                    &mut out,
                    "never    ",
                    9,
                    &format!("no document that {jurisdiction} binds can reach node {node}"),
                );
                continue;
            };
            wrapped(
                &mut out,
                "CAN      ",
                9,
                &format!("a document that {jurisdiction} binds can reach node {node}, such as this one:"),
            );
            for axis in Axis::ALL {
                let _ = writeln!(out, "         {:<14} {}", axis.word(), axis.told(&found.document));
            }
            for rule in &found.decision.determining {
                wrapped(&mut out, "         ", 9, &format!("permitted by `{}`: {}", rule.id, rule.because));
            }
        }
        out.push('\n');
        if failing.is_empty() {
            wrapped(&mut out, "proved   ", 9, "no rule fails for any document, so none is ever skipped");
        } else {
            wrapped(
                &mut out,
                "FAILS    ",
                9,
                &format!("for some documents these rules fail, and would be skipped: {}", failing.join(", ")),
            );
        }
        let _ = writeln!(out, "solver   {solver}");
        let _ = writeln!(out, "policies {}", policies.digest());
        for proof in proofs {
            let _ =
                writeln!(out, "query    {} ({} at {})", proof.query_blake3, proof.jurisdiction, proof.node);
        }
        out
    }
}
