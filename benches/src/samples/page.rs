//! Pages as sites build them: five shapes, each with navigation, header, sidebar and footer around the text.

use std::fmt::Write as _;

use anyhow::{Result, bail};

use super::choose::Seeded;
use super::marks::Marks;
use super::texts::{Paragraph, Texts, Word};

/// How the pages of a site are built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    Article,
    List,
    Forum,
    Notice,
    Blog,
}

impl Shape {
    pub(crate) fn parse(word: &str) -> Result<Self> {
        Ok(match word {
            "article" => Self::Article,
            "list" => Self::List,
            "forum" => Self::Forum,
            "notice" => Self::Notice,
            "blog" => Self::Blog,
            _ => bail!("{word}: unknown shape"),
        })
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Article => "article",
            Self::List => "list",
            Self::Forum => "forum",
            Self::Notice => "notice",
            Self::Blog => "blog",
        }
    }
}

/// The frame of a site: what all its pages share.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    pub(crate) host: String,
    pub(crate) name: String,
    pub(crate) shape: Shape,
    pub(crate) marks: Marks,
    /// The `lang` attribute, right or wrong; none where the site has none.
    pub(crate) lang: Option<String>,
    /// What `<meta charset>` says.
    pub(crate) meta_charset: Option<String>,
}

/// What one page says.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    /// 1 for the first page of a site.
    pub(crate) number: usize,
    pub(crate) paragraphs: Vec<Paragraph>,
    /// Titles of other pages.
    pub(crate) related: Vec<String>,
    /// Where names, dates and numbers on the page come from.
    pub(crate) label: String,
}

/// The path of a page: dates, numbers, or the title itself, as sites do it.
pub(crate) fn path(shape: Shape, page: &Page) -> String {
    let number = page.number;
    match shape {
        Shape::Article => format!("/2026/03/{:02}/{number}.html", (number - 1) % 28 + 1),
        Shape::List => format!("/list/{number}"),
        Shape::Forum => format!("/forum/viewtopic.php?t={}", 100 + number),
        Shape::Notice => format!("/notices/{number}.html"),
        Shape::Blog => {
            format!(
                "/blog/{number}-{}/",
                percent_encode(&page.paragraphs[0].title.to_lowercase().replace(' ', "-"))
            )
        }
    }
}

fn percent_encode(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || byte == b'-' {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// The whole page as HTML.
pub(crate) fn render(frame: &Frame, texts: &Texts, page: &Page) -> String {
    let mut seed = Seeded::new(&page.label);
    let main = match frame.shape {
        Shape::Article => article(frame, texts, page, &mut seed),
        Shape::List => list(texts, page, &mut seed),
        Shape::Forum => forum(frame, page, &mut seed),
        Shape::Notice => notice(texts, page, &mut seed),
        Shape::Blog => blog(frame, texts, page, &mut seed),
    };
    let title = &page.paragraphs[0].title;
    let lang = frame.lang.as_ref().map(|tag| format!(" lang=\"{tag}\"")).unwrap_or_default();
    let dir = if texts.right_to_left() { " dir=\"rtl\"" } else { "" };
    let charset =
        frame.meta_charset.as_ref().map(|c| format!("<meta charset=\"{c}\">\n")).unwrap_or_default();
    let mut nav = String::new();
    for (at, word) in
        [Word::Home, Word::News, Word::Notices, Word::About, Word::Contact].into_iter().enumerate()
    {
        let _ = writeln!(nav, "<li><a href=\"/s{at}\">{}</a></li>", escape(texts.word(word)));
    }
    let mut related = String::new();
    for title in &page.related {
        let more = escape(texts.word(Word::ReadMore));
        let _ = writeln!(related, "<li>{} <a href=\"/r\">{more}</a></li>", escape(title));
    }
    let rights = if frame.marks.rights {
        format!("<p>© 2026 {}</p>\n", escape(&texts.rights))
    } else {
        String::new()
    };
    format!(
        "<!DOCTYPE html>\n<html{lang}{dir}>\n<head>\n{charset}<title>{title} - {name}</title>\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<link rel=\"stylesheet\" href=\"/main.css\">\n{head}</head>\n\
         <body class=\"{shape}\">\n<header class=\"site-header\"><a href=\"/\">{name}</a></header>\n\
         <nav><ul>\n{nav}</ul></nav>\n<main>\n{main}</main>\n\
         <aside class=\"sidebar\"><h3>{side}</h3><ul>\n{related}</ul></aside>\n\
         <footer>\n<p>{name} · {contact}: info@{host}</p>\n{licence}{rights}</footer>\n</body>\n</html>\n",
        title = escape(title),
        name = escape(&frame.name),
        head = frame.marks.head(),
        shape = frame.shape.as_str(),
        side = escape(texts.word(Word::Related)),
        contact = escape(texts.word(Word::Contact)),
        host = frame.host,
        licence = frame.marks.footer(),
    )
}

fn article(frame: &Frame, texts: &Texts, page: &Page, seed: &mut Seeded) -> String {
    let first = &page.paragraphs[0];
    let mut html = format!(
        "<article>\n<h1>{}</h1>\n<p class=\"byline\">{} <time datetime=\"{date}\">{date}</time></p>\n<p>{}</p>\n{}",
        escape(&first.title),
        name(seed),
        escape(&first.text),
        frame.marks.figure(),
        date = date(seed),
    );
    for paragraph in &page.paragraphs[1..] {
        let _ = write!(html, "<h2>{}</h2>\n<p>{}</p>\n", escape(&paragraph.title), escape(&paragraph.text));
    }
    let _ = write!(
        html,
        "</article>\n<p class=\"share\"><a href=\"/c\">{}</a></p>\n",
        escape(texts.word(Word::Comments))
    );
    html
}

/// Entries with a table of prices below.
fn list(texts: &Texts, page: &Page, seed: &mut Seeded) -> String {
    let mut html = format!("<h1>{}</h1>\n<ol>\n", escape(&page.paragraphs[0].title));
    for paragraph in &page.paragraphs {
        let _ = writeln!(
            html,
            "<li><h2>{}</h2><p>{}</p></li>",
            escape(&paragraph.title),
            escape(&paragraph.text)
        );
    }
    html.push_str("</ol>\n<table>\n<tr>");
    for word in [Word::Item, Word::Price, Word::Price] {
        let _ = write!(html, "<th>{}</th>", escape(texts.word(word)));
    }
    html.push_str("</tr>\n");
    for row in 1..=6 {
        let price = 20 + seed.below(400);
        let _ = writeln!(html, "<tr><td>{row}</td><td>{price}</td><td>{}</td></tr>", price + seed.below(30));
    }
    html.push_str("</table>\n");
    html
}

/// Posts by several people; the second quotes the first.
fn forum(frame: &Frame, page: &Page, seed: &mut Seeded) -> String {
    let mut html = format!("<h1>{}</h1>\n", escape(&page.paragraphs[0].title));
    let mut quoted: Option<String> = None;
    for (at, paragraph) in page.paragraphs.iter().enumerate() {
        let user = name(seed);
        let quote = quoted.take().map(|text| format!("<blockquote>{text}</blockquote>")).unwrap_or_default();
        let _ = writeln!(
            html,
            "<div class=\"post\" id=\"p{}\"><div class=\"author\">{user}{} · {}</div><div class=\"content\">{quote}<p>{}</p></div></div>",
            at + 1,
            seed.below(90) + 10,
            date(seed),
            escape(&paragraph.text),
        );
        if at == 0 {
            quoted = Some(escape(&paragraph.title));
        }
    }
    let licence = frame.marks.comment();
    if !licence.is_empty() {
        let _ = writeln!(
            html,
            "<div class=\"post\"><div class=\"author\">{}</div><div class=\"signature\">{licence}</div></div>",
            name(seed)
        );
    }
    html
}

/// A notice with a reference and dates.
fn notice(texts: &Texts, page: &Page, seed: &mut Seeded) -> String {
    let mut html = format!(
        "<div class=\"notice\">\n<h1>{}</h1>\n<table class=\"meta\"><tr><th>{}</th><td>{}/2026/{}</td></tr></table>\n",
        escape(&page.paragraphs[0].title),
        escape(texts.word(Word::Notices)),
        seed.below(900) + 100,
        page.number,
    );
    for paragraph in &page.paragraphs {
        let _ = writeln!(html, "<p>{}</p>", escape(&paragraph.text));
    }
    let _ = write!(html, "<p class=\"date\">{}</p>\n</div>\n", date(seed));
    html
}

/// A post in nested boxes, with a figure and a comment.
fn blog(frame: &Frame, texts: &Texts, page: &Page, seed: &mut Seeded) -> String {
    let mut html = format!(
        "<div id=\"content\"><div class=\"post\"><div class=\"entry\">\n<h1>{}</h1>\n<span class=\"date\">{}</span>\n{}",
        escape(&page.paragraphs[0].title),
        date(seed),
        frame.marks.figure(),
    );
    for paragraph in &page.paragraphs {
        let _ = writeln!(html, "<p>{}</p>", escape(&paragraph.text));
    }
    let _ = write!(html, "</div>\n<div class=\"comments\"><h3>{}</h3>", escape(texts.word(Word::Comments)));
    if let Some(title) = page.related.first() {
        let _ = write!(html, "<p><b>{}</b>: {}?</p>", name(seed), escape(title));
    }
    html.push_str("</div></div></div>\n");
    html
}

fn date(seed: &mut Seeded) -> String {
    format!("2026-{:02}-{:02}", 1 + seed.below(2), 1 + seed.below(28))
}

/// A user name that belongs to nobody.
fn name(seed: &mut Seeded) -> &'static str {
    const NAMES: [&str; 12] = [
        "amani", "kiran", "noor", "lea", "tomas", "suda", "mina", "arda", "biko", "anahit", "wanjiru",
        "sofia",
    ];
    NAMES[seed.below(NAMES.len())]
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page() -> Page {
        let paragraph =
            |title: &str, text: &str| Paragraph { title: title.to_owned(), text: text.to_owned() };
        Page {
            number: 30,
            paragraphs: vec![paragraph("Bei & mboga", "Bei imeshuka."), paragraph("Mvua", "Mvua zimeanza.")],
            related: vec!["Shule".to_owned()],
            label: "mfano/1".to_owned(),
        }
    }

    #[test]
    fn paths_follow_the_shape() {
        assert_eq!(path(Shape::Article, &page()), "/2026/03/02/30.html");
        assert_eq!(path(Shape::Blog, &page()), "/blog/30-bei-%26-mboga/");
        assert_eq!(path(Shape::Forum, &page()), "/forum/viewtopic.php?t=130");
    }

    #[test]
    fn text_is_escaped() {
        assert_eq!(escape("nyanya < vitunguu & chumvi"), "nyanya &lt; vitunguu &amp; chumvi");
    }
}
