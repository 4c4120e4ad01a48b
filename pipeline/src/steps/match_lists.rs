//! Counts what a document has of lists that a steward loads, and rejects it where that is too much.
//!
//! # What it does
//! Looks for the entries of each list (`file`): words and phrases in title and text (`of: words`), words in the address
//! (`url_words`), or the page's host and the domains it is part of (`hosts`). What was met goes into `list_hits`: how
//! often, how many different entries, and their share of the text.
//!
//! A list with `min_hits` rejects a document that reaches it, and `min_share` where that is given; the reason is
//! `listed_` and the list's `kind`, and says counts, never words. Without `min_hits` nothing is rejected. Words need
//! two hits at least, since one may be a name, a quotation or another language; a host is a whole name that somebody
//! listed, and rejects with `min_hits: 1`.
//!
//! A file has an entry a line, or the columns `language,entry`; a language is an ISO 639-3 code, and an empty one is
//! that of the list (`language`) or all. Where entries overlap the first counts, and of those that begin at one place
//! the longest. Within entries of `allow` nothing counts. A list of hosts has a host a line, as `hosts` files do.
//!
//! No list is shipped: which words are bad is for those to say who know the language, and most lists have licences.
//!
//! # Why
//! Hosts of malware and piracy, and pages made of a few words over and over, are known to others before we see them.
//!
//! # Precedent
//! C4 drops a page on one word of 28 lists, and had to allow words that hit a tenth of all Japanese and Chinese
//! pages. FineWeb has lists of domains, of words in addresses, and of words of which two count; RedPajama-v2 stores
//! counts.
//!
//! # Across languages
//! An entry is a whole word where words have spaces, and any part of the text in Thai, Lao, Khmer, Burmese, Chinese
//! and Japanese, where a short entry begins many harmless words: those go into `allow`. An entry of one letter is
//! refused. Case and width do not matter, marks do; in Turkish and Azerbaijani `I` is the capital of `ı`. A word that
//! changes with case or number needs each form as an entry. `min_share` is of letters, not of words, and so the same
//! in every script.
//!
//! # Example
//! ```yaml
//! match_lists: { lists: [{ file: lists/adult.csv, kind: adult, min_hits: 5, min_share: 0.01 }], allow: lists/allowed.csv }
//! ```

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use garde::Validate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::document::{ListHits, Page};
use crate::lists::{Found, ListFile, ListOf, Lists, Lookup, Subject};
use crate::step::{DocumentStep, DocumentStepConfig, Resources, StepError};

/// Counts what a document has of lists that a steward loads, and rejects it where that is too much.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct MatchLists {
    /// The lists.
    #[garde(length(min = 1), dive)]
    pub lists: Vec<WordOrHostList>,
    /// Entries within which nothing counts, for all lists of words; a file as those of the lists.
    #[serde(default)]
    #[garde(skip)]
    pub allow: Option<PathBuf>,
}

/// One list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct WordOrHostList {
    /// The file, relative to the config.
    #[garde(skip)]
    pub file: PathBuf,
    /// A word for what the list is against, such as `adult`, `malware`, `piracy`: lower-case letters, digits and `_`.
    /// Reasons begin with it.
    #[garde(custom(is_kind))]
    pub kind: String,
    /// What the list is of.
    #[serde(default)]
    #[garde(skip)]
    pub of: ListOf,
    /// ISO 639-3 code of entries that name no language themselves; all languages by default.
    #[serde(default)]
    #[garde(inner(custom(is_language)))]
    pub language: Option<String>,
    /// Hits from which on a document is rejected: 2 or more for words, 1 for hosts. Without it hits are only counted.
    #[serde(default)]
    #[garde(custom(fits(self.of)))]
    pub min_hits: Option<u32>,
    /// Least share of the text's letters that stand in hits, 0 to 1, for a document to be rejected; `min_hits` must
    /// be reached too.
    #[serde(default)]
    #[garde(inner(range(min = 0.0, max = 1.0)), custom(needs_hits(self.of, self.min_hits)))]
    pub min_share: Option<f32>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "garde passes its context by reference")]
fn is_kind(kind: &str, _context: &()) -> garde::Result {
    let is_letter = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    if kind.bytes().next().is_some_and(|b| b.is_ascii_lowercase()) && kind.bytes().all(is_letter) {
        return Ok(());
    }
    Err(garde::Error::new("a kind is lower-case letters, digits and `_`, such as `adult`"))
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "garde passes its context by reference")]
fn is_language(code: &str, _context: &()) -> garde::Result {
    if kilim_langid::known_code(code) {
        return Ok(());
    }
    Err(garde::Error::new(format!("`{code}` is not an ISO 639-3 code")))
}

fn fits(of: ListOf) -> impl FnOnce(&Option<u32>, &()) -> garde::Result {
    move |min_hits, ()| match (of, *min_hits) {
        (ListOf::Words | ListOf::UrlWords, Some(0 | 1)) => {
            Err(garde::Error::new("words reject from 2 hits on: one may be a name or a quotation"))
        }
        (ListOf::Hosts, Some(hits)) if hits != 1 => {
            Err(garde::Error::new("a page has one host: 1, or nothing"))
        }
        _ => Ok(()),
    }
}

fn needs_hits(of: ListOf, min_hits: Option<u32>) -> impl FnOnce(&Option<f32>, &()) -> garde::Result {
    move |min_share, ()| match (of, min_hits, min_share) {
        (_, _, None) => Ok(()),
        (ListOf::Hosts, ..) => Err(garde::Error::new("a host has no share of the text")),
        (_, None, _) => {
            Err(garde::Error::new("a share rejects together with `min_hits`, so that no single word does"))
        }
        _ => Ok(()),
    }
}

impl MatchLists {
    fn read(&self, resources: &Resources) -> Result<Lists, StepError> {
        let file = |path: &Path, of, language: Option<&String>| {
            let bytes = resources.read(path)?;
            Ok(ListFile { path: path.to_owned(), bytes, of, language: language.cloned() })
        };
        let files: Vec<ListFile> = self
            .lists
            .iter()
            .map(|list| file(&list.file, list.of, list.language.as_ref()))
            .collect::<Result<_, StepError>>()?;
        let allow = self.allow.as_deref().map(|path| file(path, ListOf::Words, None)).transpose()?;
        Lists::read(&files, allow.as_ref())
            .map_err(|error| StepError::Config { problem: error.to_string(), hint: None })
    }
}

impl DocumentStepConfig for MatchLists {
    const VERSION: u32 = 1;

    fn build(&self, resources: &Resources) -> Result<Box<dyn DocumentStep>, StepError> {
        let lists = resources.table(&format!("match_lists {self:?}"), || self.read(resources))?;
        let kinds = self.lists.iter().map(|list| Arc::from(list.kind.as_str())).collect();
        Ok(Box::new(MatchStep { config: self.clone(), kinds, lists, lookup: Lookup::default() }))
    }

    fn digests(&self, resources: &Resources) -> Result<Vec<(String, String)>, StepError> {
        let files = self.lists.iter().map(|list| (list.kind.as_str(), list.of.as_str(), &list.file));
        let allow = self.allow.iter().map(|path| ("allow", "words", path));
        files
            .chain(allow)
            .map(|(kind, of, path)| {
                let digest = blake3::hash(&resources.read(path)?).to_hex().to_string();
                Ok((format!("match_lists {kind} {of} {}", path.display()), digest))
            })
            .collect()
    }
}

struct MatchStep {
    config: MatchLists,
    /// By list.
    kinds: Vec<Arc<str>>,
    lists: Arc<Lists>,
    lookup: Lookup,
}

impl DocumentStep for MatchStep {
    fn apply(&mut self, page: &mut Page<'_>) {
        let subject = Subject {
            title: &page.title,
            text: &page.text,
            url: page.record.url,
            host: page.record.host,
            language: page.language.as_ref().map(|found| found.lang),
        };
        let found = self.lists.look(&subject, &mut self.lookup);
        let mut hits = page.list_hits.take().unwrap_or_default();
        for ((list, kind), found) in self.config.lists.iter().zip(&self.kinds).zip(found) {
            if found.hits == 0 {
                continue;
            }
            hits.push(ListHits { kind: Arc::clone(kind), of: list.of.as_str(), found: *found });
            if list.rejects(found) {
                page.reject(format!("listed_{kind}"), Some(list.told(found)));
            }
        }
        page.list_hits = Some(hits);
    }
}

impl WordOrHostList {
    fn rejects(&self, found: &Found) -> bool {
        self.min_hits.is_some_and(|min| found.hits >= min)
            && self.min_share.is_none_or(|min| found.share >= min)
    }

    /// What was compared with what: `of=words hits=5 entries=2 share=0.013 min_hits=5`.
    fn told(&self, found: &Found) -> String {
        let Found { hits, entries, share } = found;
        let of = self.of.as_str();
        if self.of == ListOf::Hosts {
            return format!("of={of}");
        }
        let mut told = format!("of={of} hits={hits} entries={entries} share={share:.4}");
        if let Some(min) = self.min_hits {
            let _ = write!(told, " min_hits={min}");
        }
        if let Some(min) = self.min_share {
            let _ = write!(told, " min_share={min}");
        }
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Language, Record};

    fn config(yaml: &str) -> MatchLists {
        serde_saphyr::from_str(yaml).unwrap()
    }

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [
            ("ndege.csv", "language,entry\n,bata\nhin,बत्तख\njpn,かも\n"),
            ("wenyeji.txt", "mbaya.example\n"),
            ("ruhusa.csv", "language,entry\njpn,かもしれない\n"),
        ] {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        folder
    }

    fn reasons(config: &MatchLists, lang: &str, host: &str, text: &str) -> (Vec<String>, Vec<(u32, u32)>) {
        let folder = folder();
        let mut page = Page {
            record: Record { host, ..Record::default() },
            text: text.to_owned(),
            language: Some(Language::certain(lang)),
            ..Page::default()
        };
        config.build(&Resources::new(folder.path())).unwrap().apply(&mut page);
        let reasons =
            page.reasons.iter().map(|r| format!("{}: {}", r.code, r.detail.as_deref().unwrap_or("")));
        let hits = page.list_hits.iter().flatten().map(|hits| (hits.found.hits, hits.found.entries));
        (reasons.collect(), hits.collect())
    }

    #[test]
    fn one_hit_counts_and_two_reject() {
        let config = config("{ lists: [{ file: ndege.csv, kind: ndege, min_hits: 2 }], allow: ruhusa.csv }");
        for (lang, text, rejected, hits) in [
            ("swa_Latn", "Bata yuko majini", false, 1),
            ("swa_Latn", "Bata, bata!", true, 2),
            ("hin_Deva", "बत्तख और बत्तख पानी में", true, 2),
            ("nep_Deva", "बत्तख और बत्तख पानी में", false, 0),
            ("jpn_Jpan", "かもが来るかもしれない", false, 1),
            ("jpn_Jpan", "かもとかも", true, 2),
        ] {
            let (reasons, found) = reasons(&config, lang, "", text);
            assert_eq!(!reasons.is_empty(), rejected, "{text} {reasons:?}");
            assert_eq!(found.first().map_or(0, |(hits, _)| *hits), hits, "{text}");
        }
        let (told, _) = reasons(&config, "swa_Latn", "", "Bata, bata!");
        assert_eq!(told, ["listed_ndege: of=words hits=2 entries=1 share=1.0000 min_hits=2"]);
    }

    #[test]
    fn a_share_spares_long_texts() {
        let config = config("{ lists: [{ file: ndege.csv, kind: ndege, min_hits: 2, min_share: 0.1 }] }");
        assert_eq!(reasons(&config, "swa_Latn", "", "bata na bata").0.len(), 1);
        let long = format!("bata na bata {}", "Ἀλλὰ ποταμὸς ῥεῖ καὶ πόλις καθεύδει. ".repeat(20));
        assert_eq!(reasons(&config, "grc_Grek", "", &long), (vec![], vec![(2, 1)]));
    }

    #[test]
    fn lists_without_a_number_only_count_and_a_host_rejects_by_itself() {
        let counting = config("{ lists: [{ file: wenyeji.txt, kind: malware, of: hosts }] }");
        assert_eq!(reasons(&counting, "und", "www.mbaya.example", ""), (vec![], vec![(1, 1)]));
        let rejecting = config("{ lists: [{ file: wenyeji.txt, kind: malware, of: hosts, min_hits: 1 }] }");
        let (told, _) = reasons(&rejecting, "und", "www.mbaya.example", "");
        assert_eq!(told, ["listed_malware: of=hosts"]);
        assert_eq!(reasons(&rejecting, "und", "mzuri.example", ""), (vec![], vec![]));
    }

    #[test]
    fn one_word_may_not_reject() {
        for (list, problem) in [
            ("kind: a, min_hits: 1", Some("min_hits: words reject from 2 hits on")),
            ("kind: a, of: url_words, min_hits: 1", Some("min_hits: words reject from 2 hits on")),
            ("kind: a, of: hosts, min_hits: 2", Some("min_hits: a page has one host")),
            ("kind: a, of: hosts, min_hits: 1, min_share: 0.5", Some("min_share: a host has no share")),
            ("kind: a, min_share: 0.5", Some("min_share: a share rejects together with `min_hits`")),
            ("kind: a, min_hits: 2, min_share: 1.5", Some("min_share: greater than 1")),
            ("kind: Adult!", Some("kind: a kind is lower-case letters")),
            ("kind: a, language: sw", Some("language: `sw` is not an ISO 639-3 code")),
            ("kind: a, of: hosts, min_hits: 1", None),
            ("kind: a, language: swa, min_hits: 2, min_share: 0.01", None),
        ] {
            let config = config(&format!("{{ lists: [{{ file: x, {list} }}] }}"));
            match (config.validate(), problem) {
                (Ok(()), None) => {}
                (Err(report), Some(problem)) => assert!(report.to_string().contains(problem), "{report}"),
                (found, _) => panic!("{list}: {found:?}"),
            }
        }
    }

    #[test]
    fn files_are_named_in_errors_and_in_digests() {
        let folder = folder();
        let resources = Resources::new(folder.path());
        let here = config("{ lists: [{ file: ndege.csv, kind: ndege }], allow: ruhusa.csv }");
        let digests = here.digests(&resources).unwrap();
        let names: Vec<&str> = digests.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["match_lists ndege words ndege.csv", "match_lists allow words ruhusa.csv"]);
        assert!(digests.iter().all(|(_, digest)| digest.len() == 64));
        let missing = config("{ lists: [{ file: haipo.csv, kind: ndege }] }");
        let error = missing.build(&resources).err().unwrap().to_string();
        assert!(error.contains("haipo.csv"), "{error}");
        std::fs::write(folder.path().join("mbovu.csv"), "language,entry\n,bata\n,b\n").unwrap();
        let wrong = config("{ lists: [{ file: mbovu.csv, kind: ndege }] }");
        let error = wrong.build(&resources).err().unwrap().to_string();
        assert!(error.starts_with("mbovu.csv:3: an entry of one letter"), "{error}");
    }
}
