//! What Readability takes out of an article once it is found: forms, buttons, lists of links, boxes without text.

use super::article::{Rules, SURE_CHARS, is_phrasing, single_child};
use super::html::{Descend, Event, Id, Name, Page, Tag};
use super::outline::Outline;

/// Share of an element's text in lists or headings, above which it is one.
const MOSTLY: f32 = 0.9;

/// Elements that are no text wherever they stand.
fn is_control(tag: Tag) -> bool {
    matches!(
        tag,
        Tag::Object
            | Tag::Embed
            | Tag::Footer
            | Tag::Link
            | Tag::Aside
            | Tag::Iframe
            | Tag::Input
            | Tag::Textarea
            | Tag::Select
            | Tag::Button
    )
}

/// Cleans the article below `root`.
pub(super) fn clean(page: &Page<'_>, outline: &mut Outline, root: Id, rules: Rules) {
    // One walk; what is taken out with an element around it is looked at again, which does no harm.
    let all = elements(outline, root, |outline, id| {
        let tag = outline.tree.tag(id);
        let words = outline.words(id);
        is_control(tag)
            || words.is_share()
            || matches!(tag, Tag::Table | Tag::Ul | Tag::Div | Tag::Form | Tag::Fieldset | Tag::H1 | Tag::H2)
    });
    let tag = |outline: &Outline, id: Id| outline.tree.tag(id);
    for id in &all {
        if outline.words(*id).is_share() && outline.sums(*id).chars < SURE_CHARS {
            outline.detach(*id);
        }
    }
    for id in &all {
        if tag(outline, *id) == Tag::Table && is_data_table(page, outline, *id) {
            outline.mark_data_table(*id);
        }
    }
    if rules.clean {
        // Inner ones first.
        for id in all.iter().rev() {
            if matches!(tag(outline, *id), Tag::Form | Tag::Fieldset) && is_unlike_text(outline, *id, rules) {
                outline.detach(*id);
            }
        }
    }
    for id in &all {
        let tag = tag(outline, *id);
        let is_bad_heading =
            rules.weigh_words && matches!(tag, Tag::H1 | Tag::H2) && outline.words(*id).weight() < 0.0;
        if is_control(tag) || is_bad_heading {
            outline.detach(*id);
        }
    }
    if rules.clean {
        for id in all.iter().rev() {
            if matches!(tag(outline, *id), Tag::Table | Tag::Ul | Tag::Div)
                && is_unlike_text(outline, *id, rules)
            {
                outline.detach(*id);
            }
        }
    }
    for id in &all {
        if tag(outline, *id) == Tag::Table && outline.tree.parent(*id).is_some() {
            unwrap_single_cell(page, outline, *id);
        }
    }
}

/// The elements below `root` of which `wanted` says so, in order.
fn elements(outline: &Outline, root: Id, wanted: impl Fn(&Outline, Id) -> bool) -> Vec<Id> {
    let mut found = Vec::new();
    outline.tree.walk(root, |event| {
        if let Event::Enter(id) = event
            && outline.tree.tag(id) != Tag::Text
            && wanted(outline, id)
        {
            found.push(id);
        }
        Descend::Into
    });
    found
}

/// Tables of data are kept whole; tables for layout are looked at like any element.
fn is_data_table(page: &Page<'_>, outline: &Outline, table: Id) -> bool {
    let node = outline.tree.node(table);
    if page.attribute(node, Name::Role) == Some("presentation") {
        return false;
    }
    if page.attribute(node, Name::Summary).is_some() {
        return true;
    }
    let (mut rows, mut columns, mut most_columns) = (0_usize, 0_usize, 0_usize);
    let (mut has_parts, mut has_table) = (false, false);
    outline.tree.walk(table, |event| {
        if let Event::Enter(id) = event {
            match outline.tree.tag(id) {
                Tag::Caption | Tag::Col | Tag::Colgroup | Tag::Tfoot | Tag::Thead | Tag::Th => {
                    has_parts = true;
                }
                Tag::Table => has_table = true,
                Tag::Tr => {
                    rows += 1;
                    columns = 0;
                }
                Tag::Td => {
                    let span = page.attribute(outline.tree.node(id), Name::Colspan).unwrap_or_default();
                    columns += span.trim().parse().unwrap_or(1_usize).clamp(1, 1000);
                    most_columns = most_columns.max(columns);
                }
                _ => {}
            }
        }
        Descend::Into
    });
    if has_parts {
        return true;
    }
    if has_table || rows == 1 || most_columns == 1 {
        return false;
    }
    rows >= 10 || most_columns > 4 || rows * most_columns > 10
}

/// Whether an element has the signs of a menu, a box or a gallery.
fn is_unlike_text(outline: &Outline, id: Id, rules: Rules) -> bool {
    let tree = &outline.tree;
    let sums = *outline.sums(id);
    let is_in_data_table =
        || tree.ancestors(id).any(|around| tree.tag(around) == Tag::Table && outline.is_data_table(around));
    if sums.tables > 0 || is_in_data_table() {
        return false;
    }
    let weight = if rules.weigh_words { outline.words(id).weight() } else { 0.0 };
    if weight < 0.0 {
        return sums.codes == 0;
    }
    if sums.commas >= 10 {
        return false;
    }
    let tag = tree.tag(id);
    let chars = sums.chars;
    let share = |part: u32| if chars == 0 { 0.0 } else { part as f32 / chars as f32 };
    let is_list = matches!(tag, Tag::Ul | Tag::Ol) || share(sums.lists) > MOSTLY;
    let is_in_figure = tree.ancestors(id).any(|around| tree.tag(around) == Tag::Figure);
    let (images, paragraphs) = (sums.images as f32, sums.paragraphs as f32);
    let density = outline.link_density(id);
    let is_out = !is_in_figure && images > 1.0 && paragraphs / images < 0.5
        || !is_list && sums.items as f32 - 100.0 > paragraphs
        || sums.inputs as f32 > (paragraphs / 3.0).floor()
        || !is_list
            && !is_in_figure
            && chars < 25
            && (sums.images == 0 || sums.images > 2)
            && density > 0.0
            && share(sums.headings) < MOSTLY
        || !is_list && weight < 25.0 && density > 0.2
        || weight >= 25.0 && density > 0.5
        || sums.embeds == 1 && chars < 75
        || sums.embeds > 1
        || sums.images == 0 && (sums.textish == 0 || chars == 0);
    if is_list && is_out {
        // A gallery is a list of one picture an item.
        if tree.children(id).any(|child| tree.element_children(child).nth(1).is_some()) {
            return true;
        }
        return sums.images != sums.items;
    }
    is_out
}

/// A table of one cell is a box.
fn unwrap_single_cell(page: &Page<'_>, outline: &mut Outline, table: Id) {
    let body = single_child(page, outline, table, Tag::Tbody).unwrap_or(table);
    let Some(row) = single_child(page, outline, body, Tag::Tr) else { return };
    let Some(cell) = single_child(page, outline, row, Tag::Td) else { return };
    let is_paragraph = outline.tree.children(cell).all(|child| is_phrasing(outline, child));
    outline.rename(cell, if is_paragraph { Tag::P } else { Tag::Div });
    outline.replace(table, cell);
}
