//! What a store said, fit to be shown: without users, passwords and signed queries, and short.

use std::error::Error;

/// Longest text that is kept of an answer, in characters.
const MOST_CHARS: usize = 400;

/// What a store or its client said about a failure. Addresses in it have lost user, password and query, and an XML answer
/// is its code and message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct StoreSaid(String);

impl StoreSaid {
    /// The words of `error` and of its causes, each once.
    pub(super) fn new(error: &(dyn Error + 'static)) -> Self {
        let mut text = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            let more = error.to_string();
            if !text.contains(&more) {
                text.push_str(": ");
                text.push_str(&more);
            }
            cause = error.source();
        }
        let text = without_queries(&without_xml(&text));
        let mut short: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if let Some((end, _)) = short.char_indices().nth(MOST_CHARS) {
            short.truncate(end);
            short.push('…');
        }
        Self(short)
    }
}

/// An `<Error>` document becomes its code and message: the rest repeats the request, with the id of the key.
fn without_xml(text: &str) -> String {
    let Some(start) = text.find("<?xml").or_else(|| text.find("<Error")) else { return text.to_owned() };
    let part = |tag: &str| {
        let (_, rest) = text[start..].split_once(&format!("<{tag}>"))?;
        Some(rest.split_once(&format!("</{tag}>"))?.0)
    };
    let words = [part("Code"), part("Message")];
    let words = words.into_iter().flatten().collect::<Vec<_>>().join(", ");
    format!("{}{}", &text[..start], if words.is_empty() { "an answer in XML" } else { &words })
}

/// Addresses lose user, password and query.
fn without_queries(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + "://".len());
        out.push_str(before);
        let end = after.find([' ', '\n', '\t', '"', '\'', '<', '>', '(', ')', ',']).unwrap_or(after.len());
        let (url, tail) = after.split_at(end);
        let url = url.split(['?', '#']).next().unwrap_or_default();
        let (authority, path) = url.find('/').map_or((url, ""), |at| url.split_at(at));
        out.push_str(authority.rsplit_once('@').map_or(authority, |(_, host)| host));
        out.push_str(path);
        rest = tail;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{0}")]
    struct Words(&'static str);

    fn said(words: &'static str) -> String {
        StoreSaid::new(&Words(words)).to_string()
    }

    #[test]
    fn addresses_lose_what_is_secret() {
        assert_eq!(
            said(
                "Error performing GET http://mtu:siri@duka.example/a/b?X-Amz-Signature=siri in 2s - refused (https://x.example?t=siri)"
            ),
            "Error performing GET http://duka.example/a/b in 2s - refused (https://x.example)"
        );
        assert_eq!(said("no address: at all"), "no address: at all");
    }

    #[test]
    fn an_answer_in_xml_is_its_code_and_message() {
        let answer = "status 403 Forbidden: <?xml version=\"1.0\"?>\n<Error><Code>SignatureDoesNotMatch</Code>\
                      <Message>Not the same.</Message><AWSAccessKeyId>AKIA123</AWSAccessKeyId></Error>";
        assert_eq!(said(answer), "status 403 Forbidden: SignatureDoesNotMatch, Not the same.");
        assert_eq!(said("502: <?xml?><html>"), "502: an answer in XML");
    }

    #[test]
    fn long_answers_are_cut_between_characters() {
        let long: &'static str = Box::leak("ሀ".repeat(1000).into_boxed_str());
        assert_eq!(said(long).chars().count(), MOST_CHARS + 1);
    }
}
