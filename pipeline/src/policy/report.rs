//! What is wrong with a policy file, and where.

use std::fmt;

use cedar_policy::ffi::DetailedError;

/// A place in a policy file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spot {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// The line itself.
    pub text: String,
}

impl Spot {
    /// The place of byte `offset` of `text`; the end of the text if it lies beyond.
    pub(super) fn at(text: &str, offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line_text = text[start..].lines().next().unwrap_or("");
        Self {
            line: before.matches('\n').count() + 1,
            column: before[start..].chars().count() + 1,
            text: line_text.to_owned(),
        }
    }
}

/// One reason why a set of policies is refused. Kind: Config.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PolicyError {
    /// Name of the file, or of the files together.
    pub file: String,
    /// Where in the file; none for what is wrong with the set as a whole.
    pub spot: Option<Spot>,
    /// What is wrong, in Cedar's words where Cedar found it.
    pub message: String,
    /// The next move.
    pub hint: Option<String>,
}

impl PolicyError {
    /// Cedar's own finding, placed at its first label, or at `fallback` (a byte of `text`) where it has none.
    pub(super) fn from_cedar(
        file: &str,
        text: &str,
        fallback: usize,
        found: &DetailedError,
        hint: &str,
    ) -> Self {
        let offset = found.source_locations.first().map_or(fallback, |label| label.loc.start);
        let hint = found.help.clone().unwrap_or_else(|| hint.to_owned());
        Self {
            file: file.to_owned(),
            spot: Some(Spot::at(text, offset)),
            message: found.message.clone(),
            hint: Some(hint),
        }
    }
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(spot) = &self.spot {
            write!(f, ":{}:{}", spot.line, spot.column)?;
        }
        write!(f, ": {}", self.message)?;
        if let Some(spot) = &self.spot {
            let number = spot.line.to_string();
            let blank = " ".repeat(number.len());
            // Tabs stay tabs, so that the caret stands below its column.
            let pad: String =
                spot.text.chars().take(spot.column - 1).map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
            write!(f, "\n {number} | {}\n {blank} | {pad}^", spot.text)?;
        }
        if let Some(hint) = &self.hint {
            write!(f, "\nhint: {hint}")?;
        }
        Ok(())
    }
}

/// Every reason why a set of policies is refused, ordered by file and line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyErrors(Vec<PolicyError>);

impl PolicyErrors {
    pub(super) fn new(mut errors: Vec<PolicyError>) -> Self {
        errors.sort();
        errors.dedup();
        Self(errors)
    }

    /// The reasons; at least one.
    pub fn iter(&self) -> impl Iterator<Item = &PolicyError> {
        self.0.iter()
    }
}

impl fmt::Display for PolicyErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n\n")?;
            }
            write!(f, "{error}")?;
        }
        Ok(())
    }
}

impl std::error::Error for PolicyErrors {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spot_counts_characters_not_bytes() {
        let text = "// ሰላም\n@because(\"ዓለም\") permit";
        let spot = Spot::at(text, text.find("permit").unwrap());
        assert_eq!(spot, Spot { line: 2, column: 17, text: "@because(\"ዓለም\") permit".to_owned() });
    }

    #[test]
    fn a_spot_beyond_the_text_or_inside_a_character_is_its_end() {
        assert_eq!(Spot::at("ab", 9).column, 3);
        assert_eq!(Spot::at("é", 1).column, 2);
        assert_eq!(Spot::at("", 0), Spot { line: 1, column: 1, text: String::new() });
    }

    #[test]
    fn an_error_shows_file_line_column_the_line_and_a_hint() {
        let error = PolicyError {
            file: "sera.cedar".to_owned(),
            spot: Some(Spot::at("permit (\n\tprincipl", 10)),
            message: "expected principal".to_owned(),
            hint: Some("write principal".to_owned()),
        };
        let shown = "sera.cedar:2:2: expected principal\n 2 | \tprincipl\n   | \t^\nhint: write principal";
        assert_eq!(error.to_string(), shown);
    }
}
