//! The `kilim` command.
//!
//! Data goes to stdout, everything for people to stderr. Exit codes: 0 done · 1 validate, verify, audit or a check
//! found something · 2 refused or could not · 3 finished over the error budget · 130 interrupted, resumable.

mod args;
mod cmd_run;
mod show;

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
    let ended = match args.command {
        Command::Run(run) | Command::Resume(run) => cmd_run::run(&args.config, &run),
    };
    match ended {
        Ok(exit) => exit.into(),
        Err(error) => {
            show::error(&error);
            Exit::Refused.into()
        }
    }
}
