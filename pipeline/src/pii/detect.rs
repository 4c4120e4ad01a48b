//! The detector: one pass over the bytes, validators at digits and `@`, and the choice among what they claim.

use std::collections::BTreeMap;

use super::chars::{TRIGGERS, Trigger, digit_at};
use super::phone_plan::{Plans, plans};
use super::redact::mask;
use super::window::Window;
use super::{Hints, Span, card, email, iban, ip, national, phone};

/// The fewest digits of a number without letters that any rule knows.
const MIN_DIGITS: usize = 7;

/// Finds personal data. Cheap to make after the first time, and shared by threads.
#[derive(Clone, Debug)]
pub struct Detector {
    plans: &'static Plans,
}

impl Default for Detector {
    fn default() -> Detector {
        Detector::new()
    }
}

impl Detector {
    /// A detector. The first one in a process reads the numbering plans.
    pub fn new() -> Detector {
        Detector { plans: plans() }
    }

    pub(super) fn plans(&self) -> &'static Plans {
        self.plans
    }

    /// Puts the spans of a text into `out`, which is cleared: in order, disjoint, on character boundaries.
    ///
    /// Where two rules claim the same text the surer one wins, then the longer span, then the earlier one. What is found is
    /// closed under masking: a mask can uncover a number that something beside it made no number (a word, a hyphen), so the
    /// masked text is read again until it holds nothing, and such finds count too.
    ///
    /// A text beyond `u32::MAX` bytes is read up to there.
    pub fn detect(&self, text: &str, hints: &Hints<'_>, out: &mut Vec<Span>) {
        out.clear();
        let text = super::chars::right(text, 0, u32::MAX as usize);
        self.scan(text, hints, out);
        choose(out);
        let mut found = out.len();
        while found > 0 {
            let masked = Masked::new(text, out);
            let mut more = Vec::new();
            self.scan(&masked.text, hints, &mut more);
            choose(&mut more);
            found = more.len();
            out.extend(more.into_iter().map(|span| masked.original(span)));
            out.sort_by_key(|span| span.start);
        }
    }

    /// One pass: every claim of every rule.
    fn scan(&self, text: &str, hints: &Hints<'_>, out: &mut Vec<Span>) {
        let bytes = text.as_bytes();
        let mut at = 0;
        while let Some(skipped) =
            bytes[at..].iter().position(|byte| TRIGGERS[usize::from(*byte)] != Trigger::None)
        {
            at += skipped;
            at = match TRIGGERS[usize::from(bytes[at])] {
                Trigger::At => {
                    out.extend(email::find(text, at, 1));
                    at + 1
                }
                Trigger::Lead if bytes[at..].starts_with("＠".as_bytes()) => {
                    out.extend(email::find(text, at, 3));
                    at + 3
                }
                Trigger::Lead if digit_at(bytes, at).is_none() => at + if bytes[at] < 0xe0 { 2 } else { 3 },
                _ => self.number(text, at, hints, out),
            };
        }
    }

    /// The claims on the run of digits at byte `at`, and where it ends.
    fn number(&self, text: &str, at: usize, hints: &Hints<'_>, out: &mut Vec<Span>) -> usize {
        let bytes = text.as_bytes();
        let (mut end, mut run) = (at, 0);
        while let Some(digit) = digit_at(bytes, end) {
            end += digit.len;
            run += 1;
        }
        let next = bytes.get(end).copied().unwrap_or(b' ');
        if bytes[at].is_ascii_digit() {
            if next == b'.' && run <= 3 {
                out.extend(ip::find_v4(text, at));
            }
            if run <= 4 && (next == b':' || next.is_ascii_hexdigit()) {
                out.extend(ip::find_v6(text, at));
            }
            let left = at.checked_sub(1).map_or(b' ', |left| bytes[left]);
            if run >= 2 && left.is_ascii_alphabetic() {
                out.extend(iban::find(text, at));
            }
            if run <= 15 && end - at == run {
                national::find_lettered(text, at, run, hints, out);
            }
        }
        // Most numbers are short and stand between words.
        if run < MIN_DIGITS
            && matches!(next, b'\n' | b'\t' | b',' | b';' | b':' | b'"' | b'%' | b'a'..=b'z' | b'A'..=b'Z')
        {
            return end;
        }
        let window = Window::read(text, at);
        let groups = window.groups().len();
        if groups > 0 && window.digits(groups).len() >= MIN_DIGITS {
            out.extend(card::find(text, &window));
            out.extend(phone::find(text, &window, hints, self.plans));
            national::find(text, &window, hints, out);
        }
        end
    }
}

/// Leaves of the claims those that stand, in order.
pub(super) fn choose(spans: &mut Vec<Span>) {
    spans.sort_by_key(|span| (span.start, span.end));
    if spans.windows(2).all(|pair| pair[0].end <= pair[1].start) {
        return;
    }
    let rank = |span: &Span| (span.end - span.start, std::cmp::Reverse(span.start));
    spans.sort_by(|a, b| b.confidence.total_cmp(&a.confidence).then_with(|| rank(b).cmp(&rank(a))));
    let mut taken: BTreeMap<u32, Span> = BTreeMap::new();
    for span in spans.drain(..) {
        let before = taken.range(..span.end).next_back();
        if before.is_none_or(|(_, other)| other.end <= span.start) {
            taken.insert(span.start, span);
        }
    }
    spans.extend(taken.into_values());
}

/// A text with masks in place of spans, and the way back from its offsets.
struct Masked {
    text: String,
    /// Ends of masks in the masked text, and of their spans in the original.
    ends: Vec<(usize, usize)>,
}

impl Masked {
    fn new(original: &str, spans: &[Span]) -> Masked {
        let (mut text, mut ends, mut from) = (String::with_capacity(original.len()), Vec::new(), 0);
        for span in spans {
            let range = span.range();
            text.push_str(&original[from..range.start]);
            text.push_str(mask(span.kind));
            from = range.end;
            ends.push((text.len(), from));
        }
        text.push_str(&original[from..]);
        Masked { text, ends }
    }

    /// The span in the original text. No rule reads across the brackets of a mask, so it lies between two of them.
    fn original(&self, span: Span) -> Span {
        let before = self.ends.partition_point(|(end, _)| *end <= span.start as usize);
        let (masked, original) = before.checked_sub(1).map_or((0, 0), |at| self.ends[at]);
        let moved = |offset: u32| offset as usize - masked + original;
        Span::new(moved(span.start), moved(span.end), span.kind, span.rule, span.confidence)
    }
}
