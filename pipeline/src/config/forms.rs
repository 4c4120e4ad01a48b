//! The forms that a JSON Schema takes here, and texts of a stated format.

use std::path::Path;

use jiff::civil::Date;
use serde_json::Value as Json;

use super::retention::{Age, VersionsKept};
use super::values::{
    Area, ByteSize, Country, FieldPath, Fraction, LanguageCode, LanguageLabel, NodeName, ValueError,
};

/// The values of a map, and whether its keys are names; `None` for an object with fields.
pub(crate) fn map_values(schema: &Json) -> Option<(&Json, bool)> {
    let by_pattern =
        schema.get("patternProperties").and_then(Json::as_object).and_then(|map| map.values().next());
    let by_name = by_pattern.map(|values| (values, true));
    by_name.or_else(|| {
        schema.get("additionalProperties").filter(|values| values.is_object()).map(|any| (any, false))
    })
}

pub(crate) fn has_type(schema: &Json, kind: &str) -> bool {
    match schema.get("type") {
        Some(Json::String(only)) => only == kind,
        Some(Json::Array(several)) => several.iter().any(|one| one == kind),
        _ => false,
    }
}

/// The words that an enum allows, in the order of its variants.
pub(crate) fn words(schema: &Json) -> Vec<&str> {
    let own = schema.get("enum").and_then(Json::as_array).into_iter().flatten();
    let variants = schema.get("oneOf").and_then(Json::as_array).into_iter().flatten();
    let below = variants.flat_map(|variant| {
        let several = variant.get("enum").and_then(Json::as_array).into_iter().flatten();
        variant.get("const").into_iter().chain(several)
    });
    own.chain(below).filter_map(Json::as_str).collect()
}

/// The range of a number in words, such as `between 0 and 1`.
pub(crate) fn range_words(schema: &Json) -> String {
    // Printed as a float without its `.0`: the schema writes 1.0 where the type is a float.
    let bound = |name: &str| schema.get(name).and_then(Json::as_f64);
    match (bound("minimum"), bound("maximum")) {
        (Some(min), Some(max)) => format!("between {min} and {max}"),
        (Some(min), None) => match bound("exclusiveMaximum") {
            Some(max) => format!("at least {min} and below {max}"),
            None => format!("at least {min}"),
        },
        (None, Some(max)) => match bound("exclusiveMinimum") {
            Some(min) => format!("above {min} and at most {max}"),
            None => format!("at most {max}"),
        },
        (None, None) => match (bound("exclusiveMinimum"), bound("exclusiveMaximum")) {
            (Some(min), Some(max)) => format!("above {min} and below {max}"),
            (Some(min), None) => format!("above {min}"),
            (None, Some(max)) => format!("below {max}"),
            (None, None) => String::new(),
        },
    }
}

pub(crate) fn check_format(format: &str, text: &str) -> Result<(), ValueError> {
    match format {
        "country" => text.parse::<Country>().map(drop),
        "area" => text.parse::<Area>().map(drop),
        "language" => text.parse::<LanguageCode>().map(drop),
        "language-label" => text.parse::<LanguageLabel>().map(drop),
        "name" => text.parse::<NodeName>().map(drop),
        "field-path" => text.parse::<FieldPath>().map(drop),
        "byte-size" => text.parse::<ByteSize>().map(drop),
        "age" => text.parse::<Age>().map(drop),
        "versions" => text.parse::<VersionsKept>().map(drop),
        "fraction" => text.parse::<Fraction>().map(drop),
        "date" => check_date(text),
        _ => Ok(()),
    }
}

fn check_date(text: &str) -> Result<(), ValueError> {
    let wrong = |problem: String| ValueError {
        problem,
        hint: Some("write year-month-day, such as 2026-11-23".into()),
    };
    if text.len() != 10 {
        return Err(wrong(format!("`{text}` is not a date")));
    }
    text.parse::<Date>().map(drop).map_err(|_| wrong(format!("`{text}` is not a day of the calendar")))
}

/// Whether a local file or folder is there. URLs are not looked at: `validate` never touches the network.
pub(crate) fn check_path(text: &str, base_dir: &Path) -> Result<(), ValueError> {
    if text.contains("://") || base_dir.join(text).exists() {
        return Ok(());
    }
    let hint = format!("it is looked for as {}", Path::new(text).display());
    let hint =
        if Path::new(text).is_absolute() { hint } else { "paths are relative to the config file".to_owned() };
    Err(ValueError { problem: format!("no file or folder `{text}`"), hint: Some(hint) })
}

pub(crate) fn list<'w>(words: impl Iterator<Item = &'w str>) -> String {
    words.map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}
