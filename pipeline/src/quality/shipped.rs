//! The tables that ship with the engine.

/// Names and tables.
const SETS: [(&str, &str); 6] = [
    ("c4", include_str!("../../../configs/rules/c4.csv")),
    ("dclm", include_str!("../../../configs/rules/dclm.csv")),
    ("fineweb", include_str!("../../../configs/rules/fineweb.csv")),
    ("fineweb2", include_str!("../../../configs/rules/fineweb2.csv")),
    ("gopher_quality", include_str!("../../../configs/rules/gopher_quality.csv")),
    ("gopher_repetition", include_str!("../../../configs/rules/gopher_repetition.csv")),
];

/// The table of a shipped set.
pub fn shipped_rules(name: &str) -> Option<&'static str> {
    SETS.iter().find(|(known, _)| *known == name).map(|(_, table)| *table)
}

/// Names of the shipped sets, sorted.
pub fn shipped_rule_names() -> [&'static str; SETS.len()] {
    SETS.map(|(name, _)| name)
}

/// Thresholds of languages, fitted by `kilim fit-thresholds`.
const THRESHOLDS: [(&str, &str); 1] = [("fitted", include_str!("../../../configs/rules/fitted.csv"))];

/// A shipped table of thresholds.
pub fn shipped_thresholds(name: &str) -> Option<&'static str> {
    THRESHOLDS.iter().find(|(known, _)| *known == name).map(|(_, table)| *table)
}

/// Names of the shipped tables of thresholds.
pub fn shipped_threshold_names() -> [&'static str; THRESHOLDS.len()] {
    THRESHOLDS.map(|(name, _)| name)
}

/// Stop words by language.
pub const SHIPPED_STOP_WORDS: &str = include_str!("../../../configs/rules/stop_words.csv");

/// Medians by language, for the score of whole documents.
pub const SHIPPED_MEDIANS: &str = include_str!("../../../configs/rules/medians.csv");
