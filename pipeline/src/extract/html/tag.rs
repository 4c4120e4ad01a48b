//! Elements by number.
//!
//! A page's elements are compared with lists of names all the time, so each name that matters is a number with a set
//! of flags beside it. All others are [`Tag::Other`]; the tree remembers their names only to match end tags.

/// What an element is, as far as parsing and main text ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flags(u32);

impl Flags {
    /// Nothing of the below.
    pub const NONE: Self = Self(0);
    /// Never has an end tag.
    pub const VOID: Self = Self(1);
    /// Content is text up to the end tag.
    pub const RAW: Self = Self(1 << 1);
    /// Its start tag closes an open `p`.
    pub const CLOSES_P: Self = Self(1 << 2);
    /// "Special" in the HTML standard: an end tag of another element does not reach past it.
    pub const SPECIAL: Self = Self(1 << 3);
    /// Ends the search for most open elements.
    pub const SCOPE: Self = Self(1 << 4);
    /// Belongs into the head while no body has begun.
    pub const HEAD: Self = Self(1 << 5);
    /// An end tag closes it across blocks, which stay open.
    pub const FORMATTING: Self = Self(1 << 6);
    /// A heading.
    pub const HEADING: Self = Self(1 << 7);
    /// Begins and ends a paragraph of text.
    pub const PARAGRAPH: Self = Self(1 << 8);
    /// Ends a line of text.
    pub const LINE: Self = Self(1 << 9);
    /// Phrasing content by Readability's list.
    pub const PHRASING: Self = Self(1 << 10);
    /// Readability's block elements: a `div` without them is a paragraph.
    pub const BLOCK: Self = Self(1 << 11);
    /// Readability looks at its text.
    pub const SCORED: Self = Self(1 << 12);
    /// Content is never text of the page.
    pub const HIDDEN: Self = Self(1 << 13);
    /// Menus, controls and other furniture around the text.
    pub const FURNITURE: Self = Self(1 << 14);
    /// Elements whose presence Readability takes for content.
    pub const TEXTISH: Self = Self(1 << 15);
    /// May stand inside a table, outside cells.
    pub const TABLE_PART: Self = Self(1 << 16);

    /// Both sets together.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether any of `other` is set.
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

macro_rules! tags {
    ($($variant:ident $name:literal $($flag:ident)*,)*) => {
        /// The name of an element, or what else a node is.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[repr(u8)]
        #[expect(missing_docs, reason = "each variant is the element of that name")]
        pub enum Tag {
            /// A run of text, not an element.
            Text,
            /// An element of another name.
            Other,
            $($variant,)*
        }

        /// Every name with its tag.
        const NAMES: &[(&str, Tag)] = &[$(($name, Tag::$variant),)*];
        const FLAGS: &[Flags] = &[
            Flags::NONE,
            Flags::NONE,
            $(Flags::NONE$(.and(Flags::$flag))*,)*
        ];
    };
}

tags! {
    A "a" FORMATTING,
    Abbr "abbr" PHRASING,
    Address "address" CLOSES_P SPECIAL PARAGRAPH,
    Applet "applet" SPECIAL SCOPE,
    Area "area" VOID SPECIAL,
    Article "article" CLOSES_P SPECIAL PARAGRAPH,
    Aside "aside" CLOSES_P SPECIAL PARAGRAPH FURNITURE,
    Audio "audio" PHRASING HIDDEN,
    B "b" FORMATTING PHRASING,
    Base "base" VOID SPECIAL HEAD,
    Bdo "bdo" PHRASING,
    Big "big" FORMATTING,
    Blockquote "blockquote" CLOSES_P SPECIAL PARAGRAPH BLOCK TEXTISH,
    Body "body" SPECIAL PARAGRAPH,
    Br "br" VOID SPECIAL LINE PHRASING,
    Button "button" SPECIAL PHRASING FURNITURE,
    Canvas "canvas" HIDDEN,
    Caption "caption" SPECIAL SCOPE TABLE_PART PARAGRAPH,
    Center "center" CLOSES_P SPECIAL PARAGRAPH,
    Cite "cite" PHRASING,
    Code "code" FORMATTING PHRASING,
    Col "col" VOID SPECIAL TABLE_PART,
    Colgroup "colgroup" SPECIAL TABLE_PART,
    Data "data" PHRASING,
    Datalist "datalist" PHRASING HIDDEN,
    Dd "dd" CLOSES_P SPECIAL PARAGRAPH,
    Del "del" NONE,
    Details "details" CLOSES_P SPECIAL PARAGRAPH,
    Dfn "dfn" PHRASING,
    Dialog "dialog" CLOSES_P PARAGRAPH HIDDEN,
    Dir "dir" CLOSES_P SPECIAL PARAGRAPH,
    Div "div" CLOSES_P SPECIAL PARAGRAPH BLOCK TEXTISH,
    Dl "dl" CLOSES_P SPECIAL PARAGRAPH BLOCK TEXTISH,
    Dt "dt" CLOSES_P SPECIAL PARAGRAPH,
    Em "em" FORMATTING PHRASING,
    Embed "embed" VOID SPECIAL PHRASING HIDDEN,
    Fieldset "fieldset" CLOSES_P SPECIAL PARAGRAPH,
    Figcaption "figcaption" CLOSES_P SPECIAL PARAGRAPH,
    Figure "figure" CLOSES_P SPECIAL PARAGRAPH,
    Font "font" FORMATTING PHRASING TEXTISH,
    Footer "footer" CLOSES_P SPECIAL PARAGRAPH FURNITURE,
    Form "form" CLOSES_P SPECIAL PARAGRAPH FURNITURE TABLE_PART,
    Frame "frame" VOID SPECIAL,
    Frameset "frameset" SPECIAL,
    H1 "h1" CLOSES_P SPECIAL PARAGRAPH HEADING,
    H2 "h2" CLOSES_P SPECIAL PARAGRAPH HEADING SCORED,
    H3 "h3" CLOSES_P SPECIAL PARAGRAPH HEADING SCORED,
    H4 "h4" CLOSES_P SPECIAL PARAGRAPH HEADING SCORED,
    H5 "h5" CLOSES_P SPECIAL PARAGRAPH HEADING SCORED,
    H6 "h6" CLOSES_P SPECIAL PARAGRAPH HEADING SCORED,
    Head "head" SPECIAL HIDDEN,
    Header "header" CLOSES_P SPECIAL PARAGRAPH FURNITURE,
    Hgroup "hgroup" CLOSES_P SPECIAL PARAGRAPH,
    Hr "hr" VOID CLOSES_P SPECIAL LINE,
    Html "html" SPECIAL SCOPE,
    I "i" FORMATTING PHRASING,
    Iframe "iframe" RAW SPECIAL HIDDEN,
    Img "img" VOID SPECIAL PHRASING BLOCK TEXTISH,
    Input "input" VOID SPECIAL PHRASING HIDDEN TABLE_PART,
    Ins "ins" NONE,
    Kbd "kbd" PHRASING,
    Label "label" PHRASING,
    Li "li" CLOSES_P SPECIAL LINE TEXTISH,
    Link "link" VOID SPECIAL HEAD HIDDEN,
    Main "main" CLOSES_P SPECIAL PARAGRAPH,
    Mark "mark" PHRASING,
    Marquee "marquee" SPECIAL SCOPE,
    Math "math" PHRASING,
    Menu "menu" CLOSES_P SPECIAL PARAGRAPH,
    Meta "meta" VOID SPECIAL HEAD HIDDEN,
    Meter "meter" PHRASING,
    Nav "nav" CLOSES_P SPECIAL PARAGRAPH FURNITURE,
    Nobr "nobr" FORMATTING,
    Noembed "noembed" RAW SPECIAL HIDDEN,
    Noframes "noframes" RAW SPECIAL HEAD HIDDEN,
    Noscript "noscript" RAW SPECIAL HEAD PARAGRAPH,
    Object "object" SPECIAL SCOPE PHRASING HIDDEN,
    Ol "ol" CLOSES_P SPECIAL PARAGRAPH BLOCK TEXTISH,
    Optgroup "optgroup" NONE,
    Option "option" NONE,
    Output "output" PHRASING,
    P "p" CLOSES_P SPECIAL PARAGRAPH BLOCK SCORED TEXTISH,
    Param "param" VOID SPECIAL,
    Picture "picture" NONE,
    Plaintext "plaintext" CLOSES_P SPECIAL PARAGRAPH,
    Pre "pre" CLOSES_P SPECIAL PARAGRAPH BLOCK SCORED TEXTISH,
    Progress "progress" PHRASING,
    Q "q" PHRASING,
    Rp "rp" HIDDEN,
    Rt "rt" HIDDEN,
    Ruby "ruby" PHRASING,
    S "s" FORMATTING,
    Samp "samp" PHRASING,
    Script "script" RAW SPECIAL HEAD HIDDEN TABLE_PART,
    Search "search" CLOSES_P SPECIAL PARAGRAPH FURNITURE,
    Section "section" CLOSES_P SPECIAL PARAGRAPH SCORED,
    Select "select" SPECIAL PHRASING HIDDEN,
    Small "small" FORMATTING PHRASING,
    Source "source" VOID SPECIAL HIDDEN,
    Span "span" PHRASING TEXTISH,
    Strike "strike" FORMATTING,
    Strong "strong" FORMATTING PHRASING,
    Style "style" RAW SPECIAL HEAD HIDDEN TABLE_PART,
    Sub "sub" PHRASING,
    Summary "summary" CLOSES_P SPECIAL PARAGRAPH,
    Sup "sup" PHRASING,
    Svg "svg" HIDDEN,
    Table "table" CLOSES_P SPECIAL SCOPE PARAGRAPH BLOCK TEXTISH,
    Tbody "tbody" SPECIAL TABLE_PART,
    Td "td" SPECIAL SCOPE SCORED TEXTISH TABLE_PART,
    Template "template" SPECIAL SCOPE HEAD HIDDEN TABLE_PART,
    Textarea "textarea" RAW SPECIAL PHRASING HIDDEN,
    Tfoot "tfoot" SPECIAL TABLE_PART,
    Th "th" SPECIAL SCOPE TABLE_PART,
    Thead "thead" SPECIAL TABLE_PART,
    Time "time" PHRASING,
    Title "title" RAW SPECIAL HEAD HIDDEN,
    Tr "tr" SPECIAL LINE TABLE_PART,
    Track "track" VOID SPECIAL HIDDEN,
    Tt "tt" FORMATTING,
    U "u" FORMATTING,
    Ul "ul" CLOSES_P SPECIAL PARAGRAPH BLOCK TEXTISH,
    Var "var" PHRASING,
    Video "video" HIDDEN,
    Wbr "wbr" VOID SPECIAL PHRASING,
    Xmp "xmp" RAW CLOSES_P SPECIAL HIDDEN,
}

/// How many tags there are.
pub const TAGS: usize = FLAGS.len();

/// Longest name of the list, in bytes.
const LONGEST: usize = 10;
/// Slots of the table of names: a power of two with room to spare.
const SLOTS: usize = 1 << 10;

/// Where a lower-case name is first looked for.
const fn slot(name: &[u8]) -> usize {
    let mut hash = name.len() as u32;
    let mut at = 0;
    while at < name.len() {
        hash = (hash ^ name[at] as u32).wrapping_mul(0x0100_0193);
        at += 1;
    }
    (hash ^ (hash >> 15)) as usize & (SLOTS - 1)
}

/// Names by their slots, made by the compiler; 0 is an empty slot, else one more than the place in [`NAMES`].
static TABLE: [u8; SLOTS] = {
    let mut table = [0u8; SLOTS];
    let mut name = 0;
    while name < NAMES.len() {
        let mut at = slot(NAMES[name].0.as_bytes());
        while table[at] != 0 {
            at = (at + 1) & (SLOTS - 1);
        }
        table[at] = name as u8 + 1;
        name += 1;
    }
    table
};

impl Tag {
    /// The tag of a name, in any case.
    pub fn of(name: &[u8]) -> Self {
        if name.len() > LONGEST {
            return Self::Other;
        }
        let mut lower = [0; LONGEST];
        let lower = &mut lower[..name.len()];
        lower.copy_from_slice(name);
        lower.make_ascii_lowercase();
        let mut at = slot(lower);
        while let Some(name) = usize::from(TABLE[at]).checked_sub(1) {
            if NAMES[name].0.as_bytes() == lower {
                return NAMES[name].1;
            }
            at = (at + 1) & (SLOTS - 1);
        }
        if &*lower == b"image" { Self::Img } else { Self::Other }
    }

    /// What the element is.
    pub fn flags(self) -> Flags {
        FLAGS[self as usize]
    }

    /// Whether any of `flags` is set.
    pub fn is(self, flags: Flags) -> bool {
        self.flags().has(flags)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_found_in_any_case_and_no_other() {
        for (name, tag) in NAMES {
            assert_eq!((Tag::of(name.as_bytes()), *name), (*tag, *name));
            assert_eq!(Tag::of(name.to_ascii_uppercase().as_bytes()), *tag);
            assert!(name.len() <= LONGEST);
        }
        for name in ["", "x", "blockquotes", "divv", "h7", "ክፍል", "mara-amu"] {
            assert_eq!(Tag::of(name.as_bytes()), Tag::Other, "{name}");
        }
        assert_eq!(Tag::of(b"IMAGE"), Tag::Img);
        assert!(Tag::Li.is(Flags::LINE) && !Tag::Text.is(Flags::SPECIAL));
    }
}
