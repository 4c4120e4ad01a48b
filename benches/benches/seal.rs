//! What a row costs at the writer's door: the shard itself, and the leaf of its Merkle tree. Items are rows, bytes those of
//! the texts.
//!
//! ```text
//! KILIM_BENCH_SHARDS=configs/quickstart/out/eu/v0001/data cargo bench -p kilim-benches --bench seal
//! ```
//!
//! The rows are those of all Parquet shards below that folder, many times over if they are few (then they compress better than
//! they should); without it, shuffled texts of `data-samples/`.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch, StringArray, new_null_array};
use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use kilim::proof::{Leaves, SaltSecret};
use kilim::seal::shard_schema;
use kilim_connectors::shards::{ShardFormat, ShardWriter, read_shard};

/// The variable that names a folder of shards.
const SHARDS_VARIABLE: &str = "KILIM_BENCH_SHARDS";

/// Rows of a sample, at least: some thousands, so that opening a file costs nothing beside them.
const ROWS: usize = 4000;

fn main() {
    divan::main();
}

fn shards(folder: &Path, found: &mut Vec<PathBuf>) {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            shards(&path, found);
        } else if ShardFormat::of_path(&path) == Some(ShardFormat::Parquet) {
            found.push(path);
        }
    }
}

/// Rows with the words of `data-samples/texts/`, shuffled so that no two rows are alike, and little else.
fn of_samples() -> Vec<RecordBatch> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../data-samples/texts");
    let entries = fs::read_dir(folder).expect("the samples are part of the project");
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    files.sort();
    let texts: Vec<String> =
        files.iter().map(|path| fs::read_to_string(path).expect("it is UTF-8")).collect();
    let shuffled = |row: usize| {
        let mut words: Vec<(usize, &str)> =
            texts[row % texts.len()].split_inclusive(' ').enumerate().collect();
        words.sort_by_cached_key(|(at, _)| *blake3::hash(format!("{row} {at}").as_bytes()).as_bytes());
        words.into_iter().map(|(_, word)| word).collect::<String>()
    };
    let rows = (0..ROWS).map(|row| blake3::hash(&row.to_le_bytes()).to_hex()[..32].to_owned());
    let ids: StringArray = rows.map(Some).collect();
    let decisions: StringArray = (0..ROWS).map(|_| Some("bb9490342bd09a2f")).collect();
    let texts: StringArray = (0..ROWS).map(|row| Some(shuffled(row))).collect();
    let columns: Vec<ArrayRef> = shard_schema()
        .fields()
        .iter()
        .map(|field| match field.name().as_str() {
            "id" => Arc::new(ids.clone()) as ArrayRef,
            "decision" => Arc::new(decisions.clone()),
            "text" => Arc::new(texts.clone()),
            _ => new_null_array(field.data_type(), ROWS),
        })
        .collect();
    vec![RecordBatch::try_new(shard_schema(), columns).expect("the columns of a shard")]
}

fn batches() -> Vec<RecordBatch> {
    let once = match std::env::var_os(SHARDS_VARIABLE) {
        None => of_samples(),
        Some(folder) => {
            let mut files = Vec::new();
            shards(Path::new(&folder), &mut files);
            files.sort();
            let read = files.iter().flat_map(|file| {
                read_shard(file, ShardFormat::Parquet, Some(shard_schema())).expect("a shard")
            });
            read.map(|batch| batch.expect("a sound shard")).collect()
        }
    };
    let rows: usize = once.iter().map(RecordBatch::num_rows).sum();
    assert!(rows > 0, "there are no rows");
    once.iter().cycle().take(once.len() * ROWS.div_ceil(rows)).cloned().collect()
}

fn counted<'a, 'b>(bencher: Bencher<'a, 'b>, batches: &[RecordBatch]) -> Bencher<'a, 'b> {
    let rows: usize = batches.iter().map(RecordBatch::num_rows).sum();
    let texts = batches.iter().filter_map(|batch| batch.column_by_name("text"));
    let bytes: usize = texts.flat_map(AsArray::as_string::<i32>).flatten().map(str::len).sum();
    bencher.counter(BytesCount::new(bytes)).counter(ItemsCount::new(rows))
}

/// Digests of rows, salts and the tree.
#[divan::bench(sample_count = 20, sample_size = 1)]
fn leaves(bencher: Bencher) {
    let batches = batches();
    let salts = SaltSecret::open(7).of_node("jaribio", "ke");
    counted(bencher, &batches).bench_local(|| {
        let mut leaves = Leaves::new(salts.clone());
        assert!(batches.iter().all(|batch| leaves.push(batch)));
        leaves.finish()
    });
}

/// The file: recut, encoded, compressed, digested.
#[divan::bench(sample_count = 20, sample_size = 1)]
fn shard(bencher: Bencher) {
    let batches = batches();
    let folder = tempfile::tempdir().expect("a scratch folder");
    let path = folder.path().join("train.parquet");
    counted(bencher, &batches).bench_local(|| {
        let mut writer =
            ShardWriter::create(&path, shard_schema(), ShardFormat::Parquet).expect("a scratch file");
        for batch in &batches {
            writer.write(batch).expect("a row");
        }
        writer.finish().expect("a shard").rows
    });
}
