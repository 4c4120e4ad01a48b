//! One seed.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::web;

/// A closed list of words with one spelling each, the same in CSV, JSON and Parquet.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$case_doc:meta])* $case:ident = $word:literal $(| $other:literal)*),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$case_doc])* #[serde(rename = $word)] $case),+
        }

        impl $name {
            /// The word in files.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$case => $word),+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = String;

            /// Reads the word, in any case; the error lists the known ones.
            fn from_str(text: &str) -> Result<Self, String> {
                match text.trim().to_ascii_lowercase().as_str() {
                    $($word $(| $other)* => Ok(Self::$case),)+
                    _ => Err(format!("{text:?} is none of {}", [$($word),+].join(", "))),
                }
            }
        }
    };
}

words! {
    /// What a seed covers.
    Scope {
        /// Every page of the host, with and without `www.`; no other subdomain.
        Host = "host",
        /// The URL and everything below it: `/habari` covers `/habari/leo` and `/habari?p=2`, not `/habarileo`.
        Prefix = "prefix",
        /// This one page.
        Page = "page",
    }
}

words! {
    /// On what the licence statement rests.
    LicenseBasis {
        /// The steward owns the rights.
        Owner = "owner",
        /// The owner permitted it.
        Permission = "permission",
        /// The page itself says so to everybody.
        Public = "public",
        /// Nobody said.
        Unknown = "unknown",
    }
}

words! {
    /// Whether the steward agrees to training.
    TrainingOk {
        /// Yes.
        Yes = "y" | "yes" | "true" | "1",
        /// No.
        No = "n" | "no" | "false" | "0",
        /// Not said.
        Unknown = "unknown" | "?",
    }
}

words! {
    /// How far the documents may travel.
    Mode {
        /// Anywhere.
        Open = "open",
        /// To named nodes.
        Restricted = "restricted",
        /// Not out of the steward's node.
        LocalOnly = "local-only" | "local_only",
        /// Not even their description.
        ParticipantPrivate = "participant-private" | "participant_private",
    }
}

/// A statement about the documents below a URL, and who made it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SeedRecord {
    /// SURT of `url`: the order of seed files.
    pub surt: String,
    /// Hex BLAKE3-128 of source, canonical URL and languages: the same line always gets the same id.
    pub seed_id: String,
    /// The URL as somebody wrote it.
    pub url_raw: String,
    /// Its canonical form, see [`web::canonical`].
    pub url: String,
    /// Host of `url`, ASCII form.
    pub host: String,
    /// By the Public Suffix List; none for addresses and bare suffixes.
    pub registered_domain: Option<String>,
    /// What the seed covers.
    pub scope: Scope,
    /// ISO 639-3 codes, lower case, sorted.
    pub languages: Vec<String>,
    /// News, government…; subsections follow ` > `.
    pub section: Option<String>,
    /// ISO 3166-1 alpha-2 codes (or a bloc), upper case, sorted: to which jurisdictions the documents belong.
    pub country_claims: Vec<String>,
    /// Who looks after the seed.
    pub steward: Option<String>,
    /// SPDX expression.
    pub license: Option<String>,
    /// On what `license` rests.
    pub license_basis: LicenseBasis,
    /// Whether the steward agrees to training.
    pub training_ok: TrainingOk,
    /// Where licence and consent can be seen.
    pub evidence_url: Option<String>,
    /// How far the documents may travel; none: the policy decides.
    pub mode: Option<Mode>,
    /// Whether the documents hold personal data; none: not said.
    pub personal: Option<bool>,
    /// Communities whose word counts, sorted.
    pub community: Vec<String>,
    /// Which list the seed is from.
    pub source: String,
    /// Free text.
    pub note: Option<String>,
}

/// A seed before its derived fields are computed; see [`SeedRecord`] for the meaning of the fields.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are SeedRecord's")]
pub struct Draft {
    pub url: String,
    /// None: by the form of the URL, see [`Draft::finish`].
    pub scope: Option<Scope>,
    pub languages: Vec<String>,
    pub section: Option<String>,
    pub country_claims: Vec<String>,
    pub steward: Option<String>,
    pub license: Option<String>,
    pub license_basis: Option<LicenseBasis>,
    pub training_ok: Option<TrainingOk>,
    pub evidence_url: Option<String>,
    pub mode: Option<Mode>,
    pub personal: Option<bool>,
    pub community: Vec<String>,
    pub note: Option<String>,
}

impl Draft {
    /// Only a URL.
    pub fn new(url: &str) -> Self {
        Self { url: url.to_string(), ..Self::default() }
    }

    /// The seed, with canonical URL, id and sorted lists.
    ///
    /// Without a scope, a URL without path and query is a host; one with a query, or whose last part looks like a
    /// file (`.html`, `.php`, `.pdf`…), a page; any other a prefix.
    ///
    /// # Errors
    /// What is wrong with the URL.
    pub fn finish(self, source: &str) -> Result<SeedRecord, String> {
        let unusable = || format!("{:?} is not a web address", self.url);
        let url = web::canonical(&web::parse(&self.url).ok_or_else(unusable)?);
        let host = web::host(&url).ok_or_else(unusable)?.to_string();
        let languages = tidy(&self.languages, str::to_ascii_lowercase);
        let id = {
            let mut hasher = blake3::Hasher::new();
            for part in [source, url.as_str(), &languages.join(",")] {
                hasher.update(&(part.len() as u64).to_le_bytes());
                hasher.update(part.as_bytes());
            }
            hex::encode(&hasher.finalize().as_bytes()[..16])
        };
        Ok(SeedRecord {
            surt: web::surt(&url),
            seed_id: id,
            registered_domain: web::registered_domain(&host).map(str::to_string),
            scope: self.scope.unwrap_or_else(|| scope_of(&url)),
            host,
            languages,
            section: blank_to_none(self.section),
            country_claims: tidy(&self.country_claims, str::to_ascii_uppercase),
            steward: blank_to_none(self.steward),
            license: blank_to_none(self.license),
            license_basis: self.license_basis.unwrap_or(LicenseBasis::Unknown),
            training_ok: self.training_ok.unwrap_or(TrainingOk::Unknown),
            evidence_url: blank_to_none(self.evidence_url),
            mode: self.mode,
            personal: self.personal,
            community: tidy(&self.community, str::to_string),
            source: source.to_string(),
            note: blank_to_none(self.note),
            url: url.into(),
            url_raw: self.url,
        })
    }
}

fn scope_of(url: &web::Url) -> Scope {
    if url.query().is_some() {
        return Scope::Page;
    }
    if url.path() == "/" {
        return Scope::Host;
    }
    let last = url.path().rsplit('/').next().unwrap_or("");
    let extension = last.rsplit_once('.').map_or("", |(_, extension)| extension).to_ascii_lowercase();
    match extension.as_str() {
        "html" | "htm" | "xhtml" | "shtml" | "php" | "asp" | "aspx" | "jsp" | "cgi" | "pdf" | "txt"
        | "xml" => Scope::Page,
        _ => Scope::Prefix,
    }
}

fn tidy(values: &[String], spell: impl Fn(&str) -> String) -> Vec<String> {
    let mut values: Vec<String> =
        values.iter().map(|value| spell(value.trim())).filter(|value| !value.is_empty()).collect();
    values.sort();
    values.dedup();
    values
}

fn blank_to_none(text: Option<String>) -> Option<String> {
    text.map(|text| text.trim().to_string()).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seed(url: &str) -> SeedRecord {
        Draft { languages: vec!["SWA".into()], ..Draft::new(url) }.finish("mbegu").unwrap()
    }

    #[test]
    fn the_id_depends_on_source_url_and_language_alone() {
        let one = seed("https:///www.example.co.ke#juu");
        let mut draft = Draft::new("https://www.example.co.ke/");
        draft.languages = vec!["swa".into(), " swa".into()];
        draft.note = Some("gazeti".into());
        assert_eq!(one.seed_id, draft.clone().finish("mbegu").unwrap().seed_id);
        assert_ne!(one.seed_id, draft.clone().finish("nyingine").unwrap().seed_id);
        draft.languages.push("luo".into());
        assert_ne!(one.seed_id, draft.finish("mbegu").unwrap().seed_id);
        assert_eq!(one.seed_id.len(), 32);
        assert_eq!(
            (one.surt.as_str(), one.registered_domain.as_deref()),
            ("ke,co,example)/", Some("example.co.ke"))
        );
    }

    #[test]
    fn the_form_of_a_url_says_what_it_covers() {
        assert_eq!(seed("example.co.ke").scope, Scope::Host);
        assert_eq!(seed("https://www.bbc.com/amharic").scope, Scope::Prefix);
        assert_eq!(seed("https://press.et/?p=156174").scope, Scope::Page);
        assert_eq!(seed("http://www.boereafrikana.com/Geskiedenis.htm").scope, Scope::Page);
    }

    #[test]
    fn words_are_read_in_any_case_and_others_are_refused() {
        assert_eq!("Local-Only".parse(), Ok(Mode::LocalOnly));
        assert_eq!("YES".parse(), Ok(TrainingOk::Yes));
        let error = "labda".parse::<TrainingOk>().unwrap_err();
        assert_eq!(error, "\"labda\" is none of y, n, unknown");
        assert!(Draft::new("barua pepe").finish("mbegu").is_err());
    }
}
