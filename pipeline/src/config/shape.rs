//! Compares a config with the JSON Schema of its types and says everything that does not fit.
//!
//! The schema is made from the same types that later read the config, and it is what editors use, so the three
//! cannot disagree. This is no general JSON Schema validator: it knows the forms that `schemars` gives for our
//! types, and passes over what it does not know; the typed reader comes last and refuses the rest. What it adds is
//! the exact place, a suggestion, and that it does not stop at the first mistake.

use std::ops::Range;
use std::path::Path;
use std::str::FromStr;

use serde_json::{Map, Value as Json};

use super::diagnostic::{Diagnostic, code, nearest};
use super::forms::{check_format, check_path, has_type, list, map_values, range_words, words};
use super::tree::{Node, Value};
use super::types::VERSION;
use super::values::{NodeName, ValueError};

/// Compares `root` with `schema`. Files that the config names are looked for below `base_dir`.
pub(crate) fn check(schema: &Json, root: &Node, base_dir: &Path, found: &mut Vec<Diagnostic>) {
    let mut checker = Checker { schema, base_dir, found, path: Vec::new(), owner: root.anchor() };
    checker.node(schema, root);
}

struct Checker<'a> {
    schema: &'a Json,
    base_dir: &'a Path,
    found: &'a mut Vec<Diagnostic>,
    path: Vec<String>,
    /// The key or item that holds the node being looked at.
    owner: Range<usize>,
}

impl<'a> Checker<'a> {
    fn node(&mut self, schema: &'a Json, node: &Node) {
        let schema = self.resolve(schema);
        if let Some(branches) = schema.get("anyOf").and_then(Json::as_array) {
            return self.any_of(branches, node);
        }
        if let Some(variants) = schema.get("oneOf").and_then(Json::as_array) {
            let objects: Vec<_> = variants.iter().map(|variant| self.resolve(variant)).collect();
            if objects.iter().all(|variant| has_type(variant, "object")) {
                return self.one_key(&objects, node);
            }
        }
        let words = words(schema);
        if !words.is_empty() {
            return self.word(&words, node);
        }
        if has_type(schema, "null") && node.is_null() {
            return;
        }
        if has_type(schema, "object") {
            self.object(schema, node);
        } else if has_type(schema, "array") {
            self.array(schema, node);
        } else if schema.get("type").is_some() {
            self.scalar(schema, node);
        }
    }

    fn resolve(&self, schema: &'a Json) -> &'a Json {
        let target =
            schema.get("$ref").and_then(Json::as_str).and_then(|reference| reference.strip_prefix('#'));
        match target.and_then(|pointer| self.schema.pointer(pointer)) {
            Some(target) => self.resolve(target),
            None => schema,
        }
    }

    /// An optional value, or one of several forms: the form is chosen by what is written.
    fn any_of(&mut self, branches: &'a [Json], node: &Node) {
        let forms: Vec<_> = branches.iter().map(|branch| self.resolve(branch)).collect();
        if node.is_null() && forms.iter().any(|form| has_type(form, "null")) {
            return;
        }
        let kinds: &[&str] = match node.value {
            Value::Scalar { .. } => &["string", "number", "integer", "boolean"],
            Value::List(_) => &["array"],
            Value::Map(_) => &["object"],
        };
        let (alike, other): (Vec<_>, Vec<_>) = forms
            .into_iter()
            .partition(|form| kinds.iter().any(|kind| has_type(form, kind)) || !words(form).is_empty());
        // The first form that fits; if none does, what the likeliest form says.
        let before = self.found.len();
        let mut said: Option<Vec<Diagnostic>> = None;
        for form in
            alike.into_iter().chain(other).filter(|form| !has_type(form, "null") || form["type"].is_array())
        {
            self.node(form, node);
            let errors = self.found.split_off(before);
            if errors.is_empty() {
                return;
            }
            said.get_or_insert(errors);
        }
        self.found.extend(said.into_iter().flatten());
    }

    /// A map with one key that names its kind: a source, or a step with its optional `id`.
    fn one_key(&mut self, variants: &[&'a Json], node: &Node) {
        let is_step = self.path.first().is_some_and(|first| first == "steps");
        let (what, example) =
            if is_step { ("step", "extract_html: {}") } else { ("kind", "warc: { paths: [...] }") };
        let kinds: Vec<(&str, &'a Json)> = variants
            .iter()
            .filter_map(|variant| Some((variant.get("required")?.get(0)?.as_str()?, *variant)))
            .collect();
        let Value::Map(entries) = &node.value else {
            let named = node.text().filter(|text| kinds.iter().any(|(kind, _)| kind == text));
            let hint = named.map_or(format!("write `{example}`"), |name| format!("write `{name}: {{}}`"));
            self.wrong_type(&format!("a map with one {what}"), node, Some(hint));
            return;
        };
        let mut named: Option<Range<usize>> = None;
        let mut unknown = false;
        for (key, value) in entries {
            if let Some((_, variant)) = kinds.iter().find(|(kind, _)| *kind == key.text) {
                if let Some(first) = &named {
                    let message = format!("two {what}s in one entry");
                    let finding = Diagnostic::error(code::NOT_ONE_KIND, message, key.range.clone());
                    let finding = finding.label(first.clone(), "the first is here");
                    self.found.push(finding.hint(format!("give `{}` an entry of its own", key.text)));
                } else {
                    named = Some(key.range.clone());
                }
                self.below(&key.text, &variant["properties"][&key.text], value, key.range.clone());
                continue;
            }
            let shared = kinds.iter().find_map(|(_, variant)| variant["properties"].get(&key.text));
            if let Some(shared) = shared {
                self.below(&key.text, shared, value, key.range.clone());
                continue;
            }
            unknown = true;
            let known = kinds.iter().map(|(kind, _)| *kind);
            let message = format!("unknown {what} `{}`", key.text);
            let hint = nearest(&key.text, known.clone()).map_or_else(
                || format!("known are {}", list(known)),
                |suggestion| format!("did you mean `{suggestion}`?"),
            );
            self.found.push(Diagnostic::error(code::UNKNOWN_KIND, message, key.range.clone()).hint(hint));
        }
        if named.is_none() && !unknown {
            let message = format!("no {what} is named here");
            let finding = Diagnostic::error(code::NOT_ONE_KIND, message, node.anchor());
            self.found.push(finding.hint(format!("write `{example}`")));
        }
    }

    fn object(&mut self, schema: &'a Json, node: &Node) {
        let Value::Map(entries) = &node.value else {
            let hint = match self.path.last() {
                Some(name) if node.is_null() => Some(format!("write `{name}: {{}}` to take every default")),
                _ => None,
            };
            self.wrong_type("a map", node, hint);
            return;
        };
        if let Some((values, by_name)) = map_values(schema) {
            self.min_length(schema, if by_name { "minProperties" } else { "" }, entries.len(), node);
            for (key, value) in entries {
                if let Err(error) = NodeName::from_str(&key.text)
                    && by_name
                {
                    self.bad_value(code::BAD_VALUE, error, key.range.clone());
                }
                self.below(&key.text, values, value, key.range.clone());
            }
            return;
        }
        let empty = Map::new();
        let fields = schema.get("properties").and_then(Json::as_object).unwrap_or(&empty);
        for (key, value) in entries {
            if self.path.is_empty() && key.text == "version" {
                self.version(value);
            } else if let Some(field) = schema.get("properties").and_then(|fields| fields.get(&key.text)) {
                self.below(&key.text, field, value, key.range.clone());
            } else if schema.get("additionalProperties") == Some(&Json::Bool(false)) {
                let message = format!("unknown field `{}`", key.text);
                let known = fields.keys().map(String::as_str);
                let hint = match nearest(&key.text, known.clone()) {
                    Some(suggestion) => format!("did you mean `{suggestion}`?"),
                    None if fields.is_empty() => "nothing can be set here".to_owned(),
                    None => format!("known are {}", list(known)),
                };
                self.found
                    .push(Diagnostic::error(code::UNKNOWN_FIELD, message, key.range.clone()).hint(hint));
            }
        }
        let required = schema.get("required").and_then(Json::as_array).into_iter().flatten();
        for name in required.filter_map(Json::as_str) {
            if node.get(name).is_none() {
                let message = format!("`{name}` is missing");
                let mut finding = Diagnostic::error(code::MISSING_FIELD, message, self.owner.clone());
                let says = fields.get(name).and_then(|field| field.get("description")).and_then(Json::as_str);
                if let Some(says) = says {
                    finding = finding.hint(format!("{name}: {}", says.replace('\n', " ")));
                }
                self.found.push(finding);
            }
        }
    }

    fn array(&mut self, schema: &'a Json, node: &Node) {
        let Value::List(items) = &node.value else {
            let hint = node.text().filter(|text| !text.is_empty()).map(|text| format!("write `[{text}]`"));
            self.wrong_type("a list", node, hint);
            return;
        };
        self.min_length(schema, "minItems", items.len(), node);
        let unique = schema.get("uniqueItems") == Some(&Json::Bool(true));
        for (index, item) in items.iter().enumerate() {
            if let Some(first) = items[..index].iter().find(|earlier| unique && earlier.value == item.value) {
                let message = format!("`{}` is listed twice", item.text().unwrap_or_default());
                let finding = Diagnostic::error(code::REPEATED_ITEM, message, item.range.clone()).warning();
                self.found.push(finding.label(first.range.clone(), "first listed here"));
            }
            if let Some(schema) = schema.get("items") {
                self.below(&index.to_string(), schema, item, item.anchor());
            }
        }
    }

    fn scalar(&mut self, schema: &Json, node: &Node) {
        let numeric = has_type(schema, "integer") || has_type(schema, "number");
        let textual = has_type(schema, "string");
        let expected = match () {
            () if has_type(schema, "boolean") => "true or false",
            () if has_type(schema, "integer") => "a whole number",
            () if numeric && !textual => "a number",
            () => "a text",
        };
        let Value::Scalar { text, plain } = &node.value else {
            self.wrong_type(expected, node, None);
            return;
        };
        if node.is_null() {
            self.wrong_type(expected, node, None);
            return;
        }
        if let Some(format) = schema.get("format").and_then(Json::as_str)
            && textual
        {
            let (code, checked) = match format {
                "path" => (code::MISSING_FILE, check_path(text, self.base_dir)),
                _ => (code::BAD_VALUE, check_format(format, text)),
            };
            if let Err(error) = checked {
                self.bad_value(code, error, node.range.clone());
            }
            return;
        }
        if has_type(schema, "boolean") {
            if !plain || !matches!(text.as_str(), "true" | "false") {
                self.wrong_type(expected, node, Some("write true or false, without quotes".to_owned()));
            }
        } else if numeric {
            let whole = text.parse::<i128>().ok();
            let number =
                if has_type(schema, "integer") { whole.map(|n| n as f64) } else { text.parse::<f64>().ok() };
            match number.filter(|number| *plain && number.is_finite()) {
                Some(number) => self.range(schema, number, text, node),
                None => self.wrong_type(expected, node, None),
            }
        } else if schema
            .get("minLength")
            .and_then(Json::as_u64)
            .is_some_and(|min| (text.chars().count() as u64) < min)
        {
            let message = "must not be empty".to_owned();
            self.found.push(Diagnostic::error(code::OUT_OF_RANGE, message, node.range.clone()));
        }
    }

    fn range(&mut self, schema: &Json, number: f64, text: &str, node: &Node) {
        let bound = |name: &str| schema.get(name).and_then(Json::as_f64);
        let too_low = bound("minimum").is_some_and(|min| number < min)
            || bound("exclusiveMinimum").is_some_and(|min| number <= min);
        let too_high = bound("maximum").is_some_and(|max| number > max)
            || bound("exclusiveMaximum").is_some_and(|max| number >= max);
        if too_low || too_high {
            let message = format!("must be {}, got {text}", range_words(schema));
            self.found.push(Diagnostic::error(code::OUT_OF_RANGE, message, node.range.clone()));
        }
    }

    fn word(&mut self, words: &[&str], node: &Node) {
        let Some(text) = node.text().filter(|_| !node.is_null()) else {
            self.wrong_type(&format!("one of {}", list(words.iter().copied())), node, None);
            return;
        };
        if !words.contains(&text) {
            let hint = nearest(text, words.iter().copied()).map_or_else(
                || format!("write one of {}", list(words.iter().copied())),
                |suggestion| format!("did you mean `{suggestion}`?"),
            );
            let message = format!("unknown value `{text}`");
            self.found.push(Diagnostic::error(code::BAD_VALUE, message, node.range.clone()).hint(hint));
        }
    }

    fn version(&mut self, node: &Node) {
        if node.text() == Some(&VERSION.to_string()) {
            return;
        }
        let message = format!("unknown version `{}`", node.text().unwrap_or_default());
        let hint = format!("this program reads version {VERSION}; a later one may need a newer kilim");
        self.found.push(Diagnostic::error(code::UNKNOWN_VERSION, message, node.anchor()).hint(hint));
    }

    fn below(&mut self, key: &str, schema: &'a Json, node: &Node, owner: Range<usize>) {
        self.path.push(key.to_owned());
        let above = std::mem::replace(&mut self.owner, owner);
        self.node(schema, node);
        self.owner = above;
        self.path.pop();
    }

    fn min_length(&mut self, schema: &Json, bound: &str, length: usize, node: &Node) {
        // The ranges of maps are in the types and not in the schema: none of ours may be empty.
        let fewest = schema.get(bound).and_then(Json::as_u64).unwrap_or(u64::from(bound == "minProperties"));
        if (length as u64) < fewest {
            let message = format!("needs at least {fewest}, has {length}");
            self.found.push(Diagnostic::error(code::OUT_OF_RANGE, message, self.place(node)));
        }
    }

    fn wrong_type(&mut self, expected: &str, node: &Node, hint: Option<String>) {
        let seen = match &node.value {
            Value::Scalar { text, .. } if !node.is_null() => format!("`{text}`"),
            _ => node.kind().to_owned(),
        };
        let message = format!("expected {expected}, found {seen}");
        let mut finding = Diagnostic::error(code::WRONG_TYPE, message, self.place(node));
        finding.hint = hint;
        self.found.push(finding);
    }

    /// Where `node` is, or its key if nothing is written there.
    fn place(&self, node: &Node) -> Range<usize> {
        let place = node.anchor();
        if place.is_empty() { self.owner.clone() } else { place }
    }

    fn bad_value(&mut self, code: &'static str, error: ValueError, range: Range<usize>) {
        let mut finding = Diagnostic::error(code, error.problem, range);
        finding.hint = error.hint;
        self.found.push(finding);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use garde::Validate;
    use schemars::{JsonSchema, schema_for};

    use super::super::{lists::Countries, tree};
    use super::*;

    /// The forms that fields of steps take.
    #[derive(JsonSchema, Validate)]
    #[schemars(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its schema is looked at")]
    struct Forms {
        #[garde(range(min = 0.0, max = 1.0))]
        share: Option<f32>,
        #[garde(skip)]
        on: Option<bool>,
        #[garde(skip)]
        form: Option<Form>,
        #[garde(skip)]
        country: Option<Countries>,
        #[garde(skip)]
        bases: Option<BTreeSet<Form>>,
        #[garde(skip)]
        limits: Option<BTreeMap<String, f64>>,
        #[garde(skip)]
        word_or_number: Option<WordOrNumber>,
    }

    #[derive(JsonSchema, PartialEq, Eq, PartialOrd, Ord)]
    #[serde(rename_all = "lowercase")]
    #[expect(dead_code, reason = "only its schema is looked at")]
    enum Form {
        /// Composed.
        Nfc,
        /// Composed, and compatibility letters replaced.
        Nfkc,
    }

    #[derive(JsonSchema)]
    #[serde(untagged)]
    #[expect(dead_code, reason = "only its schema is looked at")]
    enum WordOrNumber {
        Word(Form),
        Number(u32),
    }

    fn messages(text: &str) -> Vec<String> {
        let mut found = Vec::new();
        let root = tree::parse(text, &mut found).expect("the test is YAML");
        check(&schema_for!(Forms).to_value(), &root, Path::new(""), &mut found);
        found.into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn every_form_of_field_is_accepted_where_it_fits() {
        for text in [
            "{ share: 0.5, on: true, form: nfc, country: NO, bases: [nfc, nfkc] }",
            "{ share: 1, on: , form: ~, country: [NO, KE], bases: [] }",
            "{ limits: { swa_Latn: 0.4, अन्य: 1e-3 }, word_or_number: 7 }",
            "{ limits: {}, word_or_number: nfkc }",
        ] {
            assert_eq!(messages(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn every_form_of_field_says_what_does_not_fit() {
        for (text, message) in [
            ("share: 8", "must be between 0 and 1, got 8"),
            ("share: nusu", "expected a number, found `nusu`"),
            ("share: '0.5'", "expected a number, found `0.5`"),
            ("on: ndiyo", "expected true or false, found `ndiyo`"),
            ("form: nfcc", "unknown value `nfcc`"),
            ("form: [nfc]", "expected one of `nfc`, `nfkc`, found a list"),
            ("country: XX", "`XX` is not a country"),
            ("bases: nfc", "expected a list, found `nfc`"),
            ("limits: { swa: juu }", "expected a number, found `juu`"),
            ("word_or_number: {}", "expected one of `nfc`, `nfkc`, found a map"),
        ] {
            assert_eq!(messages(text), [message], "{text}");
        }
    }
}
