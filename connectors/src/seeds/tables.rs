//! Seed lists as CSV and JSON lines: the same fields under the same names.

use std::path::Path;

use serde_json::Value;

use super::{Draft, ImportOptions, Imported, SeedError};

/// A field of a [`Draft`] that a column can fill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Url,
    Scope,
    Languages,
    Section,
    Countries,
    Steward,
    License,
    LicenseBasis,
    TrainingOk,
    Evidence,
    Mode,
    Personal,
    Community,
    Note,
    /// Computed anew, whatever the file says.
    Derived,
}

impl Field {
    /// The table in [`super::import::csv`].
    fn named(name: &str) -> Option<Self> {
        let name = name.trim().to_lowercase().replace([' ', '-'], "_");
        Some(match name.as_str() {
            "url" | "link" | "website" | "site" | "address" => Self::Url,
            "scope" | "covers" => Self::Scope,
            "languages" | "language" | "lang" | "iso639_3" | "iso_639_3" | "language_code" => Self::Languages,
            "section" | "category" | "topic" => Self::Section,
            "country_claims" | "country" | "countries" | "jurisdiction" | "jurisdictions" => Self::Countries,
            "steward" => Self::Steward,
            "license" | "licence" | "license_spdx" | "spdx" => Self::License,
            "license_basis" | "licence_basis" | "basis" => Self::LicenseBasis,
            "training_ok" | "training" | "ai_training" => Self::TrainingOk,
            "evidence_url" | "evidence" | "proof" => Self::Evidence,
            "mode" => Self::Mode,
            "personal" | "personal_data" => Self::Personal,
            "community" | "communities" => Self::Community,
            "note" | "notes" | "comment" => Self::Note,
            "seed_id" | "url_raw" | "surt" | "host" | "registered_domain" | "source" => Self::Derived,
            _ => return None,
        })
    }

    /// Puts a text into the draft. Empty text says nothing.
    fn set(self, draft: &mut Draft, text: &str) -> Result<(), String> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(());
        }
        let list = || text.split(';').map(|part| part.trim().to_string()).collect::<Vec<_>>();
        let one = || Some(text.to_string());
        match self {
            Self::Url => draft.url = text.to_string(),
            Self::Scope => draft.scope = Some(text.parse()?),
            Self::Languages => draft.languages.extend(list()),
            Self::Section => draft.section = one(),
            Self::Countries => draft.country_claims.extend(list()),
            Self::Steward => draft.steward = one(),
            Self::License => draft.license = one(),
            Self::LicenseBasis => draft.license_basis = Some(text.parse()?),
            Self::TrainingOk => draft.training_ok = Some(text.parse()?),
            Self::Evidence => draft.evidence_url = one(),
            Self::Mode => draft.mode = Some(text.parse()?),
            Self::Personal => draft.personal = Some(yes_or_no(text)?),
            Self::Community => draft.community.extend(list()),
            Self::Note => draft.note = one(),
            Self::Derived => {}
        }
        Ok(())
    }
}

fn yes_or_no(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "y" | "yes" | "true" | "1" => Ok(true),
        "n" | "no" | "false" | "0" => Ok(false),
        _ => Err(format!("{text:?} is neither y nor n")),
    }
}

/// Adds the seeds of a table; `path` is for the error, `file` for the issues.
pub(super) fn read_csv(
    path: &Path,
    text: &str,
    file: &str,
    options: &ImportOptions,
    out: &mut Imported,
) -> Result<(), SeedError> {
    let head = text.lines().next().unwrap_or("");
    let tabs = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("tsv"));
    // Where the comma is the decimal mark, spreadsheets write semicolons.
    let delimiter = if tabs {
        b'\t'
    } else if head.contains(';') && !head.contains(',') {
        b';'
    } else {
        b','
    };
    let mut reader =
        csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(text.as_bytes());
    let bad = |problem: String| SeedError::BadTable { path: path.to_path_buf(), problem };
    let names = reader.headers().map_err(|e| bad(e.to_string()))?.clone();
    let columns: Vec<Option<Field>> = names.iter().map(Field::named).collect();
    if !columns.contains(&Some(Field::Url)) {
        return Err(bad("no column is called url".into()));
    }
    for (name, _) in names.iter().zip(&columns).filter(|(_, column)| column.is_none()) {
        out.issue(file, 1, format!("the column {name:?} is not known and passed over"));
    }
    for row in reader.records() {
        let row = match row {
            Ok(row) => row,
            Err(error) => {
                let line = error.position().map_or(0, csv::Position::line);
                out.issue(file, line, error.to_string());
                continue;
            }
        };
        let line = row.position().map_or(0, csv::Position::line);
        if row.len() > columns.len() {
            out.issue(file, line, format!("{} cells, but {} columns", row.len(), columns.len()));
            continue;
        }
        let mut draft = Draft::default();
        let filled = columns.iter().zip(&row).try_for_each(|(column, cell)| match column {
            Some(column) => column.set(&mut draft, cell),
            None => Ok(()),
        });
        accept(filled, draft, file, line, options, out);
    }
    Ok(())
}

/// Adds the seeds of JSON lines.
pub(super) fn read_jsonl(text: &str, file: &str, options: &ImportOptions, out: &mut Imported) {
    for (number, line) in text.lines().enumerate() {
        let number = number as u64 + 1;
        if line.trim().is_empty() {
            continue;
        }
        let object = match serde_json::from_str::<serde_json::Map<String, Value>>(line) {
            Ok(object) => object,
            Err(error) => {
                out.issue(file, number, format!("not a JSON object: {error}"));
                continue;
            }
        };
        let mut draft = Draft::default();
        let mut filled = Ok(());
        for (name, value) in &object {
            match Field::named(name) {
                Some(field) => filled = filled.and_then(|()| set_json(field, &mut draft, value)),
                None => out.issue(file, number, format!("the field {name:?} is not known and passed over")),
            }
        }
        accept(filled, draft, file, number, options, out);
    }
}

fn set_json(field: Field, draft: &mut Draft, value: &Value) -> Result<(), String> {
    match value {
        Value::Null => Ok(()),
        Value::String(text) => field.set(draft, text),
        Value::Bool(flag) => field.set(draft, if *flag { "y" } else { "n" }),
        Value::Array(items)
            if matches!(field, Field::Languages | Field::Countries | Field::Community | Field::Derived) =>
        {
            items.iter().try_for_each(|item| match item {
                Value::String(text) => field.set(draft, text),
                other => Err(format!("{other} is not text")),
            })
        }
        other => Err(format!("{other} is not text")),
    }
}

/// A row with a wrong word is refused whole: half a statement could grant what its author did not.
fn accept(
    filled: Result<(), String>,
    draft: Draft,
    file: &str,
    line: u64,
    options: &ImportOptions,
    out: &mut Imported,
) {
    match filled {
        Ok(()) if draft.url.is_empty() => out.issue(file, line, "no url"),
        Ok(()) => out.add(draft, file, line, options),
        Err(problem) => out.issue(file, line, problem),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{LicenseBasis, Mode, TrainingOk, import};
    use super::*;

    fn import_text(name: &str, text: &str) -> Result<Imported, SeedError> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        let mut options = ImportOptions::new("jamii");
        options.steward = Some("taita-language-council".into());
        options.country_claims = vec!["KE".into()];
        import::any(&path, &options)
    }

    #[test]
    fn a_table_is_read_and_a_bad_line_costs_itself_only() {
        let text = "\u{feff}Website,Language,Country,License,Basis,Training OK,Mode,Personal Data,Rangi\n\
                    example.co.ke/dawida,dav; swa,ke,CC-BY-4.0,owner,Yes,local-only,n,bluu\n\
                    https://example.or.tz,swa,TZ,,,labda,,,\n\
                    ,swa,,,,,,,\n\
                    https://உதாரணம்.இந்தியா/செய்தி,tam,IN,,,,,,\n\
                    a,b,c,d,e,f,g,h,i,j\n";
        let out = import_text("mbegu.csv", text).unwrap();
        let lines: Vec<u64> = out.issues.iter().map(|issue| issue.line).collect();
        assert_eq!(lines, [1, 3, 4, 6], "{:?}", out.issues);
        assert_eq!(out.seeds.len(), 2);
        let first = &out.seeds[0];
        assert_eq!(first.url, "http://example.co.ke/dawida");
        assert_eq!(first.languages, ["dav", "swa"]);
        assert_eq!(first.country_claims, ["KE"]);
        assert_eq!(first.steward.as_deref(), Some("taita-language-council"));
        assert_eq!((first.license_basis, first.training_ok), (LicenseBasis::Owner, TrainingOk::Yes));
        assert_eq!((first.mode, first.personal), (Some(Mode::LocalOnly), Some(false)));
        assert_eq!(out.seeds[1].country_claims, ["IN"]);
        assert!(out.seeds[1].host.starts_with("xn--"));
    }

    #[test]
    fn semicolons_and_tabs_separate_columns_too() {
        let semicolons = import_text("a.csv", "url;lang\nhttps://example.gr;\"ell;grc\"\n").unwrap();
        assert_eq!(semicolons.seeds[0].languages, ["ell", "grc"]);
        let tabs = import_text("a.tsv", "lang\turl\namh\thttps://example.et/ዜና\n").unwrap();
        assert_eq!(tabs.seeds[0].languages, ["amh"]);
    }

    #[test]
    fn a_table_without_urls_is_refused() {
        let error = import_text("a.csv", "jina,lugha\nx,swa\n").unwrap_err();
        assert!(error.to_string().ends_with("no column is called url"), "{error}");
        assert!(matches!(import_text("a.docx", "x"), Err(SeedError::UnknownKind { .. })));
    }

    #[test]
    fn json_lines_are_read_and_what_serde_writes_is_read_back() {
        let text = "{\"url\":\"https://example.co.ke\",\"languages\":[\"swa\",\"luo\"],\"personal\":true,\"country\":\"KE;TZ\"}\n\
                    si json\n\n{\"url\":\"https://example.org\",\"languages\":[1]}\n{\"url\":\"ftp://example.org\"}\n";
        let out = import_text("a.jsonl", text).unwrap();
        let lines: Vec<u64> = out.issues.iter().map(|issue| issue.line).collect();
        assert_eq!(lines, [2, 4, 5], "{:?}", out.issues);
        assert_eq!(out.seeds[0].country_claims, ["KE", "TZ"]);
        assert_eq!(out.seeds[0].personal, Some(true));
        let written = serde_json::to_string(&out.seeds[0]).unwrap();
        let back = import_text("b.jsonl", &written).unwrap();
        assert_eq!(back.issues, []);
        assert_eq!(back.seeds[0].seed_id, out.seeds[0].seed_id);
        assert_eq!(back.seeds[0].country_claims, out.seeds[0].country_claims);
    }
}
