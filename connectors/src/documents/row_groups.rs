//! The row groups of one split of a Parquet file: those that start inside it.
//!
//! Only columns in which a wanted field may stand are read, a few rows at a time. The Parquet library is good at
//! reading and trusting by nature, so what it is shown is looked at first (`thrift`, `chunks`), and what it does
//! happens where a panic does no harm. Texts come as views into their pages: a dictionary entry that a million rows
//! share is in memory once.
//!
//! Where a batch does not decode, its rows are read again one by one, so that those before the damage come out. The rest
//! of the row group is one damaged stretch.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, FieldRef, Fields, Schema};
use arrow::error::ArrowError;
use bytes::Bytes;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use parquet::basic::{Compression, Type as PhysicalType};
use parquet::errors::ParquetError;
use parquet::file::metadata::{ParquetMetaDataReader, RowGroupMetaData};
use parquet::schema::types::SchemaDescriptor;

use super::chunks::Chunks;
use super::fields::{FieldMap, Node, Role};
use super::rows::{Column, Rows, columns_of};
use super::thrift::check_file_metadata;
use super::{Damage, DamageReason, FormatError, Place, ReadLimits};
use crate::store::{Location, StoreError, Stores};

/// Most rows of a batch.
const BATCH_ROWS: u64 = 256;
/// Bytes of text in a batch, as far as the metadata tell.
const BATCH_BYTES: u64 = 8 << 20;
/// Length of the footer and magic at the end of a file.
const TAIL_BYTES: u64 = 8;
/// Characters of the list of columns in a message.
const SHOWN_COLUMNS: usize = 200;

/// What stands in a stretch of a Parquet file.
#[derive(Debug, Clone)]
pub enum Piece {
    /// Rows of a row group.
    Rows(Rows),
    /// Rows that cannot be read.
    Damage(Damage),
    /// Magic, indexes, footer, and gaps.
    Padding(Place),
}

impl Piece {
    /// Where it begins, and the bytes of the file that it accounts for.
    pub fn place(&self) -> Place {
        match self {
            Self::Rows(rows) => rows.place(0),
            Self::Damage(damage) => damage.place,
            Self::Padding(place) => *place,
        }
    }
}

/// A row group and the stretch of the file that goes with it, up to the next one.
#[derive(Debug, Clone)]
struct Group {
    index: usize,
    /// Its bytes. All columns, whether they are read or not.
    bytes: Range<u64>,
    stretch: Range<u64>,
}

/// A row group that is being read.
struct Open {
    group: Group,
    rows: u64,
    rows_done: u64,
    batch_rows: usize,
    /// Gone while it is being made, or after it failed.
    reader: Option<ParquetRecordBatchReader>,
    /// What the next piece accounts for.
    length: u64,
}

/// Reads one split of a Parquet file.
pub struct ParquetSplit {
    chunks: Chunks,
    metadata: ArrowReaderMetadata,
    projection: ProjectionMask,
    columns: Arc<Vec<Column>>,
    text_column: Option<usize>,
    leaves: Vec<usize>,
    limits: ReadLimits,
    /// Pieces that are ready, last first.
    ready: Vec<Piece>,
    /// Row groups still to be read, last first.
    groups: Vec<Group>,
    open: Option<Open>,
}

impl ParquetSplit {
    /// The split `split` of a file; `kept` are bytes of the file that are in memory, from an offset on. The outer error
    /// is the store's, the inner one says that the file cannot be read at all.
    pub async fn open(
        stores: Arc<Stores>,
        place: Location,
        file_bytes: u64,
        split: Range<u64>,
        kept: (u64, Bytes),
        fields: &FieldMap,
        limits: ReadLimits,
    ) -> Result<Result<Self, FormatError>, StoreError> {
        let footer = match footer(&stores, &place, file_bytes, limits).await? {
            Ok(footer) => footer,
            Err(error) => return Ok(Err(error)),
        };
        let metadata = match catch_unwind(|| read_metadata(&footer)) {
            Ok(Ok(metadata)) => metadata,
            Ok(Err(problem)) => return Ok(Err(FormatError::BadFooter(problem))),
            Err(_) => return Ok(Err(FormatError::BadFooter("its metadata make no sense".to_owned()))),
        };
        let Some(groups) = stretches(metadata.metadata().row_groups(), file_bytes) else {
            return Ok(Err(FormatError::BadFooter("its row groups lie one over the other".to_owned())));
        };
        let leaves = wanted_leaves(metadata.parquet_schema(), fields);
        let text_column =
            leaves.iter().copied().find(|leaf| is_text(metadata.parquet_schema(), *leaf, fields));
        if text_column.is_none() && !groups.is_empty() {
            return Ok(Err(FormatError::NoTextColumn { columns: column_names(metadata.schema()) }));
        }
        let projection = ProjectionMask::leaves(metadata.parquet_schema(), leaves.iter().copied());
        let chunks = Chunks::new(stores, place, file_bytes, kept, limits.max_page_bytes);
        let mut ready = Vec::new();
        if groups.is_empty() && split.start == 0 {
            ready.push(Piece::Padding(Place { offset: 0, length: file_bytes, inner_offset: 0 }));
        }
        let mut groups: Vec<Group> =
            groups.into_iter().filter(|group| split.contains(&group.bytes.start)).collect();
        groups.reverse();
        Ok(Ok(Self {
            chunks,
            projection,
            columns: Arc::new(Vec::new()),
            text_column,
            leaves,
            metadata,
            limits,
            ready,
            groups,
            open: None,
        }))
    }

    /// The next piece; `None` at the end of the split.
    pub async fn next(&mut self, fields: &FieldMap) -> Result<Option<Piece>, StoreError> {
        loop {
            if let Some(piece) = self.ready.pop() {
                return Ok(Some(piece));
            }
            if let Some(open) = self.open.take() {
                self.go_on(open, fields).await?;
                continue;
            }
            let Some(group) = self.groups.pop() else { return Ok(None) };
            self.begin(group);
        }
    }

    fn begin(&mut self, group: Group) {
        let metadata = self.metadata.metadata().row_group(group.index);
        let before = padding(group.stretch.start..group.bytes.start);
        let length = group.bytes.end - group.bytes.start;
        match self.problem(metadata) {
            None => {
                self.chunks.set_columns(self.leaves.len());
                self.open = Some(Open {
                    rows: metadata.num_rows().unsigned_abs(),
                    rows_done: 0,
                    batch_rows: self.batch_rows(metadata),
                    reader: None,
                    length,
                    group,
                });
            }
            Some((reason, detail)) => {
                let place = Place { offset: group.bytes.start, length, inner_offset: 0 };
                self.ready.extend(padding(group.bytes.end..group.stretch.end));
                self.ready.push(Piece::Damage(Damage { place, reason, detail: Some(detail) }));
            }
        }
        self.ready.extend(before);
    }

    /// What is wrong with a row group before it is read.
    fn problem(&self, metadata: &RowGroupMetaData) -> Option<(DamageReason, String)> {
        let rows = metadata.num_rows();
        if u64::try_from(rows).map_or(true, |rows| rows > self.limits.max_group_rows) {
            return Some((DamageReason::BadRowGroup, format!("rows={rows}")));
        }
        for leaf in &self.leaves {
            let Some(column) = metadata.columns().get(*leaf) else {
                return Some((DamageReason::BadRowGroup, "columns are missing".to_owned()));
            };
            // The codecs that the workspace builds the Parquet library with.
            let known = [Compression::UNCOMPRESSED, Compression::SNAPPY].contains(&column.compression());
            if !known && !matches!(column.compression(), Compression::ZSTD(_)) {
                let codec = format!("{:?}", column.compression());
                let name = codec.split('(').next().unwrap_or_default();
                return Some((DamageReason::UnknownCodec, name.to_owned()));
            }
        }
        None
    }

    /// Rows to read at once: many of short documents, few of long ones.
    fn batch_rows(&self, metadata: &RowGroupMetaData) -> usize {
        let text_bytes = self.text_column.and_then(|leaf| metadata.columns().get(leaf));
        let text_bytes = text_bytes.map_or(0, |column| column.uncompressed_size().max(0));
        let mean = text_bytes / metadata.num_rows().max(1);
        (BATCH_BYTES / (mean.unsigned_abs() + 1)).clamp(1, BATCH_ROWS) as usize
    }

    /// Reads on in a row group; leaves a piece in `ready`, or the row group open.
    async fn go_on(&mut self, mut open: Open, fields: &FieldMap) -> Result<(), StoreError> {
        let chunks = self.chunks.clone();
        let metadata = self.metadata.clone();
        let projection = self.projection.clone();
        let (index, batch_rows, skip) = (open.group.index, open.batch_rows, open.rows_done);
        let reader = open.reader.take();
        let work = move || {
            chunks.begin_batch();
            let work = AssertUnwindSafe(|| -> Result<_, ArrowError> {
                let mut reader = match reader {
                    Some(reader) => reader,
                    None => ParquetRecordBatchReaderBuilder::new_with_metadata(chunks, metadata)
                        .with_row_groups(vec![index])
                        .with_projection(projection)
                        .with_batch_size(batch_rows)
                        .with_offset(skip as usize)
                        .build()?,
                };
                let batch = reader.next().transpose()?;
                Ok((reader, batch))
            });
            // Nothing outlives a panic here: the reader is dropped with it.
            catch_unwind(work)
                .unwrap_or_else(|_| Err(ArrowError::ParquetError("the Parquet library panicked".to_owned())))
        };
        let read = tokio::task::spawn_blocking(work).await;
        if let Some(failure) = self.chunks.take_failure() {
            return Err(failure);
        }
        let read = read.unwrap_or_else(|error| Err(ArrowError::ParquetError(error.to_string())));
        match read {
            Ok((reader, Some(batch))) if batch.num_rows() > 0 => {
                open.reader = Some(reader);
                let rows = self.rows(&mut open, batch, fields);
                self.ready.push(Piece::Rows(rows));
                self.open = Some(open);
            }
            Ok(_) if open.rows_done >= open.rows => self.close(open, None),
            Ok(_) => self.close(open, Some(DamageReason::RowsMissing)),
            Err(_) if open.batch_rows > 1 => {
                open.batch_rows = 1;
                self.open = Some(open);
            }
            Err(_) => self.close(open, Some(DamageReason::CorruptRowGroup)),
        }
        Ok(())
    }

    fn rows(&mut self, open: &mut Open, batch: RecordBatch, fields: &FieldMap) -> Rows {
        if self.columns.is_empty() {
            self.columns = Arc::new(columns_of(fields, batch.schema().fields()));
        }
        let first_row = open.rows_done;
        open.rows_done += batch.num_rows() as u64;
        Rows {
            batch,
            columns: Arc::clone(&self.columns),
            offset: open.group.bytes.start,
            length: std::mem::take(&mut open.length),
            first_row,
            max_text_bytes: self.limits.max_line_bytes,
        }
    }

    /// The row group is done, or the rest of it is damaged.
    fn close(&mut self, open: Open, reason: Option<DamageReason>) {
        let Open { group, rows, rows_done, length, .. } = open;
        self.ready.extend(padding(group.bytes.end..group.stretch.end));
        if let Some(reason) = reason {
            let place = Place { offset: group.bytes.start, length, inner_offset: rows_done };
            let detail = Some(format!("rows={} of {rows}", rows - rows_done.min(rows)));
            self.ready.push(Piece::Damage(Damage { place, reason, detail }));
        }
    }
}

fn padding(range: Range<u64>) -> Option<Piece> {
    let length = range.end.saturating_sub(range.start);
    (length > 0).then_some(Piece::Padding(Place { offset: range.start, length, inner_offset: 0 }))
}

/// The metadata at the end of a file.
async fn footer(
    stores: &Stores,
    place: &Location,
    file_bytes: u64,
    limits: ReadLimits,
) -> Result<Result<Bytes, FormatError>, StoreError> {
    let bad = |problem: &str| Ok(Err(FormatError::BadFooter(problem.to_owned())));
    if file_bytes < TAIL_BYTES + 4 {
        return bad("it is too short");
    }
    let tail_start = file_bytes - TAIL_BYTES;
    let tail = stores.get_range(place, tail_start..file_bytes).await?;
    let [l0, l1, l2, l3, magic @ ..] = &*tail else { return bad("it is cut") };
    match magic {
        b"PAR1" => {}
        b"PARE" => return Ok(Err(FormatError::Encrypted)),
        _ => return bad("it does not end with PAR1"),
    }
    let length = u64::from(u32::from_le_bytes([*l0, *l1, *l2, *l3]));
    if length > tail_start - 4 || length > limits.max_footer_bytes {
        return bad("its metadata are longer than can be");
    }
    let footer = stores.get_range(place, tail_start - length..tail_start).await?;
    if check_file_metadata(&footer).is_err() {
        return bad("its metadata make no sense");
    }
    Ok(Ok(footer))
}

/// Reads checked metadata; texts are to come as views.
fn read_metadata(footer: &Bytes) -> Result<ArrowReaderMetadata, String> {
    let said = |error: ParquetError| error.to_string();
    let metadata = Arc::new(ParquetMetaDataReader::decode_metadata(footer).map_err(said)?);
    let options = || ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let plain = ArrowReaderMetadata::try_new(Arc::clone(&metadata), options()).map_err(said)?;
    let fields: Fields = plain.schema().fields().iter().map(as_views).collect();
    let views = Arc::new(Schema::new_with_metadata(fields, plain.schema().metadata().clone()));
    // A schema that cannot be read in this way is read as it is.
    Ok(ArrowReaderMetadata::try_new(metadata, options().with_schema(views)).unwrap_or(plain))
}

fn as_views(field: &FieldRef) -> FieldRef {
    let data_type = match field.data_type() {
        DataType::Utf8 => DataType::Utf8View,
        DataType::Binary => DataType::BinaryView,
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(as_views).collect()),
        DataType::List(item) => DataType::List(as_views(item)),
        other => other.clone(),
    };
    Arc::new(Field::clone(field).with_data_type(data_type))
}

/// The row groups in the order of the file, each with the stretch up to the next one. `None` where they lie one over the
/// other or outside the file: then rows could not be told apart by their place.
fn stretches(row_groups: &[RowGroupMetaData], file_bytes: u64) -> Option<Vec<Group>> {
    let mut groups = Vec::with_capacity(row_groups.len());
    for (index, group) in row_groups.iter().enumerate() {
        // Nothing to lose there; some writers give such a group no place.
        if group.num_rows() == 0 || group.columns().is_empty() {
            continue;
        }
        let (mut first, mut last) = (u64::MAX, 0);
        for column in group.columns() {
            let starts = [Some(column.data_page_offset()), column.dictionary_page_offset()];
            // Some writers say 0 where there is no dictionary.
            let starts = starts.into_iter().flatten().filter(|start| *start != 0);
            let start = u64::try_from(starts.min()?).ok()?;
            let end = start.checked_add(u64::try_from(column.compressed_size()).ok()?)?;
            (first, last) = (first.min(start), last.max(end));
        }
        let bytes = first..last;
        if bytes.end > file_bytes || bytes.is_empty() {
            return None;
        }
        groups.push(Group { index, bytes, stretch: 0..0 });
    }
    groups.sort_by_key(|group| group.bytes.start);
    let overlap = groups.windows(2).any(|pair| pair[0].bytes.end > pair[1].bytes.start);
    if overlap {
        return None;
    }
    let starts: Vec<u64> = groups.iter().map(|group| group.bytes.start).collect();
    for (at, group) in groups.iter_mut().enumerate() {
        let start = if at == 0 { 0 } else { group.bytes.start };
        group.stretch = start..starts.get(at + 1).copied().unwrap_or(file_bytes);
    }
    Some(groups)
}

/// The leaf columns in which something wanted may stand: those on a wanted path, below it (lists), or above it (a map
/// that was written as a text).
fn wanted_leaves(schema: &SchemaDescriptor, fields: &FieldMap) -> Vec<usize> {
    let wanted = |leaf: &usize| {
        let column = schema.column(*leaf);
        let mut node: &Node = fields.tree();
        for part in column.path().parts() {
            match node.below.get(part) {
                Some(below) => node = below,
                None => return node.slots.iter().any(|slot| fields.takes_list(*slot)),
            }
        }
        !node.slots.is_empty() || column.physical_type() == PhysicalType::BYTE_ARRAY
    };
    (0..schema.num_columns()).filter(wanted).collect()
}

/// Whether a leaf is where the text may stand.
fn is_text(schema: &SchemaDescriptor, leaf: usize, fields: &FieldMap) -> bool {
    let parts = schema.column(leaf).path().parts().to_vec();
    fields.paths().any(|(role, path)| {
        let by_name = parts.len() == 1 && parts[0] == path;
        let above = path.split('.').zip(&parts).all(|(wanted, part)| wanted == part);
        role == Role::Text && (by_name || (above && parts.len() <= path.split('.').count()))
    })
}

fn column_names(schema: &Schema) -> String {
    let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
    let mut shown: String = names.join(", ").chars().take(SHOWN_COLUMNS).collect();
    if names.join(", ").chars().nth(SHOWN_COLUMNS).is_some() {
        shown.push('…');
    }
    shown
}
