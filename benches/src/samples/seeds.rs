//! The seed list: which steward answers for which host or path.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};

use super::crawl::Crawl;
use super::texts::read_table;

/// The header line of `seeds.csv`.
pub(crate) const HEADER: &str = "url,languages,countries,steward,license,license_basis,training_ok,evidence_url,mode,personal,community,section,note";

/// `seeds.csv` as text, one line per host or path in the order of the sites.
pub(crate) fn csv(crawl: &Crawl, samples: &Path) -> Result<String> {
    let rows = read_table(&samples.join("texts/stewards.tsv"))?;
    let mut stewards = BTreeMap::new();
    for row in &rows {
        stewards.insert(row.get("id")?, row);
    }
    let mut lines = vec![HEADER.to_owned()];
    for site in &crawl.sites {
        for (id, prefix) in &site.seeds {
            let steward =
                stewards.get(id.as_str()).with_context(|| format!("{}: no steward {id}", site.frame.host))?;
            let path = if prefix.is_empty() { "/" } else { prefix };
            let url = format!("https://{}{path}", site.frame.host);
            let mut cells = vec![quote(&url), quote(&crawl.texts[&site.text].lang)];
            for column in [
                "countries",
                "name",
                "license",
                "license_basis",
                "training_ok",
                "evidence_url",
                "mode",
                "personal",
                "community",
                "section",
                "note",
            ] {
                cells.push(quote(steward.get(column)?));
            }
            lines.push(cells.join(","));
        }
    }
    Ok(lines.join("\n") + "\n")
}

/// A cell of RFC 4180.
fn quote(cell: &str) -> String {
    if cell.contains([',', '"', '\n']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comma_is_quoted_and_a_quote_doubled() {
        assert_eq!(quote("ruhusa, ya baraza"), "\"ruhusa, ya baraza\"");
        assert_eq!(quote("வைகை \"செய்தி\""), "\"வைகை \"\"செய்தி\"\"\"");
        assert_eq!(quote("ጅማ"), "ጅማ");
    }
}
