//! Training text: label-tab-text files, read in the order given, with a few labels put right.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use crate::LangTag;
use crate::script::Script;

/// A file of labelled lines that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CorpusError {
    /// The file cannot be read, or is no zstd file although its name says so.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A line without a tab, or whose first column is no label.
    #[error("{}, line {line}: expected a label such as `swa_Latn`, a tab and a text", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
    },
    /// No line at all.
    #[error("no labelled lines in {}", path.display())]
    Empty {
        /// The file or folder.
        path: PathBuf,
    },
}

/// One labelled text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its label.
    pub tag: LangTag,
    /// The index of its file in the list of sources.
    pub source: usize,
    /// The text.
    pub text: String,
}

/// The files of a folder that hold labelled lines, sorted by name: `.tsv` and `.tsv.zst`.
pub fn files_in(folder: &Path) -> Result<Vec<PathBuf>, CorpusError> {
    let read = |source| CorpusError::Read { path: folder.to_owned(), source };
    if folder.is_file() {
        return Ok(vec![folder.to_owned()]);
    }
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(read)? {
        let path = entry.map_err(read)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let plain = name.strip_suffix(".zst").unwrap_or(&name);
        if plain.strip_suffix(".tsv").is_some() {
            files.push(path);
        }
    }
    files.sort();
    if files.is_empty() { Err(CorpusError::Empty { path: folder.to_owned() }) } else { Ok(files) }
}

/// The name of a source: its file without folder and endings.
pub fn source_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.split('.').next().unwrap_or_default().to_owned()
}

/// Reads one file. Blank lines are skipped; anything else that is no labelled line is an error.
pub fn read_lines(path: &Path, source: usize) -> Result<Vec<Line>, CorpusError> {
    let failed = |source| CorpusError::Read { path: path.to_owned(), source };
    let file = File::open(path).map_err(failed)?;
    let reader: Box<dyn Read> = if path.extension().is_some_and(|ending| ending == "zst") {
        Box::new(zstd::Decoder::new(file).map_err(failed)?)
    } else {
        Box::new(file)
    };
    let mut lines = Vec::new();
    for (at, text) in BufReader::new(reader).lines().enumerate() {
        let text = text.map_err(failed)?;
        if text.trim().is_empty() {
            continue;
        }
        let labelled = text.split_once('\t').and_then(|(label, text)| Some((label.parse().ok()?, text)));
        let Some((tag, text)) = labelled else {
            return Err(CorpusError::Line { path: path.to_owned(), line: at + 1 });
        };
        lines.push(Line { tag: one_name(tag), source, text: text.to_owned() });
    }
    Ok(lines)
}

/// Labels that sources use for the same language become one, and macrolanguages' members their label.
///
/// Hmong is `hmn` and `hnj`, Zarma `dje` and the collective `son`, Nahuatl of the Sierra `azz` and the collective `nah`;
/// a few lines of Japanese are marked as Han alone.
pub fn one_name(tag: LangTag) -> LangTag {
    let tag = tag.collapsed();
    let code = match tag.code() {
        "hnj" => "hmn",
        "son" => "dje",
        "nah" => "azz",
        code => code,
    };
    let script = match (code, tag.script()) {
        ("jpn", Some(script)) if script == Script::HANI => Some(Script::JPAN),
        (_, script) => script,
    };
    LangTag::from_code(code).unwrap_or(tag).with_script(script)
}

/// Chinese labelled `Hani` becomes `Hans` or `Hant` by its characters, where lines that say which they are let it tell.
///
/// A character votes if lines of one kind have it at least ten times as often. Lines without votes keep their label.
pub(crate) fn split_han(lines: &mut [Line]) {
    let kinds = ["Hans", "Hant"].map(Script::parse);
    let mut counts: BTreeMap<char, [u32; 2]> = BTreeMap::new();
    for line in lines.iter().filter(|line| line.tag.code() == "zho") {
        let Some(kind) = kinds.iter().position(|kind| *kind == line.tag.script()) else { continue };
        for c in line.text.chars().filter(|c| !c.is_ascii()) {
            counts.entry(c).or_default()[kind] += 1;
        }
    }
    for line in lines.iter_mut().filter(|line| line.tag.script() == Some(Script::HANI)) {
        let mut votes = [0; 2];
        for c in line.text.chars() {
            let [simple, traditional] = counts.get(&c).copied().unwrap_or_default();
            votes[0] += u32::from(simple > 10 * traditional.max(1) && simple > 3);
            votes[1] += u32::from(traditional > 10 * simple.max(1) && traditional > 3);
        }
        let kind = match votes {
            [simple, traditional] if simple > traditional => kinds[0],
            [simple, traditional] if traditional > simple => kinds[1],
            _ => continue,
        };
        line.tag = line.tag.with_script(kind);
    }
}
