//! What a step is.
//!
//! A step has two halves: a config struct, which is what a steward writes, and a behaviour, which runs. A document
//! step looks at one document; a corpus step looks at all of them and is part of a stage's plan. Steps mark, they
//! never drop: [`Page::reject`] keeps the row with its reason.

use std::any::Any;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use kilim_langid::Identifier;

use crate::document::Page;

/// The behaviour of a document step. One instance works on one partition at a time, so it may keep scratch buffers.
pub trait DocumentStep: Send {
    /// Looks at one document and adds to it. Bad data is a reason on the page, never an error.
    fn apply(&mut self, page: &mut Page<'_>);
}

/// The config of a document step.
pub trait DocumentStepConfig {
    /// Raised whenever the step would give another result for the same document and config: part of the stage key.
    const VERSION: u32;

    /// Makes the behaviour. Called once per partition; what is dear to load comes from `resources`.
    fn build(&self, resources: &Resources) -> Result<Box<dyn DocumentStep>, StepError>;

    /// Digests of files the step reads (models, tables), as (what, digest) pairs: part of the stage key and of the
    /// manifest.
    fn digests(&self, _resources: &Resources) -> Result<Vec<(String, String)>, StepError> {
        Ok(Vec::new())
    }
}

/// A step could not be made ready.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// A file that the step needs could not be used.
    #[error("cannot use {path}: {problem}")]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The config asks for something that does not exist.
    #[error("{problem}")]
    Config {
        /// What is wrong.
        problem: String,
        /// What to write instead.
        hint: Option<String>,
    },
}

/// What steps share: models are loaded once per process.
pub struct Resources {
    base_dir: PathBuf,
    identifiers: Mutex<BTreeMap<String, Arc<dyn Identifier>>>,
    tables: Mutex<BTreeMap<String, Arc<dyn Any + Send + Sync>>>,
}

impl Resources {
    /// `base_dir` is the folder of the config: paths in a step are relative to it.
    pub fn new(base_dir: &Path) -> Self {
        Self { base_dir: base_dir.to_owned(), identifiers: Mutex::default(), tables: Mutex::default() }
    }

    /// `path` as seen from the config.
    pub fn path(&self, path: &Path) -> PathBuf {
        self.base_dir.join(path)
    }

    /// The bytes of a file that a config names.
    pub fn read(&self, path: &Path) -> Result<Vec<u8>, StepError> {
        let path = self.path(path);
        std::fs::read(&path).map_err(|error| StepError::File { path, problem: error.to_string() })
    }

    /// The text of a file that a config names; UTF-8.
    pub fn read_text(&self, path: &Path) -> Result<String, StepError> {
        let path = self.path(path);
        std::fs::read_to_string(&path).map_err(|error| StepError::File { path, problem: error.to_string() })
    }

    /// The identifier under `key`, loaded by `load` if this is the first time.
    pub fn identifier(
        &self,
        key: &str,
        load: impl FnOnce() -> Result<Arc<dyn Identifier>, StepError>,
    ) -> Result<Arc<dyn Identifier>, StepError> {
        let mut known = self.identifiers.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(found) = known.get(key) {
            return Ok(Arc::clone(found));
        }
        let loaded = load()?;
        known.insert(key.to_owned(), Arc::clone(&loaded));
        Ok(loaded)
    }

    /// What is under `key`, loaded by `load` if this is the first time. The key names the step and all that the result
    /// depends on.
    pub fn table<T: Any + Send + Sync>(
        &self,
        key: &str,
        load: impl FnOnce() -> Result<T, StepError>,
    ) -> Result<Arc<T>, StepError> {
        let mut known = self.tables.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(found) = known.get(key).and_then(|found| Arc::clone(found).downcast().ok()) {
            return Ok(found);
        }
        let loaded = Arc::new(load()?);
        known.insert(key.to_owned(), Arc::clone(&loaded) as Arc<dyn Any + Send + Sync>);
        Ok(loaded)
    }
}
