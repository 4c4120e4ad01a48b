//! What a config may refer to that stands outside it: languages and blocs.

use std::collections::BTreeSet;

/// Answers about languages and blocs, for `validate`.
#[derive(Clone, Copy)]
pub struct Known<'a> {
    /// Whether the language identifier has this ISO 639-3 label, macrolanguages included.
    pub is_language: &'a dyn Fn(&str) -> bool,
    /// Whether the table of blocs has this name.
    pub is_bloc: &'a dyn Fn(&str) -> bool,
    /// Whether, on the day of the config, the second is a member of the bloc that the first names.
    pub is_member: &'a dyn Fn(&str, &str) -> bool,
}

impl Known<'static> {
    /// Knows the shape of a language code and the names of the built-in blocs, and no memberships.
    pub fn by_shape() -> Self {
        Self {
            is_language: &|_| true,
            is_bloc: &|name| COMMON_BLOCS.contains(&name),
            is_member: &|_, _| false,
        }
    }
}

/// The blocs of the built-in table.
const COMMON_BLOCS: [&str; 5] = ["ASEAN", "EAC", "ECOWAS", "EEA", "EU"];

/// Names of the blocs in the CSV text of a table of blocs, whose first column they are.
pub(crate) fn bloc_names(table: &str) -> BTreeSet<String> {
    let mut reader =
        csv::ReaderBuilder::new().comment(Some(b'#')).flexible(true).from_reader(table.as_bytes());
    let rows = reader.records().map_while(Result::ok);
    rows.filter_map(|row| row.get(0).map(|name| name.trim().to_owned())).collect()
}
