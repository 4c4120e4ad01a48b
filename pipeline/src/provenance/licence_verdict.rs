//! What the evidence of a page agrees on.
//!
//! Only rows about the text count. They grant a licence if all of them name the same, nothing takes it back and nothing
//! contradicts; whatever else there is leaves the licence unset and gives the tier of the strictest. So a contradiction
//! costs a document its licence, and never gives it a better one.

use super::licence_evidence::covers_text;
use super::licences;
use crate::document::LicenseEvidence;

/// What is decided about a page.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Verdict {
    /// The licence that all evidence about the text agrees on.
    pub license: Option<String>,
    /// As [`licences::tier`]; of the strictest where there is no agreement, 1 where rights are kept.
    pub tier: u8,
    /// Scope of the best row.
    pub scope: Option<&'static str>,
    /// Its confidence.
    pub confidence: f32,
    /// Licences contradict each other, or are taken back, or with exceptions.
    pub disagreement: bool,
    /// Versions or ports of one licence differ.
    pub version_disagreement: bool,
    /// The seed's word held against the others: `agrees`, `contradicts` or `alone`.
    pub declared: Option<&'static str>,
}

/// Decides. With `accept_exceptions`, "unless otherwise noted" takes nothing back.
pub fn decide(evidence: &[LicenseEvidence], accept_exceptions: bool) -> Verdict {
    let counted = || evidence.iter().filter(|row| covers_text(row));
    let (mut named, mut origins) = (Vec::new(), Vec::new());
    for row in counted() {
        // A statement that names no known licence counts for nothing, unless it keeps rights.
        let Some(spdx) = row.spdx.as_deref() else { continue };
        let list = if row.signal == "origin" { &mut origins } else { &mut named };
        list.push((row, spdx, licences::parts(spdx)));
    }
    let taken_back = counted().any(|row| row.negated);
    let excepted = !accept_exceptions && named.iter().any(|(row, _, _)| row.excepted);
    let declared = hold_against(evidence);
    let kept = Verdict { tier: u8::from(taken_back), declared, ..Verdict::default() };
    let Some((_, _, first)) = named.first() else { return kept };
    let families_differ = named.iter().any(|(_, _, parts)| parts.family != first.family);
    let version_disagreement = named.iter().enumerate().any(|(at, (one, _, a))| {
        named[at + 1..].iter().any(|(other, _, b)| {
            // Running text leaves ports out.
            let ports = [one, other].iter().all(|row| row.signal != "prose");
            let differ = |a: Option<&str>, b: Option<&str>| a.is_some() && b.is_some() && a != b;
            differ(a.version, b.version) || ports && a.version == b.version && a.port != b.port
        })
    }) && !families_differ;
    let strictest = named.iter().map(|(_, spdx, _)| licences::tier(spdx)).min().unwrap_or(0);
    // A mirror cannot give more than it got.
    let launders = origins
        .iter()
        .any(|(_, spdx, parts)| parts.family != first.family && licences::tier(spdx) < strictest);
    if taken_back || excepted {
        return Verdict { tier: 1, disagreement: true, version_disagreement, ..kept };
    }
    if families_differ || launders {
        let tier = origins.iter().map(|(_, spdx, _)| licences::tier(spdx)).fold(strictest, u8::min);
        return Verdict { tier, disagreement: true, ..kept };
    }
    // The best signal speaks, if it knows the version; among equals the first on the page.
    let best = named.iter().rev().max_by(|(a, _, x), (b, _, y)| {
        let rank = |row: &LicenseEvidence, version: Option<&str>| (version.is_some(), row.confidence);
        let (a, b) = (rank(a, x.version), rank(b, y.version));
        a.0.cmp(&b.0).then(a.1.total_cmp(&b.1))
    });
    let Some((row, best, parts)) = best else { return kept };
    // Whoever leaves the port out says less than whoever gives it.
    let ported = named
        .iter()
        .find(|(_, _, other)| parts.port.is_none() && other.port.is_some() && other.version == parts.version);
    let spdx = ported.map_or(best, |(_, spdx, _)| spdx);
    Verdict {
        license: Some((*spdx).to_owned()),
        tier: licences::tier(spdx),
        scope: Some(row.scope),
        confidence: row.confidence,
        disagreement: false,
        version_disagreement,
        declared: kept.declared,
    }
}

/// Holds the seed's word against what the page says itself.
fn hold_against(evidence: &[LicenseEvidence]) -> Option<&'static str> {
    let seed = evidence.iter().find(|row| row.signal == "seed")?;
    let family = seed.spdx.as_deref().map(|spdx| licences::parts(spdx).family);
    let mut found = "alone";
    for row in evidence.iter().filter(|row| row.signal != "seed" && covers_text(row)) {
        let same = row.spdx.as_deref().is_none_or(|spdx| Some(licences::parts(spdx).family) == family);
        if row.negated || !same {
            return Some("contradicts");
        }
        if row.spdx.is_some() {
            found = "agrees";
        }
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::super::licence_evidence::row;
    use super::*;

    fn decided(rows: &[(&'static str, &str, &'static str)]) -> Verdict {
        let rows: Vec<_> = rows
            .iter()
            .map(|(signal, spdx, scope)| LicenseEvidence {
                scope,
                ..row(signal, "", (!spdx.is_empty()).then(|| (*spdx).to_owned()))
            })
            .collect();
        decide(&rows, false)
    }

    #[test]
    fn versions_may_differ_and_licences_may_not() {
        let verdict = decided(&[("a_rel", "CC-BY-3.0", "site"), ("link_rel", "CC-BY-4.0", "page")]);
        assert_eq!((verdict.license.as_deref(), verdict.tier), (Some("CC-BY-4.0"), 4));
        assert!(verdict.version_disagreement && !verdict.disagreement);
        let verdict = decided(&[("a_rel", "CC-BY-3.0", "site"), ("link_rel", "CC-BY-NC-3.0", "page")]);
        assert_eq!((verdict.license, verdict.tier, verdict.disagreement), (None, 2, true));
        let verdict = decided(&[("prose", "LicenseRef-CC-BY", "site"), ("badge", "CC-BY-2.5", "site")]);
        assert_eq!((verdict.license.as_deref(), verdict.version_disagreement), (Some("CC-BY-2.5"), false));
        let verdict = decided(&[("a_rel", "CC-BY-3.0-DE", "site"), ("badge", "CC-BY-3.0", "site")]);
        assert!(verdict.version_disagreement && verdict.license.as_deref() == Some("CC-BY-3.0-DE"));
        let verdict = decided(&[("seed", "CC-BY-3.0", "site"), ("a_rel", "CC-BY-3.0-DE", "site")]);
        assert_eq!(verdict.license.as_deref(), Some("CC-BY-3.0-DE"));
        let verdict = decided(&[("a_rel", "CC-BY-3.0-DE", "site"), ("prose", "CC-BY-3.0", "site")]);
        assert!(!verdict.version_disagreement);
    }

    #[test]
    fn what_is_not_about_the_text_decides_nothing() {
        for scope in ["media", "comment", "unknown"] {
            let verdict = decided(&[("a_rel", "CC-BY-4.0", scope)]);
            assert_eq!(verdict, Verdict::default());
        }
        let verdict = decided(&[("a_rel", "CC-BY-4.0", "page"), ("a_rel", "CC0-1.0", "media")]);
        assert_eq!(verdict.license.as_deref(), Some("CC-BY-4.0"));
    }

    #[test]
    fn a_mirror_cannot_give_more_than_it_got() {
        for (claimed, license, tier) in [
            ("CC0-1.0", None, 3),
            ("CC-BY-4.0", None, 3),
            ("CC-BY-SA-4.0", Some("CC-BY-SA-4.0"), 3),
            ("CC-BY-NC-4.0", Some("CC-BY-NC-4.0"), 2),
        ] {
            let verdict = decided(&[("a_rel", claimed, "site"), ("origin", "LicenseRef-CC-BY-SA", "page")]);
            assert_eq!((verdict.license.as_deref(), verdict.tier), (license, tier), "{claimed}");
        }
    }

    #[test]
    fn the_word_of_a_seed_is_held_against_the_page() {
        let declared = |rows: &[_]| decided(rows).declared;
        let seed = ("seed", "CC-BY-4.0", "site");
        assert_eq!(declared(&[("a_rel", "CC-BY-4.0", "page")]), None);
        assert_eq!(declared(&[seed]), Some("alone"));
        assert_eq!(declared(&[seed, ("a_rel", "", "page")]), Some("alone"));
        assert_eq!(declared(&[seed, ("a_rel", "CC-BY-3.0", "page")]), Some("agrees"));
        assert_eq!(declared(&[seed, ("a_rel", "CC-BY-NC-4.0", "page")]), Some("contradicts"));
        assert_eq!(declared(&[seed, ("a_rel", "CC-BY-NC-4.0", "media")]), Some("alone"));
    }
}
