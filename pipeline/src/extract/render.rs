//! From elements to text with paragraphs, and the blocks of that text.
//!
//! Paragraphs are separated by an empty line; items, rows and line breaks end a line. A block is one line that is not
//! empty, of the kind of the element in which it began.

use super::chars::stretches;
use super::html::{BODY, Descend, Event, Flags, Id, Page, Tag, Tree};
use crate::document::Block;

/// Text and its blocks.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Rendered {
    /// Paragraphs and lines.
    pub(super) text: String,
    /// Its lines.
    pub(super) blocks: Vec<Block>,
}

struct Renderer {
    rendered: Rendered,
    /// Newlines owed before the next word.
    breaks: usize,
    space: bool,
    /// Kind of each landmark that is open, the outermost first.
    kinds: Vec<&'static str>,
    score: f32,
}

/// The kind of the blocks in an element, where it has a say.
fn kind_of(tag: Tag) -> Option<&'static str> {
    match tag {
        Tag::Li | Tag::Dd | Tag::Dt => Some("list"),
        Tag::Tr => Some("table"),
        Tag::Blockquote => Some("quote"),
        Tag::Pre => Some("code"),
        _ if tag.is(Flags::HEADING) => Some("heading"),
        _ => None,
    }
}

/// The text below `root`, without the elements of which `is_left_out` says so. Its blocks have `score`.
pub(super) fn render(
    page: &Page<'_>,
    tree: &Tree,
    root: Id,
    score: f32,
    is_left_out: impl Fn(Id) -> bool,
) -> Rendered {
    let mut renderer =
        Renderer { rendered: Rendered::default(), breaks: 0, space: false, kinds: Vec::new(), score };
    tree.walk(root, |event| {
        let id = match event {
            Event::Enter(id) => id,
            Event::Leave(id) => {
                let tag = tree.tag(id);
                if renderer.kind_in(tag).is_some() {
                    renderer.kinds.pop();
                }
                renderer.break_at(tag);
                return Descend::Into;
            }
        };
        let tag = tree.tag(id);
        if tag == Tag::Text {
            renderer.text(page.text(tree.node(id)));
            return Descend::Into;
        }
        if tag.is(Flags::HIDDEN) || is_left_out(id) {
            return Descend::Over;
        }
        renderer.break_at(tag);
        if let Some(kind) = renderer.kind_in(tag) {
            renderer.kinds.push(kind);
        }
        Descend::Into
    });
    renderer.close_block();
    renderer.rendered
}

/// Characters of a line below which it may be a button or a link that was left behind.
const SHORT_LINE: usize = 40;
/// Characters of a heading.
const HEADING_LINE: usize = 120;
/// Lines of a text that is not trimmed any more.
const FEWEST_LINES: usize = 3;

impl Rendered {
    /// Takes off the end what announces more than the text: headings without a paragraph, short lines without a full
    /// stop. "Related", "Share", "back".
    pub(super) fn trim_end(&mut self) {
        while self.blocks.len() > FEWEST_LINES
            && let Some(block) = self.blocks.last()
        {
            let line = &self.text[block.start as usize..block.end as usize];
            let chars = line.chars().count();
            let is_heading = block.kind == "heading" && chars < HEADING_LINE;
            if !is_heading && (chars >= SHORT_LINE || ends_sentence(line)) {
                break;
            }
            self.blocks.pop();
        }
        let end = self.blocks.last().map_or(0, |block| block.end as usize);
        self.text.truncate(end);
    }
}

/// Whether a line ends as sentences do, in any script.
fn ends_sentence(line: &str) -> bool {
    line.ends_with([
        '.', '!', '?', '…', '"', '”', '’', '»', ')', '。', '！', '？', '」', '』', '）', '।', '॥', '።', '؟',
        '۔', '։', '។', '။', '་', '།',
    ])
}

/// The text of the whole body, but for scripts and the like.
pub(super) fn render_body(
    page: &Page<'_>,
    tree: &Tree,
    score: f32,
    is_left_out: impl Fn(Id) -> bool,
) -> Rendered {
    render(page, tree, BODY, score, is_left_out)
}

/// The blocks of plain text: its lines that are not empty.
pub fn blocks_of_plain_text(text: &str, score: f32) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let content = line.trim();
        if !content.is_empty() {
            let start = at + (line.len() - line.trim_start().len());
            blocks.push(Block {
                start: start as u32,
                end: (start + content.len()) as u32,
                kind: "paragraph",
                score,
            });
        }
        at += line.len();
    }
    blocks
}

impl Renderer {
    /// What an element pushes on `kinds`. Paragraphs in the cells of a table are paragraphs: many pages are one table.
    fn kind_in(&self, tag: Tag) -> Option<&'static str> {
        kind_of(tag).or_else(|| (tag == Tag::P || tag == Tag::Div).then_some(self.inner_kind()))
    }

    fn inner_kind(&self) -> &'static str {
        match self.kinds.last() {
            None | Some(&"table") => "paragraph",
            Some(kind) => kind,
        }
    }

    fn break_at(&mut self, tag: Tag) {
        if tag.is(Flags::PARAGRAPH) {
            self.breaks = 2;
        } else if tag.is(Flags::LINE) {
            self.breaks = self.breaks.max(1);
        } else if matches!(tag, Tag::Td | Tag::Th) {
            self.space = true;
        }
    }

    fn close_block(&mut self) {
        let end = self.rendered.text.len() as u32;
        if let Some(block) = self.rendered.blocks.last_mut()
            && block.end == 0
        {
            block.end = end;
        }
    }

    /// What stands before the next word: a break, a space or nothing.
    fn separate(&mut self) {
        let is_first = self.rendered.text.is_empty();
        if self.breaks > 0 || is_first {
            self.close_block();
            if !is_first {
                self.rendered.text.push_str(if self.breaks > 1 { "\n\n" } else { "\n" });
            }
            let start = self.rendered.text.len() as u32;
            let kind = self.kinds.last().copied().unwrap_or("paragraph");
            self.rendered.blocks.push(Block { start, end: 0, kind, score: self.score });
        } else if self.space {
            self.rendered.text.push(' ');
        }
        (self.breaks, self.space) = (0, false);
    }

    fn text(&mut self, content: &str) {
        if self.kinds.last() == Some(&"code") {
            self.code(content);
            return;
        }
        self.space |= content.starts_with(char::is_whitespace);
        let mut has_words = false;
        for stretch in stretches(content) {
            self.separate();
            self.rendered.text.push_str(stretch);
            (self.space, has_words) = (true, true);
        }
        if has_words {
            self.space = content.ends_with(char::is_whitespace);
        }
    }

    /// Code keeps its lines and the spaces in them.
    fn code(&mut self, content: &str) {
        for (nth, line) in content.split('\n').enumerate() {
            if nth > 0 {
                self.breaks = self.breaks.max(1);
            }
            let line = line.trim_end();
            if line.trim_start().is_empty() {
                self.space |= !line.is_empty();
                continue;
            }
            self.separate();
            self.rendered.text.push_str(line);
        }
        self.space = content.ends_with([' ', '\t']);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::Caps;
    use crate::extract::html::parse;

    fn rendered(html: &str) -> Rendered {
        let caps = Caps { max_depth: 512, max_nodes: 2_000_000, max_work: 1 << 30 };
        let (tree, page) = parse(html, &caps, false, Tree::default(), Page::default()).unwrap();
        render_body(&page, &tree, 1.0, |_| false)
    }

    #[test]
    fn paragraphs_lines_and_words_are_kept_apart() {
        for (html, text) in [
            ("<p>Ofisi imefungwa <b>leo</b>.</p><p>Asante</p>", "Ofisi imefungwa leo.\n\nAsante"),
            ("आज कार्यालय<br>बंद है<script>x()</script>", "आज कार्यालय\nबंद है"),
            (
                "<table><tr><td>ሰኞ</td><td>2:00</td></tr><tr><td>ማክሰኞ</td><td>3:00</td></tr></table>",
                "ሰኞ 2:00\nማክሰኞ 3:00",
            ),
            ("<p>วัน<span>นี้</span>ปิด</p>", "วันนี้ปิด"),
            ("<ul><li>一<li>二</ul>", "一\n二"),
            ("<i>ሀ</i> <i>ለ</i>\n<i> ሐ</i>", "ሀ ለ ሐ"),
            ("<ruby>東京<rp>(</rp><rt>とうきょう</rt><rp>)</rp></ruby>へ", "東京へ"),
            ("<pre>a\n  b  c\n\n</pre>d", "a\n  b  c\n\nd"),
            ("", ""),
        ] {
            assert_eq!(rendered(html).text, text, "{html}");
        }
    }

    #[test]
    fn blocks_have_the_kind_of_the_element_they_began_in() {
        let found = rendered(
            "<h1>ሰላም  <b>ለሁሉም</b></h1><p>தமிழ் மொழி</p><ul><li>Αθήνα<ul><li>Πάτρα</li></ul></li></ul><pre>x = 1</pre>\
             <table><tr><td>ጠዋት<td>2:00<tr><td><p>Habari</table><blockquote><p>قال</blockquote>",
        );
        let blocks: Vec<_> = found
            .blocks
            .iter()
            .map(|block| (&found.text[block.start as usize..block.end as usize], block.kind))
            .collect();
        assert_eq!(
            blocks,
            [
                ("ሰላም ለሁሉም", "heading"),
                ("தமிழ் மொழி", "paragraph"),
                ("Αθήνα", "list"),
                ("Πάτρα", "list"),
                ("x = 1", "code"),
                ("ጠዋት 2:00", "table"),
                ("Habari", "paragraph"),
                ("قال", "quote"),
            ]
        );
    }

    #[test]
    fn the_end_loses_what_announces_more_and_nothing_else() {
        let text = |html: &str| {
            let mut found = rendered(html);
            found.trim_end();
            found.text
        };
        let prose = "<p>Moja.</p><p>Mbili።</p><p>三。</p>";
        assert_eq!(text(&format!("{prose}<h3>Soma pia</h3><p>Shiriki</p>")), "Moja.\n\nMbili።\n\n三。");
        assert_eq!(text(&format!("{prose}<p>अंत।</p>")), "Moja.\n\nMbili።\n\n三。\n\nअंत।");
        assert_eq!(text("<p>Ofisi</p><p>imefungwa</p>"), "Ofisi\n\nimefungwa");
    }

    #[test]
    fn white_space_belongs_to_no_block() {
        let blocks = blocks_of_plain_text("  你好 \n\n\t\nสวัสดี\u{a0}", 0.5);
        let ends: Vec<_> = blocks.iter().map(|block| (block.start, block.end)).collect();
        assert_eq!(ends, [(2, 8), (13, 31)]);
        assert!(blocks_of_plain_text(" \n ", 1.0).is_empty());
    }
}
