//! Marks about rights, and addresses of publishers, as they stand on the page.
//!
//! One walk over the tree, before the extractor changes it; text is only read on pages that have a mark in their body, or
//! words that licences are named by. Nothing is read into a mark here: that `all rights reserved` takes a licence back, or
//! that RSL is no licence, is for `tag_license`. Comments of the markup and `noscript` are not in the tree: nobody sees
//! them.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use kilim_connectors::robots::AgentList;

use super::html::{BODY, Descend, Event, Flags, HEAD, HTML, Id, Name, Node, Page, Span, Tag};
use super::outline::Outline;
use super::squeeze;
use crate::document::Mark;

pub(crate) mod addresses;
pub(crate) mod json_ld;
mod lines;

use addresses::Owner;
use lines::Line;

/// Most marks of one page; the rest, in document order, are left.
const MAX_MARKS: usize = 200;
/// Characters of text kept before and after a link in the body: 150 together.
const CONTEXT_BEFORE: usize = 60;
const CONTEXT_AFTER: usize = 90;
/// Characters of a value; licence texts are sometimes pasted whole into a meta tag.
const MAX_VALUE: usize = 500;
/// Key of the mark that stands for those beyond [`MAX_MARKS`].
pub(crate) const MORE: &str = "more";

/// Where the walk stands.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    in_head: bool,
    in_footer: bool,
    within: &'static str,
    /// RDFa and microdata: what is spoken of, and of which type it is.
    about: Option<Span>,
    kind: Option<Span>,
    owner: Owner,
}

struct Collector<'p> {
    marks: Vec<Mark>,
    places: Vec<Place>,
    /// The line at hand.
    line: Line<'p>,
    /// Where the page says it is, for marks that name what they speak of.
    canonical: Option<&'p str>,
    /// Some part of the page may hold an address.
    reads_addresses: bool,
    /// In a script of JSON-LD: the ids of nodes that publish.
    publishers: Vec<String>,
    /// Some mark needs the text around it.
    reads_text: bool,
    /// The texts seen, those of white space left out.
    seen: Vec<&'p str>,
    /// Marks whose context still wants text: index, characters wanted.
    pending: Vec<(usize, usize)>,
    /// Text of the footer at hand, and the number of marks when it began.
    footer: Option<(String, usize)>,
}

/// The marks of a page, in document order.
pub(super) fn collect(page: &Page<'_>, outline: &Outline) -> Vec<Mark> {
    let tree = &outline.tree;
    let is_script =
        |id: Id| tree.parent(id).is_some_and(|id| matches!(tree.tag(id), Tag::Script | Tag::Style));
    let (mut has_mark, mut reads_text) = (false, false);
    let mut looked_at = None;
    for id in tree.ids() {
        let node = tree.node(id);
        match node.tag {
            Tag::Text => reads_text = !is_script(id) && lines::may_speak(page.text(node)),
            Tag::Meta | Tag::Script => has_mark = true,
            tag if mark_of(page, outline, id).is_some() => {
                has_mark = true;
                reads_text = tag != Tag::Link;
            }
            _ => {}
        }
        if reads_text {
            break;
        }
        looked_at = Some(id);
    }
    let mut collector = Collector {
        marks: Vec::new(),
        places: vec![Place::default()],
        reads_text,
        reads_addresses: addresses::may_have(page),
        publishers: Vec::new(),
        line: Line::default(),
        canonical: None,
        seen: Vec::new(),
        pending: Vec::new(),
        footer: None,
    };
    if !collector.reads_text && !collector.reads_addresses && !has_mark {
        return Vec::new();
    }
    tree.walk(HTML, |event| match event {
        Event::Enter(id) => {
            let node = tree.node(id);
            if node.tag == Tag::Text {
                if collector.reads_text {
                    collector.text(page.text(node), looked_at < Some(id));
                }
                return Descend::Over;
            }
            if node.tag.is(BREAKS) {
                collector.end_line();
            }
            let mut place = collector.place().enter(page, outline, id);
            if collector.reads_addresses {
                place.owner = place.owner.enter(page, node);
            }
            if place.in_footer && collector.footer.is_none() {
                collector.footer = Some((String::new(), collector.marks.len()));
            }
            collector.element(page, outline, id, place);
            if matches!(node.tag, Tag::Script | Tag::Style) {
                return Descend::Over;
            }
            collector.places.push(place);
            Descend::Into
        }
        Event::Leave(id) => {
            if tree.node(id).tag.is(BREAKS) {
                collector.end_line();
            }
            let left = collector.places.pop().unwrap_or_default();
            if left.in_footer && !collector.place().in_footer {
                collector.end_footer(left);
            }
            Descend::Into
        }
    });
    collector.end_line();
    collector.finish()
}

/// Elements that begin and end a line of text.
const BREAKS: Flags = Flags::PARAGRAPH.and(Flags::LINE).and(Flags::TABLE_PART);

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
        for attribute in page.attributes(outline.tree.node(id)) {
            match attribute.name {
                // A new thing has no address until it gives one.
                Name::ItemType | Name::TypeOf => {
                    place.kind = Some(attribute.value);
                    place.about = None;
                }
                _ => {}
            }
        }
        for attribute in page.attributes(outline.tree.node(id)) {
            if matches!(attribute.name, Name::About | Name::ItemId) {
                place.about = Some(attribute.value);
            }
        }
        let words = outline.words(id);
        place.in_footer |= tag == Tag::Footer || words.is_footer();
        if place.within.is_empty() {
            // RDFa and microdata: what follows is said about another thing than the page.
            let is_about_media = || {
                page.attributes(outline.tree.node(id)).iter().any(|attribute| {
                    let value = page.str(attribute.value);
                    match attribute.name {
                        Name::ItemType | Name::TypeOf => [
                            "ImageObject",
                            "VideoObject",
                            "AudioObject",
                            "MediaObject",
                            "StillImage",
                            "MovingImage",
                            "Sound",
                        ]
                        .iter()
                        .any(|media| value.ends_with(media)),
                        Name::About | Name::Resource | Name::ItemId => is_media_file(value),
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
    ) || AgentList::shipped().find(key).is_some()
        || (key.starts_with("dc.") || key.starts_with("dcterms."))
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

/// The attribute by which an element says that it names a licence, and the kind of markup that is.
fn licence_key<'p>(page: &'p Page<'_>, node: &Node) -> Option<(Option<&'static str>, &'p str)> {
    page.attributes(node).iter().find_map(|attribute| {
        let markup = match attribute.name {
            Name::Rel => None,
            Name::ItemProp => Some("microdata"),
            Name::Property => Some("rdfa"),
            _ => return None,
        };
        let key = page.str(attribute.value);
        key.split_whitespace().any(is_licence_word).then_some((markup, key))
    })
}

/// Whom RDFa credits, and of which type it says that the work is.
fn rdfa_key(page: &Page<'_>, node: &Node) -> Option<&'static str> {
    page.attributes(node).iter().find_map(|attribute| {
        if !matches!(attribute.name, Name::Rel | Name::Property) {
            return None;
        }
        page.str(attribute.value).split_whitespace().find_map(|word| {
            ["cc:attributionname", "cc:attributionurl", "dct:type", "dc:type"]
                .into_iter()
                .find(|known| word.eq_ignore_ascii_case(known))
        })
    })
}

fn mark_of<'p>(page: &'p Page<'_>, outline: &Outline, id: Id) -> Option<Found<'p>> {
    let node = outline.tree.node(id);
    let attribute = |name: Name| page.attribute(node, name).filter(|value| !value.trim().is_empty());
    let found = |element, key: &str, value| Some(Found { element, key: key.to_ascii_lowercase(), value });
    match node.tag {
        Tag::Meta => {
            let content = attribute(Name::Content)?;
            let (name, key) = [Name::MetaName, Name::Property, Name::ItemProp]
                .into_iter()
                .filter_map(|name| Some((name, attribute(name)?.trim().to_ascii_lowercase())))
                .find(|(_, key)| is_rights_meta(key))?;
            let is_item = name == Name::ItemProp && is_licence_word(&key);
            let element = if is_item { "microdata" } else { "meta" };
            Some(Found { element, key, value: content })
        }
        Tag::Img => {
            let source = attribute(Name::Src).unwrap_or_default();
            ["licensebuttons.net", "creativecommons.org"]
                .iter()
                .any(|host| source.contains(host))
                .then(|| Found { element: "img", key: String::new(), value: source })
        }
        Tag::Script | Tag::Style | Tag::Text => None,
        tag => {
            if page.attributes(node).is_empty() {
                return None;
            }
            let href = attribute(Name::Href);
            let is_link = matches!(tag, Tag::Link | Tag::A | Tag::Area);
            let element = if tag == Tag::Link { "link" } else { "a" };
            // Elements that are no links say it in an attribute, or in words.
            let value = || {
                let own = || outline.tree.first(id).filter(|child| outline.tree.tag(*child) == Tag::Text);
                let given = attribute(Name::Content).or(href).or_else(|| attribute(Name::Resource));
                given.or_else(|| own().map(|text| page.text(outline.tree.node(text))))
            };
            match licence_key(page, node) {
                Some((None, key)) if is_link => found(element, key, href?),
                Some((None, key)) => found("rdfa", key, value()?),
                Some((Some(markup), key)) => found(markup, key, value()?),
                None if is_link && tag != Tag::Link && is_licence_link(href?) => found(element, "", href?),
                None => rdfa_key(page, node).and_then(|key| found("rdfa", key, value()?)),
            }
        }
    }
}

impl<'p> Collector<'p> {
    fn place(&self) -> Place {
        self.places.last().copied().unwrap_or_default()
    }

    /// `may_speak` is false of a text that was looked at and has no word of licences.
    fn text(&mut self, text: &'p str, may_speak: bool) {
        self.read_line(text, may_speak);
        if text.trim_start().is_empty() {
            return;
        }
        self.seen.push(text);
        if self.pending.is_empty() && self.footer.is_none() {
            return;
        }
        // A long run is of no more use than its two ends.
        for word in text.split_whitespace().take(40) {
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
    }

    /// The last [`CONTEXT_BEFORE`] characters of text, or a few less where white space is many times as long as text.
    fn before(&self) -> String {
        let mut ends = Vec::new();
        let mut chars = 0;
        for text in self.seen.iter().rev() {
            let start = text.char_indices().nth_back(CONTEXT_BEFORE * 4).map_or(0, |(at, _)| at);
            let end = squeeze(&text[start..]);
            chars += end.chars().count() + 1;
            ends.push(end);
            if chars > CONTEXT_BEFORE {
                break;
            }
        }
        ends.reverse();
        let before = squeeze(&ends.join(" "));
        let skip = before.chars().count().saturating_sub(CONTEXT_BEFORE);
        before.chars().skip(skip).collect()
    }

    fn add(&mut self, found: Mark, place: Place, context: bool) {
        // What is beyond the last is not read, and that has to be known.
        let found = match self.marks.len() {
            MAX_MARKS.. => return,
            at if at + 1 == MAX_MARKS => Mark { element: "text", key: MORE.to_owned(), ..Mark::default() },
            _ => found,
        };
        let within = if found.within.is_empty() { place.within } else { found.within };
        let value = clip(&found.value);
        let mut mark = Mark { value, in_head: place.in_head, in_footer: place.in_footer, within, ..found };
        if context && !place.in_head {
            mark.context = self.before();
            self.pending.push((self.marks.len(), CONTEXT_AFTER));
            self.line.mark(self.marks.len());
        }
        self.marks.push(mark);
    }

    fn element(&mut self, page: &'p Page<'_>, outline: &Outline, id: Id, place: Place) {
        let node = outline.tree.node(id);
        if node.tag == Tag::Script {
            let json = outline.tree.first(id).map_or("", |text| page.text(outline.tree.node(text)));
            self.json_ld(json, place);
            return;
        }
        let is_canonical = |rel: &str| rel.eq_ignore_ascii_case("canonical");
        if node.tag == Tag::Link && page.attribute(node, Name::Rel).is_some_and(is_canonical) {
            self.canonical = page.attribute(node, Name::Href);
        }
        if self.reads_addresses
            && let Some((key, value)) = addresses::country_of(page, outline, id, place)
        {
            self.add_country(key, value, place);
        }
        let Some(found) = mark_of(page, outline, id) else { return };
        let media_type = match node.tag {
            Tag::Meta | Tag::Img => "",
            _ => page.attribute(node, Name::Type).unwrap_or_default(),
        };
        let is_microdata = found.element == "microdata";
        let kind = place.kind.filter(|_| is_microdata).map(|kind| json_ld::short_type(page.str(kind)));
        let has_subject = is_microdata || matches!(found.element, "a" | "rdfa");
        let subject = place.about.filter(|_| has_subject).map(|about| clip(page.str(about)));
        let mark = Mark {
            element: found.element,
            key: kind.unwrap_or(found.key),
            value: found.value.to_owned(),
            media_type: media_type.trim().to_ascii_lowercase(),
            subject: subject.unwrap_or_default(),
            ..Mark::default()
        };
        let has_context = matches!(found.element, "a" | "img" | "rdfa" | "microdata");
        self.add(mark, place, has_context);
    }

    fn finish(mut self) -> Vec<Mark> {
        if let Some(canonical) = self.canonical
            && self.marks.iter().any(|mark| !mark.subject.is_empty())
        {
            let value = canonical.to_owned();
            let mark = Mark { element: "link", key: "canonical".to_owned(), value, ..Mark::default() };
            self.add(mark, Place { in_head: true, ..Place::default() }, false);
        }
        self.marks
    }

    /// The footer's own words, if it holds a mark: they may take a licence back at some distance from it.
    fn end_footer(&mut self, place: Place) {
        if let Some((text, first)) = self.footer.take()
            && self.marks[first.min(self.marks.len())..]
                .iter()
                .any(|mark| mark.in_footer && mark.element != addresses::ADDRESS)
        {
            let mark = Mark { element: "text", key: "footer".to_owned(), value: text, ..Mark::default() };
            self.add(mark, place, false);
        }
    }
}

fn is_licence_word(word: &str) -> bool {
    ["license", "licence", "cc:license", "dct:license", "dc:license", "xhv:license"]
        .iter()
        .any(|known| word.eq_ignore_ascii_case(known))
}

#[cfg(test)]
mod tests;
