//! The attributes that are kept.

use super::tree::Span;

macro_rules! names {
    ($($variant:ident $name:literal,)*) => {
        /// The name of an attribute that somebody reads.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(u8)]
        #[expect(missing_docs, reason = "each variant is the attribute of that name")]
        pub enum Name {
            /// Not an attribute: the name of an element that has no tag of its own.
            Element,
            $($variant,)*
        }

        impl Name {
            /// The kept attribute of that name, in any case.
            pub(super) fn of(name: &[u8]) -> Option<Self> {
                // Nearly all other attributes are told apart by length and first letter.
                $(if name.len() == $name.len() && name[0] | 0x20 == $name[0] && name.eq_ignore_ascii_case($name) {
                    return Some(Self::$variant);
                })*
                None
            }
        }
    };
}

names! {
    Class b"class",
    Id b"id",
    Href b"href",
    Style b"style",
    Src b"src",
    Src2 b"srcset",
    Src3 b"data-src",
    Rel b"rel",
    Role b"role",
    Hidden b"hidden",
    AriaHidden b"aria-hidden",
    AriaModal b"aria-modal",
    Lang b"lang",
    ItemProp b"itemprop",
    ItemType b"itemtype",
    Property b"property",
    Resource b"resource",
    About b"about",
    TypeOf b"typeof",
    ItemId b"itemid",
    MetaName b"name",
    Content b"content",
    Type b"type",
    Colspan b"colspan",
    Summary b"summary",
}

/// An attribute with its value.
#[derive(Debug, Clone, Copy)]
pub struct Attribute {
    /// Its name.
    pub name: Name,
    /// Its value, character references resolved.
    pub value: Span,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_known_in_any_case_and_others_are_not_kept() {
        assert_eq!(Name::of(b"CLASS"), Some(Name::Class));
        assert_eq!(Name::of(b"aria-hidden"), Some(Name::AriaHidden));
        for name in [&b"onclick"[..], b"data-lang", b"classes", b"x"] {
            assert_eq!(Name::of(name), None);
        }
    }
}
