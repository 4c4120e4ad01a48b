//! The patterns of libphonenumber's metadata, matched whole.
//!
//! The metadata describes valid numbers by patterns over digits. The `phonenumber` crate matches them through one locked
//! cache of a hundred regular expressions, which every region asks for a dozen: with pages of many countries it compiles
//! more than it matches. The patterns use a small part of the language of regular expressions, and numbers have at most
//! 17 digits, so all places where a match can stand fit into the bits of an integer: no cache, no lock, no backtracking.

/// A set of places in a number: bit n is the place before digit n.
type Places = u32;

/// A pattern over digits.
#[derive(Clone, Debug)]
pub(super) enum Pattern {
    /// One digit out of a set (bit n is digit n).
    Digit(u16),
    /// One after the other.
    Sequence(Vec<Pattern>),
    /// Any of them.
    Choice(Vec<Pattern>),
    /// Least and most times.
    Repeat(Box<Pattern>, u8, u8),
    /// The end of the number.
    End,
}

impl Pattern {
    /// Reads a pattern; `None` if it says what is not known here.
    pub(super) fn parse(source: &str) -> Option<Pattern> {
        let source: Vec<u8> = source.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
        let mut parser = Parser { source: &source, at: 0 };
        let pattern = parser.choice(0)?;
        (parser.at == source.len()).then_some(pattern)
    }

    /// Whether the pattern matches all of the digits.
    pub(super) fn matches(&self, digits: &[u8]) -> bool {
        digits.len() < 32 && self.walk(digits, 1) & (1 << digits.len()) != 0
    }

    /// The places where a match from the first digit on can end.
    pub(super) fn prefixes(&self, digits: &[u8]) -> impl Iterator<Item = usize> + use<> {
        let places = if digits.len() < 32 { self.walk(digits, 1) } else { 0 };
        (0..32).filter(move |place| places & (1 << place) != 0)
    }

    fn walk(&self, digits: &[u8], from: Places) -> Places {
        match self {
            Pattern::Digit(set) => {
                let (mut left, mut to) = (from, 0);
                while left != 0 {
                    let place = left.trailing_zeros();
                    left &= left - 1;
                    if digits.get(place as usize).is_some_and(|digit| set & (1 << digit) != 0) {
                        to |= 1 << (place + 1);
                    }
                }
                to
            }
            Pattern::Sequence(parts) => parts.iter().fold(from, |places, part| match places {
                0 => 0,
                _ => part.walk(digits, places),
            }),
            Pattern::Choice(parts) => parts.iter().fold(0, |places, part| places | part.walk(digits, from)),
            Pattern::Repeat(part, least, most) => {
                let (mut places, mut reached) = (from, if *least == 0 { from } else { 0 });
                for times in 1..=*most {
                    places = part.walk(digits, places);
                    if places == 0 {
                        break;
                    }
                    if times >= *least {
                        reached |= places;
                    }
                }
                reached
            }
            Pattern::End => from & (1 << digits.len()),
        }
    }
}

/// Groups within groups; the metadata has about ten.
const MAX_DEPTH: usize = 64;

struct Parser<'s> {
    source: &'s [u8],
    at: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<u8> {
        self.source.get(self.at).copied()
    }

    fn eat(&mut self, expected: &[u8]) -> bool {
        let eaten = self.source[self.at..].starts_with(expected);
        if eaten {
            self.at += expected.len();
        }
        eaten
    }

    fn choice(&mut self, depth: usize) -> Option<Pattern> {
        if depth > MAX_DEPTH {
            return None;
        }
        let mut choices = vec![self.sequence(depth)?];
        while self.eat(b"|") {
            choices.push(self.sequence(depth)?);
        }
        if choices.len() == 1 { choices.pop() } else { Some(Pattern::Choice(choices)) }
    }

    fn sequence(&mut self, depth: usize) -> Option<Pattern> {
        let mut parts = Vec::new();
        while !matches!(self.peek(), None | Some(b'|' | b')')) {
            let part = self.atom(depth)?;
            parts.push(self.repeated(part)?);
        }
        Some(Pattern::Sequence(parts))
    }

    fn atom(&mut self, depth: usize) -> Option<Pattern> {
        let byte = self.peek()?;
        self.at += 1;
        match byte {
            b'0'..=b'9' => Some(Pattern::Digit(1 << (byte - b'0'))),
            b'\\' => self.eat(b"d").then_some(Pattern::Digit(0x3ff)),
            b'[' => self.class(),
            b'$' => Some(Pattern::End),
            b'(' => {
                let plain = self.eat(b"?:") || self.peek() != Some(b'?');
                let inner = if plain { self.choice(depth + 1)? } else { return None };
                self.eat(b")").then_some(inner)
            }
            _ => None,
        }
    }

    fn class(&mut self) -> Option<Pattern> {
        let negated = self.eat(b"^");
        let mut set = 0u16;
        while !self.eat(b"]") {
            if self.eat(b"\\d") {
                set |= 0x3ff;
                continue;
            }
            let first = self.digit()?;
            let last = if self.eat(b"-") { self.digit()? } else { first };
            for digit in first..=last {
                set |= 1 << digit;
            }
        }
        Some(Pattern::Digit(if negated { !set & 0x3ff } else { set }))
    }

    fn digit(&mut self) -> Option<u8> {
        let digit = self.peek()?.checked_sub(b'0').filter(|digit| *digit < 10)?;
        self.at += 1;
        Some(digit)
    }

    fn repeated(&mut self, part: Pattern) -> Option<Pattern> {
        let (least, most) = match self.peek() {
            Some(b'?') => (0, 1),
            Some(b'*') => (0, 32),
            Some(b'+') => (1, 32),
            Some(b'{') => {
                let length = self.source[self.at..].iter().position(|byte| *byte == b'}')?;
                let inside = std::str::from_utf8(&self.source[self.at + 1..self.at + length]).ok()?;
                self.at += length;
                let (least, most) = inside.split_once(',').unwrap_or((inside, inside));
                (least.parse().ok()?, if most.is_empty() { 32 } else { most.parse().ok()? })
            }
            _ => return Some(part),
        };
        self.at += 1;
        Some(Pattern::Repeat(Box::new(part), least, most))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, digits: &str) -> bool {
        let digits: Vec<u8> = digits.bytes().map(|byte| byte - b'0').collect();
        Pattern::parse(pattern).unwrap().matches(&digits)
    }

    #[test]
    fn patterns_match_whole_numbers() {
        assert!(matches("7[0-57]\\d{2}", "7523"));
        assert!(!matches("7[0-57]\\d{2}", "7623"));
        assert!(!matches("7[0-57]\\d{2}", "75233"));
        assert!(matches("(?:1|12)3?", "12"));
        assert!(matches("(1(?:2|3)\n  |\n4{2,3})5+", "44455"));
        assert!(!matches("[^1-8]", "8"));
        assert!(matches("1|2$", "2"));
        assert!(matches("", ""));
    }

    #[test]
    fn what_is_not_understood_is_no_pattern() {
        for source in ["a", "(1", "1)", "[1", "[a]", "(?!1)2", "1{x}", "\\w", "[1-"] {
            assert!(Pattern::parse(source).is_none(), "{source}");
        }
        assert!(Pattern::parse(&"(".repeat(100_000)).is_none());
    }
}
