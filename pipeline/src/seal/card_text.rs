//! Strangers' words in YAML and Markdown: they stay text.

use std::fmt::Write as _;

/// A text as a YAML scalar between double quotes, by rules that YAML 1.1 and 1.2 share. Line breaks of any script and
/// characters that are not printable are escaped.
pub(super) fn yaml(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\u{2028}' | '\u{2029}' | '\u{feff}' => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c if c.is_control() || (u32::from(c) & 0xfffe) == 0xfffe => {
                let _ = write!(out, "\\U{:08x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A text as one line of Markdown, which may stand in a table.
pub(crate) fn line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    escape(&words.join(" "))
}

/// A text as paragraphs of Markdown: empty lines part them, other breaks are spaces.
pub(crate) fn paragraph(text: &str) -> String {
    let mut paragraphs: Vec<Vec<&str>> = vec![Vec::new()];
    for row in text.lines().map(str::trim) {
        match paragraphs.last_mut() {
            Some(last) if !row.is_empty() => last.push(row),
            Some(last) if !last.is_empty() => paragraphs.push(Vec::new()),
            _ => {}
        }
    }
    let paragraphs: Vec<String> = paragraphs
        .iter()
        .map(|rows| escape(&rows.join(" ")))
        // A line that begins so is a heading, a list or a rule in Markdown.
        .map(|text| if text.starts_with(['#', '-', '+', '=', '~']) { format!("\\{text}") } else { text })
        .collect();
    paragraphs.join("\n\n").trim_end().to_owned()
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | '|' | '`' | '*' | '_' | '[' | ']' => {
                out.push('\\');
                out.push(c);
            }
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn words_stay_words_in_a_table() {
        assert_eq!(
            line("soko | *la* <b>usiku</b>\nMwatate"),
            "soko \\| \\*la\\* &lt;b&gt;usiku&lt;/b&gt; Mwatate"
        );
        assert_eq!(paragraph("# हाट\nरात का\n\n\nबाज़ार"), "\\# हाट रात का\n\nबाज़ार");
    }

    proptest! {
        #[test]
        fn any_text_comes_back_from_yaml(text in any::<String>()) {
            let quoted = yaml(&text);
            let broken = quoted.contains(['\n', '\r', '\u{85}', '\u{2028}']);
            prop_assert!(!broken);
            let back: String = serde_saphyr::from_str(&quoted).unwrap();
            prop_assert_eq!(back, text);
        }

        #[test]
        fn a_line_is_one_line_and_opens_no_tag(text in any::<String>()) {
            let line = line(&text);
            prop_assert!(!line.contains(['\n', '\r', '<', '>']));
            prop_assert!(line.split("\\|").all(|part| !part.contains('|')));
        }
    }
}
