//! What Readability takes out of an article once it is found: forms, buttons, lists of links, boxes without text.

use super::article::{Rules, SURE_CHARS, is_phrasing, single_child};
use super::html::{Flags, Id, Name, Page, Tag};
use super::outline::Outline;

/// Share of an element's text in lists or headings, above which it is one.
const MOSTLY: f32 = 0.9;

/// Cleans the article below `root`.
pub fn clean(page: &Page<'_>, outline: &mut Outline, root: Id, rules: Rules) {
    remove_if(outline, root, |outline, id| {
        outline.words(id).is_share() && outline.sums(id).chars < SURE_CHARS
    });
    mark_data_tables(page, outline, root);
    if rules.clean {
        clean_conditionally(outline, root, rules, |tag| matches!(tag, Tag::Form | Tag::Fieldset));
    }
    remove_if(outline, root, |outline, id| {
        matches!(
            outline.tree.tag(id),
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
    });
    if rules.weigh_words {
        remove_if(outline, root, |outline, id| {
            matches!(outline.tree.tag(id), Tag::H1 | Tag::H2) && outline.words(id).weight() < 0.0
        });
    }
    if rules.clean {
        clean_conditionally(outline, root, rules, |tag| matches!(tag, Tag::Table | Tag::Ul | Tag::Div));
    }
    unwrap_single_cells(page, outline, root);
}

/// Takes out the elements of which `is_out` says so.
fn remove_if(outline: &mut Outline, root: Id, is_out: impl Fn(&Outline, Id) -> bool) {
    for id in elements(outline, root, |outline, id| is_out(outline, id)) {
        outline.detach(id);
    }
}

/// The elements below `root` of which `wanted` says so, in order.
fn elements(outline: &Outline, root: Id, wanted: impl Fn(&Outline, Id) -> bool) -> Vec<Id> {
    let mut found = Vec::new();
    outline.tree.walk(root, |event| {
        if let super::html::Event::Enter(id) = event
            && outline.tree.tag(id) != Tag::Text
            && wanted(outline, id)
        {
            found.push(id);
        }
        super::html::Descend::Into
    });
    found
}

/// Tables of data are kept whole; tables for layout are looked at like any element.
fn mark_data_tables(page: &Page<'_>, outline: &mut Outline, root: Id) {
    for table in elements(outline, root, |outline, id| outline.tree.tag(id) == Tag::Table) {
        if is_data_table(page, outline, table) {
            outline.mark_data_table(table);
        }
    }
}

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
        if let super::html::Event::Enter(id) = event {
            match outline.tree.tag(id) {
                Tag::Caption | Tag::Col | Tag::Colgroup | Tag::Tfoot | Tag::Thead | Tag::Th => has_parts = true,
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
        super::html::Descend::Into
    });
    if has_parts {
        return true;
    }
    if has_table || rows == 1 || most_columns == 1 {
        return false;
    }
    rows >= 10 || most_columns > 4 || rows * most_columns > 10
}

/// Takes out the elements of some names that look unlike text, inner ones first.
fn clean_conditionally(outline: &mut Outline, root: Id, rules: Rules, wanted: impl Fn(Tag) -> bool) {
    for id in elements(outline, root, |outline, id| wanted(outline.tree.tag(id))).into_iter().rev() {
        if is_unlike_text(outline, id, rules) {
            outline.detach(id);
        }
    }
}

fn is_unlike_text(outline: &Outline, id: Id, rules: Rules) -> bool {
    let tree = &outline.tree;
    let sums = *outline.sums(id);
    let is_in_data_table = || {
        tree.ancestors(id).any(|around| {
            tree.tag(around) == Tag::Table && outline.is_data_table(around)
        })
    };
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
fn unwrap_single_cells(page: &Page<'_>, outline: &mut Outline, root: Id) {
    for table in elements(outline, root, |outline, id| outline.tree.tag(id) == Tag::Table) {
        let body = single_child(page, outline, table, Tag::Tbody).unwrap_or(table);
        let Some(row) = single_child(page, outline, body, Tag::Tr) else { continue };
        let Some(cell) = single_child(page, outline, row, Tag::Td) else { continue };
        let is_paragraph = outline.tree.children(cell).all(|child| is_phrasing(outline, child));
        outline.rename(cell, if is_paragraph { Tag::P } else { Tag::Div });
        outline.replace(table, cell);
    }
}

#[cfg(test)]
mod tests {}
