use std::path::Path as FilePath;

use proptest::prelude::*;

use super::*;

/// Google's own cases, where they are at hand: group, body, agent, address, answer.
#[test]
fn googles_cases_are_answered_as_google_answers_them() {
    let path = FilePath::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../shared/fixtures/robots/google_robots_cases.json");
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("skipped: {} is not there", path.display());
        return;
    };
    let cases: Vec<(String, String, String, String, bool)> = serde_json::from_str(&text).unwrap();
    assert!(cases.len() >= 142);
    let wrong: Vec<_> = cases
        .iter()
        .filter(|(_, body, agent, url, allowed)| {
            Robots::parse(body.as_bytes()).allows(agent, &Path::of(url)) != *allowed
        })
        .collect();
    assert!(wrong.is_empty(), "{} of {}: {wrong:#?}", wrong.len(), cases.len());
}

/// Whether an agent may crawl a path.
fn allows(body: &str, agent: &str, path: &str) -> bool {
    Robots::parse(body.as_bytes()).allows(agent, &Path::of(&format!("https://mfano.co.ke{path}")))
}

#[test]
fn an_agent_follows_its_own_groups_and_else_those_for_everybody() {
    let body = "\
        User-agent: *\nDisallow: /siri/\n\n\
        User-agent: CCBot/2.0\nUser-agent: AI2Bot\nDisallow: /habari/\n\n\
        User-agent: ccbot\nAllow: /habari/leo\n\n\
        User-agent: Kangaroo Bot\nDisallow:\n";
    for (agent, path, expected) in [
        ("GPTBot", "/siri/", false),
        ("GPTBot", "/habari/", true),
        ("CCBot", "/siri/", true),
        ("CCBot", "/habari/jana", false),
        ("CCBot", "/habari/leo", true),
        ("ai2bot", "/habari/leo", false),
        ("kangaroo", "/siri/", true),
    ] {
        assert_eq!(allows(body, agent, path), expected, "{agent} {path}");
    }
}

#[test]
fn paths_in_other_scripts_match_encoded_addresses() {
    let body = "User-agent: *\nDisallow: /செய்தி/\nDisallow: /news/%e0%a4%95\nAllow: /செய்தி/இன்று";
    for (path, expected) in [
        ("/%E0%AE%9A%E0%AF%86%E0%AE%AF%E0%AF%8D%E0%AE%A4%E0%AE%BF/", false),
        (
            "/%E0%AE%9A%E0%AF%86%E0%AE%AF%E0%AF%8D%E0%AE%A4%E0%AE%BF/%E0%AE%87%E0%AE%A9%E0%AF%8D%E0%AE%B1%E0%AF%81",
            true,
        ),
        ("/news/%E0%A4%95", false),
        ("/news/%e0%a4%95", false),
        ("/news/", true),
    ] {
        assert_eq!(allows(body, "CCBot", path), expected, "{path}");
    }
}

#[test]
fn a_refusal_counts_in_whatever_spelling_it_is_one() {
    assert!(!allows("User-agent: *\nDisallow: /%62inafsi", "CCBot", "/binafsi"));
    assert!(!allows("User-agent: *\nDisallow: /\nAllow: /%62inafsi", "CCBot", "/binafsi"));
    assert!(allows("User-agent: *\nDisallow: /\nAllow: /%62inafsi", "CCBot", "/%62inafsi"));
}

#[test]
fn content_usage_is_read_as_a_rule_and_as_a_line_nobody_knows() {
    let body = "User-agent: CCBot\nContent-Usage: train-ai=n\nUser-agent: GPTBot\nDisallow: /";
    let robots = Robots::parse(body.as_bytes());
    assert_eq!(robots.readings(), [Reading::Rfc9309, Reading::Aipref]);
    assert_eq!(robots.groups(Reading::Rfc9309).len(), 1);
    assert_eq!(robots.groups(Reading::Aipref).len(), 2);
    // To RFC 9309 both agents are refused; to AIPREF only the second is.
    let path = Path::new(b"/");
    assert_eq!(robots.verdict("CCBot", &path).reading, Reading::Rfc9309);
    assert!(!robots.allows("CCBot", &path) && !robots.allows("GPTBot", &path));
    let plain = Robots::parse(b"User-agent: *\nDisallow: /");
    assert_eq!(plain.readings(), [Reading::Rfc9309]);
}

#[test]
fn a_page_in_place_of_rules_has_none_and_says_so() {
    for body in [
        "<!DOCTYPE html><p>ukurasa haupo\nUser-agent: *\nDisallow: /",
        "\u{feff}\n <html>",
        "<?xml version='1.0'?>",
    ] {
        let robots = Robots::parse(body.as_bytes());
        assert!(robots.is_html && robots.is_empty(), "{body}");
    }
    let odd = Robots::parse(b"< User-agent: *\nUser-agent: *\nDisallow: /");
    assert!(!odd.is_html && !odd.allows("CCBot", &Path::new(b"/")));
}

#[test]
fn a_body_of_ten_megabytes_is_read_up_to_its_limit_and_never_up_to_half_a_line() {
    let line = b"Disallow: /habari\n";
    let mut body = b"User-agent: *\n".to_vec();
    while body.len() < 10 << 20 {
        body.extend_from_slice(line);
    }
    let robots = Robots::parse(&body);
    assert!(robots.truncated);
    assert_eq!(robots.groups(Reading::Rfc9309)[0].rules.len(), (MAX_BYTES - 14) / line.len());
    assert!(robots.allows("CCBot", &Path::new(b"/habar")));
    let exact = [b"User-agent: *\n".as_slice(), &b"#".repeat(MAX_BYTES - 14)].concat();
    assert!(!Robots::parse(&exact).truncated);
}

#[test]
fn many_stars_and_many_rules_are_matched_in_time() {
    let hostile = format!("User-agent: *\n{}", format!("Disallow: /{}$\n", "*a".repeat(400)).repeat(600));
    let robots = Robots::parse(hostile.as_bytes());
    let path = "/".to_owned() + &"a".repeat(8000) + "b";
    let started = std::time::Instant::now();
    assert!(robots.allows("CCBot", &Path::new(path.as_bytes())));
    assert!(started.elapsed().as_secs() < 30, "{:?}", started.elapsed());
}

#[test]
fn a_list_of_agents_is_told_all_that_concerns_it() {
    let body = "Content-Usage: search=y\nUser-agent: GPTBot\nUser-agent: CCBot\nUser-agent: Bytespider\n\
        User-agent: AI2Bot\nUser-agent: Claudebot\nDisallow: /\n\
        User-agent: *\nContent-Signal: ai-train=no\nContent-Usage: /wazi train-ai=y\nContent-Usage: train-ai=n\n\
        Allow: /\n\nUser-agent: Googlebot\nDisallow: /google";
    let list = AgentList::shipped();
    let asked = Asked::new(&Robots::parse(body.as_bytes()), &list.tokens(&["train"]));
    let said = |path: &str| -> (Vec<String>, Vec<String>) {
        let path = Path::new(path.as_bytes());
        let refusals =
            asked.refusals(&path).map(|(who, rule)| format!("{} {}", who.agents, rule.pattern.as_str()));
        let statements = asked.statements(&path).map(|(who, said)| format!("{} {}", who.agents, said.value));
        (refusals.collect(), statements.collect())
    };
    let refused = vec!["ai2bot,bytespider,ccbot,claudebot,+1 /".to_owned()];
    let uses = |train: &str| {
        vec!["* ai-train=no".to_owned(), "* search=y".to_owned(), format!("* train-ai={train}")]
    };
    assert_eq!(said("/google"), (refused.clone(), uses("n")));
    assert_eq!(said("/wazi/1"), (refused, uses("y")));
    let nobody = Asked::new(&Robots::parse(b"User-agent: Googlebot\nDisallow: /"), &list.tokens(&["train"]));
    assert!(nobody.is_empty());
}

#[test]
fn everybody_is_told_what_an_agent_named_beside_them_hears_otherwise() {
    let body = "User-agent: CCBot\nContent-Usage: /a train-ai=y\nUser-agent: *\nUser-agent: CCBot\nContent-Usage: train-ai=n";
    let asked = Asked::new(&Robots::parse(body.as_bytes()), &["ccbot".to_owned()]);
    let path = Path::new(b"/a");
    let told: Vec<_> =
        asked.statements(&path).map(|(who, said)| format!("{} {}", who.agents, said.value)).collect();
    assert_eq!(told, ["ccbot train-ai=y", "* train-ai=n"]);
}

#[test]
fn what_a_status_says_is_what_the_standard_says() {
    for (status, expected) in [
        (200, Availability::Rules),
        (301, Availability::Moved),
        (404, Availability::NoRules),
        (403, Availability::NoRules),
        (429, Availability::NoRules),
        (503, Availability::Unreachable),
        (999, Availability::Unreachable),
    ] {
        assert_eq!(Availability::of(status), expected, "{status}");
    }
}

/// Bodies of lines that mean something, in any order.
fn bodies() -> impl Strategy<Value = String> {
    let line = prop::sample::select(vec![
        "User-agent: *",
        "User-agent: CCBot",
        "User-agent: GPTBot",
        "Disallow: /",
        "Disallow: /a",
        "Disallow: /*b$",
        "Disallow:",
        "Allow: /a/b",
        "Allow: /%61",
        "Content-Usage: train-ai=n",
        "Content-Usage: /a train-ai=y",
        "Content-Signal: ai-train=no",
        "Sitemap: https://mfano.co.ke/s.xml",
        "",
        "# ሐሳብ",
    ]);
    let end = prop::sample::select(vec!["\n", "\r\n", "\r"]);
    prop::collection::vec((line, end), 0..14)
        .prop_map(|lines| lines.into_iter().flat_map(|(line, end)| [line, end]).collect())
}

proptest! {
    #[test]
    fn comments_and_line_ends_change_nothing(body in bodies(), path in "/[ab]{0,3}") {
        let path = Path::new(path.as_bytes());
        let plain = Robots::parse(body.as_bytes());
        let other = Robots::parse(body.replace("\r\n", "\n").replace(['\r', '\n'], " # maelezo\r\n").as_bytes());
        for agent in ["ccbot", "gptbot", "ai2bot"] {
            prop_assert_eq!(plain.verdict(agent, &path), other.verdict(agent, &path));
        }
    }

    #[test]
    fn a_list_is_refused_where_one_of_its_agents_is(body in bodies(), path in "/[ab]{0,3}") {
        let path = Path::new(path.as_bytes());
        let robots = Robots::parse(body.as_bytes());
        let tokens = ["ai2bot".to_owned(), "ccbot".to_owned(), "gptbot".to_owned()];
        let any = tokens.iter().any(|agent| !robots.allows(agent, &path));
        prop_assert_eq!(Asked::new(&robots, &tokens).refusals(&path).next().is_some(), any);
    }

    #[test]
    fn one_more_refusal_never_allows_more(body in bodies(), path in "/[ab]{0,3}") {
        let path = Path::new(path.as_bytes());
        let before = Robots::parse(body.as_bytes());
        let after = Robots::parse(format!("{body}\nDisallow: /a").as_bytes());
        for agent in ["ccbot", "ai2bot"] {
            prop_assert!(before.allows(agent, &path) || !after.allows(agent, &path));
        }
    }
}
