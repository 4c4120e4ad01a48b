//! Rejects documents that are too short or too long.
//!
//! # What it does
//! Counts the characters (Unicode scalar values, not bytes) of `text`, leaves out white space, and rejects the
//! document if the count is below `min_chars` or above `max_chars`.
//!
//! # Why
//! Very short pages are menus, errors and stubs; they carry labels more often than sentences.
//!
//! # Precedent
//! Gopher counts 50 to 100,000 words (Rae et al. 2021, table A1); the all_dressed mix asks for 150 characters.
//!
//! # Across languages
//! Characters, not words: words need a segmenter where a script writes no spaces. A Chinese character carries about
//! as much as four Latin letters, so a corpus that mixes scripts wants a low bound here and finer rules per language
//! later.
//!
//! # Example
//! ```yaml
//! filter_length: { min_chars: 200, max_chars: 500000 }
//! ```

use garde::Validate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::document::Page;
use crate::step::{DocumentStep, DocumentStepConfig, Resources, StepError};

/// Rejects documents that are too short or too long.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct FilterLength {
    /// Fewest characters, white space not counted.
    #[garde(range(min = 0, max = 1_000_000_000))]
    pub min_chars: u64,
    /// Most characters, white space not counted.
    #[garde(range(min = 1, max = 1_000_000_000))]
    pub max_chars: u64,
}

impl Default for FilterLength {
    fn default() -> Self {
        Self { min_chars: 0, max_chars: 1_000_000_000 }
    }
}

impl DocumentStepConfig for FilterLength {
    const VERSION: u32 = 1;

    fn build(&self, _resources: &Resources) -> Result<Box<dyn DocumentStep>, StepError> {
        Ok(Box::new(self.clone()))
    }
}

impl DocumentStep for FilterLength {
    fn apply(&mut self, page: &mut Page<'_>) {
        let chars = page.text.chars().filter(|c| !c.is_whitespace()).count() as u64;
        if chars < self.min_chars {
            page.reject("too_short", Some(format!("chars={chars} min_chars={}", self.min_chars)));
        } else if chars > self.max_chars {
            page.reject("too_long", Some(format!("chars={chars} max_chars={}", self.max_chars)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(text: &str, config: &FilterLength) -> Vec<String> {
        let mut page = Page { text: text.to_owned(), ..Page::default() };
        config.clone().apply(&mut page);
        page.reasons.iter().map(|reason| reason.code.to_string()).collect()
    }

    #[test]
    fn characters_are_counted_not_bytes_in_every_script() {
        let config = FilterLength { min_chars: 6, max_chars: 12 };
        for (text, codes) in [
            ("Habari", vec![]),
            ("Ndiyo", vec!["too_short"]),
            ("வணக்கம் நண்பா", vec![]),
            ("สวัสดี", vec![]),
            ("你好", vec!["too_short"]),
            ("ሰላም እንዴት ነህ ዛሬ ጠዋት", vec!["too_long"]),
            ("H a b a r", vec!["too_short"]),
        ] {
            assert_eq!(verdict(text, &config), codes, "{text}");
        }
    }
}
