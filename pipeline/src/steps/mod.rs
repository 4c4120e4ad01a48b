//! The steps a config may name.
//!
//! A new document step is one file in this folder and one line in the list below. The file holds, in this order: a
//! `//!` header with the sections *What it does*, *Why*, *Precedent*, *Across languages* and *Example*; the config
//! struct, whose field docs are the manual; [`DocumentStepConfig`] and [`DocumentStep`];
//! tests. Config parsing with exact places, `kilim steps`, the JSON Schema and the step reference follow from the
//! list.
//!
//! The list declares the modules, so `cargo fmt` does not see them: run `rustfmt pipeline/src/steps/*.rs` as well.

use schemars::{Schema, SchemaGenerator};
use serde::de::MapAccess;
use serde::ser::SerializeMap;

use crate::step::{DocumentStep, DocumentStepConfig, Resources, StepError};

/// What the program knows about a step, without a config of it.
pub struct StepInfo {
    /// The name in a config.
    pub name: &'static str,
    /// Whether it looks at all documents rather than one.
    pub corpus: bool,
    /// The file that holds it; its `//!` header is the step's page in the reference.
    pub source: &'static str,
    /// The JSON Schema of its fields, written out or as a reference into the generator's definitions.
    pub schema: fn(&mut SchemaGenerator) -> Schema,
}

impl StepInfo {
    /// The `//!` header of its file, as Markdown.
    pub fn header(&self) -> String {
        let lines = self.source.lines().map_while(|line| line.strip_prefix("//!"));
        let lines: Vec<_> = lines.map(|line| line.strip_prefix(' ').unwrap_or(line)).collect();
        lines.join("\n")
    }

    /// The first line of the header.
    pub fn summary(&self) -> &'static str {
        self.source.lines().next().and_then(|line| line.strip_prefix("//! ")).unwrap_or_default()
    }

    /// The text below one heading of the header, such as `Example`.
    pub fn section(&self, heading: &str) -> Option<String> {
        let header = self.header();
        let mut lines = header.lines().skip_while(|line| line.strip_prefix("# ") != Some(heading));
        lines.next()?;
        let body: Vec<_> = lines.take_while(|line| !line.starts_with("# ")).collect();
        Some(body.join("\n").trim().to_owned())
    }
}

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

        /// Every step, in the order of the list.
        pub const STEPS: &[StepInfo] = &[
            $(StepInfo {
                name: stringify!($name),
                corpus: false,
                source: include_str!(concat!(stringify!($name), ".rs")),
                schema: SchemaGenerator::subschema_for::<$name::$config>,
            },)*
            $(StepInfo {
                name: stringify!($corpus_name),
                corpus: true,
                source: include_str!(concat!(stringify!($corpus_name), ".rs")),
                schema: SchemaGenerator::subschema_for::<$corpus_name::$corpus_config>,
            },)*
        ];

        impl garde::Validate for StepKind {
            type Context = ();

            fn validate_into(
                &self,
                context: &(),
                parent: &mut dyn FnMut() -> garde::Path,
                report: &mut garde::Report,
            ) {
                match self {
                    $(Self::$config(config) => config.validate_into(context, parent, report),)*
                    $(Self::$corpus_config(config) => config.validate_into(context, parent, report),)*
                }
            }
        }

        impl StepKind {
            /// Reads the value of the key `name`; `None`, and nothing read, if no step is called so.
            pub(crate) fn next_value<'de, A: MapAccess<'de>>(
                name: &str,
                map: &mut A,
            ) -> Result<Option<Self>, A::Error> {
                match name {
                    $(stringify!($name) => map.next_value().map(Self::$config).map(Some),)*
                    $(stringify!($corpus_name) => map.next_value().map(Self::$corpus_config).map(Some),)*
                    _ => Ok(None),
                }
            }

            /// Writes the name and the fields as one entry of a map.
            pub(crate) fn serialize_entry<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
                match self {
                    $(Self::$config(config) => map.serialize_entry(stringify!($name), config),)*
                    $(Self::$corpus_config(config) => map.serialize_entry(stringify!($corpus_name), config),)*
                }
            }

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
        measure_quality => MeasureQuality,
        filter_quality => FilterQuality,
        match_lists => MatchLists,
        detect_pii => DetectPii,
        tag_license => TagLicense,
        tag_optout => TagOptout,
        tag_jurisdiction => TagJurisdiction,
    }
    corpus {
        dedup_exact => DedupExact,
        dedup_minhash => DedupMinhash,
    }
}
