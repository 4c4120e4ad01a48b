use super::*;
use crate::extract::Caps;
use crate::extract::html::{Tree, parse};

fn marks(html: &str) -> Vec<Mark> {
    let caps = Caps { max_depth: 512, max_nodes: 2_000_000, max_work: 1 << 30 };
    let (tree, page) = parse(html, &caps, false, Tree::default(), Page::default()).unwrap();
    let mut outline = Outline::of(tree);
    outline.measure(&page);
    collect(&page, &outline)
}

#[test]
fn marks_are_found_where_they_stand() {
    let html = r#"<html><head><link rel="license" href="https://creativecommons.org/licenses/by/4.0/">
        <meta name="DC.rights" content="CC BY 4.0"><meta name="robots" content="noai"></head>
        <body><p>Picha na Amina: <a href="https://creativecommons.org/licenses/by-nc/2.0/">CC BY-NC</a> kwa hisani</p>
        <figure><a rel="license" href="https://creativecommons.org/licenses/by-sa/3.0/">SA</a></figure>
        <div class="comment-list"><a href="http://creativecommons.org/publicdomain/zero/1.0/">CC0</a></div>
        <noscript><a rel=license href=x>x</a></noscript><!-- <a rel=license href=y>y</a> -->
        <div id="site-footer">© Ukurasa <img src="https://licensebuttons.net/l/by/4.0/88x31.png"> Haki zote zimehifadhiwa</div>
        </body></html>"#;
    let found: Vec<_> =
        marks(html).iter().map(|m| (m.element, m.key.clone(), m.in_head, m.in_footer, m.within)).collect();
    let at = |element, key: &str, head, footer, within| (element, key.to_owned(), head, footer, within);
    assert_eq!(
        found,
        [
            at("link", "license", true, false, ""),
            at("meta", "dc.rights", true, false, ""),
            at("meta", "robots", true, false, ""),
            at("a", "", false, false, ""),
            at("text", "statement", false, false, ""),
            at("a", "license", false, false, "figure"),
            at("a", "", false, false, "comment"),
            at("text", "statement", false, false, "comment"),
            at("img", "", false, true, ""),
            at("text", "statement", false, true, ""),
            at("text", "footer", false, true, ""),
        ]
    );
    assert_eq!(
        marks(html)[3].context,
        "Picha na Amina: CC BY-NC kwa hisani SA CC0 © Ukurasa Haki zote zimehifadhiwa"
    );
    assert_eq!(marks(html)[3].line, "Picha na Amina: CC BY-NC kwa hisani");
    assert_eq!(marks(html)[5].line, "SA");
    assert_eq!(marks(html)[10].value, "© Ukurasa Haki zote zimehifadhiwa");
}

#[test]
fn json_ld_is_walked_with_the_type_of_each_node() {
    let html = r#"<script type="application/ld+json">{"@graph":[
        {"@type":"Article","license":"https://creativecommons.org/licenses/by/4.0/",
         "image":{"@type":"ImageObject","license":{"@id":"https://creativecommons.org/licenses/by-nc/4.0/"}},
         "contentLocation":{"@type":"Place","address":{"addressCountry":"FR"}},
         "publisher":{"@type":"Organization","address":{"@type":"PostalAddress","addressCountry":"KE"}}}]}</script>"#;
    let found: Vec<_> = marks(html).into_iter().map(|m| (m.key, m.value)).collect();
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    assert_eq!(
        found,
        [
            pair("imageobject", "https://creativecommons.org/licenses/by-nc/4.0/"),
            pair("article", "https://creativecommons.org/licenses/by/4.0/"),
            pair("publisher", "KE"),
        ]
    );
}

#[test]
fn markup_says_of_what_it_names_a_licence() {
    let html = r#"<link rel=canonical href="https://a.example/habari">
        <div about="https://a.example/habari" typeof="sioc:Item"><i property="cc:attributionName">ዓለም</i>
        <a rel="cc:license" href="https://creativecommons.org/licenses/by/4.0/">x</a></div>
        <div itemscope itemtype="https://schema.org/Article"><b itemprop=license>CC BY 4.0</b>
        <div itemprop=image itemscope itemtype="https://schema.org/ImageObject"><meta itemprop=license content="CC0-1.0"></div></div>"#;
    let found: Vec<_> = marks(html)
        .into_iter()
        .map(|m| format!("{} {} {} {}", m.element, m.key, m.within, m.value))
        .collect();
    assert_eq!(
        found,
        [
            "rdfa cc:attributionname  ዓለም",
            "a cc:license  https://creativecommons.org/licenses/by/4.0/",
            "microdata article  CC BY 4.0",
            "text statement  CC BY 4.0",
            "microdata imageobject figure CC0-1.0",
            "link canonical  https://a.example/habari",
        ]
    );
    assert_eq!(marks(html)[1].subject, "https://a.example/habari");
}

#[test]
fn a_page_of_marks_gives_a_bounded_number() {
    let html = "<a rel=license href=x></a>ሰላም ".repeat(5_000);
    let found = marks(&html);
    assert_eq!((found.len(), found[MAX_MARKS - 1].key.as_str()), (MAX_MARKS, MORE));
}
