//! The extractor: one parse, one tree, one answer.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::article::{self, Article, Known};
use super::html::{Flags, HTML, Id, Name, Page, Tag, parse};
use super::outline::Outline;
use super::prune::Pruned;
use super::render::{Rendered, render, render_body};
use super::{Caps, Extracted, Extractor, Failure, Input, choose, marks, title};

/// Names in the column `extractor`.
pub const ARTICLE: &str = "article";
/// What is left of a page without furniture.
pub const PAGE: &str = "page";
/// The text of the body, headers and foots too.
pub const BODY_TEXT: &str = "body_text";

/// Score of the blocks of an article. Subtrees are weighed, not blocks, and have no better word for one.
const ARTICLE_SCORE: f32 = 1.0;
/// Score of the blocks of a page without furniture.
const PAGE_SCORE: f32 = 0.75;
/// Score of the blocks of a body, which may hold menus.
const BODY_SCORE: f32 = 0.5;

/// Bytes of text for browsers without scripts that are worth a second look, where the page has less text without them:
/// many forums are empty until their scripts ran.
const NOSCRIPT_BYTES: usize = 500;

/// Nodes of a page whose memory is kept for the next one: some 30 MB. The largest page that the step lets through takes
/// 300 bytes a node, all views together.
const KEPT_NODES: usize = 100_000;

/// Main text of pages. Its memory is used again from page to page.
#[derive(Debug, Default)]
pub struct MainText {
    scratch: Scratch,
}

#[derive(Debug, Default)]
struct Scratch {
    page: Page<'static>,
    whole: Outline,
    best: Outline,
    work: Outline,
    pruned: Pruned,
}

impl Extractor for MainText {
    fn extract(&mut self, input: Input<'_>, caps: &Caps) -> Result<Extracted, Failure> {
        let scratch = std::mem::take(&mut self.scratch);
        // Nothing outlives a panic here: what was at work is dropped.
        let (scratch, extracted) = catch_unwind(AssertUnwindSafe(|| scratch.extract(input, caps)))
            .unwrap_or((None, Err(Failure::Panicked)));
        self.scratch = scratch.unwrap_or_default();
        extracted
    }
}

impl Scratch {
    fn extract(mut self, input: Input<'_>, caps: &Caps) -> (Option<Self>, Result<Extracted, Failure>) {
        let tree = std::mem::take(&mut self.whole.tree);
        let (tree, page) = match parse(input.html, caps, false, tree, std::mem::take(&mut self.page)) {
            Ok(parsed) => parsed,
            Err(failure) => return (Some(self), Err(failure)),
        };
        self.whole.tree = tree;
        self.whole.measure(&page);
        let mut page = page;
        let mut extracted = self.read(&page);
        if page.noscript_bytes > NOSCRIPT_BYTES && extracted.text.len() < NOSCRIPT_BYTES {
            let tree = std::mem::take(&mut self.whole.tree);
            // The caps held without it, and what is in `noscript` may still pass them: then the first look stands.
            let Ok((tree, again)) = parse(input.html, caps, true, tree, page) else {
                return (Some(self), Ok(extracted));
            };
            (self.whole.tree, page) = (tree, again);
            self.whole.measure(&page);
            let second = self.read(&page);
            if second.text.len() > extracted.text.len() {
                // Rights are what every reader sees.
                extracted = Extracted { marks: extracted.marks, ..second };
            }
        }
        if self.whole.tree.len() > KEPT_NODES {
            return (None, Ok(extracted));
        }
        self.page = page.recycle();
        (Some(self), Ok(extracted))
    }

    fn read(&mut self, page: &Page<'_>) -> Extracted {
        let whole = &self.whole;
        let marks = marks::collect(page, whole);
        let head = title::read(page, &whole.tree);
        let lang = page.attribute(whole.tree.node(HTML), Name::Lang);
        let html_lang = lang.map(str::trim).filter(|lang| !lang.is_empty()).map(str::to_owned);
        let known = Known { title: &head.title, has_author: head.has_author };
        let article = article::find(page, whole, known, &mut self.best, &mut self.work);
        self.pruned.look(whole);
        let is_article = |found: &Article| {
            let density = self.best.link_density(found.root);
            !choose::prefers_page(page, whole, &self.pruned, found, density)
        };
        let (extractor, rendered) = if let Some(found) = article.filter(is_article) {
            let is_out = |id: Id| is_beside_article(&self.best, id, found.chars);
            let mut rendered = render(page, &self.best.tree, found.root, ARTICLE_SCORE, is_out);
            rendered.trim_end();
            (ARTICLE, rendered)
        } else {
            let all = self.pruned.chars();
            let is_out = |id: Id| self.pruned.is_out(id) || is_beside(whole, id, all);
            (PAGE, render(page, &whole.tree, self.pruned.root, PAGE_SCORE, is_out))
        };
        let (extractor, rendered) = if rendered.text.is_empty() {
            (BODY_TEXT, body_text(page, whole))
        } else {
            (extractor, rendered)
        };
        let extractor = if rendered.text.is_empty() { "" } else { extractor };
        Extracted {
            extractor,
            title: head.title,
            text: rendered.text,
            html_lang,
            blocks: rendered.blocks,
            marks,
        }
    }
}

/// Shortest line of links that may be part of a text.
const LINK_LINE: u32 = 200;
/// Tenths of a line that stand in links, from which on it is one of links.
const LINK_TENTHS: u32 = 8;
/// Tenths of a text from which on a part of it is no aside, whatever its name.
const ASIDE_TENTHS: u32 = 3;

/// Captions, and boxes about other things than the text of `chars` characters that they stand in.
fn is_beside(outline: &Outline, id: Id, chars: u32) -> bool {
    outline.tree.tag(id) == Tag::Figcaption
        || outline.words(id).is_aside() && outline.sums(id).chars * 10 < chars * ASIDE_TENTHS
}

/// The same in an article, where lines that only lead to other pages are not text either.
fn is_beside_article(article: &Outline, id: Id, chars: u32) -> bool {
    let tag = article.tree.tag(id);
    let sums = article.sums(id);
    let is_link = sums.chars > 0 && sums.links >= sums.chars * LINK_TENTHS;
    is_beside(article, id, chars)
        || article.words(id).leads_on() && sums.chars * 10 < chars * ASIDE_TENTHS
        || is_link && (matches!(tag, Tag::P | Tag::Li) && sums.chars < LINK_LINE || tag.is(Flags::HEADING))
        || matches!(tag, Tag::Label | Tag::Fieldset)
}

/// The text of the body without menus and controls.
///
/// A page of nothing but furniture is read again with header, footer and aside: on some hosts the notice stands there.
fn body_text(page: &Page<'_>, whole: &Outline) -> Rendered {
    let tree = &whole.tree;
    let is_hidden = |id: Id| page.attribute(tree.node(id), Name::Hidden).is_some();
    let text = render_body(page, tree, BODY_SCORE, |id| tree.tag(id).is(Flags::FURNITURE) || is_hidden(id));
    if !text.text.is_empty() {
        return text;
    }
    render_body(page, tree, BODY_SCORE, |id| {
        matches!(tree.tag(id), Tag::Nav | Tag::Button | Tag::Search) || is_hidden(id)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CAPS: Caps = Caps { max_depth: 512, max_nodes: 2_000_000, max_work: 1 << 30 };

    fn extract(html: &str) -> Result<Extracted, Failure> {
        MainText::default().extract(Input { html, url: "https://example.co.ke/" }, &CAPS)
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
        assert_eq!((found.extractor, found.html_lang.as_deref()), (ARTICLE, Some("sw")));
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
    fn a_short_notice_is_kept_in_every_script_and_its_menu_is_not() {
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
            for menu in [
                "<nav>Menu</nav>",
                "<div id=menu><a href=/>Home</a> <a href=/a>About</a></div>",
                "<ul><li><a href=/>Home</a></li><li><a href=/a>About us</a></li><li><a href=/c>Contact</a></li></ul>",
                "<header><a href=/>Home</a></header><div><a href=/1>One</a> <a href=/2>Two</a></div>",
            ] {
                let html =
                    format!("<html><head><title>x</title></head><body>{menu}<p>{notice}</p></body></html>");
                let found = extract(&html).unwrap();
                assert_eq!(found.text, notice, "{menu}");
                assert_eq!(found.blocks.len(), 1, "{notice}");
            }
        }
    }

    #[test]
    fn all_answers_are_the_text_of_a_page_of_answers() {
        let answer = |who: &str| {
            format!(
                "<div class=post><a href=/u>{who}</a><div>{}</div></div>",
                "பேருந்து காலையில் ஆறு மணிக்கு புறப்படும், பத்து மணிக்கு வந்து சேரும். ".repeat(4)
            )
        };
        let html = format!(
            "<body><nav><a href=/>முகப்பு</a></nav><main><h1>பேருந்து எப்போது?</h1>{}{}{}{}</main></body>",
            answer("Amma"),
            answer("Kannan"),
            answer("Selvi"),
            answer("Ravi")
        );
        let found = extract(&html).unwrap();
        assert_eq!(found.text.matches("பேருந்து காலையில்").count(), 16, "{}", found.text);
        assert!(!found.text.contains("முகப்பு"), "{}", found.text);
    }

    #[test]
    fn pages_that_scripts_fill_are_read_from_noscript_without_its_rights() {
        let answer = "ቡና ከየት መጣ? ቡና ከከፋ መጣ፣ እንዲህ ይባላል። ".repeat(20);
        let html = format!(
            "<body><div id=app></div><noscript><article><p>{answer}</p></article><a rel=license href=x>x</a></noscript></body>"
        );
        let found = extract(&html).unwrap();
        assert!(found.text.contains("ቡና ከከፋ መጣ"), "{}", found.text);
        assert!(found.marks.is_empty());
        let html =
            format!("<body><p>{answer}{answer}</p><noscript>Enable JavaScript. {answer}</noscript></body>");
        assert!(!extract(&html).unwrap().text.contains("JavaScript"));
    }

    #[test]
    fn pages_at_the_caps_neither_overflow_the_stack_nor_pass_them() {
        let deep = |depth: usize| {
            format!("{}<p>{}</p>{}", "<div>".repeat(depth), "ሰላም ለሁሉም። ".repeat(60), "</div>".repeat(depth))
        };
        assert!(extract(&deep(505)).unwrap().text.contains("ሰላም"));
        assert_eq!(extract(&deep(600)).unwrap_err().code(), "too_deep");
        assert_eq!(extract(&deep(100_000)).unwrap_err().code(), "too_deep");
        let inserted = format!("{}{}", "<ins>".repeat(505), "नमस्ते ".repeat(200));
        assert!(extract(&inserted).unwrap().text.contains("नमस्ते"));
    }

    #[test]
    fn a_page_without_words_has_no_text_and_no_extractor() {
        for html in ["", "<html></html>", "<script>x()</script>", "<nav>Menyu</nav>"] {
            let found = extract(html).unwrap();
            assert_eq!((found.extractor, found.text.as_str()), ("", ""), "{html}");
        }
    }

    #[test]
    fn what_stands_in_hidden_elements_counts_nowhere_when_it_is_taken_out() {
        for html in [
            "<div class='comment main'><template><p><p><h1>.",
            "<div><object><div><p>ሰላም፣ ለሁሉም</p></div><p hidden>x</object><p>ቡና</div>",
        ] {
            assert!(extract_with(html, &CAPS).is_ok(), "{html}");
        }
    }

    #[test]
    fn a_page_gives_the_same_after_any_other_page() {
        let pages = [
            "<p>Habari za leo".repeat(400),
            "<table><tr><td>ሰኞ<td>2:00</table>".to_owned(),
            "<div>".repeat(600),
            "<p>अच्छा, ठीक है, चलो, बाज़ार चलते हैं। ".repeat(90),
        ];
        let mut used = MainText::default();
        for _ in 0..2 {
            for html in &pages {
                assert_eq!(used.extract(Input { html, url: "" }, &CAPS), extract(html));
            }
        }
    }

    /// Pages of pieces that parsers and extractors stumble over.
    fn soup() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            prop::sample::select(
                [
                    "<p>",
                    "</p>",
                    "<div class='comment main'>",
                    "</div>",
                    "<table>",
                    "<tr>",
                    "<td colspan=99>",
                    "</td>",
                    "</table>",
                    "<a href=#x>",
                    "<a href=http://x/y>",
                    "</a>",
                    "<b>",
                    "</b>",
                    "<br>",
                    "<br><br>",
                    "<ul>",
                    "<li>",
                    "</ul>",
                    "<h1>",
                    "</h2>",
                    "<svg>",
                    "</svg>",
                    "<svg/>",
                    "<form>",
                    "</form>",
                    "<select>",
                    "<option>",
                    "<noscript>",
                    "</noscript>",
                    "<script>",
                    "</script>",
                    "<!--",
                    "-->",
                    "<!",
                    "<",
                    "</",
                    "&amp;",
                    "&#x110000;",
                    "<ins>",
                    "<article>",
                    "</article>",
                    "<main>",
                    "<pre>\n",
                    "</pre>",
                    "<title>",
                    "</title>",
                    "<textarea>",
                    "<p hidden>",
                    "<div style='display: none'>",
                    "<header>",
                    "<aside>",
                    "<img src=x>",
                    "<x-y>",
                    "</x-y>",
                    "<plaintext>",
                    "\0",
                    "\u{3000}",
                    "<template>",
                    "<body>",
                    "<html lang=am>",
                    "</body>",
                    "<blockquote>",
                    "<dl><dt>",
                    "<dd>",
                    "<font>",
                    "<center>",
                ]
                .as_slice()
            )
            .prop_map(str::to_owned),
            "[a-zአ-ዘअ-ह一-万 ,.;\"'=<>/]{0,40}",
        ];
        prop::collection::vec(piece, 0..120).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn no_page_makes_it_panic_and_blocks_are_the_lines_of_the_text(html in soup()) {
            let caps = Caps { max_depth: 64, ..CAPS };
            match extract_with(&html, &caps) {
                Err(failure) => prop_assert_eq!(failure.code(), "too_deep"),
                Ok(found) => {
                    let lines: Vec<&str> =
                        found.text.split('\n').map(str::trim).filter(|line| !line.is_empty()).collect();
                    let blocks: Vec<&str> = found
                        .blocks
                        .iter()
                        .map(|block| found.text[block.start as usize..block.end as usize].trim())
                        .collect();
                    prop_assert_eq!(lines, blocks);
                }
            }
        }
    }

    fn extract_with(html: &str, caps: &Caps) -> Result<Extracted, Failure> {
        // Without `catch_unwind`, so that a panic is seen.
        Scratch::default().extract(Input { html, url: "" }, caps).1
    }
}
