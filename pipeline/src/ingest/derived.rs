//! The columns that steps add, built row by row.

use std::collections::BTreeSet;

use arrow::array::{
    ArrayBuilder, ArrayRef, BooleanBuilder, Float32Builder, ListBuilder, StringBuilder, StructBuilder,
    UInt8Builder, UInt32Builder, UInt64Builder,
};
use arrow::datatypes::{DataType, Field, Fields};
use kilim_connectors::seeds::SeedRecord;

use super::columns::text_field;
use crate::document::{ListHits, Page, claim_fields, column, derived_columns, reason_fields, signal_fields};
use crate::optout::{EvidenceBuilder, basis};
use crate::policy::Tuple;
use crate::provenance::licences;
use crate::quality::{SIGNALS, Unit};

/// Facts about a document that come from its seed or its source rather than from a step.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Standing<'a> {
    /// The seed that covers the document.
    pub seed: Option<&'a SeedRecord>,
    /// Steward of the seed, or of the source.
    pub steward: Option<&'a str>,
    /// What policies see.
    pub tuple: Option<&'a Tuple>,
    /// Binding countries that bind every exact copy, sorted, joined by commas.
    pub bound_copies: &'a str,
    /// Digest of the normalised text.
    pub text_digest: Option<&'a str>,
    /// Bands of its sketch.
    pub bands: Option<&'a [u64]>,
}

/// Builds the derived columns and the marks of one batch.
pub(super) struct DerivedBuilder {
    seed_id: StringBuilder,
    steward: StringBuilder,
    declared_lang: ListBuilder<StringBuilder>,
    title: StringBuilder,
    text: StringBuilder,
    text_chars: UInt32Builder,
    html_lang: StringBuilder,
    extractor: StringBuilder,
    blocks: ListBuilder<StructBuilder>,
    lang: StringBuilder,
    lang_confidence: Float32Builder,
    lang_margin: Float32Builder,
    lang_top: ListBuilder<StructBuilder>,
    lang_engine: StringBuilder,
    signals: StructBuilder,
    pii: ListBuilder<StructBuilder>,
    pii_kinds: StringBuilder,
    list_hits: ListBuilder<StructBuilder>,
    license_evidence: ListBuilder<StructBuilder>,
    license: StringBuilder,
    license_tier: UInt8Builder,
    license_scope: StringBuilder,
    license_confidence: Float32Builder,
    license_disagreement: BooleanBuilder,
    license_version_disagreement: BooleanBuilder,
    license_declared: StringBuilder,
    license_url: StringBuilder,
    attribution: StringBuilder,
    author: StringBuilder,
    optout_evidence: EvidenceBuilder,
    optout_train: StringBuilder,
    optout_basis: StringBuilder,
    jurisdiction_claims: ListBuilder<StructBuilder>,
    bound_by: StringBuilder,
    bound_copies: StringBuilder,
    mode: StringBuilder,
    personal: BooleanBuilder,
    community: ListBuilder<StringBuilder>,
    text_digest: StringBuilder,
    bands: ListBuilder<UInt64Builder>,
    outcome: StringBuilder,
    reasons: ListBuilder<StructBuilder>,
}

fn list_of(name: &str) -> ListBuilder<StructBuilder> {
    let fields = derived_columns()
        .into_iter()
        .find(|field| field.name() == name)
        .and_then(|field| match field.data_type() {
            DataType::List(item) => match item.data_type() {
                DataType::Struct(fields) => Some(fields.clone()),
                _ => None,
            },
            _ => None,
        })
        .expect("the schema declares it as a list of structs");
    list_of_fields(fields)
}

fn list_of_fields(fields: Fields) -> ListBuilder<StructBuilder> {
    ListBuilder::new(StructBuilder::from_fields(fields.clone(), 0)).with_field(Field::new(
        "item",
        DataType::Struct(fields),
        true,
    ))
}

impl Default for DerivedBuilder {
    fn default() -> Self {
        Self {
            seed_id: StringBuilder::new(),
            steward: StringBuilder::new(),
            declared_lang: ListBuilder::new(StringBuilder::new()),
            title: StringBuilder::new(),
            text: StringBuilder::new(),
            text_chars: UInt32Builder::new(),
            html_lang: StringBuilder::new(),
            extractor: StringBuilder::new(),
            blocks: list_of(column::BLOCKS),
            lang: StringBuilder::new(),
            lang_confidence: Float32Builder::new(),
            lang_margin: Float32Builder::new(),
            lang_top: list_of(column::LANG_TOP),
            lang_engine: StringBuilder::new(),
            signals: StructBuilder::from_fields(signal_fields(), 0),
            pii: list_of(column::PII),
            pii_kinds: StringBuilder::new(),
            list_hits: list_of(column::LIST_HITS),
            license_evidence: list_of(column::LICENSE_EVIDENCE),
            license: StringBuilder::new(),
            license_tier: UInt8Builder::new(),
            license_scope: StringBuilder::new(),
            license_confidence: Float32Builder::new(),
            license_disagreement: BooleanBuilder::new(),
            license_version_disagreement: BooleanBuilder::new(),
            license_declared: StringBuilder::new(),
            license_url: StringBuilder::new(),
            attribution: StringBuilder::new(),
            author: StringBuilder::new(),
            optout_evidence: EvidenceBuilder::default(),
            optout_train: StringBuilder::new(),
            optout_basis: StringBuilder::new(),
            jurisdiction_claims: list_of_fields(claim_fields()),
            bound_by: StringBuilder::new(),
            bound_copies: StringBuilder::new(),
            mode: StringBuilder::new(),
            personal: BooleanBuilder::new(),
            community: ListBuilder::new(StringBuilder::new()),
            text_digest: StringBuilder::new(),
            bands: ListBuilder::new(UInt64Builder::new()),
            outcome: StringBuilder::new(),
            reasons: list_of_fields(reason_fields()),
        }
    }
}

impl DerivedBuilder {
    /// One page as the steps left it.
    pub(super) fn push(&mut self, page: &Page<'_>, standing: &Standing<'_>) {
        self.push_seed(page, standing);
        self.push_text(page, standing);
        self.push_language(page);
        self.push_signals(page);
        self.push_pii(page);
        self.push_list_hits(page);
        self.push_license(page);
        self.push_claims(page, standing);
        self.outcome.append_option(page.outcome.map(crate::document::Outcome::as_str));
        for reason in &page.reasons {
            let entry = self.reasons.values();
            text_field(entry, 0).append_value(&reason.step);
            text_field(entry, 1).append_value(&reason.code);
            text_field(entry, 2).append_option(reason.detail.as_deref());
            entry.append(true);
        }
        self.reasons.append(true);
    }

    fn push_seed(&mut self, page: &Page<'_>, standing: &Standing<'_>) {
        self.seed_id.append_option(standing.seed.map(|seed| seed.seed_id.as_str()));
        self.steward.append_option(standing.steward);
        let languages = standing.seed.map_or(&[][..], |seed| &seed.languages);
        let given = page.record.given.map(|given| given.lang).filter(|lang| !lang.is_empty());
        let given = given.filter(|given| languages.iter().all(|language| language != given));
        for language in languages.iter().map(String::as_str).chain(given) {
            self.declared_lang.values().append_value(language);
        }
        self.declared_lang.append(true);
    }

    fn push_text(&mut self, page: &Page<'_>, standing: &Standing<'_>) {
        let has_text = !page.text.is_empty();
        self.title.append_option((!page.title.is_empty()).then_some(&page.title));
        self.text.append_option(has_text.then_some(&page.text));
        self.text_chars.append_value(page.text.chars().count() as u32);
        self.html_lang.append_option(page.html_lang.as_deref());
        self.extractor.append_option((!page.extractor.is_empty()).then_some(page.extractor));
        for block in &page.blocks {
            let entry = self.blocks.values();
            number_field(entry, 0).append_value(block.start);
            number_field(entry, 1).append_value(block.end);
            text_field(entry, 2).append_value(block.kind);
            float_field(entry, 3).append_value(block.score);
            entry.append(true);
        }
        self.blocks.append(true);
        self.text_digest.append_option(standing.text_digest);
        self.bands.values().append_slice(standing.bands.unwrap_or_default());
        self.bands.append(standing.bands.is_some());
    }

    fn push_language(&mut self, page: &Page<'_>) {
        let language = page.language.as_ref();
        self.lang.append_option(language.map(|language| language.lang.to_string()));
        self.lang_confidence.append_option(language.map(|language| language.confidence));
        self.lang_margin.append_option(language.map(|language| language.margin));
        self.lang_engine.append_option(language.map(|language| language.engine.as_ref()));
        for (lang, share) in language.map_or(&[][..], |language| &language.top) {
            let entry = self.lang_top.values();
            text_field(entry, 0).append_value(lang.to_string());
            float_field(entry, 1).append_value(*share);
            entry.append(true);
        }
        self.lang_top.append(true);
    }

    fn push_signals(&mut self, page: &Page<'_>) {
        for (index, signal) in SIGNALS.iter().enumerate() {
            let value = page.signals.as_ref().map(signal.get).filter(|value| !value.is_nan());
            if signal.unit == Unit::Count {
                number_field(&mut self.signals, index).append_option(value.map(|value| value as u32));
            } else {
                float_field(&mut self.signals, index).append_option(value.map(|value| value as f32));
            }
        }
        self.signals.append(page.signals.is_some());
    }

    fn push_pii(&mut self, page: &Page<'_>) {
        let spans = page.pii.as_deref();
        for span in spans.unwrap_or_default() {
            let entry = self.pii.values();
            number_field(entry, 0).append_value(span.start);
            number_field(entry, 1).append_value(span.end);
            text_field(entry, 2).append_value(span.kind.as_str());
            text_field(entry, 3).append_value(span.rule);
            float_field(entry, 4).append_value(span.confidence);
            entry.append(true);
        }
        self.pii.append(spans.is_some());
        let kinds: BTreeSet<String> =
            spans.unwrap_or_default().iter().map(|span| span.kind.as_str().to_owned()).collect();
        self.pii_kinds.append_option(spans.map(|_| joined(&kinds)));
    }

    fn push_list_hits(&mut self, page: &Page<'_>) {
        for ListHits { kind, of, found } in page.list_hits.iter().flatten() {
            let entry = self.list_hits.values();
            text_field(entry, 0).append_value(kind);
            text_field(entry, 1).append_value(of);
            number_field(entry, 2).append_value(found.hits);
            number_field(entry, 3).append_value(found.entries);
            float_field(entry, 4).append_value(found.share);
            entry.append(true);
        }
        self.list_hits.append(page.list_hits.is_some());
    }

    fn push_license(&mut self, page: &Page<'_>) {
        for evidence in &page.license_evidence {
            let entry = self.license_evidence.values();
            text_field(entry, 0).append_value(evidence.signal);
            text_field(entry, 1).append_value(&evidence.raw);
            text_field(entry, 2).append_option(evidence.spdx.as_deref());
            let parts = evidence.spdx.as_deref().map(licences::parts);
            text_field(entry, 3).append_option(parts.and_then(|parts| parts.version));
            text_field(entry, 4).append_option(parts.and_then(|parts| parts.port));
            text_field(entry, 5).append_option(evidence.subject.as_deref());
            text_field(entry, 6).append_value(evidence.scope);
            flag_field(entry, 7).append_value(evidence.in_head);
            flag_field(entry, 8).append_value(evidence.in_footer);
            flag_field(entry, 9).append_value(evidence.negated);
            flag_field(entry, 10).append_value(evidence.excepted);
            float_field(entry, 11).append_value(evidence.confidence);
            text_field(entry, 12).append_value(&evidence.context);
            entry.append(true);
        }
        self.license_evidence.append(true);
        self.license.append_option(page.license.as_deref());
        self.license_tier.append_value(page.license_tier);
        self.license_scope.append_option(page.license_scope);
        self.license_confidence.append_value(page.license_confidence);
        self.license_disagreement.append_value(page.license_disagreement);
        self.license_version_disagreement.append_value(page.license_version_disagreement);
        self.license_declared.append_option(page.license_declared);
        self.license_url.append_option(page.license_url.as_deref());
        self.attribution.append_option(page.attribution.as_deref());
        self.author.append_option(page.author.as_deref());
    }

    fn push_claims(&mut self, page: &Page<'_>, standing: &Standing<'_>) {
        for claim in &page.claims {
            let entry = self.jurisdiction_claims.values();
            text_field(entry, 0).append_value(&claim.country);
            text_field(entry, 1).append_value(claim.basis);
            flag_field(entry, 2).append_value(claim.binding);
            float_field(entry, 3).append_value(claim.confidence);
            text_field(entry, 4).append_value(&claim.evidence);
            entry.append(true);
        }
        self.jurisdiction_claims.append(true);
        let tuple = standing.tuple;
        self.bound_by.append_option(tuple.map(|tuple| joined(&tuple.jurisdictions)));
        self.bound_copies.append_value(standing.bound_copies);
        self.mode.append_option(tuple.map(|tuple| tuple.mode.as_str()));
        self.personal.append_option(tuple.map(|tuple| tuple.personal));
        self.optout_train.append_option(tuple.map(|tuple| tuple.optout_train.as_str()));
        self.optout_evidence.push(page.optout_evidence.as_deref());
        self.optout_basis.append_option(page.optout_evidence.as_deref().and_then(basis));
        for label in tuple.into_iter().flat_map(|tuple| &tuple.community) {
            self.community.values().append_value(label);
        }
        self.community.append(true);
    }

    /// A row that no step looked at. Its outcome and reasons are the reader's and are filled in by the caller.
    pub(super) fn push_unread(&mut self) {
        for builder in [
            &mut self.seed_id,
            &mut self.steward,
            &mut self.title,
            &mut self.text,
            &mut self.html_lang,
            &mut self.extractor,
            &mut self.lang,
            &mut self.lang_engine,
            &mut self.license,
            &mut self.license_scope,
            &mut self.license_declared,
            &mut self.license_url,
            &mut self.attribution,
            &mut self.author,
            &mut self.optout_train,
            &mut self.optout_basis,
            &mut self.bound_by,
            &mut self.bound_copies,
            &mut self.mode,
            &mut self.text_digest,
            &mut self.pii_kinds,
            &mut self.outcome,
        ] {
            builder.append_null();
        }
        self.declared_lang.append(false);
        self.text_chars.append_null();
        self.blocks.append(false);
        self.lang_confidence.append_null();
        self.lang_margin.append_null();
        self.lang_top.append(false);
        self.pii.append(false);
        self.list_hits.append(false);
        self.push_signals(&Page::default());
        self.license_evidence.append(false);
        self.optout_evidence.push(None);
        self.license_tier.append_null();
        self.license_confidence.append_null();
        self.license_disagreement.append_null();
        self.license_version_disagreement.append_null();
        self.jurisdiction_claims.append(false);
        self.personal.append_null();
        self.community.append(false);
        self.bands.append(false);
        self.reasons.append(true);
    }

    /// Derived columns in the order of the schema, then outcome and reasons.
    pub(super) fn finish(&mut self) -> (Vec<ArrayRef>, ArrayRef, ArrayRef) {
        let builders: [&mut dyn ArrayBuilder; 40] = [
            &mut self.seed_id,
            &mut self.steward,
            &mut self.declared_lang,
            &mut self.title,
            &mut self.text,
            &mut self.text_chars,
            &mut self.html_lang,
            &mut self.extractor,
            &mut self.blocks,
            &mut self.lang,
            &mut self.lang_confidence,
            &mut self.lang_margin,
            &mut self.lang_top,
            &mut self.lang_engine,
            &mut self.signals,
            &mut self.pii,
            &mut self.pii_kinds,
            &mut self.list_hits,
            &mut self.license_evidence,
            &mut self.license,
            &mut self.license_tier,
            &mut self.license_scope,
            &mut self.license_confidence,
            &mut self.license_disagreement,
            &mut self.license_version_disagreement,
            &mut self.license_declared,
            &mut self.license_url,
            &mut self.attribution,
            &mut self.author,
            self.optout_evidence.builder(),
            &mut self.optout_train,
            &mut self.optout_basis,
            &mut self.jurisdiction_claims,
            &mut self.bound_by,
            &mut self.bound_copies,
            &mut self.mode,
            &mut self.personal,
            &mut self.community,
            &mut self.text_digest,
            &mut self.bands,
        ];
        let derived = builders.into_iter().map(ArrayBuilder::finish).collect();
        (derived, ArrayBuilder::finish(&mut self.outcome), ArrayBuilder::finish(&mut self.reasons))
    }
}

/// Sorted labels as one text, joined by commas: equal sets give equal texts.
pub fn joined<'a>(labels: impl IntoIterator<Item = &'a String>) -> String {
    let mut out = String::new();
    for label in labels {
        if !out.is_empty() {
            out.push(',');
        }
        out.push_str(label);
    }
    out
}

fn number_field(builder: &mut StructBuilder, index: usize) -> &mut UInt32Builder {
    builder.field_builder(index).expect("the field was declared as UInt32")
}

fn float_field(builder: &mut StructBuilder, index: usize) -> &mut Float32Builder {
    builder.field_builder(index).expect("the field was declared as Float32")
}

fn flag_field(builder: &mut StructBuilder, index: usize) -> &mut BooleanBuilder {
    builder.field_builder(index).expect("the field was declared as Boolean")
}
