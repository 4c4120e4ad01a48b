//! The whole text of a page without its furniture: what is left when no main text stands out.
//!
//! Readability asks for some hundred characters and a few commas of its own kind before it believes in an article. A
//! short notice, or a page of a script without commas, has neither, and would be lost.

use dom_query::Document;

use super::dom::{self, Descend, Event};

/// Name of this extractor in the column `extractor`.
pub const NAME: &str = "body_text";

/// Elements whose content is not text of the page.
fn is_furniture(name: &str) -> bool {
    matches!(
        name,
        "head"
            | "script"
            | "style"
            | "noscript"
            | "template"
            | "nav"
            | "header"
            | "footer"
            | "aside"
            | "form"
            | "button"
            | "select"
            | "textarea"
            | "iframe"
            | "object"
            | "svg"
            | "math"
            | "canvas"
            | "audio"
            | "video"
    )
}

/// Elements that begin and end a paragraph.
fn breaks_paragraph(name: &str) -> bool {
    matches!(
        name,
        "address"
            | "article"
            | "blockquote"
            | "body"
            | "center"
            | "dd"
            | "details"
            | "div"
            | "dl"
            | "dt"
            | "fieldset"
            | "figcaption"
            | "figure"
            | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
            | "main"
            | "ol"
            | "p"
            | "pre"
            | "section"
            | "summary"
            | "table"
            | "ul"
    )
}

/// The text of the body: paragraphs separated by an empty line, lines by a newline.
///
/// A page of nothing but furniture is read again with header, footer and aside: on some hosts the notice stands there.
pub fn body_text(document: &Document) -> String {
    let text = text_without(document, is_furniture);
    if !text.is_empty() {
        return text;
    }
    text_without(document, |name| {
        is_furniture(name) && !matches!(name, "header" | "footer" | "aside" | "form")
    })
}

fn text_without(document: &Document, is_left_out: impl Fn(&str) -> bool) -> String {
    let Some(body) = document.body() else { return String::new() };
    let mut text = String::new();
    // Newlines owed before the next word.
    let mut breaks = 0;
    let mut space = false;
    dom::walk(&body, |event| {
        let (node, entering) = match event {
            Event::Enter(node, _) => (node, true),
            Event::Leave(node) => (node, false),
        };
        if entering
            && dom::text(node, |content| {
                space |= content.starts_with(char::is_whitespace);
                for word in content.split_whitespace() {
                    if breaks > 0 && !text.is_empty() {
                        text.extend(std::iter::repeat_n('\n', breaks));
                    } else if space && !text.is_empty() {
                        text.push(' ');
                    }
                    (breaks, space) = (0, true);
                    text.push_str(word);
                }
                space = content.ends_with(char::is_whitespace) || (space && content.is_empty());
            })
            .is_some()
        {
            return Descend::Into;
        }
        dom::element(node, |element| {
            let name = &*element.name.local;
            if entering && (is_left_out(name) || dom::attribute(element, "hidden").is_some()) {
                return Descend::Over;
            }
            if breaks_paragraph(name) {
                breaks = 2;
            } else if matches!(name, "br" | "hr" | "li" | "tr") {
                breaks = breaks.max(1);
            } else if matches!(name, "td" | "th") {
                space = true;
            }
            Descend::Into
        })
        .unwrap_or(Descend::Into)
    });
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn furniture_is_left_out_and_paragraphs_are_kept() {
        for (html, text) in [
            (
                "<nav>Nyumbani</nav><p>Ofisi imefungwa <b>leo</b>.</p><p>Asante</p>",
                "Ofisi imefungwa leo.\n\nAsante",
            ),
            ("<body>आज कार्यालय<br>बंद है<script>x()</script></body>", "आज कार्यालय\nबंद है"),
            (
                "<table><tr><td>ሰኞ</td><td>2:00</td></tr><tr><td>ማክሰኞ</td><td>3:00</td></tr></table>",
                "ሰኞ 2:00\nማክሰኞ 3:00",
            ),
            ("<p>วัน<span>นี้</span>ปิด</p>", "วันนี้ปิด"),
            ("<ul><li>一<li>二</ul><p hidden>三</p>", "一\n二"),
            ("<footer>Κλειστά σήμερα</footer>", "Κλειστά σήμερα"),
            ("<nav>Menyu</nav>", ""),
            ("", ""),
        ] {
            assert_eq!(body_text(&Document::from(html)), text, "{html}");
        }
    }
}
