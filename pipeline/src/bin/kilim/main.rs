//! The `kilim` command.
//!
//! Data goes to stdout, everything for people to stderr. Exit codes: 0 done · 1 validate, verify, audit or a check
//! found something · 2 refused or could not · 3 finished over the error budget · 130 interrupted, resumable.

mod args;
mod cmd_audit;
mod cmd_explain;
mod cmd_fit;
mod cmd_gc;
mod cmd_inspect;
mod cmd_inspect_doc;
mod cmd_keygen;
mod cmd_langid;
mod cmd_optout;
mod cmd_policy;
mod cmd_policy_diff;
mod cmd_policy_explain;
mod cmd_policy_prove;
mod cmd_quality;
mod cmd_report;
mod cmd_run;
mod cmd_seeds;
mod cmd_sql;
mod cmd_steps;
mod cmd_takedown;
mod cmd_validate;
mod cmd_verify;
mod cmd_what_if;
mod show;
mod work;

use std::process::ExitCode;

use clap::Parser;

use args::{Args, Command};

/// What a command ends with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Exit {
    Done,
    Findings,
    Refused,
    OverBudget,
    Interrupted,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Findings => 1,
            Exit::Refused => 2,
            Exit::OverBudget => 3,
            Exit::Interrupted => 130,
        })
    }
}

fn main() -> ExitCode {
    let args = Args::parse();
    show::start_log(args.verbose);
    let config = &args.config;
    let ended = match args.command {
        Command::Run(run) | Command::Resume(run) => cmd_run::run(config, &run),
        Command::Validate(validate) => cmd_validate::run(config, &validate),
        Command::Explain(explain) => cmd_explain::run(config, &explain),
        Command::Report(report) => cmd_report::run(config, &report),
        Command::Inspect(inspect) => cmd_inspect::run(config, &inspect),
        Command::Sql(sql) => cmd_sql::run(config, &sql),
        Command::Verify(verify) => cmd_verify::run(config, &verify),
        Command::Policy(policy) => cmd_policy::run(config, &policy),
        Command::Optout(optout) => cmd_optout::run(config, &optout),
        Command::Takedown(takedown) => cmd_takedown::run(config, &takedown),
        Command::Audit(audit) => cmd_audit::run(config, &audit),
        Command::Gc(gc) => cmd_gc::run(config, &gc),
        Command::Keygen(keygen) => cmd_keygen::run(&keygen),
        Command::Seeds(seeds) => cmd_seeds::run(&seeds),
        Command::Langid(langid) => cmd_langid::run(&langid),
        Command::Quality(quality) => cmd_quality::run(config, &quality),
        Command::FitThresholds(fit) => cmd_fit::thresholds(config, &fit),
        Command::Steps(steps) => cmd_steps::run(&steps),
        Command::Schema => cmd_steps::schema(),
    };
    match ended {
        Ok(exit) => exit.into(),
        Err(error) => {
            show::error(&error);
            Exit::Refused.into()
        }
    }
}
