//! The steps a config may name.
//!
//! A new document step is one file in this folder and one line in the list below. The file holds, in this order: a
//! `//!` header with the sections *What it does*, *Why*, *Precedent*, *Across languages* and *Example*; the config
//! struct, whose field docs are the manual; [`DocumentStepConfig`] and [`DocumentStep`](crate::step::DocumentStep);
//! tests. Config parsing with exact places, `kilim steps`, the JSON Schema and the step reference follow from the
//! list.
//!
//! The list declares the modules, so `cargo fmt` does not see them: run `rustfmt pipeline/src/steps/*.rs` as well.

use crate::step::{DocumentStep, DocumentStepConfig, Resources, StepError};

/// Declares the steps: modules, the enum of their configs, and the table behind `kilim steps`.
macro_rules! steps {
    (document { $($name:ident => $config:ident,)* } corpus { $($corpus_name:ident => $corpus_config:ident,)* }) => {
        $(pub mod $name;)*
        $(pub mod $corpus_name;)*

        /// The config of one step.
        #[derive(Debug, Clone, PartialEq, serde::Serialize)]
        #[serde(rename_all = "snake_case")]
        #[expect(missing_docs, reason = "each variant is documented by the config struct it holds")]
        pub enum StepKind {
            $($config($name::$config),)*
            $($corpus_config($corpus_name::$corpus_config),)*
        }

        impl StepKind {
            /// The name in a config.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Self::$config(_) => stringify!($name),)*
                    $(Self::$corpus_config(_) => stringify!($corpus_name),)*
                }
            }

            /// Whether the step looks at all documents rather than one.
            pub fn is_corpus(&self) -> bool {
                match self {
                    $(Self::$config(_) => false,)*
                    $(Self::$corpus_config(_) => true,)*
                }
            }

            /// Version of the step's behaviour, for stage keys.
            pub fn version(&self) -> u32 {
                match self {
                    $(Self::$config(_) => <$name::$config as DocumentStepConfig>::VERSION,)*
                    $(Self::$corpus_config(_) => $corpus_name::$corpus_config::VERSION,)*
                }
            }

            /// The behaviour; `None` for a corpus step, which is part of a stage's plan instead.
            pub fn build(&self, resources: &Resources) -> Result<Option<Box<dyn DocumentStep>>, StepError> {
                match self {
                    $(Self::$config(config) => config.build(resources).map(Some),)*
                    $(Self::$corpus_config(_) => Ok(None),)*
                }
            }

            /// Digests of the files that the step reads.
            pub fn digests(&self, resources: &Resources) -> Result<Vec<(String, String)>, StepError> {
                match self {
                    $(Self::$config(config) => config.digests(resources),)*
                    $(Self::$corpus_config(_) => Ok(Vec::new()),)*
                }
            }
        }
    };
}

steps! {
    document {
        extract_html => ExtractHtml,
        filter_length => FilterLength,
        normalize_text => NormalizeText,
        identify_language => IdentifyLanguage,
        filter_language => FilterLanguage,
        tag_license => TagLicense,
        tag_jurisdiction => TagJurisdiction,
    }
    corpus {
        dedup_exact => DedupExact,
    }
}
