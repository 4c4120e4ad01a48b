//! A run stands somewhere: what may not be there is not kept there.

use crate::corpus::Corpus;
use crate::pages::{html, text, warc};
use kilim_connectors::warc::RecordBuilder;

const PAGE: &str = "https://samachar.in/gupt";
/// A name that stands nowhere but in the page.
const MARKER: &str = "अतिगोपनीयचिह्न";
/// Another, in the part of the page that is evidence of its licence.
const EVIDENCE_MARKER: &str = "बरगदवालाप्रमाण";

/// A third, in what the page says about rights.
const RIGHTS_MARKER: &str = "पीपलवालाअधिकार";

/// A page in title, text and licence line of which a name stands.
fn local_only() -> Corpus {
    let mut corpus = Corpus::new();
    corpus.node("in", "IN", "[IN]");
    let body = html(&format!("{MARKER} {} {MARKER}", text("hin", 1))).replace(
        "</article>",
        &format!("<p>{EVIDENCE_MARKER}: <a rel=license href=https://creativecommons.org/licenses/by/4.0/>CC BY</a></p></article>"),
    );
    let rights = format!("<meta name=rights content=\"{RIGHTS_MARKER}. All rights reserved.\"><title>");
    let body = body.replace("<title>", &rights);
    let record = RecordBuilder::response(PAGE, crate::pages::FETCHED, &crate::pages::answer(&body));
    corpus.warc("a.warc.gz", &warc(&[record]));
    corpus
}

/// Whether `word` stands in any file below work_dir or out.
fn stands_in_outputs(corpus: &Corpus, word: &str) -> bool {
    corpus.stands_in("work", word) || corpus.stands_in("out", word)
}

#[test]
fn a_run_that_stands_elsewhere_keeps_no_word_of_a_local_only_document() {
    let mut corpus = local_only();
    corpus.source = ", mode: local-only, country: IN".to_owned();
    corpus.run();
    assert_eq!(corpus.fate(PAGE), "withheld not_here");
    for word in [MARKER, EVIDENCE_MARKER, RIGHTS_MARKER] {
        assert!(!stands_in_outputs(&corpus, word), "{word}");
    }
    for node in ["ke", "in", "eu"] {
        assert!(corpus.urls_at(node).is_empty(), "{node}");
    }
}

#[test]
fn the_same_run_at_home_delivers_it() {
    let mut corpus = local_only();
    corpus.source = ", mode: local-only, country: IN".to_owned();
    corpus.runs_at = "IN";
    corpus.run();
    assert_eq!(corpus.urls_at("in"), [PAGE]);
    for word in [MARKER, EVIDENCE_MARKER, RIGHTS_MARKER] {
        assert!(stands_in_outputs(&corpus, word), "the search finds {word} where it may stand");
    }
    assert!(corpus.urls_at("ke").is_empty() && corpus.urls_at("eu").is_empty());
}

#[test]
fn a_local_only_node_is_refused_to_a_run_that_stands_elsewhere() {
    let mut corpus = local_only();
    let fields = corpus.nodes["in"].replace("mode: restricted", "mode: local-only");
    corpus.nodes.insert("in", fields);
    corpus.kilim("run").refused(2, &["runs_at"]);
    assert!(!corpus.path("work").exists() && !corpus.path("out").exists());
}
