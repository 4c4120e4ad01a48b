//! Marks about rights, as they stand on the page.
//!
//! One walk over the tree, before the extractor changes it; text is only looked at on pages that have a mark in their
//! body. Nothing is read into a mark here: that `all rights reserved` takes a licence back, or that RSL is no licence,
//! is for `tag_license`. Comments of the markup and `noscript` are not in the tree: nobody sees them.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use memchr::memmem;
use serde_json::Value;

use super::html::{BODY, Descend, Event, HEAD, HTML, Id, Name, Node, Page, Tag};
use super::outline::Outline;
use super::squeeze;
use crate::document::Mark;

/// Most marks of one page; the rest, in document order, are left.
const MAX_MARKS: usize = 200;
/// Characters of text kept before and after a link in the body: 150 together.
const CONTEXT_BEFORE: usize = 60;
const CONTEXT_AFTER: usize = 90;
/// Characters of a value; licence texts are sometimes pasted whole into a meta tag.
const MAX_VALUE: usize = 500;
/// Bytes of one JSON-LD script.
const MAX_JSON_LD: usize = 1 << 20;

/// Where the walk stands.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    in_head: bool,
    in_footer: bool,
    within: &'static str,
}

struct Collector {
    marks: Vec<Mark>,
    places: Vec<Place>,
    /// Some mark needs the text around it.
    reads_text: bool,
    /// The last characters of text seen.
    before: String,
    /// Marks whose context still wants text: index, characters wanted.
    pending: Vec<(usize, usize)>,
    /// Text of the footer at hand, and the number of marks when it began.
    footer: Option<(String, usize)>,
}

/// The marks of a page, in document order.
pub(super) fn collect(page: &Page<'_>, outline: &Outline) -> Vec<Mark> {
    let tree = &outline.tree;
    let has_mark = |id: Id| {
        let node = tree.node(id);
        match node.tag {
            Tag::A | Tag::Area | Tag::Img | Tag::Link => mark_of(page, node).is_some(),
            Tag::Meta | Tag::Script => true,
            _ => false,
        }
    };
    let mut collector = Collector {
        marks: Vec::new(),
        places: vec![Place::default()],
        reads_text: tree
            .ids()
            .any(|id| matches!(tree.tag(id), Tag::A | Tag::Area | Tag::Img) && has_mark(id)),
        before: String::new(),
        pending: Vec::new(),
        footer: None,
    };
    if !collector.reads_text && !tree.ids().any(has_mark) {
        return Vec::new();
    }
    tree.walk(HTML, |event| match event {
        Event::Enter(id) => {
            let node = tree.node(id);
            if node.tag == Tag::Text {
                if collector.reads_text {
                    collector.text(page.text(node));
                }
                return Descend::Over;
            }
            let place = collector.place().enter(page, outline, id);
            if place.in_footer && collector.footer.is_none() {
                collector.footer = Some((String::new(), collector.marks.len()));
            }
            collector.element(page, outline, id, place);
            if node.tag == Tag::Script {
                return Descend::Over;
            }
            collector.places.push(place);
            Descend::Into
        }
        Event::Leave(_) => {
            let left = collector.places.pop().unwrap_or_default();
            if left.in_footer && !collector.place().in_footer {
                collector.end_footer(left);
            }
            Descend::Into
        }
    });
    collector.marks
}

impl Place {
    fn enter(self, page: &Page<'_>, outline: &Outline, id: Id) -> Self {
        let mut place = self;
        let tag = outline.tree.tag(id);
        match id {
            HEAD => place.in_head = true,
            // Classes of the body speak of the theme.
            HTML | BODY => return place,
            _ => {}
        }
        let words = outline.words(id);
        place.in_footer |= tag == Tag::Footer || words.is_footer();
        if place.within.is_empty() {
            // RDFa and microdata: what follows is said about another thing than the page.
            let is_about_media = || {
                page.attributes(outline.tree.node(id)).iter().any(|attribute| {
                    let value = page.str(attribute.value);
                    match attribute.name {
                        Name::ItemType => ["ImageObject", "VideoObject", "AudioObject", "MediaObject"]
                            .iter()
                            .any(|media| value.ends_with(media)),
                        Name::About | Name::Resource => is_media_file(value),
                        _ => false,
                    }
                })
            };
            place.within = match tag {
                Tag::Figure | Tag::Figcaption => "figure",
                _ if is_about_media() => "figure",
                _ if words.is_comment() => "comment",
                Tag::Aside => "aside",
                _ => "",
            };
        }
        place
    }
}

fn is_media_file(url: &str) -> bool {
    let path = url.split(['?', '#']).next().unwrap_or_default().to_ascii_lowercase();
    [".jpg", ".jpeg", ".png", ".gif", ".svg", ".webp", ".mp3", ".mp4", ".ogg", ".webm", ".tif", ".tiff"]
        .iter()
        .any(|ending| path.ends_with(ending))
}

/// Hosts and paths of licences that are linked without `rel`.
static LICENCE_LINKS: LazyLock<AhoCorasick> = LazyLock::new(|| {
    AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .kind(Some(AhoCorasickKind::DFA))
        .build([
            "creativecommons.org",
            "nationalarchives.gov.uk/doc/open-government-licence",
            "etalab.gouv.fr/licence-ouverte",
            "govdata.de/dl-de",
            "data.norge.no/nlod",
        ])
        .expect("a fixed list of short words")
});

fn is_licence_link(href: &str) -> bool {
    // Most links stay on their site and name no host.
    href.contains("//") && LICENCE_LINKS.is_match(href)
}

fn is_rights_meta(key: &str) -> bool {
    matches!(
        key,
        "license"
            | "licence"
            | "rights"
            | "copyright"
            | "og:license"
            | "article:license"
            | "cc:license"
            | "dct:license"
            | "author"
            | "article:author"
            | "og:site_name"
            | "robots"
            | "googlebot"
            | "tdm-reservation"
            | "tdm-policy"
            | "cc:attributionname"
    ) || (key.starts_with("dc.") || key.starts_with("dcterms."))
        && ["rights", "license", "licence", "creator"].iter().any(|word| key.contains(word))
}

fn clip(text: &str) -> String {
    squeeze(text).chars().take(MAX_VALUE).collect()
}

/// What an element says about rights by itself.
struct Found<'p> {
    element: &'static str,
    key: String,
    value: &'p str,
}

fn mark_of<'p>(page: &'p Page<'_>, node: &Node) -> Option<Found<'p>> {
    let attribute = |name: Name| page.attribute(node, name).unwrap_or_default();
    match node.tag {
        Tag::Link | Tag::A | Tag::Area => {
            let href = page.attribute(node, Name::Href).filter(|href| !href.is_empty())?;
            let key = [Name::Rel, Name::ItemProp, Name::Property]
                .into_iter()
                .filter_map(|name| page.attribute(node, name))
                .find(|key| key.split_whitespace().any(is_licence_word));
            let is_link = node.tag == Tag::Link;
            let element = if is_link { "link" } else { "a" };
            (key.is_some() || !is_link && is_licence_link(href)).then(|| Found {
                element,
                key: key.unwrap_or_default().to_ascii_lowercase(),
                value: href,
            })
        }
        Tag::Meta => {
            let content = page.attribute(node, Name::Content).filter(|content| !content.trim().is_empty())?;
            let key = [Name::MetaName, Name::Property, Name::ItemProp]
                .into_iter()
                .filter_map(|name| page.attribute(node, name))
                .map(|key| key.trim().to_ascii_lowercase())
                .find(|key| is_rights_meta(key))?;
            Some(Found { element: "meta", key, value: content })
        }
        Tag::Img => {
            let source = attribute(Name::Src);
            ["licensebuttons.net", "creativecommons.org"]
                .iter()
                .any(|host| source.contains(host))
                .then(|| Found { element: "img", key: String::new(), value: source })
        }
        _ => None,
    }
}

impl Collector {
    fn place(&self) -> Place {
        self.places.last().copied().unwrap_or_default()
    }

    fn text(&mut self, text: &str) {
        // A long run is of no more use than its two ends.
        let mut words = 0;
        for word in text.split_whitespace().take_while(|_| {
            words += 1;
            words <= 40
        }) {
            for (index, wanted) in &mut self.pending {
                let context = &mut self.marks[*index].context;
                if !context.is_empty() {
                    context.push(' ');
                }
                context.extend(word.chars().take(*wanted));
                *wanted = wanted.saturating_sub(word.chars().count() + 1);
            }
            self.pending.retain(|(_, wanted)| *wanted > 0);
            if let Some((footer, _)) = &mut self.footer
                && footer.len() < 4 * MAX_VALUE
            {
                if !footer.is_empty() {
                    footer.push(' ');
                }
                footer.push_str(word);
            }
        }
        let tail: Vec<char> = text.chars().rev().take(CONTEXT_BEFORE * 2).collect();
        self.before.push(' ');
        self.before.extend(tail.into_iter().rev());
        if self.before.chars().count() > CONTEXT_BEFORE * 4 {
            let keep = self.before.chars().count() - CONTEXT_BEFORE * 2;
            self.before = self.before.chars().skip(keep).collect();
        }
    }

    fn add(
        &mut self,
        element: &'static str,
        key: String,
        value: &str,
        media_type: &str,
        place: Place,
        context: bool,
    ) {
        if self.marks.len() >= MAX_MARKS {
            return;
        }
        let mut mark = Mark {
            element,
            key,
            value: clip(value),
            media_type: media_type.trim().to_ascii_lowercase(),
            in_head: place.in_head,
            in_footer: place.in_footer,
            within: place.within,
            context: String::new(),
        };
        if context && !place.in_head {
            let before = squeeze(&self.before);
            let skip = before.chars().count().saturating_sub(CONTEXT_BEFORE);
            mark.context = before.chars().skip(skip).collect();
            self.pending.push((self.marks.len(), CONTEXT_AFTER));
        }
        self.marks.push(mark);
    }

    fn element(&mut self, page: &Page<'_>, outline: &Outline, id: Id, place: Place) {
        let node = outline.tree.node(id);
        if node.tag == Tag::Script {
            let json = outline.tree.first(id).map_or("", |text| page.text(outline.tree.node(text)));
            let has_mark = ["license", "addressCountry"]
                .iter()
                .any(|key| memmem::find(json.as_bytes(), key.as_bytes()).is_some());
            if has_mark
                && json.len() <= MAX_JSON_LD
                && let Ok(value) = serde_json::from_str::<Value>(json)
            {
                self.json_ld(&value, "", place);
            }
        } else if let Some(found) = mark_of(page, node) {
            let media_type = match node.tag {
                Tag::Meta | Tag::Img => "",
                _ => page.attribute(node, Name::Type).unwrap_or_default(),
            };
            let has_context = matches!(found.element, "a" | "img");
            self.add(found.element, found.key, found.value, media_type, place, has_context);
        }
    }

    /// Walks JSON-LD. serde_json reads at most 128 levels, so the recursion is bounded.
    fn json_ld(&mut self, value: &Value, parent: &str, place: Place) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| self.json_ld(item, parent, place)),
            Value::Object(node) => {
                let kind = node.get("@type").map(first_text).unwrap_or_default().to_ascii_lowercase();
                // Another crate may turn on serde_json's `preserve_order`; the order must not hang on that.
                let mut properties: Vec<(&String, &Value)> = node.iter().collect();
                properties.sort_unstable_by_key(|(property, _)| *property);
                for (property, value) in properties {
                    match property.as_str() {
                        "license" | "schema:license" | "dct:license" => {
                            for url in texts(value) {
                                self.add("json-ld", kind.clone(), &url, "", place, false);
                            }
                        }
                        "addressCountry" if parent == "publisher" => {
                            for country in texts(value) {
                                self.add(
                                    "json-ld",
                                    "publisher_address".to_owned(),
                                    &country,
                                    "",
                                    place,
                                    false,
                                );
                            }
                        }
                        // The organisation that publishes: a place or an event may be anywhere.
                        "publisher" | "sourceOrganization" => self.json_ld(value, "publisher", place),
                        "address" if parent == "publisher" || kind.ends_with("organization") => {
                            self.json_ld(value, "publisher", place);
                        }
                        _ => self.json_ld(value, "", place),
                    }
                }
            }
            _ => {}
        }
    }

    /// The footer's own words, if it holds a mark: they may take a licence back at some distance from it.
    fn end_footer(&mut self, place: Place) {
        if let Some((text, first)) = self.footer.take()
            && self.marks[first.min(self.marks.len())..].iter().any(|mark| mark.in_footer)
        {
            self.add("text", "footer".to_owned(), &text, "", place, false);
        }
    }
}

fn is_licence_word(word: &str) -> bool {
    ["license", "licence", "cc:license", "dct:license", "dc:license", "xhv:license"]
        .iter()
        .any(|known| word.eq_ignore_ascii_case(known))
}

fn first_text(value: &Value) -> &str {
    match value {
        Value::String(text) => text,
        Value::Array(items) => items.first().and_then(Value::as_str).unwrap_or_default(),
        _ => "",
    }
}

/// The texts or URLs that a property gives: a string, a node with `@id`, `url` or `name`, or a list of them.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::Object(node) => {
            let found = ["@id", "url", "identifier", "name"].iter().find_map(|key| node.get(*key)?.as_str());
            found.map(str::to_owned).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::Caps;
    use crate::extract::html::{Tree, parse};

    fn marks(html: &str) -> Vec<Mark> {
        let caps = Caps { max_depth: 512, max_nodes: 2_000_000, max_work: 1 << 30 };
        let (tree, page) = parse(html, &caps, false, Tree::default(), Page::default()).unwrap();
        let mut outline = Outline::of(tree);
        outline.measure(&page);
        collect(&page, &outline)
    }

    #[test]
    fn marks_are_found_where_they_stand() {
        let html = r#"<html><head><link rel="license" href="https://creativecommons.org/licenses/by/4.0/">
            <meta name="DC.rights" content="CC BY 4.0"><meta name="robots" content="noai"></head>
            <body><p>Picha na Amina: <a href="https://creativecommons.org/licenses/by-nc/2.0/">CC BY-NC</a> kwa hisani</p>
            <figure><a rel="license" href="https://creativecommons.org/licenses/by-sa/3.0/">SA</a></figure>
            <div class="comment-list"><a href="http://creativecommons.org/publicdomain/zero/1.0/">CC0</a></div>
            <noscript><a rel=license href=x>x</a></noscript><!-- <a rel=license href=y>y</a> -->
            <div id="site-footer">© Ukurasa <img src="https://licensebuttons.net/l/by/4.0/88x31.png"> Haki zote zimehifadhiwa</div>
            </body></html>"#;
        let found: Vec<_> = marks(html)
            .iter()
            .map(|m| (m.element, m.key.clone(), m.in_head, m.in_footer, m.within))
            .collect();
        let at = |element, key: &str, head, footer, within| (element, key.to_owned(), head, footer, within);
        assert_eq!(
            found,
            [
                at("link", "license", true, false, ""),
                at("meta", "dc.rights", true, false, ""),
                at("meta", "robots", true, false, ""),
                at("a", "", false, false, ""),
                at("a", "license", false, false, "figure"),
                at("a", "", false, false, "comment"),
                at("img", "", false, true, ""),
                at("text", "footer", false, true, ""),
            ]
        );
        assert_eq!(
            marks(html)[3].context,
            "Picha na Amina: CC BY-NC kwa hisani SA CC0 © Ukurasa Haki zote zimehifadhiwa"
        );
        assert_eq!(marks(html)[7].value, "© Ukurasa Haki zote zimehifadhiwa");
    }

    #[test]
    fn json_ld_is_walked_with_the_type_of_each_node() {
        let html = r#"<script type="application/ld+json">{"@graph":[
            {"@type":"Article","license":"https://creativecommons.org/licenses/by/4.0/",
             "image":{"@type":"ImageObject","license":{"@id":"https://creativecommons.org/licenses/by-nc/4.0/"}},
             "contentLocation":{"@type":"Place","address":{"addressCountry":"FR"}},
             "publisher":{"@type":"Organization","address":{"@type":"PostalAddress","addressCountry":"KE"}}}]}</script>"#;
        let found: Vec<_> = marks(html).into_iter().map(|m| (m.key, m.value)).collect();
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        assert_eq!(
            found,
            [
                pair("imageobject", "https://creativecommons.org/licenses/by-nc/4.0/"),
                pair("article", "https://creativecommons.org/licenses/by/4.0/"),
                pair("publisher_address", "KE"),
            ]
        );
    }

    #[test]
    fn a_page_of_marks_gives_a_bounded_number() {
        let html = "<a rel=license href=x></a>ሰላም ".repeat(5_000);
        assert_eq!(marks(&html).len(), MAX_MARKS);
    }
}
