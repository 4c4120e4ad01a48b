//! A shard without some of its rows.
//!
//! Rows come from the shard as it was published, masked and decided, and go through the same writer as those of a run; so what
//! comes out is, to the byte, what a run writes that never had the other rows.

use std::path::Path;

use arrow::array::{AsArray, BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use datafusion::common::{Result, internal_datafusion_err};
use kilim_connectors::shards::{ShardFormat, read_shard};

use super::mask::Masked;
use super::removed::RemovedLine;
use super::write::{OpenShard, SealedShard, external, shard_schema};
use super::{count_masks, manifest::ManifestShard};
use crate::points::point;
use crate::proof::Salts;

/// A shard that is to lose rows.
pub(crate) struct Rewrite<'a> {
    /// As it was published.
    pub(crate) shard: &'a ManifestShard,
    /// Where its bytes are.
    pub(crate) from: &'a Path,
    /// The version folder of the new one.
    pub(crate) folder: &'a Path,
    pub(crate) format: ShardFormat,
    /// Name of the node.
    pub(crate) node: &'a str,
    pub(crate) salts: &'a Salts,
}

/// What was left, and what was not.
pub(crate) struct Rewritten {
    /// The new shard; none if no row was left.
    pub(crate) shard: Option<SealedShard>,
    /// Lines about the rows that went, in their order.
    pub(crate) lines: Vec<RemovedLine>,
    /// Decisions behind them, a name for each row.
    pub(crate) decisions: Vec<String>,
    /// Masks that stood in them.
    pub(crate) masked: Masked,
}

/// Writes the shard without the rows for whose id `line` has a line.
pub(crate) fn rewrite_shard(
    rewrite: &Rewrite<'_>,
    line: &dyn Fn(&RecordBatch, usize) -> Option<RemovedLine>,
) -> Result<Rewritten> {
    let Rewrite { shard, from, folder, format, node, salts } = *rewrite;
    let mut done = Rewritten { shard: None, lines: Vec::new(), decisions: Vec::new(), masked: Masked::new() };
    let mut open: Option<OpenShard> = None;
    for batch in read_shard(from, format, Some(shard_schema())).map_err(external)? {
        let batch = batch.map_err(external)?;
        let lines: Vec<Option<RemovedLine>> = (0..batch.num_rows()).map(|row| line(&batch, row)).collect();
        let gone: BooleanArray = lines.iter().map(|line| Some(line.is_some())).collect();
        let lost = filter_record_batch(&batch, &gone)?;
        count_masks(&lost, &mut done.masked);
        let column = |name: &str| {
            let found = batch.column_by_name(name).and_then(|column| column.as_string_opt::<i32>());
            found.ok_or_else(|| internal_datafusion_err!("{} has no column {name}", shard.path))
        };
        let decisions = column("decision")?;
        for (row, line) in lines.into_iter().enumerate().filter_map(|(row, line)| Some((row, line?))) {
            done.decisions.push(decisions.value(row).to_owned());
            done.lines.push(line);
        }
        let kept = filter_record_batch(&batch, &arrow::compute::not(&gone)?)?;
        if kept.num_rows() == 0 {
            continue;
        }
        let texts = kept.column_by_name("text").map(AsArray::as_string::<i32>);
        let chars = texts.into_iter().flatten().flatten().map(|text| text.chars().count() as u64).sum();
        let open = match &mut open {
            Some(open) => open,
            none => none.insert(OpenShard::create(folder, &shard.path, format, node, &shard.lang, salts)?),
        };
        open.push(&kept, chars)?;
        point("shard.writing");
    }
    done.shard = open.map(OpenShard::finish).transpose()?;
    point("shard.written");
    Ok(done)
}
