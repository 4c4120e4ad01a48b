//! Web-languages Markdown: one file per ISO 639-3 language, sections of links.
//!
//! <https://github.com/commoncrawl/web-languages> has these lines, and all are read: `- https://…`, `- <https://…>`,
//! `- [text](https://…)`, `- <a href="https://…">text</a>`, each with a note before or after; `Section:` or
//! `## Section` lines; `### Subsection` (often a country). Instructions at the end, and the sections that do not hold pages in the
//! language, are passed over.

use super::{Draft, ImportOptions, Imported};
use crate::web;

/// Sections whose links are about the language or the file, not in the language.
const PASSED_OVER: [&str; 5] = [
    "additional names",
    "informative links",
    "additional information",
    "scripts",
    "thank you to these people",
];

/// Adds the seeds of one file.
pub(super) fn read(text: &str, file: &str, options: &ImportOptions, out: &mut Imported) {
    let mut section: Option<String> = None;
    let mut subsection: Option<String> = None;
    let mut language: Option<String> = None;
    let mut after_prose = false;
    // The code stands below the links.
    let mut drafts: Vec<(u64, Draft)> = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let number = number as u64 + 1;
        let line = line.trim();
        let in_prose = std::mem::replace(&mut after_prose, false);
        if line.starts_with('#') {
            let heading = line.trim_start_matches('#');
            let level = line.len() - heading.len();
            let heading = heading.trim().trim_end_matches(':').trim_end();
            if heading.eq_ignore_ascii_case("instructions") {
                break;
            }
            if level == 2 {
                section = Some(heading.to_string());
            }
            subsection = (level > 2).then(|| heading.to_string());
            continue;
        }
        let Some(item) = line.strip_prefix('-').or_else(|| line.strip_prefix('*')).map(str::trim) else {
            match line.strip_suffix(':') {
                // A colon at the end of a paragraph is no section.
                Some(name) if !in_prose => {
                    section = Some(name.trim().to_string());
                    subsection = None;
                }
                _ => after_prose = !line.is_empty(),
            }
            continue;
        };
        if let Some(code) = language_code(item) {
            language = Some(code.to_ascii_lowercase());
            continue;
        }
        let Some(section) = section.as_ref().filter(|name| holds_seeds(name)) else { continue };
        if item.is_empty() {
            continue;
        }
        let Some((url, note)) = link(item) else {
            out.issue(file, number, format!("no link in {item:?}"));
            continue;
        };
        if options.exclude_wikipedia && is_wikipedia(&url) {
            out.excluded += 1;
            continue;
        }
        let section = match &subsection {
            Some(sub) => format!("{section} > {sub}"),
            None => section.clone(),
        };
        drafts.push((number, Draft { section: Some(section), note: Some(note), ..Draft::new(&url) }));
    }
    if language.is_none() {
        out.issue(file, 0, "no line \"- ISO-639-3 code: xxx\"");
    }
    for (number, mut draft) in drafts {
        // As in tables: a semicolon is never part of a code.
        draft.languages = language.iter().flat_map(|codes| codes.split(';')).map(str::to_string).collect();
        out.add(draft, file, number, options);
    }
}

fn holds_seeds(section: &str) -> bool {
    let section = section.to_lowercase();
    !PASSED_OVER.iter().any(|name| section.starts_with(name))
}

/// The code of a line such as `ISO-639-3 code: tlh`.
fn language_code(item: &str) -> Option<&str> {
    let (name, code) = item.split_once(':')?;
    name.trim().eq_ignore_ascii_case("iso-639-3 code").then(|| code.trim()).filter(|code| !code.is_empty())
}

fn is_wikipedia(url: &str) -> bool {
    let Some(url) = web::parse(url) else { return false };
    web::host(&url).and_then(web::registered_domain) == Some("wikipedia.org")
}

/// The first link of a list item, and what else is said.
fn link(item: &str) -> Option<(String, String)> {
    let start = match (item.find("http"), item.find("www.")) {
        (Some(http), Some(www)) => http.min(www),
        (http, www) => http.or(www)?,
    };
    let (before, from) = item.split_at(start);
    // How the link is wrapped says where it ends.
    let (end, closing) = if before.ends_with("](") {
        (closing_parenthesis(from), ")")
    } else if before.ends_with('<') {
        (from.find('>').unwrap_or(from.len()), ">")
    } else if before.ends_with(['"', '\'']) {
        (from.find(['"', '\'']).unwrap_or(from.len()), "\"")
    } else {
        (bare_end(from), "")
    };
    let (url, rest) = from.split_at(end);
    let rest = rest.strip_prefix(closing).unwrap_or(rest);
    let label = before.strip_suffix("](").and_then(|label| label.strip_prefix('[')).unwrap_or("");
    let rest = rest.strip_prefix('>').unwrap_or(rest).replace("</a>", "");
    let said = [label, rest.as_str()].map(plain_note).join(" ");
    Some((url.to_string(), said.trim().to_string()))
}

/// Where a bare URL ends: at white space or an angle bracket, before closing punctuation, and before a parenthesis
/// that opens a note (`https://um.dk/(Ministry of…`) or closes one it is part of.
fn bare_end(text: &str) -> usize {
    let mut end = text.find(|c: char| c.is_whitespace() || matches!(c, '<' | '>')).unwrap_or(text.len());
    let mut open = Vec::new();
    for (at, c) in text[..end].char_indices() {
        match c {
            '(' => open.push(at),
            ')' if open.pop().is_none() => {
                end = at;
                break;
            }
            _ => {}
        }
    }
    if let Some(&first) = open.first().filter(|&&at| at < end) {
        end = first;
    }
    text[..end].trim_end_matches(['.', ',', ';', '"', '\'']).len()
}

/// The end of `[text](url)`, whose URL may hold parentheses of its own.
fn closing_parenthesis(text: &str) -> usize {
    let mut depth = 0;
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' if depth == 0 => return at,
            ')' => depth -= 1,
            _ => {}
        }
    }
    text.len()
}

/// A note without the dash, hash or parentheses that set it off.
fn plain_note(text: &str) -> &str {
    let text = text.trim().trim_start_matches(['-', '–', '—', '#', ':', ',']).trim();
    let inner = text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
    inner.filter(|inner| !inner.contains(['(', ')'])).unwrap_or(text).trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_read_in_every_form() {
        for (item, url, note) in [
            ("https://radioalgerie.dz", "https://radioalgerie.dz", ""),
            ("<https://radioalgerie.dz>", "https://radioalgerie.dz", ""),
            ("[Gazeti](https://example.co.ke/a_(b))", "https://example.co.ke/a_(b)", "Gazeti"),
            (
                "<a href=\"https://example.org/x\">ISO 15924 Latn</a> Latin",
                "https://example.org/x",
                "ISO 15924 Latn Latin",
            ),
            ("https://www.digi.no/  # focus on technology", "https://www.digi.no/", "focus on technology"),
            ("https://um.dk/(Ministry of Foreign Affairs)", "https://um.dk/", "Ministry of Foreign Affairs"),
            ("https://oiwi.tv News. Mainly Hawaiian.", "https://oiwi.tv", "News. Mainly Hawaiian."),
            ("(https://example.org/a)", "https://example.org/a", ")"),
            ("https://example.org/a_(b) — ዜና", "https://example.org/a_(b)", "ዜና"),
            ("www.example.co.ke, gazeti", "www.example.co.ke", "gazeti"),
            (
                "https://a.org/eng#{%22x%22:[%22SWE%22],%22y%22} (Case law)",
                "https://a.org/eng#{%22x%22:[%22SWE%22],%22y%22}",
                "Case law",
            ),
        ] {
            assert_eq!(link(item), Some((url.to_string(), note.to_string())), "{item}");
        }
        assert_eq!(link("others"), None);
    }

    #[test]
    fn sections_and_language_come_from_the_lines_around() {
        let text = "# Web Language: Kiswahili\n\nAdditional names:\n- https://example.org/jina\n\nNews:\n\n### Kenya\n- \
                    https://example.co.ke (gazeti)\n- \n- hakuna kiungo\n\nOther:\n- https://sw.wikipedia.org\n- \
                    http://[mbaya\n- https://example.go.tz/sw/\n\nInformative links (in English):\n- https://example.com\n\n\
                    Additional Information:\n- ISO-639-3 code: SWH\n\n## Instructions\n\nNews:\n- https://example.net\n";
        let mut out = Imported::default();
        read(text, "living/kiswahili.md", &ImportOptions::new("web-languages"), &mut out);
        let seeds: Vec<_> = out
            .seeds
            .iter()
            .map(|seed| {
                (seed.url.as_str(), seed.section.as_deref(), seed.note.as_deref(), seed.languages.join(""))
            })
            .collect();
        assert_eq!(
            seeds,
            [
                ("https://example.co.ke/", Some("News > Kenya"), Some("gazeti"), "swh".into()),
                ("https://example.go.tz/sw/", Some("Other"), None, "swh".into()),
            ]
        );
        assert_eq!(out.excluded, 1);
        let lines: Vec<u64> = out.issues.iter().map(|issue| issue.line).collect();
        assert_eq!(lines, [11, 15], "{:?}", out.issues);
    }

    #[test]
    fn sections_may_be_headings_and_paragraphs_are_none() {
        let text = "# Web Language: العربية\n\nWe look for pages\nof communities that are:\n\n- far away\n\n## News\n\n### مصر\n\n- \
                    <https://example.eg>\n\n## Other:\n- https://example.sa\n\n## Scripts\n- https://example.org\n- ISO-639-3 code: arb\n";
        let mut out = Imported::default();
        read(text, "living/standard_arabic.md", &ImportOptions::new("web-languages"), &mut out);
        let sections: Vec<_> = out.seeds.iter().map(|seed| seed.section.as_deref()).collect();
        assert_eq!(sections, [Some("News > مصر"), Some("Other")]);
        assert_eq!(out.issues, []);
    }

    #[test]
    fn several_codes_are_several_languages_as_in_tables() {
        let mut out = Imported::default();
        let text = "News:\n- https://example.et/ዜና\n- ISO-639-3 code: AMH; tir\n";
        read(text, "x.md", &ImportOptions::new("x"), &mut out);
        assert_eq!(out.seeds[0].languages, ["amh", "tir"]);
    }

    #[test]
    fn a_file_without_a_code_still_gives_its_seeds() {
        let mut out = Imported::default();
        read("News:\n- https://example.gr/νέα\n", "x.md", &ImportOptions::new("x"), &mut out);
        assert_eq!(out.seeds.len(), 1);
        assert!(out.seeds[0].languages.is_empty());
        assert_eq!(out.issues[0].line, 0);
    }
}
