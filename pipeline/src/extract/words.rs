//! What the classes and the id of an element say about it.
//!
//! Sites name their elements in English whatever language they are in, and Readability's lists of such names are what
//! most tools share. One automaton looks for all of them in one pass over each value.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use super::html::{Name, Node, Page, Span};

/// What an element's attributes say; of its class in the low half, of its id in the high half.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Words(u32);

const UNLIKELY: u32 = 1;
const MAYBE: u32 = 1 << 1;
const NEGATIVE: u32 = 1 << 2;
const POSITIVE: u32 = 1 << 3;
const SHARE: u32 = 1 << 4;
const FOOTER: u32 = 1 << 5;
const COMMENT: u32 = 1 << 6;
const BYLINE: u32 = 1 << 7;
const ASIDE: u32 = 1 << 8;
const MORE: u32 = 1 << 9;
// What other attributes say; once, in the low half.
const DATA_TABLE: u32 = 1 << 11;
const HIDDEN: u32 = 1 << 12;
const DIALOG: u32 = 1 << 13;
const UNLIKELY_ROLE: u32 = 1 << 14;
const MAIN: u32 = 1 << 15;

/// Readability's lists (Readability.js 0.6, `unlikelyCandidates` and on), and ours for footers, comments and what stands
/// beside an article's text.
const LISTS: &[(u32, &[&str])] = &[
    (
        UNLIKELY,
        &[
            "-ad-",
            "ai2html",
            "banner",
            "breadcrumbs",
            "combx",
            "comment",
            "community",
            "cover-wrap",
            "disqus",
            "extra",
            "footer",
            "gdpr",
            "header",
            "legends",
            "menu",
            "related",
            "remark",
            "replies",
            "rss",
            "shoutbox",
            "sidebar",
            "skyscraper",
            "social",
            "sponsor",
            "supplemental",
            "ad-break",
            "agegate",
            "pagination",
            "pager",
            "popup",
            "yom-remote",
        ],
    ),
    (MAYBE, &["and", "article", "body", "column", "content", "layout", "main", "mathjax", "shadow"]),
    (
        NEGATIVE,
        &[
            "-ad-",
            "hidden",
            "banner",
            "combx",
            "comment",
            "com-",
            "contact",
            "footer",
            "gdpr",
            "masthead",
            "media",
            "meta",
            "outbrain",
            "promo",
            "related",
            "scroll",
            "share",
            "shoutbox",
            "sidebar",
            "skyscraper",
            "sponsor",
            "shopping",
            "tags",
            "widget",
        ],
    ),
    (
        POSITIVE,
        &[
            "article", "body", "content", "entry", "hentry", "h-entry", "main", "page", "post", "text",
            "blog", "story",
        ],
    ),
    (FOOTER, &["footer", "colophon"]),
    (COMMENT, &["comment", "respond", "reply"]),
    (
        ASIDE,
        &[
            "caption",
            "copyright",
            "credit",
            "newsletter",
            "subscri",
            "cookie",
            "consent",
            "paywall",
            "donat",
            "advert",
            "author-info",
            "author-bio",
            "author-desc",
            "author-box",
            "about-author",
            "authorbox",
            "author-about",
            "author_info",
            "author_bio",
            "author_box",
            "author-card",
        ],
    ),
    (
        MORE,
        &[
            "teaser",
            "next-post",
            "nextpost",
            "nextstory",
            "next-story",
            "related",
            "recommend",
            "read-more",
            "readmore",
            "more-news",
            "social",
            "sharing",
            "share-",
            "tags",
            "tag-list",
            "taglist",
            "breadcrumb",
            "rating",
            "post-meta",
            "entry-meta",
            "article-meta",
        ],
    ),
    (BYLINE, &["byline", "author", "dateline", "writtenby"]),
];

struct Automaton {
    words: AhoCorasick,
    /// What each word says.
    says: Vec<u32>,
}

static AUTOMATON: LazyLock<Automaton> = LazyLock::new(|| {
    let mut words: Vec<&str> = Vec::new();
    let mut says: Vec<u32> = Vec::new();
    for (what, list) in LISTS {
        for word in *list {
            if let Some(known) = words.iter().position(|known| known == word) {
                says[known] |= what;
            } else {
                words.push(word);
                says.push(*what);
            }
        }
    }
    let words = AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .match_kind(MatchKind::Standard)
        .kind(Some(AhoCorasickKind::DFA))
        .build(&words)
        .expect("a fixed list of short words");
    Automaton { words, says }
});

/// Whether one of the words of `value` is `word`, words ending at white space and underscores.
fn has_word(value: &str, words: &[&str]) -> bool {
    value.split([' ', '_']).any(|part| words.iter().any(|word| part.eq_ignore_ascii_case(word)))
}

fn look(value: &str) -> u32 {
    let automaton = &*AUTOMATON;
    let mut found = 0;
    for word in automaton.words.find_overlapping_iter(value) {
        found |= automaton.says[word.pattern().as_usize()];
    }
    if found & NEGATIVE != 0 && has_word(value, &["share", "sharedaddy"]) {
        found |= SHARE;
    }
    found
}

/// Values of a page that were looked at: classes repeat. A value's place is made of its length and its ends.
#[derive(Debug, Clone, Default)]
pub(super) struct WordCache {
    slots: Vec<(Span, u32)>,
}

/// Slots of the cache, a power of two.
const SLOTS: usize = 256;

impl WordCache {
    /// Forgets the last page.
    pub(super) fn clear(&mut self) {
        self.slots.clear();
        self.slots.resize(SLOTS, (Span::default(), 0));
    }

    fn look(&mut self, page: &Page<'_>, span: Span) -> u32 {
        let value = page.str(span);
        let bytes = value.as_bytes();
        let [first, .., last] = bytes else { return look(value) };
        let middle = bytes[bytes.len() / 2];
        let place =
            usize::from(*first) * 31 + usize::from(middle) * 17 + usize::from(*last) * 7 + bytes.len();
        let slot = &mut self.slots[place % SLOTS];
        if page.str(slot.0) != value {
            *slot = (span, look(value));
        }
        slot.1
    }
}

/// Whether an inline style has `property: value`.
fn style_has(style: &str, property: &str, value: &str) -> bool {
    style.split(';').any(|declaration| {
        declaration.split_once(':').is_some_and(|(name, set)| {
            name.trim().eq_ignore_ascii_case(property)
                && set.split_whitespace().next().is_some_and(|set| set.eq_ignore_ascii_case(value))
        })
    })
}

impl Words {
    /// What an element's attributes say. `images` are the pictures in it.
    pub(super) fn of(page: &Page<'_>, node: &Node, images: u32, cache: &mut WordCache) -> Self {
        let mut words = 0;
        let (mut is_modal, mut has_dialog_role) = (false, false);
        for attribute in page.attributes(node) {
            let value = || page.str(attribute.value);
            let set = |is: bool, flag: u32| if is { flag } else { 0 };
            words |= match attribute.name {
                Name::Class => cache.look(page, attribute.value),
                Name::Id => cache.look(page, attribute.value) << 16,
                Name::Hidden => HIDDEN,
                Name::Style => {
                    let style = value();
                    set(
                        style_has(style, "display", "none") || style_has(style, "visibility", "hidden"),
                        HIDDEN,
                    )
                }
                // Wikipedia hides formulas' pictures from screen readers only.
                Name::AriaHidden => set(value() == "true" && images == 0, HIDDEN),
                Name::AriaModal => {
                    is_modal = value() == "true";
                    0
                }
                Name::Role => {
                    let role = value();
                    has_dialog_role = role == "dialog";
                    let is_unlikely = matches!(
                        role,
                        "menu"
                            | "menubar"
                            | "complementary"
                            | "navigation"
                            | "alert"
                            | "alertdialog"
                            | "dialog"
                    );
                    set(is_unlikely, UNLIKELY_ROLE) | set(role == "main", MAIN)
                }
                _ => 0,
            };
        }
        if is_modal && has_dialog_role {
            words |= DIALOG;
        }
        Self(words)
    }

    /// The same, and that it is a table of data.
    pub(super) fn with_data_table(self) -> Self {
        Self(self.0 | DATA_TABLE)
    }

    /// A table that was found to be one of data.
    pub(super) fn is_data_table(self) -> bool {
        self.0 & DATA_TABLE != 0
    }

    /// Not shown, as far as its own attributes say.
    pub(super) fn is_hidden(self) -> bool {
        self.0 & HIDDEN != 0
    }

    /// A dialogue that stands before the page.
    pub(super) fn is_dialog(self) -> bool {
        self.0 & DIALOG != 0
    }

    /// Its role is that of a menu, an alert or the like.
    pub(super) fn has_unlikely_role(self) -> bool {
        self.0 & UNLIKELY_ROLE != 0
    }

    /// Its role is that of the main part.
    pub(super) fn is_main(self) -> bool {
        self.0 & MAIN != 0
    }

    fn any(self, what: u32) -> bool {
        self.0 & (what | what << 16) != 0
    }

    /// Names of menus, sidebars and the like, and no name of content beside them.
    pub(super) fn is_unlikely(self) -> bool {
        self.any(UNLIKELY) && !self.any(MAYBE)
    }

    /// Readability's weight: 25 for a good name, minus 25 for a bad one, for class and id each.
    pub(super) fn weight(self) -> f32 {
        let one = |words: u32| {
            let (good, bad) = (words & POSITIVE != 0, words & NEGATIVE != 0);
            f32::from(i8::from(good) - i8::from(bad)) * 25.0
        };
        one(self.0) + one(self.0 >> 16)
    }

    /// Buttons to share the page.
    pub(super) fn is_share(self) -> bool {
        self.any(SHARE)
    }

    /// The foot of the page.
    pub(super) fn is_footer(self) -> bool {
        self.any(FOOTER)
    }

    /// Captions, and boxes about the author, the site or its newsletter.
    pub(super) fn is_aside(self) -> bool {
        self.any(ASIDE)
    }

    /// What leads on from an article to others.
    pub(super) fn leads_on(self) -> bool {
        self.any(MORE)
    }

    /// The author's line.
    pub(super) fn is_byline(self) -> bool {
        self.any(BYLINE)
    }

    /// Comments of readers.
    pub(super) fn is_comment(self) -> bool {
        self.any(COMMENT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::Caps;
    use crate::extract::html::{BODY, Tree, parse};

    fn words(tag: &str) -> Words {
        let caps = Caps { max_depth: 512, max_nodes: 2_000_000, max_work: 1 << 30 };
        let (tree, page) = parse(tag, &caps, false, Tree::default(), Page::default()).unwrap();
        let mut cache = WordCache::default();
        cache.clear();
        let node = tree.node(tree.first(BODY).unwrap());
        let first = Words::of(&page, node, 0, &mut cache);
        assert_eq!(Words::of(&page, node, 0, &mut cache), first);
        first
    }

    #[test]
    fn names_say_what_an_element_is() {
        assert!(words("<div class='Site-Sidebar'>").is_unlikely());
        assert!(!words("<div class='sidebar main-content'>").is_unlikely());
        assert!(!words("<div class=yaliyomo>").is_unlikely());
        assert!((words("<div class=article-text id=footer>").weight() - 0.0).abs() < 0.1);
        assert!((words("<div class=entry id=post-7>").weight() - 50.0).abs() < 0.1);
        assert!(
            words("<div class='x share_this'>").is_share() && !words("<div class=shareholders>").is_share()
        );
        assert!(words("<p class=wp-caption-text>").is_aside() && words("<p class=related-posts>").leads_on());
        assert!(words("<div id=colophon>").is_footer() && words("<div class=Comments>").is_comment());
    }

    #[test]
    fn attributes_say_whether_it_is_shown() {
        for tag in ["<p hidden>", "<p style='color:red; Display : NONE'>", "<p aria-hidden=true>"] {
            assert!(words(tag).is_hidden(), "{tag}");
        }
        for tag in ["<p style='display:block'>", "<p style='displaynone'>", "<p aria-hidden=false>", "<p>"] {
            assert!(!words(tag).is_hidden(), "{tag}");
        }
        assert!(words("<p role=navigation>").has_unlikely_role() && words("<p role=main>").is_main());
        assert!(
            words("<p role=dialog aria-modal=true>").is_dialog() && !words("<p aria-modal=true>").is_dialog()
        );
    }
}
