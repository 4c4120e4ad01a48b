//! What both shard formats promise, checked on the same rows.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Float32Array, ListBuilder, RecordBatch, StringArray,
    StringBuilder, StructArray, TimestampMicrosecondArray, UInt64Array,
};
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use parquet::file::metadata::{ParquetMetaDataReader, RowGroupMetaData};
use proptest::prelude::*;

use super::*;
use crate::error::ErrorKind;

const TEXTS: [&str; 8] = [
    "Habari za asubuhi, karibu sokoni.",
    "नमस्ते दुनिया",
    "வணக்கம்",
    "ሰላም ለዓለም \"ጥቅስ\"\n\tአዲስ መስመር",
    "Καλημέρα κόσμε",
    "مرحبا بالعالم",
    "สวัสดีชาวโลก",
    "你好，世界 \u{2028}\u{0}",
];

/// Rows shaped like a shard's: texts, lists, a struct, a timestamp with its zone, nulls everywhere they may be.
fn rows(count: usize) -> RecordBatch {
    let text = |row: usize| TEXTS[row % TEXTS.len()].repeat(1 + row % 5);
    let mut places = ListBuilder::new(StringBuilder::new());
    for row in 0..count {
        for place in ["KE", "TZ", "IN"].iter().take(row % 4) {
            places.values().append_value(place);
        }
        places.append(row % 7 != 3);
    }
    let score_fields = vec![Field::new("fluency", DataType::Float32, true)];
    let fluency: Float32Array = (0..count).map(|row| (row % 3 != 1).then_some(row as f32 / 3.0)).collect();
    let fetched: TimestampMicrosecondArray = (1_795_000_000_000_000_i64..)
        .step_by(1_001)
        .take(count)
        .enumerate()
        .map(|(row, time)| (row % 5 != 4).then_some(time))
        .collect();
    let columns: Vec<(&str, ArrayRef, bool)> = vec![
        ("id", Arc::new(StringArray::from_iter_values((0..count).map(|row| format!("{row:032x}")))), false),
        (
            "text",
            Arc::new((0..count).map(|row| (row % 11 != 5).then(|| text(row))).collect::<StringArray>()),
            true,
        ),
        (
            "lang",
            Arc::new(StringArray::from_iter_values((0..count).map(|row| ["swa", "hin"][row / 3 % 2]))),
            false,
        ),
        ("jurisdictions", Arc::new(places.finish()), true),
        ("fetched_at", Arc::new(fetched.with_timezone("UTC")), true),
        (
            "optout",
            Arc::new((0..count).map(|row| (row % 2 == 0).then_some(row % 4 == 0)).collect::<BooleanArray>()),
            true,
        ),
        ("words", Arc::new(UInt64Array::from_iter_values((0..count).map(|row| row as u64 * 7))), false),
        ("scores", Arc::new(StructArray::new(score_fields.into(), vec![Arc::new(fluency)], None)), true),
    ];
    let fields: Vec<Field> = columns
        .iter()
        .map(|(name, array, null)| Field::new(*name, array.data_type().clone(), *null))
        .collect();
    let arrays = columns.into_iter().map(|(_, array, _)| array).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).unwrap()
}

/// Small enough that a few hundred rows cross every border.
const TIGHT: ShardLimits =
    ShardLimits { batch_rows: 16, batch_bytes: 3000, group_rows: 50, group_bytes: 9000 };

fn write_cut(all: &RecordBatch, cuts: &[usize], format: ShardFormat) -> (ShardFile, Vec<u8>) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(format!("swa/train-00000-of-00001.{}", format.extension()));
    let mut writer = ShardWriter::create_with(&path, all.schema(), format, TIGHT).unwrap();
    let mut at = 0;
    for &cut in cuts.iter().chain([&usize::MAX]) {
        let length = cut.min(all.num_rows() - at);
        writer.write(&all.slice(at, length)).unwrap();
        at += length;
    }
    (writer.finish().unwrap(), std::fs::read(path).unwrap())
}

fn read_all(path: &Path, format: ShardFormat, schema: Option<SchemaRef>) -> RecordBatch {
    let reader = read_shard(path, format, schema).unwrap();
    let schema = Arc::clone(reader.schema());
    let batches: Vec<RecordBatch> = reader.map(Result::unwrap).collect();
    concat_batches(&schema, &batches).unwrap()
}

#[test]
fn a_name_tells_the_format() {
    assert_eq!(
        ShardFormat::of_path(Path::new("swh/train-00000-of-00001.parquet")),
        Some(ShardFormat::Parquet)
    );
    assert_eq!(
        ShardFormat::of_path(Path::new("train-00000-of-00001.jsonl.zst")),
        Some(ShardFormat::JsonlZst)
    );
    assert_eq!(ShardFormat::of_path(Path::new("README.md")), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_cutting_into_batches_gives_the_same_bytes(
        count in 0_usize..260,
        cuts in prop::collection::vec(0_usize..70, 0..20),
    ) {
        let all = rows(count);
        for format in [ShardFormat::Parquet, ShardFormat::JsonlZst] {
            let (whole_file, whole) = write_cut(&all, &[], format);
            let (cut_file, cut) = write_cut(&all, &cuts, format);
            prop_assert_eq!(&whole_file, &cut_file);
            prop_assert!(whole == cut, "bytes differ for {:?}", format);
        }
    }
}

#[test]
fn what_is_written_is_read_back_and_the_digests_hold() {
    let all = rows(257);
    let mut seen = Vec::new();
    for format in [ShardFormat::Parquet, ShardFormat::JsonlZst] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(format!("a.{}", format.extension()));
        let mut writer = ShardWriter::create_with(&path, all.schema(), format, TIGHT).unwrap();
        writer.write(&all).unwrap();
        let file = writer.finish().unwrap();
        assert_eq!((file.bytes, file.sha256.clone()), sha256_file(&path).unwrap());
        assert_eq!(file.rows, 257);
        let back = read_all(&path, format, Some(all.schema()));
        assert_eq!(back, all, "{format:?}");
        let digests: Vec<ColumnDigest> = ["id", "text", "lang"]
            .iter()
            .map(|name| {
                let mut hasher = ColumnHasher::new(name);
                hasher.update(back.column_by_name(name).unwrap());
                hasher.finish()
            })
            .collect();
        assert_eq!(file.columns, digests);
        seen.push(file.columns);
    }
    assert_eq!(seen[0], seen[1]);
}

#[test]
fn json_lines_keep_order_nulls_lists_and_dates() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.jsonl.zst");
    let all = rows(6);
    let mut writer = ShardWriter::create(&path, all.schema(), ShardFormat::JsonlZst).unwrap();
    writer.write(&all).unwrap();
    writer.finish().unwrap();
    let mut text = String::new();
    let mut zstd = zstd::Decoder::new(std::fs::File::open(&path).unwrap()).unwrap().single_frame();
    std::io::Read::read_to_string(&mut zstd, &mut text).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 6);
    assert_eq!(
        lines[5],
        r#"{"id":"00000000000000000000000000000005","text":null,"lang":"hin","jurisdictions":["KE"],"fetched_at":"2026-11-18T11:06:40.005005Z","optout":null,"words":35,"scores":{"fluency":1.6666666}}"#
    );
    assert!(lines[3].contains(r#""jurisdictions":null"#), "{}", lines[3]);
    assert!(lines[0].contains(r#""jurisdictions":[]"#), "{}", lines[0]);
    let inferred = read_all(&path, ShardFormat::JsonlZst, None);
    assert_eq!(inferred.column_by_name("lang").unwrap().as_string::<i32>().value(5), "hin");
}

#[test]
fn row_groups_end_by_rows_or_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.parquet");
    let all = rows(200);
    let mut writer = ShardWriter::create_with(&path, all.schema(), ShardFormat::Parquet, TIGHT).unwrap();
    writer.write(&all).unwrap();
    writer.finish().unwrap();
    let file = std::fs::File::open(&path).unwrap();
    let metadata = ParquetMetaDataReader::new().parse_and_finish(&file).unwrap();
    let groups: Vec<i64> = metadata.row_groups().iter().map(RowGroupMetaData::num_rows).collect();
    assert_eq!(groups.iter().sum::<i64>(), 200);
    assert!(groups.iter().all(|&rows| (1..=50).contains(&rows)), "{groups:?}");
    assert!(groups.len() > 4, "bytes end groups before rows do: {groups:?}");
    let text = metadata.row_group(0).column(1);
    assert!(text.dictionary_page_offset().is_none());
    assert!(text.offset_index_offset().is_some(), "the page index is there");
    assert!(metadata.row_group(0).column(2).statistics().is_some());
}

#[test]
fn an_unfinished_shard_leaves_no_file_and_other_columns_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.parquet");
    let all = rows(10);
    let mut writer = ShardWriter::create(&path, all.schema(), ShardFormat::Parquet).unwrap();
    writer.write(&all).unwrap();
    let error = writer.write(&all.project(&[0, 2]).unwrap()).unwrap_err();
    assert!(error.to_string().ends_with("lang stands where text is expected"), "{error}");
    drop(writer);
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    let schema = Arc::new(Schema::new(vec![Field::new("gap", DataType::Duration(TimeUnit::Second), true)]));
    let error = ShardWriter::create(&path, schema, ShardFormat::JsonlZst).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Internal);
}

#[test]
fn a_damaged_or_foreign_shard_is_an_input_error() {
    let all = rows(120);
    for format in [ShardFormat::Parquet, ShardFormat::JsonlZst] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(format!("a.{}", format.extension()));
        let (_, bytes) = write_cut(&all, &[], format);
        std::fs::write(&path, &bytes[..bytes.len() - 9]).unwrap();
        let outcome: Result<Vec<RecordBatch>, ShardError> =
            read_shard(&path, format, Some(all.schema())).and_then(Iterator::collect);
        let error = outcome.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Input, "{format:?}: {error}");
        std::fs::write(&path, &bytes).unwrap();
        let narrow = Arc::new(all.schema().project(&[0, 1]).unwrap());
        let outcome: Result<Vec<RecordBatch>, ShardError> =
            read_shard(&path, format, Some(narrow)).and_then(Iterator::collect);
        assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Input, "{format:?}");
        let missing = read_shard(Path::new("hakuna.parquet"), format, None).err().unwrap();
        assert_eq!(missing.kind(), ErrorKind::External);
    }
}
