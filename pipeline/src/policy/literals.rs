//! What rules speak of: the attributes they read, and the values they name.
//!
//! Read off Cedar's JSON form of a policy. It serves the finite picture of all documents that [`Space`](super::Space)
//! draws: a value that no rule names is as good as any other that no rule names.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::blocs::is_country_shaped;

/// Whose attribute a value is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Side {
    Principal,
    Document,
    /// Neither alone, or it cannot be told.
    Any,
}

/// What a set of policies reads and names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Literals {
    /// Attributes that are read, as `resource.mode`.
    pub(super) read: BTreeSet<String>,
    /// Texts that are named, by the attribute they are compared with; under "" where that is none alone.
    texts: BTreeMap<String, BTreeSet<String>>,
    /// Countries that documents are compared with, and the lists in which each stands.
    documents: BTreeMap<String, BTreeSet<Mention>>,
    /// Likewise of principals.
    principals: BTreeMap<String, BTreeSet<Mention>>,
    lists: usize,
}

/// What an expression is compared with.
#[derive(Debug, Clone)]
struct About {
    side: Side,
    /// The one attribute, or "".
    attribute: String,
}

/// A place where a country is named.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Mention {
    /// In the list of this number, whose members are all treated alike.
    List(usize),
    /// By itself, or in a list of which all members must be there.
    Alone(String),
}

impl Literals {
    /// Adds what one policy, in Cedar's JSON form, reads and names.
    pub(super) fn add(&mut self, policy: &Value) {
        self.walk(policy, &About { side: Side::Any, attribute: String::new() });
    }

    /// Adds what is in `other`.
    pub(super) fn extend(&mut self, other: &Self) {
        self.read.extend(other.read.iter().cloned());
        for (attribute, texts) in &other.texts {
            self.texts.entry(attribute.clone()).or_default().extend(texts.iter().cloned());
        }
        let offset = self.lists;
        let moved = |mention: &Mention| match mention {
            Mention::List(number) => Mention::List(number + offset),
            Mention::Alone(country) => Mention::Alone(country.clone()),
        };
        for (ours, theirs) in
            [(&mut self.documents, &other.documents), (&mut self.principals, &other.principals)]
        {
            for (country, mentions) in theirs {
                ours.entry(country.clone()).or_default().extend(mentions.iter().map(moved));
            }
        }
        self.lists += other.lists;
    }

    /// Whether a rule reads this attribute of documents.
    pub(super) fn reads(&self, attribute: &str) -> bool {
        self.read.contains(&format!("resource.{attribute}"))
    }

    /// Whether a rule reads this attribute of principals.
    pub(super) fn reads_principal(&self, attribute: &str) -> bool {
        self.read.contains(&format!("principal.{attribute}"))
    }

    /// Countries that documents are compared with, those together that every rule treats alike.
    pub(super) fn of_documents(&self) -> Vec<BTreeSet<String>> {
        alike(&self.documents)
    }

    /// Countries that principals are compared with, likewise.
    pub(super) fn of_principals(&self) -> Vec<BTreeSet<String>> {
        alike(&self.principals)
    }

    /// Texts that this attribute is compared with, or may be.
    pub(super) fn words(&self, attribute: &str) -> BTreeSet<String> {
        [attribute, ""].into_iter().filter_map(|key| self.texts.get(key)).flatten().cloned().collect()
    }

    fn walk(&mut self, value: &Value, about: &About) {
        match value {
            Value::Object(map) => {
                if let Some((var, attribute)) = attribute(value) {
                    self.read.insert(format!("{var}.{attribute}"));
                }
                self.entity(value);
                for (operator, operands) in map {
                    let (Some(left), Some(right)) = (operands.get("left"), operands.get("right")) else {
                        self.inner(operator, operands, about);
                        continue;
                    };
                    self.comparison(operator, left, right);
                }
            }
            Value::Array(items) => items.iter().for_each(|item| self.walk(item, about)),
            _ => {}
        }
    }

    fn comparison(&mut self, operator: &str, left: &Value, right: &Value) {
        let about = About::of(left, right);
        let alike = match operator {
            "containsAny" => [set(left), set(right)],
            "contains" | "containsAll" => [set(left), None],
            _ => [None, None],
        };
        for members in alike.iter().flatten() {
            self.lists += 1;
            let list = self.lists;
            for text in members {
                self.name(text, &about, Mention::List(list));
            }
        }
        for operand in [left, right] {
            if !alike.iter().flatten().any(|members| set(operand).as_ref() == Some(members)) {
                self.walk(operand, &about);
            }
        }
    }

    fn inner(&mut self, operator: &str, operands: &Value, about: &About) {
        // Annotations are words for people.
        if operator == "annotations" {
            return;
        }
        match operands.as_str() {
            Some(text) if operator == "Value" => self.name(text, about, Mention::Alone(text.to_owned())),
            _ => self.walk(operands, about),
        }
    }

    /// A principal that is named whole is named by its name, or by its jurisdiction.
    fn entity(&mut self, value: &Value) {
        let text = |key: &str| value.get(key).and_then(Value::as_str);
        let (attribute, id) = match (text("type"), text("id")) {
            (Some("Node"), Some(id)) => ("name", id),
            (Some("Place"), Some(id)) => ("jurisdiction", id),
            _ => return,
        };
        self.read.insert(format!("principal.{attribute}"));
        let about = About { side: Side::Principal, attribute: attribute.to_owned() };
        self.name(id, &about, Mention::Alone(id.to_owned()));
    }

    fn name(&mut self, text: &str, about: &About, mention: Mention) {
        self.texts.entry(about.attribute.clone()).or_default().insert(text.to_owned());
        if !is_country_shaped(text) {
            return;
        }
        if about.side != Side::Principal {
            self.documents.entry(text.to_owned()).or_default().insert(mention.clone());
        }
        if about.side != Side::Document {
            self.principals.entry(text.to_owned()).or_default().insert(mention);
        }
    }
}

impl About {
    /// What is read on either side of a comparison.
    fn of(left: &Value, right: &Value) -> Self {
        let (mut variables, mut attributes) = (BTreeSet::new(), BTreeSet::new());
        for operand in [left, right] {
            collect(operand, &mut variables, &mut attributes);
        }
        let only = |found: BTreeSet<&str>| match found.into_iter().collect::<Vec<_>>().as_slice() {
            [one] => (*one).to_owned(),
            _ => String::new(),
        };
        let side = match only(variables).as_str() {
            "principal" => Side::Principal,
            "resource" => Side::Document,
            _ => Side::Any,
        };
        Self { side, attribute: only(attributes) }
    }
}

/// Countries that are mentioned in the same places and nowhere alone, together.
fn alike(countries: &BTreeMap<String, BTreeSet<Mention>>) -> Vec<BTreeSet<String>> {
    let mut classes: BTreeMap<&BTreeSet<Mention>, BTreeSet<String>> = BTreeMap::new();
    for (country, mentions) in countries {
        classes.entry(mentions).or_default().insert(country.clone());
    }
    let mut classes: Vec<BTreeSet<String>> = classes.into_values().collect();
    classes.sort();
    classes
}

/// The variable and the attribute of an expression such as `resource.mode`.
fn attribute(expression: &Value) -> Option<(&str, &str)> {
    let access = expression.get(".")?;
    Some((access.pointer("/left/Var")?.as_str()?, access.get("attr")?.as_str()?))
}

/// Members of a set of text literals.
fn set(expression: &Value) -> Option<Vec<String>> {
    let items = expression.get("Set")?.as_array()?;
    items.iter().map(|item| Some(item.get("Value")?.as_str()?.to_owned())).collect()
}

/// Variables and attributes that an expression reads.
fn collect<'a>(value: &'a Value, variables: &mut BTreeSet<&'a str>, attributes: &mut BTreeSet<&'a str>) {
    match value {
        Value::Object(map) => {
            for (key, inner) in map {
                match (key.as_str(), inner.as_str()) {
                    ("Var", Some(name)) => {
                        variables.insert(name);
                    }
                    ("attr", Some(name)) => {
                        attributes.insert(name);
                    }
                    _ => collect(inner, variables, attributes),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, variables, attributes)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use cedar_policy::Policy;

    use super::*;

    fn literals(conditions: &[&str]) -> Literals {
        let mut all = Literals::default();
        for condition in conditions {
            let text =
                format!("@because(\"KE\") forbid (principal, action, resource) when {{ {condition} }};");
            all.add(&Policy::parse(None, text).unwrap().to_json().unwrap());
        }
        all
    }

    fn classes(of: &[BTreeSet<String>]) -> Vec<String> {
        of.iter().map(|class| class.iter().cloned().collect::<Vec<_>>().join(" ")).collect()
    }

    #[test]
    fn members_of_a_list_are_alike_until_one_is_named_alone() {
        let list = r#"resource.jurisdictions.containsAny(["DE", "FR", "GR"])"#;
        assert_eq!(classes(&literals(&[list]).of_documents()), ["DE FR GR"]);
        let alone = r#"resource.jurisdictions.contains("GR")"#;
        assert_eq!(classes(&literals(&[list, alone]).of_documents()), ["DE FR", "GR"]);
        let all = r#"resource.jurisdictions.containsAll(["DE", "FR"])"#;
        assert_eq!(classes(&literals(&[all]).of_documents()), ["DE", "FR"]);
        let overlapping = r#"["FR", "TN"].containsAll(resource.jurisdictions)"#;
        assert_eq!(classes(&literals(&[list, overlapping]).of_documents()), ["DE GR", "FR", "TN"]);
    }

    #[test]
    fn countries_of_principals_and_of_documents_are_kept_apart() {
        let found = literals(&[
            r#"resource.jurisdictions.contains("RU") && !["KE", "TZ"].contains(principal.jurisdiction)"#,
        ]);
        assert_eq!(classes(&found.of_documents()), ["RU"]);
        assert_eq!(classes(&found.of_principals()), ["KE TZ"]);
        assert!(found.reads("jurisdictions") && found.reads_principal("jurisdiction"));
        assert!(!found.reads("mode") && !found.reads_principal("accepts"));
    }

    #[test]
    fn words_are_found_wherever_they_stand_and_reasons_are_not_read() {
        let found = literals(&[
            r#"resource.community.contains("taita") && (if resource.personal then "a" else "b") == resource.steward"#,
        ]);
        let words = |attribute| found.words(attribute).into_iter().collect::<Vec<_>>();
        assert_eq!(words("community"), ["a", "b", "taita"]);
        // Both `personal` and `steward` stand beside `a` and `b`, so they may be values of anything.
        assert_eq!(words("steward"), ["a", "b"]);
        assert_eq!(words("source"), ["a", "b"]);
        assert_eq!(found.of_documents(), Vec::<BTreeSet<String>>::new());
        assert!(found.reads("steward") && found.reads("personal"));
    }

    #[test]
    fn two_sets_of_policies_together_keep_their_lists_apart() {
        let mut both = literals(&[r#"resource.jurisdictions.containsAny(["DE", "FR"])"#]);
        both.extend(&literals(&[r#"resource.jurisdictions.containsAny(["FR", "TN"])"#]));
        assert_eq!(classes(&both.of_documents()), ["DE", "FR", "TN"]);
    }
}
