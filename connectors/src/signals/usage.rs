//! Statements about use: `Content-Usage` of the IETF drafts on AI preferences, and Cloudflare's `Content-Signal`.
//!
//! `Content-Usage` is a Structured Fields dictionary (RFC 9651): tokens `y` and `n`, keys in lower case, the last of a
//! repeated key counts, and a value that cannot be parsed says nothing at all. `Content-Signal` has `yes` and `no`, and
//! its makers give no grammar: what can be read of it is.

use sfv::{BareItem, Dictionary, ListEntry, Parser};

use super::{Category, Evidence, Signal, Value};

/// What `Content-Usage` is read by: drafts of the working group as of that month.
pub const USAGE_SPEC: &str = "draft-ietf-aipref-attach-04";
/// What `Content-Signal` is read by: its makers' page of that month.
pub const SIGNAL_SPEC: &str = "contentsignals.org 2025-09";

/// What a `Content-Usage` says, by category. Lines of several headers are joined with `, ` first.
pub fn content_usage(value: &str) -> Vec<(Category, Value)> {
    let Ok(dictionary) = Parser::new(value.trim()).parse::<Dictionary>() else { return Vec::new() };
    let mut found = Vec::new();
    for (key, category) in [("train-ai", Category::TrainAi), ("search", Category::Search)] {
        let Some(entry) = dictionary.get(key) else { continue };
        let preference = match entry {
            ListEntry::Item(item) => match &item.bare_item {
                BareItem::Token(token) if token.as_str() == "n" => Value::Disallow,
                BareItem::Token(token) if token.as_str() == "y" => Value::Allow,
                _ => Value::Unknown,
            },
            ListEntry::InnerList(_) => Value::Unknown,
        };
        found.push((category, preference));
    }
    found
}

/// What a `Content-Signal` says, by category. A key that stands twice is counted twice.
pub fn content_signal(value: &str) -> Vec<(Category, Value)> {
    let read = |part: &str| {
        let (key, value) = part.split_once('=')?;
        let category = match key.trim().to_ascii_lowercase().as_str() {
            "ai-train" => Category::TrainAi,
            "ai-input" => Category::AiInput,
            "search" => Category::Search,
            _ => return None,
        };
        let value = match value.trim().to_ascii_lowercase().as_str() {
            "no" => Value::Disallow,
            "yes" => Value::Allow,
            _ => Value::Unknown,
        };
        Some((category, value))
    };
    value.split([',', ';']).filter_map(read).collect()
}

/// What a header says: its lines, in order.
pub fn header<'a>(signal: Signal, lines: impl Iterator<Item = &'a str>) -> Vec<Evidence> {
    let raw = lines.collect::<Vec<_>>().join(", ");
    let (said, spec) = match signal {
        Signal::SignalHeader => (content_signal(&raw), SIGNAL_SPEC),
        _ => (content_usage(&raw), USAGE_SPEC),
    };
    said.into_iter().map(|(category, value)| Evidence::of_page(signal, spec, &raw, category, value)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use Category::{AiInput, Search, TrainAi};
    use Value::{Allow, Disallow, Unknown};

    #[test]
    fn a_usage_is_a_dictionary_or_says_nothing() {
        for (value, expected) in [
            ("train-ai=n", vec![(TrainAi, Disallow)]),
            ("search=y, train-ai=n", vec![(TrainAi, Disallow), (Search, Allow)]),
            ("train-ai=y;until=\"kesho\"", vec![(TrainAi, Allow)]),
            ("train-ai=n, train-ai=y", vec![(TrainAi, Allow)]),
            ("train-ai", vec![(TrainAi, Unknown)]),
            ("train-ai=?0", vec![(TrainAi, Unknown)]),
            ("train-ai=(n)", vec![(TrainAi, Unknown)]),
            ("train-ai=N", vec![(TrainAi, Unknown)]),
            ("Train-AI=n", vec![]),
            ("train-ai=n,", vec![]),
            ("train-ai = n", vec![]),
            ("train-ai=hapana ndiyo", vec![]),
            ("tdm=n", vec![]),
            ("train-ai=ሀ", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(content_usage(value), expected, "{value}");
        }
    }

    #[test]
    fn a_signal_is_read_as_far_as_it_can_be() {
        for (value, expected) in [
            ("search=yes, ai-train=no", vec![(Search, Allow), (TrainAi, Disallow)]),
            ("AI-Train = NO; ai-input=yes", vec![(TrainAi, Disallow), (AiInput, Allow)]),
            ("ai-train=labda,use=reference", vec![(TrainAi, Unknown)]),
            ("ai-train", vec![]),
        ] {
            assert_eq!(content_signal(value), expected, "{value}");
        }
    }

    #[test]
    fn lines_of_a_header_are_one_dictionary() {
        let rows = header(Signal::UsageHeader, ["search=y", "train-ai=n"].into_iter());
        assert_eq!(rows.len(), 2);
        assert!(rows.iter().all(|row| row.raw == "search=y, train-ai=n" && row.spec_version == USAGE_SPEC));
    }
}
