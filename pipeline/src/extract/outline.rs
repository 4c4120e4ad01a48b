//! A tree whose sums are kept while it is pulled about.
//!
//! Readability asks for the length of an element's text, the part of it in links, and the number of paragraphs,
//! pictures and items in it, again and again while it takes elements out. Here every element has its sums from one
//! pass, and a change walks up to the root once.

use super::chars::count;
use super::html::{BODY, Flags, HTML, Id, Name, Page, Tag, Tree};
use super::words::{WordCache, Words};

/// Sums over all that is in an element; for text and lists also itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Sums {
    /// Characters of text, runs of white space as one.
    pub(super) chars: u32,
    /// Characters in links, times ten; of links into the same page times three.
    pub(super) links: u32,
    /// Commas of all scripts.
    pub(super) commas: u32,
    /// `p`.
    pub(super) paragraphs: u32,
    /// `img`.
    pub(super) images: u32,
    /// `a` with text.
    pub(super) anchors: u32,
    /// `li`.
    pub(super) items: u32,
    /// `input`.
    pub(super) inputs: u32,
    /// `object`, `embed`, `iframe`.
    pub(super) embeds: u32,
    /// Elements that Readability takes for content.
    pub(super) textish: u32,
    /// Elements that keep a `div` from being a paragraph.
    pub(super) blocks: u32,
    /// Characters in headings.
    pub(super) headings: u32,
    /// Characters in lists.
    pub(super) lists: u32,
    /// `pre`.
    pub(super) codes: u32,
    /// Data tables.
    pub(super) tables: u32,
}

macro_rules! each_sum {
    ($macro:ident) => {
        $macro!(
            chars, links, commas, paragraphs, images, anchors, items, inputs, embeds, textish, blocks,
            headings, lists, codes, tables
        );
    };
}

impl Sums {
    fn add(&mut self, other: &Self) {
        macro_rules! add { ($($field:ident),*) => { $(self.$field = self.$field.wrapping_add(other.$field);)* }; }
        each_sum!(add);
    }

    fn subtract(&mut self, other: &Self) {
        macro_rules! subtract { ($($field:ident),*) => { $(self.$field = self.$field.wrapping_sub(other.$field);)* }; }
        each_sum!(subtract);
    }

    /// What an element adds to those around it by being there.
    fn of(tag: Tag) -> Self {
        Self {
            paragraphs: u32::from(tag == Tag::P),
            images: u32::from(tag == Tag::Img),
            anchors: u32::from(tag == Tag::A),
            items: u32::from(tag == Tag::Li),
            inputs: u32::from(tag == Tag::Input),
            embeds: u32::from(matches!(tag, Tag::Object | Tag::Embed | Tag::Iframe)),
            textish: u32::from(tag.is(Flags::TEXTISH)),
            blocks: u32::from(tag.is(Flags::BLOCK)),
            codes: u32::from(tag == Tag::Pre),
            ..Self::default()
        }
    }
}

/// A tree with its sums, and Readability's scores.
#[derive(Debug, Clone, Default)]
pub(super) struct Outline {
    /// The tree.
    pub(super) tree: Tree,
    sums: Vec<Sums>,
    words: Vec<Words>,
    /// Score of an element; NaN if it has none.
    scores: Vec<f32>,
    /// Classes of the page that were looked at.
    cache: WordCache,
}

/// How much a link's text counts, in tenths.
fn link_weight(page: &Page<'_>, tree: &Tree, id: Id) -> u32 {
    let href = page.attribute(tree.node(id), Name::Href).unwrap_or_default();
    if href.len() > 1 && href.starts_with('#') { 3 } else { 10 }
}

impl Outline {
    /// An outline of `tree`, not measured yet.
    #[cfg(test)]
    pub(super) fn of(tree: Tree) -> Self {
        Self { tree, ..Self::default() }
    }

    /// The sums of a whole page. `self` lends its memory, and has the tree.
    pub(super) fn measure(&mut self, page: &Page<'_>) {
        let Self { tree, sums, words, scores, cache } = self;
        cache.clear();
        let len = tree.len();
        sums.clear();
        sums.resize(len, Sums::default());
        words.clear();
        words.resize(len, Words::default());
        scores.clear();
        scores.resize(len, f32::NAN);
        // Parents stand before their children in a tree that was only built.
        for at in (BODY as usize..len).rev() {
            let id = at as Id;
            let tag = tree.tag(id);
            let mut given = Sums::default();
            if tag == Tag::Text {
                if tree.parent(id).is_some_and(|around| tree.tag(around).is(Flags::HIDDEN)) {
                    continue;
                }
                (given.chars, given.commas) = count(page.text(tree.node(id)));
                sums[at] = given;
            } else {
                words[at] = Words::of(page, tree.node(id), sums[at].images, cache);
                if tag == Tag::A {
                    sums[at].links = sums[at].chars * link_weight(page, tree, id);
                }
                if tag.is(Flags::HIDDEN) {
                    sums[at] = Sums::default();
                }
                let own = &mut sums[at];
                if matches!(tag, Tag::Ul | Tag::Ol) {
                    own.lists = own.chars;
                } else if tag.is(Flags::HEADING) {
                    own.headings = own.chars;
                }
                given = *own;
                given.add(&Sums::of(tag));
            }
            if let Some(parent) = tree.parent(id)
                && parent != HTML
            {
                sums[parent as usize].add(&given);
            }
        }
    }

    /// Sums of an element or a run of text.
    pub(super) fn sums(&self, id: Id) -> &Sums {
        &self.sums[id as usize]
    }

    /// What its class and id say.
    pub(super) fn words(&self, id: Id) -> Words {
        self.words[id as usize]
    }

    /// Share of an element's text that stands in links.
    pub(super) fn link_density(&self, id: Id) -> f32 {
        let sums = self.sums(id);
        if sums.chars == 0 { 0.0 } else { sums.links as f32 / 10.0 / sums.chars as f32 }
    }

    /// The score, if it has one.
    pub(super) fn score(&self, id: Id) -> Option<f32> {
        Some(self.scores[id as usize]).filter(|score| !score.is_nan())
    }

    /// Gives it a score.
    pub(super) fn set_score(&mut self, id: Id, score: f32) {
        self.scores[id as usize] = score;
    }

    /// A new element that stands nowhere yet.
    pub(super) fn add(&mut self, tag: Tag) -> Id {
        let id = self.tree.add(tag, super::html::Span::default());
        self.sums.push(Sums::default());
        self.words.push(Words::default());
        self.scores.push(f32::NAN);
        id
    }

    /// Adds `change` to an element's sums and to those around it, or takes it off.
    fn change(&mut self, from: Option<Id>, mut change: Sums, adds: bool) {
        let mut around = from;
        while let Some(id) = around {
            let tag = self.tree.tag(id);
            // Nothing in it counts, there or further out.
            if tag.is(Flags::HIDDEN) {
                return;
            }
            match tag {
                // The whole text of a link counts, be it before or after the change.
                Tag::A => {
                    let own = &self.sums[id as usize];
                    let weight = own.links.checked_div(own.chars).unwrap_or(10);
                    change.links = change.chars * weight;
                }
                Tag::Ul | Tag::Ol => change.lists = change.chars,
                _ if tag.is(Flags::HEADING) => change.headings = change.chars,
                _ => {}
            }
            let sums = &mut self.sums[id as usize];
            if adds {
                sums.add(&change);
            } else {
                sums.subtract(&change);
            }
            around = self.tree.parent(id);
        }
    }

    fn given(&self, id: Id) -> Sums {
        let mut given = self.sums[id as usize];
        given.add(&Sums::of(self.tree.tag(id)));
        given
    }

    /// Takes an element out, with all that is in it.
    pub(super) fn detach(&mut self, id: Id) {
        self.change(self.tree.parent(id), self.given(id), false);
        self.tree.detach(id);
    }

    /// Puts what stands nowhere at the end of an element.
    pub(super) fn append(&mut self, parent: Id, id: Id) {
        self.tree.append(parent, id);
        self.change(Some(parent), self.given(id), true);
    }

    /// Puts what stands nowhere before something that stands somewhere.
    pub(super) fn insert_before(&mut self, place: Id, id: Id) {
        self.tree.insert_before(place, id);
        self.change(self.tree.parent(id), self.given(id), true);
    }

    /// Puts a new element around `first` and what follows it, as long as `takes` says so.
    pub(super) fn wrap(&mut self, first: Id, tag: Tag, takes: impl Fn(&Self, Id) -> bool) -> Id {
        let wrapper = self.add(tag);
        self.tree.insert_before(first, wrapper);
        let mut next = Some(first);
        while let Some(id) = next.filter(|id| *id == first || takes(self, *id)) {
            next = self.tree.next(id);
            self.tree.detach(id);
            self.tree.append(wrapper, id);
            let given = self.given(id);
            self.sums[wrapper as usize].add(&given);
        }
        self.change(self.tree.parent(wrapper), Sums::of(tag), true);
        wrapper
    }

    /// Puts `id`, which stands somewhere, in the place of `old`.
    pub(super) fn replace(&mut self, old: Id, id: Id) {
        self.detach(id);
        self.insert_before(old, id);
        self.detach(old);
    }

    /// Gives an element another name. One that nobody sees keeps its own: under another, what is in it would be seen.
    pub(super) fn rename(&mut self, id: Id, tag: Tag) {
        if self.tree.tag(id).is(Flags::HIDDEN) {
            return;
        }
        let parent = self.tree.parent(id);
        self.change(parent, Sums::of(self.tree.tag(id)), false);
        self.tree.set_tag(id, tag);
        self.change(parent, Sums::of(tag), true);
    }

    /// Marks a table as one of data.
    pub(super) fn mark_data_table(&mut self, id: Id) {
        self.words[id as usize] = self.words[id as usize].with_data_table();
        self.change(Some(id), Sums { tables: 1, ..Sums::default() }, true);
    }

    /// Whether a table was marked as one of data.
    pub(super) fn is_data_table(&self, id: Id) -> bool {
        self.words(id).is_data_table()
    }

    /// Copies `other` into this one's memory.
    pub(super) fn copy_from(&mut self, other: &Self) {
        self.tree.copy_from(&other.tree);
        self.sums.clone_from(&other.sums);
        self.words.clone_from(&other.words);
        self.scores.clone_from(&other.scores);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::Caps;
    use crate::extract::html::parse;

    fn outline(html: &str) -> Outline {
        let caps = Caps { max_depth: 512, max_nodes: 2_000_000, max_work: 1 << 30 };
        let (tree, page) = parse(html, &caps, false, Tree::default(), Page::default()).unwrap();
        let mut outline = Outline::of(tree);
        outline.measure(&page);
        outline
    }

    fn first(outline: &Outline, tag: Tag) -> Id {
        outline.tree.ids().find(|id| outline.tree.tag(*id) == tag).unwrap()
    }

    #[test]
    fn sums_are_kept_while_the_tree_is_pulled_about() {
        let html = "<div><p>ሰላም፣ <a href=x>ለሁሉም</a></p><ul><li>一，二<li><a href=#y>三</a></ul><img src=x><h2>Δύο</h2></div>";
        let whole = outline(html);
        let sums = *whole.sums(BODY);
        assert_eq!((sums.chars, sums.commas, sums.links), (15, 2, 43));
        assert_eq!((sums.paragraphs, sums.items, sums.images, sums.lists, sums.headings), (1, 2, 1, 4, 3));

        let mut pulled = whole.clone();
        let (paragraph, list) = (first(&pulled, Tag::P), first(&pulled, Tag::Ul));
        pulled.detach(list);
        assert_eq!(
            *pulled.sums(BODY),
            *outline("<div><p>ሰላም፣ <a href=x>ለሁሉም</a></p><img src=x><h2>Δύο</h2></div>").sums(BODY)
        );
        pulled.insert_before(paragraph, list);
        assert_eq!(*pulled.sums(BODY), sums);
        pulled.rename(paragraph, Tag::Div);
        assert_eq!(pulled.sums(BODY).paragraphs, 0);
        pulled.rename(paragraph, Tag::P);
        let wrapper = pulled.wrap(paragraph, Tag::Section, |_, _| true);
        assert_eq!(pulled.tree.children(wrapper).count(), 3);
        assert_eq!(*pulled.sums(BODY), sums);
        let link = first(&pulled, Tag::A);
        pulled.detach(pulled.tree.first(link).unwrap());
        assert_eq!(pulled.sums(BODY).links, 3);
    }

    #[test]
    fn text_that_nobody_sees_does_not_count() {
        let found = outline("<p>အ</p><select><option>ဘ</select><script type=application/ld+json>{}</script>");
        assert_eq!(found.sums(BODY).chars, 1);
        let mut ruby = outline("<p>漢<rt><aside>かん</aside></rt></p>");
        ruby.detach(first(&ruby, Tag::Aside));
        assert_eq!((ruby.sums(BODY).chars, ruby.sums(first(&ruby, Tag::Rt)).chars), (1, 0));
        let mut choice = outline("<select><p>မ</p></select>");
        let select = first(&choice, Tag::Select);
        choice.rename(select, Tag::Div);
        assert_eq!(choice.tree.tag(select), Tag::Select);
    }
}
