//! SQL functions of our own.
//!
//! Sets of labels travel through SQL as one text, sorted and joined by commas, so that equal sets are equal values
//! and can be grouped. Functions that depend on the config (which node asks for which language, how many shards)
//! close over it and are registered for one run.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, ListBuilder, StringArray, StringBuilder, UInt64Array,
};
use arrow::datatypes::{DataType, Field, UInt8Type};
use datafusion::common::{DataFusionError, Result};
use datafusion::logical_expr::{ColumnarValue, ScalarUDF, Volatility, create_udf};
use kilim_langid::ngram::Ngram;

use crate::ingest::joined;
use crate::policy::{OptOut, Tuple};

/// Makes a function of arrays; scalars are expanded first.
pub fn array_function(
    name: &str,
    inputs: Vec<DataType>,
    output: DataType,
    function: impl Fn(&[ArrayRef]) -> Result<ArrayRef> + Send + Sync + 'static,
) -> ScalarUDF {
    create_udf(
        name,
        inputs,
        output,
        Volatility::Immutable,
        Arc::new(move |values: &[ColumnarValue]| {
            let arrays = ColumnarValue::values_to_arrays(values)?;
            Ok(ColumnarValue::Array(function(&arrays)?))
        }),
    )
}

/// A text column's value, or the empty text.
fn text(array: &StringArray, row: usize) -> &str {
    if array.is_valid(row) { array.value(row) } else { "" }
}

/// The labels of a joined set.
pub fn split_labels(joined: &str) -> BTreeSet<String> {
    joined.split(',').filter(|label| !label.is_empty()).map(str::to_owned).collect()
}

/// `union_labels(a, b)`: the union of two joined sets; null counts as empty.
pub fn union_labels() -> ScalarUDF {
    array_function("union_labels", vec![DataType::Utf8, DataType::Utf8], DataType::Utf8, |arrays| {
        let (a, b) = (arrays[0].as_string::<i32>(), arrays[1].as_string::<i32>());
        let union = (0..a.len()).map(|row| {
            let mut labels = split_labels(text(a, row));
            labels.extend(split_labels(text(b, row)));
            Some(joined(&labels))
        });
        Ok(Arc::new(union.collect::<StringArray>()))
    })
}

/// The type of a list of labels.
pub fn label_list() -> DataType {
    DataType::List(Arc::new(Field::new("item", DataType::Utf8, true)))
}

/// `labels(a)`: a joined set as a list; no set, no list.
pub fn labels() -> ScalarUDF {
    array_function("labels", vec![DataType::Utf8], label_list(), |arrays| {
        let column = arrays[0].as_string::<i32>();
        let mut lists = ListBuilder::new(StringBuilder::new());
        for row in 0..column.len() {
            for label in split_labels(text(column, row)) {
                lists.values().append_value(label);
            }
            lists.append(column.is_valid(row));
        }
        Ok(Arc::new(lists.finish()))
    })
}

/// `policy_tuple(jurisdictions, cluster_jurisdictions, community, mode, source, steward, license_tier, optout_train,
/// personal)`: what policies see, in canonical JSON.
pub fn policy_tuple() -> ScalarUDF {
    let utf8 = || DataType::Utf8;
    let inputs =
        vec![utf8(), utf8(), utf8(), utf8(), utf8(), utf8(), DataType::UInt8, utf8(), DataType::Boolean];
    array_function("policy_tuple", inputs, DataType::Utf8, |arrays| {
        let column = |index: usize| arrays[index].as_string::<i32>();
        let tier = arrays[6].as_primitive::<UInt8Type>();
        let personal: &BooleanArray = arrays[8].as_boolean();
        let tuples = (0..arrays[0].len()).map(|row| {
            let optout_train: OptOut =
                text(column(7), row).parse().map_err(|error: String| DataFusionError::Internal(error))?;
            let tuple = Tuple {
                cluster_jurisdictions: split_labels(text(column(1), row)),
                community: split_labels(text(column(2), row)),
                jurisdictions: split_labels(text(column(0), row)),
                license_tier: if tier.is_valid(row) { tier.value(row) } else { 0 },
                mode: text(column(3), row).to_owned(),
                optout_train,
                personal: personal.is_valid(row) && personal.value(row),
                source: text(column(4), row).to_owned(),
                steward: text(column(5), row).to_owned(),
            };
            Ok(Some(tuple.canonical()))
        });
        Ok(Arc::new(tuples.collect::<Result<StringArray>>()?))
    })
}

/// `place_key(doc_id)`: where a document falls among the shards of its node and language, 64 bits of BLAKE3 keyed by
/// the seed of the run. Rows of a shard stand in this order, so a shard is a fair sample of its language.
pub fn place_key(random_seed: u64) -> ScalarUDF {
    let key = blake3::derive_key("kilim 2026-11 shard placement", &random_seed.to_le_bytes());
    array_function("place_key", vec![DataType::Utf8], DataType::UInt64, move |arrays| {
        let ids = arrays[0].as_string::<i32>();
        let keys = (0..ids.len()).map(|row| {
            let hash = blake3::keyed_hash(&key, text(ids, row).as_bytes());
            let mut first = [0; 8];
            first.copy_from_slice(&hash.as_bytes()[..8]);
            Some(u64::from_le_bytes(first))
        });
        Ok(Arc::new(keys.collect::<UInt64Array>()))
    })
}

/// `identify_language(text)`: the label that engine `ngram` gives with its built-in model, `und` and `zxx` among them; for
/// texts that no step has seen, and to compare an engine of the config with.
pub fn identify_language() -> ScalarUDF {
    array_function("identify_language", vec![DataType::Utf8], DataType::Utf8, |arrays| {
        let engine = Ngram::embedded();
        let texts = arrays[0].as_string::<i32>().iter();
        let labels = texts.map(|text| text.map(|text| engine.guess(text).lang.to_string()));
        Ok(Arc::new(labels.collect::<StringArray>()))
    })
}

/// The functions that no config has a say in, for every session.
pub fn of_every_session() -> [ScalarUDF; 4] {
    [union_labels(), labels(), policy_tuple(), identify_language()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joined_sets_are_sorted_and_unique() {
        let union = split_labels("TZ,KE,,KE");
        assert_eq!(joined(&union), "KE,TZ");
        assert!(split_labels("").is_empty());
    }
}
