//! The law of pages.
//!
//! The input is a page, decoded as UTF-8; what is tried is the step `extract_html`, as a run has it, and `tag_license` on the
//! marks that it leaves. A page that would cost
//! too much is refused whole, never cut, so caps decide whether there is a text and never which. That the caps do bound
//! the time is for cargo-fuzz to see: its `-timeout` is a finding.

use std::path::Path;

use kilim::document::{Page, Record};
use kilim::step::{DocumentStepConfig, Resources};
use kilim::steps::extract_html::ExtractHtml;
use kilim::steps::tag_license::TagLicense;

/// Panics if the promises of `extract_html` do not hold for this page.
pub fn holds(data: &[u8]) {
    let html = String::from_utf8_lossy(data);
    // Reached by pages of a few hundred bytes.
    let small = ExtractHtml { max_depth: 16, max_nodes: 500, max_work: 20_000, ..ExtractHtml::default() };
    let within_small = extract(&html, &small);
    let found = extract(&html, &ExtractHtml::default());
    for page in [&within_small, &found] {
        lawful(&html, page);
    }
    assert_eq!(within_small, extract(&html, &small), "the same page, another answer");
    // A page that scripts fill may be read a second time, with what is in `noscript`; past a cap the first reading stands.
    let read_once = !html.to_ascii_lowercase().contains("<noscript");
    if read_once && matches!(within_small.refused.as_deref(), None | Some("no_text")) {
        assert_eq!(within_small, found, "a cap that was not reached changes the text");
    }
}

/// What the step says about a page.
#[derive(Debug, PartialEq)]
struct Found {
    text: String,
    title: String,
    html_lang: Option<String>,
    extractor: &'static str,
    blocks: Vec<kilim::document::Block>,
    marks: Vec<kilim::document::Mark>,
    refused: Option<String>,
}

fn extract(html: &str, config: &ExtractHtml) -> Found {
    let record =
        Record { url: "https://mfano.co.ke/habari", content_type: "text/html", html, ..Record::default() };
    let mut page = Page { record, ..Page::default() };
    let mut step = config.build(&Resources::new(Path::new("."))).expect("the step reads no file");
    step.apply(&mut page);
    assert!(page.reasons.len() <= 1, "several reasons for one page: {:?}", page.reasons);
    assert_eq!(page.outcome.is_some(), !page.reasons.is_empty());
    TagLicense::default()
        .build(&Resources::new(Path::new(".")))
        .expect("the step reads no file")
        .apply(&mut page);
    licensed(&page);
    let Page { text, title, html_lang, extractor, blocks, marks, reasons, .. } = page;
    Found {
        text,
        title,
        html_lang,
        extractor,
        blocks,
        marks,
        refused: reasons.first().map(|reason| reason.code.to_string()),
    }
}

/// A licence rests on a statement about the text that names it, and on none that takes it back.
fn licensed(page: &Page<'_>) {
    let about_text = || page.license_evidence.iter().filter(|row| matches!(row.scope, "page" | "site"));
    let Some(license) = &page.license else { return };
    assert!(about_text().any(|row| row.spdx.as_ref() == Some(license)), "{license} is nobody's word");
    assert!(
        !about_text().any(|row| row.negated || row.excepted && row.spdx.is_some()),
        "{license} was taken back"
    );
    assert!(!page.license_disagreement && page.license_tier == kilim::provenance::licences::tier(license));
}

fn lawful(html: &str, found: &Found) {
    match found.refused.as_deref() {
        None => assert!(!found.text.trim().is_empty(), "no text, and no word about it"),
        Some("no_text") => assert!(found.text.trim().is_empty(), "{:?} is no text?", found.text),
        Some("too_deep" | "too_many_nodes" | "too_slow") => {
            assert!(
                found.text.is_empty() && found.blocks.is_empty() && found.marks.is_empty(),
                "cut, not refused"
            );
        }
        Some(other) => panic!("refused as {other}"), // too large it cannot be; the extractor panicked
    }
    // The longest character reference for its length gives six bytes for five (`&nGt;`); line breaks come on top.
    let most = 4 * html.len() + 100;
    assert!(found.text.len() <= most, "{} bytes of text from {} of page", found.text.len(), html.len());
    assert!(found.title.len() <= most, "a title of {} bytes from {} of page", found.title.len(), html.len());
    let mut at = 0;
    for block in &found.blocks {
        let (start, end) = (block.start as usize, block.end as usize);
        assert!(
            at <= start && start < end && end <= found.text.len(),
            "{block:?} in {} bytes",
            found.text.len()
        );
        assert!(found.text.is_char_boundary(start) && found.text.is_char_boundary(end), "{block:?}");
        assert!((0.0..=1.0).contains(&block.score), "{block:?}");
        at = end;
    }
}
