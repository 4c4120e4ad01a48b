//! What a provider of a general-purpose model says for the summary of training content that Article 53(1)(d) of the EU's AI
//! Act asks for: the types of `about.provider`.
//!
//! A run knows what it read and made. What only the provider knows stands here; what stands nowhere is left "to be stated
//! by the provider" in the summary.

use std::collections::BTreeMap;

use garde::Validate;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::about::{Party, is_url};
use super::values::SourceName;

/// What a provider of a general-purpose model says about itself (AI Act, Article 53(1)(d)).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct Provider {
    /// Its representative in the Union, where it is seated elsewhere.
    #[garde(dive)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorised_representative: Option<Party>,
    /// Names and versions of the models trained on the corpus.
    #[garde(inner(length(min = 1)))]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub models: Vec<String>,
    /// The models that those were made from, if any, and where their summaries are.
    #[garde(inner(length(min = 1)))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model_dependencies: Option<String>,
    /// The day on which the model was placed on the Union market.
    #[garde(skip)]
    #[schemars(with = "Option<String>", extend("format" = "date"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub placed_on_market: Option<Date>,
    /// Tokens of this corpus by the tokenizer of the model. Runs count documents, characters and bytes.
    #[garde(skip)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens: Option<u64>,
    /// Whether the model is trained further on data acquired later.
    #[garde(skip)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub continuous_training: Option<bool>,
    /// Whether it is a small or medium enterprise: then fewer domain names are listed, the top 5 % or 1,000 instead of the
    /// top 10 %.
    #[garde(skip)]
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub small: bool,
    /// What each source is in the terms of the summary, by its name in `sources`.
    #[garde(dive)]
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub sources: BTreeMap<SourceName, ProviderSource>,
    /// Whether data of users of its models or services was used, and which.
    #[garde(inner(length(min = 1)))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_data: Option<String>,
    /// Whether data made by models was used, and by which models.
    #[garde(inner(length(min = 1)))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub synthetic_data: Option<String>,
    /// Whether data of other sources was used, and which.
    #[garde(inner(length(min = 1)))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub other_data: Option<String>,
    /// Whether it signed the code of practice.
    #[garde(skip)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code_of_practice: Option<bool>,
    /// What is done to respect reservations, beyond what the run does.
    #[garde(inner(length(min = 1)))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reservations: Option<String>,
    /// What is done against illegal content.
    #[garde(inner(length(min = 1)))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub illegal_content: Option<String>,
    /// Anything else that the summary should say.
    #[garde(inner(length(min = 1)))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub other: Option<String>,
}

/// What a source is in the terms of the summary.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct ProviderSource {
    /// The section it belongs in. WARC files count as crawled unless this says otherwise; of documents of an existing
    /// corpus the run cannot know.
    #[garde(skip)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<SourceKind>,
    /// The name by which it is known; else that in `sources`.
    #[garde(inner(length(min = 1)))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where it can be had.
    #[garde(custom(is_url))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// What it holds, in words.
    #[garde(inner(length(min = 1)))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Names of the crawlers, as they tell them to servers.
    #[garde(inner(length(min = 1)))]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub crawlers: Vec<String>,
    /// What they crawled for.
    #[garde(inner(length(min = 1)))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    /// How they behave: robots.txt, captchas, paywalls, log-ins, how often they ask.
    #[garde(inner(length(min = 1)))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub behaviour: Option<String>,
}

/// The sections of the summary that a source can belong in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SourceKind {
    /// 2.1: compiled by others and open to everyone.
    PublicDataset,
    /// 2.2.1: licensed commercially from rights holders.
    Licensed,
    /// 2.2.2: got from others, and not open to everyone.
    PrivateDataset,
    /// 2.3: crawled by the provider, or for it.
    Crawled,
    /// 2.4: of users of its models or services.
    UserData,
    /// 2.5: made by models.
    Synthetic,
    /// 2.6: of anything else.
    Other,
}
