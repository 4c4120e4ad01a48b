//! Tables between stages: Parquet files, registered by name.

use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use datafusion::common::{DataFusionError, Result};
use datafusion::dataframe::DataFrameWriteOptions;
use datafusion::prelude::{DataFrame, ParquetReadOptions, SessionContext};
use serde::de::DeserializeOwned;

use crate::document::document_schema;
use crate::ingest::SplitDone;
use crate::points::point_in;

/// Writes `frame` to `folder/name.parquet`, whole or not at all, and registers it as table `name`.
pub async fn materialise(
    context: &SessionContext,
    folder: &Path,
    name: &str,
    frame: DataFrame,
) -> Result<()> {
    let path = folder.join(format!("{name}.parquet"));
    let unfinished = folder.join(format!(".{name}.unfinished.parquet"));
    if unfinished.exists() {
        std::fs::remove_file(&unfinished)?;
    }
    let options = DataFrameWriteOptions::new().with_single_file_output(true);
    let schema = frame.schema().inner().clone();
    frame.write_parquet(&unfinished.to_string_lossy(), options, None).await?;
    if !unfinished.exists() {
        // DataFusion writes no file for no rows; a table without rows is a table all the same.
        let file = std::fs::File::create(&unfinished)?;
        parquet::arrow::ArrowWriter::try_new(file, schema, None)?.close()?;
    }
    // Durable before the commit of its stage is.
    std::fs::File::open(&unfinished)?.sync_all()?;
    point_in("table", name);
    std::fs::rename(&unfinished, &path)?;
    register(context, name, &path).await
}

/// Registers the Parquet file at `path` as table `name`, in place of one of that name.
pub async fn register(context: &SessionContext, name: &str, path: &Path) -> Result<()> {
    context.deregister_table(name)?;
    context.register_parquet(name, path.to_string_lossy(), ParquetReadOptions::default()).await
}

/// Registers the rows of `splits` as table `rows`.
pub async fn register_rows(context: &SessionContext, folder: &Path, splits: &[SplitDone]) -> Result<()> {
    context.deregister_table("rows")?;
    let files: Vec<String> = splits
        .iter()
        .filter(|split| split.rows > 0)
        .map(|split| SplitDone::rows_path(folder, &split.key).to_string_lossy().into_owned())
        .collect();
    if files.is_empty() {
        let empty = datafusion::catalog::MemTable::try_new(document_schema(), vec![vec![]])?;
        context.register_table("rows", std::sync::Arc::new(empty))?;
        return Ok(());
    }
    let schema = document_schema();
    let frame = context.read_parquet(files, ParquetReadOptions::default().schema(&schema)).await?;
    context.register_table("rows", frame.into_view())?;
    Ok(())
}

/// The file of table `name` in the folder of a stage.
pub fn table_path(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.parquet"))
}

/// Rows as values, by the names of their columns; nulls are left out.
pub fn read_rows<T: DeserializeOwned>(batches: &[RecordBatch]) -> Result<Vec<T>> {
    let mut writer = arrow::json::LineDelimitedWriter::new(Vec::new());
    writer.write_batches(&batches.iter().collect::<Vec<_>>())?;
    writer.finish()?;
    let lines = writer.into_inner();
    let lines = lines.split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
    let rows = lines.map(serde_json::from_slice);
    rows.collect::<std::result::Result<_, _>>().map_err(|error| DataFusionError::External(Box::new(error)))
}
