//! What the classes and the id of an element say about it.
//!
//! Sites name their elements in English whatever language they are in, and Readability's lists of such names are what
//! most tools share. One automaton looks for all of them in one pass over each value.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use super::html::{Name, Node, Page};

/// What a class or id says; of a class in the low half, of an id in the high half.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Words(u32);

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

/// Readability's lists (Readability.js 0.6, `unlikelyCandidates` and on), and ours for footers, comments and what stands
/// beside an article's text.
const LISTS: &[(u32, &[&str])] = &[
    (
        UNLIKELY,
        &[
            "-ad-", "ai2html", "banner", "breadcrumbs", "combx", "comment", "community", "cover-wrap", "disqus",
            "extra", "footer", "gdpr", "header", "legends", "menu", "related", "remark", "replies", "rss",
            "shoutbox", "sidebar", "skyscraper", "social", "sponsor", "supplemental", "ad-break", "agegate",
            "pagination", "pager", "popup", "yom-remote",
        ],
    ),
    (
        MAYBE,
        &["and", "article", "body", "column", "content", "layout", "main", "mathjax", "shadow"],
    ),
    (
        NEGATIVE,
        &[
            "-ad-", "hidden", "banner", "combx", "comment", "com-", "contact", "footer", "gdpr", "masthead", "media",
            "meta", "outbrain", "promo", "related", "scroll", "share", "shoutbox", "sidebar", "skyscraper", "sponsor",
            "shopping", "tags", "widget",
        ],
    ),
    (
        POSITIVE,
        &["article", "body", "content", "entry", "hentry", "h-entry", "main", "page", "post", "text", "blog", "story"],
    ),
    (FOOTER, &["footer", "colophon"]),
    (COMMENT, &["comment", "respond", "reply"]),
    (
        ASIDE,
        &[
            "caption", "copyright", "credit", "newsletter", "subscri", "cookie", "consent", "paywall", "donat", "advert",
            "author-info", "author-bio", "author-desc", "author-box", "about-author", "authorbox", "author-about",
            "author_info", "author_bio", "author_box", "author-card",
        ],
    ),
    (
        MORE,
        &[
            "teaser", "next-post", "nextpost", "nextstory", "next-story", "related", "recommend", "read-more", "readmore",
            "more-news", "social", "sharing", "share-", "tags", "tag-list", "taglist", "breadcrumb", "rating", "post-meta",
            "entry-meta", "article-meta",
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
            match words.iter().position(|known| known == word) {
                Some(known) => says[known] |= what,
                None => {
                    words.push(word);
                    says.push(*what);
                }
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

impl Words {
    /// What an element's class and id say.
    pub fn of(page: &Page<'_>, node: &Node) -> Self {
        let mut words = 0;
        for attribute in page.attributes(node) {
            match attribute.name {
                Name::Class => words |= look(page.str(attribute.value)),
                Name::Id => words |= look(page.str(attribute.value)) << 16,
                _ => {}
            }
        }
        Self(words)
    }

    fn any(self, what: u32) -> bool {
        self.0 & (what | what << 16) != 0
    }

    /// Names of menus, sidebars and the like, and no name of content beside them.
    pub fn is_unlikely(self) -> bool {
        self.any(UNLIKELY) && !self.any(MAYBE)
    }

    /// Readability's weight: 25 for a good name, minus 25 for a bad one, for class and id each.
    pub fn weight(self) -> f32 {
        let one = |words: u32| {
            let (good, bad) = (words & POSITIVE != 0, words & NEGATIVE != 0);
            f32::from(i8::from(good) - i8::from(bad)) * 25.0
        };
        one(self.0) + one(self.0 >> 16)
    }

    /// Buttons to share the page.
    pub fn is_share(self) -> bool {
        self.any(SHARE)
    }

    /// The foot of the page.
    pub fn is_footer(self) -> bool {
        self.any(FOOTER)
    }

    /// Captions, and boxes about the author, the site or its newsletter.
    pub fn is_aside(self) -> bool {
        self.any(ASIDE)
    }

    /// What leads on from an article to others.
    pub fn leads_on(self) -> bool {
        self.any(MORE)
    }

    /// The author's line.
    pub fn is_byline(self) -> bool {
        self.any(BYLINE)
    }

    /// Comments of readers.
    pub fn is_comment(self) -> bool {
        self.any(COMMENT)
    }
}
