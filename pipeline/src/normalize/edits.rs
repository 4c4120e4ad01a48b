//! Replacements in a text, and where its boundaries go.

use std::ops::Range;

/// Replacements of byte ranges, in their order and disjoint. What they put in stands in one buffer.
#[derive(Debug, Default)]
pub(super) struct Edits {
    ranges: Vec<(Range<usize>, Range<usize>)>,
    /// What is put in.
    put: String,
}

impl Edits {
    /// Nothing is replaced.
    pub(super) fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// Replaces `range`, which lies behind all that was replaced before.
    pub(super) fn replace(&mut self, range: Range<usize>, by: &str) {
        let start = self.put.len();
        self.put.push_str(by);
        self.ranges.push((range, start..self.put.len()));
    }

    /// The text with its replacements. `boundaries`, ascending offsets of `text`, become offsets of the result; one
    /// inside a replaced range goes to the end of what stands there now.
    pub(super) fn apply(&self, text: &str, boundaries: &mut [usize]) -> String {
        let mut result = String::with_capacity(text.len());
        let mut boundary = boundaries.iter_mut().peekable();
        let mut at = 0;
        for (range, put) in &self.ranges {
            while let Some(offset) = boundary.next_if(|offset| **offset <= range.start) {
                *offset = result.len() + (*offset - at);
            }
            result.push_str(&text[at..range.start]);
            result.push_str(&self.put[put.clone()]);
            at = range.end;
            while let Some(offset) = boundary.next_if(|offset| **offset < range.end) {
                *offset = result.len();
            }
        }
        for offset in boundary {
            *offset = (result.len() + (*offset).saturating_sub(at)).min(result.len() + text.len() - at);
        }
        result.push_str(&text[at..]);
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boundaries_move_with_the_text() {
        let text = "Habari &amp; ሰላም &#33;";
        let mut edits = Edits::default();
        edits.replace(7..12, "&");
        let number = text.find("&#33;").unwrap();
        edits.replace(number..number + 5, "!");
        let mut boundaries = [0, 7, 9, 12, number, text.len(), text.len() + 9];
        let result = edits.apply(text, &mut boundaries);
        assert_eq!(result, "Habari & ሰላም !");
        let end = result.len();
        assert_eq!(boundaries, [0, 7, 8, 8, end - 1, end, end]);
    }
}
