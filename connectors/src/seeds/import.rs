//! Reading seed lists. A bad line is an [`ImportIssue`] and the rest goes on.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Draft, SeedRecord, columns, markdown, tables};
use crate::error::ErrorKind;
use crate::shards::ShardError;

/// What an import adds to what the file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportOptions {
    /// Name of the list, part of every seed's id.
    pub source: String,
    /// Steward of the seeds that name none.
    pub steward: Option<String>,
    /// Country claims of the seeds that have none.
    pub country_claims: Vec<String>,
    /// Whether `wikipedia.org` hosts are left out of web-languages files: their dumps are better than a crawl.
    pub exclude_wikipedia: bool,
}

impl ImportOptions {
    /// Nothing but the list's name; Wikipedia is left out.
    pub fn new(source: &str) -> Self {
        Self {
            source: source.to_string(),
            steward: None,
            country_claims: Vec::new(),
            exclude_wikipedia: true,
        }
    }
}

/// A line that could not be used, or not all of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ImportIssue {
    /// The file, relative to the folder that was imported.
    pub file: String,
    /// The line, from 1; 0 is the file as a whole.
    pub line: u64,
    /// What is wrong with it.
    pub problem: String,
}

/// What an import found: seeds in the order of the files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Imported {
    /// Usable seeds.
    pub seeds: Vec<SeedRecord>,
    /// Lines that are not.
    pub issues: Vec<ImportIssue>,
    /// Links left out on purpose (Wikipedia).
    pub excluded: u64,
}

/// A seed list that cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// The file system refused.
    #[error("cannot read the seed list {}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// No kind of seed list has this name.
    #[error("{} is no seed list of a known kind", path.display())]
    UnknownKind {
        /// The file or folder.
        path: PathBuf,
    },
    /// A table without a URL column, or one that is no text.
    #[error("{} is not a seed table: {problem}", path.display())]
    BadTable {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// A Parquet file of seeds failed.
    #[error("the seed file failed")]
    Parquet(#[from] ShardError),
}

impl SeedError {
    /// Who has to act.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Io { .. } | Self::UnknownKind { .. } => ErrorKind::Config,
            Self::BadTable { .. } => ErrorKind::Input,
            Self::Parquet(error) => error.kind(),
        }
    }

    /// The next move, one line.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Io { .. } => "paths are relative to the config's folder",
            Self::UnknownKind { .. } => {
                "known are .md (web-languages), .csv, .tsv, .jsonl and .parquet, and folders of them"
            }
            Self::BadTable { .. } => "the first line names the columns; one of them must be url",
            Self::Parquet(error) => error.hint(),
        }
    }
}

/// Any seed list, by its name; a folder is read file by file in name order, other files in it are passed over.
pub fn any(path: &Path, options: &ImportOptions) -> Result<Imported, SeedError> {
    let mut all = Imported::default();
    let mut known = false;
    for (file, name) in &files_of(path)? {
        match extension_of(file).as_str() {
            "md" | "csv" | "tsv" | "jsonl" | "ndjson" => {
                read_text(file, name, &text_of(file)?, options, &mut all)?;
            }
            "parquet" => all.seeds.extend(columns::read_parquet(file)?),
            _ => continue,
        }
        known = true;
    }
    if known { Ok(all) } else { Err(SeedError::UnknownKind { path: path.to_path_buf() }) }
}

/// A seed list that is in memory; its name says what kind of text it is. Parquet is read from files only.
pub fn bytes(name: &str, bytes: &[u8], options: &ImportOptions) -> Result<Imported, SeedError> {
    let mut all = Imported::default();
    read_text(Path::new(name), name, &lossy_text(bytes), options, &mut all)?;
    Ok(all)
}

fn read_text(
    path: &Path,
    name: &str,
    text: &str,
    options: &ImportOptions,
    all: &mut Imported,
) -> Result<(), SeedError> {
    match extension_of(path).as_str() {
        "md" => markdown::read(text, name, options, all),
        "csv" | "tsv" => tables::read_csv(path, text, name, options, all)?,
        "jsonl" | "ndjson" => tables::read_jsonl(text, name, options, all),
        _ => return Err(SeedError::UnknownKind { path: path.to_path_buf() }),
    }
    Ok(())
}

/// A web-languages Markdown file, or a folder of them.
pub fn web_languages(path: &Path, options: &ImportOptions) -> Result<Imported, SeedError> {
    let mut all = Imported::default();
    for (file, name) in files_of(path)? {
        if file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("md")) {
            markdown::read(&text_of(&file)?, &name, options, &mut all);
        }
    }
    Ok(all)
}

/// A table with a line of column names: commas, semicolons or (`.tsv`) tabs. The columns are those of
/// [`Draft`], under any of these names in any case:
///
/// | field | names |
/// |---|---|
/// | url | url, link, website, site, address |
/// | scope | scope, covers |
/// | languages | languages, language, lang, iso639_3, iso_639_3, language_code |
/// | section | section, category, topic |
/// | country_claims | country_claims, country, countries, jurisdiction, jurisdictions |
/// | steward | steward |
/// | license | license, licence, license_spdx, spdx |
/// | license_basis | license_basis, licence_basis, basis |
/// | training_ok | training_ok, training, ai_training |
/// | evidence_url | evidence_url, evidence, proof |
/// | mode | mode |
/// | personal | personal, personal_data (y or n) |
/// | community | community, communities |
/// | note | note, notes, comment |
///
/// Lists are separated by `;`. A column of another name is an issue of line 1 and is passed over.
pub fn csv(path: &Path, options: &ImportOptions) -> Result<Imported, SeedError> {
    let mut all = Imported::default();
    tables::read_csv(path, &text_of(path)?, &file_name(path), options, &mut all)?;
    Ok(all)
}

/// One JSON object a line, with the field names of [`csv()`]; lists are arrays or text with `;`. The derived fields
/// of a [`SeedRecord`] may be there too and are computed anew.
pub fn jsonl(path: &Path, options: &ImportOptions) -> Result<Imported, SeedError> {
    let mut all = Imported::default();
    tables::read_jsonl(&text_of(path)?, &file_name(path), options, &mut all);
    Ok(all)
}

impl Imported {
    pub(super) fn issue(&mut self, file: &str, line: u64, problem: impl Into<String>) {
        self.issues.push(ImportIssue { file: file.to_string(), line, problem: problem.into() });
    }

    /// Adds a seed with what the options fill in.
    pub(super) fn add(&mut self, mut draft: Draft, file: &str, line: u64, options: &ImportOptions) {
        if draft.steward.as_deref().is_none_or(|steward| steward.trim().is_empty()) {
            draft.steward.clone_from(&options.steward);
        }
        if draft.country_claims.iter().all(|country| country.trim().is_empty()) {
            draft.country_claims.clone_from(&options.country_claims);
        }
        match draft.finish(&options.source) {
            Ok(seed) => self.seeds.push(seed),
            Err(problem) => self.issue(file, line, problem),
        }
    }
}

/// The file itself, or the files below a folder, each with its name relative to it, sorted.
fn files_of(path: &Path) -> Result<Vec<(PathBuf, String)>, SeedError> {
    let io = |path: &Path, source| SeedError::Io { path: path.to_path_buf(), source };
    if !fs::metadata(path).map_err(|e| io(path, e))?.is_dir() {
        return Ok(vec![(path.to_path_buf(), file_name(path))]);
    }
    let mut files = Vec::new();
    let mut folders = vec![path.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(|e| io(&folder, e))? {
            let entry = entry.map_err(|e| io(&folder, e))?;
            if entry.file_type().map_err(|e| io(&entry.path(), e))?.is_dir() {
                folders.push(entry.path());
            } else {
                let file = entry.path();
                let tail = file.strip_prefix(path).unwrap_or(&file);
                let name: Vec<_> = tail.iter().map(|part| part.to_string_lossy()).collect();
                files.push((file.clone(), name.join("/")));
            }
        }
    }
    files.sort_by(|a, b| a.1.cmp(&b.1));
    Ok(files)
}

fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

/// In lower case.
fn extension_of(path: &Path) -> String {
    path.extension().and_then(|extension| extension.to_str()).unwrap_or("").to_ascii_lowercase()
}

fn text_of(path: &Path) -> Result<String, SeedError> {
    let bytes = fs::read(path).map_err(|source| SeedError::Io { path: path.to_path_buf(), source })?;
    Ok(lossy_text(&bytes))
}

/// The text of a list; bytes that are no UTF-8 become U+FFFD, and spoil their own line only.
fn lossy_text(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    text.strip_prefix('\u{feff}').unwrap_or(&text).to_string()
}
