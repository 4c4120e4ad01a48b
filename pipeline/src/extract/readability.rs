//! The first extractor: `dom_smoothie`, a port of Mozilla's Readability.
//!
//! Of the extractors measured on four gold sets it is the best outside English (DAnIEL F1 0.901, trafilatura 0.854)
//! and seven times as fast as trafilatura; `TextMode::Formatted` is the mode that scored. Where it finds nothing
//! or is unsure, [`body_text()`] speaks.

use std::panic::{AssertUnwindSafe, catch_unwind};

use dom_query::Document;
use dom_smoothie::{Article, Config, Readability as Smoothie, TextMode};

use super::blocks::Landmarks;
use super::body_text::{self, body_text};
use super::{Caps, Extracted, Extractor, Failure, Input, dom, marks, prescan};
use crate::document::Mark;

/// Name of this extractor in the column `extractor`.
pub const NAME: &str = "dom_smoothie";

/// Below this many characters Readability does not believe in an article (its `char_threshold`) and gives the whole
/// page back, menus too. Then [`body_text`] is taken, unless it is more than twice as long, as on a page of links.
const SURE_CHARS: usize = 500;

/// Score of the blocks of an article. Readability weighs subtrees, not blocks, and has no better word for one.
const ARTICLE_SCORE: f32 = 1.0;
/// Score of the blocks of [`body_text`], which may hold menus.
const BODY_SCORE: f32 = 0.5;

/// Main text by the rules of Readability.
#[derive(Debug, Clone, Copy, Default)]
pub struct Readability;

impl Extractor for Readability {
    fn extract(&mut self, input: Input<'_>, caps: &Caps) -> Result<Extracted, Failure> {
        prescan::scan(input.html, caps)?;
        // Nothing outlives a panic here: the tree is made and dropped inside.
        catch_unwind(AssertUnwindSafe(|| extract(input, caps))).unwrap_or(Err(Failure::Panicked))
    }
}

fn extract(input: Input<'_>, caps: &Caps) -> Result<Extracted, Failure> {
    let document = Document::from(input.html);
    dom::measure(&document, caps)?;
    let root = document.root();
    let marks = if marks::may_have_marks(input.html) { marks::collect(&root) } else { Vec::new() };
    let landmarks = Landmarks::collect(&root);
    let title = dom::squeeze(&document.select_single("head > title").text());
    let html_lang = document.html_root();
    let html_lang = dom::element(&html_lang, |e| {
        let lang = dom::attribute(e, "lang").map(str::trim).filter(|lang| !lang.is_empty());
        lang.map(str::to_owned)
    })
    .flatten();

    let config = Config { disable_json_ld: true, text_mode: TextMode::Formatted, ..Config::default() };
    // Without a URL there is no error but a page without an article.
    let article =
        Smoothie::with_document(document, None, Some(config)).and_then(|mut smoothie| smoothie.parse());
    let article = article.ok().filter(|article| !article.text_content.trim().is_empty());
    if let Some(article) = &article
        && article.length >= SURE_CHARS
    {
        return Ok(from_article(article, title, html_lang, &landmarks, marks));
    }
    // Readability has pulled the tree apart; such pages are few and short, so parse again.
    let text = body_text(&Document::from(input.html));
    if let Some(article) = &article
        && text.len() > 2 * article.text_content.trim().len()
    {
        return Ok(from_article(article, title, html_lang, &landmarks, marks));
    }
    let extractor = if text.is_empty() { "" } else { body_text::NAME };
    let blocks = landmarks.cut(&text, BODY_SCORE);
    Ok(Extracted { extractor, title, text, html_lang, blocks, marks })
}

fn from_article(
    article: &Article,
    title: String,
    html_lang: Option<String>,
    landmarks: &Landmarks,
    marks: Vec<Mark>,
) -> Extracted {
    let text = article.text_content.to_string();
    let blocks = landmarks.cut(&text, ARTICLE_SCORE);
    let title = if article.title.trim().is_empty() { title } else { dom::squeeze(&article.title) };
    Extracted { extractor: NAME, title, text, html_lang, blocks, marks }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAPS: Caps = Caps { max_depth: 512, max_nodes: 2_000_000, max_work: 1 << 30 };

    fn extract(html: &str) -> Result<Extracted, Failure> {
        Readability.extract(Input { html, url: "https://example.co.ke/" }, &CAPS)
    }

    #[test]
    fn an_article_loses_its_furniture_and_keeps_its_paragraphs() {
        let paragraph = "Wakulima wa kaunti ya Taita Taveta walikutana Jumatatu, wakajadili bei ya mahindi, na kukubaliana kuuza pamoja. ";
        let html = format!(
            "<html lang='sw'><head><title>Soko la mahindi | Habari</title></head><body><nav><a href=/>Nyumbani</a></nav>\
             <article><h1>Soko la mahindi</h1><p>{0}</p><p>{0}{0}</p><h2>Bei mpya</h2><p>{0}{0}{0}</p></article>\
             <footer>Wasiliana nasi</footer></body></html>",
            paragraph.repeat(2)
        );
        let found = extract(&html).unwrap();
        assert_eq!((found.extractor, found.html_lang.as_deref()), (NAME, Some("sw")));
        assert!(found.title.starts_with("Soko la mahindi"), "{}", found.title);
        assert!(!found.text.contains("Nyumbani") && !found.text.contains("Wasiliana"), "{}", found.text);
        let kinds: Vec<_> = found
            .blocks
            .iter()
            .map(|block| (block.kind, &found.text[block.start as usize..block.end as usize]))
            .collect();
        assert!(kinds.contains(&("heading", "Bei mpya")), "{kinds:?}");
        assert_eq!(kinds.iter().filter(|(kind, _)| *kind == "paragraph").count(), 3, "{kinds:?}");
    }

    #[test]
    fn a_short_notice_is_kept_in_every_script() {
        for notice in [
            "Ofisi imefungwa leo.",
            "आज कार्यालय बंद है।",
            "இன்று அலுவலகம் மூடப்பட்டுள்ளது.",
            "ዛሬ ቢሮው ተዘግቷል።",
            "Κλειστά σήμερα.",
            "المكتب مغلق اليوم.",
            "วันนี้ปิดทำการ",
            "今日休息。",
        ] {
            let html = format!(
                "<html><head><title>x</title></head><body><nav>Menu</nav><p>{notice}</p></body></html>"
            );
            let found = extract(&html).unwrap();
            assert_eq!(found.text.trim(), notice);
            assert_eq!(found.blocks.len(), 1, "{notice}");
        }
    }

    #[test]
    fn pages_at_the_caps_neither_overflow_the_stack_nor_pass_them() {
        let deep = |depth: usize| {
            format!("{}<p>{}</p>{}", "<div>".repeat(depth), "ሰላም ለሁሉም። ".repeat(60), "</div>".repeat(depth))
        };
        assert!(extract(&deep(505)).unwrap().text.contains("ሰላም"));
        assert_eq!(extract(&deep(600)).unwrap_err().code(), "too_deep");
        assert_eq!(extract(&deep(100_000)).unwrap_err().code(), "too_deep");
    }

    #[test]
    fn a_page_without_words_has_no_text_and_no_extractor() {
        for html in ["", "<html></html>", "<script>x()</script>", "<nav>Menyu</nav>"] {
            let found = extract(html).unwrap();
            assert_eq!((found.extractor, found.text.as_str()), ("", ""), "{html}");
        }
    }
}
