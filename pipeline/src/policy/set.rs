//! A set of policies that may be trusted with a border.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use cedar_policy::ffi::DetailedError;
use cedar_policy::{
    ActionConstraint, Effect, Policy, PolicyId, PolicySet, ValidationMode, ValidationResult,
    ValidationWarning, Validator,
};

use super::decide::PolicyRef;
use super::lint;
use super::literals::Literals;
use super::report::{PolicyError, PolicyErrors, Spot};
use super::schema::{self, Action};

/// How far a rule may look: at the attributes of the principal and the resource it is asked about, never at those of
/// an entity it names itself, which might not be there.
const MAX_LOOKUPS: u32 = 1;

const BECAUSE_HINT: &str = "write @because(\"…\") above it: the words appear in reports and decisions";

const GRAMMAR_HINT: &str =
    "a policy ends in a semicolon; see https://docs.cedarpolicy.com/policies/syntax-grammar.html";

/// Policies that passed strict validation.
#[derive(Debug, Clone)]
pub struct Policies {
    set: PolicySet,
    rules: BTreeMap<String, Rule>,
    warnings: Vec<String>,
}

/// One policy.
#[derive(Debug, Clone)]
struct Rule {
    name: PolicyRef,
    /// Actions that its scope can match.
    actions: BTreeSet<Action>,
    effect: Effect,
    /// Cedar's JSON form with sorted keys.
    canonical: String,
}

/// One policy, for those who look at all of them.
pub(super) struct RuleView<'a> {
    pub(super) id: &'a str,
    /// Whether the id is its own, and not made from its place.
    pub(super) has_id: bool,
    pub(super) policy: &'a Policy,
    pub(super) actions: &'a BTreeSet<Action>,
    /// Cedar's JSON form.
    est: serde_json::Value,
}

impl RuleView<'_> {
    /// What it reads and names.
    pub(super) fn literals(&self) -> Literals {
        let mut literals = Literals::default();
        literals.add(&self.est);
        literals
    }
}

/// A policy on its way in: at which byte of which file it starts.
#[derive(Clone, Copy)]
struct Source<'a> {
    file: &'a str,
    text: &'a str,
    offset: usize,
}

impl Policies {
    /// Parses and validates policy files, given as `(name, text)`; names appear in errors and in ids.
    ///
    /// A policy's id is its `@id`, or `file#n` (n from 1, in the order of the file). Refused, besides what Cedar's strict
    /// validation refuses: a policy without `@because`, a policy that can never apply, one that looks at the attributes
    /// of an entity it names itself, templates, an id used twice, a value that no document can have (such as the
    /// country `UK`), and a set without any `permit` for `emit`.
    ///
    /// # Errors
    /// All reasons for which the set is refused. Kind: Config.
    pub fn load(files: &[(impl AsRef<str>, impl AsRef<str>)]) -> Result<Self, PolicyErrors> {
        let mut errors = Vec::new();
        let mut set = PolicySet::new();
        let mut rules: BTreeMap<String, Rule> = BTreeMap::new();
        let mut sources: BTreeMap<String, Source<'_>> = BTreeMap::new();
        for (file, text) in files {
            let (file, text) = (file.as_ref(), text.as_ref());
            for (number, (policy, offset)) in (1..).zip(parse(file, text, &mut errors)) {
                let source = Source { file, text, offset };
                let id = policy.annotation("id").map_or_else(|| format!("{file}#{number}"), str::to_owned);
                if id.is_empty() {
                    errors.push(
                        source.error("the policy's @id is empty", "write @id(\"a-name\"), or leave it out"),
                    );
                }
                if policy.annotation("because").is_none_or(|because| because.trim().is_empty()) {
                    errors.push(
                        source.error(&format!("policy `{id}` does not say why it is there"), BECAUSE_HINT),
                    );
                }
                if let Some(other) = sources.get(&id) {
                    let message = format!("the id `{id}` is taken by a policy in {}", other.file);
                    errors.push(source.error(&message, "give each policy an @id of its own"));
                    continue;
                }
                let policy = policy.new_id(PolicyId::new(&id));
                match canonical(&policy) {
                    Ok((est, canonical)) => {
                        errors.extend(lint::values(&est).into_iter().map(|finding| {
                            let message = format!("policy `{id}`: {}", finding.message);
                            source.at_literal(&finding.literal).error(&message, &finding.hint)
                        }));
                        rules.insert(id.clone(), Rule::of(&policy, &id, canonical));
                    }
                    Err(message) => errors.push(source.error(&message, GRAMMAR_HINT)),
                }
                if let Err(error) = set.add(policy) {
                    errors.push(source.error(&error.to_string(), "give each policy an @id of its own"));
                }
                sources.insert(id, source);
            }
        }
        let mut warnings = Vec::new();
        // What did not parse would only be reported twice.
        if errors.is_empty() {
            let result = Validator::new(schema::schema().clone()).validate_with_level(
                &set,
                ValidationMode::Strict,
                MAX_LOOKUPS,
            );
            (errors, warnings) = judge(&result, &sources);
        }
        let permits = |action| {
            rules.values().any(|rule| rule.effect == Effect::Permit && rule.actions.contains(&action))
        };
        if errors.is_empty() && !permits(Action::Emit) {
            errors.push(PolicyError {
                file: files.iter().map(|(file, _)| file.as_ref()).collect::<Vec<_>>().join(", "),
                spot: None,
                message: "no policy permits `emit`, so no node could ever receive a document".to_owned(),
                hint: Some("start from policies/residency.cedar".to_owned()),
            });
        }
        if !errors.is_empty() {
            return Err(PolicyErrors::new(errors));
        }
        if !permits(Action::Process) {
            warnings.push(
                "no policy permits `process`: every document would lose its text before anything is written"
                    .to_owned(),
            );
        }
        Ok(Self { set, rules, warnings })
    }

    /// What is worth a second look, though not wrong; in order.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Ids and reasons of all policies, by id.
    pub fn rules(&self) -> impl Iterator<Item = &PolicyRef> {
        self.rules.values().map(|rule| &rule.name)
    }

    /// Identifies the policies by what they say: 64 hex digits of the BLAKE3 over one line per policy, in order of id.
    /// A line is a JSON array of the id and of Cedar's JSON form of the policy with sorted keys, ended by a newline.
    /// White space, comments, file names (where policies have an `@id`) and order do not change it.
    pub fn digest(&self) -> String {
        Self::digest_of(self.rules.values())
    }

    /// As [`Policies::digest`], over only the policies whose scope can match `action`: a change to what may be emitted
    /// leaves the digest for `process`, and with it the keys of stage 1, as it was.
    pub fn digest_for(&self, action: Action) -> String {
        Self::digest_of(self.rules.values().filter(|rule| rule.actions.contains(&action)))
    }

    fn digest_of<'a>(rules: impl Iterator<Item = &'a Rule>) -> String {
        let mut hasher = blake3::Hasher::new();
        for rule in rules {
            hasher.update(rule.canonical.as_bytes());
            hasher.update(b"\n");
        }
        hasher.finalize().to_hex().to_string()
    }

    pub(super) fn cedar(&self) -> &PolicySet {
        &self.set
    }

    /// All policies, by id.
    pub(super) fn views(&self) -> Vec<RuleView<'_>> {
        let views = self.rules.iter().filter_map(|(id, rule)| {
            let policy = self.set.policy(&PolicyId::new(id))?;
            let est = policy.to_json().ok()?;
            let has_id = policy.annotation("id").is_some();
            Some(RuleView { id, has_id, policy, actions: &rule.actions, est })
        });
        views.collect()
    }

    /// What all policies read and name.
    pub(super) fn literals(&self) -> Literals {
        let mut literals = Literals::default();
        self.views().iter().for_each(|view| literals.add(&view.est));
        literals
    }

    /// Countries that rules name, of documents and of principals.
    pub fn countries_named(&self) -> std::collections::BTreeSet<String> {
        let literals = self.literals();
        literals.of_documents().into_iter().chain(literals.of_principals()).flatten().collect()
    }

    /// Name and reason of the policy with this id.
    pub(super) fn rule(&self, id: &str) -> Option<&PolicyRef> {
        self.rules.get(id).map(|rule| &rule.name)
    }

    /// A set that went past validation, to see what the second fence does.
    #[cfg(test)]
    pub(super) fn unchecked(text: &str) -> Self {
        let (mut set, mut rules) = (PolicySet::new(), BTreeMap::new());
        for (policy, _) in parse("unchecked", text, &mut Vec::new()) {
            let id = policy.annotation("id").unwrap().to_owned();
            let policy = policy.new_id(PolicyId::new(&id));
            rules.insert(id.clone(), Rule::of(&policy, &id, canonical(&policy).unwrap().1));
            set.add(policy).unwrap();
        }
        Self { set, rules, warnings: Vec::new() }
    }
}

impl Source<'_> {
    fn error(&self, message: &str, hint: &str) -> PolicyError {
        PolicyError {
            file: self.file.to_owned(),
            spot: Some(Spot::at(self.text, self.offset)),
            message: message.to_owned(),
            hint: Some(hint.to_owned()),
        }
    }

    /// The place of the first such string from here on; here, if it is written with escapes.
    fn at_literal(&self, literal: &str) -> Self {
        let found = self.text[self.offset..].find(&format!("\"{literal}\""));
        Self { offset: self.offset + found.unwrap_or(0), ..*self }
    }
}

impl Rule {
    fn of(policy: &Policy, id: &str, canonical: String) -> Self {
        let matches = |action: &Action| match policy.action_constraint() {
            ActionConstraint::Any => true,
            ActionConstraint::Eq(uid) => uid == action.uid(),
            ActionConstraint::In(uids) => uids.contains(&action.uid()),
        };
        let because = policy.annotation("because").unwrap_or_default().trim();
        Self {
            name: PolicyRef { id: Arc::from(id), because: Arc::from(because) },
            actions: Action::ALL.into_iter().filter(matches).collect(),
            effect: policy.effect(),
            canonical,
        }
    }
}

/// The policies of one file in its order, each with the byte where it starts.
fn parse(file: &str, text: &str, errors: &mut Vec<PolicyError>) -> Vec<(Policy, usize)> {
    let set: PolicySet = match text.parse() {
        Ok(set) => set,
        Err(found) => {
            errors.extend(found.iter().map(|error| {
                PolicyError::from_cedar(file, text, text.len(), &DetailedError::from(error), GRAMMAR_HINT)
            }));
            return Vec::new();
        }
    };
    if let Some(template) = set.templates().next() {
        let offset = text.find(&template.to_string()).unwrap_or(0);
        let hint = "name the principal and the resource in `when`";
        errors.push(Source { file, text, offset }.error("a template with slots is not a rule yet", hint));
        return Vec::new();
    }
    // Cedar names them policy0, policy1 … in the order of the file, and hands them out in another.
    let mut policies: Vec<Policy> = set.policies().cloned().collect();
    policies.sort_by_key(|policy| {
        policy.id().to_string().trim_start_matches("policy").parse::<usize>().unwrap_or(usize::MAX)
    });
    let mut cursor = 0;
    policies
        .into_iter()
        .map(|policy| {
            let written = policy.to_cedar().unwrap_or_default();
            let start = skip_trivia(text, cursor);
            cursor = start + if text[start..].starts_with(&written) { written.len() } else { 0 };
            (policy, start)
        })
        .collect()
}

/// The first byte from `cursor` on that is neither white space nor in a comment.
fn skip_trivia(text: &str, cursor: usize) -> usize {
    let mut rest = &text[cursor..];
    loop {
        rest = rest.trim_start();
        let Some(comment) = rest.strip_prefix("//") else { return text.len() - rest.len() };
        rest = comment.find('\n').map_or("", |newline| &comment[newline..]);
    }
}

/// Cedar's JSON form of a policy, and the line of it that digests take.
fn canonical(policy: &Policy) -> Result<(serde_json::Value, String), String> {
    let mut est = policy.to_json().map_err(|error| error.to_string())?;
    sort_keys(&mut est);
    let line = serde_json::to_string(&(policy.id().to_string(), &est)).map_err(|error| error.to_string())?;
    Ok((est, line))
}

/// Whatever order the map type of this build keeps, keys are sorted afterwards.
fn sort_keys(value: &mut serde_json::Value) {
    match value {
        serde_json::Value::Object(map) => {
            let sorted: BTreeMap<String, serde_json::Value> = std::mem::take(map).into_iter().collect();
            for (key, mut inner) in sorted {
                sort_keys(&mut inner);
                map.insert(key, inner);
            }
        }
        serde_json::Value::Array(items) => items.iter_mut().for_each(sort_keys),
        _ => {}
    }
}

/// Errors and warnings of a validation. A rule that can never apply is an error here: somebody believes in it.
fn judge(
    result: &ValidationResult,
    sources: &BTreeMap<String, Source<'_>>,
) -> (Vec<PolicyError>, Vec<String>) {
    let (mut errors, mut warnings) = (Vec::new(), Vec::new());
    let place = |id: &PolicyId, found: &DetailedError, hint: &str| {
        let id: &str = id.as_ref();
        match sources.get(id) {
            Some(source) => PolicyError::from_cedar(source.file, source.text, source.offset, found, hint),
            None => PolicyError::from_cedar(id, "", 0, found, hint),
        }
    };
    for error in result.validation_errors() {
        let hint =
            "what policies may speak of is listed in policies/kilim.cedarschema; nothing on it is optional";
        errors.push(place(error.policy_id(), &DetailedError::from(error), hint));
    }
    for warning in result.validation_warnings() {
        let found = DetailedError::from(warning);
        let dead = matches!(
            warning,
            ValidationWarning::ImpossiblePolicy(_) | ValidationWarning::InvalidActionApplication(_)
        );
        if dead {
            let hint = "it can never apply: correct its condition, or delete it";
            errors.push(place(warning.policy_id(), &found, hint));
        } else {
            warnings.push(place(warning.policy_id(), &found, "is this intended?").to_string());
        }
    }
    warnings.sort();
    (errors, warnings)
}

#[cfg(test)]
#[path = "set_tests.rs"]
mod tests;
