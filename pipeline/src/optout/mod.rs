//! Reservations: what publishers and stewards say about training, from the page to the policy.
//!
//! Stage 1 reads what a page says about itself (`tag_optout`) and keeps the files of hosts on their `skipped` rows. The order
//! of records is nobody's choice: a robots.txt may stand behind its pages, or in another file. So stage 3 puts both
//! together ([`join`]), with the snapshot that the config honours ([`snapshot`]), and folds all evidence into `optout_train`.
//! [`delta`] says which documents of a finished run a newer snapshot takes away.
//!
//! Precedence, most telling first: the word of a steward whose seed says `training_ok: y` as owner or with the owner's
//! permission, and names evidence; then any reservation; then any permission. `optout_basis` names the signal that decided.

mod columns;
pub mod delta;
pub mod gather;
pub mod join;
pub mod snapshot;

use std::path::PathBuf;
use std::sync::Arc;

use kilim_connectors::robots::{AgentList, Purpose, token};
use kilim_connectors::signals::{Evidence, fold};

pub use columns::{EvidenceBuilder, evidence_at};

use crate::seal::NamedDigest;
use crate::step::{Resources, StepError};
use crate::steps::tag_optout::TagOptout;

/// Raised when stage 3 gives other evidence for the same rows, agents and snapshot.
pub const OPTOUT_VERSION: u32 = 1;

/// The signal that decides, as a column has it.
pub fn basis(evidence: &[Evidence]) -> Option<String> {
    fold(evidence).1.map(|index| evidence[index].signal_word())
}

/// What a run honours.
#[derive(Debug, Clone)]
pub struct Honoured {
    /// Tokens of the agents whose rules count, in lower case and in order.
    pub tokens: Vec<String>,
    /// Version of the list that they are from.
    pub list_version: String,
    /// The snapshot, if the config names one: its file and digest.
    pub snapshot: Option<(PathBuf, NamedDigest)>,
}

impl Honoured {
    /// What the step asks for.
    pub fn of(step: &TagOptout, resources: &Resources) -> Result<Self, StepError> {
        let list = agent_list(step, resources)?;
        let snapshot = match &step.snapshot {
            None => None,
            Some(path) => {
                let path = resources.path(path);
                let failed = |problem: String| StepError::File { path: path.clone(), problem };
                let header = snapshot::read_header(&path).map_err(|error| failed(error.to_string()))?;
                let blake3 = digest_of(&path).map_err(|error| failed(error.to_string()))?;
                let name = format!("opt-out snapshot {}", header.date);
                Some((path, NamedDigest { name, blake3 }))
            }
        };
        Ok(Self { tokens: tokens(step, &list)?, list_version: list.version.clone(), snapshot })
    }

    /// What stage 3 depends on.
    pub fn key(&self) -> String {
        let snapshot = self.snapshot.as_ref().map_or("", |(_, digest)| &digest.blake3);
        format!("{OPTOUT_VERSION} {} {} {snapshot}", self.list_version, self.tokens.join(","))
    }
}

/// The list of agents that the step reads.
pub fn agent_list(step: &TagOptout, resources: &Resources) -> Result<Arc<AgentList>, StepError> {
    let Some(path) = &step.list else { return Ok(AgentList::shipped()) };
    let wrong = |problem: String| StepError::File { path: resources.path(path), problem };
    AgentList::parse(&resources.read_text(path)?).map(Arc::new).map_err(|error| wrong(error.to_string()))
}

/// The tokens of the agents that the step asks for. A word that is nearly a purpose is a mistake: taken for a token, it would
/// let all that the purpose reserves through.
pub fn tokens(step: &TagOptout, list: &AgentList) -> Result<Vec<String>, StepError> {
    for word in &step.agents {
        if Purpose::from_word(word).is_some() || list.find(word).is_some() {
            continue;
        }
        let lower = word.to_ascii_lowercase();
        let near = Purpose::ALL.iter().find(|known| strsim::osa_distance(known.as_str(), &lower) <= 2);
        let hint = match near {
            Some(purpose) => format!("did you mean `{}`?", purpose.as_str()),
            None if token(word.as_bytes()) == word.as_bytes() => continue,
            None => "a token has letters, digits, `-`, `_` and `.` only".to_owned(),
        };
        return Err(StepError::Config {
            problem: format!("`{word}` is no agent and no purpose; {hint}"),
            hint: None,
        });
    }
    Ok(list.tokens(&step.agents))
}

/// Hex BLAKE3 of a file.
fn digest_of(path: &std::path::Path) -> std::io::Result<String> {
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(std::fs::File::open(path)?)?;
    Ok(hasher.finalize().to_hex().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_that_is_nearly_a_purpose_is_refused_and_other_tokens_are_taken() {
        let list = AgentList::shipped();
        let asked =
            |word: &str| tokens(&TagOptout { agents: vec![word.to_owned()], ..TagOptout::default() }, &list);
        for word in ["trian", "Train", "dta", "my bot"] {
            assert!(asked(word).is_err(), "{word}");
        }
        assert!(asked("trian").unwrap_err().to_string().contains("did you mean `train`?"));
        assert_eq!(asked("Habari-Bot").unwrap(), ["habari-bot"]);
        assert!(asked("train").unwrap().len() > 40);
    }
}
