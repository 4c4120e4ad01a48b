//! Seeds as Parquet: the form the pipeline and `kilim seeds` keep them in.

use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, ListBuilder, RecordBatch, StringArray, StringBuilder,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;

use super::SeedRecord;
use crate::shards::{ShardError, ShardFile, ShardFormat, ShardWriter, read_shard};

/// Columns of a seed file; they are [`SeedRecord`]'s fields, words as text.
pub fn seed_schema() -> SchemaRef {
    let text = |name: &str| Field::new(name, DataType::Utf8, false);
    let maybe = |name: &str| Field::new(name, DataType::Utf8, true);
    let list = |name: &str| Field::new_list(name, Field::new_list_field(DataType::Utf8, true), false);
    Arc::new(Schema::new(vec![
        text("seed_id"),
        text("url_raw"),
        text("url"),
        text("surt"),
        text("host"),
        maybe("registered_domain"),
        text("scope"),
        list("languages"),
        maybe("section"),
        list("country_claims"),
        maybe("steward"),
        maybe("license"),
        text("license_basis"),
        text("training_ok"),
        maybe("evidence_url"),
        maybe("mode"),
        Field::new("personal", DataType::Boolean, true),
        list("community"),
        text("source"),
        maybe("note"),
    ]))
}

/// Writes seeds, sorted by SURT, then id: the same seeds in any order give the same bytes.
pub fn write_parquet(path: &Path, seeds: &[SeedRecord]) -> Result<ShardFile, ShardError> {
    // SeedRecord's fields begin with surt and seed_id, so its own order is the one we want.
    let mut sorted: Vec<&SeedRecord> = seeds.iter().collect();
    sorted.sort();
    let mut writer = ShardWriter::create(path, seed_schema(), ShardFormat::Parquet)?;
    for chunk in sorted.chunks(4096) {
        let batch = batch_of(chunk).map_err(|source| ShardError::Rows {
            action: "write",
            path: path.to_path_buf(),
            source,
        })?;
        writer.write(&batch)?;
    }
    writer.finish()
}

/// Reads what [`write_parquet`] wrote.
pub fn read_parquet(path: &Path) -> Result<Vec<SeedRecord>, ShardError> {
    let mut seeds = Vec::new();
    for batch in read_shard(path, ShardFormat::Parquet, Some(seed_schema()))? {
        let batch = batch?;
        for row in 0..batch.num_rows() {
            let seed = seed_at(&batch, row)
                .map_err(|problem| ShardError::OtherColumns { path: path.to_path_buf(), problem })?;
            seeds.push(seed);
        }
    }
    Ok(seeds)
}

fn batch_of(seeds: &[&SeedRecord]) -> Result<RecordBatch, ArrowError> {
    let text = |of: &dyn Fn(&SeedRecord) -> String| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(seeds.iter().map(|seed| of(seed))))
    };
    let maybe = |of: &dyn Fn(&SeedRecord) -> Option<String>| -> ArrayRef {
        Arc::new(seeds.iter().map(|seed| of(seed)).collect::<StringArray>())
    };
    let list = |of: &dyn Fn(&SeedRecord) -> &Vec<String>| -> ArrayRef {
        let mut builder = ListBuilder::new(StringBuilder::new());
        for seed in seeds {
            builder.append_value(of(seed).iter().map(Some));
        }
        Arc::new(builder.finish())
    };
    let personal: BooleanArray = seeds.iter().map(|seed| seed.personal).collect();
    RecordBatch::try_new(
        seed_schema(),
        vec![
            text(&|s| s.seed_id.clone()),
            text(&|s| s.url_raw.clone()),
            text(&|s| s.url.clone()),
            text(&|s| s.surt.clone()),
            text(&|s| s.host.clone()),
            maybe(&|s| s.registered_domain.clone()),
            text(&|s| s.scope.to_string()),
            list(&|s| &s.languages),
            maybe(&|s| s.section.clone()),
            list(&|s| &s.country_claims),
            maybe(&|s| s.steward.clone()),
            maybe(&|s| s.license.clone()),
            text(&|s| s.license_basis.to_string()),
            text(&|s| s.training_ok.to_string()),
            maybe(&|s| s.evidence_url.clone()),
            maybe(&|s| s.mode.map(|mode| mode.to_string())),
            Arc::new(personal),
            list(&|s| &s.community),
            text(&|s| s.source.clone()),
            maybe(&|s| s.note.clone()),
        ],
    )
}

/// One row; `read_shard` has compared names and types with [`seed_schema`], so columns are asked by name only for
/// the reader's sake.
fn seed_at(batch: &RecordBatch, row: usize) -> Result<SeedRecord, String> {
    let column = |name: &str| batch.column_by_name(name).ok_or_else(|| format!("{name} is missing"));
    let maybe = |name: &str| -> Result<Option<String>, String> {
        let array = column(name)?.as_string::<i32>();
        Ok(array.is_valid(row).then(|| array.value(row).to_string()))
    };
    let text = |name: &str| maybe(name)?.ok_or_else(|| format!("{name} is null in row {row}"));
    let list = |name: &str| -> Result<Vec<String>, String> {
        let items = column(name)?.as_list::<i32>().value(row);
        Ok(items.as_string::<i32>().iter().flatten().map(str::to_string).collect())
    };
    let personal = column("personal")?.as_boolean();
    Ok(SeedRecord {
        surt: text("surt")?,
        seed_id: text("seed_id")?,
        url_raw: text("url_raw")?,
        url: text("url")?,
        host: text("host")?,
        registered_domain: maybe("registered_domain")?,
        scope: word(&text("scope")?)?,
        languages: list("languages")?,
        section: maybe("section")?,
        country_claims: list("country_claims")?,
        steward: maybe("steward")?,
        license: maybe("license")?,
        license_basis: word(&text("license_basis")?)?,
        training_ok: word(&text("training_ok")?)?,
        evidence_url: maybe("evidence_url")?,
        mode: maybe("mode")?.map(|text| word(&text)).transpose()?,
        personal: personal.is_valid(row).then(|| personal.value(row)),
        community: list("community")?,
        source: text("source")?,
        note: maybe("note")?,
    })
}

fn word<T: FromStr<Err = String>>(text: &str) -> Result<T, String> {
    text.parse()
}

#[cfg(test)]
mod tests {
    use super::super::{Draft, LicenseBasis, Mode, TrainingOk};
    use super::*;

    fn seeds() -> Vec<SeedRecord> {
        let full = Draft {
            languages: vec!["luo".into(), "swa".into()],
            section: Some("Habari > Kenya".into()),
            country_claims: vec!["KE".into()],
            steward: Some("baraza".into()),
            license: Some("CC-BY-4.0".into()),
            license_basis: Some(LicenseBasis::Permission),
            training_ok: Some(TrainingOk::No),
            evidence_url: Some("https://example.co.ke/idhini".into()),
            mode: Some(Mode::ParticipantPrivate),
            personal: Some(true),
            community: vec!["taita".into()],
            note: Some("ማስታወሻ".into()),
            ..Draft::new("https://example.co.ke/habari")
        };
        ["https://தமிழ்.example.in/", "http://192.0.2.1/x", "https://example.et/ዜና?p=1"]
            .iter()
            .map(|url| Draft::new(url))
            .chain([full])
            .map(|draft| draft.finish("mbegu").unwrap())
            .collect()
    }

    #[test]
    fn seeds_survive_parquet_and_their_order_leaves_no_trace() {
        let dir = tempfile::tempdir().unwrap();
        let (a, b) = (dir.path().join("a.parquet"), dir.path().join("b.parquet"));
        let mut seeds = seeds();
        let one = write_parquet(&a, &seeds).unwrap();
        seeds.reverse();
        assert_eq!(one, write_parquet(&b, &seeds).unwrap());
        assert_eq!(std::fs::read(&a).unwrap(), std::fs::read(&b).unwrap());
        seeds.sort();
        assert_eq!(read_parquet(&a).unwrap(), seeds);
        assert_eq!(one.rows, 4);
    }

    #[test]
    fn another_parquet_file_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.parquet");
        let schema = Arc::new(Schema::new(vec![Field::new("text", DataType::Utf8, false)]));
        ShardWriter::create(&path, schema, ShardFormat::Parquet).unwrap().finish().unwrap();
        assert!(matches!(read_parquet(&path), Err(ShardError::OtherColumns { .. })));
    }
}
