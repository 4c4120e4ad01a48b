//! Personal data at the door: what a node masks is masked in everything of a row that leaves.
//!
//! In `text` it stands where `detect_pii` said. Title, URL, author and attribution are looked at here, with the same rules.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray};
use arrow::datatypes::{Float32Type, UInt32Type};
use datafusion::common::{Result, internal_datafusion_err};

use crate::pii::{Counts, Detector, Hints, Kind, Profile, Span, countries, mask, redact, redact_fresh};

/// Masks laid over documents, by kind.
pub(crate) type Masked = BTreeMap<String, u64>;

/// A node's way with personal data, ready for rows.
pub(super) struct Masking {
    detector: Detector,
    profile: Profile,
}

impl Masking {
    pub(super) fn new(profile: Profile) -> Self {
        Self { detector: Detector::new(), profile }
    }

    /// Masks the columns of a shard, which are those of `rows` from `first` on; counts the masks in `masked`. The
    /// characters of all texts as they are now.
    pub(super) fn apply(
        &self,
        rows: &RecordBatch,
        first: usize,
        columns: &mut [ArrayRef],
        masked: &mut Masked,
    ) -> Result<u64> {
        let index = |name: &str| {
            let found = rows.schema().index_of(name);
            found.map_err(|_| internal_datafusion_err!("a row without {name}"))
        };
        let spans = spans(rows.column(index("pii")?))?;
        let texts = rows.column(index("text")?).as_string::<i32>();
        let mut chars = 0;
        let text: StringArray = (0..rows.num_rows())
            .map(|row| {
                let redacted = redact(texts.value(row), &spans[row], &self.profile);
                count(&redacted.masked, masked);
                chars += redacted.text.chars().count() as u64;
                Some(redacted.text.into_owned())
            })
            .collect();
        columns[index("text")? - first] = Arc::new(text);
        let hosts = rows.column(index("host")?).as_string::<i32>();
        let langs = rows.column(index("lang")?).as_string::<i32>();
        let countries: Vec<_> = (0..rows.num_rows())
            .map(|row| countries(hosts.value(row), langs.value(row).split('_').next().unwrap_or_default()))
            .collect();
        for name in ["url", "title", "attribution", "author"] {
            let at = index(name)?;
            let values = rows.column(at).as_string::<i32>();
            let masks: StringArray = values
                .iter()
                .zip(&countries)
                .map(|(value, countries)| {
                    let redacted = redact_fresh(value?, &self.detector, &Hints { countries }, &self.profile);
                    count(&redacted.masked, masked);
                    Some(redacted.text.into_owned())
                })
                .collect();
            columns[at - first] = Arc::new(masks);
        }
        Ok(chars)
    }
}

/// The masks that stand in rows of a shard, by kind. A page that has the word of a mask in its own text cannot be told from one
/// that was masked.
pub(crate) fn count_masks(rows: &RecordBatch, masked: &mut Masked) {
    for name in ["text", "url", "title", "attribution", "author"] {
        let values = rows.column_by_name(name).and_then(|column| column.as_string_opt::<i32>());
        for value in values.into_iter().flatten().flatten() {
            for kind in Kind::ALL {
                let found = value.matches(mask(kind)).count() as u64;
                if found > 0 {
                    *masked.entry(kind.as_str().to_owned()).or_default() += found;
                }
            }
        }
    }
}

fn count(found: &Counts, masked: &mut Masked) {
    for (kind, count) in found.iter().filter(|(_, count)| *count > 0) {
        *masked.entry(kind.as_str().to_owned()).or_default() += count;
    }
}

/// The spans of each row, as `detect_pii` wrote them.
fn spans(column: &ArrayRef) -> Result<Vec<Vec<Span>>> {
    let lists = column.as_list::<i32>();
    let fields = lists.values().as_struct();
    let starts = fields.column(0).as_primitive::<UInt32Type>();
    let ends = fields.column(1).as_primitive::<UInt32Type>();
    let kinds = fields.column(2).as_string::<i32>();
    let confidences = fields.column(4).as_primitive::<Float32Type>();
    let offsets = lists.value_offsets();
    (0..lists.len())
        .map(|row| {
            if lists.is_null(row) {
                // Nobody looked: such a row must not pass for one in which nothing was found.
                return Err(internal_datafusion_err!("a node masks personal data and nobody looked for it"));
            }
            (offsets[row] as usize..offsets[row + 1] as usize)
                .map(|at| {
                    let kind = Kind::from_word(kinds.value(at));
                    Ok(Span {
                        start: starts.value(at),
                        end: ends.value(at),
                        kind: kind.ok_or_else(|| internal_datafusion_err!("no kind of personal data"))?,
                        rule: "",
                        confidence: confidences.value(at),
                    })
                })
                .collect()
        })
        .collect()
}
