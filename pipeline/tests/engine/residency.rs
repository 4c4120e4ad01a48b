//! No document in a shard of a node that may not have it, by every road one could take there.

use crate::corpus::{Corpus, shipped_policy};
use crate::pages::{html, page, text, warc};
use kilim_connectors::warc::RecordBuilder;

const KENYAN: &str = "https://habari.co.ke/soko";
const GERMAN: &str = "https://spiegelbild.de/markt";
const UNCLAIMED: &str = "https://hadithi.org/soko";

#[test]
fn a_document_goes_only_where_all_that_binds_it_is_accepted() {
    let mut corpus = Corpus::new();
    let pages =
        [page(KENYAN, &text("hin", 1)), page(GERMAN, &text("ell", 2)), page(UNCLAIMED, &text("tam", 3))];
    corpus.warc("a.warc.gz", &warc(&pages));
    corpus.run();
    assert_eq!(corpus.urls_at("ke"), [KENYAN]);
    assert_eq!(corpus.urls_at("eu"), [GERMAN]);
    assert_eq!(corpus.fate(UNCLAIMED), "withheld no_claim");
}

#[test]
fn a_stewards_word_about_one_copy_binds_the_mirror_abroad() {
    let mut corpus = Corpus::new();
    let told = text("amh", 1);
    // The seeded host says nothing by its name; only the steward does. The mirror was fetched earlier.
    let mirror = crate::pages::page_at(GERMAN, "2026-01-01T00:00:00Z", &told);
    corpus.warc("a.warc.gz", &warc(&[mirror, page("https://mwatate.org/habari", &told)]));
    corpus.warc("b.warc.gz", &warc(&[page("https://andere.de/", &text("ell", 2))]));
    corpus.seeds = vec!["https://mwatate.org/,swa,KE,taita-language-council"];
    corpus.run();
    assert_eq!(corpus.urls_at("ke"), ["https://mwatate.org/habari"]);
    assert_eq!(corpus.urls_at("eu"), ["https://andere.de/"]);
    // Its own suffix and the steward's word bind it: no node accepts both.
    assert_eq!(corpus.fate(GERMAN), "withheld denied");
}

#[test]
fn a_stewards_word_about_a_copy_that_was_rejected_binds_all_the_same() {
    let mut corpus = Corpus::new();
    let told = text("tha", 1);
    corpus.filters = "  - filter_language: { keep: [ell] }\n";
    // The filter rejects both copies alike; without a filter on the mirror's words the claim would be lost with it.
    corpus.warc("a.warc.gz", &warc(&[page(GERMAN, &told), page("https://mwatate.org/habari", &told)]));
    corpus.seeds = vec!["https://mwatate.org/,swa,KE,taita-language-council"];
    corpus.run();
    assert!(corpus.urls_at("eu").is_empty());
    assert_eq!(corpus.sql("SELECT DISTINCT outcome FROM documents"), [["rejected"]]);
}

#[test]
fn copies_without_a_steward_each_go_home_and_a_stricter_policy_can_see_the_cluster() {
    let build = || {
        let mut corpus = Corpus::new();
        let told = text("ell", 5);
        corpus.warc("a.warc.gz", &warc(&[page(KENYAN, &told), page(GERMAN, &told)]));
        corpus
    };
    let corpus = build();
    corpus.run();
    assert_eq!(corpus.urls_at("ke"), [KENYAN]);
    assert_eq!(corpus.urls_at("eu"), [GERMAN]);

    let mut strict = build();
    strict.policy(
        "cluster.cedar",
        "@because(\"no copy leaves if another law binds one of them\")\n\
         forbid (principal, action == Action::\"emit\", resource)\n\
         when { !principal.accepts.containsAll(resource.cluster_jurisdictions) };\n",
    );
    strict.run();
    assert!(strict.urls_at("ke").is_empty() && strict.urls_at("eu").is_empty());
    assert_eq!(strict.fate(KENYAN), "withheld denied");
    assert_eq!(strict.fate(GERMAN), "withheld denied");
}

#[test]
fn a_forbid_that_could_fail_is_refused_before_anything_is_read() {
    // Cedar skips a rule that fails, so a forbid that can fail is an open border.
    for rule in [
        "when { resource.mood == \"open\" }",
        "when { resource.license_tier + 9223372036854775807 > 3 }",
        "when { resource has mood && resource.mood == \"x\" }",
        "when { principal.accepts > 3 }",
    ] {
        let mut corpus = Corpus::new();
        corpus.warc("a.warc.gz", &warc(&[page(KENYAN, &text("hin", 1))]));
        corpus.policy(
            "broken.cedar",
            &format!("forbid (principal, action == Action::\"emit\", resource)\n{rule};\n"),
        );
        let said = corpus.kilim("run");
        said.refused(2, &["broken.cedar"]);
        assert!(!corpus.path("work/documents").join("x").exists() && corpus.published().is_empty(), "{rule}");
    }
}

#[test]
fn an_unclaimed_document_goes_out_only_by_the_explicit_alternative() {
    let mut corpus = Corpus::new();
    corpus.warc("a.warc.gz", &warc(&[page(UNCLAIMED, &text("tam", 3)), page(KENYAN, &text("hin", 1))]));
    corpus.policy("open-web.cedar", &shipped_policy("open-web.cedar"));
    corpus.run();
    assert_eq!(corpus.urls_at("eu"), [UNCLAIMED]);
    assert_eq!(corpus.urls_at("ke"), [KENYAN, UNCLAIMED]);
}

#[test]
fn a_hint_is_no_claim() {
    let mut corpus = Corpus::new();
    // Greek text, a Greek licence port and a server in Germany say nothing about whose law binds a .org page.
    let body = html(&text("ell", 1)).replace(
        "</article>",
        "<a rel=license href=\"https://creativecommons.org/licenses/by/3.0/gr/\">CC BY 3.0 GR</a></article>",
    );
    let record = RecordBuilder::response(UNCLAIMED, crate::pages::FETCHED, &crate::pages::answer(&body))
        .field("WARC-IP-Address", "78.46.0.1");
    corpus.warc("a.warc.gz", &warc(&[record]));
    corpus.run();
    assert_eq!(corpus.fate(UNCLAIMED), "withheld no_claim");
    assert!(corpus.urls_at("eu").is_empty());
    let found = corpus.sql("SELECT coalesce(license, '-'), lang FROM documents");
    assert_eq!(found, [["LicenseRef-CC-BY-3.0-GR", "ell_Grek"]], "the hints were seen");
}

#[test]
fn norway_is_a_country_and_no_is_a_name() {
    let mut corpus = Corpus::new();
    corpus.nodes.clear();
    corpus.node("no", "NO", "[NO]").node("in", "IN", "[IN]");
    let norwegian = "https://nyheter.no/torget";
    corpus.warc("a.warc.gz", &warc(&[page(norwegian, &text("tha", 1)), page(GERMAN, &text("ell", 2))]));
    corpus.run();
    assert_eq!(corpus.urls_at("no"), [norwegian]);
    assert!(corpus.urls_at("in").is_empty());
    assert_eq!(corpus.fate(GERMAN), "withheld denied");
}

#[test]
fn the_union_takes_what_its_members_and_its_own_suffix_bind_and_no_former_member() {
    let mut corpus = Corpus::new();
    let [own, former] = ["https://europa.eu/agora", "https://news.co.uk/market"];
    let pages = [page(GERMAN, &text("ell", 1)), page(own, &text("ell", 2)), page(former, &text("ell", 3))];
    corpus.warc("a.warc.gz", &warc(&pages));
    corpus.run();
    assert_eq!(corpus.urls_at("eu"), [own, GERMAN]);
    assert_eq!(corpus.fate(former), "withheld denied");
}

#[test]
fn a_restricted_licence_stays_out_and_an_open_one_passes() {
    let mut corpus = Corpus::new();
    corpus.policy("licences.cedar", &shipped_policy("licences.cedar"));
    let reserved = html(&text("hin", 1))
        .replace("<title>", "<meta name=rights content=\"© 2026 Habari. All rights reserved.\"><title>");
    let date = crate::pages::FETCHED;
    let closed = RecordBuilder::response("https://habari.co.ke/a", date, &crate::pages::answer(&reserved));
    corpus.warc("a.warc.gz", &warc(&[closed, page(KENYAN, &text("hin", 2))]));
    corpus.run();
    assert_eq!(corpus.urls_at("ke"), [KENYAN]);
    assert_eq!(corpus.fate("https://habari.co.ke/a"), "withheld denied");
}

#[test]
fn russian_records_stay_in_russia_even_where_a_node_says_it_accepts_them() {
    let mut corpus = Corpus::new();
    corpus.node("eu", "EU", "[EU, RU]").node("ru", "RU", "[RU]");
    let russian = "https://novosti.ru/rynok";
    corpus.warc("a.warc.gz", &warc(&[page(russian, &text("ell", 1)), page(GERMAN, &text("ell", 2))]));
    corpus.run();
    assert_eq!(corpus.urls_at("eu"), [GERMAN]);
    assert_eq!(corpus.urls_at("ru"), [russian]);
}
