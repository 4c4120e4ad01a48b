//! Addresses of publishers in microdata, RDFa and vCards.
//!
//! A page gives many addresses: of an event, of a shop that it writes about. Only that of its publisher counts, so the walk
//! remembers whose properties it is among. Pages that name no country anywhere are told by one search of their bytes.

use memchr::memmem;

use super::json_ld::short_type;
use super::{Collector, Mark, Name, Outline, Page, Place};
use crate::extract::html::{Id, Node, Tag};

/// `element` of a mark that names the country of the publisher's address.
pub(crate) const ADDRESS: &str = "address";
/// Most addresses of one page; the rest, in document order, are left.
const MAX_ADDRESSES: usize = 10;

/// Whose properties are being read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Owner {
    /// The page's, or those of the work on it.
    #[default]
    Page,
    /// Its publisher's.
    Publisher,
    /// Those of an organisation that is nobody's property: as a rule the one whose site it is.
    Organization,
    /// Somebody else's.
    Other,
}

/// Whether any part of the page may hold an address.
pub(super) fn may_have(page: &Page<'_>) -> bool {
    let has = |word: &str| memmem::find(page.source().as_bytes(), word.as_bytes()).is_some();
    has("addressCountry") || has("country-name")
}

/// Whether a type of schema.org is an organisation that may have a site of its own.
pub(super) fn is_organization(kind: &str) -> bool {
    kind.ends_with("organization")
        || matches!(
            kind,
            "corporation" | "ngo" | "governmentoffice" | "collegeoruniversity" | "school" | "library"
        )
}

/// Whether a type is a page or what one reads on it.
fn is_work(kind: &str) -> bool {
    ["article", "blog", "posting", "page", "website", "creativework", "report"]
        .iter()
        .any(|end| kind.ends_with(end))
}

/// The last part of a property: `addressCountry` of `schema:addressCountry`.
fn property_name(property: &str) -> &str {
    property.rsplit([':', '/', '#']).next().unwrap_or_default()
}

impl Owner {
    /// Whose properties stand below an element.
    pub(super) fn enter(self, page: &Page<'_>, node: &Node) -> Self {
        let attribute = |name: Name| page.attribute(node, name);
        let Some(kind) = attribute(Name::ItemType).or_else(|| attribute(Name::TypeOf)) else { return self };
        let property = attribute(Name::ItemProp).or_else(|| attribute(Name::Property));
        let is_any = |known: &[&str]| {
            let mut names = property.unwrap_or_default().split_whitespace().map(property_name);
            names.any(|name| known.contains(&name))
        };
        let kind = short_type(kind.split_whitespace().next().unwrap_or_default());
        match self {
            Self::Page if is_any(&["publisher", "sourceOrganization"]) => Self::Publisher,
            Self::Page if property.is_none() && is_organization(&kind) => Self::Organization,
            Self::Page if is_work(&kind) && (property.is_none() || is_any(&["mainEntity", "isPartOf"])) => {
                Self::Page
            }
            Self::Publisher | Self::Organization if is_any(&["address", "addressCountry"]) => self,
            _ => Self::Other,
        }
    }
}

/// The country that an element gives as part of its publisher's address.
pub(super) fn country_of<'p>(
    page: &'p Page<'_>,
    outline: &Outline,
    id: Id,
    place: Place,
) -> Option<(&'static str, &'p str)> {
    let node = outline.tree.node(id);
    let is_class = |class: &str| matches!(class, "country-name" | "p-country-name");
    let key = page.attributes(node).iter().find_map(|attribute| {
        let value = page.str(attribute.value);
        let markup = match attribute.name {
            Name::ItemProp => "microdata",
            Name::Property => "rdfa",
            Name::Class if place.in_footer && value.split_whitespace().any(is_class) => return Some("vcard"),
            _ => return None,
        };
        let is_owned = matches!(place.owner, Owner::Publisher | Owner::Organization);
        let mut names = value.split_whitespace().map(property_name);
        (is_owned && names.any(|name| name == "addressCountry")).then_some(markup)
    })?;
    let given = [Name::Content, Name::Href].iter().find_map(|name| page.attribute(node, *name));
    let value = given.filter(|value| !value.trim().is_empty()).or_else(|| first_text(page, outline, id))?;
    Some((key, value))
}

/// The first text below an element, or the `content` of a `meta` there: a country may be an item with a name.
fn first_text<'p>(page: &'p Page<'_>, outline: &Outline, id: Id) -> Option<&'p str> {
    let tree = &outline.tree;
    let mut at = tree.first(id)?;
    // An address is a handful of elements.
    for _ in 0..16 {
        let node = tree.node(at);
        let text = match node.tag {
            Tag::Meta => page.attribute(node, Name::Content).unwrap_or_default(),
            _ => page.text(node),
        };
        if !text.trim().is_empty() {
            return Some(text);
        }
        let above = || {
            let mut above = tree.ancestors(at).take_while(|above| *above != id);
            above.find_map(|above| tree.next(above))
        };
        at = tree.first(at).or_else(|| tree.next(at)).or_else(above)?;
    }
    None
}

impl Collector<'_> {
    /// Notes a country, and by which markup it is given.
    pub(super) fn add_country(&mut self, key: &'static str, value: &str, place: Place) {
        // A directory of firms must not push marks about licences out.
        if self.marks.iter().filter(|mark| mark.element == ADDRESS).count() >= MAX_ADDRESSES {
            return;
        }
        let found =
            Mark { element: ADDRESS, key: key.to_owned(), value: value.to_owned(), ..Mark::default() };
        self.add(found, place, false);
    }
}
