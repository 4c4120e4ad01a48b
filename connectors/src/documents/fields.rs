//! Which field of a document holds what.
//!
//! Corpora name things differently. A [`FieldMap`] lists for each [`Role`] the paths under which it may stand, best
//! first; the first that holds something counts. A path has its parts separated by dots, and a field whose own name has
//! dots (`metadata.url` as one name, as some exports flatten) is found as well.

use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::{Timestamp, civil, tz::TimeZone};

/// What a field says about a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// The text.
    Text,
    /// The id that its corpus gave it.
    Id,
    /// Where it came from.
    Url,
    /// When it was fetched.
    Date,
    /// Its title.
    Title,
    /// Its language, as somebody said.
    Lang,
    /// The script of its language, ISO 15924.
    Script,
    /// The crawl it comes from.
    Crawl,
    /// Its licence: an id or a URL.
    License,
    /// Whom to credit.
    Attribution,
    /// The file it was made from.
    MadeFrom,
    /// Countries whose law binds it.
    Jurisdictions,
}

impl Role {
    /// All roles.
    pub const ALL: [Self; 12] = [
        Self::Text,
        Self::Id,
        Self::Url,
        Self::Date,
        Self::Title,
        Self::Lang,
        Self::Script,
        Self::Crawl,
        Self::License,
        Self::Attribution,
        Self::MadeFrom,
        Self::Jurisdictions,
    ];

    /// Where it stands unless a config says otherwise. datatrove writes `text`, `id` and `metadata` (or its entries as
    /// columns, as FineWeb has them), Dolma `text`, `id`, `added` and `metadata`, our shards `lang`, `fetched_at`,
    /// `jurisdictions` and more. Dolma's `created` is when the author wrote it, and is no date of fetching.
    pub fn known_paths(self) -> &'static [&'static str] {
        match self {
            Self::Text => &["text"],
            Self::Id => &["id"],
            Self::Url => &["url", "metadata.url", "metadata.warc_url"],
            Self::Date => {
                &["fetched_at", "date", "metadata.date", "metadata.warc_date", "timestamp", "added"]
            }
            Self::Title => &["title", "metadata.title"],
            Self::Lang => &["lang", "language", "metadata.language"],
            Self::Script => &["language_script", "metadata.language_script"],
            Self::Crawl => &["dump", "metadata.dump"],
            Self::License => &["license", "metadata.license"],
            Self::Attribution => &["attribution", "metadata.attribution"],
            Self::MadeFrom => &["file_path", "metadata.file_path", "metadata.warc_filename"],
            Self::Jurisdictions => &["jurisdictions"],
        }
    }
}

/// Most parts of a path.
const MAX_PARTS: usize = 8;

/// A text that is no path of a field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{path}` is not the name of a field")]
pub struct BadPath {
    /// The text.
    pub path: String,
}

/// The paths of all roles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldMap {
    /// (role, path), best first within a role. The place of an entry is its slot.
    slots: Vec<(Role, String)>,
    tree: Node,
}

/// What is looked for below one key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Node {
    /// Slots of what stands here; several where one field has several roles.
    pub(super) slots: Vec<usize>,
    pub(super) below: BTreeMap<String, Node>,
}

impl Default for FieldMap {
    fn default() -> Self {
        Self::of(&BTreeMap::new())
    }
}

impl FieldMap {
    /// The built-in map, but each role of `own` stands at its path and nowhere else. A field that `own` names for one
    /// role has no other unless `own` says so.
    ///
    /// # Errors
    /// A path without a name between two dots, or with more than 8 parts.
    pub fn new(own: &BTreeMap<Role, String>) -> Result<Self, BadPath> {
        own.values().try_for_each(|path| Self::check(path))?;
        Ok(Self::of(own))
    }

    /// Whether `path` can be one.
    pub fn check(path: &str) -> Result<(), BadPath> {
        let parts = path.split('.').count();
        if parts > MAX_PARTS || path.split('.').any(str::is_empty) {
            return Err(BadPath { path: path.to_owned() });
        }
        Ok(())
    }

    fn of(own: &BTreeMap<Role, String>) -> Self {
        let mut slots = Vec::new();
        for role in Role::ALL {
            if let Some(path) = own.get(&role) {
                slots.push((role, path.clone()));
                continue;
            }
            let known = role.known_paths().iter().map(|path| (*path).to_owned());
            let free = known.filter(|path| !own.values().any(|taken| taken == path));
            slots.extend(free.map(|path| (role, path)));
        }
        let mut tree = Node::default();
        for (slot, (_, path)) in slots.iter().enumerate() {
            let nested =
                path.split('.').fold(&mut tree, |node, part| node.below.entry(part.to_owned()).or_default());
            nested.slots.push(slot);
            if path.contains('.') {
                tree.below.entry(path.clone()).or_default().slots.push(slot);
            }
        }
        Self { slots, tree }
    }

    pub(super) fn tree(&self) -> &Node {
        &self.tree
    }

    /// The paths by slot, each with its role.
    pub(super) fn paths(&self) -> impl Iterator<Item = (Role, &str)> {
        self.slots.iter().map(|(role, path)| (*role, path.as_str()))
    }

    /// Whether a slot may hold a list of texts; elsewhere a list is no value.
    pub(super) fn takes_list(&self, slot: usize) -> bool {
        matches!(self.slots[slot].0, Role::Jurisdictions | Role::License | Role::Lang)
    }

    /// What was found, by slot: nothing yet.
    pub(super) fn empty_values<'a>(&self) -> Vec<Option<Value<'a>>> {
        self.slots.iter().map(|_| None).collect()
    }

    /// Takes the best value of a role. A blank one counts for the text only, which may say that it is empty.
    fn take<'a>(&self, role: Role, values: &mut [Option<Value<'a>>]) -> Option<Value<'a>> {
        for (slot, (of, _)) in self.slots.iter().enumerate() {
            if *of == role
                && let Some(value) = values[slot].take()
                && (role == Role::Text || !value.is_blank())
            {
                return Some(value);
            }
        }
        None
    }
}

/// A value that a field holds.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value<'a> {
    Text(Cow<'a, str>),
    /// A number, as it is written.
    Number(String),
    /// A time, in milliseconds since 1970.
    Millis(i64),
    /// The texts of a list.
    List(Vec<String>),
    /// A map, a list of something else, a truth value.
    Other,
}

impl Value<'_> {
    fn is_blank(&self) -> bool {
        match self {
            Self::Text(text) => text.trim().is_empty(),
            Self::List(list) => list.is_empty(),
            Self::Number(_) | Self::Millis(_) => false,
            Self::Other => true,
        }
    }

    pub(super) fn into_owned<'b>(self) -> Value<'b> {
        match self {
            Self::Text(text) => Value::Text(Cow::Owned(text.into_owned())),
            Self::Number(number) => Value::Number(number),
            Self::Millis(millis) => Value::Millis(millis),
            Self::List(list) => Value::List(list),
            Self::Other => Value::Other,
        }
    }
}

/// A date, as it was given and as it was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Date {
    /// RFC 3339 in UTC if it was understood, else as given.
    pub text: String,
    /// Milliseconds since 1970, if it was understood.
    pub millis: Option<i64>,
}

/// A whole number below this counts seconds since 1970, above it milliseconds: the border is the year 5138, or March
/// 1973.
const SECONDS_BELOW: i64 = 100_000_000_000;

impl Date {
    fn of(value: Value<'_>) -> Option<Self> {
        let (text, time) = match value {
            Value::Text(text) => {
                let time = parse_date(text.trim());
                (text.trim().to_owned(), time)
            }
            Value::Number(text) => {
                let number = text.parse::<i64>().ok().or_else(|| {
                    let number = text.parse::<f64>().ok()?;
                    (number.abs() < 1e15).then_some(number as i64)
                });
                let time = number.and_then(|number| {
                    if number.abs() < SECONDS_BELOW {
                        Timestamp::from_second(number).ok()
                    } else {
                        Timestamp::from_millisecond(number).ok()
                    }
                });
                (text, time)
            }
            Value::Millis(millis) => (millis.to_string(), Timestamp::from_millisecond(millis).ok()),
            Value::List(_) | Value::Other => return None,
        };
        let millis = time.map(Timestamp::as_millisecond);
        // The millisecond is what a row keeps: the same date in two spellings is one date.
        let kept = millis.and_then(|millis| Timestamp::from_millisecond(millis).ok());
        Some(Self { text: kept.map_or(text, |time| time.to_string()), millis })
    }
}

/// RFC 3339, or a day with or without a time, which is then in UTC.
fn parse_date(text: &str) -> Option<Timestamp> {
    if let Ok(time) = text.parse::<Timestamp>() {
        return Some(time);
    }
    let text = text.strip_suffix(" UTC").unwrap_or(text);
    let local: civil::DateTime = text.parse().ok()?;
    TimeZone::UTC.to_timestamp(local).ok()
}

/// What a document says about itself, besides its text. Blank fields are left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Given<'a> {
    /// The id that its corpus gave it.
    pub id: Option<Cow<'a, str>>,
    /// Where it came from.
    pub url: Option<Cow<'a, str>>,
    /// When it was fetched.
    pub date: Option<Date>,
    /// Its title.
    pub title: Option<Cow<'a, str>>,
    /// Its language as declared: `sw`, `swh_Latn`. With the script where that has a field of its own.
    pub lang: Option<Cow<'a, str>>,
    /// The crawl it comes from.
    pub crawl: Option<Cow<'a, str>>,
    /// Its licence: an id or a URL.
    pub license: Option<Cow<'a, str>>,
    /// Whom to credit.
    pub attribution: Option<Cow<'a, str>>,
    /// The file it was made from.
    pub made_from: Option<Cow<'a, str>>,
    /// Countries whose law binds it, as labels.
    pub jurisdictions: Vec<String>,
}

impl<'a> Given<'a> {
    /// The text and the rest, from what was found.
    pub(super) fn gather(fields: &FieldMap, values: &mut [Option<Value<'a>>]) -> (Option<Value<'a>>, Self) {
        let text_value = fields.take(Role::Text, values);
        let mut text = |role| match fields.take(role, values)? {
            Value::Text(text) => Some(text),
            Value::Number(number) => Some(Cow::Owned(number)),
            Value::Millis(millis) => Some(Cow::Owned(millis.to_string())),
            Value::List(list) if list.len() == 1 => list.into_iter().next().map(Cow::Owned),
            Value::List(_) | Value::Other => None,
        };
        let script = text(Role::Script);
        let mut given = Self {
            id: text(Role::Id),
            url: text(Role::Url),
            title: text(Role::Title),
            lang: text(Role::Lang).map(|lang| with_script(lang, script.as_deref())),
            crawl: text(Role::Crawl),
            license: text(Role::License),
            attribution: text(Role::Attribution),
            made_from: text(Role::MadeFrom),
            date: None,
            jurisdictions: Vec::new(),
        };
        given.date = fields.take(Role::Date, values).and_then(Date::of);
        given.jurisdictions = match fields.take(Role::Jurisdictions, values) {
            Some(Value::List(list)) => list,
            Some(Value::Text(text)) => text.split(',').map(|label| label.trim().to_owned()).collect(),
            Some(Value::Number(number)) => vec![number],
            _ => Vec::new(),
        };
        (text_value, given)
    }
}

fn with_script<'a>(lang: Cow<'a, str>, script: Option<&str>) -> Cow<'a, str> {
    match script {
        Some(script) if script.len() == 4 && !lang.contains(['_', '-']) => {
            Cow::Owned(format!("{lang}_{script}"))
        }
        _ => lang,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_understood_as_corpora_write_them() {
        let date = |value| Date::of(value).map(|date| (date.text, date.millis.is_some()));
        let text = |text: &'static str| Value::Text(Cow::Borrowed(text));
        for (value, expected) in [
            (text("2024-03-01T06:00:00Z"), ("2024-03-01T06:00:00Z", true)),
            (text("2024-03-01T09:00:00+03:00"), ("2024-03-01T06:00:00Z", true)),
            (text("2024-03-01 06:00:00"), ("2024-03-01T06:00:00Z", true)),
            (text("2024-03-01"), ("2024-03-01T00:00:00Z", true)),
            (text("2024-03-01T06:00:00.123456Z"), ("2024-03-01T06:00:00.123Z", true)),
            (Value::Number("1709272800".to_owned()), ("2024-03-01T06:00:00Z", true)),
            (Value::Number("1709272800000".to_owned()), ("2024-03-01T06:00:00Z", true)),
            (Value::Millis(1_709_272_800_000), ("2024-03-01T06:00:00Z", true)),
            (text("jana asubuhi"), ("jana asubuhi", false)),
            (Value::Number("1e300".to_owned()), ("1e300", false)),
        ] {
            assert_eq!(date(value), Some((expected.0.to_owned(), expected.1)));
        }
        assert_eq!(Date::of(Value::Other), None);
    }

    #[test]
    fn a_path_of_a_config_replaces_all_that_are_known() {
        let own = |role, path: &str| BTreeMap::from([(role, path.to_owned())]);
        let count = |map: &FieldMap, path: &str| map.paths().filter(|(_, known)| *known == path).count();
        let map = FieldMap::new(&own(Role::Text, "content")).unwrap();
        assert_eq!((count(&map, "content"), count(&map, "text")), (1, 0));
        // A field that a config gives to one role is no longer another's, unless the config gives it twice.
        let map = FieldMap::new(&own(Role::Text, "title")).unwrap();
        assert_eq!(count(&map, "title"), 1);
        let both = BTreeMap::from([(Role::Id, "url".to_owned()), (Role::Url, "url".to_owned())]);
        assert_eq!(count(&FieldMap::new(&both).unwrap(), "url"), 2);
        for wrong in ["", ".", "a..b", "a.b.c.d.e.f.g.h.i", "meta."] {
            assert!(FieldMap::new(&own(Role::Url, wrong)).is_err(), "{wrong}");
        }
    }
}
