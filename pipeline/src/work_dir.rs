//! The work directory: what a run keeps between its stages.
//!
//! ```text
//! work/
//!   lock                   held by the run at work
//!   documents/KEY.parquet  rows of one split; KEY.json is its commit
//!   stages/KEY/            tables of stages 2 and 3: clusters, repeats, facts, placed, placements, routes; done.json is
//!                          their commit
//!   decisions/             the decision log of the last run over all its nodes, and the policies that it rests on
//!   commits/               what is known of the nodes' manifests
//!   removals.json          which removals list the files in documents/ are in line with
//!   ledger.json            the splits, stages and manifests of the last finished run
//!   run.json               host, times and threads of that run: for people, never part of an output
//!   openlineage.jsonl      what the last run did and when, finished or not, as events of OpenLineage; never part of an output
//!   tmp/                   spills, and shards on their way to an object store
//! ```
//!
//! `documents/` has texts and addresses as they were read, until `kilim gc` drops texts that the config's `retention:` no
//! longer keeps (the commit of the split says so), and `facts` the addresses, by which copies are ranked. Personal data
//! that nodes mask stands there and in no other file.
//!
//! What a killed run left unfinished is removed when the next one opens the directory: `tmp/`, temporary files, and the
//! folders of stages without their commit.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;
use tempfile::NamedTempFile;

/// The last file of a stage's folder: its tables are whole.
pub const STAGE_DONE: &str = "done.json";

/// The work directory of one config.
#[derive(Debug, Clone)]
pub struct WorkDir {
    root: PathBuf,
}

/// The work directory cannot be used. Kind: External.
#[derive(Debug, thiserror::Error)]
pub enum WorkDirError {
    /// The file system refused.
    #[error("cannot {action} {path}")]
    Io {
        /// `make`, `write`, …
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
    /// Another run holds the lock.
    #[error("another run is at work in {path}")]
    Busy {
        /// The work directory.
        path: PathBuf,
    },
}

/// Held while a run is at work; given back when dropped, also by a kill.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl WorkDir {
    /// The work directory at `root`, which need not exist yet.
    pub fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// Its path.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Rows of stage 1.
    pub fn documents(&self) -> PathBuf {
        self.root.join("documents")
    }

    /// Spills.
    pub fn tmp(&self) -> PathBuf {
        self.root.join("tmp")
    }

    fn stages(&self) -> PathBuf {
        self.root.join("stages")
    }

    /// Tables of the stage with `key`.
    pub fn stage(&self, key: &str) -> PathBuf {
        self.stages().join(key)
    }

    /// What is known of the nodes' manifests.
    pub fn commits(&self) -> PathBuf {
        self.root.join("commits")
    }

    /// What is known of the manifest in the version folder called `place`, of `node`.
    pub fn remembered(&self, node: &str, place: &str) -> PathBuf {
        let version = place.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        self.commits().join(format!("{node}-{version}.json"))
    }

    /// Which files are in line with which removals list.
    pub fn in_line(&self) -> PathBuf {
        self.root.join("removals.json")
    }

    /// The decision log of the last run.
    pub fn decisions(&self) -> PathBuf {
        self.root.join("decisions")
    }

    /// The ledger of the last finished run.
    pub fn ledger(&self) -> PathBuf {
        self.root.join("ledger.json")
    }

    /// Host, times and threads of that run.
    pub fn run_notes(&self) -> PathBuf {
        self.root.join("run.json")
    }

    /// The events of the last run, finished or not.
    pub fn lineage(&self) -> PathBuf {
        self.root.join("openlineage.jsonl")
    }

    /// Makes the folders and takes the lock. Leftovers of killed runs in `tmp` are removed.
    pub fn open(&self) -> Result<Lock, WorkDirError> {
        make_dir(&self.root)?;
        let lock = self.lock()?;
        for folder in [self.documents(), self.tmp(), self.stages(), self.decisions(), self.commits()] {
            make_dir(&folder)?;
        }
        for path in self.leftovers()? {
            remove(&path)?;
        }
        Ok(lock)
    }

    /// Takes the lock of a work directory that is there, and touches nothing else.
    pub fn lock(&self) -> Result<Lock, WorkDirError> {
        let path = self.root.join("lock");
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|source| WorkDirError::Io { action: "write", path: path.clone(), source })?;
        match file.try_lock() {
            Ok(()) => Ok(Lock { _file: file }),
            Err(TryLockError::WouldBlock) => Err(WorkDirError::Busy { path: self.root.clone() }),
            Err(TryLockError::Error(source)) => Err(WorkDirError::Io { action: "lock", path, source }),
        }
    }

    /// Removes the tables of stages 2 and 3, and what names them: the ledger and the head of the decision log go first.
    pub fn forget_stages(&self) -> Result<(), WorkDirError> {
        let named = [self.ledger(), self.decisions().join(crate::run::decision_log::HEAD_FILE)];
        for path in named.iter().filter(|path| path.exists()) {
            remove(path)?;
        }
        for stage in self.stage_folders()? {
            // A folder without its commit is a leftover; with it, and with half of its tables, it would not be.
            let done = stage.join(STAGE_DONE);
            if done.exists() {
                remove(&done)?;
            }
            remove(&stage)?;
        }
        Ok(())
    }

    /// What a killed run left beside what was committed; of use to nobody once the lock is taken.
    pub fn leftovers(&self) -> Result<Vec<PathBuf>, WorkDirError> {
        let mut found = Vec::new();
        for folder in [&self.root, &self.documents(), &self.decisions(), &self.commits()] {
            for path in entries(folder)? {
                // As `tempfile` names them.
                if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(".tmp")) {
                    found.push(path);
                }
            }
        }
        found.extend(self.stage_folders()?.into_iter().filter(|stage| !stage.join(STAGE_DONE).exists()));
        // Not the folder itself: it may be a link, or a disk of its own for spills.
        found.extend(entries(&self.tmp())?);
        Ok(found)
    }

    /// The folders of stages 2 and 3.
    pub fn stage_folders(&self) -> Result<Vec<PathBuf>, WorkDirError> {
        entries(&self.stages())
    }
}

/// What is in a folder, sorted; nothing if there is no such folder.
pub(crate) fn entries(folder: &Path) -> Result<Vec<PathBuf>, WorkDirError> {
    let read = || -> io::Result<Vec<PathBuf>> {
        let entries = match fs::read_dir(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
        paths.sort_unstable();
        Ok(paths)
    };
    read().map_err(|source| WorkDirError::Io { action: "read", path: folder.to_owned(), source })
}

/// Removes a file, or a folder and all in it.
pub(crate) fn remove(path: &Path) -> Result<(), WorkDirError> {
    let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    removed.map_err(|source| WorkDirError::Io { action: "remove", path: path.to_owned(), source })
}

fn make_dir(path: &Path) -> Result<(), WorkDirError> {
    fs::create_dir_all(path).map_err(|source| WorkDirError::Io {
        action: "make",
        path: path.to_owned(),
        source,
    })
}

/// Writes `value` as pretty JSON, whole or not at all.
pub fn write_json(path: &Path, value: &impl Serialize) -> Result<(), WorkDirError> {
    let io = |source| WorkDirError::Io { action: "write", path: path.to_owned(), source };
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = NamedTempFile::new_in(folder).map_err(io)?;
    serde_json::to_writer_pretty(&mut file, value).map_err(|error| io(error.into()))?;
    file.as_file().sync_all().map_err(io)?;
    file.persist(path).map_err(|error| io(error.error))?;
    Ok(())
}

/// Reads JSON that [`write_json`] wrote; `None` if there is none or it is of another shape.
pub fn read_json<T: DeserializeOwned>(path: &Path) -> Option<T> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}
