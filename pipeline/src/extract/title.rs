//! The title of a page.
//!
//! What the page calls itself for others (`og:title` and the like) is the cleanest; `title` in the head mostly has the
//! name of the site behind a bar. The rules are Readability's.

use super::html::{BODY, HEAD, Name, Page, Tag, Tree};
use super::squeeze;

/// Metas that hold a title, the best first.
const META_TITLES: [&str; 8] = [
    "dc:title",
    "dcterms:title",
    "og:title",
    "weibo:article:title",
    "weibo:webpage:title",
    "title",
    "twitter:title",
    "parsely-title",
];
const SEPARATORS: [char; 8] = ['|', '-', '–', '—', '\\', '/', '>', '»'];
const HIERARCHY: [char; 4] = ['\\', '/', '>', '»'];

/// Words that two titles share, in letters of the second, from which on they are one.
const ALIKE: f32 = 0.75;

/// Longest title or heading that is compared word by word, in bytes.
const MAX_COMPARED: usize = 1_000;

/// What the head says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Head {
    /// The title of the page.
    pub(super) title: String,
    /// An author is named.
    pub(super) has_author: bool,
}

/// Reads the head, and metas wherever they stand.
pub(super) fn read(page: &Page<'_>, tree: &Tree) -> Head {
    let mut head = Head::default();
    let mut best = META_TITLES.len();
    for id in tree.ids().filter(|id| tree.tag(*id) == Tag::Meta) {
        let node = tree.node(id);
        let Some(content) = page.attribute(node, Name::Content).map(str::trim).filter(|c| !c.is_empty())
        else {
            continue;
        };
        let key = page.attribute(node, Name::Property).or_else(|| page.attribute(node, Name::MetaName));
        let key = key.unwrap_or_default().trim().to_ascii_lowercase().replace('.', ":");
        if let Some(rank) = META_TITLES[..best].iter().position(|title| *title == key) {
            best = rank;
            head.title = squeeze(content);
        }
        head.has_author |= matches!(
            &*key,
            "dc:creator" | "dcterms:creator" | "author" | "parsely-author" | "article:author"
        );
    }
    if head.title.is_empty() {
        head.title = of_document(page, tree);
    }
    head
}

/// The title in the head, without the name of the site where that is clear.
fn of_document(page: &Page<'_>, tree: &Tree) -> String {
    let title = tree
        .children(HEAD)
        .find(|id| tree.tag(*id) == Tag::Title)
        .and_then(|id| tree.first(id))
        .map(|text| squeeze(page.text(tree.node(text))))
        .unwrap_or_default();
    let words = |text: &str| text.split_whitespace().count();
    let mut current = title.clone();
    let mut has_hierarchy = false;
    if title.contains(SEPARATORS) {
        has_hierarchy = title.contains(HIERARCHY);
        let followed = |(at, separator): &(usize, &str)| title[at + separator.len()..].starts_with(' ');
        if let Some((at, _)) = title.rmatch_indices(SEPARATORS).next().filter(followed) {
            title[..at].trim().clone_into(&mut current);
        }
        if words(&current) < 3
            && let Some((at, separator)) = title.match_indices(SEPARATORS).next().filter(followed)
        {
            title[at + separator.len()..].trim().clone_into(&mut current);
        }
    } else if title.contains(": ") {
        if !headings(page, tree).any(|heading| heading == title) {
            let (first, last) = (title.find(':').unwrap_or(0), title.rfind(':').unwrap_or(0));
            title[last + 1..].trim().clone_into(&mut current);
            if words(&current) < 3 {
                title[first + 1..].trim().clone_into(&mut current);
            } else if words(&title[..=first]) > 5 {
                current.clone_from(&title);
            }
        }
    } else if !(15..=150).contains(&title.chars().count())
        && let Some(heading) = headings(page, tree).next()
    {
        current = heading;
    }
    let pieces: usize = title.split(SEPARATORS).map(words).sum();
    let kept = words(&current);
    if kept <= 4 && (!has_hierarchy || kept + 1 != pieces) && !title.is_empty() {
        return title;
    }
    current
}

fn headings<'a>(page: &'a Page<'_>, tree: &'a Tree) -> impl Iterator<Item = String> + 'a {
    tree.ids()
        .filter(|id| *id > BODY && matches!(tree.tag(*id), Tag::H1))
        .map(|id| squeeze(&tree.text(page, id)))
        .filter(|heading| !heading.is_empty())
}

/// Whether a heading says the page's title again.
pub(super) fn is_like_title(title: &str, heading: &str) -> bool {
    if title.len() > MAX_COMPARED || heading.len() > MAX_COMPARED {
        return false;
    }
    let (title, heading) = (title.to_lowercase(), heading.trim().to_lowercase());
    if title.is_empty() || heading.is_empty() {
        return false;
    }
    if title.contains(&heading) {
        return true;
    }
    let words = |text: &str| {
        let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        words.map(str::to_owned).collect::<Vec<_>>()
    };
    let known = words(&title);
    let (mut all, mut shared) = (0, 0);
    for word in words(&heading) {
        let letters = word.chars().count();
        all += letters;
        if known.contains(&word) {
            shared += letters;
        }
    }
    all > 0 && shared as f32 / all as f32 > ALIKE
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::Caps;
    use crate::extract::html::parse;

    fn title(html: &str) -> String {
        let caps = Caps { max_depth: 512, max_nodes: 2_000_000, max_work: 1 << 30 };
        let (tree, page) = parse(html, &caps, false, Tree::default(), Page::default()).unwrap();
        read(&page, &tree).title
    }

    #[test]
    fn the_title_is_what_the_page_calls_itself_without_the_site() {
        for (html, expected) in [
            ("<title>Bei ya mahindi yapanda tena Voi | Habari</title>", "Bei ya mahindi yapanda tena Voi"),
            ("<title>የቡና ዋጋ ጨመረ - ዜና</title>", "የቡና ዋጋ ጨመረ - ዜና"),
            ("<title>x</title><meta property=og:title content=' बाज़ार  खुला '>", "बाज़ार खुला"),
            ("<meta name=DC.title content='Ἀρχή'><meta name=twitter:title content=x>", "Ἀρχή"),
            ("<title>市场</title><h1>市场今天重新开门了，大家都来买菜</h1>", "市场"),
            ("<h1>ตลาด</h1>", "ตลาด"),
            ("", ""),
        ] {
            assert_eq!(title(html), expected, "{html}");
        }
    }

    #[test]
    fn a_heading_is_like_the_title_if_it_says_three_quarters_of_it() {
        assert!(is_like_title("Soko la mahindi | Habari", " soko la MAHINDI "));
        assert!(is_like_title("DeepMind新电脑_科技_腾讯网", "DeepMind新电脑"));
        assert!(!is_like_title("Soko la mahindi", "Bei mpya ya mahindi na maharagwe"));
        assert!(!is_like_title("Soko", "") && !is_like_title("", "Soko") && !is_like_title("a", "..."));
    }
}
