//! A YAML file as a tree in which every key and value keeps its place.
//!
//! Scalars stay text and are not guessed at: whether `NO` is Norway and `nan` a language is for the field that asks.
//! Aliases and several documents in one file are refused; a config is short enough to be written out.

use std::ops::Range;

use serde_saphyr::granit_parser::{Event, Parser, ScalarStyle};

use super::diagnostic::{Diagnostic, code};

/// A value and its place in the file, in bytes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    pub(crate) range: Range<usize>,
    pub(crate) value: Value,
}

/// What a node holds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    /// A text, and whether it was written without quotes.
    Scalar {
        text: String,
        plain: bool,
    },
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

/// A key of a map and its place.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Key {
    pub(crate) text: String,
    pub(crate) range: Range<usize>,
}

impl Node {
    /// The text of a scalar.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar { text, .. } => Some(text),
            Value::List(_) | Value::Map(_) => None,
        }
    }

    /// Whether nothing is written here, or an explicit null.
    pub(crate) fn is_null(&self) -> bool {
        matches!(&self.value, Value::Scalar { text, plain: true } if matches!(text.as_str(), "" | "~" | "null"))
    }

    /// The entries of a map; none for other values.
    pub(crate) fn entries(&self) -> &[(Key, Node)] {
        match &self.value {
            Value::Map(entries) => entries,
            Value::Scalar { .. } | Value::List(_) => &[],
        }
    }

    /// The items of a list; none for other values.
    pub(crate) fn items(&self) -> &[Node] {
        match &self.value {
            Value::List(items) => items,
            Value::Scalar { .. } | Value::Map(_) => &[],
        }
    }

    /// The value below `key` of a map.
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        self.entries().iter().find(|(known, _)| known.text == key).map(|(_, node)| node)
    }

    /// The value at a path such as `steps[2].filter_length.min_chars`, or the last one on the way that is there.
    pub(crate) fn at(&self, path: &str) -> Option<&Node> {
        let parts = path.split(['.', '[', ']']).filter(|part| !part.is_empty());
        let mut node = self;
        for part in parts {
            let below = match &node.value {
                Value::List(items) => part.parse::<usize>().ok().and_then(|index| items.get(index)),
                Value::Map(_) => node.get(part),
                Value::Scalar { .. } => None,
            };
            match below {
                Some(below) => node = below,
                None => break,
            }
        }
        (!std::ptr::eq(node, self)).then_some(node)
    }

    /// A short place to point at: the first key of a map, the first item of a list, or the scalar.
    pub(crate) fn anchor(&self) -> Range<usize> {
        match &self.value {
            Value::Map(entries) => entries.first().map_or(self.range.clone(), |(key, _)| key.range.clone()),
            Value::List(items) => items.first().map_or(self.range.clone(), Node::anchor),
            Value::Scalar { .. } => self.range.clone(),
        }
    }

    /// What it is, in words.
    pub(crate) fn kind(&self) -> &'static str {
        match &self.value {
            _ if self.is_null() => "nothing",
            Value::Scalar { .. } => "a single value",
            Value::List(_) => "a list",
            Value::Map(_) => "a map",
        }
    }
}

/// Reads `text` into a tree. The tree ends where the text stops being YAML; `found` then says so.
pub(crate) fn parse(text: &str, found: &mut Vec<Diagnostic>) -> Option<Node> {
    let mut reader = Reader { events: Parser::new_from_str(text), found, length: text.len() };
    loop {
        let (event, range) = reader.next()?;
        match event {
            Event::StreamStart | Event::DocumentStart(..) => {}
            Event::StreamEnd | Event::DocumentEnd => return None,
            event => {
                let node = reader.node(event, range)?;
                reader.end();
                return Some(node);
            }
        }
    }
}

struct Reader<'t, 'd> {
    events: Parser<'t, serde_saphyr::granit_parser::StrInput<'t>>,
    found: &'d mut Vec<Diagnostic>,
    length: usize,
}

impl<'t> Reader<'t, '_> {
    /// The next event that is a value, or begins or ends something; comments are passed over.
    fn next(&mut self) -> Option<(Event<'t>, Range<usize>)> {
        loop {
            let (event, span) = match self.events.next_event()? {
                Ok(event_and_span) => event_and_span,
                Err(error) => {
                    let at = error.marker().byte_offset().unwrap_or(0).min(self.length);
                    self.found.push(Diagnostic::error(
                        code::SYNTAX,
                        format!("not YAML: {}", error.info()),
                        at..at,
                    ));
                    return None;
                }
            };
            let is_border = matches!(
                event,
                Event::StreamStart
                    | Event::StreamEnd
                    | Event::DocumentStart(..)
                    | Event::DocumentEnd
                    | Event::SequenceEnd
                    | Event::MappingEnd
            );
            if event.is_node() || is_border {
                let start = span.start.byte_offset().unwrap_or(0).min(self.length);
                let end = span.end.byte_offset().unwrap_or(start).clamp(start, self.length);
                return Some((event, start..end));
            }
        }
    }

    fn node(&mut self, event: Event<'t>, range: Range<usize>) -> Option<Node> {
        match event {
            Event::Scalar(text, style, ..) => {
                let plain = style == ScalarStyle::Plain;
                Some(Node { range, value: Value::Scalar { text: text.into_owned(), plain } })
            }
            Event::SequenceStart(..) => self.list(range.start),
            Event::MappingStart(..) => self.map(range.start),
            Event::Alias(_) => {
                let message = "a config holds no aliases".to_owned();
                self.found.push(
                    Diagnostic::error(code::UNSUPPORTED, message, range.clone()).hint("write the value out"),
                );
                Some(Node { range, value: Value::Scalar { text: String::new(), plain: true } })
            }
            _ => None,
        }
    }

    fn list(&mut self, start: usize) -> Option<Node> {
        let mut items = Vec::new();
        loop {
            let (event, range) = self.next()?;
            if matches!(event, Event::SequenceEnd) {
                return Some(Node { range: start..range.end, value: Value::List(items) });
            }
            items.push(self.node(event, range)?);
        }
    }

    fn map(&mut self, start: usize) -> Option<Node> {
        let mut entries: Vec<(Key, Node)> = Vec::new();
        loop {
            let (event, range) = self.next()?;
            if matches!(event, Event::MappingEnd) {
                return Some(Node { range: start..range.end, value: Value::Map(entries) });
            }
            let key_node = self.node(event, range)?;
            let (event, range) = self.next()?;
            let node = self.node(event, range)?;
            let Some(text) = key_node.text() else {
                let message = format!("a key is a name, not {}", key_node.kind());
                self.found.push(Diagnostic::error(code::UNSUPPORTED, message, key_node.anchor()));
                continue;
            };
            let key = Key { text: text.to_owned(), range: key_node.range.clone() };
            if let Some((first, _)) = entries.iter().find(|(known, _)| known.text == key.text) {
                let message = format!("`{}` is given twice", key.text);
                self.found.push(
                    Diagnostic::error(code::DUPLICATE_KEY, message, key.range)
                        .label(first.range.clone(), "first given here")
                        .hint("keep one of them"),
                );
                continue;
            }
            entries.push((key, node));
        }
    }

    /// Refuses a second document.
    fn end(&mut self) {
        while let Some((event, range)) = self.next() {
            if matches!(event, Event::DocumentStart(..)) {
                let message = "a second document in one file".to_owned();
                self.found.push(
                    Diagnostic::error(code::UNSUPPORTED, message, range).hint("a config is one document"),
                );
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_value_keeps_its_place_in_a_file_of_several_scripts() {
        let text = "jina: \"கிளிம்\"  # நெசவு\norodha: [NO, 'ܐ', 1e3]\n";
        let mut found = Vec::new();
        let root = parse(text, &mut found).expect("the text is YAML");
        assert_eq!(found, []);
        let slice = |node: &Node| &text[node.range.clone()];
        assert_eq!(root.get("jina").map(slice), Some("\"கிளிம்\""));
        let items: Vec<_> = root.get("orodha").map_or(&[][..], Node::items).iter().map(slice).collect();
        assert_eq!(items, ["NO", "'ܐ'", "1e3"]);
        assert_eq!(root.at("orodha[1]").and_then(Node::text), Some("ܐ"));
        assert_eq!(root.at("hakuna"), None);
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_reader(text in "[a-z:\\-\\[\\]{}&*'\"#| \n\u{915}\u{ff}%@!?,]{0,60}") {
            let mut found = Vec::new();
            let root = parse(&text, &mut found);
            for range in root.iter().map(|node| &node.range) {
                prop_assert!(text.get(range.clone()).is_some());
            }
        }
    }
}
