//! What only people know about a corpus: the types of `about:`, which the papers beside each manifest quote.
//!
//! Everything is optional. What is absent is left out of the papers, or stands there as "not stated"; nothing is made up.

use garde::Validate;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::provider::Provider;
use super::values::Country;

/// What the papers say about the corpus in its steward's words.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct About {
    /// Its title; else the name of the corpus.
    #[garde(inner(length(min = 1)))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What it is, in a paragraph.
    #[garde(inner(length(min = 1)))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Who publishes it.
    #[garde(dive)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub publisher: Option<Party>,
    /// Who made it; else the publisher.
    #[garde(dive)]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub creators: Vec<Party>,
    /// Licence of the collection as such, an SPDX id or expression such as `CC-BY-4.0`, or `LicenseRef-` and a name. It
    /// grants nothing about the documents: each row names its own.
    #[garde(custom(is_license))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub license: Option<String>,
    /// Where the terms of `license` stand, for one that is on no list.
    #[garde(custom(is_url))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub license_url: Option<String>,
    /// Words to find it by.
    #[garde(inner(length(min = 1)))]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub keywords: Vec<String>,
    /// How to cite it.
    #[garde(inner(length(min = 1)))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub citation: Option<String>,
    /// Where it is described.
    #[garde(custom(is_url))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The day of its publication; else `as_of`.
    #[garde(skip)]
    #[schemars(with = "Option<String>", extend("format" = "date"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date_published: Option<Date>,
    /// What it is made for.
    #[garde(inner(length(min = 1)))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub intended_purpose: Option<String>,
    /// What it must not be used for, one sentence each.
    #[garde(inner(length(min = 1)))]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub use_constraints: Vec<String>,
    /// Known limits, one sentence each.
    #[garde(inner(length(min = 1)))]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<String>,
    /// Known biases, one sentence each.
    #[garde(inner(length(min = 1)))]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub biases: Vec<String>,
    /// What its use may do to people.
    #[garde(inner(length(min = 1)))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub social_impact: Option<String>,
    /// How documents and seeds were gathered, beyond what the sources say.
    #[garde(inner(length(min = 1)))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub collection: Option<String>,
    /// What is known of personal and sensitive information, beyond what `detect_pii` counts.
    #[garde(inner(length(min = 1)))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub personal_information: Option<String>,
    /// How long and by whom it is kept up, and how versions follow each other.
    #[garde(inner(length(min = 1)))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maintenance: Option<String>,
    /// Where the consents that the documents rest on are kept.
    #[garde(inner(length(min = 1)))]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub consents: Vec<String>,
    /// Whom to ask for a takedown: an address or a URL.
    #[garde(inner(length(min = 1)))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub takedown_contact: Option<String>,
    /// What a provider of a general-purpose model says about itself, for the summary that the EU's AI Act asks for.
    #[garde(dive)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<Provider>,
}

/// A person or an organisation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct Party {
    /// Its name.
    #[garde(length(min = 1))]
    pub name: String,
    /// Its page.
    #[garde(custom(is_url))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Its address for letters by e-mail.
    #[garde(inner(length(min = 1)))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Where it is seated.
    #[garde(skip)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<Country>,
}

impl About {
    /// Whether nothing is said.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Who made it: the creators, else the publisher.
    pub fn makers(&self) -> impl Iterator<Item = &Party> {
        let publisher = self.publisher.iter().filter(|_| self.creators.is_empty());
        self.creators.iter().chain(publisher)
    }
}

/// Whether `license` is a licence by SPDX's rules.
#[expect(clippy::ref_option, reason = "garde passes references")]
pub(crate) fn is_license<C>(license: &Option<String>, _context: &C) -> garde::Result {
    let Some(license) = license else { return Ok(()) };
    spdx::Expression::parse(license)
        .map(drop)
        .map_err(|error| garde::Error::new(format!("`{license}` is no SPDX expression: {}", error.reason)))
}

/// Whether `url` is an address on the web.
#[expect(clippy::ref_option, reason = "garde passes references")]
pub(crate) fn is_url<C>(url: &Option<String>, _context: &C) -> garde::Result {
    let Some(text) = url else { return Ok(()) };
    match url::Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(()),
        _ => Err(garde::Error::new(format!("must be a URL such as https://example.org/, got `{text}`"))),
    }
}
