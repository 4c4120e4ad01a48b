//! `near-duplicates`: what it costs to find the near-duplicate clusters among many made documents.
//!
//! ```text
//! cargo run --release -p kilim-benches --bin near-duplicates -- --documents 1000000 --cpu 1 --repeat 3
//! ```
//!
//! The documents have sketches and no text: 14 bands each. Six in ten are alike to nothing; the others are in families
//! of 2 to 41 whose members share each band with the first of them with probability 0.3. From their rows on disk the
//! real stage makes edges, components and clusters, in a process of its own whose CPU time and peak memory are read.
#![allow(clippy::print_stdout, reason = "figures are the output of this program")]

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use arrow::array::{ArrayRef, ListBuilder, RecordBatch, StringArray, UInt64Builder, new_null_array};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use clap::Parser;
use kilim::dedup::near::materialise_near;
use kilim::engine::{Embedded, Limits};
use kilim_benches::end_to_end::{child, spread};
use parquet::arrow::ArrowWriter;

/// Bands of a document.
const BANDS: usize = 14;
/// Rows of a file.
const FILE_ROWS: u64 = 100_000;

/// Cost of near-duplicate clusters of made documents: CPU seconds, peak memory.
#[derive(Debug, Parser)]
struct Args {
    /// Documents.
    #[arg(long, default_value_t = 1_000_000)]
    documents: u64,
    /// Bytes that sorts may hold before they spill, in MiB.
    #[arg(long, default_value_t = 256)]
    memory_mib: usize,
    /// Pin the measured process to this processor with `taskset`.
    #[arg(long)]
    cpu: Option<u32>,
    /// Partitions at work at once.
    #[arg(long, default_value_t = 1)]
    threads: usize,
    /// Number of runs.
    #[arg(long, default_value_t = 1)]
    repeat: u16,
    /// Do it in this folder and in this process: how the program calls itself.
    #[arg(long, hide = true)]
    inside: Option<PathBuf>,
}

fn main() -> Result<()> {
    let args = Args::parse();
    match &args.inside {
        Some(folder) => inside(folder, &args),
        None => outside(&args),
    }
}

fn outside(args: &Args) -> Result<()> {
    let scratch = tempfile::Builder::new().prefix("kilim-near-").tempdir()?;
    make_rows(scratch.path(), args.documents)?;
    let mut runs = Vec::new();
    for _ in 0..args.repeat {
        let mut command = match args.cpu {
            Some(cpu) => {
                let mut command = Command::new("taskset");
                command.arg("-c").arg(cpu.to_string()).arg(std::env::current_exe()?);
                command
            }
            None => Command::new(std::env::current_exe()?),
        };
        command.arg("--inside").arg(scratch.path());
        command.arg("--memory-mib").arg(args.memory_mib.to_string());
        command.arg("--threads").arg(args.threads.to_string());
        let (usage, said) = child::measure(&mut command)?;
        ensure!(usage.exit_code == 0, "the measured process ended with {}", usage.exit_code);
        print!("{said}");
        runs.push(usage);
    }
    println!("{} documents, {} runs, min / median / max", args.documents, runs.len());
    for (name, figure) in [
        ("CPU seconds", (|run: &child::Usage| run.cpu_s) as fn(&child::Usage) -> f64),
        ("wall seconds", |run| run.wall_s),
        ("peak memory, MiB", |run| run.peak_mib),
    ] {
        if let Some([least, middle, largest]) = spread(runs.iter().map(figure)) {
            println!("{name:<18} {least:.1} / {middle:.1} / {largest:.1}");
        }
    }
    Ok(())
}

/// Stage 2's part, over the rows in `folder`.
fn inside(folder: &Path, args: &Args) -> Result<()> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(args.threads).enable_all().build()?;
    let spill_dir = folder.join("tmp");
    std::fs::create_dir_all(&spill_dir)?;
    let engine = Embedded::new(&Limits { threads: args.threads, memory: args.memory_mib << 20, spill_dir })?;
    runtime.block_on(async {
        let context = engine.context();
        let mut files = Vec::new();
        for entry in std::fs::read_dir(folder.join("rows"))? {
            files.push(entry?.path().to_string_lossy().into_owned());
        }
        files.sort();
        let rows = context.read_parquet(files, datafusion::prelude::ParquetReadOptions::default()).await?;
        context.register_table("rows", rows.into_view())?;
        let stage = folder.join("stage");
        std::fs::create_dir_all(&stage)?;
        materialise_near(context, &stage).await?;
        let count = |sql: &'static str| async move { context.sql(sql).await?.count().await };
        println!(
            "{} edges, {} texts in {} clusters",
            count("SELECT * FROM edges").await?,
            count("SELECT * FROM near").await?,
            count("SELECT DISTINCT cluster_id FROM near").await?
        );
        std::fs::remove_dir_all(stage)?;
        anyhow::Ok(())
    })
}

fn schema() -> SchemaRef {
    let text = |name| Field::new(name, DataType::Utf8, true);
    let bands = DataType::List(Arc::new(Field::new("item", DataType::UInt64, true)));
    Arc::new(Schema::new(vec![
        text("doc_id"),
        text("text_digest"),
        text("bound_by"),
        text("outcome"),
        Field::new("bands", bands, true),
    ]))
}

/// A number that looks random: the first 64 bits of a BLAKE3 of the parts.
fn random(kind: u8, a: u64, b: u64) -> u64 {
    let mut bytes = [kind; 17];
    bytes[1..9].copy_from_slice(&a.to_le_bytes());
    bytes[9..].copy_from_slice(&b.to_le_bytes());
    let mut first = [0; 8];
    first.copy_from_slice(&blake3::hash(&bytes).as_bytes()[..8]);
    u64::from_le_bytes(first)
}

/// The first of the family of each document: itself for six in ten.
fn families(documents: u64) -> Vec<u64> {
    let mut heads = Vec::with_capacity(documents as usize);
    while (heads.len() as u64) < documents {
        let head = heads.len() as u64;
        // Most families are small; a family counts for all its members, hence the rare start of one.
        let size = match random(0, head, 0) % 100 {
            0..80 => 1,
            80..95 => 2,
            95..99 => 3 + random(0, head, 1) % 6,
            _ => 10 + random(0, head, 1) % 32,
        };
        heads.extend((0..size).map(|_| head));
    }
    heads.truncate(documents as usize);
    heads
}

fn make_rows(folder: &Path, documents: u64) -> Result<()> {
    let heads = families(documents);
    let folder = folder.join("rows");
    std::fs::create_dir_all(&folder)?;
    for (number, from) in (0..documents).step_by(FILE_ROWS as usize).enumerate() {
        let to = (from + FILE_ROWS).min(documents);
        let mut bands = ListBuilder::new(UInt64Builder::new());
        let hex = |kind: u8| -> ArrayRef {
            let text =
                (from..to).map(|id| format!("{:016x}{:016x}", random(kind, id, 0), random(kind, id, 1)));
            Arc::new(StringArray::from_iter_values(text))
        };
        for id in from..to {
            let head = heads[id as usize];
            for band in 0..BANDS as u64 {
                let shares = random(1, id, band) % 10 < 3;
                bands.values().append_value(random(2, if shares { head } else { id }, band));
            }
            bands.append(true);
        }
        let rows = (to - from) as usize;
        let bound: StringArray = (0..rows).map(|_| Some("KE")).collect();
        let columns: Vec<ArrayRef> = vec![
            hex(3),
            hex(4),
            Arc::new(bound),
            new_null_array(&DataType::Utf8, rows),
            Arc::new(bands.finish()),
        ];
        let batch = RecordBatch::try_new(schema(), columns)?;
        let path = folder.join(format!("{number:04}.parquet"));
        let file = File::create(&path).with_context(|| path.display().to_string())?;
        let mut writer = ArrowWriter::try_new(file, schema(), None)?;
        writer.write(&batch)?;
        writer.close()?;
    }
    Ok(())
}
