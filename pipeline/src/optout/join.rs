//! Stage 3's part: what the files of a host, and a snapshot, say about each of its pages.
//!
//! Files and pages are joined by origin (scheme, host and port), and the rules are asked about each page's path. No join of
//! SQL does that: it would copy a body of up to 500 KiB beside every page. Instead the files are read first, as far as the
//! asked agents are concerned, and kept in memory while the pages stream by. Where they are too many, it is done in
//! several passes over the pages, each with the origins of one part, told by a hash.
//!
//! The table `optouts` has a row for every page that a file or a snapshot says something about. The others keep what stage
//! 1 found.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array, AsArray, BinaryArray, RecordBatch, StringArray, StringBuilder, UInt64Builder};
use arrow::datatypes::{
    DataType, Field, Int64Type, Schema, SchemaRef, TimestampMillisecondType, UInt16Type, UInt64Type,
};
use datafusion::common::{DataFusionError, Result};
use datafusion::prelude::{ParquetReadOptions, SessionContext};
use futures::StreamExt;
use kilim_connectors::signals::host::{Answer, FileKind, HostFile, HostFiles, Licences, origin};
use kilim_connectors::signals::{Evidence, fold};
use parquet::arrow::ArrowWriter;

use super::columns::{EvidenceBuilder, evidence_at};
use super::{Honoured, basis, snapshot};
use crate::document::{column, optout_fields};
use crate::points::point_in;
use crate::run::tables::table_path;

/// Bytes of bodies whose rules are kept at once: they take about as much again in memory.
const PASS_BYTES: u64 = 128 << 20;

const FILES: &str =
    "SELECT url, http_status, fetched_at, site_file FROM rows WHERE site_file['kind'] IS NOT NULL";
const FILE_BYTES: &str = "
SELECT CAST(coalesce(sum(site_file['bytes']), 0) AS BIGINT) AS bytes FROM rows WHERE site_file['kind'] IS NOT NULL";
const PAGES: &str = "
SELECT input, warc_offset, inner_offset, row_key, url, fetched_at, optout_evidence
FROM rows_keyed WHERE optout_evidence IS NOT NULL AND url IS NOT NULL";

/// Name of the table.
pub const TABLE: &str = "optouts";

/// The columns of the table.
pub fn schema() -> SchemaRef {
    let item = Field::new("item", DataType::Struct(optout_fields()), true);
    Arc::new(Schema::new(vec![
        Field::new(column::INPUT, DataType::Utf8, false),
        Field::new(column::WARC_OFFSET, DataType::UInt64, false),
        Field::new(column::INNER_OFFSET, DataType::UInt64, false),
        Field::new("row_key", DataType::Utf8, false),
        Field::new(column::OPTOUT_EVIDENCE, DataType::List(Arc::new(item)), true),
        Field::new(column::OPTOUT_TRAIN, DataType::Utf8, false),
        Field::new(column::OPTOUT_BASIS, DataType::Utf8, true),
    ]))
}

/// What the files of hosts say, as they were met and as a snapshot has them.
#[derive(Debug, Default)]
pub struct Hosts {
    met: BTreeMap<String, HostFiles>,
    snapshot: BTreeMap<String, HostFiles>,
    licences: Licences,
}

impl Hosts {
    /// Of a snapshot alone.
    pub fn of_snapshot(snapshot: BTreeMap<String, HostFiles>) -> Self {
        Self { snapshot, ..Self::default() }
    }

    /// What is said about a page, its own evidence first; `None` if no file says anything.
    pub fn evidence(&self, url: &str, fetched_at: Option<i64>, own: &[Evidence]) -> Option<Vec<Evidence>> {
        let mut rows = own.to_vec();
        if let Some(origin) = origin(url) {
            if let Some(files) = self.met.get(&origin) {
                rows.extend(files.evidence(url, fetched_at));
            }
            if let Some(files) = self.snapshot.get(&origin) {
                let said = files.evidence(url, None).into_iter();
                rows.extend(said.map(|row| Evidence { of_snapshot: true, ..row }));
            }
        }
        self.licences.apply(url, fetched_at, &mut rows);
        (rows != own).then_some(rows)
    }
}

/// Which of so many parts an origin is in.
fn part_of(origin: &str, parts: u64) -> u64 {
    let hash = blake3::hash(origin.as_bytes());
    let mut first = [0; 8];
    first.copy_from_slice(&hash.as_bytes()[..8]);
    u64::from_le_bytes(first) % parts.max(1)
}

/// Makes the table `optouts` in the folder of stage 3 and registers it. Without a step that asks, it has no rows. Reads
/// `rows` and `rows_keyed`.
pub async fn materialise(context: &SessionContext, folder: &Path, honoured: Option<&Honoured>) -> Result<()> {
    let path = table_path(folder, TABLE);
    let unfinished = folder.join(format!(".{TABLE}.unfinished.parquet"));
    let mut writer = ArrowWriter::try_new(std::fs::File::create(&unfinished)?, schema(), None)?;
    if let Some(honoured) = honoured {
        each_batch(context, honoured, |batch| Ok(writer.write(&batch)?)).await?;
    }
    writer.close()?;
    // Durable before the commit of its stage is.
    std::fs::File::open(&unfinished)?.sync_all()?;
    point_in("table", TABLE);
    std::fs::rename(&unfinished, &path)?;
    register(context, &path).await
}

/// Registers a table that [`materialise`] made.
pub async fn register(context: &SessionContext, path: &Path) -> Result<()> {
    let schema = schema();
    let options = ParquetReadOptions::default().schema(&schema);
    context.deregister_table(TABLE)?;
    context.register_parquet(TABLE, path.to_string_lossy(), options).await
}

/// The same table in memory.
pub async fn collect(context: &SessionContext, honoured: Option<&Honoured>) -> Result<Vec<RecordBatch>> {
    let mut batches = Vec::new();
    if let Some(honoured) = honoured {
        each_batch(context, honoured, |batch| {
            batches.push(batch);
            Ok(())
        })
        .await?;
    }
    Ok(batches)
}

async fn each_batch(
    context: &SessionContext,
    honoured: &Honoured,
    mut keep: impl FnMut(RecordBatch) -> Result<()>,
) -> Result<()> {
    let mut bytes = 0;
    for batch in context.sql(FILE_BYTES).await?.collect().await? {
        bytes += batch.column(0).as_primitive::<Int64Type>().values().iter().sum::<i64>().unsigned_abs();
    }
    if let Some((path, _)) = &honoured.snapshot {
        bytes += snapshot::size(path).map_err(external)?;
    }
    let parts = bytes.div_ceil(PASS_BYTES).max(1);
    for part in 0..parts {
        let hosts = read_hosts(context, honoured, part, parts).await?;
        let mut pages = context.sql(PAGES).await?.execute_stream().await?;
        while let Some(batch) = pages.next().await {
            let joined = join(&batch?, &hosts, part, parts)?;
            if joined.num_rows() > 0 {
                keep(joined)?;
            }
        }
    }
    Ok(())
}

async fn read_hosts(context: &SessionContext, honoured: &Honoured, part: u64, parts: u64) -> Result<Hosts> {
    let mut hosts = Hosts::default();
    let mut files = context.sql(FILES).await?.execute_stream().await?;
    while let Some(batch) = files.next().await {
        let batch = batch?;
        let urls = batch.column(0).as_string::<i32>();
        let statuses = batch.column(1).as_primitive::<UInt16Type>();
        let times = batch.column(2).as_primitive::<TimestampMillisecondType>();
        let site = batch.column(3).as_struct();
        let (kinds, hashes) = (site.column(0).as_string::<i32>(), site.column(3).as_string::<i32>());
        let bodies: &BinaryArray = site.column(1).as_binary();
        for row in 0..batch.num_rows() {
            let (Some(kind), false) = (FileKind::from_word(kinds.value(row)), urls.is_null(row)) else {
                continue;
            };
            let url = urls.value(row);
            let Some(origin) = origin(url) else { continue };
            // A licence may be of another host than the pages that name it.
            if kind != FileKind::Rsl && part_of(&origin, parts) != part {
                continue;
            }
            let answer = Answer {
                kind,
                url,
                status: if statuses.is_valid(row) { statuses.value(row) } else { 200 },
                body: if bodies.is_valid(row) { bodies.value(row) } else { &[] },
                observed_at: times.is_valid(row).then(|| times.value(row)),
                sha256: value(hashes, row),
            };
            let Some(file) = HostFile::read(answer, &honoured.tokens) else { continue };
            if kind == FileKind::Rsl {
                hosts.licences.add(file);
            } else {
                hosts.met.entry(origin).or_default().add(file);
            }
        }
    }
    hosts.met.values_mut().for_each(HostFiles::sort);
    if let Some((path, _)) = &honoured.snapshot {
        let is_in_part = |origin: &str| part_of(origin, parts) == part;
        hosts.snapshot = snapshot::read(path, &honoured.tokens, is_in_part).map_err(external)?;
    }
    Ok(hosts)
}

fn value(column: &StringArray, row: usize) -> &str {
    if column.is_valid(row) { column.value(row) } else { "" }
}

fn join(pages: &RecordBatch, hosts: &Hosts, part: u64, parts: u64) -> Result<RecordBatch> {
    let text = |index: usize| pages.column(index).as_string::<i32>();
    let number = |index: usize| pages.column(index).as_primitive::<UInt64Type>();
    let (inputs, keys, urls) = (text(0), text(3), text(4));
    let times = pages.column(5).as_primitive::<TimestampMillisecondType>();
    let own = pages.column(6).as_list::<i32>();
    let (mut input, mut key) = (StringBuilder::new(), StringBuilder::new());
    let (mut offset, mut inner) = (UInt64Builder::new(), UInt64Builder::new());
    let mut evidence = EvidenceBuilder::default();
    let (mut train, mut by) = (StringBuilder::new(), StringBuilder::new());
    for row in 0..pages.num_rows() {
        let url = urls.value(row);
        if parts > 1 && origin(url).is_none_or(|origin| part_of(&origin, parts) != part) {
            continue;
        }
        let Some(own) = evidence_at(own, row) else { continue };
        let fetched_at = times.is_valid(row).then(|| times.value(row));
        let Some(all) = hosts.evidence(url, fetched_at, &own) else { continue };
        input.append_value(inputs.value(row));
        offset.append_value(number(1).value(row));
        inner.append_value(number(2).value(row));
        key.append_value(keys.value(row));
        train.append_value(fold(&all).0.as_str());
        by.append_option(basis(&all));
        evidence.push(Some(&all));
    }
    Ok(RecordBatch::try_new(
        schema(),
        vec![
            Arc::new(input.finish()),
            Arc::new(offset.finish()),
            Arc::new(inner.finish()),
            Arc::new(key.finish()),
            Arc::new(evidence.finish()),
            Arc::new(train.finish()),
            Arc::new(by.finish()),
        ],
    )?)
}

fn external(error: snapshot::SnapshotError) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}
