//! Records in a run of plain bytes: an uncompressed file, or what a gzip member or zstd frame held.
//!
//! A record says its own length, and may lie. A length is believed when the bytes behind it are the end, zeros, or
//! another record, blank lines aside. Otherwise the next *strong start* bounds the record. In WARC that is a line
//! `WARC/0.` or `WARC/1.` behind a blank line, heading a header that has a Content-Length; in ARC, a header line whose
//! address, IP address, date and length are all in order.

use std::ops::Range;

use memchr::memmem;

use super::arc;
use super::header::{HeaderParse, RecordHeader, begins_like_record};
use super::{DamageReason, ReadLimits, RecordProblem, RecordType};

/// Bytes behind a block that are looked at to see whether its length was right.
const CHAIN_BYTES: usize = 16;
/// Blank lines behind a block that still belong to the record.
const MAX_SEPARATORS: usize = 4096;

/// How records are written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    Warc,
    Arc,
}

/// What records are read by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Grammar {
    pub(super) dialect: Dialect,
    pub(super) limits: ReadLimits,
}

impl Grammar {
    fn parse_header(&self, bytes: &[u8]) -> HeaderParse {
        match self.dialect {
            Dialect::Warc => RecordHeader::parse(bytes, self.limits.max_header_bytes),
            Dialect::Arc => arc::parse(bytes, self.limits.max_header_bytes),
        }
    }

    /// Does a record begin at `at`? `None`: fewer than [`begins_bytes`](Self::begins_bytes) are too few to tell.
    fn begins(&self, window: &[u8], at: usize) -> Option<bool> {
        match self.dialect {
            Dialect::Warc => begins_like_record(&window[at..]),
            Dialect::Arc if !begins_line(window, at) => Some(false),
            Dialect::Arc => arc::begins_like_record(&window[at..]),
        }
    }

    fn begins_bytes(&self) -> usize {
        match self.dialect {
            Dialect::Warc => CHAIN_BYTES,
            Dialect::Arc => arc::MAX_START_LINE,
        }
    }

    /// Does what a member holds begin with a record?
    pub(super) fn begins_member(&self, inflated: &[u8]) -> bool {
        match self.dialect {
            Dialect::Warc => inflated.starts_with(b"WARC/"),
            Dialect::Arc => arc::begins_like_record(&inflated[arc::blank(inflated)..]) == Some(true),
        }
    }

    /// `end`, less the line ends that separate a record from the next.
    fn trim_separator(&self, window: &[u8], start: usize, end: usize) -> usize {
        let block = &window[start..end];
        let ends: [&[u8]; 2] = match self.dialect {
            Dialect::Warc => [b"\r\n\r\n", b"\n\n"],
            Dialect::Arc => [b"\r\n", b"\n"],
        };
        let trimmed = ends.iter().find_map(|end| block.strip_suffix(*end)).unwrap_or(block);
        start + trimmed.len()
    }

    /// Is the separator there? In ARC it stands in front of a record, so the last one has none.
    fn is_separated(&self, separator: &[u8], is_last: bool) -> bool {
        let lines = memchr::memchr_iter(b'\n', separator).count();
        match self.dialect {
            Dialect::Warc => lines >= 2,
            Dialect::Arc => lines >= 1 || is_last,
        }
    }
}

/// What the end of the window means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bound {
    /// More bytes follow and can be had.
    Open,
    /// A gzip member ends here; a record may go on in the next.
    Member,
    /// A gzip member ends here, and no record goes on behind it: its end is a better word than any Content-Length.
    LastMember,
    /// The file ends here: a record that is not whole is cut.
    End,
    /// The bytes behind are lost: a record that is not whole is no record.
    Lost,
}

/// One record found.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) header: RecordHeader,
    pub(super) block: Range<usize>,
    /// Where the next record, or something else, begins.
    pub(super) next: usize,
    pub(super) problems: Vec<RecordProblem>,
    /// The block goes on behind `next`, past the cap.
    pub(super) cut: bool,
}

#[derive(Debug)]
pub(super) enum Step {
    Record(Found),
    /// Not decidable within the window; at least so long a window is needed.
    Short(usize),
    /// No record begins here.
    Bad(DamageReason),
}

/// Reads the record at `at`.
pub(super) fn read_record(window: &[u8], at: usize, bound: Bound, grammar: &Grammar) -> Step {
    let limits = &grammar.limits;
    let (header, len) = match grammar.parse_header(&window[at..]) {
        HeaderParse::Complete { header, len } => (header, len),
        HeaderParse::Partial if bound == Bound::Open || bound == Bound::Member => {
            return Step::Short(window.len() + 4096);
        }
        HeaderParse::Partial if bound == Bound::Lost || bound == Bound::End => {
            return Step::Bad(DamageReason::CutShort);
        }
        HeaderParse::Partial | HeaderParse::NotWarc => return Step::Bad(DamageReason::NotWarc),
        HeaderParse::TooLong => return Step::Bad(DamageReason::HeaderTooLong),
    };
    let block_at = at + len;
    let in_member = bound == Bound::Member || bound == Bound::LastMember;
    let Some(claimed) = header.content_length() else {
        if !in_member {
            return Step::Bad(DamageReason::NoLength);
        }
        let (block, next) = up_to_next_start(window, block_at, block_at, grammar);
        return record(header, block, next, vec![RecordProblem::LengthMissing]);
    };
    if !in_member && claimed > limits.max_block_bytes as u64 {
        return oversized(window, header, block_at, claimed, bound, grammar);
    }
    let end = usize::try_from(claimed).ok().and_then(|claimed| block_at.checked_add(claimed));
    let Some(end) = end.filter(|end| *end <= window.len()) else {
        return past_the_window(window, header, block_at, end, bound, grammar);
    };
    if bound == Bound::Open && window.len() - end < CHAIN_BYTES {
        return Step::Short(end + CHAIN_BYTES);
    }
    let next = skip_separators(window, end);
    if bound == Bound::Open && next == window.len() && next - end < MAX_SEPARATORS {
        return Step::Short(window.len() + CHAIN_BYTES);
    }
    let rest = &window[next..];
    let mut problems = Vec::new();
    let begins = match are_zeros(rest) {
        Some(false) => grammar.begins(window, next),
        zeros => zeros,
    };
    if begins.is_none() && bound == Bound::Open {
        return Step::Short(next + grammar.begins_bytes());
    }
    if begins != Some(false) {
        if !grammar.is_separated(&window[end..next], rest.is_empty()) {
            if bound == Bound::Member && rest.is_empty() {
                return Step::Short(window.len() + 1); // the line ends may be in the next member
            }
            problems.push(RecordProblem::NoSeparator);
        }
        return record(header, block_at..end, next, problems);
    }
    // Something else follows. Does another record begin inside the claimed block?
    match find_strong(window, block_at, end, bound != Bound::Open, grammar) {
        Strong::At(start) => {
            problems.push(RecordProblem::LengthTooLong);
            return record(
                header,
                block_at..grammar.trim_separator(window, block_at, start),
                start,
                problems,
            );
        }
        Strong::Undecided(_) => return Step::Short(window.len() + 4096),
        Strong::NotBefore => {}
    }
    if in_member {
        let (block, next) = up_to_next_start(window, block_at, end, grammar);
        return record(header, block, next, vec![RecordProblem::LengthTooShort]);
    }
    record(header, block_at..end, next, problems)
}

fn record(header: RecordHeader, block: Range<usize>, next: usize, mut problems: Vec<RecordProblem>) -> Step {
    // Many ARC files took the length of their own description from the format's example. Nothing is lost by it.
    if header.version() == "ARC" && header.record_type() == RecordType::Warcinfo {
        problems.clear();
    }
    Step::Record(Found { header, block, next, problems, cut: false })
}

/// The claimed end lies behind the window's.
fn past_the_window(
    window: &[u8],
    header: RecordHeader,
    block_at: usize,
    end: Option<usize>,
    bound: Bound,
    grammar: &Grammar,
) -> Step {
    match bound {
        Bound::Open => return Step::Short(end.unwrap_or(window.len()).max(window.len()) + CHAIN_BYTES),
        Bound::Member => return Step::Short(window.len() + 1),
        Bound::LastMember => {}
        Bound::End | Bound::Lost => {
            if let Strong::At(start) = find_strong(window, block_at, window.len(), true, grammar) {
                let block = block_at..grammar.trim_separator(window, block_at, start);
                return record(header, block, start, vec![RecordProblem::LengthTooLong]);
            }
            if bound == Bound::Lost {
                return Step::Bad(DamageReason::CutShort);
            }
            return record(header, block_at..window.len(), window.len(), vec![RecordProblem::CutShort]);
        }
    }
    let (block, next) = up_to_next_start(window, block_at, block_at, grammar);
    record(header, block, next, vec![RecordProblem::LengthTooLong])
}

/// A block larger than what may be kept, in an uncompressed file: its first bytes are kept, its end is not waited for.
fn oversized(
    window: &[u8],
    header: RecordHeader,
    block_at: usize,
    claimed: u64,
    bound: Bound,
    grammar: &Grammar,
) -> Step {
    let limits = &grammar.limits;
    let kept = block_at.saturating_add(limits.max_block_bytes);
    let wanted = kept.saturating_add(limits.max_header_bytes);
    if bound == Bound::Open && window.len() < wanted {
        return Step::Short(wanted);
    }
    if let Strong::At(start) = find_strong(window, block_at, kept.min(window.len()), true, grammar) {
        let block = block_at..grammar.trim_separator(window, block_at, start);
        return record(header, block, start, vec![RecordProblem::LengthTooLong]);
    }
    let mut problems = Vec::new();
    // With more bytes shown, nobody would know that the end is near.
    if window.len() < wanted && claimed > (window.len() - block_at) as u64 {
        if bound == Bound::Lost {
            return Step::Bad(DamageReason::CutShort);
        }
        problems.push(RecordProblem::CutShort);
        if window.len() <= kept {
            return record(header, block_at..window.len(), window.len(), problems);
        }
    }
    Step::Record(Found { header, block: block_at..kept, next: kept, problems, cut: true })
}

/// The block that a member bounds: from `block_at` to the first strong start at or after `from`, or the window's end.
fn up_to_next_start(window: &[u8], block_at: usize, from: usize, grammar: &Grammar) -> (Range<usize>, usize) {
    let next = match find_strong(window, from, window.len(), true, grammar) {
        Strong::At(start) => start,
        Strong::NotBefore | Strong::Undecided(_) => window.len(),
    };
    (block_at..grammar.trim_separator(window, block_at, next), next)
}

fn skip_separators(window: &[u8], at: usize) -> usize {
    let limit = window.len().min(at + MAX_SEPARATORS);
    let rest = &window[at..limit];
    at + rest.iter().position(|byte| !matches!(byte, b'\r' | b'\n')).unwrap_or(rest.len())
}

/// Padding, as far as can be seen, or nothing at all? A single zero byte may be anything. `None`: too few to tell.
fn are_zeros(rest: &[u8]) -> Option<bool> {
    let head = &rest[..rest.len().min(CHAIN_BYTES)];
    if head.iter().any(|byte| *byte != 0) {
        return Some(false);
    }
    (rest.is_empty() || head.len() == CHAIN_BYTES).then_some(true)
}

/// Answer of a search for a strong start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Strong {
    At(usize),
    NotBefore,
    /// One may begin at this index; more bytes decide. Never said when the window is settled.
    Undecided(usize),
}

/// The first strong start in `from..to`. `settled` says that nothing can follow the window. The window must hold the
/// three bytes before `from`, where the file has them.
pub(super) fn find_strong(window: &[u8], from: usize, to: usize, settled: bool, grammar: &Grammar) -> Strong {
    let to = to.min(window.len());
    match grammar.dialect {
        Dialect::Warc => find_strong_warc(window, from, to, settled, &grammar.limits),
        Dialect::Arc => find_strong_arc(window, from, to, settled),
    }
}

/// Is there a strong start at `at`? `None`: more bytes decide.
pub(super) fn is_strong(window: &[u8], at: usize, settled: bool, grammar: &Grammar) -> Option<bool> {
    match grammar.dialect {
        Dialect::Warc => is_strong_warc(window, at, settled, &grammar.limits),
        Dialect::Arc if !begins_line(window, at) => Some(false),
        Dialect::Arc => arc::is_strong(&window[at..]).or(settled.then_some(false)),
    }
}

fn find_strong_arc(window: &[u8], from: usize, to: usize, settled: bool) -> Strong {
    let next_line = |at: usize| memchr::memchr(b'\n', &window[at..to]).map_or(to, |end| at + end + 1);
    let mut at = if begins_line(window, from) { from } else { next_line(from.min(to)) };
    while at < to {
        match arc::is_strong(&window[at..]) {
            Some(true) => return Strong::At(at),
            None if !settled => return Strong::Undecided(at),
            Some(false) | None => at = next_line(at),
        }
    }
    Strong::NotBefore
}

/// The window's start counts as one.
fn begins_line(window: &[u8], at: usize) -> bool {
    at == 0 || window.get(at - 1) == Some(&b'\n')
}

fn find_strong_warc(window: &[u8], from: usize, to: usize, settled: bool, limits: &ReadLimits) -> Strong {
    const MARK: &[u8] = b"WARC/";
    let mut at = from;
    while at < to {
        let reach = window.len().min(to + MARK.len() - 1);
        let Some(hit) = memmem::find(&window[at..reach], MARK) else {
            if settled || to < window.len() {
                return Strong::NotBefore;
            }
            let tail = window.len().saturating_sub(MARK.len() - 1).max(at);
            return (tail..to)
                .find(|start| MARK.starts_with(&window[*start..]) && after_blank_line(window, *start))
                .map_or(Strong::NotBefore, Strong::Undecided);
        };
        let start = at + hit;
        match is_strong_warc(window, start, settled, limits) {
            Some(true) => return Strong::At(start),
            Some(false) => at = start + 1,
            None => return Strong::Undecided(start),
        }
    }
    Strong::NotBefore
}

fn is_strong_warc(window: &[u8], at: usize, settled: bool, limits: &ReadLimits) -> Option<bool> {
    let bytes = &window[at..];
    for (index, byte) in b"WARC/".iter().enumerate() {
        match bytes.get(index) {
            Some(seen) if seen == byte => {}
            None if !settled && after_blank_line(window, at) => return None,
            _ => return Some(false),
        }
    }
    if !after_blank_line(window, at) {
        return Some(false);
    }
    match bytes.get(5..7) {
        Some(b"0." | b"1.") => {}
        None if !settled => return None,
        _ => return Some(false),
    }
    match RecordHeader::parse(bytes, limits.max_header_bytes) {
        HeaderParse::Complete { header, .. } => Some(header.content_length().is_some()),
        HeaderParse::Partial if !settled => None,
        HeaderParse::Partial | HeaderParse::NotWarc | HeaderParse::TooLong => Some(false),
    }
}

/// The window's start counts as one: callers give what precedes wherever the file has it.
fn after_blank_line(window: &[u8], at: usize) -> bool {
    let before = &window[..at];
    at == 0 || before.ends_with(b"\n\n") || before.ends_with(b"\n\r\n")
}
