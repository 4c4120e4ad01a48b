//! What a page will cost, from its bytes alone.
//!
//! html5ever walks its stack of open elements at most tags, and reopens every unclosed formatting element in each new
//! paragraph: a page of 100,000 nested tags costs 10^10 steps, and one of a few hundred unclosed `<font>` before a
//! million `<p>` makes 10^8 nodes out of three megabytes. This scan finds tags by memchr, keeps a stack by rules a
//! little coarser than the HTML standard's, and stops at the first cap that is passed.
//!
//! The depth here is an estimate, so that a page is refused at four times [`Caps::max_depth`] only; the tree's own
//! depth decides what lies between (see [`super::dom::measure`]).

use memchr::{memchr, memmem};

use super::{Caps, Failure};

/// Attributes on one tag. html5ever compares each with all before it.
const MAX_ATTRIBUTES: u64 = 2_000;

/// How far the estimated depth may be beyond the cap.
const DEPTH_SLACK: u32 = 4;

/// An open element: its name, folded to a number, and a digest of its whole tag.
#[derive(Clone, Copy)]
struct Open {
    name: u64,
    tag: u64,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Never has an end tag.
    Void,
    /// Reopened by the parser wherever its parent was closed before it.
    Formatting,
    /// Content is text up to the end tag.
    Raw,
    /// Closed by a sibling, as `li` by `li`.
    Implied,
    /// Stops reopening, as `td` does.
    Marker,
    /// SVG and MathML, in which `<x/>` closes itself.
    Foreign,
    Other,
}

/// A tag name of up to eight letters as a number, letters folded to lower case; longer names by their first seven
/// letters and length.
const fn pack(name: &[u8]) -> u64 {
    let mut packed = 0u64;
    let mut at = 0;
    while at < name.len() && at < 7 {
        packed = packed << 8 | name[at].to_ascii_lowercase() as u64;
        at += 1;
    }
    let length = if name.len() > 255 { 255 } else { name.len() as u64 };
    packed << 8 | length
}

macro_rules! names {
    ($($constant:ident = $name:literal,)*) => { $(const $constant: u64 = pack($name);)* };
}
names! {
    A = b"a", P = b"p", LI = b"li", DT = b"dt", DD = b"dd", OPTION = b"option", TR = b"tr", TD = b"td", TH = b"th",
    TABLE = b"table", UL = b"ul", OL = b"ol", DL = b"dl", SELECT = b"select", TBODY = b"tbody", THEAD = b"thead",
    TFOOT = b"tfoot", SCRIPT = b"script", PLAINTEXT = b"plaintext",
}

const VOID: [u64; 15] = [
    pack(b"area"),
    pack(b"base"),
    pack(b"br"),
    pack(b"col"),
    pack(b"embed"),
    pack(b"hr"),
    pack(b"img"),
    pack(b"input"),
    pack(b"link"),
    pack(b"meta"),
    pack(b"param"),
    pack(b"source"),
    pack(b"track"),
    pack(b"wbr"),
    pack(b"image"),
];
const FORMATTING: [u64; 14] = [
    A,
    pack(b"b"),
    pack(b"big"),
    pack(b"code"),
    pack(b"em"),
    pack(b"font"),
    pack(b"i"),
    pack(b"nobr"),
    pack(b"s"),
    pack(b"small"),
    pack(b"strike"),
    pack(b"strong"),
    pack(b"tt"),
    pack(b"u"),
];
const RAW: [u64; 8] = [
    SCRIPT,
    pack(b"style"),
    pack(b"title"),
    pack(b"textarea"),
    pack(b"xmp"),
    pack(b"iframe"),
    pack(b"noembed"),
    pack(b"noframes"),
];

fn kind_of(name: u64) -> Kind {
    match name {
        P | LI | DT | DD | OPTION | TR | TBODY | THEAD | TFOOT => Kind::Implied,
        TD | TH => Kind::Marker,
        _ if VOID.contains(&name) => Kind::Void,
        _ if FORMATTING.contains(&name) => Kind::Formatting,
        _ if RAW.contains(&name) => Kind::Raw,
        _ if name == const { pack(b"svg") } || name == const { pack(b"math") } => Kind::Foreign,
        _ => Kind::Other,
    }
}

/// What a start tag closes: siblings, and the ancestors at which the search for them ends.
fn implied_ends(name: u64) -> (&'static [u64], &'static [u64]) {
    match name {
        P => (&[P], &[TD, TH, TABLE]),
        LI => (&[LI], &[UL, OL, TABLE]),
        DT | DD => (&[DT, DD], &[DL, TABLE]),
        OPTION => (&[OPTION], &[SELECT]),
        TD | TH => (&[TD, TH], &[TR, TABLE]),
        TR => (&[TR], &[TABLE]),
        TBODY | THEAD | TFOOT => (&[TBODY, THEAD, TFOOT], &[TABLE]),
        _ => (&[], &[]),
    }
}

struct Scan<'c> {
    caps: &'c Caps,
    open: Vec<Open>,
    /// Formatting elements that were closed by their parents; the parser reopens them at the next text or tag.
    lost: Vec<Open>,
    foreign: u32,
    nodes: u64,
    work: u64,
}

/// Checks that the page stays within `caps`, as far as its bytes tell.
pub fn scan(html: &str, caps: &Caps) -> Result<(), Failure> {
    let bytes = html.as_bytes();
    let mut scan = Scan { caps, open: Vec::new(), lost: Vec::new(), foreign: 0, nodes: 0, work: 0 };
    let mut at = 0;
    while let Some(found) = memchr(b'<', &bytes[at..]) {
        let start = at + found;
        if found > 0 {
            scan.text(found)?;
        }
        at = match bytes.get(start + 1) {
            Some(b'!') if bytes[start..].starts_with(b"<!--") => {
                scan.node()?;
                let body = start + 4;
                // `<!-->` and `<!--->` are whole comments.
                if bytes[body..].starts_with(b">") || bytes[body..].starts_with(b"->") {
                    body + 1
                } else {
                    memmem::find(&bytes[body..], b"-->").map_or(bytes.len(), |end| body + end + 3)
                }
            }
            Some(b'!' | b'?') => {
                scan.node()?;
                memchr(b'>', &bytes[start..]).map_or(bytes.len(), |end| start + end + 1)
            }
            Some(b'/') if bytes.get(start + 2).is_some_and(u8::is_ascii_alphabetic) => {
                let name = tag_name(&bytes[start + 2..]);
                let (end, _) = tag_end(bytes, start + 2 + name.len());
                scan.end_tag(pack(name))?;
                end
            }
            Some(byte) if byte.is_ascii_alphabetic() => {
                let name = tag_name(&bytes[start + 1..]);
                let (end, attributes) = tag_end(bytes, start + 1 + name.len());
                if attributes > MAX_ATTRIBUTES {
                    return Err(Failure::TooManyNodes {
                        what: "attributes",
                        count: attributes,
                        max: MAX_ATTRIBUTES,
                    });
                }
                let packed = pack(name);
                let raw = scan.start_tag(packed, &bytes[start..end])?;
                if packed == PLAINTEXT {
                    return Ok(());
                }
                if raw { raw_end(bytes, end, name) } else { end }
            }
            Some(_) => start + 1,
            None => bytes.len(),
        };
    }
    scan.text(bytes.len() - at)
}

/// The tag name at the start of `bytes`.
fn tag_name(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().position(|b| b.is_ascii_whitespace() || matches!(b, b'/' | b'>'));
    &bytes[..end.unwrap_or(bytes.len())]
}

/// One past the `>` that ends the tag whose name ends at `at`, quotes understood; and its number of attributes.
fn tag_end(bytes: &[u8], mut at: usize) -> (usize, u64) {
    let mut attributes = 0;
    let mut in_name = false;
    let mut after_equals = false;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'>' => return (at + 1, attributes),
            b'"' | b'\'' if after_equals => {
                let Some(length) = memchr(byte, &bytes[at + 1..]) else { return (bytes.len(), attributes) };
                at += length + 1;
                (in_name, after_equals) = (false, false);
            }
            b'=' if !after_equals => after_equals = true,
            _ if byte.is_ascii_whitespace() => in_name = false,
            b'/' if !after_equals => in_name = false,
            _ if after_equals => {
                // A value without quotes runs to white space or `>`.
                let rest = &bytes[at..];
                let length = rest.iter().position(|b| b.is_ascii_whitespace() || *b == b'>');
                at += length.unwrap_or(rest.len());
                (in_name, after_equals) = (false, false);
                continue;
            }
            _ if !in_name => {
                attributes += 1;
                in_name = true;
            }
            _ => {}
        }
        at += 1;
    }
    (bytes.len(), attributes)
}

/// Where the end tag of a raw text element starts; the end of the page if it is never closed.
fn raw_end(bytes: &[u8], mut at: usize, name: &[u8]) -> usize {
    while let Some(found) = memmem::find(&bytes[at..], b"</") {
        let end_name = at + found + 2;
        let candidate = bytes.get(end_name..end_name + name.len());
        let after = bytes.get(end_name + name.len());
        if candidate.is_some_and(|c| c.eq_ignore_ascii_case(name))
            && after.is_none_or(|b| b.is_ascii_whitespace() || matches!(b, b'/' | b'>'))
        {
            return at + found;
        }
        at = end_name;
    }
    bytes.len()
}

impl Scan<'_> {
    fn node(&mut self) -> Result<(), Failure> {
        self.add_nodes(1)
    }

    fn add_nodes(&mut self, count: u64) -> Result<(), Failure> {
        self.nodes += count;
        if self.nodes > self.caps.max_nodes {
            return Err(Failure::TooManyNodes { what: "nodes", count: self.nodes, max: self.caps.max_nodes });
        }
        Ok(())
    }

    fn add_work(&mut self, work: u64) -> Result<(), Failure> {
        self.work += work;
        if self.work > self.caps.max_work {
            return Err(Failure::TooSlow { work: self.work, max_work: self.caps.max_work });
        }
        Ok(())
    }

    fn text(&mut self, bytes: usize) -> Result<(), Failure> {
        if bytes == 0 {
            return Ok(());
        }
        self.reopen()?;
        self.node()?;
        self.add_work(bytes as u64 * (1 + self.open.len() as u64))
    }

    /// What the parser does before text and most tags: every lost formatting element is made again.
    fn reopen(&mut self) -> Result<(), Failure> {
        if self.lost.is_empty() {
            return Ok(());
        }
        self.add_nodes(self.lost.len() as u64)?;
        self.open.append(&mut self.lost);
        self.check_depth()
    }

    fn check_depth(&self) -> Result<(), Failure> {
        let depth = self.open.len() as u32;
        if depth > self.caps.max_depth.saturating_mul(DEPTH_SLACK) {
            return Err(Failure::TooDeep { depth, max_depth: self.caps.max_depth });
        }
        Ok(())
    }

    /// Opens an element; true if its content is raw text.
    fn start_tag(&mut self, name: u64, tag: &[u8]) -> Result<bool, Failure> {
        let kind = kind_of(name);
        self.node()?;
        self.add_work(tag.len() as u64 + self.open.len() as u64)?;
        if self.foreign > 0 && tag.ends_with(b"/>") {
            return Ok(false);
        }
        match kind {
            Kind::Void => return Ok(false),
            // In SVG, `style` and `title` are ordinary elements.
            Kind::Raw if self.foreign == 0 => return Ok(true),
            Kind::Formatting => self.reopen()?,
            Kind::Implied | Kind::Marker => {
                let (siblings, barriers) = implied_ends(name);
                if let Some(at) = self.find_above(siblings, barriers)? {
                    self.close_from(at);
                }
            }
            Kind::Foreign => self.foreign += 1,
            Kind::Raw | Kind::Other => {}
        }
        let tag = if kind == Kind::Formatting { xxhash_rust::xxh3::xxh3_64(tag) } else { 0 };
        if name == A {
            self.forget(A)?;
        }
        self.open.push(Open { name, tag, kind });
        self.check_depth()?;
        Ok(false)
    }

    fn end_tag(&mut self, name: u64) -> Result<(), Failure> {
        if kind_of(name) == Kind::Formatting {
            return self.forget(name);
        }
        if let Some(at) = self.find_above(&[name], &[])? {
            self.close_from(at);
        }
        Ok(())
    }

    /// The innermost open element of `names`, if none of `barriers` stands above it.
    fn find_above(&mut self, names: &[u64], barriers: &[u64]) -> Result<Option<usize>, Failure> {
        for at in (0..self.open.len()).rev() {
            let name = self.open[at].name;
            if names.contains(&name) {
                return Ok(Some(at));
            }
            if barriers.contains(&name) {
                return Ok(None);
            }
        }
        self.add_work(self.open.len() as u64)?;
        Ok(None)
    }

    /// Closes the element at `at` and all in it; formatting elements among them are lost, to be reopened.
    fn close_from(&mut self, at: usize) {
        let marker = self.open[at..].iter().position(|open| open.kind == Kind::Marker);
        // What was opened inside a cell ends with it.
        let reopened = match marker {
            Some(marker) => {
                self.lost.clear();
                at..at + marker
            }
            None => at..self.open.len(),
        };
        for open in &self.open[reopened] {
            if open.kind == Kind::Formatting {
                // The standard reopens at most three of the same tag and attributes.
                if self.lost.iter().filter(|lost| lost.tag == open.tag).count() < 3 {
                    self.lost.push(*open);
                }
            }
        }
        let foreign = self.open[at..].iter().filter(|open| open.kind == Kind::Foreign).count();
        self.foreign -= foreign as u32;
        self.open.truncate(at);
    }

    /// Closes the innermost formatting element of that name alone.
    fn forget(&mut self, name: u64) -> Result<(), Failure> {
        if let Some(at) = self.lost.iter().rposition(|lost| lost.name == name) {
            self.lost.remove(at);
        } else if let Some(at) = self.find_above(&[name], &[TD, TH, TABLE])? {
            self.open.remove(at);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAPS: Caps = Caps { max_depth: 512, max_nodes: 2_000_000, max_work: 1 << 30 };

    fn code(html: &str) -> Option<&'static str> {
        scan(html, &CAPS).err().map(|failure| failure.code())
    }

    #[test]
    fn pages_that_would_cost_too_much_are_refused_before_they_are_parsed() {
        let many_attributes: String = (0..5_000).flat_map(|i| [" a".to_owned(), i.to_string()]).collect();
        let fonts: String =
            (0..400).flat_map(|i| ["<font size=".to_owned(), i.to_string(), ">".to_owned()]).collect();
        for (name, html, expected) in [
            ("nested divs", "<div>".repeat(100_000), Some("too_deep")),
            ("nested spans with text", "<span>ሰላም".repeat(100_000), Some("too_deep")),
            ("divs under an svg's style", format!("<svg><style>{}", "<div>".repeat(9_000)), Some("too_deep")),
            ("attributes", format!("<a{many_attributes}>x</a>"), Some("too_many_nodes")),
            (
                "fonts reopened in every paragraph",
                format!("<p>{fonts}{}", "<p>க".repeat(50_000)),
                Some("too_many_nodes"),
            ),
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
            (
                "cells never closed",
                format!("<table>{}</table>", "<tr><td><font color=red>สวัสดี".repeat(20_000)),
            ),
            ("bold never closed", "<p><b>Καλημέρα".repeat(20_000)),
            ("definition lists", format!("<dl>{}</dl>", "<dt>அ<dd>ஆ".repeat(20_000))),
            ("void elements", "مرحبا<br>".repeat(50_000)),
            ("paths in a drawing", format!("<svg>{}</svg>", "<path d='M0 0'/>".repeat(20_000))),
            ("tags in a script", format!("<script>{}</script>", "'<div>'".repeat(20_000))),
            ("tags in a comment", format!("<!--{}-->", "<div>".repeat(20_000))),
            ("a script never closed", format!("<script>{}", "<div>".repeat(20_000))),
            ("links never closed", "<a href=x>ታሪክ ".repeat(20_000)),
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
            "<!-->",
            "<?",
            "<script",
            "</p",
        ] {
            assert_eq!(code(html), None, "{html}");
        }
    }
}
