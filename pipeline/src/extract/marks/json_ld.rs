//! Licences and addresses in JSON-LD.
//!
//! A licence belongs to the node that names it, and a page may describe its pictures, its author and other pages beside
//! itself. So a mark says of which type the node is, at which address, and by which property it hangs on its parent.

use memchr::memmem;
use serde_json::{Map, Value};

use super::addresses::is_organization;
use super::{Collector, Place, clip};
use crate::document::Mark;

/// Bytes of one script.
const MAX_JSON_LD: usize = 1 << 20;
/// Key of the mark of a script that is no JSON.
pub(crate) const BROKEN: &str = "broken";

impl Collector<'_> {
    /// Reads a script, if it may hold a licence or an address.
    pub(super) fn json_ld(&mut self, json: &str, place: Place) {
        let has = |word: &str| memmem::find(json.as_bytes(), word.as_bytes()).is_some();
        let names_licence = has("license\"");
        if !names_licence && !has("address\"") {
            return;
        }
        let value = if json.len() > MAX_JSON_LD { None } else { parse(json) };
        match value {
            Some(value) => {
                self.publishers.clear();
                find_publishers(&value, Parent::default(), &mut self.publishers);
                self.node(&value, Parent::default(), place);
            }
            // Program code names licences too.
            None if names_licence && has("@type") => {
                let url = licence_value(json).unwrap_or_default();
                let (key, value) = (BROKEN.to_owned(), url.to_owned());
                self.add(Mark { element: "json-ld", key, value, ..Mark::default() }, place, false);
            }
            None => {}
        }
    }

    /// Walks a node. serde_json reads at most 128 levels, so the recursion is bounded.
    fn node(&mut self, value: &Value, parent: Parent, place: Place) {
        let node = match value {
            Value::Array(items) => {
                for item in items {
                    self.node(item, parent, place);
                }
                return;
            }
            Value::Object(node) => node,
            _ => return,
        };
        let kind = node.get("@type").map(kinds).unwrap_or_default();
        let subject = ["url", "@id"].iter().find_map(|key| node.get(*key)?.as_str()).unwrap_or_default();
        let mark = |key: &str, value: String| Mark {
            element: "json-ld",
            key: key.to_owned(),
            value,
            within: parent.within,
            subject: clip(subject),
            ..Mark::default()
        };
        let mut has_licence = false;
        // Another crate may turn on serde_json's `preserve_order`; the order must not hang on that.
        let mut properties: Vec<(&String, &Value)> = node.iter().collect();
        properties.sort_unstable_by_key(|(property, _)| *property);
        for (property, value) in properties {
            let name = property.rsplit([':', '/', '#']).next().unwrap_or_default();
            match name {
                "license" => {
                    for url in texts(value) {
                        has_licence = true;
                        self.add(mark(&kind, url), place, false);
                    }
                    // A licence may itself be described, with a publisher of its own.
                }
                // The organisation that publishes: a place or an event may be anywhere.
                "publisher" | "sourceOrganization" if publishes(&kind, parent) => {
                    self.node(value, Parent::owned_by(Owner::Publisher), place);
                }
                "address" => {
                    if let Some(owner) = self.owner(node, &kind, parent) {
                        self.address(value, owner, place);
                    }
                }
                _ => self.node(value, parent.below(name), place),
            }
        }
        if has_licence {
            let names = ["author", "creator"].iter().find_map(|key| node.get(*key)).map(names);
            for name in names.unwrap_or_default() {
                self.add(mark("author", name), place, false);
            }
        }
    }
}

impl Collector<'_> {
    /// Whether the address of a node is the publisher's.
    fn owner(&self, node: &Map<String, Value>, kind: &str, parent: Parent) -> Option<Owner> {
        if parent.owner.is_some() {
            return parent.owner;
        }
        if parent.is_property || !kind.split(' ').any(is_organization) {
            return None;
        }
        // Where the page says which of its nodes publishes, the others do not.
        let id = node.get("@id").and_then(Value::as_str);
        let is_publisher = id.is_some_and(|id| self.publishers.iter().any(|known| known == id));
        if self.publishers.is_empty() {
            return Some(Owner::Organization);
        }
        is_publisher.then_some(Owner::Publisher)
    }

    /// An address: written out, a node with `addressCountry`, or a list of them.
    fn address(&mut self, value: &Value, owner: Owner, place: Place) {
        let (key, written) = match owner {
            Owner::Publisher => ("publisher", "publisher_text"),
            Owner::Organization => ("organization", "organization_text"),
        };
        match value {
            Value::String(text) => self.add_country(written, text, place),
            Value::Array(items) => items.iter().for_each(|item| self.address(item, owner, place)),
            Value::Object(node) => {
                for country in node.get("addressCountry").map(countries).unwrap_or_default() {
                    self.add_country(key, country, place);
                }
            }
            _ => {}
        }
    }
}

/// Whose address a node gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Owner {
    Publisher,
    Organization,
}

/// What a node is to the page, by the properties above it.
#[derive(Debug, Clone, Copy, Default)]
struct Parent {
    within: &'static str,
    /// It is the value of `publisher`.
    owner: Option<Owner>,
    /// It is the property of another node, `@graph` aside.
    is_property: bool,
}

impl Parent {
    fn owned_by(owner: Owner) -> Self {
        Self { owner: Some(owner), within: "aside", is_property: true }
    }

    fn below(self, property: &str) -> Self {
        let within = match property {
            _ if !self.within.is_empty() => self.within,
            "image" | "thumbnail" | "logo" | "photo" | "video" | "audio" | "associatedMedia" | "encoding"
            | "primaryImageOfPage" | "screenshot" | "trailer" => "figure",
            "comment" | "review" | "reviews" | "interactionStatistic" => "comment",
            "@graph" | "mainEntity" | "mainEntityOfPage" | "isPartOf" | "@included" => "",
            _ => "aside",
        };
        let is_property = self.is_property || property != "@graph";
        Self { within, owner: None, is_property }
    }
}

/// Types of works that a page tells of, and whose publisher is not its own.
const WORKS: [&str; 10] = [
    "book",
    "event",
    "game",
    "mobileapplication",
    "movie",
    "musicalbum",
    "musicrecording",
    "product",
    "softwareapplication",
    "videogame",
];

/// Whether the publisher of a node is the page's.
fn publishes(kind: &str, parent: Parent) -> bool {
    parent.within.is_empty() && !kind.split(' ').any(|kind| WORKS.contains(&kind))
}

/// The ids of the nodes that a page's publisher is given by. serde_json reads at most 128 levels.
fn find_publishers(value: &Value, parent: Parent, ids: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| find_publishers(item, parent, ids)),
        Value::Object(node) => {
            let kind = node.get("@type").map(kinds).unwrap_or_default();
            for (property, value) in node {
                let name = property.rsplit([':', '/', '#']).next().unwrap_or_default();
                if name == "publisher" && publishes(&kind, parent) {
                    ids.extend(value.get("@id").and_then(Value::as_str).map(str::to_owned));
                }
                find_publishers(value, parent.below(name), ids);
            }
        }
        _ => {}
    }
}

/// The texts of a country: a string, a node with a name, or a list of them.
fn countries(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text.as_str()],
        Value::Array(items) => items.iter().flat_map(countries).collect(),
        Value::Object(node) => {
            let names = ["name", "@value", "identifier", "alternateName"];
            names.iter().find_map(|key| node.get(*key)).map(countries).unwrap_or_default()
        }
        _ => Vec::new(),
    }
}

/// JSON as pages write it: in comments of the markup, with bare line ends in strings, with a semicolon at the end.
fn parse(json: &str) -> Option<Value> {
    if let Ok(value) = serde_json::from_str(json) {
        return Some(value);
    }
    let mut json = json.trim();
    for start in ["<!--", "//<![CDATA[", "/*<![CDATA[*/", "<![CDATA["] {
        json = json.strip_prefix(start).unwrap_or(json).trim_start();
    }
    for end in ["-->", "//]]>", "/*]]>*/", "]]>", "//", ";"] {
        json = json.strip_suffix(end).unwrap_or(json).trim_end();
    }
    let plain = json.replace(|c: char| c.is_ascii_control(), " ");
    serde_json::from_str(&plain).ok()
}

/// The text behind the first `license` of a script that is no JSON.
fn licence_value(json: &str) -> Option<&str> {
    let (_, rest) = json.split_once("license\"")?;
    let rest = rest.trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?;
    rest.split_once('"').map(|(value, _)| value)
}

/// `BlogPosting` of `https://schema.org/BlogPosting`, lower case.
pub(super) fn short_type(kind: &str) -> String {
    kind.trim().rsplit(['/', '#', ':']).next().unwrap_or_default().to_ascii_lowercase()
}

/// The types of a node, joined by spaces.
fn kinds(value: &Value) -> String {
    match value {
        Value::String(text) => short_type(text),
        Value::Array(items) => {
            let kinds = items.iter().filter_map(Value::as_str).map(short_type);
            kinds.take(8).collect::<Vec<_>>().join(" ")
        }
        _ => String::new(),
    }
}

/// The texts or URLs that a property gives: a string, a node with `@id`, `url` or `name`, or a list of them.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::Object(node) => {
            let found = ["@id", "url", "identifier", "name", "@value"]
                .iter()
                .find_map(|key| node.get(*key)?.as_str());
            found.map(str::to_owned).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

/// Names of people: a string, a node with `name`, or a list of them.
fn names(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(items) => items.iter().flat_map(names).take(10).collect(),
        Value::Object(node) => node.get("name").map(names).unwrap_or_default(),
        _ => Vec::new(),
    }
}
