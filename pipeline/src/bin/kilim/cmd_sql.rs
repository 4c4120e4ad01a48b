//! `kilim sql`: questions to the ledger.

use std::io::Write as _;
use std::path::Path;

use anyhow::Result;
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::json::ArrayWriter;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use arrow::util::pretty::pretty_format_batches;
use datafusion::execution::context::SQLOptions;

use crate::Exit;
use crate::args::{SqlArgs, SqlFormat};
use crate::cmd_run;
use crate::work::{self, Work};

/// The tables of the ledger, in the order in which they are listed.
const TABLES: [(&str, &str); 7] = [
    ("documents", "every record, with its outcome"),
    ("reasons", "every reason that a step or the reader gave"),
    ("placements", "every document at every node that keeps it"),
    ("site_files", "files in which hosts say who may do what with their pages"),
    ("clusters", "texts that occur more than once"),
    ("splits", "the pieces in which files were read"),
    ("shards", "the finished shards"),
];

pub(crate) fn run(path: &Path, args: &SqlArgs) -> Result<Exit> {
    cmd_run::runtime(cmd_run::processors())?.block_on(async {
        let work = work::open(path).await?;
        match &args.query {
            Some(query) => answer(&work, query, args.format).await?,
            None => list(&work).await?,
        }
        Ok(Exit::Done)
    })
}

async fn answer(work: &Work, query: &str, format: SqlFormat) -> Result<()> {
    let options = SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
    let frame =
        work.context().sql_with_options(query, options).await.map_err(|error| work::refused(&error))?;
    let schema: SchemaRef = frame.schema().inner().clone();
    let batches = frame.collect().await.map_err(|error| work::refused(&error))?;
    let mut out = std::io::stdout().lock();
    match format {
        SqlFormat::Table => {
            let rows: usize = batches.iter().map(RecordBatch::num_rows).sum();
            let shown = if batches.is_empty() { vec![RecordBatch::new_empty(schema)] } else { batches };
            writeln!(out, "{}\n{rows} rows", pretty_format_batches(&shown)?)?;
        }
        SqlFormat::Csv => write_csv(&mut out, &schema, &batches)?,
        SqlFormat::Json => {
            let mut writer = ArrayWriter::new(&mut out);
            writer.write_batches(&batches.iter().collect::<Vec<_>>())?;
            writer.finish()?;
            writeln!(out)?;
        }
    }
    Ok(())
}

/// Lists and structs are written as they are shown in tables; a null is empty.
fn write_csv(out: &mut impl std::io::Write, schema: &SchemaRef, batches: &[RecordBatch]) -> Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(schema.fields().iter().map(|field| field.name().as_str()))?;
    let options = FormatOptions::default();
    for batch in batches {
        let columns = batch.columns().iter().map(|column| ArrayFormatter::try_new(column, &options));
        let columns = columns.collect::<Result<Vec<_>, _>>()?;
        for row in 0..batch.num_rows() {
            writer.write_record(columns.iter().map(|column| column.value(row).to_string()))?;
        }
    }
    writer.flush()?;
    Ok(())
}

async fn list(work: &Work) -> Result<()> {
    let mut out = std::io::stdout().lock();
    for (name, what) in TABLES {
        let table = work.context().table(name).await.map_err(|error| work::refused(&error))?;
        let columns: Vec<String> = table
            .schema()
            .fields()
            .iter()
            .map(|field| format!("{} {}", field.name(), field.data_type().to_string().replace(", ", ",")))
            .map(|column| if column.chars().count() > 60 { shorter(&column) } else { column })
            .collect();
        writeln!(out, "{name}: {what}")?;
        writeln!(out, "{}", wrapped(&columns))?;
    }
    writeln!(
        out,
        "Ask with, for example:\n  kilim sql \"SELECT outcome, count(*) FROM documents GROUP BY outcome\""
    )?;
    Ok(())
}

/// A list of structs in so many words; its fields are found with `arrow_typeof`.
fn shorter(column: &str) -> String {
    let head: String = column.chars().take_while(|&c| c != '(').collect();
    format!("{head}(…)")
}

/// Columns, comma-separated, in lines of at most 98 characters.
fn wrapped(columns: &[String]) -> String {
    let mut lines = vec![String::from("   ")];
    for (place, column) in columns.iter().enumerate() {
        let comma = if place + 1 == columns.len() { "" } else { "," };
        if let Some(line) = lines.last_mut()
            && line.chars().count() + column.chars().count() < 97
        {
            line.extend([" ", column, comma]);
        } else {
            lines.push(format!("    {column}{comma}"));
        }
    }
    lines.join("\n") + "\n"
}
