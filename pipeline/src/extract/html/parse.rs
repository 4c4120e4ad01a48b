//! From the bytes of a page to its tree.
//!
//! Tags are found by memchr; what a tag does to the open elements follows the HTML standard's tree construction, as
//! far as text needs it. The caps hold while the tree grows: depth and nodes are exact, and work is what the parser
//! and the walks after it will do, bytes times the depth at which they stand. Every search in the open elements ends
//! after [`Caps::max_depth`] of them, and nothing of the page is read twice but drawings, so time is linear in the
//! page.

use memchr::{memchr, memchr2};

use super::attributes::{Attribute, Name};
use super::entities;
use super::open::OpenElements;
use super::scan::{comment_end, is_quirky, name_end, raw_end};
use super::tag::{Flags, Tag};
use super::tree::{BODY, DECODED, HEAD, HTML, Id, Page, Span, Tree};
use crate::extract::{Caps, Failure};

/// Largest page: places in it, and in the text of its character references, are 31 bits.
const MAX_BYTES: usize = 1 << 30;

struct Builder<'h, 'c> {
    caps: &'c Caps,
    page: Page<'h>,
    tree: Tree,
    open: OpenElements,
    in_body: bool,
    /// The page asks for the ways of old browsers, in which a table may stand in a paragraph.
    is_quirky: bool,
    /// Read what is meant for browsers without scripts.
    reads_noscript: bool,
    work: u64,
    /// A drawing without an end was seen: no other is looked for.
    endless_drawing: bool,
}

/// Parses a page. `tree` and `page` lend their memory. With `reads_noscript` what is meant for browsers without scripts
/// is part of the body, else nobody sees it.
pub fn parse<'h>(
    html: &'h str,
    caps: &Caps,
    reads_noscript: bool,
    tree: Tree,
    page: Page<'_>,
) -> Result<(Tree, Page<'h>), Failure> {
    if html.len() > MAX_BYTES {
        return Err(Failure::TooSlow { work: html.len() as u64, max_work: MAX_BYTES as u64 });
    }
    let (mut decoded, mut attributes) = (page.decoded, page.attributes);
    decoded.clear();
    attributes.clear();
    let mut builder = Builder {
        caps,
        page: Page { html, decoded, attributes, noscript_bytes: 0 },
        tree: tree.start(),
        open: OpenElements::default(),
        in_body: false,
        is_quirky: is_quirky(html),
        reads_noscript,
        work: 0,
        endless_drawing: false,
    };
    builder.run()?;
    Ok((builder.tree, builder.page))
}

impl Builder<'_, '_> {
    fn run(&mut self) -> Result<(), Failure> {
        let bytes = self.page.html.as_bytes();
        let mut at = 0;
        // Where the run of text at hand starts. A `<` that opens nothing is text.
        let mut text = 0;
        while let Some(found) = memchr(b'<', &bytes[at..]) {
            let start = at + found;
            let next = bytes.get(start + 1).copied().unwrap_or_default();
            let is_markup = match next {
                b'!' | b'?' => true,
                b'/' => bytes.get(start + 2).is_some(),
                _ => next.is_ascii_alphabetic(),
            };
            if !is_markup {
                at = start + 1;
                continue;
            }
            self.text(text, start)?;
            at = match next {
                b'!' if bytes[start..].starts_with(b"<!--") => comment_end(bytes, start + 4),
                b'/' if bytes[start + 2].is_ascii_alphabetic() => self.end_tag(start)?,
                b'!' | b'?' | b'/' => {
                    memchr(b'>', &bytes[start..]).map_or(bytes.len(), |end| start + end + 1)
                }
                _ => self.start_tag(start)?,
            };
            text = at;
        }
        self.text(text, bytes.len())
    }

    fn add_work(&mut self, work: usize) -> Result<(), Failure> {
        self.work += work as u64;
        if self.work > self.caps.max_work {
            return Err(Failure::TooSlow { work: self.work, max_work: self.caps.max_work });
        }
        Ok(())
    }

    fn add(&mut self, tag: Tag, span: Span) -> Result<Id, Failure> {
        let nodes = self.tree.len() as u64 + 1;
        if nodes > self.caps.max_nodes {
            return Err(Failure::TooManyNodes { what: "nodes", count: nodes, max: self.caps.max_nodes });
        }
        Ok(self.tree.add(tag, span))
    }

    /// Puts a node where the next one belongs. What has no place in a table stands before it.
    fn insert(&mut self, id: Id, in_table: bool) {
        if !in_table
            && self.open.is_between_cells()
            && let Some(table) = self.open.innermost_table()
        {
            self.tree.insert_before(table, id);
        } else {
            self.tree.append(self.open.innermost().unwrap_or(BODY), id);
        }
    }

    fn push(&mut self, id: Id, tag: Tag, name: &[u8]) -> Result<(), Failure> {
        self.open.push(id, tag, name);
        // `html` and `body` stand around all of them.
        let depth = self.open.len() as u32 + 2;
        if depth > self.caps.max_depth {
            return Err(Failure::TooDeep { depth, max_depth: self.caps.max_depth });
        }
        Ok(())
    }

    fn span_of(&mut self, start: usize, end: usize, in_attribute: bool) -> Span {
        let raw = &self.page.html[start..end];
        if memchr2(b'&', 0, raw.as_bytes()).is_none() {
            return Span { start: start as u32, len: (end - start) as u32 };
        }
        let from = self.page.decoded.len();
        entities::decode(raw, in_attribute, &mut self.page.decoded);
        // No reference is half as long as what it stands for, so the decoded text has less than twice the page's length.
        Span { start: from as u32 | DECODED, len: (self.page.decoded.len() - from) as u32 }
    }

    /// A run of text.
    fn text(&mut self, start: usize, end: usize) -> Result<(), Failure> {
        if start >= end {
            return Ok(());
        }
        let raw = &self.page.html.as_bytes()[start..end];
        let is_space = raw.iter().all(u8::is_ascii_whitespace);
        if is_space {
            if !self.in_body {
                return Ok(());
            }
            // Between blocks white space shows nowhere, and half of all runs of text are that.
            let place = self.open.innermost().unwrap_or(BODY);
            let block = Flags::PARAGRAPH.and(Flags::LINE);
            let near = self.tree.last(place).map_or(self.open.current(), |last| self.tree.tag(last));
            if near.is(block) && near != Tag::Br || near.is(Flags::TABLE_PART) {
                return Ok(());
            }
        }
        self.in_body = true;
        self.add_work(raw.len() * (1 + self.open.len()))?;
        let span = self.span_of(start, end, false);
        let id = self.add(Tag::Text, span)?;
        self.insert(id, is_space);
        Ok(())
    }

    /// Reads the attributes of the tag whose name ends at `at`; gives one past its `>`, and whether it closes itself.
    /// Nothing if the page ends in it.
    fn attributes(&mut self, mut at: usize) -> Option<usize> {
        let bytes = self.page.html.as_bytes();
        loop {
            while matches!(bytes.get(at)?, b'\t' | b'\n' | b'\x0c' | b'\r' | b' ' | b'/') {
                at += 1;
            }
            if bytes[at] == b'>' {
                return Some(at + 1);
            }
            let name_start = at;
            // An equals sign at the start is a letter of the name.
            at += 1;
            while !matches!(bytes.get(at)?, b'\t' | b'\n' | b'\x0c' | b'\r' | b' ' | b'/' | b'>' | b'=') {
                at += 1;
            }
            let name = Name::of(&bytes[name_start..at]);
            while bytes.get(at)?.is_ascii_whitespace() {
                at += 1;
            }
            let (mut start, mut end) = (at, at);
            if bytes[at] == b'=' {
                at += 1;
                while bytes.get(at)?.is_ascii_whitespace() {
                    at += 1;
                }
                match bytes[at] {
                    quote @ (b'"' | b'\'') => {
                        start = at + 1;
                        end = start + memchr(quote, &bytes[start..])?;
                        at = end + 1;
                    }
                    b'>' => {
                        (start, end) = (at, at);
                    }
                    _ => {
                        start = at;
                        while !matches!(bytes.get(at)?, b'\t' | b'\n' | b'\x0c' | b'\r' | b' ' | b'>') {
                            at += 1;
                        }
                        end = at;
                    }
                }
            }
            if let Some(name) = name {
                let value = self.span_of(start, end, true);
                self.page.attributes.push(Attribute { name, value });
            }
        }
    }

    /// The start tag at `start`; gives where reading goes on.
    fn start_tag(&mut self, start: usize) -> Result<usize, Failure> {
        let bytes = self.page.html.as_bytes();
        let name_end = name_end(bytes, start + 1);
        let name = &bytes[start + 1..name_end];
        let tag = Tag::of(name);
        let first_attribute = self.page.attributes.len();
        if tag == Tag::Other {
            let value = Span { start: start as u32 + 1, len: name.len() as u32 };
            self.page.attributes.push(Attribute { name: Name::Element, value });
        }
        let Some(end) = self.attributes(name_end) else {
            self.page.attributes.truncate(first_attribute);
            return Ok(bytes.len());
        };
        self.add_work(end - start + self.open.len())?;
        let attributes = Span {
            start: first_attribute as u32,
            len: (self.page.attributes.len() - first_attribute) as u32,
        };
        match tag {
            Tag::Html | Tag::Head | Tag::Body => {
                let id = match tag {
                    Tag::Html => HTML,
                    Tag::Head => HEAD,
                    _ => {
                        self.in_body = true;
                        BODY
                    }
                };
                if self.tree.span(id).len == 0 {
                    self.tree.set_span(id, attributes);
                }
                return Ok(end);
            }
            Tag::Frameset | Tag::Frame => return Ok(end),
            Tag::Plaintext => {
                self.text(end, bytes.len())?;
                return Ok(bytes.len());
            }
            _ => {}
        }
        let is_noscript = tag == Tag::Noscript;
        if tag == Tag::Style
            || is_noscript && !(self.reads_noscript && self.in_body)
            || tag == Tag::Script && !self.is_data(attributes)
        {
            // Nobody reads them.
            self.page.attributes.truncate(first_attribute);
            let content_end = raw_end(bytes, end, name);
            if is_noscript && self.in_body {
                self.page.noscript_bytes += content_end - end;
            }
            return Ok(content_end);
        }
        let in_head = !self.in_body && tag.is(Flags::HEAD);
        if !in_head {
            self.in_body = true;
            if !self.make_room(tag)? {
                return Ok(end);
            }
        }
        let id = self.add(tag, attributes)?;
        if in_head {
            self.tree.append(HEAD, id);
        } else {
            self.insert(id, tag.is(Flags::TABLE_PART));
        }
        if tag.is(Flags::RAW) && !is_noscript {
            let content_end = raw_end(bytes, end, name);
            if content_end > end {
                self.add_work(content_end - end)?;
                let is_verbatim = !matches!(tag, Tag::Title | Tag::Textarea);
                let span = if is_verbatim {
                    Span { start: end as u32, len: (content_end - end) as u32 }
                } else {
                    self.span_of(end, content_end, false)
                };
                let text = self.add(Tag::Text, span)?;
                self.tree.append(id, text);
            }
            return Ok(content_end);
        }
        if tag.is(Flags::VOID) {
            return Ok(end);
        }
        if tag == Tag::Svg {
            return self.skip_drawing(end);
        }
        if in_head {
            // A template: what is in it is not on the page.
            return Ok(raw_end(bytes, end, name));
        }
        self.push(id, tag, name)?;
        Ok(end)
    }

    /// Whether a script with these attributes is JSON-LD.
    fn is_data(&self, attributes: Span) -> bool {
        let from = attributes.start as usize;
        self.page.attributes[from..from + attributes.len as usize].iter().any(|attribute| {
            attribute.name == Name::Type
                && self.page.str(attribute.value).trim().eq_ignore_ascii_case("application/ld+json")
        })
    }

    /// Passes over a drawing whose start tag ends at `start`. One without an end is an empty one.
    fn skip_drawing(&mut self, start: usize) -> Result<usize, Failure> {
        let bytes = self.page.html.as_bytes();
        if self.endless_drawing || bytes[..start].ends_with(b"/>") {
            return Ok(start);
        }
        let mut depth = 1;
        let mut at = start;
        while let Some(found) = memchr(b'<', &bytes[at..]) {
            at += found + 1;
            let rest = &bytes[at..];
            if rest.len() >= 4 && rest[0] == b'/' && rest[1..4].eq_ignore_ascii_case(b"svg") {
                depth -= 1;
                if depth == 0 {
                    let end = memchr(b'>', rest).map_or(bytes.len(), |end| at + end + 1);
                    self.add_work(end - start)?;
                    return Ok(end);
                }
            } else if rest.len() >= 3 && rest[..3].eq_ignore_ascii_case(b"svg") {
                let Some(end) = memchr(b'>', rest) else { break };
                depth += i32::from(!rest[..end].ends_with(b"/"));
                at += end;
            }
        }
        self.endless_drawing = true;
        Ok(start)
    }

    /// Closes what a start tag closes; false if the tag is to be ignored.
    fn make_room(&mut self, tag: Tag) -> Result<bool, Failure> {
        if tag.is(Flags::CLOSES_P) && self.open.has(Tag::P) && !(tag == Tag::Table && self.is_quirky) {
            self.open.close_p();
        }
        match tag {
            Tag::Li => self.open.close_item(&[Tag::Li]),
            Tag::Dt | Tag::Dd => self.open.close_item(&[Tag::Dt, Tag::Dd]),
            Tag::Option | Tag::Optgroup if self.open.current() == Tag::Option => {
                self.open.close_innermost();
            }
            Tag::Button | Tag::Nobr | Tag::A => {
                self.open.close_formatting(tag);
            }
            Tag::Form => {
                return Ok(!self.open.has(Tag::Form) && !self.open.is_between_cells());
            }
            Tag::Tr
            | Tag::Td
            | Tag::Th
            | Tag::Tbody
            | Tag::Thead
            | Tag::Tfoot
            | Tag::Caption
            | Tag::Colgroup
            | Tag::Col => {
                if !self.open.has(Tag::Table) {
                    return Ok(false);
                }
                self.close_cells(tag)?;
            }
            _ if tag.is(Flags::HEADING) && self.open.current().is(Flags::HEADING) => {
                self.open.close_innermost();
            }
            _ => {}
        }
        Ok(true)
    }

    /// Closes what stands in the way of a part of a table; makes a row for a cell without one.
    fn close_cells(&mut self, tag: Tag) -> Result<(), Failure> {
        if self.open.close_cells(tag) && matches!(tag, Tag::Td | Tag::Th) && self.open.current() != Tag::Tr {
            let row = self.add(Tag::Tr, Span::default())?;
            self.insert(row, true);
            self.push(row, Tag::Tr, b"tr")?;
        }
        Ok(())
    }

    /// The end tag at `start`; gives where reading goes on.
    fn end_tag(&mut self, start: usize) -> Result<usize, Failure> {
        let bytes = self.page.html.as_bytes();
        let name_end = name_end(bytes, start + 2);
        let name = &bytes[start + 2..name_end];
        let end = if bytes.get(name_end) == Some(&b'>') {
            name_end + 1
        } else {
            let kept = self.page.attributes.len();
            let end = self.attributes(name_end);
            self.page.attributes.truncate(kept);
            let Some(end) = end else { return Ok(bytes.len()) };
            end
        };
        self.add_work(end - start)?;
        let tag = Tag::of(name);
        if tag == Tag::Head {
            self.in_body = true;
            return Ok(end);
        }
        if tag == Tag::Br {
            let id = self.add(Tag::Br, Span::default())?;
            self.insert(id, false);
            return Ok(end);
        }
        if !self.open.has(tag) && !tag.is(Flags::HEADING) {
            return Ok(end);
        }
        self.add_work(self.open.len())?;
        match tag {
            Tag::Other => {
                let own = |id| self.page.attribute(self.tree.node(id), Name::Element);
                self.open.close_other(name, own);
            }
            _ => self.open.close(tag),
        }
        Ok(end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::html::{Descend, Event};

    const CAPS: Caps = Caps { max_depth: 512, max_nodes: 2_000_000, max_work: 1 << 30 };

    fn code(html: &str) -> Option<&'static str> {
        parse(html, &CAPS, false, Tree::default(), Page::default()).err().map(|failure| failure.code())
    }

    /// The body as nested brackets.
    fn outline(html: &str) -> String {
        let (tree, page) = parse(html, &CAPS, false, Tree::default(), Page::default()).unwrap();
        let mut outline = String::new();
        tree.walk(BODY, |event| {
            match event {
                Event::Enter(id) if tree.tag(id) == Tag::Text => outline.push_str(page.text(tree.node(id))),
                Event::Enter(id) => {
                    outline.push_str(&format!("{:?}(", tree.tag(id)).to_lowercase());
                }
                Event::Leave(_) => outline.push(')'),
            }
            Descend::Into
        });
        outline
    }

    #[test]
    fn tags_close_what_the_standard_says_they_close() {
        for (html, expected) in [
            ("<p>ሀ<p>ለ<div>ሐ</div>", "p(ሀ)p(ለ)div(ሐ)"),
            ("<ul><li>अ<li>आ<ul><li>इ</ul><li>ई</ul>", "ul(li(अ)li(आul(li(इ)))li(ई))"),
            ("<dl><dt>一<dd>二<dt>三</dl>", "dl(dt(一)dd(二)dt(三))"),
            ("<h1>α<h2>β</h3>γ", "h1(α)h2(β)γ"),
            ("<!doctype html><p>α<table><tr><td>β</table>", "p(α)table(tr(td(β)))"),
            ("<p>α<table><tr><td>β</table>", "p(αtable(tr(td(β))))"),
            ("<table><td>ก<td>ข<tr><th>ค</table>ง", "table(tr(td(ก)td(ข))tr(th(ค)))ง"),
            ("<table>நடு<tr><td>உள்</table>", "நடுtable(tr(td(உள்)))"),
            ("<table><form><tr><td>x</form></table>", "table(tr(td(x)))"),
            ("<a href=1>ا<a href=2>ب</a>ت", "a(ا)a(ب)ت"),
            ("<b><p>א</b>ב</p>", "b(p(אב))"),
            ("<select><option>1<option>2</select>3", "select(option(1)option(2))3"),
            ("<td>သ</td>", "သ"),
            ("<x-a><X-B>د</x-a>ذ", "other(other(د))ذ"),
            ("<br></br>a<hr>b", "br()br()ahr()b"),
            ("<image src=x>", "img()"),
            ("<title>x</title><meta name=a><p>ب", "p(ب)"),
            ("a<svg><path/><title>no</title></svg>b<svg>c", "asvg()bsvg()c"),
            ("<svg/>a", "svg()a"),
            ("<textarea><b>&amp;</textarea>x", "textarea(<b>&)x"),
            (
                "<p><script type='application/ld+json'>{\"a\":\"&amp;\"}</script>",
                "p(script({\"a\":\"&amp;\"}))",
            ),
            ("<script>x</script><style>y</style><noscript>z</noscript>w", "w"),
            ("<!-- x -- ><p>-->a<!-->b<!---->c<!--d--!>e<!f>g<?h>i</ >j", "abcegij"),
            ("1 < 2 <3 a<b", "1 < 2 <3 a"),
        ] {
            assert_eq!(outline(html), expected, "{html}");
        }
    }

    #[test]
    fn attributes_are_read_however_they_are_written() {
        for html in [
            "<p class=ab id='c d' hidden>",
            "<P CLASS = \"ab\"\nID=\"c d\" HIDDEN/>",
            "<p class=ab class=zz x=1 y id=\"c&#32;d\" hidden=''>",
        ] {
            let (tree, page) = parse(html, &CAPS, false, Tree::default(), Page::default()).unwrap();
            let node = tree.node(tree.first(BODY).unwrap());
            assert_eq!(page.attribute(node, Name::Class), Some("ab"), "{html}");
            assert_eq!(page.attribute(node, Name::Id), Some("c d"), "{html}");
            assert!(page.attribute(node, Name::Hidden).is_some(), "{html}");
            assert_eq!(page.attribute(node, Name::Href), None, "{html}");
        }
    }

    #[test]
    fn pages_that_would_cost_too_much_are_refused_while_they_are_parsed() {
        for (name, html, expected) in [
            ("nested divs", "<div>".repeat(100_000), Some("too_deep")),
            ("nested spans with text", "<span>ሰላም".repeat(100_000), Some("too_deep")),
            ("elements", "<b></b>".repeat(2_100_000), Some("too_many_nodes")),
            (
                "much text deep down",
                format!("{}{}", "<div>".repeat(500), "你好 ".repeat(700_000)),
                Some("too_slow"),
            ),
        ] {
            assert_eq!(code(&html), expected, "{name}");
        }
    }

    #[test]
    fn untidy_but_honest_pages_pass() {
        for (name, html) in [
            ("paragraphs never closed", "<p>Habari za leo".repeat(20_000)),
            ("list items never closed", format!("<ul>{}</ul>", "<li>नमस्ते".repeat(20_000))),
            ("bold never closed", "<p><b>Καλημέρα".repeat(20_000)),
            (
                "cells never closed",
                format!("<table>{}</table>", "<tr><td><font color=red>สวัสดี".repeat(20_000)),
            ),
            ("definition lists", format!("<dl>{}</dl>", "<dt>அ<dd>ஆ".repeat(20_000))),
            ("void elements", "مرحبا<br>".repeat(50_000)),
            ("paths in a drawing", format!("<svg>{}</svg>", "<path d='M0 0'/>".repeat(20_000))),
            ("drawings without an end", "<svg>ሰ</p>".repeat(400)),
            ("tags in a script", format!("<script>{}</script>", "'<div>'".repeat(20_000))),
            ("tags in a comment", format!("<!--{}-->", "<div>".repeat(20_000))),
            ("a script never closed", format!("<script>{}", "<div>".repeat(20_000))),
            ("links never closed", "<a href=x>ታሪክ ".repeat(20_000)),
            ("attributes", format!("<a{}>x</a>", " class=a".repeat(50_000))),
        ] {
            assert_eq!(code(&html), None, "{name}");
        }
    }

    #[test]
    fn any_end_of_input_is_an_end() {
        for html in [
            "",
            "<",
            "</",
            "<a",
            "<a href",
            "<a href=",
            "<a href='",
            "<!",
            "<!--",
            "<!-",
            "<?",
            "<script",
            "<svg",
            "</p",
            "&",
            "&#",
            "<a b=c",
            "<a b=c ",
            "<a/",
        ] {
            assert_eq!(code(html), None, "{html}");
            let after = format!("<p>ሰላም{html}");
            assert!(outline(&after).starts_with("p(ሰላም"), "{html}");
        }
    }
}
