//! Finding the seed of a document.

use std::collections::HashMap;
use std::ops::Range;

use super::{Scope, SeedRecord};
use crate::web;

/// Seeds by what they cover.
///
/// A document joins the seed that covers it with the longest URL: a page before a prefix before a host. Borders are
/// respected: `/habari` covers `/habari`, `/habari/leo` and `/habari?p=2`, not `/habarileo`. A host covers itself,
/// with and without `www.`, and no other subdomain: a steward speaks for the hosts they name. `http` and `https`
/// are one, a final slash does not matter, ports do. Where several seeds cover the same place, the smallest
/// `seed_id` comes first.
#[derive(Debug, Clone, Default)]
pub struct SeedIndex {
    /// Sorted by (page or not, key, seed id): all seeds of a key lie together.
    seeds: Vec<SeedRecord>,
    /// Keys of `Scope::Page`; the map is only ever asked, never walked.
    pages: HashMap<String, Range<usize>>,
    /// Keys of `Scope::Prefix` and `Scope::Host`.
    prefixes: HashMap<String, Range<usize>>,
    /// Most `/` below the host in any prefix: longer URLs need not be cut at every slash.
    max_depth: usize,
}

impl SeedIndex {
    /// Takes the seeds in any order; the answers do not depend on it.
    pub fn new(mut seeds: Vec<SeedRecord>) -> Self {
        seeds.sort_by_cached_key(|seed| {
            (seed.scope == Scope::Page, key_of(seed), seed.seed_id.clone(), seed.clone())
        });
        seeds.dedup();
        let mut index = Self::default();
        for (at, seed) in seeds.iter().enumerate() {
            let key = key_of(seed);
            let map = if seed.scope == Scope::Page { &mut index.pages } else { &mut index.prefixes };
            if seed.scope != Scope::Page {
                index.max_depth = index.max_depth.max(key.matches('/').count());
            }
            map.entry(key).or_insert(at..at).end = at + 1;
        }
        index.seeds = seeds;
        index
    }

    /// The seeds, in the index's own order.
    pub fn seeds(&self) -> &[SeedRecord] {
        &self.seeds
    }

    /// The seed of a URL, or of a SURT as [`web::surt`] gives it.
    pub fn lookup(&self, url_or_surt: &str) -> Option<&SeedRecord> {
        self.lookup_all(url_or_surt).first()
    }

    /// All seeds of the same longest place, [`SeedIndex::lookup`]'s first: one URL may be listed for several
    /// languages.
    pub fn lookup_all(&self, url_or_surt: &str) -> &[SeedRecord] {
        // A SURT may hold a whole URL in its path, and a URL a SURT: what comes first tells them apart.
        let is_surt = match (url_or_surt.find(")/"), url_or_surt.find("://")) {
            (Some(host_end), Some(scheme_end)) => host_end < scheme_end,
            (host_end, _) => host_end.is_some(),
        };
        if is_surt {
            return self.lookup_surt(url_or_surt);
        }
        web::parse(url_or_surt).map_or(&[], |url| self.lookup_surt(&web::surt(&url)))
    }

    fn lookup_surt(&self, surt: &str) -> &[SeedRecord] {
        if let Some(found) = self.pages.get(&*page_key(surt)) {
            return &self.seeds[found.clone()];
        }
        let path_end = surt.find('?').unwrap_or(surt.len());
        // A prefix may hold a query only where somebody said so; then the whole URL is the one candidate.
        if path_end < surt.len()
            && let Some(found) = self.prefixes.get(surt)
        {
            return &self.seeds[found.clone()];
        }
        let path = surt[..path_end].trim_end_matches('/');
        let Some(host_end) = surt.find(')').map(|at| at + 1) else { return &[] };
        let mut slashes: Vec<usize> =
            path.match_indices('/').map(|(at, _)| at).take(self.max_depth + 1).collect();
        if slashes.len() <= self.max_depth {
            slashes.push(path.len());
        }
        for end in slashes.into_iter().rev().chain([host_end]) {
            if let Some(found) = self.prefixes.get(&path[..end]) {
                return &self.seeds[found.clone()];
            }
        }
        &[]
    }
}

/// What a seed is filed under: its SURT without a final slash; only the host part for a host.
fn key_of(seed: &SeedRecord) -> String {
    match seed.scope {
        Scope::Page => page_key(&seed.surt).into_owned(),
        Scope::Prefix => seed.surt.trim_end_matches('/').to_string(),
        Scope::Host => seed.surt.split_inclusive(')').next().unwrap_or(&seed.surt).to_string(),
    }
}

/// A SURT without the slash at the end of its path.
fn page_key(surt: &str) -> std::borrow::Cow<'_, str> {
    match surt.split_once('?') {
        None => surt.trim_end_matches('/').into(),
        Some((path, query)) if path.ends_with('/') => {
            format!("{}?{query}", path.trim_end_matches('/')).into()
        }
        Some(_) => surt.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Draft;
    use super::*;
    use proptest::prelude::*;

    fn seed(url: &str, scope: Option<Scope>, language: &str) -> SeedRecord {
        Draft { scope, languages: vec![language.into()], ..Draft::new(url) }.finish("mbegu").unwrap()
    }

    fn index() -> SeedIndex {
        SeedIndex::new(vec![
            seed("https://www.example.co.ke/", None, "swa"),
            seed("https://example.co.ke/dholuo/", None, "luo"),
            seed("https://example.co.ke/dholuo/habari/leo.html", None, "kik"),
            seed("https://press.et/?p=156174", None, "amh"),
            seed("https://example.in:8080/हिन्दी", None, "hin"),
            seed("https://example.org/a?lang=ta", Some(Scope::Prefix), "tam"),
        ])
    }

    #[test]
    fn the_longest_cover_wins_and_borders_hold() {
        let index = index();
        for (url, language) in [
            ("http://example.co.ke/chochote?x=1", Some("swa")),
            ("http://www.example.co.ke", Some("swa")),
            ("https://example.co.ke/dholuo", Some("luo")),
            ("https://example.co.ke/dholuo?p=2", Some("luo")),
            ("https://example.co.ke/dholuo/habari/a/b/c/d", Some("luo")),
            ("https://example.co.ke/dholuo/habari/leo.html", Some("kik")),
            ("https://example.co.ke/dholuo/habari/leo.html?x", Some("luo")),
            ("https://example.co.ke/dholuo2/habari", Some("swa")),
            ("https://habari.example.co.ke/", None),
            ("https://co.ke/", None),
            ("https://press.et?p=156174", Some("amh")),
            ("https://press.et/?p=15617", None),
            ("https://example.in:8080/हिन्दी/समाचार", Some("hin")),
            ("https://example.in/हिन्दी/समाचार", None),
            ("https://example.org/a?lang=ta", Some("tam")),
            ("https://example.org/a", None),
            ("ke,co,example)/dholuo/x", Some("luo")),
            ("ke,co,example)/", Some("swa")),
            ("ke,co,example)/dholuo/https://example.org/", Some("luo")),
            ("https://example.co.ke/a)/b", Some("swa")),
            ("si anwani", None),
        ] {
            let found = index.lookup(url).map(|seed| seed.languages[0].as_str());
            assert_eq!(found, language, "{url}");
        }
    }

    #[test]
    fn several_languages_of_one_place_come_in_one_order() {
        let (a, b) =
            (seed("https://example.org/x", None, "swa"), seed("https://example.org/x/", None, "luo"));
        let one = SeedIndex::new(vec![a.clone(), b.clone(), a.clone()]);
        let two = SeedIndex::new(vec![b.clone(), a.clone()]);
        assert_eq!(one.lookup_all("https://example.org/x/y").len(), 2);
        assert_eq!(one.lookup_all("https://example.org/x/y"), two.lookup_all("https://example.org/x/y"));
        assert_eq!(
            one.lookup("https://example.org/x"),
            [&a, &b].into_iter().min_by_key(|seed| &seed.seed_id)
        );
    }

    proptest! {
        /// The index agrees with asking every seed in turn.
        #[test]
        fn lookup_is_the_longest_of_all_covers(
            seeds in prop::collection::vec("(/[ab]{1,2}){0,3}/?", 0..8),
            path in "(/[ab]{1,2}){0,4}/?",
        ) {
            let seeds: Vec<SeedRecord> = seeds
                .iter()
                .map(|path| seed(&format!("https://example.org{path}"), Some(Scope::Prefix), "swa"))
                .collect();
            let target = format!("org,example){}", path.trim_end_matches('/'));
            let covers = |seed: &&SeedRecord| {
                let key = seed.surt.trim_end_matches('/');
                target.strip_prefix(key).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            };
            let longest = seeds.iter().filter(covers).map(|seed| seed.surt.trim_end_matches('/').len()).max();
            let index = SeedIndex::new(seeds.clone());
            let found = index.lookup(&format!("https://example.org{path}"));
            prop_assert_eq!(found.map(|seed| seed.surt.trim_end_matches('/').len()), longest);
        }
    }
}
