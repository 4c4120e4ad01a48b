//! `openlineage.jsonl` of the work directory: what the last run did and when, as events of OpenLineage 2-0-2.
//!
//! One START and one COMPLETE or FAIL for the run and for each of its stages, as they happen, with the times of the clock. It is
//! part of no output and of no key, as `run.json` is not. A run that was killed leaves a START alone. The hashed paper of
//! each version is `papers/openlineage.rs`.

use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};

use super::error::RunError;
use super::prepare::Prepared;
use crate::papers::openlineage::{NAMESPACE, engine_facet, event, facet, input_name, job_type_facet, lines};
use crate::seal::{InputDigest, identity};
use crate::work_dir::{WorkDir, WorkDirError};

/// The events of one run. Threads may share it, though a run's stages follow each other.
pub(super) struct Lineage {
    path: PathBuf,
    corpus: String,
    run_id: String,
    state: Mutex<State>,
}

struct State {
    file: File,
    /// The stage at work, and the id of its run.
    stage: Option<(&'static str, String)>,
}

impl Lineage {
    /// Begins the file anew, with the START of the run.
    pub(super) fn start(work_dir: &WorkDir, prepared: &Prepared) -> Result<Self, RunError> {
        let path = work_dir.lineage();
        let file = File::create(&path).map_err(|source| WorkDirError::Io {
            action: "write",
            path: path.clone(),
            source,
        })?;
        let corpus = prepared.config.corpus.to_string();
        let lineage =
            Self { run_id: fresh_id(&corpus), path, corpus, state: Mutex::new(State { file, stage: None }) };
        lineage.write("START", None, None, &[], &[])?;
        Ok(lineage)
    }

    /// The stage before is done, and this one begins.
    pub(super) fn stage(&self, name: &'static str) -> Result<(), RunError> {
        self.stage_done(&[], &[])?;
        let id = fresh_id(name);
        self.write("START", Some((name, &id)), None, &[], &[])?;
        self.lock().stage = Some((name, id));
        Ok(())
    }

    /// The stage at work is done: what it read, and what it made (namespace and name, rows).
    pub(super) fn stage_done(
        &self,
        inputs: &[InputDigest],
        outputs: &[(String, u64)],
    ) -> Result<(), RunError> {
        let Some((name, id)) = self.lock().stage.take() else { return Ok(()) };
        self.write("COMPLETE", Some((name, &id)), None, inputs, outputs)
    }

    /// The run is done.
    pub(super) fn done(&self) -> Result<(), RunError> {
        self.stage_done(&[], &[])?;
        self.write("COMPLETE", None, None, &[], &[])
    }

    /// The run failed, in the stage at work. What it failed of counts more than a line that cannot be written.
    pub(super) fn failed(&self, error: &RunError) {
        let message = error.to_string();
        let stage = self.lock().stage.take();
        let stage = stage.as_ref().map(|(name, id)| (*name, id.as_str()));
        let written = match stage {
            Some(stage) => self.write("FAIL", Some(stage), Some(&message), &[], &[]),
            None => Ok(()),
        };
        if let Err(error) = written.and_then(|()| self.write("FAIL", None, Some(&message), &[], &[])) {
            tracing::warn!("{error}");
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(
        &self,
        kind: &str,
        stage: Option<(&str, &str)>,
        problem: Option<&str>,
        inputs: &[InputDigest],
        outputs: &[(String, u64)],
    ) -> Result<(), RunError> {
        let mut facets = json!({ "processing_engine": engine_facet() });
        let (name, id) = match stage {
            None => (self.corpus.clone(), self.run_id.as_str()),
            Some((stage, id)) => {
                let parent = json!({
                    "run": { "runId": self.run_id },
                    "job": { "namespace": NAMESPACE, "name": self.corpus },
                });
                facets["parent"] = facet("1-2-0", "ParentRunFacet", parent);
                (format!("{}.{stage}", self.corpus), id)
            }
        };
        if let Some(message) = problem {
            let fields = json!({ "message": message, "programmingLanguage": "Rust" });
            facets["errorMessage"] = facet("1-0-1", "ErrorMessageRunFacet", fields);
        }
        let run = json!({ "runId": id, "facets": facets });
        let kind_of_job = job_type_facet(if stage.is_some() { "TASK" } else { "JOB" });
        let job = json!({ "namespace": NAMESPACE, "name": name, "facets": { "jobType": kind_of_job } });
        let inputs: Vec<Value> = inputs.iter().map(|input| self.input(input)).collect();
        let outputs: Vec<Value> = outputs.iter().map(|(name, rows)| self.output(name, *rows)).collect();
        let now = jiff::Timestamp::now().to_string();
        let line = lines(&[event(kind, &now, &run, &job, &inputs, &outputs)]);
        let mut state = self.lock();
        let written = state.file.write_all(&line);
        written.map_err(|source| WorkDirError::Io { action: "write", path: self.path.clone(), source }.into())
    }

    fn input(&self, input: &InputDigest) -> Value {
        let (namespace, name) = input_name(&self.corpus, &input.name);
        let statistics = json!({ "rowCount": input.records, "size": input.bytes, "fileCount": 1 });
        let statistics = facet("1-0-0", "InputStatisticsInputDatasetFacet", statistics);
        json!({ "namespace": namespace, "name": name, "inputFacets": { "inputStatistics": statistics } })
    }

    fn output(&self, node: &str, rows: u64) -> Value {
        let statistics = facet("1-0-2", "OutputStatisticsOutputDatasetFacet", json!({ "rowCount": rows }));
        json!({
            "namespace": NAMESPACE,
            "name": format!("{}/{node}", self.corpus),
            "outputFacets": { "outputStatistics": statistics },
        })
    }
}

/// An id that no other run has: of the clock, the process and a count.
fn fresh_id(about: &str) -> String {
    static COUNT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
    let count = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let now = jiff::Timestamp::now().as_nanosecond();
    identity::uuid(
        blake3::hash(format!("{about} {now} {} {count}", std::process::id()).as_bytes()).as_bytes(),
    )
}
