//! The keys of a run, read from their files before anything is written.

use super::error::RunError;
use crate::config::{CorpusConfig, Loaded};
use crate::proof::keys::read_salts;
use crate::proof::{SaltSecret, Salts, Signer};

/// The keys of a run.
#[derive(Debug)]
pub(super) struct Keys {
    /// Signs the nodes' versions; without it they are unsigned.
    pub(super) signer: Option<Signer>,
    /// Where the salts of the nodes come from.
    pub(super) salts: SaltSecret,
}

impl Keys {
    /// Reads the files that the config names.
    pub(super) fn read(loaded: &Loaded) -> Result<Self, RunError> {
        let config = &loaded.config;
        let signer = config.keys.signing.as_ref().map(|path| Signer::read(&loaded.base_dir.join(path)));
        let salts = match &config.keys.salts {
            Some(path) => SaltSecret::new(read_salts(&loaded.base_dir.join(path))?),
            None => SaltSecret::open(config.random_seed),
        };
        Ok(Self { signer: signer.transpose()?, salts })
    }

    /// The salts of a node.
    pub(super) fn salts_of(&self, config: &CorpusConfig, node: &str) -> Salts {
        self.salts.of_node(config.corpus.as_str(), node)
    }
}
