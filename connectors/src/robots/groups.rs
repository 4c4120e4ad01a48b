//! Groups of rules, and which of them an agent has to follow.

use super::lines::Line;
use super::pattern::{Path, Pattern, Spelling};
use super::{EVERYBODY, token};

/// Which lines end the list of agents of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Reading {
    /// `Allow` and `Disallow`.
    #[default]
    Rfc9309,
    /// `Content-Usage` too, as in draft-ietf-aipref-attach.
    Aipref,
}

impl Reading {
    /// A word for evidence.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rfc9309 => "rfc9309",
            Self::Aipref => "aipref",
        }
    }
}

/// `Allow` or `Disallow`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Which of the two.
    pub allow: bool,
    /// The paths it is about.
    pub pattern: Pattern,
}

/// A line about use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// `Content-Usage`, or else `Content-Signal`.
    pub is_usage: bool,
    /// The paths it is about; empty for all.
    pub pattern: Pattern,
    /// What it says of them.
    pub value: String,
}

impl Statement {
    /// A value may begin with a path.
    pub(super) fn new(is_usage: bool, value: &[u8]) -> Self {
        let (path, rest) = match value.first() {
            Some(b'/' | b'*') => {
                value.split_at(value.iter().position(u8::is_ascii_whitespace).unwrap_or(value.len()))
            }
            _ => (&value[..0], value),
        };
        let value = String::from_utf8_lossy(rest.trim_ascii()).into_owned();
        Self { is_usage, pattern: Pattern::new(path), value }
    }
}

/// Agents, and what they are told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Group {
    /// Tokens in lower case; [`EVERYBODY`] for all that are not named anywhere.
    pub agents: Vec<String>,
    /// Rules, in order.
    pub rules: Vec<Rule>,
    /// What is said about use, in order.
    pub statements: Vec<Statement>,
}

impl Group {
    /// Whether it names an agent.
    pub fn names(&self, agent: &str) -> bool {
        self.agents.iter().any(|token| token.eq_ignore_ascii_case(agent))
    }
}

/// Makes groups of lines.
pub(super) struct Grouping {
    reading: Reading,
    groups: Vec<Group>,
    before: Vec<Statement>,
    /// Rules have begun: the next agent begins a group.
    closed: bool,
}

impl Grouping {
    pub(super) fn new(reading: Reading) -> Self {
        Self { reading, groups: Vec::new(), before: Vec::new(), closed: true }
    }

    pub(super) fn add(&mut self, line: Line<'_>) {
        match line {
            Line::UserAgent(value) => {
                if self.closed {
                    self.groups.push(Group::default());
                    self.closed = false;
                }
                let agents = &mut self.groups.last_mut().expect("a group was opened").agents;
                match value {
                    [b'*'] => agents.push(EVERYBODY.to_owned()),
                    [b'*', next, ..] if next.is_ascii_whitespace() => agents.push(EVERYBODY.to_owned()),
                    _ => agents.push(String::from_utf8_lossy(token(value)).to_ascii_lowercase()),
                }
            }
            Line::Allow(value) => self.rule(true, value),
            Line::Disallow(value) => self.rule(false, value),
            Line::ContentUsage(value) => {
                self.statement(Statement::new(true, value));
                self.closed |= self.reading == Reading::Aipref;
            }
            Line::ContentSignal(value) => self.statement(Statement::new(false, value)),
            Line::Sitemap(_) | Line::CrawlDelay(_) | Line::License(_) | Line::Other { .. } => {}
        }
    }

    fn rule(&mut self, allow: bool, value: &[u8]) {
        let Some(group) = self.groups.last_mut() else { return };
        self.closed = true;
        // An empty rule is no rule, but its group is a group.
        if value.is_empty() {
            return;
        }
        group.rules.push(Rule { allow, pattern: Pattern::new(value) });
        if !allow {
            return;
        }
        // To Google /a/index.html is /a/ as well, where that is allowed.
        let Some(slash) = memchr::memrchr(b'/', value) else { return };
        if value[slash..].starts_with(b"/index.htm") {
            let folder = [&value[..=slash], b"$"].concat();
            group.rules.push(Rule { allow, pattern: Pattern::new(&folder) });
        }
    }

    fn statement(&mut self, statement: Statement) {
        match self.groups.last_mut() {
            Some(group) => group.statements.push(statement),
            None => self.before.push(statement),
        }
    }

    /// The groups, and what stands before them.
    pub(super) fn finish(self) -> (Vec<Group>, Vec<Statement>) {
        (self.groups, self.before)
    }
}

/// What a file says to an agent about a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict<'a> {
    /// Whether the agent may crawl it.
    pub allowed: bool,
    /// The rule that says so; none where none applies.
    pub rule: Option<&'a Rule>,
    /// The reading in which it does.
    pub reading: Reading,
}

impl Default for Verdict<'_> {
    fn default() -> Self {
        Self { allowed: true, rule: None, reading: Reading::Rfc9309 }
    }
}

/// The groups that an agent has to follow: those that name it, or else those for everybody.
pub(super) fn of_agent<'a>(groups: &'a [Group], agent: &str) -> impl Iterator<Item = &'a Group> + Clone {
    let token = if groups.iter().any(|group| group.names(agent)) { agent } else { EVERYBODY };
    let token = token.to_owned();
    groups.iter().filter(move |group| group.names(&token))
}

pub(super) fn verdict<'a>(
    groups: &'a [Group],
    reading: Reading,
    agent: &str,
    path: &Path<'_>,
) -> Verdict<'a> {
    let rules = of_agent(groups, agent).flat_map(|group| &group.rules);
    let (allowed, rule) = strictest(rules, path);
    Verdict { allowed, rule, reading }
}

/// The deciding rule, in the spelling in which it is stricter.
pub(super) fn strictest<'a>(
    rules: impl Iterator<Item = &'a Rule> + Clone,
    path: &Path<'_>,
) -> (bool, Option<&'a Rule>) {
    let written = deciding(rules.clone(), path, Spelling::AsWritten);
    let refused = |rule: Option<&Rule>| rule.is_some_and(|rule| !rule.allow);
    if refused(written) || path.is_plain() && rules.clone().all(|rule| rule.pattern.is_plain()) {
        return (!refused(written), written);
    }
    let normal = deciding(rules, path, Spelling::Normal);
    if refused(normal) { (false, normal) } else { (true, written.or(normal)) }
}

/// The longest rule that matches; `Allow` where two are as long.
fn deciding<'a>(
    rules: impl Iterator<Item = &'a Rule>,
    path: &Path<'_>,
    spelling: Spelling,
) -> Option<&'a Rule> {
    let mut best: Option<&Rule> = None;
    for rule in rules {
        let weight = |rule: &Rule| (rule.pattern.len(), rule.allow);
        if best.is_none_or(|best| weight(rule) > weight(best)) && rule.pattern.matches(path, spelling) {
            best = Some(rule);
        }
    }
    best
}
