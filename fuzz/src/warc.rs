//! The law of WARC files.
//!
//! The input is a file. Since mutations of packed bytes seldom get behind a checksum, an input may instead say what lies
//! in the members of a gzip file or the frames of a zstd file: bytes from 0xfa on, which no UTF-8 has, each begin a part.
//!
//! | byte | its part is |
//! |---|---|
//! | 0xff | packed as a gzip member |
//! | 0xfe | a gzip member that is only stored |
//! | 0xfd | put there as it is |
//! | 0xfc | a gzip member with a wrong checksum |
//! | 0xfb | packed as a zstd frame |
//! | 0xfa | a skippable zstd frame |

use std::collections::BTreeSet;
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::ops::Range;

use kilim_connectors::warc::{
    Item, Progress, ReadLimits, RecordProblem, SplitParser, SplitReader, WarcFormat,
};

use crate::choices;
use crate::corpus::gzip;

/// Reached by ordinary inputs.
const SMALL: ReadLimits = ReadLimits { max_header_bytes: 600, max_block_bytes: 900, max_member_bytes: 6000 };
/// Reached by bombs only.
const LARGE: ReadLimits =
    ReadLimits { max_header_bytes: 64 << 10, max_block_bytes: 1 << 20, max_member_bytes: 4 << 20 };
/// What a name can say.
const NAMED: [WarcFormat; 5] =
    [WarcFormat::Plain, WarcFormat::Gzip, WarcFormat::Zstd, WarcFormat::Arc, WarcFormat::ArcGzip];
/// In the notation for packed files.
const FIRST_MARK: u8 = 0xfa;
/// Splits of one file that are tried; few, since each is read at several buffer sizes.
const MAX_BORDERS: u64 = 5;

/// Panics if the promises of `kilim_connectors::warc` do not hold for this file.
pub fn holds(data: &[u8]) {
    let packed;
    let file = if data.first().is_some_and(|byte| *byte >= FIRST_MARK) {
        packed = members(data);
        &packed
    } else {
        data
    };
    let mut choose = choices(data);
    let limits = if choose().is_multiple_of(2) { SMALL } else { LARGE };
    let step = (choose() % 5000) as usize + 1;
    let borders: Vec<u64> = (0..choose() % MAX_BORDERS).map(|_| choose() % (file.len() as u64 + 1)).collect();
    let first = &file[..file.len().min(WarcFormat::SNIFF_BYTES)];
    match WarcFormat::sniff(first, "") {
        Ok(format) => file_holds(file, format, limits, &borders, step),
        // A damaged file is read by what its name says.
        Err(_) => file_holds(file, NAMED[(choose() % 5) as usize], limits, &borders, step),
    }
}

/// The law for one way to read the file: in one format, cut at `borders`, in buffers that grow by `step` bytes.
pub fn file_holds(file: &[u8], format: WarcFormat, limits: ReadLimits, borders: &[u64], step: usize) {
    let whole = read_split(file, format, 0..u64::MAX, limits, usize::MAX);
    assert_tiles(&whole, file.len());
    assert_eq!(whole, read_split(file, format, 0..u64::MAX, limits, step), "other buffers give other items");
    assert_eq!(whole, read_source(file, format, limits), "a file that is read gives other items");

    let mut parts = Vec::new();
    for split in partition(file.len(), borders) {
        let part = read_split(file, format, split.clone(), limits, step);
        assert_eq!(
            part,
            read_split(file, format, split, limits, 1),
            "other buffers give other items of a split"
        );
        parts.extend(part);
    }
    if parts != whole {
        // The one exception, of which the books will tell: a file that lies whole inside a record of another.
        let bytes: u64 = parts.iter().map(|seen| seen.length).sum();
        assert!(
            bytes > file.len() as u64,
            "a partition gives other items: {parts:#?}\ninstead of {whole:#?}"
        );
    }
}

/// An item without its borrow.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Seen {
    offset: u64,
    length: u64,
    inner_offset: u64,
    what: &'static str,
    header: Vec<(String, String)>,
    block: Vec<u8>,
    block_len: u64,
    problems: Vec<RecordProblem>,
}

impl Seen {
    fn of(item: &Item<'_>, limits: ReadLimits) -> Self {
        let mut seen = Self {
            offset: item.offset(),
            length: item.length(),
            inner_offset: 0,
            what: "padding",
            header: Vec::new(),
            block: Vec::new(),
            block_len: 0,
            problems: Vec::new(),
        };
        match item {
            Item::Record(record) => {
                assert!(record.block.len() <= limits.max_block_bytes, "a block of {}", record.block.len());
                assert_eq!(record.truncated_by_cap(), record.block_len > record.block.len() as u64);
                if record.truncated_by_cap() {
                    assert_eq!(record.block.len(), limits.max_block_bytes, "cut before the cap");
                }
                let fields = record.header.fields().map(|(name, value)| (name.to_owned(), value.to_owned()));
                seen.header = fields.collect();
                // U+FFFD takes three bytes where one was wrong.
                let bytes: usize = seen.header.iter().map(|(name, value)| name.len() + value.len()).sum();
                assert!(bytes <= 3 * limits.max_header_bytes, "a header of {bytes}");
                seen.inner_offset = record.inner_offset;
                seen.what = record.header.record_type().as_str();
                seen.block = record.block.to_vec();
                seen.block_len = record.block_len;
                seen.problems.clone_from(&record.problems);
            }
            Item::Damage(damage) => {
                seen.inner_offset = damage.inner_offset;
                seen.what = damage.reason.as_str();
            }
            Item::Padding { .. } => assert!(seen.length > 0, "padding of no bytes"),
        }
        seen
    }
}

/// Reads a split, showing the parser at most `step` bytes more than it asks for.
fn read_split(
    file: &[u8],
    format: WarcFormat,
    split: Range<u64>,
    limits: ReadLimits,
    step: usize,
) -> Vec<Seen> {
    let mut parser = SplitParser::new(format, split, limits);
    let mut items = Vec::new();
    let mut shown = 0;
    let most_calls = 20 * file.len() + 1000;
    for _ in 0..most_calls {
        let before = parser.position();
        let at = usize::try_from(before).expect("places are within the file").min(file.len());
        let end = at.saturating_add(shown).min(file.len());
        let eof = end == file.len();
        match parser.next(&file[at..end], eof) {
            Progress::Item(item) => items.push(Seen::of(&item, limits)),
            Progress::Done => return items,
            Progress::NeedMore { at_least } => {
                assert!(!eof, "more is asked for at the end of the file");
                let moved =
                    usize::try_from(parser.position() - before).expect("it moves forward, within the file");
                assert!(at_least > (end - at).saturating_sub(moved), "no progress is asked for");
                shown = at_least.max(step);
                continue;
            }
        }
        shown = end - usize::try_from(parser.position()).expect("places are within the file").min(end);
    }
    panic!("the parser does not end within {most_calls} calls");
}

/// Reads the whole file through a source that gives a few bytes at a time.
fn read_source(file: &[u8], format: WarcFormat, limits: ReadLimits) -> Vec<Seen> {
    let source = Drops { file: Cursor::new(file), most: 700 };
    let mut reader =
        SplitReader::new(source, format, 0..u64::MAX, limits).expect("bytes in memory can be read");
    let mut items = Vec::new();
    while let Some(item) = reader.next_item().expect("bytes in memory can be read") {
        items.push(Seen::of(&item, limits));
    }
    items
}

struct Drops<'a> {
    file: Cursor<&'a [u8]>,
    most: usize,
}

impl Read for Drops<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let most = out.len().min(self.most);
        self.file.read(&mut out[..most])
    }
}

impl Seek for Drops<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

/// The items cover the file in order, without gap or overlap; what has no length lies within the item behind it, or
/// in the one before.
fn assert_tiles(items: &[Seen], size: usize) {
    let mut at = 0;
    for seen in items {
        if seen.length > 0 {
            assert_eq!(seen.offset, at, "gap or overlap in {items:#?}");
            at = seen.offset + seen.length;
        } else {
            assert!(seen.offset <= at, "{seen:?} lies behind what comes next in {items:#?}");
        }
    }
    assert_eq!(at, size as u64, "the end is missing in {items:#?}");
}

fn partition(size: usize, borders: &[u64]) -> Vec<Range<u64>> {
    let borders: BTreeSet<u64> = borders.iter().copied().chain([0, size as u64 + 1]).collect();
    let borders: Vec<u64> = borders.into_iter().collect();
    borders.windows(2).map(|pair| pair[0]..pair[1]).collect()
}

/// The file that an input in the notation stands for.
fn members(noted: &[u8]) -> Vec<u8> {
    let mut file = Vec::new();
    let mut rest = noted;
    while let Some((mark, behind)) = rest.split_first() {
        let end = behind.iter().position(|byte| *byte >= FIRST_MARK).unwrap_or(behind.len());
        let (part, next) = behind.split_at(end);
        rest = next;
        match mark {
            0xff => file.extend(gzip(part, 6)),
            0xfe => file.extend(gzip(part, 0)),
            0xfd => file.extend_from_slice(part),
            0xfb => file.extend(zstd::bulk::compress(part, 1).expect("bytes in memory can be packed")),
            0xfa => {
                file.extend([0x50, 0x2a, 0x4d, 0x18]);
                file.extend((part.len() as u32).to_le_bytes());
                file.extend_from_slice(part);
            }
            _ => {
                let mut member = gzip(part, 6);
                let checksum = member.len() - 8;
                member[checksum] ^= 0x55;
                file.extend(member);
            }
        }
    }
    file
}
