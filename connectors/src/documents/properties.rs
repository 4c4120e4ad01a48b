//! What holds for any bytes: splits of any size give the same items, the items tile the file, and nothing panics.

use std::io::Write as _;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use bytes::Bytes;
use object_store::memory::InMemory;
use object_store::{ObjectStoreExt, PutPayload};
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;
use proptest::prelude::*;

use super::*;
use crate::store::{Location, Stores};

const TEXTS: [&str; 6] = [
    "{\"text\": \"Habari za asubuhi\", \"id\": 1}",
    "{\"text\": \"नमस्ते दुनिया\", \"url\": \"https://a.in/\"}",
    "{\"text\": \"ሰላም ለዓለም\"}",
    "",
    "สวัสดี is no JSON",
    "{\"metadata\": {\"url\": \"https://a.gr/\"}, \"text\": \"Γειά\\nσου\"}",
];

/// The items of one split, shown `window` bytes more at a time.
fn items(bytes: &[u8], split: Range<u64>, window: usize, cap: usize) -> Vec<LineItem> {
    let mut lines = LineSplit::new(split, cap);
    let mut shown = lines.position() as usize;
    let mut found = Vec::new();
    loop {
        let from = lines.position() as usize;
        shown = shown.max(from);
        match lines.step(&bytes[from..shown], shown == bytes.len()) {
            LineStep::Item(item) => found.push(item),
            LineStep::NeedMore { .. } => {
                assert!(shown < bytes.len(), "more is wanted where there is none");
                shown = (shown + window).min(bytes.len());
            }
            LineStep::Done => return found,
        }
    }
}

fn by_splits(bytes: &[u8], size: usize, window: usize, cap: usize) -> Vec<LineItem> {
    let starts = (0..bytes.len()).step_by(size);
    starts
        .flat_map(|start| items(bytes, start as u64..(start + size).min(bytes.len()) as u64, window, cap))
        .collect()
}

fn assert_tiles(items: &[LineItem], bytes: &[u8]) {
    let mut at = 0;
    for item in items {
        assert_eq!(item.place().offset, at, "{items:?}");
        at += item.place().length;
    }
    assert_eq!(at, bytes.len() as u64);
}

fn a_file() -> impl Strategy<Value = Vec<u8>> {
    let line = prop_oneof![
        4 => prop::sample::select(&TEXTS[..]).prop_map(|text| text.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..40),
    ];
    let end = prop::sample::select(vec!["\n", "\r\n", "\n\n", ""]);
    prop::collection::vec((line, end), 0..12).prop_map(|lines| {
        lines.into_iter().flat_map(|(line, end)| [line, end.as_bytes().to_vec()].concat()).collect()
    })
}

fn pack(format: DocumentFormat, bytes: &[u8]) -> Vec<u8> {
    if format == DocumentFormat::GzipLines {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    } else {
        let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }
}

/// Lines that are not blank, and damages, of a packed file.
fn packed_items(format: DocumentFormat, bytes: &[u8], window: usize) -> (Vec<Vec<u8>>, Vec<Place>) {
    let mut lines = PackedLines::new(format, bytes.len() as u64, ReadLimits::default()).unwrap();
    let (mut found, mut places) = (Vec::new(), Vec::new());
    let mut shown = 0;
    loop {
        let from = lines.position() as usize;
        shown = shown.max(from);
        match lines.step(&bytes[from..shown], shown == bytes.len()) {
            LineStep::Item(item) => {
                places.push(item.place());
                if let LineItem::Line { place, content_bytes } = item {
                    found.push(lines.line(place, content_bytes).to_vec());
                }
            }
            LineStep::NeedMore { .. } => {
                assert!(shown < bytes.len(), "more is wanted where there is none");
                shown = (shown + window).min(bytes.len());
            }
            LineStep::Done => return (found, places),
        }
    }
}

/// A Parquet file of `rows` rows, `group` of them in a row group.
fn parquet_file(rows: usize, group: usize) -> Vec<u8> {
    let texts: ArrayRef =
        Arc::new((0..rows).map(|row| Some(format!("{row} {}", TEXTS[row % 6]))).collect::<StringArray>());
    let urls: ArrayRef = Arc::new(
        (0..rows).map(|row| (row % 2 == 0).then(|| format!("https://a.in/{row}"))).collect::<StringArray>(),
    );
    let batch =
        RecordBatch::try_from_iter_with_nullable([("text", texts, true), ("url", urls, true)]).unwrap();
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(group)).build();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.into_inner().unwrap()
}

/// What the splits of a Parquet file give: what every row is, and all places.
async fn parquet_rows(bytes: &[u8], size: usize) -> (Vec<String>, Vec<Place>) {
    let memory = Arc::new(InMemory::new());
    memory.put(&"a.parquet".into(), PutPayload::from(bytes.to_vec())).await.unwrap();
    let stores = Arc::new(Stores::new().with_store("s3://b", memory).unwrap());
    let place = Location::parse("s3://b/a.parquet", Path::new("/")).unwrap();
    let fields = FieldMap::default();
    let (mut rows, mut places) = (Vec::new(), Vec::new());
    for start in (0..bytes.len()).step_by(size) {
        let split = start as u64..(start + size).min(bytes.len()) as u64;
        let kept = (start as u64, Bytes::copy_from_slice(&bytes[start..split.end as usize]));
        let (stores, place, size) = (Arc::clone(&stores), place.clone(), bytes.len() as u64);
        let opened = ParquetSplit::open(stores, place, size, split, kept, &fields, ReadLimits::default());
        let mut reader = match opened.await.unwrap() {
            Ok(reader) => reader,
            Err(error) => return (vec![error.as_str().to_owned()], Vec::new()),
        };
        while let Some(piece) = reader.next(&fields).await.unwrap() {
            match piece {
                Piece::Rows(read) => {
                    for row in 0..read.len() {
                        places.push(read.place(row));
                        rows.push(format!("{:?}", read.read(row, &fields)));
                    }
                }
                Piece::Damage(damage) => {
                    places.push(damage.place);
                    rows.push(format!("{:?} {:?}", damage.reason, damage.detail));
                }
                Piece::Padding(place) => places.push(place),
            }
        }
    }
    (rows, places)
}

fn assert_row_places(places: &[Place], bytes: u64) {
    assert_eq!(places.iter().map(|place| place.length).sum::<u64>(), bytes);
    let mut keys: Vec<_> = places.iter().filter(|place| place.length > 0).collect();
    keys.sort_by_key(|place| place.offset);
    for pair in keys.windows(2) {
        assert_eq!(pair[0].offset + pair[0].length, pair[1].offset, "{places:?}");
    }
}

proptest! {
    #[test]
    fn splits_of_any_size_give_the_same_lines_and_tile_the_file(
        bytes in a_file(), size in 1_usize..200, window in 1_usize..100, cap in prop::sample::select(vec![10_usize, 1000]),
    ) {
        let whole = items(&bytes, 0..bytes.len() as u64, 1 << 20, cap);
        if !bytes.is_empty() {
            assert_tiles(&whole, &bytes);
        }
        prop_assert_eq!(by_splits(&bytes, size, window, cap), whole);
    }

    #[test]
    fn packed_lines_are_those_of_the_plain_file(bytes in a_file(), window in 1_usize..100, zstd: bool) {
        let format = if zstd { DocumentFormat::ZstdLines } else { DocumentFormat::GzipLines };
        let plain: Vec<Vec<u8>> = items(&bytes, 0..bytes.len() as u64, 1 << 20, 1 << 20)
            .into_iter()
            .filter_map(|item| match item {
                LineItem::Line { place, content_bytes } => {
                    Some(bytes[place.offset as usize..][..content_bytes].to_vec())
                }
                _ => None,
            })
            .collect();
        let packed = pack(format, &bytes);
        let (lines, places) = packed_items(format, &packed, window);
        prop_assert_eq!(lines, plain);
        prop_assert_eq!(places.iter().map(|place| place.length).sum::<u64>(), packed.len() as u64);
    }

    #[test]
    fn torn_packed_files_never_panic_and_no_two_items_have_one_place(
        bytes in a_file(), at in any::<prop::sample::Index>(), noise in prop::collection::vec(any::<u8>(), 0..30),
        cut: bool, zstd: bool, window in 1_usize..100,
    ) {
        let format = if zstd { DocumentFormat::ZstdLines } else { DocumentFormat::GzipLines };
        let mut packed = [pack(format, &bytes), pack(format, &bytes)].concat();
        let at = at.index(packed.len());
        if cut {
            packed.truncate(at);
        }
        packed.splice(at..(at + noise.len()).min(packed.len()).max(at), noise);
        let (_, places) = packed_items(format, &packed, window);
        prop_assert_eq!(places.iter().map(|place| place.length).sum::<u64>(), packed.len() as u64);
        let mut keys: Vec<_> = places.iter().map(|place| (place.offset, place.inner_offset)).collect();
        let before = keys.len();
        keys.sort_unstable();
        keys.dedup();
        prop_assert_eq!(keys.len(), before, "{:?}", places);
    }

    #[test]
    fn no_line_breaks_the_reader(line in prop::collection::vec(any::<u8>(), 0..60), json in "[{}\\[\\]:,\"a-z0-9\\\\. é]{0,60}") {
        let fields = FieldMap::default();
        read_line(&line, &fields);
        read_line(json.as_bytes(), &fields);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn splits_of_any_size_give_the_same_rows(rows in 0_usize..60, group in 1_usize..30, size in 60_usize..4000) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let bytes = parquet_file(rows, group);
        let (whole, places) = runtime.block_on(parquet_rows(&bytes, bytes.len()));
        prop_assert_eq!(whole.len(), rows);
        assert_row_places(&places, bytes.len() as u64);
        let (split, places) = runtime.block_on(parquet_rows(&bytes, size));
        prop_assert_eq!(split, whole);
        assert_row_places(&places, bytes.len() as u64);
    }

    #[test]
    fn torn_parquet_files_never_panic_and_are_accounted_for(
        group in 1_usize..30, at in any::<prop::sample::Index>(), noise in prop::collection::vec(any::<u8>(), 1..20),
        footer: bool,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let mut bytes = parquet_file(40, group);
        let tail = bytes.len() - 8;
        let length = u32::from_le_bytes(bytes[tail..tail + 4].try_into().unwrap()) as usize;
        // Half of the blows hit the metadata.
        let at = if footer { tail - length + at.index(length) } else { at.index(bytes.len()) };
        let end = (at + noise.len()).min(bytes.len());
        bytes.splice(at..end, noise[..end - at].iter().copied());
        let (_, places) = runtime.block_on(parquet_rows(&bytes, 1000));
        if !places.is_empty() {
            assert_row_places(&places, bytes.len() as u64);
        }
    }
}
