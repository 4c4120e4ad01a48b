//! The decisions beside a manifest, taken again.

use std::collections::BTreeMap;
use std::sync::Arc;

use kilim_connectors::store::{Location, Stores};

use super::{Verified, listed};
use crate::papers::residency::residency;
use crate::policy::{DecideError, DecisionRow, Policies, Tuple, read_log, replay, schema};
use crate::run::RunError;
use crate::seal::{MANIFEST_FILE, Manifest, ManifestResidency};

/// Reads the policies and decisions beside the manifest, and takes each decision again. Keyed by decision id.
pub(crate) async fn take_decisions_again(
    stores: &Stores,
    place: &Location,
    manifest: &Manifest,
    found: &mut Verified,
) -> Result<BTreeMap<String, DecisionRow>, RunError> {
    let mut files = Vec::new();
    for file in &manifest.policies {
        let Some(bytes) = listed(stores, place, &file.path, &file.sha256, found).await? else { continue };
        if file.path.ends_with(".cedarschema") {
            if bytes != schema::SCHEMA.as_bytes() {
                found.find(&file.path, "is not the schema of this engine's policies");
            }
            continue;
        }
        let name = file.path.rsplit('/').next().unwrap_or(&file.path).to_owned();
        files.push((name, String::from_utf8_lossy(&bytes).into_owned()));
    }
    let path = &manifest.decisions.path;
    let Some(bytes) = listed(stores, place, path, &manifest.decisions.sha256, found).await? else {
        return Ok(BTreeMap::new());
    };
    let (lines, mut problems) = read_log(&bytes);
    found.decisions = lines.len() as u64;
    match Policies::load(&files) {
        Err(errors) => found.find("policies", format!("are refused: {errors}")),
        Ok(policies) => {
            if policies.digest() != manifest.policies_digest {
                found.find("policies", "do not have the digest that the manifest names");
            }
            match replay(&lines, policies, std::slice::from_ref(&manifest.node.facts)) {
                Err(error) => found.find(path, error.to_string()),
                Ok(differ) => problems.extend(differ),
            }
        }
    }
    for problem in problems {
        found.find(path, problem.to_string());
    }
    for line in lines.iter().filter(|line| !line.row.allowed) {
        let problem =
            format!("line {}: decision {} does not allow its documents to be here", line.number, line.row.id);
        found.find(path, problem);
    }
    for line in &lines {
        let snapshot = line.row.grounds.optout_snapshot.as_ref();
        if let Some(snapshot) =
            snapshot.filter(|digest| manifest.models.iter().all(|model| model.blake3 != **digest))
        {
            let problem = format!(
                "line {}: rests on an opt-out snapshot {snapshot} that the manifest does not name",
                line.number
            );
            found.find(path, problem);
        }
    }
    let sum: u64 = lines.iter().map(|line| line.row.count).sum();
    if sum != manifest.rows {
        found.find(path, format!("counts {sum} rows, the manifest {}", manifest.rows));
    }
    found.lines = lines.iter().map(|line| (line.row.id.to_string(), line.number)).collect();
    Ok(lines.into_iter().map(|line| (line.row.id.to_string(), line.row)).collect())
}

/// Asks the policies again where the rows may be: some fifty questions for each distinct tuple, so only once all else holds.
pub(super) async fn residency_again(
    stores: &Stores,
    place: &Location,
    manifest: &Manifest,
    decisions: &BTreeMap<String, DecisionRow>,
    found: &mut Verified,
) -> Result<(), RunError> {
    match residency_of(stores, place, manifest, decisions.values()).await? {
        Some(Ok(again)) if again == manifest.residency => {}
        Some(Ok(_)) => found.find(MANIFEST_FILE, "residency is not what the policies beside it answer"),
        Some(Err(error)) => found.find(MANIFEST_FILE, error.to_string()),
        None => {}
    }
    Ok(())
}

/// Where rows that rest on these decisions may be, by the policies of the version at `place`; none if those cannot be read.
pub(crate) async fn residency_of(
    stores: &Stores,
    place: &Location,
    manifest: &Manifest,
    decisions: impl Iterator<Item = &DecisionRow>,
) -> Result<Option<Result<ManifestResidency, DecideError>>, RunError> {
    let mut files = Vec::new();
    for file in manifest.policies.iter().filter(|file| !file.path.ends_with(".cedarschema")) {
        let name = file.path.rsplit('/').next().unwrap_or(&file.path).to_owned();
        let bytes = stores.get(&place.join(&file.path)?).await?;
        files.push((name, String::from_utf8_lossy(&bytes).into_owned()));
    }
    let Ok(policies) = Policies::load(&files) else { return Ok(None) };
    let tuples: Vec<&Tuple> = decisions.map(|row| &row.attributes).collect();
    Ok(Some(residency(&Arc::new(policies), &manifest.node.facts, &manifest.runs_at, &tuples)))
}
