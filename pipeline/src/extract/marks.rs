//! Marks about rights, as they stand on the page.
//!
//! One walk over the tree, before the extractor changes it, and only on pages that may have any. Nothing is read into
//! a mark here: that `all rights reserved` takes a licence back, or that RSL is no licence, is for `tag_license`.
//! Comments of the markup and `noscript` are passed over: nobody sees them.

use dom_query::{Element, NodeRef};
use memchr::memmem;
use serde_json::Value;

use super::dom::{self, Descend, Event};
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

/// Whether a page is worth a walk: a case-insensitive look for the few words that all marks have.
pub fn may_have_marks(html: &str) -> bool {
    let lower = html.as_bytes().to_ascii_lowercase();
    [
        &b"license"[..],
        b"licence",
        b"creativecommons",
        b"rights",
        b"copyright",
        b"tdm",
        b"robots",
        b"addresscountry",
    ]
    .iter()
    .any(|word| memmem::find(&lower, word).is_some())
}

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
    /// The last characters of text seen.
    before: String,
    /// Marks whose context still wants text: index, characters wanted.
    pending: Vec<(usize, usize)>,
    /// Text of the footer at hand, and the number of marks when it began.
    footer: Option<(String, usize)>,
}

/// The marks below `root`, in document order.
pub fn collect(root: &NodeRef<'_>) -> Vec<Mark> {
    let mut collector = Collector {
        marks: Vec::new(),
        places: vec![Place::default()],
        before: String::new(),
        pending: Vec::new(),
        footer: None,
    };
    dom::walk(root, |event| match event {
        Event::Enter(node, _) => {
            if dom::text(node, |text| collector.text(text)).is_some() {
                return Descend::Over;
            }
            let place = collector.place();
            let entered = dom::element(node, |element| {
                let place = place.enter(element);
                if place.in_footer && collector.footer.is_none() {
                    collector.footer = Some((String::new(), collector.marks.len()));
                }
                collector.places.push(place);
                collector.element(element, node, place);
                matches!(&*element.name.local, "noscript" | "script" | "style")
            });
            if entered == Some(true) { Descend::Over } else { Descend::Into }
        }
        Event::Leave(node) => {
            if dom::element(node, |_| ()).is_some() {
                let left = collector.places.pop().unwrap_or_default();
                if left.in_footer && !collector.place().in_footer {
                    collector.end_footer(left);
                }
            }
            Descend::Into
        }
    });
    collector.marks
}

impl Place {
    fn enter(self, element: &Element) -> Self {
        let mut place = self;
        let name = &*element.name.local;
        let says = |word: &str| {
            ["id", "class"].iter().any(|attribute| {
                dom::attribute(element, attribute)
                    .is_some_and(|value| value.to_ascii_lowercase().contains(word))
            })
        };
        match name {
            "head" => place.in_head = true,
            // Classes of the body speak of the theme.
            "html" | "body" => return place,
            _ => {}
        }
        place.in_footer |= name == "footer" || says("footer") || says("colophon");
        if place.within.is_empty() {
            let media = dom::attribute(element, "itemtype").is_some_and(|kind| {
                ["ImageObject", "VideoObject", "AudioObject", "MediaObject"].iter().any(|m| kind.ends_with(m))
            });
            // RDFa: what follows is said about another thing than the page.
            let about = ["about", "resource"]
                .iter()
                .any(|attribute| dom::attribute(element, attribute).is_some_and(is_media_file));
            place.within = match name {
                "figure" | "figcaption" => "figure",
                _ if media || about => "figure",
                _ if says("comment") || says("respond") || says("reply") => "comment",
                "aside" => "aside",
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
fn is_licence_link(href: &str) -> bool {
    let href = href.to_ascii_lowercase();
    [
        "creativecommons.org",
        "nationalarchives.gov.uk/doc/open-government-licence",
        "etalab.gouv.fr/licence-ouverte",
        "govdata.de/dl-de",
        "data.norge.no/nlod",
    ]
    .iter()
    .any(|part| href.contains(part))
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
    dom::squeeze(text).chars().take(MAX_VALUE).collect()
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
            let before = dom::squeeze(&self.before);
            let skip = before.chars().count().saturating_sub(CONTEXT_BEFORE);
            mark.context = before.chars().skip(skip).collect();
            self.pending.push((self.marks.len(), CONTEXT_AFTER));
        }
        self.marks.push(mark);
    }

    fn element(&mut self, element: &Element, node: &NodeRef<'_>, place: Place) {
        let attribute = |name: &str| dom::attribute(element, name).unwrap_or_default();
        match &*element.name.local {
            "link" | "a" | "area" => {
                let href = attribute("href");
                let rel = attribute("rel").to_ascii_lowercase();
                let key = [
                    rel,
                    attribute("itemprop").to_ascii_lowercase(),
                    attribute("property").to_ascii_lowercase(),
                ]
                .into_iter()
                .find(|key| key.split_whitespace().any(is_licence_word));
                let is_link = &*element.name.local == "link";
                if !href.is_empty() && (key.is_some() || (!is_link && is_licence_link(href))) {
                    let what = if is_link { "link" } else { "a" };
                    self.add(what, key.unwrap_or_default(), href, attribute("type"), place, !is_link);
                }
            }
            "meta" => {
                for key in ["name", "property", "itemprop"] {
                    let key = attribute(key).trim().to_ascii_lowercase();
                    if is_rights_meta(&key) && !attribute("content").trim().is_empty() {
                        self.add("meta", key, attribute("content"), "", place, false);
                        return;
                    }
                }
            }
            "img" => {
                let source = attribute("src");
                if ["licensebuttons.net", "creativecommons.org"].iter().any(|host| source.contains(host)) {
                    self.add("img", String::new(), source, "", place, true);
                }
            }
            "script" if attribute("type").trim().eq_ignore_ascii_case("application/ld+json") => {
                let json = node.text();
                if json.len() <= MAX_JSON_LD
                    && let Ok(value) = serde_json::from_str::<Value>(&json)
                {
                    self.json_ld(&value, "", place);
                }
            }
            _ => {}
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
    matches!(word, "license" | "licence" | "cc:license" | "dct:license" | "dc:license" | "xhv:license")
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
    use dom_query::Document;

    use super::*;

    fn marks(html: &str) -> Vec<Mark> {
        collect(&Document::from(html).root())
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
    fn the_look_before_the_walk_ignores_case() {
        assert!(
            may_have_marks("<LINK REL=LICENSE HREF=x>") && may_have_marks("<meta name=Robots content=noai>")
        );
        assert!(!may_have_marks("<p>வணக்கம்</p>"));
    }

    #[test]
    fn a_page_of_marks_gives_a_bounded_number() {
        let html = "<a rel=license href=x></a>ሰላም ".repeat(5_000);
        assert_eq!(marks(&html).len(), MAX_MARKS);
    }
}
