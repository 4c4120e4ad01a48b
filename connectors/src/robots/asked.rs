//! What a file says to a list of agents: made once for a host, asked for every page of it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::groups::{Group, Reading, Rule, Statement, strictest};
use super::pattern::{Path, Spelling};
use super::{EVERYBODY, Robots};

/// Agents that are named one by one; of more, the number.
const NAMED_AGENTS: usize = 4;

/// The part of a file that a list of agents has to follow.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// Agents with the same rules, and these; only where something is refused at all.
    rules: Vec<(Followed, Vec<Rule>)>,
    /// What is said about use, likewise.
    statements: Vec<(Followed, Vec<Statement>)>,
}

/// Who follows the same groups.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Followed {
    /// Their tokens, joined by commas: up to four, then `+N`. [`EVERYBODY`] where they are not named.
    pub agents: String,
    /// The reading in which they do.
    pub reading: Reading,
}

impl Asked {
    /// What `robots` says to the agents of these tokens, in lower case and sorted. What it says about use is kept for
    /// everybody too: it is said to whoever has the page.
    pub fn new(robots: &Robots, tokens: &[String]) -> Self {
        let mut asked = Self::default();
        for reading in robots.readings() {
            let groups = robots.groups(*reading);
            for (followed, indices) in selections(groups, *reading, tokens) {
                let mut rules: Vec<Rule> =
                    indices.iter().flat_map(|index| groups[*index].rules.iter().cloned()).collect();
                if rules.iter().all(|rule| rule.allow) {
                    continue;
                }
                // The first that matches decides.
                rules.sort_by_key(|rule| (std::cmp::Reverse(rule.pattern.len()), !rule.allow));
                let known = |(other, others): &(Followed, Vec<Rule>)| {
                    other.agents == followed.agents && *others == rules
                };
                if !asked.rules.iter().any(known) {
                    asked.rules.push((followed, rules));
                }
            }
        }
        asked.add_statements(robots, tokens);
        asked
    }

    /// Signals stand in the groups of RFC 9309, which does not know them; usage makes groups of its own.
    fn add_statements(&mut self, robots: &Robots, tokens: &[String]) {
        let everybody = |reading| Followed { agents: EVERYBODY.to_owned(), reading };
        for (reading, is_usage) in [(Reading::Rfc9309, false), (Reading::Aipref, true)] {
            let groups = robots.groups(reading);
            let mut add = |followed: Followed, statements: &mut dyn Iterator<Item = &Statement>| {
                let of_kind: Vec<Statement> =
                    statements.filter(|statement| statement.is_usage == is_usage).cloned().collect();
                if !of_kind.is_empty() {
                    self.statements.push((followed, of_kind));
                }
            };
            add(everybody(reading), &mut robots.statements().iter());
            let names_everybody = |index: &usize| groups[*index].names(EVERYBODY);
            let of_everybody: Vec<usize> = (0..groups.len()).filter(names_everybody).collect();
            let mut is_told = false;
            for (followed, indices) in selections(groups, reading, tokens) {
                is_told |= indices == of_everybody;
                add(followed, &mut indices.iter().flat_map(|index| &groups[*index].statements));
            }
            // An agent that is named beside everybody may hear more elsewhere: that is not said to everybody.
            if !is_told {
                let statements = of_everybody.iter().flat_map(|index| &groups[*index].statements);
                add(everybody(reading), &mut { statements });
            }
        }
    }

    /// Bytes it takes, about.
    pub fn size(&self) -> usize {
        let rules = self.rules.iter().flat_map(|(_, rules)| rules).map(|rule| rule.pattern.len() + 64);
        let statements = self.statements.iter().flat_map(|(_, statements)| statements);
        rules.sum::<usize>()
            + statements.map(|said| said.pattern.len() + said.value.len() + 96).sum::<usize>()
    }

    /// Whether it says nothing about any path.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty() && self.statements.is_empty()
    }

    /// The rules that keep agents from a path: one for all agents that follow the same rules.
    pub fn refusals<'a>(&'a self, path: &'a Path<'_>) -> impl Iterator<Item = (&'a Followed, &'a Rule)> {
        self.rules.iter().filter_map(|(followed, rules)| match strictest(rules.iter(), path) {
            (false, Some(rule)) => Some((followed, rule)),
            _ => None,
        })
    }

    /// What is said about the use of a path: of those for the same agents the ones with the longest pattern that
    /// matches.
    pub fn statements<'a>(
        &'a self,
        path: &'a Path<'_>,
    ) -> impl Iterator<Item = (&'a Followed, &'a Statement)> {
        self.statements.iter().flat_map(move |(followed, statements)| {
            let matches = |statement: &&Statement| {
                let pattern = &statement.pattern;
                pattern.matches(path, Spelling::AsWritten) || pattern.matches(path, Spelling::Normal)
            };
            let longest = statements.iter().filter(matches).map(|statement| statement.pattern.len()).max();
            statements
                .iter()
                .filter(matches)
                .filter(move |statement| Some(statement.pattern.len()) == longest)
                .map(move |statement| (followed, statement))
        })
    }
}

/// Which groups are followed by which agents, in the order of the groups.
fn selections(groups: &[Group], reading: Reading, tokens: &[String]) -> Vec<(Followed, Vec<usize>)> {
    let mut of_token: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    let mut of_everybody = Vec::new();
    for (index, group) in groups.iter().enumerate() {
        for agent in &group.agents {
            if agent == EVERYBODY {
                of_everybody.push(index);
            } else if tokens.binary_search(agent).is_ok() {
                let indices = of_token.entry(agent).or_default();
                if indices.last() != Some(&index) {
                    indices.push(index);
                }
            }
        }
    }
    of_everybody.dedup();
    let mut followers: BTreeMap<Vec<usize>, Vec<&str>> = BTreeMap::new();
    if of_token.len() < tokens.len() && !of_everybody.is_empty() {
        followers.insert(of_everybody, vec![EVERYBODY]);
    }
    for (token, indices) in of_token {
        followers.entry(indices).or_default().push(token);
    }
    followers
        .into_iter()
        .map(|(indices, agents)| (Followed { agents: joined(&agents), reading }, indices))
        .collect()
}

fn joined(agents: &[&str]) -> String {
    let mut text = agents[..agents.len().min(NAMED_AGENTS)].join(",");
    if agents.len() > NAMED_AGENTS {
        let _ = write!(text, ",+{}", agents.len() - NAMED_AGENTS);
    }
    text
}
