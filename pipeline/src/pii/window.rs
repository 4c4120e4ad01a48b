//! A number as people write it: groups of digits with separators between them.
//!
//! Every validator of digits looks at the same window, so that a run of digits is read once however many rules there are.

use super::chars::{Digit, digit_at};

/// Digits a window holds: an E.164 number has 15, a card 19.
const MAX_DIGITS: usize = 24;

/// Groups a window holds; French social security numbers have seven.
const MAX_GROUPS: usize = 9;

/// Separators, as bits.
pub(super) const SPACE: u8 = 1;
pub(super) const HYPHEN: u8 = 2;
pub(super) const DOT: u8 = 4;
pub(super) const SLASH: u8 = 8;
pub(super) const OPEN: u8 = 16;
pub(super) const CLOSE: u8 = 32;

/// The digits from a place on, with their groups.
#[derive(Clone, Debug)]
pub(super) struct Window {
    digits: [u8; MAX_DIGITS],
    ends: [usize; MAX_DIGITS],
    count: usize,
    groups: [Group; MAX_GROUPS],
    group_count: usize,
    /// Where the first digit starts.
    pub(super) start: usize,
}

/// Digits without a separator among them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Group {
    /// Index of the first digit.
    pub(super) first: usize,
    /// Number of digits.
    pub(super) len: usize,
    /// Bits of the separators before it; 0 for the first group.
    pub(super) separators: u8,
}

impl Window {
    /// Reads from the digit at byte `start` on.
    pub(super) fn read(text: &str, start: usize) -> Window {
        let bytes = text.as_bytes();
        let mut window = Window {
            digits: [0; MAX_DIGITS],
            ends: [0; MAX_DIGITS],
            count: 0,
            groups: [Group::default(); MAX_GROUPS],
            group_count: 0,
            start,
        };
        let (mut at, mut separators, mut script) = (start, 0, None);
        while window.group_count < MAX_GROUPS {
            let first = window.count;
            let before = at;
            while let Some(Digit { value, len, script: other }) = digit_at(bytes, at) {
                if *script.get_or_insert(other) != other || window.count == MAX_DIGITS {
                    // A group that is not read to its end is none.
                    window.count = first;
                    return window;
                }
                at += len;
                window.digits[window.count] = value;
                window.ends[window.count] = at;
                window.count += 1;
            }
            if at == before {
                break;
            }
            let group = Group { first, len: window.count - first, separators };
            window.groups[window.group_count] = group;
            window.group_count += 1;
            let Some((bits, len)) = separator(bytes, at) else { break };
            separators = bits;
            at += len;
        }
        window
    }

    /// The digits of the first `groups` groups.
    pub(super) fn digits(&self, groups: usize) -> &[u8] {
        let last = self.groups[groups - 1];
        &self.digits[..last.first + last.len]
    }

    /// All groups.
    pub(super) fn groups(&self) -> &[Group] {
        &self.groups[..self.group_count]
    }

    /// The byte after the first `groups` groups.
    pub(super) fn end(&self, groups: usize) -> usize {
        let last = self.groups[groups - 1];
        self.ends[last.first + last.len - 1]
    }

    /// How many groups hold exactly `digits` digits.
    pub(super) fn groups_of(&self, digits: usize) -> Option<usize> {
        let at = self.groups().iter().position(|group| group.first + group.len == digits)?;
        Some(at + 1)
    }

    /// Whether the window starts with groups of these lengths, with these separators between them (any of the bits).
    pub(super) fn has_shape(&self, lengths: &[usize], separators: &[u8]) -> bool {
        self.group_count >= lengths.len()
            && self.groups().iter().zip(lengths).all(|(group, &len)| group.len == len)
            && self.groups()[1..lengths.len()]
                .iter()
                .zip(separators)
                .all(|(group, bits)| group.separators == *bits)
    }
}

/// The separators at byte `at`, as bits, and their length: at most one space at each side of at most one other
/// separator, or of a bracket.
fn separator(bytes: &[u8], at: usize) -> Option<(u8, usize)> {
    let (mut bits, mut offset, mut spaces) = (0u8, 0, 0);
    loop {
        let rest = &bytes[at + offset..];
        let (bit, len) = match rest {
            [b' ', ..] => (SPACE, 1),
            [0xc2, 0xa0, ..] => (SPACE, 2), // no-break space
            [0xe2, 0x80, 0x87 | 0x89 | 0x8a | 0xaf, ..] | [0xe3, 0x80, 0x80, ..] => (SPACE, 3), // thin, wide
            [b'-', ..] => (HYPHEN, 1),
            [0xe2, 0x80, 0x90..=0x94, ..] | [0xe2, 0x88, 0x92, ..] | [0xef, 0xbc, 0x8d, ..] => (HYPHEN, 3),
            [b'.', ..] => (DOT, 1),
            [0xe2, 0x80, 0xa4, ..] | [0xef, 0xbc, 0x8e, ..] => (DOT, 3),
            [b'/', ..] => (SLASH, 1),
            [b'(', ..] => (OPEN, 1),
            [0xef, 0xbc, 0x88, ..] => (OPEN, 3),
            [b')', ..] => (CLOSE, 1),
            [0xef, 0xbc, 0x89, ..] => (CLOSE, 3),
            _ => break,
        };
        if bit == SPACE {
            spaces += 1;
            if spaces > 2 {
                return None;
            }
        } else if bits & bit != 0 {
            return None;
        }
        bits |= bit;
        offset += len;
    }
    let marks = (bits & (HYPHEN | DOT | SLASH)).count_ones();
    (offset > 0 && marks < 2 && (spaces < 2 || bits != SPACE)).then_some((bits, offset))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(text: &str) -> Vec<(usize, u8)> {
        let at = text.find(super::super::chars::is_digit).unwrap();
        Window::read(text, at).groups().iter().map(|group| (group.len, group.separators)).collect()
    }

    #[test]
    fn groups_and_separators_are_read() {
        assert_eq!(shape("12 345-6789,"), [(2, 0), (3, SPACE), (4, HYPHEN)]);
        assert_eq!(shape("(020) 7946 0018"), [(3, 0), (4, CLOSE | SPACE), (4, SPACE)]);
        assert_eq!(shape("০১৭১২-৩৪৫৬৭৮"), [(5, 0), (6, HYPHEN)]);
        assert_eq!(shape("12  34"), [(2, 0)]);
        assert_eq!(shape("12--34"), [(2, 0)]);
        assert_eq!(shape("12३४"), []);
    }

    #[test]
    fn a_run_longer_than_any_number_is_no_group() {
        assert_eq!(shape(&"7".repeat(40)), []);
        assert_eq!(shape(&format!("12 {}", "7".repeat(40))), [(2, 0)]);
    }
}
