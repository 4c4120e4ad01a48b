//! `kilim seeds import` and `kilim seeds check`.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;

use anyhow::{Result, anyhow};
use kilim::run::RunError;
use kilim_connectors::seeds::{
    FindingKind, ImportOptions, Imported, SeedError, check, import, write_parquet,
};

use crate::Exit;
use crate::args::{SeedsCheckArgs, SeedsCommand, SeedsImportArgs};

pub(crate) fn run(command: &SeedsCommand) -> Result<Exit> {
    match command {
        SeedsCommand::Import(args) => import_seeds(args),
        SeedsCommand::Check(args) => check_seeds(args),
    }
}

fn unreadable(error: &SeedError) -> anyhow::Error {
    let mut problem = error.to_string();
    if let Some(source) = std::error::Error::source(error) {
        problem = format!("{problem}: {source}");
    }
    anyhow!(RunError::refused(problem, error.hint()))
}

fn name_of(path: &Path) -> String {
    path.file_stem().map_or_else(|| "seeds".to_owned(), |name| name.to_string_lossy().into_owned())
}

fn import_seeds(args: &SeedsImportArgs) -> Result<Exit> {
    let options = ImportOptions {
        steward: args.steward.clone(),
        country_claims: args.country.iter().map(ToString::to_string).collect(),
        exclude_wikipedia: !args.with_wikipedia,
        ..ImportOptions::new(args.source.as_deref().unwrap_or(&name_of(&args.path)))
    };
    let mut found = import::any(&args.path, &options).map_err(|error| unreadable(&error))?;
    found.seeds.sort();
    let lines = found.seeds.len();
    found.seeds.dedup();
    let file = write_parquet(&args.output, &found.seeds)
        .map_err(|error| anyhow!(RunError::refused(error.to_string(), error.hint())))?;
    let mut out = std::io::stdout().lock();
    tell_issues(&mut out, &found)?;
    writeln!(out, "{} seeds in {}, sha256 {}", found.seeds.len(), args.output.display(), file.sha256)?;
    let repeated = lines - found.seeds.len();
    if repeated > 0 {
        writeln!(out, "{repeated} lines said again what another had said")?;
    }
    if found.excluded > 0 {
        writeln!(out, "{} Wikipedia links left out: --with-wikipedia takes them", found.excluded)?;
    }
    Ok(if found.issues.is_empty() { Exit::Done } else { Exit::Findings })
}

fn tell_issues(out: &mut impl std::io::Write, found: &Imported) -> Result<()> {
    for issue in &found.issues {
        writeln!(out, "{}:{}: {}", issue.file, issue.line, issue.problem)?;
    }
    Ok(())
}

/// Findings that make a seed useless or ambiguous; the others are worth a look.
fn is_error(kind: FindingKind) -> bool {
    match kind {
        FindingKind::UnusableUrl
        | FindingKind::NotPublic
        | FindingKind::Duplicate
        | FindingKind::BadLanguageCode
        | FindingKind::BadCountryCode
        | FindingKind::TrainingWithoutProof => true,
        FindingKind::UrlInSeveralLanguages
        | FindingKind::HostInSeveralLanguages
        // The longer address wins, so this need not be a mistake.
        | FindingKind::TwoStewards
        | FindingKind::MissingLanguage
        | FindingKind::MissingSteward
        | FindingKind::MissingCountry => false,
    }
}

fn check_seeds(args: &SeedsCheckArgs) -> Result<Exit> {
    let options = ImportOptions::new(&name_of(&args.path));
    let found = import::any(&args.path, &options).map_err(|error| unreadable(&error))?;
    let findings = check(&found.seeds);
    let errors = found.issues.len() + findings.iter().filter(|finding| is_error(finding.kind)).count();
    let mut out = std::io::stdout().lock();
    if args.json {
        let issues: Vec<_> = found
            .issues
            .iter()
            .map(|issue| serde_json::json!({ "file": issue.file, "line": issue.line, "problem": issue.problem }))
            .collect();
        let report =
            serde_json::json!({ "seeds": found.seeds.len(), "issues": issues, "findings": findings });
        writeln!(out, "{report:#}")?;
    } else {
        tell_issues(&mut out, &found)?;
        let mut kinds: BTreeMap<bool, usize> = BTreeMap::new();
        for finding in &findings {
            let error = is_error(finding.kind);
            *kinds.entry(error).or_default() += 1;
            let level = if error { "error" } else { "warning" };
            writeln!(out, "{level}: {}: {}", finding.url, finding.message)?;
        }
        let warnings = kinds.get(&false).copied().unwrap_or(0);
        writeln!(out, "{} seeds: {errors} errors, {warnings} warnings", found.seeds.len())?;
    }
    Ok(if errors == 0 { Exit::Done } else { Exit::Findings })
}
