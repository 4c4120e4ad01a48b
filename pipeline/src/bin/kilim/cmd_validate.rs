//! `kilim validate`: everything that is wrong with a config, at once.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use anyhow::Result;
use kilim::config::diagnostic::code;
use kilim::config::{Diagnostics, Report, Severity};
use kilim::config_tests::{TestResult, run_tests};
use kilim::run::RunError;
use kilim::validate::{Problem, read_config, try_out};

use crate::Exit;
use crate::args::ValidateArgs;
use crate::{cmd_run, show};

/// All that was found.
struct Found {
    report: Report,
    problems: Vec<Problem>,
    tests: Option<Vec<TestResult>>,
}

impl Found {
    fn errors(&self) -> usize {
        self.report.diagnostics.error_count()
            + self.problems.iter().filter(|problem| !problem.warning).count()
    }

    fn warnings(&self) -> usize {
        let of_config = self.report.diagnostics.list.len() - self.report.diagnostics.error_count();
        of_config + self.problems.iter().filter(|problem| problem.warning).count()
    }

    fn failed_tests(&self) -> usize {
        self.tests.iter().flatten().filter(|test| !test.failures.is_empty()).count()
    }
}

pub(crate) fn run(path: &Path, args: &ValidateArgs) -> Result<Exit> {
    let report = read_config(path, args.node.as_deref());
    if is_unreadable(&report.diagnostics) {
        return Err(RunError::Config(Box::new(report.diagnostics)).into());
    }
    let mut found = Found { report, problems: Vec::new(), tests: None };
    if let Some(loaded) = &found.report.loaded {
        let (problems, tests) = cmd_run::runtime(1)?.block_on(async {
            let tried = try_out(loaded, args.node.as_deref()).await?;
            let tests = match &tried.prepared {
                Some(prepared) if args.tests => Some(run_tests(prepared).await?),
                _ => None,
            };
            Ok::<_, RunError>((tried.problems, tests))
        })?;
        found.problems = problems;
        found.tests = tests;
    }
    let text = if args.json { json(&found) } else { told(path, &found, args.tests) };
    std::io::stdout().lock().write_all(text.as_bytes())?;
    Ok(if found.errors() + found.failed_tests() == 0 { Exit::Done } else { Exit::Findings })
}

fn is_unreadable(found: &Diagnostics) -> bool {
    found.list.iter().any(|finding| finding.code == code::UNREADABLE)
}

fn told(path: &Path, found: &Found, asked_for_tests: bool) -> String {
    let mut out = String::new();
    if !found.report.diagnostics.list.is_empty() {
        let _ = writeln!(out, "{}\n", found.report.diagnostics.render(show::colour()));
    }
    for problem in &found.problems {
        let level = if problem.warning { "warning" } else { "error" };
        let _ = writeln!(out, "{level}: {}\n", problem.text);
    }
    for test in found.tests.iter().flatten() {
        let verdict = if test.failures.is_empty() { "holds" } else { "FAILS" };
        let _ = writeln!(out, "test \"{}\" {verdict}", test.name);
        for failure in &test.failures {
            let _ = writeln!(out, "    {failure}");
        }
    }
    let (errors, warnings) = (found.errors(), found.warnings());
    let warned = if warnings == 0 { String::new() } else { format!(", {}", counted(warnings, "warning")) };
    let path = path.display();
    let _ = if errors > 0 {
        writeln!(out, "{path}: {}{warned}", counted(errors, "error"))
    } else if let Some(tests) = &found.tests {
        let failed = found.failed_tests();
        writeln!(
            out,
            "{path} is valid{warned}; {} of {} hold",
            tests.len() - failed,
            counted(tests.len(), "test")
        )
    } else {
        writeln!(out, "{path} is valid{warned}")
    };
    if asked_for_tests && found.tests.is_none() {
        out.push_str("The tests were not run: correct the errors first.\n");
    }
    out
}

fn counted(count: usize, thing: &str) -> String {
    if count == 1 { format!("1 {thing}") } else { format!("{count} {thing}s") }
}

fn json(found: &Found) -> String {
    let findings: Vec<serde_json::Value> = found
        .report
        .diagnostics
        .list
        .iter()
        .map(|finding| {
            serde_json::json!({
                "severity": if finding.severity == Severity::Error { "error" } else { "warning" },
                "code": finding.code,
                "file": finding.file,
                "line": finding.span.as_ref().map(|span| span.line),
                "column": finding.span.as_ref().map(|span| span.column),
                "message": finding.message,
                "hint": finding.hint,
            })
        })
        .collect();
    let report = serde_json::json!({
        "valid": found.errors() == 0,
        "findings": findings,
        "problems": found.problems,
        "tests": found.tests,
    });
    format!("{report:#}\n")
}
