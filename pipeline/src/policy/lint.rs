//! Values that no document can have.
//!
//! To Cedar a string is a string: `forbid … when { resource.optout_train == "disalow" }` is valid, never applies, and
//! leaves the border open without a word. Three attributes have closed vocabularies, and countries have a shape; a
//! comparison with anything else is refused. Computed values are out of reach of this check, and policies have none.

use serde_json::Value;

use super::blocs::is_country_shaped;
use super::schema::{MODES, OPTOUTS};

/// A literal that the attribute beside it can never have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) literal: String,
    pub(super) message: String,
    pub(super) hint: String,
}

/// Findings in Cedar's JSON form of a policy, in its order.
pub(super) fn values(policy: &Value) -> Vec<Finding> {
    let mut findings = Vec::new();
    walk(policy, &mut findings);
    findings
}

fn walk(value: &Value, findings: &mut Vec<Finding>) {
    match value {
        Value::Object(map) => {
            for (operator, operands) in map {
                let compares =
                    matches!(operator.as_str(), "==" | "!=" | "contains" | "containsAll" | "containsAny");
                if let (true, Some(left), Some(right)) =
                    (compares, operands.get("left"), operands.get("right"))
                {
                    check(left, right, findings);
                    check(right, left, findings);
                }
                walk(operands, findings);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| walk(item, findings)),
        _ => {}
    }
}

/// If `left` is an attribute with known values, looks at each literal in `right`.
fn check(left: &Value, right: &Value, findings: &mut Vec<Finding>) {
    let Some(attribute) = left.pointer("/./attr").and_then(Value::as_str) else { return };
    let mut literals = Vec::new();
    strings(right, &mut literals);
    findings.extend(literals.into_iter().filter_map(|literal| judge(attribute, literal)));
}

/// String literals of an expression that is one, or a set of them.
fn strings<'a>(expression: &'a Value, literals: &mut Vec<&'a str>) {
    if let Some(literal) = expression.get("Value").and_then(Value::as_str) {
        literals.push(literal);
    }
    for item in expression.get("Set").and_then(Value::as_array).into_iter().flatten() {
        strings(item, literals);
    }
}

fn judge(attribute: &str, literal: &str) -> Option<Finding> {
    let words: &[&str] = match attribute {
        "optout_train" => &OPTOUTS,
        "mode" => &MODES,
        // One principal's `jurisdiction` may be a bloc; documents' are countries or EU. Both are codes.
        "jurisdiction" | "jurisdictions" | "cluster_jurisdictions" | "accepts" => {
            return judge_country(literal);
        }
        _ => return None,
    };
    if words.contains(&literal) {
        return None;
    }
    let nearest = words
        .iter()
        .map(|word| (strsim::damerau_levenshtein(word, literal), *word))
        .min()
        .filter(|(distance, _)| *distance <= 3);
    let hint = match nearest {
        Some((_, word)) => format!("did you mean `{word}`?"),
        None => format!("it is one of {}", words.join(", ")),
    };
    Some(Finding {
        literal: literal.to_owned(),
        message: format!("`{attribute}` is never `{literal}`"),
        hint,
    })
}

fn judge_country(literal: &str) -> Option<Finding> {
    let hint = match literal {
        "UK" => "did you mean `GB`?".to_owned(),
        "EL" => "did you mean `GR`?".to_owned(),
        _ if is_country_shaped(literal) => return None,
        _ if is_country_shaped(&literal.to_ascii_uppercase()) => {
            format!("did you mean `{}`?", literal.to_ascii_uppercase())
        }
        _ => {
            "countries are written as in ISO 3166-1, such as KE; in policies blocs are spelled out, except EU"
                .to_owned()
        }
    };
    let message = format!("no document or node is ever of `{literal}`");
    Some(Finding { literal: literal.to_owned(), message, hint })
}

#[cfg(test)]
mod tests {
    use cedar_policy::Policy;

    use super::*;

    fn findings(condition: &str) -> Vec<String> {
        let text = format!("forbid (principal, action, resource) when {{ {condition} }};");
        let policy = Policy::parse(None, text).unwrap();
        values(&policy.to_json().unwrap()).into_iter().map(|f| format!("{} {}", f.message, f.hint)).collect()
    }

    #[test]
    fn a_misspelt_reservation_is_found_on_either_side_and_in_sets() {
        for condition in [
            r#"resource.optout_train == "disalow""#,
            r#""disalow" == resource.optout_train"#,
            r#"["allow", "disalow"].contains(resource.optout_train)"#,
            r#"resource.personal && !(resource.optout_train != "disalow")"#,
        ] {
            let found = findings(condition);
            assert_eq!(found.len(), 1, "{condition}: {found:?}");
            assert!(found[0].ends_with("did you mean `disallow`?"), "{found:?}");
        }
    }

    #[test]
    fn a_country_that_is_not_written_as_in_iso_3166_is_found() {
        assert!(findings(r#"resource.jurisdictions.contains("UK")"#)[0].contains("`GB`"));
        assert!(findings(r#"principal.jurisdiction == "ru""#)[0].contains("`RU`"));
        assert!(findings(r#"resource.jurisdictions.containsAny(["KE", "EAC"])"#)[0].contains("spelled out"));
        assert!(
            findings(r#"["Россия"].containsAll(resource.cluster_jurisdictions)"#)[0].contains("ISO 3166-1")
        );
    }

    #[test]
    fn known_words_and_free_attributes_pass() {
        for condition in [
            r#"resource.mode == "participant-private" || resource.optout_train == "unknown""#,
            r#"resource.jurisdictions.contains("NO") && principal.accepts.contains("EU")"#,
            r#"resource.steward == "taita-language-council" && resource.community.contains("ጉራጌ")"#,
            "principal.accepts.containsAll(resource.jurisdictions)",
        ] {
            assert_eq!(findings(condition), Vec::<String>::new(), "{condition}");
        }
        assert!(findings(r#"resource.mode == "secret""#)[0].contains("open, restricted"));
    }
}
