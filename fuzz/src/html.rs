//! The law of pages.
//!
//! The input is a page, decoded as UTF-8. What must hold is that no page costs more than its bytes allow: the scan before
//! parsing refuses what the parser would blow up, so a page that it lets pass has a tree of the size it foresaw.

use dom_query::Document;
use kilim::extract::{Caps, Extracted, Extractor, Failure, Input, Readability, dom, prescan};

/// Reached by pages of a few hundred bytes.
const SMALL: Caps = Caps { max_depth: 16, max_nodes: 500, max_work: 20_000 };
/// The defaults of `extract_html`.
const DEFAULT: Caps = Caps { max_depth: 512, max_nodes: 2_000_000, max_work: 1 << 30 };

/// How far a tree may be larger than the scan foresaw: what the scan allows itself for depth (four times the cap), and
/// elements that no tag stands for (`html`, `head`, `tbody`…).
const FORESEEN: Caps =
    Caps { max_depth: 4 * SMALL.max_depth + 32, max_nodes: 4 * SMALL.max_nodes + 100, max_work: u64::MAX };

/// Panics if the promises of `kilim::extract` do not hold for this page.
pub fn holds(data: &[u8]) {
    let html = String::from_utf8_lossy(data);
    if prescan::scan(&html, &SMALL).is_ok() {
        let tree = Document::from(html.as_ref());
        if let Err(blown_up) = dom::measure(&tree, &FORESEEN) {
            panic!("the scan let a page pass whose tree is larger than it allows: {blown_up}");
        }
    }
    for caps in [SMALL, DEFAULT] {
        let input = Input { html: &html, url: "https://mfano.co.ke/habari" };
        let found = Readability.extract(input, &caps);
        match &found {
            Ok(found) => text(&html, found),
            Err(failure) => refusal(failure, &caps),
        }
        if caps == SMALL {
            assert_eq!(found, Readability.extract(input, &caps), "the same page, another answer");
        }
    }
}

fn text(html: &str, found: &Extracted) {
    // The longest character reference for its length gives six bytes for five (`&nGt;`); line breaks come on top.
    let most = 4 * html.len() + 100;
    assert!(found.text.len() <= most, "{} bytes of text from {} of page", found.text.len(), html.len());
    assert!(found.title.len() <= most, "a title of {} bytes from {} of page", found.title.len(), html.len());
    assert_eq!(
        found.extractor.is_empty(),
        found.text.is_empty(),
        "{:?} found {:?}",
        found.extractor,
        found.text
    );
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

fn refusal(failure: &Failure, caps: &Caps) {
    match failure {
        Failure::TooDeep { depth, max_depth } => assert!(depth > max_depth && *max_depth == caps.max_depth),
        Failure::TooManyNodes { count, max, .. } => assert!(count > max, "{failure:?}"),
        Failure::TooSlow { work, max_work } => assert!(work > max_work && *max_work == caps.max_work),
        // Caught, and costs this page only.
        Failure::Panicked => {}
    }
}
