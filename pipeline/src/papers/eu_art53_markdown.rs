//! The EU's summary as a page for people.
//!
//! Names of hosts, stewards and crawls are strangers' words: they are escaped, so that none of them makes a heading, a link
//! or a cell of a table, and marks that turn the direction of writing are taken out.

use std::collections::BTreeMap;
use std::fmt::{Display, Write as _};

use super::eu_art53::{Datasets, Summary};
use super::eu_art53_parts::{DomainList, Domains, Said, Table};
use super::names;
use super::portrait::{NONE, Share};

/// The page.
pub(super) fn markdown(summary: &Summary) -> String {
    let mut page = Page(String::new());
    page.line(&format!("# {}", summary.summary));
    page.paragraph(&format!(
        "It covers {}. Sections are those of the {}. Laws, lists and reservations were read as of {}; made by {}. What a \
         run cannot know reads \"{}\".",
        text(&summary.covers),
        summary.template,
        summary.as_of,
        summary.engine,
        Said::ByProvider.as_str()
    ));

    page.heading("1. General information");
    page.part("1.1 Provider");
    page.items(&[
        ("Provider, contact", &summary.provider.provider),
        ("Authorised representative", &summary.provider.authorised_representative),
    ]);
    page.part("1.2 Model");
    page.items(&[
        ("Models and versions", &summary.model.models),
        ("Made from other models", &summary.model.dependencies),
        ("Placed on the Union market", &summary.model.placed_on_market),
    ]);
    characteristics(&mut page, summary);

    page.heading("2. Sources");
    page.part("2.1 Publicly available datasets");
    page.datasets(&summary.public_datasets);
    page.part("2.2 Datasets of third parties that are not public");
    page.paragraph("Licensed by rights holders or for them (2.2.1):");
    page.datasets(&summary.licensed);
    page.paragraph("Got from other third parties (2.2.2):");
    page.datasets(&summary.private);
    if !summary.unplaced.datasets.is_empty() {
        page.paragraph(
            "Existing corpora of which the provider has to state whether they belong in 2.1 or 2.2:",
        );
        page.datasets(&summary.unplaced);
    }
    page.part("2.3 Data crawled and scraped from online sources");
    crawled(&mut page, summary);
    page.part("2.4 User data");
    page.datasets(&summary.user_data);
    page.part("2.5 Synthetic data");
    page.datasets(&summary.synthetic);
    page.part("2.6 Other sources");
    page.datasets(&summary.other);

    page.heading("3. Processing");
    page.part("3.1 Reservations of rights");
    reservations(&mut page, summary);
    page.part("3.2 Removal of illegal content");
    let illegal = &summary.illegal_content;
    page.items(&[
        ("Measures", &illegal.measures_of_the_provider),
        ("Contact for removals", &illegal.contact),
    ]);
    if !illegal.lists.is_empty() {
        page.paragraph(&format!("Documents were held against lists: {}.", text(&illegal.lists.join(", "))));
    }
    page.part("3.3 Other information");
    other(&mut page, summary);
    page.0
}

fn characteristics(page: &mut Page, summary: &Summary) {
    let part = &summary.characteristics;
    page.part("1.3 Modalities, size and other characteristics");
    page.item("Modality", part.modality);
    page.items(&[("Size", &part.size_range), ("Tokens", &part.tokens), ("In other units", &part.size)]);
    page.item("Content", &part.content);
    page.items(&[
        ("Latest acquisition", &part.latest_acquisition),
        ("Training goes on with newer data", &part.continuous_training),
    ]);
    page.line("");
    page.paragraph(
        "Languages, with the codes of ISO 639-3 and of the script (ISO 15924), told from the text:",
    );
    page.table("language", &part.languages, names::language);
    page.paragraph(
        "Countries (ISO 3166-1): those whose law binds a document by the word of a steward, a contract, its publisher or the \
         registry of its domain; where none does, the registry that gave out the domain. Several in one line bind \
         together.",
    );
    page.table("country", &part.countries, |codes| names::countries(codes, "no country is known"));
    if !part.stewards.lines.is_empty() {
        page.paragraph("Communities and stewards that answer for documents:");
        page.table("steward", &part.stewards, or("nobody"));
    }
    if !part.language_countries.is_empty() {
        page.paragraph("Languages by country, in documents:");
        for (lang, countries) in &part.language_countries {
            let told: Vec<String> =
                countries.iter().map(|(codes, share)| format!("{} {}", country(codes), share.rows)).collect();
            page.item_text(&text(&names::language(lang)), &told.join("; "));
        }
        page.line("");
    }
}

fn country(codes: &str) -> String {
    text(&names::countries(codes, "no country"))
}

/// A name as it is, and a word for [`NONE`].
fn or(none: &'static str) -> impl Fn(&str) -> String {
    move |name| if name == NONE { none.to_owned() } else { name.to_owned() }
}

fn crawled(page: &mut Page, summary: &Summary) {
    let part = &summary.crawled;
    page.item("Used", part.used.as_str());
    page.item("Where the addresses are from", part.sources.as_str());
    page.line("");
    for crawl in &part.crawls {
        page.paragraph(&format!("**{}**", text(&crawl.source)));
        page.item_text("Crawls", if crawl.crawls.is_empty() { "none that may be named" } else { "" });
        for (name, share) in &crawl.crawls {
            let name = if name == NONE { "unnamed".to_owned() } else { text(name) };
            let of = share.map_or_else(String::new, |share| format!(" ({} documents)", share.rows));
            page.line(&format!("  - {name}{of}"));
        }
        page.items(&[
            ("Crawlers", &crawl.crawlers),
            ("Purpose", &crawl.purpose),
            ("Behaviour", &crawl.behaviour),
            ("Period of collection", &crawl.period),
            ("Content", &crawl.content),
        ]);
        page.share(crawl.share.as_ref());
        page.link(crawl.url.as_deref());
        page.line("");
    }
    domains(page, &part.domains);
}

fn domains(page: &mut Page, list: &DomainList) {
    page.paragraph("**Summary of the most relevant domain names**");
    if list.unpublished {
        page.paragraph(Said::Unpublished.as_str());
        return;
    }
    page.paragraph(&format!("Listed are {}.", text(&list.rule)));
    page.domain_table("all", &list.all);
    if let Some(rows) = list.without_address.filter(|rows| *rows > 0) {
        page.paragraph(&format!("{rows} documents have no address and are in no list."));
    }
    page.domain_lists("By language:", &list.languages, names::language);
    page.domain_lists(
        "By country; a document that two countries bind counts in both:",
        &list.countries,
        |codes| names::countries(codes, "no country"),
    );
}

fn reservations(page: &mut Page, summary: &Summary) {
    let part = &summary.reservations;
    page.items(&[
        ("Signatory of the code of practice", &part.code_of_practice),
        ("Measures of the provider", &part.measures_of_the_provider),
        ("Rules for crawlers that count", &part.agents),
        ("Withheld for a reservation alone", &part.withheld),
    ]);
    for (signal, documents) in &part.withheld_by_signal {
        page.line(&format!("  - {}: {documents}", text(signal)));
    }
    page.line("");
    for (title, sentences) in
        [("Protocols read:", &part.protocols), ("How they are respected:", &part.measures)]
    {
        if !sentences.is_empty() {
            page.paragraph(title);
            for sentence in sentences {
                page.line(&format!("- {}", text(sentence)));
            }
            page.line("");
        }
    }
    for snapshot in &part.snapshots {
        page.paragraph(&format!("Honoured besides what the crawl met: {}.", text(snapshot)));
    }
    if !part.in_the_corpus.lines.is_empty() || part.in_the_corpus.unpublished {
        page.paragraph("Documents of the corpus by what their publishers said about training:");
        page.table("said", &part.in_the_corpus, or("unknown"));
    }
}

fn other(page: &mut Page, summary: &Summary) {
    let part = &summary.other_information;
    if let Some(words) = &part.words_of_the_provider {
        page.paragraph(&text(words));
    }
    page.paragraph("Licences that were found, by SPDX id; a document without one has none that was found, which is no permission:");
    page.table("licence", &part.licences, or("none found"));
    page.item("Withheld for the licence alone", part.withheld_for_licence.as_str());
    page.item("Copies set aside", part.copies_set_aside.as_str());
    if part.personal_data.is_empty() {
        page.item("Personal data", "nobody has looked for it");
    }
    for (kind, treatment) in &part.personal_data {
        let masks = part.masks.get(kind).map_or_else(String::new, |masks| format!(", {masks} masks"));
        page.item_text("Personal data", &format!("{} ({}{masks})", text(kind), text(treatment)));
    }
}

/// The page as it grows.
struct Page(String);

impl Page {
    fn line(&mut self, line: &str) {
        self.0.push_str(line);
        self.0.push('\n');
    }

    fn paragraph(&mut self, words: &str) {
        if !self.0.ends_with("\n\n") {
            self.line("");
        }
        self.line(words);
        self.line("");
    }

    fn heading(&mut self, words: &str) {
        self.paragraph(&format!("## {words}"));
    }

    fn part(&mut self, words: &str) {
        self.paragraph(&format!("### {words}"));
    }

    fn item(&mut self, name: &str, words: &str) {
        self.item_text(name, &text(words));
    }

    /// As [`Page::item`], of words that are escaped already.
    fn item_text(&mut self, name: &str, words: &str) {
        self.line(format!("- {name}: {words}").trim_end());
    }

    fn items(&mut self, items: &[(&str, &Said)]) {
        for (name, said) in items {
            self.item(name, said.as_str());
        }
    }

    fn share(&mut self, share: Option<&Share>) {
        if let Some(share) = share {
            let words =
                format!("{} documents, {} characters, {} bytes", share.rows, share.chars, share.bytes);
            self.item("In the corpus", &words);
        }
    }

    fn link(&mut self, url: Option<&str>) {
        if let Some(url) = url {
            self.item("Link", url);
        }
    }

    fn datasets(&mut self, part: &Datasets) {
        self.item("Used", part.used.as_str());
        self.line("");
        for dataset in &part.datasets {
            self.paragraph(&format!("**{}**", text(&dataset.name)));
            self.items(&[("Content", &dataset.description), ("Acquired", &dataset.acquired)]);
            self.share(dataset.share.as_ref());
            self.link(dataset.url.as_deref());
            self.line("");
        }
    }

    fn table(&mut self, title: &str, table: &Table, shown: impl Fn(&str) -> String) {
        if table.unpublished {
            self.paragraph(Said::Unpublished.as_str());
            return;
        }
        self.line(&format!("| {title} | documents | characters | bytes |\n|---|---:|---:|---:|"));
        for (name, line) in &table.lines {
            let name = text(&shown(name));
            let (chars, bytes) = (number(line.characters), number(line.bytes));
            self.line(&format!("| {name} | {} | {chars} | {bytes} |", line.documents));
        }
        if let Some(others) = table.others {
            self.line(&format!("| others | {others} | | |"));
        }
        self.line("");
    }

    fn domain_table(&mut self, part: &str, domains: &Domains) {
        if let Some(distinct) = domains.distinct {
            self.paragraph(&format!("{} of {distinct} domains over {part}:", domains.listed.len()));
        }
        self.line("| domain | documents | bytes |\n|---|---:|---:|");
        for domain in &domains.listed {
            let name = both(&domain.domain, domain.unicode.as_deref());
            self.line(&format!("| {name} | {} | {} |", number(domain.documents), number(domain.bytes)));
        }
        self.line("");
    }

    fn domain_lists(
        &mut self,
        title: &str,
        lists: &BTreeMap<String, Domains>,
        shown: impl Fn(&str) -> String,
    ) {
        if lists.is_empty() {
            return;
        }
        self.paragraph(title);
        for (name, domains) in lists {
            let of = domains
                .distinct
                .map_or_else(String::new, |all| format!(" ({} of {all})", domains.listed.len()));
            let names: Vec<String> =
                domains.listed.iter().map(|domain| both(&domain.domain, domain.unicode.as_deref())).collect();
            self.item_text(&format!("{}{of}", text(&shown(name))), &names.join(", "));
        }
        self.line("");
    }
}

fn both(ascii: &str, unicode: Option<&str>) -> String {
    match unicode {
        Some(unicode) => format!("{} ({})", text(unicode), text(ascii)),
        None => text(ascii),
    }
}

fn number(number: Option<impl Display>) -> String {
    number.map_or_else(String::new, |number| number.to_string())
}

/// Words as Markdown shows them: whatever would be read as a mark of Markdown or HTML stands behind a backslash, white
/// space is a space, control characters and marks of direction are left out.
pub(super) fn text(words: &str) -> String {
    let mut out = String::with_capacity(words.len());
    for c in words.chars() {
        match c {
            c if c.is_whitespace() => out.push(' '),
            c if c.is_control() || is_direction(c) => {}
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#' | '~' | '&' | '!' | '$' => {
                let _ = write!(out, "\\{c}");
            }
            c => out.push(c),
        }
    }
    out
}

/// Marks that embed, override or isolate a direction of writing: they would turn what stands behind them.
fn is_direction(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_make_no_markdown() {
        for (words, page) in [
            ("habari_za_asubuhi", "habari\\_za\\_asubuhi"),
            ("समाचार | शीर्षक\n# और", "समाचार \\| शीर्षक \\# और"),
            ("<script>ዜና</script>", "\\<script\\>ዜና\\</script\\>"),
            ("[ข่าว](https://example.org)", "\\[ข่าว\\](https://example.org)"),
            ("moc.\u{202e}elpmaxe\u{7}", "moc.elpmaxe"),
        ] {
            assert_eq!(text(words), page);
        }
    }

    proptest! {
        #[test]
        fn every_mark_stands_behind_a_backslash(words in "(?s).{0,60}") {
            let page = text(&words);
            let turned = page.contains(['\n', '\r', '\u{202e}']);
            prop_assert!(!turned);
            let mut chars = page.chars();
            while let Some(c) = chars.next() {
                if c == '\\' {
                    prop_assert!(chars.next().is_some());
                } else {
                    prop_assert!(!"`*_[]<>|#~&".contains(c), "{c} of {page}");
                }
            }
        }
    }
}
