//! The config: what a steward writes, how it is read, and how its mistakes are shown.
//!
//! [`types`] is the shape of `corpus.yaml`, [`values`] the small values in it. Reading is in two layers, because a
//! typed reader stops at the first mistake and a steward wants all of them: `tree` keeps the place of every key
//! and value, `shape` compares the tree with the JSON Schema that the types give, `meaning` looks at what the
//! schema cannot say, and only a tree without errors becomes a [`CorpusConfig`].

pub mod about;
pub mod countries;
pub mod diagnostic;
mod digest;
mod forms;
pub mod known;
pub mod lists;
pub mod load;
mod manual;
mod meaning;
mod personal;
pub mod provider;
pub mod retention;
pub mod schema;
mod shape;
pub mod sources;
pub mod step;
mod tree;
pub mod types;
pub mod values;

pub use about::{About, Party};
pub(crate) use diagnostic::nearest;
pub use diagnostic::{Diagnostic, Diagnostics, Severity};
pub(crate) use digest::sorted;
pub use digest::{digest, digest_for_node, effective};
pub use known::Known;
pub use load::{Loaded, Report, check_for_run, load, load_with, validate_file, validate_file_with};
pub use manual::{step_page, steps_markdown};
pub use provider::{Provider, ProviderSource, SourceKind};
pub use retention::{Age, RetentionConfig, VersionsKept};
pub use schema::schema_json;
pub use sources::{DocumentFields, DocumentFormat, DocumentsSource, SeedsSource, SourceConfig, WarcSource};
pub use step::StepConfig;
pub use types::{
    CheckConfig, CheckSeverity, CorpusConfig, Expectation, GivenPage, Mode, NodeConfig, PublicConfig,
    ShardFormat, ShardsConfig, TestConfig,
};
pub use values::{
    Area, ByteSize, CommunityName, CorpusName, Country, FieldPath, Fraction, LanguageCode, LanguageLabel,
    NodeName, SourceName, StepId, ValueError,
};
