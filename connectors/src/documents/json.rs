//! One line of JSON as a document.
//!
//! Only the fields that a [`FieldMap`] names are kept; what else a line holds is passed over without memory, however
//! deep or long it is. Texts without escapes are borrowed from the line.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize as _;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::fields::{FieldMap, Given, Node, Value};
use super::{Reading, Unfit};

/// Most texts of a list that are kept.
const MAX_LIST: usize = 1000;

/// Why a line or row is unreadable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LineProblem {
    /// Bytes that are no UTF-8, the first of them at this byte of the line.
    NotUtf8 {
        /// Byte of the line, or of the text of a row.
        at: usize,
    },
    /// No JSON.
    NotJson {
        /// Byte of the line, counted from 1, about where it stops being JSON.
        at: usize,
        /// Whether the line ends too early.
        cut: bool,
    },
    /// JSON, and no object.
    NotAnObject,
    /// A text longer than the cap on lines.
    TextTooLong {
        /// Its bytes.
        bytes: usize,
    },
}

impl LineProblem {
    /// A word for reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotUtf8 { .. } => "not_utf8",
            Self::NotJson { cut: true, .. } => "json_cut_short",
            Self::NotJson { cut: false, .. } => "not_json",
            Self::NotAnObject => "not_an_object",
            Self::TextTooLong { .. } => "text_too_long",
        }
    }

    /// Where, in words; never a part of the text.
    pub fn detail(self) -> Option<String> {
        match self {
            Self::NotUtf8 { at } => Some(format!("byte {at}")),
            Self::NotJson { at, .. } => Some(format!("column {at}")),
            Self::NotAnObject => None,
            Self::TextTooLong { bytes } => Some(format!("bytes={bytes}")),
        }
    }
}

/// Reads a line. A byte order mark in front is passed over. `NaN` and `Infinity`, which Python writes though JSON has
/// no such words, are read as null.
///
/// ```
/// use kilim_connectors::documents::{FieldMap, Reading, read_line};
/// let line = r#"{"text": "Habari ya asubuhi", "metadata": {"url": "https://habari.co.ke/"}}"#;
/// let Reading::Document { text, given } = read_line(line.as_bytes(), &FieldMap::default()) else { panic!() };
/// assert_eq!((&*text, given.url.as_deref()), ("Habari ya asubuhi", Some("https://habari.co.ke/")));
/// ```
pub fn read_line<'a>(line: &'a [u8], fields: &FieldMap) -> Reading<'a> {
    let text = match std::str::from_utf8(line) {
        Ok(text) => text.strip_prefix('\u{feff}').unwrap_or(text),
        Err(error) => return Reading::Broken(LineProblem::NotUtf8 { at: error.valid_up_to() }),
    };
    let mut values = fields.empty_values();
    let problem = match read_object(text, fields, &mut values) {
        Ok(()) => return judge(fields, &mut values),
        Err(problem) => problem,
    };
    if let Some(mended) = without_nan(text) {
        let mut values = fields.empty_values();
        if read_object(&mended, fields, &mut values).is_ok() {
            let mut values: Vec<_> = values.into_iter().map(|value| value.map(Value::into_owned)).collect();
            return judge(fields, &mut values);
        }
    }
    Reading::Broken(problem)
}

/// A document, or why it is none.
pub(super) fn judge<'a>(fields: &FieldMap, values: &mut [Option<Value<'a>>]) -> Reading<'a> {
    let (text, given) = Given::gather(fields, values);
    let why = match text {
        Some(Value::Text(text)) if text.trim().is_empty() => Unfit::EmptyText,
        Some(Value::Text(text)) => return Reading::Document { text, given },
        Some(_) => Unfit::TextNotString,
        None => Unfit::NoText,
    };
    Reading::Unfit { why, given }
}

fn read_object<'a>(
    text: &'a str,
    fields: &FieldMap,
    values: &mut [Option<Value<'a>>],
) -> Result<(), LineProblem> {
    let is_object = text.trim_start().starts_with('{');
    let mut json = serde_json::Deserializer::from_str(text);
    let read = if is_object {
        Below { fields, node: fields.tree(), values }.deserialize(&mut json)
    } else {
        IgnoredAny::deserialize(&mut json).map(drop)
    };
    match read.and_then(|()| json.end()) {
        Ok(()) if is_object => Ok(()),
        Ok(()) => Err(LineProblem::NotAnObject),
        Err(error) => Err(LineProblem::NotJson { at: error.column(), cut: error.is_eof() }),
    }
}

/// `NaN`, `Infinity` and `-Infinity` outside texts as null; `None` if there are none.
fn without_nan(text: &str) -> Option<String> {
    if !text.contains("NaN") && !text.contains("Infinity") {
        return None;
    }
    let mut out = String::with_capacity(text.len());
    let (mut in_text, mut escaped) = (false, false);
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if !in_text
            && let Some(word) =
                ["NaN", "Infinity", "-Infinity"].into_iter().find(|word| rest.starts_with(word))
        {
            out.push_str("null");
            rest = &rest[word.len()..];
            continue;
        }
        in_text ^= c == '"' && !escaped;
        escaped = in_text && c == '\\' && !escaped;
        out.push(c);
        rest = &rest[c.len_utf8()..];
    }
    Some(out)
}

/// Reads a value of which some parts are wanted.
struct Below<'f, 'v, 'a> {
    fields: &'f FieldMap,
    node: &'f Node,
    values: &'v mut [Option<Value<'a>>],
}

impl<'a> Below<'_, '_, 'a> {
    fn set(&mut self, value: Option<Value<'a>>) {
        let Some((last, others)) = self.node.slots.split_last() else { return };
        for slot in others {
            self.values[*slot].clone_from(&value);
        }
        self.values[*last] = value;
    }

    fn read_packed(&mut self, text: &str) {
        read_packed(text, self.fields, self.node, self.values);
    }
}

/// Reads a map that was written as a text, as some exports do with `metadata`.
pub(super) fn read_packed(text: &str, fields: &FieldMap, node: &Node, values: &mut [Option<Value<'_>>]) {
    if node.below.is_empty() || !text.trim_start().starts_with('{') {
        return;
    }
    let mut found = fields.empty_values();
    let mut json = serde_json::Deserializer::from_str(text);
    if (Below { fields, node, values: &mut found }).deserialize(&mut json).is_err() {
        return;
    }
    for (known, value) in values.iter_mut().zip(found) {
        if let Some(value) = value.filter(|value| *value != Value::Other) {
            *known = Some(value.into_owned());
        }
    }
}

impl<'a> DeserializeSeed<'a> for Below<'_, '_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for Below<'_, '_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'a>>(mut self, mut map: A) -> Result<(), A::Error> {
        self.set(Some(Value::Other));
        while let Some(key) = map.next_key::<Key<'a>>()? {
            match self.node.below.get(key.0.as_ref()) {
                Some(node) => {
                    map.next_value_seed(Below { fields: self.fields, node, values: &mut *self.values })?;
                }
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'a>>(mut self, mut list: A) -> Result<(), A::Error> {
        if !self.node.slots.iter().any(|slot| self.fields.takes_list(*slot)) {
            self.set(Some(Value::Other));
            while list.next_element::<IgnoredAny>()?.is_some() {}
            return Ok(());
        }
        let mut texts = Vec::new();
        while let Some(item) = list.next_element::<Item>()? {
            if let Some(text) = item.0
                && texts.len() < MAX_LIST
            {
                texts.push(text);
            }
        }
        self.set(Some(Value::List(texts)));
        Ok(())
    }

    fn visit_borrowed_str<E>(mut self, text: &'a str) -> Result<(), E> {
        self.set(Some(Value::Text(Cow::Borrowed(text))));
        self.read_packed(text);
        Ok(())
    }

    fn visit_str<E>(mut self, text: &str) -> Result<(), E> {
        if !self.node.slots.is_empty() {
            self.set(Some(Value::Text(Cow::Owned(text.to_owned()))));
        }
        self.read_packed(text);
        Ok(())
    }

    fn visit_i64<E>(mut self, number: i64) -> Result<(), E> {
        self.set(Some(Value::Number(number.to_string())));
        Ok(())
    }

    fn visit_u64<E>(mut self, number: u64) -> Result<(), E> {
        self.set(Some(Value::Number(number.to_string())));
        Ok(())
    }

    fn visit_f64<E>(mut self, number: f64) -> Result<(), E> {
        self.set(Some(Value::Number(number.to_string())));
        Ok(())
    }

    fn visit_bool<E>(mut self, _flag: bool) -> Result<(), E> {
        self.set(Some(Value::Other));
        Ok(())
    }

    fn visit_unit<E>(mut self) -> Result<(), E> {
        self.set(None);
        Ok(())
    }
}

/// A key, borrowed where it has no escapes.
struct Key<'a>(Cow<'a, str>);

impl<'a> serde::Deserialize<'a> for Key<'a> {
    fn deserialize<D: Deserializer<'a>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;

        impl<'a> Visitor<'a> for KeyVisitor {
            type Value = Key<'a>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }

            fn visit_borrowed_str<E>(self, text: &'a str) -> Result<Key<'a>, E> {
                Ok(Key(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Key<'a>, E> {
                Ok(Key(Cow::Owned(text.to_owned())))
            }
        }

        deserializer.deserialize_str(KeyVisitor)
    }
}

/// An item of a list, if it is a text.
struct Item(Option<String>);

impl<'a> serde::Deserialize<'a> for Item {
    fn deserialize<D: Deserializer<'a>>(deserializer: D) -> Result<Self, D::Error> {
        struct ItemVisitor;

        impl<'a> Visitor<'a> for ItemVisitor {
            type Value = Item;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an item of a list")
            }

            fn visit_str<E>(self, text: &str) -> Result<Item, E> {
                Ok(Item(Some(text.to_owned())))
            }

            fn visit_bool<E>(self, _flag: bool) -> Result<Item, E> {
                Ok(Item(None))
            }

            fn visit_i64<E>(self, _number: i64) -> Result<Item, E> {
                Ok(Item(None))
            }

            fn visit_u64<E>(self, _number: u64) -> Result<Item, E> {
                Ok(Item(None))
            }

            fn visit_f64<E>(self, _number: f64) -> Result<Item, E> {
                Ok(Item(None))
            }

            fn visit_unit<E>(self) -> Result<Item, E> {
                Ok(Item(None))
            }

            fn visit_seq<A: SeqAccess<'a>>(self, mut list: A) -> Result<Item, A::Error> {
                while list.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Item(None))
            }

            fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<Item, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Item(None))
            }
        }

        deserializer.deserialize_any(ItemVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Reading<'_> {
        read_line(line.as_bytes(), &FieldMap::default())
    }

    fn given(line: &str) -> Given<'_> {
        match read(line) {
            Reading::Document { given, .. } => given,
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn the_forms_of_datatrove_fineweb_dolma_and_our_shards_are_known() {
        let datatrove = r#"{"text":"नमस्ते दुनिया","id":"<urn:uuid:1>","metadata":{"url":"https://a.in/","date":"2024-03-01T06:00:00Z","dump":"CC-MAIN-2024-10","file_path":"s3://c/a.warc.gz","language":"hi","language_score":0.98}}"#;
        let fineweb = r#"{"text":"Habari","id":"<urn:uuid:2>","dump":"CC-MAIN-2024-10","url":"https://a.co.ke/","date":"2024-03-01T06:00:00Z","file_path":"s3://c/a.warc.gz","language":"swh","language_script":"Latn","language_score":0.9}"#;
        let dolma = r#"{"id":"d3","text":"ሰላም","source":"cc","added":"2024-03-01T06:00:00.000Z","created":"2011-01-01T00:00:00Z","metadata":{"warc_url":"https://a.et/","title":"ዜና"},"attributes":{"x":[[0,3,0.5]]}}"#;
        let ours = r#"{"id":"0a","text":"Γειά","url":"https://a.gr/","title":"Νέα","lang":"ell_Grek","license":"CC-BY-4.0","attribution":"Νέα, a.gr","jurisdictions":["GR","KE"],"optout_train":"unknown","fetched_at":"2024-03-01T06:00:00Z","decision":"9"}"#;
        let time = Some("2024-03-01T06:00:00Z");
        let date = |given: &Given<'_>| given.date.as_ref().map(|date| date.text.clone());
        for (line, id, url, lang) in [
            (datatrove, "<urn:uuid:1>", "https://a.in/", Some("hi")),
            (fineweb, "<urn:uuid:2>", "https://a.co.ke/", Some("swh_Latn")),
            (dolma, "d3", "https://a.et/", None),
            (ours, "0a", "https://a.gr/", Some("ell_Grek")),
        ] {
            let found = given(line);
            assert_eq!((found.id.as_deref(), found.url.as_deref()), (Some(id), Some(url)));
            assert_eq!((date(&found).as_deref(), found.lang.as_deref()), (time, lang), "{line}");
        }
        assert_eq!(given(datatrove).crawl.as_deref(), Some("CC-MAIN-2024-10"));
        assert_eq!(given(fineweb).made_from.as_deref(), Some("s3://c/a.warc.gz"));
        assert_eq!(given(dolma).title.as_deref(), Some("ዜና"));
        let ours = given(ours);
        assert_eq!(ours.jurisdictions, ["GR", "KE"]);
        assert_eq!(
            (ours.license.as_deref(), ours.attribution.as_deref()),
            (Some("CC-BY-4.0"), Some("Νέα, a.gr"))
        );
    }

    #[test]
    fn what_is_no_document_says_why_and_where() {
        use LineProblem::{NotAnObject, NotJson, NotUtf8};

        for (line, problem) in [
            ("habari", NotJson { at: 1, cut: false }),
            ("{\"text\": \"नमस्ते", NotJson { at: 28, cut: true }),
            ("{\"text\": \"a\"} {\"text\": \"b\"}", NotJson { at: 15, cut: false }),
            ("[\"ሰላም\"]", NotAnObject),
            ("\"สวัสดี\"", NotAnObject),
            ("12", NotAnObject),
            ("{\"text\": \"\\ud800\"}", NotJson { at: 17, cut: false }),
        ] {
            assert_eq!(read(line), Reading::Broken(problem), "{line}");
        }
        let torn = [b"{\"text\": \"".as_slice(), &[0xe0, 0xa4], b"\"}"].concat();
        assert_eq!(read_line(&torn, &FieldMap::default()), Reading::Broken(NotUtf8 { at: 10 }));
        for (line, why) in [
            ("{}", Unfit::NoText),
            ("{\"text\": null, \"url\": \"https://a.co.ke/\"}", Unfit::NoText),
            ("{\"content\": \"ሰላም\"}", Unfit::NoText),
            ("{\"text\": 7}", Unfit::TextNotString),
            ("{\"text\": [\"ሰላም\"]}", Unfit::TextNotString),
            ("{\"text\": {\"am\": \"ሰላም\"}}", Unfit::TextNotString),
            ("{\"text\": true}", Unfit::TextNotString),
            ("{\"text\": \"\"}", Unfit::EmptyText),
            ("{\"text\": \" \\n\\u3000\"}", Unfit::EmptyText),
        ] {
            assert!(matches!(read(line), Reading::Unfit { why: found, .. } if found == why), "{line}");
        }
    }

    #[test]
    fn text_is_kept_exactly_and_other_fields_may_be_anything() {
        let deep =
            format!("{{\"x\":{}{},\"text\":\" a\\tb\\u0000\\n\"}}", "[".repeat(5000), "]".repeat(5000));
        let Reading::Document { text, .. } = read(&deep) else { panic!("{:?}", read(&deep)) };
        assert_eq!(text, " a\tb\0\n");
        let found = given(
            "{\"text\":\"好\",\"id\":7,\"url\":\"\",\"metadata.url\":\"https://a.cn/\",\"license\":[\"CC0-1.0\"],\"score\":NaN,\"y\":-Infinity,\"z\":\"NaN\"}",
        );
        assert_eq!((found.id.as_deref(), found.url.as_deref()), (Some("7"), Some("https://a.cn/")));
        assert_eq!(found.license.as_deref(), Some("CC0-1.0"));
        // A map that was written as a text.
        let found = given("{\"text\":\"好\",\"metadata\":\"{\\\"url\\\": \\\"https://b.cn/\\\"}\"}");
        assert_eq!(found.url.as_deref(), Some("https://b.cn/"));
        let found = given("\u{feff}{\"text\":\"好\",\"metadata\":\"{no json\",\"meta\":{\"url\":3}}");
        assert_eq!(found, Given::default());
    }
}
