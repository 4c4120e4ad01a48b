//! What holds for any bytes: the parser ends, never panics, accounts for every byte, and says the same in any partition.

use std::collections::BTreeSet;

use flate2::write::GzEncoder;
use proptest::prelude::*;
use std::io::Write;

use super::records::{Dialect, Grammar, Strong, find_strong};
use super::*;

/// Small caps, so that tests reach them.
const SMALL: ReadLimits = ReadLimits { max_header_bytes: 600, max_block_bytes: 900, max_member_bytes: 6000 };

/// An item without its bytes: enough to compare.
#[derive(Clone, PartialEq, Eq)]
enum Seen {
    Record { offset: u64, length: u64, inner: u64, id: String, block: Vec<u8>, problems: Vec<RecordProblem> },
    Other { offset: u64, length: u64, inner: u64, what: &'static str },
}

/// One line an item: what is compared may be long.
impl std::fmt::Debug for Seen {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Record { offset, length, inner, id, block, problems } => {
                write!(out, "{offset}+{length}@{inner} {id} block {} {problems:?}", block.len())
            }
            Self::Other { offset, length, inner, what } => write!(out, "{offset}+{length}@{inner} {what}"),
        }
    }
}

impl Seen {
    fn of(item: &Item<'_>) -> Self {
        let (offset, length) = (item.offset(), item.length());
        match item {
            Item::Record(record) => Self::Record {
                offset,
                length,
                inner: record.inner_offset,
                id: record.header.record_id().unwrap_or_default().to_owned(),
                block: record.block.to_vec(),
                problems: record.problems.clone(),
            },
            Item::Damage(damage) => {
                Self::Other { offset, length, inner: damage.inner_offset, what: damage.reason.as_str() }
            }
            Item::Padding { .. } => Self::Other { offset, length, inner: 0, what: "padding" },
        }
    }

    /// What tells rows apart; padding has none.
    fn key(&self) -> Option<(u64, u64)> {
        match self {
            Self::Other { what: "padding", .. } => None,
            Self::Record { offset, inner, .. } | Self::Other { offset, inner, .. } => Some((*offset, *inner)),
        }
    }

    fn place(&self) -> (u64, u64) {
        match self {
            Self::Record { offset, length, .. } | Self::Other { offset, length, .. } => (*offset, *length),
        }
    }
}

/// Reads a split, showing the parser at most `step` bytes more than it asks for.
fn read_split(
    file: &[u8],
    format: WarcFormat,
    split: std::ops::Range<u64>,
    limits: ReadLimits,
    step: usize,
) -> Vec<Seen> {
    let mut parser = SplitParser::new(format, split, limits);
    let mut shown = 0;
    let mut items = Vec::new();
    let mut calls = 0;
    loop {
        calls += 1;
        assert!(calls < 20 * file.len() + 1000, "the parser does not end");
        let at = usize::try_from(parser.position()).unwrap().min(file.len());
        let end = (at + shown).min(file.len());
        let eof = end == file.len();
        let before = parser.position();
        match parser.next(&file[at..end], eof) {
            Progress::Item(item) => items.push(Seen::of(&item)),
            Progress::Done => return items,
            Progress::NeedMore { at_least } => {
                assert!(!eof, "more is asked for at the end of the file");
                let moved = usize::try_from(parser.position() - before).unwrap();
                assert!(at_least > (end - at).saturating_sub(moved), "no progress is asked for");
                shown = at_least.max(step);
                continue;
            }
        }
        shown = end - usize::try_from(parser.position()).unwrap().min(end);
    }
}

fn read_all(file: &[u8], format: WarcFormat, limits: ReadLimits) -> Vec<Seen> {
    read_split(file, format, 0..u64::MAX, limits, 1 << 20)
}

/// The pieces cover the file without gap or overlap, in order.
fn assert_tiles(items: &[Seen], size: usize) {
    let mut at = 0;
    for (offset, length) in items.iter().map(Seen::place).filter(|(_, length)| *length > 0) {
        assert_eq!(offset, at, "gap or overlap in {items:#?}");
        at = offset + length;
    }
    assert_eq!(at, size as u64, "the end is missing in {items:#?}");
}

fn gzip(bytes: &[u8], level: u32) -> Vec<u8> {
    let mut writer = GzEncoder::new(Vec::new(), flate2::Compression::new(level));
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

const WORDS: [&str; 8] = ["habari ", "नमस्ते ", "வணக்கம் ", "ሰላም\n\n", "Γειά\r\n", "مرحبا ", "สวัสดี ", "你好 "];

fn record() -> impl Strategy<Value = Vec<u8>> {
    (prop::collection::vec(0..WORDS.len(), 0..60), 0..4u8, any::<u16>()).prop_map(|(words, kind, number)| {
        let text: String = words.iter().map(|word| WORDS[*word]).collect();
        let uri = format!("https://host{}.example/{number}", number % 7);
        let builder = match kind {
            0 => RecordBuilder::request(&uri, WARC_BLANK_DATE, b"GET / HTTP/1.1\r\n\r\n"),
            1 => RecordBuilder::resource(&uri, WARC_BLANK_DATE, "text/plain", text.as_bytes()),
            _ => RecordBuilder::response(
                &uri,
                WARC_BLANK_DATE,
                format!("HTTP/1.1 200 OK\r\n\r\n{text}").as_bytes(),
            ),
        };
        builder.to_plain()
    })
}

/// What stands between and around healthy members.
fn gzip_piece() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        8 => (record(), 0..7u32).prop_map(|(record, level)| gzip(&record, level)),
        1 => Just(gzip(b"", 6)),
        1 => (1..40usize).prop_map(|count| vec![0; count]),
        1 => prop::collection::vec(any::<u8>(), 1..50),
        1 => Just(gzip("ሰላም ለዓለም".as_bytes(), 6)),
        1 => prop::collection::vec(record(), 2..4).prop_map(|records| gzip(&records.concat(), 6)),
        2 => (record(), 30..200usize).prop_map(|(record, size)| record.chunks(size).flat_map(|part| gzip(part, 6)).collect()),
    ]
}

fn zstd(bytes: &[u8], level: i32, sized: bool) -> Vec<u8> {
    let mut writer = ::zstd::stream::write::Encoder::new(Vec::new(), level).unwrap();
    writer.include_checksum(level % 2 == 0).unwrap();
    if sized {
        writer.set_pledged_src_size(Some(bytes.len() as u64)).unwrap();
    }
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

/// A skippable frame of kind 0x50 to 0x5f.
fn skippable(kind: u8, held: &[u8]) -> Vec<u8> {
    [&[0x50 | kind & 0xf, 0x2a, 0x4d, 0x18], &(held.len() as u32).to_le_bytes()[..], held].concat()
}

/// A raw dictionary, and frames packed with it and without.
const DICTIONARY: &[u8] =
    b"WARC/1.1\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:uuid:>\r\nWARC-Date: 2026-01-01T00:00:00Z\r\n";

fn zstd_piece() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        6 => (record(), 1..5i32, any::<bool>()).prop_map(|(record, level, sized)| zstd(&record, level, sized)),
        2 => record().prop_map(|record| {
            ::zstd::bulk::Compressor::with_dictionary(3, DICTIONARY).unwrap().compress(&record).unwrap()
        }),
        1 => Just(zstd(b"", 1, false)),
        1 => (any::<u8>(), prop::collection::vec(any::<u8>(), 0..90)).prop_map(|(kind, held)| skippable(kind, &held)),
        1 => (1..40usize).prop_map(|count| vec![0; count]),
        1 => prop::collection::vec(any::<u8>(), 1..50),
        1 => Just(zstd("ሰላም ለዓለም".as_bytes(), 1, true)),
        1 => prop::collection::vec(record(), 2..4).prop_map(|records| zstd(&records.concat(), 2, false)),
        2 => (record(), 30..200usize).prop_map(|(record, size)| record.chunks(size).flat_map(|part| zstd(part, 2, true)).collect()),
    ]
}

fn arc_record() -> impl Strategy<Value = Vec<u8>> {
    (prop::collection::vec(0..WORDS.len(), 0..60), 0..5u8, any::<u16>()).prop_map(|(words, kind, number)| {
        let text: String = words.iter().map(|word| WORDS[*word]).collect();
        let block = format!("HTTP/1.1 200 OK\r\n\r\n{text}");
        let (scheme, rest) = match kind {
            0 => ("dns:mfano.et", "text/dns"),
            1 => ("http://mfano.gr/a b c", "text/html 200 fac0691 - 209 IA-1.arc"),
            _ => ("http://mfano.co.ke/", "text/html"),
        };
        let length = if number % 11 == 0 { block.len() + usize::from(number % 50) } else { block.len() };
        format!("{scheme}{number} 192.0.2.1 20040102030405 {rest} {length}\n{block}\n").into_bytes()
    })
}

fn arc_piece() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        8 => arc_record(),
        1 => Just(b"filedesc://x.arc 0.0.0.0 20040102030405 text/plain 76\n1 0 test\nURL IP-address Archive-date\n\n".to_vec()),
        1 => (1..40usize).prop_map(|count| vec![0; count]),
        1 => prop::collection::vec(any::<u8>(), 1..50),
        1 => Just("http://mfano.th/ ".as_bytes().to_vec()),
        1 => arc_record().prop_map(|record| record[..record.len() - 1].to_vec()), // no line end behind
    ]
}

fn plain_piece() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        8 => record(),
        1 => (1..40usize).prop_map(|count| vec![0; count]),
        1 => prop::collection::vec(any::<u8>(), 1..50),
        1 => record().prop_map(|record| record[..record.len() - 4].to_vec()), // no blank line behind
        1 => record().prop_map(|record| String::from_utf8_lossy(&record).replace("\r\n", "\n").into_bytes()),
        1 => record().prop_map(|record| String::from_utf8_lossy(&record).replace("Content-Length", "X-Length").into_bytes()),
    ]
}

/// Bytes changed, cut out or doubled.
fn damaged(pieces: &[Vec<u8>], hits: &[(prop::sample::Index, u8, u8)]) -> Vec<u8> {
    let mut file = pieces.concat();
    for (place, kind, byte) in hits {
        if file.is_empty() {
            break;
        }
        let at = place.index(file.len());
        let end = (at + usize::from(*byte)).min(file.len());
        match kind % 4 {
            0 | 1 => file[at] ^= byte | 1,
            2 => drop(file.drain(at..end)),
            _ => file.truncate(at.max(file.len() / 2)),
        }
    }
    file
}

fn partition(size: usize, cuts: &[prop::sample::Index]) -> Vec<std::ops::Range<u64>> {
    let mut borders: BTreeSet<u64> = cuts.iter().map(|cut| cut.index(size + 1) as u64).collect();
    borders.insert(0);
    borders.insert(size as u64 + 1);
    let borders: Vec<u64> = borders.into_iter().collect();
    borders.windows(2).map(|pair| pair[0]..pair[1]).collect()
}

/// Does a start lie inside a record of an uncompressed file that is otherwise healthy?
fn holds_a_start(file: &[u8], format: WarcFormat, limits: ReadLimits, items: &[Seen]) -> bool {
    let dialect = match format {
        WarcFormat::Plain => Dialect::Warc,
        WarcFormat::Arc => Dialect::Arc,
        WarcFormat::Gzip | WarcFormat::Zstd | WarcFormat::ArcGzip => return false,
    };
    let grammar = Grammar { dialect, limits };
    let records = items.iter().filter(|seen| matches!(seen, Seen::Record { .. }));
    records.map(Seen::place).any(|(offset, length)| {
        let (from, to) = (offset as usize + 1, (offset + length) as usize);
        matches!(find_strong(file, from, to, true, &grammar), Strong::At(_))
    })
}

fn assert_lawful(
    file: &[u8],
    format: WarcFormat,
    limits: ReadLimits,
    cuts: &[prop::sample::Index],
    step: usize,
) {
    let whole = read_all(file, format, limits);
    assert_tiles(&whole, file.len());
    let keys: Vec<(u64, u64)> = whole.iter().filter_map(Seen::key).collect();
    assert_eq!(keys.iter().collect::<BTreeSet<_>>().len(), keys.len(), "places repeat: {whole:#?}");
    if holds_a_start(file, format, limits, &whole) {
        return; // the one exception, made by damage to a length that happens to fit
    }
    let mut parts = Vec::new();
    let splits = partition(file.len(), cuts);
    for split in splits.clone() {
        parts.extend(read_split(file, format, split, limits, step));
    }
    assert!(
        parts == whole,
        "a partition gives other items: {splits:?} of {}: {parts:#?} and not {whole:#?}",
        file.len()
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_partition_of_a_damaged_gzip_file_gives_the_same_items(
        pieces in prop::collection::vec(gzip_piece(), 0..12),
        hits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), any::<u8>()), 0..6),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..10),
        step in 1..5000usize,
        small in any::<bool>(),
    ) {
        let limits = if small { SMALL } else { ReadLimits::default() };
        assert_lawful(&damaged(&pieces, &hits), WarcFormat::Gzip, limits, &cuts, step);
    }

    #[test]
    fn any_partition_of_a_damaged_plain_file_gives_the_same_items(
        pieces in prop::collection::vec(plain_piece(), 0..12),
        hits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), any::<u8>()), 0..6),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..10),
        step in 1..5000usize,
        small in any::<bool>(),
    ) {
        let limits = if small { SMALL } else { ReadLimits::default() };
        assert_lawful(&damaged(&pieces, &hits), WarcFormat::Plain, limits, &cuts, step);
    }

    #[test]
    fn any_partition_of_a_damaged_zstd_file_gives_the_same_items(
        dictionary in 0..4u8,
        pieces in prop::collection::vec(zstd_piece(), 0..12),
        hits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), any::<u8>()), 0..6),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..10),
        step in 1..5000usize,
        small in any::<bool>(),
    ) {
        let limits = if small { SMALL } else { ReadLimits::default() };
        let mut pieces = pieces;
        match dictionary {
            0 => pieces.insert(0, skippable(0xd, DICTIONARY)),
            1 => pieces.insert(0, skippable(0xd, &zstd(DICTIONARY, 1, true))),
            _ => {}
        }
        assert_lawful(&damaged(&pieces, &hits), WarcFormat::Zstd, limits, &cuts, step);
    }

    #[test]
    fn any_partition_of_a_damaged_arc_file_gives_the_same_items(
        pieces in prop::collection::vec(arc_piece(), 0..12),
        hits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), any::<u8>()), 0..6),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..10),
        step in 1..5000usize,
        small in any::<bool>(),
        packed in any::<bool>(),
    ) {
        let limits = if small { SMALL } else { ReadLimits::default() };
        let format = if packed { WarcFormat::ArcGzip } else { WarcFormat::Arc };
        let pieces = if packed { pieces.iter().map(|piece| gzip(piece, 6)).collect() } else { pieces };
        assert_lawful(&damaged(&pieces, &hits), format, limits, &cuts, step);
    }

    #[test]
    fn groups_past_the_cap_are_read_by_the_piece_in_any_partition(
        records in prop::collection::vec(record(), 20..60),
        cut in prop_oneof![Just(usize::MAX), 200..3000usize],
        behind in prop::collection::vec(record(), 0..3),
        hits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), any::<u8>()), 0..3),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..10),
        step in 1..5000usize,
        zstd_packed in any::<bool>(),
    ) {
        let limits = ReadLimits { max_member_bytes: 4000, ..SMALL };
        let pack = |bytes: &[u8]| if zstd_packed { zstd(bytes, 2, false) } else { gzip(bytes, 6) };
        let format = if zstd_packed { WarcFormat::Zstd } else { WarcFormat::Gzip };
        let whole = records.concat();
        let mut pieces: Vec<Vec<u8>> = whole.chunks(cut.min(whole.len())).map(pack).collect();
        pieces.extend(behind.iter().map(|record| pack(record)));
        assert_lawful(&damaged(&pieces, &hits), format, limits, &cuts, step);
        if hits.is_empty() {
            let ids = |items: Vec<Seen>| -> Vec<String> {
                items.into_iter().filter_map(|seen| match seen {
                    Seen::Record { id, problems, .. } if problems.is_empty() => Some(id),
                    Seen::Record { .. } | Seen::Other { .. } => None,
                }).collect()
            };
            let plain = ids(read_all(&[records, behind].concat().concat(), WarcFormat::Plain, limits));
            let items = read_all(&pieces.concat(), format, limits);
            let members: Vec<usize> = pieces.iter().map(Vec::len).collect();
            prop_assert!(ids(items.clone()) == plain, "{members:?} of {cut}: {items:#?}");
        }
    }

    #[test]
    fn what_is_written_is_read_back_in_every_packing(
        kind in 0..7u8,
        uri in "[^\\s<>]{1,40}( [^\\s<>]{1,9})?",
        id in prop::option::of("urn:[a-z0-9:ሀ-ሸ-]{1,30}"),
        fields in prop::collection::vec((".{0,20}", ".{0,40}"), 0..6),
        block in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..600),
            prop::collection::vec(0..WORDS.len(), 0..60)
                .prop_map(|words| words.iter().map(|word| WORDS[*word]).collect::<String>().into_bytes()),
        ],
    ) {
        let date = "2026-01-02T03:04:05Z";
        let (mut builder, record_type) = match kind {
            0 => (RecordBuilder::request(&uri, date, &block), RecordType::Request),
            1 => (RecordBuilder::resource(&uri, date, "text/plain", &block), RecordType::Resource),
            2 => (RecordBuilder::conversion(&uri, date, "text/plain", &block), RecordType::Conversion),
            3 => (RecordBuilder::metadata(&uri, date, "application/warc-fields", &block), RecordType::Metadata),
            4 => (RecordBuilder::revisit(&uri, date, "urn:uuid:1", &block), RecordType::Revisit),
            5 => (RecordBuilder::continuation(&uri, date, "urn:uuid:1", 2, &block), RecordType::Continuation),
            _ => (RecordBuilder::response(&uri, date, &block), RecordType::Response),
        };
        if let Some(id) = &id {
            builder = builder.id(id);
        }
        for (name, value) in &fields {
            builder = builder.field(name, value);
        }
        let files = [
            (WarcFormat::Plain, builder.to_plain()),
            (WarcFormat::Gzip, builder.to_gzip()),
            (WarcFormat::Zstd, builder.to_zstd()),
        ];
        for (format, file) in files {
            let mut parser = SplitParser::new(format, 0..u64::MAX, ReadLimits::default());
            let Progress::Item(Item::Record(record)) = parser.next(&file, true) else {
                return Err(TestCaseError::fail(format!("no record in {format:?}")));
            };
            prop_assert_eq!(record.block, &block[..]);
            prop_assert_eq!((record.offset, record.length), (0, file.len() as u64));
            prop_assert!(record.problems.is_empty(), "{:?}", record.problems);
            let header = record.header;
            prop_assert_eq!(header.record_type(), record_type);
            prop_assert_eq!(header.target_uri(), Some(uri.trim()));
            prop_assert_eq!(header.date(), Some(date));
            prop_assert_eq!(header.content_length(), Some(block.len() as u64));
            if let Some(id) = &id {
                prop_assert_eq!(header.record_id(), Some(id.as_str()));
            }
            // Names may have been mended; values come back as they were, less line ends and blanks around them.
            let kept = header.fields().map(|(_, value)| value.to_owned()).collect::<Vec<_>>();
            for (name, value) in &fields {
                let own = ["warc-type", "warc-record-id", "content-length"].contains(&name.to_lowercase().as_str());
                let value = value.replace(['\r', '\n'], " ");
                prop_assert!(name.is_empty() || own || kept.iter().any(|kept| kept == value.trim_ascii()), "{value:?} in {kept:?}");
            }
            prop_assert!(matches!(parser.next(&[], true), Progress::Done));
        }
    }

    #[test]
    fn any_bytes_at_all_are_tiled_and_end(
        file in prop::collection::vec(prop_oneof![Just(0x1f), Just(0x8b), Just(8), Just(0), Just(b'\n'), any::<u8>()], 0..400),
        format in prop::sample::select(vec![WarcFormat::Plain, WarcFormat::Gzip, WarcFormat::Zstd, WarcFormat::Arc, WarcFormat::ArcGzip]),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..5),
        step in 1..50usize,
    ) {
        assert_lawful(&file, format, SMALL, &cuts, step);
    }
}

#[test]
fn healthy_records_come_out_whole_at_every_cut() {
    let records: Vec<Vec<u8>> = ["Habari", "नमस्ते", "ሰላም"]
        .iter()
        .map(|text| {
            RecordBuilder::resource("https://mfano.co.ke/", WARC_BLANK_DATE, "text/plain", text.as_bytes())
                .to_plain()
        })
        .collect();
    let packed: Vec<u8> = records.iter().flat_map(|record| gzip(record, 6)).collect();
    for (format, file) in [(WarcFormat::Plain, records.concat()), (WarcFormat::Gzip, packed)] {
        let whole = read_all(&file, format, ReadLimits::default());
        assert_eq!(whole.len(), 3);
        assert!(
            whole.iter().all(|seen| matches!(seen, Seen::Record { problems, .. } if problems.is_empty()))
        );
        for cut in 0..=file.len() as u64 {
            let mut parts = read_split(&file, format, 0..cut, ReadLimits::default(), 1);
            parts.extend(read_split(&file, format, cut..u64::MAX, ReadLimits::default(), 1));
            assert_eq!(parts, whole, "cut at {cut}");
        }
    }
}

#[test]
fn one_damaged_member_costs_its_own_records_only() {
    let members: Vec<Vec<u8>> = (0..5)
        .map(|number| {
            let text = format!("வணக்கம் {number} ").repeat(40);
            gzip(
                &RecordBuilder::resource("https://mfano.in/", WARC_BLANK_DATE, "text/plain", text.as_bytes())
                    .to_plain(),
                6,
            )
        })
        .collect();
    for at in 0..members[2].len() {
        let mut broken = members.clone();
        broken[2][at] ^= 0x55;
        let file = broken.concat();
        let items = read_all(&file, WarcFormat::Gzip, ReadLimits::default());
        assert_tiles(&items, file.len());
        let healthy = items
            .iter()
            .filter(|seen| matches!(seen, Seen::Record { problems, .. } if problems.is_empty()))
            .count();
        assert!(healthy >= 4, "byte {at}: {healthy} records");
    }
}

#[test]
fn a_huge_length_or_a_bomb_is_never_allocated() {
    let text = RecordBuilder::resource("https://mfano.th/", WARC_BLANK_DATE, "text/plain", "สวัสดี".as_bytes())
        .to_plain();
    let lying = String::from_utf8(text.clone())
        .unwrap()
        .replace("Content-Length: 18", "Content-Length: 999999999999999999");
    let file = [lying.as_bytes(), &text].concat();
    for (format, file) in [(WarcFormat::Plain, file.clone()), (WarcFormat::Gzip, gzip(&file, 6))] {
        let items = read_all(&file, format, ReadLimits::default());
        assert_tiles(&items, file.len());
        let Seen::Record { block, problems, .. } = &items[0] else { panic!("{items:?}") };
        assert_eq!(block, "สวัสดี".as_bytes());
        assert_eq!(problems, &[RecordProblem::LengthTooLong]);
        assert!(matches!(&items[1], Seen::Record { problems, .. } if problems.is_empty()));
    }
    let bomb =
        RecordBuilder::resource("https://mfano.th/", WARC_BLANK_DATE, "text/plain", &vec![b'A'; 9 << 20])
            .to_gzip();
    let limits = ReadLimits { max_member_bytes: 1 << 20, ..ReadLimits::default() };
    let items = read_all(&[bomb.clone(), gzip(&text, 6)].concat(), WarcFormat::Gzip, limits);
    let expected = Seen::Other { offset: 0, length: bomb.len() as u64, inner: 0, what: "inflates_past_cap" };
    assert_eq!(items[0], expected);
    assert!(matches!(items[1], Seen::Record { .. }));
}

#[test]
fn a_stored_member_that_lost_bytes_does_not_swallow_the_next() {
    let record =
        RecordBuilder::resource("https://mfano.gr/", WARC_BLANK_DATE, "text/plain", "Γειά".as_bytes())
            .to_plain();
    let member = gzip(&record, 0);
    for lost in 1..40 {
        let mut file = member.repeat(4);
        file.drain(member.len() + 60..member.len() + 60 + lost);
        let items = read_all(&file, WarcFormat::Gzip, ReadLimits::default());
        assert_tiles(&items, file.len());
        let healthy = |seen: &&Seen| matches!(seen, Seen::Record { problems, .. } if problems.is_empty());
        assert_eq!(items.iter().filter(healthy).count(), 3, "{lost} bytes lost: {items:#?}");
    }
}
