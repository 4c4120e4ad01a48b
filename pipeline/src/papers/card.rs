//! `card.public.md`: the card for everyone. The version folder's own is `README.md`, which loaders read too.

use std::fmt::Write as _;

use super::tier::{Counts, Item};
use super::words::{self, NOT_STATED};
use super::{Facts, Paper};
use crate::seal::card_text::{line, paragraph};

/// The card, as far as its tier may say it.
pub(super) fn card(facts: &Facts<'_>) -> Paper {
    let (manifest, about) = (facts.manifest, facts.about());
    let mut out = format!("# {}\n\n{}\n\n", line(&facts.title()), paragraph(&words::description(facts)));
    let node = &manifest.node.facts;
    let accepts = node.accepts.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
    let makers: Vec<String> = about.makers().map(|party| line(&party.name)).collect();
    let makers = if makers.is_empty() { NOT_STATED.to_owned() } else { makers.join(", ") };
    let stated = |text: &Option<String>| text.as_deref().map_or(NOT_STATED.to_owned(), line);
    let number = |number: Option<u64>| number.map_or("not published".to_owned(), |number| number.to_string());
    let rows: [(&str, String); 12] = [
        ("curated by", makers),
        ("licence of the collection", stated(&about.license)),
        ("purpose", stated(&about.intended_purpose)),
        ("takedowns", stated(&about.takedown_contact)),
        ("jurisdiction", node.jurisdiction.clone()),
        ("mode", node.mode.clone()),
        ("accepts", accepts),
        ("asks for", manifest.node.languages.join(", ")),
        ("rules read as of", manifest.as_of.clone()),
        ("documents", number(facts.number(Item::Totals, manifest.rows))),
        ("records read", number(facts.number(Item::Totals, manifest.records))),
        ("identifier", format!("urn:uuid:{}", facts.uuid())),
    ];
    out.push_str("| | |\n|---|---|\n");
    for (name, value) in rows {
        let _ = writeln!(out, "| {name} | {value} |");
    }
    table(&mut out, "language", &facts.counts(Item::Languages, &manifest.languages));
    table(&mut out, "licence of documents", &facts.rows(Item::Licences, &facts.portrait.licenses));
    table(&mut out, "reservation of training", &facts.rows(Item::Reservations, &facts.portrait.optout_train));
    table(&mut out, "outcome of records", &facts.counts(Item::Outcomes, &manifest.books));
    out.push_str("\n## Personal data and limits\n\n");
    for text in words::personal_data(facts).iter().chain(&words::limits(facts)).chain(&about.biases) {
        let _ = writeln!(out, "- {}", line(text));
    }
    let _ = writeln!(
        out,
        "\n`manifest.public.json` lists what is published about this version, and names what is not."
    );
    facts.paper("card", "md", out.into_bytes())
}

fn table(out: &mut String, name: &str, counts: &Counts) {
    if counts.sum() == 0 {
        return;
    }
    let _ = writeln!(out, "\n| {name} | number |\n|---|---:|");
    for (name, count) in &counts.named {
        let _ = writeln!(out, "| {} | {count} |", line(name));
    }
    if let Some(others) = counts.others {
        let _ = writeln!(out, "| others together | {others} |");
    }
}
