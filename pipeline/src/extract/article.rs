//! The article of a page, by the rules of Mozilla's Readability.
//!
//! Paragraphs give points to the elements around them for their length and commas; the best element, with those
//! siblings that look like more of the same, is the article. What is unlikely by its name is taken out before, and if
//! too little is left, again without that rule, and so on (four attempts). A port of `grabArticle` of Readability.js,
//! by way of the crate `dom_smoothie`, with which it was compared page by page; what only a reader's eye needs
//! (pictures, styles, links) is left out.

use super::article_clean;
use super::html::{BODY, Flags, Id, Name, Page, Tag};
use super::outline::Outline;
use super::title::is_like_title;

/// Characters of an article that is believed at once.
pub(super) const SURE_CHARS: u32 = 500;
/// Characters below which a paragraph gives no points.
const MIN_PARAGRAPH: u32 = 25;
/// How many of the best elements are compared.
const TOP_CANDIDATES: usize = 5;
/// Scores up to this one are not scaled by the density of links.
const MIN_SCORE_TO_ADJUST: f32 = 5.0;
/// How many other candidates an ancestor must hold to be taken in their place.
const MIN_COMMON_ANCESTORS: usize = 3;

/// The rules that an attempt keeps.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    /// Take out what is unlikely by its name.
    pub(super) strip_unlikely: bool,
    /// Names give weight.
    pub(super) weigh_words: bool,
    /// Take out what looks unlike text.
    pub(super) clean: bool,
}

const ATTEMPTS: [Rules; 4] = [
    Rules { strip_unlikely: true, weigh_words: true, clean: true },
    Rules { strip_unlikely: false, weigh_words: true, clean: true },
    Rules { strip_unlikely: false, weigh_words: false, clean: true },
    Rules { strip_unlikely: false, weigh_words: false, clean: false },
];

/// What is known of the page besides its body.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known<'t> {
    /// Its title.
    pub(super) title: &'t str,
    /// Its head names an author, so that no line of the body is looked at for one.
    pub(super) has_author: bool,
}

/// An article.
#[derive(Debug, Clone, Copy)]
pub(super) struct Article {
    /// Its element, in the outline that lent its memory.
    pub(super) root: Id,
    /// The element with the most points; of the page, or made around all of it.
    pub(super) top: Id,
    /// Its characters.
    pub(super) chars: u32,
}

/// Finds the article of a page. Its element is in `best` then; `best` and `work` lend their memory. Nothing if there is
/// no text at all.
pub(super) fn find(
    page: &Page<'_>,
    whole: &Outline,
    known: Known<'_>,
    best: &mut Outline,
    work: &mut Outline,
) -> Option<Article> {
    let mut found: Option<Article> = None;
    for rules in ATTEMPTS {
        work.copy_from(whole);
        let mut attempt = Attempt { page, outline: work, rules };
        let (top, root) = attempt.run(known);
        let chars = work.sums(root).chars;
        if found.is_none_or(|best| chars > best.chars) {
            found = Some(Article { root, top, chars });
            std::mem::swap(best, work);
        }
        if chars >= SURE_CHARS {
            break;
        }
    }
    found.filter(|article| article.chars > 0)
}

/// Readability's phrasing content: text, inline elements, and links around them.
pub(super) fn is_phrasing(outline: &Outline, id: Id) -> bool {
    let tag = outline.tree.tag(id);
    if tag == Tag::Text || tag.is(Flags::PHRASING) || tag == Tag::Script {
        return true;
    }
    if !matches!(tag, Tag::A | Tag::Del | Tag::Ins) {
        return false;
    }
    let mut children = outline.tree.children(id).peekable();
    children.peek().is_some() && children.all(|child| is_phrasing(outline, child))
}

/// Whether it is white space or a line break.
fn is_space(page: &Page<'_>, outline: &Outline, id: Id) -> bool {
    match outline.tree.tag(id) {
        Tag::Text => page.text(outline.tree.node(id)).trim().is_empty(),
        tag => tag == Tag::Br,
    }
}

/// The one child of an element, if it has that name and no text stands beside it.
pub(super) fn single_child(page: &Page<'_>, outline: &Outline, id: Id, tag: Tag) -> Option<Id> {
    let tree = &outline.tree;
    let mut elements = tree.element_children(id);
    let child = elements.next().filter(|child| tree.tag(*child) == tag)?;
    if elements.next().is_some() {
        return None;
    }
    let has_text =
        tree.children(id).any(|c| tree.tag(c) == Tag::Text && !page.text(tree.node(c)).trim().is_empty());
    (!has_text).then_some(child)
}

fn is_sentence(text: &str) -> bool {
    text.ends_with(['.', '。', '।', '።', '؟', '۔', '…', '!', '?']) || text.contains(". ")
}

struct Attempt<'a, 'h> {
    page: &'a Page<'h>,
    outline: &'a mut Outline,
    rules: Rules,
}

impl Attempt<'_, '_> {
    /// The top candidate of this attempt, and its article.
    fn run(&mut self, known: Known<'_>) -> (Id, Id) {
        if !known.has_author {
            self.remove_byline();
        }
        self.replace_breaks();
        let scored = self.collect(known.title);
        let top = self.score(&scored);
        let (top, article) = self.choose(&top);
        article_clean::clean(self.page, self.outline, article, self.rules);
        (top, article)
    }

    /// The line that names the author.
    fn remove_byline(&mut self) {
        let mut next = self.outline.tree.next_element(BODY, false);
        while let Some(id) = next {
            let chars = self.outline.sums(id).chars;
            if (1..100).contains(&chars) {
                let is_author = self.outline.words(id).is_byline()
                    || self.page.attributes(self.outline.tree.node(id)).iter().any(
                        |attribute| match attribute.name {
                            Name::Rel => self.page.str(attribute.value) == "author",
                            Name::ItemProp => self.page.str(attribute.value).contains("author"),
                            _ => false,
                        },
                    );
                if is_author {
                    self.outline.detach(id);
                    return;
                }
            }
            next = self.outline.tree.next_element(id, chars == 0);
        }
    }

    /// Two line breaks or more begin a paragraph.
    fn replace_breaks(&mut self) {
        let mut next = self.outline.tree.next_element(BODY, false);
        while let Some(id) = next {
            next = self.outline.tree.next_element(id, false);
            if self.outline.tree.tag(id) != Tag::Br || self.outline.tree.parent(id).is_none() {
                continue;
            }
            let mut is_replaced = false;
            while let Some(second) = self.next_visible(id).filter(|n| self.outline.tree.tag(*n) == Tag::Br) {
                if next == Some(second) {
                    next = self.outline.tree.next_element(second, false);
                }
                self.outline.detach(second);
                is_replaced = true;
            }
            if !is_replaced {
                continue;
            }
            let paragraph = self.outline.add(Tag::P);
            self.outline.insert_before(id, paragraph);
            self.outline.detach(id);
            while let Some(following) = self.outline.tree.next(paragraph) {
                if self.outline.tree.tag(following) == Tag::Br
                    && self.next_visible(following).is_some_and(|n| self.outline.tree.tag(n) == Tag::Br)
                {
                    break;
                }
                if !is_phrasing(self.outline, following) {
                    break;
                }
                self.outline.detach(following);
                self.outline.append(paragraph, following);
            }
            self.trim_end(paragraph);
            if let Some(parent) = self.outline.tree.parent(paragraph)
                && self.outline.tree.tag(parent) == Tag::P
            {
                self.outline.rename(parent, Tag::Div);
            }
        }
    }

    /// The sibling after it that is not white space.
    fn next_visible(&self, id: Id) -> Option<Id> {
        let tree = &self.outline.tree;
        let mut next = tree.next(id);
        while let Some(id) = next
            && tree.tag(id) == Tag::Text
            && self.page.text(tree.node(id)).trim().is_empty()
        {
            next = tree.next(id);
        }
        next
    }

    fn trim_end(&mut self, id: Id) {
        while let Some(last) = self.outline.tree.last(id)
            && is_space(self.page, self.outline, last)
        {
            self.outline.detach(last);
        }
    }

    /// Takes out what is not shown or not likely, and gives the elements whose text counts.
    fn collect(&mut self, title: &str) -> Vec<Id> {
        let mut scored = Vec::new();
        let mut wants_title = !title.is_empty();
        let mut next = self.outline.tree.next_element(BODY, false);
        while let Some(mut id) = next {
            let tag = self.outline.tree.tag(id);
            if tag.is(Flags::HIDDEN) && tag != Tag::Dialog {
                next = self.outline.tree.next_element(id, true);
                continue;
            }
            let words = self.outline.words(id);
            let mut is_out = words.is_hidden() || words.is_dialog() || tag == Tag::Dialog;
            if !is_out
                && wants_title
                && matches!(tag, Tag::H1 | Tag::H2)
                && is_like_title(title, &self.outline.tree.text(self.page, id))
            {
                wants_title = false;
                is_out = true;
            }
            if !is_out && self.rules.strip_unlikely {
                is_out = words.has_unlikely_role() || self.is_unlikely(id);
            }
            if !is_out
                && (matches!(tag, Tag::Div | Tag::Section | Tag::Header) || tag.is(Flags::HEADING))
                && self.is_without_content(id)
            {
                is_out = true;
            }
            if is_out {
                next = self.outline.tree.next_element(id, true);
                self.outline.detach(id);
                continue;
            }
            if tag.is(Flags::SCORED) {
                scored.push(id);
            }
            if tag == Tag::Div {
                self.wrap_phrasing(id);
                let single = single_child(self.page, self.outline, id, Tag::P)
                    .filter(|_| self.outline.link_density(id) < 0.25);
                if let Some(paragraph) = single {
                    self.outline.replace(id, paragraph);
                    scored.push(paragraph);
                    id = paragraph;
                } else if self.outline.sums(id).blocks == 0 {
                    self.outline.rename(id, Tag::P);
                    scored.push(id);
                }
            }
            next = self.outline.tree.next_element(id, false);
        }
        scored
    }

    fn is_unlikely(&self, id: Id) -> bool {
        let tree = &self.outline.tree;
        tree.tag(id) != Tag::A
            && self.outline.words(id).is_unlikely()
            && !tree.ancestors(id).take(3).any(|around| matches!(tree.tag(around), Tag::Table | Tag::Code))
    }

    /// No text, and nothing but line breaks and rules.
    fn is_without_content(&self, id: Id) -> bool {
        let tree = &self.outline.tree;
        self.outline.sums(id).chars == 0
            && tree.element_children(id).all(|child| matches!(tree.tag(child), Tag::Br | Tag::Hr))
    }

    /// Runs of phrasing content in a `div` become paragraphs.
    fn wrap_phrasing(&mut self, id: Id) {
        let mut next = self.outline.tree.first(id);
        while let Some(child) = next {
            if is_phrasing(self.outline, child) && !is_space(self.page, self.outline, child) {
                let paragraph = self.outline.wrap(child, Tag::P, is_phrasing);
                self.trim_end(paragraph);
                next = self.outline.tree.next(paragraph);
            } else {
                next = self.outline.tree.next(child);
            }
        }
    }

    fn first_score(&self, id: Id) -> f32 {
        let score = match self.outline.tree.tag(id) {
            Tag::Div => 5.0,
            Tag::Pre | Tag::Td | Tag::Blockquote => 3.0,
            Tag::Address | Tag::Ol | Tag::Ul | Tag::Dl | Tag::Dd | Tag::Dt | Tag::Li | Tag::Form => -3.0,
            tag if tag.is(Flags::HEADING) => -5.0,
            Tag::Th => -5.0,
            _ => 0.0,
        };
        score + if self.rules.weigh_words { self.outline.words(id).weight() } else { 0.0 }
    }

    fn init_score(&mut self, id: Id) {
        if self.outline.score(id).is_none() {
            let score = self.first_score(id);
            self.outline.set_score(id, score);
        }
    }

    fn score_or_zero(&self, id: Id) -> f32 {
        self.outline.score(id).unwrap_or_default()
    }

    /// Gives points to the elements around paragraphs, and the best of them, the best first.
    fn score(&mut self, scored: &[Id]) -> Vec<Id> {
        let mut candidates: Vec<Id> = Vec::new();
        for id in scored {
            let sums = self.outline.sums(*id);
            if sums.chars < MIN_PARAGRAPH {
                continue;
            }
            let points = (2 + sums.commas + (sums.chars / 100).min(3)) as f32;
            let mut around = self.outline.tree.parent(*id);
            for level in 0..5_u8 {
                let Some(id) = around else { break };
                let parent = self.outline.tree.parent(id);
                if parent.is_none() {
                    break;
                }
                if self.outline.score(id).is_none() {
                    candidates.push(id);
                    self.init_score(id);
                }
                let divider = match level {
                    0 => 1.0,
                    1 => 2.0,
                    _ => f32::from(level) * 3.0,
                };
                self.outline.set_score(id, self.score_or_zero(id) + points / divider);
                if id == BODY {
                    break;
                }
                around = parent;
            }
        }
        let mut top = Vec::new();
        for id in candidates {
            let mut score = self.score_or_zero(id);
            if score <= 0.0 {
                self.outline.set_score(id, f32::NAN);
                continue;
            }
            if score > MIN_SCORE_TO_ADJUST {
                score *= 1.0 - self.outline.link_density(id);
            }
            self.outline.set_score(id, score);
            top.push(id);
        }
        // Stable: of two equal scores the one met first comes first.
        top.sort_by(|a, b| self.score_or_zero(*b).total_cmp(&self.score_or_zero(*a)));
        top.truncate(TOP_CANDIDATES);
        top
    }

    /// The top candidate, and a new element with it and those siblings that are like it.
    fn choose(&mut self, candidates: &[Id]) -> (Id, Id) {
        let top = match candidates.first() {
            None | Some(&BODY) => {
                let all = self.outline.add(Tag::Div);
                while let Some(child) = self.outline.tree.first(BODY) {
                    self.outline.detach(child);
                    self.outline.append(all, child);
                }
                self.outline.append(BODY, all);
                all
            }
            Some(first) => {
                let mut top = self.common(*first, candidates);
                // The siblings of an only child are its parent's.
                while let Some(parent) = self.outline.tree.parent(top)
                    && parent != BODY
                    && self.outline.tree.element_children(parent).nth(1).is_none()
                {
                    top = parent;
                }
                top
            }
        };
        self.init_score(top);
        let article = self.outline.add(Tag::Div);
        self.join(top, article);
        (top, article)
    }

    /// An element around the best one that holds other good ones too.
    fn common(&mut self, best: Id, candidates: &[Id]) -> Id {
        let mut top = best;
        let best_score = self.score_or_zero(best);
        let others: Vec<Id> = candidates[1..]
            .iter()
            .copied()
            .filter(|other| self.score_or_zero(*other) / best_score >= 0.75)
            .collect();
        if others.len() > MIN_COMMON_ANCESTORS {
            let tree = &self.outline.tree;
            for around in tree.ancestors(best).take_while(|around| *around != BODY) {
                let holds =
                    others.iter().filter(|other| tree.ancestors(**other).any(|a| a == around)).count();
                if holds >= MIN_COMMON_ANCESTORS {
                    top = around;
                    break;
                }
            }
        }
        self.init_score(top);
        let mut last = self.score_or_zero(top);
        let threshold = last / 3.0;
        let around: Vec<Id> = self.outline.tree.ancestors(top).take_while(|around| *around != BODY).collect();
        for around in around {
            let Some(score) = self.outline.score(around) else { continue };
            if score < threshold {
                break;
            }
            if score > last {
                top = around;
                break;
            }
            last = score;
        }
        top
    }

    /// Puts the top candidate and those of its siblings that look like more of it into `article`.
    fn join(&mut self, top: Id, article: Id) {
        let Some(parent) = self.outline.tree.parent(top) else { return };
        let top_score = self.score_or_zero(top);
        let threshold = (top_score * 0.2).max(10.0);
        let class = |id: Id| self.page.attribute(self.outline.tree.node(id), Name::Class).unwrap_or_default();
        let top_class = class(top);
        let siblings: Vec<Id> = self
            .outline
            .tree
            .element_children(parent)
            .filter(|sibling| {
                if *sibling == top {
                    return true;
                }
                let bonus =
                    if !top_class.is_empty() && class(*sibling) == top_class { top_score * 0.2 } else { 0.0 };
                let score = self.score_or_zero(*sibling);
                if score > 0.0 {
                    return score + bonus >= threshold;
                }
                if self.outline.tree.tag(*sibling) != Tag::P {
                    return false;
                }
                let chars = self.outline.sums(*sibling).chars;
                let density = self.outline.link_density(*sibling);
                chars > 80 && density < 0.25
                    || (1..80).contains(&chars)
                        && density == 0.0
                        && is_sentence(self.outline.tree.text(self.page, *sibling).trim())
            })
            .collect();
        for sibling in siblings {
            let tag = self.outline.tree.tag(sibling);
            self.outline.detach(sibling);
            if !matches!(tag, Tag::Article | Tag::Section | Tag::P | Tag::Ol | Tag::Ul) {
                self.outline.rename(sibling, Tag::Div);
            }
            self.outline.append(article, sibling);
        }
        self.outline.append(parent, article);
    }
}
