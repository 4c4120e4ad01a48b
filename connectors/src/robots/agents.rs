//! Which agents crawl for artificial intelligence: a list, versioned as data.
//!
//! `data/ai-agents.csv` is the list we ship. Its tokens are those of ai.robots.txt, in the form in which robots.txt
//! files are compared: what stands before the first space or slash.

use std::sync::{Arc, LazyLock};

use super::token;

const SHIPPED: &str = include_str!("../../data/ai-agents.csv");

/// What an agent fetches pages for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Purpose {
    /// To train models.
    Train,
    /// To hand data on to whoever trains.
    Data,
    /// To build a search engine that answers.
    Search,
    /// To answer the question of one person.
    Assistant,
    /// To act for one person.
    Agent,
    /// Nobody knows.
    Unknown,
}

impl Purpose {
    /// All purposes.
    pub const ALL: [Self; 6] =
        [Self::Train, Self::Data, Self::Search, Self::Assistant, Self::Agent, Self::Unknown];

    /// The word in the list.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Data => "data",
            Self::Search => "search",
            Self::Assistant => "assistant",
            Self::Agent => "agent",
            Self::Unknown => "unknown",
        }
    }

    /// The purpose of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|purpose| purpose.as_str() == word)
    }
}

/// One agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agent {
    /// Its product token, as its operator writes it.
    pub token: String,
    /// Who runs it; empty if unknown.
    pub operator: String,
    /// What for.
    pub purpose: Purpose,
}

/// A list of agents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentList {
    /// Its version: a date.
    pub version: String,
    /// The agents, by token in lower case.
    pub agents: Vec<Agent>,
}

/// A list that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the list of agents: {problem}")]
pub struct AgentListError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub problem: String,
}

static LIST: LazyLock<Arc<AgentList>> =
    LazyLock::new(|| Arc::new(AgentList::parse(SHIPPED).expect("a test reads the list that we ship")));

impl AgentList {
    /// The list that we ship.
    pub fn shipped() -> Arc<Self> {
        Arc::clone(&LIST)
    }

    /// Reads a list: comments (`# list,VERSION` says which it is), a header, then `token,operator,purpose`.
    pub fn parse(text: &str) -> Result<Self, AgentListError> {
        let mut version = None;
        let mut agents: Vec<Agent> = Vec::new();
        let mut header = true;
        for (index, line) in text.lines().enumerate() {
            let problem = |problem: String| AgentListError { line: index + 1, problem };
            if let Some(comment) = line.strip_prefix('#') {
                version = version.or_else(|| comment.trim().strip_prefix("list,").map(str::to_owned));
                continue;
            }
            if line.trim().is_empty() || std::mem::take(&mut header) {
                continue;
            }
            let fields: Vec<&str> = line.split(',').map(str::trim).collect();
            let [name, operator, purpose] = fields[..] else {
                return Err(problem(format!("{} fields instead of token,operator,purpose", fields.len())));
            };
            let purpose =
                Purpose::from_word(purpose).ok_or_else(|| problem(format!("`{purpose}` is no purpose")))?;
            if name.is_empty() || token(name.as_bytes()) != name.as_bytes() {
                return Err(problem(format!("`{name}` is no product token")));
            }
            agents.push(Agent { token: name.to_owned(), operator: operator.to_owned(), purpose });
        }
        let missing = || AgentListError { line: 1, problem: "no line `# list,VERSION`".to_owned() };
        let version = version.ok_or_else(missing)?;
        agents.sort_by_key(|agent| agent.token.to_ascii_lowercase());
        agents.dedup_by(|b, a| a.token.eq_ignore_ascii_case(&b.token));
        Ok(Self { version, agents })
    }

    /// The agents of that token, in any case.
    pub fn find(&self, token: &str) -> Option<&Agent> {
        fn lower(text: &str) -> impl Iterator<Item = u8> {
            text.bytes().map(|byte| byte.to_ascii_lowercase())
        }
        let found = self.agents.binary_search_by(|agent| lower(&agent.token).cmp(lower(token)));
        found.ok().map(|index| &self.agents[index])
    }

    /// The tokens, in lower case and in order, that words ask for: purposes and tokens, known or not.
    pub fn tokens<S: AsRef<str>>(&self, words: &[S]) -> Vec<String> {
        let mut tokens = Vec::new();
        for word in words {
            match Purpose::from_word(word.as_ref()) {
                Some(purpose) => tokens.extend(
                    self.agents
                        .iter()
                        .filter(|agent| agent.purpose == purpose)
                        .map(|agent| agent.token.to_ascii_lowercase()),
                ),
                None => tokens.push(word.as_ref().to_ascii_lowercase()),
            }
        }
        tokens.sort_unstable();
        tokens.dedup();
        tokens
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_list_is_sorted_and_knows_who_trains() {
        let list = AgentList::shipped();
        assert_eq!(list.version, "2026-08-22");
        assert!(list.agents.len() > 150);
        assert_eq!(SHIPPED.lines().filter(|line| !line.starts_with('#')).count(), list.agents.len() + 1);
        for (token, purpose) in
            [("ccbot", Purpose::Train), ("GPTBOT", Purpose::Train), ("PerplexityBot", Purpose::Search)]
        {
            assert_eq!(list.find(token).unwrap().purpose, purpose, "{token}");
        }
        assert_eq!(list.find("Googlebot"), None);
    }

    #[test]
    fn words_name_purposes_or_tokens() {
        let list = AgentList::shipped();
        let tokens = list.tokens(&["train", "Habari-Bot", "CCBot"]);
        assert!(tokens.is_sorted() && tokens.contains(&"habari-bot".to_owned()));
        assert_eq!(tokens.iter().filter(|token| *token == "ccbot").count(), 1);
        assert!(!tokens.contains(&"perplexitybot".to_owned()));
    }

    #[test]
    fn a_broken_list_says_where() {
        for (text, line) in [
            ("token,operator,purpose\n", 1),
            ("# list,1\ntoken,operator,purpose\nCCBot,train\n", 3),
            ("# list,1\ntoken,operator,purpose\nCCBot,Common Crawl,mafunzo\n", 3),
            ("# list,1\ntoken,operator,purpose\nCC Bot,,train\n", 3),
        ] {
            assert_eq!(AgentList::parse(text).unwrap_err().line, line, "{text}");
        }
    }
}
