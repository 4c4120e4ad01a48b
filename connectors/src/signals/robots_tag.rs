//! Words for robots about one page: the header `X-Robots-Tag`, and meta tags called `robots` or after an agent.
//!
//! No text says what `noai` means; it is read as its makers (DeviantArt, 2022) meant it: no training on this page. `noimageai`
//! speaks of pictures, and comes to `unknown` for text. The other words are about search and about answers that quote.

use super::{Category, Evidence, Signal, Value};

/// Words with a colon that are no agent's name.
const WITH_VALUES: [&str; 4] = ["unavailable_after", "max-snippet", "max-image-preview", "max-video-preview"];

/// What one `X-Robots-Tag` says. An agent's name with a colon scopes what follows it; `asked` says whether that agent is
/// asked about, and words for others are left out.
pub fn header(value: &str, asked: impl Fn(&str) -> bool) -> Vec<Evidence> {
    let mut rows = Vec::new();
    let mut agent = String::new();
    for part in value.split(',') {
        let mut words = part.trim();
        if let Some((name, rest)) = words.split_once(':') {
            let name = name.trim();
            if WITH_VALUES.iter().any(|known| name.eq_ignore_ascii_case(known)) {
                continue;
            }
            name.clone_into(&mut agent);
            words = rest.trim();
        }
        if agent.is_empty() || is_everybody(&agent) || asked(&agent) {
            rows.extend(word(Signal::RobotsTag, value, &agent, words));
        }
    }
    rows
}

/// What a meta tag says. `name` is its name: `robots`, or that of an agent that is asked about.
pub fn meta(name: &str, content: &str) -> Vec<Evidence> {
    let agent = if is_everybody(name) { "" } else { name };
    content.split(',').filter_map(|part| word(Signal::MetaRobots, content, agent, part.trim())).collect()
}

/// Whether a tag of that name speaks to all robots.
pub fn is_everybody(name: &str) -> bool {
    name == "*" || name.eq_ignore_ascii_case("robots")
}

fn word(signal: Signal, raw: &str, agent: &str, word: &str) -> Option<Evidence> {
    let (category, value) = match word.to_ascii_lowercase().as_str() {
        "noai" => (Category::TrainAi, Value::Disallow),
        "noimageai" => (Category::TrainAi, Value::Unknown),
        "noindex" | "none" => (Category::Search, Value::Disallow),
        "nosnippet" | "noarchive" | "nocache" => (Category::AiInput, Value::Disallow),
        _ => return None,
    };
    Some(Evidence { agent: agent.to_owned(), ..Evidence::of_page(signal, "", raw, category, value) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(rows: &[Evidence]) -> Vec<String> {
        rows.iter()
            .map(|row| format!("{}:{}={}", row.agent, row.category.as_str(), row.value.as_str()))
            .collect()
    }

    #[test]
    fn words_of_headers_keep_to_the_agent_before_them() {
        let asked = |agent: &str| agent.eq_ignore_ascii_case("CCBot");
        for (value, expected) in [
            ("noai", vec![":train_ai=disallow"]),
            (" NoAI , noimageai", vec![":train_ai=disallow", ":train_ai=unknown"]),
            ("CCBot: noai, noindex", vec!["CCBot:train_ai=disallow", "CCBot:search=disallow"]),
            ("googlebot: noai, noindex", vec![]),
            ("googlebot: noai, ccbot: nosnippet", vec!["ccbot:ai_input=disallow"]),
            ("unavailable_after: 25 Jun 2026 15:00:00 PST, none", vec![":search=disallow"]),
            ("*: noai", vec!["*:train_ai=disallow"]),
            ("all, max-snippet:-1, ሁሉ", vec![]),
        ] {
            assert_eq!(told(&header(value, asked)), expected, "{value}");
        }
    }

    #[test]
    fn a_meta_tag_speaks_to_all_or_to_the_agent_it_is_called_after() {
        assert_eq!(told(&meta("Robots", "index,follow, noai")), [":train_ai=disallow"]);
        assert_eq!(told(&meta("ccbot", "noai")), ["ccbot:train_ai=disallow"]);
        assert!(meta("ccbot", "nofollow").is_empty());
    }
}
