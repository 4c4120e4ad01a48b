//! Really Simple Licensing: addresses of licences in robots.txt, headers and pages, and the licences themselves.
//!
//! A licence says per path which uses it permits and prohibits, and for which payment. A use that costs, or that is for
//! some users or countries only, is reserved here: nobody has agreed to the terms. An address whose licence is not at hand
//! reserves too, for the same reason. Pages from before version 1.0 say `train-ai` for `ai-train`.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::{Category, Evidence, Signal, Value};
use crate::robots::{Path, Pattern, Spelling};

/// What it is read by.
pub const SPEC: &str = "RSL 1.0";
/// The media type of a licence.
pub const MEDIA_TYPE: &str = "application/rsl+xml";
/// Bytes of a licence that are read.
pub const MAX_BYTES: usize = 1 << 20;

/// What an address of a licence comes to as long as the licence is not known.
pub fn pointer(signal: Signal, url: &str) -> Evidence {
    Evidence::of_page(signal, SPEC, url, Category::TrainAi, Value::Disallow)
}

/// What a licence says about one use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Terms {
    /// Some `permits` of usage stands there.
    lists_usage: bool,
    permits: bool,
    prohibits: bool,
    /// For some users or places only, or for money.
    conditional: bool,
}

impl Terms {
    fn value(self) -> Value {
        if self.prohibits || self.conditional || self.lists_usage && !self.permits {
            Value::Disallow
        } else {
            Value::Allow
        }
    }
}

/// One `content` of a licence file: paths, and what training on them comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RslContent {
    /// The paths.
    pub location: Pattern,
    /// Allow or disallow.
    pub train: Value,
}

/// A licence file, read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RslFile {
    /// Its contents, in order.
    pub contents: Vec<RslContent>,
}

impl RslFile {
    /// Reads a body; `None` if it is no licence of RSL: broken XML, another document, or longer than [`MAX_BYTES`].
    pub fn parse(body: &[u8]) -> Option<Self> {
        if body.len() > MAX_BYTES {
            return None;
        }
        let text = String::from_utf8_lossy(body);
        let mut reader = Reader::from_str(&text);
        reader.config_mut().trim_text(true);
        let mut file = Self::default();
        let mut is_rsl = false;
        let mut content: Option<(Pattern, Vec<Terms>)> = None;
        let mut kind = Kind::Other;
        loop {
            match reader.read_event().ok()? {
                Event::Start(tag) | Event::Empty(tag) if tag.local_name().as_ref() == b"rsl" => is_rsl = true,
                Event::Start(tag) => match tag.local_name().as_ref() {
                    b"content" => content = Some((location(&tag), Vec::new())),
                    b"license" => content.iter_mut().for_each(|(_, terms)| terms.push(Terms::default())),
                    _ => {
                        kind = Kind::of(&tag);
                        if kind.is_condition() {
                            kind.apply(content.as_mut().and_then(|(_, terms)| terms.last_mut()), "");
                        }
                    }
                },
                Event::Empty(tag) => match tag.local_name().as_ref() {
                    // Without a licence, nothing is granted.
                    b"content" => {
                        file.contents.push(RslContent { location: location(&tag), train: Value::Disallow });
                    }
                    b"license" => content.iter_mut().for_each(|(_, terms)| terms.push(Terms::default())),
                    _ => Kind::of(&tag).apply(content.as_mut().and_then(|(_, terms)| terms.last_mut()), ""),
                },
                Event::Text(words) => {
                    let words = words.decode().ok()?;
                    kind.apply(content.as_mut().and_then(|(_, terms)| terms.last_mut()), &words);
                }
                Event::End(tag) => {
                    kind = Kind::Other;
                    if tag.local_name().as_ref() == b"content"
                        && let Some((location, terms)) = content.take()
                    {
                        // Licences stand side by side as a choice: one that is free will do.
                        let free = terms.iter().any(|terms| terms.value() == Value::Allow);
                        let train = if free { Value::Allow } else { Value::Disallow };
                        file.contents.push(RslContent { location, train });
                    }
                }
                Event::Eof => return is_rsl.then_some(file),
                _ => {}
            }
        }
    }

    /// What the licence says about training on a path: that of its longest match, the stricter of two as long.
    pub fn train(&self, path: &Path<'_>) -> Value {
        let matches = |content: &&RslContent| {
            content.location.matches(path, Spelling::AsWritten)
                || content.location.matches(path, Spelling::Normal)
        };
        let strictness = |content: &RslContent| (content.location.len(), content.train == Value::Disallow);
        let found = self.contents.iter().filter(matches).max_by_key(|content| strictness(content));
        found.map_or(Value::Unknown, |content| content.train)
    }
}

/// What a tag below `license` is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Permits,
    Prohibits,
    Condition,
    Other,
}

impl Kind {
    fn of(tag: &BytesStart<'_>) -> Self {
        let kind = attribute(tag, b"type").unwrap_or_default().to_ascii_lowercase();
        match (tag.local_name().as_ref(), kind.as_str()) {
            (b"permits", "usage" | "") => Self::Permits,
            (b"prohibits", "usage" | "") => Self::Prohibits,
            (b"payment", "free" | "attribution") => Self::Other,
            (b"permits" | b"prohibits" | b"payment", _) => Self::Condition,
            _ => Self::Other,
        }
    }

    /// Whether the tag alone says it, whatever stands in it.
    fn is_condition(self) -> bool {
        self == Self::Condition
    }

    fn apply(self, terms: Option<&mut Terms>, words: &str) {
        let Some(terms) = terms else { return };
        let about_training = words.split([' ', ',', '\n', '\t', '\r']).any(|word| {
            ["all", "ai-all", "ai-train", "train-ai", "train-genai", "ai"]
                .iter()
                .any(|known| word.eq_ignore_ascii_case(known))
        });
        match self {
            Self::Permits => {
                terms.lists_usage = true;
                terms.permits |= about_training;
            }
            Self::Prohibits => terms.prohibits |= about_training,
            Self::Condition => terms.conditional = true,
            Self::Other => {}
        }
    }
}

fn attribute(tag: &BytesStart<'_>, name: &[u8]) -> Option<String> {
    let found = tag.attributes().flatten().find(|attribute| attribute.key.local_name().as_ref() == name)?;
    Some(found.unescape_value().ok()?.into_owned())
}

/// The path pattern of a `content`: its `url`, which may be a whole address.
fn location(tag: &BytesStart<'_>) -> Pattern {
    let url = attribute(tag, b"url").unwrap_or_default();
    let path = match url.split_once("//") {
        Some((_, rest)) => rest.find('/').map_or("/", |at| &rest[at..]),
        None => &url,
    };
    Pattern::new(path.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(contents: &str) -> Option<RslFile> {
        RslFile::parse(
            format!("<?xml version=\"1.0\"?>\n<rsl xmlns=\"https://rslstandard.org/rsl\">{contents}</rsl>")
                .as_bytes(),
        )
    }

    fn train(contents: &str, path: &str) -> Value {
        file(contents).unwrap().train(&Path::new(path.as_bytes()))
    }

    #[test]
    fn uses_are_permitted_prohibited_or_sold() {
        use Value::{Allow, Disallow, Unknown};
        for (license, expected) in [
            ("<license/>", Allow),
            ("<license><permits type=\"usage\">search</permits></license>", Disallow),
            ("<license><permits type=\"usage\">search ai-train</permits></license>", Allow),
            (
                "<license><permits type=\"usage\">all</permits><prohibits type=\"usage\">train-ai</prohibits></license>",
                Disallow,
            ),
            ("<license><prohibits type=\"usage\">ai-all</prohibits></license>", Disallow),
            ("<license><prohibits type=\"usage\">search</prohibits></license>", Allow),
            (
                "<license><permits type=\"usage\">all</permits><payment type=\"training\"><amount currency=\"KES\">100</amount></payment></license>",
                Disallow,
            ),
            ("<license><payment type=\"purchase\"/></license>", Disallow),
            ("<license><permits type=\"usage\">all</permits><payment type=\"free\"/></license>", Allow),
            ("<license><permits type=\"geo\">KE</permits></license>", Disallow),
            (
                "<license><payment type=\"use\"/></license><license><payment type=\"attribution\"/></license>",
                Allow,
            ),
            ("", Disallow),
        ] {
            assert_eq!(
                train(&format!("<content url=\"/habari/\">{license}</content>"), "/habari/leo"),
                expected,
                "{license}"
            );
        }
        assert_eq!(train("<content url=\"/habari/\"><license/></content>", "/michezo"), Unknown);
    }

    #[test]
    fn the_longest_location_counts() {
        let contents = "<content url=\"/\"><license><payment type=\"crawl\"/></license></content>\
            <content url=\"https://mfano.gr/νέα/*\"><license><permits type=\"usage\">all</permits></license></content>";
        assert_eq!(train(contents, "/%CE%BD%CE%AD%CE%B1/1"), Value::Allow);
        assert_eq!(train(contents, "/"), Value::Disallow);
    }

    #[test]
    fn what_is_no_licence_says_nothing() {
        for body in ["", "<html><body>404", "<feed></feed>", "<rsl><content", "{}"] {
            assert_eq!(RslFile::parse(body.as_bytes()), None, "{body}");
        }
        assert_eq!(RslFile::parse(&b" ".repeat(MAX_BYTES + 1)), None);
    }
}
