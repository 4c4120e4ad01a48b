//! robots.txt: who may crawl which paths, and what else its lines say.
//!
//! A parser of RFC 9309 that reads as forgivingly as Google's does, with lines of later proposals as kinds of their own
//! ([`Line`]): preferences and licences stand in these files now. Pure functions of bytes; where a body comes from, and
//! what a refusal means for anybody, is for others.
//!
//! Where two readings of a file are possible, both are made and the stricter counts:
//! - **Groups.** In the IETF drafts on AI preferences `Content-Usage` is a rule, so a `User-agent` line behind it begins a
//!   new group; to RFC 9309 it is a line nobody knows, and the group goes on ([`Reading`]).
//! - **Spelling.** `%62` in a rule is `b` in an address by RFC 9309, and is not to Google ([`Spelling`]).
//!
//! What the status of an answer means (RFC 9309, 2.3.1): a body counts after 2xx only. 4xx says that there are no rules.
//! 5xx says that nobody knows: a crawler must then stay away, but it is no word of the publisher about pages that were
//! crawled, so [`Availability::Unreachable`] is for the caller to weigh.
//!
//! ```
//! use kilim_connectors::robots::{Path, Robots};
//!
//! let robots = Robots::parse(b"User-agent: CCBot\nDisallow: /habari/\n\nUser-agent: *\nAllow: /");
//! assert!(!robots.allows("ccbot", &Path::of("https://mfano.co.ke/habari/leo")));
//! assert!(robots.allows("GPTBot", &Path::of("https://mfano.co.ke/habari/leo")));
//! ```

mod agents;
mod asked;
mod groups;
mod lines;
mod pattern;

pub use agents::{Agent, AgentList, AgentListError, Purpose};
pub use asked::{Asked, Followed};
pub use groups::{Group, Reading, Rule, Statement, Verdict};
pub use lines::{Line, lines};
pub use pattern::{Path, Pattern, Spelling};

/// Bytes of a body that are read: what RFC 9309 (2.5) asks parsers to read at least.
pub const MAX_BYTES: usize = 500 << 10;

/// The token of the group for everybody else.
pub const EVERYBODY: &str = "*";

/// What the status of an answer says about the rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Availability {
    /// 2xx: the body is the rules.
    Rules,
    /// 3xx: the rules are elsewhere.
    Moved,
    /// 4xx: there are none.
    NoRules,
    /// 5xx, and anything else: nobody knows.
    Unreachable,
}

impl Availability {
    /// By RFC 9309, 2.3.1.
    pub fn of(status: u16) -> Self {
        match status {
            200..300 => Self::Rules,
            300..400 => Self::Moved,
            400..500 => Self::NoRules,
            _ => Self::Unreachable,
        }
    }
}

/// A body, read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Robots {
    /// By RFC 9309.
    groups: Vec<Group>,
    /// By the drafts on AI preferences, where that gives other groups.
    aipref: Option<Vec<Group>>,
    /// What stands before any group: `Content-Usage` and `Content-Signal` for everybody.
    statements: Vec<Statement>,
    /// Addresses of licences.
    licenses: Vec<String>,
    /// The body was longer than [`MAX_BYTES`]; lines behind are not read.
    pub truncated: bool,
    /// The body is a web page: it has no rules.
    pub is_html: bool,
}

impl Robots {
    /// Reads a body. Anything is one: lines that make no sense say nothing.
    pub fn parse(body: &[u8]) -> Self {
        let (body, truncated) = within_limit(body);
        if looks_like_html(body) {
            return Self { truncated, is_html: true, ..Self::default() };
        }
        let mut rfc = groups::Grouping::new(Reading::Rfc9309);
        let mut aipref = groups::Grouping::new(Reading::Aipref);
        let mut licenses = Vec::new();
        let mut splits = false;
        for line in lines(body) {
            rfc.add(line);
            match line {
                Line::License(url) => licenses.push(String::from_utf8_lossy(url).into_owned()),
                Line::ContentUsage(_) => splits = true,
                _ => {}
            }
        }
        // Only `Content-Usage` can make the readings differ, and hardly any file has it.
        let aipref = splits.then(|| {
            lines(body).for_each(|line| aipref.add(line));
            aipref.finish()
        });
        let (groups, statements) = rfc.finish();
        Self {
            aipref: aipref.map(|(groups, _)| groups),
            groups,
            statements,
            licenses,
            truncated,
            is_html: false,
        }
    }

    /// A file put together again from what was kept of it: its groups by RFC 9309, those by AIPREF where they are others,
    /// what stands before any group, and its licences.
    pub fn of_parts(
        groups: Vec<Group>,
        aipref: Option<Vec<Group>>,
        statements: Vec<Statement>,
        licenses: Vec<String>,
    ) -> Self {
        Self { groups, aipref, statements, licenses, ..Self::default() }
    }

    /// The groups in one reading.
    pub fn groups(&self, reading: Reading) -> &[Group] {
        match (reading, &self.aipref) {
            (Reading::Aipref, Some(groups)) => groups,
            _ => &self.groups,
        }
    }

    /// The readings that have to be looked at.
    pub fn readings(&self) -> &'static [Reading] {
        if self.aipref.is_some() { &[Reading::Rfc9309, Reading::Aipref] } else { &[Reading::Rfc9309] }
    }

    /// What stands before any group.
    pub fn statements(&self) -> &[Statement] {
        &self.statements
    }

    /// The addresses that `License` lines give.
    pub fn licenses(&self) -> &[String] {
        &self.licenses
    }

    /// Whether there is nothing to follow.
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty() && self.statements.is_empty() && self.licenses.is_empty()
    }

    /// What the file says to an agent about a path: the stricter of the readings and spellings.
    pub fn verdict(&self, agent: &str, path: &Path<'_>) -> Verdict<'_> {
        let mut strictest = Verdict::default();
        for reading in self.readings() {
            let verdict = groups::verdict(self.groups(*reading), *reading, agent, path);
            if !verdict.allowed {
                return verdict;
            }
            if strictest.rule.is_none() {
                strictest = verdict;
            }
        }
        strictest
    }

    /// Whether an agent may crawl a path.
    pub fn allows(&self, agent: &str, path: &Path<'_>) -> bool {
        self.verdict(agent, path).allowed
    }
}

/// The product token in a `User-agent` value or an agent's name: letters, digits, `-`, `_` and `.` from its beginning.
///
/// RFC 9309 knows no digits and no dots, but agents have them: `AI2Bot`, `panscient.com`. `Foo Bar` is `Foo`, as to Google.
pub fn token(value: &[u8]) -> &[u8] {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    &value[..value.iter().position(|byte| !is_part(byte)).unwrap_or(value.len())]
}

/// The beginning of a body that is read: whole lines, since half a rule is another rule.
pub fn within_limit(body: &[u8]) -> (&[u8], bool) {
    if body.len() <= MAX_BYTES {
        return (body, false);
    }
    let end = memchr::memrchr2(b'\n', b'\r', &body[..MAX_BYTES]).map_or(MAX_BYTES, |end| end + 1);
    (&body[..end], true)
}

/// Whether a body is a web page, as servers send it that know no robots.txt: its first line begins with a tag.
pub fn looks_like_html(body: &[u8]) -> bool {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body).trim_ascii_start();
    matches!(body, [b'<', next, ..] if next.is_ascii_alphabetic() || matches!(next, b'!' | b'?'))
}

#[cfg(test)]
mod tests;
