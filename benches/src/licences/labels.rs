//! The labels: a page's path, what two raters said of it without seeing each other, and what was settled on.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;

/// A page's label. `license` is an id, or `reserved`, `none` or `unclear`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Label {
    /// Path in the shared folder.
    pub path: String,
    /// Language of the page; `~` behind it where it was guessed.
    pub language: String,
    /// By which words of its markup it was drawn.
    pub stratum: String,
    /// What was settled on.
    pub license: String,
    /// Of what: `page`, `site`, `media`, `comment`, `other`, or `-` for no statement.
    pub scope: String,
    /// What the first rater said.
    pub a_license: String,
    /// Of what.
    pub a_scope: String,
    /// What the second rater said.
    pub b_license: String,
    /// Of what.
    pub b_scope: String,
}

/// Reads the table.
pub fn read(path: &Path) -> Result<Vec<Label>> {
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(b'\t')
        .quoting(false)
        .from_path(path)
        .with_context(|| format!("cannot read {}", path.display()))?;
    reader.deserialize().collect::<Result<_, _>>().with_context(|| format!("cannot use {}", path.display()))
}

/// How far two raters agree.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Agreement {
    /// Share of equal answers.
    pub share: f64,
    /// Cohen's kappa: what of the agreement is beyond chance.
    pub kappa: f64,
}

/// Agreement on pairs of answers.
pub fn agreement<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Agreement {
    let (mut equal, mut all) = (0.0, 0.0);
    let mut counts: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
    for (a, b) in pairs {
        all += 1.0;
        equal += f64::from(u8::from(a == b));
        counts.entry(a).or_default().0 += 1.0;
        counts.entry(b).or_default().1 += 1.0;
    }
    let share: f64 = equal / all;
    let chance: f64 = counts.values().map(|(a, b)| a / all * (b / all)).sum();
    let kappa = if chance < 1.0 { (share - chance) / (1.0 - chance) } else { 1.0 };
    Agreement { share, kappa }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kappa_is_what_is_beyond_chance() {
        // 20 yes-yes, 5 yes-no, 10 no-yes, 15 no-no: 0.7 by Cohen's formula leaves 0.4.
        let pairs = [(("y", "y"), 20), (("y", "n"), 5), (("n", "y"), 10), (("n", "n"), 15)];
        let found = agreement(pairs.into_iter().flat_map(|(pair, times)| std::iter::repeat_n(pair, times)));
        assert!((found.share - 0.7).abs() < 1e-9 && (found.kappa - 0.4).abs() < 1e-9, "{found:?}");
        let same = agreement([("none", "none")]);
        assert!((same.kappa - 1.0).abs() < 1e-9);
    }
}
