//! Precision and recall of what the step finds, by signal and of the licence it decides on.
//!
//! A statement is right if it names the family of the label's licence (`CC-BY-SA`), whatever the version; `exact` asks for the
//! version and the port too. A page whose label is `none`, `reserved` or `unclear` has no licence: any grant there is wrong.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use kilim::document::LicenseEvidence;
use kilim::provenance::licences::parts;

use super::Found;
use super::labels::{Label, agreement};

/// Right among all, with the 95 % interval of Wilson.
#[derive(Debug, Clone, Copy, Default)]
pub struct Share {
    right: u32,
    all: u32,
}

impl Share {
    fn add(&mut self, right: bool) {
        self.all += 1;
        self.right += u32::from(right);
    }

    fn text(self) -> String {
        if self.all == 0 {
            return "-".to_owned();
        }
        let (n, p, z) = (f64::from(self.all), f64::from(self.right) / f64::from(self.all), 1.96);
        let middle = (p + z * z / (2.0 * n)) / (1.0 + z * z / n);
        let half = z / (1.0 + z * z / n) * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt();
        let percent = |share: f64| format!("{:.0}", 100.0 * share.clamp(0.0, 1.0));
        format!(
            "{:.1} % ({}/{}; {}-{})",
            100.0 * p,
            self.right,
            self.all,
            percent(middle - half),
            percent(middle + half)
        )
    }
}

/// The licence of a label; none where it says that there is none, or that nobody can tell.
fn truth(label: &Label) -> Option<&str> {
    Some(label.license.as_str()).filter(|license| !matches!(*license, "none" | "reserved" | "unclear"))
}

fn same_family(a: &str, b: &str) -> bool {
    parts(a).family == parts(b).family
}

/// All figures, as the section of RESULTS.md.
pub fn report(rows: &[(&Label, Found)]) -> String {
    let mut out = String::new();
    let labels = || rows.iter().map(|(label, _)| *label);
    let by_license = agreement(labels().map(|label| (label.a_license.as_str(), label.b_license.as_str())));
    let by_scope = agreement(labels().map(|label| (label.a_scope.as_str(), label.b_scope.as_str())));
    let mut languages: Vec<&str> =
        labels().filter_map(|label| label.language.split(['-', '_', '~']).next()).collect();
    languages.sort_unstable();
    languages.dedup();
    let licensed = labels().filter(|label| truth(label).is_some()).count();
    let count = |word: &str| labels().filter(|label| label.license == word).count();
    let _ = writeln!(
        out,
        "{} pages, {} languages; {licensed} with a licence, {} reserved, {} without a statement, {} unclear.\n\
         Two raters: licence {:.1} % equal, kappa {:.2}; scope {:.1} % equal, kappa {:.2}.\n",
        rows.len(),
        languages.len(),
        count("reserved"),
        count("none"),
        count("unclear"),
        100.0 * by_license.share,
        by_license.kappa,
        100.0 * by_scope.share,
        by_scope.kappa
    );
    decided(&mut out, rows);
    signals(&mut out, rows);
    out
}

fn decided(out: &mut String, rows: &[(&Label, Found)]) {
    /// Which licence of a page is looked at.
    type Choice = fn(&Found) -> Option<&str>;
    out.push_str("| decided | precision | of them exact | recall |\n|---|---|---|---|\n");
    let choices: [(&str, Choice); 2] = [
        ("`license`", |found| found.license.as_deref()),
        ("`license`, `exceptions: accept`", |found| found.with_exceptions.as_deref()),
    ];
    for (what, choose) in choices {
        let (mut precision, mut exact, mut recall) = <(Share, Share, Share)>::default();
        for (label, found) in rows {
            let right =
                choose(found).zip(truth(label)).is_some_and(|(found, truth)| same_family(found, truth));
            if let Some(found) = choose(found) {
                precision.add(right);
                if right {
                    exact.add(found == label.license);
                }
            }
            if truth(label).is_some() {
                recall.add(right);
            }
        }
        let _ = writeln!(out, "| {what} | {} | {} | {} |", precision.text(), exact.text(), recall.text());
    }
    let (mut precision, mut recall) = <(Share, Share)>::default();
    for (label, found) in rows {
        let says =
            found.license.is_none() && found.tier == 1 && found.evidence.iter().all(|row| row.spdx.is_none());
        if says {
            precision.add(label.license == "reserved");
        }
        if label.license == "reserved" {
            recall.add(found.license.is_none() && found.tier == 1);
        }
    }
    let _ = writeln!(out, "| rights reserved (tier 1) | {} | | {} |\n", precision.text(), recall.text());
}

fn signals(out: &mut String, rows: &[(&Label, Found)]) {
    let mut all: BTreeMap<&str, (Share, Share, Share)> = BTreeMap::new();
    for (label, found) in rows {
        let mut seen: BTreeMap<&str, (Option<bool>, Option<bool>)> = BTreeMap::new();
        let counts = |row: &LicenseEvidence| matches!(row.scope, "page" | "site");
        let taken_back = found.evidence.iter().any(|row| counts(row) && row.negated);
        for row in &found.evidence {
            let Some(spdx) = &row.spdx else { continue };
            let right = truth(label).is_some_and(|truth| same_family(spdx, truth));
            let (any, scoped) = seen.entry(row.signal).or_default();
            // A page is right by a signal if all that the signal names there is.
            *any = Some(any.unwrap_or(true) && right);
            if counts(row) && !taken_back {
                *scoped = Some(scoped.unwrap_or(true) && right);
            }
        }
        for (signal, (any, scoped)) in seen {
            let (raw, precise, _) = all.entry(signal).or_default();
            if let Some(right) = any {
                raw.add(right);
            }
            if let Some(right) = scoped {
                precise.add(right);
            }
        }
    }
    for (label, found) in rows.iter().filter(|(label, _)| truth(label).is_some()) {
        for (signal, (_, _, recall)) in &mut all {
            let says = found.evidence.iter().any(|row| {
                row.signal == *signal
                    && row.spdx.as_deref().is_some_and(|spdx| same_family(spdx, &label.license))
                    && matches!(row.scope, "page" | "site")
            });
            recall.add(says);
        }
    }
    out.push_str("| signal | pages where all it names is the page's licence | scope page or site, and nothing taken back | recall |\n|---|---|---|---|\n");
    for (signal, (raw, precise, recall)) in &all {
        let _ = writeln!(out, "| `{signal}` | {} | {} | {} |", raw.text(), precise.text(), recall.text());
    }
}
